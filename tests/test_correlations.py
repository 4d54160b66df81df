"""Correlated draws: what the numbers mean, that nothing else moves, and what is refused."""

import random
from copy import deepcopy
from io import StringIO
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

import dcsim
from dcsim.correlations import nearest, possible, triangle
from dcsim.distributions import Uniform
from dcsim.engine import new_runner
from dcsim.engine.copula import follows
from dcsim.engine.draws import Expectation, Sample, draw
from dcsim.engine.philox import hash64, place_keys, uniform
from dcsim.errors import ScenarioError
from dcsim.study.cash import network_of
from dcsim.study.design import designed

SITE = {
    "name": "Correlated",
    "start": "2024-01-01",
    "horizon": "3 years",
    "places": {"zone": 2, "hall": {"in": "zone", "count": 2}, "lot": 2},
    "factors": {
        "labor": {"pert": [0.8, 1.0, 1.3]},
        "ground": {"value": {"lognormal": [0.9, 1.2]}, "per": "zone"},
    },
    "supplies": {
        "racks": {"orders": {"first": {"amount": 4, "placed": "2024-01-05 to 2024-01-20", "lead_time": "10 to 40 d"}}},
        "pipes": {"per": "hall", "orders": {"only": {"amount": 5, "lead_time": "5 to 9 d"}}},
    },
    "activities": {
        "steel": {"duration": {"pert": ["5 d", "8 d", "30 d"]}, "varies_with": ["labor"]},
        "roof": {"duration": {"exponential": "9 d"}},
        "sign": {"duration": "1 d"},
        "build": {"at": "hall", "duration": "10 to 30 d", "after": ["steel"], "varies_with": ["ground"]},
        "wire": {"at": "hall", "duration": {"uniform": ["1 d", "3 d"]}, "consumes": {"pipes": 5, "racks": 1}},
        "test": {"at": "hall", "duration": "1 to 3 d", "rework": {"probability": 0.5, "duration": "1 to 2 d"}},
        "pave": {"at": "lot", "duration": "1 to 3 d"},
    },
    "risks": {
        "storm": {
            "probability": 0.4,
            "begins": "2024-02-01 to 2024-03-01",
            "lasts": "1 to 4 wk",
            "effects": {"activities.build": 2},
        },
        "strike": {
            "probability": 0.5,
            "delays": {"supplies.racks": "3 to 9 d"},
            "effects": {"activities.roof": "1 to 4 d"},
        },
    },
    "branches": {"soil": {"per": "zone", "ways": {"sand": {}, "rock": {"activities": "test"}}}},
    "milestones": {"done": {"activity": "wire"}},
    "options": {"sign_now": {"cost": "1 USD", "changes": {"activities": {"sign": {"duration": "2 d"}}}}},
}
STEEL, ROOF, BUILD, WIRE = (f"activities.{name}.duration" for name in ("steel", "roof", "build", "wire"))
FIRST = "supplies.racks.orders.first"
NAMES = {
    STEEL: STEEL,
    ROOF: ROOF,
    BUILD: BUILD,
    WIRE: WIRE,
    "factors.labor": "factors.labor",
    "factors.ground": "factors.ground",
    f"{FIRST}.placed": f"{FIRST}.placed",
    f"{FIRST}.lead_time": f"{FIRST}.lead_time",
    "supplies.pipes.orders.only.lead_time": "supplies.pipes.orders.only.lead_time",
    "branches.soil": "branches.soil",
    "risks.storm.probability": "risks.storm.occurs",
    "risks.storm.begins": "risks.storm.begins",
    "risks.storm.lasts": "risks.storm.lasts",
    "risks.strike.effects": "risks.strike.adds",
    "risks.strike.delays.supplies.racks": "risks.strike.delays.racks",
}
"""Every kind of input as a file names it, and the name of its draws."""
MANY = 1500
EVEN = Uniform(0.0, 1.0)


def correlated(**correlations):
    """The site with `name=(correlation, input, input, ...)`."""
    told = {name: {"between": list(some), "is": number} for name, (number, *some) in correlations.items()}
    return {**deepcopy(SITE), "correlations": told}


def network(**correlations):
    return network_of(dcsim.load(correlated(**correlations)))


def key(name):
    """Under which number of a place a quantity of the site is drawn."""
    return 0 if name.startswith("risks") else hash64("site")


def uniforms(built, name, seed=1):
    """The uniform number that a quantity of the site has in each of many replications."""
    return np.array([sample(built, seed, k).uniform(name, key(name)) for k in range(MANY)])


def sample(built, seed, replication, chosen=None):
    """What `draw` makes of a sample."""
    return Sample(seed, replication, chosen or {}, follows(built))


def by_place(built, name, level, seed=1, count=MANY):
    """The uniform number that a quantity has in each place of its level in each of many replications."""
    places = place_keys(built.places, level)
    return np.array([sample(built, seed, k).values(EVEN, name, places) for k in range(count)])


def halls(built, name=BUILD):
    return by_place(built, name, "hall")


def rank(one, other):
    return stats.spearmanr(one, other).statistic


def ranks_of(correlation):
    """Spearman's correlation of two normal scores."""
    return 6 / np.pi * np.arcsin(correlation / 2)


# What the number means


@pytest.mark.parametrize("number", [-1, -0.5, 0.3, 0.8, 1])
def test_a_pair_has_the_correlation_and_each_its_own_distribution(number):
    built = network(a=(number, STEEL, ROOF))
    one, other = uniforms(built, STEEL), uniforms(built, ROOF)
    assert rank(one, other) == pytest.approx(ranks_of(number), abs=0.06)
    assert stats.kstest(one, "uniform").pvalue > 0.001
    assert stats.kstest(other, "uniform").pvalue > 0.001


def test_a_group_is_every_pair():
    some = (STEEL, f"{FIRST}.lead_time", "factors.labor", "risks.storm.lasts")
    built = network(a=(0.6, *some))
    for one, other in combinations([uniforms(built, name) for name in some], 2):
        assert rank(one, other) == pytest.approx(ranks_of(0.6), abs=0.06)


@pytest.mark.slow
def test_places_go_with_the_same_place():
    built = network(a=(0.7, BUILD, WIRE))
    one, other = halls(built), halls(built, WIRE)
    for k, j in ((0, 0), (3, 3)):
        assert rank(one[:, k], other[:, j]) == pytest.approx(ranks_of(0.7), abs=0.06)
    assert abs(rank(one[:, 0], other[:, 1])) < 0.1
    assert abs(rank(one[:, 0], one[:, 1])) < 0.1


@pytest.mark.slow
def test_places_go_with_what_is_around_them():
    built = network(a=(0.8, "factors.ground", BUILD), b=(0.5, "factors.labor", "factors.ground"))
    ground = by_place(built, "factors.ground", "zone")
    build = halls(built)
    assert rank(ground[:, 0], build[:, 1]) == pytest.approx(ranks_of(0.8), abs=0.06)
    assert rank(ground[:, 1], build[:, 2]) == pytest.approx(ranks_of(0.8), abs=0.06)
    labor = uniforms(built, "factors.labor")
    assert rank(labor, ground[:, 0]) == pytest.approx(ranks_of(0.5), abs=0.06)
    assert abs(rank(labor, build[:, 0])) < 0.1


def test_the_places_of_one_input_move_together():
    build = halls(network(a=(0.4, BUILD)))
    for one, other in combinations(range(4), 2):
        assert rank(build[:, one], build[:, other]) == pytest.approx(ranks_of(0.4), abs=0.06)
    equal = by_place(network(a=(1, BUILD)), BUILD, "hall", count=3)
    assert equal == pytest.approx(np.tile(equal[:, :1], (1, 4)))


def test_both_hold_at_once():
    built = network(a=(0.6, STEEL, BUILD), b=(0.7, BUILD))
    build, steel = halls(built), uniforms(built, STEEL)
    assert rank(build[:, 0], build[:, 3]) == pytest.approx(ranks_of(0.7), abs=0.06)
    assert rank(build[:, 0], steel) == pytest.approx(ranks_of(0.6), abs=0.06)


def test_a_risk_is_likelier_where_the_others_are_high():
    built = network(a=(0.8, "risks.storm.probability", STEEL))
    occurs = np.array([sample(built, 1, k).occurs(0.4, "risks.storm.occurs", 0) for k in range(MANY)])
    steel = uniforms(built, STEEL)
    assert occurs.mean() == pytest.approx(0.4, abs=0.04)
    exact = stats.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]]).cdf([stats.norm.ppf(0.4), 0])
    assert (occurs & (steel > 0.5)).mean() == pytest.approx(exact, abs=0.04)


# The law, by another way


def test_the_scores_are_those_of_the_cholesky_factor():
    """The same from numpy and scipy.stats, with names in their order: the site first, then by name."""
    built = network(
        a=(0.5, STEEL, ROOF, "risks.storm.probability"),
        b=(-0.3, ROOF, f"{FIRST}.lead_time"),
        c=(0.4, BUILD, STEEL),
        d=(0.3, BUILD),
    )
    order = [ROOF, STEEL, "risks.storm.occurs", f"{FIRST}.lead_time", BUILD]
    matrix = np.eye(5)
    for one, other, number in ((0, 1, 0.5), (0, 2, -0.5), (1, 2, -0.5), (0, 3, -0.3), (1, 4, 0.4)):
        matrix[one, other] = matrix[other, one] = number
    weights = np.linalg.cholesky(matrix)
    among = (0.3 - (weights[4, :4] ** 2).sum()) / weights[4, 4] ** 2
    site, hall = hash64("site"), hash64("zone2/hall1")
    for k in range(20):

        def score(name, place, replication=k):
            return stats.norm.ppf(uniform(9, name, place, replication))

        own = np.array([score(name, key(name)) for name in order])
        own[4] = np.sqrt(1 - among) * score(BUILD, hall) + np.sqrt(among) * score(f"correlations.{BUILD}", site)
        expected = stats.norm.cdf(weights @ own)
        drawn = sample(built, 9, k)
        found = [drawn.uniform(name, key(name)) for name in order[:4]]
        assert [*found, drawn.uniform(BUILD, hall)] == pytest.approx(expected, abs=1e-12)
        assert found[0] == uniform(9, ROOF, site, k)


# Nothing else moves


def test_a_correlation_moves_only_what_it_names_and_not_the_first():
    plain, bound = network(), network(a=(0.7, STEEL, ROOF, "risks.storm.lasts"))
    for k in range(5):
        one, other = draw(plain, Sample(2, k)), draw(bound, Sample(2, k))
        moved = {plain.activities[plain.activity[i]] for i in np.flatnonzero(one.minutes != other.minutes)}
        assert moved == {"steel"}
        assert (one.failures == other.failures).all()
        assert (one.retry_minutes == other.retry_minutes).all()
        assert (one.lead == other.lead).all()
        assert one.windows[1] == other.windows[1]
        assert [w.begins for w in one.windows[0]] == [w.begins for w in other.windows[0]]


def test_expected_values_and_further_attempts_stay():
    plain, bound = network(), network(a=(0.9, "activities.test.duration", BUILD))
    assert (draw(plain, Expectation()).minutes == draw(bound, Expectation()).minutes).all()
    for k in range(5):
        one, other = draw(plain, Sample(2, k)), draw(bound, Sample(2, k))
        assert (one.minutes != other.minutes).any()
        assert (one.retry_minutes == other.retry_minutes).all()


def test_the_order_of_the_file_does_not_matter():
    one = network(a=(0.5, STEEL, ROOF), b=(0.2, WIRE, ROOF))
    other = network(b=(0.2, ROOF, WIRE), a=(0.5, ROOF, STEEL))
    assert (draw(one, Sample(3, 4)).minutes == draw(other, Sample(3, 4)).minutes).all()


# Engines and designs


@pytest.mark.compiled
@pytest.mark.parametrize("sampling", ["random", "lhs", "sobol"])
def test_engines_draw_and_build_the_same(sampling):
    rng = random.Random(7)
    for seed in range(12):
        number, some = rng.choice((0.1, 0.5, 0.9, 1)), rng.sample(sorted(NAMES), rng.randint(2, 6))
        built = network(a=(number, *some), b=(1, "activities.test.duration"))
        runners = [new_runner(name, built, seed) for name in ("reference", "compiled")]
        for k in (0, 1, 6, 64):
            one, other = (runner.run(k, designed(built, sampling, seed, k)) for runner in runners)
            assert (one.reached == other.reached).all()
            assert (one.draws.minutes == other.draws.minutes).all()
            assert (one.draws.lead == other.draws.lead).all()
            assert one.draws.windows == other.draws.windows
            assert all((a == b).all() for a, b in zip(one.draws.factors, other.draws.factors, strict=True))


def test_every_name_is_that_of_a_draw():
    for name, drawn in NAMES.items():
        built = network(a=(0.5, STEEL, name)) if name != STEEL else network(a=(0.5, STEEL, ROOF))
        assert {drawn, STEEL} & set(built.mixtures), name
        assert {score.name for one in built.mixtures.values() for score in one.scores} >= {drawn, STEEL}, name


@pytest.mark.parametrize("sampling", ["lhs", "sobol"])
def test_designs_are_correlated_afterwards(sampling):
    built = network(a=(0.8, STEEL, ROOF))
    points = [sample(built, 1, k, designed(built, sampling, 1, k)) for k in range(512)]
    one, other = ([point.uniform(name, hash64("site")) for point in points] for name in (STEEL, ROOF))
    assert rank(one, other) == pytest.approx(ranks_of(0.8), abs=0.06)
    assert np.bincount((np.array(other[:64]) * 64).astype(int), minlength=64).tolist() == [1] * 64


# Which can hold


def test_the_nearest_correlations_are_possible_and_near():
    rng = np.random.default_rng(0)
    for size in (3, 4, 7) * 10:
        matrix = np.clip(np.triu(rng.uniform(-1.3, 1.3, (size, size)), 1), -1, 1)
        matrix = matrix + matrix.T + np.eye(size)
        close = nearest(matrix)
        assert possible(close)
        assert triangle(close) @ triangle(close).T == pytest.approx(close, abs=1e-6)
        lowest = np.linalg.eigvalsh(matrix)[0]
        shrunk = np.eye(size) + (matrix - np.eye(size)) * min(1, 1 / max(1 - lowest, 1e-9))
        assert np.linalg.norm(close - matrix) <= np.linalg.norm(shrunk - matrix) + 0.01
        if possible(matrix):
            assert close == pytest.approx(matrix, abs=0.01)


def test_a_known_nearest_matrix():
    """The example of Higham (2002): the nearest of 1 1 0, 1 1 1, 0 1 1 has 0.7607 and 0.1573."""
    matrix = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], float)
    assert nearest(matrix)[0] == pytest.approx([1, 0.7607, 0.1573], abs=0.002)


@pytest.mark.parametrize(
    ("correlations", "told"),
    [
        (
            {"a": (0.9, STEEL, ROOF), "b": (0.9, STEEL, "factors.labor"), "c": (-0.9, ROOF, "factors.labor")},
            "these correlations contradict each other; the nearest possible: .* 0.5 .is 0.9.*-0.5 .is -0.9",
        ),
        ({"a": (1.2, STEEL, ROOF)}, "a.is: a correlation is from -1 to 1, got 1.2"),
        ({"a": (-0.1, BUILD)}, "a.is: a correlation of the places of one input is from 0 to 1, got -0.1"),
        ({"a": (0.1, STEEL)}, f"'{STEEL}' is drawn once for the whole site: add another input"),
        ({"a": (0.1,)}, "expected two inputs or more, or one that differs by place"),
        ({"a": (0.1, STEEL, STEEL)}, f"'{STEEL}' appears twice"),
        (
            {"a": (0.1, STEEL, ROOF), "b": (0.2, WIRE, ROOF, STEEL)},
            f"b.between: 'a' already correlates {ROOF} and {STEEL}; write it once",
        ),
        ({"a": (0.1, STEEL, "steel")}, f"no uncertain input has the path 'steel'; there is '{STEEL}'"),
        ({"a": (0.1, STEEL, "activities.rof.duration")}, f"did you mean '{ROOF}'?"),
        (
            {"a": (0.1, "activities.pave.duration", BUILD)},
            "cannot move together, directly or through others: no lot contains a hall",
        ),
        (
            {"a": (0.9, STEEL, BUILD), "b": (0.3, BUILD)},
            f"b.is: with its other correlations, the places of '{BUILD}' can have from 0.810 to 1.000 between each",
        ),
        ({"a": (0.1, BUILD), "b": (0.2, BUILD)}, f"'a' already correlates the places of {BUILD}"),
        ({"a.b": (0.1, STEEL, ROOF)}, "the name 'a.b' contains a '.'"),
    ],
)
def test_what_makes_no_sense_is_told(correlations, told):
    with pytest.raises(ScenarioError, match=told.replace("?", "[?]")):
        dcsim.load(correlated(**correlations))


@pytest.mark.slow
def test_too_many_are_refused():
    activities = {f"a{k}": {"duration": "1 to 3 d"} for k in range(301)}
    some = [f"activities.{name}.duration" for name in activities]
    data = {"name": "x", "start": "2024-01-01", "activities": activities}
    assert dcsim.load(data | {"correlations": {"a": {"between": some[:300], "is": 0.5}}}).correlations
    with pytest.raises(ScenarioError, match="correlations: at most 300 inputs can be correlated, got 301"):
        dcsim.load(data | {"correlations": {"a": {"between": some, "is": 0.5}}})


def test_what_is_told_as_nearest_is_taken():
    matrix = nearest(np.array([[1, 0.9, 0.9], [0.9, 1, 0], [0.9, 0, 1]]))
    some = (STEEL, ROOF, "factors.labor")
    pairs = {f"p{i}{j}": (float(matrix[i, j]), some[i], some[j]) for i, j in combinations(range(3), 2)}
    assert len(network(**pairs).mixtures) == 2


def test_what_is_not_uncertain_is_a_warning():
    scenario = dcsim.load(correlated(a=(0.5, STEEL, "activities.sign.duration")))
    assert "'activities.sign.duration' is not uncertain here" in scenario.warnings[0].message


# Told


def test_layers_change_them():
    data = correlated(a=(0.5, STEEL, ROOF)) | {"variants": {"apart": {"correlations": {"a": None}}}}
    assert not network_of(dcsim.load(data, variants=["apart"])).mixtures
    high = network_of(dcsim.load(data, overrides={"correlations.a.is": 0.9}))
    assert high.mixtures[STEEL].scores[0].weight == pytest.approx(0.9)
    sourced = correlated(a=({"value": 0.5, "low": 0.2, "high": 0.8, "assumption": "a guess"}, STEEL, ROOF))
    assert network_of(dcsim.load(sourced)).mixtures


@pytest.mark.slow
def test_commands_tell_them():
    from rich.console import Console

    from dcsim.report.words import tell

    scenario = dcsim.load(correlated(a=(0.5, STEEL, ROOF), b=(0.2, BUILD)))
    console = Console(record=True, width=100, file=StringIO())
    console.print(tell(scenario, network_of(scenario)))
    console.print(repr(dcsim.drivers(scenario, milestone="done", n=16, engine="reference").report()))
    said = " ".join(console.export_text().split())
    assert f"a 0.5 between {STEEL}, {ROOF}" in said
    assert f"b 0.2 between all pairs of places of {BUILD}" in said
    assert "Some inputs are correlated. Their common part counts for the first of them" in said
