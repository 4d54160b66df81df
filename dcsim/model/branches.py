"""The branches of a scenario, with the activities whose course they decide."""

from collections.abc import Sequence

from dcsim import network
from dcsim.distributions import Choice, Fixed
from dcsim.model.activities import Instances
from dcsim.scenario import schema
from dcsim.scenario.schema import Scenario
from dcsim.trace import NOT


def branches(scenario: Scenario, instances: Instances) -> tuple[network.Branch, ...]:
    """All branches, in the order of the file."""
    return tuple(_branch(name, branch, instances) for name, branch in scenario.branches.items())


def _branch(name: str, branch: schema.Branch, instances: Instances) -> network.Branch:
    ways, numbers = list(branch.ways.values()), instances.number
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
        known=_known(branch, ways, instances),
    )


def _known(branch: schema.Branch, ways: Sequence[schema.Course], instances: Instances) -> dict[int, int]:
    """The ways that were taken, by the place where some of their activities have begun: of several the likeliest."""
    begun: dict[int, set[str]] = {}
    for activity in {name for way in ways for name in way.activities}:
        around = instances.places.enclosing(instances.scenario.activities[activity].at, branch.per)
        of_activity = instances.of(activity)
        for place in around[instances.place[of_activity[instances.started[of_activity] != NOT]]].tolist():
            begun.setdefault(place, set()).add(activity)
    return {
        place: max(range(len(ways)), key=lambda way: (len(done & set(ways[way].activities)), ways[way].weight, -way))
        for place, done in begun.items()
    }
