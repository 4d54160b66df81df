"""Things over time: what is counted, with its fan; a milestone's dates; stocks and resources."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from dcsim.analysis.supplies import total_over_time
from dcsim.analysis.waits import spells
from dcsim.charts import style
from dcsim.charts.dates import Clock, Floats, date_axis, days_above, positions
from dcsim.charts.style import plain, styled
from dcsim.figures.panels import Curve, Dated, draw_curves

if TYPE_CHECKING:
    import pandas as pd

OBSERVED = "observed"
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
