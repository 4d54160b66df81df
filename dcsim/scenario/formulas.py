"""Parameters, and the values of a scenario that are computed from them: `count: = ceil(it_power / 75 MW)`.

They are computed after all layers are applied, so that a changed parameter changes everything that follows from it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

from dcsim.errors import Problem
from dcsim.scenario.document import Key
from dcsim.scenario.expressions import RESERVED, evaluate, literal, parse
from dcsim.scenario.layers import PROVENANCE, RANGE, entries, is_partial, is_wrapper
from dcsim.scenario.needs import OrderName
from dcsim.scenario.quantity import UNITS, Quantity, Value, Word, in_words, written
from dcsim.scenario.tree import Node, graft, plain, walk
from dcsim.scenario.values import BEGINS_LIKE_A_DATE, describe, parse_bound, parse_uncertain, read_date
from dcsim.suggest import nearest, shorten
from dcsim.units import SPAN_WORDS, parse_date, parse_number

DATES = ("start", "day_zero")
"""Dates that are known by name, beside the parameters."""
NEED = "need"
"""The date on which the goods of an order are first needed, in `placed` of that order."""

MOST, MOST_FORMULAS = 1_000, 2_000
"""Parameters of a scenario, and different formulas."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
WORDS = (*PROVENANCE, "description", "label", "meaning", "what", "name", "url", "as_of", "author")
"""Keys behind which there are words, which are never computed."""
_RAMPS = (("count",), ("rate",))
"""Where the steps of a ramp may be computed too."""
_WORKING = ("duration", "remaining", "working", "each", "effects")
"""Where a day is one of work."""


def is_formula(value: object) -> bool:
    """Whether this is computed: text that begins with `=`."""
    return isinstance(value, str) and value.startswith("=")


def has_need(supply: Node, path: Key) -> bool:
    """Whether an order of a supply may be placed relative to its need."""
    return any(NEED in names_in(node.value) for _, node in walk(supply, path))


class _SpoiledError(ValueError):
    """A value needs another one, in which something is wrong."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Names(dict[str, Value]):
    """The values of all names; those that are missing say why."""

    def __init__(self) -> None:
        super().__init__()
        self.spoiled: dict[str, Problem] = {}
        self.known: list[str] = []

    def __missing__(self, name: str) -> Value:
        if name in self.spoiled:
            raise _SpoiledError(self.spoiled[name])
        if name == NEED:
            raise ValueError("`need` is known only in `placed` of an order")
        if name in SPAN_WORDS or name in UNITS:
            raise ValueError(f"no parameter '{name}'; if you mean the unit, write 1 {name}")
        raise ValueError(f"no parameter or choice '{name}'{nearest(name, self.known, 'parameters')}")


class Formulas:
    """Computes whatever begins with `=` in a scenario."""

    def __init__(self, tree: Node, needs: Mapping[OrderName, datetime] | None = None) -> None:
        self.problems: list[tuple[Key, Problem]] = []
        self.needs = needs
        """When the goods of orders are needed; not yet known if None, and the start stands for it."""
        self.relative: dict[OrderName, None] = {}
        """The orders that are placed relative to their need."""
        self.written: dict[Key, str] = {}
        """Every formula, with the path of what is computed by it."""
        self._tree = tree
        self._values: dict[str, Value | ValueError] = {}
        self._names: _Names | None = None if not entries(tree, "parameters") else self._named()

    def filled(self, node: Node, path: Key = ()) -> Node:
        """The tree with the values in the place of the formulas."""
        if is_formula(node.value):
            return self._computed(node, path)
        if isinstance(node.value, list):
            return Node([self.filled(child, (*path, i)) for i, child in enumerate(node.value)], node.mark)
        if not isinstance(node.value, dict) or is_partial(path) or path == ("sources",):
            return node
        wrapped = is_wrapper(node, path)
        values: dict[str, Node] = {}
        for key, child in node.value.items():
            step = path[-1:] in _RAMPS and is_formula(key)
            name = str(self._computed(Node(key, child.mark), (*path, key)).value) if step else key
            if name in values:
                self.problems.append(((*path, key), child.problem((*path, key), f"this is '{name}' a second time")))
            inside = path if wrapped and key == "value" else (*path, key)
            values[name] = child if key in WORDS else self.filled(child, inside)
        return Node(values, node.mark)

    def _computed(self, node: Node, path: Key) -> Node:
        """The value of a formula; the formula itself, and a problem, where it has none."""
        try:
            value = self._placed(node.value, path) if NEED in names_in(node.value) else self._value(node.value)
            if isinstance(value, Quantity) and value.is_elapsed and any(key in _WORKING for key in path):
                raise ValueError(
                    f"{value} is elapsed time, and a day of work has the hours of its calendar: write all spans in one "
                    "unit, or what is meant, such as (b - a) / 1 d * 1 d for as many days of work"
                )
            computed = graft(written(value), node.mark)
        except ValueError as error:
            self._refuse(error, node, path)
            return node
        if path[-1] not in RANGE:
            self.written[path] = node.value
        return computed

    def _refuse(self, error: ValueError, node: Node, path: Key) -> Problem:
        message = f"{error}, in `{shorten(str(node.value), 80)}`" if is_formula(node.value) else str(error)
        problem = error.problem if isinstance(error, _SpoiledError) else node.problem(path, message)
        self.problems.append((path, problem))
        return problem

    def _value(self, formula: str) -> Value:
        """What a formula comes to; the same wherever it stands."""
        if formula not in self._values:
            if len(self._values) >= MOST_FORMULAS:
                raise ValueError(f"a scenario has at most {MOST_FORMULAS:,} different formulas")
            names = self._named() if self._names is None else self._names
            try:
                self._values[formula] = evaluate(parse(formula[1:]), names)
            except ValueError as error:
                self._values[formula] = error
        value = self._values[formula]
        if isinstance(value, ValueError):
            raise value
        return value

    def _placed(self, formula: str, path: Key) -> Value:
        """What a formula comes to that dates an order relative to its need."""
        if path[:1] != ("supplies",) or "placed" not in path or "orders" not in path:
            return self._value(formula)
        order = (str(path[1]), str(path[path.index("orders") + 1]))
        self.relative[order] = None
        names = self._named() if self._names is None else self._names
        if self.needs is not None and order not in self.needs:
            raise ValueError(
                f"nothing needs the goods of '{order[1]}' in the expected case: the stock of '{order[0]}' and the "
                "orders before it are enough; give a date, or leave the order out"
            )
        own = _Names()
        own.spoiled, own.known = names.spoiled, names.known
        own |= names | {NEED: names["start"] if self.needs is None else self.needs[order]}
        return evaluate(parse(formula[1:]), own)

    # Parameters

    def _named(self) -> _Names:
        """The values of all names: choices, dates, and parameters, each after those it is computed from."""
        self._names = names = _Names()
        parameters = entries(self._tree, "parameters")
        nodes = dict(self._written(parameters, names))
        choices = {name: _choices(parameters[name]) for name in nodes if name in parameters}
        names |= {word: word for listed in choices.values() for word in listed if isinstance(word, Word)}
        names.known = [*nodes, *names]
        for name in self._in_order(nodes, names):
            path, node = nodes[name]
            try:
                if name in names:
                    raise ValueError(f"a choice has the name '{name}' too: rename one of them")
                names[name] = self._chosen(path, node, choices.get(name, []))
            except ValueError as error:
                names.spoiled[name] = self._refuse(error, node, path)
        return names

    def _written(self, parameters: dict[str, Node], names: _Names) -> Iterator[tuple[str, tuple[Key, Node]]]:
        """The parameters and dates as they are written, each with its path."""
        for number, (name, node) in enumerate(parameters.items()):
            wrong = _unfit(name) if number < MOST else f"a scenario has at most {MOST:,} parameters"
            if wrong:
                names.spoiled[name] = self._refuse(ValueError(wrong), Node(name, node.mark), ("parameters", name))
            elif (inner := node.get("value")) is not None:
                yield name, (("parameters", name, "value"), _bare(inner))
        start, day_zero = (self._tree.get(name) for name in DATES)
        if start is not None:
            yield "start", (("start",), _bare(start))
            yield "day_zero", (("day_zero",), _bare(day_zero) if day_zero is not None else Node("= start"))

    def _chosen(self, path: Key, node: Node, choices: list[Value]) -> Value:
        """The value of a parameter or date, which is one of its choices if it has any."""
        if is_formula(node.value):
            value = self._value(node.value)
        elif path[0] in DATES:
            return read_date(plain(node))
        else:
            before = len(self.problems)
            raw = plain(self.filled(node, path))
            if len(self.problems) > before:  # in a distribution with formulas
                raise _SpoiledError(self.problems[before][1])
            value = _read(raw, choices)
        if choices and value not in choices:
            known = [in_words(choice) for choice in choices]
            raise ValueError(
                f"expected one of {', '.join(known)}; got {in_words(value)}{nearest(in_words(value), known)}"
            )
        return _among(value, choices)

    def _in_order(self, nodes: dict[str, tuple[Key, Node]], names: _Names) -> Iterator[str]:
        """Names, each after those it is computed from; those that wait for each other are reported and left out."""
        graph: dict[str, list[str]] = {}
        for name, (_, node) in nodes.items():
            needed = dict.fromkeys(name for _, inner in walk(node) for name in names_in(inner.value))
            graph[name] = [name for name in needed if name in nodes]
        sorter, left, circle = TopologicalSorter(graph), dict(nodes), []
        try:
            sorter.prepare()
        except CycleError as error:
            circle = error.args[1][::-1]
        while ready := sorter.get_ready():
            for name in ready:
                left.pop(name)
                yield name
            sorter.done(*ready)
        if circle:
            path, node = nodes[circle[0]]
            message = f"these formulas depend on each other in a loop: {' -> '.join(circle[:12])}"
            problem = self._refuse(ValueError(message), node, path)
            names.spoiled |= dict.fromkeys(left, problem)
            self.problems += [(path, problem) for path, _ in left.values()]


def behind(path: Key, formulas: Mapping[Key, str]) -> list[Key]:
    """All parameters that a value is computed from, directly or through others."""
    parameters: dict[Key, None] = {}
    todo = [path]
    while todo:
        names = names_in(formulas.get(todo.pop(), ""))
        todo += [parameter for name in names if (parameter := ("parameters", name, "value")) not in parameters]
        parameters |= dict.fromkeys(todo)
    return list(parameters)


def names_in(formula: object) -> list[str]:
    """The names in a formula; none where it cannot be read, which is reported when it is computed."""
    try:
        return list(parse(str(formula)[1:]).names()) if is_formula(formula) else []
    except ValueError:
        return []


def _bare(node: Node) -> Node:
    """A value without what is said about its source."""
    inner = node.get("value")
    return _bare(inner) if inner is not None else node


def _unfit(name: str) -> str:
    """Why a parameter cannot be called so; empty if it can."""
    if not _NAME.fullmatch(name):
        return f"the name of a parameter consists of letters, digits and _, such as it_power; got '{shorten(name)}'"
    if name in RESERVED or name in (*DATES, NEED) or name in SPAN_WORDS or name in UNITS:
        return f"the name '{name}' is reserved: it is a word of the format or a unit"
    return ""


def _choices(parameter: Node) -> list[Value]:
    """What a parameter may be; nothing where it may be anything."""
    node = parameter.get("choices")
    choices: list[Value] = []
    for choice in node.value if node is not None and isinstance(node.value, list) else []:
        raw = plain(_bare(choice))
        try:
            choices.append(_read(raw, []))
        except ValueError:
            choices.append(Word(raw if isinstance(raw, str) else describe(raw)))
    return choices


def _among(value: Value, choices: list[Value]) -> Value:
    """A word with those that it is one of."""
    if not isinstance(value, Word):
        return value
    word = Word(value)
    word.among = tuple(choice for choice in choices if isinstance(choice, Word))
    return word


def _read(raw: Any, choices: list[Value]) -> Value:
    """A parameter as written: a number with or without a unit, a date, a distribution, or one of its choices."""
    if isinstance(raw, bool) or (isinstance(raw, str) and raw in choices):
        return raw if isinstance(raw, bool) else Word(raw)
    if isinstance(raw, dict) or (isinstance(raw, str) and " to " in raw):
        return parse_uncertain(raw, parse_bound)
    if isinstance(raw, str) and BEGINS_LIKE_A_DATE.match(raw):
        return parse_date(raw)
    if isinstance(raw, list) or raw is None:
        raise ValueError(f"a parameter must be a single value, got {describe(raw)}")
    if not isinstance(raw, str):
        return Quantity(parse_number(raw))
    try:
        return literal(raw)
    except ValueError:
        wanted, advice = "a number with its unit or a date", "; a word needs `choices`, a formula begins with ="
        if choices:
            words = [in_words(choice) for choice in choices]
            wanted, advice = (
                "one of its choices",
                nearest(raw, words) or f"; {len(words)} are known, such as '{words[0]}'",
            )
        raise ValueError(f"expected {wanted}, got '{shorten(raw)}'{advice}") from None
