"""Gantts and maps: who was at work where, and how far every rack is."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dcsim.analysis.states import DONE, NOT_READY, WAITING, WORKING, states_of
from dcsim.errors import RequestError
from dcsim.figures.figures import gantt, hall_map
from dcsim.figures.gantt import lane_depth
from dcsim.figures.maps import COLOURS, laid_out

START = 19723.0
EXPLAINED = {"start": "2024-01-01T00:00:00", "day_zero": "2024-01-03T00:00:00"}
D = 1440


def axes():
    return Figure(figsize=(8, 4)).subplots()


def activities(*rows):
    frame = pd.DataFrame(rows, columns=["activity", "place", "ready", "start", "finish"])
    frame = frame.astype(dict.fromkeys(("ready", "start", "finish"), "Int64"))
    frame.attrs.update(EXPLAINED)
    return frame


BUILD = activities(
    ("prepare", "site", 0, 0, 2 * D),
    ("fit_out", "phase1/hall1", 2 * D, 2 * D, 4 * D),
    ("fit_out", "phase2/hall1", 2 * D, 4 * D, 6 * D),
    *(("install", f"phase{p}/hall1/rack{k}", (2 + 2 * p) * D, (3 + 2 * p + k) * D, (4 + 2 * p + k) * D)
      for p in (1, 2) for k in (1, 2)),
)  # fmt: skip


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def shaded(image):
    """From when until when a lane is shaded, in days since the start."""
    strength = image.get_array()[0, :, 3]
    left, right, *_ = image.get_extent()
    edges = np.linspace(left, right, len(strength) + 1) - START
    where = np.flatnonzero(strength > 0)
    return round(float(edges[where[0]]), 1), round(float(edges[where[-1] + 1]), 1)


def test_a_gantt_has_a_row_for_every_activity_and_a_lane_for_every_place():
    ax = gantt(BUILD, axes())
    assert names(ax) == ["prepare", "fit_out", "install"]
    assert [shaded(image) for image in ax.images] == [(0, 2), (2, 4), (4, 6), (6, 7), (7, 8), (8, 9), (9, 10)]
    tops = [image.get_extent()[3] for image in ax.images]
    assert tops == sorted(tops)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["phase1, rack1 to rack2 downwards", "phase2, rack1 to rack2 downwards"]


def test_more_at_work_is_darker():
    rows = [("a", f"rack{k}", 0, k * D // 100, 2 * D) for k in range(50)]
    (image,) = gantt(activities(*rows), axes()).images
    strength = image.get_array()[0, :, 3]
    assert strength.max() == pytest.approx(1)
    assert 0 < strength[0] < strength[len(strength) // 2]


def test_a_place_is_looked_into():
    ax = gantt(BUILD, axes(), "phase2")
    assert [shaded(image) for image in ax.images] == [(0, 2), (4, 6), (8, 9), (9, 10)]
    assert names(gantt(BUILD, axes(), "site")) == ["prepare", "fit_out", "install"]


def test_one_rack_is_told_with_what_happens_around_it():
    ax = gantt(BUILD, axes(), "phase1/hall1/rack2")
    assert names(ax) == ["prepare", "fit_out", "install"]
    wide = [(bar.get_x() - START, bar.get_width()) for bar in ax.patches if bar.get_width()]
    assert wide == [(0, 2), (2, 2), (4, 3), (7, 1)]


def test_an_unknown_place_is_refused():
    with pytest.raises(RequestError, match=r"no place 'phase1/hall9'; did you mean 'phase1/hall1'\?"):
        gantt(BUILD, axes(), "phase1/hall9")


def test_lanes_are_the_lowest_places_that_can_be_told_apart():
    many = [f"phase{p}/hall{h}/rack{k}" for p in (1, 2) for h in (1, 2) for k in range(20)]
    assert lane_depth([*many, *(f"generator{k}" for k in range(30))]) == 2
    assert lane_depth(many, "phase1/hall1") == 2
    assert lane_depth([f"rack{k}" for k in range(100)]) == 0
    assert lane_depth([f"rack{k}" for k in range(3)]) == 1
    assert lane_depth(["site"]) == 0


def test_what_never_started_has_no_row_and_what_never_finished_lasts():
    table = activities(("a", "site", 0, 0, D), ("b", "site", D, D, None), ("c", "site", None, None, None))
    ax = gantt(table, axes())
    assert names(ax) == ["a", "b"]
    assert gantt(table[2:], axes()).texts[0].get_text() == "nothing has started"


def test_states_of_racks():
    states = states_of(BUILD)
    assert states.places == ("phase1/hall1/rack1", "phase1/hall1/rack2", "phase2/hall1/rack1", "phase2/hall1/rack2")
    assert states.at(0).tolist() == [NOT_READY] * 4
    assert states.at(4 * D).tolist() == [WAITING, WAITING, NOT_READY, NOT_READY]
    assert states.at(6 * D).tolist() == [WORKING, WAITING, WAITING, WAITING]
    assert states.at(7 * D).tolist() == [DONE, WORKING, WAITING, WAITING]
    assert states.at(10 * D).tolist() == [DONE] * 4


def test_between_two_activities_a_rack_waits():
    table = activities(("a", "rack1", 0, 0, D), ("b", "rack1", 3 * D, 3 * D, 4 * D), ("c", "rack2", None, None, None))
    states = states_of(table)
    assert [states.at(day * D).tolist()[0] for day in range(5)] == [WORKING, WAITING, WAITING, WORKING, DONE]
    assert states.at(100 * D)[1] == NOT_READY


def test_no_place_at_all():
    assert states_of(activities(("a", "site", 0, 0, D))).places == ()
    (text,) = hall_map(activities(("a", "site", 0, 0, D)), axes(), 3).texts
    assert text.get_text() == "nothing happens in any place"


def test_cells_of_pods_are_columns_and_halls_are_blocks():
    places = [f"p{p}/h{h}/pod{d}/rack{k}" for p in (1, 2) for h in (1, 2) for d in range(3) for k in range(2)]
    layout = laid_out(tuple(places))
    assert [name for name, _, _ in layout.blocks] == ["p1/h1", "p1/h2", "p2/h1", "p2/h2"]
    assert layout.x[:6].tolist() == [0, 0, 1, 1, 2, 2]
    assert (layout.y[:6] - layout.head).tolist() == [0, 1, 0, 1, 0, 1]
    assert layout.blocks[2][1] == 0
    assert layout.blocks[2][2] > layout.blocks[0][2]
    assert len({(x, y) for x, y in zip(layout.x, layout.y, strict=True)}) == len(places)


def test_racks_without_pods_fill_rows():
    layout = laid_out(tuple(f"rack{k}" for k in range(8)))
    assert layout.width == 4
    assert sorted(set(layout.y - layout.head)) == [0, 1]


def test_a_map_colours_every_rack_by_its_state():
    ax = hall_map(BUILD, axes(), day=4.0)
    (image,) = ax.images
    shown, counts = np.unique(image.get_array().compressed(), return_counts=True)
    assert dict(zip(shown.tolist(), (counts / 25).tolist(), strict=True)) == {WAITING: 3, WORKING: 1}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "not ready: 0",
        "waiting: 3",
        "working: 1",
        "done: 0",
    ]
    assert ax.get_title("left") == "2024-01-07, day 4"
    assert len(COLOURS) == 4


def test_names_are_text():
    odd = activities(("<script>$a$", "$p$/h1/r1", 0, 0, D), ("b", "$p$/h1/r2", 0, 0, D))
    for ax in (gantt(odd, axes()), hall_map(odd, axes(), 0)):
        ax.figure.canvas.draw()
    assert names(gantt(odd, axes()))[0] == r"<script>\$a\$"
