"""What a plan can never get enough of: all that is needed against all that can ever be there, at the best of luck.

At the best of luck every draw is the smallest there is, nothing fails, and only risks that are certain happen; what a
branch may skip needs nothing, and brings what it produces. What is too little even then is too little in every build.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from heapq import heappop, heappush
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from dcsim.distributions import Distribution, Fixed, failures
from dcsim.engine.draws import Draws, draw, options_of
from dcsim.engine.philox import Words
from dcsim.model.openings import Openings
from dcsim.model.refusals import successors
from dcsim.network import Network, Requirement, Rework, Risk, Work
from dcsim.places import SITE
from dcsim.trace import Ints

Floats = NDArray[np.float64]

Shortfall = tuple[tuple[str, str], str]
"""The path of a thing that is too little, and what is said about it."""

FASTEST = 0.1
"""No factor makes anything more than ten times as fast."""


class Luck:
    """The smallest of every quantity, no failure, and no risk that is not certain."""

    def value(self, distribution: Distribution, name: str, place: int = 0) -> float:
        least = float(distribution.quantile(np.zeros(1))[0])
        return max(least, FASTEST) if name.startswith("factors.") else least

    def values(self, distribution: Distribution, name: str, places: Words, attempts: Ints | int = 0) -> Floats:
        return np.full(len(places), self.value(distribution, name))

    def failures(self, rework: Rework, name: str, places: Words, numbers: Ints) -> Ints:
        return failures(rework.probability, np.zeros(len(numbers)))

    def occurs(self, probability: float, name: str, number: int) -> bool:
        return probability >= 1


def too_little(network: Network) -> Iterator[Shortfall]:
    """Every supply, resource and milestone of which there can never be enough, each with its worst place."""
    lucky = replace(network, risks=tuple(map(_kind, network.risks)))
    draws = draw(lucky, Luck())
    stock = np.array([stock.initial for stock in network.stocks], object)
    amount = np.maximum(draws.deliveries.amount, 0)  # payments take away what others can have before
    np.add.at(stock, draws.deliveries.stock, amount.astype(object))
    tried, ever = _what_can_happen(network, draws, stock.tolist())
    yield from _supplies(network, tried, ever)
    yield from _milestones(network, ever)
    yield from _resources(network, draws, tried)


def _kind(risk: Risk) -> Risk:
    """A risk at its kindest: as it is where nothing about it is left to chance, else only what it may do good."""
    dated = (risk.begins is None or isinstance(risk.begins.delay, Fixed)) and isinstance(risk.lasts, Fixed | None)
    sizes = (
        risk.every,
        *(delay for _, delay in risk.delays),
        *(size for addition in risk.adds for size in addition.minutes),
    )
    if risk.probability >= 1 and dated and all(isinstance(size, Fixed | None) for size in sizes):
        return risk
    return replace(
        risk,
        probability=float(risk.probability > 0),
        times=1 if risk.every is not None else risk.times,
        gate=-1,
        begins=None,
        lasts=None,
        every=None,
        production=tuple((name, more) for name, more in risk.production if more > 1),
        capacity=tuple((name, more) for name, more in risk.capacity if more > 1),
        durations=tuple((activity, less) for activity, less in risk.durations if less < 1),
        adds=(),
        delays=(),
    )


def _what_can_happen(network: Network, draws: Draws, ever: list[int]) -> tuple[Ints, list[int]]:
    """The instances whose predecessors can all finish, and the units of each stock that can ever be there.

    Whatever is taken is still counted as there for others: what does not happen so cannot happen at all.
    """
    left = network.needed.copy().data
    optional = _optional(network)
    first, to = network.link_first.data, network.link_to.data
    openings = Openings(network)
    ahead = deque(node for node, count in enumerate(left) if count <= 0 and node not in openings.closed)
    ahead.extend(openings.begin(ever))
    tried: set[int] = set()
    held: dict[int, list[tuple[int, int]]] = {}
    """By stock, how much who waits for it needs: a heap."""

    def gain(stock: int, amount: int) -> None:
        if amount <= 0:
            return
        ever[stock] += amount
        ahead.extend(openings.gain(stock, amount))
        waiting = held.get(stock, [])
        while waiting and waiting[0][0] <= ever[stock]:
            ahead.append(heappop(waiting)[1])

    while ahead:
        node = ahead.popleft()
        if node < network.instances:
            takes = network.demands[network.demand[node]].consumes
            if network.activity[node] in optional:
                takes = ()
            else:
                tried.add(node)
            if (lacking := next((take for take in takes if take.amount > ever[take.stock]), None)) is not None:
                heappush(held.setdefault(lacking.stock, []), (lacking.amount, node))
                continue
            for take in network.bundles[network.bundle[node]]:
                gain(take.stock, take.amount)
        for number in network.orders_of_gate.get(node, ()):
            gain(network.orders[number].stock, _in_time(network, draws, number))
        for target in successors(network, node, first, to):
            left[target] -= 1
            if left[target] == 0:
                ahead.append(target)
    return np.array(sorted(tried), np.int64), ever


def _optional(network: Network) -> set[int]:
    """Activities that some way which may be taken skips."""
    return {
        activity
        for branch in network.branches
        for activity, done in branch.activities
        if not all(done[way] for way in branch.possible)
    }


def _in_time(network: Network, draws: Draws, number: int) -> int:
    """What an order that is placed at the start brings by the horizon."""
    order = network.orders[number]
    first = network.later(0, draws.lead_months[number]) if draws.lead_months[number] else int(draws.lead[number])
    return sum(order.lot(k) for k in range(order.lots) if network.due(order, first, k) <= network.horizon)


def _supplies(network: Network, tried: Ints, ever: Sequence[int]) -> Iterator[Shortfall]:
    """Supplies of which consumers need more than can ever be there."""
    users: dict[int, Counter[tuple[str, int]]] = {}
    for number, count in enumerate(np.bincount(network.demand[tried], minlength=len(network.demands)).tolist()):
        for take in network.demands[number].consumes if count else ():
            name = network.activities[network.demands[number].activity]
            users.setdefault(take.stock, Counter())[name, take.amount] += count
    short: dict[str, list[tuple[int, int]]] = {}
    for stock, needs in users.items():
        if (lack := sum(amount * count for (_, amount), count in needs.items()) - ever[stock]) > 0:
            short.setdefault(network.stocks[stock].name, []).append((lack, stock))
    for name, places in short.items():
        lack, worst = max(places, key=lambda place: (place[0], -place[1]))
        needs = users[worst]
        unit = f" {network.stocks[worst].unit}".rstrip()
        many = Counter[str]()
        for (activity, _), count in needs.items():
            many[activity] += count
        text = f"{_users(many)} {_verb(many)} {lack + ever[worst]:,}{unit}{_where(network.stocks[worst].place, places)}"
        text += f", but there are never more than {ever[worst]:,}{unit}{_until(network)}"
        amounts = {amount for _, amount in needs}
        stuck = -(-lack // amounts.pop()) if len(amounts) == 1 else 0
        left = f": {stuck:,} can never start" if stuck else f": {lack:,}{unit} short"
        yield ("supplies", name), text + (left if sum(many.values()) > 1 else "")


def _milestones(network: Network, ever: Sequence[int]) -> Iterator[Shortfall]:
    """Milestones of supplies that cannot get so far."""
    for milestone in network.milestones:
        most = sum(ever[stock] for stock in milestone.stocks)
        if milestone.stocks and most < milestone.reaches:
            unit = f" {network.stocks[milestone.stocks[0]].unit}".rstrip()
            text = f"needs {milestone.reaches:,}{unit}, but there are never more than {most:,}{unit}{_until(network)}"
            yield ("milestones", milestone.name), text


def _resources(network: Network, draws: Draws, tried: Ints) -> Iterator[Shortfall]:
    """Resources whose work cannot be done before the horizon, alternatives taken together."""
    minutes = np.bincount(network.demand[tried], _least(network, draws)[tried], len(network.demands))
    counts = np.bincount(network.demand[tried], minlength=len(network.demands))
    needs: list[tuple[Requirement, float, str, int]] = []
    users: dict[int, list[int]] = {}
    choices: set[frozenset[int]] = set()
    for number, demand in enumerate(network.demands):
        for requirement in demand.requirements if counts[number] else ():
            taken = Counter(claim.resource for alternative in requirement.alternatives for claim in alternative.claims)
            always = {resource for resource, times in taken.items() if times == len(requirement.alternatives)}
            choices |= {frozenset((resource,)) for resource in always}
            if len(always) < len(taken):
                choices.add(frozenset(taken))
            for resource in taken:
                users.setdefault(resource, []).append(len(needs))
            needs.append(
                (requirement, float(minutes[number]), network.activities[demand.activity], int(counts[number]))
            )
    messages: dict[str, list[tuple[float, int, str]]] = {}
    ways = sorted(choices, key=sorted)
    for number, choice in enumerate(ways):
        relevant = [needs[k] for k in sorted({k for resource in choice for k in users[resource]})]
        inside = [
            (least * mins, name, n)
            for requirement, mins, name, n in relevant
            if (least := _in_any_case(requirement, choice))
        ]
        need = sum(minutes for minutes, _, _ in inside)
        if need > (available := sum(_most(network, draws, resource) for resource in choice)):
            many = Counter[str]()
            for _, activity, count in inside:
                many[activity] += count
            name = " | ".join(dict.fromkeys(network.resources[k].name for k in sorted(choice)))
            text = f"{_users(many)} {_verb(many)} at least {need / 60:,.0f} hours of {name}{{}}, but there are never "
            messages.setdefault(name, []).append((need - available, -number, f"{text}more than {available / 60:,.0f}"))
    for name, places in messages.items():
        _, number, text = max(places)
        where = _where(network.resources[min(ways[-number])].place, places)
        yield ("resources", name.split(" | ")[0]), text.format(where) + _until(network)


def _in_any_case(requirement: Requirement, resources: Set[int]) -> int:
    """The fewest units of these resources together that a requirement takes, whatever is chosen."""
    return min(
        sum(c.amount for c in alternative.claims if c.resource in resources) for alternative in requirement.alternatives
    )


def _least(network: Network, draws: Draws) -> Floats:
    """Of each instance, the fewest minutes of work it can take; those of repeated work on average."""
    minutes = draws.minutes[: network.instances].copy()
    for work in network.work:
        for at, _ in islice(options_of(network, work), 1, None):
            minutes[work.instances] = np.minimum(minutes[work.instances], draws.minutes[at])
        if work.learning is not None:
            minutes[work.instances] *= _learned(network, work)
    for activity, effects in enumerate(draws.effects):
        for effect in effects:
            if effect.multiplier < 1 or (effect.begins <= 0 and effect.ends > network.horizon):
                minutes[network.first[activity] : network.first[activity + 1]] *= effect.multiplier
    return np.maximum(minutes - 0.5, 0)  # they are rounded


def _learned(network: Network, work: Work) -> float:
    """The least multiplier that learning can give these instances on average."""
    assert work.learning is not None
    most = int(network.first[work.activity + 1] - network.first[work.activity])
    table = work.learning.multipliers
    together = max(Counter(work.learning.counter.tolist()).values())
    return float(np.sort(np.append(table, np.full(max(0, most - len(table)), table[-1])))[:together].mean())


def _most(network: Network, draws: Draws, resource: int) -> int:
    """The most unit-minutes that a resource can work; what runs keeps its units when there are fewer."""
    times = network.working_times[network.resources[resource].calendar].open
    of_resource = draws.steps.resource == resource
    edges = [0, *draws.steps.tick[of_resource].tolist(), network.horizon]
    units = np.maximum.accumulate([draws.capacity[resource], *draws.steps.units[of_resource]]).tolist()
    return sum(count * times.worked(a, b) for count, (a, b) in zip(units, pairwise(edges), strict=True))


def _users(many: Counter[str]) -> str:
    """Those that need something, the most first: 2,880 x power_on and 2 more activities."""
    name, count = many.most_common(1)[0]
    more = len(many) - 1
    return (f"{count:,} x {name}" if count > 1 else name) + (
        f" and {more} more activit{'y' if more == 1 else 'ies'}" if more else ""
    )


def _verb(many: Counter[str]) -> str:
    return "needs" if sum(many.values()) == 1 else "need"


def _where(place: str, places: Sequence[object]) -> str:
    more = f" (the worst of {len(places)} places)" if len(places) > 1 else ""
    return "" if place == SITE else f" in {place}{more}"


def _until(network: Network) -> str:
    return f" by the horizon, {network.date(network.horizon):%Y-%m-%d}"
