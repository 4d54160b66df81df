"""One build at a glance: what was counted over time, its milestones, and what it waited for."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dcsim.analysis.result import Run, chance, layers
from dcsim.analysis.supplies import total_over_time
from dcsim.analysis.waits import queue_lengths
from dcsim.charts import style
from dcsim.charts.dates import Clock, date_axis, days_above, position, positions
from dcsim.figures.panels import (
    SHARE,
    Curve,
    Dated,
    Wait,
    binned,
    draw_curves,
    draw_milestones,
    draw_waits,
)

MOST_CAUSES, MOST_MILESTONES = 10, 10
"""Rows of the lower panels."""

BINS = 480
"""Spans of time for which it is told how many waited."""


def draw_overview(run: Run, path: Path) -> Path:
    """Draw one build into a PNG, SVG or PDF file; the same build gives the same bytes."""
    style.check_suffix(path)
    return style.save(overview(run), path)


def overview(run: Run) -> Figure:
    """The figure: counters above milestones above what was limiting, on one axis of dates."""
    clock = Clock(run.network.start, run.network.zero)
    curves, unit = counters(run)
    milestones = dated(run, {curve.name for curve in curves})
    begin, end = _ends(run, curves, milestones)
    waits = limiting(run, begin, end)
    with mpl.rc_context(style.RC):
        figure = Figure(figsize=style.SIZE, dpi=style.DPI, layout="constrained")
        rows = [
            max(11.0, 22.0 - len(milestones) - len(waits)),
            max(1.0, len(milestones)),
            max(1.0, len(waits)),
        ]
        upper, middle, lower = figure.subplots(3, 1, sharex=True, height_ratios=rows)
        draw_curves(curves, unit, milestones, end, upper)
        draw_milestones(milestones, middle)
        draw_waits(waits, lower)
        upper.set_title(" · ".join([style.plain(run.scenario.name, 60), *layers(run.scenario), chance(run)]))
        date_axis(lower)
        days_above(upper, clock)
        upper.grid(axis="x")
        lower.set_xlim(begin, end)
    return figure


def counters(run: Run) -> tuple[list[Curve], str]:
    """What is counted and nobody consumes, in one unit; else the share of activities that finished.

    Counters that milestones look at go before others.
    """
    clock = Clock(run.network.start, run.network.zero)
    specs = [part for one in run.scenario.activities.values() for part in (one, *one.within.values())]
    consumed = {name for spec in specs for name in spec.consumes}
    produced = {name for spec in specs for name in spec.produces}
    looked_at = {one.supply for one in run.scenario.milestones.values()}
    counting = [name for name in run.scenario.supplies if name in produced and name not in consumed]
    names = [name for name in counting if name in looked_at] or counting
    if not names:
        return [_finished(run, clock)], SHARE
    units = [run.scenario.supplies[name].unit for name in names]
    unit = max(units, key=units.count)
    curves = []
    for name in (name for name, one in zip(names, units, strict=True) if one == unit):
        total = total_over_time(run.supplies, name)
        curves.append(Curve(name, clock.dates(total["tick"]), total["total"].to_numpy(np.float64)))
    return curves[: len(style.LINES)], unit or "units"


def _finished(run: Run, clock: Clock) -> Curve:
    """The share of all activities that have finished."""
    ticks = np.sort(run.activities["finish"].dropna().to_numpy(np.int64))
    moments, counts = np.unique(np.append(0, ticks), return_counts=True)
    counts[0] -= 1
    share = np.cumsum(counts) / max(1, len(run.activities))
    return Curve("finished", clock.dates(pd.Series(moments)), share)


def dated(run: Run, shown: set[str]) -> list[Dated]:
    """Milestones in the order of their dates, observed ones before others where there are too many."""
    found = []
    for name, rows in run.observed.groupby("milestone", sort=False):
        milestone = run.scenario.milestones[str(name)]
        there = positions(run.milestones.loc[run.milestones["milestone"] == name, "date"])[0]
        number = list(run.scenario.milestones).index(str(name))
        height = float(run.network.milestones[number].reaches) if milestone.supply in shown else None
        observed = tuple(position(date) for date in rows["observed"].dropna())
        found.append(Dated(str(name), None if np.isnan(there) else float(there), observed, height))
    chosen = sorted(found, key=lambda one: not one.observed)[:MOST_MILESTONES]
    return sorted(chosen, key=lambda one: one.simulated if one.simulated is not None else np.inf)


def limiting(run: Run, begin: float, end: float) -> list[Wait]:
    """What anything waited for in a span of time, longest first."""
    clock = Clock(run.network.start, run.network.zero)
    edges = np.linspace(clock.tick(begin), clock.tick(end), BINS + 1)
    found = []
    for row in run.waits.head(MOST_CAUSES).to_dict("records"):
        spells = queue_lengths(run.shortages, row["cause"], run.end)
        found.append(
            Wait(
                cause=row["cause"],
                kind=_kind(run, row["cause"]),
                days=row["days"],
                edges=np.linspace(begin, end, BINS + 1),
                waiting=binned(spells, edges),
            )
        )
    return found


def _kind(run: Run, cause: str) -> str:
    prefix = cause.partition(":")[0]
    if prefix != cause and prefix in ("calendar", "risk"):
        return prefix
    return "supply" if cause in run.scenario.supplies else "resource"


def _ends(run: Run, curves: list[Curve], milestones: list[Dated]) -> tuple[float, float]:
    """From the start of the clock until nothing that is shown changes any more."""
    begin = position(run.network.start)
    last = [begin + 1, *(date for one in milestones for date in one.observed)]
    last += [one.simulated for one in milestones if one.simulated is not None]
    for curve in curves:
        changes = np.flatnonzero(np.diff(curve.totals)) + 1
        last += [float(curve.dates[changes[-1]])] if len(changes) else []
    return begin, begin + (max(last) - begin) * 1.12
