"""Tables of records, and those in which a run is told: the compiled engine writes them, driving chains read them."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.void]
"""Rows of records."""

i64, i32 = np.int64, np.int32


def record(kind: type, *names: str) -> np.dtype[np.void]:
    """A row of a table whose columns are all of one kind."""
    return np.dtype([(name, kind) for name in names])


PIECE = np.dtype(
    [
        ("used", i64),  # the mode, whose digits are choices
        *((name, i32) for name in ("ready", "start", "finish", "attempts", "held_by", "row")),
        ("round_", i32),  # of the tick in which its first attempt started
    ]
)
ROW = np.dtype(
    [
        *((name, i32) for name in ("instance", "number", "kind", "ready", "start", "finish", "held_by")),
        ("mode", i64),
        ("round_", i32),
        ("before", i32),  # the row of the same instance before this one; -1 for its first
    ]
)
SETTLED = record(i32, "tick", "instance", "row")  # the row is -1 without rework
SHORTAGE = record(i64, "demand", "begins", "ends", "cause", "waiting")


def rows_of(kind: np.dtype[np.void], *columns: Sequence[float] | NDArray[Any]) -> Table:
    """Columns as a table; they are as long as the first."""
    table = np.empty(len(columns[0]), kind)
    for name, column in zip(kind.names or (), columns, strict=True):
        table[name] = np.asarray(column)
    return table


def ints(values: Iterable[int]) -> NDArray[np.int64]:
    """Numbers as an array."""
    return np.fromiter(values, np.int64)


def first_of(lists: Iterable[Sized]) -> NDArray[np.int64]:
    """Where each of several lists begins when they stand one after the other, and at the end their total length."""
    return ints(accumulate(map(len, lists), initial=0))


def joined_keys(joined: Mapping[tuple[int, int], int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of calendars as one number each, in order, and those that they are together."""
    pairs = sorted(joined)
    return ints((one << 32) | other for one, other in pairs), ints(joined[pair] for pair in pairs)
