"""Positions in runs that stand one after another in one array."""

import numpy as np
from numpy.typing import NDArray


def positions(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position in its run, from 0, of each entry of runs that have so many entries."""
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
