"""The site from above as a film draws it: a cell for every place, coloured by how far it is."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from numpy.typing import NDArray

from dcsim.analysis.site import Layout
from dcsim.analysis.states import STATES, States
from dcsim.charts import style
from dcsim.charts.style import plain
from dcsim.document.colours import LIGHT, PROGRESS

COLOURS = tuple(LIGHT[name] for name in PROGRESS)
"""Of the states of a place."""


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
