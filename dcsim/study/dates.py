"""When activities start and finish: the replications of a result are simulated again, which gives the same."""

from collections.abc import Callable
from threading import Event

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import explained
from dcsim.analysis.quantiles import rank
from dcsim.chain import chains
from dcsim.dates import at_midnight
from dcsim.document.causes import waited_for
from dcsim.engine import AUTO, builds, choose
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.study.cash import network_of
from dcsim.study.design import RANDOM
from dcsim.study.result import Result
from dcsim.study.room import refuse_too_many
from dcsim.study.seen import agreed
from dcsim.study.threads import in_chunks, threads
from dcsim.trace import NOT, Ints, Trace, causes

KINDS = ("replications", "explanation")
"""Results whose replications can be simulated again."""
LEVELS = {"p10": 0.1, "p50": 0.5, "p80": 0.8, "p90": 0.9}
PREDECESSORS, DATE, START = "predecessors", "its date", "the start"
"""What holds an activity that waits for nothing else."""


def activity_dates(
    result: Result,
    milestone: str = "",
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> pd.DataFrame:
    """One row per activity and place: activity, place, then start and finish by level (`finish_p80`), and why.

    `criticality` is the share of replications whose driving chain of the milestone leads through it; `cause` is what
    held it most often just before its start, and `cause_share` how often. What finishes at midnight has the last minute
    of the day before; beyond the horizon a date is empty.

    Raises
    ------
    RequestError
        The result has no replications, or not random ones, or there is no such milestone.
    """
    if result.kind not in KINDS or result.about.get("sampling", RANDOM) != RANDOM:
        raise RequestError(
            f"dates of activities need the result of replicate or explain with random sampling, not {result.kind}"
        )
    network, seed, n = network_of(result.scenario), int(result.about["seed"]), result.simulated
    refuse_too_many(result.scenario, n, 2 * network.instances)
    engine = choose(AUTO, network.instances * n)
    among = agreed(result.scenario, network, seed, n, engine, threads(engine, workers))
    numbers = np.arange(n) if among is None else among.numbers[:n]
    gates = [entry.gate for entry in network.milestones if entry.name == milestone]
    reader = _Reader(network, numbers, gates)

    def work(first: int, last: int, stopped: Event) -> None:
        build = builds(engine, network, seed, attempts=bool(gates))
        for k in range(first, last):
            if not stopped.is_set():
                trace, draws = build(int(numbers[k]))
                reader.take(k, trace, [part["instance"][part["code"] < len(network.activities)]
                                     for part in chains(trace, draws, gates)])  # fmt: skip

    in_chunks(n, threads(engine, workers), work, progress)
    return reader.table()


class _Reader:
    """What is kept of every replication: dates, who was on the chain, what held whom."""

    def __init__(self, network: Network, numbers: Ints, gates: list[int]) -> None:
        self.network, self.gates, size = network, gates, (len(numbers), network.instances)
        self.start, self.finish = np.full(size, NOT, np.int32), np.full(size, NOT, np.int32)
        self.cause, self.on_chain = np.zeros(size, np.int16), np.zeros(size, np.bool_)
        self.causes = (*causes(network), PREDECESSORS, DATE, START)

    def take(self, k: int, trace: Trace, parts: list[Ints]) -> None:
        """One replication."""
        dated = trace.finish - (at_midnight(self.network.start, trace.finish) & (trace.finish > trace.start))
        self.start[k], self.finish[k] = trace.began, np.where(trace.finish == NOT, NOT, dated)
        count = len(self.causes)
        dated_or_first = np.where(trace.ready > 0, count - 2, count - 1)
        released = self.network.release[: self.network.instances]
        other_dates = np.where(trace.ready > released, count - 3, dated_or_first)
        self.cause[k] = np.where(trace.held_by != NOT, trace.held_by, other_dates)
        for instances in parts:
            self.on_chain[k, instances[instances != NOT]] = True

    def table(self) -> pd.DataFrame:
        """All replications together."""
        network, n = self.network, len(self.start)
        frame = pd.DataFrame({"activity": np.array(network.activities, object)[network.activity]}, dtype="str")
        frame["place"] = pd.Series([network.place_path(k) for k in range(network.instances)], dtype="str")
        for event, ticks in (("start", self.start), ("finish", self.finish)):
            ordered = np.sort(np.where(ticks == NOT, np.iinfo(np.int32).max, ticks), axis=0)
            for level, share in LEVELS.items():
                frame[f"{event}_{level}"] = _moments(network, ordered[rank(share, n) - 1])
        seen = np.unique(self.cause)
        often = np.stack([(self.cause == number).sum(axis=0) for number in seen])
        frame["criticality"] = self.on_chain.mean(axis=0) if self.gates else np.nan
        words = [*map(waited_for, self.causes[:-3]), *self.causes[-3:]]
        frame["cause"] = pd.Series(np.array(words, object)[seen[often.argmax(axis=0)]], dtype="str")
        frame["cause_share"] = often.max(axis=0) / n
        return explained(frame, network)


def _moments(network: Network, ticks: NDArray[np.int32]) -> "pd.Series[pd.Timestamp]":
    moments = np.datetime64(network.start, "s") + ticks.astype("timedelta64[m]")
    return pd.Series(moments.astype("datetime64[ms]")).mask(pd.Series(ticks == np.iinfo(np.int32).max))
