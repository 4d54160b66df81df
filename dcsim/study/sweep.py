"""The same build with other values in turn: how a date moves when crews, shares and dates of orders do.

All points have the same random numbers, so that they differ by their values alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from dcsim.analysis.frames import explained, moments
from dcsim.analysis.milestones import date_at
from dcsim.analysis.quantiles import summary_table
from dcsim.document import chart
from dcsim.document.chart import Bars, Chart, Dash, Dots, Line, Mark, Rule
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.shades import SHADES, along, shaded, thinned
from dcsim.document.words import NEVER, counted, date_of, day
from dcsim.engine import AUTO, choose
from dcsim.errors import Problem, RequestError, ScenarioError
from dcsim.model import network_of
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.assumptions import chosen_milestones
from dcsim.study.axes import Axis, Point, axes_of, point_in_words, points_of
from dcsim.study.campaign import Campaign
from dcsim.study.design import RANDOM
from dcsim.study.manifest import Count, Fields, manifest_of
from dcsim.study.replicate import Progress, Working, replicate
from dcsim.study.replications import Asked, require_name
from dcsim.study.result import Result
from dcsim.study.seen import Agreed, about_seen, agreed
from dcsim.study.store import finished
from dcsim.study.tables import STUCK
from dcsim.study.threads import threads
from dcsim.study.trials import at_least_one
from dcsim.study.unfinished import missing
from dcsim.trace import Ints

MAIN = "points"
TABLES = {
    "points": "point:whole milestone p50:number p80:number mean:number reached:number p50_date:time p80_date:time",
    "outcomes": "point:whole replication:whole milestone day:number date:time",
    "stuck": f"point:whole {STUCK}",
}
ABOUT: Fields = {"over": Annotated[list[str], Field(min_length=1)], "values": list[list[Any]]}
ABOUT |= {"samples": Count | None, "milestones": list[str], "replications": Count}
MEASURES = ("p50", "p80", "mean", "reached", "p50_date", "p80_date")
"""The measures of a milestone at every point."""


@dataclass(frozen=True)
class _Asked:
    """What a sweep is, before it is run."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    milestones: tuple[str, ...]
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
    n: int = 200,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    engine: str = AUTO,
    out: str | Path | None = None,
    resume: bool = False,
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
    milestones
        Those to look at; those with an observed date or a target, else all, if not given.
    n
        Replications at every point.
    samples
        So many points of a Latin hypercube over the ranges, instead of all combinations.
    seed, workers, engine
        As in `replicate`; all points have the same seed.
    out
        A folder that keeps every point that is done, and the result.
    resume
        Continue a sweep that was stopped, from that folder; if it is complete, it is read.
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
    chosen, points = chosen_milestones(scenario, milestones), points_of(axes, samples, seed)
    network = network_of(scenario)
    working = Working(choose(engine, network.instances * at_least_one(n) * len(points)), workers)
    among = agreed(scenario, network, seed, n, working.engine, threads(working.engine, workers))
    asked = _Asked(scenario, axes, chosen, samples, n, seed, among)
    if out is not None:
        return _kept(asked, points, Path(out), resume, working, progress)
    _refuse(scenario, points)
    return Result("sweep", scenario, _about(asked), _tables(asked, points, None, working, progress))


def _kept(
    asked: _Asked, points: Sequence[Point], folder: Path, resume: bool, working: Working, progress: Progress
) -> Result:
    """A sweep in a folder: read if it is complete there, else simulated and kept."""
    scenario, about, text = asked.scenario, _about(asked), asked.scenario.document.text
    manifest = manifest_of("sweep", scenario, about)
    if resume and (known := finished(folder, manifest, text)) is not None:
        return Result("sweep", scenario, about, known.tables)
    _refuse(scenario, points)
    with Campaign(folder, manifest, text, resume) as campaign:
        result = Result("sweep", scenario, about, _tables(asked, points, campaign, working, progress))
        result.save(campaign.folder)
        campaign.finish()
    return result


def _about(asked: _Asked) -> dict[str, Any]:
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
        **about_seen(asked.among),
    }


def _refuse(scenario: Scenario, points: Sequence[Point]) -> None:
    """Every point can be simulated: found out before any is."""
    problems: dict[str, Problem] = {}
    for number, point in enumerate(points):
        try:
            network_of(changed(scenario, overrides=point))
        except ScenarioError as error:
            for problem in error.problems:
                where = f"{problem.message} (point {number}: {point_in_words(point)})"
                problems.setdefault(f"{problem.path}: {problem.message}", replace(problem, message=where))
    if problems:
        raise ScenarioError(list(problems.values()), scenario.document.name)


def _tables(
    asked: _Asked, points: Sequence[Point], campaign: Campaign | None, working: Working, progress: Progress
) -> dict[str, pd.DataFrame]:
    """All points: those that a folder holds are read, the others simulated and kept there.

    `points` has a row per point and milestone: point, a column for each path, milestone, p50, p80, mean, reached, and
    the dates p50_date and p80_date. Days count from day zero; quantiles are infinite beyond the horizon, and the mean
    is empty unless all reached it. `outcomes` has a row per point, replication and milestone: point, replication,
    milestone, day (empty if it is not reached), date. `stuck` says what keeps builds from these milestones at every
    point: point, and the columns of `Replications.stuck`.
    """
    parts = []
    for number, point in enumerate(points):
        names, before = (f"point-{number:05d}", f"point-{number:05d}-stuck"), number * asked.n
        outcomes, stuck = (None if campaign is None else campaign.part(name) for name in names)
        if outcomes is None or stuck is None:
            show = partial(_show, progress, before, len(points) * asked.n)
            outcomes, stuck = _simulated(asked, number, point, working, show)
            if campaign is not None:
                campaign.keep(names[0], outcomes)
                campaign.keep(names[1], stuck)
        else:
            progress(before + asked.n, len(points) * asked.n)
        parts.append((outcomes, stuck))
    rows = [_row(number, point, asked, parts[number][0]) for number, point in enumerate(points)]
    table = _typed(asked.scenario, pd.concat(rows, ignore_index=True), asked.axes)
    outcomes, stuck = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    return {"points": table, "outcomes": outcomes, "stuck": stuck}


def _show(progress: Progress, before: int, count: int, done: int, _: int) -> None:
    progress(before + done, count)


def _simulated(
    asked: _Asked, number: int, point: Point, working: Working, progress: Progress
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every replication of a point, and what replications lack."""
    here = changed(asked.scenario, overrides=point)
    result = replicate(here, network_of(here), asked.seed, RANDOM, Asked(asked.n, among=asked.among), working, progress)
    outcomes = result.milestones[["replication", "milestone", "day", "date"]]
    return _of_point(number, outcomes, asked.milestones), _of_point(number, result.stuck, asked.milestones)


def _of_point(number: int, table: pd.DataFrame, milestones: Sequence[str]) -> pd.DataFrame:
    """The rows of these milestones, with the number of the point in front."""
    rows = table[table["milestone"].isin(milestones)].reset_index(drop=True)
    rows.insert(0, "point", number)
    rows.attrs.clear()
    return rows


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


# What it has to say

MOST_ACROSS = 9
"""Values that fit side by side in 80 columns."""
MOST_POINTS = 100
"""Points that are listed."""


def report(result: Result, milestone: str = "") -> Report:
    """Each milestone at every point: a line for each, or a table of two paths; and its picture."""
    points, stuck, about = result.tables["points"], result.tables["stuck"], result.about
    called = {
        row["point"]: " and ".join(f"{path} = {row[path]}" for path in about["over"])
        for row in points.to_dict("records")
    }
    point_names = stuck["point"].map(called)
    names = sorted(dict.fromkeys(points["milestone"]), key=lambda name: name != milestone)
    sections = [Section("", notes=(f"days from {result.scenario.zero:%Y-%m-%d}",))]
    for name in names:
        here = points[points["milestone"] == name]
        table = _map_table(here, *about["over"]) if _as_table(result, here) else _list(here, about["over"])
        more = 0 if _as_table(result, here) else len(here) - MOST_POINTS
        notes = (f"and {counted(more, 'more point')}, in the table `points`",) if more > 0 else ()
        charts = (picture(result, name),) if len(about["over"]) <= 2 else ()
        lacks = missing(stuck, name, point_names, result.simulated)
        sections.append(Section(name, lacks, tables=(table,), charts=charts, notes=notes))
    if np.isinf(points["p80"]).any() and "horizon" in about:
        horizon = datetime.fromisoformat(str(about["horizon"]))
        sections.append(Section("", notes=(f"{NEVER}: not reached by the end of the simulation, {horizon:%Y-%m-%d}",)))
    subject = [*result.subject(), counted(points["point"].nunique(), "point"), "same random numbers"]
    return Report.of("Sweep", subject, sections)


def _as_table(result: Result, here: pd.DataFrame) -> bool:
    paths = result.about["over"]
    return result.about.get("samples") is None and len(paths) == 2 and here[paths[1]].nunique() <= MOST_ACROSS


def _list(here: pd.DataFrame, paths: Sequence[str]) -> Table:
    """A line for every point."""
    measures = (Column("P50", "day"), Column("P80", "day"), Column("P80 date", "date"), Column("mean", "day"))
    rows = [
        [
            *(str(row[path]) for path in paths),
            *(row.get(level) for level in ("p50", "p80", "p80_date", "mean", "reached")),
        ]
        for row in here.head(MOST_POINTS).to_dict("records")
    ]
    return Table([*map(Column, paths), *measures, Column("reached", "share", digits=0)], rows)


def _map_table(here: pd.DataFrame, down: str, across: str) -> Table:
    """A line for every value of the first path, a column for every value of the second."""
    values = list(dict.fromkeys(here[across]))
    rows = [[str(value), *row["p80"]] for value, row in here.groupby(down, sort=False)]
    return Table(
        [Column(""), *(Column(str(value), "day") for value in values)],
        rows,
        f"P80, day; down: {down}; across: {across}",
    )


QUANTILES: tuple[tuple[str, str, Dash], ...] = (("p50", "blue", "solid"), ("p80", "orange", "dash"))
MOST_ROWS, MOST_WRITTEN = 48, 150
"""Rows of a map, and fields into which the day is written."""


def picture(result: Result, milestone: str = "") -> Chart:
    """The day of a milestone over one swept path, its P80 over two.

    Raises
    ------
    RequestError
        More than two paths were swept, or there is no such milestone.
    """
    points, paths = result.tables["points"], [str(path) for path in result.about["over"]]
    if len(paths) > 2:
        raise RequestError(f"a picture of a sweep needs one path or two, not {len(paths)}")
    known = tuple(dict.fromkeys(points["milestone"]))
    name = require_name(milestone, known) if milestone else (known or ("",))[-1]
    here = points[points["milestone"] == name]
    if here.empty:
        return Chart("Sweep", empty="no milestone to show")
    if len(paths) == 1:
        return _lines(here, paths[0], name)
    first, second = paths
    is_map = len(here) == here[first].nunique() * here[second].nunique() and here[first].nunique() <= MOST_ROWS
    return _map(here, first, second, name) if is_map else _scattered(here, first, second, name)


def _lines(here: pd.DataFrame, path: str, milestone: str) -> Chart:
    x, at = along(here, path)
    order = np.argsort(at, kind="stable")
    marks: list[Mark] = []
    for column, colour, dash in QUANTILES:
        days = here[column].to_numpy(np.float64)
        finite = order[np.isfinite(days[order])]
        name, notes = column.upper(), _notes(here, [path], column, finite)
        if x.kind == "names":
            marks.append(Dots(name=name, colour=colour, x=at[finite], y=days[finite], notes=notes))
        else:
            marks.append(
                Line(name=name, colour=colour, x=at[finite], y=days[finite], notes=notes, dash=dash, dots=True)
            )
    never = at[~np.isfinite(here["p80"].to_numpy(np.float64))]
    marks += [Rule(name="P80 never", colour="grey", at=value, dash="dot") for value in never.tolist()]
    said = f"{milestone} at {counted(len(here), 'value')} of {path}."
    return Chart(f"{milestone} against {path}", x, chart.Axis(title="days from day zero"), marks, "", said)


def _map(here: pd.DataFrame, down: str, across: str, milestone: str) -> Chart:
    """A field for every pair of values, the darker the later."""
    rows, columns = (list(dict.fromkeys(here[path])) for path in (down, across))
    row = np.array([rows.index(value) for value in here[down]])
    column = np.array([columns.index(value) for value in here[across]], np.float64)
    days = here["p80"].to_numpy(np.float64)
    labels = np.array([day(number) if len(here) <= MOST_WRITTEN else "" for number in days.tolist()])
    marks = [
        Bars(
            name=name,
            rows=row[rows].tolist(),
            start=column[rows] - 0.48,
            end=column[rows] + 0.48,
            height=0.94,
            labels=labels[rows].tolist(),
            inside=True,
            notes=_notes(here, [down, across], "p80", rows),
            **({"colour": "blue", "opacity": SHADES[shade][1]} if shade >= 0 else {"colour": "line"}),
        )
        for shade, name, rows in shaded(days)
    ]
    x, y = chart.Axis("names", across, names=thinned(columns)), chart.Axis("rows", down, names=[*map(str, rows)])
    said = f"{milestone} at {len(rows)} x {len(columns)} values of {down} and {across}."
    return Chart(f"P80 of {milestone}: {down} down, {across} across", x, y, marks, "Days from day zero.", said)


def _scattered(here: pd.DataFrame, across: str, up: str, milestone: str) -> Chart:
    """A dot for every point, the darker the later."""
    (x, right), (y, high) = along(here, across), along(here, up)
    marks = [
        Dots(
            name=name,
            colour=SHADES[shade][0] if shade >= 0 else "red",
            symbol="dot" if shade >= 0 else "cross",
            x=right[rows],
            y=high[rows],
            notes=_notes(here, [across, up], "p80", rows),
        )
        for shade, name, rows in shaded(here["p80"].to_numpy(np.float64))
    ]
    said = f"{milestone} at {counted(len(here), 'point')} over {across} and {up}."
    return Chart(f"P80 of {milestone} over {across} and {up}", x, y, marks, "Days from day zero.", said)


def _notes(here: pd.DataFrame, paths: Sequence[str], column: str, rows: Ints) -> list[str]:
    """What the pointer tells of points: their values, the quantile, and its date."""
    return [
        f"{point_in_words({path: row[path] for path in paths})}: {column.upper()} day {day(row[column])}"
        + (f", {date_of(row[f'{column}_date'])}" if f"{column}_date" in row else "")
        for row in here.iloc[rows].to_dict("records")
    ]


CHARTS = {"sweep": picture}
