"""Work over threads: spans of replications, done in any order."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from dcsim.engine import REFERENCE

CHUNK = 64
"""Replications that are run and written together by default."""

Done = TypeVar("Done")


def threads(engine: str, workers: int | None) -> int:
    """How many threads there are for so many workers, or where nobody says how many."""
    if engine == REFERENCE:
        return 1  # it holds Python's lock: threads would only get into each other's way
    return workers or os.cpu_count() or 1


def in_threads(
    spans: Sequence[tuple[int, int]], workers: int, work: Callable[[int, int, Event], Done]
) -> Iterator[Done]:
    """What is done with spans, as it is finished. The work is in compiled code that does not hold Python's lock."""
    waiting, stopped = iter(spans), Event()
    running: set[Future[Done]] = set()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(running) <= workers and (span := next(waiting, None)) is not None:
                    running.add(pool.submit(work, *span, stopped))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(finished, key=_failed):  # what is done is kept before another fails
                    yield future.result()
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)


def in_chunks(
    count: int, workers: int, work: Callable[[int, int, Event], Done], progress: Callable[[int, int], None]
) -> list[Done]:
    """What is done with chunks of so many replications, in their order."""

    def placed(first: int, last: int, stopped: Event) -> tuple[int, Done]:
        return first, work(first, last, stopped)

    spans = [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    done: dict[int, Done] = {}
    for first, part in in_threads(spans, workers, placed):
        done[first] = part
        progress(min(len(done) * CHUNK, count), count)
    return [done[first] for first in sorted(done)]


def _failed(future: Future[Done]) -> bool:
    return future.exception() is not None
