"""A scenario read entry by entry: what several of its variants have as it is, is read once for all of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel

from dcsim.errors import Problem
from dcsim.scenario.blanks import Blanks, find_blanks
from dcsim.scenario.document import Citation, Key
from dcsim.scenario.files import Root
from dcsim.scenario.formulas import DATES, WORDS, Formulas, has_need, is_formula
from dcsim.scenario.layers import SECTIONS, entries, prune
from dcsim.scenario.measured import Measured
from dcsim.scenario.needs import OrderName
from dcsim.scenario.provenance import Unwrapping
from dcsim.scenario.tree import Node, Origin, plain, walk

Made = TypeVar("Made")
Located = list[tuple[Key, Problem]]
"""Problems, each with the path of the value that it makes unusable."""
Positions = dict[Key, tuple[str, int]]
"""File and line of each path."""

MOST_KEPT = 4
"""Variants of an entry that are kept, the last that were read."""
NOT_IN_DATA = ("variants", "options", "include")
"""Sections that change a scenario, and are no part of it once it is read."""
_WHOLE = ("variants", "sources")
"""Sections that are read as a whole, since not all that is done to a scenario is done to their entries."""


class Kept:
    """What was made of parts of a scenario, for all that have these very parts."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, Key], tuple[tuple[Node, Any], ...]] = {}

    def __reduce__(self) -> tuple[type["Kept"], tuple[()]]:
        return Kept, ()  # another process has parts of its own

    def of(self, make: Callable[[Node, Key], Made], node: Node, path: Key) -> Made:
        """What is made of this part, which nobody changes."""
        kept = self._made.get((make, path), ())
        for same, made in kept:
            if same is node:
                return made  # type: ignore[no-any-return]
        result = make(node, path)
        self._made[make, path] = ((node, result), *kept[: MOST_KEPT - 1])
        return result


class Bare:
    """The values of a part of a scenario, and what was said about them."""

    def __init__(self, node: Node, path: Key) -> None:
        unwrapping = Unwrapping()
        bare = unwrapping.bare(node, path)
        self.values = plain(bare)
        self.positions: Positions = {}
        for at, inner in walk(bare, path):
            self.positions |= _position(inner, at)
        self.citations, self.problems = unwrapping.citations, unwrapping.problems
        self.checked: BaseModel | None = None
        """What the schema has made of it; none before."""


@dataclass(eq=False)
class Part:
    """A part of a scenario, whatever the values of its parameters are."""

    node: Node
    """Its data files are read."""
    path: Key
    blanks: Located
    problems: Located
    """With its data files."""

    @cached_property
    def data(self) -> Any:
        """What is written, with what is said about its sources."""
        return plain(self.node)

    @cached_property
    def computes(self) -> bool:
        """Whether a formula may be in it."""
        return any(is_formula(node.value) or is_formula(path[-1]) for path, node in walk(self.node, self.path))

    @cached_property
    def bare(self) -> Bare:
        """Its values, where there is no formula."""
        return Bare(self.node, self.path)


@dataclass
class Draft:
    """A scenario whose layers are settled and whose values the schema has not yet seen."""

    formulas: Formulas
    data: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    parts: list[tuple[Key, Bare]] = field(default_factory=list)
    """All of it, part by part."""
    positions: Positions = field(default_factory=dict)
    citations: dict[Key, Citation] = field(default_factory=dict)
    problems: Located = field(default_factory=list)

    @property
    def known(self) -> dict[str, Any]:
        """The values, and what the schema has made of those that it has seen before."""
        values: dict[str, Any] = {}
        for path, bare in self.parts:
            _put(values, path, bare.values if bare.checked is None else bare.checked)
        return values

    def keep(self, scenario: BaseModel) -> None:
        """Keep what the schema has made of each part."""
        for path, bare in self.parts:
            thing = getattr(scenario, str(path[0]))
            thing = thing if len(path) == 1 else thing[path[1]]
            bare.checked = thing if isinstance(thing, BaseModel) else None


class Reader:
    """Reads a scenario and its variants."""

    def __init__(self, root: Root, home: Origin) -> None:
        self.root, self.home = root, home
        self.kept = Kept()

    def pruned(self, tree: Node) -> Node:
        """The tree without what `null` deletes."""
        left = {key: node for key, node in tree.value.items() if node.value is not None}
        return Node({key: self._pruned_section(node, key) for key, node in left.items()}, tree.mark)

    def _pruned_section(self, node: Node, key: str) -> Node:
        if not _is_divided(node, key):
            return self.kept.of(prune, node, (key,))
        left = {name: entry for name, entry in node.value.items() if entry.value is not None}
        return Node({name: self.kept.of(prune, entry, (key, name)) for name, entry in left.items()}, node.mark)

    def has_need(self, tree: Node) -> bool:
        """Whether an order may be placed relative to its need."""
        supplies = entries(tree, "supplies").items()
        return any(self.kept.of(has_need, supply, ("supplies", name)) for name, supply in supplies)

    def draft(self, tree: Node, needs: Mapping[OrderName, datetime] | None = None) -> Draft:
        """Data files read, formulas computed, wrappers taken off, and what is missing found."""
        parts = {path: self.kept.of(self._part, node, path) for path, node in _parts(tree)}
        formulas = Formulas(_named(parts), needs)
        draft = Draft(formulas, positions=_position(tree, ()))
        for path, part in parts.items():
            is_computed = part.computes and path[-1] not in WORDS
            bare = Bare(formulas.filled(part.node, path), path) if is_computed else part.bare
            if path[0] not in NOT_IN_DATA:
                _put(draft.data, path, part.data)
            _put(draft.values, path, bare.values)
            if path[:1] not in draft.positions:
                draft.positions |= _position(tree.value[path[0]], path[:1])
            draft.positions |= bare.positions
            draft.citations |= bare.citations
            draft.parts.append((path, bare))
        blanks = list(_blanks(tree, (), parts))
        follows = following(blanks)
        draft.problems += blanks
        draft.problems += [problem for part in parts.values() for problem in part.problems]
        draft.problems += [entry for entry in formulas.problems if not follows(entry[0])]
        draft.problems += [((), problem) for _, bare in draft.parts for problem in bare.problems]
        return draft

    def _part(self, node: Node, path: Key) -> Part:
        measured = Measured(self.root, self.home)
        return Part(measured.filled(node, path), path, list(find_blanks(node, path)), measured.problems)


def following(problems: Located) -> Callable[[Key], bool]:
    """Whether a problem at a path only follows from one that was found inside it or around it."""
    paths = {path for path, _ in problems if path}
    around = {path[:length] for path in paths for length in range(len(path))}
    return lambda path: path in around or any(path[:length] in paths for length in range(1, len(path) + 1))


def _is_divided(node: Node, key: str) -> bool:
    """Whether a section is read entry by entry."""
    return key in SECTIONS and key not in _WHOLE and isinstance(node.value, dict) and bool(node.value)


def _parts(tree: Node) -> Iterator[tuple[Key, Node]]:
    """What is read apart from each other, in order: the entries of sections, and whatever else there is."""
    for key, node in tree.value.items():
        if _is_divided(node, key):
            yield from (((key, name), entry) for name, entry in node.value.items())
        else:
            yield (key,), node


def _blanks(node: Node, path: Key, parts: Mapping[Key, Part]) -> Blanks:
    """What is missing, which was found before in each part."""
    if path in parts:
        return parts[path].blanks
    return find_blanks(node, path, lambda child, inside: _blanks(child, inside, parts))


def _named(parts: Mapping[Key, Part]) -> Node:
    """All that formulas may name."""
    parameters = {str(path[1]): part.node for path, part in parts.items() if path[0] == "parameters" and path[1:]}
    return Node({name: parts[name,].node for name in DATES if (name,) in parts} | {"parameters": Node(parameters)})


def _put(values: dict[str, Any], path: Key, value: Any) -> None:
    """Put a value at a path of one or two keys."""
    for key in path[:-1]:
        values = values.setdefault(str(key), {})
    values[str(path[-1])] = value


def _position(node: Node, path: Key) -> Positions:
    """File and line of what stands at a path; nothing where no file wrote it."""
    return {} if node.mark is None else {path: (node.mark.origin.name, node.mark.line)}
