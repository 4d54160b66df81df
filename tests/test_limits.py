"""What is too large or too much: widened where that can be, and told before a run where it cannot."""

import numpy as np
import pytest
from builders import EACH_ENGINE, network

import dcsim
from dcsim import suggest
from dcsim.engine.draws import Sample, draw
from dcsim.errors import RequestError, ScenarioError
from dcsim.model import limits
from dcsim.study.cash import network_of


def refused(spec: dict[str, object]) -> str:
    """What is said of a scenario that is refused."""
    with pytest.raises(ScenarioError) as caught:
        dcsim.load(spec)
    return str(caught.value)


# Patterns


def test_more_patterns_than_a_number_has_bits():
    within = {f"rack{k}": {"duration": f"{k} min"} for k in range(1, 131)}
    done = dcsim.simulate(dcsim.load(network("a@rack=1", places={"rack": 130}, a={"within": within})), expected=True)
    assert (done.activities["finish"] - done.activities["start"]).tolist() == list(range(1, 131))


def test_later_patterns_win_however_many_there_are():
    within = {f"rack{k}*": {"duration": f"{k} min", "priority": k} for k in range(1, 90)}
    within |= {f"rack{k}?": {"duration": f"{100 * k} min"} for k in range(1, 9)}
    within["rack5"] = {"duration": "7 min"}
    done = dcsim.simulate(dcsim.load(network("a@rack=1", places={"rack": 89}, a={"within": within})), expected=True)
    took = (done.activities["finish"] - done.activities["start"]).tolist()
    assert took[:9] == [1, 2, 3, 4, 7, 6, 7, 8, 9]
    assert took[9:] == [100 * (k // 10) for k in range(10, 90)]  # of two digits: the pattern with a `?`


def test_goods_differ_in_as_many_places():
    supplies = {"x": {"per": "rack", "within": {f"rack{k}": {"initial": k} for k in range(1, 71)}}}
    built = network_of(
        dcsim.load(
            network(
                "a@rack=1",
                places={"rack": 70},
                supplies=supplies,
                crew={"count": 0, "per": "rack", "within": {f"rack{k}": {"count": k} for k in range(1, 71)}},
            )
        )
    )
    assert [stock.initial for stock in built.stocks] == list(range(1, 71))
    assert [resource.peak for resource in built.resources] == list(range(1, 71))


# Widths


@pytest.mark.compiled
def test_more_lags_than_16_bits():
    n = 33_000
    spec = network("a=0", places={"rack": n})
    spec["activities"]["b"] = {"duration": "0 d", "after": [{"activity": "a", "lag": f"{k} min"} for k in range(1, n)]}
    done = dcsim.simulate(dcsim.load(spec), expected=True, engine="compiled")
    assert done.activities["start"].tolist() == [0, n - 1]


@pytest.mark.compiled
def test_more_rounds_of_a_tick_than_12_bits():
    n = 4_200
    chain = " ".join(f"a{k}=0<a{k - 1}" for k in range(1, n))
    spec = network(f"a0=5 {chain} z=3<a{n - 1}", milestones={"end": {"activity": "z"}})
    why = dcsim.explain(dcsim.load(spec), milestone="end", n=1, engine="compiled")
    assert why.days["mean"].sum() == pytest.approx(8 / 1440)


@pytest.mark.slow
@pytest.mark.parametrize("engine", EACH_ENGINE)
def test_lots_of_a_large_order(engine):
    amount = 999_999_999_999_989
    orders = {"o": {"amount": amount, "lots": 100_000, "placed": {"after": "a"}}}
    done = dcsim.simulate(dcsim.load(network("a=1", supplies={"s": {"orders": orders}})), expected=True, engine=engine)
    assert int(done.deliveries["amount"].sum()) == amount


def test_seeds_and_replications_have_their_bounds():
    assert Sample(2**32 - 2, 2**34 - 1).uniform("x") == Sample(2**32 - 2, 2**34 - 1).uniform("x")
    scenario = dcsim.load(network("a=1"))
    for wrong in ({"seed": -1}, {"seed": 2**32 - 1}, {"replication": 2**34}, {"replication": -1}):
        with pytest.raises(RequestError, match=r"is a whole number from 0 to"):
            dcsim.simulate(scenario, **wrong)
    with pytest.raises(RequestError, match=r"a seed is a whole number from 0 to 4,294,967,294, got 10,000,000,000"):
        dcsim.replicate(scenario, 2, seed=10**10)


# Sums


def test_a_sum_of_supplies_beyond_what_can_be_counted_is_refused():
    many = {"places": {"rack": 10_000}, "supplies": {"s": {"initial": 10**12}}}
    told = refused(network("a@rack=1", a={"produces": {"s": 10**12}}, **many))
    assert "supplies.s: there can be 10,001,000,000,000,000 of it in all places" in told
    fewer = network("a@rack=1", a={"produces": {"s": 10**11}}, **many)
    assert dcsim.simulate(dcsim.load(fewer), expected=True).supplies["total"].max() == 1_001 * 10**12


@pytest.mark.parametrize(
    ("supply", "total"),
    [
        ({"per": "rack", "initial": 10**15}, "10,000,000,000,000,000"),
        ({"orders": {f"o{k}": {"amount": 10**15} for k in range(10)}}, "10,000,000,000,000,000"),
        ({"production": {"rate": "1_000_000_000_000 / min"}}, "14,400,000,000,000,000"),
        ({"production": {"rate": "1_000_000 / min", "varies_with": ["f"]}}, "11,520,000,000,000,000"),
        ({"production": {"rate": "1 / min"}, "cut": 10**6}, "14,400,000,000,000,000,000,000"),
    ],
)
def test_whatever_brings_a_supply_counts(supply, total):
    cut = supply.get("cut", 1)
    risks = {f"r{k}": {"effects": {"supplies.s": cut}} for k in range(3)} if cut > 1 else {}
    supplies = {"s": {key: value for key, value in supply.items() if key != "cut"}}
    more = {"places": {"rack": 10}, "factors": {"f": 1.25e-6}, "horizon": "10 d"}
    assert f"there can be {total} of it" in refused(network("a=1", supplies=supplies, risks=risks, **more))


def test_capacities_of_resources_are_counted_too():
    risks = {f"r{k}": {"effects": {"resources.crew": 10**6}} for k in range(3)}
    told = refused(network("a=1:crew", crew=10, risks=risks))
    assert "resources.crew: there can be 10,000,000,000,000,000,000 of it" in told


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"risks": {f"r{k}": {"effects": {"activities.a": 10**6}} for k in range(3)}}, "activities.a.duration"),
        ({"factors": {f"f{k}": 10**6 for k in range(3)}}, "activities.a.duration"),
        ({"rework": {"probability": 0.5, "duration": "1 d", "varies_with": ["f0", "f1", "f2"]}}, "activities.a.rework"),
        ({"lead": "1 d"}, "supplies.s.orders.o.lead_time"),
    ],
)
def test_times_beyond_what_can_be_counted_are_refused(changes, path):
    factors = {f"f{k}": 10**6 for k in range(3)}
    activity = {key: changes[key] for key in ("duration", "rework") if key in changes} or {"duration": "10 d"}
    if "factors" in changes:
        activity["varies_with"] = list(factors)
    order = {"amount": 1, "lead_time": "1 d", "varies_with": list(factors) if "lead" in changes else []}
    spec = network("a=1", a=activity, factors=factors, supplies={"s": {"orders": {"o": order}}})
    spec["risks"] = changes.get("risks", {})
    told = refused(spec)
    assert path in told
    assert "more than dcsim counts" in told


# Factors near zero


def test_a_factor_of_a_production_below_what_it_is_counted_in_is_refused():
    supplies = {"q": {"production": {"rate": "10 / d", "varies_with": ["f", "g"]}}}
    told = refused(network("a=1", supplies=supplies, factors={"f": 0.001, "g": {"uniform": [0.0001, 1]}}))
    assert "supplies.q.production.varies_with: the factors of a production multiply to 0.000001 at least" in told


@pytest.mark.parametrize("engine", EACH_ENGINE)
def test_a_factor_without_a_lower_end_runs_whatever_is_drawn(engine):
    supplies = {"q": {"production": {"rate": "10 / d", "varies_with": ["f"]}}}
    scenario = dcsim.load(network("a=1", supplies=supplies, factors={"f": {"normal": [1, 1]}}, horizon="10 d"))
    least = Sample(0, 0, {"factors.f": 2.0**-33})
    assert draw(network_of(scenario), least).deliveries.amount.sum() == 10 * 9 * 10**6 + 10**7
    assert np.isfinite(dcsim.replicate(scenario, 64, engine=engine).summary["p50"]).all()


# Order of visits


def test_more_priorities_than_can_be_told_apart_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "VISIT_BITS", 26)
    spec = network(" ".join(f"a{k}=1" for k in range(9)), **{f"a{k}": {"priority": k} for k in range(9)})
    assert "activities: there are 9 different priorities" in refused(spec)


# A budget


MANY_LOTS = {"amount": 10**5, "lots": 10**5}
SHORT_SHIFTS = [f"{h:02}:{m:02}-{h:02}:{m + 1:02}" for h in range(24) for m in range(0, 58, 2)]


def told_of(spec: dict[str, object], limit: float = 4) -> str:
    """What is said of a scenario that has no room."""
    with pytest.raises(ScenarioError) as caught:
        dcsim.load(spec, limit=limit)
    return str(caught.value)


def test_what_has_no_room_is_told_before_it_is_built():
    supplies = {"s": {"production": {"rate": "1 / min", "every": "1 min"}}}
    told = told_of(network("a=1", supplies=supplies, horizon="99 years"))
    assert "supplies.s.production.every: 52,068,960 deliveries; at most 10,7" in told
    assert "raise `every`, or `--limit 20` (GiB)" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        (network(" ".join(f"a{k}@rack=1" for k in range(9)), places={"rack": 2_000_000}), "activities in all places"),
        (network("a=1", supplies={f"s{k}": {"per": "r"} for k in range(4)}, places={"r": 4_500_000}), "resources and"),
        (
            network("a=1", places={"r": 900}, supplies={"s": {"per": "r", "orders": {"o": MANY_LOTS}}}),
            "90,000,000 deliveries",
        ),
        (
            network("a@rack=1", places={"rack": 10**6}, a={"only": [f"rack{k}*" for k in range(1_000)]}),
            "1,000,000,000 comparisons of patterns with places",
        ),
        (
            network(
                "a=1",
                a={"calendar": "c"},
                calendars={"c": {"hours": SHORT_SHIFTS}},
                horizon="99 years",
            ),
            "intervals of calendars",
        ),
    ],
)
def test_each_kind_of_too_much(spec, kind):
    assert kind in told_of(spec)


def test_a_higher_limit_lets_more_in_and_a_lower_one_less():
    spec = network("a@rack=1", places={"rack": 1_000})
    assert "1,000 activities in all places; at most" in told_of(spec, 0.001)
    assert dcsim.load(spec, limit=0.002).document.limit == 0.002


@pytest.mark.slow
def test_places_follow_the_limit_too():
    many = {"name": "x", "start": "2024-01-01", "places": {"rack": 1_500_000}, "activities": {"a": {}}}
    assert dcsim.load(many, limit=2).places["rack"].count == 1_500_000
    with pytest.raises(ScenarioError, match=r"more than 1,250,000 places in all; .* or raise `--limit`"):
        dcsim.load(many, limit=1)


@pytest.mark.slow
def test_calendars_that_work_together_are_counted_as_they_are_made():
    resources = {f"r{k}": {"count": 1, "calendar": f"c{k % 8}"} for k in range(8)}
    activities = " ".join(f"a{k}=1:r{k},r{(k + 1) % 8}" for k in range(8))
    calendars = {f"c{k}": {"hours": SHORT_SHIFTS[k:]} for k in range(8)}
    spec = network(activities, **resources, calendars=calendars, horizon="100 d")
    assert "intervals of calendars; at most 429,496" in told_of(spec, 0.1)
    dcsim.load(spec, limit=1)


def test_builds_that_have_no_room_are_refused_before_the_first():
    scenario = dcsim.load(network("a=1", milestones={"m": {"activity": "a"}}))
    with pytest.raises(
        RequestError, match=r"values kept of all replications; at most .*: fewer replications, or `--limit"
    ):
        dcsim.replicate(scenario, 10**9)


# Long files


def test_many_levels_one_inside_the_other():
    places = {"l0": 1} | {f"l{k}": {"in": f"l{k - 1}", "count": 1} for k in range(1, 1_200)}
    done = dcsim.simulate(dcsim.load(network("a@l1199=1", places=places)), expected=True)
    assert done.activities["place"][0].endswith("/l11981/l11991")


def test_suggestions_are_made_for_as_many_names_as_are_read(monkeypatch):
    compared = []
    real = suggest.difflib.get_close_matches
    monkeypatch.setattr(
        suggest.difflib, "get_close_matches", lambda *a, **k: compared.append(len(a[1])) or real(*a, **k)
    )
    spec = network(" ".join(f"name{k:05}=1<nmae{k:05}" for k in range(1_000)))
    with pytest.raises(ScenarioError) as caught:
        dcsim.load(spec)
    assert len(caught.value.problems) == 1_000
    assert str(caught.value).count("did you mean") == 50
    assert len(compared) == 50
    assert max(compared) <= 50


@pytest.mark.parametrize("wrong", ["row_044999x", "rwo_044999", "row_o44999"])
def test_the_last_of_very_many_names_is_suggested_too(wrong):
    assert suggest.nearest(wrong, [f"row_{k:06}" for k in range(45_000)]) == "; did you mean 'row_044999'?"


# Memory


def _bytes(part):
    """What arrays take, however deep they stand."""
    return part.nbytes if isinstance(part, np.ndarray) else sum(map(_bytes, part)) if isinstance(part, tuple) else 0


def _in_kernel(racks):
    """Activities, and the bytes of all that the compiled engine has in memory for one replication."""
    from dcsim.engine.compiled import new_state  # needs numba
    from dcsim.engine.flat import flatten, flatten_draws

    spec = network("a@rack=1 b@rack=2<a:crew c@rack=1<b:crew d@rack=3<c:crew", crew=9, places={"rack": racks})
    spec["activities"]["b"]["duration"] = "1 to 3 h"
    spec["supplies"] = {"goods": {"unit": "GPU", "initial": 8 * racks}, "usable": {"unit": "GPU"}}
    spec["activities"]["b"]["consumes"], spec["activities"]["d"]["produces"] = {"goods": 8}, {"usable": 8}
    built = network_of(dcsim.load(spec))
    plan, chance = flatten(built), flatten_draws(built, draw(built, Sample(0)))
    return built.instances, _bytes(plan) + _bytes(chance) + _bytes(new_state(built, plan, 0, 0, 0))


@pytest.mark.compiled
def test_the_kernel_takes_at_most_100_bytes_an_activity():
    (few, small), (many, large) = _in_kernel(2_500), _in_kernel(25_000)
    assert many == 100_000
    assert 40 < (large - small) / (many - few) <= 100
