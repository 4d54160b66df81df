"""Everything that is left to chance in one replication, settled before it runs.

Engines never draw: a run is a pure function of the network and these values.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from itertools import chain, count, pairwise, takewhile
from math import ceil, floor, lcm
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from dcsim.calendars import NEVER, Calendar, month_starts, months_later, subtract
from dcsim.counting import positions
from dcsim.distributions import Distribution, Fixed, failures
from dcsim.engine.copula import Follows, follows
from dcsim.engine.philox import SCALE, Words, hash64, place_keys, refuse_uncountable, uniform, uniforms
from dcsim.network import Branch, FactorUse, Moment, Network, Order, Production, Resource, Rework, Risk, Work
from dcsim.trace import NOT
from dcsim.units import DAY, HALF, round_half_up

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRODUCTION = -1
"""The origin of a delivery that no order brought."""

NOTHING = np.zeros((0, 1), np.int64)

TOLD_APART = 12
"""Strikes of one risk that are drawn as quantities of the site."""

FACTOR_DIGITS = 1_000_000
"""Factors of a production are taken to this denominator, and as at least one of it: deliveries are whole and exact."""

MOST_KEPT = 20_000
"""Deliveries of a production that are kept for the next replication."""


class Window(NamedTuple):
    """When a risk acts: from one tick until before another."""

    begins: int
    ends: int


Windows = Sequence[Sequence[Window]]
"""Of each risk, when it acts."""

Cuts = Sequence[tuple[Window, Fraction]]
"""What multiplies a rate or a capacity, and when."""


class Effect(NamedTuple):
    """A multiplier of durations, or time added to them, for starts inside a window."""

    begins: int
    ends: int
    multiplier: float
    risk: int
    gate: int
    """The gate after whose opening the window is counted; NOT where it is counted from the start."""
    added: Ints
    """Of each instance of the activity by option, the working minutes added to its first attempt; empty for none."""


class Postponement(NamedTuple):
    """Deliveries that fall into a window come so many ticks later."""

    begins: int
    ends: int
    ticks: int
    risk: int


class Deliveries(NamedTuple):
    """What arrives on dates known beforehand, sorted by tick, stock and origin; columns of equal length.

    What came before the start is there at the start.
    """

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
    """Of each instance, the working time of its first attempt with its factors, before effects and learning; behind
    them those of its further options (see `Network.more`)."""
    failures: NDArray[np.int8]
    """Of each instance, how many attempts fail."""
    again: NDArray[np.int64]
    """Of each instance, where its further attempts and its repairs begin in the next two, which have `Network.options`
    values for each."""
    retry_minutes: Floats
    repair_minutes: Floats
    deliveries: Deliveries
    placed: Ints
    """Of each order, the tick at which it is placed (before the start where it was earlier); NOT where it waits for a
    gate."""
    lead: Ints
    """Of each order, its lead time in ticks."""
    lead_months: Floats
    """Of each order that waits for a gate, the calendar months of its lead time."""
    postponed: tuple[tuple[Postponement, ...], ...]
    """Of each stock, the windows in which deliveries of orders are postponed."""
    capacity: Ints
    """Of each resource, its units at the first tick."""
    steps: Steps
    effects: tuple[tuple[Effect, ...], ...]
    """Of each activity, what multiplies its durations."""
    calendars: tuple[Calendar, ...]
    """Of each working time, when it is open."""
    windows: tuple[tuple[Window, ...], ...]
    """Of each risk, when it acts; none if it does not occur, several if it strikes several times."""
    factors: tuple[Floats, ...]
    """Of each factor, its value in each place of its level."""
    ways: tuple[Floats, ...]
    """Of each branch, the number of the way that is taken in each place of its level."""
    skipped: NDArray[np.bool_]
    """Of each node, whether it is skipped: an instance, or a gate that only skipped ones lead to. Lags before and
    after it do not count."""

    def arrival(self, order: Order, tick: int) -> int:
        """When a delivery of an order due at this tick comes."""
        return (
            tick
            + order.after
            + sum(risk.ticks for risk in self.postponed[order.postponed_with] if risk.begins <= tick < risk.ends)
        )


class WorkingTimes(NamedTuple):
    """How often every instance fails, and the minutes of all attempts and repairs; as in `Draws`."""

    minutes: Floats
    failures: NDArray[np.int8]
    again: Ints
    retry_minutes: Floats
    repair_minutes: Floats


class Source(Protocol):
    """Where values come from: a random sample, or expectation."""

    def value(self, distribution: Distribution, name: str, place: int = 0) -> float:
        """The value of this quantity of the site, or of one place."""

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        """A value of this quantity for every place (and attempt)."""

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        """How often each of these instances fails; they are numbered within their activity."""

    def occurs(self, probability: float, name: str, number: int) -> bool:
        """Whether a risk strikes for this time, counted from 0."""


@dataclass(frozen=True)
class Sample:
    """The values of one replication, each the quantile of its own uniform number."""

    seed: int
    replication: int = 0
    designed: Mapping[str, float] = field(default_factory=dict)
    """Uniform numbers of quantities of the site that a sampling design has chosen."""
    correlated: Mapping[str, Sequence[Follows]] = field(default_factory=dict)
    """Of quantities that follow others, what they are made of."""
    _scores: dict[str, float] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        refuse_uncountable(self.seed, self.replication)

    def uniform(self, name: str, place: int = 0) -> float:
        """The uniform number of one quantity."""
        if name in self.correlated:
            return float(self._mixed(name, np.array([place], np.uint64))[0])
        return self.alone(name, place)

    def alone(self, name: str, place: int) -> float:
        """The same before correlations."""
        number = self.designed.get(name)
        return uniform(self.seed, name, place, self.replication) if number is None else number

    def value(self, distribution: Distribution, name: str, place: int = 0) -> float:
        if isinstance(distribution, Fixed):
            return float(distribution.value)
        return float(distribution.quantile(np.array([self.uniform(name, place)]))[0])

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        if isinstance(distribution, Fixed):
            return np.full(len(places), float(distribution.value))
        if len(places) == 1 and isinstance(attempts, int) and attempts == 0:
            return np.array([self.value(distribution, name, int(places[0]))])
        if name in self.correlated and isinstance(attempts, int) and attempts == 0:
            return distribution.quantile(self._mixed(name, places))
        return distribution.quantile(uniforms(self.seed, name, places, attempts, self.replication))

    def _mixed(self, name: str, places: Words) -> Floats:
        """The uniform numbers of a quantity that follows others."""
        score: Floats | float = 0.0
        for part in self.correlated[name]:
            score = score + part.weight * self._score(part, places)
        return np.broadcast_to(np.clip(ndtr(score), SCALE / 2, 1 - SCALE / 2), len(places))

    def _score(self, part: Follows, places: Words) -> Floats | float:
        """The normal scores of numbers drawn alone; those of the site are reckoned once."""
        if part.site is None:
            return np.asarray(ndtri(uniforms(self.seed, part.name, part.places(places), 0, self.replication)))
        if part.name not in self._scores:
            self._scores[part.name] = float(ndtri(self.alone(part.name, part.site)))
        return self._scores[part.name]

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        return failures(rework.probability, uniforms(self.seed, name, places, 0, self.replication))

    def occurs(self, probability: float, name: str, number: int) -> bool:
        return self.uniform(name) < probability


@lru_cache(maxsize=16)
def _expected_failures(mean: Fraction, numbers: bytes) -> Ints:
    """How often the attempts with these numbers fail, so that all fail as often as on average, rounded down."""
    over, under = mean.as_integer_ratio()
    failures = [(k + 1) * over // under - k * over // under for k in np.frombuffer(numbers, np.int64).tolist()]
    return np.array(failures, np.int64)


@dataclass(frozen=True)
class Expectation:
    """Every quantity at its mean, every risk at its more likely outcome.

    A risk that may strike several times strikes as often as on average, rounded, a half down.
    """

    def value(self, distribution: Distribution, name: str, place: int = 0) -> float:
        return float(distribution.mean)

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        return np.full(len(places), float(distribution.mean))

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        return _expected_failures(rework.mean_failures, numbers.tobytes())

    def occurs(self, probability: float, name: str, number: int) -> bool:
        exact = Fraction(probability).limit_denominator(FACTOR_DIGITS)
        return ceil((number + 1) * exact - Fraction(1, 2)) > ceil(number * exact - Fraction(1, 2))


def draw(network: Network, chance: Source, times: "TimesOf | None" = None) -> Draws:
    """Settle one replication; `times` may know a faster way to the working times, not another."""
    if network.mixtures and isinstance(chance, Sample):
        chance = replace(chance, correlated=follows(network))
    factors = tuple(
        chance.values(factor.value, f"factors.{factor.name}", place_keys(network.places, factor.level))
        for factor in network.factors
    )
    strikes = tuple(tuple(_strikes(network, k, chance)) for k in range(len(network.risks)))
    windows = tuple(tuple(strike.window for strike in of_risk) for of_risk in strikes)
    placed, lead, lead_months = _orders(network, chance, factors)
    postponed = _postponed(network, chance, strikes)
    ways = tuple(_ways(network, branch, chance) for branch in network.branches)
    capacity, steps = _capacities(network, windows)
    return Draws(
        **(times or working_times)(network, chance, factors)._asdict(),
        deliveries=_deliveries(network, factors, windows, placed, lead, postponed),
        placed=placed,
        lead=lead,
        lead_months=lead_months,
        postponed=postponed,
        capacity=capacity,
        steps=steps,
        effects=_effects(network, chance, strikes),
        calendars=_calendars(network, windows),
        windows=windows,
        factors=factors,
        ways=ways,
        skipped=_skipped(network, ways),
    )


TimesOf = Callable[[Network, Source, tuple[Floats, ...]], WorkingTimes]


def working_times(network: Network, chance: Source, factors: tuple[Floats, ...]) -> WorkingTimes:
    """The working time of every attempt and repair of every instance, with its factors.

    All options of one piece of work have the same share of chance: what is slow one way is slow in all.
    """
    minutes, failures = np.zeros(room(network)), np.zeros(network.instances, np.int8)
    for work in network.work:
        name, places = quantity(network, work, "duration"), keys(network, work, work.instances)
        for at, option in options_of(network, work):
            values = chance.values(option, name, places)
            minutes[at] = times_factors(network, work, work.factors, factors, work.instances, values)
        if work.rework is not None:
            name, numbers = quantity(network, work, "rework.failures"), work.instances - network.first[work.activity]
            failures[work.instances] = chance.failures(work.rework, name, keys(network, work, work.instances), numbers)
    again = np.cumsum(failures, dtype=np.int64) - failures
    retry, repair = (np.zeros(int(failures.sum()) * network.options) for _ in range(2))
    for work in network.work:
        if work.rework is None:
            continue
        instances, number = further(failures, work.instances)
        slot, places = network.options * (again[instances] + number), keys(network, work, instances)
        for k, option in enumerate(work.rework.again):
            values = chance.values(option, quantity(network, work, "duration"), places, number + 1)
            retry[slot + k] = times_factors(network, work, work.factors, factors, instances, values)
        for k, option in enumerate((work.rework.repair, *work.rework.further)):
            values = chance.values(option, quantity(network, work, "rework.duration"), places, number)
            repair[slot + k] = times_factors(network, work, work.rework.factors, factors, instances, values)
    return WorkingTimes(minutes, failures, again, retry, repair)


def room(network: Network) -> int:
    """How many working times there are: of all instances, and of all further options."""
    return network.instances + sum(len(work.instances) * len(work.further) for work in network.work)


def options_of(network: Network, work: Work) -> Iterator[tuple[Ints, Distribution]]:
    """Every option of a work: where its working times stand, and what they are."""
    yield work.instances, work.minutes
    for k, option in enumerate(work.further):
        yield network.more[work.instances] + k, option


def further(failures: NDArray[np.int8], instances: Ints) -> tuple[Ints, Ints]:
    """Each instance as often as it fails, and the number of the failure, from 0.

    The repair after it is drawn under that number, the attempt after the repair under the next.
    """
    failing = instances[failures[instances] > 0]
    often = failures[failing].astype(np.int64)
    return np.repeat(failing, often), positions(often)


def times_factors(
    network: Network, work: Work, numbers: Sequence[int], factors: tuple[Floats, ...], instances: Ints, values: Floats
) -> Floats:
    """Values multiplied by the factors that they vary with, each as it is where the instance is done."""
    for number in numbers:
        factor = factors[number]
        if len(factor) == 1:
            values = values * factor[0]
        else:
            around = network.places.enclosing(network.levels[work.activity], network.factors[number].level)
            values = values * factor[around[network.place[instances]]]
    return values


def quantity(network: Network, work: Work, what: str) -> str:
    """The name under which something about an activity is drawn."""
    return f"activities.{network.activities[work.activity]}.{what}"


def keys(network: Network, work: Work, instances: Ints) -> Words:
    """Of each instance, the number that stands for its place."""
    return place_keys(network.places, network.levels[work.activity])[network.place[instances]]


def _tick(chance: Source, moment: Moment, name: str, place: int = 0) -> int:
    return moment.origin + round_half_up(chance.value(moment.delay, name, place))


class Strike(NamedTuple):
    """One time that a risk strikes."""

    window: Window
    """From the start, or from the opening of the gate that it follows."""
    risk: int
    name: str
    """Under which its quantities are drawn."""


def strike_name(risk: Risk, number: int) -> str:
    """The name under which all about a risk's strike of this number, from 0, is drawn."""
    return f"risks.{risk.name}.{number + 1}" if number else f"risks.{risk.name}"


def drawn_of(risk: Risk) -> dict[str, dict[str, Distribution]]:
    """What is drawn of a risk beside whether it occurs: of each kind, by name, for the first strikes."""
    spans = {
        "begins": None if risk.begins is None else risk.begins.delay,
        "every": risk.every,
        "lasts": risk.lasts,
        "adds": next((addition.minutes[0] for addition in risk.adds if not addition.each), None),
        **{f"delays.{supply}": delay for supply, delay in risk.delays},
    }
    names = first_strikes(risk)
    return {what: {f"{name}.{what}": span for name in names} for what, span in spans.items() if span is not None}


def first_strikes(risk: Risk) -> list[str]:
    """The names of the strikes that have quantities of their own; other strikes have those of their places."""
    return [strike_name(risk, k) for k in range(min(risk.times, TOLD_APART))]


def _strikes(network: Network, number: int, chance: Source) -> Iterator[Strike]:
    """When a risk strikes: each time by itself, or so long after the last time ended."""
    risk, begins, ends = network.risks[number], 0, 0
    for k in range(risk.times):
        name = strike_name(risk, k)
        strikes = chance.occurs(risk.probability, f"{name}.occurs", k)
        if risk.every is not None and (k or risk.begins is None):
            begins = ends + round_half_up(chance.value(risk.every, f"{name}.every"))
        elif risk.begins is not None and (strikes or risk.every is not None):
            begins = _tick(chance, risk.begins, f"{name}.begins")
        if risk.every is not None and begins > network.horizon:
            return
        ends = begins
        if strikes:
            ends = (
                NEVER if risk.lasts is None else _end(network, risk, begins, chance.value(risk.lasts, f"{name}.lasts"))
            )
            yield Strike(Window(begins, ends), number, name)


def strikes_in(network: Network, number: int, seed: int, replication: int) -> bool:
    """Whether a risk strikes in a replication. One that does not changes nothing in it."""
    chance = Sample(seed, replication)
    if network.mixtures:
        chance = replace(chance, correlated=follows(network))
    return next(_strikes(network, number, chance), None) is not None


def _end(network: Network, risk: Risk, begins: int, lasts: float) -> int:
    return network.later(begins, lasts) if risk.in_months else begins + round_half_up(lasts)


def _stock_key(network: Network, stock: int) -> int:
    return hash64(network.stocks[stock].drawn_in)


def _product(factors: tuple[Floats, ...], uses: Sequence[FactorUse]) -> float:
    product = 1.0
    for use in uses:
        product *= float(factors[use.factor][use.place])
    return product


def _divisor(factors: tuple[Floats, ...], production: Production) -> Fraction:
    """What the rate of a production is divided by."""
    return _counted(_product(factors, production.factors))


@lru_cache(maxsize=1024)
def _counted(product: float) -> Fraction:
    """Factors as they divide what is counted."""
    return max(Fraction(product).limit_denominator(FACTOR_DIGITS), Fraction(1, FACTOR_DIGITS))


class Certain(NamedTuple):
    """What is the same in every replication, unless a risk changes it."""

    placed: Ints
    lead: Ints
    """Of each order, its ticks where they are known."""
    uncertain_placed: tuple[int, ...]
    uncertain_lead: tuple[int, ...]
    """Orders whose ticks are drawn, or vary with a factor."""
    lots: Ints
    """Rows of (order, stock, amount, ticks after the first) of all that are placed on a date."""
    follows: Ints
    """Of each of these rows, the stock with whose deliveries it is postponed, and the ticks after them."""
    by_month: Ints
    """Rows of lots that come months after each other."""
    produced: Mapping[int, Ints]
    """Deliveries of the productions that vary with no factor."""
    capacity: Ints
    steps: tuple[tuple[tuple[int, int, int], ...], ...]
    """Of each resource its units at the first tick, and its steps."""


@lru_cache(maxsize=8)
def _certain(network: Network) -> Certain:
    orders = network.orders
    dated = [order.placed is not None for order in orders]
    varying = [not isinstance(order.lead_time, Fixed) or bool(order.factors) or order.in_months for order in orders]
    moving = [order.placed is not None and not isinstance(order.placed.delay, Fixed) for order in orders]
    expected = Expectation()
    lots = [
        (number, order.stock, order.lot(k), k * order.every)
        for number, order in enumerate(orders)
        if dated[number]
        for k in range(order.lots)
    ]
    capacities = [_capacity(resource, network.horizon, ()) for resource in network.resources]
    return Certain(
        np.array([_placed(network, k, expected) for k in range(len(orders))], np.int64),
        np.array(
            [0 if v else floor(_lead_time(network, k, expected, ()) + HALF) for k, v in enumerate(varying)], np.int64
        ),
        tuple(np.flatnonzero(moving).tolist()),
        tuple(np.flatnonzero(varying).tolist()),
        np.array(lots, np.int64).reshape(len(lots), 4),
        np.array([(orders[k].postponed_with, orders[k].after) for k, *_ in lots], np.int64).reshape(len(lots), 2),
        np.flatnonzero([orders[number].every_months > 0 for number, *_ in lots]),
        {k: _produced(network, k, (), Fraction(1)) for k, p in enumerate(network.productions) if not p.factors},
        np.array([units for units, _ in capacities], np.int64),
        tuple(tuple((tick, k, units) for tick, units in steps) for k, (_, steps) in enumerate(capacities)),
    )


def _orders(network: Network, chance: Source, factors: tuple[Floats, ...]) -> tuple[Ints, Ints, Floats]:
    """Of each order, when it is placed and its lead time; in months where these wait for a gate."""
    certain = _certain(network)
    placed, lead = certain.placed.copy(), certain.lead.copy()
    months = np.zeros(len(lead))
    for number in certain.uncertain_placed:
        placed[number] = _placed(network, number, chance)
    for number in certain.uncertain_lead:
        time = _lead_time(network, number, chance, factors)
        if not network.orders[number].in_months:
            lead[number] = floor(time + HALF)
        elif network.orders[number].placed is None:
            months[number] = time
        else:
            lead[number] = network.later(int(placed[number]), time) - placed[number]
    return placed, lead, months


def _placed(network: Network, number: int, chance: Source) -> int:
    order = network.orders[number]
    if order.placed is None:
        return NOT
    return _tick(chance, order.placed, f"{order.path}.placed", _stock_key(network, order.stock))


def _lead_time(network: Network, number: int, chance: Source, factors: tuple[Floats, ...]) -> float:
    order = network.orders[number]
    span = chance.value(order.lead_time, f"{order.path}.lead_time", _stock_key(network, order.stock))
    for use in order.factors:
        span *= float(factors[use.factor][use.place])
    return span


def _postponed(
    network: Network, chance: Source, strikes: Sequence[Sequence[Strike]]
) -> tuple[tuple[Postponement, ...], ...]:
    postponements: dict[str, list[Postponement]] = {}
    for window, number, name in chain.from_iterable(strikes):
        for supply, delay in network.risks[number].delays:
            ticks = round_half_up(chance.value(delay, f"{name}.delays.{supply}"))
            postponements.setdefault(supply, []).append(Postponement(*window, ticks, number))
    return tuple(tuple(postponements.get(stock.name, ())) for stock in network.stocks)


def _deliveries(
    network: Network,
    factors: tuple[Floats, ...],
    windows: Windows,
    placed: Ints,
    lead: Ints,
    postponed: Sequence[tuple[Postponement, ...]],
) -> Deliveries:
    certain = _certain(network)
    order, stock, amount, after = certain.lots.T
    due = (placed + lead)[order] + after
    for row in certain.by_month:
        number, lot = int(order[row]), int(row - order.searchsorted(order[row]))
        due[row] = network.due(network.orders[number], int(placed[number] + lead[number]), lot)
    follows, later = certain.follows.T
    ticks = due + later
    for number, delays in enumerate(postponed):
        for entry in delays:
            ticks[(follows == number) & (entry.begins <= due) & (due < entry.ends)] += entry.ticks
    tables = [np.stack([np.maximum(ticks, 0), stock, amount, order])]
    for number, production in enumerate(network.productions):
        cuts = _cuts(network.stocks[production.stock].name, [risk.production for risk in network.risks], windows)
        if number in certain.produced and not cuts:
            tables.append(certain.produced[number])
            continue
        divisor = _divisor(factors, production)
        tables.append(_produced(network, number, cuts, divisor))
    table = np.concatenate(tables, axis=1)
    table = table[:, (table[0] <= network.horizon) & (table[2] != 0)]
    return Deliveries(*table[:, np.lexsort(table[::-1])])


def _produced(network: Network, number: int, cuts: Cuts, divisor: Fraction) -> Ints:
    """Columns of tick, stock, amount, PRODUCTION of one production."""
    production = network.productions[number]
    shortest = max(production.every, 28 * DAY * production.every_months)
    columns = _columns_of if network.horizon < MOST_KEPT * shortest else _columns_of.__wrapped__
    return columns(network.start, production, network.horizon, tuple(cuts), divisor)


@lru_cache(maxsize=64)
def _columns_of(
    start: datetime,
    production: Production,
    horizon: int,
    cuts: tuple[tuple[Window, Fraction], ...],
    divisor: Fraction,
) -> Ints:
    """The same columns, which many replications have that differ by something else."""
    ticks, amount = produced(start, production, horizon, cuts, divisor)
    stock, origin = np.full(len(ticks), production.stock), np.full(len(ticks), PRODUCTION)
    return np.stack([ticks, stock, amount, origin])


def _cuts(name: str, effects: Sequence[tuple[tuple[str, Fraction], ...]], windows: Windows) -> Cuts:
    """What the risks that occur do to one supply or resource."""
    return [
        (window, multiplier)
        for effect, when in zip(effects, windows, strict=True)
        for target, multiplier in effect
        if target == name
        for window in when
    ]


def _level_at(steps: Sequence[tuple[int, Fraction | int]], tick: int, cuts: Cuts) -> Fraction:
    """A rate or a capacity at one tick: its last step so far, times the risks that act; 0 before its first step."""
    level = Fraction(0)
    for begins, value in steps:
        if begins <= tick:
            level = Fraction(value)
    for window, multiplier in cuts:
        if window.begins <= tick < window.ends:
            level *= multiplier
    return level


def produced(start: datetime, production: Production, horizon: int, cuts: Cuts, divisor: Fraction) -> tuple[Ints, Ints]:
    """Ticks and amounts of a production's deliveries: at the end of each interval, what became whole since the last.

    The rate is integrated over its steps and over the windows in which risks multiply it. What was delivered before the
    start is there at the start, as one delivery.
    """
    end = horizon if production.until is None else min(production.until, horizon)
    edges = {production.begins, end, *(tick for tick, _ in production.rate)}
    edges |= {edge for window, _ in cuts for edge in window}
    inside = sorted(edge for edge in edges if production.begins <= edge <= end)
    due = _due(start, production, horizon)
    full, total, first = np.zeros(len(due), np.int64), Fraction(0), 0
    for begin, until in pairwise([*inside, horizon + 1]):
        rate = Fraction(0) if begin >= end else _level_at(production.rate, begin, cuts) / divisor
        last = int(due.searchsorted(until if until <= horizon else horizon, side="right"))
        full[first:last] = _floors(total, rate, due[first:last] - begin)
        first, total = last, total + rate * (until - begin)
    if production.divided is not None:
        full = production.divided.parts(full)
    return np.maximum(due, 0), np.diff(full, prepend=0)


def _due(start: datetime, production: Production, horizon: int) -> Ints:
    """The ends of a production's intervals up to the horizon; of those before the start only the last."""
    begins, interval, months = production.begins, production.every, production.every_months
    if not months:
        before = max(0, -begins // interval - 1)
        return np.arange(begins + (before + 1) * interval, horizon + 1, interval)
    begun = month_starts(start, horizon)
    ends = takewhile(lambda tick: tick <= horizon, (months_later(begun, begins, k * months) for k in count(1)))
    due = np.fromiter(ends, np.int64)
    return due[max(0, int(due.searchsorted(0, side="right")) - 1) :]


def undisturbed(network: Network, draws: Draws, stock: int, tick: int) -> int:
    """When what a stock's productions had delivered by a tick would have been there, had no risk slowed them down."""
    of_stock = (draws.deliveries.stock == stock) & (draws.deliveries.origin == PRODUCTION)
    wanted = int(draws.deliveries.amount[of_stock & (draws.deliveries.tick <= tick)].sum())
    due, ever = _without_risks(network, draws, stock)
    first = int(ever.searchsorted(wanted))
    return min(tick, int(due[first])) if first < len(due) else tick


@lru_cache(maxsize=8)
def _without_risks(network: Network, draws: Draws, stock: int) -> tuple[Ints, Ints]:
    """When a stock's productions would have delivered, had no risk slowed them down, and the units ever there then."""
    made = [
        produced(network.start, production, network.horizon, (), _divisor(draws.factors, production))
        for production in network.productions
        if production.stock == stock
    ]
    due, amount = np.concatenate(made, axis=1)
    order = np.argsort(due, kind="stable")
    return due[order], np.cumsum(amount[order])


def _floors(total: Fraction, rate: Fraction, spans: Ints) -> Ints:
    """What is whole of a total that has grown at a rate for so many minutes; exact."""
    common = lcm(total.denominator, rate.denominator)
    base, per_unit = int(total * common), int(rate * common)
    largest = base + per_unit * int(spans.max(initial=0))
    exact = spans if largest < 2**62 and common < 2**62 else spans.astype(object)
    return np.asarray((base + per_unit * exact) // common, np.int64)


def _capacities(network: Network, windows: Windows) -> tuple[Ints, Steps]:
    certain = _certain(network)
    effects = [risk.capacity for risk in network.risks]
    touched = {name for effect, when in zip(effects, windows, strict=True) if when for name, _ in effect}
    capacity, steps = certain.capacity.copy(), list(certain.steps)
    for number, resource in enumerate(network.resources):
        if resource.name in touched:
            cuts = _cuts(resource.name, effects, windows)
            capacity[number], changes = _capacity(resource, network.horizon, cuts)
            steps[number] = tuple((tick, number, units) for tick, units in changes)
    rows = sorted(row for steps_ in steps for row in steps_)
    table = np.array(rows, np.int64).reshape(len(rows), 3)
    return capacity, Steps(table[:, 0], table[:, 1], table[:, 2])


def _capacity(resource: Resource, horizon: int, cuts: Cuts) -> tuple[int, list[tuple[int, int]]]:
    """The units of a resource at the first tick, and (tick, units) whenever they change."""
    edges = {0, *(tick for tick, _ in resource.steps), *(edge for window, _ in cuts for edge in window)}
    levels = [(edge, int(_level_at(resource.steps, edge, cuts))) for edge in sorted(edges) if 0 <= edge <= horizon]
    changes = [after for before, after in pairwise(levels) if after[1] != before[1]]
    return levels[0][1], changes


def _ways(network: Network, branch: Branch, chance: Source) -> Floats:
    """The ways of a branch, drawn under its name for each place, but where it is known which was taken."""
    drawn = chance.values(branch.way, f"branches.{branch.name}", place_keys(network.places, branch.level))
    for place, way in branch.known.items():
        drawn[place] = way
    return drawn


def _skipped(network: Network, ways: Sequence[Floats]) -> NDArray[np.bool_]:
    """The nodes that the ways taken skip; a milestone is dated, and never skipped."""
    is_skipped = np.zeros(len(network.needed), np.bool_)
    if not network.branches:
        return is_skipped
    for branch, taken in zip(network.branches, ways, strict=True):
        for activity, done in branch.activities:
            first, last = network.first[activity : activity + 2].tolist()
            around = network.places.enclosing(network.levels[activity], branch.level)[network.place[first:last]]
            is_skipped[first:last] = ~np.array(done)[taken[around].astype(np.int64)]
            for gates in (network.start_gate, network.finish_gate):
                if (gate := int(gates[activity])) != NOT:
                    is_skipped[gate : gate + last - first] = is_skipped[first:last]
    led = np.bincount(network.link_to, minlength=len(is_skipped))
    by_skipped = np.bincount(network.link_to[is_skipped[network.link_from]], minlength=len(is_skipped))
    alone = (led > 0) & (led == by_skipped)
    alone[: network.instances] = False
    alone[network.instances :][network.held != NOT] = False
    alone[[milestone.gate for milestone in network.milestones]] = False
    is_skipped |= alone
    return is_skipped


def _effects(network: Network, chance: Source, strikes: Sequence[Sequence[Strike]]) -> tuple[tuple[Effect, ...], ...]:
    """Of each activity what multiplies its durations, and before that what is added to them."""
    times: dict[int, list[Effect]] = {}
    adds: dict[int, list[Effect]] = {}
    for window, number, name in chain.from_iterable(strikes):
        risk = network.risks[number]
        for activity, multiplier in risk.durations:
            times.setdefault(activity, []).append(Effect(*window, multiplier, number, risk.gate, NOTHING))
        for activity in dict.fromkeys(addition.activity for addition in risk.adds):
            added = _added(network, chance, risk, activity, name)
            adds.setdefault(activity, []).append(Effect(*window, 1.0, number, risk.gate, added))
    if not adds and not times:
        return ((),) * len(network.activities)
    return tuple((*adds.get(k, ()), *times.get(k, ())) for k in range(len(network.activities)))


def _added(network: Network, chance: Source, risk: Risk, activity: int, name: str) -> Ints:
    """Of each instance of an activity and each of its options, the minutes that one strike adds.

    One uniform number decides over all sizes, or one for each place.
    """
    first, last = network.first[activity : activity + 2].tolist()
    additions = [addition for addition in risk.adds if addition.activity == activity]
    times = np.zeros((last - first, max(len(addition.minutes) for addition in additions)), np.int64)
    for addition in additions:
        places = place_keys(network.places, network.levels[activity])[network.place[addition.instances]]
        for option, minutes in enumerate(addition.minutes):
            if addition.each:
                values = chance.values(minutes, f"{name}.adds", places)
                times[addition.instances - first, option] = np.floor(values + HALF)
            else:
                times[addition.instances - first, option] = floor(chance.value(minutes, f"{name}.adds") + HALF)
    return times


def added_times(network: Network, draws: Draws) -> tuple[list[tuple[int, int]], Ints]:
    """Of each effect where what it adds stands, for the instance after the last, and how many options; and all of it.

    It is -1 where nothing is added.
    """
    rows, pool, size = [], [NOTHING.ravel()], 0
    for activity, effects in enumerate(draws.effects):
        for effect in effects:
            options = effect.added.shape[1]
            beyond = (network.instances - int(network.first[activity])) * options
            rows.append((size + beyond if len(effect.added) else NOT, options))
            pool.append(effect.added.ravel())
            size += effect.added.size
    return rows, np.concatenate(pool)


def _calendars(network: Network, windows: Windows) -> tuple[Calendar, ...]:
    calendars = []
    for time in network.working_times:
        closed = [window for number in time.stopped_by for window in windows[number]]
        calendars.append(subtract(time.open, [(w.begins, w.ends) for w in closed]) if closed else time.open)
    return tuple(calendars)
