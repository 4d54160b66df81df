"""Sites as scenarios: what the rules make of each, with a milestone for every step that is asked for."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dcsim.build import network_of
from dcsim.errors import Problem, RequestError, ScenarioError
from dcsim.network import Network
from dcsim.scenario.cases import Cases, Site, Step
from dcsim.scenario.load import load
from dcsim.scenario.rules import Rule, Rules
from dcsim.scenario.schema import Milestone, Scenario
from dcsim.study.past import ROLLING, Moment
from dcsim.units import parse_date

OPERATIONAL = "operational"
"""The milestone that a template dates: one building is operational."""


def moment_of(as_of: str | dt.date | None) -> Moment:
    """Until when facts are known, as it was asked."""
    if as_of is None or isinstance(as_of, dt.date):
        return as_of or ""
    if as_of == ROLLING:
        return ROLLING
    try:
        return parse_date(as_of).date()
    except ValueError as error:
        raise RequestError(f"as of which date: {error}, or '{ROLLING}'") from None


@dataclass(frozen=True)
class Build:
    """A site, the scenario that its rule makes, and the steps that are forecast."""

    site: Site
    rule: Rule
    scenario: Scenario
    steps: tuple[Step, ...]

    @property
    def network(self) -> Network:
        """What is simulated."""
        return network_of(self.scenario)


def builds_of(cases: Cases, rules: Rules, moment: Moment) -> Iterator[Build]:
    """Every site whose start is known, and is not before the date from which forecasts are made."""
    counters: dict[str, Milestone] = {}
    there = False
    for site in cases.sites:
        if site.started is None or (isinstance(moment, dt.date) and site.started < moment):
            continue
        rule, values = rules.of(site)
        if rule.scenario not in counters:
            counters[rule.scenario] = _counter(rules, rule)
        planned = _planned(rules, site)
        steps = tuple(step for step in site.steps if planned is None or step.buildings <= planned)
        steps = steps if site.steps else tuple(Step(count) for count in sorted({1, planned or 1}))
        there = True
        yield Build(site, rule, _scenario(site, rules, rule, values, counters[rule.scenario], steps), steps)
    if not there:
        raise RequestError(f"no site of '{cases.name}' is left to forecast: each needs a start, after --as-of if given")


def _planned(rules: Rules, site: Site) -> int | None:
    """How many buildings the site will have, as far as it is known or taken."""
    cell = rules.cells(site).get("buildings", "")
    return int(cell) if cell.isdecimal() else None


def _counter(rules: Rules, rule: Rule) -> Milestone:
    """The milestone of a template that dates its first operational building."""
    scenario = load(rules.path.parent / rule.scenario, root=rules.path.parent)
    milestone = scenario.milestones.get(OPERATIONAL)
    if milestone is None or milestone.activity is None or milestone.reaches != 1:
        message = f"a template has a milestone '{OPERATIONAL}: {{activity: NAME, reaches: 1}}' of work at each building"
        raise ScenarioError([scenario.document.problem(("milestones", OPERATIONAL), message)], rule.scenario)
    return milestone


def milestone_of(buildings: int) -> str:
    """The milestone at which so many buildings are operational."""
    return OPERATIONAL if buildings == 1 else f"{OPERATIONAL}_{buildings}"


def _scenario(
    site: Site, rules: Rules, rule: Rule, values: Mapping[str, Any], counter: Milestone, steps: Sequence[Step]
) -> Scenario:
    """The template with the values of a site, and a milestone for every step."""
    place = {} if counter.place is None else {"in": counter.place}
    milestones = {
        milestone_of(step.buildings): {"activity": counter.activity, "reaches": step.buildings, **place}
        for step in steps
    }
    layer = {"name": site.name, "extends": rule.scenario, "milestones": milestones}
    try:
        scenario = load(layer, overrides=values, root=rules.path.parent)
    except ScenarioError as error:
        raise ScenarioError(error.problems, f"'{site.name}' by {rules.path}, rule in line {rule.line}") from None
    if scenario.zero.date() != site.started:
        message = f"day zero is {scenario.zero:%Y-%m-%d}, and the site started on {site.started}: set it by the rule"
        raise ScenarioError([Problem("", message, rules.path.name, rule.line)], str(rules.path))
    return scenario
