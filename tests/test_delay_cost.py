"""What waiting costs: areas between curves by hand, and shares that add up."""

import numpy as np
import pandas as pd
import pytest
from builders import network
from matplotlib.figure import Figure

import dcsim
from dcsim.analysis.delay import Growth, by_day, lateness
from dcsim.charts.pictures import draw
from dcsim.errors import RequestError
from dcsim.study.delay_cost import LATE, delay_cost
from dcsim.study.result import Result

DAY = 1440


def growth(*steps):
    ticks, amounts = zip(*steps, strict=True)
    return Growth(np.array(ticks), np.array(amounts))


def test_units_are_compared_with_those_of_their_number():
    simulated, plan = growth((10, 2), (4, 1)), growth((3, 2), (5, 1), (9, 5))
    # the first comes at 4 instead of 3, the second at 10 instead of 3, the third at 10 instead of 5
    assert lateness(simulated, plan).tolist() == [7 + 5, 1]


def test_what_comes_early_or_was_not_planned_costs_nothing():
    assert lateness(growth((1, 5)), growth((3, 2))).tolist() == [0]
    assert lateness(growth((9, 5)), growth((3, 2))).tolist() == [12]


def test_units_by_day():
    assert by_day(growth((0, 1), (DAY, 2), (5 * DAY, 7)), 3).tolist() == [1, 3, 3]


def racks(**more):
    spec = network(
        "open=1d install@rack=1d<open:crew", places={"rack": 3}, crew=1, supplies={"done": {"unit": "rack"}}, **more
    )
    spec["activities"]["install"]["produces"] = {"done": 1}
    return spec


def test_a_queue_loses_what_it_waits(engine):
    """Three racks, one crew: they are there after 2, 3 and 4 days instead of all after 2."""
    result = delay_cost(dcsim.load(racks()), supply="done", expected=True, engine=engine)
    assert result.about["unit_days"] == pytest.approx(3)
    (row,) = result.causes.to_dict("records")
    assert (row["kind"], row["name"], row["share"]) == ("resource", "crew", 1)
    curves = result.curves.head(5)
    assert curves["simulated"].tolist() == [0, 1, 2, 3, 3]
    assert curves["target"].tolist() == [0, 3, 3, 3, 3]


def test_losses_are_shared_in_proportion_and_add_up():
    """A part that comes on day 5 and a crew: each rack's loss is shared by the days that its chain waited for them."""
    spec = racks()
    spec["supplies"]["parts"] = {"orders": {"all": {"amount": 3, "placed": "2024-01-03", "lead_time": "3 d"}}}
    spec["activities"]["install"]["consumes"] = {"parts": 1}
    result = delay_cost(dcsim.load(spec), supply="done", expected=True)
    # there after 6, 7, 8 days instead of 2: 4 + 5 + 6; each chain: 2 d not placed, 3 d lead time, 0 to 2 d crew
    assert result.about["unit_days"] == pytest.approx(15)
    found = result.causes.set_index("kind")["unit_days"]
    assert found["resource"] == pytest.approx(5 * 1 / 6 + 6 * 2 / 7)
    assert found["order"] == pytest.approx(4 * 3 / 5 + 5 * 3 / 6 + 6 * 3 / 7)
    assert found.sum() == pytest.approx(15)


def test_waiting_has_its_price():
    spec = racks()
    spec["supplies"]["done"]["hourly_value"] = "10 USD"
    result = delay_cost(dcsim.load(spec), supply="done", expected=True)
    assert result.causes["price"].sum() == pytest.approx(3 * 24 * 10)
    assert delay_cost(dcsim.load(spec), supply="done", expected=True, price="1 EUR").about["currency"] == "EUR"
    assert delay_cost(dcsim.load(racks()), supply="done", expected=True).causes["price"].isna().all()


def test_a_plain_price_is_in_the_currency_of_the_scenario():
    spec = racks()
    with pytest.raises(RequestError, match="the price: money needs its currency: write '250 USD'"):
        delay_cost(dcsim.load(spec), supply="done", expected=True, price=250)
    spec["supplies"]["done"]["hourly_value"] = "10 EUR"
    for price in (250, 250.0, "250", "250 EUR", "0.25k EUR"):
        about = delay_cost(dcsim.load(spec), supply="done", expected=True, price=price).about
        assert (about["hourly_value"], about["price"]) == ("250 EUR", pytest.approx(3 * 24 * 250))


def test_units_that_never_come_are_lost_to_the_horizon():
    result = delay_cost(dcsim.load(racks(horizon="3 d")), supply="done", expected=True)
    assert result.causes.set_index("kind")["unit_days"]["unfinished"] == pytest.approx(1)


def test_units_that_never_come_are_told_with_their_share():
    result = delay_cost(dcsim.load(racks(horizon="3 d")), supply="done", expected=True)
    (section,) = result.report().sections
    assert section.sentences == (
        "2.0 rack-days of done are lost compared with a run in which nothing waits.",
        "unfinished: 1 of 1 replication: 1 activity not finished",
    )
    *causes, (all_causes, *together) = section.tables[0].rows
    assert sorted(causes) == [[LATE, 1.0, 0.5], ["waiting for crew", 1.0, 0.5]]
    assert (all_causes.value, *together) == ("all causes", 2.0, 1.0)


def test_the_parts_that_are_shown_add_up_to_the_total():
    """Twenty orders, each placed when the goods of the one before are taken: what has no row is one row."""
    taken = [f"take{k}" for k in range(20)]
    spec = network(f"{'=0d '.join(taken)}=0d install@rack=1d<{','.join(taken)}", places={"rack": 40})
    spec |= {"horizon": "100 d", "supplies": {"done": {"unit": "rack", "hourly_value": "1 USD"}}}
    spec["activities"]["install"]["produces"] = {"done": 1}
    for k, name in enumerate(taken):
        order = {"amount": 1, "lead_time": "1 d", **({"placed": {"after": taken[k - 1]}} if k else {})}
        spec["supplies"][f"part{k}"] = {"orders": {"one": order}}
        spec["activities"][name]["consumes"] = {f"part{k}": 1}
    result = delay_cost(dcsim.load(spec), supply="done", expected=True)
    (section,) = result.report().sections
    *rows, total = section.tables[0].rows
    assert [len(rows), rows[-1][0], result.causes["unit_days"].sum()] == [16, "5 more causes", 800]
    assert [sum(row[k] for row in rows) for k in (1, 2, 3)] == pytest.approx(total[1:])
    assert total[1:] == [result.about["unit_days"], 1.0, result.about["price"]]


def test_units_that_never_come_are_not_drawn():
    result = delay_cost(dcsim.load(racks(horizon="3 d")), supply="done", expected=True)
    assert result.curves["simulated"].max() == 2


def test_what_is_there_at_the_start_is_part_of_a_plan():
    spec = racks()
    spec["supplies"]["done"]["initial"] = 2
    plan = pd.DataFrame({"date": ["2024-01-01", "2024-01-03", "2024-01-05"], "amount": [2, 3, 5]})
    result = delay_cost(dcsim.load(spec), supply="done", target=plan, expected=True)
    assert result.about["unit_days"] == pytest.approx(0)
    assert result.curves["simulated"].iloc[[0, -1]].tolist() == [2, 5]
    assert result.curves["target"].iloc[[0, -1]].tolist() == [2, 5]


def test_a_plan_may_stand_instead(tmp_path):
    plan = pd.DataFrame({"date": ["2024-01-03", "2024-01-05"], "amount": [1, 3]})
    result = delay_cost(dcsim.load(racks()), supply="done", target=plan, expected=True)
    assert result.about["unit_days"] == pytest.approx(0)
    plan.to_csv(tmp_path / "plan.csv", index=False)
    early = tmp_path / "early.csv"
    early.write_text("date,amount\n2024-01-02,3\n")
    assert delay_cost(dcsim.load(racks()), supply="done", target=early, expected=True).about[
        "unit_days"
    ] == pytest.approx(1 + 2 + 3)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("01/06/2024,3", "line 2: date: .* got '01/06/2024'; write 2024-01-06 or 2024-06-01"),
        ("06.01.2024,3", "line 2: date: .*; write 2024-01-06 or 2024-06-01"),
        ("2024-01-06T00:00Z,3", "line 2: date: .*; leave out the zone and write the local time of the site"),
        ("45297,3", "line 2: date: .*; in a spreadsheet this means 2024-01-06: format these cells as YYYY-MM-DD"),
        ("2024-01-06,2.5", r"line 2: amount: 2\.5 is not a whole number of rack"),
        ("2024-01-06,-3", "line 2: amount: an amount must not be negative, got '-3'"),
        ("2024-01-06,", "line 2: amount: expected an amount such as '8 rack', got ''"),
        ('2024-01-06,"3,5"', r"line 2: amount: .*; use a point for decimals: write 3\.5"),
        ("2024-01-06,1e25", "line 2: amount: at most 9,007,199,254,740,992 units"),
        ("2024-01-06,1\n2024-01-06,2", "line 3: date: 2024-01-06 00:00 is in the plan twice"),
        ("x,3\n2024-01-07,y", "2 problems\n  line 2: date: .*\n  line 3: amount: "),
    ],
)
def test_a_plan_is_read_as_strictly_as_a_scenario(tmp_path, rows, message):
    (tmp_path / "plan.csv").write_text(f"date,amount\n{rows}\n")
    with pytest.raises(RequestError, match=f"(?s)cannot read the plan: .*plan.csv: .*{message}"):
        delay_cost(dcsim.load(racks()), supply="done", target=tmp_path / "plan.csv", expected=True)


def test_a_frame_is_read_like_a_file():
    for columns, message in (
        ({"date": ["2024-01-03", None], "amount": [1, 3]}, r"row 1\.date: expected a date"),
        ({"date": pd.to_datetime(["2024-01-03"]).tz_localize("UTC"), "amount": [1]}, r"without a time zone"),
        ({"date": ["2024-01-03"], "amount": [np.nan]}, r"row 0\.amount: expected a finite number"),
        ({"Date": ["2024-01-03"], "amount": [1]}, "no column 'date'; did you mean 'Date'"),
        ({"date": [], "amount": []}, "no rows"),
    ):
        with pytest.raises(RequestError, match=message):
            delay_cost(dcsim.load(racks()), supply="done", target=pd.DataFrame(columns), expected=True)


def test_averages_are_not_rounded_in_the_tables():
    """Between the curves lie the unit-days that are lost, where all that happens does so at the end of a day."""
    spec = racks()
    spec["supplies"]["parts"] = {"orders": {"all": {"amount": 3, "lead_time": {"discrete": [["1 d", 1], ["6 d", 1]]}}}}
    spec["activities"]["install"]["consumes"] = {"parts": 1}
    result = delay_cost(dcsim.load(spec), supply="done", n=7)
    between = result.curves["target"] - result.curves["simulated"]
    assert between.sum() == pytest.approx(result.about["unit_days"])
    assert result.causes["unit_days"].sum() == pytest.approx(result.about["unit_days"])
    assert (between % 1).any()


@pytest.mark.compiled
def test_replications_are_averaged_and_alike_with_both_engines():
    spec = racks()
    spec["activities"]["install"]["duration"] = "1 to 3 d"
    results = [delay_cost(dcsim.load(spec), supply="done", n=6, engine=name) for name in ("reference", "compiled")]
    assert results[0].about == results[1].about
    pd.testing.assert_frame_equal(results[0].causes, results[1].causes)


def test_what_makes_no_sense_is_refused():
    loaded = dcsim.load(racks())
    with pytest.raises(RequestError, match="no supply 'don'; did you mean 'done'"):
        delay_cost(loaded, supply="don")
    with pytest.raises(RequestError, match="there must be at least one replication, and at most 10,000,000, got 0"):
        delay_cost(loaded, supply="done", n=0)
    spec = racks()
    spec["supplies"]["power"] = {"initial": 9}
    spec["activities"]["install"]["consumes"] = {"power": 1}
    with pytest.raises(RequestError, match="'power' is consumed by install: choose a counter"):
        delay_cost(dcsim.load(spec), supply="power")
    spec = racks()
    spec["supplies"]["done"]["orders"] = {"one": {"amount": 1, "lead_time": "3 d"}}
    with pytest.raises(
        RequestError, match="'done' is delivered by orders or productions: choose a supply that activities"
    ):
        delay_cost(dcsim.load(spec), supply="done")
    with pytest.raises(RequestError, match="cannot read the plan: it is a table of `date` and `amount`"):
        delay_cost(loaded, supply="done", target="nowhere.csv")
    with pytest.raises(RequestError, match=r"row 1\.amount: 1 after 3; .* never fall"):
        delay_cost(loaded, supply="done", target=pd.DataFrame({"date": ["2024-01-03", "2024-01-05"], "amount": [3, 1]}))


def drawn(**tables):
    """A picture of a result with these tables."""
    result = Result("delay_cost", dcsim.load(racks()), {"supply": "done", "unit": "rack"}, tables)
    (what,) = tables
    return result.chart(what)


def test_a_shortfall_is_the_area_between_two_curves():
    curves = {"simulated": [0] * 10 + [5] + [10] * 40, "target": [0] * 9 + [10] * 42}
    chart = drawn(curves=pd.DataFrame({"date": pd.date_range("2024-01-01", periods=51), **curves}))
    band, target, simulated = chart.marks
    assert [mark.name for mark in chart.marks] == ["lost", "target", "simulated"]
    assert (band.high - band.low).sum() == 10 + 5
    assert (target.y[7:9].tolist(), simulated.y[7:10].tolist()) == ([10, 10], [0, 5, 10])
    assert [str(day)[:10] for day in simulated.x[[0, -1]]] == ["2024-01-03", "2024-01-26"]


def test_what_is_lost_is_drawn_with_its_share():
    columns = ["kind", "name", "unit_days", "share"]
    causes = pd.DataFrame([("work", f"w{k}", 30.0 - k, (30.0 - k) / 410) for k in range(20)], columns=columns)
    chart = drawn(causes=causes)
    assert (chart.y.names[0], chart.y.names[-1], len(chart.y.names)) == ("working: w0", "other", 14)
    assert sum(mark.end.sum() for mark in chart.marks) == 410
    assert chart.x.title == "rack-days lost, on average; together 410"
    assert chart.marks[0].labels[0] == "30 (7 %)"


@pytest.mark.parametrize(
    ("table", "columns"), [("causes", "kind name unit_days share"), ("curves", "date simulated target")]
)
def test_where_nothing_is_lost_the_picture_says_so(table, columns):
    chart = drawn(**{table: pd.DataFrame(columns=columns.split(), dtype=float)})
    (text,) = draw(chart, Figure().subplots()).texts
    assert text.get_text()
