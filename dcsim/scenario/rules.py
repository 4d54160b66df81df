"""Rules that turn what is known of a site at its start into a scenario: which template, and which values are set."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.cases import SITES, STANDARD, Cases, Site
from dcsim.scenario.cells import Assumed, folded, word
from dcsim.scenario.document import Key
from dcsim.scenario.files import ARCHETYPE, Root, UnreadableFileError, read_text
from dcsim.scenario.parse import UnreadableTextError, parse_yaml
from dcsim.scenario.tree import Node, Origin, plain
from dcsim.suggest import nearest, shorten

_CELL = re.compile(r"\{(\w+)\}")
_KEYS, _RULE = ("rules", "defaults", "calibrate"), ("when", "scenario", "set")
_BESIDE = ("value", "assumption", "source", "note")
_LEARNED = ("quantity", "by")

ALL = "all"
"""In the place of a column: all sites are one group."""
PLACED, PROBABILITY = ".placed", ".probability"
_LEARNABLE = re.compile(r"factors\.[^.]+|supplies\.[^.]+\.orders\.[^.]+\.placed|risks\.[^.]+\.probability")


class Default(NamedTuple):
    """What is taken where a cell says nothing that can be used, and why."""

    value: str
    reason: str = ""


class Learned(NamedTuple):
    """A quantity that real sites are asked about."""

    quantity: str
    """`factors.pace`, `supplies.*.orders.*.placed` or `risks.pause.probability`."""
    by: str = ""
    """The column whose words make the groups that may differ; archetypes if empty, no groups if `all`."""


@dataclass(frozen=True)
class Rule:
    """A template, for which sites it is, and what is set in it."""

    when: Mapping[str, tuple[str, ...]]
    """The words that a site may have in each of these columns; all sites if empty."""
    scenario: tuple[str, ...]
    """The file, beside that of the rules, or an archetype: `archetype:new-campus`; and layers to apply to it."""
    set: Mapping[str, Any]
    """Values by path; `{column}` in a text is the cell of the site."""
    line: int

    @property
    def archetype(self) -> str:
        """What the template is called: its first file without the ending."""
        return Path(self.scenario[0].removeprefix(ARCHETYPE)).stem


@dataclass(frozen=True)
class Rules:
    """The first rule whose `when` holds makes the scenario of a site."""

    path: Path
    rules: tuple[Rule, ...]
    defaults: Mapping[str, Default]
    """What is taken for an empty cell, by column."""
    calibrate: tuple[Learned, ...]
    """The quantities that real sites are asked about."""
    sha256: str
    """Fingerprint of the file."""

    def cells(self, site: Site) -> dict[str, str]:
        """What is known of a site, and what is taken where nothing is."""
        known = {column: cell for column, cell in site.cells.items() if cell}
        return {column: default.value for column, default in self.defaults.items()} | known

    def settled(self, site: Site) -> tuple[Site, list[Assumed]]:
        """A site in the words of the rules, and what was taken for them."""
        cells, assumed = dict(site.cells), []
        for column in dict.fromkeys(name for rule in self.rules for name in (*rule.when, *named(rule.set))):
            cell, default = cells.get(column, ""), self.defaults.get(column)
            known = dict.fromkeys(entry for rule in self.rules for entry in rule.when.get(column, ()))
            if not cell and default is not None:
                cells[column], reason = default.value, default.reason
            elif cell and known and default is not None:
                meant, reason = word(cell, [default.value, *known])
                if not meant:
                    as_it_is, instead = self._rule(cells), self._rule(cells | {column: default.value})
                    is_same = as_it_is is None or as_it_is is instead
                    meant, reason = (default.value, unknown(default)) if is_same else (cell, "no rule names it")
                cells[column] = meant
            else:
                continue
            if reason:
                assumed.append(Assumed(site.name, column, cell, cells[column], reason, SITES, site.line))
        return replace(site, cells=cells, shell=cells.get("shell", "")), assumed

    def of(self, site: Site) -> tuple[Rule, dict[str, Any]]:
        """The rule for a site, and the values that it sets; raises ScenarioError where there is none."""
        cells = self.cells(site)
        rule = self._rule(cells)
        if rule is None:
            known = dict.fromkeys(column for rule in self.rules for column in rule.when)
            cells_read = ", ".join(f"{column} '{shorten(cells.get(column, ''))}'" for column in known)
            _refuse(site, f"no rule of '{self.path}' matches {cells_read}: add a last rule without `when`")
        assert rule is not None
        empty = next((name for name in named(rule.set) if name not in cells), None)
        if empty is not None:
            _refuse(site, f"column '{empty}' is empty, and '{self.path}' has no default for it")
        return rule, {path: filled(value, cells) for path, value in rule.set.items()}

    def _rule(self, cells: Mapping[str, str]) -> Rule | None:
        return next((rule for rule in self.rules if _holds(rule.when, cells)), None)


def unknown(default: Default) -> str:
    """Why a default is taken for a word."""
    return f"the word is not known; {default.reason}".rstrip("; ")


def _refuse(site: Site, message: str) -> None:
    raise ScenarioError([Problem("", f"'{shorten(site.name)}': {message}", SITES, site.line)], SITES)


def _holds(when: Mapping[str, tuple[str, ...]], cells: Mapping[str, str]) -> bool:
    return all(folded(cells.get(column, "")) in map(folded, words) for column, words in when.items())


def named(value: Any) -> list[str]:
    """The columns that a value names."""
    if isinstance(value, str):
        return _CELL.findall(value)
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [name for condition in inside for name in named(condition)]


def filled(value: Any, cells: Mapping[str, str]) -> Any:
    """A value with the cells of a site in the place of their names."""
    if isinstance(value, str):
        return _CELL.sub(lambda match: cells[match[1]], value)
    if isinstance(value, Mapping):
        return {key: filled(inner, cells) for key, inner in value.items()}
    return [filled(inner, cells) for inner in value] if isinstance(value, list) else value


def read_rules(path: Path, cases: Cases) -> Rules:
    """The rules in a file for the columns of these sites; raises ScenarioError with all that is wrong."""
    try:
        text = read_text(path, str(path))
        tree, problems = parse_yaml(text, Origin(str(path), path))
    except UnreadableFileError as error:
        raise ScenarioError([Problem("", str(error), str(path))], str(path)) from None
    except UnreadableTextError as error:
        raise ScenarioError([error.problem], str(path)) from None
    reading = _Reading(Root(path.parent, "rules"), Origin(str(path), path), cases, problems)
    rules = reading.rules(tree)
    defaults = reading.defaults(tree.get("defaults"))
    calibrate = reading.calibrated(tree.get("calibrate"))
    if reading.problems:
        raise ScenarioError(reading.problems, str(path))
    return Rules(path, rules, defaults, calibrate, hashlib.sha256(text.encode()).hexdigest())


@dataclass
class _Reading:
    """Reads the tree of a file of rules and gathers what is wrong with it."""

    root: Root
    home: Origin
    cases: Cases
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Columns that are reported as missing."""

    def rules(self, tree: Node) -> tuple[Rule, ...]:
        self._known(tree, (), _KEYS, "a mapping with `rules`, `defaults` and `calibrate`")
        listed = tree.get("rules")
        if listed is None or not isinstance(listed.value, list) or not listed.value:
            self._say(listed or tree, ("rules",), "expected a list of rules: {when: ..., scenario: FILE, set: ...}")
            return ()
        return tuple(self._rule(rule, ("rules", number)) for number, rule in enumerate(listed.value))

    def _rule(self, node: Node, path: Key) -> Rule:
        self._known(node, path, _RULE, "a mapping with `when`, `scenario` and `set`")
        scenario = self._files(node.get("scenario") or Node("", node.mark), (*path, "scenario"))
        when = {
            column: self._words(entry, (*path, "when", column)) for column, entry in self._entries(node, path, "when")
        }
        set_ = {name: plain(entry) for name, entry in self._entries(node, path, "set")}
        for column in named(set_):
            self._column(node.get("set") or node, (*path, "set"), column)
        return Rule(when, scenario, set_, node.mark.line if node.mark else 0)

    def _files(self, node: Node, path: Key) -> tuple[str, ...]:
        """The template and its layers, which are all there."""
        names = [file.value for file in (node.value if isinstance(node.value, list) else [node])]
        if not names or not all(isinstance(name, str) and name for name in names):
            self._say(node, path, "expected the name of a scenario beside this file, or a list with its layers")
            return ("",)
        for name in names:
            try:
                self.root.beside(self.home, name)
            except UnreadableFileError as error:
                self._say(node, path, str(error))
        return tuple(names)

    def _words(self, node: Node, path: Key) -> tuple[str, ...]:
        self._column(node, path, str(path[-1]))
        words = node.value if isinstance(node.value, list) else [node]
        if any(isinstance(word.value, dict | list) for word in words):
            self._say(node, path, "expected a word, or a list of alternative words")
        return tuple(str(plain(word)) for word in words)

    def defaults(self, node: Node | None) -> dict[str, Default]:
        values = {}
        for column, entry in self._entries(Node({"defaults": node} if node else {}), (), "defaults"):
            path: Key = ("defaults", column)
            if isinstance(entry.value, dict):
                self._known(entry, path, _BESIDE, "a value, or `{value: 70, assumption: the reason}`")
            value = entry.get("value") if isinstance(entry.value, dict) else entry
            if value is None or isinstance(value.value, dict | list) or plain(value) is None:
                self._say(entry, path, "expected the value for an empty cell")
                continue
            self._column(entry, path, column)
            reason = plain(entry.get("assumption") or Node("")) if isinstance(entry.value, dict) else ""
            values[column] = Default(str(plain(value)), str(reason))
        return values

    def calibrated(self, node: Node | None) -> tuple[Learned, ...]:
        """The quantities that are named; each is looked for in every template later."""
        path: Key = ("calibrate",)
        expected = "factors such as [factors.pace], supplies.*.orders.*.placed, or risks.pause.probability"
        if node is None or not isinstance(node.value, list):
            if node is not None:
                self._say(node, path, f"expected a list of {expected}")
            return ()
        learned: dict[str, Learned] = {}
        for entry in node.value:
            by = ""
            if isinstance(entry.value, dict):
                self._known(entry, path, _LEARNED, "`{quantity: factors.pace, by: COLUMN}`")
                by = str(plain(entry.get("by") or Node("")))
                if by not in ("", ALL):
                    self._column(entry, path, by)
            name = plain(entry.get("quantity") or Node("")) if isinstance(entry.value, dict) else entry.value
            if not isinstance(name, str) or not _LEARNABLE.fullmatch(name):
                self._say(entry, path, f"expected {expected}; got '{shorten(str(name))}'")
                continue
            learned[name] = Learned(name, by)
        return tuple(learned.values())

    def _entries(self, node: Node, path: Key, key: str) -> list[tuple[str, Node]]:
        node_ = node.get(key)
        if node_ is None or isinstance(node_.value, dict):
            return list(node_.value.items()) if node_ is not None else []
        self._say(node_, (*path, key), "expected a mapping")
        return []

    def _known(self, node: Node, path: Key, keys: tuple[str, ...], expected: str) -> None:
        if not isinstance(node.value, dict):
            self._say(node, path, f"expected {expected}")
            return
        for key in node.value:
            if key not in keys:
                self._say(node.value[key], (*path, key), f"unknown key '{shorten(key)}'{nearest(key, keys)}")

    def _column(self, node: Node, path: Key, column: str) -> None:
        if column not in (*self.cases.columns, *STANDARD, *self.missing):
            self.missing.append(column)  # many rules may name it
            self._say(node, path, f"no column '{shorten(column)}' in {SITES}{nearest(column, self.cases.columns)}")

    def _say(self, node: Node, path: Key, message: str) -> None:
        self.problems.append(node.problem(path, message))
