"""What date and budget together have to say: how likely both are, and the picture with its contours."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from dcsim.dates import last_minute, parse_limit
from dcsim.document.chart import Axis, Chart, Dash, Dots, Line, Mark, Rule
from dcsim.document.measure import scaled
from dcsim.document.report import Column, Section, Table
from dcsim.document.words import NEVER, date_of, money, share
from dcsim.scenario.finance import TOGETHER
from dcsim.study.result import Result

MOST_DOTS = 2_000
"""Replications that are drawn, the first of all."""
LOOKS: dict[float, tuple[str, Dash]] = {0.5: ("navy", "dot"), 0.7: ("blue", "dash"), 0.8: ("purple", "solid")}
COUNTS = (
    "Cost: what was received by the end of the month of the milestone, for running costs, rents and investment, "
    "whether paid or not, before interest. On a contour, and above and to the right of it, date and budget are both "
    "kept in at least that share of the replications."
)


def section(result: Result) -> Section:
    """How likely date and budget are, and which dates and budgets are that likely together."""
    about, contours = result.about.get("joint"), result.tables["contours"]
    if not about or contours.empty:
        return Section("")
    limit, budget, currency = _limit(about), about["budget"], str(result.about["currency"])
    rows = []
    for level, part in _levels(contours):
        row: list[Any] = [share(level, digits=0), part["date"].iloc[0], part["cost"].iloc[0]]
        if limit is not None:
            until = part[part["date"] <= limit]
            row.append(until["cost"].iloc[-1] if len(until) else "not by then")
        if budget is not None:
            enough = part[part["cost"] <= budget]
            row.append(enough["date"].iloc[0] if len(enough) else NEVER)
        rows.append(row)
    columns = [Column("both with"), Column("earliest", "date"), Column("budget then", "money")]
    columns += [Column(f"budget by {about['date']}", "money")] if limit is not None else []
    columns += [Column(f"date for {money(budget)}", "date")] if budget is not None else []
    table = Table(columns, rows, f"joint confidence, {currency}")
    return Section(
        "Date and budget", _sentences(result, about), tables=(table,), charts=(joint(result),), notes=(COUNTS,)
    )


def _levels(contours: pd.DataFrame) -> list[tuple[float, pd.DataFrame]]:
    """The contour of each level."""
    parts = [(level, contours[contours["confidence"] == level]) for level in LOOKS]
    return [(level, part) for level, part in parts if len(part)]


def _limit(about: Mapping[Hashable, Any]) -> pd.Timestamp | None:
    return None if about["date"] is None else pd.Timestamp(last_minute(parse_limit(about["date"])))


def _sentences(result: Result, about: Mapping[Hashable, Any]) -> tuple[str, ...]:
    """How likely it is to keep the date, the budget, and both."""
    n, date, budget = result.simulated, about["date"], about["budget"]
    by = f"by {date}" if date is not None else ""
    sum_ = f"for no more than {money(budget, str(result.about['currency']))}" if budget is not None else ""

    def often(key: str) -> str:
        estimate, low, high = about[key]
        return f"{share(estimate, n)} (95 %: {share(low)} to {share(high)})"

    if date is not None and budget is not None:
        alone = (
            f"the date alone {share(about['by_date'][0], n)}, the budget alone {share(about['within_budget'][0], n)}"
        )
        return (f"{about['milestone']} {by} and {sum_}: {often('both')}; {alone}.",)
    if date is not None or budget is not None:
        key = "by_date" if date is not None else "within_budget"
        return (f"{about['milestone']} {by or sum_}: {often(key)}.",)
    return ()


def joint(result: Result) -> Chart:
    """Date and cost of each replication, with the contours of joint confidence, the date and the budget wanted."""
    about, rows = result.about.get("joint"), result.tables["joint"].head(MOST_DOTS).dropna(subset=["date"])
    if not about or rows.empty or result.about["seed"] == "expected":
        return Chart("Date and budget", empty="no replication reaches the milestone, or there is one alone")
    contours, currency = result.tables["contours"], str(result.about["currency"])
    size, unit = scaled(np.concatenate([rows["cost"], contours["cost"]]), currency)
    limit, budget = _limit(about), about["budget"]
    within = (rows["date"] <= limit if limit is not None else True) & (rows["cost"] <= (budget or np.inf))
    within = pd.Series(within, rows.index) if not isinstance(within, pd.Series) else within
    limited = limit is not None and budget is not None
    marks: list[Mark] = []
    for chosen, name, colour in ((within, "date and budget kept", "green"), (~within, "not kept", "grey")):
        part = rows[chosen]
        if len(part):
            x, y = part["date"].to_numpy("datetime64[s]"), part["cost"].to_numpy(np.float64) / size
            notes = [
                f"replication {k}: {date_of(day)}, {money(cost, currency)}"
                for k, day, cost in part[["replication", "date", "cost"]].itertuples(index=False)
            ]
            marks.append(Dots(name=name if limited else "replication", colour=colour, x=x, y=y, size=4, notes=notes))
    for level, part in _levels(contours):
        colour, dash = LOOKS[level]
        first = part.iloc[:1].assign(cost=max(rows["cost"].max(), budget or 0))  # before it no budget is enough
        line = pd.concat([first, part])
        x, y = line["date"].to_numpy("datetime64[s]"), line["cost"].to_numpy(np.float64) / size
        marks.append(Line(name=f"both with {share(level, digits=0)}", colour=colour, x=x, y=y, dash=dash, steps=True))
    if limit is not None:
        marks.append(Rule(name=f"by {about['date']}", colour="red", at=limit.to_pydatetime(), dash="dash"))
    if budget is not None:
        ends = np.array([rows["date"].min(), rows["date"].max()], "datetime64[s]")
        marks.append(
            Line(name=f"budget {money(budget)}", colour="orange", x=ends, y=np.full(2, budget / size), dash="dash")
        )
    summary = "; ".join(_sentences(result, about)) or f"{len(rows):,} replications"
    owner = "" if result.about["party"] == TOGETHER else f" of {result.about['party']}"
    title = f"{about['milestone']}: date and cost{owner}"
    if limited:
        title += f", both kept in {share(about['both'][0], result.simulated, 0)} of replications"
    return Chart(title, Axis("date"), Axis(title=f"cost by then, {unit}"), marks, "", summary)
