"""Processes of this machine, this one among them, for work that holds Python's lock."""

import gc
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from queue import SimpleQueue
from typing import Any

from dcsim.budget import SEARCHES


@contextmanager
def processes(executor: Executor | None, count: int | None) -> Iterator[Executor | None]:
    """So many processes of this machine, unless there is an executor already; nothing for one."""
    if executor is not None or not count or count == 1:
        yield executor
        return
    with ProcessPoolExecutor(count - 1, get_context("spawn"), _begin) as workers, _WithThis(workers, count) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


class _WithThis(ThreadPoolExecutor):
    """This process and others: each takes the next piece of work as soon as it is free.

    Others take a second or two to begin; this one has all that it needs.
    """

    def __init__(self, workers: Executor, count: int) -> None:
        super().__init__(count)
        self._free: SimpleQueue[Executor | None] = SimpleQueue()
        for process in (None, *[workers] * (count - 1)):
            self._free.put(process)

    def submit(self, work: Callable[..., Any], /, *about: Any) -> Future[Any]:  # type: ignore[override]
        """Have work done by the process that is free first."""
        return super().submit(self._done, work, about)

    def _done(self, work: Callable[..., Any], about: tuple[Any, ...]) -> Any:
        process = self._free.get()
        try:
            return work(*about) if process is None else process.submit(work, *about).result()
        finally:
            self._free.put(process)


def _begin() -> None:
    """What another process does first; it is ended by the one that began it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*SEARCHES)
