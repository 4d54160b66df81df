"""Which site of a portfolio took what another one waited for."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.network import Network
from dcsim.places import site_of
from dcsim.trace import NOT, Ints
from dcsim.units import DAY


def taken(network: Network, sites: Sequence[str], activities: pd.DataFrame) -> list[tuple[str, str, float, str, int]]:
    """Rows of site, what it waits for, its longest wait in days, who took some of it meanwhile, and how many units.

    The site waits at a tick if one of its activities does, whose start was last held by these goods. `activities` is
    the table of a run; goods that are divided among sites are no one else's, and left out.
    """
    number = {name: k for k, name in enumerate(sites)}
    site = np.array([number.get(site_of(name, sites), -1) for name in network.activities], np.int64)[network.activity]
    ready, start = (activities[key].fillna(NOT).to_numpy(np.int64) for key in ("ready", "start"))
    held = activities["held_by"].to_numpy(object)
    contended = []
    for good, units in _shared(network, sites):
        taken_by = {}
        for taker, rows in _by_site(site, (units > 0) & (start != NOT)):
            order = rows[np.argsort(start[rows], kind="stable")]
            taken_by[taker] = start[order], np.concatenate([[0], np.cumsum(units[order])])
        for waiting, rows in _by_site(site, (held == good) & (start != NOT)):
            longest = float((start - ready)[rows].max()) / DAY
            begins, ends = _spells(ready[rows], start[rows])
            for taker, (at, so_far) in taken_by.items():
                before, until = (so_far[at.searchsorted(ticks)] for ticks in (begins, ends))
                if taker != waiting and (total := int((until - before).sum())):
                    contended.append((waiting, good, longest, taker, total))
    ranked = sorted(contended, key=lambda row: (row[0], -row[2], row[1], -row[4]))
    return [(sites[waiting], good, longest, sites[taker], total) for waiting, good, longest, taker, total in ranked]


def _by_site(site: Ints, where: NDArray[np.bool_]) -> Iterator[tuple[int, Ints]]:
    """The numbers of the instances chosen, site by site; those of no site are left out."""
    chosen = np.flatnonzero(where & (site >= 0))
    order = chosen[np.argsort(site[chosen], kind="stable")]
    numbers, first = np.unique(site[order], return_index=True)
    return zip(numbers.tolist(), np.split(order, first[1:]), strict=True) if len(order) else iter(())


def _spells(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Beginnings and ends of the times in which any of these goes on, [begin, end), one after another."""
    order = np.argsort(begin, kind="stable")
    begin, until = begin[order], np.maximum.accumulate(end[order])
    apart = begin[1:] > until[:-1]
    return begin[np.concatenate([[True], apart])], until[np.concatenate([apart, [True]])]


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
