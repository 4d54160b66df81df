"""Textbook answers: networks scheduled by hand, queues and stochastic networks with closed forms.

Where chance plays, the seed is fixed and the tolerance is about three standard deviations.
"""

import random
from math import factorial, log2

import numpy as np
import pandas as pd
import pytest
from builders import network

import dcsim

# The critical path method

CONSTRUCTION = """
    excavate=2 foundation=4<excavate rough_wall=10<foundation roof=6<rough_wall exterior_plumbing=4<rough_wall
    interior_plumbing=5<exterior_plumbing siding=7<roof exterior_painting=9<exterior_plumbing,siding
    electrical=7<rough_wall wallboard=8<interior_plumbing,electrical flooring=4<wallboard
    interior_painting=5<wallboard exterior_fixtures=2<exterior_painting interior_fixtures=6<flooring,interior_painting
"""
"""The Reliable Construction Company's plant (Hillier and Lieberman, Introduction to Operations Research)."""

EARLIEST = {
    "excavate": 0,
    "foundation": 2,
    "rough_wall": 6,
    "roof": 16,
    "exterior_plumbing": 16,
    "interior_plumbing": 20,
    "siding": 22,
    "exterior_painting": 29,
    "electrical": 16,
    "wallboard": 25,
    "flooring": 33,
    "interior_painting": 33,
    "exterior_fixtures": 38,
    "interior_fixtures": 38,
}


def test_critical_path_by_hand(run):
    told = run(CONSTRUCTION)
    assert told.starts == EARLIEST
    assert told.makespan == 44


def test_a_longer_activity_off_the_critical_path_moves_nothing(run):
    """Roof, siding and exterior painting have four weeks of float."""
    assert run(CONSTRUCTION.replace("roof=6", "roof=10")).makespan == 44
    assert run(CONSTRUCTION.replace("roof=6", "roof=11")).makespan == 45


# Scarce resources: the parallel schedule generation scheme


def test_six_activities_and_four_units_by_hand(run):
    """At 0 only the first fits; at 3 the second, ready since 0, comes before the third, which needs all four."""
    told = run("j1=3:r*2 j2=4:r*3 j3=2<j1:r*4 j4=2<j2:r*4 j5=1<j3:r*3 j6=4<j4:r*2", r=4)
    assert told.starts == {"j1": 0, "j2": 3, "j3": 7, "j4": 9, "j5": 11, "j6": 12}
    assert told.makespan == 16


def test_two_units_at_once_make_it_shorter(run):
    told = run("j1=3:r*2 j2=4:r*3 j3=2<j1:r*4 j4=2<j2:r*4 j5=1<j3:r*3 j6=4<j4:r*2", r=5)
    assert told.starts == {"j1": 0, "j2": 0, "j3": 4, "j4": 6, "j5": 8, "j6": 8}
    assert told.makespan == 12


def parallel_schedule(durations, after, needs, capacity, priorities):
    """Kelley's scheme as the textbooks have it: at each decision time whatever fits starts, in a fixed order."""
    start: dict[int, int] = {}
    finish: dict[int, int] = {}
    now = 0
    while len(start) < len(durations):
        done = {j for j, tick in finish.items() if tick <= now}
        eligible = [j for j in range(len(durations)) if j not in start and done.issuperset(after[j])]
        for j in sorted(eligible, key=lambda j: (-priorities[j], j)):
            used = sum(needs[k] for k in start if finish[k] > now)
            if (used + needs[j] <= capacity).all():
                start[j], finish[j] = now, now + durations[j]
        now = min(tick for tick in finish.values() if tick > now)
    return start


@pytest.mark.parametrize("seed", range(8))
def test_thirty_activities_and_four_resources(run, seed):
    """Networks like those of PSPLIB's j30, scheduled by the latest finish first."""
    rng = random.Random(seed)
    names = [f"j{n}" for n in range(30)]
    durations = [rng.randint(1, 10) for _ in names]
    after = [sorted(rng.sample(range(n), min(n, rng.randint(0, 3)))) for n in range(30)]
    needs = np.array([[rng.choice((0, 0, rng.randint(1, 10))) for _ in range(4)] for _ in names])
    capacity = np.full(4, rng.choice((12, 15, 20)))
    tails = [0] * 30
    for j in reversed(range(30)):
        for before in after[j]:
            tails[before] = max(tails[before], tails[j] + durations[j])
    priorities = [1000 * tail - j for j, tail in enumerate(tails)]
    text = " ".join(
        f"{name}={durations[j]}"
        + ("<" + ",".join(names[k] for k in after[j]) if after[j] else "")
        + (":" + ",".join(f"r{k}*{needs[j, k]}" for k in range(4) if needs[j, k]) if needs[j].any() else "")
        for j, name in enumerate(names)
    )
    resources = {f"r{k}": int(capacity[k]) for k in range(4)}
    told = run(text, **resources, **{name: {"priority": priorities[j]} for j, name in enumerate(names)})
    wanted = parallel_schedule(durations, after, needs, capacity, priorities)
    assert told.starts == {name: wanted[j] for j, name in enumerate(names)}


def test_grahams_anomaly(run):
    """A shorter activity makes the project longer: `a` takes a minute less, and the project two more.

    With six minutes `a` and `d` end together, and `b`, which needs both crews, goes first. With five `e` is ready
    while `d` still works, takes the crew that is free, and `b` waits for `e`.
    """
    text = "a={}:crew b=1<a:crew*2 c=3<b:crew d=6:crew e=4<a:crew"
    assert run(text.format(6), crew=2).makespan == 11
    assert run(text.format(5), crew=2).makespan == 13


def test_grahams_anomaly_as_he_published_it(run):
    """Nine activities on three machines, every one of them a minute shorter (Graham 1969): 12 become 13."""
    text = "t1={}:m t2={}:m t3={}:m t4={}:m t5={}<t4:m t6={}<t4:m t7={}<t4:m t8={}<t4:m t9={}<t1:m"
    hours = (3, 2, 2, 2, 4, 4, 4, 4, 9)
    assert run(text.format(*hours), m=3).makespan == 12
    assert run(text.format(*(n - 1 for n in hours)), m=3).makespan == 13
    assert run(text.format(*hours), m=4).makespan == 15


# Places: which instances a link joins

CAMPUS = {
    "phase": 2,
    "hall": {"in": "phase", "count": {"phase1": 2, "phase2": 3}},
    "rack": {"in": "hall", "count": 2},
    "lot": {"in": "phase", "count": 2},
    "ship": 3,
}
AROUND = {
    "site": ["site"],
    "phase": ["site", "phase"],
    "hall": ["site", "phase", "hall"],
    "rack": ["site", "phase", "hall", "rack"],
    "lot": ["site", "phase", "lot"],
    "ship": ["site", "ship"],
}


@pytest.mark.parametrize("before", AROUND)
@pytest.mark.parametrize("after", AROUND)
def test_places_belong_together(run, before, after):
    """A successor starts when the last predecessor is done in the smallest place that contains both levels."""
    a, b = (f"@{level}" if level != "site" else "" for level in (before, after))
    told = run(f"a{a}=1:crew b{b}=0<a", crew=1, places=CAMPUS)
    depth = sum(one == other for one, other in zip(AROUND[before], AROUND[after], strict=False)) - 1
    parts = {name: name[2:].split("/")[:depth] for name in told.times}
    for name in told.times:
        if name.startswith("b"):
            joined = [told[one][1] for one in told.times if one.startswith("a") and parts[one] == parts[name]]
            assert told.starts[name] == max(joined), name


# Learning


def test_wrights_law_adds_up(run):
    """A hundred racks, one after another, at 85 per cent per doubling: the n-th takes 480 x n ** log2(0.85)."""
    told = run("install@rack=480:crew", crew=1, places={"rack": 100}, install={"learning": 0.85})
    exponent = log2(0.85)
    times = [480 * n**exponent for n in range(1, 101)]
    assert told.makespan == sum(int(time + 0.5) for time in times)
    assert told.makespan == pytest.approx(480 * 43.75, rel=0.001), "the unit table of an 85 % curve gives 43.75"
    finish, start = told["install rack64"][1], told["install rack64"][0]
    assert finish - start == round(480 * 0.85**6)


# Chance


def waits(told: "pd.DataFrame", activity: str) -> np.ndarray:
    rows = told[told["activity"] == activity]
    return (rows["start"] - rows["ready"]).to_numpy(float)


def erlang_c(servers: int, load: float) -> float:
    """The chance that a customer of an M/M/c queue has to wait."""
    busy = load**servers / factorial(servers) * servers / (servers - load)
    return busy / (sum(load**n / factorial(n) for n in range(servers)) + busy)


@pytest.mark.slow
@pytest.mark.parametrize(("servers", "use", "seed"), [(1, 0.5, 1), (3, 0.7, 2)])
def test_mmc_queue_as_a_degenerate_project(run, servers, use, seed):
    """Customers come through one door, one after the other at exponential distances, to so many servers."""
    customers, between = 20_000, 60
    service = between * servers * use
    told = run(
        "arrive@customer=0:door serve@customer=0<arrive:server",
        door=1,
        server=servers,
        horizon="50 years",
        places={"customer": customers},
        arrive={"duration": {"exponential": f"{between} min"}},
        serve={"duration": {"exponential": f"{service} min"}},
        seed=seed,
    )
    waited = waits(told.run.activities, "serve")
    mean = erlang_c(servers, servers * use) * service / (servers * (1 - use))
    assert waited.mean() == pytest.approx(mean, rel=0.08)
    assert (waited > 0).mean() == pytest.approx(erlang_c(servers, servers * use), rel=0.04)


@pytest.mark.slow
def test_machine_repair(run):
    """Three machines that run and fail, and one repairman: cycles take 3 / (mu (1 - P0)) on average."""
    machines, cycles, up, repair = 3, 300, 200, 100
    text, details = [], {}
    for n in range(cycles):
        text.append(f"run{n}@machine=0" + (f"<fix{n - 1}" if n else ""))
        text.append(f"fix{n}@machine=0<run{n}:repairman")
        details |= {
            f"run{n}": {"duration": {"exponential": f"{up} min"}},
            f"fix{n}": {"duration": {"exponential": f"{repair} min"}},
        }
    told = run(" ".join(text), repairman=1, places={"machine": machines}, seed=3, **details)
    idle = 1 / sum(factorial(machines) / factorial(machines - n) * (repair / up) ** n for n in range(machines + 1))
    last = [told[f"fix{cycles - 1} machine{m}"][1] for m in range(1, machines + 1)]
    assert np.mean(last) / cycles == pytest.approx(machines * repair / (1 - idle), rel=0.06)


@pytest.mark.slow
def test_rework_is_geometric(run):
    """Three in ten fail: 1 / 0.7 attempts of an hour on average, and half an hour of repair after each failure."""
    racks, fail = 10_000, 0.3
    told = run(
        "test@rack=60",
        places={"rack": racks},
        test={"rework": {"probability": fail, "duration": "30 min"}},
        seed=4,
    )
    table = told.run.activities
    attempts = table["attempts"].to_numpy(float)
    assert attempts.mean() == pytest.approx(1 / (1 - fail), rel=0.015)
    assert [(attempts == n).mean() for n in (1, 2, 3)] == pytest.approx([0.7, 0.21, 0.063], abs=0.012)
    assert table["finish"].mean() == pytest.approx(60 + 90 * fail / (1 - fail), rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("duration", "longest"),
    [
        ({"exponential": "10 h"}, 600 * sum(1 / n for n in range(1, 11))),
        ({"uniform": ["0 h", "20 h"]}, 1200 * 10 / 11),
    ],
)
def test_merge_bias(run, duration, longest):
    """Ten paths of ten hours on average end later than ten hours: the mean of their longest has a closed form."""
    told = run(
        "work@way=0 merge@trial=0<work",
        places={"trial": 3_000, "way": {"in": "trial", "count": 10}},
        work={"duration": duration},
        seed=5,
    )
    table = told.run.activities
    assert table[table["activity"] == "work"]["finish"].mean() == pytest.approx(600, rel=0.02)
    assert table[table["activity"] == "merge"]["start"].mean() == pytest.approx(longest, rel=0.02)


@pytest.mark.slow
def test_the_mean_of_a_chain_is_the_sum_of_its_means(run):
    """PERT's classical estimate, (a + 4m + b) / 6 of each activity, where nothing merges."""
    details = {name: {"duration": {"pert": ["1 h", "2 h", "6 h"]}} for name in "abcd"}
    told = run("a@trial=0 b@trial=0<a c@trial=0<b d@trial=0<c", places={"trial": 4_000}, seed=6, **details)
    table = told.run.activities
    assert table[table["activity"] == "d"]["finish"].mean() == pytest.approx(4 * 150, rel=0.01)


def test_an_expected_run_is_the_critical_path_of_the_means(run):
    """Which is not the expected length of the critical path."""
    details = {name: {"duration": {"exponential": "1 h"}} for name in "ab"}
    assert run("a=0 b=0 c=30<a,b", **details).makespan == 90


def test_a_network_needs_no_places(engine):
    assert dcsim.simulate(dcsim.load(network("a=1")), engine=engine).finished
