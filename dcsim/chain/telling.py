"""What time was spent on, as segments of a driving chain: work, nights inside it, and what risks have added.

The functions marked `fast` read and write arrays only: compiled where numba is there, the same in Python where not.
"""

import numpy as np

from dcsim.calendars import NEVER
from dcsim.chain.gates import Past, started, taken, worked_at, worked_until
from dcsim.engine.jit import fast
from dcsim.engine.lookup import activity_of, arrival, demand_of, due, interval, is_open
from dcsim.engine.tables import FlatDraws, Table, i64, record
from dcsim.network import REPAIR, WORK
from dcsim.trace import NOT

SEGMENT = record(i64, "begins", "ends", "code", "instance", "attempt")
"""A part of a chain: what it was spent on (see `Codes`), and by which instance and attempt (-1 and 0 if by none)."""


@fast
def tell(segments: Table, count: int, begins: int, ends: int, code: int, instance: int, number: int) -> int:
    """One more segment, as far as there is room."""
    if count < len(segments):
        segments[count].begins, segments[count].ends, segments[count].code = begins, ends, code
        segments[count].instance, segments[count].attempt = instance, number
    return count + 1


@fast
def stopped_since(chance: FlatDraws, risk: int, tick: int) -> int:
    """When the window of a risk began that held in the minute before a tick; NEVER if none did."""
    for k in range(chance.window_first[risk], chance.window_first[risk + 1]):
        if chance.window[k].begins < tick <= chance.window[k].ends:
            return int(chance.window[k].begins)
    return NEVER


@fast
def stopped_until(chance: FlatDraws, risk: int, tick: int) -> int:
    """When the last window of a risk ended that was over by the minute before a tick; -1 if none was."""
    last = NOT
    for k in range(chance.window_first[risk], chance.window_first[risk + 1]):
        if chance.window[k].begins < chance.window[k].ends < tick:
            last = max(last, int(chance.window[k].ends))
    return last


@fast
def acts(past: Past, k: int, tick: int) -> bool:
    """Whether an effect holds for what starts at a tick."""
    effect, since = past.chance.effect[k], 0
    if effect.gate != NOT:
        since = past.story.node[effect.gate].finish
    return since != NOT and effect.begins <= tick - since < effect.ends


@fast
def tell_closed(
    past: Past, segments: Table, count: int, begins: int, ends: int, calendar: int, instance: int, number: int
) -> int:
    """Time in which a calendar was closed: of itself, or by the first in the file of the risks that stop work."""
    plan, chance, parts = past.plan, past.chance, past.ways.part
    while ends > begins:
        low, cause = begins, NOT
        k = interval(chance.base_first, chance.base, calendar, ends - 1)
        if is_open(chance.base_first, chance.base, calendar, ends - 1):
            low = max(low, chance.base[k].opens)
            for k in range(plan.calendar[calendar].first_risk, plan.calendar[calendar + 1].first_risk):
                risk = plan.lists[k]
                begins_at = stopped_since(chance, risk, ends)
                if begins_at != NEVER:
                    cause, low = plan.risk_cause[risk], max(low, begins_at)
                    break
                low = max(low, stopped_until(chance, risk, ends))
        else:
            if k > chance.base_first[calendar]:
                low = max(low, chance.base[k - 1].closes)
            cause = parts[past.ways.part_first[calendar]].cause
            for part in range(past.ways.part_first[calendar], past.ways.part_first[calendar + 1]):
                if not is_open(chance.base_first, chance.base, parts[part].calendar, ends - 1):
                    cause = parts[part].cause
                    break
        code = past.ways.codes.wait + cause if cause != NOT else past.ways.codes.start
        count = tell(segments, count, low, ends, code, instance, number)
        ends = low
    return count


@fast
def tell_span(
    past: Past,
    segments: Table,
    count: int,
    begins: int,
    ends: int,
    code: int,
    calendar: int,
    instance: int,
    number: int,
) -> int:
    """Time that was spent on something while a calendar was open; when it was closed, on that."""
    chance = past.chance
    if calendar == 0 or begins == ends:
        return tell(segments, count, begins, ends, code, instance, number)
    while ends > begins:
        k = interval(chance.open_first, chance.open, calendar, ends - 1)
        if k < chance.open_first[calendar + 1] and chance.open[k].opens < ends:
            low = max(begins, chance.open[k].opens)
            count = tell(segments, count, low, ends, code, instance, number)
        else:
            low = max(begins, chance.open[k - 1].closes) if k > chance.open_first[calendar] else begins
            count = tell_closed(past, segments, count, low, ends, calendar, instance, number)
        ends = low
    return count


@fast
def tell_work(past: Past, segments: Table, count: int, ends: int, instance: int, row: int) -> int:
    """A piece of work from its start until a tick; the part that risks have added at its end is theirs."""
    plan, chance, story = past.plan, past.chance, past.story
    begins, number, code = started(story, instance, row), 1, past.ways.codes.work
    calendar, option = taken(past, instance, row)
    activity = activity_of(plan, instance)
    if row >= 0:
        number = story.row[row].number
        if story.row[row].kind == REPAIR or number > 1:
            code = past.ways.codes.rework
    finish = story.node[instance].finish if row < 0 else story.row[row].finish
    if ends == finish and (row < 0 or story.row[row].kind == WORK):
        past_last = chance.effect_first[activity + 1 - plan.demand[demand_of(plan, instance, WORK)].is_done]
        for k in range(chance.effect_first[activity], past_last):
            effect = chance.effect[k]
            adds = effect.added != NOT and number == 1
            if (adds or effect.multiplier > 1) and acts(past, k, begins):
                done = worked_until(chance.open_first, chance.open, calendar, begins)
                all_told = worked_until(chance.open_first, chance.open, calendar, ends)
                own_part = np.int64(np.ceil((all_told - done) / effect.multiplier))
                if adds:
                    own_part -= chance.added[effect.added + (instance - plan.instances) * effect.options + option]
                own = worked_at(chance.open_first, chance.open, calendar, done + own_part)
                own = max(begins, min(ends, own))
                risk = past.ways.codes.wait + plan.risk_cause[effect.risk]
                count = tell_span(past, segments, count, own, ends, risk, calendar, instance, number)
                ends = own
    return tell_span(past, segments, count, begins, ends, code + activity, calendar, instance, number)


@fast
def tell_order(past: Past, segments: Table, count: int, placed: int, tick: int, order: int) -> int:
    """From the placing of an order to a delivery: its lead time, and what a risk has added."""
    plan, chance, wanted = past.plan, past.chance, tick
    for lot in range(plan.order[order].lots):
        expected = due(plan, chance, order, lot, placed)
        if arrival(plan, chance, order, expected) == tick:
            wanted = expected
            break
    starts = max(wanted, placed, 0)
    for k in range(len(chance.postponed) - 1, -1, -1):
        risk = chance.postponed[k]
        if tick > starts and risk.stock == plan.order[order].follows and risk.begins <= wanted < risk.ends:
            low = max(starts, tick - risk.ticks)
            count = tell(segments, count, low, tick, past.ways.codes.wait + plan.risk_cause[risk.risk], NOT, 0)
            tick = low
    return tell(segments, count, max(placed, 0), tick, past.ways.codes.order + order, NOT, 0)
