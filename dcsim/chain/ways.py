"""The network backwards, beside its tables: what each node waited for, and what time can be spent on."""

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.engine.jit import by_columns
from dcsim.engine.tables import I64, Table, first_of, i32, i64, record
from dcsim.network import Milestone, Network
from dcsim.trace import NOT, causes


class Codes(NamedTuple):
    """What a segment of a chain can be spent on, as ranges of one numbering; the kinds stand in this order."""

    work: int
    """Working, by activity."""
    rework: int
    """Repairing and trying again, by activity."""
    wait: int
    """Waiting, by cause: a requirement, a supply, a calendar, a risk."""
    lag: int
    """A lag, by the activity and then the order that waits for its end."""
    date: int
    """Not before a date, by activity."""
    order: int
    """The lead time of an order."""
    placed: int
    """An order that was not placed before its date."""
    production: int
    """The production of a stock, from the start."""
    start: int
    """Nothing but the start of the clock."""
    total: int


LINK = record(i32, "source", "target", "lag")
GATE = record(i32, "started_by", "milestone", "order", "date")  # each -1 for none
GAIN = record(i64, "instance", "units")
PART = record(i32, "calendar", "cause")


class Ways(NamedTuple):
    """What chains need of a network beside its tables."""

    codes: Codes
    link_first: I64
    """Of each node, its first link from a predecessor."""
    link: Table
    gate: Table
    """`started_by` is the instance whose start opens it, `milestone` one of supplies, `order` the first placed then,
    `date` the tick at which it opens by itself."""
    counted: NDArray[np.bool_]
    """Milestones by stocks."""
    gain_first: I64
    gain: Table
    """Of each milestone of supplies, the instances that bring what it counts."""
    part_first: I64
    part: Table
    """The calendars that each combination consists of."""
    order_gate: I64
    """Of each order the gate that it waits for; -1 where it is placed on a date."""


@lru_cache(maxsize=8)
def ways(network: Network) -> Ways:
    """A network made ready for chains, once."""
    first, source, links = network.backwards
    parts, gains = _parts(network), [_gains(network, milestone) for milestone in network.milestones]
    return Ways(
        codes=_codes(network),
        link_first=first,
        link=by_columns(LINK, source, network.link_to[links], network.link_lag[links]),
        gate=_gates(network),
        counted=np.array(
            [[stock in m.stocks for stock in range(len(network.stocks))] for m in network.milestones], np.bool_
        ).reshape(len(network.milestones), len(network.stocks)),
        gain_first=first_of(instances for instances, _ in gains),
        gain=by_columns(GAIN, *np.concatenate([np.zeros((2, 0), np.int64), *gains], axis=1)),
        part_first=first_of(parts),
        part=by_columns(PART, *np.array([part for parts_of_way in parts for part in parts_of_way]).T),
        order_gate=_order_gates(network),
    )


def _codes(network: Network) -> Codes:
    activities, orders, stocks = len(network.activities), len(network.orders), len(network.stocks)
    waits = len(causes(network))
    sizes = [activities, activities, waits, activities + orders, activities, orders, orders, stocks, 1]
    return Codes(*accumulate(sizes, initial=0))


def _parts(network: Network) -> list[list[tuple[int, int]]]:
    """Of each combination of calendars those that it combines, as far as something works in them alone: with causes."""
    number = {cause: k for k, cause in enumerate(causes(network))}
    alone = {time.name: k for k, time in enumerate(network.working_times)}
    combined = [time.name.split(" & ") for time in network.working_times]
    return [
        [(alone.get(name, k), number.get(f"calendar:{name}", NOT)) for name in names]
        for k, names in enumerate(combined)
    ]


def _gains(network: Network, milestone: Milestone) -> I64:
    """The instances that bring what a milestone counts, and how much."""
    units = np.array([sum(t.amount for t in take if t.stock in milestone.stocks) for take in network.bundles], np.int64)
    instances = np.flatnonzero(units[network.bundle])
    return np.stack([instances, units[network.bundle[instances]]])


def _gates(network: Network) -> Table:
    milestone_of, order_of = (np.full(network.gates, NOT, np.int64) for _ in range(2))
    for number, milestone in enumerate(network.milestones):
        if milestone.stocks:
            milestone_of[milestone.gate - network.instances] = number
    for gate, orders in network.orders_of_gate.items():
        order_of[gate - network.instances] = orders[0]
    dates = np.full(network.gates, NOT, np.int64)
    for gate in network.history.gates if network.history is not None else ():
        dates[gate - network.instances] = network.release[gate]
    held = np.flatnonzero((network.held != NOT) & (network.release[network.instances :] > 0))
    dates[held] = network.release[network.instances + held]
    return by_columns(GATE, network.starter, milestone_of, order_of, dates)


def _order_gates(network: Network) -> I64:
    gates = np.full(len(network.orders), NOT, np.int64)
    for gate, orders in network.orders_of_gate.items():
        gates[list(orders)] = gate
    return gates
