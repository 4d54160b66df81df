"""What else was asked: values that were swept, orders to place."""

from collections.abc import Iterator

import pandas as pd

from dcsim.charts.plotly import text
from dcsim.dates import parse_limit, spelled
from dcsim.document.report import Cell
from dcsim.report.page.parts import Chart, Line, Section, table
from dcsim.report.page.results import Results, on
from dcsim.report.page.words import cell, known, share, shift
from dcsim.study.result import Result

MOST_ROWS = 20


def sections(results: Results) -> Iterator[Section]:
    """A section for every question of the kind."""
    kinds = {
        "sweep": _sweep,
        "orders": _orders,
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


def losses(results: Results) -> str:
    """What being late costs, in a sentence."""
    return " ".join(found.report().sections[0].sentences[0] for found in results.of("lost"))
