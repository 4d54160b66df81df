"""Many sites in one scenario: their names, what they share, and that a site runs there as it does alone."""

import json
import math
import random
from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
from generated import linked, scenario
from oracle import simulate as by_the_law
from test_parity import rows, same_trace

import dcsim
from dcsim.engine import ENGINES
from dcsim.engine.draws import Expectation, Sample, draw
from dcsim.errors import ScenarioError
from dcsim.network import Divided
from dcsim.study.cash import network_of
from dcsim.study.store import read

SITE = """
name: One site
start: 2024-01-01
day_zero: 2024-01-03
horizon: 200 d
parameters: {racks: 3, middle: 2 d}
places: {hall: [north, south], rack: {in: hall, count: = racks}}
calendars: {day: {hours: 07:00-17:00}}
factors: {labor: {pert: [0.8, 1, 1.3]}, market: 0.8 to 1.5}
resources:
  crew: {count: {value: 2, source: S1}}
  dock: {count: 1, per: hall, within: {north: {count: 2}}}
  tester: {count: 1, calendar: day}
supplies:
  transformers:
    unit: transformer
    initial: 1
    orders: {batch: {amount: 6, lead_time: 10 to 30 d, lots: 3, every: 2 d, varies_with: market}}
  usable: {unit: GPU}
activities:
  build: {at: hall, duration: 3 to 6 d, consumes: {transformers: 1}, varies_with: labor}
  install:
    at: rack
    duration: {pert: [1 d, = middle, 4 d]}
    after: build
    requires: {crew | dock: 1}
    learning: {rate: 0.95, per: hall}
  test:
    at: rack
    duration: 4 h
    after: [{activity: install, lag: {working: 2 h, by: day}}]
    requires: {tester: 1}
    rework: {probability: 0.3, duration: 1 d, requires: {crew: 1}}
    produces: {usable: 8}
    within: {south/rack1: {duration: 6 h}}
  open: {after: [test, {activity: half, lag: 1 d}], label: Opening}
risks:
  storm: {probability: 0.5, begins: 5 d, lasts: 10 d, effects: {activities.install: 2}, stop_work: [crew]}
  late: {probability: 0.4, begins: 2024-01-05, lasts: 30 d, delays: {supplies.transformers: 1 to 3 wk}}
branches:
  rock: {per: hall, ways: {yes: {activities: [build]}, no: {weight: 3, activities: [build, install]}}}
correlations: {together: {between: [activities.build.duration, activities.install.duration], is: 0.5}}
milestones:
  half: {supply: usable, reaches: 24}
  done: {activity: open, target: 2024-02-01, observed: {date: 2024-02-10, source: S1}}
  north: {activity: test, in: north}
fitted: {resources.crew.count: {to: half, prior: 1 to 4, source: S1}}
variants: {more: {parameters: {racks: 4}}}
options: {air: {cost: 1M USD, changes: {parameters: {middle: 1 d}}}}
sources: {S1: {what: a page}}
"""

TWO = """
name: Two sites
start: 2024-01-01
horizon: 200 d
include:
  memphis: {file: sites/one.yaml, label: Memphis}
  texas: {file: sites/one.yaml, set: {parameters.racks: 2, day_zero: 2024-02-01}}
activities:
  celebrate: {duration: 1 d, after: [memphis.done, texas.done]}
milestones:
  all: {activity: celebrate}
"""

SHARED = """
supplies:
  transformers: {unit: transformer, orders: {batch: {amount: 4, lead_time: 20 d, lots: 4, every: 9 d}}}
resources: {tester: 1}
risks: {late: {probability: 1, begins: 2024-01-05, lasts: 30 d, delays: {supplies.transformers: 1 to 3 wk}}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "one.yaml").write_text(SITE)
    return tmp_path


@pytest.fixture
def opened(folder):
    """Opens a portfolio beside the folder of its sites."""

    def load(text=TWO, **layers):
        (folder / "portfolio.yaml").write_text(text)
        return dcsim.load(folder / "portfolio.yaml", **layers)

    return load


def rows_of(run, site):
    """What happened at one site, with the names that it has alone."""
    found = []
    for row in rows(run.activities, ["activity", "place", "ready", "start", "finish", "attempts", "held_by"]):
        name, place, *ticks, held_by = row
        if name.startswith(f"{site}."):
            path = place.removeprefix(site).lstrip("/") or "site"
            found.append((name.removeprefix(f"{site}."), path, *ticks, held_by.replace(f"{site}.", "")))
    return sorted(found, key=repr)


def refused(load, *texts, error=ScenarioError):
    """The message of a scenario that is refused, in which all these stand."""
    with pytest.raises(error) as caught:
        load()
    for text in texts:
        assert text in str(caught.value)


def test_everything_of_a_site_has_its_name(opened):
    scenario = opened()
    assert list(scenario.activities)[:5] == [
        "memphis.build",
        "memphis.install",
        "memphis.test",
        "memphis.open",
        "texas.build",
    ]
    install = scenario.activities["memphis.install"]
    assert (install.at, install.after[0].activity) == ("memphis.rack", "memphis.build")
    assert dict(install.requires) == {"memphis.crew | memphis.dock": 1}
    assert install.learning.per == "memphis.hall"
    assert list(scenario.activities["texas.test"].within) == ["texas/south/rack1"]
    assert scenario.activities["texas.test"].after[0].lag.by == "texas.day"
    assert list(scenario.risks["texas.storm"].effects) == ["activities.texas.install"]
    assert scenario.correlations["texas.together"].between[0] == "activities.texas.build.duration"
    assert scenario.fitted["resources.texas.crew.count"].to == ("texas.half",)
    assert scenario.document.citations["resources", "texas.crew", "count"].source == "texas.S1"
    assert scenario.labels == {"memphis.open": "Memphis: Opening", "texas.open": "texas: Opening"}


def test_counts_of_places_keep_their_sources(opened, folder):
    counts = "rack: {in: hall, count: {north: {value: 2, source: S1}, south: = racks}}"
    (folder / "sites" / "one.yaml").write_text(SITE.replace("rack: {in: hall, count: = racks}", counts))
    cited = opened().document.citations["places", "texas.rack", "count", "texas/north"]
    assert (cited.value, cited.source) == (2, "texas.S1")


def test_places_stand_inside_their_site(opened):
    places = network_of(opened()).places
    assert places.paths("texas.rack") == [f"texas/{hall}/rack{k}" for hall in ("north", "south") for k in (1, 2)]
    assert places.paths("memphis") == ["memphis"]


def test_days_are_counted_from_the_day_zero_of_each_site(opened):
    table = dcsim.simulate(opened(), expected=True).milestones.set_index("milestone")
    from_start = table["tick"].astype(float) / 1440
    assert (from_start - table["day"]).round(6).to_dict() == {
        **dict.fromkeys(("memphis.half", "memphis.done", "memphis.north"), 2.0),
        **dict.fromkeys(("texas.half", "texas.done", "texas.north"), 31.0),
        "all": 0.0,
    }


def test_the_resolved_scenario_is_a_scenario(opened, tmp_path):
    scenario = opened(TWO + SHARED.replace("name", "name"))
    again = tmp_path / "elsewhere.yaml"
    again.write_text(scenario.document.text)
    one, other = (dcsim.simulate(some, seed=3, engine="reference") for some in (scenario, dcsim.load(again)))
    assert same_trace(one.trace, other.trace)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_site_runs_beside_others_as_it_runs_alone(opened, seed):
    """Where nothing is shared, neither what happens nor what is drawn depends on who else is there."""
    beside = dcsim.simulate(opened(), seed=seed, engine="reference")
    for site, other in (("memphis", "texas"), ("texas", "memphis")):
        alone = dcsim.simulate(opened(site=site), seed=seed, engine="reference")
        assert rows_of(alone, site) == rows_of(beside, site)
        assert not rows_of(alone, other)


JOINT = """
risks: {flood: {probability: 1, effects: {activities.texas.install: 2, activities.memphis.install: 1.5}}}
supplies:
  transformers:
    unit: transformer
    orders: {batch: {amount: 20, lead_time: 9 d}}
    allocation: {memphis: 0.6, texas: 0.4}
resources: {texas.crew: {count: 9}}
activities:
  substation: {duration: 9 d}
  memphis.build: {after: [substation]}
  celebrate: {duration: 1 d, after: [memphis.done, texas.done]}
  clear_away: {duration: 1 d, after: [celebrate]}
milestones:
  all: {activity: celebrate}
  cleared: {activity: clear_away}
  celebrated: {activity: memphis.open, label: texas.open}
  theirs: {activity: texas.test, in: texas/north}
seen: [{milestone: texas.done, reached: 2024-02-10}, {milestone: memphis.done, reached: 2024-02-10}]
correlations: {both: {between: [activities.memphis.build.duration, activities.texas.build.duration], is: 0.5}}
fitted: {resources.crews: {to: texas.half, prior: 1 to 4, source: S1}}
"""


def test_with_a_site_alone_goes_what_the_portfolio_says_of_others(opened):
    """What is planned with another site goes, and what hangs on that; all else of the portfolio stays."""
    scenario = opened(TWO.partition("activities:")[0] + JOINT, site="memphis")
    assert [name for name in scenario.activities if "." not in name] == ["substation"]
    assert scenario.activities["memphis.build"].after[0].activity == "substation"
    assert set(scenario.milestones) == {"memphis.half", "memphis.done", "memphis.north", "celebrated"}
    assert "activities.memphis.install" in scenario.risks["flood"].effects
    assert list(scenario.supplies["transformers"].allocation) == ["memphis", "texas"]
    assert [sighting.milestone for sighting in scenario.seen] == ["memphis.done"]
    assert not [name for name in scenario.places if name.startswith("texas.")]
    assert scenario.with_({"resources.memphis.crew.count": 3}).document.site == "memphis"


@pytest.mark.parametrize("shares", [{"a": 0.5, "b": 0.3}, {"b": 0.5, "a": 0.3}, {"b": 0.7}, {"b": 1}])
def test_a_site_alone_has_its_part_of_what_is_divided(folder, shares):
    data = scarce(folder, shares)
    run, alone = (dcsim.simulate(dcsim.load(data, root=folder, site=site), expected=True) for site in (None, "a"))
    columns = ["activity", "place", "ready", "start", "finish"]
    assert rows(alone.activities, columns) == [row for row in rows(run.activities, columns) if row[0] == "a.use"]


def _world(folder, divided):
    """Sites a and b of an included portfolio, and c beside it; the goods are divided by the outer or the inner one."""
    world = scarce(folder, {"us.a": 0.3, "us.b": 0.2, "c": 0.5})
    goods, total = world["supplies"].values()
    theirs = {"unit": "GPU", "initial": 11, "allocation": {"a": 0.2, "b": 0.8}}
    us = {**world, "supplies": {"goods": theirs, "total": total}}
    us["activities"] = {"open": {"duration": "1 d", "after": ["a.use", "b.use"]}}
    (folder / "us.yaml").write_text(json.dumps(us))
    return world | {
        "include": {"us": {"file": "us.yaml"}, "c": {"file": "s.yaml", "set": {"supplies.goods.initial": 4}}},
        "supplies": {"total": total} | ({"goods": goods} if divided == "outer" else {}),
        "places": {"us.a.lot": {"count": 3}, "us.b.lot": {"count": 2}},
        "activities": {
            "visit": {"duration": "1 d", "after": ["us.b.use"]},
            "party": {"duration": "1 d", "after": ["us.open"]},
        },
        "variants": {"small": {"places": {"us.b.lot": {"count": 1}}}},
    }


@pytest.mark.parametrize("site", ["us.a", "us.b", "c", "us"])
@pytest.mark.parametrize("divided", ["outer", "inner"])
def test_a_site_inside_an_included_portfolio_can_be_alone(folder, site, divided):
    """It runs as beside the others, with its part of what either portfolio divides; what hangs on others goes."""
    world = _world(folder, divided)
    loaded = [dcsim.load(world, root=folder, site=only) for only in (None, site)]
    columns = ["activity", "place", "ready", "start", "finish"]
    beside, alone = (rows(dcsim.simulate(each, expected=True).activities, columns) for each in loaded)
    mine = [row for row in beside if row[0].startswith(f"{site}.")]
    has_b = site in ("us", "us.b")
    assert mine
    own = {"us": {"visit", "party"}, "us.b": {"visit"}}.get(site, set())
    assert sorted(alone) == sorted(mine + [row for row in beside if row[0] in own])
    assert list(loaded[1].variants) == ["small"] * has_b
    assert loaded[1].with_({"horizon": "50 d"}).document.site == site


def test_a_site_inside_an_included_portfolio_has_to_be_there(folder):
    world = _world(folder, "outer")
    for site, said in (("us.else", "there are 'us.a', 'us.b'"), ("c.a", "there are no sites in 'c'")):
        refused(lambda site=site: dcsim.load(world, root=folder, site=site), f"no site '{site}'; {said}")
    left_out = {"include.us.set.include.b": None}
    refused(
        lambda: dcsim.load(world, root=folder, site="us.b", overrides=left_out), "no site 'us.b'; did you mean 'us.a'?"
    )


def test_a_site_alone_has_to_be_there(dcsim, folder):
    (folder / "portfolio.yaml").write_text(TWO + "variants: {late: {include: {texas: null}}}\n")
    for words, said in (
        (("portfolio.yaml", "--site", "memphs"), "no site 'memphs'; did you mean 'memphis'?"),
        (("portfolio.yaml", "--site", "texas", "--variant", "late"), "no site 'texas'; there is 'memphis'"),
        (("sites/one.yaml", "--site", "memphis"), "no site 'memphis'; there are no sites"),
    ):
        file, *more = words
        out, err, code = dcsim("run", str(folder / file), *more)
        assert (out, code) == ("", 2)
        assert err.endswith(f"  include: {said}\n")
    out, _, code = dcsim(
        "explain", str(folder / "portfolio.yaml"), "--site", "texas", "--milestone", "texas.done", "-n", "4"
    )
    assert code == 0
    assert "texas alone" in out


def test_with_expected_values_a_site_does_what_its_file_says(opened, folder):
    beside = dcsim.simulate(opened(), expected=True, engine="reference")
    alone = dcsim.simulate(folder / "sites" / "one.yaml", expected=True, engine="reference")
    columns = ["activity", "place", "ready", "start", "finish", "attempts", "held_by"]
    assert rows_of(beside, "memphis") == sorted(rows(alone.activities, columns), key=repr)


LATER = """
name: Later
start: 2024-01-01
horizon: 300 d
include: {one: {file: site.yaml}, two: {file: site.yaml, start: 2024-02-19}, three: {file: outer.yaml}}
milestones: {all: {activity: two.rack}}
"""
SPANS = """
name: A site with spans
start: 2024-01-01
horizon: 300 d
calendars: {week: {days: Mon-Fri, hours: 07:00-17:00}}
resources: {crew: {calendar: week, count: {0 d: 1, 9 d: 2}}}
supplies:
  goods: {unit: set, orders: {main: {amount: 2, placed: 2 to 9 d, lead_time: 4 d}}}
  parts: {unit: set, production: {rate: {1 d: 1 / d, 20 d: 3 / d}, from: 3 d, until: 60 d}}
  more: {unit: set, production: {rate: 2 / d}}
activities:
  dig: {duration: 30 to 60 h, requires: {crew: 1}}
  rack: {duration: 3 d, after: dig, consumes: {goods: 2, parts: 9, more: 5}, calendar: week}
  late: {duration: 1 d, not_before: 40 d, finish_not_before: 50 d}
risks: {storm: {probability: 0.5, begins: 1 to 5 d, lasts: 3 d, stop_work: [dig]}}
milestones: {done: {activity: rack}, rest: {activity: late}}
"""


def _later(folder, text=LATER):
    (folder / "site.yaml").write_text(SPANS)
    (folder / "outer.yaml").write_text(
        "{name: Outer, start: 2024-03-11, horizon: 300 d, include: {in: {file: site.yaml, start: 2024-03-11},"
        " far: {file: site.yaml, start: 2024-04-01, day_zero: 2024-04-03}}}"
    )
    (folder / "later.yaml").write_text(text)
    return dcsim.load(folder / "later.yaml")


@pytest.mark.parametrize("engine", ["reference", pytest.param("compiled", marks=pytest.mark.compiled)])
def test_a_site_that_begins_later_does_the_same_then(tmp_path, engine):
    """Nothing of a site is before its start, from which its spans and its days count; inside another portfolio too."""
    later, together = (_later(tmp_path, LATER.replace("2024-02-19", day)) for day in ("2024-02-19", "2024-01-01"))
    for seed in (None, 1, 2, 3):
        chance = {"expected": True} if seed is None else {"seed": seed}
        at = dcsim.simulate(later, engine=engine, **chance).milestones.set_index("milestone")["tick"]
        then = dcsim.simulate(together, engine=engine, **chance).milestones.set_index("milestone")["tick"]
        moved = {"two": 49, "all": 49}
        assert at.to_dict() == {k: then[k] + 1440 * moved.get(k.partition(".")[0], 0) for k in then.index}
    runs = (dcsim.simulate(build, expected=True, engine=engine) for build in (tmp_path / "site.yaml", later))
    alone, days = (run.milestones.set_index("milestone")["day"].round(6) for run in runs)
    for name in ("done", "rest"):
        assert [days[f"{site}.{name}"] for site in ("one", "two", "three.in")] == [alone[name]] * 3
        assert days[f"three.far.{name}"] == round(alone[name] - 2, 6)


def test_the_horizon_of_a_portfolio_holds_for_all_sites(opened):
    assert network_of(opened(TWO.replace("horizon: 200 d", "horizon: 90 d"))).horizon == 90 * 1440


def test_reports_list_the_milestones_of_the_whole_first(opened):
    """In tables they come last, as they are made; what is asked for comes before all."""
    results = (dcsim.simulate(opened(), expected=True), dcsim.replicate(opened(), 2))
    of_sites = [f"{site}.{name}" for site in ("memphis", "texas") for name in ("half", "done", "north")]
    for result, asked in product(results, ("", "texas.done")):
        (table, *_) = (table for section in result.report(asked).sections for table in section.tables)
        names = [row[0] for row in table.rows if row[0]]
        assert names == list(dict.fromkeys([*filter(None, [asked]), "all", *of_sites]))
        assert list(dict.fromkeys(result.milestones["milestone"])) == [*of_sites, "all"]


SMALL = """
name: Small
start: 2024-01-01
parameters: {length: 5}
supplies: {racks: {unit: rack}}
activities: {build: {duration: "= length * 1 d", produces: {racks: 1}}, open: {after: build}}
milestones: {built: {supply: racks, reaches: 1}, opened: {activity: open}}
"""


def _many(folder, count):
    """A portfolio of so many sites, of which each takes a day more than the one before."""
    (folder / "small.yaml").write_text(SMALL)
    sites = {f"s{k:02}": {"file": "small.yaml", "set": {"parameters.length": k + 1}} for k in range(count)}
    whole = {"supplies": {"all": {"total_of": "racks", "unit": "rack"}}, "horizon": "100 d"}
    goal = {"milestones": {"whole": {"supply": "all", "reaches": count}}}
    (folder / "many.yaml").write_text(
        json.dumps({"name": "Many", "start": "2024-01-01", "include": sites} | whole | goal)
    )
    return str(folder / "many.yaml")


@pytest.mark.parametrize("command", [("run", "--expected"), ("replicate", "-n", "2")], ids=["run", "replicate"])
def test_a_terminal_shows_the_last_sites_of_many(dcsim, tmp_path, command):
    """Files have all; what is not shown is told."""
    file = _many(tmp_path, 30)
    out, _, code = dcsim(command[0], file, *command[1:], "--engine", "reference", "--out", str(tmp_path / "out"))
    lines = out.splitlines()
    shown = [line.split()[0] for line in lines if ".built" in line or ".opened" in line or line.startswith("whole")]
    assert (code, shown) == (0, ["whole", *(f"s{k}.{name}" for k in range(25, 30) for name in ("built", "opened"))])
    assert "and 25 more sites, none of which is done later: --csv lists all milestones" in lines
    assert ("and 19 more counters" in lines) == (command[0] == "run")
    kept = read(tmp_path / "out")
    (table, *_) = (table for section in kept.report().sections for table in section.tables)
    assert len(table.rows) == len(set(kept.milestones["milestone"])) == 61
    asked = kept.report("s03.built")
    (table, *_) = (table for section in asked.sections for table in section.tables)
    assert [row[0] for row in table.brief.rows[:2]] == ["s03.built", "whole"]
    few, _, _ = dcsim(command[0], _many(tmp_path, 10), *command[1:], "--engine", "reference")
    assert few.count(".opened") == 10


@pytest.mark.parametrize("start", ["2024-01-01", "2400-01-01"])
def test_of_many_sites_those_are_shown_that_are_never_done(dcsim, tmp_path, start):
    late = ("--set", f"start={start}", "--set", "horizon=26 d", "--expected", "--engine", "reference")
    out, _, _ = dcsim("run", _many(tmp_path, 30), *late)
    shown = {line.split(".")[0] for line in out.splitlines() if ".built" in line}
    assert {"s26", "s27", "s28", "s29"} <= shown


def test_explain_tells_in_which_sites_the_days_are_spent(tmp_path):
    """`two` begins 49 days after the others, and its rack is the last: all days of the whole are its own."""
    told = dcsim.explain(_later(tmp_path), milestone="all", n=8, workers=1, engine="reference")
    (row,) = told.tables["sites"].to_dict("records")
    assert (row["site"], row["index"]) == ("two", 1)
    assert row["mean"] == pytest.approx(told.about["mean_day"])
    assert "Days by site, on average" in [section.title for section in told.report().sections]
    alone = dcsim.explain(dcsim.load(tmp_path / "site.yaml"), milestone="done", n=8, workers=1, engine="reference")
    assert "sites" not in alone.tables


def test_a_site_cannot_begin_before_its_portfolio(tmp_path):
    refused(
        lambda: _later(tmp_path, LATER.replace("start: 2024-02-19", "start: 2023-12-19")),
        "line 5",
        "'two' begins on 2023-12-19, before the portfolio",
        "write `start: 2024-01-01`",
    )


def test_sites_draw_apart(opened):
    """The same file twice is two builds, not one that is counted twice."""
    scenario = opened(TWO, overrides={"include.texas.set": {}})
    minutes = draw(network_of(scenario), Sample(1)).minutes
    half = len(minutes) // 2
    assert (minutes[:half] != minutes[half : 2 * half]).mean() > 0.5


def test_what_the_portfolio_declares_is_shared(opened):
    scenario = opened(TWO + SHARED)
    assert [*scenario.supplies] == ["memphis.usable", "texas.usable", "transformers"]
    assert scenario.activities["texas.build"].consumes == {"transformers": 1}
    assert "tester" in scenario.resources
    assert "memphis.tester" not in scenario.resources
    run = dcsim.simulate(scenario, expected=True, engine="reference")
    taken = [row for row in rows_of(run, "memphis") + rows_of(run, "texas") if row[0] == "build"]
    assert len({start for _, _, _, start, *_ in taken}) == 4  # one transformer at a time
    assert {held_by for *_, held_by in taken} == {"transformers"}


def test_a_shared_risk_happens_once_for_all(opened):
    own = "risks: {storm: {probability: 1, begins: 2024-01-20, lasts: 10 d}}\n"
    risk = opened(TWO + own).risks["storm"]
    assert list(risk.effects) == ["activities.texas.install", "activities.memphis.install"]
    assert risk.stop_work == ("texas.crew", "memphis.crew")


def test_what_a_shared_risk_does_to_what_is_shared_says_the_portfolio(opened, folder):
    (folder / "sites" / "one.yaml").write_text(SITE.replace("stop_work: [crew]", "stop_work: [crew, tester]"))
    scenario = opened(
        TWO + SHARED.replace(", delays: {supplies.transformers: 1 to 3 wk}}}", "}, storm: {probability: 1}}")
    )
    assert not scenario.risks["late"].delays
    assert scenario.risks["storm"].stop_work == ("texas.crew", "memphis.crew")


def test_sites_may_call_what_they_share_differently(opened):
    text = TWO.replace("label: Memphis", "shares: {transformers: big_ones, tester: null}") + SHARED.replace(
        "transformers:", "big_ones:"
    ).replace("risks: {late", "risks: {later").replace("supplies.transformers", "supplies.big_ones")
    scenario = opened(text)
    assert scenario.activities["memphis.build"].consumes == {"big_ones": 1}
    assert scenario.activities["texas.build"].consumes == {"texas.transformers": 1}
    assert dict(scenario.activities["memphis.test"].requires) == {"memphis.tester": 1}
    assert dict(scenario.activities["texas.test"].requires) == {"tester": 1}


def test_layers_reach_the_sites(opened):
    racks = {name: len([k for k in places if k.startswith(name)]) for name, places in _racks(opened()).items()}
    assert racks == {"memphis": 6, "texas": 4}
    more = opened(TWO.replace("label: Memphis", "variants: more"))
    assert len(_racks(more)["memphis"]) == 8
    assert len(_racks(more.with_({"include.texas.set.parameters.racks": 3}))["texas"]) == 6
    quick = opened(overrides={"activities.texas.install.duration": "1 h"}).activities["texas.install"]
    assert str(quick.duration.values[0]) == "1 h"
    flown = opened(options=["texas.air"]).activities
    assert [str(flown[f"{site}.install"].duration.values[1]) for site in ("memphis", "texas")] == ["2 d", "1 d"]


def _racks(scenario):
    places = network_of(scenario).places
    return {site: places.paths(f"{site}.rack") for site in ("memphis", "texas")}


def test_variants_of_a_portfolio_change_its_sites(opened):
    text = TWO.partition("activities:")[0] + "variants: {late: {include: {texas: {set: {day_zero: 2024-03-01}}}}}\n"
    assert str(opened(text, variants=["late"]).zero_of("texas.done").date()) == "2024-03-01"


def test_portfolios_include_portfolios(opened, folder):
    (folder / "two.yaml").write_text(TWO + SHARED)
    scenario = opened("name: World\ninclude: {us: {file: two.yaml}}\n")
    assert [*scenario.sites] == ["us", "us.memphis", "us.texas"]
    assert scenario.activities["us.texas.build"].consumes == {"us.transformers": 1}
    assert network_of(scenario).places.path("us.texas.hall", 1) == "us/texas/south"
    assert str(scenario.zero_of("us.texas.done").date()) == "2024-02-01"


@pytest.mark.parametrize("own", [False, True])
def test_the_finance_of_a_site_is_left_out(opened, folder, own):
    money = (
        "finance: {currency: USD, until: 2027-12, discount_rate: 0.1, costs: {all: {activity: NAME, price: 1M USD}}}\n"
    )
    (folder / "sites" / "one.yaml").write_text(SITE + money.replace("NAME", "open"))
    (folder / "two.yaml").write_text(TWO + money.replace("NAME", "texas.open"))
    scenario = opened("name: World\ninclude: {us: {file: two.yaml}}\n" + money.replace("NAME", "us.celebrate") * own)
    assert [*getattr(scenario.finance, "costs", ())] == ["all"] * own
    said = "include: the `finance` of its sites is left out: a portfolio has only its own"
    assert [str(warning) for warning in scenario.warnings] == [f"line 2: {said}", f"line 5: {said}"]


def test_layers_of_sites_go_by_the_names_of_the_sites(opened, folder):
    """Variants, options and mitigations of a site, from outside or from `include`, in a portfolio of portfolios too."""
    mitigated = SITE.replace("delays: {supplies.transformers: 1 to 3 wk}", "mitigation: {probability: 0}")
    (folder / "sites" / "one.yaml").write_text(mitigated)
    (folder / "two.yaml").write_text(TWO)
    world = "name: World\ninclude: {us: {file: two.yaml MORE}}\n"

    def state(scenario):
        at = ("us.memphis", "us.texas")
        racks = [int(scenario.places[f"{site}.rack"].count) for site in at]
        middles = [str(scenario.activities[f"{site}.install"].duration.values[1]) for site in at]
        return racks, middles, [float(scenario.risks[f"{site}.late"].probability) for site in at]

    plain = opened(world.replace("MORE", ""))
    assert state(plain) == ([3, 2], ["2 d", "2 d"], [0.4, 0.4])
    changed = ([4, 2], ["1 d", "2 d"], [0, 0.4])
    names = {"variants": ["us.memphis.more"], "options": ["us.memphis.air"], "mitigate": ["us.memphis.late"]}
    assert state(opened(world.replace("MORE", ""), **names)) == changed
    layers = {"variant": names["variants"], "option": names["options"], "mitigate": names["mitigate"]}
    assert state(plain.with_(**layers)) == changed
    inside = ", variants: memphis.more, options: memphis.air, mitigate: memphis.late"
    assert state(opened(world.replace("MORE", inside))) == changed
    table = dcsim.compare(plain, "us.memphis.more", n=2, engine="reference", workers=1).tables["scenarios"]
    assert "us.memphis.more" in set(table["scenario"])
    assert dcsim.check(folder / "portfolio.yaml").document.variants_of_sites == ("us.memphis.more", "us.texas.more")
    world = world.replace(" MORE", "")
    refused(lambda: opened(world, variants=["us.memphis.moer"]), "two.yaml: line 6: include.memphis: no variant 'moer'")
    refused(lambda: opened(world, variants=["us.memphs.more"]), "line 2: include.us: no variant 'memphs.more'")
    refused(lambda: opened(world, options=["us.texas.aire"]), "two.yaml: line 7: include.texas: no option 'aire'")
    refused(
        lambda: dcsim.compare(plain, "us.memphis.mor", n=2), "did you mean 'us.memphis.more'", error=dcsim.DcsimError
    )


@pytest.mark.parametrize("how", ["entry", "variant", "option", "nested"])
def test_names_of_a_site_are_names_that_it_has(opened, folder, how):
    """A slip of the pen in an entry of a site makes nothing new, wherever it stands."""
    goods = "transformers: {unit: transformer, initial: 99}"
    layers = {"variant": {"variants": ["v"]}, "option": {"options": ["o"]}}.get(how, {})
    for wrong, told in {
        "activities: {texas.biuld: {not_before: 2024-02-02}}": "'texas' has no activity 'biuld'; did you mean 'build'?",
        f"supplies: {{{goods}, texas.usabel: {{initial: 5}}}}": "has no supply 'usabel'; did you mean 'usable'?",
        f"supplies: {{{goods}, texas.transformers: {{initial: 2}}}}": "it shares 'transformers' of the portfolio",
        "resources: {memphis.crews: 2}": "'memphis' has no resource 'crews'; did you mean 'crew'?",
        "milestones: {memphis.opened: {activity: memphis.open}}": "something new belongs into the `set` of the site",
    }.items():
        said = {"variant": f"variants: {{v: {{{wrong}}}}}", "option": f"options: {{o: {{changes: {{{wrong}}}}}}}"}
        text = TWO.partition("activities:")[0] + said.get(how, wrong) + "\n"
        text += f"supplies: {{{goods}}}\n" * (how in said)
        if how == "nested":
            (folder / "two.yaml").write_text(text)
            text = "name: World\ninclude: {us: {file: two.yaml}}\n"
        with pytest.raises(ScenarioError) as caught:
            opened(text, **layers)
        assert "1 problem" in str(caught.value)
        assert told in str(caught.value)


ABOUT = """
resources: {memphis.crew: {count: 3}}
supplies: {transformers: {unit: transformer, orders: {batch: {amount: 99, lead_time: 2 d}}}}
options:
  texas_crews: {cost: 1 USD, changes: {resources: {texas.crew: {count: 4}}}}
  more: {cost: 1 USD, changes: {resources: {memphis.crew: {count: 4}}}}
variants:
  without: {include: {texas: null}, resources: {texas.crew: null}}
  parts: {supplies: {transformers: {allocation: {memphis: 0.5, texas: 0.4}}}}
  texas_late: {activities: {texas.build: {not_before: 2024-02-02}}}
"""


@pytest.mark.parametrize(
    "how", [{"overrides": {"include.texas": None}}, {"variants": ["without"]}, {"site": "memphis"}]
)
def test_options_and_variants_of_a_site_go_with_it(opened, how):
    text = TWO.partition("activities:")[0] + ABOUT
    scenario = opened(text, **how)
    assert ([*scenario.options], [*scenario.variants]) == (["memphis.air", "more"], ["without"])
    said = [str(warning) for warning in scenario.warnings]
    assert len(said) == 3
    assert "line 12: options.texas_crews: this option is left out: it is about 'texas', a site that is left out" in said
    refused(lambda: opened(text, options=["texas_crews"], **how), "resources.texas.crew: no site 'texas' is left")
    assert len(opened(text).variants) == 3
    assert not any("left out" in str(warning) for warning in dcsim.check(opened(text).document.name).warnings)


def test_what_is_said_about_a_site_that_is_left_out_is_refused(opened):
    text = TWO.partition("activities:")[0] + "resources: {texas.crew: {count: 9}}\n"
    gone = {"include.texas": None}
    refused(lambda: opened(text, overrides=gone), "1 problem", "line 8: resources.texas.crew: no site 'texas' is left")
    refused(lambda: opened(overrides={"sites.texas": None}), "1 problem", "is left out with `include.texas=null`")
    both = TWO.partition("activities:")[0]
    refused(lambda: opened(both, overrides={**gone, "include.memphis": None}), "1 problem", "include: no site is left")


def test_one_mistake_is_told_once(opened):
    dotted = TWO.replace("memphis:", "mem.phis:").partition("activities:")[0]
    refused(lambda: opened(dotted), "1 problem", "line 6: include.mem.phis: the name 'mem.phis' contains a '.'")
    theirs = TWO.replace("parameters.racks: 2", '"activities.build.duration": "= pace"').partition("activities:")[0]
    reserved = TWO.replace("memphis:", "site:").partition("activities:")[0]
    refused(lambda: opened(reserved), "1 problem", "line 6: include.site: a site cannot have the name 'site'")
    soon = TWO.replace("label: Memphis", "needed_by: soon")
    refused(lambda: opened(soon), "1 problem", "line 6: include.memphis.needed_by: expected a date")
    said = "no parameter or choice 'pace'"
    refused(lambda: opened(theirs + "parameters: {pace: 2 d}\n"), "1 problem", said, "see its own parameters alone")


def test_what_is_wrong_is_told_with_file_and_line(opened, folder):
    refused(lambda: opened(TWO.replace("sites/one.yaml, label", "../one.yaml, label")), "line 6", "outside the folder")
    refused(lambda: opened(TWO.replace("sites/one.yaml, label", "nowhere.yaml, label")), "line 6", "there is no file")
    refused(lambda: opened(TWO.replace("file: sites/one.yaml, label", "label")), "line 6", "a site needs `file`")
    refused(lambda: opened(TWO.replace("label:", "labl:")), "line 6", "did you mean 'label'")
    other = TWO.replace("sites/one.yaml, label", "portfolio.yaml, label")
    refused(lambda: opened(other), "line 6", "include each other in a loop")
    horizons = TWO.replace("horizon: 200 d\n", "").replace("racks: 2, day", "racks: 2, horizon: 1 year, day")
    refused(lambda: opened(horizons), "line 6", "horizons 200 d and 1 year", "give the portfolio a `horizon`")
    refused(lambda: opened(TWO.replace("set: {", "set: {resources.crw.count: 3, ")), "line 7", "crw")
    units = TWO + SHARED.replace("unit: transformer", "unit: MW")
    refused(lambda: opened(units), "sites/one.yaml", "line 16", "unit is transformer", "shares: {transformers: null}")
    shares = TWO.replace("label: Memphis", "shares: {transformers: trafos}") + SHARED
    refused(lambda: opened(shares), "line 6", "shares nothing called 'trafos'; ", "'transformers'")
    shares = TWO.replace("label: Memphis", "shares: {transfrmrs: transformers}") + SHARED
    refused(lambda: opened(shares), "line 6", "nothing in 'memphis' is called 'transfrmrs'; did you mean")
    docks = TWO + "resources: {dock: 1}\n"
    refused(lambda: opened(docks), "sites/one.yaml", "line 12", "every 'hall' has for itself cannot be shared")
    (folder / "sites" / "one.yaml").write_text(SITE.replace("after: build", "after: biuld"))
    refused(opened, "sites/one.yaml", "line 25", "memphis.biuld", "did you mean 'memphis.build'")


@pytest.mark.slow
def test_hostile_portfolios_end(opened, folder, monkeypatch):
    for k in range(9):
        inner = ", ".join(f"s{i}: {{file: f{k + 1}.yaml}}" for i in range(9))
        (folder / f"f{k}.yaml").write_text(f"include: {{{inner}}}\n")
    (folder / "f9.yaml").write_text(SITE)
    monkeypatch.setattr("dcsim.scenario.portfolio.MOST_SITES", 50)
    refused(lambda: opened((folder / "f0.yaml").read_text()), "and 50 sites")
    monkeypatch.setattr("dcsim.scenario.portfolio.VALUES_PER_GIB", 50)
    refused(lambda: opened(TWO), "more than 200 values")


# Who gets what is scarce

LOTS = {
    "name": "a site",
    "places": {"lot": {"count": 4}},
    "supplies": {"goods": {"unit": "GPU"}, "done": {"unit": "GPU"}},
    "activities": {"use": {"at": "lot", "duration": "1 h", "consumes": {"goods": 2}, "produces": {"done": 2}}},
    "milestones": {"all": {"supply": "done", "reaches": 4}},
}
"""Four lots of two units each."""


def scarce(folder, allocation="first come", **more):
    """Site a needs 8 units and b 4, of which 3 are there and 3 more come every day."""
    (folder / "s.yaml").write_text(json.dumps(LOTS))
    order = {"amount": 9, "lots": 3, "every": "1 d", "lead_time": "1 d"}
    return {
        "name": "portfolio",
        "start": "2024-01-01",
        "horizon": "60 d",
        "include": {
            "a": {"file": "s.yaml", "needed_by": "2024-03-01"},
            "b": {"file": "s.yaml", "needed_by": "2024-02-01", "priority": 2, "set": {"places.lot.count": 2}},
        },
        "supplies": {
            "goods": {"unit": "GPU", "initial": 3, "orders": {"o": order}, "allocation": allocation, **more},
            "total": {"unit": "GPU", "total_of": "done"},
        },
        "milestones": {"ten": {"supply": "total", "reaches": 10}},
    }


def arrivals(data, folder, **how):
    """What arrives, by day and place."""
    run = dcsim.simulate(dcsim.load(data, root=folder), engine="reference", **how)
    table = run.deliveries.assign(day=run.deliveries["tick"] // 1440)
    return table.pivot_table(index="day", columns="place", values="amount", fill_value=0)


ALLOCATIONS = {
    "first come": ([0, 1, 1, 2], [3, 3]),
    "priority": ([1, 2, 3, 3], [0, 1]),
    "date needed": ([1, 2, 3, 3], [0, 1]),
    "proportional": ([0, 1, 2, 3], [1, 3]),
}
"""Days of the starts at a and at b."""


@pytest.mark.parametrize("allocation", ALLOCATIONS)
def test_who_gets_scarce_goods(folder, allocation, engine):
    run = dcsim.simulate(dcsim.load(scarce(folder, allocation), root=folder), expected=True, engine=engine)
    days = {site: sorted(row[3] // 1440 for row in rows_of(run, site)) for site in "ab"}
    assert (days["a"], days["b"]) == ALLOCATIONS[allocation]


def test_shared_resources_are_given_by_priority_too(folder):
    data = scarce(folder, initial=99)
    data["resources"] = {"crane": {"count": 1, "allocation": "priority"}}
    for site in "ab":
        data["include"][site].setdefault("set", {})["activities.use.requires"] = {"crane": 1}
    run = dcsim.simulate(dcsim.load(data, root=folder), expected=True, engine="reference")
    assert [row[3] // 60 for site in "ba" for row in sorted(rows_of(run, site), key=lambda row: row[3])] == [*range(6)]


def test_attempts_and_repairs_take_turns_by_what_each_takes_itself(folder, engine):
    """A repair with a shared crane goes before work with a higher priority at a site with a lower one."""
    rework = {"probability": 0.6, "duration": "1 h", "requires": {"crane": 1}}
    tested = {"duration": "1 h", "consumes": {"goods": 2}, "rework": rework}
    data = scarce(folder, initial=99)
    data["resources"] = {"crane": {"count": 1, "allocation": "priority"}}
    data["include"]["a"]["set"] = {"activities.use.requires": {"crane": 1}, "activities.use.priority": 9}
    data["include"]["b"]["set"] = {"places.lot.count": 1, "activities.use": tested, "milestones": None}
    run = dcsim.simulate(dcsim.load(data, root=folder), expected=True, engine=engine)
    assert run.attempts[["kind", "start"]].to_numpy().tolist() == [["work", 0], ["repair", 60], ["work", 120]]
    assert run.activities["start"].tolist()[:4] == [0, 120, 180, 240]


def test_in_a_portfolio_of_portfolios_the_sites_of_the_one_that_shares_take_turns(folder):
    data = scarce(folder, "priority")
    (folder / "inner.yaml").write_text(json.dumps({"include": data["include"]}))
    include = {
        "w": {"file": "inner.yaml", "priority": 9, "shares": {"a.goods": "goods", "b.goods": "goods"}},
        "c": {"file": "s.yaml", "priority": 5},
    }
    loaded = dcsim.load({**data, "include": include}, root=folder)
    run = dcsim.simulate(loaded, expected=True, engine="reference")
    started = {site: sum(row[3] is not None for row in rows_of(run, site)) for site in ("w.a", "w.b", "c")}
    assert started == {"w.a": 4, "w.b": 2, "c": 0}  # there are goods for six
    told = by_the_law(loaded.document.values)
    columns = ["activity", "place", "ready", "start", "finish", "attempts", "used", "held_by"]
    assert rows(run.activities, columns) == sorted((tuple(row) for row in told.activities), key=repr)


def test_reserved_shares_are_whole_units_of_every_lot(folder):
    shares = {"a": 0.5, "b": "0.1"}
    table = arrivals(scarce(folder, shares), folder, expected=True)
    assert table.to_dict("list") == {"a": [1, 2, 1], "b": [0, 0, 1], "site": [2, 1, 1]}
    stocks = network_of(dcsim.load(scarce(folder, shares), root=folder)).stocks
    assert [stock.initial for stock in stocks if stock.name == "goods"] == [1, 0, 2]


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.4), (0.3, 0.5, 0.1), (0, 0.2, 0.8), (0.8, 0.2, 0), (1, 0, 0)])
def test_no_part_shrinks_as_more_units_come(folder, shares):
    sites = dict(zip("abc", shares, strict=True))
    data = scarce(folder, sites)
    data["include"]["c"] = {"file": "s.yaml"}
    orders = [order for order in network_of(dcsim.load(data, root=folder)).orders if order.name == "o"]
    parts = np.array([[order.divided.part(n) for order in orders] for n in range(200)])
    assert (parts.sum(axis=1) == np.arange(200)).all()
    assert (np.diff(parts, axis=0) >= 0).all()
    least = [math.floor(Fraction(str(share)) * 199) for share in shares]
    assert (parts[-1][:3] >= least).all()


def test_sites_of_an_included_portfolio_have_one_part_of_what_is_divided_by_need(folder):
    data = scarce(folder, "proportional")
    (folder / "inner.yaml").write_text(
        json.dumps({**data, "include": data["include"], "supplies": {}, "milestones": {}})
    )
    shares = {"a.goods": "goods", "b.goods": "goods"}
    data["include"] = {"w": {"file": "inner.yaml", "shares": shares}, "c": {"file": "s.yaml"}}
    stocks = network_of(dcsim.load(data, root=folder)).stocks
    assert [stock.place for stock in stocks if stock.name == "goods"] == ["w", "c", "site"]


def test_parts_of_a_production_are_whole_and_add_up(folder):
    made = {"rate": "7 / d", "every": "1 d", "until": "8 d"}
    table = arrivals(scarce(folder, {"a": 0.3, "b": 0.7}, production=made, orders={}), folder, expected=True)
    assert (table.sum(axis=1) == 7).all()
    assert (abs(table["a"].cumsum() - 0.3 * 7 * table.index) < 1).all()


@pytest.mark.parametrize("most", [1_000, 2**60])
def test_parts_of_several_numbers_are_those_of_each(most):
    shares = Fraction(1, 3), Fraction(0), Fraction(1, 10**20), Fraction(0.7), Fraction(9, 11)
    numbers = [*range(50), most - 1, most]
    for k, share in enumerate(shares):
        divided = Divided(0, shares[:k], share)
        assert divided.parts(np.array(numbers)).tolist() == [divided.part(n) for n in numbers]


def test_the_parts_of_an_order_come_together(folder):
    orders = {"o": {"amount": 4, "lead_time": "10 to 30 d"}}
    parts = arrivals(scarce(folder, {"a": 0.5, "b": 0.5}, orders=orders), folder, seed=4)
    whole = arrivals(scarce(folder, orders=orders), folder, seed=4)
    assert parts.index.tolist() == whole.index.tolist()
    assert parts.to_numpy().tolist() == [[2, 2]]


def test_the_total_of_all_sites_is_counted(folder):
    run = dcsim.simulate(dcsim.load(scarce(folder), root=folder), expected=True, engine="reference")
    assert run.milestones.set_index("milestone")["tick"].to_dict() == {"a.all": 1500, "b.all": 4380, "ten": 4380}


def counted(scenario, *names):
    """What there is in the end of these supplies."""
    table = dcsim.simulate(scenario, expected=True, engine="reference").supplies
    return [int(table[table["supply"] == name]["total"].iloc[-1]) for name in names]


def test_a_total_counts_the_sites_of_included_portfolios_once(folder):
    data = scarce(folder, initial=99)
    (folder / "two.yaml").write_text(json.dumps(data))
    outer = {
        "name": "outer",
        "include": {"us": {"file": "two.yaml"}, "c": {"file": "s.yaml", "set": {"supplies.goods.initial": 9}}},
        "supplies": {"sum": {"unit": "GPU", "total_of": "done"}, "all": {"unit": "GPU", "total_of": "total"}},
    }
    sites = ("us.a.done", "us.b.done", "c.done")
    found = counted(dcsim.load(outer, root=folder), "sum", "us.total", "all", *sites)
    assert found == [20, 12, 12, 8, 4, 8]
    data["supplies"]["done"] = data["supplies"].pop("total")  # a total with the name of what it counts
    del data["milestones"]
    for entry in data["include"].values():
        entry["shares"] = {"done": None}
    (folder / "two.yaml").write_text(json.dumps(data))
    del outer["supplies"]["all"]
    assert counted(dcsim.load(outer, root=folder), "sum", "us.done", *sites) == [20, 12, 8, 4, 8]


@pytest.mark.parametrize("how", ["entry", "set", "option", "nested"])
def test_a_total_counts_what_is_produced_after_all_layers(folder, how):
    data = scarce(folder, initial=99)
    more = {"activities": {"a.use": {"produces": {"a.done": 7}}}}
    layers = {}
    if how == "set":
        layers["overrides"] = {"activities.a.use.produces.a.done": 7}
    elif how == "option":
        data |= {"options": {"big": {"cost": "1 USD", "changes": more}}}
        layers["options"] = ["big"]
    elif how == "entry":
        data |= more
    else:
        (folder / "two.yaml").write_text(json.dumps(data))
        data = {"name": "outer", "include": {"us": {"file": "two.yaml"}}}
        layers["overrides"] = {"activities.us.a.use.produces.us.a.done": 7}
    names = [("us." if how == "nested" else "") + name for name in ("total", "a.done", "b.done")]
    assert counted(dcsim.load(data, root=folder, **layers), *names) == [32, 28, 4]


def test_a_total_has_one_unit_after_all_layers(folder):
    data = scarce(folder, initial=99)
    other = {"supplies.a.done.unit": "kW"}
    refused(lambda: dcsim.load(data, root=folder, overrides=other), "supplies.a.done.unit", "'total' is in GPU, not kW")
    data["supplies"]["a.done"] = {"unit": "kW", "within": {"site": {"initial": 3}}}
    refused(lambda: dcsim.load(data, root=folder), "is in GPU, not kW", "it can have no `initial`")
    data["supplies"]["total"]["unit"] = "kW"
    refused(lambda: dcsim.load(data, root=folder), "supplies.b.done.unit", "is in kW, not GPU")


def test_wrong_allocations_are_told(folder):
    def load(allocation, **more):
        return lambda: dcsim.load(scarce(folder, allocation, **more), root=folder)

    refused(load({"a": 0.5, "c": 0.5}), "supplies.goods.allocation.c", "no site 'c'")
    refused(load({"a": 0.5, "b": 0.7}), "add up to 1.2")
    refused(load("by lot"), "expected 'first come', 'priority', 'date needed' or 'proportional', got 'by lot'")
    late = {"o": {"amount": 9, "lots": 3, "placed": {"after": "a.use"}}}
    refused(load("proportional", initial=9, orders=late), "must come in one lot")
    refused(load("first come", total_of="nothing"), "no site has a supply 'nothing'")
    goods = {"goods": {"allocation": "priority"}}
    alone = {"name": "x", "start": "2024-01-01", "supplies": goods, "activities": {"a": {}}}
    refused(lambda: dcsim.load(alone), "only a portfolio")


# Generated sites, an independent program, and both engines


@cache
def _alike():
    """Generated scenarios with the same clock, in pairs."""
    by_clock = defaultdict(list)
    for seed in range(400):
        data = (scenario, linked)[seed % 2](random.Random(seed))
        by_clock[data["start"], data.get("horizon")].append(data)
    return [pair for some in by_clock.values() for pair in zip(some[::2], some[1::2], strict=False)]


def _portfolio(pair, folder, *, shared):
    """Two generated scenarios as sites; they share what the first has once and both can have."""
    for name, data in zip("ab", pair, strict=True):
        (folder / f"{name}.yaml").write_text(json.dumps(data, default=str))
    own = {}
    for section in ("supplies", "resources") if shared else ():
        there = pair[0].get(section, {})
        unlike = [k for k, v in there.items() if isinstance(v, dict) and ("per" in v or _bound(v, pair[0]))]
        unlike += [k for k, v in pair[1].get(section, {}).items() if isinstance(v, dict) and "per" in v]
        units = {k for k, v in there.items() if section == "supplies" and v.get("unit") == _unit(pair[1], k, v)}
        own[section] = {k: v for k, v in there.items() if k not in unlike and (section == "resources" or k in units)}
    data = {"name": "pair", "include": {name: {"file": f"{name}.yaml"} for name in "ab"}, **own}
    return dcsim.load(data, root=folder)


def _bound(spec, data):
    """Whether something refers to what the site alone knows."""
    return any(
        f"'{name}'" in str(spec) for section in ("calendars", "factors", "activities") for name in data.get(section, {})
    )


def _unit(data, name, default):
    return data.get("supplies", {}).get(name, default).get("unit")


@pytest.mark.slow
@pytest.mark.parametrize(("shared", "first", "last"), [(False, 0, 3), (True, 0, 4), (True, 4, 24)])
def test_the_written_law_holds_for_portfolios(tmp_path, shared, first, last):
    """The reference engine does what a plain program that follows the text does; alone and together a site is alike."""
    compared = 0
    for number, pair in enumerate(_alike()[first:last]):
        try:
            merged = _portfolio(pair, tmp_path, shared=shared)
        except ScenarioError:
            assert shared  # a shared supply need not suffice for both
            continue
        told, run = by_the_law(merged.document.values), dcsim.simulate(merged, expected=True, engine="reference")
        columns = ["activity", "place", "ready", "start", "finish", "attempts", "used", "held_by"]
        assert rows(run.activities, columns) == sorted((tuple(row) for row in told.activities), key=repr), number
        compared += 1
        if not shared:
            alone = dcsim.simulate(pair[0], expected=True, engine="reference")
            columns.remove("used")
            assert rows_of(run, "a") == sorted(rows(alone.activities, columns), key=repr), number
    assert compared >= (last - first) // 2


@pytest.mark.compiled
def test_engines_agree_on_portfolios(tmp_path):
    for number, pair in enumerate(_alike()[:60]):
        try:
            network = network_of(_portfolio(pair, tmp_path, shared=bool(number % 2)))
        except ScenarioError:
            continue
        for chance in (Expectation(), Sample(number)):
            draws = draw(network, chance)
            assert same_trace(*(engine()(network, draws) for engine in ENGINES.values())), number


def test_who_took_what_another_site_waited_for(folder):
    loaded = dcsim.load(scarce(folder, "priority"), root=folder)
    report = dcsim.simulate(loaded, expected=True, engine="reference").report()
    (said,) = next(section.points for section in report.sections if section.title.startswith("Who took"))
    assert said == "a waits for goods, up to 3.0 days; meanwhile b took 4 GPU"
    told = dcsim.explain(loaded, milestone="a.all", n=4, workers=1, engine="reference")
    assert told.tables["taken"].to_numpy().tolist() == [["a", "goods", 3.0, "b", 4]]
    assert "taken" not in dcsim.explain(loaded, milestone="ten", n=4, workers=1, engine="reference").tables


# Who gets what, by an independent program


RULES = ("first come", "priority", "date needed", "proportional", "shares")
"""Every way to say who gets what is scarce."""


def _contended(rng):
    """Sites that want more than there is of shared goods and crews, and the portfolio that shares them."""
    names = ["a", "b", "c", "d"][: rng.randint(2, 4)]
    sites = {name: _wanting(rng) for name in names}
    supplies = {}
    for good in ("goods", "parts"):
        rule = rng.choice(RULES)
        if rule == "shares":
            some = rng.sample(names, rng.randint(1, len(names)))
            rule = {name: rng.choice((0, 0.1, 0.17, 0.25)) for name in some}
        spec = supplies[good] = {"unit": "GPU", "initial": rng.randint(0, 7), "allocation": rule}
        lots = rng.randint(1, 5)
        order = {
            "amount": rng.randint(lots, 30),
            "lots": lots,
            "lead_time": rng.choice(["0 d", "1 h", "1 d"]),
            "every": "7 h",
        }
        spec["orders"] = {
            "first": order,
            "late": {"amount": 60, "lead_time": "4 d", "lots": rng.randint(1, 9), "every": "3 h"},
        }
        if rng.random() < 0.5:
            rate = rng.choice(["3 / h", "5 / d", "0.7 / h"])
            spec["production"] = {
                "rate": rate,
                "every": rng.choice(["1 h", "5 h", "1 d"]),
                "from": rng.choice(["0 d", "9 h"]),
            }
    turns = RULES[:3]
    resources = {name: {"count": rng.randint(2, 3), "allocation": rng.choice(turns)} for name in ("crew", "crane")}
    include = {
        name: {
            "file": f"{name}.yaml",
            "priority": rng.choice([-1, 0, 0, 1, 2]),
            "needed_by": f"2024-03-{rng.choice([5, 12, 12, 20]):02}",
        }
        for name in names
    }
    del include[rng.choice(names)]["needed_by"]
    if rng.random() < 0.5:
        include[rng.choice(names)]["start"] = rng.choice(["2024-03-12", "2024-03-11 05:30", "2024-03-14"])
    own = {"own": {"duration": "1 h", "consumes": {"goods": rng.randint(0, 2)}, "requires": {"crew": 1}}}
    own["visit"] = {"at": f"{names[0]}.lot", "duration": "30 min", "consumes": {"parts": 1}}
    risks = {"late": {"probability": 1, "begins": "2 h", "lasts": "1 d", "delays": {"supplies.goods": "90 min"}}}
    if rng.random() < 0.5:
        risks = {}
    portfolio = {"name": "p", "start": "2024-03-11", "horizon": "40 d", "include": include}
    return sites, {**portfolio, "supplies": supplies, "resources": resources, "activities": own, "risks": risks}


def _wanting(rng):
    """A site with lots that take shared goods, crews or both, with priorities, alternatives, ways and repairs."""
    times = ("0 min", "30 min", "1 h", "1 h", "2 h", "90 min")
    use = {"at": "lot", "duration": rng.choice(times), "consumes": {"goods": rng.randint(1, 3)}}
    build = {
        "at": "lot",
        "duration": rng.choice(times),
        "requires": {rng.choice(["crew", "crane | crew"]): 1},
        "after": "use",
    }
    both = {"at": "lot", "duration": rng.choice(times), "consumes": {"goods": 1, "parts": 2}, "requires": {"crew": 1}}
    more = {"duration": "1 h", "consumes": {"parts": rng.randint(0, 4)}, "priority": rng.choice([-5, 0, 3, 1_000_000])}
    more["ways"] = {"fast": {"requires": {"crew": 2}, "duration": "30 min"}, "slow": {"requires": {"crane": 1}}}
    if rng.random() < 0.5:
        build["rework"] = {"probability": 0.5, "duration": "30 min", "requires": {"crane": 1}}
    if rng.random() < 0.5:
        use["within"] = {"lot1": {"consumes": {"goods": 0, "parts": 1}}}
    if rng.random() < 0.3:
        both["only"] = "lot2"
    for part in (use, build, both):
        part["priority"] = rng.choice([0, 0, 1, -1])
    activities = {"use": use, "build": build, "both": both, "more": more}
    order = rng.sample(list(activities), 4)
    goods = {name: {"unit": "GPU", "initial": 99} for name in ("goods", "parts")}
    return {
        "name": "s",
        "places": {"lot": {"count": rng.randint(2, 4)}},
        "supplies": goods,
        "resources": {"crew": 3, "crane": 3},
        "activities": {name: activities[name] for name in order},
        "milestones": {"all": {"activity": "build"}},
    }


def _loaded(seed, folder):
    """A generated portfolio."""
    sites, portfolio = _contended(random.Random(seed))
    for name, site in sites.items():
        (folder / f"{name}.yaml").write_text(json.dumps(site))
    return dcsim.load(portfolio, root=folder)


@pytest.mark.parametrize(
    "first", [0, pytest.param(20, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.slow)]
)
def test_the_written_law_says_who_gets_what(tmp_path, first):
    """The reference engine gives scarce goods to whom a plain program gives them that follows the text."""
    for seed in range(first, first + (20 if not first else 40)):
        loaded = _loaded(seed, tmp_path)
        told, run = by_the_law(loaded.document.values), dcsim.simulate(loaded, expected=True, engine="reference")
        columns = ["activity", "place", "ready", "start", "finish", "attempts", "used", "held_by"]
        assert rows(run.activities, columns) == sorted((tuple(row) for row in told.activities), key=repr), seed
        arrived = rows(run.deliveries, ["tick", "supply", "place", "amount"])
        assert [row for row in arrived if row[3]] == sorted((tuple(row[:4]) for row in told.deliveries), key=repr), seed
        columns = ["activity", "place", "from", "to", "cause", "waiting"]
        assert rows(run.shortages, columns) == sorted(map(tuple, told.shortages), key=repr), seed


@pytest.mark.compiled
def test_engines_agree_on_who_gets_what(tmp_path):
    for seed in range(80):
        network = network_of(_loaded(seed, tmp_path))
        for chance in (Expectation(), Sample(seed)):
            draws = draw(network, chance)
            assert same_trace(*(engine()(network, draws) for engine in ENGINES.values())), seed
