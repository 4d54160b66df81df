"""Gantts and maps: who was at work where, and how far every rack is."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import dcsim
from dcsim.analysis.site import laid_out
from dcsim.analysis.states import DONE, NOT_READY, WAITING, WORKING, states_of
from dcsim.charts.pictures import draw
from dcsim.charts.plotly import figure
from dcsim.document.chart import Cells, Dots
from dcsim.errors import RequestError
from dcsim.study.site import gantt, lane_depth, site_map

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


NONE = pd.DataFrame({"tick": [], "supply": [], "place": [], "amount": []}, dtype="str").astype({"tick": int})
SITE = dcsim.load(
    {
        "name": "x",
        "start": "2024-01-01",
        "day_zero": "2024-01-03",
        "supplies": {"power": {"unit": "kW"}},
        "activities": {"a": {}},
    }
)


def charted(table, place="", deliveries=NONE):
    return gantt(SITE, table, deliveries, place)


def days(moments):
    return ((moments - np.datetime64("2024-01-01")) / np.timedelta64(1, "D")).round(1)


def lanes(chart):
    """From when until when each lane has bars, in days since the start, from top to bottom."""
    ends = {}
    for mark in chart.marks:
        for row, begin, end in zip(mark.rows, days(mark.start), days(mark.end), strict=True):
            low, high = ends.get(row, (begin, end))
            ends[row] = (min(low, begin), max(high, end))
    return [tuple(map(float, ends[row])) for row in sorted(ends)]


def test_a_gantt_has_a_row_for_every_activity_and_a_lane_for_every_place():
    chart = charted(BUILD)
    assert chart.y.names == ["prepare", "fit_out", "install"]
    assert lanes(chart) == [(0, 2), (2, 4), (4, 6), (6, 7), (7, 8), (8, 9), (9, 10)]
    legend = [text.get_text() for text in draw(chart, axes()).get_legend().get_texts()]
    assert legend == [
        "phase1, rack1 to rack2 downwards",
        "phase2, rack1 to rack2 downwards",
        "for the whole site",
    ]
    notes = [note for mark in chart.marks for note in mark.notes]
    assert "install in phase1/hall1/rack1: 2024-01-07 to 2024-01-07" in notes


def test_more_at_work_is_darker():
    rows = [("a", f"rack{k}", 0, k * D // 100, 2 * D) for k in range(50)]
    dark, half, pale = charted(activities(*rows)).marks
    assert dark.opacity > half.opacity > pale.opacity
    assert days(pale.start)[0] < days(half.start)[0] < days(dark.start)[0]


def test_a_place_is_looked_into():
    assert lanes(charted(BUILD, "phase2")) == [(0, 2), (4, 6), (8, 9), (9, 10)]
    names = list(dict.fromkeys(mark.name for mark in charted(BUILD, "phase2/hall1").marks))
    assert names == ["phase2/hall1/rack1", "phase2/hall1/rack2", "here", "around this place"]
    assert charted(BUILD, "site").y.names == ["prepare", "fit_out", "install"]


def test_one_rack_is_told_with_what_happens_around_it():
    chart = charted(BUILD, "phase1/hall1/rack2")
    assert chart.y.names == ["prepare", "fit_out", "install"]
    bars = {mark.name: list(zip(days(mark.start), days(mark.end), strict=True)) for mark in chart.marks}
    assert bars == {"here": [(2, 4), (7, 8)], "for the whole site": [(0, 2)], "ready, but waiting": [(4, 7)]}


def test_deliveries_stand_below_the_activities():
    columns = ["tick", "supply", "place", "amount"]
    rows = [(D, "power", "site", 96), (D, "power", "phase2", 4), (99 * D, "power", "site", 5)]
    chart = charted(BUILD, "phase1", pd.DataFrame(rows, columns=columns))
    assert chart.y.names[-1] == "power: deliveries"
    (arrived,) = [mark for mark in chart.marks if mark.name == "delivery"]
    assert (days(arrived.x).tolist(), arrived.y.tolist(), list(arrived.notes)) == ([1], [3], ["96 kW of power"])


@pytest.mark.parametrize(
    ("count", "said"),
    [(12, ""), (13, " Of deliveries, the 12 supplies of 13 that come first are shown.")],
)
def test_supplies_that_are_left_out_are_told(count, said):
    names = [f"parts{number:02}" for number in range(count)]
    supplies = {name: {"unit": "piece", "label": f"Parts {name[5:]}"} for name in names}
    scenario = dcsim.load({"name": "x", "start": "2024-01-01", "supplies": supplies, "activities": {"a": {}}})
    rows = [(k * 60, name, "site", 1) for k, name in enumerate(names)]
    chart = gantt(scenario, BUILD, pd.DataFrame(rows, columns=["tick", "supply", "place", "amount"]))
    assert (
        chart.explanation
        == f"Each row has a lane for each place; a darker lane means more work in progress there.{said}"
    )
    assert chart.y.names[3:] == [f"Parts {number:02}: deliveries" for number in range(12)]


def test_an_unknown_place_is_refused():
    with pytest.raises(RequestError, match=r"no place 'phase1/hall9'; did you mean 'phase1/hall1'\?"):
        charted(BUILD, "phase1/hall9")


def test_lanes_are_the_lowest_places_that_can_be_told_apart():
    many = [f"phase{p}/hall{h}/rack{k}" for p in (1, 2) for h in (1, 2) for k in range(20)]
    assert lane_depth([*many, *(f"generator{k}" for k in range(30))]) == 2
    assert lane_depth(many, "phase1/hall1") == 2
    assert lane_depth([f"rack{k}" for k in range(100)]) == 0
    assert lane_depth([f"rack{k}" for k in range(3)]) == 1
    assert lane_depth(["site"]) == 0


def test_what_never_started_has_no_row_and_what_never_finished_lasts():
    table = activities(("a", "site", 0, 0, D), ("b", "site", D, D, None), ("c", "site", None, None, None))
    assert charted(table).y.names == ["a", "b"]
    assert lanes(charted(table))[1] == (1, 1)
    assert charted(table[2:]).empty == "no activity has started"


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
    assert site_map(SITE, states_of(activities(("a", "site", 0, 0, D))), 3).empty == "no activity in any place"


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
    chart = site_map(SITE, states_of(BUILD), 4)
    cells = {mark.name: len(mark.x) for mark in chart.marks if isinstance(mark, Cells)}
    assert cells == {"not ready: 0": 0, "waiting: 3": 3, "working: 1": 1, "done: 0": 0}
    assert chart.title == "State of the site on 2024-01-07, day 4"
    (heads,) = [mark for mark in chart.marks if isinstance(mark, Dots)]
    assert heads.labels == ["phase1", "phase2"]
    ax = draw(chart, axes())
    assert sum(len(drawn.get_paths()) for drawn in ax.collections) == 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(cells)
    layout = figure(chart)["layout"]
    assert layout["yaxis"]["scaleanchor"] == "x"
    assert layout["yaxis"]["range"] == [chart.y.high, 0]


def test_names_are_text():
    odd = activities(("<script>$a$", "$p$/h1/r1", 0, 0, D), ("b", "$p$/h1/r2", 0, 0, D))
    for chart in (charted(odd), site_map(SITE, states_of(odd), 0)):
        ax = draw(chart, axes())
        ax.figure.canvas.draw()
    ax = draw(charted(odd), axes())
    assert ax.get_yticklabels()[0].get_text() == r"<script>\$a\$"
