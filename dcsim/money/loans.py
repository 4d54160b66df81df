"""A loan month by month: draws, interest, what is added to it, and what is repaid; in whole cents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dcsim.money.months import HALF_A_CENT, Floats, Ints, Months
from dcsim.scenario.finance import Finance, Funding


@dataclass(frozen=True, eq=False)
class Loan:
    """A loan in each replication, by month; all happens on the last day of a month."""

    drawn: Ints
    fee: Ints
    """What the lender keeps of the draws."""
    added: Ints
    """Interest that is added to the loan instead of being paid."""
    interest: Ints
    """Interest that is paid."""
    repaid: Ints
    balance: Ints
    """What is owed after the payments of the month."""
    rate: Floats
    """A year, that of the month."""
    due: NDArray[np.bool_]
    """The month of the last instalment."""


def month_share(finance: Finance, months: Months) -> Floats:
    """The part of a year's interest that is due for each month."""
    match finance.day_count:
        case "act/365":
            return months.days / 365
        case "act/360":
            return months.days / 360
    return np.full(months.count, 1 / 12)


def rate_of_month(rate: Floats, finance: Finance, months: Months) -> Floats:
    """What a yearly rate is for each month: its part of the year, or 1 + rate to the power of that part."""
    part = month_share(finance, months)
    return rate * part if finance.compounding == "nominal" else np.expm1(np.log1p(rate) * part)


def run_loan(funding: Funding, available: Ints, rate: Floats, period: Floats, ready: Ints) -> Loan:
    """A loan over all months.

    Parameters
    ----------
    funding
        Its terms.
    available
        What may have been drawn by the end of each month, in cents, replications by months.
    rate
        Interest a year, replications by months.
    period
        Interest of each month, alike.
    ready
        The month until whose end interest is added to the loan; -1 if it is paid from the beginning.

    The level instalment is the annuity r B / (1 - (1 + r)^-k) of what is owed, with the rate r of the month and the k
    months that are left; straight is B / k. The last instalment takes the rest.
    """
    assert funding.term is not None
    term, (n, count) = int(funding.term.months), rate.shape
    drawn, fee, added, interest, repaid, balances = np.zeros((6, n, count), np.int64)
    due = np.zeros((n, count), np.bool_)
    balance, total, first = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full(n, count, np.int64)
    accrued, settled = np.zeros(n), np.zeros(n, np.int64)
    for month in range(count):
        accrued += balance * period[:, month]
        owed = np.floor(accrued + HALF_A_CENT).astype(np.int64) - settled
        settled += owed
        left = first + term - month + 1  # instalments that are left, this one too
        early = (month <= ready) & (left > 1)
        added[:, month] = np.where(early, owed, 0)
        interest[:, month] = owed - added[:, month]
        repaid[:, month] = np.where(early, 0, _instalment(funding, balance, period[:, month], left))
        due[:, month] = (left == 1) & (balance > 0)
        balance = balance + added[:, month] - repaid[:, month]
        open_ = left > 1
        drawn[:, month] = np.where(open_, np.maximum(available[:, month] - total, 0), 0)
        total += drawn[:, month]
        first = np.where((first == count) & (drawn[:, month] > 0), month, first)
        fee[:, month] = np.floor(total * float(funding.fee) + HALF_A_CENT).astype(np.int64) - fee.sum(axis=1)
        balance += drawn[:, month]
        balances[:, month] = balance
    return Loan(drawn, fee, added, interest, repaid, balances, rate, due)


def _instalment(funding: Funding, balance: Ints, rate: Floats, left: Ints) -> Ints:
    """The principal of a month's instalment: all of it with the last."""
    months = np.maximum(left, 1)
    if funding.repaid == "bullet":
        part = np.zeros(len(balance))
    elif funding.repaid == "straight":
        part = balance / months
    else:
        safe = np.where(rate > 0, rate, 1.0)
        level = balance * safe / -np.expm1(-months * np.log1p(safe))
        part = np.where(rate > 0, level - balance * safe, balance / months)
    floor = np.minimum(np.floor(np.maximum(part, 0) + HALF_A_CENT).astype(np.int64), balance)
    return np.where(left <= 1, balance, floor)
