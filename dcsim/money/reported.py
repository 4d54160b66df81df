"""Figures as they were reported in the world: what a year or a month brought, and when something happened."""

from collections.abc import Mapping

import numpy as np

from dcsim.money.books import Party
from dcsim.money.figures import Figures
from dcsim.money.months import Floats, Ints, Months
from dcsim.scenario.finance import HAPPENS, Reported
from dcsim.scenario.prices import MONTH

STOCKS = ("cash", "loans")
"""What is told as it is at the end of a year or a month."""


def simulated(
    reported: Reported, parties: Mapping[str, Party], figures: Mapping[str, Figures], months: Months
) -> Floats:
    """The simulated counterpart of a reported figure, by replication: an amount in units of the currency, on average of
    the months where it was reported by month, or the year of an event, infinite for never."""
    name = reported.by or next(iter(parties))
    if reported.figure in HAPPENS:
        years = np.array([*(end.year for end in months.ends), np.inf])
        at = figures[name].values[reported.figure]
        return np.asarray(years[np.where(np.isfinite(at), at, months.count).astype(int)])
    here = np.array([f"{end:%Y-%m}".startswith(reported.when) for end in months.ends])
    amounts = _amounts(parties[name], reported.figure)[:, here] / 100
    if reported.figure in STOCKS:
        return np.asarray(amounts[:, -1])
    monthly = reported.amount is not None and reported.amount.per == MONTH
    return np.asarray(amounts.mean(axis=1) if monthly else amounts.sum(axis=1))


def _amounts(party: Party, figure: str) -> Ints:
    flows = party.flows
    spending = flows["operating costs"] + flows["to parties"] + flows["investment"]
    match figure:
        case "spending":
            return spending
        case "burn":
            earned = flows["revenue"] + flows["from parties"]
            return np.asarray(spending + flows["loan fees"] + flows["interest paid"] - earned)
        case "net_income":
            return party.income["net income"]
        case "loans":
            return party.balance["loans"]
    return party.cash_flow[figure.replace("_", " ")]
