"""Which of the things that happened at a midnight fall on the day that begins then; all others fall on its eve.

Work that ended then fell on the eve, and so did what it led to. A start, a delivery or a date falls on the day that
begins, and so does what cannot have happened without it: work of no length that followed it, or takes goods that it
brought, or units that are there only since a capacity grew then; a gate that opened only with it; a milestone that only
the goods delivered then have reached.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.dates import at_midnight
from dcsim.engine.draws import Draws
from dcsim.network import Network
from dcsim.trace import NOT, DeliveryRow, Ints

WORKED, AT_ONCE, HELD = range(3)
"""How an instance finished: with a worked minute; or without any, as soon as it was ready, while its calendars were
open and with units that were there before, or else."""


class Happened(NamedTuple):
    """What happened when in one run."""

    when: NDArray[np.integer]
    """The tick of each node."""
    ending: NDArray[np.uint8]
    """Of each instance."""
    planned: Ints
    length: Ints
    """Of each instance, as in a trace."""
    draws: Draws
    late: Sequence[DeliveryRow]
    """Deliveries of orders that waited for their gate."""


def dated(network: Network, reached: Ints, fallen: set[int]) -> Ints:
    """The minute that dates each milestone, from when it was reached and what fell on the day that began."""
    late = np.array([milestone.gate in fallen for milestone in network.milestones], np.bool_)
    return np.asarray(reached - (at_midnight(network.start, reached) & ~late), np.int64)


def on_eve(network: Network, finish: Ints, fallen: set[int]) -> NDArray[np.bool_]:
    """Of each instance, whether it finished on the eve of its tick."""
    eve = at_midnight(network.start, finish)
    eve[[node for node in fallen if node < len(eve)]] = False
    return eve


def begun(network: Network, happened: Happened) -> set[int]:
    """The nodes that happened at a midnight and fall on the day that begins then."""
    site = _Midnights(network, happened)
    activities: set[int] = set()
    ahead = list(site.first())
    while ahead:
        node = ahead.pop()
        if node not in activities:
            activities.add(node)
            ahead.extend(site.led_to(node))
    return activities


@lru_cache(maxsize=8)
def _gates(network: Network) -> tuple[Ints, Ints, Ints, Ints]:
    """The gates that open when work starts, with what really happened, on a date at the earliest, and with supplies."""
    starts = network.instances + np.flatnonzero(network.starter != NOT)
    real = np.array(list(network.history.gates) if network.history is not None else [], np.int64)
    later = network.instances + np.flatnonzero(network.release[network.instances :] > 0)
    return starts, real, later, np.array([m.gate for m in network.milestones if m.stocks], np.int64)


class _Midnights:
    """What happened when, and how much more than it needed each gate had by the end of the eve."""

    def __init__(self, network: Network, happened: Happened) -> None:
        self.network = network
        self.happened = happened
        self.when, self.ending = happened.when, happened.ending
        self.skipped = happened.draws.skipped
        self.counting = {m.gate: (m.stocks, m.reaches) for m in network.milestones if m.stocks}
        self.spare: dict[int, int] = {}
        self.light: list[int] = []
        """Instances without a worked minute that fall on the eve unless something they need does not."""

    def first(self) -> Iterator[int]:
        """What falls on the day that begins by itself."""
        network, when, (starts, real, later, counting) = self.network, self.when, _gates(self.network)
        odd = self._at_midnight(np.flatnonzero(self.ending != WORKED))
        alone = (self.ending[odd] == HELD) | (network.release[odd] == when[odd])
        self.light = odd[~alone].tolist()
        yield from odd[alone].tolist()
        yield from (instance for instance in self.light if self._takes_new_goods(instance))
        starts = self._at_midnight(starts)
        yield from starts[~self.skipped[starts]].tolist()
        later = self._at_midnight(later)
        yield from {*self._at_midnight(real).tolist(), *later[network.release[later] == when[later]].tolist()}
        for gate in self._at_midnight(counting).tolist():
            if self._lacks(gate, 0):
                yield gate

    def _at_midnight(self, nodes: Ints) -> Ints:
        """Those of these nodes that happened at a midnight."""
        return nodes[at_midnight(self.network.start, self.when[nodes])] if len(nodes) else nodes

    def led_to(self, node: int) -> Iterator[int]:
        """What happened at the same tick and not without this."""
        network, tick = self.network, self.when[node]
        for link in range(network.link_first[node], network.link_first[node + 1]):
            after = int(network.link_to[link])
            if self.when[after] == tick == self._came(link):
                if self._follows(after) if after < network.instances else self._lacks(after, 1):
                    yield after
        held = NOT if node < network.instances else int(network.held[node - network.instances])
        if held != NOT:
            yield held
        if node < network.instances and self.skipped[node]:
            yield from (gate for gate in (network.gate_of_start(node),) if gate != NOT)
            return
        takes = network.bundles[network.bundle[node]] if node < network.instances else ()
        came = {take.stock for take in takes if take.amount > 0}
        yield from (node for node in self.light if takes and self.when[node] == tick and came & self._consumed(node))
        for gate, (stocks, _) in self.counting.items() if takes else ():
            gain = sum(take.amount for take in takes if take.stock in stocks)
            if gain and self.when[gate] == tick and self._lacks(gate, gain):
                yield gate

    def _came(self, link: int) -> int:
        """When a link was satisfied by what has happened before it."""
        network, source, number = self.network, int(self.network.link_from[link]), int(self.network.link_lag[link])
        tick = int(self.when[source])
        if not network.counts(link, self.skipped):
            return tick
        instance = source if source < network.instances else int(network.starter[source - network.instances])
        planned, length = int(self.happened.planned[instance]), int(self.happened.length[instance])
        return network.lag_over(number, self.happened.draws.calendars, tick, planned, length)

    def _follows(self, instance: int) -> bool:
        """Whether an instance took no time after what it waited for."""
        return bool(self.ending[instance] == AT_ONCE or self.skipped[instance])

    def _lacks(self, gate: int, amount: int) -> bool:
        """Whether a gate, of which so much more falls on the day that begins, had too little on the eve."""
        if gate not in self.spare:
            self.spare[gate] = self._supplied(gate) if gate in self.counting else self._linked(gate)
        self.spare[gate] -= amount
        return self.spare[gate] < 0

    def _takes_new_goods(self, instance: int) -> bool:
        tick = self.when[instance]
        return any(self._delivered(stock, tick, tick) for stock in self._consumed(instance))

    def _consumed(self, instance: int) -> set[int]:
        return {take.stock for take in self.network.demands[self.network.demand[instance]].consumes}

    def _delivered(self, stock: int, begin: int, end: int) -> int:
        """Units delivered from a tick until the end of another; not those that payments took."""
        known, late = self.happened.draws.deliveries, self.happened.late
        of_stock = (known.stock == stock) & (known.amount > 0) & (begin <= known.tick) & (known.tick <= end)
        rows = (row.amount for row in late if row.stock == stock and row.amount > 0 and begin <= row.tick <= end)
        return int(known.amount[of_stock].sum()) + sum(rows)

    def _linked(self, gate: int) -> int:
        first, source, links = self.network.backwards
        before = source[first[gate] : first[gate + 1]]
        arrived = (self.when[before] != NOT) & (self.when[before] <= self.when[gate])
        for k, link in enumerate(links[first[gate] : first[gate + 1]].tolist()):
            if self.network.ties[self.network.link_lag[link]]:
                arrived[k] = arrived[k] and self._came(link) <= self.when[gate]
        worked = self.network.held[gate - self.network.instances] != NOT  # its work is no link
        return int(np.count_nonzero(arrived)) + int(worked) - int(self.network.needed[gate])

    def _supplied(self, gate: int) -> int:
        """Units that finished work had brought by this tick, and deliveries before it, beyond those wanted."""
        network, tick, (stocks, reaches) = self.network, self.when[gate], self.counting[gate]
        gains = np.array([sum(t.amount for t in bundle if t.stock in stocks) for bundle in network.bundles], np.int64)
        finish = self.when[: network.instances]
        worked = gains[network.bundle[(finish != NOT) & (finish <= tick) & ~self.skipped[: len(finish)]]].sum()
        level = sum(network.stocks[stock].initial + self._delivered(stock, 0, tick - 1) for stock in stocks)
        return int(worked) + level - reaches
