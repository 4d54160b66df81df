"""Charts of what days are made of: rows of bars, the largest on top."""

from typing import TYPE_CHECKING

from dcsim.document.causes import spent_on
from dcsim.document.chart import Axis, Bars, Chart
from dcsim.document.colours import PARTS, REST

if TYPE_CHECKING:
    import pandas as pd


def stacked(table: "pd.DataFrame", milestone: str) -> Chart:
    """A stack of causes for every scenario: scenario, kind, name, days."""
    labels = list(dict.fromkeys(table["scenario"]))
    table = table.assign(what=[spent_on(kind, name) for kind, name in zip(table["kind"], table["name"], strict=True)])
    order = (
        table.groupby("what")["days"].apply(lambda days: days.abs().sum()).sort_values(ascending=False, kind="stable")
    )
    parts = [*order.index[: len(PARTS)], *(["other"] if len(order) > len(PARTS) else [])]
    table = table.assign(what=table["what"].where(table["what"].isin(parts), "other"))
    wide = table.pivot_table(index="what", columns="scenario", values="days", aggfunc="sum").reindex(
        index=parts, columns=labels
    )
    wide = wide.fillna(0.0)
    ends = wide.cumsum()
    marks = [
        Bars(
            name=what,
            colour=colour,
            rows=list(range(len(labels))),
            start=ends.loc[what].to_numpy() - wide.loc[what].to_numpy(),
            end=ends.loc[what].to_numpy(),
            labels=[f"{wide[label].sum():,.0f} d" for label in labels] if what == parts[-1] else (),
            notes=[f"{what}: {days:,.1f} d" for days in wide.loc[what]],
        )
        for what, colour in zip(parts, (*PARTS, REST), strict=False)
    ]
    title = f"{milestone}: what its days are made of"
    said = "; ".join(f"{label} {wide[label].sum():,.0f} days" for label in labels)
    empty = "" if labels else "no day is accounted for"
    return Chart(title, Axis(title="days, on average"), Axis("rows", names=labels), marks, "", said, empty=empty)
