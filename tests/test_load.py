"""A scenario read from its file: what YAML means here, layers, values from outside, sources, data files."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import dcsim
from dcsim.errors import ScenarioError
from dcsim.scenario.load import changed, load
from dcsim.scenario.parse import plain_scalar
from dcsim.scenario.schema import Scenario
from dcsim.units import Money, Span

DATA = Path(__file__).parent / "data"
SMALL = DATA / "colossus-in-small.yaml"

CAMPUS = """\
name: campus
start: 2024-03-11
places: {hall: 2}
factors:
  weather: 0.8 to 1.5
resources:
  crew: {count: {0 d: 2, 10 d: 4}}
  crane: {count: 1}
supplies:
  racks: {unit: rack, initial: 10}
activities:
  build: {at: hall, duration: {pert: [1 d, 2 d, 4 d]}, requires: {crew: 1, crane: 1}}
  fill: {at: hall, duration: 2 h, after: [build], consumes: {racks: 4}}
risks:
  storm:
    probability: 0.5
    effects: {activities.build: 2}
    mitigation: {cost: 1M USD, description: a tent, probability: 0.1, effects: {activities.build: 1.5}}
milestones:
  full: {activity: fill}
variants:
  no_crane: {activities: {build: {requires: {crane: null}}}, resources: {crane: null}}
  slow: {activities: {build: {duration: 9 d}}}
"""


@pytest.fixture
def campus(tmp_path: Path) -> Path:
    file = tmp_path / "campus.yaml"
    file.write_text(CAMPUS)
    return file


def scenario(**parts: Any) -> dict[str, Any]:
    """A scenario from Python with these parts beside what every scenario needs."""
    return {
        "name": "from Python",
        "start": "2024-01-01",
        "activities": {"work": {"duration": "1 d"}},
        **parts,
    }


def refusal(*arguments: Any, **layers: Any) -> str:
    """What is said when a scenario cannot be loaded."""
    with pytest.raises(ScenarioError) as caught:
        load(*arguments, **layers)
    return str(caught.value)


# The file


@pytest.mark.slow
def test_the_scenario_of_the_reference_page_loads_as_it_stands() -> None:
    small = load(SMALL)
    assert small.name == "Colossus in small"
    assert small.zero == dt.datetime(2024, 5, 2)
    assert next(iter(small.activities)) == "retrofit_hall"
    assert small.resources["rack_crews"].count == {Span(Fraction(0), "d"): 6, Span(Fraction(30), "d"): 16}
    assert dcsim.check(SMALL).name == "Colossus in small"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("7:00", "7:00"),
        ("2024-05-02", "2024-05-02"),
        ("0x1F", "0x1F"),
        ("1_000", 1000),
        ("-7", -7),
        ("007", 7),
        ("0.10", Decimal("0.10")),
        ("1e3", Decimal(1000)),
        (".5", Decimal("0.5")),
        ("true", True),
        ("~", None),
        ("null", None),
        ("8 MW", "8 MW"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(written: str, meant: object) -> None:
    assert plain_scalar(written) == meant
    assert type(plain_scalar(written)) is type(meant)


def test_decimals_are_exact_and_quotes_make_text(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("name: 'null'\nstart: 2024-01-01\nactivities: {a: {}}\nfactors: {f: 0.1}\ndescription: 'no'\n")
    read = load(file)
    assert read.factors["f"].value.values == (Fraction(1, 10),)
    assert (read.name, read.description) == ("null", "no")


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + CAMPUS.encode())
    assert load(file).name == "campus"


def test_an_alias_stands_for_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("name: x\nstart: 2024-01-01\nactivities:\n  a: &a {duration: 2 d}\n  b: *a\n")
    read = load(file)
    assert read.activities["b"] == read.activities["a"]
    assert read.document.positions["activities", "b"] == (str(file), 5)


def test_sections_left_empty_are_absent(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("name: x\nstart: 2024-01-01\nrisks:\nactivities: {a: {}}\n")
    assert load(file).risks == {}


def test_every_value_knows_its_line(campus: Path) -> None:
    document = load(campus).document
    assert document.positions["activities", "fill", "after", 0] == (str(campus), 13)
    problem = document.problem(("activities", "fill", "learning", "rate"), "wrong")
    assert (problem.path, problem.line) == ("activities.fill.learning.rate", 13)


def test_a_scenario_from_python() -> None:
    read = load(scenario(factors={"f": 0.1}, day_zero=dt.date(2024, 2, 1), horizon="2 years"))
    assert read.factors["f"].value.values == (Fraction(1, 10),)
    assert read.day_zero == dt.datetime(2024, 2, 1)
    assert "scenario: 1 problem\n  activities.work.duration: expected a span" in refusal(
        scenario(activities={"work": {"duration": "1 dy"}})
    )


def test_python_values_that_no_file_could_hold() -> None:
    circle: dict[str, Any] = scenario()
    circle["places"] = circle
    assert "nested deeper than 60 levels, or inside themselves" in refusal(circle)
    assert "got a Python object" in refusal(scenario(places=object()))
    assert "no valid Unicode" in refusal(scenario(description="\ud800"))


# Layers


def lay(tmp_path: Path, text: str, **files: str) -> Scenario:
    """The scenario `text` beside other files."""
    for name, content in files.items():
        (tmp_path / f"{name}.yaml").write_text(content)
    (tmp_path / "top.yaml").write_text(text)
    return load(tmp_path / "top.yaml")


def test_a_file_lies_over_its_bases(tmp_path: Path) -> None:
    upper = "extends: [campus.yaml, crews.yaml]\nname: upper\nactivities: {fill: {duration: 3 h}}\n"
    read = lay(tmp_path, upper, campus=CAMPUS, crews="resources: {crew: {count: 9}}\n")
    assert read.name == "upper"
    assert read.activities["fill"].duration.values == (Span(Fraction(3), "h"),)
    assert [link.activity for link in read.activities["fill"].after] == ["build"]
    assert list((read.resources["crew"].count or {}).values()) == [9]
    assert list(read.activities) == ["build", "fill"]


def test_bases_may_extend_others_but_not_in_a_circle(tmp_path: Path) -> None:
    read = lay(tmp_path, "extends: middle.yaml\nname: top\n", middle="extends: campus.yaml\n", campus=CAMPUS)
    assert read.name == "top"
    with pytest.raises(ScenarioError, match=r"line 1: extends: these files extend each other in a loop") as caught:
        lay(tmp_path, "extends: middle.yaml\n", middle="extends: top.yaml\n")
    assert "top.yaml -> " in str(caught.value)


def test_nothing_outside_the_root_is_read(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "campus.yaml").write_text(CAMPUS)
    (inner / "top.yaml").write_text("extends: ../campus.yaml\nname: top\n")
    assert "'../campus.yaml' is outside the folder of the scenario" in refusal(inner / "top.yaml")
    assert load(inner / "top.yaml", root=tmp_path).name == "top"
    assert "is outside the folder of the scenario" in refusal(tmp_path / "campus.yaml", root=inner)
    (inner / "link.yaml").symlink_to(tmp_path / "campus.yaml")
    assert "is outside the folder of the scenario" in refusal(inner / "link.yaml", root=inner)


def test_ramps_distributions_and_lists_replace(tmp_path: Path) -> None:
    over = (
        "extends: campus.yaml\nresources: {crew: {count: {5 d: 7}}}\n"
        "activities: {build: {duration: {uniform: [1 d, 2 d]}}, fill: {after: []}}\n"
    )
    read = lay(tmp_path, over, campus=CAMPUS)
    assert read.resources["crew"].count == {Span(Fraction(5), "d"): 7}
    assert read.activities["build"].duration.kind == "uniform"
    assert read.activities["fill"].after == ()


def test_a_resource_may_be_written_as_its_number(tmp_path: Path) -> None:
    base = CAMPUS.replace("crew: {count: {0 d: 2, 10 d: 4}}", "crew: {count: 9, description: fitters}")
    for over in ("crew: 2", "crew: {value: 2, assumption: a guess}", "crew: {0 d: 2}"):
        read = lay(tmp_path, f"extends: campus.yaml\nresources: {{{over}, crane: 3}}\n", campus=base)
        assert list((read.resources["crew"].count or {}).values()) == [2]
        assert list((read.resources["crane"].count or {}).values()) == [3]
        assert read.resources["crew"].description == "fitters"
    read = load(tmp_path / "top.yaml", overrides={"resources.crew": 4})
    assert (list((read.resources["crew"].count or {}).values()), read.resources["crew"].description) == ([4], "fitters")
    with pytest.raises(ScenarioError, match=r"line 2: resources\.crew\.count: expected a number, got 'two'"):
        lay(tmp_path, "extends: campus.yaml\nresources: {crew: two}\n", campus=base)


def test_a_factor_keeps_what_is_not_replaced(tmp_path: Path) -> None:
    base = CAMPUS.replace("weather: 0.8 to 1.5", "weather: {uniform: [1, 2], per: hall}")
    read = lay(tmp_path, "extends: campus.yaml\nfactors: {weather: {pert: [1, 2, 3]}}\n", campus=base)
    assert read.factors["weather"].value.kind == "pert"
    assert read.factors["weather"].per == "hall"


def test_variants_in_order_and_null_deletes(campus: Path) -> None:
    read = load(campus, variants=["no_crane", "slow"])
    assert read.activities["build"].requires == {"crew": 1}
    assert "crane" not in read.resources
    assert read.activities["build"].duration.values == (Span(Fraction(9), "d"),)
    assert read.document.variants == ("no_crane", "slow")
    assert load(campus).activities["build"].requires == {"crew": 1, "crane": 1}


def test_inside_within_null_says_what_is_not_so_there() -> None:
    within = {"hall1": {"requires": {"crew": None}}}
    work = {"at": "hall", "requires": {"crew": 1}, "within": within}
    read = load(scenario(places={"hall": 2}, resources={"crew": {"count": 1}}, activities={"work": work}))
    assert read.activities["work"].within["hall1"].requires == {"crew": None}


def test_unknown_variants_and_risks_are_told_with_the_nearest(campus: Path) -> None:
    assert "no variant 'no_crain'; did you mean 'no_crane'?" in refusal(campus, variants=["no_crain"])
    assert "no risk 'strom'; did you mean 'storm'?" in refusal(campus, mitigate=["strom"])
    bare = CAMPUS.replace("    mitigation", "    # mitigation")
    campus.write_text(bare)
    assert "risks.storm: this risk has no `mitigation` to switch on" in refusal(campus, mitigate=["storm"])


def test_a_variant_cannot_extend_or_hold_variants(campus: Path) -> None:
    campus.write_text(CAMPUS + "  odd: {extends: x.yaml, variants: {}}\n  word: hello\n")
    told = refusal(campus, variants=["odd"])
    assert "line 24: variants.odd.extends: a variant cannot have `extends` of its own" in told
    assert "a variant is a partial scenario" in refusal(campus, variants=["word"])


def test_every_variant_is_checked_alone(campus: Path) -> None:
    campus.write_text(CAMPUS + "  typo: {activities: {build: {durations: 2 d}}}\n")
    with pytest.raises(dcsim.ScenarioError, match="1 problem\n") as refused:
        dcsim.check(campus)
    (problem,) = refused.value.problems
    assert problem.line == 24
    assert problem.message == "unknown key 'durations'; did you mean 'duration'? (variant typo)"


def test_mitigation_lies_over_its_risk(campus: Path) -> None:
    storm = load(campus, mitigate=["storm"]).risks["storm"]
    assert storm.probability == Fraction(1, 10)
    assert storm.effects == {"activities.build": Fraction(3, 2)}
    assert storm.description == ""


# Options

OPTIONS = """\
options:
  tower: {cost: {value: 2M USD, assumption: a quote}, changes: {activities: {build: {requires: {crane: null}}}}}
  typo: {cost: 1M USD, changes: {activities: {build: {durations: 2 d}}}}
  word: {changes: hello}
  odd: {changes: {extends: x.yaml, options: {}}}
"""


def test_an_option_lies_over_single_values_and_under_mitigations(campus: Path) -> None:
    campus.write_text(CAMPUS + OPTIONS.split("  typo")[0])
    plain = load(campus, overrides={"activities.build.requires.crane": 2})
    read = load(campus, overrides={"activities.build.requires.crane": 2}, options=["tower"], mitigate=["storm"])
    assert plain.activities["build"].requires == {"crew": 1, "crane": 2}
    assert read.activities["build"].requires == {"crew": 1}
    assert (read.document.options, read.document.mitigated) == (("tower",), ("storm",))
    assert read.options["tower"].cost == Money(Fraction(2_000_000), "USD")
    assert read.document.citations["options", "tower", "cost"].assumption == "a quote"


def test_what_is_laid_later_lies_over_an_option(campus: Path) -> None:
    """A sweep of what an option sets is a sweep."""
    campus.write_text(CAMPUS + OPTIONS.split("  typo")[0])
    read = changed(load(campus, options=["tower"]), overrides={"activities.build.requires.crane": 3})
    assert read.activities["build"].requires == {"crew": 1, "crane": 3}
    assert changed(read, variants=["slow"]).activities["build"].requires == {"crew": 1, "crane": 3}


def test_options_are_no_part_of_what_is_built(campus: Path) -> None:
    bare = load(campus).document.sha256
    campus.write_text(CAMPUS + OPTIONS.split("  typo")[0])
    assert load(campus).document.sha256 == bare
    assert load(campus, options=["tower"]).document.sha256 != bare


def test_unknown_and_impossible_options_are_told(campus: Path) -> None:
    campus.write_text(CAMPUS + OPTIONS)
    assert "no option 'towr'; did you mean 'tower'?" in refusal(campus, options=["towr"])
    told = refusal(campus, options=["word"])
    assert "options.word.changes: expected a mapping" in told or "what an option changes is a partial" in told
    campus.write_text(CAMPUS + OPTIONS.replace("  word: {changes: hello}\n", ""))
    told = refusal(campus, options=["odd"])
    assert "line 27: options.odd.changes.extends: what an option changes cannot have `extends` of its own" in told
    assert "line 27: options.odd.changes.options: what an option changes cannot have `options` of its own" in told


def test_every_option_is_checked_alone(campus: Path) -> None:
    campus.write_text(CAMPUS + OPTIONS.split("  word")[0])
    with pytest.raises(dcsim.ScenarioError) as refused:
        dcsim.check(campus)
    (problem,) = refused.value.problems
    assert (problem.path, problem.line) == ("activities.build.durations", 26)
    assert problem.message == "unknown key 'durations'; did you mean 'duration'? (option typo)"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("{cost: 20, changes: {}}", "options.x.cost: money needs its currency: write '20 USD'"),
        ("{cost: 1M USD}", "options.x: needs `changes`: the changes"),
        ("{cost: 1M USD, changes: {}, prize: 3}", "options.x.prize: unknown key 'prize'"),
    ],
)
def test_options_are_closed_to_nonsense(campus: Path, option: str, message: str) -> None:
    campus.write_text(CAMPUS + f"options:\n  x: {option}\n")
    assert f"line 25: {message}" in refusal(campus)


def test_an_option_is_not_called_like_a_risk(campus: Path) -> None:
    campus.write_text(CAMPUS + "options: {storm: {changes: {}}}\n")
    assert "options.storm: an option cannot have the name 'storm': a risk has it already" in refusal(campus)


# Single values from outside


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("resources.crew.count", "6", {Span(Fraction(0), "d"): 6}),
        ("resources.crew.count", 6, {Span(Fraction(0), "d"): 6}),
        ("resources.crew.count", "{0 d: 1, 1 d: 2}", {Span(Fraction(0), "d"): 1, Span(Fraction(1), "d"): 2}),
        ("resources.crew.count.10 d", "8", {Span(Fraction(0), "d"): 2, Span(Fraction(10), "d"): 8}),
    ],
)
def test_a_count_set_from_outside(campus: Path, path: str, value: Any, found: object) -> None:
    assert load(campus, overrides={path: value}).resources["crew"].count == found


def test_values_of_every_sort_set_from_outside(campus: Path) -> None:
    read = load(
        campus,
        overrides={
            "activities.build.duration.pert.2": "8 d",
            "activities.fill.after.0": "{activity: build, lag: 1 d}",
            "activities.build.requires.crane": "null",
            "activities.build.priority": "3",
            "risks.storm.effects.activities.build": 0.1,
            "risks.storm.effects.resources.crew": "0.5",
            "factors.weather.per": "hall",
        },
    )
    assert read.activities["build"].duration.values[2] == Span(Fraction(8), "d")
    assert read.activities["fill"].after[0].lag == Span(Fraction(1), "d")
    assert read.activities["build"].requires == {"crew": 1}
    assert read.activities["build"].priority == 3
    assert read.risks["storm"].effects == {
        "activities.build": Fraction(1, 10),
        "resources.crew": Fraction(1, 2),
    }
    assert read.factors["weather"].per == "hall"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            "resources.crews.count",
            "6",
            "resources.crews.count: no 'crews' in resources; did you mean 'crew'?",
        ),
        ("factors.wether", "1", "no 'wether' in factors; did you mean 'weather'?"),
        ("activities.built.duration", "1 d", "no 'built' in activities; did you mean 'build'?"),
        ("activities.build.durations", "1 d", "no key 'durations' here; did you mean 'duration'?"),
        ("resource.crew.count", "1", "no key 'resource' here; did you mean 'resources'?"),
        ("supplies.racks.orders.first.lots", "2", "no 'first' in orders; there are no orders"),
        ("resources.crane.count.now", "2", "a single value has no 'now'; set the whole value"),
        ("activities.fill.after.3", "build", "this is a list of 1; number its entries from 0, got '3'"),
        ("resources.crew.count", "", "expected a value, or `null` to delete"),
        ("resources.crew.count", "[1", "cannot read the value '[1'"),
        ("resources.crew.count", "many", "resources.crew.count: expected a number, got 'many'"),
        ("resources.crew.count", "2.5", "expected a whole number of 0 or more, got '2.5'"),
        ("resources.crew.count", object(), "got a Python object"),
        ("extends", "x.yaml", "`extends` can only be set in the file"),
        ("activities.build.requires.cran", "1", "no resource 'cran'; did you mean 'crane'?"),
    ],
)
def test_paths_that_name_nothing_are_refused(campus: Path, path: str, value: Any, told: str) -> None:
    assert told in refusal(campus, overrides={path: value})


# Sources


def test_values_keep_what_is_said_about_them() -> None:
    read = load(
        scenario(
            activities={"work": {"duration": {"value": {"pert": ["1 d", "2 d", "3 d"]}, "source": "S1"}}},
            factors={"f": {"value": 1.5, "assumption": "a guess", "note": "low", "per": "hall"}},
            places={"hall": {"value": 3, "source": "S1"}},
            sources={"S1": {"what": "a survey", "as_of": 2024}},
        )
    )
    citations = read.document.citations
    assert citations["activities", "work", "duration"].source == "S1"
    assert citations["factors", "f", "value"].assumption == "a guess"
    assert citations["factors", "f", "value"].note == "low"
    assert citations["places", "hall"].value == 3
    assert read.activities["work"].duration.kind == "pert"
    assert read.factors["f"].per == "hall"
    assert read.sources["S1"].as_of == "2024"


def test_setting_a_cited_value_drops_its_source() -> None:
    cited = scenario(resources={"crew": {"count": {"value": 3, "source": "S1"}}}, sources={"S1": {}})
    assert load(cited).document.citations
    changed = load(cited, overrides={"resources.crew.count": 4})
    assert changed.document.citations == {}
    inner = load(cited, overrides={"resources.crew.count.value": 4})
    assert inner.document.citations["resources", "crew", "count"].value == 4


# Data files


def test_measured_values_come_from_a_file_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "burn_in.csv").write_text((DATA / "burn_in.csv").read_text())
    file = tmp_path / "x.yaml"
    duration = "{empirical: {file: burn_in.csv, column: hours, unit: h}}"
    file.write_text(f"name: x\nstart: 2024-01-01\nactivities: {{a: {{duration: {duration}}}}}\n")
    read = load(file)
    assert read.activities["a"].duration.values == tuple(Span(Fraction(n), "h") for n in (24, 48, 60))
    assert "burn_in.csv" not in read.document.text, "the saved scenario needs no other file"


# The resolved text


def test_the_resolved_scenario_says_the_same_again(tmp_path: Path) -> None:
    first = load(SMALL, variants=["hbm_30_short"], overrides={"resources.builders.count": 5})
    (tmp_path / "resolved.yaml").write_text(first.document.text)
    again = load(tmp_path / "resolved.yaml")
    assert again.document.sha256 == first.document.sha256
    assert {**dict(again), "variants": {}} == {**dict(first), "variants": {}}


def test_the_resolved_text_keeps_text_text_and_numbers_exact() -> None:
    odd = scenario(description="1e3", horizon="2 years", factors={"f": Decimal("1E+1"), "g": Decimal("0.10")})
    document = load(odd).document
    assert "description: '1e3'" in document.text
    assert "value: 10.0" in document.text
    assert "value: 0.10" in document.text


def test_a_variant_that_is_not_chosen_changes_no_fingerprint(campus: Path) -> None:
    before = load(campus).document.sha256
    campus.write_text(CAMPUS + "  third: {name: third}\n")
    assert load(campus).document.sha256 == before
