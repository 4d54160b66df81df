"""The law of places: which instances a link joins in every direction, and what differs where."""

import pytest
from builders import network

import dcsim
from dcsim.study.cash import network_of

CAMPUS = {
    "phase": ["north", "south"],
    "hall": {"in": "phase", "count": {"north": 2, "south": 1}},
    "rack": {"in": "hall", "count": 2},
    "lot": {"in": "phase", "count": 2},
    "ship": 2,
}
"""north holds two halls of two racks and two lots, south one hall and two lots; ships stand beside the phases."""

BY_HALL = {"within": {"north/hall2": {"duration": "20 min"}, "south/hall1": {"duration": "40 min"}}}
"""Ten minutes in north/hall1, twenty in north/hall2, forty in south/hall1."""


# What a link joins


def test_the_same_place(run):
    told = run("a@hall=10 b@hall=1<a", places=CAMPUS, a=BY_HALL)
    assert [told.starts[f"b {hall}"] for hall in ("north/hall1", "north/hall2", "south/hall1")] == [10, 20, 40]


def test_the_enclosing_place(run):
    told = run("a@hall=10 b@rack=1<a", places=CAMPUS, a=BY_HALL)
    halls = ("north/hall1", "north/hall2", "south/hall1")
    assert [told.starts[f"b {h}/rack{r}"] for h in halls for r in (1, 2)] == [10, 10, 20, 20, 40, 40]


def test_the_site_encloses_all(run):
    told = run("a=10 b@rack=1<a", places=CAMPUS)
    assert {told.starts[name] for name in told.starts if name != "a"} == {10}


def test_all_inside_a_place(run):
    told = run("a@hall=10 b@phase=1<a c=1<a", places=CAMPUS, a=BY_HALL)
    assert (told.starts["b north"], told.starts["b south"], told.starts["c"]) == (20, 40, 40)


def test_across_all_in_the_smallest_place_around_both(run):
    """Lots stand beside halls in a phase, ships beside phases on the site."""
    told = run("a@hall=10 b@lot=1<a c@ship=1<a d@phase=1<e e@ship=7", places=CAMPUS, a=BY_HALL)
    assert [told.starts[f"b {lot}"] for lot in ("north/lot1", "north/lot2", "south/lot1")] == [20, 20, 40]
    assert [told.starts[f"c ship{n}"] for n in (1, 2)] == [40, 40]
    assert [told.starts[f"d {phase}"] for phase in ("north", "south")] == [7, 7]


def test_the_instances_in_a_named_place_instead(run):
    told = run(
        "a@hall=10 b@hall=1 c=1 d@rack=1",
        places=CAMPUS,
        a=BY_HALL,
        b={"after": [{"activity": "a", "place": "north/hall1"}]},
        c={"after": [{"activity": "a", "place": "north"}]},
        d={"after": [{"activity": "a", "place": "*/hall1"}]},
    )
    assert {told.starts[f"b {hall}"] for hall in ("north/hall1", "north/hall2", "south/hall1")} == {10}
    assert (told.starts["c"], told.starts["d north/hall1/rack1"]) == (20, 40)


def test_so_many_of_the_linked_instances(run):
    """The second of all, the first in each phase, the second of those in the north."""
    told = run(
        "a@hall=10 b=1 c@phase=1 d=1",
        places=CAMPUS,
        a=BY_HALL,
        b={"after": [{"activity": "a", "count": 2}]},
        c={"after": [{"activity": "a", "count": 1}]},
        d={"after": [{"activity": "a", "count": 2, "place": "north"}]},
    )
    assert (told.starts["b"], told.starts["c north"], told.starts["c south"], told.starts["d"]) == (20, 10, 40, 20)


def test_starts_of_the_linked_instances(run):
    told = run(
        "a@hall=10:crew b@phase=1",
        places=CAMPUS,
        crew=1,
        a=BY_HALL,
        b={"after": [{"activity": "a", "from": "start", "lag": "5 min"}]},
    )
    assert (told.starts["b north"], told.starts["b south"]) == (10 + 5, 30 + 5)


def test_a_second_phase_may_wait_for_the_first(run):
    """Named after each other in a circle, but not done so: cycles are looked for among instances."""
    told = run(
        "clear@phase=10 build@phase=5<clear",
        places={"phase": ["north", "south"]},
        clear={"only": "south", "after": [{"activity": "build", "place": "north"}]},
    )
    assert told.times == {"build north": (0, 5), "clear south": (5, 15), "build south": (15, 20)}


def test_many_to_many_links_stay_few():
    """A thousand after a thousand pass through one gate, not a million links."""
    text = "a@rack=1 b@lot=1<a"
    built = network_of(dcsim.load(network(text, places={"rack": 1000, "lot": 1000})))
    assert len(built.link_to) == 2000


# What differs where, and where it is not done


def test_what_is_not_done_is_not_waited_for(run):
    told = run("a@hall=10 b@hall=1<a c=1<a", places=CAMPUS, a={"only": ["south", "north/hall2"]} | BY_HALL)
    assert "a north/hall1" not in told.starts
    assert told.starts["b north/hall1"] == 0
    assert told.starts["b north/hall2"] == 20
    assert told.starts["c"] == 40


def test_a_count_counts_what_is_done(run):
    told = run(
        "a@hall=10 b=1", places=CAMPUS, a={"only": "north"} | BY_HALL, b={"after": [{"activity": "a", "count": 2}]}
    )
    assert told.starts["b"] == 20


def test_what_differs_in_some_places(run):
    """Patterns name a place or one around it; the later one wins, entry by entry; null takes away."""
    told = run(
        "fit@hall=10:crew,crane",
        places=CAMPUS,
        crew=9,
        crane={"count": {"1 h": 9}},
        fit={
            "within": {
                "north": {"duration": "20 min", "requires": {"crane": None}},
                "*/hall[2-9]": {"duration": "30 min"},
                "south": {"not_before": "90 min"},
            }
        },
    )
    assert told.times == {"fit north/hall1": (0, 20), "fit north/hall2": (0, 30), "fit south/hall1": (90, 100)}


def test_consumption_and_production_may_differ(run):
    """North takes two of A, south one of B as well; only south gives."""
    told = run(
        "fit@phase=10",
        places=CAMPUS,
        supplies={"a": {"initial": 9}, "b": {"initial": 9}, "done": {}},
        fit={
            "consumes": {"a": 2},
            "within": {"south": {"consumes": {"b": 1, "a": 3}, "produces": {"done": 5}}},
        },
    )
    assert (told.level("a"), told.level("b")) == ([(0, 4, 9)], [(0, 8, 9)])
    assert told.level("done") == [(0, 0, 0), (10, 5, 5)]


# Each place its own


def test_every_place_has_its_own_resource(run):
    told = run("fit@rack=10:dock", places=CAMPUS, dock={"count": 1, "per": "hall", "within": {"south": {"count": 2}}})
    assert [told.starts[f"fit north/hall1/rack{r}"] for r in (1, 2)] == [0, 10]
    assert [told.starts[f"fit north/hall2/rack{r}"] for r in (1, 2)] == [0, 10]
    assert [told.starts[f"fit south/hall1/rack{r}"] for r in (1, 2)] == [0, 0]


def test_a_queue_is_told_where_its_resource_stands(run):
    told = run("fit@rack=10:dock,crew", places=CAMPUS, crew=9, dock={"count": 1, "per": "hall"})
    assert list(told.run.shortages["place"]) == ["north/hall1", "north/hall2", "south/hall1"]


def test_every_place_has_its_own_supply(run):
    """North has racks from the start and makes more; south's come with a ship."""
    told = run(
        "fit@hall=10 make@phase=30",
        places=CAMPUS,
        supplies={
            "racks": {
                "per": "phase",
                "initial": 1,
                "within": {
                    "south": {"initial": 0, "orders": {"ship": {"amount": 1, "placed": "1 h"}}},
                },
            }
        },
        fit={"consumes": {"racks": 1}},
        make={"only": "north", "produces": {"racks": 1}},
        milestones={
            "three": {"supply": "racks", "reaches": 3},
            "south": {"supply": "racks", "reaches": 1, "in": "south"},
        },
    )
    assert told.starts == {"fit north/hall1": 0, "fit north/hall2": 30, "fit south/hall1": 60, "make north": 0}
    assert told.reached == {"three": 60, "south": 60}


def test_a_resource_s_calendar_may_differ_by_place(run):
    told = run(
        "fit@hall=1h:dock",
        places=CAMPUS,
        calendars={"day": {"hours": "08:00-16:00"}},
        dock={"count": 1, "per": "hall", "within": {"north": {"calendar": "day"}}},
    )
    assert told.starts == {"fit north/hall1": 480, "fit north/hall2": 480, "fit south/hall1": 0}


# Milestones


def test_a_milestone_counts_what_its_activity_does(run):
    told = run(
        "fit@hall=10",
        places=CAMPUS,
        fit=BY_HALL,
        milestones={
            "first": {"activity": "fit", "reaches": 1},
            "all": {"activity": "fit"},
            "begun": {"activity": "fit", "event": "start"},
            "north": {"activity": "fit", "in": "north"},
            "two": {"activity": "fit", "reaches": 2, "in": "*/hall1"},
        },
    )
    assert told.reached == {"first": 10, "all": 40, "begun": 0, "north": 20, "two": 40}


def test_work_may_wait_for_a_milestone(run):
    told = run(
        "on@rack=10:crew train=60<half seen@hall=1<half+30",
        crew=1,
        places={"hall": 1, "rack": {"in": "hall", "count": 4}},
        supplies={"gpus": {"unit": "GPU", "initial": 16}},
        on={"produces": {"gpus": "64 GPU"}},
        milestones={"half": {"supply": "gpus", "reaches": 144}, "soon": {"supply": "gpus", "reaches": 16}},
    )
    assert told.reached == {"half": 20, "soon": 0}
    assert (told["train"], told["seen hall1"]) == ((20, 80), (50, 51))


def test_a_milestone_of_starts_is_reached_in_the_round_of_the_start(run):
    told = run("a=10 b=5<begun", milestones={"begun": {"activity": "a", "event": "start"}})
    assert (told.reached, told["b"]) == ({"begun": 0}, (0, 5))


def test_units_ever_there_count_not_those_that_are_left(run):
    told = run(
        "make@rack=10:crew use=1",
        crew=1,
        places={"rack": 3},
        supplies={"parts": {}},
        make={"produces": {"parts": 1}},
        use={"consumes": {"parts": 2}},
        milestones={"three": {"supply": "parts", "reaches": 3}},
    )
    assert told["use"] == (20, 21)
    assert told.reached == {"three": 30}


def test_days_are_counted_from_day_zero(run):
    told = run("a=3d", day_zero="2024-01-02", milestones={"done": {"activity": "a"}})
    table = told.run.milestones
    assert (table["day"][0], str(table["date"][0])) == (2.0, "2024-01-03 23:59:00")


# Refused before a run


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("a=1<b b=1<a", {}, "wait for each other in a loop: a -> b -> a"),
        ("a@hall=1:crew*3", {"places": {"hall": 2}, "crew": 2}, "needs 3 of 'crew', but there are never more than 2"),
        (
            "a@hall=1 b=1",
            {"places": {"hall": 2}, "b": {"after": [{"activity": "a", "count": 3}]}},
            "can never be reached: 3 wanted, but 'a' is done 2 times",
        ),
        (
            "a=1<full",
            {
                "supplies": {"racks": {"initial": 1}},
                "a": {"produces": {"racks": 1}},
                "milestones": {"full": {"supply": "racks", "reaches": 2}},
            },
            "waits for itself",
        ),
    ],
)
def test_what_can_never_be_is_refused(text, more, told):
    with pytest.raises(dcsim.ScenarioError, match=told):
        dcsim.load(network(text, **more))


def chain(count):
    """Activities that each wait until the one before has brought a supply of its own."""
    made = {f"a{k}": {"duration": "1 d", "after": [f"m{k}"], "produces": {f"s{k + 1}": 1}} for k in range(count)}
    del made["a0"]["after"]
    return {
        "name": "chain",
        "start": "2024-01-01",
        "supplies": {f"s{k}": {} for k in range(count + 1)},
        "activities": made,
        "milestones": {f"m{k + 1}": {"supply": f"s{k + 1}", "reaches": 1} for k in range(count)},
    }


def test_of_a_chain_of_supplies_only_what_waits_for_itself_is_refused():
    assert dcsim.load(chain(5)).warnings == ()
    spec = chain(5)
    spec["activities"]["a2"]["produces"] = {"s3": 1, "s2": 2}
    spec["milestones"]["m2"]["reaches"] = 2
    with pytest.raises(dcsim.ScenarioError) as refused:
        dcsim.load(spec)
    (problem,) = refused.value.problems
    assert problem.path == "milestones.m2"
    assert "no more than 1 of the 2 it needs can ever be there" in problem.message
