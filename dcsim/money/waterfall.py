"""The order of payments: what comes in and goes out at each month end, party by party, and what follows a default.

Each month end: costs, rents and investment are paid, equity and loans come in; then, loan by loan in the order of the
file, interest, principal and reserve; then sweeps, in the same order; then distributions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

import numpy as np

from dcsim.money.assets import Market, Rents, depreciation
from dcsim.money.loans import Flags, Loan, tests
from dcsim.money.months import HALF_A_CENT, Drawn, Floats, Ints, Months, in_cents, step_values
from dcsim.scenario.finance import Cover, Finance
from dcsim.units import Span


def cover_ratio(cash: Ints, due: Ints, cover: Cover) -> Floats:
    """Debt service cover ratio: cash for debt service / debt service, of the months of a window; by month.

    Trailing, of the month and those before it; forward, of those after it. Debt service is interest and principal that
    was due by the schedule. Not a number where nothing was due. Yescombe, Principles of Project Finance, 2nd ed. 2014,
    ch. 12.
    """
    over, under = _window(cash, cover), _window(due, cover)
    return _ratio(over, under)


def operating_cash(flows: Mapping[str, Ints]) -> Ints:
    """Cash from operations: what is earned, less what running costs (CFADS: cash available for debt service)."""
    return flows["revenue"] + flows["from parties"] - flows["operating costs"] - flows["to parties"]


def _window(flow: Ints, cover: Cover) -> Ints:
    k, count = int(cover.length.months), flow.shape[1]
    total = np.pad(np.cumsum(flow, axis=1), ((0, 0), (1, 0)))
    month = np.arange(count)
    if cover.window == "forward":
        return np.asarray(total[:, np.minimum(month + 1 + k, count)] - total[:, month + 1])
    return np.asarray(total[:, month + 1] - total[:, np.maximum(month + 1 - k, 0)])


def loan_to_value(owed: Ints, value: Ints) -> Floats:
    """Loan to value: what is owed after the payments of the day / the market value of the assets lent against.

    What is owed to a loan counts with what is owed to those before it against the same assets (combined loan to value).
    Infinite where nothing is there to be sold, not a number where nothing is owed.
    """
    return np.where(owed > 0, np.where(value > 0, owed / np.maximum(value, 1), np.inf), np.nan)


def secured(loan: Loan, loans: Iterable[Loan]) -> list[Loan]:
    """Of the loans of a party in their order, those up to this one that are lent against any of the same assets."""
    ahead = list(takewhile(lambda before: before is not loan, loans))
    return [*(before for before in ahead if set(before.terms.against) & set(loan.terms.against)), loan]


@dataclass(eq=False)
class Used:
    """Money that an asset earns, or costs to run, with units of a supply, until it is seized."""

    asset: str
    supply: str | None
    amount: Ints
    lines: tuple[tuple[dict[str, Ints], str], ...]
    """The books, and the line in them, where it is counted."""


@dataclass(eq=False)
class Owned:
    """An asset of a party: what was received of it, and what it could be sold for at each month end."""

    owner: str
    life: int
    market: Market
    bought: Ints
    units: Mapping[str, Floats]
    """The same in units of supplies."""
    value: Ints
    forced: Ints
    seized: Ints
    """The month in which it was seized, the number of months where it was not."""

    @classmethod
    def of(cls, owner: str, life: int, market: Market, bought: Ints, units: Mapping[str, Floats]) -> "Owned":
        """One that nobody has seized."""
        value = market.value(bought, np.cumsum(bought - depreciation(bought, life), axis=1))
        n, count = bought.shape
        return cls(owner, life, market, bought, units, value, market.forced(value), np.full(n, count, np.int64))

    def left(self, supply: str | None, month: int, rows: Ints) -> Floats:
        """By month, the part of all that was received which comes after this month: of the units of a supply, or of the
        cost where the asset is not bought as that supply."""
        received = self.units.get(supply or "", self.bought)[rows]
        total = np.cumsum(received, axis=1)
        after = np.where(total > 0, total - total[:, [month]], 0) / np.where(total > 0, total, 1)
        after[:, : month + 1] = 1
        return after

    def seize(self, month: int, rows: Ints) -> None:
        """From now on these replications own only what comes later."""
        self.seized[rows] = month
        later = self.bought[rows]
        later[:, : month + 1] = 0
        books = np.cumsum(later - depreciation(later, self.life), axis=1)
        after = slice(month + 1, None)
        self.value[rows, after] = self.market.value(later, books, rows)[:, after]
        self.forced[rows, after] = self.market.forced(self.value[rows, after])

    def written_off(self, cost: Ints) -> tuple[Ints, Ints]:
        """What is lost of a cost of this asset by month: by depreciation, and when it was seized."""
        lost, gone = depreciation(cost, self.life), np.zeros_like(cost)
        rows = np.flatnonzero(self.seized < cost.shape[1])
        if len(rows):
            month, before = self.seized[rows], np.arange(cost.shape[1]) <= self.seized[rows, None]
            gone[rows, month] = np.cumsum(cost - lost, axis=1)[rows, month]
            lost[rows] = np.where(before, lost[rows], depreciation(np.where(before, 0, cost[rows]), self.life))
        return lost, gone


class Waterfall:
    """All payments that depend on what came before, month by month."""

    def __init__(
        self,
        finance: Finance,
        months: Months,
        books: dict[str, dict[str, Ints]],
        loans: Mapping[str, Loan],
        leases: Mapping[str, Rents],
        owned: Mapping[str, Owned],
        used: list[Used],
        drawn: Drawn,
    ) -> None:
        self.finance, self.months, self.books, self.loans = finance, months, books, loans
        self.leases, self.owned, self.used = leases, owned, used
        self.shape = next(iter(books.values()))["revenue"].shape
        self.of: dict[str, list[Loan]] = {party: [] for party in finance.parties}
        for loan in loans.values():
            self.of[finance.party(loan.terms.by)].append(loan)
        self.cash = {party: np.zeros(self.shape[0], np.int64) for party in finance.parties}
        self.covering = {party: np.zeros(self.shape, np.int64) for party in finance.parties}
        self.paid = {name: np.zeros(self.shape, np.int64) for name in leases}
        self.owing = {name: np.zeros(self.shape, np.int64) for name in leases}
        """What is owed of rents at the end of each month; what is written off is not owed any more."""
        self.sold = {party: np.zeros(self.shape, np.int64) for party in finance.parties}
        self.distributed = {party: np.zeros(self.shape, np.int64) for party in finance.parties}
        self.keep = {
            party: in_cents(step_values(rule.keep, f"finance.distributions.{party}.keep", drawn))[:, 0]
            for party, rule in finance.distributions.items()
            if rule.keep is not None
        }
        self.tested = {loan: tests(loan.terms.covenants, months) for loan in loans.values()}
        self.deadlines = {loan: self._after(loan.terms.covenants.cure) for loan in loans.values()}
        self.notices = {loan: self._after(loan.terms.notice) for loan in loans.values()}

    def _after(self, span: Span) -> Ints:
        """The first month whose end is so long after that of each month; the number of months where none is."""
        ends = self.months.ends
        later = [end + timedelta(minutes=float(span.after(end))) for end in ends]
        return np.searchsorted(np.array(ends, "datetime64[m]"), np.array(later, "datetime64[m]"))

    @property
    def looks_at_dscr(self) -> bool:
        """Whether a covenant or a lock-up is about debt service cover."""
        asked = [loan.terms.covenants for loan in self.loans.values()]
        return any(loan.dscr is not None or loan.lock_up is not None for loan in asked)

    def run(self, forward: Mapping[str, Floats] | None = None) -> None:
        """All months; `forward` are the DSCR that tests look ahead at, where they do."""
        for month in range(self.shape[1]):
            for party, book in self.books.items():
                operating = operating_cash({line: flow[:, month] for line, flow in book.items()})
                self.covering[party][:, month] = operating
                self.cash[party] = self.cash[party] + operating + book["equity"][:, month]
            for name, rents in self.leases.items():
                self._rent(month, name, rents)
            for party, book in self.books.items():
                self.cash[party] = self.cash[party] - book["investment"][:, month]
                if self.finance.dscr.cfads == "after_investment":
                    self.covering[party][:, month] -= book["investment"][:, month]
                self._serve(month, party)
                locked = self._test(month, party, forward or {})
                self._distribute(month, party, locked)
            for loan in self.loans.values():
                self._default(month, loan)

    def _rent(self, month: int, name: str, rents: Rents) -> None:
        """A rent is paid, or as much of it, and of what was missed before, as the lessee has."""
        owing = rents.due[:, month] + (self.owing[name][:, month - 1] if month else 0)
        due = np.minimum(owing, np.maximum(self.cash[rents.lessee], 0)) if rents.misses else owing
        self.paid[name][:, month], self.owing[name][:, month] = due, owing - due
        for party, amount in ((rents.lessor, due), (rents.lessee, -due)):
            self.cash[party] = self.cash[party] + amount
            self.covering[party][:, month] += amount

    def _serve(self, month: int, party: str) -> None:
        """Draws, then debt service and reserve loan by loan, then sweeps."""
        cash, cover = self.cash[party], self.covering[party][:, month]
        for loan in self.of[party]:
            cash = cash + loan.draw(month, self._value(loan, month))
        excess, senior = cover, np.zeros_like(cover)
        for loan in self.of[party]:
            target = float(loan.terms.sculpted_to or 1)
            room = np.floor(cover / target).astype(np.int64) - senior
            cash = loan.pay(month, cash, room, self._value(loan, month))
            senior = senior + loan.service[:, month]
            excess = excess - loan.interest[:, month] - loan.repaid[:, month] - loan.to_reserve[:, month]
        for loan in self.of[party]:
            if loan.terms.sweep:
                most = np.where(loan.service[:, month] > 0, np.maximum(np.minimum(excess, cash), 0), 0)
                swept = np.minimum(np.floor(most * float(loan.terms.sweep)).astype(np.int64), loan.owed)
                loan.repay(month, swept)
                cash, excess = cash - swept, excess - swept
        for loan in self.of[party]:
            cash = cash + loan.release(month)
        self.cash[party] = cash

    def _value(self, loan: Loan, month: int) -> Ints:
        return np.asarray(sum((self.owned[name].value[:, month] for name in loan.terms.against), np.int64(0)))

    def _test(self, month: int, party: str, forward: Mapping[str, Floats]) -> Flags:
        """Covenants are tested; where nothing may be distributed."""
        locked, due = np.zeros(self.shape[0], np.bool_), np.zeros(self.shape, np.int64)
        for loan in self.of[party]:
            due = due + loan.service
            asked = loan.terms.covenants
            if loan.name in forward:
                dscr = forward[loan.name][:, month]
            else:
                since = slice(max(month + 1 - int(self.finance.dscr.length.months), 0), month + 1)
                dscr = _ratio(self.covering[party][:, since].sum(axis=1), due[:, since].sum(axis=1))
            owed = sum((part.owed for part in secured(loan, self.of[party])), np.zeros(self.shape[0], np.int64))
            ltv = loan_to_value(np.asarray(owed), self._value(loan, month))
            if loan.enforced:
                loan.test(month, bool(self.tested[loan][month]), int(self.deadlines[loan][month]), dscr, ltv)
            locked |= (loan.cure >= 0) | ((month <= loan.offer.ready) & (loan.owed > 0))
            if asked.lock_up is not None:
                locked |= dscr < float(asked.lock_up)
        return locked

    def _distribute(self, month: int, party: str, locked: Flags) -> None:
        terms = self.finance.distributions.get(party)
        if terms is None or month < self.months.of_date(terms.date):
            return
        free = np.maximum(self.cash[party] - self.keep.get(party, 0), 0)
        paid = np.where(locked, 0, np.floor(free * float(terms.share))).astype(np.int64)
        self.distributed[party][:, month] = paid
        self.cash[party] = self.cash[party] - paid

    def _default(self, month: int, loan: Loan) -> None:
        """A loan in default is accelerated: its assets are sold at once, in favour of the loans against them in their
        order, and what they earned and cost to run ends; what is owed of their rents is written off."""
        if not loan.seizes:
            return
        notice = np.append(self.notices[loan], self.shape[1])[np.minimum(loan.default, self.shape[1])]
        rows = (loan.default < self.shape[1]) & (notice <= month) & (loan.acceleration == self.shape[1])
        if not rows.any():
            return
        party = self.finance.party(loan.terms.by)
        pool = np.zeros(self.shape[0], np.int64)
        for name in loan.terms.against:
            asset = self.owned[name]
            here = np.flatnonzero(rows & (asset.seized == self.shape[1]))
            brought = asset.forced[here, month]
            pool[here] += brought
            asset.seize(month, here)
            for used in self.used:
                if used.asset == name:
                    _end(used, here, asset.left(used.supply, month, here))
            for lease, rents in self.leases.items():
                if rents.asset == name:
                    rents.end(month, here, brought)
                    self.owing[lease][here, month] = 0
        self.sold[party][:, month] += pool
        cash = self.cash[party] + pool
        for other_loan in self.of[party]:
            if other_loan is not loan and not set(other_loan.terms.against) & set(loan.terms.against):
                continue
            part = np.minimum(pool, np.where(rows, other_loan.owed, 0))
            pool = pool - part
            if other_loan is loan:
                cash = cash + loan.accelerate(month, rows, part, cash - part - pool)
            else:
                other_loan.repay(month, part)
                cash = cash - part
        self.cash[party] = cash


def _ratio(over: Ints, under: Ints) -> Floats:
    return np.where(under > 0, over / np.maximum(under, 1), np.nan)


def _end(used: Used, rows: Ints, left: Floats) -> None:
    """What a seized asset earned or cost ends, as far as nothing of it is left."""
    ended = np.zeros_like(used.amount)
    ended[rows] = used.amount[rows] - np.floor(used.amount[rows] * left + HALF_A_CENT).astype(np.int64)
    used.amount = used.amount - ended
    for book, line in used.lines:
        book[line] = book[line] - ended
