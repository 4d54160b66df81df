"""Dates, moments and hours of Java as those of Python."""

import datetime as dt
from typing import Any

from dcsim.calendars import Hours
from dcsim.units import DAY


def hours_of(ranges: Any) -> Hours:
    """The shifts of a day; one that ends at midnight ends at 24:00."""
    shifts = []
    for hours in ranges if ranges is not None else ():
        begin, end = int(hours.getStart().toSecondOfDay()) // 60, int(hours.getEnd().toSecondOfDay()) // 60
        shifts.append((begin, end if end > begin else end + DAY))
    return tuple(sorted(shifts))


def day_of(date: Any) -> dt.date:
    """A date of Java."""
    return dt.date(int(date.getYear()), int(date.getMonthValue()), int(date.getDayOfMonth()))


def moment_of(moment: Any) -> dt.datetime | None:
    """A moment of Java, to the minute; none where there is none."""
    if moment is None:
        return None
    year, month, day = int(moment.getYear()), int(moment.getMonthValue()), int(moment.getDayOfMonth())
    moment_ = dt.datetime(year, month, day, int(moment.getHour()), int(moment.getMinute()))
    return moment_ + dt.timedelta(minutes=int(moment.getSecond()) >= 30)
