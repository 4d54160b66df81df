"""Sweeps: what is written, which points it makes, that each is a run of its own, and that none is lost or run twice."""

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from builders import TINY
from matplotlib.figure import Figure
from test_cli import ordered

import dcsim
from dcsim.charts.pictures import draw
from dcsim.charts.plotly import figure
from dcsim.errors import RequestError, ResultError
from dcsim.scenario.load import changed
from dcsim.study.axes import axes_of, points_of
from dcsim.study.result import Result
from dcsim.study.sweep import sweep

ROOT = Path(__file__).parents[1]
CREW, POWER = "resources.crew.count", "supplies.power.initial"
LASTS = "activities.power_on.duration"


@pytest.fixture
def scenario(tiny):
    return dcsim.load(tiny)


# What is written


def values(text):
    (axis,) = axes_of({"p": text})
    return list(axis.values)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("4..7", [4, 5, 6, 7]),
        ("4..16..6", [4, 10, 16]),
        ("-1..1", [-1, 0, 1]),
        ("5..5", [5]),
        ("2024-02-27..2024-03-02", ["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"]),
        ("2024-05-01..2024-05-31..14", ["2024-05-01", "2024-05-15", "2024-05-29"]),
        ("0.2:0.4:5", [0.2, 0.25, 0.3, 0.35, 0.4]),
        ("0:1:4", [0, 0.333333333333, 0.666666666667, 1]),
        ("30 d:60 d:4", ["30 d", "40 d", "50 d", "60 d"]),
        ("1_000:2_000 / wk:3", ["1000 / wk", "1500 / wk", "2000 / wk"]),
        ("30 d,45 d", ["30 d", "45 d"]),
        ("07:00-17:00,06:00-18:00", ["07:00-17:00", "06:00-18:00"]),
        ("3", [3]),
        ("1, 2.5,x", [1, 2.5, "x"]),
        ("{0 d: 6, 30 d: 16},{pert: [1 d, 2 d, 3 d]}", ["{0 d: 6, 30 d: 16}", "{pert: [1 d, 2 d, 3 d]}"]),
        ([1, 2.5], [1, 2.5]),
        (range(4, 7), [4, 5, 6]),
    ],
)
def test_what_is_written(written, meant):
    assert values(written) == meant


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("16..4", "p: '16..4' ends before it begins"),
        ("4..16..0", r"p: cannot read '4..16..0'; write 4..16, 4..16..3, 0.2:0.4:5 or a list such as 30 d,45 d"),
        ("4..x", "p: '4..x' must go from one whole number to another, such as 4..16"),
        ("0..1000000", "p: '0..1000000' has more than 10,000 values"),
        ("0.4:0.2:5", r"p: '0.4:0.2:5' must go up, in 2 to 10,000 values"),
        ("0.2:0.4:x", r"p: cannot read '0.2:0.4:x'; write"),
        ("30 d:6 wk:3", "p: both ends of '30 d:6 wk:3' need the same unit"),
        ("1,,2", "p: a value is missing between two commas"),
        ("1,1", "p: a value is given twice in '1,1'"),
        ([], "p: no values; write 4..16"),
    ],
)
def test_what_cannot_be_meant(written, message):
    with pytest.raises(RequestError, match=message):
        axes_of({"p": written})


def test_nothing_is_no_sweep():
    with pytest.raises(RequestError, match="nothing to sweep: give --over PATH=VALUES"):
        axes_of({})


# Points


def test_every_combination_the_last_path_changing_fastest():
    points = points_of(axes_of({"a": "1..2", "b": "x,y"}), None, 0)
    assert points == ({"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"})


def test_an_open_range_needs_a_number_of_values_or_samples():
    with pytest.raises(RequestError, match=r"a: give the number of values, such as 0.2:0.4:5, or --samples"):
        points_of(axes_of({"a": "0.2:0.4"}), None, 0)


def test_too_many_combinations_are_sampled():
    with pytest.raises(RequestError, match="these are 1,000,000 points, more than 10,000: draw a sample of them"):
        points_of(axes_of({"a": "1..1000", "b": "1..1000"}), None, 0)
    with pytest.raises(RequestError, match="--samples must be 1 to 10,000, got 0"):
        points_of(axes_of({"a": "1..3"}), 0, 0)


def test_samples_are_a_latin_hypercube():
    axes = axes_of({"whole": "1..10", "share": "0:1", "lead": "10 d:20 d:3", "word": "x,y"})
    points = points_of(axes, 10, 5)
    assert sorted(point["whole"] for point in points) == list(range(1, 11))
    assert sorted(math.floor(10 * point["share"]) for point in points) == list(range(10))
    assert sorted(math.floor(float(point["lead"].split()[0])) for point in points) == list(range(10, 20))
    assert sorted(point["word"] for point in points) == ["x"] * 5 + ["y"] * 5
    assert points == points_of(axes, 10, 5) != points_of(axes, 10, 6)


# What a sweep is


@pytest.mark.slow
def test_every_point_is_a_run_of_its_own(scenario):
    """What is told of a point is what `replicate` tells of the scenario with these values."""
    found = sweep(scenario, {CREW: "1..2", POWER: "300,600"}, n=12, seed=3)
    measures = ["p10", "p50", "p80", "p90", "mean", "reached", "p50_date", "p80_date"]
    assert list(found.points.columns) == ["point", CREW, POWER, "outcome", "party", *measures]
    assert found.points[["point", CREW, POWER]].drop_duplicates().to_numpy().tolist() == [
        [0, 1, 300],
        [1, 1, 600],
        [2, 2, 300],
        [3, 2, 600],
    ]
    for point, rows in found.points.groupby("point"):
        first = rows.iloc[0]
        alone = dcsim.replicate(
            changed(scenario, overrides={CREW: int(first[CREW]), POWER: int(first[POWER])}), 12, seed=3
        )
        told = alone.summary.set_index("milestone").loc[rows["outcome"], measures[:6]]
        assert told.fillna(-1).to_numpy().tolist() == rows[told.columns].fillna(-1).to_numpy().tolist(), point
        days = found.outcomes.query("point == @point").sort_values("replication")["value"]
        assert days.tolist() == pytest.approx(alone.days_of("half").tolist(), nan_ok=True)


def test_milestones_are_the_observed_ones_or_those_asked_for(scenario):
    assert set(sweep(scenario, {CREW: [1]}, n=1).points["outcome"]) == {"half"}
    assert list(sweep(scenario, {CREW: [1]}, n=1, milestones=["all", "half"]).points["outcome"]) == ["half", "all"]
    with pytest.raises(RequestError, match="no milestone 'hlf'; did you mean 'half'"):
        sweep(scenario, {CREW: [1]}, n=1, milestones=["hlf"])


def test_beyond_the_horizon_is_later_and_not_a_number(scenario):
    found = sweep(scenario, {POWER: [96, 600]}, n=3, milestones=["all"]).points
    assert found["p80"].tolist()[0] == math.inf
    assert math.isnan(found["mean"][0])
    assert found["reached"].tolist() == [0, 1]


def test_a_refused_value_is_told_with_its_point(scenario):
    with pytest.raises(dcsim.ScenarioError, match="never more than 0") as refused:
        sweep(scenario, {"resources.crane.count": "0..1", POWER: [300, 400]}, n=1)
    (first,) = refused.value.problems
    assert first.path == "activities.install.requires.crane"
    assert first.message.endswith(f"(point 0: resources.crane.count = 0, {POWER} = 300)")
    with pytest.raises(dcsim.ScenarioError, match=r"is 5, outside its prior range of 1 to 4 \(point 1: "):
        sweep(scenario, {CREW: "4..5"}, n=1)
    with pytest.raises(dcsim.ScenarioError, match="no 'crw' in resources; did you mean 'crew'"):
        sweep(scenario, {"resources.crw.count": "1..2"}, n=1)
    with pytest.raises(RequestError, match="there must be at least one replication, and at most 10,000,000, got 0"):
        sweep(scenario, {CREW: "1..2"}, n=0)


def test_what_an_option_sets_can_be_swept(tmp_path):
    (tmp_path / "a.yaml").write_text(TINY + "options: {more: {changes: {resources: {crew: {count: 3}}}}}\n")
    taken = dcsim.load(tmp_path / "a.yaml", options=["more"], overrides={"resources.crane.count": 5})
    bare = dcsim.load(tmp_path / "a.yaml", overrides={"resources.crane.count": 5})
    assert sweep(taken, {CREW: "1..2"}, n=3).points.equals(sweep(bare, {CREW: "1..2"}, n=3).points)


def test_it_is_kept_whole_and_says_what_it_is(scenario, tmp_path):
    found = sweep(scenario, {CREW: "1..2", "activities.power_on.duration": "1 d,2 d"}, n=4, out=tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["kind"] == "sweep"
    assert manifest["over"] == [CREW, "activities.power_on.duration"]
    assert manifest["values"] == [[1, 2], ["1 d", "2 d"]]
    assert (manifest["replications"], manifest["samples"], manifest["seed"]) == (4, None, 0)
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == [
        "manifest.json",
        "outcomes.parquet",
        "points.parquet",
        "scenario.yaml",
        "stuck.parquet",
    ]
    assert pd.read_parquet(tmp_path / "out" / "points.parquet").equals(found.points)
    with pytest.raises(ResultError, match="the new result differs in its values swept: choose another folder"):
        sweep(scenario, {CREW: "1..3", "activities.power_on.duration": "1 d,2 d"}, n=4, out=tmp_path / "out")
    assert repr(found) == "Result('sweep', 'Tiny', tables: points, outcomes, stuck)"
    assert "<table" in found._repr_html_()


# Stopped and continued

PROGRAM = """
import os, signal, sys
import dcsim
from dcsim.study.sweep import sweep

def progress(done, count):
    if done >= 15:
        os.kill(os.getpid(), signal.SIGKILL)

sweep(dcsim.load(sys.argv[1]), {"resources.crew.count": "1..4"}, n=6, out=sys.argv[2], progress=progress)
"""


@pytest.mark.slow
def test_what_was_killed_is_continued_and_no_point_is_run_twice(scenario, tiny, tmp_path):
    out, whole = tmp_path / "out", tmp_path / "whole"
    sweep(scenario, {CREW: "1..4"}, n=6, out=whole)
    killed = subprocess.run([sys.executable, "-c", PROGRAM, tiny, out], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    parts = [f"point-0000{number}{what}.part" for number in (0, 1) for what in ("-stuck", "")]
    assert sorted(path.name for path in (out / "parts").iterdir()) == parts
    with pytest.raises(ResultError, match="holds a stopped run: continue it with --resume, or delete"):
        sweep(scenario, {CREW: "1..4"}, n=6, out=out)
    (out / "parts" / "point-00001.part").write_bytes(b"half")
    before = (out / "parts" / "point-00000.part").stat().st_mtime_ns
    kept, told = [], []

    def progress(done, count):
        told.append((done, count))
        kept.append((out / "parts" / "point-00000.part").stat().st_mtime_ns)

    sweep(scenario, {CREW: "1..4"}, n=6, out=out, resume=True, progress=progress)
    assert told[0] == (6, 24)
    assert told[-1] == (24, 24)
    assert set(kept) == {before}
    for name in ("manifest.json", "points.parquet"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert not (out / "parts").exists()


@pytest.mark.parametrize(("samples", "count"), [(None, ":2"), (5, "")])
def test_ranges_in_other_units_are_other_sweeps(scenario, tmp_path, samples, count):
    ask = {"n": 1, "samples": samples, "out": tmp_path / "out", "resume": True}
    sweep(scenario, {LASTS: f"1 d:5 d{count}"}, **ask)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["values"] == [["1 d", "5 d"]]
    with pytest.raises(ResultError, match=r"holds another result: .* differs in its values swept"):
        sweep(scenario, {LASTS: f"1 h:5 h{count}"}, **ask)


def test_what_is_complete_is_read_and_nothing_is_run(scenario, tmp_path, monkeypatch):
    before = sweep(scenario, {CREW: "1..2"}, n=2, out=tmp_path / "out")
    monkeypatch.setattr("dcsim.study.sweep.replicate", None)
    again = sweep(scenario, {CREW: "1..2"}, n=2, out=tmp_path / "out", resume=True)
    pd.testing.assert_frame_equal(again.points, before.points)
    assert again.points.attrs == before.points.attrs
    with pytest.raises(ResultError, match="the new result differs in its values swept"):
        sweep(scenario, {CREW: "1..3"}, n=2, out=tmp_path / "out", resume=True)


# The command


def test_one_path_is_a_list(dcsim, tiny):
    out, err, code = dcsim(
        "sweep", tiny, "--over", f"{CREW}=1..2", "-n", "3", "--milestone", "all", "--milestone", "half"
    )
    assert (code, err) == (0, "")
    assert ordered(
        out,
        "Tiny · 3 replications · seed 0 · 2 points · same random numbers\n",
        "days from 2024-01-03\n",
        *("half\n", CREW, "P50", "P80", "P80 date", "mean", "reached\n", "1 ", "100 %\n", "2 "),
        *("all\n", CREW, "never", "never", "0 %\n"),
        "never: not reached by the end of the simulation, 2024-03-01\n",
    )


def test_two_paths_are_a_table_of_both(dcsim, tiny):
    over = ("--over", f"{CREW}=1..3", "--over", f"{POWER}=288,600")
    out, _, code = dcsim("sweep", tiny, *over, "-n", "3", "--variant", "more_power")
    assert code == 0
    assert ordered(
        out, "Tiny · more_power · 3 replications", "half\n", f"P80, day; down: {CREW}; across: {POWER}", "288", "600"
    )
    assert max(map(len, out.splitlines())) <= 80


def test_as_json_as_csv_and_in_a_folder(dcsim, tiny, tmp_path):
    words = ("sweep", tiny, "--over", f"{CREW}=1:3", "--samples", "3", "-n", "2", "--out", str(tmp_path / "out"))
    out, _, code = dcsim(*words[:3], f"{CREW}=1..3", *words[4:], "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["kind"], told["about"]["over"], told["about"]["samples"]) == ("sweep", [CREW], 3)
    assert sorted(row[CREW] for row in told["tables"]["points"]) == [1, 2, 3]
    out, _, _ = dcsim("sweep", tiny, "--over", f"{CREW}=1..2", "-n", "2", "--csv")
    assert out.splitlines()[0] == f"point,{CREW},outcome,party,p10,p50,p80,p90,mean,reached,p50_date,p80_date"
    assert len(out.splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Missing option '--over'"),
        (("--over", "x"), r"--over is written path=value, such as resources.crews.count=4..16, got 'x'"),
        (("--over", f"{CREW}=3..1"), r"resources.crew.count: '3..1' ends before it begins"),
        (("--over", f"{CREW}=1..2", "--resume"), "--resume continues the run in a folder: name the folder with --out"),
        (("--over", f"{CREW}=1..2", "--json", "--csv", "-n", "1"), "choose one of --json and --csv"),
    ],
)
def test_what_makes_no_sense_ends_with_code_2(dcsim, tiny, words, message):
    out, err, code = dcsim("sweep", tiny, *words)
    assert (out, code) == ("", 2)
    assert message.replace("\\", "") in " ".join(err.replace("│", " ").split())


# Pictures


def test_pictures(scenario):
    line = sweep(scenario, {CREW: "1..2"}, n=2).plot()
    assert line.get_xlabel() == CREW
    both = sweep(scenario, {CREW: "1..2", POWER: "300,600"}, n=2, milestones=["half", "all"])
    assert both.plot(milestone="half").get_ylabel() == CREW
    assert both.plot(ax=line) is line
    with pytest.raises(RequestError, match="no milestone 'hlf'; did you mean 'half'"):
        both.chart(milestone="hlf")


def drawn(*points, over=("crews",)):
    """The picture of a sweep with these points: a value for each path, P50 and P80."""
    table = pd.DataFrame(points, columns=[*over, "p50", "p80"]).assign(outcome="done", party="")
    return Result("sweep", dcsim.load(TINY_DATA), {"over": list(over)}, {"points": table}).chart()


TINY_DATA = {"name": "Tiny data", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}}


def test_a_sweep_over_one_path_is_two_lines():
    chart = drawn((8, 30.0, 40.0), (4, 50.0, math.inf))
    early, late, never = chart.marks
    assert (early.name, early.x.tolist(), early.y.tolist()) == ("P50", [4, 8], [50, 30])
    assert (late.name, late.x.tolist(), late.y.tolist()) == ("P80", [8], [40])
    assert (never.name, never.at) == ("P80 never", 4)
    assert late.notes == ["crews = 8: P80 day 40"]
    assert all(tick == int(tick) for tick in draw(chart, Figure().subplots()).get_xticks())


def test_a_sweep_over_words_keeps_their_order():
    chart = drawn(("z", 1.0, 2.0), ("a", 3.0, 4.0))
    assert list(chart.x.names) == ["z", "a"]
    assert [label.get_text() for label in draw(chart, Figure().subplots()).get_xticklabels()] == ["z", "a"]
    assert figure(chart)["layout"]["xaxis"]["ticktext"] == ["z", "a"]


def test_a_sweep_over_two_paths_is_a_map_of_p80():
    points = [(x, y, 0.0, math.inf if x == 2 and y == "b" else 10.0 * x + 0.7) for x in (2, 1) for y in ("a", "b")]
    chart = drawn(*points, over=("crews", "who"))
    assert (list(chart.y.names), list(chart.x.names)) == (["2", "1"], ["a", "b"])
    fields = {mark.name: list(zip(mark.rows, mark.start + 0.48, mark.labels, strict=True)) for mark in chart.marks}
    assert fields == {
        "day 10 to 13": [(1, 0, "10"), (1, 1, "10")],
        "day 18 to 20": [(0, 0, "20")],
        "never": [(0, 1, "never")],
    }
    written = {text.xy: text.get_text() for text in draw(chart, Figure().subplots()).texts}
    assert written == {(0, 1): "10", (1, 1): "10", (0, 0): "20", (1, 0): "never"}


def test_scattered_points_are_dots():
    chart = drawn((1.5, 0.3, 0.0, 7.0), (2.5, 0.1, 0.0, math.inf), (1.0, 0.2, 0.0, 9.0), over=("x", "y"))
    dots = {mark.name: [mark.x.tolist(), mark.y.tolist()] for mark in chart.marks}
    assert dots == {"day 7": [[1.5], [0.3]], "day 8 to 9": [[1], [0.2]], "never": [[2.5], [0.1]]}


def test_a_sweep_over_three_paths_has_no_picture(scenario):
    over = {CREW: [1], POWER: [600], LASTS: ["1 d"]}
    result = sweep(scenario, over, n=1)
    with pytest.raises(RequestError, match="needs one path or two, not 3"):
        result.chart()
    assert not result.report().charts


def test_of_many_points_the_first_are_told():
    table = pd.DataFrame({"point": range(150), "x": range(150), "outcome": "done", "party": "", "p50": 1.0, "p80": 2.0})
    about, stuck = {"over": ["x"], "replications": 1}, pd.DataFrame(columns=["point", "milestone"])
    result = Result("sweep", dcsim.load(TINY_DATA), about, {"points": table, "stuck": stuck})
    section = result.report().sections[1]
    assert len(section.tables[0].rows) == 100
    assert section.notes == ("and 50 more points, in the table `points`",)
