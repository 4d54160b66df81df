"""Curves, histograms, stocks and resources: what is drawn are the numbers of the tables."""

from datetime import datetime
from math import nan

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import dcsim
from dcsim.analysis.milestones import dated_in_the_world
from dcsim.charts.dates import Clock
from dcsim.charts.pictures import draw
from dcsim.figures.figures import level, s_curve, use
from dcsim.study.result import Result

START = 19723.0
"""2024-01-01 in days since 1970."""
EXPLAINED = {"start": "2024-01-01T00:00:00", "day_zero": "2024-01-11T00:00:00"}
DATED = pd.DataFrame(
    {
        "milestone": ["done", "done"],
        "supply": ["gpus", "gpus"],
        "reaches": [64.0, 64.0],
        "kind": ["observed", "target"],
        "date": pd.to_datetime(["2024-01-15", "2024-01-20"]),
    }
)


def axes():
    return Figure(figsize=(8, 4)).subplots()


def table(columns, *rows):
    frame = pd.DataFrame(rows, columns=columns.split())
    frame.attrs.update(EXPLAINED)
    return frame


def words(ax):
    legend = ax.get_legend()
    return [text.get_text() for text in [*ax.texts, *(legend.get_texts() if legend else ())]]


SUPPLIES = table(
    "supply place unit tick level total",
    ("gpus", "site", "GPU", 0, 0, 0),
    ("gpus", "site", "GPU", 1440, 64, 64),
    ("power", "hall1", "kW", 0, 100, 100),
    ("power", "hall1", "kW", 1440, 4, 100),
    ("power", "hall2", "kW", 0, 50, 50),
    ("power", "hall2", "kW", 2880, 70, 70),
)


def test_an_s_curve_steps_where_its_supply_changes():
    ax = s_curve(SUPPLIES, axes(), ["gpus"], DATED)
    (line,) = ax.get_lines()
    assert line.get_xdata().tolist()[:2] == [START, START + 1]
    assert line.get_ydata().tolist() == [0, 64, 64]
    (seen,) = ax.collections
    assert seen.get_offsets().tolist() == [[START + 14, 64]]
    assert ax.get_ylabel() == "gpus (GPU)"


def test_the_days_above_count_from_day_zero():
    ax = s_curve(SUPPLIES, axes(), ["gpus"])
    (above,) = ax.child_axes
    assert above.get_xlabel() == "days from 2024-01-11"
    clock = Clock.of(SUPPLIES)
    assert clock.days(clock.date(1440)) == -9


DELIVERIES = table("tick supply place amount", (2880, "power", "hall2", 20))
SHORTAGES = table("activity place kind from to cause waiting", ("on", "site", "work", 1440, 2880, "power", 3))


def test_the_level_of_a_supply_adds_its_places_and_shades_what_is_short():
    ax = level(SUPPLIES, DELIVERIES, SHORTAGES, axes(), "power")
    assert ax.lines[0].get_ydata().tolist()[:2] == [150, 54]
    (shade,) = ax.patches
    assert (shade.get_x(), shade.get_width()) == (START + 1, 1)
    (arrived,) = ax.collections
    assert arrived.get_offsets()[:, 0].tolist() == [START + 2]
    assert words(ax) == ["in stock", "delivery", "something waits for it"]


USAGE = table(
    "resource place tick used capacity",
    ("dock", "hall1", 0, 1, 2),
    ("dock", "hall1", 600, 0, 2),
    ("dock", "hall2", 0, 0, 2),
    ("dock", "hall2", 300, 2, 2),
    ("dock", "hall2", 900, 0, 1),
)


def test_the_use_of_a_resource_adds_its_places_below_what_there_is():
    ax = use(USAGE, axes(), "dock")
    (capacity,) = ax.lines
    assert capacity.get_ydata().tolist() == [4, 4, 4, 3, 3]
    (filled,) = ax.collections
    heights = {round(y, 6) for _, y in filled.get_paths()[0].vertices.tolist()}
    assert heights == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "drawn",
    [
        lambda ax: s_curve(SUPPLIES[:0], ax, ["gpus"]),
        lambda ax: s_curve(SUPPLIES, ax, []),
        lambda ax: level(SUPPLIES[:0], DELIVERIES, SHORTAGES, ax, "power"),
        lambda ax: use(USAGE[:0], ax, "dock"),
    ],
)
def test_nothing_at_all_is_said(drawn):
    (text,) = drawn(axes()).texts
    assert text.get_text()


def test_nothing_short_and_nothing_delivered():
    ax = level(SUPPLIES, DELIVERIES[:0], SHORTAGES[:0], axes(), "power")
    assert not ax.patches
    assert not ax.collections


def test_dates_of_the_world_are_told_by_milestone():
    milestone = {"supply": "gpus", "reaches": 64, "target": "2024-02-01", "observed": ["2024-01-09"]}
    scenario = dcsim.load(
        {
            "name": "x",
            "start": "2024-01-01",
            "supplies": {"gpus": {"unit": "GPU"}},
            "activities": {"a": {"duration": "1 d", "produces": {"gpus": 64}}},
            "milestones": {"half": milestone, "all": {"activity": "a", "observed": ["2024-01-03"]}},
        }
    )
    found = dated_in_the_world(scenario)
    assert found[["milestone", "supply", "kind"]].to_numpy().tolist() == [
        ["half", "gpus", "observed"],
        ["half", "gpus", "target"],
        ["all", "", "observed"],
    ]
    assert found["date"].dt.strftime("%m-%d").tolist() == ["01-09", "02-01", "01-03"]
    assert found["reaches"].tolist()[:2] == [64, 64]
    assert np.isnan(found["reaches"].iloc[2])


MANY = {
    "name": "many",
    "start": "2024-01-01",
    "day_zero": "2024-01-11",
    "supplies": {"gpus": {"unit": "GPU"}},
    "activities": {"a": {"duration": "1 d", "produces": {"gpus": 64}}},
    "milestones": {"done": {"supply": "gpus", "reaches": 64, "observed": "2024-01-15", "target": "2024-01-20"}},
}


def many(reached=(), supplies=(), **changes):
    """A result of many replications, made by hand."""
    days = pd.DataFrame(reached, columns=["milestone", "day"])
    dates = pd.Timestamp("2024-01-11") + pd.to_timedelta(days["day"], "D")
    fans = pd.DataFrame(supplies, columns=["supply", "date", "p10", "p50", "p90"])
    tables = {"milestones": days.assign(date=dates), "supplies": fans}
    return Result("replications", dcsim.load(MANY | changes), {}, tables)


def test_a_fan_reaches_from_p10_to_p90_and_ends_when_nothing_changes_any_more():
    begin = pd.Timestamp("2024-01-01")
    grows = [("gpus", begin + pd.Timedelta(days=k), k // 3, k // 2, k) for k in range(10)]
    stays = [("gpus", begin + pd.Timedelta(days=10 + k), 9, 9, 9) for k in range(300)]
    chart = many(supplies=[*grows, *stays]).chart("s-curve")
    assert [mark.name for mark in chart.marks] == ["P10 to P90", "P50", "observed", "target"]
    band, middle, observed, target = chart.marks
    assert (band.low[-1], middle.y[-1], band.high.max()) == (9, 9, 9)
    assert [str(mark.x[0])[:10] for mark in (observed, target)] == ["2024-01-15", "2024-01-20"]
    assert (observed.y.tolist(), target.y.tolist()) == ([64], [64])
    assert len(middle.x) < 30
    assert chart.x.high < datetime(2024, 1, 25)
    ax = draw(chart, axes())
    assert ax.get_xlim()[1] < START + 25
    assert ax.get_ylabel() == "gpus (GPU)"


def test_a_histogram_counts_every_replication_and_tells_quantiles():
    chart = many([*(("done", float(k)) for k in range(1, 10)), ("done", nan), ("other", 99.0)]).chart("histogram")
    assert chart.marks[0].heights.sum() == 9
    assert [mark.name for mark in chart.marks[1:]] == [
        "P50  2024-01-16, day 5",
        "P80  2024-01-19, day 8",
        "P90  2024-01-20, day 9",
        "observed  2024-01-15",
        "target  2024-01-20",
    ]
    assert [str(mark.at)[:10] for mark in chart.marks[1:4]] == ["2024-01-16", "2024-01-19", "2024-01-20"]
    assert chart.title == "done: when it is reached; 10.0 % not by the horizon"


def test_a_quantile_beyond_the_horizon_is_said_not_drawn():
    chart = many([("done", 1.0), ("done", nan)]).chart("histogram")
    late = [mark for mark in chart.marks if mark.name.endswith("not by the horizon")]
    assert [len(mark.x) for mark in late] == [0, 0]
    assert "P80 not by the horizon" in words(draw(chart, axes()))
    assert many([("done", nan)]).chart("histogram").empty == "done was never reached before the horizon"


def test_where_nothing_is_counted_many_builds_are_a_histogram():
    bare = {"activities": {"a": {"duration": "1 d"}}, "milestones": {"done": {"activity": "a"}}}
    assert many([("done", 1.0)], **bare).chart().title == "done: when it is reached"
    assert many(**bare | {"milestones": {}}).chart().empty == "there are no milestones"


def test_names_are_text():
    odd = SUPPLIES.assign(supply="$x$ <b>", unit="$y$")
    odd.attrs.update(EXPLAINED)
    ax = s_curve(odd, axes(), ["$x$ <b>"])
    ax.figure.canvas.draw()
    assert ax.get_ylabel() == r"\$x\$ <b> (\$y\$)"
