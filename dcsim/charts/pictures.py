"""A chart as matplotlib draws it, for files and notebooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from dcsim.charts import style
from dcsim.charts.dates import Clock, Floats, date_axis, days_above
from dcsim.charts.style import plain, styled
from dcsim.document.chart import Axis, Band, Bars, Cells, Chart, Columns, Dots, Line, Mark, Rule, Spans
from dcsim.document.colours import LIGHT

DASHES = {"solid": "-", "dash": "--", "dashdot": "-.", "dot": ":"}
SYMBOLS = {"dot": "o", "ring": "o", "diamond": "D", "triangle": ">", "cross": "x", "bar": "|", "up": "^"}
DAYS_ABOVE = 19
"""Points that the days above a chart take."""
ENTRY = 15
"""Points that a line of a legend takes."""
SUBJECT = 12
"""Points that the line below a chart takes, which says what was simulated."""
WIDE = 120
"""Letters beside each other in a legend."""
DAYS_TITLE = 24
"""Letters that the title of the days above takes beside it."""
ROW, AROUND, HIGH = 0.36, 1.6, 5.0
"""Inches that a row takes, that stand around the rows, and that a chart without rows is high."""
THIN = 0.1
"""Of a row that the bars that join dots take at most."""
LOW_ROW, TITLE = 0.24, 0.6
"""Inches that a row of a chart below another takes, and its title."""
SIDE, MOST_CELLS = 0.84, 2_000
"""How much of a cell is coloured along its side, and how many cells are drawn as shapes, not as points of an image."""


def picture(chart: Chart, subject: str = "") -> Figure:
    """A figure of its own: the message of the chart, what was simulated, and the chart."""
    figure, ax = style.figure(height=_height(chart))
    _drawn(chart, ax)
    figure.suptitle(plain(chart.title, 90), x=0.01, ha="left", fontsize=13, fontweight="bold")
    if subject:
        below = SUBJECT / 72 / figure.get_figheight()
        figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))  # type: ignore[union-attr, call-arg]
        figure.text(0.01, 0.005, plain(subject, 120), ha="left", va="bottom", fontsize=8, color=style.GREY)
    return figure


def _height(chart: Chart) -> float:
    """Inches that a chart needs: the more, the more rows it has, or the higher a plan is."""
    own = AROUND + ROW * chart.rows if chart.rows else HIGH
    if chart.x.kind == "plan" and not chart.empty:
        own = AROUND + style.SIZE[0] * min(1.5, _length(chart.y) / _length(chart.x))
    return own + sum(map(_low_height, _below(chart)))


def _below(chart: Chart) -> list[Chart]:
    """The charts below it that have something to show."""
    return [low for low in chart.below if not low.empty]


def _low_height(chart: Chart) -> float:
    """Inches of a chart that stands below another."""
    return TITLE + LOW_ROW * max(chart.rows, 1)


def _length(axis: Axis) -> float:
    return float(axis.high or 1) - float(axis.low or 0)  # type: ignore[arg-type]


def save(chart: Chart, path: Path, subject: str = "") -> Path:
    """Write a chart into a PNG, SVG or PDF file; the same chart gives the same bytes."""
    style.check_suffix(path)
    return style.save(picture(chart, subject), path)


def png(chart: Chart) -> bytes:
    """The content of a PNG file."""
    return style.encoded(picture(chart), ".png")


def new_axes() -> Axes:
    """Axes as notebooks show them."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(style.SIZE[0], HIGH), layout="constrained")[1]


@styled
def draw(chart: Chart, ax: Axes) -> Axes:
    """A chart on the given axes, its message above it."""
    _titled(chart, ax, _drawn(chart, ax))
    return ax


def _titled(chart: Chart, ax: Axes, entries: int, **font: Any) -> None:
    """The message of a chart above a legend of so many lines."""
    above = DAYS_ABOVE * (chart.day_zero is not None) + ENTRY * entries
    ax.set_title(plain(chart.title, 90), loc="left", pad=6 + above, **font)


@styled
def _drawn(chart: Chart, ax: Axes) -> int:
    """Everything but its message; how many lines its legend has."""
    if chart.empty:
        style.blank(ax, plain(chart.empty, 90))
        return 0
    shown = [mark for mark in chart.marks if not mark.hidden]
    for mark in shown:
        DRAW[type(mark)](mark, ax)
    ax.grid(axis="x" if chart.rows else "y")
    _axis(chart.x, ax.xaxis, ax.set_xlim)
    _axis(chart.y, ax.yaxis, ax.set_ylim)
    if chart.rows:
        style.rows(ax, [plain(name, 36) for name in chart.y.names])
        ax.margins(x=0.12)
        ax.use_sticky_edges = chart.x.kind != "date" and not chart.x.line_at_zero
    for axis, line in ((chart.x, ax.axvline), (chart.y, ax.axhline)):
        if axis.line_at_zero:
            line(0, color=style.INK, linewidth=1)
    if chart.x.kind == "date":
        date_axis(ax)
        if chart.day_zero is not None:
            days_above(ax, Clock(chart.day_zero, chart.day_zero))
    if chart.x.kind == "plan":
        ax.invert_yaxis()
        ax.set_aspect("equal", anchor="W")
        ax.set_axis_off()
    _stack(ax, chart)
    return _legend(shown, ax, DAYS_ABOVE if chart.day_zero is not None else 2)


def _stack(ax: Axes, chart: Chart) -> None:
    """The charts below another, which gives them of its room; axes that stand freely have none to give."""
    spec, below = ax.get_subplotspec(), _below(chart)
    if spec is None or not below:
        return
    heights = [HIGH * 0.7, *map(_low_height, below)]
    grid = spec.subgridspec(len(heights), 1, height_ratios=heights)
    ax.set_subplotspec(grid[0])
    panels = [ax]
    for number, low in enumerate(below, 1):
        panels[-1].tick_params(axis="x", labelbottom=False)
        panels.append(ax.figure.add_subplot(grid[number], sharex=ax))
        low = replace(low, day_zero=None, x=chart.x)
        _titled(low, panels[-1], _drawn(low, panels[-1]), fontsize=10)


def _axis(axis: Axis, side: Any, limit: Callable[..., Any]) -> None:
    side.set_label_text(plain(axis.title, 90))
    if axis.kind == "names":
        side.set_ticks(range(len(axis.names)), [plain(name, 18) for name in axis.names])
        limit(-0.5, len(axis.names) - 0.5)
    elif axis.kind == "count":
        limit(0, None)
        style.counts(side)
    elif axis.kind == "number":
        side.set_major_formatter(style.THOUSANDS)
    elif axis.kind == "share":
        side.set_major_formatter(PercentFormatter(1, 0, symbol=" %"))
    if axis.low is not None or axis.high is not None:
        limit(*(None if end is None else float(_at(np.array([end]))[0]) for end in (axis.low, axis.high)))


def _legend(marks: Sequence[Mark], ax: Axes, lift: float) -> int:
    """What the marks mean, each name once; in how many lines."""
    entries: dict[str, Any] = {}
    for mark in marks:
        if mark.name:
            entries.setdefault(plain(mark.name, 36), _handle(mark, ax))
    if not entries:
        return 0
    free = WIDE if lift < DAYS_ABOVE else WIDE - DAYS_TITLE
    columns = max(1, min(5, free // (max(map(len, entries)) + 6)))
    style.legend_above(ax, list(entries.values()), list(entries), lift=lift, columns=columns)
    return -(-len(entries) // columns)


def _handle(mark: Mark, ax: Axes) -> Any:
    """The sample of a mark in a legend."""
    colour = LIGHT[mark.colour]
    if isinstance(mark, Line | Rule):
        return ax.plot([], [], color=colour, linestyle=DASHES[mark.dash], linewidth=2)[0]
    if isinstance(mark, Dots):
        return ax.plot([], [], linestyle="", **_dot(mark))[0]
    if isinstance(mark, Bars):
        return Patch(**_filled(mark))
    return Patch(color=colour, alpha=getattr(mark, "opacity", None))


def _filled(mark: Bars) -> dict[str, Any]:
    """How bars look."""
    look = {"facecolor": LIGHT[mark.colour], "alpha": mark.opacity, "linewidth": 0}
    return look | ({"hatch": mark.hatch, "edgecolor": "white"} if mark.hatch else {})


def _line(mark: Line, ax: Axes) -> None:
    look: dict[str, Any] = {"color": LIGHT[mark.colour], "linestyle": DASHES[mark.dash], "linewidth": mark.width}
    look |= {"marker": "o", "markersize": 6} if mark.dots else {}
    ax.plot(_at(mark.x), _at(mark.y), drawstyle="steps-post" if mark.steps else "default", **look)


def _band(mark: Band, ax: Axes) -> None:
    look: dict[str, Any] = {"color": LIGHT[mark.colour], "alpha": mark.opacity, "linewidth": 0}
    ax.fill_between(_at(mark.x), _at(mark.low), _at(mark.high), step="post" if mark.steps else None, **look)


def _bars(mark: Bars, ax: Axes) -> None:
    start, end = _at(mark.start), _at(mark.end)
    away = 4 if np.max(mark.height, initial=0) > THIN else 9  # at the ends of a thin bar there are dots
    ax.barh(list(mark.rows), end - start, left=start, height=mark.height, zorder=2, **_filled(mark))
    for row, label, begin, finish in zip(mark.rows, mark.labels, start, end, strict=False):
        if label:
            at, side = (
                ((begin + finish) / 2, "center") if mark.inside else (finish, "left" if finish >= begin else "right")
            )
            shift = {"center": 0, "left": away, "right": -away}[side]
            note = ax.annotate(plain(label, 60), (at, row), (shift, 0), textcoords="offset points")
            note.set(ha=side, va="center", fontsize=9)


def _cells(mark: Cells, ax: Axes) -> None:
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]])
    squares = np.stack([_at(mark.x), _at(mark.y)], axis=1)[:, None, :] + corners
    ax.add_collection(PolyCollection(list(squares), facecolor=LIGHT[mark.colour], rasterized=len(squares) > MOST_CELLS))


def _columns(mark: Columns, ax: Axes) -> None:
    edges = _at(mark.edges)
    ax.bar(
        edges[:-1],
        _at(mark.heights),
        width=np.diff(edges),
        align="edge",
        color=LIGHT[mark.colour],
        edgecolor="white",
        linewidth=0.6,
    )


def _dots(mark: Dots, ax: Axes) -> None:
    x, y = _at(mark.x), _at(mark.y)
    if mark.low is not None and mark.high is not None:
        low, high = _at(mark.low), _at(mark.high)
        sure = np.isfinite(low) & np.isfinite(high)
        ax.hlines(y[sure], low[sure], high[sure], color=LIGHT[mark.colour], linewidth=2.2)
    ax.plot(x, y, linestyle="", zorder=5, **_dot(mark))
    for label, across, up in zip(mark.labels, x, y, strict=False):
        note = ax.annotate(plain(label, 40), (across, up), (0, 7), textcoords="offset points")
        note.set(ha="center", fontsize=9)


def _dot(mark: Dots) -> dict[str, Any]:
    colour = LIGHT[mark.colour]
    inside = {"ring": "none"}.get(mark.symbol, colour)
    edge = {"diamond": "white", "triangle": "white"}.get(mark.symbol, colour)
    width = 2.4 if mark.symbol in ("bar", "cross", "ring") else 0.8
    look: dict[str, Any] = {"marker": SYMBOLS[mark.symbol], "markersize": mark.size, "markerfacecolor": inside}
    return look | {"markeredgecolor": edge, "markeredgewidth": width}


def _rule(mark: Rule, ax: Axes) -> None:
    at = float(_at(np.array([mark.at]))[0])
    ax.axvline(at, color=LIGHT[mark.colour], linestyle=DASHES[mark.dash], linewidth=2)


def _spans(mark: Spans, ax: Axes) -> None:
    for start, end in zip(_at(mark.start), _at(mark.end), strict=True):
        ax.axvspan(start, end, color=LIGHT[mark.colour], alpha=mark.opacity, linewidth=0)


DRAW: Mapping[type[Mark], Callable[[Any, Axes], None]] = {
    Line: _line,
    Band: _band,
    Bars: _bars,
    Cells: _cells,
    Columns: _columns,
    Dots: _dots,
    Rule: _rule,
    Spans: _spans,
}
"""How each mark is drawn."""


def _at(values: Any) -> Floats:
    """Moments as days since 1970, numbers as they are."""
    array = np.asarray(values)
    if array.dtype.kind == "O" and isinstance(array[0], datetime):
        array = array.astype("datetime64[us]")
    if array.dtype.kind == "M":
        return np.asarray(array.astype("datetime64[s]").astype(np.float64) / 86400)
    return np.asarray(array, np.float64)
