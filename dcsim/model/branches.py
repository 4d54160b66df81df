"""The branches of a scenario, with the activities whose course they decide."""

from collections.abc import Mapping

from dcsim import network
from dcsim.distributions import Choice, Fixed
from dcsim.scenario import schema
from dcsim.scenario.schema import Scenario


def branches(scenario: Scenario, numbers: Mapping[str, int]) -> tuple[network.Branch, ...]:
    """All branches, in the order of the file; activities have these numbers."""
    return tuple(_branch(name, branch, numbers) for name, branch in scenario.branches.items())


def _branch(name: str, branch: schema.Branch, numbers: Mapping[str, int]) -> network.Branch:
    ways = list(branch.ways.values())
    possible = [number for number, way in enumerate(ways) if way.weight]
    return network.Branch(
        name=name,
        level=branch.per,
        way=Fixed(possible[0])
        if len(possible) == 1
        else Choice(tuple(range(len(ways))), tuple(float(way.weight) for way in ways)),
        activities=tuple(
            (numbers[activity], tuple(activity in way.activities for way in ways))
            for activity in dict.fromkeys(own for way in ways for own in way.activities)
            if not all(activity in way.activities for way in ways)
        ),
    )
