"""The driving chain: from a milestone back to the start, what each thing that happened had waited for last.

What started when it became ready was driven by the predecessor that settled last; what was held, by what gave back or
delivered the missing thing: the last to settle before its start. So the chain is never a circle, and its segments
follow each other without a gap: they add up to the tick of the milestone.

* Who waits for a *resource* follows the work that held it. While both overlap, the time is waiting for the resource;
  what the giver worked before is its own work.
* Who waits for a *supply* follows what produced or delivered it. A production ends the chain.
* A closed calendar, or a risk that stops work, is waited for as long as the queue lacked nothing else; what it lacked
  before that is followed on.
* Where capacity changed on a date, the waiting counts for the resource and the chain goes on with what made the
  activity ready.

The functions read and write arrays only: compiled where numba is there, the same in Python where not.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dcsim.chain.gates import (
    ROUNDS,
    Past,
    arrival,
    demand_met,
    lag_of,
    last_arrival,
    opened_by,
    reached_by,
    started,
    taken,
)
from dcsim.chain.givers import delivered, giver, is_required, shortage
from dcsim.chain.telling import SEGMENT, tell, tell_order, tell_span, tell_work
from dcsim.engine.jit import by_columns, by_rows, entry_point, fast
from dcsim.engine.lookup import activity_of, is_skipped
from dcsim.engine.tables import Table, i64, record
from dcsim.trace import NOT, Ints

ANY_ROUND = 2**30
ENDLESS = -1
"""Stands for the length of chains of which one does not end, which the law of the instant rules out."""

AT_GATE, AT_FINISH, AT_START, AT_READY, AT_DELIVERY, OVER = range(6)
"""Where a chain stands: a gate opened, a piece of work finished, started, became ready, goods arrived, it is over."""
PLACE = record(i64, "at", "what", "row", "tick", "count")
"""Where a chain stands, at which gate, instance or delivery, in which attempt, when, after how many segments."""


class Chains:
    """The chains of some instances or gates in one replication after the other, told in the same room."""

    def __init__(self, nodes: Sequence[int]) -> None:
        self.nodes = np.array(nodes, np.int64)
        self.place = by_rows(PLACE, [(0,) * 5])
        self.segments = by_columns(SEGMENT, *np.empty((5, 4096), np.int64))
        self.ends = np.empty(len(nodes), np.int64)

    def of(self, past: Past) -> tuple[Table, ...]:
        """The segments of each chain, in order of time; none of what did not happen."""
        count = int(follow(past, self.nodes, self.segments, self.place, self.ends))
        if count == ENDLESS:
            raise RuntimeError("a driving chain does not end")
        if count > len(self.segments):
            self.segments = by_columns(SEGMENT, *np.empty((5, 2 * count), np.int64))
            return self.of(past)
        in_time = self.segments[:count][::-1].copy()
        return tuple(in_time[count - end : count - begin] for begin, end in pairwise((0, *self.ends.tolist())))


@entry_point
def follow(past: Past, nodes: Ints, segments: Table, place: Table, ends: Ints) -> int:
    """Follow the chains of these nodes back to the start, one behind the other; returns the number of segments.

    The last segment of a chain in time comes first.
    """
    step = place[0]
    step.count = 0
    for k in range(len(nodes)):
        if not follow_one(past, nodes[k], segments, step):
            return ENDLESS
        ends[k] = step.count
    return step.count


@fast
def follow_one(past: Past, node: int, segments: Table, step: Any) -> bool:
    """Follow the chain of a node; false if it does not end."""
    story = past.story
    set_out(past, step, node)
    for _ in range(6 * (len(story.settled) + len(story.node) + len(story.delivery) + 1)):
        if step.at == AT_GATE:
            leave_gate(past, segments, step)
        elif step.at == AT_FINISH:
            leave_finish(past, segments, step)
        elif step.at == AT_START:
            leave_start(past, segments, step)
        elif step.at == AT_READY:
            leave_ready(past, segments, step)
        elif step.at == AT_DELIVERY:
            leave_delivery(past, segments, step)
        else:
            if step.tick > 0:
                step.count = tell(segments, step.count, 0, step.tick, past.ways.codes.start, NOT, 0)
            return True
    return False


@fast
def set_out(past: Past, step: Any, node: int) -> None:
    """A chain begins at an instance or a gate, if that happened."""
    go_to_node(past, step, node)
    if step.tick == NOT:
        step.at = OVER


@fast
def go_to_node(past: Past, step: Any, node: int) -> None:
    """The chain goes on where an instance finished or a gate opened."""
    if node < past.plan.instances:
        go_to_work(step, AT_FINISH, node, past.story.node[node].row)
    else:
        step.at, step.what = AT_GATE, node - past.plan.instances
    step.tick = past.story.node[node].finish


@fast
def go_to_work(step: Any, at: int, instance: int, row: int) -> None:
    """The chain goes on where a piece of work finished or started."""
    step.at, step.what, step.row = at, instance, row


@fast
def go_to_start(past: Past, step: Any, instance: int) -> None:
    """The chain goes on where the first attempt of an instance started."""
    row = past.story.node[instance].row
    while row >= 0 and past.story.row[row].before >= 0:
        row = past.story.row[row].before
    go_to_work(step, AT_START, instance, row)


@fast
def end(step: Any) -> None:
    """The chain has come to the start of the clock."""
    step.at, step.tick = OVER, 0


@fast
def leave_gate(past: Past, segments: Table, step: Any) -> None:
    """From a gate to what opened it."""
    gate, instances = past.ways.gate[step.what], past.plan.instances
    by = NOT
    if gate.milestone != NOT:
        by = reached_by(past, step.what)
    elif gate.started_by == NOT and gate.date == NOT:
        by = opened_by(past, instances + step.what)
    if gate.started_by != NOT:
        go_to_start(past, step, gate.started_by)
    elif by == NOT:
        step.at = OVER
    elif gate.milestone == NOT:
        take_link(past, segments, step, by)
    elif by < instances:
        go_to_work(step, AT_FINISH, by, past.story.node[by].row)
    else:
        step.at, step.what = AT_DELIVERY, by - instances


@fast
def leave_ready(past: Past, segments: Table, step: Any) -> None:
    """From what became ready to what it had waited for: its attempt before, a predecessor, or a date."""
    if step.row >= 0 and past.story.row[step.row].before >= 0:
        step.at, step.row = AT_FINISH, past.story.row[step.row].before
        return
    link = last_arrival(past, step.what)
    if link != NOT and (arrival(past, link) >> ROUNDS) >= step.tick:
        take_link(past, segments, step, link)
        return
    if step.tick > 0:
        code = past.ways.codes.date + activity_of(past.plan, step.what)
        step.count = tell(segments, step.count, 0, step.tick, code, step.what, 0)
    end(step)


@fast
def take_link(past: Past, segments: Table, step: Any, link: int) -> None:
    """From an instance or a gate to its predecessor, over the lag between them."""
    code, at, what, until = past.ways.codes.lag, step.at, step.what, step.tick
    go_to_node(past, step, past.ways.link[link].source)
    lag = lag_of(past, link)
    if lag > 0 and past.plan.lag[lag].early:
        go_to_start(past, step, past.ways.gate[step.what].started_by)
        step.count = tell_work(past, segments, step.count, until, step.what, step.row)
    elif lag > 0:
        if at != AT_GATE:
            code += activity_of(past.plan, what)
            step.count = tell(segments, step.count, step.tick, until, code, what, 0)
        else:
            code += past.ways.codes.rework + past.ways.gate[what].order
            step.count = tell(segments, step.count, step.tick, until, code, NOT, 0)


@fast
def leave_finish(past: Past, segments: Table, step: Any) -> None:
    """From the finish of a piece of work to its start, or to what the finish had waited for."""
    link = last_to_finish(past, step.what, step.row, step.tick)
    if link != NOT:
        take_link(past, segments, step, link)
        return
    if finishes_on_date(past, step.what, step.row, step.tick):
        code = past.ways.codes.date + activity_of(past.plan, step.what)
        step.count = tell(segments, step.count, 0, step.tick, code, step.what, 0)
        end(step)
        return
    step.at = AT_START
    if not is_skipped(past.chance.skipped, step.what):
        step.count = tell_work(past, segments, step.count, step.tick, step.what, step.row)
        step.tick = started(past.story, step.what, step.row)


@fast
def last_to_finish(past: Past, instance: int, row: int, tick: int) -> int:
    """The last link to the finish of a piece of work that passed, if it came at the tick of that finish; else -1."""
    activity = past.plan.activity[activity_of(past.plan, instance)]
    if activity.finish_gate == NOT or row != past.story.node[instance].row:
        return NOT
    link = last_arrival(past, activity.finish_gate + instance - activity.first)
    if link == NOT or (arrival(past, link) >> ROUNDS) < tick or tick != past.story.node[instance].finish:
        return NOT
    return link


@fast
def finishes_on_date(past: Past, instance: int, row: int, tick: int) -> bool:
    """Whether a piece of work that passed was done before, and finished on the date before which it does not."""
    activity, piece = past.plan.activity[activity_of(past.plan, instance)], past.story.node[instance]
    if activity.finish_gate == NOT or row != piece.row or tick != piece.finish:
        return False
    gate = activity.finish_gate + instance - activity.first - past.plan.instances
    was_tried = row >= 0 and past.story.row[row].number > 1
    return bool(past.ways.gate[gate].date == tick and (was_tried or piece.planned != tick))


@fast
def leave_delivery(past: Past, segments: Table, step: Any) -> None:
    """From a delivery to the placing of its order; a production, and an order placed on a date, end the chain."""
    codes, delivery = past.ways.codes, past.story.delivery[step.what]
    order = delivery.origin
    if order < 0:
        step.count = tell(segments, step.count, 0, step.tick, codes.production + delivery.stock, NOT, 0)
        end(step)
    elif past.ways.order_gate[order] != NOT:
        tick = step.tick
        go_to_node(past, step, past.ways.order_gate[order])
        step.count = tell_order(past, segments, step.count, step.tick, tick, order)
    else:
        placed = past.chance.lead[order].placed
        step.count = tell_order(past, segments, step.count, placed, step.tick, order)
        step.count = tell(segments, step.count, 0, max(0, placed), codes.placed + order, NOT, 0)
        end(step)


@fast
def leave_start(past: Past, segments: Table, step: Any) -> None:
    """From the start of a piece of work to what it had waited for since it was ready, or to when it became ready."""
    story, instance, row = past.story, step.what, step.row
    demand, number, ready = demand_met(past, instance, row), 1, story.node[instance].ready
    cause, latest = story.node[instance].held_by, story.node[instance].round_
    if row >= 0:
        attempt = story.row[row]
        number, ready, cause, latest = attempt.number, attempt.ready, attempt.held_by, attempt.round_
    step.at = AT_READY
    while step.tick > ready and step.at == AT_READY:
        if cause >= past.plan.first_calendar_cause:
            cause = leave_closing(past, segments, step, demand, cause, ready, number)
            latest = ANY_ROUND
        else:
            leave_lack(past, segments, step, demand, cause, latest, ready, number)


@fast
def leave_closing(past: Past, segments: Table, step: Any, demand: int, cause: int, ready: int, number: int) -> int:
    """Past the time in which only a closed calendar, or a risk, kept a demand waiting; what it lacked before that."""
    story, leader = past.story, past.plan.demand[demand].leader
    lack = shortage(story, leader, step.tick)
    since = ready if lack == NOT else max(ready, story.shortage[lack].begins)
    step.count = tell(segments, step.count, since, step.tick, past.ways.codes.wait + cause, step.what, number)
    step.tick = since
    lack = shortage(story, leader, since)
    return NOT if lack == NOT else story.shortage[lack].cause


@fast
def leave_lack(
    past: Past, segments: Table, step: Any, demand: int, cause: int, latest: int, ready: int, number: int
) -> None:
    """From what was lacking to who gave it back, produced or delivered it; to when it was ready if nobody did."""
    story, tick, waiting = past.story, step.tick, past.ways.codes.wait + cause
    by = giver(past, demand, cause, tick, latest)
    if by == NOT:
        goods = delivered(past, demand, cause, tick, latest)
        if goods != NOT:
            step.count = tell(segments, step.count, tick, tick, waiting, step.what, number)
            step.at, step.what = AT_DELIVERY, goods
        else:
            code = waiting if cause != NOT else past.ways.codes.start
            step.count = tell(segments, step.count, ready, tick, code, step.what, number)
            step.tick = ready
        return
    instance, row = story.settled[by].instance, story.settled[by].row
    is_held = last_to_finish(past, instance, row, tick) != NOT or finishes_on_date(past, instance, row, tick)
    if is_held or not is_required(past.plan, demand, cause):
        step.count = tell(segments, step.count, tick, tick, waiting, step.what, number)
        go_to_work(step, AT_FINISH, instance, row)
        return
    begins, (calendar, _) = started(story, instance, row), taken(past, instance, row)
    since = max(ready, begins)
    step.count = tell_span(past, segments, step.count, since, tick, waiting, calendar, step.what, number)
    step.count = tell_work(past, segments, step.count, since, instance, row)
    step.tick = begins
    go_to_work(step, AT_START, instance, row)
