"""The books of every party: cash flow, income and balance by month, in whole cents, in each replication."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from dcsim.money.assets import Market, Rents, depreciation, rents
from dcsim.money.loans import Loan, rate_of_month, run_loan
from dcsim.money.months import (
    HALF_A_CENT,
    Drawn,
    Floats,
    Ints,
    Months,
    by_month,
    in_cents,
    step_ticks,
    step_values,
)
from dcsim.money.quantities import Quantity, revenue_ticks
from dcsim.scenario.finance import Cost, Finance, Funding, Lease, Revenue
from dcsim.scenario.prices import Path

TOGETHER = "consolidated"
"""All parties as one: what they pay each other is left out."""

CASH_FLOW = (
    *("revenue", "from parties", "operating costs", "to parties", "investment", "equity", "loans drawn", "loan fees"),
    *("interest paid", "loans repaid", "net cash flow", "cash"),
)
INCOME = (
    *("revenue", "from parties", "operating costs", "to parties", "depreciation", "interest", "loan fees"),
    "net income",
)
ASSETS, CLAIMS = ("cash", "prepaid", "assets on the books"), ("payables", "loans", "equity", "retained earnings")
BALANCE = (*ASSETS, *CLAIMS)
STATEMENTS = {"cash flow": CASH_FLOW, "income": INCOME, "balance sheet": BALANCE}
COSTS = frozenset(
    ("operating costs", "to parties", "investment", "loan fees", "interest paid", "loans repaid", "depreciation")
) | {"interest"}
"""Lines that are paid or lost: told as they are, and taken off."""


@dataclass(frozen=True, eq=False)
class Builds:
    """What money needs of some replications."""

    costs: Mapping[str, Quantity]
    """Of each cost, with a first axis of replications."""
    revenue: Mapping[str, Floats]
    """Unit-hours, alike."""
    reached: Mapping[str, Ints]
    """The month in which each milestone is reached; the number of months where it is not."""


@dataclass(frozen=True, eq=False)
class Party:
    """One party's books: what happened in each month."""

    flows: dict[str, Ints]
    """Cash by line, replications by months."""
    incurred: dict[str, Ints]
    """Operating costs and investment as they were received, `depreciation`, and `added` to assets as interest."""

    def __getitem__(self, line: str) -> Ints:
        return self.flows[line]

    @cached_property
    def operating(self) -> Ints:
        """Cash from operations: what is earned, less what running costs (CFADS: cash available for debt service)."""
        flow = self.flows
        return flow["revenue"] + flow["from parties"] - flow["operating costs"] - flow["to parties"]

    @cached_property
    def free(self) -> Ints:
        """Free cash flow: operations less investment, before all funding."""
        return self.operating - self.flows["investment"]

    @cached_property
    def cash_flow(self) -> dict[str, Ints]:
        """The cash flow statement."""
        net = sum((-value if line in COSTS else value for line, value in self.flows.items()), np.int64(0))
        return {**self.flows, "net cash flow": np.asarray(net), "cash": np.cumsum(net, axis=1)}

    @cached_property
    def income(self) -> dict[str, Ints]:
        """The income statement."""
        lines = {line: self.flows[line] for line in ("revenue", "from parties", "to parties", "loan fees")}
        lines |= {"operating costs": self.incurred["operating costs"], "depreciation": self.incurred["depreciation"]}
        lines["interest"] = self.flows["interest paid"]
        net = sum((-value if line in COSTS else value for line, value in lines.items()), np.int64(0))
        return {line: lines[line] for line in INCOME[:-1]} | {"net income": np.asarray(net)}

    @cached_property
    def balance(self) -> dict[str, Ints]:
        """The balance sheet, of which the equity is what was paid in and what was earned."""
        incurred, flow = self.incurred, self.flows
        lines = {
            "cash": self.cash_flow["cash"],
            "prepaid": incurred["prepaid"],
            "assets on the books": np.cumsum(
                incurred["investment"] + incurred["added"] - incurred["depreciation"], axis=1
            ),
            "payables": incurred["payables"],
            "loans": np.cumsum(flow["loans drawn"] + incurred["added"] - flow["loans repaid"], axis=1),
            "equity": np.cumsum(flow["equity"], axis=1),
            "retained earnings": np.cumsum(self.income["net income"], axis=1),
        }
        return {line: lines[line] for line in BALANCE}

    def statement(self, name: str) -> dict[str, Ints]:
        """A statement by its name."""
        return {"cash flow": self.cash_flow, "income": self.income, "balance sheet": self.balance}[name]


@dataclass(frozen=True, eq=False)
class Books:
    """The books of all parties, their assets at market value, and their loans."""

    parties: dict[str, Party]
    """By name, and all of them together."""
    loans: dict[str, Loan]
    market: dict[str, Ints]
    """Of each asset, what it could be sold for at the end of each month."""
    forced: dict[str, Ints]
    """The same if it must be sold at once."""
    rents: dict[str, Rents]
    """What each lease costs."""


@dataclass
class _Ledger:
    """Where the books are kept while they are written."""

    finance: Finance
    months: Months
    n: int
    drawn: Drawn
    books: dict[str, dict[str, Ints]] = field(default_factory=dict)
    incurred: dict[str, dict[str, Ints]] = field(default_factory=dict)
    bought: dict[str, Ints] = field(default_factory=dict)
    """What was received under each cost, in cents."""
    units: dict[str, Floats] = field(default_factory=dict)
    """The same in units."""

    def __post_init__(self) -> None:
        for party in self.finance.parties:
            self.books[party] = dict.fromkeys(CASH_FLOW[:-2], self.nothing)
            names = ("operating costs", "investment", "depreciation", "added", "prepaid", "payables")
            self.incurred[party] = dict.fromkeys(names, self.nothing)

    @property
    def nothing(self) -> Ints:
        return np.zeros((self.n, self.months.count), np.int64)

    def party(self, name: str | None) -> str:
        return name or self.finance.parties[0]

    def cost(self, name: str, cost: Cost, quantity: Quantity, line: str) -> None:
        """A cost is paid, and what is paid for is received; what is paid before is prepaid, after it is owed."""
        path = cost.rent or cost.price
        assert path is not None
        key = "rent" if cost.rent is not None else "price"
        price = step_values(path, f"finance.costs.{name}.{key}", self.drawn)
        paid, received = (
            in_cents(np.einsum("nk,nkm->nm", np.broadcast_to(price, (self.n, price.shape[1])), units))
            for units in (quantity.paid, quantity.received)
        )
        owner = self.party(cost.by)
        ahead = np.cumsum(paid - received, axis=1)
        self.books[owner][line] = self.books[owner][line] + paid
        incurred = self.incurred[owner]
        incurred[line] = incurred[line] + received
        incurred["prepaid"] = incurred["prepaid"] + np.maximum(ahead, 0)
        incurred["payables"] = incurred["payables"] + np.maximum(-ahead, 0)
        self.bought[name], self.units[name] = received, quantity.received.sum(axis=1)

    def of_asset(self, name: str) -> Ints:
        """What was received of an asset, in cents."""
        return np.asarray(sum((self.bought[cost] for cost in self.finance.assets[name].costs or (name,)), self.nothing))

    def lease(self, name: str, lease: Lease) -> Rents:
        """What a party owns earns rents, which another pays."""
        asset = lease.asset or name
        first = (self.finance.assets[asset].costs or (asset,))[0]
        due = rents(name, lease, self.finance, self.of_asset(asset), self.units[first], self.months, self.drawn)
        owner, user = self.books[self.party(self.finance.costs[first].by)], self.books[lease.to]
        owner["from parties"] = owner["from parties"] + due.due
        user["to parties"] = user["to parties"] + due.due
        return due

    def revenue(self, name: str, revenue: Revenue, hours: Floats) -> None:
        """Units earn by the hour, and are paid for in the same month."""
        ticks = revenue_ticks(revenue, self.months.start)
        earned = hours
        for key in ("price", "share", "utilisation"):
            path: Path = getattr(revenue, key)
            values = step_values(path, f"finance.revenue.{name}.{key}", self.drawn)
            step = np.concatenate([[0], np.searchsorted(step_ticks(path, self.months.start), ticks, "right")])
            values = values if key == "price" else np.minimum(values, 1.0)
            earned = earned * values[:, step][:, :, None]
        money = in_cents(earned.sum(axis=1))
        owner = self.books[self.party(revenue.by)]
        line = "from parties" if revenue.paid_by else "revenue"
        owner[line] = owner[line] + money
        if revenue.paid_by:
            payer = self.books[revenue.paid_by]
            payer["to parties"] = payer["to parties"] + money

    def equity(self, name: str, funding: Funding) -> None:
        assert funding.equity is not None
        sum_ = in_cents(step_values(funding.equity, f"finance.funding.{name}.equity", self.drawn))
        month = self.months.of_date(funding.date)
        if month < self.months.count:
            paid = self.nothing
            paid[:, month] = sum_[:, 0]
            book = self.books[self.party(funding.by)]
            book["equity"] = book["equity"] + paid

    def lend(self, name: str, funding: Funding, reached: Mapping[str, Ints]) -> Loan:
        """A loan is drawn, served, and its interest until a milestone added to what is owed and to the assets."""
        finance, months = self.finance, self.months
        assert funding.loan is not None
        assert funding.rate is not None
        limit = in_cents(step_values(funding.loan, f"finance.funding.{name}.loan", self.drawn))[:, :1]
        if funding.against:
            lent = np.cumsum(sum((self.of_asset(asset) for asset in funding.against), self.nothing), axis=1)
            available = np.floor(lent * float(funding.advance) + HALF_A_CENT).astype(np.int64)
        else:
            dated = np.arange(months.count) >= months.of_date(funding.date)
            available = np.where(dated, limit, 0) + self.nothing
        rate = by_month(funding.rate, f"finance.funding.{name}.rate", months, self.drawn)
        if funding.rate.over:
            over = finance.reference_rates[funding.rate.over]
            rate = rate + by_month(over, f"finance.reference_rates.{funding.rate.over}", months, self.drawn)
        ready = np.full(self.n, -1)
        if funding.interest_until is not None:
            ready = reached[funding.interest_until]
        every = np.broadcast_to(rate, (self.n, months.count))
        loan = run_loan(funding, np.minimum(available, limit), every, rate_of_month(every, finance, months), ready)
        book, incurred = self.books[self.party(funding.by)], self.incurred[self.party(funding.by)]
        for line, flow in (
            ("loans drawn", loan.drawn),
            ("loan fees", loan.fee),
            ("interest paid", loan.interest),
            ("loans repaid", loan.repaid),
        ):
            book[line] = book[line] + flow
        life = finance.assets[funding.against[0]].life if funding.against else funding.term
        assert life is not None
        lost = depreciation(loan.added, int(life.months))
        incurred["added"] = incurred["added"] + loan.added
        incurred["depreciation"] = incurred["depreciation"] + lost
        return loan

    def parties(self) -> dict[str, Party]:
        """The books of each party, and of all of them as one."""
        parties = {name: Party(self.books[name], self.incurred[name]) for name in self.finance.parties}
        flows, incurred = (
            {line: sum((one[line] for one in books.values()), self.nothing) for line in next(iter(books.values()))}
            for books in (self.books, self.incurred)
        )
        flows |= {"from parties": self.nothing, "to parties": self.nothing}
        return parties | {TOGETHER: Party(flows, incurred)}


def keep_books(finance: Finance, months: Months, n: int, drawn: Drawn, builds: Builds) -> Books:
    """The books of all parties in n replications."""
    ledger = _Ledger(finance, months, n, drawn)
    capital = {cost for name, asset in finance.assets.items() for cost in asset.costs or (name,)}
    for name, cost in finance.costs.items():
        ledger.cost(name, cost, builds.costs[name], "investment" if name in capital else "operating costs")
    for name, revenue in finance.revenue.items():
        ledger.revenue(name, revenue, builds.revenue[name])
    market, forced = {}, {}
    for name, asset in finance.assets.items():
        bought = ledger.of_asset(name)
        lost = depreciation(bought, int(asset.life.months))
        incurred = ledger.incurred[ledger.party(finance.costs[(asset.costs or (name,))[0]].by)]
        incurred["depreciation"] = incurred["depreciation"] + lost
        value = Market(name, asset, months, drawn)
        market[name] = value.value(bought, np.cumsum(bought - lost, axis=1))
        forced[name] = value.forced(market[name])
    leased = {name: ledger.lease(name, lease) for name, lease in finance.leases.items()}
    loans = {}
    for name, funding in finance.funding.items():
        if funding.equity is not None:
            ledger.equity(name, funding)
        else:
            loans[name] = ledger.lend(name, funding, builds.reached)
    return Books(ledger.parties(), loans, market, forced, leased)


def together(builds: Sequence[Builds]) -> Builds:
    """Several replications as one."""
    first, *_ = builds
    costs = {
        name: Quantity(*(np.stack([getattr(one.costs[name], key) for one in builds]) for key in ("paid", "received")))
        for name in first.costs
    }
    revenue = {name: np.stack([one.revenue[name] for one in builds]) for name in first.revenue}
    reached = {name: np.concatenate([one.reached[name] for one in builds]) for name in first.reached}
    return Builds(costs, revenue, reached)
