"""The driving chain: from a milestone back to the start, what each thing that happened had waited for last.

What started when it became ready was driven by the predecessor that settled last; what was held, by what gave back or
delivered the missing thing: the last to settle before its start. So the chain never bites its tail, and its segments
follow each other without a gap: they add up to the tick of the milestone.

* Who waits for a *resource* follows whoever gave it back. While both overlap, the time is waiting for the resource;
  what the giver worked before is its own work.
* Who waits for a *supply* follows what produced or delivered it. A production ends the chain.
* A closed calendar, or a risk that stops work, is waited for as long as the queue lacked nothing else; what it lacked
  before that is followed on.
* Where capacity changed on a date, the waiting counts for the resource and the chain goes on with what made the
  activity ready.

The functions read and write arrays only: compiled where numba is there, the same in Python where not.
"""

from collections.abc import Sequence

import numpy as np

from dcsim.engine.draws import Draws
from dcsim.engine.gates import (
    ROUNDS,
    Gates,
    arrival,
    calendar_of,
    delivered_in,
    demand_of,
    lag_of,
    last_arrival,
    mode_of,
    new_gates,
    open_gates,
    passes,
    settled_in,
    started,
)
from dcsim.engine.jit import fast, readable
from dcsim.engine.story import Chance, Story, chance_of, story_of
from dcsim.engine.tables import Table
from dcsim.engine.telling import SEGMENT, tell, tell_order, tell_span, tell_work
from dcsim.engine.ways import Ways, ways
from dcsim.trace import NOT, Trace

ANY_ROUND = 2**30
ENDLESS = -1
"""Stands for the length of a chain that does not end, which the law of the instant rules out."""


def chains(trace: Trace, draws: Draws, nodes: Sequence[int]) -> list[Table]:
    """The segments of the chain of each of these instances or gates, in order of time; none of what did not happen."""
    plan, chance, story = ways(trace.network), chance_of(trace.network, draws), story_of(trace)
    gates = new_gates(trace.network, nodes)
    open_gates(plan, chance, story, gates)
    return [chain(plan, chance, story, gates, node) for node in nodes]


def chain(plan: Ways, chance: Chance, story: Story, gates: Gates, node: int) -> Table:
    """The segments of the chain of one instance or gate, in order of time."""
    room = 4096
    while True:
        told = readable(SEGMENT, *np.empty((5, room), np.int64))
        count = int(follow(plan, chance, story, gates, node, told))
        if count == ENDLESS:
            raise RuntimeError(f"the chain of node {node} bites its tail")
        if count <= room:
            return told[:count][::-1]
        room = count


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
def shortage(story: Story, demand: int, tick: int) -> int:
    """What a queue was recorded to lack in the minute before a tick; -1 if nothing."""
    low, high = 0, len(story.shortage)
    while low < high:
        middle = (low + high) >> 1
        ends = story.shortage[middle].ends
        if 0 <= ends < tick:
            low = middle + 1
        else:
            high = middle
    for k in range(low, len(story.shortage)):
        if story.shortage[k].demand == demand and story.shortage[k].begins < tick:
            return k
    return NOT


@fast
def gives_back(plan: Ways, story: Story, settled: int, demand: int, cause: int) -> bool:
    """Whether a piece of work gave back what a demand lacked."""
    instance, row = story.settled[settled].instance, story.settled[settled].row
    given, mode = demand_of(plan, story, instance, row), mode_of(plan, story, instance, row)
    for back in range(plan.demand[given + 1].first_requirement - plan.demand[given].first_requirement):
        requirement = plan.demand[given + 1].first_requirement - 1 - back
        first = plan.requirement[requirement].first_alternative
        count = plan.requirement[requirement + 1].first_alternative - first
        taken = first + mode % count
        mode //= count
        for k in range(plan.alternative[taken].first_claim, plan.alternative[taken + 1].first_claim):
            if names(plan, demand, cause, plan.claim[k]):
                return True
    return False


@fast
def names(plan: Ways, demand: int, cause: int, resource: int) -> bool:
    """Whether a demand names this resource under a cause."""
    for r in range(plan.demand[demand].first_requirement, plan.demand[demand + 1].first_requirement):
        if plan.requirement[r].cause == cause:
            first = plan.alternative[plan.requirement[r].first_alternative].first_claim
            for k in range(first, plan.alternative[plan.requirement[r + 1].first_alternative].first_claim):
                if plan.claim[k] == resource:
                    return True
    return False


@fast
def produces(plan: Ways, story: Story, settled: int, demand: int, cause: int) -> bool:
    """Whether a piece of work produced what a demand lacked."""
    if not passes(story, settled):
        return False
    bundle = plan.instance[story.settled[settled].instance].bundle
    for t in range(plan.demand[demand].first_take, plan.demand[demand + 1].first_take):
        if plan.take[t].cause != cause:
            continue
        for k in range(plan.bundle[bundle], plan.bundle[bundle + 1]):
            if plan.gain[k].stock == plan.take[t].stock:
                return True
    return False


@fast
def is_required(plan: Ways, demand: int, cause: int) -> bool:
    """Whether a demand names this among what it requires, rather than among what it consumes."""
    for r in range(plan.demand[demand].first_requirement, plan.demand[demand + 1].first_requirement):
        if plan.requirement[r].cause == cause:
            return True
    return False


@fast
def giver(plan: Ways, story: Story, demand: int, cause: int, tick: int, latest: int) -> int:
    """The last piece of work to settle at a tick, until a round, that gave back or produced what was lacking."""
    required = is_required(plan, demand, cause)
    k = last_at_most(story.settled, tick)
    while k >= 0 and story.settled[k].tick == tick:
        if settled_in(story, story.settled[k].instance, story.settled[k].row) <= latest:
            if required and gives_back(plan, story, k, demand, cause):
                return k
            if not required and produces(plan, story, k, demand, cause):
                return k
        k -= 1
    return NOT


@fast
def delivered(plan: Ways, story: Story, gates: Gates, demand: int, cause: int, tick: int, latest: int) -> int:
    """The last delivery at a tick, until a round, of what was lacking."""
    k = last_at_most(story.delivery, tick)
    while k >= 0 and story.delivery[k].tick == tick:
        for t in range(plan.demand[demand].first_take, plan.demand[demand + 1].first_take):
            if plan.take[t].cause == cause and plan.take[t].stock == story.delivery[k].stock:
                if delivered_in(plan, story, gates, k) <= latest:
                    return k
        k -= 1
    return NOT


AT_GATE, AT_FINISH, AT_START, AT_READY, AT_DELIVERY, OVER = range(6)
"""Where a chain stands: a gate opened, a piece of work finished, started, became ready, goods arrived, it is over."""


@fast
def follow(plan: Ways, chance: Chance, story: Story, gates: Gates, node: int, told: Table) -> int:
    """Follow the chain of a node back to the start; how many segments there are, the last in time told first."""
    codes, count = plan.codes, 0
    at, what, row, link = AT_GATE, node - plan.instances, NOT, NOT
    if node < plan.instances:
        at, what, row = AT_FINISH, node, story.instance[node].row
    tick = story.instance[node].finish if at == AT_FINISH else gates.opened[what].tick
    if tick == NOT:
        return 0
    steps, most = 0, 6 * (len(story.settled) + len(story.instance) + len(plan.gates) + len(story.delivery) + 1)
    while at != OVER:
        steps += 1
        if steps > most:
            return ENDLESS
        if at == AT_GATE:
            by = gates.opened[what].by
            if plan.gate[what].milestone != NOT:
                if by == NOT:
                    at = OVER
                elif by < len(story.settled):
                    at, what, row = AT_FINISH, story.settled[by].instance, story.settled[by].row
                else:
                    at, what = AT_DELIVERY, by - len(story.settled)
                continue
            if plan.gate[what].started_by != NOT:
                at, what = AT_START, plan.gate[what].started_by
                row = story.instance[what].row
                while row >= 0 and story.row[row].before >= 0:
                    row = story.row[row].before
                continue
            if by == NOT:
                at = OVER
                continue
            link = by
        elif at == AT_READY:
            if row >= 0 and story.row[row].before >= 0:
                at, row = AT_FINISH, story.row[row].before
                continue
            link = last_arrival(plan, chance, story, gates, what)
            if link == NOT or (arrival(plan, chance, story, gates, link) >> ROUNDS) < tick:
                if tick > 0:
                    count = tell(told, count, 0, tick, codes.date + plan.instance[what].activity, what, 0)
                tick, at = 0, OVER
                continue
        if at in (AT_GATE, AT_READY):
            before = plan.link[link].source
            gate = before - plan.instances
            since = story.instance[before].finish if gate < 0 else gates.opened[gate].tick
            if lag_of(plan, chance, link) > 0:
                if at == AT_READY:
                    count = tell(told, count, since, tick, codes.lag + plan.instance[what].activity, what, 0)
                else:
                    order = plan.gate[what].order
                    count = tell(told, count, since, tick, codes.lag + codes.rework + order, NOT, 0)
            tick = since
            if before < plan.instances:
                at, what, row = AT_FINISH, before, story.instance[before].row
            else:
                at, what = AT_GATE, before - plan.instances
        elif at == AT_FINISH:
            at = AT_START
            if not chance.skipped[what]:
                count = tell_work(plan, chance, story, gates, told, count, tick, what, row)
                tick = started(story, what, row)
        elif at == AT_DELIVERY:
            order = story.delivery[what].origin
            if order < 0:
                count = tell(told, count, 0, tick, codes.production + story.delivery[what].stock, NOT, 0)
                tick, at = 0, OVER
            elif plan.order[order].gate != NOT:
                gate = plan.order[order].gate - plan.instances
                count = tell_order(plan, chance, told, count, gates.opened[gate].tick, tick, order)
                tick, at, what = gates.opened[gate].tick, AT_GATE, gate
            else:
                count = tell_order(plan, chance, told, count, chance.order[order].placed, tick, order)
                tick = max(0, chance.order[order].placed)
                count = tell(told, count, 0, tick, codes.placed + order, NOT, 0)
                tick, at = 0, OVER
        else:
            at = AT_READY
            demand = demand_of(plan, story, what, row)
            ready = story.instance[what].ready if row < 0 else story.row[row].ready
            cause = story.instance[what].held_by if row < 0 else story.row[row].held_by
            latest = story.instance[what].round_ if row < 0 else story.row[row].round_
            number = 1 if row < 0 else story.row[row].number
            while tick > ready:
                if cause >= plan.first_calendar_cause:
                    lack = shortage(story, plan.demand[demand].told_with, tick)
                    since = ready if lack == NOT else max(ready, story.shortage[lack].begins)
                    count = tell(told, count, since, tick, codes.wait + cause, what, number)
                    lack = shortage(story, plan.demand[demand].told_with, since)
                    cause = NOT if lack == NOT else story.shortage[lack].cause
                    tick, latest = since, ANY_ROUND
                    continue
                by = giver(plan, story, demand, cause, tick, latest) if cause != NOT else NOT
                if by == NOT:
                    goods = delivered(plan, story, gates, demand, cause, tick, latest) if cause != NOT else NOT
                    if goods != NOT:
                        count = tell(told, count, tick, tick, codes.wait + cause, what, number)
                        at, what = AT_DELIVERY, goods
                        break
                    code = codes.wait + cause if cause != NOT else codes.start
                    count = tell(told, count, ready, tick, code, what, number)
                    tick = ready
                    break
                if not is_required(plan, demand, cause):
                    count = tell(told, count, tick, tick, codes.wait + cause, what, number)
                    at, what, row = AT_FINISH, story.settled[by].instance, story.settled[by].row
                    break
                other, other_row = story.settled[by].instance, story.settled[by].row
                begins = started(story, other, other_row)
                calendar = calendar_of(plan, story, other, other_row)
                since = max(ready, begins)
                count = tell_span(plan, chance, told, count, since, tick, codes.wait + cause, calendar, what, number)
                count = tell_work(plan, chance, story, gates, told, count, since, other, other_row)
                tick, at, what, row = begins, AT_START, other, other_row
                break
    return tell(told, count, 0, tick, codes.start, NOT, 0) if tick > 0 else count
