"""The guide says what every key of the format means; natural ways to ask in Python are understood."""

from pathlib import Path

import pytest

import dcsim as library
from dcsim.errors import RequestError, ScenarioError
from dcsim.guide import CHAPTERS, guide, topics
from dcsim.scenario.outline import fields, model_at
from dcsim.scenario.schema import Scenario

MINIMAL = Path(__file__).parents[1] / "configs" / "minimal.yaml"


def test_it_lists_its_topics(dcsim):
    out, err, code = dcsim("guide")
    assert (err, code) == ("", 0)
    assert [line.split("`")[1] for line in out.splitlines() if line.startswith("* ")] == list(topics())


def test_every_chapter_is_a_topic():
    written = {path.stem for path in Path(library.__file__).with_name("guide").glob("*.md")}
    assert written == set(CHAPTERS)


@pytest.mark.parametrize("topic", topics())
def test_every_topic_is_markdown(dcsim, topic):
    out, err, code = dcsim("guide", topic)
    assert (err, code) == ("", 0)
    assert out.startswith("# ")
    assert out == guide(topic)


def test_every_key_is_explained():
    """A section has a key at each of its levels; free mappings of the file are in the guide to layers."""
    assert all(f"* `{key}`" in guide("scenario") for key in fields(Scenario))
    sections = [key for key in fields(Scenario) if model_at((key, "NAME")) not in (None, Scenario)]
    assert set(sections) <= set(topics())
    for section in sections:
        assert all(f"* `{key}`" in guide(section) for key in fields(model_at((section, "NAME"))))
    assert "* `lead_time`: From the order" in guide("supplies")


def test_every_distribution_is_in_the_guide():
    assert "* `weibull`: {weibull: [shape, scale]}" in guide("values")


def test_an_unknown_topic_is_told(dcsim):
    assert dcsim("guide", "activity")[1:] == (
        "no topic 'activity' (`dcsim guide` lists them); did you mean 'activities'?\n",
        2,
    )
    with pytest.raises(RequestError):
        guide("activity")


# In Python


def test_a_file_stands_for_its_scenario():
    scenario = library.load(MINIMAL)
    days = library.replicate(scenario, 4).milestones["day"].tolist()
    assert library.replicate(str(MINIMAL), 4).milestones["day"].tolist() == days
    assert library.replicate(scenario=MINIMAL, n=4).milestones["day"].tolist() == days
    assert library.simulate(scenario.document.data, expected=True).finished
    assert library.sweep(MINIMAL, {"resources.crews.count": [1, 2]}, n=2).points["resources.crews.count"].nunique() == 2


def test_a_scenario_can_be_changed():
    base = {"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": "3 d"}}, "variants": {}}
    base["variants"]["late"] = {"activities": {"a": {"not_before": "10 d"}}}
    scenario = library.load(base)
    assert library.simulate(scenario.with_({"activities.a.duration": "5 d"})).end == 5 * 1440
    assert library.simulate(scenario.with_({"activities.a.duration": "5 d"}, variant="late")).end == 15 * 1440
    assert library.simulate(scenario).end == 3 * 1440
    with pytest.raises(ScenarioError, match="no variant 'later'; did you mean 'late'"):
        scenario.with_(variant="later")


def test_mistakes_in_python_are_explained():
    with pytest.raises(RequestError, match="must be a whole number, got '10'"):
        library.replicate(MINIMAL, "10")
    with pytest.raises(RequestError, match="expected a scenario, the path of a file or a mapping, got 3"):
        library.replicate(3, 3)
    with pytest.raises(RequestError, match=r"expected the name of a change or a scenario, got \['a'\]"):
        library.compare(MINIMAL, ["a"], n=2)
    with pytest.raises(ScenarioError, match=r"no key 'crews' here; did you mean 'resources\.crews'"):
        library.load(MINIMAL).with_({"crews": 3})
    with pytest.raises(AttributeError, match=r"`dcsim\.simulate` in Python"):
        _ = library.run
    assert repr(library.load(MINIMAL)).startswith("Scenario(")


def test_a_picture_is_drawn_by_its_name_and_a_file_s_name_is_none():
    many = library.replicate(MINIMAL, 4)
    assert many.plot("histogram").get_title("left").startswith("all_running: when it is reached")
    with pytest.raises(RequestError, match=r"no picture 'a\.png'.*there are s-curve, histogram"):
        many.plot("a.png")


def test_names_are_listed():
    assert set(library.__all__) <= set(dir(library))
    assert (Path(library.__file__).parent / "py.typed").exists()
