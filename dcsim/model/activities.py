"""Activities of a scenario, one instance in every place of their level: what they take, give and how long they last."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dcsim import network
from dcsim.counting import runs
from dcsim.distributions import Distribution, Left, mean_failures
from dcsim.model.choices import Choices, Decided, Needs, needs_of, needs_of_repair
from dcsim.model.history import Part, Past
from dcsim.model.sharing import turn
from dcsim.model.supplies import Supplies
from dcsim.model.time import WorkingTimes
from dcsim.model.variations import variations
from dcsim.network import REPAIR, RETRY, WORK, Demand, Take
from dcsim.places import Places
from dcsim.scenario import schema
from dcsim.scenario.schema import ALWAYS, SITE, Activity, Scenario
from dcsim.scenario.values import Amount
from dcsim.trace import NOT
from dcsim.units import whole_units

Ints = NDArray[np.int64]
Alike = tuple[int, tuple[Distribution, ...], tuple[int, ...], schema.Learning | None, network.Rework | None]
"""What instances that last alike share: activity, minutes of each option, factors, learning, rework."""


@dataclass
class Instances:
    """Activity instances numbered activity by activity, place by place."""

    scenario: Scenario
    places: Places
    times: WorkingTimes
    supplies: Supplies
    choices: Choices
    past: Past
    bundles: list[tuple[Take, ...]] = field(default_factory=lambda: [()])
    again: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = field(default_factory=dict)
    days_added: dict[int, list[tuple[Ints, tuple[int, ...]]]] = field(default_factory=dict)
    """Of each activity its instances, with the calendar of each option whose days risks add."""
    counters: int = 0
    """How many counts of first starts there are, for learning; known once the work is made."""
    _numbers: dict[Demand, int] = field(default_factory=dict)
    _work: dict[Alike, list[Ints]] = field(default_factory=dict)
    _alike: dict[tuple[object, ...], int] = field(default_factory=dict)
    _counts: dict[tuple[int, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = tuple(self.scenario.activities)
        self.number = {name: number for number, name in enumerate(self.names)}
        specs = list(self.scenario.activities.values())
        self.where = [self._where(spec) for spec in specs]
        self.first = np.concatenate([[0], np.cumsum([len(where) for where in self.where])]).astype(np.int64)
        self.place = np.concatenate(self.where).astype(np.int32) if self.where else np.zeros(0, np.int32)
        self.release = np.full(self.total, max(0, self.past.status), np.int64)
        self.held_until = np.zeros(self.total, np.int64)
        """Of each instance, the tick before which it does not finish."""
        self.started, self.finished = np.full(self.total, NOT, np.int64), np.full(self.total, NOT, np.int64)
        """Of each instance, when it really started and finished."""
        self.took: list[tuple[int, int, int]] = []
        """What these took when they started: stock, tick, amount."""
        self.demand = np.zeros(self.total, np.int32)
        self.bundle = np.zeros(self.total, np.int32)
        self.day_calendar = np.zeros(self.total, np.int64)
        """Of each instance, the calendar whose days its duration and working lags before it mean."""
        for number, spec in enumerate(specs):
            self._add(number, spec)

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Every demand by number."""
        return tuple(self._numbers)

    @property
    def is_under_way(self) -> NDArray[np.bool_]:
        """Of each instance, whether it has begun and not finished by the status date."""
        return np.asarray((self.started != NOT) & (self.finished == NOT))

    @property
    def total(self) -> int:
        """How many instances there are."""
        return int(self.first[-1])

    def of(self, activity: str) -> Ints:
        """The instances of an activity."""
        number = self.number[activity]
        return np.arange(self.first[number], self.first[number + 1])

    def at(self, activity: str) -> Ints:
        """For each place of an activity's level, its instance there; -1 where it is not done."""
        number = self.number[activity]
        places = np.full(self.places.count(self.scenario.activities[activity].at), -1, np.int64)
        places[self.where[number]] = self.of(activity)
        return places

    def _where(self, spec: Activity) -> Ints:
        """The places an activity is done in."""
        return np.flatnonzero(self.places.chosen(spec.only, spec.at))

    def _add(self, number: int, activity: Activity) -> None:
        instance_at, clock = self.at(self.names[number]), self.supplies.clock.of(self.names[number])
        self.release[self.of(self.names[number])] = max(0, self.past.status, clock.first)
        parts: list[Part] = []
        for spec, places in variations(activity, dict(activity.within), self.places, activity.at):
            instances = instance_at[places]
            is_done_there = instances >= 0
            places, instances = places[is_done_there], instances[is_done_there]
            if len(instances) > 0:
                parts += self.past.parts(self.names[number], spec, places, instances)
        for part in parts:
            self._add_actual(part)
        for part in parts:
            self._add_part(number, part)

    def _add_actual(self, part: Part) -> None:
        """What really happened to these instances."""
        if part.actual is None:
            return
        (instance,) = part.instances.tolist()
        self.started[instance], self.finished[instance] = part.actual.start, part.actual.finish
        if part.is_done:
            self.release[instance] = part.actual.start
        for name, amount in self._amounts(part.whole.consumes).items():
            (stock,) = self.supplies.numbers(name, part.spec.at, part.places).tolist()
            self.took.append((stock, part.actual.start, amount))

    def _add_part(self, number: int, part: Part) -> None:
        spec, places, instances, _, _ = part
        clock = self.supplies.clock.of(self.names[number])
        if spec.not_before is not None:
            self.release[instances] = max(0, self.past.status, clock.first, clock.tick(spec.not_before))
        if spec.finish_not_before is not None:
            self.held_until[instances] = max(0, clock.tick(spec.finish_not_before))
        left = self.choices.decided(needs_of(spec), places)
        demands = self._demands(number, WORK, spec, left, self._amounts(spec.consumes), places, part.is_done)
        self.demand[instances] = demands
        self.bundle[instances] = self._bundles(spec, places)
        full = left if part.whole is spec else self.choices.decided(needs_of(part.whole), places)
        repair = self.choices.decided(needs_of_repair(spec), places)
        if spec.rework is not None:
            retries, repairs = self._again(number)
            start = self.first[number]
            retries[instances - start] = self._demands(number, RETRY, part.whole, full, {}, places)
            repairs[instances - start] = self._demands(number, REPAIR, part.whole, repair, {}, places)
        self._add_work(number, part, left, full, repair)

    def _again(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        count = int(self.first[number + 1] - self.first[number])
        none = np.full(count, -1, np.int32)
        return self.again.setdefault(number, (none, none.copy()))

    def _amounts(self, written: dict[str, Amount | None]) -> dict[str, int]:
        """Amounts of supplies in whole units, without those that are nothing."""
        if not written:
            return {}
        units = self.scenario.supplies
        amounts = {name: whole_units(amount, units[name].unit) for name, amount in written.items()}
        return {name: amount for name, amount in amounts.items() if amount}

    def _by_place(
        self, names: list[str], level: str, places: Ints, make: Callable[[str, int], int]
    ) -> NDArray[np.int32]:
        """For each place, `make` of the smallest place that all these supplies share, made once per such place.

        It gets that place, and which of the places is the first in it.
        """
        shared = max(
            (self.supplies.level_for(name, level) for name in names),
            key=lambda level: len(self.places.chain(level)),
            default=SITE,
        )
        if shared == SITE:
            return np.full(len(places), make(SITE, 0), np.int32)
        around = self.places.enclosing(level, shared)[places]
        first, which = runs(around)
        pairs = zip(around[first].tolist(), first.tolist(), strict=True)
        made = [make(self.places.path(shared, k), i) for k, i in pairs]
        return np.array(made, np.int32)[which]

    def _demands(
        self,
        number: int,
        kind: int,
        spec: Activity,
        decided: Decided,
        consumes: dict[str, int],
        places: Ints,
        is_done: bool = False,
    ) -> NDArray[np.int32]:
        """For each place, the demand of the activity there."""
        (needs, days, day_numbers), repaired = decided, ("rework",) if kind == REPAIR else ()
        entries = self.choices.entries(("activities", self.names[number], *repaired, "requires"), needs)
        resources = [name for entry in entries for name in entry.resources]
        stops = [] if is_done else self.supplies.stopped_by(self.names[number])
        own = self.times.number([spec.calendar or ALWAYS], stops)
        of = {name: self.supplies.numbers(name, spec.at, places) for name in (*resources, *consumes)}
        spans = needs.spans(spec.rework.duration if kind == REPAIR and spec.rework else spec.duration)
        priority = spec.priority + turn(self.scenario, self.supplies.clock, self.names[number], resources, consumes)
        length = all(span.is_nothing for span in spans), any(span.in_months for span in spans)
        if not all(span.is_nothing or span.in_months == length[1] for span in spans):
            path = ("activities", self.names[number], "ways")
            self.choices.refused.append((path, "write the durations of all its ways in months, or of none"))

        def make(shared: str, k: int) -> int:
            numbers = {name: int(values[k]) for name, values in of.items()}
            requirements = self.choices.requirements(entries, needs, days[day_numbers[k]], numbers)
            takes = tuple(Take(numbers[name], amount) for name, amount in consumes.items())
            taken = tuple(
                (requirement.cause, tuple(alternative.claims for alternative in requirement.alternatives))
                for requirement in requirements
            )
            leader = self._alike.setdefault((number, kind, shared, taken, takes, own), len(self._numbers))
            together = self.choices.together(own, requirements)
            needed = (shared, requirements, takes, own, together)
            demand = Demand(number, kind, priority, *needed, leader, *length, is_done)
            if demand not in self._numbers:
                self.choices.meet(demand)
            return self._numbers.setdefault(demand, len(self._numbers))

        return self._by_place([*resources, *consumes], spec.at, places, make)

    def _bundles(self, spec: Activity, places: Ints) -> NDArray[np.int32]:
        """For each place, what the activity produces there."""
        produces = self._amounts(spec.produces)
        if not produces:
            return np.zeros(len(places), np.int32)
        of = {name: self.supplies.numbers(name, spec.at, places) for name in produces}

        def make(_: str, k: int) -> int:
            self.bundles.append(tuple(Take(int(of[name][k]), amount) for name, amount in produces.items()))
            return len(self.bundles) - 1

        return self._by_place(list(produces), spec.at, places, make)

    def _add_work(self, number: int, part: Part, left: Decided, full: Decided, repair: Decided) -> None:
        """The work in these places, apart where it is not the same."""
        spec, instances = part.spec, part.instances
        self.day_calendar[instances] = np.array([day[0] for day in full.days])[full.of]
        needs, days, own = left if part.is_done else full._replace(needs=left.needs)
        pairs = own * len(repair.days) + repair.of
        for pair in np.flatnonzero(np.bincount(pairs)).tolist():
            calendar, calendar_of_repair = divmod(pair, len(repair.days))
            minutes = self.choices.minutes(spec.duration, needs, days[calendar])
            alike = (
                number,
                tuple(self._left(number, part, duration) for duration in minutes),
                self.supplies.factors(spec.varies_with),
                spec.learning,
                self._rework(number, part, full.needs, days[calendar], repair, calendar_of_repair),
            )
            alike_instances = instances[pairs == pair]
            self._work.setdefault(alike, []).append(alike_instances)
            self.days_added.setdefault(number, []).append(
                (alike_instances, self.choices.days_added(spec.duration, needs, days[calendar]))
            )

    def _left(self, number: int, part: Part, duration: Distribution) -> Distribution:
        """What is left of work under way, of which neither a rest nor a finish is told; all of any other work."""
        if not part.is_under_way or part.actual is None or part.actual.progress.remaining is not None:
            return duration
        (instance,), complete = part.instances.tolist(), part.actual.progress.complete
        multiplier = self._learned(number, part.whole, instance)
        if complete is not None:
            return Left(duration, float(1 - complete) * multiplier, 0.0)
        demand, start, status = self.demands[self.demand[instance]], part.actual.start, self.past.status
        if demand.in_months:
            return Left(duration, multiplier, self.supplies.clock.months(start, status))
        return Left(duration, multiplier, float(self.times.table[demand.together].open.worked(start, status)))

    def _learned(self, number: int, activity: Activity, instance: int) -> float:
        """The multiplier of work under way, by how many instances really started before it."""
        if (rule := activity.learning) is None:
            return 1.0
        instances = self.of(self.names[number])
        around = self.places.enclosing(activity.at, rule.per)[self.place[instances]]
        peers = instances[(around == around[instance - instances[0]]) & (self.started[instances] != NOT)]
        own, started = self.started[instance], self.started[peers]
        n = 1 + int(((started < own) | ((started == own) & (peers < instance))).sum())
        return float((min(n, rule.until or n) / rule.at) ** math.log2(rule.rate))

    def make_work(self) -> Iterator[network.Work]:
        """Everything that lasts alike, with all its instances; this also numbers the counts of learning."""
        for (number, (minutes, *further), factors, learning, rework), parts in self._work.items():
            instances = np.sort(np.concatenate(parts))
            learns = self._learning(number, learning, instances)
            yield network.Work(number, instances, minutes, tuple(further), factors, learns, rework)

    def _learning(self, number: int, learning: schema.Learning | None, instances: Ints) -> network.Learning | None:
        if learning is None:
            return None
        most = int(self.first[number + 1] - self.first[number])
        last = most if learning.until is None else min(learning.until, most)
        exponent = math.log2(learning.rate)
        level = self.scenario.activities[self.names[number]].at
        if (number, learning.per) not in self._counts:
            self._counts[number, learning.per] = self.counters
            self.counters += self.places.count(learning.per)
        around = self.places.enclosing(level, learning.per)[self.place[instances]]
        return network.Learning(
            multipliers=np.array([(n / learning.at) ** exponent for n in range(1, last + 1)]),
            counter=self._counts[number, learning.per] + around,
        )

    def _rework(
        self, number: int, part: Part, full: Needs, days: list[int], repairs: Decided, which: int
    ) -> network.Rework | None:
        """How it may fail; what was under way is then done again from the beginning."""
        if (rework := part.spec.rework) is None:
            return None
        again = self.choices.minutes(part.whole.duration, full, days)
        if part.is_under_way and part.whole.learning is not None:
            multiplier = self._learned(number, part.whole, int(part.instances[0]))
            again = tuple(Left(minutes, multiplier, 0.0) for minutes in again)
        repair, *further = self.choices.minutes(rework.duration, repairs.needs, repairs.days[which])
        return network.Rework(
            probability=float(rework.probability),
            mean_failures=mean_failures(rework.probability),
            again=again,
            repair=repair,
            further=tuple(further),
            factors=self.supplies.factors(rework.varies_with),
        )
