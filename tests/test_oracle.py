"""The second opinion itself, checked against schedules made by hand."""

import random
from typing import Any

import pytest
from generated import scenario
from oracle import OracleTrace, simulate

from dcsim.scenario.load import load

MONDAY = "2024-03-11"


def run(horizon: str = "3 d", start: str = MONDAY, **sections: Any) -> OracleTrace:
    return simulate({"name": "by hand", "start": start, "horizon": horizon, **sections})


def spans(trace: OracleTrace) -> dict[str, tuple[int | None, int | None]]:
    """Start and finish by activity, or by activity and place where that is not the site."""
    names = [row.activity if row.place == "site" else f"{row.activity} {row.place}" for row in trace.activities]
    return {name: (row.start, row.finish) for name, row in zip(names, trace.activities, strict=True)}


def test_a_network_by_hand() -> None:
    """Critical path method: two paths merge, and lags count from the finish."""
    trace = run(
        activities={
            "dig": {"duration": "3 h"},
            "pour": {"duration": "2 h", "after": ["dig"]},
            "order": {"duration": "90 min"},
            "erect": {"duration": "1 h", "after": ["pour", {"activity": "order", "lag": "4 h"}]},
            "watch": {"duration": "10 min", "after": {"activity": "pour", "from": "start", "lag": "5 min"}},
        },
        milestones={"up": {"activity": "erect"}, "begun": {"activity": "pour", "event": "start"}},
    )
    assert spans(trace) == {
        "dig": (0, 180),
        "pour": (180, 300),
        "order": (0, 90),
        "erect": (330, 390),
        "watch": (185, 195),
    }
    assert trace.milestones == {"up": 390, "begun": 180}


def test_a_hammock_by_hand() -> None:
    """Without length it spans from a start to a finish, and keeps its crew from what else needs it."""
    trace = run(
        activities={
            "a": {"duration": "2 h"},
            "b": {"duration": "3 h", "after": ["a"]},
            "span": {
                "after": [{"activity": "a", "from": "start", "lag": "1 h"}, {"activity": "b", "to": "finish"}],
                "requires": {"crew": 1},
            },
            "late": {"duration": "1 h", "after": ["a"], "requires": {"crew": 1}},
        },
        resources={"crew": {"count": 1}},
    )
    assert spans(trace) == {"a": (0, 120), "b": (120, 300), "span": (60, 300), "late": (300, 360)}


@pytest.mark.parametrize(("cut", "makespan"), [(0, 12), (1, 13)])
def test_grahams_anomaly(cut: int, makespan: int) -> None:
    """Every activity an hour shorter, and the project takes an hour longer."""
    hours = [3, 2, 2, 2, 4, 4, 4, 4, 9]
    after: dict[int, list[str]] = {8: ["t1"], 4: ["t4"], 5: ["t4"], 6: ["t4"], 7: ["t4"]}
    activities = {
        f"t{i + 1}": {"duration": f"{n - cut} h", "requires": {"machine": 1}, "after": after.get(i, [])}
        for i, n in enumerate(hours)
    }
    trace = run(activities=activities, resources={"machine": {"count": 3}})
    assert max(row.finish or 0 for row in trace.activities) == makespan * 60


def test_a_night_shift_pauses_work_by_day() -> None:
    """Ten hours of work from 22:00 to 06:00: the end of Sunday's shift is on when the clock starts."""
    trace = run(
        calendars={"night": {"days": "Mon-Sun", "hours": "22:00-06:00"}},
        activities={
            "weld": {"duration": "10 h", "calendar": "night"},
            "days": {"duration": "1 d", "calendar": "night", "not_before": "12 h"},
        },
    )
    assert spans(trace) == {"weld": (0, 26 * 60), "days": (22 * 60, 30 * 60)}
    assert trace.row("days").held_by == "calendar:night"
    assert [row[2:] for row in trace.shortages] == [(720, 1320, "calendar:night", 1)]


def test_a_public_holiday_is_off() -> None:
    trace = run(
        start="2024-07-03",
        calendars={"day": {"hours": "08:00-16:00", "holidays": "US"}},
        activities={"wire": {"duration": "12 h", "calendar": "day"}},
    )
    assert spans(trace) == {"wire": (480, 2 * 1440 + 720)}


def test_expected_failures_take_their_turns() -> None:
    """Half fail: m = 0.999, so only the first passes at once; a repair wants the one technician."""
    trace = run(
        places={"rack": 3},
        resources={"technician": {"count": 1}},
        activities={
            "test": {
                "at": "rack",
                "duration": "1 h",
                "rework": {"probability": 0.5, "duration": "30 min", "requires": {"technician": 1}},
                "produces": {"usable": 8},
            }
        },
        supplies={"usable": {}},
        milestones={"all": {"supply": "usable", "reaches": 24}},
    )
    assert [(row.attempts, row.finish) for row in trace.activities] == [(1, 60), (2, 150), (2, 180)]
    assert [row[1:] for row in trace.attempts if row.place == "rack3"] == [
        ("rack3", 1, "work", 0, 0, 60, ""),
        ("rack3", 1, "repair", 60, 90, 120, "technician"),
        ("rack3", 2, "work", 120, 120, 180, ""),
    ]
    assert [tuple(row) for row in trace.shortages] == [("test", "site", 60, 90, "technician", 1)]
    assert trace.milestones == {"all": 180}


def test_links_between_places() -> None:
    """To the place around, to all inside, across in the smallest place around both, by place and by count."""
    trace = run(
        places={
            "phase": ["north", "south"],
            "hall": {"in": "phase", "count": {"north": 2, "south": 1}},
            "lot": {"in": "phase", "count": 1},
        },
        activities={
            "prepare": {"at": "phase", "duration": "1 h", "within": {"south": {"duration": "2 h"}}},
            "fit": {
                "at": "hall",
                "duration": "1 h",
                "after": ["prepare"],
                "within": {"*/hall2": {"duration": "5 h"}},
            },
            "accept": {"at": "phase", "after": ["fit"]},
            "ship": {"at": "lot", "after": ["fit"]},
            "show": {
                "at": "phase",
                "only": ["south"],
                "after": [{"activity": "fit", "place": "north/hall1"}],
            },
            "start_up": {"after": [{"activity": "fit", "count": 2}]},
            "no_more": {"at": "phase", "after": ["show"]},
        },
    )
    assert spans(trace) == {
        "prepare north": (0, 60),
        "prepare south": (0, 120),
        "fit north/hall1": (60, 120),
        "fit north/hall2": (60, 360),
        "fit south/hall1": (120, 180),
        "accept north": (360, 360),
        "accept south": (180, 180),
        "ship north/lot1": (360, 360),
        "ship south/lot1": (180, 180),
        "show south": (120, 120),
        "start_up": (180, 180),
        "no_more north": (0, 0),
        "no_more south": (120, 120),
    }


def test_the_order_of_visits_and_nobody_is_held_back() -> None:
    """Priority, then ready tick, then file order; who needs more than is free lets the next one pass."""
    trace = run(
        resources={"crew": {"count": 2}},
        activities={
            "first": {"duration": "1 h", "requires": {"crew": 1}},
            "big": {"duration": "1 h", "requires": {"crew": 2}},
            "small": {"duration": "2 h", "requires": {"crew": 1}},
            "late": {"duration": "1 h", "requires": {"crew": 1}, "not_before": "30 min", "priority": 1},
        },
    )
    assert spans(trace) == {"first": (0, 60), "big": (120, 180), "small": (0, 120), "late": (60, 120)}
    assert [tuple(row) for row in trace.shortages] == [
        ("big", "site", 0, 120, "crew", 1),
        ("late", "site", 30, 60, "crew", 1),
    ]


def test_capacity_steps_down_and_a_risk_halves_it() -> None:
    """Three, two after an hour, then one: nothing starts until use is below the new capacity."""
    trace = run(
        places={"rack": 4},
        resources={"crew": {"count": {"0 d": 3, "1 h": 2}}},
        risks={"flu": {"begins": "2 h", "lasts": "2 h", "effects": {"resources.crew": 0.5}}},
        activities={"install": {"at": "rack", "duration": "100 min", "requires": {"crew": 1}}},
    )
    assert [(row.start, row.finish) for row in trace.activities] == [(0, 100), (0, 100), (0, 100), (100, 200)]
    later = run(
        places={"rack": 4},
        resources={"crew": {"count": {"30 min": 3}}},
        risks={"flu": {"begins": "2 h", "lasts": "2 h", "effects": {"resources.crew": 0.5}}},
        activities={"install": {"at": "rack", "duration": "100 min", "requires": {"crew": 1}}},
    )
    assert [row.start for row in later.activities] == [30, 30, 30, 130]


def test_alternatives_the_first_that_can_start() -> None:
    """The first line is taken; the second is free but closed until eight, so the wait is for its calendar."""
    trace = run(
        calendars={"day": {"hours": "08:00-16:00"}},
        resources={"dell": {"count": 1}, "smc": {"count": 1, "calendar": "day"}},
        activities={
            "a": {"duration": "9 h", "requires": {"dell | smc": 1}},
            "b": {"duration": "1 h", "requires": {"dell | smc": 1}},
            "c": {"duration": "1 h", "requires": {"dell | smc": 1}},
        },
    )
    assert [(row.start, row.used, row.held_by) for row in trace.activities] == [
        (0, "dell", ""),
        (480, "smc", "calendar:day"),
        (540, "dell", "dell | smc"),
    ]


def test_production_and_orders() -> None:
    """Ten a day delivered every eight hours: floors of 3.33, 6.67, 10, and of half of it from the risk on."""
    trace = run(
        horizon="2 d",
        risks={
            "cut": {"begins": "1 d", "effects": {"supplies.stacks": 0.5}},
            "port": {"begins": "3 h", "lasts": "1 h", "delays": {"supplies.racks": "2 h"}},
            "never": {"probability": 0.5, "effects": {"supplies.stacks": 0}},
        },
        factors={"market": 1.5},
        supplies={
            "stacks": {"production": {"rate": "10 / d", "every": "8 h"}},
            "racks": {
                "orders": {
                    "lots": {"amount": 7, "placed": "1 h", "lead_time": "2 h", "lots": 3, "every": "30 min"},
                    "more": {
                        "amount": 1,
                        "placed": {"after": "pay", "lag": "1 h"},
                        "lead_time": "1 h",
                        "varies_with": ["market"],
                    },
                }
            },
        },
        activities={"pay": {"duration": "1 h", "consumes": {"stacks": 4}}},
    )
    assert [row[:2] + row[3:] for row in trace.deliveries if row.supply == "racks"] == [
        (240, "racks", 3, "lots"),
        (300, "racks", 2, "lots"),
        (330, "racks", 2, "lots"),
        (960 + 60 + 60 + 90, "racks", 1, "more"),
    ]
    stacks = [(row.tick // 60, row.amount) for row in trace.deliveries if row.supply == "stacks"]
    assert stacks == [(8, 3), (16, 3), (24, 4), (32, 1), (40, 2), (48, 2)]
    assert trace.row("pay")[2:5] == (0, 960, 1020)


def test_learning_counts_starts_and_rounds_twice() -> None:
    """90.5 minutes are 91; times 0.8 per doubling: 91, 72.8, 63.9, and no more learning after the third."""
    trace = run(
        places={"rack": 4},
        resources={"crew": {"count": 1}},
        activities={
            "install": {
                "at": "rack",
                "duration": "90.5 min",
                "requires": {"crew": 1},
                "learning": {"rate": 0.8, "until": 3},
            }
        },
    )
    assert [row.finish for row in trace.activities] == [91, 164, 228, 292]


def test_stop_work_pauses_and_is_named() -> None:
    trace = run(
        resources={"crane": {"count": 2}},
        risks={"storm": {"begins": "1 h", "lasts": "3 h", "stop_work": ["crane"]}},
        activities={
            "lift": {"duration": "2 h", "requires": {"crane": 1}},
            "set": {"duration": "1 h", "requires": {"crane": 1}, "not_before": "2 h"},
        },
    )
    assert spans(trace) == {"lift": (0, 300), "set": (240, 300)}
    assert trace.row("set").held_by == "risk:storm"


def test_zero_lengths_settle_in_the_same_tick() -> None:
    """A chain without length passes through one tick, and each place's resource is given back in it."""
    trace = run(
        places={"hall": 2},
        resources={"gate": {"count": 1, "per": "hall"}},
        activities={
            "knock": {"at": "hall", "requires": {"gate": 1}},
            "enter": {
                "at": "hall",
                "requires": {"gate": 1},
                "after": [{"activity": "knock", "from": "start"}],
            },
            "leave": {"at": "hall", "requires": {"gate": 1}, "after": ["enter"]},
        },
    )
    assert {(row.start, row.finish) for row in trace.activities} == {(0, 0)}
    assert trace.shortages == ()


def test_unfinished_builds_say_what_they_lack() -> None:
    """What finishes after the horizon is empty; the tick of the horizon still counts."""
    trace = run(
        horizon="3 h",
        supplies={"power": {"unit": "kW", "initial": "1 MW"}},
        activities={
            "on": {"duration": "3 h", "consumes": {"power": "600 kW"}},
            "also_on": {"duration": "3 h", "consumes": {"power": "600 kW"}},
            "then": {"duration": "1 min", "after": ["on"]},
        },
        milestones={"both": {"activity": "also_on"}},
    )
    assert [row[2:6] for row in trace.activities] == [(0, 0, 180, 1), (0, None, None, 0), (180, 180, None, 1)]
    assert [tuple(row) for row in trace.shortages] == [("also_on", "site", 0, None, "power", 1)]
    assert trace.milestones == {"both": None}


def test_working_lags_count_by_the_successors_calendar() -> None:
    trace = run(
        calendars={"day": {"hours": "08:00-16:00"}},
        activities={
            "pour": {"duration": "14 h"},
            "strip": {"calendar": "day", "after": [{"activity": "pour", "lag": {"working": "0.5 d"}}]},
        },
    )
    assert trace.row("strip")[2:5] == (1440 + 600, 1440 + 600, 1440 + 600)


def test_what_differs_in_some_places() -> None:
    """Later patterns win, named parts merge, `null` deletes; each hall has its dock and its learning."""
    trace = run(
        places={"hall": 2, "rack": {"in": "hall", "count": {"hall1": 2, "hall*": 1, "hall1*": 2}}},
        resources={
            "dock": {"count": 1, "per": "hall", "within": {"hall2": {"count": 2}}},
            "crew": {"count": 1},
        },
        activities={
            "install": {
                "at": "rack",
                "duration": "1 h",
                "requires": {"dock": 1, "crew": 1},
                "learning": {"rate": 0.5, "per": "hall"},
                "within": {
                    "hall*": {"duration": "2 h"},
                    "hall1": {"requires": {"crew": None}},
                    "*/rack2": {"duration": "40 min"},
                },
            }
        },
    )
    assert spans(trace) == {
        "install hall1/rack1": (0, 120),
        "install hall1/rack2": (120, 140),
        "install hall2/rack1": (0, 120),
    }
    assert [tuple(row) for row in trace.shortages] == [("install", "hall1", 0, 120, "dock", 1)]


@pytest.mark.slow
def test_generated_scenarios_keep_the_invariants() -> None:
    """Nothing runs before it is ready, what failed is tried again, and no more is delivered than was made."""
    for seed in range(40):
        data = scenario(random.Random(seed))
        assert data == scenario(random.Random(seed))
        load(data)
        trace = simulate(data)
        for row in trace.activities:
            ticks = [tick for tick in (row.ready, row.start, row.finish) if tick is not None]
            assert ticks == sorted(ticks), (seed, row)
            assert bool(row.held_by) == (row.start != row.ready and row.start is not None), (seed, row)
        for work in trace.attempts:
            assert bool(work.held_by) == (work.start is not None and work.start > work.ready), (seed, work)
        for shortage in trace.shortages:
            assert shortage.waiting > 0, (seed, shortage)
            assert shortage.end is None or shortage.begin < shortage.end, (seed, shortage)
