"""Calendars of Primavera P6 and Microsoft Project, with what they inherit and their exceptions."""

import datetime as dt
from typing import Any

from dcsim.calendars import DAYS_OFF, Shifts
from dcsim.exchange.moments import day_of, hours_of, moment_of
from dcsim.schedule import ELAPSED, Schedule
from dcsim.units import DAY

YEARS_BEHIND = 3
"""Years after the last date of a file in which exceptions of its calendars are looked for."""


class Calendars:
    """Reads the calendars of a project into a schedule, once they are used."""

    def __init__(self, jpype: Any, project: Any, made: Schedule, is_p6: bool) -> None:
        self.jpype, self.project, self.made, self.is_p6 = jpype, project, made, is_p6
        self._names: dict[tuple[int, ...], str | None] = {}

    def worked_by(self, task: Any, id_: str) -> str | None:
        """The calendar by which an activity is worked on: its own, or that of its crews where these decide."""
        crews = [
            assignment.getResource()
            for assignment in task.getResourceAssignments()
            if assignment.getResource() is not None
        ]
        own = None if self.is_p6 else task.getCalendar()
        by_crews = (
            str(task.getActivityType()) == "RESOURCE_DEPENDENT"
            if self.is_p6
            else not (own is not None and task.getIgnoreResourceCalendar())
        )
        crews = crews if by_crews else []
        calendars = [crew.getCalendar() for crew in crews if crew.getCalendar() is not None]
        names = list(dict.fromkeys(self.named(calendar, own, of_crew=True) for calendar in calendars))
        if len(names) > 1:
            what = f"crews that work by several calendars: {', '.join(str(name or '24 h') for name in names)}"
            self.made.lose(id_, what, f"all work by the first, {names[0] or '24 h'}", "calendar")
        return names[0] if names else self.named(task.getEffectiveCalendar())

    def named(self, calendar: Any, resource: Any = None, of_crew: bool = False) -> str | None:
        """A calendar by name, once its hours are read; none where it never closes; `both` is open when it is, too.

        That of a crew, which planning tools derive for each, is the one with the same hours if there is any.
        """
        if calendar is None:
            return ELAPSED
        behind = [calendar] if resource is None else [calendar, resource]
        key = tuple(int(calendar.getUniqueID()) for calendar in behind)
        if key not in self._names:
            combined = (
                calendar
                if resource is None
                else self.jpype.JPackage("org").mpxj.common.CombinedCalendar(resource, calendar)
            )
            name = " and ".join(
                str(calendar.getName() or f"calendar {calendar.getUniqueID()}") for calendar in reversed(behind)
            )
            name = name if name not in self.made.calendars else f"{name} {key[0]}"
            shifts = self._shifts(combined, behind)
            same = [known for known, hours in self.made.calendars.items() if of_crew and hours == shifts]
            if same:
                self._names[key] = same[0]
                return same[0]
            closes = any(day != ((0, DAY),) for day in shifts.week) or shifts.dates
            if not any(shifts.week):
                self.made.lose(name, "a calendar without working days", "work around the clock", "calendar")
            self._names[key] = name if closes and any(shifts.week) else ELAPSED
            if self._names[key] is not ELAPSED:
                self.made.calendars[name] = shifts
        return self._names[key]

    def _shifts(self, calendar: Any, behind: list[Any]) -> Shifts:
        """The usual week of a calendar, and every day on which it or a calendar behind it differs."""
        jpype = self.jpype
        days = jpype.java.time.DayOfWeek.values()
        week = tuple(hours_of(calendar.getHours(day)) for day in days)
        dates = []
        for day in self._days_of_exceptions(behind):
            hours = hours_of(calendar.getHours(jpype.java.time.LocalDate.of(day.year, day.month, day.day)))
            if hours != week[day.weekday()]:
                dates.append((day, day, tuple(hours for _ in DAYS_OFF)))
        return Shifts(week, dates=tuple(dates))

    def _days_of_exceptions(self, behind: list[Any]) -> list[dt.date]:
        """The days of which calendars, or those that they derive from, say something of their own."""
        last = (moment_of(self.project.getProjectProperties().getFinishDate()) or self.made.start).date()
        first = self.made.origin.date() - dt.timedelta(days=366)
        furthest = first + dt.timedelta(days=(40 - YEARS_BEHIND) * 366)
        last = min(last, furthest) + dt.timedelta(days=YEARS_BEHIND * 366)
        days: set[dt.date] = set()
        while behind:
            calendar, *behind = behind
            for exception in calendar.getExpandedCalendarExceptionsWithWorkWeeks():
                begin, end = (day_of(date) for date in (exception.getFromDate(), exception.getToDate()))
                begin, end = max(begin, first), min(end, last)
                days |= {begin + dt.timedelta(days=i) for i in range((end - begin).days + 1)}
            behind += [calendar.getParent()] if calendar.getParent() is not None else []
        return sorted(days)
