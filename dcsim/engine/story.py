"""One replication as the driving chain reads it: what was drawn, and what happened, as tables."""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import Calendar
from dcsim.engine.draws import Deliveries, Draws, added_times
from dcsim.engine.jit import readable
from dcsim.engine.tables import PIECE, ROW, SETTLED, SHORTAGE, Table, first_of, i64, record
from dcsim.network import Network
from dcsim.trace import NOT, AttemptRow, DeliveryRow, Ints, Trace

# Rows
ORDER = np.dtype([("placed", i64), ("lead", i64), ("months", np.float64)])
POSTPONED = record(i64, "stock", "begins", "ends", "ticks", "risk")
EFFECT = np.dtype(
    [
        *(("begins", i64), ("ends", i64), ("multiplier", np.float64)),
        *((name, i64) for name in ("risk", "gate", "added", "options")),
    ]
)
OPEN = record(i64, "opens", "closes", "worked")
WINDOW = record(i64, "begins", "ends")
DELIVERY = record(i64, "tick", "stock", "amount", "origin")


class Chance(NamedTuple):
    """What was drawn, as far as chains need it. Lists have the first index of each, and in the end their length."""

    order: Table
    postponed: Table
    effect_first: Ints
    effect: Table
    """Of each activity."""
    added: Ints
    open_first: Ints
    open: Table
    """Of each combination of calendars."""
    base_first: Ints
    base: Table
    """The same without risks."""
    window_first: Ints
    window: Table
    """Of each risk."""
    skipped: NDArray[np.bool_]
    """Of each node, whether a branch skipped it."""


class Story(NamedTuple):
    """What happened, as far as chains need it: the tables of `dcsim.engine.tables`, and deliveries by time."""

    instance: Table
    row: Table
    settled: Table
    delivery: Table
    shortage: Table
    """By their ends, which are -1 for those that did not end."""


def chance_of(network: Network, draws: Draws) -> Chance:
    """A replication's draws, made ready."""
    postponed = [(stock, *one) for stock, some in enumerate(draws.postponed) for one in some]
    added, pool = added_times(network, draws)
    effects = [(*e[:-1], *at) for e, at in zip(chain.from_iterable(draws.effects), added, strict=True)]
    open_first, opened = _intervals(draws.calendars)
    base_first, base = _intervals([time.open for time in network.working_times])
    return Chance(
        order=readable(ORDER, draws.placed, draws.lead, draws.lead_months),
        postponed=_table(POSTPONED, postponed),
        effect_first=first_of(draws.effects),
        effect=_table(EFFECT, effects),
        added=pool,
        open_first=open_first,
        open=opened,
        base_first=base_first,
        base=base,
        window_first=first_of(draws.windows),
        window=_table(WINDOW, list(chain.from_iterable(draws.windows))),
        skipped=draws.skipped if len(draws.skipped) else np.zeros(len(network.needed), np.bool_),
    )


def _table(kind: np.dtype[np.void], rows: Sequence[Sequence[float]]) -> Table:
    return readable(kind, *(zip(*rows, strict=True) if rows else ((),) * len(kind.names or ())))


def _intervals(calendars: Sequence[Calendar]) -> tuple[Ints, Table]:
    columns = zip(*((c.opens, c.closes, c.worked_before) for c in calendars), strict=True)
    return first_of([calendar.opens for calendar in calendars]), readable(OPEN, *map(np.concatenate, columns))


def story_of(trace: Trace) -> Story:
    """A trace, made ready."""
    rows = np.array(sorted(trace.attempt_rows), np.int64).reshape(len(trace.attempt_rows), len(AttemptRow._fields))
    first = np.flatnonzero(np.diff(rows[:, 0], prepend=NOT))
    before = np.arange(-1, len(rows) - 1)
    before[first] = NOT
    last = np.full(trace.network.instances, NOT, np.int64)
    last[rows[:, 0]] = np.arange(len(rows))
    nothing = np.zeros(len(last), np.int64)
    columns = {
        "used": trace.mode,
        "ready": trace.ready,
        "start": trace.start,
        "finish": trace.finish,
        "held_by": trace.held_by,
        "row": last,
        "round_": trace.round,
    }
    shortages = sorted(trace.shortage_rows, key=lambda row: (row.ends == NOT, row.ends, row.demand))
    return Story(
        instance=readable(PIECE, *(columns.get(name, nothing) for name in PIECE.names or ())),
        row=readable(ROW, *rows.T, before),
        settled=_settled(trace, rows, last),
        delivery=deliveries(trace.delivery_rows),
        shortage=_table(SHORTAGE, shortages),
    )


def _settled(trace: Trace, rows: Ints, last: Ints) -> Table:
    """Pieces of work in the order in which they finished: by tick, round and instance."""
    once, many = np.flatnonzero((trace.done != NOT) & (last == NOT)), np.flatnonzero(rows[:, 5] != NOT)
    finish = np.concatenate([trace.finish[once], rows[many, 5]])
    start = np.concatenate([trace.start[once], rows[many, 4]])
    turn = np.concatenate([trace.round[once], rows[many, 8]])
    instance = np.concatenate([once, rows[many, 0]])
    row = np.concatenate([np.full(len(once), NOT), many])
    order = np.lexsort([instance, np.where(finish == start, turn + 1, 0), finish])
    return readable(SETTLED, finish[order], instance[order], row[order])


def deliveries(rows: Sequence[DeliveryRow]) -> Table:
    """Deliveries in the order of time."""
    return _table(DELIVERY, sorted(rows))


def delivered(known: Deliveries, late: Sequence[DeliveryRow]) -> Table:
    """Deliveries on dates, which are in the order of time, and those of orders that waited for a gate."""
    if not late:
        return readable(DELIVERY, *known)
    return deliveries([*(DeliveryRow(*row) for row in zip(*(c.tolist() for c in known), strict=True)), *late])
