"""Words of others as they may be shown: nothing that steers a terminal, no formula for a spreadsheet."""

import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

_STEERS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb]")
"""What moves the cursor, colours, deletes, rings or turns the direction of writing; lines and tabs do not."""
_NUMBER = re.compile(r"[-+]?(\d[\d,_]*\.?\d*|\.\d+)([eE][-+]?\d+)?|-inf")
_FORMULA = re.compile("\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a formula begins, in wide letters too."""


def visible(text: str) -> str:
    """The same text with a sign in the place of every character that would do something instead of being seen."""
    return _STEERS.sub(_sign, text)


def escaped(json: str) -> str:
    """JSON that means the same, with every such character spelled out."""
    return _STEERS.sub(lambda match: f"\\u{ord(match[0]):04x}", json)


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def inert(cell: Any) -> Any:
    """A cell of a table as a spreadsheet shows it: text that would be a formula begins with an apostrophe."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


class Shown:
    """An output to which nothing comes that is not visible. To those who would colour their words it is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write what can be seen of a text."""
        return self.stream.write(visible(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write what can be seen of some texts."""
        self.stream.writelines(map(visible, lines))

    def isatty(self) -> bool:
        """Colours would be spelled out."""
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def behind(stream: TextIO) -> TextIO:
    """The output itself, for what is visible already and comes with colours of our own."""
    return stream.stream if isinstance(stream, Shown) else stream


def guard() -> None:
    """Let what the program prints, and what it complains, be visible only."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Shown):
            setattr(sys, name, Shown(stream))
