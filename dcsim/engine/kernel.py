"""The loop of the compiled engine: the law of the instant over flat arrays, in one pass without Python.

It shares the network, the draws and the written law with the reference engine, and nothing else.
"""

from math import floor
from typing import NamedTuple

import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros
from numpy.typing import NDArray

from dcsim.calendars import NEVER
from dcsim.engine.eves import AT_ONCE, HELD, WORKED
from dcsim.engine.jit import by_address, entry_point, fast, inlined
from dcsim.engine.lookup import (
    advance,
    arrival,
    chosen,
    demand_of,
    due,
    interval,
    is_open,
    is_skipped,
    joined,
    lag_over,
    later,
    tied_over,
)
from dcsim.engine.tables import I64, U32, FlatDraws, Plan, Table, i32, i64, record, u32, u64
from dcsim.network import REPAIR, RETRY, WORK
from dcsim.trace import NOT
from dcsim.units import HALF

NONE = 2**32 - 1
"""Nothing, among numbers without a sign."""
ANY = NONE
"""What a queue lacks that may start after any change."""

FINISHED, LAG_OVER, LOOK, LOT, STARTED = range(5)
"""What can become due: the end of a piece of work, a lag, another look at those who wait for calendars, a lot of an
order that waited for its gate, and a start that something waits for."""
KINDS, WHATS = 3, 32
"""Bits of an event that say which of these it is, and of what."""
TURN = 2**15
"""Minutes of the wheel, on which the ends of work hang that are less than a turn away; about three weeks."""

# Rows of the state
LEVEL = record(i64, "now", "capacity", "rose", "grew", "grown")
WAITING = ("head", "tail", "waiting", "batch", "batch_tick", "newest", "lacks")
TOGETHER = (("total", u32), ("called", i64), ("short_of", i32), ("short_count", u32), ("short_since", i64))
"""Of all that are told with a queue."""
RANKED = (("ranked", u32), ("place", i64))
"""A heap of queues that may start, kept beside them."""
QUEUE = np.dtype([*((name, u32) for name in WAITING), *TOGETHER, *RANKED], align=True)
SETS = record(u64, "full", "leaders", "awake", "stirred")
"""Sets of 64 queues: some wait in it; some lead queues in which some wait; it may start; anything changed."""
PROGRESS = np.dtype([("missing", u32), ("following", u32), ("since", u32), ("finish", i32)])
PRESENT = np.dtype([("kind", np.int8), ("attempts", np.int8)])
CAUSE = record(i64, "waited", "spells", "queues", "since")
COUNTED = ("events", "ripe", "rows", "shortages", "releases", "deliveries", "steps", "near")
SUMMED = (("dates", i64), ("awake", u64), ("stirred", u64))
"""The next date; and sets of which some are not empty: a bit stands for all whose numbers end alike."""
COUNTS = np.dtype([*((name, u32) for name in (*COUNTED, "passes", "round", "settled", "finished")), *SUMMED])


class State(NamedTuple):
    """Everything that changes while a replication runs, and what it leaves."""

    counts: Table
    piece: Table
    """Of each node how much it waits for, who stands behind it in its queue or ends in the same minute, since when, and
    when it happened."""
    present: Table
    """Of each instance with rework, what is being done."""
    mode: I64
    """Of each instance with a choice, what was chosen last: a number whose digits are its choices."""
    turn: U32
    """Of each instance that learns, how many started before it."""
    ending: NDArray[np.uint8]
    """Of each instance, how it finished, as in `eves`."""
    ripe: U32
    """Nodes that have all they waited for and have not happened yet."""
    events: I64
    wheel: U32
    """Of each minute of a turn, the instance whose work ends then; those that end with it follow it."""
    minutes: NDArray[np.uint64]
    """The minutes of a turn at which any work ends, 64 to a word."""
    level: Table
    ever: I64
    """Of each stock and then each milestone of supplies, the units ever there."""
    queue: Table
    sets: Table
    told: Table
    """What is told of each node, where it is told."""
    learned: I64
    reached: I64
    lot_tick: I64
    row: Table
    """Attempts and repairs, where they are told."""
    settled: Table
    """Pieces of work by the tick at which they finished, where that is told."""
    shortage: Table
    cause: Table


by_address(Plan, FlatDraws, State)


# Calendars


@fast
def next_change(first: I64, table: Table, calendar: int, tick: int) -> int:
    """The first tick after this one at which a calendar opens or closes."""
    k = interval(first, table, calendar, tick)
    if k == first[calendar + 1]:
        return NEVER
    return table[k].opens if table[k].opens > tick else table[k].closes


@inlined
def lowest(bits: np.uint64) -> int:
    """The number of the lowest bit of a word."""
    return i64(trailing_zeros(bits))  # type: ignore[call-arg, return-value]


# Events: a wheel for work that ends soon, and a binary heap of (tick, what, kind) in one number each


@inlined
def await_end(state: State, tick: int, ends: int, instance: int) -> None:
    """A piece of work ends at a later tick."""
    if ends - tick >= TURN:
        push(state, ends, instance, FINISHED)
        return
    minute = u64(ends) & u64(TURN - 1)
    state.piece[instance].following = state.wheel[minute]
    state.wheel[minute] = instance
    state.minutes[minute >> u64(6)] |= u64(1) << (minute & u64(63))
    state.counts[0].near += 1


@inlined
def ending(state: State, tick: int) -> int:
    """Take the next piece of work off the wheel that ends at a tick."""
    minute = u64(tick) & u64(TURN - 1)
    instance = state.wheel[minute]
    if instance != NONE:
        state.wheel[minute] = state.piece[instance].following
        state.counts[0].near -= 1
        if state.wheel[minute] == NONE:
            state.minutes[minute >> u64(6)] &= ~(u64(1) << (minute & u64(63)))
    return instance


@inlined
def next_ending(state: State, tick: int) -> int:
    """The next tick at which work on the wheel ends."""
    if state.counts[0].near == 0:
        return NEVER
    minute = u64(tick + 1) & u64(TURN - 1)
    word, ahead = minute >> u64(6), u64(64) - (minute & u64(63))
    rest = state.minutes[word] >> (minute & u64(63))
    if rest != 0:
        return tick + 1 + lowest(rest)
    word = (word + u64(1)) & u64(TURN // 64 - 1)
    while state.minutes[word] == 0:
        word = (word + u64(1)) & u64(TURN // 64 - 1)
        ahead += u64(64)
    return tick + 1 + int(i64(ahead)) + lowest(state.minutes[word])


@fast
def push(state: State, tick: int, number: int, kind: int) -> None:
    """Something becomes due."""
    key, events = (tick << WHATS) | (number << KINDS) | kind, state.events
    at = u64(state.counts[0].events)
    state.counts[0].events += 1
    while at > 0:
        parent = (at - u64(1)) >> u64(1)
        if events[parent] <= key:
            break
        events[at] = events[parent]
        at = parent
    events[at] = key


@fast
def pop(state: State) -> int:
    """Take the earliest: walk the gap to a leaf along the smaller children, then let the last one rise into it."""
    events, one = state.events, u64(1)
    top = events[0]
    state.counts[0].events -= 1
    size = u64(state.counts[0].events)
    last = events[size]
    at, child = u64(0), one
    while child + one < size:
        child += u64(events[child + one] < events[child])
        events[at] = events[child]
        at, child = child, child + child + one
    if child < size:
        events[at] = events[child]
        at = child
    while at > 0:
        parent = (at - one) >> one
        if events[parent] <= last:
            break
        events[at] = events[parent]
        at = parent
    events[at] = last
    return top


@inlined
def is_due(state: State, tick: int) -> bool:
    """Whether anything in the heap of events is due at a tick."""
    return state.counts[0].events > 0 and state.events[0] >> WHATS == tick


# Levels and queues


@inlined
def wake(state: State, word: int, more: np.uint64) -> None:
    """Queues of one word may start."""
    state.sets[word].awake |= more
    state.counts[0].awake |= u64(more != 0) << u64(word & 63)


@inlined
def stir(state: State, word: int, more: np.uint64) -> None:
    """Something has changed for queues of one word."""
    state.sets[word].stirred |= more
    state.counts[0].stirred |= u64(more != 0) << u64(word & 63)


@inlined
def bit(queue: int) -> np.uint64:
    """A queue in its word."""
    return u64(1) << u64(queue & 63)


@inlined
def change(plan: Plan, state: State, tick: int, level: int, units: int) -> None:
    """So many units more, or fewer, are there; the queues that need them hear of it."""
    stored = state.level[level]
    stored.now += units
    if units > 0:
        stored.rose = state.counts[0].passes
    for k in range(plan.level[level], plan.level[level + 1]):
        words = plan.word[k]
        if words.leaders != 0:
            stir(state, words.at, words.leaders & state.sets[words.at].leaders)
        if units > 0:
            wake(state, words.at, words.queues & state.sets[words.at].full)


@inlined
def join(plan: Plan, state: State, tick: int, instance: int, queue: int) -> None:
    """A piece of work is ready: it stands behind all that became ready earlier, and within a tick in place order."""
    pieces, line, leader = state.piece, state.queue[queue], plan.demand[queue].leader
    pieces[instance].since = tick
    if plan.demand[leader].noted:
        state.queue[leader].total += 1
        state.sets[leader >> 6].leaders |= bit(leader)
        stir(state, leader >> 6, bit(leader))
    if line.waiting == 0:
        line.lacks = ANY
        state.sets[queue >> 6].full |= bit(queue)
        wake(state, queue >> 6, bit(queue))
        line.head = line.batch = line.newest = NONE
        line.batch_tick = tick
    elif line.batch_tick != tick:
        line.batch_tick = tick
        line.batch = line.tail
        line.newest = NONE
    before = line.batch
    if line.newest != NONE and line.newest < instance:
        before = line.newest
    behind = line.head if before == NONE else pieces[before].following
    while behind != NONE and behind < instance:
        before, behind = behind, pieces[behind].following
    pieces[instance].following = behind
    if before == NONE:
        line.head = instance
    else:
        pieces[before].following = instance
    if behind == NONE:
        line.tail = instance
    line.newest = instance
    line.waiting += 1


@inlined
def leave(plan: Plan, state: State, queue: int) -> int:
    """The head of a queue is served."""
    line, leader = state.queue[queue], plan.demand[queue].leader
    instance = line.head
    line.head = state.piece[instance].following
    line.waiting -= 1
    if line.waiting == 0:
        state.sets[queue >> 6].full &= ~bit(queue)
    if line.batch == instance:
        line.batch = NONE
    if line.newest == instance:
        line.newest = NONE
    if plan.demand[leader].noted:
        stir(state, leader >> 6, bit(leader))
        state.queue[leader].total -= 1
        if state.queue[leader].total == 0:
            state.sets[leader >> 6].leaders &= ~bit(leader)
    return instance


@fast
def queue_again(plan: Plan, state: State, tick: int, instance: int, kind: int) -> int:
    """The queue of an attempt or a repair of an instance with rework, which is told."""
    state.present[instance].kind = kind
    if kind == WORK:
        state.present[instance].attempts = 0
    if len(state.row) > 0:
        tell_ready(state, tick, instance, kind)
    return demand_of(plan, instance, kind)


@inlined
def queue_up(plan: Plan, state: State, tick: int, node: int) -> None:
    """The first attempt of an instance joins its queue."""
    queue = plan.group[plan.node[node].group].demand
    if plan.demand[queue].odd and plan.activity[plan.demand[queue].activity].again != NOT:
        queue_again(plan, state, tick, node, WORK)
    join(plan, state, tick, node, queue)


@fast
def tell_ready(state: State, tick: int, instance: int, kind: int) -> None:
    """A row for an attempt or a repair that is ready."""
    history, row = state.told[instance], state.row[state.counts[0].rows]
    row.before = history.row
    history.row = state.counts[0].rows
    state.counts[0].rows += 1
    row.instance = instance
    row.number = history.attempts if kind == REPAIR else history.attempts + 1
    row.kind = REPAIR if kind == REPAIR else WORK
    row.ready = tick
    row.start = row.finish = row.held_by = NOT
    row.mode = row.round_ = NOT


# Settling


@inlined
def took_new(state: State, level: int, tick: int) -> bool:
    """Whether some of what was taken just now is there only since the capacity grew at this tick."""
    return state.level[level].grew == tick and state.level[level].now < state.level[level].grown


@inlined
def satisfy(state: State, node: int) -> None:
    """One of the things that a node waits for has come."""
    state.piece[node].missing -= 1
    if state.piece[node].missing == 0:
        ripen(state, node)


@inlined
def ripen(state: State, node: int) -> None:
    """A node has all that it waits for."""
    state.ripe[state.counts[0].ripe] = node
    state.counts[0].ripe += 1


@fast
def place_order(plan: Plan, chance: FlatDraws, state: State, tick: int, order: int) -> None:
    """An order that waited is placed now; its lots come when they come."""
    for lot in range(plan.order[order].lots):
        arrives = arrival(plan, chance, order, due(plan, chance, order, lot, tick))
        if arrives <= plan.horizon:
            push(state, arrives, plan.order[order].first_lot + lot, LOT)


@fast
def behind_length(plan: Plan, chance: FlatDraws, state: State, tick: int, node: int, lag: int) -> int:
    """When a lag is over that is reckoned by the length of the work that has started or finished."""
    gate = i64(node)
    if node < plan.instances:
        activity = plan.demand[demand_of(plan, node, WORK)].activity
        gate = plan.activity[activity].start_gate + node - plan.activity[activity].first
    planned = NOT if state.piece[gate].since == NONE else i64(state.piece[gate].since)
    return tied_over(plan, chance, lag, tick, planned, i64(state.piece[gate].following))


@inlined
def follow(plan: Plan, chance: FlatDraws, state: State, tick: int, node: int) -> None:
    """What waits for this node hears of it, at once or after a lag."""
    following = plan.node[node].next
    if following >= 0:
        satisfy(state, u32(following))
    elif following != NOT:
        follow_links(plan, chance, state, tick, node, -2 - i64(following))


@inlined
def follow_links(plan: Plan, chance: FlatDraws, state: State, tick: int, node: int, links: int) -> None:
    """The same where several wait, or after a lag."""
    for k in range(plan.link_first[links], plan.link_first[links + 1]):
        lag = plan.link[k].lag
        if lag == 0 or is_skipped(chance.skipped, node):
            satisfy(state, plan.link[k].to)
            continue
        if plan.lag[lag].tied == 0 and is_skipped(chance.skipped, plan.link[k].to):
            satisfy(state, plan.link[k].to)
            continue
        if plan.lag[lag].tied != 0:
            over = behind_length(plan, chance, state, tick, node, lag)
        else:
            over = lag_over(plan, chance, lag, tick)
        if over <= plan.horizon:
            push(state, over, k, LAG_OVER)


@fast
def pass_by(plan: Plan, state: State, tick: int, instance: int) -> None:
    """A branch has skipped this instance: what waits for its start goes on."""
    state.counts[0].finished += 1
    if len(state.told) > 0:
        state.told[instance].ready, state.told[instance].round_ = tick, state.counts[0].round
    activity = plan.demand[demand_of(plan, instance, WORK)].activity
    if plan.activity[activity].start_gate != NOT:
        satisfy(state, plan.activity[activity].start_gate + instance - plan.activity[activity].first)


@fast
def is_held(plan: Plan, state: State, tick: int, instance: int, activity: int) -> bool:
    """Whether what has been done keeps what it holds until the gate opens with which it finishes."""
    gate = plan.activity[activity].finish_gate
    if gate == NOT:
        return False
    gate += instance - plan.activity[activity].first
    held = state.piece[gate].finish == NOT
    if held:
        state.piece[gate].since = tick
        satisfy(state, gate)
    elif state.piece[gate].since < tick:
        state.ending[instance] = WORKED
    if plan.activity[activity].again != NOT and len(state.row) > 0 and state.told[instance].row != NOT:
        state.row[state.told[instance].row].finish = NOT if held else tick
    return bool(held)


@fast
def let_finish(chance: FlatDraws, state: State, tick: int, instance: int) -> None:
    """All that the finish of an instance waited for has happened, its work too."""
    if is_skipped(chance.skipped, instance):
        ripen(state, instance)
    else:
        push(state, tick, instance, FINISHED)


@inlined
def happen(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """Nodes that have all they waited for happen, and what follows from them at once happens too."""
    while state.counts[0].ripe > 0:
        state.counts[0].ripe -= 1
        node = state.ripe[state.counts[0].ripe]
        if node >= plan.instances or is_skipped(chance.skipped, node):
            pass_gate(plan, chance, state, tick, node)
            continue
        if len(state.told) > 0:
            state.told[node].ready = tick
        queue_up(plan, state, tick, node)


@fast
def pass_gate(plan: Plan, chance: FlatDraws, state: State, tick: int, node: int) -> None:
    """A gate opens, or an instance that is skipped happens."""
    gate = node - plan.instances
    if gate < 0:
        if is_held(plan, state, tick, node, plan.demand[demand_of(plan, node, WORK)].activity):
            return
        pass_by(plan, state, tick, node)
    else:
        if plan.gate[gate].milestone != NOT:
            state.reached[plan.gate[gate].milestone] = tick
        for k in range(plan.gate[gate].first_order, plan.gate[gate + 1].first_order):
            place_order(plan, chance, state, tick, plan.lists[k])
        if plan.gate[gate].held != NOT:
            let_finish(chance, state, tick, plan.gate[gate].held)
    state.piece[node].finish = tick
    if len(state.told) > 0:
        state.told[node].finish, state.told[node].ended = tick, state.counts[0].round
    follow(plan, chance, state, tick, node)


@fast
def change_chosen(
    plan: Plan, state: State, tick: int, queue: int, mode: int, sign: int
) -> tuple[np.int64, np.int64, bool]:
    """What was chosen is taken, or given back.

    Also the option that says how long the work takes, its calendar, and whether it took what was not there on the eve.
    """
    left, option, calendar, new = i64(mode), i64(0), i64(plan.demand[queue].together), False
    for back in range(i64(plan.demand[queue + 1].first_choice) - i64(plan.demand[queue].first_choice)):
        requirement = plan.choice[plan.demand[queue + 1].first_choice - 1 - back]
        taken, left = chosen(plan.requirement, requirement, left)
        option += i64(plan.alternative[taken].option)
        further = i64(plan.alternative[taken].calendar)
        if further != 0 and further != calendar:
            calendar = further if calendar == 0 else i64(joined(plan.joined_key, plan.joined, calendar, further))
        for k in range(plan.alternative[taken].first_claim, plan.alternative[taken + 1].first_claim):
            change(plan, state, tick, plan.claim[k].what, sign * plan.claim[k].amount)
            new = new or took_new(state, plan.claim[k].what, tick)
    return option, calendar, new


@fast
def add(plan: Plan, state: State, tick: int, stock: int, amount: int) -> None:
    """A stock grows; milestones that count it are reached once so much has ever been there."""
    state.ever[stock] += amount
    for k in range(plan.stock[stock].first_milestone, plan.stock[stock + 1].first_milestone):
        milestone = plan.lists[k]
        at = len(plan.stock) - 1 + milestone
        state.ever[at] += amount
        gate = plan.milestone[milestone].gate
        if state.piece[gate].missing == 1 and state.ever[at] >= plan.milestone[milestone].reaches:
            satisfy(state, gate)
    level = len(plan.resource_calendar) + stock
    change(plan, state, tick, level, amount)


@inlined
def finish_work(plan: Plan, chance: FlatDraws, state: State, tick: int, instance: int) -> None:
    """A piece of work ends: what it took is free; it passed, or is repaired, or is tried again."""
    group = plan.group[plan.node[instance].group]
    demand = plan.demand[group.demand]
    if demand.odd and not is_over(plan, chance, state, tick, instance, group.demand):
        return
    if not demand.odd:
        give_back(plan, state, tick, instance, group.demand)
    state.piece[instance].finish = tick
    if len(state.told) > 0:
        state.told[instance].finish, state.told[instance].ended = tick, state.counts[0].round
    state.counts[0].finished += 1
    for k in range(plan.bundle[group.bundle], plan.bundle[group.bundle + 1]):
        add(plan, state, tick, plan.take[k].what, plan.take[k].amount)
    follow(plan, chance, state, tick, instance)


@inlined
def give_back(plan: Plan, state: State, tick: int, instance: int, queue: int) -> None:
    """What a piece of work took whatever was chosen is free."""
    for k in range(plan.demand[queue].first_need, plan.demand[queue].first_take):
        change(plan, state, tick, plan.need[k].what, plan.need[k].amount)
    if len(state.settled) > 0:
        settled = state.settled[state.counts[0].settled]
        settled.tick, settled.round_ = tick, state.counts[0].round
        settled.instance, settled.row = instance, state.told[instance].row
        state.counts[0].settled += 1


@inlined
def is_over(plan: Plan, chance: FlatDraws, state: State, tick: int, instance: int, first: int) -> bool:
    """Whether a piece of work that is no plain one has passed, and nothing holds it; what it took is given back."""
    queue, kind, activity = first, WORK, plan.demand[first].activity
    again = plan.activity[activity].again != NOT
    if again:
        kind = int(state.present[instance].kind)
        queue = demand_of(plan, instance, kind)
    fails = again and (kind == REPAIR or state.present[instance].attempts <= chance.failures[instance])
    if not fails and is_held(plan, state, tick, instance, activity):
        return False
    if plan.demand[queue + 1].first_choice > plan.demand[queue].first_choice:
        change_chosen(plan, state, tick, queue, state.mode[instance], 1)
    give_back(plan, state, tick, instance, queue)
    if fails:
        kind = RETRY if kind == REPAIR else REPAIR
        join(plan, state, tick, instance, queue_again(plan, state, tick, instance, kind))
    return not fails


@fast
def look_again(plan: Plan, state: State, queue: int) -> None:
    """A calendar that somebody waits for opens or closes."""
    state.queue[queue].called = NOT
    stir(state, queue >> 6, bit(queue))
    for k in range(plan.demand[queue].first_family, plan.demand[queue + 1].first_family):
        wake(state, plan.lists[k] >> 6, bit(plan.lists[k]))


@fast
def lot_arrives(plan: Plan, state: State, tick: int, number: int) -> None:
    """A lot of an order that was placed when its gate opened."""
    order, after = 0, len(plan.order) - 1
    while after - order > 1:
        middle = (order + after) >> 1
        if plan.order[middle].first_lot <= number:
            order = middle
        else:
            after = middle
    lot, lots, quantity = number - plan.order[order].first_lot, plan.order[order].lots, plan.order[order].amount
    per_lot, rest = quantity // lots, quantity % lots  # the product of a lot and the quantity could be too large
    amount = per_lot + (lot + 1) * rest // lots - lot * rest // lots
    if amount != 0:
        state.lot_tick[number] = tick
        add(plan, state, tick, plan.order[order].stock, amount)


@fast
def settle_event(plan: Plan, chance: FlatDraws, state: State, tick: int, event: int) -> None:
    """One thing that is due."""
    kind = event & ((1 << KINDS) - 1)
    number = (event & ((1 << WHATS) - 1)) >> KINDS
    if kind == FINISHED:
        finish_work(plan, chance, state, tick, number)
    elif kind == LAG_OVER:
        satisfy(state, plan.link[number].to)
    elif kind == LOOK:
        look_again(plan, state, number)
    elif kind == LOT:
        lot_arrives(plan, state, tick, number)
    else:
        activity = plan.demand[demand_of(plan, number, WORK)].activity
        gate = plan.activity[activity].start_gate + number - plan.activity[activity].first
        satisfy(state, gate)


@fast
def settle_dates(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """What was known beforehand to happen at this tick."""
    count, dates = state.counts[0], i64(NEVER)
    while count.releases < len(plan.release) and plan.release[count.releases].tick == tick:
        if not is_skipped(chance.skipped, plan.release[count.releases].node):
            satisfy(state, u32(plan.release[count.releases].node))
        count.releases += 1
    if count.releases < len(plan.release):
        dates = plan.release[count.releases].tick
    while count.deliveries < len(chance.delivery) and chance.delivery[count.deliveries].tick == tick:
        delivery = chance.delivery[count.deliveries]
        add(plan, state, tick, u32(delivery.stock), delivery.amount)
        count.deliveries += 1
    if count.deliveries < len(chance.delivery):
        dates = min(dates, chance.delivery[count.deliveries].tick)
    while count.steps < len(chance.step) and chance.step[count.steps].tick == tick:
        step_capacity(plan, state, tick, u32(chance.step[count.steps].resource), chance.step[count.steps].units)
        count.steps += 1
    if count.steps < len(chance.step):
        dates = min(dates, chance.step[count.steps].tick)
    count.dates = dates


@fast
def step_capacity(plan: Plan, state: State, tick: int, resource: int, units: int) -> None:
    """A resource has so many units from now on."""
    stored = state.level[resource]
    more = units - stored.capacity
    if stored.grew != tick:
        stored.grew, stored.grown = tick, 0
    stored.grown += more
    stored.capacity = units
    change(plan, state, tick, resource, more)


# What is lacking


@fast
def closed_by(plan: Plan, chance: FlatDraws, calendar: int, tick: int) -> int:
    """The cause of a closed calendar; -1 if it is open."""
    if is_open(chance.open_first, chance.open, calendar, tick):
        return NOT
    if not is_open(chance.base_first, chance.base, calendar, tick):
        return plan.calendar[calendar].cause
    for k in range(plan.calendar[calendar].first_risk, plan.calendar[calendar + 1].first_risk):
        risk = plan.lists[k]
        for w in range(chance.window_first[risk], chance.window_first[risk + 1]):
            if chance.window[w].begins <= tick < chance.window[w].ends:
                return plan.risk_cause[risk]
    return NOT


@inlined
def lacking(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> int:
    """The cause of the first thing that is insufficient: requirements, supplies, calendars."""
    if plan.demand[queue].bound:
        return lacking_oddly(plan, chance, state, queue, tick)
    for k in range(plan.demand[queue].first_need, plan.demand[queue + 1].first_need):
        if state.level[plan.need[k].what].now < plan.need[k].amount:
            return int(plan.need[k].cause)
    return NOT


@fast
def lacking_oddly(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> int:
    """The same where there are alternatives or calendars."""
    closed = NOT
    if plan.demand[queue].calendar != 0:
        closed = closed_by(plan, chance, plan.demand[queue].calendar, tick)
    for r in range(i64(plan.demand[queue].first_requirement), i64(plan.demand[queue + 1].first_requirement)):
        free = NOT
        for k in range(i64(plan.requirement[r].first_alternative), i64(plan.requirement[r + 1].first_alternative)):
            if is_free(plan, state, k):
                free = k
                break
        if free == NOT:
            return int(plan.requirement[r].cause)
        if closed == NOT and plan.alternative[free].calendar != 0:
            for k in range(plan.alternative[free].first_claim, plan.alternative[free + 1].first_claim):
                if closed == NOT:
                    closed = closed_by(plan, chance, u32(plan.resource_calendar[plan.claim[k].what]), tick)
    for k in range(plan.demand[queue].first_take, plan.demand[queue + 1].first_need):
        if state.level[plan.need[k].what].now < plan.need[k].amount:
            return int(plan.need[k].cause)
    return closed


# The pass


@inlined
def is_met(plan: Plan, state: State, queue: int) -> bool:
    """Whether all that a demand needs is there, calendars aside; if not, what has to rise is noted."""
    for k in range(plan.demand[queue].first_need, plan.demand[queue + 1].first_need):
        if state.level[plan.need[k].what].now < plan.need[k].amount:
            state.queue[queue].lacks = plan.need[k].what
            return False
    state.queue[queue].lacks = ANY
    return plan.demand[queue].bound == 0 or is_served(plan, state, queue)


@fast
def is_free(plan: Plan, state: State, number: int) -> bool:
    """Whether all that an alternative takes is free."""
    for k in range(plan.alternative[number].first_claim, plan.alternative[number + 1].first_claim):
        if state.level[plan.claim[k].what].now < plan.claim[k].amount:
            return False
    return True


@fast
def is_served(plan: Plan, state: State, queue: int) -> bool:
    """Whether one of the alternatives of each requirement that leaves a choice is free."""
    for c in range(plan.demand[queue].first_choice, plan.demand[queue + 1].first_choice):
        requirement, free = plan.choice[c], False
        for k in range(
            plan.requirement[requirement].first_alternative, plan.requirement[requirement + 1].first_alternative
        ):
            free = free or is_free(plan, state, k)
        if not free:
            return False
    return True


@fast
def possible_mode(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> int:
    """The first mode in which the head of a queue whose demand is met can start right now; -1 if there is none."""
    mode = open_mode(plan, chance, state, queue, tick)
    if plan.demand[queue].instant:
        before = open_mode(plan, chance, state, queue, tick - 1)
        if before != NOT and (mode == NOT or before < mode):
            mode = before
    return mode


@fast
def open_mode(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> int:
    """The first mode that is free, and whose calendars are all open in the minute from a tick; -1 if there is none.

    Everything is open together when each of its calendars is: every choice is for itself.
    """
    if not is_open(chance.open_first, chance.open, plan.demand[queue].together, tick):
        return NOT
    mode = i64(0)
    for c in range(plan.demand[queue].first_choice, plan.demand[queue + 1].first_choice):
        first = i64(plan.requirement[plan.choice[c]].first_alternative)
        last = i64(plan.requirement[plan.choice[c] + 1].first_alternative)
        chosen = i64(NOT)
        for k in range(first, last):
            if is_free(plan, state, k):
                if is_open(chance.open_first, chance.open, plan.alternative[k].calendar, tick):
                    chosen = k - first
                    break
        if chosen == NOT:
            return NOT
        mode = mode * (last - first) + chosen
    return int(mode)


@inlined
def lasting(month: I64, in_months: int, tick: int, length: float) -> int:
    """How many minutes a length lasts that begins now."""
    return later(month, tick, length) - tick if in_months else floor(length + HALF)


@inlined
def duration(plan: Plan, chance: FlatDraws, state: State, instance: int, queue: int, option: int, tick: int) -> int:
    """How long a piece of work takes, in minutes of work; in elapsed ones where it is written in months."""
    kind = plan.demand[queue].kind
    if kind == REPAIR:
        row = plan.options * (chance.again[instance] + state.present[instance].attempts - 1) + option
        return lasting(plan.month, plan.demand[queue].in_months, tick, chance.again_minutes[row].repair)
    if kind == RETRY:
        row = plan.options * (chance.again[instance] + state.present[instance].attempts - 2) + option
        minutes = chance.again_minutes[row].retry
    else:
        minutes = chance.minutes[plan.more[instance] + option - 1 if option > 0 else instance]
    activity = plan.demand[queue].activity
    added = 0
    past = chance.effect_first[activity + 1 - plan.demand[queue].is_done]  # risks change nothing that is done
    for k in range(chance.effect_first[activity], past):
        gate, since = chance.effect[k].gate, 0
        if gate != NOT:
            since = int(state.piece[gate].finish)
        if since != NOT and chance.effect[k].begins <= tick - since < chance.effect[k].ends:
            minutes *= chance.effect[k].multiplier
            if kind == WORK and chance.effect[k].added != NOT:
                at = chance.effect[k].added + (instance - plan.instances) * chance.effect[k].options
                added += chance.added[at + option]
    in_months = plan.demand[queue].in_months
    learner = plan.group[plan.node[instance].group].learner
    if learner == NONE:
        return lasting(plan.month, in_months, tick, minutes) + added
    if kind == WORK:
        counter = plan.learner[learner].counter
        state.turn[instance] = state.learned[counter]
        state.learned[counter] += 1
    turn = min(i64(state.turn[instance]), plan.learner[learner].multipliers - 1)
    multiplier = plan.multipliers[u32(plan.learner[learner].multiplier + turn)]
    if in_months:
        return lasting(plan.month, in_months, tick, minutes * multiplier) + added
    return floor(floor(minutes + HALF) * multiplier + 0.5) + added


@inlined
def start_head(plan: Plan, chance: FlatDraws, state: State, queue: int, mode: int, tick: int) -> None:
    """The head of a queue takes all it needs and starts."""
    instance, demand = leave(plan, state, queue), plan.demand[queue]
    is_traced, held_by = len(state.told) > 0, i64(NOT)
    if is_traced and state.piece[instance].since < tick:
        held_by = i64(state.queue[demand.leader].short_of)  # as it was noted before this tick
    for k in range(demand.first_need, plan.demand[queue + 1].first_need):
        change(plan, state, tick, plan.need[k].what, -plan.need[k].amount)
    if demand.odd or chance.effect_first[demand.activity] < chance.effect_first[demand.activity + 1]:
        minutes, finish = start_oddly(plan, chance, state, instance, queue, mode, tick)
    else:
        minutes = floor(chance.minutes[instance] + HALF)
        finish = tick + minutes
        if minutes == 0:
            finish_at_once(plan, chance, state, instance, queue, i64(0), False, tick)
    if is_traced:
        ends = finish if finish <= plan.horizon else i64(NOT)
        tell_start(state, tick, instance, demand.kind, mode, held_by, ends, minutes)
    if finish <= plan.horizon:
        await_end(state, tick, finish, instance)


@inlined
def start_oddly(
    plan: Plan, chance: FlatDraws, state: State, instance: int, queue: int, mode: int, tick: int
) -> tuple[int, int]:
    """How many minutes a piece of work takes that is no plain one, and when it ends."""
    kind, activity, new = plan.demand[queue].kind, plan.activity[plan.demand[queue].activity], False
    if kind != REPAIR and activity.again != NOT:
        state.present[instance].attempts += 1
    option, calendar = i64(0), i64(plan.demand[queue].together)
    if plan.demand[queue + 1].first_choice > plan.demand[queue].first_choice:
        state.mode[instance] = mode
        option, calendar, new = change_chosen(plan, state, tick, queue, mode, -1)
    if plan.demand[queue].in_months:
        calendar = i64(0)
    minutes = duration(plan, chance, state, instance, queue, option, tick)
    finish = advance(chance.open_first, chance.open, calendar, tick, minutes)
    if kind == WORK and activity.start_gate != NOT:
        gate = activity.start_gate + instance - activity.first
        state.piece[gate].since = finish if finish <= plan.horizon else NONE
        state.piece[gate].following = minutes
        push(state, tick, instance, STARTED)
    if finish == tick:
        finish_at_once(plan, chance, state, instance, queue, calendar, new, tick)
    elif activity.again != NOT:
        state.ending[instance] = WORKED
    return minutes, finish


@fast
def finish_at_once(
    plan: Plan, chance: FlatDraws, state: State, instance: int, queue: int, calendar: int, new: bool, tick: int
) -> None:
    """A piece of work takes no time: whether it could have been done on the eve."""
    for k in range(plan.demand[queue].first_need, plan.demand[queue + 1].first_need):
        new = new or took_new(state, plan.need[k].what, tick)
    at_once = state.piece[instance].since == tick and is_open(chance.open_first, chance.open, calendar, tick - 1)
    state.ending[instance] = max(state.ending[instance], AT_ONCE if at_once and not new else HELD)


@fast
def tell_start(
    state: State, tick: int, instance: int, kind: int, mode: int, held_by: int, ends: int, minutes: int
) -> None:
    """An attempt or a repair has started, and ends then, after so many minutes of work."""
    history, turn = state.told[instance], state.counts[0].round
    if kind == WORK:
        history.start = tick
        history.round_ = turn
        history.held_by = held_by
        history.planned, history.length = ends, minutes
    if kind != REPAIR:
        history.attempts += 1
        history.used = mode
    if history.row != NOT:
        row = state.row[history.row]
        row.start, row.finish, row.held_by, row.mode, row.round_ = tick, ends, held_by, mode, turn


@inlined
def place_in_order(plan: Plan, state: State, queue: int) -> int:
    """Where the head of a queue stands among all that wait: priority, ready tick, file and place order."""
    head, rank = state.queue[queue].head, i64(plan.demand[queue].rank)
    return int((((rank << plan.tick_bits) | i64(state.piece[head].since)) << plan.id_bits) | i64(head))


@inlined
def rise(queues: Table, at: int, place: int, queue: int) -> None:
    """A queue enters the heap of those that may start at its end, and rises to where it belongs."""
    while at > 0 and queues[(at - 1) >> 1].place > place:
        parent = (at - 1) >> 1
        queues[at].place, queues[at].ranked = queues[parent].place, queues[parent].ranked
        at = parent
    queues[at].place, queues[at].ranked = place, queue


@inlined
def sink(queues: Table, size: int, place: int, queue: int) -> None:
    """A queue enters the heap of those that may start at its top, and sinks to where it belongs."""
    at, child = 0, 1
    while child < size:
        if child + 1 < size and queues[child + 1].place < queues[child].place:
            child += 1
        if queues[child].place >= place:
            break
        queues[at].place, queues[at].ranked = queues[child].place, queues[child].ranked
        at, child = child, 2 * child + 1
    queues[at].place, queues[at].ranked = place, queue


@inlined
def rank_awake(plan: Plan, state: State) -> int:
    """The queues that may start as a heap in the order of the law; how many there are."""
    size, passes = 0, state.counts[0].passes
    words = state.counts[0].awake
    state.counts[0].awake = 0
    while words:
        first = lowest(words)
        words &= words - u64(1)
        for word in range(u32(first), u32(len(state.sets)), u32(64)):
            waiting = state.sets[word].awake & state.sets[word].full
            state.sets[word].awake = 0
            while waiting:
                queue = u32(64 * i64(word) + lowest(waiting))
                waiting &= waiting - u64(1)
                lacks = state.queue[queue].lacks
                if (lacks == ANY or state.level[lacks].rose == passes) and is_met(plan, state, queue):
                    rise(state.queue, size, place_in_order(plan, state, queue), queue)
                    size += 1
    state.counts[0].passes += 1
    return size


@inlined
def start_what_can(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """Visit the heads of all queues that may start, in the order of the law."""
    queues, size, fallen = state.queue, rank_awake(plan, state), False  # what is there only falls during a pass
    while size > 0:
        queue, mode = queues[0].ranked, i64(NOT)
        if not fallen or is_met(plan, state, queue):
            mode = possible_mode(plan, chance, state, queue, tick) if plan.demand[queue].bound else i64(0)
        if mode != NOT:
            start_head(plan, chance, state, queue, mode, tick)
            fallen = True
        if mode != NOT and queues[queue].waiting > 0:
            if size > 1:
                sink(queues, size, place_in_order(plan, state, queue), queue)
        else:
            size -= 1
            sink(queues, size, queues[size].place, queues[size].ranked)


# What is told


@fast
def end_shortage(state: State, queue: int, tick: int, ends: int) -> None:
    """A shortage that was being recorded ends, or changes."""
    short = state.queue[queue]
    cause = state.cause[short.short_of]
    cause.waited += (tick - short.short_since) * short.short_count
    cause.queues -= 1
    if cause.queues == 0:
        cause.spells += tick - cause.since
    row = state.counts[0].shortages
    if row < len(state.shortage):
        entry = state.shortage[row]
        entry.demand, entry.begins, entry.ends = queue, short.short_since, ends
        entry.cause, entry.waiting = short.short_of, short.short_count
    state.counts[0].shortages = row + 1
    short.short_of = NOT


@fast
def await_calendars(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> None:
    """Those whom only calendars keep from starting are looked at again when any of them opens or closes."""
    edge = next_edge(plan, chance, plan.demand[queue].calendar, tick)
    for r in range(i64(plan.demand[queue].first_requirement), i64(plan.demand[queue + 1].first_requirement)):
        first = plan.alternative[plan.requirement[r].first_alternative].first_claim
        for k in range(first, plan.alternative[plan.requirement[r + 1].first_alternative].first_claim):
            edge = min(edge, next_edge(plan, chance, plan.resource_calendar[plan.claim[k].what], tick))
    if edge != state.queue[queue].called and edge <= plan.horizon:
        state.queue[queue].called = edge
        push(state, edge, queue, LOOK)


@fast
def next_edge(plan: Plan, chance: FlatDraws, calendar: int, tick: int) -> int:
    """When a calendar, or what it would be without risks, opens or closes next, or another risk stops work."""
    if calendar == 0:
        return NEVER
    stopped = next_change(chance.open_first, chance.open, calendar, tick)
    edge = min(stopped, next_change(chance.base_first, chance.base, calendar, tick))
    for k in range(plan.calendar[calendar].first_risk, plan.calendar[calendar + 1].first_risk):
        risk = plan.lists[k]
        for w in range(chance.window_first[risk], chance.window_first[risk + 1]):
            if tick < chance.window[w].begins < edge:
                edge = chance.window[w].begins
            if tick < chance.window[w].ends < edge:
                edge = chance.window[w].ends
    return edge


@inlined
def note_shortages(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """At the end of a tick: what those who need the same lack, and how many they are, where that has changed."""
    words = state.counts[0].stirred
    state.counts[0].stirred = 0
    while words:
        first = lowest(words)
        words &= words - u64(1)
        for word in range(u32(first), u32(len(state.sets)), u32(64)):
            stirred = state.sets[word].stirred
            state.sets[word].stirred = 0
            while stirred:
                queue = u32(64 * i64(word) + lowest(stirred))
                stirred &= stirred - u64(1)
                if state.queue[queue].total > 0 or state.queue[queue].short_of != NOT:
                    note_shortage(plan, chance, state, queue, tick)


@inlined
def note_shortage(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> None:
    """What those who need the same lack now, and how many they are."""
    short, causes = state.queue[queue], state.cause
    waiting, before, cause = short.total, i64(short.short_of), i64(NOT)
    if waiting > 0:
        cause = lacking(plan, chance, state, queue, tick)
        if cause >= plan.first_calendar_cause:
            await_calendars(plan, chance, state, queue, tick)
    if before == cause and len(state.shortage) == 0:
        if cause != NOT:
            causes[cause].waited += (tick - short.short_since) * short.short_count
        short.short_since, short.short_count = tick, waiting
    elif before != cause or short.short_count != waiting:
        if cause != NOT:
            if causes[cause].queues == 0:
                causes[cause].since = tick
            causes[cause].queues += 1
        if before != NOT:
            end_shortage(state, queue, tick, tick)
        short.short_of, short.short_since, short.short_count = cause, tick, waiting


@fast
def set_out(plan: Plan, chance: FlatDraws, state: State) -> None:
    """Everything as it is before the first tick."""
    counts = state.counts[0]
    counts.events = counts.near = counts.ripe = counts.rows = counts.shortages = counts.settled = counts.passes = 0
    counts.finished = counts.dates = counts.releases = counts.deliveries = counts.steps = 0
    resources, stocks = len(plan.resource_calendar), len(plan.stock) - 1
    for level in range(resources + stocks):
        state.level[level].rose = state.level[level].grew = NOT
    for resource in range(resources):
        state.level[resource].now = state.level[resource].capacity = chance.capacity[resource]
    state.ever[:] = 0
    for stock in range(stocks):
        state.ever[stock] = plan.stock[stock].initial
        state.level[resources + stock].now = plan.stock[stock].initial - plan.stock[stock].taken
        for k in range(plan.stock[stock].first_milestone, plan.stock[stock + 1].first_milestone):
            state.ever[stocks + plan.lists[k]] += plan.stock[stock].initial
    for k in range(len(state.queue)):
        queue = state.queue[k]
        queue.waiting = queue.total = 0
        queue.called = queue.short_of = NOT
    for node in range(len(state.told)):
        history = state.told[node]
        history.ready = history.start = history.finish = history.ended = NOT
        history.held_by = history.used = history.row = history.planned = history.length = NOT
        history.attempts = 0
    for k in range(len(state.cause)):
        cause = state.cause[k]
        cause.waited = cause.spells = cause.queues = cause.since = 0
    for k in range(len(state.sets)):
        state.sets[k].full = state.sets[k].leaders = state.sets[k].awake = state.sets[k].stirred = 0
    counts.awake = counts.stirred = u64(0)
    state.learned[:] = 0
    state.ending[:] = WORKED
    state.reached[:] = NOT
    state.lot_tick[:] = NOT
    for node in range(len(plan.needed)):
        state.piece[node].missing = plan.needed[node]
        state.piece[node].finish = NOT
        if plan.needed[node] == 0:
            ripen(state, u32(node))
    for k in range(len(plan.release)):
        if is_skipped(chance.skipped, plan.release[k].node):
            satisfy(state, u32(plan.release[k].node))
    for milestone in range(len(plan.milestone)):
        reaches = plan.milestone[milestone].reaches
        if reaches != NOT and state.ever[stocks + milestone] >= reaches:
            satisfy(state, u32(plan.milestone[milestone].gate))


@inlined
def settle(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """All that is due happens, and what follows from it at once."""
    while True:
        happen(plan, chance, state, tick)
        instance = ending(state, tick)
        if instance != NONE:
            finish_work(plan, chance, state, tick, instance)
        elif is_due(state, tick):
            settle_event(plan, chance, state, tick, pop(state))
        else:
            return


@entry_point
def run(plan: Plan, chance: FlatDraws, state: State) -> None:
    """The law of the instant: settle, start, and again while something is due at this tick."""
    set_out(plan, chance, state)
    tick, count = i64(0), state.counts[0]
    while tick <= plan.until:
        count.round = 0
        if count.dates <= tick:
            settle_dates(plan, chance, state, tick)
        while True:
            settle(plan, chance, state, tick)
            start_what_can(plan, chance, state, tick)
            count.round += 1
            if state.wheel[u64(tick) & u64(TURN - 1)] == NONE and not is_due(state, tick):
                break
        note_shortages(plan, chance, state, tick)
        if plan.goal != NOT and state.reached[plan.goal] != NOT:
            break
        tick = min(next_ending(state, tick), count.dates)
        if count.events > 0:
            tick = min(tick, state.events[0] >> WHATS)
    if count.near > 0:  # the run was stopped
        state.wheel[:] = NONE
        state.minutes[:] = 0
    for queue in range(len(state.queue)):
        cause = state.queue[queue].short_of
        if cause != NOT:
            end_shortage(state, u32(queue), plan.horizon, NOT)
            state.queue[queue].short_of = cause  # what is stuck is told
