"""What a page is made of: sections with sentences, figures and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dcsim.document.report import Report

ROW = 26
"""Height of a row of a figure, in pixels."""


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


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than text."""

    text: str
    link: str = ""
    """An address on the web; anything else is no link."""
    mark: str = ""
    """How it is set off: `strong`, `weak`, `medium`, `high`, `soft`."""
    below: str = ""
    """A second, smaller line."""

    @property
    def href(self) -> str:
        """The address, if it leads to the web."""
        return self.link if self.link.lower().startswith(("https://", "http://")) else ""


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


def text(words: object, most: int = 200) -> str:
    """Words as plotly shows them: it would take `<b>` and `<a href>` for markup, so they are spelled out."""
    plain = str(words)
    plain = plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def label(words: object) -> str:
    """A name that fits beside its row."""
    return text(words, 24)


FEW = 10
"""Below so many each has a number at the axis."""
NUMBERS = ",.6~g"
"""How numbers stand at an axis: 200,000 and 0.5."""


def counts_axis(unit: str, heights: Sequence[float]) -> dict[str, Any]:
    """An axis of what is counted: whole numbers, also where there are few."""
    axis = {"title": {"text": text(unit)}, "tickformat": NUMBERS, "rangemode": "tozero", "automargin": True}
    return axis | ({"dtick": 1} if max(heights, default=0) < FEW else {})


def rows_layout(names: Sequence[object], **more: Any) -> dict[str, Any]:
    """The axes of a figure with a row for each name, the first on top."""
    return {
        "yaxis": {
            "tickvals": list(range(len(names))),
            "ticktext": [label(name) for name in names],
            "range": [len(names) - 0.4, -0.6],
            "automargin": True,
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
            "ticks": "",
        },
        **more,
    }


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


def rows_height(count: int, row: int = ROW) -> int:
    """The height of a figure with so many rows, in pixels."""
    return 96 + row * max(count, 1)
