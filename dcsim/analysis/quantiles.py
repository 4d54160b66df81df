"""Quantiles of dates over many replications, with intervals; what was never reached lies beyond the horizon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

Days = NDArray[np.float64]
"""Days of a milestone in many replications, in their order; not a number where it was not reached."""

LEVELS = (0.1, 0.5, 0.8, 0.9)
CONFIDENCE = 0.95


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
    return max(interval.estimate, interval.low, interval.high) < inf


def quantile(days: Days, level: float) -> float:
    """The smallest day by which at least that share of replications had reached it; infinite if none."""
    ordered = np.sort(np.where(np.isnan(days), inf, days))
    return float(ordered[max(0, ceil(level * len(ordered)) - 1)])


def order_statistics(days: Days, level: float) -> Interval:
    """A quantile with its interval from order statistics, which assumes nothing about the distribution.

    The number of replications below the true quantile is binomial: Conover, Practical Nonparametric Statistics, 3.2.
    """
    ordered = np.sort(np.where(np.isnan(days), inf, days))
    count = len(ordered)
    tail = (1 - CONFIDENCE) / 2
    low = int(special.bdtrik(tail, count, level)) if count else 0
    high = ceil(float(special.bdtrik(1 - tail, count, level))) + 1
    estimate = quantile(days, level)
    return Interval(
        estimate,
        float(ordered[low - 1]) if low >= 1 else -inf,
        float(ordered[high - 1]) if high <= count else inf,
    )


def between_blocks(days: Days, level: float, block: int) -> Interval:
    """A quantile with its interval from the spread between independent blocks of replications."""
    estimate = quantile(days, level)
    blocks = [quantile(days[k : k + block], level) for k in range(0, len(days) - block + 1, block)]
    if len(blocks) < 2 or max(blocks) == inf:
        return Interval(estimate, -inf, inf)
    spread = float(np.std(blocks, ddof=1)) / sqrt(len(blocks))
    half = float(special.stdtrit(len(blocks) - 1, 1 - (1 - CONFIDENCE) / 2)) * spread
    return Interval(estimate, estimate - half, estimate + half)


def summary_table(
    milestones: Mapping[str, Days], wanted: Mapping[str, float], block: int | None = None
) -> pd.DataFrame:
    """One row per milestone: p10, p50, p80, p90 (days), p80_low, p80_high, mean, sd, reached, wanted, probability.

    `reached` is the share of replications that reached it before the horizon; mean and sd are empty unless all did;
    quantiles are infinite beyond it. `probability` is the chance to be there by the day `wanted`.
    """
    rows = []
    for name, days in milestones.items():
        there = days[~np.isnan(days)]
        whole = len(there) == len(days)
        p80 = order_statistics(days, 0.8) if block is None else between_blocks(days, 0.8, block)
        day = wanted.get(name, np.nan)
        rows.append(
            {
                "milestone": name,
                **{f"p{round(100 * level)}": quantile(days, level) for level in LEVELS},
                "p80_low": p80.low,
                "p80_high": p80.high,
                "mean": float(there.mean()) if whole else np.nan,
                "sd": float(there.std(ddof=1)) if whole and len(there) > 1 else np.nan,
                "reached": len(there) / len(days),
                "wanted": day,
                "probability": np.nan if np.isnan(day) else float((there <= day).sum()) / len(days),
            }
        )
    return pd.DataFrame(rows)


def bands(counts: NDArray[np.int32], width: int, levels: Sequence[float] = LEVELS) -> dict[float, NDArray[np.int64]]:
    """Quantiles of an amount on every day, from how many replications had which amount: days by amounts / width."""
    running = np.cumsum(counts, axis=1)
    total = running[:, -1:]
    return {level: (running < np.ceil(level * total)).sum(axis=1) * width for level in levels}
