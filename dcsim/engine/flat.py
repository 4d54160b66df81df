"""The network and the draws of a replication as the compiled loop reads them: flat arrays."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import Calendar
from dcsim.engine import kernel
from dcsim.engine.draws import Draws, added_times
from dcsim.engine.kernel import Chance, Plan
from dcsim.engine.tables import Table, first_of, ints, joined_keys, rows_of
from dcsim.network import Network
from dcsim.trace import NOT, causes, first_calendar_cause

Ints = NDArray[np.int64]


@lru_cache(maxsize=8)
def flatten(network: Network) -> Plan:
    """The network as the kernel reads it, made once."""
    cause = {name: number for number, name in enumerate(causes(network))}
    demands, resources, stocks = network.demands, len(network.resources), len(network.stocks)
    requirements = [r for demand in demands for r in demand.requirements]
    joined = joined_keys(network.joined)
    alternatives = [alternative for r in requirements for alternative in r.alternatives]
    needs = [
        [*demand.claims, *((resources + take.stock, take.amount) for take in demand.consumes)] for demand in demands
    ]
    first_need = first_of(needs).tolist()
    priorities = sorted({demand.priority for demand in demands}, reverse=True)
    lists = _Lists()
    families = _members([(demand.told_with,) for demand in demands], len(demands))
    levels = [
        {claim.resource for r in demand.requirements for each in r.alternatives for claim in each.claims}
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
    needed = network.needed
    if len(later):
        needed = needed.copy()
        needed[later] += 1
    return Plan(
        horizon=network.horizon,
        tick_bits=int(network.horizon + 1).bit_length(),
        id_bits=int(network.instances).bit_length(),
        first_calendar_cause=first_calendar_cause(network),
        month=network.months,
        needed=needed,
        instances=network.instances,
        **_groups(network, instance_learner),
        lag=_table(kernel.LAG, network.lags),
        activity=rows_of(kernel.ACTIVITY, network.first[:-1], again_first, network.start_gate),
        again=again,
        bundle=first_of(network.bundles).astype(np.uint32),
        take=_table(kernel.AMOUNT, [take for some in network.bundles for take in some]),
        demand=rows_of(
            kernel.DEMAND,
            [*(demand.activity for demand in demands), NOT],
            [*(demand.kind for demand in demands), NOT],
            [*(priorities.index(demand.priority) for demand in demands), NOT],
            [*(demand.calendar for demand in demands), NOT],
            [*(demand.together for demand in demands), NOT],
            [*(demand.told_with for demand in demands), NOT],
            [*(demand.instant for demand in demands), NOT],
            [*(demand.in_months for demand in demands), NOT],
            lists.add(families),
            first_of([demand.requirements for demand in demands]).tolist(),
            first_of([demand.choices for demand in demands]).tolist(),
            first_need,
            [*(first + len(demand.claims) for first, demand in zip(first_need, demands, strict=False)), NOT],
        ),
        requirement=rows_of(
            kernel.REQUIREMENT,
            [*(cause[r.cause] for r in requirements), NOT],
            first_of([r.alternatives for r in requirements]).tolist(),
        ),
        choice=ints(number for number, r in enumerate(requirements) if len(r.alternatives) > 1).astype(np.uint32),
        alternative=rows_of(
            kernel.ALTERNATIVE,
            [*(one.calendar for one in alternatives), NOT],
            [*(one.option for one in alternatives), NOT],
            first_of([one.claims for one in alternatives]).tolist(),
        ),
        claim=_table(kernel.AMOUNT, [claim for one in alternatives for claim in one.claims]),
        need=_table(kernel.AMOUNT, [need for some in needs for need in some]),
        joined_key=joined[0],
        joined=joined[1],
        options=network.options,
        more=network.more if any(work.further for work in network.work) else np.zeros(0, np.int64),
        resource_calendar=ints(resource.calendar for resource in network.resources),
        calendar=rows_of(
            kernel.CALENDAR,
            [*(cause.get(f"calendar:{time.name}", NOT) for time in network.working_times), NOT],
            lists.add([time.stopped_by for time in network.working_times]),
        ),
        **_words(levels, [demand.told_with for demand in demands], resources + stocks),
        risk_cause=ints(cause[f"risk:{risk.name}"] for risk in network.risks),
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
                    (order.stock, order.lots, order.amount, order.every, first, order.every_months)
                    for order, first in zip(network.orders, _cumulated(lots), strict=False)
                ),
                (NOT, 0, 0, 0, sum(lots), 0),
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
        return ints(self.numbers)


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
    return {"level": ints(first).astype(np.uint32), "word": _table(kernel.WORD, rows)}


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
    added, pool = added_times(network, draws)
    effects = [(*e[:3], e.gate, *at) for e, at in zip(chain.from_iterable(draws.effects), added, strict=True)]
    return Chance(
        minutes=draws.minutes,
        failures=draws.failures,
        again=draws.again,
        again_minutes=rows_of(kernel.AGAIN_MINUTES, draws.retry_minutes, draws.repair_minutes),
        delivery=rows_of(kernel.DELIVERY, *draws.deliveries[:3]),
        lead=draws.lead,
        lead_months=draws.lead_months,
        postponed=_table(
            kernel.POSTPONED, [(stock, *one[:3]) for stock, some in enumerate(draws.postponed) for one in some]
        ),
        capacity=draws.capacity,
        step=rows_of(kernel.STEP, *draws.steps),
        effect_first=first_of(draws.effects),
        effect=_table(kernel.EFFECT, effects),
        added=pool,
        open_first=open_first,
        open=open_now,
        base_first=base_first,
        base=base,
        window_first=first_of(draws.windows),
        window=_table(kernel.WINDOW, chain.from_iterable(draws.windows)),
        skipped=draws.skipped,
    )


@lru_cache(maxsize=8)
def _without_risks(network: Network) -> tuple[Ints, Table]:
    """The open intervals of all calendars without risks."""
    return _intervals([time.open for time in network.working_times])


def _intervals(calendars: Sequence[Calendar]) -> tuple[Ints, Table]:
    """The open intervals of several calendars one after the other: opens, closes, worked before."""
    columns = [(calendar.opens, calendar.closes, calendar.worked_before) for calendar in calendars]
    table = rows_of(kernel.INTERVAL, *(np.concatenate(column) for column in zip(*columns, strict=True)))
    return first_of([calendar.opens for calendar in calendars]), table


def _table(kind: np.dtype[np.void], rows: Iterable[Sequence[float]]) -> Table:
    """Rows as a table."""
    return np.array([tuple(row) for row in rows], kind)


def _cumulated(counts: Iterable[int]) -> list[int]:
    """How many come before each, and at the end how many there are."""
    return [0, *accumulate(counts)]
