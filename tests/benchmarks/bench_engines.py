"""How fast builds are simulated: Colossus, a build of 25,000 activities beside plain SimPy, and larger ones.

    python -m pytest tests/benchmarks/bench_engines.py --dist no --benchmark-enable --benchmark-columns=median,min

They are no part of the tests: nothing here is called test_*.py. Run them on an idle machine; the load is printed. What
the figures mean stands in `extra_info` of `--benchmark-json=FILE`, and is printed with `-s`.
"""

import os
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest
from racks import SMALLEST, by_rack, plain_simpy, scenario

import dcsim
from dcsim.engine import new_runner
from dcsim.engine.draws import Sample, draw
from dcsim.engine.flat import flatten_draws
from dcsim.engine.philox import LANES
from dcsim.model import build
from dcsim.study.cash import network_of

COLOSSUS = Path(__file__).parents[2] / "configs" / "colossus-1.yaml"
SIZES = {"25k": SMALLEST, "125k": 5 * SMALLEST, "500k": 20 * SMALLEST}
REPLICATIONS = {"25k": 512, "125k": 128, "500k": 32}


@pytest.fixture(scope="module")
def builds():
    """Scenarios of so many racks, loaded once."""
    known = {}

    def get(racks):
        if racks not in known:
            known[racks] = dcsim.load(scenario(racks))
        return known[racks]

    return get


def tell(benchmark, **figures):
    """Keep figures beside a measurement, and print them with the load of the machine."""
    figures["load"] = round(os.getloadavg()[0], 2)
    benchmark.extra_info.update(figures)
    print("\n ", benchmark.name, ", ".join(f"{name} {value:,.4g}" for name, value in figures.items()))


def tell_speed(benchmark, network):
    """What four replications took, as the time of one."""
    each = benchmark.stats.stats.median / LANES
    tell(benchmark, ms_per_replication=1000 * each, activities_per_second=network.instances / each)


def blocks_of_four(network, engine):
    """Runs the next four replications, which share their draws, whenever it is called; the first are not counted."""
    runner, numbers = new_runner(engine, network, 0), iter(range(10**9))

    def run():
        for _ in range(LANES):
            runner.run(next(numbers), {})

    run()
    return run


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_colossus(benchmark, engine):
    """(a) Four replications of Colossus 200k at rack level, draws and reduction included."""
    network = network_of(dcsim.load(COLOSSUS))
    benchmark.pedantic(blocks_of_four(network, engine), rounds=50 if engine == "compiled" else 1)
    tell_speed(benchmark, network)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_25000_activities(benchmark, builds, engine):
    """(b) Four replications of 25,000 activities, draws and reduction included."""
    network = network_of(builds(SMALLEST))
    benchmark.pedantic(blocks_of_four(network, engine), rounds=50 if engine == "compiled" else 1)
    tell_speed(benchmark, network)


def test_plain_simpy(benchmark, builds):
    """(c) The same build as a plain SimPy script, and how much longer it takes, measured in turns."""
    network = network_of(builds(SMALLEST))
    fast, first = blocks_of_four(network, "compiled"), int(network.first[list(network.activities).index("unload")])

    def slow(number):
        minutes = draw(network, Sample(0, number)).minutes
        return plain_simpy(SMALLEST, by_rack(minutes, first, SMALLEST))()

    assert slow(0) == pytest.approx(new_runner("compiled", network, 0).run(0, {}).reached[-1], rel=0.02)
    ratios = [seconds(lambda number=number: slow(number)) / (seconds(fast) / LANES) for number in range(9)]
    benchmark.pedantic(slow, args=(9,), rounds=3)
    tell(benchmark, ratio=median(ratios))


def seconds(call):
    """How long it takes."""
    begin = perf_counter()
    call()
    return perf_counter() - begin


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("workers", [1, 2])
def test_scaling(benchmark, builds, size, workers):
    """(d) Many replications by one and two workers: seconds per 1,000, reduction to milestones and fans included."""
    loaded, count = builds(SIZES[size]), REPLICATIONS[size]
    chunk = max(4, count // 16)

    def many():
        return dcsim.replicate(loaded, count, engine="compiled", workers=workers, chunk=chunk)

    benchmark.pedantic(many, rounds=3, warmup_rounds=1)
    each = benchmark.stats.stats.median / count
    tell(benchmark, seconds_per_1000=1000 * each, activities_per_second=network_of(loaded).instances / each)


@pytest.mark.parametrize("size", SIZES)
def test_what_drawing_costs(benchmark, builds, size):
    """The draws of four replications, and their share of the whole."""
    network = network_of(builds(SIZES[size]))
    run, runner, numbers = blocks_of_four(network, "compiled"), new_runner("compiled", network, 0), iter(range(10**9))

    def drawing():
        for _ in range(LANES):
            flatten_draws(network, runner.blocks.draws(next(numbers), {}))

    shares = [seconds(drawing) / seconds(run) for _ in range(21)]
    benchmark.pedantic(drawing, rounds=9)
    tell(benchmark, share=median(shares))


@pytest.mark.parametrize("size", SIZES)
def test_building_the_network(benchmark, builds, size):
    """From a loaded scenario to the network."""
    loaded = builds(SIZES[size])
    benchmark.pedantic(lambda: build(loaded), rounds=3)
