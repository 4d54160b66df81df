"""What is uncertain about a build, as a planner names it: factors, risks, branches, orders, activities, the rest."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import numpy as np

from dcsim.analysis.sensitivity import SMALLEST, Input, Points, Values
from dcsim.distributions import Distribution, Fixed
from dcsim.engine.draws import drawn_of, first_strikes
from dcsim.network import Network, Risk
from dcsim.study.design import site_quantities
from dcsim.units import AVERAGE_MONTH

FACTOR, RISK, BRANCH, ORDER, ACTIVITY, PLACES = "factor", "risk", "branch", "order", "activity", "places"
MONEY = "money"
"""A price, a rate or another quantity of finance."""
REST = "everything else"
"""All that is drawn by place, as one input: whatever a replication draws beside the quantities of the site."""

LOW, HIGH = 0.1, 0.9
"""The ends of an input: its P10 and its P90."""


def inputs_of(
    network: Network, prices: Mapping[str, Callable[[Values], Values]] = MappingProxyType({})
) -> tuple[Input, ...]:
    """What is uncertain for the whole site, each with all that is drawn for it, and at the end everything else.

    A risk that may occur is one input, with when it begins, how long it lasts, what it adds, and all times that it
    strikes; of one that is certain each of these is. An order is one, however late it is placed and however long it
    takes; so is what a planner asks about. Of a branch the number of its way counts, and its ends are the first and the
    last that it may take. `prices` are uncertain quantities of finance by name: what each is at uniform numbers.
    """
    money = (Input(name, MONEY, (name,), _first(value), (LOW,), (HIGH,)) for name, value in prices.items())
    inputs = [*_factors(network), *_risks(network), *_branches(network), *_orders(network), *_activities(network)]
    return (*inputs, *money, Input(REST, PLACES, (REST,)))


def _first(value: Callable[[Values], Values]) -> Callable[[Points], Values]:
    return lambda points: value(points[:, 0])


def _factors(network: Network) -> Iterator[Input]:
    for factor in network.factors:
        yield from _sized(network, factor.name, FACTOR, {f"factors.{factor.name}": factor.value})


def _risks(network: Network) -> Iterator[Input]:
    known = site_quantities(network)
    for risk in network.risks:
        spans = drawn_of(risk)
        strikes = [occurs for name in first_strikes(risk) if (occurs := f"{name}.occurs") in known]
        if strikes:
            drawn = (*strikes, *(name for quantities in spans.values() for name in quantities if name in known))
            random, often = (np.nan,) * (len(drawn) - len(strikes)), len(strikes)
            ends = ((1 - SMALLEST,) * often + random, (SMALLEST,) * often + random)
            risk_input = Input(risk.name, RISK, drawn, _occurs(risk, often), *ends, risk.probability)
            alone = often == 1 and not network.mixtures
            yield replace(risk_input, settled=partial(_if_it_occurs, risk.probability)) if alone else risk_input
        else:
            for part, quantities in spans.items():
                yield from _sized(network, f"{risk.name}.{part}", RISK, quantities)


def _branches(network: Network) -> Iterator[Input]:
    for branch in network.branches:
        for value_ in _sized(network, branch.name, BRANCH, {f"branches.{branch.name}": branch.way}):
            yield replace(value_, low=(SMALLEST,), high=(1 - SMALLEST,))


def _orders(network: Network) -> Iterator[Input]:
    dates = {order.path: order.placed.delay for order in network.orders if order.placed is not None}
    for order in network.orders:
        if order.is_payment or not order.is_first:
            continue
        spans = {f"{order.path}.placed": dates[order.path]} if order.path in dates else {}
        name = f"{network.stocks[order.stock].name}.{order.name}"
        lead_time = f"{order.path}.lead_time"
        lengths = {lead_time: float(AVERAGE_MONTH)} if order.in_months else {}
        yield from _sized(network, name, ORDER, spans | {lead_time: order.lead_time}, lengths)


def _activities(network: Network) -> Iterator[Input]:
    for work in network.work:
        name = network.activities[work.activity]
        lengths = (work.minutes, *work.further)
        drawn = next((length for length in lengths if not isinstance(length, Fixed)), work.minutes)
        yield from _sized(network, name, ACTIVITY, {f"activities.{name}.duration": drawn})


def _sized(
    network: Network,
    name: str,
    kind: str,
    drawn: Mapping[str, Distribution],
    lengths: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[Input]:
    """An input whose size is the sum of all that is drawn for it, at its ends all of them; if any is of the site.

    `lengths` are the minutes of a unit of what is not drawn in minutes.
    """
    known = site_quantities(network)
    of_site = {quantity: value for quantity, value in drawn.items() if quantity in known}
    if of_site:
        values = tuple((value, lengths.get(quantity, 1.0)) for quantity, value in of_site.items())

        def size(points: Points) -> Values:
            return np.asarray(sum(value.quantile(points[:, k]) * length for k, (value, length) in enumerate(values)))

        yield Input(name, kind, tuple(of_site), size, (LOW,) * len(of_site), (HIGH,) * len(of_site))


def _if_it_occurs(probability: float, points: Points) -> Points:
    """Uniform numbers of a risk that strikes at most once: whether it does, and if so how."""
    does = points[:, :1] < probability
    return np.hstack([np.where(does, SMALLEST, 1 - SMALLEST), np.where(does, points[:, 1:], 0.5)])


def _occurs(risk: Risk, often: int) -> Callable[[Points], Values]:
    """How often a risk occurs, of so many times."""
    return lambda points: (points[:, :often] < risk.probability).sum(axis=1).astype(np.float64)
