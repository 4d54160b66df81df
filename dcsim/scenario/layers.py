"""Layers of a scenario, applied in order: base files, the file, variants, options, mitigations.

Named sections merge. Whatever is one value replaces the whole value below it: lists, ramps, distributions,
values with their source. `null` deletes what lies below.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dcsim.distributions import KINDS
from dcsim.errors import Problem
from dcsim.scenario.document import VALUED, Key
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.parse import parse_yaml
from dcsim.scenario.tree import Blank, Node, Origin
from dcsim.suggest import nearest

SECTIONS = (
    "include",
    "sites",
    "parameters",
    "places",
    "calendars",
    "factors",
    "resources",
    "supplies",
    "activities",
    "risks",
    "branches",
    "correlations",
    "milestones",
    "fitted",
    "options",
    "variants",
    "sources",
)
"""The sections of a scenario that hold entries by name."""

PROVENANCE = ("source", "assumption", "note")
"""Keys about a `value` that stand beside it."""

RANGE = ("low", "high")
"""Keys of the plausible range of a `value`."""

ANNOTATIONS = PROVENANCE + RANGE
"""All keys that may stand beside a `value`."""

DEEPEST, MOST = 50, 500
"""Files that may extend each other in a row, and files that a scenario may consist of."""

_STEP = re.compile(r"=.*|\d{4}-\d{2}(-\d{2}.*)?|[\d_.]+ ?(min|minutes?|h|hours?|d|days?|wk|weeks?|months?|years?)|0")
_NOT_IN_LAYERS = ("variants", "options", "extends")
"""Keys that a partial scenario cannot have."""


@dataclass
class Stack:
    """Reads a file with all it extends, lays layers over it, and collects what is wrong with any of them."""

    root: Root
    problems: list[Problem] = field(default_factory=list)
    """Problems inside a layer."""
    missing: list[Problem] = field(default_factory=list)
    """Layers that do not exist: without them no other check makes sense."""
    notes: list[Problem] = field(default_factory=list)
    """What was read and has no part in the scenario: its warnings say so."""
    bases: dict[Path, Node] = field(default_factory=dict)
    """Every file that was read, with all it extends: many may extend it, and none is read twice."""

    def read(self, text: str, origin: Origin, below: tuple[Origin, ...] = ()) -> Node:
        """A file applied to the files that it extends; `below` are the files that extend it."""
        node, problems = parse_yaml(text, origin)
        self.problems += problems
        if not isinstance(node.value, dict):
            kind = "a list" if isinstance(node.value, list) else "a single value"
            message = f"a scenario is a mapping of keys such as `name: ...` and `activities: ...`, got {kind}"
            self.missing.append(node.problem((), message))
            return Node({}, node.mark)
        return self.over_bases(node, origin, below)

    def over_bases(self, node: Node, origin: Origin, below: tuple[Origin, ...] = ()) -> Node:
        """A scenario applied to those it extends."""
        layer = settled(node)
        extends = layer.get("extends")
        if extends is None or extends.value is None:
            return layer.without("extends")
        base = Node({}, node.mark)
        for entry in extends.value if isinstance(extends.value, list) else [extends]:
            base = merge(base, self._base(entry, origin, (*below, origin)))
        return merge(base, layer.without("extends"))

    def _base(self, entry: Node, origin: Origin, below: tuple[Origin, ...]) -> Node:
        problem = ""
        if isinstance(entry.value, str) and entry.value.strip():
            try:
                text, path = self.root.beside(origin, entry.value)
                around, where = circle(below, path), path.path.resolve()
                if around:
                    problem = f"these files extend each other in a loop: {around}"
                elif where not in self.bases and (len(below) > DEEPEST or len(self.bases) >= MOST):
                    problem = f"at most {DEEPEST} files may extend each other in a chain, and {MOST} in all"
                else:
                    if where not in self.bases:
                        self.bases[where] = self.read(text, path, below)
                    return self.bases[where]
            except UnreadableFileError as error:
                problem = str(error)
        self.missing.append(entry.problem(("extends",), problem or "expected the name of a file, such as 'base.yaml'"))
        return Node({}, entry.mark)

    def lay_variants(self, node: Node, names: Sequence[str]) -> Node:
        """The scenario with these variants applied, in order."""
        variants = entries(node, "variants")
        for name in names:
            if name not in variants:
                self.missing.append(Problem("variants", f"no variant '{name}'{nearest(name, variants, 'variants')}"))
                continue
            variant = variants[name]
            partial = variant.without("label") if isinstance(variant.value, dict) else variant
            node = self._lay(node, partial, ("variants", name), "a variant")
        return node

    def lay_options(self, node: Node, names: Sequence[str]) -> Node:
        """The scenario with the changes of these options applied, in order."""
        options = entries(node, "options")
        for name in names:
            if name not in options:
                self.missing.append(Problem("options", f"no option '{name}'{nearest(name, options, 'options')}"))
                continue
            changes = options[name].get("changes")
            if changes is None:
                message = "an option needs `changes`, a partial scenario"
                self.missing.append(options[name].problem(("options", name), message))
            else:
                node = self._lay(node, changes, ("options", name, "changes"), "what an option changes")
        return node

    def _lay(self, node: Node, partial: Node, path: Key, what: str) -> Node:
        """The scenario with the partial scenario at a path applied."""
        if not isinstance(partial.value, dict):
            message = f"{what} is a partial scenario: a mapping such as {{activities: {{...}}}}"
            self.missing.append(partial.problem(path, message))
            return node
        for key in _NOT_IN_LAYERS:
            if key in partial.value:
                message = f"{what} cannot have `{key}` of its own"
                self.problems.append(partial.value[key].problem((*path, key), message))
        return merge(node, settled(partial.without(*_NOT_IN_LAYERS)))

    def lay_mitigations(self, node: Node, names: Sequence[str]) -> Node:
        """The scenario with the mitigations of these risks applied."""
        for name in names:
            risks = entries(node, "risks")
            risk = risks.get(name)
            mitigation = risk.get("mitigation") if risk is not None else None
            if risk is None:
                self.missing.append(Problem("risks", f"no risk '{name}'{nearest(name, risks, 'risks')}"))
            elif mitigation is None or not isinstance(mitigation.value, dict):
                message = "this risk has no `mitigation` to switch on"
                self.missing.append(risk.problem(("risks", name), message))
            else:
                mitigated = merge(risk, mitigation.without("cost", "description"), ("risks", name))
                node = node.replaced("risks", Node({**risks, name: mitigated}, node.value["risks"].mark))
        return node


def merge(below: Node | None, over: Node, path: Key = ()) -> Node:
    """One tree applied to another."""
    if len(path) == 2 and path[0] in LONG_FORMS:
        over = LONG_FORMS[path[0]](over)
    if below is None or not _mergeable(below, over, path):
        return over
    merged: dict[str, Any] = dict(below.value)
    for key, child in over.value.items():
        merged[key] = merge(merged.get(key), child, (*path, key))
    return Node(merged, below.mark)


def prune(node: Node, path: Key = ()) -> Node:
    """The tree without what `null` deletes; inside `within` it says what is not so in those places."""
    if isinstance(node.value, list):
        return Node([prune(child, (*path, i)) for i, child in enumerate(node.value)], node.mark)
    if not isinstance(node.value, dict):
        return node
    entries = {k: v for k, v in node.value.items() if v.value is not None or "within" in path}
    return Node({key: prune(child, (*path, key)) for key, child in entries.items()}, node.mark)


def settled(node: Node) -> Node:
    """The same layer with sections that were left empty taken as absent, and what has a short form in its long one."""
    entries = {k: v for k, v in node.value.items() if v.value is not Blank.BLANK or k not in SECTIONS}
    for section, long in LONG_FORMS.items():
        if section in entries and isinstance(entries[section].value, dict):
            things = {name: long(thing) for name, thing in entries[section].value.items()}
            entries[section] = Node(things, entries[section].mark)
    return Node(entries, node.mark)


def entries(node: Node, section: str) -> dict[str, Node]:
    """What a section holds, by name; nothing where there is no such section."""
    inner = node.get(section)
    return inner.value if inner is not None and isinstance(inner.value, dict) else {}


def is_partial(path: Key) -> bool:
    """Whether partial scenarios are here, which have a meaning only when they are applied to the scenario."""
    return path == ("variants",) or (len(path) == 3 and path[::2] in (("options", "changes"), ("include", "set")))


def is_wrapper(node: Node, path: Key) -> bool:
    """Whether this is a `{value: X, source: KEY}`; a factor and a parameter have a value of their own."""
    if not isinstance(node.value, dict) or "value" not in node.value or _is_section(path):
        return False
    return not (len(path) == 2 and path[0] in VALUED)


def is_distribution(node: Node) -> bool:
    """Whether this names a distribution: `{pert: [1 d, 2 d, 4 d]}`."""
    return isinstance(node.value, dict) and len(node.value) == 1 and next(iter(node.value)) in KINDS


def is_ramp(node: Node) -> bool:
    """Whether the keys of this are spans or dates: `{0 d: 6, 30 d: 16}`."""
    return isinstance(node.value, dict) and bool(node.value) and all(_STEP.fullmatch(key) for key in node.value)


def _is_section(path: Key) -> bool:
    return not path or (len(path) == 1 and path[0] in SECTIONS)


def _mergeable(below: Node, over: Node, path: Key) -> bool:
    if not isinstance(below.value, dict) or not isinstance(over.value, dict):
        return False
    if _is_section(path):
        return True
    if path[0] == "calendars" and path[2:] in (("hours",), ("open",)):
        return False
    if path[0] == "finance" and any(_follows_path(node, path) for node in (below, over)):
        return False
    return not any(is_wrapper(node, path) or is_distribution(node) or is_ramp(node) for node in (below, over))


def _follows_path(node: Node, path: Key) -> bool:
    """Whether this is a price or rate over time: `{path: {2024-07: 4 USD}}`, `{over: sofr, margin: 0.06}`."""
    return len(path) > 2 and not {"path", "over", "margin", "yield"}.isdisjoint(node.value)


def _resource(node: Node) -> Node:
    """A resource as {count: ...}, where it was written as its number."""
    replaces = isinstance(node.value, dict) and "value" not in node.value and not is_ramp(node)
    if replaces or isinstance(node.value, list | Blank) or node.value is None:
        return node
    return Node({"count": node}, node.mark)


def _valued(node: Node) -> Node:
    """A factor or parameter as {value: ..., per: ...}, its source around its value."""
    if not isinstance(node.value, dict):
        return node if node.value is None else Node({"value": node}, node.mark)
    kinds = {key: child for key, child in node.value.items() if key in KINDS}
    cited = {key: child for key, child in node.value.items() if key in ANNOTATIONS}
    rest = {key: child for key, child in node.value.items() if key not in kinds and key not in cited}
    if kinds and "value" not in rest:
        rest = {"value": Node(kinds, node.mark), **rest}
    else:
        rest |= kinds
    if cited and "value" in rest:
        rest["value"] = Node({"value": rest["value"], **cited}, node.mark)
    else:
        rest |= cited
    return Node(rest, node.mark)


LONG_FORMS = {"parameters": _valued, "factors": _valued, "resources": _resource}
"""Sections whose entries have a short form, and how it becomes the long one."""


def circle(below: Sequence[Origin], origin: Origin) -> str:
    """The files from this one to itself, where it is among those that extend it."""
    paths = [origin.path.resolve() for origin in below]
    if origin.path.resolve() not in paths:
        return ""
    circle = [*below[paths.index(origin.path.resolve()) :], origin]
    return " -> ".join(origin.name for origin in circle)
