"""A build as frames in time: how far every place is, how much is counted, how much is in stock and what is short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.states import NEVER, States, states_of
from dcsim.analysis.supplies import total_over_time
from dcsim.analysis.waits import spells, waits_by_cause
from dcsim.units import DAY

Ints = NDArray[np.int64]

FEWEST = 60
"""Frames; a run of fewer days has finer steps."""
MOST_LEVELS = 2
"""Supplies whose stock is shown: those that the most waited for, the longest."""


@dataclass(frozen=True, eq=False)
class Line:
    """An amount in every frame."""

    name: str
    unit: str
    values: Ints
    short: NDArray[np.bool_] | None = None
    """Whether something waited for it between this frame and the one before; none for what is only counted."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What is shown, frame by frame."""

    ticks: Ints
    states: States
    counted: tuple[Line, ...]
    """Supplies that milestones look at, how much of them had ever been there."""
    levels: tuple[Line, ...]
    """Supplies that were waited for, how much of them was in stock."""


def scene(tables: Mapping[str, pd.DataFrame], counted: Sequence[str]) -> Scene:
    """The frames of a build, a day apart, from before the first place is ready until nothing shown changes any more."""
    supplies, shortages = tables["supplies"], tables["shortages"]
    states = states_of(tables["activities"])
    moments = np.concatenate([states.ready, states.start, states.finish])
    totals = {name: total_over_time(supplies, name) for name in counted}
    moments = np.concatenate([moments[moments < NEVER], *(total["tick"].to_numpy()[1:] for total in totals.values())])
    first, last = (int(moments.min()), int(moments.max())) if len(moments) else (0, DAY)
    step = DAY if last - first >= FEWEST * DAY else max(1, (last - first) // FEWEST)
    ticks = np.arange(first // step * step, last + 2 * step, step, dtype=np.int64)
    units = dict(zip(supplies["supply"], supplies["unit"], strict=True))
    lines = [Line(name, units[name], _at(ticks, total["tick"], total["total"])) for name, total in totals.items()]
    waits = waits_by_cause(shortages, int(ticks[-1])).sort_values("waiting_days", ascending=False, kind="stable")
    longest = [str(cause) for cause in waits["cause"] if cause in units][:MOST_LEVELS]
    return Scene(ticks, states, tuple(lines), tuple(_level(name, units[name], tables, ticks) for name in longest))


def _at(ticks: Ints, changes: "pd.Series[int]", amounts: "pd.Series[int]") -> Ints:
    """An amount by the ticks at which it changes."""
    known = np.append(0, amounts.to_numpy(np.int64))
    return np.asarray(known[np.searchsorted(changes.to_numpy(np.int64), ticks, side="right")])


def _level(name: str, unit: str, tables: Mapping[str, pd.DataFrame], ticks: Ints) -> Line:
    rows = tables["supplies"]
    rows = rows[rows["supply"] == name]
    values = sum((_at(ticks, part["tick"], part["level"]) for _, part in rows.groupby("place")), np.zeros_like(ticks))
    short = np.zeros(len(ticks), np.bool_)
    for begin, until in spells(tables["shortages"], name, int(ticks[-1])):
        short[np.searchsorted(ticks, begin, side="right") : np.searchsorted(ticks, until) + 1] = True
    return Line(name, unit, np.asarray(values, np.int64), short)
