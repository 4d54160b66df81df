"""What a simulated build offers to those who keep it or draw it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from dcsim.network import Network
from dcsim.scenario.schema import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from dcsim.study.result import Result


class Run(Protocol):
    """One simulated build: where it came from, and its tables."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def network(self) -> Network: ...
    @property
    def engine(self) -> str: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def replication(self) -> int: ...
    @property
    def finished(self) -> bool: ...
    @property
    def end(self) -> int: ...
    @property
    def ended(self) -> datetime: ...
    @property
    def activities(self) -> "pd.DataFrame": ...
    @property
    def attempts(self) -> "pd.DataFrame": ...
    @property
    def shortages(self) -> "pd.DataFrame": ...
    @property
    def deliveries(self) -> "pd.DataFrame": ...
    @property
    def milestones(self) -> "pd.DataFrame": ...
    @property
    def observed(self) -> "pd.DataFrame": ...
    @property
    def supplies(self) -> "pd.DataFrame": ...
    @property
    def usage(self) -> "pd.DataFrame": ...
    @property
    def waits(self) -> "pd.DataFrame": ...
    @property
    def stuck(self) -> "pd.DataFrame": ...


TABLES = ("activities", "attempts", "shortages", "deliveries", "milestones", "supplies", "usage", "stuck")
"""The tables that are kept of a build."""


EXPECTED = "expected"
"""What stands for the seed of a build with expected values."""


def about(result: Run) -> dict[str, Any]:
    """What tells one build of a scenario from another, and how it ended."""
    return {
        "engine": result.engine,
        "seed": EXPECTED if result.seed is None else result.seed,
        "replications": [result.replication],
        "finished": result.finished,
        "horizon": result.network.date(result.network.horizon).isoformat(),
    }


def chance(result: Run) -> str:
    """Where a build's uncertain quantities come from, in words."""
    if result.seed is None:
        return "expected values"
    return f"seed {result.seed}" + (f", replication {result.replication}" if result.replication else "")


def layers(scenario: Scenario) -> tuple[str, ...]:
    """What was laid over a scenario: variants, single values, options taken, risks that something is done against."""
    document = scenario.document
    return _laid(document.variants, document.overrides, document.options, document.mitigated)


def layers_of(findings: "Result") -> tuple[str, ...]:
    """The same of a result. One that was read back has the resolved scenario, and its manifest says what was laid."""
    about = findings.about
    told = _laid(
        about.get("variants", ()), about.get("overrides", {}), about.get("options", ()), about.get("mitigated", ())
    )
    return told or layers(findings.scenario)


def _laid(
    variants: Iterable[str], values: Mapping[str, Any], options: Iterable[str], mitigated: Iterable[str]
) -> tuple[str, ...]:
    given = (f"{path}={value}" for path, value in values.items())
    return (*variants, *given, *options, *(f"{risk} mitigated" for risk in mitigated))
