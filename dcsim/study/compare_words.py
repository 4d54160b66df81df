"""What a comparison has to say: every outcome in all scenarios, who bears a change, and what it comes from."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd

from dcsim.document.bars import stacked
from dcsim.document.causes import spent_on
from dcsim.document.chart import Axis, Bars, Chart, Dots, Mark
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import counted, joined, share
from dcsim.study.outcome import Outcome, asked_about, defined
from dcsim.study.result import Result, known
from dcsim.study.unfinished import missing

BASE = "base"
MOST_CAUSES = 3
"""Causes that stand beside a change."""
SMALL = {"day": 0.05, "share": 5e-5, "money": 1.0}
"""Amounts that are not worth telling."""
NOTE = (
    "Cause of the change: the difference in days on the driving chains. If a change moves the chain to another path, "
    "the items on the old path have fewer days."
)
LINES = "Cause of the change: the difference in what each line of the free cash flow is worth at the date of valuation."
BEARS = (
    "NPV of each party by itself: what parties pay each other moves it from one to the other, and cancels in the sum. "
    "That of a loan is its lender's, of what comes back less what was lent, and no part of the sum."
)
LITTLE_HELP = 0.9
"""Ratio of paired to unpaired interval widths above which a note says that pairing does not help."""
MOST_ROWS, MOST_WATERFALLS = 48, 3
"""Rows of a chart, and pictures of what a change comes from."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """Each outcome in every scenario beside the base, what accounts for the differences, and what is missing."""
    outcomes = sorted(asked_about(result), key=lambda outcome: outcome.name != milestone)
    days = outcomes[0].measure.is_day
    subject = [*result.subject(), "same random numbers"]
    zero = f"days from {result.scenario.zero:%Y-%m-%d}; negative differences are earlier"
    notes = [*((NOTE,) if not outcomes[0].is_figure else (LINES,) if len(result.tables["causes"]) else ())]
    sections = [
        Section("", tuple(_borne(result, outcomes)), notes=(zero,) if days else ()),
        *_bearers(result, outcomes),
        *(_section(result, outcome) for outcome in outcomes),
        Section("", notes=(*notes, *_pairing(result))),
        *defined(result),
    ]
    return Report.of("Scenarios compared", subject, sections)


def _of(result: Result, table: str, outcome: Outcome) -> pd.DataFrame:
    rows = result.tables[table]
    return rows[(rows["outcome"] == outcome.name) & (rows["party"] == outcome.party)]


# Who bears it


def _borne(result: Result, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """By how much a figure changes in each scenario, and for which party."""
    first = outcomes[0]
    if not first.is_figure:
        return
    parts = [_of(result, "differences", outcome).set_index("scenario").to_dict("index") for outcome in outcomes]
    for scenario, row in parts[0].items():
        text = _row_in_words(row, first)
        shares = [
            f"{outcome.owner} {_amount(part[scenario], outcome)}" for outcome, part in zip(outcomes, parts, strict=True)
        ]
        who = f"; {', '.join(shares[1:])}" if len(outcomes) > 1 else ""
        yield f"{scenario}: {first.label} {text}{who}.{_how_often(result, str(scenario), first)}"


def _how_often(result: Result, scenario: str, outcome: Outcome) -> str:
    """In how many replications an event happens, where it does not always, after and before."""
    reached = _of(result, "scenarios", outcome).set_index("scenario")["reached"]
    shares = [float(reached[name]) for name in (scenario, result.about["base"])]
    if not outcome.measure.is_day or min(shares) == 1:
        return ""
    after, before = (share(often, result.simulated, 0) for often in shares)
    return f" It happens in {after} of the replications, before in {before}."


def _bearers(result: Result, outcomes: Sequence[Outcome]) -> Iterator[Section]:
    """A figure of all parties and of each, in one table and one picture."""
    if len(outcomes) < 2 or not outcomes[0].is_figure:
        return
    parts = [_of(result, "differences", outcome).set_index("scenario").to_dict("index") for outcome in outcomes]
    rows = [[label, *(_moved(part[label], outcomes[0])[0] for part in parts)] for label in parts[0]]
    columns = [Column("scenario"), *(outcome.measure.changes(outcome.owner) for outcome in outcomes)]
    notes = (BEARS,) if outcomes[0].name == "npv" else ()
    table = Table(columns, rows, f"mean change, {outcomes[0].measure.unit}".rstrip(", "))
    yield Section("Who bears it", tables=(table,), charts=(dots(result),), notes=notes)


# One outcome


def _section(result: Result, outcome: Outcome) -> Section:
    """One outcome in every scenario, and what accounts for the differences."""
    differences = _of(result, "differences", outcome).set_index("scenario").to_dict("index")
    measure, n = outcome.measure, result.simulated
    levels = ("p50", "p80", "p80_date") if measure.is_day else ("mean", "p10", "p90")
    rows = []
    for row in _of(result, "scenarios", outcome).to_dict("records"):
        label, base = row["scenario"], row["scenario"] == result.about["base"]
        name = Cell(label, emphasis="strong") if base else label
        moved = [None, None, float("nan")] if base else _moved(differences[label], outcome)
        rows.append([name, *(row[level] for level in levels), *moved])
    rows += [[label, *["-"] * 6] for label in _without(result, outcome)]
    titles = {"p80_date": Column("P80 date", "date"), "mean": measure.column("mean")}
    columns = (
        Column("scenario"),
        *(titles.get(level) or measure.column(level.upper()) for level in levels),
        *(measure.changes("days later" if measure.is_day else "change"), measure.range("95 % interval")),
        Column(measure.better, "share", n, 0),
    )
    parts = [part for _, part in _of(result, "causes", outcome).groupby("scenario", sort=False)]
    causes = [(part["scenario"].iloc[0], sentence) for part in parts if (sentence := _accounted(part, outcome))]
    tables = [Table(columns, rows, f"in {measure.currency}" if measure.kind == "money" else "")]
    tables += [Table((Column("scenario"), Column("cause of the change")), causes)] if causes else []
    charts = [dots(result, outcome.name, outcome.party)]
    charts += [waterfall(result, str(part["scenario"].iloc[0]), outcome.party) for part in parts[:MOST_WATERFALLS]]
    return Section(outcome.label, _missing(result, outcome), tables=tables, charts=[c for c in charts if not c.empty])


def _moved(row: Row, outcome: Outcome) -> list[Any]:
    """The mean difference with its interval; the median where there is not always an outcome in both."""
    if isnan(row["mean"]):
        return [_amount(row, outcome), None, row["better"]]
    same = row["mean"] == row["low"] == row["high"] == 0
    return ["0" if same else row["mean"], None if same else (row["low"], row["high"]), row["better"]]


def _amount(row: Row, outcome: Outcome) -> str:
    """The mean difference, or the median."""
    if isnan(row["mean"]):
        text = outcome.measure.change(row["median"])
        return f"median {text}" if isfinite(row["median"]) else text
    return outcome.measure.change(row["mean"])


def _missing(result: Result, outcome: Outcome) -> tuple[str, ...]:
    """Which scenarios do not always have the outcome, and of a milestone what is missing."""
    if not outcome.is_figure:
        stuck = result.tables["stuck"]
        lacking = [f"{scenario}: not in this scenario" for scenario in _without(result, outcome)]
        return (*lacking, *missing(stuck, outcome.name, stuck["scenario"], result.simulated))
    rows, n = _of(result, "scenarios", outcome).to_dict("records"), result.simulated
    lacks = [(row["scenario"], round((1 - row["reached"]) * n)) for row in rows if row["reached"] < 1]
    absent = outcome.measure.absent
    return tuple(f"{scenario}: {absent} in {many:,} of {counted(n, 'replication')}" for scenario, many in lacks)


def _without(result: Result, outcome: Outcome) -> list[str]:
    """Which scenarios have no such milestone."""
    having = set(_of(result, "scenarios", outcome)["scenario"])
    return [name for name in result.about["scenarios"] if name not in having]


def _accounted(part: pd.DataFrame, outcome: Outcome) -> str:
    """The largest changes of what the outcome is made of."""
    small = SMALL.get(outcome.measure.kind, 0.0)
    rows = [row for row in part.head(MOST_CAUSES).to_dict("records") if abs(row["change"]) >= small]
    rest = part["change"].sum() - sum(row["change"] for row in rows)

    def amount(number: float) -> str:
        return f"{number:+.1f}" if outcome.measure.is_day else outcome.measure.change(number)

    changes = [f"{amount(row['change'])} {spent_on(row['kind'], row['name'])}" for row in rows]
    return "; ".join(changes) + (f"; {amount(rest)} other causes" if rows and abs(rest) >= small else "")


def _pairing(result: Result) -> Iterator[str]:
    """How much the same random numbers help, or that they do not."""
    called = {(outcome.name, outcome.party): outcome.label for outcome in asked_about(result)}
    ratios = result.tables["differences"].dropna(subset=["width_ratio"])
    rows = ratios[ratios["width_ratio"] > 0].sort_values("width_ratio", kind="stable").to_dict("records")
    labels = [f"{row['scenario']}, {called[row['outcome'], row['party']]}" for row in rows]
    if rows and rows[0]["width_ratio"] <= LITTLE_HELP:
        yield (
            f"Common random numbers reduce the intervals to {rows[0]['width_ratio']:.2f} of the width for "
            f"independent samples ({labels[0]})."
        )
    for row, label in zip(rows, labels, strict=True):
        if row["width_ratio"] > LITTLE_HELP:
            yield (
                f"Common random numbers hardly help for {label}: the interval has {row['width_ratio']:.2f} of the "
                "width for independent samples."
            )


# Pictures


def dots(result: Result, milestone: str = "", party: str = "") -> Chart:
    """By how much each outcome differs from the base: the mean with its 95 % interval.

    A dot is blue where all of the interval is better, red where all of it is worse.
    """
    outcomes = [
        outcome
        for outcome in asked_about(result)
        if (not milestone or outcome.name == milestone) and (not party or outcome.party == party)
    ]
    rows = [(row, outcome) for outcome in outcomes for row in _of(result, "differences", outcome).to_dict("records")]
    if len(outcomes) > 1:
        order = {str(label): number for number, label in enumerate(result.about["scenarios"])}
        rows.sort(key=lambda pair: order[str(pair[0]["scenario"])] if pair[1].is_figure else 0)
    rows = rows[:MOST_ROWS]
    shown = dict.fromkeys(outcome for _, outcome in rows)
    names = [_row_name(row, outcome, len(shown) > 1) for row, outcome in rows]
    measure = next(iter(shown), Outcome(milestone)).measure
    known_ = [(number, row) for number, (row, _) in enumerate(rows) if isfinite(row["mean"])]
    size, unit = measure.axis(np.array([row[key] for _, row in known_ for key in ("mean", "low", "high")]))
    marks = []
    for colour, name in (("blue", measure.better), ("red", measure.worse), ("grey", "no clear difference")):
        part = [(number, row) for number, row in known_ if _side(row, rows[number][1]) == name]
        if part:
            columns = {key: np.array([row[key] for _, row in part]) / size for key in ("mean", "low", "high")}
            better = [share(row["better"], result.simulated, 0) for _, row in part]
            notes = [
                f"{names[number]}: {_row_in_words(row, rows[number][1])}, {measure.better} in {often}"
                for (number, row), often in zip(part, better, strict=True)
            ]
            labels, at = [measure.change(row["mean"]) for _, row in part], np.array([k for k, _ in part], float)
            ends: dict[str, Any] = {"low": columns["low"], "high": columns["high"]}
            marks.append(Dots(name=name, colour=colour, x=columns["mean"], y=at, labels=labels, notes=notes, **ends))
    return _dots(
        result,
        list(shown),
        names,
        marks,
        unit,
        "; ".join(f"{names[k]} {_row_in_words(r, rows[k][1])}" for k, r in known_),
    )


def _dots(result: Result, shown: list[Outcome], names: list[str], marks: list[Dots], unit: str, summary: str) -> Chart:
    measure, base = (shown[0] if shown else Outcome("")).measure, result.about["base"]
    if measure.is_day:
        of = shown[0].label if len(shown) == 1 else "each milestone"
        title, axis = f"{of}: days later than {base}", "days later than the base (left: earlier)"
    else:
        of = shown[0].label if len(shown) == 1 else shown[0].label.split(",")[0]
        side = "right" if measure.more_is_better else "left"
        title, axis = f"{of}: change from {base}", f"change from the base{f', {unit}' if unit else ''} ({side}: better)"
    empty = "" if shown else "there is nothing to compare"
    x = Axis(title=f"{axis}, mean with 95 % interval", line_at_zero=True)
    return Chart(title, x, Axis("rows", names=names), marks, "", summary, empty=empty)


def _row_name(row: Row, outcome: Outcome, has_several: bool) -> str:
    of = outcome.owner if outcome.is_figure else f"{outcome.name}"
    name = f"{row['scenario']}, {of}" if has_several else row["scenario"]
    why = "no value" if outcome.is_figure and not outcome.measure.is_day else "not reached"
    return name if isfinite(row["mean"]) else f"{name}: {why} in every replication"


def _side(row: Row, outcome: Outcome) -> str:
    measure = outcome.measure
    less, more = (measure.worse, measure.better) if measure.more_is_better else (measure.better, measure.worse)
    return less if row["high"] < 0 else more if row["low"] > 0 else "no clear difference"


def _row_in_words(row: Row, outcome: Outcome) -> str:
    ends = outcome.measure.interval(row["low"], row["high"]) if row["low"] != row["high"] else ""
    return _amount(row, outcome) + (f" ({ends})" if ends else "")


def stacks(result: Result, milestone: str = "") -> Chart:
    """What the days of a milestone are made of in every scenario, the base first."""
    outcome = next(
        (candidate for candidate in asked_about(result) if candidate.name == milestone), asked_about(result)[-1]
    )
    if outcome.is_figure:
        return Chart(outcome.label, empty="a figure of finance is not made of days")
    rows = _of(result, "causes", outcome)
    first = rows[rows["scenario"] == rows["scenario"].iloc[0]] if len(rows) else rows
    base = first.assign(scenario=result.about["base"], value=first["base"])
    table = pd.concat([base, rows])[["scenario", "kind", "name", "value"]]
    return stacked(table.rename(columns={"value": "days"}), f"{outcome.name}")


def waterfall(result: Result, scenario: str = "", party: str = "") -> Chart:
    """From the NPV of the base to that of another scenario: what each line of the free cash flow adds or takes.

    Raises
    ------
    RequestError
        There is no such scenario, or nothing is known of such a party.
    """
    outcomes = {candidate.party: candidate for candidate in asked_about(result)}
    outcome = outcomes[known(party, outcomes, "party", "parties")] if party else next(iter(outcomes.values()))
    alternatives = [label for label in result.about["scenarios"] if label != result.about["base"]]
    label = (
        next((label for label in alternatives if label == known(scenario, alternatives, "scenario", "scenarios")), "")
        if scenario
        else alternatives[0]
    )
    rows = _of(result, "causes", outcome)
    rows = rows[(rows["scenario"] == label) & (rows["change"] != 0)]
    if not outcome.is_figure or rows.empty:
        return Chart(f"{outcome.label}: {label}", empty="no line of the cash flow changes, or it is no NPV")
    causes = _of(result, "causes", outcome)
    before = float(causes.loc[causes["scenario"] == label, "base"].sum())
    steps = np.concatenate([[before], rows["change"].to_numpy(np.float64)])
    ends = np.cumsum(steps)
    starts, ends = np.concatenate([[0.0], ends[:-1], [0.0]]), np.concatenate([ends, ends[-1:]])
    size, unit = outcome.measure.axis(np.concatenate([starts, ends]))
    names = [f"NPV of {result.about['base']}", *(f"{name}" for name in rows["name"]), f"NPV of {label}"]
    amounts = np.concatenate([steps, ends[-1:]])
    series = [
        outcome.measure.text(v) if k in (0, len(amounts) - 1) else outcome.measure.change(v)
        for k, v in enumerate(amounts)
    ]
    last = len(amounts) - 1
    marks: list[Mark] = []
    for name, colour, part in (
        ("NPV", "navy", [0, last]),
        ("adds", "blue", [k for k in range(1, last) if amounts[k] > 0]),
        ("takes", "orange", [k for k in range(1, last) if amounts[k] < 0]),
    ):
        if part:
            labels = [series[k] for k in part]
            start, end = starts[part] / size, ends[part] / size
            marks.append(Bars(name=name, colour=colour, rows=part, start=start, end=end, labels=labels))
    title = f"{outcome.label}: from {result.about['base']} to {label}"
    explanation = (
        "Means of the replications, discounted to the date of valuation; bars add up from the first to the last."
    )
    summary = joined([f"{name} {amount}" for name, amount in zip(names, series, strict=True)])
    return Chart(title, Axis(title=unit, line_at_zero=True), Axis("rows", names=names), marks, explanation, summary)


CHARTS = {"differences": dots, "days": stacks, "waterfall": waterfall}
