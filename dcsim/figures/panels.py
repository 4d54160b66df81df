"""The panels of the overview: each draws on the axes it is given. Positions in time are dates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import AutoLocator, PercentFormatter
from numpy.typing import NDArray

from dcsim.charts import style

Floats = NDArray[np.float64]

NOT_REACHED = "not reached"

MOST_COMPARED = 2
"""Observed dates of one milestone to which the days are written."""

SHARE = "share of activities"
"""What the upper panel shows where nothing is counted."""


@dataclass(frozen=True)
class Curve:
    """Something that grows: how many there are from each date on."""

    name: str
    dates: Floats
    totals: Floats


@dataclass(frozen=True)
class Dated:
    """A milestone: when it was reached, when it was observed, and how many of which curve it stands for."""

    name: str
    simulated: float | None
    observed: tuple[float, ...]
    height: float | None


@dataclass(frozen=True)
class Wait:
    """A cause of waiting: in how many days anything waited for it, and how many waited when."""

    cause: str
    kind: str
    days: float
    edges: Floats
    """The ends of equal spans of time."""
    waiting: Floats
    """How many waited in each of them, on average."""


CAUSES = ("supply", "resource", "calendar", "risk")
"""What can be waited for, in the order of the legend."""


def draw_curves(curves: Sequence[Curve], unit: str, milestones: Sequence[Dated], end: float, ax: Axes) -> Axes:
    """How many there are of everything that is counted, over time, and the dates that were observed."""
    for curve, (colour, dash, width) in zip(curves, style.LINES, strict=False):
        dates = np.append(curve.dates, end)
        totals = np.append(curve.totals, curve.totals[-1])
        ax.step(
            dates, totals, where="post", color=colour, linestyle=dash, linewidth=width, label=style.plain(curve.name)
        )
    seen = [(date, one.height) for one in milestones if one.height for date in one.observed]
    if seen:
        when, heights = zip(*seen, strict=True)
        ax.scatter(when, heights, marker="D", s=42, color=style.INK, zorder=5, label="observed")
    tallest = max([float(curve.totals.max()) for curve in curves] + [height for _, height in seen])
    ax.set_ylim(0, 1.1 * (tallest or 1))
    ax.grid(axis="y")
    style.counts(ax.yaxis)
    if unit == SHARE:
        ax.yaxis.set_major_locator(AutoLocator())
        ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_ylabel(
        style.plain(unit) if len(curves) > 1 or unit == SHARE else style.plain(f"{curves[0].name} ({unit})", 50)
    )
    if len(curves) > 1 or seen:
        ax.legend(loc="upper left", handlelength=2.6)
    return ax


def draw_milestones(milestones: Sequence[Dated], ax: Axes) -> Axes:
    """A row for every milestone: when it was reached, when it was observed, and the days between."""
    for row, one in enumerate(milestones):
        points = [*one.observed, *([one.simulated] if one.simulated is not None else [])]
        if one.simulated is not None and one.observed:
            ax.plot([min(points), max(points)], [row, row], color=style.GREY, linewidth=1.5, zorder=1)
        if one.observed:
            ax.scatter(one.observed, [row] * len(one.observed), marker="D", s=36, color=style.INK, zorder=3)
        if one.simulated is not None:
            ax.scatter([one.simulated], [row], s=52, facecolor="white", edgecolor=style.RED, linewidth=2, zorder=4)
        if points:
            said = ax.annotate(_difference(one), (max(points), row), (9, 0), textcoords="offset points")
            said.set(va="center", fontsize=9, in_layout=False)
        else:
            place = ax.get_yaxis_transform()
            ax.text(0.01, row, NOT_REACHED, transform=place, va="center", fontsize=9)
    ax.set_yticks(range(len(milestones)), [style.plain(one.name) for one in milestones])
    ax.set_ylim(len(milestones) - 0.4, -0.6)
    handles = [_marker("o", "white", style.RED, "simulated")]
    if any(one.observed for one in milestones):
        handles.append(_marker("D", style.INK, style.INK, "observed"))
    _head(ax, "Milestones", handles)
    return ax


def _marker(shape: str, face: str, edge: str, label: str) -> Line2D:
    """A marker as it stands in a legend."""
    line = Line2D([], [], marker=shape, linestyle="none", markersize=6.5, label=label)
    line.set(markerfacecolor=face, markeredgecolor=edge, markeredgewidth=2 if face != edge else 1)
    return line


def _head(ax: Axes, title: str, handles: Sequence[Line2D | Patch]) -> None:
    """The title of a panel of rows, and on its right what the marks mean."""
    ax.set_title(title, fontsize=10, pad=4)
    ax.grid(axis="x")
    style.bare(ax)
    ax.legend(
        handles=list(handles),
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(CAUSES),
        handlelength=1,
        borderaxespad=0.1,
        borderpad=0.2,
    )


def _difference(one: Dated) -> str:
    """How many days later it is than it was observed; nothing where the observed dates are of many builds."""
    if one.simulated is None:
        return NOT_REACHED
    if not 1 <= len(one.observed) <= MOST_COMPARED:
        return ""
    days = sorted({int(np.floor(one.simulated) - np.floor(date)) for date in one.observed})
    if days == [0]:
        return "same day"
    return " to ".join(f"{number:+d}".replace("-", "\N{MINUS SIGN}") for number in (days[0], *days[1:][-1:])) + " d"


def draw_waits(waits: Sequence[Wait], ax: Axes) -> Axes:
    """A bar for every cause while anything waited for it, the thicker the more did; longest first."""
    for row, wait in enumerate(waits):
        most = wait.waiting.max(initial=0)
        share = np.sqrt(wait.waiting / most) if most else wait.waiting
        half = np.where(wait.waiting > 0, 0.08 + 0.34 * share, 0)
        half = np.append(half, half[-1])
        ax.fill_between(
            wait.edges, row - half, row + half, step="post", color=style.KINDS[wait.kind], linewidth=0, zorder=2
        )
    labels = [f"{shortened(wait.cause)}  {_days(wait.days)}" for wait in waits]
    ax.set_yticks(range(len(waits)), labels)
    ax.set_ylim(max(len(waits), 1) - 0.4, -0.6)
    kinds = [kind for kind in CAUSES if any(wait.kind == kind for wait in waits)]
    _head(ax, "Waited for (thicker: more waited)", [Patch(color=style.KINDS[kind], label=kind) for kind in kinds])
    return ax


def _days(days: float) -> str:
    return f"{days:,.0f} d" if days >= 0.5 else "< 1 d"


def shortened(cause: str, most: int = 22) -> str:
    """A cause that fits beside its bar."""
    name = cause.partition(":")[2] or cause
    return style.plain(name, most)


def binned(spells: Sequence[tuple[int, int, int]], edges: Floats) -> Floats:
    """How many waited on average in each span between the edges, from [from, to) with a number."""
    if not spells:
        return np.zeros(len(edges) - 1)
    frame = pd.DataFrame(spells, columns=["from", "to", "waiting"])
    ticks = np.concatenate([frame["from"], frame["to"]])
    steps = np.concatenate([frame["waiting"], -frame["waiting"]])
    order = np.argsort(ticks, kind="stable")
    ticks, level = ticks[order].astype(np.float64), np.cumsum(steps[order]).astype(np.float64)
    area = np.concatenate([[0.0], np.cumsum(level[:-1] * np.diff(ticks))])
    total = np.interp(edges, ticks, area)
    return np.asarray(np.diff(total) / np.diff(edges))
