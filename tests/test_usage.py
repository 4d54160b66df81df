"""The use of resources: told by hand, and never above what there is."""

from builders import network, plain, tell

import dcsim


def used(told, resource):
    table = told.run.usage
    return plain(table[table["resource"] == resource], "place", "tick", "used", "capacity")


def test_two_of_three_jobs_share_two_crews(engine):
    """Three jobs of 10, 20 and 5 minutes: two at once, the third when the first is done."""
    told = tell(network("a=10:crew b=20:crew c=5:crew", crew=2), engine)
    assert used(told, "crew") == [("site", 0, 2, 2), ("site", 15, 1, 2), ("site", 20, 0, 2)]


def test_a_ramp_and_a_demand_of_two(engine):
    told = tell(network("a=10:crew*2 b=20<a:crew", crew={"count": {"0 min": 1, "30 min": 3}}), engine)
    assert used(told, "crew") == [("site", 0, 0, 1), ("site", 30, 2, 3), ("site", 40, 1, 3), ("site", 60, 0, 3)]


def test_a_risk_takes_capacity_and_what_runs_keeps_its_units(engine):
    risk = {"probability": 1, "begins": "30 min", "lasts": "30 min", "effects": {"resources.crew": 0}}
    told = tell(network("a=40:crew b=10<a:crew", crew=1, risks={"strike": risk}), engine)
    assert used(told, "crew") == [
        ("site", 0, 1, 1),
        ("site", 30, 1, 0),
        ("site", 40, 0, 0),
        ("site", 60, 1, 1),
        ("site", 70, 0, 1),
    ]


def test_attempts_and_repairs_hold_what_they_need(engine):
    """A failed attempt of 10 minutes, a repair of 5 by another, and the attempt that passes."""
    rework = {"probability": "0.6", "duration": "5 min", "requires": {"fitter": 1}}
    told = tell(network("a=10:crew", crew=1, fitter=1, a={"rework": rework}), engine)
    assert used(told, "crew") == [("site", 0, 1, 1), ("site", 10, 0, 1), ("site", 15, 1, 1), ("site", 25, 0, 1)]
    assert used(told, "fitter") == [("site", 0, 0, 1), ("site", 10, 1, 1), ("site", 15, 0, 1)]


def test_alternatives_and_places_of_their_own(engine):
    text = "a@hall=10:x|y b@hall=10:dock"
    told = tell(network(text, places={"hall": 2}, x=1, y=1, dock={"count": 1, "per": "hall"}), engine)
    assert used(told, "x") == used(told, "y") == [("site", 0, 1, 1), ("site", 10, 0, 1)]
    assert used(told, "dock") == [("hall1", 0, 1, 1), ("hall1", 10, 0, 1), ("hall2", 0, 1, 1), ("hall2", 10, 0, 1)]


def test_what_never_finishes_keeps_what_it_holds(engine):
    told = tell(network("a=2d:crew", crew=1, horizon="1 d"), engine)
    assert used(told, "crew") == [("site", 0, 1, 1)]


def test_no_resource_at_all(engine):
    usage = dcsim.simulate(dcsim.load(network("a=1")), engine=engine).usage
    assert usage.empty
    assert list(usage.columns) == ["resource", "place", "tick", "used", "capacity"]
