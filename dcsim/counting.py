"""Runs that stand one after another in one array: their positions, and where each begins."""

import numpy as np
from numpy.typing import NDArray


def positions(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position in its run, from 0, of each entry of runs that have so many entries."""
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)


def runs(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of numbers that never fall, where each run of equal ones begins, and of each entry which run it is in."""
    if len(numbers) and numbers[0] == numbers[-1]:
        return np.zeros(1, np.int64), np.zeros(len(numbers), np.int64)
    begins = np.ones(len(numbers), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=begins[1:])
    return np.flatnonzero(begins), np.cumsum(begins) - 1
