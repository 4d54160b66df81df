"""When a milestone is reached at every swept value: a line over one, a map over two."""

from collections.abc import Sequence
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from dcsim.charts import style
from dcsim.charts.style import plain, styled
from dcsim.errors import RequestError

if TYPE_CHECKING:
    import pandas as pd

EARLY_TO_LATE = LinearSegmentedColormap.from_list("early to late", ["#F7FBFF", style.SKY, style.BLUE, "#08306B"])
"""Pale is early, dark is late; in grey as well."""
QUANTILES = (("p50", *style.LINES[0]), ("p80", *style.LINES[1]))
MOST_WRITTEN = 150
"""Cells of a map into which the day is written."""


@styled
def sweep(points: "pd.DataFrame", ax: Axes, over: Sequence[str], milestone: str | None = None) -> Axes:
    """The day of a milestone over one or two swept paths.

    `points` has a column for every path in `over`, and milestone, p50, p80 (days from day zero, infinite beyond the
    horizon). Over two paths it is the P80 that is drawn. Raises RequestError for more than two paths.
    """
    name = milestone if milestone is not None else next(iter(points["milestone"]), "")
    table = points[points["milestone"] == name]
    if len(over) not in (1, 2):
        raise RequestError(f"a picture of a sweep is over one path or two, not {len(over)}")
    if table.empty:
        return style.nothing(ax, f"no point of milestone {plain(name)}")
    if len(over) == 1:
        return _line(table, over[0], name, ax)
    across, up = over
    if len(table) != table[across].nunique() * table[up].nunique():
        return _scattered(table, across, up, name, ax)
    return _map(table, across, up, name, ax)


def _line(table: "pd.DataFrame", path: str, milestone: str, ax: Axes) -> Axes:
    numeric = table[path].dtype.kind in "iuf"
    ordered = table.sort_values(path, kind="stable") if numeric else table
    at = ordered[path].to_numpy(np.float64) if numeric else np.arange(len(ordered), dtype=np.float64)
    for column, colour, dash, width in QUANTILES:
        days = ordered[column].to_numpy(np.float64)
        there = np.isfinite(days)
        ax.plot(at[there], days[there], "o", linestyle=dash if numeric else "", color=colour, linewidth=width)
        ax.plot([], [], "o", linestyle=dash if numeric else "", color=colour, linewidth=width, label=column.upper())
    later = ~np.isfinite(ordered["p80"].to_numpy(np.float64))
    for x in at[later].tolist():
        ax.text(
            x, 0.99, "P80 never", transform=ax.get_xaxis_transform(), rotation=90, ha="center", va="top", fontsize=9
        )
    if not numeric:
        ax.set_xticks(at, [plain(str(value), 18) for value in ordered[path]])
        ax.set_xlim(-0.5, len(at) - 0.5)
    ax.margins(y=0.25)
    ax.grid(axis="y")
    ax.set_xlabel(plain(path, 60))
    ax.set_ylabel(f"day of {plain(milestone)}")
    ax.legend(handlelength=2.6)
    return ax


def _map(table: "pd.DataFrame", across: str, up: str, milestone: str, ax: Axes) -> Axes:
    columns, rows = _values(table, across), _values(table, up)
    days = np.full((len(rows), len(columns)), np.nan)
    for x, y, day in zip(table[across], table[up], table["p80"], strict=True):
        days[rows.index(y), columns.index(x)] = day
    mesh = ax.pcolormesh(np.ma.masked_invalid(days), cmap=EARLY_TO_LATE, edgecolors="white", linewidth=1)
    low, high = _ends(days)
    mesh.set_clim(low, high)
    if days.size <= MOST_WRITTEN:
        for (row, column), day in np.ndenumerate(days):
            told = "" if np.isnan(day) else "never" if np.isinf(day) else f"{floor(day):,}"
            dark = np.isfinite(day) and (day - low) > 0.55 * (high - low)
            ax.text(column + 0.5, row + 0.5, told, ha="center", va="center", color="white" if dark else style.INK)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [plain(str(value), 14) for value in columns])
    ax.set_yticks(np.arange(len(rows)) + 0.5, [plain(str(value), 14) for value in rows])
    ax.tick_params(length=0)
    return _coloured(mesh, across, up, milestone, ax)


def _scattered(table: "pd.DataFrame", across: str, up: str, milestone: str, ax: Axes) -> Axes:
    days = table["p80"].to_numpy(np.float64)
    there = np.isfinite(days)
    x, y = _at(table, across), _at(table, up)
    dots = ax.scatter(
        x[there], y[there], c=days[there], cmap=EARLY_TO_LATE, edgecolors=style.GREY, linewidths=0.6, s=46
    )
    if not there.all():
        ax.scatter(x[~there], y[~there], marker="x", color=style.INK, label="not by the horizon")
        style.legend_above(ax)
    ax.grid()
    return _coloured(dots, across, up, milestone, ax)


def _coloured(drawn: Any, across: str, up: str, milestone: str, ax: Axes) -> Axes:
    """The paths at the axes, and the days beside the colours."""
    assert ax.figure is not None
    ax.figure.colorbar(drawn, ax=ax, label=f"P80 of {plain(milestone)} (days from day zero)")
    ax.set_xlabel(plain(across, 60))
    ax.set_ylabel(plain(up, 44))
    return ax


def _values(table: "pd.DataFrame", path: str) -> list[Any]:
    """The values of a path: numbers in their order, words as they came."""
    values = list(dict.fromkeys(table[path].tolist()))
    return sorted(values) if table[path].dtype.kind in "iuf" else values


def _at(table: "pd.DataFrame", path: str) -> NDArray[np.float64]:
    if table[path].dtype.kind in "iuf":
        return table[path].to_numpy(np.float64)
    values = _values(table, path)
    return np.array([values.index(value) for value in table[path]], np.float64)


def _ends(days: NDArray[np.float64]) -> tuple[float, float]:
    known = days[np.isfinite(days)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
