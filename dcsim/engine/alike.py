"""Runs that cannot differ until a tick, by fingerprints of all that is read of the network and of chance by then.

A run is a pure function of both, and nothing that begins later is read before: of deliveries, steps of capacities,
windows of risks and open times only those count that begin by that tick.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from dcsim.engine.outcome import End
from dcsim.engine.tables import FlatDraws, Plan
from dcsim.network import Network
from dcsim.trace import NOT

MOST = 4
"""Runs that are kept of those that have everything in common but what begins at some tick."""


def of_network(network: Network, plan: Plan) -> bytes | None:
    """The fingerprint of a network; none where some lags count from a finish before it happens."""
    if network.ties.any():
        return None
    history = None if network.history is None else sorted(network.history.gates)
    times = [edge for time in network.working_times for edge in (time.open.opens, time.open.closes)]
    return _digest([*plan, *times, f"{network.start} {history}"])


@dataclass
class Known:
    """How runs ended that were simulated, by what is read in them at any time."""

    ends: dict[bytes, tuple[tuple[int, bytes, End], ...]] = field(default_factory=dict)
    """With the tick until which anything is asked of each, and what may be read by then."""

    def find(self, key: bytes, chance: FlatDraws) -> End | None:
        """How a run ends, if one that is alike was simulated."""
        kept = self.ends.get(key, ())
        return next((end for until, read, end in kept if read_by(chance, until) == read), None)

    def keep(self, key: bytes, chance: FlatDraws, until: int, end: End) -> None:
        """Keep how a run ended, of which nothing is asked after a tick."""
        if len(before := self.ends.get(key, ())) < MOST:
            self.ends[key] = (*before, (until, read_by(chance, until), end))


def at_any_time(network: bytes, replication: int, chance: FlatDraws) -> bytes:
    """The fingerprint of what a replication may read of its draws at any time."""
    always = (chance.minutes, chance.failures, chance.again_minutes, chance.skipped, chance.capacity, chance.added)
    return _digest([network, replication, *always, chance.postponed, chance.lead[chance.lead["placed"] == NOT]])


def read_by(chance: FlatDraws, until: int) -> bytes:
    """The fingerprint of the rest that may be read until a tick, with the first tick after it for all later ones."""
    last = chance.delivery["tick"].searchsorted(until, side="right")
    effect, window, opened = (
        table[begins] <= until
        for table, begins in ((chance.effect, "begins"), (chance.window, "begins"), (chance.open, "opens"))
    )
    owners = (
        np.repeat(np.arange(len(first) - 1), np.diff(first))[kept]
        for first, kept in ((chance.effect_first, effect), (chance.window_first, window), (chance.open_first, opened))
    )
    times = chance.open[opened]
    return _digest(
        [
            *(chance.delivery[:last], chance.step[chance.step["tick"] <= until]),
            *(chance.effect[effect], chance.window[window], *owners),
            *(times["opens"], np.minimum(times["closes"], until + 1), times["worked"]),
        ]
    )


def _digest(parts: Iterable[Any]) -> bytes:
    """One fingerprint of arrays and single values."""
    digest = sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype} {part.shape}".encode())
            digest.update(part.tobytes())
        else:
            digest.update(f"{part!r};".encode())
    return digest.digest()
