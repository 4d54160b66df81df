"""The network as the driving chain reads it: what each node waited for, and what each piece of work took and gave."""

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.engine.jit import readable
from dcsim.engine.tables import Table, first_of, i32, i64, ints, joined_keys, record
from dcsim.network import Network
from dcsim.trace import NOT, Ints, causes, first_calendar_cause


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


# Rows; where one says `first_...`, its list ends where that of the next row begins
NODE = record(i32, "first_link", "needed")
LINK = record(i32, "source", "target", "lag")
GATE = record(i32, "started_by", "milestone", "order")  # each -1 for none
LAG = np.dtype([("minutes", i64), ("calendar", i64), ("months", np.float64)])
INSTANCE = record(i32, "activity", "bundle", "work", "retry", "repair")  # the last three are demands
DEMAND = record(i32, "told_with", "in_months", "together", "first_requirement", "first_take")
REQUIREMENT = record(i32, "cause", "first_alternative")
TAKE = record(i32, "cause", "stock")
ALTERNATIVE = record(i32, "calendar", "option", "first_claim")
GAIN = record(i64, "stock", "amount")
CALENDAR = record(i32, "first_part", "first_risk")
PART = record(i32, "calendar", "cause")
ORDER = np.dtype([*((name, i64) for name in ("gate", "stock", "lots", "every")), ("every_months", np.float64)])
"""The gate is -1 where it is placed on a date."""


class Ways(NamedTuple):
    """A network, backwards."""

    codes: Codes
    instances: int
    horizon: int
    first_calendar_cause: int
    month: Ints
    """The tick at which each month begins."""
    counts_orders: bool
    """Whether orders that wait for a gate bring what milestones count."""
    gates: Ints
    """In an order in which each comes after those it waits for."""
    node: Table
    link: Table
    """From predecessors, by their targets."""
    gate: Table
    """`started_by` is the instance whose start opens it, `milestone` one of supplies, `order` the first placed then."""
    reaches: Ints
    counted: NDArray[np.bool_]
    """Milestones by stocks."""
    initial: Ints
    lag: Table
    instance: Table
    demand: Table
    requirement: Table
    alternative: Table
    claim: Ints
    """Of each alternative, the resources that it takes."""
    joined_key: Ints
    joined: Ints
    """Pairs of calendars, and what they are together."""
    take: Table
    bundle: Ints
    """The first gain of each."""
    gain: Table
    calendar: Table
    part: Table
    """The calendars that a combination consists of."""
    stopped_by: Ints
    risk_cause: Ints
    order: Table


@lru_cache(maxsize=8)
def ways(network: Network) -> Ways:
    """A network made ready for chains, once."""
    number = {cause: k for k, cause in enumerate(causes(network))}
    demands, times = network.demands, network.working_times
    requirements = [r for demand in demands for r in demand.requirements]
    takes = [take for demand in demands for take in demand.consumes]
    alternatives = [alternative for r in requirements for alternative in r.alternatives]
    joined = joined_keys(network.joined)
    gains = [take for bundle in network.bundles for take in bundle]
    parts = _parts(network)
    first_link, source, lag = _backwards(network)
    return Ways(
        codes=_codes(network, len(number)),
        instances=network.instances,
        horizon=network.horizon,
        first_calendar_cause=first_calendar_cause(network),
        month=network.months,
        counts_orders=any(
            order.placed is None and order.stock in milestone.stocks
            for order in network.orders
            for milestone in network.milestones
        ),
        gates=_in_order(network, first_link, source),
        node=readable(NODE, first_link, np.append(network.needed, NOT)),
        link=readable(LINK, source, np.sort(network.link_to), lag),
        gate=_gates(network),
        reaches=ints(milestone.reaches for milestone in network.milestones),
        counted=np.array(
            [[stock in m.stocks for stock in range(len(network.stocks))] for m in network.milestones], np.bool_
        ).reshape(len(network.milestones), len(network.stocks)),
        initial=ints(stock.initial for stock in network.stocks),
        lag=readable(LAG, *zip(*network.lags, strict=True)),
        instance=readable(INSTANCE, network.activity, network.bundle, *_demands(network)),
        demand=readable(
            DEMAND,
            [*(demand.told_with for demand in demands), NOT],
            [*(demand.in_months for demand in demands), NOT],
            [*(demand.together for demand in demands), NOT],
            first_of([demand.requirements for demand in demands]),
            first_of([demand.consumes for demand in demands]),
        ),
        requirement=readable(
            REQUIREMENT,
            [*(number[r.cause] for r in requirements), NOT],
            first_of([r.alternatives for r in requirements]),
        ),
        alternative=readable(
            ALTERNATIVE,
            [*(one.calendar for one in alternatives), NOT],
            [*(one.option for one in alternatives), NOT],
            first_of([one.claims for one in alternatives]),
        ),
        claim=ints(claim.resource for one in alternatives for claim in one.claims),
        joined_key=joined[0],
        joined=joined[1],
        take=readable(
            TAKE, [number[network.stocks[take.stock].name] for take in takes], [take.stock for take in takes]
        ),
        bundle=first_of(network.bundles),
        gain=readable(GAIN, [take.stock for take in gains], [take.amount for take in gains]),
        calendar=readable(CALENDAR, first_of(parts), first_of([time.stopped_by for time in times])),
        part=readable(
            PART,
            [part for some in parts for part, _ in some],
            [number.get(f"calendar:{name}", NOT) for some in parts for _, name in some],
        ),
        stopped_by=ints(risk for time in times for risk in time.stopped_by),
        risk_cause=ints(number[f"risk:{risk.name}"] for risk in network.risks),
        order=readable(
            ORDER,
            _order_gates(network),
            [order.stock for order in network.orders],
            [order.lots for order in network.orders],
            [order.every for order in network.orders],
            [order.every_months for order in network.orders],
        ),
    )


def _codes(network: Network, causes: int) -> Codes:
    activities, orders = len(network.activities), len(network.orders)
    sizes = [activities, activities, causes, activities + orders, activities, orders, orders, len(network.stocks), 1]
    return Codes(*accumulate(sizes, initial=0))


def _parts(network: Network) -> list[list[tuple[int, str]]]:
    """Of each combination of calendars those that it combines, as far as something works in them alone."""
    alone = {time.name: k for k, time in enumerate(network.working_times)}
    combined = [time.name.split(" & ") for time in network.working_times]
    return [[(alone.get(name, k), name) for name in names] for k, names in enumerate(combined)]


def _backwards(network: Network) -> tuple[Ints, Ints, Ints]:
    """The links by their targets, in the order of their sources: first link of each node, source, lag."""
    order = np.argsort(network.link_to, kind="stable")
    counts = np.bincount(network.link_to, minlength=len(network.needed))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return first, network.link_from[order], network.link_lag[order].astype(np.int64)


def _in_order(network: Network, in_first: Ints, in_from: Ints) -> Ints:
    """The gates, each after those that links lead from; these have no circles."""
    found: dict[int, None] = {}
    for gate in range(network.instances, len(network.needed)):
        path = [gate]
        while path:
            before = in_from[in_first[path[-1]] : in_first[path[-1] + 1]]
            ahead = next((k for k in before.tolist() if k >= network.instances and k not in found), None)
            if ahead is None:
                found.setdefault(path.pop())
            else:
                path.append(ahead)
    return ints(found)


def _gates(network: Network) -> Table:
    started_by, milestone_of, order_of = (np.full(network.gates, NOT, np.int64) for _ in range(3))
    for activity, gate in enumerate(network.start_gate.tolist()):
        if gate != NOT:
            first, last = int(network.first[activity]), int(network.first[activity + 1])
            started_by[gate - network.instances : gate - network.instances + last - first] = np.arange(first, last)
    for number, milestone in enumerate(network.milestones):
        if milestone.stocks:
            milestone_of[milestone.gate - network.instances] = number
    for gate, orders in network.orders_of_gate.items():
        order_of[gate - network.instances] = orders[0]
    return readable(GATE, started_by, milestone_of, order_of)


def _order_gates(network: Network) -> Ints:
    """Of each order the gate that it waits for."""
    found = np.full(len(network.orders), NOT, np.int64)
    for gate, orders in network.orders_of_gate.items():
        found[list(orders)] = gate
    return found


def _demands(network: Network) -> Ints:
    found = np.full((3, network.instances), NOT, np.int64)
    found[0] = network.demand
    for activity, pair in network.again.items():
        first, last = int(network.first[activity]), int(network.first[activity + 1])
        for kind, demands in enumerate(pair, start=1):
            found[kind, first:last] = demands
    return found
