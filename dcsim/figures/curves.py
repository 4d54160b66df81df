"""Things over time: what is counted, with its fan; a milestone's dates; stocks and resources."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from dcsim.analysis.quantiles import quantile
from dcsim.analysis.supplies import total_over_time
from dcsim.analysis.waits import spells
from dcsim.charts import style
from dcsim.charts.dates import Clock, Floats, date_axis, days_above, moment, positions
from dcsim.charts.style import plain, styled
from dcsim.figures.panels import Curve, Dated, draw_curves

if TYPE_CHECKING:
    import pandas as pd

OBSERVED, TARGET = "observed", "target"
MARKS = {OBSERVED: ("D", style.INK), TARGET: (">", style.GREEN)}
"""How dates of the world are marked."""
LEVELS = ((0.5, "-"), (0.8, "--"), (0.9, ":"))
"""Quantiles that a histogram shows, each with its dash."""
BINS = 28
DAYS = 19
"""Points that the days above a picture take."""


@styled
def s_curve(supplies: "pd.DataFrame", ax: Axes, counted: Sequence[str], dated: "pd.DataFrame | None" = None) -> Axes:
    """How much of some supplies of one unit had ever been there, over time, beside the dates of the world.

    `supplies` is that of a run, `dated` has the columns milestone, supply, reaches, kind, date.
    """
    clock = Clock.of(supplies)
    curves, unit = [], "units"
    for name in counted:
        total = total_over_time(supplies, name)
        if len(total):
            unit = str(supplies.loc[supplies["supply"] == name, "unit"].iloc[0]) or unit
            curves.append(Curve(name, clock.dates(total["tick"]), total["total"].to_numpy(np.float64)))
    if not curves:
        return style.nothing(ax, "nothing is counted")
    seen = [one for name in counted for one in _dates_of(dated, name)]
    last = [curve.dates[-1] for curve in curves] + [date for one in seen for date in one.observed]
    begin = min(float(curve.dates[0]) for curve in curves)
    end = max(begin + 1, *last)
    draw_curves(curves, unit, seen, end + 0.06 * (end - begin), ax)
    ax.set_xlim(begin, end + 0.06 * (end - begin))
    return _timed(ax, clock)


def _dates_of(dated: "pd.DataFrame | None", supply: str) -> list[Dated]:
    if dated is None:
        return []
    rows = dated[(dated["supply"] == supply) & (dated["kind"] == OBSERVED)]
    return [
        Dated(str(name), None, tuple(positions(part["date"]).tolist()), float(part["reaches"].iloc[0]))
        for name, part in rows.groupby("milestone", sort=False)
    ]


def _timed(ax: Axes, clock: Clock) -> Axes:
    """Dates below, days above."""
    date_axis(ax)
    days_above(ax, clock)
    ax.grid(axis="x")
    return ax


@styled
def fan(supplies: "pd.DataFrame", ax: Axes, supply: str, dated: "pd.DataFrame | None" = None) -> Axes:
    """How much of a supply had ever been there over time in many replications, beside the dates of the world.

    `supplies` is that of replications: supply, unit, date, p10, p50, p90. Eight in ten lie in the band on any day.
    """
    rows = supplies[supplies["supply"] == supply]
    if rows.empty:
        return style.nothing(ax, f"no supply {plain(supply)} is counted")
    clock, dates = Clock.of(supplies), positions(rows["date"])
    low, middle, high = (rows[name].to_numpy(np.float64) for name in ("p10", "p50", "p90"))
    ax.fill_between(dates, low, high, step="post", color=style.SKY, alpha=0.45, linewidth=0, label="P10 to P90")
    for edge in (low, high):
        ax.step(dates, edge, where="post", color=style.BLUE, linewidth=0.8)
    ax.step(dates, middle, where="post", color=style.BLUE, linewidth=2.4, label="P50")
    last, top = _last_change(dates, low, middle, high), float(high.max(initial=0))
    for kind, (marker, colour) in MARKS.items():
        seen = rows[:0] if dated is None else dated[(dated["supply"] == supply) & (dated["kind"] == kind)]
        if len(seen):
            when, heights = positions(seen["date"]), seen["reaches"].to_numpy(np.float64)
            ax.scatter(when, heights, marker=marker, s=52, color=colour, edgecolor="white", zorder=5, label=kind)
            last, top = max(last, float(when.max())), max(top, float(heights.max()))
    first = dates[np.flatnonzero(high > high[0])[:1]]
    begin = min(clock.start, clock.zero) if not len(first) else max(clock.start, min(clock.zero, float(first[0]) - 7))
    ax.set_xlim(begin, last + 0.06 * max(1.0, last - begin))
    ax.set_ylim(0, 1.08 * (top or 1))
    style.counts(ax.yaxis)
    ax.grid(axis="y")
    unit = str(rows["unit"].iloc[0])
    ax.set_ylabel(plain(f"{supply} ({unit})" if unit else supply, 50))
    ax.legend(loc="upper left")
    return _timed(ax, clock)


def _last_change(dates: Floats, *curves: Floats) -> float:
    """The date after which none of the curves changes any more."""
    changes = [np.flatnonzero(np.diff(curve)) for curve in curves]
    return max(float(dates[change[-1] + 1]) if len(change) else float(dates[0]) for change in changes)


@styled
def histogram(milestones: "pd.DataFrame", ax: Axes, milestone: str, dated: "pd.DataFrame | None" = None) -> Axes:
    """In how many replications a milestone was reached when; with its quantiles and the dates of the world."""
    rows = milestones[milestones["milestone"] == milestone]
    days = rows["day"].to_numpy(np.float64)
    there = days[~np.isnan(days)]
    if not len(there):
        return style.nothing(ax, f"{plain(milestone)} was never reached before the horizon")
    clock = Clock.of(milestones)
    ax.hist(
        clock.zero + there, bins=_bins(clock.zero + there).tolist(), color=style.SKY, edgecolor="white", linewidth=0.6
    )
    top = ax.get_ylim()[1]
    for level, dash in LEVELS:
        day = quantile(days, level)
        label = f"P{level * 100:.0f}  not by the horizon"
        if np.isfinite(day):
            when = moment(quantile(positions(rows["date"]), level))
            label = f"P{level * 100:.0f}  {when:%Y-%m-%d}, day {np.floor(day):,.0f}"
            ax.axvline(clock.zero + day, color=style.BLUE, linestyle=dash, linewidth=2)
        ax.plot([], [], color=style.BLUE, linestyle=dash, linewidth=2, label=label)
    for kind, (marker, colour) in MARKS.items():
        seen = milestones[:0] if dated is None else dated[(dated["milestone"] == milestone) & (dated["kind"] == kind)]
        if len(seen):
            label = f"{kind}  {', '.join(f'{date:%Y-%m-%d}' for date in seen['date'][:3])}"
            ax.scatter(
                positions(seen["date"]),
                [0.03 * top] * len(seen),
                marker=marker,
                s=64,
                color=colour,
                edgecolor="white",
                zorder=5,
                label=label,
            )
    ax.set_ylim(0, 1.02 * top)
    style.counts(ax.yaxis)
    ax.set_ylabel(f"replications of {len(days):,}")
    missing = len(days) - len(there)
    if missing:
        ax.plot([], [], " ", label=f"{missing / len(days):.1%} not by the horizon".replace("%", " %"))
    ax.legend(loc="upper right")
    ax.grid(axis="y")
    return _timed(ax, clock)


def _bins(dates: Floats) -> Floats:
    """Edges of equal spans, of whole days where they are long enough."""
    low, high = float(dates.min()), float(dates.max())
    width = max((high - low) / BINS, 1 / 24)
    width = np.ceil(width) if width > 1 else width
    low = np.floor(low) if width >= 1 else low
    return np.asarray(low + width * np.arange(np.floor((high - low) / width) + 2), np.float64)


@styled
def level(
    supplies: "pd.DataFrame", deliveries: "pd.DataFrame", shortages: "pd.DataFrame", ax: Axes, supply: str
) -> Axes:
    """How much of a supply was in stock over time, when it was delivered, and when something waited for it.

    The tables are those of a run.
    """
    rows = supplies[supplies["supply"] == supply]
    if rows.empty:
        return style.nothing(ax, f"there is no supply {plain(supply)}")
    clock = Clock.of(supplies)
    tick, stock = _summed(rows, "level")
    ends = shortages["to"].fillna(shortages["from"] + 1440)  # what never ended is drawn as far as anything is
    short = spells(shortages, supply, int(max(tick.max(), ends.max() if len(ends) else 0)))
    arrived = deliveries[deliveries["supply"] == supply]
    used = tick[1:][np.diff(stock) < 0]
    end = clock.date(max([float(used[-1] if len(used) else tick[-1]), *(until for _, until in short)]))
    end += 0.06 * max(1.0, end - clock.start)
    tick, stock = tick[clock.dates(tick) <= end], stock[clock.dates(tick) <= end]
    arrived = arrived[clock.dates(arrived["tick"]) <= end]
    for begins, until in short:
        ax.axvspan(clock.date(begins), clock.date(until), color=style.RED, alpha=0.28, linewidth=0)
    ax.step(np.append(clock.dates(tick), end), np.append(stock, stock[-1]), where="post", color=style.BLUE)
    top = float(stock.max()) or 1.0
    if len(arrived):
        ax.scatter(clock.dates(arrived["tick"]), [-0.035 * top] * len(arrived), marker="^", s=26, color=style.INK)
    ax.set_ylim(-0.08 * top, 1.08 * top)
    ax.set_xlim(clock.start, end)
    style.counts(ax.yaxis)
    unit = str(rows["unit"].iloc[0])
    ax.set_ylabel(plain(f"{supply} in stock ({unit})" if unit else f"{supply} in stock", 50))
    handles = [ax.lines[0], *([ax.collections[-1]] if len(arrived) else []), Patch(color=style.RED, alpha=0.28)]
    words = ["in stock", *(["delivery"] if len(arrived) else []), "something waits for it"]
    style.legend_above(ax, handles, words, lift=DAYS)
    ax.grid(axis="y")
    return _timed(ax, clock)


def _summed(rows: "pd.DataFrame", column: str) -> tuple[Floats, Floats]:
    """The sum over all places of something that is told where it changes: ticks, and the sum from each on."""
    rows = rows.sort_values("tick", kind="stable")
    change = rows.groupby("place")[column].diff().fillna(rows[column])
    summed = change.groupby(rows["tick"]).sum().cumsum()
    return summed.index.to_numpy(np.float64), summed.to_numpy(np.float64)


@styled
def use(usage: "pd.DataFrame", ax: Axes, resource: str) -> Axes:
    """How many units of a resource were at work over time, and how many there were: tick, used, capacity by place."""
    rows = usage[usage["resource"] == resource]
    if rows.empty:
        return style.nothing(ax, f"there is no resource {plain(resource)}")
    clock = Clock.of(usage)
    tick, used = _summed(rows, "used")
    capacity = _summed(rows, "capacity")[1]
    last = np.flatnonzero(np.diff(used))
    end = clock.date(float(tick[last[-1] + 1]) if len(last) else float(tick[-1]) + 1440)
    end += 0.04 * max(1.0, end - clock.start)
    dates = np.append(clock.dates(tick), max(end, clock.date(float(tick[-1]))))
    used, capacity = np.append(used, used[-1]), np.append(capacity, capacity[-1])
    ax.fill_between(dates, used, step="post", color=style.SKY, linewidth=0, label="at work")
    ax.step(dates, capacity, where="post", color=style.INK, linewidth=1.6, label="there are")
    ax.set_ylim(0, 1.12 * float(max(used.max(), capacity.max(), 1)))
    ax.set_xlim(clock.start, end)
    style.counts(ax.yaxis)
    ax.set_ylabel(plain(f"{resource} (units)", 50))
    style.legend_above(ax, lift=DAYS)
    ax.grid(axis="y")
    return _timed(ax, clock)
