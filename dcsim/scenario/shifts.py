"""A written calendar, read: the hours of each day of the week, and of the dates on which they differ."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dcsim.calendars import (
    DAY_NAMES,
    DAYS_OFF,
    Hours,
    Shifts,
    Week,
    check_holidays,
    parse_closed,
    parse_dates,
    parse_days,
    parse_hours,
)
from dcsim.scenario.document import Key
from dcsim.scenario.schema import EVERY_DAY, CalendarSpec
from dcsim.units import plain

Read = Callable[..., Any]
"""Reads what stands at a key: `read(key, reader, *arguments)`; none where it cannot be read."""


def read_shifts(spec: CalendarSpec, read: Read) -> Shifts | None:
    """The rule of a calendar; none where part of it cannot be read."""
    days = read(("days",), parse_days, spec.days)
    hours = {
        written: _shifts_of(("hours", *([written] if written else [])), shifts, read)
        for written, shifts in spec.hours.items()
    }
    read(("hours_per_day",), _check_hours_per_day, spec)
    holidays = tuple(read(("holidays",), check_holidays, code) for code in spec.holidays)
    closed = [read(("closed",), parse_closed, text) for text in spec.closed]
    week = None
    if days is not None and None not in hours.values():
        week = read(("hours",), _week, days if "days" in spec.model_fields_set or EVERY_DAY in hours else None, hours)
    worked = [
        _worked(("open", written), written, shifts, week, hours.get(EVERY_DAY), read)
        for written, shifts in spec.open.items()
    ]
    if week is None or None in holidays or None in closed or None in worked:
        return None
    dates_off = [(*ends, DAYS_OFF) for ends in closed if not isinstance(ends[0], datetime)]
    part = tuple(ends for ends in closed if isinstance(ends[0], datetime))
    return Shifts(week, holidays, (*dates_off, *worked), part, spec.hours_per_day)


def _shifts_of(key: Key, written: Sequence[str], read: Read) -> Hours | None:
    """The shifts of a day."""
    shifts = [read(key, parse_hours, text) for text in written]
    read(key, _check_some, shifts)
    return None if None in shifts or not shifts else tuple(shift for shifts_ in shifts for shift in shifts_)


def _check_some(shifts: Sequence[Hours]) -> None:
    if not shifts:
        raise ValueError("needs at least one shift, such as 07:00-17:00; leave out days off")


def _check_hours_per_day(spec: CalendarSpec) -> None:
    if spec.hours_per_day is not None and not 0 < spec.hours_per_day <= 24:
        raise ValueError(f"a working day has more than 0 and at most 24 hours, got {plain(spec.hours_per_day)}")


def _week(days: frozenset[int] | None, hours: Mapping[str, Hours]) -> Week:
    """The hours of each day of the week; `days`, where given, are the working days."""
    if EVERY_DAY in hours:
        return tuple(hours[EVERY_DAY] if day in (days or ()) else () for day in range(7))
    week = list(DAYS_OFF)
    for written, shifts in hours.items():
        for day in parse_days(written):
            if week[day]:
                raise ValueError(f"{DAY_NAMES[day]} appears twice; give each day its hours once")
            week[day] = shifts
    for day, shifts in enumerate(week):
        if days is not None and (day in days) != bool(shifts):
            mistake = (
                "is a working day by `days` but has no hours" if day in days else "has hours but is none of the `days`"
            )
            raise ValueError(f"{DAY_NAMES[day]} {mistake}; leave `days` out, or name the same days")
    return tuple(week)


def _worked(key: Key, written: str, shifts: Sequence[str], week: Week | None, usual: Hours | None, read: Read) -> Any:
    """Dates that are worked, and the hours of each day of the week among them."""
    dates = read(key, parse_dates, written)
    own = _shifts_of(key, shifts, read) if shifts else usual
    if own is None and week is not None and dates is not None and not shifts:
        read(key, _check_worked, *dates, week)
    return (
        None if dates is None or (own is None and (shifts or week is None)) else (*dates, (own,) * 7 if own else week)
    )


def _check_worked(first: Any, last: Any, week: Week) -> None:
    off = [DAY_NAMES[(first.weekday() + i) % 7] for i in range(min((last - first).days, 6) + 1)]
    missing = [day for day in off if not week[DAY_NAMES.index(day)]]
    if missing:
        raise ValueError(f"{missing[0]} has no hours of its own; write them: `open: {{{first}: 07:00-12:00}}`")
