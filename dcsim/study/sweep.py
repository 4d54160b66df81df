"""The same build with other values in turn: how a date moves when crews, shares and dates of orders do.

All points have the same random numbers, so that they differ by their values alone.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from dcsim.analysis.frames import explained, moments
from dcsim.analysis.milestones import date_at
from dcsim.analysis.quantiles import summary_table
from dcsim.build import network_of
from dcsim.engine import AUTO, choose
from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.assumptions import chosen_milestones
from dcsim.study.axes import Axis, Point, axes_of, points_of, told
from dcsim.study.campaign import Campaign
from dcsim.study.design import RANDOM
from dcsim.study.manifest import manifest_of
from dcsim.study.replicate import Progress, Working, replicate
from dcsim.study.replications import Asked
from dcsim.study.result import Result
from dcsim.study.store import finished, keep
from dcsim.study.trials import at_least_one

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES = ("p50", "p80", "mean", "reached", "p50_date", "p80_date")
"""What is told about a milestone at every point."""


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """A milestone's days at every point that was swept."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    milestones: tuple[str, ...]
    samples: int | None
    """None if every combination of the values was run."""
    n: int
    """Replications at every point."""
    seed: int
    points: pd.DataFrame
    """One row per point and milestone: point, a column for each path, milestone, p50, p80, mean, reached, and the dates
    p50_date and p80_date.

    Days count from day zero; quantiles are infinite beyond the horizon, and the mean is empty unless all reached it.
    """
    outcomes: pd.DataFrame
    """One row per point, replication and milestone: point, replication, milestone, day (empty if it is not reached)."""
    stuck: pd.DataFrame
    """What keeps builds from these milestones at every point: point, and the columns of `Replications.stuck`."""

    def __repr__(self) -> str:
        paths = ", ".join(axis.path for axis in self.axes)
        return f"Sweep('{self.scenario.name}', over='{paths}', points={self.points['point'].nunique()}, n={self.n})"

    @cached_property
    def findings(self) -> Result:
        """All tables, with what was asked: what is kept, drawn and reported."""
        tables = {"points": self.points, "outcomes": self.outcomes, "stuck": self.stuck}
        return Result("sweep", self.scenario, _about(self), tables)

    def save(self, folder: str | Path) -> Path:
        """Write the tables, the resolved scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        return keep(self.findings, folder)

    def plot(self, ax: "Axes | None" = None, milestone: str | None = None) -> "Axes":
        """Draw the days of a milestone, the last if not given: a line over one path, a heat map over two."""
        from dcsim.figures.gallery import Wanted, draw

        return draw(self.findings, wanted=Wanted(milestone=milestone or self.milestones[-1]), ax=ax)

    def _repr_html_(self) -> str:
        from dcsim.analysis.notebook import as_html

        note = f"days from {self.scenario.zero:%Y-%m-%d}, {self.n:,} replications at every point"
        return as_html(self.scenario.name, self.points, note)


@dataclass(frozen=True)
class _Asked:
    """What a sweep is, before it is run."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    milestones: tuple[str, ...]
    samples: int | None
    n: int
    seed: int


def sweep(
    scenario: Scenario,
    over: Mapping[str, str | Sequence[Any]],
    *,
    milestones: Sequence[str] = (),
    n: int = 200,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    engine: str = AUTO,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress = lambda done, count: None,
) -> Sweep:
    """Simulate a scenario with many values of some of its paths, with the same random numbers everywhere.

    Parameters
    ----------
    scenario
        From `load`.
    over
        For each path its values, or how they are written: `{"resources.rack_crews.count": "4..16"}`. `a..b` is every
        whole number or date (`a..b..step`), `a:b:k` are k values evenly spaced, `x,y,z` a list.
    milestones
        Those to look at; those with an observed date or a target, else all, if not given.
    n
        Replications at every point.
    samples
        So many points of a Latin hypercube over the ranges, instead of all combinations.
    seed
        The same seed gives the same sweep, to the byte.
    workers
        Threads; the number of cores if not given. The reference engine uses one.
    engine
        `compiled`, `reference`, or `auto`: whichever is there sooner.
    out
        A folder that keeps every point that is done, and the result.
    resume
        Continue a sweep that was stopped, from that folder; if it is complete, it is read.
    progress
        Told how many replications are done, and how many there will be.

    Raises
    ------
    RequestError
        There is no such milestone, the values cannot be read, or a number makes no sense; it is a ValueError too.
    ScenarioError
        The scenario cannot have some of the values: told with their points.
    ResultError
        The folder belongs to something else, is in use, or cannot be written.
    """
    axes = axes_of(over)
    asked = _Asked(scenario, axes, chosen_milestones(scenario, milestones), samples, n, seed)
    folder, text = None if out is None else Path(out), scenario.document.text
    manifest = manifest_of("sweep", scenario, _about(asked))
    if resume and folder is not None and (known := finished(folder, manifest, text)) is not None:
        tables = known.tables
        return Sweep(**vars(asked), points=tables["points"], outcomes=tables["outcomes"], stuck=tables["stuck"])
    points = points_of(axes, samples, seed)
    chosen = choose(engine, network_of(scenario).instances * at_least_one(n) * len(points))
    _refuse(scenario, points)
    working = Working(chosen, workers)
    campaign = None if folder is None else Campaign(folder, manifest, text, resume)
    with campaign or nullcontext():
        parts = [_at(asked, k, point, len(points), campaign, working, progress) for k, point in enumerate(points)]
        measured = [_row(k, point, asked, parts[k][0]) for k, point in enumerate(points)]
        table = _typed(scenario, pd.concat(measured, ignore_index=True), axes)
        outcomes, stuck = (pd.concat(some, ignore_index=True) for some in zip(*parts, strict=True))
        result = Sweep(**vars(asked), points=table, outcomes=outcomes, stuck=stuck)
        if campaign is not None:
            result.save(campaign.folder)
            campaign.finish()
    return result


def _about(asked: _Asked | Sweep) -> dict[str, Any]:
    """What tells one sweep of a scenario from another."""
    network = network_of(asked.scenario)
    return {
        "over": [axis.path for axis in asked.axes],
        "values": [list(axis.values if asked.samples is None else axis.span) for axis in asked.axes],
        "samples": asked.samples,
        "milestones": list(asked.milestones),
        "seed": asked.seed,
        "replications": asked.n,
        "horizon": network.date(network.horizon).isoformat(),
    }


def _refuse(scenario: Scenario, points: Sequence[Point]) -> None:
    """Every point can be simulated: found out before any is."""
    problems: dict[str, Problem] = {}
    for number, point in enumerate(points):
        try:
            network_of(changed(scenario, overrides=point))
        except ScenarioError as error:
            for one in error.problems:
                where = f"{one.message} (point {number}: {told(point)})"
                problems.setdefault(f"{one.path}: {one.message}", replace(one, message=where))
    if problems:
        raise ScenarioError(list(problems.values()), scenario.document.name)


def _at(
    asked: _Asked,
    number: int,
    point: Point,
    count: int,
    campaign: Campaign | None,
    working: Working,
    progress: Progress,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every replication of a point, and what builds lack: read from the folder if it was run before, kept if not."""
    names = f"point-{number:05d}", f"point-{number:05d}-stuck"
    outcomes, stuck = (None if campaign is None else campaign.part(name) for name in names)
    if outcomes is None or stuck is None:
        here = changed(asked.scenario, overrides=point)

        def show(done: int, _: int) -> None:
            progress(number * asked.n + done, count * asked.n)

        found = replicate(here, network_of(here), asked.seed, RANDOM, Asked(asked.n), working, show)
        outcomes = _of_point(number, found.milestones[["replication", "milestone", "day", "date"]], asked.milestones)
        stuck = _of_point(number, found.stuck, asked.milestones)
        if campaign is not None:
            campaign.keep(names[0], outcomes)
            campaign.keep(names[1], stuck)
    else:
        progress((number + 1) * asked.n, count * asked.n)
    return outcomes, stuck


def _of_point(number: int, table: pd.DataFrame, milestones: Sequence[str]) -> pd.DataFrame:
    """The rows of these milestones, with the number of the point in front."""
    found = table[table["milestone"].isin(milestones)].reset_index(drop=True)
    found.insert(0, "point", number)
    found.attrs.clear()
    return found


def _row(number: int, point: Point, asked: _Asked, outcomes: pd.DataFrame) -> pd.DataFrame:
    """What a point comes to, with its number and its values in front."""
    of = {name: outcomes[outcomes["milestone"] == name] for name in asked.milestones}
    measured = summary_table({name: rows["day"].to_numpy() for name, rows in of.items()}, {})
    for level, column in ((0.5, "p50_date"), (0.8, "p80_date")):
        measured[column] = moments([date_at(rows["date"], level) for rows in of.values()])
    measured = measured[["milestone", *MEASURES]]
    values = {path: [value] * len(measured) for path, value in point.items()}
    return pd.concat([pd.DataFrame({"point": [number] * len(measured), **values}), measured], axis=1)


def _typed(scenario: Scenario, frame: pd.DataFrame, axes: Sequence[Axis]) -> pd.DataFrame:
    """The same table, values as numbers where all of a path are numbers, else as text."""
    for axis in axes:
        if any(isinstance(value, str) for value in frame[axis.path]):
            frame[axis.path] = frame[axis.path].map(str).astype("str")
    frame["milestone"] = frame["milestone"].astype("str")
    return explained(frame, network_of(scenario))


def names_of(points: pd.DataFrame, paths: Sequence[str]) -> dict[int, str]:
    """What each point is called: the values that it has."""
    rows = points.to_dict("records")
    return {int(row["point"]): " and ".join(f"{path} = {row[path]}" for path in paths) for row in rows}
