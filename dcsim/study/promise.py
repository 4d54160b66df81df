"""An announced date: how likely it is kept, what would have to be true, what raises the chance, and how often it is so.

What would have to be true is read from the replications: in which of them is the date kept, and in which is it missed.
"""

import datetime as dt
import re
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import codes_of
from dcsim.analysis.frames import dates, typed
from dcsim.analysis.quantiles import share
from dcsim.dates import Limit, day_of, in_time, parse_limit, spelled
from dcsim.engine import AUTO
from dcsim.errors import RequestError, ScenarioError
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.chunk import drawn_names
from dcsim.study.design import RANDOM
from dcsim.study.manifest import Count, Day, Fields, Share
from dcsim.study.measures import left_to_do, with_measures
from dcsim.study.promise_words import CHARTS, OVERRUN, report
from dcsim.study.replicate import Progress, Working, replicate
from dcsim.study.replications import Asked, Replications
from dcsim.study.result import Result, known
from dcsim.study.seen import about_seen
from dcsim.study.threads import Pool
from dcsim.study.trials import Trials
from dcsim.suggest import shorten
from dcsim.units import DAY, parse_amount

MAIN = "conditions"
TABLES = {
    "conditions": "input kind side limit:number limit_date:time kept:number missed:number with:number without:number",
    "causes": "kind name kept:number missed:number more:number kept_share:number missed_share:number",
    "measures": "option kind cost:number currency probability:number more:number",
    "outcomes": "replication:whole date:time kept:whole",
}
ABOUT: Fields = {"promise": str, "milestone": str, "date": Day, "probability": Share, "low": Share, "high": Share}
ABOUT |= {"reached": Share, "p50_date": Day | None, "p80_date": Day | None, "usual": Day | None}
ABOUT |= {"replications": Count, "simulated": Count}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "promise", "report"]

CLEAR = 1.63
"""By so many standard errors two shares differ at the most of all limits in 1 % of cases where nothing separates them:
the test of Kolmogorov and Smirnov."""

Kept = NDArray[np.bool_]


@dataclass(frozen=True)
class Promised:
    """What was announced for when, and the milestone that counts it."""

    milestone: str
    limit: Limit
    scenario: Scenario
    """The scenario with that milestone."""


def promise(
    scenario: Scenario,
    what: str,
    *,
    n: int = 500,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Estimate how likely an announced date is to be kept, and what separates replications that keep it from the rest.

    Parameters
    ----------
    scenario
        From `load`; what was seen of the build chooses the replications.
    what
        `MILESTONE by DATE`, or `SUPPLY AMOUNT by DATE`: `usable 100_000 by 2026-12-31`.
    n, seed, workers, executor, engine, progress
        As in `replicate`; each option and mitigation takes as many again.

    Raises
    ------
    RequestError
        The promise cannot be read, or there is no such milestone or supply; it is a ValueError too.
    """
    promised = read_promise(scenario, what)
    network = network_of(promised.scenario)
    working, asked = Working(engine, workers, executor), Asked(n, explain=(promised.milestone,))
    many = replicate(promised.scenario, network, seed, RANDOM, asked, working, progress)
    dated = many.dated(promised.milestone)
    kept = in_time(network.start, promised.limit, dated)
    chance, low, high = share(int(kept.sum()), len(kept))
    levels = {f"p{level}_date": many.date_by(promised.milestone, level / 100) for level in (50, 80)}
    about = {
        "promise": what.strip(),
        "milestone": promised.milestone,
        "date": spelled(promised.limit),
        **{"probability": chance, "low": low, "high": high, "reached": float((dated >= 0).mean())},
        **{name: None if date is None else date.isoformat() for name, date in levels.items()},
        "usual": _usual(promised),
        **{"seed": seed, "replications": n, "simulated": many.n},
        **about_seen(many.agreed),
    }
    tables = {
        "conditions": _conditions(many, kept),
        "causes": _causes(many, promised.milestone, kept),
        "measures": _measures(many, promised, kept, working.pool(many.engine), progress),
        "outcomes": pd.DataFrame(
            {"replication": many.numbers, "date": dates(network, dated), "kept": kept.astype(int)}
        ),
    }
    return Result("promise", scenario, about, tables)


def read_promise(scenario: Scenario, what: str) -> Promised:
    """A promise as it is written; raises RequestError with what would be right."""
    match = re.fullmatch(r"\s*(\S+)(?:\s+(\S.*?))?\s+by\s+(\S.*?)\s*", what)
    if match is None:
        expected = "expected `MILESTONE by DATE` or `SUPPLY AMOUNT by DATE`, such as `usable 100_000 by 2026-12-31`"
        raise RequestError(f"{expected}, got '{shorten(what)}'")
    name, written, date = match.groups()
    try:
        limit = parse_limit(date)
    except ValueError as error:
        raise RequestError(f"the date of the promise: {error}") from None
    if written is None:
        return Promised(known(name, scenario.milestones, "milestone", "milestones"), limit, scenario)
    unit = scenario.supplies[known(name, scenario.supplies, "supply", "supplies")].unit
    try:
        amount = parse_amount(written, unit)
    except ValueError as error:
        raise RequestError(f"the amount of the promise: {error}") from None
    if amount < 1:
        raise RequestError(f"a promise needs at least 1 {unit}, got '{shorten(written)}'")
    milestone = f"{name}_{amount}"
    added = {} if milestone in scenario.milestones else {milestone: {"supply": name, "reaches": amount}}
    try:
        return Promised(milestone, limit, changed(scenario, overrides={"milestones": added}) if added else scenario)
    except ScenarioError as error:
        raise RequestError(
            f"the promise '{shorten(what)}' cannot be kept at all: {error.problems[0].message}"
        ) from None


def _usual(promised: Promised) -> str | None:
    """When a promise that is late as usual would be kept; none where it lies before day zero."""
    limit, zero = promised.limit, promised.scenario.zero_of(promised.milestone)
    planned = (day_of(limit) - zero.date()).days
    if planned <= 0:
        return None
    return (day_of(limit) + dt.timedelta(round(OVERRUN * planned))).isoformat()


# What would have to be true


def _conditions(many: Replications, kept: Kept) -> pd.DataFrame:
    """One row per input that separates replications that keep the date from those that do not, the clearest first.

    Columns: input, kind (factor, risk, branch, order, activity), side (at most, at least), limit (of a risk whether it
    occurs, of an order the day it comes, of an activity days, both without the factors that they vary with),
    limit_date, kept and missed (shares in which that is so), with and without it the chance that the date is kept.
    """
    rows = list(_separating(many, kept)) if kept.any() and not kept.all() else []
    return typed(sorted(rows, key=lambda row: -abs(row["kept"] - row["missed"])), TABLES["conditions"])


def _separating(many: Replications, kept: Kept) -> Iterator[dict[str, Any]]:
    """The inputs whose best limit separates them clearly."""
    needed = CLEAR * np.sqrt(len(kept) / (kept.sum() * (~kept).sum()))
    for number, name in enumerate(drawn_names(many.network)):
        values, (group, _, of) = many.kept.draws[:, number], name.partition(".")
        kind = _KINDS[group]
        if kind == "risk":
            values = (~np.isnan(values)).astype(np.float64) if not of.endswith(".adds") else np.zeros(len(values))
        if np.isnan(values).any():
            continue
        side, limit = _best_limit(values, kept)
        holds = values <= limit if side == AT_MOST else values >= limit
        shares = float(holds[kept].mean()), float(holds[~kept].mean())
        if abs(shares[0] - shares[1]) < needed:
            continue
        date = many.network.date(int(limit)) if kind == "order" else None
        told_limit = limit / DAY if kind in ("order", "activity") else limit
        row = {"input": of, "kind": kind, "side": side, "limit": told_limit, "limit_date": date}
        chances = (float(kept[holds].mean()), float(kept[~holds].mean()))
        yield row | dict(zip(("kept", "missed", "with", "without"), (*shares, *chances), strict=True))


_KINDS = {"factors": "factor", "risks": "risk", "branches": "branch", "orders": "order", "activities": "activity"}
AT_MOST, AT_LEAST = "at most", "at least"


def _best_limit(values: NDArray[np.float64], kept: Kept) -> tuple[str, float]:
    """The limit, and its side, that most of the kept and fewest of the missed keep."""
    order = np.argsort(values, kind="stable")
    sorted_, right = values[order], kept[order]
    ahead = np.cumsum(right) / right.sum() - np.cumsum(~right) / (~right).sum()
    ahead[:-1][sorted_[1:] == sorted_[:-1]] = 0  # equal values are on one side
    best = int(np.argmax(np.abs(ahead)))
    if ahead[best] >= 0:
        return AT_MOST, float(sorted_[best])
    return AT_LEAST, float(sorted_[min(best + 1, len(values) - 1)])


def _causes(many: Replications, milestone: str, kept: Kept) -> pd.DataFrame:
    """What days are spent on in replications that keep the date, and in those that are late, the largest difference
    first: kind, name, kept, missed (mean days), more, kept_share, missed_share (how often it is on the chain)."""
    spent, touched = many.chains(milestone)
    late = ~kept & (many.dated(milestone) >= 0)
    rows: dict[tuple[str, str], NDArray[np.float64]] = {}
    for k, (kind, name) in enumerate(codes_of(many.network) if kept.any() and late.any() else ()):
        days = [spent[which_runs, k].mean() / DAY for which_runs in (kept, late)]
        often = [touched[which_runs, k].mean() for which_runs in (kept, late)]
        rows[kind, name] = rows.get((kind, name), np.zeros(4)) + np.array([*days, *often])
    causes = [
        (*key, shares[0], shares[1], shares[1] - shares[0], *np.minimum(shares[2:], 1)) for key, shares in rows.items()
    ]
    causes = sorted((row for row in causes if row[2] or row[3]), key=lambda row: -abs(row[4]))
    return typed(causes, TABLES["causes"])


def _measures(many: Replications, promised: Promised, kept: Kept, pool: Pool, progress: Progress) -> pd.DataFrame:
    """What the file offers, in the same replications, the most helpful first: option, kind, cost (empty where nobody
    says), currency, probability, more (probability)."""
    rows, left = [], left_to_do(promised.scenario)
    trials = Trials(many.engine, many.seed, promised.milestone, pool, many.numbers)
    for done, measure in enumerate(left, start=1):
        try:
            network = network_of(with_measures(promised.scenario, [measure]))
        except ScenarioError:
            continue  # the promise is of something that it replaces
        ends = trials.ends(network, np.arange(many.n))
        chance = float(in_time(network.start, promised.limit, ends.dated).mean())
        cost, currency = (np.nan, "") if measure.cost is None else (float(measure.cost.amount), measure.cost.currency)
        rows.append((measure.name, measure.kind, cost, currency, chance, chance - float(kept.mean())))
        progress(done, len(left))
    rows.sort(key=lambda row: -row[-1])
    return typed(rows, TABLES["measures"])
