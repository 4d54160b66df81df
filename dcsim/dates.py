"""On which day things fall, and until when a date lets them wait: the one rule for everything that is dated.

* Finished work falls on the day of its last worked minute. What finishes at midnight falls on the day that ends then,
  the *eve*, and so does a milestone that finished work reaches. Work of no length falls on the day of the work that it
  follows at once, if all that it takes was there on that day.
* Starts, deliveries, and what is there from the beginning, fall on the day of their tick.
* A date without a time that limits something (a target, a deadline) means until the end of that day; one that begins
  something (`placed`, `not_before`, `from`) means 00:00. A date with a time means that minute.

Ticks are minutes since `start`. What falls on the eve of its tick falls on `tick - 1`: the minute that dates it.
"""

import datetime as dt
import re

import numpy as np
from numpy.typing import NDArray

from dcsim.units import DAY, parse_date

Limit = dt.date
"""What a date with a time limits is a `datetime`; a plain `date` lets things wait until its end."""


def parse_limit(text: object) -> Limit:
    """A date that limits something: 2024-05-02 (until its end, as 2024-05-02 24:00), or 2024-05-02 07:30."""
    if isinstance(text, str) and (match := re.fullmatch(r"(\S+?)[T ]+24:00(:00)?", text.strip())):
        return parse_date(match[1]).date()
    timed = isinstance(text, dt.datetime) or (isinstance(text, str) and ":" in text)
    return parse_date(text) if timed else parse_date(text).date()


def spelled(limit: Limit) -> str:
    """A limit as it is written."""
    return f"{limit:%Y-%m-%d %H:%M}" if isinstance(limit, dt.datetime) else f"{limit:%Y-%m-%d}"


def last_minute(limit: Limit) -> dt.datetime:
    """The last minute that a limit allows: of a day 23:59."""
    return limit if isinstance(limit, dt.datetime) else dt.datetime.combine(limit, dt.time(23, 59))


def first_minute(limit: Limit) -> dt.datetime:
    """A moment, or the beginning of a day."""
    return limit if isinstance(limit, dt.datetime) else dt.datetime.combine(limit, dt.time())


def day_of(moment: dt.date) -> dt.date:
    """The calendar day of a moment or of a limit."""
    return moment.date() if isinstance(moment, dt.datetime) else moment


def days_between(start: dt.date, later: dt.date) -> int:
    """Days from the calendar day of one moment, or limit, to that of another."""
    return (day_of(later) - day_of(start)).days


def tick_of(start: dt.datetime, moment: dt.datetime) -> int:
    """The tick of a moment; negative before the start."""
    return (moment - start) // dt.timedelta(minutes=1)


def last_tick(start: dt.datetime, limit: Limit) -> int:
    """The last tick at which finished work is in time: of a day its end."""
    return tick_of(start, last_minute(limit)) + (not isinstance(limit, dt.datetime))


def at_midnight(start: dt.datetime, ticks: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which ticks are midnights after the start: finished work at one of them falls on its eve."""
    return np.asarray((ticks > 0) & ((ticks + start.hour * 60 + start.minute) % DAY == 0))


def ended(begin: dt.datetime, end: dt.datetime) -> dt.datetime:
    """The minute that dates the end of a span of time: of one that ends at midnight the minute before."""
    midnight = end > begin and (end.hour, end.minute) == (0, 0)
    return end - dt.timedelta(minutes=1) if midnight else end


def in_time(start: dt.datetime, limit: Limit, dated: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the minutes that date things (-1 for what did not happen) a limit allows."""
    return np.asarray((dated >= 0) & (dated <= tick_of(start, last_minute(limit))))
