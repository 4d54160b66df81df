"""Designs spread what happens once over blocks of replications, and leave everything else to chance."""

import numpy as np
import pytest

import dcsim
from dcsim.engine.draws import Sample, draw
from dcsim.engine.philox import uniform
from dcsim.errors import RequestError
from dcsim.study.cash import network_of
from dcsim.study.design import BLOCK, designed, site_quantities

SITE = """
name: A site
start: 2024-01-01
horizon: 1 year
places: {hall: 2, rack: {in: hall, count: 3}}
factors:
  labor: {pert: [0.8, 1.0, 1.3]}
  ground: {value: 0.9 to 1.2, per: hall}
  fixed: 1.1
resources: {crew: {count: 1}}
supplies:
  racks:
    unit: rack
    orders:
      first: {amount: 6, placed: 2024-01-05 to 2024-01-20, lead_time: 10 to 40 d, varies_with: [labor]}
      second: {amount: 1, lead_time: 10 d}
  pipes: {unit: m, per: hall, orders: {only: {amount: 5, lead_time: 5 to 9 d}}}
activities:
  permit: {duration: 5 to 30 d}
  sign: {duration: 1 d}
  build: {at: hall, duration: 10 to 30 d, after: [permit], requires: {crew: 1}, consumes: {pipes: 5}}
  install: {at: rack, duration: 1 to 5 h, after: [build], consumes: {racks: 1}, varies_with: [labor, ground]}
  test: {duration: 1 to 3 d, after: [install], rework: {probability: 0.5, duration: 1 to 2 d}}
risks:
  storm: {probability: 0.4, begins: 2024-02-01 to 2024-03-01, lasts: 1 to 4 wk, effects: {activities.install: 2}}
  strike: {probability: 1, delays: {supplies.racks: 3 to 9 d}}
milestones: {done: {activity: test}, first: {activity: install, reaches: 1}}
"""

EXPECTED = {
    "factors.labor",
    "risks.storm.occurs",
    "risks.storm.begins",
    "risks.storm.lasts",
    "risks.strike.delays.racks",
    "supplies.racks.orders.first.placed",
    "supplies.racks.orders.first.lead_time",
    "activities.permit.duration",
    "activities.test.duration",
}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("site") / "site.yaml"
    path.write_text(SITE.replace("{value: 0.9 to 1.2, per: hall}", "{lognormal: [0.9, 1.2], per: hall}"))
    return dcsim.load(path)


def test_a_design_chooses_what_happens_once_and_is_uncertain(scenario):
    assert set(site_quantities(network_of(scenario))) == EXPECTED


@pytest.mark.parametrize("sampling", ["lhs", "sobol"])
@pytest.mark.parametrize("block", [0, 3])
def test_every_block_is_even_in_every_quantity(scenario, sampling, block):
    """One replication in each of 64 strata: a Latin hypercube, and the balance of a scrambled Sobol sequence."""
    network = network_of(scenario)
    points = [designed(network, sampling, 5, k) for k in range(block * BLOCK, (block + 1) * BLOCK)]
    for name in EXPECTED:
        values = np.array([point[name] for point in points])
        assert sorted(np.floor(values * BLOCK)) == list(range(BLOCK)), name
        assert values.min() > 0
        assert values.max() < 1


def test_blocks_of_sobol_are_even_in_pairs_too(scenario):
    """Scrambled nets keep their balance: of four points each of the 16 fields of the first two quantities has four."""
    network = network_of(scenario)
    points = [list(designed(network, "sobol", 5, k).values())[:2] for k in range(BLOCK)]
    fields, counts = np.unique(np.floor(np.array(points) * 4), axis=0, return_counts=True)
    assert len(fields) == 16
    assert (counts == 4).all()


@pytest.mark.parametrize("sampling", ["lhs", "sobol"])
def test_blocks_quantities_and_seeds_differ(scenario, sampling):
    network = network_of(scenario)

    def values(seed, block, name):
        return tuple(designed(network, sampling, seed, block * BLOCK + k)[name] for k in range(BLOCK))

    labor, storm = "factors.labor", "risks.storm.occurs"
    assert len({values(0, 0, labor), values(1, 0, labor), values(0, 1, labor), values(0, 0, storm)}) == 4
    assert abs(np.corrcoef(values(0, 0, labor), values(0, 0, storm))[0, 1]) < 0.3


def test_a_point_of_a_latin_hypercube_is_random_within_its_stratum(scenario):
    point = designed(network_of(scenario), "lhs", 0, 7)
    for name in EXPECTED:
        assert point[name] * BLOCK % 1 == pytest.approx(uniform(0, name, 0, 7), abs=1e-9)


@pytest.mark.parametrize("sampling", ["lhs", "sobol"])
def test_a_design_leaves_other_draws_alone(scenario, sampling):
    network = network_of(scenario)
    names = list(network.activities)

    def minutes(sample, activity):
        number = names.index(activity)
        return draw(network, sample).minutes[network.first[number] : network.first[number + 1]]

    for k in (0, 77):
        plain, even = Sample(3, k), Sample(3, k, designed(network, sampling, 3, k))
        assert (minutes(plain, "build") == minutes(even, "build")).all()
        assert (minutes(plain, "permit") != minutes(even, "permit")).all()
        one, other = draw(network, plain), draw(network, even)
        ratio = minutes(even, "install") / minutes(plain, "install")
        assert ratio == pytest.approx(np.full(6, other.factors[0][0] / one.factors[0][0]))
        assert (one.factors[1] == other.factors[1]).all()
        assert (one.failures == other.failures).all()


def test_random_sampling_chooses_nothing(scenario):
    assert designed(network_of(scenario), "random", 0, 5) == {}


def test_a_scenario_without_chance_has_an_empty_design():
    scenario = dcsim.load({"name": "a", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}})
    for sampling in ("lhs", "sobol"):
        assert designed(network_of(scenario), sampling, 0, 5) == {}
        assert dcsim.replicate(scenario, 64, sampling=sampling).finished == 1


def test_an_unknown_sampling_is_told(scenario):
    with pytest.raises(RequestError, match="no sampling 'latin'; there are random, lhs, sobol"):
        dcsim.replicate(scenario, 64, sampling="latin")
    with pytest.raises(RequestError, match="no sampling 'latin'; there are random, lhs, sobol"):
        dcsim.simulate(scenario, sampling="latin")


@pytest.mark.parametrize("sampling", ["lhs", "sobol"])
def test_designs_work_in_whole_blocks(scenario, sampling):
    with pytest.raises(RequestError, match=rf"{sampling} sampling works in blocks of 64: ask for 128, not 100"):
        dcsim.replicate(scenario, 100, sampling=sampling)
    with pytest.raises(RequestError, match="works in blocks of 64: ask for 64, not 50"):
        dcsim.replicate(scenario, 128, sampling=sampling, until_precise=["done.p80 within 1 d"], at_least=50)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "at least one replication, got 0"),
        ({"n": 5, "workers": 0}, "at least one worker, got 0"),
        ({"n": 5, "chunk": -1}, "at least one replication in a chunk, got -1"),
        ({"n": 5, "at_least": 0}, "at least one replication before asking how precise they are, got 0"),
    ],
)
def test_numbers_that_make_no_sense_are_told(scenario, options, message):
    with pytest.raises(RequestError, match=message):
        dcsim.replicate(scenario, **options)


@pytest.mark.compiled
def test_a_design_narrows_the_interval():
    """The same number of replications, spread evenly, knows the P80 better: of a sum most of all."""
    activities = {name: {"duration": "5 to 30 d"} for name in "abc"} | {"d": {"duration": "1 d", "after": [*"abc"]}}
    activities["b"]["after"], activities["c"]["after"] = ["a"], ["b"]
    scenario = dcsim.load(
        {"name": "sum", "start": "2024-01-01", "activities": activities, "milestones": {"done": {"activity": "d"}}}
    )
    known = {}
    for sampling in ("random", "lhs", "sobol"):
        many = [dcsim.replicate(scenario, 512, seed=k, engine="compiled", sampling=sampling) for k in range(8)]
        estimates = [one.interval("done", 0.8) for one in many]
        known[sampling] = np.mean([one.within for one in estimates]), np.std([one.estimate for one in estimates])
    for sampling in ("lhs", "sobol"):
        assert known[sampling][0] < 0.9 * known["random"][0]
        assert known[sampling][1] < known["random"][1]


# Stop when precise

WISH = "done.p80 within 4 d"


def stopped(scenario, **options):
    return dcsim.replicate(scenario, 2000, engine="reference", until_precise=[WISH], at_least=96, **options)


@pytest.mark.slow
def test_it_stops_at_a_fixed_multiple_whoever_works(scenario):
    one = stopped(scenario)
    assert 96 < one.n < 2000
    assert one.n % 96 == 0
    assert one.interval("done", 0.8).within <= 4
    before = dcsim.replicate(scenario, one.n - 96, engine="reference")
    assert before.interval("done", 0.8).within > 4
    for other in (stopped(scenario, workers=3, chunk=7), stopped(scenario, chunk=40)):
        assert other.n == one.n
        assert other.milestones.equals(one.milestones)


def test_it_runs_at_least_so_many(scenario):
    found = dcsim.replicate(scenario, 2000, engine="reference", until_precise=["done.p80 within 99 d"], at_least=70)
    assert found.n == 70


def test_it_runs_at_most_so_many(scenario):
    wishes = ["first.p50 within 99 d", "done.p80 within 0.01 d"]
    found = dcsim.replicate(scenario, 150, engine="reference", until_precise=wishes, at_least=64)
    assert found.n == 150


@pytest.mark.slow
def test_all_wishes_have_to_be_met(scenario):
    one = dcsim.replicate(scenario, 2000, engine="reference", until_precise=["first.p50 within 4 d"], at_least=96)
    both = dcsim.replicate(
        scenario, 2000, engine="reference", until_precise=["first.p50 within 4 d", WISH], at_least=96
    )
    assert one.n < both.n == stopped(scenario).n


def test_what_is_never_reached_is_never_precise():
    scenario = dcsim.load(
        {
            "name": "stuck",
            "start": "2024-01-01",
            "horizon": "5 d",
            "supplies": {"goods": {"initial": 1, "unit": "piece"}},
            "activities": {
                "one": {"duration": "1 to 2 d", "consumes": {"goods": 1}},
                "two": {"duration": "1 d", "after": ["one"], "consumes": {"goods": 1}},
            },
            "milestones": {"done": {"activity": "two"}},
        }
    )
    found = dcsim.replicate(scenario, 100, until_precise=["done.p80 within 1 d"], at_least=40)
    assert found.n == 100
    assert found.finished == 0


@pytest.mark.compiled
@pytest.mark.parametrize("correlated", [False, True])
def test_working_times_that_are_used_again_are_those_drawn_anew(tmp_path, correlated):
    """Replications in turn, in which one uniform number after the other is another than before."""
    from dcsim.engine.sampling import Blocks

    pair = "\ncorrelations: {c: {between: [factors.labor, activities.permit.duration], is: 0.6}}\n"
    (tmp_path / "site.yaml").write_text(SITE + (pair if correlated else ""))
    network = network_of(dcsim.load(tmp_path / "site.yaml"))
    names, rng = site_quantities(network), np.random.default_rng(0)
    blocks, chosen = Blocks(network, 3), dict.fromkeys(names, 0.5)
    for k in range(3 * len(names)):
        chosen[names[k % len(names)]] = float(rng.random())
        replication = k // 5
        again, anew = (
            blocks.draws(replication, dict(chosen)),
            draw(network, Sample(3, replication, dict(chosen))),
        )
        for name in ("minutes", "failures", "again", "retry_minutes", "repair_minutes", "lead"):
            assert (getattr(again, name) == getattr(anew, name)).all(), name
