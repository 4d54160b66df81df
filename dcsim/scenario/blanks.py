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
        kind, written, keys = split
        right = f"a distribution is written {HOW_TO_WRITE[kind]}"
        if "places" in (*path, keys[0]):
            right = "places are counted by whole numbers that are known: {hall: 2, rack: {in: hall, count: 20}}"
        problem = node.problem(path or keys[:1], f"YAML split '{written}' at its commas; {right}")
        yield from ((path or (key,), problem) for key in keys)
        return
    for key, child in node.children():
        if child.value is Blank.BLANK:
            message = "nothing is written here; write a value, or `null` to delete what another layer says"
            yield (*path, key), child.problem((*path, key), message)
        else:
            yield from find_blanks(child, (*path, key))


def _split_distribution(node: Node) -> tuple[str, str, Key] | None:
    """The kind of a distribution that lies scattered in this mapping or list, how it was written, and its keys."""
    parts: dict[str | int, str] = {}
    for key, child in node.children():
        if isinstance(child.value, dict | list):
            continue
        text = str(key if child.value is Blank.BLANK else child.value)
        if parts or (isinstance(child.value, str) and _OPENING.fullmatch(text)):
            parts[key] = text.strip()
        if parts and text.rstrip().endswith(")"):
            break
    found = _OPENING.fullmatch(next(iter(parts.values()))) if len(parts) > 1 else None
    return (found[1].lower(), ", ".join(parts.values()), tuple(parts)) if found else None
