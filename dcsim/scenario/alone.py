"""One site of a portfolio without the others."""

from collections.abc import Collection

from dcsim.scenario.belonging import TEXTS, naming
from dcsim.scenario.layers import entries
from dcsim.scenario.tree import Node, walk

_PLANS = ("activities", "milestones", "correlations", "fitted", "seen")
"""Sections whose entries go as a whole if they name another site."""
_SHARED = ("places", "calendars", "factors", "resources", "supplies", "risks", "branches")
"""Sections in whose entries only the parts go that name another site: the effect of a risk on it. Its share stays."""
_LINKS = ("after", "activity")
"""Keys below which activities and milestones are named."""


def alone(tree: Node, site: str) -> Node:
    """A portfolio, not yet joined, with one of its sites, and without what it says of the others or plans with them."""
    sites = entries(tree, "include")
    tree = without(tree, [name for name in sites if name != site])
    return tree.replaced("include", Node({site: sites[site]}, tree.value["include"].mark))


def without(tree: Node, sites: Collection[str]) -> Node:
    """A portfolio, not yet joined, without what it says of these sites or plans with them; shares that they have stay.

    A site inside an included portfolio has its whole name: `us.texas`.
    """
    named = naming(sites)
    planned: list[str] = []

    def goes(key: object, entry: Node) -> bool:
        """Whether a plan names another site, or another plan that goes."""
        return bool(named(key)) or any(
            any(map(named, (*path[-1:], node.value)))
            or (node.value in planned and any(link in path for link in _LINKS))
            for path, node in walk(entry)
            if not path or path[-1] not in TEXTS
        )

    def stripped(node: Node) -> Node:
        if isinstance(node.value, dict):
            kept = {key: part for key, part in node.value.items() if not named(key)}
            return Node({key: part if key == "allocation" else stripped(part) for key, part in kept.items()}, node.mark)
        if isinstance(node.value, list):
            return Node([stripped(part) for part in node.value if not named(part.value)], node.mark)
        return node

    holders = [key for supply in entries(tree, "supplies").values() for key in entries(supply, "allocation")]
    for section in _SHARED:
        if (part := tree.get(section)) is not None:
            tree = tree.replaced(section, stripped(part))
    before = -1
    while before < len(planned):
        before = len(planned)
        for section in _PLANS:
            part = tree.get(section)
            if part is not None and isinstance(part.value, dict):
                out = [key for key, entry in part.value.items() if goes(key, entry)]
                planned += out
                tree = tree.replaced(section, part.without(*out))
            elif part is not None and isinstance(part.value, list):
                tree = tree.replaced(section, Node([entry for entry in part.value if not goes("", entry)], part.mark))
    return _with_empty(tree, [key[:end] for key in holders for end in _ends(key) if named(key[:end])])


def _with_empty(tree: Node, sites: list[str]) -> Node:
    """The portfolio with sites in which nothing is built, for the shares that others have of what is divided."""
    levels = {site: site.rpartition(".") for site in sites}
    places = {
        name: Node({"names": Node([Node(last)])} | ({"in": Node(outer)} if outer else {}))
        for name, (outer, _, last) in levels.items()
    }
    for section, more in (("places", places), ("sites", {name: Node({}) for name in levels})):
        if more:
            tree = tree.replaced(section, Node({**more, **entries(tree, section)}))
    return tree


def _ends(name: str) -> list[int]:
    """Where the names of the sites end in which something is: of `us.texas`, of `us` and of `us.texas`."""
    return [*(end for end, character in enumerate(name) if character == "."), len(name)]
