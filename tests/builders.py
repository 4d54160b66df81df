"""Small networks in one line, and what became of them.

`network("a=2 b=3<a:crew c=1<a,b", crew=1)` is a scenario of three activities: `b` takes three minutes, follows `a`
and needs one of the one `crew`. An activity is written `name@level=duration<predecessors:requirements`, where only the
name and the duration must stand: a bare number is minutes, `2h` and `1.5d` are spans, a predecessor may carry a lag in
minutes (`a+30`), a requirement a number of units (`crew*2`).

Everything else is said by keyword: a section of the scenario by its name, what one activity knows beyond this line by
the name of the activity, and a resource (a number, or what a file would say) by any other name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pytest

import dcsim
from dcsim.study.run import Run

TINY = """
name: Tiny
start: 2024-01-01
day_zero: 2024-01-03
horizon: 60 d
places: {hall: 2, rack: {in: hall, count: 3}}
resources: {crew: {count: {value: 1, assumption: one for all}}, crane: {count: 1}}
supplies:
  power: {unit: kW, initial: 300}
  done: {unit: rack}
activities:
  install: {at: rack, duration: 2 to 4 d, requires: {crew: 1, crane: 1}}
  power_on: {at: rack, duration: 1 d, after: [install], consumes: {power: 96}, produces: {done: 1}}
  open_hall: {at: hall, after: [power_on]}
risks:
  storm: {probability: 1, effects: {activities.install: 2}, mitigation: {probability: 0, cost: 1M USD}}
milestones:
  half: {supply: done, reaches: 3, target: 2024-01-20, observed: {date: 2024-01-12, meaning: claimed, source: S1}}
  all: {activity: power_on}
fitted:
  resources.crew.count: {to: half, prior: 1 to 4, source: S1}
variants:
  more_power: {supplies: {power: {initial: 600}}}
  broken: {activities: {power_on: {requires: {crw: 1}}}}
sources:
  S1: {what: a page}
"""
"""A scenario as a file, with a little of everything."""

EACH_ENGINE = ("reference", pytest.param("compiled", marks=pytest.mark.compiled))
"""The engines, for tests that are run with each of them."""

Spec = dict[str, Any]
Span = tuple[int | None, int | None]

MONDAY = "2024-01-01"
"""Where the clock starts unless a test says otherwise: a Monday at midnight."""

SECTIONS = (
    "start",
    "day_zero",
    "horizon",
    "places",
    "calendars",
    "factors",
    "supplies",
    "risks",
    "branches",
    "milestones",
    "variants",
)

TOKEN = re.compile(r"(?P<name>\w+)(@(?P<at>\w+))?=(?P<duration>[^<:]+)(<(?P<after>[^:]+))?(:(?P<requires>.+))?")


def network(text: str, **more: Any) -> Spec:
    """A scenario in the mini-language, as the mapping that a file would hold."""
    activities = dict(activity(token) for token in text.split())
    sections = {name: more.pop(name) for name in SECTIONS if name in more}
    for name in [name for name in more if name in activities]:
        activities[name] |= more.pop(name)
    return {
        "name": "a small network",
        "start": MONDAY,
        "activities": activities,
        "resources": {name: count if isinstance(count, dict) else {"count": count} for name, count in more.items()},
        **sections,
    }


def activity(token: str) -> tuple[str, Spec]:
    """One activity of the mini-language: its name and what a file would say about it."""
    found = TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(f"expected name@level=duration<predecessors:requirements, got {token!r}")
    spec: Spec = {"duration": span(found["duration"])}
    if found["at"]:
        spec["at"] = found["at"]
    if found["after"]:
        spec["after"] = [predecessor(text) for text in found["after"].split(",")]
    if found["requires"]:
        spec["requires"] = dict(requirement(text) for text in found["requires"].split(","))
    return found["name"], spec


def span(text: str) -> str:
    """A number is minutes; `2h` is two hours."""
    number, unit = re.fullmatch(r"([\d.]+)(\w*)", text).groups()  # type: ignore[union-attr]
    return f"{number} {unit or 'min'}"


def predecessor(text: str) -> str | Spec:
    """An activity or milestone waited for, perhaps with a lag: `a+30`."""
    name, plus, lag = text.partition("+")
    return {"activity": name, "lag": span(lag)} if plus else name


def requirement(text: str) -> tuple[str, int]:
    """A resource, or alternatives, perhaps with a number of units: `crew*2`."""
    names, _, units = text.partition("*")
    return " | ".join(names.split("|")), int(units or 1)


@dataclass(frozen=True)
class Told:
    """What became of a network: its tables as plain values, None where nothing happened."""

    run: Run

    def __getitem__(self, name: str) -> Span:
        """Start and finish of an activity, or of its instance in a place: `told["install hall1/rack2"]`."""
        row = self.row(name)
        return row["start"], row["finish"]

    @cached_property
    def times(self) -> dict[str, Span]:
        """Start and finish of everything, by activity, with its place where that is not the site."""
        return {name: (row["start"], row["finish"]) for name, row in self._rows.items()}

    @cached_property
    def starts(self) -> dict[str, int | None]:
        """When everything started."""
        return {name: row["start"] for name, row in self._rows.items()}

    @cached_property
    def finishes(self) -> dict[str, int | None]:
        """When everything finished."""
        return {name: row["finish"] for name, row in self._rows.items()}

    @cached_property
    def lengths(self) -> dict[str, int]:
        """How long everything took, of what was done."""
        return {name: end - begin for name, (begin, end) in self.times.items() if begin is not None and end is not None}

    @cached_property
    def _rows(self) -> dict[str, Spec]:
        rows = records(self.run.activities)
        return {row["activity"] if row["place"] == "site" else f"{row['activity']} {row['place']}": row for row in rows}

    def row(self, name: str) -> Spec:
        """Everything that is told about one instance."""
        return self._rows[name]

    def held_by(self, name: str) -> str:
        """The first thing that was insufficient just before it started."""
        return str(self._rows[name]["held_by"])

    @property
    def makespan(self) -> int:
        """When everything had finished."""
        assert self.run.finished
        return max(row["finish"] for row in self._rows.values())

    @cached_property
    def shortages(self) -> list[tuple[Any, ...]]:
        """(activity, from, to, cause, waiting), in the order of the table."""
        return plain(self.run.shortages, "activity", "from", "to", "cause", "waiting")

    @cached_property
    def deliveries(self) -> list[tuple[int, str, int]]:
        """(tick, supply, amount), in order."""
        return plain(self.run.deliveries, "tick", "supply", "amount")

    def amounts(self, supply: str) -> list[tuple[int, int]]:
        """When how much of a supply was delivered."""
        return [(tick, amount) for tick, name, amount in self.deliveries if name == supply]

    def attempts(self, name: str) -> list[tuple[Any, ...]]:
        """(attempt, kind, ready, start, finish) of every attempt and repair of an instance."""
        activity, _, place = name.partition(" ")
        table = self.run.attempts
        of_it = table[(table["activity"] == activity) & (table["place"] == (place or "site"))]
        return plain(of_it, "attempt", "kind", "ready", "start", "finish")

    @cached_property
    def reached(self) -> dict[str, int | None]:
        """When each milestone was reached."""
        return {row["milestone"]: row["tick"] for row in records(self.run.milestones)}

    @cached_property
    def stuck(self) -> list[tuple[Any, ...]]:
        """(activity, place, state, waits_for, there, needed) of what never finished."""
        return plain(self.run.stuck, "activity", "place", "state", "waits_for", "there", "needed")

    def level(self, supply: str) -> list[tuple[int, int, int]]:
        """(tick, in stock, ever there) after each change of a supply."""
        table = self.run.supplies
        return plain(table[table["supply"] == supply], "tick", "level", "total")


def tell(scenario: Mapping[str, Any], engine: str, **how: Any) -> Told:
    """Simulate a scenario and tell what happened; expected values unless a seed is given."""
    if "seed" not in how:
        how["expected"] = True
    return Told(dcsim.simulate(dcsim.load(scenario), engine=engine, **how))


def records(frame: pd.DataFrame) -> list[Spec]:
    """The rows of a table as plain values."""
    empty = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(frame.columns, row, strict=True)) for row in empty.to_numpy().tolist()]


def plain(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a table as tuples."""
    return [tuple(row[column] for column in columns) for row in records(frame)]
