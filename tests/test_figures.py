"""The picture: the right lines and bars, readable names, and the same bytes every time."""

import logging

import numpy as np
import pytest

import dcsim
from dcsim.analysis.waits import binned
from dcsim.charts import style
from dcsim.charts.pictures import picture
from dcsim.charts.plotly import figure
from dcsim.document.chart import Bars

TINY = {
    "name": "tiny",
    "start": "2024-01-01",
    "day_zero": "2024-01-11",
    "horizon": "1 year",
    "places": {"rack": 4},
    "resources": {"crew": {"count": 1}},
    "supplies": {
        "power": {"unit": "kW", "orders": {"grid": {"amount": 400, "lead_time": "10 d"}}},
        "gpus": {"unit": "GPU"},
        "spare": {"unit": "GPU"},
    },
    "activities": {
        "install": {"at": "rack", "duration": "1 d", "requires": {"crew": 1}},
        "power_on": {
            "at": "rack",
            "duration": "1 d",
            "after": ["install"],
            "consumes": {"power": 96},
            "produces": {"gpus": 64, "spare": 1},
        },
    },
    "milestones": {
        "half": {"supply": "gpus", "reaches": 128, "observed": ["2024-01-09", "2024-01-15"]},
        "placed": {"activity": "install"},
    },
}


@pytest.fixture
def run():
    return dcsim.simulate(dcsim.load(TINY))


def panels(run):
    """The overview and the charts below it."""
    chart = run.chart("overview")
    return [chart, *chart.below]


def test_the_curves_are_the_counters_that_milestones_look_at(run):
    (line, observed) = run.chart("s-curve").marks
    assert (line.name, observed.name) == ("gpus", "observed")
    start = np.datetime64("2024-01-01")
    assert ((line.x[:2] - start) / np.timedelta64(1, "D")).tolist() == [0, 11]
    assert line.y.tolist() == [0, 256, 256]
    assert observed.y.tolist() == [128, 128]
    assert run.chart("s-curve").y.title == "gpus (GPU)"


def test_without_such_milestones_all_counters_are_shown():
    milestones = {"placed": {"activity": "install"}}
    chart = dcsim.simulate(dcsim.load({**TINY, "milestones": milestones})).chart("s-curve")
    assert [mark.name for mark in chart.marks] == ["gpus", "spare"]


def test_without_counters_the_share_of_finished_activities_is_shown():
    chart = dcsim.simulate(
        {"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}, "b": {"duration": "3 d"}}}
    ).chart("s-curve")
    assert (chart.y.kind, chart.y.title) == ("share", "share of activities")
    assert chart.marks[0].y.tolist() == [0, 0.5, 1, 1]
    assert (np.diff(chart.marks[0].x[:3]) / np.timedelta64(1, "D")).tolist() == [1, 2]


def test_the_overview_stands_over_one_axis_of_dates(run):
    figure = picture(run.chart("overview"), "tiny · seed 0")
    upper, middle, lower = figure.axes
    assert upper.get_lines()[0].get_ydata()[-1] == 256
    assert upper.get_xlim() == middle.get_xlim() == lower.get_xlim()
    assert [ax.get_title("left") for ax in (middle, lower)] == ["Milestones", "Longest waits"]
    assert [text.get_text() for text in figure.texts] == ["gpus over time", "tiny · seed 0"]


def test_the_dates_stand_below_the_last_panel_that_shows_something():
    run = dcsim.simulate(
        {**TINY, "resources": {"crew": {"count": 4}}, "supplies": {"gpus": {}, "spare": {}, "power": {"initial": 400}}}
    )
    upper, lower = picture(run.chart("overview")).axes
    assert [ax.get_title("left") for ax in (upper, lower)] == ["", "Milestones"]
    assert [ax.xaxis.get_tick_params()["labelbottom"] for ax in (upper, lower)] == [False, True]


def test_milestones_stand_in_the_order_of_their_dates(run):
    _, chart, _ = panels(run)
    assert chart.y.names == ["placed", "half"]
    assert [mark.labels for mark in chart.marks if isinstance(mark, Bars)] == [["-4 to +2 d"]]


def test_observed_milestones_go_before_others_where_there_are_too_many():
    milestones = {f"m{k}": {"activity": "install", "reaches": 1} for k in range(15)}
    milestones["seen"] = {"activity": "install", "observed": "2024-02-01"}
    run = dcsim.simulate({**TINY, "milestones": milestones})
    assert len(panels(run)[1].y.names) == 10
    assert panels(run)[1].y.names[-1] == "seen"
    assert len(run.chart("milestones").y.names) == 16


def test_waits_have_a_band_for_every_cause_longest_first(run):
    chart = run.chart("waits")
    assert chart.y.names == ["power  9 d", "crew  3 d"]
    assert [mark.name for mark in chart.marks] == ["waiting for a supply", "waiting for a resource"]


def test_waiting_is_shown_when_it_was(run):
    power = run.chart("waits").marks[0]
    day = (power.x - np.datetime64("2024-01-01")) / np.timedelta64(1, "D")
    thick = power.high - power.low
    assert np.all(thick[(day > 1.1) & (day < 9.9)] > 0)
    assert np.all(thick[(day < 0.9) | (day > 10.1)] == 0)


def test_binned_is_the_average_number_in_each_span():
    edges = np.array([0.0, 10.0, 20.0, 30.0])
    assert binned([(5, 10, 2), (10, 15, 4)], edges).tolist() == [1.0, 2.0, 0.0]
    assert binned([], edges).tolist() == [0, 0, 0]


def test_an_unfinished_build_is_drawn_and_says_what_is_not_reached():
    run = dcsim.simulate(dcsim.load(TINY, overrides={"supplies.power.orders.grid.amount": 96}))
    assert not run.finished
    assert run.chart("milestones").y.names == ["placed", "half: not reached"]
    assert picture(run.chart("overview")).axes[1].get_xlim()[1] < 19723 + 40


@pytest.mark.slow
def test_nothing_at_all_is_drawn_without_complaint(tmp_path):
    run = dcsim.simulate({"name": "x", "start": "2024-01-01", "activities": {"a": {}}})
    for name in run.charts():
        assert run.picture(tmp_path / f"{name}.svg", name).exists()
        assert figure(run.chart(name))["layout"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".PNG"])
def test_the_same_build_gives_the_same_bytes(run, tmp_path, suffix):
    one, two = (run.picture(tmp_path / f"{name}{suffix}") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert len(one.read_bytes()) > 5_000


def test_another_suffix_is_refused(run, tmp_path):
    with pytest.raises(
        dcsim.errors.ResultError, match=r"'.*x\.jpg': the name of a picture must end in \.png, \.svg, \.pdf"
    ):
        run.picture(tmp_path / "x.jpg")


@pytest.mark.slow
def test_a_folder_that_is_not_there_is_told(run, tmp_path):
    with pytest.raises(dcsim.errors.ResultError, match=r"cannot write '.*x\.svg': no such file or directory"):
        run.picture(tmp_path / "nowhere" / "x.svg")


# Few units, names, and letters


@pytest.mark.parametrize("top", [1, 2, 3, 4, 9])
def test_what_is_counted_has_whole_numbers_at_the_axis(top):
    made, ax = style.figure()
    ax.plot([0, 1], [0, top])
    style.counts(ax.yaxis)
    made.canvas.draw()
    told = [label.get_text() for label in ax.get_yticklabels()]
    assert len(set(told)) == len(told)
    assert {"0", str(top)} <= set(told) or top == 9
    assert all(word.isdecimal() or word.startswith("-") or word.startswith("\N{MINUS SIGN}") for word in told)


def test_a_name_that_begins_with_an_underscore_is_in_the_legend():
    _, ax = style.figure()
    ax.plot([0, 1], [0, 1], label=style.plain("_on"))
    assert [text.get_text().strip() for text in ax.legend().get_texts()] == ["_on"]


def test_letters_come_from_a_font_that_has_them(caplog, tmp_path):
    other = next(iter(sorted(style._letters("STIXGeneral") - style._letters(style.FONT))))
    made, ax = style.figure()
    ax.set_title(f"{other} and a")
    style.save(made, tmp_path / "a.png")
    assert "STIXGeneral" in ax.title.get_fontfamily() or len(ax.title.get_fontfamily()) > 1
    assert caplog.text == ""


def test_letters_that_no_font_has_are_told_once(monkeypatch, tmp_path):
    warnings = []
    log = logging.getLogger("dcsim")
    monkeypatch.setattr(log, "warning", lambda text, *values: warnings.append(text % values))
    monkeypatch.setattr(style, "_letters", lambda name: frozenset("ab "))
    made, ax = style.figure()
    ax.set_title("机房 a")
    ax.set_xlabel("房")
    style.save(made, tmp_path / "a.png")
    assert warnings == ["no installed font has 房机: the picture shows boxes instead"]
