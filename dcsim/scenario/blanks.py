"""Keys with nothing behind them: forgotten values, and distributions that YAML split at their commas."""

import re
from collections.abc import Iterator

from dcsim.errors import Problem
from dcsim.scenario.document import Key
from dcsim.scenario.layers import is_partial
from dcsim.scenario.tree import Blank, Node
from dcsim.scenario.values import HOW_TO_WRITE

_OPENING = re.compile(rf"\s*({'|'.join(HOW_TO_WRITE)})\s*\([^)]*", re.IGNORECASE)


def find_blanks(node: Node, path: Key = ()) -> Iterator[tuple[Key, Problem]]:
    """Every place where a value is missing, with what is wrong there."""
    if is_partial(path):
        return
    split = _split_distribution(node)
    if split is not None:
        kind, written = split
        message = f"YAML split '{written}' at its commas; a distribution is written {HOW_TO_WRITE[kind]}"
        yield path, node.problem(path, message)
        return
    for key, child in node.children():
        if child.value is Blank.BLANK:
            message = "nothing is written here; write a value, or `null` to delete what another layer says"
            yield (*path, key), child.problem((*path, key), message)
        else:
            yield from find_blanks(child, (*path, key))


def _split_distribution(node: Node) -> tuple[str, str] | None:
    """The kind of a distribution that lies scattered in this mapping or list, and how it was written."""
    parts: list[str] = []
    for key, child in node.children():
        text = str(key if child.value is Blank.BLANK else child.value)
        if parts or (isinstance(child.value, str) and _OPENING.fullmatch(text)):
            parts.append(text)
        if parts and text.rstrip().endswith(")"):
            break
    found = _OPENING.fullmatch(parts[0]) if len(parts) > 1 else None
    return (found[1].lower(), ", ".join(part.strip() for part in parts)) if found else None
