"""What to decide: how many days each measure buys."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from dcsim.charts import style
from dcsim.charts.style import plain, styled

if TYPE_CHECKING:
    import pandas as pd


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
