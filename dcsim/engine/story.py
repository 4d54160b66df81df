"""What happened in a replication as tables: what the compiled engine has left, and what a trace tells."""

from collections.abc import Sequence

import numpy as np

from dcsim.engine.jit import by_columns, by_rows
from dcsim.engine.tables import DELIVERY, PIECE, ROW, SETTLED, SHORTAGE, RunRecord, Table
from dcsim.trace import NOT, AttemptRow, DeliveryRow, Ints, Trace


def story_of(trace: Trace) -> RunRecord:
    """A trace, made ready."""
    rows = np.array(sorted(trace.attempt_rows), np.int64).reshape(len(trace.attempt_rows), len(AttemptRow._fields))
    first = np.flatnonzero(np.diff(rows[:, 0], prepend=NOT))
    before = np.arange(-1, len(rows) - 1)
    before[first] = NOT
    last = np.full(trace.network.instances, NOT, np.int64)
    last[rows[:, 0]] = np.arange(len(rows))
    empty = np.zeros(len(last), np.int64)
    columns = {
        "used": trace.mode,
        "ready": trace.ready,
        "start": trace.start,
        "finish": trace.finish,
        "held_by": trace.held_by,
        "row": last,
        "round_": trace.round,
        "ended": trace.ended,
        "planned": trace.planned,
        "length": trace.length,
    }
    shortages = sorted(trace.shortage_rows, key=lambda row: (row.ends == NOT, row.ends, row.demand))
    return RunRecord(
        instance=by_columns(PIECE, *(columns.get(name, empty) for name in PIECE.names or ())),
        row=by_columns(ROW, *rows.T, before),
        settled=_settled(trace, rows, last),
        delivery=deliveries(trace.delivery_rows),
        shortage=by_rows(SHORTAGE, shortages),
    )


def _settled(trace: Trace, rows: Ints, last: Ints) -> Table:
    """Pieces of work in the order in which they finished: by tick, round and instance."""
    once, many = np.flatnonzero((trace.done != NOT) & (last == NOT)), np.flatnonzero(rows[:, 5] != NOT)
    finish = np.concatenate([trace.finish[once], rows[many, 5]])
    start = np.concatenate([trace.start[once], rows[many, 4]])
    turn = np.concatenate([trace.round[once], rows[many, 8]])
    instance = np.concatenate([once, rows[many, 0]])
    row = np.concatenate([np.full(len(once), NOT), many])
    passed = (row == NOT) | ((row == last[instance]) & (trace.finish[instance] != NOT))
    ended = np.where(passed, trace.ended[instance], np.where(finish == start, turn + 1, 0))
    return in_order(by_columns(SETTLED, finish, ended, instance, row))


def in_order(settled: Table) -> Table:
    """Pieces of work in the order in which they finished; sorted by one number each, where that is exact."""
    columns = [settled[name].astype(np.int64) for name in ("tick", "round_", "instance")]
    columns = [column - column.min(initial=0) for column in columns]
    ticks, turns, instances = (int(column.max(initial=0)) + 1 for column in columns)
    if ticks * turns * instances >= 2**63:
        return settled[np.lexsort(columns[::-1])]
    tick, turn, instance = columns
    return settled[np.argsort((tick * turns + turn) * instances + instance, kind="stable")]


def deliveries(rows: Sequence[DeliveryRow]) -> Table:
    """Deliveries in the order of time."""
    return by_rows(DELIVERY, sorted(rows))
