"""The law of risks: what happens in their windows to durations, capacity, deliveries and working time."""

import pytest
from builders import Told, network

import dcsim

DAY = 1440


def risk(**spec):
    """One risk that is sure to occur, from the second to the fourth hour unless said otherwise."""
    return {"storm": {"begins": "1 h", "lasts": "2 h"} | spec}


@pytest.mark.parametrize(("probability", "occurs"), [(0, False), (0.5, False), (0.51, True), (1, True)])
def test_in_an_expected_run_the_more_likely_happens(run, probability, occurs):
    told = run("a=10", risks={"heat": {"probability": probability, "effects": {"activities.a": 2}}})
    assert told["a"] == (0, 20 if occurs else 10)


@pytest.mark.parametrize(("start", "length"), [(59, 10), (60, 15), (179, 15), (180, 10)])
def test_durations_of_what_starts_in_the_window(run, start, length):
    told = run("a=10", risks=risk(effects={"activities.a": 1.5}), a={"not_before": f"{start} min"})
    assert told["a"] == (start, start + length)


def test_without_a_begin_it_is_always(run):
    told = run("a=10 b=10<a", risks={"heat": {"effects": {"activities.a": 1.5, "activities.b": 2}}})
    assert told.times == {"a": (0, 15), "b": (15, 35)}


def test_without_an_end_it_lasts(run):
    told = run("a=10", risks={"heat": {"begins": "1 h", "effects": {"activities.a": 2}}}, a={"not_before": "9 d"})
    assert told["a"] == (9 * DAY, 9 * DAY + 20)


def test_several_effects_multiply_before_rounding(run):
    told = run(
        "a=3",
        risks={"heat": {"effects": {"activities.a": 1.5}}, "rain": {"effects": {"activities.a": 1.5}}},
    )
    assert told.makespan == 7


def test_effects_as_written_are_exact(run):
    assert run("a=50", risks={"haste": {"effects": {"activities.a": 0.29}}}).makespan == 15


def test_capacity_is_cut_and_floored(run):
    """Half of three crews is one; work under way goes on, and nothing starts before only none are busy."""
    told = run("a@rack=100:crew", crew=3, places={"rack": 5}, risks=risk(effects={"resources.crew": 0.5}))
    assert [told.starts[f"a rack{n}"] for n in range(1, 6)] == [0, 0, 0, 100, 180]
    assert told.shortages == [("a", 0, 100, "crew", 2), ("a", 100, 180, "crew", 1)]


def test_cuts_of_capacity_multiply_before_the_floor(run):
    """0.7 x 0.7 of ten is 4.9: four, not floor of floor; 0.1 x 0.1 x 100 is 1 exactly."""
    cut = {"one": {"effects": {"resources.crew": 0.7}}, "two": {"effects": {"resources.crew": 0.7}}}
    told = run("a@rack=10:crew", crew=10, places={"rack": 5}, risks=cut)
    assert [told.starts[f"a rack{n}"] for n in range(1, 6)] == [0, 0, 0, 0, 10]
    cut = {"one": {"effects": {"resources.crew": 0.1}}, "two": {"effects": {"resources.crew": 0.1}}}
    assert run("a=10:crew", crew=100, risks=cut)["a"] == (0, 10)


def test_a_ramp_within_a_window(run):
    told = run(
        "a@rack=5:crew",
        crew={"count": {"0 d": 0, "90 min": 4}},
        places={"rack": 4},
        risks=risk(lasts="1 h", effects={"resources.crew": 0.5}),
    )
    assert [told.starts[f"a rack{n}"] for n in range(1, 5)] == [90, 90, 95, 95]


def test_deliveries_of_orders_in_the_window_are_postponed(run):
    orders = {f"at{n}": {"amount": 1, "placed": f"{n} min"} for n in (59, 60, 179, 180)}
    told = run("a=0", supplies={"racks": {"orders": orders}}, risks=risk(delays={"supplies.racks": "1 d"}))
    assert told.amounts("racks") == [(59, 1), (180, 1), (DAY + 60, 1), (DAY + 179, 1)]


def test_several_delays_add_up_from_the_original_tick(run):
    """The first delay carries it out of the second risk's window, which counts all the same."""
    told = run(
        "a=0",
        supplies={"racks": {"orders": {"one": {"amount": 1, "placed": "90 min"}}}},
        risks={
            "port": {"begins": "1 h", "lasts": "1 h", "delays": {"supplies.racks": "5 h"}},
            "road": {"begins": "1 h", "lasts": "1 h", "delays": {"supplies.racks": "2 h"}},
            "later": {"begins": "3 h", "delays": {"supplies.racks": "1 d"}},
        },
    )
    assert told.amounts("racks") == [(90 + 420, 1)]


def test_lots_are_postponed_one_by_one_also_of_orders_placed_after_work(run):
    """Due at the first, second and third hour, when the window begins, has just ended, and is over."""
    order = {"amount": 3, "placed": {"after": "pay"}, "lots": 3, "every": "1 h"}
    told = run(
        "pay=60",
        supplies={"racks": {"orders": {"one": order}}},
        risks=risk(lasts="1 h", delays={"supplies.racks": "1 d"}),
    )
    assert told.amounts("racks") == [(120, 1), (180, 1), (DAY + 60, 1)]


def test_production_is_not_postponed(run):
    told = run(
        "a=0",
        horizon="2 h",
        supplies={
            "racks": {
                "production": {"rate": "1 / h", "every": "1 h"},
                "orders": {"one": {"amount": 5, "placed": "70 min"}},
            }
        },
        risks=risk(begins="30 min", delays={"supplies.racks": "1 d"}),
    )
    assert told.amounts("racks") == [(60, 1), (120, 1)]


def test_stop_work_closes_what_it_names(run):
    """The lift pauses from the first to the third hour and keeps the crane; the other work goes on."""
    told = run(
        "lift=90:crane weld=200 set=10:crane",
        crane=1,
        risks=risk(stop_work=["crane"]),
        set={"not_before": "80 min"},
    )
    assert told.times == {"lift": (0, 90 + 120), "weld": (0, 200), "set": (210, 220)}
    assert told.held_by("set") == "crane"


def test_stop_work_of_an_activity(run):
    told = run("lift=90:crane weld=10:crane", crane=2, risks=risk(stop_work="lift"), weld={"not_before": "80 min"})
    assert told.times == {"lift": (0, 210), "weld": (80, 90)}


def test_a_wait_for_stopped_work_is_a_wait_for_the_risk(run):
    told = run("lift=10:crane", crane=1, risks=risk(stop_work=["crane"]), lift={"not_before": "70 min"})
    assert (told["lift"], told.held_by("lift")) == ((180, 190), "risk:storm")
    assert told.shortages == [("lift", 70, 180, "risk:storm", 1)]


def test_at_night_it_is_the_calendar_that_is_waited_for(run):
    """Closed until eight anyway; from nine to ten the storm keeps it closed."""
    told = run(
        "lift=10:crane",
        crane={"count": 1, "calendar": "day"},
        calendars={"day": {"hours": "08:00-16:00"}},
        risks={"storm": {"begins": "7 h", "lasts": "3 h", "stop_work": ["crane"]}},
    )
    assert told.shortages == [("lift", 0, 480, "calendar:day", 1), ("lift", 480, 600, "risk:storm", 1)]


@pytest.mark.parametrize(("mitigate", "finish"), [((), 20), (("heat",), 15)])
def test_a_mitigated_risk_is_another_risk(engine, mitigate, finish):
    less = {"cost": "1M USD", "effects": {"activities.a": 1.5}}
    scenario = network("a=10", risks={"heat": {"effects": {"activities.a": 2}, "mitigation": less}})
    loaded = dcsim.load(scenario, mitigate=mitigate)
    assert Told(dcsim.simulate(loaded, engine=engine, expected=True))["a"] == (0, finish)


def test_a_stop_that_follows_another_is_told_as_itself(run):
    """The calendar stays closed, but it is another risk that keeps it so."""
    stops = {"stop_work": ["crew"], "probability": 1, "lasts": "1 h"}
    told = run(
        "a=10:crew",
        crew=1,
        risks={"strike": {**stops, "begins": "0 d"}, "storm": {**stops, "begins": "1 h"}},
    )
    assert told["a"] == (120, 130)
    assert told.shortages == [("a", 0, 60, "risk:strike", 1), ("a", 60, 120, "risk:storm", 1)]
