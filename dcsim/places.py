"""The places of a site as a tree: how many each level has, what stands inside what, and what a pattern means.

Places are numbered per level in the order of the tree: all places inside the first place around them come
first. A path names a place from the outside in, `phase1/hall3`; the root is `site`.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache, reduce
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dcsim.budget import LIMIT, most_places
from dcsim.counting import positions

SITE = "site"
"""The root place, and the level of whatever names no other."""
MOST_COMPARED = 20_000_000
"""Places that all patterns of one level are compared with."""
MOST_REMEMBERED = 10_000_000
"""Places of which it is remembered at most whether patterns mean them."""
FEW_LABELS = 1_000
"""Labels of a level of which it is remembered for all scenarios which of them a part of a pattern matches."""

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


def site_of(name: str, sites: Collection[str]) -> str:
    """The site of a portfolio that something is part of, `memphis` of `memphis.crew`; empty for none."""
    return max((site for site in sites if name.startswith(f"{site}.")), key=len, default="")


class LevelRule(Protocol):
    """How the places of one level are written: inside what, and either counted or named."""

    @property
    def within(self) -> str: ...
    @property
    def count(self) -> int | Mapping[str, int] | None: ...
    @property
    def names(self) -> tuple[str, ...] | None: ...


class PlaceError(ValueError):
    """The places of one level cannot be laid out; `key` is the entry of its count to blame, if any."""

    def __init__(self, level: str, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.level = level
        self.key = key


@dataclass(frozen=True, eq=False)
class Tier:
    """All places of one level: for each the place around it, and which of the level's labels it carries."""

    parent: str | None
    """The level around this one; none for the site."""
    outer: Indices
    """For each place, the number of the place around it."""
    label: Indices
    """For each place, the number of its label."""
    labels: tuple[str, ...]
    """The names that places of this level carry inside the place around them: hall1, hall2, ..."""


@dataclass(frozen=True, eq=False)
class Places:
    """The grown tree of places."""

    tiers: Mapping[str, Tier]
    """Levels from the site inwards, each after the one around it, in the order written."""
    _around: dict[tuple[str, str], Indices] = field(default_factory=dict, init=False, repr=False)
    """What `enclosing` has told."""
    _matched: dict[tuple[str, str], Mask] = field(default_factory=dict, init=False, repr=False)
    """What `matches` has told."""

    def __reduce__(self) -> tuple[type["Places"], tuple[Mapping[str, Tier]]]:
        return Places, (self.tiers,)

    @classmethod
    def grow(cls, levels: Mapping[str, LevelRule], limit: float = LIMIT) -> "Places":
        """Lay out every place that has room in so many GiB; equal places are laid out once.

        Raises
        ------
        PlaceError
            There are more, or a level stands nowhere, or lacks a count somewhere.
        """
        return _grown(tuple((name, _Rule.of(rule)) for name, rule in levels.items()), most_places(limit))

    @property
    def levels(self) -> tuple[str, ...]:
        """Every level, the site first."""
        return tuple(self.tiers)

    def count(self, level: str) -> int:
        """How many places a level has in all."""
        return len(self.tiers[level].outer)

    def parent(self, level: str) -> str | None:
        """The level around this one; none around the site."""
        return self.tiers[level].parent

    def chain(self, level: str) -> tuple[str, ...]:
        """The levels from the site down to this one."""
        inwards = [level]
        while (parent := self.tiers[inwards[-1]].parent) is not None:
            inwards.append(parent)
        return tuple(reversed(inwards))

    def encloses(self, outer: str, inner: str) -> bool:
        """Whether every place of the inner level stands in one of the outer; a level encloses itself."""
        return outer in self.chain(inner)

    def common(self, first: str, second: str) -> str:
        """The smallest level that contains both."""
        pairs = zip(self.chain(first), self.chain(second), strict=False)
        return [a for a, b in pairs if a == b][-1]

    def enclosing(self, level: str, outer: str) -> Indices:
        """For each place of a level the number of the outer place around it; its own at the same level."""
        if (level, outer) not in self._around:
            tier = self.tiers[level]
            if level == outer:
                around = np.arange(self.count(level), dtype=np.int64)
            elif tier.parent is None:
                raise ValueError(f"no place of '{outer}' contains '{level}'")
            else:
                around = self.enclosing(tier.parent, outer)[tier.outer]
            around.flags.writeable = False
            self._around[level, outer] = around
        return self._around[level, outer]

    def path(self, level: str, index: int) -> str:
        """The path of one place."""
        inwards: list[str] = []
        for name in reversed(self._path_levels(level)):
            tier = self.tiers[name]
            inwards.append(tier.labels[int(tier.label[index])])
            index = int(tier.outer[index])
        return "/".join(reversed(inwards))

    def _path_levels(self, level: str) -> tuple[str, ...]:
        """The levels that stand in the paths of a level."""
        return self.chain(level)[1:] or (level,)

    def paths(self, level: str) -> list[str]:
        """The paths of all places of a level, in order."""
        return list(self.each_path(level))

    def each_path(self, level: str) -> Iterator[str]:
        """The same one after the other, which needs no room for all."""
        first, *more = (self.tiers[name] for name in self._path_levels(level))
        paths: Iterable[str] = (first.labels[label] for label in first.label)
        for tier in more:
            paths = _inside(list(paths), tier)
        yield from paths

    def chosen(self, patterns: Sequence[str] | None, level: str) -> Mask:
        """Which places of a level any of these patterns means; all where there are none."""
        if patterns is None:
            return np.ones(self.count(level), np.bool_)
        return reduce(
            np.logical_or, (self.matches(pattern, level) for pattern in patterns), np.zeros(self.count(level), bool)
        )

    def matches(self, pattern: str, level: str) -> Mask:
        """Which places of a level a pattern means: those it matches, and those inside one that it matches."""
        if (pattern, level) in self._matched:
            return self._matched[pattern, level]
        matched = self._matches(pattern, level)
        matched.flags.writeable = False
        if len(self._matched) * len(matched) < MOST_REMEMBERED:
            self._matched[pattern, level] = matched
        return matched

    def _matches(self, pattern: str, level: str) -> Mask:
        chain = self.chain(level)
        segments = pattern.split("/")
        is_match = np.ones(self.count(level), np.bool_)
        if pattern == SITE:
            return is_match
        if len(segments) >= len(chain):
            return np.zeros_like(is_match)
        for segment, outer in zip(segments, chain[1:], strict=False):
            tier = self.tiers[outer]
            fitting = _fitting if len(tier.labels) <= FEW_LABELS else _fitting.__wrapped__
            fits = fitting(segment, tier.labels)
            is_match &= fits[tier.label[self.enclosing(level, outer)]]
        return is_match


@dataclass(frozen=True)
class _Rule:
    """A rule by its content."""

    within: str
    names: tuple[str, ...] | None
    counted: int | tuple[tuple[str, int], ...] | None

    @classmethod
    def of(cls, rule: LevelRule) -> "_Rule":
        count = rule.count
        return cls(rule.within, rule.names, tuple(count.items()) if isinstance(count, Mapping) else count)

    @property
    def count(self) -> int | Mapping[str, int] | None:
        return dict(self.counted) if isinstance(self.counted, tuple) else self.counted


@lru_cache(maxsize=4)
def _grown(rules: tuple[tuple[str, _Rule], ...], most: int) -> Places:
    """Every place, at most so many: changed scenarios mostly have the same, and what is reckoned of them once holds."""
    levels, start = dict(rules), np.zeros(1, np.int64)
    tiers = {SITE: Tier(None, start, start, (SITE,))}
    places, total = Places(tiers), 1
    for name in _inwards(levels):
        tiers[name] = _tier(places, name, levels[name], most)
        total += places.count(name)
        if total > most:
            raise _too_many(name, most)
    return places


def _inside(around: Sequence[str], tier: Tier) -> Iterator[str]:
    """The paths of the places of a tier, from those of the places around it."""
    return (f"{around[outer]}/{tier.labels[label]}" for outer, label in zip(tier.outer, tier.label, strict=True))


def _inwards(levels: Mapping[str, LevelRule]) -> Collection[str]:
    """The levels in such an order that each comes after the one around it: depth first, as written."""
    inside: dict[str, list[str]] = {}
    for name in reversed(list(levels)):
        inside.setdefault(levels[name].within, []).append(name)
    order: dict[str, None] = {}
    waiting = inside.get(SITE, [])
    while waiting:
        name = waiting.pop()
        order[name] = None
        waiting += inside.get(name, [])
    for name in levels:
        if name not in order:
            raise PlaceError(name, f"the level '{name}' is not connected to the site")
    return order


def _tier(places: Places, name: str, rule: LevelRule, most: int) -> Tier:
    around = places.count(rule.within)
    if rule.names is not None:
        counts, labels = np.full(around, len(rule.names), np.int64), rule.names
    else:
        counts = _counts(places, name, rule, most)
        labels = ()
    total = sum(counts.tolist())
    if total > most:
        raise _too_many(name, most)
    outer = np.repeat(np.arange(around, dtype=np.int64), counts)
    label = positions(counts)
    if rule.names is None:
        stem = name.rpartition(".")[2]
        labels = tuple(f"{stem}{number}" for number in range(1, int(counts.max(initial=0)) + 1))
    return Tier(rule.within, outer, label, labels)


def _counts(places: Places, name: str, rule: LevelRule, most: int) -> Indices:
    """How many places of a level stand in each place around it."""
    around = places.count(rule.within)
    if not isinstance(rule.count, Mapping):
        return np.full(around, min(rule.count or 0, most + 1), np.int64)
    if len(rule.count) * around > MOST_COMPARED:
        raise PlaceError(name, f"{len(rule.count):,} patterns for {around:,} places take too long; write fewer")
    counts = np.full(around, -1, np.int64)
    for pattern, count in rule.count.items():
        is_match = places.matches(pattern, rule.within)
        if not is_match.any():
            raise PlaceError(name, f"no place '{pattern}' among the places of '{rule.within}'", pattern)
        counts[is_match] = min(count, most + 1)
    missing = np.flatnonzero(counts < 0)
    if len(missing):
        first = places.path(rule.within, int(missing[0]))
        raise PlaceError(name, f"has no count for '{first}': give one for every place of '{rule.within}'")
    return counts


def _too_many(name: str, most: int) -> PlaceError:
    fewer = "count larger places, such as pods instead of racks"
    return PlaceError(name, f"more than {most:,} places in all; {fewer}, or raise `--limit` (GiB)")


@lru_cache(maxsize=256)
def _fitting(segment: str, labels: tuple[str, ...]) -> Mask:
    """Which labels one part of a pattern matches."""
    if segment == "*":
        return np.ones(len(labels), np.bool_)
    fits = re.compile(translate(segment)).match
    return np.fromiter((fits(label) is not None for label in labels), np.bool_, len(labels))
