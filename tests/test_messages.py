"""What a user is told about a broken scenario: the line, the path, what was found and what would be right."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from broken import ALL, Broken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcsim.errors import MOST_SHOWN, Problem, ScenarioError
from dcsim.scenario.load import load

DATA = Path(__file__).parent / "data"
RIGHT = (DATA / "colossus-in-small.yaml").read_text()
JARGON = re.compile(
    r"Input should|_error|pydantic|Decimal\(|Fraction\(|datetime\.|Traceback|function-|NoneType|<class"
    r"|unexpected value|this is not YAML"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the broken scenarios name."""
    (tmp_path / "burn_in.csv").write_text((DATA / "burn_in.csv").read_text())
    (tmp_path / "base.yaml").write_text("name: base\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("broken", ALL, ids=[broken.name for broken in ALL])
def test_broken_in_one_way(broken: Broken, folder: Path) -> None:
    text = broken.wrong
    if broken.right is not None:
        assert broken.right in RIGHT
        text = RIGHT.replace(broken.right, broken.wrong, 1)
    (folder / "broken.yaml").write_text(text)
    with pytest.raises(ScenarioError, match=re.escape(broken.told)) as caught:
        load("broken.yaml")
    message = str(caught.value)
    assert message.startswith("broken.yaml: ")
    assert broken.told in message.splitlines()[1], "the first problem is the one that was made"
    assert not JARGON.search(message)


def test_every_slip_has_a_name_of_its_own() -> None:
    assert len({broken.name for broken in ALL}) == len(ALL) >= 200


def test_all_problems_at_once(folder: Path) -> None:
    text = RIGHT.replace("duration: 3 d, after", "duration: 3 dayz, after")
    text = text.replace("requires: {packaging_line: 1}", "requires: {packing_line: 1}")
    text = text.replace("days: Mon-Sat", "day: Mon-Sat")
    text = text.replace("builders:       {count: 3}", "builders:       {count: }")
    (folder / "campus.yaml").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load("campus.yaml")
    assert str(caught.value).splitlines() == [
        "campus.yaml: 4 problems",
        "  line 13: calendars.day_shift.day: unknown key 'day'; did you mean 'days'?",
        "  line 20: resources.builders.count: a value is missing here; write one, or `null` to delete"
        " the value of another layer",
        "  line 50: activities.build_gpus.requires.packing_line: no resource 'packing_line';"
        " did you mean 'packaging_line'?",
        "  line 69: activities.first_training.duration: expected a span such as '18 weeks', got '3 dayz';"
        " did you mean 'day'?",
    ]


def test_problems_of_sense_are_told_together(folder: Path) -> None:
    text = RIGHT.replace("probability: 0.44", "probability: 4").replace("share: 0.35", "share: 4")
    (folder / "campus.yaml").write_text(text)
    with pytest.raises(ScenarioError, match="2 problems") as caught:
        load("campus.yaml")
    assert [problem.line for problem in caught.value.problems] == [32, 67]


def test_very_many_problems_are_counted_not_told() -> None:
    error = ScenarioError([Problem(f"activities.a{i}", "wrong") for i in range(MOST_SHOWN + 7)], "x.yaml")
    assert str(error).splitlines()[-1] == "  and 7 more"
    assert len(error.problems) == MOST_SHOWN + 7


def test_a_problem_in_another_file_names_it(folder: Path) -> None:
    (folder / "base.yaml").write_text("name: base\nstart: 2024-01-01\nactivities:\n  a: {duration: 3 dayz}\n")
    (folder / "campus.yaml").write_text("extends: base.yaml\nname: campus\n")
    with pytest.raises(ScenarioError, match=r"base\.yaml: line 4: activities\.a\.duration: expected a span"):
        load("campus.yaml")


def test_a_file_of_fifty_megabytes(folder: Path) -> None:
    with (folder / "large.yaml").open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(ScenarioError, match=r"'large\.yaml' has 50\.0 MB; dcsim reads at most 10 MB"):
        load("large.yaml")


def test_an_alias_bomb(folder: Path) -> None:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    names = "abcdefghi"
    for inner, outer in pairwise(names):
        lines.append(f"{outer}: &{outer} [{', '.join(['*' + inner] * 9)}]")
    (folder / "bomb.yaml").write_text("\n".join(lines))
    with pytest.raises(ScenarioError, match=r"line 6: aliases .* expand to more than 200,000 values"):
        load("bomb.yaml")


def test_a_scenario_nested_without_end(folder: Path) -> None:
    (folder / "deep.yaml").write_text("name: " + "[" * 10_000)
    with pytest.raises(ScenarioError, match="line 1: nested deeper than 60 levels"):
        load("deep.yaml")


def test_files_that_are_none(folder: Path) -> None:
    (folder / "binary.yaml").write_bytes(b"name: \x00\x01")
    (folder / "latin.yaml").write_bytes(b"name: x\ndescription: \xe9t\xe9\n")
    (folder / "wide.yaml").write_bytes("name: x".encode("utf-16"))
    for name, told in {
        "binary.yaml": "is not a text file",
        "latin.yaml": "is not UTF-8 text: line 2 has the byte 0xe9",
        "wide.yaml": "is written in UTF-16; save it as UTF-8",
        "bse.yaml": "there is no file 'bse.yaml'; did you mean 'base.yaml'?",
        "nowhere/base.yaml": "there is no folder 'nowhere'",
        ".": "'.' is a folder; name a file in it",
        "x" * 5000: "cannot be read",
        "a\0b": "cannot be read",
    }.items():
        with pytest.raises(ScenarioError, match=re.escape(told)):
            load(name)


WORDS = [
    *dict.fromkeys(re.findall(r"[\w.|]+|[^\w\s]", RIGHT)),
    "null",
    "-1",
    "1e99",
    ".nan",
    "[]",
    "{",
    "&a",
    "2 months",
]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """The right scenario after one to four accidents at the keyboard."""
    text = RIGHT
    for _ in range(draw(st.integers(1, 4))):
        accident = draw(st.sampled_from(["delete line", "swap lines", "replace word", "insert", "cut off", "delete"]))
        lines = text.split("\n")
        here = draw(st.integers(0, len(text)))
        match accident:
            case "delete line":
                del lines[draw(st.integers(0, len(lines) - 1))]
                text = "\n".join(lines)
            case "swap lines":
                i, k = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[i], lines[k] = lines[k], lines[i]
                text = "\n".join(lines)
            case "replace word":
                text = text.replace(draw(st.sampled_from(WORDS)), draw(st.sampled_from(WORDS)), 1)
            case "insert":
                text = text[:here] + draw(st.text(max_size=4) | st.sampled_from(WORDS)) + text[here:]
            case "cut off":
                text = text[:here]
            case "delete":
                text = text[:here] + text[here + draw(st.integers(1, 5)) :]
    return text


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutations())
def test_no_accident_ends_in_anything_but_a_message(text: str, tmp_path: Path) -> None:
    file = tmp_path / "accident.yaml"
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert not JARGON.search(told(file))


def told(file: Path) -> str:
    """What is said about a file; nothing where it can be loaded."""
    try:
        load(file)
    except ScenarioError as error:
        return str(error)
    return ""
