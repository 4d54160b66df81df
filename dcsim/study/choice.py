"""Which measures to buy with a budget: all sets are tried where they are few, else a seeded search picks them.

A set is better if more builds reach the milestone at all; among those alike, if they reach it earlier on average. The
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
NOTHING = 0.1
"""Days; a member that adds less is left out of a set."""
_PATIENCE = 10
"""Suggestions for each set that is to be picked."""

Weigh = Callable[[Set], Gain | None]
"""What a set buys; none if the scenario cannot have its members together."""


class Worth(NamedTuple):
    """What is compared: first whether, then when."""

    reached: float
    days: float


class Tried(NamedTuple):
    """Sets within the budget and what they seem to buy, and how they were found."""

    sets: Mapping[Set, Worth]
    how: str


def tried(
    measures: tuple[Measure, ...], budget: Fraction, alone: Mapping[str, float], weigh: Weigh, seed: int
) -> Tried:
    """Weigh the sets that the budget pays; `alone` says how many days each measure buys by itself.

    Raises
    ------
    UnavailableError
        There are many sets, and optuna is not installed.
    """
    few = list(islice(within(measures, budget), MOST_TRIED + 1))
    if len(few) <= MOST_TRIED:
        return Tried(_possible({some: weigh(some) for some in few}), f"all {len(few)} within the budget")
    return _searched([one for one in measures if one.cost is not None], budget, alone, weigh, seed)


def _possible(found: Mapping[Set, Gain | None]) -> dict[Set, Worth]:
    """What the sets are worth that the scenario can have."""
    return {some: worth(one) for some, one in found.items() if one is not None}


def worth(found: Gain) -> Worth:
    """What a gain is worth; no days are 0 days where no build reaches the milestone both without and with it."""
    return Worth(found.reached, found.days if found.days == found.days else 0.0)


def _searched(priced: list[Measure], budget: Fraction, alone: Mapping[str, float], weigh: Weigh, seed: int) -> Tried:
    try:
        import optuna
    except ImportError:
        raise UnavailableError(
            f"more than {MOST_TRIED} sets lie within the budget, and the search needs optuna: "
            "pip install 'dcsim[decide]', or give a smaller budget"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({one.name: True for one in priced})
    found: dict[Set, Gain | None] = {}
    for _ in range(_PATIENCE * MOST_TRIED):
        trial = study.ask()
        wished = frozenset(one.name for one in priced if trial.suggest_categorical(one.name, [True, False]))
        some = fitting(wished, priced, budget, alone)
        if some and some not in found:
            found[some] = weigh(some)
        bought = found.get(some)
        study.tell(trial, 0.0 if bought is None else 1e6 * worth(bought).reached + worth(bought).days)
        if len(found) == MOST_TRIED:
            break
    return Tried(_possible(found), f"{len(found)} picked by optuna's TPE sampler")


def fitting(wished: Set, priced: list[Measure], budget: Fraction, alone: Mapping[str, float]) -> Set:
    """What of a wish the budget pays: what buys the least for its money by itself is left out first."""

    def per_money(one: Measure) -> float:
        cost = float(one.cost.amount) if one.cost is not None else 0.0
        return alone.get(one.name, 0.0) / cost if cost else float("inf")

    kept, left = [], budget
    for one in sorted((one for one in priced if one.name in wished), key=per_money, reverse=True):
        if one.cost is not None and one.cost.amount <= left:
            kept.append(one.name)
            left -= one.cost.amount
    return frozenset(kept)


def ranked(weighing: Weighing, budget: Fraction, alone: Mapping[str, float]) -> tuple[list[tuple[Set, Gain]], str]:
    """The sets that were weighed by all replications, the best first, and how they were found."""
    found = tried(
        weighing.measures,
        budget,
        alone,
        lambda some: weighing.gain(some, weighing.compared),
        weighing.trials.seed,
    )
    finalists = sorted(found.sets, key=lambda some: _order(weighing, some, found.sets[some]))[:FINALISTS]
    gains = {some: weighing.bought(some) for some in finalists}
    if not gains:
        return [], found.how
    lean = _trimmed(weighing, min(gains, key=lambda some: _order(weighing, some, worth(gains[some]))))
    if not lean:
        return [], found.how
    gains[lean] = weighing.bought(lean)
    return sorted(gains.items(), key=lambda one: _order(weighing, one[0], worth(one[1]))), found.how


def _order(weighing: Weighing, some: Set, its: Worth) -> tuple[float, float, Fraction, list[str]]:
    """Most builds that reach it, most days to a tenth, least cost."""
    return (-its.reached, -round(its.days, 1), weighing.cost(some), weighing.in_order(some))


def _trimmed(weighing: Weighing, some: Set) -> Set:
    """The set without members that add nothing to it: all of these at once if it does not suffer, else one by one."""
    while some:
        whole = weighing.bought(some)
        added = {name: weighing.bought(some, some - {name}) for name in weighing.in_order(some)}
        idle = [
            name
            for name, found in added.items()
            if not found.days >= NOTHING and weighing.bought(some - {name}).reached >= whole.reached
        ]
        if not idle:
            break
        without = weighing.bought(some - frozenset(idle))
        suffers = without.reached < whole.reached or without.days < whole.days - NOTHING
        some -= {min(idle, key=lambda name: worth(added[name]).days)} if suffers else frozenset(idle)
    return some
