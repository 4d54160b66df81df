"""What stands in the cells of a schedule kept as a table: durations, dates, numbers, links, crews, in several styles.

Nothing that can mean two things is guessed: a table shows by its other cells which style it is written in, or the user
says it.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from dcsim.calendars import Shifts, parse_days, parse_hours
from dcsim.schedule import ALAP, CONSTRAINTS, ELAPSED, Kind, working_week
from dcsim.suggest import nearest, shorten
from dcsim.units import FIRST_YEAR, parse_number, round_half_up

DMY, MDY = "dmy", "mdy"
COMMA, POINT = "comma", "point"
UNITS = {
    **dict.fromkeys(("d", "day", "days", "wd", "t", "tag", "tage"), "d"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden"), "h"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks", "wo", "woche", "wochen"), "wk"),
    **dict.fromkeys(("min", "mins", "minute", "minutes", "minuten"), "min"),
    **dict.fromkeys(("mo", "mon", "mons", "month", "months", "monat", "monate"), "month"),
}
ELAPSED_MINUTES = {"min": 1, "h": 60, "d": 1440, "wk": 10080, "month": 43200}
LONGEST_NAME = 200
"""Characters of an id or a name by which a predecessor is known."""
DAYS_PER_MONTH = 20
"""Working days in what planning tools call a month."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OTHER_MONTHS = {"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}
_DAY_PREFIX = re.compile(r"^[^\W\d]{2,10}\.?,?\s+(?=\d)")
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})\.?[ -]([^\W\d]{3,10})\.?[ ,-]+(\d{4}|\d{2})")
_MONTH_DAY = re.compile(r"([^\W\d]{3,10})\.? (\d{1,2}),? (\d{4})")
_TIME = re.compile(r"[T ]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.0+)?)?\s*([AaPp][Mm])?$")
_LENGTH = re.compile(r"([+-]?\s*[\d.,_]+)\s*(e?)\s*([^\W\d]*)\.?\??", re.IGNORECASE)
_KINDS: dict[str, Kind] = {
    **{"": "FS", "FS": "FS", "SS": "SS", "FF": "FF", "SF": "SF"},
    **{"EA": "FS", "AA": "SS", "EE": "FF", "AE": "SF"},
}
_REST = re.compile(r"\s*:?\s*(FS|SS|FF|SF|EA|AA|EE|AE)?\s*([+-]?\s*[\d.,]+\s*%|[+-]?\s*[\d.,]+\s*\w*)?\s*", re.I)
_CREW = re.compile(r"([^\[\]]+?)\s*(?:\[\s*([\d.,]+)\s*(%?)\s*\]|\(\s*([\d.,]+)\s*(%?)\s*\))?")


class Exact(str):
    """A cell that holds a number and not its text: its decimals have a point in any table."""

    __slots__ = ()


@dataclass(frozen=True)
class Length:
    """A duration or a lag as it is written."""

    number: Fraction
    unit: str
    is_elapsed: bool = False

    def minutes(self, shifts: Shifts | None) -> int:
        """Minutes of work by a calendar, or elapsed ones where it is none."""
        if self.is_elapsed or shifts is None or self.unit in ("min", "h"):
            return round_half_up(self.number * ELAPSED_MINUTES[self.unit])
        days = {"d": Fraction(1), "wk": shifts.working_week, "month": Fraction(DAYS_PER_MONTH)}[self.unit]
        return round_half_up(self.number * days * shifts.working_day * 60)


@dataclass(frozen=True)
class Style:
    """How a table writes dates and decimals; empty where nothing in it depends on that."""

    dates: str = ""
    decimal: str = ""

    def date(self, cell: str) -> dt.datetime:
        """The moment that a cell means; raises ValueError with what would be right."""
        text = _bare_date(cell)
        hour, minute = 0, 0
        if match := _TIME.search(text):
            hour, minute = int(match[1]), int(match[2])
            if match[3]:
                hour = hour % 12 + 12 * (match[3].lower() == "pm")
            text = text[: match.start()]
        try:
            year, month, day = self._day(text.strip())
            moment = dt.datetime(year + 2000 if year < 100 else year, month, day) + dt.timedelta(
                hours=hour, minutes=minute
            )
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"'{shorten(cell)}' is not a date such as 2026-01-31{_ordered(self.dates)}") from None
        if moment.year < FIRST_YEAR:
            raise ValueError(f"'{shorten(cell)}' is before {FIRST_YEAR}")
        return moment

    def _day(self, text: str) -> tuple[int, int, int]:
        if match := _YEAR_FIRST.fullmatch(text):
            return int(match[1]), int(match[2]), int(match[3])
        if match := _NUMERIC.fullmatch(text):
            first, second, year = int(match[1]), int(match[3]), int(match[4])
            day_first = match[2] == "." or self.dates != MDY
            return (year, second, first) if day_first else (year, first, second)
        if match := _DAY_MONTH.fullmatch(text):
            return int(match[3]), _month(match[2]), int(match[1])
        if match := _MONTH_DAY.fullmatch(text):
            return int(match[3]), _month(match[1]), int(match[2])
        raise ValueError

    def number(self, cell: str) -> Fraction:
        """A number with decimals in this style."""
        if isinstance(cell, Exact):
            return parse_number(str(cell))
        text = cell.replace(" ", "").replace("\u00a0", "")
        if self.decimal == COMMA:
            text = text.replace(".", "").replace(",", ".")
        elif "," in text:
            text = text.replace(",", "") if self.decimal == POINT else text.replace(",", ".")
        return parse_number(text.lstrip("+"))

    def length(self, cell: str, unit: str = "d") -> Length:
        """A duration or lag; a bare number is in the unit of its column, days if that has none."""
        if isinstance(cell, Exact):
            return Length(self.number(cell), unit)
        match = _LENGTH.fullmatch(cell.strip()) if len(cell) <= LONGEST_NAME else None
        if not match:
            raise ValueError(f"expected a duration such as '5 d' or '8 h', got '{shorten(cell)}'")
        word = match[3].casefold()
        if word == "m":
            raise ValueError(f"'{cell}': m means minutes to some tools and months to others; write min or month")
        if word and word not in UNITS:
            raise ValueError(f"'{shorten(cell)}': no unit '{shorten(word)}'; there are d, h, wk, min and month")
        return Length(self.number(match[1]), UNITS[word] if word else unit, bool(match[2]))


def _bare_date(cell: str) -> str:
    """A date without the day of the week before it, and without what Primavera sets behind it."""
    bare = cell.strip() if len(cell) <= LONGEST_NAME else ""
    return re.sub(r"\s*(\bA|\*)+$", "", _DAY_PREFIX.sub("", bare))


def _month(word: str) -> int:
    short = word.casefold()[:3]
    return _MONTHS.index(short) + 1 if short in _MONTHS else _OTHER_MONTHS.get(short, 0)


def _ordered(dates: str) -> str:
    return {DMY: ", day first", MDY: ", month first"}.get(dates, "")


def date_style(cells: Iterable[tuple[str, str]]) -> str:
    """Which of day and month comes first in these cells; raises ValueError where they do not show it."""
    seen: dict[str, tuple[str, str]] = {}
    for place, cell in cells:
        match = _NUMERIC.match(_bare_date(cell))
        if not match or match[2] == ".":
            continue
        first, second = int(match[1]), int(match[3])
        shows = DMY if first > 12 else MDY if second > 12 else "either" if first != second else ""
        if shows:
            seen.setdefault(shows, (place, cell))
    if DMY in seen and MDY in seen:
        (place, cell), (elsewhere, contrary) = seen[DMY], seen[MDY]
        raise ValueError(
            f"{place} has '{cell}', day first, and {elsewhere} has '{contrary}', month first: use one order"
        )
    known = DMY if DMY in seen else MDY if MDY in seen else ""
    if not known and "either" in seen:
        place, cell = seen["either"]
        raise ValueError(f"{place}: '{cell}' may have the day or the month first: choose --dates dmy or --dates mdy")
    return known


def decimal_style(cells: Iterable[tuple[str, str]]) -> str:
    """Whether decimals have a comma or a point in these cells; raises ValueError where they do not show it."""
    seen: dict[str, tuple[str, str]] = {}
    for place, cell in cells:
        for text in re.findall(r"(?<!\d)\d+(?:[.,]\d+)+", "" if isinstance(cell, Exact) else cell):
            if "," in text and "." in text:
                shows = COMMA if text.rindex(",") > text.rindex(".") else POINT
            elif re.match(r"0[.,]", text) or (
                len(text) - 1 - max(text.rfind(","), text.rfind(".")) != 3 and not re.search(r"[.,].*[.,]", text)
            ):
                shows = COMMA if "," in text else POINT
            else:
                shows = "either"
            seen.setdefault(shows, (place, shorten(text)))
    if COMMA in seen and POINT in seen:
        (place, cell), (elsewhere, contrary) = seen[COMMA], seen[POINT]
        raise ValueError(f"{place} has '{cell}' and {elsewhere} has '{contrary}': use one decimal separator")
    known = COMMA if COMMA in seen else POINT if POINT in seen else ""
    if not known and "either" in seen:
        place, cell = seen["either"]
        raise ValueError(
            f"{place}: '{cell}' has a separator for decimals or for thousands: "
            "choose --decimal comma or --decimal point"
        )
    return known


@dataclass(frozen=True)
class Awaited:
    """A predecessor as a cell names it."""

    id: str
    kind: Kind
    lag: Length | None = None
    percent: Fraction | None = None


def predecessors(cell: str, known: Mapping[str, str], style: Style) -> list[Awaited]:
    """What `12FS+3d;15SS` names; `known` has the id of everything that can be named, in small letters."""
    separator = ";" if ";" in cell else "\n" if "\n" in cell else ","
    return [_awaited(part.strip(), known, style) for part in cell.split(separator) if part.strip()]


def _awaited(part: str, known: Mapping[str, str], style: Style) -> Awaited:
    folded = part.casefold()
    for length in range(min(len(part), LONGEST_NAME), 0, -1):
        name = folded[:length].strip()
        if name not in known:
            continue
        rest = _REST.fullmatch(part[length:]) if len(part) <= 2 * LONGEST_NAME else None
        if rest and not (part[length : length + 1].isdigit() and part[length - 1].isdigit()):
            kind, lag = _KINDS[(rest[1] or "").upper()], (rest[2] or "").strip()
            if lag.endswith("%"):
                return Awaited(known[name], kind, None, style.number(lag.rstrip("% ")) / 100)
            return Awaited(known[name], kind, style.length(lag) if lag else None)
    named = re.split(r"(?:FS|SS|FF|SF)?[+-]|\s*:", part[:LONGEST_NAME])[0]
    raise ValueError(f"'{shorten(part)}' is not an activity{nearest(named, known)}; write them as 12FS+3d;15SS")


def crews(cell: str, style: Style) -> dict[str, Fraction]:
    """Resources and units: `crew[2]; crane[50%]`."""
    amounts: dict[str, Fraction] = {}
    for part in re.split(r";|,(?![^\[(]*[\])])|\n", cell):
        if not part.strip():
            continue
        read = _CREW.fullmatch(part.strip()) if len(part) <= LONGEST_NAME else None
        if not read:
            raise ValueError(f"expected resources such as 'crew[2]; crane', got '{shorten(part.strip())}'")
        number, sign = (read[2], read[3]) if read[2] else (read[4], read[5])
        units = style.number(number) / (100 if sign else 1) if number else Fraction(1)
        if units <= 0:
            raise ValueError(f"'{shorten(part.strip())}': an activity must take more than 0 of a resource")
        amounts[read[1]] = amounts.get(read[1], Fraction(0)) + units
    return amounts


def calendar_rule(text: str) -> Shifts | None:
    """The hours of `Mon-Fri 08:00-12:00, 13:00-17:00`; around the clock, `24 h`, is no calendar."""
    if re.fullmatch(r"24\s*h(ours)?", text.strip(), re.I):
        return ELAPSED
    match = re.search(r"\s*\d{1,2}:", text)
    if not match:
        raise ValueError(f"expected a calendar such as 'Mon-Fri 08:00-12:00, 13:00-17:00', got '{shorten(text)}'")
    days = parse_days(text[: match.start()].strip() or "daily")
    return Shifts(working_week(days, *parse_hours(text[match.start() :].strip())))


def calendar_by_name(name: str) -> Shifts | None:
    """The calendar that a name such as `5x8`, `6 day`, `Standard` or `24 hours` is usual for; raises ValueError."""
    text = name.casefold()
    if re.search(r"24\s*(h|hours|/\s*7)|7\s*x\s*24|around the clock", text):
        return ELAPSED
    if match := re.search(r"\b([567])\s*x\s*(\d{1,2})\b", text):
        days, hours = int(match[1]), int(match[2])
    elif match := re.search(r"\b([567])[ -]*days?\b|\b([567])\s*d\b", text):
        days, hours = int(match[1] or match[2]), 8
    elif text in ("standard", "default", "normal"):
        days, hours = 5, 8
    else:
        raise ValueError
    begin = 480 if hours <= 10 else 420
    if not 0 < hours <= 16:
        raise ValueError
    return Shifts(working_week(frozenset(range(days)), (begin, begin + 60 * hours)), dates=())


_CONSTRAINTS = {
    **{"start no earlier than": "start on or after", "snet": "start on or after", "must start on": "mandatory start"},
    **{"start no later than": "start on or before", "snlt": "start on or before", "mso": "mandatory start"},
    **{"finish no earlier than": "finish on or after", "fnet": "finish on or after", "mfo": "mandatory finish"},
    **{"finish no later than": "finish on or before", "fnlt": "finish on or before"},
    **{"must finish on": "mandatory finish", "alap": ALAP, "as soon as possible": "", "asap": "", "": "", "none": ""},
    **{"anfang nicht früher als": "start on or after", "anfang nicht später als": "start on or before"},
    **{"ende nicht früher als": "finish on or after", "ende nicht später als": "finish on or before"},
    **{"muss anfangen am": "mandatory start", "muss enden am": "mandatory finish", "so spät wie möglich": ALAP},
    **{"so früh wie möglich": "", **{kind: kind for kind in CONSTRAINTS}},
}


def constraint_kind(cell: str) -> str:
    """The kind of a constraint by its usual names."""
    kind = _CONSTRAINTS.get(" ".join(cell.casefold().split()))
    if kind is None:
        raise ValueError(f"no constraint '{shorten(cell)}'{nearest(cell.casefold(), _CONSTRAINTS)}")
    return kind
