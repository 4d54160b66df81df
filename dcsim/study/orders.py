"""When to order at the latest: how late each order can be placed before a date is no longer likely enough.

Each order is moved alone by whole days, all else as planned and with the same random numbers, and the last day is
sought on which the milestone still has its probability.
"""

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from math import inf, isinf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import typed
from dcsim.analysis.stuck import STUCK
from dcsim.dates import Limit, day_of, in_time, last_minute, parse_limit, spelled
from dcsim.document.chart import Axis, Bars, Chart, Dots
from dcsim.document.names import Name
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import UNKNOWN, date_of, share
from dcsim.engine import AUTO, choose
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of, refuse_limited
from dcsim.study.latest import Hits, InTime, Search, needed
from dcsim.study.manifest import Count, Day, Fields, Share
from dcsim.study.replicate import Progress
from dcsim.study.replications import require_milestone
from dcsim.study.result import Result
from dcsim.study.seen import about_seen, agreed, draws_of, known_until
from dcsim.study.threads import pool_for
from dcsim.study.trials import Trials, at_least_one
from dcsim.study.unfinished import never
from dcsim.trace import NOT
from dcsim.units import DAY

MAIN = "orders"
TABLES = {
    "orders": "supply order placed:time latest:time latest_low:time latest_high:time slack:number"
    " probability:number confidence:number note",
    "stuck": STUCK,
}
ABOUT: Fields = {"milestone": str, "date": Day, "confidence": Share, "replications": Count}
PLACED = "placed by"
"""How the note of an order begins that was placed when something was seen of the build."""


def latest_orders(
    scenario: Scenario,
    *,
    milestone: str,
    date: str | Limit | None = None,
    confidence: float = 0.8,
    points: float = 5,
    n: int = 256,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Find the latest date on which each order can be placed without a milestone becoming too unlikely.

    Parameters
    ----------
    scenario
        From `load`.
    milestone
        What has to be reached.
    date
        By the end of which day, or with a time by which minute; the milestone's target if not given.
    confidence
        With which probability.
    points
        Where that is out of reach, however early an order is placed: how many points of probability its date may cost.
    n, seed, workers, executor, engine
        As in `replicate`.
    progress
        Called with the number of orders done and their total.

    Raises
    ------
    RequestError
        There is no such milestone, or no order, or a number or the date makes no sense, or cash is limited; it is a
        ValueError too.
    """
    refuse_limited(scenario, "order-by")
    network = network_of(scenario)
    require_milestone(network, milestone)
    wanted = _date(scenario, network, milestone, date)
    _refuse_odd(confidence, points)
    chosen = choose(engine, network.instances * draws_of(scenario, at_least_one(n)) * 4)
    pool = pool_for(chosen, workers, executor)
    among = agreed(scenario, network, seed, n, chosen, pool)
    count = n if among is None else len(among.numbers)
    builds = Trials(chosen, seed, milestone, pool, None if among is None else among.numbers)
    ends, trials = builds.ends(network, np.arange(count)), InTime(builds, wanted, count)
    planned, stuck = in_time(network.start, wanted, ends.dated), builds.lacks(network, ends)
    about = {"milestone": milestone, "date": wanted.isoformat(), "confidence": confidence, "points": points}
    about |= {"probability": float(planned.mean()), "seed": seed, "replications": n, **about_seen(among)}
    rows = list(_rows(network, trials, planned, confidence, points, progress, known_until(scenario)))
    return Result("orders", scenario, about, {"orders": _table(rows), "stuck": stuck})


def _refuse_odd(confidence: float, points: float) -> None:
    if not 0 < confidence < 1:
        raise RequestError(f"a confidence lies between 0 and 1, such as 0.8, got {confidence:g}")
    if not 0 <= points <= 100:
        raise RequestError(f"points of probability lie between 0 and 100, got {points:g}")


def _rows(
    network: Network,
    trials: InTime,
    planned: Hits,
    confidence: float,
    points: float,
    progress: Progress,
    until: dt.date | None,
) -> Iterator[Mapping[str, Any]]:
    """One order after the other, each moved alone; what is placed by a day stays."""
    groups = _groups(network)
    for done, numbers in enumerate(groups.values()):
        progress(done, len(groups))
        placed = _placed(network, numbers)
        if until is not None and placed is not None and placed.date() <= until:
            yield _unmoved(network, numbers, float(planned.mean()), confidence) | {"note": f"{PLACED} {until}"}
            continue
        last = _last_day(network, numbers, trials.limit)
        search = Search(network, numbers, trials, _first_day(network, numbers, until), last)
        search.known[0] = planned.astype(np.int8)
        yield _row(network, numbers, search, confidence, points, float(planned.mean()))
    progress(len(groups), len(groups))


def _groups(network: Network) -> Mapping[str, tuple[int, ...]]:
    """Orders as they are written: one for a supply that many places have is one."""
    groups: dict[str, tuple[int, ...]] = {}
    for number, order in enumerate(network.orders):
        groups[order.path] = (*groups.get(order.path, ()), number)
    if not groups:
        raise RequestError("the scenario has no orders")
    return groups


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
    """Not before the clock starts, or the day after the status date, or as early as it is planned; right after what it
    waits for.
    """
    placed, begin = _placed(network, numbers), network.start
    if until is not None:
        begin = max(begin, datetime.combine(until, dt.time()) + timedelta(days=1))
    first = -inf if placed is None else -max(0, (placed - begin).days)
    if network.orders[numbers[0]].placed is None:
        lag = network.lags[int(network.link_lag[network.link_to == _gate(network, numbers)][0])]
        first = max(first, -int((lag.minutes + lag.months * 28 * DAY) // DAY))
    return int(first)


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
        than = "no more" if best == 0 else f"{_share(search, best):.0%}"
        reached = f"{planned:.0%} as planned, {than}{_when(placed, best or search.first)}"
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
    if search.sooner:
        yield f"a later order gave an earlier date in {search.sooner} of {search.trials.n} replications"


def _share(search: Search, days: int) -> float:
    return search.in_full(days) / search.trials.n


def _when(placed: datetime | None, days: int) -> str:
    if days == 0:
        return ""
    return (
        f" if placed {-days} d earlier" if placed is None else f" if placed on {placed + timedelta(days=days):%Y-%m-%d}"
    )


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


# What it has to say

NOTE = (
    "Each order alone, all others as planned, with the same random numbers. chance: the probability of the milestone "
    "if the order is placed then. ?: needs more replications."
)


def report(result: Result, milestone: str = "") -> Report:
    """What is wanted and how likely it is as planned, and until when each order can wait."""
    orders, n = result.tables["orders"].to_dict("records"), result.simulated
    columns = (
        *(Column("order"), Column("planned", "date"), Column("latest", "date"), Column("95 % interval", "range")),
        *(Column("slack, days", "change", digits=0), Column("chance", "share", n, 0)),
    )
    rows = [
        [
            _called(row),
            "after" if row["placed"] is pd.NaT else row["placed"],
            Cell(_latest(row), emphasis="strong"),
            _ends(row),
            row["slack"] if np.isfinite(row["slack"]) else "",
            row["probability"],
        ]
        for row in orders
    ]
    said = (_question(result), *never(result.tables["stuck"], n))
    noted = [f"{_called(row)}: {row['note']}".replace("%", " %") for row in orders if row["note"]]
    table = Section("", said, tables=[Table(columns, rows)], charts=[latest_dates(result)])
    return Report.of("When to order", result.subject(), [table, Section("", points=noted), Section("", notes=[NOTE])])


def _question(result: Result) -> str:
    about = result.about
    probability, confidence = float(about["probability"]), float(about["confidence"])
    by, likely = spelled(parse_limit(about["date"])), share(probability, result.simulated)
    only = "" if probability >= confidence else "only "
    return f"{about['milestone']} by {by}: {share(confidence, digits=0)} wanted, {only}{likely} as planned"


def _called(row: Mapping[Hashable, Any]) -> str:
    supply, order = row["supply"], row["order"]
    return f"{supply} ({order})" if isinstance(supply, Name) else f"{supply}.{order}"


def _latest(row: Mapping[Hashable, Any]) -> Any:
    """The latest date, or why there is none."""
    if row["latest"] is not pd.NaT:
        return row["latest"]
    if row["note"].startswith(PLACED):
        return "placed"
    return "any date" if isinf(row["slack"]) else "no date" if isnan(row["slack"]) else ""


def _ends(row: Mapping[Hashable, Any]) -> str:
    """The ends of the interval as month and day, with their year where it is another."""
    latest = row["latest"]
    if latest is pd.NaT:
        return ""
    ends = (row["latest_low"], row["latest_high"])
    dates = (f"{end:%m-%d}" if end.year == latest.year else f"{end:%Y-%m-%d}" for end in ends if end is not pd.NaT)
    return " - ".join(UNKNOWN if end is pd.NaT else next(dates) for end in ends)


def latest_dates(result: Result) -> Chart:
    """When each order is planned, and the latest date for it, with the interval of that date."""
    about, orders = result.about, result.tables["orders"].reset_index(drop=True)
    by = f"{about['milestone']} by {spelled(parse_limit(about['date']))} with {share(about['confidence'], digits=0)}"
    names = [_called(row) for row in orders.to_dict("records")]
    placed, latest = (orders[orders[name].notna()] for name in ("placed", "latest"))
    if placed.empty:
        return Chart(f"Latest order dates: {by}", empty="no order is placed on a date")
    low, high = (_moments(latest[end].fillna(latest["latest"])) for end in ("latest_low", "latest_high"))
    open_ = [end if isinstance(end := _latest(row), str) else "" for row in placed.to_dict("records")]
    planned = [f"{_called(row)}: planned {date_of(row['placed'])}" for row in placed.to_dict("records")]
    lines = [f"{_called(row)}: {date_of(row['latest'])} at the latest" for row in latest.to_dict("records")]
    from_, until, rows = _moments(latest["placed"]), _moments(latest["latest"]), latest.index.to_numpy(np.float64)
    marks = (
        Bars(colour="line", rows=rows.tolist(), start=from_, end=until, height=0.12),
        Dots(
            name="planned",
            colour="grey",
            x=_moments(placed["placed"]),
            y=placed.index.to_numpy(np.float64),
            labels=open_,
            notes=planned,
        ),
        Dots(
            name="at the latest, with 95 % interval",
            symbol="bar",
            size=16,
            x=until,
            y=rows,
            low=low,
            high=high,
            notes=lines,
        ),
    )
    said = "; ".join([*planned, *lines])
    title, y = f"Latest order dates: {by}", Axis("rows", names=names)
    return Chart(title, Axis("date"), y, marks, "", said, day_zero=result.scenario.zero)


def _moments(dates: "pd.Series[pd.Timestamp]") -> NDArray[np.datetime64]:
    return dates.to_numpy("datetime64[m]")


CHARTS = {"orders": latest_dates}
