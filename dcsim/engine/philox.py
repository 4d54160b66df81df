"""Uniform random numbers as a function of what they are for, and of nothing else.

Philox-4x32-10, a counter-based generator: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011. The key is (seed, name of the quantity), the counter (place, attempt, block of four replications); the four
words that come out belong to the four replications of the block.
"""

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dcsim.errors import RequestError
from dcsim.places import Places

Words = NDArray[np.uint64]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
LANES = 4
"""Replications that share a block."""
MOST_REPLICATIONS = LANES * 2**32
"""Replications of one seed: the number of a block has 32 bits."""
MOST_SEEDS = 2**32 - 1
"""Seeds; what draws beside this generator takes no larger ones."""
SCALE = 2.0**-32
LOW = 0xFFFFFFFF


def refuse_uncountable(seed: int, replication: int) -> None:
    """A seed and the number of a replication fit the generator."""
    for what, number, most in (("seed", seed, MOST_SEEDS), ("replication", replication, MOST_REPLICATIONS)):
        if not 0 <= number < most:
            raise RequestError(f"a {what} is a whole number from 0 to {most - 1:,}, got {number:,}")


@lru_cache(maxsize=65536)
def hash64(text: str) -> int:
    """A number that stands for a text, the same on every machine."""
    return _hash64(text)


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


@lru_cache(maxsize=64)
def place_keys(places: Places, level: str) -> Words:
    """For each place of a level, the number that stands for its path."""
    return np.fromiter(map(_hash64, places.each_path(level)), np.uint64, places.count(level))


def philox(
    key: int, places: Words, attempts: NDArray[np.int64] | int, block: NDArray[np.int64] | int
) -> tuple[Words, Words, Words, Words]:
    """Four random 32-bit words for every place (and attempt, and block)."""
    mask, shift = np.uint64(LOW), np.uint64(32)
    first, second = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
    a, b = places & mask, places >> shift
    c = np.broadcast_to(np.asarray(attempts, np.uint64), places.shape)
    d = np.broadcast_to(np.asarray(block, np.uint64), places.shape)
    low, high = key & LOW, key >> 32
    for _ in range(ROUNDS):
        left, two = first * a, second * c
        a, b, c, d = (two >> shift) ^ b ^ np.uint64(low), two & mask, (left >> shift) ^ d ^ np.uint64(high), left & mask
        low, high = (low + WEYL[0]) & LOW, (high + WEYL[1]) & LOW
    return a, b, c, d


def uniforms(
    seed: int, name: str, places: Words, attempts: NDArray[np.int64] | int, replication: int
) -> NDArray[np.float64]:
    """A number between 0 and 1, ends excluded, for every place (and attempt)."""
    block, lane = divmod(replication, LANES)
    words = philox(hash64(f"{seed}/{name}"), places, attempts, block)[lane]
    return np.asarray((words.astype(np.float64) + 0.5) * SCALE)


def uniform(seed: int, name: str, place: int, replication: int) -> float:
    """The same number for one place, without the cost of arrays."""
    key, (block, lane) = hash64(f"{seed}/{name}"), divmod(replication, LANES)
    a, b, c, d = place & LOW, place >> 32, 0, block
    low, high = key & LOW, key >> 32
    for _ in range(ROUNDS):
        left, two = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (two >> 32) ^ b ^ low, two & LOW, (left >> 32) ^ d ^ high, left & LOW
        low, high = (low + WEYL[0]) & LOW, (high + WEYL[1]) & LOW
    return float(((a, b, c, d)[lane] + 0.5) * SCALE)


def uniform_each(seed: int, name: str, place: int, replications: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same number for one place in each of these replications."""
    block, lane = np.divmod(replications, LANES)
    places = np.full(len(block), place, np.uint64)
    words = np.choose(lane, philox(hash64(f"{seed}/{name}"), places, 0, block))
    return np.asarray((words.astype(np.float64) + 0.5) * SCALE)
