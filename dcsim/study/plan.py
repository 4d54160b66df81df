"""A plan to compare with: how many units should be there from which date on, as someone else wrote it down."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dcsim.analysis.delay import Growth
from dcsim.errors import Problem, RequestError, ScenarioError
from dcsim.network import Network
from dcsim.scenario.files import UnreadableFileError, read_text
from dcsim.scenario.table import UnreadableTableError, read_table
from dcsim.scenario.values import read_date
from dcsim.suggest import nearest
from dcsim.units import parse_amount

if TYPE_CHECKING:
    import pandas as pd

DATE, AMOUNT = "date", "amount"
MOST = 2**53
"""Units; a plan of more is a slip."""

Row = tuple[Problem, Any, Any]
"""Where it stands, its date and its amount."""
Step = tuple[datetime, int, Problem]
"""From which date on so many units are there, and where that stands."""


def plan_of(target: "pd.DataFrame | str | Path", unit: str, network: Network, initial: int) -> Growth:
    """A plan as growth beyond what is there at the start: `amount` units are there from each `date` on.

    Raises
    ------
    RequestError
        It cannot be read; with every row that says why.
    """
    from_file = isinstance(target, str | Path)
    name = str(target) if from_file else "the frame"
    try:
        rows = list(_of_file(name) if from_file else _of_frame(target))  # type: ignore[arg-type]
        steps = _steps(rows, unit)
    except UnreadableTableError as error:
        wanted = f"cannot read the plan: it is a table of `{DATE}` and `{AMOUNT}`"
        raise RequestError(f"{wanted}: {ScenarioError(error.problems, name)}") from None
    amounts = np.array([initial, *(max(amount, initial) for _, amount, _ in steps)], np.int64)
    minutes = [int((moment - network.start).total_seconds()) // 60 for moment, _, _ in steps]
    return Growth(np.maximum(0, np.array(minutes, np.int64)), np.diff(amounts))


def _of_file(name: str) -> Iterator[Row]:
    try:
        table = read_table(read_text(Path(name), name), name)
    except UnreadableFileError as error:
        raise UnreadableTableError(Problem("", str(error), name)) from None
    missing = [Problem("", table.missing(column), name) for column in (DATE, AMOUNT) if column not in table.columns]
    if missing:
        raise UnreadableTableError(*dict.fromkeys(missing))
    for (line, date), (_, amount) in zip(table.column(DATE), table.column(AMOUNT), strict=True):
        yield Problem("", "", name, line), date, amount


def _of_frame(frame: "pd.DataFrame") -> Iterator[Row]:
    columns = list(map(str, frame.columns))
    for column in (DATE, AMOUNT):
        if columns.count(column) != 1:
            missing = f"no column '{column}'{nearest(column, columns, 'columns')}"
            raise UnreadableTableError(Problem("", f"two columns '{column}'" if column in columns else missing))
    if frame.empty:
        raise UnreadableTableError(Problem("", "it has no rows"))
    for label, date, amount in zip(frame.index, frame[DATE].tolist(), frame[AMOUNT].tolist(), strict=True):
        yield Problem(f"row {label}", ""), date, amount


def _steps(rows: Sequence[Row], unit: str) -> list[Step]:
    """The rows in the order of their dates; raises UnreadableTableError with all that cannot stand in a plan."""
    problems: list[Problem] = []
    steps: list[Step] = []

    def say(where: Problem, column: str, message: str) -> None:
        path = f"{where.path}.{column}" if where.path else column
        problems.append(replace(where, path=path, message=message))

    for where, date, amount in rows:
        moment = units = None
        try:
            moment = read_date(date) if date == date else read_date("")
        except ValueError as error:
            say(where, DATE, str(error))
        try:
            units = parse_amount(amount, unit)
        except ValueError as error:
            say(where, AMOUNT, str(error))
        if units is not None and units > MOST:
            say(where, AMOUNT, f"at most {MOST:,} units, got {units:,}")
        elif moment is not None and units is not None:
            steps.append((moment, units, where))
    steps.sort(key=lambda step: step[0])
    for (before, less, _), (moment, units, where) in pairwise(steps):
        if moment == before:
            say(where, DATE, f"{moment:%Y-%m-%d %H:%M} is in the plan twice")
        elif units < less:
            say(where, AMOUNT, f"{units:,} after {less:,}; a plan gives cumulative amounts, which never fall")
    if problems:
        raise UnreadableTableError(*problems)
    return steps
