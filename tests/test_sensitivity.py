"""What moves a value: the estimators against closed forms, through the code that `dcsim drivers` uses."""

from math import nan, pi, prod, sqrt

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from dcsim.analysis import sensitivity
from dcsim.analysis.sensitivity import SMALLEST, Input, information, rank_correlation, sample, table, wanted
from dcsim.errors import RequestError

BEYOND = float(np.exp(-(special.ndtri(0.8) ** 2) / 2) / sqrt(2 * pi) / 0.2)
"""The mean of the highest fifth of a standard normal: 1.3998."""


def plain(name, columns=1):
    """An input that is as large as its first uniform number."""
    names = tuple(f"{name}{k}" for k in range(columns))
    return Input(name, "factor", names, lambda points: points[:, 0], (0.1,) * columns, (0.9,) * columns)


def in_rounds(f, inputs, n, seed=1):
    """The points, and the values of those that are asked for."""
    points = sample(inputs, n, seed)
    values = np.full(len(points), nan)
    while len(asked := wanted(inputs, n, values)):
        assert np.isnan(values[asked]).all(), "asked for twice"
        values[asked] = f(points[asked])
    return points, values


def told(f, inputs, n, seed=1):
    """The table of a function of uniform numbers, by input."""
    points, values = in_rounds(f, inputs, n, seed)
    return table(inputs, n, points, values, seed).set_index("input")


def holds(found, name, truth):
    """Whether the intervals of the table hold the true values."""
    return ((found[f"{name}_low"] <= truth) & (truth <= found[f"{name}_high"])).all()


def ishigami(points):
    x, y, z = (2 * pi * points - pi).T
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


@pytest.mark.slow
def test_the_indices_of_ishigami():
    """Ishigami and Homma (1990), with a = 7 and b = 0.1: z acts only together with x."""
    found = told(ishigami, [plain("x"), plain("y"), plain("z")], 4096).loc[["x", "y", "z"]]
    first, both = (1 + 0.1 * pi**4 / 5) ** 2 / 2, 0.01 * pi**8 * (1 / 18 - 1 / 50)
    whole = first + 49 / 8 + both
    assert found["first"].to_numpy() == pytest.approx([first / whole, 49 / 8 / whole, 0], abs=0.015)
    assert found["total"].to_numpy() == pytest.approx([(first + both) / whole, 49 / 8 / whole, both / whole], abs=0.01)
    assert holds(found, "first", np.array([first / whole, 49 / 8 / whole, 0]))
    assert holds(found, "total", np.array([(first + both) / whole, 49 / 8 / whole, both / whole]))


A = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])
PARTS = 1 / (3 * (1 + A) ** 2)


def g(points):
    return np.prod((np.abs(4 * points - 2) + A) / (1 + A), axis=1)


@pytest.mark.slow
def test_the_indices_of_the_g_function():
    """Saltelli and Sobol (1995): a product, in which every input interacts with every other."""
    found = told(g, [plain(f"x{k}") for k in range(8)], 4096).loc[[f"x{k}" for k in range(8)]]
    whole = prod(1 + PARTS) - 1
    first, total = PARTS / whole, PARTS / (1 + PARTS) * prod(1 + PARTS) / whole
    assert found["first"].to_numpy() == pytest.approx(first, abs=0.015)
    assert found["total"].to_numpy() == pytest.approx(total, abs=0.015)
    assert holds(found, "first", first)
    assert holds(found, "total", total)


@pytest.mark.slow
def test_what_is_asked_about_as_one_thing_has_one_index():
    """The first two inputs of the g function together, and all others together."""
    found = told(g, [plain("large", 2), plain("small", 6)], 2048)
    whole, large, small = prod(1 + PARTS) - 1, prod(1 + PARTS[:2]), prod(1 + PARTS[2:])
    assert found.loc["large", "first"] == pytest.approx((large - 1) / whole, abs=0.03)
    assert found.loc["large", "total"] == pytest.approx((large - 1) * small / whole, abs=0.03)
    assert found.loc["small", "total"] == pytest.approx((small - 1) * large / whole, abs=0.01)


def test_what_cannot_matter_has_no_index_and_no_swing():
    found = told(lambda points: points[:, 0], [plain("does"), plain("does_not")], 256)
    assert list(found.index) == ["does", "does_not"]
    idle = found.loc["does_not"]
    assert (idle[["first", "first_low", "total", "total_low", "at_low", "at_high", "swing", "swing_low"]] == 0).all()
    assert 0 < idle["total_high"] < 2 / sensitivity.FEW, "what acts in none of so many points may act in the next"
    assert idle["correlation_low"] < 0 < idle["correlation_high"]
    assert idle["information_low"] < 0 < idle["information_high"]
    assert found.loc["does", "total"] == pytest.approx(1, abs=0.02)


def test_where_nothing_varies_there_is_nothing_to_tell():
    found = told(lambda points: np.full(len(points), 7.0), [plain("a"), plain("b")], 16)
    assert (found[["first", "total", "swing", "information"]] == 0).all(axis=None)
    assert found["correlation"].isna().all()


@pytest.mark.slow
def test_a_tornado_moves_the_mean_by_each_end():
    """2 a + b c: at the tenths of a 0.8 below and above the mean, at those of b half as far as c is on average."""
    found = told(lambda p: 2 * p[:, 0] + p[:, 1] * p[:, 2], [plain("a"), plain("b"), plain("c")], 1024)
    assert found["at_low"].to_dict() == pytest.approx({"a": -0.8, "b": -0.2, "c": -0.2}, abs=0.01)
    assert found["at_high"].to_dict() == pytest.approx({"a": 0.8, "b": 0.2, "c": 0.2}, abs=0.01)
    assert found["swing"].to_dict() == pytest.approx({"a": 1.6, "b": 0.4, "c": 0.4}, abs=0.01)
    assert found.loc["a", "swing_high"] - found.loc["a", "swing_low"] < 0.1
    assert holds(found.loc[["b", "c"]], "swing", 0.4)


@pytest.mark.slow
def test_at_an_end_what_is_not_a_number_stays_at_random():
    """A risk of 3 in 10 that costs between 0 and 20."""
    ends = (1 - SMALLEST, np.nan), (SMALLEST, np.nan)
    occurs = Input("risk", "risk", ("occurs", "costs"), lambda p: (p[:, 0] < 0.3).astype(float), *ends, 0.3)
    found = told(lambda p: np.where(p[:, 0] < 0.3, 20 * p[:, 1], 0) + p[:, 2], [occurs, plain("noise")], 1024)
    assert found.loc["risk", "at_low"] == pytest.approx(-3, abs=0.1)
    assert found.loc["risk", "at_high"] == pytest.approx(7, abs=0.1)


# In rounds, until it is known well enough


def test_what_is_known_well_enough_has_no_more_points():
    """Of three inputs one does nothing: the others have all points, it has those of the first round."""
    inputs = [plain("x"), plain("y"), plain("idle")]
    _, values = in_rounds(lambda p: p[:, 0] ** 3 + p[:, 0] * p[:, 1] ** 4, inputs, 512)
    rows = (~np.isnan(values[: 512 * 5].reshape(512, 5))).sum(axis=0).tolist()
    assert rows[0] == rows[1] == rows[-1] == 512
    assert rows[3] == sensitivity.FEW


@pytest.mark.slow
def test_intervals_hold_the_true_value_where_rounds_end_early():
    """A sum of a large, a middle and a small part, a product, and a risk: nine of ten intervals hold."""

    def f(p):
        return 10 * p[:, 0] + 4 * p[:, 1] + p[:, 2] + 8 * (p[:, 0] - 0.5) * (p[:, 1] - 0.5) + 3 * (p[:, 3] < 0.2)

    ends = (1 - SMALLEST,), (SMALLEST,)
    risk = Input("risk", "risk", ("risk0",), lambda p: (p[:, 0] < 0.2).astype(float), *ends, 0.2)
    inputs = [plain("a"), plain("b"), plain("c"), risk]
    alone = np.array([100 / 12, 16 / 12, 1 / 12, 9 * 0.16])
    both = np.array([64 / 144, 64 / 144, 0, 0])
    all_parts = alone.sum() + 64 / 144
    swing = np.array([8, 3.2, 0.8, 3])
    held = []
    for seed in range(60):
        found = told(f, inputs, 512, seed).loc[["a", "b", "c", "risk"]]
        for name, truth in (("first", alone / all_parts), ("total", (alone + both) / all_parts), ("swing", swing)):
            low, high = found[f"{name}_low"] - 1e-9, found[f"{name}_high"] + 1e-9
            held.append(((low <= truth) & (truth <= high)).to_numpy())
    assert np.mean(held) > 0.95
    assert np.mean(held, axis=0).min() > 0.9


# Correlation by ranks


def test_ranks_see_what_rises_not_how():
    found = rank_correlation(x := np.linspace(0.1, 5, 200), np.exp(x))
    assert (found.low, found.estimate, found.high) == pytest.approx((1, 1, 1))
    assert rank_correlation(x, -x).estimate == pytest.approx(-1)


def test_ties_share_their_rank():
    occurs, days = np.array([0, 1, 0, 1, 1, 0, 0, 1.0]), np.array([3, 5, 3, 9, 9, 9, 1, 7.0])
    assert rank_correlation(occurs, days).estimate == pytest.approx(stats.spearmanr(occurs, days).statistic)


def test_the_interval_of_a_rank_correlation_holds_it():
    """Of two normals with correlation 0.6 it is 6 / pi x asin(0.3); 95 of 100 intervals hold it, about."""
    rng, truth = np.random.default_rng(0), 6 / pi * np.arcsin(0.3)
    inside = 0
    for _ in range(400):
        x, noise = rng.normal(size=(2, 80))
        found = rank_correlation(x, 0.6 * x + 0.8 * noise)
        inside += found.low <= truth <= found.high
    assert 0.925 <= inside / 400 <= 0.975


# The worth of knowing


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "noise"), [(1.0, 1e-3), (1.0, 1.0), (0.3, 1.0), (0.0, 1.0)])
def test_the_worth_of_knowing_one_part_of_a_normal_sum(signal, noise):
    """Beyond the P80 lies 1.4 times the spread, and of the spread the other part remains."""
    rng, truth = np.random.default_rng(2), BEYOND * (sqrt(signal**2 + noise**2) - noise)
    found = []
    for _ in range(40):
        x, rest = rng.normal(size=(2, 512))
        found.append(information(x, signal * x + noise * rest, rng)[0])
    estimates = np.array([one.estimate for one in found])
    assert estimates.mean() == pytest.approx(truth, abs=0.03)
    assert np.mean([one.low <= truth <= one.high for one in found]) > 0.85
    assert estimates.min() > -0.05


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "noise"), [(1.0, 1.0), (0.0, 1.0)])
def test_how_much_sooner_the_p80_is_for_those_who_know(signal, noise):
    """The P80 of a normal sum lies 0.84 times its spread above its mean, and of the spread the other part remains."""
    rng, truth = np.random.default_rng(4), special.ndtri(0.8) * (sqrt(signal**2 + noise**2) - noise)
    found = []
    for _ in range(40):
        x, rest = rng.normal(size=(2, 512))
        found.append(information(x, signal * x + noise * rest, rng)[1])
    assert np.mean([one.estimate for one in found]) == pytest.approx(truth, abs=0.03)
    assert np.mean([one.low <= truth <= one.high for one in found]) > 0.85


@pytest.mark.slow
def test_a_rare_risk_is_worth_knowing():
    """1 of 10 builds is 10 days late: half of the latest fifth. The P80 hardly moves with it, and the mean does."""
    rng = np.random.default_rng(3)
    occurs = (np.arange(20_000) % 10 == 0).astype(float)
    days = 10 * occurs + rng.normal(size=20_000)
    nine = special.ndtri(8 / 9)
    late = (10 + np.exp(-(nine**2) / 2) / sqrt(2 * pi) * 9) / 2
    found = information(occurs, days, rng)[0]
    assert found.estimate == pytest.approx(late - BEYOND - 1, abs=0.1)
    apart = 0.9 * np.quantile(days[occurs == 0], 0.8) + 0.1 * np.quantile(days[occurs == 1], 0.8)
    assert np.quantile(days, 0.8) < apart, "the P80 would say that knowing makes it later"


# What is asked


@pytest.mark.parametrize(("asked", "right"), [(100, 128), (0, 8), (4, 8), (513, 1024)])
def test_points_come_in_powers_of_two(asked, right):
    with pytest.raises(RequestError, match=f"powers of two, at least 8: ask for {right}, not {asked}"):
        sample([plain("a")], asked, 0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_table():
    inputs = [plain("x"), plain("y"), plain("z")]
    one, again, other = (told(ishigami, inputs, 64, seed) for seed in (0, 0, 1))
    assert one.equals(again)
    assert not one.equals(other)


# What so few values do not tell


def _frame(*rows):
    """Inputs with first and total index and half the interval of both."""
    names = ("first", "total")
    return pd.DataFrame(
        [
            {
                f"{name}{end}": value + sign * half
                for name, value in zip(names, values, strict=True)
                for end, sign in ENDS
            }
            for *values, half in rows
        ]
    )


ENDS = (("", 0), ("_low", -1), ("_high", 1))


@pytest.mark.parametrize(
    ("rows", "first", "total"),
    [
        ([(0.5, 0.6, 0.1), (0.3, 0.4, 0.1)], [0.5, 0.3], [0.6, 0.4]),
        ([(0.5, 0.6, 0.3), (0.01, 0.02, 0.02)], [nan, 0.01], [nan, 0.02]),  # nobody knows
        ([(0.52, 0.5, 0.1), (-0.01, 0.4, 0.1)], [0.5, 0.0], [0.5, 0.4]),  # put right
        ([(0.9, 0.5, 0.1)], [nan], [0.5]),  # cannot be
        ([(1.02, 1.05, 0.1)], [1.0], [1.0]),
        ([(0.6, 0.7, 0.1), (0.5, 0.7, 0.1)], [0.6 / 1.1, 0.5 / 1.1], [0.7, 0.7]),
        ([(0.8, 0.9, 0.1), (0.8, 0.9, 0.1)], [nan, nan], [0.9, 0.9]),
    ],
)
def test_an_index_that_cannot_be_is_not_told(rows, first, total):
    found = sensitivity.certain(_frame(*rows))
    assert found["first"].tolist() == pytest.approx(first, nan_ok=True)
    assert found["total"].tolist() == pytest.approx(total, nan_ok=True)
