"""What moves a date: many builds in which the uncertain inputs are varied together, and one at a time.

Whatever is drawn by place is an input too: which of the seed's replications a build is. Builds of the same replication
differ only in what is drawn for the whole site, so that the indices tell chance among racks and crews from the rest.
"""

from concurrent.futures import CancelledError
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis import sensitivity
from dcsim.analysis.frames import days
from dcsim.analysis.milestones import date_by
from dcsim.analysis.quantiles import quantile
from dcsim.analysis.result import layers
from dcsim.analysis.sensitivity import Input, Points
from dcsim.build import network_of
from dcsim.engine import AUTO, choose, new_runner
from dcsim.engine.philox import refuse_uncountable
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.inputs import inputs_of
from dcsim.study.replicate import Progress, in_threads, threads
from dcsim.study.replications import known_milestone
from dcsim.study.result import Result
from dcsim.study.room import refuse_too_many
from dcsim.trace import NOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 512
"""Points for the indices, if not told otherwise."""
CHUNK = 128
"""Builds run one after the other by the same thread."""


@dataclass(frozen=True, eq=False, repr=False)
class Drivers:
    """How each uncertain input moves the date of a milestone."""

    scenario: Scenario
    network: Network
    milestone: str
    engine: str
    seed: int
    n: int
    inputs: tuple[Input, ...]
    points: Points
    """Uniform numbers, builds by what is drawn for the inputs."""
    reached: NDArray[np.int64]
    """The tick of the milestone in each of these builds."""
    dated: NDArray[np.int64]
    """The minute that dates it."""

    def __repr__(self) -> str:
        return f"Drivers('{self.scenario.name}', milestone='{self.milestone}', n={self.n}, seed={self.seed})"

    @cached_property
    def days(self) -> NDArray[np.float64]:
        """The day of the milestone in every build; where it was not reached that of the horizon, which it is beyond."""
        return np.asarray(days(self.network, np.where(self.reached == NOT, self.network.horizon, self.reached)))

    @property
    def p80_date(self) -> datetime | None:
        """The date of the P80; None beyond the horizon."""
        return date_by(self.network, self.dated[sensitivity.plain_points(self.inputs, self.n)], sensitivity.LEVEL)

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """One row per input, the one with the largest total index first.

        Columns: input, kind (factor, risk, branch, order, activity, places); correlation by ranks with the day; first
        and total, the shares of the day's variance that it explains alone and with all its interactions; low_day and
        high_day, how many days the mean moves with it at its P10 and its P90 (a risk: does not occur, occurs; a branch:
        its first way, its last), all others at random; swing, the days between these; information, how many days
        earlier the latest fifth of builds, those beyond the P80, would be on average if it were known, and p80_sooner,
        how many days earlier the P80. All but low_day and high_day with a 95 % interval: `first_low`, `first_high`.
        """
        return sensitivity.table(self.inputs, self.n, self.points, self.days, self.seed)

    @cached_property
    def about(self) -> dict[str, Any]:
        """What was asked, and the date that moves: mean, sd and p80 in days, the share of builds that reached it."""
        plain = sensitivity.plain_points(self.inputs, self.n)
        values, first = self.days[plain], float(self.drivers["first"].sum(skipna=False))
        return {
            "milestone": self.milestone,
            "seed": self.seed,
            "replications": self.n,
            "builds": len(self.points),
            "reached": float((self.reached[plain] != NOT).mean()),
            "mean": float(values.mean()),
            "sd": float(values.std(ddof=1)),
            "p80": quantile(np.where(self.reached[plain] == NOT, np.nan, values), sensitivity.LEVEL),
            "alone": first,
            "horizon": self.network.date(self.network.horizon).isoformat(),
        }

    @cached_property
    def findings(self) -> Result:
        """The table, with what was asked: what is kept, drawn and reported."""
        return Result("drivers", self.scenario, self.about, {"drivers": self.drivers})

    def _repr_html_(self) -> str:
        from dcsim.analysis.notebook import as_html

        title = " · ".join([self.scenario.name, *layers(self.scenario), self.milestone, f"seed {self.seed}"])
        columns = ["input", "kind", "low_day", "high_day", "correlation", "first", "total", "information"]
        return as_html(title, self.drivers[columns], f"{len(self.points):,} builds")

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw by how many days each input moves the mean, the largest swing on top."""
        from dcsim.figures.gallery import draw

        return draw(self.findings, ax=ax)

    def save(self, folder: str | Path) -> Path:
        """Write the table, the resolved scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        from dcsim.study.store import keep

        return keep(self.findings, folder)


def drivers(
    scenario: Scenario,
    *,
    milestone: str,
    n: int = POINTS,
    seed: int = 0,
    workers: int | None = None,
    engine: str = AUTO,
    progress: Progress = lambda done, count: None,
) -> Drivers:
    """Which uncertain inputs move a milestone, by how many days, and what it is worth to know them.

    Parameters
    ----------
    scenario
        From `load`.
    milestone
        Whose day it is about.
    n
        Points from which the indices are told, a power of two; the builds are n x (inputs + 2), and half as many again
        for the ends of the inputs.
    seed
        The same seed gives the same answer, to the byte, whatever the engine and the number of workers.
    workers
        Threads; the number of cores if not given. The reference engine uses one.
    engine
        `compiled`, `reference`, or `auto`: whichever is there sooner.
    progress
        Told how many builds are done, and how many there will be.

    Raises
    ------
    RequestError
        There is no such milestone, n is no power of two, or the milestone is never reached; it is a ValueError too.
    UnavailableError
        SALib is not installed.
    """
    network = network_of(scenario)
    names = [one.name for one in network.milestones]
    known_milestone(network, milestone)
    inputs = inputs_of(network)
    refuse_uncountable(seed, 0)
    refuse_too_many(scenario, 2 * n * (len(inputs) + 2), sum(len(one.quantities) for one in inputs))
    points = sensitivity.sample(inputs, n, seed)
    chosen = choose(engine, network.instances * len(points))
    builds = _Builds(network, chosen, seed, names.index(milestone), inputs, points)
    reached = builds.run(threads(chosen, workers), progress)
    if (reached == NOT).all():
        horizon = network.date(network.horizon)
        raise RequestError(
            f"'{milestone}' is reached in no build by {horizon:%Y-%m-%d}: dcsim replicate tells what is missing"
        )
    return Drivers(scenario, network, milestone, chosen, seed, n, inputs, points, reached, builds.dated)


@dataclass
class _Builds:
    """Builds at points; those of the same replication one after the other, since they share most of their chance."""

    network: Network
    engine: str
    seed: int
    milestone: int
    inputs: tuple[Input, ...]
    points: Points

    def __post_init__(self) -> None:
        self.names = [quantity for one in self.inputs for quantity in one.quantities][:-1]
        self.replication = np.unique(self.points[:, -1], return_inverse=True)[1]
        self.order = np.argsort(self.replication, kind="stable")
        self.reached, self.dated = np.full((2, len(self.points)), NOT, np.int64)

    def run(self, workers: int, progress: Progress) -> NDArray[np.int64]:
        """The tick of the milestone at every point."""
        count, done = len(self.points), 0
        spans = [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
        progress(done, count)
        for some in in_threads(spans, workers, self._some):
            done += some
            progress(done, count)
        return self.reached

    def _some(self, first: int, last: int, stopped: Event) -> int:
        runner = new_runner(self.engine, self.network, self.seed)
        for point in self.order[first:last].tolist():
            if stopped.is_set():
                raise CancelledError
            designed = dict(zip(self.names, self.points[point, :-1].tolist(), strict=True))
            outcome = runner.run(int(self.replication[point]), designed)
            self.reached[point], self.dated[point] = outcome.reached[self.milestone], outcome.dated[self.milestone]
        return last - first
