"""What is uncertain about a build, as a planner names it: factors, risks, orders, what happens once, and the rest."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from dcsim.analysis.sensitivity import SMALLEST, Input, Points, Values
from dcsim.distributions import Distribution, Fixed
from dcsim.network import Network, Risk
from dcsim.study.design import site_quantities

FACTOR, RISK, ORDER, ACTIVITY, PLACES = "factor", "risk", "order", "activity", "places"
REST = "everything else"
"""All that is drawn by place, as one input: whatever a replication draws beside the quantities of the site."""

LOW, HIGH = 0.1, 0.9
"""The ends of an input: its P10 and its P90."""


def inputs_of(network: Network) -> tuple[Input, ...]:
    """What is uncertain for the whole site, each with all that is drawn for it, and at the end everything else.

    A risk that may occur is one input, with when it begins and how long it lasts; of one that is certain each of these
    is. An order is one, however late it is placed and however long it takes; so is what a planner asks about.
    """
    found = [*_factors(network), *_risks(network), *_orders(network), *_activities(network)]
    return (*found, Input(REST, PLACES, (REST,)))


def _factors(network: Network) -> Iterator[Input]:
    for factor in network.factors:
        yield from _sized(network, factor.name, FACTOR, {f"factors.{factor.name}": factor.value})


def _risks(network: Network) -> Iterator[Input]:
    known = site_quantities(network)
    for risk in network.risks:
        spans = _spans(risk)
        if (occurs := f"risks.{risk.name}.occurs") in known:
            drawn = (occurs, *(name for name in spans if name in known))
            random = (np.nan,) * (len(drawn) - 1)
            ends = (1 - SMALLEST, *random), (SMALLEST, *random)
            yield Input(risk.name, RISK, drawn, _occurs(risk), *ends, risk.probability)
        else:
            for name, span in spans.items():
                yield from _sized(network, name.removeprefix("risks."), RISK, {name: span})


def _spans(risk: Risk) -> dict[str, Distribution]:
    """What is drawn of a risk that occurs."""
    name = f"risks.{risk.name}"
    spans = {} if risk.begins is None else {f"{name}.begins": risk.begins.delay}
    spans |= {} if risk.lasts is None else {f"{name}.lasts": risk.lasts}
    return spans | {f"{name}.delays.{supply}": delay for supply, delay in risk.delays}


def _orders(network: Network) -> Iterator[Input]:
    for order in network.orders:
        spans = {f"{order.path}.placed": order.placed.delay} if order.placed is not None else {}
        name = f"{network.stocks[order.stock].name}.{order.name}"
        yield from _sized(network, name, ORDER, spans | {f"{order.path}.lead_time": order.lead_time})


def _activities(network: Network) -> Iterator[Input]:
    for work in network.work:
        name = network.activities[work.activity]
        drawn = next((one for one in (work.minutes, *work.further) if not isinstance(one, Fixed)), work.minutes)
        yield from _sized(network, name, ACTIVITY, {f"activities.{name}.duration": drawn})


def _sized(network: Network, name: str, kind: str, drawn: Mapping[str, Distribution]) -> Iterator[Input]:
    """An input whose size is the sum of all that is drawn for it, at its ends all of them; if any is of the site."""
    known = site_quantities(network)
    mine = {quantity: value for quantity, value in drawn.items() if quantity in known}
    if mine:
        values = tuple(mine.values())

        def size(points: Points) -> Values:
            return np.asarray(sum(value.quantile(points[:, k]) for k, value in enumerate(values)))

        yield Input(name, kind, tuple(mine), size, (LOW,) * len(mine), (HIGH,) * len(mine))


def _occurs(risk: Risk) -> Callable[[Points], Values]:
    """Whether a risk occurs: 1 if it does."""
    return lambda points: (points[:, 0] < risk.probability).astype(np.float64)
