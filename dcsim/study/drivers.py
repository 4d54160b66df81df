"""What moves a date or a figure: many builds in which the uncertain inputs are varied together, and one at a time.

Whatever is drawn by place is an input too: which of the seed's replications a build is. Builds of the same replication
differ only in what is drawn for the whole site, so that the indices tell chance among racks and crews from the rest.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis import sensitivity
from dcsim.analysis.milestones import date_by
from dcsim.analysis.quantiles import Interval, order_statistics
from dcsim.analysis.sensitivity import Input, Points
from dcsim.engine import AUTO, LOG, choose
from dcsim.engine.philox import refuse_uncountable
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.campaign import Campaign, Keeping, answered
from dcsim.study.cash import network_of
from dcsim.study.drivers_words import CHARTS, first_answer, report
from dcsim.study.finance import Money
from dcsim.study.inputs import inputs_of
from dcsim.study.manifest import Count, Fields
from dcsim.study.outcome import Asking, Outcome, in_manifest, outcome_of
from dcsim.study.replicate import Progress
from dcsim.study.result import Result
from dcsim.study.room import refuse_too_many
from dcsim.study.seen import refuse_seen
from dcsim.study.threads import pool_for
from dcsim.study.trials import AtPoints
from dcsim.trace import NOT
from dcsim.units import DAY

MAIN = "drivers"
TABLES = {
    "drivers": "input kind at_low:number at_high:number "
    + " ".join(
        f"{name}:number {name}_low:number {name}_high:number"
        for name in ("correlation", "first", "total", "swing", "information", "p80_better")
    )
}
ABOUT: Fields = {"milestone": str | None, "points": Count, "outcome": (dict[str, Any] | None, None)}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "drivers", "report"]
POINTS = 512
"""Default number of points for the indices."""


def drivers(
    scenario: Scenario,
    *,
    milestone: str | None = None,
    outcome: str | None = None,
    party: str | None = None,
    n: int = POINTS,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Rank the uncertain inputs by how far they move a milestone or a figure of finance.

    The table `drivers` has one row per input, the one with the largest total index first: input, kind (factor, risk,
    branch, order, activity, money, places); correlation by ranks with the outcome; first and total, the shares of its
    variance that the input explains alone and with all its interactions; at_low and at_high, how far the mean moves
    with it at its P10 and its P90 (a risk: does not occur, occurs; a branch: its first way, its last), all others at
    random; swing, what is between these; information, how much better the worst fifth of builds (of days the latest,
    those beyond the P80) would be on average if it were known, and p80_better, how much better the P80 (where more is
    better, the P20). Days are counted in days, money in its currency. All but at_low and at_high with a 95 % interval:
    `first_low`, `first_high`. A build that does not reach the milestone counts as if it did at the horizon.

    Parameters
    ----------
    scenario, milestone
        From `load`; and the milestone whose day it is about.
    outcome, party
        A figure of finance that it is about instead, such as `npv`, whose uncertain prices and rates are inputs too;
        and the party, or the loan, whose figure it is; all parties together if not given.
    n
        The most points for the indices of an input, a power of two; a quarter of them for its ends. An input has no
        more points once its shares of the variance are known to 0.57 / sqrt(n) (0.025 with 512 points), and no more
        at its ends once its swing is known to 2.26 / sqrt(n) standard deviations (0.1). Of points that come to the
        same thing (a risk that does not occur) one is simulated.
    seed, workers, executor, engine, out, resume, overwrite, progress
        As in `sweep`.

    Raises
    ------
    RequestError
        There is no such outcome, n is no power of two, or the milestone is never reached, or some builds have no such
        figure; it is a ValueError too. ResultError, as in `sweep`.
    """
    refuse_seen(scenario, "drivers")
    network = network_of(scenario)
    asked = outcome_of(scenario, network, milestone, outcome, party)
    inputs, points = _inputs_and_points(scenario, network, asked, n, seed, engine)
    chosen = choose(engine, network.instances * len(points))
    asking = Asking((asked,), chosen, seed, pool_for(chosen, workers, executor))
    about = {"milestone": None if asked.is_figure else asked.name, **in_manifest([asked]), "seed": seed, "points": n}

    def answer(campaign: Campaign | None) -> Result:
        return _result(_Builds(asking, scenario, network, inputs, points, campaign, progress), inputs, points, n, about)

    return answered("drivers", scenario, about, Keeping(out, resume, overwrite), answer)


def _result(builds: "_Builds", inputs: Sequence[Input], points: Points, n: int, about: Mapping[str, Any]) -> Result:
    """The inputs by how far they move the outcome, with what was asked for."""
    values, asking = _at_points(builds, inputs, points, n), builds.asking
    table = sensitivity.table(inputs, n, points, values, asking.seed, asking.outcomes[0].measure.more_is_better)
    beside = _about(builds, sensitivity.plain_points(inputs, n), values, table)
    return Result("drivers", builds.scenario, {**about, "builds": builds.count, **beside}, {"drivers": table})


def _inputs_and_points(
    scenario: Scenario, network: Network, asked: Outcome, n: int, seed: int, engine: str
) -> tuple[tuple[Input, ...], Points]:
    """What is uncertain, of finance too where a figure is asked for, and the points at which it is varied."""
    money = {}
    if asked.is_figure:
        money = Money.of(scenario, network).uncertain(choose(engine, network.instances * 8 * n))
    inputs = inputs_of(network, money)
    refuse_uncountable(seed, 0)
    refuse_too_many(scenario, 2 * n * (len(inputs) + 2), sum(len(drawn_input.quantities) for drawn_input in inputs))
    return inputs, sensitivity.sample(inputs, n, seed)


SLICE = 512
"""Builds that are kept together in a folder."""


class _Builds:
    """The outcome at points: points that come to the same thing are simulated once, and so is what a folder holds."""

    def __init__(
        self,
        asking: Asking,
        scenario: Scenario,
        network: Network,
        inputs: Sequence[Input],
        points: Points,
        campaign: Campaign | None,
        progress: Progress,
    ) -> None:
        self.asking, self.scenario, self.network = asking, scenario, network
        self.campaign, self.progress = campaign, progress
        self.names = [quantity for drawn_input in inputs for quantity in drawn_input.quantities][:-1]
        self.distinct, of_point = np.unique(sensitivity.settled(inputs, points), axis=0, return_inverse=True)
        self.of_point = of_point.ravel()  # NumPy 2.0 has it as a column
        self.replication = np.unique(self.distinct[:, -1], return_inverse=True)[1]
        self.known = pd.DataFrame({"value": np.nan, "dated": np.full(len(self.distinct), NOT), "done": 0})
        self.parts = 0
        progress(0, len(self.distinct))

    @property
    def count(self) -> int:
        """How many replications were run."""
        return int(self.known["done"].sum())

    def at(self, wanted: NDArray[np.int64]) -> pd.DataFrame:
        """The value and the date at some points, simulated where they are not known."""
        numbers = np.unique(self.of_point[wanted])
        numbers = numbers[self.known["done"].to_numpy()[numbers] == 0]
        numbers = numbers[np.argsort(self.replication[numbers], kind="stable")]  # these share most of their chance
        size = max(1, len(numbers)) if self.campaign is None else SLICE
        for first in range(0, len(numbers), size):
            self._keep(numbers[first : first + size])
        return self.known.iloc[self.of_point[wanted]]

    def _keep(self, numbers: NDArray[np.int64]) -> None:
        """Simulate these points, or read what a folder holds of them."""
        name, self.parts = f"point-{self.parts:05d}", self.parts + 1
        part = None if self.campaign is None else self.campaign.part(name)
        if part is None:
            part = self._simulated(numbers)
            if self.campaign is not None:
                self.campaign.keep(name, part)
        self.known.iloc[numbers] = part.to_numpy()
        self.progress(self.count, len(self.known))

    def _simulated(self, numbers: NDArray[np.int64]) -> pd.DataFrame:
        done, all_points = self.count, len(self.known)

        def show(further: int, _: int) -> None:
            self.progress(done + further, all_points)

        designed, outcome = AtPoints(self.names, self.distinct[numbers, :-1]), self.asking.outcomes[0]
        outcomes = self.asking.simulated(self.scenario, self.network, self.replication[numbers], designed, show)
        dated = np.full(len(numbers), NOT) if outcomes.ends is None else outcomes.ends.dated
        return pd.DataFrame({"value": outcomes.values[outcome], "dated": dated, "done": 1})


def _at_points(builds: _Builds, inputs: Sequence[Input], points: Points, n: int) -> NDArray[np.float64]:
    """The outcome at all points that are needed, the others not a number; what never comes counts as at the end."""
    values = np.full(len(builds.of_point), np.nan)
    while len(wanted := sensitivity.wanted(inputs, n, values)):
        outcomes = builds.at(wanted)["value"].to_numpy()
        if np.isnan(values).all():
            _refuse_unreached(outcomes, builds)
            values[wanted] = _counted(outcomes, builds)
            LOG.info(
                first_answer(builds.asking.outcomes[0], values[wanted], _ranks(inputs, points[wanted], values[wanted]))
            )
        values[wanted] = _counted(outcomes, builds)
    builds.progress(builds.count, builds.count)
    return values


def _ranks(inputs: Sequence[Input], points: Points, values: NDArray[np.float64]) -> dict[str, Interval]:
    """The rank correlation of each input that has a size, where it is known."""
    sizes = zip(inputs, sensitivity.columns_of(inputs), strict=True)
    ranks = {
        drawn.name: sensitivity.rank_correlation(drawn.size(points[:, k]), values) for drawn, k in sizes if drawn.size
    }
    return {name: rank for name, rank in ranks.items() if np.isfinite(rank.estimate)}


def _refuse_unreached(values: NDArray[np.float64], builds: _Builds) -> None:
    """Something that never comes cannot be ranked; raises RequestError."""
    outcome, network = builds.asking.outcomes[0], builds.network
    if np.isnan(values).all():
        end = f"{network.date(network.horizon):%Y-%m-%d}"
        why = f"no replication reaches '{outcome.name}' by {end}: dcsim replicate lists what is missing"
        raise RequestError(f"no replication has {outcome.label}" if outcome.is_figure else why)


def _counted(values: NDArray[np.float64], builds: _Builds) -> NDArray[np.float64]:
    """The same values, days that never come as if they did at the end of the simulation, or of the statements."""
    outcome, network, missing = builds.asking.outcomes[0], builds.network, np.isnan(values)
    if not outcome.measure.is_day and missing.any():
        many = f"{missing.sum():,} of {len(values):,} replications"
        raise RequestError(f"{outcome.label} has no value in {many}, and cannot be ranked: ask for another figure")
    last = (network.horizon - network.day_zero) / DAY
    if outcome.is_figure and missing.any():
        money = Money.of(builds.scenario, network)
        last = float(money.days(np.array([money.months.count - 1]))[0])
    return np.where(missing, last, values)


def _about(
    builds: _Builds, plain: NDArray[np.int64], values: NDArray[np.float64], table: pd.DataFrame
) -> dict[str, Any]:
    """The outcome over the points that are drawn at random, and what stands beside the table."""
    simulated, plain_values, network = builds.at(plain), values[plain], builds.network
    reached, outcome = np.isfinite(simulated["value"].to_numpy()), builds.asking.outcomes[0]
    dated = simulated["dated"].to_numpy(np.int64)
    p80_date = None if outcome.is_figure else date_by(network, dated, sensitivity.LEVEL)
    level = 1 - sensitivity.LEVEL if outcome.measure.more_is_better else sensitivity.LEVEL
    p80 = order_statistics(np.where(reached, plain_values, np.nan), level)
    return {
        "reached": float(reached.mean()),
        "mean": float(plain_values.mean()),
        "sd": float(plain_values.std(ddof=1)),
        "p80": p80.estimate,
        "p80_low": p80.low,
        "p80_high": p80.high,
        "independent": len(plain),
        "p80_date": None if p80_date is None else p80_date.isoformat(),
        "alone": float(table["first"].sum(skipna=False)),
        "correlated": bool(network.mixtures),
        "horizon": network.date(network.horizon).isoformat(),
    }
