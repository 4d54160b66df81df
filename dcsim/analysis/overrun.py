"""Work under way that has taken longer than anything its duration allows, of which nothing is left to be drawn."""

from collections.abc import Iterator

from dcsim.distributions import Left, greatest
from dcsim.network import Network
from dcsim.places import SITE
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Progress, Scenario

HOUR = 60


def overrun(scenario: Scenario, network: Network) -> Iterator[tuple[Key, str]]:
    """The path of the progress of each such piece of work, and what is said about it."""
    for work in network.work:
        left = work.minutes
        if not isinstance(left, Left) or not left.passed or greatest(left) > 0:
            continue
        name, most = network.activities[work.activity], greatest(left.whole) * left.times
        for instance in work.instances.tolist():
            where = network.place_path(instance)
            place = "" if where == SITE else f" ({where})"
            unit, size = ("month", 1) if network.demands[network.demand[instance]].in_months else ("h of work", HOUR)
            yield (
                _path(scenario, name, where),
                f"{name}{place} has taken {left.passed / size:,.4g} {unit} by the status date and not finished, and "
                f"its duration allows at most {most / size:,.4g}: nothing is left of it; say what is with "
                "`remaining: 3 d`",
            )


def _path(scenario: Scenario, activity: str, place: str) -> Key:
    """Where the progress of an activity in a place is told."""
    entries = [
        (number, entry)
        for number, entry in enumerate(scenario.seen)
        if isinstance(entry, Progress) and entry.activity == activity
    ]
    exact = [number for number, entry in entries if entry.place == place]
    return ("seen", (exact or [number for number, _ in entries])[-1])
