"""The dates of a schedule beside the file's own and those of its scenario, with the cause of each difference."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dcsim.schedule import ALAP, Activity, Schedule
from dcsim.schedule.cpm import Dates, Times
from dcsim.units import DAY

if TYPE_CHECKING:
    import pandas as pd

    from dcsim.study.run import Run

LEVELLING, ESTIMATE, UNFINISHED, CALENDAR, PROGRESS = "levelling", "estimate", "unfinished", "calendar", "progress"
TIED = "link"
"""The cause where work begins and is held to its finish, which the method begins later, or where a lead is longer than
what it is a lead of."""
UNKNOWN = "not in the file"
"""The cause of a date of the file that nothing in it explains."""


class Simulated(NamedTuple):
    """What the expected case does with an activity, as ticks of the schedule; none where it does not come to it."""

    ready: int | None
    start: int | None
    finish: int | None


@dataclass
class Comparison:
    """Early dates of the critical path method against what a file says, and what the expected case of it does."""

    schedule: Schedule
    times: Times
    dates: dict[str, Dates]
    names: dict[str, str]
    run: "Run"

    def table(self) -> "pd.DataFrame":
        """One row per activity, in the order of the file; floats and differences are working days."""
        import pandas as pd

        self.simulated, self.into, self.until = self._simulated(), self.schedule.into(), self.schedule.until
        own: dict[str, tuple[float, str]] = {}
        done: dict[str, tuple[float, str]] = {}
        for activity in self.schedule.in_order():
            off = self._file_off(activity)
            own[activity.id] = off, self._file_cause(activity, off, own) if off else ""
            off = self._off(activity)
            done[activity.id] = off, self._cause(activity, off, done) if off else ""
        rows = [
            self._row(activity, own[activity.id], done[activity.id]) for activity in self.schedule.activities.values()
        ]
        return pd.DataFrame(rows)

    def _row(self, activity: Activity, own: tuple[float, str], done: tuple[float, str]) -> dict[str, object]:
        dates, moment, simulated = self.dates[activity.id], self.times.moment, self.simulated[activity.id]
        return {
            "id": activity.id,
            "activity": self.names[activity.id],
            "early_start": moment(dates.early_start),
            "early_finish": moment(dates.early_finish),
            "late_start": moment(dates.late_start),
            "late_finish": moment(dates.late_finish),
            "total_float": self._days(activity, dates.total_float),
            "free_float": self._days(activity, dates.free_float),
            "critical": dates.is_critical and not activity.is_done,
            "file_start": activity.early_start,
            "file_finish": activity.early_finish,
            "file_off": own[0],
            "file_cause": own[1],
            "simulated_start": None if simulated.start is None else moment(simulated.start),
            "simulated_finish": None if simulated.finish is None else moment(simulated.finish),
            "simulated_off": done[0],
            "simulated_cause": done[1],
        }

    def _simulated(self) -> dict[str, Simulated]:
        table, base = self.run.trace.activities(), self.times.tick(self.run.network.start)
        columns = (table[key].tolist() for key in ("activity", "ready", "start", "finish"))
        dates = {
            str(name): Simulated(*(_shifted(tick, base) for tick in ticks))
            for name, *ticks in zip(*columns, strict=True)
        }
        return {id_: dates[name] for id_, name in self.names.items()}

    def _days(self, activity: Activity, minutes: int) -> float:
        """Working days of the calendar of an activity."""
        return round(self.schedule.days(activity, minutes), 3)

    # The file's own dates

    def _file_off(self, activity: Activity) -> float:
        """How much later the method dates an activity than the file: its start, or else its finish."""
        dates = self.dates[activity.id]
        return self._between(activity, activity.early_start, dates.early_start, 0) or self._between(
            activity, activity.early_finish, dates.early_finish, DAY
        )

    def _between(self, activity: Activity, planned: dt.datetime | None, tick: int, until: int) -> float:
        """Working days from a date of the file to a tick; a date without a time means the day."""
        if planned is None or self.times.moment(max(0, tick - bool(until))).date() == planned.date():
            same_day = planned is not None and (planned.hour, planned.minute) == (0, 0)
            if planned is None or same_day:
                return 0.0
        is_midnight = (planned.hour, planned.minute) == (0, 0)
        return self._days(
            activity,
            self.times.worked(activity.calendar, self.times.tick(planned) + (until if is_midnight else 0), tick),
        )

    def _file_cause(self, activity: Activity, off: float, own: dict[str, tuple[float, str]]) -> str:
        near = [activity, *(self.schedule.activities[link.predecessor] for link in self.into[activity.id])]
        if any(entry.actual_start is not None for entry in near):
            return PROGRESS
        if any(constraint.kind == ALAP for entry in near for constraint in entry.constraints):
            return "constraint"
        if root := self._root(activity, own):
            return root
        if any(loss.cause == "assumption" and "hours" in loss.what for loss in self.schedule.losses):
            return f"{CALENDAR} (its hours are assumed)"
        if off < 0 and activity.resources:
            return LEVELLING
        return UNKNOWN

    def _root(self, activity: Activity, known: dict[str, tuple[float, str]]) -> str:
        """The cause of the first predecessor that is off."""
        return next((known[link.predecessor][1] for link in self.into[activity.id] if known[link.predecessor][1]), "")

    # The expected case

    def _off(self, activity: Activity) -> float:
        """How much later the expected case is than the early dates: at its start, or else at its finish."""
        dates, simulated = self.dates[activity.id], self.simulated[activity.id]
        if simulated.start is None or simulated.finish is None:
            return float("nan")
        start = self.times.worked(activity.calendar, dates.early_start, simulated.start)
        return self._days(activity, start or self.times.worked(activity.calendar, dates.early_finish, simulated.finish))

    def _cause(self, activity: Activity, off: float, done: dict[str, tuple[float, str]]) -> str:
        if off != off:
            return UNFINISHED
        dates, simulated, until = self.dates[activity.id], self.simulated[activity.id], self.until
        if self.schedule.status is None and until is not None and dates.early_finish > self.times.tick(until):
            if dates.early_start < self.times.tick(until):
                return PROGRESS
        if activity.estimate is not None and simulated.start == dates.early_start:
            return ESTIMATE
        waited = self.times.worked(activity.calendar, simulated.ready or 0, simulated.start or 0) > 0
        if waited and activity.resources:
            return f"{LEVELLING}: {', '.join(activity.resources)}"
        lost = [loss.cause for loss in self.schedule.losses if loss.where == activity.id and loss.cause != "assumption"]
        if root := self._root(activity, done):
            return root
        links = self.into[activity.id]
        if any(link.kind.endswith("F") for link in links) or any(link.lag < 0 for link in links):
            return TIED
        return next((cause for cause in ("constraint", *lost) if cause in lost), CALENDAR)


def _shifted(tick: object, base: int) -> int | None:
    """A tick of the run on the clock of the schedule; none where it did not happen."""
    return int(tick) + base if isinstance(tick, int | float) and tick == tick else None
