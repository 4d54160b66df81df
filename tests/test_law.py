"""The law of the instant, rule by rule: who is visited when, what a pass sees, and what is told of waiting."""

import pytest

# The order of visits: priority, ready tick, file order, place order


def test_the_higher_priority_first(run):
    told = run("low=5:crew mid=5:crew high=5:crew", crew=1, high={"priority": 3}, low={"priority": -1})
    assert told.starts == {"high": 0, "mid": 5, "low": 10}


def test_then_the_earlier_ready(run):
    told = run("now=60:crew a=5:crew b=5:crew", crew=1, a={"not_before": "20 min"}, b={"not_before": "10 min"})
    assert told.starts == {"now": 0, "b": 60, "a": 65}


def test_then_the_order_of_the_file(run):
    assert run("z=5:crew m=5:crew a=5:crew", crew=1).starts == {"z": 0, "m": 5, "a": 10}


def test_then_the_order_of_places(run):
    told = run("b@hall=5:crew a@hall=5:crew", crew=1, places={"hall": ["west", "east"]})
    assert told.starts == {"b west": 0, "b east": 5, "a west": 10, "a east": 15}


def test_place_order_is_that_of_the_tree(run):
    """Two racks in each of two halls: both of hall 1 come before those of hall 2, and 10 comes after 9."""
    told = run("a@rack=1:crew", crew=1, places={"hall": 2, "rack": {"in": "hall", "count": 10}})
    assert [told.starts[f"a hall{h}/rack{r}"] for h in (1, 2) for r in range(1, 11)] == list(range(20))


def test_priority_comes_before_ready_tick(run):
    told = run("now=60:crew a=5:crew b=5:crew", crew=1, b={"not_before": "50 min", "priority": 1})
    assert told.starts == {"now": 0, "b": 60, "a": 65}


def test_ready_tick_comes_before_file_order_across_activities(run):
    """Racks become ready hall by hall; an activity further down in the file that was ready earlier goes first."""
    told = run("wait=10 first=5<wait:crew second=5:crew now=10:crew", crew=1, now={"priority": 1})
    assert told.starts == {"wait": 0, "now": 0, "second": 10, "first": 15}


def test_priority_may_differ_by_place(run):
    told = run(
        "a@hall=5:crew", crew=1, places={"hall": 3}, a={"within": {"hall3": {"priority": 2}, "hall2": {"priority": 1}}}
    )
    assert told.starts == {"a hall3": 0, "a hall2": 5, "a hall1": 10}


# All or nothing, and nobody is held back


def test_who_cannot_start_holds_nothing(run):
    """The big lift waits for the crew and leaves both cranes to who comes after it."""
    told = run(
        "now=60:crew lift=10:crew,crane move=5:crane*2", crew=1, crane=2, now={"priority": 9}, lift={"priority": 5}
    )
    assert told.starts == {"now": 0, "move": 0, "lift": 60}


def test_nobody_is_held_back_by_another_s_shortage(run):
    told = run("now=60:crew big=10:crew*2 small=10:crew", crew=2)
    assert told.starts == {"now": 0, "small": 0, "big": 60}


def test_many_small_ones_may_pass_a_big_one_for_ever(run):
    """There is no reservation: two crews are never free at once while small work keeps coming."""
    told = run("a=10:crew big=5:crew*2 b=15:crew c=10<a:crew d=10<b:crew", crew=2)
    assert told.starts == {"a": 0, "b": 0, "c": 10, "d": 15, "big": 25}


def test_supplies_and_resources_are_taken_together(run):
    """Without steel the welder takes no crew; without a crew the painter takes no steel."""
    told = run(
        "weld=10:crew paint=10:crane cut=5:crew",
        crew=1,
        crane={"count": {"30 min": 1}},
        supplies={"steel": {"initial": 1, "orders": {"more": {"amount": 1, "placed": "20 min"}}}},
        weld={"consumes": {"steel": 2}, "priority": 1},
        paint={"consumes": {"steel": 1}, "priority": 2},
    )
    assert told.starts == {"cut": 0, "weld": 20, "paint": None}
    assert told.stuck == [("paint", "site", "waiting", "steel", 0, 1)]


# Rounds within a tick


def test_work_without_length_happens_within_its_tick(run):
    told = run("a=0 b=0<a c=5<b d=0<c e=0<d")
    assert told.times == {"a": (0, 0), "b": (0, 0), "c": (0, 5), "d": (5, 5), "e": (5, 5)}


def test_one_crew_does_any_number_of_things_without_length(run):
    told = run("a@rack=0:crew b=3<a:crew", crew=1, places={"rack": 50})
    assert told["b"] == (0, 3)
    assert told.shortages == []


def test_the_second_round_is_visited_in_order_too(run):
    """When `a` is over, the bolt goes to `urgent`, ready in this round, before `b`, ready in the first."""
    told = run(
        "a=0:crew b=5:crew urgent=5<a:crew",
        crew=1,
        urgent={"priority": 1},
    )
    assert told.starts == {"a": 0, "urgent": 0, "b": 5}


def test_a_pass_ends_before_anything_settles(run):
    """`urgent` is ready only after the pass in which `a` started, and in that pass `low` took the crane."""
    told = run("a=0 low=10:crane urgent=5<a:crane", crane=1, urgent={"priority": 9})
    assert told.starts == {"a": 0, "low": 0, "urgent": 10}


def test_a_start_to_start_link_waits_for_the_end_of_the_pass(run):
    told = run(
        "a=30 low=10:crane follow=5:crane",
        crane=1,
        follow={"after": [{"activity": "a", "from": "start"}], "priority": 9},
    )
    assert told.starts == {"a": 0, "low": 0, "follow": 10}
    assert told.row("follow")["ready"] == 0


def test_everything_due_settles_before_the_pass(run):
    """At minute 10 the crew comes back and `high` becomes ready: it does not matter which was first."""
    for text in ("hold=10:crew gate=10", "gate=10 hold=10:crew"):
        told = run(f"{text} low=5:crew high=5<gate:crew", crew=1, high={"priority": 1})
        assert (told["high"], told["low"]) == ((10, 15), (15, 20))


def test_what_is_produced_now_can_be_consumed_now(run):
    told = run("make=10 use=5", supplies={"power": {}}, make={"produces": {"power": 3}}, use={"consumes": {"power": 3}})
    assert told.times == {"make": (0, 10), "use": (10, 15)}
    assert told.level("power") == [(0, 0, 0), (10, 0, 3)]


def test_a_permit_goes_round(run):
    """A supply of one: the first activity consumes it, the last produces it again."""
    told = run(
        "dig@hall=10 fill@hall=5<dig",
        places={"hall": 3},
        supplies={"permit": {"initial": 1}},
        dig={"consumes": {"permit": 1}},
        fill={"produces": {"permit": 1}},
    )
    assert [told[f"dig hall{n}"] for n in (1, 2, 3)] == [(0, 10), (15, 25), (30, 40)]


# Capacity


def test_capacity_that_steps_down_keeps_what_runs(run):
    told = run("long=60:crew*3 more=10:crew", crew={"count": {"0 d": 3, "30 min": 1}}, more={"not_before": "5 min"})
    assert told.times == {"long": (0, 60), "more": (60, 70)}


def test_nothing_starts_until_use_is_below_the_new_capacity(run):
    """Two work when one is left; the first to finish is not followed by anybody."""
    told = run("a=40:crew b=60:crew c=5:crew", crew={"count": {"0 d": 2, "30 min": 1}})
    assert told["c"] == (60, 65)
    assert told.shortages == [("c", 0, 60, "crew", 1)]


def test_a_ramp_is_zero_before_its_first_step(run):
    told = run("a=5:crew b=5:crew", crew={"count": {"45 min": 1, "2024-01-01 00:48": 2}})
    assert told.times == {"a": (45, 50), "b": (48, 53)}
    assert told.held_by("a") == "crew"


def test_the_last_step_before_the_start_holds(run):
    assert run("a=5:crew*2", crew={"count": {"2023-12-01": 1, "2023-12-31": 2, "3 min": 3}})["a"] == (0, 5)


def test_steps_settle_with_everything_else(run):
    """The second crew comes in the minute in which the first is free again: both `b` and `c` start."""
    told = run("a=30:crew b=5:crew c=5:crew", crew={"count": {"0 d": 1, "30 min": 2}})
    assert told.starts == {"a": 0, "b": 30, "c": 30}


# Alternatives


def test_the_first_alternative_that_is_free(run):
    told = run("a=30:dell|smc b=20:dell|smc c=10:dell|smc d=10:dell|smc", dell=1, smc=1)
    assert [told.row(name)["used"] for name in "abcd"] == ["dell", "smc", "smc", "dell"]
    assert told.starts == {"a": 0, "b": 0, "c": 20, "d": 30}
    assert told.held_by("c") == "dell | smc"


def test_the_written_order_decides_when_both_are_free(run):
    told = run("a=10:smc|dell b=10:dell|smc", dell=1, smc=1)
    assert [told.row(name)["used"] for name in "ab"] == ["smc", "dell"]


def test_alternatives_of_two_entries_are_told_together(run):
    told = run("hold=60:crane1,crew1 a=10:crane1|crane2,crew1|crew2", crane1=1, crane2=1, crew1=1, crew2=1)
    assert told.row("a")["used"] == "crane2, crew2"
    assert told.row("hold")["used"] == ""


def test_an_alternative_must_suffice_alone(run):
    """Two of dell or two of smc: one of each does not do."""
    told = run("hold=60:dell a=10:dell|smc*2", dell=2, smc=1)
    assert told["a"] == (60, 70)


# What held it, and shortages


def test_held_by_is_what_lacked_just_before_the_start(run):
    """The crew came at 30, the crane at 50, the power at 60."""
    told = run(
        "a=5:crew,crane",
        crew={"count": {"30 min": 1}},
        crane={"count": {"50 min": 1}},
        supplies={"power": {"orders": {"grid": {"amount": 1, "placed": "1 h"}}}},
        a={"consumes": {"power": 1}},
    )
    assert (told["a"], told.held_by("a")) == ((60, 65), "power")
    assert told.shortages == [("a", 0, 30, "crew", 1), ("a", 30, 50, "crane", 1), ("a", 50, 60, "power", 1)]


@pytest.mark.parametrize(
    ("requires", "consumes", "cause"),
    [
        ({"crew": 1, "crane": 1}, {"power": 1, "cash": 1}, "crew"),
        ({"crane": 1, "crew": 1}, {"power": 1, "cash": 1}, "crane"),
        ({}, {"cash": 1, "power": 1}, "cash"),
        ({}, {"power": 1, "cash": 1}, "power"),
    ],
)
def test_the_first_of_several_things_that_come_at_once(run, requires, consumes, cause):
    """All lack until minute 30: requirements as written, then supplies as written, then calendars."""
    late = {"orders": {"one": {"amount": 1, "placed": "30 min"}}}
    told = run(
        "a=5",
        a={"requires": requires, "consumes": consumes, "calendar": "later"},
        crew={"count": {"30 min": 1}},
        crane={"count": {"30 min": 1}},
        supplies={"power": late, "cash": late},
        calendars={"later": {"hours": "00:30-24:00"}},
    )
    assert (told["a"], told.held_by("a")) == ((30, 35), cause)
    assert told.shortages == [("a", 0, 30, cause, 1)]


def test_what_starts_when_ready_was_held_by_nothing(run):
    assert run("a=5 b=5<a").held_by("b") == ""


def test_held_by_does_not_depend_on_who_was_visited_first(run):
    """`b` and `c` wait for the crane; just before it came there was none for either."""
    told = run("a=10:crane b=5:crane c=5:crane", crane=1)
    assert [told.held_by(name) for name in "bc"] == ["crane", "crane"]


def test_shortages_tell_every_change_of_a_queue(run):
    told = run("now=30:crew fit@rack=10:crew", crew=1, places={"rack": 3})
    assert told.shortages == [
        ("fit", 0, 30, "crew", 3),
        ("fit", 30, 40, "crew", 2),
        ("fit", 40, 50, "crew", 1),
    ]


def test_a_shortage_without_end_is_left_open(run):
    told = run("a=5", supplies={"power": {"initial": 1}}, a={"consumes": {"power": 2}})
    assert told.shortages == [("a", 0, None, "power", 1)]


def test_shortages_are_taken_after_the_last_round_of_a_tick(run):
    """Ten queue for the crew at tick 0 and have all been served when the tick is over."""
    assert run("a@rack=0:crew", crew=1, places={"rack": 10}).shortages == []


def test_what_differs_in_priority_only_is_one_queue(run):
    told = run(
        "now=30:crew fit@rack=10:crew",
        crew=1,
        places={"rack": 2},
        now={"priority": 9},
        fit={"within": {"rack2": {"priority": 1}}},
    )
    assert told.shortages == [("fit", 0, 30, "crew", 2), ("fit", 30, 40, "crew", 1)]


def test_what_needs_different_amounts_waits_in_different_queues(run):
    told = run(
        "now=30:crew*2 fit@rack=10:crew",
        crew=2,
        places={"rack": 2},
        fit={"within": {"rack2": {"requires": {"crew": 2}}}},
    )
    assert told.shortages == [("fit", 0, 30, "crew", 1), ("fit", 0, 40, "crew", 1)]


# The end


def test_the_tick_of_the_horizon_counts(run):
    told = run("a=60 b=0<a c=1<b", horizon="1 h", milestones={"done": {"activity": "b"}})
    assert told.times == {"a": (0, 60), "b": (60, 60), "c": (60, None)}
    assert told.reached == {"done": 60}
    assert told.stuck == [("c", "site", "working", "the horizon", None, None)]


def test_what_finishes_after_the_horizon_is_empty(run):
    told = run(
        "a=61 b=5<a",
        horizon="1 h",
        milestones={"a_done": {"activity": "a"}, "a_begun": {"activity": "a", "event": "start"}},
    )
    assert told.times == {"a": (0, None), "b": (None, None)}
    assert told.reached == {"a_done": None, "a_begun": 0}
    assert not told.run.finished


def test_a_delivery_at_the_horizon_arrives_and_one_after_it_is_not_told(run):
    orders = {"in_time": {"amount": 1, "placed": "1 h"}, "late": {"amount": 1, "placed": "61 min"}}
    told = run("a=0", horizon="1 h", supplies={"racks": {"orders": orders}}, a={"consumes": {"racks": 1}})
    assert told["a"] == (60, 60)
    assert told.deliveries == [(60, "racks", 1)]


def test_a_shortage_in_total_is_a_result_that_says_what_is_stuck(run):
    """Power for two racks of three: the third waits, and what follows it is not ready."""
    told = run(
        "on@rack=10 hand_over=5<on",
        places={"rack": 3},
        supplies={"power": {"unit": "kW", "initial": "200 kW"}},
        on={"consumes": {"power": "96 kW"}},
        milestones={"all_on": {"activity": "on"}},
    )
    assert told.starts == {"on rack1": 0, "on rack2": 0, "on rack3": None, "hand_over": None}
    assert told.reached == {"all_on": None}
    assert told.stuck == [
        ("on", "rack3", "waiting", "power", 8, 96),
        ("hand_over", "site", "not ready", "on", 2, 3),
    ]


def test_the_run_ends_when_nothing_is_due_any_more(run):
    told = run("a=5 b=5<a", horizon="10 years")
    assert told.run.end == 10
    assert told.run.finished
