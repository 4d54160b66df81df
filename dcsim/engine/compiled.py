"""The compiled engine: the same network, draws and law as the reference engine, as one loop over flat arrays."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import Calendar
from dcsim.engine import kernel
from dcsim.engine.chain import chain
from dcsim.engine.draws import Draws
from dcsim.engine.gates import new_gates, open_gates
from dcsim.engine.kernel import Chance, Plan, State
from dcsim.engine.outcome import Outcome
from dcsim.engine.sampling import Blocks
from dcsim.engine.story import Story, chance_of, delivered
from dcsim.engine.tables import PIECE, ROW, SETTLED, SHORTAGE, Table, rows_of
from dcsim.engine.ways import ways
from dcsim.network import Network
from dcsim.trace import NOT, AttemptRow, DeliveryRow, ShortageRow, Trace, causes, first_calendar_cause

Ints = NDArray[np.int64]


def run(network: Network, draws: Draws) -> Trace:
    """Run one replication and tell what happened."""
    plan = flatten(network)
    chance = flatten_draws(network, draws)
    rows = max(1, attempt_rows(network, draws))
    shortages = 4 * (network.instances + rows) + 1000
    while True:
        state = new_state(network, plan, rows, network.instances + rows, shortages)
        kernel.run(plan, chance, state)
        if state.counts[0]["shortages"] <= shortages:
            return _trace(network, draws, state)
        shortages = int(state.counts[0]["shortages"])


class Runner:
    """Replications one after the other, in the same work arrays; many may run at once, each in a thread of its own."""

    def __init__(self, network: Network, seed: int, gates: tuple[int, ...] = ()) -> None:
        self.network = network
        self.plan = flatten(network)
        self.blocks = Blocks(network, seed)
        self.state = new_state(network, self.plan, 0, 0, 0)
        self.chains = Chains(network, gates) if gates else None

    def run(self, replication: int, designed: Mapping[str, float]) -> Outcome:
        """One replication, reduced."""
        draws = self.blocks.draws(replication, designed)
        chance = flatten_draws(self.network, draws)
        if self.chains is not None:
            self.state = self.chains.room(self.state, draws)
        kernel.run(self.plan, chance, self.state)
        if self.chains is not None and self.chains.lacks_room(self.state):
            self.state = self.chains.room(self.state, draws)
            kernel.run(self.plan, chance, self.state)
        late = tuple(_late(self.network, self.state))
        cause = self.state.cause
        return Outcome(
            draws,
            self.state.reached.copy(),
            self.state.piece["finish"][: self.network.instances],
            int(self.state.counts["finished"][0]) == self.network.instances,
            np.stack([cause["waited"], cause["spells"]], axis=1),
            late,
            self.chains.follow(self.state, draws, late) if self.chains is not None else (),
        )


class Chains:
    """The driving chains of some gates, read from what the kernel has left."""

    def __init__(self, network: Network, gates: tuple[int, ...]) -> None:
        self.network = network
        self.gates = gates
        self.ways = ways(network)
        self.opened = new_gates(self.ways)
        self.calendars = len(network.working_times) > 1

    def room(self, state: State, draws: Draws) -> State:
        """A state with room for all that the chains of a replication need to be told."""
        rows = attempt_rows(self.network, draws) + 1
        if len(state.row) >= rows and not self.lacks_room(state):
            return state
        rows += rows // 4
        shortages = 2 * max(self.network.instances + rows, int(state.counts[0]["shortages"])) if self.calendars else 0
        return new_state(self.network, flatten(self.network), rows, self.network.instances + rows, shortages)

    def lacks_room(self, state: State) -> bool:
        """Whether not all that chains need could be told; of shortages, only those who wait for calendars need any."""
        return self.calendars and bool(state.counts[0]["shortages"] > len(state.shortage))

    def follow(self, state: State, draws: Draws, late: Sequence[DeliveryRow]) -> tuple[Table, ...]:
        """The chains of the replication that has just been run."""
        count, chance = state.counts[0], chance_of(self.network, draws)
        story = Story(
            instance=state.instance,
            row=state.row,
            settled=state.settled[: count["settled"]],
            delivery=delivered(draws.deliveries, late),
            shortage=state.shortage[: count["shortages"]] if self.calendars else state.shortage,
        )
        open_gates(self.ways, chance, story, self.opened)
        return tuple(chain(self.ways, chance, story, self.opened, gate) for gate in self.gates)


@lru_cache(maxsize=8)
def flatten(network: Network) -> Plan:
    """The network as the kernel reads it, made once."""
    cause = {name: number for number, name in enumerate(causes(network))}
    demands, resources, stocks = network.demands, len(network.resources), len(network.stocks)
    requirements = [r for demand in demands for r in demand.requirements]
    modes = [mode for demand in demands for mode in demand.modes]
    needs = [
        [*mode.claims, *((resources + take.stock, take.amount) for take in demand.consumes)]
        for demand in demands
        for mode in demand.modes
    ]
    priorities = sorted({demand.priority for demand in demands}, reverse=True)
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
        instances=network.instances,
        **_groups(network, instance_learner),
        lag=_table(kernel.LAG, network.lags),
        activity=rows_of(kernel.ACTIVITY, network.first[:-1], again_first, network.start_gate),
        again=again,
        bundle=_first(network.bundles).astype(np.uint32),
        take=_table(kernel.AMOUNT, [take for some in network.bundles for take in some]),
        demand=rows_of(
            kernel.DEMAND,
            [*(demand.activity for demand in demands), NOT],
            [*(demand.kind for demand in demands), NOT],
            [*(priorities.index(demand.priority) for demand in demands), NOT],
            [*(demand.calendar for demand in demands), NOT],
            [*(demand.told_with for demand in demands), NOT],
            lists.add(families),
            _first([demand.requirements for demand in demands]).tolist(),
            _first([demand.modes for demand in demands]).tolist(),
        ),
        requirement=rows_of(
            kernel.REQUIREMENT,
            [*(cause[r.cause] for r in requirements), NOT],
            _first([r.alternatives for r in requirements]).tolist(),
        ),
        mode=rows_of(
            kernel.MODE,
            [*(mode.calendar for mode in modes), NOT],
            _first(needs).tolist(),
            [*(first + len(mode.claims) for first, mode in zip(_first(needs).tolist(), modes, strict=False)), NOT],
        ),
        claim=_table(kernel.AMOUNT, [claim for r in requirements for claim in r.alternatives]),
        need=_table(kernel.AMOUNT, [need for some in needs for need in some]),
        resource_calendar=_ints(resource.calendar for resource in network.resources),
        calendar=rows_of(
            kernel.CALENDAR,
            [*(cause.get(f"calendar:{time.name}", NOT) for time in network.working_times), NOT],
            lists.add([time.stopped_by for time in network.working_times]),
        ),
        **_words(levels, [demand.told_with for demand in demands], resources + stocks),
        risk_cause=_ints(cause[f"risk:{risk.name}"] for risk in network.risks),
        release=rows_of(kernel.RELEASE, network.release[later], later),
        gate=rows_of(
            kernel.GATE,
            [*(milestone_of.get(gate, NOT) for gate in gates), NOT],
            lists.add([network.orders_of_gate.get(gate, ()) for gate in gates]),
        ),
        order=_table(
            kernel.ORDER,
            [
                *(
                    (order.stock, order.lots, order.amount, order.every, first)
                    for order, first in zip(network.orders, _cumulated(lots), strict=False)
                ),
                (NOT, 0, 0, 0, sum(lots)),
            ],
        ),
        milestone=_table(kernel.MILESTONE, [(m.gate, m.reaches if m.stocks else NOT) for m in network.milestones]),
        stock=rows_of(
            kernel.STOCK,
            [*(stock.initial for stock in network.stocks), 0],
            [*(cause[stock.name] for stock in network.stocks), NOT],
            lists.add(_members([milestone.stocks for milestone in network.milestones], stocks)),
        ),
        learner=learners,
        multipliers=multipliers,
        lists=lists.array.astype(np.uint32),
    )


def _groups(network: Network, learner: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    """Nodes with their groups and what follows them; several links, or one with a lag, stand in lists."""
    columns, group = (network.demand, network.bundle, learner), np.zeros(len(network.needed), np.int32)
    groups = [np.zeros((0, 3), np.int32)]
    for begin, end in pairwise(network.first.tolist()):  # groups of different activities differ in their demand
        if begin == end:
            continue
        rows = np.stack([column[begin:end] for column in columns], axis=1)
        some, which = np.unique(rows, axis=0, return_inverse=True)
        group[begin:end] = sum(len(one) for one in groups) + which.ravel()
        groups.append(some)
    first, links = network.link_first[:-1], np.diff(network.link_first)
    alone = np.flatnonzero(links == 1)
    alone = alone[network.link_lag[first[alone]] == 0]
    following = np.where(links == 0, NOT, 0).astype(np.int32)
    following[alone] = network.link_to[first[alone]]
    links[alone] = 0
    listed = np.flatnonzero(links)
    following[listed] = -2 - np.arange(len(listed))
    kept = np.repeat(links > 0, np.diff(network.link_first))
    return {
        "node": rows_of(kernel.NODE, group, following),
        "group": rows_of(kernel.GROUP, *np.concatenate(groups).T),
        "link_first": np.concatenate([[0], np.cumsum(links[listed])]).astype(np.uint32),
        "link": rows_of(kernel.LINK, network.link_to[kept], network.link_lag[kept]),
    }


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


def _words(levels: Sequence[Iterable[int]], told_with: Sequence[int], count: int) -> dict[str, NDArray[Any]]:
    """For each level the queues that need it and those they are told with, as bits of words of 64 queues."""
    first: list[int] = [0]
    rows: list[tuple[int, ...]] = []
    for queues in _members(levels, count):
        of_word: dict[int, list[int]] = {}
        for queue in queues:
            of_word.setdefault(queue >> 6, [0, 0])[0] |= 1 << (queue & 63)
            leader = told_with[queue]
            of_word.setdefault(leader >> 6, [0, 0])[1] |= 1 << (leader & 63)
        rows.extend((word, *masks) for word, masks in of_word.items())
        first.append(len(rows))
    return {"level": _ints(first).astype(np.uint32), "word": _table(kernel.WORD, rows)}


def _members(groups: Sequence[Iterable[int]], count: int) -> list[list[int]]:
    """For each of so many numbers, the groups that it stands in."""
    found: list[list[int]] = [[] for _ in range(count)]
    for number, group in enumerate(groups):
        for member in sorted(set(group)):
            found[member].append(number)
    return found


def _learners(network: Network) -> tuple[Table, NDArray[np.int32], NDArray[np.float64]]:
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
    return _table(kernel.LEARNER, rows), of_instance, np.concatenate(tables)


def _again(network: Network) -> tuple[list[int], Table]:
    """Where the retry and repair demands of each activity begin, -1 without rework, and those demands."""
    first, tables, total = [NOT] * len(network.activities), [_table(kernel.AGAIN, [])], 0
    for activity, pair in sorted(network.again.items()):
        first[activity] = total
        tables.append(rows_of(kernel.AGAIN, *pair))
        total += len(pair[0])
    return first, np.concatenate(tables)


def flatten_draws(network: Network, draws: Draws) -> Chance:
    """One replication's draws as the kernel reads them."""
    base_first, base = open_first, open_now = _without_risks(network)
    if any(now is not time.open for now, time in zip(draws.calendars, network.working_times, strict=True)):
        open_first, open_now = _intervals(draws.calendars)
    effects = [effect[:3] for some in draws.effects for effect in some]
    return Chance(
        minutes=draws.minutes,
        failures=draws.failures,
        again=draws.again,
        again_minutes=rows_of(kernel.AGAIN_MINUTES, draws.retry_minutes, draws.repair_minutes),
        delivery=rows_of(kernel.DELIVERY, *draws.deliveries[:3]),
        lead=draws.lead,
        postponed=_table(
            kernel.POSTPONED, [(stock, *one[:3]) for stock, some in enumerate(draws.postponed) for one in some]
        ),
        capacity=draws.capacity,
        step=rows_of(kernel.STEP, *draws.steps),
        effect_first=_first(draws.effects),
        effect=_table(kernel.EFFECT, effects),
        open_first=open_first,
        open=open_now,
        base_first=base_first,
        base=base,
        window=_table(kernel.WINDOW, [(w.begins, w.ends) if w is not None else (0, 0) for w in draws.windows]),
    )


@lru_cache(maxsize=8)
def _without_risks(network: Network) -> tuple[Ints, Table]:
    """The open intervals of all calendars without risks."""
    return _intervals([time.open for time in network.working_times])


def _intervals(calendars: Sequence[Calendar]) -> tuple[Ints, Table]:
    """The open intervals of several calendars one after the other: opens, closes, worked before."""
    columns = [(calendar.opens, calendar.closes, calendar.worked_before) for calendar in calendars]
    table = rows_of(kernel.INTERVAL, *(np.concatenate(column) for column in zip(*columns, strict=True)))
    return _first([calendar.opens for calendar in calendars]), table


def new_state(network: Network, plan: Plan, attempts: int, settled: int, shortages: int) -> State:
    """Work arrays for any number of replications, one at a time; no rows are told where there is room for none."""
    n, nodes, queues = network.instances, len(network.needed), len(network.demands)
    lots = int(plan.order["first_lot"][-1])
    starts = n if (network.start_gate != NOT).any() else 0
    events = n + starts + int(np.count_nonzero(network.link_lag)) + queues + lots + 1
    return State(
        counts=np.zeros(1, kernel.COUNTS),
        piece=np.empty(nodes, kernel.PROGRESS),
        present=np.empty(n, kernel.PRESENT),
        turn=np.empty(n, np.uint32),
        ripe=np.empty(nodes, np.uint32),
        events=np.empty(events, np.int64),
        level=np.empty(len(network.resources) + len(network.stocks), kernel.LEVEL),
        ever=np.empty(len(network.stocks) + len(network.milestones), np.int64),
        queue=np.empty(queues + 1, kernel.QUEUE),
        bits=np.empty((4, queues // 64 + 1), np.uint64),
        instance=np.empty(n if attempts else 0, PIECE),
        learned=np.empty(network.counters, np.int64),
        reached=np.empty(len(network.milestones), np.int64),
        lot_tick=np.empty(lots, np.int64),
        row=np.empty(attempts, ROW),
        settled=np.empty(settled, SETTLED),
        shortage=np.empty(shortages, SHORTAGE),
        cause=np.empty(len(causes(network)), kernel.CAUSE),
    )


def attempt_rows(network: Network, draws: Draws) -> int:
    """The most attempts and repairs there can be to tell of."""
    some = 0
    for activity in network.again:
        first, last = int(network.first[activity]), int(network.first[activity + 1])
        some += last - first + 2 * int(draws.failures[first:last].sum())
    return some


def _trace(network: Network, draws: Draws, state: State) -> Trace:
    def column(name: str) -> Ints:
        return state.instance[name].astype(np.int64)

    return Trace(
        network=network,
        ready=column("ready"),
        start=column("start"),
        finish=state.piece["finish"][: network.instances].astype(np.int64),
        attempts=column("attempts"),
        mode=column("used"),
        held_by=column("held_by"),
        round=np.where(column("start") == NOT, NOT, column("round_")),
        attempt_rows=tuple(AttemptRow(*row[:-1]) for row in state.row[: state.counts[0]["rows"]].tolist()),
        shortage_rows=tuple(ShortageRow(*row) for row in state.shortage[: state.counts[0]["shortages"]].tolist()),
        delivery_rows=tuple(_deliveries(network, draws, state)),
        reached=state.reached.copy(),
    )


def _deliveries(network: Network, draws: Draws, state: State) -> Iterable[DeliveryRow]:
    for row in zip(*(column.tolist() for column in draws.deliveries), strict=True):
        yield DeliveryRow(*row)
    yield from _late(network, state)


def _late(network: Network, state: State) -> Iterable[DeliveryRow]:
    """Deliveries of orders that waited for their gate."""
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


def _table(kind: np.dtype[np.void], rows: Iterable[Sequence[float]]) -> Table:
    """Rows as a table."""
    return np.array([tuple(row) for row in rows], kind)


def _cumulated(counts: Iterable[int]) -> list[int]:
    """How many come before each, and at the end how many there are."""
    return [0, *accumulate(counts)]


def _first(lists: Iterable[Sized]) -> Ints:
    """Where each of several lists begins when they stand one after the other, and at the end their total length."""
    return _ints(_cumulated(len(one) for one in lists))
