"""What is paid for in one build: units, work, hours and energy, by step of their price and by month."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.supplies import happened, movements
from dcsim.analysis.usage import capacities, changes
from dcsim.calendars import Calendar
from dcsim.dates import tick_of
from dcsim.engine.draws import Draws
from dcsim.money.months import Floats, Ints, Months, step_ticks
from dcsim.network import Network
from dcsim.scenario.cash import payments
from dcsim.scenario.finance import Cost, Payment, Rented, Revenue
from dcsim.scenario.prices import Path
from dcsim.scenario.values import Amount
from dcsim.trace import NOT, Trace
from dcsim.units import DAY, Span, months_later, parse_amount, round_half_up

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, eq=False)
class Bought:
    """Things that were ordered and came, or work that started and finished; ticks, NOT for what did not happen."""

    first: Ints
    """Orders or starts."""
    last: Ints
    """Deliveries or finishes."""
    amount: Ints


@dataclass(frozen=True, eq=False)
class History:
    """One build, as money sees it."""

    trace: Trace
    draws: Draws
    written: NDArray[np.bool_]
    """Of each instance, whether it is work of the build, and no payment."""
    held: int | None = None
    """The tick at which the build stands still for a day, if it does."""
    _levels: dict[tuple[int, ...], tuple[Ints, Ints]] = field(default_factory=dict, repr=False)

    def later(self, ticks: Any) -> Any:
        """When something happens: what is not before the build is held a day later; NOT stays NOT."""
        return ticks if self.held is None else np.where((ticks >= self.held) & (ticks != NOT), ticks + DAY, ticks)

    def level(self, stocks: tuple[int, ...]) -> tuple[Ints, Ints]:
        """How many units of some stocks are there from each tick on, the first at 0."""
        if stocks not in self._levels:
            _, tick, change, _ = movements(self.trace, stocks)
            self._levels[stocks] = _steps(self.later(tick), change)
        return self._levels[stocks]

    @cached_property
    def present(self) -> tuple[Ints, Ints, Ints]:
        """All changes of how many units of a resource are there: resource, tick, change."""
        resource, tick, _, units = np.concatenate([np.stack(part, axis=1) for part in capacities(self.draws)]).T
        return resource, self.later(tick), units

    @cached_property
    def working(self) -> tuple[Ints, Ints, Ints]:
        """The same of how many are at work."""
        parts = [np.stack(part, axis=1) for part in changes(self.trace, self.draws)]
        resource, tick, used, _ = np.concatenate(parts).T
        return resource, self.later(tick), used

    @cached_property
    def end(self) -> int:
        """The tick at which the build ends: its last finish, not of payments, or the horizon if it is unfinished."""
        finish = self.trace.finish[self.written]
        return self.trace.network.horizon if (finish == NOT).any() else int(self.later(finish.max(initial=0)))

    @cached_property
    def placed(self) -> Ints:
        """The tick at which each order was placed; NOT for those that never were."""
        network, placed = self.trace.network, self.draws.placed.copy()
        for gate, orders in network.orders_of_gate.items():
            placed[list(orders)] = self.trace.opened[gate - network.instances]
        return np.asarray(self.later(placed))

    def bought(self, stocks: tuple[int, ...]) -> Bought:
        """All that came into some stocks but what was there at the start, and what is still to come of orders."""
        trace, columns = self.trace, []
        for stock in stocks:
            for ticks, amount in happened(trace.network.producers[stock], trace.done):
                finished = self.later(ticks)
                columns.append(np.stack([finished, finished, amount]))
        here = np.concatenate([trace.delivered[trace.delivered[:, 1] == stock] for stock in stocks])
        came_at, order_of, units = self.later(here[:, 0]), here[:, 3], here[:, 2]
        ordered = order_of >= 0  # production has no order
        columns.append(np.stack([np.where(ordered, np.append(self.placed, NOT)[order_of], came_at), came_at, units]))
        came = np.bincount(order_of[ordered], units[ordered], len(self.placed)).astype(np.int64)
        for number, order in enumerate(trace.network.orders):
            gated = order.placed is None
            known = self.placed[number] != NOT if gated else self.placed[number] <= trace.network.horizon
            if order.stock in stocks and known and came[number] < order.amount:
                columns.append(np.array([[self.placed[number]], [NOT], [order.amount - came[number]]], np.int64))
        return Bought(*np.concatenate(columns, axis=1))

    def consumed(self, stocks: tuple[int, ...]) -> Bought:
        """What went out of some stocks."""
        _, tick, change, _ = movements(self.trace, stocks)
        ticks = self.later(tick[change < 0])
        return Bought(ticks, ticks, -change[change < 0])


@dataclass(frozen=True, eq=False)
class Quantity:
    """Units by step of the price and month: of what is paid, and of what was received for it."""

    paid: Floats
    received: Floats


def cost_quantity(name: str, cost: Cost, history: History, months: Months) -> Quantity:
    """What is paid for under one cost in a build."""
    path = cost.rent or cost.price
    assert path is not None
    if cost.date is not None:
        paid = np.zeros((len(path.steps), months.count + 1))
        tick = tick_of(months.start, cost.date)
        paid[np.searchsorted(step_ticks(path, months.start), tick, "right"), months.of_date(cost.date)] = 1
        return Quantity(paid[:, :-1], paid[:, :-1])
    if cost.activity is not None:
        return _events(_work(cost, history), payments(cost), path, months)
    if cost.resource is not None:
        return _flow(_hours(cost, history, months), path, months, 60.0)
    if cost.supply is None:
        return _flow([_always(months)], path, months, None)
    stocks = stocks_of(history, cost.supply, cost.place)
    if cost.rent is not None:
        return _flow([_level(stocks, history, months)], path, months, None)
    if cost.uses is not None:
        level = _level(stocks, history, months)
        power = _watts(cost.uses) * float(cost.pue) / 1e6
        flow = _flow([level], path, months, 60.0)
        return Quantity(flow.paid * power, flow.received * power)
    parts = payments(cost)
    bought = history.consumed(stocks) if parts[0].when == "consumed" else history.bought(stocks)
    return _events(bought, parts, path, months)


@lru_cache(maxsize=256)
def _watts(uses: Amount) -> int:
    return parse_amount(uses, "W")


def revenue_ticks(revenue: Revenue | Rented, start: datetime) -> Ints:
    """When the price, the share or the utilisation of a revenue changes."""
    paths = (revenue.price, revenue.share, revenue.utilisation)
    return np.unique(np.concatenate([step_ticks(path, start) for path in paths]))


def revenue_quantity(revenue: Revenue, history: History, months: Months) -> Floats:
    """Unit-hours of a supply by month, before the first of its changes and from each of them on."""
    level = _level(stocks_of(history, revenue.supply, revenue.place), history, months)
    return _integrated([level], revenue_ticks(revenue, months.start), months, 60.0)


def rented_quantity(rented: Rented, history: History, months: Months) -> Floats:
    """Unit-hours that are there, and those that are wanted, by step and month as revenue is."""
    ticks, end = revenue_ticks(rented, months.start), int(months.edges[-1])
    since = tick_of(months.start, rented.date) if rented.date is not None else 0
    wanted = Level(np.array([0, max(since, 0)]), np.array([0, 1]), None, end)
    present = _level(stocks_of(history, rented.supply, rented.place), history, months)
    hours = [_integrated([level], ticks, months, 60.0) for level in (present, wanted)]
    return np.stack([hours[0], hours[1] * float(rented.units)])


def stocks_of(history: History, supply: str, place: str | None) -> tuple[int, ...]:
    """The stocks of a supply in the places that a pattern means."""
    return _finder(history.trace.network)(supply, place)


@lru_cache(maxsize=8)
def _finder(network: Network) -> Callable[[str, str | None], tuple[int, ...]]:
    """Finds stocks, and remembers them as long as the network is kept."""

    @cache
    def stocks(supply: str, place: str | None) -> tuple[int, ...]:
        named = [number for number, stock in enumerate(network.stocks) if stock.name == supply]
        return tuple(n for n in named if _is_there(network, network.stocks[n].place, place))

    return stocks


def _is_there(network: Network, path: str, pattern: str | None) -> bool:
    if pattern is None:
        return True
    places = network.places
    return any(path in np.array(places.paths(level), object)[places.matches(pattern, level)] for level in places.tiers)


def _work(cost: Cost, history: History) -> Bought:
    """The instances of an activity that were done, or begun."""
    trace = history.trace
    network = trace.network
    number = network.activities.index(str(cost.activity))
    of_cost = np.arange(network.first[number], network.first[number + 1])
    if cost.place is not None:
        of_cost = of_cost[network.places.matches(cost.place, network.levels[number])[network.place[of_cost]]]
    of_cost = of_cost[trace.start[of_cost] != NOT]
    start, done = (history.later(ticks[of_cost].astype(np.int64)) for ticks in (trace.began, trace.done))
    return Bought(start, done, np.ones(len(of_cost), np.int64))


def _events(bought: Bought, parts: tuple[Payment, ...], path: Path, months: Months) -> Quantity:
    """What is paid in parts, each in the month in which it is due; the price is that of the order or the start."""
    step = np.searchsorted(step_ticks(path, months.start), bought.first, "right")
    count = months.count + 1

    def by_month(which: NDArray[np.bool_], due: Ints, shares: Floats) -> Floats:
        cells = np.bincount(step[which] * count + due, shares, len(path.steps) * count)
        return np.asarray(cells.reshape(-1, count)[:, :-1])

    paid: Floats = np.zeros((len(path.steps), months.count))
    for payment in parts:
        since = bought.first if payment.when in ("ordered", "start") else bought.last
        which = since != NOT if payment.when != "ordered" else np.ones(len(since), np.bool_)
        due = months.at(_later(since[which], payment.after, months.start))
        paid = paid + by_month(which, due, bought.amount[which] * float(payment.share))
    came = bought.last != NOT
    received = by_month(came, months.at(bought.last[came]), bought.amount[came].astype(np.float64))
    return Quantity(paid, received)


def _later(ticks: Ints, span: Span, start: datetime) -> Ints:
    """So long after these ticks, months by the calendar."""
    if not span.amount:
        return ticks
    if not span.months:
        return ticks + round_half_up(span.minutes)
    moments, which = np.unique(ticks, return_inverse=True)
    dates = [start + timedelta(minutes=tick) for tick in moments.tolist()]
    if span.months.denominator == 1:
        spans = [(months_later(date, int(span.months)) - date) // MINUTE for date in dates]
    else:
        spans = [round_half_up(span.after(date)) for date in dates]
    return ticks + np.array(spans, np.int64)[which]


# What is paid by time


@dataclass(frozen=True, eq=False)
class Level:
    """How many there are from each tick on, and the calendar by which their time counts, to the end of their time."""

    ticks: Ints
    units: Ints
    calendar: Calendar | None
    end: int

    def until(self, ticks: Ints) -> Floats:
        """Unit-minutes up to each tick."""
        stops = np.minimum(np.maximum(ticks, 0), self.end)
        clock = self._clock(self.ticks)
        total = np.concatenate([[0.0], np.cumsum(self.units[:-1] * np.diff(clock))])
        number = np.searchsorted(self.ticks, stops, "right") - 1
        return np.asarray(total[number] + self.units[number] * (self._clock(stops) - clock[number]))

    def _clock(self, ticks: Ints) -> Floats:
        """Minutes that count up to each tick."""
        if self.calendar is None:
            return ticks.astype(np.float64)
        opens, closes, before = self.calendar.opens, self.calendar.closes, self.calendar.worked_before
        number = np.searchsorted(opens, ticks, "right") - 1
        inside = before[number] + np.minimum(ticks, closes[number]) - opens[number]
        return np.where(number < 0, 0, inside).astype(np.float64)


def _steps(ticks: Ints, changes_: Ints) -> tuple[Ints, Ints]:
    """How many there are from each tick on, the first at 0."""
    order = np.argsort(ticks, kind="stable")
    return np.concatenate([[0], ticks[order]]), np.concatenate([[0], np.cumsum(changes_[order])])


def _always(months: Months) -> Level:
    return Level(np.array([0]), np.array([1]), None, int(months.edges[-1]))


def _level(stocks: tuple[int, ...], history: History, months: Months) -> Level:
    """How many units of some stocks are there; what is there at the end of the build stays."""
    return Level(*history.level(stocks), None, int(months.edges[-1]))


def _hours(cost: Cost, history: History, months: Months) -> Iterator[Level]:
    """How many units of a resource are there, or at work, in each of its places, until the build has ended."""
    resource, tick, change = history.working if cost.hours == "working" else history.present
    end = min(history.end, int(months.edges[-1]))
    for number, shared in enumerate(history.trace.network.resources):
        if shared.name == cost.resource and _is_there(history.trace.network, shared.place, cost.place):
            of_resource = resource == number
            calendar = history.draws.calendars[shared.calendar] if shared.calendar else None
            yield Level(*_steps(tick[of_resource], change[of_resource]), calendar, end)


def _integrated(levels: Iterable[Level], ticks: Ints, months: Months, unit: float | None) -> Floats:
    """Unit-hours (unit 60), or unit-months by the days of each month, between these ticks by months."""
    edges, cell, minutes = _cells(tuple(ticks.tolist()), months)
    total: NDArray[np.float64] = np.zeros(len(edges) - 1)
    for level in levels:
        total += np.diff(level.until(edges))
    shape = (len(ticks) + 1, months.count)
    cells = np.bincount(cell, total / (minutes if unit is None else unit), shape[0] * shape[1])
    return np.asarray(cells.reshape(shape), np.float64)


@lru_cache(maxsize=256)
def _cells(ticks: tuple[int, ...], months: Months) -> tuple[Ints, Ints, Floats]:
    """The edges of months and steps, and of each interval its cell in a table of both, and the minutes of its month."""
    inside = [tick for tick in ticks if months.edges[0] < tick < months.edges[-1]]
    edges = np.unique(np.concatenate([months.edges, np.array(inside, np.int64)]))
    month = months.at(edges[:-1])
    cell = np.searchsorted(np.array(ticks), edges[:-1], "right") * months.count + month
    return edges, np.asarray(cell), np.asarray(months.days[month] * 1440.0)


def _flow(levels: Iterable[Level], path: Path, months: Months, unit: float | None) -> Quantity:
    flow = _integrated(levels, step_ticks(path, months.start), months, unit)
    return Quantity(flow, flow)
