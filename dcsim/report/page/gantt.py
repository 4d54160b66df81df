"""The build hall by hall: for every activity when it began and ended in each of the larger places."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from dcsim.charts.plotly import text
from dcsim.dates import ended
from dcsim.document.words import counted
from dcsim.places import SITE
from dcsim.report.page.parts import Chart, rows_layout
from dcsim.report.page.results import Results
from dcsim.study.result import Result

MOST_LANES = 12
"""Places that are told apart in a row; where there are more, those around them are."""
MOST_ROWS = 48
"""Activities that are shown."""
GROUPS = ("blue", "orange", "green", "purple", "red")


def gantt(results: Results) -> Iterator[Chart]:
    """One build: a row for every activity, in it a bar for every hall."""
    for number, run in enumerate(results.of("run")):
        done = run.tables["activities"].dropna(subset=["start"])
        if not done.empty:
            yield _gantt(results, run, by_place(done), f"gantt{number}")


def by_place(activities: pd.DataFrame) -> pd.DataFrame:
    """One row per activity and larger place: activity, place, group, start, half, finish (ticks), count, lane, lanes.

    The larger places are the smallest of which there are few enough. `half` is when half of what is inside was done;
    `finish` is empty where something inside is not.
    """
    parts = []
    for activity, rows in activities.groupby("activity", sort=False):
        place = _larger(rows["place"])
        inside = rows.groupby(place, sort=False)
        part = pd.DataFrame(
            {
                "start": inside["start"].min(),
                "half": inside["finish"].median(),
                "finish": inside["finish"].max().where(inside["finish"].count() == inside.size()),
                "count": inside.size(),
            }
        )
        part.insert(0, "activity", activity)
        part["lane"], part["lanes"] = range(len(part)), len(part)
        parts.append(part.rename_axis("place").reset_index())
    found = pd.concat(parts, ignore_index=True)
    found.insert(2, "group", found["place"].str.split("/").str[0])
    return found


def _larger(places: "pd.Series[str]") -> "pd.Series[str]":
    """The place around each place, as small as it can be while there are few of them."""
    chosen = pd.Series(SITE, index=places.index)
    split = places.str.split("/")
    for depth in range(1, int(places.str.count("/").max()) + 2):
        around = split.str[:depth].str.join("/")
        if around.nunique() > MOST_LANES:
            break
        chosen = around
    return chosen


def _gantt(results: Results, run: Result, bars: pd.DataFrame, name: str) -> Chart:
    first = bars.groupby("activity")["start"].min().sort_values(kind="stable")
    shown = list(first.index[:MOST_ROWS])
    rows = {activity: number for number, activity in enumerate(shown)}
    bars = bars[bars["activity"].isin(rows)]
    groups = [group for group in bars["group"].unique() if group != SITE]
    few = 1 < len(groups) <= len(GROUPS) and (bars["lanes"] > 1).any()
    colours = {SITE: "grey"} | (dict(zip(groups, GROUPS, strict=False)) if few else dict.fromkeys(groups, "blue"))
    keys = bars["group"].map(lambda group: group if few or group == SITE else "in places")
    traces = [
        _bars(results, part, rows, str(key), colours[part["group"].iloc[0]])
        for key, part in bars.groupby(keys, sort=False)
    ]
    told = "expected values" if run.about.get("seed") == "expected" else _chance(run)
    left = len(first) - len(shown)
    said = f"One build, {told}. In each row a bar for each hall or other larger place, from its first start to its "
    said += "last finish." + (f" {counted(left, 'later activity')} left out." if left else "")
    tall = 96 + sum(max(22, 8 + 4 * int(bars.loc[bars["activity"] == one, "lanes"].iloc[0])) for one in shown)
    layout = rows_layout(
        shown,
        barmode="overlay",
        hovermode="closest",
        xaxis={"type": "date", "hoverformat": "%-d %b %Y", "side": "top"},
    )
    layout["yaxis"] |= {"showgrid": True, "griddash": "dot"}
    summary = f"When {counted(len(shown), 'activity')} began and ended, by place."
    return Chart(name, "The build, hall by hall", said, summary, tall, traces, layout)


def _chance(run: Result) -> str:
    number = (run.about.get("replications") or [0])[0]
    return f"seed {run.about.get('seed', 0)}" + (f", replication {number}" if number else "")


def _bars(results: Results, part: pd.DataFrame, rows: dict[Any, int], name: str, colour: str) -> dict[str, Any]:
    """The bars of one group of places; what is unfinished ends at the horizon."""
    clock = results.clock
    finish = part["finish"].fillna(results.network.horizon).astype(float)
    begins = [clock.at(tick) for tick in part["start"]]
    ends = [clock.at(tick) for tick in finish]
    told = []
    for row, begin, end in zip(part.to_dict("records"), begins, ends, strict=True):
        last = ended(begin, end)
        finished = f"{last.day} {last:%b %Y}" if not pd.isna(row["finish"]) else "unfinished"
        half = (
            f", half by {ended(begin, clock.at(row['half'])):%-d %b}"
            if row["count"] > 1 and not pd.isna(row["half"])
            else ""
        )
        many = f" ({row['count']:,} x{half})" if row["count"] > 1 else ""
        told.append(
            f"<b>{text(row['activity'])}</b> {text(row['place'])}{many}<br>{begin.day} {begin:%b %Y} to {finished}"
        )
    width = 0.8 / part["lanes"]
    place = [rows[one] for one in part["activity"]]
    y = place + (part["lane"] - (part["lanes"] - 1) / 2).to_numpy() * width.to_numpy()
    return {
        "type": "bar",
        "orientation": "h",
        "name": text(name),
        "y": [round(float(one), 4) for one in y],
        "base": [f"{one:%Y-%m-%d %H:%M}" for one in begins],
        "x": [
            max(6.0, (end - begin).total_seconds() / 3600) * 3_600_000 for begin, end in zip(begins, ends, strict=True)
        ],
        "width": [round(0.86 * one, 4) for one in width],
        "marker": {"color": f"@{colour}", "line": {"width": 0}},
        "text": told,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }
