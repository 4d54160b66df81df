"""Where values come from: `{value: X, source: KEY}` taken apart into the value and its citation."""

from dataclasses import dataclass, field
from typing import Any

from dcsim.errors import Problem
from dcsim.scenario.document import Citation, Key
from dcsim.scenario.layers import ANNOTATIONS, PROVENANCE, RANGE, is_partial, is_wrapper
from dcsim.scenario.tree import Blank, Node, plain
from dcsim.suggest import nearest


@dataclass
class Unwrapping:
    """Takes the wrappers off a tree and keeps what they said."""

    citations: dict[Key, Citation] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def bare(self, node: Node, path: Key = ()) -> Node:
        """The tree with every value where its wrapper stood."""
        if not isinstance(node.value, dict | list) or is_partial(path):
            return node
        value = node.get("value")
        if value is not None and is_wrapper(node, path):
            inner = self.bare(value, path)
            self._cite(node, inner, path)
            return Node(inner.value, node.mark)
        if isinstance(node.value, dict):
            return Node({key: self.bare(child, (*path, key)) for key, child in node.value.items()}, node.mark)
        return Node([self.bare(child, (*path, i)) for i, child in enumerate(node.value)], node.mark)

    def _cite(self, node: Node, inner: Node, path: Key) -> None:
        unknown = [key for key in node.value if key != "value" and key not in ANNOTATIONS]
        for key in unknown:
            message = f"unknown key '{key}' beside `value`{nearest(key, ANNOTATIONS)}"
            self.problems.append(node.value[key].problem((*path, key), message))
        given = {key: _words(node.get(key)) for key in PROVENANCE}
        if not unknown and not given["source"] and not given["assumption"]:
            message = "a `value` needs its origin: add `source: KEY`, or `assumption: the reason`"
            self.problems.append(node.problem(path, message))
        low, high = (plain(end) if end is not None else None for end in map(node.get, RANGE))
        origin = (given["source"], given["assumption"], given["note"] or "")
        self.citations[path] = Citation(plain(inner), *origin, low, high)


def _words(node: Node | None) -> str | None:
    """What was said, in words; nothing where it is no text."""
    value: Any = node.value if node is not None else None
    return None if value is None or isinstance(value, dict | list | Blank) else str(value)
