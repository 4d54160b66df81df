"""What measures buy, as it is printed: each by itself, then the best set for the budget and how its members get on."""

from collections.abc import Hashable, Iterator, Mapping
from fractions import Fraction
from math import isfinite, isinf, isnan
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.document.words import UNKNOWN, counted
from dcsim.report.layout import below, headline, table_of
from dcsim.report.quantities import money
from dcsim.study.mitigate import Mitigations
from dcsim.study.unfinished import missing
from dcsim.units import Money

MOST_SETS = 5
"""Sets that are printed beside the best."""
MOST_PAIRS = 4
"""Pairs of which something is said."""
WORTH_SAYING = 0.5
"""Days of interplay below which nothing is said about a pair."""


def mitigate_report(result: Mitigations) -> Group:
    """Everything that `dcsim mitigate` tells."""
    title = headline(result.scenario, counted(result.n, "replication"), f"seed {result.seed}")
    asked = f"{result.milestone}: days earlier on average, by days for the money"
    parts: list[RenderableType] = [title, Text(asked)]
    if result.reached < 1:
        share = f"{100 * result.reached:.1f} %"
        parts.append(Text(f"As planned {share} of builds reach it; days are of those that do in both."))
    whose = result.stuck["measures"].replace("", "as planned")
    parts += map(Text, missing(result.stuck, result.milestone, whose, result.n))
    parts += [below("", _options(result)), *_best(result)]
    notes = "Each against the same builds without it; intervals hold the mean with 95 % confidence."
    return Group(*parts, below("", Text(notes, style="dim")))


def _options(result: Mitigations) -> RenderableType:
    """Every measure by itself."""
    differs = result.options["reached"].nunique() > 1 or result.reached < 1
    table = table_of("measure", ">cost", ">days", ">95 %", ">per million", *([">reached"] if differs else []))
    for row in result.options.to_dict("records"):
        name = f"{row['option']} (risk)" if row["kind"] == "mitigation" else str(row["option"])
        cells = [name, _cost(row["cost"], result.currency), _days(row["days"]), _interval(row), _rate(row)]
        table.add_row(*map(Text, cells + ([f"{100 * row['reached']:.1f} %"] if differs else [])))
    return table


def _best(result: Mitigations) -> Iterator[RenderableType]:
    """The best set for the budget: what its members add, what they do to each other, and the next best."""
    if result.budget is None:
        return
    budget = money(Money(result.budget, result.currency))
    if result.sets.empty:
        yield below(f"For {budget} at most: no set of measures makes it earlier", "")
        return
    best = result.sets.iloc[0].to_dict()
    yield below(
        f"For {budget} at most: {best['members']}",
        Text(f"{_cost(best['cost'], result.currency)}: {_bought(best, result.reached)}"),
    )
    table = table_of("member", ">alone", ">in the set", ">because of the others")
    for row in result.members.to_dict("records"):
        days = [_days(row[column]) for column in ("alone", "marginal")]
        table.add_row(*map(Text, (str(row["option"]), *days, _signed(row["interaction"]))))
    yield below("", table)
    if len(result.members) > 1 and not isnan(best["days"]):
        yield below("", *(Text(line) for line in _interplay(result, best["days"])))
    if len(result.sets) > 1:
        yield below("Next best", _next(result))
    yield Text(f"Sets weighed: {result.search}.", style="dim")
    unpriced = list(result.options.loc[result.options["cost"].isna(), "option"])
    if unpriced:
        yield Text(f"In no set, since nobody says what it costs: {', '.join(unpriced)}.", style="dim")


def _bought(best: Mapping[Hashable, Any], reached: float) -> str:
    """What a set buys: that more builds reach it, and days where they do anyway."""
    said = []
    if best["reached"] != reached:
        said.append(f"{100 * best['reached']:.1f} % of builds reach it instead of {100 * reached:.1f} %")
    if not isnan(best["days"]):
        said.append(f"{_days(best['days'])} days earlier ({_interval(best)})")
    return ", ".join(said)


def _interplay(result: Mitigations, together: float) -> Iterator[str]:
    """Whether the members of a set help each other or stand in each other's way, in words."""
    apart = float(result.members["alone"].sum())
    more = together - apart
    if abs(more) < WORTH_SAYING:
        yield f"Together they buy {_days(together)} days, as many as apart."
        return
    what = "more" if more > 0 else "less"
    yield f"Together they buy {_days(together)} days, {_days(abs(more))} {what} than the {_days(apart)} apart:"
    pairs = result.pairs[(result.pairs["low"] > 0) | (result.pairs["high"] < 0)]
    pairs = pairs[pairs["days"].abs() >= WORTH_SAYING].sort_values("days", key=abs, ascending=False)
    for row in pairs.head(MOST_PAIRS).to_dict("records"):
        if row["days"] > 0:
            yield f"  {row['one']} and {row['other']} buy {_days(row['days'])} more together: one uncovers"
            yield "    what the other then shortens"
        else:
            yield f"  {row['one']} and {row['other']} buy {_days(-row['days'])} less together: they shorten"
            yield "    the same days"
    if pairs.empty:
        yield "  of no two of them alone can that be said for sure."


def _next(result: Mitigations) -> RenderableType:
    table = table_of("set", ">cost", ">days", ">95 %")
    for row in result.sets.iloc[1 : 1 + MOST_SETS].to_dict("records"):
        cells = (str(row["members"]), _cost(row["cost"], result.currency), _days(row["days"]), _interval(row))
        table.add_row(*map(Text, cells))
    return table


def _cost(cost: float, currency: str) -> str:
    return UNKNOWN if isnan(cost) else money(Money(Fraction(cost).limit_denominator(100), currency))


def _days(days: float) -> str:
    return UNKNOWN if isnan(days) else f"{days:,.1f}".replace("-0.0", "0.0")


def _signed(days: float) -> str:
    return UNKNOWN if isnan(days) else f"{days:+,.1f}".replace("-0.0", "+0.0").replace("+0.0", "0.0")


def _interval(row: Mapping[Hashable, Any]) -> str:
    return UNKNOWN if not isfinite(row["low"]) else f"{_days(row['low'])} to {_days(row['high'])}"


def _rate(row: Mapping[Hashable, Any]) -> str:
    rate = row["per_million"]
    return UNKNOWN if isnan(rate) else "free" if isinf(rate) else f"{rate:,.2f}".replace("-0.00", "0.00")
