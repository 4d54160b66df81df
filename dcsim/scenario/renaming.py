"""The names of a site inside a portfolio: `crew` of `memphis` is `memphis.crew`, unless the portfolio shares a crew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from dcsim.places import SITE
from dcsim.scenario.document import Key
from dcsim.scenario.layers import entries
from dcsim.scenario.schema import ALWAYS, PREDECESSOR, SUCCESSOR
from dcsim.scenario.tree import Node

SHARED = ("supplies", "resources", "factors", "risks", "calendars")
"""Sections whose entries a portfolio may declare once for several sites."""
_ELSEWHERE = ("include", "parameters", "variants", "finance")
"""Sections that a site keeps for itself, or that stand in its portfolio in another form."""
_FIXED = (SITE, ALWAYS, SUCCESSOR, PREDECESSOR)

Rename = Callable[[str], str]


@dataclass(frozen=True)
class Renaming:
    """Gives everything in the tree of a site, and whatever refers to it, its name in the portfolio."""

    site: str
    shared: Mapping[str, Mapping[str, str]]
    """Of each section, the names of the site that stand for something of the portfolio."""
    label: str = ""
    """What reports call the site."""

    @cached_property
    def values(self) -> Mapping[str, Rename]:
        """What renames the value of a key, one name or a list of them."""
        return {
            **{key: self._of("places") for key in ("at", "per")},
            **{key: self._of("calendars") for key in ("calendar", "by")},
            **dict.fromkeys(("only", "place", "in"), self._pattern),
            **dict.fromkeys(("activity", "milestone", "after", "activities", "to", "id"), self._own),
            "varies_with": self._of("factors"),
            "source": self._of("sources"),
            "supply": self._of("supplies"),
            "stop_work": self._of("resources"),
            "between": self._path,
            "label": self._labelled,
        }

    @cached_property
    def keys(self) -> Mapping[str, Rename]:
        """What renames the keys of a mapping."""
        return {
            **{key: self._of("supplies") for key in ("consumes", "produces")},
            **dict.fromkeys(("effects", "delays"), self._path),
            "within": self._pattern,
            "allocation": self._own,
            "requires": self._alternatives,
        }

    def tree(self, node: Node) -> Node:
        """All sections of a site that hold entries by name, without those that it keeps for itself."""
        sections: dict[str, Node] = {}
        for section in node.value:
            if section in _ELSEWHERE or not isinstance(node.value[section].value, dict):
                continue
            name = self._path if section == "fitted" else self._of(section)
            sections[section] = Node(
                {name(key): self.entry((section, key), part) for key, part in entries(node, section).items()},
                node.value[section].mark,
            )
        return Node(sections, node.mark)

    def sightings(self, tree: Node) -> list[Node]:
        """What was seen at the site."""
        seen = tree.get("seen")
        listed = [] if seen is None or seen.value is None else seen.value if isinstance(seen.value, list) else [seen]
        return [self._inside(node, False) for node in listed]

    def entry(self, path: Key, part: Node) -> Node:
        """One entry of a section."""
        section = path[0]
        if section == "places":
            return self._level(part)
        if section == "activities" and isinstance(part.value, dict) and "at" not in part.value:
            part = part.replaced("at", Node(SITE, part.mark))
        return self._inside(part, section == "fitted")

    def _level(self, part: Node) -> Node:
        """A level of places, in its long form: it stands in another of the site, or in the site itself."""
        if not isinstance(part.value, dict) or "value" in part.value:
            part = Node({"names" if isinstance(part.value, list) else "count": part}, part.mark)
        outer = part.get("in")
        outer = Node(SITE, part.mark) if outer is None else outer
        changed = self._inside(part.without("in"), False)
        if (count := part.get("count")) is not None and isinstance(count.value, dict) and "value" not in count.value:
            patterns = {self._pattern(key): self._inside(child, False) for key, child in count.value.items()}
            changed = changed.replaced("count", Node(patterns, count.mark))
        return changed.replaced("in", self._leaf(outer, self._of("places")))

    def _inside(self, node: Node, fitted: bool) -> Node:
        """A part of an entry, with all names in it."""
        if isinstance(node.value, list):
            return Node([self._inside(child, fitted) for child in node.value], node.mark)
        if not isinstance(node.value, dict):
            return node
        inside = {}
        for key, child in node.value.items():
            if key in self.keys and isinstance(child.value, dict) and "value" not in child.value:
                rename = self.keys[key]
                inside[key] = Node({rename(k): self._inside(v, fitted) for k, v in child.value.items()}, child.mark)
            elif key in ("orders", "ways") and isinstance(child.value, dict):
                inside[key] = Node({k: self._inside(v, fitted) for k, v in child.value.items()}, child.mark)
            elif key == "changes" or (key == "to" and not fitted):
                inside[key] = child
            elif key in self.values:
                inside[key] = self._leaf(child, self.values[key])
            else:
                inside[key] = self._inside(child, fitted)
        return Node(inside, node.mark)

    def _leaf(self, node: Node, rename: Rename) -> Node:
        """A name, or a list of names or of links."""
        if isinstance(node.value, str):
            return Node(rename(node.value), node.mark)
        if isinstance(node.value, list):
            return Node([self._leaf(child, rename) for child in node.value], node.mark)
        if (inner := node.get("value")) is not None:
            return self._inside(node, False).replaced("value", self._leaf(inner, rename))
        return self._inside(node, False)

    # Names

    def _of(self, section: str) -> Rename:
        """How things of a section are called: as in the portfolio if it shares them."""
        known = self.shared.get(section, {})
        fixed = _FIXED if section in ("places", "calendars") else ()
        if section == "places":
            return lambda name: self.site if name == SITE else self._own(name)
        return lambda name: name if name in fixed else known.get(name) or self._own(name)

    def owns(self, name: str) -> bool:
        """Whether this is, in the portfolio, the name of something that the site has for itself."""
        return name.startswith(f"{self.site}.")

    def _own(self, name: str) -> str:
        return f"{self.site}.{name}"

    def _labelled(self, label: str) -> str:
        return f"{self.label or self.site}: {label}"

    def _pattern(self, pattern: str) -> str:
        """A pattern of places of this site; all that is called `site` stays."""
        return pattern if pattern == SITE else f"{self.site}/{pattern}"

    def _alternatives(self, written: str) -> str:
        """A requirement: `dell_line | smc_line`."""
        rename = self._of("resources")
        return " | ".join(rename(name.strip()) for name in written.split("|"))

    def _path(self, path: str) -> str:
        """A path of two words or more: `supplies.hbm_stacks`, `activities.steel.duration`."""
        section, dot, rest = path.partition(".")
        for name, renamed in self.shared.get(section, {}).items():
            if rest == name or rest.startswith(f"{name}."):
                return f"{section}.{renamed}{rest.removeprefix(name)}"
        return f"{section}{dot}{self._own(rest)}" if dot else path
