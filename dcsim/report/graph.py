"""The network of a scenario as a graph, in the languages of Mermaid and of Graphviz (DOT).

Boxes are activities, cylinders supplies, rounded boxes milestones. Whole lines are predecessors, broken ones
goods.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dcsim.network import Network
from dcsim.places import SITE
from dcsim.report.activities import lag_in_words
from dcsim.report.quantities import amount
from dcsim.scenario import schema
from dcsim.scenario.schema import Scenario

ACTIVITY, SUPPLY, MILESTONE = "activity", "supply", "milestone"


@dataclass(frozen=True)
class Node:
    """Something in the graph: its lines of text, and what it is."""

    key: str
    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Edge:
    """What leads to what, with a word about it; goods flow, everything else is waited for."""

    source: str
    target: str
    label: str
    is_supply: bool


@dataclass
class Graph:
    """All nodes by the name of what they stand for, and the edges between them."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def add(self, name: str, kind: str, *lines: str) -> None:
        """A node; its key is one that any language allows."""
        self.nodes[name] = Node(f"n{len(self.nodes)}", kind, (name, *filter(None, lines)))

    def connect(self, source: str, target: str, label: str = "", *, is_supply: bool = False) -> None:
        """An edge between two names; each once."""
        edge = Edge(self.nodes[source].key, self.nodes[target].key, label, is_supply)
        if edge not in self.edges:
            self.edges.append(edge)


def graph(scenario: Scenario, network: Network) -> Graph:
    """The graph of a scenario: activities, supplies, milestones, and what leads to what."""
    picture = Graph()
    for number, (name, activity) in enumerate(scenario.activities.items()):
        count = int(network.first[number + 1] - network.first[number])
        often = "" if activity.at == SITE else f"{count:,} x, per {activity.at}"
        picture.add(name, ACTIVITY, often, *_ways_with(scenario, name))
    for name, supply in scenario.supplies.items():
        picture.add(name, SUPPLY, *_inflow(supply))
    for name, milestone in scenario.milestones.items():
        reaches = "" if milestone.reaches is None else f"reaches {_count(scenario, milestone)}"
        picture.add(name, MILESTONE, reaches)
    for name, activity in scenario.activities.items():
        _connect_activity(picture, scenario, name, activity)
    for name, milestone in scenario.milestones.items():
        picture.connect(str(milestone.supply or milestone.activity), name)
    for name, supply in scenario.supplies.items():
        for part in (supply, *supply.within.values()):
            for order, spec in part.orders.items():
                if isinstance(spec.placed, schema.Lagged):
                    picture.connect(spec.placed.activity, name, f"order {order}{lag_in_words(spec.placed.lag)}")
    return picture


def mermaid(scenario: Scenario, network: Network) -> str:
    """The graph for Mermaid."""
    shapes = {ACTIVITY: ('["', '"]'), SUPPLY: ('[("', '")]'), MILESTONE: ('(["', '"])')}
    picture = graph(scenario, network)
    lines = ["flowchart LR"]
    for node in picture.nodes.values():
        opening, closing = shapes[node.kind]
        lines.append(f"  {node.key}{opening}{'<br/>'.join(map(_for_mermaid, node.lines))}{closing}")
    for edge in picture.edges:
        arrow = "-.->" if edge.is_supply else "-->"
        label = f'|"{_for_mermaid(edge.label)}"|' if edge.label else ""
        lines.append(f"  {edge.source} {arrow}{label} {edge.target}")
    return "\n".join(lines) + "\n"


def dot(scenario: Scenario, network: Network) -> str:
    """The graph for Graphviz."""
    shapes = {ACTIVITY: "box", SUPPLY: "cylinder", MILESTONE: "octagon"}
    picture = graph(scenario, network)
    lines = [f"digraph {_for_dot(scenario.name)} {{", "  rankdir=LR;"]
    for node in picture.nodes.values():
        lines.append(f"  {node.key} [shape={shapes[node.kind]}, label={_for_dot(*node.lines)}];")
    for edge in picture.edges:
        style = ["style=dashed"] if edge.is_supply else []
        style += [f"label={_for_dot(edge.label)}"] if edge.label else []
        lines.append(f"  {edge.source} -> {edge.target}" + (f" [{', '.join(style)}];" if style else ";"))
    return "\n".join([*lines, "}"]) + "\n"


LANGUAGES: dict[str, Callable[[Scenario, Network], str]] = {"mermaid": mermaid, "dot": dot}
"""The languages in which a graph can be written."""


def _ways_with(scenario: Scenario, activity: str) -> list[str]:
    """The branch that decides whether an activity is done, and its ways in which it is."""
    for name, branch in scenario.branches.items():
        if ways := [called for called, way in branch.ways.items() if activity in way.activities]:
            return [f"{name}: {' or '.join(ways)}"]
    return []


def _connect_activity(picture: Graph, scenario: Scenario, name: str, activity: schema.Activity) -> None:
    for link in activity.after:
        phrases = ["start"] if link.start_or_finish == "start" else []
        phrases += ["to finish"] if link.to == "finish" else []
        phrases += [f"in {link.place}"] if link.place else []
        phrases += [f"{link.count:,} of them"] if link.count is not None else []
        label = ", ".join(phrases) + lag_in_words(link.lag)
        picture.connect(link.activity, name, label.strip())
    for part in (activity, *activity.within.values()):
        for supply, written in part.consumes.items():
            if written is not None:
                picture.connect(supply, name, amount(written, scenario.supplies[supply].unit), is_supply=True)
        for supply, written in part.produces.items():
            if written is not None:
                picture.connect(name, supply, amount(written, scenario.supplies[supply].unit), is_supply=True)


def _inflow(supply: schema.Supply) -> list[str]:
    """Where a supply comes from, other than from activities."""
    parts = (supply, *supply.within.values())
    sources = [amount(part.initial, supply.unit) + " at the start" for part in parts if part.initial]
    sources += [f"order {name}" for part in parts for name in part.orders]
    return sources + (["production"] if any(part.production for part in parts) else [])


def _count(scenario: Scenario, milestone: schema.Milestone) -> str:
    unit = scenario.supplies[milestone.supply].unit if milestone.supply is not None else ""
    return amount(milestone.reaches, unit)


def _for_mermaid(text: str) -> str:
    """Text inside quotes: what means something to Mermaid is written as its code."""
    return "".join(f"#{ord(c)};" if c in '"#<>&;|[](){}`\\' or ord(c) < 32 else c for c in text)


def _for_dot(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines)
    return '"' + "\\n".join(escaped) + '"'
