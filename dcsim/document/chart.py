"""A chart as data: axes and marks with their colours by name, drawn by matplotlib for files and plotly.js for pages.

Positions on an axis of dates are moments of numpy; on an axis of rows the number of the row, the first on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64] | NDArray[np.datetime64]
Dash = Literal["solid", "dash", "dashdot", "dot"]
Symbol = Literal["dot", "ring", "diamond", "triangle", "cross", "bar", "up"]


@dataclass(frozen=True)
class Axis:
    """One side of a chart."""

    kind: Literal["number", "count", "share", "date", "rows", "names", "plan"] = "number"
    """Of a count only whole numbers are written; a share is written in percent; names stand at 0, 1, 2, ... Both sides
    of a plan have the same unit, and nothing is written at them."""
    title: str = ""
    """What is measured, with its unit."""
    names: Sequence[str] = ()
    """Of rows, or in place of numbers."""
    low: float | datetime | None = None
    high: float | datetime | None = None
    """Where it ends; as far as the marks do if empty."""
    line_at_zero: bool = False


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that is drawn; marks of one name share an entry of the legend, an empty name has none."""

    name: str = ""
    colour: str = "blue"
    notes: Sequence[str] = ()
    """What the pointer tells, by position; the coordinates if empty."""
    hidden: bool = False
    """Shown where a legend can switch it on, such as on a page; not in files."""


@dataclass(frozen=True, kw_only=True)
class Line(Mark):
    """A line through points, or steps that hold until the next."""

    x: Values
    y: Values
    dash: Dash = "solid"
    width: float = 2.4
    steps: bool = False
    dots: bool = False
    """Whether its points are marked."""


@dataclass(frozen=True, kw_only=True)
class Band(Mark):
    """The area between two lines."""

    x: Values
    low: Values
    high: Values
    opacity: float = 0.45
    steps: bool = False


@dataclass(frozen=True, kw_only=True)
class Bars(Mark):
    """Bars that lie in rows."""

    rows: Sequence[float]
    """The row of each; parts of a row are between the whole numbers."""
    start: Values
    end: Values
    labels: Sequence[str] = ()
    """What is written at the end of each."""
    inside: bool = False
    """Whether it is written in the middle instead."""
    height: float | Sequence[float] = 0.62
    opacity: float = 1.0
    hatch: str = ""
    """Strokes by which files tell it apart in grey: `///`."""


@dataclass(frozen=True, kw_only=True)
class Columns(Mark):
    """Columns of a histogram: one height for each span between two edges."""

    edges: Values
    heights: Values


@dataclass(frozen=True, kw_only=True)
class Dots(Mark):
    """Points, with an interval along x where `low` and `high` are finite."""

    x: Values
    y: Values
    symbol: Symbol = "dot"
    low: Values | None = None
    high: Values | None = None
    labels: Sequence[str] = ()
    """What is written above each."""
    size: float = 7


@dataclass(frozen=True, kw_only=True)
class Rule(Mark):
    """A line across the whole chart at one x."""

    at: float | datetime
    dash: Dash = "solid"


@dataclass(frozen=True, kw_only=True)
class Spans(Mark):
    """Stretches along x, shaded from top to bottom."""

    start: Values
    end: Values
    opacity: float = 0.28


@dataclass(frozen=True, kw_only=True)
class Cells(Mark):
    """Squares of one unit on a plan, from their upper left corners; y is counted downwards."""

    x: Values
    y: Values


@dataclass(frozen=True)
class Chart:
    """A picture of a result."""

    title: str
    """Its message."""
    x: Axis = Axis()
    y: Axis = Axis()
    marks: Sequence[Mark] = ()
    explanation: str = ""
    """How to read it, in a sentence."""
    summary: str = ""
    """What it shows, for those who do not see it."""
    day_zero: datetime | None = None
    """Where dates are also shown as days: the moment from which they count."""
    empty: str = ""
    """Why there is nothing to draw."""
    below: "Sequence[Chart]" = ()
    """Charts that stand below it over the same axis of x, in files and notebooks."""

    @property
    def rows(self) -> int:
        """How many rows it has; 0 if its y axis has none."""
        return len(self.y.names) if self.y.kind == "rows" else 0
