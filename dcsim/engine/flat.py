"""The network and the draws of a replication as flat arrays."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import Calendar
from dcsim.engine import tables
from dcsim.engine.draws import Draws, added_times
from dcsim.engine.jit import by_columns, by_rows
from dcsim.engine.tables import FlatDraws, Plan, Table, first_of, ints, joined_keys
from dcsim.network import Demand, Network
from dcsim.trace import NOT, causes, first_calendar_cause

Ints = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]


@lru_cache(maxsize=8)
def flatten(network: Network) -> Plan:
    """The network as the kernel and driving chains read it, made once."""
    cause = {name: number for number, name in enumerate(causes(network))}
    lists = _Lists()
    joined = joined_keys(network.joined)
    return Plan(
        horizon=network.horizon,
        until=network.horizon,
        goal=NOT,
        tick_bits=int(network.horizon + 1).bit_length(),
        id_bits=int(network.instances).bit_length(),
        first_calendar_cause=first_calendar_cause(network),
        month=network.months,
        instances=network.instances,
        lag=by_rows(tables.LAG, network.lags),
        bundle=first_of(network.bundles).astype(np.uint32),
        take=by_rows(tables.AMOUNT, chain.from_iterable(network.bundles)),
        joined_key=joined[0],
        joined=joined[1],
        options=network.options,
        more=network.more if any(work.further for work in network.work) else np.zeros(0, np.int64),
        resource_calendar=ints(resource.calendar for resource in network.resources),
        calendar=by_columns(
            tables.CALENDAR,
            [*(cause.get(f"calendar:{time.name}", NOT) for time in network.working_times), NOT],
            lists.add([time.stopped_by for time in network.working_times]),
        ),
        risk_cause=ints(cause[f"risk:{risk.name}"] for risk in network.risks),
        **_groups(network),
        **_again(network),
        **_demands(network, cause, lists),
        **_requirements(network, cause),
        **_words(network),
        **_releases(network),
        **_supplies(network, cause, lists),
        lists=lists.array.astype(np.uint32),
    )


def only_dates(plan: Plan) -> Plan:
    """The same for one who asks when things happen, and not what they waited for."""
    demand, word = plan.demand.copy(), plan.word.copy()
    demand["noted"][:-1] = demand["bound"][demand["leader"][:-1]]
    noted = np.flatnonzero(demand["noted"])
    masks = np.zeros(len(demand) // 64 + 1, np.uint64)
    np.bitwise_or.at(masks, noted >> 6, np.uint64(1) << (noted & 63).astype(np.uint64))
    word["leaders"] &= masks[word["at"]]
    return plan._replace(demand=demand, word=word)


def _demands(network: Network, cause: Mapping[str, int], lists: "_Lists") -> Columns:
    demands, resources, of_stock = network.demands, len(network.resources), [cause[s.name] for s in network.stocks]
    needs = [
        [
            *((c.resource, cause[r.cause], c.amount) for r in demand.certain for c in r.alternatives[0].claims),
            *((resources + take.stock, of_stock[take.stock], take.amount) for take in demand.consumes),
        ]
        for demand in demands
    ]
    first_need = first_of(needs).tolist()
    priorities = sorted({demand.priority for demand in demands}, reverse=True)
    families = _members([(demand.leader,) for demand in demands], len(demands))
    odd = _odd(network)
    of_each = [
        (
            *(demand.activity, demand.kind, priorities.index(demand.priority), demand.calendar, demand.together),
            *(demand.leader, demand.instant, demand.in_months, demand.is_done, number in odd, _is_bound(demand)),
        )
        for number, demand in enumerate(demands)
    ]
    return {
        "demand": by_columns(
            tables.DEMAND,
            *np.array([*of_each, (NOT,) * 11]).T,
            [*([True] * len(demands)), False],
            lists.add(families),
            first_of([demand.requirements for demand in demands]),
            first_of([demand.choices for demand in demands]),
            first_need,
            [*(first + len(demand.claims) for first, demand in zip(first_need, demands, strict=False)), NOT],
        ),
        "need": by_rows(tables.NEED, chain.from_iterable(needs)),
    }


def _odd(network: Network) -> set[int]:
    """The demands whose starts or ends take more than what every one does."""
    tied = (network.start_gate != NOT) | (network.finish_gate != NOT)
    learning = {
        int(k) for work in network.work if work.learning is not None for k in np.unique(network.demand[work.instances])
    }
    return learning | {
        number
        for number, d in enumerate(network.demands)
        if d.activity in network.again or tied[d.activity] or d.in_months or _is_bound(d)
    }


def _is_bound(demand: Demand) -> bool:
    """Whether more than what is free decides if a piece of work may start."""
    closing = demand.calendar or demand.together or any(a.calendar for r in demand.requirements for a in r.alternatives)
    return bool(demand.choices or demand.instant or closing)


def _requirements(network: Network, cause: Mapping[str, int]) -> Columns:
    requirements = [r for demand in network.demands for r in demand.requirements]
    alternatives = [alternative for r in requirements for alternative in r.alternatives]
    return {
        "requirement": by_columns(
            tables.REQUIREMENT,
            [*(cause[r.cause] for r in requirements), NOT],
            first_of([r.alternatives for r in requirements]),
        ),
        "choice": ints(number for number, r in enumerate(requirements) if len(r.alternatives) > 1).astype(np.uint32),
        "alternative": by_columns(
            tables.ALTERNATIVE,
            [*(alternative.calendar for alternative in alternatives), NOT],
            [*(alternative.option for alternative in alternatives), NOT],
            first_of([alternative.claims for alternative in alternatives]),
        ),
        "claim": by_rows(tables.AMOUNT, (claim for alternative in alternatives for claim in alternative.claims)),
    }


def _releases(network: Network) -> Columns:
    """Dates before which instances may not be ready, each of which is one more thing that they wait for."""
    later = np.flatnonzero(network.release)
    later = later[np.argsort(network.release[later], kind="stable")]
    needed = network.needed.copy()
    needed[later] += 1
    return {"needed": needed, "release": by_columns(tables.RELEASE, network.release[later], later)}


def _supplies(network: Network, cause: Mapping[str, int], lists: "_Lists") -> Columns:
    """Gates with the orders that wait for them, milestones, and the stocks that these count."""
    gates = range(network.instances, network.instances + network.gates)
    milestone_of = {milestone.gate: number for number, milestone in enumerate(network.milestones)}
    orders, lots = network.orders, [order.lots if order.placed is None else 0 for order in network.orders]
    return {
        "gate": by_columns(
            tables.GATE,
            [*(milestone_of.get(gate, NOT) for gate in gates), NOT],
            [*network.held.tolist(), NOT],
            lists.add([network.orders_of_gate.get(gate, ()) for gate in gates]),
        ),
        "order": by_columns(
            tables.ORDER,
            [*(order.stock for order in orders), NOT],
            [*(order.lots for order in orders), 0],
            [*(order.amount for order in orders), 0],
            [*(order.every for order in orders), 0],
            [0, *accumulate(lots)],
            [*(order.every_months for order in orders), 0],
            [*(order.postponed_with for order in orders), NOT],
            [*(order.after for order in orders), 0],
        ),
        "milestone": by_rows(tables.MILESTONE, [(m.gate, m.reaches if m.stocks else NOT) for m in network.milestones]),
        "stock": by_columns(
            tables.STOCK,
            [*(stock.initial for stock in network.stocks), 0],
            [*network.taken.tolist(), 0],
            [*(cause[stock.name] for stock in network.stocks), NOT],
            lists.add(_members([milestone.stocks for milestone in network.milestones], len(network.stocks))),
        ),
    }


def _groups(network: Network) -> Columns:
    """Nodes with their groups and what follows them; several links, or one with a lag, stand in lists."""
    learner, multipliers, of_instance = _learners(network)
    columns, group = (network.demand, network.bundle, of_instance), np.zeros(len(network.needed), np.int32)
    groups = [np.zeros((0, 3), np.int32)]
    for begin, end in pairwise(network.first.tolist()):  # groups of different activities differ in their demand
        if begin == end:
            continue
        rows = np.stack([column[begin:end] for column in columns], axis=1)
        changes = np.flatnonzero(np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)]))  # most stand together
        distinct, which = rows[changes], np.zeros(1, np.int64)
        if len(changes) > 1:
            distinct, which = np.unique(distinct, axis=0, return_inverse=True)
        runs = np.diff(np.append(changes, end - begin))
        group[begin:end] = sum(map(len, groups)) + np.repeat(which.ravel(), runs)
        groups.append(distinct)
    first, links = network.link_first[:-1], np.diff(network.link_first)
    alone = np.flatnonzero(links == 1)
    alone = alone[network.link_lag[first[alone]] == 0]
    following = np.where(links == 0, NOT, 0).astype(np.int32)
    following[alone] = network.link_to[first[alone]]
    links[alone] = 0
    listed = np.flatnonzero(links)
    following[listed] = -2 - np.arange(len(listed))
    has_links = np.repeat(links > 0, np.diff(network.link_first))
    return {
        "node": by_columns(tables.NODE, group, following),
        "group": by_columns(tables.GROUP, *np.concatenate(groups).T),
        "link_first": np.concatenate([[0], np.cumsum(links[listed])]).astype(np.uint32),
        "link": by_columns(tables.LINK, network.link_to[has_links], network.link_lag[has_links]),
        "learner": learner,
        "multipliers": multipliers,
    }


class _Lists:
    """Lists of numbers, one after the other in one array."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def add(self, lists: Sequence[Iterable[int]]) -> list[int]:
        """Where each of these lists begins, and where the last one ends."""
        first = [len(self.numbers)]
        for values in lists:
            self.numbers.extend(values)
            first.append(len(self.numbers))
        return first

    @property
    def array(self) -> Ints:
        return ints(self.numbers)


def _words(network: Network) -> Columns:
    """For each level the queues that need it and those they are recorded with, as bits of words of 64 queues."""
    resources, count = len(network.resources), len(network.resources) + len(network.stocks)
    levels = [
        {claim.resource for r in demand.requirements for alternative in r.alternatives for claim in alternative.claims}
        | {resources + take.stock for take in demand.consumes}
        for demand in network.demands
    ]
    first: list[int] = [0]
    rows: list[tuple[int, ...]] = []
    for queues in _members(levels, count):
        of_word: dict[int, list[int]] = {}
        for queue in queues:
            of_word.setdefault(queue >> 6, [0, 0])[0] |= 1 << (queue & 63)
            leader = network.demands[queue].leader
            of_word.setdefault(leader >> 6, [0, 0])[1] |= 1 << (leader & 63)
        rows.extend((word, *masks) for word, masks in of_word.items())
        first.append(len(rows))
    return {"level": ints(first).astype(np.uint32), "word": by_rows(tables.WORD, rows)}


def _members(groups: Sequence[Iterable[int]], count: int) -> list[list[int]]:
    """For each of so many numbers, the groups that it stands in."""
    members: list[list[int]] = [[] for _ in range(count)]
    for number, group in enumerate(groups):
        for member in sorted(set(group)):
            members[member].append(number)
    return members


def _learners(network: Network) -> tuple[Table, NDArray[np.float64], NDArray[np.int32]]:
    """Every count with its multipliers, all multipliers one after the other, and the count of each instance."""
    rows: list[tuple[int, int, int]] = []
    of_instance = np.full(network.instances, NOT, np.int32)
    multipliers, length = [np.zeros(0)], 0
    for work in network.work:
        if work.learning is None:
            continue
        counters, which = np.unique(work.learning.counter, return_inverse=True)
        of_instance[work.instances] = len(rows) + which
        rows.extend((counter, length, len(work.learning.multipliers)) for counter in counters.tolist())
        multipliers.append(work.learning.multipliers)
        length += len(work.learning.multipliers)
    return by_rows(tables.LEARNER, rows), np.concatenate(multipliers), of_instance


def _again(network: Network) -> Columns:
    """Activities, where the retry and repair demands of each begin, -1 without rework, and those demands."""
    first, pairs, total = [NOT] * len(network.activities), [np.zeros((2, 0), np.int32)], 0
    for activity, pair in sorted(network.again.items()):
        first[activity] = total
        pairs.append(np.stack(pair))
        total += len(pair[0])
    return {
        "activity": by_columns(tables.ACTIVITY, network.first[:-1], first, network.start_gate, network.finish_gate),
        "again": by_columns(tables.AGAIN, *np.concatenate(pairs, axis=1)),
    }


def flatten_draws(network: Network, draws: Draws) -> FlatDraws:
    """One replication's draws as the kernel and driving chains read them."""
    base_first, base = open_first, open_now = _without_risks(network)
    if any(now is not time.open for now, time in zip(draws.calendars, network.working_times, strict=True)):
        open_first, open_now = _intervals(draws.calendars)
    added, pool = added_times(network, draws)
    return FlatDraws(
        minutes=draws.minutes,
        failures=draws.failures,
        again=draws.again,
        again_minutes=by_columns(tables.AGAIN_MINUTES, draws.retry_minutes, draws.repair_minutes),
        delivery=by_columns(tables.DELIVERY, *draws.deliveries),
        lead=by_columns(tables.LEAD, draws.placed, draws.lead, draws.lead_months),
        postponed=by_rows(
            tables.POSTPONED, [(stock, *window) for stock, windows in enumerate(draws.postponed) for window in windows]
        ),
        capacity=draws.capacity,
        step=by_columns(tables.STEP, *draws.steps),
        effect_first=first_of(draws.effects),
        effect=by_rows(
            tables.EFFECT, [(*e[:-1], *at) for e, at in zip(chain.from_iterable(draws.effects), added, strict=True)]
        ),
        added=pool,
        open_first=open_first,
        open=open_now,
        base_first=base_first,
        base=base,
        window_first=first_of(draws.windows),
        window=by_rows(tables.WINDOW, chain.from_iterable(draws.windows)),
        skipped=draws.skipped if network.branches else draws.skipped[:0],
    )


@lru_cache(maxsize=8)
def _without_risks(network: Network) -> tuple[Ints, Table]:
    """The open intervals of all calendars without risks."""
    return _intervals([time.open for time in network.working_times])


def _intervals(calendars: Sequence[Calendar]) -> tuple[Ints, Table]:
    """The open intervals of several calendars one after the other: opens, closes, worked before."""
    columns = [(calendar.opens, calendar.closes, calendar.worked_before) for calendar in calendars]
    table = by_columns(tables.INTERVAL, *(np.concatenate(column) for column in zip(*columns, strict=True)))
    return first_of([calendar.opens for calendar in calendars]), table
