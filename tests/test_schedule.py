"""The network of a scenario as a schedule: early and late dates and floats beside the expected case."""

import datetime as dt
import random
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from builders import network
from hypothesis import given
from hypothesis import strategies as st

import dcsim as library
from dcsim.calendars import DAYS_OFF, Shifts
from dcsim.exchange.checking import check_schedule
from dcsim.schedule import Activity, Constraint, Link, Schedule, working_week
from dcsim.schedule.cpm import Times, critical_path
from dcsim.schedule.health import health
from dcsim.units import DAY

MONDAY, LATER = dt.datetime(2026, 1, 5, 8), dt.datetime(2026, 1, 7, 8)
WEEK = Shifts(working_week(frozenset(range(5)), (480, 960)))

FLOATS = ["early_start", "early_finish", "late_start", "late_finish", "total_float", "free_float", "critical"]
SHIFT = {"shift": {"days": "Mon-Fri", "hours": "07:00-17:00"}}


def expected(text, **more):
    """The table of activities of the expected case, by name."""
    return library.simulate(library.load(network(text, **more)), expected=True).activities.set_index("activity")


def test_a_textbook_network_has_its_floats():
    """5 + 3 + 2 days are critical; c has the 2 days that b is longer."""
    found = expected("a=5d b=3d<a c=1d<a d=2d<b,c")
    assert found["total_float"].tolist() == [0, 0, 2, 0]
    assert found["free_float"].tolist() == [0, 0, 2, 0]
    assert found["critical"].tolist() == [True, True, False, True]
    assert (found["late_finish"] / DAY).tolist() == [5, 8, 8, 10]


def test_resources_do_not_count():
    found = expected("a=2d:crew b=3d:crew c=1d<a,b", crew=1)
    assert (found["start"] / DAY).tolist() == [0, 2, 5]
    assert (found["early_start"] / DAY).tolist() == [0, 0, 3]
    assert found["total_float"].tolist() == [1, 0, 0]


def test_floats_are_working_days_of_the_calendar():
    found = expected("a=5d b=3d<a c=8d", calendars=SHIFT, a={"calendar": "shift"}, b={"calendar": "shift"},
                     c={"calendar": "shift"})  # fmt: skip
    assert found["total_float"].tolist() == [0, 0, 0]
    found = expected("a=5d b=8d", calendars=SHIFT, a={"calendar": "shift"}, b={"calendar": "shift"})
    assert found["total_float"].tolist() == [3, 0]


def test_what_waits_for_some_of_many_follows_the_first_of_them():
    places = {"hall": {"names": ["a", "b", "c"]}}
    dig = {"at": "hall", "within": {"b": {"duration": "3 d"}, "c": {"duration": "9 d"}}}
    after = [{"activity": "dig", "count": 2}]
    found = expected("dig=2d open=7d", places=places, dig=dig, open={"after": after})
    assert found.loc["open", "early_start"] == 3 * DAY
    assert found["total_float"].tolist() == [1, 0, 1, 0]


def test_of_drawn_values_there_are_no_floats():
    drawn = library.simulate(library.load(network("a=5d")), seed=1).activities
    assert not set(FLOATS) & set(drawn.columns)


@pytest.mark.slow
@given(st.data())
def test_without_limits_the_expected_case_goes_by_the_early_dates(data):
    """And whatever is critical ends with the last, or leads to it: all floats are from 0 on."""
    names = "abcdefgh"
    tokens = []
    for i, name in enumerate(names):
        before = data.draw(st.lists(st.sampled_from(names[:i]), unique=True, max_size=3)) if i else []
        tokens.append(
            f"{name}={data.draw(st.integers(1, 50))}h" + f"<{','.join(f'{b}+90' for b in before)}" * bool(before)
        )
    more = {name: {"calendar": "shift"} for name in data.draw(st.sets(st.sampled_from(names)))}
    found = expected(" ".join(tokens), calendars=SHIFT, **more)
    assert found["start"].tolist() == found["early_start"].tolist()
    assert found["finish"].tolist() == found["early_finish"].tolist()
    assert (found["total_float"] >= found["free_float"]).all()
    assert (found["free_float"] >= 0).all()
    assert found["critical"].any()


def test_show_tells_the_dates_and_that_nothing_limits_them(dcsim, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("name: plan\nstart: 2026-01-05\nactivities: {a: {duration: 5 d}, b: {duration: 3 d}}\n")
    out, _, code = dcsim("show", str(path))
    assert code == 0
    assert "without limits of resources" in " ".join(out.split())
    assert "early 2026-01-05 to 2026-01-09, late 2026-01-05 to 2026-01-09, critical" in out
    assert "early 2026-01-05 to 2026-01-07, late 2026-01-07 to 2026-01-09, float 2 d" in out


# Health


def plan(**more):
    """Ten activities in a row on a schedule of a file, all with a crew."""
    made = Schedule("plan", MONDAY, "plan.csv", calendars={"week": WEEK})
    for i in range(10):
        made.activities[f"A{i}"] = Activity(f"A{i}", f"A{i}", 480, "week", resources={"crew": Fraction(1)})
        if i:
            made.links.append(Link(f"A{i - 1}", f"A{i}"))
    return replace(made, **more)


def failed(schedule):
    """The numbers of the checks that are not passed, and of those of which nothing is known."""
    found = health(schedule)
    assert [one.number for one in found] == list(range(1, 15))
    return {one.number for one in found if one.passed is False}, {one.number for one in found if one.passed is None}


def test_a_sound_schedule_passes_all_checks():
    assert failed(plan()) == (set(), {11, 14})


@pytest.mark.parametrize(
    ("change", "numbers"),
    [
        (lambda one: one.links.pop(4), {1}),
        (lambda one: one.links.append(Link("A0", "A3", lag=-60, calendar="week")), {2}),
        (lambda one: one.links.append(Link("A0", "A3", lag=60, calendar="week")), {3}),
        (lambda one: one.links.append(Link("A0", "A3", "SS")), set()),
        (lambda one: one.links.extend([Link("A0", "A3", "SS"), Link("A0", "A4", "FF")]), {4}),
        (lambda one: setattr(one.activities["A3"], "constraints", (Constraint("start on", LATER),)), {5, 7, 13}),
        (lambda one: setattr(one.activities["A9"], "deadline", MONDAY), {7, 13}),
        (lambda one: setattr(one.activities["A3"], "minutes", 45 * 480), {8}),
        (lambda one: setattr(one.activities["A3"], "resources", {}), {10}),
    ],
)
def test_each_check_finds_what_it_looks_for(change, numbers):
    made = plan()
    change(made)
    assert failed(made)[0] == numbers


def test_progress_is_held_against_the_baseline():
    made = plan(status=LATER)
    for id_, finish in (("A0", MONDAY), ("A1", LATER)):
        one = made.activities[id_]
        one.actual_start = MONDAY
        one.actual_finish, one.baseline_finish = finish, MONDAY
    made.activities["A2"].baseline_finish = LATER
    found = {one.number: one for one in health(made)}
    assert (found[11].found, found[11].of, found[11].where) == (2, 3, "A1, A2")
    assert found[14].found == pytest.approx(2 / 3, abs=1e-3)
    made.activities["A1"].actual_finish = LATER + dt.timedelta(days=1)
    assert {one.number: one for one in health(made)}[9].where == "A1"


def test_the_command_checks_a_scenario_and_a_table(dcsim, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("name: plan\nstart: 2026-01-05\nactivities: {a: {duration: 50 d}, b: {duration: 3 d}}\n")
    out, err, code = dcsim("check", str(path), "--schedule")
    assert (err, code) == ("", 0)
    assert "DCMA-EA PAM 200.1" in out
    assert "durations above 44 working days" in out
    (tmp_path / "plan.csv").write_text("ID,Name,Duration,Predecessors,Start\n1,a,5,,2026-01-05\n2,b,3,1SS-1d,\n")
    found = check_schedule(tmp_path / "plan.csv").set_index("number")
    assert found.loc[2, "where"] == "1 to 2"
    assert not found.loc[2, "passed"]


def test_a_table_is_checked_with_the_options_of_its_import(dcsim, tmp_path):
    """And none of them is passed over in silence where it means nothing."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name in ("Now", "Before"):
        sheet = book.active if name == "Now" else book.create_sheet()
        sheet.title = name
        for row in (("ID", "Name", "Duration", "Predecessors", "Actual start", "Baseline finish"),
                    (1, "a", "5,5 d", "", "05/01/2026", "06/01/2026"), (2, "b", "50 d", 1, "", "")):  # fmt: skip
            sheet.append(row)
    book.save(tmp_path / "plan.xlsx")
    plan, sheet = str(tmp_path / "plan.xlsx"), ("--sheet", "Now")
    _, err, code = dcsim("check", plan, "--schedule")
    assert code == 2
    assert "choose one with --sheet: 'Now', 'Before'" in " ".join(err.split())
    _, err, _ = dcsim("check", plan, "--schedule", *sheet, "--dates", "dmy")
    assert "give its status date with --status-date" in " ".join(err.split())
    status = ("--dates", "dmy", "--status-date", "2026-01-08", "--start", "2026-01-05", "--calendar", "24 h")
    out, err, code = dcsim("check", plan, "--schedule", *sheet, *status)
    assert (err, code) == ("", 0)
    assert "missed: later than the baseline" in out
    (tmp_path / "plan.yaml").write_text("{name: plan, start: 2026-01-05, activities: {a: {duration: 5 d}}}")
    for words in ((plan, *sheet), (str(tmp_path / "plan.yaml"), "--schedule", "--calendar", "24 h")):
        _, err, code = dcsim("check", *words)
        assert code == 2
        assert "is for files that `dcsim import` reads, with --schedule" in " ".join(err.split())
    _, err, code = dcsim("check", str(tmp_path / "plan.xer"), "--schedule", "--dates", "dmy")
    assert "says dates and hours by itself" in " ".join(err.split())


def crewed(seed):
    """A network with links of every type, whose activities take one to three of three crews."""
    rng, crews = random.Random(seed), ("digger", "crane", "welder")
    activities = {}
    for number in range(rng.randint(4, 14)):
        entry = {"duration": f"{rng.choice((0, 1, 2, 5))} d"}
        entry["requires"] = dict.fromkeys(rng.sample(crews, rng.randint(0, 2)), 1)
        entry["after"] = [
            {"activity": before, "from": rng.choice(("start", "finish", "finish")),
             "to": rng.choice(("start", "finish")), "lag": rng.choice(("0 d", "0 d", "1 d"))}
            for before in rng.sample(list(activities), min(len(activities), rng.randint(0, 3)))
        ]  # fmt: skip
        activities[f"a{number}"] = entry
    resources = {crew: rng.choice((1, 1, 2)) for crew in crews}
    return {"name": "n", "start": "2026-01-05", "resources": resources, "activities": activities,
            "milestones": {"end": {"activity": f"a{len(activities) - 1}"}}}  # fmt: skip


def is_stuck(data):
    return bool(library.simulate(library.load(data), expected=True).activities["finish"].isna().any())


@pytest.mark.parametrize("batch", [0, *(pytest.param(batch, marks=pytest.mark.slow) for batch in range(1, 6))])
def test_of_crews_that_are_kept_forever_the_user_is_warned(batch):
    """No network gets stuck without a warning; with the links that it names none does, and some did."""
    stuck = 0
    for seed in range(50 * batch, 50 * (batch + 1)):
        data = crewed(seed)
        was_stuck, scenario = is_stuck(data), library.check(data)
        warnings = [warning for warning in scenario.warnings if "keeps '" in warning.message]
        assert warnings or not was_stuck, f"network {seed} gets stuck without a warning"
        for warning in warnings:
            after = data["activities"][warning.path.split(".")[1]]["after"]
            names = re.findall(r"activity: (\w+), from: start", warning.message)
            after += [{"activity": name, "from": "start"} for name in names]
        assert not is_stuck(data), f"network {seed} gets stuck with the links that were named"
        assert not any("keeps '" in warning.message for warning in library.check(data).warnings)
        stuck += was_stuck
    assert stuck


def test_the_last_finish_may_stand_anywhere_in_the_file():
    """Only the last finish may lead to nothing: the short branch dangles, whichever stands last."""
    week = {"calendar": "week"}
    for order in (("long", "short"), ("short", "long")):
        made = Schedule("p", MONDAY, "p", calendars={"week": WEEK})
        made.activities["first"] = Activity("first", "first", DAY, **week)
        for name in order:
            made.activities[name] = Activity(name, name, {"long": 50, "short": 2}[name] * 480, **week)
            made.links.append(Link("first", name))
        assert health(made)[0].where == "short"


HOURS = 24 * 7 * 60
"""Hours that are counted one by one."""


def counted_by_hand(activities, links, is_open):
    """Early starts and finishes in hours, every hour of work counted one by one: by no calendar of the program."""

    def later(calendar, hour, work):
        while work:
            work -= is_open[calendar][hour]
            hour += 1
        return hour

    dates = {}
    for name, (work, calendar, date, spans) in activities.items():
        begin, end = max(date, 0), 0
        for before, after, kind, lag, by in links:
            if after == name:
                moment = later(by, dates[before][kind[0] == "F"], lag)
                begin, end = (max(begin, moment), end) if kind[1] == "S" else (begin, max(end, moment))
        while (work or spans) and not is_open[calendar][begin]:
            begin += 1
        finish = later(calendar, begin, work)
        if spans:
            while end > begin and not is_open[calendar][end - 1]:
                end -= 1
            finish = max(begin, end)
        elif finish < end:
            begin, left = end, work
            while left:
                begin -= 1
                left -= is_open[calendar][begin]
            finish = later(calendar, begin, work)
        dates[name] = begin, finish
    return dates


@pytest.mark.parametrize("batch", [0, *(pytest.param(batch, marks=pytest.mark.slow) for batch in range(1, 10))])
def test_early_dates_are_those_counted_hour_by_hour(batch):
    """Networks with links of every type, spans, lags, three calendars with days off, and dates; 50 in each batch."""
    monday = dt.datetime(2026, 1, 5)
    weeks = {
        "five": (range(5), ((8, 12), (13, 17))),
        "six": (range(6), ((6, 18),)),
        "nights": (range(7), ((0, 6), (22, 24))),
    }
    for seed in range(50 * batch, 50 * (batch + 1)):
        rng = random.Random(seed)
        off = {day for day in range(HOURS // 24) if rng.random() < 0.05}
        is_open, made = {None: [True] * HOURS}, Schedule("p", monday, "p")
        for name, (days, shifts) in weeks.items():
            dates = tuple((monday.date() + dt.timedelta(day),) * 2 + (DAYS_OFF,) for day in sorted(off))
            minutes = tuple((60 * begin, 60 * end) for begin, end in shifts)
            made.calendars[name] = Shifts(working_week(frozenset(days), *minutes), dates=dates)
            is_open[name] = [
                hour // 24 not in off and hour // 24 % 7 in days and any(a <= hour % 24 < b for a, b in shifts)
                for hour in range(HOURS)
            ]
        activities, links, names = {}, [], [None, *weeks]
        for number in range(rng.randint(3, 12)):
            name, date = f"a{number}", rng.choice((0, 0, 0, rng.randint(1, 300)))
            work = rng.choice((0, 1, 5, 8, 20, 30))
            activities[name] = work, rng.choice(names), date, not work and rng.random() < 0.5
            for before in rng.sample(sorted(activities)[:-1], min(number, rng.randint(0, 3), len(activities) - 1)):
                if before != name:
                    lag, by = rng.choice((0, 0, 3, 12)), rng.choice(names)
                    links.append((before, name, rng.choice(("FS", "SS", "FF", "SF")), lag, by))
        for name, (work, calendar, date, spans) in activities.items():
            made.activities[name] = Activity(name, name, 60 * work, calendar, spans=spans)
            if date:
                limit = Constraint("start on or after", monday + dt.timedelta(hours=date))
                made.activities[name].constraints = (limit,)
        made.links = [Link(before, after, kind, 60 * lag, by) for before, after, kind, lag, by in links]
        times = Times(made)
        dates, zero = critical_path(made, times), times.tick(monday)
        early = {id_: ((d.early_start - zero) / 60, (d.early_finish - zero) / 60) for id_, d in dates.items()}
        assert early == counted_by_hand(activities, links, is_open), f"network {seed}"
