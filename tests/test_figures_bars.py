"""Rows of bars and sweeps: the numbers of their tables, names as text, and nothing where there is nothing."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dcsim.charts import style
from dcsim.errors import RequestError
from dcsim.figures.figures import days_bought, sweep

HOSTILE = ("<script>alert(1)</script>", "$x^2$ and $y$", "a name that is much too long to stand beside any bar at all")


def axes():
    return Figure(figsize=(8, 4)).subplots()


def said(ax):
    """Everything that is written in a picture."""
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    labels = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label]
    return [text.get_text() for text in [*ax.texts, *labels, *(legend.get_texts() if legend else ())]]


def rows(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def bars(ax):
    """(row, left end, width) of every bar."""
    return [(round(b.get_y() + b.get_height() / 2, 6), b.get_x(), b.get_width()) for b in ax.patches]


def test_a_measure_of_one_replication_has_no_interval():
    measure = {"option": "crane", "kind": "option", "days": 2.0, "low": -inf, "high": inf}
    assert "?" in said(days_bought(pd.DataFrame([measure]), axes()))


def points(*table, columns=("crews",)):
    return pd.DataFrame(table, columns=[*columns, "milestone", "p50", "p80"])


def test_a_sweep_over_one_path_is_two_lines():
    ax = sweep(points((8, "done", 30.0, 40.0), (4, "done", 50.0, inf)), axes(), ["crews"])
    first, _, second, _ = ax.lines
    assert (first.get_xdata().tolist(), first.get_ydata().tolist()) == ([4, 8], [50, 30])
    assert (second.get_xdata().tolist(), second.get_ydata().tolist()) == ([8], [40])
    assert {"P80 never", "crews", "day of done", "P50", "P80"} <= set(said(ax))


def test_a_sweep_over_words_keeps_their_order():
    ax = sweep(points(("z", "done", 1.0, 2.0), ("a", "done", 3.0, 4.0)), axes(), ["crews"])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["z", "a"]


def test_a_sweep_over_two_paths_is_a_map_of_p80():
    table = [(x, y, "done", 0.0, inf if x == 2 and y == "b" else 10.0 * x + 0.7) for x in (2, 1) for y in ("a", "b")]
    ax = sweep(points(*table, columns=("crews", "who")), axes(), ["crews", "who"])
    (mesh,) = ax.collections
    assert np.ma.filled(mesh.get_array(), -1).tolist() == [[10.7, 20.7], [10.7, -1]]
    assert {"never", "10", "20"} <= set(said(ax))


def test_scattered_points_are_dots():
    table = [(1.5, 0.3, "done", 0.0, 7.0), (2.5, 0.1, "done", 0.0, inf), (1.0, 0.2, "done", 0.0, 9.0)]
    ax = sweep(points(*table, columns=("x", "y")), axes(), ["x", "y"])
    dots, crosses = ax.collections
    assert dots.get_offsets().tolist() == [[1.5, 0.3], [1, 0.2]]
    assert crosses.get_offsets().tolist() == [[2.5, 0.1]]


def test_a_sweep_over_three_paths_is_refused():
    with pytest.raises(RequestError, match="over one path or two, not 3"):
        sweep(points((1, "done", 1.0, 1.0)), axes(), ["a", "b", "c"])


def test_an_empty_sweep_says_so():
    assert said(sweep(points(), axes(), ["crews"]))[0] == "no point of milestone "


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name):
    """No mathematics, and cut where they do not fit; the picture can be drawn."""
    pictures = [
        sweep(points((1, name, 1.0, 2.0), columns=(name,)), axes(), [name]),
    ]
    for ax in pictures:
        begin = style.plain(name, 24).rstrip("…")
        assert any(begin in text for text in said(ax))
        assert not any(text.get_text().count("$") > text.get_text().count(r"\$") for text in ax.get_yticklabels())
