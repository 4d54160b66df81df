"""Axes along the columns of a table, and shades from early to late."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dcsim.document.chart import Axis
from dcsim.document.measure import DAYS, Measure

if TYPE_CHECKING:
    import pandas as pd

Days = NDArray[np.float64]

SHADES = (("sky", 0.12), ("blue", 0.3), ("navy", 0.5), ("ink", 0.7))
"""From early to late: the colour of a dot, and how opaque a field is."""
MOST_NAMES = 16
"""Names at an axis."""


def along(table: "pd.DataFrame", column: str) -> tuple[Axis, Days]:
    """An axis of a column, and where its rows are on it: numbers as they are, words in their order."""
    if table[column].dtype.kind in "iuf":
        at = table[column].to_numpy(np.float64)
        if table[column].dtype.kind == "f" or not len(at):
            return Axis(title=column), at
        around = max(0.5, 0.05 * (at.max() - at.min()))
        return Axis("count", column, low=float(at.min() - around), high=float(at.max() + around)), at
    names = list(dict.fromkeys(table[column]))
    return Axis("names", column, names=thinned(names)), np.array([names.index(name) for name in table[column]], float)


def thinned(names: Sequence[Any]) -> list[str]:
    """Names at an axis, of many only some."""
    step = -(-len(names) // MOST_NAMES)
    return ["" if number % step else str(name) for number, name in enumerate(names)]


def shaded(days: Days, measure: Measure = DAYS) -> Iterator[tuple[int, str, NDArray[np.int64]]]:
    """Days by how late they are, or other amounts: the shade, what it means, and which have it; the shade is -1 where
    there is none."""
    known = days[np.isfinite(days)]
    if len(known):
        ends = np.linspace(known.min(), known.max(), len(SHADES) + 1)
        shades = np.searchsorted(ends[1:-1], days, side="right")
        for shade in range(len(SHADES)):
            in_shade = np.flatnonzero((shades == shade) & np.isfinite(days))
            first, last = (measure.text(end) for end in ends[shade : shade + 2].tolist())
            if len(in_shade):
                yield shade, first if first == last else f"{first} to {last.removeprefix('day ')}", in_shade
    if len(known) < len(days):
        yield -1, measure.absent, np.flatnonzero(~np.isfinite(days))
