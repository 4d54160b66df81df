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


def test_opportunities_shorten_what_they_strike_and_what_cannot_be_said_is_listed(dcsim, base):
    """Impacts below zero, or the type, say that time is saved: on average as much of the expected duration."""
    rows = (
        "Risk,Type,Activity,Probability,Optimistic,Most likely,Pessimistic,Mitigation,Most likely after\n"
        "Good ground,,dig,0.5,-4 d,-2 d,-1 d,,\nPermit,Opportunity,pour; A10,0.4,,12 h,,push,1 d\n"
        "Mixed,,dig,0.5,-1 d,0 d,2 d,,\nAll,,pour,0.5,,-3 d,,,\nBad,Threat,dig,0.2,,3 d,,,\n"
        "Technical,technical,dig,0.2,,1 d,,,\n"
    )
    found = taken(base, rows)
    effects = {name: dict(risk.effects) for name, risk in found.scenario.risks.items()}
    assert list(effects) == ["good_ground", "permit", "bad", "technical"]
    saved = (4 + 4 * 2 + 1) / 6
    assert float(effects["good_ground"]["activities.dig"]) == round(1 - saved / 5, 4)
    assert {path: float(factor) for path, factor in effects["permit"].items()} == {
        "activities.pour": 0.8333,
        "activities.dig": 0.9,
    }
    after = found.scenario.risks["permit"].mitigation.effects
    assert {path: float(factor) for path, factor in after.items()} == {"activities.pour": 0.6667, "activities.dig": 0.8}
    lost = [(loss.where, loss.instead.split(":")[0]) for loss in found.losses]
    assert ("Mixed", "nothing") in lost
    assert ("All", "nothing") in lost
    runs = [library.simulate(found.scenario, seed=1, replication=k).activities for k in range(60)]
    assert {round((run["finish"] - run["start"])[1] / 1440, 1) for run in runs} == {3.0, 2.5}
    target = base.with_name("risky.yaml")
    out, _, code = dcsim("import", str(base.with_name("register.csv")), "--risks", str(base), "-o", str(target))
    assert code == 0
    assert (
        "Permit: 12 h saved in pour, which is expected to last 72 h; instead: its duration is multiplied by 0.8333"
        in out
    )
    assert float(library.load(target).risks["permit"].effects["activities.dig"]) == 0.9
    assert taken(base, rows.splitlines()[0] + "\nAll,,pour,0.5,,-3 d,,,\n").risks == ()


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
