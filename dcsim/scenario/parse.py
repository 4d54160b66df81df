"""YAML 1.2 text read into a tree, one event at a time, so that size, depth and surprises stay under control.

Plain `null`, `true`, `false` and numbers are what YAML 1.2 says; every other plain word is text (`no`,
`7:00`, `2024-05-02`), and so is everything in quotes. Decimals are exact.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from dcsim.errors import Problem
from dcsim.scenario.syntax import explain
from dcsim.scenario.tree import DEEPEST, Blank, Mark, Node, Origin

MOST_BY_ALIAS = 200_000
"""A file whose aliases stand for more values than this would fill the memory."""

_WHOLE = re.compile(r"[-+]?[0-9][0-9_]*")
_DECIMAL = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), Decimal("Infinity")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), Decimal("-Infinity")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), Decimal("NaN")),
    "": Blank.BLANK,
}
_LONGEST_NUMBER = 100


class UnreadableTextError(Exception):
    """The text cannot be read any further; carries the one problem that says why."""

    def __init__(self, message: str, origin: Origin, line: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem("", message, origin.name, line)


_TOO_DEEP = "maximum nesting depth"
"""What the YAML library says of a text that is nested too deep for itself."""


def parse_yaml(text: str, origin: Origin) -> tuple[Node, list[Problem]]:
    """The tree that a text stands for, and what is wrong with it short of being unreadable."""
    builder = _Builder(origin)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        message, line = explain(error, text)
        if _TOO_DEEP in message:
            message = f"nested deeper than {DEEPEST} levels"
        raise UnreadableTextError(message, origin, line) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise UnreadableTextError(
            f"a character that a text file cannot contain (code {error.character})", origin, line
        ) from None
    except UnicodeError:
        raise UnreadableTextError("characters that are not valid Unicode text", origin) from None
    if builder.root is None:
        raise UnreadableTextError("the file is empty; a scenario begins with `name: ...`", origin)
    return builder.root, builder.problems


def plain_scalar(text: str) -> Any:
    """What an unquoted word means."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER:
        if _WHOLE.fullmatch(text):
            return int(text.replace("_", ""))
        if _DECIMAL.fullmatch(text):
            return Decimal(text.replace("_", ""))
    return text


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return events


@dataclass
class _Open:
    """A mapping or list that is still being read."""

    value: dict[str, Node] | list[Node]
    line: int
    anchor: str | None
    is_key: bool
    size: int = 1
    key: str | None = None
    key_line: int = 0
    refused: bool = False


@dataclass
class _Builder:
    """Puts events together: what is open is a stack, innermost last."""

    origin: Origin
    problems: list[Problem] = field(default_factory=list)
    root: Node | None = None
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int] | None] = field(default_factory=dict)
    """The value and the size of what is marked; none while it is still being read."""
    by_alias: int = 0
    documents: int = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise UnreadableTextError(
                        "a second document begins here ('---'); a scenario is one document", self.origin, line
                    )
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.AliasEvent():
                self._alias(str(event.anchor), line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._refuse_tag(event.tag, line)
        if self._awaits_key():
            self._key(event.value, line)
            return
        value = event.value if event.style else plain_scalar(event.value)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, line, 1)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self.anchors:
            raise UnreadableTextError(
                f"there is no anchor '&{anchor}' above; quote text that begins with '*'", self.origin, line
            )
        node = self.anchors[anchor]
        if node is None:
            raise UnreadableTextError(f"the alias '*{anchor}' contains itself", self.origin, line)
        value, size = node
        self.by_alias += size
        if self.by_alias > MOST_BY_ALIAS:
            message = f"aliases ('*{anchor}') expand to more than {MOST_BY_ALIAS:,} values; write the file without them"
            raise UnreadableTextError(message, self.origin, line)
        if self._awaits_key():
            self._say("a key must be a plain word, not an alias", line)
            self._key(anchor, line)
            return
        self._put(value, line, size)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, line: int) -> None:
        self._refuse_tag(event.tag, line)
        if len(self.stack) >= DEEPEST:
            raise UnreadableTextError(f"nested deeper than {DEEPEST} levels", self.origin, line)
        if event.anchor:
            self.anchors[event.anchor] = None
        value: dict[str, Node] | list[Node] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Open(value, line, event.anchor, self._awaits_key()))

    def _end(self) -> None:
        done = self.stack.pop()
        if done.anchor:
            self.anchors[done.anchor] = (done.value, done.size)
        if done.is_key:
            kind = "mapping" if isinstance(done.value, dict) else "list"
            self._say(f"a key must be a plain word, got a {kind}; quote text with brackets", done.line)
            self._key("?", done.line)
            self.stack[-1].refused = True
        else:
            self._put(done.value, done.line, done.size)

    def _awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _key(self, key: str, line: int) -> None:
        inner = self.stack[-1]
        if not key.strip():
            self._say("a key is missing in front of ':'", line)
        if key == "<<":
            self._say(
                "'<<' is not part of YAML 1.2; combine scenarios with `extends` and `variants`",
                line,
            )
        inner.key, inner.key_line, inner.refused = key, line, key == "<<" or not key.strip()

    def _put(self, value: Any, line: int, size: int) -> None:
        """A value that begins on this line into what is open; the line of an entry is that of its key."""
        if not self.stack:
            self.root = Node(value, Mark(self.origin, line))
            return
        inner = self.stack[-1]
        inner.size += size
        if isinstance(inner.value, list):
            inner.value.append(Node(value, Mark(self.origin, line)))
            return
        key, inner.key = str(inner.key), None
        if inner.refused:
            return
        if key in inner.value:
            first = inner.value[key].mark
            where = f"line {first.line}" if first else "above"
            self._say(f"the key '{key}' appears a second time; the first is on {where}", inner.key_line, key)
        else:
            inner.value[key] = Node(value, Mark(self.origin, inner.key_line))

    def _refuse_tag(self, tag: str | None, line: int) -> None:
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            self._say(f"YAML tags such as '{shown}' are refused; write the plain value, text in quotes", line)

    def _say(self, message: str, line: int, *inside: str) -> None:
        keys = [outer.key for outer in self.stack[:-1] if outer.key is not None]
        self.problems.append(Problem(".".join([*keys, *inside]), message, self.origin.name, line))
