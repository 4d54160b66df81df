"""When one milestone is reached in many builds, and what those lack that do not reach it; or when all are.

No more of them is kept, so that many scenarios can be compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from itertools import chain
from threading import Event
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.stuck import stuck_before
from dcsim.engine import new_runner
from dcsim.engine.kept import Kept
from dcsim.engine.outcome import End, Goal, Numbered, Runner
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.study.threads import CHUNK, Pool, in_chunks, in_turn, spans_of
from dcsim.trace import NOT

Ints = NDArray[np.int64]
Designed = Callable[[int], Mapping[str, float]]
Progress = Callable[[int, int], None]
Ending = TypeVar("Ending")

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


class Point(NamedTuple):
    """Replications of a network, and the uniform numbers that are chosen for each by its place."""

    network: Network
    replications: Ints
    designed: Designed = nothing_chosen


@dataclass(frozen=True)
class AtPoints:
    """The uniform numbers of points, by their place."""

    names: Sequence[str]
    points: NDArray[np.float64]

    def __call__(self, place: int) -> dict[str, float]:
        return dict(zip(self.names, self.points[place].tolist(), strict=True))


@dataclass(frozen=True)
class _Builds(Generic[Ending]):
    """What is told of the replications with these numbers, each by itself."""

    engine: str
    network: Network
    seed: int
    numbers: Ints
    designed: Designed
    first: int = 0
    """The place of the first of them, by which uniform numbers are chosen."""
    goal: Goal | None = None
    kept: Kept | None = None
    idle: list[Runner] = field(default_factory=list)
    """What ran them in threads that are done."""

    def __call__(self, first: int, last: int, stopped: Event, /) -> list[Ending]:
        try:
            runner = self.idle.pop()
        except IndexError:
            runner = new_runner(self.engine, self.network, self.seed, goal=self.goal, kept=self.kept)
        results = []
        asked = ((int(self.numbers[k]), self.designed(self.first + k)) for k in range(first, last))
        for result in self.run(runner, asked):
            if stopped.is_set():
                raise CancelledError
            results.append(result)
        self.idle.append(runner)
        return results

    def run(self, runner: Runner, asked: Iterable[Numbered]) -> Iterator[Ending]:
        """What is told of replications, one after the other."""
        raise NotImplementedError


class _Ends(_Builds[End]):
    """How they end."""

    def run(self, runner: Runner, asked: Iterable[Numbered]) -> Iterator[End]:
        return runner.ends(asked)


class _Dates(_Builds[tuple[Ints, Ints]]):
    """When they reach each milestone: ticks, and the minutes that date them."""

    def run(self, runner: Runner, asked: Iterable[Numbered]) -> Iterator[tuple[Ints, Ints]]:
        for number, designed in asked:
            outcome = runner.run(number, designed)
            yield outcome.reached, outcome.dated


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
    kept: Kept = field(default_factory=Kept, compare=False)
    """Working times that the networks share."""

    def ends(
        self,
        network: Network,
        replications: Ints,
        designed: Designed = nothing_chosen,
        progress: Progress = lambda done, count: None,
    ) -> Ends:
        """How these replications end; by their place, `designed` tells the uniform numbers that are chosen."""
        work, chunk = self._work(network, replications, designed), self._chunk(len(replications))
        return _ends(in_chunks(len(replications), self.pool, work, progress, chunk))

    def ends_of(self, points: Iterable[Point]) -> Iterator[Ends]:
        """The same of several points in turn: the next is made while those before are run."""
        works = ((self._work(*point), len(point.replications)) for point in points)
        pieces = ((work, spans_of(count, self.pool, self._chunk(count))) for work, count in works)
        return map(_ends, in_turn(pieces, self.pool))

    def _work(self, network: Network, replications: Ints, designed: Designed) -> _Ends:
        numbers = replications if self.among is None else self.among[replications]
        number = [milestone.name for milestone in network.milestones].index(self.milestone)
        goal = Goal(number, network.horizon if self.until is None else min(self.until, network.horizon))
        return _Ends(self.engine, network, self.seed, numbers, designed, goal=goal, kept=self.kept)

    def _chunk(self, count: int) -> int:
        return min(CHUNK, max(FEWEST, -(-count // PARTS)))

    def lacks(self, network: Network, ends: Ends) -> pd.DataFrame:
        """What these builds lack where they miss the milestone; the columns are those of `Replications.stuck`."""
        milestone = next(entry for entry in network.milestones if entry.name == self.milestone)
        nodes, missed = np.array([milestone.gate]), ends.ticks == NOT
        return stuck_before(network, self.milestone, missed, ends.left, ends.stuck, nodes, milestone.stocks)


def _ends(chunks: Iterable[list[End]]) -> Ends:
    """Ends as columns."""
    ends = list(chain.from_iterable(chunks))
    ticks, dated, left = np.array([end[:3] for end in ends], np.int64).reshape(len(ends), 3).T
    stuck = [np.insert(end.stuck, 0, k, axis=1) for k, end in enumerate(ends) if len(end.stuck)]
    return Ends(ticks, dated, left, np.concatenate([np.zeros((0, 4), np.int64), *stuck]))


class Reached(NamedTuple):
    """When builds reach their milestones: builds by milestones."""

    ticks: Ints
    """`NOT` where one is not reached."""
    dated: Ints
    """The minutes that date them."""


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
    work = _Dates(engine, network, seed, np.array(numbers, np.int64), designed, numbers.start)
    rows = list(chain.from_iterable(in_chunks(len(numbers), pool, work, progress)))
    ticks, dated = np.array(rows, np.int64).reshape(len(rows), 2, len(network.milestones)).swapaxes(0, 1)
    return Reached(ticks, dated)


MOST = 10_000_000
"""Builds of which one date is kept."""


def at_least_one(n: int) -> int:
    """The number of replications, if there are any, and not too many."""
    if not 1 <= n <= MOST:
        raise RequestError(f"there must be at least one replication, and at most {MOST:,}, got {n:,}")
    return n
