"""How much of every supply was there, and had ever been there, over time."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import explained
from dcsim.network import Network
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


def happened(groups: Sequence[tuple[Ints, int]], ticks: Ints) -> Iterator[tuple[Ints, Ints]]:
    """When instances of these groups did what moves so many units, as far as they did it, and the units."""
    for instances, amount in groups:
        moments = ticks[instances]
        moments = moments[moments != NOT]
        yield moments, np.full(len(moments), amount)


def _among(network: Network, stock: Ints, wanted: Ints) -> NDArray[np.bool_]:
    is_wanted = np.zeros(len(network.stocks), np.bool_)
    is_wanted[wanted] = True
    return np.asarray(is_wanted[stock])


def movements(trace: Trace, stocks: Iterable[int] | None = None) -> tuple[Ints, Ints, Ints, Ints]:
    """What came into or went out of all stocks, or some: stock, tick, change of level, and what came in."""
    network, done = trace.network, trace.done
    wanted = np.arange(len(network.stocks)) if stocks is None else np.array([*stocks], np.int64)
    initial = np.array([network.stocks[stock].initial for stock in wanted.tolist()], np.int64)
    columns = [(wanted, np.zeros_like(wanted), initial)]
    for stock in wanted.tolist():
        made, used = happened(network.producers[stock], done), happened(network.consumers[stock], trace.start)
        columns += [(np.full(len(ticks), stock), ticks, amount) for ticks, amount in made]
        columns += [(np.full(len(ticks), stock), ticks, -amount) for ticks, amount in used]
    rows = trace.delivered if stocks is None else trace.delivered[_among(network, trace.delivered[:, 1], wanted)]
    columns.append((rows[:, 1], rows[:, 0], rows[:, 2]))
    if network.history is not None:
        took = np.array(network.history.took, np.int64).reshape(-1, 3)
        took = took if stocks is None else took[_among(network, took[:, 0], wanted)]
        columns.append((took[:, 0], took[:, 1], -took[:, 2]))
    stocked, tick, change = (np.concatenate(column).astype(np.int64) for column in zip(*columns, strict=True))
    return stocked, tick, change, np.maximum(change, 0)


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
