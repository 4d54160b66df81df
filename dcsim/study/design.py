"""How the uniform numbers of a site's own quantities are chosen over many replications.

Factors, risks, orders and activities that happen once drive a date the most. Latin hypercube and Sobol sampling spread
their uniform numbers evenly over blocks of replications; the blocks are independent, so intervals come from between
them, and replication k is the same whatever the number of replications. All other draws stay random.

Latin hypercube: McKay, Beckman and Conover, Technometrics 21 (1979) 239. Sobol: Owen's scrambling as in
`scipy.stats.qmc`, Joe and Kuo's directions, SIAM J. Sci. Comput. 30 (2008) 2635.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dcsim.distributions import Fixed
from dcsim.engine.draws import drawn_of, first_strikes
from dcsim.engine.philox import hash64, uniform
from dcsim.errors import RequestError
from dcsim.network import Network

RANDOM, LHS, SOBOL = "random", "lhs", "sobol"
SAMPLINGS = (RANDOM, LHS, SOBOL)

BLOCK = 64
"""Replications over which a design is even."""


@lru_cache(maxsize=8)
def site_quantities(network: Network) -> tuple[str, ...]:
    """The names of everything uncertain that happens once for the whole site."""
    factors = [factor for factor in network.factors if not isinstance(factor.value, Fixed)]
    names = [f"factors.{factor.name}" for factor in factors if factor.level == "site"]
    for risk in network.risks:
        if 0 < risk.probability < 1:
            names.extend(f"{name}.occurs" for name in first_strikes(risk))
        drawn = (item for part_ in drawn_of(risk).values() for item in part_.items())
        names.extend(name for name, span in drawn if not isinstance(span, Fixed))
    drawn_once = (branch for branch in network.branches if branch.level == "site" and not isinstance(branch.way, Fixed))
    names.extend(f"branches.{branch.name}" for branch in drawn_once)
    for order in network.orders:
        if network.stocks[order.stock].drawn_in == "site" and order.is_first:
            if order.placed is not None and not isinstance(order.placed.delay, Fixed):
                names.append(f"{order.path}.placed")
            if not isinstance(order.lead_time, Fixed):
                names.append(f"{order.path}.lead_time")
    for work in network.work:
        if len(work.instances) == 1 and not all(isinstance(length, Fixed) for length in (work.minutes, *work.further)):
            if network.levels[work.activity] == "site":
                names.append(f"activities.{network.activities[work.activity]}.duration")
    return tuple(dict.fromkeys(names))


def refuse_unknown(sampling: str) -> None:
    """There are only these samplings."""
    if sampling not in SAMPLINGS:
        raise RequestError(f"no sampling '{sampling}'; there are {', '.join(SAMPLINGS)}")


def designed(network: Network, sampling: str, seed: int, replication: int) -> Mapping[str, float]:
    """The uniform numbers that the design has chosen for one replication; none with random sampling."""
    refuse_unknown(sampling)
    if sampling == RANDOM:
        return {}
    names = site_quantities(network)
    block, position = divmod(replication, BLOCK)
    if sampling == LHS:
        return {name: _stratum(seed, name, block, position, replication) for name in names}
    return dict(zip(names, _sobol(len(names), seed, block)[position].tolist(), strict=True))


def _stratum(seed: int, name: str, block: int, position: int, replication: int) -> float:
    """A number in the stratum that this replication has within its block, which is another for every quantity."""
    return (int(_strata(seed, name, block)[position]) + uniform(seed, name, 0, replication)) / BLOCK


@lru_cache(maxsize=4096)
def _strata(seed: int, name: str, block: int) -> NDArray[np.int64]:
    return np.random.Generator(np.random.Philox(hash64(f"{seed}/lhs/{name}/{block}"))).permutation(BLOCK)


@lru_cache(maxsize=64)
def _sobol(dimensions: int, seed: int, block: int) -> NDArray[np.float64]:
    from scipy.stats import qmc

    engine = qmc.Sobol(max(1, dimensions), scramble=True, rng=hash64(f"{seed}/sobol/{block}"))
    points = engine.random(BLOCK)[:, :dimensions]
    return np.clip(points, 2.0**-33, 1 - 2.0**-33)
