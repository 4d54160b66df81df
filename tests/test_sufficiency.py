"""What can never suffice is said before a run, and only that."""

from pathlib import Path

import pytest
from builders import network

import dcsim

NEVER = "but there are never more than {} by the horizon, {}"


def warnings(**sections):
    """What is warned of, by the path of what it is about."""
    return {one.path: one.message for one in dcsim.check({**network("x=1"), **sections}).warnings}


def plan(activities, **sections):
    return warnings(activities=activities, **sections)


RACKS = {"power_on": {"at": "rack", "duration": "1 h", "consumes": {"power": "132 kW"}}}


def test_consumers_that_need_more_than_there_ever_is():
    found = plan(RACKS, places={"rack": 2880}, supplies={"power": {"unit": "kW", "initial": "325 MW"}})
    assert found == {
        "supplies.power": "2,880 x power_on need 380,160 kW, but there are never more than 325,000 kW by the horizon, "
        "2034-01-01: 418 can never start"
    }


def test_what_just_suffices_is_no_warning():
    assert plan(RACKS, places={"rack": 5}, supplies={"power": {"unit": "kW", "initial": 660}}) == {}


@pytest.mark.parametrize(
    ("supply", "there"),
    [
        ({"orders": {"o": {"amount": 10, "placed": "1 d", "lead_time": "30 d", "lots": 5, "every": "100 d"}}}, 8),
        ({"orders": {"o": {"amount": 10, "placed": "1 d", "lead_time": {"uniform": ["330 d", "700 d"]}}}}, 10),
        ({"orders": {"o": {"amount": 10, "placed": "1 d", "lead_time": {"uniform": ["400 d", "900 d"]}}}}, 0),
        ({"production": {"rate": "1 / wk", "every": "1 wk", "share": 0.5}}, 26),
        ({"initial": 1, "production": {"rate": "1 / wk", "every": "1 wk", "varies_with": ["market"]}}, 1 + 104),
    ],
    ids=[
        "lots that come too late",
        "an order that can come in time",
        "one that cannot",
        "production",
        "at its fastest",
    ],
)
def test_only_what_can_come_by_the_horizon_counts(supply, there):
    found = plan(
        {"use": {"at": "box", "duration": "1 d", "consumes": {"s": 1}}},
        places={"box": 200},
        horizon="1 year",
        factors={"market": {"uniform": [0.5, 2]}},
        supplies={"s": {"unit": "t", **supply}},
    )
    assert found == {
        "supplies.s": f"200 x use need 200 t, {NEVER.format(f'{there} t', '2025-01-01')}: {200 - there} can never start"
    }


def test_what_is_given_back_can_be_taken_again():
    permit = {"at": "box", "duration": "1 d", "consumes": {"permit": 1}, "produces": {"permit": 1}}
    assert plan({"dig": permit}, places={"box": 9}, supplies={"permit": {"initial": 1}}) == {}


def test_what_is_produced_only_afterwards_does_not_help():
    found = plan(
        {
            "a": {"duration": "1 d", "consumes": {"s": 5}},
            "b": {"duration": "1 d", "produces": {"s": 9}, "after": ["a"]},
            "c": {"duration": "1 d", "consumes": {"s": 2}, "after": ["b"]},
        },
        supplies={"s": {"unit": "t"}},
    )
    assert found == {"supplies.s": f"a needs 5 t, {NEVER.format('0 t', '2034-01-01')}"}


def test_the_worst_place_is_told():
    supplies = {"power": {"unit": "kW", "per": "hall", "initial": 300, "within": {"hall2": {"initial": 200}}}}
    found = plan(RACKS, places={"hall": 3, "rack": {"in": "hall", "count": 3}}, supplies=supplies)
    assert found["supplies.power"].startswith("3 x power_on need 396 kW in hall2 (the worst of 3 places), but there")


def test_a_supply_that_cannot_get_as_far_as_a_milestone():
    found = plan(
        {"a": {"at": "box", "duration": "1 d", "produces": {"done": 2}}},
        places={"box": 5},
        supplies={"done": {"unit": "rack"}},
        milestones={"m": {"supply": "done", "reaches": 11}},
    )
    assert found == {"milestones.m": f"needs 11 rack, {NEVER.format('10 rack', '2034-01-01')}"}


def test_goods_behind_a_milestone_of_a_supply_count():
    supplies = {
        "done": {},
        "power": {"orders": {"o": {"amount": 9, "placed": {"after": "m"}, "lead_time": "1 d"}}},
    }
    activities = {
        "a": {"duration": "1 d", "produces": {"done": 1}},
        "b": {"duration": "1 d", "consumes": {"power": 9}},
    }
    assert plan(activities, supplies=supplies, milestones={"m": {"supply": "done", "reaches": 1}}) == {}


def test_what_a_supply_opens_from_the_beginning_counts():
    started = {"milestones": {"there": {"supply": "racks", "reaches": 2}, "all": {"supply": "racks", "reaches": 5}}}
    supplies = {"racks": {"unit": "rack", "initial": 2}}
    make = {"duration": "1 d", "after": ["there"], "produces": {"racks": 3}}
    assert plan({"make": make}, supplies=supplies, **started) == {}


def test_who_waits_for_less_goes_on_as_soon_as_there_is_enough():
    supplies = {"s": {"unit": "t"}, "t": {"unit": "t"}}
    few, many = ({"duration": "1 d", "consumes": {"s": amount}, "produces": {"t": 1}} for amount in (2, 9))
    make = {f"make{k}": {"duration": "1 d", "produces": {"s": 1}} for k in range(3)}
    found = plan({"many": many, "few": few, **make}, supplies=supplies, milestones={"m": {"supply": "t", "reaches": 2}})
    assert found["milestones.m"].startswith("needs 2 t, but there are never more than 1 t")


def test_a_crew_that_can_never_do_all_the_work():
    crew = {"crew": {"count": 2, "calendar": "days"}, "other": {"count": 1}}
    activities = {"install": {"at": "box", "duration": "20 h", "requires": {"crew": 1}}}
    calendars = {"days": {"days": "Mon-Sun", "hours": "08:00-18:00"}}
    week = {"horizon": "7 d", "calendars": calendars, "resources": crew}
    assert plan(activities, places={"box": 7}, **week) == {}
    assert plan(activities, places={"box": 8}, **week) == {
        "resources.crew": "8 x install need at least 160 hours of crew, but there are never more than 140 by the "
        "horizon, 2024-01-08"
    }
    activities["install"]["requires"] = {"crew | other": 1}
    assert plan(activities, places={"box": 15}, **week) == {}
    assert "hours of crew | other" in plan(activities, places={"box": 16}, **week)["resources.crew"]


def test_what_is_taken_whatever_is_chosen_counts_for_each_resource():
    """One of the two cranes, and two more of either: 20 hours of `crane` and 60 of both, ten times."""
    week = {"horizon": "5 d", "places": {"box": 10}}
    activities = {"lift": {"at": "box", "duration": "20 h", "requires": {"crane": 1, "crane | crew": 2}}}
    assert plan(activities, resources={"crane": {"count": 2}, "crew": {"count": 3}}, **week) == {}
    few = plan(activities, resources={"crane": {"count": 1}, "crew": {"count": 9}}, **week)
    assert few["resources.crane"].startswith("10 x lift need at least 200 hours of crane, but there are never more")
    few = plan(activities, resources={"crane": {"count": 2}, "crew": {"count": 2}}, **week)
    assert few["resources.crane"].startswith("10 x lift need at least 600 hours of crane | crew, but there are never")


def test_risks_count_only_where_they_are_certain_or_help():
    def found(**risk):
        supplies = {"power": {"unit": "kW", "production": {"rate": "1 / d", "every": "1 d"}}}
        places, horizon = {"rack": 1}, "150 d"
        return plan(RACKS, places=places, horizon=horizon, supplies=supplies, risks={"r": risk})

    assert found(probability=0.99, effects={"supplies.power": 0.5}) == {}
    assert "never more than 75 kW" in found(probability=1, effects={"supplies.power": 0.5})["supplies.power"]
    slow = {"lasts": "140 d", "begins": "0 d", "effects": {"supplies.power": 0.5}}
    assert "never more than 80 kW" in found(probability=1, **slow)["supplies.power"]
    assert found(probability=1, times=2, every="0.1 to 1 d", lasts="1 d", effects={"supplies.power": 0.5}) == {}


def test_variants_and_options_are_looked_at_too():
    found = plan(
        RACKS,
        places={"rack": 2},
        supplies={"power": {"unit": "kW", "initial": 264}},
        variants={"dark": {"supplies": {"power": {"initial": 132}}}},
        options={"less": {"cost": "1 USD", "changes": {"supplies": {"power": {"initial": 140}}}}},
    )
    assert list(found) == ["supplies.power"]
    assert found["supplies.power"].endswith("1 can never start (option less)")


def test_the_command_says_so_and_succeeds(dcsim, tiny):
    out, err, code = dcsim("check", tiny, "--variant", "more_power")
    assert (err, code) == ("", 0)
    assert "no problems; 14 activities" in out


def test_the_command_counts_warnings(dcsim, tmp_path):
    path = Path(tmp_path / "a.yaml")
    path.write_text(
        "name: A\nstart: 2024-01-01\nsupplies: {s: {unit: t, initial: 3}}\n"
        "activities: {a: {duration: 1 d, consumes: {s: 5}}}\n"
    )
    out, err, code = dcsim("check", str(path))
    assert (err, code) == ("", 0)
    assert out.splitlines()[0].endswith("a.yaml: no problems, 1 warning; 1 activity")
    assert out.splitlines()[1].startswith("  line 3: supplies.s: a needs 5 t, but there are never more than 3 t")
