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
from dcsim.document.words import counted, joined
from dcsim.report.page.comparison import verdict
from dcsim.report.page.leans import weakest
from dcsim.report.page.results import Results, built, dated, on, wanted
from dcsim.report.page.words import date, days, known, share, shift, until
from dcsim.study.course import waits
from dcsim.study.labels import with_labels
from dcsim.study.unfinished import of_one, reasons


@dataclass(frozen=True)
class Fact:
    """A number that stands large: what it is, the number, and a word about it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Headline:
    """The answer in a sentence, its numbers, and the sentences that follow."""

    lead: str
    facts: tuple[Fact, ...]
    said: tuple[str, ...]


def headline(results: Results) -> Headline:
    """What a board wants to know of one milestone."""
    return Headline(_lead(results), tuple(_facts(results)), tuple(one for one in _said(results) if one))


def _chances(results: Results) -> tuple[dict[str, Any], int]:
    """The row of the milestone that tells its quantiles, and how many builds that is from."""
    for kind, name in (("replications", "summary"), ("comparison", "milestones")):
        for found in results.of(kind):
            rows = found.tables[name]
            chosen = rows[rows["milestone"] == results.milestone]
            if kind == "comparison":
                chosen = chosen[chosen["scenario"] == found.about.get("base")]
            if len(chosen):
                about = found.about
                count = about.get("simulated") or about.get("replications") or 0
                return dict(chosen.iloc[0]), int(count) if isinstance(count, int) else 0
    told = results.first("explanation", results.milestone)
    if told is not None and "p50" in told.about:
        return dict(told.about), int(told.about.get("replications", 0))
    return {}, 0


def _in_one_build(results: Results) -> Mapping[Any, Any]:
    """The day and date on which one build reached the milestone; no date if it did not, no day without such a build."""
    if results.milestone and results.of("run"):
        return built(results).get(results.milestone, {"day": float("inf")})
    told = results.first("explanation", results.milestone)
    return {} if told is None else {"day": told.about.get("expected_day"), "date": told.about.get("expected_date")}


def _one_build(results: Results) -> str:
    run = results.first("run")
    return "expected values" if run is None or run.about.get("seed") == "expected" else "this one draw of chance"


def _lead(results: Results) -> str:
    name = results.milestone
    row, count = _chances(results)
    horizon = date(results.network.date(results.network.horizon))
    if not name:
        return f"{results.scenario.name} has no milestones."
    if row:
        builds = f"{count:,} simulated builds" if count else "the simulated builds"
        if not known(row["p50"]):
            return f"{name} is not reached by {horizon} in at least half of {builds}{_lacking(results)}."
        half = f"{name} is reached by {on(row, 'p50')} in half of {builds}"
        if not known(row["p80"]):
            return f"{half}, but not by {horizon} in at least one of five{_lacking(results)}."
        return f"{half}, and by {on(row, 'p80')} in four of five."
    one = _in_one_build(results)
    if one.get("day") is None:
        return f"What was found about {name}."
    if not known(one["day"]):
        return f"{name} is not reached by {horizon} with {_one_build(results)}{_lacking(results)}."
    return f"{name} is reached on {dated(one.get('date'))} with {_one_build(results)}."


def _lacking(results: Results) -> str:
    """What unfinished builds lack, where they are kept."""
    for found in results.findings:
        stuck = found.labelled.tables.get("stuck")
        if stuck is None or stuck.empty:
            continue
        if found.kind == "comparison":
            stuck = stuck[stuck["scenario"] == found.about.get("base")]
        of_it = of_one(stuck, results.scenario, results.milestone) if found.kind == "run" else stuck
        told = reasons(of_it[of_it["milestone"] == results.milestone])
        return f": {told}" if told else ""
    return ""


def _facts(results: Results) -> Iterator[Fact]:
    row, n = _chances(results)
    for level, label in (("p50", "Even odds (P50)"), ("p80", "Four times in five (P80)")):
        if row:
            yield Fact(label, on(row, level), _day(row[level]))
    by = wanted(results.scenario.milestones[results.milestone]) if results.milestone else None
    if by is not None and known(row.get("probability")):
        yield Fact(f"Chance by {until(by[0])}", share(row["probability"], n), by[1])
    one = _in_one_build(results)
    if (day := one.get("day")) is not None:
        label = "With expected values" if _one_build(results) == "expected values" else "One build"
        yield Fact(label, dated(one.get("date")), _day(day))
    if by is not None and not known(row.get("probability")) and known(day):
        yield Fact(by[1].capitalize(), until(by[0]), f"simulated {off(results, results.milestone, one.get('date'))} d")


def _day(day: float) -> str:
    return f"day {language.day(day)}" if known(day) else "not by the horizon"


def _said(results: Results) -> Iterator[str]:
    yield main_causes(results)
    bought = [one for one in results.of("mitigations") if one.about.get("budget") is not None]
    yield from (one.report().sections[0].sentences[0] for one in bought)
    yield verdict(results)
    yield from (found.report().sections[0].sentences[0] for found in results.of("delay_cost"))
    row, _ = _chances(results)
    day = _in_one_build(results).get("day")
    if row and known(day) and known(row["p80"]) and _one_build(results) == "expected values":
        early = row["p80"] - day
        if early >= 1:
            yield (
                f"Expected values alone are {days(early, ' days')} earlier than the P80, which holds in four builds of "
                f"five{_left_out(results)}."
            )
    yield weakest(results)


def _left_out(results: Results) -> str:
    """What of this scenario expected values do not know."""
    risks = any(0 < risk.probability <= 0.5 for risk in results.network.risks)
    merging = bool((results.network.needed > 1).any())
    told = ["no risk that is less likely than not"] * risks + ["no path that happens to be the latest"] * merging
    return f"; they know {' and '.join(told)}" if told else ""


def answer(results: Results) -> Table | None:
    """Every milestone: its dates, and the chance of the date that was wanted or seen."""
    specs = results.scenario.milestones
    many, runs = results.first("replications"), results.of("run")
    if not specs or (many is None and not runs):
        return None
    rows = []
    summary = {} if many is None else {row["milestone"]: row for row in many.tables["summary"].to_dict("records")}
    there = built(results)
    for name, spec in labelled(specs, results.labels).items():
        cells: list[str | Cell] = [
            Cell(name, emphasis="strong" if name == results.milestone else "", below=spec.description)
        ]
        if many is not None:
            row = summary[name]
            cells += [Cell(on(row, level), below=_day(row[level])) for level in ("p50", "p80")]
        if runs:
            one = there.get(name, {"day": float("nan")})
            cells.append(Cell(dated(one.get("date")), below=_day(one["day"])))
        by = wanted(spec)
        cells.append(Cell(until(by[0]), below=by[1]) if by else "")
        if many is not None:
            cells.append(share(row["probability"], _chances(results)[1]))
        else:
            cells.append(off(results, name, there.get(name, {}).get("date")))
        rows.append(cells)
    columns = [Column("Milestone")]
    columns += [Column("P50", "date"), Column("P80", "date")] if many is not None else []
    built_as = "Expected" if _one_build(results) == "expected values" else "One build"
    columns += [Column(built_as, "date")] if runs else []
    columns.append(Column("Target or actual"))
    columns.append(Column("Chance by then", "share") if many is not None else Column("Days off", "change"))
    return in_words(Table(columns, rows, counted(len(rows), "milestone")))


def off(results: Results, name: str, there: Any) -> str:
    """How many days later a milestone is than it was wanted or seen; nothing where it was neither, or is not there."""
    by = wanted(results.scenario.milestones[name])
    return "" if by is None or there is None else shift(days_between(by[0], pd.Timestamp(there)))


def main_causes(results: Results, most: int = 3) -> str:
    """The main causes with their days, in a sentence; nothing where nothing tells."""
    why = results.first("explanation", results.milestone)
    if why is not None and (why.tables["days"]["mean"] > 0).any():
        parts = why.tables["days"].sort_values("mean", ascending=False, kind="stable").head(most)
        parts = parts[parts["mean"] > 0]
        told = [
            f"{row['name'] or spent_on(row['kind'], '')} ({cause(row['kind']).label}, {days(row['mean'])})"
            for row in parts.to_dict("records")
        ]
        return f"Most of the days go into {joined(told)}."
    many, run = results.first("replications"), results.first("run")
    found = many.tables["waits"] if many else with_labels(waits(run), results.labels) if run else pd.DataFrame()
    rows = found.head(most).to_dict("records")
    told = [f"{waited_for(row['cause'])} ({days(row['days'])})" for row in rows]
    return f"It waited longest for {joined(told)}; waiting is not always delay." if told else ""
