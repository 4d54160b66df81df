"""Work over a pool, the threads of this process or a fleet of machines: spans of replications, done in any order."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from dcsim.engine import REFERENCE
from dcsim.engine.philox import LANES
from dcsim.errors import RequestError
from dcsim.study.fleet import Span, Work, failed, on_fleet

CHUNK = 64
"""Replications that are run and written together by default."""

AHEAD = 8
"""Spans that each thread has before it, so that none waits while the next network is made."""

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


Spans = tuple[Work[Done], Sequence[Span]]
"""A piece of work, and the spans that are to be done."""


def spread(spans: Sequence[Span], pool: Pool, work: Work[Done]) -> Iterator[tuple[int, Done]]:
    """What is done with spans, each with where it begins, as it is finished."""
    if isinstance(pool, int):
        return ((spans[number][0], done) for number, done in in_threads(((work, span) for span in spans), pool))
    return on_fleet(spans, pool, work)


def in_turn(
    pieces: Iterable[Spans[Done]], pool: Pool, progress: Callable[[int], None] = lambda done: None
) -> Iterator[list[Done]]:
    """What is done with all spans of each piece of work, in their order; `progress` is told how many more are done.

    Threads go on from one piece to the next, which is made meanwhile; a fleet does one after the other.
    """
    if not isinstance(pool, int):
        for work, spans in pieces:
            lengths, parts = {first: last - first for first, last in spans}, dict[int, Done]()
            for first, result in on_fleet(spans, pool, work):
                parts[first] = result
                progress(lengths[first])
            yield _in_order(parts)
        return
    counts, sizes = list[int](), list[int]()

    def tasks() -> Iterator[tuple[Work[Done], Span]]:
        for work, spans in pieces:
            counts.append(len(spans))
            sizes.extend(last - first for first, last in spans)
            yield from ((work, span) for span in spans)

    done: dict[int, Done] = {}
    first = piece = 0
    for number, result in in_threads(tasks(), pool):
        done[number] = result
        progress(sizes[number])
        while piece < len(counts) and all(k in done for k in range(first, first + counts[piece])):
            yield [done.pop(k) for k in range(first, first + counts[piece])]
            first, piece = first + counts[piece], piece + 1
    yield from ([] for _ in counts[piece:])


def in_threads(tasks: Iterable[tuple[Work[Done], Span]], workers: int) -> Iterator[tuple[int, Done]]:
    """What is done with spans in threads of this process, each with its number, as it is finished.

    The work is in compiled code that does not hold Python's lock.
    """
    waiting, stopped = enumerate(tasks), Event()
    running: dict[Future[Done], int] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(running) < AHEAD * workers and (task := next(waiting, None)) is not None:
                    number, (work, span) = task
                    running[pool.submit(work, *span, stopped)] = number
                if not running:
                    return
                finished = wait(running, return_when=FIRST_COMPLETED).done
                for future in sorted(finished, key=failed):  # what is done is kept before another fails
                    yield running.pop(future), future.result()
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)


def spans_of(count: int, pool: Pool, chunk: int = CHUNK) -> list[Span]:
    """Chunks of so many replications, or of fewer so that every thread has one."""
    if isinstance(pool, int):
        chunk = min(chunk, LANES * -(-count // (LANES * pool)) or chunk)
    return [(first, min(first + chunk, count)) for first in range(0, count, chunk)]


def in_chunks(
    count: int, pool: Pool, work: Work[Done], progress: Callable[[int, int], None], chunk: int = CHUNK
) -> list[Done]:
    """What is done with chunks of replications, in their order."""
    spans, done, ready = spans_of(count, pool, chunk), dict[int, Done](), 0
    lengths = {first: last - first for first, last in spans}
    for first, part in spread(spans, pool, work):
        done[first], ready = part, ready + lengths[first]
        progress(ready, count)
    return _in_order(done)


def _in_order(done: Mapping[int, Done]) -> list[Done]:
    return [done[first] for first in sorted(done)]
