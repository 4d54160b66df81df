"""The health of a schedule: the fourteen checks that reviewers make before they believe a risk analysis of it.

They and their thresholds are those of the Defense Contract Management Agency: Earned Value Management System Program
Analysis Pamphlet, DCMA-EA PAM 200.1, October 2012, section 4. Finished activities do not count, but in 9, 11 and 14.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from dcsim.schedule import HARD, LIMITS, Activity, Constraint, Schedule
from dcsim.schedule.cpm import Dates, Times, critical_path

SOURCE = "DCMA-EA PAM 200.1, October 2012, section 4"
FEW, OTHERS = 0.05, 0.1
"""The share of activities or links that may fail a check, and that of links that are not from finish to start."""
LONG = 44
"""Working days of a float or a duration that is long."""
RATIO = 0.95
"""The least critical path length index, and baseline execution index."""
DELAY = 600
"""Working days by which a critical activity is delayed to see whether the end moves by as much."""
EXAMPLES = 5
LAST_COUNT = 11
"""The last check that counts what fails; those behind it have a value."""


class Check(NamedTuple):
    """One of the checks."""

    number: int
    check: str
    found: float
    """How many fail; for 12 to 14 the value itself."""
    of: int
    limit: str
    passed: bool | None
    """None where the schedule does not say what it needs."""
    where: str
    """The first that fail."""


def health(schedule: Schedule) -> list[Check]:
    """The fourteen checks, in their order; raises ScheduleError where links go round in a circle."""
    return list(_Health(schedule).checks())


class _Health:
    def __init__(self, schedule: Schedule) -> None:
        schedule = schedule.without(schedule.hammocks())
        self.schedule = _watched(schedule)
        self.times = Times(self.schedule)
        self.dates = critical_path(self.schedule, self.times)
        self.open = [activity for activity in schedule.activities.values() if not activity.is_done]
        self.work = [activity for activity in self.open if activity.minutes]

    def checks(self) -> Iterator[Check]:
        """The checks in their order."""
        links, at_most, none = self.schedule.links, f"at most {FEW:.0%}", "none"
        yield self._check(1, "no predecessor or no successor", self._loose(), len(self.open), FEW, at_most)
        leads = [f"{link.predecessor} to {link.successor}" for link in links if link.lag < 0]
        yield self._check(2, "leads", leads, len(links), 0, none)
        lags = [f"{link.predecessor} to {link.successor}" for link in links if link.lag > 0]
        yield self._check(3, "lags", lags, len(links), FEW, at_most)
        kinds = [f"{link.predecessor} to {link.successor}" for link in links if link.kind != "FS"]
        yield self._check(4, "links that are not finish-to-start", kinds, len(links), OTHERS, f"at most {OTHERS:.0%}")
        hard = [activity.id for activity in self.open if any(c.kind in (*HARD, *LIMITS) for c in activity.constraints)]
        yield self._check(5, "hard constraints", hard, len(self.open), FEW, at_most)
        floats = {
            activity.id: self.schedule.days(activity, self.dates[activity.id].total_float) for activity in self.open
        }
        high = [id_ for id_, days in floats.items() if days > LONG]
        yield self._check(6, f"float above {LONG} working days", high, len(self.open), FEW, at_most)
        yield self._check(7, "negative float", [i for i, days in floats.items() if days < 0], len(self.open), 0, none)
        long = [activity.id for activity in self.work if self.schedule.days(activity, activity.minutes) > LONG]
        yield self._check(8, f"durations above {LONG} working days", long, len(self.work), FEW, at_most)
        yield self._check(9, "invalid dates", self._invalid(), len(self.schedule.activities), 0, none)
        bare = [activity.id for activity in self.work if not activity.resources]
        yield self._check(10, "work without resources", bare, len(self.work), 0, none)
        yield from (self._missed(), self._critical_path(), self._length_index(), self._execution())

    def _check(self, number: int, check: str, fail: list[str], of: int, most: float, limit: str) -> Check:
        examples = ", ".join(fail[:EXAMPLES]) + (f" and {len(fail) - EXAMPLES:,} more" if len(fail) > EXAMPLES else "")
        return Check(number, check, len(fail), of, limit, len(fail) <= most * of + 1e-9, examples)

    def _loose(self) -> list[str]:
        """Activities that follow nothing or lead to nothing, but for the first start and the last finish.

        One whose start alone leads on dangles at its finish, and one whose finish alone is led to at its start.
        """
        before = {link.successor for link in self.schedule.links if link.kind in ("FS", "SS")}
        behind = {link.predecessor for link in self.schedule.links if link.kind in ("FS", "FF")}
        begun = {activity.id for activity in self.open if activity.has_begun}
        loose = [activity for activity in self.open if activity.id not in before | begun or activity.id not in behind]
        ahead, ends = ([entry.id for entry in loose if entry.id not in ids] for ids in (before, behind))
        first = min(ahead, key=lambda id_: self.dates[id_].early_start, default="")
        last = max(ends, key=lambda id_: self.dates[id_].early_finish, default="")
        return [
            activity.id
            for activity in loose
            if (activity.id not in before | begun and activity.id != first)
            or (activity.id not in behind and activity.id != last)
        ]

    def _invalid(self) -> list[str]:
        """Dates done after the status date."""
        status = self.schedule.status
        done = (
            (activity.id, activity.actual_finish or activity.actual_start)
            for activity in self.schedule.activities.values()
        )
        return [id_ for id_, date in done if date is not None and status is not None and date > status]

    def _due(self) -> list[Activity]:
        """What the baseline finishes by the status date."""
        status, all_ = self.schedule.status, self.schedule.activities.values()
        due = ((activity, activity.baseline_finish) for activity in all_)
        return [activity for activity, finish in due if status is not None and finish is not None and finish <= status]

    def _missed(self) -> Check:
        due = self._due()
        late = [
            activity.id
            for activity in due
            if (activity.actual_finish or dt.datetime.max) > (activity.baseline_finish or dt.datetime.max)
        ]
        check = self._check(11, "missed: later than the baseline", late, len(due), FEW, f"at most {FEW:.0%}")
        return check if due else check._replace(passed=None, where="no baseline finish before a status date")

    def _critical_path(self) -> Check:
        """Whether a delay of the first critical activity moves the end by as much."""
        critical = [
            activity for activity in self.work if self.dates[activity.id].is_critical and activity.actual_start is None
        ]
        name = "critical path test: days moved"
        if not critical:
            return Check(12, name, 0, DELAY, f"{DELAY} days", None, "nothing critical has yet to start")
        first = min(critical, key=lambda activity: self.dates[activity.id].early_start)
        size = self.schedule.days(first, 1)
        longer = replace(first, minutes=first.minutes + round(DELAY / size), constraints=_soft(first))
        activities = {**self.schedule.activities, first.id: longer}
        moved = critical_path(replace(self.schedule, activities=activities), self.times)
        before, after = _end(self.dates), _end(moved)
        days = self.schedule.days(first, self.times.worked(first.calendar, before, after))
        return Check(12, name, round(days, 1), DELAY, f"{DELAY} days", days >= DELAY - 1, first.id)

    def _length_index(self) -> Check:
        """(length of the critical path + least float) / length, from the status date, in working days."""
        begin = self.times.tick(self.schedule.status or self.schedule.start)
        worst = min(self.open, key=lambda activity: self.dates[activity.id].total_float, default=None)
        length = (
            0.0
            if worst is None
            else self.schedule.days(worst, self.times.worked(worst.calendar, begin, _end(self.dates)))
        )
        index = 1.0
        if worst is not None and length > 0:
            index = (length + self.schedule.days(worst, self.dates[worst.id].total_float)) / length
        return Check(13, "critical path length index", round(index, 3), 1, f"at least {RATIO}", index >= RATIO, "")

    def _execution(self) -> Check:
        due, name = len(self._due()), "baseline execution index"
        done = sum(1 for activity in self.schedule.activities.values() if activity.is_done)
        if not due:
            return Check(14, name, 0, 0, f"at least {RATIO}", None, "no baseline finish before a status date")
        return Check(14, name, round(done / due, 3), due, f"at least {RATIO}", done / due >= RATIO, "")


def _end(dates: dict[str, Dates]) -> int:
    return max((date.early_finish for date in dates.values()), default=0)


def _soft(activity: Activity) -> tuple[Constraint, ...]:
    return tuple(constraint for constraint in activity.constraints if constraint.kind not in (*HARD, *LIMITS))


def _watched(schedule: Schedule) -> Schedule:
    """The same schedule, its deadlines as dates by which work must finish: what is late has negative float."""
    activities = {
        activity.id: activity
        if activity.deadline is None or activity.is_done
        else replace(
            activity, constraints=(*activity.constraints, Constraint("finish on or before", activity.deadline))
        )
        for activity in schedule.activities.values()
    }
    return replace(schedule, activities=activities, obeys_limits=False)
