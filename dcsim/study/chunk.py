"""A chunk of replications: run one after the other, and reduced to what is kept."""

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import codes_of, minutes_by_code
from dcsim.chain import follower
from dcsim.distributions import Fixed
from dcsim.engine import new_runner
from dcsim.engine.draws import Deliveries, Draws, Ints, drawn_of, quantity
from dcsim.engine.kept import Kept
from dcsim.engine.outcome import Outcome
from dcsim.network import FactorUse, Network, Order, Work
from dcsim.places import SITE
from dcsim.study.design import designed, site_quantities
from dcsim.trace import NOT, causes
from dcsim.units import DAY

MOST_ROWS = 1_000_000
"""Of so many days and amounts it is known, for one supply, how many replications had them."""


@dataclass(eq=False)
class Tally:
    """How many replications had which amount at the end of which day.

    Amounts are exact until there are more than `MOST_ROWS` rows. Then they are rounded down to multiples of a step,
    which doubles until there are no more; `marks` stay exact. In which order replications come makes no difference.
    """

    marks: Ints
    rows: Ints = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    """Day, amount, how many replications: by day, then amount."""
    step: int = 1
    _pending: list[Ints] = field(default_factory=list)

    def add(self, rows: Ints, step: int = 1) -> None:
        """Take more rows, whose amounts have such a step."""
        self.step = max(self.step, step)
        self._pending.append(rows)
        if sum(map(len, self._pending)) > max(len(self.rows), MOST_ROWS // 4):
            self.settle()

    def settle(self) -> "Tally":
        """With all that it took, in no more rows than there is room for."""
        if self._pending:
            self.rows, self._pending = self._added_up(np.concatenate([self.rows, *self._pending])), []
        while len(self.rows) > MOST_ROWS and self.step < 2**62:
            self.step *= 2
            self.rows = self._added_up(self.rows)
        return self

    def _added_up(self, rows: Ints) -> Ints:
        day, amount, count = rows.T
        if self.step > 1:
            mark = self.marks[np.searchsorted(self.marks, amount, side="right") - 1]
            amount = np.maximum(amount // self.step * self.step, mark)
        order = np.lexsort((amount, day))
        day, amount, count = day[order], amount[order], count[order]
        first = np.flatnonzero((np.diff(day, prepend=-1) != 0) | (np.diff(amount, prepend=-1) != 0))
        return np.stack([day[first], amount[first], np.add.reduceat(count, first)], axis=1)


@dataclass(frozen=True, eq=False)
class Counter:
    """A supply that milestones count, and how its growth is read from a run."""

    supply: str
    initial: int
    marks: Ints
    """Amounts that are always counted exactly: none, what there is at the start, what milestones need, and all."""
    instances: Ints
    """Instances that produce it."""
    gains: Ints
    stocks: Ints

    def by_day(self, outcome: Outcome, days: int) -> Ints:
        """Units ever there at the end of each day since the start."""
        done = (outcome.finish[self.instances] != NOT) & ~outcome.draws.skipped[self.instances]
        instances = self.instances[done]
        worked = ~np.isin(instances, list(outcome.begun))
        dated = np.maximum(0, outcome.finish[instances] - worked)
        gained = np.bincount(dated // DAY, weights=self.gains[done], minlength=days)
        for tick, amount in _deliveries(self.stocks, outcome.draws.deliveries, outcome):
            gained[tick // DAY] += amount
        return (self.initial + np.cumsum(gained[:days])).astype(np.int64)


def _deliveries(stocks: Ints, known: Deliveries, outcome: Outcome) -> list[tuple[int, int]]:
    of_supply = np.isin(known.stock, stocks)
    rows = list(zip(known.tick[of_supply].tolist(), known.amount[of_supply].tolist(), strict=True))
    return rows + [(row.tick, row.amount) for row in outcome.late if row.stock in stocks]


def counters(network: Network) -> tuple[Counter, ...]:
    """The supplies that milestones count, as far as only activities and orders bring them."""
    counted = dict.fromkeys(network.stocks[stock].name for m in network.milestones for stock in m.stocks)
    produced = {network.stocks[production.stock].name for production in network.productions}
    return tuple(_counter(network, name) for name in counted if name not in produced)


def _counter(network: Network, name: str) -> Counter:
    stocks = {number for number, stock in enumerate(network.stocks) if stock.name == name}
    gain = np.array([sum(t.amount for t in bundle if t.stock in stocks) for bundle in network.bundles], np.int64)
    instances = np.flatnonzero(gain[network.bundle])
    gains = gain[network.bundle[instances]]
    initial = sum(network.stocks[stock].initial for stock in stocks)
    lots = [order.lot(k) for order in network.orders if order.stock in stocks for k in range(order.lots)]
    reached = [m.reaches for m in network.milestones if m.stocks and stocks.issuperset(m.stocks)]
    marks = np.unique([0, initial, *reached, initial + int(gains.sum()) + sum(lots)])
    return Counter(name, initial, marks, instances, gains, np.array(sorted(stocks), np.int64))


@dataclass(frozen=True, eq=False)
class Chunk:
    """What is kept of the replications from `first` on."""

    first: int
    reached: Ints
    """Ticks, replications by milestones."""
    dated: Ints
    """The minutes that date them (see `dcsim.dates`), alike."""
    waits: Ints
    """Minutes, replications by causes by (all that waited, time in which anything did)."""
    draws: NDArray[np.float64]
    """Replications by `drawn_names`; for a risk the tick at which it first begins (counted from what it follows, if it
    follows something), not a number if it does not occur."""
    left: Ints
    """How many activity instances did not finish, by replication."""
    stuck: Ints
    """Rows of (replication, activity, cause, how many wait for it when the run ends)."""
    spent: Ints
    """Minutes of driving chains since day zero: replications by milestones explained by what they were spent on."""
    touched: NDArray[np.bool_]
    """Whether the chain led through it, alike."""
    curves: tuple[Tally, ...]
    """Of each counter."""


def run_chunk(
    network: Network,
    engine: str,
    seed: int,
    sampling: str,
    explained: tuple[int, ...],
    first: int,
    numbers: Ints,
    what: tuple[Counter, ...],
    stopped: Callable[[], bool],
    in_full: bool = True,
    kept: Kept | None = None,
) -> Chunk:
    """Run the replications with these numbers, which are kept from `first` on, or give up when all is stopped.

    `explained` are the milestones whose driving chains are followed, by number; waits and what was drawn are kept only
    in full; `kept` are working times that are shared with other networks.
    """
    follow = follower(network, [network.milestones[number].gate for number in explained]) if explained else None
    runner = new_runner(engine, network, seed, follow, kept=kept)
    days = network.horizon // DAY + 1
    size = len(numbers)
    reached, dated = np.zeros((2, size, len(network.milestones)), np.int64)
    waits = np.zeros((size, len(causes(network)) if in_full else 0, 2), np.int64)
    drawn = np.zeros((size, len(drawn_names(network)) if in_full else 0))
    left, stuck = np.zeros(size, np.int64), [np.zeros((0, 4), np.int64)]
    spent = np.zeros((size, len(explained), len(codes_of(network))), np.int64)
    touched = np.zeros(spent.shape, np.bool_)
    curves = tuple(Tally(counter.marks) for counter in what)
    every_day, once = np.arange(days), np.ones(days, np.int64)
    asked = list(explained)
    zeros = np.array([network.zero_of(network.milestones[number].name) for number in asked], np.int64)
    for k in range(size):
        if stopped():
            raise CancelledError
        number = int(numbers[k])
        outcome = runner.run(number, designed(network, sampling, seed, number))
        reached[k], dated[k], left[k] = outcome.reached, outcome.dated, outcome.left
        if in_full:
            waits[k], drawn[k] = outcome.waits, _drawn(network, outcome.draws)
        if len(outcome.stuck):
            stuck.append(np.insert(outcome.stuck, 0, first + k, axis=1))
        if asked:
            chains, ends = outcome.chains, outcome.reached[asked]
            spent[k], touched[k] = minutes_by_code(network, outcome.draws, chains, ends, zeros)
        for counter, curve in zip(what, curves, strict=True):
            curve.add(np.stack([every_day, counter.by_day(outcome, days), once], axis=1))
        del outcome  # its draws need room, as do those of the next
    return Chunk(first, reached, dated, waits, drawn, left, np.concatenate(stuck), spent, touched, settled(curves))


def settled(curves: Sequence[Tally]) -> tuple[Tally, ...]:
    """The same, with all that they took."""
    return tuple(curve.settle() for curve in curves)


def drawn_names(network: Network) -> tuple[str, ...]:
    """What happens once for the whole site: factors, risks, what these add, branches, uncertain orders and activities.

    A factor by place has the mean of its places, an order when it comes, both without the factors they vary with.
    """
    names = [*(f"factors.{f.name}" for f in network.factors), *(f"risks.{r.name}" for r in network.risks)]
    names += [f"risks.{network.risks[number].name}.adds" for number in _adding(network)]
    names += [f"branches.{network.branches[number].name}" for number in _branching(network)]
    orders, works = _once(network)
    names += [f"orders.{network.stocks[order.stock].name}.{order.name}" for _, _, order in orders]
    return (*names, *(f"activities.{network.activities[work.activity]}" for work in works))


@lru_cache(maxsize=8)
def _adding(network: Network) -> list[int]:
    """Risks that add so much, as is not known."""
    sizes = [drawn_of(risk).get("adds", {}).values() for risk in network.risks]
    return [number for number, sizes_ in enumerate(sizes) if any(not isinstance(size, Fixed) for size in sizes_)]


@lru_cache(maxsize=8)
def _branching(network: Network) -> list[int]:
    """Branches of the site."""
    return [number for number, branch in enumerate(network.branches) if branch.level == SITE]


@lru_cache(maxsize=8)
def _once(network: Network) -> tuple[tuple[tuple[int, int, Order], ...], tuple[Work, ...]]:
    """The orders and the work of the site that are uncertain; with each order that of which it has its date, mostly
    itself."""
    known = set(site_quantities(network))
    orders = [(k, o) for k, o in enumerate(network.orders) if {f"{o.path}.placed", f"{o.path}.lead_time"} & known]
    works = [work for work in network.work if quantity(network, work, "duration") in known]
    dates = {order.path: k for k, order in enumerate(network.orders) if order.placed is not None and order.is_payment}
    written = [(k, o) for k, o in orders if o.is_first and not o.is_payment]
    once = [(dates.get(o.path, k), k, o) for k, o in written if network.stocks[o.stock].drawn_in == SITE]
    return tuple(once), tuple(works)


def _drawn(network: Network, draws: Draws) -> list[float]:
    begins = [min((float(window.begins) for window in windows), default=np.nan) for windows in draws.windows]
    adds = [_added(network, number, draws) for number in _adding(network)]
    orders, works = _once(network)
    comes = [int(draws.placed[date]) + int(draws.lead[k]) / _product(draws, order.factors) for date, k, order in orders]
    minutes = [
        float(draws.minutes[work.instances[0]]) / _product(draws, [FactorUse(number, 0) for number in work.factors])
        for work in works
    ]
    ways = [float(draws.ways[number][0]) for number in _branching(network)]
    return [*(float(values.mean()) for values in draws.factors), *begins, *adds, *ways, *comes, *minutes]


def _added(network: Network, risk: int, draws: Draws) -> float:
    """Minutes that all strikes of a risk add to an activity."""
    activity = next(add.activity for add in network.risks[risk].adds if not add.each)
    return float(sum(int(e.added[0, 0]) for e in draws.effects[activity] if e.risk == risk and len(e.added)))


def _product(draws: Draws, uses: Sequence[FactorUse]) -> float:
    return prod((float(draws.factors[use.factor][use.place]) for use in uses), start=1.0)


COLUMNS = ("what", "replication", "name", "first", "second")


def frame_of(chunk: Chunk) -> pd.DataFrame:
    """A chunk as one table that a file holds, with these columns."""
    parts = [
        _part("milestone", chunk.first, chunk.reached, chunk.dated),
        _part("wait", chunk.first, chunk.waits[:, :, 0], chunk.waits[:, :, 1]),
        _part("draw", chunk.first, chunk.draws.view(np.int64), np.zeros(chunk.draws.shape, np.int64)),
        _part("spent", chunk.first, _flat(chunk.spent), _flat(chunk.touched)),
        _part("left", chunk.first, chunk.left[:, None], np.zeros_like(chunk.left)[:, None]),
        pd.DataFrame(dict(zip(COLUMNS, ("stuck", *chunk.stuck.T), strict=True))),
    ]
    for number, curve in enumerate(chunk.curves):
        cells = (f"amount{number}", *curve.rows.T, curve.step)
        parts.append(pd.DataFrame(dict(zip(COLUMNS, cells, strict=True))))
    return pd.concat(parts, ignore_index=True).astype({"first": "int64", "second": "int64"})


def _flat(values: NDArray[Any]) -> Ints:
    """One row for each replication."""
    return values.reshape(len(values), int(np.prod(values.shape[1:]))).astype(np.int64)


def _part(what: str, first: int, values: NDArray[np.int64], more: NDArray[np.int64]) -> pd.DataFrame:
    replications, names = values.shape
    return pd.DataFrame(
        {
            "what": what,
            "replication": np.repeat(np.arange(first, first + replications), names),
            "name": np.tile(np.arange(names), replications),
            "first": values.ravel(),
            "second": more.ravel(),
        }
    )


def chunk_of(
    frame: pd.DataFrame, first: int, network: Network, explained: tuple[int, ...], what: tuple[Counter, ...]
) -> Chunk:
    """A chunk as it was before it was written."""
    of = dict(tuple(frame.groupby("what", sort=False)))
    size = len(of["left"])

    def table(name: str, column: str) -> Ints:
        return of[name][column].to_numpy(np.int64).reshape(size, -1) if name in of else np.zeros((size, 0), np.int64)

    curves = []
    for number, counter in enumerate(what):
        rows = of[f"amount{number}"]
        counted = rows[["replication", "name", "first"]].to_numpy(np.int64)
        curves.append(Tally(counter.marks, counted, int(rows["second"].iloc[0])))
    shape = (size, len(explained), len(codes_of(network)))
    return Chunk(
        first,
        table("milestone", "first"),
        table("milestone", "second"),
        np.stack([table("wait", "first"), table("wait", "second")], axis=2),
        np.ascontiguousarray(table("draw", "first")).view(np.float64),
        table("left", "first")[:, 0],
        of["stuck"][list(COLUMNS[1:])].to_numpy(np.int64) if "stuck" in of else np.zeros((0, 4), np.int64),
        table("spent", "first").reshape(shape),
        table("spent", "second").reshape(shape).astype(np.bool_),
        tuple(curves),
    )
