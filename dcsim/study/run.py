"""One run: it is simulated, and its result is a set of tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd

from dcsim.analysis.frames import explained
from dcsim.analysis.milestones import milestone_table
from dcsim.analysis.result import EXPECTED
from dcsim.analysis.stuck import stuck_table
from dcsim.analysis.supplies import supply_table
from dcsim.analysis.usage import usage_table
from dcsim.analysis.waits import end_of
from dcsim.engine import ENGINES, choose
from dcsim.engine.draws import Draws, Expectation, Sample, draw
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.schedule.network import floats
from dcsim.study.cash import network_of
from dcsim.study.course import TABLES, observed, waits
from dcsim.study.design import RANDOM, designed
from dcsim.study.result import Properties, Result
from dcsim.trace import Trace


@dataclass(frozen=True, eq=False, repr=False)
class Run(Result):
    """One simulated run: what happened, as pandas frames.

    Ticks are minutes since the start of the scenario (see `frame.attrs`); what did not happen is empty.
    """

    kind: str = field(init=False, default="run")
    about: Mapping[str, Any] = field(init=False)
    tables: Mapping[str, pd.DataFrame] = field(init=False)
    network: Network
    draws: Draws
    trace: Trace
    engine: str
    seed: int | None
    """None for a run with expected values."""
    replication: int = 0

    def __post_init__(self) -> None:
        about = {
            "engine": self.engine,
            "seed": EXPECTED if self.seed is None else self.seed,
            "replications": [self.replication],
            "finished": self.finished,
            "ended": self.ended.isoformat(),
            "horizon": self.network.date(self.network.horizon).isoformat(),
        }
        object.__setattr__(self, "about", about)
        object.__setattr__(self, "tables", Properties(self, TABLES))

    def __repr__(self) -> str:
        chance = "expected values" if self.seed is None else f"seed={self.seed}, replication={self.replication}"
        return f"Run('{self.scenario.name}', {chance}, finished={self.finished})"

    @property
    def finished(self) -> bool:
        """Whether every activity finished within the horizon."""
        return self.trace.finished

    @property
    def end(self) -> int:
        """The tick at which the tables of this run end: its last finish, or the horizon if it is unfinished."""
        return end_of(self.network, self.trace.finish)

    @property
    def ended(self) -> datetime:
        """The minute that dates its end (see `dcsim.dates`)."""
        return self.network.date(self.end - min(self.trace.eve[self.trace.finish == self.end].tolist(), default=False))

    @cached_property
    def activities(self) -> pd.DataFrame:
        """One row per activity and place: activity, place, ready, start, finish, attempts, used, held_by.

        With expected values also what the critical path method says without limits of resources and supplies:
        early_start, early_finish, late_start, late_finish (ticks), total_float, free_float (working days), critical.
        """
        table = self.trace.activities()
        if self.seed is None:
            table = table.join(floats(self.network, self.draws))
        return explained(table, self.network)

    @cached_property
    def attempts(self) -> pd.DataFrame:
        """One row per attempt and repair of activities with rework."""
        return explained(self.trace.attempts_table(), self.network)

    @cached_property
    def shortages(self) -> pd.DataFrame:
        """What every queue waited for, how many did: activity, place, kind, from, to, cause, waiting."""
        return explained(self.trace.shortages(), self.network)

    @cached_property
    def deliveries(self) -> pd.DataFrame:
        """What arrived: tick, supply, place, amount, origin (order or production), order (its name)."""
        return explained(self.trace.deliveries(), self.network)

    @cached_property
    def milestones(self) -> pd.DataFrame:
        """One row per milestone: replication, milestone, tick, day (from day zero), date."""
        return milestone_table(self.network, self.trace.reached, self.trace.dated, self.replication)

    @cached_property
    def observed(self) -> pd.DataFrame:
        """Milestones beside the dates observed in the world, with the difference in days."""
        return observed(self)

    @cached_property
    def supplies(self) -> pd.DataFrame:
        """One row per change of a supply: supply, place, unit, tick, level (in stock), total (ever there)."""
        return supply_table(self.trace)

    @cached_property
    def usage(self) -> pd.DataFrame:
        """One row per change of a resource: resource, place, tick, used, capacity (how many units there are)."""
        return usage_table(self.trace, self.draws)

    @cached_property
    def waits(self) -> pd.DataFrame:
        """What the build waited for, longest first: cause, days, waiting_days, activities."""
        return waits(self)

    @cached_property
    def stuck(self) -> pd.DataFrame:
        """What an unfinished build is stuck on: activity, place, state, waits_for, there, needed."""
        return stuck_table(self.trace, self.draws)


def simulate(
    scenario: Scenario,
    *,
    seed: int = 0,
    replication: int = 0,
    engine: str = "reference",
    sampling: str = RANDOM,
    expected: bool = False,
) -> Run:
    """Simulate a scenario once.

    Parameters
    ----------
    scenario
        From `load`.
    seed
        The same seed gives the same run, to the byte.
    replication
        The number of the replication of this seed, from 0.
    engine
        `reference`, `compiled`, or `auto` (the faster); all give the same trace.
    sampling
        The sampling of `replicate`, to repeat one of its replications: `random`, `lhs` or `sobol`.
    expected
        Every uncertain quantity at its mean, every risk at its more likely outcome, instead of a draw.
    """
    network = network_of(scenario)
    draws = draw(network, Expectation() if expected else _sample(network, seed, replication, sampling))
    chosen = choose(engine, network.instances)
    trace = ENGINES[chosen]()(network, draws)
    return Run(scenario, network, draws, trace, chosen, None if expected else seed, replication)


def _sample(network: Network, seed: int, replication: int, sampling: str) -> Sample:
    if sampling == RANDOM:
        return Sample(seed, replication)
    return Sample(seed, replication, designed(network, sampling, seed, replication))
