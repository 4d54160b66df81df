"""A chart as plotly.js draws it on a page; colours stand as `@name` or `@name/opacity` until the paper is known."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.document.chart import Axis, Band, Bars, Cells, Chart, Columns, Dots, Line, Mark, Rule, Spans, Values

ROW = 26
"""Height of a row, in pixels."""
SIDE = 0.84
"""How much of a cell is coloured along its side."""
FEW = 10
"""Below so many of what is counted every whole number stands at the axis."""
NUMBERS = ",.6~g"
"""How numbers stand at an axis: 200,000 and 0.5."""
SYMBOLS = {
    "dot": "circle",
    "ring": "circle-open",
    "diamond": "diamond",
    "triangle": "triangle-right",
    "cross": "x-thin",
    "bar": "line-ns",
    "up": "triangle-up",
}


def figure(chart: Chart) -> dict[str, Any]:
    """Traces, layout and height in pixels of a chart."""
    traces = [trace | _shared(mark) for mark in chart.marks for trace in _traces(mark, chart)]
    _only_once(traces)
    layout: dict[str, Any] = {
        "xaxis": _axis(chart.x, chart),
        "yaxis": _axis(chart.y, chart),
        "hovermode": "closest",
        "barmode": "overlay",
    }
    if not chart.rows:
        layout |= {"hovermode": "x unified", "hoverdistance": -1}
    height = 96 + ROW * max(chart.rows, 1) if chart.y.kind == "rows" else 420
    return {"data": traces, "layout": layout, "height": height}


def rows_axis(names: Sequence[object]) -> dict[str, Any]:
    """An axis with a row for each name, the first on top."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [text(name, 24) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "automargin": True,
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
    }


def text(words: object, most: int = 200) -> str:
    """Words as plotly shows them: it would take `<b>` and `<a href>` for markup, so they are spelled out."""
    plain = str(words)
    plain = plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shared(mark: Mark) -> dict[str, Any]:
    shared: dict[str, Any] = {"name": text(mark.name), "legendgroup": text(mark.name)}
    return shared | ({"visible": "legendonly"} if mark.hidden else {}) | ({} if mark.name else {"showlegend": False})


def _only_once(traces: list[dict[str, Any]]) -> None:
    """Each name stands once in the legend."""
    seen = set()
    for trace in traces:
        if trace["name"] in seen:
            trace["showlegend"] = False
        elif trace.get("showlegend", True):
            seen.add(trace["name"])


def _traces(mark: Mark, chart: Chart) -> Iterator[dict[str, Any]]:
    match mark:
        case Line():
            line = {"color": f"@{mark.colour}", "width": mark.width, "dash": mark.dash, "shape": _shape(mark.steps)}
            yield {
                "type": "scatter",
                "mode": "lines+markers" if mark.dots else "lines",
                "x": _values(mark.x),
                "y": _values(mark.y),
                "line": line,
            } | _notes(mark, "%{y:,}")
        case Band():
            edge: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": _values(mark.x), "hoverinfo": "skip"}
            edge["line"] = {"width": 0, "shape": _shape(mark.steps)}
            fill = {"fill": "tonexty", "fillcolor": f"@{mark.colour}/{mark.opacity}"}
            yield edge | {"y": _values(mark.low), "showlegend": False}
            yield edge | {"y": _values(mark.high)} | fill
        case Bars():
            yield _bars(mark)
        case Cells():
            yield _cells(mark)
        case Columns():
            width = np.diff(mark.edges)
            middle = mark.edges[:-1] + width / 2  # type: ignore[operator]
            yield {
                "type": "bar",
                "x": _values(middle),
                "y": _values(mark.heights),
                "width": _lengths(width),
                "marker": {"color": f"@{mark.colour}"},
            } | _notes(mark, "%{y:,}")
        case Dots():
            yield _dots(mark)
            if chart.x.kind == "date" and mark.low is not None and mark.high is not None:
                yield _stretches(mark, mark.low, mark.high)
        case Rule():
            at = np.array([mark.at] * 2, "datetime64[m]" if chart.x.kind == "date" else np.float64)
            line = {"color": f"@{mark.colour}", "width": 2, "dash": mark.dash}
            ends = [len(chart.y.names), -1] if chart.rows else [_lowest(chart), _highest(chart)]
            yield {"type": "scatter", "mode": "lines", "x": _values(at), "y": ends, "line": line, "hoverinfo": "skip"}
        case Spans():
            for start, end in zip(_values(mark.start), _values(mark.end), strict=True):
                corners = {"x": [start, end, end, start], "y": [0, 0, _highest(chart), _highest(chart)]}
                look = {"fill": "toself", "fillcolor": f"@{mark.colour}/{mark.opacity}", "hoverinfo": "skip"}
                yield {"type": "scatter", "mode": "lines", "line": {"width": 0}} | corners | look
        case _:
            raise NotImplementedError(type(mark).__name__)


def _shape(steps: bool) -> str:
    return "hv" if steps else "linear"


def _bars(mark: Bars) -> dict[str, Any]:
    shade = f"@{mark.colour}" + (f"/{mark.opacity}" if mark.opacity < 1 else "")
    heights = [mark.height] * len(mark.rows) if isinstance(mark.height, float) else list(mark.height)
    return (
        {
            "type": "bar",
            "orientation": "h",
            "y": [round(row, 4) for row in mark.rows],
            "base": _values(mark.start),
            "x": _lengths(np.asarray(mark.end) - np.asarray(mark.start)),
            "width": [round(height, 4) for height in heights],
            "marker": {"color": shade, "line": {"width": 0}},
        }
        | (_inside(mark.labels) if mark.inside else {"textposition": "none"})
        | _notes(mark, "%{x}")
    )


def _inside(labels: Sequence[str]) -> dict[str, Any]:
    written = {"customdata": [text(label) for label in labels], "texttemplate": "%{customdata}"}
    return written | {"textposition": "inside", "insidetextanchor": "middle", "textangle": 0}


def _cells(mark: Cells) -> dict[str, Any]:
    """All cells as one shape of many squares."""
    right, down = np.array([0, SIDE, SIDE, 0, np.nan]), np.array([0, 0, SIDE, SIDE, np.nan])
    corners = {"x": np.asarray(mark.x)[:, None] + right, "y": np.asarray(mark.y)[:, None] + down}
    shape = {side: _values(values.ravel()) for side, values in corners.items()}
    look = {"mode": "lines", "line": {"width": 0}, "fill": "toself", "hoverinfo": "skip"}
    return {"type": "scatter", "fillcolor": f"@{mark.colour}"} | look | shape


def _dots(mark: Dots) -> dict[str, Any]:
    line = {"color": f"@{mark.colour}", "width": 2}
    made: dict[str, Any] = {
        "type": "scatter",
        "mode": "markers",
        "x": _values(mark.x),
        "y": _values(mark.y),
        "marker": {"symbol": SYMBOLS[mark.symbol], "size": mark.size + 3, "color": f"@{mark.colour}", "line": line},
    } | _notes(mark, "%{x}")
    if mark.low is not None and mark.high is not None and np.asarray(mark.x).dtype.kind != "M":
        ends = {"array": mark.high - mark.x, "arrayminus": mark.x - mark.low}  # type: ignore[operator]
        lengths = {
            end: np.where(np.isfinite(far), np.maximum(far, 0), 0).round(2).tolist() for end, far in ends.items()
        }
        made["error_x"] = {
            "type": "data",
            "symmetric": False,
            "thickness": 2,
            "width": 0,
            "color": f"@{mark.colour}",
        } | lengths
    return made


def _stretches(mark: Dots, low: Values, high: Values) -> dict[str, Any]:
    """Intervals between dates, for which plotly draws no error bars."""
    ends = zip(_values(low), _values(high), _values(mark.y), strict=True)
    points = [point for first, last, y in ends for point in ((first, y), (last, y), (None, None))]
    x, y = ([point[side] for point in points] for side in (0, 1))
    line = {"color": f"@{mark.colour}", "width": 2}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _notes(mark: Mark, otherwise: str) -> dict[str, Any]:
    if not mark.notes:
        return {"hovertemplate": f"{otherwise}<extra>{text(mark.name)}</extra>"}
    return {"text": [text(note) for note in mark.notes], "hovertemplate": "%{text}<extra></extra>"}


def _values(values: Values | Sequence[float]) -> list[Any]:
    array = np.asarray(values)
    if array.dtype.kind == "M":
        return [str(moment).replace("T", " ") for moment in array.astype("datetime64[m]")]
    return [None if not np.isfinite(number) else number for number in array.astype(np.float64).round(4).tolist()]


def _lengths(lengths: Any) -> list[Any]:
    """Spans of time in milliseconds, others as they are."""
    array = np.asarray(lengths)
    if array.dtype.kind == "m":
        return [int(span) for span in array.astype("timedelta64[ms]").astype(np.int64)]
    return [float(number) for number in array.astype(np.float64).round(4)]


def _highest(chart: Chart) -> float:
    return max((float(np.nanmax(heights)) for heights in _heights(chart)), default=1.0)


def _lowest(chart: Chart) -> float:
    """Where lines across the chart begin: at nothing, or at the lowest mark where nothing is not on the chart."""
    return (
        0 if chart.y.kind != "number" else min((float(np.nanmin(heights)) for heights in _heights(chart)), default=0.0)
    )


def _heights(chart: Chart) -> Iterator[NDArray[np.float64]]:
    for mark in chart.marks:
        for column in ("y",) if isinstance(mark, Dots) else ("y", "high", "heights"):
            if hasattr(mark, column) and (values := np.asarray(getattr(mark, column), np.float64)).size:
                yield values


def _axis(axis: Axis, chart: Chart) -> dict[str, Any]:
    if axis.kind == "rows":
        return rows_axis(axis.names)
    if axis.kind == "plan":
        ends = [axis.low, axis.high]
        return {"visible": False} | ({"range": ends[::-1], "scaleanchor": "x"} if axis is chart.y else {"range": ends})
    made: dict[str, Any] = {"title": {"text": text(axis.title)}, "automargin": True}
    if axis.low is not None and axis.high is not None:
        made["range"] = _values(np.array([axis.low, axis.high], "datetime64[m]" if axis.kind == "date" else np.float64))
    if axis.line_at_zero:
        made |= {"zeroline": True, "zerolinecolor": "@soft"}
    match axis.kind:
        case "date":
            return made | {"type": "date", "hoverformat": "%-d %b %Y"}
        case "share":
            return made | {"tickformat": ".0%"}
        case "names":
            ticks = {"tickvals": [*range(len(axis.names))], "ticktext": [text(name, 18) for name in axis.names]}
            return made | ticks | {"range": [-0.5, len(axis.names) - 0.5]}
        case "count":
            most = _highest(chart) if axis.low is None else float(axis.high) - float(axis.low)  # type: ignore[arg-type]
            return made | {"tickformat": NUMBERS, "rangemode": "tozero"} | ({"dtick": 1} if most < FEW else {})
        case _:
            return made | {"tickformat": NUMBERS}
