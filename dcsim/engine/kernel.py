"""The loop of the compiled engine: the law of the instant over flat arrays, in one pass without Python.

It shares the network, the draws and the written law with the reference engine, and nothing else. Tables are two
dimensional; their columns have names. A list of lists is a first index into `lists`, ended by that of the next row.
"""

from math import floor
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
F64 = NDArray[np.float64]

WORK, RETRY, REPAIR = 0, 1, 2
NOT = -1
ANY = -1
"""What a queue lacks that may start after any change."""
NEVER = 2**62

FINISH, LAG, LOOK, LOT, START = range(5)
"""What can become due: the end of a piece of work, a lag, another look at those who wait for calendars, a lot of an
order that waited for its gate, and a start that something waits for."""
KINDS = 3
"""Bits of an event that say which of these it is."""

# Columns of the plan
DEMAND, BUNDLE, LEARNER = range(3)  # of an instance; -1 where nothing is learned
COUNTER, MULTIPLIER, MULTIPLIERS = range(3)  # of a learner: the count of first starts it goes by, and its multipliers
TO, LAG_OF = range(2)  # of a link
MINUTES, COUNTED_BY = range(2)  # of a lag; the calendar is -1 where it is elapsed
FIRST, AGAIN, START_GATE = range(3)  # of an activity; -1 without rework, without links from starts
ACTIVITY, KIND, RANK, CALENDAR, TOLD_WITH, FAMILY, REQUIREMENT, TAKE, MODE = range(9)  # of a demand
CAUSE, ALTERNATIVE = range(2)  # of a requirement
WORKS_BY, CLAIM = range(2)  # of a mode
WHAT, AMOUNT = range(2)  # of a claim or take
CLOSED, STOPPED_BY = range(2)  # of a calendar: its cause, and the risks that stop work in it
MILESTONE, ORDERS = range(2)  # of a gate
STOCK, LOTS, QUANTITY, EVERY, LOT_FIRST = range(5)  # of an order
GATE, REACHES = range(2)  # of a milestone
INITIAL, LACKED, MILESTONES = range(3)  # of a stock
TICK, NODE = range(2)  # of a release

# Columns of the draws
D_TICK, D_STOCK, D_AMOUNT = range(3)  # of a delivery
P_STOCK, P_BEGINS, P_ENDS, P_TICKS = range(4)  # of a postponement
S_TICK, S_RESOURCE, S_UNITS = range(3)  # of a step of capacity
E_BEGINS, E_ENDS, E_MULTIPLIER = range(3)  # of an effect on durations
OPENS, CLOSES, WORKED = range(3)  # of an open interval
BEGINS, ENDS = range(2)  # of the window of a risk

# Columns of the state
NOW, BEFORE, CHANGED, CAPACITY = range(4)  # of a level: a resource, or a stock
FOLLOWING, SINCE, TURN, USED, READY, STARTED, FINISHED, ATTEMPTS, HELD_BY, ROW = range(10)  # of an instance
PRESENT = 10  # what an instance is at: work, retry or repair, and above the second bit in which mode
HEAD, TAIL, WAITING, BATCH, BATCH_TICK, NEWEST, LACKS, IS_AWAKE, IS_STIRRED = range(9)  # of a queue
TOTAL, CALLED, SHORT_OF, SHORT_SINCE, SHORT_COUNT = range(9, 14)  # of those told with a queue
AWAKE, STIRRED, PLACE, RANKED = range(14, 18)  # lists of queues
WAITED, SPELLS, SHORT_QUEUES, SPELL_SINCE = range(4)  # of a cause
EVENTS, RIPE, WAKING, STIRRING, ROWS, SHORTAGES, RELEASES, DELIVERIES, STEPS = range(9)  # counts


class Plan(NamedTuple):
    """The network as flat arrays, the same for every replication."""

    horizon: int
    tick_bits: int
    """Bits that hold a tick; an event is (tick, what) in one number."""
    id_bits: int
    """Bits that hold an instance; a place in the order of the law is one number too."""
    first_calendar_cause: int
    needed: I32
    instance: I32
    link_first: I32
    link: I32
    lag: I64
    activity: I64
    again: I32
    """Of each instance with rework, the queues of a retry and of a repair."""
    bundle: I64
    take: I64
    demand: I64
    requirement: I64
    mode: I64
    claim: I64
    resource_calendar: I64
    calendar: I64
    level: I64
    """Of each level (resources, then stocks), the queues that need it."""
    lists: I64
    risk_cause: I64
    release: I64
    gate: I64
    order: I64
    milestone: I64
    stock: I64
    learner: I64
    multipliers: F64


class Chance(NamedTuple):
    """One replication's draws as flat arrays."""

    minutes: F64
    failures: NDArray[np.int8]
    again: I64
    again_minutes: F64
    """Of each further attempt and repair: their minutes."""
    delivery: I64
    lead: I64
    postponed: I64
    capacity: I64
    step: I64
    effect_first: I64
    effect: F64
    open_first: I64
    open: I64
    base_first: I64
    base: I64
    """The calendars as they are without risks."""
    window: I64


class State(NamedTuple):
    """Everything that changes while a replication runs, and what it leaves."""

    counts: I64
    missing: I32
    ripe: I32
    """Nodes that have all they waited for and have not happened yet."""
    events: I64
    level: I64
    ever: I64
    """Of each stock and then each milestone of supplies, the units ever there."""
    queue: I64
    instance: I32
    learned: I64
    reached: I64
    lot_tick: I64
    row: I32
    """Attempts and repairs: instance, number, kind, ready, start, finish, held by."""
    shortage: I64
    """Shortages: demand, begins, ends, cause, waiting."""
    cause: I64


OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}

leaf = njit(**OPTIONS)
"""A function of few arrays; without reference counts, which would cost more than the events."""
part = njit(**OPTIONS, inline="always")
"""A part of the loop, written out where it is called: handing all arrays over would cost more than the work."""
whole = njit(**OPTIONS, cache=True)


# Calendars


@leaf
def interval(first: I64, table: I64, calendar: int, tick: int) -> int:
    """The first open interval of a calendar that ends after a tick."""
    low, high = first[calendar], first[calendar + 1]
    while low < high:
        middle = (low + high) >> 1
        if table[middle, CLOSES] <= tick:
            low = middle + 1
        else:
            high = middle
    return low


@leaf
def is_open(first: I64, table: I64, calendar: int, tick: int) -> bool:
    if calendar == 0:
        return True
    k = interval(first, table, calendar, tick)
    return k < first[calendar + 1] and table[k, OPENS] <= tick


@leaf
def next_change(first: I64, table: I64, calendar: int, tick: int) -> int:
    """The first tick after this one at which a calendar opens or closes."""
    k = interval(first, table, calendar, tick)
    if k == first[calendar + 1]:
        return NEVER
    return table[k, OPENS] if table[k, OPENS] > tick else table[k, CLOSES]


@leaf
def advance(first: I64, table: I64, calendar: int, tick: int, minutes: int) -> int:
    """The end of the last of so many worked minutes."""
    if minutes == 0 or calendar == 0:
        return tick + minutes
    k = interval(first, table, calendar, tick)
    end = first[calendar + 1]
    if k == end:
        return NEVER
    target = table[k, WORKED] + max(0, tick - table[k, OPENS]) + minutes
    low, high = k + 1, end
    while low < high:
        middle = (low + high) >> 1
        if table[middle, WORKED] < target:
            low = middle + 1
        else:
            high = middle
    finish = table[low - 1, OPENS] + target - table[low - 1, WORKED]
    return finish if finish <= table[low - 1, CLOSES] else NEVER


# Events: a binary heap of (tick, what, kind) in one number each


@leaf
def push(count: I64, events: I64, shift: int, tick: int, what: int, kind: int) -> None:
    key = (tick << shift) | (what << KINDS) | kind
    at = count[EVENTS]
    count[EVENTS] = at + 1
    while at > 0:
        parent = (at - 1) >> 1
        if events[parent] <= key:
            break
        events[at] = events[parent]
        at = parent
    events[at] = key


@leaf
def pop(count: I64, events: I64) -> int:
    """Take the earliest: walk the gap to a leaf along the smaller children, then let the last one rise into it."""
    top = events[0]
    size = count[EVENTS] - 1
    count[EVENTS] = size
    last = events[size]
    at, child = 0, 1
    while child + 1 < size:
        child += events[child + 1] < events[child]
        events[at] = events[child]
        at, child = child, 2 * child + 1
    if child < size:
        events[at] = events[child]
        at = child
    while at > 0:
        parent = (at - 1) >> 1
        if events[parent] <= last:
            break
        events[at] = events[parent]
        at = parent
    events[at] = last
    return top


# Levels and queues


@leaf
def wake(count: I64, queues: I64, queue: int) -> None:
    if not queues[queue, IS_AWAKE]:
        queues[queue, IS_AWAKE] = 1
        queues[count[WAKING], AWAKE] = queue
        count[WAKING] += 1


@leaf
def stir(demands: I64, count: I64, queues: I64, member: int) -> None:
    queue = demands[member, TOLD_WITH]
    if not queues[queue, IS_STIRRED]:
        queues[queue, IS_STIRRED] = 1
        queues[count[STIRRING], STIRRED] = queue
        count[STIRRING] += 1


@leaf
def change(
    hearing: I64, lists: I64, demands: I64, count: I64, levels: I64, queues: I64, tick: int, level: int, units: int
) -> None:
    """So many units more, or fewer, are there; the queues that need them hear of it."""
    if levels[level, CHANGED] != tick:
        levels[level, BEFORE] = levels[level, NOW]
        levels[level, CHANGED] = tick
    levels[level, NOW] += units
    for k in range(hearing[level], hearing[level + 1]):
        queue = lists[k]
        if queues[queue, WAITING] > 0:
            stir(demands, count, queues, queue)
            if units > 0 and (queues[queue, LACKS] == ANY or queues[queue, LACKS] == level):
                wake(count, queues, queue)


@leaf
def join(demands: I64, count: I64, queues: I64, instances: I32, tick: int, instance: int, queue: int) -> None:
    """A piece of work is ready: it stands behind all that became ready earlier, and within a tick in place order."""
    instances[instance, SINCE] = tick
    stir(demands, count, queues, queue)
    if queues[queue, WAITING] == 0:
        queues[queue, LACKS] = ANY
        wake(count, queues, queue)
        queues[queue, HEAD] = queues[queue, BATCH] = queues[queue, NEWEST] = NOT
        queues[queue, BATCH_TICK] = tick
    elif queues[queue, BATCH_TICK] != tick:
        queues[queue, BATCH_TICK] = tick
        queues[queue, BATCH] = queues[queue, TAIL]
        queues[queue, NEWEST] = NOT
    before = queues[queue, BATCH]
    if queues[queue, NEWEST] != NOT and queues[queue, NEWEST] < instance:
        before = queues[queue, NEWEST]
    behind = queues[queue, HEAD] if before == NOT else np.int64(instances[before, FOLLOWING])
    while behind != NOT and behind < instance:
        before, behind = behind, np.int64(instances[behind, FOLLOWING])
    instances[instance, FOLLOWING] = behind
    if before == NOT:
        queues[queue, HEAD] = instance
    else:
        instances[before, FOLLOWING] = instance
    if behind == NOT:
        queues[queue, TAIL] = instance
    queues[queue, NEWEST] = instance
    queues[queue, WAITING] += 1
    queues[demands[queue, TOLD_WITH], TOTAL] += 1


@leaf
def leave(demands: I64, queues: I64, instances: I32, queue: int) -> int:
    """The head of a queue is served."""
    instance = queues[queue, HEAD]
    queues[queue, HEAD] = instances[instance, FOLLOWING]
    queues[queue, WAITING] -= 1
    queues[demands[queue, TOLD_WITH], TOTAL] -= 1
    if queues[queue, BATCH] == instance:
        queues[queue, BATCH] = NOT
    if queues[queue, NEWEST] == instance:
        queues[queue, NEWEST] = NOT
    return instance


@part
def queue_of(plan: Plan, instance: int, kind: int) -> int:
    """Where an attempt or a repair of an instance waits."""
    demand = plan.instance[instance, DEMAND]
    if kind == WORK:
        return demand
    activity = plan.demand[demand, ACTIVITY]
    at = plan.activity[activity, AGAIN] + instance - plan.activity[activity, FIRST]
    return plan.again[at, kind - RETRY]


@part
def queue_up(plan: Plan, state: State, tick: int, instance: int, kind: int) -> None:
    """An attempt or a repair joins its queue."""
    instances = state.instance
    instances[instance, PRESENT] = kind
    queue = queue_of(plan, instance, kind)
    if len(state.row) > 0 and plan.activity[plan.demand[queue, ACTIVITY], AGAIN] != NOT:
        row = state.counts[ROWS]
        state.counts[ROWS] += 1
        instances[instance, ROW] = row
        number = instances[instance, ATTEMPTS]
        state.row[row, 0] = instance
        state.row[row, 1] = number if kind == REPAIR else number + 1
        state.row[row, 2] = REPAIR if kind == REPAIR else WORK
        state.row[row, 3] = tick
        state.row[row, 4] = state.row[row, 5] = state.row[row, 6] = NOT
    join(plan.demand, state.counts, state.queue, instances, tick, instance, queue)


# Settling


@leaf
def satisfy(count: I64, missing: I32, ripe: I32, node: int) -> None:
    """One of the things that a node waits for has come."""
    missing[node] -= 1
    if missing[node] == 0:
        ripe[count[RIPE]] = node
        count[RIPE] += 1


@part
def place_order(plan: Plan, chance: Chance, state: State, tick: int, order: int) -> None:
    """An order that waited is placed now; its lots come when they come."""
    for lot in range(plan.order[order, LOTS]):
        due = tick + chance.lead[order] + lot * plan.order[order, EVERY]
        arrival = due
        for k in range(len(chance.postponed)):
            if chance.postponed[k, P_STOCK] == plan.order[order, STOCK]:
                if chance.postponed[k, P_BEGINS] <= due < chance.postponed[k, P_ENDS]:
                    arrival += chance.postponed[k, P_TICKS]
        if arrival <= plan.horizon:
            what = plan.order[order, LOT_FIRST] + lot
            push(state.counts, state.events, 63 - plan.tick_bits, arrival, what, LOT)


@part
def follow(plan: Plan, chance: Chance, state: State, tick: int, node: int) -> None:
    """What waits for this node hears of it, at once or after a lag."""
    for k in range(plan.link_first[node], plan.link_first[node + 1]):
        lag = plan.link[k, LAG_OF]
        if lag == 0:
            satisfy(state.counts, state.missing, state.ripe, plan.link[k, TO])
            continue
        due = tick + plan.lag[lag, MINUTES]
        if plan.lag[lag, COUNTED_BY] != NOT:
            due = advance(chance.open_first, chance.open, plan.lag[lag, COUNTED_BY], tick, plan.lag[lag, MINUTES])
        if due <= plan.horizon:
            push(state.counts, state.events, 63 - plan.tick_bits, due, k, LAG)


@part
def happen(plan: Plan, chance: Chance, state: State, tick: int) -> None:
    """Nodes that have all they waited for happen, and what follows from them at once happens too."""
    instances = len(plan.instance)
    while state.counts[RIPE] > 0:
        state.counts[RIPE] -= 1
        node = state.ripe[state.counts[RIPE]]
        if node < instances:
            state.instance[node, READY] = tick
            queue_up(plan, state, tick, node, WORK)
            continue
        gate = node - instances
        if plan.gate[gate, MILESTONE] != NOT:
            state.reached[plan.gate[gate, MILESTONE]] = tick
        for k in range(plan.gate[gate, ORDERS], plan.gate[gate + 1, ORDERS]):
            place_order(plan, chance, state, tick, plan.lists[k])
        follow(plan, chance, state, tick, node)


@part
def add(plan: Plan, state: State, tick: int, stock: int, amount: int) -> None:
    """A stock grows; milestones that count it are reached once so much has ever been there."""
    state.ever[stock] += amount
    for k in range(plan.stock[stock, MILESTONES], plan.stock[stock + 1, MILESTONES]):
        milestone = plan.lists[k]
        at = len(plan.stock) - 1 + milestone
        state.ever[at] += amount
        gate = plan.milestone[milestone, GATE]
        if state.missing[gate] == 1 and state.ever[at] >= plan.milestone[milestone, REACHES]:
            satisfy(state.counts, state.missing, state.ripe, gate)
    level = len(plan.resource_calendar) + stock
    change(plan.level, plan.lists, plan.demand, state.counts, state.level, state.queue, tick, level, amount)


@part
def finish_work(plan: Plan, chance: Chance, state: State, tick: int, instance: int) -> None:
    """A piece of work ends: what it took is free; it passed, or is repaired, or is tried again."""
    kind = state.instance[instance, PRESENT] & 3
    queue = queue_of(plan, instance, kind)
    mode = plan.demand[queue, MODE] + (state.instance[instance, PRESENT] >> 2)
    for k in range(plan.mode[mode, CLAIM], plan.mode[mode + 1, CLAIM]):
        resource, amount = plan.claim[k, WHAT], plan.claim[k, AMOUNT]
        change(plan.level, plan.lists, plan.demand, state.counts, state.level, state.queue, tick, resource, amount)
    following = WORK
    if kind == REPAIR:
        following = RETRY
    elif state.instance[instance, ATTEMPTS] <= chance.failures[instance]:
        following = REPAIR
    if following != WORK:
        queue_up(plan, state, tick, instance, following)
        return
    state.instance[instance, FINISHED] = tick
    bundle = plan.instance[instance, BUNDLE]
    for k in range(plan.bundle[bundle], plan.bundle[bundle + 1]):
        add(plan, state, tick, plan.take[k, WHAT], plan.take[k, AMOUNT])
    follow(plan, chance, state, tick, instance)


@part
def look_again(plan: Plan, state: State, queue: int) -> None:
    """A calendar that somebody waits for opens or closes."""
    state.queue[queue, CALLED] = NOT
    stir(plan.demand, state.counts, state.queue, queue)
    for k in range(plan.demand[queue, FAMILY], plan.demand[queue + 1, FAMILY]):
        wake(state.counts, state.queue, plan.lists[k])


@part
def lot_arrives(plan: Plan, state: State, tick: int, number: int) -> None:
    """A lot of an order that was placed when its gate opened."""
    order = 0
    while plan.order[order + 1, LOT_FIRST] <= number:
        order += 1
    lot, lots, quantity = number - plan.order[order, LOT_FIRST], plan.order[order, LOTS], plan.order[order, QUANTITY]
    amount = (lot + 1) * quantity // lots - lot * quantity // lots
    if amount > 0:
        state.lot_tick[number] = tick
        add(plan, state, tick, plan.order[order, STOCK], amount)


@part
def settle_event(plan: Plan, chance: Chance, state: State, tick: int, event: int) -> None:
    """One thing that is due."""
    kind = event & ((1 << KINDS) - 1)
    what = (event & ((1 << (63 - plan.tick_bits)) - 1)) >> KINDS
    if kind == FINISH:
        finish_work(plan, chance, state, tick, what)
    elif kind == LAG:
        satisfy(state.counts, state.missing, state.ripe, plan.link[what, TO])
    elif kind == LOOK:
        look_again(plan, state, what)
    elif kind == LOT:
        lot_arrives(plan, state, tick, what)
    else:
        activity = plan.demand[plan.instance[what, DEMAND], ACTIVITY]
        gate = plan.activity[activity, START_GATE] + what - plan.activity[activity, FIRST]
        satisfy(state.counts, state.missing, state.ripe, gate)


@part
def settle_dates(plan: Plan, chance: Chance, state: State, tick: int) -> None:
    """What was known beforehand to happen at this tick."""
    count = state.counts
    while count[RELEASES] < len(plan.release) and plan.release[count[RELEASES], TICK] == tick:
        satisfy(count, state.missing, state.ripe, plan.release[count[RELEASES], NODE])
        count[RELEASES] += 1
    while count[DELIVERIES] < len(chance.delivery) and chance.delivery[count[DELIVERIES], D_TICK] == tick:
        k = count[DELIVERIES]
        add(plan, state, tick, chance.delivery[k, D_STOCK], chance.delivery[k, D_AMOUNT])
        count[DELIVERIES] += 1
    while count[STEPS] < len(chance.step) and chance.step[count[STEPS], S_TICK] == tick:
        resource, units = chance.step[count[STEPS], S_RESOURCE], chance.step[count[STEPS], S_UNITS]
        more = units - state.level[resource, CAPACITY]
        change(plan.level, plan.lists, plan.demand, count, state.level, state.queue, tick, resource, more)
        state.level[resource, CAPACITY] = units
        count[STEPS] += 1


# What is lacking


@part
def closed_by(plan: Plan, chance: Chance, calendar: int, tick: int) -> int:
    """The cause of a closed calendar; -1 if it is open."""
    if is_open(chance.open_first, chance.open, calendar, tick):
        return NOT
    if not is_open(chance.base_first, chance.base, calendar, tick):
        return plan.calendar[calendar, CLOSED]
    for k in range(plan.calendar[calendar, STOPPED_BY], plan.calendar[calendar + 1, STOPPED_BY]):
        risk = plan.lists[k]
        if chance.window[risk, BEGINS] <= tick < chance.window[risk, ENDS]:
            return plan.risk_cause[risk]
    return NOT


@part
def lacking(plan: Plan, chance: Chance, levels: I64, queue: int, tick: int, just_before: bool) -> int:
    """The cause of the first thing that is insufficient: requirements, supplies, calendars."""
    moment = tick - 1 if just_before else tick
    closed = NOT
    if plan.demand[queue, CALENDAR] != 0:
        closed = closed_by(plan, chance, plan.demand[queue, CALENDAR], moment)
    for r in range(plan.demand[queue, REQUIREMENT], plan.demand[queue + 1, REQUIREMENT]):
        free = NOT
        for k in range(plan.requirement[r, ALTERNATIVE], plan.requirement[r + 1, ALTERNATIVE]):
            resource = plan.claim[k, WHAT]
            column = BEFORE if just_before and levels[resource, CHANGED] == tick else NOW
            if levels[resource, column] >= plan.claim[k, AMOUNT]:
                free = resource
                break
        if free == NOT:
            return plan.requirement[r, CAUSE]
        if closed == NOT and plan.resource_calendar[free] != 0:
            closed = closed_by(plan, chance, plan.resource_calendar[free], moment)
    for k in range(plan.demand[queue, TAKE], plan.demand[queue + 1, TAKE]):
        level = len(plan.resource_calendar) + plan.take[k, WHAT]
        column = BEFORE if just_before and levels[level, CHANGED] == tick else NOW
        if levels[level, column] < plan.take[k, AMOUNT]:
            return plan.stock[plan.take[k, WHAT], LACKED]
    return closed


# The pass


@part
def is_met(plan: Plan, levels: I64, queues: I64, queue: int) -> bool:
    """Whether all that a demand needs is there, calendars aside; if not, what has to rise is noted."""
    for r in range(plan.demand[queue, REQUIREMENT], plan.demand[queue + 1, REQUIREMENT]):
        first, last = plan.requirement[r, ALTERNATIVE], plan.requirement[r + 1, ALTERNATIVE]
        free = False
        for k in range(first, last):
            if levels[plan.claim[k, WHAT], NOW] >= plan.claim[k, AMOUNT]:
                free = True
                break
        if not free:
            queues[queue, LACKS] = plan.claim[first, WHAT] if last == first + 1 else ANY
            return False
    for k in range(plan.demand[queue, TAKE], plan.demand[queue + 1, TAKE]):
        level = len(plan.resource_calendar) + plan.take[k, WHAT]
        if levels[level, NOW] < plan.take[k, AMOUNT]:
            queues[queue, LACKS] = level
            return False
    queues[queue, LACKS] = ANY
    return True


@part
def possible_mode(plan: Plan, chance: Chance, state: State, queue: int, tick: int) -> int:
    """The first mode in which the head of a queue can start right now; -1 if there is none."""
    if not is_met(plan, state.level, state.queue, queue):
        return NOT
    for mode in range(plan.demand[queue, MODE], plan.demand[queue + 1, MODE]):
        free = True
        for k in range(plan.mode[mode, CLAIM], plan.mode[mode + 1, CLAIM]):
            if state.level[plan.claim[k, WHAT], NOW] < plan.claim[k, AMOUNT]:
                free = False
                break
        if not free:
            continue
        if is_open(chance.open_first, chance.open, plan.mode[mode, WORKS_BY], tick):
            return mode - plan.demand[queue, MODE]
    return NOT


@part
def duration(plan: Plan, chance: Chance, state: State, instance: int, queue: int, tick: int) -> int:
    """How long a piece of work takes, in minutes of work."""
    kind = plan.demand[queue, KIND]
    number = state.instance[instance, ATTEMPTS]
    if kind == REPAIR:
        return floor(chance.again_minutes[chance.again[instance] + number - 1, 1] + 0.5)
    minutes = chance.minutes[instance]
    if kind == RETRY:
        minutes = chance.again_minutes[chance.again[instance] + number - 2, 0]
    activity = plan.demand[queue, ACTIVITY]
    for k in range(chance.effect_first[activity], chance.effect_first[activity + 1]):
        if chance.effect[k, E_BEGINS] <= tick < chance.effect[k, E_ENDS]:
            minutes *= chance.effect[k, E_MULTIPLIER]
    rounded = floor(minutes + 0.5)
    learner = plan.instance[instance, LEARNER]
    if learner == NOT:
        return rounded
    if kind == WORK:
        counter = plan.learner[learner, COUNTER]
        state.instance[instance, TURN] = state.learned[counter]
        state.learned[counter] += 1
    turn = min(np.int64(state.instance[instance, TURN]), plan.learner[learner, MULTIPLIERS] - 1)
    return floor(rounded * plan.multipliers[plan.learner[learner, MULTIPLIER] + turn] + 0.5)


@part
def start_head(plan: Plan, chance: Chance, state: State, queue: int, mode: int, tick: int) -> None:
    """The head of a queue takes all it needs and starts."""
    instance = leave(plan.demand, state.queue, state.instance, queue)
    mine = state.instance[instance]
    kind, activity = plan.demand[queue, KIND], plan.demand[queue, ACTIVITY]
    held_by = NOT
    if mine[SINCE] < tick and len(state.row) > 0:
        held_by = lacking(plan, chance, state.level, queue, tick, True)
    if kind == WORK:
        mine[STARTED] = tick
        mine[HELD_BY] = held_by
        if plan.activity[activity, START_GATE] != NOT:
            push(state.counts, state.events, 63 - plan.tick_bits, tick, instance, START)
    mine[PRESENT] |= mode << 2
    if kind != REPAIR:
        mine[ATTEMPTS] += 1
        mine[USED] = mode
    at = plan.demand[queue, MODE] + mode
    for k in range(plan.mode[at, CLAIM], plan.mode[at + 1, CLAIM]):
        resource, amount = plan.claim[k, WHAT], plan.claim[k, AMOUNT]
        change(plan.level, plan.lists, plan.demand, state.counts, state.level, state.queue, tick, resource, -amount)
    for k in range(plan.demand[queue, TAKE], plan.demand[queue + 1, TAKE]):
        level, amount = len(plan.resource_calendar) + plan.take[k, WHAT], plan.take[k, AMOUNT]
        change(plan.level, plan.lists, plan.demand, state.counts, state.level, state.queue, tick, level, -amount)
    minutes = duration(plan, chance, state, instance, queue, tick)
    finish = advance(chance.open_first, chance.open, plan.mode[at, WORKS_BY], tick, minutes)
    if len(state.row) > 0 and plan.activity[activity, AGAIN] != NOT:
        row = mine[ROW]
        state.row[row, 4] = tick
        state.row[row, 5] = finish if finish <= plan.horizon else NOT
        state.row[row, 6] = held_by
    if finish <= plan.horizon:
        push(state.counts, state.events, 63 - plan.tick_bits, finish, instance, FINISH)
    stir(plan.demand, state.counts, state.queue, queue)


@leaf
def place_in_order(demands: I64, queues: I64, instances: I32, queue: int, tick_bits: int, id_bits: int) -> int:
    """Where the head of a queue stands among all that wait: priority, ready tick, file and place order."""
    head = queues[queue, HEAD]
    return (((demands[queue, RANK] << tick_bits) | instances[head, SINCE]) << id_bits) | head


@leaf
def rise(queues: I64, at: int, place: int, queue: int) -> None:
    """A queue enters the heap of those that may start at its end, and rises to where it belongs."""
    while at > 0 and queues[(at - 1) >> 1, PLACE] > place:
        parent = (at - 1) >> 1
        queues[at, PLACE], queues[at, RANKED] = queues[parent, PLACE], queues[parent, RANKED]
        at = parent
    queues[at, PLACE], queues[at, RANKED] = place, queue


@leaf
def sink(queues: I64, size: int, place: int, queue: int) -> None:
    """A queue enters the heap of those that may start at its top, and sinks to where it belongs."""
    at, child = 0, 1
    while child < size:
        if child + 1 < size and queues[child + 1, PLACE] < queues[child, PLACE]:
            child += 1
        if queues[child, PLACE] >= place:
            break
        queues[at, PLACE], queues[at, RANKED] = queues[child, PLACE], queues[child, RANKED]
        at, child = child, 2 * child + 1
    queues[at, PLACE], queues[at, RANKED] = place, queue


@part
def start_what_can(plan: Plan, chance: Chance, state: State, tick: int) -> None:
    """Visit the heads of all queues that may start, in the order of the law."""
    queues, size = state.queue, 0
    for k in range(state.counts[WAKING]):
        queue = queues[k, AWAKE]
        queues[queue, IS_AWAKE] = 0
        if queues[queue, WAITING] > 0:
            place = place_in_order(plan.demand, queues, state.instance, queue, plan.tick_bits, plan.id_bits)
            rise(queues, size, place, queue)
            size += 1
    state.counts[WAKING] = 0
    while size > 0:
        queue = queues[0, RANKED]
        mode = possible_mode(plan, chance, state, queue, tick)
        if mode != NOT:
            start_head(plan, chance, state, queue, mode, tick)
        if mode != NOT and queues[queue, WAITING] > 0:
            place = place_in_order(plan.demand, queues, state.instance, queue, plan.tick_bits, plan.id_bits)
            sink(queues, size, place, queue)
        else:
            size -= 1
            sink(queues, size, queues[size, PLACE], queues[size, RANKED])


# What is told


@leaf
def end_shortage(shortages: I64, count: I64, causes: I64, queues: I64, queue: int, tick: int, ends: int) -> None:
    """A shortage that was being recorded ends, or changes."""
    cause, since = queues[queue, SHORT_OF], queues[queue, SHORT_SINCE]
    causes[cause, WAITED] += (tick - since) * queues[queue, SHORT_COUNT]
    causes[cause, SHORT_QUEUES] -= 1
    if causes[cause, SHORT_QUEUES] == 0:
        causes[cause, SPELLS] += tick - causes[cause, SPELL_SINCE]
    row = count[SHORTAGES]
    if row < len(shortages):
        shortages[row, 0], shortages[row, 1], shortages[row, 2] = queue, since, ends
        shortages[row, 3], shortages[row, 4] = cause, queues[queue, SHORT_COUNT]
    count[SHORTAGES] = row + 1
    queues[queue, SHORT_OF] = NOT


@part
def await_calendars(plan: Plan, chance: Chance, state: State, queue: int, tick: int) -> None:
    """Those whom only calendars keep from starting are looked at again when any of them opens or closes."""
    edge = next_edge(chance, plan.demand[queue, CALENDAR], tick)
    for r in range(plan.demand[queue, REQUIREMENT], plan.demand[queue + 1, REQUIREMENT]):
        for k in range(plan.requirement[r, ALTERNATIVE], plan.requirement[r + 1, ALTERNATIVE]):
            edge = min(edge, next_edge(chance, plan.resource_calendar[plan.claim[k, WHAT]], tick))
    if edge != state.queue[queue, CALLED] and edge <= plan.horizon:
        state.queue[queue, CALLED] = edge
        push(state.counts, state.events, 63 - plan.tick_bits, edge, queue, LOOK)


@part
def next_edge(chance: Chance, calendar: int, tick: int) -> int:
    """When a calendar, or what it would be without risks, opens or closes next."""
    if calendar == 0:
        return NEVER
    stopped = next_change(chance.open_first, chance.open, calendar, tick)
    return min(stopped, next_change(chance.base_first, chance.base, calendar, tick))


@part
def note_shortages(plan: Plan, chance: Chance, state: State, tick: int) -> None:
    """At the end of a tick: what those who need the same lack, and how many they are, where that has changed."""
    queues, causes = state.queue, state.cause
    for k in range(state.counts[STIRRING]):
        queue = queues[k, STIRRED]
        queues[queue, IS_STIRRED] = 0
        waiting, before = queues[queue, TOTAL], queues[queue, SHORT_OF]
        cause = lacking(plan, chance, state.level, queue, tick, False) if waiting > 0 else NOT
        if cause >= plan.first_calendar_cause:
            await_calendars(plan, chance, state, queue, tick)
        if before == cause and (cause == NOT or queues[queue, SHORT_COUNT] == waiting):
            continue
        if cause != NOT:
            if causes[cause, SHORT_QUEUES] == 0:
                causes[cause, SPELL_SINCE] = tick
            causes[cause, SHORT_QUEUES] += 1
        if before != NOT:
            end_shortage(state.shortage, state.counts, causes, queues, queue, tick, tick)
        queues[queue, SHORT_OF], queues[queue, SHORT_SINCE], queues[queue, SHORT_COUNT] = cause, tick, waiting
    state.counts[STIRRING] = 0


@part
def next_tick(plan: Plan, chance: Chance, state: State) -> int:
    """The next tick at which something is due."""
    tick, count = NEVER, state.counts
    if count[EVENTS] > 0:
        tick = state.events[0] >> (63 - plan.tick_bits)
    if count[RELEASES] < len(plan.release):
        tick = min(tick, plan.release[count[RELEASES], TICK])
    if count[DELIVERIES] < len(chance.delivery):
        tick = min(tick, chance.delivery[count[DELIVERIES], D_TICK])
    if count[STEPS] < len(chance.step):
        tick = min(tick, chance.step[count[STEPS], S_TICK])
    return tick


@part
def set_out(plan: Plan, chance: Chance, state: State) -> None:
    """Everything as it is before the first tick."""
    state.counts[:] = 0
    state.level[:, CHANGED] = NOT
    resources, stocks = len(plan.resource_calendar), len(plan.stock) - 1
    for resource in range(resources):
        state.level[resource, NOW] = state.level[resource, CAPACITY] = chance.capacity[resource]
    state.ever[:] = 0
    for stock in range(stocks):
        state.level[resources + stock, NOW] = state.ever[stock] = plan.stock[stock, INITIAL]
        for k in range(plan.stock[stock, MILESTONES], plan.stock[stock + 1, MILESTONES]):
            state.ever[stocks + plan.lists[k]] += plan.stock[stock, INITIAL]
    state.queue[:, WAITING] = 0
    state.queue[:, TOTAL] = 0
    state.queue[:, CALLED] = NOT
    state.queue[:, IS_AWAKE] = 0
    state.queue[:, IS_STIRRED] = 0
    state.queue[:, SHORT_OF] = NOT
    state.learned[:] = 0
    state.instance[:] = NOT
    state.instance[:, ATTEMPTS] = 0
    state.reached[:] = NOT
    state.lot_tick[:] = NOT
    state.cause[:] = 0
    for node in range(len(plan.needed)):
        state.missing[node] = plan.needed[node]
        if plan.needed[node] == 0:
            state.ripe[state.counts[RIPE]] = node
            state.counts[RIPE] += 1
    for milestone in range(len(plan.milestone)):
        reaches = plan.milestone[milestone, REACHES]
        if reaches != NOT and state.ever[stocks + milestone] >= reaches:
            satisfy(state.counts, state.missing, state.ripe, plan.milestone[milestone, GATE])


@whole
def run(plan: Plan, chance: Chance, state: State) -> None:
    """The law of the instant: settle, start, and again while something is due at this tick."""
    set_out(plan, chance, state)
    shift, tick, now = 63 - plan.tick_bits, 0, -1
    while tick <= plan.horizon:
        if now != tick:
            now = tick
            settle_dates(plan, chance, state, tick)
        happen(plan, chance, state, tick)
        if state.counts[EVENTS] > 0 and state.events[0] >> shift == tick:
            settle_event(plan, chance, state, tick, pop(state.counts, state.events))
            continue
        start_what_can(plan, chance, state, tick)
        if state.counts[EVENTS] > 0 and state.events[0] >> shift == tick:
            continue
        note_shortages(plan, chance, state, tick)
        tick = next_tick(plan, chance, state)
    for queue in range(len(state.queue)):
        if state.queue[queue, SHORT_OF] != NOT:
            end_shortage(state.shortage, state.counts, state.cause, state.queue, queue, plan.horizon, NOT)
