"""Charts of what days are made of: rows of bars, the largest on top."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.document.causes import CAUSES, by_cause, spent_on
from dcsim.document.chart import Axis, Bars, Chart
from dcsim.document.colours import PARTS, REST

M = TypeVar("M")

OTHER = "other"
MOST_ROWS = 14
"""Rows of a chart; what is smaller is left out, or gathered."""


def with_rest(causes: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """So many rows: kind, name and numbers, the last of them the sum of all that is left, as 'other'."""
    if len(causes) <= most:
        return causes
    rest = pd.DataFrame([{"kind": OTHER, "name": "", **causes.iloc[most - 1 :].sum(numeric_only=True)}])
    return pd.concat([causes.head(most - 1), rest], ignore_index=True)


def coloured(mark: Callable[..., M], kinds: Iterable[str], **parts: Any) -> list[M]:
    """A mark for each kind of cause in its colour, with its share of what is told by position."""
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
    parts = [(str(what), wide.loc[what].to_numpy(np.float64)) for what in order[:most]]
    if len(order) > most:
        parts.append((OTHER, wide.loc[order[most:]].sum().to_numpy(np.float64)))
    totals = wide.sum()
    marks = _marks(parts, [f"{totals[label]:,.0f} d" for label in labels]) if parts else []
    said = "; ".join(f"{label} {totals[label]:,.0f} days" for label in labels)
    title, empty = f"{milestone}: what its days are made of", "" if labels else "no day is accounted for"
    return Chart(title, Axis(title="days, on average"), Axis("rows", names=labels), marks, "", said, empty=empty)


def _marks(parts: Sequence[tuple[str, NDArray[np.float64]]], totals: Sequence[str]) -> list[Bars]:
    """The parts of all stacks, the total at the right end of each."""
    days = np.array([values for _, values in parts])
    ends = np.where(days >= 0, days.clip(min=0).cumsum(axis=0), days.clip(max=0).cumsum(axis=0))
    last = len(parts) - 1 - (days[::-1] >= 0).argmax(axis=0)
    looks = PARTS[: len(parts)] if parts[-1][0] != OTHER else (*PARTS[: len(parts) - 1], (REST, ""))
    return [
        Bars(
            name=what,
            colour=colour,
            hatch=hatch,
            rows=range(len(totals)),
            start=ends[number] - values,
            end=ends[number],
            labels=[total if number == at else "" for total, at in zip(totals, last.tolist(), strict=True)],
            notes=[f"{what}: {day:,.1f} d" for day in values.tolist()],
        )
        for number, ((what, values), (colour, hatch)) in enumerate(zip(parts, looks, strict=True))
    ]
