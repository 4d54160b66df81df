"""Draws by name: a number belongs to what it is for, and to nothing else in the file."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from builders import network
from scipy import stats

import dcsim
from dcsim.engine import ENGINES
from dcsim.engine.draws import Draws, Expectation, Sample, draw
from dcsim.engine.philox import LANES, hash64, philox, uniforms
from dcsim.network import Network
from dcsim.study.cash import network_of

HOUR = {"exponential": "1 h"}
SCENARIO: dict[str, Any] = network(
    "fit@rack=0:crew test@rack=0<fit plan=0",
    crew=3,
    places={"hall": 2, "rack": {"in": "hall", "count": 3}},
    factors={"labor": {"pert": [0.8, 1, 1.3]}, "market": {"value": "0.8 to 1.5", "per": "hall"}},
    supplies={
        "racks": {
            "orders": {
                "first": {"amount": 6, "lead_time": "2 to 9 d"},
                "second": {"amount": 1, "lead_time": "2 to 9 d"},
            }
        }
    },
    risks={
        "storm": {"probability": 0.9, "begins": "2024-02-01 to 2024-03-01", "lasts": "1 to 3 d", "stop_work": "fit"},
        "strike": {"probability": 0.5, "begins": "3 to 9 d", "effects": {"activities.fit": 2}},
    },
    fit={"duration": HOUR, "varies_with": ["labor", "market"], "consumes": {"racks": 1}},
    test={"duration": HOUR, "rework": {"probability": 0.4, "duration": {"uniform": ["1 h", "2 h"]}}},
    plan={"duration": {"pert": ["1 d", "2 d", "5 d"]}},
    variants={"more": {"resources": {"crew": {"count": 9}}}},
)


def drawn(scenario: Any, seed: int = 1, replication: int = 0, **how: Any) -> dict[str, Any]:
    """Everything that is left to chance, by name."""
    built = network_of(dcsim.load(scenario, **how))
    return named(built, draw(built, Sample(seed, replication)))


def named(built: Network, draws: Draws) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for k in range(built.instances):
        again = slice(int(draws.again[k]), int(draws.again[k]) + int(draws.failures[k]))
        found[built.describe(k)] = (
            float(draws.minutes[k]),
            int(draws.failures[k]),
            draws.retry_minutes[again].tolist(),
            draws.repair_minutes[again].tolist(),
        )
    for factor, values in zip(built.factors, draws.factors, strict=True):
        paths = built.places.paths(factor.level)
        found |= {f"{factor.name} in {path}": value for path, value in zip(paths, values.tolist(), strict=True)}
    found |= {order.path: int(lead) for order, lead in zip(built.orders, draws.lead, strict=True)}
    found |= {risk.name: window for risk, window in zip(built.risks, draws.windows, strict=True)}
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """What was there before and is not the same now."""
    return {name for name in before if after.get(name, "gone") != before[name]}


# A number belongs to its name


def reversed_order(value: Any) -> Any:
    """The same mapping written from the bottom up."""
    if isinstance(value, dict):
        return {key: reversed_order(value[key]) for key in reversed(value)}
    return value


def test_the_order_of_the_file_does_not_matter():
    before = drawn(SCENARIO)
    assert drawn(reversed_order(SCENARIO)) == before
    assert len(before) == 2 * 6 + 1 + 1 + 2 + 2 + 2


def nested(path: str, value: Any) -> dict[str, Any]:
    """A partial scenario that says only this."""
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("risks.flood", {"probability": 0.5, "begins": "1 to 9 d", "stop_work": "test"}),
        ("supplies.racks.orders.third", {"amount": 9, "lead_time": "1 to 9 d"}),
        ("supplies.pipes", {"orders": {"first": {"amount": 9, "lead_time": "1 to 9 d"}}}),
        ("activities.paint", {"at": "rack", "duration": HOUR}),
        ("factors.weather", {"uniform": [1, 2]}),
        ("places.rack", {"in": "hall", "count": 5}),
        ("places.hall", 4),
        ("places.row", {"in": "rack", "count": 2}),
        ("resources.crew.count", 1),
        ("activities.plan.after", ["test"]),
        ("activities.test.priority", 5),
        ("horizon", "1 year"),
    ],
)
def test_what_is_added_moves_no_other_draw(path, value):
    before = drawn(SCENARIO)
    after = drawn(SCENARIO | {"variants": {"added": nested(path, value)}}, variants=["added"])
    assert changed(before, after) == set()
    assert len(after) >= len(before)


def test_what_is_taken_away_moves_no_other_draw():
    after = drawn(SCENARIO, overrides={"risks.storm": None, "supplies.racks.orders.first": None})
    assert changed(drawn(SCENARIO), after) == {"storm", "supplies.racks.orders.first"}


def test_a_name_that_changes_changes_its_own_draws_only():
    text = SCENARIO | {"risks": {"gale": SCENARIO["risks"]["storm"], "strike": SCENARIO["risks"]["strike"]}}
    assert changed(drawn(SCENARIO), drawn(text)) == {"storm"}


def test_a_distribution_that_changes_keeps_its_uniform_number():
    """Twice as long is twice as long, in every place; who wrote the layer does not matter."""
    before = drawn(SCENARIO)
    after = drawn(SCENARIO, overrides={"activities.fit.duration": {"exponential": "2 h"}})
    for name in before:
        if name.startswith("fit"):
            assert after[name][0] == pytest.approx(2 * before[name][0], rel=1e-12)
        else:
            assert after[name] == before[name]


def test_variants_share_their_draws():
    assert drawn(SCENARIO, variants=["more"]) == drawn(SCENARIO)


def test_every_place_attempt_and_repair_has_its_own_draw():
    found = drawn(SCENARIO | {"places": {"hall": 10, "rack": {"in": "hall", "count": 30}}}, seed=2)
    first = [found[name][0] for name in found if name.startswith("test")]
    again = [minutes for name in found if name.startswith("test") for minutes in found[name][2] + found[name][3]]
    assert len(again) > 200
    assert len(set(first + again)) == len(first) + len(again)
    assert len({found[f"market in hall{n}"] for n in range(1, 11)}) == 10


def test_quantities_of_one_name_in_two_sections_are_apart():
    text = network(
        "a=0",
        a={"duration": {"uniform": ["0 d", "100 d"]}},
        supplies={"b": {"orders": {"a": {"amount": 1, "lead_time": {"uniform": ["0 d", "100 d"]}}}}},
    )
    found = drawn(text)
    assert round(found["a"][0]) != found["supplies.b.orders.a"]


# Replications and seeds


def test_replications_are_numbered_not_counted():
    """Replication k is a function of its number: each alone, in any order, is what it is among others."""
    forwards = [drawn(SCENARIO, replication=k) for k in range(9)]
    backwards = [drawn(SCENARIO, replication=k) for k in reversed(range(9))]
    assert forwards == backwards[::-1]
    assert len({found["plan"][0] for found in forwards}) == 9


def test_seeds_differ():
    assert len({drawn(SCENARIO, seed=seed)["plan"][0] for seed in range(33)}) == 33


@pytest.mark.compiled
def test_engines_leave_the_draws_as_they_are():
    """A run is a pure function of network and draws."""
    built = network_of(dcsim.load(SCENARIO))
    draws = draw(built, Sample(7))
    before = repr(named(built, draws)), draws.deliveries.tick.tobytes(), draws.steps.tick.tobytes()
    for engine in ENGINES.values():
        engine()(built, draws)
    assert before == (repr(named(built, draws)), draws.deliveries.tick.tobytes(), draws.steps.tick.tobytes())


# Expected values


def expected(scenario: Any) -> tuple[Network, Draws]:
    built = network_of(dcsim.load(scenario))
    return built, draw(built, Expectation())


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ({"exponential": "1 h"}, 60),
        ({"pert": ["1 h", "2 h", "6 h"]}, 150),
        ({"triangular": ["1 h", "2 h", "6 h"]}, 180),
        ({"uniform": ["1 h", "2 h"]}, 90),
        ({"discrete": [["1 h", 3], ["5 h", 1]]}, 120),
        ("50 min", 50),
        ("10 to 40 min", 21.849),
    ],
)
def test_expected_quantities_are_means(duration, minutes):
    _, draws = expected(network("a=0", a={"duration": duration}))
    assert draws.minutes[0] == pytest.approx(minutes, rel=1e-3)


def test_an_expected_risk_is_the_more_likely():
    text = network(
        "a=1", risks={f"p{p}": {"probability": p / 100, "begins": "1 to 3 d", "stop_work": "a"} for p in (49, 50, 51)}
    )
    _, draws = expected(text)
    assert [len(windows) == 1 for windows in draws.windows] == [False, False, True]


@pytest.mark.parametrize("probability", ["0.1", "0.44", "0.5", "0.9"])
def test_expected_failures_are_spread_over_the_instances(probability):
    """The k-th of those with a mean of m failures has floor((k + 1) m) - floor(k m)."""
    _, draws = expected(network("a@rack=1", places={"rack": 40}, a={"rework": {"probability": probability}}))
    mean = sum(Fraction(probability) ** k for k in range(1, 11))
    assert draws.failures.tolist() == [int((k + 1) * mean) - int(k * mean) for k in range(40)]


# The generator


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_known_answers(counter, key, words):
    """The vectors published with Random123 for philox4x32-10."""
    places = np.array([counter[0] | counter[1] << 32], np.uint64)
    told = philox(key[0] | key[1] << 32, places, np.array([counter[2]]), counter[3])
    assert tuple(int(word[0]) for word in told) == words


def keys(count: int) -> np.ndarray:
    return np.array([hash64(f"hall{k // 100 + 1}/rack{k % 100 + 1}") for k in range(count)], np.uint64)


def test_uniform_numbers_are_uniform():
    u = uniforms(0, "activities.fit.duration", keys(100_000), 0, 0)
    assert (u > 0).all()
    assert (u < 1).all()
    counts, _ = np.histogram(u, bins=100, range=(0, 1))
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.kstest(u, "uniform").pvalue > 0.001


@pytest.mark.parametrize("other", [("activities.fit.duration", 1, 0), ("activities.fit.duration", 0, 1), ("x", 0, 0)])
def test_attempts_replications_and_names_are_independent(other):
    """Pairs of numbers fill the square evenly."""
    name, attempt, replication = other
    one = uniforms(0, "activities.fit.duration", keys(50_000), 0, 0)
    two = uniforms(0, name, keys(50_000), attempt, replication)
    counts, _, _ = np.histogram2d(one, two, bins=20, range=((0, 1), (0, 1)))
    assert stats.chisquare(counts.ravel()).pvalue > 0.001
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.02


def test_the_lanes_of_a_block_are_distinct():
    values = np.stack([uniforms(3, "factors.labor", keys(1000), 0, k) for k in range(3 * LANES)])
    assert len(np.unique(values)) == values.size


def test_a_number_does_not_depend_on_how_many_are_asked_for():
    every = uniforms(5, "q", keys(1000), 0, 6)
    assert (uniforms(5, "q", keys(1000)[500:501], 0, 6) == every[500]).all()


def test_these_are_the_numbers():
    """Pinned: a result can be told again from its seed by any later version."""
    found = uniforms(0, "activities.install_rack.duration", keys(3), 0, 0)
    assert found.tolist() == [0.07121612329501659, 0.3157920296071097, 0.5536332362098619]
