"""Quantile tables against formulas, means against integrals, and what is said about the impossible."""

import math
from dataclasses import FrozenInstanceError
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from dcsim.distributions import (
    CELLS,
    KNOTS,
    MASK,
    OCTAVES,
    OFFSET,
    SCALE,
    SHIFT,
    SMALLEST,
    Continuous,
    Discrete,
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Floats,
    Lognormal,
    Normal,
    Pert,
    Triangular,
    Uniform,
    Weibull,
    failures,
    failures_table,
    knots,
    mean_failures,
    read_table,
    table,
)

CONTINUOUS: list[Continuous] = [
    Pert(10, 12, 16),
    Pert(Fraction(25), Fraction(32), Fraction(50)),
    Pert(5, 5, 20),
    Pert(5, 20, 20),
    Pert(7, 7, 7),
    Triangular(10, 12, 16),
    Triangular(0, 0, 1),
    Triangular(0, 1, 1),
    Triangular(3, 3, 3),
    Uniform(0, 1),
    Uniform(4, 4),
    Lognormal(Fraction(30), Fraction(90)),
    Lognormal(0.2, 5),
    Normal(10, 2),
    Normal(1, 3),
    Normal(0, 1),
    Normal(5, 0),
    Exponential(8),
    Weibull(1.5, 10),
    Weibull(0.7, 10),
    Weibull(4, 10),
]
STEPPED: list[Distribution] = [Fixed(Fraction(7)), Discrete((1, 5, 3), (2, 1, 1)), Empirical((3, 1, 2, 2))]
EVERY_KIND = [*CONTINUOUS, *STEPPED]

RNG = np.random.default_rng(20240502)
UNIFORMS = np.concatenate([RNG.random(5000), 2.0 ** -RNG.uniform(1, 33, 2000), 1 - 2.0 ** -RNG.uniform(1, 33, 2000)])


def is_close(a: Floats, b: Floats, tolerance: float) -> bool:
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * 1e-3))


def integral(distribution: Continuous) -> float:
    """The area under the table's quantiles, which is the mean of what is drawn from it."""
    v, rows = knots(), table(distribution)
    return float(sum(np.sum((row[1:] + row[:-1]) / 2 * np.diff(v)) + row[0] * SMALLEST for row in rows))


@pytest.mark.parametrize("distribution", CONTINUOUS, ids=repr)
def test_a_table_follows_its_formula(distribution: Continuous) -> None:
    assert is_close(distribution.quantile(UNIFORMS), distribution.exact_quantile(UNIFORMS), 1e-4)


@pytest.mark.parametrize("distribution", CONTINUOUS, ids=repr)
def test_a_table_is_exact_at_its_knots(distribution: Continuous) -> None:
    v = knots()
    assert is_close(distribution.quantile(v), distribution.exact_quantile(v), 1e-13)
    assert is_close(distribution.quantile(1 - v), distribution.exact_quantile(1 - v), 1e-13)


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=repr)
def test_quantiles_rise(distribution: Distribution) -> None:
    values = distribution.quantile(np.sort(UNIFORMS))
    assert np.all(np.diff(values) >= -4e-16 * values[1:])
    assert np.all(values >= 0)


@pytest.mark.parametrize("distribution", CONTINUOUS, ids=repr)
def test_the_mean_is_the_integral_of_the_table(distribution: Continuous) -> None:
    assert integral(distribution) == pytest.approx(distribution.mean, rel=2e-5)


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=repr)
def test_quantiles_keep_the_shape_of_their_uniforms(distribution: Distribution) -> None:
    u = RNG.random((3, 4))
    assert distribution.quantile(u).shape == (3, 4)
    assert distribution.quantile(u).dtype == np.float64
    assert distribution.quantile(np.float64(0.3)).shape == ()  # type: ignore[arg-type]
    assert distribution.quantile(u[:, ::2]).tolist() == distribution.quantile(u)[:, ::2].tolist()


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=repr)
def test_the_very_ends_are_finite(distribution: Distribution) -> None:
    values = distribution.quantile(
        np.array([0.0, 5e-324, SMALLEST / 2, SMALLEST, 0.5, 1 - SMALLEST, 1 - 2.0**-53, 1.0])
    )
    assert np.all(np.isfinite(values))
    assert np.all(np.diff(values) >= 0)


def test_medians_and_percentiles_known_by_heart() -> None:
    u = np.array([0.05, 0.5, 0.95])
    assert Lognormal(30, 90).exact_quantile(u) == pytest.approx([30, math.sqrt(2700), 90])
    assert Exponential(10).exact_quantile(np.array([0.5])) == pytest.approx([10 * math.log(2)])
    assert Uniform(2, 6).quantile(u) == pytest.approx([2.2, 4, 5.8])
    assert Triangular(0, 1, 2).exact_quantile(np.array([0.125, 0.5, 0.875])) == pytest.approx([0.5, 1, 1.5])
    assert Normal(100, 10).exact_quantile(u) == pytest.approx([83.55146, 100, 116.44854])
    assert Pert(0, 1, 2).exact_quantile(u)[1] == pytest.approx(1)
    assert special.betainc(1.8, 4.2, (Pert(10, 11, 15).exact_quantile(u) - 10) / 5) == pytest.approx(u)


def test_the_tails_are_not_lost_to_rounding() -> None:
    far = np.array([1 - 2.0**-33])
    assert Exponential(1).quantile(far) == pytest.approx([33 * math.log(2)], rel=1e-14)
    assert Normal(1000, 1).quantile(far) == pytest.approx(1000 - special.ndtri(2.0**-33), rel=1e-14)


def test_a_constant_is_constant() -> None:
    for distribution in (Pert(7, 7, 7), Triangular(7, 7, 7), Uniform(7, 7), Normal(7, 0), Fixed(Fraction(7))):
        assert set(distribution.quantile(UNIFORMS).tolist()) == {7.0}
        assert distribution.mean == 7


# The layout of a table


def read_one(rows: Floats, u: float) -> float:
    """The documented layout, told without bits: octaves from math.frexp, and a cell within one."""
    v = max(min(u, 1 - u), SMALLEST)
    mantissa, exponent = math.frexp(v)
    place = (2 * mantissa - 1) * CELLS
    cell = math.floor(place)
    column = (exponent + OCTAVES) * CELLS + cell
    row = rows[1 if u > 0.5 else 0]
    return float(row[column] + (row[column + 1] - row[column]) * (place - cell))


@given(st.floats(0, 1))
def test_a_table_is_read_as_documented(u: float) -> None:
    rows = table(Pert(10, 12, 16))
    assert read_table(rows, np.array([u]))[0] == read_one(rows, u)


def test_the_constants_describe_the_knots() -> None:
    v = knots()
    assert len(v) == KNOTS == OCTAVES * CELLS + 2
    assert v[0] == SMALLEST
    assert v[-1] == v[-2] == 0.5
    assert np.all(np.diff(v)[:-1] > 0)
    assert int(np.float64(SMALLEST).view(np.int64)) >> SHIFT == OFFSET
    assert MASK * SCALE < 1
    assert table(Uniform(0, 1)).shape == (2, KNOTS)


def test_a_table_is_built_once_and_cannot_be_changed() -> None:
    assert table(Pert(1, 2, 4)) is table(Pert(1, 2, 4))
    with pytest.raises(ValueError, match="read-only"):
        table(Pert(1, 2, 4))[0, 0] = 5


NUMBERS = st.fractions(0, 1000, max_denominator=100)
THREE = st.lists(NUMBERS, min_size=3, max_size=3).map(sorted)


@pytest.mark.slow
@given(
    THREE.map(lambda x: Pert(*x))
    | THREE.map(lambda x: Triangular(*x))
    | st.tuples(NUMBERS, NUMBERS).map(lambda x: Normal(*x))
    | st.tuples(NUMBERS, NUMBERS).map(lambda x: Lognormal(x[0] + 1, x[0] + x[1] + 2))
    | st.tuples(NUMBERS, NUMBERS).map(lambda x: Weibull(Fraction(1, 2) + x[0] / 100, x[1] + 1))
)
def test_any_table_rises_and_has_the_mean(distribution: Continuous) -> None:
    below, above = table(distribution)
    assert np.all(np.isfinite(below) & np.isfinite(above))
    assert np.all(np.diff(below) >= 0)
    assert np.all(np.diff(above) <= 0)
    assert below[-1] == above[-1]
    assert integral(distribution) == pytest.approx(distribution.mean, rel=1e-4, abs=1e-9)


@pytest.mark.slow
@given(THREE, st.lists(st.floats(2.0**-33, 1 - 2.0**-33), min_size=1, max_size=20))
def test_any_pert_stays_between_its_ends(ends: list[Fraction], u: list[float]) -> None:
    low, mode, high = ends
    values = Pert(low, mode, high).quantile(np.array(u))
    assert np.all((values >= float(low) * (1 - 1e-15)) & (values <= float(high) * (1 + 1e-15)))


# Single values


def test_discrete_values_come_by_their_weights() -> None:
    u = np.array([0.01, 0.5, 0.51, 0.75, 0.76, 1.0])
    assert Discrete((1, 5, 3), (2, 1, 1)).quantile(u).tolist() == [1, 1, 3, 3, 5, 5]
    assert Discrete((1, 5, 3), (2, 1, 1)).mean == 2.5
    assert Discrete((0, 4), (0, 1)).quantile(np.array([0.0, 0.5])).tolist() == [4, 4]


def test_observed_values_are_equally_likely() -> None:
    u = np.array([0.0, 0.25, 0.26, 0.75, 0.76, 1.0])
    assert Empirical((3, 1, 2, 2)).quantile(u).tolist() == [1, 1, 2, 2, 3, 3]
    assert Empirical((3, 1, 2, 2)).mean == 2


# Failures


def test_failures_are_geometric_and_capped() -> None:
    u = np.array([0.0, 0.5, 0.50001, 0.75, 0.76, 1 - 2.0**-10, 1 - 2.0**-11, 1.0])
    assert failures(0.5, u).tolist() == [0, 0, 1, 1, 2, 9, 10, 10]
    assert failures(Fraction(0), u).tolist() == [0] * 8
    assert failures(1.0, u[1:]).tolist() == [10] * 7
    assert failures_table(0.5).tolist() == [1 - 0.5 ** (k + 1) for k in range(10)]


def test_each_attempt_may_have_its_own_probability() -> None:
    p = RNG.random(200)
    u = RNG.random(200)
    assert failures(p, u).tolist() == [int(failures(float(a), np.array(b))) for a, b in zip(p, u, strict=True)]
    assert failures_table(p).shape == (200, 10)


@pytest.mark.parametrize("p", [Fraction(0), Fraction(1, 10), Fraction(44, 100), Fraction(9, 10), Fraction(1)])
def test_the_mean_number_of_failures(p: Fraction) -> None:
    u = (np.arange(200_000) + 0.5) / 200_000
    assert failures(p, u).mean() == pytest.approx(float(mean_failures(p)), abs=1e-4)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_probability_lies_between_0_and_1(p: float) -> None:
    with pytest.raises(ValueError, match=f"a probability must be between 0 and 1, got {p}"):
        failures_table(p)


# Words and refusals


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        (Fixed(Fraction(7)), "7 d"),
        (Pert(10, 12, 16), "PERT 10 d to 16 d, most likely 12 d"),
        (Triangular(10, 12, 16), "triangular 10 d to 16 d, most likely 12 d"),
        (Uniform(10, 16), "uniform 10 d to 16 d"),
        (Lognormal(10, 16), "lognormal, 90 % between 10 d and 16 d"),
        (Normal(10, 2), "normal, mean 10 d, standard deviation 2 d, never below zero"),
        (Exponential(10), "exponential, mean 10 d"),
        (Weibull(1.5, 10), "Weibull, shape 1.5, scale 10 d"),
        (Discrete((1, 3), (1, 3)), "discrete: 1 d (25 %), 3 d (75 %)"),
        (Empirical((3, 1, 2)), "empirical, 3 values, 1 d to 3 d"),
    ],
)
def test_distributions_in_words(distribution: Distribution, words: str) -> None:
    assert distribution.in_words(lambda x: f"{x} d") == words


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (Pert, (3, 2, 4), "^PERT: expected low <= mode <= high, got 3, 2, 4$"),
        (Triangular, (1, 5, 4), "^triangular: expected low <= mode <= high, got 1, 5, 4$"),
        (Uniform, (2, 1), "^uniform: expected low <= high, got 2, 1$"),
        (Uniform, (-1, 1), "^uniform: expected no negative values, got -1, 1$"),
        (Pert, (1, 2, math.nan), "PERT: expected finite numbers, got nan"),
        (Lognormal, (5, 5), "must be above zero and A below B, got 5 to 5"),
        (
            Lognormal,
            (0, 5),
            "the ends of 'A to B', a lognormal's 5th and 95th percentiles, must be above zero",
        ),
        (
            Lognormal,
            (Fraction(1, 10**60), 10**60),
            "a lognormal from 1e-60 to 1e[+]60 is too wide to have a mean",
        ),
        (Normal, (1, -1), "must not be negative, got mean 1 and standard deviation -1"),
        (Normal, (-1, 1), "a normal's mean and standard deviation must not be negative, got mean -1"),
        (Exponential, (0,), "an exponential's mean must be above zero, got 0"),
        (Weibull, (0, 1), "a weibull's shape and scale must be above zero, got 0 and 1"),
        (Weibull, (0.001, 1), "a weibull with the shape 0.001 is too wide to have a mean"),
        (Fixed, (-1,), "a value must not be negative, got -1"),
        (Fixed, (math.inf,), "value: expected finite numbers, got inf"),
        (Discrete, ((1, 2), (1,)), "needs a weight for each value, got 2 values and 1 weights"),
        (Discrete, ((), ()), "needs a weight for each value, got 0 values"),
        (Discrete, ((1, 2), (1, -1)), "weights must not be negative, got -1"),
        (Discrete, ((1, 2), (0, 0)), "weights must add up to more than zero, got 0"),
        (Discrete, ((-1, 2), (1, 1)), "a discrete distribution has no negative values, got -1"),
        (Empirical, ((),), "an empirical distribution needs at least one value, got none"),
        (Empirical, ((-1, 2),), "an empirical distribution has no negative values, got -1"),
    ],
)
def test_impossible_distributions_are_refused(kind: type, values: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(*values)


@pytest.mark.parametrize("distribution", EVERY_KIND, ids=repr)
def test_distributions_are_frozen(distribution: Distribution) -> None:
    field = next(iter(vars(distribution)))
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        setattr(distribution, field, 1)
