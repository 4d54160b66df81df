"""Whether a scenario makes sense: names that exist, units that fit, places that are there."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.checks.branches import check_branches, check_branches_in_places
from dcsim.scenario.checks.breakdown import grow_places
from dcsim.scenario.checks.cash import check_cash
from dcsim.scenario.checks.correlations import check_correlated_names, check_correlations
from dcsim.scenario.checks.dates import (
    check_fitted,
    check_milestones,
    check_milestones_in_places,
    check_seen,
    check_seen_in_places,
)
from dcsim.scenario.checks.finance import check_finance, check_finance_in_places
from dcsim.scenario.checks.names import check_names
from dcsim.scenario.checks.parameters import check_parameters
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.references import check_references
from dcsim.scenario.checks.risks import check_risks, check_targets
from dcsim.scenario.checks.sharing import check_sharing
from dcsim.scenario.checks.size import check_size
from dcsim.scenario.checks.supplies import check_supplies, check_supplies_in_places
from dcsim.scenario.checks.times import check_calendars, check_clock
from dcsim.scenario.checks.work import check_work, check_work_in_places
from dcsim.scenario.document import Document, Key
from dcsim.scenario.schema import Scenario

_SINGLE_VALUES = (("name",), ("start",), ("day_zero",), ("horizon",), ("description",), ("as_of",), ("author",))
_STAND_INS = {"name": "scenario", "start": "2000-01-01"}


def check(scenario: Scenario) -> None:
    """Raise ScenarioError with all that makes no sense; what the network alone shows, its builder finds.

    Probable mistakes that can be simulated become the scenario's warnings.
    """
    findings = Problems(scenario.document)
    check_names(scenario, findings)
    check_parameters(scenario, findings)
    check_references(scenario, findings)
    check_targets(scenario, findings)
    check_correlated_names(scenario, findings)
    end = check_clock(scenario, findings)
    check_calendars(scenario, end, findings)
    check_work(scenario, findings)
    check_supplies(scenario, findings)
    check_sharing(scenario, findings)
    check_risks(scenario, end, findings)
    check_branches(scenario, findings)
    check_milestones(scenario, findings)
    check_seen(scenario, findings)
    check_fitted(scenario, findings)
    check_finance(scenario, findings)
    check_cash(scenario, findings)
    places = grow_places(scenario, findings)
    if places is not None and check_size(scenario, places, end, findings):
        check_work_in_places(scenario, places, findings)
        check_branches_in_places(scenario, places, findings)
        check_supplies_in_places(scenario, places, findings)
        check_milestones_in_places(scenario, places, findings)
        check_seen_in_places(scenario, places, findings)
        check_correlations(scenario, places, findings)
        check_finance_in_places(scenario, places, findings)
    if findings.problems:
        raise ScenarioError(in_order(findings.problems, scenario.document.name), scenario.document.name)
    scenario._warnings = tuple(in_order(findings.warnings, scenario.document.name))


def unknown_names(document: Document, spoiled: Sequence[Key]) -> list[Problem]:
    """Names that stand for nothing, in a scenario of which some values cannot be read: these are left out."""
    if any(len(path) <= 2 and path not in _SINGLE_VALUES for path in spoiled):
        return []  # whole things are missing, so nothing can be said about their names
    values = {**_STAND_INS, **deepcopy(dict(document.values))}
    for path in spoiled:
        _leave_out(values, path)
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError:
        return []
    scenario._document = document
    findings = Problems(document)
    check_references(scenario, findings)
    check_targets(scenario, findings)
    check_correlated_names(scenario, findings)
    return findings.problems


def in_order(problems: Sequence[Problem], name: str) -> list[Problem]:
    """Problems in the order of their lines, those of the file itself first; each once."""
    unique = dict.fromkeys(problems)
    of_sites = [problem for problem in unique if problem.path.startswith("include.")]  # read once more in `sites`
    for problem in of_sites:
        unique.pop(replace(problem, path=f"sites{problem.path.removeprefix('include')}"), None)
    return sorted(unique, key=lambda problem: (problem.file not in ("", name), problem.file, problem.line or 0))


def _leave_out(values: Any, path: Key) -> None:
    """Take the value at a path out, if it is there; what the schema needs has a stand-in."""
    for part in path[:-1]:
        inside = isinstance(values, list) and isinstance(part, int) and part < len(values)
        if not inside and not (isinstance(values, dict) and part in values):
            return
        values = values[part]
    if isinstance(values, dict):
        values.pop(path[-1], None)
        if len(path) == 1 and path[0] in _STAND_INS:
            values[path[0]] = _STAND_INS[str(path[0])]
