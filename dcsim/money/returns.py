"""What a stream of cash is worth: net present value and internal rate of return by exact dates."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_IRR = "none: all flows have one sign"
NO_RATE = "none: no rate from -99.9 % to 1,000,000 % makes the value zero"
SEVERAL = "several: the flows change their sign more than once"
ONE = ""
LOWEST, HIGHEST = -0.999, 1e4
"""Rates between which one is looked for."""


def years(dates: Sequence[datetime], valued: datetime) -> Floats:
    """Years of 365 days from the date of valuation to each date."""
    return np.array([(date - valued).days / 365 for date in dates])


def npv(flows: Floats | Ints, at: Floats, rate: Floats) -> Floats:
    """Net present value: the sum of flow / (1 + rate)^years, with an effective yearly rate (XNPV of spreadsheets).

    `flows` are replications by dates, `at` the years of the dates, `rate` that of each replication.
    """
    return np.asarray((flows * np.exp(-np.log1p(rate)[:, None] * at)).sum(axis=1))


def irr(flows: Floats | Ints, at: Floats) -> tuple[Floats, list[str]]:
    """The effective yearly rate at which the value is zero (XIRR), and a word where there is none, or several.

    The value is looked at on a grid of rates, and beyond it, where it has the sign of the last flow, or of the first;
    where it changes its sign once, that is the rate, found by Newton's method, or by halving where that leaves the
    interval.
    """
    grid, time = np.linspace(np.log1p(LOWEST), np.log1p(HIGHEST), 400), at - at[0]
    scaled = flows / np.maximum(np.abs(flows).max(axis=1, keepdims=True), 1)
    signs = np.sign(np.einsum("nd,gd->ng", scaled, _weights(grid, time)))
    turns = np.diff(signs, axis=1) != 0
    moves = flows != 0
    last, first = moves.shape[1] - 1 - moves[:, ::-1].argmax(axis=1), moves.argmax(axis=1)
    rows, outer = np.arange(len(flows)), signs[:, [0, -1]]
    beyond = (outer != np.sign(np.stack([flows[rows, last], flows[rows, first]], axis=1))).sum(axis=1)
    rates, words = np.full(len(flows), np.nan), []
    mixed, count = np.asarray((flows > 0).any(axis=1) & (flows < 0).any(axis=1)), turns.sum(axis=1)
    for number, often in enumerate(count):
        zeros = often + beyond[number]
        words.append(NO_IRR if not mixed[number] else SEVERAL if zeros > 1 else ONE if often else NO_RATE)
    good = np.array([word == ONE for word in words], np.bool_)
    where = turns[good].argmax(axis=1) if good.any() else np.zeros(0, np.int64)
    low, high, sign = grid[where], grid[where + 1], signs[good, where]
    rate, flow = (low + high) / 2, scaled[good]
    for _ in range(12):
        parts = flow * _weights(rate, time)
        value, slope = parts.sum(axis=1), -(parts * time).sum(axis=1)
        below = np.sign(value) == sign
        low, high = np.where(below, rate, low), np.where(below, high, rate)
        step = rate - value / np.where(slope == 0, 1.0, slope)
        rate = np.where((step >= low) & (step <= high), step, (low + high) / 2)
    rates[good] = np.expm1(rate)
    return rates, words


def _weights(rates: Floats, time: Floats) -> Floats:
    """What money at each time is worth at logarithmic rates, the most of each rate being 1: its sign, and its zero, do
    not hang on that, and no number is too large."""
    powers = -rates[:, None] * time
    return np.asarray(np.exp(powers - powers.max(axis=1, keepdims=True)))
