"""Correlations between things that are drawn, each pair once, and all of them possible together."""

from collections.abc import Collection, Iterator
from itertools import combinations, pairwise

import numpy as np

from dcsim.correlations import NOTHING, among_places, nearest, possible, triangle
from dcsim.places import SITE, Places
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.correlated import Together, drawn_of, together
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Correlation, Scenario
from dcsim.units import plain

MOST = 300
"""Inputs that may be correlated."""
_MOST_TOLD = 6


def check_correlated_names(scenario: Scenario, findings: Problems) -> None:
    """What is correlated is drawn under this name."""
    known = drawn_of(scenario)
    for name, correlation in scenario.correlations.items():
        for k, path in enumerate(correlation.between):
            if path not in known:
                close = findings.near(path, _of_same_name(path, known)) or "; write it like `activities.NAME.duration`"
                findings.add(("correlations", name, "between", k), f"no uncertain input has the path '{path}'{close}")


def _of_same_name(path: str, known: Collection[str]) -> Iterator[str]:
    """What is drawn for the thing of this name; else all there is."""
    yield from [candidates for candidates in known if path in candidates.split(".")] or known


def check_correlations(scenario: Scenario, places: Places, findings: Problems) -> None:
    """Each correlation is a number, each pair stands once, and all can hold together."""
    named_in: dict[frozenset[str], str] = {}
    known = drawn_of(scenario)
    inputs = {path for correlation in scenario.correlations.values() for path in correlation.between}
    if len(inputs) > MOST:
        findings.add(("correlations",), f"at most {MOST} inputs can be correlated, got {len(inputs):,}")
        return
    for name, correlation in scenario.correlations.items():
        _check_one(name, correlation, named_in, findings)
        for k, path in enumerate(correlation.between):
            if path not in known:
                continue
            if not known[path].uncertain:
                message = f"'{path}' is not uncertain here: this correlation has no effect on it"
                findings.warn(("correlations", name, "between", k), message)
            elif len(correlation.between) == 1 and known[path].level == SITE:
                where: Key = ("correlations", name, "between")
                findings.add(where, f"'{path}' is drawn once for the whole site: add another input")
    if not findings.problems:
        for components in together(scenario, places):
            _check_together(components, places, findings)


def _check_one(name: str, correlation: Correlation, named_in: dict[frozenset[str], str], findings: Problems) -> None:
    path: Key = ("correlations", name)
    least = 0 if len(correlation.between) == 1 else -1
    fine = least <= correlation.number <= 1
    which = " of the places of one input" if least == 0 else ""
    findings.require(fine, (*path, "is"), f"a correlation{which} is from {least} to 1, got {plain(correlation.number)}")
    if not correlation.between:
        findings.add((*path, "between"), "expected two inputs or more, or one that differs by place")
    twice = [path for k, path in enumerate(correlation.between) if path in correlation.between[:k]]
    if twice:
        findings.add((*path, "between"), f"'{twice[0]}' appears twice; write it once to correlate its places")
        return
    pairs = [correlation.between] if len(correlation.between) == 1 else combinations(correlation.between, 2)
    for pair in map(frozenset, pairs):
        if pair in named_in:
            which = " and ".join(sorted(pair)) if len(pair) == 2 else f"the places of {correlation.between[0]}"
            message = f"'{named_in[pair]}' already correlates {which}; write it once"
            findings.add((*path, "between"), message)
            return
        named_in[pair] = name


def _check_together(correlated: Together, places: Places, findings: Problems) -> None:
    path: Key = ("correlations", correlated.entry)
    for (first, outer), (second, inner) in pairwise(zip(correlated.paths, correlated.drawn, strict=True)):
        if not places.encloses(outer.level, inner.level):
            apart = f"no {outer.level} contains a {inner.level}"
            findings.add(path, f"'{first}' and '{second}' cannot move together, directly or through others: {apart}")
            return
    if not possible(correlated.matrix):
        findings.add(path, f"these correlations contradict each other; {_nearest(correlated)}")
        return
    components = among_places(triangle(correlated.signed), correlated.among)
    for name, entry, wanted, nearest_value in zip(
        correlated.paths, correlated.entries, correlated.among, components, strict=True
    ):
        if (
            entry is not None
            and wanted is not None
            and not nearest_value.least - NOTHING <= wanted <= nearest_value.most + NOTHING
        ):
            span = f"from {nearest_value.least:.3f} to {nearest_value.most:.3f}"
            message = f"with its other correlations, the places of '{name}' can have {span} between each other"
            findings.add(("correlations", entry, "is"), f"{message}, got {wanted:g}")


def _nearest(components: Together) -> str:
    """What differs in the nearest that are possible."""
    close = nearest(components.matrix)
    change = np.abs(close - components.matrix)
    pairs = [(i, j) for i, j in combinations(range(len(close)), 2) if change[i, j] >= 0.0005]
    changed = [
        f"'{components.paths[i]}' with '{components.paths[j]}' {close[i, j]:g} (is {components.matrix[i, j]:g})"
        for i, j in sorted(pairs, key=lambda pair: -change[pair])
    ]
    more = f", and {len(changed) - _MOST_TOLD} more" if len(changed) > _MOST_TOLD else ""
    return f"the nearest possible: {', '.join(changed[:_MOST_TOLD])}{more}"
