"""What things may be called, and that no two share a name."""

from collections.abc import Iterator, Mapping

from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.model import read_label
from dcsim.scenario.schema import LABELLED, RESERVED, Scenario
from dcsim.suggest import article

FORBIDDEN = "./|*?[]:,"
"""Characters with a meaning in paths, patterns and alternatives."""

SHARED = {
    "places": "place level",
    "calendars": "calendar",
    "resources": "resource",
    "supplies": "supply",
    "activities": "activity",
    "milestones": "milestone",
}
"""Sections whose names must differ from each other, and what one entry of each is called."""

_APART = ("sites", "factors", "risks", "branches", "correlations", "options", "variants")


def check_names(scenario: Scenario, findings: Problems) -> None:
    """Every name can be written in a path, and means one thing only."""
    seen: dict[str, tuple[str, Key]] = {}
    for section, what in SHARED.items():
        for name in getattr(scenario, section):
            path: Key = (section, name)
            findings.require(name not in RESERVED, path, f"the name '{name}' is reserved by the format")
            if name in seen:
                first_path, where = seen[name]
                _, line = findings.document.positions.get(where, ("", None))
                on_line = f" on line {line}" if line else ""
                taken = f"{article(first_path)} has that name already{on_line}"
                findings.add(path, f"{article(what)} cannot have the name '{name}': {taken}")
            seen.setdefault(name, (what, path))
    for name in scenario.options:
        apart = name not in scenario.risks
        findings.require(apart, ("options", name), f"an option cannot have the name '{name}': a risk has it already")
    for path in _named(scenario):
        check_characters(path, _in_site(scenario, str(path[-1])), findings)
    check_labels(scenario, findings)


def check_labels(scenario: Scenario, findings: Problems) -> None:
    """No two things are called the same where people read."""
    seen: dict[str, tuple[str, str]] = {}
    for section in (*LABELLED, "variants"):
        for name, part in getattr(scenario, section).items():
            variant = section == "variants" and isinstance(part, Mapping)
            label = part.get("label", "") if variant else getattr(part, "label", "")
            label = findings.read((section, name, "label"), read_label, label) or ""
            first_name, where = seen.setdefault(label, (name, section)) if label else (name, section)
            if first_name != name:
                findings.add((section, name, "label"), f"{where}.{first_name} has the label '{label}' already")


def check_characters(path: Key, name: str, findings: Problems) -> None:
    """A name is not empty, has no blanks around it, and no characters that paths and patterns use."""
    if not name.strip():
        findings.add(path, "a name cannot be empty")
    elif name != name.strip():
        findings.add(path, f"the name '{name}' begins or ends with a space")
    elif bad := [character for character in name if character in FORBIDDEN or not character.isprintable()]:
        findings.add(path, f"the name '{name}' contains a {bad[0]!r}; names cannot contain {' '.join(FORBIDDEN)}")


def _in_site(scenario: Scenario, name: str) -> str:
    """The name of something without that of the site it is part of."""
    outer = [site for site in scenario.sites if name.startswith(f"{site}.")]
    return name.removeprefix(f"{max(outer, key=len)}.") if outer else name


def kind_of(scenario: Scenario, name: str, orders: Mapping[str, str]) -> str | None:
    """The kind of the thing with this name, in words; none if nothing has it. `orders` have their supplies."""
    for section, what in {**SHARED, "factors": "factor", "risks": "risk", "branches": "branch"}.items():
        if name in getattr(scenario, section):
            return what
    return f"order of '{orders[name]}'" if name in orders else None


def _named(scenario: Scenario) -> Iterator[Key]:
    """The path of everything that has a name."""
    for section in (*SHARED, *_APART):
        for name in getattr(scenario, section):
            yield section, name
    for name, branch in scenario.branches.items():
        yield from (("branches", name, "ways", way) for way in branch.ways)
    for supply_name, supply in scenario.supplies.items():
        for order in supply.orders:
            yield "supplies", supply_name, "orders", order
