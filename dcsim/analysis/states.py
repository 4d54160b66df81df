"""How far every place of the lowest level was, day by day: not ready, waiting, working or done."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.places import SITE

STATES = ("not ready", "waiting", "working", "done")
NOT_READY, WAITING, WORKING, DONE = range(4)

NEVER = np.iinfo(np.int64).max
"""The tick of what does not happen."""


class States(NamedTuple):
    """Places that are alike, such as all racks, and what became of them."""

    places: tuple[str, ...]
    """Their paths, in the order of the tree."""
    place: NDArray[np.int64]
    """Of each spell of work there, the number of its place; sorted."""
    ready: NDArray[np.int64]
    start: NDArray[np.int64]
    finish: NDArray[np.int64]
    """Ticks; NEVER where it did not happen."""

    def at(self, tick: int) -> NDArray[np.int8]:
        """The state of every place at a tick.

        Done is a place in which everything finished; working, where something is at work; waiting, where something is
        ready and not yet at work, or where the next thing waits for what comes from elsewhere; not ready, where nothing
        has been ready yet.
        """
        states = np.zeros(len(self.places), np.int8)
        states[self.place[self.ready <= tick]] = WAITING
        states[self.place[(self.start <= tick) & (tick < self.finish)]] = WORKING
        open_ = np.zeros(len(self.places), np.bool_)
        open_[self.place[tick < self.finish]] = True
        states[~open_] = DONE
        return states


def states_of(activities: pd.DataFrame) -> States:
    """What became of the places of the lowest level, of which there are most, from the activities of a run."""
    level = activities["place"].str.count("/").where(activities["place"] != SITE, -1)
    if level.empty or level.max() < 0:
        return States((), *(np.zeros(0, np.int64) for _ in range(4)))
    own = activities[level == level.max()]
    number, places = pd.factorize(own["place"])
    order = np.argsort(number, kind="stable")
    ready, start, finish = (own[name].fillna(NEVER).to_numpy(np.int64)[order] for name in ("ready", "start", "finish"))
    return States(tuple(map(str, places)), number[order].astype(np.int64), ready, start, finish)
