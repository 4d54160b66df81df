"""What can be done for a price: how many days each option buys, and which together are best."""

from collections.abc import Iterator
from typing import Any

from dcsim.charts.plotly import rows_height, text
from dcsim.document.report import Cell
from dcsim.report.page.parts import Chart, Line, Section, dots, rows_layout, table
from dcsim.report.page.results import Results
from dcsim.report.page.words import between, days, known, money
from dcsim.study.result import Result

MOST_ROWS, MOST_SETS = 20, 5
"""Options and sets that are shown."""


def sections(results: Results) -> Iterator[Section]:
    """A section for every result."""
    for number, found in enumerate(results.of("mitigations")):
        yield _mitigations(found, f"mitigations{number}")


def _mitigations(found: Result, name: str) -> Section:
    """What each option costs and brings, and which together are best."""
    about, currency = found.about, str(found.about.get("currency") or "")
    said = [f"Within a budget of {money(float(about['budget']), currency)}."] if about.get("budget") is not None else []
    options: list[Line] = [
        [row["option"], row["kind"], _price(row, currency), _earlier(row), _per_million(row)]
        for row in found.tables["options"].head(MOST_ROWS).to_dict("records")
    ]
    sets: list[Line] = [
        [
            str(int(row["rank"])),
            Cell(row["members"], emphasis="strong" if row["rank"] == 1 else ""),
            _price(row, currency),
            _earlier(row),
        ]
        for row in found.tables["sets"].head(MOST_SETS).to_dict("records")
    ]
    members: list[Line] = [
        [row["option"], *(days(row[part]) for part in ("alone", "marginal", "interaction"))]
        for row in found.tables["members"].to_dict("records")
    ]
    tables = [
        table("The best sets", ("Rank", "Done together", ">Cost", ">Earlier by"), sets),
        table(
            "In the best set: days earlier", ("Option", ">Alone", ">Beside the others", ">By going together"), members
        ),
        table("Each option alone", ("Option", "Kind", ">Cost", ">Earlier by", ">Per million"), options),
    ]
    charts = [_dots(found, name)] if options else []
    return Section(name, "What can be done", said, charts, [one for one in tables if one.groups[0].rows])


def _price(row: dict[Any, Any], currency: str) -> str:
    return money(row["cost"], currency) if known(row["cost"]) else ""


def _per_million(row: dict[Any, Any]) -> str:
    return days(row["per_million"]) if known(row["per_million"]) else ""


def _dots(found: Result, name: str) -> Chart:
    """How many days earlier each option alone is, the best first."""
    told = found.tables["options"].rename(columns={"days": "mean"})
    told = told[told["mean"].map(known)].sort_values("mean", ascending=False, kind="stable").head(MOST_ROWS)
    told = told.reset_index(drop=True)
    traces = []
    for colour, (kind, part) in zip(("blue", "orange"), told.groupby("kind", sort=False), strict=False):
        said = [f"{text(row['option'])}: {_earlier(row | {'days': row['mean']})}" for row in part.to_dict("records")]
        traces.append(dots(str(kind), colour, part.index.tolist(), said, part))
    axis = {"title": {"text": "days earlier"}, "zeroline": True, "zerolinecolor": "@soft", "rangemode": "tozero"}
    return Chart(
        f"{name}dots",
        "What each option buys alone",
        "Dot: days earlier on average. Line: the 95 % interval of that.",
        "; ".join(f"{row['option']} {days(row['mean'])}" for row in told.to_dict("records")) + ".",
        rows_height(len(told)),
        traces,
        rows_layout(told["option"].tolist(), xaxis=axis),
    )


def best_option(results: Results) -> str:
    """The best set of things to do, in a sentence."""
    for found in results.of("mitigations"):
        best = found.tables["sets"].sort_values("rank").head(1).to_dict("records")
        if not best or not best[0]["members"] or not best[0]["days"] > 0:
            return "Nothing that can be done within the budget makes it earlier."
        row, currency = best[0], str(found.about.get("currency", ""))
        price = f" for {money(row['cost'], currency)}" if known(row["cost"]) and row["cost"] else ""
        told = f"95\N{NO-BREAK SPACE}%: {between(row, _number)}"
        return f"Best option: {row['members']}{price}, {days(row['days'], ' days')} earlier on average ({told})."
    return ""


def _earlier(row: dict[Any, Any]) -> str:
    """How many days earlier, with the 95 % interval of that."""
    return f"{days(row['days'])} ({between(row, _number)})" if known(row["days"]) else ""


def _number(number: float) -> str:
    return days(number, "")
