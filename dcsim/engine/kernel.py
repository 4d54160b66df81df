"""The loop of the compiled engine: the law of the instant over flat arrays, in one pass without Python.

It shares the network, the draws and the written law with the reference engine, and nothing else.
"""

from math import floor
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dcsim.calendars import NEVER
from dcsim.engine import lookup
from dcsim.engine.eves import AT_ONCE, HELD, WORKED
from dcsim.engine.jit import cached
from dcsim.engine.lookup import advance, chosen, interval, is_open, is_skipped, joined, later
from dcsim.engine.tables import I64, U32, FlatDraws, Plan, Table, i32, i64, record, u32
from dcsim.network import REPAIR, RETRY, WORK
from dcsim.trace import NOT
from dcsim.units import HALF

U64 = NDArray[np.uint64]

NONE = 2**32 - 1
"""Nothing, among numbers without a sign."""
ANY = NONE
"""What a queue lacks that may start after any change."""

FINISHED, LAG_OVER, LOOK, LOT, STARTED = range(5)
"""What can become due: the end of a piece of work, a lag, another look at those who wait for calendars, a lot of an
order that waited for its gate, and a start that something waits for."""
KINDS, WHATS = 3, 32
"""Bits of an event that say which of these it is, and of what."""

i8 = np.int8

# Rows of the state
LEVEL = record(i64, "now", "before", "changed", "capacity", "rose", "grew", "grown")
WAITING = ("head", "tail", "waiting", "batch", "batch_tick", "newest", "lacks")
TOGETHER = (("total", u32), ("called", i64), ("short_of", i32), ("short_count", u32), ("short_since", i64))
"""Of all that are told with a queue."""
LISTED = (("awake_word", u32), ("stirred_word", u32), ("ranked", u32), ("place", i64))
"""Lists that are kept beside the queues."""
QUEUE = np.dtype([*((name, u32) for name in WAITING), *TOGETHER, *LISTED])
PROGRESS = np.dtype([("missing", u32), ("following", u32), ("since", u32), ("finish", i32)])
PRESENT = np.dtype([("kind", i8), ("attempts", i8)])
CAUSE = record(i64, "waited", "spells", "queues", "since")
COUNTED = ("events", "ripe", "rows", "shortages", "releases", "deliveries", "steps", "awake_words", "stirred_words")
COUNTS = np.dtype([*((name, u32) for name in (*COUNTED, "passes", "round", "settled", "finished")), ("dates", i64)])

FULL, TOLD, AWAKE, STIRRED = range(4)
"""Sets of queues, 64 to a word: some wait in it; some wait that are told with it; it may start; anything changed."""

ZERO, ONE = np.uint64(0), np.uint64(1)
"""Numbers without a sign: places in an array need not be looked at for being counted from its end."""

DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
BIT_NUMBER = np.zeros(64, np.uint32)
"""The number of a single bit, by the top six bits of its product with the de Bruijn sequence."""
for _number in range(64):
    BIT_NUMBER[((1 << _number) * int(DE_BRUIJN) & (2**64 - 1)) >> 58] = _number


class State(NamedTuple):
    """Everything that changes while a replication runs, and what it leaves."""

    counts: Table
    piece: Table
    """Of each node how much it waits for, who stands behind it in its queue, since when, and when it happened."""
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
    level: Table
    ever: I64
    """Of each stock and then each milestone of supplies, the units ever there."""
    queue: Table
    bits: U64
    instance: Table
    """What is told of each instance, where it is told."""
    learned: I64
    reached: I64
    lot_tick: I64
    row: Table
    """Attempts and repairs, where they are told."""
    settled: Table
    """Pieces of work in the order in which they finished, where that is told."""
    shortage: Table
    cause: Table


OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}

inlined = njit(**OPTIONS, forceinline=True)
"""A function of few arrays; without reference counts, which would cost more than the events."""
outlined = njit(**OPTIONS)
"""The same, called and not written out, because that happens rarely."""
part = njit(**OPTIONS, inline="always")
"""A part of the loop, written out where it is called: handing all arrays over would cost more than the work."""
entry_point = cached(**OPTIONS)


# Calendars


@outlined
def next_change(first: I64, table: Table, calendar: int, tick: int) -> int:
    """The first tick after this one at which a calendar opens or closes."""
    k = interval(first, table, calendar, tick)
    if k == first[calendar + 1]:
        return NEVER
    return table[k].opens if table[k].opens > tick else table[k].closes


# Events: a binary heap of (tick, what, kind) in one number each


@inlined
def push(count: Table, events: I64, tick: int, what: int, kind: int) -> None:
    key = (tick << WHATS) | (what << KINDS) | kind
    at = np.uint64(count[0].events)
    count[0].events += 1
    while at > ZERO:
        parent = (at - ONE) >> ONE
        if events[parent] <= key:
            break
        events[at] = events[parent]
        at = parent
    events[at] = key


@inlined
def pop(count: Table, events: I64) -> int:
    """Take the earliest: walk the gap to a leaf along the smaller children, then let the last one rise into it."""
    top = events[0]
    count[0].events -= 1
    size = np.uint64(count[0].events)
    last = events[size]
    at, child = ZERO, ONE
    while child + ONE < size:
        child += np.uint64(events[child + ONE] < events[child])
        events[at] = events[child]
        at, child = child, child + child + ONE
    if child < size:
        events[at] = events[child]
        at = child
    while at > ZERO:
        parent = (at - ONE) >> ONE
        if events[parent] <= last:
            break
        events[at] = events[parent]
        at = parent
    events[at] = last
    return top


# Levels and queues


@inlined
def mark(counts: Table, queues: Table, bits: U64, kind: int, word: int, more: np.uint64) -> None:
    """Queues of one word are awake or stirred."""
    if bits[kind, word] == 0:
        if kind == AWAKE:
            queues[counts[0].awake_words].awake_word = word
            counts[0].awake_words += 1
        else:
            queues[counts[0].stirred_words].stirred_word = word
            counts[0].stirred_words += 1
    bits[kind, word] |= more


@inlined
def bit(queue: int) -> np.uint64:
    """A queue in its word."""
    return np.uint64(1) << np.uint64(queue & 63)


@inlined
def lowest(bits: np.uint64) -> int:
    """The number of the lowest bit of a word."""
    return BIT_NUMBER[((bits & (~bits + np.uint64(1))) * DE_BRUIJN) >> np.uint64(58)]


@inlined
def change(
    first: U32,
    words: Table,
    counts: Table,
    levels: Table,
    queues: Table,
    bits: U64,
    tick: int,
    level: int,
    units: int,
) -> None:
    """So many units more, or fewer, are there; the queues that need them hear of it."""
    if levels[level].changed != tick:
        levels[level].before = levels[level].now
        levels[level].changed = tick
    levels[level].now += units
    if units > 0:
        levels[level].rose = counts[0].passes
    for k in range(first[level], first[level + 1]):
        word = words[k].at
        stirred, woken = words[k].told & bits[TOLD, word], words[k].queues & bits[FULL, word]
        if stirred:
            mark(counts, queues, bits, STIRRED, word, stirred)
        if woken and units > 0:
            mark(counts, queues, bits, AWAKE, word, woken)


@inlined
def join(
    demands: Table, counts: Table, queues: Table, bits: U64, pieces: Table, tick: int, instance: int, queue: int
) -> None:
    """A piece of work is ready: it stands behind all that became ready earlier, and within a tick in place order."""
    pieces[instance].since = tick
    leader = demands[queue].leader
    queues[leader].total += 1
    bits[TOLD, leader >> 6] |= bit(leader)
    mark(counts, queues, bits, STIRRED, leader >> 6, bit(leader))
    if queues[queue].waiting == 0:
        queues[queue].lacks = ANY
        bits[FULL, queue >> 6] |= bit(queue)
        mark(counts, queues, bits, AWAKE, queue >> 6, bit(queue))
        queues[queue].head = queues[queue].batch = queues[queue].newest = NONE
        queues[queue].batch_tick = tick
    elif queues[queue].batch_tick != tick:
        queues[queue].batch_tick = tick
        queues[queue].batch = queues[queue].tail
        queues[queue].newest = NONE
    before = queues[queue].batch
    if queues[queue].newest != NONE and queues[queue].newest < instance:
        before = queues[queue].newest
    behind = queues[queue].head if before == NONE else pieces[before].following
    while behind != NONE and behind < instance:
        before, behind = behind, pieces[behind].following
    pieces[instance].following = behind
    if before == NONE:
        queues[queue].head = instance
    else:
        pieces[before].following = instance
    if behind == NONE:
        queues[queue].tail = instance
    queues[queue].newest = instance
    queues[queue].waiting += 1


@inlined
def leave(demands: Table, counts: Table, queues: Table, bits: U64, pieces: Table, queue: int) -> int:
    """The head of a queue is served."""
    instance = queues[queue].head
    queues[queue].head = pieces[instance].following
    queues[queue].waiting -= 1
    if queues[queue].waiting == 0:
        bits[FULL, queue >> 6] &= ~bit(queue)
    if queues[queue].batch == instance:
        queues[queue].batch = NONE
    if queues[queue].newest == instance:
        queues[queue].newest = NONE
    leader = demands[queue].leader
    mark(counts, queues, bits, STIRRED, leader >> 6, bit(leader))
    queues[leader].total -= 1
    if queues[leader].total == 0:
        bits[TOLD, leader >> 6] &= ~bit(leader)
    return instance


queue_of = part(lookup.demand_of)


@part
def queue_up(plan: Plan, state: State, tick: int, instance: int, kind: int) -> None:
    """An attempt or a repair joins its queue."""
    queue = queue_of(plan, instance, kind)
    if plan.activity[plan.demand[queue].activity].again != NOT:
        state.present[instance].kind = kind
        if kind == WORK:
            state.present[instance].attempts = 0
        if len(state.row) > 0:
            tell_ready(state.counts, state.instance, state.row, tick, instance, kind)
    join(plan.demand, state.counts, state.queue, state.bits, state.piece, tick, instance, queue)


@outlined
def tell_ready(counts: Table, instances: Table, rows: Table, tick: int, instance: int, kind: int) -> None:
    """A row for an attempt or a repair that is ready."""
    row = counts[0].rows
    counts[0].rows += 1
    rows[row].before = instances[instance].row
    instances[instance].row = row
    number = instances[instance].attempts
    rows[row].instance = instance
    rows[row].number = number if kind == REPAIR else number + 1
    rows[row].kind = REPAIR if kind == REPAIR else WORK
    rows[row].ready = tick
    rows[row].start = rows[row].finish = rows[row].held_by = NOT
    rows[row].mode = rows[row].round_ = NOT


# Settling


@part
def change_level(plan: Plan, state: State, tick: int, level: int, units: int) -> None:
    """So many units more, or fewer, are there."""
    change(plan.level, plan.word, state.counts, state.level, state.queue, state.bits, tick, level, units)


@inlined
def took_new(levels: Table, level: int, tick: int) -> bool:
    """Whether some of what was taken just now is there only since the capacity grew at this tick."""
    return levels[level].grew == tick and levels[level].now < levels[level].grown


@inlined
def satisfy(count: Table, pieces: Table, ripe: U32, node: int) -> None:
    """One of the things that a node waits for has come."""
    pieces[node].missing -= 1
    if pieces[node].missing == 0:
        ripe[count[0].ripe] = node
        count[0].ripe += 1


due = part(lookup.due)
arrival = part(lookup.arrival)
lag_over = part(lookup.lag_over)
tied_over = outlined(lookup.tied_over)


@part
def place_order(plan: Plan, chance: FlatDraws, state: State, tick: int, order: int) -> None:
    """An order that waited is placed now; its lots come when they come."""
    for lot in range(plan.order[order].lots):
        arrives = arrival(plan, chance, order, due(plan, chance, order, lot, tick))
        if arrives <= plan.horizon:
            push(state.counts, state.events, arrives, plan.order[order].first_lot + lot, LOT)


@part
def behind_length(plan: Plan, chance: FlatDraws, state: State, tick: int, node: int, lag: int) -> int:
    """When a lag is over that is reckoned by the length of the work that has started or finished."""
    gate = i64(node)
    if node < plan.instances:
        activity = plan.demand[queue_of(plan, node, WORK)].activity
        gate = plan.activity[activity].start_gate + node - plan.activity[activity].first
    planned = NOT if state.piece[gate].since == NONE else i64(state.piece[gate].since)
    return tied_over(plan, chance, lag, tick, planned, i64(state.piece[gate].following))


@part
def follow(plan: Plan, chance: FlatDraws, state: State, tick: int, node: int) -> None:
    """What waits for this node hears of it, at once or after a lag."""
    following = np.int64(plan.node[node].next)
    if following >= 0:
        satisfy(state.counts, state.piece, state.ripe, following)
        return
    if following == NOT:
        return
    links = -2 - following
    for k in range(plan.link_first[links], plan.link_first[links + 1]):
        lag = plan.link[k].lag
        if lag == 0 or is_skipped(chance.skipped, node):
            satisfy(state.counts, state.piece, state.ripe, plan.link[k].to)
            continue
        if plan.lag[lag].tied == 0 and is_skipped(chance.skipped, plan.link[k].to):
            satisfy(state.counts, state.piece, state.ripe, plan.link[k].to)
            continue
        if plan.lag[lag].tied != 0:
            over = behind_length(plan, chance, state, tick, node, lag)
        else:
            over = lag_over(plan, chance, lag, tick)
        if over <= plan.horizon:
            push(state.counts, state.events, over, k, LAG_OVER)


@part
def pass_by(plan: Plan, state: State, tick: int, instance: int) -> None:
    """A branch has skipped this instance: what waits for its start goes on."""
    state.counts[0].finished += 1
    if len(state.instance) > 0:
        state.instance[instance].ready = state.instance[instance].finish = tick
        state.instance[instance].round_ = state.instance[instance].ended = state.counts[0].round
    activity = plan.demand[queue_of(plan, instance, WORK)].activity
    if plan.activity[activity].start_gate != NOT:
        gate = plan.activity[activity].start_gate + instance - plan.activity[activity].first
        satisfy(state.counts, state.piece, state.ripe, gate)


@part
def is_held(plan: Plan, state: State, tick: int, instance: int, activity: int) -> bool:
    """Whether what has been done keeps what it holds until the gate opens with which it finishes."""
    gate = plan.activity[activity].finish_gate
    if gate == NOT:
        return False
    gate += instance - plan.activity[activity].first
    held = state.piece[gate].finish == NOT
    if held:
        state.piece[gate].since = tick
        satisfy(state.counts, state.piece, state.ripe, gate)
    elif state.piece[gate].since < tick:
        state.ending[instance] = WORKED
    if plan.activity[activity].again != NOT and len(state.row) > 0 and state.instance[instance].row != NOT:
        state.row[state.instance[instance].row].finish = NOT if held else tick
    return bool(held)


@part
def let_finish(chance: FlatDraws, state: State, tick: int, instance: int) -> None:
    """All that the finish of an instance waited for has happened, its work too."""
    if is_skipped(chance.skipped, instance):
        state.ripe[state.counts[0].ripe] = instance
        state.counts[0].ripe += 1
    else:
        push(state.counts, state.events, tick, instance, FINISHED)


@part
def happen(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """Nodes that have all they waited for happen, and what follows from them at once happens too."""
    instances = plan.instances
    while state.counts[0].ripe > 0:
        state.counts[0].ripe -= 1
        node = state.ripe[state.counts[0].ripe]
        if node < instances:
            if not is_skipped(chance.skipped, node):
                if len(state.instance) > 0:
                    state.instance[node].ready = tick
                queue_up(plan, state, tick, node, WORK)
                continue
            if is_held(plan, state, tick, node, plan.demand[queue_of(plan, node, WORK)].activity):
                continue
            pass_by(plan, state, tick, node)
        else:
            gate = node - instances
            if plan.gate[gate].milestone != NOT:
                state.reached[plan.gate[gate].milestone] = tick
            for k in range(plan.gate[gate].first_order, plan.gate[gate + 1].first_order):
                place_order(plan, chance, state, tick, plan.lists[k])
            if plan.gate[gate].held != NOT:
                let_finish(chance, state, tick, plan.gate[gate].held)
        state.piece[node].finish = tick
        follow(plan, chance, state, tick, node)


@part
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
        other = i64(plan.alternative[taken].calendar)
        if other != 0 and other != calendar:
            calendar = other if calendar == 0 else i64(joined(plan.joined_key, plan.joined, calendar, other))
        for k in range(plan.alternative[taken].first_claim, plan.alternative[taken + 1].first_claim):
            change_level(plan, state, tick, plan.claim[k].what, sign * plan.claim[k].amount)
            new = new or took_new(state.level, plan.claim[k].what, tick)
    return option, calendar, new


@part
def add(plan: Plan, state: State, tick: int, stock: int, amount: int) -> None:
    """A stock grows; milestones that count it are reached once so much has ever been there."""
    state.ever[stock] += amount
    for k in range(plan.stock[stock].first_milestone, plan.stock[stock + 1].first_milestone):
        milestone = plan.lists[k]
        at = len(plan.stock) - 1 + milestone
        state.ever[at] += amount
        gate = plan.milestone[milestone].gate
        if state.piece[gate].missing == 1 and state.ever[at] >= plan.milestone[milestone].reaches:
            satisfy(state.counts, state.piece, state.ripe, gate)
    level = len(plan.resource_calendar) + stock
    change_level(plan, state, tick, level, amount)


@part
def finish_work(plan: Plan, chance: FlatDraws, state: State, tick: int, instance: int) -> None:
    """A piece of work ends: what it took is free; it passed, or is repaired, or is tried again."""
    group = plan.node[instance].group
    queue, kind = plan.group[group].demand, WORK
    again = plan.activity[plan.demand[queue].activity].again != NOT
    if again:
        kind = int(state.present[instance].kind)
        queue = queue_of(plan, instance, kind)
    fails = again and (kind == REPAIR or state.present[instance].attempts <= chance.failures[instance])
    if not fails and is_held(plan, state, tick, instance, plan.demand[queue].activity):
        return
    for k in range(plan.demand[queue].first_need, plan.demand[queue].first_take):
        change_level(plan, state, tick, plan.need[k].what, plan.need[k].amount)
    if plan.demand[queue + 1].first_choice > plan.demand[queue].first_choice:
        change_chosen(plan, state, tick, queue, state.mode[instance], 1)
    if len(state.settled) > 0:
        settled = state.settled[state.counts[0].settled]
        settled.tick, settled.round_ = tick, state.counts[0].round
        settled.instance, settled.row = instance, state.instance[instance].row
        state.counts[0].settled += 1
    if fails:
        queue_up(plan, state, tick, instance, RETRY if kind == REPAIR else REPAIR)
        return
    state.piece[instance].finish = tick
    if len(state.instance) > 0:
        state.instance[instance].finish, state.instance[instance].ended = tick, state.counts[0].round
    state.counts[0].finished += 1
    bundle = plan.group[group].bundle
    for k in range(plan.bundle[bundle], plan.bundle[bundle + 1]):
        add(plan, state, tick, plan.take[k].what, plan.take[k].amount)
    follow(plan, chance, state, tick, instance)


@part
def look_again(plan: Plan, state: State, queue: int) -> None:
    """A calendar that somebody waits for opens or closes."""
    state.queue[queue].called = NOT
    mark(state.counts, state.queue, state.bits, STIRRED, queue >> 6, bit(queue))
    for k in range(plan.demand[queue].first_family, plan.demand[queue + 1].first_family):
        member = plan.lists[k]
        mark(state.counts, state.queue, state.bits, AWAKE, member >> 6, bit(member))


@part
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
    each, rest = quantity // lots, quantity % lots  # the product of a lot and the quantity could be too large
    amount = each + (lot + 1) * rest // lots - lot * rest // lots
    if amount > 0:
        state.lot_tick[number] = tick
        add(plan, state, tick, plan.order[order].stock, amount)


@part
def settle_event(plan: Plan, chance: FlatDraws, state: State, tick: int, event: int) -> None:
    """One thing that is due."""
    kind = event & ((1 << KINDS) - 1)
    what = (event & ((1 << WHATS) - 1)) >> KINDS
    if kind == FINISHED:
        finish_work(plan, chance, state, tick, what)
    elif kind == LAG_OVER:
        satisfy(state.counts, state.piece, state.ripe, plan.link[what].to)
    elif kind == LOOK:
        look_again(plan, state, what)
    elif kind == LOT:
        lot_arrives(plan, state, tick, what)
    else:
        activity = plan.demand[queue_of(plan, what, WORK)].activity
        gate = plan.activity[activity].start_gate + what - plan.activity[activity].first
        satisfy(state.counts, state.piece, state.ripe, gate)


@part
def settle_dates(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """What was known beforehand to happen at this tick."""
    count = state.counts
    while count[0].releases < len(plan.release) and plan.release[count[0].releases].tick == tick:
        if not is_skipped(chance.skipped, plan.release[count[0].releases].node):
            satisfy(count, state.piece, state.ripe, plan.release[count[0].releases].node)
        count[0].releases += 1
    while count[0].deliveries < len(chance.delivery) and chance.delivery[count[0].deliveries].tick == tick:
        k = count[0].deliveries
        add(plan, state, tick, chance.delivery[k].stock, chance.delivery[k].amount)
        count[0].deliveries += 1
    while count[0].steps < len(chance.step) and chance.step[count[0].steps].tick == tick:
        resource, units = chance.step[count[0].steps].resource, chance.step[count[0].steps].units
        more = units - state.level[resource].capacity
        if state.level[resource].grew != tick:
            state.level[resource].grew, state.level[resource].grown = tick, 0
        state.level[resource].grown += more
        change_level(plan, state, tick, resource, more)
        state.level[resource].capacity = units
        count[0].steps += 1
    count[0].dates = next_date(plan.release, chance.delivery, chance.step, count)


@inlined
def next_date(releases: Table, deliveries: Table, steps: Table, count: Table) -> int:
    """The next tick at which something happens that was known beforehand."""
    tick = NEVER
    if count[0].releases < len(releases):
        tick = min(tick, releases[count[0].releases].tick)
    if count[0].deliveries < len(deliveries):
        tick = min(tick, deliveries[count[0].deliveries].tick)
    if count[0].steps < len(steps):
        tick = min(tick, steps[count[0].steps].tick)
    return tick


# What is lacking


@part
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
def at_hand(levels: Table, level: int, tick: int, just_before: bool) -> int:
    """How much of a thing is there, or was when this tick began."""
    if just_before and levels[level].changed == tick:
        return levels[level].before
    return levels[level].now


@inlined
def was_free(alternatives: Table, claims: Table, levels: Table, number: int, tick: int, just_before: bool) -> bool:
    """Whether all that an alternative takes is free, or was when this tick began."""
    for k in range(alternatives[number].first_claim, alternatives[number + 1].first_claim):
        if at_hand(levels, claims[k].what, tick, just_before) < claims[k].amount:
            return False
    return True


@part
def lacking(plan: Plan, chance: FlatDraws, levels: Table, queue: int, tick: int, just_before: bool) -> int:
    """The cause of the first thing that is insufficient: requirements, supplies, calendars."""
    moment = tick - 1 if just_before else tick
    closed = NOT
    if plan.demand[queue].calendar != 0:
        closed = closed_by(plan, chance, plan.demand[queue].calendar, moment)
    for r in range(i64(plan.demand[queue].first_requirement), i64(plan.demand[queue + 1].first_requirement)):
        free = NOT
        for k in range(i64(plan.requirement[r].first_alternative), i64(plan.requirement[r + 1].first_alternative)):
            if was_free(plan.alternative, plan.claim, levels, k, tick, just_before):
                free = k
                break
        if free == NOT:
            return plan.requirement[r].cause
        if closed == NOT and plan.alternative[free].calendar != 0:
            for k in range(plan.alternative[free].first_claim, plan.alternative[free + 1].first_claim):
                if closed == NOT:
                    closed = closed_by(plan, chance, plan.resource_calendar[plan.claim[k].what], moment)
    for k in range(plan.demand[queue].first_take, plan.demand[queue + 1].first_need):
        if at_hand(levels, plan.need[k].what, tick, just_before) < plan.need[k].amount:
            return plan.stock[plan.need[k].what - len(plan.resource_calendar)].cause
    return closed


# The pass


@part
def is_met(plan: Plan, levels: Table, queues: Table, queue: int) -> bool:
    """Whether all that a demand needs is there, calendars aside; if not, what has to rise is noted."""
    for k in range(plan.demand[queue].first_need, plan.demand[queue + 1].first_need):
        if levels[plan.need[k].what].now < plan.need[k].amount:
            queues[queue].lacks = plan.need[k].what
            return False
    queues[queue].lacks = ANY
    for k in range(plan.demand[queue].first_choice, plan.demand[queue + 1].first_choice):
        if not is_served(plan.requirement, plan.alternative, plan.claim, levels, plan.choice[k]):
            return False
    return True


@inlined
def is_free(alternatives: Table, claims: Table, levels: Table, number: int) -> bool:
    """Whether all that an alternative takes is free."""
    for k in range(alternatives[number].first_claim, alternatives[number + 1].first_claim):
        if levels[claims[k].what].now < claims[k].amount:
            return False
    return True


@inlined
def is_served(requirements: Table, alternatives: Table, claims: Table, levels: Table, number: int) -> bool:
    """Whether one of the alternatives of a requirement is free."""
    for k in range(requirements[number].first_alternative, requirements[number + 1].first_alternative):
        if is_free(alternatives, claims, levels, k):
            return True
    return False


@part
def possible_mode(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> int:
    """The first mode in which the head of a queue whose demand is met can start right now; -1 if there is none."""
    mode = open_mode(plan, chance, state, queue, tick)
    if plan.demand[queue].instant:
        before = open_mode(plan, chance, state, queue, tick - 1)
        if before != NOT and (mode == NOT or before < mode):
            mode = before
    return mode


@part
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
            if is_free(plan.alternative, plan.claim, state.level, k):
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


@part
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


@part
def start_head(plan: Plan, chance: FlatDraws, state: State, queue: int, mode: int, tick: int) -> None:
    """The head of a queue takes all it needs and starts."""
    instance = leave(plan.demand, state.counts, state.queue, state.bits, state.piece, queue)
    kind, activity = plan.demand[queue].kind, plan.demand[queue].activity
    held_by, told, new = NOT, len(state.instance) > 0, False
    if told and state.piece[instance].since < tick:
        held_by = lacking(plan, chance, state.level, queue, tick, True)
    if kind != REPAIR and plan.activity[activity].again != NOT:
        state.present[instance].attempts += 1
    for k in range(plan.demand[queue].first_need, plan.demand[queue + 1].first_need):
        change_level(plan, state, tick, plan.need[k].what, -plan.need[k].amount)
        new = new or took_new(state.level, plan.need[k].what, tick)
    option, calendar = i64(0), i64(plan.demand[queue].together)
    if plan.demand[queue + 1].first_choice > plan.demand[queue].first_choice:
        state.mode[instance] = mode
        option, calendar, chosen_new = change_chosen(plan, state, tick, queue, mode, -1)
        new = new or chosen_new
    if plan.demand[queue].in_months:
        calendar = i64(0)
    minutes = duration(plan, chance, state, instance, queue, option, tick)
    finish = advance(chance.open_first, chance.open, calendar, tick, minutes)
    if kind == WORK and plan.activity[activity].start_gate != NOT:
        gate = plan.activity[activity].start_gate + instance - plan.activity[activity].first
        state.piece[gate].since = finish if finish <= plan.horizon else NONE
        state.piece[gate].following = minutes
        push(state.counts, state.events, tick, instance, STARTED)
    if finish == tick:
        at_once = state.piece[instance].since == tick and is_open(chance.open_first, chance.open, calendar, tick - 1)
        state.ending[instance] = max(state.ending[instance], AT_ONCE if at_once and not new else HELD)
    elif plan.activity[activity].again != NOT:
        state.ending[instance] = WORKED
    if told:
        ends = finish if finish <= plan.horizon else NOT
        tell_start(state.counts, state.instance, state.row, tick, instance, kind, mode, held_by, ends, minutes)
    if finish <= plan.horizon:
        push(state.counts, state.events, finish, instance, FINISHED)


@outlined
def tell_start(
    counts: Table,
    instances: Table,
    rows: Table,
    tick: int,
    instance: int,
    kind: int,
    mode: int,
    held_by: int,
    ends: int,
    minutes: int,
) -> None:
    """An attempt or a repair has started, and ends then, after so many minutes of work."""
    mine = instances[instance]
    if kind == WORK:
        mine.start = tick
        mine.round_ = counts[0].round
        mine.held_by = held_by
        mine.planned, mine.length = ends, minutes
    if kind != REPAIR:
        mine.attempts += 1
        mine.used = mode
    if mine.row != NOT:
        row = rows[mine.row]
        row.start, row.finish, row.held_by, row.mode, row.round_ = tick, ends, held_by, mode, counts[0].round


@inlined
def place_in_order(demands: Table, queues: Table, pieces: Table, queue: int, tick_bits: int, id_bits: int) -> int:
    """Where the head of a queue stands among all that wait: priority, ready tick, file and place order."""
    head = queues[queue].head
    return (((demands[queue].rank << tick_bits) | pieces[head].since) << id_bits) | head


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


@part
def start_what_can(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """Visit the heads of all queues that may start, in the order of the law."""
    queues, bits, size = state.queue, state.bits, 0
    for k in range(state.counts[0].awake_words):
        word = queues[k].awake_word
        waiting = bits[AWAKE, word] & bits[FULL, word]
        bits[AWAKE, word] = 0
        while waiting:
            queue = 64 * word + lowest(waiting)
            waiting &= waiting - np.uint64(1)
            lacks = queues[queue].lacks
            hopeful = lacks == ANY or state.level[lacks].rose == state.counts[0].passes
            if hopeful and is_met(plan, state.level, queues, queue):
                place = place_in_order(plan.demand, queues, state.piece, queue, plan.tick_bits, plan.id_bits)
                rise(queues, size, place, queue)
                size += 1
    state.counts[0].awake_words = 0
    state.counts[0].passes += 1
    fallen = False  # what is there only falls during a pass
    while size > 0:
        queue = queues[0].ranked
        mode = NOT
        if not fallen or is_met(plan, state.level, queues, queue):
            mode = possible_mode(plan, chance, state, queue, tick)
        if mode != NOT:
            start_head(plan, chance, state, queue, mode, tick)
            fallen = True
        if mode != NOT and queues[queue].waiting > 0:
            place = place_in_order(plan.demand, queues, state.piece, queue, plan.tick_bits, plan.id_bits)
            if size > 1:
                sink(queues, size, place, queue)
        else:
            size -= 1
            sink(queues, size, queues[size].place, queues[size].ranked)


# What is told


@outlined
def end_shortage(
    shortages: Table, count: Table, causes: Table, queues: Table, queue: int, tick: int, ends: int
) -> None:
    """A shortage that was being recorded ends, or changes."""
    cause, since = queues[queue].short_of, queues[queue].short_since
    causes[cause].waited += (tick - since) * queues[queue].short_count
    causes[cause].queues -= 1
    if causes[cause].queues == 0:
        causes[cause].spells += tick - causes[cause].since
    row = count[0].shortages
    if row < len(shortages):
        shortages[row].demand, shortages[row].begins, shortages[row].ends = queue, since, ends
        shortages[row].cause, shortages[row].waiting = cause, queues[queue].short_count
    count[0].shortages = row + 1
    queues[queue].short_of = NOT


@part
def await_calendars(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> None:
    """Those whom only calendars keep from starting are looked at again when any of them opens or closes."""
    edge = next_edge(plan, chance, plan.demand[queue].calendar, tick)
    for r in range(i64(plan.demand[queue].first_requirement), i64(plan.demand[queue + 1].first_requirement)):
        first = plan.alternative[plan.requirement[r].first_alternative].first_claim
        for k in range(first, plan.alternative[plan.requirement[r + 1].first_alternative].first_claim):
            edge = min(edge, next_edge(plan, chance, plan.resource_calendar[plan.claim[k].what], tick))
    if edge != state.queue[queue].called and edge <= plan.horizon:
        state.queue[queue].called = edge
        push(state.counts, state.events, edge, queue, LOOK)


@part
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


@part
def note_shortages(plan: Plan, chance: FlatDraws, state: State, tick: int) -> None:
    """At the end of a tick: what those who need the same lack, and how many they are, where that has changed."""
    for k in range(state.counts[0].stirred_words):
        word = state.queue[k].stirred_word
        stirred = state.bits[STIRRED, word]
        state.bits[STIRRED, word] = 0
        while stirred:
            queue = 64 * word + lowest(stirred)
            stirred &= stirred - np.uint64(1)
            if state.queue[queue].total > 0 or state.queue[queue].short_of != NOT:
                note_shortage(plan, chance, state, queue, tick)
    state.counts[0].stirred_words = 0


@part
def note_shortage(plan: Plan, chance: FlatDraws, state: State, queue: int, tick: int) -> None:
    """What those who need the same lack now, and how many they are."""
    queues, causes = state.queue, state.cause
    waiting, before = queues[queue].total, queues[queue].short_of
    cause = NOT
    if waiting > 0:
        cause = lacking(plan, chance, state.level, queue, tick, False)
        if cause >= plan.first_calendar_cause:
            await_calendars(plan, chance, state, queue, tick)
    if before == cause and len(state.shortage) == 0:
        if cause != NOT:
            causes[cause].waited += (tick - queues[queue].short_since) * queues[queue].short_count
        queues[queue].short_since, queues[queue].short_count = tick, waiting
    elif before != cause or queues[queue].short_count != waiting:
        if cause != NOT:
            if causes[cause].queues == 0:
                causes[cause].since = tick
            causes[cause].queues += 1
        if before != NOT:
            end_shortage(state.shortage, state.counts, causes, queues, queue, tick, tick)
        queues[queue].short_of, queues[queue].short_since, queues[queue].short_count = cause, tick, waiting


@inlined
def next_tick(counts: Table, events: I64) -> int:
    """The next tick at which something is due."""
    if counts[0].events > 0:
        return min(events[0] >> WHATS, counts[0].dates)
    return counts[0].dates


@part
def set_out(plan: Plan, chance: FlatDraws, state: State) -> None:
    """Everything as it is before the first tick."""
    counts = state.counts[0]
    counts.events = counts.ripe = counts.rows = counts.shortages = counts.settled = counts.passes = 0
    counts.finished = counts.dates = 0
    counts.releases = counts.deliveries = counts.steps = counts.awake_words = counts.stirred_words = 0
    resources, stocks = len(plan.resource_calendar), len(plan.stock) - 1
    for level in range(resources + stocks):
        state.level[level].changed = state.level[level].rose = state.level[level].grew = NOT
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
    for instance in range(len(state.instance)):
        mine = state.instance[instance]
        mine.ready = mine.start = mine.finish = mine.held_by = mine.used = mine.row = mine.ended = NOT
        mine.planned = mine.length = NOT
        mine.attempts = 0
    for k in range(len(state.cause)):
        cause = state.cause[k]
        cause.waited = cause.spells = cause.queues = cause.since = 0
    state.bits[:] = 0
    state.learned[:] = 0
    state.ending[:] = WORKED
    state.reached[:] = NOT
    state.lot_tick[:] = NOT
    for node in range(len(plan.needed)):
        state.piece[node].missing = plan.needed[node]
        state.piece[node].finish = NOT
        if plan.needed[node] == 0:
            state.ripe[state.counts[0].ripe] = node
            state.counts[0].ripe += 1
    for k in range(len(plan.release)):
        if is_skipped(chance.skipped, plan.release[k].node):
            satisfy(state.counts, state.piece, state.ripe, plan.release[k].node)
    for milestone in range(len(plan.milestone)):
        reaches = plan.milestone[milestone].reaches
        if reaches != NOT and state.ever[stocks + milestone] >= reaches:
            satisfy(state.counts, state.piece, state.ripe, plan.milestone[milestone].gate)


@entry_point
def run(plan: Plan, chance: FlatDraws, state: State) -> None:
    """The law of the instant: settle, start, and again while something is due at this tick."""
    set_out(plan, chance, state)
    tick, now = 0, -1
    while tick <= plan.horizon:
        if now != tick:
            now = tick
            state.counts[0].round = 0
            if state.counts[0].dates <= tick:
                settle_dates(plan, chance, state, tick)
        happen(plan, chance, state, tick)
        if state.counts[0].events > 0 and state.events[0] >> WHATS == tick:
            settle_event(plan, chance, state, tick, pop(state.counts, state.events))
            continue
        start_what_can(plan, chance, state, tick)
        state.counts[0].round += 1
        if state.counts[0].events > 0 and state.events[0] >> WHATS == tick:
            continue
        note_shortages(plan, chance, state, tick)
        tick = next_tick(state.counts, state.events)
    for queue in range(len(state.queue)):
        cause = state.queue[queue].short_of
        if cause != NOT:
            end_shortage(state.shortage, state.counts, state.cause, state.queue, queue, plan.horizon, NOT)
            state.queue[queue].short_of = cause  # what is stuck is told
