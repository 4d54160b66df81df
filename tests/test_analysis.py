"""Tables in, tables out: five rows each, and tiny networks that get stuck."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import dcsim
from dcsim.analysis.milestones import beside_observed
from dcsim.analysis.supplies import total_over_time
from dcsim.analysis.waits import queue_lengths, spells, waits_by_cause
from dcsim.trace import NOT, ticks

DAY = 1440


def scenario(**parts):
    return dcsim.load({"name": "tiny", "start": "2024-01-01", "horizon": "10 d", **parts})


def build(**parts):
    return dcsim.simulate(scenario(**parts))


def stuck_rows(run):
    return [tuple(None if pd.isna(cell) else cell for cell in row) for row in run.stuck.itertuples(index=False)]


@pytest.fixture
def shortages():
    return pd.DataFrame(
        {
            "activity": ["install", "install", "test", "install", "test"],
            "place": ["site"] * 5,
            "kind": ["work"] * 5,
            "from": ticks(np.array([0, 1, 1, 5, 9]) * DAY),
            "to": ticks(np.array([DAY, 3 * DAY, 4 * DAY, 6 * DAY, NOT])),
            "cause": ["crews", "crews", "crews", "power", "power"],
            "waiting": [2, 1, 3, 10, 1],
        }
    )


# What was waited for


def test_waiting_is_counted_once_in_days_and_for_everybody_in_waiting_days(shortages):
    table = waits_by_cause(shortages, end=10 * DAY)
    assert table.to_dict("list") == {
        "cause": ["crews", "power"],
        "days": [4.0, 2.0],
        "waiting_days": [2 * 1 + 1 * 2 + 3 * 3, 10 * 1 + 1 * 1],
        "activities": ["test, install", "install, test"],
    }


def test_spells_of_one_cause_are_apart(shortages):
    assert spells(shortages, "crews", 10 * DAY) == [(0, 4 * DAY)]
    assert spells(shortages, "power", 10 * DAY) == [(5 * DAY, 6 * DAY), (9 * DAY, 10 * DAY)]
    assert spells(shortages, "cranes", 10 * DAY) == []


def test_queues_for_one_cause_are_added_up(shortages):
    assert queue_lengths(shortages, "crews", 10 * DAY) == [
        (0, DAY, 2),
        (DAY, 3 * DAY, 4),
        (3 * DAY, 4 * DAY, 3),
    ]


def test_nothing_waited():
    run = build(activities={"a": {"duration": "1 d"}})
    assert run.waits.empty
    assert list(run.waits.columns) == ["cause", "days", "waiting_days", "activities"]


# Milestones and supplies


def test_milestones_beside_observed_dates():
    milestones = pd.DataFrame(
        {
            "milestone": ["first", "last", "never"],
            "day": [3.9, 10.0, np.nan],
            "date": pd.to_datetime(["2024-01-04 21:36", "2024-01-11 00:00", None]),
        }
    )
    observed = {"first": [(datetime(2024, 1, 3, 12), "claimed"), (datetime(2024, 1, 5), "seen")]}
    table = beside_observed(milestones, observed, lambda milestone: datetime(2024, 1, 1))
    assert list(table["milestone"]) == ["first", "first", "last", "never"]
    assert list(table["difference"])[:2] == [1.0, -1.0]
    assert list(table["meaning"]) == ["claimed", "seen", "", ""]
    assert table["observed"].isna().tolist() == [False, False, True, True]


def test_days_are_counted_from_day_zero():
    run = build(
        day_zero="2024-01-03",
        activities={"a": {"duration": "36 h"}, "b": {"duration": "20 d"}},
        milestones={"done": {"activity": "a"}, "never": {"activity": "b"}},
    )
    table = run.milestones
    assert table["tick"].isna().tolist() == [False, True]
    assert table["tick"][0] == 36 * 60
    assert table["day"][0] == -0.5
    assert table["date"][0] == pd.Timestamp("2024-01-02 12:00")
    assert np.isnan(table["day"][1])
    assert pd.isna(table["date"][1])
    assert table.attrs["tick"] == "minutes since 2024-01-01 00:00"


def test_supplies_over_time_are_initial_delivered_produced_and_consumed():
    run = build(
        places={"hall": 2},
        supplies={
            "racks": {"unit": "rack", "initial": 3, "orders": {"o": {"amount": 5, "lead_time": "2 d"}}},
            "done": {"unit": "rack", "per": "hall"},
        },
        activities={"build": {"at": "hall", "duration": "1 d", "consumes": {"racks": 4}, "produces": {"done": 4}}},
    )
    racks = run.supplies[run.supplies["supply"] == "racks"]
    assert racks[["tick", "level", "total"]].to_numpy().tolist() == [[0, 3, 3], [2 * DAY, 0, 8]]
    done = total_over_time(run.supplies, "done")
    assert done.to_numpy().tolist() == [[0, 0], [3 * DAY, 8]]


def test_total_over_time_adds_places():
    supplies = pd.DataFrame(
        {
            "supply": ["done", "done", "done", "done", "other"],
            "place": ["hall1", "hall1", "hall2", "hall2", "site"],
            "tick": [0, 5, 0, 3, 4],
            "total": [1, 4, 0, 2, 99],
        }
    )
    assert total_over_time(supplies, "done").to_numpy().tolist() == [[0, 1], [3, 3], [5, 6]]


# What is stuck


def test_a_finished_build_is_not_stuck():
    run = build(activities={"a": {"duration": "1 d"}})
    assert run.finished
    assert run.stuck.empty


def test_stuck_on_a_supply_with_what_is_there_and_what_is_needed():
    run = build(
        supplies={"power": {"unit": "kW", "initial": 100}},
        places={"rack": 2},
        activities={"power_on": {"at": "rack", "duration": "1 d", "consumes": {"power": 96}}},
    )
    assert stuck_rows(run) == [("power_on", "rack2", "waiting", "power", 4, 96)]


def test_stuck_on_a_resource_that_is_kept_to_the_horizon():
    run = build(
        resources={"crane": {"count": 3}},
        activities={
            "long": {"duration": "20 d", "requires": {"crane": 2}, "priority": 1},
            "next": {"duration": "1 d", "requires": {"crane": 2}},
        },
    )
    assert stuck_rows(run) == [
        ("long", "site", "working", "the horizon", None, None),
        ("next", "site", "waiting", "crane", 1, 2),
    ]


def test_stuck_on_alternatives_tells_the_nearest_to_enough():
    run = build(
        resources={"dell": {"count": {"0 d": 5, "1 d": 1}}, "smc": {"count": {"0 d": 5, "1 d": 2}}},
        activities={"build": {"not_before": "2 d", "duration": "1 d", "requires": {"dell | smc": 3}}},
    )
    assert stuck_rows(run) == [("build", "site", "waiting", "dell | smc", 2, 3)]


def test_capacity_that_comes_after_the_horizon_is_not_there():
    run = build(
        resources={"crane": {"count": {"5 d": 1, "20 d": 9}}},
        activities={"lift": {"duration": "1 d", "requires": {"crane": 4}}},
    )
    assert stuck_rows(run) == [("lift", "site", "waiting", "crane", 1, 4)]


def test_stuck_on_a_calendar():
    run = build(
        calendars={"early": {"closed": "2024-01-02 to 2024-03-01"}},
        activities={"a": {"duration": "1 h", "calendar": "early", "not_before": "2 d"}},
    )
    assert stuck_rows(run) == [("a", "site", "waiting", "calendar:early", None, None)]


def test_not_ready_for_want_of_a_predecessor_counts_those_that_came():
    run = build(
        places={"hall": 3},
        supplies={"kits": {"initial": 2}},
        activities={
            "fit": {"at": "hall", "duration": "1 d", "consumes": {"kits": 1}},
            "open": {"duration": "1 d", "after": ["fit"]},
            "tour": {"duration": "1 d", "after": [{"activity": "open", "from": "start"}]},
        },
    )
    assert stuck_rows(run) == [
        ("fit", "hall3", "waiting", "kits", 0, 1),
        ("open", "site", "not ready", "fit", 2, 3),
        ("tour", "site", "not ready", "start of open", 0, 1),
    ]


def test_not_ready_for_want_of_a_milestone_tells_how_far_it_got():
    run = build(
        supplies={"gpus": {"unit": "GPU", "initial": 10}, "kits": {"initial": 1}},
        places={"rack": 2},
        activities={
            "install": {"at": "rack", "duration": "1 d", "consumes": {"kits": 1}, "produces": {"gpus": 64}},
            "train": {"duration": "1 d", "after": ["enough"]},
            "party": {"duration": "1 d", "after": ["both"]},
        },
        milestones={"enough": {"supply": "gpus", "reaches": 100}, "both": {"activity": "install"}},
    )
    assert stuck_rows(run)[1:] == [
        ("train", "site", "not ready", "enough", 74, 100),
        ("party", "site", "not ready", "both", 1, 2),
    ]


def test_not_ready_before_a_date_or_a_lag_has_passed():
    run = build(
        activities={
            "a": {"duration": "1 d"},
            "b": {"duration": "1 d", "after": [{"activity": "a", "lag": "30 d"}]},
            "c": {"duration": "1 d", "not_before": "2024-03-01"},
        }
    )
    waits = [row[2:] for row in stuck_rows(run)]
    assert waits == [("not ready", "its date or lag", None, None)] * 2


def test_stuck_through_a_shared_gate_counts_the_whole_gate():
    run = build(
        places={"hall": 2, "rack": {"in": "hall", "count": 2}, "yard": {"in": "hall", "count": 1}},
        supplies={"kits": {"initial": 3}},
        activities={
            "install": {"at": "rack", "duration": "1 d", "consumes": {"kits": 1}},
            "clear": {"at": "yard", "duration": "1 d", "after": ["install"]},
        },
    )
    assert ("clear", "hall2/yard1", "not ready", "install", 1, 2) in stuck_rows(run)


def test_stuck_in_a_repair():
    run = build(
        resources={"bench": {"count": {"0 d": 1, "1 d": 0}}},
        activities={
            "test": {
                "duration": "2 d",
                "rework": {"probability": 1, "duration": "1 d", "requires": {"bench": 1}},
            }
        },
    )
    assert stuck_rows(run) == [("test", "site", "waiting", "bench", 0, 1)]
