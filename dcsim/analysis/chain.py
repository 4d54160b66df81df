"""What a driving chain is made of: its segments in words and dates, and its days by what they were spent on."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import dates, explained, typed
from dcsim.analysis.quantiles import quantile, share
from dcsim.chain.ways import ways
from dcsim.dates import at_midnight
from dcsim.document.causes import spent_on
from dcsim.engine.draws import Draws, undisturbed
from dcsim.engine.flat import flatten
from dcsim.engine.tables import Table
from dcsim.network import Network
from dcsim.places import SITE
from dcsim.scenario.schema import ALWAYS
from dcsim.trace import NOT, Ints, causes
from dcsim.units import DAY

WORK, REWORK, RESOURCE, SUPPLY, CALENDAR, RISK = "work", "rework", "resource", "supply", "calendar", "risk"
LAG, DATE, ORDER, PLACED, PRODUCED, START = "lag", "date", "order", "placed", "production", "start"


class Spending(NamedTuple):
    """What time can be spent on."""

    kind: str
    """`work`, `rework`, `resource` (waiting for it), `supply` (waiting for it, of no length: what brings it is told
    instead), `calendar`, `risk`, `lag`, `date` (not before one), `order` (its lead time), `placed` (not yet placed),
    `production`, `start`."""
    name: str


@lru_cache(maxsize=8)
def codes_of(network: Network) -> tuple[Spending, ...]:
    """What each code of a segment means."""
    activities = network.activities
    orders = tuple(f"{network.stocks[order.stock].name}.{order.name}" for order in network.orders)
    supplies = {stock.name for stock in network.stocks}
    groups: tuple[tuple[str, Sequence[str]], ...] = (
        (WORK, activities),
        (REWORK, activities),
        ("", causes(network)),
        (LAG, (*activities, *orders)),
        (DATE, activities),
        (ORDER, orders),
        (PLACED, orders),
        (PRODUCED, [stock.name for stock in network.stocks]),
        (START, [""]),
    )
    return tuple(
        Spending(kind, name) if kind else waiting_for(name, supplies) for kind, names in groups for name in names
    )


def waiting_for(cause: str, supplies: set[str]) -> Spending:
    """What a cause of waiting is, and its name."""
    prefix, _, name = cause.partition(":")
    if name and prefix in (CALENDAR, RISK):
        return Spending(prefix, name)
    return Spending(SUPPLY if cause in supplies else RESOURCE, cause)


def minutes_by_code(
    network: Network, draws: Draws, chains: Sequence[Table], reached: Ints, zeros: Ints
) -> tuple[Ints, NDArray[np.bool_]]:
    """The minutes of chains since day zero, a tick, and the codes that they lead through: chains by codes.

    The minutes add up to the milestone's distance from day zero, which is negative for one reached before.
    """
    parts = [with_risks(network, draws, chain) if len(chain) else chain for chain in chains]
    which, shape = np.repeat(np.arange(len(parts)), [len(part) for part in parts]), (len(parts), len(codes_of(network)))
    begins, ends, code = (np.concatenate([part[name] for part in parts]) for name in ("begins", "ends", "code"))
    minutes = np.maximum(ends, zeros[which]) - np.maximum(begins, zeros[which])
    at, size = shape[1] * which + code, shape[0] * shape[1]
    spent = np.bincount(at, minutes, size).astype(np.int64).reshape(shape)  # exact: less than 2**53
    touched = np.bincount(at, minlength=size).reshape(shape) > 0
    rest, start = np.where(reached == NOT, 0, reached - zeros - spent.sum(axis=1)), ways(network).codes.start
    spent[:, start] += rest
    touched[:, start] |= rest != 0
    return spent, touched


def with_risks(network: Network, draws: Draws, chain: Table) -> Table:
    """The same chain, where the end of a production that risks have slowed down is theirs."""
    codes = ways(network).codes
    first = chain[0]
    if not codes.production <= first["code"] < codes.start:
        return chain
    stock, tick = int(first["code"]) - codes.production, int(first["ends"])
    risk = _slowed_by(network, draws, stock, tick)
    if risk == NOT:
        return chain
    without = undisturbed(network, draws, stock, tick)
    if without == tick:
        return chain
    parts = np.concatenate([chain[:1], chain])
    parts[0]["ends"] = parts[1]["begins"] = without
    parts[1]["code"] = codes.wait + flatten(network).risk_cause[risk]
    return parts


def _slowed_by(network: Network, draws: Draws, stock: int, tick: int) -> int:
    """The first risk that occurred before a tick and slows down the production of a stock; NOT if none does."""
    name = network.stocks[stock].name
    for number, (risk, windows) in enumerate(zip(network.risks, draws.windows, strict=True)):
        if any(window.begins < tick for window in windows):
            if any(supply == name and multiplier < 1 for supply, multiplier in risk.production):
                return number
    return NOT


def segments(network: Network, draws: Draws, milestone: str, chain: Table) -> pd.DataFrame:
    """The chain as a story, in order of time; what follows each other about the same thing is one row.

    Goods that were there at the start are a row of no length.

    Columns: milestone, kind, name, activity, place (whose work, or who waited), begins, ends (ticks), days, from, to.
    """
    names = codes_of(network)
    rows: list[list[Any]] = []
    for begins, ends, code, instance, _ in with_risks(network, draws, chain).tolist() if len(chain) else ():
        if begins == ends and (ends or names[code].kind not in (ORDER, PRODUCED)):
            continue
        activity = network.activities[int(network.activity[instance])] if instance != NOT else ""
        place = network.place_path(instance) if instance != NOT else ""
        spent = [milestone, *names[code], activity, place]
        if rows and rows[-1][:5] == spent:
            rows[-1][6] = ends
        else:
            rows.append([*spent, begins, ends])
    frame = typed(rows, "milestone kind name activity place begins:whole ends:whole")
    frame["days"] = (frame["ends"] - frame["begins"]) / DAY
    frame["from"] = dates(network, frame["begins"].to_numpy(np.int64))
    ends = frame["ends"].to_numpy(np.int64)
    frame["to"] = dates(network, ends - (at_midnight(network.start, ends) & (ends > frame["begins"].to_numpy())))
    return explained(frame, network)


MOST_LINES = 20
"""Lines of a story; the shortest parts share a line where there are more."""
MINOR = 0.001
"""Shorter parts of the whole always share a line."""

Row = Mapping[Hashable, Any]
Line = tuple[pd.Timestamp, float, str, str]


def story(segments: pd.DataFrame) -> Iterator[Line]:
    """A chain in few lines: what follows each other about the same thing is one, and so are the shortest together.

    Each is when it begins, its days, what they were spent on, and where.
    """
    stretches = _stretches(segments.to_dict("records"))
    lengths = sorted(map(_length, stretches), reverse=True)
    shortest = max(lengths[MOST_LINES] if len(lengths) > MOST_LINES else 0.0, MINOR * sum(lengths))
    for minor, group in groupby(stretches, lambda stretch: 0 < _length(stretch) <= shortest):
        if minor:
            part = [row for stretch in group for row in stretch]
            names = [f"{name}" for name in dict.fromkeys(row["name"] for row in part)]
            yield _line(part, f"short steps: {', '.join(names[:3])}" + (" ..." if len(names) > 3 else ""))
        else:
            yield from (_line(stretch, _spent(stretch)) for stretch in group)


def _stretches(rows: Sequence[Row]) -> list[list[Row]]:
    """What follows each other about the same thing; a night stands with the work that it interrupts."""
    causes = [(row["kind"], row["name"]) for row in rows]
    for k in range(1, len(rows) - 1):
        if causes[k][0] == "calendar" and causes[k - 1] == causes[k + 1]:
            causes[k] = causes[k - 1]
    return [[rows[k] for k in group] for _, group in groupby(range(len(rows)), lambda k: causes[k])]


def _spent(stretch: Sequence[Row]) -> str:
    """What a stretch was spent on."""
    first, closed = stretch[0], _length([row for row in stretch if row["kind"] == "calendar"])
    if not _length(stretch):
        return f"{first['name']}: there at the start"
    within = f", {closed:,.1f} of it closed" if closed and first["kind"] != "calendar" else ""
    return spent_on(first["kind"], first["name"]) + within


def _length(rows: Sequence[Row]) -> float:
    return float(sum(row["days"] for row in rows))


def _line(rows: Sequence[Row], spent: str) -> Line:
    """A line of the story, with who worked or waited where: of several the first, and how many there were."""
    first = rows[0]
    own = first["activity"] if first["activity"] != first["name"] else ""
    where = " in ".join(f"{part}" for part in (own, first["place"] if first["place"] != SITE else "") if part)
    places = len({(row["activity"], row["place"]) for row in rows})
    return first["from"], _length(rows), spent, f"{where} and {places - 1} more" if places > 1 else where


_PARTS = {
    "activity": (WORK, REWORK, LAG, DATE),
    "resource": (RESOURCE,),
    "supply": (SUPPLY, PRODUCED),
    "order": (ORDER, PLACED, LAG),
    "risk": (RISK,),
    "calendar": (CALENDAR,),
}
"""What can be on a driving chain, and the kinds of spending by which it is."""
DAYS = "kind name mean:number p10:number p90:number index:number"
CRITICALITY = "kind name index:number low:number high:number"


def days_by_cause(network: Network, spent: Ints, touched: NDArray[np.bool_]) -> pd.DataFrame:
    """What the days of a milestone are made of, most first: kind, name, mean, p10, p90 (days), index.

    `spent` has minutes and `touched` whether the chain led through it, replications by codes (see `minutes_by_code`);
    the means add up to the mean day of these replications. `index` is the share of them whose chain leads through it.
    """
    return days_by(codes_of(network), spent, touched, DAYS)


def days_by(keys: Sequence[tuple[str, ...]], spent: Ints, touched: NDArray[np.bool_], columns: str) -> pd.DataFrame:
    """The same by the key of each code, in columns that begin with those of the key."""
    parts: dict[tuple[str, ...], list[int]] = {}
    for code, key in enumerate(keys):
        parts.setdefault(key, []).append(code)
    rows = []
    for key, codes in parts.items():
        if not touched[:, codes].any():
            continue
        days = spent[:, codes].sum(axis=1) / DAY
        index = float(touched[:, codes].any(axis=1).mean())
        rows.append((*key, float(days.mean()), quantile(days, 0.1), quantile(days, 0.9), index))
    return typed(rows, columns).sort_values(["mean", "index"], ascending=False, kind="stable", ignore_index=True)


def criticality(network: Network, touched: NDArray[np.bool_]) -> pd.DataFrame:
    """How often everything is on the driving chain, most often first: kind, name, index, low, high.

    Kind is activity, resource, supply, order, risk or calendar; `index` is the share of replications, with the 95 %
    interval of Wilson, Journal of the American Statistical Association 22 (1927) 209.
    """
    names = codes_of(network)
    orders = {spending.name for spending in names if spending.kind == ORDER}
    rows = []
    for part, kinds in _PARTS.items():
        positions: dict[str, list[int]] = {}
        for code, (kind, name) in enumerate(names):
            if kind in kinds and (kind != LAG or (name in orders) == (part == "order")) and name != ALWAYS:
                positions.setdefault(name, []).append(code)
        for name, codes in positions.items():
            rows.append((part, name, *share(int(touched[:, codes].any(axis=1).sum()), len(touched))))
    return typed(rows, CRITICALITY).sort_values("index", ascending=False, kind="stable", ignore_index=True)
