"""When to order at the latest: by hand on small networks, sure where that can be, and never silently monotone."""

import json
import re
from math import ceil

import numpy as np
import pandas as pd
import pytest
from builders import network
from matplotlib.figure import Figure
from scipy.stats import binomtest
from test_cli import ordered

import dcsim
from dcsim.charts.pictures import draw
from dcsim.charts.plotly import figure
from dcsim.errors import RequestError, ResultError
from dcsim.study.cash import network_of
from dcsim.study.latest import Search, moved_orders, needed
from dcsim.study.orders import latest_orders
from dcsim.study.result import Result

BY = "2024-01-20"
"""The end of this day is the end of the twentieth."""


def built(order, more="", **sections):
    """`fill` takes two days once the goods are there."""
    goods = {"goods": {"unit": "piece", "orders": {"main": {"amount": 1, **order}}}}
    fill = {"consumes": {"goods": 1}, **sections.pop("fill", {})}
    return dcsim.load(
        network(
            f"b=2d fill=2d {more}",
            supplies=goods,
            fill=fill,
            horizon="100 d",
            **{"milestones": {"full": {"activity": "fill"}}, **sections},
        )
    )


def asked(scenario, n=20, **more):
    found = latest_orders(scenario, **{"milestone": "full", "date": BY, "n": n, "engine": "reference", **more})
    return found, found.orders.to_dict("records")[0]


def day(number):
    return pd.Timestamp(2024, 1, 1) + pd.Timedelta(days=number)


# Known answers


@pytest.mark.parametrize("planned", [0, 5, 8, 12])
def test_a_fixed_lead_time_by_hand(planned):
    """20 days less 10 of lead time less 2 of work: the eighth day, wherever the plan is."""
    found, row = asked(built({"placed": f"{planned} d", "lead_time": "10 d"}))
    assert (row["placed"], row["latest"], row["slack"]) == (day(planned), day(8), 8 - planned)
    assert (row["latest_low"], row["latest_high"]) == (day(8), day(8))
    assert row["probability"] == 1
    assert found.about["probability"] == (planned <= 8)
    assert row["note"] == ""


@pytest.mark.parametrize(("confidence", "latest"), [(0.3, 8), (0.8, 4)])
def test_a_lead_time_of_ten_or_fourteen_days(confidence, latest):
    """Half of the builds need four days more: who wants to be surer than half orders for the longer one."""
    scenario = built({"lead_time": {"discrete": [["10 d", 1], ["14 d", 1]]}})
    _, row = asked(scenario, n=64, confidence=confidence)
    assert (row["latest"], row["slack"]) == (day(latest), latest)
    assert row["probability"] == pytest.approx(0.5, abs=0.2) if latest == 8 else row["probability"] == 1


def test_an_order_after_something_may_wait():
    """2 of b, 3 of lag, 5 of lead time and 2 of work leave 8 of 20 days."""
    _, row = asked(built({"placed": {"after": "b", "lag": "3 d"}, "lead_time": "5 d"}))
    assert pd.isna(row["placed"])
    assert pd.isna(row["latest"])
    assert (row["slack"], row["probability"]) == (8, 1)
    assert row["note"] == "placed after an event: may wait 8 d more (8 to 8)"


def test_what_is_not_needed_can_be_ordered_any_day():
    scenario = built({"lead_time": "10 d"}, milestones={"full": {"activity": "b"}})
    _, row = asked(scenario)
    assert pd.isna(row["latest"])
    assert row["slack"] == np.inf
    assert row["note"] == "any date: 100% without it"


SLOW_HALF = {"duration": {"discrete": [["2 d", 1], ["30 d", 1]]}}
"""Work that is too late in half of the builds, whatever is ordered."""


def test_what_no_date_makes_likely_enough_has_the_latest_that_costs_little():
    scenario = built({"placed": "5 d", "lead_time": "10 d"}, fill=SLOW_HALF)
    found, row = asked(scenario, n=64)
    assert (row["latest"], row["slack"], row["probability"]) == (day(8), 3, found.about["probability"])
    assert row["confidence"] == pytest.approx(found.about["probability"] - 0.05)
    told = f"out of reach: {found.about['probability']:.0%} as planned, no more on any other day"
    assert row["note"] == f"{told}; the date costs at most 5 points of that"
    assert found.about["points"] == 5


@pytest.mark.slow
@pytest.mark.parametrize(("points", "latest"), [(0, -8), (25, 0), (40, 4)])
def test_a_date_may_cost_points(points, latest):
    """Half are in time with a lead time of up to 26 days from the eighth day before the start, and each day costs a
    thirty-second.
    """
    lead_times = {"discrete": [[f"{days} d", 1] for days in range(11, 27)]}
    found, row = asked(built({"lead_time": lead_times}, fill=SLOW_HALF), n=1600, confidence=0.9, points=points)
    best = row["confidence"] + points / 100
    assert best == pytest.approx(0.5, abs=0.05)
    assert found.about["probability"] == pytest.approx(0.25, abs=0.05)
    assert abs((row["latest"] - day(latest)).days) <= 1
    assert best - points / 100 <= row["probability"] <= best


def test_what_an_earlier_day_makes_likelier_says_what_is_best():
    scenario = built({"placed": "9 d", "lead_time": "10 d"}, fill=SLOW_HALF)
    _, row = asked(scenario, n=64)
    assert re.match(r"out of reach: 0% as planned, [4-6]\d% if placed on 2023-12-\d\d; ", row["note"])
    assert (row["latest"], row["slack"]) == (day(8), -1)


@pytest.mark.parametrize("planned", ["2023-11-20", "2024-01-06"])
@pytest.mark.parametrize(
    ("order", "latest"),
    [
        ({"lead_time": "60 d"}, -42),
        ({"lead_time": "2 months"}, -43),
        ({"lead_time": "30 d", "lots": 4, "every": "10 d"}, -42),
        ({"lead_time": "30 d", "varies_with": ["market"]}, -42),
        ({"lead_time": {"lognormal": ["1 d", "60 d"]}}, -42),
    ],
)
def test_days_before_the_start_are_searched_as_far_as_they_matter(planned, order, latest):
    """60 days before the end of the eighteenth, however long before the start that is."""
    whole = {"goods": {"unit": "piece", "orders": {"main": {"amount": 4, "placed": planned, **order}}}}
    scenario = dcsim.load(
        network(
            "fill=2d",
            supplies=whole,
            fill={"consumes": {"goods": 4}},
            factors={"market": {"discrete": [[2, 1]]}},
            horizon="300 d",
            milestones={"full": {"activity": "fill"}},
        )
    )
    _, row = asked(scenario, n=40)
    if "lognormal" not in str(order):
        assert row["latest"] == day(latest)
        assert row["probability"] == 1
    assert row["probability"] >= 0.8
    early = row["latest"] < min(day(0), row["placed"])
    assert row["note"] == ("before the simulation starts on 2024-01-01" if early else "")


def test_what_is_never_in_time_has_no_date():
    found, row = asked(built({"placed": "5 d", "lead_time": "5 d"}, fill={"duration": "30 d"}))
    assert pd.isna(row["latest"])
    assert np.isnan(row["slack"])
    assert row["note"] == "no date: 0% as planned and on every other day"
    assert found.about["probability"] == 0


def test_an_order_that_is_in_the_way():
    """While the goods are put away nobody is free to finish: Graham's anomaly, with an order."""
    scenario = dcsim.load(
        network(
            "z=5d fill=1d<z:crew store=10d:crew",
            crew=1,
            supplies={"goods": {"unit": "piece", "orders": {"main": {"amount": 1, "lead_time": "4 d"}}}},
            store={"consumes": {"goods": 1}},
            milestones={"full": {"activity": "fill"}},
            horizon="100 d",
        )
    )
    found, row = asked(scenario, date="2024-01-08")
    assert found.about["probability"] == 0
    assert row["note"] == "better later or never: 0% as planned, 100% without it"


def test_supplies_in_every_place_are_one_order():
    goods = {"goods": {"unit": "piece", "per": "hall", "orders": {"main": {"amount": 1, "lead_time": "10 d"}}}}
    scenario = dcsim.load(
        network(
            "fill@hall=2d",
            places={"hall": 3},
            supplies=goods,
            fill={"consumes": {"goods": 1}},
            milestones={"full": {"activity": "fill"}},
            horizon="100 d",
        )
    )
    found, row = asked(scenario)
    assert len(found.orders) == 1
    assert row["latest"] == day(8)


# How sure


@pytest.mark.slow
def test_how_many_builds_must_be_in_time():
    """The fewest whose exact interval lies above the confidence, and the fewest whose interval reaches it."""

    def interval(hits, n):
        return binomtest(hits, n).proportion_ci(0.95, method="exact")

    for confidence, n in ((0.8, 100), (0.8, 16), (0.9, 40), (0.05, 30)):
        estimate, sure, unsure = needed(confidence, n)
        assert estimate == ceil(confidence * n)
        assert sure == next((hits for hits in range(n + 1) if interval(hits, n).low >= confidence), n + 1)
        assert unsure == next(hits for hits in range(n + 1) if interval(hits, n).high >= confidence)


@pytest.mark.slow
def test_the_interval_holds_the_true_date():
    """With a uniform lead time of 0 to 18 days the chance is (18 - x) / 18 for an order on day x: 0.8 at 3.6."""
    scenario = built({"lead_time": {"uniform": ["0 d", "18 d"]}})
    _, row = asked(scenario, n=200)
    assert row["latest_low"] <= day(3) <= row["latest_high"]
    assert row["latest_low"] < row["latest"] < row["latest_high"]
    _, few = asked(scenario, n=10)
    assert pd.isna(few["latest_low"])


@pytest.mark.compiled
def test_the_same_seed_is_the_same_answer():
    scenario = built({"lead_time": {"uniform": ["0 d", "18 d"]}})
    one, other, another = (asked(scenario, n=40, seed=seed)[0].orders for seed in (0, 0, 1))
    assert one.equals(other)
    assert not one.equals(another)
    assert one.equals(asked(scenario, n=40, engine="compiled", workers=2)[0].orders)


class Fake:
    """Trials in which a build is in time on some days only."""

    n = 2

    def __init__(self, in_time, start):
        self.in_time, self.start, self.asked = in_time, start, []

    def hits(self, network, some):
        days = network.orders[0].placed.origin // 1440
        self.asked.append((days, len(some)))
        return np.array([days in self.in_time, days in self.in_time])[some]


def test_between_like_days_nothing_is_simulated_until_the_end():
    network = network_of(built({"lead_time": "10 d"}))
    trials = Fake(range(9), network.start)
    search = Search(network, (0,), trials, 0, 20)
    assert search.verified(2) == 8
    assert all((search.known[days] >= 0).all() for days in (8, 9))
    assert len(trials.asked) == len(set(trials.asked))  # none of them twice


def test_what_belies_monotony_is_sought_again():
    """To the eighth day both seem in time; simulated in full, one of them was late from the third day on."""
    network = network_of(built({"lead_time": "10 d"}))

    class Lagging(Fake):
        def hits(self, network, some):
            both = super().hits(network, np.arange(2))
            days = network.orders[0].placed.origin // 1440
            both[1] = days in (0, 1, 2, 20)  # taken to be in time all along, as it is at both ends
            both[0] = days <= 8
            return both[some]

    search = Search(network, (0,), Lagging((), network.start), 0, 20)
    assert search.verified(2) == 2
    assert (search.known[2] >= 0).all()
    assert search.sooner == 1


class Many:
    """Trials of many builds of which each is in time on its own days."""

    def __init__(self, in_time, start):
        self.in_time, self.n, self.simulated = in_time, in_time.shape[1], 0

    def hits(self, network, some):
        self.simulated += len(some)
        return self.in_time[network.orders[0].placed.origin // 1440][some]


@pytest.mark.parametrize("share", [0, 0.02, 0.2])
@pytest.mark.parametrize("seed", range(5))
def test_the_day_is_that_of_simulating_every_build_on_every_day(seed, share):
    """Where a share of days goes against the order of time, there are several such days, of which this is one."""
    network, rng = network_of(built({"lead_time": "10 d"})), np.random.default_rng(seed)
    in_time = np.arange(61)[:, None] <= rng.integers(-5, 90, 200)
    in_time ^= rng.random(in_time.shape) < share
    all_counts = in_time.sum(axis=1)
    for confidence in (0.3, 0.6, 0.8):
        least = ceil(confidence * 200)
        trials = Many(in_time, network.start)
        latest = Search(network, (0,), trials, 0, 60).verified(least)
        days = [day for day in range(60) if all_counts[day] >= least > all_counts[day + 1]]
        if all_counts[60] >= least:
            assert latest == 60
        elif latest is None:
            assert all_counts[0] < least
        else:
            assert latest in days
            assert share or (len(days) == 1 and trials.simulated < 8 * 200)


def test_moving_an_order_moves_nothing_else():
    network = network_of(built({"placed": {"after": "b", "lag": "3 d"}, "lead_time": "5 d"}))
    moved = moved_orders(network, (0,), 1440)
    assert [lag.minutes for lag in moved.lags] == [0, 3 * 1440, 4 * 1440]
    assert (moved.link_to == network.link_to).all()
    assert (moved.link_lag != network.link_lag).sum() == 1


def test_the_chance_as_planned_is_told_first(caplog, monkeypatch):
    monkeypatch.setattr("dcsim.engine.LOG.propagate", True)
    with caplog.at_level("INFO", "dcsim"):
        asked(built({"placed": "5 d", "lead_time": {"discrete": [["10 d", 1], ["14 d", 1]]}}), n=64)
    said = r"first answer, 64 replications: by 2024-01-20 as planned \d\d % \(95 % interval [34]\d to [56]\d %\)"
    assert re.fullmatch(said, caplog.messages[-1])


def test_a_stopped_search_continues(tmp_path):
    goods = {"goods": {"unit": "piece", "orders": {"main": {"amount": 1, "lead_time": "10 d"}, "spare": {"amount": 1}}}}
    scenario = dcsim.load(
        network("fill=2d", supplies=goods, fill={"consumes": {"goods": 2}}, milestones={"full": {"activity": "fill"}})
    )

    def stop(done, count):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked(scenario, out=tmp_path / "out", progress=stop)
    assert [path.name for path in (tmp_path / "out" / "parts").iterdir()] == ["point-00000.part"]
    found, _ = asked(scenario, out=tmp_path / "out", resume=True)
    at_once, _ = asked(scenario)
    pd.testing.assert_frame_equal(found.orders, at_once.orders)
    again, _ = asked(scenario, out=tmp_path / "out", resume=True)
    assert repr(again.report()) == repr(at_once.report())


# Some orders alone


def two_supplies():
    """Two supplies with an order of one name each, and one with a name of its own."""
    orders = {"main": {"amount": 1, "lead_time": "10 d"}}
    return dcsim.load(
        network(
            "fill=2d",
            supplies={"goods": {"orders": {**orders, "spare": {"amount": 1}}}, "racks": {"orders": orders}},
            fill={"consumes": {"goods": 2, "racks": 1}},
            milestones={"full": {"activity": "fill"}},
            horizon="100 d",
        )
    )


@pytest.mark.parametrize(
    ("orders", "rows"),
    [
        (["racks.main"], [2]),
        (["spare"], [1]),
        (["racks.main", "goods.main", "racks.main"], [0, 2]),
        ([], [0, 1, 2]),
    ],
)
def test_some_orders_are_asked_about_alone(orders, rows):
    """Each row is as in the table of all, in its order."""
    found, _ = asked(two_supplies(), orders=orders)
    whole, _ = asked(two_supplies())
    pd.testing.assert_frame_equal(found.orders, whole.orders.iloc[rows].reset_index(drop=True))
    named = [f"{row['supply']}.{row['order']}" for row in found.orders.to_dict("records")]
    assert found.about.get("orders", []) == (named if orders else [])


def test_what_is_said_of_all_is_said_of_these():
    late, _ = asked(two_supplies(), orders=["goods.main", "spare", "racks.main"], date="2024-01-02")
    assert "all of these orders: " in repr(late.report())
    assert "all orders: " in repr(asked(two_supplies(), date="2024-01-02")[0].report())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("goods.mian", "no order 'goods.mian'; did you mean 'goods.main'?"),
        ("turbines", "no order 'turbines'; there are 'goods.main', 'goods.spare', 'racks.main'"),
        ("main", "several orders are named 'main', write one in full: goods.main, racks.main"),
        ("", "no order ''; there are 'goods.main', 'goods.spare', 'racks.main'"),
    ],
)
def test_an_order_that_is_not_there(name, message):
    with pytest.raises(RequestError, match=re.escape(message)):
        asked(two_supplies(), orders=[name])


@pytest.mark.parametrize(("first", "second"), [(["spare"], ["racks.main"]), (["spare"], []), ([], ["spare"])])
def test_a_folder_knows_which_orders_were_asked_about(tmp_path, first, second):
    """Otherwise the first part of one question would be taken for that of the other."""

    def stop(done, count):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked(two_supplies(), orders=first, out=tmp_path / "out", progress=stop)
    with pytest.raises(ResultError, match="the new result differs in its orders: choose another folder"):
        asked(two_supplies(), orders=second, out=tmp_path / "out", resume=True)
    found, _ = asked(two_supplies(), orders=first, out=tmp_path / "out", resume=True)
    assert dcsim.read(tmp_path / "out").orders.equals(found.orders)


# What makes no sense, and the command


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"milestone": "ful"}, "no milestone 'ful'; did you mean 'full'"),
        ({"date": None}, "'full' has no target: give the date to meet with --date"),
        ({"date": "2023-01-01"}, "the date 2023-01-01 lies outside the simulation, 2024-01-01 to 2024-04-10"),
        ({"date": "soon"}, "expected a date such as 2024-05-02"),
        ({"confidence": 80}, r"a confidence lies between 0 and 1, such as 0\.8, got 80"),
        ({"points": 101}, "points of probability lie between 0 and 100, got 101"),
        ({"n": 0}, "there must be at least one replication, and at most 10,000,000, got 0"),
    ],
)
def test_nonsense_is_refused(more, message):
    with pytest.raises(RequestError, match=message):
        asked(built({"lead_time": "10 d"}), **more)


def test_without_orders_there_is_nothing_to_place():
    with pytest.raises(RequestError, match="the scenario has no orders"):
        latest_orders(dcsim.load(network("a=1d", milestones={"m": {"activity": "a"}})), milestone="m", date=BY)


def test_the_target_is_the_date():
    goal = {"full": {"activity": "fill", "target": BY}}
    found, row = asked(built({"lead_time": "10 d"}, milestones=goal), date=None)
    assert (found.about["date"], row["latest"]) == (BY, day(8))


@pytest.fixture
def late(tmp_path):
    path = tmp_path / "late.yaml"
    path.write_text(
        """
name: Late
start: 2024-01-01
horizon: 100 d
supplies:
  goods:
    unit: piece
    orders:
      main: {amount: 1, lead_time: 10 d}
      spare: {amount: 1, placed: {after: b}, lead_time: 3 d}
activities:
  b: {duration: 2 d}
  fill: {duration: 2 d, consumes: {goods: 2}}
milestones: {full: {activity: fill}}
"""
    )
    return str(path)


def test_it_is_told(dcsim, late):
    out, err, code = dcsim("order-by", late, "--milestone", "full", "--date", BY, "-n", "20")
    assert (code, err) == (0, "")
    assert ordered(
        out,
        "Late · 20 replications · seed 0\n",
        "full by 2024-01-20: 80 % wanted, >86 % as planned\n",
        *("order", "planned", "latest", "95 % interval", "slack, days", "chance\n"),
        *("goods.main", "2024-01-01", "2024-01-09", "01-09 - 01-09", "+8", ">86 %\n"),
        *("goods.spare", "after", "+13", ">86 %\n"),
        "goods.spare: placed after an event: may wait 13 d more (13 to 13)\n",
        "Each order alone, all others as planned",
    )
    assert max(map(len, out.splitlines())) <= 80
    alone, _, _ = dcsim("order-by", late, "--milestone", "full", "--date", BY, "-n", "20", "--order", "spare")
    assert "goods.spare" in alone
    assert "goods.main" not in alone


@pytest.mark.slow
def test_as_json_as_csv_and_in_a_folder(dcsim, late, tmp_path):
    words = ("order-by", late, "--milestone", "full", "--date", BY, "-n", "20")
    out, _, code = dcsim(*words, "--json", "--out", str(tmp_path / "out"))
    told = json.loads(out)
    assert (code, told["kind"], told["about"]["confidence"], told["about"]["probability"]) == (0, "orders", 0.8, 1)
    assert told["tables"]["orders"][0]["latest"] == "2024-01-09T00:00:00"
    assert told["tables"]["orders"][1]["latest"] is None
    assert pd.read_parquet(tmp_path / "out" / "orders.parquet")["slack"].tolist() == [8, 13]
    out, _, _ = dcsim(*words, "--csv")
    assert out.splitlines()[1].startswith("goods,main,2024-01-01,2024-01-09,")


@pytest.mark.slow
def test_pictures(late, tmp_path):
    found = latest_orders(dcsim.load(late), milestone="full", date=BY, n=20)
    ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["goods.main", "goods.spare"]
    assert found.plot(ax=ax) is ax
    assert "<table" in found._repr_html_()
    again = dcsim.read(found.save(tmp_path / "kept"))
    assert str(again.report()) == str(found.report())


def drawn(*orders):
    """The picture of orders: when each is placed, the latest date with its interval, and the slack."""
    dates = ["placed", "latest", "latest_low", "latest_high"]
    table = pd.DataFrame(orders, columns=[*dates, "slack"]).assign(supply="goods", order="main", note="")
    table[dates] = table[dates].apply(pd.to_datetime)
    about = {"milestone": "full", "date": BY, "confidence": 0.8}
    return Result("orders", built({"lead_time": "1 d"}), about, {"orders": table}).chart()


def test_the_latest_date_is_drawn_with_its_interval():
    known, open_ = ("2024-01-03", "2024-01-09", "2024-01-08", None, 6.0), ("2024-01-05", None, None, None, np.inf)
    span, planned, latest = drawn(known, open_, ("2024-01-06", None, None, None, np.nan)).marks
    assert (span.end - span.start).tolist() == [6 * pd.Timedelta("1D")]
    assert planned.labels == ["", "any date", "no date"]
    assert [str(moment)[:10] for moment in (*latest.x, *latest.low, *latest.high)] == [
        *("2024-01-09", "2024-01-08", "2024-01-09"),
    ]


def test_an_interval_between_dates_is_drawn_by_both_renderers():
    chart = drawn(("2024-01-03", "2024-01-09", "2024-01-08", "2024-01-11", 6.0))
    ax = draw(chart, Figure().subplots())
    (line,) = ax.collections
    (low, _), (high, _) = line.get_segments()[0].tolist()
    assert high - low == 3
    assert any(trace["x"] == ["2024-01-08 00:00", "2024-01-11 00:00", None] for trace in figure(chart)["data"])


def test_orders_without_dates_have_no_picture():
    assert drawn((None, None, None, None, 3.0)).empty == "no order is placed on a date"


def test_a_note_is_told_once_and_years_where_they_differ():
    dates = pd.to_datetime(["2025-12-01", "2026-09-01", None, "2026-12-22"])
    other = pd.to_datetime(["2025-12-01", "2026-12-20", "2026-09-28", "2027-03-28"])
    alike = pd.to_datetime(["2025-12-01", "2026-12-20", "2026-09-28", "2026-12-28"])
    names = ["placed", "latest", "latest_low", "latest_high"]
    table = pd.DataFrame([dates, other, alike], columns=names).assign(
        supply=["a", "b", "c"], order="main", slack=20.0, probability=0.7, confidence=0.7, note="out of reach: 70%"
    )
    about = {"milestone": "full", "date": BY, "confidence": 0.8, "probability": 0.7, "replications": 20}
    tables = {"orders": table, "stuck": pd.DataFrame(columns=["milestone", "activity"])}
    report = Result("orders", built({"lead_time": "1 d"}), about, tables).report()
    ends = [row[3] for row in report.sections[0].tables[0].rows]
    assert ends == ["? - 2026-12-22", "2026-09-28 - 2027-03-28", "09-28 - 12-28"]
    assert report.sections[1].points == ["all orders: out of reach: 70 %"]
