"""What holds a build back and what moves its dates, as rows of bars: the largest on top."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from dcsim.charts import style
from dcsim.charts.style import plain, styled

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 14
"""Rows of a picture; what is smaller is left out."""
ENDS = (
    ("low_day", "high_day", style.SKY, "input at its P10; risk does not occur"),
    ("high_day", "low_day", style.RED, "input at its P90; risk occurs"),
)
"""The bars of a tornado: of either end of an input, with the other end."""


@styled
def tornado(drivers: "pd.DataFrame", ax: Axes) -> Axes:
    """How far each input moves the milestone from its low to its high value: input, kind, low_day, high_day."""
    swing = (drivers["high_day"] - drivers["low_day"]).abs()
    known = drivers.assign(swing=swing)[swing > 0]
    shown = known.sort_values("swing", ascending=False, kind="stable").head(MOST_ROWS)
    if shown.empty:
        return style.nothing(ax, "no input moves the milestone")
    most = float(np.abs(shown[["low_day", "high_day"]].to_numpy(np.float64)).max())
    for end, other, colour, _ in ENDS:
        values, others = shown[end].to_numpy(np.float64), shown[other].to_numpy(np.float64)
        smaller = np.abs(values) < np.abs(others)
        for row, value in enumerate(values.tolist()):
            ax.barh(row, value, height=0.62, color=colour, zorder=3 if smaller[row] else 2)
            right = value > 0 or (value == 0 and others[row] < 0)
            if not (smaller[row] and value * others[row] > 0):
                shift = 0.015 * most if right else -0.015 * most
                ax.text(value + shift, row, _signed(value), ha="left" if right else "right", va="center", fontsize=9)
    ax.axvline(0, color=style.INK, linewidth=1)
    style.rows(ax, [plain(str(name), 36) for name in shown["input"]])
    ax.set_xlim(-1.2 * most, 1.2 * most)
    ax.set_xlabel("mean change of the milestone, days (earlier left, later right)")
    style.legend_above(ax, [Patch(color=colour) for _, _, colour, _ in ENDS], [label for _, _, _, label in ENDS])
    return ax


def _signed(days: float) -> str:
    return f"{days:+,.1f}".replace("-", "\N{MINUS SIGN}")
