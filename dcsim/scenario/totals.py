"""Totals of a portfolio: what activities produce of a supply that a total counts, they produce of the total as well."""

from collections.abc import Collection, Iterator

from dcsim.errors import Problem
from dcsim.places import site_of
from dcsim.scenario.document import Key
from dcsim.scenario.layers import entries
from dcsim.scenario.tree import Node, scalar

_ELSEWHERE = ("initial", "orders", "production")
"""From where a supply comes if no activity produces it."""


def with_totals(tree: Node) -> tuple[Node, list[Problem]]:
    """The scenario, all its layers applied, with everything that its totals count; and what is wrong with them."""
    supplies, sites = entries(tree, "supplies"), entries(tree, "sites")
    problems: list[Problem] = []
    for name, supply in supplies.items():
        total = supply.get("total_of")
        if not sites or total is None or not isinstance(total.value, str):
            continue
        own = site_of(name, sites)
        inside = [site for site in sites if not own or site.startswith(f"{own}.")]
        keys = [key for site in inside if (key := f"{site}.{total.value}") in supplies]
        counted = [key for key in keys if scalar(supplies[key].get("total_of")) != total.value]
        if not counted:
            message = f"no site has a supply '{total.value}' of its own"
            problems.append(total.problem(("supplies", name, "total_of"), message))
        for key in counted:
            problems += _unfit(name, supply, key, supplies[key])
        if activities := entries(tree, "activities"):
            parts = {
                activity: _also_produced(part, counted, name, ("activities", activity), problems)
                for activity, part in activities.items()
            }
            tree = tree.replaced("activities", Node(parts, tree.value["activities"].mark))
    return tree, problems


def _unfit(name: str, total: Node, key: str, part: Node) -> Iterator[Problem]:
    """Why a total cannot count this supply."""
    path: Key = ("supplies", key)
    if (its := scalar(part.get("unit"))) != (unit := scalar(total.get("unit"))):
        yield (part.get("unit") or part).problem((*path, "unit"), f"its total '{name}' is in {unit}, not {its}")
    for where, inner in (((), part), *((("within", place), inner) for place, inner in entries(part, "within").items())):
        for section in _ELSEWHERE:
            if (more := inner.get(section)) is not None:
                message = f"'{name}' is the total of what activities produce of it: it can have no `{section}`"
                yield more.problem((*path, *where, section), message)


def _also_produced(part: Node, counted: Collection[str], total: str, path: Key, problems: list[Problem]) -> Node:
    """A part of an activity that also produces the total of what it produces."""
    produces = entries(part, "produces")
    amounts = [produces[key] for key in counted if key in produces]
    if len(amounts) > 1:
        message = f"'{total}' counts several of these: write an activity for each site"
        problems.append(amounts[1].problem((*path, "produces"), message))
    elif amounts:
        part = part.replaced("produces", part.value["produces"].replaced(total, amounts[0]))
    if within := entries(part, "within"):
        inner = {
            place: _also_produced(inner, counted, total, (*path, "within", place), problems)
            for place, inner in within.items()
        }
        part = part.replaced("within", Node(inner, part.value["within"].mark))
    return part
