"""A schedule as planning tools know it: activities, links, calendars, resources; the neutral form between files.

Lengths of work are whole minutes of working time by the activity's calendar. An activity without a calendar runs around
the clock, so its minutes are elapsed ones.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, NamedTuple

from dcsim.calendars import DAYS_OFF, Shifts, Week
from dcsim.errors import DcsimError
from dcsim.units import DAY

Kind = Literal["FS", "SS", "FF", "SF"]
"""Of a link, from the finish or start of the predecessor to the start or finish of the successor."""
Cause = Literal["unsupported", "constraint", "progress", "calendar", "assumption"]
"""Why something of a file could not be taken over as it is; an assumption fills in what the file does not say."""

ELAPSED = None
"""The calendar of what runs around the clock."""
HARD = ("start on", "finish on", "mandatory start", "mandatory finish")
START_CONSTRAINTS = ("start on or after", "start on", "mandatory start")
FINISH_CONSTRAINTS = ("finish on or after", "finish on", "mandatory finish")
LIMITS = ("start on or before", "finish on or before")
ALAP = "as late as possible"
CONSTRAINTS = (*START_CONSTRAINTS, *FINISH_CONSTRAINTS, *LIMITS, ALAP)


class ScheduleError(DcsimError):
    """A schedule cannot be taken over; the text says where, why, and what would be right."""


class Link(NamedTuple):
    """One activity waits for another."""

    predecessor: str
    successor: str
    kind: Kind = "FS"
    lag: int = 0
    """Minutes; negative for a lead."""
    calendar: str | None = ELAPSED
    """The calendar by which the lag is counted."""
    percent: Fraction | None = None
    """The lag as a part of the predecessor's duration, where it is written so; `lag` is then what this is now."""


@dataclass(frozen=True)
class Constraint:
    """A date that an activity is held to."""

    kind: str
    """One of `CONSTRAINTS`."""
    date: dt.datetime | None = None


@dataclass
class Activity:
    """A piece of work, or a milestone, which takes no time."""

    id: str
    """As planners of this schedule call it."""
    name: str
    minutes: int
    calendar: str | None = ELAPSED
    wbs: tuple[str, ...] = ()
    """The parts of the work breakdown that it belongs to, from the whole to the part; with a code: `Civil [CIV]`."""
    row: int = 0
    """Where it stands in a table; 0 in other files."""
    estimate: tuple[int, int, int] | None = None
    """Optimistic, most likely and pessimistic minutes."""
    resources: dict[str, Fraction] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    deadline: dt.datetime | None = None
    baseline_finish: dt.datetime | None = None
    actual_start: dt.datetime | None = None
    actual_finish: dt.datetime | None = None
    remaining: int | None = None
    """Minutes of work left, of an activity that has begun."""
    left: int | None = None
    """The same, where a tool plans as if nothing were known of it."""
    early_start: dt.datetime | None = None
    early_finish: dt.datetime | None = None
    """The early dates that the file itself gives."""
    needs: int | None = None
    """How many of its links must let it start, where these are not all."""
    spans: bool = False
    """Whether it has no length of its own: it lasts from when its links let it start until they let it finish."""

    @property
    def is_done(self) -> bool:
        """Whether it has finished."""
        return self.actual_finish is not None

    @property
    def has_begun(self) -> bool:
        """Whether it has started and not finished."""
        return self.actual_start is not None and not self.is_done


def name_and_code(part: str) -> tuple[str, str]:
    """The name of a part of the work breakdown, and its code, which is empty where it has none."""
    name, bracket, code = part.removesuffix("]").rpartition(" [")
    return (name, code) if bracket and part.endswith("]") else (part, "")


def last_day(moment: dt.datetime, event: str = "finish") -> dt.date:
    """The day that a date means, whatever hour a planning tool puts behind it; midnight ends a day for a finish."""
    return (moment - dt.timedelta(minutes=event == "finish" and (moment.hour, moment.minute) == (0, 0))).date()


def to_finish(activity: Activity) -> tuple[Constraint, ...]:
    """The dates before which an activity does not finish, which still hold once it has begun."""
    return tuple(constraint for constraint in activity.constraints if constraint.kind in FINISH_CONSTRAINTS)


@dataclass
class Resource:
    """A crew or a machine."""

    name: str
    steps: tuple[tuple[dt.datetime | None, Fraction], ...] = ()
    """How many there are from when on, from the start where no date is given; nothing where the file does not say."""


@dataclass(frozen=True)
class Loss:
    """Something that was not taken over as it is, and what was done instead."""

    where: str
    """The id of the activity; empty for the schedule as a whole."""
    what: str
    instead: str
    cause: Cause = "unsupported"


@dataclass
class Schedule:
    """All that a file says of a schedule, in the order of the file."""

    name: str
    start: dt.datetime
    source: str
    """The name of the file."""
    status: dt.datetime | None = None
    """The date up to which progress is reported."""
    reported_until: dt.datetime | None = None
    """The same, of a tool that does not plan from it."""
    must_finish: dt.datetime | None = None
    """When all of it has to be finished."""
    obeys_limits: bool = False
    """Whether dates that limit an activity move it before its predecessors let it start, and leads move it before the
    start of the schedule, as Microsoft Project has it."""
    lags_from_rest: bool = False
    """Whether a lag behind the start of what has begun is over by the work that is done, as P6 may have it: the rest of
    it counts from where the remaining work goes on. Else all of it counts from the actual start."""
    earliest: dt.datetime | None = None
    """The first early start, once it is known."""
    activities: dict[str, Activity] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    calendars: dict[str, Shifts] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)

    @property
    def origin(self) -> dt.datetime:
        """The earliest moment of which the schedule tells."""
        begun = [activity.actual_start for activity in self.activities.values() if activity.actual_start is not None]
        return min([self.start, *begun, *([self.earliest] if self.earliest is not None else [])])

    @property
    def until(self) -> dt.datetime | None:
        """The date up to which progress is told: the last actual date where the file does not say; none if none is."""
        actual = [(activity.actual_start, activity.actual_finish) for activity in self.activities.values()]
        known = [date for dates in actual for date in dates if date is not None]
        return self.status or self.reported_until or max(known, default=None)

    def days(self, activity: Activity, minutes: int) -> float:
        """Minutes in working days of the calendar of an activity."""
        name = activity.calendar
        return minutes / (DAY if name is None else float(self.calendars[name].working_day) * 60)

    def lose(self, where: str, what: str, instead: str, cause: Cause = "unsupported") -> None:
        """Note what could not be taken over."""
        self.losses.append(Loss(where, what, instead, cause))

    def into(self) -> dict[str, list[Link]]:
        """The links that lead to each activity."""
        links: dict[str, list[Link]] = {id_: [] for id_ in self.activities}
        for link in self.links:
            links[link.successor].append(link)
        return links

    def hammocks(self) -> set[str]:
        """What spans others and holds nothing up, as level of effort does."""
        spans = {activity.id for activity in self.activities.values() if activity.spans}
        while drive := {before for before, after, *_ in self.links if before in spans and after not in spans}:
            spans -= drive
        return spans

    def without(self, ids: set[str]) -> "Schedule":
        """The same schedule without some activities and their links."""
        activities = {id_: activity for id_, activity in self.activities.items() if id_ not in ids}
        links = [link for link in self.links if not ids.intersection(link[:2])]
        return replace(self, activities=activities, links=links)

    def in_order(self) -> list[Activity]:
        """The activities, each behind all that it follows; raises ScheduleError where links go round in a circle."""
        into = self.into()
        waits = {id_: len(links) for id_, links in into.items()}
        leads: dict[str, list[str]] = {id_: [] for id_ in self.activities}
        for link in self.links:
            leads[link.predecessor].append(link.successor)
        order = [id_ for id_, count in waits.items() if not count]
        for id_ in order:
            for successor in leads[id_]:
                waits[successor] -= 1
                if not waits[successor]:
                    order.append(successor)
        if len(order) < len(waits):
            left = {id_ for id_, count in waits.items() if count}
            raise ScheduleError(f"{self.source}: links form a loop: {' -> '.join(_circle(into, left))}")
        return [self.activities[id_] for id_ in order]


def _circle(into: dict[str, list[Link]], left: set[str]) -> Iterator[str]:
    """The ids of a circle of links, the first also at the end; backwards some predecessor is always left."""
    path: list[str] = []
    at = min(left)
    while at not in path:
        path.append(at)
        at = next(link.predecessor for link in into[at] if link.predecessor in left)
    yield from (at, *reversed(path[path.index(at) :]))


def working_week(days: frozenset[int], *shifts: tuple[int, int]) -> Week:
    """The same shifts, as minutes since midnight, on some days of the week, counted from Monday."""
    return tuple(shifts if day in days else () for day in range(len(DAYS_OFF)))
