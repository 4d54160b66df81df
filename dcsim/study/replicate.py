"""Many replications: chunks over threads, merged in order, so that nothing depends on who ran what when."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise

import numpy as np

from dcsim.network import Network
from dcsim.study.campaign import Campaign
from dcsim.study.chunk import Chunk, Counter, counters, run_chunk
from dcsim.study.replications import Precision, Replications

CHUNK = 64
"""Replications that are run and written together, if not told otherwise."""

Progress = Callable[[int, int], None]
"""Told how many replications are done, and how many there will be at most."""

Enough = Callable[[Chunk], bool]
"""Whether the replications so far, merged, are enough."""


@dataclass
class Job:
    """Replications to be run."""

    network: Network
    engine: str
    seed: int
    sampling: str
    count: int
    workers: int
    chunk: int = CHUNK
    look_every: int = 256
    """Replications between two looks at whether there are enough."""
    what: tuple[Counter, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.what = counters(self.network)

    def run(self, campaign: Campaign | None, enough: Enough | None, progress: Progress) -> Chunk:
        """Run all replications, or as many as are enough, and merge them in their order.

        Whether there are enough is asked only at fixed numbers of replications, so that the answer does not depend on
        the number of workers.
        """
        merged: Chunk | None = None
        edges = [0, self.count]
        if enough is not None:
            edges = [*range(0, self.count, self.look_every), self.count]
        for first, last in pairwise(edges):
            parts = list(self._stretch(first, last, campaign, progress))
            merged = reduce(merge, parts if merged is None else [merged, *parts])
            if enough is not None and enough(merged):
                break
        assert merged is not None
        return merged

    def _stretch(self, first: int, last: int, campaign: Campaign | None, progress: Progress) -> Iterator[Chunk]:
        """The chunks of these replications in their order; those that a campaign holds already are read from it."""
        spans = [(k, min(k + self.chunk, last)) for k in range(first, last, self.chunk)]
        ready: dict[int, Chunk] = {}
        missing = []
        for begin, end in spans:
            known = campaign.read(begin, end, self.network, self.what) if campaign is not None else None
            if known is None:
                missing.append((begin, end))
            else:
                ready[begin] = known
        done = first + sum(len(chunk.finished) for chunk in ready.values())
        progress(done, self.count)
        for begin, chunk in self._in_threads(missing):
            if campaign is not None:
                campaign.write(chunk)
            ready[begin] = chunk
            done += len(chunk.finished)
            progress(done, self.count)
        return (ready[begin] for begin, _ in spans)

    def _in_threads(self, spans: list[tuple[int, int]]) -> Iterator[tuple[int, Chunk]]:
        """Chunks as they finish. The work is in compiled code that does not hold Python's lock."""
        waiting = iter(spans)
        with ThreadPoolExecutor(self.workers) as pool:
            running: dict[Future[Chunk], int] = {}
            try:
                while True:
                    while len(running) < self.workers and (span := next(waiting, None)) is not None:
                        running[pool.submit(self._chunk, *span)] = span[0]
                    if not running:
                        return
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        yield running.pop(future), future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _chunk(self, first: int, last: int) -> Chunk:
        return run_chunk(self.network, self.engine, self.seed, self.sampling, first, last, self.what)


def merge(one: Chunk, other: Chunk) -> Chunk:
    """Two chunks, the second following the first, as one; curves add up."""
    return Chunk(
        one.first,
        np.concatenate([one.reached, other.reached]),
        np.concatenate([one.waits, other.waits]),
        np.concatenate([one.draws, other.draws]),
        np.concatenate([one.finished, other.finished]),
        tuple(a + b for a, b in zip(one.curves, other.curves, strict=True)),
    )


def precise_enough(wishes: Sequence[Precision], result: Callable[[Chunk], Replications]) -> Enough:
    """Whether every wish is met by the replications so far."""

    def enough(kept: Chunk) -> bool:
        so_far = result(kept)
        return all(so_far.interval(wish.milestone, wish.level).within <= wish.days for wish in wishes)

    return enough
