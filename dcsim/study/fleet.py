"""Work on a fleet of machines: spans of replications that other processes run, wherever they are.

All that the spans of a piece of work share (the network, which replications, what is kept of them) is pickled and sent
once, so that workers need no files and no common disk. What a worker makes of a span depends on nothing else: a span
that is lost is sent again, one that is late is sent twice, and whichever result comes first is taken.
"""

import logging
import pickle
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from platform import node, python_version_tuple
from queue import Empty, SimpleQueue
from threading import Event, Lock
from time import monotonic
from typing import Any, Protocol, TypeVar

import numpy as np
import scipy

from dcsim.engine import REFERENCE, has_numba
from dcsim.errors import ClusterError
from dcsim.version import __version__

LOG = logging.getLogger("dcsim")

MOST_AT_ONCE = 4096
"""Spans that an executor is given ahead of their results."""
TRIES = 3
"""How often a span is sent whose result is lost."""
PATIENCE = 30.0
"""Seconds without any result after which the last spans are sent a second time, unless some took as long before."""

Span = tuple[int, int]
Done = TypeVar("Done", covariant=True)


class Work(Protocol[Done]):
    """What is done with the replications from the first to before the last; given up when all is stopped.

    On a fleet it is pickled: then it is an instance of a class at the top of a module, and changes nothing outside.
    """

    def __call__(self, first: int, last: int, stopped: Event, /) -> Done: ...


def failed(future: Future[Any]) -> bool:
    """Whether something that is finished has no result."""
    return future.cancelled() or future.exception() is not None


def on_fleet(spans: Sequence[Span], executor: Executor, work: Work[Done]) -> Iterator[tuple[int, Done]]:
    """What is done with spans by an executor, each with where it begins, as it is finished.

    Raises
    ------
    ClusterError
        The workers have another dcsim, or they or their scheduler are lost.
    """
    package, client = zlib.compress(pickle.dumps(work, pickle.HIGHEST_PROTOCOL), 1), getattr(executor, "_client", None)
    fleet = _Fleet(executor, package) if client is None else _DaskFleet(executor, package)
    try:
        for span, packed in fleet.results(spans):
            engine, done = pickle.loads(zlib.decompress(packed))
            if engine != getattr(work, "engine", engine):
                LOG.warning("workers without numba run the slower reference engine: pip install 'dcsim[fast]' there")
            yield span[0], done
    finally:
        fleet.cancel()


class _Fleet:
    """Spans of one piece of work on their way to an executor and back."""

    def __init__(self, executor: Executor, package: bytes) -> None:
        self.executor, self.package = executor, package
        self.running: dict[Any, Span] = {}
        self.finished: SimpleQueue[Any] = SimpleQueue()
        self.copies: Counter[Span] = Counter()
        self.lost: Counter[Span] = Counter()

    def results(self, spans: Sequence[Span]) -> Iterator[tuple[Span, bytes]]:
        """Spans and what was made of them, each once."""
        waiting, missing, longest, quiet = iter(spans), set(spans), 0.0, 0.0
        while missing:
            while len(self.running) < MOST_AT_ONCE and (span := next(waiting, None)) is not None:
                self._send(span)
            finished = self._next(PATIENCE)
            quiet = 0.0 if finished else quiet + PATIENCE
            is_all_sent = len(self.running) < MOST_AT_ONCE
            if not finished and not self._is_deserted() and is_all_sent and 0 < 2 * longest < quiet:
                for span in [span for span in self.running.values() if self.copies[span] == 1]:
                    self._send(span)
            for future in sorted(finished, key=failed):  # what is done is kept before another fails
                span = self.running.pop(future)
                self.copies[span] -= 1
                if span not in missing:
                    continue
                with _cluster_errors():
                    try:
                        seconds, done = future.result()
                    except (CancelledError, OSError):  # OSError: what is done cannot be fetched any more
                        if self._is_on_its_way(span):
                            continue
                        raise
                longest = max(longest, seconds)
                missing.discard(span)
                if self.copies[span]:
                    self._cancel([copy for copy, copied in self.running.items() if copied == span])
                yield span, done

    def cancel(self) -> None:
        """Give up what is still on its way."""
        self._cancel(list(self.running))

    def _cancel(self, futures: list[Any]) -> None:
        for future in futures:
            future.cancel()

    def _send(self, span: Span) -> None:
        with _cluster_errors():
            future = self._submitted(versions(), *span)
        self.copies[span] += 1
        self.running[future] = span
        future.add_done_callback(self.finished.put)

    def _submitted(self, *about: Any) -> Any:
        return self.executor.submit(run_span, self.package, *about)

    def _is_on_its_way(self, span: Span) -> bool:
        """Whether a span that is lost has a copy on its way, or is sent again."""
        if self.copies[span]:
            return True
        self.lost[span] += 1
        if self.lost[span] == TRIES:
            return False
        self._send(span)
        return True

    def _is_deserted(self) -> bool:
        """Whether there is no worker, as far as is known."""
        return False

    def _next(self, seconds: float) -> list[Any]:
        """All that is finished, or nothing after so many seconds without any."""
        finished = []
        try:
            finished.append(self.finished.get(timeout=seconds))
            while True:
                finished.append(self.finished.get_nowait())
        except Empty:
            return finished


class _DaskFleet(_Fleet):
    """The same by a client of Dask, whose workers hand the package on to each other, and give up all at once."""

    def __init__(self, executor: Any, package: bytes) -> None:
        super().__init__(executor, package)
        self.client, self.options, self.source = executor._client, executor._kwargs | {"pure": False}, None
        self.warned = False

    def _submitted(self, *about: Any) -> Any:
        if self.source is None or self.source.cancelled():
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
                key = f"dcsim-{sha256(self.package).hexdigest()}"
                self.source = self.client.submit(bytes, self.package, key=key, **self.options)
        return self.client.submit(run_span, self.source, *about, **self.options)

    def _cancel(self, futures: list[Any]) -> None:
        with suppress(Exception):  # where the scheduler is gone, so is all that was on its way
            self.client.cancel(futures)

    def _is_deserted(self) -> bool:
        with suppress(Exception):  # a scheduler that does not answer may come back
            if self.client.nthreads():
                return False
            if not self.warned:
                LOG.warning("the cluster has no workers: the run waits for them; Ctrl-C ends it")
                self.warned = True
            return True
        return False


@contextmanager
def _cluster_errors() -> Iterator[None]:
    """What goes wrong between here and the workers, in the user's words."""
    try:
        yield
    except BrokenExecutor:
        raise ClusterError("a worker process ended suddenly: it was killed, or had too little memory") from None
    except CancelledError:
        raise ClusterError("the connection to the cluster is lost: see whether its scheduler still runs") from None
    except Exception as error:
        is_missing = isinstance(error, ImportError | AttributeError) and "dcsim" in str(error)
        if is_missing or "deserialization of the task graph" in str(error):
            text = "the scheduler or a worker lacks what is here"
            raise ClusterError(f"{text}, {versions()}: install the same on all machines ({error})") from None
        if type(error).__module__.partition(".")[0] == "distributed":
            what = "is lost" if "Closed" in type(error).__name__ else "failed"
            raise ClusterError(f"the cluster {what}: {error}") from None
        raise


def run_span(package: bytes, expected: str, first: int, last: int) -> tuple[float, bytes]:
    """What a worker does: the seconds that it took, and a span of the work in the package with the engine it ran on.

    Raises
    ------
    ClusterError
        This is not the dcsim, or Python, or NumPy that is expected.
    """
    begin = monotonic()
    if (here := versions()) != expected:
        raise ClusterError(f"a worker on {node()} has {here}; expected {expected}: install the same on all machines")
    with _OPENING:
        work = _opened(package)
    done = work(first, last, Event())
    packed = zlib.compress(pickle.dumps((getattr(work, "engine", ""), done), pickle.HIGHEST_PROTOCOL), 1)
    return monotonic() - begin, packed


_OPENING = Lock()


@lru_cache(maxsize=2)
def _opened(package: bytes) -> Work[Any]:
    """The work in a package, by the reference engine where nothing can be compiled: the results are equal."""
    work: Any = pickle.loads(zlib.decompress(package))
    opened: Work[Any] = work if has_numba() else replace(work, engine=REFERENCE)
    return opened


@lru_cache(maxsize=1)
def versions() -> str:
    """Everything on which results depend: the dcsim here with a checksum of its sources, and what it computes with."""
    package, checksum = Path(__file__).parents[1], sha256()
    for file in sorted(package.rglob("*.py")):
        checksum.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    python = ".".join(python_version_tuple()[:2])
    sources = f"dcsim {__version__} (sources {checksum.hexdigest()[:8]})"
    return f"{sources}, Python {python}, numpy {np.__version__}, scipy {scipy.__version__}"
