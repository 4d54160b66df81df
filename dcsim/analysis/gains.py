"""How much better an outcome is in one scenario than in another, build by build: days earlier, or money more.

Builds of the same replication have the same chance in both, so that only what differs between them is left. What is
not there in one of them, such as a date that is not reached, is no number: such builds are left out, and how many have
it is told beside.
"""

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.differences import half_width

Values = NDArray[np.float64]
"""Outcomes of which less is better, such as days, one of each replication; not a number where there is none."""


class Gain(NamedTuple):
    """How much better on average, with the 95 % interval; empty where no build has the outcome in both."""

    gain: float
    low: float
    high: float
    reached: float
    """The share of builds that have the outcome after all."""


def gain(before: Values, after: Values) -> Gain:
    """How much earlier, or better, the second is than the first."""
    return Gain(*interval(before - after), float((~np.isnan(after)).mean()))


def interplay(without: Values, first: Values, second: Values, combined: Values) -> Gain:
    """How much more two changes buy together than apart; negative where they overlap."""
    return Gain(*interval(first + second - without - combined), float((~np.isnan(combined)).mean()))


def interval(differences: Values) -> tuple[float, float, float]:
    """The mean of paired differences with its interval by Student's t; no width where all are the same."""
    known = differences[~np.isnan(differences)]
    if len(known) == 0:
        return nan, nan, nan
    mean, half = float(known.mean()), half_width(known)
    return mean, mean - half, mean + half
