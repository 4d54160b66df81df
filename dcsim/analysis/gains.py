"""How many days earlier a date is in one scenario than in another, build by build.

Builds of the same replication have the same chance in both, so that only what differs between them is left. A date
that is not reached in one of them is no number of days: such replications are left out, and the share that reaches
it stands beside.
"""

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.differences import half_width
from dcsim.trace import NOT
from dcsim.units import DAY

Ints = NDArray[np.int64]
"""Ticks of a milestone, one of each replication."""


class Gain(NamedTuple):
    """Days earlier on average, with their 95 % interval; empty where no build reaches the date in both."""

    days: float
    low: float
    high: float
    reached: float
    """The share of builds in which the date is reached after all."""


def gain(before: Ints, after: Ints) -> Gain:
    """How much earlier the second is than the first."""
    reached = (before != NOT) & (after != NOT)
    return Gain(*interval((before - after)[reached] / DAY), float((after != NOT).mean()))


def interplay(base: Ints, first: Ints, second: Ints, together: Ints) -> Gain:
    """How many days more two changes buy together than apart; negative where they overlap."""
    reached = np.logical_and.reduce([ticks != NOT for ticks in (base, first, second, together)])
    return Gain(*interval((first + second - base - together)[reached] / DAY), float((together != NOT).mean()))


def interval(differences: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean of paired differences with its interval by Student's t; no width where all are the same."""
    if len(differences) == 0:
        return nan, nan, nan
    mean, half = float(differences.mean()), half_width(differences)
    return mean, mean - half, mean + half
