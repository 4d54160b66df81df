"""Charts over time that one run and many share: supplies, with observed and target dates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.milestones import dated_in_the_world
from dcsim.analysis.supplies import counted
from dcsim.document.chart import Axis, Band, Chart, Dots, Line, Mark
from dcsim.document.colours import LINES
from dcsim.document.names import labelled
from dcsim.document.words import listed
from dcsim.scenario.schema import Scenario
from dcsim.study.labels import with_labels
from dcsim.study.result import Result, known

WORLD = (("observed", "diamond", "ink"), ("target", "triangle", "green"))
"""How observed and target dates are marked, by kind."""
SHARE = "share of activities"
"""The unit of the curve if the scenario counts no supply."""
ROOM = 0.06
"""What is left free on the right of the last change, as a share of the time shown."""

Moments = NDArray[np.datetime64]


class Curve(NamedTuple):
    """How much there is of something from each moment on, and within which bounds that is likely."""

    name: str
    unit: str
    x: Moments
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    @property
    def changes(self) -> Moments:
        """When it changes."""
        known = [values for values in (self.low, self.y, self.high) if values is not None]
        moved = np.any([np.diff(values) != 0 for values in known], axis=0)
        return self.x[1:][moved]


def chosen(result: Result, milestone: str = "", supply: str = "") -> list[str]:
    """The supply that is asked for or that the milestone counts; else all of the commonest unit that milestones count.

    Raises
    ------
    RequestError
        There is no such supply or milestone.
    """
    supplies = list(dict.fromkeys(result.tables["supplies"]["supply"]))
    if supply:
        return [known(supply, supplies, "supply", "supplies")]
    milestones = [known(milestone, result.scenario.milestones, "milestone", "milestones")] if milestone else None
    return list(labelled(counted(result.scenario, supplies, milestones), result.labels))


def by_unit(result: Result) -> list[list[str]]:
    """The supplies that milestones count, those of one unit together, what all sites count before what each does."""
    supplies = set(result.tables["supplies"]["supply"])
    names = dict.fromkeys(
        milestone.supply for milestone in result.scenario.milestones.values() if milestone.supply in supplies
    )
    units: dict[str, list[str]] = {}
    for name in labelled(sorted(filter(None, names), key=result.scenario.rank), result.labels):
        units.setdefault(result.scenario.supplies[name].unit, []).append(name)
    return list(units.values())


def over_time(scenario: Scenario, curves: Sequence[Curve], explanation: str, until: Sequence[datetime] = ()) -> Chart:
    """What is counted in one unit, beside the dates that were observed or wanted; until some moments at least."""
    if not curves:
        return Chart("Supplies over time", empty="the scenario counts no supply")
    unit, alone = curves[0].unit or "units", len(curves) == 1
    seen = _in_the_world(scenario, [curve.name for curve in curves])
    shown = [*(values for curve in curves for values in curve.changes), *(values for dots in seen for values in dots.x)]
    begin, end = window(scenario, [*until, *(moment.astype("datetime64[s]").item() for moment in shown)])
    marks: list[Mark] = []
    for curve, (colour, dash) in zip(curves, LINES * len(curves), strict=False):
        marks += _drawn(curve, colour, dash, end, alone)
    title = f"{listed([curve.name for curve in curves], 4)} over time"
    y = Axis("share", unit, low=0.0, high=1.05) if unit == SHARE else Axis("count", unit)
    y = replace(y, title=f"{curves[0].name} ({unit})") if alone and unit != SHARE else y
    last = [f"{curve.name} {curve.y[-1]:,.0f} {curve.unit}".rstrip() for curve in curves]
    summary = f"At the end: {', '.join(last)}."
    return Chart(
        title, Axis("date", low=begin, high=end), y, [*marks, *seen], explanation, summary, day_zero=scenario.zero
    )


def moments(scenario: Scenario, ticks: Any) -> Moments:
    """The moments of ticks."""
    start = np.datetime64(scenario.start, "s")
    return np.asarray(start + np.round(np.asarray(ticks, np.float64) * 60).astype("timedelta64[s]"))


def window(scenario: Scenario, moments: Sequence[datetime]) -> tuple[datetime, datetime]:
    """From day zero, or the first of some moments, to the last of them with a little room."""
    begin = max(scenario.start, min([scenario.zero, *moments]))
    last = max([begin + timedelta(days=1), *moments])
    return begin, last + ROOM * (last - begin)


def _drawn(curve: Curve, colour: str, dash: str, end: datetime, alone: bool) -> list[Mark]:
    """A line to the end of the chart, and the band around it; moments at which nothing changes are left out."""
    moved = np.isin(curve.x, curve.changes)
    turns = moved | np.append(moved[1:], True) | (np.arange(len(moved)) == 0)
    x = np.append(curve.x[turns], np.datetime64(end, "s"))
    y = np.append(curve.y[turns], curve.y[-1])
    line = Line(name=curve.name, colour=colour, dash=dash, x=x, y=y, steps=True)  # type: ignore[arg-type]
    if curve.low is None or curve.high is None:
        return [line]
    low, high = (np.append(values[turns], values[-1]) for values in (curve.low, curve.high))
    notes = [f"{curve.name}: {b:,.0f} ({a:,.0f} to {c:,.0f})" for a, b, c in zip(low, y, high, strict=True)]
    band = Band(name="P10 to P90" if alone else "", colour=colour, x=x, low=low, high=high, opacity=0.25, steps=True)
    return [band, replace(line, name="P50" if alone else curve.name, notes=notes)]


def _in_the_world(scenario: Scenario, names: Sequence[str]) -> list[Dots]:
    """When so much of a supply was observed, or is wanted."""
    dated = with_labels(dated_in_the_world(scenario), scenario.labels)
    dated = dated[dated["supply"].isin(list(names))]
    return _marked(dated, dated["milestone"], dated["reaches"])


def observed_and_target_dates(scenario: Scenario, names: Sequence[str], lift: float = 0.0) -> list[Dots]:
    """The dates on which milestones, a row each, were observed or are wanted, so much of a row below its middle."""
    dated, rows = dated_in_the_world(scenario), {f"{name!s}": number for number, name in enumerate(names)}
    dated = dated[dated["milestone"].isin(list(rows))]
    heights = dated["milestone"].map(rows).astype("float64") + lift
    return _marked(dated, dated["date"].dt.strftime("%Y-%m-%d"), heights)


def _marked(dated: pd.DataFrame, about: "pd.Series[str]", y: "pd.Series[float]") -> list[Dots]:
    """Observed and target dates at these heights, each with what it is about; the two kinds look different."""
    dots = []
    for kind, symbol, colour in WORLD:
        at = dated["kind"] == kind
        if at.any():
            notes = [f"{name}: {meaning}" for name, meaning in zip(about[at], dated["meaning"][at], strict=True)]
            x, heights = dated["date"][at].to_numpy("datetime64[s]"), y[at].to_numpy(np.float64)
            dots.append(Dots(name=kind, colour=colour, symbol=symbol, x=x, y=heights, notes=notes))  # type: ignore[arg-type]
    return dots
