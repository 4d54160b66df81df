"""Who waits for what in the reference engine: queues, what is free, and the pass that starts what can.

Instances that need the same wait in one queue. Levels only fall during a pass, so where the head of a queue cannot
start none behind it can, and a queue need not be tried again before what it lacked has risen.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import floor

import simpy

from dcsim.engine.draws import Draws
from dcsim.network import REPAIR, RETRY, WORK, Alternative, Demand, Network
from dcsim.trace import NOT, ShortageRow, causes, first_calendar_cause
from dcsim.units import HALF


class Item:
    """One attempt or repair that waits for its turn, and then works."""

    __slots__ = (
        *("finish", "held_by", "instance", "kind", "length", "mode", "number"),
        *("queue", "ready", "round", "start", "took_new", "turn"),
    )

    def __init__(self, instance: int, kind: int, number: int, ready: int, turn: simpy.Event) -> None:
        self.instance = instance
        self.kind = kind
        self.number = number
        """Of the attempt, from 1; a repair has that of the attempt that failed."""
        self.ready = ready
        self.turn = turn
        self.queue: Queue
        self.mode = NOT
        self.start = NOT
        self.finish = NOT
        self.length = NOT
        """Minutes from its start to its end, of work unless it is written in months."""
        self.held_by = NOT
        self.round = NOT
        """Of its start within its tick."""
        self.took_new = False
        """Whether it took units that are there only since a capacity grew at the tick of its start."""


class Level:
    """How much of one thing is there, now and just before this tick, and which queues need it."""

    __slots__ = ("before", "changed", "grew", "grown", "now", "queues")

    def __init__(self, units: int) -> None:
        self.now = units
        self.before = units
        self.changed = NOT
        self.grew, self.grown = NOT, 0
        """The last tick at which the capacity changed, and by how many units."""
        self.queues: list[Queue] = []


class Shortage:
    """What those who need the same lack, as it is being recorded."""

    __slots__ = ("called", "demand", "number", "queues", "so_far")

    def __init__(self, number: int, demand: Demand) -> None:
        self.number = number
        self.demand = demand
        self.queues: list[Queue] = []
        """Those who need the same with different priorities."""
        self.so_far: tuple[int, int, int] | None = None
        """(since, cause, how many wait)."""
        self.called = NOT
        """The tick at which it is to be looked at again because of calendars."""


class Queue:
    """Those who need the same with the same priority, the first to be served first."""

    __slots__ = ("demand", "lacks", "shortage", "waiting")

    def __init__(self, demand: Demand, shortage: Shortage) -> None:
        self.demand = demand
        self.shortage = shortage
        self.waiting: list[tuple[int, int, Item]] = []
        """A heap of (ready tick, instance, item)."""
        self.lacks: tuple[Level, ...] | None = None
        """What has to rise before its head can start; none while any change may let it."""

    def rank(self) -> tuple[int, int, int, int]:
        """Where its head stands among all that wait: priority, ready tick, file order, place order."""
        ready, instance, _ = self.waiting[0]
        return (-self.demand.priority, ready, self.demand.activity, instance)


class Waiting:
    """All queues of a site, and everything they wait for."""

    def __init__(self, network: Network, draws: Draws, call_at: Callable[[int, Shortage], None]) -> None:
        self.network = network
        self.draws = draws
        self.call_at = call_at
        """Told a tick at which those who wait for calendars are to be looked at again."""
        self.tick = 0
        self.free = [Level(units) for units in draws.capacity.tolist()]
        stocks = [stock.initial - taken for stock, taken in zip(network.stocks, network.taken.tolist(), strict=True)]
        self.stock = [Level(units) for units in stocks]
        self.queues: list[Queue | None] = [None] * len(network.demands)
        self.awake: set[Queue] = set()
        """Queues whose head may be able to start."""
        self.shortages: dict[int, Shortage] = {}
        self.stirred: set[Shortage] = set()
        """Those for which anything changed in this tick."""
        self.shortage_rows: list[ShortageRow] = []
        self.cause_number = {cause: number for number, cause in enumerate(causes(network))}
        self.first_calendar_cause = first_calendar_cause(network)
        self.opened = [NOT] * network.gates
        """Of each gate, the tick at which it opened."""
        self.started = [0] * network.counters
        """Of each count of learning, the first starts so far."""
        self.turn: dict[int, int] = {}
        """Of each instance that learns, how many first starts were before its own."""
        self.learning = {
            instance: (work.learning.multipliers, counter)
            for work in network.work
            if work.learning is not None
            for instance, counter in zip(work.instances.tolist(), work.learning.counter.tolist(), strict=True)
        }

    # Levels

    def change(self, level: Level, units: int) -> None:
        """So many units more, or fewer, are there."""
        if level.changed != self.tick:
            level.before, level.changed = level.now, self.tick
        level.now += units
        for queue in level.queues:
            if queue.waiting:
                self.stirred.add(queue.shortage)
                if units > 0 and (queue.lacks is None or level in queue.lacks):
                    self.awake.add(queue)

    def grow(self, resource: int, units: int) -> None:
        """A capacity grows, or shrinks."""
        level = self.free[resource]
        level.grown = units + (level.grown if level.grew == self.tick else 0)
        level.grew = self.tick
        self.change(level, units)

    def just_before(self, level: Level) -> int:
        """What was there when this tick began."""
        return level.before if level.changed == self.tick else level.now

    def now(self, level: Level) -> int:
        """What is there."""
        return level.now

    def give_back(self, item: Item) -> None:
        """What was taken for this piece of work is free again."""
        for resource, amount in item.queue.demand.taken(item.mode):
            self.change(self.free[resource], amount)

    def look_again(self, shortage: Shortage) -> None:
        """A calendar that somebody waits for opens or closes."""
        shortage.called = NOT
        self.awake.update(shortage.queues)
        self.stirred.add(shortage)

    # Queues

    def join(self, item: Item) -> Item:
        """This piece of work is ready and waits for its turn."""
        queue = self._queue(self.network.demand_of(item.instance, item.kind))
        item.queue = queue
        if not queue.waiting:
            queue.lacks = None
            self.awake.add(queue)
        heappush(queue.waiting, (item.ready, item.instance, item))
        self.stirred.add(queue.shortage)
        return item

    def _queue(self, number: int) -> Queue:
        queue = self.queues[number]
        if queue is None:
            demand = self.network.demands[number]
            first = demand.leader
            shortage = self.shortages.setdefault(first, Shortage(first, self.network.demands[first]))
            queue = self.queues[number] = Queue(demand, shortage)
            shortage.queues.append(queue)
            for resource in {
                c.resource for r in demand.requirements for alternative in r.alternatives for c in alternative.claims
            }:
                self.free[resource].queues.append(queue)
            for take in demand.consumes:
                self.stock[take.stock].queues.append(queue)
        return queue

    # The pass

    def start_what_can(self) -> list[Item]:
        """Visit the heads of all queues in the order of the law; each takes all it needs and starts, or stays."""
        ranked = [(queue.rank(), queue) for queue in self.awake if queue.waiting]
        heapify(ranked)
        started = []
        while ranked:
            _, queue = heappop(ranked)
            mode = self._possible_mode(queue)
            if mode == NOT:
                continue
            started.append(self._start(queue, mode))
            if queue.waiting:
                heappush(ranked, (queue.rank(), queue))
        self.awake.clear()
        return started

    def _possible_mode(self, queue: Queue) -> int:
        """The first mode in which the head of a queue can start right now; if none, what has to change is noted."""
        demand = queue.demand
        queue.lacks = self._missing(demand)
        if queue.lacks is not None:
            return NOT
        minutes = (self.tick - 1, self.tick) if demand.instant else (self.tick,)
        return min((mode for minute in minutes if (mode := self._open_mode(demand, minute)) != NOT), default=NOT)

    def _open_mode(self, demand: Demand, minute: int) -> int:
        """The first mode that is free and whose calendars are all open in a minute: every choice is for itself."""
        if not self.draws.calendars[demand.together].is_open(minute):
            return NOT
        mode = 0
        for choice in demand.choices:
            digit = next(
                (k for k, alternative in enumerate(choice.alternatives) if self._is_possible(alternative, minute)), NOT
            )
            if digit == NOT:
                return NOT
            mode = mode * len(choice.alternatives) + digit
        return mode

    def _missing(self, demand: Demand) -> tuple[Level, ...] | None:
        """The levels of which one has to rise before this demand can be met; none if all suffice."""
        for requirement in demand.requirements:
            if not any(self._is_free(alternative) for alternative in requirement.alternatives):
                return tuple(
                    self.free[claim.resource]
                    for alternative in requirement.alternatives
                    for claim in alternative.claims
                )
        for stock, amount in demand.consumes:
            if self.stock[stock].now < amount:
                return (self.stock[stock],)
        return None

    def _is_free(self, alternative: Alternative) -> bool:
        return all(self.free[resource].now >= amount for resource, amount in alternative.claims)

    def _is_possible(self, alternative: Alternative, minute: int) -> bool:
        return self._is_free(alternative) and self.draws.calendars[alternative.calendar].is_open(minute)

    def _start(self, queue: Queue, mode: int) -> Item:
        _, _, item = heappop(queue.waiting)
        item.mode, item.start = mode, self.tick
        if item.ready < self.tick:
            item.held_by = self._lacking(queue.demand, self.just_before, self.tick - 1)
        for resource, amount in queue.demand.taken(mode):
            level = self.free[resource]
            self.change(level, -amount)
            item.took_new |= level.grew == self.tick and level.now < level.grown
        for stock, amount in queue.demand.consumes:
            self.change(self.stock[stock], -amount)
        calendar = self.network.calendar_of(queue.demand, mode)
        item.length = self._minutes(item)
        item.finish = self.draws.calendars[calendar].advance(self.tick, item.length)
        self.stirred.add(queue.shortage)
        return item

    def _minutes(self, item: Item) -> int:
        """How long this piece of work takes, in minutes of work; in elapsed ones where it is written in months."""
        instance, draws, options = item.instance, self.draws, self.network.options
        option = sum(alternative.option for alternative in item.queue.demand.chosen(item.mode))
        if item.kind == REPAIR:
            repair = draws.again[instance] + item.number - 1
            return self._lasting(item, float(draws.repair_minutes[options * repair + option]))
        if item.kind == RETRY:
            minutes = float(draws.retry_minutes[options * (draws.again[instance] + item.number - 2) + option])
        else:
            minutes = float(draws.minutes[self.network.more[instance] + option - 1 if option else instance])
        activity, added = item.queue.demand.activity, 0
        for effect in () if item.queue.demand.is_done else draws.effects[activity]:
            since = 0 if effect.gate == NOT else self.opened[effect.gate - self.network.instances]
            if since != NOT and effect.begins <= self.tick - since < effect.ends:
                minutes *= effect.multiplier
                if item.kind == WORK and len(effect.added):
                    added += int(effect.added[instance - self.network.first[activity], option])
        return self._learn(item, minutes) + added

    def _lasting(self, item: Item, length: float) -> int:
        """How many minutes a length lasts that begins now."""
        if item.queue.demand.in_months:
            return self.network.later(self.tick, length) - self.tick
        return floor(length + HALF)

    def _learn(self, item: Item, length: float) -> int:
        """Repetition makes it faster: the n-th first start has the n-th multiplier."""
        if item.instance not in self.learning:
            return self._lasting(item, length)
        multipliers, counter = self.learning[item.instance]
        if item.kind == WORK:
            self.turn[item.instance] = self.started[counter]
            self.started[counter] += 1
        multiplier = float(multipliers[min(self.turn[item.instance], len(multipliers) - 1)])
        if item.queue.demand.in_months:
            return self._lasting(item, length * multiplier)
        return floor(self._lasting(item, length) * multiplier + 0.5)

    # What is lacking

    def _lacking(self, demand: Demand, units: Callable[[Level], int], tick: int) -> int:
        """The first thing that is insufficient: requirements as written, supplies as written, calendars."""
        calendars = [demand.calendar]
        for requirement in demand.requirements:
            for alternative in requirement.alternatives:
                if all(units(self.free[resource]) >= amount for resource, amount in alternative.claims):
                    calendars += [self.network.resources[claim.resource].calendar for claim in alternative.claims]
                    break
            else:
                return self.cause_number[requirement.cause]
        for stock, amount in demand.consumes:
            if units(self.stock[stock]) < amount:
                return self.cause_number[self.network.stocks[stock].name]
        for number in calendars:
            if not self.draws.calendars[number].is_open(tick):
                return self._closed_by(number, tick)
        return NOT

    def _closed_by(self, number: int, tick: int) -> int:
        """The cause of a closed calendar: itself, or the risk that stops work."""
        time = self.network.working_times[number]
        if not time.open.is_open(tick):
            return self.cause_number[f"calendar:{time.name}"]
        for risk in time.stopped_by:
            if any(window.begins <= tick < window.ends for window in self.draws.windows[risk]):
                return self.cause_number[f"risk:{self.network.risks[risk].name}"]
        return NOT

    def note_shortages(self) -> None:
        """At the end of a tick: what those who need the same lack, and how many they are, where that has changed."""
        for shortage in self.stirred:
            now = None
            if waiting := sum(len(queue.waiting) for queue in shortage.queues):
                now = (self._lacking(shortage.demand, self.now, self.tick), waiting)
            before = shortage.so_far
            if before is not None and before[1:] != now:
                self.shortage_rows.append(ShortageRow(shortage.number, before[0], self.tick, before[1], before[2]))
                shortage.so_far = None
            if now is not None and shortage.so_far is None:
                shortage.so_far = (self.tick, *now)
            if now is not None and now[0] >= self.first_calendar_cause:
                self._await_calendars(shortage)
        self.stirred.clear()

    def _await_calendars(self, shortage: Shortage) -> None:
        """Those whom only calendars keep from starting are looked at again when any of them, or a risk, may change."""
        claims = [c for r in shortage.demand.requirements for alternative in r.alternatives for c in alternative.claims]
        numbers = {shortage.demand.calendar, *(self.network.resources[claim.resource].calendar for claim in claims)}
        times = [self.network.working_times[number] for number in numbers]
        windows = [self.draws.windows[risk] for time in times for risk in time.stopped_by]
        calendars = [*(self.draws.calendars[number] for number in numbers), *(time.open for time in times)]
        edges = [edge for spans in windows for window in spans for edge in window if edge > self.tick]
        edge = min(*edges, *(calendar.next_change(self.tick) for calendar in calendars))
        if shortage.called != edge:
            shortage.called = edge
            self.call_at(edge, shortage)

    def close_shortages(self) -> None:
        """At the end of the run: what still waits has a shortage without end."""
        for shortage in self.shortages.values():
            if shortage.so_far is not None:
                since, cause, count = shortage.so_far
                self.shortage_rows.append(ShortageRow(shortage.number, since, NOT, cause, count))
