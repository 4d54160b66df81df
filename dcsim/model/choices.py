"""What a piece of work requires: alternatives and ways between which it chooses, and whose days each of them means."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.counting import runs
from dcsim.distributions import Distribution
from dcsim.model.supplies import Supplies
from dcsim.model.time import WorkingTimes
from dcsim.model.variations import Same
from dcsim.network import Alternative, Claim, Demand, Requirement
from dcsim.scenario.checks.parts import alternatives, spaced
from dcsim.scenario.document import Key
from dcsim.scenario.schema import ALWAYS, Activity, Way
from dcsim.scenario.values import Uncertain

Ints = NDArray[np.int64]

MOST_TOGETHER = 2_000
"""Combinations of calendars to which choices may lead, beside one for every alternative."""
MOST_SHARED = 100
"""Combinations of alternatives in requirements that share a resource."""


class Entry(NamedTuple):
    """One thing that is required: its cause, and what each alternative is called and takes."""

    cause: str
    choice: tuple[tuple[str, Mapping[str, int]], ...]

    @property
    def resources(self) -> list[str]:
        """Everything that some alternative takes."""
        return list(dict.fromkeys(name for _, takes in self.choice for name in takes))


@dataclass(frozen=True)
class Needs:
    """What a piece of work requires in the places of a level, and the calendar of its activity if that has one."""

    at: str
    calendar: str | None
    requires: Mapping[str, int | None]
    ways: Mapping[str, Way]

    @cached_property
    def entries(self) -> list[list[Entry]]:
        """All that is required, together where it shares a resource; the ways come last, each resource theirs alone."""
        entries = [
            Entry(spaced(written), tuple((name, {name: units}) for name in alternatives(written)))
            for written, units in self.requires.items()
            if units
        ]
        together = _sharing(entries)
        if self.ways:
            choice = [(called, {name: n for name, n in way.requires.items() if n}) for called, way in self.ways.items()]
            together.append([Entry(" | ".join(dict.fromkeys(n for _, takes in choice for n in takes)), tuple(choice))])
        return together

    @cached_property
    def deciding(self) -> list[str | None]:
        """The resources by whose days a duration is read, one for each alternative of what is required first."""
        for written, units in self.requires.items():
            return list(alternatives(written)[: None if units else 1])
        return [next(iter(way.requires), None) for way in self.ways.values()] or [None]

    def spans(self, usual: Uncertain) -> list[Uncertain]:
        """How long it takes each way, or as usual."""
        return [way.duration or usual for way in self.ways.values()] or [usual]

    @property
    def by_way(self) -> bool:
        """Whether each way has days of its own."""
        return self.calendar is None and not self.requires and bool(self.ways)


class Decided(NamedTuple):
    """What a piece of work requires, and whose days its durations mean in each of some places."""

    needs: Needs
    days: list[list[int]]
    """Calendars whose days a duration may mean, one for each alternative that decides."""
    of: Ints
    """Which of these each place has."""


@dataclass
class Choices:
    """Requirements as they are in each place, and the calendars that come together where something is chosen."""

    supplies: Supplies
    times: WorkingTimes
    joined: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: list[tuple[Key, str]] = field(default_factory=list)
    """Choices that cannot be kept or compared: path and message."""
    _alternatives: int = 0

    def entries(self, path: Key, needs: Needs) -> list[Entry]:
        """All that is required, as many entries as there are choices to make."""
        entries = []
        for written_entry in needs.entries:
            if len(written_entry) == 1 or prod(len(entry.choice) for entry in written_entry) <= MOST_SHARED:
                entries.append(_as_one(written_entry))
            else:
                most = f"their alternatives make more than {MOST_SHARED} combinations; use fewer"
                self.refused.append((path, f"{len(written_entry)} entries share resources, and {most}"))
        return entries

    def requirements(
        self, entries: Sequence[Entry], needs: Needs, days: Sequence[int], numbers: Mapping[str, int]
    ) -> tuple[Requirement, ...]:
        """What is required in one place, where these are the days that count and the resources by number."""
        ways = max(1, len(needs.ways))
        requirements = []
        for k, (cause, choice) in enumerate(entries):
            options = [0] * len(choice)
            if needs.ways and k == len(entries) - 1:
                options = list(range(len(choice)))
            elif k == 0:  # what is written first varies last
                which = self._distinct(days)[1]
                options = [ways * which[i * len(days) // len(choice)] for i in range(len(choice))]
            requirements.append(Requirement(cause, tuple(self._alternatives_of(choice, options, numbers))))
        return tuple(requirements)

    def _alternatives_of(
        self, choice: Sequence[tuple[str, Mapping[str, int]]], options: Sequence[int], numbers: Mapping[str, int]
    ) -> list[Alternative]:
        possible = []
        for (called, takes), option in zip(choice, options, strict=True):
            claims = tuple(Claim(numbers[name], units) for name, units in takes.items())
            calendar = self.times.joined([0, *(self.supplies.resources[claim.resource].calendar for claim in claims)])
            possible.append(Alternative(claims, calendar, called if len(choice) > 1 else "", option))
        return possible

    def together(self, own: int, requirements: Sequence[Requirement]) -> int:
        """When the activity and all that it requires without a choice are at work."""
        return self.times.joined([own, *(r.alternatives[0].calendar for r in requirements if len(r.alternatives) == 1)])

    def meet(self, demand: Demand) -> None:
        """Every combination of calendars that the choices of a demand may lead to."""
        reached = {demand.together}
        for choice in reversed(demand.choices):
            self._alternatives += len(choice.alternatives)
            before, reached = reached, set()
            for pair in product(before, dict.fromkeys(alternative.calendar for alternative in choice.alternatives)):
                if pair not in self.joined and len(self.joined) >= MOST_TOGETHER + self._alternatives:
                    most = f"can lead to more than {MOST_TOGETHER:,} combinations of calendars"
                    name = list(self.supplies.scenario.activities)[demand.activity]
                    self.refused.append((("activities", name), f"its alternatives {most}; use fewer calendars"))
                    return
                if pair not in self.joined:
                    self.joined[pair] = self.times.joined(pair)
                reached.add(self.joined[pair])

    def decided(self, needs: Needs, places: Ints) -> Decided:
        """Whose days the durations of what has these needs mean in each of these places."""
        own = self.times.number([needs.calendar or ALWAYS], [])
        names = [None] if needs.calendar is not None else needs.deciding
        if names == [None]:
            return Decided(needs, [[own]], np.zeros(len(places), np.int64))
        of_each = [self._of_resource(name, needs.at, places, own) for name in names]
        if all(len(set(calendars)) == 1 for calendars, _ in of_each):
            return Decided(needs, [[calendars[0] for calendars, _ in of_each]], np.zeros(len(places), np.int64))
        numbers = np.stack([np.array(calendars)[which] for calendars, which in of_each])
        distinct, which = np.unique(numbers, axis=1, return_inverse=True)
        return Decided(needs, distinct.T.tolist(), which.ravel())

    def _of_resource(self, name: str | None, at: str, places: Ints, own: int) -> tuple[list[int], Ints]:
        """The calendars of this resource, whatever stops its work; and which of them each place has."""
        if name is None:
            return [own], np.zeros(len(places), np.int64)
        resources = self.supplies.numbers(name, at, places)
        first, which = runs(resources)
        calendars = [
            self.times.number([self.times.table[self.supplies.resources[number].calendar].name], [])
            for number in resources[first].tolist()
        ]
        return calendars, which

    def minutes(self, duration: Uncertain, needs: Needs, days: Sequence[int]) -> tuple[Distribution, ...]:
        """The working time of each option: by the days of what decides, then by way."""
        return tuple(self.times.working(span, day) for day, span in self._options(duration, needs, days))

    def days_added(self, duration: Uncertain, needs: Needs, days: Sequence[int]) -> tuple[int, ...]:
        """The calendar of each option whose days risks add; always, where it is in months, which go on at night."""
        return tuple(0 if span.in_months else day for day, span in self._options(duration, needs, days))

    def _options(self, duration: Uncertain, needs: Needs, days: Sequence[int]) -> list[tuple[int, Uncertain]]:
        spans = needs.spans(duration)
        return list(zip(days, spans, strict=True) if needs.by_way else product(self._distinct(days)[0], spans))

    def _distinct(self, days: Sequence[int]) -> tuple[list[int], list[int]]:
        """The calendars whose days and weeks differ; and of each which of these has the same."""
        if len(days) == 1:
            return [*days], [0]
        numbers: dict[object, int] = {}
        for number in days:
            numbers.setdefault(self.times.day_and_week(number), number)
        written = list(numbers)
        return list(numbers.values()), [written.index(self.times.day_and_week(number)) for number in days]


def needs_of(spec: Activity) -> Needs:
    """What an activity requires."""
    return _needs(Same(spec))


def needs_of_repair(spec: Activity) -> Needs:
    """What the repair of an activity requires."""
    return Needs(spec.at, spec.calendar, {} if spec.rework is None else spec.rework.requires, {})


@lru_cache(maxsize=1024)
def _needs(same: Same[Activity]) -> Needs:
    spec = same.thing
    return Needs(spec.at, spec.calendar, spec.requires, {k: way for k, way in spec.ways.items() if way is not None})


def _sharing(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries in groups that share resources, each where the first of its entries stands."""
    users: dict[str, list[int]] = {}
    for k, entry in enumerate(entries):
        for name in entry.resources:
            users.setdefault(name, []).append(k)
    groups: list[list[Entry]] = []
    seen: set[int] = set()
    for k in range(len(entries)):
        ahead, group = [k], set[int]()
        while ahead:
            group.add(j := ahead.pop())
            for name in entries[j].resources:
                ahead += users.pop(name, ())
        if k not in seen:
            groups.append([entries[j] for j in sorted(group)])
        seen |= group
    return groups


def _as_one(entries: Sequence[Entry]) -> Entry:
    """Entries as one that takes all of them: for each combination of their alternatives the sum of its claims."""
    if len(entries) == 1:
        return entries[0]
    choice = []
    for combination in product(*(entry.choice for entry in entries)):
        pairs = zip(entries, combination, strict=True)
        called = ", ".join(name for entry, (name, _) in pairs if len(entry.choice) > 1)
        sums: Counter[str] = Counter()
        for _, takes in combination:
            sums.update(takes)
        choice.append((called, sums))
    return Entry(" | ".join(dict.fromkeys(name for entry in entries for name in entry.resources)), tuple(choice))
