"""The picture: the right lines and bars, readable names, and the same bytes every time."""

import numpy as np
import pytest

import dcsim
from dcsim.charts import style
from dcsim.charts.style import SIZE
from dcsim.figures.overview import counters, dated, draw_overview, limiting, overview
from dcsim.figures.panels import Dated, Wait, binned, draw_milestones, draw_waits, shortened

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


def axes(run):
    return overview(run).axes


def test_the_curves_are_the_counters_that_milestones_look_at(run):
    curves, unit = counters(run)
    assert [curve.name for curve in curves] == ["gpus"]
    assert unit == "GPU"
    start = 19723  # 2024-01-01 in days since 1970
    assert curves[0].dates.tolist() == [start, start + 11]
    assert curves[0].totals.tolist() == [0, 256]


def test_without_such_milestones_all_counters_are_shown(run):
    milestones = {"placed": {"activity": "install"}}
    curves, _ = counters(dcsim.simulate(dcsim.load({**TINY, "milestones": milestones})))
    assert [curve.name for curve in curves] == ["gpus", "spare"]


def test_without_counters_the_share_of_finished_activities_is_shown():
    run = dcsim.simulate(
        dcsim.load(
            {"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}, "b": {"duration": "3 d"}}}
        )
    )
    curves, unit = counters(run)
    assert unit == "share of activities"
    assert curves[0].totals.tolist() == [0, 0.5, 1]
    assert np.diff(curves[0].dates).tolist() == [1, 2]


def test_the_upper_panel_draws_the_curve_and_the_observed_dates(run):
    upper = axes(run)[0]
    (line,) = upper.get_lines()
    assert line.get_ydata()[-1] == 256
    (points,) = upper.collections
    assert points.get_offsets()[:, 1].tolist() == [128, 128]
    assert upper.get_title("left") == "tiny · seed 0"
    assert upper.get_ylabel() == "gpus (GPU)"


def test_milestones_stand_in_the_order_of_their_dates(run):
    names = [one.name for one in dated(run, {"gpus"})]
    assert names == ["placed", "half"]
    assert [label.get_text() for label in axes(run)[1].get_yticklabels()] == names
    assert "\N{MINUS SIGN}4 to +2 d" in [text.get_text() for text in axes(run)[1].texts]


def test_observed_milestones_go_before_others_where_there_are_too_many():
    milestones = {f"m{k}": {"activity": "install", "reaches": 1} for k in range(15)}
    milestones["seen"] = {"activity": "install", "observed": "2024-02-01"}
    found = dated(dcsim.simulate(dcsim.load({**TINY, "milestones": milestones})), set())
    assert len(found) == 10
    assert found[-1].name == "seen"


def test_the_lower_panel_has_a_bar_for_every_cause_longest_first(run):
    labels = [label.get_text() for label in axes(run)[2].get_yticklabels()]
    assert labels == ["power  9 d", "crew  3 d"]
    assert len(axes(run)[2].collections) == 2


def test_waiting_is_shown_when_it_was(run):
    begin = 19723.0
    power = limiting(run, begin, begin + 12)[0]
    middle = power.edges[:-1] + np.diff(power.edges) / 2 - begin
    assert np.all(power.waiting[(middle > 1.1) & (middle < 9.9)] > 0)
    assert np.all(power.waiting[(middle < 0.9) | (middle > 10.1)] == 0)
    assert power.kind == "supply"


def test_binned_is_the_average_number_in_each_span():
    edges = np.array([0.0, 10.0, 20.0, 30.0])
    assert binned([(5, 10, 2), (10, 15, 4)], edges).tolist() == [1.0, 2.0, 0.0]
    assert binned([], edges).tolist() == [0, 0, 0]


def test_a_milestone_that_was_not_reached_says_so():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    draw_milestones([Dated("never", None, (), None), Dated("late", None, (5.0,), None)], ax)
    assert [text.get_text() for text in ax.texts] == ["not reached", "not reached"]


def test_calendars_and_risks_have_their_own_colours():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    edges, waiting = np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0])
    draw_waits(
        [Wait("risk:storms", "risk", 0.2, edges, waiting), Wait("calendar:day", "calendar", 3, edges, waiting)], ax
    )
    assert [label.get_text() for label in ax.get_yticklabels()] == ["storms  < 1 d", "day  3 d"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["calendar", "risk"]


def test_long_causes_are_shortened():
    assert shortened("calendar:day_shift") == "day_shift"
    assert shortened("dell_line | smc_line | another_line") == "dell_line | smc_line…"


def test_an_unfinished_build_is_drawn():
    run = dcsim.simulate(dcsim.load(TINY, overrides={"supplies.power.orders.grid.amount": 100}))
    assert not run.finished
    _, middle, lower, *_ = axes(run)
    assert lower.get_xlim()[1] < 19723 + 40
    assert len(middle.get_yticklabels()) == 2


def test_nothing_at_all_is_drawn_without_complaint(tmp_path):
    run = dcsim.simulate(dcsim.load({"name": "x", "start": "2024-01-01", "activities": {"a": {}}}))
    assert run.plot(tmp_path / "x.svg").exists()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".PNG"])
def test_the_same_build_gives_the_same_bytes(run, tmp_path, suffix):
    one, two = (draw_overview(run, tmp_path / f"{name}{suffix}") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert len(one.read_bytes()) > 5_000


def test_it_is_as_large_as_a_readme_shows_it(run):
    assert overview(run).get_size_inches().tolist() == list(SIZE)


def test_another_suffix_is_refused(run, tmp_path):
    with pytest.raises(dcsim.errors.ResultError, match=r"'.*x\.jpg': a picture's name ends in \.png, \.svg, \.pdf"):
        run.plot(tmp_path / "x.jpg")


def test_a_folder_that_is_not_there_is_told(run, tmp_path):
    with pytest.raises(dcsim.errors.ResultError, match=r"cannot write '.*x\.svg': no such file or directory"):
        run.plot(tmp_path / "nowhere" / "x.svg")


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


def test_letters_that_no_font_has_are_told_once(caplog, monkeypatch, tmp_path):
    monkeypatch.setattr(style, "_letters", lambda name: frozenset("ab "))
    made, ax = style.figure()
    ax.set_title("机房 a")
    ax.set_xlabel("房")
    style.save(made, tmp_path / "a.png")
    assert [record.getMessage() for record in caplog.records] == [
        "no installed font has 房机: boxes stand for them in the picture"
    ]
