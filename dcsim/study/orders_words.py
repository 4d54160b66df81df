"""What the latest dates of orders have to say, and their picture."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import isinf, isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.dates import Limit, parse_limit, spelled
from dcsim.document.chart import Axis, Bars, Chart, Dots
from dcsim.document.names import Name
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import UNKNOWN, date_of, share
from dcsim.study.latest import interval
from dcsim.study.result import Result
from dcsim.study.unfinished import never

PLACED = "placed by"
"""How the note of an order begins that was placed when something was seen of the build."""
NOTE = (
    "Each order alone, all others as planned, with the same random numbers. chance: the probability of the milestone "
    "if the order is placed then. ?: needs more replications."
)


def first_answer(wanted: Limit, hits: NDArray[np.bool_]) -> str:
    """How likely the date is as planned, before any order is moved."""
    low, high = (100 * float(end) for end in interval(hits.sum(), len(hits)))
    chance = f"{100 * hits.mean():.0f} % (95 % interval {low:.0f} to {high:.0f} %)"
    return f"first answer, {len(hits):,} replications: by {spelled(wanted)} as planned {chance}"


def report(result: Result, milestone: str = "") -> Report:
    """What is wanted and how likely it is as planned, and until when each order can wait."""
    orders, n = result.tables["orders"].to_dict("records"), result.simulated
    columns = (
        *(Column("order"), Column("planned", "date"), Column("latest", "date"), Column("95 % interval", "range")),
        *(Column("slack, days", "change", digits=0), Column("chance", "share", n, 0)),
    )
    rows = [
        [
            _called(row),
            "after" if row["placed"] is pd.NaT else row["placed"],
            Cell(_latest(row), emphasis="strong"),
            _ends(row),
            row["slack"] if np.isfinite(row["slack"]) else "",
            row["probability"],
        ]
        for row in orders
    ]
    said = (_question(result), *never(result.tables["stuck"], n))
    everyone = "all orders" if result.about.get("orders") is None else "all of these orders"
    noted = [f"{called}: {note}".replace("%", " %") for note, called in _by_note(orders, everyone)]
    table = Section("", said, tables=[Table(columns, rows)], charts=[latest_dates(result)])
    return Report.of("When to order", result.subject(), [table, Section("", points=noted), Section("", notes=[NOTE])])


def _by_note(orders: Sequence[Mapping[Hashable, Any]], everyone: str) -> Iterator[tuple[str, str]]:
    """Each note once, with the orders that it is about, or with what they are called together."""
    notes: dict[str, list[str]] = {}
    for row in orders:
        notes.setdefault(row["note"], []).append(_called(row))
    for note, named in notes.items():
        if note:
            yield note, ", ".join(named) if len(named) < max(3, len(orders)) else everyone


def _question(result: Result) -> str:
    about = result.about
    probability, confidence = float(about["probability"]), float(about["confidence"])
    by, likely = spelled(parse_limit(about["date"])), share(probability, result.simulated)
    only = "" if probability >= confidence else "only "
    return f"{about['milestone']} by {by}: {share(confidence, digits=0)} wanted, {only}{likely} as planned"


def _called(row: Mapping[Hashable, Any]) -> str:
    supply, order = row["supply"], row["order"]
    return f"{supply} ({order})" if isinstance(supply, Name) else f"{supply}.{order}"


def _latest(row: Mapping[Hashable, Any]) -> Any:
    """The latest date, or why there is none."""
    if row["latest"] is not pd.NaT:
        return row["latest"]
    if row["note"].startswith(PLACED):
        return "placed"
    return "any date" if isinf(row["slack"]) else "no date" if isnan(row["slack"]) else ""


def _ends(row: Mapping[Hashable, Any]) -> str:
    """The ends of the interval: as month and day only where both are in the year of the latest date."""
    latest, ends = row["latest"], (row["latest_low"], row["latest_high"])
    if latest is pd.NaT:
        return ""
    form = "%m-%d" if all(end is not pd.NaT and end.year == latest.year for end in ends) else "%Y-%m-%d"
    return " - ".join(UNKNOWN if end is pd.NaT else end.strftime(form) for end in ends)


def latest_dates(result: Result) -> Chart:
    """When each order is planned, and the latest date for it, with the interval of that date."""
    about, orders = result.about, result.tables["orders"].reset_index(drop=True)
    by = f"{about['milestone']} by {spelled(parse_limit(about['date']))} with {share(about['confidence'], digits=0)}"
    names = [_called(row) for row in orders.to_dict("records")]
    placed, latest = (orders[orders[name].notna()] for name in ("placed", "latest"))
    if placed.empty:
        return Chart(f"Latest order dates: {by}", empty="no order is placed on a date")
    low, high = (_moments(latest[end].fillna(latest["latest"])) for end in ("latest_low", "latest_high"))
    open_ = [end if isinstance(end := _latest(row), str) else "" for row in placed.to_dict("records")]
    planned = [f"{_called(row)}: planned {date_of(row['placed'])}" for row in placed.to_dict("records")]
    lines = [f"{_called(row)}: {date_of(row['latest'])} at the latest" for row in latest.to_dict("records")]
    from_, until, rows = _moments(latest["placed"]), _moments(latest["latest"]), latest.index.to_numpy(np.float64)
    marks = (
        Bars(colour="line", rows=rows.tolist(), start=from_, end=until, height=0.12),
        Dots(
            name="planned",
            colour="grey",
            x=_moments(placed["placed"]),
            y=placed.index.to_numpy(np.float64),
            labels=open_,
            notes=planned,
        ),
        Dots(
            name="at the latest, with 95 % interval",
            symbol="bar",
            size=16,
            x=until,
            y=rows,
            low=low,
            high=high,
            notes=lines,
        ),
    )
    said = "; ".join([*planned, *lines])
    title, y = f"Latest order dates: {by}", Axis("rows", names=names)
    return Chart(title, Axis("date"), y, marks, "", said, day_zero=result.scenario.zero)


def _moments(dates: "pd.Series[pd.Timestamp]") -> NDArray[np.datetime64]:
    return dates.to_numpy("datetime64[m]")


CHARTS = {"orders": latest_dates}
