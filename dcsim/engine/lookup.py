"""What the compiled engine and driving chains look up in the same tables.

The functions read arrays only: compiled where numba is there, the same in Python where not.
"""

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import NEVER, months_later
from dcsim.engine.jit import fast
from dcsim.engine.tables import I64, FlatDraws, Plan, Table, i64
from dcsim.network import REPAIR, WHOLE, WORK
from dcsim.trace import NOT

later = fast(months_later)


@fast
def interval(first: I64, table: Table, calendar: int, tick: int) -> int:
    """The first open interval of a calendar that ends after a tick."""
    low, high = first[calendar], first[calendar + 1]
    while low < high:
        middle = (low + high) >> 1
        if table[middle].closes <= tick:
            low = middle + 1
        else:
            high = middle
    return low


@fast
def is_open(first: I64, table: Table, calendar: int, tick: int) -> bool:
    """Whether a calendar is open in the minute from a tick."""
    if calendar == 0:
        return True
    k = interval(first, table, calendar, tick)
    return k < first[calendar + 1] and table[k].opens <= tick


@fast
def advance(first: I64, table: Table, calendar: int, tick: int, minutes: int) -> int:
    """The end of the last of so many worked minutes."""
    if minutes == 0 or calendar == 0:
        return tick + minutes
    k = interval(first, table, calendar, tick)
    end = first[calendar + 1]
    if k == end:
        return NEVER
    target = table[k].worked + max(0, tick - table[k].opens) + minutes
    low, high = k + 1, end
    while low < high:
        middle = (low + high) >> 1
        if table[middle].worked < target:
            low = middle + 1
        else:
            high = middle
    finish = table[low - 1].opens + target - table[low - 1].worked
    return finish if finish <= table[low - 1].closes else NEVER


@fast
def joined(keys: I64, together: I64, second: int, right: int) -> int:
    """The number of two calendars together."""
    key = (second << 32) | right
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return together[low]


@fast
def chosen(requirements: Table, number: int, mode: int) -> tuple[np.int64, np.int64]:
    """The alternative of a requirement that the last digit of a mode stands for, and the other digits."""
    first = i64(requirements[number].first_alternative)
    count = i64(requirements[number + 1].first_alternative) - first
    return first + mode % count, mode // count


@fast
def is_skipped(skipped: NDArray[np.bool_], node: int) -> bool:
    """Whether a branch skips a node."""
    return len(skipped) > 0 and skipped[node]


@fast
def activity_of(plan: Plan, instance: int) -> int:
    """The activity of an instance."""
    return plan.demand[plan.group[plan.node[instance].group].demand].activity


@fast
def demand_of(plan: Plan, instance: int, kind: int) -> int:
    """The demand of an attempt or a repair of an instance."""
    demand = plan.group[plan.node[instance].group].demand
    if kind == WORK:
        return demand
    activity = plan.demand[demand].activity
    at = plan.activity[activity].again + instance - plan.activity[activity].first
    return plan.again[at].repair if kind == REPAIR else plan.again[at].retry


@fast
def retreat(first: I64, table: Table, calendar: int, tick: int, minutes: int) -> int:
    """The latest tick from which so many minutes are worked by this one; 0 where there are not so many before it."""
    if calendar == 0:
        return max(0, tick - minutes)
    low, high = first[calendar], first[calendar + 1]
    while low < high:
        middle = (low + high) >> 1
        if table[middle].opens < tick:
            low = middle + 1
        else:
            high = middle
    if low == first[calendar]:
        return 0
    target = table[low - 1].worked + min(tick, table[low - 1].closes) - table[low - 1].opens - minutes
    if target < 0:
        return 0
    low, high = first[calendar], low
    while low < high:
        middle = (low + high) >> 1
        if table[middle].worked <= target:
            low = middle + 1
        else:
            high = middle
    return table[low - 1].opens + target - table[low - 1].worked


@fast
def tied_over(plan: Plan, chance: FlatDraws, lag: int, tick: int, planned: int, length: int) -> int:
    """When a lag is over that is reckoned by how long the predecessor takes, and when that was to finish."""
    begin, minutes = tick, plan.lag[lag].minutes + (2 * plan.lag[lag].share * length + WHOLE) // (2 * WHOLE)
    if plan.lag[lag].early:
        if planned == NOT:
            return NEVER
        begin = planned
    if plan.lag[lag].calendar < 0 or minutes == 0:
        return max(tick, begin + minutes)
    if minutes > 0:
        return advance(chance.open_first, chance.open, plan.lag[lag].calendar, begin, minutes)
    return max(tick, retreat(chance.open_first, chance.open, plan.lag[lag].calendar, begin, -minutes))


@fast
def lag_over(plan: Plan, chance: FlatDraws, lag: int, tick: int) -> int:
    """When a lag that begins at a tick is over."""
    if plan.lag[lag].calendar > 0:
        return advance(chance.open_first, chance.open, plan.lag[lag].calendar, tick, plan.lag[lag].minutes)
    if plan.lag[lag].months > 0:
        return later(plan.month, tick, plan.lag[lag].months) + plan.lag[lag].minutes
    return tick + plan.lag[lag].minutes


@fast
def due(plan: Plan, chance: FlatDraws, order: int, lot: int, placed: int) -> int:
    """When a lot of an order that is placed at a tick is due."""
    tick = placed + chance.lead[order].minutes
    if chance.lead[order].months > 0:
        tick = later(plan.month, placed, chance.lead[order].months) + chance.lead[order].minutes
    if plan.order[order].every_months > 0:
        tick = later(plan.month, tick, lot * plan.order[order].every_months)
    return tick + lot * plan.order[order].every


@fast
def arrival(plan: Plan, chance: FlatDraws, order: int, tick: int) -> int:
    """When a lot of an order comes that is due at a tick, with all that risks postpone it by."""
    arrives = tick + plan.order[order].after
    for k in range(len(chance.postponed)):
        if chance.postponed[k].stock == plan.order[order].follows:
            if chance.postponed[k].begins <= tick < chance.postponed[k].ends:
                arrives += chance.postponed[k].ticks
    return arrives
