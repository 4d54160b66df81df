"""The site from above: a block of cells for every hall, a cell for every rack, coloured by how far it is."""

from math import ceil, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from numpy.typing import NDArray

from dcsim.analysis.states import STATES, States, states_of
from dcsim.figures import style
from dcsim.figures.dates import Clock, moment
from dcsim.figures.style import plain, styled

if TYPE_CHECKING:
    import pandas as pd

COLOURS = ("#EEEEEE", style.YELLOW, style.ORANGE, style.BLUE)
"""Of the states of a place, the paler the less is done; they differ in grey as well."""
MOST_ACROSS = 4
"""Blocks beside each other."""
GAP = 2.5
"""Cells between blocks."""
HEAD = 3.5
"""Cells that the name of a block takes."""


class Layout(NamedTuple):
    """Where the cells of all places stand, one unit wide and high, y downwards."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    """Upper left corners."""
    blocks: tuple[tuple[str, float, float], ...]
    """Of each block its name, and where it begins."""
    width: float
    height: float


def laid_out(places: tuple[str, ...]) -> Layout:
    """Where the cells stand: blocks in rows of up to four, a new row where the outermost place changes.

    With four levels or more (phase, hall, pod, rack) a block is the place two levels up, its columns are the places
    one level up; with fewer a block is the place around, and its cells fill rows.
    """
    paths = [path.split("/") for path in places]
    depth = len(paths[0]) if paths else 1
    deep = depth >= 3
    blocks: dict[str, list[int]] = {}
    for number, path in enumerate(paths):
        blocks.setdefault("/".join(path[:-2] if deep else path[:-1]), []).append(number)
    x, y, heads = np.zeros(len(places)), np.zeros(len(places)), []
    left = top = tallest = width = 0.0
    across, outer = 0, None
    for name, members in blocks.items():
        cells = _columns([paths[k][-2] for k in members]) if deep else _rows(len(members))
        wide, high = max(cell[0] for cell in cells) + 1, max(cell[1] for cell in cells) + 1
        if across == MOST_ACROSS or (outer is not None and name.split("/")[0] != outer and "/" in name):
            left, top, across, tallest = 0.0, top + tallest + HEAD + GAP, 0, 0.0
        outer = name.split("/")[0]
        heads.append((name, left, top))
        for k, (column, row) in zip(members, cells, strict=True):
            x[k], y[k] = left + column, top + HEAD + row
        left, across, tallest = left + wide + GAP, across + 1, max(tallest, high)
        width = max(width, left - GAP)
    return Layout(x, y, tuple(heads), width, top + tallest + HEAD)


def _columns(pods: list[str]) -> list[tuple[int, int]]:
    """A column for every pod, its racks from top to bottom."""
    columns = {pod: column for column, pod in enumerate(dict.fromkeys(pods))}
    rows = dict.fromkeys(columns, 0)
    cells = []
    for pod in pods:
        cells.append((columns[pod], rows[pod]))
        rows[pod] += 1
    return cells


def _rows(count: int) -> list[tuple[int, int]]:
    """Rows of cells, twice as wide as high."""
    across = max(1, ceil(sqrt(2 * count)))
    return [(k % across, k // across) for k in range(count)]


@styled
def hall_map(activities: "pd.DataFrame", ax: Axes, day: float) -> Axes:
    """How far every rack is at the beginning of a day counted from day zero, a block of cells for every hall.

    `activities` is that of a run. What stands on the lowest level of places is a cell, whatever it is called.
    """
    states = states_of(activities)
    if not states.places:
        return style.nothing(ax, "nothing happens in any place")
    clock = Clock.of(activities)
    now = states.at(round(clock.tick(clock.zero + day)))
    draw_cells(states, now, laid_out(states.places), ax)
    ax.set_title(f"{moment(clock.zero + day):%Y-%m-%d}, day {day:,.0f}", fontsize=11, pad=20)
    return ax


def draw_cells(states: States, now: NDArray[np.int8], layout: Layout, ax: Axes) -> Axes:
    """Every place in the colour of its state, blocks with their names, and how many are how far."""
    paint(layout, now, ax)
    for name, left, top in layout.blocks:
        ax.text(left, top + HEAD - 0.7, plain(name.replace("/", " / "), 34), fontsize=9, va="bottom")
    ax.set_xlim(-0.5, layout.width + 0.5)
    ax.set_ylim(layout.height + 0.5, 0)
    ax.set_aspect("equal", anchor="W")
    ax.set_axis_off()
    counts = np.bincount(now, minlength=len(STATES))
    words = [f"{state}: {count:,}" for state, count in zip(STATES, counts.tolist(), strict=True)]
    style.legend_above(ax, [Patch(color=colour) for colour in COLOURS], words)
    return ax


def paint(layout: Layout, now: NDArray[np.int8], ax: Axes) -> None:
    """The cells alone, as one image of a few points each."""
    columns, rows = ceil(layout.width * SCALE), ceil(layout.height * SCALE)
    image = np.full((rows, columns), -1, np.int8)
    across, down = np.rint(layout.x * SCALE).astype(int), np.rint(layout.y * SCALE).astype(int)
    for right in range(SCALE - 1):
        for below in range(SCALE - 1):
            image[down + below, across + right] = now
    shown = np.ma.masked_less(image, 0)
    extent = (0, columns / SCALE, rows / SCALE, 0)
    ax.imshow(shown, cmap=ListedColormap(COLOURS), vmin=0, vmax=3, extent=extent, interpolation="nearest", zorder=2)


SCALE = 6
"""Points of the image along the side of a cell, of which the last is left free."""
