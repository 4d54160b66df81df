"""What waiting costs: the area between a curve that should have been and the one that was, shared among its causes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.chain.ways import Codes
from dcsim.trace import Ints
from dcsim.units import DAY

Floats = NDArray[np.float64]


class Growth(NamedTuple):
    """So many units of something that are there from a tick on; columns of equal length."""

    tick: Ints
    amount: Ints


def lateness(simulated: Growth, target: Growth) -> Floats:
    """Of every step of the simulated growth, in its order, the unit-minutes by which its units are later than planned.

    The units of both curves are numbered as they come, and each is compared with that of its own number; units that
    come earlier than planned count for nothing, and so do those beyond the end of the plan.
    """
    order, planned = np.argsort(simulated.tick, kind="stable"), np.argsort(target.tick, kind="stable")
    edges, ends = np.cumsum(simulated.amount[order]), np.cumsum(target.amount[planned])
    marks = np.unique(np.concatenate([[0], edges, ends]))
    marks = marks[marks <= min(edges[-1] if len(edges) else 0, ends[-1] if len(ends) else 0)]
    delays = np.zeros(len(order))
    if len(marks) > 1:
        units, last = np.diff(marks), marks[1:]
        step, plan = np.searchsorted(edges, last), np.searchsorted(ends, last)
        late = np.maximum(0, simulated.tick[order][step] - target.tick[planned][plan])
        np.add.at(delays, order[step], (units * late).astype(np.float64))
    return delays


def shared(unit_minutes: float, spent: Ints, codes: Codes) -> Floats:
    """The unit-minutes lost by one step among what its driving chain waited for, in proportion to the time; by code.

    Working and lags are no waiting. Where a chain has nothing else, the loss is that of its work.
    """
    waited = spent.astype(np.float64)
    waited[codes.work : codes.wait] = 0
    waited[codes.lag : codes.date] = 0
    if waited.sum() <= 0:
        waited = spent.astype(np.float64)
    return unit_minutes * waited / waited.sum() if waited.sum() > 0 else np.zeros(len(spent))


def by_day(growth: Growth, days: int) -> Ints:
    """Units that are there at the end of each day since the start."""
    gained = np.zeros(days, np.int64)
    inside = growth.tick < days * DAY
    np.add.at(gained, growth.tick[inside] // DAY, growth.amount[inside])
    return np.cumsum(gained)
