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
from dcsim.study.course import overview
from dcsim.study.result import Result

START = 19723.0
"""2024-01-01 in days since 1970."""
EXPLAINED = {"start": "2024-01-01T00:00:00", "day_zero": "2024-01-11T00:00:00"}


def axes():
    return Figure(figsize=(8, 4)).subplots()


def table(columns, *rows):
    frame = pd.DataFrame(rows, columns=columns.split())
    frame.attrs.update(EXPLAINED)
    return frame


def words(ax):
    legend = ax.get_legend()
    return [text.get_text() for text in [*ax.texts, *(legend.get_texts() if legend else ())]]


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
    assert chart.title == "done: when it is reached; 10.0 % not by the end"


def test_a_quantile_beyond_the_horizon_is_said_not_drawn():
    chart = many([("done", 1.0), ("done", nan)]).chart("histogram")
    late = [mark for mark in chart.marks if mark.name.endswith("not by the end")]
    assert [len(mark.x) for mark in late] == [0, 0]
    assert "P80 not by the end" in words(draw(chart, axes()))
    assert many([("done", nan)]).chart("histogram").empty == "done is reached in no replication"


def test_where_nothing_is_counted_many_builds_are_a_histogram():
    bare = {"activities": {"a": {"duration": "1 d"}}, "milestones": {"done": {"activity": "a"}}}
    assert many([("done", 1.0)], **bare).chart().title == "done: when it is reached"
    assert many(**bare | {"milestones": {}}).chart().empty == "there are no milestones"


SUPPLIES = table(
    "supply place unit tick level total",
    ("gpus", "site", "GPU", 0, 0, 0),
    ("gpus", "site", "GPU", 1440, 64, 64),
    ("power", "hall1", "kW", 0, 100, 100),
    ("power", "hall1", "kW", 1440, 4, 100),
    ("power", "hall2", "kW", 0, 50, 50),
    ("power", "hall2", "kW", 2880, 70, 70),
)
DELIVERIES = table("tick supply place amount", (2880, "power", "hall2", 20))
SHORTAGES = table("activity place kind from to cause waiting", ("on", "site", "work", 1440, 2880, "power", 3))
USAGE = table(
    "resource place tick used capacity",
    ("dock", "hall1", 0, 1, 2),
    ("dock", "hall1", 600, 0, 2),
    ("dock", "hall2", 0, 0, 2),
    ("dock", "hall2", 300, 2, 2),
    ("dock", "hall2", 900, 0, 1),
)
ACTIVITIES = table("activity place ready start finish", ("on", "site", 0, 0, 2880))


def one(**tables):
    """A result of one build, made by hand."""
    found = {"supplies": SUPPLIES, "deliveries": DELIVERIES, "shortages": SHORTAGES, "usage": USAGE}
    supplies = {"gpus": {"unit": "GPU"}, "power": {"unit": "kW"}}
    scenario = dcsim.load(MANY | {"supplies": supplies})
    return Result("run", scenario, {}, {**found, "activities": ACTIVITIES, **tables})


def on(chart, name):
    """The mark of this name, and on which days since the start it stands."""
    (mark,) = [mark for mark in chart.marks if mark.name == name]
    x = mark.start if hasattr(mark, "start") else mark.x
    return mark, ((x - np.datetime64("2024-01-01")) / np.timedelta64(1, "D")).tolist()


def test_an_s_curve_steps_where_its_supply_changes():
    chart = one().chart("s-curve")
    line, days = on(chart, "gpus")
    assert (days[:2], line.y.tolist()) == ([0, 1], [0, 64, 64])
    observed, days = on(chart, "observed")
    assert (days, observed.y.tolist()) == ([14], [64])
    assert draw(chart, axes()).get_ylabel() == "gpus (GPU)"
    assert one().chart("s-curve", supply="power").y.title == "power (kW)"


def test_the_days_above_count_from_day_zero():
    (above,) = draw(one().chart("s-curve"), axes()).child_axes
    assert above.get_xlabel() == "days from 2024-01-11"
    clock = Clock.of(SUPPLIES)
    assert clock.days(clock.date(1440)) == -9


def test_the_level_of_a_supply_adds_its_places_and_shades_what_is_short():
    chart = one().chart("level", supply="power")
    assert on(chart, "in stock")[0].y.tolist() == [150, 54, 74, 74]
    shade, begins = on(chart, "activities wait for it")
    assert (begins, str(shade.end[0])[:10]) == ([1], "2024-01-03")
    assert on(chart, "delivery")[1] == [2]
    assert words(draw(chart, axes())) == ["activities wait for it", "in stock", "delivery"]
    assert one().chart("level").title == "power in stock"


def test_nothing_short_and_nothing_delivered():
    chart = one(deliveries=DELIVERIES[:0], shortages=SHORTAGES[:0]).chart("level", supply="power")
    assert [mark.name for mark in chart.marks] == ["in stock"]


def test_the_axis_of_a_supply_that_is_never_in_stock():
    """What is taken as soon as it comes leaves a line at nothing, and an axis that says so."""
    supplies = SUPPLIES.assign(level=0)
    chart = one(supplies=supplies).chart("level", supply="power")
    assert (chart.y.low, chart.y.high) == (0, 1)
    assert chart.explanation == "None is ever in stock: all that comes is taken at once."
    assert draw(chart, axes()).get_ylim() == (0, 1)
    assert one().chart("level", supply="power").explanation == ""


def test_the_use_of_a_resource_adds_its_places_below_what_there_is():
    chart = one().chart("use")
    assert on(chart, "capacity")[0].y.tolist() == [4, 4, 4, 3, 3]
    assert on(chart, "at work")[0].high.tolist() == [1, 3, 2, 0, 0]


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("level", {"supplies": SUPPLIES[:0]}),
        ("use", {"usage": USAGE[:0]}),
        ("waits", {"shortages": SHORTAGES[:0]}),
        ("map", {}),
        ("gantt", {"activities": ACTIVITIES.assign(start=None, finish=None)}),
    ],
)
def test_nothing_at_all_is_said(name, tables):
    chart = one(**tables).chart(name)
    assert [text.get_text() for text in draw(chart, axes()).texts] == [chart.empty] != [""]


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


def test_names_are_text():
    scenario = dcsim.load(MANY | {"supplies": {"gpus": {"unit": "$y$"}}})
    ax = draw(Result("run", scenario, {}, {"supplies": SUPPLIES}).chart("s-curve"), axes())
    ax.figure.canvas.draw()
    assert ax.get_ylabel() == r"gpus (\$y\$)"


def test_the_overview_shows_the_milestones_that_matter_and_says_how_many_there_are():
    """Those with a target come first, then the last ones."""
    names = [f"step{k}" for k in range(14)]
    activities = {name: {"duration": f"{k + 1} d"} for k, name in enumerate(names)}
    milestones = {f"{name}_done": {"activity": name} for name in names} | {
        "first": {"activity": "step0", "target": "2024-02-01"}
    }
    spec = {"name": "s", "start": "2024-01-01", "horizon": "30 d", "activities": activities, "milestones": milestones}
    (dates, _) = overview(dcsim.simulate(dcsim.load(spec), expected=True, engine="reference")).below
    assert dates.title == "Milestones: 10 of 15"
    assert list(dates.y.names) == ["first", *(f"{name}_done" for name in names[5:])]
