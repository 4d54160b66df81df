"""The clock and the calendars: a horizon that ends, shifts that exist, and at least one working minute."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from dcsim import calendars
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.size import check_calendar_size
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Scenario
from dcsim.scenario.shifts import read_shifts
from dcsim.units import DAY, horizon_end

LONGEST_HORIZON = timedelta(days=100 * 366)


def check_clock(scenario: Scenario, findings: Problems) -> datetime | None:
    """The moment of the horizon; none where it makes no sense."""
    end = findings.read(("horizon",), horizon_end, scenario.start, scenario.horizon)
    if end is None:
        return None
    if end <= scenario.start:
        findings.add(("horizon",), f"a horizon must be longer than zero, got '{scenario.horizon}'")
        return None
    if end - scenario.start > LONGEST_HORIZON:
        findings.add(("horizon",), f"a horizon may be at most 100 years, got '{scenario.horizon}'")
        return None
    return end


def check_calendars(scenario: Scenario, end: datetime | None, findings: Problems) -> None:
    """Every calendar can be read, and has work before the horizon."""
    for name, spec in scenario.calendars.items():
        path: Key = ("calendars", name)

        def read(key: Key, reader: Callable[..., Any], *arguments: Any, path: Key = path) -> Any:
            return findings.read((*path, *key), reader, *arguments)

        before = len(findings.problems)
        shifts = read_shifts(spec, read)
        if shifts is None or end is None or len(findings.problems) > before:
            continue
        ticks = int((end - scenario.start).total_seconds()) // 60
        if not check_calendar_size(path, shifts, ticks // DAY + 1, findings):
            continue
        if not len(calendars.expand(name, shifts, scenario.start, ticks).opens):
            findings.add(path, "is never open between the start and the horizon")
        for code in shifts.holidays:
            _warn_of_holidays((*path, "holidays"), code, (scenario.start.year, end.year), shifts, findings)


def _warn_of_holidays(
    path: Key, code: str, between: tuple[int, int], shifts: calendars.Shifts, findings: Problems
) -> None:
    """Years until the horizon whose public holidays nobody knows yet are worked like any other.

    Of a year in which the calendar itself says what is closed or worked, nothing is left to say.
    """
    days = [*((first, last) for first, last, _ in shifts.dates), *shifts.shut]
    named = {year for first, last in days for year in range(first.year, last.year + 1)}
    unknown = calendars.unknown_holidays(code, *between)
    for unknown_years, what in zip(
        unknown, ("no public holidays are known", "not all public holidays are known"), strict=True
    ):
        if years := [year for year in unknown_years if year not in named]:
            advice = "add the missing holidays of each year with `closed`"
            message = f"{what} for '{code}' in {_spans(years)}: unknown holidays count as working days; {advice}"
            findings.warn(path, message)


def _spans(years: Sequence[int]) -> str:
    """Years in words: 2029 to 2031, 2034."""
    runs = [[year for _, year in run] for _, run in groupby(enumerate(years), lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
