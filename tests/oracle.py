"""A second opinion: a naive program that follows the written law, for the engines to be compared with.

It takes a scenario as plain values in which nothing is random: durations, lead times and factors are
single values, risks occur if their probability exceeds one half, failures follow the rule of expected
values. It is slow and obvious on purpose: it keeps no queues, visits every waiting item in every pass,
and counts working time minute by minute. Only the reading of what people write is shared with the package.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import pairwise, product
from typing import Any, NamedTuple

import holidays

from dcsim.calendars import parse_days, parse_hours
from dcsim.units import horizon_end, parse_amount, parse_date, parse_number, parse_rate, parse_span

Spec = Mapping[str, Any]
"""A part of a scenario, as written."""

DAY = 1440
FOREVER = 2**62
SECTIONS = ("requires", "ways", "consumes", "produces", "orders")
"""What is merged name by name where a part is laid over the whole; everything else is replaced."""


# What comes out


class ActivityRow(NamedTuple):
    activity: str
    place: str
    ready: int | None
    start: int | None
    finish: int | None
    attempts: int
    used: str
    held_by: str


class AttemptRow(NamedTuple):
    activity: str
    place: str
    attempt: int
    kind: str
    ready: int
    start: int | None
    finish: int | None
    held_by: str


class ShortageRow(NamedTuple):
    activity: str
    place: str
    begin: int
    end: int | None
    cause: str
    waiting: int


class DeliveryRow(NamedTuple):
    tick: int
    supply: str
    place: str
    amount: int
    origin: str


@dataclass(frozen=True)
class OracleTrace:
    """The tables of a trace. Ticks that did not happen are None, texts that say nothing are empty."""

    activities: tuple[ActivityRow, ...]
    """In the order of the file, then of the places."""
    attempts: tuple[AttemptRow, ...]
    """Attempts and repairs that became ready, in the same order; only of instances with rework."""
    shortages: tuple[ShortageRow, ...]
    """By begin, then file order of the activity, then the rest as text."""
    deliveries: tuple[DeliveryRow, ...]
    """Sorted by their columns."""
    milestones: dict[str, int | None]
    dated: dict[str, int | None]
    """The minute that dates each milestone: its tick, or the one before where it falls on the eve."""
    eves: frozenset[tuple[str, str]]
    """Activities and places whose finish falls on the eve."""

    def row(self, activity: str, place: str = "site") -> ActivityRow:
        return next(row for row in self.activities if (row.activity, row.place) == (activity, place))


def simulate(data: Spec) -> OracleTrace:
    """What happens in this scenario, by the law."""
    return Run(World(data)).trace()


# Places


@dataclass(frozen=True)
class Place:
    """One place; the site has none around it."""

    level: str
    label: str
    around: "Place | None" = None

    @property
    def chain(self) -> tuple["Place", ...]:
        """The places around this one from the outside in, and itself; without the site."""
        return (*self.around.chain, self) if self.around else ()

    @property
    def path(self) -> str:
        return "/".join(place.label for place in self.chain) or "site"

    def within(self, level: str) -> "Place | None":
        """The place of this level that this one stands in, or is."""
        if self.level == level:
            return self
        return self.around.within(level) if self.around else None

    def matches(self, pattern: str) -> bool:
        """Whether the pattern means this place or one around it."""
        parts, labels = pattern.split("/"), [place.label for place in self.chain]
        if pattern == "site":
            return True
        return len(parts) <= len(labels) and all(map(fnmatchcase, labels, parts))


SITE = Place("site", "site")


def grow(levels: Spec) -> dict[str, list[Place]]:
    """All places of every level, in order."""
    grown = {"site": [SITE]}
    while len(grown) <= len(levels):
        for name, written in levels.items():
            level = written if isinstance(written, dict) else {"count": written}
            if name in grown or level.get("in", "site") not in grown:
                continue
            around = grown[level.get("in", "site")]
            grown[name] = [Place(name, label, outer) for outer in around for label in labels(name, level, outer)]
    return grown


def labels(name: str, level: Spec, around: Place) -> list[str]:
    """What the places of a level inside this one are called."""
    named = level.get("names", level.get("count"))
    if isinstance(named, list):
        return [str(label) for label in named]
    if isinstance(named, dict):
        named = [count for pattern, count in named.items() if around.matches(pattern)][-1]
    return [f"{name.split('.')[-1]}{number + 1}" for number in range(int(named))]


def is_linked(predecessor: Place, link: Spec, successor: Place) -> bool:
    """By the place a link names, else if both stand in one place of the smallest level around both."""
    if "place" in link:
        return predecessor.matches(link["place"])
    chain = [place.level for place in (SITE, *successor.chain)]
    common = [place.level for place in (SITE, *predecessor.chain) if place.level in chain][-1]
    return predecessor.within(common) == successor.within(common)


def overlay(whole: Spec, place: Place) -> dict[str, Any]:
    """What is written about something, with what differs in this place laid over it; later patterns win."""
    result = {key: value for key, value in whole.items() if key != "within"}
    for pattern, part in whole.get("within", {}).items():
        if place.matches(pattern):
            for key, value in part.items():
                merged = {**result.get(key, {}), **value} if key in SECTIONS else value
                if key == "ways":
                    merged |= {way: laid(result.get(key, {}).get(way, {}), spec) for way, spec in value.items()}
                result[key] = {k: v for k, v in merged.items() if v is not None} if key in SECTIONS else merged
    return {key: value for key, value in result.items() if value is not None}


def laid(below: Spec, over: Spec | None) -> Spec | None:
    """A way to do an activity with what differs about it laid over it."""
    if over is None:
        return None
    requires = {**below.get("requires", {}), **over.get("requires", {})}
    return {**below, **over, "requires": {name: units for name, units in requires.items() if units is not None}}


# Working time


@dataclass(frozen=True)
class Calendar:
    """The minutes at which work goes on, the length of a working day, and how many of these a week has."""

    open: frozenset[int]
    day: Fraction = Fraction(DAY)
    week: Fraction | int = 7


def calendar(spec: Spec, start: dt.datetime, end: int) -> Calendar:
    """A written calendar, minute by minute up to the end."""
    hours = spec.get("hours", "00:00-24:00")
    usual = [] if isinstance(hours, dict) else _shifts(hours)
    days = parse_days(spec.get("days", "Mon-Sun"))
    week = {day: usual if day in days else [] for day in range(7)}
    for written, shifts in hours.items() if isinstance(hours, dict) else ():
        week |= dict.fromkeys(parse_days(written), _shifts(shifts))
    off, shut = set(_days_off(spec, start, end)), set(_shut(spec, start))
    special = {day: shifts or usual or week[day.weekday()] for day, shifts in _worked(spec)}
    minutes: set[int] = set()
    for day in range(-1, end // DAY + 3):
        date, midnight = (start + dt.timedelta(days=day)).date(), day * DAY - start.hour * 60 - start.minute
        for a, b in special[date] if date in special else [] if date in off else week[date.weekday()]:
            minutes.update(range(midnight + a, midnight + b))
    lengths = [Fraction(sum(b - a for a, b in shifts)) for shifts in week.values()]
    per_day = parse_number(spec["hours_per_day"]) * 60 if "hours_per_day" in spec else max(lengths)
    per_week = len([x for x in lengths if x]) if "hours_per_day" in spec else sum(lengths) / per_day
    return Calendar(frozenset(t for t in minutes - shut if 0 <= t <= end), per_day, per_week)


def _shifts(written: Any) -> list[tuple[int, int]]:
    return [(a, b if b > a else b + DAY) for text in _list(written) for a, b in parse_hours(text)]


def _dates(text: str) -> list[dt.date]:
    ends = [parse_date(part.strip()).date() for part in text.split(" to ")]
    return [ends[0] + dt.timedelta(days=i) for i in range((ends[-1] - ends[0]).days + 1)]


def _worked(spec: Spec) -> Iterator[tuple[dt.date, list[tuple[int, int]]]]:
    """Dates that are worked, with their own hours if they have any."""
    for entry in _list(spec.get("open", [])):
        for text, hours in entry.items() if isinstance(entry, dict) else [(entry, [])]:
            yield from ((date, _shifts(hours)) for date in _dates(text))


def _shut(spec: Spec, start: dt.datetime) -> Iterator[int]:
    """Minutes from one time of day to another that are closed."""
    for text in _list(spec.get("closed", [])):
        if ":" in text:
            first, last = (parse_date(part) for part in text.split(" to "))
            yield from range((first - start) // dt.timedelta(minutes=1), (last - start) // dt.timedelta(minutes=1))


def _days_off(spec: Spec, start: dt.datetime, end: int) -> Iterator[dt.date]:
    for code in _list(spec.get("holidays", [])):
        country, _, state = code.partition("-")
        years = range(start.year - 1, (start + dt.timedelta(minutes=end)).year + 1)
        yield from holidays.country_holidays(country, subdiv=state or None, years=years)
    for text in _list(spec.get("closed", [])):
        yield from [] if ":" in text else _dates(text)


def _list(written: Any) -> list[Any]:
    return list(written) if isinstance(written, list | tuple) else [written]


# The scenario, looked up again at every question


@dataclass(frozen=True)
class Window:
    """A risk that occurs, and when."""

    name: str
    begin: int
    end: int
    spec: Spec

    follows: bool = False
    """Whether its ticks are counted from something that happens."""

    def holds(self, tick: int) -> bool:
        return not self.follows and self.begin <= tick < self.end


Own = tuple[str, Place]
"""A resource or a supply, and the place whose own it is."""


@dataclass(frozen=True)
class Choice:
    """One alternative: what it is called, and the units that it takes of each resource."""

    name: str
    takes: tuple[tuple[Own, int], ...]


@dataclass(frozen=True)
class Requirement:
    """One of several choices is needed."""

    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Demand:
    """Everything that must be there at once; waiting instances with equal demands are one queue."""

    requires: tuple[Requirement, ...]
    consumes: tuple[tuple[Own, int], ...]
    calendar: str

    @property
    def place(self) -> Place:
        """The smallest place to which something that is demanded belongs."""
        demanded = [own for need in self.requires for choice in need.choices for own, _ in choice.takes]
        demanded += [own for own, _ in self.consumes]
        places = [place for _, place in demanded]
        return max(places, key=lambda place: len(place.chain), default=SITE)


@dataclass(frozen=True)
class Actual:
    """When something really started, and finished if it did, as it is told."""

    start: int
    finish: int | None
    told: Spec


def end_of(limit: Any, start: dt.datetime) -> int:
    """The tick of a moment, or of the end of a day."""
    end = parse_date(limit) + dt.timedelta(days=":" not in str(limit))
    return (end - start) // dt.timedelta(minutes=1)


class World:
    """What is so whatever happens: places, calendars, capacities, fixed times."""

    def __init__(self, data: Spec) -> None:
        self.data = data
        self.start = parse_date(data["start"])
        end = horizon_end(self.start, parse_span(data.get("horizon", "10 years")))
        self.horizon = (end - self.start) // dt.timedelta(minutes=1)
        self.places = grow(data.get("places", {}))
        self.resources = {
            (name, place): overlay(spec, place)
            for name, spec in self.section("resources").items()
            for place in self.places[spec.get("per", "site")]
        }
        self.calendars = {"always": Calendar(frozenset(range(self.horizon + 1)))} | {
            name: calendar(spec, self.start, self.horizon) for name, spec in self.section("calendars").items()
        }
        self.risks = [one for name, spec in self.section("risks").items() for one in self.windows(name, spec)]
        self.skipped = {name for branch in self.section("branches").values() for name in skipped_by(branch["ways"])}

    @property
    def status(self) -> int | None:
        """The tick of the status date, where the progress of activities is told."""
        told = [one for one in self.data.get("seen", []) if "activity" in one]
        return end_of(self.data["as_of"], self.start) if told else None

    def actual(self, activity: str, place: Place) -> "Actual | None":
        """What really happened to an activity in a place by the status date: the last that is told counts."""
        told = [
            one
            for one in self.data.get("seen", [])
            if one.get("activity") == activity and place.matches(one.get("place", "site"))
            if (parse_date(one.get("started", one.get("finished"))) - self.start) // dt.timedelta(minutes=1)
            <= self.status
        ]
        if not told:
            return None
        start = (parse_date(told[-1].get("started", told[-1].get("finished"))) - self.start) // dt.timedelta(minutes=1)
        finish = end_of(told[-1]["finished"], self.start) if "finished" in told[-1] else None
        finish = start if "started" not in told[-1] else finish
        return Actual(start, None if finish is None or finish > self.status else finish, told[-1])

    def section(self, name: str) -> Spec:
        found: Spec = self.data.get(name, {})
        return found

    def elapsed(self, written: Any) -> int:
        """A span in which a day has 24 hours."""
        return half_up(parse_span(written).minutes)

    def later(self, tick: int, written: Any, times: Fraction | int = 1) -> int:
        """So much later than a tick, or so many times as much; months are those of the calendar."""
        span = parse_span(written)
        months = span.amount * times * {"month": 1, "year": 12}.get(span.unit, 0)
        if not months:
            return tick + (half_up(span.minutes * times) if times else 0)
        date, whole = self.start + dt.timedelta(minutes=tick), math.floor(months)
        first, second = (same_day(date, number) for number in (whole, whole + 1))
        minutes = (first - date) // dt.timedelta(minutes=1), (second - date) // dt.timedelta(minutes=1)
        return tick + half_up(minutes[0] + (months - whole) * (minutes[1] - minutes[0]))

    def tick(self, when: Any, of: str = "") -> int:
        """A date, or a span after the start of the site that something is part of, or of its outer site, or of all."""
        text = str(when)
        if text[4:5] == "-":
            return (parse_date(when) - self.start) // dt.timedelta(minutes=1)
        return self.later(self.first(of), when)

    def first(self, name: str) -> int:
        """The tick at which the site that something is part of begins, or an outer site, or all of them."""
        parts = name.split(".")
        around = [".".join(parts[:k]) for k in range(len(parts) - 1, 0, -1)]
        dates = [date for site in around if (date := self.section("sites").get(site, {}).get("start"))]
        return self.tick(dates[0]) if dates else 0

    def windows(self, name: str, spec: Spec) -> Iterator[Window]:
        """When a risk strikes: as often as on average, a half down; each time by itself, or after the last ended."""
        chance, begins, end = parse_number(spec.get("probability", 1)), spec.get("begins"), 0
        for k in range(spec.get("times", 1000 if "every" in spec else 1)):
            if "every" in spec and (k or begins is None):
                begin = end + self.elapsed(spec["every"])
            elif isinstance(begins, dict):
                begin = self.elapsed(begins.get("lag", "0 d"))
            else:
                begin = self.tick(begins, name) if begins else 0
            if "every" in spec and begin > self.horizon:
                return
            end = begin
            if half_down((k + 1) * chance) > half_down(k * chance):
                end = self.later(begin, spec["lasts"]) if "lasts" in spec else FOREVER
                yield Window(name, begin, end, spec, isinstance(begins, dict))

    def effects(self, target: str, tick: int) -> Fraction:
        """What the risks of this moment multiply something by."""
        return multiplied(target, [risk for risk in self.risks if risk.holds(tick)])

    def factors(self, names: Any) -> Fraction:
        written = [self.section("factors")[name] for name in _list(names)]
        values = [factor["value"] if isinstance(factor, dict) else factor for factor in written]
        return math.prod(map(parse_number, values), start=Fraction(1))

    def ramp(self, written: Spec, tick: int, of: str) -> Any:
        """The value of the last step at or before this tick; 0 before the first."""
        steps = {self.tick(when, of): value for when, value in written.items()}
        begun = [when for when in steps if when <= tick]
        return steps[max(begun)] if begun else 0

    def own(self, section: str, name: str, place: Place) -> Own:
        """The resource or supply that an instance in this place uses."""
        around = place.within(self.section(section)[name].get("per", "site"))
        if section == "supplies" and (row := self.shares(name)):
            outwards = (*reversed(place.chain), SITE)
            around = next(outer for outer in outwards if outer in [holder for holder, _ in row])
        assert around is not None, f"{name} has none for {place.path}"
        return name, around

    # What sites share

    def site(self, name: str) -> str:
        """The innermost site in whose name something begins; none for what is the portfolio's own."""
        return max((site for site in self.section("sites") if f"{name}.".startswith(f"{site}.")), key=len, default="")

    def included(self, good: str, name: str) -> str:
        """The site, of those that the portfolio of a good includes itself, in whose name something begins."""
        owner, sites = self.site(good), self.section("sites")
        inside = [site for site in sites if not owner or site.startswith(f"{owner}.")]
        return min((site for site in inside if f"{name}.".startswith(f"{site}.")), key=len, default="")

    def shares(self, supply: str) -> list[tuple[Place, Fraction]]:
        """The share of everyone among whom a supply is divided, the portfolio last; nobody if it is not."""
        spec = self.section("supplies")[supply]
        rule = spec.get("allocation", "first come")
        if rule == "proportional":
            needs: dict[str, int] = {}
            for whole in self.section("activities").values():
                for place in self.places_of(whole):
                    if units := self.amount(supply, overlay(whole, place).get("consumes", {}).get(supply, 0)):
                        site = self.included(supply, whole.get("at", "site"))
                        needs[site] = needs.get(site, 0) + units
            rule = {site: Fraction(units, sum(needs.values())) for site, units in needs.items() if site}
        elif not isinstance(rule, dict):
            return []
        row = [(self.places[site][0], parse_number(share)) for site, share in rule.items()]
        return [*row, (SITE, 1 - sum(share for _, share in row))]

    def divided(self, supply: str, place: Place, before: int, units: int) -> list[tuple[Place, int]]:
        """Who gets how many of these units of a supply of a place, after so many others that came in the same way."""
        if not (row := self.shares(supply)):
            return [(place, units)]
        parts, free, early, late = [], Fraction(1), before, before + units
        for holder, share in row[:-1]:
            had, has = (math.floor(n * share / free) if free else 0 for n in (early, late))
            parts.append((holder, has - had))
            early, late, free = early - had, late - has, free - share
        return [*parts, (row[-1][0], late - early)]

    def places_of(self, whole: Spec) -> list[Place]:
        """Where an activity is done."""
        only = _list(whole.get("only", "site"))
        return [place for place in self.places[whole.get("at", "site")] if any(map(place.matches, only))]

    def turn(self, activity: str, needed: Spec, consumes: Spec) -> tuple[float, float]:
        """What comes before its priority while it waits for this: the priority of its site, and when that needs it."""
        names = [name.strip() for text in needed.get("requires", {}) for name in text.split("|")]
        names += [
            name.strip()
            for way in needed.get("ways", {}).values()
            for text in way.get("requires", {})
            for name in text.split("|")
        ]
        things = {name: self.section("resources")[name] for name in names}
        things |= {name: self.section("supplies")[name] for name, units in consumes.items() if units}
        turns = []
        for rule in ("priority", "date needed"):
            sharers = [
                self.site(n)
                for n, thing in things.items()
                if isinstance(thing, dict) and thing.get("allocation") == rule
            ]
            depth = min((sharer.count(".") + bool(sharer) for sharer in sharers), default=99)
            site = (
                self.section("sites").get(".".join(self.site(activity).split(".")[: depth + 1]), {}) if sharers else {}
            )
            turns.append(site)
        date = self.tick(turns[1]["needed_by"]) if "needed_by" in turns[1] else math.inf
        return -int(turns[0].get("priority", 0)), date

    def capacity(self, resource: Own, tick: int) -> int:
        count = self.resources[resource]["count"]
        units = int(self.ramp(count, tick, resource[0])) if isinstance(count, dict) else int(count)
        return math.floor(units * self.effects(f"resources.{resource[0]}", tick))

    def resource_calendar(self, resource: Own) -> str:
        return str(self.resources[resource].get("calendar", "always"))

    def closed_by(self, name: str, calendar: str, tick: int) -> str | None:
        """What keeps an activity or resource that works by this calendar from the coming minute's work."""
        if tick not in self.calendars[calendar].open:
            return f"calendar:{calendar}"
        stops = [risk for risk in self.risks if name in _list(risk.spec.get("stop_work", []))]
        return next((f"risk:{risk.name}" for risk in stops if risk.holds(tick)), None)

    def demand(self, spec: Spec, needed: Spec, consumes: Spec, place: Place) -> Demand:
        """What is demanded by an activity; `needed` is what it, or its repair, requires and the ways to do it."""
        needs: list[Requirement] = []
        for text, units in needed.get("requires", {}).items():
            names = [name.strip() for name in text.split("|")]
            owns = [self.own("resources", name, place) for name in names]
            needs.append(Requirement(text, tuple(Choice(own[0], ((own, units),)) for own in owns)))
        needs = [added_up([needs[k] for k in some]) for some in sharing(needs)]
        if ways := needed.get("ways", {}):
            taken = {way: spec.get("requires", {}) for way, spec in ways.items()}
            text = " | ".join(dict.fromkeys(name for requires in taken.values() for name in requires))
            owned = {
                way: tuple((self.own("resources", name, place), units) for name, units in requires.items())
                for way, requires in taken.items()
            }
            needs.append(Requirement(text, tuple(Choice(way, takes) for way, takes in owned.items())))
        amounts = {name: self.amount(name, written) for name, written in consumes.items()}
        taken = [(self.own("supplies", name, place), units) for name, units in amounts.items() if units]
        return Demand(tuple(needs), tuple(taken), spec.get("calendar", "always"))

    def amount(self, supply: str, written: Any) -> int:
        return parse_amount(written, self.section("supplies")[supply].get("unit", ""))

    def day_calendar(self, spec: Spec, mode: "tuple[Choice, ...]") -> Calendar:
        """The calendar whose working days a span of work is written in: of what is chosen first."""
        if "calendar" in spec or not mode or not mode[0].takes:
            return self.calendars[spec.get("calendar", "always")]
        return self.calendars[self.resource_calendar(mode[0].takes[0][0])]

    def work(self, written: Any, days: Calendar) -> Fraction:
        """A span of work in minutes: its days and weeks are those of a calendar."""
        span = parse_span(written)
        scale = {"d": days.day, "wk": days.day * days.week}
        return span.amount * scale[span.unit] if span.unit in scale else span.minutes

    def turning_points(self) -> set[int]:
        """Ticks at which a calendar, a capacity or a risk may change."""
        ticks = {tick for risk in self.risks for tick in (risk.begin, risk.end)}
        for calendar in self.calendars.values():
            minutes = calendar.open
            ticks |= {t for t in range(1, self.horizon + 1) if (t in minutes) != (t - 1 in minutes)}
        for (name, _), resource in self.resources.items():
            ticks |= (
                {self.tick(when, name) for when in resource["count"]} if isinstance(resource["count"], dict) else set()
            )
        return ticks

    # Deliveries that are known beforehand, or once the order is placed

    def production(self, supply: str, place: Place, spec: Spec) -> Iterator[DeliveryRow]:
        """What is made in each interval: differences of the floor of all that was made so far."""
        begin, every, number = self.tick(spec.get("from", "0 d"), supply), spec.get("every", "1 d"), 1
        until = self.tick(spec["until"], supply) if "until" in spec else FOREVER
        part = parse_number(spec.get("share", 1)) * parse_number(spec.get("yield", 1))
        part /= self.factors(spec.get("varies_with", []))
        unit, steps = self.section("supplies")[supply].get("unit", ""), spec["rate"]
        turns = {until, *(tick for risk in self.risks for tick in (risk.begin, risk.end))}
        turns |= {self.tick(when, supply) for when in steps} if isinstance(steps, dict) else set()
        made, tick, early, gone = Fraction(0), begin, 0, 0
        while (after := self.later(begin, every, number)) <= self.horizon:
            before, number = math.floor(made), number + 1
            for a, b in pairwise(sorted({tick, after} | {turn for turn in turns if tick < turn < after})):
                if a < until:
                    rate = parse_rate(self.ramp(steps, a, supply) if isinstance(steps, dict) else steps, unit)
                    made += rate.per_minute * part * self.effects(f"supplies.{supply}", a) * (b - a)
            tick, early = after, early + math.floor(made) - before
            if tick >= 0 or self.later(begin, every, number) > 0:
                for holder, units in self.divided(supply, place, gone, early):
                    yield DeliveryRow(max(0, tick), supply, holder.path, units, "production")
                early, gone = 0, gone + early

    def order(self, supply: str, place: Place, name: str, spec: Spec, placed: int) -> Iterator[DeliveryRow]:
        """The lots of an order placed at this tick."""
        first = self.later(placed, spec.get("lead_time", "0 d"), self.factors(spec.get("varies_with", [])))
        amount, lots = self.amount(supply, spec["amount"]), int(spec.get("lots", 1))
        for lot in range(lots):
            due = self.later(first, spec.get("every", "0 d"), lot)
            hits = [risk.spec.get("delays", {}) for risk in self.risks if risk.holds(due)]
            tick = due + sum(self.elapsed(delays.get(f"supplies.{supply}", "0 d")) for delays in hits)
            before, until = lot * amount // lots, (lot + 1) * amount // lots
            for holder, units in self.divided(supply, place, before, until - before):
                yield DeliveryRow(max(0, tick), supply, holder.path, units, name)


def sharing(needs: list[Requirement]) -> list[list[int]]:
    """Requirements that name the same resources, by number; those that share with the same one are together too."""
    groups = [[k] for k in range(len(needs))]
    named = [{own for choice in need.choices for own, _ in choice.takes} for need in needs]
    while True:
        pairs = ((a, b) for a in groups for b in groups if a < b and any(named[i] & named[j] for i in a for j in b))
        pair = next(pairs, None)
        if pair is None:
            return groups
        groups = sorted([*(group for group in groups if group not in pair), sorted(pair[0] + pair[1])])


def added_up(needs: list[Requirement]) -> Requirement:
    """Several requirements as one, whose choices are all combinations of theirs."""
    if len(needs) == 1:
        return needs[0]
    choices = []
    for mode in product(*(need.choices for need in needs)):
        named = [choice.name for need, choice in zip(needs, mode, strict=True) if len(need.choices) > 1]
        takes: dict[Own, int] = {}
        for own, units in (claim for choice in mode for claim in choice.takes):
            takes[own] = takes.get(own, 0) + units
        choices.append(Choice(", ".join(named), tuple(takes.items())))
    text = " | ".join(dict.fromkeys(own[0] for need in needs for choice in need.choices for own, _ in choice.takes))
    return Requirement(text, tuple(choices))


def skipped_by(ways: Spec) -> set[str]:
    """What other ways than the likeliest do, and it does not; of equally likely ones the first is taken."""
    taken = max(ways.values(), key=lambda way: parse_number(way.get("weight", 1)))
    some = {name for way in ways.values() for name in _list(way.get("activities", []))}
    return some - set(_list(taken.get("activities", [])))


def multiplied(target: str, risks: list[Window]) -> Fraction:
    """What some risks multiply something by; a span is no multiplier."""
    effects = [risk.spec.get("effects", {}).get(target, 1) for risk in risks]
    return math.prod((parse_number(effect) for effect in effects if not is_span(effect)), start=Fraction(1))


def is_span(effect: Any) -> bool:
    return isinstance(effect, dict) or (isinstance(effect, str) and effect[-1].isalpha())


def half_down(x: Fraction) -> int:
    """The nearest whole number; a half goes down."""
    return math.ceil(x - Fraction(1, 2))


def half_up(x: Fraction | float) -> int:
    """The nearest whole number; a half goes up."""
    return math.floor(x + Fraction(1, 2)) if isinstance(x, Fraction) else math.floor(x + 0.5)


def in_months(written: Any) -> Fraction:
    """The calendar months that a duration is written in; none where it is in working time."""
    span = parse_span(written)
    return span.amount * {"month": 1, "year": 12}.get(span.unit, 0)


def same_day(date: dt.datetime, months: int) -> dt.datetime:
    """The same day so many months later, or the last day of that month."""
    first = date.replace(day=1)
    for _ in range(months):
        first = (first + dt.timedelta(days=31)).replace(day=1)
    last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return last if date.day > last.day else first.replace(day=date.day)


# What happens


@dataclass(eq=False)
class Instance:
    """An activity in one place, and what has become of it."""

    activity: str
    place: Place
    order: tuple[int, int]
    """File order of the activity, place order."""
    spec: Spec
    failures: int
    skipped: bool
    """Whether the likeliest way of a branch does without it."""
    actual: Actual | None = None
    """What happened to it before the status date."""
    ready: int | None = None
    start: int | None = None
    finish: int | None = None
    number: int = 0
    """Which first start of its activity it was, for learning."""
    items: "list[Item]" = field(default_factory=list)
    """Its attempts and repairs so far."""

    @property
    def key(self) -> tuple[str, str]:
        return self.activity, self.place.path

    @property
    def is_done(self) -> bool:
        """Whether it had finished by the status date."""
        return self.actual is not None and self.actual.finish is not None

    @property
    def is_under_way(self) -> bool:
        """Whether it had begun and not finished."""
        return self.actual is not None and self.actual.finish is None


@dataclass(eq=False)
class Item:
    """One attempt or one repair: what waits, runs and ends."""

    instance: Instance
    attempt: int
    kind: str
    demand: Demand
    turn: tuple[float, float]
    """What comes before its priority in the order of visits."""
    ready: int
    start: int | None = None
    finish: int | None = None
    planned: int | None = None
    """When its work was to end, as known at its start; none behind the horizon."""
    length: int = 0
    mode: tuple[Choice, ...] = ()
    held_by: str = ""
    by_eve: bool = True
    """Whether it could take the same before capacities changed at the tick of its start."""

    @property
    def rank(self) -> tuple[float, float, float, int, tuple[int, int]]:
        """Its place in the order of visits."""
        priority = math.inf if self._is_what_is_left else self.instance.spec.get("priority", 0)
        turn = (-math.inf, 0) if self._is_what_is_left else self.turn
        return *turn, -priority, self.ready, self.instance.order

    @property
    def _is_what_is_left(self) -> bool:
        return self.instance.is_under_way and self.attempt == 1 and self.kind == "work"

    @property
    def lasts(self) -> Any:
        """How long it takes the way it is done, as written; of what is under way, what is left if that is written."""
        if self._is_what_is_left and "remaining" in self.instance.actual.told:
            return self.instance.actual.told["remaining"]
        spec = self.instance.spec["rework"] if self.kind == "repair" else self.instance.spec
        way = spec["ways"][self.mode[-1].name] if spec.get("ways") else {}
        return way.get("duration", spec.get("duration", "0 d"))

    @property
    def is_nothing(self) -> bool:
        """Whether it is written without length."""
        actual = self.instance.actual
        if actual and actual.finish is not None:
            return actual.start == actual.finish
        if actual and self._is_what_is_left and "remaining" in actual.told:
            return parse_span(actual.told["remaining"]).amount == 0
        spec = self.instance.spec["rework"] if self.kind == "repair" else self.instance.spec
        usual = spec.get("duration", "0 d")
        written = [way.get("duration", usual) for way in spec.get("ways", {}).values()] or [usual]
        return all(parse_span(duration).amount == 0 for duration in written)

    @property
    def takes(self) -> dict[Own, int]:
        """The units it holds while it runs."""
        return {own: units for choice in self.mode for own, units in choice.takes}

    @property
    def queue(self) -> tuple[str, str, Demand]:
        kind = "retry" if self.kind == "work" and self.attempt > 1 else self.kind
        return self.instance.activity, kind, self.demand


@dataclass
class Levels:
    """What is taken of the resources and what there is of the supplies."""

    taken: Counter[Own] = field(default_factory=Counter)
    stock: Counter[Own] = field(default_factory=Counter)

    def copy(self) -> "Levels":
        return Levels(Counter(self.taken), Counter(self.stock))


class Run:
    """One run through a world, from due tick to due tick."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = 0
        self.instances = {i.key: i for i in self._instances()}
        self.levels = Levels()
        self.before = Levels()
        """The levels as they were just before this tick."""
        self.ever: Counter[Own] = Counter()
        self.arrivals: list[DeliveryRow] = []
        self.arrived: list[DeliveryRow] = []
        self.orders: list[tuple[str, Place, str, Spec]] = []
        """Orders not placed yet."""
        self.followed: dict[str, int] = {}
        """Of each risk that follows something, when that happened."""
        self.milestones: dict[str, int | None] = dict.fromkeys(world.section("milestones"))
        self.learned: Counter[tuple[str, Place | None]] = Counter()
        self.waiting: list[Item] = []
        self.running: list[Item] = []
        self.begun: set[Instance] = set()
        """What finished at a midnight and falls on the day that begins then."""
        self.shortages: list[ShortageRow] = []
        self.lacking: dict[tuple[str, str, Demand], ShortageRow] = {}
        self._stock_up()

    def _instances(self) -> Iterator[Instance]:
        for number, (name, whole) in enumerate(self.world.section("activities").items()):
            places = self.world.places[whole.get("at", "site")]
            for k, place in enumerate(self.world.places_of(whole)):
                spec = overlay(whole, place)
                order, skipped = (number, places.index(place)), name in self.world.skipped
                actual = self.world.actual(name, place)
                failures = 0 if actual and actual.finish is not None else expected_failures(spec, k)
                yield Instance(name, place, order, spec, failures, skipped, actual)

    def _stock_up(self) -> None:
        for name, whole in self.world.section("supplies").items():
            for place in self.world.places[whole.get("per", "site")]:
                spec = overlay(whole, place)
                for holder, units in self.world.divided(
                    name, place, 0, self.world.amount(name, spec.get("initial", 0))
                ):
                    self._supply((name, holder), units)
                self.initial = Counter(self.ever)
                if "production" in spec:
                    self.arrivals += self.world.production(name, place, spec["production"])
                self.orders += [(name, place, *order) for order in spec.get("orders", {}).items()]
        for instance in self.instances.values():
            if instance.actual:  # what it took is missing from the beginning, even if it comes later
                for supply, amount in instance.spec.get("consumes", {}).items():
                    own = self.world.own("supplies", supply, instance.place)
                    self.levels.stock[own] -= self.world.amount(supply, amount)

    def _supply(self, supply: Own, amount: int) -> None:
        self.levels.stock[supply] += amount
        self.ever[supply] += amount

    # The law of the instant

    def trace(self) -> OracleTrace:
        turns = {0, *self.world.turning_points()}
        while True:
            self._settle()
            while self._start():
                self._settle()
            self._note_shortages()
            self.before = self.levels.copy()
            due = {item.finish for item in self.running} | {row.tick for row in self.arrivals} | turns
            due |= {self._ready_at(one) for one in self.instances.values() if one.ready is None}
            due |= {self._linked_at(item.instance, "finish") for item in self.running}
            due |= {instance.actual.start for instance in self.instances.values() if instance.actual}
            later = [tick for tick in due if tick is not None and self.now < tick <= self.world.horizon]
            if not later:
                return self._tables()
            self.now = min(later)

    def _settle(self) -> None:
        """Everything due now, and what follows from it, until nothing more does."""
        while any([self._finish(), self._deliver(), self._place_orders(), self._reach(), self._make_ready()]):
            pass
        for name, spec in self.world.section("risks").items():
            if isinstance(spec.get("begins"), dict) and name not in self.followed:
                happened = self._happened({**spec["begins"], "activity": spec["begins"]["after"]}, SITE)
                self.followed |= {} if happened is None else {name: self.now}

    def _finish(self) -> int:
        done = [item for item in self.running if item.finish is not None and self._may_finish(item)]
        for item in done:
            item.finish = self.now
            self.running.remove(item)
            self.levels.taken.subtract(item.takes)
            self._after(item)
        return len(done)

    def _may_finish(self, item: Item) -> bool:
        """Whether its work is done, and all has happened that its finish waits for if it has passed."""
        assert item.finish is not None
        if item.finish > self.now or item.kind == "repair" or item.attempt <= item.instance.failures:
            return item.finish <= self.now
        links = self._linked_at(item.instance, "finish")
        return links is not None and links <= self.now

    def _after(self, item: Item) -> None:
        """What becomes of an instance when an attempt or a repair is over."""
        instance, spec = item.instance, item.instance.spec
        if item.kind == "repair":
            self._queue(instance, item.attempt + 1, "work", spec, {})
        elif item.attempt <= instance.failures:
            self._queue(instance, item.attempt, "repair", spec["rework"], {})
        else:
            instance.finish = self.now
            for supply, amount in self._made(instance):
                self._supply(supply, amount)

    def _made(self, instance: Instance) -> list[tuple[Own, int]]:
        """What an instance produces."""
        produces = instance.spec.get("produces", {}).items()
        return [(self.world.own("supplies", name, instance.place), self.world.amount(name, n)) for name, n in produces]

    def _queue(self, instance: Instance, attempt: int, kind: str, needed: Spec, consumes: Spec) -> None:
        demand = self.world.demand(instance.spec, needed, consumes, instance.place)
        turn = self.world.turn(instance.activity, needed, consumes)
        item = Item(instance, attempt, kind, demand, turn, self.now)
        instance.items.append(item)
        self.waiting.append(item)

    def _deliver(self) -> int:
        due = [row for row in self.arrivals if row.tick == self.now]
        for row in due:
            self.arrivals.remove(row)
            self.arrived.append(row)
            own = next(own for own in self.ever if (own[0], own[1].path) == (row.supply, row.place))
            self._supply(own, row.amount)
        return len(due)

    def _place_orders(self) -> int:
        placed = [(order, self._placed(order[3].get("placed", "0 d"), order[0])) for order in self.orders]
        for order, tick in placed:
            if tick is not None:
                self.orders.remove(order)
                self.arrivals += self.world.order(*order, tick)
        return sum(tick is not None for _, tick in placed)

    def _placed(self, written: Any, supply: str) -> int | None:
        """When an order is placed, as far as that is known."""
        if not isinstance(written, dict):
            return self.world.tick(written, supply)
        happened = self._happened({**written, "activity": written["after"]}, SITE)
        lag = "0 d" if written["after"] in self.world.skipped else written.get("lag", "0 d")
        return None if happened is None else self.world.later(max(happened, 0), lag)

    def _reach(self) -> int:
        reached = [name for name, tick in self.milestones.items() if tick is None and self._is_reached(name)]
        self.milestones |= dict.fromkeys(reached, self.now)
        return len(reached)

    def _is_reached(self, name: str) -> bool:
        spec = self.world.section("milestones")[name]
        where = spec.get("in", "site")
        if "supply" in spec:
            owned = [own for own in self.ever if own[0] == spec["supply"] and own[1].matches(where)]
            there = sum(self.ever[own] for own in owned)
            return there >= self.world.amount(spec["supply"], spec["reaches"])
        all_of_it = [i for i in self.instances.values() if i.activity == spec["activity"]]
        counted = [i for i in all_of_it if i.place.matches(where)]
        happened = [i for i in counted if self._event(i, spec.get("event", "finish")) is not None]
        return len(happened) >= int(spec.get("reaches", len(counted)))

    def _make_ready(self) -> int:
        ready = [i for i in self.instances.values() if i.ready is None and self._ready_at(i) == self.now]
        for instance in ready:
            instance.ready = self.now
            if instance.skipped:
                instance.finish = self.now
                continue
            spec = instance.spec
            self._queue(
                instance,
                1,
                "work",
                {} if instance.is_done else spec,
                {} if instance.actual else spec.get("consumes", {}),
            )
        return len(ready)

    def _ready_at(self, instance: Instance) -> int | None:
        """When an instance is ready, once all it waits for has happened."""
        date = 0 if instance.skipped else self._date(instance)
        ends = ("start", "finish") if instance.skipped else ("start",)
        ticks = [0, date, *(self._linked_at(instance, end) for end in ends)]
        known = [tick for tick in ticks if tick is not None]
        return max(known) if len(known) == len(ticks) else None

    def _date(self, instance: Instance) -> int:
        """The date before which an instance, or what is left of it, is not ready."""
        name, status = instance.activity, self.world.status
        written = max(self.world.first(name), self.world.tick(instance.spec.get("not_before", "0 d"), name))
        if instance.actual is not None:
            return instance.actual.start if instance.is_done else status or 0
        return written if status is None else max(written, status)

    def _finish_date(self, instance: Instance) -> int:
        """The date before which an instance does not finish."""
        if instance.skipped or instance.is_done:
            return 0
        return self.world.tick(instance.spec.get("finish_not_before", "0 d"), instance.activity)

    def _linked_at(self, instance: Instance, end: str) -> int | None:
        """When all has happened that the start or finish of an instance waits for by links; none if it is not known."""
        ticks: list[int | None] = [self._finish_date(instance) if end == "finish" else 0]
        for link in [] if instance.is_done else links_of(instance.spec):
            if link.get("to", "start") != end:
                continue
            without = link.get("activity") in self.world.skipped
            if is_tied(link) and not without:
                came = sorted(
                    tick
                    for i in self._linked(link, instance.place)
                    if (tick := self._tied(i, link, instance)) is not None
                )
                ticks.append(self._number(came, link, instance.place))
                continue
            happened = self._happened(link, instance.place)
            ticks.append(
                self._lagged(instance, happened, "0 d" if without or instance.skipped else link.get("lag", "0 d"))
            )
        known = [tick for tick in ticks if tick is not None]
        return max(known) if len(known) == len(ticks) else None

    def _happened(self, link: Spec, place: Place) -> int | None:
        """When what a link waits for has happened; -1, always, where there is nothing to wait for."""
        name = link.get("activity", link.get("milestone"))
        if name in self.milestones:
            return self.milestones[name]
        ticks = [self._event(i, link.get("from", "finish")) for i in self._linked(link, place)]
        return self._number(sorted(tick for tick in ticks if tick is not None), link, place)

    def _linked(self, link: Spec, place: Place) -> list[Instance]:
        """The instances that a link from this place waits for."""
        return [
            i for i in self.instances.values() if i.activity == link["activity"] and is_linked(i.place, link, place)
        ]

    def _number(self, happened: list[int], link: Spec, place: Place) -> int | None:
        """When as many of them have come as a link waits for; -1 where there is nothing to wait for."""
        linked = self._linked(link, place)
        count = int(link.get("count", len(linked)))
        if not linked:
            return -1
        return happened[count - 1] if len(happened) >= count else None

    def _tied(self, before: Instance, link: Spec, after: Instance) -> int | None:
        """When one instance lets another go on by a lag that is reckoned by how long the first takes."""
        event, lag, size = self._event(before, link.get("from", "finish")), link["lag"], size_of(link)
        by = lag.get("by", "successor") if isinstance(lag, dict) else "predecessor" if size.endswith("%") else "always"
        first = before.items[0] if before.items else None
        if before.skipped or (size.startswith("-") and link.get("from") == "start"):
            return event
        if before.is_under_way and event is not None:
            event = before.start if link.get("from") == "start" else event
        if size.startswith("-"):
            event = first.planned if first else None
        if event is None or first is None:
            return None
        whose = {"predecessor": before, "successor": after}.get(by)
        days = self._days(whose) if whose else self.world.calendars[by]
        sign = -1 if size.startswith("-") else 1
        past = self._done_by_status(before, days)
        if size.endswith("%"):
            share = Fraction(size.strip("-%")) / 100 * sign
            minutes = half_up(share * past) + (0 if before.is_done else half_up(share * first.length))
        else:
            minutes = half_up(
                self.world.work(size.strip("-"), days if isinstance(lag, dict) else Calendar(frozenset())) * sign
            )
        if before.is_under_way and link.get("from") == "start":
            minutes -= past
        while minutes > 0 and event <= self.world.horizon:
            minutes -= event in days.open
            event += 1
        while minutes < 0 and event > 0:
            event -= 1
            minutes += event in days.open
        assert first.start is not None
        return FOREVER if minutes > 0 else max(first.start, event)

    def _done_by_status(self, before: Instance, days: Calendar) -> int:
        """The minutes of work, by this calendar, that were done before the status date."""
        if before.actual is None:
            return 0
        assert self.world.status is not None
        until = self.world.status if before.actual.finish is None else before.actual.finish
        return sum(tick in days.open for tick in range(before.actual.start, until))

    def _days(self, instance: Instance) -> Calendar:
        """The calendar whose days lags mean that an instance counts."""
        demand = self.world.demand(instance.spec, instance.spec, {}, instance.place)
        return self.world.day_calendar(instance.spec, tuple(need.choices[0] for need in demand.requires))

    def _event(self, instance: Instance, event: str) -> int | None:
        """When an instance started or finished; one that was skipped did both when it passed."""
        if event == "start" and instance.is_under_way and not instance.skipped:
            return instance.actual.start if instance.actual.start <= self.now else None
        return instance.start if event == "start" and not instance.skipped else instance.finish

    def _lagged(self, instance: Instance, happened: int | None, lag: Any) -> int | None:
        if happened is None or happened < 0:
            return happened
        if not isinstance(lag, dict):
            return self.world.later(happened, lag)
        by = lag.get("by", "successor")
        days = self._days(instance) if by == "successor" else self.world.calendars[by]
        minutes, tick = half_up(self.world.work(lag["working"], days)), happened
        while minutes and tick <= self.world.horizon:
            minutes -= tick in days.open
            tick += 1
        return tick if not minutes else FOREVER

    # Starting

    def _start(self) -> int:
        """One pass over all that wait, in the written order; what can start takes all it needs at once."""
        started = 0
        for item in sorted(self.waiting, key=lambda item: item.rank):
            mode = self._mode(item)
            if mode is not None:
                self._begin(item, mode)
                started += 1
        return started

    def _mode(self, item: Item) -> tuple[Choice, ...] | None:
        """The first choice of alternatives with which work can start now."""
        demand, activity = item.demand, item.instance.activity
        if any(self.levels.stock[supply] < amount for supply, amount in demand.consumes):
            return None
        if item.instance.is_done:
            return ()
        minutes = (self.now, self.now - 1) if item.is_nothing else (self.now,)
        for mode in product(*(need.choices for need in demand.requires)):
            free = all(self._is_free(self.levels, choice, self.now) for choice in mode)
            if free and any(self._closed_by(activity, demand, mode, t) is None for t in minutes):
                return mode
        return None

    def _is_free(self, levels: Levels, choice: Choice, tick: int) -> bool:
        return all(levels.taken[own] + units <= self.world.capacity(own, tick) for own, units in choice.takes)

    def _closed_by(self, activity: str, demand: Demand, mode: tuple[Choice, ...], tick: int) -> str | None:
        """What keeps this choice from the coming minute's work: the first closed calendar or stop-work."""
        reasons = [self.world.closed_by(activity, demand.calendar, tick)]
        owns = [own for choice in mode for own, _ in choice.takes]
        reasons += [self.world.closed_by(own[0], self.world.resource_calendar(own), tick) for own in owns]
        return next((reason for reason in reasons if reason is not None), None)

    def _begin(self, item: Item, mode: tuple[Choice, ...]) -> None:
        instance = item.instance
        if item.ready < self.now:
            item.held_by = self._lack(item, self.before, self.now - 1)
        self.waiting.remove(item)
        self.running.append(item)
        item.mode, item.start = mode, self.now
        item.by_eve = all(self._is_free(self.levels, choice, self.now - 1) for choice in mode)
        self.levels.taken.update(item.takes)
        self.levels.stock.subtract(dict(item.demand.consumes))
        if item.kind == "work" and item.attempt == 1:
            instance.start = self.now
            instance.number = self._learn(instance)
        item.length = self._minutes(item)
        item.finish = item.planned = self._worked(item, item.length)

    def _learn(self, instance: Instance) -> int:
        learning = instance.spec.get("learning", {})
        per = learning.get("per", "site") if isinstance(learning, dict) else "site"
        crew = instance.activity, instance.place.within(per)
        self.learned[crew] += 1
        return self.learned[crew]

    def _number_by_actual_starts(self, instance: Instance) -> int:
        """Which start of its activity it was, by when these really started."""
        learning = instance.spec.get("learning", {})
        per = learning.get("per", "site") if isinstance(learning, dict) else "site"
        begun = [i for i in self.instances.values() if i.activity == instance.activity and i.actual]
        here = [i for i in begun if i.place.within(per) == instance.place.within(per)]
        return sorted(here, key=lambda i: (i.actual.start, i.order)).index(instance) + 1

    def _minutes(self, item: Item) -> int:
        """How long an attempt or a repair that starts now takes, in minutes of work."""
        spec, actual = item.instance.spec, item.instance.actual if item.attempt == 1 and item.kind == "work" else None
        if actual and actual.finish is not None:
            return actual.finish - actual.start
        if item.kind == "repair":
            spec = {"calendar": spec["calendar"], **spec["rework"]} if "calendar" in spec else spec["rework"]
        months, target = in_months(item.lasts), f"activities.{item.instance.activity}"
        exact = months or self.world.work(item.lasts, self.world.day_calendar(spec, item.mode))
        begun = item.instance.actual is not None
        number = self._number_by_actual_starts(item.instance) if begun else item.instance.number
        learned = multiplier(spec["learning"], number) if item.kind == "work" and "learning" in spec else 1
        if actual:
            exact, learned = self._left(item, exact, learned), 1
        exact *= self.world.factors(spec.get("varies_with", []))
        risks = [risk for risk in self.world.risks if self._holds(risk)] if item.kind == "work" else []
        exact *= multiplied(target, risks)
        if months:
            minutes = self.world.later(self.now, "1 month", exact * Fraction(learned)) - self.now
        else:
            minutes = half_up(half_up(exact) * learned)
        days = self.world.calendars["always"] if months else self.world.day_calendar(spec, item.mode)
        for effect in (risk.spec.get("effects", {}).get(target, 1) for risk in risks if item.attempt == 1):
            if is_span(effect):
                minutes += half_up(self.world.work(effect["each"] if isinstance(effect, dict) else effect, days))
        return minutes

    def _left(self, item: Item, exact: Any, learned: Any) -> Any:
        """What is left of work under way at the status date, before factors and risks."""
        actual, spec = item.instance.actual, item.instance.spec
        assert actual is not None
        assert self.world.status is not None
        if "remaining" in actual.told:
            return in_months(item.lasts) or self.world.work(item.lasts, self.world.day_calendar(spec, item.mode))
        if "complete" in actual.told:
            return exact * learned * (1 - parse_number(actual.told["complete"]))
        demand = self.world.demand(spec, spec, {}, item.instance.place)
        alone = tuple(need.choices[0] for need in demand.requires if len(need.choices) == 1)
        names = [demand.calendar, *(self.world.resource_calendar(own) for choice in alone for own, _ in choice.takes)]
        done = [
            tick
            for tick in range(actual.start, self.world.status)
            if all(tick in self.world.calendars[name].open for name in names)
        ]
        return max(0, exact * learned - len(done))

    def _holds(self, risk: Window) -> bool:
        """Whether the window of a risk holds for what starts now."""
        if not risk.follows:
            return risk.holds(self.now)
        return risk.name in self.followed and risk.begin <= self.now - self.followed[risk.name] < risk.end

    def _worked(self, item: Item, minutes: int) -> int | None:
        """The end of the last worked minute; None when that is after the horizon."""
        tick = self.now
        if item.instance.is_done or in_months(item.lasts):
            return tick + minutes if tick + minutes <= self.world.horizon else None
        while minutes:
            if tick >= self.world.horizon:
                return None
            minutes -= self._closed_by(item.instance.activity, item.demand, item.mode, tick) is None
            tick += 1
        return tick

    # Lacking

    def _lack(self, item: Item, levels: Levels, tick: int) -> str:
        """The first thing that is insufficient for a waiting item: required, consumed, calendar."""
        mode = []
        for need in item.demand.requires:
            free = [choice for choice in need.choices if self._is_free(levels, choice, tick)]
            if not free:
                return need.text
            mode.append(free[0])
        for supply, amount in item.demand.consumes:
            if levels.stock[supply] < amount:
                return supply[0]
        reason = self._closed_by(item.instance.activity, item.demand, tuple(mode), tick)
        assert reason is not None, f"{item.instance.key} waits at {tick} for nothing"
        return reason

    def _note_shortages(self) -> None:
        queues: dict[tuple[str, str, Demand], list[Item]] = {}
        for item in self.waiting:
            queues.setdefault(item.queue, []).append(item)
        for queue in {**self.lacking, **queues}:
            items = queues.get(queue, [])
            cause = self._lack(items[0], self.levels, self.now) if items else ""
            open_row = self.lacking.get(queue)
            if open_row and (open_row.cause, open_row.waiting) == (cause, len(items)):
                continue
            if open_row:
                self.shortages.append(self.lacking.pop(queue)._replace(end=self.now))
            if items:
                place = queue[2].place.path
                self.lacking[queue] = ShortageRow(queue[0], place, self.now, None, cause, len(items))

    # The tables

    def _tables(self) -> OracleTrace:
        for item in self.running:
            item.finish = None
        while late := {i for i in self.instances.values() if self._work_on_eve(i) and not self._is_over_by_eve(i)}:
            self.begun |= late
        number = {name: i for i, name in enumerate(self.world.section("activities"))}
        open_ = {instance.activity for instance in self.instances.values() if not instance.is_done}
        tested = [i for i in self.instances.values() if "rework" in i.spec and i.activity in open_]
        shortages = [*self.shortages, *self.lacking.values()]
        return OracleTrace(
            tuple(_activity_row(instance) for instance in self.instances.values()),
            tuple(_attempt_row(item) for i in tested for item in i.items),
            tuple(sorted(shortages, key=lambda row: (row.begin, number[row.activity], *map(str, row)))),
            tuple(sorted(row for row in self.arrived if row.amount)),
            self.milestones,
            {name: None if tick is None else tick - self._on_eve(name) for name, tick in self.milestones.items()},
            frozenset(i.key for i in self.instances.values() if self._work_on_eve(i)),
        )

    # On which day it falls

    def _is_midnight(self, tick: int) -> bool:
        moment = self.world.start + dt.timedelta(minutes=tick)
        return tick > 0 and (moment.hour, moment.minute) == (0, 0)

    def _done(self, instance: Instance, tick: int) -> bool:
        """Whether it finished by the end of the day that ends at a midnight."""
        if instance.finish is None or instance.finish > tick:
            return False
        return instance.finish < tick or self._work_on_eve(instance)

    def _work_on_eve(self, instance: Instance) -> bool:
        """Whether its finish at midnight falls on the day before, as far as is known."""
        return instance.finish is not None and self._is_midnight(instance.finish) and instance not in self.begun

    def _is_over_by_eve(self, instance: Instance) -> bool:
        """Whether it worked until midnight, or followed that at once and took nothing that came later."""
        assert instance.finish is not None
        tick, links = instance.finish, [] if instance.is_done else links_of(instance.spec)
        if not all(self._link_by_eve(link, instance, tick) for link in links if link.get("to") == "finish"):
            return False
        if self._finish_date(instance) == tick:
            return False
        for item in reversed(instance.items):
            if item.start != tick:
                return True
            if item.ready != tick or not item.by_eve:
                return False
            if self._closed_by(instance.activity, item.demand, item.mode, tick - 1) is not None:
                return False
        new = {(row.supply, row.place) for row in self.arrived if row.tick == tick and row.amount}
        for late in self.begun:
            if late.finish == tick and not late.skipped:
                new |= {(own[0], own[1].path) for own, amount in self._made(late) if amount}
        if any((own[0], own[1].path) in new for item in instance.items[:1] for own, _ in item.demand.consumes):
            return False
        if not instance.skipped and self._date(instance) == tick:
            return False
        return all(self._link_by_eve(link, instance, tick) for link in links)

    def _link_by_eve(self, link: Spec, instance: Instance, tick: int) -> bool:
        """Whether what a link waits for was there by the end of the day before; a lag that passes then is over."""
        name, happened = link.get("activity", link.get("milestone")), self._happened(link, instance.place)
        if not is_tied(link) and (happened is None or happened < tick):
            return True
        if name in self.milestones:
            return self._on_eve(name)
        linked = self._linked(link, instance.place)
        if is_tied(link) and name not in self.world.skipped:
            return sum(self._tied_by_eve(i, link, instance, tick) for i in linked) >= int(
                link.get("count", len(linked))
            )
        if link.get("from") == "start" and name not in self.world.skipped:
            return False
        return sum(self._done(i, tick) for i in linked) >= int(link.get("count", len(linked)))

    def _tied_by_eve(self, before: Instance, link: Spec, after: Instance, tick: int) -> bool:
        """Whether an instance let another go on by the end of the day before a midnight."""
        came = self._tied(before, link, after)
        if came is None or came > tick:
            return False
        starts = link.get("from") == "start" or size_of(link).startswith("-")
        event = before.start if starts else before.finish
        return event is not None and (event < tick or (not starts and self._done(before, tick)))

    def _on_eve(self, name: str) -> bool:
        """Whether a milestone reached at midnight falls on the day before: work that ended then was enough."""
        spec, tick = self.world.section("milestones")[name], self.milestones[name]
        started = spec.get("event") == "start" and spec["activity"] not in self.world.skipped
        if tick is None or not self._is_midnight(tick) or started:
            return False
        where = spec.get("in", "site")
        if "supply" not in spec:
            counted = [i for i in self.instances.values() if i.activity == spec["activity"] and i.place.matches(where)]
            return sum(self._done(i, tick) for i in counted) >= int(spec.get("reaches", len(counted)))
        owned = [own for own in self.ever if own[0] == spec["supply"] and own[1].matches(where)]
        paths = {place.path for _, place in owned}
        there = sum(self.initial[own] for own in owned)
        there += sum(
            r.amount for r in self.arrived if r.supply == spec["supply"] and r.place in paths and r.tick < tick
        )
        for instance in self.instances.values():
            amount = 0 if instance.skipped else instance.spec.get("produces", {}).get(spec["supply"], 0)
            if not amount or self.world.own("supplies", spec["supply"], instance.place) not in owned:
                continue
            if self._done(instance, tick):
                there += self.world.amount(spec["supply"], amount)
        return there >= self.world.amount(spec["supply"], spec["reaches"])


def links_of(spec: Spec) -> list[Spec]:
    """What an activity waits for, each written in full."""
    return [link if isinstance(link, dict) else {"activity": link} for link in _list(spec.get("after", []))]


def size_of(link: Spec) -> str:
    """How long the lag of a link is."""
    lag = link.get("lag", "0 d")
    return str(lag["working"] if isinstance(lag, dict) else lag)


def is_tied(link: Spec) -> bool:
    """Whether the lag of a link is reckoned by how long the predecessor takes, or by its calendar."""
    lag, size = link.get("lag", "0 d"), size_of(link)
    return size.startswith("-") or size.endswith("%") or (isinstance(lag, dict) and lag.get("by") == "predecessor")


def expected_failures(spec: Spec, k: int) -> int:
    """How often the k-th instance of an activity, counted from 0, fails in an expected run."""
    if "rework" not in spec:
        return 0
    mean = sum(parse_number(spec["rework"]["probability"]) ** i for i in range(1, 11))
    return math.floor((k + 1) * mean) - math.floor(k * mean)


def multiplier(learning: Any, number: int) -> float:
    """Wright's law for the start of this number."""
    rule = learning if isinstance(learning, dict) else {"rate": learning}
    until, at = int(rule.get("until", number)), int(rule.get("at", 1))
    return float((min(number, until) / at) ** math.log2(float(parse_number(rule["rate"]))))


def _activity_row(instance: Instance) -> ActivityRow:
    started = [item for item in instance.items if item.kind == "work" and item.start is not None]
    used = "skipped" if instance.skipped and instance.finish is not None else ""
    if started:
        chosen = zip(started[-1].demand.requires, started[-1].mode, strict=True)
        used = ", ".join(choice.name for need, choice in chosen if len(need.choices) > 1)
    held_by = started[0].held_by if started else ""
    began = instance.start if instance.actual is None else instance.actual.start
    return ActivityRow(*instance.key, instance.ready, began, instance.finish, len(started), used, held_by)


def _attempt_row(item: Item) -> AttemptRow:
    return AttemptRow(*item.instance.key, item.attempt, item.kind, item.ready, item.start, item.finish, item.held_by)
