"""What a branch skips: passed at once, without time, goods, resources, dates and lags."""

import numpy as np
import pytest
from builders import network, plain, tell

import dcsim
from dcsim.engine.draws import Sample, draw
from dcsim.network import Network
from dcsim.study.cash import network_of
from dcsim.study.design import site_quantities
from dcsim.study.inputs import inputs_of


def skips(*activities, **more):
    """A branch that surely skips these."""
    return {"branch": {"ways": {"yes": {"weight": 0, "activities": list(activities)}, "no": {}}, **more}}


def soil(rock=0.2, **more):
    """A survey that finds rock or sand."""
    ways = {
        "rock": {"weight": rock, "activities": ["blast", "long"]},
        "sand": {"weight": 0.8, "activities": "short"},
    }
    text = "survey=10 blast=50<survey long=30<blast short=20<survey slab=5<long,short"
    return network(text, branches={"soil": {"ways": ways}}, **more)


def test_the_likeliest_way_is_expected(engine):
    told = tell(soil(), engine)
    assert told.times == {
        "survey": (0, 10),
        "blast": (None, 10),
        "long": (None, 10),
        "short": (10, 30),
        "slab": (30, 35),
    }
    skipped = {"activity": "blast", "place": "site", "ready": 10, "start": None, "finish": 10, "attempts": 0}
    skipped |= {"used": "skipped", "held_by": ""}
    blast = told.row("blast")
    assert {name: blast[name] for name in skipped} == skipped
    assert told.run.finished
    assert told.stuck == []
    assert tell(soil(rock=0.9), engine)["slab"] == (90, 95)


def test_of_equally_likely_ways_the_first_is_expected(engine):
    assert tell(soil(rock=0.8), engine)["slab"] == (90, 95)


def test_either_way_or_none(engine):
    """A way may list nothing, and an activity may be in several ways."""
    ways = {"both": {"activities": ["a", "b"]}, "one": {"weight": 3, "activities": "b"}, "none": {"weight": 2}}
    told = tell(network("a=5 b=7 c=1<a,b", branches={"x": {"ways": ways}}), engine)
    assert told.times == {"a": (None, 0), "b": (0, 7), "c": (7, 8)}


def test_lags_before_and_after_do_not_count(engine):
    told = tell(network("a=10 b=5<a+60 c=1<b+30 d=1<a+60", branches=skips("b")), engine)
    assert told.times == {"a": (0, 10), "b": (None, 10), "c": (10, 11), "d": (70, 71)}


def test_a_lag_after_several_counts_unless_all_are_skipped(engine):
    places, b = {"hall": 2, "lot": 2}, {"after": [{"activity": "a", "lag": "30 min"}]}
    assert tell(network("a@hall=10 b@lot=1", places=places, b=b), engine)["b lot1"] == (40, 41)
    told = tell(network("a@hall=10 b@lot=1", places=places, b=b, branches=skips("a", per="hall")), engine)
    assert told["b lot1"] == (0, 1)


def test_dates_calendars_and_risks_do_not_matter(engine):
    spec = network(
        "a=10 b=9d<a:crew c=1<b",
        crew={"count": 1, "calendar": "day"},
        calendars={"day": {"hours": "07:00-17:00"}},
        b={"not_before": "5 d", "rework": {"probability": 0.9, "duration": "3 d"}},
        risks={"flood": {"effects": {"activities.b": "9 d"}, "stop_work": ["b"]}},
        branches=skips("b"),
    )
    told = tell(spec, engine)
    assert told.times == {"a": (0, 10), "b": (None, 10), "c": (10, 11)}
    assert told.attempts("b") == []
    assert told.shortages == []


def test_starts_and_milestones_take_it_as_done(engine):
    spec = network(
        "a=10 b=5<a c=1",
        c={"after": [{"activity": "b", "from": "start", "lag": "20 min"}]},
        milestones={"begun": {"activity": "b", "event": "start"}, "done": {"activity": "b"}},
        branches=skips("b"),
    )
    told = tell(spec, engine)
    assert told["c"] == (10, 11)
    assert told.reached == {"begun": 10, "done": 10}


def test_no_goods_are_taken_or_given(engine):
    """What the skipped would produce never comes, and who needs it is stuck."""
    spec = network(
        "make=10 use=5 more=5<use",
        supplies={"goods": {"initial": 3}},
        make={"produces": {"goods": 4}},
        use={"consumes": {"goods": 2}},
        more={"consumes": {"goods": 2}},
        branches=skips("make"),
    )
    told = tell(spec, engine)
    assert told.level("goods") == [(0, 1, 3)]
    assert [row[:4] for row in told.stuck] == [("more", "site", "waiting", "goods")]


def test_learning_counts_what_is_done(engine):
    spec = network(
        "a@hall=100",
        places={"hall": 3},
        a={"learning": 0.5},
        branches={"x": {"per": "hall", "ways": {"do": {"activities": "a"}, "not": {"weight": 2}}}},
    )
    told = tell(spec, engine, seed=8)
    assert told.lengths == {"a hall1": 100, "a hall2": 50}


def test_orders_follow_at_once(engine):
    placed = {"amount": 5, "placed": {"after": "a", "lag": "1 d"}, "lead_time": "30 min"}
    told = tell(network("a=10", supplies={"goods": {"orders": {"o": placed}}}, branches=skips("a")), engine)
    assert told.amounts("goods") == [(30, 5)]


@pytest.mark.slow
def test_long_rows_of_skipped_activities(engine):
    """As many after each other as no call could nest."""
    text = "a0=1 " + " ".join(f"a{k}=1<a{k - 1}" for k in range(1, 1500)) + " last=1<a1499"
    assert tell(network(text, branches=skips(*(f"a{k}" for k in range(1, 1500)))), engine)["last"] == (1, 2)


def test_midnight_falls_on_the_eve(engine):
    """Work that ends at midnight has done what it led to through a skipped activity on that day; a start has not."""
    told = tell(
        network(
            "a=1d b=5<a c=1<b d=5",
            d={"after": [{"activity": "c", "from": "start"}]},
            milestones={"m": {"activity": "b"}, "n": {"activity": "c", "event": "start"}, "o": {"activity": "d"}},
            branches=skips("b", "d"),
        ),
        engine,
    )
    assert told.reached == {"m": 1440, "n": 1440, "o": 1440}
    assert told.run.trace.dated.tolist() == [1439, 1440, 1440]


def test_the_chain_leads_through(engine):
    spec = network("a=10 b=5<a c=7<b", milestones={"m": {"activity": "c"}}, branches=skips("b"))
    told = dcsim.explain(dcsim.load(spec), milestone="m", n=2, engine=engine)
    assert plain(told.segments, "kind", "name", "begins", "ends") == [("work", "a", 0, 10), ("work", "c", 10, 17)]
    assert plain(told.criticality, "name", "index") == [("a", 1), ("c", 1), ("b", 0)]


# Chance


def built(spec) -> Network:
    return network_of(dcsim.load(spec))


def test_each_way_is_as_likely_as_its_weight():
    """Within four standard deviations of a binomial number."""
    found = built(soil())
    rock = sum(draw(found, Sample(7, k)).ways[0][0] == 0 for k in range(2000))
    assert abs(rock - 400) < 4 * (2000 * 0.2 * 0.8) ** 0.5


def test_every_place_draws_its_own_and_what_is_inside_follows():
    spec = network(
        "a@hall=1 b@rack=1",
        places={"hall": 40, "rack": {"in": "hall", "count": 3}},
        branches={"x": {"per": "hall", "ways": {"one": {"activities": ["a", "b"]}, "other": {}}}},
    )
    found = built(spec)
    taken = np.array([draw(found, Sample(1, k)).skipped for k in range(50)])
    halls, racks = taken[:, :40], taken[:, 40:].reshape(50, 40, 3)
    assert (halls[:, :, None] == racks).all()
    assert abs(halls.sum() - 1000) < 4 * 500**0.5
    assert abs(np.corrcoef(halls[:, 0], halls[:, 1])[0, 1]) < 0.5
    assert halls.sum(axis=1).min() > 0
    assert halls.sum(axis=1).max() < 40


def test_a_branch_moves_no_other_draw():
    uncertain = {"survey": {"duration": "5 to 20 min"}, "slab": {"duration": "5 to 20 min"}}
    one, two = (built(soil(**uncertain) | part) for part in ({}, {"branches": {}}))
    for k in range(5):
        assert draw(one, Sample(3, k)).minutes.tolist() == draw(two, Sample(3, k)).minutes.tolist()


def test_both_ways_in_many_builds(engine):
    """A mixture of two dates, the same on any number of workers and both engines."""
    spec = dcsim.load(soil(milestones={"done": {"activity": "slab"}}))
    many = [dcsim.replicate(spec, n=64, seed=1, workers=workers, engine=engine) for workers in (1, 2)]
    ticks = [(one.milestones["day"] * 1440).round().tolist() for one in many]
    assert ticks[0] == ticks[1]
    assert set(ticks[0]) == {35, 95}
    drawn = many[0].draws
    assert drawn["name"].unique().tolist() == ["branches.soil"]
    assert [95 if way == 0 else 35 for way in drawn["value"]] == ticks[0]


@pytest.mark.parametrize("sampling", ["lhs", "sobol"])
def test_designs_spread_it_evenly(sampling):
    many = dcsim.replicate(dcsim.load(soil()), n=64, seed=1, sampling=sampling)
    assert 12 <= (many.draws["value"] == 0).sum() <= 14


def test_it_is_an_input():
    """Its ends are the first and the last way; one that cannot be otherwise is none."""
    found = built(soil())
    assert site_quantities(found) == ("branches.soil",)
    (one, _) = inputs_of(found)
    assert (one.name, one.kind) == ("soil", "branch")
    assert one.size(np.array([one.low, one.high])).tolist() == [0, 1]
    assert site_quantities(built(network("a=1", branches=skips("a")))) == ()


def test_drivers_tell_how_much_it_moves():
    table = dcsim.drivers(dcsim.load(soil(milestones={"done": {"activity": "slab"}})), milestone="done", n=64).drivers
    first = table.iloc[0]
    assert (first["input"], first["kind"]) == ("soil", "branch")
    assert (first["at_low"] - first["at_high"]) * 1440 == pytest.approx(60)


@pytest.mark.slow
def test_explain_tells_what_expected_values_leave_out():
    """The mean is later by an hour in every fifth build."""
    spec = dcsim.load(soil(milestones={"done": {"activity": "slab"}}))
    why = dcsim.explain(spec, milestone="done", n=128)
    late = (dcsim.replicate(spec, 128).draws["value"] == 0).mean() * 60 / 1440
    assert why.about["biases"]["risks"] == pytest.approx(late)


def test_what_if(engine):
    found = dcsim.load(soil(), overrides={"branches.soil.ways.rock.weight": 5})
    assert dcsim.simulate(found, expected=True, engine=engine).end == 95


def test_what_some_way_does_without_is_not_missed():
    """A supply that is too small for one way is enough for another."""
    spec = soil(supplies={"piles": {"initial": 1}}, long={"consumes": {"piles": 2}})
    assert dcsim.check(spec).warnings == ()
    spec["branches"]["soil"]["ways"]["sand"]["weight"] = 0
    assert [one.path for one in dcsim.check(spec).warnings] == ["supplies.piles"]
