"""Which uncertain inputs move a date, and by how many days.

Everything here works on points and values: a point is a row of uniform numbers, one or several for each input, its
value what came of it. Where the values come from is not known here. Points are asked for in rounds: an input whose
numbers are known well enough has no more of them, and the others twice as many as before.

First-order and total indices: Saltelli et al., Computer Physics Communications 181 (2010) 259. Rank correlation:
Spearman's, its interval by Bonett and Wright, Psychometrika 65 (2000) 23. Value of information: Howard, IEEE
Transactions on Systems Science and Cybernetics 2 (1966) 22, of the mean beyond a quantile: Acerbi and Tasche, Journal
of Banking & Finance 26 (2002) 1487.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.quantiles import Interval
from dcsim.counting import positions
from dcsim.errors import RequestError

Points = NDArray[np.float64]
Values = NDArray[np.float64]

SMALLEST = 2.0**-33
"""Uniform numbers stay so far from 0 and 1."""
PAIRED = 4
"""A tornado uses one in so many of the points that the indices use."""
FEW, FEW_PAIRS = 128, 32
"""Points of the first round with each input changed, for the indices and for a tornado."""
PRECISE, PRECISE_SWING = 0.57, 2.26
"""Half an interval of a share of the variance, and of a swing in standard deviations, at which an input has no more
points; divided by the root of their number: 0.025 and 0.1 of 512."""
VAGUE = 0.25
"""Half an interval above which a share of the variance is not shown."""
RESAMPLES, SHUFFLES = 200, 50
LEVEL = 0.8
"""What lies beyond this quantile is the latest fifth."""
Z95 = 1.959963984540054
TINY = 1e-9
"""A share of the variance of sizes below which those of a bin are taken to be equal."""
T = TypeVar("T", np.float64, np.int64)
Bins = NDArray[np.int64]
"""Of each value the bin it is in."""
UNKNOWN = Interval(np.nan, np.nan, np.nan)
"""What is unknown of an input."""

COLUMNS = (
    *("input", "kind", "correlation", "correlation_low", "correlation_high"),
    *("first", "first_low", "first_high", "total", "total_low", "total_high"),
    *("at_low", "at_high", "swing", "swing_low", "swing_high"),
    *("information", "information_low", "information_high"),
    *("p80_better", "p80_better_low", "p80_better_high"),
)


@dataclass(frozen=True, eq=False)
class Input:
    """Something uncertain that is asked about as one thing."""

    name: str
    kind: str
    quantities: tuple[str, ...]
    """What is drawn for it; each has a column in every matrix of points, in the order of the inputs."""
    size: Callable[[Points], Values] | None = None
    """From its columns, how large it is; none for what is no single number."""
    low: tuple[float, ...] = ()
    """The uniform numbers of its columns at its low end, not a number where they stay at random; empty without ends."""
    high: tuple[float, ...] = ()
    chance: float | None = None
    """The probability of its high end, for what is always at one of its ends."""
    settled: Callable[[Points], Points] = lambda columns: columns
    """The same columns, equal where they come to the same thing."""


def sample(inputs: Sequence[Input], n: int, seed: int) -> Points:
    """The points at which values are needed.

    First n x (inputs + 2) for the indices: from the same point twice drawn, A and B, the point A, A with each input in
    turn as it is in B, and B; all of them spread evenly by a scrambled Sobol sequence. Then, for each input that has
    ends, a part of the points A with it at its low end, and again at its high end.

    Raises
    ------
    RequestError
        n is not a power of two, over which such a sequence is even.
    """
    from scipy.stats import qmc

    if n < 2 * PAIRED or n & (n - 1):
        more = max(2 * PAIRED, 1 << max(0, n - 1).bit_length())
        raise RequestError(f"Sobol points come in powers of two, at least {2 * PAIRED}: ask for {more}, not {n}")
    width, slices = sum(len(drawn_input.quantities) for drawn_input in inputs), columns_of(inputs)
    drawn = np.clip(qmc.Sobol(2 * width, rng=seed).random(n), SMALLEST, 1 - SMALLEST)
    points = np.repeat(drawn[:, None, :width], len(inputs) + 2, axis=1)
    points[:, -1] = drawn[:, width:]
    for number, columns in enumerate(slices, start=1):
        points[:, number, columns] = points[:, -1, columns]
    base = points[: n // PAIRED, 0]
    parts = [points.reshape(-1, width)]
    for drawn_input, columns in zip(inputs, slices, strict=True):
        for end in (drawn_input.low, drawn_input.high) if drawn_input.low else ():
            parts.append(base.copy())
            parts[-1][:, columns] = np.where(np.isnan(end), base[:, columns], end)
    return np.concatenate(parts)


def settled(inputs: Sequence[Input], points: Points) -> Points:
    """The same points, equal where they come to the same thing."""
    points = points.copy()
    for drawn_input, columns in zip(inputs, columns_of(inputs), strict=True):
        points[:, columns] = drawn_input.settled(points[:, columns])
    return points


def wanted(inputs: Sequence[Input], n: int, values: Values) -> NDArray[np.int64]:
    """Which points of `sample` need values next, given those that there are, the others not a number; none at the end.

    First come the independent points, then a part of the points of each input, and then twice as many of those inputs
    whose indices, or whose swing, are not known well enough.
    """
    plain = plain_points(inputs, n)
    if np.isnan(values[plain]).any():
        return plain
    numbers = np.arange(len(values))
    grid, at_ends = numbers[: n * (len(inputs) + 2)].reshape(n, -1), _at_ends(n, inputs, numbers)
    spread, parts = float(values[plain].std()), []
    for number, shares in enumerate(indices(inputs, n, values)):
        rows = _known(values[grid[:, 1 + number]])
        if not max(share.within for share in shares) <= PRECISE / n**0.5:
            parts.append(grid[rows : max(FEW, 2 * rows), 1 + number])
        if number in at_ends:
            ends, chance = at_ends[number], inputs[number].chance
            rows = _known(values[ends[0]])
            swing = tornado(values[grid[:rows, 0]], values[ends[:, :rows]], chance, spread)[-1] if rows else UNKNOWN
            if not swing.high - swing.estimate <= PRECISE_SWING / n**0.5 * spread:
                parts.append(ends[:, rows : max(FEW_PAIRS, 2 * rows)].ravel())
    return np.concatenate([*parts, numbers[:0]])


def table(
    inputs: Sequence[Input], n: int, points: Points, values: Values, seed: int, more_is_better: bool = False
) -> pd.DataFrame:
    """How the inputs move the values at the points of `sample`: one row for each, the most important first.

    Columns: input, kind; correlation (by ranks); first and total index, the shares of the variance that it explains
    alone and with all its interactions; at_low and at_high, by how much the mean moves with it at its low and high
    end; swing, what lies between these; information, by how much the mean of the worst fifth, of days the latest,
    beyond the P80, would be better on average if it were known; p80_better, by how much the P80 itself (where more is
    better, the P20) would. All but at_low and at_high
    have a 95 % interval (`first_low`, `first_high`). What has no size or no ends, and what is not known, is empty.
    """
    plain = plain_points(inputs, n)
    shares = indices(inputs, n, values)
    at_ends, base, spread = _at_ends(n, inputs, values), values[_firsts(inputs, n)], float(values[plain].std())
    rows, later = [], -values[plain] if more_is_better else values[plain]
    for number, (drawn_input, columns) in enumerate(zip(inputs, columns_of(inputs), strict=True)):
        correlation, known, sooner = UNKNOWN, UNKNOWN, UNKNOWN
        if drawn_input.size is not None:
            size = drawn_input.size(points[plain][:, columns])
            correlation = rank_correlation(size, values[plain])
            known, sooner = information(size, later, np.random.default_rng([seed, number]))
        low, high, swing = np.nan, np.nan, UNKNOWN
        if number in at_ends:
            pairs = _known(at_ends[number][0])
            low, high, swing = tornado(base[:pairs], at_ends[number][:, :pairs], drawn_input.chance, spread)
        cells = (*_cells(correlation), *_cells(shares[number][0]), *_cells(shares[number][1]))
        rows.append(
            (drawn_input.name, drawn_input.kind, *cells, low, high, *_cells(swing), *_cells(known), *_cells(sooner))
        )
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return certain(frame.sort_values(["total", "swing"], ascending=False, kind="stable", ignore_index=True))


def certain(frame: pd.DataFrame) -> pd.DataFrame:
    """The indices as far as they are known: what so few values do not tell is empty.

    A share of the variance lies between 0 and 1, that of an input alone is no more than with its interactions, and
    those alone add up to no more than 1. What is off by its interval is put right, what is further off left out.
    """
    frame = frame.copy()
    for name in ("total", "first"):
        ends = [name, f"{name}_low", f"{name}_high"]
        vague = (frame[f"{name}_high"] - frame[f"{name}_low"]) / 2 > VAGUE
        frame[ends] = frame[ends].clip(0, 1).mask(vague)
    first = ["first", "first_low", "first_high"]
    frame[first] = frame[first].mask(frame["first_low"] > frame["total_high"])
    frame["first"] = frame["first"].where(~(frame["first"] > frame["total"]), frame["total"])
    if (all_values := frame["first"].sum()) > 1:
        frame[first] = frame[first] / all_values if all_values <= 1 + VAGUE else np.nan
    return frame


def plain_points(inputs: Sequence[Input], n: int) -> NDArray[np.int64]:
    """Which points of `sample` are a plain sample of independent points: A and B."""
    first = _firsts(inputs, n)
    return np.concatenate([first, first + len(inputs) + 1])


def indices(inputs: Sequence[Input], n: int, values: Values) -> list[tuple[Interval, Interval]]:
    """Of each input the first-order and the total index, from as many points as have values; 0 if nothing varies.

    Intervals are those of a ratio of means. That of a total index allows for an effect as large as the standard
    deviation in one more point, since what acts rarely may act in none of few.
    """
    grid = values[: n * (len(inputs) + 2)].reshape(n, -1)
    base, independent, plain = grid[:, 0], grid[:, -1], grid[:, [0, -1]]
    mean, variance = plain.mean(), plain.var()
    if not np.ptp(plain):
        return [(Interval(0, 0, 0), Interval(0, 0, 0))] * len(inputs)
    squares = ((plain - mean) ** 2).mean(axis=1) - variance

    def share(products: Values, unseen: float = 0.0) -> Interval:
        if not len(products):
            return UNKNOWN
        estimate = float(products.mean() / variance)
        away = -estimate * squares / n
        away[: len(products)] += (products - products.mean()) / len(products)
        return _around(estimate, Z95 * float(np.sqrt(away @ away / variance**2 + (unseen / len(products)) ** 2)))

    shares = []
    for column in grid[:, 1:-1].T:
        rows = _known(column)
        moved = column[:rows] - base[:rows]
        shares.append((share((independent[:rows] - mean) * moved), share(moved**2 / 2, 1.0)))
    return shares


def rank_correlation(sizes: Values, values: Values) -> Interval:
    """Spearman's rank correlation with its interval; empty where one of them never varies."""
    if any((column == column[:1]).all() for column in (sizes, values)):
        return UNKNOWN
    ranks = pd.DataFrame({"size": sizes, "value": values}).rank()
    r = float(np.clip(ranks["size"].corr(ranks["value"]), -1 + 1e-12, 1 - 1e-12))
    half = Z95 * np.sqrt((1 + r * r / 2) / (len(values) - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))


def tornado(base: Values, ends: Values, chance: float | None, unseen: float) -> tuple[float, float, Interval]:
    """By how much the mean moves at both ends of an input, and what lies between them, from paired values.

    What is always at one of its ends lies between them as its chance says, which is known better than by counting. The
    interval allows for one more pair whose values lie `unseen` apart.
    """
    low, high = ends
    between = high - low
    base = base if chance is None else low + chance * between
    error = np.hypot(float(between.std(ddof=1)) / np.sqrt(len(between)), unseen / len(between))
    swing, half = float(between.mean()), Z95 * float(error)
    swing_of = Interval(abs(swing), max(0.0, abs(swing) - half), abs(swing) + half)
    return float((low - base).mean()), float((high - base).mean()), swing_of


def _bins(sizes: Values) -> Bins:
    """Of each size its bin: one for every size if there are few, else of equal probability, the more the more sizes."""
    most = max(2, round(len(sizes) ** 0.25))
    different, bins = np.unique(sizes, return_inverse=True)
    if len(different) <= most:
        return bins
    edges = np.unique(np.quantile(sizes, np.arange(1, most) / most))
    return np.searchsorted(edges, sizes, side="right")


def information(sizes: Values, values: Values, rng: np.random.Generator) -> tuple[Interval, Interval]:
    """By how much a date would come earlier on average if a size were known: the mean of the latest fifth, and the P80.

    A date at the P80 leaves the fifth beyond it, whose mean never comes later for those who
    know more. The P80 itself may: it leaves out what is rarer than that fifth.

    Sizes are put into bins of equal probability, and within each the date is taken about a straight line. As that of
    few values is not that of many, it is compared with the same of shuffled sizes, not with the whole.
    """
    bins = _bins(sizes)
    if bins.max() == 0:
        return UNKNOWN, UNKNOWN
    shuffles = [rng.permutation(len(values)) for _ in range(SHUFFLES)]
    unknown = np.array([_dates(bins[k], _level(bins[k], sizes[k], values)) for k in shuffles])
    resamples = [rng.integers(len(values), size=len(values)) for _ in range(RESAMPLES)]
    alike = np.zeros_like(bins)
    gains = np.array(
        [_dates(alike, values[k]) - _dates(bins[k], _level(bins[k], sizes[k], values[k])) for k in resamples]
    )
    chance = unknown.var(axis=0, ddof=1)  # of the bins; a resample has it twice, once from the sample
    half = Z95 * np.sqrt(np.maximum(gains.var(axis=0, ddof=1) - chance, chance))
    gained = unknown.mean(axis=0) - _dates(bins, _level(bins, sizes, values))
    fifth, p80 = map(_around, gained.tolist(), half.tolist())
    return fifth, p80


def _dates(bins: Bins, values: Values) -> Values:
    """The mean of the latest fifth of each bin, and its P80, both averaged over the bins by their values."""
    ordered, counts = values[np.lexsort((values, bins))], np.bincount(bins)
    beyond = np.clip(positions(counts) + 1 - np.repeat(LEVEL * counts, counts), 0, 1)
    last = np.cumsum(counts) - counts + np.maximum(np.ceil(LEVEL * counts).astype(np.int64), 1) - 1
    filled = counts > 0
    fifth = ordered @ beyond / ((1 - LEVEL) * len(values))
    return np.array([fifth, ordered[last[filled]] @ counts[filled] / len(values)])


def _level(bins: Bins, sizes: Values, values: Values) -> Values:
    """Values less what a straight line within each bin makes of the difference to the bin's mean size."""
    counts = np.maximum(np.bincount(bins), 1)
    away, rise = (column - (np.bincount(bins, column) / counts)[bins] for column in (sizes, values))
    square, product = np.bincount(bins, away * away), np.bincount(bins, away * rise)
    slope = np.divide(product, square, out=np.zeros(len(counts)), where=square > TINY * counts * float(np.var(sizes)))
    return values - slope[bins] * away


def _firsts(inputs: Sequence[Input], n: int) -> NDArray[np.int64]:
    """Which points are A."""
    return np.arange(n) * (len(inputs) + 2)


def columns_of(inputs: Sequence[Input]) -> list[slice]:
    """Of each input its columns."""
    ends = np.cumsum([len(drawn_input.quantities) for drawn_input in inputs]).tolist()
    return [slice(end - len(drawn_input.quantities), end) for drawn_input, end in zip(inputs, ends, strict=True)]


def _at_ends(n: int, inputs: Sequence[Input], of_points: NDArray[T]) -> dict[int, NDArray[T]]:
    """What belongs to the points at the ends of each input that has ends: low and high, by points."""
    parts = iter(of_points[n * (len(inputs) + 2) :].reshape(-1, 2, n // PAIRED))
    return {number: next(parts) for number, drawn_input in enumerate(inputs) if drawn_input.low}


def _known(values: Values) -> int:
    """How many of the first values there are; the others are not a number."""
    return int(np.count_nonzero(~np.isnan(values)))


def _around(estimate: float, half: float) -> Interval:
    return Interval(float(estimate), float(estimate - half), float(estimate + half))


def _cells(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high
