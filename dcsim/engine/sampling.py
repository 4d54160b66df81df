"""Working times drawn fast: four replications at a time, compiled, with the same bits as `draws.working_times`.

The words of the generator and the tables of the distributions are those of `philox` and `distributions`; only the loop
over instances is another. What is rare (single instances, steps instead of tables) is left to `draws`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dcsim import distributions
from dcsim.distributions import Continuous, Distribution, Fixed, failures_table, table
from dcsim.engine.draws import (
    Draws,
    Floats,
    Ints,
    Sample,
    Source,
    WorkingTimes,
    draw,
    further,
    keys,
    options_of,
    quantity,
    room,
    times_factors,
)
from dcsim.engine.jit import cached
from dcsim.engine.kept import Kept, drawn_from
from dcsim.engine.philox import LANES, LOW, MULTIPLIERS, ROUNDS, SCALE, WEYL, Words, hash64, place_keys
from dcsim.network import Network, Work

U64 = np.uint64
Word = np.uint64
FIRST, SECOND, MASK, HALF_WORD = U64(MULTIPLIERS[0]), U64(MULTIPLIERS[1]), U64(LOW), U64(32)
WEYL_LOW, WEYL_HIGH = U64(WEYL[0]), U64(WEYL[1])


@njit(nogil=True, inline="always")
def words(key: Word, place: Word, attempt: Word, block: int) -> tuple[Word, Word, Word, Word]:
    """Philox-4x32-10: four random words, one for each replication of the block."""
    a, b, c, d = place & MASK, place >> HALF_WORD, U64(attempt), U64(block)
    low, high = key & MASK, key >> HALF_WORD
    for _ in range(ROUNDS):
        left, two = FIRST * a, SECOND * c
        a, b, c, d = (two >> HALF_WORD) ^ b ^ low, two & MASK, (left >> HALF_WORD) ^ d ^ high, left & MASK
        low, high = (low + WEYL_LOW) & MASK, (high + WEYL_HIGH) & MASK
    return a, b, c, d


@njit(nogil=True, inline="always")
def read(rows: Floats, u: float) -> float:
    """The quantile at a uniform number, from the table of a distribution."""
    upper = 1.0 - u
    v = max(min(u, upper), distributions.SMALLEST)
    bits = np.float64(v).view(np.int64)
    column = (bits >> distributions.SHIFT) - distributions.OFFSET
    if upper < u:
        column += distributions.KNOTS
    low, high = rows[column], rows[column + 1]
    return low + (high - low) * ((bits & distributions.MASK) * distributions.SCALE)


@cached(nogil=True)
def uniform(key: Word, place: Word, block: int, lane: int) -> float:
    """The number between 0 and 1 of one quantity in one replication."""
    return (np.float64(words(key, place, U64(0), block)[lane]) + 0.5) * SCALE


@cached(nogil=True)
def quantile(rows: Floats, u: float) -> float:
    """One value from the table of a distribution."""
    return read(rows, u)


@cached(nogil=True)
def fill_words(
    key: Word, block: int, places: Words, place: NDArray[np.int32], instances: Ints, drawn: NDArray[np.uint32]
) -> None:
    """The words of first attempts in the four replications of a block; there is a row for each."""
    for k in range(len(instances)):
        at = np.uint64(instances[k])
        for lane, word in enumerate(words(key, places[place[at]], U64(0), block)):
            drawn[lane, at] = word


@cached(nogil=True)
def read_minutes(drawn: NDArray[np.uint32], instances: Ints, rows: Floats, minutes: Floats) -> None:
    """The working times that belong to the words of one replication."""
    for k in range(len(instances)):
        at = np.uint64(instances[k])
        minutes[at] = read(rows, (np.float64(drawn[at]) + 0.5) * SCALE)


@cached(nogil=True)
def slots(failures: NDArray[np.int8]) -> Ints:
    """How many failures the instances before each have; and at the end, how many there are."""
    before = np.empty(len(failures) + 1, np.int64)
    total = 0
    for k in range(len(failures)):
        before[k] = total
        total += failures[k]
    before[-1] = total
    return before


@cached(nogil=True)
def fill_failures(
    key: Word,
    block: int,
    places: Words,
    place: NDArray[np.int32],
    instances: Ints,
    shares: Floats,
    failures: NDArray[np.int8],
) -> None:
    """How often instances fail in the four replications of a block."""
    for k in range(len(instances)):
        at = np.uint64(instances[k])
        for lane, word in enumerate(words(key, places[place[at]], U64(0), block)):
            u, count = (np.float64(word) + 0.5) * SCALE, 0
            while count < len(shares) and u > shares[count]:
                count += 1
            failures[lane, at] = count


@cached(nogil=True)
def values(key: Word, block: int, lane: int, places: Words, attempts: Ints, rows: Floats) -> Floats:
    """Values of one replication for places and attempts."""
    sampled = np.empty(len(places))
    for k in range(len(places)):
        word = words(key, places[k], U64(attempts[k]), block)[lane]
        sampled[k] = read(rows, (np.float64(word) + 0.5) * SCALE)
    return sampled


@dataclass(frozen=True)
class Quick(Sample):
    """The same values, with compiled functions for those of the site."""

    def alone(self, name: str, place: int) -> float:
        number = self.designed.get(name)
        if number is not None:
            return number
        block, lane = divmod(self.replication, LANES)
        return float(uniform(np.uint64(hash64(f"{self.seed}/{name}")), np.uint64(place), block, lane))

    def value(self, distribution: Distribution, name: str, place: int = 0) -> float:
        if not isinstance(distribution, Continuous):
            return super().value(distribution, name, place)
        return float(quantile(_rows(distribution), self.uniform(name, place)))


class Blocks:
    """The draws of replications asked for in order, with random words made for a block of four at once."""

    def __init__(self, network: Network, seed: int, kept: Kept | None = None) -> None:
        self.network = network
        self.seed = seed
        self.kept = kept
        self.words = np.zeros((LANES, network.instances), np.uint32)
        self.failures = np.zeros((LANES, network.instances), np.int8)
        self.never = np.zeros(network.instances, np.int64)
        """Where further attempts begin if there are none."""
        self.places = [place_keys(network.places, network.levels[work.activity]) for work in network.work]
        """Of each work, the numbers that stand for the places of its level."""
        self.tables = [self._table_of(work) for work in network.work]
        """Of all that is read from a table; what is rare is left to `draws`."""
        self.durations = {quantity(network, work, "duration") for work in network.work}
        self.sure = np.zeros(room(network))
        """Working times before factors that are the same in every replication."""
        self.varying: list[tuple[Work, Floats | None, Ints | slice]] = []
        """Works of which something varies, with their tables and places."""
        for work, rows in zip(network.work, self.tables, strict=True):
            if isinstance(work.minutes, Fixed):
                self.sure[work.instances] = float(work.minutes.value)
            if not isinstance(work.minutes, Fixed) or work.factors or work.further:
                self.varying.append((work, rows, _place_of(work.instances)))
        self.block = -1
        self.raw: tuple[object, WorkingTimes] | None = None
        """The working times before factors that were asked for last, with all that they follow from."""
        self.last: tuple[object, WorkingTimes] | None = None
        """The same with factors."""

    def draws(self, replication: int, designed: Mapping[str, float]) -> Draws:
        """Settle one replication."""
        return draw(self.network, Quick(self.seed, replication, designed), self._working_times)

    def _table_of(self, work: Work) -> Floats | None:
        """The table of working times, where there is one and more than one instance is read from it."""
        if len(work.instances) == 1 or quantity(self.network, work, "duration") in self.network.mixtures:
            return None
        return _rows(work.minutes) if isinstance(work.minutes, Continuous) else None

    def _fill(self, block: int) -> None:
        """Draw what is not rare for the four replications of a block."""
        self.block = block
        for work, places, rows in zip(self.network.work, self.places, self.tables, strict=True):
            if rows is not None:
                key = self._key(work, "duration")
                fill_words(key, block, places, self.network.place, work.instances, self.words)
            if work.rework is not None:
                key, shares = self._key(work, "rework.failures"), failures_table(work.rework.probability)
                fill_failures(key, block, places, self.network.place, work.instances, shares, self.failures)

    def _key(self, work: Work, what: str) -> Word:
        return np.uint64(hash64(f"{self.seed}/{quantity(self.network, work, what)}"))

    def _working_times(self, network: Network, chance: Source, factors: tuple[Floats, ...]) -> WorkingTimes:
        """The same as `draws.working_times`; what follows from what has not changed since the last time is kept."""
        assert isinstance(chance, Sample)
        designed = tuple(item for item in chance.designed.items() if network.mixtures or item[0] in self.durations)
        alone = (chance.replication, designed)
        origin = (alone, *(factor.tobytes() for factor in factors))
        if self.last is None or self.last[0] != origin:
            self.last = origin, self._with_factors(self._raw_times(chance, alone), factors)
        return self.last[1]

    def _raw_times(self, chance: Sample, alone: object) -> WorkingTimes:
        """The working times before factors."""
        if self.raw is None or self.raw[0] != alone:
            if self.kept is None:
                times = self._drawn_times(chance)
            else:
                origin = (drawn_from(self.network), self.seed, alone)
                times = self.kept.of(origin, lambda: self._drawn_times(chance))
            self.raw = alone, times
        return self.raw[1]

    def _drawn_times(self, chance: Sample) -> WorkingTimes:
        block, lane = divmod(chance.replication, LANES)
        if block != self.block:
            self._fill(block)
        minutes = self.sure.copy()
        for work, rows, at in self.varying:
            if rows is not None:
                read_minutes(self.words[lane], work.instances, rows, minutes)
            elif not isinstance(work.minutes, Fixed):
                places = keys(self.network, work, work.instances)
                minutes[at] = chance.values(work.minutes, quantity(self.network, work, "duration"), places)
            if work.further:
                name, places = quantity(self.network, work, "duration"), keys(self.network, work, work.instances)
                for at_option, option in islice(options_of(self.network, work), 1, None):
                    minutes[at_option] = chance.values(option, name, places)
        return WorkingTimes(minutes, *self._rework(chance, self.failures[lane].copy()))

    def _with_factors(self, raw: WorkingTimes, factors: tuple[Floats, ...]) -> WorkingTimes:
        """The same times multiplied by the factors that they vary with."""
        network, (minutes, failures, again, retry, repair) = self.network, raw
        if any(work.factors for work, _, _ in self.varying):
            minutes = minutes.copy()
        for work, _, at in self.varying:
            if work.factors:
                for where in (at, *(where for where, _ in islice(options_of(network, work), 1, None))):
                    minutes[where] = times_factors(network, work, work.factors, factors, work.instances, minutes[where])
        reworked = [work for work in network.work if work.rework is not None and (work.factors or work.rework.factors)]
        if reworked and len(retry):
            retry, repair = retry.copy(), repair.copy()
        for work in reworked:
            assert work.rework is not None
            instances, number = further(failures, work.instances)
            slot = network.options * (again[instances] + number)
            for times, varies_with in ((retry, work.factors), (repair, work.rework.factors)):
                for k in range(network.options if varies_with else 0):
                    times[slot + k] = times_factors(network, work, varies_with, factors, instances, times[slot + k])
        return WorkingTimes(minutes, failures, again, retry, repair)

    def _rework(self, chance: Sample, failures: NDArray[np.int8]) -> tuple[NDArray[np.int8], Ints, Floats, Floats]:
        """How often everything fails, and further attempts and repairs before factors."""
        network = self.network
        if not network.again:
            return failures, self.never, np.zeros(0), np.zeros(0)
        before = slots(failures)
        again, total = before[:-1], int(before[-1])
        retry, repair = np.zeros(total * network.options), np.zeros(total * network.options)
        for work in network.work:
            if work.rework is not None:
                instances, number = further(failures, work.instances)
                slot = network.options * (again[instances] + number)
                for k, option in enumerate(work.rework.again):
                    retry[slot + k] = self._more(chance, work, option, "duration", instances, number + 1)
                for k, option in enumerate((work.rework.repair, *work.rework.further)):
                    repair[slot + k] = self._more(chance, work, option, "rework.duration", instances, number)
        return failures, again, retry, repair

    def _more(
        self, chance: Sample, work: Work, distribution: Distribution, what: str, instances: Ints, attempts: Ints
    ) -> Floats:
        """Further attempts, or repairs."""
        places = keys(self.network, work, instances)
        if not isinstance(distribution, Continuous):
            return chance.values(distribution, quantity(self.network, work, what), places, attempts)
        block, lane = divmod(chance.replication, LANES)
        return values(self._key(work, what), block, lane, places, attempts, _rows(distribution))


def _place_of(instances: Ints) -> Ints | slice:
    """Where these instances stand: a slice if they stand together."""
    first, last = int(instances[0]), int(instances[-1])
    return slice(first, last + 1) if last - first + 1 == len(instances) else instances


@lru_cache(maxsize=1024)
def _rows(distribution: Continuous) -> Floats:
    return table(distribution).ravel()
