"""What is uncertain about a quantity: a frozen value with its mean and its quantile function.

A distribution is over plain numbers in whatever unit its owner uses; none of them is ever negative.
Continuous distributions are read from a table of their quantiles, and that table is the definition for
every engine.

How a table is laid out. Let u be a uniform number between 0 and 1, and v = min(u, 1 - u), its distance
from the nearer end. Row 0 of a table holds the quantiles from below (u = v), row 1, for u above one half,
those from above (u = 1 - v). The columns are knots in v: OCTAVES octaves from 2**-33 up to one half, each
cut into CELLS equal cells, so that the cells are finest in the tails. In the bits of v as a 64-bit number
the exponent and the leading six bits of the mantissa, `bits >> SHIFT`, count the cells; OFFSET is the count
at SMALLEST, the first knot. The other bits, `bits & MASK`, times SCALE are how far v lies into its cell,
between 0 and 1, and the quantile is `low + (high - low) * that`, where low and high stand at the cell's own
knot and the next. A v below SMALLEST counts as SMALLEST. The last column repeats the one before, so that
one half itself has a next knot.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Number = Fraction | float
Floats = NDArray[np.float64]

OCTAVES = 32
CELLS = 64
SHIFT = 46
OFFSET = (1023 - 33) * CELLS
MASK = (1 << SHIFT) - 1
SCALE = 2.0**-SHIFT
SMALLEST = 2.0**-33
KNOTS = OCTAVES * CELLS + 2
MOST_FAILURES = 10

_BLOCK = 4096
Z95 = 1.6448536269514722
"""The standard score of the 95th percentile of a normal distribution."""
_LARGEST_LOGARITHM = 700.0


# The table of a continuous distribution


@dataclass(frozen=True)
class Continuous(ABC):
    """A distribution whose quantiles are read from a table.

    To add one: a frozen dataclass whose fields are its parameters in the order in which they are written, and its
    name in `KINDS`.
    """

    written: ClassVar[str]
    """How a scenario file says it."""
    expected: ClassVar[str]
    """What its parameters must be."""
    pure: ClassVar[int] = 0
    """How many of the first parameters are numbers without the unit of the quantity."""

    @classmethod
    def of(cls, values: Sequence[Number], weights: Sequence[Number]) -> Self:
        """From its parameters: pure numbers, then numbers in the unit of the quantity."""
        return cls(*map(float, weights), *map(float, values))

    @property
    def ends(self) -> tuple[float, float] | None:
        """The values between which all draws lie; none where there are no such."""
        return None

    @property
    @abstractmethod
    def mean(self) -> float:
        """The exact mean."""

    @abstractmethod
    def from_below(self, v: Floats) -> Floats:
        """The value that a share v of all draws falls below, for v up to one half."""

    @abstractmethod
    def from_above(self, v: Floats) -> Floats:
        """The value that a share v of all draws exceeds, for v up to one half."""

    @abstractmethod
    def in_words(self, format: Callable[[Number], str]) -> str:
        """Its name and parameters, each as `format` tells it."""

    def quantile(self, u: Floats) -> Floats:
        """The values at the uniform numbers u, read from the table."""
        return read_table(table(self), u)

    def exact_quantile(self, u: Floats) -> Floats:
        """The formula that the table is built from."""
        u = np.asarray(u, dtype=np.float64)
        return np.where(u <= 0.5, self.from_below(np.minimum(u, 0.5)), self.from_above(np.minimum(1.0 - u, 0.5)))


def knots() -> Floats:
    """The v of every column of a table; the last stands for one half, like the one before."""
    bits = (np.arange(KNOTS - 1, dtype=np.int64) + OFFSET) << SHIFT
    v = bits.view(np.float64)
    return np.append(v, v[-1])


@lru_cache(maxsize=1024)
def table(distribution: Continuous) -> Floats:
    """The quantiles at the knots, from below in row 0 and from above in row 1; shape (2, KNOTS)."""
    v = knots()
    below = np.maximum.accumulate(distribution.from_below(v))
    above = np.minimum.accumulate(np.maximum(distribution.from_above(v), below[-1]))
    above[-2:] = below[-1]
    rows = np.stack((below, above))
    rows.setflags(write=False)
    return rows


def read_table(rows: Floats, u: Floats) -> Floats:
    """The quantiles at the uniform numbers u, which may have any shape.

    They are read in blocks small enough to stay in the processor's cache, which is three times as fast.
    """
    flat_rows, uniforms = rows.ravel(), np.asarray(u, dtype=np.float64)
    line = uniforms.ravel()
    values = np.empty(line.size)
    for begin in range(0, line.size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        values[block] = _read_block(flat_rows, line[block])
    return values.reshape(uniforms.shape)


def _read_block(flat_rows: Floats, u: Floats) -> Floats:
    upper = 1.0 - u
    v = np.maximum(np.minimum(u, upper), SMALLEST)
    bits = v.view(np.int64)
    column = (bits >> SHIFT) - OFFSET + (upper < u) * KNOTS
    low = flat_rows.take(column)
    high = flat_rows.take(column + 1)
    return low + (high - low) * ((bits & MASK) * SCALE)


# Continuous distributions


class _Between(Continuous):
    """A distribution between two ends."""

    low: Number
    high: Number

    @property
    def ends(self) -> tuple[float, float]:
        return float(self.low), float(self.high)


@dataclass(frozen=True)
class Uniform(_Between):
    """Any value between two ends, each as likely as another."""

    written: ClassVar[str] = "{uniform: [low, high]}"
    expected: ClassVar[str] = "expected low <= high"

    low: Number
    high: Number

    def __post_init__(self) -> None:
        _check_order("uniform", low=self.low, high=self.high)

    @property
    def mean(self) -> float:
        return float((self.low + self.high) / 2)

    def from_below(self, v: Floats) -> Floats:
        return float(self.low) + float(self.high - self.low) * v

    def from_above(self, v: Floats) -> Floats:
        return float(self.high) - float(self.high - self.low) * v

    def in_words(self, format: Callable[[Number], str]) -> str:
        return f"uniform {format(self.low)} to {format(self.high)}"


@dataclass(frozen=True)
class _Peaked(_Between):
    """A distribution between two ends, with a most likely value."""

    name: ClassVar[str]
    expected: ClassVar[str] = "expected low <= most likely <= high"

    low: Number
    mode: Number
    high: Number

    def __post_init__(self) -> None:
        _check_order(self.name, low=self.low, mode=self.mode, high=self.high)

    def in_words(self, format: Callable[[Number], str]) -> str:
        return f"{self.name} {format(self.low)} to {format(self.high)}, most likely {format(self.mode)}"


@dataclass(frozen=True)
class Triangular(_Peaked):
    """A least, a most likely and a greatest value, with straight lines between them."""

    written: ClassVar[str] = "{triangular: [low, most likely, high]}"
    name: ClassVar[str] = "triangular"

    @property
    def mean(self) -> float:
        return float((self.low + self.mode + self.high) / 3)

    def from_below(self, v: Floats) -> Floats:
        return self._inverse(v, 1.0 - v)

    def from_above(self, v: Floats) -> Floats:
        return self._inverse(1.0 - v, v)

    def _inverse(self, below: Floats, above: Floats) -> Floats:
        """The value with these shares of all draws below and above it."""
        low, high = float(self.low), float(self.high)
        width, rise, fall = high - low, float(self.mode - self.low), float(self.high - self.mode)
        rising = below * width <= rise
        return np.where(rising, low + np.sqrt(below * width * rise), high - np.sqrt(above * width * fall))


@dataclass(frozen=True)
class Pert(_Peaked):
    """A least, a most likely and a greatest value, with a smooth beta distribution between them.

    The beta-PERT of Malcolm et al. (1959), Vose's form with a weight of 4 on the mode.
    """

    written: ClassVar[str] = "{pert: [low, most likely, high]}"
    name: ClassVar[str] = "PERT"

    @property
    def mean(self) -> float:
        return float((self.low + 4 * self.mode + self.high) / 6)

    def from_below(self, v: Floats) -> Floats:
        width = float(self.high - self.low)
        alpha, beta = self._shapes()
        return float(self.low) + width * special.betaincinv(alpha, beta, v)

    def from_above(self, v: Floats) -> Floats:
        width = float(self.high - self.low)
        alpha, beta = self._shapes()
        return float(self.high) - width * special.betaincinv(beta, alpha, v)

    def _shapes(self) -> tuple[float, float]:
        width = self.high - self.low
        if not width:
            return 3.0, 3.0
        return float(1 + 4 * (self.mode - self.low) / width), float(1 + 4 * (self.high - self.mode) / width)


@dataclass(frozen=True)
class Lognormal(Continuous):
    """A quantity whose logarithm is normal, given by its 5th and 95th percentiles."""

    written: ClassVar[str] = "{lognormal: [5th percentile, 95th percentile]}, or 'A to B'"
    expected: ClassVar[str] = "expected 'A to B' with A above zero, below B and of a similar size"

    p05: Number
    p95: Number

    def __post_init__(self) -> None:
        _check_numbers("lognormal", self.p05, self.p95)
        if not 0 < self.p05 < self.p95:
            raise ValueError(
                "the ends of 'A to B', a lognormal's 5th and 95th percentiles, must be above zero "
                f"and A below B, got {_plain(self.p05)} to {_plain(self.p95)}"
            )
        if self.mu + self.sigma**2 / 2 > _LARGEST_LOGARITHM:
            raise ValueError(f"a lognormal from {_plain(self.p05)} to {_plain(self.p95)} is too wide to have a mean")

    @property
    def mu(self) -> float:
        """The mean of the logarithm."""
        return (math.log(self.p05) + math.log(self.p95)) / 2

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return (math.log(self.p95) - math.log(self.p05)) / (2 * Z95)

    @property
    def mean(self) -> float:
        return math.exp(self.mu + self.sigma**2 / 2)

    def from_below(self, v: Floats) -> Floats:
        return np.exp(self.mu + self.sigma * special.ndtri(v))

    def from_above(self, v: Floats) -> Floats:
        return np.exp(self.mu - self.sigma * special.ndtri(v))

    def in_words(self, format: Callable[[Number], str]) -> str:
        return f"lognormal, 90 % between {format(self.p05)} and {format(self.p95)}"


@dataclass(frozen=True)
class Normal(Continuous):
    """A normal distribution without its part below zero; the mean is that of what is left."""

    written: ClassVar[str] = "{normal: [mean, standard deviation]}"
    expected: ClassVar[str] = "expected a mean and a standard deviation of 0 or more"

    center: Number
    sd: Number

    def __post_init__(self) -> None:
        _check_numbers("normal", self.center, self.sd)
        if self.center < 0 or self.sd < 0:
            raise ValueError(
                "a normal's mean and standard deviation must not be negative, "
                f"got mean {_plain(self.center)} and standard deviation {_plain(self.sd)}"
            )

    @property
    def mean(self) -> float:
        center, sd = float(self.center), float(self.sd)
        if sd == 0:
            return center
        density = math.exp(-((center / sd) ** 2) / 2) / math.sqrt(2 * math.pi)
        return center + sd * density / self._kept_and_cut()[0]

    def from_below(self, v: Floats) -> Floats:
        kept, cut = self._kept_and_cut()
        return np.maximum(float(self.center) + float(self.sd) * special.ndtri(cut + v * kept), 0.0)

    def from_above(self, v: Floats) -> Floats:
        return np.maximum(float(self.center) - float(self.sd) * special.ndtri(v * self._kept_and_cut()[0]), 0.0)

    def _kept_and_cut(self) -> tuple[float, float]:
        """The shares of the whole normal distribution above and below zero."""
        if not self.sd:
            return 1.0, 0.0
        ratio = float(self.center) / float(self.sd)
        return float(special.ndtr(ratio)), float(special.ndtr(-ratio))

    def in_words(self, format: Callable[[Number], str]) -> str:
        return f"normal, mean {format(self.center)}, standard deviation {format(self.sd)}, never below zero"


@dataclass(frozen=True)
class Exponential(Continuous):
    """The time to an event that is as likely in one minute as in any other; the scale is its mean."""

    written: ClassVar[str] = "{exponential: mean}"
    expected: ClassVar[str] = "expected a mean above zero"

    scale: Number

    def __post_init__(self) -> None:
        _check_numbers("exponential", self.scale)
        if self.scale <= 0:
            raise ValueError(f"an exponential's mean must be above zero, got {_plain(self.scale)}")

    @property
    def mean(self) -> float:
        return float(self.scale)

    def from_below(self, v: Floats) -> Floats:
        return -float(self.scale) * np.log1p(-v)

    def from_above(self, v: Floats) -> Floats:
        return -float(self.scale) * np.log(v)

    def in_words(self, format: Callable[[Number], str]) -> str:
        return f"exponential, mean {format(self.scale)}"


@dataclass(frozen=True)
class Weibull(Continuous):
    """The time to a failure: a shape above 1 wears out, one below 1 fails early."""

    written: ClassVar[str] = "{weibull: [shape, scale]}"
    expected: ClassVar[str] = "expected a shape and a scale above zero, and a shape that is not tiny"
    pure: ClassVar[int] = 1

    shape: Number
    scale: Number

    def __post_init__(self) -> None:
        _check_numbers("weibull", self.shape, self.scale)
        if self.shape <= 0 or self.scale <= 0:
            raise ValueError(
                f"a weibull's shape and scale must be above zero, got {_plain(self.shape)} and {_plain(self.scale)}"
            )
        if not math.isfinite(self.mean):
            raise ValueError(f"a weibull with the shape {_plain(self.shape)} is too wide to have a mean")

    @property
    def mean(self) -> float:
        return float(self.scale) * float(special.gamma(1.0 + 1.0 / float(self.shape)))

    def from_below(self, v: Floats) -> Floats:
        return float(self.scale) * (-np.log1p(-v)) ** (1.0 / float(self.shape))

    def from_above(self, v: Floats) -> Floats:
        return float(self.scale) * (-np.log(v)) ** (1.0 / float(self.shape))

    def in_words(self, format: Callable[[Number], str]) -> str:
        return f"Weibull, shape {_plain(self.shape)}, scale {format(self.scale)}"


# Distributions of single values


@dataclass(frozen=True)
class Fixed:
    """A value that is known."""

    expected: ClassVar[str] = "expected a value of 0 or more"

    value: Number

    def __post_init__(self) -> None:
        _check_numbers("value", self.value)
        if self.value < 0:
            raise ValueError(f"a value must not be negative, got {_plain(self.value)}")

    @classmethod
    def of(cls, values: Sequence[Number], weights: Sequence[Number]) -> "Fixed":
        return cls(values[0])

    @property
    def ends(self) -> tuple[float, float]:
        return float(self.value), float(self.value)

    @property
    def mean(self) -> float:
        return float(self.value)

    def quantile(self, u: Floats) -> Floats:
        return np.full(np.shape(u), float(self.value))

    def in_words(self, format: Callable[[Number], str]) -> str:
        return format(self.value)


class _Listed(ABC):
    """A distribution over several values."""

    values: tuple[Number, ...]

    @property
    def ends(self) -> tuple[float, float]:
        return float(min(self.values)), float(max(self.values))

    @abstractmethod
    def steps(self) -> tuple[Floats, Floats]:
        """The values in order, and the share of all draws up to each."""

    def quantile(self, u: Floats) -> Floats:
        """The smallest value that a share of at least u of all draws does not exceed."""
        values, shares = _steps(self)
        return np.asarray(values[np.searchsorted(shares, np.minimum(u, 1.0), side="left")])


@dataclass(frozen=True)
class Discrete(_Listed):
    """One of several values, each as likely as its weight."""

    written: ClassVar[str] = "{discrete: [[value, weight], ...]}"
    expected: ClassVar[str] = "expected values and weights of 0 or more, and some weight above zero"

    values: tuple[Number, ...]
    weights: tuple[Number, ...]

    def __post_init__(self) -> None:
        _check_numbers("discrete", *self.values, *self.weights)
        if not self.values or len(self.values) != len(self.weights):
            raise ValueError(
                f"a discrete distribution needs a weight for each value, got {len(self.values)} values "
                f"and {len(self.weights)} weights"
            )
        if min(self.values) < 0:
            raise ValueError(f"a discrete distribution has no negative values, got {_plain(min(self.values))}")
        if min(self.weights) < 0:
            raise ValueError(f"weights must not be negative, got {_plain(min(self.weights))}")
        if sum(self.weights) == 0:
            raise ValueError("weights must add up to more than zero, got 0")

    @classmethod
    def of(cls, values: Sequence[Number], weights: Sequence[Number]) -> Self:
        return cls(tuple(map(float, values)), tuple(map(float, weights)))

    @property
    def mean(self) -> float:
        total = sum(Fraction(weight) for weight in self.weights)
        return float(sum(Fraction(v) * Fraction(w) for v, w in zip(self.values, self.weights, strict=True)) / total)

    def steps(self) -> tuple[Floats, Floats]:
        total = sum(Fraction(weight) for weight in self.weights)
        values, shares, running = [], [], Fraction(0)
        for value, weight in sorted(zip(self.values, self.weights, strict=True)):
            if weight:
                running += Fraction(weight)
                values.append(float(value))
                shares.append(float(running / total))
        return np.array(values), np.array(shares)

    def in_words(self, format: Callable[[Number], str]) -> str:
        total = float(sum(self.weights))
        shares = zip(self.values, self.weights, strict=True)
        return "discrete: " + ", ".join(f"{format(v)} ({100 * float(w) / total:.3g} %)" for v, w in shares)


@dataclass(frozen=True)
class Choice(Discrete):
    """One of several courses, by number; what is expected is the likeliest, of equals the first."""

    @property
    def mean(self) -> float:
        return float(self.weights.index(max(self.weights)))


@dataclass(frozen=True)
class Empirical(_Listed):
    """One of the values that were observed, each as likely as another."""

    written: ClassVar[str] = "{empirical: {file: data.csv, column: name}} or {empirical: {values: [...]}}"
    expected: ClassVar[str] = "expected values of 0 or more"

    values: tuple[Number, ...]

    def __post_init__(self) -> None:
        _check_numbers("empirical", *self.values)
        if not self.values:
            raise ValueError("an empirical distribution needs at least one value, got none")
        if min(self.values) < 0:
            raise ValueError(f"an empirical distribution has no negative values, got {_plain(min(self.values))}")

    @classmethod
    def of(cls, values: Sequence[Number], weights: Sequence[Number]) -> "Empirical":
        return cls(tuple(map(float, values)))

    @property
    def mean(self) -> float:
        return float(sum(Fraction(value) for value in self.values) / len(self.values))

    def steps(self) -> tuple[Floats, Floats]:
        values = np.sort(np.array([float(value) for value in self.values]))
        return values, np.arange(1, len(values) + 1) / len(values)

    def in_words(self, format: Callable[[Number], str]) -> str:
        ends = f"{format(min(self.values))} to {format(max(self.values))}"
        return f"empirical, {len(self.values)} values, {ends}"


# What is left of something that has begun


@dataclass(frozen=True)
class Left:
    """What is left of a length of which so much has passed: of all draws those that are longer, less what has passed.

    Where none is longer, nothing is left.
    """

    whole: "Distribution"
    times: float
    """What multiplies the whole length."""
    passed: float

    @property
    def ends(self) -> tuple[float, float]:
        return tuple(max(0.0, end * self.times - self.passed) for end in (least(self.whole), greatest(self.whole)))  # type: ignore

    @property
    def mean(self) -> float:
        if not self.passed or isinstance(self.whole, Fixed):
            return max(0.0, self.whole.mean * self.times - self.passed)
        return float(self.quantile((np.arange(_POINTS) + 0.5) / _POINTS).mean())

    def quantile(self, u: Floats) -> Floats:
        share = _share_passed(self)
        return np.maximum(self.whole.quantile(share + (1.0 - share) * np.asarray(u)) * self.times - self.passed, 0.0)

    def in_words(self, format: Callable[[Number], str]) -> str:
        rest = f", of which {format(self.passed)} have passed" if self.passed else ""
        times = "" if self.times == 1 else f"{self.times:.3g} times "
        return f"{times}{self.whole.in_words(format)}{rest}"


_POINTS = 1000
"""Draws, evenly spread, whose mean stands for that of what is left."""


@lru_cache(maxsize=4096)
def _share_passed(left: Left) -> float:
    """The share of all draws that are no longer than what has passed."""
    low, high = 0.0, 1.0
    while left.passed and high - low > SMALLEST:
        middle = (low + high) / 2
        if float(left.whole.quantile(np.array([middle]))[0]) * left.times <= left.passed:
            low = middle
        else:
            high = middle
    return low


Distribution = Fixed | Continuous | Discrete | Empirical | Left

KINDS: dict[str, type[Continuous | Discrete | Empirical]] = {
    "pert": Pert,
    "triangular": Triangular,
    "uniform": Uniform,
    "normal": Normal,
    "lognormal": Lognormal,
    "exponential": Exponential,
    "weibull": Weibull,
    "discrete": Discrete,
    "empirical": Empirical,
}
"""Every distribution that a scenario file can name."""


def least(distribution: Distribution) -> float:
    """The least value that can be drawn; where there is no end, what one draw in a thousand falls below."""
    return _end(distribution, 0, 0.001)


def greatest(distribution: Distribution) -> float:
    """The greatest value that can be drawn."""
    return _end(distribution, 1, 1.0 - SMALLEST)


def _end(distribution: Distribution, side: int, u: float) -> float:
    if isinstance(distribution, Continuous) and distribution.ends is None:
        return float(distribution.exact_quantile(np.array([u]))[0])
    assert distribution.ends is not None
    return distribution.ends[side]


@lru_cache(maxsize=256)
def _steps(distribution: _Listed) -> tuple[Floats, Floats]:
    return distribution.steps()


# The number of failures before a success


def failures_table(p: Number | Floats) -> Floats:
    """The shares of all draws with at most 0, 1, 2, ... failures, when each attempt fails with probability p.

    The last axis has MOST_FAILURES columns; whatever lies above the last share has MOST_FAILURES failures.
    """
    chance = np.asarray(p if isinstance(p, np.ndarray) else float(p), dtype=np.float64)
    if not np.all((chance >= 0) & (chance <= 1)):
        raise ValueError(f"a probability must be between 0 and 1, got {p}")
    repeated = np.repeat(chance[..., None], MOST_FAILURES, axis=-1)
    return np.asarray(1.0 - np.cumprod(repeated, axis=-1))


def failures(p: Number | Floats, u: Floats) -> NDArray[np.int64]:
    """How often an attempt fails before it succeeds, at the uniform numbers u; at most MOST_FAILURES."""
    shares = failures_table(p)
    return np.asarray((np.asarray(u)[..., None] > shares).sum(axis=-1), dtype=np.int64)


@lru_cache(maxsize=256)
def mean_failures(p: Fraction) -> Fraction:
    """The mean number of failures, with at most MOST_FAILURES."""
    return sum((p**k for k in range(1, MOST_FAILURES + 1)), Fraction(0))


# What is refused


def _check_numbers(kind: str, *numbers: Number) -> None:
    for number in numbers:
        if not math.isfinite(number):
            raise ValueError(f"{kind}: expected finite numbers, got {number}")


def _check_order(kind: str, **ends: Number) -> None:
    """The values named must be in the order given, none negative."""
    values = list(ends.values())
    _check_numbers(kind, *values)
    shown = ", ".join(_plain(value) for value in values)
    if sorted(values) != values:
        raise ValueError(f"{kind}: expected {' <= '.join(ends)}, got {shown}")
    if values[0] < 0:
        raise ValueError(f"{kind}: expected no negative values, got {shown}")


def _plain(x: Number) -> str:
    return f"{float(x):.12g}"
