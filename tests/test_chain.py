"""The driving chain: it adds up to the minute, is the same from both engines, and names what really drove."""

import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from builders import EACH_ENGINE, network
from generated import linked, scenario

import dcsim
import dcsim.study.store
from dcsim.analysis.chain import codes_of, minutes_by_code, segments
from dcsim.chain import chains, follower
from dcsim.engine import ENGINES, new_runner
from dcsim.engine.draws import Expectation, Sample, draw
from dcsim.study.cash import network_of
from dcsim.study.explain import explain
from dcsim.study.result import Result
from dcsim.trace import NOT

DAY = 1440


def chain_of(spec, engine, milestone="end", **how):
    """(kind, name, from, to) of the segments of a milestone's chain with expected values, and whose they are."""
    built = network_of(dcsim.load(spec, **how))
    draws = draw(built, Expectation())
    number = [one.name for one in built.milestones].index(milestone)
    (chain,) = chains(ENGINES[engine]()(built, draws), draws, [built.milestones[number].gate])
    return segments(built, draws, milestone, chain)


def told(spec, engine, **how):
    frame = chain_of(spec, engine, **how)
    return list(frame[["kind", "name", "begins", "ends"]].itertuples(index=False, name=None))


def until(activity, **more):
    """A milestone at the finish of an activity."""
    return {"milestones": {"end": {"activity": activity}}, **more}


# On generated networks


def rows(chain):
    return [tuple(row) for row in chain.tolist()]


def adds_up(chain, reached):
    """Whether the segments follow each other without a gap from the first tick to that of the milestone."""
    told = rows(chain)
    if reached < 0:
        return not told
    edges = [0, *(row[1] for row in told)]
    return [row[0] for row in told] == edges[:-1] and edges[-1] == reached and edges == sorted(edges)


IN_ONE_TICK = (50_176, 105_350, 126_687)
"""Networks in which an order without lead time brings more of what it waited for, all in one tick."""


@pytest.mark.compiled
@pytest.mark.parametrize("batch", range(6))
def test_chains_add_up_and_engines_agree(batch):
    """To the tick, from the trace of either engine, and from the compiled engine's own tables."""
    for seed in (*range(50_000 + 40 * batch, 50_000 + 40 * (batch + 1)), *IN_ONE_TICK[batch : batch + 1]):
        built = network_of(dcsim.load((scenario, linked)[seed % 5 == 3](random.Random(seed))))
        gates = [milestone.gate for milestone in built.milestones]
        for chance in (Expectation(), Sample(seed)):
            draws = draw(built, chance)
            traces = [ENGINES[engine]()(built, draws) for engine in ("reference", "compiled")]
            found = [chains(trace, draws, gates) for trace in traces]
            for one, other, reached in zip(*found, traces[0].reached.tolist(), strict=True):
                assert adds_up(one, reached), f"network {seed} with {chance}"
                assert rows(one) == rows(other), f"network {seed} with {chance}"
        outcome = new_runner("compiled", built, seed, follower(built, gates)).run(0, {})
        assert [rows(chain) for chain in outcome.chains] == [rows(chain) for chain in found[0]], f"network {seed}"


WITHOUT_NUMBA = """
import random, sys
sys.modules["numba"] = None
sys.path.insert(0, "tests")
from generated import linked, scenario
import dcsim
from dcsim.study.cash import network_of
from dcsim.engine import reference
from dcsim.chain import chains
from dcsim.engine.draws import Sample, draw

for seed in range(50_000, 50_010):
    built = network_of(dcsim.load(scenario(random.Random(seed))))
    draws = draw(built, Sample(seed))
    found = chains(reference.run(built, draws), draws, [one.gate for one in built.milestones])
    print([chain.tolist() for chain in found])
"""


@pytest.mark.slow
def test_chains_are_the_same_without_numba():
    done = subprocess.run([sys.executable, "-c", WITHOUT_NUMBA], capture_output=True, text=True, check=True)
    for seed, line in zip(range(50_000, 50_010), done.stdout.splitlines(), strict=True):
        built = network_of(dcsim.load(scenario(random.Random(seed))))
        draws = draw(built, Sample(seed))
        found = chains(ENGINES["reference"]()(built, draws), draws, [one.gate for one in built.milestones])
        assert str([chain.tolist() for chain in found]) == line, f"network {seed}"


@pytest.mark.slow
def test_days_add_up_in_every_replication():
    """Of each replication the minutes by cause are those of the milestone, whatever lies before day zero."""
    for seed in range(60_000, 60_030):
        loaded = dcsim.load(scenario(random.Random(seed)))
        built = network_of(loaded)
        names = [milestone.name for milestone in built.milestones]
        if not names:
            continue
        many = dcsim.replicate(loaded, 6, seed=seed, engine="reference", explain=names)
        for number, name in enumerate(names):
            spent, touched = many.chains(name)
            reached = many.kept.reached[:, number]
            assert (spent.sum(axis=1) == np.where(reached < 0, 0, reached - built.day_zero)).all(), f"network {seed}"
            assert not touched[reached < 0].any()
            assert touched[reached >= 0].any(axis=1).all() or built.day_zero == 0


def test_the_days_of_each_replication_are_kept(tmp_path):
    loaded = dcsim.load("configs/minimal.yaml")
    many = dcsim.replicate(loaded, 10, explain=["all_running"], out=tmp_path / "out")
    kept = dcsim.study.store.read(tmp_path / "out").tables["chain"]
    days = kept.groupby("replication")["days"].sum()
    assert days.to_numpy() == pytest.approx(many.days_of("all_running"))
    assert set(kept["kind"]) <= {"work", "rework", "resource", "calendar", "order", "placed", "date", "start"}


@pytest.mark.compiled
def test_replications_are_explained_alike_by_both_engines():
    loaded = dcsim.load("configs/minimal.yaml")
    results = [
        dcsim.replicate(loaded, 10, engine=engine, explain=["all_running"]).chains("all_running")
        for engine in ("reference", "compiled")
    ]
    for one, other in zip(*results, strict=True):
        assert (one == other).all()


# What drives


def test_work_follows_the_predecessor_that_finished_last(engine):
    assert told(network("a=5 b=9 c=2<a,b", **until("c")), engine) == [("work", "b", 0, 9), ("work", "c", 9, 11)]


def test_waiting_for_a_resource_leads_to_who_gave_it_back(engine):
    """While b waits, the time counts for the crew; what a worked before b was ready is its own work."""
    spec = network("first=3 a=10:crew b=4<first:crew", crew=1, **until("b"))
    assert told(spec, engine) == [("work", "a", 0, 3), ("resource", "crew", 3, 10), ("work", "b", 10, 14)]


def test_a_queue_at_a_resource_is_waiting_for_it_all_the_way(engine):
    spec = network("a@rack=5:crew", places={"rack": 4}, crew=1, milestones={"end": {"activity": "a"}})
    handed_on = [("resource", "crew", tick, tick + 5) for tick in (0, 5, 10)]
    assert told(spec, engine) == [*handed_on, ("work", "a", 15, 20)]
    last = chain_of(spec, engine).iloc[-1]
    assert (last["activity"], last["place"]) == ("a", "rack4")


def test_a_delivery_leads_to_its_order(engine):
    orders = {"first": {"amount": 1, "placed": "2024-01-03", "lead_time": "3 d"}}
    spec = network("a=60", supplies={"parts": {"orders": orders}}, a={"consumes": {"parts": 1}}, **until("a"))
    assert told(spec, engine) == [
        ("placed", "parts.first", 0, 2 * DAY),
        ("order", "parts.first", 2 * DAY, 5 * DAY),
        ("work", "a", 5 * DAY, 5 * DAY + 60),
    ]


def test_an_order_that_waited_leads_to_what_it_waited_for(engine):
    orders = {"first": {"amount": 1, "placed": {"after": "design", "lag": "1 d"}, "lead_time": "3 d"}}
    supplies = {"parts": {"orders": orders}}
    spec = network("design=120 a=60", supplies=supplies, a={"consumes": {"parts": 1}}, **until("a"))
    assert told(spec, engine) == [
        ("work", "design", 0, 120),
        ("lag", "parts.first", 120, 120 + DAY),
        ("order", "parts.first", 120 + DAY, 120 + 4 * DAY),
        ("work", "a", 120 + 4 * DAY, 180 + 4 * DAY),
    ]


def test_an_order_may_bring_more_of_what_it_waited_for(engine):
    """The first part opens the milestone, the order that waited for it brings the others."""
    orders = {"more": {"amount": 4, "placed": {"after": "begun"}, "lead_time": "3 d"}}
    spec = network("prep=60 a=30<prep", supplies={"parts": {"orders": orders}}, prep={"produces": {"parts": 1}})
    spec["milestones"] = {"begun": {"supply": "parts", "reaches": 1}, "end": {"supply": "parts", "reaches": 5}}
    expected = [("work", "prep", 0, 60), ("order", "parts.more", 60, 60 + 3 * DAY)]
    assert told(spec, engine) == expected
    spec["activities"]["prep"]["duration"] = "1 to 9 h"
    many = dcsim.replicate(dcsim.load(spec), 8, engine=engine, explain=["end"])
    assert many.chains("end")[0].sum(axis=1) / DAY == pytest.approx(many.days_of("end"))
    assert (many.chain.set_index("kind")["days"]["order"] == 3).all()


@pytest.mark.parametrize("day_zero", ["2024-06-01", "2023-12-01", "2024-01-01"])
def test_days_add_up_wherever_day_zero_lies(day_zero, engine):
    """Before the milestone, after it, before the clock starts; and for what is there at once."""
    spec = network("a=5d", supplies={"parts": {"initial": 3}}, day_zero=day_zero, **until("a"))
    spec["milestones"]["at_once"] = {"supply": "parts", "reaches": 2}
    for milestone in ("end", "at_once"):
        result = explain(dcsim.load(spec), milestone=milestone, n=2, engine=engine)
        assert result.days["mean"].sum() == pytest.approx(result.about["p50"])


def test_a_producer_of_a_supply_drives_who_needs_it(engine):
    supplies = {"power": {"unit": "kW"}}
    more = {"plant": {"produces": {"power": 10}}, "run": {"consumes": {"power": 10}}}
    spec = network("plant=30 run=5", supplies=supplies, **more, **until("run"))
    assert told(spec, engine) == [("work", "plant", 0, 30), ("work", "run", 30, 35)]


def test_a_production_ends_the_chain(engine):
    supplies = {"chips": {"production": {"rate": "1 / d", "every": "1 d"}}}
    spec = network("a=60", supplies=supplies, a={"consumes": {"chips": 3}}, **until("a"))
    assert told(spec, engine) == [("production", "chips", 0, 3 * DAY), ("work", "a", 3 * DAY, 3 * DAY + 60)]


def test_what_a_risk_takes_from_a_production_is_its_own(engine):
    supplies = {"chips": {"production": {"rate": "1 / d", "every": "1 d"}}}
    risks = {"fire": {"probability": 1, "effects": {"supplies.chips": 0.5}}}
    spec = network("a=60", supplies=supplies, risks=risks, a={"consumes": {"chips": 3}}, **until("a"))
    assert told(spec, engine)[:2] == [("production", "chips", 0, 3 * DAY), ("risk", "fire", 3 * DAY, 6 * DAY)]


def test_nights_inside_work_and_before_it_are_the_calendar_s(engine):
    """a works 8 to 16 of the first day and 8 to 10 of the second; b is ready then and works at once."""
    calendars = {"shift": {"days": "Mon-Sun", "hours": "08:00-16:00"}}
    spec = network("a=10h b=1h<a", calendars=calendars, a={"calendar": "shift"}, **until("b"))
    assert told(spec, engine) == [
        ("calendar", "shift", 0, 480),
        ("work", "a", 480, 960),
        ("calendar", "shift", 960, 1920),
        ("work", "a", 1920, 2040),
        ("work", "b", 2040, 2100),
    ]


def test_a_night_s_wait_leads_to_what_was_lacking_before_it(engine):
    """b waits for the crew until a gives it back at the end of the shift, and then for the morning."""
    calendars = {"shift": {"days": "Mon-Sun", "hours": "08:00-16:00"}}
    crew = {"count": 1, "calendar": "shift"}
    spec = network("a=8h:crew b=1h:crew", calendars=calendars, crew=crew, **until("b"))
    assert told(spec, engine) == [
        ("calendar", "shift", 0, 480),
        ("resource", "crew", 480, 960),
        ("calendar", "shift", 960, 1920),
        ("work", "b", 1920, 1980),
    ]


def test_dates_lags_and_repairs_are_told(engine):
    spec = network("a=60 b=60<a+30 c=60<b", a={"not_before": "1 d"}, **until("c"))
    assert told(spec, engine) == [
        ("date", "a", 0, DAY),
        ("work", "a", DAY, DAY + 60),
        ("lag", "b", DAY + 60, DAY + 90),
        ("work", "b", DAY + 90, DAY + 150),
        ("work", "c", DAY + 150, DAY + 210),
    ]
    rework = {"rework": {"probability": 0.5, "duration": "20 min"}}
    spec = network("test@rack=10", places={"rack": 2}, test=rework, milestones={"end": {"activity": "test"}})
    assert told(spec, engine) == [("work", "test", 0, 10), ("rework", "test", 10, 40)]


def test_what_a_risk_adds_to_work_is_its_own(engine):
    risks = {"mud": {"probability": 1, "effects": {"activities.dig": 1.5}}}
    assert told(network("dig=60", risks=risks, **until("dig")), engine) == [
        ("work", "dig", 0, 60),
        ("risk", "mud", 60, 90),
    ]


def test_a_risk_that_stops_work_is_waited_for(engine):
    risks = {"storm": {"probability": 1, "begins": "2024-01-01", "lasts": "2 h", "stop_work": ["dig"]}}
    assert told(network("dig=60", risks=risks, **until("dig")), engine) == [
        ("risk", "storm", 0, 120),
        ("work", "dig", 120, 180),
    ]


def test_of_several_risks_that_stop_work_the_first_in_the_file_is_waited_for(engine):
    """An hour of strike in the middle of a storm, and work that pauses for both."""
    stops = {"probability": 1, "stop_work": ["dig"]}
    risks = {
        "strike": {**stops, "begins": "1 h", "lasts": "1 h"},
        "storm": {**stops, "begins": "30 min", "lasts": "2 h"},
    }
    around = [
        ("work", "dig", 0, 30),
        ("risk", "storm", 30, 60),
        ("risk", "strike", 60, 120),
        ("risk", "storm", 120, 150),
        ("work", "dig", 150, 180),
    ]
    assert told(network("dig=60", risks=risks, **until("dig")), engine) == around
    risks = dict(reversed(risks.items()))
    whole = [("work", "dig", 0, 30), ("risk", "storm", 30, 150), ("work", "dig", 150, 180)]
    assert told(network("dig=60", risks=risks, **until("dig")), engine) == whole


def test_a_late_delivery_is_the_risk_s(engine):
    orders = {"first": {"amount": 1, "placed": "2024-01-01", "lead_time": "3 d"}}
    risks = {"strike": {"probability": 1, "begins": "2024-01-02", "lasts": "5 d", "delays": {"supplies.parts": "2 d"}}}
    supplies = {"parts": {"orders": orders}}
    spec = network("a=60", supplies=supplies, risks=risks, a={"consumes": {"parts": 1}}, **until("a"))
    assert told(spec, engine)[:2] == [("order", "parts.first", 0, 3 * DAY), ("risk", "strike", 3 * DAY, 5 * DAY)]


def test_no_chain_bites_its_tail_in_a_tick_full_of_work_without_length(engine):
    """Work of no length hands the crew on within one tick; each follows the one before it."""
    spec = network("wait=7 a=0<wait:crew b=0<a:crew c=3<b:crew", crew=1, **until("c"))
    assert told(spec, engine) == [("work", "wait", 0, 7), ("work", "c", 7, 10)]


def test_a_milestone_of_the_k_th_is_driven_by_the_k_th(engine):
    spec = network("a=5 b=9 c=7 d=1", milestones={"end": {"supply": "done", "reaches": 2}}, supplies={"done": {}})
    for name in "abc":
        spec["activities"][name]["produces"] = {"done": 1}
    assert told(spec, engine) == [("work", "c", 0, 7)]
    more = {"d": {"after": [{"activity": "a", "count": 2}]}}
    spec = network("a@rack=5:crew d=1", places={"rack": 4}, crew=1, d=more["d"], **until("d"))
    assert told(spec, engine) == [("resource", "crew", 0, 5), ("work", "a", 5, 10), ("work", "d", 10, 11)]


# Over many replications


@pytest.mark.compiled
def test_criticality_of_parallel_paths():
    """b takes three days; a takes one or five: a drives in seven builds of ten (PERT textbooks: criticality index)."""
    spec = network("a=1 b=3d c=1d<a,b", **until("c"))
    spec["activities"]["a"]["duration"] = {"discrete": [["1 d", 3], ["5 d", 7]]}
    result = explain(dcsim.load(spec), milestone="end", n=2000, engine="compiled")
    index = result.criticality.set_index(["kind", "name"])
    for name, share in (("a", 0.7), ("b", 0.3), ("c", 1.0)):
        row = index.loc[("activity", name)]
        assert row["low"] <= share <= row["high"]
        assert row["high"] - row["low"] < 0.05
    days = result.days.set_index("name")["mean"]
    many = dcsim.replicate(dcsim.load(spec), 2000, engine="compiled")
    assert days.sum() == pytest.approx(np.mean(many.days_of("end")))
    assert days["c"] == pytest.approx(1)


@pytest.mark.compiled
def test_criticality_of_two_equal_uniform_paths_is_a_half():
    spec = network("a=1 b=1 c=1d<a,b", **until("c"))
    for name in "ab":
        spec["activities"][name]["duration"] = {"uniform": ["1 d", "9 d"]}
    result = explain(dcsim.load(spec), milestone="end", n=2000, engine="compiled")
    index = result.criticality.set_index(["kind", "name"])
    assert index.loc[("activity", "a"), "low"] < 0.5 < index.loc[("activity", "a"), "high"]
    assert result.about["expected_day"] == pytest.approx(6)
    # the mean of the larger of two uniform numbers on [1, 9] is 1 + 8 * 2 / 3
    assert result.days["mean"].sum() == pytest.approx(1 + 16 / 3 + 1, abs=0.15)
    assert result.about["bias"] > 0


def test_codes_are_told_apart():
    names = codes_of(network_of(dcsim.load("configs/colossus-1.yaml")))
    assert {("resource", "dell_line | smc_line"), ("supply", "power"), ("risk", "storms")} <= set(names)
    assert ("order", "turbines.first") in names


def test_nothing_is_told_of_what_is_not_reached(engine):
    spec = network("a=2d", horizon="1 d", **until("a"))
    built = network_of(dcsim.load(spec))
    draws = draw(built, Expectation())
    (chain,) = chains(ENGINES[engine]()(built, draws), draws, [built.milestones[0].gate])
    spent, touched = minutes_by_code(built, draws, [chain], np.array([NOT]), np.array([0]))
    assert len(chain) == 0
    assert not spent.any()
    assert not touched.any()


@pytest.mark.parametrize("engine", EACH_ENGINE)
def test_what_was_there_at_the_start_ends_the_chain(engine):
    """An order that came before the start is the first row, of no length."""
    order = {"amount": 1, "placed": "2023-12-01", "lead_time": "2 d"}
    spec = network("a=10<there", supplies={"x": {"orders": {"o": order}}})
    spec["milestones"] = {"there": {"supply": "x", "reaches": 1}, "end": {"activity": "a"}}
    assert told(spec, engine) == [("order", "x.o", 0, 0), ("work", "a", 0, 10)]


# Beside the run with expected values


def bias(activities, n=400, **more):
    """What the distance of the median from the run with expected values is made of, and how it is said."""
    spec = {
        "name": "b",
        "start": "2024-01-01",
        "activities": activities,
        "milestones": {"m": {"activity": "z"}},
        **more,
    }
    result = explain(dcsim.load(spec), milestone="m", n=n)
    assert sum(result.about["biases"].values()) == pytest.approx(result.about["bias"])
    return result.about, result.report().sections[0].sentences[1]


@pytest.mark.slow
def test_a_skewed_duration_is_called_skewed():
    about, told = bias({"z": {"duration": {"discrete": [["1 d", 0.4], ["101 d", 0.6]]}}})
    assert about["bias"] == pytest.approx(40)
    assert "because durations are skewed, so that the median is later than the mean" in told
    assert "risks" not in told
    assert "the latest of" not in told


@pytest.mark.slow
def test_merging_paths_are_called_so():
    paths = {name: {"duration": {"uniform": ["10 d", "30 d"]}} for name in "abcd"}
    about, told = bias({**paths, "z": {"duration": "1 d", "after": list("abcd")}})
    # the mean of the largest of four uniform numbers on [10, 30] is 10 + 20 * 4 / 5
    assert about["biases"]["merging"] == pytest.approx(6, abs=1)
    assert "because the latest of the merging paths sets the date" in told
    assert "risks" not in told


def test_risks_are_called_so_and_measured():
    risks = {"storm": {"probability": 0.4, "effects": {"activities.z": 3}}}
    about, told = bias({"z": {"duration": "10 d"}}, n=100, risks=risks)
    assert about["biases"]["risks"] == pytest.approx(8, abs=2)
    assert about["biases"]["merging"] == pytest.approx(0)
    assert "because expected values leave out risks that occur" in told
    assert "the latest of" not in told


@pytest.mark.parametrize("engine", EACH_ENGINE)
def test_what_risks_add_is_theirs(engine):
    """The time that each adds stands at the end of the work, also of a risk that follows something."""
    risks = {
        "late": {"effects": {"activities.a": "30 min"}},
        "slow": {"effects": {"activities.a": 2}},
        "wet": {"begins": {"after": "dig"}, "effects": {"activities.a": "7 min"}},
    }
    spec = network("dig=5 a=10<dig", risks=risks, **until("a"))
    assert told(spec, engine) == [
        ("work", "dig", 0, 5),
        ("work", "a", 5, 15),
        ("risk", "slow", 15, 25),
        ("risk", "wet", 25, 32),
        ("risk", "late", 32, 62),
    ]


# What it has to say


@pytest.fixture(scope="module")
def crowded():
    """Many short jobs one after the other, of which some wait for a crew."""
    spec = network("a@rack=2d:crew b=5d<a c=1d<b", places={"rack": 3}, crew=1, **until("c"))
    spec["activities"]["b"]["duration"] = {"discrete": [["5 d", 1], ["9 d", 1]]}
    return explain(dcsim.load(spec), milestone="end", n=20)


def pieces(chart):
    """(name of the row, start, end) of every bar, from the top."""
    bars = [bar for mark in chart.marks for bar in zip(mark.rows, mark.start, mark.end, strict=True)]
    return [(chart.y.names[row], start, end) for row, start, end in sorted(bars)]


def test_days_are_a_staircase_that_ends_at_their_sum(crowded):
    bars = pieces(crowded.chart())
    assert [start for _, start, _ in bars] == pytest.approx([0, *(end for _, _, end in bars[:-1])])
    assert bars[-1][2] == pytest.approx(crowded.days["mean"].sum()) == pytest.approx(crowded.about["mean_day"])
    assert bars[0][0] == "working: b"


def test_small_causes_are_gathered_in_one(crowded):
    days = pd.DataFrame(
        [("work", f"job{k}", 30.0 - k, 1.0, 40.0, 1.0) for k in range(20)], columns=crowded.days.columns
    )
    result = Result("explanation", crowded.scenario, crowded.about, {**crowded.tables, "days": days})
    bars = pieces(result.chart())
    assert len(bars) < 20
    assert bars[-1][2] == pytest.approx(days["mean"].sum())
    (table,) = result.report().sections[1].tables
    *parts, whole = [row[1] for row in table.rows]
    assert sum(parts) == pytest.approx(whole.value) == pytest.approx(410)


def test_criticality_is_drawn_with_its_interval(crowded):
    chart = crowded.chart("criticality")
    index = crowded.criticality.set_index("name")
    for mark in chart.marks:
        for row, *numbers in zip(mark.y, mark.x, mark.low, mark.high, strict=True):
            assert numbers == index.loc[chart.y.names[int(row)], ["index", "low", "high"]].tolist()


def test_the_chain_of_one_build_is_drawn_in_its_order(crowded):
    bars = pieces(crowded.chart("chain"))
    names = list(dict.fromkeys(name for name, _, _ in bars))
    assert names == ["waiting for crew", "working: a", "working: b", "working: c"]
    assert [end for _, _, end in bars[:-1]] == [start for _, start, _ in bars[1:]]
    (table,) = crowded.report().sections[3].tables
    assert [row[2] for row in table.rows] == names


def test_a_kept_explanation_says_the_same(crowded, tmp_path):
    kept = dcsim.read(crowded.save(tmp_path / "kept"))
    assert repr(kept.report()) == repr(crowded.report())


def test_an_explanation_kept_by_an_earlier_version_is_still_told(crowded):
    about = {name: value for name, value in crowded.about.items() if name != "noise"}
    result = Result("explanation", crowded.scenario, about, crowded.tables)
    assert result.report().sections[0].sentences[0].startswith("P50 is day ")
