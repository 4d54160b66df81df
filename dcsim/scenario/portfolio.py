"""Many sites in one scenario: each is read from a file of its own, and everything in it gets the name of its site."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from dcsim.budget import LIMIT
from dcsim.errors import MOST_SHOWN, Problem
from dcsim.scenario.alone import alone, without
from dcsim.scenario.belonging import strangers, without_absent
from dcsim.scenario.checks.names import FORBIDDEN
from dcsim.scenario.document import Key
from dcsim.scenario.files import UnreadableFileError
from dcsim.scenario.formulas import Formulas
from dcsim.scenario.layers import SECTIONS, Stack, circle, entries, merge, prune, settled
from dcsim.scenario.needs import OrderName
from dcsim.scenario.overrides import override
from dcsim.scenario.parse import UnreadableTextError
from dcsim.scenario.renaming import SHARED, Renaming
from dcsim.scenario.schema import RESERVED
from dcsim.scenario.tree import Node, Origin, scalar, walk
from dcsim.suggest import article, nearest
from dcsim.units import parse_date

MOST_SITES = 1_000
"""Sites of a portfolio."""
DEEPEST = 10
"""Portfolios inside each other."""
VALUES_PER_GIB = 500_000
"""Values that all sites together may consist of."""

INCLUDE = "include."
"""Before the path of what a portfolio says about one of its sites."""

_OF_SITE = ("label", "priority", "needed_by")
_DATES = ("start", "day_zero")
_WHAT = {
    "supplies": "supply",
    "resources": "resource",
    "factors": "factor",
    "risks": "risk",
    "calendars": "calendar",
}


@dataclass
class Portfolio:
    """Puts the sites that a scenario includes together with what it says itself."""

    stack: Stack
    home: Origin
    needs: Callable[[Node], Mapping[OrderName, datetime] | None]
    """When the goods of the orders of a site are needed, if it stands alone."""
    limit: float = LIMIT
    variants: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Variants applied at each site, after those that `include` names."""
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Options taken at each site, after those that `include` names."""
    outer: str = ""
    """Before the names of its sites, in a portfolio that another one includes: `us.`."""
    variants_of_sites: list[str] = field(default_factory=list)
    """Every variant of a site: `memphis.fast`."""
    left_out: Collection[str] = ()
    """Sites that are not included, beside those that are `null`; `us.ohio` if it is one of an included portfolio."""
    only: str = ""
    """The site inside the included portfolio that is left alone: `texas` of `us.texas`; empty for all."""
    gone: Collection[str] = ()
    """What an included portfolio has no more, because one of its sites is alone: `us.ohio`, `us.celebrate`."""
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Names of all things of its sites, by section, once it is joined."""
    so_far: Counter[str] = field(default_factory=Counter)
    """Sites that were read, and the values in them."""

    def alone(self, own: Node, site: str) -> Node:
        """The scenario with this site alone; of `us.texas` its site `us`, which is read with its site `texas` alone."""
        sites = included(own)
        name, _, self.only = site.partition(".")
        if name not in sites:
            names = [f"{self.outer}{known}" for known in sites]
            wanted = f"{self.outer}{site}"
            kind = f"sites in '{self.outer.rstrip('.')}'" if self.outer else "sites"
            message = f"no site '{wanted}'{nearest(wanted, names, kind)}"
            self.stack.missing.append(Problem("include", message, self.home.name))
            return own
        self.left_out = [key for key in entries(own, "include") if key != name]
        return alone(own, name)

    def joined(self, own: Node, below: tuple[Origin, ...] = ()) -> Node:
        """The scenario with all sites in it; itself where it includes none."""
        if not included(own):
            if entries(own, "include") and not entries(own, "activities"):
                self.stack.missing.append(own.value["include"].problem(("include",), "no site is left", self.home.name))
            return own
        self.left_out = {*self.left_out, *entries(own, "include")} - {*included(own)}
        sites: dict[str, tuple[Node, Node]] = {}
        for name, entry in included(own).items():
            if bad := [character for character in name if character in FORBIDDEN]:
                message = f"the name '{name}' contains a {bad[0]!r}; names cannot contain {' '.join(FORBIDDEN)}"
                self.stack.missing.append(entry.problem(("include", name), message, self.home.name))
            elif name in RESERVED:
                message = f"a site cannot have the name '{name}': it is reserved by the format"
                self.stack.missing.append(entry.problem(("include", name), message, self.home.name))
            elif (tree := self._site(name, entry, below or (self.home,))) is not None:
                sites[name] = entry, tree
        if self.only:
            own = without(own, self.gone)
        own = self._clocked(own, sites)
        sections: dict[str, dict[str, Node]] = {"sites": {}, "places": {}}
        seen: list[Node] = []
        for name, (entry, tree) in sites.items():
            if name in entries(own, "places"):
                message = f"a site cannot have the name '{name}': a place level has that name already"
                self._say(entry, ("include", name), message)
            renaming = Renaming(name, self._shared(name, entry, tree, own), _label(entry))
            renamed = renaming.tree(tree)
            self._count(renamed, entry, name)
            own = self._with_shared(own, renamed, renaming)
            sections["sites"][name] = _as_site(entry, tree, own)
            sections["places"][name] = Node({"names": Node([Node(name)])}, entry.mark)
            for section, part in renamed.value.items():
                gone = renaming.shared.get(section, {}).values()
                known = sections.setdefault(section, {})
                known |= {key: child for key, child in part.value.items() if key not in gone}
            seen += renaming.sightings(tree)
        if any(tree.get("finance") is not None for _, tree in sites.values()):
            message = "the `finance` of its sites is left out: a portfolio has only its own"
            self.stack.notes.append(own.value["include"].problem(("include",), message, self.home.name))
        self.known = {section: {*part} for section, part in sections.items()}
        base = Node({section: Node(part) for section, part in sections.items()})
        return merge(base, _with_seen(own, seen, [tree for _, tree in sites.values()]))

    def settled(self, tree: Node) -> Node:
        """The scenario, joined and with all layers, without options and variants about sites that are left out."""
        if self.known:
            self.stack.missing += islice(strangers(tree, self.known, self.left_out), MOST_SHOWN)
            tree, notes = without_absent(tree, self.left_out)
            self.stack.notes += notes
        return tree

    def _count(self, renamed: Node, entry: Node, name: str) -> None:
        self.so_far.update(sites=1, values=sum(1 for _ in walk(renamed)))
        most = int(VALUES_PER_GIB * self.limit)
        if self.so_far["values"] > most:
            message = f"all sites together have more than {most:,} values; raise `--limit` (GiB)"
            raise UnreadableTextError(message, entry.mark.origin if entry.mark else self.home)

    # One site

    def _site(self, name: str, entry: Node, below: tuple[Origin, ...]) -> Node | None:
        """The tree of a site with its layers, its formulas computed; none where it cannot be read."""
        path: Key = ("include", name)
        file = entry.get("file")
        if file is None or not isinstance(file.value, str) or not file.value.strip():
            self.stack.missing.append(entry.problem(path, "a site needs `file`, the scenario that describes it"))
            return None
        before = self.home if file.mark is None else file.mark.origin
        try:
            text, origin = self.stack.root.beside(before, file.value)
            if around := circle(below, origin):
                problem = f"these files include each other in a loop: {around}"
            elif len(below) > DEEPEST or self.so_far["sites"] >= MOST_SITES:
                problem = f"at most {DEEPEST} portfolios may include each other in a row, and {MOST_SITES:,} sites"
            else:
                return self._layered(name, self.stack.read(text, origin), entry, (*below, origin))
        except UnreadableFileError as error:
            problem = str(error)
        except UnreadableTextError as error:
            self.stack.missing.append(error.problem)
            return None
        self.stack.missing.append(file.problem((*path, "file"), problem))
        return None

    def _layered(self, name: str, tree: Node, entry: Node, below: tuple[Origin, ...]) -> Node:
        """The site with its variants, with what is set, with its options and mitigations, and with its own sites."""
        self.variants_of_sites += (f"{self.outer}{name}.{variant}" for variant in entries(tree, "variants"))
        unknown = len(self.stack.missing)
        variants = [*_names(entry.get("variants")), *self.variants.get(name, ())]
        tree = self.stack.lay_variants(tree, [variant for variant in variants if "." not in variant])
        tree = self._set(tree, entry, ("include", name, "set"))
        options = [*_names(entry.get("options")), *self.options.get(name, ())]
        tree = self.stack.lay_options(tree, [option for option in options if "." not in option])
        of_sites = [routed([word for word in words if "." in word], included(tree)) for words in (variants, options)]
        tree = self.stack.lay_options(self.stack.lay_variants(tree, of_sites[0].pop("")), of_sites[1].pop(""))
        for key in _DATES:
            tree = tree if (date := entry.get(key)) is None else tree.replaced(key, date)
        inside = replace(self, variants=of_sites[0], options=of_sites[1], outer=f"{self.outer}{name}.", left_out=())
        plans = _plans(tree)
        if self.only:
            tree = inside.alone(tree, self.only)
        tree = inside.settled(inside.joined(tree, below))
        if self.only:
            self.left_out = {*self.left_out, *(f"{name}.{site}" for site in inside.left_out)}
            self.gone = [f"{name}.{part}" for part in (*inside.left_out, *inside.gone, *(plans - _plans(tree)))]
        tree = prune(self.stack.lay_mitigations(tree, _names(entry.get("mitigate"))))
        self.stack.missing[unknown:] = [
            problem if problem.file else entry.problem(("include", name), problem.message, self.home.name)
            for problem in self.stack.missing[unknown:]
        ]
        return self._computed(tree)

    def _set(self, tree: Node, entry: Node, path: Key) -> Node:
        """The site with single values and parts of sections set."""
        given = entry.get("set")
        for key, value in (given.value if given is not None and isinstance(given.value, dict) else {}).items():
            if key in SECTIONS and isinstance(value.value, dict):
                tree = merge(tree, settled(Node({key: value}, value.mark)))
                continue
            tree, wrong = override(tree, {key: value})
            self.stack.missing += [value.problem((*path, key), problem.message) for problem in wrong]
        return tree

    def _computed(self, tree: Node) -> Node:
        formulas = Formulas(tree, self.needs(tree))
        filled = formulas.filled(tree)
        alone = "; the formulas of a site see its own parameters alone"
        self.stack.missing += [
            replace(problem, message=problem.message + alone) if "no parameter" in problem.message else problem
            for _, problem in formulas.problems
        ]
        return filled

    # What sites have in common

    def _clocked(self, own: Node, sites: Mapping[str, tuple[Node, Node]]) -> Node:
        """The portfolio with its clock, which is that of all sites; a site can begin later."""
        starts = [start for _, tree in sites.values() if (start := tree.get("start")) is not None and start.value]
        if own.get("start") is None and starts:
            own = own.replaced("start", min(starts, key=_date))
        given = own.get("horizon")
        for name, (entry, tree) in sites.items():
            start, horizon = tree.get("start"), tree.get("horizon")
            if start is not None and _date(start) < _date(own.get("start")):
                value = scalar(own.get("start"))
                message = f"'{name}' begins on {scalar(start)}, before the portfolio: let the portfolio begin then, or "
                self._say(entry, ("include", name), message + f"write `start: {value}` for the site")
            if horizon is None or horizon.value is None or given is not None:
                continue
            if own.get("horizon") is None:
                own = own.replaced("horizon", horizon)
            elif (of_site := scalar(horizon)) != (value := scalar(own.get("horizon"))):
                message = f"the sites have the horizons {value} and {of_site}: give the portfolio a `horizon` for all"
                self._say(entry, ("include", name), message)
        return own

    def _shared(self, name: str, entry: Node, tree: Node, own: Node) -> dict[str, dict[str, str]]:
        """Of each section the names of the site that stand for something of the portfolio."""
        declared = {section: [key for key in entries(own, section) if "." not in key] for section in SHARED}
        shared = {section: {key: key for key in keys} for section, keys in declared.items()}
        shares = entry.get("shares")
        for key, target in (shares.value if shares is not None and isinstance(shares.value, dict) else {}).items():
            for section in SHARED:
                shared[section].pop(key, None)
            if target.value is None:
                continue
            path: Key = ("include", name, "shares", key)
            sections = [section for section in SHARED if target.value in declared[section]]
            known = [key for keys in declared.values() for key in keys]
            if not sections:
                message = f"the portfolio shares nothing called '{target.value}'"
                self._say(target, path, message + nearest(str(target.value), known))
            elif not _mentions(tree, key):
                site_keys = [key for section in SHARED for key in entries(tree, section)]
                self._say(target, path, f"nothing in '{name}' is called '{key}'{nearest(key, site_keys)}")
            for section in sections:
                shared[section][key] = target.value
        for section, names in shared.items():
            for in_site, in_portfolio in names.items():
                self._check_shared(name, entry, section, (in_site, in_portfolio), (tree, own))
        return shared

    def _check_shared(
        self, name: str, entry: Node, section: str, names: tuple[str, str], trees: tuple[Node, Node]
    ) -> None:
        """What a site says about something that is shared fits to what the portfolio says."""
        of_site, of_portfolio = (entries(tree, section).get(key) for tree, key in zip(trees, names, strict=True))
        if of_site is None or of_portfolio is None:
            return
        path: Key = (section, names[0])
        apart = f"; if this is something else, write `shares: {{{names[0]}: null}}` in `include.{name}`"
        if (per := of_site.get("per")) is not None and of_portfolio.get("per") is None and per.value != "site":
            message = f"{article(_WHAT[section])} that every '{per.value}' has for itself cannot be shared{apart}"
            self._say(per, (*path, "per"), message)
        if section != "supplies":
            return
        unit, its = (scalar(part.get("unit")) for part in (of_portfolio, of_site))
        if unit != its:
            message = f"its unit is {its or 'not given'}, but the portfolio shares '{names[1]}' in {unit or 'no unit'}"
            self._say(of_site.get("unit") or of_site, (*path, "unit"), message + apart)

    def _with_shared(self, own: Node, renamed: Node, renaming: Renaming) -> Node:
        """The portfolio with what the site says about the effects of shared risks on its own things."""
        for in_portfolio in renaming.shared["risks"].values():
            of_site, of_portfolio = entries(renamed, "risks").get(in_portfolio), entries(own, "risks").get(in_portfolio)
            if of_site is None or of_portfolio is None or not isinstance(of_portfolio.value, dict):
                continue
            for key in ("effects", "delays"):
                if (more := of_site.get(key)) is not None and isinstance(more.value, dict):
                    before = of_portfolio.get(key)
                    given_before = before.value if before is not None and isinstance(before.value, dict) else {}
                    on_its_own = {on: size for on, size in more.value.items() if renaming.owns(on.partition(".")[2])}
                    of_portfolio = of_portfolio.replaced(key, Node({**on_its_own, **given_before}, more.mark))
            stopped = [node for node in _listed(of_site.get("stop_work")) if renaming.owns(str(node.value))]
            stopped += _listed(of_portfolio.get("stop_work"))
            if stopped:
                unique = {str(node.value): node for node in stopped}
                of_portfolio = of_portfolio.replaced("stop_work", Node(list(unique.values()), of_portfolio.mark))
            risks = entries(own, "risks")
            own = own.replaced("risks", Node({**risks, in_portfolio: of_portfolio}, own.value["risks"].mark))
        return own

    def _say(self, node: Node, path: Key, message: str) -> None:
        self.stack.problems.append(node.problem(path, message, self.home.name))


def included(tree: Node) -> dict[str, Node]:
    """What a portfolio includes, without what it leaves out."""
    return {name: entry for name, entry in entries(tree, "include").items() if entry.value is not None}


def routed(names: Sequence[str], sites: Collection[str]) -> dict[str, list[str]]:
    """Names by the site that they belong to, `memphis.air_freight` as `air_freight`; others under the empty name."""
    by_site: dict[str, list[str]] = {"": []}
    for name in names:
        site, dot, rest = name.partition(".")
        by_site.setdefault(site if dot and site in sites else "", []).append(rest if dot and site in sites else name)
    return by_site


def _as_site(entry: Node, tree: Node, own: Node) -> Node:
    """What stays known of a site once its file is read; its start where that is not the one of the portfolio."""
    given = {key: child for key in _OF_SITE if (child := entry.get(key)) is not None and child.value is not None}
    given |= {key: child for key in _DATES if (child := tree.get(key)) is not None}
    if _date(tree.get("start")) <= _date(own.get("start")):
        given.pop("start", None)
    return Node(given, entry.mark)


def _with_seen(own: Node, seen: list[Node], trees: Sequence[Node]) -> Node:
    """The portfolio with what was seen at all its sites, as of the day that it or one of them names."""
    if seen:
        own = own.replaced("seen", Node([*seen, *_listed(own.get("seen"))], own.mark))
    days = [day for tree in trees if (day := tree.get("as_of")) is not None and day.value is not None]
    if days and own.get("as_of") is None:
        own = own.replaced("as_of", max(days, key=scalar))
    return own


def _plans(tree: Node) -> set[str]:
    return {*entries(tree, "activities"), *entries(tree, "milestones")}


def _label(entry: Node) -> str:
    return scalar(entry.get("label"))


def _date(node: Node | None) -> datetime:
    """A date; the first of all dates where nothing is given, or no date, of which the scenario tells."""
    try:
        return parse_date(scalar(node))
    except ValueError:
        return datetime.min


def _listed(node: Node | None) -> list[Node]:
    """The entries of a list, or the one that is written without it."""
    if node is None or node.value is None:
        return []
    return node.value if isinstance(node.value, list) else [node]


def _names(node: Node | None) -> list[str]:
    return [str(entry.value) for entry in _listed(node)]


def _mentions(tree: Node, name: str) -> bool:
    """Whether a name is written anywhere in a tree, as a key or as a value."""
    words: Any = (word for path, node in walk(tree) for word in (path[-1:], (node.value,)))
    return any(
        isinstance(word[0], str) and name in (word[0], *map(str.strip, word[0].split("|"))) for word in words if word
    )
