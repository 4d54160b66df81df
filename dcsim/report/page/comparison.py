"""Scenarios beside each other: how much earlier or later each is, replication by replication."""

from typing import Any

import pandas as pd

from dcsim.document.words import counted
from dcsim.report.page.results import COMPARISON, Results
from dcsim.report.page.words import between, days, known, shift

NOTICED = 1.0
"""Days that are worth a word."""


def of(told: pd.DataFrame, milestone: str) -> list[dict[Any, Any]]:
    return list(told[told["milestone"] == milestone].to_dict("records"))


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
