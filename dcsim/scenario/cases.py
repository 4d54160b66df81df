"""Real sites in tables: what was known of each at its start, and which buildings were operational on which date.

`sites.csv` has a row for each site, `site_steps.csv` one for each dated step of it, and `site_stages.csv` one for each
stage that was seen on the way there. A folder with `sites.csv` alone
describes sites whose dates nobody knows yet.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.sightings import STATES
from dcsim.scenario.table import Table, UnreadableTableError, read_table
from dcsim.suggest import nearest, shorten
from dcsim.units import parse_date, parse_number

SITES, STEPS, STAGES = "sites.csv", "site_steps.csv", "site_stages.csv"
OPERATIONAL, NOT_YET = "operational", "observed not yet operational as of"


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
class Stage:
    """A stage of so many buildings, as it was seen on a date."""

    stage: str
    buildings: int
    date: dt.date
    error: float
    state: str


@dataclass(frozen=True)
class Site:
    """A site as it looked at its start."""

    line: int
    cells: Mapping[str, str]
    """What its row says, by column."""
    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]
    name: str
    started: dt.date | None
    """When clearing or the work of a conversion began; none if nobody knows."""
    shell: str
    """What is built on: `new`, `conversion`, ..."""
    error: float
    """Days by which the start may be wrong, to either side."""
    buildings: int | None
    announced: dt.date | None
    """A promised date, of `announced_for` buildings."""
    announced_for: int | None


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
    reading = _Reading(folder)
    sites = {row.values["site"]: row for row in reading.rows(SITES, _SITE, "site")}
    for row in sites.values():
        if row.values["announced"] is not None and row.values["announced_for"] is None:
            reading.say(row, "announced_for", "the number of buildings of the announced date is missing")
    dated, right = (folder / STEPS).exists(), not reading.problems
    steps: dict[str, list[Step]] = {}
    for row in reading.rows(STEPS, _STEP, "site", "buildings", "seen") if dated else ():
        of, buildings, date, error, operational = row.values.values()
        if of not in sites and right:
            reading.say(row, "site", f"no site '{shorten(of)}' in {SITES}{nearest(of, sites)}")
        started = sites[of].values["started"] if of in sites else None
        if operational and started is not None and date <= started:
            reading.say(row, "date", f"the site was operational on {date}, before its start on {started}")
        steps.setdefault(of, []).append(Step(buildings, date, error, operational))
    stages: dict[str, list[Stage]] = {}
    for row in (
        reading.rows(STAGES, _STAGE, "site", "stage", "buildings", "date", "state")
        if (folder / STAGES).exists()
        else ()
    ):
        of, stage, buildings, date, error, state = row.values.values()
        if of not in sites and right:
            reading.say(row, "site", f"no site '{shorten(of)}' in {SITES}{nearest(of, sites)}")
        stages.setdefault(of, []).append(Stage(stage, buildings, date, error, state))
    if reading.problems:
        raise ScenarioError(reading.problems, str(folder))
    cases = (
        Site(row.line, row.cells, tuple(steps.get(name, ())), tuple(stages.get(name, ())), *row.values.values())
        for name, row in sites.items()
    )
    return Cases(str(folder), tuple(cases), reading.columns[SITES], dated, reading.sha256)


# Cells


def _word(cell: str) -> str:
    return cell


def _date(cell: str) -> dt.date:
    return parse_date(cell).date()


def _days(cell: str) -> float:
    number = parse_number(cell)
    if not 0 <= number <= 36_525:
        raise ValueError(f"expected a number of days from 0 to 36,525 (100 years), got '{shorten(cell)}'")
    return float(number)


def _count(cell: str) -> int:
    number = parse_number(cell)
    if number.denominator != 1 or not 1 <= number <= 10_000:
        raise ValueError(f"expected a whole number of buildings from 1 to 10,000, got '{shorten(cell)}'")
    return int(number)


def _seen(cell: str) -> bool:
    if cell not in (OPERATIONAL, NOT_YET):
        raise ValueError(f"expected '{OPERATIONAL}' or '{NOT_YET}', got '{shorten(cell)}'")
    return cell == OPERATIONAL


def _state(cell: str) -> str:
    if cell not in STATES:
        raise ValueError(f"expected what was seen, got '{shorten(cell)}'{nearest(cell, list(STATES), 'states')}")
    return cell


NEEDED = object()
"""In the place of what an empty cell means: it may not be empty."""

_Cells = Mapping[str, tuple[Callable[[str], Any], Any]]
"""How each column is read, and what its empty cells mean."""

_SITE: _Cells = {
    "site": (_word, NEEDED),
    "started": (_date, None),
    "shell": (_word, NEEDED),
    "started_error_days": (_days, 0.0),
    "buildings": (_count, None),
    "announced": (_date, None),
    "announced_for": (_count, None),
}
_STEP: _Cells = {
    "site": (_word, NEEDED),
    "buildings": (_count, NEEDED),
    "date": (_date, NEEDED),
    "date_error_days": (_days, NEEDED),
    "seen": (_seen, NEEDED),
}


_STAGE: _Cells = {
    "site": (_word, NEEDED),
    "stage": (_word, NEEDED),
    "buildings": (_count, 1),
    "date": (_date, NEEDED),
    "date_error_days": (_days, 0.0),
    "state": (_state, NEEDED),
}


class _Row(NamedTuple):
    """A row whose cells can all be read."""

    file: str
    line: int
    cells: Mapping[str, str]
    values: dict[str, Any]


@dataclass
class _Reading:
    """Reads the tables of a folder and gathers what is wrong with them."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)

    def rows(self, name: str, kinds: _Cells, *key: str) -> Iterator[_Row]:
        """The rows of a table that are right; no two may have the same key."""
        table, seen = self._table(name, kinds), set()
        if table is None:
            return
        for line, cells in table.rows:
            row = _Row(name, line, dict(zip(table.columns, cells, strict=False)), {})
            before = len(self.problems)
            for column, (parse, empty) in kinds.items():
                row.values[column] = self._cell(row, column, parse, empty)
            if (named := tuple(row.cells.get(column, "") for column in key)) in seen:
                self.say(row, key[0], f"'{shorten(', '.join(named))}' appears here a second time")
            seen.add(named)
            if len(self.problems) == before:
                yield row

    def _cell(self, row: _Row, column: str, parse: Callable[[str], Any], empty: Any) -> Any:
        cell = row.cells.get(column, "")
        try:
            if not cell and empty is NEEDED:
                raise ValueError("the cell is empty")
            return parse(cell) if cell else empty
        except ValueError as error:
            self.say(row, column, str(error))
            return None

    def _table(self, name: str, kinds: _Cells) -> Table | None:
        """A table with the columns that are needed; none where it cannot be used."""
        try:
            text = Root(self.folder, "cases").read(self.folder / name, str(self.folder / name))
            table = read_table(text, name, least=name == SITES)
        except UnreadableFileError as error:
            self.problems.append(Problem("", str(error), name))
            return None
        except UnreadableTableError as error:
            self.problems += error.problems
            return None
        needed = (column for column, (_, empty) in kinds.items() if empty is NEEDED or column == "started")
        missing = dict.fromkeys(table.missing(column) for column in needed if column not in table.columns)
        self.problems += [Problem("", message, name, 1) for message in missing]
        self.columns[name], self.sha256[name] = table.columns, hashlib.sha256(text.encode()).hexdigest()
        return None if missing else table

    def say(self, row: _Row, column: str, message: str) -> None:
        """A cell is wrong."""
        self.problems.append(Problem("", f"column '{column}': {message}", row.file, row.line))
