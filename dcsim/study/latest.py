"""The last day on which an order can be placed and enough builds are still in time.

Between two days on which a replication ends alike it is taken to end alike on all days between, until the day found
has been simulated in full, and on the one after it all that are taken to be late; where they belie that (a later order
can make a build sooner: Graham, SIAM Journal on Applied Mathematics 17 (1969) 416), the search goes on with what they
tell, until such a pair agrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy import special

from dcsim.analysis.quantiles import CONFIDENCE
from dcsim.dates import Limit, in_time, last_tick
from dcsim.network import Network
from dcsim.study.trials import Trials
from dcsim.units import DAY

Hits = NDArray[np.bool_]
"""Of each replication, whether the milestone was reached in time."""


@dataclass(frozen=True)
class InTime:
    """Whether the milestone is reached in time, in many builds."""

    trials: Trials
    limit: Limit
    n: int

    def hits(self, network: Network, which: NDArray[np.int64]) -> Hits:
        """Of these replications, whether they reach it."""
        until = last_tick(network.start, self.limit)
        ends = replace(self.trials, until=until).ends(network, which)
        return in_time(network.start, self.limit, ends.dated)


NEW = -1
"""Of a replication that was not simulated on a day."""


@dataclass
class Search:
    """One order placed earlier and later: on which days how many replications are in time."""

    network: Network
    numbers: tuple[int, ...]
    trials: InTime
    first: int
    """Days by which it can be placed earlier, as a negative number."""
    last: int
    """Days after which it comes too late for anything."""
    known: dict[int, NDArray[np.int8]] = field(default_factory=dict)
    """By how many days it is placed later than planned: of each replication whether it is in time, or `NEW`."""

    def count(self, days: int) -> int:
        """How many replications are in time: those that end alike before and after this day end so on it as well."""
        return int(self._ends(days).sum())

    def _ends(self, days: int) -> NDArray[np.int8]:
        """Of each replication whether it is in time; earlier than on any day simulated it is if it is on that day."""
        known = self.known.setdefault(days, np.full(self.trials.n, NEW, np.int8))
        before, after = np.ones_like(known), np.full_like(known, NEW)
        for day in sorted(self.known):
            if day <= days:
                before = np.where(self.known[day] != NEW, self.known[day], before)
            else:
                after = np.where(after == NEW, self.known[day], after)
        self._simulate(days, (known == NEW) & (before != after))
        return np.where(known == NEW, before, known)

    def _simulate(self, days: int, which: Hits) -> None:
        """Simulate some replications with the order placed so much later."""
        if which.any():
            numbers = np.flatnonzero(which)
            self.known[days][numbers] = self.trials.hits(moved_orders(self.network, self.numbers, days * DAY), numbers)

    def in_full(self, days: int) -> int:
        """How many replications are in time, with every one simulated."""
        self.count(days)
        self._simulate(days, self.known[days] == NEW)
        return self.count(days)

    def are_fewer(self, days: int, needed: int) -> bool:
        """Whether fewer are in time, with every replication simulated that is taken to be late."""
        late = self._ends(days) == 0
        self._simulate(days, late & (self.known[days] == NEW))
        return self.count(days) < needed

    def latest(self, needed: int) -> int | None:
        """The last day on which so many builds are in time; none if there is none, the last if it is no matter."""
        if self.count(self.last) >= needed:
            return self.last
        if self.count(0) < needed and self.count(self.first) < needed:
            return None
        low = next(day for day in sorted(self.known, reverse=True) if self.count(day) >= needed)
        high = min(day for day in self.known if day > low)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.count(middle) >= needed else (low, middle)
        return low

    def verified(self, needed: int) -> int | None:
        """The same, after that day was simulated in full and the next as far as it matters; sought again where they
        belie it."""
        while (latest := self.latest(needed)) is not None and latest != self.last:
            if self.in_full(latest) >= needed and self.are_fewer(latest + 1, needed):
                break
        return latest

    @property
    def sooner(self) -> int:
        """In how many replications a later order was seen to be in time where an earlier one was not."""
        late, better = np.zeros((2, self.trials.n), np.bool_)
        for day in sorted(self.known):
            better |= late & (self.known[day] == 1)
            late |= self.known[day] == 0
        return int(better.sum())


def moved_orders(network: Network, numbers: Sequence[int], minutes: int) -> Network:
    """The same network with some orders placed later; those that wait for something wait longer after it."""
    orders, lags, link_lag = list(network.orders), list(network.lags), network.link_lag.copy()
    gates = {order: gate for gate, orders in network.orders_of_gate.items() for order in orders}
    for number in numbers:
        placed = orders[number].placed
        if placed is not None:
            orders[number] = replace(orders[number], placed=replace(placed, origin=placed.origin + minutes))
        else:
            links = network.link_to == gates[number]
            lag = network.lags[int(network.link_lag[links][0])]
            lags.append(lag._replace(minutes=lag.minutes + minutes, calendar=-1))
            link_lag[links] = len(lags) - 1
    return replace(network, orders=tuple(orders), lags=tuple(lags), link_lag=link_lag)


def needed(confidence: float, n: int) -> tuple[int, int, int]:
    """How many of n builds must be in time: for the estimate, to be sure of it, and not to be sure of the contrary."""
    low, high = interval(np.arange(n + 1), n)
    sure, unsure = int(np.searchsorted(low, confidence)), int(np.searchsorted(high, confidence))
    return max(1, ceil(round(confidence * n, 9))), sure, unsure


def interval(hits: NDArray[np.int64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between which probabilities that of so many of n lies: Clopper and Pearson, Biometrika 26 (1934) 404."""
    tail = (1 - CONFIDENCE) / 2
    low = np.where(hits == 0, 0.0, special.betaincinv(np.maximum(hits, 1), n - hits + 1, tail))
    return low, np.where(hits == n, 1.0, special.betaincinv(hits + 1, np.maximum(n - hits, 1), 1 - tail))
