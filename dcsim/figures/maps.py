"""The site from above: a block of cells for every hall, a cell for every rack, coloured by how far it is."""

from math import ceil, floor, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from numpy.typing import NDArray

from dcsim.analysis.states import STATES, States, states_of
from dcsim.charts import style
from dcsim.charts.dates import Clock, moment
from dcsim.charts.style import plain, styled

if TYPE_CHECKING:
    import pandas as pd

COLOURS = ("#EEEEEE", style.YELLOW, style.ORANGE, style.BLUE)
"""Of the states of a place, the paler the less is done; they differ in grey as well."""
MOST_ACROSS = 4
"""Blocks beside each other."""
GAP, HEAD = 0.012, 0.022
"""What is left between blocks, and what the name of a block takes, as shares of the width of four blocks."""


class Layout(NamedTuple):
    """Where the cells of all places stand, one unit wide and high, y downwards."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    """Upper left corners."""
    blocks: tuple[tuple[str, float, float], ...]
    """Of each block its name, and where it begins."""
    width: float
    height: float
    head: float
    """What the name of a block takes above it."""


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
    inside = {
        name: _columns([paths[k][-2] for k in mine]) if deep else _rows(len(mine)) for name, mine in blocks.items()
    }
    sizes = {name: (max(x for x, _ in here) + 1, max(y for _, y in here) + 1) for name, here in inside.items()}
    whole = MOST_ACROSS * max([wide for wide, _ in sizes.values()], default=0)
    gap, head = max(0.6, GAP * whole), max(0.6, HEAD * whole)
    x, y, heads = np.zeros(len(places)), np.zeros(len(places)), []
    left = top = tallest = width = 0.0
    across, outer = 0, None
    for name, members in blocks.items():
        wide, high = sizes[name]
        if across == MOST_ACROSS or (outer is not None and name.split("/")[0] != outer and "/" in name):
            left, top, across, tallest = 0.0, top + tallest + head + gap, 0, 0.0
        outer = name.split("/")[0]
        heads.append((name, left, top))
        for k, (column, row) in zip(members, inside[name], strict=True):
            x[k], y[k] = left + column, top + head + row
        width = max(width, left + wide)
        left, across, tallest = left + wide + gap, across + 1, max(tallest, high)
    return Layout(x, y, tuple(heads), width, top + tallest + head, head)


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
    ax.set_title(f"{moment(clock.zero + day):%Y-%m-%d}, day {floor(day):,}", fontsize=11, pad=20)
    return ax


def draw_cells(states: States, now: NDArray[np.int8], layout: Layout, ax: Axes) -> tuple[AxesImage, Legend]:
    """Every place in the colour of its state, blocks with their names, and how many are how far."""
    picture = cells(layout, now)
    rows, columns = picture.shape
    extent = (0, columns / SCALE, rows / SCALE, 0)
    colours = ListedColormap(COLOURS)
    image = ax.imshow(picture, cmap=colours, vmin=0, vmax=3, extent=extent, interpolation="nearest", zorder=2)
    for name, left, top in layout.blocks:
        ax.text(left, top + 0.85 * layout.head, plain(name.replace("/", " / "), 34), fontsize=9, va="bottom")
    ax.set_xlim(-0.002 * layout.width, 1.002 * layout.width)
    ax.set_ylim(layout.height, 0)
    ax.set_aspect("equal", anchor="W")
    ax.set_axis_off()
    return image, style.legend_above(ax, [Patch(color=colour) for colour in COLOURS], counted(now))


def counted(now: NDArray[np.int8]) -> list[str]:
    """How many places are how far."""
    counts = np.bincount(now, minlength=len(STATES)).tolist()
    return [f"{state}: {count:,}" for state, count in zip(STATES, counts, strict=True)]


def cells(layout: Layout, now: NDArray[np.int8]) -> NDArray[np.int8]:
    """The cells alone as an image of a few points each, empty between them."""
    picture = np.full((ceil(layout.height * SCALE), ceil(layout.width * SCALE)), -1, np.int8)
    across, down = np.rint(layout.x * SCALE).astype(int), np.rint(layout.y * SCALE).astype(int)
    for right in range(SCALE - 1):
        for below in range(SCALE - 1):
            picture[down + below, across + right] = now
    return np.ma.masked_less(picture, 0)


SCALE = 6
"""Points of the image along the side of a cell, of which the last is left free."""
