"""A schedule from a table: one row per activity, columns by their usual names in any order."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dcsim.calendars import Shifts
from dcsim.errors import Problem, ScenarioError
from dcsim.exchange.cells import (
    Awaited,
    Length,
    Style,
    calendar_by_name,
    calendar_rule,
    constraint_kind,
    crews,
    date_style,
    decimal_style,
    predecessors,
)
from dcsim.exchange.columns import fields_of, unit_of
from dcsim.exchange.hammocks import is_hammock
from dcsim.exchange.outline import Row, outline
from dcsim.scenario.table import Table
from dcsim.schedule import (
    ALAP,
    ELAPSED,
    Activity,
    Constraint,
    Link,
    Resource,
    Schedule,
    ScheduleError,
)
from dcsim.schedule.cpm import Times
from dcsim.suggest import nearest, shorten

WORKDAYS = "Mon-Fri 08:00-16:00"
"""The calendar of a table that says none."""
STANDARD = "workdays"
MOST_LINKS = 500_000
MOST_PROBLEMS = 100
"""Cells that cannot be read after which the rest is not looked at."""
_DATES = ("early_start", "early_finish", "constraint_date", "deadline", "baseline_finish", "actual_start",
          "actual_finish")  # fmt: skip
_NUMBERS = ("duration", "optimistic", "likely", "pessimistic", "remaining", "percent", "predecessors", "resources")
_TOTALS = ("total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme")
_DURATION = re.compile(r"\bdur|dauer", re.IGNORECASE)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Answers:
    """What the user says where a table does not; empty where nothing is said."""

    start: dt.datetime | None = None
    status: dt.datetime | None = None
    dates: str = ""
    decimal: str = ""
    calendars: Mapping[str, str] = field(default_factory=dict)
    """Hours by the name of a calendar; those of activities without one under an empty name."""


def schedule_of(table: Table, name: str, answers: Answers) -> Schedule:
    """The schedule that a table says.

    Raises
    ------
    ScenarioError
        With every cell that cannot be read, and what would be right.
    ScheduleError
        Something can be read in two ways, or is missing: the text names the option that says it.
    """
    return _Reader(table, name, answers).schedule()


class _Reader:
    def __init__(self, table: Table, name: str, answers: Answers) -> None:
        self.table, self.answers = table, answers
        self.problems: list[Problem] = []
        self.fields = fields_of(table.columns)
        if "name" not in self.fields and "id" not in self.fields:
            self._refuse(f"no column with the names of activities{nearest('Name', table.columns, 'columns')}")
        self._find_durations()
        try:
            dates = answers.dates or date_style(self._cells(_DATES))
            self.style = Style(dates, answers.decimal or decimal_style(self._cells(_NUMBERS)))
        except ValueError as error:
            self._refuse(str(error))
        self.made = Schedule(name, dt.datetime(1, 1, 1), Path(table.name).name)
        self.rows = self._rows()
        self.known = self._known()
        self.awaited = {row.id: self._awaited(row) for row in self.rows}
        self.named = {link.id for before in self.awaited.values() for link in before}
        self.around: set[str] = set()

    def _find_durations(self) -> None:
        """Refuse a table without a column of durations, or with one whose heading is not known."""
        known = self.fields.values()
        alike = [column for i, column in enumerate(self.table.columns) if i not in known and _DURATION.search(column)]
        if alike and "duration" not in self.fields:
            self._refuse(f"column '{shorten(alike[0])}' is not read; if it is the duration, rename it to 'Duration'")
        if not {"duration", "likely", "early_finish"} & set(self.fields):
            self._refuse(f"no column 'Duration'{nearest('Duration', self.table.columns, 'columns')}")

    def schedule(self) -> Schedule:
        made, ignored = self.made, [n for i, n in enumerate(self.table.columns) if n and i not in self.fields.values()]
        for column in ignored:
            made.lose("", f"column '{shorten(column)}'", "nothing: it is not read", "unsupported")
        self.above, self.headings = outline(self.rows, self.named)
        rows = [row for row in self.rows if row.id not in self.headings]
        if not rows:
            self._refuse("there are no activities in it")
        self._starts(rows)
        for row in rows:
            self._activity(row)
        self._refuse_all()
        times = Times(made)
        for row in rows:
            self._lasts(row, made.activities[row.id], times)
            self._progress(row, made.activities[row.id])
        self._links(rows)
        self._refuse_all()
        return made

    # What is a row

    def _rows(self) -> list[Row]:
        rows = []
        numbered = "id" not in self.fields
        for number, (line, cells) in enumerate(self.table.rows, start=1):
            texts = {field_: cells[i] for field_, i in self.fields.items()}
            id_ = str(number) if numbered else texts["id"]
            if (texts.get("name") or id_).casefold().strip(" :") in _TOTALS:
                self.made.lose(id_, f"row {line}, '{texts.get('name') or id_}'", "nothing: it is a sum", "assumption")
            elif id_ or texts.get("name"):
                rows.append(Row(line, texts, id_ or f"row {line}", texts.get("name") or id_))
        if numbered:
            self.made.lose("", "ids, for which there is no column", "rows are numbered from 1", "assumption")
        counts, seen = Counter(row.id for row in rows), Counter[str]()
        for row in rows:
            seen[row.id] += 1
            if seen[row.id] == 2:
                message = f"'{shorten(row.id)}' appears in {counts[row.id]} rows: give each activity its own id"
                self._problem(row.line, "id", message)
        self._refuse_all()
        return rows

    def _known(self) -> dict[str, str]:
        """Whatever a predecessor may be called, in small letters, with the id it means: ids, and names that differ."""
        names = Counter(row.name.casefold() for row in self.rows)
        by_name = {row.name.casefold(): row.id for row in self.rows if names[row.name.casefold()] == 1}
        return by_name | {row.id.casefold(): row.id for row in self.rows}

    def _awaited(self, row: Row) -> list[Awaited]:
        return self._read(row, "predecessors", lambda cell: predecessors(cell, self.known, self.style)) or []

    # What an activity says

    def _starts(self, rows: list[Row]) -> None:
        """The start of the schedule: as the user says, or the first date in the table."""
        starts = [self._read(row, key, self.style.date) for row in rows for key in ("early_start", "actual_start")]
        known = [start for start in starts if start is not None]
        if self.answers.start is None and not known:
            self._refuse("it has no dates: give the start of the schedule with --start 2026-01-31")
        self.made.start = self.answers.start or min(known, default=self.made.start)
        self.made.status = self.answers.status

    def _activity(self, row: Row) -> None:
        calendar = self._calendar(row)
        shifts = self.made.calendars.get(calendar) if calendar is not None else None
        lengths = ("duration", "optimistic", "likely", "pessimistic", "remaining")
        read = {key: self._read(row, key, partial(self._length, key)) for key in lengths}
        duration = read["duration"] or read["likely"]
        if duration is not None and duration.is_elapsed:
            calendar, shifts = ELAPSED, None
        made = Activity(
            row.id, row.name, duration.minutes(shifts) if duration else 0, calendar, self._group(row), row.line
        )
        estimate = [read["optimistic"], read["likely"] or duration, read["pessimistic"]]
        if read["optimistic"] is not None and read["pessimistic"] is not None and None not in estimate:
            low, likely, high = (length.minutes(shifts) for length in estimate if length is not None)
            if not low <= likely <= high:
                self._problem(row.line, "optimistic", "expected optimistic <= most likely <= pessimistic")
            made.estimate = (low, likely, high)
        elif read["optimistic"] is not None or read["pessimistic"] is not None:
            self._problem(row.line, "optimistic", "three points need both an optimistic and a pessimistic duration")
        made.remaining = read["remaining"].minutes(shifts) if read["remaining"] else None
        for key in ("early_start", "early_finish", "actual_start"):
            setattr(made, key, self._read(row, key, self.style.date))
        for key in ("deadline", "baseline_finish", "actual_finish"):
            setattr(made, key, self._read(row, key, self._end))
        for crew, units in (self._read(row, "resources", lambda cell: crews(cell, self.style)) or {}).items():
            made.resources[crew] = units
            self.made.resources.setdefault(crew, Resource(crew))
        kind = self._read(row, "constraint", constraint_kind) or ""
        date = self._read(row, "constraint_date", self._end if "finish" in kind else self.style.date)
        if kind and kind != ALAP and date is None:
            self._problem(row.line, "constraint", f"'{row.get('constraint')}' needs a constraint date")
        made.constraints = (Constraint(kind, date),) if kind else ()
        made.spans = is_hammock(row.get("type"))
        self.made.activities[row.id] = made

    def _group(self, row: Row) -> tuple[str, ...]:
        """The parts of the work breakdown, in words."""
        names = [self.headings[id_] for id_ in self.above[row.id] if id_ in self.headings]
        code = row.get("wbs")
        return tuple(names or ([code] if code and not re.fullmatch(r"[\d.]+", code) else []))

    def _end(self, cell: str) -> dt.datetime:
        """A moment, or the end of a day."""
        date = self.style.date(cell)
        return date + dt.timedelta(days=(date.hour, date.minute) == (0, 0))

    def _length(self, field_: str, cell: str) -> Length:
        length = self.style.length(cell, unit_of(self._column(field_)))
        if length.number < 0:
            raise ValueError(f"a duration is not negative, got '{shorten(cell)}'")
        return length

    def _lasts(self, row: Row, made: Activity, times: Times) -> None:
        """What only dates say: the length of work between them, and a start that nothing else gives."""
        if made.spans:
            return
        waits = bool(self.awaited[row.id])
        if not (row.get("duration") or row.get("likely")) and "mile" not in row.get("type").casefold():
            start, finish = made.early_start, made.early_finish
            if start is None and finish is None and not waits and row.id not in self.named:
                self._problem(row.line, "duration", "an activity needs a duration, or a start and a finish")
            elif made.resources and (start is None or finish is None):
                self._problem(row.line, "duration", f"it takes {', '.join(made.resources)}: give it a duration")
            elif start is None or finish is None:
                self.made.lose(row.id, "its duration, which is empty", "none: it is a milestone", "assumption")
                made.early_start = start or finish
            else:
                end = finish + dt.timedelta(days=(finish.hour, finish.minute) == (0, 0))
                made.minutes = max(0, times.worked(made.calendar, times.tick(start), times.tick(end)))
                self.made.lose(row.id, "its duration, which is empty", "the work between its dates", "assumption")
        if made.early_start is not None and not waits and not made.constraints:
            if made.early_start > self.made.start:
                made.constraints = (Constraint("start on or after", made.early_start),)
                lost = f"its start on {made.early_start:%Y-%m-%d}, which no link gives"
                self.made.lose(row.id, lost, "it does not start before", "assumption")

    def _progress(self, row: Row, made: Activity) -> None:
        """How far it is: dates that are missing are those of the plan."""
        percent = self._read(row, "percent", lambda cell: self.style.number(cell.rstrip("% ")))
        if percent is not None and not 0 <= percent <= 100:
            self._problem(row.line, "percent", f"expected 0 to 100 %, got '{row.get('percent')}'")
        if not percent and made.actual_start is None:
            return
        if self.made.status is None:
            place = self._place(row, "percent" if percent else "actual_start")
            self._refuse(f"{place} has progress: give its status date with --status-date 2026-01-31")
        if made.actual_start is None:
            made.actual_start = made.early_start
            self.made.lose(row.id, "its actual start, which is empty", "its planned start", "assumption")
        if percent == 100 and made.actual_finish is None:
            made.actual_finish = self._read(row, "early_finish", self._end)
            self.made.lose(row.id, "its actual finish, which is empty", "its planned finish", "assumption")
        if not made.minutes and made.actual_finish is not None and made.remaining is None:
            made.actual_finish = made.actual_start  # a milestone takes no time, whatever day ends with its date
        if made.actual_start is None or (percent == 100 and made.actual_finish is None):
            self._problem(row.line, "percent", "progress needs actual dates, or planned ones")
        elif made.actual_finish is not None:
            if made.actual_finish < made.actual_start:
                self._problem(row.line, "actual_finish", "it finishes before it starts")
        elif made.remaining is None:
            made.remaining = round(made.minutes * (100 - (percent or 0)) / 100)

    def _calendar(self, row: Row) -> str | None:
        """The calendar of an activity by name, once its hours are known; the table's own where it names none."""
        name = row.get("calendar")
        called = name or STANDARD
        if called in self.made.calendars or called in self.around:
            return None if called in self.around else called
        given = {key.casefold(): value for key, value in self.answers.calendars.items()}
        shifts: Shifts | None
        try:
            if name.casefold() in given:
                shifts = calendar_rule(given[name.casefold()])
            elif name:
                shifts = calendar_by_name(name)
                self.made.lose(name, "hours of this calendar, which the file does not say", "as its name says",
                               "assumption")  # fmt: skip
            else:
                shifts = calendar_rule(WORKDAYS)
                lost = "working hours, which the file does not say"
                self.made.lose("", lost, f"{WORKDAYS}; --calendar says others", "assumption")
        except ValueError as error:
            reason = str(error) or f"nothing says the hours of calendar '{shorten(name)}'"
            place = self._place(row, "calendar")
            self._refuse(f"{place}: {reason}: give them with --calendar '{name}=Mon-Sat 07:00-17:00'")
        if shifts is None:
            self.around.add(called)
            return None
        self.made.calendars[called] = shifts
        return called

    # Links

    def _links(self, rows: list[Row]) -> None:
        members = self._members(rows)
        for row in rows:
            for predecessor in self.awaited[row.id]:
                if predecessor.id in self.headings:
                    self.made.lose(
                        row.id, f"a link from '{predecessor.id}', which sums up others", "links from each of them"
                    )
                if len(self.made.links) > MOST_LINKS:
                    self._refuse(f"it has more than {MOST_LINKS:,} links, counting those of rows that sum up others")
                for id_ in members.get(predecessor.id, [predecessor.id]):
                    if id_ == row.id:
                        self._problem(row.line, "predecessors", "an activity cannot wait for itself")
                    else:
                        self.made.links.append(self._link(id_, row.id, predecessor))

    def _link(self, before: str, after: str, awaited: Awaited) -> Link:
        first, own = self.made.activities[before], self.made.activities[after].calendar
        if awaited.percent is not None:
            return Link(
                before, after, awaited.kind, round(first.minutes * awaited.percent), first.calendar, awaited.percent
            )
        if awaited.lag is None or not awaited.lag.number:
            return Link(before, after, awaited.kind)
        calendar = ELAPSED if awaited.lag.is_elapsed else own
        shifts = self.made.calendars[calendar] if calendar is not None else None
        return Link(before, after, awaited.kind, awaited.lag.minutes(shifts), calendar)

    def _members(self, rows: list[Row]) -> dict[str, list[str]]:
        """The activities that each row which sums up others stands for."""
        members: dict[str, list[str]] = {id_: [] for id_ in self.headings}
        for row in rows:
            for id_ in self.above[row.id]:
                if id_ in members:
                    members[id_].append(row.id)
        return members

    # Cells, and what is wrong with them

    def _column(self, field_: str) -> str:
        return self.table.columns[self.fields[field_]]

    def _cells(self, fields: tuple[str, ...]) -> list[tuple[str, str]]:
        return [cell for key in fields if key in self.fields for cell in self.table.placed(self.fields[key])]

    def _place(self, row: Row, field_: str) -> str:
        return self.table.place(row.line, self.fields.get(field_, 0))

    def _read(self, row: Row, field_: str, read: Callable[[str], Value]) -> Value | None:
        """What a cell says; none where it is empty, or cannot be read, which is noted."""
        cell = row.get(field_)
        if cell in ("", "-", "NA", "N/A", "NV"):
            return None
        try:
            return read(cell)
        except ValueError as error:
            self._problem(row.line, field_, str(error))
            return None

    def _problem(self, line: int, field_: str, message: str) -> None:
        known, name = field_ in self.fields, self.table.name
        problem = Problem(f"column '{field_}'", message, name, line)
        self.problems.append(self.table.problem(line, self.fields[field_], message) if known else problem)
        if len(self.problems) >= MOST_PROBLEMS:
            self._refuse_all()

    def _refuse_all(self) -> None:
        if self.problems:
            raise ScenarioError(
                sorted(set(self.problems), key=lambda problem: (problem.line or 0, problem.path)), self.table.name
            )

    def _refuse(self, message: str) -> Any:
        self._refuse_all()
        raise ScheduleError(f"{self.table.name}: {message}")
