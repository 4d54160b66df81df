"""Quantiles of dates over many replications, with intervals; what was never reached lies beyond the horizon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, inf, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from dcsim.analysis.frames import typed

Days = NDArray[np.float64]
"""Days of a milestone in many replications, in their order; not a number where it was not reached."""

LEVELS = (0.1, 0.5, 0.8, 0.9)
CONFIDENCE = 0.95
SUMMARY = (
    "milestone p10:number p50:number p80:number p90:number p80_low:number p80_high:number mean:number sd:number"
    " reached:number wanted:number probability:number late:number"
)
"""The columns of what is told of each milestone."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the range that holds the true value with 95 % confidence; infinite beyond the horizon."""

    estimate: float
    low: float
    high: float

    @property
    def within(self) -> float:
        """Half its width: the estimate is good within so many days."""
        return (self.high - self.low) / 2 if isfinite(self) else inf


def isfinite(interval: Interval) -> bool:
    """Whether all of it lies before the horizon."""
    return -inf < interval.low and max(interval.estimate, interval.high) < inf


def quantile(days: Days, level: float) -> float:
    """The smallest day by which at least that share of replications had reached it; infinite if none."""
    return float(_ordered(days)[rank(level, len(days)) - 1])


def rank(level: float, count: int) -> int:
    """Which of so many values in ascending order, counted from 1, is the quantile."""
    return max(1, ceil(round(level * count, 9)))  # 0.55 x 100 is a little more than 55 in floats


def _ordered(days: Days) -> Days:
    return np.sort(np.where(np.isnan(days), inf, days))


def order_statistics(days: Days, level: float) -> Interval:
    """A quantile with its interval from order statistics, which assumes nothing about the distribution.

    Where there are too few replications for an end of the interval, that end is infinite.
    """
    ordered = _ordered(days)
    low, high = ranks(len(ordered), level)
    return Interval(
        quantile(days, level),
        float(ordered[low - 1]) if low >= 1 else -inf,
        float(ordered[high - 1]) if high <= len(ordered) else inf,
    )


@lru_cache(maxsize=1024)
def ranks(count: int, level: float) -> tuple[int, int]:
    """Which of so many values in ascending order, counted from 1, enclose the true quantile with 95 % confidence.

    How many of them lie below it is binomial: Conover, Practical Nonparametric Statistics, section 3.2. The first is 0
    and the second `count` + 1 where no value is low or high enough.
    """
    below = special.bdtr(np.arange(count + 1), count, level)
    tail = (1 - CONFIDENCE) / 2
    return int(np.searchsorted(below, tail, side="right")), int(np.searchsorted(below, 1 - tail)) + 1


def between_blocks(days: Days, level: float, block: int) -> Interval:
    """A quantile with its interval from the spread between independent blocks of replications.

    How far the share below the quantile differs from block to block says how well the share is known, and the days at
    the ends of its interval are those of the quantile: Woodruff, Journal of the American Statistical Association 47
    (1952) 635.
    """
    estimate, ordered, count = quantile(days, level), _ordered(days), len(days)
    blocks = count // block
    if blocks < 2:
        return Interval(estimate, -inf, inf)
    below = np.nan_to_num(days[: blocks * block], nan=inf) <= min(estimate, ordered[ordered < inf].max(initial=-inf))
    spread = float(np.std(below.reshape(blocks, block).mean(axis=1), ddof=1)) / sqrt(blocks)
    half = float(special.stdtrit(blocks - 1, 1 - (1 - CONFIDENCE) / 2)) * spread
    low, high = floor(round(count * (level - half), 9)), floor(round(count * (level + half), 9)) + 1
    return Interval(
        estimate,
        float(ordered[low - 1]) if low >= 1 else -inf,
        float(ordered[high - 1]) if high <= count else inf,
    )


def share(count: int, of: int) -> tuple[float, float, float]:
    """A share with its 95 % interval: Wilson, Journal of the American Statistical Association 22 (1927) 209."""
    if of == 0:
        return np.nan, 0.0, 1.0
    z = float(special.ndtri(1 - (1 - CONFIDENCE) / 2))
    observed, wide = count / of, z * z / of
    centre, half = (
        (observed + wide / 2) / (1 + wide),
        sqrt(wide * observed * (1 - observed) + wide * wide / 4) / (1 + wide),
    )
    return observed, 0.0 if count == 0 else centre - half, 1.0 if count == of else centre + half


def summary_table(
    milestones: Mapping[str, Days], wanted: Mapping[str, tuple[float, float]], block: int | None = None
) -> pd.DataFrame:
    """One row per milestone: p10, p50, p80, p90 (days), p80_low, p80_high, mean, sd, reached, wanted,
    probability, late.

    `reached` is the share of replications that reached it before the horizon; mean and sd are empty unless all did;
    quantiles are infinite beyond it. For some milestones the day until which it is wanted is given, and the probability
    to be in time; `late` is by how many days those that reach it later do so, on average.
    """
    rows = []
    for name, days in milestones.items():
        reached = days[~np.isnan(days)]
        is_complete = len(reached) == len(days)
        p80 = order_statistics(days, 0.8) if block is None else between_blocks(days, 0.8, block)
        until, probability = wanted.get(name, (np.nan, np.nan))
        rows.append(
            {
                "milestone": name,
                **{f"p{round(100 * level)}": quantile(days, level) for level in LEVELS},
                "p80_low": p80.low,
                "p80_high": p80.high,
                "mean": float(reached.mean()) if is_complete else np.nan,
                "sd": float(reached.std(ddof=1)) if is_complete and len(reached) > 1 else np.nan,
                "reached": len(reached) / len(days),
                "wanted": until,
                "probability": probability,
                "late": float((reached[reached > until] - until).mean()) if (reached > until).any() else np.nan,
            }
        )
    return typed(rows, SUMMARY)


def bands(rows: NDArray[np.int64], levels: Sequence[float] = LEVELS) -> dict[float, NDArray[np.int64]]:
    """Quantiles of an amount on every day, from rows of day, amount and how many replications had it."""
    running, every_day = np.cumsum(rows[:, 2]), np.arange(int(rows[-1, 0]) + 1)
    n = int(running[-1]) // len(every_day)
    return {level: rows[np.searchsorted(running, every_day * n + rank(level, n)), 1] for level in levels}
