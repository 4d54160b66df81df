"""What to decide: until when each order can wait, and how many days each measure buys."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dcsim.charts import style
from dcsim.charts.style import plain, styled

if TYPE_CHECKING:
    import pandas as pd


@styled
def latest_dates(orders: "pd.DataFrame", ax: Axes) -> Axes:
    """When each order is placed, and when it has to be at the latest, with the interval of that date.

    `orders` has the columns supply, order, placed, latest, latest_low, latest_high (dates, empty where there is none),
    slack (infinite where any date will do).
    """
    if orders["placed"].notna().sum() == 0:
        return style.nothing(ax, "no order is placed on a date")
    for row, one in enumerate(orders.to_dict("records")):
        placed, latest = one["placed"], one["latest"]
        if placed == placed:
            ax.plot(placed, row, "o", color=style.GREY, markersize=7)
        if latest == latest:
            ax.plot([placed, latest], [row, row], color=style.PALE, linewidth=5, zorder=1, solid_capstyle="butt")
            low, high = (end if end == end else latest for end in (one["latest_low"], one["latest_high"]))
            ax.plot([low, high], [row, row], color=style.BLUE, linewidth=2)
            ax.plot(latest, row, "|", color=style.BLUE, markersize=16, markeredgewidth=3)
        elif placed == placed:
            told = "any date" if np.isinf(one["slack"]) else "no date is early enough"
            ax.annotate(told, (placed, row), (9, 0), textcoords="offset points", va="center", fontsize=9)
    style.rows(ax, [plain(f"{one['supply']}, {one['order']}", 34) for one in orders.to_dict("records")])
    ax.plot([], [], "o", color=style.GREY, label="planned")
    ax.plot([], [], "|", color=style.BLUE, markersize=12, markeredgewidth=3, label="at the latest, with 95 % interval")
    style.legend_above(ax)
    ax.margins(x=0.08)
    return ax


@styled
def days_bought(options: "pd.DataFrame", ax: Axes) -> Axes:
    """How many days earlier each measure makes a milestone, with the interval.

    `options` has the columns option, kind (mitigation or option), days, low, high (empty where nothing can be said; low
    and high are infinite where there are too few replications to tell).
    """
    if options["days"].notna().sum() == 0:
        return style.nothing(ax, "no measure's days can be told")
    for row, one in enumerate(options.to_dict("records")):
        colour = style.BLUE if one["kind"] == "option" else style.ORANGE
        ax.barh(row, one["days"], height=0.6, color=colour, alpha=0.55)
        if np.isfinite([one["low"], one["high"]]).all():
            ax.plot([one["low"], one["high"]], [row, row], color=style.INK, linewidth=1.6)
        elif np.isfinite(one["days"]):
            ax.annotate("?", (one["days"], row), (6, 0), textcoords="offset points", va="center")
    style.rows(ax, [plain(str(one["option"]), 34) for one in options.to_dict("records")])
    ax.axvline(0, color=style.GREY, linewidth=0.8)
    ax.set_xlabel("days earlier on average, with 95 % interval; the most for its money on top")
    for kind, colour in (("option", style.BLUE), ("mitigation", style.ORANGE)):
        ax.barh(0, 0, color=colour, alpha=0.55, label=kind)
    style.legend_above(ax)
    return ax
