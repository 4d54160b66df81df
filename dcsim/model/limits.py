"""How large numbers may grow: a number that could not be counted exactly is reported before a run, never wrapped.

Which width holds what. Ticks up to the horizon (at most 100 years) fit 26 bits and are kept in 32; instances, gates,
links and lots fit 29, which is what an event of the compiled engine has beside its tick (`budget` limits how many there
are). Amounts, and ticks and minutes that may lie beyond the horizon, are whole numbers of 64 bits that pass through
floats, exact up to 2^53. The visits of the law are in the order of one number of 63 bits: priority, tick, instance. A
random number is counted by place, attempt and four replications, the last in 32 bits (`MOST_REPLICATIONS` in
`engine.philox`).
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import prod

import numpy as np

from dcsim.distributions import Distribution, greatest, least
from dcsim.network import Network, Risk
from dcsim.scenario.document import Key

LARGEST = 2**53
"""Units that there can ever be of one supply or resource in all places; minutes that anything can take."""
LEAST_DIVISOR = 1e-6
"""The least that the factors of a production multiply to, as it is divided by them."""
VISIT_BITS = 63
MOST_MODES = 2**62
"""Combinations of the alternatives of one activity."""

Excesses = Iterator[tuple[Key, str]]


def exceeded(network: Network) -> Excesses:
    """Whatever can grow beyond these limits, by path."""
    yield from _supplies(network)
    yield from _resources(network)
    yield from _times(network)
    yield from _visits(network)


def _supplies(network: Network) -> Excesses:
    """All that can ever be there of a supply: at the start, ordered, produced and made by activities."""
    total: dict[str, float] = dict.fromkeys((stock.name for stock in network.stocks), 0)
    for stock in network.stocks:
        total[stock.name] += stock.initial
    for order in network.orders:
        total[network.stocks[order.stock].name] += order.amount
    for bundle, times in zip(network.bundles, np.bincount(network.bundle).tolist(), strict=False):
        for take in bundle:
            total[network.stocks[take.stock].name] += take.amount * times
    low, warned = [least(factor.value) for factor in network.factors], set()
    for production in network.productions:
        name = network.stocks[production.stock].name
        divisor = prod(low[use.factor] for use in production.factors)
        if divisor < LEAST_DIVISOR and name not in warned:
            warned.add(name)
            message = f"the factors of a production multiply to {LEAST_DIVISOR:f} at least, these to {divisor:.3g}"
            yield ("supplies", name, "production", "varies_with"), message
        faster = _at_most((risk, m) for risk in network.risks for supply, m in risk.production if supply == name)
        most = max(rate for _, rate in production.rate) * faster * (network.horizon - min(0, production.begins))
        total[name] += int(most) if divisor >= 1 else int(float(most) / max(divisor, LEAST_DIVISOR))
    for name, units in total.items():
        if units > LARGEST:
            yield ("supplies", name), f"{_available(units)}; choose a larger unit"


def _resources(network: Network) -> Excesses:
    total: dict[str, float] = dict.fromkeys((resource.name for resource in network.resources), 0)
    for resource in network.resources:
        total[resource.name] += resource.peak
    for name, units in total.items():
        more = _at_most((risk, m) for risk in network.risks for resource_, m in risk.capacity if resource_ == name)
        if units * more > LARGEST:
            yield ("resources", name), _available(int(units * more))


def _available(units: float) -> str:
    return f"there can be {units:,} of it in all places, more than dcsim counts exactly (2^53)"


def _times(network: Network) -> Excesses:
    """What work, lead times and risks can take at the most, with all that multiplies it."""
    high = [greatest(factor.value) for factor in network.factors]
    slower = [1.0] * len(network.activities)
    for risk in network.risks:
        for activity, multiplier in risk.durations:
            slower[activity] *= float(min(Fraction(LARGEST), _at_most([(risk, Fraction(multiplier))])))
    for work in network.work:
        path, more = ("activities", network.activities[work.activity]), slower[work.activity]
        if work.learning is not None:
            more *= max(1.0, work.learning.multipliers.max(initial=1.0))
        for minutes in (work.minutes, *work.further):
            yield from _too_long((*path, "duration"), minutes, [more, *(high[k] for k in work.factors)])
        if work.rework is not None:
            factors = [high[k] for k in work.rework.factors]
            for minutes in (work.rework.repair, *work.rework.further):
                yield from _too_long((*path, "rework", "duration"), minutes, factors)
    for order in network.orders:
        path = ("supplies", network.stocks[order.stock].name)
        orders = (*path, "orders", order.name)
        yield from _too_long((*orders, "lead_time"), order.lead_time, [high[use.factor] for use in order.factors])
        if order.placed is not None:
            yield from _too_long((*orders, "placed"), order.placed.delay)
    for risk in network.risks:
        named = {"begins": risk.begins.delay if risk.begins else None, "lasts": risk.lasts, "every": risk.every}
        named |= {f"delays.supplies.{name}": delay for name, delay in risk.delays}
        named |= {
            f"effects.activities.{network.activities[addition.activity]}": addition.minutes[0] for addition in risk.adds
        }
        for key, span in named.items():
            if span is not None:
                yield from _too_long(("risks", risk.name, *key.split(".", 1)), span)


def _at_most(effects: Iterable[tuple[Risk, Fraction]]) -> Fraction:
    """What risks multiply something by at the most: all of their strikes that may act at the same time."""
    return prod((max(Fraction(1), m) ** (1 if risk.every else risk.times) for risk, m in effects), start=Fraction(1))


def _too_long(path: Key, span: Distribution, multipliers: Sequence[float] = ()) -> Excesses:
    most = greatest(span) * prod(multipliers)
    if not most <= LARGEST:
        yield path, f"this can take {most:.3g} minutes with all its multipliers, more than dcsim counts (2^53)"


def _visits(network: Network) -> Excesses:
    """How many priorities can be distinguished, and how many ways there are to do an activity."""
    left = VISIT_BITS - (network.horizon + 1).bit_length() - network.instances.bit_length()
    priorities = len({demand.priority for demand in network.demands})
    if priorities > 2**left:
        most = f"with this horizon and so many places at most {2**left:,}"
        message = f"there are {priorities:,} different priorities; {most}"
        yield ("activities",), message
    for demand in network.demands:
        if prod(len(choice.alternatives) for choice in demand.choices) > MOST_MODES:
            message = "its alternatives make more combinations than dcsim can count (2^62)"
            yield ("activities", network.activities[demand.activity], "requires"), message
