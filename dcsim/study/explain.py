"""Why a milestone is when it is: its driving chain in one build, and what its days are made of over many."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import criticality, days_by_cause, segments
from dcsim.analysis.notebook import as_html
from dcsim.build import network_of
from dcsim.distributions import Fixed
from dcsim.engine import AUTO, ENGINES
from dcsim.engine.chain import chains
from dcsim.engine.draws import Draws, Expectation, Sample
from dcsim.engine.draws import draw as settle
from dcsim.engine.tables import Table
from dcsim.errors import RequestError
from dcsim.network import Network, Risk
from dcsim.scenario.schema import Scenario
from dcsim.study.design import RANDOM, designed
from dcsim.study.replicate import Working, replicate
from dcsim.study.replications import Asked, Replications, known_milestone
from dcsim.study.result import Result
from dcsim.study.store import keep
from dcsim.trace import NOT, Ints, Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TYPICAL = -1
"""Stands for the replication whose day is nearest to the median."""

MOST_WITHOUT_RISKS = 128
"""Builds that are run again to see what risks do; the difference is paired, so that few are enough."""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """What the days of a milestone are made of.

    The chain runs backwards from what reached the milestone: to the predecessor that finished last, to whoever gave
    back or delivered what was missing, and so on to the start. Its segments add up to the milestone's tick.
    """

    scenario: Scenario
    network: Network
    milestone: str
    many: Replications
    """The builds over which days and criticality are told."""
    told: int | None
    """The replication whose chain is told; none where it is the build with expected values."""
    draws: Draws
    chain: Table
    expected_day: float
    """The day of the milestone with every quantity at its mean; not a number if it is not reached."""
    expected_date: datetime | None
    risks: float
    """Days by which risks move its mean, against their likelier outcomes; not a number where that is not known."""

    def __repr__(self) -> str:
        return f"Explanation('{self.scenario.name}', milestone='{self.milestone}', n={self.many.n})"

    @cached_property
    def segments(self) -> pd.DataFrame:
        """The driving chain of one build in order of time.

        Columns: milestone, kind, name, activity, place (who worked or waited), begins, ends (ticks), days, from, to.
        """
        return segments(self.network, self.draws, self.milestone, self.chain)

    @cached_property
    def days(self) -> pd.DataFrame:
        """What the days since day zero were spent on, most first: kind, name, mean, p10, p90 (days), index.

        The means add up to the mean day over the replications that reached the milestone; `index` is the share of them
        whose chain leads through it.
        """
        return days_by_cause(self.network, *self._reached)

    @cached_property
    def criticality(self) -> pd.DataFrame:
        """How often each activity, resource, supply, order, risk and calendar drives: kind, name, index, low, high."""
        return criticality(self.network, self._reached[1])

    @property
    def _reached(self) -> tuple[Ints, NDArray[np.bool_]]:
        spent, touched = self.many.chains(self.milestone)
        reached = ~np.isnan(self.many.days_of(self.milestone))
        return spent[reached], touched[reached]

    @property
    def bias(self) -> float:
        """Days by which the median is later than the expected day; not a number if either is not there."""
        p50 = self.many.interval(self.milestone, 0.5).estimate
        return p50 - self.expected_day if np.isfinite(p50) else np.nan

    @property
    def biases(self) -> dict[str, float]:
        """What the bias is made of, in days that add up to it; empty where not every build reaches the milestone.

        `skewness` is the median less the mean. `risks` is the mean less that of the same builds with every risk and
        branch at its likeliest outcome, as with expected values. `merging` is the rest: the latest of several means
        comes before the mean of the latest, where paths merge, and where work waits for resources, supplies or
        calendars.
        """
        days = self.many.days_of(self.milestone)
        if np.isnan(days).any() or np.isnan(self.bias):
            return {}
        skewness = self.bias + self.expected_day - float(days.mean())
        return {"skewness": skewness, "risks": self.risks, "merging": self.bias - skewness - self.risks}

    @property
    def noise(self) -> float:
        """Days within which the parts of the bias are not known: twice the standard error of the mean."""
        days = self.many.days_of(self.milestone)
        return float(2 * np.nanstd(days) / np.sqrt(len(days)))

    @staticmethod
    def _iso(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat()

    @cached_property
    def findings(self) -> Result:
        """All tables, with what was asked: what is kept, drawn and reported."""
        about = {
            "milestone": self.milestone,
            "seed": self.many.seed,
            "sampling": self.many.sampling,
            "replications": self.many.n,
            "told": self.told,
            "p50": self.many.interval(self.milestone, 0.5).estimate,
            "p80": self.many.interval(self.milestone, 0.8).estimate,
            **{f"p{level}_date": self._iso(self.many.date_by(self.milestone, level / 100)) for level in (50, 80)},
            "expected_date": self._iso(self.expected_date),
            "mean_day": float(self.days["mean"].sum()) if len(self.days) else None,
            "reached": float(np.mean(~np.isnan(self.many.days_of(self.milestone)))),
            "expected_day": self.expected_day,
            "bias": self.bias,
            "biases": self.biases,
        }
        tables = {"days": self.days, "criticality": self.criticality, "segments": self.segments}
        tables |= {"chain": self.many.chain, "stuck": self.many.stuck}
        return Result("explanation", self.scenario, about, tables)

    def _repr_html_(self) -> str:
        told = f"{self.scenario.name}: {self.milestone}, mean days by what they were spent on"
        return as_html(told, self.days, f"{self.many.n} replications, seed {self.many.seed}")

    def save(self, folder: str | Path) -> Path:
        """Write the tables, the resolved scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        return keep(self.findings, folder)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw what the days are made of."""
        from dcsim.figures.gallery import draw

        return draw(self.findings, ax=ax)


def explain(
    scenario: Scenario,
    *,
    milestone: str,
    n: int = 256,
    seed: int = 0,
    replication: int | None = TYPICAL,
    workers: int | None = None,
    engine: str = AUTO,
    sampling: str = RANDOM,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Explanation:
    """Tell what drives a milestone: the chain of one build, and days by cause over many.

    Parameters
    ----------
    scenario
        From `load`.
    milestone
        The milestone to explain.
    n
        How many replications days and criticality are taken over.
    seed
        The same seed gives the same builds as in `replicate`.
    replication
        Whose chain is told: a number, None for the build with expected values; that nearest to the median if not given.
    workers, engine, sampling, progress
        As in `replicate`.

    Raises
    ------
    RequestError
        There is no such milestone or replication.
    """
    network = network_of(scenario)
    number = [one.name for one in network.milestones].index(known_milestone(network, milestone))
    asked, working = Asked(n, explain=(milestone,)), Working(engine, workers)
    many = replicate(scenario, network, seed, sampling, asked, working, progress)
    compute = ENGINES[many.engine]()
    expected = settle(network, Expectation())
    trace = compute(network, expected)
    there = trace.reached[number] != NOT
    day, date = (network.day(trace.reached[number]), network.date(trace.dated[number])) if there else (np.nan, None)
    risks = _moved_by_risks(many, milestone, working)
    if replication is None:
        chain = _chain(trace, expected, number)
        return Explanation(scenario, network, milestone, many, None, expected, chain, day, date, risks)
    told = _typical(many, milestone) if replication == TYPICAL else replication
    if told < 0:
        raise RequestError(f"replications are counted from 0, got {told}")
    draws = settle(network, Sample(seed, told, designed(network, sampling, seed, told)))
    chain = _chain(compute(network, draws), draws, number)
    return Explanation(scenario, network, milestone, many, told, draws, chain, day, date, risks)


def _moved_by_risks(many: Replications, milestone: str, working: Working) -> float:
    """Mean days by which risks and branches move a milestone, beside the same builds with the likeliest of each."""
    network = many.network
    if all(risk.probability in (0, 1) for risk in network.risks) and not network.branches:
        return 0.0
    risks = tuple(map(_likelier, network.risks))
    branches = tuple(replace(one, way=Fixed(one.way.mean)) for one in network.branches)
    likelier = replace(network, risks=risks, branches=branches)
    asked = Asked(min(many.n, MOST_WITHOUT_RISKS))
    few = replicate(many.scenario, likelier, many.seed, many.sampling, asked, working, lambda *_: None)
    return float(np.mean(many.days_of(milestone)[: few.n] - few.days_of(milestone)))


def _likelier(risk: Risk) -> Risk:
    """A risk that strikes as often as with expected values, and surely."""
    often = ceil(risk.probability * (1 if risk.every else risk.times) - 0.5)
    return replace(risk, probability=float(often > 0), times=risk.times if risk.every else max(1, often))


def _chain(trace: Trace, draws: Draws, number: int) -> Table:
    (chain,) = chains(trace, draws, [trace.network.milestones[number].gate])
    return chain


def _typical(many: Replications, milestone: str) -> int:
    """The replication whose day is nearest to the median; the first if most do not reach the milestone."""
    days = many.days_of(milestone)
    median = many.interval(milestone, 0.5).estimate
    return int(np.nanargmin(np.abs(days - median))) if np.isfinite(median) else 0
