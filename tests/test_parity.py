"""Both engines, and an independent program that follows the written law, tell the same build, row for row."""

import random

import pandas as pd
import pytest
from generated import linked, scenario, under_way
from oracle import simulate as by_the_law

import dcsim
from dcsim.engine import ENGINES
from dcsim.engine.draws import Expectation, Sample, draw
from dcsim.study.cash import network_of

NETWORKS = 600
LINKED = 200
BATCHES = 10
FAST = 1
"""So many batches are looked at even when time is short."""


def batches(count):
    """Batches of generated networks, most of them slow."""
    return [pytest.param(batch, marks=[pytest.mark.slow] if batch >= FAST else []) for batch in range(count)]


def rows(frame, columns):
    """A frame as a sorted list of plain rows, with None where it is empty."""
    values = frame[columns].astype(object).where(frame[columns].notna(), None)
    return sorted(map(tuple, values.to_numpy().tolist()), key=repr)


def same_trace(one, other):
    """Whether two traces agree in every number of every table."""
    columns = ("ready", "start", "finish", "attempts", "mode", "held_by", "round", "ended")
    columns += ("opened", "opening", "reached", "dated", "eve")
    tables = ("attempt_rows", "shortage_rows", "delivery_rows")
    return all((getattr(one, c) == getattr(other, c)).all() for c in columns) and all(
        sorted(getattr(one, t)) == sorted(getattr(other, t)) for t in tables
    )


@pytest.mark.compiled
@pytest.mark.parametrize("batch", batches(BATCHES))
def test_engines_agree(batch):
    """On generated networks both engines leave equal traces, with expected values and with draws."""
    for seed in range(batch * NETWORKS // BATCHES, (batch + 1) * NETWORKS // BATCHES):
        network = network_of(dcsim.load(scenario(random.Random(seed))))
        for chance in (Expectation(), Sample(seed)):
            draws = draw(network, chance)
            traces = [engine()(network, draws) for engine in ENGINES.values()]
            assert same_trace(*traces), f"engines differ on generated network {seed} with {chance}"


@pytest.mark.compiled
@pytest.mark.parametrize("batch", batches(BATCHES))
def test_engines_agree_on_links(batch):
    """The same on networks with links of every kind."""
    for seed in range(batch * LINKED // BATCHES, (batch + 1) * LINKED // BATCHES):
        network = network_of(dcsim.load(linked(random.Random(seed))))
        for chance in (Expectation(), Sample(seed)):
            draws = draw(network, chance)
            traces = [engine()(network, draws) for engine in ENGINES.values()]
            assert same_trace(*traces), f"engines differ on network {seed} with links with {chance}"


@pytest.mark.compiled
@pytest.mark.parametrize("batch", batches(BATCHES))
def test_engines_agree_on_progress(batch):
    """The same on sites under way."""
    for seed in range(batch * LINKED // BATCHES, (batch + 1) * LINKED // BATCHES):
        network = network_of(dcsim.load(under_way(random.Random(seed))))
        for chance in (Expectation(), Sample(seed)):
            draws = draw(network, chance)
            traces = [engine()(network, draws) for engine in ENGINES.values()]
            assert same_trace(*traces), f"engines differ on site {seed} under way with {chance}"


@pytest.mark.slow
@pytest.mark.parametrize("batch", batches(5))
def test_the_written_law(batch):
    """The reference engine does what a plain program that follows the text does."""
    for seed in range(10_000 + batch * 40, 10_000 + (batch + 1) * 40):
        data = (scenario, linked, under_way)[seed % 3](random.Random(seed))
        told, run = by_the_law(data), dcsim.simulate(dcsim.load(data), expected=True)
        columns = ["activity", "place", "ready", "start", "finish", "attempts", "used", "held_by"]
        expected = sorted((tuple(row) for row in told.activities), key=repr)
        assert rows(run.activities, columns) == expected, f"generated network {seed}"
        columns = ["activity", "place", "attempt", "kind", "ready", "start", "finish", "held_by"]
        assert rows(run.attempts, columns) == sorted(map(tuple, told.attempts), key=repr), f"network {seed}"
        columns = ["activity", "place", "from", "to", "cause", "waiting"]
        assert rows(run.shortages, columns) == sorted(map(tuple, told.shortages), key=repr), f"network {seed}"
        reached = dict(zip(run.milestones["milestone"], run.milestones["tick"], strict=True))
        assert {name: None if tick is pd.NA else tick for name, tick in reached.items()} == told.milestones
        dated = dict(zip(told.milestones, run.trace.dated.tolist(), strict=True))
        assert dated == {name: -1 if tick is None else tick for name, tick in told.dated.items()}, f"network {seed}"
        done = run.activities[["activity", "place"]][run.trace.eve].itertuples(index=False)
        assert {tuple(row) for row in done} == told.eves, f"network {seed}"
