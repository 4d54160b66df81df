"""Every name that is used stands for something that exists, and for the right kind of thing."""

import re
from collections.abc import Collection, Iterable, Iterator

from dcsim.scenario.checks.names import kind_of
from dcsim.scenario.checks.parts import (
    activity_parts,
    alternatives,
    branched,
    demands,
    links,
    resource_parts,
    risk_parts,
    supply_parts,
)
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.schema import ALWAYS, PREDECESSOR, SITE, SUCCESSOR, Lagged, Progress, Scenario, Sighting, WorkingLag
from dcsim.suggest import article

_SHORTHAND = re.compile(r"(.*?)\s*(FS|SS|FF|SF)?\s*(?:\+\s*(\d.*)|([-\N{MINUS SIGN}].*))?", re.IGNORECASE)
"""A link as other tools write it: `a FS+2d`."""

Use = tuple[Key, str]
"""Where a name is used, and the name."""


def check_references(scenario: Scenario, findings: Problems) -> None:
    """Tell every name that is used and stands for nothing."""
    search = _Search(scenario, findings)
    levels = [SITE, *scenario.places]
    search.known("place level", levels, _levels(scenario))
    search.known("calendar", [ALWAYS, *scenario.calendars], _calendars(scenario))
    search.known("resource", scenario.resources, _resources(scenario))
    search.known("supply", scenario.supplies, _supplies(scenario))
    search.known("factor", scenario.factors, _factors(scenario))
    events = [*scenario.activities, *scenario.milestones]
    search.known("activity or milestone", events, ((path, link.activity) for path, link in links(scenario)))
    search.known("activity", scenario.activities, _counted(scenario, "activity"))
    search.known("activity", scenario.activities, ((path, name) for path, _, name in branched(scenario)))
    search.known("milestone", scenario.milestones, _fitted_to(scenario))
    sightings = [(i, entry) for i, entry in enumerate(scenario.seen) if isinstance(entry, Sighting)]
    search.known(
        "milestone", scenario.milestones, ((("seen", i, "milestone"), entry.milestone) for i, entry in sightings)
    )
    progress = [(i, entry) for i, entry in enumerate(scenario.seen) if isinstance(entry, Progress)]
    search.known("activity", scenario.activities, ((("seen", i, "activity"), entry.activity) for i, entry in progress))
    search.known("source", scenario.sources, _cited(scenario, findings))
    stoppable = [*scenario.resources, *scenario.activities]
    search.known("resource or activity", stoppable, _stopped(scenario))


class _Search:
    """Looks names up, and tells what is not there."""

    def __init__(self, scenario: Scenario, findings: Problems) -> None:
        self.scenario = scenario
        self.findings = findings
        self.orders = {order: name for name, supply in scenario.supplies.items() for order in supply.orders}

    def known(self, what: str, names: Iterable[str], uses: Iterator[Use]) -> None:
        known = dict.fromkeys(names)
        for path, name in uses:
            if name not in known:
                self.findings.add(path, self._unknown(what, name, known))

    def _unknown(self, what: str, name: str, known: Collection[str]) -> str:
        if what == "activity or milestone" and (match := _SHORTHAND.fullmatch(name)) and match[1] in known:
            return f"no {what} '{name}'; {_longhand(match)}"
        kind = kind_of(self.scenario, name, self.orders)
        if kind is not None:
            return f"'{name}' is {article(kind)}, not {article(what)}{self.findings.near(name, known)}"
        return f"no {what} '{name}'{self.findings.near(name, known, _plural(what))}"


def _longhand(match: re.Match[str]) -> str:
    """How a link that is written as other tools do is written here."""
    name, kind, lag, lead = match.groups()
    kind = (kind or "FS").upper()
    fields = [f"activity: {name}", *(["from: start"] if kind[0] == "S" else [])]
    fields += ["to: finish"] if kind[1] == "F" else []
    fields += [f"lag: {lag or '-' + lead[1:].strip()}"] if lag or lead else []
    return f"write {{{', '.join(fields)}}}"


def _levels(scenario: Scenario) -> Iterator[Use]:
    for name, level in scenario.places.items():
        yield ("places", name, "in"), level.within
    for name, activity in scenario.activities.items():
        yield ("activities", name, "at"), activity.at
    for path, _, part in activity_parts(scenario):
        if part.learning is not None:
            yield (*path, "learning", "per"), part.learning.per
    for section in ("factors", "resources", "branches"):
        for name, thing in getattr(scenario, section).items():
            yield (section, name, "per"), thing.per
    for name, supply in scenario.supplies.items():
        yield ("supplies", name, "per"), supply.per


def _calendars(scenario: Scenario) -> Iterator[Use]:
    for path, _, activity in activity_parts(scenario):
        if activity.calendar is not None:
            yield (*path, "calendar"), activity.calendar
    for path, _, resource in resource_parts(scenario):
        if resource.calendar is not None:
            yield (*path, "calendar"), resource.calendar

    for path, link in links(scenario):
        if isinstance(link, Lagged) and isinstance(link.lag, WorkingLag):
            if link.lag.by not in (SUCCESSOR, PREDECESSOR):
                yield (*path, "lag", "by"), link.lag.by


def _resources(scenario: Scenario) -> Iterator[Use]:
    for demand in demands(scenario):
        for written in demand.requires:
            for name in alternatives(written):
                if name:
                    yield (*demand.path, written), name


def _supplies(scenario: Scenario) -> Iterator[Use]:
    for path, _, part in activity_parts(scenario):
        for key, amounts in (("consumes", part.consumes), ("produces", part.produces)):
            yield from (((*path, key, name), name) for name in amounts)
    yield from _counted(scenario, "supply")


def _factors(scenario: Scenario) -> Iterator[Use]:
    for path, _, part in activity_parts(scenario):
        yield from _entries((*path, "varies_with"), part.varies_with)
        if part.rework is not None:
            yield from _entries((*path, "rework", "varies_with"), part.rework.varies_with)
    for path, _, supply in supply_parts(scenario):
        if supply.production is not None:
            yield from _entries((*path, "production", "varies_with"), supply.production.varies_with)
        for name, order in supply.orders.items():
            yield from _entries((*path, "orders", name, "varies_with"), order.varies_with)


def _counted(scenario: Scenario, subject: str) -> Iterator[Use]:
    for name, milestone in scenario.milestones.items():
        counted = getattr(milestone, subject)
        if counted is not None:
            yield ("milestones", name, subject), counted


def _fitted_to(scenario: Scenario) -> Iterator[Use]:
    for name, fitted in scenario.fitted.items():
        yield from _entries(("fitted", name, "to"), fitted.to)


def _stopped(scenario: Scenario) -> Iterator[Use]:
    for path, _, part in risk_parts(scenario):
        yield from _entries((*path, "stop_work"), part.stop_work)


def _cited(scenario: Scenario, findings: Problems) -> Iterator[Use]:
    for path, citation in findings.document.citations.items():
        if citation.source is not None:
            yield path, citation.source
    for name, milestone in scenario.milestones.items():
        for i, observation in enumerate(milestone.observed):
            if observation.source is not None:
                yield ("milestones", name, "observed", i, "source"), observation.source
    for name, reported in scenario.finance.observed.items() if scenario.finance is not None else ():
        if reported.source is not None:
            yield ("finance", "observed", name, "source"), reported.source
    for i, sighting in enumerate(scenario.seen):
        if sighting.source is not None:
            yield ("seen", i, "source"), sighting.source
    for name, fitted in scenario.fitted.items():
        if fitted.source is not None:
            yield ("fitted", name, "source"), fitted.source


def _entries(path: Key, names: tuple[str, ...]) -> Iterator[Use]:
    for i, name in enumerate(names):
        yield (*path, i), name


def _plural(what: str) -> str:
    """Several of a kind: `activities or milestones`."""
    words = what.split(" or ")
    return " or ".join(f"{word[:-1]}ies" if word.endswith("y") else f"{word}s" for word in words)
