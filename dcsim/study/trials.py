"""When one milestone is reached in many builds, and what those lack that do not reach it; or when all are.

No more of them is kept, so that many scenarios can be compared.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from threading import Event
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.stuck import stuck_before
from dcsim.engine import new_runner
from dcsim.engine.outcome import Goal
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.study.threads import CHUNK, Pool, in_chunks
from dcsim.trace import NOT

Ints = NDArray[np.int64]
Designed = Callable[[int], Mapping[str, float]]
Progress = Callable[[int, int], None]

FEWEST, PARTS = 8, 8
"""Few replications are run in so many parts, of at least so many, so that no thread waits long for another."""


class Ends(NamedTuple):
    """How builds end, in the order in which they were asked for."""

    ticks: Ints
    """Of the milestone; `NOT` where it is not reached."""
    dated: Ints
    """The minute that dates it."""
    left: Ints
    """How many activity instances did not finish, where the milestone is not reached."""
    stuck: Ints
    """Of these, rows of (number of the build, activity, cause, how many wait for it when the run ends)."""


def nothing_chosen(_place: int) -> Mapping[str, float]:
    """All is drawn at random."""
    return {}


@dataclass(frozen=True)
class AtPoints:
    """The uniform numbers of points, by their place."""

    names: Sequence[str]
    points: NDArray[np.float64]

    def __call__(self, place: int) -> dict[str, float]:
        return dict(zip(self.names, self.points[place].tolist(), strict=True))


@dataclass(frozen=True)
class _Ends:
    """Ends of the replications with these numbers: ticks, dated and left as rows, and what is stuck."""

    engine: str
    network: Network
    seed: int
    goal: Goal
    numbers: Ints
    designed: Designed

    def __call__(self, first: int, last: int, stopped: Event, /) -> tuple[Ints, Ints]:
        runner, stuck = new_runner(self.engine, self.network, self.seed, goal=self.goal), []
        ends = np.zeros((3, last - first), np.int64)
        for k in range(first, last):
            if stopped.is_set():
                raise CancelledError
            end = runner.end(int(self.numbers[k]), self.designed(k))
            ends[:, k - first] = end.tick, end.dated, end.left
            stuck.append(np.insert(end.stuck, 0, k, axis=1))
        return ends, np.concatenate(stuck)


@dataclass(frozen=True)
class Trials:
    """Builds of one seed, of which only what concerns one milestone is kept."""

    engine: str
    seed: int
    milestone: str
    pool: Pool
    among: Ints | None = None
    """The numbers of the replications; their places if not given."""
    until: int | None = None
    """The last tick that matters; the horizon if not given."""

    def ends(
        self,
        network: Network,
        replications: Ints,
        designed: Designed = nothing_chosen,
        progress: Progress = lambda done, count: None,
    ) -> Ends:
        """How these replications end; by their place, `designed` tells the uniform numbers that are chosen."""
        numbers = replications if self.among is None else self.among[replications]
        number = [milestone.name for milestone in network.milestones].index(self.milestone)
        goal = Goal(number, network.horizon if self.until is None else min(self.until, network.horizon))
        work = _Ends(self.engine, network, self.seed, goal, numbers, designed)
        chunk = min(CHUNK, max(FEWEST, -(-len(replications) // PARTS)))
        chunks = in_chunks(len(replications), self.pool, work, progress, chunk)
        ticks, dated, left = np.concatenate([np.zeros((3, 0), np.int64), *(ends for ends, _ in chunks)], axis=1)
        return Ends(ticks, dated, left, np.concatenate([np.zeros((0, 4), np.int64), *(stuck for _, stuck in chunks)]))

    def lacks(self, network: Network, ends: Ends) -> pd.DataFrame:
        """What these builds lack where they miss the milestone; the columns are those of `Replications.stuck`."""
        milestone = next(entry for entry in network.milestones if entry.name == self.milestone)
        nodes, missed = np.array([milestone.gate]), ends.ticks == NOT
        return stuck_before(network, self.milestone, missed, ends.left, ends.stuck, nodes, milestone.stocks)


class Reached(NamedTuple):
    """When builds reach their milestones: builds by milestones."""

    ticks: Ints
    """`NOT` where one is not reached."""
    dated: Ints
    """The minutes that date them."""


@dataclass(frozen=True)
class _Reached:
    """The ticks and the dating minutes of replications, counted from the first that is wanted."""

    engine: str
    network: Network
    seed: int
    origin: int
    designed: Designed

    def __call__(self, first: int, last: int, stopped: Event, /) -> Ints:
        runner = new_runner(self.engine, self.network, self.seed)
        rows = np.zeros((2, last - first, len(self.network.milestones)), np.int64)
        for k in range(first, last):
            if stopped.is_set():
                raise CancelledError
            number = self.origin + k
            outcome = runner.run(number, self.designed(number))
            rows[:, k - first] = outcome.reached, outcome.dated
        return rows


def reached(
    network: Network,
    engine: str,
    seed: int,
    numbers: range,
    pool: Pool,
    designed: Designed = nothing_chosen,
    progress: Progress = lambda done, count: None,
) -> Reached:
    """When the replications with these numbers reach each milestone; of each, `designed` tells the uniform numbers that
    are chosen."""
    rows = in_chunks(len(numbers), pool, _Reached(engine, network, seed, numbers.start, designed), progress)
    return Reached(*np.concatenate([np.zeros((2, 0, len(network.milestones)), np.int64), *rows], axis=1))


MOST = 10_000_000
"""Builds of which one date is kept."""


def at_least_one(n: int) -> int:
    """The number of replications, if there are any, and not too many."""
    if not 1 <= n <= MOST:
        raise RequestError(f"there must be at least one replication, and at most {MOST:,}, got {n:,}")
    return n
