"""Charts as data: both renderers draw the same marks, names are text, and nothing is drawn where nothing is."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dcsim.charts.pictures import draw, picture, save
from dcsim.charts.plotly import figure
from dcsim.document.bars import stacked
from dcsim.document.chart import Axis, Band, Bars, Chart, Columns, Dots, Line, Rule, Spans
from dcsim.document.colours import PARTS

HOSTILE = ("<script>alert(1)</script>", "$x^2$ and $y$", "a name that is much too long to stand beside any bar at all")
NUMBERS = np.array([1.0, 2.0, 4.0])
DATES = np.array(["2024-01-01", "2024-01-02", "2024-02-01"], "datetime64[m]")

MARKS = {
    "line": Line(name="a", x=NUMBERS, y=NUMBERS, dash="dash", steps=True, dots=True),
    "band": Band(name="a", x=NUMBERS, low=NUMBERS, high=NUMBERS + 1),
    "columns": Columns(name="a", edges=NUMBERS, heights=NUMBERS[:2]),
    "dots": Dots(name="a", x=NUMBERS, y=NUMBERS, low=NUMBERS - 1, high=NUMBERS + np.inf, symbol="diamond"),
    "rule": Rule(name="a", at=2.0, dash="dot"),
    "spans": Spans(name="a", start=NUMBERS[:2], end=NUMBERS[1:]),
}


def axes():
    return Figure(figsize=(8, 4)).subplots()


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("mark", MARKS.values(), ids=MARKS)
def test_every_mark_is_drawn_by_both_renderers_once_in_the_legend(mark):
    chart = Chart("message", marks=[mark, mark])
    ax = draw(chart, axes())
    assert (ax.get_title("left"), legend(ax)) == ("message", ["a"])
    assert ax.lines or ax.patches or ax.collections
    traces = figure(chart)["data"]
    assert sum(trace.get("showlegend", True) for trace in traces) == 1
    assert {trace["name"] for trace in traces} == {"a"}


def test_bars_lie_in_their_rows_with_their_labels():
    bars = Bars(rows=[0, 1], start=np.array([0.0, 2.0]), end=np.array([2.0, 5.0]), labels=["two", "three"])
    chart = Chart("message", y=Axis("rows", names=["one", "other"]), marks=[bars])
    ax = draw(chart, axes())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "other"]
    assert [(bar.get_x(), bar.get_width()) for bar in ax.patches] == [(0, 2), (2, 3)]
    assert [text.get_text() for text in ax.texts] == ["two", "three"]
    (trace,) = figure(chart)["data"]
    assert (trace["base"], trace["x"], trace["y"]) == ([0, 2], [2, 3], [0, 1])


def bars(ax):
    """(row, left end, width) of every bar."""
    return [(round(b.get_y() + b.get_height() / 2, 6), b.get_x(), b.get_width()) for b in ax.patches]


def test_days_of_several_scenarios_are_stacks_in_the_same_order():
    table = pd.DataFrame(
        [
            ("base", "work", "a", 10.0),
            ("base", "risk", "b", 5.0),
            ("late", "work", "a", 30.0),
            ("late", "start", "", -2.0),
        ],
        columns=["scenario", "kind", "name", "days"],
    )
    ax = draw(stacked(table, "done"), axes())
    assert [label.get_text() for label in ax.get_yticklabels()] == ["base", "late"]
    assert bars(ax) == [(0, 0, 10), (1, 0, 30), (0, 10, 5), (1, 30, 0), (0, 15, 0), (1, 0, -2)]
    assert [text.get_text() for text in ax.texts] == ["28 d", "15 d"]
    assert legend(ax) == ["working: a", "risk: b", "before the first cause"]


def test_a_stack_of_many_causes_keeps_its_total():
    table = pd.DataFrame(
        [(one, "work", f"w{k}", 40.0 - k) for one in ("x", "y") for k in range(30)],
        columns=["scenario", "kind", "name", "days"],
    )
    ax = draw(stacked(table, "done"), axes())
    assert len(legend(ax)) == len(PARTS)
    assert sum(width for row, _, width in bars(ax) if row == 0) == sum(40 - k for k in range(30))


def test_dates_have_days_above_and_bars_of_time_their_length():
    bars = Bars(rows=[0, 0], start=DATES[:2], end=DATES[1:])
    chart = Chart("m", Axis("date"), Axis("rows", names=["a"]), [bars], day_zero=datetime(2024, 1, 1))
    ax = draw(chart, axes())
    assert [bar.get_width() for bar in ax.patches] == [1, 30]
    assert ax.child_axes[0].get_xlabel() == "days from 2024-01-01"
    (trace,) = figure(chart)["data"]
    assert trace["x"] == [86_400_000, 30 * 86_400_000]
    assert trace["base"] == ["2024-01-01 00:00", "2024-01-02 00:00"]


def test_what_is_counted_has_whole_numbers_at_its_axis():
    chart = Chart("m", y=Axis("count"), marks=[Line(x=NUMBERS, y=NUMBERS)])
    assert all(tick == int(tick) for tick in draw(chart, axes()).get_yticks())
    assert figure(chart)["layout"]["yaxis"]["dtick"] == 1


def test_what_a_legend_can_switch_on_is_not_in_files():
    chart = Chart("m", marks=[Line(name="a", x=NUMBERS, y=NUMBERS), Line(name="b", x=NUMBERS, y=NUMBERS, hidden=True)])
    assert legend(draw(chart, axes())) == ["a"]
    assert [trace.get("visible") for trace in figure(chart)["data"]] == [None, "legendonly"]


def test_an_empty_chart_says_why():
    (text,) = draw(Chart("m", empty="nothing to compare"), axes()).texts
    assert text.get_text() == "nothing to compare"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name, tmp_path):
    """No mathematics and no markup, and cut where they do not fit; the picture is the same every time."""
    dots = Dots(name=name, x=NUMBERS, y=np.arange(3.0), labels=[name] * 3, notes=[name] * 3)
    chart = Chart(name, Axis(title=name), Axis("rows", names=[name] * 3), [dots])
    one, other = (save(chart, tmp_path / f"{k}.svg", name) for k in "ab")
    assert one.read_bytes() == other.read_bytes()
    told = [*picture(chart, name).axes[0].texts, *picture(chart).axes[0].get_yticklabels()]
    assert not any(text.get_text().count("$") > text.get_text().count(r"\$") for text in told)
    assert "<" not in str(figure(chart)["data"][0]["text"]).replace("&lt;", "")
