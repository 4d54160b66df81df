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
    fewest = list(islice(within(measures, budget), MOST_TRIED + 1))
    if len(fewest) <= MOST_TRIED:
        return Tried(_possible({chosen: weigh(chosen) for chosen in fewest}), f"all {len(fewest)} within the budget")
    return _searched([measure for measure in measures if measure.cost is not None], budget, alone, weigh, seed)


def _possible(gains: Mapping[Set, Gain | None]) -> dict[Set, Worth]:
    """What the sets are worth that the scenario can have."""
    return {chosen: worth(gain) for chosen, gain in gains.items() if gain is not None}


def worth(gain: Gain) -> Worth:
    """What a gain is worth; no days are 0 days where no build reaches the milestone both without and with it."""
    return Worth(gain.reached, gain.days if gain.days == gain.days else 0.0)


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
    study.enqueue_trial({measure.name: True for measure in priced})
    gains: dict[Set, Gain | None] = {}
    for _ in range(_PATIENCE * MOST_TRIED):
        trial = study.ask()
        wished = frozenset(measure.name for measure in priced if trial.suggest_categorical(measure.name, [True, False]))
        chosen = fitting(wished, priced, budget, alone)
        if chosen and chosen not in gains:
            gains[chosen] = weigh(chosen)
        bought = gains.get(chosen)
        study.tell(trial, 0.0 if bought is None else 1e6 * worth(bought).reached + worth(bought).days)
        if len(gains) == MOST_TRIED:
            break
    return Tried(_possible(gains), f"{len(gains)} picked by optuna's TPE sampler")


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
    choice = tried(
        weighing.measures,
        budget,
        alone,
        lambda chosen: weighing.gain(chosen, weighing.compared),
        weighing.trials.seed,
    )
    finalists = sorted(choice.sets, key=lambda chosen: _order(weighing, chosen, choice.sets[chosen]))[:FINALISTS]
    gains = {chosen: weighing.bought(chosen) for chosen in finalists}
    if not gains:
        return [], choice.how
    lean = _trimmed(weighing, min(gains, key=lambda chosen: _order(weighing, chosen, worth(gains[chosen]))))
    if not lean:
        return [], choice.how
    gains[lean] = weighing.bought(lean)
    return sorted(gains.items(), key=lambda gain: _order(weighing, gain[0], worth(gain[1]))), choice.how


def _order(weighing: Weighing, chosen: Set, value: Worth) -> tuple[float, float, Fraction, list[str]]:
    """Most builds that reach it, most days to a tenth, least cost."""
    return (-value.reached, -round(value.days, 1), weighing.cost(chosen), weighing.in_order(chosen))


def _trimmed(weighing: Weighing, chosen: Set) -> Set:
    """The set without members that add nothing to it: all of these at once if it does not suffer, else one by one."""
    while chosen:
        total = weighing.bought(chosen)
        added = {name: weighing.bought(chosen, chosen - {name}) for name in weighing.in_order(chosen)}
        idle = [
            name
            for name, gain in added.items()
            if not gain.days >= NOTHING and weighing.bought(chosen - {name}).reached >= total.reached
        ]
        if not idle:
            break
        without = weighing.bought(chosen - frozenset(idle))
        suffers = without.reached < total.reached or without.days < total.days - NOTHING
        chosen -= {min(idle, key=lambda name: worth(added[name]).days)} if suffers else frozenset(idle)
    return chosen
