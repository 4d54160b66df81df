"""When everything that others wait for had happened, and what came last: the links of a run, read backwards.

The functions marked `fast` read and write arrays only: compiled where numba is there, the same in Python where not.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dcsim.chain.ways import Codes, Ways, ways
from dcsim.engine.jit import by_address, by_rows, entry_point, fast
from dcsim.engine.lookup import chosen, demand_of, interval, is_skipped, joined, lag_over, tied_over
from dcsim.engine.tables import FlatDraws, Plan, RunRecord, Table, i64, record
from dcsim.network import REPAIR, RETRY, WORK, Network
from dcsim.trace import NOT, Ints

ROUNDS = 30
"""Bits that hold a round of a tick."""

OPENED = record(i64, "tick", "round_", "by")


class Gates(NamedTuple):
    """When each gate opened, and what opened it."""

    order: Ints
    """Those that matter, each after those it waits for."""
    opened: Table
    """`by` is a link; for a milestone of supplies a settled piece of work, or beyond them a delivery; else -1."""
    scratch: Ints


class Past(NamedTuple):
    """A replication as chains read it, from its end."""

    plan: Plan
    ways: Ways
    chance: FlatDraws
    story: RunRecord
    gates: Gates


by_address(Plan, FlatDraws, RunRecord, Codes, Ways, Gates, Past)


def new_gates(network: Network, nodes: Sequence[int]) -> Gates:
    """Room for what is known about the gates that chains of these nodes may lead through."""
    gates, first = ways(network).gates, ways(network).link_first
    widest = int(np.diff(first)[network.instances :].max(initial=0))
    opened = by_rows(OPENED, [(NOT, NOT, NOT)] * len(gates))
    return Gates(_that_matter(network, gates, set(nodes)), opened, np.empty(widest + 1, np.int64))


def _that_matter(network: Network, gates: Ints, nodes: set[int]) -> Ints:
    """The gates among these nodes, those that instances and orders wait for, and all that lead to them."""
    matter = nodes | set(network.orders_of_gate) | {risk.gate for risk in network.risks}
    matter |= set((network.instances + np.flatnonzero(network.held != NOT)).tolist())
    for gate in gates[::-1].tolist():
        after = network.link_to[network.link_first[gate] : network.link_first[gate + 1]]
        if (after < network.instances).any() or not matter.isdisjoint(after.tolist()):
            matter.add(gate)
    return np.array([gate for gate in gates.tolist() if gate in matter], np.int64)


# Calendars


@fast
def worked_until(first: Ints, table: Table, calendar: int, tick: int) -> int:
    """The open minutes of a calendar before a tick, all told."""
    if calendar == 0:
        return tick
    k = interval(first, table, calendar, tick - 1)
    if k < first[calendar + 1]:
        return table[k].worked + max(0, tick - table[k].opens)
    if k == first[calendar]:
        return 0
    return table[k - 1].worked + table[k - 1].closes - table[k - 1].opens


@fast
def worked_at(first: Ints, table: Table, calendar: int, minutes: int) -> int:
    """The tick by which so many open minutes have passed, all told."""
    if calendar == 0:
        return minutes
    low, high = first[calendar], first[calendar + 1]
    while low + 1 < high:
        middle = (low + high) >> 1
        if table[middle].worked < minutes:
            low = middle
        else:
            high = middle
    return table[low].opens + minutes - table[low].worked


# What happened when


@fast
def bundle_of(plan: Plan, instance: int) -> int:
    """The bundle that an instance produces."""
    return int(plan.group[plan.node[instance].group].bundle)


@fast
def lag_of(past: Past, link: int) -> int:
    """The lag of a link, as a number; that before or after what a branch skipped does not count."""
    source, target = past.ways.link[link].source, past.ways.link[link].target
    lag = int(past.ways.link[link].lag)
    if is_skipped(past.chance.skipped, source):
        return 0
    return 0 if is_skipped(past.chance.skipped, target) and not past.plan.lag[lag].tied else lag


@fast
def started(story: RunRecord, instance: int, row: int) -> int:
    """The tick at which a piece of work started."""
    return story.instance[instance].start if row < 0 else story.row[row].start


@fast
def demand_met(past: Past, instance: int, row: int) -> int:
    """The demand of a piece of work."""
    kind = WORK
    if row >= 0 and (past.story.row[row].kind == REPAIR or past.story.row[row].number > 1):
        kind = REPAIR if past.story.row[row].kind == REPAIR else RETRY
    return int(demand_of(past.plan, instance, kind))


@fast
def mode_of(story: RunRecord, instance: int, row: int) -> int:
    """The mode in which a piece of work was done."""
    return story.instance[instance].used if row < 0 else story.row[row].mode


@fast
def taken(past: Past, instance: int, row: int) -> tuple[np.int64, np.int64]:
    """What follows from what a piece of work took: the calendar that it went by, and the option that says how long.

    The calendar is that of its activity and of all that it took; none if it is in months.
    """
    plan, demand = past.plan, demand_met(past, instance, row)
    calendar, option, mode = i64(plan.demand[demand].together), i64(0), i64(mode_of(past.story, instance, row))
    for back in range(i64(plan.demand[demand + 1].first_choice) - i64(plan.demand[demand].first_choice)):
        requirement = plan.choice[i64(plan.demand[demand + 1].first_choice) - 1 - back]
        alternative, mode = chosen(plan.requirement, requirement, mode)
        option += i64(plan.alternative[alternative].option)
        own_calendar = i64(plan.alternative[alternative].calendar)
        if own_calendar != 0 and own_calendar != calendar:
            calendar = (
                own_calendar if calendar == 0 else i64(joined(plan.joined_key, plan.joined, calendar, own_calendar))
            )
    return i64(0) if plan.demand[demand].in_months else calendar, option


@fast
def behind(past: Past, node: int, lag: int, tick: int) -> int:
    """When a lag is over that begins at a tick, when a node happened."""
    if not past.plan.lag[lag].tied:
        return int(lag_over(past.plan, past.chance, lag, tick))
    instance = node
    if node >= past.plan.instances:
        instance = past.ways.gate[node - past.plan.instances].started_by
    piece = past.story.instance[instance]
    return int(tied_over(past.plan, past.chance, lag, tick, piece.planned, piece.length))


@fast
def arrival(past: Past, link: int) -> int:
    """When a link was satisfied, as tick and round in one number; -1 if it was not."""
    node, lag = past.ways.link[link].source, lag_of(past, link)
    if node < past.plan.instances:
        tick = past.story.instance[node].finish
        turn = past.story.instance[node].ended
    else:
        opened = past.gates.opened[node - past.plan.instances]
        tick, turn = opened.tick, opened.round_
    if tick == NOT:
        return NOT
    if lag > 0:
        over = behind(past, node, lag, tick)
        tick, turn = over, turn if over == tick else 0
        if tick > past.plan.horizon:
            return NOT
    return (int(tick) << ROUNDS) | int(turn)


@fast
def last_arrival(past: Past, node: int) -> int:
    """The link to a node that was satisfied last; -1 if there is none."""
    last, link = NOT, NOT
    for k in range(past.ways.link_first[node], past.ways.link_first[node + 1]):
        arrived = arrival(past, k)
        if arrived >= last:
            last, link = arrived, k
    return link


@fast
def sift_down(keys: Ints, size: int, at: int) -> None:
    """A number sinks to its place in a heap whose top is the largest."""
    key = keys[at]
    child = 2 * at + 1
    while child < size:
        if child + 1 < size and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[at] = keys[child]
        at, child = child, 2 * child + 1
    keys[at] = key


@fast
def arrival_number(past: Past, node: int, number: int) -> int:
    """The link to a node that was satisfied as the n-th; -1 if fewer were."""
    size, keys = 0, past.gates.scratch
    for k in range(past.ways.link_first[node], past.ways.link_first[node + 1]):
        arrived = arrival(past, k)
        if arrived == NOT:
            continue
        if size < number:
            keys[size] = arrived
            size += 1
            if size == number:
                for at in range(size // 2 - 1, -1, -1):
                    sift_down(keys, size, at)
        elif arrived < keys[0]:
            keys[0] = arrived
            sift_down(keys, size, 0)
    return same_time(past, node, number) if size == number else NOT


@fast
def same_time(past: Past, node: int, number: int) -> int:
    """Of the links that were satisfied at the same time as the n-th, the n-th itself: in the order written."""
    latest, link = past.gates.scratch[0], NOT
    left = number
    for k in range(past.ways.link_first[node], past.ways.link_first[node + 1]):
        left -= int(NOT < arrival(past, k) < latest)
    for k in range(past.ways.link_first[node], past.ways.link_first[node + 1]):
        if left > 0 and arrival(past, k) == latest:
            left -= 1
            link = k
    return link


@entry_point
def open_gates(past: Past) -> None:
    """Find out when each gate that matters opened, and by what.

    Where orders that waited bring what milestones count, what a milestone led to may count for the next: they are
    opened one after the other, in the order of time.
    """
    order, opened, instances = past.gates.order, past.gates.opened, past.plan.instances
    for k in range(len(order)):
        close(opened[order[k] - instances])
    if not past.ways.counts_orders:
        for k in range(len(order)):
            open_gate(past, order[k])
        return
    first = 0
    while first != NOT:
        for k in range(len(order)):
            gate = order[k] - instances
            if past.ways.gate[gate].milestone == NOT and opened[gate].tick == NOT:
                open_gate(past, order[k])
        first = NOT
        for k in range(len(order)):
            gate = order[k] - instances
            if past.ways.gate[gate].milestone == NOT or opened[gate].tick != NOT:
                continue
            reach(past, gate)
            if opened[gate].tick != NOT:
                if first == NOT or is_before(opened[gate], opened[first]):
                    first, gate = gate, first
                if gate != NOT:
                    close(opened[gate])


@fast
def close(gate: Any) -> None:
    """A gate is not known to have opened."""
    gate.tick = gate.round_ = gate.by = NOT


@fast
def is_before(first: Any, second: Any) -> bool:
    """Whether one gate opened in an earlier round than another."""
    return first.tick < second.tick or (first.tick == second.tick and first.round_ < second.round_)


@fast
def open_gate(past: Past, node: int) -> None:
    """Find out when a gate opened, and by what, from those before it."""
    gate = node - past.plan.instances
    opened = past.gates.opened[gate]
    if past.ways.gate[gate].milestone != NOT:
        reach(past, gate)
        return
    if past.ways.gate[gate].started_by != NOT:
        starter = past.story.instance[past.ways.gate[gate].started_by]
        if starter.start != NOT:
            opened.tick, opened.round_ = starter.start, starter.round_ + 1
        elif starter.finish != NOT:
            opened.tick, opened.round_ = starter.finish, starter.round_
        return
    if past.ways.gate[gate].date != NOT:
        opened.tick, opened.round_ = past.ways.gate[gate].date, 0
        return
    needed = past.plan.needed[node]
    if needed == past.ways.link_first[node + 1] - past.ways.link_first[node]:
        link = last_arrival(past, node)
        for link_ in range(past.ways.link_first[node], past.ways.link_first[node + 1]):
            if arrival(past, link_) == NOT:
                link = NOT
    else:
        link = arrival_number(past, node, needed)
    if link != NOT:
        arrived = arrival(past, link)
        opened.tick, opened.round_, opened.by = arrived >> ROUNDS, arrived & (2**ROUNDS - 1), link


@fast
def reach(past: Past, gate: int) -> None:
    """Find out when so much of a supply had ever been there, and what was the last to come."""
    plan, story, opened = past.plan, past.story, past.gates.opened[gate]
    milestone = past.ways.gate[gate].milestone
    level, wanted = 0, plan.milestone[milestone].reaches
    for stock in range(len(plan.stock) - 1):
        if past.ways.counted[milestone, stock]:
            level += plan.stock[stock].initial
    if level >= wanted:
        opened.tick, opened.round_ = 0, 0
        return
    delivery, settled = 0, 0
    while delivery < len(story.delivery) or settled < len(story.settled):
        if settled == len(story.settled) or (
            delivery < len(story.delivery) and arrives_before(past, delivery, settled)
        ):
            tick, turn, by = story.delivery[delivery].tick, 0, len(story.settled) + delivery
            if past.ways.counted[milestone, story.delivery[delivery].stock] and is_placed(past, delivery):
                level += story.delivery[delivery].amount
                turn = delivered_in(past, delivery)
            delivery += 1
        else:
            instance = story.settled[settled].instance
            tick, turn, by = story.settled[settled].tick, 0, settled
            if passes(story, settled):
                bundle = bundle_of(plan, instance)
                for k in range(plan.bundle[bundle], plan.bundle[bundle + 1]):
                    if past.ways.counted[milestone, plan.take[k].what]:
                        level += plan.take[k].amount
                turn = story.settled[settled].round_
            settled += 1
        if level >= wanted:
            opened.tick, opened.round_, opened.by = tick, turn, by
            return


@fast
def is_placed(past: Past, delivery: int) -> bool:
    """Whether it is known when the order of a delivery was placed."""
    order = past.story.delivery[delivery].origin
    if order < 0 or past.ways.order_gate[order] == NOT:
        return True
    return past.gates.opened[past.ways.order_gate[order] - past.plan.instances].tick != NOT


@fast
def arrives_before(past: Past, delivery: int, settled: int) -> bool:
    """Whether a delivery settles before a piece of work; what is ordered in that very round comes after it."""
    tick, order = past.story.delivery[delivery].tick, past.story.delivery[delivery].origin
    if tick != past.story.settled[settled].tick:
        return tick < past.story.settled[settled].tick
    if order < 0 or past.ways.order_gate[order] == NOT:
        return True
    placed = past.gates.opened[past.ways.order_gate[order] - past.plan.instances]
    turn = past.story.settled[settled].round_
    return NOT < placed.tick < tick or (placed.tick == tick and placed.round_ < turn)


@fast
def delivered_in(past: Past, delivery: int) -> int:
    """The round of its tick in which goods arrived: the first, unless the order was placed in that tick."""
    order = past.story.delivery[delivery].origin
    if order < 0 or past.ways.order_gate[order] == NOT:
        return 0
    placed = past.gates.opened[past.ways.order_gate[order] - past.plan.instances]
    return placed.round_ if placed.tick == past.story.delivery[delivery].tick else 0


@fast
def passes(story: RunRecord, settled: int) -> bool:
    """Whether this was the attempt of its activity that passed."""
    instance, row = story.settled[settled].instance, story.settled[settled].row
    return row < 0 or (row == story.instance[instance].row and story.instance[instance].finish != NOT)
