"""What a change does to a milestone, replication by replication: both builds share their draws, so luck cancels."""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from scipy import special

from dcsim.analysis.quantiles import CONFIDENCE, Days


class Difference(NamedTuple):
    """How many days later a milestone is with a change; negative is earlier."""

    mean: float
    """Not a number unless both reach it in every replication."""
    low: float
    """The 95 % interval of the mean."""
    high: float
    median: float
    """Infinite where the change loses, or wins, the milestone in most replications."""
    earlier: float
    """The share of replications in which it is earlier, the same, and later; both unreached is the same."""
    same: float
    later: float
    width_ratio: float
    """How wide the interval is beside that of two independent samples: 1 if pairing does not help, below if it does."""


def difference(base: Days, changed: Days, block: int | None = None) -> Difference:
    """Compare a milestone's days in the same replications without and with a change.

    The interval of the mean is Student's, over replications, or over independent blocks of so many where a sampling
    design makes replications within a block depend on each other. Common random numbers: Law, Simulation Modeling and
    Analysis, section 11.2.
    """
    there = ~np.isnan(base) & ~np.isnan(changed)
    with np.errstate(invalid="ignore"):
        later = np.nan_to_num(changed, nan=inf) - np.nan_to_num(base, nan=inf)
    later[np.isnan(base) & np.isnan(changed)] = 0.0
    shares = (float(np.mean(later < 0)), float(np.mean(later == 0)), float(np.mean(later > 0)))
    median = float(np.quantile(later, 0.5, method="inverted_cdf"))
    if not there.all():
        return Difference(np.nan, np.nan, np.nan, median, *shares, np.nan)
    mean = float(later.mean())
    half = half_width(later, block)
    apart = sqrt(half_width(base, block) ** 2 + half_width(changed, block) ** 2)
    return Difference(mean, mean - half, mean + half, median, *shares, half / apart if 0 < apart < inf else np.nan)


def half_width(values: Days, block: int | None = None) -> float:
    """Half the 95 % interval of a mean; infinite where there are too few values to tell."""
    if block is not None:
        values = values[: len(values) // block * block].reshape(-1, block).mean(axis=1)
    if len(values) < 2:
        return inf
    tail = float(special.stdtrit(len(values) - 1, 1 - (1 - CONFIDENCE) / 2))
    return tail * float(np.std(values, ddof=1)) / sqrt(len(values))
