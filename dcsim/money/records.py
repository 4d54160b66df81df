"""What money needs of builds: when the work and the supplies that it names were done, came and went."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.usage import capacities, changes
from dcsim.analysis.waits import end_of
from dcsim.calendars import Calendar
from dcsim.engine.draws import Draws
from dcsim.money.months import Ints
from dcsim.network import Network
from dcsim.scenario.finance import Cost, Finance, Rented, Revenue
from dcsim.trace import NOT, Trace
from dcsim.units import DAY


class Record(NamedTuple):
    """One build, reduced to what money needs of it; ticks, NOT for what did not happen."""

    start: Ints
    """Of the instances that are watched."""
    done: Ints
    delivered: Ints
    """As in a trace."""
    placed: Ints
    """When each order was placed; NOT for those that never were."""
    reached: Ints
    dated: Ints
    end: int
    """When the build ends: its last finish, not of payments, or the horizon if it is unfinished."""
    present: Ints
    """All changes of how many units of a resource are there, row by row: resource, tick, change."""
    working: Ints
    """The same of how many are at work."""
    calendars: tuple[Calendar, ...]

    def held(self, since: int, days: int) -> "Record":
        """The same build if it stands still for some days at a tick: everything from then on is so much later."""

        def later(ticks: Any) -> Any:
            return np.where((ticks >= since) & (ticks != NOT), ticks + days * DAY, ticks)

        def moved(rows: Ints, column: int) -> Ints:
            rows = rows.copy()
            rows[:, column] = later(rows[:, column])
            return rows

        return self._replace(
            start=later(self.start),
            done=later(self.done),
            delivered=moved(self.delivered, 0),
            placed=later(self.placed),
            reached=later(self.reached),
            end=int(later(self.end)),
            present=moved(self.present, 1),
            working=moved(self.working, 1),
        )


NO_CHANGES = np.zeros((0, 3), np.int64)


@dataclass(frozen=True, eq=False)
class Watched:
    """What of a network money names, which is recorded of each of its builds."""

    network: Network
    instances: Ints
    """Instances that are paid for, and those that produce or consume what is paid for or earns."""
    hours: frozenset[str]
    """Whether hours of resources are paid while these are `present`, or `working`."""

    @classmethod
    def of(cls, network: Network, finance: Finance) -> "Watched":
        """What a finance section names."""
        parts = [_instances(network, cost) for cost in finance.costs.values() if cost.activity is not None]
        supplied: list[Cost | Revenue | Rented] = [*finance.costs.values(), *finance.revenue.values()]
        supplied += finance.rent_instead.values()
        stocks = {stock for used in supplied if used.supply for stock in stocks_of(network, used.supply, used.place)}
        for stock in stocks:
            parts += [instances for instances, _ in (*network.producers[stock], *network.consumers[stock])]
        watched = np.unique(np.concatenate([*parts, np.zeros(0, np.int64)])).astype(np.int64)
        hours = frozenset(cost.hours for cost in finance.costs.values() if cost.resource is not None)
        return cls(network, watched, hours)

    def record(self, trace: Trace, draws: Draws) -> Record:
        """What is kept of one build."""
        network, here = self.network, self.instances
        start = trace.start[here]
        placed = draws.placed.copy()
        for gate, orders in network.orders_of_gate.items():
            placed[list(orders)] = trace.opened[gate - network.instances]
        present = _rows(capacities(draws), 3) if "present" in self.hours else NO_CHANGES
        working = _rows(changes(trace, draws), 2) if "working" in self.hours else NO_CHANGES
        return Record(
            start,
            np.where(start == NOT, NOT, trace.finish[here]),
            trace.delivered,
            placed,
            trace.reached,
            trace.dated,
            end_of(network, trace.finish),
            present,
            working,
            draws.calendars,
        )


def _rows(parts: Iterable[tuple[Ints, ...]], change: int) -> Ints:
    """Resource, tick and a change of all these parts."""
    return np.concatenate([np.stack([part[0], part[1], part[change]], axis=1) for part in parts])


class Events(NamedTuple):
    """Things that were ordered and came, or work that started and finished, in some builds; NOT for what did not."""

    build: Ints
    first: Ints
    """Orders or starts."""
    last: Ints
    """Deliveries or finishes."""
    amount: Ints


class Changes(NamedTuple):
    """By how many units something changed, and when, in some builds."""

    build: Ints
    tick: Ints
    units: Ints


class Records:
    """Some builds together."""

    def __init__(self, watched: Watched, records: Sequence[Record]) -> None:
        self.watched, self.network, self.count = watched, watched.network, len(records)
        self.start, self.done, self.placed, self.reached, self.dated = (
            np.stack([getattr(record, name) for record in records])
            for name in ("start", "done", "placed", "reached", "dated")
        )
        self.end = np.array([record.end for record in records])
        self.calendars = [record.calendars for record in records]
        self.delivered, self.present, self.working = (
            _joined([getattr(record, name) for record in records]) for name in ("delivered", "present", "working")
        )
        self._moved: dict[tuple[int, ...], Changes] = {}

    def stocks(self, supply: str, place: str | None) -> tuple[int, ...]:
        """The stocks of a supply in the places that a pattern means."""
        return stocks_of(self.network, supply, place)

    def moved(self, stocks: tuple[int, ...]) -> Changes:
        """What came into or went out of some stocks."""
        if stocks not in self._moved:
            network, parts = self.network, []
            initial = [(0, network.stocks[stock].initial) for stock in stocks]
            took = () if network.history is None else network.history.took
            for tick, units in (*initial, *((tick, -units) for stock, tick, units in took if stock in stocks)):
                parts.append(Changes(np.arange(self.count), np.full(self.count, tick), np.full(self.count, units)))
            for stock in stocks:
                parts += self._happened(network.producers[stock], self.done)
                used = self._happened(network.consumers[stock], self.start)
                parts += [part._replace(units=-part.units) for part in used]
            build, tick_, _, units_, _ = self._of(self.delivered, stocks)
            self._moved[stocks] = Changes(*map(np.concatenate, zip(*parts, (build, tick_, units_), strict=True)))
        return self._moved[stocks]

    def bought(self, stocks: tuple[int, ...]) -> Events:
        """All that came into some stocks but what was there at the start, and what is still to come of orders."""
        orders, parts = self.network.orders, []
        for stock in stocks:
            made = self._happened(self.network.producers[stock], self.done)
            parts += [Events(part.build, part.tick, part.tick, part.units) for part in made]
        build, came_at, _, units, order = self._of(self.delivered, stocks)
        ordered = order >= 0  # production has no order
        placed = np.where(ordered, self.placed[build, np.where(ordered, order, 0)] if orders else NOT, came_at)
        parts.append(Events(build, placed, came_at, units))
        here = np.array([number for number, order_ in enumerate(orders) if order_.stock in stocks], np.int64)
        cells = build[ordered] * len(orders) + order[ordered]
        came = np.bincount(cells, units[ordered], self.count * len(orders)).reshape(self.count, -1)[:, here]
        left = np.array([orders[number].amount for number in here], np.int64) - came.astype(np.int64)
        gated = np.array([orders[number].placed is None for number in here], np.bool_)
        since = self.placed[:, here]
        is_known = np.where(gated, since != NOT, since <= self.network.horizon)
        build, column = np.nonzero(is_known & (left > 0))
        parts.append(Events(build, since[build, column], np.full(len(build), NOT), left[build, column]))
        return Events(*map(np.concatenate, zip(*parts, strict=True)))

    def consumed(self, stocks: tuple[int, ...]) -> Events:
        """What went out of some stocks."""
        moved = self.moved(stocks)
        out = moved.units < 0
        return Events(moved.build[out], moved.tick[out], moved.tick[out], -moved.units[out])

    def calendar(self, number: int) -> Iterator[tuple[NDArray[np.bool_], Calendar | None]]:
        """The calendar of a working time, with the builds that have it; none where it is always open."""
        if not number:
            yield np.ones(self.count, np.bool_), None
            return
        which = np.array([id(calendars[number]) for calendars in self.calendars])
        for calendar in {id(calendars[number]): calendars[number] for calendars in self.calendars}.values():
            yield which == id(calendar), calendar

    def work(self, cost: Cost) -> Events:
        """The instances of an activity that were done, or begun."""
        instances = _instances(self.network, cost)
        here = self._columns(instances)
        build, column = np.nonzero(self.start[:, here] != NOT)
        began, done = self.start[:, here], self.done[:, here]
        if self.network.history is not None:
            real = self.network.history.start[instances]
            began = np.where(real >= 0, real, began)
        return Events(build, began[build, column], done[build, column], np.ones(len(build), np.int64))

    def _happened(self, groups: Iterable[tuple[Ints, int]], ticks: Ints) -> list[Changes]:
        """When instances of these groups did what moves so many units, as far as they did it."""
        parts = []
        for instances, amount in groups:
            moments = ticks[:, self._columns(instances)]
            build, column = np.nonzero(moments != NOT)
            parts.append(Changes(build, moments[build, column], np.full(len(build), amount)))
        return parts

    def _columns(self, instances: Ints) -> Ints:
        return np.searchsorted(self.watched.instances, instances)

    @staticmethod
    def _of(delivered: Ints, stocks: tuple[int, ...]) -> Ints:
        """Deliveries to some stocks: build, tick, stock, units, order."""
        return delivered[np.isin(delivered[:, 2], stocks)].T


def _joined(tables: Sequence[Ints]) -> Ints:
    """The rows of these tables, behind the number of the table."""
    build = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    return np.concatenate([build[:, None], np.concatenate(tables)], axis=1)


def _instances(network: Network, cost: Cost) -> Ints:
    """The instances of an activity that is paid for."""
    number = network.activities.index(str(cost.activity))
    instances = np.arange(network.first[number], network.first[number + 1])
    if cost.place is None:
        return instances
    return instances[network.places.matches(cost.place, network.levels[number])[network.place[instances]]]


def stocks_of(network: Network, supply: str, place: str | None) -> tuple[int, ...]:
    """The stocks of a supply in the places that a pattern means."""
    return _finder(network)(supply, place)


@lru_cache(maxsize=8)
def _finder(network: Network) -> Callable[[str, str | None], tuple[int, ...]]:
    """Finds stocks, and remembers them as long as the network is kept."""

    @cache
    def stocks(supply: str, place: str | None) -> tuple[int, ...]:
        named = [number for number, stock in enumerate(network.stocks) if stock.name == supply]
        return tuple(n for n in named if is_there(network, network.stocks[n].place, place))

    return stocks


def is_there(network: Network, path: str, pattern: str | None) -> bool:
    """Whether a place is one that a pattern means."""
    if pattern is None:
        return True
    places = network.places
    return any(path in np.array(places.paths(level), object)[places.matches(pattern, level)] for level in places.tiers)
