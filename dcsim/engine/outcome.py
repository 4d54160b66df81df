"""What is kept of one replication among many: dates, and how long was waited for what."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dcsim.dates import at_midnight
from dcsim.engine import reference
from dcsim.engine.draws import PRODUCTION, Draws, Ints, Sample, draw
from dcsim.engine.flat import flatten_draws
from dcsim.engine.story import story_of
from dcsim.engine.tables import FlatDraws, RunRecord, Table
from dcsim.network import Network
from dcsim.trace import NOT, DeliveryRow, Trace, causes

Follow = Callable[[FlatDraws, RunRecord], tuple[Table, ...]]
"""Follows the driving chains of some gates through a replication."""


Numbered = tuple[int, Mapping[str, float]]
"""The number of a replication, and the uniform numbers that are chosen for it."""


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
    left: int
    """How many activity instances did not finish."""
    stuck: Ints
    """Rows of (activity, cause, how many wait for it when the run ends)."""
    waits: Ints
    """Of each cause, the minutes of all that waited for it, and those in which anything did."""
    late: tuple[DeliveryRow, ...]
    """Deliveries of orders that waited for their gate."""
    chains: tuple[Table, ...]
    """The driving chain of each gate that is followed."""


class Goal(NamedTuple):
    """The one milestone that is asked for, and the last tick that matters."""

    milestone: int
    until: int


class End(NamedTuple):
    """How a run ends for one who asks for one milestone."""

    tick: int
    """When it is reached; `NOT` if it is not."""
    dated: int
    """The minute that dates it."""
    left: int
    """How many activity instances did not finish; untold where it is reached, or not all the time was simulated."""
    stuck: Ints
    """As in an outcome, and untold alike."""


class Runner(Protocol):
    """Runs replications of one network and seed, one after the other."""

    def run(self, replication: int, designed: Mapping[str, float]) -> Outcome:
        """One replication; `designed` holds the uniform numbers that a sampling design has chosen."""

    def ends(self, asked: Iterable[Numbered]) -> Iterator[End]:
        """Several of a runner that has a goal, one after the other, as far as this asks."""


class ReferenceRunner:
    """Replications by the reference engine."""

    def __init__(self, network: Network, seed: int, follow: Follow | None, goal: Goal | None = None) -> None:
        self.network = network
        self.seed = seed
        self.follow = follow
        self.goal = goal

    def run(self, replication: int, designed: Mapping[str, float]) -> Outcome:
        draws = draw(self.network, Sample(self.seed, replication, designed))
        trace = reference.run(self.network, draws)
        orders = self.network.orders
        late = tuple(r for r in trace.delivery_rows if r.origin != PRODUCTION and orders[r.origin].placed is None)
        fallen = set(np.flatnonzero(at_midnight(self.network.start, trace.finish) & ~trace.eve).tolist())
        return Outcome(
            draws,
            trace.reached,
            trace.dated,
            fallen,
            trace.finish,
            *left_of(trace),
            waits_of(trace),
            late,
            self.follow(flatten_draws(self.network, draws), story_of(trace)) if self.follow is not None else (),
        )

    def ends(self, asked: Iterable[Numbered]) -> Iterator[End]:
        assert self.goal is not None
        number = self.goal.milestone
        for replication, designed in asked:
            outcome = self.run(replication, designed)
            if outcome.reached[number] > self.goal.until:
                yield End(NOT, NOT, outcome.left, NONE_STUCK)
            else:
                yield End(int(outcome.reached[number]), int(outcome.dated[number]), outcome.left, outcome.stuck)


NONE_STUCK = np.zeros((0, 3), np.int64)


def left_of(trace: Trace) -> tuple[int, Ints]:
    """How many activity instances did not finish, and what they are stuck on: `left` and `stuck` of an outcome."""
    left, stands = trace.network.unfinished(trace.finish), bool((trace.finish == NOT).any())
    ends = [(row.demand, row.cause, row.waiting) for row in trace.shortage_rows if row.ends == NOT]
    return left, stuck_of(trace.network, np.array(ends, np.int64).reshape(len(ends), 3)) if stands else NONE_STUCK


def stuck_of(network: Network, rows: Ints) -> Ints:
    """Rows of (demand, cause, waiting) added up by activity and cause."""
    activity = np.array([demand.activity for demand in network.demands], np.int64)[rows[:, 0]]
    pairs, inverse = np.unique(np.stack([activity, rows[:, 1]], axis=1), axis=0, return_inverse=True)
    waiting = np.bincount(inverse.ravel(), rows[:, 2], len(pairs)).astype(np.int64)
    return np.column_stack([pairs, waiting])


def waits_of(trace: Trace) -> Ints:
    """Of each cause, the minutes of all that waited for it, and those in which anything did."""
    waits = np.zeros((len(causes(trace.network)), 2), np.int64)
    spells: dict[int, list[tuple[int, int]]] = {}
    for row in trace.shortage_rows:
        ends = trace.network.horizon if row.ends == NOT else row.ends
        waits[row.cause, 0] += (ends - row.begins) * row.waiting
        spells.setdefault(row.cause, []).append((row.begins, ends))
    for cause, times in spells.items():
        covered, until = 0, 0
        for begins, ends in sorted(times):
            covered += max(0, ends - max(begins, until))
            until = max(until, ends)
        waits[cause, 1] = covered
    return waits
