"""A scenario read from a file: layers applied, values checked, every problem listed at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dcsim.budget import LIMIT
from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.cash import with_cash
from dcsim.scenario.check import check, in_order, unknown_names
from dcsim.scenario.document import Document, Laid
from dcsim.scenario.files import Root, UnreadableFileError, read_stream, read_text, shipped
from dcsim.scenario.layers import Stack, entries, merge
from dcsim.scenario.messages import translate
from dcsim.scenario.needs import OrderName, needs_of
from dcsim.scenario.overrides import override
from dcsim.scenario.parse import UnreadableTextError
from dcsim.scenario.portfolio import INCLUDE, Portfolio, included, routed
from dcsim.scenario.reading import Draft, Reader, following
from dcsim.scenario.schema import Scenario
from dcsim.scenario.totals import with_totals
from dcsim.scenario.tree import Node, Origin, graft

MOST_KEPT = 4
"""Scenarios that are kept at most with their sites, of one that was read."""
STANDARD_INPUT = "-"
"""The name of a scenario that comes through a pipe; other files are then read from the current folder."""


def load(
    path: str | Path | Mapping[str, Any],
    variants: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    mitigate: Sequence[str] = (),
    root: Path | None = None,
    options: Sequence[str] = (),
    limit: float = LIMIT,
    site: str | None = None,
) -> Scenario:
    """A scenario from a file, or from a mapping that says the same; of a portfolio one site alone, if it is given.

    `variants` are applied in order, then single values (`{"resources.rack_crews.count": 16}`), then what
    the `options` change, then what is done against the risks in `mitigate`. Nothing outside `root` is read, the
    folder of the file if not given. It may take `limit` GiB. Raises ScenarioError with all that is wrong.
    """
    laid = Laid(overrides or {}, tuple(options), tuple(mitigate), site)
    return _Loader(path, root, limit).open(tuple(variants), laid)


def changed(
    scenario: Scenario,
    variants: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    mitigate: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Scenario:
    """The same scenario with more layers: all variants first, then its other layers, then these.

    Raises ScenarioError with all that is wrong with it.
    """
    document, door = scenario.document, scenario.opened_by
    assert isinstance(door, _Loader)
    more = Laid(overrides or {}, tuple(options), tuple(mitigate))
    return door.open((*document.variants, *variants), *document.laid, more)


class _Loader:
    """A scenario that has been read once, with all it extends, and can be opened with any layers."""

    def __init__(self, path: str | Path | Mapping[str, Any], root: Path | None, limit: float) -> None:
        self.limit = limit
        piped = path in (STANDARD_INPUT, Path(STANDARD_INPUT))
        self.name = "scenario" if isinstance(path, Mapping) else "standard input" if piped else str(path)
        if not isinstance(path, Mapping):
            path = self._where(path)
        folder = root or (Path() if isinstance(path, Mapping) else Path(path).parent)
        self.home = Origin(self.name, folder / self.name if isinstance(path, Mapping) or piped else Path(path))
        self.root = Root(folder)
        self.reader = Reader(self.root, self.home)
        stack = Stack(self.root)
        try:
            if isinstance(path, Mapping):
                self.tree = stack.over_bases(graft(path), self.home)
            else:
                if piped:
                    text = read_stream(self.name)
                else:
                    text = read_text(Path(path), str(path)) if root is None else self.root.read(Path(path), str(path))
                self.tree = stack.read(text, self.home)
        except UnreadableTextError as error:
            raise ScenarioError([error.problem], self.name) from None
        except (UnreadableFileError, ValueError) as error:
            raise ScenarioError([Problem("", str(error), self.name)], self.name) from None
        self._refuse(stack.missing, stack.problems)
        self.problems = stack.problems
        self._known: dict[object, tuple[Portfolio, Node, list[Problem]]] = {}
        """What was joined, by the layers that decide about it."""

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_known": {}}

    def _where(self, path: str | Path) -> Path:
        try:
            return shipped(str(path))
        except UnreadableFileError as error:
            raise ScenarioError([Problem("", str(error), self.name)], self.name) from None

    def open(self, variants: tuple[str, ...], *laid: Laid) -> Scenario:
        """The scenario with these layers applied."""
        portfolio, tree, refused = self._joined(variants, laid)
        stack = portfolio.stack
        for layer in laid:
            own = {path: value for path, value in layer.overrides.items() if not path.startswith(INCLUDE)}
            tree, unknown = override(tree, own)
            refused += unknown
            options = routed(layer.options, portfolio.options)[""]
            tree = stack.lay_mitigations(stack.lay_options(tree, options), layer.mitigated)
        tree, uncounted = with_totals(self.reader.pruned(portfolio.settled(tree)))
        stack.problems += uncounted
        self._refuse(stack.missing + refused, stack.problems)
        draft = self.reader.draft(tree, self._needs(tree))
        draft.problems = [*(((), problem) for problem in stack.problems), *draft.problems]
        scenario = _checked(draft, self._document(draft, variants, laid, tuple(portfolio.variants_of_sites)))
        scenario._opened_by = self
        scenario._warnings = (*in_order(stack.notes, self.name), *scenario.warnings)
        return scenario

    def _needs(self, tree: Node) -> Mapping[OrderName, datetime] | None:
        """When the goods of the orders are needed that are placed relative to that: in the plan, without its money and
        without what was seen. None where there are no such orders."""
        if not self.reader.has_need(tree):
            return None
        draft = self.reader.draft(tree.without("seen", "as_of", "finance"))
        return needs_of(_checked(draft, self._document(draft)), draft.formulas.relative)

    def _document(
        self,
        draft: Draft,
        variants: tuple[str, ...] = (),
        laid: tuple[Laid, ...] = (),
        variants_of_sites: tuple[str, ...] = (),
    ) -> Document:
        """The text behind a scenario."""
        return Document(
            name=self.name,
            data=draft.data,
            values=draft.values,
            positions=draft.positions,
            citations=draft.citations,
            formulas=draft.formulas.written,
            root=self.root.folder,
            limit=self.limit,
            variants=variants,
            variants_of_sites=variants_of_sites,
            laid=laid,
        )

    def _joined(self, variants: tuple[str, ...], laid: tuple[Laid, ...]) -> tuple[Portfolio, Node, list[Problem]]:
        """The scenario with all sites that it includes, and wrong paths; joined once where the sites are the same."""
        deciding = [(*filter(self._is_about_sites, layer.options), layer.site) for layer in laid]
        key = variants, tuple(names for names in deciding if names != (None,))
        joined = self._known.get(key)
        sets_sites = any(path.startswith(INCLUDE) for layer in laid for path in layer.overrides)
        if joined is None or sets_sites:
            stack = Stack(self.root, list(self.problems))
            portfolio = Portfolio(stack, self.home, lambda site: self._needs(with_totals(site)[0]), self.limit)
            joined = portfolio, *self._with_sites(portfolio, variants, laid)
            if not sets_sites:
                if len(self._known) >= MOST_KEPT:
                    self._known.clear()
                self._known[key] = joined
        portfolio, tree, refused = joined
        before = portfolio.stack
        stack = replace(before, problems=[*before.problems], missing=[*before.missing], notes=[*before.notes])
        return replace(portfolio, stack=stack), tree, [*refused]

    def _is_about_sites(self, option: str) -> bool:
        """Whether an option is one of a site, or changes which sites there are and how they are included."""
        changes = (entries(self.tree, "options").get(option) or Node(None)).get("changes")
        return "." in option or (changes is not None and changes.get("include") is not None)

    def _with_sites(
        self, portfolio: Portfolio, variants: Sequence[str], laid: Sequence[Laid]
    ) -> tuple[Node, list[Problem]]:
        """The scenario with all sites that it includes, after the layers that say which and how; and wrong paths."""
        stack, refused = portfolio.stack, list[Problem]()
        tree = stack.lay_variants(self.tree, [name for name in variants if "." not in name])
        for layer in laid:
            about = {path: value for path, value in layer.overrides.items() if path.startswith(INCLUDE)}
            tree, unknown = override(tree, about)
            refused += unknown
            for name in routed(layer.options, included(tree))[""]:
                changes = (entries(tree, "options").get(name) or Node(None)).get("changes")
                if changes is not None and (include := changes.get("include")) is not None:
                    tree = merge(tree, Node({"include": include}, include.mark))
        only = next((layer.site for layer in laid if layer.site is not None), None)
        if only is not None:
            tree = portfolio.alone(tree, only)
        of_sites = routed([name for name in variants if "." in name], included(tree))
        portfolio.options = routed([name for layer in laid for name in layer.options], included(tree))
        portfolio.variants = of_sites
        try:
            return portfolio.joined(stack.lay_variants(tree, of_sites[""])), refused
        except UnreadableTextError as error:
            raise ScenarioError([error.problem], self.name) from None

    def _refuse(self, missing: list[Problem], problems: list[Problem]) -> None:
        if missing:
            raise ScenarioError(in_order(missing + problems, self.name), self.name)


def _checked(draft: Draft, document: Document) -> Scenario:
    """The scenario, if it can be simulated; every problem that can be seen at once, if not."""
    problems = [*draft.problems]
    try:
        scenario = _modelled(draft)
    except ValidationError as error:
        follows = following(problems)
        problems += [entry for entry in translate(error, document) if not follows(entry[0])]
        names = unknown_names(document, [path for path, _ in problems])
        raise ScenarioError(in_order([p for _, p in problems] + names, document.name), document.name) from None
    scenario._document = document
    if problems:
        names = unknown_names(document, [path for path, _ in problems])
        raise ScenarioError(in_order([p for _, p in problems] + names, document.name), document.name)
    draft.keep(scenario)
    check(scenario)
    return with_cash(scenario)


def _modelled(draft: Draft) -> Scenario:
    """What the schema makes of a scenario, where what it has made before of some parts still holds."""
    try:
        return Scenario.model_validate(draft.known)
    except ValidationError:
        return Scenario.model_validate(draft.values)  # so that the error tells of what is written
