"""Which measures to buy with a budget: all sets are tried where they are few, else a seeded search picks them.

A set is better if more builds reach the milestone at all; among those alike, if the outcome is better on average. The
search is optuna's tree-structured Parzen estimator: Bergstra et al., Advances in Neural Information Processing Systems
24 (2011) 2546.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from dcsim.analysis.gains import Gain
from dcsim.errors import UnavailableError
from dcsim.study.measures import Measure, Set, Weighing, within

MOST_TRIED = 64
"""Sets that are all tried; of more so many are picked."""
FINALISTS = 8
"""Sets that are weighed again with all replications."""
NOTHING = {"day": 0.1, "money": 1.0, "share": 1e-4, "number": 1e-3}
"""A member that adds less of what the outcome is measured in is left out of a set."""
FIRST = 1e15
"""What it counts, in a search, that all builds have the outcome: more than any days or money."""
_PATIENCE = 10
"""Suggestions for each set that is to be picked."""

Weigh = Callable[[Set], Gain | None]
"""What a set buys; none if the scenario cannot have its members together."""


class Worth(NamedTuple):
    """What is compared: first whether, then how good."""

    reached: float
    gain: float


class Tried(NamedTuple):
    """Sets within the budget and what they seem to buy, and how they were found."""

    sets: Mapping[Set, Worth]
    how: str


def tried(
    measures: tuple[Measure, ...],
    budget: Fraction,
    alone: Mapping[str, float],
    weigh: Weigh,
    seed: int,
    least: float = NOTHING["day"],
) -> Tried:
    """Weigh the sets that the budget pays; `alone` says how much each measure gains by itself.

    Raises
    ------
    UnavailableError
        There are many sets, and optuna is not installed.
    """
    few = list(islice(within(measures, budget), MOST_TRIED + 1))
    if len(few) <= MOST_TRIED:
        return Tried(_possible({subset: weigh(subset) for subset in few}), f"all {len(few)} within the budget")
    return _searched([measure for measure in measures if measure.cost is not None], budget, alone, weigh, seed, least)


def _possible(gains_by_set: Mapping[Set, Gain | None]) -> dict[Set, Worth]:
    """What the sets are worth that the scenario can have."""
    return {subset: worth(measure) for subset, measure in gains_by_set.items() if measure is not None}


def worth(gains_by_set: Gain) -> Worth:
    """What a gain is worth; no gain is 0 where no build has the outcome both without and with it."""
    return Worth(gains_by_set.reached, gains_by_set.gain if gains_by_set.gain == gains_by_set.gain else 0.0)


def _searched(
    priced: list[Measure], budget: Fraction, alone: Mapping[str, float], weigh: Weigh, seed: int, least: float
) -> Tried:
    try:
        import optuna
    except ImportError:
        raise UnavailableError(
            f"more than {MOST_TRIED} sets lie within the budget, and the search needs optuna: "
            "pip install 'dcsim[decide]', or give a smaller budget"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({measure.name: True for measure in priced})
    gains_by_set: dict[Set, Gain | None] = {}
    for _ in range(_PATIENCE * MOST_TRIED):
        trial = study.ask()
        wished = frozenset(measure.name for measure in priced if trial.suggest_categorical(measure.name, [True, False]))
        subset = fitting(wished, priced, budget, alone)
        if subset and subset not in gains_by_set:
            gains_by_set[subset] = weigh(subset)
        bought = gains_by_set.get(subset)
        study.tell(trial, 0.0 if bought is None else FIRST * worth(bought).reached + worth(bought).gain / least)
        if len(gains_by_set) == MOST_TRIED:
            break
    return Tried(_possible(gains_by_set), f"{len(gains_by_set)} picked by optuna's TPE sampler")


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
    gains_by_set = tried(
        weighing.measures,
        budget,
        alone,
        lambda subset: weighing.gain(subset, weighing.compared),
        weighing.asking.seed,
        NOTHING[weighing.outcome.measure.kind],
    )
    finalists = sorted(gains_by_set.sets, key=lambda subset: _order(weighing, subset, gains_by_set.sets[subset]))[
        :FINALISTS
    ]
    gains = {subset: weighing.bought(subset) for subset in finalists}
    if not gains:
        return [], gains_by_set.how
    lean = _trimmed(weighing, min(gains, key=lambda subset: _order(weighing, subset, worth(gains[subset]))))
    if not lean:
        return [], gains_by_set.how
    gains[lean] = weighing.bought(lean)
    return sorted(gains.items(), key=lambda measure: _order(weighing, measure[0], worth(measure[1]))), gains_by_set.how


def _order(weighing: Weighing, subset: Set, its: Worth) -> tuple[float, float, Fraction, list[str]]:
    """Most builds that have it, the most gain as far as it counts, least cost."""
    least = NOTHING[weighing.outcome.measure.kind]
    return (-its.reached, -round(its.gain / least) * least, weighing.cost(subset), weighing.in_order(subset))


def _trimmed(weighing: Weighing, subset: Set) -> Set:
    """The set without members that add nothing to it: all of these at once if it does not suffer, else one by one."""
    least = NOTHING[weighing.outcome.measure.kind]
    while subset:
        gain_of_all = weighing.bought(subset)
        added = {name: weighing.bought(subset, subset - {name}) for name in weighing.in_order(subset)}
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
