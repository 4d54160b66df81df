"""Working times drawn fast: four replications at a time, compiled, with the same bits as `draws.working_times`.

The words of the generator and the tables of the distributions are those of `philox` and `distributions`; only the loop
over instances is another. What is rare (single instances, steps instead of tables) is left to `draws`.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dcsim import distributions
from dcsim.distributions import Continuous, Distribution, Fixed, failures_table, table
from dcsim.engine.draws import (
    Chance,
    Draws,
    Floats,
    Ints,
    Sample,
    WorkingTimes,
    draw,
    further,
    keys,
    quantity,
    times_factors,
)
from dcsim.engine.jit import kept
from dcsim.engine.philox import LANES, LOW, MULTIPLIERS, ROUNDS, SCALE, WEYL, Words, hash64
from dcsim.network import Network, Work

U64 = np.uint64
Word = np.uint64
FIRST, SECOND, MASK, HALF = U64(MULTIPLIERS[0]), U64(MULTIPLIERS[1]), U64(LOW), U64(32)
WEYL_LOW, WEYL_HIGH = U64(WEYL[0]), U64(WEYL[1])


@njit(nogil=True, inline="always")
def words(key: Word, place: Word, attempt: Word, block: int) -> tuple[Word, Word, Word, Word]:
    """Philox-4x32-10: four random words, one for each replication of the block."""
    a, b, c, d = place & MASK, place >> HALF, U64(attempt), U64(block)
    low, high = key & MASK, key >> HALF
    for _ in range(ROUNDS):
        one, two = FIRST * a, SECOND * c
        a, b, c, d = (two >> HALF) ^ b ^ low, two & MASK, (one >> HALF) ^ d ^ high, one & MASK
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


@kept(nogil=True)
def fill_minutes(key: Word, block: int, places: Words, instances: Ints, rows: Floats, minutes: Floats) -> None:
    """The working times of first attempts in the four replications of a block; minutes has a row for each."""
    for k in range(len(instances)):
        for lane, word in enumerate(words(key, places[k], U64(0), block)):
            minutes[lane, instances[k]] = read(rows, (np.float64(word) + 0.5) * SCALE)


@kept(nogil=True)
def fill_failures(
    key: Word, block: int, places: Words, instances: Ints, shares: Floats, failures: NDArray[np.int8]
) -> None:
    """How often instances fail in the four replications of a block."""
    for k in range(len(instances)):
        for lane, word in enumerate(words(key, places[k], U64(0), block)):
            u, count = (np.float64(word) + 0.5) * SCALE, 0
            while count < len(shares) and u > shares[count]:
                count += 1
            failures[lane, instances[k]] = count


@kept(nogil=True)
def values(key: Word, block: int, lane: int, places: Words, attempts: Ints, rows: Floats) -> Floats:
    """Values of one replication for places and attempts."""
    found = np.empty(len(places))
    for k in range(len(places)):
        word = words(key, places[k], U64(attempts[k]), block)[lane]
        found[k] = read(rows, (np.float64(word) + 0.5) * SCALE)
    return found


class Blocks:
    """The draws of replications asked for in order, with working times made for a block of four at once."""

    def __init__(self, network: Network, seed: int) -> None:
        self.network = network
        self.seed = seed
        self.minutes = np.zeros((LANES, network.instances))
        self.failures = np.zeros((LANES, network.instances), np.int8)
        self.places = [keys(network, work, work.instances) for work in network.work]
        self.block = -1
        for work in network.work:
            if isinstance(work.minutes, Fixed):
                self.minutes[:, work.instances] = float(work.minutes.value)

    def draws(self, replication: int, designed: Mapping[str, float]) -> Draws:
        """Settle one replication."""
        return draw(self.network, Sample(self.seed, replication, designed), self._working_times)

    def _fill(self, block: int) -> None:
        """Draw what is not rare for the four replications of a block."""
        self.block = block
        for work, places in zip(self.network.work, self.places, strict=True):
            if _is_common(work):
                key, rows = self._key(work, "duration"), _rows(work.minutes)
                fill_minutes(key, block, places, work.instances, rows, self.minutes)
            if work.rework is not None:
                key, shares = self._key(work, "rework.failures"), failures_table(work.rework.probability)
                fill_failures(key, block, places, work.instances, shares, self.failures)

    def _key(self, work: Work, what: str) -> Word:
        return np.uint64(hash64(f"{self.seed}/{quantity(self.network, work, what)}"))

    def _working_times(self, network: Network, chance: Chance, factors: tuple[Floats, ...]) -> WorkingTimes:
        """The same as `draws.working_times`."""
        assert isinstance(chance, Sample)
        block, lane = divmod(chance.replication, LANES)
        if block != self.block:
            self._fill(block)
        minutes, failures = self.minutes[lane].copy(), self.failures[lane]
        for work, places in zip(network.work, self.places, strict=True):
            if not _is_common(work) and not isinstance(work.minutes, Fixed):
                minutes[work.instances] = chance.values(work.minutes, quantity(network, work, "duration"), places)
            if work.factors:
                at = _place_of(work.instances)
                minutes[at] = times_factors(network, work, work.factors, factors, work.instances, minutes[at])
        again = np.cumsum(failures, dtype=np.int64) - failures
        retry, repair = np.zeros(int(failures.sum())), np.zeros(int(failures.sum()))
        for work in network.work:
            if work.rework is not None:
                instances, number = further(failures, work.instances)
                slot = again[instances] + number
                more = self._more(chance, work, work.minutes, "duration", instances, number + 1)
                retry[slot] = times_factors(network, work, work.factors, factors, instances, more)
                more = self._more(chance, work, work.rework.repair, "rework.duration", instances, number)
                repair[slot] = times_factors(network, work, work.rework.factors, factors, instances, more)
        return WorkingTimes(minutes, failures, again, retry, repair)

    def _more(
        self, chance: Sample, work: Work, distribution: Distribution, what: str, instances: Ints, attempts: Ints
    ) -> Floats:
        """Further attempts, or repairs."""
        places = keys(self.network, work, instances)
        if not isinstance(distribution, Continuous):
            return chance.values(distribution, quantity(self.network, work, what), places, attempts)
        block, lane = divmod(chance.replication, LANES)
        return values(self._key(work, what), block, lane, places, attempts, _rows(distribution))


def _is_common(work: Work) -> bool:
    """Whether working times are read from a table, for more than one instance."""
    return isinstance(work.minutes, Continuous) and len(work.instances) > 1


def _place_of(instances: Ints) -> Ints | slice:
    """Where these instances stand: a slice if they stand together."""
    first, last = int(instances[0]), int(instances[-1])
    return slice(first, last + 1) if last - first + 1 == len(instances) else instances


@lru_cache(maxsize=1024)
def _rows(distribution: Continuous) -> Floats:
    return table(distribution).ravel()
