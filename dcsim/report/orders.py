"""The latest dates of orders as they are printed."""

from collections.abc import Hashable, Iterator, Mapping
from math import isinf, isnan
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.dates import spelled
from dcsim.document.words import counted, share
from dcsim.report.layout import below, headline, table_of
from dcsim.study.orders import Orders
from dcsim.study.unfinished import never


def orders_report(result: Orders) -> Group:
    """Everything that `dcsim order-by` tells."""
    title = headline(result.scenario, counted(result.n, "replication"), f"seed {result.seed}")
    lacks = map(Text, never(result.stuck, result.n))
    return Group(title, Text(_question(result)), *lacks, below("", _dates(result)), *_notes(result.orders))


def _question(result: Orders) -> str:
    """What is wanted, and how likely it is with all orders as planned."""
    enough = result.probability >= result.confidence
    wanted = f"{result.milestone} by {spelled(result.date)} with {result.confidence:.0%}".replace("%", " %")
    return f"{wanted}; as planned {'it is' if enough else 'it is only'} {share(result.probability, result.n)}"


def _dates(result: Orders) -> RenderableType:
    table = table_of("order", ">placed", ">at the latest", ">95 %", ">days", ">chance")
    for row in result.orders.to_dict("records"):
        cells = [
            f"{row['supply']} {row['order']}",
            _date(row["placed"]) or "after",
            _latest(row),
            _interval(row["latest_low"], row["latest_high"], row["latest"]),
            "" if isinf(row["slack"]) or isnan(row["slack"]) else f"{row['slack']:+.0f}",
            share(row["probability"], result.n, 0),
        ]
        table.add_row(*map(Text, cells))
    return table


def _latest(row: Mapping[Hashable, Any]) -> str:
    if row["latest"] == row["latest"]:
        return _date(row["latest"])
    return "any date" if isinf(row["slack"]) else "no date" if isnan(row["slack"]) else ""


def _date(moment: Any) -> str:
    return "" if moment is pd.NaT else f"{moment:%Y-%m-%d}"


def _interval(low: Any, high: Any, latest: Any) -> str:
    """The ends as month and day, with their year where it is another."""
    if latest is pd.NaT:
        return ""
    ends = ("?" if end is pd.NaT else f"{end:%m-%d}" if end.year == latest.year else _date(end) for end in (low, high))
    return " - ".join(ends)


def _notes(orders: pd.DataFrame) -> Iterator[RenderableType]:
    noted = [
        f"{row['supply']} {row['order']}: {row['note']}".replace("%", " %")
        for row in orders.to_dict("records")
        if row["note"]
    ]
    yield below("", *(Text(line) for line in noted))
    yield below(
        "",
        Text(
            "Each order alone, all else as planned, with the same random numbers; chance is\n"
            "that of the milestone with the order placed then. ?: too few replications to tell.",
            style="dim",
        ),
    )
