"""What a change does to an outcome, replication by replication: both builds share their draws, so luck cancels."""

from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from scipy import special

from dcsim.analysis.quantiles import CONFIDENCE, Days


class Difference(NamedTuple):
    """By how much an outcome is more with a change; negative is less, of a day earlier."""

    mean: float
    """Not a number unless there is one in every replication without and with the change."""
    low: float
    """The 95 % interval of the mean."""
    high: float
    median: float
    """Of the replications that have the outcome without and with the change; infinite where the change loses, or wins,
    the milestone in most."""
    less: float
    """The share of replications in which it is less, the same, and more; both unreached is the same."""
    same: float
    more: float
    width_ratio: float
    """How wide the interval is beside that of two independent samples: 1 if pairing does not help, below if it does."""


def difference(base: Days, changed: Days, block: int | None = None) -> Difference:
    """Compare an outcome in the same replications without and with a change.

    Of a milestone it is the day, infinite where it is not reached. Not a number is an outcome that is not there: such
    replications are neither less nor more. The interval of the mean is Student's, over replications, or over
    independent blocks of so many where a sampling design makes replications within a block depend on each other. Common
    random numbers: Law, Simulation Modeling and Analysis, section 11.2.
    """
    paired = np.isfinite(base) & np.isfinite(changed)
    with np.errstate(invalid="ignore"):
        more = changed - base
    more[base == changed] = 0.0
    known = more[~np.isnan(more)]
    median = float(np.quantile(known, 0.5, method="inverted_cdf")) if len(known) else np.nan
    more[np.isnan(base) & np.isnan(changed)] = 0.0
    shares = (float(np.mean(more < 0)), float(np.mean(more == 0)), float(np.mean(more > 0)))
    if not paired.all():
        return Difference(np.nan, np.nan, np.nan, median, *shares, np.nan)
    mean = float(more.mean())
    half = half_width(more, block)
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
