"""Scenarios beside each other: how much earlier or later each is, replication by replication."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from dcsim.analysis.findings import Findings
from dcsim.report.page.parts import Cell, Chart, Line, Section, Table, rows_height, rows_layout, table, text
from dcsim.report.page.results import COMPARISON, Results, on
from dcsim.report.page.words import LATER, known, share, shift, with_interval


def sections(results: Results) -> Iterator[Section]:
    """A section for every comparison."""
    for number, found in enumerate(results.of(COMPARISON)):
        yield _comparison(results, found, f"{COMPARISON}{number}")


def _comparison(results: Results, found: Findings, name: str) -> Section:
    """How much later or earlier each scenario is than the base, replication by replication."""
    told = found.tables["differences"]
    base = str(found.about.get("base", "base"))
    there = list(dict.fromkeys(told["milestone"]))
    focus = results.milestone if results.milestone in there else there[-1] if there else ""
    charts = [_dots(told, there, focus, name)] if there else []
    said = f"Days later than {base}, each replication beside its twin with the same chance."
    return Section(name, "Scenarios compared", (said,), charts, (_compared(results, found, base, focus),))


def _dots(told: pd.DataFrame, milestones: list[str], focus: str, name: str) -> Chart:
    scenarios = list(dict.fromkeys(told["scenario"]))
    rows = {scenario: row for row, scenario in enumerate(scenarios)}
    traces: list[dict[str, Any]] = []
    for milestone in sorted(milestones, key=lambda one: one != focus):
        part = told[(told["milestone"] == milestone) & told["mean"].map(known)]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": text(milestone),
                "visible": True if milestone == focus else "legendonly",
                "y": [rows[one] for one in part["scenario"]],
                "x": part["mean"].round(2).tolist(),
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": _finite(part["high"] - part["mean"]),
                    "arrayminus": _finite(part["mean"] - part["low"]),
                    "thickness": 2,
                    "width": 0,
                },
                "text": [_difference(row) for row in part.to_dict("records")],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"size": 10},
            }
        )
    for colour, trace in zip(("blue", "orange", "green", "purple", "sky", "red", "grey") * 9, traces, strict=False):
        trace["marker"] |= {"color": f"@{colour}"}
        trace["error_x"] |= {"color": f"@{colour}"}
    axis = {
        "title": {"text": "days later (left: earlier)"},
        "zeroline": True,
        "zerolinecolor": "@soft",
        "rangemode": "tozero",
    }
    return Chart(
        f"{name}dots",
        f"Difference in {focus}",
        "Dot: mean difference. Line: its 95 % interval. Other milestones can be switched on in the legend.",
        "; ".join(f"{row['scenario']} {shift(row['mean'])} days" for row in of(told, focus)) + ".",
        rows_height(len(rows)),
        traces,
        rows_layout([f"{one}{_beyond(told, one, focus)}" for one in scenarios], xaxis=axis),
    )


def _beyond(told: pd.DataFrame, scenario: str, milestone: str) -> str:
    """What stands beside the name of a scenario that has no mean difference."""
    here = told[(told["scenario"] == scenario) & (told["milestone"] == milestone)]
    return "" if here["mean"].map(known).any() else f": {LATER}"


def _finite(lengths: "pd.Series[float]") -> list[float]:
    return [round(float(one), 2) if known(one) else 0.0 for one in lengths]


def _difference(row: dict[Any, Any]) -> str:
    return f"{text(row['scenario'])}: {with_interval(row)}, earlier in {share(row['earlier'])}"


def of(told: pd.DataFrame, milestone: str) -> list[dict[Any, Any]]:
    return list(told[told["milestone"] == milestone].to_dict("records"))


def _compared(results: Results, found: Findings, base: str, focus: str) -> Table:
    differences = {row["scenario"]: row for row in of(found.tables["differences"], focus)}
    rows: list[Line] = []
    for row in of(found.tables["milestones"], focus):
        other = differences.get(row["scenario"], {})
        moved = with_interval(other) if other else ""
        rows.append(
            [
                Cell(str(row["scenario"]), mark="strong" if row["scenario"] == base else ""),
                *(on(results, row[level]) for level in ("p50", "p80")),
                moved,
                share(other.get("earlier", float("nan"))),
                share(row["reached"]),
            ]
        )
    return table(
        f"{focus} in every scenario", ("Scenario", ">P50", ">P80", ">Later by", ">Earlier in", ">Reached"), rows
    )
