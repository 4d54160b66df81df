"""The parts of a scenario with their paths: each thing as a whole, and as it differs in some places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dcsim.scenario.document import Key
from dcsim.scenario.schema import (
    ActivityPart,
    Awaited,
    PlacedAfter,
    ResourcePart,
    RiskPart,
    Scenario,
    SupplyPart,
    WindowAfter,
)


def activity_parts(scenario: Scenario) -> Iterator[tuple[Key, str, ActivityPart]]:
    """Every activity, and what differs about it in some places."""
    return _parts("activities", scenario.activities)


def resource_parts(scenario: Scenario) -> Iterator[tuple[Key, str, ResourcePart]]:
    """Every resource, and what differs about it in some places."""
    return _parts("resources", scenario.resources)


def supply_parts(scenario: Scenario) -> Iterator[tuple[Key, str, SupplyPart]]:
    """Every supply, and what differs about it in some places."""
    return _parts("supplies", scenario.supplies)


def risk_parts(scenario: Scenario) -> Iterator[tuple[Key, str, RiskPart]]:
    """Every risk, and what its mitigation changes about it."""
    for name, risk in scenario.risks.items():
        yield ("risks", name), name, risk
        if risk.mitigation is not None:
            yield ("risks", name, "mitigation"), name, risk.mitigation


def branched(scenario: Scenario) -> Iterator[tuple[Key, str, str]]:
    """Every activity in a way of a branch: where it stands, the branch, and its name."""
    for name, branch in scenario.branches.items():
        for called, way in branch.ways.items():
            for i, activity in enumerate(way.activities):
                yield ("branches", name, "ways", called, "activities", i), name, activity


def links(scenario: Scenario) -> Iterator[tuple[Key, Awaited]]:
    """All that waits for an activity or a milestone: activities, orders placed after one, risks that follow one."""
    for name, activity in scenario.activities.items():
        for i, link in enumerate(activity.after):
            yield ("activities", name, "after", i), link
    for path, _, supply in supply_parts(scenario):
        for order_name, order in supply.orders.items():
            if isinstance(order.placed, PlacedAfter):
                yield (*path, "orders", order_name, "placed"), order.placed
    for path, _, risk in risk_parts(scenario):
        if isinstance(risk.begins, WindowAfter):
            yield (*path, "begins"), risk.begins


@dataclass(frozen=True)
class Demand:
    """What a piece of work or a repair requires, with the path where it stands."""

    path: Key
    activity: str
    requires: Mapping[str, int | None]


def demands(scenario: Scenario) -> Iterator[Demand]:
    """Every list of required resources."""
    for path, name, part in activity_parts(scenario):
        yield Demand((*path, "requires"), name, part.requires)
        for called, way in part.ways.items():
            if way is not None:
                yield Demand((*path, "ways", called, "requires"), name, way.requires)
        if part.rework is not None:
            yield Demand((*path, "rework", "requires"), name, part.rework.requires)


def alternatives(written: str) -> list[str]:
    """The resources of which one is needed: `dell_line | smc_line`."""
    return [part.strip() for part in written.split("|")]


def spaced(written: str) -> str:
    """An entry of `requires` as messages show it, however its alternatives are spaced."""
    return " | ".join(alternatives(written))


def _parts(section: str, things: Mapping[str, Any]) -> Iterator[tuple[Key, str, Any]]:
    for name, thing in things.items():
        yield (section, name), name, thing
        for pattern, part in thing.within.items():
            yield (section, name, "within", pattern), name, part
