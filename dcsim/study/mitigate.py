"""What to do for a better outcome: what each mitigation and option gains, and the best of them for a budget."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from fractions import Fraction
from itertools import combinations
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pandas as pd

from dcsim.analysis.frames import typed
from dcsim.analysis.gains import Gain, interplay
from dcsim.analysis.milestones import date_by
from dcsim.analysis.stuck import STUCK
from dcsim.dates import in_time
from dcsim.engine import AUTO, LOG, choose
from dcsim.errors import RequestError
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.campaign import Campaign, Keeping, answered
from dcsim.study.cash import network_of
from dcsim.study.choice import FINALISTS, MOST_TRIED, ranked
from dcsim.study.manifest import Count, Day, Fields, Number, Share
from dcsim.study.measures import MITIGATION, OPTION, Set, Weighing, currency_of, measures_of
from dcsim.study.mitigate_words import CHARTS, first_answer, report
from dcsim.study.money import money_of
from dcsim.study.outcome import Asking, in_manifest, outcome_of
from dcsim.study.replicate import Progress
from dcsim.study.result import Result
from dcsim.study.seen import about_seen, agreed, draws_of
from dcsim.study.threads import pool_for
from dcsim.study.trials import at_least_one
from dcsim.study.unfinished import in_front
from dcsim.units import Money

MAIN = "options"
TABLES = {
    "options": "option kind cost:number gain:number low:number high:number per_million:number"
    " per_million_low:number per_million_high:number reached:number",
    "sets": "rank:whole members cost:number gain:number low:number high:number reached:number"
    " p80_date:time probability:number",
    "members": "option alone:number marginal:number interaction:number",
    "pairs": "one other gain:number low:number high:number",
    "stuck": f"measures {STUCK}",
}
ABOUT: Fields = {"milestone": str | None, "budget": Number | None, "currency": str | None, "best": list[str]}
ABOUT |= {"replications": Count, "outcome": (dict[str, Any] | None, None)}
ABOUT |= {"p80_date": (Day | None, None), "probability": (Share | None, None)}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "mitigate", "report"]
MOST_PAIRED = 6
"""Members whose pairs are shown with their interplay: those that the other members change most."""
MOST_MEASURED = 4
"""Pairs whose interplay is measured by all replications."""


def mitigate(
    scenario: Scenario,
    *,
    milestone: str | None = None,
    outcome: str | None = None,
    party: str | None = None,
    budget: str | float | Money | None = None,
    n: int = 256,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Weigh every mitigation and option of a scenario, and find the best set of them within a budget.

    A quarter of the replications chooses the best sets, and the others measure their gains, so that the gain of the
    winner is not flattered by the luck that made it win.

    Parameters
    ----------
    scenario, milestone
        From `load`, to which belongs what is mitigated or taken already; and what is to be reached earlier.
    outcome, party
        A figure of finance that is to be better instead, such as `npv`, after what the measures themselves cost; and
        the party, or the loan, whose figure it is; all parties together if not given.
    budget
        `50M USD`, or a plain number in the currency of the scenario; no set is sought if not given.
    n, seed, workers, executor, engine, out, resume, overwrite
        As in `sweep`. What was seen of the scenario chooses the replications, of all sets the same.
    progress
        Called with the number of replications done and the most there may be.

    Raises
    ------
    RequestError
        There is no such outcome, nothing to do, or costs are in several currencies; it is a ValueError too.
        ResultError, as in `sweep`.
    """
    network, measures = network_of(scenario), measures_of(scenario)
    asked = outcome_of(scenario, network, milestone, outcome, party)
    limit = None if budget is None else _budget(scenario, budget, currency_of(measures))
    chosen = choose(engine, network.instances * (draws_of(scenario, at_least_one(n)) + n * len(measures)))
    wanted = n if limit is None else n + max(1, n // 4)
    pool = pool_for(chosen, workers, executor)
    among = agreed(scenario, network, seed, wanted, chosen, pool)
    asking = Asking((asked,), chosen, seed, pool, None if among is None else among.numbers)
    seen, count = about_seen(among), n if among is None else max(1, len(among.numbers) * n // wanted)
    about = {"milestone": None if asked.is_figure else asked.name, **in_manifest([asked])}
    about |= {"budget": None if limit is None else float(limit), "currency": currency_of(measures), "seed": seed}
    about |= {"measures": _fingerprints(scenario), "replications": n, **seen, **({"simulated": count} if seen else {})}

    def answer(campaign: Campaign | None) -> Result:
        most = _builds(len(measures), count, limit)
        return _result(Weighing(scenario, measures, asking, count, progress, most, campaign), limit, about)

    return answered("mitigations", scenario, about, Keeping(out, resume, overwrite), answer)


def _result(weighing: Weighing, budget: Fraction | None, asked: Mapping[str, Any]) -> Result:
    """All tables, with what was asked."""
    options = _options(weighing)
    alone = dict(zip(options["option"], options["gain"].fillna(0.0), strict=True))
    sets, search = ([], "") if budget is None else ranked(weighing, budget, alone)
    best = sets[0][0] if sets else frozenset()
    members = _members(weighing, best, options)
    about = {
        **asked,
        "best": list(members["option"]),
        "search": search,
        "reached": weighing.bought(frozenset()).reached,
        **_as_planned(weighing),
    }
    tables = {"options": options, "sets": _sets(weighing, sets), "members": members}
    tables |= {"pairs": _pairs(weighing, members), "stuck": _stuck(weighing, best)}
    return Result("mitigations", weighing.scenario, about, tables)


def _budget(scenario: Scenario, budget: str | float | Money, currency: str) -> Fraction:
    """A budget in the currency of the costs."""
    money = money_of(scenario, budget, "the budget")
    if currency and money.currency != currency:
        raise RequestError(f"the budget is in {money.currency}, but the costs are in {currency}")
    return money.amount


def _builds(measures: int, n: int, budget: Fraction | None) -> int:
    """How many replications there may be."""
    sets = 0 if budget is None else MOST_TRIED * max(1, n // 8) + (FINALISTS + MOST_PAIRED) * n
    return n * (measures + 1) + sets


def _options(weighing: Weighing) -> pd.DataFrame:
    """One row per measure, those first with which more replications have the outcome, then by gain for the money.

    Columns: option, kind (mitigation or option), cost, gain (days earlier, or how much better, on average), low, high
    (95 % interval), per_million, per_million_low, per_million_high, reached (share of builds with the outcome). A cost
    that is not said is empty, and so is what follows from it.
    """
    rows: list[dict[str, Any]] = []
    alone, fewer = [frozenset({measure.name}) for measure in weighing.measures], weighing.fewer
    weighing.weigh([frozenset(), *alone], fewer)
    gains = {name: bought for (name,) in alone if (bought := weighing.gain(frozenset({name}), fewer)) is not None}
    LOG.info(first_answer(weighing.outcome, len(fewer), gains))
    weighing.weigh([frozenset(), *alone], weighing.answered)
    for measure in weighing.measures:
        gain_ = weighing.bought(frozenset({measure.name}))
        cost = nan if measure.cost is None else float(measure.cost.amount)
        row = {"option": measure.name, "kind": measure.kind, "cost": cost}
        row |= {"gain": gain_.gain, "low": gain_.low, "high": gain_.high}
        for end, gained in (("", gain_.gain), ("_low", gain_.low), ("_high", gain_.high)):
            row[f"per_million{end}"] = _per_million(gained, cost)
        rows.append(row | {"reached": gain_.reached})
    rows.sort(key=_rank)
    return typed(rows, TABLES["options"])


def _per_million(gain: float, cost: float) -> float:
    """What is gained for a million; for nothing as much as one likes."""
    if cost == 0:
        return inf if gain > 0 else 0.0 if gain == 0 else nan
    return gain * 1e6 / cost


def _rank(row: Mapping[str, Any]) -> tuple[float, bool, float, float]:
    """Where more replications have the outcome, then what costs something by its gain for it, then the rest by gain."""
    priced = not isnan(row["cost"])
    per_million = row["per_million"] if priced and not isnan(row["per_million"]) else 0.0
    return (-row["reached"], not priced, -per_million, 0.0 if isnan(row["gain"]) else -row["gain"])


def _sets(weighing: Weighing, sets: Sequence[tuple[Set, Gain]]) -> pd.DataFrame:
    """One row per set that was weighed with all replications: rank, members, cost, gain, low, high, reached, and of a
    milestone p80_date and probability.

    The best is the first: most builds that have the outcome, then the most gain, then least cost.
    """
    rows = [
        (rank, ", ".join(weighing.in_order(subset)), float(weighing.cost(subset)), *bought, *_likely(weighing, subset))
        for rank, (subset, bought) in enumerate(sets, start=1)
    ]
    return typed(rows, TABLES["sets"])


def _likely(weighing: Weighing, subset: Set) -> tuple[datetime | None, float]:
    """By when 80 % of builds have the milestone, and in how many it is reached by its target; nothing of a figure."""
    if (dated := weighing.dated.get(subset)) is None:
        return None, nan
    network, target = network_of(weighing.scenario), weighing.scenario.milestones[weighing.outcome.name].target
    probability = nan if target is None else float(in_time(network.start, target, dated).mean())
    return date_by(network, dated, 0.8), probability


def _as_planned(weighing: Weighing) -> dict[str, Any]:
    """The P80 of the milestone and the probability of its target without any measure, as far as there are such."""
    date, probability = _likely(weighing, frozenset())
    return {
        "p80_date": None if date is None else date.isoformat(),
        "probability": None if isnan(probability) else probability,
    }


def _members(weighing: Weighing, best: Set, options: pd.DataFrame) -> pd.DataFrame:
    """One row per member of the best set: option, alone, marginal, interaction.

    What it gains by itself, what the set without it would lose, and the difference of the two.
    """
    alone = options.set_index("option")["gain"]
    rows, names = [], weighing.in_order(best)
    weighing.weigh([best - {name} for name in names], weighing.answered)
    for name in names:
        marginal = weighing.bought(best, best - {name}).gain
        rows.append((name, float(alone[name]), marginal, marginal - float(alone[name])))
    return typed(rows, TABLES["members"]).sort_values("marginal", ascending=False, kind="stable", ignore_index=True)


def _pairs(weighing: Weighing, members: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of the best set's members: one, other, gain, low, high.

    How much more they gain together than apart; negative where they gain the same. Where there are many members
    it is told of those that the others change most: of pairs with a mitigation, whose risk is rare, and of those with
    the largest effect by all replications, of the others by a quarter of them.
    """
    most = members.sort_values("interaction", key=abs, ascending=False, kind="stable")["option"][:MOST_PAIRED]
    rare = {measure.name for measure in weighing.measures if measure.kind == MITIGATION}
    among = [*combinations(weighing.in_order({*most}), 2)]
    pairs = _interplays(weighing, [pair for pair in among if not rare & {*pair}], weighing.fewer)
    pairs |= _interplays(weighing, [pair for pair in among if rare & {*pair}], weighing.answered)
    first = sorted(pairs, key=lambda pair: -abs(pairs[pair].gain))[:MOST_MEASURED]
    pairs |= _interplays(weighing, first, weighing.answered)
    return typed([(*pair, *bought[:3]) for pair, bought in pairs.items()], TABLES["pairs"])


def _interplays(weighing: Weighing, pairs: Sequence[tuple[str, str]], which: range) -> dict[tuple[str, str], Gain]:
    """How much more two measures gain together than apart; without what the scenario cannot have."""
    weighing.weigh(map(frozenset, pairs), which)
    bought = {}
    for pair in pairs:
        sets = (frozenset[str](), frozenset(pair[:1]), frozenset(pair[1:]), frozenset(pair))
        values = [known for subset in sets if (known := weighing.values(subset, which)) is not None]
        if len(values) == len(sets):
            bought[pair] = interplay(*values)
    return bought


def _stuck(weighing: Weighing, best: Set) -> pd.DataFrame:
    """What builds lack as planned, with each measure by itself, and with the best set."""
    sets = dict.fromkeys([frozenset[str](), *(frozenset({measure.name}) for measure in weighing.measures), best])
    subset = [measure for measure in sets if measure in weighing.lacks]
    parts = [weighing.lacks[measure].assign(measures=", ".join(weighing.in_order(measure))) for measure in subset]
    return in_front(pd.concat(parts, ignore_index=True), "measures") if parts else typed([], TABLES["stuck"])


def _fingerprints(scenario: Scenario) -> dict[str, list[str]]:
    """What each measure makes of the scenario and what it costs, so that another one is told from it."""
    bought = {}
    for measure in measures_of(scenario):
        layer = {"options" if measure.kind == OPTION else "mitigate": [measure.name]}
        cost = "" if measure.cost is None else f"{measure.cost.amount} {measure.cost.currency}"
        bought[measure.name] = [changed(scenario, **layer).document.sha256, cost]  # type: ignore[arg-type]
    return bought
