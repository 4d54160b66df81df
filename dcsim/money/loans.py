"""A loan month by month: draws, interest, repayment, reserve, tests of its covenants; in whole cents."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from dcsim.money.months import HALF_A_CENT, Floats, Ints, Months
from dcsim.scenario.finance import Covenants, Finance, Funding

Flags = NDArray[np.bool_]
_EVERY = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}


def month_share(finance: Finance, months: Months) -> Floats:
    """The part of a year's interest that is due for each month."""
    match finance.day_count:
        case "act/365":
            return months.days / 365
        case "act/360":
            return months.days / 360
    return np.full(months.count, 1 / 12)


def rate_of_month(rate: Floats, finance: Finance, part: Floats) -> Floats:
    """What a yearly rate is for each month: its part of the year, or 1 + rate to the power of that part."""
    return rate * part if finance.compounding == "nominal" else np.expm1(np.log1p(rate) * part)


def tests(covenants: Covenants, months: Months) -> Flags:
    """Whether covenants are tested at the end of each month: of every quarter of the calendar year, for example."""
    return np.array([end.month % _EVERY[covenants.tested] == 0 for end in months.ends])


@dataclass(frozen=True, eq=False)
class Offer:
    """What a lender offers in each replication."""

    name: str
    terms: Funding
    limit: Ints
    """The most that is lent."""
    base: Ints
    """What may have been drawn by the end of each month, replications by months."""
    rate: Floats
    """Interest a year, alike."""
    period: Floats
    """Interest of each month, alike."""
    even: Floats
    """Interest of a twelfth of a year, alike."""
    idle: Floats
    """The part of what is not drawn that is paid for it each month, by months."""
    until: int
    """The last month in which it may be drawn."""
    ready: Ints
    """The month until whose end interest is added to the loan; -1 if it is paid from the beginning."""


class Loan:
    """A loan in each replication; all happens on the last day of a month, and each step is one month.

    The level instalment is the annuity r B / (1 - (1 + r)^-k) of what is owed, with the rate r of a twelfth of a year
    and the k months that are left; straight is B / k; sculpted is CFADS / DSCR less interest (and less the service of
    the loans before it), never below zero. The last instalment takes the rest.
    """

    def __init__(self, offer: Offer, enforced: bool = True) -> None:
        self.offer, self.name, self.terms, self.enforced = offer, offer.name, offer.terms, enforced
        n, self.count = offer.rate.shape
        self.drawn, self.fee, self.added, self.unpaid, self.interest, self.repaid = np.zeros(
            (6, n, self.count), np.int64
        )
        self.service, self.to_reserve, self.forgiven, self.balance = np.zeros((4, n, self.count), np.int64)
        """`added` is interest that becomes cost of the asset, `unpaid` what was missed; `service` is what was due by
        the schedule; `balance` what is owed after the payments of the month."""
        self.owed, self.total, self.arrears, self.saved, self.settled, self.charged, self.claimed = np.zeros(
            (7, n), np.int64
        )
        self.accrued, self.idle = np.zeros((2, n))
        never = np.full(n, self.count, np.int64)
        self.first, self.breach, self.default, self.acceleration = (never.copy() for _ in range(4))
        """The months of the first draw, of the first breach, of default and of acceleration."""
        self.cure, self.lost = np.full(n, -1), np.full(n, np.nan)
        """Until when what is broken must be healed, -1 where nothing is; the part lost of what was owed when the loan
        was accelerated."""

    @property
    def seizes(self) -> bool:
        """Whether payments may be missed, and assets are seized after a default."""
        return self.enforced and self.terms.default == "seize"

    def left(self, month: int) -> Ints:
        """Instalments that are left, that of this month too."""
        assert self.terms.term is not None
        return self.first + int(self.terms.term.months) - month + 1

    def draw(self, month: int, value: Ints) -> Ints:
        """What is drawn at the end of a month, and lent from then on: nothing while covenants are broken."""
        offer, terms = self.offer, self.terms
        room = np.minimum(offer.base[:, month], offer.limit) - self.total
        if terms.base == "market_value":
            room = np.minimum(room, _part(value, terms.advance) - self.owed)
        open_ = (self.left(month) > 1) & (self.cure < 0) & (self.acceleration == self.count) & (month <= offer.until)
        drawn = np.where(open_, np.maximum(room, 0), 0)
        self.drawn[:, month] = drawn
        repaid = (self.owed == 0) & (self.total > 0)
        self.idle = self.idle + np.where(open_ & ~repaid, (offer.limit - self.total) * offer.idle[month], 0)
        self.total = self.total + drawn
        charged = _part(self.total, terms.fee) + np.floor(self.idle + HALF_A_CENT).astype(np.int64)
        self.fee[:, month], self.charged = charged - self.charged, charged
        self.first = np.where((self.first == self.count) & (drawn > 0), month, self.first)
        return np.asarray(drawn - self.fee[:, month])

    def pay(self, month: int, cash: Ints, cover: Ints, value: Ints) -> Ints:
        """Interest, principal and reserve are paid from the cash of a month; what is left of it.

        `cover` is the cash for debt service less what is due to the loans before this one, of which a sculpted loan
        takes its part; `value` the market value lent against.
        """
        interest, principal, left = self._due(month, cover, value)
        available = np.maximum(cash, 0)
        can = available + self.saved if self.seizes else interest + principal
        paid = np.minimum(interest, can)
        repaid = np.minimum(principal, can - paid)
        missed = interest - paid
        self.interest[:, month], self.repaid[:, month], self.unpaid[:, month] = paid, repaid, missed
        self.arrears = principal - repaid + missed
        self.owed = self.owed + self.added[:, month] + missed - repaid
        taken = np.minimum(self.saved, np.maximum(paid + repaid - available, 0))
        cash = cash - paid - repaid + taken
        saved = self.saved - taken
        if self.terms.reserve is not None:
            target = np.where((left > 1) & (self.owed > 0), self.service[:, month] * int(self.terms.reserve.months), 0)
            saved = saved + np.minimum(target - saved, np.maximum(cash, 0))
            cash = cash - (saved - self.saved + taken)
        self.to_reserve[:, month], self.saved = saved - self.saved, saved
        self.owed = self.owed + self.drawn[:, month]
        self.balance[:, month] = self.owed
        return np.asarray(cash)

    def _due(self, month: int, cover: Ints, value: Ints) -> tuple[Ints, Ints, Ints]:
        """Interest and principal that are due, with what was missed before, and the instalments that are left."""
        rate, left = self.offer.period[:, month], self.left(month)
        self.accrued = self.accrued + self.owed * rate
        interest = np.floor(self.accrued + HALF_A_CENT).astype(np.int64) - self.settled
        self.settled = self.settled + interest
        early = (month <= self.offer.ready) & (left > 1)
        self.added[:, month] = np.where(early, interest, 0)
        interest = interest - self.added[:, month]
        even = self.offer.even[:, month]
        planned = _instalment(self.terms, self.owed - self.arrears, (even, rate), left, cover - interest)
        planned = np.where(early, 0, planned)
        self.service[:, month] = interest + planned
        principal = planned + self.arrears
        if self.terms.base == "market_value":
            over = np.where(early, 0, self.owed - _part(value, self.terms.advance))
            principal = np.minimum(np.maximum(principal, over), self.owed)
        return interest, principal, left

    def repay(self, month: int, amount: Ints) -> None:
        """A part of what is owed is repaid before its time."""
        self.repaid[:, month] += amount
        self.owed = self.owed - amount
        self.arrears = np.minimum(self.arrears, self.owed)
        self.balance[:, month] = self.owed

    def release(self, month: int) -> Ints:
        """What the reserve sets free where nothing is owed any more."""
        free = np.where(self.owed == 0, self.saved, 0)
        self.to_reserve[:, month] -= free
        self.saved = self.saved - free
        return np.asarray(free)

    def test(self, month: int, tested: bool, deadline: int, dscr: Floats, ltv: Floats) -> None:
        """Covenants are tested: a breach that is not healed by its deadline is a default.

        Payments are due every month, ratios on the dates of their tests; while they are broken, they are looked at
        every month, and healed as soon as they are kept.
        """
        asked = self.terms.covenants
        ratios = np.zeros(len(dscr), np.bool_)
        if asked.dscr is not None:
            ratios |= dscr < float(asked.dscr)
        if asked.ltv is not None:
            ratios |= ltv > float(asked.ltv)
        ratios &= (month >= self.first + int(asked.first_test.months)) & (tested | (self.cure >= 0))
        broken = ((self.arrears > 0) | ratios) & (self.acceleration == self.count)
        fresh = broken & (self.cure < 0)
        self.cure = np.where(broken, np.where(fresh, deadline, self.cure), -1)
        self.breach = np.where(fresh, np.minimum(self.breach, month), self.breach)
        self.default = np.where(broken & (self.cure <= month), np.minimum(self.default, month), self.default)

    def accelerate(self, month: int, rows: Flags, proceeds: Ints, cash: Ints) -> Ints:
        """What is owed is due at once: repaid from what a sale brought, then from the reserve, then from the cash of
        the borrower if the lender may take it; the rest is lost.

        Returns what the reserve set free, less what was repaid.
        """
        owed = np.where(rows, self.owed, 0)
        taken = np.maximum(cash, 0) if self.terms.recourse == "cash" else 0
        repaid = np.minimum(owed, proceeds + self.saved + taken)
        saved = np.where(rows, self.saved, 0)
        self.to_reserve[:, month] -= saved
        self.saved = self.saved - saved
        self.repay(month, repaid)
        self.forgiven[:, month] = owed - repaid
        self.owed = self.owed - self.forgiven[:, month]
        self.balance[:, month], self.arrears = self.owed, np.where(rows, 0, self.arrears)
        self.acceleration = np.where(rows, month, self.acceleration)
        self.lost = np.where(rows & (owed > 0), (owed - repaid) / np.maximum(owed, 1), self.lost)
        self.claimed = np.where(rows, owed, self.claimed)
        return np.asarray(saved - repaid)


def _part(amounts: Ints, share: Fraction) -> Ints:
    return np.asarray(np.floor(amounts * float(share) + HALF_A_CENT), np.int64)


def _instalment(funding: Funding, balance: Ints, rates: tuple[Floats, Floats], left: Ints, cover: Ints) -> Ints:
    """The principal of a month's instalment: all of it with the last. `rates` are those of a twelfth of a year and of
    the month, `cover` is the cash for it, of sculpted debt."""
    months = np.maximum(left, 1)
    match funding.repaid:
        case "bullet":
            part = np.zeros(len(balance))
        case "straight":
            part = balance / months
        case "sculpted":
            part = cover.astype(np.float64)
        case "level":
            even, rate = rates
            safe = np.where(even > 0, even, 1.0)
            level = balance * safe / -np.expm1(-months * np.log1p(safe))
            part = np.where(even > 0, level - balance * rate, balance / months)
    floor = np.minimum(np.floor(np.maximum(part, 0) + HALF_A_CENT).astype(np.int64), balance)
    return np.where(left <= 1, balance, floor)
