"""Plain English: idioms that planners stumbled over stay out of messages, help, the guide and the format."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcsim.document.words import units

ROOM = Path(__file__).parents[1] / "dcsim"
IDIOMS = re.compile(
    r"whoever|hardly meant|is laid over|dates of the world|whose chain is told|can make nothing of|make it anew|"
    r"make the result anew|what its days are made of|stands here twice|is called so|how many builds|of the builds\b|"
    r"simulated builds|what it is compared with|not by the horizon",
    re.IGNORECASE,
)
"""Sayings, inversions, and `build` for a replication."""


def strings(path: Path) -> list[str]:
    """What a module says to its readers: every string, those with braces as they are written, and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("path", sorted({*ROOM.rglob("*.py")}), ids=lambda path: path.relative_to(ROOM).as_posix())
def test_modules_speak_plainly(path):
    assert [said for text in strings(path) for said in IDIOMS.findall(" ".join(text.split()))] == []


@pytest.mark.parametrize("path", [*sorted(ROOM.rglob("*.md")), ROOM.parent / "README.md"], ids=lambda path: path.name)
def test_the_guide_and_the_readme_speak_plainly(path):
    assert IDIOMS.findall(" ".join(path.read_text(encoding="utf-8").split())) == []


PRONOUNS = re.compile(
    r"_*(ones?|found|told|others?|such|there|them|whole|both|some|each|every|several|another|neither|mine|ours|theirs|whose|"
    r"nothing|everything)_*",
    re.IGNORECASE,
)
"""No names for variables, parameters, functions and classes: a name says what the thing is. Constants may be words."""


def names(path: Path) -> Iterator[tuple[str, int]]:
    """The names that a module gives, with their lines. Fields of classes are keys of the format or columns."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    fields = {
        id(entry.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for entry in node.body
        if isinstance(entry, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) if id(node) not in fields:
                yield name, node.lineno
            case (
                ast.Attribute(attr=name, ctx=ast.Store()) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name))
            ):
                yield name, node.lineno


@pytest.mark.parametrize(
    "path",
    sorted({*ROOM.rglob("*.py")} - {ROOM / "engine" / "kernel.py"}),
    ids=lambda path: path.relative_to(ROOM).as_posix(),
)
def test_names_say_what_things_are(path):
    pronouns = [(name, line) for name, line in names(path) if PRONOUNS.fullmatch(name) and not name.isupper()]
    assert [f"{path.name}:{line}: {name}" for name, line in pronouns] == []


def test_units_that_are_words_have_a_plural():
    assert [units(1, "rack"), units(40, "rack"), units(4000, "kW"), units(64, "GPU")] == [
        "1 rack",
        "40 racks",
        "4,000 kW",
        "64 GPU",
    ]
    assert units(2, "") == "2 units"
