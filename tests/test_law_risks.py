"""The law of risks: what happens in their windows to durations, capacity, deliveries and working time."""

import pytest
from builders import Told, network

import dcsim
from dcsim.engine.draws import Sample, draw
from dcsim.study.cash import network_of

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


def test_of_several_stops_the_first_in_the_file_is_told(run):
    """The strike lasts from one to two hours, the storm around it: it is told before and after, not meanwhile."""
    stops = {"stop_work": ["crew"], "probability": 1}
    risks = {
        "strike": {**stops, "begins": "1 h", "lasts": "1 h"},
        "storm": {**stops, "begins": "30 min", "lasts": "2 h"},
    }
    waits = {"not_before": "40 min"}
    told = run("a=10:crew", crew=1, risks=risks, a=waits)
    around = [("a", 40, 60, "risk:storm", 1), ("a", 60, 120, "risk:strike", 1), ("a", 120, 150, "risk:storm", 1)]
    assert (told["a"], told.held_by("a"), told.shortages) == ((150, 160), "risk:storm", around)
    told = run("a=10:crew", crew=1, risks=dict(reversed(risks.items())), a=waits)
    assert told.shortages == [("a", 40, 150, "risk:storm", 1)]


# Risks that add time


def test_a_span_is_added_to_what_starts_in_the_window(run):
    told = run("a=10 b=10", risks=risk(effects={"activities.a": "1 h", "activities.b": "1 h"}), b={"not_before": "1 h"})
    assert told.times == {"a": (0, 10), "b": (60, 130)}


def test_added_days_are_working_days_of_the_activity(run):
    """Two days are sixteen hours of a day shift of eight; the crew is held meanwhile, and the next waits for it."""
    told = run(
        "a=8h:crew b=1h:crew",
        crew={"count": 1, "calendar": "day"},
        calendars={"day": {"hours": "08:00-16:00"}},
        risks={"permit": {"effects": {"activities.a": "2 d"}}},
    )
    assert told.times == {"a": (480, 2 * DAY + 960), "b": (3 * DAY + 480, 3 * DAY + 540)}


def test_added_days_are_those_of_whoever_does_the_work(run):
    """The first line is taken; a day of the second has ten hours."""
    told = run(
        "b=9h:short a=1h",
        short={"count": 1, "calendar": "eight"},
        long={"count": 1, "calendar": "ten"},
        calendars={"eight": {"hours": "08:00-16:00"}, "ten": {"hours": "06:00-16:00"}},
        risks={"late": {"effects": {"activities.a": "1 d"}}},
        a={"requires": {"short | long": 1}, "not_before": "8 h"},
    )
    assert told["a"] == (480, DAY + 540)


def test_what_is_added_is_neither_multiplied_nor_learned(run):
    risks = {"one": {"effects": {"activities.a": "30 min"}}, "two": {"effects": {"activities.a": 2}}}
    risks["three"] = {"effects": {"activities.a": "5 min"}}
    told = run("a@rack=20:crew", crew=1, places={"rack": 2}, risks=risks, a={"learning": 0.5})
    assert told.finishes == {"a rack1": 75, "a rack2": 75 + 55}


def test_time_is_added_to_the_first_attempt_alone(run):
    rework = {"probability": 1, "duration": "1 min"}
    told = run("a=2", risks={"late": {"effects": {"activities.a": "7 min"}}}, a={"rework": rework})
    assert told.makespan == 9 + 10 * 3


def test_one_draw_decides_over_all_that_a_risk_adds(run):
    """All racks, and both activities, unless each draws its own."""
    size = {"uniform": ["1 h", "9 h"]}
    spec = {"late": {"effects": {"activities.a": size, "activities.b": size, "activities.c": {"each": size}}}}
    told = run("a@rack=0 b@rack=0 c@rack=0", places={"rack": 4}, risks=spec, seed=3)
    added = {name: [told.finishes[f"{name} rack{n}"] for n in range(1, 5)] for name in "abc"}
    assert len({*added["a"], *added["b"]}) == 1
    assert len(set(added["c"])) == 4


# Risks that strike several times


@pytest.mark.parametrize(
    ("probability", "times", "hours"), [(1, 3, 3), (0.4, 3, 1), (0.5, 3, 1), (0.5, 1, 0), (0.9, 4, 4)]
)
def test_in_an_expected_run_it_strikes_as_often_as_on_average(run, probability, times, hours):
    told = run("a=0", risks={"slip": {"probability": probability, "times": times, "effects": {"activities.a": "1 h"}}})
    assert told.makespan == 60 * hours


def test_it_strikes_again_so_long_after_it_ended(run):
    """From 1 to 3, 7 to 9 and 13 to 15 o'clock; not a fourth time."""
    starts = (0, 1, 3, 7, 9, 13, 14, 15, 19)
    text = " ".join(f"t{hour}=1" for hour in starts)
    spec = risk(every="4 h", times=3, effects={f"activities.t{hour}": 2 for hour in starts})
    told = run(text, risks=spec, **{f"t{hour}": {"not_before": f"{hour} h"} for hour in starts})
    assert [hour for hour in starts if told.lengths[f"t{hour}"] == 2] == [1, 7, 13, 14]


def test_without_a_begin_it_first_strikes_so_long_after_the_start(run):
    """Closed from the second hour on for one, from the fifth for one, and so on to the end of the work."""
    storms = {"storm": {"every": "2 h", "lasts": "1 h", "stop_work": "lift"}}
    assert run("lift=5h", risks=storms, horizon="9 d").makespan == 60 * (2 + 1 + 2 + 1 + 1)


def test_strikes_of_their_own_may_overlap(run):
    spec = risk(times=2, effects={"activities.a": 1.5})
    assert run("a=8", risks=spec, a={"not_before": "1 h"}).lengths["a"] == 18


def test_further_strikes_move_no_other_draw():
    spec = {"begins": "1 to 9 d", "lasts": "1 to 3 d", "stop_work": "a"}
    windows = []
    for more in ({}, {"times": 3}, {"every": {"exponential": "3 d"}, "times": 2}):
        built = network_of(dcsim.load(network("a=1", risks={"storm": spec | more})))
        windows.append(draw(built, Sample(5)).windows[0])
    assert windows[0] == windows[1][:1] == windows[2][:1]
    assert [len(some) for some in windows] == [1, 3, 2]
    assert len(set(windows[1])) == 3


# Risks that follow something


def test_a_window_that_follows_an_activity(run):
    """From two to four hours after the hole is dug."""
    follows = {"begins": {"after": "dig", "lag": "2 h"}, "lasts": "2 h", "effects": {"activities.a": 2}}
    for hour, length in ((0, 10), (3, 10), (4, 20), (5, 20), (6, 10)):
        told = run("dig=2h a=10", risks={"water": follows}, a={"not_before": f"{hour} h"})
        assert told.lengths["a"] == length, hour


def test_what_it_follows_settles_before_what_starts_then(run):
    """In the very tick: what becomes ready with the end of the digging starts in the window."""
    after = {
        "begins": {"after": "dug"},
        "lasts": "1 min",
        "effects": {"activities.a": "5 min", "activities.b": "5 min"},
    }
    told = run("dig=2h a=10<dig b=10", risks={"water": after}, milestones={"dug": {"activity": "dig"}})
    assert told.times == {"dig": (0, 120), "a": (120, 135), "b": (0, 10)}


def test_a_start_is_followed_by_what_starts_later(run):
    """Three of a kind: the window opens with the first start, and holds for those that start after it settled."""
    after = {"begins": {"after": "a", "from": "start", "count": 1}, "effects": {"activities.a": "5 min"}}
    told = run("a@rack=10:crew", crew=2, places={"rack": 3}, risks={"wear": after})
    assert told.lengths == {"a rack1": 10, "a rack2": 10, "a rack3": 15}


def test_what_follows_nothing_that_happens_never_begins(run):
    after = {"begins": {"after": "never"}, "effects": {"activities.a": 2}}
    told = run(
        "a=10", supplies={"x": {"initial": 1}}, milestones={"never": {"supply": "x", "reaches": 2}}, risks={"r": after}
    )
    assert told["a"] == (0, 10)


def test_a_risk_that_follows_something_strikes_again(run):
    after = {"begins": {"after": "dig"}, "lasts": "1 h", "every": "1 h", "effects": {"activities.a": 2}}
    for hour, length in ((1, 10), (2, 20), (3, 10), (4, 20), (5, 10)):
        told = run("dig=2h a=10", risks={"water": after}, a={"not_before": f"{hour} h"}, horizon="9 d")
        assert told.lengths["a"] == length, hour
