"""What is uncertain under the name that a file gives it, and which of it moves together."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from dcsim.correlations import Floats
from dcsim.places import SITE, Places
from dcsim.scenario.checks.parts import activity_parts, supply_parts
from dcsim.scenario.schema import EachAdds, Risk, Scenario
from dcsim.scenario.values import Uncertain


class Drawn(NamedTuple):
    """A quantity with a share of chance."""

    name: str
    """The name of its draws."""
    level: str
    """The level of places of which each has its own draw."""
    uncertain: bool
    """Whether it has a distribution."""


def drawn_of(scenario: Scenario) -> dict[str, Drawn]:
    """Whatever can be correlated, by its path in the file; nothing where nothing is."""
    drawn: dict[str, Drawn] = {}
    if not scenario.correlations:
        return drawn

    def add(path: str, level: str, uncertain: bool, name: str = "") -> None:
        drawn[path] = Drawn(name or path, level, uncertain or (path in drawn and drawn[path].uncertain))

    for name, factor in scenario.factors.items():
        add(f"factors.{name}", factor.per, _varies(factor.value))
    for _, name, supply in supply_parts(scenario):
        for order_name, order in supply.orders.items():
            path, level = f"supplies.{name}.orders.{order_name}", scenario.supplies[name].per
            add(f"{path}.lead_time", level, _varies(order.lead_time))
            if isinstance(order.placed, Uncertain):
                add(f"{path}.placed", level, _varies(order.placed))
    for _, name, activity in activity_parts(scenario):
        durations = (way.duration for way in activity.ways.values() if way is not None)
        add(f"activities.{name}.duration", scenario.activities[name].at, _varies(activity.duration, *durations))
    for name, branch in scenario.branches.items():
        add(f"branches.{name}", branch.per, sum(1 for way in branch.ways.values() if way.weight) > 1)
    for name, risk in scenario.risks.items():
        path = f"risks.{name}"
        add(f"{path}.probability", SITE, 0 < risk.probability < 1, f"{path}.occurs")
        for part, span in _spans(risk).items():
            add(f"{path}.{part}", SITE, _varies(span), f"{path}.{part}".replace(".delays.supplies.", ".delays."))
        sizes = [effect for effect in risk.effects.values() if isinstance(effect, Uncertain)]
        if sizes and not any(isinstance(effect, EachAdds) for effect in risk.effects.values()):
            add(f"{path}.effects", SITE, _varies(*sizes), f"{path}.adds")
    return drawn


def _varies(*values: Uncertain | None) -> bool:
    return any(value is not None and value.kind != "fixed" for value in values)


def _spans(risk: Risk) -> dict[str, Uncertain]:
    begins = risk.begins if isinstance(risk.begins, Uncertain | None) else risk.begins.lag
    spans = {"begins": begins, "lasts": risk.lasts, "every": risk.every}
    delays = {f"delays.{supply}": delay for supply, delay in risk.delays.items()}
    return {part: span for part, span in (spans | delays).items() if span is not None}


@dataclass(frozen=True)
class Together:
    """Inputs that move together, directly or through others: coarser places first, else by name."""

    entry: str
    """The first of the correlations that name them."""
    paths: tuple[str, ...]
    drawn: tuple[Drawn, ...]
    matrix: Floats
    """Their correlations in the same place, 0 where nothing is said; of a risk that it happens."""
    among: tuple[float | None, ...]
    """The correlation of each between its places: 1 of what is drawn once, none where nothing is said."""
    entries: tuple[str | None, ...]
    """The correlation that says so."""

    @property
    def signed(self) -> Floats:
        """The correlations of the draws: a risk happens where its uniform number is small."""
        signs = [-1.0 if quantity.name.split(".")[::2] == ["risks", "occurs"] else 1.0 for quantity in self.drawn]
        return np.asarray(self.matrix * np.outer(signs, signs))


def together(scenario: Scenario, places: Places) -> list[Together]:
    """All inputs that are correlated, in groups that have nothing to do with each other."""
    known = drawn_of(scenario)
    group: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    pairs: dict[frozenset[str], tuple[str, float]] = {}
    for name, correlation in scenario.correlations.items():
        for pair in [correlation.between] if len(correlation.between) == 1 else combinations(correlation.between, 2):
            pairs.setdefault(frozenset(pair), (name, float(correlation.number)))
        merged = list(dict.fromkeys(path for member in correlation.between for path in group.get(member, [member])))
        group |= dict.fromkeys(merged, merged)
        for path in merged:
            first.setdefault(path, name)
    mixtures = []
    for paths in {id(names): names for names in group.values()}.values():
        order = sorted(paths, key=lambda path: (len(places.chain(known[path].level)), known[path].level, path))
        matrix = np.eye(len(order))
        for i, j in combinations(range(len(order)), 2):
            _, matrix[i, j] = pairs.get(frozenset((order[i], order[j])), ("", 0.0))
            matrix[j, i] = matrix[i, j]
        drawn = tuple(known[path] for path in order)
        own = [pairs.get(frozenset((path,)), (None, None)) for path in order]
        among = (1.0 if quantity.level == SITE else number for quantity, (_, number) in zip(drawn, own, strict=True))
        entries = tuple(entry for entry, _ in own)
        mixtures.append(Together(_earliest(scenario, first, paths), tuple(order), drawn, matrix, tuple(among), entries))
    return mixtures


def _earliest(scenario: Scenario, first: dict[str, str], paths: Iterable[str]) -> str:
    names = {first[path] for path in paths}
    return next(name for name in scenario.correlations if name in names)
