"""When things are there: how many of what by when, and the milestones beside the dates that were wanted or seen."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dcsim.analysis.supplies import total_over_time
from dcsim.charts.plotly import rows_height, text
from dcsim.dates import days_between, last_minute
from dcsim.document import words as language
from dcsim.report.page.parts import Chart, counts_axis, rows_layout
from dcsim.report.page.results import Results, built, wanted
from dcsim.report.page.words import date, shift
from dcsim.study.result import Result

COLOURS = ("blue", "orange", "green", "purple", "sky", "red")
"""Of the first, second, ... curve of a figure."""

DIAMOND = {"symbol": "diamond", "size": 10, "color": "@ink", "line": {"color": "@paper", "width": 1.5}}
"""The mark of a date that was seen in the world."""


def curves(results: Results) -> Iterator[Chart]:
    """How many there are of everything that milestones count, over time: a figure for each unit."""
    run = results.first("run")
    if run is None:
        return
    counted = dict.fromkeys(one.supply for one in results.scenario.milestones.values() if one.supply)
    drawn = {name: _steps(results, run, name) for name in counted}
    said = "How many there are in this one build."
    units: dict[str, list[str]] = {}
    for name in drawn:
        units.setdefault(results.scenario.supplies[name].unit or "units", []).append(name)
    for number, (unit, names) in enumerate(units.items()):
        yield _curves(results, f"curves{number}", unit, {name: drawn[name] for name in names}, said)


Drawn = tuple[list[dict[str, Any]], datetime, datetime]
"""The traces of a supply, when it begins to grow, and when it stops."""


def _curves(results: Results, name: str, unit: str, drawn: dict[str, Drawn], said: str) -> Chart:
    """Everything that is counted in one unit, and the dates it was seen."""
    traces: list[dict[str, Any]] = []
    for colour, (supply, (parts, _, _)) in zip(COLOURS * len(drawn), drawn.items(), strict=False):
        for part in parts:
            shade = {"fillcolor": f"@{colour}/0.14"} if "fill" in part else {}
            line = {"color": f"@{colour}", "width": 2.4, "shape": "hv"} | part.get("line", {})
            traces.append(part | shade | {"line": line, "name": text(supply), "legendgroup": supply})
    heights = {one.name: int(one.reaches) for one in results.network.milestones}
    seen = [
        (pd.Timestamp(one.date), milestone, one.meaning, heights[milestone])
        for milestone, spec in results.scenario.milestones.items()
        if spec.supply in drawn
        for one in spec.observed
    ]
    if seen:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "observed",
                "x": [_moment(one[0]) for one in seen],
                "y": [one[3] for one in seen],
                "text": [f"{text(milestone)}: {text(meaning, 80)}" for _, milestone, meaning, _ in seen],
                "hovertemplate": "%{text}<extra>observed</extra>",
                "marker": DIAMOND,
            }
        )
    last = max([end for _, _, end in drawn.values()] + [one[0] for one in seen])
    begin = max(results.clock.start, min([first for _, first, _ in drawn.values()] + [results.clock.zero]))
    layout = {
        "hovermode": "x unified",
        "hoverdistance": -1,
        "xaxis": {"type": "date", "hoverformat": "%-d %b %Y", "range": [_moment(begin), _moment(_beyond(begin, last))]},
        "yaxis": counts_axis(unit, [y for trace in traces for y in trace["y"]]),
    }
    summary = f"{', '.join(drawn)} in {unit} from {date(begin)} to {date(last)}."
    return Chart(name, f"How many {unit} by when", said + _diamonds(seen), summary, 420, traces, layout)


def _diamonds(seen: Sequence[object]) -> str:
    return " Diamonds: dates observed in the world." if seen else ""


def _steps(results: Results, run: Result, name: str) -> Drawn:
    """How many there were in one build, at the end of every day on which some came."""
    total = total_over_time(run.tables["supplies"], name)
    kept = total.groupby(total["tick"] // 1440).last()
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": [_moment(results.clock.at(tick)) for tick in kept["tick"]],
        "y": kept["total"].tolist(),
        "hovertemplate": "%{y:,}",
    }
    grows = total["tick"][total["total"] > 0]
    ends = (grows.min(), grows.max()) if len(grows) else (0, 0)
    return [trace], results.clock.at(ends[0]), results.clock.at(ends[1])


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _beyond(begin: datetime, last: datetime) -> datetime:
    """A little room on the right."""
    return last + (last - begin) * 0.06


def milestones(results: Results) -> Iterator[Chart]:
    """A row for every milestone: when it is likely, when one build reached it, when it was wanted or seen."""
    run = built(results)
    days = {name: row["day"] for name, row in run.items()}
    names = sorted(results.scenario.milestones, key=lambda name: days.get(name, 1e9))
    if not run:
        return
    rows = {name: number for number, name in enumerate(names)}
    traces = [*_one_build(results, run, rows), *_seen(results, rows)]
    layout = rows_layout(names, hovermode="closest", xaxis={"type": "date", "hoverformat": "%-d %b %Y"})
    yield Chart(
        "milestones",
        "Milestones",
        _diamonds([1 for trace in traces if trace["name"] == "observed"]).strip(),
        "Dates of the milestones in one build.",
        rows_height(len(names), 34),
        traces,
        layout,
    )


def _one_build(results: Results, run: dict[str, dict[str, Any]], rows: dict[str, int]) -> Iterator[dict[str, Any]]:
    first = results.first("run")
    if first is None or not run:
        return
    name = "expected values" if first.about.get("seed") == "expected" else "one build"
    yield {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "y": [rows[milestone] for milestone in run],
        "x": [_moment(row["date"]) for row in run.values()],
        "customdata": [language.day(row["day"]) for row in run.values()],
        "hovertemplate": f"%{{x}} (day %{{customdata}})<extra>{name}</extra>",
        "marker": {"symbol": "x-thin", "size": 9, "color": "@orange", "line": {"color": "@orange", "width": 2.4}},
    }


def _seen(results: Results, rows: dict[str, int]) -> Iterator[dict[str, Any]]:
    specs = results.scenario.milestones
    seen = [(rows[name], pd.Timestamp(one.date), one.meaning) for name in rows for one in specs[name].observed]
    targets = [(rows[name], last_minute(one.target), "target") for name in rows if (one := specs[name]).target]
    for name, found, symbol in (("observed", seen, "diamond"), ("target", targets, "line-ns")):
        if found:
            line = {"color": "@paper", "width": 1.5} if name == "observed" else {"color": "@ink", "width": 2.4}
            yield {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "y": [row + 0.3 for row, _, _ in found],
                "x": [_moment(when) for _, when, _ in found],
                "text": [text(meaning, 80) for _, _, meaning in found],
                "hovertemplate": f"%{{x}}: %{{text}}<extra>{name}</extra>",
                "marker": DIAMOND | {"symbol": symbol, "size": 9, "line": line},
            }


def off(results: Results, name: str, there: Any) -> str:
    """How many days later a milestone is than it was wanted or seen; nothing where it was neither, or is not there."""
    by = wanted(results.scenario.milestones[name])
    return "" if by is None or there is None else shift(days_between(by[0], pd.Timestamp(there)))
