"""`dcsim plot` and `dcsim animate`: which pictures there are, the same bytes every time, and what is refused."""

import json
import re
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from builders import TINY
from PIL import Image

import dcsim as package
from dcsim.analysis.scene import scene
from dcsim.errors import RequestError, ResultError, UnavailableError
from dcsim.figures import animation
from dcsim.report.animation import animate
from dcsim.study.result import Result

HOSTILE = "</script><script>alert(1)</script> $x$"


def scenario(tmp_path, text=TINY):
    (tmp_path / "tiny.yaml").write_text(text)
    return package.load(tmp_path / "tiny.yaml")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of one build."""
    folder = tmp_path_factory.mktemp("run")
    package.simulate(scenario(folder), expected=True).save(folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """The folder of some replications."""
    folder = tmp_path_factory.mktemp("many")
    package.replicate(scenario(folder), 5, engine="reference", out=folder / "out")
    return folder / "out"


@pytest.mark.slow
def test_every_chart_is_drawn_with_the_same_bytes(run, many, tmp_path):
    for result in (package.read(run), package.read(many)):
        for what in result.charts():
            one, two = (result.picture(tmp_path / f"{name}.svg", what) for name in ("one", "two"))
            assert one.read_bytes() == two.read_bytes()
            assert len(one.read_bytes()) > 3_000


def test_what_is_not_said_is_chosen(run, many):
    assert package.read(run).chart("use").y.title == "crew (units)"
    assert package.read(run).chart("level").y.title == "power in stock (kW)"
    assert package.read(run).chart().below
    assert package.read(many).chart("histogram").title.startswith("all: ")
    assert package.read(many).chart().y.title == "done (rack)"


def test_what_is_said_is_drawn(run, many):
    one, several = package.read(run), package.read(many)
    assert one.chart("use", resource="crew").y.title == "crew (units)"
    assert one.chart("s-curve", supply="power").y.title == "power (kW)"
    assert several.chart("histogram", milestone="half").title.startswith("half: ")
    assert one.chart("map", day=3).title == "State of the site on 2024-01-06, day 3"
    day = float(one.tables["milestones"].set_index("milestone")["day"]["half"])
    assert one.chart("map", milestone="half").title.endswith(f"day {np.ceil(day):.0f}")


@pytest.mark.parametrize(
    ("what", "asked", "message"),
    [
        (
            "pie",
            {},
            r"no picture 'pie' of a result of kind 'run'; there are overview, s-curve, milestones, waits, gantt",
        ),
        ("use", {"place": "hall1"}, r"the picture 'use' has no option 'place'; there is 'resource'"),
        ("use", {"resource": "crews"}, r"no resource 'crews'; did you mean 'crew'\?"),
        ("level", {"supply": "watts"}, r"no supply 'watts'; there are "),
        ("gantt", {"place": "hall1/rack9"}, r"no place 'hall1/rack9'; did you mean 'hall1/rack"),
        ("s-curve", {"milestone": "hal"}, r"no milestone 'hal'; did you mean 'half'\?"),
        ("map", {"milestone": "hal"}, r"no milestone 'hal'; did you mean 'half'\?"),
    ],
)
def test_what_is_not_there_is_told(run, what, asked, message):
    with pytest.raises(RequestError, match=message):
        package.read(run).plot(what, **asked)


def test_a_milestone_that_was_not_reached_has_no_day(run):
    with pytest.raises(ResultError, match="'all' is not reached by the end of the simulation: choose a day with --day"):
        package.read(run).chart("map", milestone="all")


def test_titles_say_what_was_simulated(run, many):
    assert package.read(run).subject() == ["Tiny", "expected values"]
    assert package.read(many).subject() == ["Tiny", "5 replications", "seed 0"]
    result = package.simulate(package.load(TINY_DATA), replication=3)
    about = {**result.about, "variants": ["more"], "overrides": {"a.b": "2 d"}, "options": ["crane"]}
    told = Result("run", result.scenario, about | {"mitigated": ["storm"]}, result.tables)
    assert " · ".join(told.subject()) == "Tiny data · more · a.b=2 d · crane · storm mitigated · seed 0, replication 3"
    changed = package.load(TINY_DATA, overrides={"activities.a.duration": "2 d"})
    assert package.simulate(changed).subject() == ["Tiny data", "activities.a.duration=2 d", "seed 0"]


TINY_DATA = {"name": "Tiny data", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}}


TINY_RANGES = {
    **TINY_DATA,
    "activities": {"a": {"duration": {"value": "2 d", "low": "1 d", "high": "4 d", "assumption": "a guess"}}},
    "milestones": {"done": {"activity": "a"}},
}


def test_notebooks_get_axes_of_their_own(many):
    result = package.replicate(package.read(many).scenario, 5, engine="reference")
    ax = result.plot()
    assert ax.get_ylabel() == "done (rack)"
    assert result.plot("histogram", ax) is ax
    with pytest.raises(RequestError, match=r"no picture 'pie' of a result of kind 'replications'; there are s-curve"):
        result.plot("pie")
    with pytest.raises(RequestError, match=r"expected axes, got 'x\.png': `picture` writes a file"):
        result.plot("histogram", "x.png")
    plt.close(ax.figure)


@pytest.mark.slow
def test_the_command_draws_and_lists(dcsim, run, tmp_path):
    out, _, code = dcsim("plot", str(run), "--what", "list")
    names = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert (names, code) == (["overview", "s-curve", "milestones", "waits", "gantt", "map", "level", "use"], 0)
    path = tmp_path / "x.pdf"
    out, _, code = dcsim("plot", str(run), "--what", "gantt", "--place", "hall1", "-o", str(path))
    assert (out, code) == (f"picture saved in {path}\n", 0)
    assert path.read_bytes().startswith(b"%PDF")


def test_the_command_says_what_is_wrong(dcsim, tmp_path, run):
    _, err, code = dcsim("plot", str(tmp_path))
    assert code == 2
    assert re.search("holds no result", err)
    _, err, code = dcsim("plot", str(run), "-o", "x.jpg")
    assert (code, err) == (2, "'x.jpg': the name of a picture must end in .png, .svg, .pdf\n")


# Animations


def told(page):
    return json.loads(re.search(r'<script type="application/json" id="scene">(.*)</script>$', page, re.MULTILINE)[1])


def still(done, count):
    """Nobody watches."""


def test_a_scene_has_a_frame_for_every_day_or_finer():
    start = {"start": "2024-01-01T00:00:00", "day_zero": "2024-01-01T00:00:00"}
    result = package.simulate(package.load(LONG))
    shown = scene(result.tables, ["made"])
    assert result.tables["supplies"].attrs.items() >= start.items()
    assert np.diff(shown.ticks).tolist() == [1440] * (len(shown.ticks) - 1)
    assert shown.counted[0].values[-1] == 70
    assert shown.counted[0].values[0] == 0
    assert shown.levels[0].name == "goods"
    assert shown.levels[0].short.any()
    assert not shown.levels[0].short[-1]


LONG = {
    "name": "long",
    "start": "2024-01-01",
    "places": {"rack": 70},
    "resources": {"crew": {"count": 1}},
    "supplies": {
        "made": {"unit": "rack"},
        "goods": {"orders": {"all": {"amount": 70, "lead_time": "3 d", "lots": 70, "every": "2 d"}}},
    },
    "activities": {
        "a": {
            "at": "rack",
            "duration": "1 d",
            "requires": {"crew": 1},
            "consumes": {"goods": 1},
            "produces": {"made": 1},
        }
    },
    "milestones": {"m": {"supply": "made", "reaches": 10}},
}


def test_the_page_tells_every_change_and_loads_nothing(run, tmp_path):
    path = animate(package.read(run), tmp_path / "site.html", still)
    page = path.read_text()
    data = told(page)
    state = [-1] * 6
    for change in data["changes"]:
        for place, now in zip(change[::2], change[1::2], strict=True):
            state[place] = now
    assert sorted(state) == [1, 1, 1, 3, 3, 3]
    assert [line["name"] for line in data["counted"]] == ["done"]
    assert data["levels"][0]["name"] == "power"
    assert "default-src 'none'" in page
    assert not re.search(r"https?://", page)


def test_names_in_the_page_are_data(tmp_path):
    text = TINY.replace("name: Tiny", f"name: {json.dumps(HOSTILE)}")
    result = package.simulate(scenario(tmp_path, text), expected=True)
    page = animate(result, tmp_path / "site.html", still).read_text()
    assert (page.count("<script"), page.count("</script>")) == (2, 2)
    assert told(page)["title"].startswith("</script><script>alert(1)")
    assert "alert" not in re.sub(r"id=\"scene\">.*", "", page)


@pytest.mark.slow
def test_a_gif_has_frames_and_the_same_bytes(run, tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "MOST_FRAMES", 3)
    seen = []
    one = animate(package.read(run), tmp_path / "one.gif", lambda done, count: seen.append((done, count)))
    two = animate(package.read(run), tmp_path / "two.gif", still)
    assert one.read_bytes() == two.read_bytes()
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with Image.open(one) as film:
        assert film.n_frames == 3


@pytest.mark.slow
def test_letters_that_the_font_lacks_do_not_complain(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "MOST_FRAMES", 2)
    result = package.simulate(scenario(tmp_path, TINY.replace("name: Tiny", "name: 数据中心")), expected=True)
    assert animate(result, tmp_path / "x.gif", still).exists()
    assert result.picture(tmp_path / "x.png", "map").exists()


def test_an_mp4_needs_ffmpeg(run, tmp_path, monkeypatch):
    monkeypatch.setattr(animation.shutil, "which", lambda name: None)
    with pytest.raises(UnavailableError, match=r"needs ffmpeg, which is not installed here: write a \.gif"):
        animate(package.read(run), tmp_path / "x.mp4", still)


def test_ffmpeg_gets_every_picture(run, tmp_path, monkeypatch):
    calls = []

    def run_program(command, input, **_):
        calls.append((command, len(input)))
        Path(command[-1]).write_bytes(b"film")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(animation, "MOST_FRAMES", 2)
    monkeypatch.setattr(animation.shutil, "which", lambda name: "ffmpeg")
    monkeypatch.setattr(animation.subprocess, "run", run_program)
    animate(package.read(run), tmp_path / "x.mp4", still)
    ((command, size),) = calls
    width, height = map(int, command[command.index("-s") + 1].split("x"))
    assert size == (2 + animation.STAND_STILL) * width * height * 3
    assert (tmp_path / "x.mp4").read_bytes() == b"film"


def test_an_animation_is_of_one_build(run, many, tmp_path):
    with pytest.raises(ResultError, match="shows one run, not replications: give a folder that `dcsim run` wrote"):
        animate(package.read(many), tmp_path / "x.html", still)
    with pytest.raises(ResultError, match=r"the name of an animation must end in \.html, \.gif, \.mp4"):
        animate(package.read(run), tmp_path / "x.avi", still)
    with pytest.raises(ResultError, match=r"cannot write '.*x.html': no such file or directory"):
        animate(package.read(run), tmp_path / "nowhere" / "x.html", still)


@pytest.mark.slow
def test_a_build_without_places_and_counters_is_animated(tmp_path):
    result = package.simulate(package.load({"name": "x", "start": "2024-01-01", "activities": {"a": {}}}))
    assert told(animate(result, tmp_path / "x.html", still).read_text())["map"]["x"] == []
    assert animate(result, tmp_path / "x.gif", still).exists()


def test_the_command_animates(dcsim, run, tmp_path):
    path = tmp_path / "site.html"
    assert dcsim("animate", str(run), "-o", str(path)) == (f"animation saved in {path}\n", "", 0)
    assert path.stat().st_size < 100_000


# Notebooks and terminals


def test_results_are_tables_in_a_notebook(run):
    scenario = package.load({**LONG, "name": "<b>long</b>"})
    told = package.simulate(scenario)._repr_html_()
    assert "&lt;b&gt;long&lt;/b&gt; · seed 0" in told
    assert "<b>long" not in told
    assert "<table" in told
    found = package.assumptions(package.load(TINY_RANGES), engine="reference")._repr_html_()
    assert "<td>activities.a.duration</td>" in found
    assert "<td>-1.0</td>" in found
    many = package.replicate(scenario, 3, engine="reference")._repr_html_()
    assert "3 replications · seed 0" in many
    assert "<td>m</td>" in many


def test_a_run_prints_how_what_is_counted_has_grown(dcsim, tmp_path):
    (tmp_path / "long.yaml").write_text(json.dumps(LONG))
    out, _, _ = dcsim("run", str(tmp_path / "long.yaml"))
    lines = out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("counter"))
    assert re.fullmatch(r"counter +2024-01-01 +2024-05-\d\d +made \(rack\)", lines[head])
    assert re.fullmatch(r"made  +▁[▁▂▃▄▅▆▇█]+█ +70", lines[head + 2])
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("day", [float("nan"), float("inf"), 1e9, -3.0])
def test_a_map_is_of_a_day_of_the_simulation(tiny, day):
    from dcsim import simulate
    from dcsim.errors import RequestError

    with pytest.raises(RequestError, match=r"the map shows a day from -2 to \d+, got"):
        simulate(tiny, expected=True).chart("map", day=day)
