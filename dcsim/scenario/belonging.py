"""Whether what a portfolio says under names of its sites is about sites that are there, and things that they have."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from dcsim.errors import Problem
from dcsim.places import site_of
from dcsim.scenario.document import Key
from dcsim.scenario.layers import ANNOTATIONS, SECTIONS, entries
from dcsim.scenario.tree import Node, walk
from dcsim.suggest import nearest

TEXTS = ("label", *ANNOTATIONS)
"""Keys whose values are read by people: names in them are no references."""
_NAMED = {
    "places": "place level",
    "calendars": "calendar",
    "factors": "factor",
    "resources": "resource",
    "supplies": "supply",
    "activities": "activity",
    "risks": "risk",
    "branches": "branch",
    "correlations": "correlation",
    "milestones": "milestone",
}
"""Sections of things that belong to a site if their name begins with that of the site."""


def naming(sites: Collection[str]) -> Callable[[object], str]:
    """Tells which of these sites a key or a value names, or something of it: `supplies.memphis.hbm`; empty for none."""
    either = "|".join(map(re.escape, sites)) or "(?!)"
    about = re.compile(rf"(?:(?:{'|'.join(SECTIONS)})\.)?({either})(?:[./].*)?")

    def named(word: object) -> str:
        parts = word.split("|") if isinstance(word, str) else ()
        return next((match[1] for part in parts if (match := about.fullmatch(part.strip()))), "")

    return named


def strangers(tree: Node, known: Mapping[str, Collection[str]], left_out: Collection[str]) -> Iterator[Problem]:
    """Entries with the name of a site for which the site has nothing of that name, or which is left out."""
    for site in known["sites"]:
        node = entries(tree, "sites").get(site)
        if node is not None and node.value is None:
            inwards = site.replace(".", ".set.include.")
            yield node.problem(("sites", site), f"a site is left out with `include.{inwards}=null`")
    for section, kind in _NAMED.items():
        things = entries(tree, section)
        declared = {*known.get(section, ()), *entries(tree, "sites")}
        for name in [name for name in things if "." in name and name not in declared]:
            path: Key = (section, name)
            if gone := site_of(name, left_out):
                if things[name].value is not None:
                    yield things[name].problem(path, f"no site '{gone}' is left, so nothing can be said about it here")
            elif site := site_of(name, known["sites"]):
                own = name.removeprefix(f"{site}.")
                if own in things:
                    advice = (
                        f"; it shares '{own}' of the portfolio: write that, or `shares: {{{own}: null}}` for '{site}'"
                    )
                else:
                    begin = f"{site}."
                    names = [word.removeprefix(begin) for word in known.get(section, ()) if word.startswith(begin)]
                    near = nearest(own, names)
                    advice = (
                        near if "did you mean" in near else f"{near}; something new belongs into the `set` of the site"
                    )
                yield things[name].problem(path, f"'{site}' has no {kind} '{own}'{advice}")


def without_absent(tree: Node, left_out: Collection[str]) -> tuple[Node, list[Problem]]:
    """The scenario without its options and variants that change what is left out, and a note of each."""
    notes: list[Problem] = []
    for section in ("options", "variants") if left_out else ():
        things = entries(tree, section)
        out = {name: site for name, part in things.items() if (site := _concerns(part, left_out))}
        if out:
            tree = tree.replaced(section, tree.value[section].without(*out))
        for name, site in out.items():
            message = f"this {section[:-1]} is left out: it is about '{site}', a site that is left out"
            notes.append(things[name].problem((section, name), message))
    return tree, notes


def _concerns(part: Node, sites: Collection[str]) -> str:
    """The first of these sites that is named in a partial scenario, except to delete; empty for none."""
    named = naming(sites)
    for path, node in walk(part):
        if node.value is None or any(key in TEXTS for key in path):
            continue
        for word in (*path[-1:], node.value):
            if site := named(word):
                return site
    return ""
