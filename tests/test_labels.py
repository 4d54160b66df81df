"""Labels: what people read instead of names, while tables, --json, --csv and commands keep the names."""

import json
import re

import pytest

import dcsim as sim
from dcsim.document.names import Name, in_words, labelled
from dcsim.errors import RequestError, ScenarioError
from dcsim.report.files import report

LABELLED = """
name: Hall
start: 2026-01-05
places:
  k_hall: {count: 2, label: data hall}
  k_rack: {in: k_hall, count: 3, label: cabinet}
resources:
  k_crew: {count: 1, label: Rack crews}
supplies:
  k_power:
    {unit: kW, label: Grid power, orders: {main: {amount: 300, lead_time: {pert: [20 d, 40 d, 90 d]}, placed: 1 d}}}
  k_gpus: {unit: GPU, label: GPUs online}
risks:
  k_storms:
    probability: 0.5
    begins: 10 d
    lasts: 10 d
    stop_work: [k_crew]
    label: Storm season
    mitigation: {cost: 1M USD, probability: 0.1}
activities:
  k_shell: {at: k_hall, duration: {pert: [5 d, 8 d, 20 d]}, requires: {k_crew: 1}, label: Build the shell}
  k_fit:
    at: k_rack
    after: k_shell
    duration: {pert: [1 d, 2 d, 4 d]}
    requires: {k_crew: 1}
    consumes: {k_power: 50}
    produces: {k_gpus: 64}
    label: Fit cabinets
milestones:
  k_shells: {activity: k_shell, label: Shells complete}
  k_online: {supply: k_gpus, reaches: 384, target: 2026-03-15, label: 384 GPUs usable}
options:
  k_second: {cost: 2M USD, label: A second crew, changes: {resources: {k_crew: {count: 2}}}}
variants:
  k_short: {label: Less power, supplies: {k_power: {orders: {main: {amount: 200}}}}}
"""
COMMANDS = (
    "run",
    "run --expected --variant k_short",
    "replicate -n 20 --mitigate k_storms",
    "replicate -n 20 --variant k_short",
    "explain --milestone k_online -n 20",
    "compare k_short k_second k_storms --milestone k_online -n 20",
    "delay-cost --supply k_gpus -n 4",
    "drivers --milestone k_online -n 8",
    "sweep --over resources.k_crew.count=1,2 -n 8",
    "order-by --milestone k_online --date 2026-03-20 --confidence 0.5 -n 20",
    "mitigate --milestone k_online --budget 5M -n 20",
    "assumptions",
)


@pytest.fixture
def hall(tmp_path):
    path = tmp_path / "hall.yaml"
    path.write_text(LABELLED)
    return str(path)


def names_in(text):
    """Names that are read where their label should be; dotted paths and single places keep their names."""
    return re.findall(r"(?<![\w.])k_[a-z]+\b", text)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_reports_pictures_and_pages_say_labels_and_tables_names(command, hall, dcsim, tmp_path):
    name, *options = command.split()
    out, err, code = dcsim(name, hall, *options, "--out", str(tmp_path / "kept"))
    assert code == 0, err
    assert names_in(out) == []
    fresh = sim.read(tmp_path / "kept")
    for what in fresh.charts():
        assert names_in(str(fresh.chart(what))) == []
    page = report(fresh, path=tmp_path / "page.md").read_text().replace("\\", "")
    answer, _, again = page.partition("### How to reproduce this page")
    commands, _, parts = again.partition("\n## ")
    parts = parts.partition("## Every number")[0]
    assert names_in(answer + parts) == []
    assert "384 GPUs usable" in answer
    assert all(name.startswith("k_") for name in names_in(commands))


def test_machines_get_names(hall, dcsim):
    out, _, _ = dcsim("replicate", hall, "-n", "4", "--json")
    rows = json.loads(out)["tables"]["summary"]
    assert [row["milestone"] for row in rows] == ["k_shells", "k_online"]
    out, _, _ = dcsim("explain", hall, "--milestone", "k_online", "-n", "4", "--csv")
    assert "k_crew" in out
    assert "Rack crews" not in out


def test_show_tells_both(hall, dcsim):
    out, _, _ = dcsim("show", hall)
    assert "Fit cabinets (k_fit)" in out
    assert "6 cabinets" in out
    assert "Less power (k_short)  changes supplies.k_power" in out


def test_a_picture_is_asked_for_by_name(hall):
    run = sim.simulate(sim.load(hall))
    assert run.chart("level", supply="k_power").title == "Grid power in stock"
    assert run.chart("use", resource="k_crew").title == "Rack crews at work"
    with pytest.raises(RequestError, match="no supply 'Grid power'"):
        run.chart("level", supply="Grid power")


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("Rack crews", "has the label 'Rack crews' already"),
        ('"a\\nb"', "a label must be one line of text"),
        ('"\\e[31mred"', "a label must be one line of text"),
        ("x" * 81, "at most 80 characters"),
        ("{a: 1}", "expected text"),
    ],
)
@pytest.mark.parametrize("place", ["Fit cabinets", "Less power"])
def test_a_label_is_some_words_of_its_own(label, message, place, tmp_path):
    path = tmp_path / "hall.yaml"
    path.write_text(LABELLED.replace(f"label: {place}", f"label: {label}"))
    with pytest.raises(ScenarioError, match=re.escape(message)):
        sim.load(path)


def test_markup_in_a_label_is_text(hall, tmp_path):
    path = tmp_path / "markup.yaml"
    path.write_text(LABELLED.replace("384 GPUs usable", '"<script>[red]$x$ *b*"'))
    many = sim.replicate(str(path), 4)
    page = report(many, path=tmp_path / "page.html").read_text()
    assert "<script>[red]" not in page
    assert "&lt;script&gt;[red]$x$ *b*" in page
    assert "\\<script\\>" in report(many, path=tmp_path / "page.md").read_text()
    many.picture(tmp_path / "dates.png", "milestones")


def test_a_name_with_a_label_is_found_by_its_name_and_read_as_its_label():
    name = labelled("risk:storms", {"storms": "Storm season"})
    assert isinstance(name, Name)
    assert {"risk:storms": 1}[name] == 1
    assert f"{name}" == "risk:Storm season"
    assert in_words([name, "storms"]) == ["risk:Storm season", "storms"]
    assert labelled("a=storms", {"storms": "Storm season"}) == "a=storms"
