"""When to order at the latest: how late each order can be placed before a date is no longer likely enough.

Each order is moved alone by whole days, all else as planned and with the same random numbers, and the last day is
sought on which the milestone still has its probability.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, inf, nan, prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.frames import typed
from dcsim.analysis.stuck import STUCK
from dcsim.dates import Limit, day_of, in_time, last_minute, parse_limit
from dcsim.distributions import greatest
from dcsim.document.words import listed
from dcsim.engine import AUTO, LOG, choose
from dcsim.errors import RequestError
from dcsim.network import Network, Order
from dcsim.scenario.schema import Scenario
from dcsim.study.campaign import Campaign, Keeping, answered
from dcsim.study.cash import network_of, refuse_limited
from dcsim.study.latest import Hits, InTime, Search, needed
from dcsim.study.manifest import Count, Day, Fields, Share
from dcsim.study.orders_words import CHARTS, PLACED, first_answer, report
from dcsim.study.replicate import Progress
from dcsim.study.replications import require_milestone
from dcsim.study.result import Result, known
from dcsim.study.seen import about_seen, agreed, draws_of, known_until
from dcsim.study.threads import pool_for
from dcsim.study.trials import Trials, at_least_one
from dcsim.suggest import shorten
from dcsim.trace import NOT
from dcsim.units import DAY, FIRST_YEAR

MAIN = "orders"
TABLES = {
    "orders": "supply order placed:time latest:time latest_low:time latest_high:time slack:number"
    " probability:number confidence:number note",
    "stuck": STUCK,
}
ABOUT: Fields = {"milestone": str, "date": Day, "confidence": Share, "replications": Count}
ABOUT |= {"orders": (list[str] | None, None)}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "latest_orders", "report"]


def latest_orders(
    scenario: Scenario,
    *,
    milestone: str,
    date: str | Limit | None = None,
    confidence: float = 0.8,
    points: float = 5,
    orders: Sequence[str] = (),
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
    """Find the latest date on which each order can be placed without a milestone becoming too unlikely.

    Parameters
    ----------
    scenario
        From `load`.
    milestone, date
        What has to be reached, and by the end of which day, or with a time by which minute; its target if not given.
    confidence, points
        With which probability; and where no date of an order reaches it, how many points of it that date may cost.
    orders
        Those to move, as the table names them (`transformers.main`), or by the end of that name where no other order
        has it; all if not given.
    n, seed, workers, executor, engine, out, resume, overwrite
        As in `sweep`.
    progress
        Called with the number of orders done and their total.

    Raises
    ------
    RequestError
        There is no such milestone or order, or no order at all, or a number or the date makes no sense, or cash is
        limited; it is a ValueError too. ResultError, as in `sweep`.
    """
    refuse_limited(scenario, "order-by")
    network = network_of(scenario)
    wanted = _date(scenario, network, require_milestone(network, milestone), date)
    _refuse_odd(confidence, points)
    groups = _asked(_groups(network), orders)
    chosen = choose(engine, network.instances * draws_of(scenario, at_least_one(n)) * 4)
    pool = pool_for(chosen, workers, executor)
    among = agreed(scenario, network, seed, n, chosen, pool)
    count = n if among is None else len(among.numbers)
    builds = Trials(chosen, seed, milestone, pool, None if among is None else among.numbers)
    about = {"milestone": milestone, "date": wanted.isoformat(), "confidence": confidence, "points": points}
    about |= {"orders": list(groups)} if orders else {}
    about |= {"seed": seed, "replications": n, **about_seen(among)}

    def answer(campaign: Campaign | None) -> Result:
        ends = builds.ends(network, np.arange(count))
        planned = in_time(network.start, wanted, ends.dated)
        LOG.info(first_answer(wanted, planned))
        moving = _Moving(network, InTime(builds, wanted, count), planned, confidence, points, known_until(scenario))
        rows = pd.concat(moving.rows(groups.values(), campaign, progress), ignore_index=True)
        tables = {"orders": rows, "stuck": builds.lacks(network, ends)}
        return Result("orders", scenario, about | {"probability": float(planned.mean())}, tables)

    return answered("orders", scenario, about, Keeping(out, resume, overwrite), answer)


def _refuse_odd(confidence: float, points: float) -> None:
    if not 0 < confidence < 1:
        raise RequestError(f"a confidence lies between 0 and 1, such as 0.8, got {confidence:g}")
    if not 0 <= points <= 100:
        raise RequestError(f"points of probability lie between 0 and 100, got {points:g}")


@dataclass(frozen=True)
class _Moving:
    """Orders that are moved, each alone."""

    network: Network
    trials: InTime
    planned: Hits
    """Which replications are in time as planned."""
    confidence: float
    points: float
    until: dt.date | None
    """What is placed by this day stays."""

    def rows(
        self, groups: Collection[tuple[int, ...]], campaign: Campaign | None, progress: Progress
    ) -> Iterator[pd.DataFrame]:
        """A row for each order; those that a folder holds are read, the others made and kept there."""
        for done, numbers in enumerate(groups):
            progress(done, len(groups))
            name = f"point-{done:05d}"
            row = None if campaign is None else campaign.part(name)
            if row is None:
                row = _table([self._row(numbers)])
                if campaign is not None:
                    campaign.keep(name, row)
            yield row
        progress(len(groups), len(groups))

    def _row(self, numbers: tuple[int, ...]) -> Mapping[str, Any]:
        network, trials, until = self.network, self.trials, self.until
        placed, share_planned = _placed(network, numbers), float(self.planned.mean())
        if until is not None and placed is not None and placed.date() <= until:
            return _unmoved(network, numbers, share_planned, self.confidence) | {"note": f"{PLACED} {until}"}
        last = _last_day(network, numbers, trials.limit)
        search = Search(network, numbers, trials, _first_day(network, numbers, until), last)
        search.known[0] = self.planned.astype(np.int8)
        return _row(network, numbers, search, self.confidence, self.points, share_planned)


def _groups(network: Network) -> dict[str, tuple[int, ...]]:
    """Orders as they are written, by the name that the table gives them: one for a supply that many places have is
    one.
    """
    groups: dict[str, tuple[int, ...]] = {}
    for number, order in enumerate(network.orders):
        name = f"{network.stocks[order.stock].name}.{order.name}"
        groups[name] = (*groups.get(name, ()), number)
    if not groups:
        raise RequestError("the scenario has no orders")
    return groups


def _asked(groups: Mapping[str, tuple[int, ...]], orders: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Those of the orders that are asked about, in the order of the table; all where none is named."""
    names = {_in_full(name, groups) for name in orders} or groups.keys()
    return {name: numbers for name, numbers in groups.items() if name in names}


def _in_full(name: str, names: Iterable[str]) -> str:
    """The whole name of an order; raises RequestError where there is none or several of this name."""
    ending = [known_name for known_name in names if known_name == name or known_name.endswith(f".{name}")]
    if len(ending) > 1 and name not in ending:
        raise RequestError(f"several orders are named '{shorten(name)}', write one in full: {listed(ending)}")
    return name if name in ending else ending[0] if ending else known(name, names, "order", "orders")


def _placed(network: Network, numbers: Sequence[int]) -> datetime | None:
    """When it is planned, on average; for an order that waits for something, when that has happened, if it has."""
    moment = network.orders[numbers[0]].placed
    if moment is not None:
        return network.date(moment.origin + int(moment.delay.mean))
    opened = NOT if network.history is None else _happened(network, _gate(network, numbers))
    return None if opened == NOT else network.date(opened)


def _gate(network: Network, numbers: Sequence[int]) -> int:
    return next(gate for gate, orders in network.orders_of_gate.items() if numbers[0] in orders)


def _happened(network: Network, node: int) -> int:
    """The tick at which something happened that actual dates alone tell; the end of an elapsed lag may be ahead."""
    history = network.history
    assert history is not None
    if node < network.instances:
        return int(history.finish[node])
    starter = history.gates.get(node, int(network.starter[node - network.instances]))
    if starter != NOT:
        return int(history.start[starter])
    first, source, links = network.backwards
    ticks = []
    for k in range(first[node], first[node + 1]):
        tick, lag = _happened(network, int(source[k])), network.lags[int(network.link_lag[links[k]])]
        if tick != NOT and lag.calendar < 0 and not lag.tied:
            ticks.append(network.later(tick, lag.months) + lag.minutes)
    needed = int(network.needed[node])
    return sorted(ticks)[needed - 1] if 0 < needed <= len(ticks) else NOT


def _first_day(network: Network, numbers: Sequence[int], until: dt.date | None) -> int:
    """As early as makes a difference, before the start too: then all of it is there at the start. Not before the day
    after the status date; right after what it waits for.
    """
    placed, first = _placed(network, numbers), -inf
    if placed is not None:
        first = -max(0, (placed - _earliest(network, numbers, until)).days)
    if network.orders[numbers[0]].placed is None:
        lag = network.lags[int(network.link_lag[network.link_to == _gate(network, numbers)][0])]
        first = max(first, -int((lag.minutes + lag.months * 28 * DAY) // DAY))
    return int(first)


def _earliest(network: Network, numbers: Sequence[int], until: dt.date | None) -> datetime:
    """Before this moment it makes no difference when an order is placed, or it can be placed no more."""
    if until is not None:
        return max(network.start, datetime.combine(until, dt.time()) + timedelta(days=1))
    days = max(_longest(network, network.orders[number]) for number in numbers) / DAY + 1
    first = datetime(FIRST_YEAR, 1, 1)
    return network.start - timedelta(days=ceil(days)) if days < (network.start - first).days else first


def _longest(network: Network, order: Order) -> float:
    """The most minutes from the day on which an order is placed on average until all of it is there."""
    time = greatest(order.lead_time) * prod(greatest(network.factors[use.factor].value) for use in order.factors)
    months = (order.lots - 1) * order.every_months + (time if order.in_months else 0)
    minutes = (order.lots - 1) * order.every + (0 if order.in_months else time) + months * 31 * DAY
    return minutes + (0 if order.placed is None else greatest(order.placed.delay) - order.placed.delay.mean)


def _last_day(network: Network, numbers: Sequence[int], wanted: Limit) -> int:
    """The day after the date is too late."""
    return max(0, (last_minute(wanted) - (_placed(network, numbers) or network.start)).days) + 1


def _date(scenario: Scenario, network: Network, milestone: str, date: str | Limit | None) -> Limit:
    wanted = date or scenario.milestones[milestone].target
    if wanted is None:
        raise RequestError(f"'{milestone}' has no target: give the date to meet with --date")
    try:
        limit = parse_limit(wanted)
    except ValueError as error:
        raise RequestError(str(error)) from None
    last = network.date(network.horizon)
    if not network.start <= last_minute(limit) or day_of(limit) > day_of(last):
        span = f"{network.start:%Y-%m-%d} to {last:%Y-%m-%d}"
        raise RequestError(f"the date {limit:%Y-%m-%d} lies outside the simulation, {span}")
    return limit


def _unmoved(network: Network, numbers: tuple[int, ...], planned: float, confidence: float) -> dict[str, Any]:
    """One order as it is planned."""
    order, placed = network.orders[numbers[0]], _placed(network, numbers)
    row: dict[str, Any] = {"supply": network.stocks[order.stock].name, "order": order.name, "placed": placed}
    row |= {"latest": None, "latest_low": None, "latest_high": None, "slack": nan, "probability": planned}
    return row | {"confidence": confidence}


def _row(
    network: Network, numbers: tuple[int, ...], search: Search, confidence: float, points: float, planned: float
) -> dict[str, Any]:
    """One order: when it has to be placed, how sure that is, and what there is to say."""
    n, placed = search.trials.n, _placed(network, numbers)
    row = _unmoved(network, numbers, planned, confidence)
    said: list[str] = []
    latest = search.verified(needed(confidence, n)[0])
    if latest is None:
        best = max(search.known, key=lambda day: (search.count(day), day))
        if not search.count(best):
            return row | {"note": "no date: 0% as planned and on every other day"}
        row["confidence"] = _share(search, best) - points / 100
        than = f"{_share(search, best):.0%}{_when(placed, best)}" if best else "no more on any other day"
        reached = f"{planned:.0%} as planned, {than}"
        said.append(f"out of reach: {reached}; the date costs at most {points:g} points of that")
        latest = search.verified(needed(row["confidence"], n)[0])
        assert latest is not None
    row |= {"probability": _share(search, latest), "slack": float(latest)}
    if latest == search.last:
        without = f"{_share(search, latest):.0%} without it"
        better = f"better later or never: {planned:.0%} as planned, {without}"
        return row | {"slack": inf, "note": better if planned < row["confidence"] else f"any date: {without}"}
    _, sure, unsure = needed(row["confidence"], n)
    ends = {"latest_low": search.latest(sure) if sure <= n else None, "latest_high": search.latest(unsure)}
    if placed is not None:
        row["latest"] = placed + timedelta(days=latest)
        row |= {
            name: None if days is None or days == search.last else placed + timedelta(days=days)
            for name, days in ends.items()
        }
    return row | {"note": "; ".join([*said, *_notes(search, latest, ends, placed)])}


def _notes(search: Search, latest: int, ends: Mapping[str, int | None], placed: datetime | None) -> Iterator[str]:
    """What is to be known about a latest date."""
    if placed is None:
        low, high = ends["latest_low"], ends["latest_high"]
        span = f"{'?' if low is None else low} to {'any' if high in (None, search.last) else high}"
        yield f"placed after an event: may wait {latest} d more ({span})"
    elif ends["latest_high"] == search.last:
        yield "perhaps any date"
    elif latest < 0 and placed + timedelta(days=latest) < search.network.start:
        yield f"before the simulation starts on {search.network.start:%Y-%m-%d}"
    if search.sooner:
        yield f"a later order gave an earlier date in {search.sooner} of {search.trials.n} replications"


def _share(search: Search, days: int) -> float:
    return search.in_full(days) / search.trials.n


def _when(placed: datetime | None, days: int) -> str:
    if placed is None:
        return f" if placed {-days} d earlier"
    return f" if placed on {placed + timedelta(days=days):%Y-%m-%d}"


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per order: supply, order, placed, latest, latest_low, latest_high, slack, probability, confidence, note.

    `latest` is the last day on which the milestone still has the probability `confidence`: that which is wanted or,
    where no date reaches it, that of the best date less `points`. `slack` is how many days that is after the planned
    one (negative: earlier; infinite: it is not needed; empty: the milestone is never in time), `probability` that of
    the milestone with the order placed then. Between latest_low and latest_high lies the true one with 95 % confidence;
    empty where there are too few replications to tell, or no date. An order placed after something has no dates, and
    its slack is how many days more it may wait.
    """
    frame = typed(rows, TABLES["orders"])
    return frame.assign(**{str(name): frame[name].dt.normalize() for name in frame.select_dtypes("datetime")})
