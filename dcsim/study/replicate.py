"""Many replications: chunks over threads, merged in order, so that nothing depends on who ran what when."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from threading import Event
from typing import NamedTuple

import numpy as np

from dcsim.engine import choose
from dcsim.engine.kept import Kept, drawn_from
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.campaign import Campaign
from dcsim.study.chunk import Chunk, Counter, Tally, counters, frame_of, run_chunk, settled
from dcsim.study.design import BLOCK, RANDOM, refuse_unknown
from dcsim.study.manifest import manifest_of
from dcsim.study.replications import Asked, Replications, asked_for, require_milestone, require_name
from dcsim.study.room import refuse_replications
from dcsim.study.seen import Agreed, agreed, draws_of
from dcsim.study.tables import as_bytes
from dcsim.study.threads import CHUNK, Pool, Spans, in_turn, pool_for, spans_of, spread
from dcsim.suggest import shorten
from dcsim.trace import Ints

Progress = Callable[[int, int], None]
"""Called with the number of replications done and the most there will be."""

Enough = Callable[[Chunk], bool]
"""Whether the replications so far, merged, are enough."""


@dataclass(frozen=True)
class Working:
    """How replications are run, which changes nothing about their results."""

    engine: str
    workers: int | None = None
    executor: Executor | None = None
    chunk: int = CHUNK
    out: Path | None = None
    resume: bool = False
    overwrite: bool = False

    def pool(self, engine: str) -> Pool:
        """Where they are run."""
        return pool_for(engine, self.workers, self.executor)


def replicate(
    scenario: Scenario, network: Network, seed: int, sampling: str, asked: Asked, working: Working, progress: Progress
) -> Replications:
    """Run as many replications as are asked for, and keep what is done in a folder, if there is one."""
    wishes = [Precision.parse(text, _names(network)) for text in asked.until_precise]
    job = _job(scenario, network, seed, sampling, asked, working, progress)
    enough = precise_enough(wishes, job.result) if wishes else None
    if working.out is None:
        return job.result(job.run(None, enough, progress))
    manifest = manifest_of("replications", scenario, asked_for(seed, sampling, asked))
    with Campaign(working.out, manifest, scenario.document.text, working.resume, working.overwrite) as campaign:
        kept = campaign.complete(network, job.explained, job.what) if working.resume else None
        replications = job.result(kept or job.run(campaign, enough, progress))
        replications.save(campaign.folder)
        campaign.keep_whole(replications.kept)
        campaign.finish()
    return replications


class Wanted(NamedTuple):
    """A scenario to be simulated, and what is asked of its replications."""

    scenario: Scenario
    network: Network
    asked: Asked


def replicate_in_turn(
    wanted: Iterable[Wanted], seed: int, sampling: str, working: Working, progress: Callable[[int], None]
) -> Iterator[Replications]:
    """The replications of several scenarios: the next is made ready while those before are run.

    `progress` is told how many more replications are done. Those that draw the working times of the first share them.
    """
    jobs, kept = list[Job](), Kept()

    def pieces() -> Iterator[Spans[tuple[Chunk, bytes]]]:
        for scenario, network, asked in wanted:
            job = _job(scenario, network, seed, sampling, asked, working)
            jobs.append(job)
            is_shared = kept.has_room_for(job.count, network) and drawn_from(network) == drawn_from(jobs[0].network)
            yield replace(job, kept=kept if is_shared else None).piece()

    for number, parts in enumerate(in_turn(pieces(), working.pool(working.engine), progress)):
        gathered = Gathered()
        for chunk, _ in parts:
            gathered.add(chunk)
        yield jobs[number].result(gathered.merged())


def _job(
    scenario: Scenario,
    network: Network,
    seed: int,
    sampling: str,
    asked: Asked,
    working: Working,
    progress: Progress = lambda done, count: None,
) -> "Job":
    """What there is to do, unless it makes no sense."""
    refuse_nonsense(asked, sampling, working)
    engine = choose(working.engine, network.instances * draws_of(scenario, asked.count))
    explained = tuple(_names(network).index(require_milestone(network, name)) for name in asked.explain)
    pool, among = working.pool(engine), asked.among
    if not asked.is_settled:
        among = agreed(scenario, network, seed, asked.count, engine, pool, progress)
    _refuse_designed(among, sampling)
    job = Job(scenario, network, engine, seed, sampling, asked, explained, pool, working.chunk, among)
    refuse_replications(scenario, network, seed, asked.count, len(explained), job.what, pool)
    return job


def _names(network: Network) -> tuple[str, ...]:
    return tuple(milestone.name for milestone in network.milestones)


def refuse_nonsense(asked: Asked, sampling: str, working: Working) -> None:
    """Refuse numbers and samplings that make no sense; raises RequestError."""
    refuse_unknown(sampling)
    if not isinstance(asked.count, Integral):
        raise RequestError(f"the number of replications must be a whole number, got {asked.count!r}")
    for number, what in (
        (asked.count, "replication"),
        (asked.at_least, "replication before asking how precise they are"),
        (working.workers, "worker"),
        (working.chunk, "replication in a chunk"),
    ):
        if number is not None and number < 1:
            raise RequestError(f"there must be at least one {what}, got {number}")
    for number in (asked.count, asked.at_least) if asked.until_precise else (asked.count,):
        if sampling != RANDOM and number % BLOCK:
            rounded = -(-number // BLOCK) * BLOCK
            raise RequestError(f"{sampling} sampling works in blocks of {BLOCK}: ask for {rounded}, not {number}")


def _refuse_designed(among: Agreed | None, sampling: str) -> None:
    """Replications that agree with what was seen are no whole blocks of a design."""
    if among is not None and sampling != RANDOM:
        raise RequestError(f"a scenario with `seen` needs random sampling, not {sampling}")


@dataclass
class Job:
    """Replications to be run."""

    scenario: Scenario
    network: Network
    engine: str
    seed: int
    sampling: str
    asked: Asked
    explained: tuple[int, ...]
    """The milestones whose driving chains are followed, by number."""
    pool: Pool
    chunk: int = CHUNK
    among: Agreed | None = None
    """The replications to be run; the first if not given."""
    kept: Kept | None = None
    """Working times that are shared with other networks."""
    what: tuple[Counter, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.what = counters(self.network) if self.asked.in_full else ()

    def result(self, kept: Chunk) -> Replications:
        """What is told of those that have been run."""
        how = (self.scenario, self.network, self.engine, self.seed, self.sampling, self.asked)
        return Replications(*how, kept, self.what, self.among)

    @property
    def count(self) -> int:
        """How many there are to run."""
        return self.asked.count if self.among is None else len(self.among.numbers)

    def piece(self) -> Spans[tuple[Chunk, bytes]]:
        """All of them, as work over spans."""
        return self._work(is_written=False), spans_of(self.count, self.pool, self.chunk)

    def run(self, campaign: Campaign | None, enough: Enough | None, progress: Progress) -> Chunk:
        """Run all replications, or as many as are enough, and merge them in their order.

        Whether there are enough is asked only at fixed numbers of replications, so that the answer does not depend on
        the number of workers.
        """
        count, gathered = self.count, Gathered()
        progress(0, count)
        edges = [*range(0, count, self.asked.at_least if enough is not None else count), count]
        for first, last in pairwise(edges):
            for chunk in self._stretch(first, last, campaign):
                gathered.add(chunk)
                progress(gathered.count, count)
            if enough is not None and last < count and enough(gathered.merged()):
                break
        return gathered.merged()

    def _stretch(self, first: int, last: int, campaign: Campaign | None) -> Iterator[Chunk]:
        """The chunks of these replications; those that a campaign holds already are read from it."""
        missing = []
        for begin in range(first, last, self.chunk):
            end = min(begin + self.chunk, last)
            known = campaign.read(begin, end, self.network, self.explained, self.what) if campaign is not None else None
            if known is None:
                missing.append((begin, end))
            else:
                yield known
        for _, (chunk, part) in spread(missing, self.pool, self._work(campaign is not None)):
            if campaign is not None:
                campaign.write(chunk, part)
            yield chunk

    def _work(self, is_written: bool) -> "_Chunks":
        numbers = None if self.among is None else self.among.numbers
        how = (self.engine, self.network, self.seed, self.sampling, self.explained)
        return _Chunks(*how, numbers, self.what, self.asked.in_full, is_written, self.kept)


@dataclass(frozen=True)
class _Chunks:
    """Chunks of replications, reduced to what is kept, and the bytes of their parts where they are written."""

    engine: str
    network: Network
    seed: int
    sampling: str
    explained: tuple[int, ...]
    numbers: Ints | None
    what: tuple[Counter, ...]
    in_full: bool
    is_written: bool
    kept: Kept | None

    def __call__(self, first: int, last: int, stopped: Event, /) -> tuple[Chunk, bytes]:
        how = (self.network, self.engine, self.seed, self.sampling, self.explained)
        numbers = np.arange(first, last) if self.numbers is None else self.numbers[first:last]
        chunk = run_chunk(*how, first, numbers, self.what, stopped.is_set, self.in_full, self.kept)
        return chunk, as_bytes(frame_of(chunk)) if self.is_written else b""


class Gathered:
    """Chunks that come in any order; their curves are added up at once, so that these need no more room for more."""

    def __init__(self) -> None:
        self.chunks: dict[int, Chunk] = {}
        self.curves: tuple[Tally, ...] = ()
        self.count = 0

    def add(self, chunk: Chunk) -> None:
        """Take one more."""
        self.curves = self.curves or tuple(Tally(curve.marks) for curve in chunk.curves)
        for curve, more in zip(self.curves, chunk.curves, strict=True):
            curve.add(more.rows, more.step)
        self.chunks[chunk.first] = replace(chunk, curves=())
        self.count += len(chunk.left)

    def merged(self) -> Chunk:
        """All of them as one, in their order."""
        ordered = [self.chunks[first] for first in sorted(self.chunks)]
        rows = [field.name for field in fields(Chunk) if field.name not in ("first", "curves")]
        merged = {name: np.concatenate([getattr(chunk, name) for chunk in ordered]) for name in rows}
        return Chunk(first=ordered[0].first, curves=settled(self.curves), **merged)


@dataclass(frozen=True)
class Precision:
    """How well a quantile has to be known: `online_100k.p80 within 1 d`."""

    milestone: str
    level: float
    days: float

    @classmethod
    def parse(cls, text: str, milestones: tuple[str, ...]) -> "Precision":
        """Read a wish such as `online_100k.p80 within 1 d`; raises RequestError with what would be right."""
        number = r"(\d+(?:\.\d+)?)"
        match = re.fullmatch(rf"\s*(.+?)\.p{number}\s+within\s+{number}\s*d(?:ays?)?\s*", text)
        if match is None or not 0 < float(match[2]) < 100:
            raise RequestError(f"expected a precision such as 'online_100k.p80 within 1 d', got '{shorten(text)}'")
        return cls(require_name(match[1], milestones), float(match[2]) / 100, float(match[3]))


def precise_enough(wishes: Sequence[Precision], result: Callable[[Chunk], Replications]) -> Enough:
    """Whether every wish is met by the replications so far."""

    def enough(kept: Chunk) -> bool:
        so_far = result(kept)
        return all(so_far.interval(wish.milestone, wish.level).within <= wish.days for wish in wishes)

    return enough
