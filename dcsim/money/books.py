"""The books of every party: cash flow, income and balance by month, in whole cents, in each replication."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from dcsim.money.assets import Market, Rents, depreciation, rents
from dcsim.money.loans import Loan, Offer, month_share, rate_of_month
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
from dcsim.money.waterfall import Owned, Used, Waterfall, cover_ratio, operating_cash
from dcsim.scenario.finance import TOGETHER, Cost, Finance, Funding, Rented, Revenue
from dcsim.scenario.prices import Path

CASH_FLOW = (
    *("revenue", "from parties", "operating costs", "to parties", "investment", "assets sold", "equity"),
    *("loans drawn", "loan fees", "interest paid", "loans repaid", "to reserve", "distributions"),
    *("net cash flow", "cash"),
)
INCOME = (
    *("revenue", "from parties", "operating costs", "to parties", "depreciation", "interest", "loan fees"),
    *("loss on seizure", "debt forgiven", "net income"),
)
ASSETS = ("cash", "reserve accounts", "prepaid", "rents receivable", "assets on the books")
CLAIMS = ("payables", "rents payable", "loans", "equity", "retained earnings")
BALANCE = (*ASSETS, *CLAIMS)
STATEMENTS = {"cash flow": CASH_FLOW, "income": INCOME, "balance sheet": BALANCE}
COSTS = frozenset(
    ("operating costs", "to parties", "investment", "loan fees", "interest paid", "loans repaid", "depreciation")
) | {"interest", "to reserve", "distributions", "loss on seizure"}
"""Lines that are paid or lost: tables have them as they are, to be subtracted."""


def signed(line: str, amount: float) -> float:
    """An amount of a line as it adds up: what is paid or lost is below zero."""
    return 0.0 - amount if line in COSTS else amount


@dataclass(frozen=True, eq=False)
class Builds:
    """What money needs of some builds."""

    count: int
    """How many there are."""
    costs: Mapping[str, Quantity]
    """Of each cost, with a first axis of replications."""
    revenue: Mapping[str, Floats]
    """Unit-hours, alike."""
    reached: Mapping[str, Ints]
    """The month in which each milestone is reached; the number of months where it is not."""
    rented: Mapping[str, Floats]
    """Unit-hours that are there, and that are wanted, where owning is compared with renting."""
    dated: Mapping[str, Ints]
    """The minute that dates each milestone (see `dcsim.dates`)."""


@dataclass(frozen=True, eq=False)
class Party:
    """One party's books: what happened in each month."""

    flows: dict[str, Ints]
    """Cash by line, replications by months."""
    incurred: dict[str, Ints]
    """Operating costs and investment as they were received, `depreciation`, interest that was `added` to assets or is
    `unpaid`, what was `written off` and `forgiven` after a default, and the debt `service` that was due; of rents what
    is `receivable` and `payable` at the end of each month."""

    def __getitem__(self, line: str) -> Ints:
        return self.flows[line]

    @cached_property
    def operating(self) -> Ints:
        """Cash from operations, by replication and month."""
        return operating_cash(self.flows)

    def covering(self, cfads: str) -> Ints:
        """The cash for debt service: of operations, or less investment too."""
        return self.operating - (self.flows["investment"] if cfads == "after_investment" else 0)

    @cached_property
    def spent(self) -> Ints:
        """What was received since the start and has to be paid, before interest: running costs, rents, investment."""
        costs = self.incurred["operating costs"] + self.incurred["investment"] + self.income["to parties"]
        return np.cumsum(costs, axis=1)

    @cached_property
    def free(self) -> Ints:
        """Free cash flow: operations less investment, and what a forced sale brought, before all funding."""
        return self.operating - self.flows["investment"] + self.flows["assets sold"]

    @cached_property
    def cash_flow(self) -> dict[str, Ints]:
        """The cash flow statement."""
        net = sum((-value if line in COSTS else value for line, value in self.flows.items()), np.int64(0))
        return {**self.flows, "net cash flow": np.asarray(net), "cash": np.cumsum(net, axis=1)}

    @cached_property
    def income(self) -> dict[str, Ints]:
        """The income statement; what is written off of rents lowers those of its month."""
        lines = {line: self.flows[line] for line in ("revenue", "loan fees")}
        for line, owed in (("from parties", "receivable"), ("to parties", "payable")):
            lines[line] = self.flows[line] + np.diff(self.incurred[owed], axis=1, prepend=0)
        lines |= {"operating costs": self.incurred["operating costs"], "depreciation": self.incurred["depreciation"]}
        lines["interest"] = self.flows["interest paid"] + self.incurred["unpaid"]
        lines["loss on seizure"] = self.incurred["written off"] - self.flows["assets sold"]
        lines["debt forgiven"] = self.incurred["forgiven"]
        net = sum((-value if line in COSTS else value for line, value in lines.items()), np.int64(0))
        return {line: lines[line] for line in INCOME[:-1]} | {"net income": np.asarray(net)}

    @cached_property
    def balance(self) -> dict[str, Ints]:
        """The balance sheet, of which the equity is what was paid in, earned and not distributed."""
        incurred, flow = self.incurred, self.flows
        lost = incurred["depreciation"] + incurred["written off"]
        more = incurred["added"] + incurred["unpaid"] - incurred["forgiven"]
        lines = {
            "cash": self.cash_flow["cash"],
            "reserve accounts": np.cumsum(flow["to reserve"], axis=1),
            "prepaid": incurred["prepaid"],
            "rents receivable": incurred["receivable"],
            "assets on the books": np.cumsum(incurred["investment"] + incurred["added"] - lost, axis=1),
            "payables": incurred["payables"],
            "rents payable": incurred["payable"],
            "loans": np.cumsum(flow["loans drawn"] + more - flow["loans repaid"], axis=1),
            "equity": np.cumsum(flow["equity"], axis=1),
            "retained earnings": np.cumsum(self.income["net income"] - flow["distributions"], axis=1),
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
    owned: dict[str, Owned]
    """Assets, and what they could be sold for at the end of each month, at leisure or at once."""
    rents: dict[str, Rents]
    """What each lease costs."""
    rents_paid: dict[str, Ints]
    """What is paid of that."""
    rents_owed: dict[str, Ints]
    """What is owed of that at the end of each month, less what was written off."""
    paid: dict[str, Ints]
    """What is paid under each cost, in cents."""

    def rents_missed(self, lease: str) -> Ints:
        """What was due until the end of each month of the rents of a lease, and not paid by then."""
        paid = self.rents_paid[lease]
        return np.cumsum(self.rents[lease].due[:, : paid.shape[1]] - paid, axis=1)


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
    paid: dict[str, Ints] = field(default_factory=dict)
    """What is paid under each cost."""
    units: dict[str, Floats] = field(default_factory=dict)
    """The same in units."""
    used: list[Used] = field(default_factory=list)

    def __post_init__(self) -> None:
        for party in self.finance.parties:
            self.books[party] = dict.fromkeys(CASH_FLOW[:-2], self.zeros)
            names = ("operating costs", "investment", "depreciation", "added", "prepaid", "payables", "service")
            more = ("unpaid", "written off", "forgiven", "receivable", "payable")
            self.incurred[party] = dict.fromkeys((*names, *more), self.zeros)

    @property
    def zeros(self) -> Ints:
        return np.zeros((self.n, self.months.count), np.int64)

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
        owner = self.finance.party(cost.by)
        ahead = np.cumsum(paid - received, axis=1)
        self.books[owner][line] = self.books[owner][line] + paid
        incurred = self.incurred[owner]
        incurred[line] = incurred[line] + received
        incurred["prepaid"] = incurred["prepaid"] + np.maximum(ahead, 0)
        incurred["payables"] = incurred["payables"] + np.maximum(-ahead, 0)
        if (asset := self.finance.asset_of(cost)) is not None and (cost.rent is not None or cost.uses is not None):
            self.used.append(Used(asset, cost.supply, paid, ((self.books[owner], line), (incurred, line))))
        self.paid[name], self.bought[name], self.units[name] = paid, received, quantity.received.sum(axis=1)

    def of_asset(self, name: str) -> Ints:
        """What was received of an asset, in cents."""
        return np.asarray(sum((self.bought[cost] for cost in self.finance.assets[name].costs or (name,)), self.zeros))

    def rents(self, name: str) -> Rents:
        """What a lease costs by month."""
        asset = self.finance.leases[name].asset or name
        units = self.units[(self.finance.assets[asset].costs or (asset,))[0]]
        owner = self.finance.owner(asset)
        return rents(name, owner, self.finance, self.of_asset(asset), units, self.months, self.drawn)

    def revenue(self, name: str, revenue: Revenue, hours: Floats) -> None:
        """Units earn by the hour, and are paid for in the same month."""
        values = by_step(revenue, f"finance.revenue.{name}", self.months, self.drawn)
        earned = hours * values["price"] * values["share"] * values["utilisation"]
        money = in_cents(earned.sum(axis=1))
        owner = self.books[self.finance.party(revenue.by)]
        line = "from parties" if revenue.paid_by else "revenue"
        owner[line] = owner[line] + money
        lines = [(owner, line)]
        if revenue.paid_by:
            payer = self.books[revenue.paid_by]
            payer["to parties"] = payer["to parties"] + money
            lines.append((payer, "to parties"))
        if (asset := self.finance.asset_of(revenue)) is not None:
            self.used.append(Used(asset, revenue.supply, money, tuple(lines)))

    def equity(self, name: str, funding: Funding) -> None:
        assert funding.equity is not None
        sum_ = in_cents(step_values(funding.equity, f"finance.funding.{name}.equity", self.drawn))
        month = self.months.of_date(funding.date)
        if month < self.months.count:
            paid = self.zeros
            paid[:, month] = sum_[:, 0]
            book = self.books[self.finance.party(funding.by)]
            book["equity"] = book["equity"] + paid

    def offer(self, name: str, terms: Funding, reached: Mapping[str, Ints]) -> Offer:
        """What a lender offers: so much of what was delivered of the assets, or all of it from its date on."""
        finance, months = self.finance, self.months
        assert terms.loan is not None
        assert terms.rate is not None
        limit = in_cents(step_values(terms.loan, f"finance.funding.{name}.loan", self.drawn))[:, 0]
        base = limit[:, None] + self.zeros
        if terms.against:
            lent = np.cumsum(sum((self.of_asset(asset) for asset in terms.against), self.zeros), axis=1)
            base = np.floor(lent * float(terms.advance) + HALF_A_CENT).astype(np.int64)
        first = months.of_date(terms.date)
        since = np.arange(months.count) >= first
        rate = by_month(terms.rate, f"finance.funding.{name}.rate", months, self.drawn)
        if terms.rate.over:
            over = finance.reference_rates[terms.rate.over]
            reference = by_month(over, f"finance.reference_rates.{terms.rate.over}", months, self.drawn)
            rate = rate + np.maximum(reference, float(terms.rate.floor))
        interval = np.broadcast_to(rate, (self.n, months.count))
        ready = np.full(self.n, -1) if terms.interest_until is None else reached[terms.interest_until]
        committed = np.clip((months.edges[1:] - months.tick(terms.date)) / (months.days * 1440), 0, 1)
        idle = committed * month_share(finance, months) * float(terms.commitment_fee)
        period = rate_of_month(interval, finance, month_share(finance, months))
        even = rate_of_month(interval, finance, np.full(months.count, 1 / 12))
        until = months.count if terms.available is None else first + int(terms.available.months)
        return Offer(name, terms, limit + self.zeros[:, 0], base * since, interval, period, even, idle, until, ready)

    def lent(self, loan: Loan, owned: Mapping[str, Owned]) -> None:
        """What a loan brought and cost is counted; interest that was added to it is part of the asset."""
        terms, party = loan.terms, self.finance.party(loan.terms.by)
        self._add(self.books[party], "loans drawn", loan.drawn)
        for line, flow in (("loan fees", loan.fee), ("interest paid", loan.interest), ("loans repaid", loan.repaid)):
            self._add(self.books[party], line, flow)
        self._add(self.books[party], "to reserve", loan.to_reserve)
        for line in ("added", "unpaid", "forgiven", "service"):
            self._add(self.incurred[party], line, getattr(loan, line))
        if terms.against:
            lost, gone = owned[terms.against[0]].written_off(loan.added)
            self._add(self.incurred[party], "written off", gone)
        else:
            assert terms.term is not None
            lost = depreciation(loan.added, int(terms.term.months))
        self._add(self.incurred[party], "depreciation", lost)

    @staticmethod
    def _add(book: dict[str, Ints], line: str, amounts: Ints) -> None:
        book[line] = book[line] + amounts

    def close(self, payments: Waterfall) -> None:
        """What the order of payments decided is counted: rents, sales, distributions, loans, and what is left."""
        for name, rents_ in payments.leases.items():
            self._add(self.books[rents_.lessor], "from parties", payments.paid[name])
            self._add(self.books[rents_.lessee], "to parties", payments.paid[name])
            self._add(self.incurred[rents_.lessor], "receivable", payments.owing[name])
            self._add(self.incurred[rents_.lessee], "payable", payments.owing[name])
        for party in self.finance.parties:
            self._add(self.books[party], "assets sold", payments.sold[party])
            self._add(self.books[party], "distributions", payments.distributed[party])
        for asset in payments.owned.values():
            lost, gone = asset.written_off(asset.bought)
            self._add(self.incurred[asset.owner], "depreciation", lost)
            self._add(self.incurred[asset.owner], "written off", gone)
        for loan in payments.loans.values():
            self.lent(loan, payments.owned)

    def parties(self) -> dict[str, Party]:
        """The books of each party, and of all of them as one."""
        parties = {name: Party(self.books[name], self.incurred[name]) for name in self.finance.parties}
        flows, incurred = (
            {
                line: sum((statement[line] for statement in books.values()), self.zeros)
                for line in next(iter(books.values()))
            }
            for books in (self.books, self.incurred)
        )
        flows |= {"from parties": self.zeros, "to parties": self.zeros}
        incurred |= {"receivable": self.zeros, "payable": self.zeros}
        return parties | {TOGETHER: Party(flows, incurred)}


def by_step(hourly: Revenue | Rented, name: str, months: Months, drawn: Drawn) -> dict[str, Floats]:
    """Price, share and utilisation in each of the steps between which one of them changes."""
    ticks, in_steps = revenue_ticks(hourly, months.start), {}
    for key in ("price", "share", "utilisation"):
        path: Path = getattr(hourly, key)
        values = step_values(path, f"{name}.{key}", drawn)
        step = np.concatenate([[0], np.searchsorted(step_ticks(path, months.start), ticks, "right")])
        in_steps[key] = (values if key == "price" else np.minimum(values, 1.0))[:, step][:, :, None]
    return in_steps


def keep_books(finance: Finance, months: Months, drawn: Drawn, builds: Builds) -> Books:
    """The books of all parties in some builds."""
    ledger = _Ledger(finance, months, builds.count, drawn)
    capital = {cost for name, asset in finance.assets.items() for cost in asset.costs or (name,)}
    for name, cost in finance.costs.items():
        ledger.cost(name, cost, builds.costs[name], "investment" if name in capital else "operating costs")
    for name, revenue in finance.revenue.items():
        ledger.revenue(name, revenue, builds.revenue[name])
    owned = {}
    for name, asset in finance.assets.items():
        market = Market(name, asset, months, drawn)
        units: dict[str, Floats] = {}
        for cost_name in asset.costs or (name,):
            if (supply := finance.costs[cost_name].supply) is not None:
                units.setdefault(supply, ledger.units[cost_name])
        owned[name] = Owned.of(finance.owner(name), int(asset.life.months), market, ledger.of_asset(name), units)
    offers = {}
    for name, funding in finance.funding.items():
        if funding.equity is not None:
            ledger.equity(name, funding)
        else:
            offers[name] = ledger.offer(name, funding, builds.reached)
    leased = {name: ledger.rents(name) for name in finance.leases}

    def payments(enforced: bool) -> Waterfall:
        loans = {name: Loan(offer, enforced) for name, offer in offers.items()}
        return Waterfall(finance, months, ledger.books, loans, leased, owned, ledger.used, drawn)

    flow = payments(True)
    flow.run(_ahead(payments(False)) if finance.dscr.window == "forward" and flow.looks_at_dscr else None)
    ledger.close(flow)
    return Books(ledger.parties(), dict(flow.loans), owned, leased, flow.paid, flow.owing, ledger.paid)


def _ahead(planned: Waterfall) -> dict[str, Floats]:
    """The DSCR of each loan over the coming months, if all is paid as it falls due."""
    planned.run()
    payments = {}
    for party, loans in planned.of.items():
        due = np.zeros(planned.shape, np.int64)
        for loan in loans:
            due = due + loan.service
            payments[loan.name] = cover_ratio(planned.covering[party], due, planned.finance.dscr)
    return payments
