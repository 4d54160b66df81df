"""What happened in a replication as tables: what the compiled engine has left, and what a trace tells."""

from collections.abc import Sequence

import numpy as np

from dcsim.engine.jit import by_columns, by_rows, readable
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
    node = np.zeros(len(trace.network.needed), PIECE)
    for name, column in columns.items():
        node[name][: len(last)] = column
    node["finish"][len(last) :], node["ended"][len(last) :] = trace.opened, trace.opening
    shortages = sorted(trace.shortage_rows, key=lambda row: (row.ends == NOT, row.ends, row.demand))
    return RunRecord(
        node=readable(node),
        row=by_columns(ROW, *rows.T, before),
        settled=_settled(trace, rows, last),
        delivery=deliveries(trace.delivery_rows),
        shortage=by_rows(SHORTAGE, shortages),
    )


def _settled(trace: Trace, rows: Ints, last: Ints) -> Table:
    """Pieces of work in the order in which they finished: by tick and round."""
    once, many = np.flatnonzero((trace.done != NOT) & (last == NOT)), np.flatnonzero(rows[:, 5] != NOT)
    finish = np.concatenate([trace.finish[once], rows[many, 5]])
    start = np.concatenate([trace.start[once], rows[many, 4]])
    turn = np.concatenate([trace.round[once], rows[many, 8]])
    instance = np.concatenate([once, rows[many, 0]])
    row = np.concatenate([np.full(len(once), NOT), many])
    passed = (row == NOT) | ((row == last[instance]) & (trace.finish[instance] != NOT))
    ended = np.where(passed, trace.ended[instance], np.where(finish == start, turn + 1, 0))
    order = np.lexsort((ended, finish))
    return by_columns(SETTLED, *(column[order] for column in (finish, ended, instance, row)))


def deliveries(rows: Sequence[DeliveryRow]) -> Table:
    """Deliveries in the order of time."""
    return by_rows(DELIVERY, sorted(rows))
