"""Correlations between normal scores: which can hold together, the nearest that can, and scores that have them."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NOTHING = 1e-9
"""A weight, or a part of a variance, that is none."""
_STEPS = 200
_DIGITS = 3


def possible(matrix: Floats) -> bool:
    """Whether numbers can have these correlations."""
    return bool(np.linalg.eigvalsh(matrix)[0] >= -NOTHING)


def nearest(matrix: Floats) -> Floats:
    """The nearest possible correlations, to three digits, as which they are possible too.

    Alternating projections: Higham, IMA J. Numer. Anal. 22 (2002) 329.
    """
    nearby, correction = matrix, np.zeros_like(matrix)
    for _ in range(_STEPS):
        values, vectors = np.linalg.eigh(nearby - correction)
        projected = (vectors * np.maximum(values, 0)) @ vectors.T
        correction = projected - (nearby - correction)
        nearby = projected.copy()
        np.fill_diagonal(nearby, 1)
    for step in range(10**_DIGITS + 1):
        rounded = np.round(nearby * (1 - step / 10**_DIGITS), _DIGITS)
        np.fill_diagonal(rounded, 1)
        if possible(rounded):
            break
    return np.asarray(rounded)


def triangle(matrix: Floats) -> Floats:
    """The weights with which independent scores add up to correlated ones: each of itself and of those before it."""
    weights = np.zeros_like(matrix)
    for i in range(len(matrix)):
        for j in range(i):
            rest = matrix[i, j] - weights[i, :j] @ weights[j, :j]
            weights[i, j] = rest / weights[j, j] if weights[j, j] > 1e-6 else 0.0
        weights[i, i] = sqrt(max(0.0, 1.0 - float(weights[i, :i] @ weights[i, :i])))
    return weights


class Among(NamedTuple):
    """What the places of one input can have with each other, given the inputs before it."""

    least: float
    most: float
    share: float
    """The part of the variance of its own score that all its places share."""


def among_places(weights: Floats, wanted: Sequence[float | None]) -> list[Among]:
    """Of each input how far its places move together; 1 of what is drawn once, none where nothing is wanted."""
    parts: list[Among] = []
    for row, correlation in zip(weights, wanted, strict=True):
        least = float(sum(row[j] ** 2 * place.share for j, place in enumerate(parts)))
        own = float(row[len(parts)] ** 2)
        share = 0.0 if correlation is None or own < NOTHING else float(np.clip((correlation - least) / own, 0, 1))
        parts.append(Among(least, least + own, share))
    return parts
