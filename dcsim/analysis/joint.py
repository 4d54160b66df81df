"""Two things at once: which limits of both are kept with a given probability."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.quantiles import rank

Floats = NDArray[np.float64]
MOST = 200
"""Points of a contour."""


def contour(days: Floats, costs: Floats, level: float) -> tuple[Floats, Floats]:
    """The limits of both with which at least this share of replications keeps both: of each day the least cost.

    Days that do not come are infinite. The first day is the earliest with which any cost will do; of many days some
    are taken, evenly by rank. Costs never rise with later days. Nothing where too few replications reach their day.
    """
    needed, order = rank(level, len(days)) if len(days) else 1, np.argsort(days, kind="stable")
    reached = int(np.isfinite(days).sum())
    if reached < needed:
        return np.zeros(0), np.zeros(0)
    last = np.arange(needed, reached + 1)
    last = np.unique(np.append(last[:: ceil(len(last) / MOST)], reached))
    sums = [np.partition(costs[order[:k]], needed - 1)[needed - 1] for k in last.tolist()]
    return days[order[last - 1]], np.minimum.accumulate(np.array(sums))
