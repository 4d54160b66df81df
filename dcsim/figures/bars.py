"""What holds a build back and what moves its dates, as rows of bars: the largest on top."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from dcsim.charts import style
from dcsim.charts.style import plain, styled

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 14
"""Rows of a picture; what is smaller is left out, or gathered."""
OTHER = "other"
ENDS = (
    ("low_day", "high_day", style.SKY, "input at its P10; risk does not occur"),
    ("high_day", "low_day", style.RED, "input at its P90; risk occurs"),
)
"""The bars of a tornado: of either end of an input, with the other end."""

Rows = list[dict[str, Any]]


@styled
def made_of(days: "pd.DataFrame", ax: Axes) -> Axes:
    """What the days to a milestone are made of.

    `days` has the columns kind, name and mean (days), perhaps p10 and p90; as many rows as there are causes of one
    milestone, told one below the other. Small causes are gathered as 'other'.
    """
    table = days[days["mean"].abs() > 0]
    return style.nothing(ax, "no day is accounted for") if table.empty else _staircase(table, ax)


def _staircase(table: "pd.DataFrame", ax: Axes) -> Axes:
    """Each cause begins where the one above it ends; together they are the mean day."""
    parts: Rows = table.sort_values("mean", ascending=False, key=abs, kind="stable").to_dict("records")  # type: ignore[assignment]
    shown, rest = parts[: MOST_ROWS - 1], parts[MOST_ROWS - 1 :]
    if rest:
        shown.append({"kind": OTHER, "name": "", "mean": sum(part["mean"] for part in rest)})
    left, most = 0.0, sum(max(part["mean"], 0) for part in shown)
    for row, part in enumerate(shown):
        ax.barh(row, part["mean"], left=left, height=0.62, color=style.KINDS.get(part["kind"], style.PALE))
        if row:
            ax.plot([left, left], [row - 1.31, row + 0.31], color=style.GREY, linewidth=0.8)
        end = max(left, left + part["mean"])
        ax.text(end + 0.01 * most, row, _days_told(part), va="center", fontsize=9)
        left += part["mean"]
    style.rows(ax, [cause_told(part["kind"], part["name"]) for part in shown])
    ax.set_xlim(right=1.17 * most)
    ax.set_xlabel(f"days, on average; together {left:,.0f}")
    return _kinds_told(ax, [part["kind"] for part in shown])


def _days_told(part: dict[str, Any]) -> str:
    told = _days(part["mean"])
    low, high = part.get("p10", np.nan), part.get("p90", np.nan)
    return told if np.isnan(low) or np.isnan(high) else f"{told}  ({_whole(low)} to {_whole(high)})"


def _days(days: float) -> str:
    """A number of days as it stands beside a bar."""
    return (f"{days:.1f} d" if 0 < abs(days) < 0.95 else f"{days:,.0f} d").replace("-", "\N{MINUS SIGN}")


def _whole(days: float) -> str:
    return f"{days:,.0f}".replace("-", "\N{MINUS SIGN}")


def cause_told(kind: str, name: str) -> str:
    """A cause in words: `working in install_rack`, `waiting for rack_crews`."""
    told = {
        "resource": "waiting for {}",
        "supply": "waiting for {}",
        "order": "delivery of {}",
        "placed": "{} not yet ordered",
        "production": "{} being made",
        "calendar": "{} closed",
        "rework": "{} again",
        "lag": "lag before {}",
        "date": "{} not before its date",
    }.get(kind, "{}")
    return plain(told.format(name) if name else kind, 36)


def _kinds_told(ax: Axes, kinds: Sequence[str]) -> Axes:
    """What the colours of the rows mean."""
    known = [kind for kind in style.KINDS if kind in kinds]
    if len(known) > 1:
        handles = [Patch(color=style.KINDS[kind]) for kind in known]
        style.legend_above(ax, handles, known, columns=5)
    return ax


@styled
def criticality(criticality: "pd.DataFrame", ax: Axes) -> Axes:
    """In which share of the replications what was on the driving chain: kind, name, index, low, high."""
    shown = criticality[criticality["index"] > 0].sort_values("index", ascending=False, kind="stable").head(MOST_ROWS)
    if shown.empty:
        return style.nothing(ax, "nothing is on the driving chain")
    for row, part in enumerate(shown.to_dict("records")):
        ax.barh(row, part["index"], height=0.62, color=style.KINDS.get(part["kind"], style.PALE))
        ax.plot([part["low"], part["high"]], [row, row], color=style.INK, linewidth=1.4, solid_capstyle="butt")
        ax.text(max(part["index"], part["high"]) + 0.01, row, f"{part['index']:.0%}", va="center", fontsize=9)
    style.rows(ax, [plain(name, 32) for name in shown["name"]])
    ax.set_xlim(0, 1.08)
    ax.set_xticks(np.linspace(0, 1, 5), [f"{share:.0%}" for share in np.linspace(0, 1, 5)])
    ax.set_xlabel("share of replications in which it is on the driving chain; line: 95 % interval")
    return _kinds_told(ax, list(shown["kind"]))


@styled
def tornado(drivers: "pd.DataFrame", ax: Axes) -> Axes:
    """How far each input moves the milestone from its low to its high value: input, kind, low_day, high_day."""
    swing = (drivers["high_day"] - drivers["low_day"]).abs()
    known = drivers.assign(swing=swing)[swing > 0]
    shown = known.sort_values("swing", ascending=False, kind="stable").head(MOST_ROWS)
    if shown.empty:
        return style.nothing(ax, "no input moves the milestone")
    most = float(np.abs(shown[["low_day", "high_day"]].to_numpy(np.float64)).max())
    for end, other, colour, _ in ENDS:
        values, others = shown[end].to_numpy(np.float64), shown[other].to_numpy(np.float64)
        smaller = np.abs(values) < np.abs(others)
        for row, value in enumerate(values.tolist()):
            ax.barh(row, value, height=0.62, color=colour, zorder=3 if smaller[row] else 2)
            right = value > 0 or (value == 0 and others[row] < 0)
            if not (smaller[row] and value * others[row] > 0):
                shift = 0.015 * most if right else -0.015 * most
                ax.text(value + shift, row, _signed(value), ha="left" if right else "right", va="center", fontsize=9)
    ax.axvline(0, color=style.INK, linewidth=1)
    style.rows(ax, [plain(str(name), 36) for name in shown["input"]])
    ax.set_xlim(-1.2 * most, 1.2 * most)
    ax.set_xlabel("mean change of the milestone, days (earlier left, later right)")
    style.legend_above(ax, [Patch(color=colour) for _, _, colour, _ in ENDS], [label for _, _, _, label in ENDS])
    return ax


def _signed(days: float) -> str:
    return f"{days:+,.1f}".replace("-", "\N{MINUS SIGN}")
