"""Keys with nothing behind them: forgotten values, and what YAML split at its commas."""

import re
from collections.abc import Callable, Iterable

from dcsim.errors import Problem
from dcsim.scenario.document import Key
from dcsim.scenario.layers import is_partial
from dcsim.scenario.tree import Blank, Node
from dcsim.scenario.values import HOW_TO_WRITE

_OPENING = re.compile(rf"\s*({'|'.join(HOW_TO_WRITE)})\s*\([^)]*", re.IGNORECASE)


Blanks = Iterable[tuple[Key, Problem]]


def find_blanks(node: Node, path: Key, inside: "Callable[[Node, Key], Blanks] | None" = None) -> Blanks:
    """Every place where a value is missing, with what is wrong there; `inside` finds those one level deeper."""
    if is_partial(path):
        return
    split = _split(node)
    if split is not None:
        written, keys = split
        call = _OPENING.match(written)
        right = f"write a distribution as {HOW_TO_WRITE[call[1].lower()]}" if call else f'quote it: "{written}"'
        if "places" in (*path, keys[0]):
            right = "numbers of places are fixed whole numbers: {hall: 2, rack: {in: hall, count: 20}}"
        problem = node.problem(path or keys[:1], f"YAML split '{written}' at its commas; {right}")
        yield from ((path or (key,), problem) for key in keys)
        return
    for key, child in node.children():
        if child.value is Blank.BLANK:
            message = "a value is missing here; write one, or `null` to delete the value of another layer"
            yield (*path, key), child.problem((*path, key), message)
        elif isinstance(child.value, dict | list):
            yield from (inside or find_blanks)(child, (*path, key))


def _split(node: Node) -> tuple[str, Key] | None:
    """A distribution or a formula that lies scattered in this mapping or list, and its keys."""
    parts: dict[str | int, str] = {}
    for key, child in node.children():
        if isinstance(child.value, dict | list):
            continue
        text = str(key if child.value is Blank.BLANK else child.value)
        if parts or (isinstance(child.value, str) and _opens(text)):
            parts[key] = text.strip()
        if parts and not _is_open(", ".join(parts.values())):
            break
    written = ", ".join(parts.values())
    return (written, tuple(parts)) if len(parts) > 1 and not (written.startswith("=") and _is_open(written)) else None


def _opens(text: str) -> bool:
    """Whether a distribution or a formula begins here, and does not end here."""
    return bool(_OPENING.fullmatch(text)) or (text.startswith("=") and _is_open(text))


def _is_open(text: str) -> bool:
    return text.count("(") > text.count(")")
