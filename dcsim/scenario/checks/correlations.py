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
    for name, one in scenario.correlations.items():
        for k, path in enumerate(one.between):
            if path not in known:
                close = findings.near(path, _of_same_name(path, known)) or "; write it like `activities.NAME.duration`"
                findings.add(("correlations", name, "between", k), f"no uncertain input has the path '{path}'{close}")


def _of_same_name(path: str, known: Collection[str]) -> Iterator[str]:
    """What is drawn for the thing of this name; else all there is."""
    yield from [other for other in known if path in other.split(".")] or known


def check_correlations(scenario: Scenario, places: Places, findings: Problems) -> None:
    """Each number is one, each pair is told once, and all can hold."""
    told: dict[frozenset[str], str] = {}
    known = drawn_of(scenario)
    inputs = {path for one in scenario.correlations.values() for path in one.between}
    if len(inputs) > MOST:
        findings.add(("correlations",), f"at most {MOST} inputs can be correlated, got {len(inputs):,}")
        return
    for name, one in scenario.correlations.items():
        _check_one(name, one, told, findings)
        for k, path in enumerate(one.between):
            if path not in known:
                continue
            if not known[path].uncertain:
                message = f"'{path}' is not uncertain here: this correlation has no effect on it"
                findings.warn(("correlations", name, "between", k), message)
            elif len(one.between) == 1 and known[path].level == SITE:
                where: Key = ("correlations", name, "between")
                findings.add(where, f"'{path}' is drawn once for the whole site: add another input")
    if not findings.problems:
        for some in together(scenario, places):
            _check_together(some, places, findings)


def _check_one(name: str, one: Correlation, told: dict[frozenset[str], str], findings: Problems) -> None:
    path: Key = ("correlations", name)
    least = 0 if len(one.between) == 1 else -1
    fine = least <= one.number <= 1
    which = " of the places of one input" if least == 0 else ""
    findings.require(fine, (*path, "is"), f"a correlation{which} is from {least} to 1, got {plain(one.number)}")
    if not one.between:
        findings.add((*path, "between"), "expected two inputs or more, or one that differs by place")
    twice = [path for k, path in enumerate(one.between) if path in one.between[:k]]
    if twice:
        findings.add((*path, "between"), f"'{twice[0]}' appears twice; write it once to correlate its places")
        return
    pairs = [one.between] if len(one.between) == 1 else combinations(one.between, 2)
    for pair in map(frozenset, pairs):
        if pair in told:
            which = " and ".join(sorted(pair)) if len(pair) == 2 else f"the places of {one.between[0]}"
            said = f"'{told[pair]}' already correlates {which}; write it once"
            findings.add((*path, "between"), said)
            return
        told[pair] = name


def _check_together(some: Together, places: Places, findings: Problems) -> None:
    path: Key = ("correlations", some.entry)
    for (one, outer), (other, inner) in pairwise(zip(some.paths, some.drawn, strict=True)):
        if not places.encloses(outer.level, inner.level):
            apart = f"no {outer.level} contains a {inner.level}"
            findings.add(path, f"'{one}' and '{other}' cannot move together, directly or through others: {apart}")
            return
    if not possible(some.matrix):
        findings.add(path, f"these correlations contradict each other; {_nearest(some)}")
        return
    found = among_places(triangle(some.signed), some.among)
    for name, entry, wanted, there in zip(some.paths, some.entries, some.among, found, strict=True):
        if entry is not None and wanted is not None and not there.least - NOTHING <= wanted <= there.most + NOTHING:
            span = f"from {there.least:.3f} to {there.most:.3f}"
            message = f"with its other correlations, the places of '{name}' can have {span} between each other"
            findings.add(("correlations", entry, "is"), f"{message}, got {wanted:g}")


def _nearest(some: Together) -> str:
    """What differs in the nearest that are possible."""
    close = nearest(some.matrix)
    change = np.abs(close - some.matrix)
    pairs = [(i, j) for i, j in combinations(range(len(close)), 2) if change[i, j] >= 0.0005]
    said = [
        f"'{some.paths[i]}' with '{some.paths[j]}' {close[i, j]:g} (is {some.matrix[i, j]:g})"
        for i, j in sorted(pairs, key=lambda pair: -change[pair])
    ]
    more = f", and {len(said) - _MOST_TOLD} more" if len(said) > _MOST_TOLD else ""
    return f"the nearest possible: {', '.join(said[:_MOST_TOLD])}{more}"
