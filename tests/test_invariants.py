"""What holds in every build, whatever is built: on generated networks, with drawn values, told by both engines."""

import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from builders import EACH_ENGINE, Told, network, tell
from generated import scenario, scenarios
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import dcsim
from dcsim.engine import ENGINES
from dcsim.model import build, refusals
from dcsim.network import REPAIR, WORK, Demand, Lag, Network
from dcsim.study.run import Run, simulate
from dcsim.trace import NOT

TABLES = ("activities", "attempts", "shortages", "deliveries", "milestones", "supplies", "stuck", "waits")

many = settings(max_examples=60)
builds = given(scenarios(), st.integers(0, 1_000))


def runs(data: dict[str, Any], seed: int) -> Iterator[Run]:
    """The same replication by every engine."""
    loaded = dcsim.load(data)
    return (simulate(loaded, seed=seed, engine=name) for name in ENGINES)


def items(run: Run) -> Iterator[tuple[Demand, int, int, int, int]]:
    """Every attempt and repair: demand, mode, ready, start, finish; the mode is NOT where it is not told."""
    trace, built = run.trace, run.network
    of_rework = {row.instance for row in trace.attempt_rows}
    for k in set(np.flatnonzero(~skips(run)).tolist()) - of_rework:
        yield (
            built.demands[built.demand[k]],
            int(trace.mode[k]),
            *(int(c[k]) for c in (trace.ready, trace.start, trace.finish)),
        )
    for row in trace.attempt_rows:
        demand = built.demands[demand_of(built, row.instance, row.kind, row.number)]
        yield demand, row.mode, row.ready, row.start, row.finish


def demand_of(built: Network, instance: int, kind: int, number: int) -> int:
    if kind == WORK and number == 1:
        return int(built.demand[instance])
    activity = int(built.activity[instance])
    retry, repair = built.again[activity]
    return int((repair if kind == REPAIR else retry)[instance - built.first[activity]])


# Each activity


@pytest.mark.compiled
@many
@builds
def test_everything_happens_once_and_in_order(data, seed):
    for run in runs(data, seed):
        table = run.activities
        assert not table.duplicated(["activity", "place"]).any()
        assert len(table) == run.network.instances
        skipped = table["used"] == "skipped"
        assert (table["finish"] == table["ready"])[skipped].all()
        for columns in (("ready", "start"), ("start", "finish")):
            early, late = (table[column][~skipped] for column in columns)
            assert not (late.notna() & early.isna()).any()
            assert (late.dropna() >= early[late.notna()]).all()
        assert ((table["attempts"] > 0) == table["start"].notna()).all()
        assert (table["finish"].dropna() <= run.network.horizon).all()


@pytest.mark.compiled
@many
@builds
def test_nothing_is_ready_before_its_predecessors(data, seed):
    for run in runs(data, seed):
        happened = events(run)
        for target, wanted in enumerate(links_into(run)):
            if target < run.network.instances and wanted:
                ready = int(run.trace.ready[target])
                came = [happened[source] for source, _ in wanted]
                least = max(
                    run.network.later(tick, lag.months) + lag.minutes
                    for tick, (_, lag) in zip(came, wanted, strict=True)
                )
                assert ready == NOT or (NOT not in came and ready >= least)
                assert ready == NOT or skips(run)[target] or ready >= run.network.release[target]


def events(run: Run) -> list[int]:
    """When every node happened: finishes, openings of gates; NOT where it did not."""
    trace, built = run.trace, run.network
    happened = [*trace.finish.tolist(), *[NOT] * built.gates]
    for activity, gate in enumerate(built.start_gate.tolist()):
        if gate != NOT:
            first, last = built.first[activity : activity + 2].tolist()
            happened[gate : gate + last - first] = np.where(skips(run), trace.finish, trace.start)[first:last].tolist()
    for milestone, tick in zip(built.milestones, trace.reached.tolist(), strict=True):
        happened[milestone.gate] = tick
    into = links_into(run)
    for gate in range(built.instances, len(built.needed)):
        if happened[gate] == NOT and into[gate]:
            came = sorted(happened[source] for source, _ in into[gate] if happened[source] != NOT)
            needed = int(built.needed[gate])
            happened[gate] = came[needed - 1] if len(came) >= needed else NOT
    return happened


def skips(run: Run) -> NDArray[np.bool_]:
    """Of each instance, whether a branch skipped it."""
    return run.draws.skipped[: run.network.instances] if run.network.branches else np.zeros(run.network.instances, bool)


def links_into(run: Run) -> list[list[tuple[int, Lag]]]:
    """Of each node, the nodes that lead to it and the lags in between: working time takes no less than its minutes.

    Those before and after what a branch skipped are none.
    """
    built, skipped = run.network, [*run.draws.skipped.tolist(), *[False] * len(run.network.needed)]
    into: list[list[tuple[int, Lag]]] = [[] for _ in built.needed]
    for source in range(len(built.needed)):
        for link in range(built.link_first[source], built.link_first[source + 1]):
            target = built.link_to[link]
            lag = built.lags[0 if skipped[source] or skipped[target] else built.link_lag[link]]
            into[target].append((source, lag))
    return into


@pytest.mark.compiled
@many
@builds
def test_milestones_are_reached_when_enough_is_done(data, seed):
    for run in runs(data, seed):
        for name, spec in data.get("milestones", {}).items():
            if "activity" not in spec or "in" in spec:
                continue
            table = run.activities[run.activities["activity"] == spec["activity"]]
            table = table.assign(start=table["start"].fillna(table["finish"]))  # a branch may have skipped it
            done = sorted(table[spec.get("event", "finish")].dropna())
            reaches = int(spec.get("reaches", len(table)))
            tick = run.milestones.set_index("milestone")["tick"][name]
            assert (tick if isinstance(tick, int | np.integer) else None) == (
                done[reaches - 1] if len(done) >= reaches else None
            )


# Resources and supplies


@pytest.mark.compiled
@many
@builds
def test_no_resource_is_used_above_its_capacity(data, seed):
    """Except by what was running when the capacity stepped down: use never rises above it."""
    for run in runs(data, seed):
        changes: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for demand, mode, _, start, finish in items(run):
            for resource, amount in demand.taken(mode) if start != NOT else ():
                changes[resource][start] += amount
                if finish != NOT:
                    changes[resource][finish] -= amount
        for resource in changes:
            used = 0
            for tick in sorted(changes[resource]):
                before, used = used, used + changes[resource][tick]
                assert 0 <= used <= max(before, capacity(run, resource, tick)), run.network.resources[resource]


def capacity(run: Run, resource: int, tick: int) -> int:
    units = int(run.draws.capacity[resource])
    for when, which, count in zip(*(column.tolist() for column in run.draws.steps), strict=True):
        if which == resource and when <= tick:
            units = count
    return units


@pytest.mark.compiled
@many
@builds
def test_no_supply_is_below_zero_and_none_is_lost(data, seed):
    for run in runs(data, seed):
        table = run.supplies
        assert (table["level"] >= 0).all()
        assert (table["total"] >= table["level"]).all()
        for stock, rows in enumerate(run.network.stocks):
            here = table[(table["supply"] == rows.name) & (table["place"] == rows.place)]
            assert here["total"].is_monotonic_increasing
            taken = sum(
                take.amount
                for demand, _, _, start, _ in items(run)
                if start != NOT
                for take in demand.consumes
                if take.stock == stock
            )
            assert here["total"].iloc[-1] - here["level"].iloc[-1] == taken


@pytest.mark.compiled
@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_everything_is_given_back(seed):
    """Whoever then needs all there is of everything can start at once."""
    rng = random.Random(seed)
    counts = {name: rng.randint(1, 4) for name in ("crew", "crane", "line")}
    text, details = [], {}
    for n in range(rng.randint(1, 12)):
        needs = [f"{name}*{rng.randint(1, counts[name])}" for name in rng.sample(sorted(counts), rng.randint(0, 3))]
        if len(needs) > 1 and rng.random() < 0.3:
            needs = [f"{needs[0].split('*')[0]}|{needs[1].split('*')[0]}"]
        after = [f"a{k}" for k in range(n) if rng.random() < 0.2]
        text.append(
            f"a{n}={rng.choice((0, 1, 5, 9))}"
            + ("<" + ",".join(after)) * bool(after)
            + (":" + ",".join(needs)) * bool(needs)
        )
        if rng.random() < 0.3:
            details[f"a{n}"] = {"rework": {"probability": 0.5, "duration": "3 min", "requires": {"crane": 1}}}
    last = (
        "last=1<" + ",".join(f"a{n}" for n in range(len(text))) + ":" + ",".join(f"{k}*{v}" for k, v in counts.items())
    )
    for engine in ENGINES:
        told = tell(network(" ".join([*text, last]), **counts, **details), engine, seed=seed)
        assert told.run.finished
        assert told.row("last")["start"] == told.row("last")["ready"]


@pytest.mark.compiled
@many
@builds
def test_waiting_adds_up_to_shortages(data, seed):
    """The time that the waiting of an activity takes in all is that of its shortages."""
    for run in runs(data, seed):
        end, waited = run.network.horizon, defaultdict(int)
        for demand, _, ready, start, _ in items(run):
            if ready != NOT:
                waited[run.network.activities[demand.activity]] += (end if start == NOT else start) - ready
        table = run.shortages
        told = (table["to"].fillna(end) - table["from"]) * table["waiting"]
        summed = told.groupby(table["activity"]).sum().to_dict()
        assert summed == {name: minutes for name, minutes in waited.items() if name in summed}
        assert not any(minutes for name, minutes in waited.items() if name not in summed)


@pytest.mark.compiled
@many
@builds
def test_held_by_says_why_it_waited(data, seed):
    for run in runs(data, seed):
        for table in (run.activities, run.attempts):
            started = table[table["start"].notna()]
            assert ((started["held_by"] != "") == (started["start"] > started["ready"])).all()


# Nothing is scarce: the longest path


def unlimited(data: dict[str, Any]) -> dict[str, Any]:
    """The same network when nothing is scarce, never closed and never fails."""
    counted = {name for name, spec in data.get("milestones", {}).items() if "supply" in spec}
    scarce = ("requires", "ways", "consumes", "produces", "calendar", "rework", "learning", "finish_not_before")

    def name_of(link: Any) -> str:
        return str(link if isinstance(link, str) else link.get("activity", link.get("milestone")))

    def free(spec: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in spec.items() if key not in scarce}
        if "within" in kept:
            kept["within"] = {pattern: free(part) for pattern, part in kept["within"].items()}
        if "after" in kept:
            links = kept["after"] if isinstance(kept["after"], list) else [kept["after"]]
            kept["after"] = [link for link in links if name_of(link) not in counted]
        return kept

    sections = {key: value for key, value in data.items() if key not in ("resources", "supplies", "risks", "calendars")}
    return sections | {
        "activities": {name: free(spec) for name, spec in data["activities"].items()},
        "milestones": {name: spec for name, spec in data.get("milestones", {}).items() if name not in counted},
        "horizon": "1 year",
    }


def longest_path(run: Run) -> list[int]:
    """The earliest finish of every instance: each node is as late as the last of those it needs."""
    built, into, known = run.network, links_into(run), {}
    lengths = np.where(skips(run), 0, run.draws.minutes[: run.network.instances]).tolist()
    starts = {
        gate + k: int(built.first[activity]) + k
        for activity, gate in enumerate(built.start_gate.tolist())
        if gate != NOT
        for k in range(int(built.first[activity + 1] - built.first[activity]))
    }

    def begins(node: int) -> int:
        release = int(built.release[node]) if node < built.instances and not skips(run)[node] else 0
        came = sorted(built.later(happens(source), lag.months) + lag.minutes for source, lag in into[node])
        return max(release, came[int(built.needed[node]) - 1] if came else 0)

    def happens(node: int) -> int:
        if node not in known:
            known[node] = begins(starts[node]) if node in starts else begins(node)
            if node < built.instances:
                in_months = built.demands[built.demand[node]].in_months
                known[node] = built.later(known[node], lengths[node]) if in_months else known[node] + rounded(node)
        return known[node]

    def rounded(node: int) -> int:
        return int(lengths[node] + 0.5)

    return [happens(node) for node in range(built.instances)]


@pytest.mark.compiled
@many
@builds
def test_without_limits_the_makespan_is_the_longest_path(data, seed):
    for run in runs(unlimited(data), seed):
        assert run.finished
        assert run.trace.finish.tolist() == longest_path(run)


# Again and again


@pytest.mark.compiled
@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 1_000))
def test_the_same_scenario_and_seed_give_the_same_bytes(network_seed, seed):
    """Loaded anew, and told by either engine."""

    def told(engine: str) -> list[bytes]:
        run = simulate(dcsim.load(scenario(random.Random(network_seed))), seed=seed, engine=engine)
        return [getattr(run, name).to_csv().encode() for name in TABLES]

    first = told("reference")
    assert told("reference") == first
    assert told("compiled") == first


@pytest.mark.parametrize("engine", EACH_ENGINE)
def test_a_run_leaves_no_trace_in_the_next(engine):
    """What was simulated in between does not matter."""
    one, other = (dcsim.load(scenario(random.Random(seed))) for seed in (5, 6))
    alone = simulate(one, seed=3, engine=engine)
    simulate(other, seed=8, engine=engine)
    simulate(one, seed=4, engine=engine)
    again = simulate(one, seed=3, engine=engine)
    assert all(getattr(alone, name).equals(getattr(again, name)) for name in TABLES)
    assert Told(alone).times == Told(again).times


def test_what_can_happen_is_the_same_node_by_node_and_many_at_once(monkeypatch):
    stuck = 0
    for seed in range(20):
        built = build(dcsim.load(scenario(random.Random(seed))))
        ends = []
        for count in (1, 10**9):
            monkeypatch.setattr(refusals, "MANY", count)
            happening = refusals._Happening(built)
            happening.happened[0] = 1  # what follows this node alone cannot happen
            happening.go_on()
            ends.append((bytes(happening.happened), sorted(happening.openings.closed), happening.left.tolist()))
        assert ends[0] == ends[1]
        stuck += ends[0][0].count(0)
    assert stuck > 0
