"""Dates, spans and calendars of a scenario as ticks and working minutes."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any

from dcsim import calendars
from dcsim.budget import Part, excess
from dcsim.calendars import Calendar
from dcsim.distributions import Distribution
from dcsim.errors import ScenarioError
from dcsim.network import Moment, WorkingTime
from dcsim.places import site_of
from dcsim.scenario.document import Key
from dcsim.scenario.schema import ALWAYS, CalendarSpec, Scenario
from dcsim.scenario.shifts import read_shifts
from dcsim.scenario.values import Uncertain
from dcsim.units import Span, horizon_end, round_half_up


class Clock:
    """Where the ticks of a scenario begin and end."""

    def __init__(self, scenario: Scenario) -> None:
        self.start = scenario.start
        self.begins = scenario.start
        """The date from which spans count."""
        self.horizon = self.tick(horizon_end(scenario.start, scenario.horizon))
        self._starts = scenario.starts
        self.first = 0
        """The tick from which spans count."""

    def of(self, name: str) -> "Clock":
        """The same clock for something that may be part of a site: its spans count from the start of the site."""
        begins = self._starts.get(site_of(name, self._starts))
        if begins is None:
            return self
        of_site = copy(self)
        of_site.begins, of_site.first = begins, self.tick(begins)
        return of_site

    def tick(self, when: datetime | Span) -> int:
        """The tick of a date, or of the end of a span; negative before the start."""
        return round_half_up(self.minutes(when))

    def minutes(self, when: datetime | Span) -> Fraction:
        """Minutes from the start to a date, or to the end of a span; negative before it."""
        if isinstance(when, Span):
            return self.minutes(self.begins) + when.after(self.begins)
        return Fraction(int((when - self.start).total_seconds()), 60)

    def months(self, begin: int, end: int) -> float:
        """The calendar months from one tick to a later one."""
        date, minutes = self.start + timedelta(minutes=begin), end - begin
        last = date + timedelta(minutes=minutes)
        months = 12 * (last.year - date.year) + last.month - date.month
        months -= Span(Fraction(months), "month").after(date) > minutes
        first, second = (Span(Fraction(months + k), "month").after(date) for k in range(2))
        return float(months + (minutes - first) / (second - first))

    def moment(self, when: Uncertain) -> Moment:
        """An uncertain date or span."""
        earliest = min(self.first, min(self.tick(value) for value in when.values))  # type: ignore[arg-type]
        return Moment(earliest, when.resolve(lambda value: self.minutes(value) - earliest))


def elapsed(span: Uncertain) -> Distribution:
    """A span in elapsed minutes, where a day has 24 hours; in calendar months where it is written in them."""
    return span.resolve(lambda value: value.months if span.in_months else value.about)


@lru_cache(maxsize=1024)
def _worked(duration: Uncertain, hours: Fraction, days: Fraction) -> Distribution:
    """A duration in minutes of work, where a day has so many hours and a week so many days."""
    return duration.resolve(lambda span: span.working_minutes(hours, days))


@dataclass
class WorkingTimes:
    """Every combination of calendars in which something works, numbered as it is met; 0 is always open."""

    scenario: Scenario
    clock: Clock
    table: list[WorkingTime] = field(default_factory=list)
    _numbers: dict[tuple[tuple[str, ...], tuple[int, ...]], int] = field(default_factory=dict)
    _joined: dict[tuple[int, ...], int] = field(default_factory=dict)
    _calendars: dict[str, Calendar] = field(default_factory=dict)
    _rules: dict[str, calendars.Shifts] = field(default_factory=dict)
    _days: dict[str, tuple[Fraction, Fraction]] = field(default_factory=lambda: {ALWAYS: (Fraction(24), Fraction(7))})
    """Of each calendar, the hours of a working day and the days of a working week; known once they are asked for."""
    _intervals: int = 0

    def __post_init__(self) -> None:
        end = self.clock.horizon + 1
        self._calendars[ALWAYS] = calendars.always(end)
        for name, spec in self.scenario.calendars.items():
            self._rules[name] = shifts(spec)
            self._calendars[name] = self._kept(
                calendars.expand(name, self._rules[name], self.clock.start, end), ("calendars", name)
            )
        self.number([ALWAYS], [])

    def number(self, names: Sequence[str], stopped_by: Sequence[int]) -> int:
        """The number of the time when all these calendars are open and none of these risks stops work."""
        asked = tuple(names), tuple(stopped_by)
        if asked not in self._numbers:
            self._numbers[asked] = self._number_of_distinct(*asked)
        return self._numbers[asked]

    def _number_of_distinct(self, names: tuple[str, ...], stopped_by: tuple[int, ...]) -> int:
        distinct = tuple(dict.fromkeys(name for name in names if name != ALWAYS)) or (ALWAYS,)
        key = (distinct, tuple(sorted(set(stopped_by))))
        if key not in self._numbers:
            self._numbers[key] = len(self.table)
            together = calendars.intersect([self._calendars[name] for name in distinct])
            if len(distinct) > 1:
                self._kept(together, ("calendars", distinct[0]))
            self.table.append(WorkingTime(together, " & ".join(distinct), key[1]))
        return self._numbers[key]

    def _kept(self, calendar: Calendar, path: Key) -> Calendar:
        """The calendar, if it has room beside all that were made before."""
        self._intervals += len(calendar.opens)
        remedy = "fewer calendars that work together, or a nearer `horizon`"
        problem = excess([Part("intervals of calendars", self._intervals, path, remedy)], self.scenario.document.limit)
        if problem is not None:
            document = self.scenario.document
            raise ScenarioError([document.problem(problem[0].path, problem[1])], document.name)
        return calendar

    def joined(self, numbers: Sequence[int]) -> int:
        """The number of the time when all of these are open."""
        asked = tuple(numbers)
        if asked not in self._joined:
            times = [self.table[number] for number in numbers]
            names = [name for time in times for name in time.name.split(" & ")]
            self._joined[asked] = self.number(names, [risk for time in times for risk in time.stopped_by])
        return self._joined[asked]

    def working(self, duration: Uncertain, number: int) -> Distribution:
        """A duration in minutes of work as this calendar counts them, or in calendar months."""
        if duration.in_months:
            return elapsed(duration)
        return _worked(duration, *self.day_and_week(number))

    def day_and_week(self, number: int) -> tuple[Fraction, Fraction]:
        """The hours of a working day of this one calendar, and the days of its working week."""
        name = self.table[number].name
        if name not in self._days:
            self._days[name] = self._rules[name].working_day, self._rules[name].working_week
        return self._days[name]

    def working_minutes(self, span: Span, number: int) -> Fraction:
        """A span of work in minutes: a day is a working day of this one calendar, a week its working week."""
        return span.working_minutes(*self.day_and_week(number))


def _read(_: Key, reader: Callable[..., Any], *arguments: Any) -> Any:
    return reader(*arguments)


def shifts(spec: CalendarSpec) -> calendars.Shifts:
    """The written calendar, read."""
    ranges = read_shifts(spec, _read)
    assert ranges is not None
    return ranges
