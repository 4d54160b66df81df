"""What was seen of a build under way, from a table: each row a milestone and a date, added to the scenario."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dcsim.dates import parse_limit, spelled
from dcsim.errors import Problem, RequestError, ScenarioError
from dcsim.scenario.files import UnreadableFileError, read_text
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Activity, Scenario
from dcsim.scenario.table import Table, UnreadableTableError, read_table
from dcsim.suggest import nearest, shorten
from dcsim.units import parse_number

MILESTONE, STAGE, BUILDINGS, DATE, ERROR, STATE = (
    *("milestone", "stage", "buildings"),
    *("date", "date_error_days", "state"),
)
STATES = {
    "reached": "reached",
    "operational": "reached",
    "reached by": "reached_by",
    "complete": "reached_by",
    "not yet": "not_by",
    "begun": "not_by",
    "partly": "not_by",
}
"""What each state says of the date."""
UNDER_WAY = ("begun", "partly")
"""States of work that had begun."""
MOST_DAYS = 36_525

Cells = Mapping[str, str]


def with_seen(scenario: Scenario, path: Path | None, as_of: str | None) -> Scenario:
    """A scenario with what a table tells was seen of it, and until which day that counts.

    A stage of several buildings is a milestone too, which is added where the scenario has none: `roof` of 2 buildings
    is `roof_2`.

    Raises
    ------
    ScenarioError
        With every cell that cannot be used: file and line.
    RequestError
        The date cannot be read.
    """
    values: dict[str, Any] = {}
    if path is not None:
        sightings, milestones = _Reading(scenario, str(path)).read(path)
        values = {"seen": sightings, **({"milestones": milestones} if milestones else {})}
    if as_of is not None:
        try:
            values["as_of"] = spelled(parse_limit(as_of))
        except ValueError as error:
            raise RequestError(f"--as-of: {error}") from None
    return changed(scenario, overrides=values) if values else scenario


def read_stage(scenario: Scenario, stage: str, buildings: int, state: str) -> tuple[dict[str, str], dict[str, Any]]:
    """How a date on which so many buildings were seen in a stage bounds which milestones, and those to add.

    Of what had begun, and takes time in the scenario, the start is a milestone too: `roof_2_begun`.

    Raises
    ------
    ValueError
        The milestone of the stage does not count the first of several.
    """
    first, name = scenario.milestones[stage], stage if buildings == 1 else f"{stage}_{buildings}"
    place = {} if first.place is None else {"in": first.place}
    counter = {"activity": first.activity, "reaches": first.reaches if buildings == 1 else buildings, **place}
    if buildings > 1 and name not in scenario.milestones and (first.activity is None or first.reaches != 1):
        raise ValueError(f"'{stage}' has no numbered steps: leave the number out")
    bounds, added = {name: STATES[state]}, {} if name in scenario.milestones else {name: counter}
    if state in UNDER_WAY and first.activity is not None and first.event == "finish":
        if scenario.activities[first.activity].duration != Activity.model_fields["duration"].default:
            begun = f"{name}_begun"
            bounds[begun] = STATES["complete"]
            added |= {} if begun in scenario.milestones else {begun: {**counter, "event": "start"}}
    return bounds, added


class _Reading:
    """Reads the rows of a table and gathers what is wrong with them."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self.scenario, self.name = scenario, name
        self.problems: list[Problem] = []
        self.milestones: dict[str, Any] = {}

    def read(self, path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The sightings, and the milestones that the scenario lacks."""
        try:
            table = read_table(read_text(path, self.name), self.name)
        except UnreadableFileError as error:
            raise ScenarioError([Problem("", str(error), self.name)], self.name) from None
        except UnreadableTableError as error:
            raise ScenarioError(error.problems, self.name) from None
        sightings = [sighting for line, cells in self._rows(table) for sighting in self._sightings(line, cells)]
        if self.problems:
            raise ScenarioError(self.problems, self.name)
        return sightings, self.milestones

    def _rows(self, table: Table) -> Iterator[tuple[int, Cells]]:
        kind = MILESTONE if MILESTONE in table.columns or STAGE not in table.columns else STAGE
        missing = [table.missing(column) for column in (kind, DATE, STATE) if column not in table.columns]
        self.problems += [Problem("", message, self.name, 1) for message in dict.fromkeys(missing)]
        for line, cells in table.rows if not missing else ():
            yield line, dict(zip(table.columns, cells, strict=False))

    def _say(self, line: int, column: str, message: str) -> None:
        self.problems.append(Problem("", f"column '{column}': {message}", self.name, line))

    def _sightings(self, line: int, cells: Cells) -> list[dict[str, Any]]:
        before = len(self.problems)
        state, date, error = cells[STATE].strip(), None, 0.0
        if state not in STATES:
            near = nearest(state, list(STATES), "states")
            self._say(line, STATE, f"expected a state such as 'reached', got '{shorten(state)}'{near}")
        try:
            date = parse_limit(cells[DATE])
        except ValueError as problem:
            self._say(line, DATE, str(problem))
        try:
            error = _days(cells.get(ERROR, ""))
        except ValueError as problem:
            self._say(line, ERROR, str(problem))
        bounds = self._bounds(line, cells, state if state in STATES else "reached")
        if len(self.problems) > before or date is None:
            return []
        return [{"milestone": name, way: spelled(date), "error": f"{error:g} d"} for name, way in bounds.items()]

    def _bounds(self, line: int, cells: Cells, state: str) -> dict[str, str]:
        """The milestones of a row, and how its date bounds them; those of so many buildings are added."""
        column = MILESTONE if cells.get(MILESTONE) else STAGE
        name, count = cells.get(column, ""), cells.get(BUILDINGS, "") or "1"
        known = self.scenario.milestones
        if name not in known:
            near = nearest(name, known, "milestones")
            self._say(line, column, f"no milestone '{shorten(name)}' in the scenario{near}")
        elif not re.fullmatch(r"[1-9]\d{0,3}", count):
            self._say(line, BUILDINGS, f"expected a whole number of buildings, got '{shorten(count)}'")
        else:
            try:
                bounds, added = read_stage(self.scenario, name, int(count), state)
            except ValueError as problem:
                self._say(line, BUILDINGS, str(problem))
            else:
                self.milestones |= added
                return bounds
        return {}


def _days(cell: str) -> float:
    number = parse_number(cell) if cell else 0
    if not 0 <= number <= MOST_DAYS:
        raise ValueError(f"expected a number of days from 0 to {MOST_DAYS:,}, got '{shorten(cell)}'")
    return float(number)
