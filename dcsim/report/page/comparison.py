"""Scenarios beside each other: how much earlier or later each is, replication by replication."""

from typing import Any

import pandas as pd

from dcsim.document.words import counted
from dcsim.report.page.results import COMPARISON, Results
from dcsim.report.page.words import between, days, known, shift

NOTICED = 1.0
"""Days below which a difference is not reported."""


def of(told: pd.DataFrame, milestone: str) -> list[dict[Any, Any]]:
    return list(told[told["outcome"] == milestone].to_dict("records"))


def verdict(results: Results) -> str:
    """Which of the scenarios compared is the earliest and which the latest, in a sentence."""
    for found in results.of(COMPARISON):
        there = of(found.tables["differences"], results.milestone)
        told = sorted((row for row in there if known(row["mean"])), key=lambda row: float(row["mean"]))
        if not told:
            continue
        best, worst = told[0], told[-1]
        earlier = best["mean"] <= -NOTICED and best["high"] < 0
        said = [f"{best['scenario']} is {_by(best)} earlier" if earlier else "none is clearly earlier"]
        said += [f"{worst['scenario']} is {_by(worst)} later"] if worst["mean"] >= NOTICED else []
        said += [
            f"{row['scenario']} does not reach it" for row in there if row["worse"] == 1 and not known(row["mean"])
        ]
        base = found.about.get("base", "base")
        return f"Best and worst of {counted(len(there), 'change')} to {base}: {'; '.join(said)}."
    return ""


def _by(row: dict[Any, Any]) -> str:
    return f"{days(abs(row['mean']), ' days')} (95\N{NO-BREAK SPACE}%: {between(row, shift)})"
