"""What the ranking of inputs has to say: the outcome, what moves it most, how far and how surely."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.quantiles import Interval
from dcsim.analysis.sensitivity import Z95
from dcsim.document.bars import MOST_ROWS, tornado
from dcsim.document.chart import Chart
from dcsim.document.measure import Measure
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import NEVER, UNKNOWN, counted, listed, share
from dcsim.study.inputs import ACTIVITY, BRANCH, FACTOR, MONEY, ORDER, PLACES, RISK
from dcsim.study.outcome import Outcome, asked_about, defined
from dcsim.study.result import Result

NOTHING = {"day": 0.05, "share": 5e-5, "money": 1.0}
"""A swing below which it is none."""
NO_SHARE = 0.005
"""A share of the variance below which it is none."""
MANY = 100
"""Number of days from which a table shows whole days."""
LEGEND = (
    "low, high: by how much the mean{} moves if the input is at its P10 and at its P90 (a risk: without and with it; a "
    "branch: its first and its last way) and all other inputs vary at random",
    "rank: rank correlation of the input (of a risk: whether it occurs) with the outcome",
    "first, total: share of the variance that the input explains, alone and with all its interactions",
    "if known: by how much the tail (mean of the {} fifth of replications) would improve if this input were known",
    "±: half of the 95 % interval",
)
CORRELATED = (
    "Some inputs are correlated. Their common part counts for the first of them (of the larger places, then by name), "
    "and each input varies only by its own part: no number below is what an input would explain by itself."
)
NAMED = {
    FACTOR: "the factor {}",
    RISK: "the risk {}",
    BRANCH: "the branch {}",
    ORDER: "the order {}",
    ACTIVITY: "the duration of {}",
    MONEY: "{}",
    PLACES: "the draws of single places",
}
"""How a sentence names an input of each kind."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """The outcome that moves, what moves it most, all inputs that move it with how far and shares, and the others."""
    about, rows, outcome = result.about, result.tables["drivers"].to_dict("records"), asked_about(result)[0]
    least = NOTHING.get(outcome.measure.kind, 0.0)
    moving = [row for row in rows if not row["total"] < NO_SHARE or row["swing"] >= least]
    still = [row["input"] for row in rows if row not in moving]
    no_effect = f"No effect: {listed(still, len(still))}."
    asked = replace(result, about={**about, "replications": None})  # as earlier versions called the points
    subject = [*asked.subject(), counted(int(about.get("builds", 0)), "replication"), outcome.label]
    sections = [Section("", tuple(_sentences(about, outcome, moving)))]
    if moving:
        title, unit = "Inputs, the most important first", outcome.measure.unit
        legend = [line.format(f", in {unit}," if "low" in line and unit else _worst(outcome)) for line in LEGEND]
        sections.append(Section(title, tables=(_table(moving, outcome),), charts=(moved(result),), notes=legend))
    sections.append(Section("", (no_effect,) if still else ()))
    return Report.of(f"What moves {outcome.label}", subject, [*sections, *defined(result)])


def first_answer(outcome: Outcome, values: NDArray[np.float64], ranks: Mapping[str, Interval]) -> str:
    """The mean and the strongest inputs by their ranks, as far as independent replications tell them."""
    measure, half = outcome.measure, Z95 * float(values.std(ddof=1)) / len(values) ** 0.5
    strongest = sorted(ranks, key=lambda name: -abs(ranks[name].estimate))[:3]
    text = listed([f"{name} {ranks[name].estimate:.2f}±{ranks[name].within:.2f}" for name in strongest], 3)
    mean = f"{measure.text(float(values.mean()))}±{measure.size(half, digits=1)}"
    return f"first answer, {len(values):,} replications: the mean is {mean}; strongest rank correlations: {text}"


def _worst(outcome: Outcome) -> str:
    """The word for the fifth of replications that is worst."""
    measure = outcome.measure
    return "worst" if not measure.is_day else "earliest" if measure.more_is_better else "latest"


def _sentences(about: Mapping[str, Any], outcome: Outcome, moving: Sequence[Row]) -> Iterator[str]:
    """The outcome, what moves it most, what the inputs explain alone, and what the numbers leave out."""
    measure, label = outcome.measure, outcome.label
    date = f" ({about['p80_date'][:10]})" if about.get("p80_date") else ""
    tail = f"{measure.text(about['p80'])}{date}" if isfinite(about["p80"]) else NEVER
    level = "P20" if measure.more_is_better else "P80"
    spread = f"{about['sd']:.1f} days" if measure.is_day else f"{measure.size(about['sd'])} {measure.unit}".rstrip()
    last = f"{level} is {tail}{_known(about, measure)}."
    yield f"The mean is {measure.text(about['mean'])}, with a standard deviation of {spread}; {last}"
    if not moving:
        yield f"No uncertain input moves {label}."
        return
    yield f"{_named(moving[0]).replace('the ', 'The ', 1)} moves {label} most{_by(moving[0], measure)}."
    if isnan(about["alone"]):
        more = 2 * about.get("points", about.get("replications"))
        yield f"Too few replications for all shares of the variance: use -n {more} or more."
    else:
        yield (
            f"Alone, the inputs explain {share(about['alone'], digits=0)} of the variance; "
            f"{share(1 - about['alone'], digits=0)} comes from interactions."
        )
    if about.get("correlated"):
        yield CORRELATED
    yield from _useful(outcome, moving, level)
    if about["reached"] < 1:
        end = about["horizon"][:10] if not outcome.is_figure else "the last month of the statements"
        yield (
            f"{share(1 - about['reached'])} of the replications do not reach it by {end}. They count "
            "as if they did on that day: the true mean, spread and effects are larger."
        )


def _known(about: Mapping[str, Any], measure: Measure) -> str:
    """How well the quantile is known: only the points that are drawn independently tell it."""
    if "independent" not in about:  # as earlier versions wrote it
        return ""
    low, high = (
        measure.text(about[f"p80_{end}"]) if isfinite(about[f"p80_{end}"]) else UNKNOWN for end in ("low", "high")
    )
    return f" (95 % interval {low} to {high}; from the {about['independent']:,} independent replications of these)"


def _useful(outcome: Outcome, moving: Sequence[Row], level: str) -> Iterator[str]:
    """The input that is most useful to know."""
    best = max(moving, key=lambda row: -inf if isnan(row["information"]) else row["information"])
    if best["information_low"] > 0:
        measure = outcome.measure

        def gained(number: float) -> str:
            unit = "" if not measure.unit else f" {measure.unit}"
            return f"{measure.size(number)}{unit if measure.kind != 'share' else ''} {measure.better}"

        unclear = best["p80_better_low"] <= 0 <= best["p80_better_high"]
        tail = "by no more than the sampling error" if unclear else gained(best["p80_better"])
        before = "you promise a date" if not outcome.is_figure else "you commit money"
        yield (
            f"The most useful input to know before {before}: {_named(best)}. If it were known, the mean of "
            f"the {_worst(outcome)} fifth of replications would be {gained(best['information'])}, "
            f"and the {level} {tail}."
        )


def _named(row: Row) -> str:
    return NAMED[row["kind"]].format(row["input"])


def _by(row: Row, measure: Measure) -> str:
    """How far both ends of an input move the mean."""
    if isnan(row["at_low"]):
        return ""
    known = {RISK: ("without it", "with it"), BRANCH: ("on its first way", "on its last way")}
    ends = known.get(row["kind"], ("at its P10", "at its P90"))
    moved = zip((row["at_low"], row["at_high"]), ends, strict=True)
    if measure.is_day:
        text = (f"{abs(days):.1f} days {'earlier' if days < 0 else 'later'} {end}" for days, end in moved)
    else:
        text = (f"{measure.change(amount)} {end}" for amount, end in moved)
    return ": " + ", ".join(text)


def _table(rows: Sequence[Row], outcome: Outcome) -> Table:
    """All that is known of some inputs; without fractions of a day where the largest move a date by many."""
    measure = outcome.measure
    digits = int(max(max(abs(row["at_low"]), abs(row["at_high"]), 0) for row in rows) < MANY)
    columns = [Column("input"), measure.changes("low", digits), measure.changes("high", digits)]
    columns += [Column(name, "number") for name in ("rank", "first", "total", "if known")]
    return Table(
        columns,
        [_cells(row, digits, measure) for row in rows],
        f"in {measure.currency}" if measure.kind == "money" else "",
    )


def _cells(row: Row, digits: int, measure: Measure) -> list[Any]:
    ends = [None if isnan(row[end]) else row[end] for end in ("at_low", "at_high")]
    shares = [_with_interval(row, name, lambda number: f"{number:.2f}") for name in ("correlation", "first", "total")]
    return [row["input"], *ends, *shares, _with_interval(row, "information", partial(measure.size, digits=digits))]


def _with_interval(row: Row, name: str, text: Callable[[float], str]) -> str:
    """An estimate and half its interval; nothing for what has none, `?` for what so few builds do not tell."""
    if isnan(row[name]):
        return UNKNOWN if name in ("first", "total") else ""
    return f"{text(row[name])}±{text((row[f'{name}_high'] - row[f'{name}_low']) / 2)}"


def moved(result: Result) -> Chart:
    """How far each input moves the mean at its low and at its high end, the largest swing on top."""
    table, outcome = result.tables["drivers"], asked_about(result)[0]
    shown = table[table["swing"] > 0].sort_values("swing", ascending=False, kind="stable").head(MOST_ROWS)
    low, high = (shown[end].to_numpy(np.float64) for end in ("at_low", "at_high"))
    title, legend = f"{outcome.label}: what moves it", ("at its P10; without the risk", "at its P90; with the risk")
    side = f"left: {outcome.measure.worse if outcome.measure.more_is_better else outcome.measure.better}"
    axis = (
        f"days by which the mean moves ({side})" if outcome.measure.is_day else f"how far the mean moves, {{}} ({side})"
    )
    names, none = list(shown["input"]), f"no input moves {'this figure' if outcome.is_figure else 'the milestone'}"
    return tornado(title, axis, names, low, high, legend, none, outcome.measure)


CHARTS = {"tornado": moved}
