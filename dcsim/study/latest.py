"""The last day on which an order can be placed and enough builds are still in time.

Between two days on which a build ends alike it is taken to end alike on all days between, until the day found and the
one after it have been simulated in full; where they belie that (a later order can make a build sooner: Graham, SIAM
Journal on Applied Mathematics 17 (1969) 416), every build is simulated on every day that is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
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
    known: dict[int, Hits] = field(default_factory=dict)
    """By how many days it is placed later than planned."""
    taken: dict[int, Hits] = field(default_factory=dict)
    """Days on which some replications were not simulated but taken to end as they do before and after: which."""
    exact: bool = False

    def count(self, days: int) -> int:
        """How many replications are in time."""
        if days not in self.known:
            before = [day for day in self.known if day < days]
            after = [day for day in self.known if day > days]
            hits, open_ = np.zeros(self.trials.n, np.bool_), np.ones(self.trials.n, np.bool_)
            if before and after and not self.exact:
                hits, late = self.known[max(before)].copy(), self.known[min(after)]
                open_ = hits != late
                self.taken[days] = ~open_
            self.known[days] = hits
            self._simulate(days, open_)
        return int(self.known[days].sum())

    def _simulate(self, days: int, which: Hits) -> None:
        """Simulate some replications with the order placed so much later."""
        if which.any():
            numbers = np.flatnonzero(which)
            self.known[days][numbers] = self.trials.hits(moved_orders(self.network, self.numbers, days * DAY), numbers)

    def in_full(self, days: int) -> int:
        """The same, with every replication simulated."""
        self.count(days)
        if days in self.taken:
            self._simulate(days, self.taken.pop(days))
        return self.count(days)

    def latest(self, needed: int) -> int | None:
        """The last day on which so many builds are in time; none if there is none, the last if it is no matter."""
        if self.count(self.last) >= needed:
            return self.last
        if self.count(self.first) < needed:
            if self.count(0) < needed:
                return None
            low = 0
        else:
            low = self.first
        high = self.last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.count(middle) >= needed else (low, middle)
        return low

    def verified(self, needed: int) -> int | None:
        """The same, after that day and the next were simulated in full; where they belie it, all are."""
        latest = self.latest(needed)
        if latest is None or latest == self.last:
            return latest
        if self.in_full(latest) >= needed > self.in_full(latest + 1):
            return latest
        self.exact = True
        self.known = {day: hits for day, hits in self.known.items() if day not in self.taken}
        self.taken = {}
        return self.latest(needed)

    @property
    def sooner(self) -> int:
        """In how many replications a later order was seen to be in time where an earlier one was not."""
        full = [self.known[day] for day in sorted(self.known) if day not in self.taken]
        return max((int((later & ~earlier).sum()) for earlier, later in pairwise(full)), default=0)


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
    """How many of n builds must be in time: for the estimate, to be sure of it, and not to be sure of the contrary.

    The interval of a probability is that of Clopper and Pearson, Biometrika 26 (1934) 404.
    """
    tail, hits = (1 - CONFIDENCE) / 2, np.arange(n + 1)
    low = np.where(hits == 0, 0.0, special.betaincinv(np.maximum(hits, 1), n - hits + 1, tail))
    high = np.where(hits == n, 1.0, special.betaincinv(hits + 1, np.maximum(n - hits, 1), 1 - tail))
    sure = int(np.searchsorted(low, confidence))
    return max(1, ceil(round(confidence * n, 9))), sure, int(np.searchsorted(high, confidence))
