"""When one milestone is reached in many builds: no more of them is kept, so that many scenarios can be compared."""

from concurrent.futures import CancelledError
from dataclasses import dataclass
from itertools import pairwise
from threading import Event

import numpy as np
from numpy.typing import NDArray

from dcsim.engine import new_runner
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.study.replicate import CHUNK, in_threads

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Trials:
    """Builds of one seed, of which only the tick of one milestone is kept."""

    engine: str
    seed: int
    milestone: str
    workers: int

    def ticks(self, network: Network, replications: Ints) -> Ints:
        """The tick of the milestone in each of these replications; `NOT` where it is not reached."""
        ticks: Ints = self.reached(network, replications)[0]
        return ticks

    def reached(self, network: Network, replications: Ints) -> Ints:
        """The tick of the milestone in each of these replications, and the minute that dates it."""
        number = [one.name for one in network.milestones].index(self.milestone)
        found = np.zeros((2, len(replications)), np.int64)

        def work(first: int, last: int, stopped: Event) -> None:
            runner = new_runner(self.engine, network, self.seed)
            for k in range(first, last):
                if stopped.is_set():
                    raise CancelledError
                outcome = runner.run(int(replications[k]), {})
                found[:, k] = outcome.reached[number], outcome.dated[number]

        edges = [*range(0, len(replications), CHUNK), len(replications)]
        for _ in in_threads(list(pairwise(edges)), self.workers, work):
            pass
        return found


MOST = 10_000_000
"""Builds of which one date is kept."""


def at_least_one(n: int) -> int:
    """The number of replications, if there are any, and not too many."""
    if not 1 <= n <= MOST:
        raise RequestError(f"there must be at least one replication, and at most {MOST:,}, got {n:,}")
    return n
