"""The critical path method: early and late dates and floats of a schedule, each by its own calendar.

Nothing waits for resources here. Forward, an activity starts as early as its links, its constraints and the status date
allow; a link to its finish moves its start, unless it spans others and has no length of its own. Backward, it finishes
as late as the end of the schedule allows; what only spans others is as late as these. Where an activity is finished,
its dates are what happened; of one that has begun, what remains waits for its links (retained logic). After Kelley and
Walker (1959), with the four link types of the precedence diagramming method.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dcsim.calendars import NEVER, Calendar, always, expand
from dcsim.schedule import (
    ELAPSED,
    FINISH_CONSTRAINTS,
    LIMITS,
    START_CONSTRAINTS,
    Activity,
    Link,
    Schedule,
    ScheduleError,
    to_finish,
)
from dcsim.units import DAY

BEFORE = 366 * DAY
"""Ticks that are known before the schedule begins, for leads."""
LONGEST = 50 * 366 * DAY
"""Ticks from the beginning of what is known to where no calendar is known any more."""
MANDATORY = ("mandatory start", "mandatory finish")
_START_BY = ("start on or before", "start on", "mandatory start")
_FINISH_BY = ("finish on or before", "finish on", "mandatory finish")


@dataclass
class Dates:
    """What the method says of an activity, as ticks since `Times.origin`, and minutes of working time."""

    early_start: int
    early_finish: int
    rest_start: int
    """When the work that is left goes on, of what has begun; else its early start."""
    late_start: int = NEVER
    late_finish: int = NEVER
    total_float: int = 0
    free_float: int = 0
    drives: bool = True
    """Whether anything can wait for it."""

    @property
    def is_critical(self) -> bool:
        """Whether any delay of it delays the end."""
        return self.drives and self.total_float <= 0


class Times:
    """The clock of a schedule, and its calendars as open intervals."""

    def __init__(self, schedule: Schedule, calendars: Mapping[str | None, Calendar] | None = None) -> None:
        """The calendars are those of the schedule; where others are given, their first tick is its start."""
        self.schedule, self.origin = schedule, schedule.start
        self._calendars: dict[str | None, Calendar] = {ELAPSED: always(LONGEST), **(calendars or {})}
        if calendars is None:
            self.origin = schedule.origin.replace(hour=0, minute=0) - dt.timedelta(minutes=BEFORE)
            for name, shifts in schedule.calendars.items():
                self._calendars[name] = expand(name, shifts, self.origin, LONGEST)

    def tick(self, moment: dt.datetime) -> int:
        """The tick of a moment."""
        return (moment - self.origin) // dt.timedelta(minutes=1)

    def moment(self, tick: int) -> dt.datetime:
        """The moment of a tick."""
        return self.origin + dt.timedelta(minutes=tick)

    def of(self, name: str | None) -> Calendar:
        """A calendar by name."""
        return self._calendars[name]

    def opening(self, name: str | None, tick: int) -> int:
        """This tick if work goes on in the coming minute, or else when it next does."""
        if name is ELAPSED:
            return tick
        calendar = self.of(name)
        return tick if calendar.is_open(tick) else calendar.next_change(tick)

    def closing(self, name: str | None, tick: int) -> int:
        """This tick if work went on in the minute before, or else when it last did."""
        return self.advance(name, self.retreat(name, tick, 1), 1)

    def worked(self, name: str | None, a: int, b: int) -> int:
        """Minutes of work from one tick to another; negative where the other is earlier."""
        if name is ELAPSED:
            return b - a
        calendar = self.of(name)
        return calendar.worked(a, b) if a <= b else -calendar.worked(b, a)

    def advance(self, name: str | None, tick: int, minutes: int) -> int:
        """So much working time later, or earlier where it is negative."""
        if name is ELAPSED or minutes == 0:
            return tick + minutes
        return self.of(name).advance(tick, minutes) if minutes >= 0 else self.retreat(name, tick, -minutes)

    def retreat(self, name: str | None, tick: int, minutes: int) -> int:
        """The latest tick from which so much work is done by this one."""
        if name is ELAPSED or minutes == 0:
            return tick - minutes
        if minutes < 0:
            return self.of(name).advance(tick, -minutes)
        calendar = self.of(name)
        target = calendar.worked(0, tick) - minutes
        i = max(0, bisect_right(calendar.lists[2], target) - 1)
        return calendar.lists[0][i] + max(0, target - calendar.lists[2][i])

    def behind(self, link: Link, tick: int) -> int:
        """The end of the lag of a link."""
        return self.advance(link.calendar, tick, link.lag)

    def before(self, link: Link, tick: int) -> int:
        """When the lag of a link begins at the latest."""
        return self.retreat(link.calendar, tick, link.lag)


def critical_path(schedule: Schedule, times: Times) -> dict[str, Dates]:
    """Early and late dates and floats of every activity, without limits of resources.

    Raises
    ------
    ScheduleError
        Links go round in a circle, or work does not fit into the years that a calendar is known.
    """
    order, into = schedule.in_order(), schedule.into()
    dates: dict[str, Dates] = {}
    for activity in order:
        start, finish, rest = _early(activity, into[activity.id], dates, times)
        if max(start, finish) >= NEVER:
            raise ScheduleError(
                f"{schedule.source}: {activity.id}: it does not end within 49 years of {schedule.origin:%Y-%m-%d}: "
                f"check its duration, its dates and whether calendar '{activity.calendar}' is ever open"
            )
        dates[activity.id] = Dates(start, finish, rest)
    leads: dict[str, list[Link]] = {id_: [] for id_ in schedule.activities}
    hammocks = schedule.hammocks()
    for link in schedule.links:
        if link.successor not in hammocks:
            leads[link.predecessor].append(link)
    last = max((date.early_finish for id_, date in dates.items() if id_ not in hammocks), default=0)
    end = last if schedule.must_finish is None else times.tick(schedule.must_finish)
    for activity in reversed(order):
        _late(activity, leads[activity.id], dates, times, end)
    for activity in order:
        if activity.id in hammocks:
            _late_hammock(activity, into[activity.id], dates, times)
    return dates


def start_allowed(link: Link, dates: dict[str, Dates], times: Times) -> int:
    """When a link alone lets its successor start, or finish where it leads to the finish."""
    before, schedule = dates[link.predecessor], times.schedule
    predecessor = schedule.activities[link.predecessor]
    if link.kind in ("FS", "FF"):
        return times.behind(link, before.early_finish)
    if link.lag > 0 and schedule.lags_from_rest and predecessor.has_begun:
        expired = times.worked(predecessor.calendar, before.early_start, times.tick(schedule.status or schedule.start))
        return times.advance(link.calendar, before.rest_start, max(0, link.lag - expired))
    return times.behind(link, before.early_start)


def _early(activity: Activity, links: list[Link], dates: dict[str, Dates], times: Times) -> tuple[int, int, int]:
    """The early start and finish, and the start of what is left."""
    schedule = times.schedule
    if activity.actual_start is not None and activity.actual_finish is not None:
        start = times.tick(activity.actual_start)
        return start, times.tick(activity.actual_finish), start
    minutes = activity.minutes if activity.remaining is None else activity.remaining
    begin = times.tick(schedule.start if schedule.status is None else max(schedule.start, schedule.status))
    by_kind = [(link.kind, start_allowed(link, dates, times)) for link in links]
    starts = sorted(tick for kind, tick in by_kind if kind in ("FS", "SS"))[: activity.needs]
    begin = max(starts if starts and schedule.obeys_limits else [begin, *starts])
    end = max((tick for kind, tick in by_kind if kind in ("FF", "SF")), default=0)
    for constraint in activity.constraints if activity.actual_start is None else to_finish(activity):
        if constraint.date is None:
            continue
        tick = times.tick(constraint.date)
        if constraint.kind in START_CONSTRAINTS:
            begin = tick if constraint.kind in MANDATORY else max(begin, tick)
        if constraint.kind in FINISH_CONSTRAINTS:
            end = max(end, tick)
            begin = times.retreat(activity.calendar, tick, minutes) if constraint.kind in MANDATORY else begin
    if activity.spans:
        start = times.opening(activity.calendar, begin)
        finish = max(start, times.closing(activity.calendar, end))
        return start if activity.actual_start is None else times.tick(activity.actual_start), finish, start
    if activity.actual_start is not None and activity.remaining is None:
        begin, end = times.tick(activity.actual_start), 0
    start = times.opening(activity.calendar, begin) if minutes else begin
    finish = times.advance(activity.calendar, start, minutes)
    if finish < end:
        start = times.retreat(activity.calendar, end, minutes)
        finish = times.advance(activity.calendar, start, minutes)
    if schedule.obeys_limits and activity.actual_start is None:
        start, finish = _limited(activity, start, finish, times)
    return (times.tick(activity.actual_start) if activity.actual_start is not None else start), finish, start


def _limited(activity: Activity, start: int, finish: int, times: Times) -> tuple[int, int]:
    """Start and finish where dates that limit them are obeyed whatever the links say."""
    for constraint in activity.constraints:
        if constraint.date is not None and constraint.kind in LIMITS:
            start_by = times.tick(constraint.date)
            if constraint.kind == "finish on or before":
                start_by = times.retreat(activity.calendar, start_by, activity.minutes)
            if start_by < start:
                start = start_by
                finish = times.advance(activity.calendar, start, activity.minutes)
    return start, finish


def _pinned(activity: Activity, times: Times) -> Iterator[int]:
    """The starts that mandatory dates give, whatever follows."""
    for constraint in activity.constraints:
        if constraint.date is not None and constraint.kind in MANDATORY:
            tick, is_start = times.tick(constraint.date), constraint.kind == "mandatory start"
            yield tick if is_start else times.retreat(activity.calendar, tick, activity.minutes)


def _late(activity: Activity, links: list[Link], of_activity: dict[str, Dates], times: Times, end: int) -> None:
    """Set the late dates and the floats."""
    dates, calendar = of_activity[activity.id], activity.calendar
    if activity.is_done:
        dates.late_start, dates.late_finish = dates.early_start, dates.early_finish
        return
    minutes = activity.minutes if activity.remaining is None else activity.remaining
    finish_by, start_by = [end], [NEVER]
    slack = [times.worked(calendar, dates.early_finish, end)] if not links else []
    for link in links:
        after, successor = of_activity[link.successor], times.schedule.activities[link.successor]
        if successor.is_done:
            continue
        if successor.needs is not None and start_allowed(link, of_activity, times) > after.early_start:
            continue
        to_start = link.kind in ("FS", "SS")
        early = times.before(link, after.early_start if to_start else after.early_finish)
        late = times.before(link, after.late_start if to_start else after.late_finish)
        from_finish = link.kind in ("FS", "FF")
        (finish_by if from_finish else start_by).append(late)
        slack.append(times.worked(calendar, dates.early_finish if from_finish else dates.early_start, early))
    for constraint in activity.constraints:
        if constraint.date is not None and constraint.kind in _START_BY and activity.actual_start is None:
            start_by.append(times.tick(constraint.date))
        if constraint.date is not None and constraint.kind in _FINISH_BY:
            finish_by.append(times.tick(constraint.date))
    dates.late_finish = min(finish_by)
    dates.late_start = min(times.retreat(calendar, dates.late_finish, minutes), *start_by)
    if activity.actual_start is None:
        dates.late_start = min(_pinned(activity, times), default=dates.late_start)
    if not activity.spans:
        dates.late_finish = times.advance(calendar, dates.late_start, minutes)
    if activity.actual_start is None and not activity.spans:
        dates.total_float = times.worked(calendar, dates.early_start, dates.late_start)
    else:
        dates.total_float = times.worked(calendar, dates.early_finish, dates.late_finish)
    dates.free_float = max(0, min(slack, default=dates.total_float))


def _late_hammock(activity: Activity, links: list[Link], of_activity: dict[str, Dates], times: Times) -> None:
    """Set the late dates of what spans others to those that begin and end it; its floats are those of its finish."""
    dates, late = of_activity[activity.id], dict[str, list[int]](S=[], F=[])
    dates.drives = False
    if activity.is_done:
        return
    for link in links:
        before = of_activity[link.predecessor]
        late[link.kind[1]].append(times.behind(link, before.late_finish if link.kind[0] == "F" else before.late_start))
    dates.late_start = max(sorted(late["S"])[: activity.needs], default=dates.late_start)
    dates.late_finish = max([*late["F"], dates.late_start])
    dates.total_float = dates.free_float = times.worked(activity.calendar, dates.early_finish, dates.late_finish)
