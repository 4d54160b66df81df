"""What carries the dates: every assumption at its low and at its high value, one at a time.

Each value that says `low` or `high` beside itself is set to it, everything else is left alone, and the build is
run with expected values. A fitted parameter goes to the ends of its prior range instead, and a distribution that says
neither to its P10 and its P90. What is said about mitigations and options that are not taken is left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.milestones import milestone_table
from dcsim.analysis.notebook import as_html
from dcsim.build import build
from dcsim.engine import ENGINES, Engine, choose
from dcsim.engine.draws import Expectation, draw
from dcsim.errors import Problem, ScenarioError
from dcsim.network import Network
from dcsim.scenario.document import Citation, Key, dotted
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Fitted, Scenario
from dcsim.scenario.values import parse_uncertain, read_span
from dcsim.study.ranges import ends_of, uncertain_of
from dcsim.study.replications import known_name
from dcsim.study.result import Result

Days = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Told how many runs of how many are done."""

FITTED, ASSUMED, SOURCED, DISTRIBUTED = "fitted", "assumption", "source", "distribution"
LOW, HIGH = "low", "high"

_HOW = "write {value: 4 d, assumption: why, low: 3 d, high: 6 d}"


@dataclass(frozen=True)
class Assumption:
    """A value with the range in which it is believable, and why it is what it is."""

    path: str
    """Where it stands: `activities.energize.duration`."""
    value: Any
    """As written."""
    low: Any
    """As written; none where there is no such end."""
    high: Any
    kind: str
    """`fitted`, `assumption`, `source`, or `distribution` where its ends are P10 and P90."""
    source: str
    """Key of its source; empty if it has none."""
    reason: str
    """Why it was assumed, what to know about it, or what its source says."""


@dataclass(frozen=True, eq=False)
class Assumptions:
    """How far every assumption moves the milestones of a scenario."""

    scenario: Scenario
    milestones: tuple[str, ...]
    """The milestones looked at, in the order of the scenario."""
    days: Mapping[str, float]
    """The day of each with every value as it stands; infinite if it is not reached."""
    assumptions: tuple[Assumption, ...]
    shifts: NDArray[np.float64]
    """(assumption, low or high, milestone): days later; infinite where it is reached no more, NaN if not run."""

    def _repr_html_(self) -> str:
        note = "days by which each value at its low and high end moves the milestones; positive is later"
        return as_html(self.scenario.name, self.table.drop(columns=["source", "reason"]), note)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per assumption, the most important first.

        Columns: path, value, low, high, kind, source, reason, and for each milestone its shift in days at the
        low and at the high value (`installed_100k_low`): positive is later, infinite is never, empty was not
        given.
        """
        rows = [vars(self.assumptions[k]) for k in self.order]
        frame = pd.DataFrame(rows, columns=["path", "value", LOW, HIGH, "kind", "source", "reason"], dtype=object)
        for number, name in enumerate(self.milestones):
            for side, end in enumerate((LOW, HIGH)):
                frame[f"{name}_{end}"] = self.shifts[self.order, side, number]
        return frame

    @cached_property
    def order(self) -> list[int]:
        """The assumptions by their largest shift, in the order of the file where it is the same."""
        return sorted(range(len(self.assumptions)), key=lambda k: -self.largest(k))

    @cached_property
    def findings(self) -> Result:
        """The table, with the days of the milestones as everything stands."""
        return Result("assumptions", self.scenario, {"milestones": dict(self.days)}, {"assumptions": self.table})

    def largest(self, number: int) -> float:
        """The largest shift of any milestone at either end of an assumption, in days."""
        return float(np.max(np.nan_to_num(np.abs(self.shifts[number]), nan=0.0, posinf=np.inf), initial=0.0))


def assumptions(scenario: Scenario, milestones: Sequence[str], engine: str, progress: Progress) -> Assumptions:
    """Run a scenario with each of its assumptions at both ends, and tell how far the milestones move.

    Raises RequestError for milestones that the scenario does not have, ScenarioError for values that it cannot have.
    """
    chosen = chosen_milestones(scenario, milestones)
    network = build(scenario)
    found = _all_of(scenario, network)
    if not found:
        message = f"nothing is uncertain, and no value says within which range it is believable; {_HOW}"
        raise ScenarioError([Problem("", message)], scenario.document.name)
    ends = [(k, side, value) for k, one in enumerate(found) for side, value in enumerate((one.low, one.high))]
    ends = [(k, side, value) for k, side, value in ends if value is not None]
    compute = ENGINES[choose(engine, network.instances * len(ends))]()
    here = _days(network, chosen, compute)
    shifts = np.full((len(found), 2, len(chosen)), np.nan)
    problems: list[Problem] = []
    for done, (k, side, value) in enumerate(ends, start=1):
        try:
            there = _days(build(_with(scenario, found[k].path, value)), chosen, compute)
        except ScenarioError as error:
            problems += [_at_the_end(scenario, found[k], side, problem) for problem in error.problems]
        else:
            shifts[k, side] = _later(here, there)
        progress(done, len(ends))
    if problems:
        raise ScenarioError(problems, scenario.document.name)
    days = dict(zip(chosen, here.tolist(), strict=True))
    return Assumptions(scenario, chosen, days, found, shifts)


def assumptions_of(scenario: Scenario) -> tuple[Assumption, ...]:
    """The values of a scenario that say within which range they are believable, in the order of the file."""
    return tuple(_found(scenario))


def _all_of(scenario: Scenario, network: Network) -> tuple[Assumption, ...]:
    """The same, and behind them the distributions that say nothing of a range."""
    found = {one.path: one for one in assumptions_of(scenario)}
    for path, quantity in uncertain_of(scenario):
        name = dotted(path)
        if (
            name not in found
            and path not in scenario.document.formulas
            and (ends := ends_of(scenario, network, path, quantity)) is not None
        ):
            citation = scenario.document.citations.get(
                path, Citation(scenario.document.find(".".join(map(str, path)))[1])
            )
            source = citation.source or ""
            reason = citation.assumption or citation.note or _said(scenario, source)
            found[name] = Assumption(name, citation.value, *ends, DISTRIBUTED, source, reason)
    return tuple(found.values())


def _found(scenario: Scenario) -> Iterator[Assumption]:
    fitted = dict(scenario.fitted)
    for path, citation in scenario.document.citations.items():
        name = dotted(path)
        if name in fitted:
            yield _fitted(name, citation.value, fitted.pop(name), citation)
        elif (citation.low is not None or citation.high is not None) and not _of_measures(path):
            kind, source = SOURCED if citation.source else ASSUMED, citation.source or ""
            reason = citation.assumption or citation.note or _said(scenario, source)
            yield Assumption(name, citation.value, citation.low, citation.high, kind, source, reason)
    for name, free in fitted.items():
        yield _fitted(name, scenario.document.find(name)[1], free, Citation(None))


def _of_measures(path: Key) -> bool:
    """Whether this is said about what may be done, rather than about the build as it stands."""
    return path[0] == "options" or "mitigation" in path


def _said(scenario: Scenario, source: str) -> str:
    """What a source says."""
    return scenario.sources[source].what if source else ""


def _fitted(path: str, value: Any, fitted: Fitted, citation: Citation) -> Assumption:
    """A free parameter, which may be anywhere in its prior range."""
    low, high = _ends(fitted.prior)
    reason = citation.assumption or fitted.note or citation.note
    return Assumption(path, value, low, high, FITTED, fitted.source or citation.source or "", reason)


def _ends(prior: str) -> tuple[str, str]:
    """Both ends of a prior range as they would be written: `3 to 9 wk` goes from 3 wk to 9 wk."""
    try:
        low, high = map(str, parse_uncertain(prior, read_span).values)
    except ValueError:
        low, high = prior.split(" to ", 1)
    return low.strip(), high.strip()


def chosen_milestones(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The milestones that were asked for, else those with an observed date or a target, else all; in their order.

    Raises
    ------
    RequestError
        There is no such milestone.
    """
    known = {known_name(name, tuple(scenario.milestones)) for name in names}
    wanted = known or {name for name, one in scenario.milestones.items() if one.observed or one.target}
    return tuple(name for name in scenario.milestones if name in wanted or not wanted)


def _with(scenario: Scenario, path: str, value: Any) -> Scenario:
    """The same scenario with one value changed."""
    return changed(scenario, overrides={path: value})


def _days(network: Network, milestones: Sequence[str], compute: Engine) -> Days:
    """The day of each milestone with expected values; infinite if it is not reached."""
    trace = compute(network, draw(network, Expectation()))
    table = milestone_table(network, trace.reached, trace.dated)
    return table.set_index("milestone").loc[list(milestones), "day"].fillna(np.inf).to_numpy(np.float64)


def _later(here: Days, there: Days) -> Days:
    """So many days later; what is reached in neither has not moved."""
    neither = np.isinf(here) & np.isinf(there)
    return np.where(neither, 0.0, np.subtract(there, here, where=~neither, out=np.zeros_like(here)))


def _at_the_end(scenario: Scenario, one: Assumption, side: int, problem: Problem) -> Problem:
    """What is wrong with a low or a high value, told where it stands."""
    where = f" ({problem.path})" if problem.path and problem.path != one.path else ""
    key = next((k for k in scenario.document.positions if dotted(k) == one.path), ())
    return scenario.document.problem(key, f"`{(LOW, HIGH)[side]}`: {problem.message}{where}")
