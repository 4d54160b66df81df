"""A scenario in YAML, for people to read and edit: names that are words, short forms, ids and losses as comments."""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from dcsim.calendars import DAY_NAMES, Hours, Shifts
from dcsim.exchange.names import Names
from dcsim.exchange.plan import Awaits, Planned, Planner
from dcsim.scenario.model import LONGEST_LABEL
from dcsim.schedule import ELAPSED, Activity, Schedule, last_day, name_and_code
from dcsim.schedule.cpm import Dates, Times
from dcsim.units import DAY, plain

WIDTH = 120
_PLAIN = re.compile(r"[^\W\d][\w ().+/-]*(?<! )|\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")
_NO_TEXT = ("null", "true", "false")
YEARS = 5
"""Schedules up to this long fit into the horizon that the format has if none is written."""


@dataclass(frozen=True)
class Written:
    """A scenario as text, and the name in it of every activity, by id."""

    text: str
    names: dict[str, str]


def write(schedule: Schedule, times: Times, dates: dict[str, Dates]) -> Written:
    """The scenario that says what a schedule says; what it cannot say is added to the losses of the schedule."""
    return _Writer(schedule, times, dates).written()


class _Writer:
    def __init__(self, schedule: Schedule, times: Times, dates: dict[str, Dates]) -> None:
        self.schedule, self.times, self.dates = schedule, times, dates
        self.names, self.labels = Names(), set[str]()
        self.calendars = {name: self.names.name(name, what="calendar") for name in schedule.calendars}
        self.resources = {name: self.names.name(name, what="crew") for name in schedule.resources}
        self.activities = {
            activity.id: self.names.name(
                activity.name, *(name_and_code(part)[0] for part in activity.wbs[-1:]), activity.id, what="activity"
            )
            for activity in schedule.activities.values()
        }

        done = {activity.id for activity in schedule.activities.values() if activity.is_done}
        hammocks = schedule.hammocks()
        self.driving = [id_ for id_ in dates if id_ not in hammocks] or [*dates]
        links = [link for link in schedule.links if link.lag >= 0 and link.successor not in done | hammocks]
        behind = done | {link.predecessor for link in links if link.kind in ("FS", "FF")}
        self.ends = [id_ for id_ in schedule.activities if id_ not in behind | hammocks]
        self.all_finished = ""

    def written(self) -> Written:
        planner = Planner(self.schedule, self.times, self.dates)
        planned, capacities = planner.planned(), planner.capacities
        lines = [*self._head(), *self._calendars(), *self._resources(capacities, planner.units)]
        activities = list(self._activities(planned))
        if self.schedule.must_finish is not None and len(self.ends) > 1:
            self.all_finished = self.names.name("all_finished", what="activity")
            ends = ", ".join(self.activities[id_] for id_ in self.ends)
            activities += ["", "  # All of it, for the date by which the project must finish",
                           f"  {self.all_finished}: {{after: [{ends}]}}"]  # fmt: skip
        lines += ["", "activities:", *activities[not activities[0] :], "", "milestones:", *self._milestones(planned)]
        lines += self._seen(planned)
        return Written("\n".join(lines) + "\n", self.activities)

    def _head(self) -> Iterator[str]:
        schedule = self.schedule
        yield f"# Taken over from {one_line(schedule.source)}, with the ids of that file."
        yield f"name: {scalar(schedule.name)}"
        yield f"start: {_moment(schedule.origin)}"
        end = max((date.early_finish for date in self.dates.values()), default=0)
        years = (self.times.moment(end) - schedule.origin).days // 365 + 1
        if years > YEARS:
            yield f"horizon: {min(100, 3 * years)} years"

    def _calendars(self) -> Iterator[str]:
        if self.schedule.calendars:
            yield from ("", "calendars:")
        for name, shifts in self.schedule.calendars.items():
            yield from _fitted(f"  {self.calendars[name]}", calendar(shifts), name)

    def _resources(
        self, capacities: Mapping[str, list[tuple[dt.datetime | None, int]]], units: Mapping[str, int]
    ) -> Iterator[str]:
        if capacities:
            yield from ("", "resources:")
        for name, steps in capacities.items():
            ramp = ", ".join(f"{'0 d' if begin is None else _moment(begin)}: {count}" for begin, count in steps)
            count = str(steps[0][1]) if len(steps) == 1 and steps[0][0] is None else f"{{{ramp}}}"
            text = name + (", in hundredths" if units[name] > 1 else "")
            yield from _fitted(f"  {self.resources[name]}", [f"count: {count}"], text)

    def _activities(self, planned: Iterable[Planned]) -> Iterator[str]:
        lost: dict[str, list[str]] = {}
        for loss in self.schedule.losses:
            lost.setdefault(loss.where, []).append(f"{loss.what}; instead: {loss.instead}")
        group: tuple[str, ...] = ()
        for made in planned:
            activity = made.activity
            if activity.wbs != group:
                group = activity.wbs
                yield ""
            yield from (f"  # {one_line(text)}" for text in lost.get(activity.id, ()))
            yield from _fitted(f"  {self.activities[activity.id]}", list(self._parts(made)), "")

    def _parts(self, made: Planned) -> Iterator[str]:
        activity = made.activity
        yield f"id: {scalar(one_line(activity.id)[:LONGEST_LABEL])}"
        if label := self._label(activity):
            yield f"label: {scalar(label)}"
        if activity.wbs:
            yield f"wbs: [{', '.join(scalar(one_line(part)[:LONGEST_LABEL]) for part in activity.wbs)}]"
        if made.estimate is not None and len(set(made.estimate)) > 1:
            yield f"duration: {{pert: [{', '.join(self._spans(made.estimate, made.calendar))}]}}"
        elif made.minutes:
            yield f"duration: {self._span(made.minutes, made.calendar)}"
        if made.calendar is not ELAPSED:
            yield f"calendar: {self.calendars[made.calendar]}"
        if made.after:
            yield f"after: [{', '.join(self._awaits(link, made.calendar) for link in made.after)}]"
        if made.not_before is not None:
            yield f"not_before: {_moment(made.not_before)}"
        if made.finish_not_before is not None:
            yield f"finish_not_before: {_moment(made.finish_not_before)}"
        if made.requires:
            taken = ", ".join(f"{self.resources[name]}: {units}" for name, units in made.requires.items())
            yield f"requires: {{{taken}}}"

    def _label(self, activity: Activity) -> str:
        """What it is called, with its id where others are called so; nothing where that is its name."""
        own, label = self.activities[activity.id], one_line(activity.name)[:LONGEST_LABEL].strip()
        if label in (own, activity.id, ""):
            return ""
        if label in self.labels:
            behind = f" ({one_line(activity.id)})"
            label = label[: max(0, LONGEST_LABEL - len(behind))] + behind
        self.labels.add(label)
        return label if len(label) <= LONGEST_LABEL else ""

    def _awaits(self, link: Awaits, own: str | None) -> str:
        name = self.activities[link.predecessor]
        parts = [f"activity: {name}", *(["from: start"] if link.kind.startswith("S") else [])]
        parts += ["to: finish"] if link.kind.endswith("F") else []
        if link.lag:
            parts.append(f"lag: {self._lag(link, own)}")
        return f"{{{', '.join(parts)}}}" if len(parts) > 1 else name

    def _lag(self, link: Awaits, own: str | None) -> str:
        """A lag, and whose calendar counts it where that is neither the clock nor what the format takes for granted."""
        by = f", by: {'always' if link.calendar is ELAPSED else self.calendars[link.calendar]}"
        if link.percent is not None:
            size, calendar = f"{plain(link.percent)}%", self.schedule.activities[link.predecessor].calendar
            usual = link.calendar == calendar and calendar is not ELAPSED
            return size if usual else f"{{working: {size}{by}}}"
        size = ("-" if link.lag < 0 else "") + self._span(abs(link.lag), link.calendar)
        return size if link.calendar is ELAPSED else f"{{working: {size}{'' if link.calendar == own else by}}}"

    def _milestones(self, planned: list[Planned]) -> Iterator[str]:
        """Activities without a duration, dates that are watched, and the end."""
        for made in planned:
            activity, name = made.activity, self.activities[made.activity.id]
            promised = activity.deadline or activity.baseline_finish
            if (activity.minutes == 0 and not activity.spans) or activity.deadline is not None:
                why = "deadline" if activity.deadline is not None else "baseline" if promised is not None else ""
                target = [f"target: {last_day(promised)}"] if promised is not None else []
                called = self.names.name(f"{name}_reached", what="milestone")
                yield from _fitted(f"  {called}", [f"activity: {name}", *target], why)
            for why, event, moment in made.watched:
                called = self.names.name(f"{name}_by_date", what="milestone")
                parts = [f"activity: {name}", *(["event: start"] if event == "start" else [])]
                yield from _fitted(f"  {called}", [*parts, f"target: {last_day(moment, event)}"], why)
        last = max(reversed(self.driving), key=lambda id_: self.dates[id_].early_finish)
        must = self.schedule.must_finish
        if self.all_finished and must is not None:
            called = self.names.name(f"{self.all_finished}_reached", what="milestone")
            yield f"  {called}: {{activity: {self.all_finished}, target: {last_day(must)}}}  # must finish by"
        elif self.schedule.activities[last].minutes or must is not None:
            wanted = f", target: {last_day(must)}" if must is not None else ""
            called = self.names.name("last_finish", what="milestone")
            behind = f"  # the last of {len(self.ends)} that lead to nothing" if len(self.ends) > 1 else ""
            yield f"  {called}: {{activity: {self.activities[last]}{wanted}}}{behind}"

    def _seen(self, planned: list[Planned]) -> Iterator[str]:
        """The progress of what has begun, and up to when it is told."""
        begun = [made for made in planned if made.started is not None]
        if begun and self.schedule.until is not None:
            yield from ("", "seen:")
            for made in begun:
                parts = [f"activity: {self.activities[made.activity.id]}", f"started: {_minute(made.started)}"]
                parts += [f"finished: {_minute(made.finished)}"] if made.finished is not None else []
                spans = self._spans(made.left, made.calendar)
                left = f"{{pert: [{', '.join(spans)}]}}" if len(set(made.left)) > 1 else spans[0] if spans else ""
                yield f"  - {{{', '.join([*parts, *([f'remaining: {left}'] if left else [])])}}}"
            yield f"as_of: {_minute(self.schedule.until)}"

    def _span(self, minutes: int, own: str | None) -> str:
        return self._spans((minutes,), own)[0]

    def _spans(self, lengths: tuple[int, ...], own: str | None) -> list[str]:
        hours = Fraction(24) if own is ELAPSED else self.schedule.calendars[own].working_day
        return spans(lengths, hours)


def spans(lengths: tuple[int, ...], hours_per_day: Fraction) -> list[str]:
    """Lengths of work in one unit: days where two decimals are enough for all of them, else hours or minutes."""
    for size, unit in ((hours_per_day * 60, "d"), (Fraction(60), "h")):
        amounts = [Fraction(minutes) / size for minutes in lengths]
        if all((amount * 100).denominator == 1 and not 0 < amount < Fraction(1, 2) for amount in amounts):
            return [f"{plain(amount)} {unit}" for amount in amounts]
    return [f"{minutes} min" for minutes in lengths]


def calendar(shifts: Shifts) -> list[str]:
    """The keys of a calendar."""
    same: dict[Hours, list[int]] = {}
    for day, hours in enumerate(shifts.week):
        if hours:
            same.setdefault(hours, []).append(day)
    if len(same) == 1:
        ((hours, days),) = same.items()
        parts = [f"days: {scalar(_days(days))}", f"hours: {_hours(hours)}"]
    else:
        parts = [f"hours: {{{', '.join(f'{scalar(_days(days))}: {_hours(hours)}' for hours, days in same.items())}}}"]
    closed, opened = _exceptions(shifts)
    parts += [f"closed: [{', '.join(closed)}]"] if closed else []
    parts += [f"open: {{{', '.join(f'{day}: {_hours(hours)}' for day, hours in opened.items())}}}"] if opened else []
    longest = max((sum(end - begin for begin, end in day) for day in shifts.week), default=0)
    if shifts.hours_per_day is not None and shifts.hours_per_day * 60 != longest:
        parts.append(f"hours_per_day: {plain(shifts.hours_per_day)}")
    return parts


def _exceptions(shifts: Shifts) -> tuple[list[str], dict[dt.date, Hours]]:
    """The dates that are off, as dates and ranges, and those that have hours of their own."""
    days: dict[dt.date, Hours] = {}
    for first, last, week in shifts.dates:
        for day in (first + dt.timedelta(days=i) for i in range((last - first).days + 1)):
            days[day] = week[day.weekday()]
    off = sorted(day for day, hours in days.items() if not hours)
    runs: list[list[dt.date]] = []
    for day in off:
        if runs and (day - runs[-1][1]).days == 1:
            runs[-1][1] = day
        else:
            runs.append([day, day])
    closed = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    return closed, {day: days[day] for day in sorted(days) if days[day]}


def _days(days: list[int]) -> str:
    """Mon-Fri, Sun."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day - runs[-1][-1] == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(DAY_NAMES[r[0]] if len(r) == 1 else f"{DAY_NAMES[r[0]]}-{DAY_NAMES[r[-1]]}" for r in runs)


def _hours(hours: Hours) -> str:
    texts = [f"{_clock(begin)}-{_clock(end if end <= DAY else end - DAY)}" for begin, end in hours]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def scalar(text: str) -> str:
    """Words as YAML has them."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT else json.dumps(text, ensure_ascii=False)


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d}" if (moment.hour, moment.minute) == (0, 0) else f"{moment:%Y-%m-%d %H:%M}"


def _minute(moment: dt.datetime | None) -> str:
    """A moment to the minute, as a date without a time may mean its end."""
    return f"{moment:%Y-%m-%d %H:%M}"


def one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _fitted(key: str, parts: list[str], comment: str) -> Iterator[str]:
    """A mapping on one line with its comment where there is room, else a line for each of its keys."""
    behind = f"  # {one_line(comment)}" if comment else ""
    line = f"{key}: {{{', '.join(parts)}}}"
    if len(line) + len(behind) <= WIDTH:
        yield line + behind
        return
    yield f"{key}:{behind}"
    yield from (f"    {part}" for part in parts)
