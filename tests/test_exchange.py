"""Schedules of planning tools, taken over: what a file says, the dates that follow from it, and what is told."""

import cProfile
import datetime as dt
import random
import zipfile
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dcsim as library
from dcsim.calendars import DAYS_OFF, Shifts
from dcsim.errors import DcsimError, RequestError, ScenarioError
from dcsim.exchange import taken_over as taken_over_schedule
from dcsim.exchange.checking import check_schedule
from dcsim.exchange.writer import write
from dcsim.scenario.parse import parse_yaml
from dcsim.scenario.table import Table
from dcsim.scenario.tree import Origin, plain
from dcsim.schedule import (
    Activity,
    Constraint,
    Link,
    Resource,
    Schedule,
    ScheduleError,
    working_week,
)
from dcsim.schedule.cpm import Times, critical_path
from dcsim.schedule.scenario import drawn_up
from dcsim.study.cash import network_of

MONDAY = dt.datetime(2026, 1, 5, 8)
WEEK = Shifts(working_week(frozenset(range(5)), (480, 960)))
SIX = Shifts(working_week(frozenset(range(6)), (420, 1020)))
DAY = 480


def schedule(text, *, calendars=None, start=MONDAY, status=None, **constraints):
    """Activities by id with days of work, and links: `schedule("a=5 b=3<a,aSS+2")`."""
    made = Schedule("plan", start, "plan.csv", status)
    made.calendars = calendars or {"week": WEEK, "six": SIX}
    tokens = [token.partition("=") for token in text.split()]
    for id_, _, rest in tokens:
        days, _, _ = rest.partition("<")
        number, _, own = days.partition("@")
        name = {"": "week", "always": None}.get(own, own)
        per_day = 1440 if name is None else int(made.calendars[name].working_day * 60)
        made.activities[id_] = Activity(id_, id_.upper(), int(float(number) * per_day), name)
        made.activities[id_].constraints = tuple(Constraint(*one) for one in constraints.get(id_, ()))
    for id_, _, rest in tokens:
        for written in filter(None, rest.partition("<")[2].split(",")):
            before, kind, lag = written[0], written[1:3] or "FS", written[3:]
            made.links.append(Link(before, id_, kind, int(float(lag or 0) * DAY), "week"))
    return made


def dated(made):
    """Early start, early finish, total and free float in days, by id; dates as day of the month and hour."""
    times = Times(made)
    found = critical_path(made, times)
    return {
        id_: (
            f"{times.moment(one.early_start):%d.%m %H}",
            f"{times.moment(one.early_finish):%d.%m %H}",
            one.total_float / DAY,
            one.free_float / DAY,
        )
        for id_, one in found.items()
    }


def expected(made):
    """Starts and finishes of the expected case of the scenario that is written, by id."""
    times = Times(made)
    dates = critical_path(made, times)
    written = write(made, times, dates)
    run = library.simulate(loaded(written.text), expected=True)
    zero = times.tick(run.network.start)
    ticks = run.activities.set_index("activity")[["start", "finish"]]
    return {id_: tuple(int(tick) + zero for tick in ticks.loc[name]) for id_, name in written.names.items()}, dates


def loaded(text):
    """A scenario from its text."""
    origin = Origin("plan.yaml", Path("plan.yaml"))
    return library.load(plain(parse_yaml(text, origin)[0]))


# The critical path method


def test_a_textbook_network_has_its_floats():
    """Activities on nodes: a-b-d is critical (5 + 3 + 2), c has the 2 days that b is longer."""
    assert dated(schedule("a=5 b=3<a c=1<a d=2<b,c")) == {
        "a": ("05.01 08", "09.01 16", 0, 0),
        "b": ("12.01 08", "14.01 16", 0, 0),
        "c": ("12.01 08", "12.01 16", 2, 2),
        "d": ("15.01 08", "16.01 16", 0, 0),
    }


@pytest.mark.parametrize(
    ("link", "start", "finish"),
    [
        ("a", "12.01 08", "13.01 16"),
        ("aFS+1", "13.01 08", "14.01 16"),
        ("aFS-2", "08.01 08", "09.01 16"),
        ("aSS", "05.01 08", "06.01 16"),
        ("aSS+3", "08.01 08", "09.01 16"),
        ("aFF", "08.01 08", "09.01 16"),
        ("aFF+1", "09.01 08", "12.01 16"),
        ("aSF+6", "09.01 08", "12.01 16"),
    ],
)
def test_each_type_of_link_with_its_lag(link, start, finish):
    assert dated(schedule(f"a=5 b=2<{link}"))["b"][:2] == (start, finish)


def test_each_activity_keeps_its_own_calendar():
    """Six days a week of ten hours: what follows on Friday at 16:00 begins in the same hour."""
    found = dated(schedule("a=5 b=2@six<a c=3@always<b"))
    assert found["b"][:2] == ("09.01 16", "12.01 16")
    assert found["c"][:2] == ("12.01 16", "15.01 16")


def test_days_off_move_what_comes_after():
    off = (dt.date(2026, 1, 7), dt.date(2026, 1, 8), DAYS_OFF)
    made = schedule("a=5 b=1<a", calendars={"week": Shifts(WEEK.week, dates=(off,))})
    assert dated(made)["b"][:2] == ("14.01 08", "14.01 16")


def test_a_lag_counts_by_its_own_calendar():
    made = schedule("a=5 b=1<a")
    made.links[0] = Link("a", "b", lag=2 * 1440, calendar=None)
    assert dated(made)["b"][0] == "12.01 08"
    made.links[0] = Link("a", "b", lag=600, calendar="six")
    assert dated(made)["b"][0] == "12.01 08"


@pytest.mark.parametrize(
    ("kind", "day", "start", "total"),
    [
        ("start on or after", 14, "14.01 08", -2),
        ("finish on or after", 15, "14.01 08", -2),
        ("start on or before", 9, "12.01 08", -1),
        ("finish on or before", 15, "12.01 08", 0),
        ("mandatory start", 8, "08.01 08", 0),
        ("mandatory finish", 9, "08.01 08", 0),
    ],
)
def test_constraints(kind, day, start, total):
    """b may start on the 12th and takes two days; c must finish by the evening of the 13th."""
    hour = 8 if "start" in kind else 16
    limit = ("finish on or before", dt.datetime(2026, 1, 13, 16))
    made = schedule("a=5 b=2<a", b=[(kind, dt.datetime(2026, 1, day, hour)), limit])
    assert dated(made)["b"][::2] == (start, total)


def test_what_has_begun_goes_on_at_the_status_date():
    made = schedule("a=5 b=4<a c=2<b", status=dt.datetime(2026, 1, 14, 8))
    made.activities["a"].actual_start, made.activities["a"].actual_finish = MONDAY, dt.datetime(2026, 1, 12, 16)
    made.activities["b"].actual_start, made.activities["b"].remaining = dt.datetime(2026, 1, 13, 8), 2 * DAY
    found = dated(made)
    assert found["a"][:2] == ("05.01 08", "12.01 16")
    assert found["b"][:2] == ("13.01 08", "15.01 16")
    assert found["c"][:2] == ("16.01 08", "19.01 16")
    simulated, dates = expected(made)
    assert simulated == {id_: (one.early_start, one.early_finish) for id_, one in dates.items()}


def test_a_start_that_has_happened_limits_no_more():
    for kind in ("start on", "start on or before", "mandatory start"):
        made = schedule("a=50", status=dt.datetime(2026, 1, 12, 8), a=[(kind, MONDAY)])
        made.activities["a"].actual_start, made.activities["a"].remaining = MONDAY, 45 * DAY
        assert dated(made)["a"][2] == 0
        made.activities["a"].constraints = (Constraint("finish on or before", dt.datetime(2026, 3, 12, 16)),)
        assert dated(made)["a"][2] == -1


def test_a_circle_is_told():
    with pytest.raises(ScheduleError, match="form a loop: b -> c -> b"):
        dated(schedule("a=1 b=1<a,c c=1<b"))


# The scenario that is written


@pytest.mark.slow
@given(st.integers(0, 10**6))
def test_a_scenario_is_the_network_of_its_schedule(seed):
    """Of a schedule within what the format can say, each activity has its links, and the expected case its dates."""
    rng = random.Random(seed)
    made = Schedule("plan", MONDAY, "plan.csv", calendars={"week": WEEK, "Six days": SIX})
    ids = [f"A{i}" for i in range(rng.randint(1, 12))]
    for i, id_ in enumerate(ids):
        own = rng.choice(("week", "Six days", None))
        minutes = rng.choice((0, 60, 240, 480, 960, 1440, 2400))
        made.activities[id_] = Activity(id_, rng.choice(("Pour slab", "Dig: pit", id_, "100 % done")), minutes, own)
        if rng.random() < 0.2:
            date = MONDAY + dt.timedelta(hours=rng.randint(0, 400))
            made.activities[id_].constraints = (Constraint("start on or after", date),)
        for before in rng.sample(ids[:i], min(i, rng.randint(0, 3))):
            by = None if not minutes else rng.choice((own, None))
            made.links.append(Link(before, id_, rng.choice(("FS", "SS")), rng.choice((0, 0, 30, 480, 1000)), by))
    simulated, dates = expected(made)
    assert simulated == {id_: (one.early_start, one.early_finish) for id_, one in dates.items()}
    assert made.losses == []
    written = write(made, Times(made), dates)
    scenario = loaded(written.text)
    said = {
        (link.activity, name, link.start_or_finish)
        for name, activity in scenario.activities.items()
        for link in activity.after
    }
    names = written.names
    ends = {"FS": "finish", "SS": "start"}
    assert said == {(names[one.predecessor], names[one.successor], ends[one.kind]) for one in made.links}


@pytest.mark.parametrize(
    ("link", "said", "start"),
    [
        ("aFF", "{activity: a, to: finish}", "begin"),
        ("aFF+3", "{activity: a, to: finish, lag: {working: 3 d}}", "begin"),
        ("aSF+6", "{activity: a, from: start, to: finish, lag: {working: 6 d}}", "begin"),
        ("aFS-2", "{activity: a, lag: {working: -2 d}}", "early"),
        ("aFS-6", "{activity: a, lag: {working: -6 d}}", "capped"),
    ],
)
def test_every_link_is_taken_over_as_it_is(link, said, start):
    """Work that is held to its finish begins when it can; a lead begins no earlier than its predecessor."""
    made = schedule(f"z=4 a=5<z b=2<{link}")
    times = Times(made)
    text = write(made, times, critical_path(made, times)).text
    assert said in text
    assert not made.losses
    simulated, dates = expected(made)
    begins = {"begin": dates["z"].early_start, "early": dates["b"].early_start, "capped": dates["a"].early_start}
    assert simulated["b"][0] == begins[start]
    if start != "capped":
        assert simulated["b"][1] == dates["b"].early_finish


def test_a_lead_before_a_start_is_listed():
    made = schedule("z=4 a=5<z b=2<aSS-1")
    simulated, dates = expected(made)
    assert simulated["b"][0] == dates["a"].early_start
    assert [(loss.where, loss.cause) for loss in made.losses] == [("b", "unsupported")]
    assert made.losses[0].what == "the link SS-8 h from a"


def test_parts_of_a_length_and_other_calendars_of_lags_are_taken_over():
    made = schedule("a=4 b=2<a c=2<a d=2<a")
    kept = {"b": (960, "week", Fraction(1, 2)), "c": (-480, None, None), "d": (960, None, Fraction(1, 2))}
    made.links = [Link("a", id_, "FS", lag, calendar, part) for id_, (lag, calendar, part) in kept.items()]
    times = Times(made)
    text = write(made, times, critical_path(made, times)).text
    for said in ("lag: 50%}", "lag: -8 h}", "lag: {working: 50%, by: always}}"):
        assert said in text
    simulated, dates = expected(made)
    assert {id_: simulated[id_][0] for id_ in "bc"} == {id_: dates[id_].early_start for id_ in "bc"}


def test_limits_are_watched_and_not_forced():
    made = schedule("a=5", a=[("finish on or before", dt.datetime(2026, 1, 7, 16))])
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "a_by_date: {activity: a, target: 2026-01-07}" in text
    assert [loss.instead for loss in made.losses] == ["a milestone that watches it"]


def test_a_finish_no_earlier_than_a_date_holds_the_finish():
    """The crew comes early enough for the longest duration; whatever it takes, it finishes no earlier."""
    made = schedule("a=2 b=2<a c=1<b", b=[("finish on or after", dt.datetime(2026, 1, 16, 16))])
    made.activities["b"].estimate = (DAY, 2 * DAY, 4 * DAY)
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "not_before: 2026-01-13 08:00" in text
    assert "finish_not_before: 2026-01-16 16:00" in text
    assert not made.losses
    simulated, dates = expected(made)
    assert simulated["b"][1] == dates["b"].early_finish
    assert simulated["c"] == (dates["c"].early_start, dates["c"].early_finish)


def test_long_work_that_a_date_holds_finishes_when_its_durations_say():
    """The longest duration would begin years before the schedule, which moves no date."""
    made = schedule("a=300 b=0", a=[("finish on or after", dt.datetime(2026, 6, 30, 16))])
    made.activities["a"].estimate = (200 * DAY, 300 * DAY, 900 * DAY)
    made.activities["b"].estimate, made.activities["b"].constraints = (0, 0, DAY), made.activities["a"].constraints
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert text.count("finish_not_before: 2026-06-30 16:00") == 2
    assert expected(made)[0]["a"][0] == Times(made).tick(MONDAY)


def test_crews_that_only_a_link_to_the_finish_calls_come_when_the_predecessor_runs():
    """They would hold from the first day what the predecessor needs, and nothing would ever finish."""
    made = schedule("z=1 a=5<z b=2<aFF+1")
    made.resources = {"crew": Resource("crew", ((None, Fraction(2)),))}
    made.activities["a"].resources, made.activities["b"].resources = {"crew": Fraction(1)}, {"crew": Fraction(1)}
    made.activities["z"].resources = {"crew": Fraction(2)}
    simulated, dates = expected(made)
    assert simulated["b"] == (dates["b"].early_start, dates["b"].early_finish)
    assert simulated["z"][0] == dates["z"].early_start
    assert [loss.what for loss in made.losses] == ["its start, which only its finish gives"]
    scenario = loaded(write(made, Times(made), dates).text)
    plan = drawn_up(scenario, network_of(scenario))
    assert [link.kind for link in plan.links if link.successor == "b"] == ["FF"]


@pytest.mark.parametrize("days", [0, 1, 20])
@pytest.mark.parametrize("shared", [False, True])
def test_a_link_to_the_finish_from_short_work_delays_nothing(days, shared):
    """A lead is no earlier than the start of its predecessor: crews of longer work would come too late. They come when
    what the short work follows runs, and leave it the crews that it needs.
    """
    made = schedule(f"a=100 m={days}<a b=20<mFF c=5<b")
    made.activities["b"].resources, made.resources = {"crew": Fraction(1)}, {"crew": Resource("crew")}
    if shared:
        made = schedule(f"z=1 a=100<z m={days}<a n=0<m b=20<nFF,mFF c=5<b")
        made.activities["b"].resources, made.activities["z"].resources = {"crew": Fraction(1)}, {"crew": Fraction(2)}
        made.resources = {"crew": Resource("crew", ((None, Fraction(2)),))}
    simulated, dates = expected(made)
    assert simulated == {id_: (date.early_start, date.early_finish) for id_, date in dates.items()}
    assert f"when {'a' if days < 20 else 'm'} runs" in made.losses[0].instead


def test_crews_that_follow_only_short_work_to_its_finish_are_held():
    made = schedule("m=1 b=20<mFF c=5<b")
    made.activities["b"].resources, made.resources = {"crew": Fraction(1)}, {"crew": Resource("crew")}
    simulated, dates = expected(made)
    assert simulated["c"] == (dates["c"].early_start, dates["c"].early_finish)
    assert "are held until m finishes" in made.losses[0].instead


def test_crews_that_short_work_needs_itself_are_not_kept_from_it():
    """They would be held until it finishes, and it would never begin."""
    made = schedule("m=1 b=20<mFF c=5<b")
    made.resources = {"crew": Resource("crew", ((None, Fraction(1)),))}
    made.activities["m"].resources = made.activities["b"].resources = {"crew": Fraction(1)}
    simulated, dates = expected(made)
    assert simulated["m"] == (dates["m"].early_start, dates["m"].early_finish)
    assert simulated["b"][0] >= simulated["m"][1]
    assert "it starts when m has begun" in made.losses[-1].instead


def test_a_lead_before_a_milestone_is_one_before_what_it_follows():
    made = schedule("a=20 b=5 m=0<a,bFS+2 c=3<mFS-4")
    simulated, dates = expected(made)
    assert simulated == {id_: (date.early_start, date.early_finish) for id_, date in dates.items()}
    assert made.losses[0].instead.startswith("-16 h from b, -32 h from a")


def test_what_is_pinned_to_a_date_hands_no_lateness_back():
    """P6 sets early and late start of a mandatory start to its date; what leads to it is late by that date alone."""
    made = schedule("a=20 b=10<a c=5<b", b=[("mandatory start", dt.datetime(2026, 1, 26, 8))],
                    c=[("mandatory finish", dt.datetime(2026, 1, 30, 16))])  # fmt: skip
    found = dated(made)
    assert [found[id_][2] for id_ in "abc"] == [-5, 0, 0]


def test_lags_from_the_rest_of_what_has_begun():
    """P6 takes off what is done, and counts the rest from where work goes on, unless told to count from the start."""
    made = schedule("z=5 a=10<z b=2<aSS+3", status=dt.datetime(2026, 1, 14, 8))
    made.activities["a"].actual_start, made.activities["a"].remaining = dt.datetime(2026, 1, 12, 8), 8 * DAY
    assert dated(made)["b"][0] == "15.01 08"
    made.lags_from_rest = True
    assert dated(made)["b"][0] == "22.01 08"
    made.activities["a"].actual_start = MONDAY
    assert dated(made)["b"][0] == "21.01 08"
    simulated, dates = expected(made)
    assert simulated["b"] == (dates["b"].early_start, dates["b"].early_finish)


def test_three_points_are_written_in_one_unit():
    made = schedule("a=3")
    made.activities["a"].estimate = (1152, 1440, 2304)
    assert "duration: {pert: [2.4 d, 3 d, 4.8 d]}" in write(made, Times(made), critical_path(made, Times(made))).text
    made.activities["a"].estimate = (1151, 1440, 2304)
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "duration: {pert: [1151 min, 1440 min, 2304 min]}" in text


def test_two_dates_of_one_activity_are_kept():
    limits = [("start on or after", dt.datetime(2026, 1, 7, 8)), ("finish on", dt.datetime(2026, 1, 14, 16))]
    made = schedule("a=5", a=limits)
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "not_before: 2026-01-08 08:00, finish_not_before: 2026-01-14 16:00" in text
    assert "a_by_date: {activity: a, target: 2026-01-14}  # finish on" in text
    assert [loss.what for loss in made.losses] == ["constraint: finish on 2026-01-14"]
    made = schedule("a=5", a=[("start on", dt.datetime(2026, 1, 9, 8)), ("finish on or before", limits[1][1])])
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "a_by_date: {activity: a, event: start, target: 2026-01-09}  # start on" in text
    assert "a_by_date_2: {activity: a, target: 2026-01-14}  # finish on or before" in text


def test_a_date_by_which_all_must_finish_is_one_of_all():
    made = schedule("a=5 b=3 c=4<a")
    made.must_finish = dt.datetime(2026, 1, 16, 17)
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "all_finished: {after: [b, c]}" in text
    assert "all_finished_reached: {activity: all_finished, target: 2026-01-16}  # must finish by" in text


def test_open_work_counts_for_that_date_behind_leads_and_before_what_is_done():
    made = schedule("a=100 b=1<a c=20 d=1<cFS-10 e=2<d", status=dt.datetime(2026, 1, 12, 8))
    made.must_finish = dt.datetime(2026, 7, 1, 17)
    made.activities["a"].actual_start, made.activities["a"].remaining = MONDAY, 100 * DAY
    made.activities["b"].actual_start, made.activities["b"].actual_finish = MONDAY, dt.datetime(2026, 1, 6, 16)
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "all_finished: {after: [a, c, e]}" in text


def test_parts_of_a_unit_are_hundredths_and_unknown_counts_are_the_peak_of_the_plan():
    made = schedule("a=5 b=5 c=5<a,b")
    made.resources = {"Crew": Resource("Crew"), "Crane": Resource("Crane", ((None, Fraction(1)),))}
    made.activities["a"].resources = {"Crew": Fraction(1, 2), "Crane": Fraction(1)}
    made.activities["b"].resources = {"Crew": Fraction(1)}
    made.activities["c"].resources = {"Crane": Fraction(2)}
    text = write(made, Times(made), critical_path(made, Times(made))).text
    assert "crew: {count: 150}" in text
    assert "requires: {crew: 50, crane: 1}" in text
    assert "crane: {count: 2}" in text
    assert {(loss.where, loss.what) for loss in made.losses} == {
        ("Crew", "parts of a unit"),
        ("Crew", "how many there are, which the file does not say"),
        ("Crane", "one activity takes 2 of it, and there are 1"),
    }


# Tables

PLAN = """\
ID;Task Name;Duration;Predecessors;Start;Resource Names
;Civil;;;;
A10;Dig pit;5 d;;05.01.2026;Crew[2]
A20;Pour slab, north;2,5 d;A10FS+1d;13.01.2026;Crew
A30;Steel;1 wk;A20SS;;"Crane; Crew"
A40;Handover;0;A20,A30;;
"""


@pytest.fixture
def taken_over(tmp_path):
    """Imports the text of a CSV file, or the rows of a workbook."""

    def take(content, **how):
        if isinstance(content, str | bytes):
            path = tmp_path / "plan.csv"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            openpyxl = pytest.importorskip("openpyxl")
            path = tmp_path / "plan.xlsx"
            book = openpyxl.Workbook()
            for row in content:
                book.active.append(row)
            book.save(path)
        return library.import_schedule(path, **how)

    return take


def test_a_table_in_german_dress(taken_over):
    found = taken_over(PLAN)
    table = found.activities.set_index("id")
    assert table["activity"].tolist() == ["dig_pit", "pour_slab_north", "steel", "handover"]
    assert table.loc["A20", "early_finish"] == dt.datetime(2026, 1, 15, 12)
    assert table["critical"].tolist() == [True, True, True, True]
    assert (table[["file_off", "simulated_off"]] == 0).all(axis=None)
    assert (
        "  dig_pit: {id: A10, label: Dig pit, wbs: [Civil], duration: 5 d, calendar: workdays, requires: {crew: 2}}\n"
        in found.text
    )
    assert found.scenario.resources["crew"].count != {}


@pytest.mark.parametrize("sign", [",", "\t", "|"])
def test_separators_are_found_out(taken_over, sign):
    rows = ["Name", "Duration", "Predecessors"], ["a", "2", ""], ["b", "3", "a"]
    found = taken_over("\n".join(sign.join(row) for row in rows), start="2026-01-05")
    assert found.activities["early_finish"].max() == dt.datetime(2026, 1, 9, 16)


def test_a_workbook_says_the_same_as_a_csv_file(taken_over):
    rows = [line.replace('"', "").split(";") for line in PLAN.replace("Crane; Crew", "Crane, Crew").splitlines()]
    rows[3][2], rows[2][4], rows[3][4] = 2.5, dt.datetime(2026, 1, 5), dt.datetime(2026, 1, 13)
    found = taken_over([["Hall 1: fit-out"], [], *rows])
    own = taken_over(PLAN)
    assert found.activities.drop(columns="file_start").equals(own.activities.drop(columns="file_start"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "Name,Duration,Start\na,1,01/02/2026\n",
            "row 2: '01/02/2026' may have the day or the month first: choose --dates",
        ),
        ("Name;Duration\na;1,500\n", "row 2: '1,500' has a separator for decimals or for thousands: choose --decimal"),
        ("Name,Duration\na,1\n", "it has no dates: give the start of the schedule with --start"),
        ("Name,Duration,Start,Calendar\na,1,2026-01-05,Nights\n", "nothing says the hours of calendar 'Nights'"),
        ("Name,Duration,Start,% complete\na,1,2026-01-05,50\n", "give its status date with --status-date"),
        ("Name,Start\na,2026-01-05\n", "no column 'Duration'"),
    ],
)
def test_what_can_be_read_in_two_ways_is_asked(taken_over, rows, message):
    with pytest.raises(ScheduleError, match=r"plan\.csv") as told:
        taken_over(rows)
    assert message in str(told.value)


def test_a_duration_that_is_not_read_makes_no_milestone(taken_over):
    """Neither an unusual heading nor an empty cell beside a crew is taken for no duration."""
    rows = "ID,Name,{},Predecessors,Resources\n1,a,5,,crew[2]\n2,b,3,1,\n3,c,0,2,crew[3]\n"
    for heading in ("Orig. Dur.", "Task Duration", "Duration days"):
        assert "duration: 5 d" in taken_over(rows.format(heading), start="2026-01-05").text
    with pytest.raises(ScheduleError, match=r"column 'Durations total' .*rename it to 'Duration'"):
        taken_over(rows.format("Durations total").replace("Predecessors", "Most likely"), start="2026-01-05")
    with pytest.raises(ScheduleError, match=r"column 'Durations total' .*rename it to 'Duration'"):
        taken_over(rows.format("Durations total"), start="2026-01-05")
    with pytest.raises(ScenarioError, match="line 2: column 'Duration': it takes crew: give it a duration"):
        taken_over(rows.format("Duration").replace("1,a,5", "1,a,"), start="2026-01-05")


@pytest.mark.parametrize(("dates", "month"), [("dmy", 2), ("mdy", 1)])
def test_the_user_decides_what_comes_first(taken_over, dates, month):
    found = taken_over("Name,Duration,Start\na,1,01/02/2026\n", dates=dates)
    assert found.run.network.start.month == month


def test_a_day_above_twelve_decides_for_all_dates(taken_over):
    found = taken_over("Name,Duration,Start\na,1,01/02/2026\nb,1,13/02/2026\n")
    assert found.run.network.start == dt.datetime(2026, 2, 1)


def test_a_day_by_which_something_finishes_means_its_end(taken_over):
    rows = (
        "ID,Name,Duration,Start,Constraint type,Constraint date,Deadline\n"
        "1,a,5,2026-01-05,Finish no later than,2026-01-09,2026-01-09\n"
        "2,b,5,2026-01-05,Must finish on,2026-01-16,\n"
    )
    found = taken_over(rows)
    assert found.activities["total_float"].tolist() == [0, 0]
    assert found.activities["early_finish"].iloc[1] == dt.datetime(2026, 1, 16, 16)
    assert found.text.count("target: 2026-01-09}") == 2
    assert "b_by_date: {activity: b, target: 2026-01-16}" in found.text


def test_every_wrong_cell_is_told_with_its_line(taken_over):
    rows = "ID,Name,Duration,Predecessors,Start\n1,a,5 dy,,2026-01-05\n2,b,1,7FS,2026-01-32\n2,c,1 m,,\n"
    with pytest.raises(ScenarioError, match="'2' appears in 2 rows"):
        taken_over(rows)
    with pytest.raises(ScenarioError) as told:
        taken_over(rows.replace("\n2,c", "\n3,c"))
    assert {(one.line, one.path) for one in told.value.problems} == {
        (2, "column 'Duration'"),
        (3, "column 'Start'"),
        (3, "column 'Predecessors'"),
        (4, "column 'Duration'"),
    }


HAND_MADE = [
    ["DC-07 fit-out, rev C"],
    [],
    ["Activity ID", "Activity Name", "Orig Dur", "Calendar", "Start", "Predecessors", "Resource Names", "Total Float"],
    [None, "ENABLING WORKS"],
    ["EN-010", "Mobilise", 5, "5 Day", dt.datetime(2026, 1, 5), None, "Site team[3]", 0],
    ["EN-020", "Strip out", 10, "6 Day", None, "EN-010", "Demo crew[2]", 0],
    [None, "M&E"],
    ["ME-010", "Busbars", "3 wks", "5 Day", None, "EN-020 FS+2d", "Electricians (4); Hoist", None],
    ["ME-020", "Cooling", 1.5, "24h", None, "EN-020, ME-010 SS+5d", None, None],
    ["MS-100", "Ready for service", 0, "5 Day", None, "ME-010;ME-020", None, None],
    ["MS-200", "Power on", None, None, dt.datetime(2026, 2, 2), None, None, None],
    ["Total", None, 20],
]
"""A workbook as a planner types it."""


def test_a_workbook_made_by_hand(taken_over):
    found = taken_over(HAND_MADE)
    table = found.activities.set_index("id")
    assert table["activity"].tolist() == [
        "mobilise",
        "strip_out",
        "busbars",
        "cooling",
        "ready_for_service",
        "power_on",
    ]
    assert table.loc["EN-020", "early_start"] == dt.datetime(2026, 1, 10, 8)
    assert table.loc["ME-010", "early_start"] == dt.datetime(2026, 1, 26, 8)
    assert table.loc["ME-020", "early_finish"] == dt.datetime(2026, 2, 1, 20)
    assert table.loc["MS-200", "early_start"] == dt.datetime(2026, 2, 2)
    assert ("M&E",) in {activity.wbs for activity in found.scenario.activities.values()}
    assert "requires: {electricians: 4, hoist: 1}" in found.text
    assert {"row 12, 'Total'", "column 'Total Float'"} <= set(found.losses["what"])
    assert set(found.losses[found.losses["where"].isin(["5 Day", "6 Day", "24h"])]["instead"]) == {"as its name says"}


@pytest.mark.parametrize("cell", ["1" * 100_000, "1" + " " * 100_000 + "x", "1:" * 50_000], ids=["1", " ", ":"])
def test_a_very_long_cell_takes_no_time(taken_over, cell):
    with pytest.raises(ScenarioError, match="is not an activity"):
        taken_over(f'Name,Duration,Predecessors\na,1,"{cell}"\n', start="2026-01-05")
    with pytest.raises(ScenarioError, match="expected a duration"):
        taken_over(f'Name,Duration,Predecessors\na,"{cell}",\n', start="2026-01-05")


def test_progress_in_a_table(taken_over):
    rows = (
        "ID,Name,Duration,Predecessors,Actual start,Actual finish,% complete\n"
        "1,a,5,,2026-01-05,2026-01-12,100\n2,b,4,1,2026-01-13,,50%\n3,c,2,2,,,\n"
    )
    found = taken_over(rows, status_date="2026-01-14")
    assert found.activities["early_finish"].tolist() == [
        dt.datetime(2026, 1, 13),
        dt.datetime(2026, 1, 16, 16),
        dt.datetime(2026, 1, 20, 16),
    ]
    assert (found.activities["simulated_off"] == 0).all()
    assert "progress" not in set(found.losses["cause"])
    assert found.text.split("seen:\n")[1].splitlines() == [
        "  - {activity: a, started: 2026-01-05 00:00, finished: 2026-01-13 00:00}",
        "  - {activity: b, started: 2026-01-13 00:00, remaining: 2 d}",
        "as_of: 2026-01-15 00:00",
    ]


@pytest.mark.parametrize(
    ("status", "seen", "lost"),
    [
        ("2026-01-16", "finished: 2026-01-17 00:00", []),
        (dt.date(2026, 1, 16), "finished: 2026-01-17 00:00", []),
        ("2026-01-16 00:00", "remaining: 1 d", ["its actual finish 2026-01-16, after the status date"]),
        ("2026-01-14", "remaining: 2 d", ["its actual finish 2026-01-16, after the status date"]),
        ("2026-01-02", "", ["its actual start 2026-01-05, after the status date"]),
    ],
)
def test_a_status_date_means_the_end_of_its_day(taken_over, status, seen, lost):
    """What finished later is under way for as long as it then took."""
    rows = "ID,Name,Duration,Actual start,Actual finish,% complete\n1,a,10,2026-01-05,2026-01-16,100\n2,b,2,,,\n"
    found = taken_over(rows, status_date=status)
    assert seen in found.text
    assert ("seen:" in found.text) == bool(seen)
    assert found.losses.loc[found.losses["cause"] == "progress", "what"].tolist() == lost


def test_dates_that_begun_work_is_to_keep_are_kept(taken_over):
    rows = (
        "ID,Name,Duration,Actual start,Actual finish,% complete,Constraint type,Constraint date\n"
        "1,dig,50,2026-01-05,,20,Finish no later than,2026-02-01\n"
        "2,e,5,2026-01-05,,20,Finish no earlier than,2026-02-06\n"
        "3,f,50,2026-01-05,,20,Start no earlier than,2026-03-01\n4,g,5,2026-01-05,2026-01-09,100,As late as possible,\n"
    )
    found = taken_over(rows, status_date="2026-01-16")
    assert found.losses.loc[found.losses["cause"] == "constraint", "where"].tolist() == ["1"]
    assert "dig_by_date: {activity: dig, target: 2026-02-01}" in found.text
    assert found.text.count("not_before: ") == 1
    table = found.activities.set_index("activity")
    assert table["simulated_finish"]["e"] == dt.datetime(2026, 2, 6, 16)
    assert table["total_float"]["dig"] < 0 <= table["total_float"]["f"]
    assert (table["simulated_off"] == 0).all()


def test_work_out_of_sequence_goes_on_behind_its_predecessor(taken_over):
    """Retained logic: what is left of b waits for a; its three points are those of what is left."""
    rows = (
        "ID,Name,Duration,Optimistic,Pessimistic,Predecessors,Actual start,Actual finish,% complete\n"
        "1,a,5,,,,2026-01-05,,20\n2,b,4,3,8,1,2026-01-06,,50\n3,c,2,,,2,,,\n"
    )
    found = taken_over(rows, status_date="2026-01-07")
    assert "{activity: b, started: 2026-01-06 00:00, remaining: {pert: [1.5 d, 2 d, 4 d]}}" in found.text
    table = found.activities.set_index("activity")
    assert table["simulated_finish"]["a"] == dt.datetime(2026, 1, 13, 16)
    assert table["early_finish"]["b"] == dt.datetime(2026, 1, 15, 16)
    assert table["simulated_cause"]["b"] == "estimate"
    many = library.replicate(found.scenario, 50, engine="reference")
    assert many.tables["milestones"]["date"].min() > dt.datetime(2026, 1, 15)


def test_three_points_are_a_pert_and_their_mean_is_told_as_the_cause(taken_over):
    found = taken_over(
        "Name,Optimistic,Most likely,Pessimistic,Predecessors\na,8,10,18,\nb,1,1,1,a\n", start="2026-01-05"
    )
    assert "duration: {pert: [8 d, 10 d, 18 d]}" in found.text
    table = found.activities
    assert table["simulated_off"].tolist() == [1, 1]
    assert table["simulated_cause"].tolist() == ["estimate", "estimate"]


def test_waiting_for_a_crew_is_told_as_levelling_and_so_is_what_follows():
    made = schedule("a=5 b=5 c=1<b")
    made.resources = {"Crew": Resource("Crew", ((None, Fraction(1)),))}
    for id_ in "ab":
        made.activities[id_].resources = {"Crew": Fraction(1)}
    table = taken_over_schedule(made).activities
    assert table["simulated_off"].tolist() == [0, 5, 5]
    assert table["simulated_cause"].tolist() == ["", "levelling: Crew", "levelling: Crew"]


def test_links_to_what_sums_up_others_are_links_to_each_of_them(taken_over):
    found = taken_over(
        "ID,WBS,Name,Duration,Predecessors\n1,1,Civil,5,\n2,1.1,dig,2,\n3,1.2,pour,3,2\n4,2,test,1,1\n",
        start="2026-01-05",
    )
    assert "after: [dig, pour]" in found.text
    assert "a link from '1', which sums up others" in found.losses["what"].tolist()


def test_other_encodings_are_asked_for(taken_over):
    data = "Name;Dauer;Vorgänger\nGräben;2;\nKabel;1;Gräben\n".encode("cp1252")
    with pytest.raises(ScheduleError, match="is not utf-8 text: line 1 has the byte 0xe4; say its --encoding"):
        taken_over(data, start="2026-01-05")
    assert taken_over(data, start="2026-01-05", encoding="cp1252").activities["activity"].tolist() == [
        "gräben",
        "kabel",
    ]


@pytest.mark.slow
def test_a_workbook_that_unpacks_to_too_much_or_defines_entities_is_refused(tmp_path):
    pytest.importorskip("openpyxl")
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        for i in range(4):
            packed.writestr(f"xl/{i}.xml", bytes(80_000_000))
    with pytest.raises(ScheduleError, match="unpacks to too much"):
        library.import_schedule(bomb)
    with zipfile.ZipFile(bomb, "w") as packed:
        packed.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(ScheduleError, match="its own document type"):
        library.import_schedule(bomb)
    bomb.write_bytes(b"PK no zip")
    with pytest.raises(ScheduleError, match="is not an Excel workbook"):
        library.import_schedule(bomb)


def test_the_command_writes_a_scenario_that_runs(dcsim, tmp_path):
    (tmp_path / "plan.csv").write_text(PLAN)
    target = tmp_path / "plan.yaml"
    out, err, code = dcsim("import", str(tmp_path / "plan.csv"), "-o", str(target))
    assert (err, code) == ("", 0)
    assert "4 activities, 4 of them critical" in out
    assert "imported with changes" in out
    assert library.simulate(library.load(target), expected=True).finished
    _, err, code = dcsim("import", str(tmp_path / "plan.csv"), "-o", str(target))
    assert code == 2
    assert "exists already" in " ".join(err.replace("│", " ").split())
    _, err, code = dcsim("import", str(tmp_path / "plan.doc"), "--json")
    assert code == 2


def test_errors_are_the_user_s(taken_over):
    with pytest.raises(RequestError, match="dates is dmy or mdy"):
        taken_over(PLAN, dates="ymd")
    with pytest.raises(DcsimError, match="no separator"):
        taken_over(PLAN, separator="colon")


# Files of planning tools


@pytest.fixture(scope="module")
def mpxj():
    """The library that reads these files, which also writes them here; what needs it is skipped without Java."""
    pytest.importorskip("mpxj", reason="the extra `exchange` is not installed")
    from dcsim.errors import UnavailableError
    from dcsim.exchange.java import java

    try:
        return java().JPackage("org").mpxj
    except UnavailableError as error:
        pytest.skip(str(error))


def task(mpxj, root, calendar, number, name, days):
    """An activity of so many days."""
    made = root.addTask()
    days, none = (mpxj.Duration.getInstance(float(one), mpxj.TimeUnit.DAYS) for one in (days, 0))
    made.setName(name)
    made.setActivityID(f"A{number}")
    made.setCalendar(calendar)
    for setter in (made.setDuration, made.setPlannedDuration, made.setRemainingDuration):
        setter(days)
    made.setActualDuration(none)
    made.setConstraintType(mpxj.ConstraintType.AS_SOON_AS_POSSIBLE)
    kinds = mpxj.ActivityType
    made.setActivityType(kinds.TASK_DEPENDENT if days.getDuration() else kinds.FINISH_MILESTONE)
    made.setMilestone(not days.getDuration())
    return made


def project(mpxj, is_p6):
    """A small project with links of several types, a derived calendar, and the early dates of the tool's own method."""
    import jpype

    java = jpype.JPackage("java").time
    start = java.LocalDateTime.of(2026, 1, 5, 8, 0)
    made = mpxj.ProjectFile()
    about = made.getProjectProperties()
    about.setName("Campus")
    about.setStartDate(start)
    about.setPlannedStart(start)
    if is_p6:
        about.setStatusDate(start)
    week = made.addDefaultBaseCalendar()
    week.setName("Standard")
    made.setDefaultCalendar(week)
    week.addCalendarException(java.LocalDate.of(2026, 1, 8))
    six = made.addDefaultDerivedCalendar()
    six.setParent(week)
    six.setName("Six days")
    six.setCalendarDayType(java.DayOfWeek.SATURDAY, mpxj.DayType.WORKING)
    morning = mpxj.LocalTimeRange(java.LocalTime.of(8, 0), java.LocalTime.of(12, 0))
    six.addCalendarHours(java.DayOfWeek.SATURDAY).add(morning)
    root = made.addTask()
    root.setName("Hall 1")
    works = (("Dig pit", week, 5), ("Pour slab", six, 4), ("Steel", week, 3), ("Roof", week, 2), ("Handover", week, 0))
    a, b, c, d, e = (task(mpxj, root, own, i, name, days) for i, (name, own, days) in enumerate(works, 1))
    kinds = mpxj.RelationType
    for after, before, kind, lag in (
        (b, a, kinds.FINISH_START, 1),
        (c, a, kinds.START_START, 2),
        (d, c, kinds.FINISH_FINISH, 3),
        (d, b, kinds.FINISH_START, -1),
        (e, d, kinds.FINISH_START, 0),
        (e, b, kinds.FINISH_START, 0),
    ):
        link = mpxj.Relation.Builder().predecessorTask(before).type(kind)
        after.addPredecessor(link.lag(mpxj.Duration.getInstance(float(lag), mpxj.TimeUnit.DAYS)))
    c.setConstraintType(mpxj.ConstraintType.START_NO_EARLIER_THAN)
    c.setConstraintDate(java.LocalDateTime.of(2026, 1, 13, 8, 0))
    (mpxj.cpm.PrimaveraScheduler() if is_p6 else mpxj.cpm.MicrosoftScheduler()).schedule(made, start)
    return made


def written(mpxj, path, kind):
    """The project as a file of a tool."""
    made = project(mpxj, kind in ("XER", "PMXML"))
    mpxj.writer.UniversalProjectWriter(getattr(mpxj.writer.FileFormat, kind)).write(made, str(path))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "suffix"), [("XER", "xer"), ("PMXML", "xml"), ("MSPDI", "xml")])
def test_a_file_of_a_planning_tool_has_the_dates_that_the_tool_computed(mpxj, tmp_path, kind, suffix):
    found = library.import_schedule(written(mpxj, tmp_path / f"plan.{suffix}", kind))
    table = found.activities
    assert table["activity"].tolist() == ["dig_pit", "pour_slab", "steel", "roof", "handover"]
    assert table["early_finish"].tolist() == [
        dt.datetime(2026, 1, 12, 17),
        dt.datetime(2026, 1, 19, 12),
        dt.datetime(2026, 1, 15, 17),
        dt.datetime(2026, 1, 20, 17),
        dt.datetime(2026, 1, 20, 17),
    ]
    assert (table["file_off"] == 0).all()
    assert set(table["simulated_cause"]) <= {"", "link"}
    assert table["critical"].tolist() == [False, False, True, True, True]
    assert (
        "six_days: {hours: {Mon-Fri: [08:00-12:00, 13:00-17:00], Sat: 08:00-12:00}, closed: [2026-01-08]}" in found.text
    )
    assert "to: finish, lag:" in found.text
    assert not found.losses["what"].str.startswith("the link").any()


def crewed(mpxj, kind, path):
    """The project with a crew on Dig pit that works on Saturdays too and grows from two to three."""
    import jpype

    java = jpype.JPackage("java").time
    made = project(mpxj, kind != "MSPDI")
    crew = made.addResource()
    crew.setName("Crew")
    crew.setType(mpxj.ResourceType.WORK)
    crew.setCalendar(next(one for one in made.getCalendars() if str(one.getName()) == "Six days"))
    begins = (java.LocalDateTime.of(2026, 1, 5, 0, 0), java.LocalDateTime.of(2026, 3, 2, 0, 0))
    for begin, end, units in ((begins[0], begins[1].minusMinutes(1), 200.0), (begins[1], None, 300.0)):
        end = java.LocalDateTime.of(2049, 12, 31, 23, 59) if end is None else end
        crew.getAvailability().add(mpxj.Availability(begin, end, jpype.java.lang.Double(units)))
    tasks = {str(one.getName()): one for one in made.getTasks()}
    dig = tasks["Dig pit"]
    assigned = dig.addResourceAssignment(crew)
    assigned.setUnits(jpype.java.lang.Double(100.0))
    work = mpxj.Duration.getInstance(40.0, mpxj.TimeUnit.HOURS)
    assigned.setWork(work)
    assigned.setRemainingWork(work)
    dig.setActivityType(mpxj.ActivityType.RESOURCE_DEPENDENT)
    dig.setNotes("mind the cables")
    made.getProjectProperties().setMustFinishBy(java.LocalDateTime.of(2026, 1, 19, 17, 0))
    if kind == "MSPDI":
        dig.setCalendar(None)
        tasks["Hall 1"].setDeadline(begins[1])
    mpxj.writer.UniversalProjectWriter(getattr(mpxj.writer.FileFormat, kind)).write(made, str(path))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "suffix"), [("XER", "xer"), ("PMXML", "xml"), ("MSPDI", "xml")])
def test_the_calendar_of_a_crew_stands_over_that_of_its_work(mpxj, tmp_path, kind, suffix):
    """Five days of work end with four hours on Saturday and four on Monday; on the 8th nobody works."""
    found = library.import_schedule(crewed(mpxj, kind, tmp_path / f"plan.{suffix}"))
    table = found.activities.set_index("activity")
    assert table.loc["dig_pit", "early_finish"] == dt.datetime(2026, 1, 12, 12)
    assert "duration: 5 d, calendar: six_days" in found.text
    moved = table[table["simulated_off"] != 0]
    assert (list(moved.index), set(moved["simulated_cause"])) == (["roof"], {"link"})
    assert "notes (1 activity)" in set(found.losses["what"])
    if kind == "MSPDI":
        assert "crew: {count: {0 d: 2, 2026-03-02: 3}}" in found.text
        assert "'Hall 1' sums up others and has a date of its own: deadline" in set(found.losses["what"])
    else:
        assert "last_finish: {activity: handover, target: 2026-01-19}" in found.text
        assert table["total_float"].min() < 0


def hung(mpxj, is_p6=True):
    """The project with what spans others: site management, a crane behind several, and the summary of the part."""
    import jpype

    made = project(mpxj, is_p6)
    tasks = {str(one.getName()): one for one in made.getTasks()}
    kinds, types = mpxj.RelationType, mpxj.ActivityType
    for number, name, kind in ((90, "Management", types.LEVEL_OF_EFFORT), (91, "Crane", types.LEVEL_OF_EFFORT),
                               (92, "All of it", types.WBS_SUMMARY)):  # fmt: skip
        tasks[name] = task(mpxj, tasks["Hall 1"], made.getDefaultCalendar(), number, name, 7)
        tasks[name].setActivityType(kind)
    for before, after, kind, lag in (
        ("Dig pit", "Management", kinds.START_START, 0),
        ("Management", "Roof", kinds.FINISH_FINISH, 0),
        ("Management", "Handover", kinds.FINISH_START, 0),
        ("Dig pit", "Crane", kinds.FINISH_START, 1),
        ("Steel", "Crane", kinds.START_START, 1),
        ("Crane", "Pour slab", kinds.FINISH_FINISH, 1),
    ):
        lag = mpxj.Duration.getInstance(float(lag), mpxj.TimeUnit.DAYS)
        tasks[after].addPredecessor(mpxj.Relation.Builder().predecessorTask(tasks[before]).type(kind).lag(lag))
    for name, user in (("Manager", "Management"), ("Crew", "Crane"), ("Crew", "Steel")):
        crew = next((one for one in made.getResources() if str(one.getName()) == name), None) or made.addResource()
        crew.setName(name)
        crew.setType(mpxj.ResourceType.WORK)
        assigned = tasks[user].addResourceAssignment(crew)
        assigned.setUnits(jpype.java.lang.Double(100.0))
        for setter in (assigned.setWork, assigned.setRemainingWork):
            setter(mpxj.Duration.getInstance(24.0, mpxj.TimeUnit.HOURS))
    return made, tasks


SPANS = ["A90", "A91", "A92"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "suffix"), [("XER", "xer"), ("PMXML", "xml")])
@pytest.mark.parametrize("begun", [False, True])
def test_level_of_effort_spans_what_begins_and_ends_it_and_drives_nothing(mpxj, tmp_path, kind, suffix, begun):
    """With the dates of a method of P6 that is not ours; it holds a crew, but none that work needs."""
    import jpype

    java = jpype.JPackage("java").time.LocalDateTime
    made, tasks = hung(mpxj)
    if begun:
        made.getProjectProperties().setStatusDate(java.of(2026, 1, 14, 8, 0))
        tasks["Dig pit"].setActualStart(java.of(2026, 1, 5, 8, 0))
        tasks["Dig pit"].setActualFinish(java.of(2026, 1, 12, 17, 0))
        tasks["Dig pit"].setRemainingDuration(mpxj.Duration.getInstance(0.0, mpxj.TimeUnit.DAYS))
        tasks["Dig pit"].setActualDuration(mpxj.Duration.getInstance(5.0, mpxj.TimeUnit.DAYS))
    mpxj.cpm.PrimaveraScheduler().schedule(made, java.of(2026, 1, 5, 8, 0))
    path = tmp_path / f"plan.{suffix}"
    mpxj.writer.UniversalProjectWriter(getattr(mpxj.writer.FileFormat, kind)).write(made, str(path))
    found = library.import_schedule(path)
    table = found.activities.set_index("id")
    assert (table["file_off"] == 0).all()
    assert table["early_finish"].tolist() == table["file_finish"].tolist()
    assert table.loc[SPANS, "early_start"].tolist() == table.loc[SPANS, "file_start"].tolist()
    assert (table.loc[SPANS, "simulated_off"] == 0).all()
    assert not table.loc[SPANS, "critical"].any()
    assert "manager: 1}" in found.text
    lost = set(zip(found.losses["where"], found.losses["what"], strict=True))
    assert ("A91", "Crew, which other work takes") in lost
    assert ("A90", "the link FS to A5, which would wait for what only spans others") in lost
    for engine in ("reference", "compiled"):
        rows = library.simulate(found.scenario, seed=1, engine=engine).activities.set_index("activity")
        assert rows.loc["management", "finish"] == rows.loc["handover", "start"]
    without = [row for row in check_schedule(path).itertuples() if "A9" in row.where]
    assert not without


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "suffix"), [("", "xer"), ("p6", "xml"), ("project", "xml")])
def test_level_of_effort_goes_to_the_tool_and_back(mpxj, tmp_path, tool, suffix):
    made, _ = hung(mpxj)
    path = tmp_path / "plan.xer"
    mpxj.writer.UniversalProjectWriter(mpxj.writer.FileFormat.XER).write(made, str(path))
    before = library.import_schedule(path)
    path = tmp_path / f"back.{suffix}"
    done = library.export(library.replicate(before.scenario, 4, engine="reference"), path=path, tool=tool)
    after = library.import_schedule(path)
    dates = ["id", "early_start", "early_finish", "simulated_start", "simulated_finish"]
    assert after.activities[dates].equals(before.activities[dates])
    lost = done.losses[done.losses["what"] == "it lasts from what begins it to what ends it"]
    assert lost["where"].tolist() == (SPANS if tool == "project" else [])
    back = mpxj.reader.UniversalProjectReader().read(str(path)).getTasks()
    types = {str(one.getActivityID()): str(one.getActivityType()) for one in back}
    assert tool == "project" or [types[id_] for id_ in SPANS] == ["LEVEL_OF_EFFORT"] * 3


def test_a_hammock_in_a_table_and_one_that_nothing_ends(taken_over):
    rows = (
        'ID,Name,Type,Duration,Predecessors,Start\n1,a,,5 d,4SS,2026-01-05\n2,b,,3 d,"1,4",\n'
        '3,Site,Level of Effort,9 d,"1SS+1d,2FF",\n4,Guard,hammock,4 d,,\n'
    )
    found = taken_over(rows, start="2026-01-05 08:00")
    assert "after: [{activity: a, from: start, lag: {working: 1 d}}, {activity: b, to: finish}]" in found.text
    assert "after: [{activity: a, from: start}, {activity: b, from: start, to: finish}]" in found.text
    lost = dict(zip(found.losses["what"], found.losses["instead"], strict=True))
    assert lost["the link FS to 2, which would wait for what only spans others"] == "2 gives its finish, as in P6"
    found = taken_over(rows.replace('"1,4"', "1"), start="2026-01-05 08:00")
    assert "duration: 4 d" in found.text
    assert found.losses["what"].tolist()[-1] == "it spans others, and none ends it"


def test_limits_move_activities_where_the_tool_obeys_them():
    """Microsoft Project starts before the predecessor ends what must finish early; Primavera tells negative float."""
    limit = [("finish on or before", dt.datetime(2026, 1, 9, 16))]
    made = schedule("a=5 b=2<a", b=limit)
    assert dated(made)["b"] == ("12.01 08", "13.01 16", -2, 0)
    made.obeys_limits = True
    assert dated(made)["b"][:3] == ("08.01 08", "09.01 16", 0)


def test_progress_of_a_planning_tool(mpxj, tmp_path):
    """What is done has its dates; the rest of what has begun goes on at the data date."""
    import jpype

    moment = jpype.JPackage("java").time.LocalDateTime.of
    made = project(mpxj, is_p6=True)
    made.getProjectProperties().setStatusDate(moment(2026, 1, 14, 8, 0))
    tasks = {str(one.getName()): one for one in made.getTasks()}
    dig, slab = tasks["Dig pit"], tasks["Pour slab"]
    days = [mpxj.Duration.getInstance(float(one), mpxj.TimeUnit.DAYS) for one in range(6)]
    dig.setActualStart(moment(2026, 1, 5, 8, 0))
    dig.setActualFinish(moment(2026, 1, 12, 17, 0))
    dig.setRemainingDuration(days[0])
    dig.setActualDuration(days[5])
    slab.setActualStart(moment(2026, 1, 13, 8, 0))
    slab.setRemainingDuration(days[3])
    slab.setActualDuration(days[1])
    mpxj.cpm.PrimaveraScheduler().schedule(made, moment(2026, 1, 5, 8, 0))
    path = tmp_path / "plan.xer"
    mpxj.writer.UniversalProjectWriter(mpxj.writer.FileFormat.XER).write(made, str(path))
    table = library.import_schedule(path).activities.set_index("activity")
    assert table.loc["dig_pit", "early_finish"] == dt.datetime(2026, 1, 12, 17)
    assert (table["file_off"] == 0).all()
    assert set(table["simulated_cause"]) <= {"", "link"}


@pytest.mark.parametrize(
    ("logic", "day", "lost"),
    [
        ("RETAINED_LOGIC", 21, []),
        ("PROGRESS_OVERRIDE", 13, [["A2", "the link FS from A1, which has not finished"]]),
        ("ACTUAL_DATES", 21, [["", "what has begun goes on by actual dates"]]),
    ],
)
def test_work_out_of_sequence_goes_on_as_p6_is_set(mpxj, tmp_path, logic, day, lost):
    """The slab began before the pit was done: its 24 hours that are left wait for that, or go on at the data date."""
    import jpype

    moment = jpype.JPackage("java").time.LocalDateTime.of
    made = project(mpxj, is_p6=True)
    about = made.getProjectProperties()
    about.setStatusDate(moment(2026, 1, 9, 8, 0))
    about.setSchedulingProgressedActivities(getattr(mpxj.SchedulingProgressedActivities, logic))
    tasks = {str(one.getName()): one for one in made.getTasks()}
    tasks["Steel"].setActualStart(moment(2026, 1, 6, 8, 0))
    tasks["Steel"].setActualFinish(moment(2026, 1, 7, 17, 0))
    tasks["Pour slab"].setActualStart(moment(2026, 1, 7, 8, 0))
    tasks["Pour slab"].setRemainingDuration(mpxj.Duration.getInstance(3.0, mpxj.TimeUnit.DAYS))
    path = tmp_path / "plan.xer"
    mpxj.writer.UniversalProjectWriter(mpxj.writer.FileFormat.XER).write(made, str(path))
    found = library.import_schedule(path)
    slab = found.activities.set_index("activity").loc["pour_slab"]
    assert slab["early_start"] == dt.datetime(2026, 1, 7, 8)
    assert slab["early_finish"] == dt.datetime(2026, 1, day, 12)
    losses = found.losses[found.losses["cause"] == "progress"]
    assert losses[["where", "what"]].to_numpy().tolist() == lost


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["XER", "PMXML", "MSPDI"])
@pytest.mark.parametrize("seed", range(4))
def test_networks_with_progress_have_the_dates_of_a_method_that_is_not_ours(mpxj, tmp_path, kind, seed):
    """Thirty activities, two calendars, links of three types; what the plan begins by the 19th has begun, or more."""
    import jpype

    moment, rng = jpype.JPackage("java").time.LocalDateTime.of, random.Random(seed)
    made = project(mpxj, kind != "MSPDI")
    tasks = {str(one.getName()): one for one in made.getTasks()}
    six = next(one for one in made.getCalendars() if str(one.getName()) == "Six days")
    works = []
    for number in range(30):
        calendar = rng.choice((made.getDefaultCalendar(), six))
        work = task(mpxj, tasks["Hall 1"], calendar, 100 + number, f"Work {number}", rng.choice((0, 1, 2, 3, 5, 8)))
        for before in rng.sample(works, min(len(works), rng.randint(1, 2))):
            of_type = rng.choice(("FINISH_START", "FINISH_START", "START_START", "FINISH_FINISH"))
            days = 0.0 if of_type == "FINISH_FINISH" else float(rng.choice((0, 0, 1, 2)))  # MPXJ counts some twice
            days = mpxj.Duration.getInstance(days, mpxj.TimeUnit.DAYS)
            link = mpxj.Relation.Builder().predecessorTask(before).type(getattr(mpxj.RelationType, of_type)).lag(days)
            work.addPredecessor(link)
        works.append(work)
    method = mpxj.cpm.MicrosoftScheduler if kind == "MSPDI" else mpxj.cpm.PrimaveraScheduler
    method().schedule(made, moment(2026, 1, 5, 8, 0))
    status = moment(2026, 1, 19, 8, 0)
    made.getProjectProperties().setStatusDate(status)
    for work in works:
        start, finish, length = work.getEarlyStart(), work.getEarlyFinish(), work.getDuration().getDuration() * 8
        done = work.getEffectiveCalendar().getWork(start, status, mpxj.TimeUnit.HOURS)
        left = max(1.0, length - done.getDuration() + rng.choice((0, 4)))
        if finish.compareTo(status) <= 0:
            done, left = work.getDuration(), 0.0
            work.setActualFinish(finish)
        if not left or (start.compareTo(status) < 0 and length):
            work.setActualStart(start)
            work.setActualDuration(done)
            work.setRemainingDuration(mpxj.Duration.getInstance(left, mpxj.TimeUnit.HOURS))
            share = 100.0 if not left else max(1.0, 100 * (length - left) / length)
            work.setPercentageComplete(jpype.java.lang.Double(share))
    method().schedule(made, moment(2026, 1, 5, 8, 0))
    path = tmp_path / ("plan.xer" if kind == "XER" else "plan.xml")
    mpxj.writer.UniversalProjectWriter(getattr(mpxj.writer.FileFormat, kind)).write(made, str(path))
    table = library.import_schedule(path).activities
    assert table.loc[table["file_off"] != 0, "id"].tolist() == []


@pytest.mark.parametrize("kind", ["XER", "PMXML"])
def test_dates_that_other_projects_give_and_what_remains_are_those_of_p6(mpxj, tmp_path, kind):
    """An external early start holds; what is stretched to its expected finish lasts as long as remains."""
    import jpype

    moment = jpype.JPackage("java").time.LocalDateTime.of
    made = project(mpxj, is_p6=True)
    tasks = {str(one.getName()): one for one in made.getTasks()}
    tasks["Pour slab"].setExternalEarlyStart(moment(2026, 1, 21, 8, 0))
    tasks["Steel"].setExpectedFinish(moment(2026, 1, 16, 17, 0))
    tasks["Steel"].setRemainingDuration(mpxj.Duration.getInstance(4.0, mpxj.TimeUnit.DAYS))
    path = tmp_path / ("plan.xer" if kind == "XER" else "plan.xml")
    mpxj.writer.UniversalProjectWriter(getattr(mpxj.writer.FileFormat, kind)).write(made, str(path))
    found = library.import_schedule(path)
    table = found.activities.set_index("activity")
    assert table.loc["pour_slab", "early_start"] == table.loc["pour_slab", "simulated_start"]
    assert table.loc["pour_slab", "early_start"] == dt.datetime(2026, 1, 21, 8)
    assert table.loc["steel", "early_finish"] == dt.datetime(2026, 1, 16, 17)
    assert "start on or after 2026-01-21, which links of other projects give" in set(found.losses["what"])


def two_projects(mpxj, path):
    """An .xer file of two projects of the same name, with a link from the slab of one to the steel of the other."""
    import jpype

    java = jpype.JPackage("java")
    context, both = mpxj.ProjectContext(), java.util.ArrayList()
    start = java.time.LocalDateTime.of(2026, 1, 5, 8, 0)
    for number, name in enumerate(("EAST", "WEST"), start=1):
        made = mpxj.ProjectFile(context)
        about = made.getProjectProperties()
        about.setUniqueID(java.lang.Integer(number))
        about.setProjectID(name)
        for setter in (about.setStartDate, about.setPlannedStart, about.setStatusDate):
            setter(start)
        week = made.addDefaultBaseCalendar()
        made.setDefaultCalendar(week)
        root = made.addTask()
        root.setName("Hall")
        task(mpxj, root, week, f"{name}1", f"{name} work", 3)
        mpxj.cpm.PrimaveraScheduler().schedule(made, start)
        both.add(made)
    stream = java.io.ByteArrayOutputStream()
    mpxj.primavera.PrimaveraXERFileWriter().write(both, stream)
    lines = bytes(stream.toByteArray()).decode("cp1252").splitlines()
    head = next(k for k, line in enumerate(lines) if line == "%T\tTASK") + 1
    columns = lines[head].split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=False)) for line in lines[head + 1 : head + 3]]
    (before, east), (after, west) = ((row["task_id"], row["proj_id"]) for row in rows)
    link = {"task_pred_id": "77", "task_id": after, "pred_task_id": before, "proj_id": west, "pred_proj_id": east}
    link |= {"pred_type": "PR_FS", "lag_hr_cnt": "0"}
    cells = ("\t".join(("%F", *link)), "\t".join(("%R", *link.values())))
    last = next(k for k, line in enumerate(lines) if line == "%E")
    path.write_text("\r\n".join([*lines[:last], "%T\tTASKPRED", *cells, "%E", ""]), encoding="cp1252")


def test_work_of_another_project_holds_what_waits_for_it_on_its_dates(mpxj, tmp_path):
    """Both projects are called the same, so that their ids choose between them."""
    path = tmp_path / "plan.xer"
    two_projects(mpxj, path)
    with pytest.raises(ScheduleError, match="choose one with --sheet: EAST, WEST"):
        library.import_schedule(path)
    assert len(library.import_schedule(path, sheet="EAST").activities) == 1
    found = library.import_schedule(path, sheet="WEST")
    table = found.activities.set_index("id")
    assert list(table.index) == ["AWEST1", "AEAST1"]
    assert table.loc["AEAST1", "simulated_finish"] == dt.datetime(2026, 1, 7, 17)
    assert table.loc["AWEST1", "early_start"] == dt.datetime(2026, 1, 8, 8)
    assert "'EAST work': it belongs to another project" in set(found.losses["what"])


@pytest.mark.parametrize("year", ["2026", "2025"])
def test_tasks_of_other_files_of_project_are_kept_on_their_dates(mpxj, tmp_path, year):
    """A task that ends before the project begins holds nothing; the file may be in UTF-16."""
    path = written(mpxj, tmp_path / "plan.xml", "MSPDI")
    text = path.read_text(encoding="utf-8")
    first = text.index("<Task>", text.index("<Name>Hall 1</Name>"))
    part = text[first : text.index("</Task>", first)]
    foreign = part.replace("<ExternalTask>false</ExternalTask>", "").replace("<ExternalTask>0</ExternalTask>", "")
    foreign = foreign.replace("</Name>", "</Name><ExternalTask>1</ExternalTask>", 1)
    text = text.replace(part, foreign.replace("2026-", f"{year}-")).replace('encoding="UTF-8"', 'encoding="UTF-16"')
    path.write_bytes(text.encode("utf-16"))
    found = library.import_schedule(path)
    table = found.activities.set_index("activity")
    if year == "2026":
        assert table.loc["dig_pit", "early_finish"] == dt.datetime(2026, 1, 12, 17)
        assert (table["file_off"] == 0).all()
        assert "'Dig pit': it belongs to another project" in set(found.losses["what"])
    else:
        assert "dig_pit" not in table.index


def test_activity_codes_are_listed(mpxj, tmp_path):
    made = project(mpxj, is_p6=True)
    phase = mpxj.ActivityCode.Builder(made).name("Phase").build()
    made.getActivityCodes().add(phase)
    shell = mpxj.ActivityCodeValue.Builder(made).activityCode(phase).name("Shell").build()
    phase.getValues().add(shell)
    next(one for one in made.getTasks() if str(one.getName()) == "Steel").addActivityCodeValue(shell)
    path = tmp_path / "plan.xer"
    mpxj.writer.UniversalProjectWriter(mpxj.writer.FileFormat.XER).write(made, str(path))
    assert "activity codes (1 activity)" in set(library.import_schedule(path).losses["what"])


def test_dates_behind_what_is_as_late_as_possible_have_that_cause():
    """Project lets it move what follows, which has float of its own."""
    made = schedule("a=1 b=1<a c=9<a d=1<b", b=[("as late as possible",)])
    made.obeys_limits, made.activities["d"].early_start = True, dt.datetime(2026, 1, 16, 8)
    table = taken_over_schedule(made).activities.set_index("id")
    assert (table.loc["d", "file_off"], table.loc["d", "file_cause"]) == (-7, "constraint")


def changed(path, table, cells):
    """Change cells of the first row of a table of an .xer file; returns its line."""
    lines = path.read_bytes().splitlines()
    number = next(k for k, line in enumerate(lines) if line == b"%T\t" + table)
    columns, row = (lines[number + k].split(b"\t") for k in (1, 2))
    for name, cell in cells.items():
        row[columns.index(name)] = cell
    lines[number + 2] = b"\t".join(row)
    path.write_bytes(b"\r\n".join(lines) + b"\r\n")
    return number + 3


def test_rows_of_p6_that_mean_nothing_are_listed_with_their_lines(mpxj, tmp_path):
    def losses(table, cells):
        path = written(mpxj, tmp_path / "plan.xer", "XER")
        line = changed(path, table, cells)
        lost = library.import_schedule(path).losses
        return {(row.what, row.instead) for row in lost.itertuples() if f"line {line}:" in row.what}

    ((what, instead),) = losses(b"TASKPRED", {b"pred_task_id": b"8888"})
    assert "a link from 8888 to " in what
    assert instead == "nothing: no row of TASK has task_id 8888"
    ((what, instead),) = losses(b"TASKPRED", {b"pred_type": b"PR_XX"})
    assert "the type 'PR_XX' of the link from " in what
    assert instead == "finish to start"
    ((what, _),) = losses(b"TASK", {b"cstr_type": b"CS_ODD"})
    assert "constraint 'CS_ODD'" in what
    assert not losses(b"TASK", {})


def test_two_rows_of_the_same_task_are_refused_with_their_lines(mpxj, tmp_path):
    path = written(mpxj, tmp_path / "plan.xer", "XER")
    lines = path.read_bytes().splitlines(keepends=True)
    first = next(k for k, line in enumerate(lines) if line.rstrip() == b"%T\tTASK") + 2
    lines.insert(first + 1, lines[first])
    path.write_bytes(b"".join(lines))
    with pytest.raises(ScheduleError, match=rf"line {first + 2} has task .*, as line {first + 1} has: delete"):
        library.import_schedule(path)


@pytest.mark.parametrize(("tool", "suffix"), [("", "xer"), ("p6", "xml"), ("", "xml")])
def test_progress_goes_there_and_back(mpxj, taken_over, tmp_path, tool, suffix):
    rows = (
        "ID,Name,Duration,Predecessors,Actual start,Actual finish,% complete\n"
        "1,a,5,,2026-01-05,2026-01-12,100\n2,b,4,1,2026-01-13,,50%\n3,c,2,2,,,\n"
    )
    before = taken_over(rows, status_date="2026-01-14")
    many = library.replicate(before.scenario, 8, engine="reference")
    path = tmp_path / f"back.{suffix}"
    library.export(many, path=path, tool=tool)
    after = library.import_schedule(path)
    seen = [text.split("seen:\n")[1] for text in (before.text, after.text)]
    days = {
        "2026-01-05 00:00": "2026-01-05 08:00",
        "2026-01-13 00:00}": "2026-01-12 16:00}",
        "2026-01-13 00": "2026-01-13 08",
    }
    for day, hour in days.items():
        seen[0] = seen[0].replace(day, hour)  # a day of the table is a shift in the file
    assert seen[0] == seen[1]
    assert "not_before" not in after.text
    assert (tool or suffix) in ("xml", "") or "duration: 5 d" in after.text
    rest = ["activity", "simulated_finish"]
    assert after.activities[rest][1:].equals(before.activities[rest][1:])


def test_an_mpx_file_is_read(mpxj, tmp_path):
    found = library.import_schedule(written(mpxj, tmp_path / "plan.mpx", "MPX"))
    assert found.activities["early_finish"].max() == dt.datetime(2026, 1, 20, 17)


@pytest.mark.parametrize("name", ["plan.xer", "plan.xml", "plan.mpp", "plan.mpx"])
def test_a_broken_file_is_told(mpxj, tmp_path, name):
    path = tmp_path / name
    for data in (b"", b"\x00\x01 nothing", b"<Project><Tasks>", b"%T\tTASK\n%F\ttask_id\n%R\tx\n"):
        path.write_bytes(data)
        with pytest.raises(ScheduleError, match="plan"):
            library.import_schedule(path)


@pytest.mark.parametrize("code", ["utf-8", "utf-16-le"])
def test_xml_that_defines_entities_is_refused(tmp_path, code):
    path = tmp_path / "plan.xml"
    path.write_bytes('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Project>&a;</Project>'.encode(code))
    with pytest.raises(ScheduleError, match="its own document type"):
        library.import_schedule(path)


def test_without_java_the_user_is_told_what_to_install(dcsim, tmp_path, monkeypatch):
    jpype = pytest.importorskip("jpype")
    pytest.importorskip("mpxj")
    from dcsim.exchange.java import java

    def missing(*arguments, **settings):
        raise jpype.JVMNotFoundException("none")

    monkeypatch.setattr(jpype, "isJVMStarted", lambda: False)
    monkeypatch.setattr(jpype, "startJVM", missing)
    java.cache_clear()
    (tmp_path / "plan.xer").write_text("ERMHDR")
    _, err, code = dcsim("import", str(tmp_path / "plan.xer"), "--json")
    java.cache_clear()
    assert code == 2
    assert "install a Java runtime of 17 or newer" in err


def test_constraints_have_their_german_names(taken_over):
    rows = (
        "Nr.;Vorgangsname;Dauer;Anfang;Einschränkungsart;Einschränkungstermin\n"
        "1;a;5 t;12.01.2026;Ende nicht später als;16.01.2026\n2;b;2 t;;Muss anfangen am;14.01.2026\n"
    )
    found = taken_over(rows)
    assert "a_by_date: {activity: a, target: 2026-01-16}" in found.text
    assert "b_by_date: {activity: b, event: start, target: 2026-01-14}" in found.text


def test_a_file_of_p6_is_complete_and_in_any_encoding(mpxj, tmp_path):
    path = written(mpxj, tmp_path / "plan.xer", "XER")
    data = path.read_bytes()
    text = data.decode("cp1252").replace("Dig pit", "Копать")
    for code in ("utf-8", "utf-16"):
        path.write_bytes(text.encode(code))
        assert "label: Копать" in library.import_schedule(path).text
    path.write_bytes(text.encode("cp1251"))
    assert "label: Копать" in library.import_schedule(path, encoding="windows-1251").text
    assert "cp1252; --encoding says another" in library.import_schedule(path).losses["instead"].tolist()
    path.write_bytes(data[: data.index(b"%T\tTASKPRED")])
    with pytest.raises(ScheduleError, match="is not complete"):
        library.import_schedule(path)


def test_what_a_workbook_did_not_save_is_no_empty_cell(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    for value, message in (("=5+5", "cell Sheet!B2 has a formula without its value"), ("#REF!", "got '#REF!'")):
        book = openpyxl.Workbook()
        for row in (("Name", "Duration"), ("a", value)):
            book.active.append(row)
        book.save(tmp_path / "plan.xlsx")
        with pytest.raises(DcsimError, match=message):
            library.import_schedule(tmp_path / "plan.xlsx", start="2026-01-05")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((1, "a", "5 x", "", "2026-01-05"), "line 4: column 'Duration', cell 'My plan'!C4: '5 x': no unit 'x'"),
        ((1, "a", "5 d", "7", "2026-01-05"), "column 'Predecessors', cell 'My plan'!D4: '7' is not an activity"),
        ((1, "a", "5 d", "", "01/02/2026"), "'My plan'!E4: '01/02/2026' may have the day or the month first"),
        ((1, "a", "5,123 d", "", "2026-01-05"), "'My plan'!C4: '5,123' has a separator for decimals or for thousands"),
        ((1, "a", "5 d", "", "2026-01-05", "Nights"), "'My plan'!F4: nothing says the hours of calendar 'Nights'"),
        ((1, "a", "5 d", "", "2026-01-05", "", "50%"), "'My plan'!G4 has progress: give its status date"),
        ((1, "a", "=5+5", "", "2026-01-05"), "cell 'My plan'!C4 has a formula without its value"),
    ],
)
def test_messages_on_a_workbook_name_the_cell(tmp_path, row, message):
    """And formulas of sheets that are not read stop nobody."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "My plan"
    head = ("ID", "Name", "Duration", "Predecessors", "Start", "Calendar", "% complete")
    for cells in (("A plan",), (), head, row):
        book.active.append(cells)
    book.create_sheet("Sums").append(["=1+1"])
    book.save(tmp_path / "plan.xlsx")
    with pytest.raises(DcsimError) as told:
        library.import_schedule(tmp_path / "plan.xlsx")
    assert message in str(told.value)
    assert "Sums" not in str(told.value)


def test_columns_of_a_workbook_have_letters():
    table = Table("plan.xlsx", (), (), "Plan")
    assert [table.place(3, number) for number in (0, 25, 26, 701, 702)] == [
        *("Plan!A3", "Plan!Z3", "Plan!AA3", "Plan!ZZ3", "Plan!AAA3"),
    ]


def test_durations_are_not_negative(taken_over):
    with pytest.raises(ScenarioError, match="line 2: column 'Duration': a duration is not negative, got '-5d'"):
        taken_over("ID,Name,Duration\n1,a,-5d\n", start="2026-01-05")


def test_a_long_table_takes_calls_in_proportion_to_its_rows_and_has_limits(tmp_path, monkeypatch):
    from dcsim.exchange import sheets
    from dcsim.scenario import files

    def calls(rows, predecessor):
        """How many functions the import calls, right or wrong."""
        body = "".join(f"A{i};Same name;1d;{predecessor}{i - 1 if i else ''};05.01.2026\n" for i in range(rows))
        (tmp_path / "plan.csv").write_text("ID;Name;Duration;Predecessors;Start\n" + body.replace(";A;", ";;"))
        profile = cProfile.Profile()
        with nullcontext() if predecessor == "A" else pytest.raises(DcsimError, match="'B1' is not an activity"):
            profile.runcall(library.import_schedule, tmp_path / "plan.csv")
        return sum(entry.callcount for entry in profile.getstats())

    calls(10, "A")
    for predecessor in ("A", "B"):
        assert calls(1600, predecessor) < 2.5 * calls(800, predecessor)
    monkeypatch.setattr(files, "LARGEST", 1000)
    (tmp_path / "plan.csv").write_text((tmp_path / "plan.csv").read_text().replace(";B", ";A").replace(";A;", ";;"))
    with pytest.raises(ScheduleError, match=r"800 activities, which make a scenario of 0\.1 MB"):
        library.import_schedule(tmp_path / "plan.csv")
    monkeypatch.setattr(sheets, "MOST_ROWS", 100)
    with pytest.raises(ScheduleError, match="has 801 rows; dcsim reads at most 100: import a part"):
        library.import_schedule(tmp_path / "plan.csv")
