"""The answer about a figure of finance: how large it is, what changes it, what moves it, and what can be done."""

from collections.abc import Iterator
from typing import Any

from dcsim.document.words import counted, date_of
from dcsim.report.page.results import Results
from dcsim.report.page.words import share
from dcsim.study.outcome import Outcome, asked_about
from dcsim.study.result import Result

MOST_CHANGES = 4
"""Changes that are told in the answer."""
LEVELS = ("mean", "p10", "p50", "p90")
NOTHING = dict.fromkeys(LEVELS, "")


def lead(results: Results, outcome: Outcome) -> str:
    """The figure in a sentence."""
    row, n = amounts(results, outcome)
    if not row:
        return f"Results for {outcome.label}."
    runs = counted(n, "replication")
    if not row["p50"]:
        return f"{outcome.label}: {row['expected']} in the expected build."
    if outcome.measure.is_day:
        often = f"in {share(row['reached'], n)} of {runs}"
        return f"{outcome.label}: {often}; P50 {row['p50']}, P10 to P90 {row['p10']} to {row['p90']}."
    mean = f"{row['mean']} on average, " if row["mean"] else ""
    return f"{outcome.label}: {mean}P10 to P90 {row['p10']} to {row['p90']} ({runs})."


def facts(results: Results, outcome: Outcome) -> Iterator[tuple[str, str, str]]:
    """Label, value and note of the numbers that stand in large type."""
    row, _ = amounts(results, outcome)
    notes = {"mean": "average", "p10": "one in ten is lower", "p50": "even odds", "p90": "nine in ten are lower"}
    if outcome.measure.is_day:
        notes |= {"p10": "one in ten is earlier", "p90": "nine in ten are earlier"}
    for level in LEVELS:
        if row.get(level):
            yield "Mean" if level == "mean" else level.upper(), row[level], notes[level]
    if row.get("expected"):
        yield "Expected build", row["expected"], "with expected values and prices"


def sentences(results: Results, outcome: Outcome) -> Iterator[str]:
    """What changes the figure, what moves it most, and the best that can be done."""
    for finding in results.of("comparison"):
        if _is_about(finding, outcome):
            yield from finding.report().sections[0].sentences[:MOST_CHANGES]
    for kind in ("drivers", "mitigations"):
        for finding in results.of(kind):
            if _is_about(finding, outcome):
                yield from finding.report().sections[0].sentences[1 if kind == "drivers" else 0 :][:1]


def _is_about(finding: Result, outcome: Outcome) -> bool:
    return bool(finding.about.get("outcome")) and asked_about(finding)[0].name == outcome.name


def amounts(results: Results, outcome: Outcome) -> tuple[dict[str, Any], int]:
    """The figure in words, mean, p10, p50, p90 and expected, as far as a result tells it; and of how many replications
    that is."""
    text, party = outcome.measure.text, outcome.party
    for finding in results.of("finance"):
        for table, column in (("figures", "figure"), ("events", "event")):
            rows = finding.tables[table]
            rows = rows[(rows["party"] == party) & (rows[column] == outcome.name)]
            for row in rows.to_dict("records"):
                keys = ("expected",) if finding.about["seed"] == "expected" else (*LEVELS, "expected")
                words = {key: date_of(row[key]) if table == "events" else text(row[key]) for key in keys if key in row}
                return {**NOTHING, "reached": row.get("happens"), **words}, finding.simulated
    for finding in results.of("comparison"):
        rows = finding.tables["scenarios"]
        matches = (
            (rows["scenario"] == finding.about["base"]) & (rows["outcome"] == outcome.name) & (rows["party"] == party)
        )
        for row in rows[matches].to_dict("records"):
            return {**{key: text(row[key]) for key in LEVELS}, "reached": row["reached"]}, finding.simulated
    return {}, 0
