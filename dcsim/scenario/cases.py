"""Real sites in tables: what was known of each at its start, and which buildings were operational on which date.

`sites.csv` has a row for each site, `site_steps.csv` one for each dated step of it, and `site_stages.csv` one for each
stage that was seen on the way there. A folder with `sites.csv` alone
describes sites whose dates nobody knows yet.

No cell loses the others: of what cannot be read a default is assumed, or the row is left out, and both are told.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.cells import LEFT_OUT, UNKNOWN, Assumed, Dated, amount, country, dated, folded, is_nothing
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.sightings import MOST_DAYS, STATES
from dcsim.scenario.table import Table, UnreadableTableError, read_table, separator_of
from dcsim.suggest import nearest, shorten
from dcsim.units import plain

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
    """What its row says, by column; empty where that cannot be used."""
    steps: tuple[Step, ...]
    stages: tuple[Stage, ...]
    name: str
    started: dt.date | None
    """When clearing or the work of a conversion began; none if nobody knows."""
    shell: str
    """What is built on: `new`, `conversion`, ...; empty if nobody knows."""
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
    assumed: tuple[Assumed, ...] = ()
    """What was taken in the place of cells, and the rows that are left out."""


def read_cases(folder: Path) -> Cases:
    """The sites of a folder; raises ScenarioError where a table as a whole cannot be used."""
    reading = _Reading(folder)
    rows: dict[str, _Row] = {}
    for row in reading.rows(SITES, _SITE, "site"):
        if row.values["announced"] is not None and row.values["announced_for"] is None:
            reading.say(row, "announced", LEFT_OUT, "the number of buildings of the announced date is missing")
        rows[folded(row.values["site"])] = row
    steps: dict[str, list[Step]] = {}
    for row in reading.rows(STEPS, _STEP, "site", "buildings", "seen", optional=True):
        site, (_, buildings, date, error, operational) = reading.of(row, rows), row.values.values()
        started = site.values["started"] if site else None
        if operational and started is not None and date.date <= started.date:
            reason = f"the site was operational on {date.date}, before its start on {started.date}"
            reading.say(row, "date", LEFT_OUT, reason)
        elif site:
            step = Step(buildings, date.date, max(error, date.error), operational)
            steps.setdefault(site.values["site"], []).append(step)
    stages: dict[str, list[Stage]] = {}
    for row in reading.rows(STAGES, _STAGE, "site", "stage", "buildings", "date", "state", optional=True):
        site, (_, stage, buildings, date, error, state) = reading.of(row, rows), row.values.values()
        if site:
            seen = Stage(stage, buildings, date.date, max(error, date.error), state)
            stages.setdefault(site.values["site"], []).append(seen)
    if reading.problems:
        raise ScenarioError(reading.problems, str(folder))
    sites = tuple(
        _site(row, tuple(steps.get(name, ())), tuple(stages.get(name, ())))
        for row in rows.values()
        for name in (row.values["site"],)
    )
    is_dated = STEPS in reading.columns
    return Cases(str(folder), sites, reading.columns[SITES], is_dated, reading.sha256, tuple(reading.assumed))


def _site(row: "_Row", steps: tuple[Step, ...], stages: tuple[Stage, ...]) -> Site:
    name, started, shell, error, buildings, announced, announced_for, *_ = row.values.values()
    error = max(error, started.error) if started else error
    date = started.date if started else None
    promised = announced.date if announced and announced_for else None
    return Site(row.line, row.cells, steps, stages, name, date, shell, error, buildings, promised, announced_for)


# Cells

Read = tuple[Any, str]
"""What a cell means, and a note where that is not what it says."""


def _word(cell: str, comma: bool) -> Read:
    return cell, ""


def _name(cell: str, comma: bool) -> Read:
    """A word of a kind that is in small letters."""
    return cell.casefold().replace(" ", "_"), ""


def _country(cell: str, comma: bool) -> Read:
    return country(cell), ""


def _date(cell: str, comma: bool) -> Read:
    date, note = dated(cell)
    return date, note


def _days(cell: str, comma: bool) -> Read:
    number, note = amount(cell, "", comma)
    if not 0 <= number <= MOST_DAYS:
        raise ValueError(f"expected a number of days from 0 to {MOST_DAYS:,} (100 years), got '{shorten(cell)}'")
    return float(number), note


def _count(cell: str, comma: bool) -> Read:
    number, note = amount(cell, "", comma)
    if not 1 <= number <= 10_000 or (number.denominator != 1 and not note):
        raise ValueError(f"expected a whole number of buildings from 1 to 10,000, got '{shorten(cell)}'")
    return int(number), note


def _megawatts(cell: str, comma: bool) -> Read:
    number, note = amount(cell, "MW", comma)
    if number <= 0:
        raise ValueError(f"expected a number of MW above 0, got '{shorten(cell)}'")
    return number, note


def _seen(cell: str, comma: bool) -> Read:
    is_not = re.search(r"\bnot\b", cell, re.IGNORECASE)
    if OPERATIONAL not in cell.casefold() and not is_not:
        raise ValueError(f"expected '{OPERATIONAL}' or '{NOT_YET}', got '{shorten(cell)}'")
    return not is_not, ""


def _state(cell: str, comma: bool) -> Read:
    state = " ".join(cell.casefold().split())
    if state not in STATES:
        raise ValueError(f"expected what was seen, got '{shorten(cell)}'{nearest(state, list(STATES), 'states')}")
    return state, ""


NEEDED = object()
"""In the place of what an empty cell means: the row is left out."""
MEDIUM = 60.0
"""The error of a first operation, in days, where nothing is told of it."""

_Cells = Mapping[str, tuple[Callable[[str, bool], Read], Any]]
"""How each column is read, and what its empty cells mean."""

_SITE: _Cells = {
    "site": (_word, NEEDED),
    "started": (_date, None),
    "shell": (_name, ""),
    "started_error_days": (_days, 0.0),
    "buildings": (_count, None),
    "announced": (_date, None),
    "announced_for": (_count, None),
    "it_mw_building": (_megawatts, None),
    "country": (_country, None),
}
_STEP: _Cells = {
    "site": (_word, NEEDED),
    "buildings": (_count, NEEDED),
    "date": (_date, NEEDED),
    "date_error_days": (_days, MEDIUM),
    "seen": (_seen, NEEDED),
}
_STAGE: _Cells = {
    "site": (_word, NEEDED),
    "stage": (_name, NEEDED),
    "buildings": (_count, 1),
    "date": (_date, NEEDED),
    "date_error_days": (_days, 0.0),
    "state": (_state, NEEDED),
}
STANDARD = (*_SITE, "state", "power", "gpu", "buyer")
"""The columns of `sites.csv` that may be missing where the rules have a default."""
_NAMES = {folded(name): name for name in (*STANDARD, *_STEP, *_STAGE)}


class _Row(NamedTuple):
    """A row that can be used."""

    file: str
    line: int
    cells: dict[str, str]
    values: dict[str, Any]


@dataclass
class _Reading:
    """Reads the tables of a folder, and gathers what is wrong with them and what was assumed."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    assumed: list[Assumed] = field(default_factory=list)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)

    def rows(self, name: str, kinds: _Cells, *key: str, optional: bool = False) -> Iterator[_Row]:
        """The rows of a table that can be used; of two with the same key the first."""
        if optional and not (self.folder / name).exists():
            return
        table, lines = self._table(name, kinds), dict[tuple[Any, ...], int]()
        for line, cells in table.rows if table else ():
            row = _Row(name, line, dict(zip(self.columns[name], cells, strict=False)), {})
            if not self._is_read(row, kinds, table is not None and table.comma):
                continue
            named = tuple(folded(str(row.values[column])) for column in key)
            if named in lines:
                self.say(row, key[0], LEFT_OUT, f"the same stands in line {lines[named]}")
                continue
            lines[named] = line
            yield row

    def _is_read(self, row: _Row, kinds: _Cells, comma: bool) -> bool:
        """Reads the cells of a row; whether it can be used."""
        for column, (parse, empty) in kinds.items():
            cell, row.values[column] = row.cells.get(column, ""), empty
            if parse is not _word and is_nothing(cell):
                cell = row.cells[column] = ""
            try:
                if not cell and empty is NEEDED:
                    raise ValueError("the cell is empty")
                value, note = parse(cell, comma) if cell else (empty, "")
                note = "nothing is told of its error" if not cell and empty == MEDIUM else note
            except ValueError as error:
                is_lost = empty is NEEDED or kinds is _STAGE
                taken = LEFT_OUT if is_lost or column == "started" else _written(empty)
                self.say(row, column, taken, str(error))
                if is_lost:
                    return False
                row.cells[column] = ""
                continue
            if cell and value is not None and kinds is _SITE:
                row.cells[column] = _written(value)
            if note:
                self.say(row, column, _written(value), note, cell)
            row.values[column] = value
        row.cells.update({column: "" for column, cell in row.cells.items() if is_nothing(cell) and cell != UNKNOWN})
        return True

    def of(self, row: _Row, sites: Mapping[str, _Row]) -> _Row | None:
        """The site of a step or a stage."""
        name = row.values["site"]
        if (site := sites.get(folded(name))) is None and SITES in self.columns:
            known = [row.values["site"] for row in sites.values()]
            self.say(row, "site", LEFT_OUT, f"no site '{shorten(name)}' in {SITES}{nearest(name, known)}")
        return site

    def _table(self, name: str, kinds: _Cells) -> Table | None:
        """A table with the columns that are needed; none where it cannot be used."""
        spare: list[Problem] = []
        try:
            text = Root(self.folder, "cases").read(self.folder / name, str(self.folder / name))
            table = read_table(text, name, separator_of(text), least=name == SITES, spare=spare)
        except UnreadableFileError as error:
            self.problems.append(Problem("", str(error), name))
            return None
        except UnreadableTableError as error:
            self.problems += error.problems
            return None
        columns = tuple(column if column in kinds else _NAMES.get(folded(column), column) for column in table.columns)
        needed = [column for column, (_, empty) in kinds.items() if empty is NEEDED or column == "started"]
        missing = dict.fromkeys(table.missing(column) for column in needed if column not in columns)
        self.problems += [Problem("", message, name, 1) for message in missing]
        self.columns[name], self.sha256[name] = columns, hashlib.sha256(text.encode()).hexdigest()
        self.assumed += [Assumed("", "", "", LEFT_OUT, row.message, name, row.line or 0) for row in spare]
        return None if missing else table

    def say(self, row: _Row, column: str, taken: str, reason: str, original: str = "") -> None:
        """Something else than a cell says is taken."""
        cell = shorten(original or row.cells.get(column, ""))
        site = shorten(row.cells.get("site", ""))
        self.assumed.append(Assumed(site, column, cell, taken, reason, row.file, row.line))


def _written(value: Any) -> str:
    """A value as a cell."""
    if value is None or isinstance(value, Dated):
        return f"{value.date}" if value else ""
    return value if isinstance(value, str) else plain(Fraction(value))
