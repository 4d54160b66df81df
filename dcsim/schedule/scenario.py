"""A scenario as a planner would draw it up: activities, links, calendars, crews; and what that leaves out."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction

from dcsim.calendars import DAY_NAMES, Calendar, Hours, Shifts
from dcsim.distributions import Fixed, Pert
from dcsim.engine.draws import Expectation, draw
from dcsim.network import Network
from dcsim.places import SITE
from dcsim.scenario.schema import Scenario
from dcsim.schedule import ELAPSED, Activity, Constraint, Kind, Link, Resource, Schedule, last_day
from dcsim.schedule.network import schedule_of
from dcsim.units import DAY

YEARS = 10
"""Years from the start whose exceptions of calendars are listed."""


def drawn_up(
    scenario: Scenario,
    network: Network,
    supplied: Mapping[str, dt.datetime] | None = None,
    planned: Network | None = None,
) -> Schedule:
    """The expected case as a schedule, with the ids of planning tools where the scenario has them.

    `planned` is the network without progress, which says how long what has begun was to take, and by which calendar.

    The first activities are the instances of the network in their order; gates that others wait for, or that are
    milestones of several events, follow as activities of no length. Milestones that count a supply have no links; they
    are not before the dates that are given for them.
    """
    nodes = schedule_of(network, draw(network, Expectation()))
    made = Schedule(scenario.name, network.start, scenario.document.name, nodes.status)
    names = _calendars(network, nodes, made)
    for number, resource in enumerate(network.resources):
        steps = tuple((network.date(tick) if tick else None, Fraction(units)) for tick, units in resource.steps)
        name = _called(scenario, network, number)
        made.resources[name] = Resource(name, steps)
    for number, id_ in enumerate(_ids(scenario, network)):
        activity = nodes.activities[str(number)]
        name = network.activities[network.activity[number]]
        own, place = scenario.activities[name], network.place_path(number)
        label = own.label.removesuffix(f" ({own.id})") or name.replace("_", " ")
        activity.id, activity.calendar = id_, names[activity.calendar]
        activity.name, activity.wbs = (label, own.wbs) if place == SITE else (f"{label}, {place}", (*own.wbs, label))
        for claim in network.demands[network.demand[number]].taken(0):
            crew = _called(scenario, network, claim.resource)
            activity.resources[crew] = activity.resources.get(crew, Fraction(0)) + claim.amount
        made.activities[id_] = activity
    if network.history is not None and planned is not None:
        _as_planned(made, planned)
    _estimates(network, made)
    _gates(scenario, network, nodes, made, names, supplied or {})
    for activity in made.activities.values():
        activity.constraints = tuple(_joined(activity.constraints))
    _lost(scenario, network, made)
    return made


def _as_planned(made: Schedule, planned: Network) -> None:
    """What has begun with its planned duration and calendar."""
    unbegun = schedule_of(planned, draw(planned, Expectation()))
    calendars = _calendars(planned, unbegun, made)
    for activity, plan in zip(made.activities.values(), unbegun.activities.values(), strict=False):
        if activity.actual_start is not None:
            activity.minutes, activity.calendar = plan.minutes, calendars[plan.calendar]


def _estimates(network: Network, made: Schedule) -> None:
    """The three points of durations that are PERT and vary with nothing else, of what has not begun."""
    activities = list(made.activities.values())
    for work in network.work:
        if not isinstance(work.minutes, Pert) or work.factors or work.learning is not None:
            continue
        for number in work.instances.tolist():
            if activities[number].minutes == round(work.minutes.mean) and activities[number].actual_start is None:
                low, likely, high = (round(point) for point in (work.minutes.low, work.minutes.mode, work.minutes.high))
                activities[number].estimate = low, likely, high


def _joined(constraints: tuple[Constraint, ...]) -> Iterator[Constraint]:
    """A date before which and by which something happens, on the same day, is the date on which it happens."""
    latest = {constraint.kind: constraint.date for constraint in constraints if constraint.date is not None}
    for event in ("start", "finish"):
        low, high = latest.get(f"{event} on or after"), latest.get(f"{event} on or before")
        if low is not None and high is not None and last_day(low, event) == last_day(high, event):
            constraints = tuple(entry for entry in constraints if not entry.kind.startswith(f"{event} on or"))
            yield Constraint(f"{event} on", low)
    yield from constraints


def _ids(scenario: Scenario, network: Network) -> Iterator[str]:
    """The id of each instance, each another."""
    taken: Counter[str] = Counter()
    for number, activity in enumerate(network.activity.tolist()):
        name, place = network.activities[activity], network.place_path(number)
        id_ = scenario.activities[name].id or name
        id_ = id_ if place == SITE else f"{id_} {place}"
        taken[id_] += 1
        yield id_ if taken[id_] == 1 else f"{id_} ({taken[id_]})"


def _called(scenario: Scenario, network: Network, number: int) -> str:
    resource = network.resources[number]
    name = scenario.resources[resource.name].label or resource.name.replace("_", " ")
    return name if resource.place == SITE else f"{name}, {resource.place}"


def _calendars(network: Network, nodes: Schedule, made: Schedule) -> dict[str | None, str | None]:
    """The names of the working times that are used, which the schedule then has, by their numbers."""
    names: dict[str | None, str | None] = {ELAPSED: ELAPSED}
    used = {activity.calendar for activity in nodes.activities.values()} | {link.calendar for link in nodes.links}
    for number, time in enumerate(network.working_times):
        if str(number) in used and number:
            shifts = shifts_of(time.open, network.start)
            is_new = made.calendars.get(time.name, shifts) == shifts
            names[str(number)] = name = time.name if is_new else f"{time.name} {number}"
            made.calendars[name] = shifts
    return names


def _gates(
    scenario: Scenario,
    network: Network,
    nodes: Schedule,
    made: Schedule,
    names: Mapping[str | None, str | None],
    supplied: Mapping[str, dt.datetime],
) -> None:
    """Gates and links. One behind a single event is that event: what waits for it waits for this."""
    milestones = {str(milestone.gate): milestone.name for milestone in network.milestones}
    into, out = nodes.into(), Counter(link.predecessor for link in nodes.links)
    keys = {str(number): id_ for number, id_ in enumerate(made.activities)}
    instead: dict[str, Link] = {}
    for node in list(nodes.activities)[network.instances :]:
        links, name = into[node], milestones.get(node, "")
        if len(links) == 1 and not links[0].lag:
            instead[node] = links[0]
            if name and links[0].predecessor in keys:
                _watch(made.activities[keys[links[0].predecessor]], links[0].kind[0], _target(scenario, name))
        elif name or out[node]:
            gate = nodes.activities[node]
            keys[node] = gate.id = name if name and name not in made.activities else f"gate {node}"
            gate.name = (scenario.milestones[name].label or name.replace("_", " ")) if name else gate.id
            gate.deadline = _target(scenario, name) if name else None
            if not links:
                gate.constraints = (Constraint("start on or after", supplied[name]),) if name in supplied else ()
                made.lose(gate.id, "it counts a supply", "a milestone to which no link leads")
            elif gate.needs is not None:
                made.lose(gate.id, f"it follows {gate.needs} of {len(links)}", f"it follows all {len(links)}")
            made.activities[gate.id] = gate
    for link in nodes.links:
        before = link
        while before.predecessor in instead:
            before = instead[before.predecessor]
        if before.predecessor in keys and link.successor in keys:
            kind: Kind = f"{before.kind[0]}{link.kind[1]}"  # type: ignore[assignment]
            first, last = keys[before.predecessor], keys[link.successor]
            made.links.append(Link(first, last, kind, link.lag, names[link.calendar]))
    ties = {link[:2]: link for link in made.links if link.kind == "FF"}
    made.links = [link for link in made.links if not _is_implied(link, ties.get(link[:2]), made.activities)]


def _is_implied(link: Link, tie: Link | None, activities: Mapping[str, Activity]) -> bool:
    """Whether a lead only says when crews come for a link to the finish, which the method knows by itself."""
    successor = activities[link.successor]
    if tie is None or link.kind != "FS" or link.lag >= 0 or link.calendar != successor.calendar:
        return False
    is_same = tie.calendar == link.calendar
    return (is_same or tie.lag >= 0) and link.lag <= tie.lag * is_same - successor.minutes


def _watch(activity: Activity, event: str, target: dt.datetime | None) -> None:
    """A date is watched by which something starts or finishes."""
    if target is not None and event == "F" and activity.deadline is None:
        activity.deadline = target
    elif target is not None:
        limit = Constraint("finish on or before" if event == "F" else "start on or before", target)
        activity.constraints = (*activity.constraints, limit)


def _target(scenario: Scenario, milestone: str) -> dt.datetime | None:
    target = scenario.milestones[milestone].target
    if target is None or isinstance(target, dt.datetime):
        return target
    return dt.datetime(target.year, target.month, target.day, 23, 59)


def _lost(scenario: Scenario, network: Network, made: Schedule) -> None:
    """What such a schedule does not say."""
    activities = scenario.activities.values()
    counts = {
        "supplies, with what brings and takes them": len(scenario.supplies),
        "risks": len(scenario.risks),
        "branches": len(scenario.branches),
        "factors": len(scenario.factors),
        "options and variants": len(scenario.options) + len(scenario.variants),
        "activities that may fail": sum(1 for activity in activities if activity.rework is not None),
        "activities with ways, or with a choice of resources": sum(
            1 for activity in activities if activity.ways or any("|" in entry for entry in activity.requires)
        ),
    }
    for what, count in counts.items():
        if count:
            made.lose("", f"{count:,} {what}", "nothing; dates of replications know them")
    if any(not isinstance(work.minutes, Fixed) for work in network.work):
        instead = "their expected values; where they are PERT, with the three points in user fields"
        made.lose("", "uncertain durations", instead)
    done = 0 if network.history is None else int((network.history.finish >= 0).sum())
    if done:
        made.lose("", f"links to {done:,} finished activities, and their crews", "nothing: they wait for nothing more")
    if any(lag.months for lag in network.lags):
        made.lose("", "lags in calendar months", "30 days for each month")


def shifts_of(calendar: Calendar, start: dt.datetime) -> Shifts:
    """The usual week of a calendar that is known as open intervals, and the days of some years that differ from it."""
    first, count, offset = start.date(), min(YEARS * 366, calendar.end // DAY), start.hour * 60 + start.minute
    days: list[list[tuple[int, int]]] = [[] for _ in range(count + 1)]
    for opens, closes in zip(calendar.opens.tolist(), calendar.closes.tolist(), strict=True):
        at, end = opens + offset, closes + offset
        while at < end and at // DAY < len(days):
            close = min(end, (at // DAY + 1) * DAY)
            days[at // DAY].append((at % DAY, close - at // DAY * DAY))
            at = close
    hours: list[Hours] = [tuple(shifts) for shifts in days[:count]]
    weekdays = [(first.weekday() + number) % len(DAY_NAMES) for number in range(count)]
    usual: list[Counter[Hours]] = [Counter() for _ in DAY_NAMES]
    for shifts, weekday in zip(hours, weekdays, strict=True):
        usual[weekday][shifts] += 1
    week = tuple(lengths.most_common(1)[0][0] if lengths else () for lengths in usual)
    dates = (first + dt.timedelta(days=number) for number in range(count))
    differ = [day for day in zip(dates, hours, weekdays, strict=True) if day[1] != week[day[2]]]
    known = differ[1:] if offset and differ and differ[0][0] == first else differ  # the first day is not known whole
    return Shifts(week, dates=tuple((day, day, (shifts,) * 7) for day, shifts, _ in known))
