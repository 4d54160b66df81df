"""What else was asked: values that were swept, orders to place, and what being late costs."""

from collections.abc import Iterator

import pandas as pd

from dcsim.charts.plotly import text
from dcsim.dates import parse_limit, spelled
from dcsim.document.causes import spent_on
from dcsim.document.report import Cell
from dcsim.report.page.parts import Chart, Line, Section, counts_axis, table
from dcsim.report.page.results import Results, on
from dcsim.report.page.words import cell, known, money, share, shift
from dcsim.study.result import Result

MOST_ROWS = 20


def sections(results: Results) -> Iterator[Section]:
    """A section for every question of the kind."""
    kinds = {
        "sweep": _sweep,
        "orders": _orders,
        "lost": _lost,
    }
    for kind, section in kinds.items():
        for number, found in enumerate(results.of(kind)):
            yield section(results, found, f"{kind}{number}")


def _sweep(results: Results, found: Result, name: str) -> Section:
    """How a milestone moves with the values that were swept."""
    paths = [str(path) for path in found.about.get("over", ())]
    points = found.tables["points"]
    focus = results.milestone if (points["milestone"] == results.milestone).any() else points["milestone"].iloc[-1]
    here = points[points["milestone"] == focus]
    charts = [_curve(results, here, paths[0], focus, name)] if len(paths) == 1 else []
    rows: list[Line] = [
        [
            *(cell(row[path]) for path in paths),
            *(on(row, level) for level in ("p50", "p80")),
            share(row["reached"]),
        ]
        for row in here.sort_values("p50", kind="stable").head(MOST_ROWS).to_dict("records")
    ]
    more = f", the {MOST_ROWS} earliest of {len(here):,}" if len(here) > MOST_ROWS else ""
    listed = table(f"{focus} at every point{more}", (*paths, ">P50", ">P80", ">Reached"), rows)
    return Section(name, "Other values", (), charts, (listed,))


def _curve(results: Results, points: pd.DataFrame, path: str, focus: str, name: str) -> Chart:
    there = points[points["p80"].map(known)]
    values = there[path].tolist()
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": level.upper(),
            "x": [text(value) if isinstance(value, str) else value for value in values],
            "y": [f"{moment:%Y-%m-%d}" for moment in there[f"{level}_date"]],
            "line": {"color": f"@{colour}", "width": 2.4},
        }
        for level, colour in (("p50", "blue"), ("p80", "orange"))
    ]
    kind = {} if pd.api.types.is_numeric_dtype(there[path]) else {"type": "category"}
    layout = {
        "hovermode": "x unified",
        "xaxis": {"title": {"text": text(path, 60)}, **kind},
        "yaxis": {"type": "date", "automargin": True, "hoverformat": "%-d %b %Y"},
    }
    summary = f"{focus} against {path}, {len(there)} points."
    return Chart(
        f"{name}curve", f"{focus} against {path}", "Where a line ends, it never comes.", summary, 340, traces, layout
    )


def _orders(results: Results, found: Result, name: str) -> Section:
    """By when each order has to be placed."""
    about = found.about
    rows: list[Line] = [
        [
            f"{row['supply']} {row['order']}",
            cell(row["placed"]),
            Cell(cell(row["latest"]), emphasis="strong"),
            f"{shift(row['slack'])} d" if known(row["slack"]) else "",
            share(row["probability"], int(about.get("replications", 0))),
            cell(row["note"]),
        ]
        for row in found.tables["orders"].to_dict("records")
    ]
    confidence = f" with {share(float(about['confidence']))}" if about.get("confidence") else ""
    by = spelled(parse_limit(about["date"]))
    said = f"So that {about.get('milestone', results.milestone)} is reached by {by}{confidence}."
    headings = ("Order", ">Placed", ">At the latest", ">Slack", ">Chance", "Note")
    return Section(name, "Orders", (said,), (), (table("By when to order", headings, rows),))


def _lost(results: Results, found: Result, name: str) -> Section:
    """What being late costs, in units times days, and what is to blame."""
    unit, currency, price = _unit(found), str(found.about.get("currency", "")), found.about.get("price")
    rows: list[Line] = [
        [spent_on(row["kind"], row["name"]), f"{row['unit_days']:,.0f}", share(row["share"])]
        + ([money(row["price"], currency)] if price else [])
        for row in found.tables["causes"].head(MOST_ROWS).to_dict("records")
    ]
    headings = ["Lost to", f">{unit}-days", ">Share", *([">Worth"] if price else [])]
    chart = _wanted_and_there(results, found.tables["curves"], unit, name)
    return Section(
        name, "What is lost", (_lost_said(found),), (chart,), (table("What it was lost to", headings, rows),)
    )


def _unit(found: Result) -> str:
    return str(found.about.get("unit") or "unit")


def _lost_said(found: Result) -> str:
    about = found.about
    worth = f", worth {money(float(about['price']), str(about['currency']))}" if about.get("price") else ""
    against = "a plan" if about.get("against") == "plan" else "a build in which nothing waits"
    return f"{about['unit_days']:,.0f} {_unit(found)}-days are lost against {against}{worth}."


def losses(results: Results) -> str:
    """What being late costs, in a sentence."""
    return " ".join(_lost_said(found) for found in results.of("lost"))


def _wanted_and_there(results: Results, curves: pd.DataFrame, unit: str, name: str) -> Chart:
    """What was wanted and what was there, until nothing changes any more."""
    moves = curves[["simulated", "target"]].diff().abs().sum(axis=1) > 0
    shown = curves[curves["day"] <= curves["day"][moves].max() + 14] if moves.any() else curves
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": column,
            "x": [f"{moment:%Y-%m-%d %H:%M}" for moment in shown["date"]],
            "y": [round(float(value), 1) for value in shown[column]],
            "line": {"color": f"@{colour}", "width": 2.4, "dash": dash, "shape": "hv"},
        }
        for column, colour, dash in (("target", "soft", "dot"), ("simulated", "blue", "solid"))
    ]
    layout = {
        "hovermode": "x unified",
        "xaxis": {"type": "date", "hoverformat": "%-d %b %Y"},
        "yaxis": counts_axis(unit, [float(max(shown["simulated"].max(), shown["target"].max()))]),
    }
    ends = ", ".join(f"{column} {shown[column].iloc[-1]:,.0f}" for column in ("target", "simulated"))
    return Chart(
        f"{name}curves", f"{unit}: wanted and there", "On average.", f"At the end: {ends}.", 340, traces, layout
    )
