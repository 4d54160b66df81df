"""Crews that work keeps until it may finish, while what it waits for may need them: then nothing goes on.

Work with a link to its finish takes its crews at its start and keeps them. If its predecessor has not begun by then,
and needs one of these crews, or one that is kept in the same way by work that waits for them, each may wait for the
other (hold and wait, Coffman et al. 1971). It cannot where the predecessor begins first.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from dcsim.schedule import Activity, Link, Schedule


class Held(NamedTuple):
    """Work that keeps a crew while others may wait for it."""

    id: str
    crew: str
    until: tuple[str, ...]
    """What needs crews and has to begin before it may finish; it keeps nobody waiting if it starts after these."""


@dataclass(frozen=True)
class _Events:
    """Starts and finishes, and which of them come before which."""

    activities: Mapping[str, Activity]
    into: Mapping[str, list[Link]]

    def leading_to(self, events: Iterable[tuple[str, str]], known: set[tuple[str, str]]) -> list[tuple[str, str]]:
        """These starts and finishes and all that come before them, the nearest first, but for those that are known."""
        order = list(dict.fromkeys(event for event in events if event not in known))
        seen = set(order)
        for id_, end in order:
            for event in self._directly(id_, end):
                if event not in seen and event not in known:
                    seen.add(event)
                    order.append(event)
        return order

    def _directly(self, id_: str, end: str) -> Iterator[tuple[str, str]]:
        if self.activities[id_].actual_start is None:
            if end == "F":
                yield id_, "S"
        elif end == "S" or self.activities[id_].is_done:
            return
        yield from self.waited_for(id_, end)

    def waited_for(self, id_: str, end: str) -> Iterator[tuple[str, str]]:
        """What the links to a start or a finish wait for; a lead is known once its predecessor runs."""
        for link in self.into[id_]:
            if link.kind[1] == end and not self.activities[link.predecessor].is_done:
                yield link.predecessor, "S" if link.kind[0] == "S" or link.lag < 0 else "F"


def held_up(
    schedule: Schedule, counts: Mapping[str, Fraction], alike: Callable[[str], Hashable] = str
) -> Iterator[Held]:
    """Work that may keep a crew forever, the first of all that are alike.

    `counts` gives the least that there is of each crew.
    """
    events = _Events(schedule.activities, schedule.into())
    taken: Counter[str] = Counter()
    waits: dict[Hashable, tuple[str, list[str]]] = {}
    for id_, activity in schedule.activities.items():
        waited = [] if activity.is_done or not activity.resources else list(events.waited_for(id_, "F"))
        if waited:
            taken.update(activity.resources)
            if alike(id_) not in waits:
                waits[alike(id_)] = id_, list(_needing(events, id_, waited))
    most = {name: max((a.resources.get(name, 0) for a in schedule.activities.values()), default=0) for name in taken}
    scarce = {name for name in taken if name not in counts or taken[name] + most[name] > counts[name]}
    behind = _reached(schedule.activities, waits.values(), scarce)
    for id_, awaited in waits.values():
        needed = {name for before in awaited for name in schedule.activities[before].resources}
        crews = [name for name in schedule.activities[id_].resources if name in scarce]
        if crew := next((name for name in crews if any(name in behind.get(own, {own}) for own in needed)), ""):
            yield Held(id_, crew, tuple(_last(events, awaited)))


def _needing(events: _Events, id_: str, waited: list[tuple[str, str]]) -> Iterator[str]:
    """What needs crews and may not have begun when something starts that waits for it."""
    begun = set(events.leading_to(events.waited_for(id_, "S"), set()))
    for before, end in events.leading_to(waited, begun):
        if end == "S" and events.activities[before].actual_start is None and events.activities[before].resources:
            yield before


def _reached(
    activities: Mapping[str, Activity], waits: Iterable[tuple[str, list[str]]], scarce: set[str]
) -> dict[str, set[str]]:
    """The crews, itself among them, that a crew may wait for because it is kept until they come."""
    leads: dict[str, set[str]] = {}
    for id_, awaited in waits:
        needed = {name for before in awaited for name in activities[before].resources}
        for name in scarce.intersection(activities[id_].resources):
            leads.setdefault(name, set()).update(needed)
    reached: dict[str, set[str]] = {}
    for crew in leads:
        todo = [crew]
        reached[crew] = {crew}
        while todo:
            new = leads.get(todo.pop(), set()) - reached[crew]
            reached[crew] |= new
            todo += new
    return reached


def _last(events: _Events, awaited: list[str]) -> Iterator[str]:
    """Those whose start says that the rest have started as well."""
    begun: set[tuple[str, str]] = set()
    for before in awaited:
        if (before, "S") not in begun:
            yield before
            begun.update(events.leading_to([(before, "S")], begun))
