"""Work over a pool, the threads of this process or a fleet of machines: spans of replications, done in any order."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from dcsim.engine import REFERENCE
from dcsim.engine.philox import LANES
from dcsim.errors import RequestError
from dcsim.study.fleet import Span, Work, failed, on_fleet

CHUNK = 64
"""Replications that are run and written together by default."""

Done = TypeVar("Done")
Pool = int | Executor
"""Where replications are run: by so many threads of this process, or by whatever an executor stands for."""


def threads(engine: str, workers: int | None) -> int:
    """How many threads there are for so many workers, or where nobody says how many."""
    if engine == REFERENCE:
        return 1  # it holds Python's lock: threads would only get into each other's way
    return workers or os.cpu_count() or 1


def pool_for(engine: str, workers: int | None, executor: Executor | None) -> Pool:
    """The executor, if there is one, else threads of this process; raises RequestError where both are asked for."""
    if executor is None:
        return threads(engine, workers)
    if workers is not None:
        raise RequestError("workers are threads of this process, a cluster has its own: leave out one of the two")
    return executor


def spread(spans: Sequence[Span], pool: Pool, work: Work[Done]) -> Iterator[tuple[int, Done]]:
    """What is done with spans, each with where it begins, as it is finished."""
    return in_threads(spans, pool, work) if isinstance(pool, int) else on_fleet(spans, pool, work)


def in_threads(spans: Sequence[Span], workers: int, work: Work[Done]) -> Iterator[tuple[int, Done]]:
    """The same in threads of this process. The work is in compiled code that does not hold Python's lock."""
    waiting, stopped = iter(spans), Event()
    running: dict[Future[Done], int] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(running) <= workers and (span := next(waiting, None)) is not None:
                    running[pool.submit(work, *span, stopped)] = span[0]
                if not running:
                    return
                finished = wait(running, return_when=FIRST_COMPLETED).done
                for future in sorted(finished, key=failed):  # what is done is kept before another fails
                    yield running.pop(future), future.result()
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)


def in_chunks(
    count: int, pool: Pool, work: Work[Done], progress: Callable[[int, int], None], chunk: int = CHUNK
) -> list[Done]:
    """What is done with chunks of so many replications, or of fewer so that every thread has one, in their order."""
    if isinstance(pool, int):
        chunk = min(chunk, LANES * -(-count // (LANES * pool)) or chunk)
    spans = [(first, min(first + chunk, count)) for first in range(0, count, chunk)]
    done: dict[int, Done] = {}
    for first, part in spread(spans, pool, work):
        done[first] = part
        progress(min(len(done) * chunk, count), count)
    return [done[first] for first in sorted(done)]
