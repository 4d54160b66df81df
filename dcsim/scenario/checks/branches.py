"""Branches: ways between which chance can decide, and activities that one branch alone decides about."""

from dcsim.places import Places
from dcsim.scenario.checks.breakdown import check_stands_inside
from dcsim.scenario.checks.parts import branched
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Scenario
from dcsim.units import plain

_LARGEST_WEIGHT = 10**9


def check_branches(scenario: Scenario, findings: Problems) -> None:
    """Every branch has ways to choose between, and an activity follows one branch."""
    for name, branch in scenario.branches.items():
        path: Key = ("branches", name, "ways")
        count = len(branch.ways)
        findings.require(count > 1, path, f"a branch needs two ways or more, got {count}; a way may have no activities")
        for called, way in branch.ways.items():
            fine = 0 <= way.weight <= _LARGEST_WEIGHT
            message = f"a weight is 0 or more and at most 10^9, got {plain(way.weight)}"
            findings.require(fine, (*path, called, "weight"), message)
        fine = not branch.ways or any(way.weight for way in branch.ways.values())
        findings.require(fine, path, "no way can be taken: all weights are 0")
    first: dict[str, tuple[str, Key]] = {}
    for path, name, activity in branched(scenario):
        first_name, where = first.setdefault(activity, (name, path))
        if first_name != name:
            _, line = findings.document.positions.get(where, ("", None))
            on_line = f" on line {line}" if line else ""
            message = f"'{activity}' is in the branch '{first_name}'{on_line}, and cannot be in '{name}' too"
            findings.add(path, message)
        elif path[:4] == where[:4] and path != where:
            findings.add(path, f"'{activity}' appears twice in this way")


def check_branches_in_places(scenario: Scenario, places: Places, findings: Problems) -> None:
    """What a branch decides about is done in its places or inside them."""
    for path, name, activity in branched(scenario):
        if activity in scenario.activities:
            per, at = scenario.branches[name].per, scenario.activities[activity].at
            check_stands_inside(path, f"a draw of '{name}'", per, at, places, findings)
