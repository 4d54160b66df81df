"""Owning against renting: the same demand for hours, served by the build or at a rental price."""

from collections.abc import Mapping

import numpy as np

from dcsim.money.books import Books, by_step
from dcsim.money.months import Drawn, Floats, Months
from dcsim.money.returns import npv, years
from dcsim.scenario.finance import TOGETHER, Finance, Rented
from dcsim.scenario.schema import Scenario

OWN_OR_RENT = {
    "own": "owning, with what is rented until it is there",
    "rent": "renting all of it",
    "saved": "owning saves",
    "price": "break-even rental price, an hour",
    "utilisation": "break-even utilisation",
    "right": "owning was right",
}


def own_or_rent(
    scenario: Scenario, finance: Finance, books: Books, hours: Mapping[str, Floats], months: Months, drawn: Drawn
) -> dict[str, dict[str, Floats]]:
    """Of each demand, by replication: present values of owning and of renting, and where the two are equal.

    Owning costs what is paid to run and to build, less the market value of the assets in the last month, and the rent
    of what is wanted and not there yet. With C for these costs without that rent, H for the hours wanted and there, P
    for their rent, all discounted: the break-even price is C / H, the break-even utilisation the utilisation x C / P.
    """
    at = years(months.ends, finance.valuation_date or scenario.start)
    rate = np.array([float(finance.discount_rate)])
    return {
        name: _compared(demand, f"finance.rent_instead.{name}", finance, books, hours[name], months, drawn, at, rate)
        for name, demand in finance.rent_instead.items()
    }


def _compared(
    demand: Rented,
    name: str,
    finance: Finance,
    books: Books,
    hours: Floats,
    months: Months,
    drawn: Drawn,
    at: Floats,
    rate: Floats,
) -> dict[str, Floats]:
    values = by_step(demand, name, months, drawn)
    served = np.minimum(hours[:, 0], hours[:, 1])
    used, wanted = served * values["utilisation"], hours[:, 1] * values["utilisation"]
    idle_too, served_hours, spared, rent = (
        npv(flow.sum(axis=1), at, rate) for flow in (served, used, used * values["price"], wanted * values["price"])
    )
    cost = _cost_of_owning(demand, finance, books, at, rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = cost / served_hours
        utilisation = served_hours / idle_too * cost / spared
    saved = spared - cost
    served_any = served_hours > 0
    return {
        "own": cost + rent - spared,
        "rent": rent,
        "saved": saved,
        "price": np.where(served_any, price, np.nan),
        "utilisation": np.where(served_any, utilisation, np.nan),
        "right": (saved > 0).astype(np.float64),
    }


def _cost_of_owning(demand: Rented, finance: Finance, books: Books, at: Floats, rate: Floats) -> Floats:
    party = demand.by or TOGETHER
    flows = books.parties[party].flows
    paid = flows["operating costs"] + flows["to parties"] + flows["investment"]
    owned = [asset for asset in books.owned.values() if party in (asset.owner, TOGETHER)]
    if demand.costs:
        paid = np.asarray(sum(books.paid[name] for name in demand.costs))
        owned = [
            books.owned[name]
            for name, asset in finance.assets.items()
            if set(asset.costs or (name,)) <= set(demand.costs)
        ]
    net = paid.astype(np.float64)
    net[:, -1] -= sum((asset.value[:, -1] for asset in owned), np.int64(0))
    return npv(net, at, rate) / 100
