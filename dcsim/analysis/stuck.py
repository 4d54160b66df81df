"""What an unfinished build is stuck on: what each activity waits for, what is there, and what is needed."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import waiting_for
from dcsim.analysis.frames import typed
from dcsim.analysis.supplies import movements
from dcsim.engine.draws import Draws
from dcsim.network import Network
from dcsim.trace import NOT, Ints, Trace, causes

HORIZON = "the horizon"
"""What is waited for by what is still worked on when the time is over."""
WAITING, WORKING, NOT_READY = "waiting", "working", "not ready"
STUCK = "milestone activity place waits_for kind unfinished:whole builds:whole mean:number least:whole most:whole"
"""The columns of what unfinished builds are stuck on."""


class Lack(NamedTuple):
    """One thing that is missing, with what is there and what is needed where both can be counted."""

    what: str
    there: int | None
    needed: int | None


def stuck_table(trace: Trace, draws: Draws) -> pd.DataFrame:
    """One row per thing that an unfinished instance lacks: activity, place, state, waits_for, there, needed.

    State is `waiting` (ready, but something is insufficient), `working` (unfinished at the horizon) or
    `not ready` (a predecessor is missing; `there` and `needed` count how many have come, or how far a
    milestone has got).
    """
    network = trace.network
    waiting = _waiting(trace)
    bills = set(np.setdiff1d(np.arange(network.instances), network.built).tolist()) - set(waiting)  # due later
    unfinished = [instance for instance in np.flatnonzero(trace.finish == NOT).tolist() if instance not in bills]
    rows: list[tuple[str, str, str, str, int | None, int | None]] = []
    if unfinished:
        left = _Left(trace, draws)
        before = _Predecessors(trace, left.ever)
    for instance in unfinished:
        name = network.activities[int(network.activity[instance])]
        place = network.place_path(instance)
        if instance in waiting:
            state, lacks = WAITING, left.lacks(waiting[instance])
        elif trace.ready[instance] != NOT:
            state, lacks = WORKING, before.to_finish(instance) or [Lack(HORIZON, None, None)]
        else:
            state, lacks = NOT_READY, before.missing(instance)
        rows.extend((name, place, state, *lack) for lack in lacks)
    columns = ["activity", "place", "state", "waits_for", "there", "needed"]
    return pd.DataFrame(rows, columns=columns).astype({"there": "Int64", "needed": "Int64"})


def stuck_in_many(network: Network, reached: Ints, left: Ints, stuck: Ints) -> pd.DataFrame:
    """What unfinished builds are stuck on, most first: for each milestone that is missed, and last for whole builds.

    `reached`, `left` and `stuck` are those of a `Chunk`, the columns those of `Replications.stuck`.
    """
    rows: list[tuple[object, ...]] = []
    for number, milestone in enumerate(network.milestones):
        missed = reached[:, number] == NOT
        rows += _lacks(network, milestone.name, missed, left, stuck, [milestone.gate], milestone.stocks)
    rows += _lacks(network, "", left > 0, left, stuck)
    return typed(rows, STUCK)


def stuck_before(
    network: Network, name: str, missed: NDArray[np.bool_], left: Ints, stuck: Ints, nodes: Ints, stocks: Sequence[int]
) -> pd.DataFrame:
    """What builds that miss these nodes, or units of these stocks, are stuck on before them, as `stuck_in_many`.

    `missed` are these builds; `name` stands in the column of the milestone.
    """
    return typed(_lacks(network, name, missed, left, stuck, nodes.tolist(), stocks), STUCK)


def _lacks(
    network: Network,
    name: str,
    missed: NDArray[np.bool_],
    left: Ints,
    stuck: Ints,
    nodes: Sequence[int] = (),
    stocks: Sequence[int] = (),
) -> list[tuple[object, ...]]:
    """What some builds lack before these nodes, or anywhere if none are given; where nothing is lacking, the time was
    too short, or too little is made."""
    if not missed.any():
        return []
    if len(nodes):
        before = _before(network, nodes, stocks)
        stuck = stuck[np.isin(stuck[:, 1], sorted(before))]
        left = left if before else np.zeros_like(left)
    stuck = stuck[missed[stuck[:, 0]]]
    frame = pd.DataFrame(stuck[:, 1:], columns=["activity", "cause", "waiting"])
    lacks_ = frame.groupby(["activity", "cause"])["waiting"].agg(["size", "mean", "min", "max"]).reset_index()
    names, supplies, all_of_them = causes(network), {stock.name for stock in network.stocks}, int(missed.sum())
    rows: list[tuple[object, ...]] = []
    for activity, cause, builds, mean, least, most in lacks_.sort_values("mean", ascending=False).itertuples(
        index=False
    ):
        where = (name, network.activities[activity], network.levels[activity], names[cause])
        rows.append((*where, waiting_for(names[cause], supplies).kind, all_of_them, builds, mean, least, most))
    rows.sort(key=lambda row: -row[6] * row[7])  # type: ignore[operator]
    missed = missed & ~np.isin(np.arange(len(left)), stuck[:, 0])
    for what, group in ((HORIZON, left[missed & (left > 0)]), ("", left[missed & (left == 0)])):
        if len(group):
            rows.append((name, "", "", what, "", all_of_them, len(group), group.mean(), group.min(), group.max()))
    return rows


def _before(network: Network, nodes: Sequence[int], stocks: Sequence[int]) -> set[int]:
    """The activities that nodes or stocks wait for, also by what they take from each other and by what is ordered
    after them."""
    edges, sources, _ = network.backwards
    makers: dict[int, list[int]] = {}
    for instance in np.flatnonzero(network.bundle).tolist():
        for take in network.bundles[network.bundle[instance]]:
            makers.setdefault(take.stock, []).append(instance)
    for gate, orders in network.orders_of_gate.items():
        for order in orders:
            makers.setdefault(network.orders[order].stock, []).append(gate)
    ahead = [*nodes, *(maker for stock in stocks for maker in makers.get(stock, ()))]
    seen, known = set(ahead), set(stocks)
    while ahead:
        node = ahead.pop()
        followers = sources[edges[node] : edges[node + 1]].tolist()
        if node >= network.instances and (starter := int(network.starter[node - network.instances])) != NOT:
            followers.append(starter)
        if node < network.instances:
            followers += [gate for gate in (network.gate_of_finish(node),) if gate != NOT]
            for take in network.demands[network.demand[node]].consumes:
                if take.stock not in known:
                    known.add(take.stock)
                    followers += makers.get(take.stock, ())
        for candidate in followers:
            if candidate not in seen:
                seen.add(candidate)
                ahead.append(candidate)
    return set(network.activity[[node for node in seen if node < network.instances]].tolist())


def _waiting(trace: Trace) -> dict[int, int]:
    """For each instance in a queue at the end, the number of the demand it waits for."""
    queued = np.flatnonzero((trace.ready != NOT) & (trace.start == NOT) & (trace.finish == NOT))
    demands = dict(zip(queued.tolist(), trace.network.demand[queued].tolist(), strict=True))
    for row in trace.attempt_rows:
        if row.start == NOT and row.instance not in demands:
            demands[row.instance] = trace.demand_of(row)
    return demands


class _Left:
    """What is there when the run ends."""

    def __init__(self, trace: Trace, draws: Draws) -> None:
        self.network = trace.network
        self.free = _capacity(trace.network, draws)
        for number, mode, _, finish in trace.work().tolist():
            for resource, amount in trace.network.demands[number].taken(mode) if finish == NOT else ():
                self.free[resource] -= amount
        stock, _, change, gain = movements(trace)
        self.stock = _sums(stock, change, len(self.network.stocks))
        self.ever = _sums(stock, gain, len(self.network.stocks))
        self.last = {row.demand: row.cause for row in trace.shortage_rows if row.ends == NOT}
        """Of each queue that still lacks something, the cause that is reported."""

    def lacks(self, number: int) -> list[Lack]:
        """Each thing that is insufficient for a demand; where nothing is, what keeps it closed."""
        demand = self.network.demands[number]
        lines = []
        for requirement in demand.requirements:
            short = [
                [
                    (max(0, self.free[resource]), amount)
                    for resource, amount in alternative.claims
                    if self.free[resource] < amount
                ]
                for alternative in requirement.alternatives
            ]
            if all(short):
                nearest = max((pair for pairs in short for pair in pairs), key=lambda pair: pair[0] - pair[1])
                lines.append(Lack(requirement.cause, *nearest))
        for stock, amount in demand.consumes:
            if self.stock[stock] < amount:
                lines.append(Lack(self.network.stocks[stock].name, self.stock[stock], amount))
        if lines:
            return lines
        cause = self.last.get(demand.leader, NOT)
        return [Lack(causes(self.network)[cause] if cause != NOT else "its calendar", None, None)]


def _capacity(network: Network, draws: Draws) -> list[int]:
    """Units of each resource when the run ends."""
    units: list[int] = draws.capacity.tolist()
    for tick, resource, count in zip(*(column.tolist() for column in draws.steps), strict=True):
        if tick <= network.horizon:
            units[resource] = count
    return units


def _sums(numbers: Ints, amounts: Ints, count: int) -> list[int]:
    """The amounts added up by number, exactly."""
    total = np.zeros(count, np.int64)
    np.add.at(total, numbers, amounts)
    return [int(units) for units in total]


class _Predecessors:
    """What leads to each node, and how much of it has come."""

    def __init__(self, trace: Trace, ever: list[int]) -> None:
        self.trace = trace
        self.network = network = trace.network
        self.ever = ever
        self.milestone = {milestone.gate: number for number, milestone in enumerate(network.milestones)}
        self.edges, self.sources, _ = network.backwards
        self.gates: dict[int, tuple[str, int, int]] = {}
        """The progress of each gate, once it has been asked for."""

    def missing(self, instance: int) -> list[Lack]:
        """The activities and milestones that an instance waits for; where all have come, time has to pass."""
        return self._lacking(instance) or [Lack("its date or lag", None, None)]

    def to_finish(self, instance: int) -> list[Lack]:
        """The same of its finish; nothing where that waits for nothing any more."""
        gate = self.network.gate_of_finish(instance)
        return self._lacking(gate) if gate != NOT else []

    def _lacking(self, waits: int) -> list[Lack]:
        counts: dict[str, tuple[int, int]] = {}
        for node in self._before(waits):
            name, came, needed = self._progress(node)
            before = counts.get(name, (0, 0))
            counts[name] = (before[0] + min(came, needed), before[1] + needed)
        return [Lack(name, came, needed) for name, (came, needed) in counts.items() if came < needed]

    def _before(self, node: int) -> list[int]:
        return [int(source) for source in self.sources[self.edges[node] : self.edges[node + 1]]]

    def _progress(self, node: int) -> tuple[str, int, int]:
        """What a node is called, how much of it has come, and how much is needed."""
        network, trace = self.network, self.trace
        if node < network.instances:
            return network.activities[int(network.activity[node])], int(trace.finish[node] != NOT), 1
        if (instance := int(network.starter[node - network.instances])) != NOT:
            name = network.activities[int(network.activity[instance])]
            return f"start of {name}", int(trace.start[instance] != NOT or trace.finish[instance] != NOT), 1
        if network.history is not None and node in network.history.gates:
            return "", 1, 1
        if node not in self.gates:
            self.gates[node] = self._progress_of_gate(node)
        return self.gates[node]

    def _progress_of_gate(self, node: int) -> tuple[str, int, int]:
        network = self.network
        if node in self.milestone and network.milestones[self.milestone[node]].stocks:
            milestone = network.milestones[self.milestone[node]]
            return milestone.name, sum(self.ever[stock] for stock in milestone.stocks), milestone.reaches
        behind = [self._progress(before) for before in self._before(node)]
        name = network.milestones[self.milestone[node]].name if node in self.milestone else behind[0][0]
        return name, sum(came for _, came, _ in behind), int(network.needed[node])
