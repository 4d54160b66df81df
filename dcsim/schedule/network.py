"""The network of a scenario as a schedule: what its critical path is, without limits of resources and supplies."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from dcsim.calendars import Calendar
from dcsim.engine.draws import Draws, Expectation, Ints, draw
from dcsim.network import WHOLE, Network
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Scenario
from dcsim.schedule import ELAPSED, Activity, Constraint, Kind, Link, Schedule, ScheduleError, to_finish
from dcsim.schedule.cpm import Times, critical_path
from dcsim.schedule.held import held_up
from dcsim.units import DAY, HALF

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 30
FLOATS = ("early_start", "early_finish", "late_start", "late_finish", "total_float", "free_float", "critical")
"""What the critical path method says of an activity: ticks, working days, and whether its delay delays the end."""


def schedule_of(network: Network, draws: Draws) -> Schedule:
    """Every instance and gate as an activity with the minutes drawn, its links and the date it is not before.

    The ids are the numbers of nodes. Repetition makes work faster in the order of the file. Rework, risks, and what
    waits for resources and supplies are left out.
    """
    made = Schedule(network.name, network.start, network.name)
    minutes, calendars = _minutes(network, draws).tolist(), _calendars(network).tolist()
    made.links = list(_links(network, minutes))
    leading = Counter(link.successor for link in made.links)
    begun, ended = ({link.successor for link in made.links if link.kind[1] == end} for end in "SF")
    for number, needed in enumerate(network.needed.tolist()):
        id_, is_work = str(number), number < network.instances
        activity = Activity(id_, id_, minutes[number] if is_work else 0)
        activity.calendar = _named(calendars[number]) if is_work else ELAPSED
        activity.needs = needed if needed < leading[id_] else None
        activity.spans = is_work and not (minutes[number] or draws.skipped[number]) and id_ in begun & ended
        if network.release[number] > (0 if network.history is None else network.history.status):
            date = network.date(int(network.release[number]))
            activity.constraints = (Constraint("start on or after", date),)
        made.activities[id_] = activity
    _hold_finishes(network, made)
    _tell_history(network, made)
    return made


def _hold_finishes(network: Network, made: Schedule) -> None:
    """Dates before which activities do not finish; one of a start that follows from that of its finish is not told."""
    held = np.flatnonzero((network.held >= 0) & (network.release[network.instances :] > 0))
    times = times_of(network, made) if len(held) else None
    for gate in held.tolist():
        activity, node = made.activities[str(int(network.held[gate]))], gate + network.instances
        until, begin = int(network.release[node]), int(network.release[int(network.held[gate])])
        if times is not None and begin <= times.retreat(activity.calendar, until, activity.minutes):
            activity.constraints = ()
        activity.constraints += (Constraint("finish on or after", network.date(until)),)
        made.activities[str(node)].constraints = ()


def _tell_history(network: Network, made: Schedule) -> None:
    """The actual dates of what has begun, and what is left of it at the status date."""
    if (history := network.history) is None:
        return
    made.status, times = network.date(history.status), times_of(network, made)
    for number in np.flatnonzero(history.start >= 0).tolist():
        activity, start = made.activities[str(number)], int(history.start[number])
        activity.actual_start, activity.constraints = network.date(start), to_finish(activity)
        if history.finish[number] >= 0:
            activity.actual_finish = network.date(int(history.finish[number]))
        else:
            activity.remaining = activity.minutes
            activity.minutes += times.worked(activity.calendar, start, history.status)


def crews_kept(scenario: Scenario, network: Network) -> Iterator[tuple[Key, str]]:
    """The path of each activity that may keep a crew forever from what its finish waits for, and what is said of it."""
    if not (network.held >= 0).any():
        return
    schedule = schedule_of(network, draw(network, Expectation()))
    numbers = network.activity.tolist()
    for number in range(network.instances):
        for claim in network.demands[network.demand[number]].taken(0):
            crews, name = schedule.activities[str(number)].resources, str(claim.resource)
            crews[name] = crews.get(name, Fraction(0)) + claim.amount
    counts = {
        str(number): Fraction(min((units for _, units in resource.steps if units), default=0))
        for number, resource in enumerate(network.resources)
    }
    for held in held_up(schedule, counts, lambda id_: numbers[int(id_)]):
        name, crew = network.activities[numbers[int(held.id)]], network.resources[int(held.crew)].name
        awaited = list(dict.fromkeys(network.activities[numbers[int(id_)]] for id_ in held.until))
        links = ", ".join(f"{{activity: {before}, from: start}}" for before in awaited)
        message = (
            f"it keeps '{crew}' until it may finish, and {', '.join(awaited)} may wait for that crew, or for another "
            f"kept like it: then nothing goes on; add {links} here, or have more of '{crew}'"
        )
        yield ("activities", name, "after"), message


def times_of(network: Network, schedule: Schedule) -> Times:
    """The clock of a network and its working times, by their numbers."""
    return Times(schedule, {str(number): time.open for number, time in enumerate(network.working_times) if number})


def _named(calendar: int) -> str | None:
    return str(calendar) if calendar > 0 else ELAPSED


def _links(network: Network, lengths: list[int]) -> Iterator[Link]:
    """The links between nodes; those of gates of starts and finishes are those of their instances."""
    columns = (network.link_from, network.link_to, network.link_lag)
    starter, held = network.starter.tolist(), network.held.tolist()
    real = {} if network.history is None else network.history.gates
    for source, target, number in zip(*(column.tolist() for column in columns), strict=True):
        lag = network.lags[number]
        begun = real.get(source, starter[source - network.instances]) if source >= network.instances else -1
        ended = held[target - network.instances] if target >= network.instances else -1
        before = source if begun < 0 else begun
        minutes = lag.minutes + round(lag.months * DAYS_PER_MONTH * DAY)
        if lag.share:
            minutes += (2 * lag.share * lengths[before] + WHOLE) // (2 * WHOLE)
        of_start, to_finish = begun >= 0 and not lag.early, ended >= 0
        kind: Kind = ("SF" if to_finish else "SS") if of_start else ("FF" if to_finish else "FS")
        yield Link(str(before), str(ended if to_finish else target), kind, minutes, _named(lag.calendar))


def _minutes(network: Network, draws: Draws) -> Ints:
    """Of each instance, the minutes of its first attempt."""
    minutes = draws.minutes[: network.instances].copy()
    for work in network.work:
        if work.learning is not None:
            multipliers, seen = work.learning.multipliers, dict.fromkeys(work.learning.counter.tolist(), 0)
            for instance, counter in zip(work.instances.tolist(), work.learning.counter.tolist(), strict=True):
                minutes[instance] *= multipliers[min(seen[counter], len(multipliers) - 1)]
                seen[counter] += 1
    minutes[draws.skipped[: network.instances]] = 0
    return np.floor(minutes + float(HALF)).astype(np.int64)


def _calendars(network: Network) -> Ints:
    """Of each instance, the working time by which it is worked on if it takes what is written first."""
    of_demand = [network.calendar_of(demand, 0) for demand in network.demands]
    return np.array(of_demand, np.int64)[network.demand]


def floats(network: Network, draws: Draws | None = None) -> "pd.DataFrame":
    """The columns of `FLOATS`, one row for every instance, of expected values if nothing was drawn.

    They are empty where work cannot end within the years that its calendar is known, and of bills.
    """
    import pandas as pd

    schedule = schedule_of(network, draw(network, Expectation()) if draws is None else draws)
    bills = {str(number) for number in np.setdiff1d(np.arange(network.instances), network.built)}
    schedule.activities = {id_: activity for id_, activity in schedule.activities.items() if id_ not in bills}
    schedule.links = [link for link in schedule.links if not {link.predecessor, link.successor} & bills]
    try:
        dates = critical_path(schedule, times_of(network, schedule))
    except ScheduleError:
        return pd.DataFrame(index=range(network.instances), columns=list(FLOATS), dtype=float)
    days = [_working_day(time.open) for time in network.working_times]
    rows = []
    for number, calendar in enumerate(_calendars(network).tolist()):
        if str(number) in bills:
            rows.append((np.nan,) * len(FLOATS))
            continue
        own, day = dates[str(number)], days[calendar]
        slack = (round(own.total_float / day, 3), round(own.free_float / day, 3), own.is_critical)
        rows.append((own.early_start, own.early_finish, own.late_start, own.late_finish, *slack))
    return pd.DataFrame(rows, columns=list(FLOATS))


def _working_day(calendar: Calendar) -> int:
    """The most minutes that are worked on a day of its first four weeks."""
    first = int(calendar.opens[0]) // DAY if len(calendar.opens) else 0
    days = [calendar.worked(day * DAY, (day + 1) * DAY) for day in range(first, first + 28)]
    return max(1, *days)
