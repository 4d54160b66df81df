"""What moves a date: many builds in which the uncertain inputs are varied together, and one at a time.

Whatever is drawn by place is an input too: which of the seed's replications a build is. Builds of the same replication
differ only in what is drawn for the whole site, so that the indices tell chance among racks and crews from the rest.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from math import inf, isfinite, isnan
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis import sensitivity
from dcsim.analysis.frames import days as days_of
from dcsim.analysis.milestones import date_by
from dcsim.analysis.quantiles import quantile
from dcsim.analysis.sensitivity import Input, Points
from dcsim.document.bars import MOST_ROWS, tornado
from dcsim.document.chart import Chart
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import NEVER, UNKNOWN, counted, day, listed, share
from dcsim.document.words import days as in_days
from dcsim.engine import AUTO, choose, new_runner
from dcsim.engine.philox import refuse_uncountable
from dcsim.errors import RequestError
from dcsim.model import network_of
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.inputs import ACTIVITY, BRANCH, FACTOR, ORDER, PLACES, RISK, inputs_of
from dcsim.study.manifest import Count, Fields
from dcsim.study.replicate import Progress
from dcsim.study.replications import require_milestone
from dcsim.study.result import Result
from dcsim.study.room import refuse_too_many
from dcsim.study.seen import refuse_seen
from dcsim.study.threads import in_threads, threads
from dcsim.trace import NOT

MAIN = "drivers"
TABLES = {
    "drivers": "input kind low_day:number high_day:number "
    + " ".join(
        f"{name}:number {name}_low:number {name}_high:number"
        for name in ("correlation", "first", "total", "swing", "information", "p80_sooner")
    )
}
ABOUT: Fields = {"milestone": str, "points": Count}
POINTS = 512
"""Default number of points for the indices."""
CHUNK = 128
"""Replications that one thread runs in sequence."""


def drivers(
    scenario: Scenario,
    *,
    milestone: str,
    n: int = POINTS,
    seed: int = 0,
    workers: int | None = None,
    engine: str = AUTO,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Which uncertain inputs move a milestone, by how many days, and what it is worth to know them.

    The table `drivers` has one row per input, the one with the largest total index first: input, kind (factor, risk,
    branch, order, activity, places); correlation by ranks with the day; first and total, the shares of the day's
    variance that it explains alone and with all its interactions; low_day and high_day, how many days the mean moves
    with it at its P10 and its P90 (a risk: does not occur, occurs; a branch: its first way, its last), all others at
    random; swing, the days between these; information, how many days earlier the latest fifth of builds, those beyond
    the P80, would be on average if it were known, and p80_sooner, how many days earlier the P80. All but low_day and
    high_day with a 95 % interval: `first_low`, `first_high`. A build that does not reach the milestone counts as if it
    did at the horizon.

    Parameters
    ----------
    scenario
        From `load`.
    milestone
        Whose day it is about.
    n
        Points for the indices, a power of two; the replications are n x (inputs + 2), and half as many again
        for the ends of the inputs.
    seed, workers, engine, progress
        As in `replicate`.

    Raises
    ------
    RequestError
        There is no such milestone, n is no power of two, or the milestone is never reached; it is a ValueError too.
    UnavailableError
        SALib is not installed.
    """
    refuse_seen(scenario, "drivers")
    network = network_of(scenario)
    names = [known.name for known in network.milestones]
    require_milestone(network, milestone)
    inputs = inputs_of(network)
    refuse_uncountable(seed, 0)
    refuse_too_many(scenario, 2 * n * (len(inputs) + 2), sum(len(input.quantities) for input in inputs))
    points = sensitivity.sample(inputs, n, seed)
    chosen = choose(engine, network.instances * len(points))
    builds = _Builds(network, chosen, seed, names.index(milestone), inputs, points)
    reached = builds.run(threads(chosen, workers), progress)
    if (reached == NOT).all():
        end = f"{network.date(network.horizon):%Y-%m-%d}"
        raise RequestError(f"no replication reaches '{milestone}' by {end}: dcsim replicate lists what is missing")
    days = np.asarray(days_of(network, np.where(reached == NOT, network.horizon, reached)))
    table = sensitivity.table(inputs, n, points, days, seed)
    about = {"milestone": milestone, "seed": seed, "points": n, "builds": len(points)}
    return Result("drivers", scenario, about | _about(builds, n, days, table), {"drivers": table})


def _about(builds: "_Builds", n: int, days: NDArray[np.float64], table: pd.DataFrame) -> dict[str, Any]:
    """The day of the milestone over the points that are drawn at random, and what stands beside the table."""
    network, plain = builds.network, sensitivity.plain_points(builds.inputs, n)
    reached, values = builds.reached[plain] != NOT, days[plain]
    p80_date = date_by(network, builds.dated[plain], sensitivity.LEVEL)
    return {
        "reached": float(reached.mean()),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "p80": quantile(np.where(reached, values, np.nan), sensitivity.LEVEL),
        "p80_date": None if p80_date is None else p80_date.isoformat(),
        "alone": float(table["first"].sum(skipna=False)),
        "correlated": bool(network.mixtures),
        "horizon": network.date(network.horizon).isoformat(),
    }


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
        self.names = [quantity for input in self.inputs for quantity in input.quantities][:-1]
        self.replication = np.unique(self.points[:, -1], return_inverse=True)[1]
        self.order = np.argsort(self.replication, kind="stable")
        self.reached, self.dated = np.full((2, len(self.points)), NOT, np.int64)

    def run(self, workers: int, progress: Progress) -> NDArray[np.int64]:
        """The tick of the milestone at every point."""
        count, done = len(self.points), 0
        spans = [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
        progress(done, count)
        for chunk in in_threads(spans, workers, self._chunk_of):
            done += chunk
            progress(done, count)
        return self.reached

    def _chunk_of(self, first: int, last: int, stopped: Event) -> int:
        runner = new_runner(self.engine, self.network, self.seed)
        for point in self.order[first:last].tolist():
            if stopped.is_set():
                raise CancelledError
            designed = dict(zip(self.names, self.points[point, :-1].tolist(), strict=True))
            outcome = runner.run(int(self.replication[point]), designed)
            self.reached[point], self.dated[point] = outcome.reached[self.milestone], outcome.dated[self.milestone]
        return last - first


# What it has to say

NOTHING = 0.05
"""Days below which a swing is none."""
NO_SHARE = 0.005
"""A share of the variance below which it is none."""
MANY = 100
"""Number of days from which a table shows whole days."""
LEGEND = (
    "low, high: days by which the mean moves if the input is at its P10 and at its P90 (a risk: without and with it; a "
    "branch: its first and its last way) and all other inputs vary at random",
    "ranks: rank correlation of the input (of a risk: whether it occurs) with the day",
    "first, total: share of the variance that the input explains, alone and with all its interactions",
    "known: days by which the tail (mean of the latest fifth of replications) would shrink if this input were known",
    "±: half of the 95 % interval",
)
CORRELATED = (
    "Some inputs are correlated. Their common part counts for the first of them (of the larger places, then by name), "
    "and each input varies only by its own part: no number below is what an input would explain by itself."
)
NAMED = {
    FACTOR: "the factor {}",
    RISK: "the risk {}",
    BRANCH: "the branch {}",
    ORDER: "the order {}",
    ACTIVITY: "the duration of {}",
    PLACES: "the draws of single places",
}
"""How a sentence names an input of each kind."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """The date that moves, what moves it most, all inputs that move it with their days and shares, and the others."""
    about, rows = result.about, result.tables["drivers"].to_dict("records")
    moving = [row for row in rows if not row["total"] < NO_SHARE or row["swing"] >= NOTHING]
    still = [row["input"] for row in rows if row not in moving]
    rest = f"No effect: {listed(still, len(still))}."
    asked = replace(result, about={**about, "replications": None})  # as earlier versions called the points
    subject = [*asked.subject(), counted(int(about.get("builds", 0)), "replication"), about["milestone"]]
    sections = [Section("", tuple(_sentences(about, moving)))]
    if moving:
        title = "Inputs, the most important first"
        sections.append(Section(title, tables=(_table(moving),), charts=(moved(result),), notes=LEGEND))
    sections.append(Section("", (rest,) if still else ()))
    return Report.of(f"What moves {about['milestone']}", subject, sections)


def _sentences(about: Mapping[str, Any], moving: Sequence[Row]) -> Iterator[str]:
    """The date that moves, what moves it most, what the inputs explain alone, and what the numbers leave out."""
    date = f" ({about['p80_date'][:10]})" if about.get("p80_date") else ""
    p80 = f"day {day(about['p80'])}{date}" if isfinite(about["p80"]) else NEVER
    yield f"The mean is day {day(about['mean'])}, with a standard deviation of {about['sd']:.1f} days; P80 is {p80}."
    if not moving:
        yield f"No uncertain input moves {about['milestone']}."
        return
    yield f"{_named(moving[0]).replace('the ', 'The ', 1)} moves {about['milestone']} most{_by(moving[0])}."
    if isnan(about["alone"]):
        more = 2 * about.get("points", about.get("replications"))
        yield f"Too few replications for all shares of the variance: use -n {more} or more."
    else:
        yield (
            f"Alone, the inputs explain {share(about['alone'], digits=0)} of the variance; "
            f"{share(1 - about['alone'], digits=0)} comes from interactions."
        )
    if about.get("correlated"):
        yield CORRELATED
    best = max(moving, key=lambda row: -inf if isnan(row["information"]) else row["information"])
    if best["information_low"] > 0:
        unclear = best["p80_sooner_low"] <= 0 <= best["p80_sooner_high"]
        p80 = "by no more than the sampling error" if unclear else f"{best['p80_sooner']:.1f} days earlier"
        yield (
            f"The most useful input to know before you promise a date: {_named(best)}. If it were known, the mean of "
            f"the latest fifth of replications would be {best['information']:.1f} days earlier, and the P80 {p80}."
        )
    if about["reached"] < 1:
        yield (
            f"{share(1 - about['reached'])} of the replications do not reach it by {about['horizon'][:10]}. They count "
            "as if they did on that day: the true mean, spread and effects are larger."
        )


def _named(row: Row) -> str:
    return NAMED[row["kind"]].format(row["input"])


def _by(row: Row) -> str:
    """How far both ends of an input move the mean."""
    if isnan(row["low_day"]):
        return ""
    known = {RISK: ("without it", "with it"), BRANCH: ("on its first way", "on its last way")}
    ends = known.get(row["kind"], ("at its P10", "at its P90"))
    return ": " + ", ".join(
        f"{abs(days):.1f} days {'earlier' if days < 0 else 'later'} {end}"
        for days, end in zip((row["low_day"], row["high_day"]), ends, strict=True)
    )


def _table(rows: Sequence[Row]) -> Table:
    """All that is known of some inputs; without fractions of a day where the largest move a date by many."""
    digits = int(max(max(abs(row["low_day"]), abs(row["high_day"]), 0) for row in rows) < MANY)
    columns = [Column("input"), Column("low", "change", digits=digits), Column("high", "change", digits=digits)]
    columns += [Column(name, "number") for name in ("ranks", "first", "total", "known")]
    return Table(columns, [_cells(row, digits) for row in rows])


def _cells(row: Row, digits: int) -> list[Any]:
    ends = [None if isnan(row[end]) else row[end] for end in ("low_day", "high_day")]
    shares = [_with_interval(row, name, 2) for name in ("correlation", "first", "total")]
    return [row["input"], *ends, *shares, _with_interval(row, "information", digits)]


def _with_interval(row: Row, name: str, digits: int) -> str:
    """An estimate and half its interval; nothing for what has none, `?` for what so few builds do not tell."""
    if isnan(row[name]):
        return UNKNOWN if name in ("first", "total") else ""
    return f"{in_days(row[name], digits)}±{(row[f'{name}_high'] - row[f'{name}_low']) / 2:.{digits}f}"


def moved(result: Result) -> Chart:
    """How far each input moves the mean at its low and at its high end, the largest swing on top."""
    table = result.tables["drivers"]
    shown = table[table["swing"] > 0].sort_values("swing", ascending=False, kind="stable").head(MOST_ROWS)
    low, high = (shown[end].to_numpy(np.float64) for end in ("low_day", "high_day"))
    title, legend = (
        f"{result.about['milestone']}: what moves it",
        ("at its P10; without the risk", "at its P90; with the risk"),
    )
    axis, names = "days by which the mean moves (left: earlier)", list(shown["input"])
    return tornado(title, axis, names, low, high, legend, "no input moves the milestone")


CHARTS = {"tornado": moved}
