"""Uniform numbers that move together, each made of those that are drawn under the names it follows."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from dcsim.engine.philox import SCALE, Words, hash64, place_keys
from dcsim.network import Network, Score
from dcsim.places import SITE

Floats = NDArray[np.float64]


class Follows(NamedTuple):
    """A normal score that a correlated one is partly made of."""

    weight: float
    name: str
    inner: Words | None
    """The numbers of all places of the correlated draw, sorted; none where there is one for the site."""
    outer: Words | None
    """Of each of these the number under which this score is drawn; none where it is that of the place itself."""

    def places(self, places: Words) -> Words:
        """The numbers under which it is drawn for these places."""
        if self.outer is None:
            return places
        return self.outer if self.inner is None else self.outer[self.inner.searchsorted(places)]


@lru_cache(maxsize=8)
def follows(network: Network) -> Mapping[str, tuple[Follows, ...]]:
    """Every draw that follows others, by name."""
    return {
        name: tuple(_follows(network, mixture.level, score) for score in mixture.scores)
        for name, mixture in network.mixtures.items()
    }


def _follows(network: Network, level: str, score: Score) -> Follows:
    if score.level == SITE:
        key = 0 if score.name.startswith("risks.") else hash64(SITE)
        return Follows(score.weight, score.name, None, np.array([key], np.uint64))
    if score.level == level:
        return Follows(score.weight, score.name, None, None)
    inner, around = place_keys(network.places, level), network.places.enclosing(level, score.level)
    order = np.argsort(inner)
    outer = place_keys(network.places, score.level)[around]
    return Follows(score.weight, score.name, inner[order], outer[order])


def mixed(parts: Sequence[Follows], places: Words, alone: Callable[[str, Words], Floats]) -> Floats:
    """A uniform number for each place, of the normal scores of numbers drawn alone."""
    score = np.zeros(len(places))
    for part in parts:
        score = score + part.weight * ndtri(alone(part.name, part.places(places)))
    return np.asarray(np.clip(ndtr(score), SCALE / 2, 1 - SCALE / 2))
