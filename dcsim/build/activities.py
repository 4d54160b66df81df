"""Activities of a scenario, one instance in every place of their level: what they take, give and how long they last."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from dcsim import network
from dcsim.build.supplies import Goods, variations
from dcsim.build.time import WorkingTimes
from dcsim.distributions import Distribution, mean_failures
from dcsim.network import REPAIR, RETRY, WORK, Claim, Demand, Mode, Requirement, Take
from dcsim.places import Places
from dcsim.scenario import schema
from dcsim.scenario.schema import ALWAYS, SITE, Activity, Scenario
from dcsim.scenario.values import Amount
from dcsim.units import parse_amount

Ints = NDArray[np.int64]
Alike = tuple[int, Distribution, tuple[int, ...], schema.Learning | None, network.Rework | None]
"""What instances that last alike share: activity, minutes, factors, learning, rework."""


def alternatives(entry: str) -> list[str]:
    """The resources that an entry of `requires` names: `dell_line | smc_line` is two."""
    return [name.strip() for name in entry.split("|")]


@dataclass
class Instances:
    """Activity instances numbered activity by activity, place by place."""

    scenario: Scenario
    places: Places
    times: WorkingTimes
    goods: Goods
    bundles: list[tuple[Take, ...]] = field(default_factory=lambda: [()])
    again: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = field(default_factory=dict)
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
        self.release = np.zeros(self.total, np.int64)
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
        found = np.full(self.places.count(self.scenario.activities[activity].at), -1, np.int64)
        found[self.where[number]] = self.of(activity)
        return found

    def _where(self, spec: Activity) -> Ints:
        """The places an activity is done in."""
        if spec.only is None:
            return np.arange(self.places.count(spec.at))
        chosen = np.zeros(self.places.count(spec.at), np.bool_)
        for pattern in spec.only:
            chosen |= self.places.matches(pattern, spec.at)
        return np.flatnonzero(chosen)

    def _add(self, number: int, whole: Activity) -> None:
        instance_at = self.at(self.names[number])
        for spec, places in variations(whole, dict(whole.within), self.places, whole.at):
            instances = instance_at[places]
            places, instances = places[instances >= 0], instances[instances >= 0]
            if len(instances) == 0:
                continue
            if spec.not_before is not None:
                self.release[instances] = max(0, self.goods.clock.tick(spec.not_before))
            consumes = self._amounts(spec.consumes)
            self.demand[instances] = self._demands(number, WORK, spec, spec.requires, consumes, places)
            self.bundle[instances] = self._bundles(spec, places)
            if spec.rework is not None:
                retry, repair = self._again(number)
                start = self.first[number]
                retry[instances - start] = self._demands(number, RETRY, spec, spec.requires, {}, places)
                repair[instances - start] = self._demands(number, REPAIR, spec, spec.rework.requires, {}, places)
            self._add_work(number, spec, places, instances)

    def _again(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        count = int(self.first[number + 1] - self.first[number])
        none = np.full(count, -1, np.int32)
        return self.again.setdefault(number, (none, none.copy()))

    def _amounts(self, written: dict[str, Amount | None]) -> dict[str, int]:
        """Amounts of supplies in whole units, without those that are nothing."""
        units = self.scenario.supplies
        amounts = {name: parse_amount(amount, units[name].unit) for name, amount in written.items()}
        return {name: amount for name, amount in amounts.items() if amount}

    def _by_place(
        self, names: list[str], level: str, places: Ints, make: Callable[[str, int], int]
    ) -> NDArray[np.int32]:
        """For each place, `make` of the smallest place that all these goods share, made once per such place."""
        shared = max(
            (self.goods.level(name) for name in names), key=lambda one: len(self.places.chain(one)), default=SITE
        )
        if shared == SITE:
            return np.full(len(places), make(SITE, int(places[0])), np.int32)
        around, first, inverse = np.unique(
            self.places.enclosing(level, shared)[places], return_index=True, return_inverse=True
        )
        made = [make(self.places.path(shared, k), int(places[i])) for k, i in zip(around.tolist(), first, strict=True)]
        return np.array(made, np.int32)[inverse]

    def _demands(
        self,
        number: int,
        kind: int,
        spec: Activity,
        requires: Mapping[str, int | None],
        consumes: dict[str, int],
        places: Ints,
    ) -> NDArray[np.int32]:
        """For each place, the demand of the activity there."""
        entries = [(entry, amount) for entry, amount in requires.items() if amount]
        resources = [name for entry, _ in entries for name in alternatives(entry)]
        numbers = {name: self.goods.numbers(name, spec.at) for name in (*resources, *consumes)}
        own = self.times.number([spec.calendar or ALWAYS], self.goods.stopped_by(self.names[number]))
        lasts = spec.rework.duration if kind == REPAIR and spec.rework else spec.duration

        def make(shared: str, place: int) -> int:
            requirements = tuple(
                Requirement(
                    " | ".join(alternatives(entry)),
                    tuple(Claim(int(numbers[name][place]), amount) for name in alternatives(entry)),
                )
                for entry, amount in entries
            )
            takes = tuple(Take(int(numbers[name][place]), amount) for name, amount in consumes.items())
            modes = tuple(self._modes(requirements, own))
            alike = (number, kind, shared, requirements, takes, own)
            told_with = self._alike.setdefault(alike, len(self._numbers))
            demand = Demand(
                number,
                kind,
                spec.priority,
                shared,
                requirements,
                takes,
                modes,
                own,
                told_with,
                lasts.is_nothing,
                lasts.in_months,
            )
            return self._numbers.setdefault(demand, len(self._numbers))

        return self._by_place([*resources, *consumes], spec.at, places, make)

    def _modes(self, requirements: tuple[Requirement, ...], own: int) -> list[Mode]:
        modes = []
        for claims in product(*(requirement.alternatives for requirement in requirements)):
            calendar = self.times.joined([own, *(self.goods.resources[claim.resource].calendar for claim in claims)])
            chosen = [
                self.goods.resources[claim.resource].name
                for claim, requirement in zip(claims, requirements, strict=True)
                if len(requirement.alternatives) > 1
            ]
            modes.append(Mode(claims, calendar, ", ".join(chosen)))
        return modes

    def _bundles(self, spec: Activity, places: Ints) -> NDArray[np.int32]:
        """For each place, what the activity produces there."""
        produces = self._amounts(spec.produces)
        if not produces:
            return np.zeros(len(places), np.int32)
        numbers = {name: self.goods.numbers(name, spec.at) for name in produces}

        def make(_: str, place: int) -> int:
            self.bundles.append(tuple(Take(int(numbers[name][place]), amount) for name, amount in produces.items()))
            return len(self.bundles) - 1

        return self._by_place(list(produces), spec.at, places, make)

    def _add_work(self, number: int, spec: Activity, places: Ints, instances: Ints) -> None:
        """The work in these places, apart where it is not the same."""
        own = self._days(spec, spec.requires, places)
        of_repair = self._days(spec, {} if spec.rework is None else spec.rework.requires, places)
        self.day_calendar[instances] = own
        for calendar, repair_calendar in sorted(set(zip(own.tolist(), of_repair.tolist(), strict=True))):
            here = (own == calendar) & (of_repair == repair_calendar)
            minutes = self.times.working(spec.duration, calendar)
            alike = (
                number,
                minutes,
                self.goods.factors(spec.varies_with),
                spec.learning,
                self._rework(spec, repair_calendar),
            )
            self._work.setdefault(alike, []).append(instances[here])

    def make_work(self) -> Iterator[network.Work]:
        """Everything that lasts alike, with all its instances; this also numbers the counts of learning."""
        for (number, minutes, factors, learning, rework), parts in self._work.items():
            instances = np.sort(np.concatenate(parts))
            yield network.Work(number, instances, minutes, factors, self._learning(number, learning, instances), rework)

    def _days(self, spec: Activity, requires: Mapping[str, int | None], places: Ints) -> Ints:
        """For each place the calendar whose day a duration means: the activity's own, or of what it requires first."""
        if spec.calendar is not None or not requires:
            return np.full(len(places), self.times.number([spec.calendar or ALWAYS], []), np.int64)
        first = alternatives(next(iter(requires)))[0]
        resources = self.goods.numbers(first, spec.at)[places]
        calendars = {
            number: self.times.number([self.times.table[self.goods.resources[number].calendar].name], [])
            for number in sorted(set(resources.tolist()))
        }
        return np.array([calendars[number] for number in resources.tolist()], np.int64)

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

    def _rework(self, spec: Activity, calendar: int) -> network.Rework | None:
        if spec.rework is None:
            return None
        rework = spec.rework
        return network.Rework(
            probability=float(rework.probability),
            mean_failures=mean_failures(rework.probability),
            repair=self.times.working(rework.duration, calendar),
            factors=self.goods.factors(rework.varies_with),
        )
