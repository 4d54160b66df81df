"""What is said of an announced date: one paragraph, one picture, and the tables behind them."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from dcsim.dates import last_minute, parse_limit
from dcsim.document.causes import spent_on
from dcsim.document.chart import Axis, Chart, Dots, Line, Rule
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import change, counted, date_of, joined, money, share
from dcsim.study.result import Result

OVERRUN = 0.34
"""By which share of the planned duration data-center projects are late on average (B088)."""
USUALLY = (
    "How other announced dates fare: of 110 data centers planned for 2025, 26 % came late and the dates of another "
    "10 % were moved without notice; half of the large sites that are planned are slower than planned or never built; "
    "9 of 10 projects are late, by 34 % of the planned duration on average"
)
TRACKED = (
    "Two tracked sites have an announced date (n = 2, which says little): one kept it within the error of its date; a "
    "state filing puts the first building of the other five months after the date announced for two buildings"
)
SOURCES = (
    "Late or moved in 2025: Semafor, 2026-02-24 (https://www.semafor.com/article/02/24/2026/data-centers-hit-by-power-"
    "delays-equipment-shortages). Slower or never built: Trendici, 2025 (https://trendici.com/why-half-of-all-planned-"
    "mega-data-centers-may-never-be-built). By 34 %: Foresight Works in Fierce Network, 2025 (https://fierce-network.com/"
    "cloud/optimism-could-kill-data-center-boom). These rates do not change the probability.",
    "Tracked: Meta Temple, announced for 2026-03-01, in operation 2025-12-09, ± 90 days; Goodnight, "
    "announced for spring 2026 (Epoch AI, Data Centers, CC BY 4.0).",
)
HOW = (
    "Each line gives the limit of one input that best separates the replications that keep the date from the others, "
    "and the chance of the date on either side of it. Inputs that do not separate them clearly (Kolmogorov-Smirnov "
    "test, 1 %) are left out. The same replications choose the limits, so the two chances are a little too far apart. "
    "Orders and durations are shown without the factors that they vary with."
)
MOST_CONDITIONS, MOST_CAUSES, MOST_NAMED = 12, 8, 3
"""Rows of tables, and what the paragraph names."""
WORTH_SAYING = 1.0
"""Days, and points of a chance, below which nothing is said."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """Whether the date is kept, in a paragraph and a picture; what separates those that keep it, and what helps."""
    first = Section("", (" ".join(_paragraph(result)),), charts=(chances(result),), notes=SOURCES)
    sections = [first, _conditions(result), _causes(result), _measures(result)]
    return Report.of("An announced date", [*result.subject(), str(result.about["promise"])], sections)


def _paragraph(result: Result) -> Iterator[str]:
    about, n = result.about, result.simulated
    ends = f"95 %: {share(about['low'], 0, 0)} to {share(about['high'], 0, 0)}"
    yield f"{about['promise']}: kept in {share(about['probability'], n, 0)} of {counted(n, 'replication')} ({ends})."
    half, most = (_moment(about[name]) for name in ("p50_date", "p80_date"))
    horizon = "" if about["p50_date"] else " (not by the end of the simulation)"
    yield f"The P50 is {date_of(half)}{horizon}, the P80 {date_of(most)}."
    yield from _why(result)
    usual = f", which here would be {about['usual']}" if about["usual"] else ""
    yield f"{USUALLY}{usual}. {TRACKED}."


def _why(result: Result) -> Iterator[str]:
    """What would have to be true, what the others wait for, and what would help."""
    about, conditions = result.about, result.tables["conditions"].head(MOST_NAMED).to_dict("records")
    if conditions:
        parts = [
            f"{_condition(row)} (then {share(row['with'], 0, 0)}, else {share(row['without'], 0, 0)})"
            for row in conditions
        ]
        yield f"What would have to be true: {joined(parts)}."
    elif 0 < about["probability"] < 1:
        yield "No single input separates the replications that keep it from the others."
    more = [row for row in result.tables["causes"].to_dict("records") if row["more"] >= WORTH_SAYING][:MOST_NAMED]
    if more:
        parts = [f"{spent_on(row['kind'], row['name'])} ({change(row['more'], 0)} d)" for row in more]
        yield f"Late replications spend longer on {joined(parts)}."
    helps = [row for row in result.tables["measures"].to_dict("records") if 100 * row["more"] >= WORTH_SAYING]
    if helps:
        parts = [f"{row['option']} (to {share(row['probability'], result.simulated, 0)})" for row in helps[:MOST_NAMED]]
        yield f"What raises the chance: {joined(parts)}."


def _condition(row: Row) -> str:
    """What would have to be true of an input."""
    name, limit, side = row["input"], row["limit"], row["side"]
    match row["kind"]:
        case "risk":
            return f"{name} does not occur" if side == "at most" else f"{name} occurs"
        case "order":
            return f"order {name} there {'by' if side == 'at most' else 'not before'} {date_of(row['limit_date'])}"
        case "activity":
            return f"{name} {side} {limit:,.0f} d"
        case "branch":
            return f"{name} takes way {limit + 1:.0f} or {'an earlier' if side == 'at most' else 'a later'} one"
    return f"{name} {side} {limit:.2f}"


def _conditions(result: Result) -> Section:
    """What separates the replications that keep the date from the others."""
    rows = [
        [_condition(row), row["kind"], *(row[name] for name in ("with", "without", "kept", "missed"))]
        for row in result.tables["conditions"].head(MOST_CONDITIONS).to_dict("records")
    ]
    titles = ("chance if true", "if not", "true in those kept", "true in the others")
    shares = (Column(title, "share", 0, 0) for title in titles)
    columns = (Column("what would have to be true"), Column("kind"), *shares)
    return Section("What would have to be true", tables=(Table(columns, rows),), notes=(HOW,)) if rows else Section("")


def _causes(result: Result) -> Section:
    """What the days of either are spent on."""
    names = ("kept", "missed", "more", "kept_share", "missed_share")
    rows = [
        [spent_on(row["kind"], row["name"]), *(row[name] for name in names)]
        for row in result.tables["causes"].head(MOST_CAUSES).to_dict("records")
        if abs(row["more"]) >= WORTH_SAYING
    ]
    days = (Column("kept", "days", digits=0), Column("late", "days", digits=0), Column("more", "change", digits=0))
    often = (Column("on chain if kept", "share", 0, 0), Column("if late", "share", 0, 0))
    columns = (Column("days spent on"), *days, *often)
    return Section("What late replications wait for", tables=(Table(columns, rows),)) if rows else Section("")


def _measures(result: Result) -> Section:
    """What the file offers, and the chance with each."""
    rows = []
    for row in result.tables["measures"].to_dict("records"):
        cost = "?" if pd.isna(row["cost"]) else money(row["cost"], row["currency"])
        rows.append([row["option"], row["kind"], cost, row["probability"], change(100 * row["more"], 0)])
    columns = (
        *(Column("measure"), Column("kind"), Column("cost", "money")),
        *(Column("chance with it", "share", result.simulated, 0), Column("points", "change")),
    )
    return Section("What raises the chance", tables=(Table(columns, rows),)) if rows else Section("")


def _moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def chances(result: Result) -> Chart:
    """The chance to be there by each date, with the announced one, and that of a promise that is late as usual."""
    about = result.about
    dates = np.sort(result.tables["outcomes"]["date"].dropna().to_numpy("datetime64[s]"))
    limit = last_minute(parse_limit(about["date"]))
    chance = share(about["probability"], result.simulated, 0)
    title = f"{about['promise']}: {chance}"
    if not len(dates):
        return Chart(title, empty="it is reached in no replication")
    rise = np.arange(1, len(dates) + 1) / result.simulated
    marks: list[Any] = [
        Line(name="chance to be there by then", x=dates, y=rise, steps=True),
        Rule(name=f"announced: {chance}", colour="red", at=limit),
    ]
    if about["usual"]:
        at = datetime.fromisoformat(about["usual"])
        marks.append(Rule(name="late as usual, by 34 %", colour="grey", dash="dash", at=at))
    for name, level in (("p50_date", 0.5), ("p80_date", 0.8)):
        if about[name]:
            x = np.array([about[name]], "datetime64[s]")
            marks.append(Dots(name=f"P{level * 100:.0f}  {about[name][:10]}", x=x, y=np.array([level])))
    summary = f"{title}; even odds {about['p50_date'] or 'not by the end of the simulation'}"
    zero = result.scenario.zero
    return Chart(title, Axis("date"), Axis("share", title="replications", low=0, high=1), marks, "", summary, zero)


CHARTS = {"chances": chances}
