"""What is paid for in some builds: units, work, hours and energy, by step of their price and by month."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import Calendar
from dcsim.dates import tick_of
from dcsim.money.months import Floats, Ints, Months, step_ticks
from dcsim.money.records import Changes, Events, Records, is_there
from dcsim.scenario.cash import payments
from dcsim.scenario.finance import Cost, Payment, Rented, Revenue
from dcsim.scenario.prices import Path
from dcsim.scenario.values import Amount
from dcsim.trace import NOT
from dcsim.units import Span, months_later, parse_amount, round_half_up

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, eq=False)
class Quantity:
    """Units by build, step of the price and month: of what is paid, and of what was received for it."""

    paid: Floats
    received: Floats


def cost_quantity(cost: Cost, records: Records, months: Months) -> Quantity:
    """What is paid for under one cost in some builds."""
    path = cost.rent or cost.price
    assert path is not None
    if cost.date is not None:
        paid = np.zeros((records.count, len(path.holds), months.count + 1))
        tick = tick_of(months.start, cost.date)
        paid[:, np.searchsorted(step_ticks(path, months.start), tick, "right"), months.of_date(cost.date)] = 1
        return Quantity(paid[:, :, :-1], paid[:, :, :-1])
    if cost.activity is not None:
        return _events(records.work(cost), payments(cost), path, records.count, months)
    if cost.resource is not None:
        return _flow(_hours(cost, records, months), records.count, path, months, 60.0)
    if cost.supply is None:
        return _flow([_minutes_since(0, records.count, months)], records.count, path, months, None)
    stocks = records.stocks(cost.supply, cost.place)
    if cost.rent is not None:
        return _flow([_unit_minutes(stocks, records, months)], records.count, path, months, None)
    if cost.uses is not None:
        power = _watts(cost.uses) * float(cost.pue) / 1e6
        flow = _flow([_unit_minutes(stocks, records, months)], records.count, path, months, 60.0)
        return Quantity(flow.paid * power, flow.received * power)
    parts = payments(cost)
    bought = records.consumed(stocks) if parts[0].when == "consumed" else records.bought(stocks)
    return _events(bought, parts, path, records.count, months)


@lru_cache(maxsize=256)
def _watts(uses: Amount) -> int:
    return parse_amount(uses, "W")


def revenue_ticks(revenue: Revenue | Rented, start: datetime) -> Ints:
    """When the price, the share or the utilisation of a revenue changes."""
    paths = (revenue.price, revenue.share, revenue.utilisation)
    return np.unique(np.concatenate([step_ticks(path, start) for path in paths]))


def revenue_quantity(revenue: Revenue, records: Records, months: Months) -> Floats:
    """Unit-hours of a supply by build and month, before the first of its changes and from each of them on."""
    present = _unit_minutes(records.stocks(revenue.supply, revenue.place), records, months)
    return _by_step([present], records.count, revenue_ticks(revenue, months.start), months, 60.0)


def rented_quantity(rented: Rented, records: Records, months: Months) -> Floats:
    """Unit-hours that are there, and those that are wanted, by step and month as revenue is."""
    since = tick_of(months.start, rented.date) if rented.date is not None else 0
    wanted = _minutes_since(max(since, 0), records.count, months)
    present = _unit_minutes(records.stocks(rented.supply, rented.place), records, months)
    ticks = revenue_ticks(rented, months.start)
    hours = [_by_step([minutes], records.count, ticks, months, 60.0) for minutes in (present, wanted)]
    return np.stack([hours[0], hours[1] * float(rented.units)], axis=1)


def _events(events: Events, parts: tuple[Payment, ...], path: Path, builds: int, months: Months) -> Quantity:
    """What is paid in parts, each in the month in which it is due; the price is that of the order or the start."""
    steps, count = len(path.holds), months.count + 1
    row = events.build * steps + np.searchsorted(step_ticks(path, months.start), events.first, "right")

    def by_month(which: NDArray[np.bool_], due: Ints, shares: Floats) -> Floats:
        cells = np.bincount(row[which] * count + due, shares, builds * steps * count)
        return np.asarray(cells.reshape(builds, steps, count)[:, :, :-1])

    paid: Floats = np.zeros((builds, steps, months.count))
    for payment in parts:
        since = events.first if payment.when in ("ordered", "start") else events.last
        which = since != NOT if payment.when != "ordered" else np.ones(len(since), np.bool_)
        due = months.at(_later(since[which], payment.after, months.start))
        paid = paid + by_month(which, due, events.amount[which] * float(payment.share))
    came = events.last != NOT
    received = by_month(came, months.at(events.last[came]), events.amount[came].astype(np.float64))
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
class Minutes:
    """Units that are there, and whose minutes count, by a calendar if they have one, until their time ends."""

    changes: Changes
    end: Ints
    """Of each build, the tick to which minutes count."""
    calendar: Calendar | None

    def until(self, edges: Ints) -> Floats:
        """Unit-minutes up to each of these ticks, by build.

        A unit that comes at a tick counts from then on: up to an edge, the edge less the tick, by the clock of the
        calendar. So the sum of all is the clock at the edge times the units that have come, less the clock at each
        coming.
        """
        build, tick, units = self.changes
        tick = np.maximum(tick, 0)
        counts = tick < self.end[build]
        build, tick, units = build[counts], tick[counts], units[counts]
        cell = build * (len(edges) + 1) + np.searchsorted(edges, tick)

        def so_far(amounts: Floats) -> Floats:
            cells = np.bincount(cell, amounts, len(self.end) * (len(edges) + 1)).reshape(len(self.end), -1)
            return np.asarray(np.cumsum(cells, axis=1)[:, :-1])

        stops = np.minimum(np.maximum(edges, 0), self.end[:, None])
        came = so_far(units.astype(np.float64))
        return came * self._clock(stops) - so_far(units * self._clock(tick))

    def _clock(self, ticks: Ints) -> Floats:
        """Minutes that count up to each tick."""
        if self.calendar is None:
            return ticks.astype(np.float64)
        opens, closes, before = self.calendar.opens, self.calendar.closes, self.calendar.worked_before
        number = np.searchsorted(opens, ticks, "right") - 1
        inside = before[number] + np.minimum(ticks, closes[number]) - opens[number]
        return np.where(number < 0, 0, inside).astype(np.float64)


def _minutes_since(tick: int, builds: int, months: Months) -> Minutes:
    """One unit from a tick on."""
    changes = Changes(np.arange(builds), np.full(builds, tick), np.ones(builds, np.int64))
    return Minutes(changes, np.full(builds, months.edges[-1]), None)


def _unit_minutes(stocks: tuple[int, ...], records: Records, months: Months) -> Minutes:
    """The units of some stocks; what is there at the end of the build stays."""
    return Minutes(records.moved(stocks), np.full(records.count, months.edges[-1]), None)


def _hours(cost: Cost, records: Records, months: Months) -> Iterator[Minutes]:
    """The units of a resource that are there, or at work, in each of its places, until the build has ended."""
    build, resource, tick, change = (records.working if cost.hours == "working" else records.present).T
    end = np.minimum(records.end, months.edges[-1])
    for number, shared in enumerate(records.network.resources):
        if shared.name == cost.resource and is_there(records.network, shared.place, cost.place):
            for builds, calendar in records.calendar(shared.calendar):
                here = (resource == number) & builds[build]
                yield Minutes(Changes(build[here], tick[here], change[here]), end, calendar)


def _by_step(parts: Iterable[Minutes], builds: int, ticks: Ints, months: Months, unit: float | None) -> Floats:
    """Unit-hours (unit 60), or unit-months by the days of each month, by build, step between these ticks, and month."""
    edges, cell, minutes = _cells(tuple(ticks.tolist()), months)
    total = sum((np.diff(part.until(edges)) for part in parts), np.zeros((builds, len(cell))))
    steps = len(ticks) + 1
    cells: Floats = np.zeros((builds, steps * months.count))
    cells[:, cell] = total / (minutes if unit is None else unit)
    return cells.reshape(builds, steps, months.count)


@lru_cache(maxsize=256)
def _cells(ticks: tuple[int, ...], months: Months) -> tuple[Ints, Ints, Floats]:
    """The edges of months and steps, and of each interval its cell in a table of both, and the minutes of its month."""
    inside = [tick for tick in ticks if months.edges[0] < tick < months.edges[-1]]
    edges = np.unique(np.concatenate([months.edges, np.array(inside, np.int64)]))
    month = months.at(edges[:-1])
    cell = np.searchsorted(np.array(ticks), edges[:-1], "right") * months.count + month
    return edges, np.asarray(cell), np.asarray(months.days[month] * 1440.0)


def _flow(parts: Iterable[Minutes], builds: int, path: Path, months: Months, unit: float | None) -> Quantity:
    flow = _by_step(parts, builds, step_ticks(path, months.start), months, unit)
    return Quantity(flow, flow)
