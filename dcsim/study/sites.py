"""Sites as scenarios: what the rules make of each, with a milestone for every step that is asked for."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import hypot, inf
from pathlib import Path
from typing import Any

import numpy as np

from dcsim.analysis.frames import days
from dcsim.document.words import counted
from dcsim.engine import choose
from dcsim.engine.philox import refuse_uncountable
from dcsim.errors import Problem, RequestError, ScenarioError
from dcsim.network import Network
from dcsim.scenario.cases import SITES, STAGES, STEPS, Cases, Site, Stage, Step
from dcsim.scenario.cells import LEFT_OUT, UNKNOWN, Assumed, word
from dcsim.scenario.files import ARCHETYPES
from dcsim.scenario.load import load
from dcsim.scenario.rules import Rule, Rules, filled, named, read_rules, unknown
from dcsim.scenario.schema import Scenario, Sighting
from dcsim.scenario.sightings import read_stage
from dcsim.study.cash import network_of
from dcsim.study.design import RANDOM
from dcsim.study.manifest import Count, Fields, Sha256
from dcsim.study.past import ROLLING, Moment
from dcsim.study.replicate import Working, refuse_nonsense
from dcsim.study.replications import Asked
from dcsim.study.room import most_kept
from dcsim.study.scores import Days, Seen, label_error
from dcsim.study.threads import Pool
from dcsim.study.trials import Designed, nothing_chosen, reached
from dcsim.trace import Ints
from dcsim.units import parse_date

OPERATIONAL = "operational"
"""The milestone that a template dates: one building is operational."""

ABOUT: Fields = {"subject": list[str], "as_of": str, "rules": Sha256, "cases": dict[str, Sha256]}
ABOUT |= {"fingerprints": dict[str, Sha256], "without_start": list[str]}
ABOUT |= {"before_as_of": Count, "beyond_plan": Count, "replications": Count}
ABOUT |= {"assumed": (list[dict[str, str | int]], [])}
"""What is said of a result about real sites."""


def moment_of(as_of: str | dt.date | None) -> Moment:
    """Until when facts are known, as it was asked."""
    if as_of is None or isinstance(as_of, dt.date):
        return as_of or ""
    if as_of == ROLLING:
        return ROLLING
    try:
        return parse_date(as_of).date()
    except ValueError as error:
        raise RequestError(f"--as-of: {error}, or '{ROLLING}'") from None


def rules_of(template: str | Path | None, cases: Cases) -> Rules:
    """The rules in a file; those of the archetypes that come with dcsim if none is given."""
    return read_rules(ARCHETYPES / "rules.yaml" if template is None else Path(template), cases)


@dataclass(frozen=True)
class Build:
    """A site, the scenario that its rule makes, and the steps that are forecast."""

    site: Site
    rule: Rule
    scenario: Scenario
    steps: tuple[Step, ...]
    sightings: tuple[Sighting, ...]
    """The stages that were seen, as far as the scenario has them."""
    unread: int
    """How many stages it does not have."""
    assumed: tuple[Assumed, ...] = ()
    """What was taken in the place of cells."""

    @property
    def network(self) -> Network:
        """What is simulated."""
        return network_of(self.scenario)


def builds_of(cases: Cases, rules: Rules, moment: Moment) -> tuple[list[Build], list[Assumed]]:
    """Every site whose start is known, and is not before the date from which forecasts are made; and those of which no
    scenario can be made.

    Raises
    ------
    ScenarioError
        The rules cannot make a scenario of any site.
    RequestError
        No site is left.
    """
    templates: dict[tuple[str, ...], Scenario] = {}
    builds: list[Build] = []
    lost: list[Assumed] = []
    errors: list[ScenarioError] = []
    for site in cases.sites:
        if site.started is None or (isinstance(moment, dt.date) and site.started < moment):
            continue
        try:
            builds.append(_build(site, rules, templates))
        except LostSiteError as error:
            errors.append(error.reason)
            lost.append(Assumed(site.name, "", "", LEFT_OUT, _first(error.reason), SITES, site.line))
    if errors and not builds:
        raise errors[0]
    if not builds:
        raise RequestError(f"no site of '{cases.name}' is left to forecast: each needs a start, after --as-of if given")
    return builds, lost


class LostSiteError(Exception):
    """No scenario can be made of a site, though the rules are right."""

    def __init__(self, reason: ScenarioError) -> None:
        super().__init__(reason)
        self.reason = reason


def _build(site: Site, rules: Rules, templates: dict[tuple[str, ...], Scenario]) -> Build:
    """A site as its rule has it, with defaults for the cells of which no scenario can be made."""
    site, assumed = rules.settled(site)
    try:
        rule, _ = rules.of(site)
    except ScenarioError as error:
        raise LostSiteError(error) from None
    if rule.scenario not in templates:
        templates[rule.scenario] = _template(rules, rule)
    template = templates[rule.scenario]
    site, meant = _in_words(site, rules, rule, template)
    planned = _planned(rules, site)
    steps = tuple(step for step in site.steps if planned is None or step.buildings <= planned)
    steps = steps if site.steps else tuple(Step(count) for count in sorted({1, planned or 1}))
    stages = [stage for stage in site.stages if stage.stage != OPERATIONAL]
    read = [stage for stage in stages if stage.stage in template.milestones and stage.buildings <= (planned or 1)]
    sightings, milestones = _sightings(site, template, read)
    made = partial(_scenario, rules=rules, rule=rule, milestones={**milestones, **_steps(template, steps)})
    site, scenario, replaced = _usable(site, rules, rule, made)
    if scenario.zero.date() != site.started:
        message = f"day zero is {scenario.zero:%Y-%m-%d}, but the site started on {site.started}: set `start`"
        raise ScenarioError([Problem("", message, rules.path.name, rule.line)], str(rules.path))
    return Build(site, rule, scenario, steps, sightings, len(stages) - len(read), (*assumed, *meant, *replaced))


def _in_words(site: Site, rules: Rules, rule: Rule, template: Scenario) -> tuple[Site, list[Assumed]]:
    """A site in the words of the parameters that its rule sets: `other`, or the default, for one that is not known."""
    cells, assumed = dict(site.cells), []
    for path, value in rule.set.items():
        column = value[1:-1] if isinstance(value, str) and value == f"{{{value[1:-1]}}}" else ""
        parameter = template.parameters.get(path.removeprefix("parameters."))
        known = [f"{choice}" for choice in parameter.choices] if column in cells and parameter else []
        if not known or cells[column] in known:
            continue
        meant, reason = word(cells[column], known)
        if not meant and "other" in known and cells[column] != UNKNOWN:
            meant, reason = "other", "none of the words that are known"
        elif not meant and column in rules.defaults:
            meant, reason = rules.defaults[column].value, unknown(rules.defaults[column])
        if reason:
            assumed.append(Assumed(site.name, column, cells[column], meant, reason, SITES, site.line))
        cells[column] = meant or cells[column]
    return replace(site, cells=cells), assumed


def _usable(
    site: Site, rules: Rules, rule: Rule, made: Callable[[Site], Scenario]
) -> tuple[Site, Scenario, list[Assumed]]:
    """A site with the scenario that is made of it: as its cells say, with a default for the one of which none can be
    made, or with all defaults; raises LostSiteError where none can be made even so."""
    columns = [name for name in dict.fromkeys(named(rule.set)) if name in rules.defaults]
    columns = [name for name in columns if site.cells.get(name) != rules.defaults[name].value]
    first: ScenarioError | None = None
    for wrong in ([], *([name] for name in columns), columns):
        tried = replace(site, cells=dict(site.cells) | {name: rules.defaults[name].value for name in wrong})
        try:
            scenario = made(tried)
            network_of(scenario)
        except ScenarioError as error:
            first = first or error
        else:
            reason = _first(first) if first else ""
            given = [
                Assumed(site.name, name, site.cells[name], rules.defaults[name].value, reason, SITES, site.line)
                for name in wrong
            ]
            return tried, scenario, given
    assert first is not None
    known = {name: default.value for name, default in rules.defaults.items()}
    values = {path: filled(value, known) for path, value in rule.set.items() if set(named(value)) <= set(known)}
    try:
        load({"name": rule.archetype, "extends": list(rule.scenario)}, overrides=values, root=rules.path.parent)
    except ScenarioError:
        raise first from None  # the rule is wrong, for any site
    raise LostSiteError(first)


def _first(error: ScenarioError) -> str:
    """The first thing that is wrong."""
    return error.problems[0].message


def _planned(rules: Rules, site: Site) -> int | None:
    """How many buildings the site will have, as far as it is known or taken."""
    cell = rules.cells(site).get("buildings", "")
    return int(cell) if cell.isdecimal() else None


def _template(rules: Rules, rule: Rule) -> Scenario:
    """The template of a rule, of which a milestone dates the first operational building."""
    scenario = load({"name": rule.archetype, "extends": list(rule.scenario)}, root=rules.path.parent)
    milestone = scenario.milestones.get(OPERATIONAL)
    if milestone is None or milestone.activity is None or milestone.reaches != 1:
        message = f"a template needs a milestone '{OPERATIONAL}: {{activity: NAME, reaches: 1}}' of each building"
        raise ScenarioError([scenario.document.problem(("milestones", OPERATIONAL), message)], rule.archetype)
    return scenario


def _sightings(site: Site, template: Scenario, stages: Sequence[Stage]) -> tuple[tuple[Sighting, ...], dict[str, Any]]:
    """What was seen of a site before it was operational, with the milestones that count it.

    The error of the start of the site belongs to each: the scenario counts from there.
    """
    sightings: list[Sighting] = []
    milestones: dict[str, Any] = {}
    for stage in stages:
        bounds, added = read_stage(template, stage.stage, stage.buildings, stage.state)
        milestones |= added
        sightings += [sighting(name, way, stage.date, hypot(stage.error, site.error)) for name, way in bounds.items()]
    return tuple(sightings), milestones


def sighting(milestone: str, way: str, date: dt.date, error: float) -> Sighting:
    """How a date, good to so many days, bounds a milestone."""
    return Sighting.model_validate({"milestone": milestone, way: date.isoformat(), "error": f"{error:.1f} d"})


def _steps(template: Scenario, steps: Sequence[Step]) -> dict[str, Any]:
    """A milestone for every step."""
    counter = template.milestones[OPERATIONAL]
    place = {} if counter.place is None else {"in": counter.place}
    return {
        milestone_of(step.buildings): {"activity": counter.activity, "reaches": step.buildings, **place}
        for step in steps
    }


def milestone_of(buildings: int) -> str:
    """The milestone at which so many buildings are operational."""
    return OPERATIONAL if buildings == 1 else f"{OPERATIONAL}_{buildings}"


def _scenario(site: Site, rules: Rules, rule: Rule, milestones: Mapping[str, Any]) -> Scenario:
    """The template with the values of a site, and these milestones."""
    layer = {"name": site.name, "extends": list(rule.scenario), "milestones": dict(milestones)}
    try:
        return load(layer, overrides=rules.of(site)[1], root=rules.path.parent)
    except ScenarioError as error:
        where = f"{SITES}, line {site.line}, '{site.name}', by {rules.path}, rule in line {rule.line}"
        raise ScenarioError(error.problems, where) from None


def about_of(
    cases: Cases, rules: Rules, builds: Sequence[Build], lost: Sequence[Assumed], moment: Moment
) -> dict[str, Any]:
    """What is known before any score: fingerprints of tables, rules and scenarios, what was assumed, and left out."""
    without = [site.name for site in cases.sites if site.started is None]
    later = [step for build in builds for step in build.site.steps if step not in build.steps]
    called = "the archetypes of dcsim" if rules.path.parent == ARCHETYPES else str(rules.path)
    return {
        "subject": [counted(len(builds), "site"), cases.name, called],
        "as_of": str(moment),
        "rules": rules.sha256,
        "cases": dict(cases.sha256),
        "fingerprints": {build.site.name: build.scenario.document.sha256 for build in builds},
        "without_start": without,
        "before_as_of": len(cases.sites) - len(without) - len(builds) - len(lost),
        "beyond_plan": len(later),
        "unread": sum(build.unread for build in builds),
        "assumed": [entry._asdict() for entry in _assumed(cases, builds, lost)],
    }


def _assumed(cases: Cases, builds: Sequence[Build], lost: Sequence[Assumed]) -> list[Assumed]:
    """All that was taken in the place of cells, in the order of the tables: of each cell what was taken in the end."""
    last: dict[tuple[str, ...], Assumed] = {}
    for entry in (*cases.assumed, *(entry for build in builds for entry in build.assumed), *lost):
        key = (entry.file, f"{entry.line}", entry.column)
        before = last.get(key)
        if before is not None:
            entry = entry._replace(found=before.found, reason=f"{before.reason}; {entry.reason}")
        last[key] = entry
    return sorted(last.values(), key=lambda entry: ((SITES, STEPS, STAGES).index(entry.file), entry.line))


@dataclass(frozen=True, eq=False)
class Simulated:
    """What is kept of the replications of a site."""

    build: Build
    days: Mapping[int, Days]
    """The day from the start of the site in each, by how many buildings are operational; infinite if it never comes."""
    dated: Ints
    """The minutes that date the milestones: replications by milestones."""

    def __len__(self) -> int:
        """How many replications there are."""
        return len(self.dated)

    def __add__(self, more: "Simulated") -> "Simulated":
        """With more replications of the same site."""
        days = {count: np.append(self.days[count], more.days[count]) for count in self.days}
        return Simulated(self.build, days, np.concatenate([self.dated, more.dated]))


def at_random(_site: str) -> Designed:
    """Nothing is chosen for any site."""
    return nothing_chosen


@dataclass(frozen=True)
class Simulating:
    """How sites are simulated: with one seed, by the engine that is faster for all of them."""

    engine: str
    seed: int
    pool: Pool
    progress: Callable[[int, int], None]

    @classmethod
    def of(
        cls, builds: Sequence[Build], n: int, seed: int, working: Working, progress: Callable[[int, int], None]
    ) -> "Simulating":
        """So many replications of each of these sites; raises RequestError where a number makes no sense."""
        refuse_nonsense(Asked(n), RANDOM, working)
        refuse_uncountable(seed, n - 1)
        columns = max(2 * len(build.network.milestones) + len(build.steps) for build in builds)
        if n > (most := most_kept(columns) // len(builds)):
            raise RequestError(
                f"{n:,} replications of {counted(len(builds), 'site')} need too much memory: at most -n {most:,}"
            )
        engine = choose(working.engine, n * sum(build.network.instances for build in builds))
        return cls(engine, seed, working.pool(engine), progress)

    def sites(
        self, builds: Sequence[Build], n: int, designed: Callable[[str], Designed] = at_random
    ) -> list[Simulated]:
        """So many replications of every site, with the uniform numbers that are chosen for it."""
        simulated = []
        for k, build in enumerate(builds):

            def show(ready: int, _: int, before: int = k * n) -> None:
                self.progress(before + ready, len(builds) * n)

            simulated.append(self.site(build, range(n), designed(build.site.name), show))
        return simulated

    def site(
        self,
        build: Build,
        numbers: range,
        designed: Designed,
        progress: Callable[[int, int], None] = lambda done, count: None,
    ) -> Simulated:
        """The replications of a site with these numbers."""
        network, days_ = build.network, {}
        ends = reached(network, self.engine, self.seed, numbers, self.pool, designed, progress)
        names = [milestone.name for milestone in network.milestones]
        for count in sorted({step.buildings for step in build.steps}):
            name = milestone_of(count)
            day = days(network, ends.ticks[:, names.index(name)], network.zero_of(name))
            days_[count] = np.nan_to_num(np.asarray(day, np.float64), nan=inf)
        return Simulated(build, days_, ends.dated)


def seen_of(site: Site, step: Step) -> Seen:
    """When a step was seen, in days from the start of its site; both dates have their errors."""
    assert step.date is not None
    assert site.started is not None
    day = float((step.date - site.started).days)
    if step.operational:
        return Seen(day, label_error(site.error, step.error))
    return Seen(day - step.error, label_error(site.error), censored=True)
