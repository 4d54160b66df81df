"""What is refused before a run: what can go wrong in one instance, whatever the draws.

A shortage in total is not refused: it is an unfinished run, and says what is stuck.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dcsim import calendars
from dcsim.counting import positions
from dcsim.errors import ScenarioError
from dcsim.model.openings import Openings
from dcsim.network import REPAIR, Demand, Milestone, Network, Requirement
from dcsim.places import SITE
from dcsim.scenario.document import Key
from dcsim.scenario.schema import ALWAYS, Scenario

MANY = 256
"""Nodes that are looked at together."""
Numbers = memoryview
"""Numbers of an array one at a time, without an object for each."""


def refuse(scenario: Scenario, network: Network, never_reached: Sequence[tuple[Key, str]]) -> None:
    """Raise everything about this network that can never happen, all at once."""
    refusals = [*never_reached, *_impossible_demands(network)]
    if not never_reached:
        refusals += _waiting(network)
    problems = dict.fromkeys(scenario.document.problem(path, message) for path, message in refusals)
    if problems:
        raise ScenarioError(list(problems), scenario.document.name)


def _impossible_demands(network: Network) -> Iterator[tuple[Key, str]]:
    """Demands for more of a resource than there ever is, or for calendars that are never open together."""
    for demand in network.demands:
        name = network.activities[demand.activity]
        path: Key = ("activities", name, *(("rework",) if demand.kind == REPAIR else ()))
        for requirement in demand.requirements:
            if short := _never_enough(network, requirement):
                where = "" if demand.place == SITE else f" in {demand.place}"
                resource, amount, peak = short
                message = f"needs {amount} of '{resource}'{where}, but there are never more than {peak}"
                yield (*path, "requires", requirement.cause), message
        if closed := _closed(network, demand):
            yield path, f"can never start: {closed} before the horizon"


def _never_enough(network: Network, requirement: Requirement) -> tuple[str, int, int] | None:
    """What is needed, how much of it and the most that there ever is, where no alternative can ever be taken.

    Where alternatives differ in what they take, it is the resource that comes nearest to enough.
    """
    short: list[tuple[int, int, str]] = []
    for alternative in requirement.alternatives:
        resources = [network.resources[claim.resource] for claim in alternative.claims]
        pairs = zip(alternative.claims, resources, strict=True)
        lacks = [
            (claim.amount, claim_and_pool.peak, claim_and_pool.name)
            for claim, claim_and_pool in pairs
            if claim.amount > claim_and_pool.peak
        ]
        if not lacks:
            return None
        short += lacks
    amount, peak, name = min(short, key=lambda shortage: shortage[0] - shortage[1])
    alike = all(
        len(alternative.claims) == 1 and alternative.claims[0].amount == amount
        for alternative in requirement.alternatives
    )
    return requirement.cause if alike else name, amount, peak


def _closed(network: Network, demand: Demand) -> str:
    """Why a demand can never be worked on, whatever is chosen; nothing if it can."""
    times = network.working_times
    if not demand.choices and len(times[demand.together].open.opens):
        return ""
    unions = []
    for choice in demand.choices:
        open_times = [
            times[number].open for number in dict.fromkeys(alternative.calendar for alternative in choice.alternatives)
        ]
        opens, closes = (
            np.concatenate(edges)
            for edges in zip(*((calendar.opens, calendar.closes) for calendar in open_times), strict=True)
        )
        unions.append(calendars.from_intervals("", opens, closes, open_times[0].end))
    if len(calendars.intersect([times[demand.together].open, *unions]).opens):
        return ""
    numbers = [demand.together, *(choice.alternatives[0].calendar for choice in demand.choices)]
    names = [name for number in numbers for name in times[number].name.split(" & ")]
    names = [name for name in dict.fromkeys(names) if name != ALWAYS]
    if len(names) == 1:
        return f"calendar '{names[0]}' is never open"
    return f"the calendars {' and '.join(names)} are never open together"


def _waiting(network: Network) -> Iterator[tuple[Key, str]]:
    """What waits for itself: nodes in a circle, and milestones of supplies."""
    happening = _Happening(network)
    happening.go_on()
    if happening.all:
        return
    yield from _circle(network)
    for milestone in network.milestones:
        if milestone.gate in happening.openings.closed:
            yield from _self_waiting(network, milestone)
            happening.go_on(milestone.gate)


class _Happening:
    """What can happen after what, where each milestone of supplies needs the units that can come before it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.openings = Openings(network)
        self.left = _awaited(network)
        self.happened = bytearray(len(self.left))
        levels: list[float] = [stock.initial for stock in network.stocks]
        late = {order for orders in network.orders_of_gate.values() for order in orders}
        for number, order in enumerate(network.orders):
            levels[order.stock] += 0 if number in late else order.amount
        for production in network.productions:
            levels[production.stock] = math.inf
        begins = np.asarray(self.left) <= 0
        begins[list(_gates_of_supplies(network))] = False
        self.ahead: list[int] = np.flatnonzero(begins).tolist()
        self.ahead += self.openings.begin(levels)

    @property
    def all(self) -> bool:
        """Whether everything has happened."""
        return 0 not in self.happened

    def go_on(self, *opened: int) -> None:
        """All that can happen now, where these gates are open whatever they need."""
        network, left, happened = self.network, self.left, self.happened
        first, to = network.link_first.data, network.link_to.data
        ahead, plain = self.ahead, not network.holds and not (network.start_gate >= 0).any()
        ahead += opened
        while ahead:
            if plain and len(ahead) >= MANY:
                self.ahead = ahead = self._all_at_once(np.array(ahead))
                continue
            node = ahead.pop()
            if happened[node]:
                continue
            happened[node] = 1
            takes = network.bundles[network.bundle[node]] if node < network.instances else ()
            for stock, amount in takes:
                ahead += self.openings.gain(stock, amount)
            for number in network.orders_of_gate.get(node, ()):
                ahead += self.openings.gain(network.orders[number].stock, network.orders[number].amount)
            for target in successors(network, node, first, to):
                left[target] -= 1
                if left[target] == 0:
                    ahead.append(target)

    def _all_at_once(self, nodes: NDArray[np.int64]) -> list[int]:
        """Many nodes happen, where none leads to gates of its own; what can happen now."""
        network, left, is_now = self.network, np.asarray(self.left), np.zeros(len(self.left), np.bool_)
        happened = np.frombuffer(self.happened, np.bool_)
        is_now[nodes] = True
        nodes = np.flatnonzero(is_now & ~happened)
        happened[nodes] = True
        ahead: list[int] = []
        gates = np.searchsorted(nodes, network.instances)
        bundles = np.bincount(network.bundle[nodes[:gates]], minlength=len(network.bundles))
        for number in np.flatnonzero(bundles).tolist():
            for stock, amount in network.bundles[number]:
                ahead += self.openings.gain(stock, amount * int(bundles[number]))
        for node in network.orders_of_gate.keys() & set(nodes[gates:].tolist()):
            for order in network.orders_of_gate[node]:
                ahead += self.openings.gain(network.orders[order].stock, network.orders[order].amount)
        first, count = network.link_first[nodes], network.link_first[nodes + 1] - network.link_first[nodes]
        links = np.repeat(first, count) + positions(count)
        led = np.bincount(network.link_to[links], minlength=len(left))
        left -= led
        return ahead + np.flatnonzero((led > 0) & (left <= 0) & ~happened).tolist()


def _circle(network: Network) -> Iterator[tuple[Key, str]]:
    """Nodes that wait for each other, named along one circle of them."""
    left = _awaited(network)
    first, to = network.link_first.data, network.link_to.data
    for gate in _gates_of_supplies(network):
        left[gate] = 0  # what opens these is not a link
    happens = deque(node for node, count in enumerate(left) if count <= 0)
    happened = bytearray(count <= 0 for count in left)
    while happens:
        node = happens.popleft()
        for target in successors(network, node, first, to):
            left[target] -= 1
            if left[target] <= 0 and not happened[target]:
                happened[target] = 1
                happens.append(target)
    stuck = {node for node, done in enumerate(happened) if not done}
    if not stuck:
        return
    circle = _find_circle(network, stuck, first, to)
    names = [network.describe(node) for node in circle if node < network.instances]
    if names:
        activity = network.activities[int(network.activity[min(n for n in circle if n < network.instances)])]
        way = " -> ".join([*names, names[0]])
        yield ("activities", activity, "after"), f"activities wait for each other in a loop: {way}"


def _gates_of_supplies(network: Network) -> set[int]:
    """Gates that supplies open: no link leads to them."""
    return {milestone.gate for milestone in network.milestones if milestone.stocks}


def successors(network: Network, node: int, first: Numbers, to: Numbers) -> Numbers | list[int]:
    """What a node leads to; an instance also leads to the gates of its own start and finish."""
    targets: Numbers | list[int] = to[first[node] : first[node + 1]]
    if network.holds:
        held = [int(network.held[node - network.instances]) if node >= network.instances else -1 for node in targets]
        targets = [node if holder < 0 else holder for node, holder in zip(targets, held, strict=True)]
        targets += [gate for gate in (network.gate_of_finish(node),) if gate >= 0] if node < network.instances else []
    gate = network.gate_of_start(node) if node < network.instances else -1
    return targets if gate < 0 else [*targets, gate]


def _awaited(network: Network) -> Numbers:
    """How many links each node needs; what the finish of work waits for as if its start did, which has no circles."""
    left = network.needed.copy()
    gates = np.flatnonzero(network.held >= 0)
    left[network.held[gates]] += left[network.instances + gates] - 1
    left[network.instances + gates] = 1
    return left.data


def _find_circle(network: Network, stuck: set[int], first: Numbers, to: Numbers) -> list[int]:
    """One circle among nodes that never happen: each is led to by another of them, so going back must repeat."""
    before: dict[int, int] = {}
    for node in sorted(stuck):
        for target in successors(network, node, first, to):
            if target in stuck:
                before.setdefault(target, node)
    node = min(stuck)
    seen: dict[int, None] = {}
    while node not in seen:
        seen[node] = None
        node = before[node]
    way = list(seen)
    circle = way[way.index(node) :][::-1]
    start = circle.index(min(circle))
    return circle[start:] + circle[:start]


def _self_waiting(network: Network, milestone: Milestone) -> Iterator[tuple[Key, str]]:
    """Whether only what waits for a milestone of supplies could reach it."""
    followers = _followers(network, milestone.gate) - {risk.gate for risk in network.risks}
    reachable = _reachable(network, milestone, followers) if followers else milestone.reaches
    if milestone.reaches > reachable:
        message = (
            f"waits for itself: without what waits for it, no more than {reachable:,.0f} "
            f"of the {milestone.reaches:,} it needs can ever be there"
        )
        yield ("milestones", milestone.name), message


def _followers(network: Network, gate: int) -> set[int]:
    """Every node that waits for a gate, directly or not."""
    first, to = network.link_first.data, network.link_to.data
    followers: set[int] = set()
    ahead = [gate]
    while ahead:
        for target in successors(network, ahead.pop(), first, to):
            if target not in followers:
                followers.add(target)
                ahead.append(target)
    return followers


def _reachable(network: Network, milestone: Milestone, followers: set[int]) -> float:
    """Units that can ever be there by what does not follow the milestone; without end where they are produced."""
    stocks = set(milestone.stocks)
    if any(production.stock in stocks for production in network.productions):
        return float("inf")
    late = {order for gate, orders in network.orders_of_gate.items() if gate in followers for order in orders}
    total = sum(network.stocks[stock].initial for stock in stocks)
    total += sum(o.amount for k, o in enumerate(network.orders) if o.stock in stocks and k not in late)
    gives = np.array([sum(take.amount for take in bundle if take.stock in stocks) for bundle in network.bundles])
    made = gives[network.bundle]
    waiting = np.array(sorted(node for node in followers if node < network.instances), np.int64)
    return float(total + made.sum() - made[waiting].sum())
