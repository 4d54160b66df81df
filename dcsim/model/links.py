"""What waits for what: predecessors, milestones and orders as links between nodes, many-to-many ones through gates."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim import network
from dcsim.counting import runs
from dcsim.model.activities import Instances
from dcsim.network import Lag
from dcsim.places import Places
from dcsim.scenario import schema
from dcsim.scenario.document import Key
from dcsim.scenario.schema import SITE, Awaited, Link, Scenario, WindowAfter
from dcsim.trace import NOT
from dcsim.units import parse_amount, parse_number, round_half_up

Ints = NDArray[np.int64]

ELAPSED, PREDECESSORS = -1, -2
"""Instead of a calendar that counts a lag: it is elapsed time, or counted by that of the predecessor."""
_NO_LAG = Lag(0, ELAPSED)


class _Tie(NamedTuple):
    """A lag that depends on the predecessor: each link from one has its own."""

    link: Link
    calendar: int
    early: bool


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
    _begun: dict[int, int] = field(default_factory=dict)
    """Gates that open when an instance under way really started, with these instances."""
    _real_starts: dict[str, int] = field(default_factory=dict)
    """Of each activity, the first of these gates."""
    _start_gates: dict[str, int] = field(default_factory=dict)
    _finish_gates: dict[str, int] = field(default_factory=dict)
    _shared: dict[tuple[object, ...], Ints] = field(default_factory=dict)
    _counts: dict[tuple[object, ...], Ints] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, milestone in self.scenario.milestones.items():
            self._add_milestone(name, milestone)
        for name, activity in self.scenario.activities.items():
            if self.instances.held_until[self.instances.of(name)].any():
                self._finishes(name)
            for k, link in enumerate(activity.after):
                self._add_link(("activities", name, "after", k), name, activity, link)
        for order, placed in self.instances.supplies.waiting_orders:
            self._add_order(order, placed)
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

    @property
    def finish_gates(self) -> Ints:
        """Of each activity, the gate with which its first instance finishes; -1 if nothing else holds its finishes."""
        return np.array([self._finish_gates.get(name, -1) for name in self.instances.names], np.int64)

    def connect(self, sources: Ints, targets: Ints | int, lags: Ints | int = 0) -> None:
        """One link from each source to its target, with its lag; target and lag may be the same for all."""
        for column, values in zip((self._from, self._to, self._lag), (sources, targets, lags), strict=True):
            is_scalar = not isinstance(values, np.ndarray)
            column.append(np.full(len(sources), values, np.int32) if is_scalar else np.asarray(values, np.int32))

    def releases(self) -> Ints:
        """Of each node, the tick before which it does not happen."""
        ticks = np.concatenate([self.instances.release, np.zeros(len(self.needed), np.int64)])
        for gate, instance in self._begun.items():
            ticks[gate] = self.instances.started[instance]
        for name in self._finish_gates:
            ticks[self._finishes(name)] = self.instances.held_until[self.instances.of(name)]
        return ticks

    def history(self) -> network.History | None:
        """What had happened by the status date."""
        instances = self.instances
        if instances.past.status == NOT:
            return None
        return network.History(
            instances.past.status, instances.started, instances.finished, tuple(instances.took), self._begun
        )

    def arrays(self) -> tuple[NDArray[np.int32], Ints, NDArray[np.int32], NDArray[np.int32]]:
        """How many links each node needs; the links sorted by source as first link per node, target and lag."""
        nodes = self.instances.total + len(self.needed)
        empty = [np.zeros(0, np.int32)]
        source, target, lag = (np.concatenate(x or empty) for x in (self._from, self._to, self._lag))
        order = np.argsort(source, kind="stable")
        needed = np.bincount(target, minlength=nodes).astype(np.int32)
        needed[self.instances.total :][~self._held] = 0
        needed[self.instances.total :] += np.array(self.needed, np.int32)
        first = np.zeros(nodes + 1, np.int64)
        np.cumsum(np.bincount(source, minlength=nodes), out=first[1:])
        return needed, first, target[order], lag[order]

    def _events(self, activity: str, event: str, tied: bool = False) -> Ints:
        """The node of each instance's start or finish.

        What is under way has two starts: the real one, and for what depends on its length, that of what is left.
        """
        instances = self.instances.of(activity)
        if event == "finish":
            return instances
        begun = instances[self.instances.is_under_way[instances]]
        if activity not in self._start_gates:
            self._start_gates[activity] = self.gate(1)
            for _ in range(len(instances) - 1):
                self.gate(1)
            self._begun |= {self.gate(0): instance for instance in begun.tolist()}
            self._real_starts[activity] = len(self.needed) + self.instances.total - len(begun)
        nodes = self._start_gates[activity] + np.arange(len(instances))
        if not tied and len(begun):
            nodes[begun - instances[0]] = self._real_starts[activity] + np.arange(len(begun))
        return nodes

    @property
    def _held(self) -> NDArray[np.bool_]:
        """Of each gate, whether an instance finishes with it: it needs all that leads to it, and the work."""
        is_held = np.zeros(len(self.needed), np.bool_)
        for name, gate in self._finish_gates.items():
            first = gate - self.instances.total
            is_held[first : first + len(self.instances.of(name))] = True
        return is_held

    def _finishes(self, activity: str) -> Ints:
        """The gate with which each instance finishes: of its work, and of all links to its finish."""
        count = len(self.instances.of(activity))
        if activity not in self._finish_gates:
            gates = [self.gate(1) for _ in range(count)]
            self._finish_gates[activity] = gates[0]
        return self._finish_gates[activity] + np.arange(count)

    def _add_milestone(self, name: str, milestone: schema.Milestone) -> None:
        if milestone.supply is not None:
            supply = self.scenario.supplies[milestone.supply]
            stocks = np.array(self.instances.supplies.all(milestone.supply))
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
        instances, places = self.instances.of(name), self.instances.where[number]
        targets = self._finishes(name) if link.to == "finish" else instances
        calendars = self._lag_calendars(link, instances)
        for calendar in (np.flatnonzero(np.bincount(calendars - PREDECESSORS)) + PREDECESSORS).tolist():
            positions = np.flatnonzero(calendars == calendar)
            tie = _tie(link, calendar)
            awaited = link if tie is None or not tie.early else link.model_copy(update={"start_or_finish": "start"})
            sources, of_target, lags = self._sources(path, awaited, activity.at, places[positions], tie)
            if tie is None:
                lags = np.full(len(sources), self._lag_number(self._counted(link, calendar)))
            waits = self.instances.finished[instances[positions][of_target]] == NOT
            self.connect(sources[waits], targets[positions][of_target][waits], lags[waits])

    def _lag_calendars(self, link: Link, instances: Ints) -> Ints:
        """Of each successor, the calendar that counts its lag, or whose it is."""
        if not isinstance(link.lag, schema.WorkingLag):
            return np.full(len(instances), PREDECESSORS if link.lag.unit == "%" else ELAPSED)
        if link.lag.by == schema.SUCCESSOR:
            return self.instances.day_calendar[instances]
        own = PREDECESSORS if link.lag.by == schema.PREDECESSOR else self.instances.times.number([link.lag.by], [])
        return np.full(len(instances), own)

    def _counted(self, link: schema.Lagged, calendar: int, tied: bool = False) -> Lag:
        """A lag that a calendar counts."""
        span = link.lag.working if isinstance(link.lag, schema.WorkingLag) else link.lag
        early = span.amount < 0 and link.start_or_finish == "finish"
        if not span.amount or (span.amount < 0 and not early):  # nothing is known of a start before it
            return _NO_LAG
        if span.unit == "%":
            return Lag(0, calendar, share=round_half_up(span.amount * network.WHOLE / 100), early=early, tied=tied)
        if span.months:
            return Lag(0, calendar, float(span.months))
        minutes = span.about if calendar == ELAPSED else self.instances.times.working_minutes(span, calendar)
        return Lag(round_half_up(minutes), calendar, early=early, tied=tied)

    def _tied(self, link: Awaited, nodes: Ints, tie: "_Tie") -> Ints:
        """The lags of links from instances, or from their starts."""
        if not len(nodes):
            return nodes
        instances = (
            nodes
            - self._events(link.activity, link.start_or_finish, tied=True)[0]
            + self.instances.of(link.activity)[0]
        )
        self._events(link.activity, "start", tied=True)  # where the length of an instance is kept
        own = tie.calendar == PREDECESSORS
        calendars = self.instances.day_calendar[instances] if own else np.full(len(instances), tie.calendar)
        numbers = np.zeros(len(instances), np.int64)
        for calendar in np.unique(calendars).tolist():
            lag = self._counted(tie.link, calendar, tied=True)
            numbers[calendars == calendar] = self._lag_number(lag)
            for k in np.flatnonzero((calendars == calendar) & (self.instances.started[instances] != NOT)).tolist():
                numbers[k] = self._lag_number(self._behind_past(lag, tie.link, int(instances[k])))
        return numbers

    def _behind_past(self, lag: Lag, link: Link, instance: int) -> Lag:
        """A lag after work that has begun: a part of its length is one of all of it, not of what is left alone."""
        start, finish = int(self.instances.started[instance]), int(self.instances.finished[instance])
        until = self.instances.past.status if finish == NOT else finish
        calendar = self.instances.times.table[lag.calendar].open if lag.calendar >= 0 else None
        done = until - start if calendar is None else calendar.worked(start, until)
        more = (2 * lag.share * done + network.WHOLE) // (2 * network.WHOLE)
        if finish != NOT:
            return lag._replace(minutes=lag.minutes + more, share=0)
        return lag._replace(minutes=lag.minutes + more - (done if link.start_or_finish == "start" else 0))

    def _add_order(self, order: int, link: schema.Lagged) -> None:
        """An order is placed once, when the last of all the instances it waits for has finished."""
        supplies = self.instances.supplies
        stock = supplies.stocks[supplies.orders[order].stock]
        path = ("supplies", stock.name, "orders", supplies.orders[order].name, "placed")
        gate = self._gate_after(path, link, self._lag_number(self._counted(link, ELAPSED)))
        self.orders_of_gate[gate] = (order,)

    def _gate_after(self, path: Key, link: Awaited, lag: int = 0) -> int:
        """A gate that opens once, when the last of all that a link of the site waits for has happened."""
        sources, _, _ = self._sources(path, link, SITE, np.zeros(1, np.int64))
        gate = self.gate(len(sources))
        self.connect(sources, gate, lag)
        return gate

    def _sources(
        self, path: Key, link: Awaited, level: str, places: Ints, tie: _Tie | None = None
    ) -> tuple[Ints, Ints, Ints]:
        """The nodes that a link waits for, each with the position of its successor among these places of the level.

        Also the lags from them that a tie demands, where these are not before the gates that share them.
        """
        everyone, none = np.arange(len(places)), np.zeros(len(places), np.int64)
        if link.activity in self.milestones:
            return np.full(len(places), self.milestones[link.activity].gate), everyone, none
        before = self.scenario.activities[link.activity].at
        if link.place is None and link.count is None and self.places.encloses(before, level):
            gates = self._at(link, tie is not None)[self.places.enclosing(level, before)[places]]
            nodes = gates[gates >= 0]
            return nodes, everyone[gates >= 0], none[gates >= 0] if tie is None else self._tied(link, nodes, tie)
        if link.place is None and link.count is None and self.places.encloses(level, before):
            nodes, of_target = self._inside(link, before, level, places, tie is not None)
            return nodes, of_target, np.zeros(len(nodes), np.int64) if tie is None else self._tied(link, nodes, tie)
        shared = SITE if link.place is not None else self.places.common(before, level)
        around = self.places.enclosing(level, shared)[places]
        gates = self._gates(path, link, before, shared, around[runs(around)[0]], tie)[around]
        return gates[gates >= 0], everyone[gates >= 0], none[gates >= 0]

    def _at(self, link: Awaited, tied: bool = False) -> Ints:
        """For each place of the predecessor's level, the node of its event there; -1 where it is not done."""
        number = self.instances.number[link.activity]
        places = np.full(self.places.count(self.scenario.activities[link.activity].at), -1, np.int64)
        places[self.instances.where[number]] = self._events(link.activity, link.start_or_finish, tied)
        return places

    def _inside(self, link: Awaited, before: str, level: str, places: Ints, tied: bool) -> tuple[Ints, Ints]:
        """Every event inside each of these places."""
        position = np.full(self.places.count(level), -1, np.int64)
        position[places] = np.arange(len(places))
        events = self._at(link, tied)
        of_target = position[self.places.enclosing(before, level)]
        linked = (events >= 0) & (of_target >= 0)
        return events[linked], of_target[linked]

    def _gates(self, path: Key, link: Awaited, before: str, shared: str, wanted: Ints, tie: _Tie | None) -> Ints:
        """For each place that predecessor and successor share, the gate of the link; -1 where nothing leads to it."""
        lag = None if tie is None else (str(tie.link.lag), tie.calendar)
        key = (link.activity, link.start_or_finish, shared, link.place, link.count, lag)
        if key not in self._shared:
            events = self._at(link, tie is not None)
            linked = events >= 0
            if link.place is not None:
                linked &= self.places.matches(link.place, before)
            around = self.places.enclosing(before, shared)[linked]
            counts = np.bincount(around, minlength=self.places.count(shared))
            gates = [self.gate(min(link.count or count, count)) if count else -1 for count in counts.tolist()]
            self._shared[key] = np.array(gates, np.int64)
            self._counts[key] = counts
            lags = 0 if tie is None else self._tied(link, events[linked], tie)
            self.connect(events[linked], self._shared[key][around], lags)
        count = self._counts[key][wanted]
        fewest = int(count[count > 0].min(initial=link.count or 0))
        if link.count is not None and fewest < link.count:
            self.too_few.append(((*path, "count"), _never(link.count, fewest, link.activity)))
        return self._shared[key]

    def _lag_number(self, lag: Lag) -> int:
        if lag.minutes == 0 and lag.months == 0 and not lag.tied:
            return 0
        return self.lags.setdefault(lag, len(self.lags))


def _tie(link: Link, calendar: int) -> _Tie | None:
    """What of a link depends on the predecessor, if anything does."""
    span = link.lag.working if isinstance(link.lag, schema.WorkingLag) else link.lag
    early = span.amount < 0 and link.start_or_finish == "finish"
    if early or (span.amount > 0 and (span.unit == "%" or calendar == PREDECESSORS)):
        return _Tie(link, calendar, early)
    return None


def _never(wanted: int, count: int, activity: str) -> str:
    return f"can never be reached: {wanted} wanted, but '{activity}' is done {count} times there"
