"""The network of a scenario, with the cash of the expected build in it where cash is limited.

Equity comes, and orders and work are paid, in each replication as it goes. All else that moves cash depends on the
build as a whole: revenue, running costs, loans and their service. It enters as the path of the expected build, by
month, as that build is with limited cash: the path is reckoned from the build that it leads to, until both agree.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from dcsim.distributions import Fixed
from dcsim.document.report import Section
from dcsim.document.words import joined
from dcsim.errors import RequestError
from dcsim.model import build
from dcsim.network import Moment, Network, Order
from dcsim.scenario.cash import cash_of, followed, holds, is_limited, payments
from dcsim.scenario.schema import Scenario

PLENTY = 2**50
"""Cash that never runs out, in the first build of all."""
ROUNDS = 24
"""How often the path is reckoned anew at most."""
Path = tuple[tuple[str, int, int], ...]
"""Changes of cash: the supply, the tick, whole units of the currency."""


@dataclass(frozen=True, eq=False)
class Funded:
    """A network and the cash of its expected build."""

    network: Network
    settled: bool
    """Whether the path is that of the build which it leads to."""


@lru_cache(maxsize=8)
def network_of(scenario: Scenario) -> Network:
    """The network of a scenario, built once."""
    return funded(scenario).network if is_limited(scenario) else build(scenario)


@lru_cache(maxsize=8)
def funded(scenario: Scenario) -> Funded:
    """The network of a scenario whose cash is limited."""
    network, finance = build(scenario), scenario.finance
    assert finance is not None
    names = {cash_of(finance, party) for party in finance.parties}
    rich = [replace(stock, initial=PLENTY) if stock.name in names else stock for stock in network.stocks]
    path = _path(scenario, replace(network, stocks=tuple(rich)))
    for _ in range(ROUNDS):
        richer = _with(network, path)
        path, before = _path(scenario, richer), path
        if path == before:
            return Funded(richer, True)
    return Funded(richer, False)


def refuse_limited(scenario: Scenario, question: str) -> None:
    """Refuse limited cash to a question that moves each order alone; raises RequestError."""
    if is_limited(scenario):
        why = (
            f"{question} moves each order alone, and with `cash: limited` an order is placed when there is cash for it"
        )
        raise RequestError(f"{why}: add --set finance.cash=unlimited, or ask dcsim explain what waits for cash")


def about_cash(scenario: Scenario) -> Section:
    """What waits for cash, and how that is reckoned."""
    finance = scenario.finance
    assert finance is not None
    held = [cost for _, cost in followed(scenario, finance) if any(holds(payment) for payment in payments(cost))]
    orders = dict.fromkeys(f"orders of {cost.supply}" for cost in held if cost.supply is not None)
    starts = dict.fromkeys(f"the start of {cost.activity}" for cost in held if cost.activity is not None)
    text = (
        f"Cash is limited: {joined([*orders, *starts]) or 'nothing'} wait until what is due with them is there, in "
        f"whole {finance.currency} and at expected prices. What is due later holds nothing back itself: it is always "
        "paid, before all that waits, and may bring cash below zero. Revenue, other costs, loans and their service "
        "move cash as in the expected build, at month ends."
    )
    if not funded(scenario).settled:
        text += f" In {ROUNDS} rounds that build and its cash did not agree; the last round is used."
    return Section("", notes=(text,))


def _path(scenario: Scenario, network: Network) -> Path:
    """What moves the cash of each party in the expected build, beside equity and the payments that are followed."""
    from dcsim.engine import AUTO, ENGINES, choose
    from dcsim.engine.draws import Expectation, draw
    from dcsim.money.months import expected
    from dcsim.study.finance import Money

    money = Money.of(scenario, network)
    draws = draw(network, Expectation())
    trace = ENGINES[choose(AUTO, network.instances)]()(network, draws)
    books = money.books(money.builds([money.watched.record(trace, draws)]), expected)
    changes: list[tuple[str, int, int]] = []
    for party in money.finance.parties:
        flow = books.parties[party].cash_flow
        net = flow["net cash flow"][0] - flow["equity"][0]
        for name, cost in followed(scenario, money.finance):
            if money.finance.party(cost.by) == party:
                net = net + books.paid[name][0]
        units = np.diff(np.cumsum(net) // 100, prepend=0)
        name = cash_of(money.finance, party)
        ends = money.months.edges[1:]
        changes += [(name, int(ends[month]), int(units[month])) for month in np.flatnonzero(units).tolist()]
    return tuple(changes)


def _with(network: Network, path: Path) -> Network:
    """A network in which these changes of cash happen, each at the end of its month."""
    stocks = {stock.name: number for number, stock in enumerate(network.stocks)}
    more = []
    for name, tick, units in path:
        if tick <= network.horizon:
            more.append(_change(stocks[name], f"expected {network.date(tick - 1):%Y-%m}", tick, units))
    return replace(network, orders=(*network.orders, *more))


def _change(stock: int, name: str, tick: int, units: int) -> Order:
    return Order(name, stock, units, 1, 0, Moment(tick, Fixed(0)), Fixed(0), (), f"finance.{name}", False, 0.0)
