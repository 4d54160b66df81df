"""What measures have to say: the best set for a budget, each alone, and what they do to each other."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from math import isinf, isnan
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.gains import Gain
from dcsim.dates import Limit, spelled
from dcsim.document.chart import Axis, Chart, Dots
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import NEVER, UNKNOWN, date_of, days, interval, listed, money, share
from dcsim.study.measures import MITIGATION, OPTION
from dcsim.study.outcome import Outcome, asked_about, defined
from dcsim.study.result import Result
from dcsim.study.unfinished import missing

MOST_FIRST = 3
"""Measures that the first answer names."""
MOST_SETS = 5
"""Sets that are told beside the best."""
MOST_TOLD = 4
"""Pairs of which something is said."""
MOST_ROWS = 48
"""Rows of a chart."""
WORTH_SAYING = {"day": 0.5, "money": 1.0, "share": 1e-4, "number": 1e-3}
"""Interplay below which nothing is said about a pair."""
ALONE = "{} on average, in the same replications with and without the measure; 95 % intervals of the mean."
AFTER_COST = "What a measure gains is after its own cost, which the first party pays at the start."

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """The best set for the budget, each measure alone, what the members of the set do to each other, the next best."""
    about, stuck, outcome = result.about, result.tables["stuck"], asked_about(result)[0]
    reached, labels = float(about["reached"]), stuck["measures"].replace("", "as planned")
    what = ("reach it", "days") if outcome.measure.is_day else ("have it", "amounts")
    as_planned = f"As planned, {share(reached)} of replications {what[0]}; "
    as_planned += f"{what[1]} are the mean of those that {what[0]} in both."
    lacks = [as_planned] * (reached < 1)
    lacks += missing(stuck, outcome.name, labels, result.simulated)
    gained = "Days earlier" if outcome.measure.better == "earlier" else f"How much {outcome.measure.better}"
    notes = [ALONE.format(gained), *([AFTER_COST] if outcome.measure.kind == "money" else [])]
    alone = Section("Each measure alone", tables=[_alone(result)], charts=[gains(result)], notes=notes)
    first = Section("", [*_best(result), *lacks])
    subject = [*result.subject(), outcome.label]
    return Report.of(
        "Mitigations and options",
        subject,
        [first, alone, *_together(result), Section("", notes=[*_notes(result)]), *defined(result)],
    )


def first_answer(outcome: Outcome, n: int, gains: Mapping[str, Gain]) -> str:
    """What the best measures gain, each alone, as far as the first replications tell."""
    best = sorted(gains, key=lambda name: (-gains[name].reached, isnan(gains[name].gain), -gains[name].gain))[
        :MOST_FIRST
    ]
    said = [f"{name} {_gained(outcome, gains[name].gain)}{_within(outcome, gains[name])}" for name in best]
    what = f"{outcome.measure.better} on average with one measure alone"
    return f"first answer, {n:,} replications: {what}: {', '.join(said)}"


def _within(outcome: Outcome, bought: Gain) -> str:
    """The interval of a gain, if there is one."""
    return "" if isnan(bought.low) else f" ({interval(bought.low, bought.high, of=outcome.measure.kind)})"


def _gained(outcome: Outcome, amount: float) -> str:
    """So much: 12.0 days, 20M USD, 1.5 pp."""
    unit = outcome.measure.unit if outcome.measure.kind in ("day", "money") else ""
    return f"{outcome.measure.size(amount)} {unit}".rstrip()


def _best(result: Result) -> Iterator[str]:
    """The best set for the budget: that more replications have the outcome, and the gain where they do anyway."""
    about, currency, sets, outcome = result.about, _currency(result), result.tables["sets"], asked_about(result)[0]
    if about.get("budget") is None:
        return
    within = f"a budget of {money(about['budget'], currency)}"
    if sets.empty:
        better = "brings it forward" if not outcome.is_figure else f"makes {outcome.label} better"
        yield f"Within {within} no set of measures {better}."
        return
    best, said = sets.iloc[0].to_dict(), []
    if best["reached"] != about["reached"]:
        have = "have it" if outcome.is_figure else "reach it"
        said.append(f"{share(best['reached'])} of replications {have} instead of {share(about['reached'])}")
    if not isnan(best["gain"]):
        ends = interval(best["low"], best["high"], of=outcome.measure.kind)
        said.append(f"{_gained(outcome, best['gain'])} {outcome.measure.better} on average (95 %: {ends})")
    said += _before_and_after(result, best)
    yield f"Best within {within}: {best['members']} for {money(best['cost'], currency)}; {', '.join(said)}."


def _before_and_after(result: Result, best: Row) -> Iterator[str]:
    """The P80 of the milestone with the best set and as planned, and the probability of its target."""
    about, (outcome, *_) = result.about, asked_about(result)
    if outcome.is_figure:
        return
    planned = about.get("p80_date")
    before = NEVER if planned is None else date_of(datetime.fromisoformat(planned))
    yield f"P80 {NEVER if best['p80_date'] is pd.NaT else date_of(best['p80_date'])} instead of {before}"
    if (limit := _target(result)) is not None:
        likely = [share(chance, result.simulated) for chance in (best["probability"], float(about["probability"]))]
        yield f"by {spelled(limit)} in {likely[0]} instead of {likely[1]}"


def _target(result: Result) -> Limit | None:
    """The target of the milestone, if it has one."""
    return None if (name := result.about["milestone"]) is None else result.scenario.milestones[name].target


def _currency(result: Result) -> str:
    return str(result.about.get("currency") or "")


def _alone(result: Result) -> Table:
    """Every measure by itself."""
    options, outcome = result.tables["options"], asked_about(result)[0]
    differs = options["reached"].nunique() > 1 or float(result.about["reached"]) < 1
    rows = [
        [
            f"{row['option']} (risk)" if row["kind"] == MITIGATION else row["option"],
            *_bought(row),
            "free" if isinf(row["per_million"]) else _known(row["per_million"]),
            *([row["reached"]] if differs else []),
        ]
        for row in options.to_dict("records")
    ]
    reached = [Column("reached" if not outcome.is_figure else "exists in", "share")] if differs else []
    per = (
        Column("days per million", "days", digits=2)
        if outcome.measure.is_day
        else outcome.measure.changes("per million")
    )
    return Table([Column("measure"), *_columns(result), per, *reached], rows)


def _columns(result: Result) -> tuple[Column, ...]:
    """The columns of `_bought`."""
    measure = asked_about(result)[0].measure
    amount = Column("days earlier", "days") if measure.is_day else measure.changes(f"gain, {measure.unit}".rstrip(", "))
    return (
        Column(f"cost, {_currency(result)}".rstrip(", "), "money"),
        amount,
        measure.range("95 % interval", signed=not measure.is_day),
    )


def _bought(row: Row) -> tuple[Any, ...]:
    """What something costs, and what it gains."""
    return _known(row["cost"]), _known(row["gain"]), (row["low"], row["high"])


def _known(number: float) -> float | str:
    return UNKNOWN if isnan(number) else number


def _together(result: Result) -> Iterator[Section]:
    """What the members of the best set do to each other, and the next best sets."""
    sets, members, measure = result.tables["sets"], result.tables["members"], asked_about(result)[0].measure
    if sets.empty:
        return
    alone = [Column(name, "days") if measure.is_day else measure.changes(name) for name in ("alone", "in the set")]
    columns = (*alone, measure.changes("effect of the others"))
    rows = [
        [row["option"], *(_known(row[name]) for name in ("alone", "marginal", "interaction"))]
        for row in members.to_dict("records")
    ]
    best = sets.iloc[0].to_dict()
    said, points = _interplay(result, best["gain"]) if len(members) > 1 and not isnan(best["gain"]) else ("", [])
    table = Table((Column("member"), *columns), rows)
    yield Section(f"The best set: {best['members']}", [said] if said else [], points, [table])
    if len(sets) > 1:
        likely = [] if result.about["milestone"] is None else [(Column("P80", "date"), "p80_date")]
        if (limit := _target(result)) is not None:
            likely.append((Column(f"by {spelled(limit)}", "share", result.simulated, 0), "probability"))
        rows = [
            [row["members"], *_bought(row), *(row[name] for _, name in likely)]
            for row in sets.iloc[1 : 1 + MOST_SETS].to_dict("records")
        ]
        columns = (Column("set"), *_columns(result), *(column for column, _ in likely))
        yield Section("Next best", tables=[Table(columns, rows)])


def _interplay(result: Result, together: float) -> tuple[str, list[str]]:
    """Whether the members of a set help each other or stand in each other's way, and which two do."""
    outcome = asked_about(result)[0]
    apart, least = float(result.tables["members"]["alone"].sum()), WORTH_SAYING[outcome.measure.kind]
    more, measure = together - apart, outcome.measure
    if abs(more) < least:
        return f"Together they gain {_gained(outcome, together)}, the same as the sum of each alone.", []
    more_or_less = "more" if more > 0 else "less"
    what = f"{measure.size(abs(more))} {more_or_less} than the sum of {measure.size(apart)} of each alone"
    pairs = result.tables["pairs"]
    pairs = pairs[((pairs["low"] > 0) | (pairs["high"] < 0)) & (pairs["gain"].abs() >= least)]
    why = ("one clears the way for the other", "both shorten the same path" if measure.is_day else "both gain the same")
    pair_lines = [
        f"{row['one']} and {row['other']} gain {measure.size(abs(row['gain']))} "
        + (f"more together: {why[0]}" if row["gain"] > 0 else f"less together: {why[1]}")
        for row in pairs.sort_values("gain", key=abs, ascending=False).head(MOST_TOLD).to_dict("records")
    ]
    said = f"Together they gain {_gained(outcome, together)}, {what}."
    return said, pair_lines or ["No pair of them shows this with certainty."]


def _notes(result: Result) -> Iterator[str]:
    if not result.tables["sets"].empty:
        yield f"Sets compared: {result.about['search']}."
    unpriced = [row["option"] for row in result.tables["options"].to_dict("records") if isnan(row["cost"])]
    if unpriced and result.about.get("budget") is not None:
        yield f"Left out of the sets, because they have no cost: {listed(unpriced)}."


def gains(result: Result) -> Chart:
    """How much earlier, or better, each measure makes the outcome, with the interval."""
    outcome = asked_about(result)[0]
    measure, options = outcome.measure, result.tables["options"].head(MOST_ROWS).reset_index(drop=True)
    known = options[options["gain"].notna()]
    size, unit = measure.axis(known["gain"].to_numpy(np.float64))
    marks = [
        Dots(
            name=kind,
            colour=colour,
            x=part["gain"].to_numpy(np.float64) / size,
            y=part.index.to_numpy(np.float64),
            low=part["low"].to_numpy(np.float64) / size,
            high=part["high"].to_numpy(np.float64) / size,
            labels=[_label(row, outcome) + " (?)" * isinf(row["high"]) for row in part.to_dict("records")],
            notes=[_in_words(row, outcome) for row in part.to_dict("records")],
        )
        for kind, colour in ((OPTION, "blue"), (MITIGATION, "orange"))
        if len(part := known[known["kind"] == kind])
    ]
    lacks = "no value in any" if outcome.is_figure else "not reached in every"
    names = [
        f"{name}{f': {lacks} replication' * bool(gone)}"
        for name, gone in zip(options["option"], options["gain"].isna(), strict=True)
    ]
    title = f"days {outcome.measure.better}" if measure.is_day else f"{unit} {outcome.measure.better}".lstrip()
    axis = Axis(title=f"{title} on average, with 95 % interval", line_at_zero=True)
    said = "; ".join(_in_words(row, outcome) for row in known.to_dict("records"))
    empty = "the effect of no measure is known" if known.empty else ""
    what = "days gained" if measure.is_day else "gain"
    title = f"{outcome.label}: {what} by each measure"
    return Chart(title, axis, Axis("rows", names=names), marks, "", said, empty=empty)


def _label(row: Row, outcome: Outcome) -> str:
    return f"{days(row['gain'])} d" if outcome.measure.is_day else outcome.measure.change(row["gain"])


def _in_words(row: Row, outcome: Outcome) -> str:
    return f"{row['option']}: {_label(row, outcome)} ({interval(row['low'], row['high'], of=outcome.measure.kind)})"


CHARTS = {"measures": gains}
