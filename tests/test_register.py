"""Risk registers: taken over into a scenario, and given back."""

import pytest

import dcsim as library
from dcsim.errors import ScenarioError
from dcsim.exchange.columns import REGISTER, fields_of
from dcsim.exchange.register import import_risks
from dcsim.schedule import ScheduleError

BASE = """
name: Hall
start: 2026-01-05
activities: {dig: {id: A10, label: Dig pit, duration: 5 d}, pour: {id: A20, duration: 3 d, after: [dig]}}
milestones: {done: {activity: pour}}
"""
RISKS = """\
Risk ID;Risk;Description;Activity;Probability;Optimistic;Most likely;Pessimistic;Mitigation;Mitigation cost (USD);\
Probability after;Most likely after
R1;Bad ground;clay;A10;30 %;2 d;5 d;9,5 d;probe first;50000;10 %;1 d
R1;;;pour;;1 d;2 d;4 d;;;;
R2;Late permit;;dig pit;0,5;;4 wk;;;;;
"""


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "hall.yaml"
    path.write_text(BASE)
    return path


def taken(base, text, **how):
    path = base.with_name("register.csv")
    path.write_text(text)
    return import_risks(path, base, **how)


def test_a_register_becomes_the_risks_of_a_scenario_that_extends_the_given_one(dcsim, base):
    (base.with_name("register.csv")).write_text(RISKS)
    target = base.with_name("risky.yaml")
    out, err, code = dcsim("import", str(base.with_name("register.csv")), "--risks", str(base), "-o", str(target))
    assert (err, code) == ("", 0)
    assert out.startswith("2 risks in ")
    assert "extends: hall.yaml" in target.read_text()
    risks = library.load(target).risks
    assert list(risks) == ["bad_ground", "late_permit"]
    first = risks["bad_ground"]
    assert (first.label, first.description, float(first.probability)) == ("Bad ground", "clay", 0.3)
    assert list(first.effects) == ["activities.dig", "activities.pour"]
    assert first.effects["activities.dig"].kind == "pert"
    assert float(first.mitigation.probability) == 0.1
    assert list(first.mitigation.effects) == ["activities.dig"]


def test_one_risk_on_many_activities_occurs_in_all_of_them_or_in_none(base):
    """Its times are fixed here, so that every build shows them: both activities are longer, or neither is."""
    scenario = taken(base, "Risk,Activity,Probability,Impact\nrain,dig; pour,0.5,2 d\n").scenario
    lengths = set()
    for number in range(12):
        table = library.simulate(scenario, seed=3, replication=number).activities
        lengths.add(tuple(((table["finish"] - table["start"]) / 1440).tolist()))
    assert lengths == {(5, 3), (7, 5)}


def test_every_wrong_cell_is_told_with_its_line(base):
    rows = "Risk,Activity,Probability,Impact,Cost\na,digg,30,2 d,\nb,dig,0.5,2 dy,\nc,dig,0.5,,\nd,dig,1,1 d,5\n"
    with pytest.raises(ScenarioError) as told:
        taken(base, rows)
    assert [(one.line, one.path) for one in told.value.problems] == [
        (2, "column 'Activity'"),
        (2, "column 'Probability'"),
        (3, "column 'Impact'"),
        (3, "column 'Impact'"),
        (4, "column 'Impact'"),
        (5, "column 'Cost'"),
    ]
    assert "did you mean 'dig'" in str(told.value)


def test_what_no_column_says_is_asked_for(base):
    with pytest.raises(ScheduleError, match="no column 'Probability'"):
        taken(base, "Risk,Activity,Impact\na,dig,2 d\n")


def test_a_register_that_is_given_back_is_the_same(base):
    first = taken(base, RISKS).scenario
    many = library.replicate(first, 8, engine="reference")
    target = base.with_name("out.csv")
    done = library.export(many, path=target)
    assert done.losses.empty
    again = import_risks(target, base).scenario
    assert again.risks == first.risks


def test_what_a_register_cannot_say_is_listed(base):
    storm = "risks: {storm: {probability: 1, begins: 2026-01-06, lasts: 9 d, effects: {activities.dig: 2}}}"
    base.write_text(BASE + storm)
    scenario = library.load(base)
    done = library.export(library.replicate(scenario, 4, engine="reference"), path=base.with_name("out.csv"))
    assert set(done.losses["what"]) == {"its effect on activities.dig", "its begins", "its lasts"}


def test_impacts_may_be_called_schedule_impacts():
    fields = fields_of(("Risk Title", "Impacted activities", "Probability", "Schedule impact min", "Schedule impact ML",
                        "Schedule impact max", "Response", "Response cost"), REGISTER)  # fmt: skip
    assert list(fields) == [
        "risk",
        "activities",
        "probability",
        "optimistic",
        "likely",
        "pessimistic",
        "mitigation",
        "cost",
    ]
