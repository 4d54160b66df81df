"""The clock and the calendars: a horizon that ends, shifts that exist, and at least one working minute."""

from datetime import datetime, timedelta

from dcsim import calendars
from dcsim.scenario.checks.findings import Findings
from dcsim.scenario.document import Key
from dcsim.scenario.schema import CalendarSpec, Scenario
from dcsim.units import horizon_end, plain

LONGEST_HORIZON = timedelta(days=100 * 366)


def check_clock(scenario: Scenario, findings: Findings) -> datetime | None:
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


def check_calendars(scenario: Scenario, end: datetime | None, findings: Findings) -> None:
    """Every calendar can be read, and has work before the horizon."""
    for name, spec in scenario.calendars.items():
        shifts = _shifts(("calendars", name), spec, findings)
        if shifts is None or end is None:
            continue
        ticks = int((end - scenario.start).total_seconds()) // 60
        if not len(calendars.expand(name, shifts, scenario.start, ticks).opens):
            findings.add(("calendars", name), "is never open between the start and the horizon")


def _shifts(path: Key, spec: CalendarSpec, findings: Findings) -> calendars.Shifts | None:
    before = len(findings.problems)
    days = findings.read((*path, "days"), calendars.parse_days, spec.days)
    hours = [findings.read((*path, "hours"), calendars.parse_hours, hours) for hours in spec.hours]
    for code in spec.holidays:
        findings.read((*path, "holidays"), calendars.check_holidays, code)
    closed = [findings.read((*path, "closed"), calendars.parse_closed, closed) for closed in spec.closed]
    findings.require(bool(spec.hours), (*path, "hours"), "needs at least one shift, such as 07:00-17:00")
    per_day = spec.hours_per_day
    if per_day is not None and not 0 < per_day <= 24:
        findings.add((*path, "hours_per_day"), f"a day has more than 0 and at most 24 hours, got {plain(per_day)}")
    if len(findings.problems) > before:
        return None
    return calendars.Shifts(
        days=days or frozenset(),
        hours=tuple(shift for shifts in hours for shift in shifts or ()),
        holidays=spec.holidays,
        closed=tuple(day for day in closed if day is not None),
        hours_per_day=per_day,
    )
