"""When the goods of orders are first needed: in the expected case in which those orders are in stock from the start."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from dcsim.analysis.supplies import happened
from dcsim.distributions import Fixed
from dcsim.model import build
from dcsim.network import Moment
from dcsim.scenario.needs import OrderName
from dcsim.scenario.schema import Scenario
from dcsim.trace import Trace


def needs_of(scenario: Scenario, orders: Collection[OrderName]) -> dict[OrderName, datetime]:
    """The need of each of these orders, as far as there is one."""
    trace = _expected(scenario, orders)
    names: dict[str, OrderName] = {f"supplies.{supply}.orders.{order}": (supply, order) for supply, order in orders}
    needs: dict[OrderName, datetime] = {}
    covered = [stock.initial for stock in trace.network.stocks]
    for order in trace.network.orders:
        before, covered[order.stock] = covered[order.stock], covered[order.stock] + order.amount
        if (name := names.get(order.path)) is not None:
            tick = _use_beyond(trace, order.stock, before)
            if tick is not None:
                moment = scenario.start + timedelta(minutes=tick)
                needs[name] = min(moment, needs.get(name, moment))
    return needs


def _expected(scenario: Scenario, orders: Collection[OrderName]) -> Trace:
    """The expected case in which these orders are in stock when the clock starts."""
    from dcsim.engine import AUTO, ENGINES, choose
    from dcsim.engine.draws import Expectation, draw

    network = build(scenario)
    paths = {f"supplies.{supply}.orders.{order}" for supply, order in orders}
    from_start = {"placed": Moment(0, Fixed(0)), "lead_time": Fixed(0), "in_months": False, "lots": 1, "factors": ()}
    supplied = [replace(order, **from_start) if order.path in paths else order for order in network.orders]  # type: ignore[arg-type]
    rich = replace(network, orders=tuple(supplied))
    return ENGINES[choose(AUTO, rich.instances)]()(rich, draw(rich, Expectation()))


def _use_beyond(trace: Trace, stock: int, amount: int) -> int | None:
    """The tick of the first start that takes more of a stock than this amount, all starts until then together."""
    used = [*happened(trace.network.consumers[stock], trace.start)]
    if not used:
        return None
    ticks, units = (np.concatenate(column) for column in zip(*used, strict=True))
    order = np.argsort(ticks, kind="stable")
    beyond = np.flatnonzero(np.cumsum(units[order]) > amount)
    return int(ticks[order][beyond[0]]) if len(beyond) else None
