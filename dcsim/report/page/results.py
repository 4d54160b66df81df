"""The results a page is made of: those that belong to one scenario, and the milestone it answers for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from dcsim.analysis.result import layers_of
from dcsim.dates import Limit
from dcsim.document.names import labelled
from dcsim.document.words import NEVER
from dcsim.errors import RequestError, ResultError
from dcsim.network import Network
from dcsim.report.page.words import date
from dcsim.scenario.schema import Milestone, Scenario
from dcsim.study.cash import network_of
from dcsim.study.outcome import Outcome, asked_about, figure_of, refuse_both
from dcsim.study.result import Result
from dcsim.suggest import nearest, shorten

COMPARISON = "comparison"


@dataclass(frozen=True)
class Results:
    """Everything that was found about one scenario."""

    findings: tuple[Result, ...]
    scenario: Scenario
    milestone: str
    """The one the page answers for; empty where the scenario has none."""
    outcome: Outcome | None = None
    """The figure of finance that the page answers for instead."""

    def of(self, kind: str) -> list[Result]:
        """The results of one kind, in the order in which they were given."""
        return [finding.labelled for finding in self.findings if finding.kind == kind]

    def first(self, kind: str, about_milestone: str | None = None) -> Result | None:
        """The first result of a kind, of those that were asked about a milestone; none if there is none."""
        return next(
            (finding for finding in self.of(kind) if about_milestone in (None, finding.about.get("milestone"))),
            None,
        )

    @property
    def of_sites(self) -> bool:
        """Whether they tell of many sites, and of no scenario."""
        return all("subject" in finding.about for finding in self.findings)

    @property
    def name(self) -> str:
        """What the page stands under: the scenario, or which sites these are."""
        return ", ".join(map(str, self.findings[0].about["subject"])) if self.of_sites else self.scenario.name

    @cached_property
    def labels(self) -> dict[str, str]:
        """What the page calls things, by name."""
        return {name: label for finding in reversed(self.findings) for name, label in finding.labels.items()}

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The layers of the scenario, as far as a result knows them: a run of the resolved scenario does not."""
        layers = (layers_of(finding.labelled) for finding in self.findings if same(finding.scenario, self.scenario))
        return next((layers for layers in layers if layers), ())

    @cached_property
    def network(self) -> Network:
        """What is simulated: how far the clock runs, and how many units its milestones reach."""
        return network_of(self.scenario)


def together(
    findings: Sequence[Result], milestone: str | None = None, outcome: str | None = None, party: str | None = None
) -> Results:
    """Results as one, if they belong to one scenario.

    Raises
    ------
    ResultError
        They are of different scenarios; a comparison may stand beside what it compares.
    RequestError
        There are none, or there is no such milestone or figure.
    """
    if not findings:
        raise RequestError("nothing to report: give at least one result folder")
    own = [finding for finding in findings if finding.kind != COMPARISON] or list(findings[:1])
    scenario = own[0].scenario
    for finding in findings:
        if _stranger(finding, scenario):
            raise ResultError(
                f"results of different scenarios do not fit on one page: {_named(scenario)} ({own[0].kind}) and "
                f"{_named(finding.scenario)} ({finding.kind}); report each alone, or add a comparison of them"
            )
    refuse_both([milestone or ""], outcome, party)
    figure = None if milestone is not None else _figure(findings, scenario, outcome, party)
    results = Results(tuple(findings), scenario, _asked(findings, scenario, milestone), figure)
    return replace(results, milestone=labelled(results.milestone, results.labels))


def _figure(findings: Sequence[Result], scenario: Scenario, outcome: str | None, party: str | None) -> Outcome | None:
    """The figure that was asked for, or that all results are about."""
    if outcome is not None:
        return figure_of(scenario, network_of(scenario), outcome, party)[0]
    if any(finding.kind in ("run", "replications") or finding.about.get("milestone") for finding in findings):
        return None
    return next((asked_about(finding)[0] for finding in findings if finding.about.get("outcome")), None)


def _stranger(result: Result, scenario: Scenario) -> bool:
    """Whether a result is not of this scenario. A comparison is at home with each of the scenarios it compares."""
    if same(result.scenario, scenario):
        return False
    return scenario.document.sha256 not in result.about.get("fingerprints", {}).values()


def same(scenario: Scenario, second: Scenario) -> bool:
    """Whether two scenarios are the same once resolved."""
    return scenario is second or scenario.document.sha256 == second.document.sha256


def _named(scenario: Scenario) -> str:
    return f"'{shorten(scenario.name)}' {scenario.document.sha256[:12]}"


def _asked(findings: Sequence[Result], scenario: Scenario, milestone: str | None) -> str:
    milestones = scenario.milestones
    if milestone is not None:
        if milestone not in milestones:
            raise RequestError(f"no milestone '{shorten(milestone)}'{nearest(milestone, milestones, 'milestones')}")
        return milestone
    asked = [name for finding in findings if (name := finding.about.get("milestone")) in milestones]
    of_date = [name for name, milestone in milestones.items() if wanted(milestone) is not None]
    return next(iter([*asked, *reversed(of_date), *reversed(milestones)]), "")


def wanted(milestone: Milestone) -> tuple[Limit, str] | None:
    """The date a milestone is measured by and what it means: its target, else the first that was observed."""
    if milestone.target is not None:
        return milestone.target, "target"
    return next(((observation.date, observation.meaning or "observed") for observation in milestone.observed), None)


def built(results: Results) -> dict[str, dict[Any, Any]]:
    """The day and date of every milestone in one build, by name; those not reached are left out."""
    run = results.first("run")
    rows = [] if run is None else run.tables["milestones"].dropna(subset=["day"]).to_dict("records")
    return {row["milestone"]: row for row in rows}


def on(row: Mapping[Any, Any], level: str) -> str:
    """The date of a quantile, from a row that tells it; `never` where it is beyond the horizon."""
    return dated(row.get(f"{level}_date"))


def dated(moment: Any) -> str:
    """The date of a moment; `never` where there is none."""
    return NEVER if moment is None or pd.isna(moment) else date(pd.Timestamp(moment))
