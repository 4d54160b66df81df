"""What lenders and owners ask of the books: value, return, gap, payback, cover of debt; one number per replication."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dcsim.money.books import TOGETHER, Books, Party
from dcsim.money.months import Floats, Ints, Months
from dcsim.money.returns import irr, npv, years
from dcsim.scenario.finance import Finance
from dcsim.scenario.schema import Scenario

NEVER = np.inf
"""The month of what does not happen."""
YEAR = 12

MONEY = {
    "npv": "NPV of free cash flow",
    "npv_with_residual": "NPV with assets sold at the end",
    "funding_gap": "funding gap",
    "interest_capitalised": "interest added to loans",
    "interest_paid": "interest paid",
}
RATIOS = {"irr": "IRR of free cash flow", "irr_with_residual": "IRR with assets sold at the end"}
COVER = {"dscr_min": "lowest DSCR", "ltv_max": "highest LTV"}
EVENTS = {
    "runs_out": "cash runs out",
    "gap_month": "gap is largest",
    "first_profit": "first profitable month",
    "first_profitable_year": "first profitable year",
    "payback": "payback",
}


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of one party, each with one value per replication."""

    values: dict[str, Floats]
    """Money in units of the currency, ratios, and months counted from the first; infinite for never."""
    words: list[str]
    """Why a replication has no IRR; empty where it has."""
    dscr: Floats
    """Replications by months; not a number where no debt was due in twelve months."""


def figures_of(scenario: Scenario, finance: Finance, books: Books, months: Months) -> dict[str, Figures]:
    """The figures of every party, and of all of them together."""
    rate = np.array([float(finance.discount_rate)])
    at = years(months.ends, finance.valuation_date or scenario.start)
    owned: dict[str, list[str]] = {name: [] for name in finance.parties}
    for name, asset in finance.assets.items():
        owned[finance.costs[(asset.costs or (name,))[0]].by or finance.parties[0]].append(name)
    lent: dict[str, list[str]] = {name: [] for name in finance.parties}
    for name in books.loans:
        lent[finance.funding[name].by or finance.parties[0]].append(name)
    owned[TOGETHER], lent[TOGETHER] = list(finance.assets), list(books.loans)
    return {
        name: _figures(party, at, rate, books, months, finance, owned[name], lent[name])
        for name, party in books.parties.items()
    }


def _figures(
    party: Party,
    at: Floats,
    rate: Floats,
    books: Books,
    months: Months,
    finance: Finance,
    owned: list[str],
    lent: list[str],
) -> Figures:
    flows, cash = party.free, party.cash_flow["cash"]
    sold = flows.copy()
    sold[:, -1] += sum((books.market[name][:, -1] for name in owned), np.zeros(len(flows), np.int64))
    returned, words = irr(flows, at)
    lowest = cash.min(axis=1)
    cover = dscr(party)
    ratios = [ltv(books, name, finance.funding[name].against) for name in lent if finance.funding[name].against]
    profit = party.income["net income"]
    values = {
        "npv": npv(flows, at, rate) / 100,
        "npv_with_residual": npv(sold, at, rate) / 100,
        "funding_gap": np.maximum(-lowest, 0) / 100,
        "interest_capitalised": party.incurred["added"].sum(axis=1) / 100,
        "interest_paid": party.flows["interest paid"].sum(axis=1) / 100,
        "irr": returned,
        "irr_with_residual": irr(sold, at)[0],
        "dscr_min": _least(cover),
        "ltv_max": -_least(-np.concatenate(ratios, axis=1)) if ratios else np.full(len(flows), np.nan),
        "runs_out": first(cash < 0),
        "gap_month": np.where(lowest < 0, cash.argmin(axis=1), NEVER),
        "first_profit": first(profit > 0),
        "first_profitable_year": _first_year(profit, months),
        "payback": payback(flows),
    }
    return Figures(values, words, cover)


def dscr(party: Party) -> Floats:
    """Debt service cover ratio of the last twelve months: cash from operations / (interest paid + principal repaid).

    Cash from operations (CFADS) is what was earned less running costs, before investment. Not a number where nothing
    was due in these months. Yescombe, Principles of Project Finance, 2nd ed. 2014, ch. 12.
    """
    due = party.flows["interest paid"] + party.flows["loans repaid"]
    over, under = (_trailing(flow) for flow in (party.operating, due))
    return np.where(under > 0, over / np.maximum(under, 1), np.nan)


def ltv(books: Books, loan: str, against: tuple[str, ...]) -> Floats:
    """Loan to value: what is owed after the payments of the month / the market value of the assets lent against.

    Infinite where nothing is there to be sold, not a number where nothing is owed.
    """
    owed = books.loans[loan].balance
    value = sum((books.market[name] for name in against), np.zeros_like(owed))
    ratio = np.where(value > 0, owed / np.maximum(value, 1), np.inf)
    return np.where(owed > 0, ratio, np.nan)


def payback(flows: Ints) -> Floats:
    """The first month from whose end the sum of free cash flow is never negative again; never if it ends so."""
    below = np.cumsum(flows, axis=1) < 0
    last = below.shape[1] - np.argmax(below[:, ::-1], axis=1)
    return np.where(~below.any(axis=1) | below[:, -1], NEVER, last)


def first(there: NDArray[np.bool_]) -> Floats:
    """The first month in which something is so."""
    return np.where(there.any(axis=1), there.argmax(axis=1), NEVER)


def _first_year(profit: Ints, months: Months) -> Floats:
    """The first month of the first calendar year with a profit; part of a year counts as one."""
    of = np.array([month.year for month in months.begins[:-1]])
    starts = np.flatnonzero(np.diff(of, prepend=0))
    sums = np.add.reduceat(profit, starts, axis=1)
    number = first(sums > 0)
    return np.where(np.isfinite(number), starts[np.where(np.isfinite(number), number, 0).astype(int)], NEVER)


def _trailing(flow: Ints) -> Ints:
    total = np.cumsum(flow, axis=1)
    return total - np.pad(total, ((0, 0), (YEAR, 0)))[:, : flow.shape[1]]


def _least(values: Floats) -> Floats:
    least = np.where(np.isnan(values), np.inf, values).min(axis=1)
    return np.where(np.isnan(values).all(axis=1), np.nan, least)


def sources_and_uses(party: Party) -> tuple[Mapping[str, Ints], Mapping[str, Ints]]:
    """Where all money came from and where it went, by replication; the two are equal.

    What is left is a use; what is missing at the end a source that nobody has promised.
    """
    total = {line: flow.sum(axis=1) for line, flow in party.flows.items()}
    end = party.cash_flow["cash"][:, -1]
    sources = {line: total[line] for line in ("equity", "loans drawn", "revenue", "from parties")}
    lines = ("investment", "operating costs", "to parties", "loan fees", "interest paid", "loans repaid")
    uses = {line: total[line] for line in lines}
    return sources | {"missing": np.maximum(-end, 0)}, uses | {"cash left": np.maximum(end, 0)}
