"""The site from above: where the cells of all places stand, a block of cells for every hall."""

from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    wide: tuple[float, ...]
    """Of each block how wide it is."""
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
        name: _columns([paths[k][-2] for k in members]) if deep else _rows(len(members))
        for name, members in blocks.items()
    }
    sizes = {name: (max(x for x, _ in corners) + 1, max(y for _, y in corners) + 1) for name, corners in inside.items()}
    room = MOST_ACROSS * max([wide for wide, _ in sizes.values()], default=0)
    gap, head = max(0.6, GAP * room), max(0.6, HEAD * room)
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
    return Layout(
        x, y, tuple(heads), tuple(float(sizes[name][0]) for name in blocks), width, top + tallest + head, head
    )


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
