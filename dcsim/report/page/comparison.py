"""Scenarios beside each other: how much earlier or later each is, replication by replication."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from dcsim.analysis.findings import Findings
from dcsim.report.language import NEVER, counted
from dcsim.report.page.causes import said_of
from dcsim.report.page.parts import Cell, Chart, Line, Section, Table, dots, rows_height, rows_layout, table, text
from dcsim.report.page.results import COMPARISON, Results, on
from dcsim.report.page.words import between, days, known, share, shift, with_interval

COLOURS = ("blue", "orange", "green", "purple", "sky", "red", "grey") * 9
NOTICED = 1.0
"""Days that are worth a word."""


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
    charts = [_dots(told, there, focus, name, int(found.about["replications"]))] if there else []
    said = f"Days later than {base}, each replication beside its twin with the same chance."
    return Section(name, "Scenarios compared", (said,), charts, (_compared(results, found, base, focus),))


def _dots(told: pd.DataFrame, milestones: list[str], focus: str, name: str, n: int) -> Chart:
    scenarios = _ordered(told, focus)
    rows = {scenario: row for row, scenario in enumerate(scenarios)}
    traces = []
    for colour, milestone in zip(COLOURS, sorted(milestones, key=lambda one: one != focus), strict=False):
        part = told[(told["milestone"] == milestone) & told["mean"].map(known)]
        said = [_difference(row, n) for row in part.to_dict("records")]
        trace = dots(milestone, colour, [rows[one] for one in part["scenario"]], said, part)
        traces.append(trace | {"visible": True if milestone == focus else "legendonly"})
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


def _ordered(told: pd.DataFrame, milestone: str) -> list[str]:
    """The scenarios, the earliest first, and last those that do not tell."""
    here = told[told["milestone"] == milestone].sort_values("mean", kind="stable", na_position="last")
    return [str(name) for name in here["scenario"]]


def _beyond(told: pd.DataFrame, scenario: str, milestone: str) -> str:
    """What stands beside the name of a scenario that has no mean difference."""
    here = told[(told["scenario"] == scenario) & (told["milestone"] == milestone)]
    return "" if here["mean"].map(known).any() else f": {NEVER}"


def _difference(row: dict[Any, Any], n: int) -> str:
    return f"{text(row['scenario'])}: {with_interval(row)}, earlier in {share(row['earlier'], n)}"


def of(told: pd.DataFrame, milestone: str) -> list[dict[Any, Any]]:
    return list(told[told["milestone"] == milestone].to_dict("records"))


def _compared(results: Results, found: Findings, base: str, focus: str) -> Table:
    differences = {row["scenario"]: row for row in of(found.tables["differences"], focus)}
    rows: list[Line] = []
    there = {row["scenario"]: row for row in of(found.tables["milestones"], focus)}
    for row in (there[label] for label in (base, *_ordered(found.tables["differences"], focus))):
        other = differences.get(row["scenario"], {})
        moved = with_interval(other) if other else ""
        rows.append(
            [
                Cell(str(row["scenario"]), mark="strong" if row["scenario"] == base else ""),
                *(on(row, level) for level in ("p50", "p80")),
                moved,
                share(other.get("earlier", float("nan")), int(found.about["replications"])),
                share(row["reached"]),
                _accounted(found.tables["causes"], str(row["scenario"]), focus),
            ]
        )
    return table(
        f"{focus} in every scenario",
        ("Scenario", ">P50", ">P80", ">Later by", ">Earlier in", ">Reached", "Accounted for by"),
        rows,
    )


def _accounted(causes: pd.DataFrame, scenario: str, milestone: str) -> str:
    """The two largest changes of the days on the driving chain."""
    if causes.empty:
        return ""
    here = causes[(causes["scenario"] == scenario) & (causes["milestone"] == milestone)]
    here = here[here["change"].abs() >= 0.5].sort_values("change", key=abs, ascending=False, kind="stable").head(2)
    told = [f"{shift(row['change'])} {said_of(row['kind'], str(row['name']))}" for row in here.to_dict("records")]
    return "; ".join(told)


def verdict(results: Results) -> str:
    """Which of the scenarios compared is the earliest and which the latest, in a sentence."""
    for found in results.of(COMPARISON):
        there = of(found.tables["differences"], results.milestone)
        told = sorted((row for row in there if known(row["mean"])), key=lambda row: float(row["mean"]))
        if not told:
            continue
        best, worst = told[0], told[-1]
        earlier = best["mean"] <= -NOTICED and best["high"] < 0
        said = [f"{best['scenario']} is the earliest, by {_by(best)}" if earlier else "none is clearly earlier"]
        said += [f"{worst['scenario']} is the latest, by {_by(worst)}"] if worst["mean"] >= NOTICED else []
        said += [
            f"{row['scenario']} does not get there" for row in there if row["later"] == 1 and not known(row["mean"])
        ]
        base = found.about.get("base", "base")
        return f"Of {counted(len(there), 'change')} to {base}, {'; '.join(said)}."
    return ""


def _by(row: dict[Any, Any]) -> str:
    return f"{days(abs(row['mean']), ' days')} (95\N{NO-BREAK SPACE}%: {between(row, shift)})"
