"""What a build waited for: the time in which anything waited, by cause and by activity."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import typed
from dcsim.network import Network
from dcsim.trace import NOT, Ints
from dcsim.units import DAY


def waits_by_cause(shortages: pd.DataFrame, end: int) -> pd.DataFrame:
    """One row per cause, longest first: cause, days, waiting_days, activities.

    `days` is the time in which anything waited for it; `waiting_days` adds up the days of all that waited:
    ten racks that wait one day are ten. Activities stand in the order of their part of that.
    """
    rows = []
    for cause, part in shortages.groupby("cause", sort=False):
        span = _ends(part, end) - part["from"].to_numpy(np.int64)
        weights = (part["waiting"] * span).groupby(part["activity"]).sum().sort_values(ascending=False)
        covered = sum(until - begin for begin, until in spells(part, str(cause), end))
        names = ", ".join(str(name) for name in weights.index)
        rows.append((str(cause), covered / DAY, float(weights.sum()) / DAY, names))
    frame = typed(rows, "cause days:number waiting_days:number activities")
    return frame.sort_values(["days", "waiting_days"], ascending=False, kind="stable", ignore_index=True)


def spells(shortages: pd.DataFrame, cause: str, end: int) -> list[tuple[int, int]]:
    """The times in which anything waited for a cause, as disjoint [from, to) in ticks."""
    merged: list[tuple[int, int]] = []
    for begin, until, _ in queue_lengths(shortages, cause, end):
        if merged and begin == merged[-1][1]:
            merged[-1] = (merged[-1][0], until)
        else:
            merged.append((begin, until))
    return merged


def queue_lengths(shortages: pd.DataFrame, cause: str, end: int) -> list[tuple[int, int, int]]:
    """How many waited for a cause when: disjoint [from, to) in ticks with a number above zero."""
    part = shortages[shortages["cause"] == cause]
    waiting = part["waiting"].to_numpy(np.int64)
    ticks = np.concatenate([part["from"].to_numpy(np.int64), _ends(part, end)])
    moments, position = np.unique(ticks, return_inverse=True)
    changes = np.zeros(len(moments), np.int64)
    np.add.at(changes, position, np.concatenate([waiting, -waiting]))
    lengths = np.cumsum(changes)
    rows = zip(moments[:-1].tolist(), moments[1:].tolist(), lengths[:-1].tolist(), strict=True)
    return [(begin, until, count) for begin, until, count in rows if count > 0]


def _ends(shortages: pd.DataFrame, end: int) -> Ints:
    """When these end; what never does, at the end of the story."""
    return shortages["to"].fillna(end).to_numpy(np.int64)


def end_of(network: Network, finish: Ints) -> int:
    """The tick at which the tables of a run end: its last finish, or the horizon if something never finished."""
    finish = finish[network.built]
    return network.horizon if (finish == NOT).any() else int(finish.max(initial=0))


def binned(spells: Sequence[tuple[int, int, int]], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many waited on average in each span between the edges, from [from, to) with a number."""
    if not spells:
        return np.zeros(len(edges) - 1)
    begins, ends, numbers = np.array(spells, np.float64).T
    ticks, steps = np.concatenate([begins, ends]), np.concatenate([numbers, -numbers])
    order = np.argsort(ticks, kind="stable")
    ticks, level = ticks[order], np.cumsum(steps[order])
    area = np.concatenate([[0.0], np.cumsum(level[:-1] * np.diff(ticks))])
    return np.asarray(np.diff(np.interp(edges, ticks, area)) / np.diff(edges))
