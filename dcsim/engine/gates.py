"""When everything that others wait for had happened, and what came last: the links of a run, read backwards.

The functions marked `fast` read and write arrays only: compiled where numba is there, the same in Python where not.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dcsim.calendars import months_later
from dcsim.engine.jit import fast, readable
from dcsim.engine.story import Chance, Story
from dcsim.engine.tables import Table, i64, record
from dcsim.engine.ways import Ways, ways
from dcsim.network import REPAIR, Network
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


def new_gates(network: Network, nodes: Sequence[int]) -> Gates:
    """Room for what is known about the gates that chains of these nodes may lead through."""
    plan = ways(network)
    nothing = np.full(len(plan.gates), NOT)
    widest = int(np.diff(plan.node["first_link"])[plan.instances :].max(initial=0))
    order = _that_matter(network, plan.gates, set(nodes))
    return Gates(order, readable(OPENED, nothing, nothing, nothing), np.empty(widest + 1, np.int64))


def _that_matter(network: Network, gates: Ints, nodes: set[int]) -> Ints:
    """The gates among these nodes, those that instances and orders wait for, and all that lead to them."""
    matter = nodes | set(network.orders_of_gate) | {risk.gate for risk in network.risks}
    for gate in gates[::-1].tolist():
        after = network.link_to[network.link_first[gate] : network.link_first[gate + 1]]
        if (after < network.instances).any() or not matter.isdisjoint(after.tolist()):
            matter.add(gate)
    return np.array([gate for gate in gates.tolist() if gate in matter], np.int64)


# Calendars


@fast
def interval(first: Ints, table: Table, calendar: int, tick: int) -> int:
    """The first open interval of a calendar that ends at this tick or later."""
    low, high = first[calendar], first[calendar + 1]
    while low < high:
        middle = (low + high) >> 1
        if table[middle].closes < tick:
            low = middle + 1
        else:
            high = middle
    return low


@fast
def was_open(first: Ints, table: Table, calendar: int, tick: int) -> bool:
    """Whether a calendar was open in the minute before a tick."""
    if calendar == 0:
        return True
    k = interval(first, table, calendar, tick)
    return k < first[calendar + 1] and table[k].opens < tick


@fast
def worked_until(first: Ints, table: Table, calendar: int, tick: int) -> int:
    """The open minutes of a calendar before a tick, all told."""
    if calendar == 0:
        return tick
    k = interval(first, table, calendar, tick)
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


later = fast(months_later)


@fast
def lag_over(plan: Ways, chance: Chance, lag: int, tick: int) -> int:
    """When a lag that begins at a tick is over."""
    minutes, calendar = plan.lag[lag].minutes, plan.lag[lag].calendar
    if calendar <= 0:
        return later(plan.month, tick, plan.lag[lag].months) + minutes
    done = worked_until(chance.open_first, chance.open, calendar, tick)
    return worked_at(chance.open_first, chance.open, calendar, done + minutes)


# What happened when


@fast
def started(story: Story, instance: int, row: int) -> int:
    """The tick at which a piece of work started."""
    return story.instance[instance].start if row < 0 else story.row[row].start


@fast
def lag_of(plan: Ways, chance: Chance, link: int) -> int:
    """The lag of a link, as a number; that before or after what a branch skipped does not count."""
    if chance.skipped[plan.link[link].source] or chance.skipped[plan.link[link].target]:
        return 0
    return int(plan.link[link].lag)


@fast
def settled_in(story: Story, instance: int, row: int) -> int:
    """The round of its tick in which a piece of work finished."""
    if row < 0:
        piece = story.instance[instance]
        if piece.start == NOT:
            return int(piece.round_)  # a branch skipped it
        return piece.round_ + 1 if piece.start == piece.finish else 0
    told = story.row[row]
    return told.round_ + 1 if told.start == told.finish else 0


@fast
def demand_of(plan: Ways, story: Story, instance: int, row: int) -> int:
    """The demand of a piece of work."""
    if row < 0:
        return plan.instance[instance].work
    if story.row[row].kind == REPAIR:
        return plan.instance[instance].repair
    return plan.instance[instance].retry if story.row[row].number > 1 else plan.instance[instance].work


@fast
def mode_of(plan: Ways, story: Story, instance: int, row: int) -> int:
    """The mode in which a piece of work was done."""
    return story.instance[instance].used if row < 0 else story.row[row].mode


@fast
def calendar_of(plan: Ways, story: Story, instance: int, row: int) -> int:
    """The calendar by which a piece of work was done: of its activity and all that it took; none if in months."""
    demand, mode = demand_of(plan, story, instance, row), mode_of(plan, story, instance, row)
    if plan.demand[demand].in_months:
        return 0
    calendar = int(plan.demand[demand].together)
    for back in range(plan.demand[demand + 1].first_requirement - plan.demand[demand].first_requirement):
        requirement = plan.demand[demand + 1].first_requirement - 1 - back
        first = plan.requirement[requirement].first_alternative
        count = plan.requirement[requirement + 1].first_alternative - first
        if count > 1:
            other = int(plan.alternative[first + mode % count].calendar)
            mode //= count
            if other != 0 and other != calendar:
                at = np.searchsorted(plan.joined_key, (calendar << 32) | other)
                calendar = other if calendar == 0 else int(plan.joined[at])
    return calendar


@fast
def option_of(plan: Ways, story: Story, instance: int, row: int) -> int:
    """The option that says how long a piece of work took."""
    demand, mode, option = demand_of(plan, story, instance, row), mode_of(plan, story, instance, row), 0
    for back in range(plan.demand[demand + 1].first_requirement - plan.demand[demand].first_requirement):
        requirement = plan.demand[demand + 1].first_requirement - 1 - back
        first = plan.requirement[requirement].first_alternative
        count = plan.requirement[requirement + 1].first_alternative - first
        if count > 1:
            option += int(plan.alternative[first + mode % count].option)
            mode //= count
    return option


@fast
def arrival(plan: Ways, chance: Chance, story: Story, gates: Gates, link: int) -> int:
    """When a link was satisfied, as tick and round in one number; -1 if it was not."""
    node, lag = plan.link[link].source, lag_of(plan, chance, link)
    if node < plan.instances:
        tick = story.instance[node].finish
        turn = settled_in(story, node, story.instance[node].row) if tick != NOT else 0
    else:
        tick, turn = gates.opened[node - plan.instances].tick, gates.opened[node - plan.instances].round_
    if tick == NOT:
        return NOT
    if lag > 0:
        tick, turn = lag_over(plan, chance, lag, tick), 0
        if tick > plan.horizon:
            return NOT
    return (int(tick) << ROUNDS) | int(turn)


@fast
def last_arrival(plan: Ways, chance: Chance, story: Story, gates: Gates, node: int) -> int:
    """The link to a node that was satisfied last; -1 if there is none."""
    last, link = NOT, NOT
    for k in range(plan.node[node].first_link, plan.node[node + 1].first_link):
        there = arrival(plan, chance, story, gates, k)
        if there >= last:
            last, link = there, k
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
def arrival_number(plan: Ways, chance: Chance, story: Story, gates: Gates, node: int, number: int) -> int:
    """The link to a node that was satisfied as the so-manieth; -1 if there were fewer."""
    size, keys = 0, gates.scratch
    for k in range(plan.node[node].first_link, plan.node[node + 1].first_link):
        there = arrival(plan, chance, story, gates, k)
        if there == NOT:
            continue
        if size < number:
            keys[size] = there
            size += 1
            if size == number:
                for at in range(size // 2 - 1, -1, -1):
                    sift_down(keys, size, at)
        elif there < keys[0]:
            keys[0] = there
            sift_down(keys, size, 0)
    return same_time(plan, chance, story, gates, node, number) if size == number else NOT


@fast
def same_time(plan: Ways, chance: Chance, story: Story, gates: Gates, node: int, number: int) -> int:
    """Of the links that were satisfied when the so-manieth was, the one that it was: the first written come first."""
    latest, link = gates.scratch[0], NOT
    left = number
    for k in range(plan.node[node].first_link, plan.node[node + 1].first_link):
        left -= int(NOT < arrival(plan, chance, story, gates, k) < latest)
    for k in range(plan.node[node].first_link, plan.node[node + 1].first_link):
        if left > 0 and arrival(plan, chance, story, gates, k) == latest:
            left -= 1
            link = k
    return link


@fast
def open_gates(plan: Ways, chance: Chance, story: Story, gates: Gates) -> None:
    """Find out when each gate that matters opened, and by what.

    Where orders that waited bring what milestones count, what a milestone led to may count for the next: they are
    opened one after the other, in the order of time.
    """
    for k in range(len(gates.order)):
        opened = gates.opened[gates.order[k] - plan.instances]
        opened.tick = opened.round_ = opened.by = NOT
    if not plan.counts_orders:
        for k in range(len(gates.order)):
            open_gate(plan, chance, story, gates, gates.order[k])
        return
    while True:
        for k in range(len(gates.order)):
            gate = gates.order[k] - plan.instances
            if plan.gate[gate].milestone == NOT and gates.opened[gate].tick == NOT:
                open_gate(plan, chance, story, gates, gates.order[k])
        first = NOT
        for k in range(len(gates.order)):
            gate = gates.order[k] - plan.instances
            if plan.gate[gate].milestone == NOT or gates.opened[gate].tick != NOT:
                continue
            reach(plan, story, gates, gate)
            if gates.opened[gate].tick != NOT:
                if first == NOT or is_before(gates.opened[gate], gates.opened[first]):
                    first, gate = gate, first
                if gate != NOT:
                    gates.opened[gate].tick = gates.opened[gate].round_ = gates.opened[gate].by = NOT
        if first == NOT:
            return


@fast
def is_before(one: Any, other: Any) -> bool:
    """Whether one gate opened in an earlier round than another."""
    return one.tick < other.tick or (one.tick == other.tick and one.round_ < other.round_)


@fast
def open_gate(plan: Ways, chance: Chance, story: Story, gates: Gates, node: int) -> None:
    """Find out when a gate opened, and by what, from those before it."""
    gate = node - plan.instances
    opened = gates.opened[gate]
    if plan.gate[gate].milestone != NOT:
        reach(plan, story, gates, gate)
        return
    if plan.gate[gate].started_by != NOT:
        starter = story.instance[plan.gate[gate].started_by]
        if starter.start != NOT:
            opened.tick, opened.round_ = starter.start, starter.round_ + 1
        elif starter.finish != NOT:
            opened.tick, opened.round_ = starter.finish, starter.round_
        return
    needed = plan.node[node].needed
    if needed == plan.node[node + 1].first_link - plan.node[node].first_link:
        link = last_arrival(plan, chance, story, gates, node)
        for other in range(plan.node[node].first_link, plan.node[node + 1].first_link):
            if arrival(plan, chance, story, gates, other) == NOT:
                link = NOT
    else:
        link = arrival_number(plan, chance, story, gates, node, needed)
    if link != NOT:
        there = arrival(plan, chance, story, gates, link)
        opened.tick, opened.round_, opened.by = there >> ROUNDS, there & (2**ROUNDS - 1), link


@fast
def reach(plan: Ways, story: Story, gates: Gates, gate: int) -> None:
    """Find out when so much of a supply had ever been there, and what was the last to come."""
    milestone = plan.gate[gate].milestone
    there, wanted = 0, plan.reaches[milestone]
    for stock in range(len(plan.initial)):
        if plan.counted[milestone, stock]:
            there += plan.initial[stock]
    if there >= wanted:
        gates.opened[gate].tick, gates.opened[gate].round_ = 0, 0
        return
    delivery, settled = 0, 0
    while delivery < len(story.delivery) or settled < len(story.settled):
        if settled == len(story.settled) or (
            delivery < len(story.delivery) and arrives_before(plan, story, gates, delivery, settled)
        ):
            tick, turn, by = story.delivery[delivery].tick, 0, len(story.settled) + delivery
            if plan.counted[milestone, story.delivery[delivery].stock] and is_placed(plan, story, gates, delivery):
                there += story.delivery[delivery].amount
                turn = delivered_in(plan, story, gates, delivery)
            delivery += 1
        else:
            instance, row = story.settled[settled].instance, story.settled[settled].row
            tick, turn, by = story.settled[settled].tick, 0, settled
            if passes(story, settled):
                bundle = plan.instance[instance].bundle
                for k in range(plan.bundle[bundle], plan.bundle[bundle + 1]):
                    if plan.counted[milestone, plan.gain[k].stock]:
                        there += plan.gain[k].amount
                turn = settled_in(story, instance, row)
            settled += 1
        if there >= wanted:
            gates.opened[gate].tick, gates.opened[gate].round_, gates.opened[gate].by = tick, turn, by
            return


@fast
def is_placed(plan: Ways, story: Story, gates: Gates, delivery: int) -> bool:
    """Whether it is known when the order of a delivery was placed."""
    order = story.delivery[delivery].origin
    if order < 0 or plan.order[order].gate == NOT:
        return True
    return gates.opened[plan.order[order].gate - plan.instances].tick != NOT


@fast
def arrives_before(plan: Ways, story: Story, gates: Gates, delivery: int, settled: int) -> bool:
    """Whether a delivery settles before a piece of work; what is ordered in that very round comes after it."""
    tick, order = story.delivery[delivery].tick, story.delivery[delivery].origin
    if tick != story.settled[settled].tick:
        return tick < story.settled[settled].tick
    if order < 0 or plan.order[order].gate == NOT:
        return True
    placed = gates.opened[plan.order[order].gate - plan.instances]
    turn = settled_in(story, story.settled[settled].instance, story.settled[settled].row)
    return NOT < placed.tick < tick or (placed.tick == tick and placed.round_ < turn)


@fast
def delivered_in(plan: Ways, story: Story, gates: Gates, delivery: int) -> int:
    """The round of its tick in which goods arrived: the first, unless the order was placed in that tick."""
    order = story.delivery[delivery].origin
    if order < 0 or plan.order[order].gate == NOT:
        return 0
    placed = gates.opened[plan.order[order].gate - plan.instances]
    return placed.round_ if placed.tick == story.delivery[delivery].tick else 0


@fast
def passes(story: Story, settled: int) -> bool:
    """Whether this was the attempt of its activity that passed."""
    instance, row = story.settled[settled].instance, story.settled[settled].row
    return row < 0 or (row == story.instance[instance].row and story.instance[instance].finish != NOT)
