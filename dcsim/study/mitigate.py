"""What to do to be earlier: how many days each mitigation and option buys, and the best of them for a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import inf, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dcsim.analysis.gains import Gain, interplay
from dcsim.build import network_of
from dcsim.engine import AUTO, choose
from dcsim.errors import RequestError
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.choice import MOST_TRIED, Worth, tried, worth
from dcsim.study.measures import OPTION, Set, Weighing, currency_of, measures_of
from dcsim.study.money import money_of
from dcsim.study.replicate import Progress, threads
from dcsim.study.replications import known_milestone
from dcsim.study.result import Result
from dcsim.study.store import keep
from dcsim.study.trials import Trials, at_least_one
from dcsim.study.unfinished import in_front
from dcsim.units import Money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FINALISTS = 8
"""Sets that are weighed again with all replications."""
NOTHING = 0.1
"""Days; a member that adds less is left out of a set."""
MOST_PAIRED = 6
"""Members of whose pairs the interplay is told: those that the others change most."""


@dataclass(frozen=True, eq=False, repr=False)
class Mitigations:
    """What each measure buys, and the best set of them within a budget."""

    scenario: Scenario
    milestone: str
    budget: Fraction | None
    currency: str
    n: int
    seed: int
    reached: float
    """The share of builds that reach the milestone without any of them."""
    search: str
    """How the best set was found."""
    options: pd.DataFrame
    """One row per measure, those first with which more builds reach the milestone, then by days for the money.

    Columns: option, kind (mitigation or option), cost, days (earlier on average), low, high (95 % interval),
    per_million, per_million_low, per_million_high (days), reached (share of builds with it). A cost that is not said is
    empty, and so is what follows from it.
    """
    sets: pd.DataFrame
    """One row per set that was weighed with all replications: rank, members, cost, days, low, high, reached.

    The best is the first: most builds that reach the milestone, then most days to a tenth, then least cost.
    """
    members: pd.DataFrame
    """One row per member of the best set: option, alone, marginal, interaction.

    In days: what it buys by itself, what the set without it would be later, and the difference of the two.
    """
    pairs: pd.DataFrame
    """One row per pair of the best set's members: one, other, days, low, high.

    How many days more they buy together than apart; negative where they shorten the same. Where there are many members
    it is told of those that the others change most.
    """

    stuck: pd.DataFrame
    """What keeps builds from the milestone: measures (those taken; empty as planned), and the columns of
    `Replications.stuck`; as planned, with each measure by itself, and with the best set."""

    def __repr__(self) -> str:
        return f"Mitigations('{self.scenario.name}', milestone='{self.milestone}', n={self.n}, seed={self.seed})"

    @property
    def best(self) -> tuple[str, ...]:
        """The members of the best set; none without a budget."""
        return tuple(self.members["option"])

    @cached_property
    def findings(self) -> Result:
        """The tables, with what was asked: what is kept, drawn and reported."""
        about = {
            "milestone": self.milestone,
            "budget": None if self.budget is None else float(self.budget),
            "currency": self.currency,
            "best": list(self.best),
            "search": self.search,
            "reached": self.reached,
            "seed": self.seed,
            "replications": self.n,
            "measures": _fingerprints(self.scenario),
        }
        tables = {"options": self.options, "sets": self.sets, "members": self.members, "pairs": self.pairs}
        tables["stuck"] = self.stuck
        return Result("mitigations", self.scenario, about, tables)

    def save(self, folder: str | Path) -> Path:
        """Write the tables, the resolved scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        return keep(self.findings, folder)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw how many days each measure buys."""
        from dcsim.figures.gallery import draw

        return draw(self.findings, ax=ax)

    def _repr_html_(self) -> str:
        from dcsim.analysis.notebook import as_html

        columns = ["option", "kind", "cost", "days", "low", "high", "per_million"]
        note = f"days earlier; costs in {self.currency}; best set: {', '.join(self.best) or 'none'}"
        return as_html(f"{self.scenario.name} · {self.milestone}", self.options[columns], note)


def mitigate(
    scenario: Scenario,
    *,
    milestone: str,
    budget: str | float | Money | None = None,
    n: int = 256,
    seed: int = 0,
    workers: int | None = None,
    engine: str = AUTO,
    progress: Progress = lambda done, count: None,
) -> Mitigations:
    """Weigh every mitigation and option of a scenario, and find the best set of them within a budget.

    Sets are compared by a quarter of the replications, other ones than those that tell what the best sets buy, so that
    the winner is not told by the luck that made it win.

    Parameters
    ----------
    scenario
        From `load`; what is mitigated or taken already belongs to it.
    milestone
        What is to be reached earlier.
    budget
        `50M USD`, or a plain number in the currency of the scenario; no set is sought if not given.
    n
        Replications.
    seed
        The same seed gives the same answer.
    workers
        Threads; the number of cores if not given. The reference engine uses one.
    engine
        `compiled`, `reference`, or `auto`: whichever is there sooner.
    progress
        Told how many builds are done, and how many there may be.

    Raises
    ------
    RequestError
        There is no such milestone, nothing to do, or costs are in several currencies; it is a ValueError too.
    UnavailableError
        There are so many sets that they have to be searched, and optuna is not installed.
    """
    network = network_of(scenario)
    known_milestone(network, milestone)
    measures = measures_of(scenario)
    currency = currency_of(measures)
    money = None if budget is None else _budget(scenario, budget, currency)
    chosen = choose(engine, network.instances * at_least_one(n) * (len(measures) + 1))
    trials = Trials(chosen, seed, milestone, threads(chosen, workers))
    weighing = Weighing(scenario, measures, trials, n, progress, _builds(len(measures), n, money))
    options = _options(weighing)
    sets, search = _ranked(weighing, money, options, seed)
    best = sets[0][0] if sets else frozenset()
    members = _members(weighing, best, options)
    return Mitigations(
        scenario,
        milestone,
        money,
        currency,
        n,
        seed,
        reached=_gain(weighing, frozenset()).reached,
        search=search,
        options=options,
        sets=_sets(weighing, sets),
        members=members,
        pairs=_pairs(weighing, members),
        stuck=_stuck(weighing, best),
    )


def _budget(scenario: Scenario, budget: str | float | Money, currency: str) -> Fraction:
    """A budget in the currency of the costs."""
    money = money_of(scenario, budget, "the budget")
    if currency and money.currency != currency:
        raise RequestError(f"the budget is in {money.currency}, but the costs are in {currency}")
    return money.amount


def _builds(measures: int, n: int, budget: Fraction | None) -> int:
    """How many builds there may be."""
    sets = 0 if budget is None else MOST_TRIED * max(1, n // 4) + (FINALISTS + 2 * MOST_PAIRED) * n
    return n * (measures + 1) + sets


def _gain(weighing: Weighing, some: Set, without: Set = frozenset()) -> Gain:
    """What a set that the scenario can have buys, by all replications."""
    found = weighing.gain(some, weighing.told, without)
    assert found is not None
    return found


def _options(weighing: Weighing) -> pd.DataFrame:
    """Every measure by itself."""
    rows: list[dict[str, Any]] = []
    for one in weighing.measures:
        found = _gain(weighing, frozenset({one.name}))
        cost = nan if one.cost is None else float(one.cost.amount)
        row = {"option": one.name, "kind": one.kind, "cost": cost}
        row |= {"days": found.days, "low": found.low, "high": found.high}
        for end, days in (("", found.days), ("_low", found.low), ("_high", found.high)):
            row[f"per_million{end}"] = _per_million(days, cost)
        rows.append(row | {"reached": found.reached})
    rows.sort(key=_rank)
    return pd.DataFrame(rows).astype({"option": "str", "kind": "str"})


def _per_million(days: float, cost: float) -> float:
    """Days for a million; for nothing as many as one likes."""
    if cost == 0:
        return inf if days > 0 else 0.0 if days == 0 else nan
    return days * 1e6 / cost


def _rank(row: Mapping[str, Any]) -> tuple[float, bool, float, float]:
    """Where more builds reach the milestone, then what costs something by days for it, then the rest by days."""
    priced = not isnan(row["cost"])
    per_million = row["per_million"] if priced and not isnan(row["per_million"]) else 0.0
    return (-row["reached"], not priced, -per_million, 0.0 if isnan(row["days"]) else -row["days"])


def _ranked(
    weighing: Weighing, budget: Fraction | None, options: pd.DataFrame, seed: int
) -> tuple[list[tuple[Set, Gain]], str]:
    """The sets that were weighed by all replications, the best first, and how they were found."""
    if budget is None:
        return [], ""
    alone = dict(zip(options["option"], options["days"].fillna(0.0), strict=True))
    found = tried(weighing.measures, budget, alone, lambda some: weighing.gain(some, weighing.compared), seed)
    finalists = sorted(found.sets, key=lambda some: _order(weighing, some, found.sets[some]))[:FINALISTS]
    gains = {some: _gain(weighing, some) for some in finalists}
    if not gains:
        return [], found.how
    lean = _trimmed(weighing, min(gains, key=lambda some: _order(weighing, some, worth(gains[some]))))
    if not lean:
        return [], found.how
    gains[lean] = _gain(weighing, lean)
    return sorted(gains.items(), key=lambda one: _order(weighing, one[0], worth(one[1]))), found.how


def _order(weighing: Weighing, some: Set, its: Worth) -> tuple[float, float, Fraction, list[str]]:
    """Most builds that reach it, most days to a tenth, least cost."""
    return (-its.reached, -round(its.days, 1), weighing.cost(some), weighing.in_order(some))


def _trimmed(weighing: Weighing, some: Set) -> Set:
    """The set without members that add nothing to it: all of these at once if it does not suffer, else one by one."""
    while some:
        whole = _gain(weighing, some)
        added = {name: _gain(weighing, some, some - {name}) for name in weighing.in_order(some)}
        idle = [
            name
            for name, found in added.items()
            if not found.days >= NOTHING and _gain(weighing, some - {name}).reached >= whole.reached
        ]
        if not idle:
            break
        without = _gain(weighing, some - frozenset(idle))
        suffers = without.reached < whole.reached or without.days < whole.days - NOTHING
        some -= {min(idle, key=lambda name: worth(added[name]).days)} if suffers else frozenset(idle)
    return some


def _sets(weighing: Weighing, sets: Sequence[tuple[Set, Gain]]) -> pd.DataFrame:
    rows = [
        (rank, ", ".join(weighing.in_order(some)), float(weighing.cost(some)), *found)
        for rank, (some, found) in enumerate(sets, start=1)
    ]
    columns = ["rank", "members", "cost", "days", "low", "high", "reached"]
    numbers = dict.fromkeys(columns[2:], "float64")
    return pd.DataFrame(rows, columns=columns).astype({"rank": "int64", "members": "str", **numbers})


def _members(weighing: Weighing, best: Set, options: pd.DataFrame) -> pd.DataFrame:
    """What each member of the best set adds to it."""
    alone = options.set_index("option")["days"]
    rows = []
    for name in weighing.in_order(best):
        marginal = _gain(weighing, best, best - {name}).days
        rows.append((name, float(alone[name]), marginal, marginal - float(alone[name])))
    frame = pd.DataFrame(rows, columns=["option", "alone", "marginal", "interaction"])
    frame = frame.astype({"option": "str", **dict.fromkeys(frame.columns[1:], "float64")})
    return frame.sort_values("marginal", ascending=False, kind="stable", ignore_index=True)


def _pairs(weighing: Weighing, members: pd.DataFrame) -> pd.DataFrame:
    """How those members of the best set get on with each other that the others change most."""
    rows = []
    most = members.sort_values("interaction", key=abs, ascending=False, kind="stable")["option"][:MOST_PAIRED]
    for one, other in combinations(weighing.in_order(frozenset(most)), 2):
        sets = (frozenset[str](), frozenset({one}), frozenset({other}), frozenset({one, other}))
        ticks = [weighing.ticks(some, weighing.told) for some in sets]
        if all(found is not None for found in ticks):
            rows.append((one, other, *interplay(*ticks)[:3]))  # type: ignore[arg-type]
    frame = pd.DataFrame(rows, columns=["one", "other", "days", "low", "high"])
    return frame.astype({"one": "str", "other": "str", **dict.fromkeys(frame.columns[2:], "float64")})


def _stuck(weighing: Weighing, best: Set) -> pd.DataFrame:
    """What builds lack as planned, with each measure by itself, and with the best set."""
    sets = dict.fromkeys([frozenset[str](), *(frozenset({one.name}) for one in weighing.measures), best])
    parts = [weighing.lacks[some].assign(measures=", ".join(weighing.in_order(some))) for some in sets]
    return in_front(pd.concat(parts, ignore_index=True), "measures")


def _fingerprints(scenario: Scenario) -> dict[str, list[str]]:
    """What each measure makes of the scenario and what it costs, so that another one is told from it."""
    found = {}
    for one in measures_of(scenario):
        layer = {"options" if one.kind == OPTION else "mitigate": [one.name]}
        cost = "" if one.cost is None else f"{one.cost.amount} {one.cost.currency}"
        found[one.name] = [changed(scenario, **layer).document.sha256, cost]  # type: ignore[arg-type]
    return found
