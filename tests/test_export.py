"""Results in the files of other tools, and what comes back from there."""

import datetime as dt
import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dcsim as library
from dcsim.calendars import Shifts
from dcsim.errors import RequestError, ResultError, UnavailableError
from dcsim.exchange.writer import write
from dcsim.scenario.parse import parse_yaml
from dcsim.scenario.tree import Origin, plain
from dcsim.schedule import Activity, Constraint, Link, Resource, Schedule, working_week
from dcsim.schedule.cpm import Times, critical_path
from dcsim.schedule.scenario import drawn_up
from dcsim.study.cash import network_of
from dcsim.study.dates import activity_dates

MONDAY = dt.datetime(2026, 1, 5, 8)
WEEK = Shifts(working_week(frozenset(range(5)), (480, 720), (780, 1020)))
SIX = Shifts(working_week(frozenset(range(6)), (420, 1020)))
PLAN = """
name: Hall
start: 2026-01-05 08:00
calendars: {shift: {days: Mon-Fri, hours: [08:00-12:00, 13:00-17:00], closed: [2026-01-20]}}
resources: {crew: 2}
supplies: {pumps: {orders: {first: {amount: 1, placed: 2026-01-06, lead_time: 10 to 20 d}}}}
activities:
  dig: {id: A10, label: Dig pit, duration: {pert: [4 d, 5 d, 9 d]}, calendar: shift, requires: {crew: 2}}
  pour: {id: A20, duration: 3 d, after: [{activity: dig, lag: 2 d}], requires: {crew: 1}}
  pumps_in: {id: A30, duration: 6 h, after: [{activity: dig, from: start}], consumes: {pumps: 1}}
  hand: {id: A40, after: [pour, pumps_in]}
milestones: {done: {activity: hand, target: 2026-02-10}, delivered: {supply: pumps, reaches: 1}}
"""


def loaded(text):
    return library.load(plain(parse_yaml(text, Origin("plan.yaml", Path("plan.yaml")))[0]))


@pytest.fixture(scope="module")
def many():
    return library.replicate(loaded(PLAN), 40, engine="reference")


@pytest.fixture(scope="module")
def java():
    """The Java machine; what needs it is skipped where it is missing."""
    pytest.importorskip("mpxj", reason="the extra `exchange` is not installed")
    from dcsim.exchange.java import java

    try:
        return java()
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_dates_of_activities_are_those_of_the_same_replications(many):
    """A milestone of one activity has the quantiles of its finish; what drives it is on its chain."""
    found = activity_dates(many, "done").set_index("activity")
    done = many.summary.set_index("milestone").loc["done"]
    for level in ("p10", "p50", "p80", "p90"):
        assert found.loc["hand", f"finish_{level}"] == done[f"{level}_date"]
    assert found.loc["hand", "criticality"] == 0 or found["criticality"].max() == 1
    assert found.loc["pumps_in", "cause"] == "pumps"
    assert found.loc["pour", "cause"] == "predecessors"
    assert found.loc["dig", "cause"] == "the start"


def test_other_results_have_no_dates_of_activities(many):
    with pytest.raises(RequestError, match="not run"):
        activity_dates(library.simulate(loaded(PLAN)))


def test_a_scenario_is_drawn_up_as_a_schedule():
    scenario = loaded(PLAN)
    made = drawn_up(scenario, network_of(scenario))
    assert [(one.id, one.name, one.minutes) for one in made.activities.values()] == [
        ("A10", "Dig pit", 2640),
        ("A20", "pour", 4320),
        ("A30", "pumps in", 360),
        ("A40", "hand", 0),
        ("delivered", "delivered", 0),
    ]
    assert set(made.links) == {
        Link("A10", "A20", "FS", 2880),
        Link("A10", "A30", "SS"),
        Link("A20", "A40"),
        Link("A30", "A40"),
    }
    assert made.calendars["shift"].week == WEEK.week
    assert made.activities["A40"].deadline == dt.datetime(2026, 2, 10, 23, 59)
    assert made.activities["A10"].resources == {"crew": 2}
    lost = {loss.what for loss in made.losses}
    assert {"uncertain durations", "1 supplies, with what brings and takes them", "it counts a supply"} == lost


@pytest.mark.parametrize(
    ("calendar", "finish", "lead", "kept"),
    [
        ("", "", "-5 d", True),
        ("", "", "-10 d", False),
        ("", ", lag: 4 d", "-6 d", False),
        ("", ", lag: 4 d", "-5 d", True),
        (", calendar: shift", "", "{working: -10 d}", False),
        (", calendar: shift", "", "{working: -9 d}", True),
        (", calendar: shift", "", "-20 d", True),
        (", calendar: shift", ", lag: 4 d", "{working: -10 d}", False),
        (", calendar: shift", ", lag: -1 d", "{working: -12 d}", True),
    ],
)
def test_a_lead_beside_a_link_to_the_finish_is_kept_unless_this_implies_it(calendar, finish, lead, kept):
    scenario = loaded(
        "{name: P, start: 2026-01-05, calendars: {shift: {days: Mon-Fri, hours: 08:00-16:00}}, activities: {"
        f"a: {{duration: 20 d}}, b: {{duration: 10 d{calendar}, after: [{{activity: a, to: finish{finish}}}, "
        f"{{activity: a, lag: {lead}}}]}}}}, "
        "milestones: {done: {activity: b}}}"
    )
    kinds = [link.kind for link in drawn_up(scenario, network_of(scenario)).links]
    assert sorted(kinds) == (["FF", "FS"] if kept else ["FF"])


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tool"), [("plan.xml", "project"), ("plan.xml", "p6"), ("plan.xer", "")])
def test_a_planning_tool_reads_what_is_exported(java, many, tmp_path, name, tool):
    done = library.export(many, path=tmp_path / name, tool=tool)
    assert "uncertain durations" in set(done.losses["what"])
    found = library.import_schedule(tmp_path / name)
    table = found.activities.set_index("id")
    dates = activity_dates(many).set_index("activity")
    assert table.loc["A10", "file_finish"] == dates.loc["dig", "finish_p50"].floor("min")
    assert table.loc["A20", "activity"] == "pour"
    again = library.export(many, path=tmp_path / f"again{name}", tool=tool).path
    assert again.read_bytes() == (tmp_path / name).read_bytes()


def network(rng, is_p6):
    """A schedule within what a tool's file can carry."""
    made = Schedule("plan", MONDAY, "plan.csv", calendars={"week": WEEK, "six": SIX})
    made.resources = {"crew": Resource("crew", ((None, Fraction(3)),))}
    ids = [f"A{i}" for i in range(rng.randint(1, 8))]
    for i, id_ in enumerate(ids):
        own = rng.choice(("week", "six", None))
        made.activities[id_] = Activity(id_, f"Work {i}", rng.choice((60, 480, 1440, 2400)), own)
        if rng.random() < 0.2:
            made.activities[id_].constraints = (Constraint("start on or after", MONDAY + dt.timedelta(days=i + 1)),)
        elif rng.random() < 0.2:
            date = (MONDAY + dt.timedelta(days=7 * i + 4)).replace(hour=17)
            made.activities[id_].constraints = (Constraint("finish on or after", date),)
        parts = ("Civil, east", "Foundations", "HVAC / air") if not is_p6 else ("Civil [C1]", "Walls [W.1]", "Pumps")
        made.activities[id_].wbs = tuple(rng.choices(parts, k=rng.randint(0, 2)))
        if rng.random() < 0.3:
            made.activities[id_].resources = {"crew": Fraction(rng.randint(1, 3))}
        for before in rng.sample(ids[:i], min(i, rng.randint(0, 2))):
            lag = rng.choice((0, 60, 480))
            by = own if is_p6 or rng.random() < 0.5 else None
            made.links.append(Link(before, id_, rng.choice(("FS", "SS")), lag, by if lag else None))
    return made


def said(schedule):
    """What a schedule says, but for the names of its calendars."""
    hours = {None: None} | {name: one.week for name, one in schedule.calendars.items()}
    activities = {
        one.id: (one.name, one.minutes, hours[one.calendar], one.constraints, one.resources, one.wbs)
        for one in schedule.activities.values()
    }
    return activities, {link._replace(calendar=None) for link in schedule.links}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["project", "p6", "xer"])
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_what_comes_back_is_the_same_network(java, tmp_path_factory, kind, seed):
    """Out as a file and in again: activities, links, calendars, crews and dates, and nothing is lost."""
    from dcsim.exchange.planning import planned
    from dcsim.exchange.writing import tool_file

    made = network(random.Random(seed), kind != "project")
    times = Times(made)
    scenario = loaded(write(made, times, critical_path(made, times)).text)
    plan = drawn_up(scenario, network_of(scenario))
    path = tmp_path_factory.mktemp("out") / ("plan.xer" if kind == "xer" else "plan.xml")
    path.write_bytes(tool_file(plan, {}, kind))
    assert {loss.what for loss in plan.losses} <= {"how many there are"}
    back = planned(path, "")
    assert said(back)[0] == said(made)[0]
    assert said(back)[1] == said(made)[1]


@pytest.mark.parametrize("kind", ["project", "xer"])
def test_watched_dates_and_parts_go_to_the_tool_and_back(java, tmp_path, kind):
    """P6 keeps two dates of an activity; Project has deadlines, and would obey a limit of a start before the links."""
    from dcsim.exchange.planning import planned
    from dcsim.exchange.writing import tool_file

    scenario = loaded(
        PLAN.replace("{id: A10,", '{id: A10, wbs: [East, "Pit [P1]"], finish_not_before: 2026-01-20 17:00,').replace(
            "milestones: {", "milestones: {by: {activity: dig, event: start, target: 2026-01-12}, "
        )
    )
    plan = drawn_up(scenario, network_of(scenario))
    path = tmp_path / ("plan.xer" if kind == "xer" else "plan.xml")
    path.write_bytes(tool_file(plan, {}, kind))
    lost = [loss.what for loss in plan.losses if loss.where == "A10"]
    back = planned(path, "").activities
    kept = [constraint.kind for constraint in back["A10"].constraints]
    if kind == "xer":
        assert (back["A10"].wbs, kept, lost) == (
            ("East", "Pit [P1]"),
            ["finish on or after", "start on or before"],
            [],
        )
        assert [constraint.kind for constraint in back["A40"].constraints] == ["finish on or before"]
    else:
        assert (back["A10"].wbs, kept) == (("East", "Pit"), ["finish on or after"])
        assert lost == ["start on or before 2026-01-12"]
        assert back["A40"].deadline == dt.datetime(2026, 2, 10, 23, 59)


@pytest.mark.parametrize("kind", ["project", "p6", "xer"])
def test_three_points_and_dates_on_which_something_happens_go_out_and_come_back(java, tmp_path, kind):
    """Three points stay with a duration that is their mean; no date comes back harder than it went."""
    from dcsim.exchange.planning import planned
    from dcsim.exchange.writing import tool_file

    scenario = loaded(
        PLAN.replace("{id: A20,", "{id: A20, not_before: 2026-01-22 08:00,").replace(
            "milestones: {", "milestones: {by: {activity: pour, event: start, target: 2026-01-22}, "
        )
    )
    path = tmp_path / ("plan.xer" if kind == "xer" else "plan.xml")
    for shortened in (False, True):
        plan = drawn_up(scenario, network_of(scenario))
        assert plan.activities["A10"].estimate == (1920, 2400, 4320)
        plan.activities["A10"].minutes -= 60 * shortened
        path.write_bytes(tool_file(plan, {}, kind))
        lost = {loss.what: loss.instead for loss in plan.losses if loss.where == "A20"}
        back = planned(path, "")
        assert back.activities["A10"].estimate == (None if shortened else (1920, 2400, 4320))
        points = [loss.what for loss in back.losses if "three points" in loss.what]
        assert points == ["three points in user fields, of which its duration is not the mean"] * shortened
        (held,) = back.activities["A20"].constraints
        if kind == "project":
            assert held.kind == "start on or after"
            assert lost["start on 2026-01-22"].startswith("start on or after")
        else:
            assert held.kind == "start on"
            assert lost == {"start on 2026-01-22, which may have been mandatory": "start on, which links may move"}


@pytest.mark.slow
def test_a_calendar_has_milestones_and_orders(dcsim, many, tmp_path):
    pytest.importorskip("icalendar")
    orders = library.latest_orders(many.scenario, milestone="done", n=32, engine="reference")
    for result, name in ((many, "many"), (orders, "orders")):
        result.save(tmp_path / name)
    folders = [str(tmp_path / name) for name in ("many", "orders")]
    _, err, code = dcsim("export", *folders, "-o", str(tmp_path / "dates.ics"))
    assert (err, code) == ("", 0)
    text = (tmp_path / "dates.ics").read_text()
    assert "SUMMARY:done (P50)" in text
    latest = orders.summary["latest"].iloc[0]
    assert f"DTSTART;VALUE=DATE:{latest:%Y%m%d}" in text
    assert "SUMMARY:order pumps (first) at the latest" in text
    dcsim("export", *folders, "-o", str(tmp_path / "again.ics"))
    assert (tmp_path / "again.ics").read_text() == text


@pytest.mark.slow
def test_a_workbook_has_activities_and_assumptions(many, tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    library.export(many, path=tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert book.sheetnames == ["Forecast", "Activities", "Every number"]
    cells = [[cell.value for cell in row] for row in book["Activities"].iter_rows()]
    assert ["A10", "Dig pit"] in [[row[0], row[2]] for row in cells]
    assert ["id", "wbs", "activity", "where"] in [row[:4] for row in cells]
    assert book["Forecast"]._images


def test_what_cannot_be_exported_is_told(many, tmp_path):
    with pytest.raises(ResultError, match=r"ends in \.xml, \.xer, \.xlsx, \.csv, \.ics"):
        library.export(many, path=tmp_path / "plan.mpp")
    with pytest.raises(RequestError, match="a tool is p6 or project"):
        library.export(many, path=tmp_path / "plan.xml", tool="asta")
    with pytest.raises(RequestError, match=r"needs the result of replicate or explain"):
        library.export(library.simulate(many.scenario), path=tmp_path / "plan.xlsx")
