"""A network, the draws of a replication and what happened in it as tables: the compiled engine and driving chains read
the same.

Tables are rows of records. A list of lists is a first index into `lists`, ended by that of the next row.
"""

from collections.abc import Iterable, Mapping, Sized
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.void]
"""Rows of records."""

i64, i32, u32, u64 = np.int64, np.int32, np.uint32, np.uint64

I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
F64 = NDArray[np.float64]
U32 = NDArray[np.uint32]


def record(kind: type, *names: str) -> np.dtype[np.void]:
    """A row of a table whose columns are all of one kind."""
    return np.dtype([(name, kind) for name in names])


# Rows of the plan; where a row says `first_...`, its list ends where that of the next row begins. Numbers without a
# sign save the loop the question whether a place in an array is counted from its end, which is a third of its work.
NODE = np.dtype([("group", u32), ("next", i32)])
"""What follows: one node at once; -1 nothing; below, the list of links -2 - next."""
GROUP = record(u32, "demand", "bundle", "learner")
LINK = record(u32, "to", "lag")
LAG = np.dtype(
    [("minutes", i64), ("calendar", i64), ("months", np.float64), ("share", i64), ("early", i64), ("tied", i64)]
)
"""The calendar is -1 where the lag is elapsed time."""
ACTIVITY = record(i64, "first", "again", "start_gate", "finish_gate")
"""-1 without rework, without links from starts, without links to finishes."""
AGAIN = record(u32, "retry", "repair")
DEMAND = record(
    u32,
    *("activity", "kind", "rank", "calendar", "together", "leader", "instant", "in_months", "is_done", "odd", "bound"),
    *("noted", "first_family", "first_requirement", "first_choice", "first_need", "first_take"),
)
"""It is odd if a start or an end of it takes more than what every one does: rework, choices, calendars, months, counts
of what was learned, links from starts or to finishes; bound if more than what is free decides whether it may start:
choices, calendars; noted if what those lack that wait for it is told, or a calendar may be all that they wait for."""
REQUIREMENT = record(u32, "cause", "first_alternative")
ALTERNATIVE = record(u32, "calendar", "option", "first_claim")
AMOUNT = np.dtype([("what", u32), ("amount", i64)], align=True)
NEED = np.dtype([("what", u32), ("cause", u32), ("amount", i64)], align=True)
CALENDAR = record(i64, "cause", "first_risk")
WORD = np.dtype([("at", u32), ("queues", np.uint64), ("leaders", np.uint64)], align=True)
RELEASE = record(i64, "tick", "node")
GATE = record(i64, "milestone", "held", "first_order")  # held is the instance that finishes with it, or -1
ORDER = np.dtype(
    [
        *((name, i64) for name in ("stock", "lots", "amount", "every", "first_lot")),
        ("every_months", np.float64),
        *((name, i64) for name in ("follows", "after")),
    ]
)
MILESTONE = record(i64, "gate", "reaches")
STOCK = record(i64, "initial", "taken", "cause", "first_milestone")
LEARNER = record(u32, "counter", "multiplier", "multipliers")

# Rows of the draws
AGAIN_MINUTES = record(np.float64, "retry", "repair")
DELIVERY = record(i64, "tick", "stock", "amount", "origin")
LEAD = np.dtype([("placed", i64), ("minutes", i64), ("months", np.float64)])
POSTPONED = record(i64, "stock", "begins", "ends", "ticks", "risk")
STEP = record(i64, "tick", "resource", "units")
EFFECT = np.dtype(
    [
        *(("begins", i64), ("ends", i64), ("multiplier", np.float64)),
        *((name, i64) for name in ("risk", "gate", "added", "options")),
    ]
)
"""The gate is -1 where its window counts from the start; `added` is where what is added stands, -1 for nothing."""
INTERVAL = record(i64, "opens", "closes", "worked")
WINDOW = record(i64, "begins", "ends")

# Rows of what happened
PIECE = np.dtype(
    [
        ("used", i64),  # the mode, whose digits are choices
        *((name, i32) for name in ("ready", "start", "finish", "attempts", "held_by", "row")),
        ("round_", i32),  # of the tick in which its first attempt started
        ("ended", i32),  # the round of the tick in which it finished; a gate finishes when it opens
        *((name, i32) for name in ("planned", "length")),  # the end of its first attempt as known at its start
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
SETTLED = record(i32, "tick", "round_", "instance", "row")  # the row is -1 without rework
SHORTAGE = record(i64, "demand", "begins", "ends", "cause", "waiting")


class Plan(NamedTuple):
    """The network as flat arrays, the same for every replication."""

    horizon: int
    until: int
    """The last tick that is asked for."""
    goal: int
    """The milestone after which nothing is asked for; NOT if there is none."""
    tick_bits: int
    id_bits: int
    """Bits that hold a tick and an instance; a place in the order of the law is one number."""
    first_calendar_cause: int
    month: I64
    """The tick at which each month begins."""
    instances: int
    needed: I32
    node: Table
    group: Table
    """What instances need alike to start, what they produce and where they learn."""
    link_first: U32
    link: Table
    """Links of nodes from which several start, or one with a lag."""
    lag: Table
    activity: Table
    again: Table
    """Of each instance with rework, the queues of a retry and of a repair."""
    bundle: U32
    take: Table
    demand: Table
    requirement: Table
    choice: U32
    """Of each demand, those of its requirements that leave a choice."""
    alternative: Table
    claim: Table
    """Of each alternative, what it takes of which resource."""
    need: Table
    """Of each demand, what it takes of which level whatever is chosen: resources, which are given back, and from
    `first_take` on stocks; and what is waited for if it is not there."""
    joined_key: I64
    joined: I64
    """Pairs of calendars, and what they are together."""
    options: int
    more: I64
    """Of each instance, where the working times of its further options stand; empty where there are none."""
    resource_calendar: I64
    calendar: Table
    level: U32
    """Of each level (resources, then stocks), the first of the words of queues that need it."""
    word: Table
    """A word of queues that need a level, and those that they are recorded with."""
    lists: U32
    risk_cause: I64
    release: Table
    gate: Table
    order: Table
    milestone: Table
    stock: Table
    learner: Table
    multipliers: F64


class FlatDraws(NamedTuple):
    """One replication's draws as flat arrays."""

    minutes: F64
    failures: NDArray[np.int8]
    again: I64
    again_minutes: Table
    """Of each further attempt and repair: their minutes."""
    delivery: Table
    lead: Table
    """Of each order when it is placed, and its lead time."""
    postponed: Table
    capacity: I64
    step: Table
    effect_first: I64
    effect: Table
    added: I64
    """Working minutes that risks add to first attempts."""
    open_first: I64
    open: Table
    base_first: I64
    base: Table
    """The calendars as they are without risks."""
    window_first: I64
    window: Table
    """Of each risk, when it acts."""
    skipped: NDArray[np.bool_]
    """Of each node, whether it is skipped; empty without branches."""


class RunRecord(NamedTuple):
    """What happened in one replication."""

    node: Table
    row: Table
    """Attempts and repairs."""
    settled: Table
    """Pieces of work in the order in which they finished: by tick and round."""
    delivery: Table
    """By tick, stock and amount."""
    shortage: Table
    """By their ends, which are -1 for those that did not end."""


def ints(values: Iterable[int]) -> NDArray[np.int64]:
    """Numbers as an array."""
    return np.fromiter(values, np.int64)


def first_of(lists: Iterable[Sized]) -> NDArray[np.int64]:
    """Where each of several lists begins when they stand one after the other, and at the end their total length."""
    return ints(accumulate(map(len, lists), initial=0))


def joined_keys(joined: Mapping[tuple[int, int], int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of calendars as one number each, in order, and those that they are together."""
    pairs = sorted(joined)
    return ints((left << 32) | right for left, right in pairs), ints(joined[pair] for pair in pairs)
