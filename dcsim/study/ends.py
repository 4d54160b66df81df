"""The days of milestones with one value at its low or at its high end; processes that reckon them load this alone."""

from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.engine import expected
from dcsim.errors import Problem, ScenarioError
from dcsim.model import build
from dcsim.network import Network
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.trace import NOT
from dcsim.units import DAY

Days = NDArray[np.float64]


@dataclass(frozen=True)
class AtEnds:
    """The day of each milestone with one value at an end, or what is wrong with it."""

    engine: str
    scenario: Scenario
    milestones: tuple[str, ...]
    ends: tuple[tuple[str, Any], ...]
    """Paths, each with the value there."""

    def __call__(self, first: int, last: int, stopped: Event, /) -> list[Days | tuple[Problem, ...]]:
        days: list[Days | tuple[Problem, ...]] = []
        for path, value in self.ends[first:last]:
            if stopped.is_set():
                raise CancelledError
            try:
                network = build(changed(self.scenario, overrides={path: value}))
                days.append(expected_days(network, self.milestones, self.engine))
            except ScenarioError as error:
                days.append(tuple(error.problems))
        return days


def expected_days(network: Network, milestones: Sequence[str], engine: str) -> Days:
    """The day of each milestone with expected values; infinite if it is not reached."""
    reached = dict(
        zip((milestone.name for milestone in network.milestones), expected(engine, network).reached, strict=True)
    )
    ticks, zeros = ([of(name) for name in milestones] for of in (reached.__getitem__, network.zero_of))
    return np.where(np.equal(ticks, NOT), np.inf, np.subtract(ticks, zeros) / DAY)
