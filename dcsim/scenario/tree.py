"""A scenario between text and meaning: a tree in which every value knows the file and line that wrote it."""

import datetime as dt
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

from dcsim.errors import Problem
from dcsim.scenario.document import Key, dotted

DEEPEST = 60
"""Nesting beyond this is not a scenario that somebody wrote."""


class Blank(Enum):
    """What stands behind a key after which nothing is written; a written `null` is None, and deletes."""

    BLANK = ""


@dataclass(frozen=True)
class Origin:
    """A file, as its user named it and where it lies."""

    name: str
    path: Path

    @property
    def folder(self) -> Path:
        """Where the files that it names are looked up."""
        return self.path.parent


@dataclass(slots=True)
class Mark:
    """A line of a file; not frozen, as nodes are not."""

    origin: Origin
    line: int


@dataclass(slots=True)
class Node:
    """A value and where it was written: text, a number, a mapping or list of nodes, None or blank.

    Nobody changes a node. It is not frozen, since a large scenario has millions, and to make them would take three
    times as long.
    """

    value: Any
    mark: Mark | None = None

    def get(self, key: str) -> "Node | None":
        """The entry of a mapping; none where there is none, or no mapping."""
        node = self.value.get(key) if isinstance(self.value, dict) else None
        return node if isinstance(node, Node) else None

    def replaced(self, key: str, node: "Node") -> "Node":
        """The same mapping with one entry set."""
        return Node({**self.value, key: node}, self.mark)

    def without(self, *keys: str) -> "Node":
        """The same mapping with some entries left out."""
        return Node({k: v for k, v in self.value.items() if k not in keys}, self.mark)

    def children(self) -> Iterator[tuple[str | int, "Node"]]:
        """What stands directly inside, each with its key or its index."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def problem(self, path: Key, message: str, name: str = "") -> Problem:
        """A problem at this node."""
        if self.mark is None:
            return Problem(dotted(path), message, name)
        return Problem(dotted(path), message, self.mark.origin.name, self.mark.line)


def plain(node: Node) -> Any:
    """The values of a tree alone."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return None if node.value is Blank.BLANK else node.value


def scalar(node: Node | None) -> str:
    """A single value as text, without what is said about its source; empty for none."""
    if node is None:
        return ""
    inner = node.get("value")
    return scalar(inner) if inner is not None else "" if node.value is None else str(plain(node))


def walk(node: Node, path: Key = ()) -> Iterator[tuple[Key, Node]]:
    """Every node of a tree with its path, the outer before the inner."""
    yield path, node
    for key, child in node.children():
        yield from walk(child, (*path, key))


def graft(value: Any, mark: Mark | None = None, depth: int = 0) -> Node:
    """Values from Python as a tree; floats become the decimals they print as, dates their text."""
    if depth > DEEPEST:
        raise ValueError(f"values nested deeper than {DEEPEST} levels, or inside themselves")
    if isinstance(value, Node):
        return value
    if isinstance(value, Mapping):
        return Node({str(key): graft(item, mark, depth + 1) for key, item in value.items()}, mark)
    if isinstance(value, list | tuple):
        return Node([graft(item, mark, depth + 1) for item in value], mark)
    return Node(_scalar(value), mark)


def _scalar(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii() and value.encode(errors="ignore").decode() != value:
        raise ValueError("expected text, got characters that are no valid Unicode")
    if value is None or isinstance(value, bool | str | Decimal | Fraction):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return Decimal(repr(float(value)))
    if isinstance(value, dt.date):
        return value.isoformat()
    raise ValueError(f"expected text, a number, a mapping or a list, got a Python {type(value).__name__}")
