"""Plain English: idioms that planners stumbled over stay out of messages, help, the guide and the format."""

import ast
import re
from pathlib import Path

import pytest

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
