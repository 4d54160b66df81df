"""Parameters, and what is computed from them: units, layers, dates that move, messages, and what strangers write."""

import re
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import dcsim as library
from dcsim.errors import ScenarioError
from dcsim.guide import guide
from dcsim.report.page.evidence import uncited
from dcsim.scenario.document import dotted
from dcsim.scenario.editor import schema
from dcsim.scenario.formulas import behind
from dcsim.scenario.load import load

CAMPUS = """\
name: campus
start: = day_zero - 52 wk
day_zero: = clearing
parameters:
  clearing: 2026-03-02
  it_power: {value: 300 MW, assumption: as asked, low: 150 MW, high: 450 MW, label: IT power}
  source: {value: grid, choices: [grid, turbines]}
  buildings: = ceil(it_power / 75 MW)
  lead: {value: {pert: [60 wk, 128 wk, 208 wk]}, assumption: the market}
  hurry: 0.5
places:
  building: = buildings
resources:
  crews: = max(2, buildings / 2)
supplies:
  transformers:
    orders:
      main: {amount: = buildings, placed: = day_zero - 40 wk, lead_time: = lead * hurry}
  power: {unit: kW}
activities:
  build:
    at: building
    duration: "= if(source == grid, 20 wk, 10 wk)"
    not_before: = day_zero
    requires: {crews: 1}
  energize:
    at: building
    after: [build]
    consumes: {transformers: 1}
    produces: {power: = it_power / buildings}
milestones:
  powered: {supply: power, reaches: = it_power, target: = day_zero + 3 years}
"""


@pytest.fixture
def campus(tmp_path):
    path = tmp_path / "campus.yaml"
    path.write_text(CAMPUS)
    return path


def tiny(**parts):
    return {"name": "x", "start": "2026-01-05", "activities": {"a": {"duration": "3 d"}}, **parts}


def computed(formula, **parameters):
    """What a formula comes to, as a scenario would write it."""
    scenario = load(tiny(parameters={**parameters, "result": f"= {formula}"}))
    return str(scenario.document.find("parameters.result")[1])


def refused(formula, **parameters):
    """Why a formula comes to nothing."""
    with pytest.raises(ScenarioError) as error:
        load(tiny(parameters={**parameters, "result": f"= {formula}"}))
    assert len(error.value.problems) == 1
    return error.value.problems[0].message


# What expressions come to


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 + 2 * 3 - 4 / 8", "6.5"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ** -1", "0.5"),
        ("(1 + 2) * 3", "9"),
        ("1 - 0.93 ** 8", "0.4404181903349599"),
        ("1 / 3", "0.333333333333333"),
        ("ceil(2.1) + floor(2.9) + round(2.5)", "8"),
        ("ceil(-2.5)", "-2"),
        ("ceil(301 MW, 75 MW)", "375 MW"),
        ("min(3, 1, 2) + max(3, 1, 2)", "4"),
        ("max(2026-01-05, 2026-03-01)", "2026-03-01"),
        ("if(1 < 2 and not 2 <= 1, 10, 1 / 0)", "10"),
        ("if(1 == 2 or 1 != 1, 10, 20)", "20"),
        ("1_000 kW + 2 MW", "3000 kW"),
        ("300 MW / 75 MW", "4"),
        ("132 kW * 1_000", "132000 kW"),
        ("100 MW * 2 h", "200 MWh"),
        ("6 GWh / 2 h", "3 GW"),
        ("300 MW / (132 kW / 1 rack) / 8 racks", "284.090909090909"),
        ("20M USD * 1.5", "30000000 USD"),
        ("6_000 racks / 12 wk", "500 rack / wk"),
        ("60_000 / wk * 2", "120000 / wk"),
        ("64 GPUs * 8", "512 GPUs"),
        ("2 wk * 1.5", "3 wk"),
        ("2 wk + 3 d", "17 d"),
        ("2 years / 6 months", "4"),
        ("2026-03-02 - 52 wk", "2025-03-03"),
        ("2026-03-31 - 1 month", "2026-02-28"),
        ("1.5 months + 2026-01-05 12:00", "2026-02-19 12:00"),
        ("2026-03-02 - 2026-01-05", "56 d"),
        ("start + 1 d", "2026-01-06"),
        ("day_zero", "2026-01-05"),
        ("3 to 5 wk", "{'lognormal': ['3 wk', '5 wk']}"),
        ("start to start + 9 d", "{'uniform': ['2026-01-05', '2026-01-14']}"),
    ],
)
def test_an_expression_is_exact(formula, value):
    assert computed(formula) == value


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("15 MW + 3 d", "`+` needs two values of the same kind, got 15 MW and 3 d"),
        ("power + lead", "got power (15 MW) and lead (3 d)"),
        ("64 GPUs + 1 rack", "needs two values of the same kind"),
        ("2 months + 3 d", "needs two values of the same kind, got 2 months and 3 d"),
        ("start + 3 MW", "`+` needs a date and a span of time"),
        ("start + start", "`+` needs numbers, got start (2026-01-05)"),
        ("start > 3", "`>` needs numbers"),
        ("1 and 2", "`and` needs a condition such as a > b, got 1"),
        ("if(1, 2, 3)", "`if` needs a condition"),
        ("if(1 > 2, 3)", "`if` takes 3 values between its brackets, got 2"),
        ("ceil(power)", "or a step of the same unit as in ceil(power, 1 MW); got power (15 MW)"),
        ("ceil(1 / power)", "in which the units do not cancel"),
        ("3 - 5 d", "`-` needs two values of the same kind"),
        ("1 / (power - power)", "`/` divides by zero: power - power (0 MW)"),
        ("sqrt(2)", "no function 'sqrt'; there are 'ceil', 'floor'"),
        ("powr * 2", "no parameter or choice 'powr'; did you mean 'power'?"),
        ("100 / MW", "no parameter 'MW'; if you mean the unit, write 1 MW"),
        ("lead.unit", "cannot read '.unit'"),
        ("a = b", "write a comparison as =="),
        ("2 ^ 3", "write a power as **"),
        ("5 % power", "write the fraction: 0.05 is 5 %"),
        ("power == 'a", "cannot read ''a'; the quote that opens here is not closed"),
        ("(1 + 2", "expected a closing bracket after '2' at the end"),
        ("1 2", "expected the end or an operation such as + after '1' before '2'"),
        ("", "expected a number, a name or a bracket at the end"),
        ("2026-02-30 + 1 d", "2026-02-30 is not a date"),
        ("2026-02-28 + 90000 years", "leave the calendar"),
        ("3 d - 5 d", "a span must not be negative, got -2 d"),
        ("lead to power", "only numbers, spans and dates may be uncertain; got power"),
        ("9 ** 9 ** 9", "from -100 to 100, got 9 and 9 ** 9"),
        ("9 ** 99 ** 99", "too large"),
        ("(9 ** 99) ** 99", "too large"),
        ("power * power * power * power * power", "too many units"),
        ("(" * 40 + "1" + ")" * 40, "brackets may nest at most 30 deep"),
        ("-" * 200 + "1", "brackets may nest at most 30 deep"),
        ("1 + " * 200 + "1", "at most 250 numbers, names and signs"),
        ("1" * 1_000_000, "at most 1,000 characters, got 1,000,001"),
    ],
)
def test_what_makes_no_sense_is_refused(formula, message):
    assert message in refused(formula, power="15 MW", lead="3 d")


WORDS = ["1", "2.5", "0", "3 MW", "2 wk", "1 month", "2026-01-05", "x", "p", "day_zero", "(", ")", ",", "+", "-", "*"]
WORDS += ["/", "**", "<", "==", "and", "or", "not", "to", "if", "(", "min", "ceil", "round", "true", "'a'", "M", "e9"]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
@example("1e999999999")
@example("2026-01-05 25:61")
@example("1900-01-01 - 99999 months")
@example("9_9 M M")
@example("٣ + 1")
def test_no_text_breaks_it(text):
    parts = tiny(parameters={"x": 2, "p": {"pert": ["1 d", "2 d", "4 d"]}})
    parts["activities"]["a"]["duration"] = f"={text}"
    with suppress(ScenarioError):
        load(parts)


# Parameters


def test_all_that_follows_from_a_parameter_changes_with_it(campus):
    here, there = (
        load(campus),
        load(campus, overrides={"parameters.it_power": "600MW", "parameters.source": "turbines"}),
    )
    assert [len(library.simulate(one).activities) for one in (here, there)] == [8, 16]
    assert there.document.find("activities.build.duration") == (True, "10 wk")
    assert there.document.find("activities.energize.produces.power") == (True, "75 MW")
    assert there.resources["crews"].count == load(campus, overrides={"resources.crews": 4}).resources["crews"].count


def test_a_site_moves_as_a_whole(campus):
    here = library.simulate(load(campus), expected=True).milestones
    there = library.simulate(load(campus, overrides={"parameters.clearing": "2027-06-07"}), expected=True).milestones
    assert here["day"].tolist() == there["day"].tolist()
    assert (there["date"] - here["date"]).dt.days.tolist() == [462]


def test_layers_are_laid_before_anything_is_computed(tmp_path, campus):
    layer = tmp_path / "mine.yaml"
    layer.write_text(
        "extends: campus.yaml\n"
        "parameters: {it_power: 150 MW}\n"
        "variants:\n"
        "  twice: {parameters: {it_power: = buildings_wanted * 75 MW, buildings_wanted: 6}}\n"
        "options: {fast: {cost: = buildings * 1M USD, changes: {parameters: {hurry: 0.25}}}}\n"
    )
    scenario = load(layer)
    assert scenario.document.find("places.building") == (True, 2)
    assert str(scenario.options["fast"].cost.amount) == "2000000"
    assert load(layer, variants=["twice"]).document.find("places.building") == (True, 6)
    fast = load(layer, options=["fast"])
    assert fast.document.find("supplies.transformers.orders.main.lead_time.pert.0") == (True, "15 wk")


def test_a_resolved_scenario_keeps_its_formulas(tmp_path, campus):
    saved = tmp_path / "saved.yaml"
    saved.write_text(load(campus, overrides={"parameters.it_power": "150 MW"}).document.text)
    assert load(saved).document.values == load(campus, overrides={"parameters.it_power": "150 MW"}).document.values
    assert load(saved, overrides={"parameters.it_power": "600 MW"}).document.find("places.building") == (True, 8)


def test_a_setting_keeps_what_is_said_about_a_parameter(campus):
    with pytest.raises(ScenarioError, match="did you mean 'turbines'"):
        load(campus, overrides={"parameters.source": "turbine"})
    assert load(campus, overrides={"parameters.it_power": "75 MW"}).parameters["it_power"].label == "IT power"


def test_choices_may_be_values_and_words_in_quotes():
    parts = tiny(
        parameters={
            "rack": {"value": "132 kW", "choices": ["41 kW", "0.132 MW"]},
            "crew": {"value": "2-3", "choices": ["2-3", "4-6"]},
            "rate": "60_000 / wk",
            "shift": {"value": "07:00-17:00", "choices": ["07:00-17:00", "07:00-03:00"]},
        },
        calendars={"day": {"hours": "= shift"}},
    )
    parts["activities"]["a"]["duration"] = (
        "= if(shift == '07:00-17:00' and rack > 41 kW and crew == '2-3' and rate * 2 d > 17_000, 2 d, 3 d)"
    )
    scenario = load(parts)
    assert scenario.document.find("activities.a.duration") == (True, "2 d")
    assert scenario.calendars["day"].hours == {"": ("07:00-17:00",)}
    with pytest.raises(ScenarioError, match=r"expected one of 41 kW, 0\.132 MW; got 100 kW"):
        load(parts, overrides={"parameters.rack": "100 kW"})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"a": "= b", "b": "= c + 1", "c": "= a"}, "in a loop: a -> b -> c -> a"),
        ({"a": "= a + 1"}, "in a loop: a -> a"),
        ({"a": "= b", "b": "= a", "c": "= a + 1", "f": "= e", "e": "= f"}, "in a loop: a -> b -> a"),
        ({"a-b": 1}, "the name of a parameter consists of letters, digits and _, such as it_power; got 'a-b'"),
        ({"start": "2026-01-05"}, "the name 'start' is reserved"),
        ({"MW": 1}, "the name 'MW' is reserved"),
        ({"a": "grid"}, "got 'grid'; a word needs `choices`"),
        ({"a": "10-20"}, "got '10-20'; a word needs `choices`, a formula begins with ="),
        ({"a": "3 MW / 2"}, "got '3 MW / 2'; a word needs"),
        ({"a": [1, 2]}, "a parameter must be a single value, got a list of 2"),
        ({"a": {"value": "x", "choices": ["x"]}, "x": 1}, "a choice has the name 'x' too"),
        ({"a": {"label": "nothing"}}, "needs `value`: a number with its unit"),
        ({"a": {"value": 1, "lable": "x"}}, "unknown key 'lable'; did you mean 'label'?"),
        ({f"p{k}": k for k in range(1_001)}, "a scenario has at most 1,000 parameters"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters, message):
    with pytest.raises(ScenarioError) as error:
        load(tiny(parameters=parameters))
    assert [message in one.message for one in error.value.problems] == [True]


def test_a_mistake_is_told_once_and_where_it_stands(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(
        "name: x\nstart: 2026-01-05\nparameters:\n  power: 3 MW\n  length: = power + 2 d\n  twice: = 2 * length\n"
        "activities:\n  a: {duration: = twice}\n  b: {duration: = power}\n  c: {duration: = max(1 d, 2 d)}\n"
    )
    with pytest.raises(ScenarioError) as error:
        load(path)
    assert [(one.line, one.path) for one in error.value.problems] == [
        (5, "parameters.length"),
        (9, "activities.b.duration"),
        (10, "activities.c"),
    ]
    assert "YAML split '= max(1 d, 2 d)' at its commas; quote it: \"= max(1 d, 2 d)\"" in str(error.value)
    path.write_text(path.read_text().replace("power + 2 d", "2 d").replace("= max(1 d, 2 d)", "1 d"))
    with pytest.raises(
        ScenarioError,
        match=re.escape(
            "line 9: activities.b.duration: expected a span such as '18 weeks', got '3 MW' (computed by `= power`)"
        ),
    ):
        load(path)


def test_elapsed_time_is_no_working_time():
    parts = tiny(parameters={"lead": "= 2 wk + 3 d"})
    parts["activities"]["a"] = {"duration": "= lead"}
    with pytest.raises(ScenarioError, match="17 d is elapsed time, and a day of work has the hours of its calendar"):
        load(parts)
    parts["activities"]["a"] = {"duration": "= lead / 1 d * 1 d", "not_before": "= lead"}
    assert load(parts).document.find("activities.a.duration") == (True, "17 d")


def test_formulas_stand_wherever_a_value_does():
    parts = tiny(
        parameters={"ready": "10 d", "slow": {"pert": [0.9, 1, "= 1 + more"]}, "more": 0.5},
        factors={"labor": "= slow", "market": {"value": {"uniform": ["= more", "= 1 / more"]}, "per": "hall"}},
        places={"hall": {"names": ["north", "south"]}},
        resources={"crew": {"count": {"0 d": 1, "= ready * 2": "= 1 + 1"}}},
        risks={"r": {"probability": "= more / 2", "effects": {"activities.a": "= 1 + more"}}},
    )
    scenario = load(parts)
    assert scenario.document.find("factors.labor") == (True, {"pert": [Decimal("0.9"), 1, Decimal("1.5")]})
    assert scenario.document.find("resources.crew.count") == (True, {"0 d": 1, "20 d": 2})
    assert load(parts, overrides={"factors.market": 1}).factors["market"].per == "hall"
    with pytest.raises(ScenarioError, match="this is '0 d' a second time"):
        load(parts, overrides={"parameters.ready": "0 d"})


def test_a_word_is_compared_with_those_it_may_be():
    parts = tiny(
        parameters={
            "supply": {"value": "grid", "choices": ["grid", "turbines"]},
            "shell": {"value": "new", "choices": ["new", "old"]},
            "both": {"value": "= if(shell == new, fast, slow)", "choices": ["fast", "slow"], "assumption": "x"},
        }
    )
    parts["activities"]["a"]["duration"] = "= if(both == fast and supply != turbines, 1 d, 2 d)"
    assert load(parts).document.find("activities.a.duration") == (True, "1 d")
    parts["activities"]["a"]["duration"] = "= if(supply == new, 1 d, 2 d)"
    with pytest.raises(ScenarioError, match="compares what is one of grid, turbines with new, which is none of them"):
        load(parts)


def test_low_and_high_may_be_computed(campus):
    text = CAMPUS.replace("low: 150 MW", "low: = it_power / 2")
    campus.write_text(text)
    scenario = load(campus)
    told = library.assumptions(scenario).assumptions.set_index("path")
    assert told.loc["parameters.it_power", ["low", "high"]].tolist() == ["150 MW", "450 MW"]
    assert ("parameters", "it_power", "value", "low") not in scenario.document.formulas


# Uncertain parameters


@pytest.mark.parametrize(
    ("written", "twice"),
    [
        ({"pert": ["1 d", "2 d", "4 d"]}, {"pert": ["2 d", "4 d", "8 d"]}),
        ("2 to 5 wk", {"lognormal": ["4 wk", "10 wk"]}),
        ({"exponential": "3 months"}, {"exponential": "6 months"}),
        ({"weibull": [1.5, "3 d"]}, {"weibull": [1.5, "6 d"]}),
        ({"discrete": [["1 d", 3], ["2 d", 1]]}, {"discrete": [["2 d", 3], ["4 d", 1]]}),
        ({"empirical": {"values": ["1 d", "2 d"]}}, {"empirical": {"values": ["2 d", "4 d"]}}),
    ],
)
def test_a_distribution_times_a_number_is_exact(written, twice):
    parts = tiny(parameters={"p": written})
    parts["activities"]["a"]["duration"] = "= 4 * p / 2"
    plain = tiny()
    plain["activities"]["a"]["duration"] = twice
    assert load(parts).activities["a"].duration == load(plain).activities["a"].duration


def test_a_pace_without_a_unit_makes_spans_uncertain():
    parts = tiny(parameters={"pace": {"pert": [0.9, 1, 1.5]}})
    parts["activities"]["a"]["duration"] = "= pace * 20 d"
    assert load(parts).document.find("activities.a.duration") == (True, {"pert": ["18 d", "20 d", "30 d"]})


@pytest.mark.parametrize("formula", ["ceil(p)", "p + 1 d", "p > 1 d", "min(p, 2 d)", "p * p", "1 / p"])
def test_nothing_else_is_computed_from_a_distribution(formula):
    assert "is uncertain, and" in refused(formula, p={"pert": ["1 d", "2 d", "4 d"]})
    assert "positive number, got 0" in refused("p * 0", p={"pert": ["1 d", "2 d", "4 d"]})


def test_a_count_is_never_uncertain(campus):
    with pytest.raises(ScenarioError, match="only numbers, spans and dates may be uncertain; got it_power"):
        load(campus, overrides={"parameters.it_power": {"pert": [2, 3, 4]}})
    with pytest.raises(ScenarioError, match=r"a mapping with the keys 'pert'.*\(computed by `= buildings`\)"):
        load(
            campus,
            overrides={
                "parameters.buildings": {"pert": [2, 3, 4]},
                "places.building": 2,
                "resources.crews": 2,
                "activities.energize.produces.power": "1 MW",
            },
        )


# What knows them


def test_a_parameter_is_swept(campus):
    swept = library.sweep(load(campus), {"parameters.it_power": "150 MW:450 MW:3"}, n=4, engine="reference").points
    assert swept["parameters.it_power"].tolist() == ["150 MW", "300 MW", "450 MW"]
    assert swept["reached"].tolist() == [1, 1, 1]
    by_choice = library.sweep(load(campus), {"parameters.source": "grid,turbines"}, n=4, engine="reference").points
    assert by_choice["parameters.source"].tolist() == ["grid", "turbines"]


def test_what_follows_from_an_assumption_moves_with_it(campus):
    told = library.assumptions(load(campus, overrides={"parameters.hurry": 0.01})).assumptions.set_index("path")
    assert set(told.index) == {"parameters.lead", "parameters.it_power"}
    assert told.loc["parameters.it_power", ["low", "high"]].tolist() == ["150 MW", "450 MW"]
    ordinary = library.assumptions(load(campus)).assumptions.set_index("path")
    assert ordinary.loc["parameters.lead", "powered_high"] > 20


def test_drivers_know_what_is_computed(campus):
    found = library.drivers(load(campus), milestone="powered", n=16, engine="reference").drivers
    assert "transformers.main" in found["input"].tolist()


def test_show_tells_values_with_their_formulas(dcsim, campus):
    out, err, code = dcsim("show", str(campus), "--csv")
    assert (err, code) == ("", 0)
    assert 'Parameters,it_power,"300 MW, 150 MW to 450 MW (assumption)"' in out
    assert "Parameters,buildings,4 = ceil(it_power / 75 MW)" in out
    assert "Computed from parameters,activities.energize.produces.power,75 MW = it_power / buildings" in out


def test_the_example_of_the_guide_loads(tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(guide("expressions").split("```")[1].removeprefix("yaml\n"))
    scenario = load(path)
    assert scenario.warnings == ()
    assert library.simulate(scenario, expected=True).finished


def test_the_page_tells_where_a_computed_number_comes_from(campus):
    scenario = load(campus)
    assert [path for path, _ in uncited(scenario)] == ["parameters.clearing", "parameters.hurry"]
    formulas = scenario.document.formulas
    assert behind(("places", "building", "count"), formulas) == []
    paths = [dotted(path) for path in behind(("supplies", "transformers", "orders", "main", "amount"), formulas)]
    assert paths == ["parameters.buildings", "parameters.it_power"]


def test_check_warns_of_what_nothing_is_computed_from(campus):
    campus.write_text(CAMPUS.replace("  hurry: 0.5\n", "  hurry: 0.5\n  it_powr: 3 MW\n"))
    (warning,) = load(campus).warnings
    assert (warning.line, warning.path) == (11, "parameters.it_powr")
    assert "nothing uses this parameter; did you mean 'it_power'?" in warning.message


def test_the_schema_takes_formulas(campus):
    import yaml

    validator = jsonschema.Draft7Validator(schema())
    parsed = yaml.load(Path(campus).read_text(), yaml.BaseLoader)
    assert [error.message for error in validator.iter_errors(parsed)] == []
    parsed["parameters"]["hurry"] = {"value": "1", "lable": "x"}
    assert list(validator.iter_errors(parsed))
