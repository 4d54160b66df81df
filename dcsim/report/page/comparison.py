"""Scenarios beside each other: how much earlier or later each is, replication by replication."""

from typing import Any

import pandas as pd

from dcsim.document.words import counted
from dcsim.report.page.results import COMPARISON, Results
from dcsim.report.page.words import between, days, known, shift

NOTICED = 1.0
"""Days below which a difference is not reported."""


def of(table: pd.DataFrame, milestone: str) -> list[dict[Any, Any]]:
    return list(table[table["outcome"] == milestone].to_dict("records"))


def verdict(results: Results) -> str:
    """Which of the scenarios compared is the earliest and which the latest, in a sentence."""
    for finding in results.of(COMPARISON):
        rows = of(finding.tables["differences"], results.milestone)
        ranked = sorted((row for row in rows if known(row["mean"])), key=lambda row: float(row["mean"]))
        if not ranked:
            continue
        best, worst = ranked[0], ranked[-1]
        earlier = best["mean"] <= -NOTICED and best["high"] < 0
        phrases = [f"{best['scenario']} is {_by(best)} earlier" if earlier else "none is clearly earlier"]
        phrases += [f"{worst['scenario']} is {_by(worst)} later"] if worst["mean"] >= NOTICED else []
        phrases += [
            f"{row['scenario']} does not reach it" for row in rows if row["worse"] == 1 and not known(row["mean"])
        ]
        base = finding.about.get("base", "base")
        return f"Best and worst of {counted(len(rows), 'change')} to {base}: {'; '.join(phrases)}."
    return ""


def _by(row: dict[Any, Any]) -> str:
    return f"{days(abs(row['mean']), ' days')} (95\N{NO-BREAK SPACE}%: {between(row, shift)})"
