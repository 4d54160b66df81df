"""An unfinished build is a result: what is missing, and how much, is told wherever many builds are."""

import json

import pytest
from builders import EACH_ENGINE
from rich.console import Console

import dcsim
from dcsim.document.words import share
from dcsim.report.page.answer import headline
from dcsim.report.page.results import together
from dcsim.report.terminal import shown
from dcsim.study.unfinished import never

ALL = "never in 12 of 12 replications: 4 to 20 racks short of power (power_on)"

STUCK = {
    "name": "stuck",
    "start": "2024-01-01",
    "horizon": "100 d",
    "places": {"rack": 20},
    "supplies": {
        "power": {"unit": "kW", "orders": {"o": {"amount": 16, "placed": "0 d", "lead_time": "60 to 130 d"}}},
        "done": {"unit": "rack"},
    },
    "resources": {"crew": {"count": 1}},
    "activities": {
        "power_on": {"at": "rack", "duration": "1 d", "consumes": {"power": 1}, "produces": {"done": 1}},
        "fit": {"at": "rack", "duration": "4 to 8 d", "requires": {"crew": 1}},
        "open": {"duration": "1 d", "after": ["power_on"]},
    },
    "milestones": {
        "ten": {"supply": "done", "reaches": 10},
        "all": {"supply": "done", "reaches": 20},
        "fitted": {"activity": "fit"},
    },
    "variants": {"more": {"supplies": {"power": {"initial": 20}}}},
}


PLENTY = {"power": {"unit": "kW", "initial": 20}, "done": {"unit": "rack"}}


def scenario(**changes):
    return dcsim.load({**STUCK, **changes})


def printed(report):
    console = Console(width=200)
    with console.capture() as captured:
        console.print(report)
    return captured.get()


@pytest.fixture(scope="module")
def many():
    return dcsim.replicate(scenario(), 12, engine="reference")


@pytest.mark.compiled
def test_both_engines_are_stuck_on_the_same(many):
    other = dcsim.replicate(scenario(), 12, engine="compiled", chunk=5)
    assert other.stuck.equals(many.stuck)
    assert (other.kept.left == many.kept.left).all()
    runs = [dcsim.simulate(scenario(), replication=k) for k in range(12)]
    assert many.kept.left.tolist() == [int(run.activities["finish"].isna().sum()) for run in runs]
    short = [int(((run.stuck["activity"] == "power_on") & (run.stuck["waits_for"] == "power")).sum()) for run in runs]
    row = many.stuck[(many.stuck["milestone"] == "") & (many.stuck["waits_for"] == "power")].iloc[0]
    assert (row["builds"], row["least"], row["most"]) == (sum(map(bool, short)), min(short), max(short))


def test_each_milestone_is_told_what_lies_before_it(many):
    lines = list(never(many.stuck, many.n))
    assert lines[0].startswith("ten: never in ")
    assert "short of power (power_on)" in lines[0]
    assert "crew" not in lines[0]
    assert any(
        line.startswith("all: never in 12 of 12 replications: 4 to 20 racks short of power (power_on)")
        for line in lines
    )
    fitted = next(line for line in lines if line.startswith("fitted"))
    assert "racks waiting for crew (fit)" in fitted
    assert "power" not in fitted


def test_every_report_says_what_is_missing(many):
    told = printed(shown(many.report()))
    assert "none finished by 2024-04-10" in told
    assert "never: not reached by the end of the simulation, 2024-04-10" in told
    assert "later" not in told
    assert f"all: {ALL}" in told
    compared = dcsim.compare(scenario(), "more", n=12, milestones=["all"])
    assert f"base: {ALL}" in printed(shown(compared.report()))
    assert set(compared.stuck["scenario"]) == {"base", "more"}
    explained = dcsim.explain(scenario(), milestone="all", n=12)
    assert f"all: {ALL}" in printed(shown(explained.report()))
    lead = headline(together([many], "all")).lead
    assert lead.endswith("in at least half of 12 replications: 4 to 20 racks short of power (power_on).")
    lead = headline(together([dcsim.simulate(scenario(), expected=True)], "all")).lead
    assert "short of power (power_on)" in lead


def test_json_says_never_and_what_is_stuck(dcsim, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(json.dumps(STUCK))
    out, _, _ = dcsim("compare", str(path), "more", "-n", "4", "--milestone", "all", "--json")
    tables = json.loads(out)["tables"]
    assert tables["scenarios"][0]["p80"] == "never"
    assert {"scenario": "base", "milestone": "all", "activity": "power_on", "waits_for": "power"}.items() <= tables[
        "stuck"
    ][0].items()


def options(**of):
    return {name: {"cost": "1M USD", "changes": changes} for name, changes in of.items()}


@pytest.mark.slow
def test_what_if_says_what_is_missing_too():
    more, some = ({"supplies": {"power": {"initial": units}}} for units in (20, 2))
    with_options = scenario(options=options(more=more, some=some))
    swept = dcsim.sweep(with_options, {"supplies.power.initial": [2, 20]}, n=12, milestones=["all"])
    assert "supplies.power.initial = 2: never in 12 of 12 replications: 2 to 18 racks short of power" in printed(
        shown(swept.report())
    )
    assert set(swept.stuck["point"]) == {0}
    weighed = dcsim.mitigate(with_options, milestone="all", n=12)
    told = printed(shown(weighed.report()))
    assert f"as planned: {ALL}" in told
    assert "some: never in 12 of 12 replications: 2 to 18 racks short of power (power_on)" in told
    assert "more: never" not in told
    assert set(weighed.stuck["measures"]) == {"", "some"}
    ordered = dcsim.latest_orders(with_options, milestone="all", date="2024-03-10", n=12)
    assert f"all: {ALL}" in printed(shown(ordered.report()))
    assert set(ordered.stuck["waits_for"]) == {"power"}


@pytest.mark.parametrize("engine", EACH_ENGINE)
def test_units_that_never_come_are_lost_to_what_is_missing(engine):
    found = dcsim.delay_cost(scenario(), supply="done", n=12, engine=engine)
    assert "unfinished: 12 of 12 replications: 4 to 20 racks short of power (power_on)\n" in printed(
        shown(found.report())
    )
    assert set(found.stuck["waits_for"]) == {"power"}  # fitting waits for the crew, and makes no units
    assert dcsim.delay_cost(dcsim.load({**STUCK, "supplies": PLENTY}), supply="done", n=2).stuck.empty


def test_a_sweep_is_read_back_with_what_is_missing(tmp_path):
    over = {"supplies.power.initial": [0, 2]}
    kept = dcsim.sweep(scenario(), over, n=4, out=tmp_path / "s", milestones=["all"])
    again = dcsim.sweep(scenario(), over, n=4, out=tmp_path / "s", milestones=["all"], resume=True)
    assert again.stuck.equals(kept.stuck)
    assert not again.stuck.empty


@pytest.mark.slow
def test_only_so_many_sentences_are_told():
    without_orders = scenario(supplies=PLENTY, variants={})
    points = dcsim.sweep(without_orders, {"supplies.power.initial": "1..13"}, n=1, milestones=["all"])
    told = printed(shown(points.report()))
    assert told.count("never in 1 of 1 replication: ") == 8
    assert "and 5 more, for other reasons: see the table `stuck`" in told


def test_a_milestone_for_which_too_little_is_made():
    spec = {"activities": {"a": {"duration": "1 d", "produces": {"s": 3}}}, "supplies": {"s": {}}}
    found = dcsim.replicate(scenario(**spec, milestones={"m": {"supply": "s", "reaches": 5}}, variants={}), 3)
    told = "all its work is done, and too little was produced and delivered"
    assert list(never(found.stuck, 3)) == [f"m: never in 3 of 3 replications: {told}"]


def test_a_milestone_of_goods_that_come_too_late_waits_for_no_work():
    late = {"g": {"orders": {"o": {"amount": 3, "placed": "0 d", "lead_time": "300 d"}}}}
    spec = {"activities": {"w": {"duration": "200 d"}}, "supplies": late, "variants": {}}
    found = dcsim.replicate(scenario(**spec, milestones={"m": {"supply": "g", "reaches": 3}}), 3)
    told = "all its work is done, and too little was produced and delivered"
    assert f"m: never in 3 of 3 replications: {told}" in list(never(found.stuck, 3))


def test_a_milestone_of_goods_waits_for_the_work_after_which_they_are_ordered():
    late = {"x": {"initial": 1}, "g": {"orders": {"o": {"amount": 3, "placed": {"after": "w"}, "lead_time": "1 d"}}}}
    spec = {"activities": {"w": {"consumes": {"x": 2}}}, "supplies": late, "variants": {}}
    found = dcsim.replicate(scenario(**spec, milestones={"m": {"supply": "g", "reaches": 3}}), 3)
    assert list(never(found.stuck[found.stuck["milestone"] == "m"], 3)) == [
        "m: never in 3 of 3 replications: w short of x"
    ]


def test_where_only_the_time_is_over():
    spec = {"activities": {"a": {"duration": "200 d"}}, "supplies": {}, "variants": {}, "milestones": {}}
    found = dcsim.replicate(scenario(**spec), 3)
    assert list(never(found.stuck, 3)) == ["unfinished: 3 of 3 replications: 1 activity not finished"]


def test_where_all_finishes_nothing_is_said():
    spec = {
        "activities": {"a": {"duration": "1 d"}},
        "supplies": {},
        "variants": {},
        "milestones": {"m": {"activity": "a"}},
    }
    assert list(never(dcsim.replicate(scenario(**spec), 3).stuck, 3)) == []


def test_what_was_kept_is_read_back(tmp_path, many):
    dcsim.replicate(scenario(), 12, out=tmp_path / "r")
    again = dcsim.replicate(scenario(), 12, out=tmp_path / "r", resume=True)
    assert again.stuck.equals(many.stuck)


@pytest.mark.slow
def test_a_build_in_which_nothing_can_start_has_all_its_results(dcsim, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "name: A\nstart: 2024-01-01\nresources: {crew: {count: 1}}\nsupplies: {s: {unit: t}}\n"
        "activities: {a: {duration: 1 d, consumes: {s: 5}}, b: {duration: 1 d, produces: {s: 3}, after: [a]}}\n"
    )
    out, picture = str(tmp_path / "o"), str(tmp_path / "p.png")
    _, err, code = dcsim("run", str(path), "--expected", "--out", out, "--plot", picture)
    assert (err, code) == ("", 0)
    for what in ("gantt", "level", "use"):
        assert dcsim("plot", out, "--what", what, "-o", picture)[2] == 0
    assert dcsim("report", out, "-o", str(tmp_path / "p.html"))[2] == 0


# Shares of few builds


@pytest.mark.parametrize(
    ("number", "n", "told"),
    [
        (0.0, 100, "<3 %"),
        (1.0, 100, ">97 %"),
        (0.0, 20, "<14 %"),
        (1.0, 1000, ">99.7 %"),
        (0.0, 1, "<95 %"),
        (0.25, 20, "25.0 %"),
        (0.0, 0, "0 %"),
        (1.0, 0, "100 %"),
        (0.0004, 0, "<0.1 %"),
        (0.9999, 0, ">99.9 %"),
    ],
)
def test_none_or_all_of_few_builds_is_a_bound(number, n, told):
    assert share(number, n) == told
