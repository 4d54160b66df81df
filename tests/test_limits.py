"""What is too large or too much: widened where that can be, and told before a run where it cannot."""

import numpy as np
import pytest
from builders import network

import dcsim
from dcsim.build import limits, network_of
from dcsim.engine.draws import Sample, draw
from dcsim.errors import RequestError, ScenarioError

ENGINES = ("reference", "compiled")


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


@pytest.mark.parametrize("engine", ENGINES)
def test_more_lags_than_16_bits(engine):
    n = 33_000
    spec = network("a=0", places={"rack": n})
    spec["activities"]["b"] = {"duration": "0 d", "after": [{"activity": "a", "lag": f"{k} min"} for k in range(1, n)]}
    done = dcsim.simulate(dcsim.load(spec), expected=True, engine=engine)
    assert done.activities["start"].tolist() == [0, n - 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_more_rounds_of_a_tick_than_12_bits(engine):
    n = 4_200
    chain = " ".join(f"a{k}=0<a{k - 1}" for k in range(1, n))
    spec = network(f"a0=5 {chain} z=3<a{n - 1}", milestones={"end": {"activity": "z"}})
    why = dcsim.explain(dcsim.load(spec), milestone="end", n=1, engine=engine)
    assert why.days["mean"].sum() == pytest.approx(8 / 1440)


@pytest.mark.parametrize("engine", ENGINES)
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
    assert "more than can be counted" in told


# Factors near zero


def test_a_factor_of_a_production_below_what_it_is_counted_in_is_refused():
    supplies = {"q": {"production": {"rate": "10 / d", "varies_with": ["f", "g"]}}}
    told = refused(network("a=1", supplies=supplies, factors={"f": 0.001, "g": {"uniform": [0.0001, 1]}}))
    assert "supplies.q.production.varies_with: the factors of a production multiply to 0.000001 at least" in told


@pytest.mark.parametrize("engine", ENGINES)
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
