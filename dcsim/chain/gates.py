"""What everything that others wait for had waited for last: the links of a run, read backwards.

The functions marked `fast` read and write arrays only: compiled where numba is there, the same in Python where not.
"""

from typing import Any, NamedTuple

import numpy as np

from dcsim.chain.ways import Codes, Ways
from dcsim.engine.jit import by_address, fast
from dcsim.engine.lookup import chosen, demand_of, interval, is_skipped, joined, lag_over, tied_over
from dcsim.engine.tables import FlatDraws, Plan, RunRecord, Table, i64
from dcsim.network import REPAIR, RETRY, WORK
from dcsim.trace import NOT, Ints

ROUNDS = 30
"""Bits that hold a round of a tick."""


class Past(NamedTuple):
    """A replication as chains read it, from its end."""

    plan: Plan
    ways: Ways
    chance: FlatDraws
    story: RunRecord


by_address(Plan, FlatDraws, RunRecord, Codes, Ways, Past)


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
    return story.node[instance].start if row < 0 else story.row[row].start


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
    return story.node[instance].used if row < 0 else story.row[row].mode


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
    piece = past.story.node[instance]
    return int(tied_over(past.plan, past.chance, lag, tick, piece.planned, piece.length))


@fast
def time_of(node: Any) -> int:
    """When a node happened, as tick and round in one number; -1 if it did not."""
    return NOT if node.finish == NOT else int((i64(node.finish) << ROUNDS) | i64(node.ended))


@fast
def arrival(past: Past, link: int) -> int:
    """When a link was satisfied, as tick and round in one number; -1 if it was not."""
    node, lag = past.ways.link[link].source, lag_of(past, link)
    came, tick = time_of(past.story.node[node]), past.story.node[node].finish
    if came == NOT or lag == 0:
        return came
    over = behind(past, node, lag, tick)
    if over == tick:
        return came
    return over << ROUNDS if over <= past.plan.horizon else NOT


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
def opened_by(past: Past, node: int) -> int:
    """The link that opened a gate: of those that came when it opened, the last that it needed, as they are written."""
    opened, left, link = time_of(past.story.node[node]), past.plan.needed[node], NOT
    first, last = past.ways.link_first[node + 1], past.ways.link_first[node] - 1
    for k in range(past.ways.link_first[node], past.ways.link_first[node + 1]):
        arrived = arrival(past, k)
        left -= int(NOT < arrived < opened)
        if arrived == opened:
            first, last = min(first, k), k
    for k in range(first, last + 1):
        if left > 0 and arrival(past, k) == opened:
            left -= 1
            link = k
    return link


@fast
def reached_by(past: Past, gate: int) -> int:
    """What brought the last unit that a milestone of supplies needed, and opened its gate; -1 if nothing had to come.

    It is an instance, or behind all instances a delivery. In the round in which it came, what was ordered before
    settles first, then work, then what was ordered in that very round.
    """
    ways, story, milestone = past.ways, past.story, past.ways.gate[gate].milestone
    opened, left = time_of(story.node[past.plan.instances + gate]), past.plan.milestone[milestone].reaches
    for stock in range(len(past.plan.stock) - 1):
        left -= past.plan.stock[stock].initial if ways.counted[milestone, stock] else 0
    if left <= 0:
        return NOT
    alone = came_alone(past, milestone, opened)
    if alone != NOT:
        return alone
    gains = range(ways.gain_first[milestone], ways.gain_first[milestone + 1])
    for k in gains:
        if NOT < brought(past, k) < opened:
            left -= ways.gain[k].units
    for ordered_then in range(2):
        for k in range(len(story.delivery)):
            counts = ways.counted[milestone, story.delivery[k].stock] and came(past, k) <= opened
            if counts and (ordered(past, k) == opened) == ordered_then:
                left -= story.delivery[k].amount
                if left <= 0:
                    return past.plan.instances + k
        for k in gains:
            if not ordered_then and brought(past, k) == opened:
                left -= ways.gain[k].units
                if left <= 0:
                    return ways.gain[k].instance
    return NOT


@fast
def last_at_most(table: Table, tick: int) -> int:
    """The last row that is not later than a tick; -1 if all are."""
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) >> 1
        if table[middle].tick <= tick:
            low = middle + 1
        else:
            high = middle
    return low - 1


@fast
def came_alone(past: Past, milestone: int, opened: int) -> int:
    """What brought what a milestone counts when its gate opened, if that was one thing alone; else -1."""
    story, tick, count, alone = past.story, opened >> ROUNDS, 0, NOT
    k = last_at_most(story.settled, tick)
    while k >= 0 and story.settled[k].tick == tick:
        gain = gain_of(past, milestone, story.settled[k].instance)
        if gain != NOT and brought(past, gain) == opened:
            count, alone = count + 1, int(story.settled[k].instance)
        k -= 1
    k = last_at_most(story.delivery, tick)
    while k >= 0 and story.delivery[k].tick == tick:
        if past.ways.counted[milestone, story.delivery[k].stock] and came(past, k) == opened:
            count, alone = count + 1, int(past.plan.instances + k)
        k -= 1
    return alone if count == 1 else NOT


@fast
def gain_of(past: Past, milestone: int, instance: int) -> int:
    """What an instance brings of what a milestone counts, as a row; -1 if nothing."""
    low, high = past.ways.gain_first[milestone], past.ways.gain_first[milestone + 1]
    end = high
    while low < high:
        middle = (low + high) >> 1
        if past.ways.gain[middle].instance < instance:
            low = middle + 1
        else:
            high = middle
    return int(low) if low < end and past.ways.gain[low].instance == instance else NOT


@fast
def brought(past: Past, gain: int) -> int:
    """When an instance brought what a milestone counts, as tick and round in one number; -1 if it did not."""
    instance = past.ways.gain[gain].instance
    return NOT if is_skipped(past.chance.skipped, instance) else time_of(past.story.node[instance])


@fast
def ordered(past: Past, delivery: int) -> int:
    """When goods were ordered, as tick and round in one number; -1 if no gate was waited for."""
    order = past.story.delivery[delivery].origin
    if order < 0 or past.ways.order_gate[order] == NOT:
        return NOT
    return time_of(past.story.node[past.ways.order_gate[order]])


@fast
def came(past: Past, delivery: int) -> int:
    """When goods came, as tick and round in one number: in the first round, unless they were ordered in that tick."""
    return max(past.story.delivery[delivery].tick << ROUNDS, ordered(past, delivery))
