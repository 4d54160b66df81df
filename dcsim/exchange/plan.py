"""What a scenario can say of a schedule: its links, dates and progress in the terms of the scenario format.

What it cannot say is replaced by what comes nearest, and listed.
"""

import datetime as dt
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from dcsim.exchange.hammocks import without_shared_crews
from dcsim.network import WHOLE
from dcsim.scenario.values import MOST_OF_LENGTH
from dcsim.schedule import (
    ALAP,
    ELAPSED,
    FINISH_CONSTRAINTS,
    HARD,
    LIMITS,
    START_CONSTRAINTS,
    Activity,
    Kind,
    Link,
    Resource,
    Schedule,
    last_day,
)
from dcsim.schedule.cpm import Dates, Times, start_allowed
from dcsim.schedule.held import Held, held_up

HUNDREDTHS = 100


@dataclass
class Awaits:
    """A link as the scenario writes it."""

    predecessor: str
    kind: Kind
    lag: int
    """Minutes, by its calendar."""
    calendar: str | None
    percent: Fraction | None
    """The lag as a part of the predecessor's length, where it is one."""


@dataclass
class Planned:
    """An activity as the scenario writes it; lengths are minutes."""

    activity: Activity
    calendar: str | None
    minutes: int
    estimate: tuple[int, int, int] | None
    after: list[Awaits] = field(default_factory=list)
    not_before: dt.datetime | None = None
    finish_not_before: dt.datetime | None = None
    requires: dict[str, int] = field(default_factory=dict)
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    left: tuple[int, ...] = ()
    """Minutes that are left of what is under way: one number, or optimistic, most likely, pessimistic."""
    watched: list[tuple[str, str, dt.datetime]] = field(default_factory=list)
    """Dates that are watched: why, which event, until when."""

    def wait_until(self, moment: dt.datetime) -> None:
        """It does not start before this moment."""
        self.not_before = moment if self.not_before is None else max(self.not_before, moment)


class Planner:
    """Turns a schedule with its early dates into what the scenario format can say, and lists what it cannot."""

    def __init__(self, schedule: Schedule, times: Times, dates: dict[str, Dates]) -> None:
        self.schedule, self.times, self.dates = schedule, times, dates
        without_shared_crews(schedule)
        self.into, self.origin, self.until = schedule.into(), schedule.origin, schedule.until
        self.has_progress = any(activity.actual_start is not None for activity in schedule.activities.values())
        self.units = {name: self._unit(name) for name in schedule.resources}

    def planned(self) -> list[Planned]:
        """Every activity, in the order of the file."""
        planned = {activity.id: self._planned(activity) for activity in self.schedule.activities.values()}
        links = [
            Link(link.predecessor, id_, link.kind, link.lag) for id_, made in planned.items() for link in made.after
        ]
        counts = {
            name: min(Fraction(count, self.units[name]) for _, count in steps)
            for name, steps in self.capacities.items()
        }
        for held in held_up(replace(self.schedule, links=links), counts):
            self._free(held, planned[held.id])
        return list(planned.values())

    def _free(self, held: Held, made: Planned) -> None:
        """Work that may keep its crew from what it waits for starts when this has begun."""
        lost = f"'{held.crew}' from its early start, which others may need before it can finish"
        if made.activity.actual_start is not None:
            self.schedule.lose(held.id, lost, "it keeps its crews, and may never finish")
            return
        made.after += [Awaits(id_, "SS", 0, ELAPSED, None) for id_ in held.until]
        self.schedule.lose(held.id, lost, f"it starts when {', '.join(held.until)} has begun")

    @cached_property
    def capacities(self) -> dict[str, list[tuple[dt.datetime | None, int]]]:
        """How many units of each resource there are, from when on: at least what one activity takes; what the plan
        uses at once where the file does not say.
        """
        return {
            name: [(begin, max(0, int(units * self.units[name]))) for begin, units in self._capacity(resource)]
            for name, resource in self.schedule.resources.items()
        }

    def _capacity(self, resource: Resource) -> tuple[tuple[dt.datetime | None, Fraction], ...]:
        name = resource.name
        users = [
            activity
            for activity in self.schedule.activities.values()
            if name in activity.resources and not activity.is_done
        ]
        most = max((user.resources[name] for user in users), default=Fraction(0))
        most_planned = max((units for _, units in resource.steps), default=Fraction(0))
        if not most_planned:
            peak = max(self._peak(name, users), most, Fraction(1, self.units[name]))
            lost = "how many there are, which the file does not say"
            self.schedule.lose(name, lost, f"{peak}, the peak of the plan", "assumption")
            return ((None, peak),)
        if most_planned < most:
            lost = f"one activity takes {float(most):g} of it, and there are {float(most_planned):g}"
            self.schedule.lose(name, lost, f"{float(most):g} of it")
            return ((None, most),)
        return resource.steps

    def _peak(self, name: str, users: list[Activity]) -> Fraction:
        """The most that early dates use at once."""
        steps = [(self.dates[user.id].early_start, user.resources[name]) for user in users]
        steps += [(self.dates[user.id].early_finish, -user.resources[name]) for user in users]
        level = peak = Fraction(0)
        for _, change in sorted(steps):
            level += change
            peak = max(peak, level)
        return peak

    def _unit(self, name: str) -> int:
        """1 where whole units are taken, 100 where parts of them are."""
        taken = [
            activity.resources[name] for activity in self.schedule.activities.values() if name in activity.resources
        ]
        counts = [units for _, units in self.schedule.resources[name].steps]
        if all(amount.denominator == 1 for amount in [*taken, *counts]):
            return 1
        self.schedule.lose(name, "parts of a unit", "units of the scenario are hundredths", "assumption")
        return HUNDREDTHS

    def _planned(self, activity: Activity) -> Planned:
        made = Planned(activity, activity.calendar, activity.minutes, activity.estimate)
        self._progress(activity, made)
        made.requires = {name: int(amount * self.units[name]) for name, amount in activity.resources.items()}
        for link in self._written(activity):
            self._link(link, activity, made)
        self._constraints(activity, made)
        self._tied_crews(activity, made)
        status = self.schedule.status
        begin = self.schedule.start if status is None else max(status, self.schedule.start)
        is_earlier = self.dates[activity.id].early_start < self.times.tick(begin)
        held = is_earlier or any(self._holds(link) for link in self.into[activity.id])
        if begin > self.origin and not held and not (self.has_progress and begin == status):
            made.wait_until(begin)
        if (
            activity.minutes == 0
            and not activity.spans
            and not any(link.lag and link.calendar == made.calendar for link in made.after)
        ):
            made.calendar = ELAPSED
        return made

    def _written(self, activity: Activity) -> list[Link]:
        """The links into an activity, but of those that may begin what spans others only the first in the plan."""
        links = self.into[activity.id]
        begin = [link for link in links if link.kind[1] == "S"]
        if not activity.spans or activity.needs is None or len(begin) <= activity.needs or activity.actual_start:
            return links
        first = min(begin, key=lambda link: start_allowed(link, self.dates, self.times))
        lost = f"the first of {len(begin)} links begins it"
        self.schedule.lose(activity.id, lost, f"that from {first.predecessor}, the first in the plan", "assumption")
        return [first, *(link for link in links if link.kind[1] == "F")]

    def _holds(self, link: Link) -> bool:
        """Whether a link alone keeps its successor from starting before the status date."""
        before = self.schedule.activities[link.predecessor]
        return link.kind == "FS" and link.lag >= 0 and not before.is_done

    def _progress(self, activity: Activity, made: Planned) -> None:
        """When it started and finished by the status date, and what is left of it."""
        until = self.until
        start, finish = activity.actual_start, activity.actual_finish
        if start is None or until is None:
            return
        left = next(minutes for minutes in (activity.left, activity.remaining, activity.minutes) if minutes is not None)
        if start > until:
            lost = f"its actual start {last_day(start, 'start')}, after the status date"
            self.schedule.lose(activity.id, lost, "it has not begun", "progress")
        elif finish is not None and finish > until:
            lost = f"its actual finish {last_day(finish)}, after the status date"
            self.schedule.lose(activity.id, lost, "it is under way until then", "progress")
            left = self.times.worked(activity.calendar, self.times.tick(until), self.times.tick(finish))
        made.started = start if start <= until else None
        made.finished = finish if finish is not None and finish <= until else None
        if made.started is not None and made.finished is None:
            made.left = (left,)
            if activity.estimate is not None and activity.minutes and left:
                made.left = tuple(point * left // activity.minutes for point in activity.estimate)

    def _link(self, link: Link, activity: Activity, made: Planned) -> None:
        lost = f"the link {_link_in_words(link)} from {link.predecessor}"
        percent = None if link.percent is None else Fraction(round(link.percent * WHOLE), WHOLE // 100)
        if percent is not None and abs(percent) > MOST_OF_LENGTH:
            percent = None
            self.schedule.lose(activity.id, lost, f"a lag of {link.lag / 60:+g} h")
        elif percent is not None and percent != Fraction(link.percent or 0) * 100:
            self.schedule.lose(activity.id, lost, "per cent with two decimals", "assumption")
        if link.lag < 0 and link.kind.startswith("S"):
            self.schedule.lose(activity.id, lost, "no lead: it is not known before when a predecessor will start")
        if not activity.minutes and not activity.spans:  # what takes no time finishes when it starts
            kind: Kind = "FS" if link.kind.startswith("F") else "SS"
            link = link._replace(kind=kind)
        before = self.schedule.activities[link.predecessor]
        if link.kind == "FS" and link.lag < 0 and percent is None and (leads := self._further(link, before)):
            made.after += [Awaits(id_, "FS", lag, link.calendar, None) for id_, lag in leads.items()]
            words = ", ".join(f"{lag / 60:+g} h from {id_}" for id_, lag in leads.items())
            self.schedule.lose(activity.id, lost, f"{words}: a milestone takes no time, and no lead is longer")
            return
        if link.kind == "SS" and link.lag > 0 and self.schedule.lags_from_rest and before.has_begun:
            allowed = start_allowed(link, self.dates, self.times)
            moment, is_later = (
                self.times.moment(allowed),
                allowed > self.times.behind(link, self.dates[before.id].early_start),
            )
            if is_later and moment > self.origin and activity.actual_start is None:
                made.wait_until(moment)
                instead = f"from its actual start, and no start before {moment:%Y-%m-%d %H:%M}"
                self.schedule.lose(activity.id, f"{lost}, whose lag counts from where its work goes on", instead)
        made.after.append(Awaits(link.predecessor, link.kind, link.lag, link.calendar, percent))

    def _constraints(self, activity: Activity, made: Planned) -> None:
        """The dates that an activity is held to, or that are watched; of what has begun those of its finish alone."""
        for constraint in activity.constraints:
            kind, date = constraint.kind, constraint.date
            event = "start" if "start" in kind else "finish"
            if kind == ALAP and activity.actual_start is None:
                self.schedule.lose(activity.id, f"constraint: {ALAP}", "as soon as possible", "constraint")
            if date is None or activity.is_done or (activity.has_begun and event == "start"):
                continue
            if kind in START_CONSTRAINTS:
                made.wait_until(date)
            if kind in FINISH_CONSTRAINTS and activity.left is None:
                self._hold_finish(activity, made, date)
            if kind in (*HARD, *LIMITS):
                made.watched.append((kind, event, date))
                never = f"no {event} before the date, and " if kind in HARD else ""
                lost = f"constraint: {kind} {last_day(date, event)}"
                self.schedule.lose(activity.id, lost, f"{never}a milestone that watches it", "constraint")

    def _tied_crews(self, activity: Activity, made: Planned) -> None:
        """Crews that a link to the finish alone would hold from the first day, so that what it waits for may never get
        them, come once the predecessor runs, in time for the longest duration to end when the link lets it.
        """
        started_by = {link.predecessor for link in self.into[activity.id] if link.kind.endswith("S")}
        longest = max([activity.minutes, *(activity.estimate or ())])
        is_tied = made.requires and not activity.spans and activity.actual_start is None
        for link in self.into[activity.id] if is_tied else ():
            before = self.schedule.activities[link.predecessor]
            if link.kind == "FF" and link.predecessor not in started_by and not before.is_done:
                lag = (link.lag if link.calendar == activity.calendar else 0) - longest
                leads = self._leads(before, lag, activity.calendar)
                made.after += [Awaits(id_, "FS", lag, activity.calendar, None) for id_, lag in leads.items()]
                instead = f"its crews come as early as they can, and are held until {before.id} finishes"
                if leads:
                    instead = f"its crews come when {', '.join(leads)} runs, in time for the planned finish"
                self.schedule.lose(activity.id, "its start, which only its finish gives", instead, "assumption")

    def _further(self, link: Link, before: Activity) -> dict[str, int]:
        """The leads before what a milestone follows, which takes no time; none where more than that says when it is."""
        into = self.into[before.id]
        if before.minutes or before.actual_start is not None or before.constraints:
            return {}
        if any(entry.kind != "FS" or entry.lag < 0 for entry in into):
            return {}
        return self._leads(before, link.lag, link.calendar)

    def _leads(self, activity: Activity, lag: int, calendar: str | None) -> dict[str, int]:
        """The lead before the finish of an activity; where that is shorter than its lead, which is no earlier than its
        start, the leads before what it follows.
        """
        leads: dict[str, int] = {}
        todo, seen = [(activity.id, lag)], set[str]()
        while todo:
            id_, lag = todo.pop()
            before, dates = self.schedule.activities[id_], self.dates[id_]
            length = self.times.worked(calendar, dates.early_start, dates.early_finish)
            if id_ in seen or before.is_done:
                continue
            seen.add(id_)
            if before.has_begun or length + lag >= 0:
                leads[id_] = lag
            else:
                links = (link for link in self.into[id_] if link.kind == "FS" and link.lag >= 0)
                todo += [(link.predecessor, lag + length + link.lag * (link.calendar == calendar)) for link in links]
        return leads

    def _hold_finish(self, activity: Activity, made: Planned, date: dt.datetime) -> None:
        """It does not finish before this moment, and starts early enough for its longest duration to end then."""
        times, calendar, longest = self.times, activity.calendar, max([activity.minutes, *(activity.estimate or ())])
        start = times.retreat(calendar, times.tick(date), longest)
        finish = times.moment(times.advance(calendar, times.retreat(calendar, times.tick(date), 1), 1))
        if not activity.has_begun and times.moment(start) > self.origin:
            made.wait_until(times.moment(start))
        if longest and finish > self.origin:
            made.finish_not_before = finish if made.finish_not_before is None else max(made.finish_not_before, finish)


def _link_in_words(link: Link) -> str:
    """A link as planners write it."""
    size = f"{float(link.percent):+.0%}" if link.percent is not None else f"{link.lag / 60:+g} h" if link.lag else ""
    return f"{link.kind}{size}"
