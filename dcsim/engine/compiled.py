"""The compiled engine: the same network, draws and law as the reference engine, as one loop over flat arrays."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dcsim.dates import at_midnight
from dcsim.engine import NOTHING, Build, kernel
from dcsim.engine.draws import Draws
from dcsim.engine.eves import Happened, begun, dated, on_eve
from dcsim.engine.flat import flatten, flatten_draws, only_dates
from dcsim.engine.kept import Kept
from dcsim.engine.kernel import State
from dcsim.engine.outcome import NONE_STUCK, End, Follow, Goal, Numbered, Outcome, stuck_of
from dcsim.engine.sampling import Blocks
from dcsim.engine.story import deliveries
from dcsim.engine.tables import PIECE, ROW, SETTLED, SHORTAGE, FlatDraws, Plan, RunRecord
from dcsim.network import Network
from dcsim.trace import NOT, AttemptRow, DeliveryRow, ShortageRow, Trace, causes

Ints = NDArray[np.int64]

TOGETHER, MOST_TOGETHER = 8, 400_000
"""Replications that are drawn together at most, and activities of all of them."""


def run(network: Network, draws: Draws, *, attempts: bool = True, shortages_too: bool = True) -> Trace:
    """Run one replication and tell what happened; attempts and shortages only if they are asked for."""
    plan = flatten(network)
    chance = flatten_draws(network, draws)
    rows = max(1, attempt_rows(network, draws))
    shortages = 4 * (network.instances + rows) + 1000 if shortages_too else 0
    while True:
        state = new_state(network, plan, rows, network.instances + rows, shortages)
        kernel.run(plan, chance, state)
        if not shortages_too or state.counts[0]["shortages"] <= shortages:
            return _trace(network, draws, state, attempts, shortages_too)
        shortages = int(state.counts[0]["shortages"])


class Runner:
    """Replications one after the other, in the same work arrays; many may run at once, each in a thread of its own."""

    def __init__(
        self,
        network: Network,
        seed: int,
        follow: Follow | None = None,
        goal: Goal | None = None,
        kept: Kept | None = None,
    ) -> None:
        self.network = network
        self.goal = goal
        self.plan = flatten(network)
        if goal is not None:
            self.plan = only_dates(self.plan)._replace(goal=goal.milestone, until=goal.until)
        self.blocks = Blocks(network, seed, kept)
        self.together = max(1, min(TOGETHER, MOST_TOGETHER // max(1, network.instances)))
        self.follow = follow
        self.state = new_state(network, self.plan, 0, 0, 0)
        self.shortages = self.no_shortages = np.empty(0, SHORTAGE)

    def run(self, replication: int, designed: Mapping[str, float]) -> Outcome:
        """One replication, reduced."""
        draws = self.blocks.draws(replication, designed)
        chance = flatten_draws(self.network, draws)
        if self.follow is not None:
            self._make_room(draws)
        kernel.run(self.plan, chance, self.state)
        if self.follow is not None and self._lacks_room(draws):
            self._make_room(draws)
            kernel.run(self.plan, chance, self.state)
        late = tuple(_late(self.network, self.state))
        cause, reached = self.state.cause, self.state.reached.copy()
        fallen = begun(self.network, _happened(self.network, draws, self.state))
        return Outcome(
            draws,
            reached,
            dated(self.network, reached, fallen),
            fallen,
            self.state.piece["finish"][: self.network.instances],
            *self._left(),
            np.stack([cause["waited"], cause["spells"]], axis=1),
            late,
            self.follow(chance, self._story(chance, late)) if self.follow is not None else (),
        )

    def ends(self, asked: Iterable[Numbered]) -> Iterator[End]:
        """Replications simulated only until the milestone is reached.

        A few are drawn together, which is faster than with a run after each.
        """
        waiting = iter(asked)
        while batch := [self.blocks.draws(*which) for which in islice(waiting, self.together)]:
            chances = [flatten_draws(self.network, draws) for draws in batch]
            yield from map(self._end, batch, chances)

    def _end(self, draws: Draws, chance: FlatDraws) -> End:
        assert self.goal is not None
        kernel.run(self.plan, chance, self.state)
        tick = int(self.state.reached[self.goal.milestone])
        if tick == NOT:
            if self.goal.until == self.network.horizon:  # what is lacking is told
                kernel.run(flatten(self.network), chance, self.state)
            return End(NOT, NOT, *self._left())
        return End(tick, self._dated(draws, tick), 0, NONE_STUCK)

    def _dated(self, draws: Draws, tick: int) -> int:
        """The minute that dates the milestone that was reached at a tick."""
        if not at_midnight(self.network.start, np.array([tick])).any():
            return tick
        assert self.goal is not None
        fallen = begun(self.network, _happened(self.network, draws, self.state))
        return int(dated(self.network, self.state.reached, fallen)[self.goal.milestone])

    def _left(self) -> tuple[int, Ints]:
        """How much work is not finished when the run has ended, and what is waited for."""
        if self.state.counts["finished"][0] == self.network.instances:
            return 0, NONE_STUCK
        return self.network.unfinished(self.state.piece["finish"][: self.network.instances]), self._stuck()

    def _stuck(self) -> Ints:
        """What is waited for when the run has ended."""
        queue = self.state.queue[: len(self.network.demands)]
        short = np.flatnonzero(queue["short_of"] != NOT)
        rows = np.stack([short, queue["short_of"][short], queue["short_count"][short]], axis=1)
        return stuck_of(self.network, rows.astype(np.int64))

    def _make_room(self, draws: Draws) -> None:
        """Room for all that chains need; of shortages only those of queues that wait for calendars."""
        rows = attempt_rows(self.network, draws) + 1
        if len(self.state.row) < rows or self._lacks_room(draws):
            rows += rows // 4
            shortages = 2 * max(self.network.instances + rows, int(self.state.counts[0]["shortages"]))
            self.state = new_state(self.network, self.plan, rows, self.network.instances + rows, shortages)
            self.shortages = self.state.shortage
        self.state = self.state._replace(shortage=self.shortages if closes(draws) else self.no_shortages)

    def _lacks_room(self, draws: Draws) -> bool:
        """Whether a part of what chains need was not recorded."""
        return closes(draws) and bool(self.state.counts[0]["shortages"] > len(self.shortages))

    def _story(self, chance: FlatDraws, late: Sequence[DeliveryRow]) -> RunRecord:
        """What happened in the replication that has just been run."""
        state, count = self.state, self.state.counts[0]
        return RunRecord(
            node=state.told,
            row=state.row,
            settled=state.settled[: count["settled"]],
            delivery=deliveries([*chance.delivery.tolist(), *late]) if late else chance.delivery,
            shortage=state.shortage[: count["shortages"]],
        )


def closes(draws: Draws) -> bool:
    """Whether any calendar is ever closed in a replication."""
    return any(calendar.ever_closes for calendar in draws.calendars)


def new_state(network: Network, plan: Plan, attempts: int, settled: int, shortages: int) -> State:
    """Work arrays for any number of replications, one at a time; no rows are recorded where there is room for none."""
    n, nodes, queues = network.instances, len(network.needed), len(network.demands)
    lots = int(plan.order["first_lot"][-1])
    words, starts = queues // 64 + 1, n if (network.start_gate != NOT).any() else 0
    events = n + starts + int(np.count_nonzero(network.link_lag)) + queues + lots + 1
    return State(
        counts=np.zeros(1, kernel.COUNTS),
        piece=np.empty(nodes, kernel.PROGRESS),
        present=np.empty(n, kernel.PRESENT),
        mode=np.empty(n, np.int64),
        turn=np.empty(n, np.uint32),
        ending=np.empty(n, np.uint8),
        ripe=np.empty(nodes, np.uint32),
        events=np.empty(events, np.int64),
        wheel=np.full(kernel.TURN, kernel.NONE, np.uint32),
        minutes=np.zeros(kernel.TURN // 64, np.uint64),
        level=np.empty(len(network.resources) + len(network.stocks), kernel.LEVEL),
        ever=np.empty(len(network.stocks) + len(network.milestones), np.int64),
        queue=np.empty(queues + 1, kernel.QUEUE),
        sets=np.empty(words, kernel.SETS),
        told=np.empty(nodes if attempts else 0, PIECE),
        learned=np.empty(network.counters, np.int64),
        reached=np.empty(len(network.milestones), np.int64),
        lot_tick=np.empty(lots, np.int64),
        row=np.empty(attempts, ROW),
        settled=np.empty(settled, SETTLED),
        shortage=np.empty(shortages, SHORTAGE),
        cause=np.empty(len(causes(network)), kernel.CAUSE),
    )


def attempt_rows(network: Network, draws: Draws) -> int:
    """The most attempts and repairs there can be to tell of."""
    rows = 0
    for activity in network.again:
        first, last = int(network.first[activity]), int(network.first[activity + 1])
        rows += last - first + 2 * int(draws.failures[first:last].sum())
    return rows


def builds(network: Network, seed: int, attempts: bool) -> Build:
    """The replications of a seed by number, without shortages, and without attempts unless these are asked for."""
    blocks = Blocks(network, seed)

    def build(replication: int, designed: Mapping[str, float] = NOTHING) -> tuple[Trace, Draws]:
        draws = blocks.draws(replication, designed)
        return run(network, draws, attempts=attempts, shortages_too=False), draws

    return build


def _trace(network: Network, draws: Draws, state: State, attempts: bool, shortages: bool) -> Trace:
    rows = state.row[: state.counts[0]["rows"] if attempts else 0].tolist()
    waits = state.shortage[: state.counts[0]["shortages"] if shortages else 0].tolist()

    def column(name: str) -> Ints:
        return state.told[name][: network.instances].astype(np.int64)

    happened = _happened(network, draws, state)
    fallen = begun(network, happened)
    finish = state.piece["finish"][: network.instances].astype(np.int64)
    return Trace(
        network=network,
        ready=column("ready"),
        start=column("start"),
        finish=finish,
        attempts=column("attempts"),
        mode=column("used"),
        held_by=column("held_by"),
        round=np.where((column("start") == NOT) & (finish == NOT), NOT, column("round_")),
        ended=column("ended"),
        planned=column("planned"),
        length=column("length"),
        attempt_rows=tuple(AttemptRow(*row[:-1]) for row in rows),
        shortage_rows=tuple(ShortageRow(*row) for row in waits),
        delivered=_delivered(draws, happened.late),
        opened=happened.when[network.instances :].astype(np.int64),
        opening=state.told["ended"][network.instances :].astype(np.int64),
        reached=state.reached.copy(),
        dated=dated(network, state.reached, fallen),
        eve=on_eve(network, finish, fallen),
    )


def _happened(network: Network, draws: Draws, state: State) -> Happened:
    planned, length = _lengths(network, state)
    late = tuple(_late(network, state))
    return Happened(state.piece["finish"], state.ending, planned, length, draws, late)


def _lengths(network: Network, state: State) -> tuple[Ints, Ints]:
    """Of each instance the finish that was planned at its start, and its length, where lags are reckoned by them."""
    if not network.ties.any():
        nowhere = np.broadcast_to(np.int64(NOT), network.instances)
        return nowhere, nowhere
    planned, length = np.full((2, network.instances), NOT, np.int64)
    gates = np.flatnonzero(network.starter != NOT)
    rows = state.piece[network.instances + gates]
    planned[network.starter[gates]] = np.where(rows["since"] == kernel.NONE, NOT, rows["since"].astype(np.int64))
    length[network.starter[gates]] = rows["following"]
    return planned, length


def _delivered(draws: Draws, late: Sequence[DeliveryRow]) -> NDArray[np.int64]:
    return np.concatenate([np.stack(draws.deliveries, axis=1), np.array(late, np.int64).reshape(len(late), 4)])


def _late(network: Network, state: State) -> Iterable[DeliveryRow]:
    """Deliveries of orders that waited for their gate."""
    number = 0
    for k, order in enumerate(network.orders):
        if order.placed is not None:
            continue
        for lot in range(order.lots):
            if state.lot_tick[number] != NOT:
                yield DeliveryRow(int(state.lot_tick[number]), order.stock, order.lot(lot), k)
            number += 1
