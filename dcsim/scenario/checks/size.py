"""How large a scenario would be, counted before its patterns are compared and its network is built."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from math import ceil

from dcsim.budget import Part, excess
from dcsim.calendars import Shifts
from dcsim.places import Places
from dcsim.scenario.checks.parts import alternatives, links
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.quantities import minutes, tick
from dcsim.scenario.document import Key
from dcsim.scenario.schema import ActivityPart, Production, Scenario

_FEWER_PLACES = "count larger places, such as pods instead of racks"


def check_size(scenario: Scenario, places: Places, end: datetime | None, findings: Problems) -> bool:
    """Whether all that a scenario asks for has room; if not, the message names what there is most of."""
    parts = [Part("places", places.count(level), ("places", level), _FEWER_PLACES) for level in places.levels[1:]]
    parts += [*_activities(scenario, places), *_goods(scenario, places, end), *_patterns(scenario, places)]
    return _has_room(parts, findings)


def check_calendar_size(path: Key, shifts: Shifts, days: int, findings: Problems) -> bool:
    """Whether a calendar has room."""
    longest = max(len(hours) for week in (shifts.week, *(dates[-1] for dates in shifts.dates)) for hours in week)
    remedy = "fewer shifts a day, or a nearer `horizon`"
    return _has_room([Part("intervals of calendars", longest * days, (*path, "hours"), remedy)], findings)


def _has_room(parts: list[Part], findings: Problems) -> bool:
    problem = excess(parts, findings.document.limit)
    if problem is not None:
        findings.add(problem[0].path, problem[1])
    return problem is None


def _activities(scenario: Scenario, places: Places) -> Iterator[Part]:
    """Activities in their places, what they wait for, and what leads from one to the other."""
    per = {name: resource.per for name, resource in scenario.resources.items()}
    per |= {name: supply.per for name, supply in scenario.supplies.items()}
    done = {name: _count(places, activity.at) for name, activity in scenario.activities.items()}
    for name, activity in scenario.activities.items():
        yield Part("activities in all places", done[name], ("activities", name), _FEWER_PLACES)
        needed = sum(_queues(part, per, places) for part in (activity, *activity.within.values()))
        kind = "queues in all places"
        yield Part(kind, min(needed, 3 * done[name]), ("activities", name), "share resources and supplies")
    for path, link in links(scenario):
        after = done.get(str(path[1]), 1) if path[0] == "activities" else 1
        count = after + done.get(link.activity, 0)
        yield Part("links between activities", count, path, "link through a milestone that many activities wait for")


def _queues(part: ActivityPart, per: Mapping[str, str], places: Places) -> int:
    """Queues in which a part of an activity may wait, where things are there once in each place of these levels."""
    repairs = part.rework.requires if part.rework is not None else {}
    ways = [name for way in part.ways.values() if way is not None for name in way.requires]
    resources = [alternative for entry in (*part.requires, *repairs, *ways) for alternative in alternatives(entry)]
    shared = max((_count(places, per.get(entry, "")) for entry in (*resources, *part.consumes)), default=1)
    return max(1, shared) * (3 if part.rework is not None else 1)


def _goods(scenario: Scenario, places: Places, end: datetime | None) -> Iterator[Part]:
    """Resources and supplies in their places, and all that is delivered of supplies."""
    kind, remedy = "resources and supplies in all places", "let more places share them (`per`)"
    for name, resource in scenario.resources.items():
        yield Part(kind, _count(places, resource.per), ("resources", name), remedy)
    for name, supply in scenario.supplies.items():
        count, path = _count(places, supply.per), ("supplies", name)
        yield Part(kind, count, path, remedy)
        orders = {key: order for part in (*supply.within.values(), supply) for key, order in part.orders.items()}
        yield Part("orders in all places", count * len(orders), (*path, "orders"), remedy)
        for key, order in orders.items():
            yield Part("deliveries", count * order.lots, (*path, "orders", key, "lots"), "fewer `lots`")
        made = max(_intervals(part.production, scenario.start, end) for part in (supply, *supply.within.values()))
        yield Part("deliveries", count * made, (*path, "production", "every"), "raise `every`")


def _intervals(production: Production | None, start: datetime, end: datetime | None) -> int:
    """How often a production delivers; nothing where that is unknown."""
    if production is None or end is None:
        return 0
    try:
        span = tick(end, start) - tick(production.begins, start)
        return max(0, ceil(span / max(Fraction(1), minutes(production.every))))
    except ValueError:
        return 0


def _patterns(scenario: Scenario, places: Places) -> Iterator[Part]:
    """Patterns, each compared with the places of a level and of those around it."""
    levels = {name: activity.at for name, activity in scenario.activities.items()}
    uses: list[tuple[Key, str, int]] = []
    for name, activity in scenario.activities.items():
        uses.append((("activities", name), activity.at, len(activity.within) + len(activity.only or ())))
    uses += [(("resources", name), resource.per, len(resource.within)) for name, resource in scenario.resources.items()]
    uses += [(("supplies", name), supply.per, len(supply.within)) for name, supply in scenario.supplies.items()]
    uses += [(path, levels.get(link.activity, ""), int(link.place is not None)) for path, link in links(scenario)]
    for name, milestone in scenario.milestones.items():
        level = levels.get(milestone.activity or "", "")
        uses.append((("milestones", name), level, int(milestone.place is not None)))
    for path, level, patterns in uses:
        if not patterns:
            continue
        compared = sum(_count(places, outer) for outer in places.chain(level)[1:]) if level in places.tiers else 0
        yield Part("comparisons of patterns with places", patterns * compared, path, "fewer patterns with more in them")


def _count(places: Places, level: str) -> int:
    return places.count(level) if level in places.tiers else 0
