"""What waits for what: predecessors, milestones and orders as links between nodes, many-to-many ones through gates."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dcsim import network
from dcsim.model.activities import Instances
from dcsim.network import Lag
from dcsim.places import Places
from dcsim.scenario import schema
from dcsim.scenario.document import Key
from dcsim.scenario.schema import SITE, Awaited, Link, Scenario, WindowAfter
from dcsim.units import parse_amount, parse_number, round_half_up

Ints = NDArray[np.int64]

_NO_LAG = Lag(0, -1)


@dataclass
class Links:
    """Links between instances and gates; gates are numbered after the instances as they are made."""

    scenario: Scenario
    places: Places
    instances: Instances
    needed: list[int] = field(default_factory=list)
    """Of each gate, how many links open it."""
    milestones: dict[str, network.Milestone] = field(default_factory=dict)
    lags: dict[Lag, int] = field(default_factory=lambda: {_NO_LAG: 0})
    """Lags by number; the first is none at all."""
    too_few: list[tuple[Key, str]] = field(default_factory=list)
    """Counts that can never be reached: path and message."""
    orders_of_gate: dict[int, tuple[int, ...]] = field(default_factory=dict)
    gates_of_risks: dict[str, int] = field(default_factory=dict)
    """Of each risk whose window follows something, the gate that opens then."""
    _from: list[NDArray[np.int32]] = field(default_factory=list)
    _to: list[NDArray[np.int32]] = field(default_factory=list)
    _lag: list[NDArray[np.int32]] = field(default_factory=list)
    _start_gates: dict[str, int] = field(default_factory=dict)
    _shared: dict[tuple[str, str, str, str | None, int | None], Ints] = field(default_factory=dict)
    _counts: dict[tuple[str, str, str, str | None, int | None], Ints] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, milestone in self.scenario.milestones.items():
            self._add_milestone(name, milestone)
        for name, activity in self.scenario.activities.items():
            for k, link in enumerate(activity.after):
                self._add_link(("activities", name, "after", k), name, activity, link)
        for order, link in self.instances.goods.waiting_orders:
            self._add_order(order, link)
        for name, risk in self.scenario.risks.items():
            if isinstance(risk.begins, WindowAfter):
                self.gates_of_risks[name] = self._gate_after(("risks", name, "begins"), risk.begins)

    def gate(self, needed: int) -> int:
        """A new gate that opens when so many links are satisfied."""
        self.needed.append(needed)
        return self.instances.total + len(self.needed) - 1

    @property
    def start_gates(self) -> Ints:
        """Of each activity, the gate of the start of its first instance; -1 if nothing waits for its starts."""
        return np.array([self._start_gates.get(name, -1) for name in self.instances.names], np.int64)

    def connect(self, sources: Ints, targets: Ints | int, lags: Ints | int = 0) -> None:
        """One link from each source to its target, with its lag; target and lag may be the same for all."""
        for column, values in zip((self._from, self._to, self._lag), (sources, targets, lags), strict=True):
            one = not isinstance(values, np.ndarray)
            column.append(np.full(len(sources), values, np.int32) if one else np.asarray(values, np.int32))

    def arrays(self) -> tuple[NDArray[np.int32], Ints, NDArray[np.int32], NDArray[np.int32]]:
        """How many links each node needs; the links sorted by source as first link per node, target and lag."""
        nodes = self.instances.total + len(self.needed)
        nothing = [np.zeros(0, np.int32)]
        source, target, lag = (np.concatenate(x or nothing) for x in (self._from, self._to, self._lag))
        order = np.argsort(source, kind="stable")
        needed = np.bincount(target[target < self.instances.total], minlength=nodes).astype(np.int32)
        needed[self.instances.total :] = self.needed
        first = np.zeros(nodes + 1, np.int64)
        np.cumsum(np.bincount(source, minlength=nodes), out=first[1:])
        return needed, first, target[order], lag[order]

    def _events(self, activity: str, event: str) -> Ints:
        """The node of each instance's start or finish."""
        if event == "finish":
            return self.instances.of(activity)
        count = len(self.instances.of(activity))
        if activity not in self._start_gates:
            self._start_gates[activity] = self.gate(1)
            for _ in range(count - 1):
                self.gate(1)
        return self._start_gates[activity] + np.arange(count)

    def _add_milestone(self, name: str, milestone: schema.Milestone) -> None:
        if milestone.supply is not None:
            supply = self.scenario.supplies[milestone.supply]
            stocks = np.array(self.instances.goods.all(milestone.supply))
            if milestone.place is not None:
                stocks = stocks[self.places.matches(milestone.place, supply.per)]
            reaches = parse_amount(milestone.reaches, supply.unit)
            self.milestones[name] = network.Milestone(name, self.gate(1), tuple(stocks.tolist()), reaches)
            return
        activity = str(milestone.activity)
        events = self._events(activity, milestone.event)
        if milestone.place is not None:
            number = self.instances.number[activity]
            matches = self.places.matches(milestone.place, self.scenario.activities[activity].at)
            events = events[matches[self.instances.where[number]]]
        reaches = len(events) if milestone.reaches is None else int(parse_number(milestone.reaches))
        if reaches > len(events):
            self.too_few.append((("milestones", name, "reaches"), _never(reaches, len(events), activity)))
        gate = self.gate(min(reaches, len(events) + 1))
        self.connect(events, gate)
        self.milestones[name] = network.Milestone(name, gate, (), reaches)

    def _add_link(self, path: Key, name: str, activity: schema.Activity, link: Link) -> None:
        number = self.instances.number[name]
        targets, places = self.instances.of(name), self.instances.where[number]
        sources, of_target = self._sources(path, link, activity.at, places)
        self.connect(sources, targets[of_target], self._lag_numbers(link, targets[of_target]))

    def _add_order(self, order: int, link: Link) -> None:
        """An order is placed once, when the last of all the instances it waits for has finished."""
        goods = self.instances.goods
        stock = goods.stocks[goods.orders[order].stock]
        path = ("supplies", stock.name, "orders", goods.orders[order].name, "placed")
        gate = self._gate_after(path, link, self._lag_number(_elapsed(link)))
        self.orders_of_gate[gate] = (order,)

    def _gate_after(self, path: Key, link: Awaited, lag: int = 0) -> int:
        """A gate that opens once, when the last of all that a link of the site waits for has happened."""
        sources, _ = self._sources(path, link, SITE, np.zeros(1, np.int64))
        gate = self.gate(len(sources))
        self.connect(sources, gate, lag)
        return gate

    def _sources(self, path: Key, link: Awaited, level: str, places: Ints) -> tuple[Ints, Ints]:
        """The nodes that a link waits for, each with the position of its successor among these places of the level."""
        everyone = np.arange(len(places))
        if link.activity in self.milestones:
            return np.full(len(places), self.milestones[link.activity].gate), everyone
        before = self.scenario.activities[link.activity].at
        if link.place is None and link.count is None and self.places.encloses(before, level):
            found = self._at(link)[self.places.enclosing(level, before)[places]]
            return found[found >= 0], everyone[found >= 0]
        if link.place is None and link.count is None and self.places.encloses(level, before):
            return self._inside(link, before, level, places)
        shared = SITE if link.place is not None else self.places.common(before, level)
        around = self.places.enclosing(level, shared)[places]
        found = self._gates(path, link, before, shared, np.unique(around))[around]
        return found[found >= 0], everyone[found >= 0]

    def _at(self, link: Awaited) -> Ints:
        """For each place of the predecessor's level, the node of its event there; -1 where it is not done."""
        number = self.instances.number[link.activity]
        found = np.full(self.places.count(self.scenario.activities[link.activity].at), -1, np.int64)
        found[self.instances.where[number]] = self._events(link.activity, link.start_or_finish)
        return found

    def _inside(self, link: Awaited, before: str, level: str, places: Ints) -> tuple[Ints, Ints]:
        """Every event inside each of these places."""
        position = np.full(self.places.count(level), -1, np.int64)
        position[places] = np.arange(len(places))
        events = self._at(link)
        of_target = position[self.places.enclosing(before, level)]
        linked = (events >= 0) & (of_target >= 0)
        return events[linked], of_target[linked]

    def _gates(self, path: Key, link: Awaited, before: str, shared: str, wanted: Ints) -> Ints:
        """For each place that predecessor and successor share, the gate of the link; -1 where nothing leads to it."""
        key = (link.activity, link.start_or_finish, shared, link.place, link.count)
        if key not in self._shared:
            events = self._at(link)
            linked = events >= 0
            if link.place is not None:
                linked &= self.places.matches(link.place, before)
            around = self.places.enclosing(before, shared)[linked]
            counts = np.bincount(around, minlength=self.places.count(shared))
            gates = [self.gate(min(link.count or count, count)) if count else -1 for count in counts.tolist()]
            self._shared[key] = np.array(gates, np.int64)
            self._counts[key] = counts
            self.connect(events[linked], self._shared[key][around])
        there = self._counts[key][wanted]
        fewest = int(there[there > 0].min(initial=link.count or 0))
        if link.count is not None and fewest < link.count:
            self.too_few.append(((*path, "count"), _never(link.count, fewest, link.activity)))
        return self._shared[key]

    def _lag_numbers(self, link: Link, targets: Ints) -> Ints | int:
        """The lag before each successor; working time is counted by the successor's own calendar."""
        if not isinstance(link.lag, schema.WorkingLag):
            return self._lag_number(_elapsed(link))
        calendars = self.instances.day_calendar[targets]
        numbers = np.zeros(len(targets), np.int64)
        for calendar in np.unique(calendars).tolist():
            minutes = self.instances.times.working_minutes(link.lag.working, calendar)
            numbers[calendars == calendar] = self._lag_number(Lag(round_half_up(minutes), calendar))
        return numbers

    def _lag_number(self, lag: Lag) -> int:
        if lag.minutes == 0 and lag.months == 0:
            return 0
        return self.lags.setdefault(lag, len(self.lags))


def _elapsed(link: Link) -> Lag:
    """A lag in elapsed time; before an order, working time passes day and night."""
    span = link.lag.working if isinstance(link.lag, schema.WorkingLag) else link.lag
    if not span.amount:
        return _NO_LAG
    return Lag(0, -1, float(span.months)) if span.months else Lag(round_half_up(span.about), -1)


def _never(wanted: int, there: int, activity: str) -> str:
    return f"can never be reached: {wanted} wanted, but '{activity}' is done {there} times there"
