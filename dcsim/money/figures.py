"""What lenders and owners ask of the books: value, return, gap, payback, cover of debt; one number per replication."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dcsim.money.books import COSTS, Books, Party
from dcsim.money.loans import Loan, tests
from dcsim.money.months import YEAR, Floats, Ints, Months
from dcsim.money.returns import irr, npv, years
from dcsim.money.waterfall import cover_ratio, loan_to_value, secured
from dcsim.scenario.finance import TOGETHER, Finance
from dcsim.scenario.schema import Scenario

NEVER = np.inf
"""The month of what does not happen."""

MONEY = {
    "npv": "NPV of free cash flow",
    "npv_with_residual": "NPV with assets sold at the end",
    "funding_gap": "funding gap",
    "interest_capitalised": "interest added to loans",
    "interest_paid": "interest paid",
    "rents_owed": "rents owed at the end",
    "rents_written_off": "rents written off",
}
RATIOS = {
    "irr": "IRR of free cash flow",
    "irr_with_residual": "IRR with assets sold at the end",
    "irr_equity": "IRR of equity",
    "dscr_headroom": "cash that may fall until the DSCR covenant breaks",
    "ltv_headroom": "value that may fall until the LTV covenant breaks",
    "loss_given_default": "loss given default",
    "lease_agreed": "rate of the lease by contract",
    "lease_realised": "realised rate of the lease",
}
FORECASTS = {
    "llcr_forecast_min": "lowest LLCR, expected cash",
    "plcr_forecast_min": "lowest PLCR, expected cash",
}
COVER = {
    "dscr_min": "lowest DSCR",
    "ltv_max": "highest LTV",
    "llcr_min": "lowest LLCR, cash as it came",
    "plcr_min": "lowest PLCR, cash as it came",
    **FORECASTS,
    "average_life": "average life, years",
}
LIFE_COVERS = ("llcr_min", "plcr_min", *FORECASTS)
EVENTS = {
    "runs_out": "cash runs out",
    "rent_missed": "a rent is missed",
    "gap_month": "gap is largest",
    "first_profit": "first profitable month",
    "first_profitable_year": "first profitable year",
    "break_even": "break-even",
    "ready": "interest is added until",
    "breach": "breach",
    "default": "default",
    "acceleration": "acceleration",
    "repaid": "debt is repaid",
    "payback": "payback",
}
CHANCES = {
    "runs_out_chance": "chance that cash runs out",
    "breach_chance": "chance of a breach",
    "default_chance": "chance of a default",
}
"""Of each replication 1 where it happens, 0 where it does not: their mean is the chance."""
MORE_IS_BETTER = frozenset(
    (
        "npv",
        "npv_with_residual",
        "irr",
        "irr_with_residual",
        "irr_equity",
        "dscr_headroom",
        "ltv_headroom",
        "dscr_min",
        "lease_agreed",
        "lease_realised",
    )
) | {*LIFE_COVERS, "runs_out", "gap_month", "rent_missed", "breach", "default", "acceleration"}
"""Figures of which more, and events of which a later date, is welcome."""
FREE = ("revenue", "from parties", "operating costs", "to parties", "investment", "assets sold")
"""The lines of free cash flow."""
Forecast = Mapping[str, tuple[Ints, Floats]]
"""Of each loan, what the expected build has by month: the cash for debt service of its borrower, and its interest."""


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of one party, each with one value per replication."""

    values: dict[str, Floats]
    """Money in units of the currency, ratios, and months counted from the first; infinite for never."""
    words: Mapping[str, list[str]]
    """Of a rate, why a replication has none; empty where it has."""
    dscr: Floats
    """Replications by months; not a number where no debt was due."""
    ltv: Floats
    """Of a loan, alike; not a number where nothing is owed."""
    llcr: Floats
    present: Mapping[str, Floats] = field(default_factory=dict)
    """What each line of free cash flow adds to the NPV, or takes from it."""

    @property
    def without_months(self) -> "Figures":
        """The same without the monthly values."""
        return replace(self, dscr=self.dscr[:0], ltv=self.ltv[:0], llcr=self.llcr[:0])


def forecast_of(finance: Finance, books: Books) -> Forecast:
    """What a lender expects of each loan, from the books of the expected build."""
    cash = {name: party.covering(finance.dscr.cfads) for name, party in books.parties.items()}
    return {name: (cash[finance.party(loan.terms.by)], loan.offer.period) for name, loan in books.loans.items()}


def figures_of(
    scenario: Scenario, finance: Finance, books: Books, months: Months, forecast: Forecast
) -> dict[str, Figures]:
    """The figures of every party, of all of them together, and of every loan, by name."""
    at, rate = years(months.ends, finance.valuation_date or scenario.start), float(finance.discount_rate)
    loans: dict[str, Figures] = {}
    lent: dict[str, list[Loan]] = {name: [] for name in (*finance.parties, TOGETHER)}
    for name, loan in books.loans.items():
        borrower = finance.party(loan.terms.by)
        lent[borrower].append(loan)
        lent[TOGETHER].append(loan)
        loans[name] = _of_loan(books, finance, months, books.parties[borrower], lent[borrower], forecast[name])
        values, present = _of_lender(loan, at, rate)
        loans[name].values.update(values)
        loans[name] = replace(loans[name], present=present)
    figures = {}
    for name, party in books.parties.items():
        owned = [asset.value for asset in books.owned.values() if name in (asset.owner, TOGETHER)]
        value = np.asarray(sum(owned, np.zeros_like(party.free)))
        cover = cover_ratio(party.covering(finance.dscr.cfads), party.incurred["service"], finance.dscr)
        figures[name] = _of_party(party, at, rate, months, value, cover)
        figures[name].values.update(_worst([loans[loan.name].values for loan in lent[name]], lent[name], len(value)))
        figures[name].values.update(_missed(books, name))
    leases = {name: _of_lease(books, name) for name in books.rents}
    for either in (figures | loans).values():
        for name in CHANCES:
            if (event := name.removesuffix("_chance")) in either.values:
                either.values[name] = np.isfinite(either.values[event]).astype(np.float64)
    return figures | loans | leases


def _of_lease(books: Books, name: str) -> Figures:
    """What a lessor earns by contract, and with what was paid."""
    rents, paid = books.rents[name], books.rents_paid[name]
    realised, words = rents.realised(paid)
    values = {"lease_agreed": rents.agreed, "lease_realised": realised, **_missed(books, name)}
    return Figures(values, {"lease_realised": words}, *np.full((3, *paid.shape), np.nan))


def _missed(books: Books, party: str) -> dict[str, Floats]:
    """Rents of a party, or of a lease, that were missed, are owed, or were written off; nothing where none may be
    missed."""
    names = [name for name, rents in books.rents.items() if rents.misses]
    if not names:
        return {}
    here = [name for name in names if party in (name, books.rents[name].lessor, books.rents[name].lessee, TOGETHER)]
    none = np.zeros_like(books.rents_owed[names[0]])
    owed = np.asarray(sum((books.rents_owed[name] for name in here), none))
    missed = np.asarray(sum((books.rents_missed(name) for name in here), none))
    written_off = missed[:, -1] - owed[:, -1]
    return {"rents_owed": owed[:, -1] / 100, "rents_written_off": written_off / 100, "rent_missed": first(missed > 0)}


def _of_lender(loan: Loan, at: Floats, rate: float) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The NPV of what comes back to a lender less what was lent, with what is owed in the last month, and its parts."""
    repaid = loan.repaid.copy()
    repaid[:, -1] += loan.balance[:, -1]
    flows = {"loans drawn": -loan.drawn, "loan fees": loan.fee, "interest paid": loan.interest, "loans repaid": repaid}
    present = {line: npv(flow, at, np.array([rate])) / 100 for line, flow in flows.items()}
    return {"npv": np.asarray(sum(present.values()))}, present


def _of_party(party: Party, at: Floats, rate: float, months: Months, value: Ints, cover: Floats) -> Figures:
    flows, cash = party.free, party.cash_flow["cash"]
    sold = flows.copy()
    sold[:, -1] += value[:, -1]
    owners = party.flows["distributions"] - party.flows["equity"]
    sheet = party.balance
    owners[:, -1] += value[:, -1] + cash[:, -1] + sheet["reserve accounts"][:, -1] - sheet["loans"][:, -1]
    rates, words = irr(np.concatenate([flows, sold, owners]), at)
    names, n = ("irr", "irr_with_residual", "irr_equity"), len(flows)
    reasons = {name: words[k * n : (k + 1) * n] for k, name in enumerate(names)}
    lowest = cash.min(axis=1)
    profit, discount = party.income["net income"], np.array([rate])
    values = {
        "npv": npv(flows, at, discount) / 100,
        "npv_with_residual": npv(sold, at, discount) / 100,
        "funding_gap": np.maximum(-lowest, 0) / 100,
        "interest_capitalised": party.incurred["added"].sum(axis=1) / 100,
        "interest_paid": party.flows["interest paid"].sum(axis=1) / 100,
        **dict(zip(names, np.split(rates, 3), strict=True)),
        "dscr_min": _least(cover),
        "runs_out": first(cash < 0),
        "gap_month": np.where(lowest < 0, cash.argmin(axis=1), NEVER),
        "first_profit": first(profit > 0),
        "first_profitable_year": _first_year(profit, months),
        "break_even": payback(profit),
        "payback": payback(flows),
    }
    signed = {line: party.flows[line] * (-1 if line in COSTS else 1) for line in FREE}
    present = {line: npv(flow, at, discount) / 100 for line, flow in signed.items()}
    return Figures(values, reasons, cover, np.full(cash.shape, np.nan), np.full(cash.shape, np.nan), present)


def _tested(loan: Loan, months: Months) -> NDArray[np.bool_]:
    """Where covenants of a loan are tested: on the dates of its tests, and not after it was accelerated."""
    asked, month = loan.terms.covenants, np.arange(months.count)
    since = loan.first + int(asked.first_test.months)
    return tests(asked, months) & (month >= since[:, None]) & (month <= loan.acceleration[:, None])


def _of_loan(
    books: Books, finance: Finance, months: Months, party: Party, senior: list[Loan], forecast: tuple[Ints, Floats]
) -> Figures:
    """The figures of the last of these loans; the others are served before it."""
    loan, cash = senior[-1], party.covering(finance.dscr.cfads)
    n, count = cash.shape
    due, owed = (sum((getattr(loan, key) for loan in senior), np.zeros_like(cash)) for key in ("service", "balance"))
    cover = cover_ratio(cash, np.asarray(due), finance.dscr)
    value = sum((books.owned[name].value for name in loan.terms.against), np.zeros_like(cash))
    charged = sum((before.balance for before in secured(loan, senior)), np.zeros_like(cash))
    ratio = loan_to_value(np.asarray(charged), np.asarray(value)) if loan.terms.against else np.full((n, count), np.nan)
    assert loan.terms.term is not None
    last = loan.first + int(loan.terms.term.months)
    covers = [
        _life_cover(*path, np.asarray(owed), until)
        for path in ((cash, loan.offer.period), forecast)
        for until in (last, last * 0 + count)
    ]
    asked, least, most = loan.terms.covenants, _least(cover), -_least(-ratio)
    tested = _tested(loan, months)
    least_tested, most_tested = _least(np.where(tested, cover, np.nan)), -_least(np.where(tested, -ratio, np.nan))
    time = np.maximum(np.arange(count) - loan.first[:, None], 0) / YEAR
    missing = np.full(n, np.nan)
    values = {
        "interest_capitalised": loan.added.sum(axis=1) / 100,
        "interest_paid": loan.interest.sum(axis=1) / 100,
        "dscr_min": least,
        "ltv_max": most,
        **dict(zip(LIFE_COVERS, map(_least, covers), strict=True)),
        "average_life": np.where(
            loan.repaid.any(axis=1), (loan.repaid * time).sum(axis=1) / np.maximum(loan.repaid.sum(axis=1), 1), np.nan
        ),
        "dscr_headroom": _room(float(asked.dscr), least_tested) if asked.dscr is not None else missing,
        "ltv_headroom": _room(most_tested, np.full(n, float(asked.ltv))) if asked.ltv is not None else missing,
        "loss_given_default": loan.lost,
        "breach": _dated(loan.breach, count),
        "default": _dated(loan.default, count),
        "acceleration": _dated(loan.acceleration, count),
        "repaid": np.where(
            loan.drawn.any(axis=1) & (loan.balance[:, -1] == 0) & ~loan.forgiven.any(axis=1),
            count - 1 - np.argmax(loan.repaid[:, ::-1] > 0, axis=1),
            NEVER,
        ),
    }
    if loan.terms.interest_until is not None:
        values["ready"] = _dated(loan.offer.ready, count)
    return Figures(values, {}, cover, ratio, covers[0])


def _worst(loans: list[dict[str, Floats]], lent: list[Loan], n: int) -> dict[str, Floats]:
    """Of a party with these loans: its worst ratios, its first breach, and what all its lenders lose."""
    worst_of: dict[str, Floats] = {}
    for names, worst in (
        ((*LIFE_COVERS, "dscr_headroom", "ltv_headroom", "breach", "default", "acceleration"), np.fmin),
        (("ltv_max", "repaid"), np.fmax),
    ):
        for name in names:
            empty = np.full(n, np.inf if name in EVENTS else np.nan)
            worst_of[name] = worst.reduce([loan[name] for loan in loans]) if loans else empty
    claimed, lost = (
        np.asarray(sum((part for part in parts), np.zeros(n)))
        for parts in ([loan.claimed for loan in lent], [loan.forgiven.sum(axis=1) for loan in lent])
    )
    repaid, time = np.zeros(n), np.zeros(n)
    for figures_of_loan, loan in zip(loans, lent, strict=True):
        principal = loan.repaid.sum(axis=1)
        repaid, time = repaid + principal, time + principal * np.nan_to_num(figures_of_loan["average_life"])
    worst_of["loss_given_default"] = np.where(claimed > 0, lost / np.maximum(claimed, 1), np.nan)
    worst_of["average_life"] = np.where(repaid > 0, time / np.maximum(repaid, 1), np.nan)
    return worst_of


def _room(least: Floats | float, value: Floats) -> Floats:
    """The part by which a value may fall until it is the least; not a number where there is none above zero."""
    ratio = least / np.where(value > 0, value, np.nan)
    return np.where(np.isfinite(ratio), 1 - ratio, np.nan)


def _dated(month: Ints, count: int) -> Floats:
    return np.where(month < count, month, NEVER)


def _life_cover(cash: Ints, period: Floats, owed: Ints, last: Ints) -> Floats:
    """Loan life (or, to the last month of the statements, project life) cover ratio, by month: the value of the cash
    for debt service from the next month to the last instalment, at the rate of the loan, / what is owed.

    What is owed is that of this loan and of those before it. Not a number where nothing is. Yescombe, Principles of
    Project Finance, 2nd ed. 2014, ch. 12.
    """
    value, cover = np.zeros(len(owed)), np.zeros(owed.shape)
    for month in range(owed.shape[1] - 1, -1, -1):
        cover[:, month] = value
        value = (value + np.where(month <= last, cash[:, month], 0)) / (1 + period[:, month])
    return np.where(owed > 0, cover / np.maximum(owed, 1), np.nan)


def payback(flows: Ints) -> Floats:
    """The first month from whose end the sum of free cash flow is never negative again; never if it ends so."""
    below = np.cumsum(flows, axis=1) < 0
    last = below.shape[1] - np.argmax(below[:, ::-1], axis=1)
    return np.where(~below.any(axis=1) | below[:, -1], NEVER, last)


def first(is_true: NDArray[np.bool_]) -> Floats:
    """The first month in which something is so."""
    return np.where(is_true.any(axis=1), is_true.argmax(axis=1), NEVER)


def _first_year(profit: Ints, months: Months) -> Floats:
    """The first month of the first calendar year with a profit; part of a year counts as one."""
    of = np.array([month.year for month in months.begins[:-1]])
    starts = np.flatnonzero(np.diff(of, prepend=0))
    sums = np.add.reduceat(profit, starts, axis=1)
    number = first(sums > 0)
    return np.where(np.isfinite(number), starts[np.where(np.isfinite(number), number, 0).astype(int)], NEVER)


def _least(values: Floats) -> Floats:
    least = np.where(np.isnan(values), np.inf, values).min(axis=1)
    return np.where(np.isnan(values).all(axis=1), np.nan, least)


def sources_and_uses(party: Party) -> tuple[Mapping[str, Ints], Mapping[str, Ints]]:
    """Where all money came from and where it went, by replication; the two are equal.

    What is left is a use; what is missing at the end a source that nobody has promised.
    """
    total = {line: flow.sum(axis=1) for line, flow in party.flows.items()}
    end = party.cash_flow["cash"][:, -1]
    sources = {line: total[line] for line in ("equity", "loans drawn", "revenue", "from parties", "assets sold")}
    lines = (
        "investment",
        "operating costs",
        "to parties",
        "loan fees",
        "interest paid",
        "loans repaid",
        "distributions",
    )
    uses = {line: total[line] for line in lines}
    left = {"in reserve": total["to reserve"], "cash left": np.maximum(end, 0)}
    return sources | {"missing": np.maximum(-end, 0)}, uses | left
