"""What a page is made of: sections with sentences, figures and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dcsim.charts.plotly import rows_axis, text
from dcsim.document.report import Cell, Report


@dataclass(frozen=True)
class Chart:
    """A figure that answers to the pointer, as plotly draws it; colours stand as `@name` or `@name/opacity`."""

    name: str
    title: str
    said: str
    """How to read it, in a sentence."""
    summary: str
    """What it shows, for those who do not see it."""
    height: int
    traces: Sequence[dict[str, Any]]
    layout: dict[str, Any]


Line = Sequence[str | Cell]
"""A row of a table."""


@dataclass(frozen=True)
class Rows:
    """Rows of a table under a common title, which may be empty."""

    title: str
    rows: Sequence[Line]


@dataclass(frozen=True)
class Table:
    """A table; headings that begin with '>' stand over numbers, aligned to the right."""

    caption: str
    headings: Sequence[str]
    groups: Sequence[Rows]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Every heading with how its column is set: `number` or `text`."""
        return [(one.removeprefix(">"), "number" if one.startswith(">") else "text") for one in self.headings]


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading: what is said, shown and listed, in this order."""

    name: str
    title: str
    said: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    points: Sequence[str] = ()
    """A list under the sentences."""
    report: Report | None = None
    """What a result has to say, in its own order."""


def table(caption: str, headings: Sequence[str], rows: Sequence[Line]) -> Table:
    """A table whose rows belong together."""
    return Table(caption, headings, (Rows("", rows),))


def rows_layout(names: Sequence[object], **more: Any) -> dict[str, Any]:
    """The axes of a figure with a row for each name, the first on top."""
    return {"yaxis": rows_axis(names), **more}


def dots(name: str, colour: str, rows: Sequence[int], told: Sequence[str], found: pd.DataFrame) -> dict[str, Any]:
    """Dots in their rows, each with the interval around it, if it ends: a frame with mean, low and high."""
    ends = {"array": found["high"] - found["mean"], "arrayminus": found["mean"] - found["low"]}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": text(name),
        "y": rows,
        "x": found["mean"].round(2).tolist(),
        "error_x": {"type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": f"@{colour}"}
        | {end: lengths.where(np.isfinite(lengths), 0).clip(0).round(2).tolist() for end, lengths in ends.items()},
        "text": told,
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 10, "color": f"@{colour}"},
    }
