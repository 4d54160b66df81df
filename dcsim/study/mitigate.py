"""What to do to be earlier: how many days each mitigation and option buys, and the best of them for a budget."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import inf, isinf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.gains import Gain, interplay
from dcsim.document.chart import Axis, Chart, Dots
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import UNKNOWN, days, interval, listed, money, share
from dcsim.engine import AUTO, choose
from dcsim.errors import RequestError
from dcsim.model import network_of
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.choice import FINALISTS, MOST_TRIED, ranked
from dcsim.study.manifest import Count, Fields, Number
from dcsim.study.measures import MITIGATION, OPTION, Set, Weighing, currency_of, measures_of
from dcsim.study.money import money_of
from dcsim.study.replicate import Progress
from dcsim.study.replications import require_milestone
from dcsim.study.result import Result
from dcsim.study.seen import about_seen, agreed, draws_of
from dcsim.study.tables import STUCK, typed
from dcsim.study.threads import threads
from dcsim.study.trials import Trials, at_least_one
from dcsim.study.unfinished import in_front, missing
from dcsim.units import Money

MAIN = "options"
TABLES = {
    "options": "option kind cost:number days:number low:number high:number per_million:number"
    " per_million_low:number per_million_high:number reached:number",
    "sets": "rank:whole members cost:number days:number low:number high:number reached:number",
    "members": "option alone:number marginal:number interaction:number",
    "pairs": "one other days:number low:number high:number",
    "stuck": f"measures {STUCK}",
}
ABOUT: Fields = {"milestone": str, "budget": Number | None, "currency": str | None, "best": list[str]}
ABOUT |= {"replications": Count}
MOST_PAIRED = 6
"""Members whose pairs are shown with their interplay: those that the other members change most."""


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
) -> Result:
    """Weigh every mitigation and option of a scenario, and find the best set of them within a budget.

    Sets are compared by a quarter of the replications, other ones than those that tell what the best sets buy, so that
    the luck that made the winner win does not count in its figures.

    Parameters
    ----------
    scenario
        From `load`; what is mitigated or taken already belongs to it.
    milestone
        What is to be reached earlier.
    budget
        `50M USD`, or a plain number in the currency of the scenario; no set is sought if not given.
    n, seed, workers, engine
        As in `replicate`. What was seen of the scenario chooses the replications, of all sets the same.
    progress
        Called with the number of replications done and the most there may be.

    Raises
    ------
    RequestError
        There is no such milestone, nothing to do, or costs are in several currencies; it is a ValueError too.
    UnavailableError
        There are so many sets that they have to be searched, and optuna is not installed.
    """
    network = network_of(scenario)
    require_milestone(network, milestone)
    measures = measures_of(scenario)
    limit = None if budget is None else _budget(scenario, budget, currency_of(measures))
    chosen = choose(engine, network.instances * (draws_of(scenario, at_least_one(n)) + n * len(measures)))
    wanted = n if limit is None else n + max(1, n // 4)
    among = agreed(scenario, network, seed, wanted, chosen, threads(chosen, workers))
    trials = Trials(chosen, seed, milestone, threads(chosen, workers), None if among is None else among.numbers)
    seen, count = about_seen(among), n if among is None else max(1, len(among.numbers) * n // wanted)
    weighing = Weighing(scenario, measures, trials, count, progress, _builds(len(measures), count, limit))
    return _result(weighing, limit, {"replications": n, **seen, **({"simulated": count} if seen else {})})


def _result(weighing: Weighing, budget: Fraction | None, asked: Mapping[str, Any]) -> Result:
    """All tables, with what was asked."""
    options = _options(weighing)
    alone = dict(zip(options["option"], options["days"].fillna(0.0), strict=True))
    sets, search = ([], "") if budget is None else ranked(weighing, budget, alone)
    best = sets[0][0] if sets else frozenset()
    members = _members(weighing, best, options)
    about = {
        "milestone": weighing.trials.milestone,
        "budget": None if budget is None else float(budget),
        "currency": currency_of(weighing.measures),
        "best": list(members["option"]),
        "search": search,
        "reached": weighing.bought(frozenset()).reached,
        "seed": weighing.trials.seed,
        "measures": _fingerprints(weighing.scenario),
        **asked,
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
    sets = 0 if budget is None else MOST_TRIED * max(1, n // 4) + (FINALISTS + 2 * MOST_PAIRED) * n
    return n * (measures + 1) + sets


def _options(weighing: Weighing) -> pd.DataFrame:
    """One row per measure, those first with which more replications reach the milestone, then by days for the money.

    Columns: option, kind (mitigation or option), cost, days (earlier on average), low, high (95 % interval),
    per_million, per_million_low, per_million_high (days), reached (share of builds with it). A cost that is not said is
    empty, and so is what follows from it.
    """
    rows: list[dict[str, Any]] = []
    for measure in weighing.measures:
        gain = weighing.bought(frozenset({measure.name}))
        cost = nan if measure.cost is None else float(measure.cost.amount)
        row = {"option": measure.name, "kind": measure.kind, "cost": cost}
        row |= {"days": gain.days, "low": gain.low, "high": gain.high}
        for end, bought in (("", gain.days), ("_low", gain.low), ("_high", gain.high)):
            row[f"per_million{end}"] = _per_million(bought, cost)
        rows.append(row | {"reached": gain.reached})
    rows.sort(key=_rank)
    return typed(rows, TABLES["options"])


def _per_million(days: float, cost: float) -> float:
    """Days for a million; for nothing as many as one likes."""
    if cost == 0:
        return inf if days > 0 else 0.0 if days == 0 else nan
    return days * 1e6 / cost


def _rank(row: Mapping[str, Any]) -> tuple[float, bool, float, float]:
    """Where more replications reach the milestone, then what costs something by days for it, then the rest by days."""
    priced = not isnan(row["cost"])
    per_million = row["per_million"] if priced and not isnan(row["per_million"]) else 0.0
    return (-row["reached"], not priced, -per_million, 0.0 if isnan(row["days"]) else -row["days"])


def _sets(weighing: Weighing, sets: Sequence[tuple[Set, Gain]]) -> pd.DataFrame:
    """One row per set that was weighed with all replications: rank, members, cost, days, low, high, reached.

    The best is the first: most builds that reach the milestone, then most days to a tenth, then least cost.
    """
    rows = [
        (rank, ", ".join(weighing.in_order(chosen)), float(weighing.cost(chosen)), *gain)
        for rank, (chosen, gain) in enumerate(sets, start=1)
    ]
    return typed(rows, TABLES["sets"])


def _members(weighing: Weighing, best: Set, options: pd.DataFrame) -> pd.DataFrame:
    """One row per member of the best set: option, alone, marginal, interaction.

    In days: what it buys by itself, what the set without it would be later, and the difference of the two.
    """
    alone = options.set_index("option")["days"]
    rows = []
    for name in weighing.in_order(best):
        marginal = weighing.bought(best, best - {name}).days
        rows.append((name, float(alone[name]), marginal, marginal - float(alone[name])))
    return typed(rows, TABLES["members"]).sort_values("marginal", ascending=False, kind="stable", ignore_index=True)


def _pairs(weighing: Weighing, members: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of the best set's members: one, other, days, low, high.

    How many days more they buy together than apart; negative where they shorten the same. Where there are many members
    it is shown for those that the others change most.
    """
    rows = []
    most = members.sort_values("interaction", key=abs, ascending=False, kind="stable")["option"][:MOST_PAIRED]
    for first, second in combinations(weighing.in_order(frozenset(most)), 2):
        sets = (frozenset[str](), frozenset({first}), frozenset({second}), frozenset({first, second}))
        ticks = [weighing.ticks(chosen, weighing.reported) for chosen in sets]
        if all(tick is not None for tick in ticks):
            rows.append((first, second, *interplay(*ticks)[:3]))  # type: ignore[arg-type]
    return typed(rows, TABLES["pairs"])


def _stuck(weighing: Weighing, best: Set) -> pd.DataFrame:
    """What builds lack as planned, with each measure by itself, and with the best set."""
    sets = dict.fromkeys([frozenset[str](), *(frozenset({measure.name}) for measure in weighing.measures), best])
    parts = [weighing.lacks[chosen].assign(measures=", ".join(weighing.in_order(chosen))) for chosen in sets]
    return in_front(pd.concat(parts, ignore_index=True), "measures")


def _fingerprints(scenario: Scenario) -> dict[str, list[str]]:
    """What each measure makes of the scenario and what it costs, so that a change of it is noticed."""
    fingerprints = {}
    for measure in measures_of(scenario):
        layer = {"options" if measure.kind == OPTION else "mitigate": [measure.name]}
        cost = "" if measure.cost is None else f"{measure.cost.amount} {measure.cost.currency}"
        fingerprints[measure.name] = [changed(scenario, **layer).document.sha256, cost]  # type: ignore[arg-type]
    return fingerprints


# What it has to say

MOST_SETS = 5
"""Sets that are shown beside the best."""
MOST_TOLD = 4
"""Pairs of which something is said."""
MOST_ROWS = 48
"""Rows of a chart."""
WORTH_SAYING = 0.5
"""Days of interplay below which nothing is said about a pair."""
ALONE = "Days earlier on average, in the same replications with and without the measure; 95 % intervals of the mean."

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """The best set for the budget, each measure alone, what the members of the set do to each other, the next best."""
    about, stuck = result.about, result.tables["stuck"]
    reached, measures = float(about["reached"]), stuck["measures"].replace("", "as planned")
    note = f"As planned, {share(reached)} of replications reach it; days are the mean of those that reach it in both."
    lacks = [note] * (reached < 1)
    lacks += missing(stuck, about["milestone"], measures, result.simulated)
    alone = Section("Each measure alone", tables=[_alone(result)], charts=[days_bought(result)], notes=[ALONE])
    first = Section("", [*_best(result), *lacks])
    subject = [*result.subject(), about["milestone"]]
    return Report.of(
        "Mitigations and options", subject, [first, alone, *_together(result), Section("", notes=[*_notes(result)])]
    )


def _best(result: Result) -> Iterator[str]:
    """The best set for the budget: that more replications reach the milestone, and days where they do anyway."""
    about, currency, sets = result.about, _currency(result), result.tables["sets"]
    if about.get("budget") is None:
        return
    within = f"a budget of {money(about['budget'], currency)}"
    if sets.empty:
        yield f"Within {within} no set of measures brings it forward."
        return
    best, said = sets.iloc[0].to_dict(), []
    if best["reached"] != about["reached"]:
        said.append(f"{share(best['reached'])} of replications reach it instead of {share(about['reached'])}")
    if not isnan(best["days"]):
        ends = interval(best["low"], best["high"])
        said.append(f"{days(best['days'])} days earlier on average (95 %: {ends})")
    yield f"Best within {within}: {best['members']} for {money(best['cost'], currency)}; {', '.join(said)}."


def _currency(result: Result) -> str:
    return str(result.about.get("currency") or "")


def _alone(result: Result) -> Table:
    """Every measure by itself."""
    options = result.tables["options"]
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
    reached = [Column("reached", "share")] if differs else []
    return Table([Column("measure"), *_columns(result), Column("per million", "days", digits=2), *reached], rows)


def _columns(result: Result) -> tuple[Column, ...]:
    """The columns of `_bought`."""
    return Column(f"cost, {_currency(result)}".rstrip(", "), "money"), Column("days", "days"), Column("95 %", "range")


def _bought(row: Row) -> tuple[Any, ...]:
    """What something costs, and how many days it buys."""
    return _known(row["cost"]), _known(row["days"]), (row["low"], row["high"])


def _known(number: float) -> float | str:
    return UNKNOWN if isnan(number) else number


def _together(result: Result) -> Iterator[Section]:
    """What the members of the best set do to each other, and the next best sets."""
    sets, members = result.tables["sets"], result.tables["members"]
    if sets.empty:
        return
    columns = (Column("alone", "days"), Column("in the set", "days"), Column("effect of the others", "change"))
    rows = [
        [row["option"], *(_known(row[name]) for name in ("alone", "marginal", "interaction"))]
        for row in members.to_dict("records")
    ]
    best = sets.iloc[0].to_dict()
    said, points = _interplay(result, best["days"]) if len(members) > 1 and not isnan(best["days"]) else ("", [])
    table = Table((Column("member"), *columns), rows)
    yield Section(f"The best set: {best['members']}", [said] if said else [], points, [table])
    if len(sets) > 1:
        rows = [[row["members"], *_bought(row)] for row in sets.iloc[1 : 1 + MOST_SETS].to_dict("records")]
        yield Section("Next best", tables=[Table((Column("set"), *_columns(result)), rows)])


def _interplay(result: Result, together: float) -> tuple[str, list[str]]:
    """Whether the members of a set help each other or stand in each other's way, and which two do."""
    apart = float(result.tables["members"]["alone"].sum())
    more = together - apart
    if abs(more) < WORTH_SAYING:
        return f"Together they gain {days(together)} days, the same as the sum of each alone.", []
    what = f"{days(abs(more))} {'more' if more > 0 else 'less'} than the sum of {days(apart)} of each alone"
    pairs = result.tables["pairs"]
    pairs = pairs[((pairs["low"] > 0) | (pairs["high"] < 0)) & (pairs["days"].abs() >= WORTH_SAYING)]
    interplays = [
        f"{row['one']} and {row['other']} gain {days(abs(row['days']))} "
        + (
            "more together: one clears the way for the other"
            if row["days"] > 0
            else "less together: both shorten the same path"
        )
        for row in pairs.sort_values("days", key=abs, ascending=False).head(MOST_TOLD).to_dict("records")
    ]
    return f"Together they gain {days(together)} days, {what}.", interplays or [
        "No pair of them shows this with certainty."
    ]


def _notes(result: Result) -> Iterator[str]:
    if not result.tables["sets"].empty:
        yield f"Sets compared: {result.about['search']}."
    unpriced = [row["option"] for row in result.tables["options"].to_dict("records") if isnan(row["cost"])]
    if unpriced and result.about.get("budget") is not None:
        yield f"Left out of the sets, because they have no cost: {listed(unpriced)}."


def days_bought(result: Result) -> Chart:
    """How many days earlier each measure makes a milestone, with the interval."""
    options = result.tables["options"].head(MOST_ROWS).reset_index(drop=True)
    known = options[options["days"].notna()]
    marks = [
        Dots(
            name=kind,
            colour=colour,
            x=part["days"].to_numpy(np.float64),
            y=part.index.to_numpy(np.float64),
            low=part["low"].to_numpy(np.float64),
            high=part["high"].to_numpy(np.float64),
            labels=[f"{days(row['days'])} d" + " (?)" * isinf(row["high"]) for row in part.to_dict("records")],
            notes=[_row_in_words(row) for row in part.to_dict("records")],
        )
        for kind, colour in ((OPTION, "blue"), (MITIGATION, "orange"))
        if len(part := known[known["kind"] == kind])
    ]
    names = [
        f"{name}{': not reached in every replication' * bool(lacks)}"
        for name, lacks in zip(options["option"], options["days"].isna(), strict=True)
    ]
    axis = Axis(title="days earlier on average, with 95 % interval", line_at_zero=True)
    title, said = (
        f"{result.about['milestone']}: days gained by each measure",
        "; ".join(map(_row_in_words, known.to_dict("records"))),
    )
    empty = "the effect of no measure is known" if known.empty else ""
    return Chart(title, axis, Axis("rows", names=names), marks, "", said, empty=empty)


def _row_in_words(row: Row) -> str:
    return f"{row['option']}: {days(row['days'])} d ({interval(row['low'], row['high'])})"


CHARTS = {"measures": days_bought}
