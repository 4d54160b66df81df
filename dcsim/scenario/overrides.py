"""Single values set from outside: `resources.rack_crews.count=16`. What they name is or belongs there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcsim.errors import Problem
from dcsim.scenario import outline
from dcsim.scenario.document import Key
from dcsim.scenario.layers import SECTIONS, is_wrapper, merge, settled
from dcsim.scenario.parse import UnreadableTextError, parse_yaml
from dcsim.scenario.tree import Node, Origin, graft
from dcsim.suggest import nearest, shorten

_KEYS_WITH_DOTS = ("effects", "delays", "fitted", "set")
_WHERE_NEW_THINGS_STAND = "add new entries in a variant or with `extends`"


class _RefusedError(Exception):
    """An override names nothing that is there or belongs there."""


def override(node: Node, values: Mapping[str, Any]) -> tuple[Node, list[Problem]]:
    """The scenario with each of these paths set to its value, and what is wrong with them."""
    problems = []
    for path, value in values.items():
        try:
            node = settled(_set(node, (), path.strip().split("."), _value(value)))
        except _RefusedError as refused:
            problems.append(Problem(path, str(refused)))
    return node, problems


def _value(raw: Any) -> Node:
    """A value from outside: text is read as YAML, values from Python are taken as they are."""
    try:
        if not isinstance(raw, str):
            return graft(raw)
        node, problems = parse_yaml(raw, Origin("--set", Path()))
    except UnreadableTextError as error:
        empty = not str(raw).strip()
        reason = "expected a value, or `null` to delete" if empty else str(error)
        raise _RefusedError(f"cannot read the value '{shorten(str(raw))}': {reason}") from None
    except ValueError as error:
        raise _RefusedError(str(error)) from None
    if problems:
        raise _RefusedError(f"cannot read the value '{shorten(raw)}': {problems[0].message}")
    return _unmarked(node)


def _unmarked(node: Node) -> Node:
    if isinstance(node.value, dict):
        return Node({key: _unmarked(child) for key, child in node.value.items()})
    if isinstance(node.value, list):
        return Node([_unmarked(child) for child in node.value])
    return Node(node.value)


def _set(node: Node, path: Key, parts: list[str], value: Node) -> Node:
    """The tree in which the value stands at the end of the remaining parts of a path."""
    if not parts:
        return merge(node, value, path)
    if is_wrapper(node, path) and parts[0] not in node.value:
        inner = _set(node.value["value"], path, parts, value)
        return node.replaced("value", inner)
    if isinstance(node.value, list):
        return _set_entry(node, path, parts, value)
    key, rest = _key(node, path, parts)
    child = node.get(key)
    if child is None or child.value is None:
        _refuse_unknown(node, path, key, rest)
        child = Node({}) if rest else None
    inner = _set(child, (*path, key), rest, value) if child is not None else value
    existing = node.value if isinstance(node.value, dict) else {}
    return Node({**existing, key: inner}, node.mark)


def _inside(node: Node, key: str) -> str:
    """The path of something of this name, if a section has it: `; did you mean 'resources.crews'?`."""
    sections = node.value.items() if isinstance(node.value, dict) else ()
    paths = [f"{name}.{key}" for name, part in sections if isinstance(part.value, dict) and key in part.value]
    return f"; did you mean '{paths[0]}'?" if paths else ""


def _set_entry(node: Node, path: Key, parts: list[str], value: Node) -> Node:
    """The list with one entry set, which is named by its place, counted from 0."""
    index = int(parts[0]) if parts[0].isdecimal() else -1
    if not 0 <= index < len(node.value):
        raise _RefusedError(f"this is a list of {len(node.value)}; number its entries from 0, got '{parts[0]}'")
    changed = list(node.value)
    changed[index] = _set(changed[index], (*path, index), parts[1:], value)
    return Node(changed, node.mark)


def _key(node: Node, path: Key, parts: list[str]) -> tuple[str, list[str]]:
    """The next key of a path and what remains; keys such as `supplies.hbm_stacks` have dots of their own."""
    if isinstance(node.value, dict):
        for length in range(len(parts), 0, -1):
            if ".".join(parts[:length]) in node.value:
                return ".".join(parts[:length]), parts[length:]
    if path and path[-1] in _KEYS_WITH_DOTS:
        return ".".join(parts), []
    return parts[0], parts[1:]


def _refuse_unknown(node: Node, path: Key, key: str, rest: list[str]) -> None:
    """Nothing stands at this key yet: it must be a field, or a new entry where new entries belong."""
    keys = [key for key, child in node.value.items() if child.value is not None] if isinstance(node.value, dict) else []
    kinds = outline.kinds_at(path)
    model = outline.model_at(path)
    if model is not None and (not keys or isinstance(node.value, dict)):
        known = outline.fields(model)
        if key not in known and key != "extends":
            raise _RefusedError(f"no key '{key}' here{_inside(node, key) or nearest(key, known)}")
        if key == "extends":
            raise _RefusedError("`extends` can only be set in the file")
        return
    if not any(outline.is_mapping(kind) for kind in kinds) or not isinstance(node.value, dict):
        raise _RefusedError(f"a single value has no '{key}'; set the whole value")
    if rest or (len(path) == 1 and path[0] in SECTIONS):
        section = str(path[-1])
        raise _RefusedError(f"no '{key}' in {section}{nearest(key, keys, section)}" + (f" ({_WHERE_NEW_THINGS_STAND})"))
