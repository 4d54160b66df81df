"""What is kept of one replication among many: dates, and how long was waited for what."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dcsim.dates import at_midnight
from dcsim.engine import reference
from dcsim.engine.chain import chains
from dcsim.engine.draws import PRODUCTION, Draws, Ints, Sample, draw
from dcsim.engine.tables import Table
from dcsim.network import Network
from dcsim.trace import NOT, DeliveryRow, Trace, causes


class Outcome(NamedTuple):
    """One replication, reduced."""

    draws: Draws
    reached: Ints
    """The tick of each milestone."""
    dated: Ints
    """The minute that dates each milestone."""
    begun: set[int]
    """What happened at a midnight and falls on the day that begins then."""
    finish: NDArray[np.integer]
    """The finish of each instance; until the next run of the same runner."""
    finished: bool
    """Whether every activity finished."""
    waits: Ints
    """Of each cause, the minutes of all that waited for it, and those in which anything did."""
    late: tuple[DeliveryRow, ...]
    """Deliveries of orders that waited for their gate."""
    chains: tuple[Table, ...]
    """The driving chain of each gate that was asked about."""


class Runner(Protocol):
    """Runs replications of one network and seed, one after the other."""

    def run(self, replication: int, designed: Mapping[str, float]) -> Outcome:
        """One replication; `designed` holds the uniform numbers that a sampling design has chosen."""


class ReferenceRunner:
    """Replications by the reference engine, with the driving chains of these gates."""

    def __init__(self, network: Network, seed: int, gates: tuple[int, ...]) -> None:
        self.network = network
        self.seed = seed
        self.gates = gates

    def run(self, replication: int, designed: Mapping[str, float]) -> Outcome:
        draws = draw(self.network, Sample(self.seed, replication, designed))
        trace = reference.run(self.network, draws)
        orders = self.network.orders
        late = tuple(r for r in trace.delivery_rows if r.origin != PRODUCTION and orders[r.origin].placed is None)
        told = chains(trace, draws, self.gates) if self.gates else ()
        fallen = set(np.flatnonzero(at_midnight(self.network.start, trace.finish) & ~trace.eve).tolist())
        return Outcome(
            draws,
            trace.reached,
            trace.dated,
            fallen,
            trace.finish,
            trace.finished,
            waits_of(trace),
            late,
            tuple(told),
        )


def waits_of(trace: Trace) -> Ints:
    """Of each cause, the minutes of all that waited for it, and those in which anything did."""
    found = np.zeros((len(causes(trace.network)), 2), np.int64)
    spells: dict[int, list[tuple[int, int]]] = {}
    for row in trace.shortage_rows:
        ends = trace.network.horizon if row.ends == NOT else row.ends
        found[row.cause, 0] += (ends - row.begins) * row.waiting
        spells.setdefault(row.cause, []).append((row.begins, ends))
    for cause, times in spells.items():
        covered, until = 0, 0
        for begins, ends in sorted(times):
            covered += max(0, ends - max(begins, until))
            until = max(until, ends)
        found[cause, 1] = covered
    return found
