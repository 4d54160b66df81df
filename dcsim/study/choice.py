"""Which measures to buy with a budget: all sets are tried where they are few, else a seeded local search picks them.

A set is better if more builds reach the milestone at all; among those alike, if the outcome is better on average. Sets
race by successive halving, all with the same random numbers: each is weighed by a quarter of the replications that
compare, and only the best third by all (Karnin, Koren and Somekh, Proceedings of Machine Learning Research 28 (2013)
1238). The search begins from several sets, of which the best goes on to the best of its neighbours, with one measure
more or one less, until none is better.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

import numpy as np

from dcsim.analysis.gains import Gain
from dcsim.engine.philox import hash64
from dcsim.study.measures import Measure, Set, Weighing, within

MOST_TRIED = 64
"""Sets that are all tried; of more so many are picked at most."""
MOST_SUMMED = 20_000
"""Sets whose gains are added up, without any run."""
STARTS = 8
"""Sets from which the search begins."""
FINALISTS = 6
"""Sets that are weighed again with all replications."""
NOTHING = {"day": 0.1, "money": 1.0, "share": 1e-4, "number": 1e-3}
"""A member that adds less of what the outcome is measured in is left out of a set."""


class Worth(NamedTuple):
    """What is compared: first whether, then how good."""

    reached: float
    gain: float


def worth(bought: Gain) -> Worth:
    """What a gain is worth; no gain is 0 where no build has the outcome both without and with it."""
    return Worth(bought.reached, bought.gain if bought.gain == bought.gain else 0.0)


def raced(weighing: Weighing, subsets: Iterable[Set]) -> dict[Set, Worth]:
    """What the better third of some sets is worth, by all replications that compare; none that cannot be had."""
    which = weighing.compared
    for part in (which[: max(1, len(which) // 4)], which):
        weighing.weigh([frozenset(), *subsets], part)
        weighed = {subset: weighing.gain(subset, part) for subset in subsets}
        worths = {subset: worth(bought) for subset, bought in weighed.items() if bought is not None}
        best = sorted(worths, key=lambda subset: _order(weighing, subset, worths[subset]))
        subsets = best[: max(FINALISTS, -(-len(best) // 3))]
    return worths


def tried(weighing: Weighing, budget: Fraction, alone: Mapping[str, float]) -> tuple[dict[Set, Worth], str]:
    """The best sets that the budget pays and what they seem to buy, and how they were found; `alone` says how much each
    measure gains by itself."""
    few = list(islice(within(weighing.measures, budget), MOST_TRIED + 1))
    if len(few) <= MOST_TRIED:
        return raced(weighing, few), f"all {len(few)} within the budget"
    priced = [measure for measure in weighing.measures if measure.cost is not None]
    chance = np.random.default_rng(hash64(f"{weighing.asking.seed}/mitigate"))
    wishes = [alone, *(_shuffled(priced, chance) for _ in range(1, STARTS))]
    every_measure = frozenset(measure.name for measure in priced)
    seen = dict.fromkeys([_sum_of_alone(weighing, budget, alone)])
    seen |= dict.fromkeys(fitting(every_measure, priced, budget, wish) for wish in wishes)
    worths = raced(weighing, seen)
    best, before = _best(weighing, worths), None
    while best != before:
        new = [subset for subset in _neighbours(best, priced, budget, alone) if subset and subset not in seen]
        new = list(dict.fromkeys(new))[: MOST_TRIED - len(seen)]
        seen |= dict.fromkeys(new)
        worths |= raced(weighing, new)
        best, before = _best(weighing, worths), best
    return worths, f"{len(seen)} picked by local search from {STARTS} sets"


def _sum_of_alone(weighing: Weighing, budget: Fraction, alone: Mapping[str, float]) -> Set:
    """The best of many sets, if each member gained what it gains alone."""
    sets = islice(within(weighing.measures, budget), MOST_SUMMED)
    return max(sets, key=lambda subset: sum(alone.get(name, 0.0) for name in weighing.in_order(subset)))


def _shuffled(priced: list[Measure], chance: np.random.Generator) -> dict[str, float]:
    """Gains by which measures would be taken in any order."""
    return {m.name: chance.random() * float(m.cost.amount) for m in priced if m.cost is not None}


def _best(weighing: Weighing, worths: Mapping[Set, Worth]) -> Set:
    return min(worths, key=lambda subset: _order(weighing, subset, worths[subset]), default=frozenset())


def _neighbours(subset: Set, priced: list[Measure], budget: Fraction, alone: Mapping[str, float]) -> Iterator[Set]:
    """The set without one of its members, with others in its place, or with one more, for which others leave where they
    cost too much."""
    for measure in priced:
        assert measure.cost is not None
        if measure.name in subset:
            fewer = subset - {measure.name}
            left = budget - sum((m.cost.amount for m in priced if m.cost and m.name in fewer), Fraction(0))
            outside = frozenset(m.name for m in priced) - subset
            yield fewer
            yield fewer | fitting(outside, priced, left, alone)
        elif measure.cost.amount <= budget:
            yield fitting(subset, priced, budget - measure.cost.amount, alone) | {measure.name}


def fitting(wished: Set, priced: list[Measure], budget: Fraction, alone: Mapping[str, float]) -> Set:
    """What of a wish the budget pays: what buys the least for its money by itself is left out first."""

    def per_money(measure: Measure) -> float:
        cost = float(measure.cost.amount) if measure.cost is not None else 0.0
        return alone.get(measure.name, 0.0) / cost if cost else float("inf")

    kept, left = [], budget
    for measure in sorted((measure for measure in priced if measure.name in wished), key=per_money, reverse=True):
        if measure.cost is not None and measure.cost.amount <= left:
            kept.append(measure.name)
            left -= measure.cost.amount
    return frozenset(kept)


def ranked(weighing: Weighing, budget: Fraction, alone: Mapping[str, float]) -> tuple[list[tuple[Set, Gain]], str]:
    """The sets that were weighed by all replications, the best first, and how they were found."""
    worths, how = tried(weighing, budget, alone)
    finalists = sorted(worths, key=lambda subset: _order(weighing, subset, worths[subset]))[:FINALISTS]
    weighing.weigh(finalists, weighing.answered)
    gains = {subset: weighing.bought(subset) for subset in finalists}
    if not gains:
        return [], how
    lean = _trimmed(weighing, min(gains, key=lambda subset: _order(weighing, subset, worth(gains[subset]))))
    if not lean:
        return [], how
    gains[lean] = weighing.bought(lean)
    return sorted(gains.items(), key=lambda entry: _order(weighing, entry[0], worth(entry[1]))), how


def _order(weighing: Weighing, subset: Set, its: Worth) -> tuple[float, float, Fraction, list[str]]:
    """Most builds that have it, the most gain as far as it counts, least cost."""
    least = NOTHING[weighing.outcome.measure.kind]
    return (-its.reached, -round(its.gain / least) * least, weighing.cost(subset), weighing.in_order(subset))


def _trimmed(weighing: Weighing, subset: Set) -> Set:
    """The set without members that add nothing to it: all of these at once if it does not suffer, else one by one."""
    least = NOTHING[weighing.outcome.measure.kind]
    while subset:
        gain_of_all, added = weighing.bought(subset), _added(weighing, subset, least)
        idle = [
            name
            for name, gains_by_set in added.items()
            if not gains_by_set.gain >= least and weighing.bought(subset - {name}).reached >= gain_of_all.reached
        ]
        if not idle:
            break
        without = weighing.bought(subset - frozenset(idle))
        suffers = without.reached < gain_of_all.reached or without.gain < gain_of_all.gain - least
        subset -= {min(idle, key=lambda name: worth(added[name]).gain)} if suffers else frozenset(idle)
    return subset


def _added(weighing: Weighing, subset: Set, least: float) -> dict[str, Gain]:
    """What members add to a set, by all replications; without those that add enough already by a quarter of them."""
    names, fewer = weighing.in_order(subset), weighing.fewer
    weighing.weigh([subset - {name} for name in names], fewer)
    gains = {name: weighing.gain(subset, fewer, subset - {name}) for name in names}
    unsure = [name for name, bought in gains.items() if bought is None or not bought.low >= least]
    weighing.weigh([subset - {name} for name in unsure], weighing.answered)
    return {name: weighing.bought(subset, subset - {name}) for name in unsure}
