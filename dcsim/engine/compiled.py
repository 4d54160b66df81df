"""The compiled engine: the same network, draws and law as the reference engine, as one loop over flat arrays."""

from collections.abc import Iterable, Sequence, Sized
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import Calendar
from dcsim.engine import kernel
from dcsim.engine.draws import Draws
from dcsim.engine.kernel import Chance, Plan, State
from dcsim.network import Network
from dcsim.trace import NOT, AttemptRow, DeliveryRow, ShortageRow, Trace, causes, first_calendar_cause

Ints = NDArray[np.int64]


def run(network: Network, draws: Draws) -> Trace:
    """Run one replication and tell what happened."""
    plan = flatten(network)
    chance = flatten_draws(network, draws)
    rows = max(1, _attempt_rows(network, draws))
    shortages = 4 * (network.instances + rows) + 1000
    while True:
        state = new_state(network, plan, rows, shortages)
        kernel.run(plan, chance, state)
        if state.counts[kernel.SHORTAGES] <= shortages:
            return _trace(network, draws, state)
        shortages = int(state.counts[kernel.SHORTAGES])


@lru_cache(maxsize=8)
def flatten(network: Network) -> Plan:
    """The network as the kernel reads it, made once."""
    cause = {name: number for number, name in enumerate(causes(network))}
    demands, resources, stocks = network.demands, len(network.resources), len(network.stocks)
    requirements = [r for demand in demands for r in demand.requirements]
    modes = [mode for demand in demands for mode in demand.modes]
    alternatives = sum(len(r.alternatives) for r in requirements)
    priorities = sorted({demand.priority for demand in demands}, reverse=True)
    takes = [demand.consumes for demand in demands]
    lists = _Lists()
    families = _members([(demand.told_with,) for demand in demands], len(demands))
    levels = [
        {c.resource for r in demand.requirements for c in r.alternatives}
        | {resources + take.stock for take in demand.consumes}
        for demand in demands
    ]
    gates = range(network.instances, network.instances + network.gates)
    milestone_of = {milestone.gate: number for number, milestone in enumerate(network.milestones)}
    lots = [order.lots if order.placed is None else 0 for order in network.orders]
    learners, instance_learner, multipliers = _learners(network)
    again_first, again = _again(network)
    later = np.flatnonzero(network.release)
    later = later[np.argsort(network.release[later], kind="stable")]
    needed = network.needed.astype(np.int32)
    needed[later] += 1
    return Plan(
        horizon=network.horizon,
        tick_bits=int(network.horizon + 1).bit_length(),
        id_bits=int(network.instances).bit_length(),
        first_calendar_cause=first_calendar_cause(network),
        needed=needed,
        instance=np.stack([network.demand, network.bundle, instance_learner], axis=1),
        link_first=network.link_first.astype(np.int32),
        link=np.stack([network.link_to, network.link_lag.astype(np.int32)], axis=1),
        lag=_table(network.lags, 2),
        activity=_table(zip(network.first.tolist(), again_first, network.start_gate.tolist(), strict=False), 3),
        again=again,
        bundle=_first(network.bundles) + sum(map(len, takes)),
        take=_table([take for some in (*takes, *network.bundles) for take in some], 2),
        demand=_table(
            zip(
                [*(demand.activity for demand in demands), NOT],
                [*(demand.kind for demand in demands), NOT],
                [*(priorities.index(demand.priority) for demand in demands), NOT],
                [*(demand.calendar for demand in demands), NOT],
                [*(demand.told_with for demand in demands), NOT],
                lists.add(families),
                _first([demand.requirements for demand in demands]).tolist(),
                _first(takes).tolist(),
                _first([demand.modes for demand in demands]).tolist(),
                strict=True,
            ),
            9,
        ),
        requirement=_table(
            zip(
                [*(cause[r.cause] for r in requirements), NOT],
                _first([r.alternatives for r in requirements]).tolist(),
                strict=True,
            ),
            2,
        ),
        mode=_table(
            zip(
                [*(mode.calendar for mode in modes), NOT],
                (_first([mode.claims for mode in modes]) + alternatives).tolist(),
                strict=True,
            ),
            2,
        ),
        claim=_table(
            [
                *(claim for r in requirements for claim in r.alternatives),
                *(claim for mode in modes for claim in mode.claims),
            ],
            2,
        ),
        resource_calendar=_ints(resource.calendar for resource in network.resources),
        calendar=_table(
            zip(
                [*(cause.get(f"calendar:{time.name}", NOT) for time in network.working_times), NOT],
                lists.add([time.stopped_by for time in network.working_times]),
                strict=True,
            ),
            2,
        ),
        level=_ints(lists.add(_members(levels, resources + stocks))),
        risk_cause=_ints(cause[f"risk:{risk.name}"] for risk in network.risks),
        release=_table(zip(network.release[later].tolist(), later.tolist(), strict=True), 2),
        gate=_table(
            zip(
                [*(milestone_of.get(gate, NOT) for gate in gates), NOT],
                lists.add([network.orders_of_gate.get(gate, ()) for gate in gates]),
                strict=True,
            ),
            2,
        ),
        order=_table(
            [
                *(
                    (order.stock, order.lots, order.amount, order.every, first)
                    for order, first in zip(network.orders, _cumulated(lots), strict=False)
                ),
                (NOT, 0, 0, 0, sum(lots)),
            ],
            5,
        ),
        milestone=_table([(m.gate, m.reaches if m.stocks else NOT) for m in network.milestones], 2),
        stock=_table(
            zip(
                [*(stock.initial for stock in network.stocks), 0],
                [*(cause[stock.name] for stock in network.stocks), NOT],
                lists.add(_members([milestone.stocks for milestone in network.milestones], stocks)),
                strict=True,
            ),
            3,
        ),
        learner=learners,
        multipliers=multipliers,
        lists=lists.array,
    )


class _Lists:
    """Lists of numbers, one after the other in one array."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def add(self, lists: Sequence[Iterable[int]]) -> list[int]:
        """Where each of these lists begins, and where the last one ends."""
        first = [len(self.numbers)]
        for one in lists:
            self.numbers.extend(one)
            first.append(len(self.numbers))
        return first

    @property
    def array(self) -> Ints:
        return _ints(self.numbers)


def _members(groups: Sequence[Iterable[int]], count: int) -> list[list[int]]:
    """For each of so many numbers, the groups that it stands in."""
    found: list[list[int]] = [[] for _ in range(count)]
    for number, group in enumerate(groups):
        for member in sorted(set(group)):
            found[member].append(number)
    return found


def _learners(network: Network) -> tuple[Ints, NDArray[np.int32], NDArray[np.float64]]:
    """Every count with its multipliers, the one of each instance, and all multipliers one after the other."""
    rows: list[tuple[int, int, int]] = []
    of_instance = np.full(network.instances, NOT, np.int32)
    tables, length = [np.zeros(0)], 0
    for work in network.work:
        if work.learning is None:
            continue
        counters, which = np.unique(work.learning.counter, return_inverse=True)
        of_instance[work.instances] = len(rows) + which
        multipliers = work.learning.multipliers
        rows.extend((counter, length, len(multipliers)) for counter in counters.tolist())
        tables.append(multipliers)
        length += len(multipliers)
    return _table(rows, 3), of_instance, np.concatenate(tables)


def _again(network: Network) -> tuple[list[int], NDArray[np.int32]]:
    """Where the retry and repair demands of each activity begin, -1 without rework, and those demands."""
    first, tables, total = [NOT] * len(network.activities), [np.zeros((0, 2), np.int32)], 0
    for activity, pair in sorted(network.again.items()):
        first[activity] = total
        tables.append(np.stack(pair, axis=1))
        total += len(pair[0])
    return first, np.concatenate(tables)


def flatten_draws(network: Network, draws: Draws) -> Chance:
    """One replication's draws as the kernel reads them."""
    base_first, base = _intervals([time.open for time in network.working_times])
    open_first, open_now = _intervals(draws.calendars)
    effects = [effect for some in draws.effects for effect in some]
    return Chance(
        minutes=draws.minutes,
        failures=draws.failures,
        again=draws.again,
        again_minutes=np.stack([draws.retry_minutes, draws.repair_minutes], axis=1),
        delivery=np.stack(draws.deliveries[:3], axis=1),
        lead=draws.lead,
        postponed=_table([(stock, *one) for stock, some in enumerate(draws.postponed) for one in some], 4),
        capacity=draws.capacity,
        step=np.stack(draws.steps, axis=1),
        effect_first=_first(draws.effects),
        effect=np.array(effects, np.float64).reshape(len(effects), 3),
        open_first=open_first,
        open=open_now,
        base_first=base_first,
        base=base,
        window=_table([(w.begins, w.ends) if w is not None else (0, 0) for w in draws.windows], 2),
    )


def _intervals(calendars: Sequence[Calendar]) -> tuple[Ints, Ints]:
    """The open intervals of several calendars one after the other: opens, closes, worked before."""
    columns = [(calendar.opens, calendar.closes, calendar.worked_before) for calendar in calendars]
    table = np.stack([np.concatenate(column) for column in zip(*columns, strict=True)], axis=1)
    return _first([calendar.opens for calendar in calendars]), table


def new_state(network: Network, plan: Plan, attempt_rows: int, shortage_rows: int) -> State:
    """Work arrays for any number of replications, one at a time; no rows are told where there is room for none."""
    n, nodes, queues = network.instances, len(network.needed), len(network.demands)
    lots = int(plan.order[-1, kernel.LOT_FIRST])
    starts = n if (network.start_gate != NOT).any() else 0
    events = n + starts + int(np.count_nonzero(network.link_lag)) + queues + lots + 1
    return State(
        counts=np.empty(9, np.int64),
        missing=np.empty(nodes, np.int32),
        ripe=np.empty(nodes, np.int32),
        events=np.empty(events, np.int64),
        level=np.empty((len(network.resources) + len(network.stocks), 4), np.int64),
        ever=np.empty(len(network.stocks) + len(network.milestones), np.int64),
        queue=np.empty((queues + 1, 18), np.int64),
        instance=np.empty((n, 11), np.int32),
        learned=np.empty(network.counters, np.int64),
        reached=np.empty(len(network.milestones), np.int64),
        lot_tick=np.empty(lots, np.int64),
        row=np.empty((attempt_rows, 7), np.int32),
        shortage=np.empty((shortage_rows, 5), np.int64),
        cause=np.empty((len(causes(network)), 4), np.int64),
    )


def _attempt_rows(network: Network, draws: Draws) -> int:
    """The most attempts and repairs there can be to tell of."""
    some = 0
    for activity in network.again:
        first, last = int(network.first[activity]), int(network.first[activity + 1])
        some += last - first + 2 * int(draws.failures[first:last].sum())
    return some


def _trace(network: Network, draws: Draws, state: State) -> Trace:
    def column(number: int) -> Ints:
        return state.instance[:, number].astype(np.int64)

    return Trace(
        network=network,
        ready=column(kernel.READY),
        start=column(kernel.STARTED),
        finish=column(kernel.FINISHED),
        attempts=column(kernel.ATTEMPTS),
        mode=column(kernel.USED),
        held_by=column(kernel.HELD_BY),
        attempt_rows=tuple(AttemptRow(*row) for row in state.row[: state.counts[kernel.ROWS]].tolist()),
        shortage_rows=tuple(ShortageRow(*row) for row in state.shortage[: state.counts[kernel.SHORTAGES]].tolist()),
        delivery_rows=tuple(_deliveries(network, draws, state)),
        reached=state.reached.copy(),
    )


def _deliveries(network: Network, draws: Draws, state: State) -> Iterable[DeliveryRow]:
    for row in zip(*(column.tolist() for column in draws.deliveries), strict=True):
        yield DeliveryRow(*row)
    number = 0
    for k, order in enumerate(network.orders):
        if order.placed is not None:
            continue
        for lot in range(order.lots):
            if state.lot_tick[number] != NOT:
                yield DeliveryRow(int(state.lot_tick[number]), order.stock, order.lot(lot), k)
            number += 1


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)


def _table(rows: Iterable[Sequence[int]], columns: int) -> Ints:
    """Rows as a table, also where there are none."""
    return np.array(list(rows), np.int64).reshape(-1, columns)


def _cumulated(counts: Iterable[int]) -> list[int]:
    """How many come before each, and at the end how many there are."""
    return [0, *accumulate(counts)]


def _first(lists: Iterable[Sized]) -> Ints:
    """Where each of several lists begins when they stand one after the other, and at the end their total length."""
    return _ints(_cumulated(len(one) for one in lists))
