"""The same build with other values in turn: how a date moves when crews, shares and dates of orders do.

All points have the same random numbers, so that they differ by their values alone.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from dcsim.analysis.frames import explained, moments, typed
from dcsim.analysis.milestones import date_at
from dcsim.analysis.stuck import STUCK
from dcsim.engine import AUTO, choose
from dcsim.errors import Problem, ScenarioError
from dcsim.network import Network
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.assumptions import chosen_milestones
from dcsim.study.axes import Axis, Point, axes_of, point_in_words, points_of
from dcsim.study.campaign import Campaign, Keeping, answered
from dcsim.study.cash import network_of
from dcsim.study.design import RANDOM
from dcsim.study.manifest import Count, Fields
from dcsim.study.measures import MOST_BUILT
from dcsim.study.outcome import Asking, Outcome, in_manifest, outcome_of, refuse_both
from dcsim.study.replicate import Progress, Working, replicate
from dcsim.study.replications import Asked
from dcsim.study.result import Result
from dcsim.study.seen import Agreed, about_seen, agreed
from dcsim.study.sweep_words import CHARTS, report
from dcsim.study.trials import at_least_one

MAIN = "points"
TABLES = {
    "points": "point:whole outcome party p10:number p50:number p80:number p90:number mean:number reached:number"
    " p50_date:time p80_date:time",
    "outcomes": "point:whole replication:whole outcome party value:number date:time",
    "stuck": f"point:whole {STUCK}",
}
ABOUT: Fields = {"over": Annotated[list[str], Field(min_length=1)], "values": list[list[Any]]}
ABOUT |= {"samples": Count | None, "milestones": list[str], "replications": Count}
ABOUT |= {"outcome": (dict[str, Any] | None, None)}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "report", "sweep"]
Built = tuple[Scenario, Network]
"""A point, ready to run."""
MEASURES = ("p10", "p50", "p80", "p90", "mean", "reached", "p50_date", "p80_date")
"""The measures of an outcome at every point."""


@dataclass(frozen=True)
class _Asked:
    """What a sweep is, before it is run."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    outcomes: tuple[Outcome, ...]
    samples: int | None
    n: int
    seed: int
    among: Agreed | None
    """The replications of every point, where something was seen of the build."""


def sweep(
    scenario: Scenario,
    over: Mapping[str, str | Sequence[Any]],
    *,
    milestones: Sequence[str] = (),
    outcome: str | None = None,
    party: str | None = None,
    n: int = 200,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Simulate a scenario with many values of some of its paths, with the same random numbers everywhere.

    Parameters
    ----------
    scenario
        From `load`.
    over
        For each path its values, or how they are written: `{"resources.rack_crews.count": "4..16"}`. `a..b` is every
        whole number or date (`a..b..step`), `a:b:k` are k values evenly spaced, `x,y,z` a list.
    milestones, outcome, party
        The milestones to look at; those with an observed date or a target, else all, if not given. Or a figure of
        finance, such as `npv`, and the party, or the loan, whose figure it is; all parties together if not given.
    n, samples
        Replications at every point; so many points of a Latin hypercube over the ranges, instead of all combinations.
    seed, workers, executor, engine
        As in `replicate`; all points have the same seed.
    out, resume, overwrite
        A folder that keeps every point that is done, and the result; whether to continue a sweep that was stopped, from
        that folder (if it is complete, it is read), or to delete the result there as soon as this sweep begins.
    progress
        Called with the number of replications done and their total.

    Raises
    ------
    RequestError
        There is no such milestone, the values cannot be read, or a number makes no sense; it is a ValueError too.
    ScenarioError
        The scenario cannot have some of the values; the message names their points.
    ResultError
        The folder belongs to something else, is in use, or cannot be written.
    """
    axes = axes_of(over)
    network = network_of(scenario)
    chosen = _chosen(scenario, network, milestones, outcome, party)
    points = points_of(axes, samples, seed)
    engine = choose(engine, network.instances * at_least_one(n) * len(points))
    working = Working(engine, workers, executor)
    among = agreed(scenario, network, seed, n, working.engine, working.pool(working.engine))
    asked = _Asked(scenario, axes, chosen, samples, n, seed, among)
    about, built = _about(asked), dict[int, Built]()

    def answer(campaign: Campaign | None) -> Result:
        return Result("sweep", scenario, about, _tables(asked, points, built, campaign, working, progress))

    keeping = Keeping(out, resume, overwrite)
    return answered("sweep", scenario, about, keeping, answer, lambda: built.update(_built(scenario, points)))


def _chosen(
    scenario: Scenario, network: Network, milestones: Sequence[str], figure: str | None, party: str | None
) -> tuple[Outcome, ...]:
    """The outcomes to look at: milestones, or one figure of finance."""
    refuse_both(milestones, figure, party)
    if figure is not None:
        return (outcome_of(scenario, network, None, figure, party),)
    return tuple(map(Outcome, chosen_milestones(scenario, milestones)))


def _about(asked: _Asked) -> dict[str, Any]:
    """What tells one sweep of a scenario from another."""
    network = network_of(asked.scenario)
    return {
        "over": [axis.path for axis in asked.axes],
        "values": [list(axis.values if asked.samples is None else axis.span) for axis in asked.axes],
        "samples": asked.samples,
        "milestones": [outcome.name for outcome in asked.outcomes if not outcome.is_figure],
        **in_manifest(asked.outcomes),
        "seed": asked.seed,
        "replications": asked.n,
        "horizon": network.date(network.horizon).isoformat(),
        **about_seen(asked.among),
    }


def _built(scenario: Scenario, points: Sequence[Point]) -> dict[int, Built]:
    """Every point can be simulated: found out before any is. The first are kept, as far as there is room."""
    problems: dict[str, Problem] = {}
    built: dict[int, Built] = {}
    for number, point in enumerate(points):
        try:
            varied = changed(scenario, overrides=point)
            network = network_of(varied)
            if (len(built) + 1) * network.instances <= MOST_BUILT:
                built[number] = (varied, network)
        except ScenarioError as error:
            for problem in error.problems:
                where = f"{problem.message} (point {number}: {point_in_words(point)})"
                problems.setdefault(f"{problem.path}: {problem.message}", replace(problem, message=where))
    if problems:
        raise ScenarioError(list(problems.values()), scenario.document.name)
    return built


def _tables(
    asked: _Asked,
    points: Sequence[Point],
    built: dict[int, Built],
    campaign: Campaign | None,
    working: Working,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """All points: those that a folder holds are read, the others simulated and kept there.

    `points` has a row per point and outcome: point, a column for each path, outcome, party, p10, p50, p80, p90, mean,
    reached, and the dates p50_date and p80_date. Days count from day zero; quantiles of days are infinite beyond the
    horizon, and the mean is empty unless all have the outcome. `outcomes` has a row per point, replication and outcome:
    point, replication, outcome, party, value (empty if there is none), date. `stuck` says what keeps builds from
    milestones at every point: point, and the columns of `Replications.stuck`.
    """
    parts = []
    for number, point in enumerate(points):
        names, before = (f"point-{number:05d}", f"point-{number:05d}-stuck"), number * asked.n
        outcomes, stuck = (None if campaign is None else campaign.part(name) for name in names)
        if outcomes is None or stuck is None:

            def show(done: int, _: int, before: int = before) -> None:
                progress(before + done, len(points) * asked.n)

            outcomes, stuck = _simulated(asked, number, point, built.pop(number, None), working, show)
            if campaign is not None:
                campaign.keep(names[0], outcomes)
                campaign.keep(names[1], stuck)
        else:
            progress(before + asked.n, len(points) * asked.n)
        parts.append((outcomes, stuck))
    rows = [_row(number, point, asked, parts[number][0]) for number, point in enumerate(points)]
    table = _typed(asked.scenario, pd.concat(rows, ignore_index=True), asked.axes)
    outcomes, stuck = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    return {"points": table, "outcomes": outcomes, "stuck": stuck}


def _simulated(
    asked: _Asked, number: int, point: Point, built: Built | None, working: Working, progress: Progress
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every replication of a point, and what replications lack; a point that is not kept is built again."""
    varied = built[0] if built else changed(asked.scenario, overrides=point)
    network = built[1] if built else network_of(varied)
    if asked.outcomes[0].is_figure:
        asking = Asking(asked.outcomes, working.engine, asked.seed, working.pool(working.engine))
        numbers = np.arange(asked.n) if asked.among is None else asked.among.numbers
        (outcome, values), *_ = asking.simulated(varied, network, numbers, progress=progress).values.items()
        head = {"point": number, "replication": numbers, "outcome": outcome.name, "party": outcome.party}
        days = values if outcome.measure.is_day else values * np.nan
        dates = [varied.zero + timedelta(day) if np.isfinite(day) else None for day in days.tolist()]
        frame = pd.DataFrame({**head, "value": values, "date": moments(dates)})
        return frame, typed([], TABLES["stuck"])
    of_point = Asked(asked.n, among=asked.among, is_settled=True, in_full=False)
    simulated = replicate(varied, network, asked.seed, RANDOM, of_point, working, progress)
    names = {"milestone": "outcome", "day": "value"}
    outcomes = simulated.milestones[["replication", "milestone", "day", "date"]]
    rows_ = _of_point(number, outcomes, asked.outcomes).rename(columns=names)
    rows_.insert(3, "party", "")
    return rows_.astype({"party": "str"}), _of_point(number, simulated.stuck, asked.outcomes)


def _of_point(number: int, table: pd.DataFrame, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """The rows of these milestones, with the number of the point in front."""
    simulated = table[table["milestone"].isin([outcome.name for outcome in outcomes])].reset_index(drop=True)
    simulated.insert(0, "point", number)
    simulated.attrs.clear()
    return simulated


def _row(number: int, point: Point, asked: _Asked, outcomes: pd.DataFrame) -> pd.DataFrame:
    """What a point comes to, with its number and its values in front."""
    rows, dates = [], []
    for outcome in asked.outcomes:
        rows_of = outcomes[outcomes["outcome"] == outcome.name]
        rows.append((outcome.name, outcome.party, *outcome.levels(rows_of["value"].to_numpy(np.float64))))
        dates.append([date_at(rows_of["date"], level) for level in (0.5, 0.8)])
    measured = pd.DataFrame(rows, columns=["outcome", "party", *MEASURES[:-2]])
    for k, column in enumerate(MEASURES[-2:]):
        measured[column] = moments([pair[k] for pair in dates])
    values = {path: [value] * len(measured) for path, value in point.items()}
    return pd.concat([pd.DataFrame({"point": [number] * len(measured), **values}), measured], axis=1)


def _typed(scenario: Scenario, frame: pd.DataFrame, axes: Sequence[Axis]) -> pd.DataFrame:
    """The same table, values as numbers where all of a path are numbers, else as text."""
    for axis in axes:
        if any(isinstance(value, str) for value in frame[axis.path]):
            frame[axis.path] = frame[axis.path].map(str).astype("str")
    frame = frame.astype({"outcome": "str", "party": "str"})
    return explained(frame, network_of(scenario))
