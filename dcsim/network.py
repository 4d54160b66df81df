"""The model that engines run: activities in places, what they wait for, and what they take, as names and flat arrays.

A *node* is something that happens once: an activity instance (numbered first, activity by activity in file order,
within an activity in place order) or a *gate*, which happens when enough of what leads to it has happened. Milestones,
many-to-many links and orders that wait are gates. Everything is frozen, checked, in ticks and whole base units.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dcsim.calendars import NEVER, Calendar, month_starts, months_later
from dcsim.distributions import Choice, Distribution, Fixed
from dcsim.places import SITE, Places, site_of

Units = TypeVar("Units", int, NDArray[np.int64])
"""A number of units, or several."""

WORK, RETRY, REPAIR = 0, 1, 2
"""What waits in a queue: first attempts, further attempts after a failure, and the repairs between them."""


class Claim(NamedTuple):
    """So many units of one resource."""

    resource: int
    amount: int


class Alternative(NamedTuple):
    """One choice for a requirement: all of this is taken together."""

    claims: tuple[Claim, ...]
    calendar: int
    """When all that it takes works."""
    used: str
    """The choice as reported; empty where there is none."""
    option: int
    """What choosing it adds to the number of the option that says how long the work takes."""


@dataclass(frozen=True)
class Requirement:
    """One entry of `requires`, or all that share a resource: the first alternative that is free and at work is taken.

    No two requirements of a demand share a resource, so each can be tested and taken for itself.
    """

    cause: str
    """The entry as written, or all the names of several: waiting for it is reported under this name."""
    alternatives: tuple[Alternative, ...]


class FactorUse(NamedTuple):
    """A factor as it is in one place of its level."""

    factor: int
    place: int


class Take(NamedTuple):
    """So many units of one stock, consumed at a start or produced at a finish."""

    stock: int
    amount: int


@dataclass(frozen=True)
class Demand:
    """What all instances of one activity need alike to start; those that wait for it form one queue."""

    activity: int
    kind: int
    """First work, retry or repair."""
    priority: int
    place: str
    """The smallest place that all of them share through what they require."""
    requirements: tuple[Requirement, ...]
    consumes: tuple[Take, ...]
    calendar: int
    """The activity's own, the first whose closing is reported."""
    together: int
    """When the activity and all that it requires without a choice are at work."""
    leader: int
    """The first of the demands that differ only in priority and length; their shortages are reported together."""
    instant: bool = False
    """Whether its duration is written as nothing: it may start in the minute in which its calendars close."""
    in_months: bool = False
    """Whether its duration is in calendar months, which go on while its calendars are closed."""
    is_done: bool = False
    """Whether it was done before the status date: no risk makes it longer."""

    @cached_property
    def choices(self) -> tuple[Requirement, ...]:
        """The requirements that leave a choice."""
        return tuple(requirement for requirement in self.requirements if len(requirement.alternatives) > 1)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """What is taken whatever is chosen."""
        return tuple(claim for requirement in self.certain for claim in requirement.alternatives[0].claims)

    @cached_property
    def certain(self) -> tuple[Requirement, ...]:
        """The requirements that leave no choice."""
        return tuple(requirement for requirement in self.requirements if len(requirement.alternatives) == 1)

    def chosen(self, mode: int) -> list[Alternative]:
        """The alternatives of a mode, a number whose digits are the choices in the order written."""
        modes = []
        for requirement in reversed(self.choices):
            mode, digit = divmod(mode, len(requirement.alternatives))
            modes.append(requirement.alternatives[digit])
        return modes[::-1]

    def taken(self, mode: int) -> list[Claim]:
        """All that is taken in a mode."""
        return [*self.claims, *(claim for alternative in self.chosen(mode) for claim in alternative.claims)]


@dataclass(frozen=True)
class Learning:
    """How repetition shortens an activity: a multiplier for the n-th first start, counted by place."""

    multipliers: NDArray[np.float64]
    """Of the 1st, 2nd, ... start; the last holds for all that follow."""
    counter: NDArray[np.int64]
    """Which count of first starts each instance belongs to, in the order of `Work.instances`."""


@dataclass(frozen=True)
class Rework:
    """How an activity may fail, and what repairs it."""

    probability: float
    mean_failures: Fraction
    """Failures that an instance has on average."""
    again: tuple[Distribution, ...]
    """Minutes of a further attempt, or calendar months, of each of its options."""
    repair: Distribution
    """Minutes of a repair, or calendar months."""
    further: tuple[Distribution, ...]
    """The same of its further options."""
    factors: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Work:
    """Instances of one activity whose durations come from one distribution."""

    activity: int
    instances: NDArray[np.int64]
    minutes: Distribution
    """Working time of an attempt in minutes, or calendar months; before factors, effects and learning."""
    further: tuple[Distribution, ...]
    """The same of its further options: how long it takes depends on what is chosen."""
    factors: tuple[int, ...]
    """Factors that multiply it, in the order written."""
    learning: Learning | None
    rework: Rework | None


@dataclass(frozen=True)
class Factor:
    """A risk driver: one draw per replication and place of its level."""

    name: str
    level: str
    value: Distribution


class Score(NamedTuple):
    """The normal score of a uniform number that is drawn alone, and how much of it counts."""

    weight: float
    name: str
    level: str
    """The level of places of which each draws its own."""


class Mixture(NamedTuple):
    """A draw that follows others: its normal score is the sum of these."""

    level: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Resource:
    """One resource in one place: how many units there are when, before risks."""

    name: str
    place: str
    steps: tuple[tuple[int, int], ...]
    """(tick, units) from each tick on; 0 before the first."""
    calendar: int

    @property
    def peak(self) -> int:
        """The most units there ever are."""
        return max(units for _, units in self.steps)


@dataclass(frozen=True)
class Moment:
    """An uncertain tick: so many minutes after a fixed one, from which spans count, or before it where a date lies."""

    origin: int
    delay: Distribution


class Divided(NamedTuple):
    """The part of one site in something that is divided among several: the sites stand in a row, and each takes of the
    first n units its share of what those before it leave, rounded down. So a part never shrinks as more units come."""

    whole: int
    """Units of the order that is divided; 0 for a production."""
    before: tuple[Fraction, ...]
    """What each site before this one takes of what is left to it."""
    own: Fraction
    """What this one takes of what is left to it."""

    def part(self, units: Units) -> Units:
        """How many of the first units are for this site; those of all sites add up to the units."""
        for taken in self.before:
            units = units - units * taken.numerator // taken.denominator
        return units * self.own.numerator // self.own.denominator

    def parts(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same of several numbers of units, each by itself."""
        largest = max(share.denominator for share in (*self.before, self.own))
        fits = largest * int(units.max(initial=1)) < 2**63
        return self.part(units if fits else units.astype(object)).astype(np.int64)


@dataclass(frozen=True)
class Production:
    """A stock that is made continuously and delivered at the end of every interval."""

    stock: int
    begins: int
    until: int | None
    every: int
    rate: tuple[tuple[int, Fraction], ...]
    """(tick, units per minute) from each tick on; 0 before the first."""
    factors: tuple[FactorUse, ...]
    every_months: float
    """Calendar months of an interval, instead of minutes."""
    divided: Divided | None = None
    """The part of one site; none where the stock gets all of it."""


@dataclass(frozen=True)
class Order:
    """Goods bought for one stock: placed on a date or when a gate opens, arriving in lots a lead time later."""

    name: str
    stock: int
    amount: int
    """Units that come to this stock; below zero where they go: a payment."""
    lots: int
    every: int
    placed: Moment | None
    """None for an order that waits for its gate."""
    lead_time: Distribution
    """Minutes, or calendar months."""
    factors: tuple[FactorUse, ...]
    path: str
    """The name of its draws."""
    in_months: bool
    """Whether the lead time is in calendar months."""
    every_months: float
    """Calendar months between two lots, beside the minutes."""
    divided: "Divided | None" = None
    """The order of which this is the part of one site; none for an order of its own."""
    follows: int = -1
    """The stock with whose deliveries risks postpone this one; -1 for its own."""
    after: int = 0
    """Minutes after such a delivery."""

    @property
    def postponed_with(self) -> int:
        """The stock with whose deliveries risks postpone those of this order."""
        return self.stock if self.follows < 0 else self.follows

    @property
    def is_payment(self) -> bool:
        """Whether it only follows another, from which it has its draws."""
        return self.follows >= 0

    @property
    def is_first(self) -> bool:
        """Whether it is not a further part of an order that is divided."""
        return self.divided is None or not self.divided.before

    def lot(self, k: int) -> int:
        """Units in the k-th lot, counted from 0: lots are equal up to one unit."""
        total = self.amount if self.divided is None else self.divided.whole
        before, after = k * total // self.lots, (k + 1) * total // self.lots
        return after - before if self.divided is None else self.divided.part(after) - self.divided.part(before)


@dataclass(frozen=True)
class Stock:
    """One supply in one place."""

    name: str
    place: str
    unit: str
    initial: int
    drawn_in: str
    """The place under which what fills it is drawn: its own, or the site where it is one site's part of a supply."""


@dataclass(frozen=True, eq=False)
class Added:
    """Working time that a risk adds to instances of one activity."""

    activity: int
    instances: NDArray[np.int64]
    minutes: tuple[Distribution, ...]
    """Of each option: its days are those of the resource that does the work."""
    each: bool
    """Whether each of them draws its own."""


@dataclass(frozen=True)
class Risk:
    """An event that may happen, and what it does in its window."""

    name: str
    probability: float
    times: int
    """How often it may strike at most."""
    gate: int
    """The gate after whose opening its windows are counted; -1 where they are counted from the start."""
    begins: Moment | None
    """None if its window is the whole run."""
    lasts: Distribution | None
    """Minutes, or calendar months; none if it lasts to the end."""
    in_months: bool
    """Whether it lasts calendar months."""
    every: Distribution | None
    """Minutes from the end of one strike to the next; none if each has a beginning of its own."""
    production: tuple[tuple[str, Fraction], ...]
    """(supply, multiplier of its production)."""
    capacity: tuple[tuple[str, Fraction], ...]
    """(resource, multiplier of its units)."""
    durations: tuple[tuple[int, float], ...]
    """(activity, multiplier)."""
    adds: tuple[Added, ...]
    delays: tuple[tuple[str, Distribution], ...]
    """(supply, minutes by which its deliveries are postponed)."""


@dataclass(frozen=True)
class Branch:
    """Courses of which one is taken: one draw per replication and place of its level."""

    name: str
    level: str
    way: Choice | Fixed
    """The number of the way that is taken."""
    activities: tuple[tuple[int, tuple[bool, ...]], ...]
    """Those that are not done in every way, and in which they are."""
    known: Mapping[int, int]
    """By number of place, the way that was taken before the status date."""

    @property
    def possible(self) -> list[int]:
        """The ways that may be taken."""
        weights = self.way.weights if isinstance(self.way, Choice) else ()
        return [number for number, weight in enumerate(weights) if weight] or [int(self.way.mean)]


@dataclass(frozen=True)
class WorkingTime:
    """A combination of calendars, and the risks that stop work in it."""

    open: Calendar
    """When all of them are open, in a run without risks."""
    name: str
    stopped_by: tuple[int, ...]
    """Risks during whose window it is closed."""


WHOLE = 10_000
"""All of the length of a predecessor, in the parts in which lags tell of it."""


class Lag(NamedTuple):
    """Time that must pass between an event and what waits for it; less than none for a lead."""

    minutes: int
    calendar: int
    """The calendar that counts it; -1 where it is elapsed time."""
    months: float = 0.0
    """Calendar months that pass before the minutes."""
    share: int = 0
    """How much longer it is by the length of the predecessor, in hundredths of a per cent of that."""
    early: bool = False
    """Whether it is a lead: so long before the finish that is planned when the predecessor starts."""
    tied: bool = False
    """Whether it depends on the predecessor: a lead, a part of its length, or counted by its calendar."""


@dataclass(frozen=True, eq=False)
class History:
    """What had happened by the status date."""

    status: int
    """The tick of the status date."""
    start: NDArray[np.int64]
    """Of each instance, the tick at which it really started; -1 if it had not."""
    finish: NDArray[np.int64]
    """The same of its finish."""
    took: tuple[tuple[int, int, int], ...]
    """What work that had begun took of stocks: stock, tick, amount."""
    gates: Mapping[int, int]
    """Gates that open when an instance under way really started, with these instances."""


@dataclass(frozen=True)
class Milestone:
    """A point that is dated: its gate opens when it is reached."""

    name: str
    gate: int
    stocks: tuple[int, ...]
    """Stocks whose units ever there are counted; none for a milestone of an activity."""
    reaches: int


@dataclass(frozen=True, eq=False)
class Network:
    """A scenario made ready to run; the same for every replication."""

    name: str
    start: datetime
    zero: datetime
    zeros: Mapping[str, datetime]
    """The moments from which the sites of a portfolio count their days, by site, where these differ."""
    horizon: int
    """The last tick that counts."""
    places: Places

    activities: tuple[str, ...]
    levels: tuple[str, ...]
    """The level of places of each activity."""
    first: NDArray[np.int64]
    """The first instance of each activity, and at the end the number of all instances."""
    place: NDArray[np.int32]
    """Of each instance, its place as a number within its level."""
    release: NDArray[np.int64]
    """Of each node, the tick before which it does not happen: an instance is not ready, a gate does not open."""
    demand: NDArray[np.int32]
    """Of each instance, the demand of its first attempt."""
    bundle: NDArray[np.int32]
    """Of each instance, the bundle it produces."""
    again: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]]
    """For activities with rework: of each instance, the demands of a retry and of a repair (-1 without rework)."""
    start_gate: NDArray[np.int64]
    """Of each activity, the gate that the start of its first instance opens, its others following; -1 for none."""
    finish_gate: NDArray[np.int64]
    """Of each activity, the gate with which its first instance finishes, its others following; -1 for none. It opens
    when the work is done and all that the finish waits for has happened."""

    demands: tuple[Demand, ...]
    counters: int
    """How many counts of first starts there are, for learning."""
    bundles: tuple[tuple[Take, ...], ...]
    """What a finish produces; the first is nothing."""
    work: tuple[Work, ...]

    needed: NDArray[np.int32]
    """Of each node, how many links must be satisfied before it happens."""
    link_first: NDArray[np.int64]
    """Of each node, its first link to a successor, and at the end the number of links."""
    link_to: NDArray[np.int32]
    link_lag: NDArray[np.int32]
    """Of each link, its lag as a number into `lags`; the first is none at all."""
    lags: tuple[Lag, ...]
    orders_of_gate: dict[int, tuple[int, ...]]
    """Orders placed when a gate opens."""
    milestones: tuple[Milestone, ...]

    factors: tuple[Factor, ...]
    resources: tuple[Resource, ...]
    stocks: tuple[Stock, ...]
    orders: tuple[Order, ...]
    productions: tuple[Production, ...]
    risks: tuple[Risk, ...]
    branches: tuple[Branch, ...]
    working_times: tuple[WorkingTime, ...]
    """Every combination of calendars in which something works; the first is always open."""
    joined: dict[tuple[int, int], int]
    """The number of two working times together: of one that choices lead to, the last first, and an alternative's."""
    mixtures: dict[str, Mixture]
    """Correlated draws by name; those that are not there stay as they are drawn."""
    history: History | None = None
    """What had happened by the status date; none where nothing of it is told."""
    bills: tuple[int, ...] = ()
    """Activities that only pay, or place an order once that can be paid: no work of the build."""

    @cached_property
    def built(self) -> NDArray[np.int64]:
        """The instances that are work of the build, and no bills."""
        return np.flatnonzero(~np.isin(self.activity, self.bills))

    def unfinished(self, finish: NDArray[np.integer]) -> int:
        """How much work of the build is not finished, by the finish of each instance."""
        return int((finish[self.built] < 0).sum())

    @property
    def instances(self) -> int:
        """How many activity instances there are."""
        return len(self.place)

    @property
    def gates(self) -> int:
        """How many gates there are."""
        return len(self.needed) - len(self.place)

    @cached_property
    def activity(self) -> NDArray[np.int32]:
        """Of each instance, its activity."""
        return np.repeat(np.arange(len(self.activities), dtype=np.int32), np.diff(self.first))

    @cached_property
    def more(self) -> NDArray[np.int64]:
        """Of each instance, where the working times of its further options stand behind those of all instances."""
        count = np.zeros(self.instances, np.int64)
        for work in self.work:
            count[work.instances] = len(work.further)
        return self.instances + np.cumsum(count) - count

    @cached_property
    def options(self) -> int:
        """The most options that any repair or further attempt has."""
        again = [work for work in self.work if work.rework is not None]
        return 1 + max((len(part.further) for work in again for part in (work, work.rework)), default=0)  # type: ignore

    @cached_property
    def link_from(self) -> NDArray[np.int64]:
        """Of each link, the node that it leads from."""
        return np.repeat(np.arange(len(self.needed)), np.diff(self.link_first))

    @cached_property
    def backwards(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The links by target and source: the first of each node, and at the end how many; sources; their numbers."""
        counts, order = np.bincount(self.link_to, minlength=len(self.needed)), np.argsort(self.link_to, kind="stable")
        return np.concatenate([[0], np.cumsum(counts)]), self.link_from[order], order

    def calendar_of(self, demand: Demand, mode: int) -> int:
        """The calendar by which a demand is worked on in a mode; always open where its duration is in months."""
        if demand.in_months:
            return 0
        calendar = demand.together
        for alternative in reversed(demand.chosen(mode)):
            calendar = self.joined[calendar, alternative.calendar]
        return calendar

    def demand_of(self, instance: int, kind: int) -> int:
        """The demand of an instance's work, retry or repair; -1 for the last two without rework."""
        if kind == WORK:
            return int(self.demand[instance])
        activity = int(self.activity[instance])
        retry, repair = self.again[activity]
        return int((repair if kind == REPAIR else retry)[instance - self.first[activity]])

    def gate_of_start(self, instance: int) -> int:
        """The gate that the start of an instance opens; -1 if nothing waits for it."""
        activity = int(self.activity[instance])
        gate = int(self.start_gate[activity])
        return gate if gate < 0 else gate + instance - int(self.first[activity])

    def gate_of_finish(self, instance: int) -> int:
        """The gate with which an instance finishes; -1 if its finish waits for nothing but its work."""
        if not self.holds:
            return -1
        activity = int(self.activity[instance])
        gate = int(self.finish_gate[activity])
        return gate if gate < 0 else gate + instance - int(self.first[activity])

    @cached_property
    def holds(self) -> bool:
        """Whether any finish waits for more than its work."""
        return bool((self.finish_gate >= 0).any())

    @cached_property
    def held(self) -> NDArray[np.int32]:
        """Of each gate, the instance that finishes with it; -1 for none."""
        return self._of_gates(self.finish_gate)

    def began(self, start: NDArray[np.int64]) -> NDArray[np.int64]:
        """When instances really started, of which those under way go on at these ticks."""
        return start if self.history is None else np.where(self.history.start >= 0, self.history.start, start)

    @cached_property
    def taken(self) -> NDArray[np.int64]:
        """Of each stock, the units that work took before the status date; this may be more than there was."""
        amounts = np.zeros(len(self.stocks), np.int64)
        for stock, _, amount in () if self.history is None else self.history.took:
            amounts[stock] += amount
        return amounts

    @cached_property
    def starter(self) -> NDArray[np.int32]:
        """Of each gate, the instance whose start opens it; -1 for none."""
        return self._of_gates(self.start_gate)

    def _of_gates(self, first_gate: NDArray[np.int64]) -> NDArray[np.int32]:
        numbers = np.full(self.gates, -1, np.int32)
        for activity, gate in enumerate(first_gate.tolist()):
            if gate >= 0:
                first, last = self.first[activity : activity + 2].tolist()
                numbers[gate - self.instances : gate - self.instances + last - first] = np.arange(first, last)
        return numbers

    @cached_property
    def producers(self) -> tuple[list[tuple[NDArray[np.int64], int]], ...]:
        """Of each stock, the instances whose finish produces so many units of it, group by group."""
        return self._grouped(self.bundle, self.bundles)

    @cached_property
    def consumers(self) -> tuple[list[tuple[NDArray[np.int64], int]], ...]:
        """Of each stock, the instances whose start consumes so many units of it, group by group."""
        return self._grouped(self.demand, [demand.consumes for demand in self.demands])

    def _grouped(
        self, number: NDArray[np.int32], takes: Sequence[Sequence[Take]]
    ) -> tuple[list[tuple[NDArray[np.int64], int]], ...]:
        groups: tuple[list[tuple[NDArray[np.int64], int]], ...] = tuple([] for _ in self.stocks)
        order = np.argsort(number, kind="stable")
        edges = np.searchsorted(number[order], np.arange(len(takes) + 1))
        for k, group in enumerate(takes):
            for stock, amount in group:
                groups[stock].append((order[edges[k] : edges[k + 1]], amount))
        return groups

    @cached_property
    def months(self) -> NDArray[np.int64]:
        """The tick at which each month begins."""
        return month_starts(self.start, self.horizon)

    @cached_property
    def ties(self) -> NDArray[np.bool_]:
        """Of each lag, whether it depends on the predecessor."""
        return np.array([lag.tied for lag in self.lags], np.bool_)

    def counts(self, link: int, skipped: Sequence[bool] | NDArray[np.bool_]) -> bool:
        """Whether the lag of a link counts: not after what a branch skipped, nor before it unless it is tied."""
        number = int(self.link_lag[link])
        if number == 0 or skipped[int(self.link_from[link])]:
            return False
        return bool(self.ties[number]) or not skipped[int(self.link_to[link])]

    def lag_over(self, number: int, calendars: Sequence[Calendar], tick: int, planned: int, length: int) -> int:
        """When a lag is over that begins at a tick, after what takes so long and was to finish then; -1 if unknown."""
        lag = self.lags[number]
        if lag.early and planned < 0:
            return NEVER
        begin = self.later(planned if lag.early else tick, lag.months)
        minutes = lag.minutes + (2 * lag.share * length + WHOLE) // (2 * WHOLE)
        if lag.calendar < 0:
            return max(tick, begin + minutes)
        calendar = calendars[lag.calendar]
        return max(tick, calendar.advance(begin, minutes) if minutes >= 0 else calendar.retreat(begin, -minutes))

    def later(self, tick: int, months: float) -> int:
        """So many calendar months after a tick."""
        return months_later(self.months, tick, months) if months else tick

    def due(self, order: Order, first: int, lot: int) -> int:
        """When a lot of an order is due whose first lot is due at a tick."""
        return self.later(first, lot * order.every_months) + lot * order.every

    def place_path(self, instance: int) -> str:
        """Where an instance is done."""
        level = self.levels[int(self.activity[instance])]
        return self.places.paths(level)[int(self.place[instance])]

    def describe(self, instance: int) -> str:
        """An instance in words: its activity and, unless it is the site, its place."""
        place = self.place_path(instance)
        name = self.activities[int(self.activity[instance])]
        return name if place == SITE else f"{name} in {place}"

    def date(self, tick: int) -> datetime:
        """The moment of a tick."""
        return self.start + timedelta(minutes=int(tick))

    @property
    def day_zero(self) -> int:
        """The tick of day zero."""
        return (self.zero - self.start) // timedelta(minutes=1)

    def zero_of(self, name: str) -> int:
        """The tick of day zero for something, which is that of its site if it is part of one."""
        zero = self.zeros.get(site_of(name, self.zeros), self.zero)
        return (zero - self.start) // timedelta(minutes=1)
