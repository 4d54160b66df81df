"""How many units of every resource were at work, and how many there were, over time."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dcsim.analysis.frames import explained
from dcsim.engine.draws import Draws
from dcsim.trace import NOT, Ints, Trace


def usage_table(trace: Trace, draws: Draws) -> pd.DataFrame:
    """One row per change: resource, place, tick, used, capacity (units there are, after ramps and risks).

    What runs while the capacity falls keeps its units, so `used` may be above it for a while. Work that pauses when a
    calendar closes keeps what it holds.
    """
    network = trace.network
    table = np.concatenate([np.stack(part, axis=1) for part in changes(trace, draws)])
    resource, tick, used, capacity = table.T
    order = np.lexsort((tick, resource))
    resource, tick = resource[order], tick[order]
    last = np.append((resource[1:] != resource[:-1]) | (tick[1:] != tick[:-1]), True)[: len(resource)]
    sums = []
    for change in (used, capacity):
        total = np.cumsum(change[order])
        before = np.append(0, total)[np.searchsorted(resource, np.arange(len(network.resources)))]
        sums.append((total - before[resource])[last])
    resource, tick = resource[last], tick[last]
    same = (resource[1:] == resource[:-1]) & (np.diff(sums[0]) == 0) & (np.diff(sums[1]) == 0)
    keep = np.append(True, ~same)[: len(resource)]
    names = np.array([resource.name for resource in network.resources], object)
    places = np.array([resource.place for resource in network.resources], object)
    frame = pd.DataFrame(
        {
            "resource": pd.Series(names[resource[keep]], dtype="str"),
            "place": pd.Series(places[resource[keep]], dtype="str"),
            "tick": tick[keep],
            "used": sums[0][keep],
            "capacity": sums[1][keep],
        }
    )
    return explained(frame, network)


def changes(trace: Trace, draws: Draws) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """Everything that changes a resource: resource, tick, change of what is used, change of what there is."""
    yield from capacities(draws)
    for resource, amount, begins, ends in _held(trace):
        ticks = np.concatenate([begins, ends[ends != NOT]])
        units = np.where(np.arange(len(ticks)) < len(begins), amount, -amount)
        yield np.full(len(ticks), resource), ticks, units, np.zeros_like(units)


def capacities(draws: Draws) -> Iterator[tuple[Ints, Ints, Ints, Ints]]:
    """What changes how much there is of a resource, alike."""
    resources = np.arange(len(draws.capacity))
    none = np.zeros_like(resources)
    yield resources, none, none, draws.capacity
    steps, before = draws.steps, draws.capacity.copy()
    change = np.zeros(len(steps.units), np.int64)
    for row, (resource, units) in enumerate(zip(steps.resource.tolist(), steps.units.tolist(), strict=True)):
        change[row], before[resource] = units - before[resource], units
    yield steps.resource, steps.tick, np.zeros_like(change), change


def _held(trace: Trace) -> Iterator[tuple[int, int, Ints, Ints]]:
    """So many units of a resource that were taken at these ticks and given back at those."""
    network = trace.network
    demand, mode, begins, ends = trace.work().T
    modes, which = np.unique(mode, return_inverse=True)
    group = demand * (len(modes) + 1) + which.ravel()
    order = np.argsort(group, kind="stable")
    groups, first = np.unique(group[order], return_index=True)
    for resource, part in zip(groups.tolist(), np.split(order, first)[1:], strict=True):
        number, way = divmod(resource, len(modes) + 1)
        for claim in network.demands[number].taken(int(modes[way])):
            yield claim.resource, claim.amount, begins[part], ends[part]
