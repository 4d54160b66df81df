"""Correlations between things that are drawn, each pair once, and all of them possible together."""

from itertools import combinations, pairwise

import numpy as np

from dcsim.correlations import NOTHING, among_places, nearest, possible, triangle
from dcsim.places import SITE, Places
from dcsim.scenario.checks.findings import Findings
from dcsim.scenario.correlated import Together, drawn_of, together
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Correlation, Scenario
from dcsim.units import plain

MOST = 100
"""Inputs that may move together."""
_MOST_TOLD = 6


def check_correlated_names(scenario: Scenario, findings: Findings) -> None:
    """What is correlated is drawn under this name."""
    known = drawn_of(scenario) if scenario.correlations else {}
    for name, one in scenario.correlations.items():
        for k, path in enumerate(one.between):
            if path not in known:
                same = [other for other in known if path in other.split(".")] or known
                close = findings.near(path, same) or ", as in `activities.NAME.duration` or `factors.NAME`"
                findings.add(("correlations", name, "between", k), f"nothing that is drawn is called '{path}'{close}")


def check_correlations(scenario: Scenario, places: Places, findings: Findings) -> None:
    """Each number is one, each pair is told once, and all can hold."""
    told: dict[frozenset[str], str] = {}
    known = drawn_of(scenario) if scenario.correlations else {}
    for name, one in scenario.correlations.items():
        _check_one(name, one, told, findings)
        for k, path in enumerate(one.between):
            if path not in known:
                continue
            if not known[path].uncertain:
                message = f"'{path}' is not uncertain here: this correlation does nothing to it"
                findings.warn(("correlations", name, "between", k), message)
            elif len(one.between) == 1 and known[path].level == SITE:
                where: Key = ("correlations", name, "between")
                findings.add(where, f"'{path}' is drawn once for the whole site: name another input beside it")
    if not findings.problems:
        for some in together(scenario, places):
            _check_together(some, places, findings)


def _check_one(name: str, one: Correlation, told: dict[frozenset[str], str], findings: Findings) -> None:
    path: Key = ("correlations", name)
    least = 0 if len(one.between) == 1 else -1
    fine = least <= one.number <= 1
    which = " of the places of one input" if least == 0 else ""
    findings.require(fine, (*path, "is"), f"a correlation{which} lies between {least} and 1, got {plain(one.number)}")
    if not one.between:
        findings.add((*path, "between"), "expected two inputs or more, or one whose places move together")
    if len(one.between) > MOST:
        findings.add((*path, "between"), f"at most {MOST} inputs move together, got {len(one.between):,}")
        return
    twice = [path for k, path in enumerate(one.between) if path in one.between[:k]]
    if twice:
        findings.add((*path, "between"), f"'{twice[0]}' stands here twice; alone, its places move together")
        return
    pairs = [one.between] if len(one.between) == 1 else combinations(one.between, 2)
    again = ""
    for pair in map(frozenset, pairs):
        if pair in told and not again:
            again = f"'{told[pair]}' already says how {' and '.join(sorted(pair))} are correlated; say it once"
        told.setdefault(pair, name)
    if again:
        findings.add((*path, "between"), again)


def _check_together(some: Together, places: Places, findings: Findings) -> None:
    path: Key = ("correlations", some.entry)
    if len(some.paths) > MOST:
        findings.add(path, f"at most {MOST} inputs move together, directly or through others; got {len(some.paths):,}")
        return
    for (one, outer), (other, inner) in pairwise(zip(some.paths, some.drawn, strict=True)):
        if not places.encloses(outer.level, inner.level):
            apart = f"no {outer.level} stands around a {inner.level}"
            findings.add(path, f"'{one}' and '{other}' cannot move together, directly or through others: {apart}")
            return
    if not possible(some.matrix):
        findings.add(path, f"these correlations cannot all hold; {_nearest(some)}")
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
    return f"the nearest that can: {', '.join(said[:_MOST_TOLD])}{more}"
