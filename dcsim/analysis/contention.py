"""Which site of a portfolio took what another one waited for."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from dcsim.network import Network
from dcsim.places import site_of
from dcsim.trace import Ints
from dcsim.units import DAY


def taken(network: Network, sites: Sequence[str], activities: pd.DataFrame) -> list[tuple[str, str, float, str, int]]:
    """Rows of site, what it waits for, its longest wait in days, who took some of it meanwhile, and how many units.

    The site waits at a tick if one of its activities does, whose start was last held by these goods. `activities` is
    the table of a run; goods that are divided among sites are no one else's, and left out.
    """
    names = np.array([site_of(activity, sites) for activity in network.activities], object)
    site = names[network.activity]
    ready, start = (
        activities[key].astype("Float64").to_numpy(np.float64, na_value=np.nan) for key in ("ready", "start")
    )
    held = activities["held_by"].to_numpy(object)
    contended = []
    for good, units in _shared(network, sites):
        begun = (units > 0) & ~np.isnan(start)
        for waiting in sites:
            waits = (site == waiting) & (held == good) & ~np.isnan(start)
            if not waits.any():
                continue
            longest = float((start - ready)[waits].max()) / DAY
            from_, to = np.sort(ready[waits]), np.sort(start[waits])
            for taker in sites:
                of_taker = begun & (site == taker)
                if taker != waiting and of_taker.any():
                    at = start[of_taker]
                    meanwhile = from_.searchsorted(at, side="right") > to.searchsorted(at, side="right")
                    if total := int(units[of_taker][meanwhile].sum()):
                        contended.append((waiting, good, longest, taker, total))
    return sorted(contended, key=lambda row: (sites.index(row[0]), -row[2], row[1], -row[4]))


def _shared(network: Network, sites: Sequence[str]) -> Iterator[tuple[str, Ints]]:
    """Supplies and resources that belong to no site alone, with the units of it that each instance takes."""
    for kind, goods in (("stock", network.stocks), ("resource", network.resources)):
        named = [item.name for item in goods]
        for number, name in enumerate(named):
            if not site_of(name, sites) and named.count(name) == 1:
                of_demand = np.array([_units(network, k, kind, number) for k in range(len(network.demands))], np.int64)
                yield name, of_demand[network.demand] if len(of_demand) else np.zeros(0, np.int64)


def _units(network: Network, demand: int, kind: str, number: int) -> int:
    takes = network.demands[demand].consumes if kind == "stock" else network.demands[demand].claims
    return sum(claim.amount for claim in takes if claim[0] == number)
