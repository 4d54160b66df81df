"""Which uncertain inputs move a date, and by how many days.

Everything here works on points and values: a point is a row of uniform numbers, one or several for each input, its
value what came of it. Where the values come from is not known here.

First-order and total indices: Saltelli et al., Computer Physics Communications 181 (2010) 259, by SALib. Rank
correlation: Spearman's, its interval by Bonett and Wright, Psychometrika 65 (2000) 23. Value of information: Howard,
IEEE Transactions on Systems Science and Cybernetics 2 (1966) 22, of the mean beyond a quantile: Acerbi and Tasche,
Journal of Banking & Finance 26 (2002) 1487.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.quantiles import Interval
from dcsim.counting import positions
from dcsim.errors import RequestError, UnavailableError

Points = NDArray[np.float64]
Values = NDArray[np.float64]

SMALLEST = 2.0**-33
"""Uniform numbers stay so far from 0 and 1."""
PAIRED = 4
"""A tornado uses one in so many of the points that the indices use."""
VAGUE = 0.25
"""Half an interval above which a share of the variance is not shown."""
RESAMPLES, SHUFFLES = 200, 50
LEVEL = 0.8
"""What lies beyond this quantile is the latest fifth."""
Z95 = 1.959963984540054
TINY = 1e-9
"""A share of the variance of sizes below which those of a bin are taken to be equal."""
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


def sample(inputs: Sequence[Input], n: int, seed: int) -> Points:
    """The points at which values are needed.

    First n x (inputs + 2) for the indices: from the same point twice drawn, A and B, the point A, A with each input in
    turn as it is in B, and B; all of them spread evenly by a scrambled Sobol sequence. Then, for each input that has
    ends, a part of the points A with it at its low end, and again at its high end.

    Raises
    ------
    RequestError
        n is not a power of two, over which such a sequence is even.
    UnavailableError
        SALib is not installed.
    """
    if n < 2 * PAIRED or n & (n - 1):
        more = max(2 * PAIRED, 1 << max(0, n - 1).bit_length())
        raise RequestError(f"Sobol points come in powers of two, at least {2 * PAIRED}: ask for {more}, not {n}")
    if find_spec("SALib") is None:
        raise UnavailableError("sensitivity indices need SALib: pip install 'dcsim[sensitivity]'")
    from SALib.sample import sobol

    points = np.clip(sobol.sample(_problem(inputs), n, calc_second_order=False, seed=seed), SMALLEST, 1 - SMALLEST)
    base = points[_firsts(inputs, n)][: n // PAIRED]
    parts = [points]
    for drawn_input, columns in zip(inputs, _columns(inputs), strict=True):
        for end in (drawn_input.low, drawn_input.high) if drawn_input.low else ():
            parts.append(base.copy())
            parts[-1][:, columns] = np.where(np.isnan(end), base[:, columns], end)
    return np.concatenate(parts)


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
    shares = indices(inputs, n, values, seed)
    ends = iter(values[n * (len(inputs) + 2) :].reshape(-1, 2, n // PAIRED))
    base = values[_firsts(inputs, n)][: n // PAIRED]
    rows, later = [], -values[plain] if more_is_better else values[plain]
    for number, (drawn_input, columns) in enumerate(zip(inputs, _columns(inputs), strict=True)):
        correlation, known, sooner = UNKNOWN, UNKNOWN, UNKNOWN
        if drawn_input.size is not None:
            size = drawn_input.size(points[plain][:, columns])
            correlation = rank_correlation(size, values[plain])
            known = information(size, later, np.random.default_rng([seed, number]))
            sooner = information(size, later, np.random.default_rng([seed, number]), p80)
        low, high, swing = np.nan, np.nan, UNKNOWN
        if drawn_input.low:
            at_low, at_high = next(ends)
            low, high, swing = tornado(base, at_low, at_high, drawn_input.chance)
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


def indices(inputs: Sequence[Input], n: int, values: Values, seed: int) -> list[tuple[Interval, Interval]]:
    """Of each input the first-order and the total index, with intervals from a bootstrap; 0 if nothing varies."""
    if not np.ptp(values[plain_points(inputs, n)]):
        return [(Interval(0, 0, 0), Interval(0, 0, 0))] * len(inputs)
    from SALib.analyze import sobol

    all_values = values[: n * (len(inputs) + 2)]
    # SALib takes the seed 0 for none
    analysed = sobol.analyze(
        _problem(inputs), all_values, calc_second_order=False, num_resamples=RESAMPLES, seed=seed + 1
    )
    first, total = (zip(analysed[name], analysed[f"{name}_conf"], strict=True) for name in ("S1", "ST"))
    return [(_around(*alone), _around(*in_all)) for alone, in_all in zip(first, total, strict=True)]


def rank_correlation(sizes: Values, values: Values) -> Interval:
    """Spearman's rank correlation with its interval; empty where one of them never varies."""
    if any((column == column[:1]).all() for column in (sizes, values)):
        return UNKNOWN
    ranks = pd.DataFrame({"size": sizes, "value": values}).rank()
    r = float(np.clip(ranks["size"].corr(ranks["value"]), -1 + 1e-12, 1 - 1e-12))
    half = Z95 * np.sqrt((1 + r * r / 2) / (len(values) - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))


def tornado(base: Values, low: Values, high: Values, chance: float | None) -> tuple[float, float, Interval]:
    """By how much the mean moves at both ends of an input, and what lies between them, from paired values.

    What is always at one of its ends lies between them as its chance says, which is known better than by counting.
    """
    between = high - low
    base = base if chance is None else low + chance * between
    swing, half = float(between.mean()), Z95 * float(between.std(ddof=1)) / np.sqrt(len(between))
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


def latest_fifth(bins: Bins, sizes: Values, values: Values) -> float:
    """The mean of the latest fifth of each bin about a straight line, averaged over the bins by their values."""
    values = _level(bins, sizes, values)
    ordered, counts = values[np.lexsort((values, bins))], np.bincount(bins)
    beyond = np.clip(positions(counts) + 1 - np.repeat(LEVEL * counts, counts), 0, 1)
    return float(ordered @ beyond / ((1 - LEVEL) * len(values)))


def p80(bins: Bins, sizes: Values, values: Values) -> float:
    """The P80 of each bin about a straight line, averaged over the bins by their values."""
    values = _level(bins, sizes, values)
    ordered, counts = values[np.lexsort((values, bins))], np.bincount(bins)
    last = np.cumsum(counts) - counts + np.maximum(np.ceil(LEVEL * counts).astype(np.int64), 1) - 1
    filled = counts > 0
    return float(ordered[last[filled]] @ counts[filled] / len(values))


def information(
    sizes: Values,
    values: Values,
    rng: np.random.Generator,
    date: Callable[[Bins, Values, Values], float] = latest_fifth,
) -> Interval:
    """By how much a date would come earlier on average if a size were known: the mean of the latest fifth, or the P80.

    A date at the P80 leaves the fifth beyond it, whose mean never comes later for those who
    know more. The P80 itself may: it leaves out what is rarer than that fifth.

    Sizes are put into bins of equal probability, and within each the date is taken about a straight line. As that of
    few values is not that of many, it is compared with the same of shuffled sizes, not with the whole.
    """
    bins = _bins(sizes)
    if bins.max() == 0:
        return UNKNOWN
    shuffles = [rng.permutation(len(values)) for _ in range(SHUFFLES)]
    unknown = [date(bins[k], sizes[k], values) for k in shuffles]
    all_values, alike = np.zeros_like(bins), np.zeros_like(sizes)
    resamples = [rng.integers(len(values), size=len(values)) for _ in range(RESAMPLES)]
    gains = [date(all_values, alike, values[k]) - date(bins[k], sizes[k], values[k]) for k in resamples]
    chance = np.var(unknown, ddof=1)  # of the bins; a resample has it twice, once from the sample
    half = Z95 * float(np.sqrt(max(np.var(gains, ddof=1) - chance, chance)))
    return _around(float(np.mean(unknown)) - date(bins, sizes, values), half)


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


def _columns(inputs: Sequence[Input]) -> list[slice]:
    """Of each input its columns."""
    ends = np.cumsum([len(drawn_input.quantities) for drawn_input in inputs]).tolist()
    return [slice(end - len(drawn_input.quantities), end) for drawn_input, end in zip(inputs, ends, strict=True)]


def _problem(inputs: Sequence[Input]) -> dict[str, Any]:
    """The inputs as SALib knows them: every input a group of what is drawn for it."""
    names = [quantity for drawn_input in inputs for quantity in drawn_input.quantities]
    groups = [str(number) for number, drawn_input in enumerate(inputs) for _ in drawn_input.quantities]
    return {"num_vars": len(names), "names": names, "bounds": [[0, 1]] * len(names), "groups": groups}


def _around(estimate: float, half: float) -> Interval:
    return Interval(float(estimate), float(estimate - half), float(estimate + half))


def _cells(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high
