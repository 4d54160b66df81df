"""Charts of what days are made of: rows of bars, the largest on top."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.document.causes import CAUSES, by_cause, spent_on
from dcsim.document.chart import Axis, Bars, Chart
from dcsim.document.colours import PARTS, REST
from dcsim.document.measure import DAYS, Measure

M = TypeVar("M")

Floats = NDArray[np.float64]

OTHER = "other"
MOST_ROWS = 14
"""Rows of a chart; smaller ones are left out or summed up."""


def with_rest(causes: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """So many rows: kind, name and numbers, the last of them the sum of all that is left, as 'other'."""
    if len(causes) <= most:
        return causes
    rest = pd.DataFrame([{"kind": OTHER, "name": "", **causes.iloc[most - 1 :].sum(numeric_only=True)}])
    return pd.concat([causes.head(most - 1), rest], ignore_index=True)


def coloured(mark: Callable[..., M], kinds: Iterable[str], **parts: Any) -> list[M]:
    """A mark for each kind of cause in its colour, with its share of the values by position."""
    marks = []
    for kind, at in by_cause(list(kinds)):
        name = kind.label if kind in CAUSES.values() else ""
        marks.append(mark(name=name, colour=kind.colour, **{key: _taken(values, at) for key, values in parts.items()}))
    return marks


def _taken(values: Any, at: list[int]) -> Any:
    """What stands at some positions of an array, or of anything else with positions."""
    return values[at] if isinstance(values, np.ndarray) else [values[k] for k in at]


def stacked(table: pd.DataFrame, milestone: str) -> Chart:
    """A stack of causes for every scenario, in the same order and colours: scenario, kind, name, days.

    What lies before day zero is less than nothing, and stands to the left of it. Small causes are gathered as 'other'.
    """
    labels = list(dict.fromkeys(table["scenario"]))
    table = table.assign(what=[spent_on(kind, name) for kind, name in zip(table["kind"], table["name"], strict=True)])
    wide = table.groupby(["what", "scenario"], sort=False)["days"].sum().unstack("scenario")
    wide = wide.reindex(columns=labels).fillna(0.0)
    order = list(wide.abs().mean(axis=1).sort_values(ascending=False, kind="stable").index)
    most = len(PARTS) if len(order) <= len(PARTS) else len(PARTS) - 1
    parts = [(str(name), wide.loc[name].to_numpy(np.float64)) for name in order[:most]]
    if len(order) > most:
        parts.append((OTHER, wide.loc[order[most:]].sum().to_numpy(np.float64)))
    totals = wide.sum()
    marks = _marks(parts, [f"{totals[label]:,.0f} d" for label in labels]) if parts else []
    summary = "; ".join(f"{label} {totals[label]:,.0f} days" for label in labels)
    title, empty = f"{milestone}: days by cause", "" if labels else "no days to show"
    return Chart(title, Axis(title="days, on average"), Axis("rows", names=labels), marks, "", summary, empty=empty)


def _marks(parts: Sequence[tuple[str, Floats]], totals: Sequence[str]) -> list[Bars]:
    """The parts of all stacks, the total at the right end of each."""
    days = np.array([values for _, values in parts])
    ends = np.where(days >= 0, days.clip(min=0).cumsum(axis=0), days.clip(max=0).cumsum(axis=0))
    last = len(parts) - 1 - (days[::-1] >= 0).argmax(axis=0)
    looks = PARTS[: len(parts)] if parts[-1][0] != OTHER else (*PARTS[: len(parts) - 1], (REST, ""))
    return [
        Bars(
            name=name,
            colour=colour,
            hatch=hatch,
            rows=range(len(totals)),
            start=ends[number] - values,
            end=ends[number],
            labels=[total if number == at else "" for total, at in zip(totals, last.tolist(), strict=True)],
            notes=[f"{name}: {day:,.1f} d" for day in values.tolist()],
        )
        for number, ((name, values), (colour, hatch)) in enumerate(zip(parts, looks, strict=True))
    ]


def tornado(
    title: str,
    axis: str,
    names: Sequence[str],
    low: Floats,
    high: Floats,
    legend: tuple[str, str],
    empty: str,
    measure: Measure = DAYS,
) -> Chart:
    """How far something moves at both ends of each input; where both are on one side, the shorter lies in front.

    What is never reached, or only then, has a word instead of a bar; not a number is an end that there is not.
    """
    ends = ((low, high, legend[0], "sky"), (high, low, legend[1], "red"))
    marks = [_bars(names, *end, shorter, measure) for shorter in (False, True) for end in ends]
    ends_by_name = zip(names, low, high, strict=True)
    summary = "; ".join(
        f"{name} {measure.change(first)} to {measure.change(last)}" for name, first, last in ends_by_name
    )
    rows = Axis("rows", names=names)
    unit = measure.axis(np.concatenate([low, high]))[1]
    axes = Axis(title=axis.format(unit), line_at_zero=True), rows
    return Chart(title, *axes, marks, "", summary, empty="" if len(names) else empty)


def _bars(
    names: Sequence[str], days: Floats, opposite: Floats, name: str, colour: str, shorter: bool, measure: Measure
) -> Bars:
    """Bars to one end of the inputs: of those where it is the shorter one, or of the others."""
    drawn, beside = (np.where(np.isfinite(ends), ends, 0.0) for ends in (days, opposite))
    at = np.flatnonzero((abs(drawn) < abs(beside)) == shorter).tolist()
    hidden = np.isnan(days) | (days == 0) | (shorter & (drawn * beside > 0))
    return Bars(
        name=name,
        colour=colour,
        rows=at,
        start=np.zeros(len(at)),
        end=drawn[at] / measure.axis(np.concatenate([days, opposite]))[0],
        labels=["" if hidden[row] else measure.change(days[row]).removesuffix(" d") for row in at],
        notes=[f"{names[row]} {name}: {measure.change(days[row])}" for row in at],
    )
