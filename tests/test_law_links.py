"""The law of links: to a start or a finish, and what holds until then."""

import pytest
from builders import network

import dcsim
from dcsim.analysis.chain import segments
from dcsim.chain import chains
from dcsim.engine import ENGINES
from dcsim.engine.draws import Expectation, draw
from dcsim.study.cash import network_of

DAY = 1440
OFFICE = {"office": {"hours": "08:00-16:00"}}


def link(activity, **more):
    """What an activity waits for, written in full."""
    return {"activity": activity, **more}


# Links to a finish


def test_work_is_done_and_waits_to_finish_with_what_it_holds(run):
    """Finish to finish: the crew is free an hour after `a`, though the work of `b` took two hours."""
    told = run("a=10h b=2h:crew c=1h:crew", crew=1, b={"after": [link("a", to="finish", lag="1 h")]})
    assert told.times == {"a": (0, 600), "b": (0, 660), "c": (660, 720)}
    assert told.shortages == [("c", 0, 660, "crew", 1)]


def test_work_that_takes_longer_does_not_wait(run):
    told = run("a=1h b=5h c=1<b", b={"after": [link("a", to="finish")]})
    assert told.times == {"a": (0, 60), "b": (0, 300), "c": (300, 301)}


def test_from_a_start_to_a_finish(run):
    told = run("a=10h<d b=1h d=2h", b={"after": [{"activity": "a", "from": "start", "to": "finish", "lag": "30 min"}]})
    assert told["b"] == (0, 150)


def test_work_without_length_spans_from_one_activity_to_another_and_keeps_its_crew(run):
    """A hammock from the start of `b` to the finish of `c`; what wants its crew waits."""
    spans = {"after": [link("b", **{"from": "start"}), link("c", to="finish")], "requires": {"crew": 1}}
    told = run("a=2h b=3h<a c=1h<b h=0h d=1h<b:crew", crew=1, h=spans)
    assert told.times == {"a": (0, 120), "b": (120, 300), "c": (300, 360), "h": (120, 360), "d": (360, 420)}


def test_a_finish_falls_into_the_night_if_its_link_does(run):
    told = run("a=20h b=1h", calendars=OFFICE, b={"calendar": "office", "after": [link("a", to="finish")]})
    assert told["b"] == (480, 1200)


def test_a_finish_waits_for_its_date(run):
    """Done after an hour, `a` keeps the crew until the third hour; what its date has passed for does not wait."""
    told = run(
        "a=1h:crew b=1h:crew c=5h d=0<c",
        crew=1,
        a={"finish_not_before": "3 h"},
        c={"finish_not_before": "2 h"},
    )
    assert told.times == {"a": (0, 180), "b": (180, 240), "c": (0, 300), "d": (300, 300)}
    assert told.shortages == [("b", 0, 180, "crew", 1)]


def test_a_finish_waits_for_its_date_and_its_links(run):
    a = {"finish_not_before": "3 h", "after": [link("b", to="finish")]}
    assert run("a=1h b=2h", a=a)["a"] == (0, 180)
    assert run("a=1h b=4h", a=a)["a"] == (0, 240)


def test_the_last_attempt_waits_for_the_date_of_the_finish(run):
    again = {"probability": 0.6, "duration": "1 h"}
    told = run("a=1h:crew b=15:crew", crew=1, a={"finish_not_before": "5 h", "rework": again}, b={"not_before": "1 h"})
    assert told.times == {"a": (0, 300), "b": (60, 75)}


def test_what_a_branch_skips_has_no_date_of_its_finish(run):
    ways = {"yes": {"weight": 2, "activities": "a"}, "no": {"activities": "b"}}
    told = run("a=1h b=1h c=1h<b", b={"finish_not_before": "3 h"}, branches={"choice": {"ways": ways}})
    assert told["c"] == (0, 60)


def test_a_date_of_a_finish_is_told_as_the_cause(engine):
    spec = network("a=1h:crew c=1h:crew", crew=1, a={"finish_not_before": "3 h"})
    assert driven(spec, engine) == [("date", "a", 0, 180), ("work", "c", 180, 240)]
    spec = network("a=3h c=1h<a", a={"finish_not_before": "3 h"})
    assert driven(spec, engine) == [("work", "a", 0, 180), ("work", "c", 180, 240)]


def test_goods_are_there_when_it_finishes(run):
    told = run(
        "a=3h b=1h c=1h",
        supplies={"goods": {}},
        b={"after": [link("a", to="finish")], "produces": {"goods": 1}},
        c={"consumes": {"goods": 1}},
    )
    assert told["c"] == (180, 240)


def test_an_attempt_that_fails_does_not_wait(run):
    """The first fails and gives its crew back at once; the second waits for `a`."""
    told = run(
        "a=10h b=1h:crew c=15:crew",
        crew=1,
        b={"after": [link("a", to="finish")], "rework": {"probability": 0.6, "duration": "1 h"}},
        c={"not_before": "1 h"},
    )
    assert told["b"] == (0, 600)
    assert told["c"] == (60, 75)
    assert [(row["kind"], row["finish"]) for row in told.run.attempts.to_dict("records")] == [
        ("work", 60),
        ("repair", 120),
        ("work", 600),
    ]


def test_in_each_place_by_itself_and_for_milestones(run):
    told = run(
        "dig@hall=10<c fit@hall=1 show=1 c=5",
        places={"hall": 2},
        dig={"within": {"hall2": {"duration": "30 min"}}},
        fit={"after": [link("dig", to="finish")]},
        show={"after": [link("half", to="finish", lag="1 min")]},
        milestones={"half": {"activity": "dig", "reaches": 1}},
    )
    assert told["fit hall1"] == (0, 15)
    assert told["fit hall2"] == (0, 35)
    assert told["show"] == (0, 16)


def test_what_is_skipped_passes_when_all_it_waits_for_has_happened(run):
    told = run(
        "a=10h b=1h c=5<b",
        b={"after": [link("a", to="finish", lag="1 h")]},
        branches={"way": {"ways": {"without": {"weight": 3}, "with": {"activities": ["b"]}}}},
    )
    assert told.finishes == {"a": 600, "b": 600, "c": 605}


def test_what_never_may_finish_is_told_to_wait(engine):
    spec = network("a=1h:crew b=1h", crew={"count": {"30 d": 1}}, b={"after": [link("a", to="finish")]}, horizon="2 d")
    told = dcsim.simulate(dcsim.load(spec), expected=True, engine=engine)
    stuck = told.stuck.set_index("activity")
    assert stuck.loc["b", ["state", "waits_for"]].tolist() == ["working", "a"]
    assert told.activities.set_index("activity").loc["b", "start"] == 0


def test_circles_of_finishes_are_refused():
    spec = network("a=1 b=1", a={"after": [link("b", to="finish")]}, b={"after": [link("a", to="finish")]})
    with pytest.raises(dcsim.DcsimError, match="in a loop: a -> b -> a"):
        dcsim.simulate(dcsim.load(spec), expected=True, engine="reference")


def test_circles_of_starts_and_finishes_are_refused():
    """Neither tool of the trade has a date for work that waits for what waits for it, by whatever ends."""
    spec = network(
        "a=1h b=3h", a={"after": [link("b", to="finish")]}, b={"after": [{"activity": "a", "from": "start"}]}
    )
    with pytest.raises(dcsim.DcsimError, match="in a loop: a -> b -> a"):
        dcsim.load(spec)


# Leads


def test_a_lead_starts_so_long_before_the_planned_finish(run):
    told = run("a=10h b=1h", a={"not_before": "1 h"}, b={"after": [link("a", lag="-2 h")]})
    assert told["b"] == (540, 600)


def test_a_lead_never_starts_before_the_predecessor(run):
    told = run("a=1h b=1h c=1h", a={"not_before": "1 h"}, b={"after": [link("a", lag="-1 d")]}, c={"after": [START]})
    assert told.starts == {"a": 60, "b": 60, "c": 60}


START = {"activity": "a", "from": "start", "lag": "-2 h"}
"""A lead before a start, of which nothing is known beforehand."""


def test_what_comes_later_does_not_move_the_planned_finish(run):
    """Neither a failure nor a finish that waits: four hours of work from the start, less one."""
    told = run(
        "a=4h b=1h c=20h d=4h e=1h",
        a={"rework": {"probability": 0.6, "duration": "3 h"}},
        b={"after": [link("a", lag="-1 h")]},
        d={"after": [link("c", to="finish")]},
        e={"after": [link("d", lag="-1 h")]},
    )
    assert told.finishes["a"] > 240
    assert (told.starts["b"], told.starts["e"], told.finishes["d"]) == (180, 180, 1200)


def test_a_planned_finish_knows_nights_and_the_length_drawn(run):
    told = run(
        "a=1d b=1h c=1h",
        calendars=OFFICE,
        factors={"slow": 1.5},
        a={"calendar": "office", "varies_with": ["slow"]},
        b={"after": [link("a", lag="-2 h")]},
        c={"after": [link("a", lag={"working": "-5 h", "by": "office"})]},
    )
    assert told["a"] == (480, DAY + 720)
    assert (told.starts["b"], told.starts["c"]) == (DAY + 600, 900)


def test_leads_to_a_finish_and_of_several(run):
    """The second of two halls, less 20 minutes; and both of them, to the finish."""
    told = run(
        "dig@hall=1h one=1 all=1",
        places={"hall": 2},
        dig={"within": {"hall2": {"duration": "2 h"}}},
        one={"after": [link("dig", lag="-20 min", count=1)]},
        all={"after": [link("dig", lag="-20 min", to="finish")]},
    )
    assert told.times["one"] == (40, 41)
    assert told.times["all"] == (0, 100)


def test_a_finish_behind_the_horizon_is_not_planned(run):
    told = run("a=3d b=1h", horizon="2 d", b={"after": [link("a", lag="-2 d")]})
    assert told.starts == {"a": 0, "b": None}


# Parts of a length, and whose calendar counts a lag


@pytest.mark.parametrize(
    ("lag", "event", "start"),
    [
        ("50%", "start", 300),
        ("50%", "finish", 900),
        ("-20%", "finish", 480),
        ("33.33%", "start", 200),
        ("150%", "start", 900),
    ],
)
def test_a_lag_in_per_cent_is_a_part_of_the_predecessor(run, lag, event, start):
    told = run("a=10h b=1h", b={"after": [{"activity": "a", "from": event, "lag": lag}]})
    assert told["b"] == (start, start + 60)


def test_per_cent_are_work_by_the_predecessor_s_calendar(run):
    """Sixteen hours of work are two days: three quarters are done at noon of the second."""
    told = run("a=16h b=1h", calendars=OFFICE, a={"calendar": "office"}, b={"after": [START | {"lag": "75%"}]})
    assert told.starts["b"] == DAY + 720


def test_the_calendar_that_counts_a_lag(run):
    """A day of work after 12:00: by the office, by the night shift of the successor, or by the clock."""
    told = run(
        "a=4h b=1 c=1 d=1 e=1",
        calendars={**OFFICE, "night": {"hours": "00:00-04:00"}},
        a={"calendar": "office"},
        **{
            name: {"after": [link("a", lag=lag)], "calendar": "night"}
            for name, lag in {
                "b": {"working": "4 h", "by": "predecessor"},
                "c": {"working": "4 h"},
                "d": {"working": "1 d", "by": "office"},
                "e": {"working": "1 h", "by": "always"},
            }.items()
        },
    )
    ready = {row["activity"]: row["ready"] for row in told.run.activities.to_dict("records")}
    assert ready == {"a": 0, "b": 960, "c": DAY + 240, "d": DAY + 720, "e": 780}


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"activity": "half", "lag": "-2 d"}, "a lead needs an activity"),
        ({"activity": "half", "lag": "50%"}, "a part of a length needs an activity"),
        ({"activity": "half", "lag": {"working": "1 d", "by": "predecessor"}}, "a milestone has no calendar"),
        ({"activity": "a", "lag": "-2 months"}, "write a lead in days or weeks"),
        ({"activity": "a", "lag": "33.333%"}, "at most two decimals"),
        ({"activity": "a", "lag": "2000%"}, "at most 1,000"),
        ({"activity": "a", "lag": "-99999999999 d"}, "longer than 1,000 years"),
        ({"activity": "a", "lag": {"working": "1 d", "by": "offce"}}, "no calendar 'offce'"),
    ],
)
def test_lags_that_make_no_sense_are_refused(after, message):
    spec = network("a=1 b=1", calendars=OFFICE, b={"after": [after]}, milestones={"half": {"activity": "a"}})
    with pytest.raises(dcsim.DcsimError, match=message):
        dcsim.load(spec)


def test_orders_are_placed_after_the_event_itself():
    goods = {"goods": {"orders": {"one": {"amount": 1, "placed": {"after": "a", "lag": "-2 d"}}}}}
    with pytest.raises(dcsim.DcsimError, match="an order is placed after the event itself"):
        dcsim.load(network("a=1", supplies=goods))


# What drove it


def driven(spec, engine):
    """(kind, name, from, to) of the chain of the milestone, with expected values."""
    built = network_of(dcsim.load(spec | {"milestones": {"end": {"activity": "c"}}}))
    draws = draw(built, Expectation())
    (chain,) = chains(ENGINES[engine]()(built, draws), draws, [built.milestones[0].gate])
    frame = segments(built, draws, "end", chain)
    return list(frame[["kind", "name", "begins", "ends"]].itertuples(index=False, name=None))


def test_a_finish_that_waited_was_driven_by_its_link(engine):
    """Also where somebody waited for what it held until then."""
    spec = network("a=10h b=2h:crew c=1h:crew", crew=1, b={"after": [link("a", to="finish", lag="1 h")]})
    assert driven(spec, engine) == [("work", "a", 0, 600), ("lag", "b", 600, 660), ("work", "c", 660, 720)]


def test_a_finish_that_did_not_wait_was_driven_by_its_work(engine):
    spec = network("a=1h b=2h c=1h<b", b={"after": [link("a", to="finish")]})
    assert driven(spec, engine) == [("work", "b", 0, 120), ("work", "c", 120, 180)]


def test_before_a_lead_lies_the_work_of_the_predecessor(engine):
    spec = network("a=10h c=1h", c={"after": [link("a", lag="-4 h")]})
    assert driven(spec, engine) == [("work", "a", 0, 360), ("work", "c", 360, 420)]
