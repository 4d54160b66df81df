"""Everything that is left to chance in one replication, settled before it runs.

Engines never draw: a run is a pure function of the network and these values.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import NEVER, Calendar, subtract
from dcsim.distributions import Distribution, Fixed, failures
from dcsim.engine.philox import Words, hash64, place_keys, uniforms
from dcsim.network import FactorUse, Moment, Network, Production, Resource, Rework, Work
from dcsim.units import HALF, round_half_up

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRODUCTION = -1
"""The origin of a delivery that no order brought."""

FACTOR_DIGITS = 1_000_000
"""Factors of a production are taken to this denominator, so that deliveries are whole and exact."""


class Window(NamedTuple):
    """When a risk acts: from one tick until before another."""

    begins: int
    ends: int


class Effect(NamedTuple):
    """A multiplier of durations for starts inside a window."""

    begins: int
    ends: int
    multiplier: float


class Postponement(NamedTuple):
    """Deliveries that fall into a window come so many ticks later."""

    begins: int
    ends: int
    ticks: int


class Deliveries(NamedTuple):
    """What arrives on dates known beforehand, sorted by tick, stock and origin; columns of equal length."""

    tick: Ints
    stock: Ints
    amount: Ints
    origin: Ints
    """The order, or PRODUCTION."""


class Steps(NamedTuple):
    """When the capacity of a resource changes, sorted by tick; columns of equal length."""

    tick: Ints
    resource: Ints
    units: Ints


@dataclass(frozen=True, eq=False)
class Draws:
    """One replication's share of chance."""

    minutes: Floats
    """Of each instance, the working time of its first attempt with its factors, before effects and learning."""
    failures: NDArray[np.int8]
    """Of each instance, how many attempts fail."""
    again: NDArray[np.int64]
    """Of each instance, where its further attempts and its repairs begin in the next two."""
    retry_minutes: Floats
    repair_minutes: Floats
    deliveries: Deliveries
    lead: Ints
    """Of each order, its lead time in ticks."""
    postponed: tuple[tuple[Postponement, ...], ...]
    """Of each stock, the windows in which deliveries of orders are postponed."""
    capacity: Ints
    """Of each resource, its units at the first tick."""
    steps: Steps
    effects: tuple[tuple[Effect, ...], ...]
    """Of each activity, what multiplies its durations."""
    calendars: tuple[Calendar, ...]
    """Of each working time, when it is open."""
    windows: tuple[Window | None, ...]
    """Of each risk, when it acts; none if it does not occur."""
    factors: tuple[Floats, ...]
    """Of each factor, its value in each place of its level."""

    def arrival(self, stock: int, tick: int) -> int:
        """When a delivery due at this tick comes."""
        return tick + sum(p.ticks for p in self.postponed[stock] if p.begins <= tick < p.ends)


class Chance(Protocol):
    """Where values come from: a random sample, or expectation."""

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        """A value of this quantity for every place (and attempt)."""

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        """How often each of these instances fails; they are numbered within their activity."""

    def occurs(self, probability: float, name: str) -> bool:
        """Whether a risk happens."""


@dataclass(frozen=True)
class Sample:
    """The values of one replication, each the quantile of its own uniform number."""

    seed: int
    replication: int = 0

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        if isinstance(distribution, Fixed):
            return np.full(len(places), float(distribution.value))
        return distribution.quantile(uniforms(self.seed, name, places, attempts, self.replication))

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        return failures(rework.probability, uniforms(self.seed, name, places, 0, self.replication))

    def occurs(self, probability: float, name: str) -> bool:
        return bool(uniforms(self.seed, name, _SITE_KEY, 0, self.replication)[0] < probability)


@dataclass(frozen=True)
class Expectation:
    """Every quantity at its mean, every risk at its more likely outcome."""

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        return np.full(len(places), float(distribution.mean))

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        mean = rework.mean_failures
        return np.array([floor((k + 1) * mean) - floor(k * mean) for k in numbers.tolist()], np.int64)

    def occurs(self, probability: float, name: str) -> bool:
        return probability > 0.5


_SITE_KEY = np.zeros(1, np.uint64)


def draw(network: Network, chance: Chance) -> Draws:
    """Settle one replication."""
    factors = tuple(
        chance.values(factor.value, f"factors.{factor.name}", place_keys(network.places, factor.level))
        for factor in network.factors
    )
    windows = tuple(_window(network, k, chance) for k in range(len(network.risks)))
    lead = [_lead_time(network, k, chance, factors) for k in range(len(network.orders))]
    postponed = _postponed(network, chance, windows)
    capacity, steps = _capacities(network, windows)
    work = _WorkingTimes(network, chance, factors)
    return Draws(
        minutes=work.minutes,
        failures=work.failures,
        again=work.again,
        retry_minutes=work.retry_minutes,
        repair_minutes=work.repair_minutes,
        deliveries=_deliveries(network, chance, factors, windows, lead, postponed),
        lead=np.array(lead, np.int64),
        postponed=postponed,
        capacity=capacity,
        steps=steps,
        effects=_effects(network, windows),
        calendars=_calendars(network, windows),
        windows=windows,
        factors=factors,
    )


@dataclass
class _WorkingTimes:
    """The working time of every attempt and repair of every instance."""

    network: Network
    chance: Chance
    factors: tuple[Floats, ...]
    retry_minutes: Floats = field(init=False)
    repair_minutes: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.minutes = np.zeros(self.network.instances)
        self.failures = np.zeros(self.network.instances, np.int8)
        for work in self.network.work:
            self.minutes[work.instances] = self._values(work, work.minutes, work.factors, "duration", work.instances, 0)
            if work.rework is not None:
                name = self._name(work, "rework.failures")
                keys, numbers = self._keys(work, work.instances), work.instances - self.network.first[work.activity]
                self.failures[work.instances] = self.chance.failures(work.rework, name, keys, numbers)
        self.again = np.cumsum(self.failures, dtype=np.int64) - self.failures
        self.retry_minutes = np.zeros(int(self.failures.sum()))
        self.repair_minutes = np.zeros(int(self.failures.sum()))
        for work in self.network.work:
            if work.rework is not None:
                self._again(work, work.rework)

    def _again(self, work: Work, rework: Rework) -> None:
        """Further attempts are numbered from 1, repairs from 0."""
        often = self.failures[work.instances].astype(np.int64)
        instances = np.repeat(work.instances, often)
        number = np.arange(len(instances)) - np.repeat(np.cumsum(often) - often, often)
        slot = self.again[instances] + number
        self.retry_minutes[slot] = self._values(work, work.minutes, work.factors, "duration", instances, number + 1)
        self.repair_minutes[slot] = self._values(
            work, rework.repair, rework.factors, "rework.duration", instances, number
        )

    def _values(
        self,
        work: Work,
        distribution: Distribution,
        factors: tuple[int, ...],
        quantity: str,
        instances: Ints,
        attempts: Ints | int,
    ) -> Floats:
        name = self._name(work, quantity)
        values = self.chance.values(distribution, name, self._keys(work, instances), attempts)
        level = self.network.levels[work.activity]
        for number in factors:
            factor = self.factors[number]
            if len(factor) == 1:
                values = values * factor[0]
            else:
                around = self.network.places.enclosing(level, self.network.factors[number].level)
                values = values * factor[around[self.network.place[instances]]]
        return values

    def _name(self, work: Work, quantity: str) -> str:
        return f"activities.{self.network.activities[work.activity]}.{quantity}"

    def _keys(self, work: Work, instances: Ints) -> Words:
        keys = place_keys(self.network.places, self.network.levels[work.activity])
        return keys[self.network.place[instances]]


def _one(chance: Chance, distribution: Distribution, name: str, place: Words = _SITE_KEY) -> float:
    return float(chance.values(distribution, name, place)[0])


def _tick(chance: Chance, moment: Moment, name: str, place: Words = _SITE_KEY) -> int:
    return moment.origin + round_half_up(_one(chance, moment.delay, name, place))


def _window(network: Network, number: int, chance: Chance) -> Window | None:
    risk = network.risks[number]
    name = f"risks.{risk.name}"
    if not chance.occurs(risk.probability, f"{name}.occurs"):
        return None
    if risk.begins is None:
        return Window(0, NEVER)
    begins = _tick(chance, risk.begins, f"{name}.begins")
    if risk.lasts is None:
        return Window(begins, NEVER)
    return Window(begins, begins + round_half_up(_one(chance, risk.lasts, f"{name}.lasts")))


def _stock_key(network: Network, stock: int) -> Words:
    return np.array([hash64(network.stocks[stock].place)], np.uint64)


def _product(factors: tuple[Floats, ...], uses: Sequence[FactorUse]) -> float:
    product = 1.0
    for use in uses:
        product *= float(factors[use.factor][use.place])
    return product


def _lead_time(network: Network, number: int, chance: Chance, factors: tuple[Floats, ...]) -> int:
    order = network.orders[number]
    span = _one(chance, order.lead_time, f"{order.path}.lead_time", _stock_key(network, order.stock))
    for use in order.factors:
        span *= float(factors[use.factor][use.place])
    return floor(span + HALF)


def _postponed(
    network: Network, chance: Chance, windows: Sequence[Window | None]
) -> tuple[tuple[Postponement, ...], ...]:
    found: dict[str, list[Postponement]] = {}
    for risk, window in zip(network.risks, windows, strict=True):
        if window is None:
            continue
        for supply, delay in risk.delays:
            ticks = round_half_up(_one(chance, delay, f"risks.{risk.name}.delays.{supply}"))
            found.setdefault(supply, []).append(Postponement(*window, ticks))
    return tuple(tuple(found.get(stock.name, ())) for stock in network.stocks)


def _deliveries(
    network: Network,
    chance: Chance,
    factors: tuple[Floats, ...],
    windows: Sequence[Window | None],
    lead: Sequence[int],
    postponed: Sequence[tuple[Postponement, ...]],
) -> Deliveries:
    rows: list[tuple[int, int, int, int]] = []
    for number, order in enumerate(network.orders):
        if order.placed is None:
            continue
        placed = _tick(chance, order.placed, f"{order.path}.placed", _stock_key(network, order.stock))
        for k in range(order.lots):
            due = placed + lead[number] + k * order.every
            tick = due + sum(p.ticks for p in postponed[order.stock] if p.begins <= due < p.ends)
            rows.append((tick, order.stock, order.lot(k), number))
    for production in network.productions:
        cuts = [
            (window, multiplier)
            for risk, window in zip(network.risks, windows, strict=True)
            for supply, multiplier in risk.production
            if window is not None and supply == network.stocks[production.stock].name
        ]
        divisor = Fraction(_product(factors, production.factors)).limit_denominator(FACTOR_DIGITS)
        rows.extend(
            (tick, production.stock, amount, PRODUCTION)
            for tick, amount in produced(production, network.horizon, cuts, divisor)
        )
    rows = sorted(row for row in rows if 0 <= row[0] <= network.horizon and row[2] > 0)
    table = np.array(rows, np.int64).reshape(len(rows), 4)
    return Deliveries(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def produced(
    production: Production, horizon: int, cuts: Sequence[tuple[Window, Fraction]], divisor: Fraction
) -> list[tuple[int, int]]:
    """Deliveries of a production as (tick, amount): at the end of each interval, what has become whole since the last.

    The rate is integrated over its steps and over the windows in which risks multiply it.
    """
    end = horizon if production.until is None else production.until
    edges = {production.begins, end, *(tick for tick, _ in production.rate)}
    edges |= {edge for window, _ in cuts for edge in window}
    inside = sorted(edge for edge in edges if production.begins <= edge <= end)
    due, total, delivered = production.begins + production.every, Fraction(0), 0
    rows = []
    for begin, until in pairwise([*inside, NEVER]):
        rate = Fraction(0) if begin >= end else _rate_at(production, begin, cuts) / divisor
        while due <= min(until, horizon):
            whole = int(total + rate * (due - begin))
            rows.append((due, whole - delivered))
            delivered, due = whole, due + production.every
        total += rate * (min(until, horizon + production.every) - begin)
    return rows


def _rate_at(production: Production, tick: int, cuts: Sequence[tuple[Window, Fraction]]) -> Fraction:
    rate = Fraction(0)
    for begins, units in production.rate:
        if begins <= tick:
            rate = units
    for window, multiplier in cuts:
        if window.begins <= tick < window.ends:
            rate *= multiplier
    return rate


def _capacities(network: Network, windows: Sequence[Window | None]) -> tuple[Ints, Steps]:
    capacity = np.zeros(len(network.resources), np.int64)
    rows = []
    for number, resource in enumerate(network.resources):
        cuts = [
            (window, multiplier)
            for risk, window in zip(network.risks, windows, strict=True)
            for name, multiplier in risk.capacity
            if window is not None and name == resource.name
        ]
        edges = {0, *(tick for tick, _ in resource.steps), *(edge for window, _ in cuts for edge in window)}
        before = 0
        for edge in sorted(edge for edge in edges if 0 <= edge <= network.horizon):
            units = _units_at(resource, edge, cuts)
            if edge == 0:
                capacity[number] = units
            elif units != before:
                rows.append((edge, number, units))
            before = units
    table = np.array(sorted(rows), np.int64).reshape(len(rows), 3)
    return capacity, Steps(table[:, 0], table[:, 1], table[:, 2])


def _units_at(resource: Resource, tick: int, cuts: Sequence[tuple[Window, Fraction]]) -> int:
    units = Fraction(0)
    for begins, count in resource.steps:
        if begins <= tick:
            units = Fraction(count)
    for window, multiplier in cuts:
        if window.begins <= tick < window.ends:
            units *= multiplier
    return int(units)


def _effects(network: Network, windows: Sequence[Window | None]) -> tuple[tuple[Effect, ...], ...]:
    found: dict[int, list[Effect]] = {}
    for risk, window in zip(network.risks, windows, strict=True):
        if window is not None:
            for activity, multiplier in risk.durations:
                found.setdefault(activity, []).append(Effect(*window, multiplier))
    return tuple(tuple(found.get(number, ())) for number in range(len(network.activities)))


def _calendars(network: Network, windows: Sequence[Window | None]) -> tuple[Calendar, ...]:
    calendars = []
    for time in network.working_times:
        closed = [window for number in time.stopped_by if (window := windows[number]) is not None]
        calendars.append(subtract(time.open, [(w.begins, w.ends) for w in closed]) if closed else time.open)
    return tuple(calendars)
