"""Real sites in tables: what was known of each at its start, and which buildings were operational on which date.

`sites.csv` has a row for each site, `site_steps.csv` one for each dated step of it. A folder with `sites.csv` alone
describes sites whose dates nobody knows yet.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.table import Table, UnreadableTableError, read_table
from dcsim.suggest import nearest, shorten
from dcsim.units import parse_date, parse_number

SITES, STEPS = "sites.csv", "site_steps.csv"
OPERATIONAL, NOT_YET = "operational", "observed not yet operational as of"
_NEEDED = {SITES: ("site", "started", "shell"), STEPS: ("site", "buildings", "date", "date_error_days", "seen")}


@dataclass(frozen=True)
class Step:
    """So many buildings of a site were operational on a date, or were not yet."""

    buildings: int
    date: dt.date | None = None
    """None where nothing was seen yet."""
    error: float = 0.0
    """Days by which the date may be wrong, to either side."""
    operational: bool = False
    """Whether it was seen operational; else nothing is known but that it was not, at `date` less `error`."""


@dataclass(frozen=True)
class Site:
    """A site as it looked at its start."""

    name: str
    line: int
    cells: Mapping[str, str]
    """What its row says, by column."""
    started: dt.date | None
    """When clearing or the work of a conversion began; none if nobody knows."""
    error: float
    """Days by which that may be wrong, to either side."""
    buildings: int | None
    announced: dt.date | None
    """A promised date, of `announced_for` buildings."""
    announced_for: int | None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Cases:
    """All sites of a folder."""

    name: str
    sites: tuple[Site, ...]
    columns: tuple[str, ...]
    dated: bool
    """Whether there is a table of steps."""
    sha256: Mapping[str, str]
    """Fingerprints of the tables."""


def read_cases(folder: Path) -> Cases:
    """The sites of a folder; raises ScenarioError with every cell that is wrong."""
    return _Reading(folder).cases()


@dataclass
class _Reading:
    """Reads the tables of a folder and gathers what is wrong with them."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    sha256: dict[str, str] = field(default_factory=dict)

    def cases(self) -> Cases:
        there = self._table(SITES)
        dated = self._table(STEPS) if (self.folder / STEPS).exists() else None
        sites = [self._site(row) for row in self._rows(there)] if there is not None else []
        for name, line in _twice((site.name, site.line) for site in sites):
            self._say(SITES, line, f"the site '{shorten(name)}' stands here a second time")
        steps = self._steps(dated, {site.name: site for site in sites}) if dated is not None else {}
        if self.problems:
            raise ScenarioError(self.problems, str(self.folder))
        assert there is not None
        found = tuple(Site(**{**vars(site), "steps": tuple(steps.get(site.name, ()))}) for site in sites)
        return Cases(str(self.folder), found, there.columns, dated is not None, self.sha256)

    def _table(self, name: str) -> Table | None:
        """A table with the columns that are needed; none where it cannot be used."""
        try:
            text = Root(self.folder, "cases").read(self.folder / name, str(self.folder / name))
            table = read_table(text, name)
        except UnreadableFileError as error:
            self.problems.append(Problem("", str(error), name))
            return None
        except UnreadableTableError as error:
            self.problems += error.problems
            return None
        missing = dict.fromkeys(table.missing(column) for column in _NEEDED[name] if column not in table.columns)
        self.problems += [Problem("", message, name, 1) for message in missing]
        self.sha256[name] = hashlib.sha256(text.encode()).hexdigest()
        return None if missing else table

    def _rows(self, table: Table) -> Iterator["_Row"]:
        for line, cells in table.rows:
            yield _Row(self, table.name, line, dict(zip(table.columns, cells, strict=False)))

    def _site(self, row: "_Row") -> Site:
        row.text("shell")
        announced, announced_for = row.date("announced"), row.count("announced_for")
        if announced is not None and announced_for is None and "announced_for" not in row.wrong:
            row.say("announced_for", "for how many buildings the date was announced is missing")
        return Site(
            row.text("site"),
            row.line,
            row.cells,
            row.date("started"),
            row.days("started_error_days"),
            row.count("buildings"),
            announced,
            announced_for,
        )

    def _steps(self, table: Table, sites: Mapping[str, Site]) -> dict[str, list[Step]]:
        found: dict[str, list[Step]] = {}
        places = []
        for row in self._rows(table):
            name, seen = row.text("site"), row.text("seen")
            if name and name not in sites:
                row.say("site", f"no site '{shorten(name)}' in {SITES}{nearest(name, sites)}")
            if seen and seen not in (OPERATIONAL, NOT_YET):
                row.say("seen", f"expected '{OPERATIONAL}' or '{NOT_YET}', got '{shorten(seen)}'")
            if row.wrong:
                continue
            count, date, error = row.count("buildings", True), row.date("date", True), row.days("date_error_days", True)
            if row.wrong or count is None or date is None:
                continue
            site, operational = sites[name], seen == OPERATIONAL
            if operational and site.started is not None and date <= site.started:
                row.say("date", f"the site was operational on {date}, before it started on {site.started}")
            found.setdefault(name, []).append(Step(count, date, error, operational))
            places.append(((name, count, operational), row.line))
        for (name, count, _), line in _twice(places):
            self._say(STEPS, line, f"'{shorten(name)}' with {count} buildings stands here a second time")
        return found

    def _say(self, file: str, line: int, message: str) -> None:
        self.problems.append(Problem("", message, file, line))


@dataclass
class _Row:
    """A row of a table, whose cells are read by name; what is wrong with one is told with its file and line."""

    reading: _Reading
    file: str
    line: int
    cells: Mapping[str, str]
    wrong: set[str] = field(default_factory=set)

    def say(self, column: str, message: str) -> None:
        self.wrong.add(column)
        self.reading._say(self.file, self.line, f"column '{column}': {message}")

    def text(self, column: str) -> str:
        """What stands there, which must be something."""
        if not self.cells[column]:
            self.say(column, "the cell is empty")
        return self.cells[column]

    def date(self, column: str, needed: bool = False) -> dt.date | None:
        date: dt.date | None = self._read(column, needed, lambda cell: parse_date(cell).date())
        return date

    def days(self, column: str, needed: bool = False) -> float:
        """Days of an error; none where nothing is said."""
        return self._read(column, needed, _not_negative) or 0.0

    def count(self, column: str, needed: bool = False) -> int | None:
        count: int | None = self._read(column, needed, _whole)
        return count

    def _read(self, column: str, needed: bool, parse: Callable[[str], Any]) -> Any:
        cell = self.cells.get(column, "")
        if not cell:
            if needed:
                self.say(column, "the cell is empty")
            return None
        try:
            return parse(cell)
        except ValueError as error:
            self.say(column, str(error))
            return None


def _not_negative(cell: str) -> float:
    number = parse_number(cell)
    if not 0 <= number <= 36_525:
        raise ValueError(f"expected a number of days from 0 to 36,525 (100 years), got '{shorten(cell)}'")
    return float(number)


def _whole(cell: str) -> int:
    number = parse_number(cell)
    if number.denominator != 1 or not 1 <= number <= 10_000:
        raise ValueError(f"expected a whole number of buildings from 1 to 10,000, got '{shorten(cell)}'")
    return int(number)


def _twice(named: Iterator[tuple[Any, int]] | Sequence[tuple[Any, int]]) -> Iterator[tuple[Any, int]]:
    """What has been there before, with the line of each repetition."""
    seen = set()
    for what, line in named:
        if what in seen:
            yield what, line
        seen.add(what)
