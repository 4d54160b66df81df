"""Money: quantities of a build become cash by month, books balance to the cent, and figures are those of textbooks."""

import gc
import re
from datetime import date
from types import SimpleNamespace
from weakref import WeakSet

import numpy as np
import numpy_financial as npf
import openpyxl
import pandas as pd
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st

import dcsim
from dcsim.money.assets import depreciation
from dcsim.money.books import ASSETS, CLAIMS, TOGETHER
from dcsim.money.figures import sources_and_uses
from dcsim.money.loans import Loan, Offer
from dcsim.money.months import sampled
from dcsim.money.records import stocks_of
from dcsim.money.returns import NO_IRR, NO_RATE, SEVERAL, irr, npv
from dcsim.money.waterfall import cover_ratio
from dcsim.report.files import report
from dcsim.report.markdown import markdown
from dcsim.scenario.finance import Cover, Funding
from dcsim.study.finance import Money

GPUS = {
    "supply": "gpus",
    "price": "30_000 USD",
    "paid": [{"share": "0.2", "when": "ordered"}, {"share": "0.8", "when": "delivered", "after": "30 d"}],
}
LOAN = {"loan": "1M USD", "against": "gpus", "advance": "0.64", "rate": "0.12", "term": "12 months"}


def scenario(overrides=None, **finance):
    """Ten GPUs that are ordered on the first day and come on 1 February, and a week of work."""
    terms = {"currency": "USD", "until": "2025-12", "discount_rate": "0.12", **finance}
    return dcsim.load(
        {
            "name": "Ten GPUs",
            "start": "2024-01-01",
            "horizon": "1 year",
            "resources": {"crew": {"count": 2, "calendar": "days"}},
            "calendars": {"days": {"days": "Mon-Fri", "hours": "08:00-16:00"}},
            "supplies": {
                "gpus": {"unit": "GPU", "orders": {"all": {"amount": 10, "placed": "0 d", "lead_time": "31 d"}}},
                "late": {
                    "unit": "GPU",
                    "orders": {"all": {"amount": 4, "placed": {"after": "work"}, "lead_time": "9 d"}},
                },
            },
            "activities": {"work": {"duration": "5 d", "requires": {"crew": 1}}},
            "milestones": {"here": {"supply": "gpus", "reaches": 10}, "done": {"activity": "work"}},
            "finance": terms,
        },
        overrides=overrides,
    )


def line(result, statement, name, party=TOGETHER):
    rows = result.statements
    here = (rows["statement"] == statement) & (rows["line"] == name) & (rows["party"] == party)
    return rows[here]["amount"].tolist()


def figure(result, name, party=TOGETHER):
    rows = result.figures
    return rows[(rows["figure"] == name) & (rows["party"] == party)].iloc[0]


# What is paid when


def test_two_years_by_hand():
    """300,000 for ten GPUs, 64 % of it lent for a year in equal parts at 1 % a month, 10 USD an hour, 1,000 a month."""
    found = dcsim.finance(
        scenario(
            costs={"gpus": GPUS, "staff": {"price": "1000 USD / month"}},
            revenue={"sold": {"supply": "gpus", "price": "2 USD / h", "utilisation": "0.5"}},
            assets={"gpus": {"life": "20 months"}},
            funding={"seed": {"equity": "100k USD"}, "bank": {**LOAN, "repaid": "straight", "fee": "0.01"}},
        ),
        expected=True,
    )
    days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    revenue = [0.0] + [240.0 * day for day in days[1:]]
    interest = [0.0] * 24
    interest[2:14] = [1920.0, 1760, 1600, 1440, 1280, 1120, 960, 800, 640, 480, 320, 160]
    cash, expected_cash = 0.0, []
    for month in range(24):
        cash += revenue[month] - 1000 - interest[month]
        cash += {0: 100_000 - 60_000, 1: 192_000 - 1920, 2: -240_000}.get(month, 0)
        cash -= 16_000 if 2 <= month < 14 else 0
        expected_cash.append(cash)
    assert line(found, "cash flow", "revenue") == revenue
    assert line(found, "cash flow", "interest paid") == interest
    assert line(found, "cash flow", "cash") == expected_cash
    assert expected_cash[:4] == [39_000, 235_040, -16_440, -28_000]
    assert line(found, "income", "depreciation") == [0.0, 0.0] + [15_000.0] * 20 + [0.0, 0.0]
    assert line(found, "balance sheet", "prepaid")[:3] == [60_000, 0, 0]
    assert line(found, "balance sheet", "payables")[:3] == [0, 240_000, 0]
    assert line(found, "balance sheet", "assets on the books")[:4] == [0, 300_000, 285_000, 270_000]
    assert line(found, "balance sheet", "loans")[:3] == [0, 192_000, 176_000]
    assert figure(found, "funding_gap")["expected"] == -min(expected_cash)
    events = found.events.set_index(["party", "event"])["expected"]
    assert events[TOGETHER, "runs_out"].date() == date(2024, 3, 31)
    assert events[TOGETHER, "first_profit"].date() == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("cost", "paid"),
    [
        ({"supply": "gpus", "price": "5 USD"}, [0, 50]),
        ({"supply": "gpus", "price": "5 USD", "paid": "ordered"}, [50, 0]),
        ({"supply": "gpus", "price": {"path": {"2024-01": "5 USD", "2024-01-15": "9 USD"}}}, [0, 50]),
        ({"supply": "late", "price": "5 USD", "paid": "ordered"}, [20, 0]),
        ({"supply": "late", "price": {"path": {"2024-01-01": "5 USD", "2024-01-05": "9 USD"}}}, [36, 0]),
        ({"activity": "work", "price": "70 USD"}, [70, 0]),
        ({"activity": "work", "price": "70 USD", "paid": [{"when": "start", "after": "1 month"}]}, [0, 70]),
        ({"supply": "gpus", "price": "5 USD", "paid": [{"when": "ordered", "after": "1.9 months"}]}, [0, 50]),
        ({"supply": "gpus", "price": "5 USD", "paid": [{"when": "ordered", "after": "2.1 months"}]}, [0, 0]),
        ({"resource": "crew", "price": "2 USD / h"}, [2 * 2 * 40, 0]),
        ({"resource": "crew", "price": "2 USD / h", "while": "working"}, [2 * 40, 0]),
        ({"supply": "gpus", "rent": "3 USD / month"}, [0, 30]),
        ({"supply": "gpus", "uses": "1.5 kW", "pue": "1.2", "price": "50 USD / MWh"}, [0, 626.4]),
        ({"price": "6 USD / month"}, [6, 6]),
        ({"price": {"path": {"2024-01": "6 USD / month", "2024-02-15": "12 USD / month"}}}, [6, 9.10]),
        (
            {"price": {"path": {"2024-01-01": "6 USD / month", "2024-03-02": "67 USD / month"}, "between": "linear"}},
            [6, 37],
        ),
        ({"price": {"path": {"2024-02-10": "6 USD / month", "2024-09": "9 USD / month"}, "between": "linear"}}, [6, 6]),
        ({"date": "2024-02-10", "price": "8 USD"}, [0, 8]),
        ({"date": "2023-02-10", "price": "8 USD"}, [8, 0]),
    ],
)
def test_what_is_paid_in_the_first_two_months(cost, paid):
    found = dcsim.finance(scenario(costs={"it": cost}), expected=True)
    assert line(found, "cash flow", "operating costs")[:2] == paid


def test_a_linear_path_that_is_uncertain_lies_between_its_draws():
    """Both ends are drawn as one: in the middle of the year the price is the mean of both."""
    path = {"2024-01-01": "4 to 8 USD / month", "2024-12-01": "1 to 2 USD / month"}
    linear = scenario(costs={"it": {"price": {"path": path, "between": "linear"}}})
    ends = scenario(costs={"it": {"price": {"path": path}}})
    paid = []
    for built in (linear, ends):
        run = dcsim.simulate(built)
        money = Money(built, run.network, built.finance)
        record = money.watched.record(run.trace, run.draws)
        paid.append(money.books(money.builds([record]), sampled(0, [3])).paid["it"][0])
    along, steps = paid
    first, last = steps[0], steps[11]
    share = (date(2024, 7, 1) - date(2024, 1, 1)) / (date(2024, 12, 1) - date(2024, 1, 1))
    assert along[[0, 11]].tolist() == [first, last]
    assert abs(along[6] - (first + share * (last - first))) <= 1


def test_what_parties_pay_each_other_cancels():
    terms = {
        "parties": ["user", "owner"],
        "costs": {"gpus": {**GPUS, "by": "owner"}},
        "revenue": {"use": {"supply": "gpus", "price": "1 USD", "by": "owner", "paid_by": "user"}},
    }
    found = dcsim.finance(scenario(**terms), expected=True, party="owner")
    assert line(found, "cash flow", "from parties", "owner")[1] == 10 * 29 * 24
    assert line(found, "cash flow", "to parties", "user")[1] == 10 * 29 * 24
    assert set(line(found, "cash flow", "from parties") + line(found, "cash flow", "to parties")) == {0.0}
    both = np.add(line(found, "cash flow", "cash", "user"), line(found, "cash flow", "cash", "owner"))
    assert line(found, "cash flow", "cash") == both.tolist()


def test_market_value_falls_with_age():
    asset = {"life": "60 months", "market_value": {"0 months": 1, "2 months": "0.5"}, "sale_discount": "0.3"}
    for between, values in (("steps", [300e3, 300e3, 150e3]), ("linear", [300e3, 225e3, 150e3])):
        terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {**asset, "between": between}}, "funding": {"bank": LOAN}}
        loans = dcsim.finance(scenario(**terms), expected=True).loans
        assert loans["market_value"].tolist()[1:4] == values
        assert loans["forced_value"].tolist()[1:4] == [value * 0.7 for value in values]
        assert loans["ltv"].tolist()[1] == 192 / 300


def test_a_new_architecture_lowers_the_value_of_what_was_there_before():
    asset = {"life": "60 months", "market_value": {"0 months": 1}}
    new = [{"date": "2024-01-15", "market_value": "0.1"}, {"date": "2024-04-10", "market_value": "0.75"}]
    terms = {"costs": {"gpus": GPUS}, "funding": {"bank": LOAN}}
    loans = dcsim.finance(scenario(**terms, assets={"gpus": {**asset, "new_architecture": new}}), expected=True).loans
    assert loans["market_value"].tolist()[:5] == [0, 300e3, 300e3, 225e3, 225e3]
    new = {"date": "2024-03-01 to 2024-05-31", "market_value": {"discrete": [["0.5", 1], ["0.7", 1]]}}
    built = scenario(**terms, assets={"gpus": {**asset, "new_architecture": new}})
    assert dcsim.finance(built, expected=True).loans["market_value"].tolist()[1:5] == [300e3, 300e3, 180e3, 180e3]


# Leases


def leased(**terms):
    parties = {"parties": ["user", "owner"], "costs": {"gpus": {**GPUS, "by": "owner"}}, "assets": OWNED}
    lease = {"gpus": {"from": "owner", "to": "user", "term": "12 months", **terms}}
    return dcsim.finance(scenario(**parties, leases=lease), expected=True)


OWNED = {"gpus": {"life": "5 years"}}


@pytest.mark.parametrize("residual", [0, 0.2])
def test_a_lease_earns_its_yield(residual):
    found = leased(rent={"yield": "0.12"}, residual=str(residual))
    rent = -npf.pmt(0.01, 12, 300_000, -residual * 300_000)
    paid = line(found, "cash flow", "from parties", "owner")
    assert paid == pytest.approx([0, 0] + [rent] * 12 + [0] * 10, abs=0.01)
    assert line(found, "cash flow", "to parties", "user") == paid
    assert set(line(found, "cash flow", "from parties")) == {0}
    rates = found.leases[["agreed", "realised"]].iloc[0].tolist()
    assert rates == pytest.approx([1.01**12 - 1] * 2)


def test_a_rent_of_a_unit_tells_its_yield():
    found = leased(rent="2_665.4637 USD / month")
    assert sum(line(found, "cash flow", "from parties", "owner")) == pytest.approx(12 * 26_654.637, abs=0.01)
    assert found.leases["agreed"][0] == pytest.approx(1.01**12 - 1, abs=1e-6)


def test_interest_is_added_until_a_milestone():
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}}
    never = {**LOAN, "against": [], "interest_until": "here", "date": "2024-01-01"}
    terms["funding"] = {"bank": {key: value for key, value in never.items() if key not in ("against", "advance")}}
    loans = dcsim.finance(scenario(**terms), expected=True).loans
    assert loans["added"].tolist()[:3] == [0, 10_000, 0]
    assert loans["interest"].tolist()[:3] == [0, 0, 10_100]


# Loans, NPV and IRR


def loan(repaid, rate, term, cents=100_000_00, covers=None, **terms):
    """A loan of 100,000 that is drawn in the first month."""
    count, never = term + 1, np.array([-1])
    terms = Funding(loan="1 USD", rate=rate, term=f"{term} months", repaid=repaid, **terms)
    sums = np.full((1, count), cents)
    every = np.full((1, count), float(rate))
    it = Loan(Offer("bank", terms, sums[:, 0], sums, every, every / 12, every / 12, np.zeros(count), count, never))
    for month in range(count):
        it.draw(month, sums[:, 0])
        it.pay(month, np.zeros(1, np.int64), np.array([covers[month] if covers else 0]), sums[:, 0])
    return it


@pytest.mark.parametrize(("rate", "term"), [(0.12, 36), (0.0531, 60), (0.105, 1)])
def test_a_level_loan_is_the_annuity(rate, term):
    found = loan("level", rate, term)
    paid = (found.interest + found.repaid)[0, 1:] / 100
    assert paid == pytest.approx(np.full(term, -npf.pmt(rate / 12, term, 100_000)), abs=0.02 * term)
    periods = np.arange(1, term + 1)
    assert found.repaid[0, 1:] / 100 == pytest.approx(-npf.ppmt(rate / 12, periods, term, 100_000), abs=0.02 * term)
    assert found.balance[0, -1] == 0
    assert found.repaid.sum() == found.drawn.sum()


def test_straight_and_bullet():
    assert loan("level", 0.0, 10).repaid.tolist() == loan("straight", 0.12, 10).repaid.tolist()
    straight, bullet = loan("straight", 0.12, 10), loan("bullet", 0.12, 10)
    assert straight.repaid[0].tolist() == [0] + [10_000_00] * 10
    assert straight.interest[0].tolist() == [0] + [1000_00 - 100_00 * k for k in range(10)]
    assert bullet.repaid[0].tolist() == [0] * 10 + [100_000_00]
    assert set(bullet.interest[0, 1:].tolist()) == {1000_00}


@given(st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=40), st.floats(0.0, 0.5))
@settings(max_examples=60, deadline=None)
def test_npv_and_irr_are_those_of_a_library(flows, rate):
    dates = [date(2024 + k // 12, k % 12 + 1, 28) for k in range(len(flows))]
    at = np.array([(one - dates[0]).days / 365 for one in dates])
    here = np.array([flows], float)
    assert npv(here, at, np.array([rate]))[0] == pytest.approx(pyxirr.xnpv(rate, dates, flows), abs=1e-6)
    (found,), (word,) = irr(here, at)
    if not (min(flows) < 0 < max(flows)):
        assert word == NO_IRR
    if not word:
        assert npv(here, at, np.array([found]))[0] == pytest.approx(0, abs=1e-3 * max(map(abs, flows)))


def test_textbook_returns():
    at = np.array([0.0, 1.0, 2.0])
    (found,), words = irr(np.array([[-100, 0, 121]]), at)
    assert (found, words) == (pytest.approx(0.1), [""])
    assert irr(np.array([[-100, 230, -132]]), at)[1] == [SEVERAL]  # 10 % and 20 %: Brealey and Myers
    assert npv(np.array([[-100, 0, 121]]), at, np.array([0.1]))[0] == pytest.approx(0)


def test_rates_of_a_hundred_years_are_found():
    at = np.arange(0.0, 200)
    flows = np.zeros((2, 200))
    flows[:, 0], flows[:, -1] = -100, (110, 1)
    found, words = irr(flows, at)
    assert found == pytest.approx([1.1 ** (1 / 199) - 1, 0.01 ** (1 / 199) - 1])
    assert words == ["", ""]


def test_a_rate_beyond_those_that_are_looked_at_is_no_reason_to_tell_the_other():
    """-1 + 24,001 v - 24,000 v^2 / 2 is zero at two rates: below zero, and at more than 2,000,000 %."""
    at = np.array([0.0, 1.0, 2.0])
    flows = np.array([[-1, 24_001, -12_000], [-1, 20_000, 0], [0, -1, 20_000], [0, -10, 11]])
    (*beyond, found), words = irr(flows, at)
    assert np.isnan(beyond).all()
    assert words == [SEVERAL, NO_RATE, NO_RATE, ""]
    assert found == pytest.approx(0.1)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_what_is_bought_is_written_off_to_the_cent(cost, life):
    cost = np.array([cost + [0] * life], np.int64)
    lost = depreciation(cost, life)
    assert lost.sum() == cost.sum()
    assert (lost >= 0).all()


# Debt as lenders write it


@given(st.lists(st.integers(1_000, 90_000), min_size=3, max_size=40), st.sampled_from([1.1, 1.25, 2.0]))
@settings(max_examples=30, deadline=None)
def test_sculpted_debt_is_the_present_value_of_its_cash_over_its_dscr(cash, dscr):
    """D = sum of CFADS / DSCR / (1 + r)^t, and then the service of each month is CFADS / DSCR, and nothing is left."""
    rate, floors = 0.12, [int(one * 100 / dscr) for one in cash]
    size = sum(one / (1 + rate / 12) ** (t + 1) for t, one in enumerate(floors))
    interest = [rate / 12 * sum(f / 1.01 ** (k + 1) for k, f in enumerate(floors[t:])) for t in range(len(cash))]
    if any(one < due for one, due in zip(floors, interest, strict=True)):
        return  # such a month would have to add to the loan
    it = loan("sculpted", rate, len(cash), int(size), [0, *floors], sculpted_to=str(dscr))
    assert it.service[0, 1:] == pytest.approx(floors, abs=3 * len(cash))
    assert it.balance[0, -1] == 0


def test_cover_looks_back_or_ahead():
    cash, due = np.array([[10, 20, 30, 40]]), np.array([[0, 10, 0, 20]])
    back = cover_ratio(cash, due, Cover(length="2 months"))
    assert back.tolist()[0] == pytest.approx([np.nan, 3, 5, 3.5], nan_ok=True)
    ahead = cover_ratio(cash, due, Cover(length="2 months", window="forward"))
    assert ahead.tolist()[0] == pytest.approx([5, 3.5, 2, np.nan], nan_ok=True)


VALUED = {"gpus": {"life": "5 years", "market_value": {"0 months": 1}, "sale_discount": "0.5"}}
RISKY = {**LOAN, "term": "18 months", "default": "seize", "covenants": {"cure": "60 d"}}


def vehicle(bank, **terms):
    """A vehicle owns the GPUs and leases them to their user, who earns with them until August and pays what it can."""
    return scenario(
        parties=["user", "owner"],
        costs={"gpus": {**GPUS, "by": "owner"}, "power": {"supply": "gpus", "uses": "1 kW", "price": "60 USD / MWh"}},
        revenue={"sold": {"supply": "gpus", "price": {"path": {"2024-01": "4 USD", "2024-08": "0 USD"}}}},
        **{"assets": VALUED, **terms},
        funding={"bank": {**bank, "by": "owner"}, "seed": {"equity": "350k USD", "by": "owner"}},
        leases={"gpus": {"to": "user", "term": "24 months", "rent": {"yield": "0.12"}, "when_short": "miss"}},
        distributions={"owner": {"share": "1", "keep": "0.0 USD", "date": "2024-03-01"}},
    )


def test_breach_default_and_acceleration_are_three_dates():
    found = dcsim.finance(vehicle({**RISKY, "notice": "1 month"}), expected=True)
    events = found.events.set_index(["party", "event"])["expected"]
    dates = [f"{events['bank', name]:%Y-%m}" for name in ("breach", "default", "acceleration")]
    rents = line(found, "cash flow", "from parties", "owner")
    missing = next(month for month in range(3, 24) if rents[month] < found.loans["service"][month])
    assert dates == [f"{2024 + k // 12}-{k % 12 + 1:02}" for k in (missing, missing + 2, missing + 3)]
    at, loans = missing + 3, found.loans
    owed = loans["balance"][at - 1] * 1.01
    assert line(found, "cash flow", "assets sold", "owner")[at] == 150_000
    assert loans["repaid"][at] == pytest.approx(min(150_000, owed), abs=0.02)
    assert figure(found, "loss_given_default", "bank")["expected"] == pytest.approx(max(owed - 150_000, 0) / owed)
    for statement_line, party in (("operating costs", "user"), ("from parties", "owner")):
        assert set(line(found, "cash flow", statement_line, party)[at + 1 :]) == {0}
    assert line(found, "balance sheet", "loans")[at] == line(found, "balance sheet", "assets on the books")[at] == 0
    assert loans["market_value"][at + 1] == 0


def test_missed_rents_are_an_event_and_what_is_never_paid_is_told():
    """The user stops earning in August, and pays what it has."""
    found = dcsim.finance(vehicle({**RISKY, "default": "none"}), expected=True)
    leases, events = found.leases, found.events.set_index(["party", "event"])["expected"]
    short = np.cumsum(leases["rent"] - leases["paid"])
    first = f"{leases['month'][int((short > 0).argmax())]:%Y-%m}"
    assert [f"{events[party, 'rent_missed']:%Y-%m}" for party in (TOGETHER, "user", "owner")] == [first] * 3
    assert 0 < figure(found, "rents_owed", "owner")["expected"] == pytest.approx(short.iloc[-1])
    assert leases["owed"].tolist() == pytest.approx(short.tolist())
    for party, name in (("owner", "rents receivable"), ("user", "rents payable")):
        assert line(found, "balance sheet", name, party) == leases["owed"].tolist()
    assert line(found, "income", "from parties", "owner") == leases["rent"].tolist()
    text = markdown("", [found.report()])
    assert f"A rent is missed by {first}" in text
    assert re.search(r"Cash runs out: of user by 20\d\d-\d\d-\d\d, .* USD missing; of owner", text)
    assert "Of all together, where the cash of one counts for what another lacks: by 2025" in text
    assert "| cash runs out, parties netted | 2025" in text


def test_a_missed_rent_is_paid_when_there_is_cash():
    """The user earns nothing in April; what it does not pay then it pays in May."""
    prices = {"2024-01": "4 USD", "2024-04": "0 USD", "2024-05": "9 USD"}
    built = vehicle({**RISKY, "default": "none"})
    paid_out = {"finance.distributions.user": {"share": 1}, "finance.revenue.sold.price": {"path": prices}}
    found = dcsim.finance(built.with_(paid_out), expected=True)
    owed, rent = found.leases["owed"], found.leases["rent"]
    assert [month for month, amount in enumerate(owed) if amount] == [3]
    assert found.leases["paid"][4] == pytest.approx(rent[4] + owed[3])
    assert line(found, "income", "to parties", "user") == rent.tolist()
    assert figure(found, "rents_owed")["expected"] == figure(found, "rents_written_off")["expected"] == 0


def lessor_rate(cost, rents, at_end):
    """The effective rate of a delivery in the first of these months, months of a twelfth."""
    monthly = npf.irr([-cost, *rents[:-1], rents[-1] + at_end])
    return (1 + monthly) ** 12 - 1


def test_a_lease_tells_its_realised_rate():
    """Rents that are never paid cost the lessor; those after the last month, and the residual, count as agreed."""
    found = dcsim.finance(vehicle({**RISKY, "default": "none"}), expected=True)
    rents = found.leases["paid"].tolist()[2:] + found.leases["rent"].tolist()[-1:] * 2
    agreed, realised = (figure(found, f"lease_{name}", "gpus")["expected"] for name in ("agreed", "realised"))
    assert (len(rents), agreed) == (24, pytest.approx(1.01**12 - 1))
    assert realised == pytest.approx(lessor_rate(300_000, rents, 0))
    many = dcsim.finance(vehicle(RISKY).with_({"finance.revenue.sold.price": "1 to 6 USD"}), n=8, engine="reference")
    rows = many.outcomes[many.outcomes["party"] == "gpus"]
    assert (rows["lease_realised"] <= rows["lease_agreed"] + 1e-9).all()
    assert rows["lease_realised"].nunique() > 2


def test_what_is_owed_of_rents_is_written_off_when_the_asset_is_seized():
    """Of GPUs that come after the seizure all rents are due; what is sold brings its price, and no residual."""
    built = vehicle({**RISKY, "covenants": {}})
    more = {"amount": 10, "placed": "2024-10-01", "lead_time": "31 d"}
    later = {"supplies.gpus.orders.more": more, "horizon": "2 years", "finance.leases.gpus.residual": "0.2"}
    later["finance.distributions.user"] = {"share": 1}
    found = dcsim.finance(built.with_(later), expected=True)
    leases = found.leases
    seized = int((leases["written_off"] > 0).argmax())
    assert f"{leases['month'][seized]:%Y-%m}" == "2024-08"
    rent = -npf.pmt(0.01, 24, 300_000, -60_000)
    assert leases["rent"].tolist()[2 : seized + 1] == pytest.approx([rent] * (seized - 1), abs=0.02)
    assert leases["rent"].tolist()[seized + 1 : 10] == [0] * (9 - seized)
    assert leases["rent"].tolist()[11:] == pytest.approx([rent] * 13, abs=0.02)
    assert leases["owed"][seized - 1] >= leases["owed"][seized] == 0
    assert figure(found, "rents_written_off", "gpus")["expected"] == leases["written_off"].sum() > 0
    back = leases["rent"][seized] - leases["written_off"][seized]
    assert line(found, "income", "from parties", "owner")[seized] == pytest.approx(back)
    assert line(found, "income", "to parties", "user")[seized] == pytest.approx(back)
    paid = leases["paid"].to_numpy() + np.array(line(found, "cash flow", "assets sold", "owner"))
    flows = np.concatenate([paid, [rent] * 11])
    flows[[1, 10]] -= 300_000
    flows[-1] += 60_000
    monthly = npf.irr(flows[1:])
    assert figure(found, "lease_realised", "gpus")["expected"] == pytest.approx((1 + monthly) ** 12 - 1)


def test_a_lender_has_a_value_and_a_default_a_chance():
    built = vehicle({**RISKY, "covenants": {"ltv": "0.55", "tested": "monthly"}})
    found = dcsim.finance(built, expected=True)
    rows = found.loans
    flows = rows["fee"] + rows["interest"] + rows["repaid"] - rows["drawn"]
    days = (rows["month"] - pd.Timestamp("2024-01-01")).dt.days
    worth = float((flows / 1.12 ** (days / 365)).sum())
    assert -40_000 > figure(found, "npv", "bank")["expected"] == pytest.approx(worth, abs=0.01)
    chances = found.outcomes.set_index("party")[["breach_chance", "default_chance"]]
    assert chances.loc["bank"].tolist() == [1, 1]
    safe = built.with_({"finance.funding.bank.covenants.ltv": "0.9", "finance.revenue.sold.price": "4 USD"})
    result = dcsim.compare(built, safe, outcome="default_chance", party="bank", n=4, engine="reference")
    assert result.differences["mean"].tolist() == [-1]
    assert "chance of a default, bank -100.00 pp." in markdown("", [result.report()])
    dates = dcsim.compare(built, safe, outcome="default", party="bank", n=4, engine="reference")
    assert r"It happens in \<53 % of the replications, before in \>47 %" in markdown("", [dates.report()])
    bearers = dcsim.compare(built, safe, outcome="npv", n=4, engine="reference")
    assert set(bearers.differences["party"]) == {TOGETHER, "user", "owner", "bank"}


def test_a_rate_that_does_not_exist_is_told_below_its_table():
    found = dcsim.finance(scenario(costs={"gpus": GPUS}), n=2)
    text = markdown("", [found.report()])
    for name in ("IRR of free cash flow", "IRR with assets sold at the end", "IRR of equity"):
        assert f"{name}: {NO_IRR}" in text
    assert max(len(line) for line in text.splitlines() if line.startswith("| IRR")) < 80


def test_what_is_seized_earns_nothing():
    ratio = {**RISKY, "default": "seize", "covenants": {"ltv": "0.55", "tested": "monthly"}}
    found = dcsim.finance(vehicle(ratio), expected=True)
    assert line(found, "cash flow", "revenue")[:4] == [0, 27_840, 0, 0]
    events = found.events.set_index(["party", "event"])["expected"]
    assert {f"{events['bank', name]:%Y-%m}" for name in ("breach", "default", "acceleration")} == {"2024-02"}


def test_units_that_come_after_a_seizure_earn_whatever_they_cost():
    """Ten GPUs are seized in February; ten that cost a tenth of them come in May and earn, and use power, as much."""
    built = vehicle({**RISKY, "covenants": {"ltv": "0.55", "tested": "monthly"}})
    more = {"amount": 10, "placed": "2024-04-01", "lead_time": "30 d"}
    price = {"path": {"2024-01": "30_000 USD", "2024-03": "3_000 USD"}}
    later = {"supplies.gpus.orders.more": more, "finance.costs.gpus.price": price}
    found = dcsim.finance(built.with_(later), expected=True)
    revenue, power = (line(found, "cash flow", name, "user") for name in ("revenue", "operating costs"))
    assert revenue[2:7] == [0, 0, *(40.0 * 24 * days for days in (31, 30, 31))]
    assert power[4:6] == [pytest.approx(0.6 * 24 * days) for days in (31, 30)]


@pytest.mark.slow
def test_a_breach_is_healed_in_time_or_not():
    falls = {"gpus": {"life": "5 years", "market_value": {"0 months": 1, "3 months": "0.6", "4 months": "0.9"}}}
    covenants = {"ltv": "0.8", "tested": "monthly", "cure": "15 d"}
    terms = {"costs": {"gpus": GPUS}, "assets": falls}
    for cure, healed in (("15 d", True), ("0 d", False)):
        bank = {**LOAN, "covenants": {**covenants, "cure": cure}}
        events = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True).events
        dates = events.set_index(["party", "event"])["expected"]
        assert f"{dates['bank', 'breach']:%Y-%m}" == "2024-05"
        assert (dates["bank", "default"] != dates["bank", "default"]) == healed
    bank = {**LOAN, "covenants": {**covenants, "tested": "quarterly"}}
    events = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True).events
    assert not events.set_index(["party", "event"])["happens"]["bank", "breach"]


def test_reserve_sweep_and_lock_up_follow_debt_service():
    bank = {**LOAN, "repaid": "straight", "reserve": "2 months", "sweep": "0.5", "covenants": {"lock_up": "1.5"}}
    terms = {
        "costs": {"gpus": GPUS},
        "assets": {"gpus": {"life": "5 years"}},
        "revenue": {"sold": {"supply": "gpus", "price": {"path": {"2024-01": "6 USD", "2024-06": "2 USD"}}}},
        "distributions": {"owner": {"share": "1", "keep": "1000 USD", "date": "2024-03-01"}},
        "dscr": {"length": "1 month"},
    }
    found = dcsim.finance(scenario(**terms, funding={"seed": {"equity": "150k USD"}, "bank": bank}), expected=True)
    revenue = 240.0 * 6 * 31
    due = 192_000 * 0.01 + 16_000
    excess = revenue - due - 2 * due
    assert line(found, "cash flow", "to reserve")[2] == 2 * due
    assert line(found, "cash flow", "loans repaid")[2] == 16_000 if excess < 0 else 16_000 + excess / 2
    paid = line(found, "cash flow", "distributions")
    assert paid[2] > 0
    assert paid[5] == 0
    assert all(amount == 0 or not dscr < 1.5 for amount, dscr in zip(paid, found.loans["dscr"], strict=True))
    assert line(found, "balance sheet", "reserve accounts")[-1] == 0
    at_once = {**bank, "sweep": "1", "covenants": {}}
    rich = {**terms, "revenue": {"sold": {"supply": "gpus", "price": "20 USD"}}}
    found = dcsim.finance(scenario(**rich, funding={"seed": {"equity": "150k USD"}, "bank": at_once}), expected=True)
    owed, saved = found.loans["balance"].to_numpy(), line(found, "balance sheet", "reserve accounts")
    paid_off = int((owed[1:] == 0).argmax()) + 1
    assert saved[paid_off - 1] > saved[paid_off] == 0  # it is free in the month in which the sweep repays the rest


@pytest.mark.slow
def test_life_cover_of_even_cash_is_its_dscr_and_average_life_that_of_a_textbook():
    """With even cash and an annuity, LLCR = DSCR; equal parts of principal live (k + 1) / 2 months on average."""
    terms = {"costs": {"x": {"date": "2024-01-05", "price": "100k USD"}}, "revenue": {}}
    terms["revenue"] = {"sold": {"supply": "gpus", "price": "1 USD"}}
    bank = {"loan": "30k USD", "rate": "0.12", "term": "12 months", "date": "2024-02-01"}
    found = dcsim.finance(scenario(**terms, funding={"bank": bank}, dscr={"length": "1 month"}), expected=True).loans
    days = np.array([31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28])
    value = sum(240 * day / 1.01 ** (k + 1) for k, day in enumerate(days.tolist()))
    assert found["llcr"][1] == pytest.approx(value / 30_000, abs=1e-6)
    straight = dcsim.finance(scenario(**terms, funding={"bank": {**bank, "repaid": "straight"}}), expected=True)
    assert figure(straight, "average_life", "bank")["expected"] == pytest.approx(13 / 2 / 12)


def test_life_cover_is_of_cash_as_it_came_or_of_what_is_expected():
    """Prices are uncertain and the loan is not: what a lender expects is the same in all replications."""
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}}
    terms["revenue"] = {"sold": {"supply": "gpus", "price": "2 to 9 USD"}}
    built = scenario(**terms, funding={"bank": LOAN})
    found = dcsim.finance(built, n=6, engine="reference")
    rows = found.outcomes[found.outcomes["party"] == "bank"]
    for ratio in ("llcr", "plcr"):
        base = figure(found, f"{ratio}_min", "bank")["expected"]
        assert rows[f"{ratio}_forecast_min"].tolist() == [base] * 6
        assert rows[f"{ratio}_min"].nunique() == 6
        assert figure(found, f"{ratio}_forecast_min")["expected"] == base
    dear = built.with_({"finance.revenue.sold.price": "4 to 18 USD"})
    change = dcsim.compare(built, dear, outcome="llcr_forecast_min", party="bank", n=4, engine="reference").differences
    base, ahead = (dcsim.finance(one, expected=True) for one in (built, dear))
    moved = figure(ahead, "llcr_min", "bank")["expected"] - figure(base, "llcr_min", "bank")["expected"]
    assert change["mean"].tolist() == pytest.approx([moved])


def test_a_borrowing_base_of_market_value_is_repaid_where_it_falls():
    falls = {"gpus": {"life": "5 years", "market_value": {"0 months": 1, "3 months": "0.5"}}}
    bank = {**LOAN, "repaid": "bullet", "base": "market_value"}
    loans = dcsim.finance(scenario(costs={"gpus": GPUS}, assets=falls, funding={"bank": bank}), expected=True).loans
    assert loans["balance"].tolist()[1:6] == [192_000] * 3 + [96_000] * 2


def test_a_commitment_costs_what_is_not_drawn():
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}}
    bank = {**LOAN, "commitment_fee": "0.012", "date": "2024-02-01"}
    loans = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True).loans
    assert loans["fee"].tolist()[:3] == [0, 1000, 808]  # 192k are drawn on the last day of February
    bank |= {"available": "2 months", "date": "2024-02-15"}
    loans = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True).loans
    assert loans["fee"].tolist()[:6] == [0, pytest.approx(1000 * 15 / 29, abs=0.01), 808, 808, 0, 0]


def test_a_lender_with_recourse_takes_the_cash_that_is_left():
    """The owner has cash when its GPUs are sold for half of what they cost; it covers the rest of the debt, or not."""
    lost, cash = {}, {}
    for recourse in ("none", "cash"):
        bank = {**RISKY, "recourse": recourse, "covenants": {"ltv": "0.55", "tested": "monthly"}}
        built = vehicle(bank)
        built = built.with_({"finance.distributions.owner.date": "2026-06-01"})
        found = dcsim.finance(built, expected=True)
        lost[recourse], cash[recourse] = found.loans["forgiven"].sum(), line(found, "cash flow", "cash", "owner")[-1]
        sides = found.sources[found.sources["party"] == "owner"].groupby("side")["amount"].sum()
        assert sides["source"] == pytest.approx(sides["use"])
    assert lost["none"] == 192_000 - 150_000
    assert lost["cash"] == 0
    assert cash["none"] - cash["cash"] == pytest.approx(42_000)


def test_nothing_is_paid_to_owners_while_interest_is_added():
    """GPUs that earn from February on, and a loan whose interest is added until they are ten, or for ever."""
    terms = {
        "costs": {"gpus": GPUS},
        "assets": {"gpus": {"life": "5 years"}},
        "revenue": {"sold": {"supply": "gpus", "price": "4 USD"}},
        "distributions": {"owner": {"share": "1"}},
    }
    paid = {}
    for until in (None, "done"):
        bank = LOAN if until is None else {**LOAN, "interest_until": until}
        funding = {"seed": {"equity": "500k USD"}, "bank": bank}
        built = scenario({"activities.work.duration": "90 d"}, **terms, funding=funding)
        paid[until] = line(dcsim.finance(built, expected=True), "cash flow", "distributions")
    assert paid[None][1] > 0
    assert [amount > 0 for amount in paid["done"][1:6]] == [False, False, False, False, True]


def test_energy_of_what_earns_ends_with_it():
    """No cost buys units of the counter, but what earns with them belongs to the GPUs: so does their energy."""
    finance = vehicle({**RISKY}).finance
    power = finance.costs["power"].model_copy(update={"supply": "late"})
    sold = finance.revenue["sold"].model_copy(update={"supply": "late", "asset": "gpus"})
    other = finance.model_copy(update={"revenue": {"sold": sold}})
    assert (other.asset_of(power), finance.asset_of(power)) == ("gpus", None)


def test_a_reference_rate_has_a_floor():
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}}
    terms["reference_rates"] = {"sofr": {"path": {"2024-01": "0.05", "2024-07": "0.01"}}}
    bank = {**LOAN, "rate": {"over": "sofr", "margin": "0.06", "floor": "0.03"}}
    loans = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True).loans
    assert loans["rate"].round(9).tolist()[:8] == [0.11] * 6 + [0.09] * 2


def test_level_instalments_are_level_by_any_day_count():
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}, "day_count": "act/360"}
    bank = {**LOAN, "term": "12 months"}
    loans = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True).loans
    service = loans["service"][2:13]
    assert service.max() / service.min() < 1.003
    assert service.iloc[0] == pytest.approx(-npf.pmt(0.01, 12, 192_000), abs=0.02)


def test_headroom_is_that_of_the_months_that_are_tested():
    """The value falls to 70 % in the fourth month, April, and is back in May; tests are at the ends of quarters."""
    ages = {"0 months": 1, "2 months": "0.7", "3 months": 1}
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years", "market_value": ages}}}
    rooms = {}
    for tested in ("monthly", "quarterly"):
        bank = {**LOAN, "covenants": {"ltv": "0.8", "tested": tested}, "repaid": "bullet"}
        found = dcsim.finance(scenario(**terms, funding={"bank": bank}), expected=True)
        rooms[tested] = figure(found, "ltv_headroom", "bank")["expected"]
    assert rooms == {"monthly": pytest.approx(1 - 0.64 / 0.7 / 0.8), "quarterly": pytest.approx(0.2)}


@pytest.mark.slow
def test_covenants_may_look_ahead():
    sold = {"sold": {"supply": "gpus", "price": {"path": {"2024-01": "4 USD", "2024-09": "0.1 USD"}}}}
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}, "revenue": sold}
    bank = {**LOAN, "covenants": {"dscr": "1.1", "tested": "monthly"}}
    dates = {}
    for window in ("trailing", "forward"):
        built = scenario(**terms, funding={"bank": bank}, dscr={"window": window, "length": "3 months"})
        events = dcsim.finance(built, expected=True).events.set_index(["party", "event"])["expected"]
        dates[window] = f"{events['bank', 'breach']:%Y-%m}"
    assert dates == {"trailing": "2024-10", "forward": "2024-07"}


def test_a_day_of_delay_costs_a_day_of_what_is_earned():
    found = dcsim.finance(
        scenario(revenue={"sold": {"supply": "gpus", "price": "2 USD"}}, discount_rate="0"), expected=True
    )
    lost = found.delays[found.delays["party"] == TOGETHER]["npv_lost"].tolist()
    assert lost[:2] == [480, 480]


def test_what_a_day_costs_does_not_hang_on_the_month_end_that_it_crosses():
    """A payment of 240,000 USD at 12 % a year is worth 75 USD a day, on whatever day of the month it falls."""
    gained = []
    for lead in ("31 d", "45 d", "59 d"):
        built = scenario({"supplies.gpus.orders.all.lead_time": lead}, costs={"gpus": GPUS})
        delays = dcsim.finance(built, expected=True).delays
        gained.append(-delays[delays["party"] == TOGETHER]["npv_lost"].iloc[1])
    worth = 240_000 * (1 - 1.12 ** (-1 / 365))
    assert gained == pytest.approx([worth] * 3, rel=0.1)


# Books that balance

UNITS = st.sampled_from(["1 USD", "333.33 USD", "0.01 to 70 USD", "30_000 USD", "1234.567 USD"])
PARTIES = st.sampled_from(["a", "b"])
COSTS = st.one_of(
    st.builds(
        lambda price, share, span: {
            "supply": "gpus",
            "price": price,
            "paid": [
                {"share": share, "when": "ordered"},
                {"share": f"= 1 - {share}", "when": "delivered", "after": span},
            ],
        },
        UNITS,
        st.sampled_from(["0", "0.1", "0.333", "1"]),
        st.sampled_from(["0 d", "45 d", "2 months"]),
    ),
    st.builds(lambda price: {"activity": "work", "price": price, "paid": "start"}, UNITS),
    st.builds(lambda price: {"price": f"{price} / month"}, UNITS),
    st.builds(lambda price: {"resource": "crew", "price": f"{price} / h"}, UNITS),
)
REVENUE = st.builds(
    lambda price, used, by, paid_by: (
        {"supply": "gpus", "price": price, "utilisation": used, "by": by}
        | ({"paid_by": paid_by} if paid_by not in (by, None) else {})
    ),
    UNITS,
    st.sampled_from(["1", "0.7", "0.5 to 0.9"]),
    PARTIES,
    st.sampled_from(["a", "b", None]),
)
SPANS = st.sampled_from(["0 d", "45 d", "3 months"])
COVENANTS = st.fixed_dictionaries(
    {},
    optional={
        "dscr": st.sampled_from(["0.2", "1.2"]),
        "ltv": st.sampled_from(["0.3", "0.9"]),
        "tested": st.sampled_from(["monthly", "quarterly", "yearly"]),
        "cure": SPANS,
        "lock_up": st.sampled_from(["1", "2"]),
    },
)
LOANS = st.fixed_dictionaries(
    {
        "loan": UNITS,
        "repaid": st.sampled_from(["level", "straight", "bullet", "sculpted"]),
        "term": st.sampled_from(["1 month", "7 months", "40 months"]),
        "rate": st.sampled_from(["0", "0.12", "0.05 to 0.15", {"over": "base", "margin": "0.02", "floor": "0.05"}]),
        "fee": st.sampled_from(["0", "0.017"]),
        "sweep": st.sampled_from(["0", "0.7"]),
        "covenants": COVENANTS,
        "notice": SPANS,
        "default": st.sampled_from(["none", "seize"]),
        "base": st.sampled_from(["cost", "market_value"]),
    },
    optional={
        "interest_until": st.sampled_from(["here", "done"]),
        "reserve": st.just("3 months"),
        "commitment_fee": st.just("0.01"),
        "available": st.just("4 months"),
        "recourse": st.just("cash"),
    },
)
TERMS = st.fixed_dictionaries(
    {
        "costs": st.dictionaries(st.sampled_from(["c1", "c2", "c3"]), COSTS, min_size=1),
        "revenue": st.dictionaries(st.sampled_from(["r1", "r2"]), REVENUE),
        "funding": st.dictionaries(st.sampled_from(["f1", "f2"]), LOANS),
        "day_count": st.sampled_from(["30/360", "act/365", "act/360"]),
        "compounding": st.sampled_from(["nominal", "effective"]),
        "dscr": st.fixed_dictionaries({"window": st.sampled_from(["trailing", "forward"])}),
        "distributions": st.dictionaries(PARTIES, st.just({"share": "0.5", "keep": "9 USD"})),
    }
)


def against(funding, terms):
    """A loan as far as there are assets that it may be lent against, and a revenue that ends with them."""
    terms = {**terms} | ({"sculpted_to": "1.2"} if terms["repaid"] == "sculpted" else {})
    if funding:
        return {**terms, "against": "it", "advance": "0.8"}
    plain = {key: value for key, value in terms["covenants"].items() if key != "ltv"}
    return {**terms, "covenants": plain, "default": "none", "base": "cost"}


BETWEEN = ("from parties", "to parties", "rents receivable", "rents payable")


@pytest.mark.slow
@given(TERMS, st.booleans(), st.sampled_from([None, "pay", "miss"]))
@settings(max_examples=40, deadline=None)
def test_every_balance_balances(terms, owned, leased):
    first = next(iter(terms["costs"]))
    extra = {"parties": ["a", "b"], "reference_rates": {"base": "0.04 to 0.06"}}
    extra["funding"] = {name: against(owned, one) for name, one in terms["funding"].items()}
    extra["funding"]["seed"] = {"equity": "77.77 USD", "by": "b"}
    if owned:
        value = {"0 months": 1, "5 months": "0.2 to 0.7"}
        new = {"date": "2024-03-01 to 2024-09-01", "market_value": "0.5"}
        it = {"costs": first, "life": "7 months", "market_value": value, "sale_discount": "0.3"}
        extra["assets"] = {"it": {**it, "new_architecture": new}}
        extra["revenue"] = {name: {**one, "asset": "it"} for name, one in terms["revenue"].items()}
    if owned and leased:
        lease = {"asset": "it", "to": "b", "term": "9 months", "rent": {"yield": "0.1"}, "when_short": leased}
        extra["leases"] = {"lease": lease}
    built = scenario(**{**terms, **extra})
    runs = [dcsim.simulate(built, replication=k) for k in range(3)]
    money = Money(built, runs[0].network, built.finance)
    records = [money.watched.record(run.trace, run.draws) for run in runs]
    books = money.books(money.builds(records), sampled(0, range(3)))
    for party in books.parties.values():
        sheet = party.balance
        assert (sum(sheet[name] for name in ASSETS) == sum(sheet[name] for name in CLAIMS)).all()
        assert (sheet["loans"] >= 0).all()
        assert (sheet["reserve accounts"] >= 0).all()
        assert (sheet["assets on the books"] >= 0).all()
        sources, uses = sources_and_uses(party)
        assert (sum(sources.values()) == sum(uses.values())).all()
    owed = sum((loan.balance for loan in books.loans.values()), 0)
    assert (books.parties[TOGETHER].balance["loans"] == owed).all()
    for loan in books.loans.values():
        assert (loan.breach <= loan.default).all()
        assert (loan.default <= loan.acceleration).all()
    sheets = {party: books.parties[party].balance for party in "ab"}
    assert (sum(sheet["rents receivable"] - sheet["rents payable"] for sheet in sheets.values()) == 0).all()
    assert all((sheet[name] >= 0).all() for sheet in sheets.values() for name in BETWEEN[2:])
    for statement in ("cash flow", "balance sheet", "income"):
        whole = books.parties[TOGETHER].statement(statement)
        assert not any(whole[name].any() for name in BETWEEN if name in whole)
        for name in set(whole) - set(BETWEEN):
            assert (whole[name] == sum(books.parties[party].statement(statement)[name] for party in "ab")).all()


def test_builds_are_counted_together_as_each_alone():
    """Work, hours, orders and units of several builds, with what was rained off in each of them."""
    rain = {"probability": "0.6", "begins": "2 d to 9 d", "lasts": "1 d to 20 d", "stop_work": ["crew"]}
    built = scenario(
        {"activities.work.duration": "1 d to 80 d", "risks": {"rain": rain}},
        costs={
            "gpus": GPUS,
            "late": {"supply": "late", "price": "5 USD", "paid": [{"when": "ordered", "after": "1 month"}]},
            "work": {"activity": "work", "price": "70 USD"},
            "there": {"resource": "crew", "price": "2 USD / h"},
            "busy": {"resource": "crew", "price": "3 USD / h", "while": "working"},
        },
        revenue={"sold": {"supply": "gpus", "price": {"path": {"2024-01": "2 USD / h", "2024-03-09": "1 USD / h"}}}},
        rent_instead={"need": {"supply": "gpus", "units": 12, "price": "1 USD / h"}},
    )
    money = Money(built, dcsim.simulate(built).network, built.finance)
    runs = [dcsim.simulate(built, replication=k) for k in range(5)]
    records = [money.watched.record(run.trace, run.draws) for run in runs]
    records += [record.held(9 * 1440, 1) for record in records]
    together = money.builds(records)
    for k, record in enumerate(records):
        alone = money.builds([record])
        for name, quantity in alone.costs.items():
            assert (quantity.paid[0] == together.costs[name].paid[k]).all(), name
            assert (quantity.received[0] == together.costs[name].received[k]).all(), name
        assert (alone.revenue["sold"][0] == together.revenue["sold"][k]).all()
        assert (alone.rented["need"][0] == together.rented["need"][k]).all()
    hours = together.costs["busy"].paid.sum(axis=(1, 2))
    assert len(set(hours[:5])) == 5


# What is asked


@pytest.mark.compiled
def test_many_builds_have_distributions_and_the_same_seed_the_same_answer():
    terms = {
        "costs": {
            "gpus": {**GPUS, "price": "20_000 to 40_000 USD"},
            "crew": {"resource": "crew", "price": "9 USD / h", "while": "working"},
        },
        "revenue": {"sold": {"supply": "gpus", "price": "4 USD"}},
    }
    one, other = (dcsim.finance(scenario(**terms), n=70, engine=engine) for engine in ("reference", "compiled"))
    assert one.outcomes.equals(other.outcomes)
    assert len(one.outcomes) == 2 * 70
    row = figure(one, "npv")
    assert row["p10"] < row["p50"] < row["p90"]
    part = dcsim.finance(scenario(**terms), n=5).outcomes
    assert part[part["party"] == TOGETHER]["npv"].tolist() == one.outcomes["npv"].tolist()[-70:][:5]


def test_a_return_below_zero_is_told_with_its_sign():
    bought = {"land": {"date": "2024-01-10", "price": "100k USD"}}
    sold = {"sold": {"supply": "gpus", "price": {"path": {"2024-01": "1 USD", "2025-01": "0 USD"}}}}
    found = dcsim.finance(scenario(costs=bought, revenue=sold), expected=True)
    assert figure(found, "irr")["expected"] < 0
    assert "| IRR of free cash flow | -" in markdown("", [found.report()])


def test_a_scenario_without_money_is_told_what_to_write():
    with pytest.raises(dcsim.DcsimError, match="the scenario has no `finance:` section"):
        dcsim.finance({"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}})


def test_an_answer_is_kept_and_read_back(tmp_path):
    found = dcsim.finance(scenario(costs={"gpus": GPUS}), n=3)
    kept = dcsim.read(found.save(tmp_path / "kept"))
    assert kept._repr_html_() == found._repr_html_()
    assert kept.chart("cash").title == "Cash of all parties runs out by 2024-01-31 in the expected build"
    assert "Not modelled: taxes" in str(kept.report())


@pytest.mark.parametrize(
    ("finance", "said"),
    [
        (
            {"costs": {"x": {"supply": "gpus", "price": "5 EUR"}}},
            "is in EUR: write all amounts in USD",
        ),
        ({"costs": {"x": {"supply": "gpsu", "price": "5 USD"}}}, "no supply 'gpsu'; did you mean 'gpus'"),
        ({"costs": {"x": {"supply": "gpus", "price": "5 USD / h"}}}, "a price for a unit"),
        ({"costs": {"x": {"supply": "gpus", "price": "5"}}}, "a price needs its currency"),
        (
            {"costs": {"x": {"supply": "gpus", "price": "5 USD", "paid": [{"share": "0.5", "when": "ordered"}]}}},
            "add up",
        ),
        (
            {"costs": {"x": {"supply": "gpus", "price": "5 USD", "paid": "start"}}},
            "`when` of a supply must be one of ordered",
        ),
        ({"costs": {"x": {"supply": "gpus", "activity": "work", "price": "5 USD"}}}, "must have one subject"),
        ({"costs": {"x": {"price": "5 USD", "by": "nobody", "date": "2024-01-01"}}}, "no party 'nobody'"),
        ({"assets": {"x": {"life": "5 years"}}}, "no cost 'x'"),
        ({"funding": {"x": {"loan": "5 USD"}}}, "needs `rate`: the yearly interest"),
        ({"funding": {"x": {"loan": "5 USD", "rate": "0.1", "term": "90 d"}}}, "whole months or years"),
        ({"funding": {"x": {"equity": "5 USD", "rate": "0.1"}}}, "needs a `loan`"),
        ({"leases": {"x": {"to": "owner", "term": "1 year", "rent": {"yield": "0.1"}}}}, "no asset 'x'"),
        (
            {
                "costs": {"gpus": GPUS},
                "assets": {"gpus": {"life": "1 year"}},
                "leases": {"gpus": {"to": "owner", "term": "1 year", "rent": "1 USD / h"}},
            },
            "'90M USD / month', is expected here|a party cannot pay itself",
        ),
        (
            {
                "costs": {"x": GPUS},
                "assets": {"x": {"life": "1 year", "new_architecture": {"date": "2025-01-01", "market_value": "0.5"}}},
            },
            "lowers a `market_value`: write it",
        ),
        ({"until": "2023-12"}, "is before the start, 2024-01"),
        ({"until": "2124-12"}, "statements may end at most"),
        ({"funding": {"bank": {**LOAN, "rate": "5.5"}}}, r"a rate of 550 % a year: write 6 % as 0\.06"),
        ({"funding": {f"bank{k}": LOAN for k in range(101)}}, "at most 100 loans, got 101"),
        ({"discount_rate": "12"}, "expected a rate such as 0.12"),
        ({"valuation_date": "9999-01-01"}, "may lie at most 1,200 months from the start, 2024-01"),
        ({"parties": ["owner", "consolidated"]}, "'consolidated' names all parties together already"),
        ({"parties": ["owner", ""]}, "a name is empty"),
        ({"funding": {"owner": LOAN}}, "'owner' names a party already"),
        ({"funding": {"bank": {**LOAN, "term": "100000 years"}}}, "at most 1,200 months, got '100000 years'"),
        (
            {
                "parties": ["owner", "user"],
                "costs": {"gpus": GPUS},
                "assets": {"gpus": {"life": "1 year"}},
                "funding": {"gpus": LOAN},
                "leases": {
                    name: {"asset": "gpus", "to": "user", "term": "1 year", "rent": "1 USD / month"}
                    for name in ("gpus", "again")
                },
            },
            r"(?s)'gpus' names a loan already.*'gpus' is leased by 'gpus' already",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(finance, said):
    with pytest.raises(dcsim.ScenarioError, match=said):
        scenario(**finance)


def test_billions_are_counted_and_more_than_can_be_counted_is_refused():
    found = dcsim.finance(scenario(funding={"seed": {"equity": "6B USD"}}), expected=True)
    assert line(found, "cash flow", "cash")[-1] == 6e9
    with pytest.raises(dcsim.DcsimError, match="money adds up to more than"):
        dcsim.finance(
            scenario(
                costs={"gpus": {"supply": "gpus", "price": "999B USD", "paid": "ordered"}}
                | {name: {"price": "999B USD / month"} for name in "ab"}
            ),
            expected=True,
        )


def test_a_fixed_rate_replaces_a_floating_one():
    bank = {**LOAN, "rate": {"over": "base", "margin": "0.02"}}
    terms = {"costs": {"gpus": GPUS}, "assets": {"gpus": {"life": "5 years"}}, "reference_rates": {"base": "0.1"}}
    built = scenario(**terms, funding={"bank": bank})
    fixed = built.with_({"finance.funding.bank.rate": "{path: {2024-01: 0.06, 2024-04: 0.12}}"})
    rates = [dcsim.finance(one, expected=True).loans["rate"].tolist()[2:4] for one in (built, fixed)]
    assert rates == [pytest.approx([0.12, 0.12]), [0.06, 0.12]]


def test_single_values_and_variants_reach_money():
    built = scenario(costs={"gpus": GPUS})
    cheaper = built.with_({"finance.costs.gpus.price": "{path: {2023-01: 1 USD, 2024-01: 10_000 USD}}"})
    cheaper = cheaper.with_({"finance.costs.gpus.price": "{path: {2024-01: 10_000 USD}}"})
    assert line(dcsim.finance(cheaper, expected=True), "cash flow", "operating costs")[0] == 20_000


# What was reported


def test_reported_figures_stand_beside_simulated_ones():
    reported = {
        "equity": {"figure": "equity", "in": 2024, "amount": "90k USD", "basis": "input", "meaning": "as promised"},
        "burn": {"figure": "burn", "in": 2024, "amount": "1k USD / month"},
        "spent": {"figure": "spending", "in": "2024-02", "amount": "3k USD"},
        "cash": {"figure": "cash", "in": "2024-02", "amount": "80k USD"},
        "profit": {"figure": "first_profitable_year", "in": 2024},
        "out": {"figure": "runs_out", "in": 2025},
    }
    terms = {
        "costs": {"staff": {"price": "2000 USD / month"}},
        "revenue": {"sold": {"supply": "gpus", "price": {"path": {"2024-01": "0 USD", "2025-01": "2 USD"}}}},
        "funding": {"seed": {"equity": "100k USD"}},
    }
    found = dcsim.finance(scenario(**terms, observed=reported), expected=True)
    rows = found.observed.set_index("observed")
    assert rows["expected"].tolist() == [100_000, 2000, 2000, 96_000, 2025, np.inf]
    assert rows["difference"].tolist() == [10_000, 1000, -1000, 16_000, 1, np.inf]
    told = str(found.report())
    assert "burn of owner a month, 2024" in told
    assert ": as promised" in told


# What lenders' terms must not say

LENT = """\
name: Ten GPUs
start: 2024-01-01
supplies: {gpus: {unit: GPU, orders: {all: {amount: 10, lead_time: 31 d}}}}
activities: {work: {duration: 5 d}}
milestones: {here: {supply: gpus, reaches: 10}}
finance:
  currency: USD
  until: 2025-12
  discount_rate: 0.12
  parties: [user, lessor]
  reference_rates:
    sofr: 0.05
  costs:
    gpus: {supply: gpus, price: 30_000 USD, by: lessor}
  revenue:
    sold: {supply: gpus, price: 2 USD}
  assets:
    gpus: {life: 5 years, market_value: {0 months: 1}}
  funding:
    bank:
      loan: 1M USD
      by: lessor
      against: gpus
      rate: {over: sofr, margin: 0.06}
      term: 12 months
      repaid: level
      advance: 0.64
      fee: 0.02
      sweep: 0.5
      reserve: 3 months
      notice: 30 d
      interest_until: here
      covenants:
        dscr: 1.2
        ltv: 0.8
        cure: 90 d
        first_test: 6 months
      default: seize
  leases:
    gpus:
      to: user
      term: 24 months
      rent: {yield: 0.1}
      residual: 0.1
  distributions:
    lessor:
      share: 1
  dscr:
    length: 12 months
  observed:
    cash:
      {figure: cash, in: 2024-03, amount: 5 USD}
"""


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("sofr: 0.05", "sofr: low", "got 'low'"),
        ("{over: sofr, margin: 0.06}", "{over: libor, margin: 0.06}", "no reference rate 'libor'.*sofr"),
        ("{over: sofr, margin: 0.06}", "{over: sofr}", "write a floating rate as {over: sofr, margin: 0.06}"),
        ("term: 12 months", "term: 90 d", "expected whole months or years such as '36 months'"),
        ("repaid: level", "repaid: sculpted", "goes with `repaid: sculpted`, such as 1.3"),
        ("repaid: level", "sculpted_to: 1.3", "goes with `repaid: sculpted`, such as 1.3"),
        ("repaid: level", "repaid: never", "level"),
        ("advance: 0.64", "advance: 64", "must be between 0 and 1"),
        ("fee: 0.02", "fee: 2", "must be between 0 and 1"),
        ("fee: 0.02", "commitment_fee: 2", "must be between 0 and 1"),
        ("sweep: 0.5", "sweep: 1.5", "must be between 0 and 1"),
        ("reserve: 3 months", "reserve: 10 d", "expected whole months or years"),
        ("notice: 30 d", "notice: soon", "expected a span such as '18 weeks'"),
        ("interest_until: here", "interest_until: hre", "no milestone 'hre'; did you mean 'here'"),
        ("dscr: 1.2", "dscr: 0", "a ratio above 0"),
        ("ltv: 0.8", "ltv: 0", "a ratio above 0"),
        ("ltv: 0.8", "tested: weekly", "'monthly'"),
        ("cure: 90 d", "cure: -1 d", "must not be negative|expected"),
        ("first_test: 6 months", "first_test: 5 d", "expected whole months or years"),
        ("against: gpus", "against: gpu", "no asset 'gpu'; did you mean 'gpus'"),
        ("default: seize", "default: sue", "'none' or 'seize'|none"),
        ("to: user", "to: usr", "no party 'usr'; did you mean 'user'"),
        ("to: user", "to: lessor", "a party does not pay itself"),
        ("term: 24 months", "term: 24 d", "expected whole months or years"),
        ("rent: {yield: 0.1}", "rent: {yield: 0.1, per: month}", "is written {yield: 0.1"),
        ("rent: {yield: 0.1}", "rent: 5 USD / h", "'90M USD / month', is expected here"),
        ("residual: 0.1", "residual: 10", "must be between 0 and 1"),
        ("share: 1", "share: 2", "must be between 0 and 1"),
        ("length: 12 months", "length: 12 d", "expected whole months or years"),
        ("in: 2024-03", "in: March", "expected a year such as 2025, or a month such as 2025-03"),
        ("in: 2024-03", "in: 2023-03", "2023-03 lies outside of the statements"),
        ("amount: 5 USD}", "basis: result}", "needs the reported amount"),
        ("figure: cash", "figure: payback", "an event has none"),
        ("figure: cash", "figure: cash, source: X1", "no source 'X1'"),
    ],
)
def test_terms_that_make_no_sense_are_refused_where_they_stand(tmp_path, written, instead, said):
    assert LENT.count(written) == 1
    text = LENT.replace(written, instead)
    before = text[: text.index(instead)].split("\n")
    entry = max(number for number, row in enumerate(before, 1) if re.match(r" {2,4}\w", row))
    file = tmp_path / "terms.yaml"
    file.write_text(text)
    with pytest.raises(dcsim.ScenarioError, match=said) as refused:
        dcsim.load(file)
    lines = {problem.line for problem in refused.value.problems}
    assert lines & {len(before), entry}, "where it stands, or where its entry begins if something is missing"
    assert "terms.yaml" in str(refused.value)


def test_the_terms_that_are_changed_above_are_fine(tmp_path):
    file = tmp_path / "terms.yaml"
    file.write_text(LENT)
    assert not dcsim.load(file).warnings


# What is chosen, and what is written down


def test_options_and_mitigations_cost_what_they_say():
    base = scenario(costs={"gpus": GPUS})
    asked = base.document.values | {
        "options": {"early": {"cost": "5k USD", "changes": {"activities": {"work": {"duration": "4 d"}}}}},
        "risks": {"rain": {"effects": {"activities.work": 2}, "mitigation": {"cost": "3k USD", "probability": 0}}},
    }
    both = dcsim.load(asked, options=["early"], mitigate=["rain"])
    paid = [line(dcsim.finance(one, expected=True), "cash flow", "operating costs")[0] for one in (base, both)]
    assert paid[1] - paid[0] == 8000
    euro = dcsim.load(
        asked | {"options": {"early": {**asked["options"]["early"], "cost": "5k EUR"}}}, options=["early"]
    )
    with pytest.raises(dcsim.DcsimError, match="cost of 'early' is in EUR: write all amounts in USD"):
        dcsim.finance(euro, expected=True)


def reckoned(sheet, formula):
    """The value of a formula of sums and differences of cells of a sheet of values."""

    def cell(found):
        return str(sheet[found.group()].value or 0)

    def added(found):
        return str(sum(one.value or 0 for row in sheet[found.group(1)] for one in row))

    text = re.sub(r"SUM\(([A-Z]+\d+:[A-Z]+\d+)\)", added, formula.removeprefix("="))
    return eval(re.sub(r"\b[A-Z]{1,3}\d+\b", cell, text).replace("ROUND", "round"))


def test_a_workbook_adds_up_by_itself(tmp_path):
    """Each formula gives the value beside it, which is that of the statements; balances differ by nothing."""
    found = dcsim.finance(vehicle({**RISKY, "fee": "0.01", "reserve": "2 months"}), expected=True)
    path = report(found, path=tmp_path / "money.xlsx")
    formulas, values = (openpyxl.load_workbook(path, data_only=values) for values in (False, True))
    assert values.sheetnames[-4:] == ["Cash flow", "Income", "Balance sheet", "Loans by month"]
    counted = dict.fromkeys(values.sheetnames, 0)
    for sheet in formulas:
        for cell in (cell for row in sheet for cell in row if cell.data_type == "f"):
            value = values[sheet.title][cell.coordinate].value
            assert value == pytest.approx(reckoned(values[sheet.title], cell.value), abs=0.005)
            counted[sheet.title] += 1
    months = 24
    assert [counted[name] for name in values.sheetnames[-4:]] == [3 * 2 * months, 3 * months, 3 * 3 * months, months]
    assert counted["Money"] == 2 + 2
    for statement, name, sign in (
        ("Cash flow", "cash", 1),
        ("Cash flow", "investment", -1),
        ("Income", "interest", -1),
    ):
        rows = [list(row[1:]) for row in values[statement].iter_rows(values_only=True) if row[0] == name]
        for party, row in zip(("user", "owner", TOGETHER), rows, strict=True):
            assert row == [sign * amount for amount in line(found, statement.lower(), name, party)]
    rows = [row for row in values["Balance sheet"].iter_rows(values_only=True) if row[0] == "difference"]
    assert [set(row[1:]) for row in rows] == [{0}] * 3
    heads = [cell for row in values["Loans by month"] for cell in row[1:2] if row[0].value == "amount"]
    assert [(head.value, head.number_format) for head in heads] == [(pd.Timestamp("2024-01-01"), "yyyy-mm")]
    formats = {row[0].value: row[3].number_format for row in values["Loans by month"] if row[0].value}
    assert formats | {"balance": "#,##0.00", "rate": "0.0%", "LTV": "0.0%", "DSCR": "0.00"} == formats


def test_the_first_sheet_of_a_workbook_has_numbers_and_dates(tmp_path):
    built = vehicle(RISKY).with_({"finance.rent_instead": {"it": {"supply": "gpus", "units": 9, "price": "2 USD / h"}}})
    found = dcsim.finance(built, n=4, engine="reference")
    sheet = openpyxl.load_workbook(report(found, path=tmp_path / "money.xlsx"))["Money"]
    rows = {row[0].value: row[1:] for row in reversed(list(sheet)) if isinstance(row[0].value, str)}
    npv, cover, gap = (
        rows[name][0] for name in ("NPV of free cash flow", "lowest DSCR", "cash runs out, parties netted")
    )
    assert (npv.value, npv.number_format) == (pytest.approx(figure(found, "npv")["expected"]), "#,##0.00")
    assert (cover.value, cover.number_format) == (pytest.approx(figure(found, "dscr_min")["expected"]), "0.00")
    event = found.events.set_index(["party", "event"])["expected"]
    assert (gap.value, gap.number_format) == (event[TOGETHER, "runs_out"], "yyyy-mm")
    assert rows["break-even"][0].value == "never"
    assert [cell.value for cell in rows["USD"][:2]] == [2024, 2025]
    assert rows["operating costs"][0].value == -sum(line(found, "cash flow", "operating costs")[:12])
    assert rows["it: break-even rental price, an hour"][0].number_format == "0.00"
    words = {cell.value for name, cells in rows.items() if "NPV" in name or "IRR" in name for cell in cells}
    assert {word for word in words if isinstance(word, str)} <= {"none"}


@pytest.mark.slow
def test_owning_saves_what_its_hours_would_cost_to_rent():
    """Ten GPUs are wanted all year and there from February; they cost 1,000 a month, or 2 USD an hour of use."""
    wanted = {"supply": "gpus", "units": 10, "price": "2 USD / h", "utilisation": "0.5"}
    terms = {"costs": {"staff": {"price": "1000 USD / month"}}, "discount_rate": "0", "until": "2024-12"}
    found = dcsim.finance(scenario(**terms, rent_instead={"it": wanted}), expected=True)
    here, all_ = 335 * 240, 366 * 240
    rows = found.own_or_rent.set_index("figure")["expected"]
    assert rows["rent"] == pytest.approx(all_)
    assert rows["own"] == pytest.approx(12_000 + all_ - here)
    assert rows["saved"] == pytest.approx(here - 12_000)
    assert rows["price"] == pytest.approx(12_000 / (here / 2))
    assert rows["utilisation"] == pytest.approx(0.5 * 12_000 / here)
    assert rows["right"] == 1
    assert "it: owning was right" in str(found.report())
    terms["costs"] |= {"gpus": GPUS}
    named = scenario(**terms, assets=OWNED, rent_instead={"it": {**wanted, "costs": "gpus"}})
    book = 300_000 - 10 * 5000
    owned = dcsim.finance(named, expected=True).own_or_rent.set_index("figure")["expected"]
    assert owned["saved"] == pytest.approx(here - 300_000 + book)
    del terms["costs"]["gpus"]
    for key, value in (("price", 12_000 / (here / 2)), ("utilisation", 0.5 * 12_000 / here)):
        even = scenario(**terms, rent_instead={"it": {**wanted, key: f"{value:.9f}" + " USD" * (key == "price")}})
        assert dcsim.finance(even, expected=True).own_or_rent["expected"][2] == pytest.approx(0, abs=0.01)


def test_two_loans_and_a_lease_are_those_of_a_spreadsheet():
    """A vehicle leases ten GPUs of 1 February out for two years and owes a senior annuity and a junior straight loan.

    The rent is the annuity of 300k at 1 % a month less a residual of 10 %; the senior loan is half of the cost at
    0.75 % a month, the junior a fifth at 1 %; market value falls by 2 % of the cost a month.
    """
    senior = {"loan": "1M USD", "against": "gpus", "advance": "0.5", "rate": "0.09", "term": "24 months"}
    junior = {
        **senior,
        "by": "owner",
        "advance": "0.2",
        "rate": "0.12",
        "repaid": "straight",
        "covenants": {"ltv": "0.68"},
    }
    terms = {
        "until": "2026-03",
        "parties": ["owner", "user"],  # who borrows the senior loan is not said: the first
        "costs": {"gpus": {**GPUS, "by": "owner", "paid": "delivered"}},
        "assets": {
            "gpus": {"life": "5 years", "market_value": {"0 months": 1, "24 months": "0.52"}, "between": "linear"}
        },
        "funding": {"senior": senior, "junior": junior},
        "leases": {
            "gpus": {"from": "owner", "to": "user", "term": "24 months", "rent": {"yield": "0.12"}, "residual": "0.1"}
        },
        "dscr": {"length": "1 month"},
    }
    answer = dcsim.finance(scenario(**terms), party="owner", expected=True)
    loans = {name: part.set_index("month") for name, part in answer.loans.groupby("loan")}
    months, v = np.arange(1, 25), 1.01**-24
    rent = 300_000 * 0.01 * (1 - 0.1 * v) / (1 - v)
    annuity = 150_000 * 0.0075 / (1 - 1.0075**-24)
    owed_senior = 150_000 * 1.0075**months - annuity * (1.0075**months - 1) / 0.0075
    owed_junior = 60_000 * (1 - months / 24)
    service = annuity + 2_500 + 0.01 * (owed_junior + 2_500)
    value = 300_000 * (1 - 0.02 * months)
    rows = slice(2, 26)
    close = {"rtol": 1e-5, "atol": 0.5}
    np.testing.assert_allclose(line(answer, "cash flow", "from parties", "owner")[2:26], rent, **close)
    np.testing.assert_allclose(loans["senior"]["balance"][rows], owed_senior, **close)
    np.testing.assert_allclose(loans["junior"]["balance"][rows], owed_junior, **close)
    np.testing.assert_allclose(loans["senior"]["dscr"][rows], rent / annuity, rtol=1e-4)
    np.testing.assert_allclose(loans["junior"]["dscr"][rows], rent / service, rtol=1e-4)
    combined, last = (owed_senior + owed_junior) / value, slice(2, 25)  # with the last instalment nothing is owed
    np.testing.assert_allclose(loans["senior"]["ltv"][last], (owed_senior / value)[:-1], rtol=1e-4)
    for ratio in ("ltv", "forced_ltv"):
        np.testing.assert_allclose(loans["junior"][ratio][last], combined[:-1], rtol=1e-4)
    # the covenant of the junior loan is broken at the first test, that of March
    breach = answer.events.set_index(["party", "event"])["expected"]["junior", "breach"]
    assert (f"{breach:%Y-%m}", combined[0] > 0.68) == ("2024-03", True)


def test_few_networks_are_kept_with_the_stocks_of_their_supplies():
    class Small:
        def __init__(self):
            self.stocks = [SimpleNamespace(name=name, place="site") for name in ("gpus", "racks", "gpus")]

    networks = WeakSet()
    for _ in range(20):
        networks.add(network := Small())
        assert [stocks_of(network, supply, None) for supply in ("gpus", "racks")] == [(0, 2), (1,)]
    gc.collect()
    assert len(networks) <= 9  # the last is still in use
