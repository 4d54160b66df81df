"""Activities: possible durations, amounts that fit, learning and rework in range, places that are there."""

from collections.abc import Mapping
from datetime import datetime
from math import log2

from dcsim.places import Places
from dcsim.scenario.checks.breakdown import check_pattern, check_stands_inside
from dcsim.scenario.checks.names import check_characters
from dcsim.scenario.checks.parts import Demand, activity_parts, alternatives, demands, links, spaced
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.quantities import (
    check_amount,
    check_duration,
    check_fixed,
    check_fixed_duration,
    check_probability,
    check_span,
)
from dcsim.scenario.document import Key
from dcsim.scenario.schema import (
    PREDECESSOR,
    SUCCESSOR,
    ActivityPart,
    Lagged,
    Learning,
    Link,
    Scenario,
    WindowAfter,
    WorkingLag,
)
from dcsim.units import Span, plain

LARGEST_COUNT = 10**9
_HIGHEST_PRIORITY = 10**6


def check_work(scenario: Scenario, findings: Problems) -> None:
    """Every activity makes sense in itself."""
    for path, _, part in activity_parts(scenario):
        _check_part(path, part, scenario.start, findings)
        _check_amounts(path, part, scenario, findings)
    for demand in demands(scenario):
        _check_demand(demand.path, demand.requires, findings)
        if "ways" in demand.path:
            _check_way(demand, scenario, findings)
    _check_links(scenario, findings)


def check_work_in_places(scenario: Scenario, places: Places, findings: Problems) -> None:
    """Every activity is done where it can be done, and uses what stands around it."""
    for name, activity in scenario.activities.items():
        for i, pattern in enumerate(activity.only or ()):
            check_pattern(("activities", name, "only", i), pattern, activity.at, places, findings)
        for pattern in activity.within:
            check_pattern(("activities", name, "within", pattern), pattern, activity.at, places, findings)
    for path, link in links(scenario):
        before = scenario.activities.get(link.activity)
        if link.place is not None and before is not None:
            check_pattern((*path, "place"), link.place, before.at, places, findings)
    _check_shared(scenario, places, findings)


def _check_part(path: Key, part: ActivityPart, start: datetime, findings: Problems) -> None:
    check_duration((*path, "duration"), part.duration, findings)
    for name, way in part.ways.items():
        check_characters((*path, "ways", name), name, findings)
        if way is not None and way.duration is not None:
            check_duration((*path, "ways", name, "duration"), way.duration, findings)
    for key in ("not_before", "finish_not_before"):
        if isinstance(when := getattr(part, key), Span):
            check_span((*path, key), when, findings)
    if abs(part.priority) > _HIGHEST_PRIORITY:
        findings.add((*path, "priority"), f"a priority must be between -10^6 and 10^6, got {part.priority}")
    if part.learning is not None:
        _check_learning((*path, "learning"), part.learning, findings)
    if part.rework is not None:
        check_probability((*path, "rework", "probability"), part.rework.probability, findings)
        check_duration((*path, "rework", "duration"), part.rework.duration, findings)


def _check_learning(path: Key, learning: Learning, findings: Problems) -> None:
    rate, at, until = learning.rate, learning.at, learning.until
    meaning = "0.9: ten per cent less per doubling"
    message = f"a learning rate must be above 0 and at most 2 ({meaning}), got {plain(rate)}"
    findings.require(0 < rate <= 2, (*path, "rate"), message)
    findings.require(1 <= at <= LARGEST_COUNT, (*path, "at"), f"is counted from 1, got {at}")
    if 0 < rate <= 2 and 1 <= at <= LARGEST_COUNT:
        slower = f"the first would take more than 10^6 times as long as number {at:,}"
        findings.require(-log2(at) * log2(rate) <= log2(10**6), path, slower)
    if until is not None:
        fine = at <= until <= LARGEST_COUNT
        findings.require(fine, (*path, "until"), f"must be at least {at} (`at`), got {until}")


def _check_amounts(path: Key, part: ActivityPart, scenario: Scenario, findings: Problems) -> None:
    for key, amounts in (("consumes", part.consumes), ("produces", part.produces)):
        for name, amount in amounts.items():
            if amount is not None and name in scenario.supplies:
                check_amount((*path, key, name), amount, scenario.supplies[name].unit, findings)


def _check_demand(path: Key, requires: Mapping[str, int | None], findings: Problems) -> None:
    """No entry stands twice in one list, no resource twice in one entry, and no alternative is empty."""
    seen: set[str] = set()
    for written, amount in requires.items():
        names = alternatives(written)
        if not all(names):
            findings.add((*path, written), f"write alternatives as `one | other`, got '{written}'")
        twice = [name for i, name in enumerate(names) if name and name in names[:i]]
        if twice:
            findings.add((*path, written), f"the resource '{twice[0]}' appears twice; write each alternative once")
        if (entry := spaced(written)) in seen:
            findings.add((*path, written), f"'{entry}' appears twice; add up its amounts")
        if amount is not None and amount > LARGEST_COUNT:
            findings.add((*path, written), f"more than 10^9 units, got {amount}")
        seen.add(entry)


def _check_way(demand: Demand, scenario: Scenario, findings: Problems) -> None:
    """A way takes no alternatives, and nothing that its activity takes in any way."""
    activity = scenario.activities[demand.activity]
    anyway = {
        name
        for part in (activity, *activity.within.values())
        for entry in part.requires
        for name in alternatives(entry)
    }
    for written in demand.requires:
        has_choice = "|" in written
        findings.require(not has_choice, (*demand.path, written), "write each alternative as a way of its own")
        if not has_choice and written in anyway:
            message = f"'{written}' is also in `requires` of the activity; write all of it in the ways"
            findings.add((*demand.path, written), message)


def _check_links(scenario: Scenario, findings: Problems) -> None:
    for path, link in links(scenario):
        if isinstance(link, WindowAfter):
            check_fixed_duration((*path, "lag"), link.lag, findings)
        elif isinstance(link, Lagged):
            _check_lag(path, link, link.activity in scenario.milestones, findings)
        if link.count is not None:
            fine = 1 <= link.count <= LARGEST_COUNT
            findings.require(fine, (*path, "count"), "`count` must be from 1 to 10^9 of the linked instances")
        if link.activity in scenario.milestones and (link.place or link.count or link.start_or_finish == "start"):
            message = f"`place`, `count` and `from` belong to activities; '{link.activity}' is a milestone"
            findings.add(path, message)
        if path[0] == "activities" and link.activity == path[1] and link.place is None:
            elsewhere = "an activity can wait only for its own instances in other places (`place: phase1`)"
            message = f"waits for itself; {elsewhere}"
            findings.add(path, message)


def _check_lag(path: Key, link: Lagged, of_milestone: bool, findings: Problems) -> None:
    """A lag has a sensible length; only that of work is known beforehand."""
    by = link.lag.by if isinstance(link.lag, WorkingLag) else SUCCESSOR
    lag = link.lag.working if isinstance(link.lag, WorkingLag) else link.lag
    check = check_fixed if isinstance(link.lag, WorkingLag) else check_span
    if lag.amount:
        check((*path, "lag"), Span(abs(lag.amount), lag.unit), findings)
    for is_so, what in ((lag.amount < 0, "a lead"), (lag.unit == "%", "a part of a length")):
        if is_so and of_milestone:
            findings.add((*path, "lag"), f"{what} needs an activity; when a milestone is reached is not known before")
        elif is_so and not isinstance(link, Link):
            findings.add((*path, "lag"), f"{what} stands between activities; an order is placed after the event itself")
    if by == PREDECESSOR and of_milestone:
        findings.add((*path, "lag", "by"), "a milestone has no calendar: name one, or write `successor`")


def _check_shared(scenario: Scenario, places: Places, findings: Problems) -> None:
    """What every place of a level has for itself is used inside that place."""
    for demand in demands(scenario):
        at = scenario.activities[demand.activity].at
        for written in demand.requires:
            for name in alternatives(written):
                if name in scenario.resources:
                    per = scenario.resources[name].per
                    check_stands_inside((*demand.path, written), f"'{name}'", per, at, places, findings)
    for path, activity, part in activity_parts(scenario):
        at = scenario.activities[activity].at
        for key, amounts in (("consumes", part.consumes), ("produces", part.produces)):
            for name in amounts:
                if name in scenario.supplies:
                    per = scenario.supplies[name].per
                    check_stands_inside((*path, key, name), f"'{name}'", per, at, places, findings)
        check_factors((*path, "varies_with"), part.varies_with, at, scenario, places, findings)
        if part.rework is not None:
            below: Key = (*path, "rework", "varies_with")
            check_factors(below, part.rework.varies_with, at, scenario, places, findings)
        if part.learning is not None:
            check_stands_inside((*path, "learning", "per"), "a count", part.learning.per, at, places, findings)


def check_factors(
    path: Key, names: tuple[str, ...], at: str, scenario: Scenario, places: Places, findings: Problems
) -> None:
    """What varies with a factor must be where the factor is drawn."""
    for i, name in enumerate(names):
        if name in scenario.factors:
            check_stands_inside((*path, i), f"'{name}'", scenario.factors[name].per, at, places, findings)
