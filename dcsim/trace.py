"""What leaves an engine: four tables of what happened, in numbers; with the network, in names.

Ticks are minutes since the start of the scenario. What did not happen is `NOT` inside and empty in a frame.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.network import REPAIR, RETRY, WORK, Network

if TYPE_CHECKING:
    import pandas as pd

NOT = -1
"""The tick, mode or cause of what did not happen."""

SKIPPED = "skipped"
"""What the tables show as used by an activity that a branch skipped."""

Ints = NDArray[np.int64]


class AttemptRow(NamedTuple):
    """One attempt or repair of an activity with rework."""

    instance: int
    number: int
    """Counted from 1; a repair has the number of the attempt that failed before it."""
    kind: int
    """WORK or REPAIR."""
    ready: int
    start: int
    finish: int
    held_by: int
    mode: int
    round: int
    """Of its start, as in `Trace.round`."""


class ShortageRow(NamedTuple):
    """A time in which so many that need the same waited for the same cause."""

    demand: int
    """The shortage that they are recorded with, whatever their priority."""
    begins: int
    ends: int
    cause: int
    waiting: int


class DeliveryRow(NamedTuple):
    """Goods that arrived."""

    tick: int
    stock: int
    amount: int
    origin: int
    """The order, or PRODUCTION."""


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened in one run; engines write it, everything else reads it."""

    network: Network
    ready: Ints
    start: Ints
    """Of the first attempt; of work under way at the status date, when it went on; none of what a branch skipped."""
    finish: Ints
    """Of the attempt that passed; of what a branch skipped, when it passed."""
    attempts: Ints
    """Attempts started."""
    mode: Ints
    """The mode of the last attempt started."""
    held_by: Ints
    """The cause that was insufficient just before the start, for what started later than it became ready."""
    round: Ints
    """Of the first start, how often in its tick all had settled and started before; of what a branch skipped, that in
    which it passed."""
    ended: Ints
    """The same of the finish: the first of its tick, or the one after that of its start where it has no length."""
    planned: Ints
    """The end of the first attempt as it is known at its start; none behind the horizon."""
    length: Ints
    """The minutes of the first attempt, of work unless it is written in months."""
    attempt_rows: tuple[AttemptRow, ...]
    shortage_rows: tuple[ShortageRow, ...]
    delivered: Ints
    """All deliveries, one row each: tick, stock, amount, and the order, or PRODUCTION."""
    opened: Ints
    """The tick of each gate, at which the orders that wait for it are placed."""
    opening: Ints
    """The round in which it opened, as in `ended`."""
    reached: Ints
    """The tick of each milestone."""
    dated: Ints
    """The minute that dates each milestone (see `dcsim.dates`)."""
    eve: NDArray[np.bool_]
    """Whether each instance finished at a midnight and falls on the day that ended then."""

    @cached_property
    def delivery_rows(self) -> tuple[DeliveryRow, ...]:
        """All deliveries one by one."""
        return tuple(DeliveryRow(*row) for row in self.delivered.tolist())

    @property
    def finished(self) -> bool:
        """Whether every activity finished; bills may be due later."""
        return self.network.unfinished(self.finish) == 0

    @cached_property
    def done(self) -> Ints:
        """The finish of what was done; of what a branch skipped none."""
        return np.where(self.start == NOT, NOT, self.finish)

    @property
    def began(self) -> Ints:
        """When everything really started, also before the status date."""
        return self.network.began(self.start)

    def demand_of(self, row: AttemptRow) -> int:
        """The demand of an attempt or a repair."""
        return self.network.demand_of(row.instance, RETRY if row.kind == WORK and row.number > 1 else row.kind)

    def work(self) -> Ints:
        """All work that was started, attempts and repairs alike: columns of demand, mode, start and finish."""
        once = (self.start != NOT) & ~np.isin(self.network.activity, list(self.network.again))
        table = np.stack([self.network.demand, self.mode, self.start, self.finish], axis=1)[once]
        rows = [(self.demand_of(row), row.mode, row.start, row.finish) for row in self.attempt_rows if row.start != NOT]
        return np.concatenate([table, np.array(rows, np.int64).reshape(len(rows), 4)])

    def activities(self) -> "pd.DataFrame":
        """One row per activity instance: activity, place, ready, start, finish, attempts, used, held_by.

        Of what was under way at the status date, `start` is the actual one, and `ready` when it could go on.

        What a branch skipped has no start; its finish is the instant in which it passed, and `used` says `skipped`.
        """
        import pandas as pd

        network = self.network
        return pd.DataFrame(
            {
                "activity": _names(network.activities, network.activity),
                "place": _places(network, np.arange(network.instances)),
                "ready": ticks(self.ready),
                "start": ticks(self.began),
                "finish": ticks(self.finish),
                "attempts": self.attempts,
                "used": self._used(),
                "held_by": _names(causes(network), self.held_by),
            }
        )

    def attempts_table(self) -> "pd.DataFrame":
        """One row per attempt and repair: activity, place, attempt, kind, ready, start, finish, held_by."""
        import pandas as pd

        rows = np.array(sorted(self.attempt_rows), np.int64).reshape(len(self.attempt_rows), len(AttemptRow._fields))
        network = self.network
        return pd.DataFrame(
            {
                "activity": _names(network.activities, network.activity[rows[:, 0]]),
                "place": _places(network, rows[:, 0]),
                "attempt": rows[:, 1],
                "kind": _names(("work", "", "repair"), rows[:, 2]),
                "ready": ticks(rows[:, 3]),
                "start": ticks(rows[:, 4]),
                "finish": ticks(rows[:, 5]),
                "held_by": _names(causes(network), rows[:, 6]),
            }
        )

    def shortages(self) -> "pd.DataFrame":
        """One row per change of what a queue waits for: activity, place, kind, from, to, cause, waiting."""
        import pandas as pd

        rows = sorted(self.shortage_rows, key=lambda row: (row.begins, row.demand))
        table = np.array(rows, np.int64).reshape(len(rows), 5)
        demands = [self.network.demands[row.demand] for row in rows]
        return pd.DataFrame(
            {
                "activity": pd.Series([self.network.activities[demand.activity] for demand in demands], dtype="str"),
                "place": pd.Series([demand.place for demand in demands], dtype="str"),
                "kind": pd.Series(["repair" if d.kind == REPAIR else "work" for d in demands], dtype="str"),
                "from": ticks(table[:, 1]),
                "to": ticks(table[:, 2]),
                "cause": _names(causes(self.network), table[:, 3]),
                "waiting": table[:, 4],
            }
        )

    def deliveries(self) -> "pd.DataFrame":
        """One row per delivery to the horizon: tick, supply, place, amount, origin, order."""
        import pandas as pd

        rows = sorted(self.delivery_rows)
        table = np.array(rows, np.int64).reshape(len(rows), 4)
        stocks = [self.network.stocks[row.stock] for row in rows]
        orders = [self.network.orders[row.origin].name if row.origin >= 0 else "" for row in rows]
        return pd.DataFrame(
            {
                "tick": table[:, 0],
                "supply": pd.Series([stock.name for stock in stocks], dtype="str"),
                "place": pd.Series([stock.place for stock in stocks], dtype="str"),
                "amount": table[:, 2],
                "origin": _names(("production", "order"), (table[:, 3] >= 0).astype(np.int64)),
                "order": pd.Series(orders, dtype="str"),
            }
        )

    def _used(self) -> "pd.Series[str]":
        import pandas as pd

        chooses = np.array([bool(demand.choices) for demand in self.network.demands], np.bool_)
        started = np.flatnonzero((self.mode != NOT) & chooses[self.network.demand])
        pairs = np.stack([self.network.demand[started], self.mode[started]])
        pairs_used, which = np.unique(pairs, axis=1, return_inverse=True)
        chosen = [self.network.demands[demand].chosen(mode) for demand, mode in pairs_used.T.tolist()]
        labels = [", ".join(alternative.used for alternative in alternatives) for alternatives in chosen]
        used = np.full(self.network.instances, "", object)
        used[self.done != self.finish] = SKIPPED
        used[started] = np.array([*labels, ""], object)[which.ravel()]
        return pd.Series(used, dtype="str")


def causes(network: Network) -> tuple[str, ...]:
    """Everything that can be waited for, by the number under which engines report it.

    Requirements as written, supplies, calendars, and risks that stop work.
    """
    goods = _goods(network)
    calendars = [f"calendar:{name}" for time in network.working_times for name in time.name.split(" & ")]
    risks = [f"risk:{risk.name}" for risk in network.risks]
    return tuple(dict.fromkeys([*goods, *calendars, *risks]))


def first_calendar_cause(network: Network) -> int:
    """The number of the first cause that is a calendar or a risk."""
    return len(_goods(network))


def _goods(network: Network) -> list[str]:
    requirements = [r.cause for demand in network.demands for r in demand.requirements]
    return list(dict.fromkeys([*requirements, *(stock.name for stock in network.stocks)]))


def ticks(values: Ints) -> "pd.Series[int]":
    """Ticks as a column that may be empty where nothing happened."""
    import pandas as pd

    column = pd.Series(values, dtype="Int64")
    return column.mask(column == NOT)


def _names(names: tuple[str, ...], numbers: NDArray[np.integer]) -> "pd.Series[str]":
    """Names by number; NOT is empty."""
    import pandas as pd

    return pd.Series(np.array([*names, ""], object)[numbers], dtype="str")


def _places(network: Network, instances: Ints) -> "pd.Series[str]":
    """The places of these instances."""
    import pandas as pd

    paths = np.concatenate(
        [
            np.array(network.places.paths(level), object)[network.place[first:last]]
            for level, first, last in zip(network.levels, network.first[:-1], network.first[1:], strict=True)
        ]
    )
    return pd.Series(paths[instances], dtype="str")
