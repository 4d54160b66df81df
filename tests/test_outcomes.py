"""Outcomes other than dates: figures of finance are compared, varied and ranked in the same replications."""

import numpy as np
import pytest
from test_finance import GPUS, LOAN, scenario

import dcsim
from dcsim.errors import RequestError
from dcsim.money.books import TOGETHER
from dcsim.report.markdown import markdown
from dcsim.report.page.again import command

LATE = "supplies.gpus.orders.all.lead_time=60 d"
"""The ten GPUs come on 1 March instead of 1 February; what is paid 30 days later is paid in March in both."""
EARNED = {"sold": {"supply": "gpus", "price": "1 USD / h"}}
LOST = 10 * 24 * 29
"""What they earn in February."""
FEBRUARY = 1.12 ** (59 / 365)
"""By what the end of February is discounted to 1 January."""
JANUARY = 1.12 ** (30 / 365)
CONVENTIONS = "USD. Discounted at"
"""With which the last note begins."""


def earning(**terms):
    return scenario(**{"costs": {"gpus": GPUS}, "revenue": EARNED, **terms})


def two_parties(**terms):
    """The vehicle buys the GPUs and earns 0.4 USD an hour from the operator, who sells the hour for 1 USD."""
    use = {"supply": "gpus", "price": "0.4 USD / h", "by": "vehicle", "paid_by": "operator"}
    parties = {"parties": ["operator", "vehicle"], "costs": {"gpus": {**GPUS, "by": "vehicle"}}}
    return scenario(**parties, revenue={**EARNED, "use": use}, **terms)


def moved(result, party=TOGETHER):
    rows = result.differences
    return rows[rows["party"] == party].iloc[0]


def test_a_slip_costs_what_is_not_earned():
    found = moved(dcsim.compare(earning(), LATE, outcome="npv", n=4, engine="reference"))
    assert found["mean"] == pytest.approx(-LOST / FEBRUARY, abs=0.01)
    assert (found["better"], found["same"], found["worse"]) == (0, 0, 1)


def test_who_bears_it_adds_up():
    result = dcsim.compare(two_parties(), LATE, outcome="npv", n=2, engine="reference")
    assert list(result.differences["party"]) == [TOGETHER, "operator", "vehicle"]
    means = [moved(result, party)["mean"] * FEBRUARY for party in (TOGETHER, "operator", "vehicle")]
    assert means == pytest.approx([-LOST, -0.6 * LOST, -0.4 * LOST], abs=0.01)
    causes = result.causes.set_index(["party", "name"])["change"] * FEBRUARY
    assert causes["operator", "revenue"] == pytest.approx(-LOST, abs=0.01)
    assert causes["operator", "to parties"] == pytest.approx(0.4 * LOST, abs=0.01)
    by_party = result.causes.groupby("party")["change"].sum() * FEBRUARY
    assert [by_party[party] for party in (TOGETHER, "operator", "vehicle")] == pytest.approx(means)
    text = markdown("", [result.report()])
    assert "Who bears it" in text
    assert "days" not in text.partition(CONVENTIONS)[0]
    chart = result.chart("waterfall", party="operator")
    assert list(chart.y.names) == ["NPV of base", "revenue", "to parties", f"NPV of {LATE}"]
    alone = dcsim.compare(two_parties(), LATE, outcome="npv", party="vehicle", n=2, engine="reference")
    assert moved(alone, "vehicle")["mean"] == moved(result, "vehicle")["mean"]


@pytest.mark.slow
def test_prices_are_drawn_by_name_so_that_pairs_stay_pairs():
    uncertain = {"sold": {"supply": "gpus", "price": "1 to 3 USD / h"}}
    result = dcsim.compare(earning(revenue=uncertain), LATE, outcome="npv", n=50, engine="reference")
    found = moved(result)
    assert found["worse"] == 1
    assert found["width_ratio"] < 0.1
    base = result.outcomes.query("scenario == 'base'")["value"].to_numpy()
    rows = dcsim.finance(earning(revenue=uncertain), n=50, engine="reference").outcomes
    assert np.array_equal(base, rows.loc[rows["party"] == TOGETHER, "npv"])


def test_a_figure_that_is_not_there_is_told_in_words():
    """GPUs that are paid and never earn have no IRR."""
    nothing = "finance.revenue.sold.utilisation=0"
    result = dcsim.compare(earning(), nothing, outcome="irr", n=3, engine="reference")
    found = moved(result)
    assert np.isnan([found["mean"], found["median"]]).all()
    assert found["better"] + found["worse"] == 0
    assert f"{nothing}: no value in 3 of 3 replications" in markdown("", [result.report()])


def test_an_event_is_a_day_and_later_may_be_better():
    """100k last until the GPUs are paid in March; without the late delivery too, but twice the money lasts longer."""
    base = earning(funding={"seed": {"equity": "100k USD"}}, revenue={})
    result = dcsim.compare(base, "finance.funding.seed.equity=400k USD", outcome="runs_out", n=2, engine="reference")
    found = moved(result)
    assert (found["median"], found["better"]) == (np.inf, 1)
    rows = result.scenarios.set_index("scenario")
    assert f"{rows.loc['base', 'p50_date']:%Y-%m-%d}" == "2024-03-31"
    assert rows.loc["base", "p50"] == 90


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"outcome": "funding_gab"}, "no figure 'funding_gab'; did you mean 'funding_gap'"),
        ({"outcome": "npv", "party": "bank"}, "no party 'bank'"),
        ({"outcome": "npv", "milestones": ["here"]}, "not both"),
        ({"party": "owner"}, "a party belongs to a figure of finance"),
        ({"outcome": "npv", "sampling": "sobol"}, "figures of finance need random sampling"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, said):
    with pytest.raises(RequestError, match=said):
        dcsim.compare(earning(), LATE, n=64, **asked)


def test_a_scenario_without_money_has_no_figures():
    without = dcsim.load({"name": "No money", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}})
    with pytest.raises(RequestError, match="has no `finance:` section"):
        dcsim.compare(earning(), without, outcome="npv", n=1)


def test_a_loan_has_figures_of_its_own():
    terms = {"assets": {"gpus": {"life": "5 years"}}, "funding": {"bank": LOAN}}
    result = dcsim.compare(earning(**terms), LATE, outcome="ltv_max", party="bank", n=2, engine="reference")
    assert set(result.differences["party"]) == {"bank"}
    said = "'bank' of 'Ten GPUs' has no irr; name one of them with --party: owner, consolidated"
    with pytest.raises(RequestError, match=said):
        dcsim.compare(earning(**terms), LATE, outcome="irr", party="bank", n=2, engine="reference")
    paid_off = "finance.funding.bank=null"
    with pytest.raises(RequestError, match=r"finance\.funding\.bank=null: no party 'bank'"):
        dcsim.compare(earning(**terms), paid_off, outcome="ltv_max", party="bank", n=2, engine="reference")


def test_a_change_of_what_is_nowhere_there_is_not_known():
    """Without revenue no replication has an IRR: the change is no median of nothing."""
    result = dcsim.compare(earning(), "finance.revenue=null", outcome="irr", n=8, engine="reference")
    assert np.isnan(result.differences["median"]).all()
    assert "finance.revenue=null: IRR of free cash flow ?" in markdown("", [result.report()])


def test_a_comparison_is_kept_and_says_the_same(tmp_path):
    result = dcsim.compare(two_parties(), LATE, outcome="npv", n=2, engine="reference")
    again = dcsim.read(result.save(tmp_path / "out"))
    assert markdown("", [again.report()]) == markdown("", [result.report()])
    assert command(again)[3:] == [LATE, "--outcome", "npv", "--seed", "0", "-n", "2"]


def test_a_sweep_of_a_price_moves_the_value_in_a_straight_line():
    """Utilisation has no effect on what is paid: each tenth earns the same."""
    over = {"finance.revenue.sold.utilisation": "0.2:0.8:3"}
    result = dcsim.sweep(earning(), over, outcome="npv", n=2, engine="reference")
    low, middle, high = result.points["mean"]
    assert middle - low == pytest.approx(high - middle, abs=0.02)
    assert set(result.points["party"]) == {TOGETHER}
    text = markdown("", [result.report()])
    assert "NPV of free cash flow" in text
    assert "day" not in text.partition(CONVENTIONS)[0]
    assert f"{CONVENTIONS} 12.0 % a year to 2024-01-01" in text
    assert "USD" in result.chart().y.title


def test_a_map_of_a_figure_is_in_its_unit():
    over = {"finance.revenue.sold.utilisation": [0.2, 0.8], "finance.discount_rate": [0.1, 0.2]}
    result = dcsim.sweep(earning(), over, outcome="npv", n=1, engine="reference")
    assert all("USD" in mark.name for mark in result.chart().marks)


@pytest.mark.slow
def test_an_uncertain_price_drives_the_value():
    """Nothing else is uncertain: the price explains all of it, and its ends lie 0.8 of its half range from the mean."""
    uncertain = {"sold": {"supply": "gpus", "price": {"uniform": ["1 USD / h", "3 USD / h"]}}}
    result = dcsim.drivers(earning(revenue=uncertain), outcome="npv", n=32, engine="reference")
    found = result.drivers.set_index("input").loc["finance.revenue.sold.price"]
    pair = dcsim.compare(
        earning(revenue={"sold": {"supply": "gpus", "price": "2 USD / h"}}),
        "finance.revenue.sold.price=2.8 USD / h",
        outcome="npv",
        n=1,
        engine="reference",
    )
    assert found["swing"] == pytest.approx(2 * moved(pair)["mean"], rel=1e-6)
    assert found["at_low"] < 0 < found["at_high"]
    assert found["information"] > 0
    text = markdown("", [result.report()])
    assert "moves NPV of free cash flow most" in text
    assert "days" not in text.partition(CONVENTIONS)[0]
    assert "USD" in result.chart().x.title


def test_what_has_no_value_cannot_be_ranked():
    with pytest.raises(RequestError, match="no replication has IRR of free cash flow"):
        dcsim.drivers(earning(revenue={}), outcome="irr", n=8, engine="reference")
    with pytest.raises(RequestError, match="name a milestone, or an outcome such as npv"):
        dcsim.drivers(earning(), n=8)


def test_measures_are_ranked_by_the_value_they_gain():
    """GPUs that come a month earlier earn a month more, less their price; the other option is only paid for."""
    early = {"supplies": {"gpus": {"orders": {"all": {"lead_time": "31 d"}}}}}
    document = earning().document.data | {
        "options": {
            "fast": {"cost": "2k USD", "changes": early},
            "idle": {"cost": "1k USD", "changes": {"activities": {"work": {"duration": "4 d"}}}},
        }
    }
    late = dcsim.load(document, overrides={"supplies.gpus.orders.all.lead_time": "60 d"})
    result = dcsim.mitigate(late, outcome="npv", budget="3k USD", n=4, engine="reference")
    assert result.options["option"].tolist() == ["fast", "idle"]
    assert result.options["gain"].tolist() == pytest.approx(
        [LOST / FEBRUARY - 2000 / JANUARY, -1000 / JANUARY], abs=0.05
    )
    assert result.about["best"] == ["fast"]
    text = markdown("", [result.report()])
    assert "better on average" in text
    assert "days" not in text.partition(CONVENTIONS)[0]
