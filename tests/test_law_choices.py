"""What depends on a choice: whose days a duration means, ways to do an activity, any number of alternatives."""

from itertools import permutations
from time import perf_counter

import pytest
from builders import network

import dcsim
from dcsim.engine.draws import Sample, draw
from dcsim.errors import ScenarioError
from dcsim.study.cash import network_of

SHIFTS = {"long": {"hours": "07:00-17:00"}, "short": {"hours": "08:00-16:00"}}
CREWS = {"x": {"count": 1, "calendar": "long"}, "y": {"count": 1, "calendar": "short"}}
HOUR, DAY = 60, 1440


# Days are those of whoever does it


def test_days_are_those_of_whoever_does_it(run):
    """Three days of the long shift, then three of the short one: each ends with a shift of its own."""
    told = run("a=3d:x|y b=3d:x|y", calendars=SHIFTS, **CREWS)
    assert told["a"] == (7 * HOUR, 2 * DAY + 17 * HOUR)
    assert told["b"] == (8 * HOUR, 2 * DAY + 16 * HOUR)
    assert [told.row(name)["used"] for name in "ab"] == ["x", "y"]


def test_days_of_a_calendar_of_its_own_are_its_own(run):
    """30 hours of work, of which the short shift can do eight a day."""
    told = run("hold=9d:x b=3d:x|y", calendars=SHIFTS, b={"calendar": "long"}, **CREWS)
    assert told["b"] == (8 * HOUR, 3 * DAY + 14 * HOUR)


def test_days_of_a_repair_are_those_of_whoever_repairs(run):
    rework = {"probability": 0.6, "duration": "1 d", "requires": {"x | y": 1}}
    told = run("hold=9d:x t=1h", calendars=SHIFTS, t={"rework": rework}, **CREWS)
    assert told.attempts("t")[1][3:] == (8 * HOUR, 16 * HOUR)


def test_further_attempts_are_read_by_whoever_does_them(run):
    """The second attempt is done by y, whose day is shorter."""
    told = run(
        "t=1d:x|y next=9d:x",
        calendars=SHIFTS,
        t={"rework": {"probability": 0.6, "duration": "10 h"}},
        next={"not_before": "18 h"},
        **CREWS,
    )
    assert [row[3:] for row in told.attempts("t")[::2]] == [(7 * HOUR, 17 * HOUR), (DAY + 8 * HOUR, DAY + 16 * HOUR)]


def test_hours_are_hours_whoever_works(run):
    told = run("hold=9d:x b=24h:x|y", calendars=SHIFTS, **CREWS)
    assert told["b"] == (8 * HOUR, 2 * DAY + 16 * HOUR)


def test_all_options_share_their_chance(run):
    """What is slow one way is slow in all, and no other draw moves."""
    text = "a=1d:x|y b=1d:x"
    uncertain = {"duration": {"pert": ["1 d", "2 d", "6 d"]}}
    one = network_of(dcsim.load(network(text, calendars=SHIFTS, a=uncertain, b=uncertain, **CREWS)))
    two = network_of(dcsim.load(network(text.replace("|y", ""), calendars=SHIFTS, a=uncertain, b=uncertain, **CREWS)))
    for replication in range(3):
        drawn, alone = (draw(built, Sample(1, replication)).minutes for built in (one, two))
        assert drawn[:2].tolist() == alone.tolist()
        assert drawn[2] == pytest.approx(0.8 * drawn[0])


# Ways

WAYS = {"four": {"duration": "2 h", "requires": {"crew": 4}}, "two": {"duration": "3 h", "requires": {"crew": 2}}}


def test_the_first_way_that_is_free(run):
    """Six workers: four of them are faster, two are slower but there."""
    told = run("a=0 b=0 c=0", crew=6, **{name: {"ways": WAYS} for name in "abc"})
    assert told.times == {"a": (0, 120), "b": (0, 180), "c": (120, 240)}
    assert [told.row(name)["used"] for name in "abc"] == ["four", "two", "four"]
    assert told.held_by("c") == "crew"


def test_what_stands_beside_the_ways_holds_for_all(run):
    ways = {"fast": {"requires": {"crew": 2, "crane": 1}}, "slow": {"duration": "5 h"}}
    told = run("a=1h:dock b=1h:dock", crew=2, crane=1, dock=2, a={"ways": ways}, b={"ways": ways})
    assert told.times == {"a": (0, 60), "b": (0, 300)}
    told = run("a=1h:dock b=1h:dock", crew=2, crane=1, dock=1, a={"ways": ways}, b={"ways": ways})
    assert told.times == {"a": (0, 60), "b": (60, 120)}
    assert told.held_by("b") == "dock"


def test_a_way_waits_under_the_names_of_all_that_may_do_it(run):
    ways = {"lift": {"requires": {"crane": 1}}, "carry": {"requires": {"crew": 3}, "duration": "9 h"}}
    told = run("hold=1h:crane*1,crew*1 a=1h", crane=1, crew=3, a={"ways": ways})
    assert told["a"] == (60, 120)
    assert told.held_by("a") == "crane | crew"


def test_ways_differ_in_some_places(run):
    told = run(
        "a@hall=0",
        crew=20,
        places={"hall": 2},
        a={"ways": WAYS, "within": {"hall2": {"ways": {"four": {"duration": "1 h"}}}}},
    )
    assert told.times == {"a hall1": (0, 120), "a hall2": (0, 60)}


def test_the_days_of_a_way_are_those_of_its_crew(run):
    ways = {"by_x": {"duration": "2 d", "requires": {"x": 1}}, "by_y": {"duration": "3 d", "requires": {"y": 1}}}
    told = run("hold=9d:x a=0", calendars=SHIFTS, a={"ways": ways}, **CREWS)
    assert told["a"] == (8 * HOUR, 2 * DAY + 16 * HOUR)


def test_the_chain_of_a_way_that_waited(run):
    ways = {"lift": {"requires": {"crane": 1}}, "carry": {"requires": {"crew": 3}, "duration": "9 h"}}
    scenario = network(
        "hold=1h:crane,crew a=1h", crane=1, crew=3, a={"ways": ways}, milestones={"done": {"activity": "a"}}
    )
    chain = dcsim.explain(dcsim.load(scenario), milestone="done", n=2).days
    spent = {(row["kind"], row["name"]): row["mean"] for row in chain.to_dict("records") if row["mean"]}
    assert spent == pytest.approx({("work", "a"): 1 / 24, ("resource", "crane | crew"): 1 / 24})


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ({"a": {"requires": {"crew | crane": 1}}}, "write each alternative as a way of its own"),
        ({"a": {"requires": {"dock": 1}}}, "'dock' is also in `requires` of the activity"),
        ({"a": {"requires": {"crw": 1}}}, "no resource 'crw'; did you mean 'crew'?"),
        (
            {"a": {"requires": {"crew": 9}}, "b": {"requires": {"crew": 8}}},
            "needs 8 of 'crew', but there are never more",
        ),
        ({"a": {"dur": "3 d"}}, "unknown key"),
        ({"a": {"duration": "3 dd"}}, "expected a span"),
        ({"a|b": {"duration": "3 d"}}, "the name 'a|b' contains a '|'"),
    ],
)
def test_ways_that_are_wrong(ways, told):
    with pytest.raises(ScenarioError) as caught:
        network_of(dcsim.load(network("a=1h:dock", crew=2, crane=1, dock=1, a={"ways": ways})))
    assert told in str(caught.value)


# Any number of alternatives


def many(count, **more):
    names = [f"r{k}" for k in range(2 * count)]
    requires = ",".join(f"{one}|{other}" for one, other in zip(names[::2], names[1::2], strict=True))
    return network(f"hold=2h:r0,r58 a=1h:{requires}", **(dict.fromkeys(names, 1) | more))


def test_thirty_pairs_of_alternatives(run, engine):
    """A thousand million combinations: each entry takes the first that is free."""
    begun = perf_counter()
    told = dcsim.simulate(dcsim.load(many(30)), engine=engine, expected=True)
    assert told.activities["used"][1] == ", ".join(["r1", *(f"r{k}" for k in range(2, 57, 2)), "r59"])
    if engine == "reference":
        assert perf_counter() - begun < 5


def test_thirty_pairs_that_work_by_two_calendars(run):
    """Whoever is at work is taken; what they work together is what both calendars leave."""
    shifts = {"early": {"hours": "06:00-14:00"}, "late": {"hours": "12:00-20:00"}}
    crews = {f"r{k}": {"count": 1, "calendar": "early" if k % 2 else "late"} for k in range(58)}
    told = run(
        "a=3h:" + ",".join(f"r{k}|r{k + 1}" for k in range(0, 60, 2)),
        calendars=shifts,
        r58={"count": 1, "calendar": "late"},
        r59={"count": 1, "calendar": "late"},
        **crews,
    )
    assert told["a"] == (12 * HOUR, 15 * HOUR)
    assert told.row("a")["used"].startswith("r0, r2, ")
    told = run(
        "a=3h:x,y|z", calendars=shifts, x={"count": 1, "calendar": "early"}, y={"count": 1, "calendar": "late"}, z=1
    )
    assert told["a"] == (6 * HOUR, 9 * HOUR)
    told = run(
        "hold=9d:z a=3h:x,y|z",
        calendars=shifts,
        x={"count": 1, "calendar": "early"},
        y={"count": 1, "calendar": "late"},
        z=1,
    )
    assert told["a"] == (12 * HOUR, DAY + 13 * HOUR)


def test_more_combinations_than_can_be_told_apart():
    with pytest.raises(ScenarioError, match="its alternatives make more combinations than dcsim can count"):
        network_of(dcsim.load(many(63)))


@pytest.mark.slow
def test_more_combinations_of_calendars_than_are_kept():
    calendars = {f"c{k}": {"hours": f"{k // 6:02}:{k % 6}0-{12 + k // 6}:{k % 6}1"} for k in range(24)}
    crews = {f"r{k}": {"count": 1, "calendar": f"c{k}"} for k in range(24)}
    text = "a=1h:" + ",".join(f"r{k}|r{k + 1}" for k in range(0, 24, 2))
    with pytest.raises(ScenarioError, match="can lead to more than 2,000 combinations of calendars; use fewer"):
        network_of(dcsim.load(network(text, calendars=calendars, **crews)))


def test_calendars_that_never_meet_whatever_is_chosen():
    calendars = {name: {"hours": hours} for name, hours in (("early", "06:00-12:00"), ("late", "12:00-20:00"))}
    crews = {name: {"count": 1, "calendar": "late"} for name in ("y", "z")} | {"x": {"count": 1, "calendar": "early"}}
    with pytest.raises(ScenarioError, match="the calendars early and late are never open together before the horizon"):
        network_of(dcsim.load(network("a=1h:x,y|z", calendars=calendars, **crews)))


# A resource that several requirements name


def test_what_one_combination_takes_of_a_resource_is_added_up(run):
    """Two cranes, of which the first activity takes one by name: for two of `crane | crew` the crew is left."""
    told = run("a=1h:crane|crew*2,crane b=1h:crane", crane=2, crew=2)
    assert told.times == {"a": (0, 60), "b": (0, 60)}
    assert told.row("a")["used"] == "crew"
    told = run("a=1h:crane|crew*2,crane b=1h:crane", crane=3, crew=2)
    assert told.times == {"a": (0, 60), "b": (60, 120)}
    assert told.row("a")["used"] == "crane"


def test_two_of_either_kind(run):
    """One of each is as good as two of the same; what is taken is never more than there is."""
    told = run("hold=1h:x a=1h:x|y,y|x b=1h:x|y,y|x", x=2, y=2)
    assert told.times == {"hold": (0, 60), "a": (0, 60), "b": (60, 120)}
    assert [told.row(name)["used"] for name in "ab"] == ["x, y", "x, y"]
    told = run("hold=1h:x a=1h:x|y,y|x", x=1, y=2)
    assert (told["a"], told.row("a")["used"]) == ((0, 60), "y, y")
    assert told.run.usage["used"].max() == 2


def test_what_shares_a_resource_with_others_joins_them(run):
    """Neither crane nor crew share anything by themselves; together they wait for a third entry that names both."""
    told = run("hold=1h:crew a=1h:crane,dock,crew,crane|crew", crane=1, crew=2, dock=1)
    assert told.times == {"hold": (0, 60), "a": (60, 120)}
    assert told.held_by("a") == "crane | crew"
    assert told.shortages == [("a", 0, 60, "crane | crew", 1)]


def test_a_place_adds_to_what_holds_everywhere(run):
    """The second hall takes a crew beside two of either; however spaced, an entry replaces the same one."""
    within = {"hall2": {"requires": {"crew": 1}}, "hall3": {"requires": {"crane|crew": 1}}}
    told = run("a@hall=1h:crane|crew*2", places={"hall": 3}, crane=1, crew=4, a={"within": within})
    assert told.times == {"a hall1": (0, 60), "a hall2": (60, 120), "a hall3": (0, 60)}


def test_repairs_and_days_of_what_is_chosen_together(run):
    """A repair by two, one of them x; its day is that of what stands first: ten hours of y, else eight of x."""
    rework = {"probability": 0.6, "duration": "1 d", "requires": {"y | x": 1, "x": 1}}
    crews = {"x": {"count": 2, "calendar": "short"}, "y": {"count": 1, "calendar": "long"}}
    told = run("t=1h", calendars=SHIFTS, t={"rework": rework}, **crews)
    assert told.attempts("t")[1][3:] == (8 * HOUR, DAY + 10 * HOUR)
    told = run("hold=9d:y t=8h", calendars=SHIFTS, t={"rework": rework}, **crews)
    assert told.attempts("t")[1][3:] == (8 * HOUR, 16 * HOUR)


def test_stuck_on_what_is_added_up(run):
    """What lacks is the sum, and so is what is there."""
    told = run("hold=9d:crane a=1h:crane|crew*2,crane", crane=3, crew=1, horizon="1 d")
    assert told.stuck == [
        ("hold", "site", "working", "the horizon", None, None),
        ("a", "site", "waiting", "crane | crew", 2, 3),
    ]


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        (
            {"crane | crew": 2, "crane": 2},
            r"requires.crane \| crew: needs 4 of 'crane', but there are never more than 3",
        ),
        ({"crane | crew": 1, "crew | crane": 4}, "needs 4 of 'crane', but there are never more than 3"),
        ({" crane": 1, "crane": 1}, "'crane' appears twice; add up its amounts"),
        ({"crane | crew | crane": 1}, "the resource 'crane' appears twice; write each alternative once"),
        (
            {f"crane | crew |{' ' * k} dock": 1 for k in range(5)},
            "'crane | crew | dock' appears twice; add up its amounts",
        ),
        (
            {f"{one} | {other}": 1 for one, other in permutations(("crane", "crew", "dock", "bay"), 2)},
            "12 entries share resources, and their alternatives make more than 100 combinations; use fewer",
        ),
    ],
)
def test_shared_claims_that_are_wrong(requires, told):
    scenario = network("a=1h b=1h", crane=3, crew=1, dock=9, bay=9, a={"requires": requires})
    with pytest.raises(ScenarioError, match=told):
        network_of(dcsim.load(scenario))
