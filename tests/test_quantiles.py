"""Quantiles of dates and how well they are known; what was never reached is never made up."""

from math import comb, inf, isnan, nan

import numpy as np
import pandas as pd
import pytest

import dcsim
from dcsim.analysis.quantiles import (
    LEVELS,
    Interval,
    bands,
    between_blocks,
    order_statistics,
    quantile,
    rank,
    ranks,
    summary_table,
)
from dcsim.errors import RequestError
from dcsim.study.chunk import Tally
from dcsim.study.replicate import Precision

DAYS = np.arange(1.0, 101.0)


def shuffled(values, seed=0):
    return np.random.default_rng(seed).permutation(np.asarray(values, np.float64))


# Quantiles


def test_a_quantile_is_the_first_day_by_which_so_many_had_it():
    days = shuffled(DAYS)
    assert [quantile(days, level) for level in LEVELS] == [10, 50, 80, 90]
    assert quantile(np.array([3.0]), 0.1) == 3
    assert quantile(np.array([1.0, 2.0, 3.0]), 0.5) == 2


def test_quantiles_are_those_of_numpy():
    days = np.random.default_rng(1).lognormal(size=997)
    for level in (0.01, *LEVELS, 0.99):
        assert quantile(days, level) == np.quantile(days, level, method="inverted_cdf")


def test_a_rank_is_not_lifted_by_rounding():
    """0.55 x 100 is 55.00000000000001 in floats."""
    assert rank(0.55, 100) == 55
    assert rank(0.551, 100) == 56
    assert rank(0.001, 100) == 1


def test_what_was_not_reached_lies_beyond_the_horizon():
    days = np.array([1.0, nan, 3.0, nan, 2.0])
    assert quantile(days, 0.5) == 3
    assert quantile(days, 0.6) == 3
    assert quantile(days, 0.61) == inf
    assert quantile(np.array([nan, nan]), 0.1) == inf


# Intervals


def coverage(count, level, low, high):
    """The chance that the values of these ranks enclose the true quantile: how many lie below it is binomial."""
    return sum(comb(count, k) * level**k * (1 - level) ** (count - k) for k in range(low, min(high, count + 1)))


def test_the_ranks_are_those_in_the_tables():
    """Median: Conover, Practical Nonparametric Statistics, and any table of the sign test."""
    assert ranks(100, 0.5) == (40, 61)
    assert ranks(20, 0.5) == (6, 15)
    assert ranks(10, 0.5) == (2, 9)
    assert ranks(5, 0.5) == (0, 6)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [10, 64, 100, 999])
def test_no_narrower_ranks_would_do(count, level):
    low, high = ranks(count, level)
    assert coverage(count, level, low, high) >= 0.95
    assert coverage(count, level, 0, low + 1) > 0.025
    assert coverage(count, level, high - 1, count + 1) > 0.025


def test_an_interval_from_order_statistics():
    assert order_statistics(shuffled(DAYS), 0.5) == Interval(50, 40, 61)
    assert order_statistics(shuffled(DAYS), 0.5).within == 10.5


def test_too_few_replications_leave_an_end_open():
    interval = order_statistics(DAYS[:10], 0.8)
    assert interval == Interval(8, 5, inf)
    assert interval.within == inf
    assert order_statistics(DAYS[:3], 0.1).low == -inf
    assert order_statistics(DAYS[:3], 0.1).within == inf


def test_an_interval_reaches_beyond_the_horizon_where_the_milestone_does():
    days = DAYS.copy()
    days[85:] = nan
    assert order_statistics(days, 0.8) == Interval(80, 72, inf)
    assert order_statistics(np.full(100, nan), 0.8) == Interval(inf, inf, inf)
    assert order_statistics(np.full(100, nan), 0.8).within == inf


def test_order_statistics_hold_what_they_promise():
    """Of 2,000 intervals for a known P80, at least 95 % enclose it, and not all."""
    rng, true = np.random.default_rng(2), np.exp(0.8416212335729143)
    intervals = [order_statistics(rng.lognormal(size=200), 0.8) for _ in range(2000)]
    held = np.mean([one.low <= true <= one.high for one in intervals])
    assert 0.94 < held < 0.98


def test_an_interval_between_blocks_is_that_of_the_share_below():
    """Of four blocks of 64, 30, 32, 32 and 34 are below the median: a share known within 3.1824 x 0.01276 = 0.0406."""
    blocks = [np.where(np.arange(64) < below, 1.0, 3.0) for below in (30, 32, 32, 34)]
    days = np.concatenate(blocks) + np.linspace(0, 0.1, 256)
    interval, ordered = between_blocks(days, 0.5, 64), np.sort(days)
    assert interval == Interval(ordered[127], ordered[116], ordered[138])  # 256 x (0.5 -+ 0.0406), and one more


def test_intervals_between_blocks_hold_what_they_promise():
    """Also where blocks are far more even than chance, as those of a design are."""
    rng, held, widths = np.random.default_rng(3), [], []
    for _ in range(600):
        strata = [(rng.permutation(64) + rng.random(64)) / 64 for _ in range(16)]
        interval = between_blocks(np.concatenate(strata), 0.8, 64)
        held.append(interval.low <= 0.8 <= interval.high)
        widths.append(interval.within)
    assert np.mean(held) > 0.9
    assert np.mean(widths) < 1.96 * np.sqrt(0.8 * 0.2 / 1024) / 4


def test_one_block_tells_nothing_about_how_well_it_is_known():
    assert between_blocks(DAYS[:64], 0.8, 64) == Interval(52, -inf, inf)


def test_an_interval_between_blocks_reaches_beyond_the_horizon_where_the_milestone_does():
    days = np.random.default_rng(5).permutation(np.arange(640.0))
    late = np.where(days < 515, days, nan)
    interval = between_blocks(late, 0.8, 64)
    assert interval.estimate == 511
    assert 400 < interval.low < 511
    assert interval.high == inf
    assert between_blocks(np.where(days < 100, days, nan), 0.8, 64) == Interval(inf, inf, inf)
    assert between_blocks(np.full(128, nan), 0.8, 64) == Interval(inf, inf, inf)


# The summary


def test_the_summary_of_what_was_always_reached():
    row = summary_table({"done": shuffled(DAYS)}, {"done": (25.5, 0.25)}).iloc[0]
    assert row["milestone"] == "done"
    assert [row["p10"], row["p50"], row["p80"], row["p90"]] == [10, 50, 80, 90]
    assert (row["p80_low"], row["p80_high"]) == (72, 89)
    assert row["mean"] == 50.5
    assert row["sd"] == pytest.approx(DAYS.std(ddof=1))
    assert row["reached"] == 1
    assert row["probability"] == 0.25
    assert row["late"] == np.mean([day - 25.5 for day in range(26, 101)])


def test_the_summary_makes_up_no_number_for_what_was_not():
    days = DAYS.copy()
    days[70:] = nan
    row = summary_table({"done": days}, {}).iloc[0]
    assert [row["p10"], row["p50"], row["p80"], row["p90"]] == [10, 50, inf, inf]
    assert (row["p80_low"], row["p80_high"]) == (inf, inf)
    assert isnan(row["mean"])
    assert isnan(row["sd"])
    assert row["reached"] == 0.7
    assert isnan(row["wanted"])
    assert isnan(row["probability"])


def test_without_milestones_there_is_an_empty_summary():
    assert summary_table({}, {}).empty


# Bands


def test_bands_are_the_quantiles_of_the_amounts():
    rng = np.random.default_rng(4)
    amounts = np.sort(rng.integers(0, 40, (30, 250)), axis=0)
    told = bands(counted(amounts).rows)
    for level in LEVELS:
        assert (told[level] == np.quantile(amounts, level, axis=1, method="inverted_cdf")).all()


def counted(amounts, marks=(0,), order=1):
    """Amounts by day and replication."""
    tally, days = Tally(np.array(marks)), np.arange(len(amounts))
    for replication in amounts.T[::order]:
        tally.add(np.stack([days, replication, np.ones_like(days)], axis=1))
        if order < 0:
            tally.settle()
    return tally.settle()


def test_amounts_are_rounded_alike_in_every_order_and_marks_never(monkeypatch):
    """No more rows than there is room for; the step is the first power of two that is enough."""
    rng, marks = np.random.default_rng(5), [0, 777, 5001]
    amounts = np.sort(rng.integers(0, 5001, (30, 250)), axis=0)
    amounts[10:20, ::3], amounts[-1] = 777, 5001
    monkeypatch.setattr("dcsim.study.chunk.MOST_ROWS", 1000)
    there, back = counted(amounts, marks), counted(amounts, marks, order=-1)
    assert (there.rows == back.rows).all()
    assert there.step == back.step > 1

    def rounded(step):
        mark = np.array(marks)[np.searchsorted(marks, amounts, side="right") - 1]
        return np.maximum(amounts // step * step, mark)

    fewest = [sum(len(np.unique(day)) for day in rounded(step)) for step in (there.step // 2, there.step)]
    assert fewest[0] > 1000 >= fewest[1] == len(there.rows)
    told = bands(there.rows)
    for level in LEVELS:
        assert (told[level] == np.quantile(rounded(there.step), level, axis=1, method="inverted_cdf")).all()
    assert told[0.5][-1] == 5001


AMOUNTS = [54_576, 21_888, 32_760, 40_968, 27_288]


def test_the_fan_is_exact_whatever_the_amounts(monkeypatch):
    """More steps of the greatest common divisor than there were levels: 7,395 of 24."""
    activities = {
        f"a{k}": {"duration": f"{5 + k} d", "produces": {"usable": amount}} for k, amount in enumerate(AMOUNTS)
    }
    whole = {"m": {"supply": "usable", "reaches": sum(AMOUNTS)}}
    sections = {"supplies": {"usable": {"unit": "GPU"}}, "activities": activities, "milestones": whole}
    scenario = dcsim.load({"name": "whole", "start": "2026-01-01", "horizon": "60 d", **sections})
    fan = dcsim.replicate(scenario, n=4)
    assert fan.supplies["p50"].iloc[4:9].tolist() == np.cumsum(AMOUNTS).tolist()
    assert "rounded" not in str(fan.report())
    monkeypatch.setattr("dcsim.study.chunk.MOST_ROWS", 60)
    activities["a2"]["duration"] = {"uniform": ["4 d", "40 d"]}
    scenario = dcsim.load({"name": "whole", "start": "2026-01-01", "horizon": "60 d", **sections})
    fan = dcsim.replicate(scenario, n=40)
    assert fan.supplies["p50"].iloc[-1] == sum(AMOUNTS)
    step = int(fan.supplies["step"].iloc[0])
    assert f"amounts of usable are rounded down to multiples of {step:,} GPU; goals" in " ".join(
        str(fan.report()).split()
    )


@pytest.mark.slow
def test_the_fan_of_a_build_is_that_of_its_runs():
    scenario = dcsim.load(
        {
            "name": "fan",
            "start": "2024-01-01",
            "horizon": "12 d",
            "places": {"rack": 6},
            "resources": {"crew": {"count": 1}},
            "supplies": {
                "power": {
                    "unit": "kW",
                    "orders": {"gate": {"amount": 9, "placed": {"after": "run"}, "lead_time": "2 d"}},
                },
                "done": {"unit": "rack", "initial": 2, "orders": {"o": {"amount": 3, "lead_time": "1 to 9 d"}}},
            },
            "activities": {
                "run": {"at": "rack", "duration": "1 to 3 d", "requires": {"crew": 1}, "produces": {"done": 4}}
            },
            "milestones": {"all": {"supply": "done", "reaches": 29}, "lit": {"supply": "power", "reaches": 9}},
        }
    )
    many = dcsim.replicate(scenario, 40, engine="reference", chunk=7)
    ever = {name: np.zeros((13, 40), np.int64) for name in ("done", "power")}
    for k in range(40):
        supplies = dcsim.simulate(scenario, replication=k).supplies
        for name, table in ever.items():
            rows = supplies[supplies["supply"] == name]
            for day in range(13):
                table[day, k] = rows.loc[rows["tick"] < (day + 1) * 1440, "total"].max()
    for name, table in ever.items():
        fan = many.supplies[many.supplies["supply"] == name]
        for level in LEVELS:
            expected = np.quantile(table, level, axis=1, method="inverted_cdf")
            assert fan[f"p{round(100 * level)}"].tolist() == expected.tolist()
    assert many.supplies.loc[many.supplies["supply"] == "done", "date"].iloc[0] == pd.Timestamp("2024-01-01 23:59")


# Precision


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("online.p80 within 1 d", Precision("online", 0.8, 1)),
        ("  phase1.done.p2.5   within 0.5d ", Precision("phase1.done", 0.025, 0.5)),
        ("online.p50 within 10 days", Precision("online", 0.5, 10)),
    ],
)
def test_a_precision_is_read(text, expected):
    assert Precision.parse(text, ("online", "phase1.done")) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "online", "online.p80", "online.80 within 1 d", "online.p80 within 1", "online.p80 within 1.2.3 d"),
        *("online.p0 within 1 d", "online.p100 within 1 d", "online.p80 within -1 d", "online.p80 within 1 wk"),
    ],
)
def test_what_is_no_precision_is_told(text):
    with pytest.raises(
        RequestError, match=r"expected a precision such as 'online_100k\.p80 within 1 d', got '.*'"
    ) as told:
        Precision.parse(text, ("online",))
    assert isinstance(told.value, ValueError)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (("online",), r"no milestone 'onlin'; did you mean 'online'\?"),
        (("first", "last"), "no milestone 'onlin'; there are 'first', 'last'"),
        ((), "no milestone 'onlin'; there are no milestones"),
    ],
)
def test_a_precision_of_an_unknown_milestone_is_told(known, message):
    with pytest.raises(RequestError, match=message):
        Precision.parse("onlin.p80 within 1 d", known)
