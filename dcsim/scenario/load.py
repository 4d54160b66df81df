"""A scenario read from a file: layers applied, values checked, every problem listed at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dcsim.budget import LIMIT
from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.alone import alone
from dcsim.scenario.blanks import find_blanks
from dcsim.scenario.cash import with_cash
from dcsim.scenario.check import check, in_order, unknown_names
from dcsim.scenario.document import Document, Key, Laid
from dcsim.scenario.files import Root, UnreadableFileError, read_stream, read_text, shipped
from dcsim.scenario.formulas import Formulas, has_need
from dcsim.scenario.layers import Stack, entries, merge, prune
from dcsim.scenario.measured import Measured
from dcsim.scenario.messages import translate
from dcsim.scenario.needs import OrderName, needs_of
from dcsim.scenario.overrides import override
from dcsim.scenario.parse import UnreadableTextError
from dcsim.scenario.portfolio import INCLUDE, Portfolio, included, routed
from dcsim.scenario.provenance import Unwrapping
from dcsim.scenario.schema import Scenario
from dcsim.scenario.totals import with_totals
from dcsim.scenario.tree import Node, Origin, graft, plain, walk
from dcsim.suggest import nearest

STANDARD_INPUT = "-"
"""The name of a scenario that comes through a pipe; other files are then read from the current folder."""

Located = list[tuple[Key, Problem]]
"""Problems, each with the path of the value that it makes unusable."""


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

    def _where(self, path: str | Path) -> Path:
        try:
            return shipped(str(path))
        except UnreadableFileError as error:
            raise ScenarioError([Problem("", str(error), self.name)], self.name) from None

    def open(self, variants: tuple[str, ...], *laid: Laid) -> Scenario:
        """The scenario with these layers applied."""
        stack = Stack(self.root, list(self.problems))
        portfolio = Portfolio(stack, self.home, lambda site: self._needs(with_totals(site)[0]), self.limit)
        tree, refused = self._with_sites(portfolio, variants, laid)
        for layer in laid:
            own = {path: value for path, value in layer.overrides.items() if not path.startswith(INCLUDE)}
            tree, unknown = override(tree, own)
            refused += unknown
            options = routed(layer.options, portfolio.options)[""]
            tree = stack.lay_mitigations(stack.lay_options(tree, options), layer.mitigated)
        tree, uncounted = with_totals(prune(portfolio.settled(tree)))
        stack.problems += uncounted
        self._refuse(stack.missing + refused, stack.problems)
        draft = _draft(tree, self.root, self.home, self._needs(tree))
        document = draft.document(self.name, self.root.folder, self.limit, variants, laid)
        document = replace(document, variants_of_sites=tuple(portfolio.variants_of_sites))
        scenario = _validated(document, [*(((), problem) for problem in stack.problems), *draft.problems])
        scenario._opened_by = self
        scenario._warnings = (*in_order(stack.notes, self.name), *scenario.warnings)
        return scenario

    def _needs(self, tree: Node) -> Mapping[OrderName, datetime] | None:
        """When the goods of the orders are needed that are placed relative to that: in the plan, without its money and
        without what was seen. None where there are no such orders."""
        if not has_need(tree):
            return None
        draft = _draft(tree.without("seen", "as_of", "finance"), self.root, self.home)
        scenario = _validated(draft.document(self.name, self.root.folder, self.limit, (), ()), draft.problems)
        return needs_of(scenario, draft.formulas.relative)

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
            if only in included(tree):
                portfolio.left_out = [name for name in entries(tree, "include") if name != only]
                tree = alone(tree, only)
            else:
                message = f"no site '{only}'{nearest(only, included(tree), 'sites')}"
                stack.missing.append(Problem("include", message, self.name))
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


@dataclass(frozen=True)
class _Draft:
    """A scenario whose layers are settled and whose values are not yet read."""

    resolved: Node
    bare: Node
    unwrapping: Unwrapping
    formulas: Formulas
    problems: Located

    def document(
        self, name: str, root: Path, limit: float, variants: tuple[str, ...], laid: tuple[Laid, ...]
    ) -> Document:
        """The text behind the scenario."""
        return Document(
            name=name,
            data=plain(self.resolved.without("variants", "options", "include")),
            values=plain(self.bare),
            positions={
                path: (node.mark.origin.name, node.mark.line) for path, node in walk(self.bare) if node.mark is not None
            },
            citations=self.unwrapping.citations,
            formulas=self.formulas.written,
            root=root,
            limit=limit,
            variants=variants,
            laid=laid,
        )


def _draft(tree: Node, root: Root, home: Origin, needs: Mapping[OrderName, datetime] | None = None) -> _Draft:
    """Data files read, formulas computed, wrappers taken off, and what is missing found."""
    blanks = list(find_blanks(tree))
    measured = Measured(root, home)
    resolved = measured.filled(tree)
    formulas = Formulas(resolved, needs)
    unwrapping = Unwrapping()
    bare = unwrapping.bare(formulas.filled(resolved))
    wrapped: Located = [((), problem) for problem in unwrapping.problems]
    follows = _following(blanks)
    computed = [entry for entry in formulas.problems if not follows(entry[0])]
    return _Draft(resolved, bare, unwrapping, formulas, [*blanks, *measured.problems, *computed, *wrapped])


def _validated(document: Document, problems: Located) -> Scenario:
    """The scenario, if it can be simulated; every problem that can be seen at once, if not."""
    try:
        scenario = Scenario.model_validate(document.values)
    except ValidationError as error:
        follows = _following(problems)
        problems = problems + [entry for entry in translate(error, document) if not follows(entry[0])]
        names = unknown_names(document, [path for path, _ in problems])
        raise ScenarioError(in_order([p for _, p in problems] + names, document.name), document.name) from None
    scenario._document = document
    if problems:
        names = unknown_names(document, [path for path, _ in problems])
        raise ScenarioError(in_order([p for _, p in problems] + names, document.name), document.name)
    check(scenario)
    return with_cash(scenario)


def _following(problems: Located) -> Callable[[Key], bool]:
    """Whether a problem at a path only follows from one that was found inside it or around it."""
    paths = {path for path, _ in problems if path}
    around = {path[:length] for path in paths for length in range(len(path))}
    return lambda path: path in around or any(path[:length] in paths for length in range(1, len(path) + 1))
