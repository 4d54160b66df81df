"""What changes buy, as it is printed: for each milestone every scenario beside the base, and what accounts for it."""

from collections.abc import Hashable, Iterator, Mapping
from math import isfinite, isnan
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.report.language import UNKNOWN, counted, date_of, day, share, spent_on
from dcsim.report.layout import below, headline, table_of
from dcsim.report.unfinished import never
from dcsim.study.compare import BASE, Comparison

MOST_CAUSES = 3
"""Causes that are printed beside a change."""
SMALL = 0.05
"""Days that are not worth telling."""

NOTE = (
    "Accounted for by: how the days of the driving chains differ. Where a change moves the chain elsewhere, what it "
    "led through before has fewer days."
)
HARDLY = 0.9
"""Widths of paired intervals beside unpaired ones above which it is said that pairing does not help."""

Row = Mapping[Hashable, Any]


def comparison_report(result: Comparison) -> Group:
    """Everything that `dcsim compare` tells."""
    told = [counted(result.base.n, "replication") + " each", f"seed {result.base.seed}", "same random numbers"]
    zero = Text(f"days from {result.base.network.zero:%Y-%m-%d}; negative differences are earlier", style="dim")
    parts = [part for milestone in result.milestones_compared for part in _milestone(result, milestone)]
    return Group(
        headline(result.base.scenario, *told), zero, *parts, below("", Text(NOTE, style="dim")), *_pairing(result)
    )


def _milestone(result: Comparison, milestone: str) -> Iterator[RenderableType]:
    """One milestone in every scenario, and what accounts for the differences."""
    table = table_of("scenario", ">P50", ">P80", ">P80 date", ">difference", ">95 %", ">earlier")
    of_it = result.differences[result.differences["milestone"] == milestone].set_index("scenario")
    for row in result.milestones[result.milestones["milestone"] == milestone].to_dict("records"):
        cells = [row["scenario"], day(row["p50"]), day(row["p80"]), date_of(row["p80_date"])]
        if row["scenario"] != BASE:
            cells += _difference(of_it.loc[row["scenario"]].to_dict(), result.base.n)
        table.add_row(*map(Text, cells))
    yield below(milestone, table, *map(Text, _never(result, milestone)))
    lines = table_of("", "accounted for by")
    causes = result.causes[result.causes["milestone"] == milestone]
    for label, part in causes.groupby("scenario", sort=False):
        if told := _accounted(part):
            lines.add_row(Text(str(label)), Text(told))
    if lines.row_count:
        yield below("", lines)


def _never(result: Comparison, milestone: str) -> Iterator[str]:
    """Which scenarios do not always get there, and what is missing."""
    here = result.stuck[result.stuck["milestone"] == milestone]
    for label, part in here.groupby("scenario", sort=False):
        yield from never(part.assign(milestone=label), result.base.n)


def _difference(row: Row, n: int) -> list[str]:
    """The mean difference with its interval; the median where one of both does not always get there."""
    earlier = share(row["earlier"], n, 0)
    if isnan(row["mean"]):
        return [f"median {_signed(row['median'])}", "", earlier]
    if row["mean"] == row["low"] == row["high"] == 0:
        return ["0", "", earlier]
    low, high = (f"{round(row[end], 1) or 0.0:+.1f}" for end in ("low", "high"))
    return [_signed(row["mean"]), f"{low} to {high}" if isfinite(row["low"]) else UNKNOWN, earlier]


def _signed(days: float) -> str:
    if not isfinite(days):
        return "never" if days > 0 else "gained"
    return f"{round(days, 1) or 0.0:+.1f} d"


def _accounted(part: pd.DataFrame) -> str:
    """The largest changes of what the days are spent on."""
    rows = [row for row in part.head(MOST_CAUSES).to_dict("records") if abs(row["change"]) >= SMALL]
    told = [f"{row['change']:+.1f} {spent_on(row['kind'], row['name'])}" for row in rows]
    rest = part["change"].sum() - sum(row["change"] for row in rows)
    return "; ".join(told) + (f"; {rest:+.1f} all else" if rows and abs(rest) >= SMALL else "")


def _pairing(result: Comparison) -> Iterator[RenderableType]:
    """How far the same random numbers help, or that they do not."""
    ratios = result.differences.dropna(subset=["width_ratio"])
    ratios = ratios[ratios["width_ratio"] > 0]
    if ratios.empty:
        return
    rows = sorted(ratios.to_dict("records"), key=lambda row: float(row["width_ratio"]))
    lines = [
        f"The same random numbers make intervals as narrow as {rows[0]['width_ratio']:.2f} of what independent samples "
        f"give ({rows[0]['scenario']}, {rows[0]['milestone']})."
    ]
    lines += [
        f"They hardly help for {row['scenario']}, {row['milestone']}: {row['width_ratio']:.2f}."
        for row in rows
        if row["width_ratio"] > HARDLY
    ]
    yield below("", *(Text(line, style="dim") for line in lines))
