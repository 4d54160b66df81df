"""The clock and the calendars: a horizon that ends, shifts that exist, and at least one working minute."""

from collections.abc import Callable
from datetime import datetime, timedelta
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
        findings.add(("horizon",), f"a horizon is longer than nothing, got '{scenario.horizon}'")
        return None
    if end - scenario.start > LONGEST_HORIZON:
        findings.add(("horizon",), f"a horizon is at most 100 years, got '{scenario.horizon}'")
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
            _warn_of_holidays((*path, "holidays"), code, scenario.start.year, end.year, findings)


def _warn_of_holidays(path: Key, code: str, first: int, last: int, findings: Problems) -> None:
    """Years until the horizon whose public holidays nobody knows yet are worked like any other."""
    none, few = calendars.unknown_holidays(code, first, last)
    for years, what in ((none, "no public holidays are known"), (few, "not all public holidays are known")):
        if years:
            span = str(years[0]) if len(years) == 1 else f"{years[0]} to {years[-1]}"
            message = f"{what} for '{code}' in {span}: what is not known is worked; name such days with `closed`"
            findings.warn(path, message)
