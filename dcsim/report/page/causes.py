"""Why it takes so long: what the days are made of, which chain of events drove them, and what was waited for."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.waits import end_of, waits_by_cause
from dcsim.charts.plotly import NUMBERS, rows_height, text
from dcsim.document.causes import cause, kind_of_wait, spent_on, waited_for
from dcsim.document.words import joined
from dcsim.report.page.parts import Chart, rows_layout
from dcsim.report.page.results import Results
from dcsim.report.page.words import days, known
from dcsim.trace import NOT

MOST_ROWS = 12


def waits(results: Results) -> pd.DataFrame:
    """What was waited for, longest first: cause, kind, days, and where there are many builds days_p10, days_p90."""
    many, run = results.first("replications"), results.first("run")
    if many is not None:
        found = many.tables["waits"]
    elif run is not None:
        finish = run.tables["activities"]["finish"].fillna(NOT).to_numpy(np.int64)
        found = waits_by_cause(run.tables["shortages"], end_of(results.network, finish))
    else:
        return pd.DataFrame({"cause": [], "kind": [], "days": []})
    return found.assign(kind=[kind_of_wait(cause, results.scenario.supplies) for cause in found["cause"]])


def wait_bars(results: Results) -> Iterator[Chart]:
    """A bar for everything that was waited for."""
    found = waits(results).head(MOST_ROWS)
    if found.empty or results.first("replications"):
        return
    many = "days_p10" in found
    rows = found.to_dict("records")
    names = [waited_for(row["cause"]) for row in rows]
    spans = [{"p10": row.get("days_p10"), "p90": row.get("days_p90")} for row in rows]
    told = [f"{name}: {days(row['days'])}{_between(span)}" for name, row, span in zip(names, rows, spans, strict=True)]
    yield Chart(
        "waits",
        "Waited for longest",
        "Days in which anything waited for it"
        + (", on average over the replications." if many else ".")
        + " Waiting is not delay: much of it can be harmless.",
        "; ".join(f"{name} {row['days']:,.0f} days" for name, row in zip(names, rows, strict=True)) + ".",
        rows_height(len(rows)),
        list(_bars([row["kind"] for row in rows], found["days"].tolist(), told)),
        rows_layout(names, xaxis=_day_axis("days")),
    )


def _between(row: dict[Any, Any]) -> str:
    """The middle 80 % of a number of days, where it is known."""
    return f" (middle 80 %: {days(row['p10'])} to {days(row['p90'])})" if known(row["p10"]) else ""


def _bars(kinds: Sequence[str], lengths: Sequence[float], told: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bars in their rows, in a colour for each kind that the legend can switch off."""
    for name, colour in dict.fromkeys((cause(kind).label, cause(kind).colour) for kind in kinds):
        rows = [row for row, kind in enumerate(kinds) if cause(kind).label == name]
        yield {
            "type": "bar",
            "orientation": "h",
            "name": text(name),
            "y": rows,
            "x": [round(lengths[row], 2) for row in rows],
            "width": 0.62,
            "text": [text(told[row]) for row in rows],
            "textposition": "none",
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"color": f"@{colour}"},
        }


def _day_axis(title: str) -> dict[str, Any]:
    return {"title": {"text": title}, "rangemode": "tozero", "tickformat": NUMBERS}


def main_causes(results: Results, most: int = 3) -> str:
    """The main causes with their days, in a sentence; nothing where nothing tells."""
    found = results.first("explanation", results.milestone)
    if found is not None and (found.tables["days"]["mean"] > 0).any():
        parts = found.tables["days"].sort_values("mean", ascending=False, kind="stable").head(most)
        parts = parts[parts["mean"] > 0]
        told = [
            f"{row['name'] or spent_on(row['kind'], '')} ({cause(row['kind']).label}, {days(row['mean'])})"
            for row in parts.to_dict("records")
        ]
        return f"Most of the days go into {joined(told)}."
    rows = waits(results).head(most).to_dict("records")
    told = [f"{waited_for(row['cause'])} ({days(row['days'])})" for row in rows]
    return f"It waited longest for {joined(told)}; waiting is not always delay." if told else ""
