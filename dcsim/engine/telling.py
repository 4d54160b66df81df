"""What time was spent on, told as segments of a driving chain: work, nights inside it, and what risks have added.

The functions marked `fast` read and write arrays only: compiled where numba is there, the same in Python where not.
"""

import numpy as np

from dcsim.calendars import NEVER
from dcsim.engine.gates import (
    Gates,
    calendar_of,
    interval,
    later,
    option_of,
    started,
    was_open,
    worked_at,
    worked_until,
)
from dcsim.engine.jit import fast
from dcsim.engine.story import Chance, Story
from dcsim.engine.tables import Table, i64, record
from dcsim.engine.ways import Ways
from dcsim.network import REPAIR, WORK
from dcsim.trace import NOT

SEGMENT = record(i64, "begins", "ends", "code", "instance", "attempt")
"""A part of a chain: what it was spent on (see `Codes`), and by which instance and attempt (-1 and 0 if by none)."""


@fast
def tell(told: Table, count: int, begins: int, ends: int, code: int, instance: int, number: int) -> int:
    """One more segment, as far as there is room."""
    if count < len(told):
        told[count].begins, told[count].ends, told[count].code = begins, ends, code
        told[count].instance, told[count].attempt = instance, number
    return count + 1


@fast
def stopped_since(chance: Chance, risk: int, tick: int) -> int:
    """When the window of a risk began that held in the minute before a tick; NEVER if none did."""
    for k in range(chance.window_first[risk], chance.window_first[risk + 1]):
        if chance.window[k].begins < tick <= chance.window[k].ends:
            return int(chance.window[k].begins)
    return NEVER


@fast
def stopped_until(chance: Chance, risk: int, tick: int) -> int:
    """When the last window of a risk ended that was over by the minute before a tick; -1 if none was."""
    last = NOT
    for k in range(chance.window_first[risk], chance.window_first[risk + 1]):
        if chance.window[k].begins < chance.window[k].ends < tick:
            last = max(last, int(chance.window[k].ends))
    return last


@fast
def acts(plan: Ways, chance: Chance, gates: Gates, k: int, tick: int) -> bool:
    """Whether an effect holds for what starts at a tick."""
    gate, since = chance.effect[k].gate, 0
    if gate != NOT:
        since = gates.opened[gate - plan.instances].tick
    return since != NOT and chance.effect[k].begins <= tick - since < chance.effect[k].ends


@fast
def tell_closed(
    plan: Ways,
    chance: Chance,
    told: Table,
    count: int,
    begins: int,
    ends: int,
    calendar: int,
    instance: int,
    number: int,
) -> int:
    """Time in which a calendar was closed: of itself, or by the first in the file of the risks that stop work."""
    while ends > begins:
        low, cause = begins, NOT
        if was_open(chance.base_first, chance.base, calendar, ends):
            low = max(low, chance.base[interval(chance.base_first, chance.base, calendar, ends)].opens)
            for k in range(plan.calendar[calendar].first_risk, plan.calendar[calendar + 1].first_risk):
                risk = plan.stopped_by[k]
                begins_at = stopped_since(chance, risk, ends)
                if begins_at != NEVER:
                    cause, low = plan.risk_cause[risk], max(low, begins_at)
                    break
                low = max(low, stopped_until(chance, risk, ends))
        else:
            k = interval(chance.base_first, chance.base, calendar, ends)
            if k > chance.base_first[calendar]:
                low = max(low, chance.base[k - 1].closes)
            cause = plan.part[plan.calendar[calendar].first_part].cause
            for part in range(plan.calendar[calendar].first_part, plan.calendar[calendar + 1].first_part):
                if not was_open(chance.base_first, chance.base, plan.part[part].calendar, ends):
                    cause = plan.part[part].cause
                    break
        code = plan.codes.wait + cause if cause != NOT else plan.codes.start
        count = tell(told, count, low, ends, code, instance, number)
        ends = low
    return count


@fast
def tell_span(
    plan: Ways,
    chance: Chance,
    told: Table,
    count: int,
    begins: int,
    ends: int,
    code: int,
    calendar: int,
    instance: int,
    number: int,
) -> int:
    """Time that was spent on something while a calendar was open; when it was closed, on that."""
    if calendar == 0 or begins == ends:
        return tell(told, count, begins, ends, code, instance, number)
    while ends > begins:
        k = interval(chance.open_first, chance.open, calendar, ends)
        if k < chance.open_first[calendar + 1] and chance.open[k].opens < ends:
            low = max(begins, chance.open[k].opens)
            count = tell(told, count, low, ends, code, instance, number)
        else:
            low = max(begins, chance.open[k - 1].closes) if k > chance.open_first[calendar] else begins
            count = tell_closed(plan, chance, told, count, low, ends, calendar, instance, number)
        ends = low
    return count


@fast
def tell_work(
    plan: Ways,
    chance: Chance,
    story: Story,
    gates: Gates,
    told: Table,
    count: int,
    ends: int,
    instance: int,
    row: int,
) -> int:
    """A piece of work from its start until a tick; the part that risks have added at its end is theirs."""
    begins, calendar = started(story, instance, row), calendar_of(plan, story, instance, row)
    activity, number, code = plan.instance[instance].activity, 1, plan.codes.work
    if row >= 0:
        number = story.row[row].number
        if story.row[row].kind == REPAIR or number > 1:
            code = plan.codes.rework
    finish = story.instance[instance].finish if row < 0 else story.row[row].finish
    if ends == finish and (row < 0 or story.row[row].kind == WORK):
        for k in range(chance.effect_first[activity], chance.effect_first[activity + 1]):
            adds = chance.effect[k].added != NOT and number == 1
            if (adds or chance.effect[k].multiplier > 1) and acts(plan, chance, gates, k, begins):
                done = worked_until(chance.open_first, chance.open, calendar, begins)
                all_told = worked_until(chance.open_first, chance.open, calendar, ends)
                own_part = np.int64(np.ceil((all_told - done) / chance.effect[k].multiplier))
                if adds:
                    at = chance.effect[k].added + (instance - plan.instances) * chance.effect[k].options
                    own_part -= chance.added[at + option_of(plan, story, instance, row)]
                own = worked_at(chance.open_first, chance.open, calendar, done + own_part)
                own = max(begins, min(ends, own))
                risk = plan.codes.wait + plan.risk_cause[chance.effect[k].risk]
                count = tell_span(plan, chance, told, count, own, ends, risk, calendar, instance, number)
                ends = own
    return tell_span(plan, chance, told, count, begins, ends, code + activity, calendar, instance, number)


@fast
def tell_order(plan: Ways, chance: Chance, told: Table, count: int, placed: int, tick: int, order: int) -> int:
    """From the placing of an order to a delivery: its lead time, and what a risk has added."""
    due = tick
    for lot in range(plan.order[order].lots):
        wanted = later(plan.month, placed, chance.order[order].months) + chance.order[order].lead
        wanted = later(plan.month, wanted, lot * plan.order[order].every_months) + lot * plan.order[order].every
        arrives = wanted
        for k in range(len(chance.postponed)):
            if chance.postponed[k].stock == plan.order[order].stock:
                if chance.postponed[k].begins <= wanted < chance.postponed[k].ends:
                    arrives += chance.postponed[k].ticks
        if arrives == tick:
            due = wanted
            break
    starts = max(due, placed, 0)
    for k in range(len(chance.postponed) - 1, -1, -1):
        if tick > starts and chance.postponed[k].stock == plan.order[order].stock:
            if chance.postponed[k].begins <= due < chance.postponed[k].ends:
                low = max(starts, tick - chance.postponed[k].ticks)
                code = plan.codes.wait + plan.risk_cause[chance.postponed[k].risk]
                count = tell(told, count, low, tick, code, NOT, 0)
                tick = low
    return tell(told, count, max(placed, 0), tick, plan.codes.order + order, NOT, 0)
