"""The law of rework: tests that fail, repairs that queue, and attempts that follow them.

In an expected run half of the tests fail as 0, 1, 1, 1, ... times per place, and a probability of one fails ten times.
"""

HALF = {"probability": 0.5}


def test_what_fails_is_repaired_and_tried_again(run):
    told = run("test@rack=60", places={"rack": 2}, test={"rework": HALF | {"duration": "30 min"}})
    assert told.times == {"test rack1": (0, 60), "test rack2": (0, 150)}
    assert told.attempts("test rack1") == [(1, "work", 0, 0, 60)]
    assert told.attempts("test rack2") == [(1, "work", 0, 0, 60), (1, "repair", 60, 60, 90), (2, "work", 90, 90, 150)]
    assert [told.row(f"test rack{n}")["attempts"] for n in (1, 2)] == [1, 2]


def test_at_most_ten_fail(run):
    told = run("test=1", test={"rework": {"probability": 1, "duration": "2 min"}})
    assert told["test"] == (0, 11 * 1 + 10 * 2)
    assert told.row("test")["attempts"] == 11


def test_without_length_all_of_it_happens_in_one_tick(run):
    told = run("test=0:bay after=1<test", bay=1, test={"rework": {"probability": 1}})
    assert (told["test"], told["after"]) == ((0, 0), (0, 1))
    assert len(told.attempts("test")) == 21


def test_a_failed_attempt_consumes_once_and_produces_nothing(run):
    """Stock for one attempt suffices for all; what is made is there when it has passed, not before."""
    told = run(
        "test@rack=60 use=5",
        places={"rack": 2},
        supplies={"parts": {"initial": 2}, "usable": {}},
        test={"consumes": {"parts": 1}, "produces": {"usable": 8}, "rework": HALF},
        use={"consumes": {"usable": 16}},
    )
    assert told["test rack2"] == (0, 120)
    assert told["use"] == (120, 125)
    assert told.level("usable") == [(0, 0, 0), (60, 8, 8), (120, 0, 16)]
    assert told.level("parts") == [(0, 0, 2)]


def test_a_failed_attempt_gives_its_resources_back(run):
    told = run("test@rack=60:bay b=10:bay", places={"rack": 2}, bay=2, test={"rework": HALF | {"duration": "2 h"}})
    assert told["b"] == (60, 70)
    assert told["test rack2"] == (0, 240)


def test_a_repair_queues_as_an_item_of_its_own(run):
    """The fitter is busy until 100: the repair waits for him and the bay is free meanwhile."""
    told = run(
        "hold=100:fitter test@rack=60:bay",
        places={"rack": 2},
        bay=2,
        fitter=1,
        test={"rework": HALF | {"duration": "30 min", "requires": {"fitter": 1}}},
    )
    assert told.attempts("test rack2") == [
        (1, "work", 0, 0, 60),
        (1, "repair", 60, 100, 130),
        (2, "work", 130, 130, 190),
    ]
    assert told.shortages == [("test", 60, 100, "fitter", 1)]


def test_repairs_and_retries_have_the_activity_s_priority(run):
    """Both wait for the only hand with the chore, which was ready long before."""
    told = run(
        "test@rack=60:hand chore=100:hand",
        places={"rack": 2},
        hand=1,
        test={"priority": 1, "rework": HALF | {"duration": "30 min", "requires": {"hand": 1}}},
    )
    assert told["test rack2"] == (60, 210)
    assert told["chore"] == (210, 310)


def test_a_retry_is_ready_when_its_repair_is_over(run):
    """Its ready tick decides, not that of the first attempt: the chore was ready before."""
    told = run(
        "test@rack=60:hand chore=100:hand",
        places={"rack": 2},
        hand=2,
        test={"rework": HALF | {"duration": "30 min"}},
        chore={"not_before": "80 min"},
        other={"count": 1},
    )
    assert told["chore"] == (80, 180)
    assert told.attempts("test rack2")[2] == (2, "work", 90, 90, 150)
    alone = run(
        "test@rack=60:hand chore=100:hand",
        places={"rack": 2},
        hand={"count": {"0 d": 2, "50 min": 1}},
        test={"rework": HALF | {"duration": "30 min"}},
        chore={"not_before": "55 min"},
    )
    assert alone["chore"] == (60, 160)
    assert alone.attempts("test rack2")[2] == (2, "work", 90, 160, 220)


def test_a_retry_keeps_the_place_in_learning_of_the_first_start(run):
    """Rack 2 was the second to start: half the time, both times, and rack 3 is the third."""
    told = run("test@rack=60:bay", places={"rack": 3}, bay=1, test={"learning": 0.5, "rework": HALF})
    assert told.attempts("test rack2") == [(1, "work", 0, 60, 90), (1, "repair", 90, 90, 90), (2, "work", 90, 110, 140)]
    assert told.attempts("test rack3")[0] == (1, "work", 0, 90, 110)


def test_a_repair_varies_only_with_what_is_said_of_it(run):
    told = run(
        "test@rack=60",
        places={"rack": 2},
        factors={"labor": 2, "parts": 3},
        risks={"heat": {"effects": {"activities.test": 1.5}}},
        test={"varies_with": ["labor"], "rework": HALF | {"duration": "10 min", "varies_with": ["parts"]}},
    )
    assert told["test rack1"] == (0, 180)
    assert told.attempts("test rack2") == [
        (1, "work", 0, 0, 180),
        (1, "repair", 180, 180, 210),
        (2, "work", 210, 210, 390),
    ]


def test_a_repair_works_by_the_activity_s_calendar_and_its_own_resources(run):
    """The test may run until 20:00, the fitter works until 16:00: a repair day is the activity's."""
    told = run(
        "test@rack=60",
        places={"rack": 2},
        calendars={"long": {"hours": "08:00-20:00"}, "office": {"hours": "07:00-16:00"}},
        fitter={"count": 1, "calendar": "office"},
        test={"calendar": "long", "rework": HALF | {"duration": "1 d", "requires": {"fitter": 1}}},
    )
    assert told.attempts("test rack2")[1] == (1, "repair", 540, 540, 1440 + 780)


def test_a_repair_s_day_is_else_that_of_its_first_resource(run):
    told = run(
        "test@rack=60",
        places={"rack": 2},
        calendars={"office": {"hours": "08:00-16:00"}},
        fitter={"count": 1, "calendar": "office"},
        test={"rework": HALF | {"duration": "1 d", "requires": {"fitter": 1}}},
    )
    assert told.attempts("test rack2")[1] == (1, "repair", 60, 480, 960)


def test_who_waits_for_it_waits_for_the_pass(run):
    told = run(
        "test@rack=60 after=1<test seen=1",
        places={"rack": 2},
        test={"rework": HALF},
        seen={"after": [{"activity": "test", "from": "start"}]},
        milestones={"one": {"activity": "test", "reaches": 1}, "all": {"activity": "test"}},
    )
    assert (told["after"], told["seen"]) == ((120, 121), (0, 1))
    assert told.reached == {"one": 60, "all": 120}


def test_expected_failures_take_their_turns_by_place(run):
    """A third fails: m is one half (to ten failures), so every second place fails once, from the third on."""
    told = run("test@rack=1", places={"rack": 8}, test={"rework": {"probability": "0.3333333333"}})
    assert [told.row(f"test rack{n}")["attempts"] for n in range(1, 9)] == [1, 1, 2, 1, 2, 1, 2, 1]


def test_what_the_last_attempt_used(run):
    """At minute 60 the other activity takes both near bays while rack 2 is being repaired."""
    told = run(
        "test@rack=60:near|far other=60:near*2",
        places={"rack": 2},
        near=2,
        far=1,
        other={"not_before": "1 h"},
        test={"rework": HALF},
    )
    assert told["other"] == (60, 120)
    assert [told.row(f"test rack{n}")["used"] for n in (1, 2)] == ["near", "far"]


def test_a_failed_attempt_at_the_horizon_is_told_as_far_as_it_came(run):
    told = run("test=60", horizon="100 min", test={"rework": {"probability": 1, "duration": "1 h"}})
    assert told["test"] == (0, None)
    assert told.attempts("test") == [(1, "work", 0, 0, 60), (1, "repair", 60, 60, None)]
