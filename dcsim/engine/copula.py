"""Uniform numbers that move together, each made of those that are drawn under the names it follows."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.engine.philox import Words, hash64, place_keys
from dcsim.network import Network, Score
from dcsim.places import SITE

Floats = NDArray[np.float64]


class Follows(NamedTuple):
    """A normal score that a correlated one is partly made of."""

    weight: float
    name: str
    site: int | None
    """The number under which it is drawn for the site; none where every place has its own."""
    inner: Words | None = None
    """The numbers of all places of the correlated draw, sorted; none where they are those of this score."""
    outer: Words | None = None
    """Of each of these, the number of the place around it under which this score is drawn."""

    def places(self, places: Words) -> Words:
        """The numbers under which it is drawn for these places."""
        if self.inner is None or self.outer is None:
            return places
        return self.outer[self.inner.searchsorted(places)]


@lru_cache(maxsize=8)
def follows(network: Network) -> Mapping[str, tuple[Follows, ...]]:
    """Every draw that follows others, by name."""
    return {
        name: tuple(_follows(network, mixture.level, score) for score in mixture.scores)
        for name, mixture in network.mixtures.items()
    }


def _follows(network: Network, level: str, score: Score) -> Follows:
    if score.level == SITE:
        return Follows(score.weight, score.name, 0 if score.name.startswith("risks.") else hash64(SITE))
    if score.level == level:
        return Follows(score.weight, score.name, None)
    inner, around = place_keys(network.places, level), network.places.enclosing(level, score.level)
    order = np.argsort(inner)
    return Follows(score.weight, score.name, None, inner[order], place_keys(network.places, score.level)[around][order])
