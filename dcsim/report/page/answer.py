"""The answer, before anything else: when, how likely, why, and what can be done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dcsim.dates import days_between
from dcsim.document import words as language
from dcsim.document.causes import cause, spent_on, waited_for
from dcsim.document.names import in_words, labelled
from dcsim.document.report import Cell, Column, Table
from dcsim.document.words import joined
from dcsim.report.page import figure
from dcsim.report.page.comparison import verdict
from dcsim.report.page.leans import weakest
from dcsim.report.page.results import Results, built, dated, on, wanted
from dcsim.report.page.words import date, days, known, share, shift, until
from dcsim.study.course import waits
from dcsim.study.labels import with_labels
from dcsim.study.unfinished import of_one, reasons

EXPECTED = "with expected values"


@dataclass(frozen=True)
class Fact:
    """A number in large type, with its label and a note."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Headline:
    """The answer in one line, its numbers, and further sentences."""

    lead: str
    facts: tuple[Fact, ...]
    sentences: tuple[str, ...]


def headline(results: Results) -> Headline:
    """The answer about one milestone: date, chance, causes, remedies; or about a figure of finance; of sites, the
    sentences of the first result."""
    if results.of_sites:
        lead, *sentences = results.findings[0].report().sections[0].sentences
        return Headline(lead, (), tuple(sentences))
    if (outcome := results.outcome) is not None:
        facts = tuple(Fact(*fact) for fact in figure.facts(results, outcome))
        return Headline(figure.lead(results, outcome), facts, tuple(figure.sentences(results, outcome)))
    return Headline(
        _lead(results), tuple(_facts(results)), tuple(sentence for sentence in _sentences(results) if sentence)
    )


def _chances(results: Results) -> tuple[dict[str, Any], int]:
    """The quantiles of the milestone, and the number of replications behind them."""
    for kind, name, of in (("replications", "summary", "milestone"), ("comparison", "scenarios", "outcome")):
        for finding in results.of(kind):
            rows = finding.tables[name]
            chosen = rows[rows[of] == results.milestone]
            if kind == "comparison":
                chosen = chosen[chosen["scenario"] == finding.about.get("base")]
            if len(chosen):
                about = finding.about
                count = about.get("simulated") or about.get("replications") or 0
                return dict(chosen.iloc[0]), int(count) if isinstance(count, int) else 0
    explanation = results.first("explanation", results.milestone)
    if explanation is not None and "p50" in explanation.about:
        return dict(explanation.about), int(explanation.about.get("replications", 0))
    return {}, 0


def _in_one_build(results: Results) -> Mapping[Any, Any]:
    """The day and date of the milestone in one run: no date if not reached, no day without such a run."""
    if results.milestone and results.of("run"):
        return built(results).get(results.milestone, {"day": float("inf")})
    explanation = results.first("explanation", results.milestone)
    return (
        {}
        if explanation is None
        else {"day": explanation.about.get("expected_day"), "date": explanation.about.get("expected_date")}
    )


def _one_build(results: Results) -> str:
    run = results.first("run")
    return EXPECTED if run is None or run.about.get("seed") == "expected" else "in one random run"


def _lead(results: Results) -> str:
    name = results.milestone
    row, count = _chances(results)
    horizon = date(results.network.date(results.network.horizon))
    if not name:
        return f"{results.scenario.name} has no milestones."
    if row:
        runs = f"{count:,} replications" if count else "the replications"
        if not known(row["p50"]):
            return f"{name}: not reached by {horizon} in at least half of {runs}{_lacking(results)}."
        if not known(row["p80"]):
            return (
                f"{name}: P50 on {on(row, 'p50')}; at least one in five of {runs} misses {horizon}{_lacking(results)}."
            )
        return f"{name}: P50 on {on(row, 'p50')}, P80 on {on(row, 'p80')} ({runs})."
    run = _in_one_build(results)
    if run.get("day") is None:
        return f"Results for {name}."
    if not known(run["day"]):
        return f"{name}: not reached by {horizon} {_one_build(results)}{_lacking(results)}."
    return f"{name}: {dated(run.get('date'))} {_one_build(results)}."


def _lacking(results: Results) -> str:
    """What unfinished runs lack, if a result says so."""
    for finding in results.findings:
        stuck = finding.labelled.tables.get("stuck")
        if stuck is None or stuck.empty:
            continue
        if finding.kind == "comparison":
            stuck = stuck[stuck["scenario"] == finding.about.get("base")]
        of_it = of_one(stuck, results.scenario, results.milestone) if finding.kind == "run" else stuck
        reasons_ = reasons(of_it[of_it["milestone"] == results.milestone])
        return f": {reasons_}" if reasons_ else ""
    return ""


def _facts(results: Results) -> Iterator[Fact]:
    row, n = _chances(results)
    for level, label in (("p50", "P50 (even odds)"), ("p80", "P80 (four times in five)")):
        if row:
            yield Fact(label, on(row, level), _day(row[level]))
    by = wanted(results.scenario.milestones[results.milestone]) if results.milestone else None
    if by is not None and known(row.get("probability")):
        yield Fact(f"Chance by {until(by[0])}", share(row["probability"], n), by[1])
    run = _in_one_build(results)
    if (day := run.get("day")) is not None:
        label = "With expected values" if _one_build(results) == EXPECTED else "One run"
        yield Fact(label, dated(run.get("date")), _day(day))
    if by is not None and not known(row.get("probability")) and known(day):
        yield Fact(by[1].capitalize(), until(by[0]), f"simulated {off(results, results.milestone, run.get('date'))} d")


def _day(day: float) -> str:
    return f"day {language.day(day)}" if known(day) else "not by the end of the simulation"


def _sentences(results: Results) -> Iterator[str]:
    yield main_causes(results)
    bought = [finding for finding in results.of("mitigations") if finding.about.get("budget") is not None]
    yield from (finding.report().sections[0].sentences[0] for finding in bought)
    yield verdict(results)
    yield from (finding.report().sections[0].sentences[0] for finding in results.of("delay_cost"))
    row, _ = _chances(results)
    day = _in_one_build(results).get("day")
    if row and known(day) and known(row["p80"]) and _one_build(results) == EXPECTED:
        early = row["p80"] - day
        if early >= 1:
            yield (
                f"A plan with expected values alone would be {days(early, ' days')} earlier than the P80"
                f"{_left_out(results)}."
            )
    yield weakest(results)


def _left_out(results: Results) -> str:
    """What expected values leave out of this scenario."""
    risks = any(0 < risk.probability <= 0.5 for risk in results.network.risks)
    merging = bool((results.network.needed > 1).any())
    omissions = ["risks below 50 %"] * risks + ["the delay where paths merge"] * merging
    return f": it leaves out {' and '.join(omissions)}" if omissions else ""


def answer(results: Results) -> Table | None:
    """Every milestone: its dates, and the chance of its target or observed date."""
    specs = results.scenario.milestones
    many, runs = results.first("replications"), results.of("run")
    if not specs or (many is None and not runs):
        return None
    rows = []
    summary = {} if many is None else {row["milestone"]: row for row in many.tables["summary"].to_dict("records")}
    days_of = built(results)
    for name, spec in labelled(specs, results.labels).items():
        cells: list[str | Cell] = [
            Cell(name, emphasis="strong" if name == results.milestone else "", below=spec.description)
        ]
        if many is not None:
            row = summary[name]
            cells += [Cell(on(row, level), below=_day(row[level])) for level in ("p50", "p80")]
        if runs:
            simulated = days_of.get(name, {"day": float("nan")})
            cells.append(Cell(dated(simulated.get("date")), below=_day(simulated["day"])))
        by = wanted(spec)
        cells.append(Cell(until(by[0]), below=by[1]) if by else "")
        if many is not None:
            late = row.get("late", float("nan"))
            below = f"if late, by {days(late)}" if late == late else ""
            cells.append(Cell(share(row["probability"], _chances(results)[1]), below=below))
        else:
            cells.append(off(results, name, days_of.get(name, {}).get("date")))
        rows.append(cells)
    columns = [Column("Milestone")]
    columns += [Column("P50", "date"), Column("P80", "date")] if many is not None else []
    built_as = "Expected" if _one_build(results) == EXPECTED else "One run"
    columns += [Column(built_as, "date")] if runs else []
    columns.append(Column("Target or actual"))
    columns.append(Column("Chance by then", "share") if many is not None else Column("Days off", "change"))
    return in_words(Table(columns, rows, "Milestones"))


def off(results: Results, name: str, observed: Any) -> str:
    """By how many days a milestone is later than its target or observed date; empty if one of them is missing."""
    by = wanted(results.scenario.milestones[name])
    return "" if by is None or observed is None else shift(days_between(by[0], pd.Timestamp(observed)))


def main_causes(results: Results, most: int = 3) -> str:
    """The main causes with their days, in a sentence; empty if no result has them."""
    why = results.first("explanation", results.milestone)
    if why is not None and (why.tables["days"]["mean"] > 0).any():
        parts = why.tables["days"].sort_values("mean", ascending=False, kind="stable").head(most)
        parts = parts[parts["mean"] > 0]
        causes = [
            f"{row['name'] or spent_on(row['kind'], '')} ({cause(row['kind']).label}, {days(row['mean'])})"
            for row in parts.to_dict("records")
        ]
        return f"Main causes: {joined(causes)}."
    many, run = results.first("replications"), results.first("run")
    table = many.tables["waits"] if many else with_labels(waits(run), results.labels) if run else pd.DataFrame()
    rows = table.head(most).to_dict("records")
    causes = [f"{waited_for(row['cause'])} ({days(row['days'])})" for row in rows]
    return f"Longest waits: {joined(causes)}. Waiting is not always delay." if causes else ""
