"""When work goes on: shifts and holidays turned into open intervals, and working time into ticks and back.

A tick is one minute since the start of the scenario. A calendar is open during half-open intervals of
ticks; it is known up to its `end`, and nothing is open from there on.
"""

import datetime as dt
import difflib
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from dcsim.units import DAY, FIRST_YEAR, HALF, parse_date

NEVER = 2**62
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MINUTE = dt.timedelta(minutes=1)

_FULL_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, eq=False)
class Calendar:
    """The open intervals [opens[i], closes[i]), apart and in order, and the work done before each.

    Opens, closes and end are ticks; worked_before holds the open minutes before each opening.
    """

    name: str
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    worked_before: NDArray[np.int64]
    end: int

    @cached_property
    def lists(self) -> tuple[list[int], list[int], list[int]]:
        """Opens, closes and the work done before, as numbers of Python, among which one is found sooner."""
        return self.opens.tolist(), self.closes.tolist(), self.worked_before.tolist()

    @cached_property
    def ever_closes(self) -> bool:
        """Whether it is closed for a minute before its end."""
        return int((self.closes - self.opens).sum()) < self.end

    def is_open(self, tick: int) -> bool:
        """Whether work goes on during the coming minute."""
        opens, closes, _ = self.lists
        i = bisect_right(opens, tick) - 1
        return i >= 0 and tick < closes[i]

    def next_change(self, tick: int) -> int:
        """The first tick after this one at which it opens or closes; NEVER if there is none."""
        opens, closes, _ = self.lists
        opening, closing = bisect_right(opens, tick), bisect_right(closes, tick)
        changes = (ticks[i] for ticks, i in ((opens, opening), (closes, closing)) if i < len(ticks))
        return min(changes, default=NEVER)

    def advance(self, tick: int, minutes: int) -> int:
        """The end of the last minute of so much work, begun now or, where closed, at the next opening.

        No work ends at once; NEVER when it does not fit in before the end of the calendar.
        """
        if minutes == 0:
            return tick
        target = self._worked_until(tick) + minutes
        opens, closes, worked_before = self.lists
        i = bisect_left(worked_before, target) - 1
        if i < 0:
            return NEVER
        finish = opens[i] + target - worked_before[i]
        return finish if finish <= closes[i] else NEVER

    def retreat(self, tick: int, minutes: int) -> int:
        """The latest tick from which so much work is done by this one; 0 where there is not so much before it."""
        target = self._worked_until(tick) - minutes
        if minutes == 0 or target < 0:
            return tick if minutes == 0 else 0
        i = int(self.worked_before.searchsorted(target, side="right")) - 1
        return int(self.opens[i]) + target - int(self.worked_before[i])

    def worked(self, a: int, b: int) -> int:
        """The open minutes from tick a up to tick b."""
        return self._worked_until(b) - self._worked_until(a) if a < b else 0

    def _worked_until(self, tick: int) -> int:
        opens, closes, worked_before = self.lists
        i = bisect_right(opens, tick) - 1
        return worked_before[i] + min(tick, closes[i]) - opens[i] if i >= 0 else 0


# Calendars from intervals, and from each other


def from_intervals(name: str, opens: NDArray[np.int64], closes: NDArray[np.int64], end: int) -> Calendar:
    """Open whenever one of the intervals is; they may overlap, touch and reach over the ends."""
    first, last = np.clip(opens, 0, end), np.clip(closes, 0, end)
    is_some = first < last
    order = np.argsort(first[is_some], kind="stable")
    first, last = first[is_some][order], np.maximum.accumulate(last[is_some][order])
    apart = np.flatnonzero(first > np.concatenate(([-1], last[:-1])))
    return _calendar(name, first[apart], np.maximum.reduceat(last, apart), end)


def always(end: int) -> Calendar:
    """Open around the clock."""
    return _calendar("always", np.array([0]), np.array([end]), end)


def intersect(calendars: Sequence[Calendar]) -> Calendar:
    """Open when all of them are, up to the earliest of their ends; named after them all."""
    if not calendars:
        raise ValueError("expected at least one calendar to intersect, got none")
    end = min(calendar.end for calendar in calendars)
    different = list({id(calendar): calendar for calendar in calendars}.values())
    ticks = np.concatenate([ticks for calendar in different for ticks in (calendar.opens, calendar.closes)])
    changes = np.concatenate([np.repeat([1, -1], len(calendar.opens)) for calendar in different])
    return _where(_joined_name(calendars), ticks, changes, len(different), end)


def subtract(calendar: Calendar, windows: Sequence[tuple[int, int]]) -> Calendar:
    """The same calendar, closed during the windows [from, to)."""
    if not windows:
        return calendar
    opens, closes = calendar.opens, calendar.closes
    for begins, ends in windows:
        if begins < ends:
            before, after = opens < begins, closes > ends
            opens, closes = (
                np.concatenate((opens[before], np.maximum(opens[after], ends))),
                np.concatenate((np.minimum(closes[before], begins), closes[after])),
            )
    return _calendar(calendar.name, opens, closes, calendar.end)


def _where(name: str, ticks: NDArray[np.int64], changes: NDArray[np.int64], level: int, end: int) -> Calendar:
    """Open while the running sum of the changes is at its highest, the level."""
    when, which = np.unique(ticks, return_inverse=True)
    sums = np.zeros(len(when), dtype=np.int64)
    np.add.at(sums, which, changes)
    turns = np.diff((np.cumsum(sums) == level).astype(np.int8), prepend=0)
    return from_intervals(name, when[turns == 1], when[turns == -1], end)


def _joined_name(calendars: Sequence[Calendar]) -> str:
    names = dict.fromkeys(part for calendar in calendars for part in calendar.name.split(" & "))
    names.pop("always", None)
    return " & ".join(names) or "always"


def _calendar(name: str, opens: NDArray[np.int64], closes: NDArray[np.int64], end: int) -> Calendar:
    opens, closes = opens.astype(np.int64), closes.astype(np.int64)
    lengths = closes - opens
    worked_before = np.cumsum(lengths) - lengths
    for column in (opens, closes, worked_before):
        column.setflags(write=False)
    return Calendar(name, opens, closes, worked_before, end)


# Months


def month_starts(start: dt.datetime, horizon: int) -> NDArray[np.int64]:
    """The tick at which each month begins, from the first year that a date may have until after the horizon."""
    last = start + dt.timedelta(minutes=horizon)
    months = np.arange((FIRST_YEAR - 1970) * 12, (last.year - 1970) * 12 + last.month + 3).astype("datetime64[M]")
    begins: NDArray[np.int64] = months.astype("datetime64[m]").astype(np.int64)
    return begins - (start - dt.datetime(1970, 1, 1)) // _MINUTE


def months_later(starts: NDArray[np.int64], tick: int, months: float) -> int:
    """The same day and time of a later month, or its last day; for a part of a month, part of the way to the next.

    NEVER where that is behind the horizon. It reads and writes numbers only, so that it can be compiled.
    """
    low, high = 0, len(starts)
    while low + 1 < high:
        middle = (low + high) >> 1
        if starts[middle] <= tick:
            low = middle
        else:
            high = middle
    full_months = int(months)
    if low + full_months + 2 >= len(starts):
        return NEVER
    day, minute = divmod(tick - starts[low], DAY)
    to = low + full_months
    first = starts[to] + min(day * DAY, starts[to + 1] - starts[to] - DAY) + minute
    second = starts[to + 1] + min(day * DAY, starts[to + 2] - starts[to + 1] - DAY) + minute
    return int(first + np.floor((months - full_months) * (second - first) + HALF))


# Shifts, as they are written


Hours = tuple[tuple[int, int], ...]
"""The shifts of a day as minutes since its midnight: first worked, and end, which may lie on the next day."""
Week = tuple[Hours, ...]
"""The shifts of each day of a week, counted from Monday; none on a day off."""
DAYS_OFF: Week = ((),) * 7


@dataclass(frozen=True)
class Shifts:
    """The written rule of a calendar: the hours of each day of the week, and what differs on some dates.

    A shift belongs to the day on which it begins. A public holiday is a day off. Each of `dates` replaces the hours
    from its first to its last date, whatever the week, a holiday or an earlier one of `dates` says. Each of `shut`
    closes from one moment until another, whatever else is said.
    """

    week: Week
    holidays: tuple[str, ...] = ()
    dates: tuple[tuple[dt.date, dt.date, Week], ...] = ()
    shut: tuple[tuple[dt.datetime, dt.datetime], ...] = ()
    hours_per_day: Fraction | None = None

    @cached_property
    def working_day(self) -> Fraction:
        """Hours of work in a working day: as given, or else those of the longest day of the week."""
        return self.hours_per_day if self.hours_per_day is not None else max(map(_hours, self.week))

    @cached_property
    def working_week(self) -> Fraction:
        """Working days in a week; a day shorter than the longest counts as a part, unless a day's hours are given."""
        if self.hours_per_day is not None:
            return Fraction(sum(map(bool, self.week)))
        return sum(map(_hours, self.week), Fraction(0)) / self.working_day


def _hours(day: Hours) -> Fraction:
    """How long is worked on a day, where shifts may overlap."""
    return Fraction(len({minute % DAY for begin, end in day for minute in range(begin, end)}), 60)


def expand(name: str, shifts: Shifts, start: dt.datetime, end_tick: int) -> Calendar:
    """The shifts from the start to the end tick, with the end of the one that was under way at the start."""
    eve, offset = start.date() - dt.timedelta(days=1), start.hour * 60 + start.minute
    days = (end_tick + offset) // DAY + 2
    weekday = (eve.weekday() + np.arange(days)) % 7
    special = {(day - eve).days: hours for day, hours in _special_days(shifts, eve, eve + dt.timedelta(days - 1))}
    weekday[list(special)] = -1
    which = [(np.flatnonzero(weekday == day), hours) for day, hours in enumerate(shifts.week)]
    which += [(np.array([day]), hours) for day, hours in special.items()]
    none = np.zeros(0, np.int64)
    opens, closes = [none], [none]
    for day, hours in which:
        for begin, end in hours:
            opens.append((day - 1) * DAY - offset + begin)
            closes.append((day - 1) * DAY - offset + end)
    calendar = from_intervals(name, np.concatenate(opens), np.concatenate(closes), end_tick)
    return subtract(calendar, [((begin - start) // _MINUTE, (end - start) // _MINUTE) for begin, end in shifts.shut])


def _special_days(shifts: Shifts, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, Hours]]:
    """Dates whose hours are not those of their day of the week; what is said of a date last holds."""
    for code in shifts.holidays:
        yield from ((day, ()) for day in public_holidays(code, first.year, last.year) if first <= day <= last)
    for begin, end, week in shifts.dates:
        begin, end = max(begin, first), min(end, last)
        for day in (begin + dt.timedelta(days=i) for i in range((end - begin).days + 1)):
            yield day, week[day.weekday()]


@lru_cache(maxsize=64)
def public_holidays(code: str, first_year: int, last_year: int) -> frozenset[dt.date]:
    """The public holidays of a country or one of its states in these years, as far as they are known."""
    return frozenset(day for year in range(first_year, last_year + 1) for day in _holidays_of(code, year)[0])


def unknown_holidays(code: str, first_year: int, last_year: int) -> tuple[list[int], list[int]]:
    """The years of which no public holiday is known, and those of which not all are."""
    known = {year: _holidays_of(code, year) for year in range(first_year, last_year + 1)}
    none = [year for year, (days, _) in known.items() if not days]
    return none, [year for year, (days, complete) in known.items() if days and not complete]


@lru_cache(maxsize=4096)
def _holidays_of(code: str, year: int) -> tuple[frozenset[dt.date], bool]:
    """The holidays of a year, and whether they are known to be all."""
    import holidays

    country, _, subdivision = code.partition("-")
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        dates = frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    return dates, not doubts


# Reading the rule


def parse_days(text: object) -> frozenset[int]:
    """The working days: 'Mon-Sat', 'Mon-Fri, Sun' or 'daily'."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"expected days such as 'Mon-Fri, Sun' or 'daily', got {text!r}")
    if text.strip().lower() == "daily":
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, *more = (_day(word.strip(), text) for word in re.split(r"[-\u2013]", part, maxsplit=1))
        last = more[0] if more else first
        days.update((first + i) % 7 for i in range((last - first) % 7 + 1))
    return frozenset(days)


def _day(word: str, text: str) -> int:
    for names in (DAY_NAMES, _FULL_DAY_NAMES):
        if word.capitalize() in names:
            return names.index(word.capitalize())
    close = difflib.get_close_matches(word.capitalize(), DAY_NAMES, n=1)
    advice = f"; did you mean '{close[0]}'?" if close else ""
    raise ValueError(f"expected days such as 'Mon-Fri, Sun' or 'daily', got {text!r}{advice}")


def parse_hours(text: object) -> Hours:
    """The shifts of a day as minutes since its midnight: '07:00-17:00', or several, '06:00-14:00, 22:00-06:00'."""
    if not isinstance(text, str):
        raise ValueError(f"expected hours such as 07:00-17:00, got {text!r}")
    hours = []
    for part in text.split(","):
        match = _HOURS.fullmatch(part.strip().strip("\"'").strip())
        if not match:
            raise ValueError(f"expected hours such as 07:00-17:00, got {text!r}")
        begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
        begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
        if begin >= DAY or end > DAY or max(begin_minute, end_minute) > 59:
            raise ValueError(f"expected times of day from 00:00 to 24:00, got {text!r}")
        hours.append((begin, end if end > begin else end + DAY))
    return tuple(hours)


def parse_dates(text: str) -> tuple[dt.date, dt.date]:
    """A date, or the first and last of several: '2024-12-24' or '2024-12-24 to 2025-01-01'."""
    first, last = _ends(text)
    if ":" in text:
        raise ValueError(
            f"expected dates, got '{text}'; write their own hours after them: `{first.date()}: 07:00-12:00`"
        )
    return first.date(), last.date()


def parse_closed(text: str) -> tuple[dt.date, dt.date] | tuple[dt.datetime, dt.datetime]:
    """Days off as in `parse_dates`; or, with a time of day, from a moment to another: '2024-12-24 12:00 to 18:00'."""
    first, last = _ends(text)
    if ":" not in text:
        return first.date(), last.date()
    if " to " not in text:
        raise ValueError(
            f"the end of the closure is missing: write '{text} to 18:00', or '{text} to {first.date()}' "
            "for the rest of the day"
        )
    if ":" not in text.partition(" to ")[2]:
        last = min(last, dt.datetime(dt.MAXYEAR, 12, 30)) + dt.timedelta(days=1)
    if last == first:
        raise ValueError(f"expected an end after the beginning, got '{text}'")
    return first, last


def _ends(text: str) -> tuple[dt.datetime, dt.datetime]:
    """The two ends of a time that is written 'A to B'; a time of day as B is that of A's day."""
    first, last = (part.strip() for part in (text.split(" to ", 1) if " to " in text else (text, text)))
    begin = parse_date(first)
    end = parse_date(f"{begin:%Y-%m-%d} {last}" if re.fullmatch(r"\d{1,2}:\d{2}", last) else last)
    if end < begin:
        raise ValueError(f"expected days off from an earlier to a later date, got '{text}'")
    return begin, end


def check_holidays(code: object) -> str:
    """The code of a country or one of its states whose holidays are known, unchanged: 'US', 'US-TN'."""
    import holidays

    if not isinstance(code, str) or not code:
        raise ValueError(f"expected a holiday code such as US or US-TN, got {code!r}")
    country, dash, subdivision = code.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f"no public holidays are known for the country '{country}'" + _nearest(country, known))
    if dash and subdivision not in known[country]:
        codes = {f"{country}-{name}": None for name in known[country]}
        raise ValueError(f"no public holidays are known for '{code}'" + _nearest(code, codes or {country: None}))
    return code


def _nearest(code: str, known: Iterable[str]) -> str:
    """The nearest known code, as the end of a message."""
    names = list(known)
    if same := [name for name in names if name.lower() == code.lower()]:
        return f"; did you mean '{same[0]}'?"
    close = difflib.get_close_matches(code.upper(), names, n=1, cutoff=0.3)
    return f"; did you mean '{close[0]}'?" if close else "; write a code such as US or US-TN"
