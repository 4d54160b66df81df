"""The few quantities that the dates of real sites can carry: what of a network is drawn for each, and the words for it.

A quantity is a factor of the site, written `A to B`; the dates on which orders are placed, for all that a pattern
names; or the probability of a risk. What is drawn of the first two has a normal score, the same whatever the
distribution: 0 at the median, 1 where 84 % of draws lie below. A risk occurs or does not, and its quantity is the
logarithm of its odds.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dcsim.distributions import Continuous, Fixed, Lognormal
from dcsim.engine.philox import hash64, place_keys, uniform
from dcsim.errors import RequestError
from dcsim.network import Factor, Network
from dcsim.places import SITE
from dcsim.scenario.rules import PLACED, PROBABILITY, Learned
from dcsim.units import DAY

Floats = NDArray[np.float64]

ODDS = 1.0
"""Standard deviation of the prior of the logarithm of a risk's odds: about a third of them to three times as much."""


class Drawn(NamedTuple):
    """What is drawn once for a site and belongs to a quantity."""

    quantity: int
    """The number of the quantity."""
    name: str
    """Under which it is drawn."""
    place: int
    prior: Continuous | None
    """Its distribution in the template; none for a risk."""
    odds: float = np.nan
    """The logarithm of the odds of a risk in the template."""
    origin: float = 0.0
    """Days from the start that are added to what is drawn of a date."""

    @property
    def is_date(self) -> bool:
        """Whether it is the date of an order."""
        return self.name.endswith(PLACED)

    def value(self, scores: Floats) -> Floats:
        """What scores stand for: a factor, a date in days from the start, a probability."""
        if self.prior is None:
            return np.asarray(special.expit(self.odds + ODDS * scores))
        if self.is_date:
            return self.origin + self.prior.exact_quantile(special.ndtr(scores)) / DAY
        return self.prior.exact_quantile(special.ndtr(scores))


def drawn_of(network: Network, learned: Sequence[Learned]) -> tuple[Drawn, ...]:
    """All that is drawn of these quantities in a network; nothing of what is not there, or is one value that is known.

    Raises
    ------
    RequestError
        One is there, but cannot be calibrated.
    """
    quantities = [
        drawn for number, quantity in enumerate(learned) for drawn in _drawn(network, number, quantity.quantity)
    ]
    mixed = next((value.name for value in quantities if value.name in network.mixtures), None)
    if mixed is not None:
        raise RequestError(f"'{mixed}' cannot be calibrated: it is correlated with others")
    return tuple(quantities)


def _drawn(network: Network, number: int, name: str) -> list[Drawn]:
    """What is drawn of one quantity."""
    if name.endswith(PLACED):
        return _orders(network, number, name)
    if name.endswith(PROBABILITY):
        risks = [
            risk for risk in network.risks if f"risks.{risk.name}{PROBABILITY}" == name and 0 < risk.probability < 1
        ]
        odds = [(risk.name, log(risk.probability / (1 - risk.probability))) for risk in risks if risk.times == 1]
        return [Drawn(number, f"risks.{risk}.occurs", 0, None, logarithm) for risk, logarithm in odds]
    factors = [
        factor for factor in network.factors if f"factors.{factor.name}" == name and not isinstance(factor.value, Fixed)
    ]
    return [Drawn(number, name, int(place_keys(network.places, SITE)[0]), _range(factor)) for factor in factors]


def _range(factor: Factor) -> Lognormal:
    if factor.level != SITE or not isinstance(factor.value, Lognormal):
        message = "cannot be calibrated: write it as a range of the whole site, 'A to B'"
        raise RequestError(f"'factors.{factor.name}' {message}")
    return factor.value


def _orders(network: Network, number: int, pattern: str) -> list[Drawn]:
    """The orders of a pattern that are placed on an uncertain date."""
    orders = {}
    for order in network.orders:
        name, place = f"{order.path}{PLACED}", network.stocks[order.stock].drawn_in
        if place == SITE and order.placed is not None and fnmatchcase(name, pattern):
            if isinstance(prior := order.placed.delay, Continuous):
                orders[name] = Drawn(number, name, hash64(place), prior, origin=order.placed.origin / DAY)
    return list(orders.values())


@lru_cache(maxsize=64)
def scores_of(drawn: tuple[Drawn, ...], seed: int, count: int) -> Floats:
    """Replications by what is drawn: its score, and of a risk 1 where it occurs. Sites of which the same is drawn share
    the array."""
    columns = [_uniforms(quantity.name, quantity.place, seed, count) for quantity in drawn]
    scores = [
        u < special.expit(quantity.odds) if quantity.prior is None else special.ndtri(u)
        for quantity, u in zip(drawn, columns, strict=True)
    ]
    return np.column_stack(scores).astype(np.float64) if scores else np.zeros((count, 0))


@lru_cache(maxsize=64)
def _uniforms(name: str, place: int, seed: int, count: int) -> Floats:
    """The uniform numbers of one quantity in so many replications."""
    return np.array([uniform(seed, name, place, replication) for replication in range(count)])
