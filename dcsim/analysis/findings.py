"""What every study comes to: tables, with what they were asked of. Kept, drawn, printed and read back as one thing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcsim.scenario.schema import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Findings:
    """The result of one question, as a folder holds it.

    The tables of each kind, and what their columns mean, are told by the study that makes them.
    """

    kind: str
    """Which question: `run`, `replications`, `explanation`, `lost`, `comparison`, `sweep`, `drivers`, `orders`,
    `mitigations`."""
    scenario: Scenario
    """What was simulated; of several scenarios the first."""
    about: Mapping[str, Any]
    """The manifest: version, seed, replications, variants, fingerprint of the scenario, and the answer in numbers."""
    tables: Mapping[str, "pd.DataFrame"]
    """By name."""
