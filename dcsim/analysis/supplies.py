"""How much of every supply was there, and had ever been there, over time."""

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pandas as pd

from dcsim.analysis.frames import explained
from dcsim.scenario.schema import Scenario
from dcsim.trace import NOT, Ints, Trace


def supply_table(trace: Trace) -> pd.DataFrame:
    """One row per change: supply, place, unit, tick, level (in stock), total (ever there)."""
    network = trace.network
    stock, tick, change, gain = movements(trace)
    order = np.lexsort((tick, stock))
    stock, tick, change, gain = stock[order], tick[order], change[order], gain[order]
    last = np.append((stock[1:] != stock[:-1]) | (tick[1:] != tick[:-1]), True)[: len(stock)]
    level, total = np.cumsum(change)[last], np.cumsum(gain)[last]
    stock, tick = stock[last], tick[last]
    begins = np.searchsorted(stock, np.arange(len(network.stocks)))
    for sums in (level, total):
        before = np.where(begins > 0, sums[np.maximum(begins - 1, 0)], 0)
        sums -= before[stock]
    frame = pd.DataFrame(
        {
            "supply": _of(stock, [s.name for s in network.stocks]),
            "place": _of(stock, [s.place for s in network.stocks]),
            "unit": _of(stock, [s.unit for s in network.stocks]),
            "tick": tick,
            "level": level,
            "total": total,
        }
    )
    return explained(frame, network)


def delivered(trace: Trace) -> Ints:
    """All deliveries as numbers: tick, stock, amount, and the order, -1 for production."""
    cells = np.fromiter(chain.from_iterable(trace.delivery_rows), np.int64, 4 * len(trace.delivery_rows))
    return cells.reshape(-1, 4)


def movements(trace: Trace) -> tuple[Ints, Ints, Ints, Ints]:
    """Everything that came into or went out of a stock: stock, tick, change of level, and what came in."""
    network = trace.network
    columns: list[list[Ints]] = [[], [], [], []]

    def add(stock: Ints, tick: Ints, change: Ints) -> None:
        for column, values in zip(columns, (stock, tick, change, np.maximum(change, 0)), strict=True):
            column.append(np.asarray(values, np.int64))

    stocks = np.arange(len(network.stocks))
    add(stocks, np.zeros_like(stocks), np.array([stock.initial for stock in network.stocks], np.int64))
    rows, done = delivered(trace), trace.done
    add(rows[:, 1], rows[:, 0], rows[:, 2])
    for number, bundle in enumerate(network.bundles):
        ticks = done[(network.bundle == number) & (done != NOT)] if bundle else done[:0]
        for stock, amount in bundle:
            add(np.full(len(ticks), stock), ticks, np.full(len(ticks), amount))
    order = np.argsort(network.demand, kind="stable")
    edges = np.searchsorted(network.demand[order], np.arange(len(network.demands) + 1))
    for number, demand in enumerate(network.demands):
        starts = trace.start[order[edges[number] : edges[number + 1]]]
        ticks = starts[starts != NOT]
        for stock, amount in demand.consumes:
            add(np.full(len(ticks), stock), ticks, np.full(len(ticks), -amount))
    if network.history is not None:
        took = np.array(network.history.took, np.int64).reshape(-1, 3)
        add(took[:, 0], took[:, 1], -took[:, 2])
    stocked, tick, change, gain = (np.concatenate(column) for column in columns)
    return stocked, tick, change, gain


def total_over_time(supplies: pd.DataFrame, supply: str) -> pd.DataFrame:
    """How many units of a supply had ever been there, over all its places: tick, total."""
    rows = supplies[supplies["supply"] == supply].sort_values("tick", kind="stable")
    gains = rows.groupby("place")["total"].diff().fillna(rows["total"])
    summed = gains.groupby(rows["tick"]).sum().cumsum()
    return pd.DataFrame({"tick": summed.index.to_numpy(), "total": summed.to_numpy(np.int64)})


def counted(scenario: Scenario, known: Iterable[str], milestones: Iterable[str] | None = None) -> list[str]:
    """The supplies that milestones count, all or some of them, as far as they are known and of the commonest unit."""
    looked_at = [
        scenario.milestones[name].supply for name in (scenario.milestones if milestones is None else milestones)
    ]
    names = set(known)
    counters = [name for name in looked_at if name is not None and name in names]
    units = [scenario.supplies[name].unit for name in counters]
    common = max(units, key=units.count, default="")
    return list(dict.fromkeys(name for name, unit in zip(counters, units, strict=True) if unit == common))


def _of(numbers: Ints, names: list[str]) -> "pd.Series[str]":
    return pd.Series(np.array([*names, ""], object)[numbers], dtype="str")
