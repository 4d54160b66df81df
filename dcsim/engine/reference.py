"""The reference engine: a project simulated by SimPy processes under the law of the instant.

Where engines disagree, this one is right. At every tick where something is due:

1. *Settle* everything due: finishes, deliveries, steps of capacity, openings of calendars. What has its last
   predecessor satisfied becomes ready.
2. *Start* what can start, visiting the waiting in the order (priority, ready tick, file order, place order). Each takes
   all it needs at once or nothing. The whole pass ends before anything settles again. A start needs calendars that are
   open in the coming minute; for what is written without length, the minute just past is enough: it may end with the
   shift. Of all combinations of its alternatives, and of the ways to do it, each takes the first in the written order
   that is free and open; how long it takes follows from what it took. Requirements that name the same resource are one,
   in the place of the first: what a combination takes of a resource is added up, and waited for under all their names.
3. If that made something due at this same tick (work of no length, a link from a start), back to 1. Otherwise on to
   the next tick.

*Portfolios.* An attempt or a repair that takes what sites share by priority or by date is visited in the order
(priority of its site, date by which its site needs them, priority, ready tick, file order, place order), where the
first two count as 0 and as no date for all else. Where portfolios include portfolios, its site is that of the one
that shares the goods, the outermost of several. What is divided among sites is divided in whole units: the sites
stand in a row, and of the first n units of a stock, a production or an order, in the order of its lots, each has its
share of what those before it leave, rounded down, the portfolio itself the rest. A site's share of what is left is
its share over one less the shares before it.

*Months.* A lag, a lead time, an interval or a duration in calendar months ends on the same day of a later month, or on
its last, at the same time of day; a part of a month is that part of the way to the next whole one, rounded half up.
Work of such a duration goes on while its calendars are closed; factors, effects and learning multiply the months.

*Risks.* A risk strikes at most so many times, each with its own chance, window and sizes. What follows something has
its window counted from the tick at which that settled; it holds for starts from then on. A number multiplies the
duration of every attempt that starts in the window; a span is added, in working time, after rounding and learning, to
the first attempt of every instance that starts in it, which holds meanwhile what it took.

*Waiting.* Work waits for the first thing that is insufficient: what it requires as written, what it consumes as
written, then what is closed, the activity itself before what it would take. That is closed by its calendar or, while
the calendar is open, by a risk that stops it: in every minute by the first in the file of those that do.

*Links to a finish.* Work whose finish waits, for links or for the date of `finish_not_before`, keeps what it took when
its work is done, until all that its finish waits for has happened, and finishes in that instant, also while its
calendars are closed. An attempt that fails does not wait.

*Leads and parts.* When a predecessor starts, its planned finish and its length are known: those of its first attempt,
as they follow from its draw, what it takes and its calendars. Failures, and a finish that waits, do not move them; a
finish behind the horizon is not planned. A lag that is negative, a lead, lets its successor go on so long before the
planned finish, and never before the predecessor starts; so a lead before a start is no lag. A lag in per cent is that
part of the length, in working time by the predecessor's calendar. Of several predecessors that are awaited together
each has its own. The calendar of a predecessor or successor is its own, or that of what it requires first. Lags are
rounded half up.

*Branches.* Of the ways of a branch one is taken, in every place of its level by itself. What only its other ways do is
skipped: it passes in the instant in which its predecessors are done (those that its finish waits for as well), without
time, goods, resources, calendars, `not_before` and `finish_not_before`, as if it had started and finished. A lag after
it does not count, nor one before it unless it depends on the predecessor (a lead, a part, one by its calendar); one
after several that are awaited together (by `count`, by `place`, or in other places) does not where all of them are
skipped.

*Correlations.* A draw is the quantile of its own uniform number. Correlated ones are ordered by the level of their
places, the site first, then by name; the first keeps its number, and the normal score of every further one is the
sum of its own and of those before it, weighted by the Cholesky factor of the correlations (a Gaussian copula; what is
not said is 0). Draws of one level belong together in the same place, and draws of a finer one belong to that of the
place around them. Where the places of an input are correlated with each other, the own score of each is part its own,
part one that all share. This holds for first attempts and for the first strike of a risk. A risk that is correlated
positively is likelier to occur where the others are high.

*Before the start.* What an order or a production delivers before the start is there at the start, in addition to the
initial stock: it is delivered at tick 0.

*At midnight.* What happens then falls on the day that begins, or on its eve, the day that ends: see
`dcsim.engine.eves`.
"""

from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
import simpy

from dcsim.engine.draws import Draws
from dcsim.engine.eves import AT_ONCE, HELD, WORKED, Happened, begun, dated, on_eve
from dcsim.engine.waiting import Item, Shortage, Waiting
from dcsim.network import REPAIR, RETRY, WORK, Network
from dcsim.trace import NOT, AttemptRow, DeliveryRow, Trace

Process = Generator[simpy.Event, Any, None]
"""What happens to an activity, an order or a milestone, as a SimPy process."""


def run(network: Network, draws: Draws) -> Trace:
    """Run one replication and tell what happened."""
    site = Site(network, draws)
    site.build()
    return site.trace()


class Site:
    """A building site: the stories that unfold on it, and what is written down of them."""

    def __init__(self, network: Network, draws: Draws) -> None:
        self.network = network
        self.draws = draws
        self.env = simpy.Environment()
        self.waiting = Waiting(network, draws, self.call_at)
        self.skipped = draws.skipped.tolist()
        self.release_at = np.where(self.skipped, 0, network.release)
        self.missing = (network.needed + (self.release_at > 0)).tolist()
        self.first_link = network.link_first.tolist()
        self.target, self.lag = network.link_to.tolist(), network.link_lag.tolist()
        self.ever = [stock.initial for stock in network.stocks]
        self.milestone_of_gate = {milestone.gate: number for number, milestone in enumerate(network.milestones)}
        self.milestones_of_stock: dict[int, list[int]] = {}
        for number, milestone in enumerate(network.milestones):
            for stock in milestone.stocks:
                self.milestones_of_stock.setdefault(stock, []).append(number)
        self.reached = [NOT] * len(network.milestones)
        self.ready = [NOT] * network.instances
        self.finish = [NOT] * network.instances
        self.opened = self.waiting.opened
        self.opening = [NOT] * network.gates
        """Of each gate, the round in which it opened."""
        self.round = 0
        """Of the present tick."""
        self.ended = [NOT] * network.instances
        """Of each instance, the round in which it finished."""
        self.planned, self.length = [NOT] * network.instances, [NOT] * network.instances
        """Of each instance, when its first attempt was to end once it had started, and after how many minutes."""
        self.may_finish: dict[int, simpy.Event] = {}
        """Of what has been done and waits to finish, that it may."""
        self.passed = [NOT] * network.instances
        """Of each instance that was skipped, the round in which it passed."""
        self.ending = [WORKED] * network.instances
        self.works: list[Item | None] = [None] * network.instances
        """Of each instance, its first attempt."""
        self.again: list[Item] = []
        """Every attempt and repair of activities with rework."""
        self.deliveries: list[DeliveryRow] = []

    @property
    def now(self) -> int:
        """The present tick."""
        return int(self.env.now)

    def build(self) -> None:
        """The law of the instant."""
        self.set_out()
        while (tick := self.env.peek()) <= self.network.horizon:
            self.waiting.tick, self.round = int(tick), 0
            while self.env.peek() == tick:
                while self.env.peek() == tick:
                    self.env.step()
                for item in self.waiting.start_what_can():
                    item.round = self.round
                    self.plan(item)
                    item.turn.succeed()
                self.round += 1
            self.waiting.note_shortages()
        self.waiting.close_shortages()

    def set_out(self) -> None:
        """Everything that is known before the first tick gets under way."""
        self.env.process(self.deliver())
        self.env.process(self.change_capacity())
        unhindered = [node for node, count in enumerate(self.missing) if count == 0]
        self.env.process(self.release(0, unhindered))
        later = self.release_at.nonzero()[0]
        for tick in np.unique(self.release_at[later]).tolist():
            self.env.process(self.release(tick, later[self.release_at[later] == tick].tolist(), met=1))
        for number in range(len(self.network.milestones)):
            self.check_supplies(number)

    # Stories

    def perform(self, instance: int) -> Process:
        """An activity waits for its turn and works; while it fails, it is repaired and tried again."""
        if self.skipped[instance]:
            if self.network.gate_of_finish(instance) != NOT:
                yield from self.wait_to_finish(instance)
            self.pass_by(instance)
            return
        self.ready[instance] = self.now
        failures = int(self.draws.failures[instance])
        for number in range(1, failures + 2):
            item = self.join(instance, WORK if number == 1 else RETRY, number)
            yield item.turn
            if number == 1:
                self.tell_start(instance)
            yield from self.work(item, passes=number > failures)
            if number <= failures:
                repair = self.join(instance, REPAIR, number)
                yield repair.turn
                yield from self.work(repair)
        self.finish[instance], self.ended[instance] = self.now, self.round
        for stock, amount in self.network.bundles[self.network.bundle[instance]]:
            self.add(stock, amount)
        self.follow(instance)

    def work(self, item: Item, passes: bool = False) -> Process:
        """From its start to its last worked minute a piece of work keeps what it took, or until its finish."""
        yield self.env.timeout(item.finish - self.now)
        calendar = self.draws.calendars[self.network.calendar_of(item.queue.demand, item.mode)]
        at_once = item.ready == item.start and calendar.is_open(item.start - 1) and not item.took_new
        ending = max(self.ending[item.instance], AT_ONCE if at_once else HELD)
        self.ending[item.instance] = WORKED if item.start < item.finish else ending
        if passes and self.network.gate_of_finish(item.instance) != NOT:
            done, item.finish = self.now, self.network.horizon + 1
            yield from self.wait_to_finish(item.instance)
            item.finish = self.now
            if done < self.now:
                self.ending[item.instance] = WORKED
        self.waiting.give_back(item)

    def wait_to_finish(self, instance: int) -> Process:
        """What has been done waits for all that its finish waits for."""
        self.may_finish[instance] = self.env.event()
        self.satisfy(self.network.gate_of_finish(instance))
        yield self.may_finish[instance]

    def release(self, tick: int, nodes: Iterable[int], met: int = 0) -> Process:
        """A date before which these may not be ready."""
        yield self.env.timeout(tick)
        for node in nodes:
            self.missing[node] -= met
            if self.missing[node] == 0:
                self.happen(node)

    def pass_time(self, before: int, node: int, lag: int) -> Process:
        """A lag between something and what waits for it."""
        network, instances = self.network, self.network.instances
        instance = before if before < instances else int(network.starter[before - instances])
        planned, length = self.planned[instance], self.length[instance]
        tick = network.lag_over(lag, self.draws.calendars, self.now, planned, length)
        yield self.env.timeout(tick - self.now)
        self.satisfy(node)

    def deliver(self) -> Process:
        """Goods arrive on dates that are known beforehand."""
        for row in zip(*(column.tolist() for column in self.draws.deliveries), strict=True):
            delivery = DeliveryRow(*row)
            yield self.env.timeout(delivery.tick - self.now)
            self.arrive(delivery)

    def bring(self, number: int, lot: int) -> Process:
        """One lot of an order that was placed now."""
        order = self.network.orders[number]
        first = self.network.later(self.now, float(self.draws.lead_months[number])) + int(self.draws.lead[number])
        due = self.network.due(order, first, lot)
        yield self.env.timeout(self.draws.arrival(order, due) - self.now)
        self.arrive(DeliveryRow(self.now, order.stock, order.lot(lot), number))

    def change_capacity(self) -> Process:
        """Crews grow and shrink."""
        units = self.draws.capacity.tolist()
        for tick, resource, count in zip(*(column.tolist() for column in self.draws.steps), strict=True):
            yield self.env.timeout(tick - self.now)
            self.waiting.grow(resource, count - units[resource])
            units[resource] = count

    def watch(self, tick: int, shortage: Shortage) -> Process:
        """A calendar that somebody waits for opens or closes."""
        yield self.env.timeout(tick - self.now)
        self.waiting.look_again(shortage)

    # What leads to what

    def join(self, instance: int, kind: int, number: int) -> Item:
        """A piece of work is ready and waits for its turn."""
        item = self.waiting.join(Item(instance, kind, number, self.now, self.env.event()))
        if kind == WORK:
            self.works[instance] = item
        if int(self.network.activity[instance]) in self.network.again:
            self.again.append(item)
        return item

    def plan(self, item: Item) -> None:
        """A first attempt has started: when it is to end is known."""
        if item.kind == WORK:
            self.planned[item.instance] = item.finish if item.finish <= self.network.horizon else NOT
            self.length[item.instance] = item.length

    def call_at(self, tick: int, shortage: Shortage) -> None:
        """Those who wait for calendars are to be looked at again at this tick."""
        self.env.process(self.watch(tick, shortage))

    def satisfy(self, node: int) -> None:
        """One of the things that a node waits for has come."""
        self.missing[node] -= 1
        if self.missing[node] == 0:
            self.happen(node)

    def happen(self, node: int) -> None:
        """A node has all it waited for: an instance is ready, a gate opens."""
        if node < self.network.instances:
            self.env.process(self.perform(node))
            return
        self.opened[node - self.network.instances] = self.now
        self.opening[node - self.network.instances] = self.round
        if (held := int(self.network.held[node - self.network.instances])) != NOT:
            self.may_finish[held].succeed()
        if node in self.milestone_of_gate:
            self.reached[self.milestone_of_gate[node]] = self.now
        for order in self.network.orders_of_gate.get(node, ()):
            for lot in range(self.network.orders[order].lots):
                self.env.process(self.bring(order, lot))
        self.follow(node)

    def follow(self, node: int) -> None:
        """What waits for this node hears of it, at once or after a lag."""
        for link in range(self.first_link[node], self.first_link[node + 1]):
            target = self.target[link]
            if self.lag[link] == 0 or not self.network.counts(link, self.skipped):
                self.satisfy(target)
            else:
                self.env.process(self.pass_time(node, target, self.lag[link]))

    def pass_by(self, instance: int) -> None:
        """A branch has skipped this instance: what waits for it goes on."""
        self.ready[instance] = self.finish[instance] = self.now
        self.passed[instance] = self.ended[instance] = self.round
        self.tell_start(instance)
        self.follow(instance)

    def tell_start(self, instance: int) -> None:
        """What waits for the start of this instance hears of it."""
        gate = self.network.gate_of_start(instance)
        if gate != NOT:
            self.satisfy(gate)

    def arrive(self, delivery: DeliveryRow) -> None:
        """Goods are there."""
        if delivery.amount:
            self.deliveries.append(delivery)
            self.add(delivery.stock, delivery.amount)

    def add(self, stock: int, amount: int) -> None:
        """A stock grows, and may reach what was waited for."""
        self.ever[stock] += amount
        self.waiting.change(self.waiting.stock[stock], amount)
        for number in self.milestones_of_stock.get(stock, ()):
            self.check_supplies(number)

    def check_supplies(self, number: int) -> None:
        """A milestone of supplies is reached once so much has ever been there."""
        milestone = self.network.milestones[number]
        if milestone.stocks and self.missing[milestone.gate] == 1:
            if sum(self.ever[stock] for stock in milestone.stocks) >= milestone.reaches:
                self.satisfy(milestone.gate)

    # What the trace records

    def trace(self) -> Trace:
        """Everything that happened."""
        works, finish, reached = self.works, np.array(self.finish, np.int64), np.array(self.reached, np.int64)
        late = [row for row in self.deliveries if row.origin >= 0 and self.network.orders[row.origin].placed is None]
        when, ending = np.array([*self.finish, *self.opened], np.int64), np.array(self.ending, np.uint8)
        planned, length = np.array(self.planned, np.int64), np.array(self.length, np.int64)
        fallen = begun(self.network, Happened(when, ending, planned, length, self.draws, late))
        attempts = [0 if item is None or item.start == NOT else 1 for item in works]
        mode = [NOT if item is None else item.mode for item in works]
        for item in self.again:
            if item.kind == RETRY and item.start != NOT:
                attempts[item.instance] = item.number
                mode[item.instance] = item.mode
        return Trace(
            network=self.network,
            ready=np.array(self.ready, np.int64),
            start=np.array([NOT if item is None else item.start for item in works], np.int64),
            finish=finish,
            attempts=np.array(attempts, np.int64),
            mode=np.array(mode, np.int64),
            held_by=np.array([NOT if item is None else item.held_by for item in works], np.int64),
            round=np.array([p if w is None else w.round for w, p in zip(works, self.passed, strict=True)], np.int64),
            ended=np.array(self.ended, np.int64),
            planned=planned,
            length=length,
            attempt_rows=tuple(self.attempt_row(item) for item in self.again),
            shortage_rows=tuple(self.waiting.shortage_rows),
            delivered=np.array(self.deliveries, np.int64).reshape(len(self.deliveries), 4),
            opened=np.array(self.opened, np.int64),
            opening=np.array(self.opening, np.int64),
            reached=reached,
            dated=dated(self.network, reached, fallen),
            eve=on_eve(self.network, finish, fallen),
        )

    def attempt_row(self, item: Item) -> AttemptRow:
        """An attempt or a repair as the trace records it; it has no finish if that lies behind the horizon."""
        finish = item.finish if item.finish <= self.network.horizon else NOT
        kind = REPAIR if item.kind == REPAIR else WORK
        return AttemptRow(
            item.instance, item.number, kind, item.ready, item.start, finish, item.held_by, item.mode, item.round
        )
