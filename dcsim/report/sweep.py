"""A sweep as it is printed: days by value, or the P80 of a milestone for every two values as a table of both."""

from collections.abc import Iterator
from datetime import datetime
from math import isinf

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.document.words import NEVER, counted, day
from dcsim.report.layout import below, headline, table_of
from dcsim.study.sweep import Sweep, names_of
from dcsim.study.unfinished import missing

MOST_ACROSS = 9
"""Values that fit beside each other in 80 columns."""


def sweep_report(result: Sweep) -> Group:
    """Everything that `dcsim sweep` tells."""
    scenario, count = result.scenario, result.points["point"].nunique()
    said = (counted(count, "point"), f"{counted(result.n, 'replication')} each", f"seed {result.seed}")
    zero = f"the same random numbers in all points; day 0 is {scenario.zero:%Y-%m-%d}"
    parts: list[RenderableType] = [headline(scenario, *said), Text(zero, style="dim")]
    whose = result.stuck["point"].map(names_of(result.points, [axis.path for axis in result.axes]))
    for name in result.milestones:
        of_it = result.points[result.points["milestone"] == name]
        parts += _both(result, name, of_it) if _as_map(result) else _list(result, name, of_it)
        parts += map(Text, missing(result.stuck, name, whose, result.n))
    if any(isinf(value) for value in result.points["p80"]):
        horizon = datetime.fromisoformat(result.findings.about["horizon"])
        parts.append(Text(f"{NEVER}: not by the horizon, {horizon:%Y-%m-%d}", style="dim"))
    return Group(*parts)


def _as_map(result: Sweep) -> bool:
    return result.samples is None and len(result.axes) == 2 and len(result.axes[1].values) <= MOST_ACROSS


def _list(result: Sweep, name: str, of_it: pd.DataFrame) -> Iterator[RenderableType]:
    """A line for every point."""
    paths = [axis.path for axis in result.axes]
    table = table_of(*paths, ">P50", ">P80", ">mean", ">reached")
    for row in of_it.to_dict("records"):
        values = [str(row[path]) for path in paths]
        days = [day(row[measure]) for measure in ("p50", "p80", "mean")]
        table.add_row(*map(Text, (*values, *days, f"{100 * row['reached']:.0f} %")))
    yield below(f"{name}, day", table)


def _both(result: Sweep, name: str, of_it: pd.DataFrame) -> Iterator[RenderableType]:
    """A line for every value of the first path, a column for every value of the second."""
    down, across = result.axes
    values = list(of_it[across.path].drop_duplicates())
    table = table_of("", *(f">{value}" for value in values))
    for value, row in of_it.groupby(down.path, sort=False):
        table.add_row(Text(str(value)), *(Text(day(number)) for number in row["p80"]))
    yield below(f"{name}, P80 day", Text(f"down: {down.path}\nacross: {across.path}", style="dim"), table)
