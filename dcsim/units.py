"""What people write (spans, dates, amounts, rates, money) turned into exact numbers.

Every function takes the text of a scenario, or a number that has already been read from it, and gives back
exact rational or whole numbers. What cannot be read raises ValueError with what was found and what would be
right.
"""

import calendar
import datetime as dt
import difflib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

DAY = 1440
"""Minutes."""
MINUTES_PER = {"min": 1, "h": 60, "d": DAY, "wk": 7 * DAY}

HALF = 0.5 + 2.0**-20
"""Added to a product of floats before its floor is taken: 50 min x 0.29 is 14.5 as written, a hair less as a float."""

MONTHS_PER = {"month": 1, "year": 12}
AVERAGE_MONTH = Fraction(1461 * DAY, 48)
"""Minutes of a month on average, where lengths are only compared."""

SPAN_WORDS = {
    **dict.fromkeys(("min", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("wk", "week", "weeks"), "wk"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("year", "years"), "year"),
}
_MAGNITUDES = {"k": 10**3, "M": 10**6, "bn": 10**9, "B": 10**9}
FAMILIES: tuple[dict[str, int], ...] = (
    {"W": 1, "kW": 10**3, "MW": 10**6, "GW": 10**9},
    {"Wh": 1, "kWh": 10**3, "MWh": 10**6, "GWh": 10**9},
    {"g": 1, "kg": 10**3, "t": 10**6},
    {"m": 1, "km": 10**3},
    {"l": 1, "m3": 10**3},
)
_NUMBER = r"[+-]?(?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d+)(?:[eE][+-]?\d{1,9})?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)", re.DOTALL)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ]+(\d{1,2}):(\d{2})(?::00)?)?")
_PARTIAL_DATE = re.compile(r"\d{4}(-\d{2})?")
_LARGEST_EXPONENT = 30
FIRST_YEAR = 1900
"""Dates before this year are slips of the pen."""
_MINUTE = dt.timedelta(minutes=1)
_TOO_FAR = "expected a horizon that ends before the year 9999"


# Plain numbers


def parse_number(x: object) -> Fraction:
    """A pure number, exactly as it was written: 0.35 is 35/100."""
    match x:
        case bool():
            pass
        case int() | Fraction():
            return Fraction(x)
        case float():
            return _exact(Decimal(repr(x)), x)
        case Decimal():
            return _exact(x, x)
        case str() if re.fullmatch(_NUMBER, x.strip()):
            return _exact(Decimal(x.strip().replace("_", "")), x)
        case str() if match := re.fullmatch(rf"({_NUMBER})\s*%", x.strip()):
            raise ValueError(f"{x.strip()} is a percentage: write the fraction {plain(parse_number(match[1]) / 100)}")
    raise ValueError(f"expected a number, got {x!r}{_comma(x)}")


def _comma(x: object) -> str:
    """What to write where a comma stands in a number, as the end of a message."""
    match = re.match(r"[+-]?[\d.]*(,\d+)+(\.\d+)?", x.strip()) if isinstance(x, str) else None
    if match is None:
        return ""
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", match[0]):
        return f"; write {match[0].replace(',', '_')}"
    return f"; use a point for decimals: write {match[0].replace('.', '').replace(',', '.')}"


def plain(x: Fraction | int) -> str:
    """A rational as a person writes it: a decimal where that is exact, a ratio where it is not."""
    number = Fraction(x)
    rest = number.denominator
    twos = fives = 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > _LARGEST_EXPONENT:
        return str(number)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def round_half_up(x: Fraction | float) -> int:
    """The nearest whole number; a half goes up. What lies above the floor is exact, so no half is missed."""
    if not math.isfinite(x):
        raise ValueError(f"expected a finite number, got {x}")
    floor = math.floor(x)
    return floor + (2 * (x - floor) >= 1)


def _exact(number: Decimal, written: object) -> Fraction:
    if not number.is_finite():
        raise ValueError(f"expected a finite number, got {written}")
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError(f"expected a number between 1e-30 and 1e30, got {written}")
    return Fraction(number)


# Spans of time


@dataclass(frozen=True)
class Span:
    """A length of time as it was written: an amount of one unit, which is min, h, d, wk, month or year."""

    amount: Fraction
    unit: str

    @cached_property
    def minutes(self) -> Fraction:
        """Elapsed minutes: a day has 24 hours, a week 7 days."""
        if self.months:
            raise ValueError(f"a {self.unit} has no fixed length; write weeks or days, got '{self}'")
        return self.amount * MINUTES_PER.get(self.unit, 0)

    @cached_property
    def months(self) -> Fraction:
        """Calendar months; none in what has a fixed length."""
        return self.amount * MONTHS_PER.get(self.unit, 0)

    @cached_property
    def about(self) -> Fraction:
        """Elapsed minutes, where a month is taken for an average one."""
        return self.months * AVERAGE_MONTH or self.minutes

    def after(self, date: dt.datetime) -> Fraction:
        """Elapsed minutes from a date to so much later.

        Months are the calendar's, at the same time of day: 31 January and a month is the last of February. A part of a
        month is that part of the way to the next whole one.
        """
        if not self.months:
            return self.minutes
        months = int(self.months)
        first = months_later(date, months) - date
        more = months_later(date, months + 1) - date - first if self.months != months else dt.timedelta()
        return Fraction(first // _MINUTE) + (self.months - months) * (more // _MINUTE)

    def working_minutes(self, hours_per_day: Fraction, days_per_week: int | Fraction) -> Fraction:
        """Minutes of work: days and weeks are working days and weeks; hours and minutes are what they are."""
        match self.unit:
            case "d":
                return self.amount * hours_per_day * 60
            case "wk":
                return self.amount * days_per_week * hours_per_day * 60
        return self.minutes

    def __str__(self) -> str:
        plural = "s" if self.unit in ("month", "year") and self.amount != 1 else ""
        return f"{plain(self.amount)} {self.unit}{plural}"


def parse_span(text: object) -> Span:
    """A span such as '18 weeks', '1.5 h' or '3 d'; a bare 0 is no time at all."""
    if isinstance(text, Span):
        return text
    return _written_span(text) if isinstance(text, str) else _read_span(text)


@lru_cache(maxsize=4096)
def _written_span(text: str) -> Span:
    """The same span for all that are written alike: what follows from it is reported once."""
    return _read_span(text)


def _read_span(text: object) -> Span:
    number, word = _split(text, "a span such as '18 weeks'")
    if number < 0:
        raise ValueError(f"a span must not be negative, got '{text}'")
    if not word:
        if number:
            raise ValueError(f"a span needs a unit: write '{plain(number)} d'")
        return Span(number, "min")
    if word in SPAN_WORDS:
        return Span(number, SPAN_WORDS[word])
    expected = f"expected a span such as '18 weeks', got {text!r}"
    if re.match(r"\w+[,\s]+\d", word):
        raise ValueError(f"{expected}; write one number and one unit, such as '28 h'")
    if word.lower() == "m":
        raise ValueError(f"{expected}; did you mean 'min' or 'months'?")
    raise ValueError(expected + _did_you_mean(word, SPAN_WORDS))


# Dates


def parse_date(text: object) -> dt.datetime:
    """A moment on the site's clock: 2024-05-02 07:30, 2024-05-02 24:00, or 2024-05-02, which is its first minute."""
    match text:
        case dt.datetime():
            if text.tzinfo is not None:
                raise ValueError(f"expected a date without a time zone, got {text.isoformat()}")
            if text.second or text.microsecond:
                raise ValueError(f"expected a date to the minute such as 2024-05-02 07:30, got {text}")
            return _in_range(text)
        case dt.date():
            return _in_range(dt.datetime(text.year, text.month, text.day))
        case int() | str() if not isinstance(text, bool):
            return _written_date(str(text).strip())
    raise ValueError(f"expected a date such as 2024-05-02, got {text!r}")


def _written_date(text: str) -> dt.datetime:
    match = _DATE.fullmatch(text)
    if match:
        year, month, day, hour, minute = (int(part or 0) for part in match.groups())
        try:
            date = dt.datetime(year, month, day, *((0, 0) if (hour, minute) == (24, 0) else (hour, minute)))
            date += dt.timedelta(days=hour == 24)
        except (ValueError, OverflowError) as problem:
            raise ValueError(f"{text} is not a date: {problem}") from None
        return _in_range(date)
    if _PARTIAL_DATE.fullmatch(text):
        first = f"{text}-01" if "-" in text else f"{text}-01-01"
        raise ValueError(f"{text}: write a full date such as {first}")
    raise ValueError(f"expected a date such as 2024-05-02 or 2024-05-02 07:30, got {text!r}{_other_date(text)}")


def _other_date(text: str) -> str:
    """What to write for a date as other people and programs write it, as the end of a message."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ].*\d *(Z|UTC|GMT|[+-]\d{2}:?\d{0,2})", text):
        return f"; leave out the zone and write the local time of the site: {text[:10]} {text[11:16]}"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[T ].*", text):
        return "; write a time as hours and minutes"
    if re.fullmatch(r"\d{5}(\.\d+)?", text):  # Excel counts days
        day = dt.date(1899, 12, 30) + dt.timedelta(days=int(text[:5]))
        return f"; in a spreadsheet this means {day}: format these cells as YYYY-MM-DD"
    if match := re.fullmatch(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", text):
        return f"; write {match[1]}-{match[3]:0>2}-{match[4]:0>2}"
    if match := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(?:20)?(\d{2})", text):
        meant = {f"20{match[4]}-{month:0>2}-{day:0>2}" for day, month in (match.group(1, 3), match.group(3, 1))}
        return f"; write {' or '.join(sorted(date for date in meant if date[5:7] <= '12') or ('2024-05-02',))}"
    return ""


def _in_range(date: dt.datetime) -> dt.datetime:
    """A date in a year that a plan may speak of."""
    if date.year >= FIRST_YEAR:
        return date
    meant = f"; did you mean {date.replace(year=2000 + date.year):%Y-%m-%d}?" if date.year < 100 else ""
    raise ValueError(f"{date.isoformat()[:10]} is out of range: a date must be between {FIRST_YEAR} and 9999{meant}")


def horizon_end(start: dt.datetime, span: Span) -> dt.datetime:
    """The moment a span after the start; months and years are the calendar's (29 February may become 28)."""
    try:
        end = start + dt.timedelta(minutes=round_half_up(span.after(start)))
    except OverflowError:
        end = dt.datetime.max
    if end.year >= dt.MAXYEAR:
        raise ValueError(f"{_TOO_FAR}, got '{span}'")
    return end


def months_later(date: dt.datetime, months: int) -> dt.datetime:
    """The same day of a later month, or its last."""
    years, month = divmod(date.month - 1 + months, 12)
    if date.year + years > dt.MAXYEAR:
        raise OverflowError
    last = calendar.monthrange(date.year + years, month + 1)[1]
    return date.replace(year=date.year + years, month=month + 1, day=min(date.day, last))


# Amounts, rates, money


def parse_amount(text: object, unit: str) -> int:
    """A whole number of a supply's unit: '8 MW' is 8000 where the unit is kW, '40k stack' is 40000 stacks."""
    number = _quantity(text, unit)
    if number.denominator != 1:
        smaller = _smaller(unit)
        advice = f"; choose a smaller unit such as {smaller}" if smaller else ""
        kind = unit if unit not in ("", "unit") else "units"
        raise ValueError(f"{_shown(text)} is not a whole number of {kind}{advice}")
    return int(number)


def whole_units(amount: object, unit: str) -> int:
    """An amount that has been checked; below zero where it is taken away."""
    return amount if isinstance(amount, int) else parse_amount(amount, unit)


@dataclass(frozen=True)
class Rate:
    """So much of a supply in every span of elapsed time; the amount is in the supply's unit."""

    amount: Fraction
    per: Span

    @property
    def per_minute(self) -> Fraction:
        """Units of the supply in one minute."""
        return self.amount / self.per.minutes


def parse_rate(text: object, unit: str) -> Rate:
    """A rate such as '60_000 / wk', '2 MW / d' or '100 / 4 h'; a bare 0 produces nothing."""
    if isinstance(text, Rate):
        return text
    parts = [part.strip() for part in str(text).split("/")] if isinstance(text, str) else []
    if len(parts) != 2:
        if not isinstance(text, str) and parse_number(text) == 0:
            return Rate(Fraction(0), Span(Fraction(1), "wk"))
        raise ValueError(f"a rate needs a unit of time: write '60_000 / wk', got {_quoted(text)}")
    amount, per = parts
    span = parse_span(per if re.match(r"[\d.+-]", per) else f"1 {per}")
    if not span.minutes:
        raise ValueError(f"a rate is per some time, got {text!r}")
    return Rate(_quantity(amount, unit), span)


@dataclass(frozen=True)
class Money:
    """A sum of money in one currency."""

    amount: Fraction
    currency: str


def parse_money(text: object, known: Sequence[str] = ()) -> Money:
    """A sum such as '20M USD', or '20M' where one currency alone is known; a currency is three capital letters."""
    if isinstance(text, Money):
        return text
    number, rest = _split(text, "money such as '20M USD'")
    magnitude, currency = magnitude_of(rest)
    if not currency and len(known) == 1:
        currency = known[0]
    if not currency:
        forms = " or ".join(f"'{_shown(text)} {code}'" for code in known or ("USD",))
        raise ValueError(f"money needs its currency: write {forms}")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError(f"a currency is three capital letters such as USD, got {_quoted(text)}")
    if number < 0:
        raise ValueError(f"a sum of money must not be negative, got {_quoted(text)}")
    return Money(number * magnitude, currency)


def _quantity(text: object, unit: str) -> Fraction:
    return _quantity_in_text(text, unit) if isinstance(text, str) else _read_quantity(text, unit)


@lru_cache(maxsize=4096)
def _quantity_in_text(text: str, unit: str) -> Fraction:
    return _read_quantity(text, unit)


def _read_quantity(text: object, unit: str) -> Fraction:
    number, rest = _split(text, f"an amount such as '{f'8 {unit}'.strip()}'")
    if number < 0:
        raise ValueError(f"an amount must not be negative, got {_quoted(text)}")
    return number * _ratio(rest, unit, text)


def _ratio(rest: str, unit: str, text: object) -> Fraction:
    """How many of the supply's unit one of the written unit is."""
    for magnitude, word in ((1, rest), magnitude_of(rest)):
        if not word or (unit and (word in _forms(unit) or unit in _forms(word))):
            return Fraction(magnitude)
        for family in FAMILIES:
            if word in family and unit in family:
                return Fraction(magnitude * family[word], family[unit])
    if unit in ("", "unit"):
        raise ValueError(f"expected a plain number, got {_quoted(text)}: no unit is declared here")
    known = next((family for family in FAMILIES if unit in family), {unit: 1})
    close = "" if any(rest in family for family in FAMILIES) else _did_you_mean(magnitude_of(rest)[1], known)
    raise ValueError(f"expected an amount in {unit}, got {_quoted(text)}, which is in {magnitude_of(rest)[1]}{close}")


def _split(text: object, expected: str) -> tuple[Fraction, str]:
    """The number at the beginning, and what follows it."""
    if not isinstance(text, str):
        if isinstance(text, (int, float, Decimal, Fraction)) and not isinstance(text, bool):
            return parse_number(text), ""
        raise ValueError(f"expected {expected}, got {text!r}")
    match = _QUANTITY.fullmatch(text.strip())
    if not match or re.match(r",\d", match[2]):
        raise ValueError(f"expected {expected}, got {text!r}{_comma(text)}")
    if match[2].startswith("%"):
        raise ValueError(f"expected {expected}, got {_quoted(text)}; a percentage is not allowed here")
    return parse_number(match[1]), match[2].strip()


def magnitude_of(rest: str) -> tuple[int, str]:
    """'M USD' is a million and USD; the magnitude stands alone or before a blank, so 'MW' has none."""
    word, _, unit = rest.partition(" ")
    return (_MAGNITUDES[word], unit.strip()) if word in _MAGNITUDES else (1, rest)


def _forms(unit: str) -> tuple[str, ...]:
    """A unit and its plural."""
    plurals = (f"{unit}s", f"{unit}es") if not unit.endswith("y") else (f"{unit}s", f"{unit[:-1]}ies")
    return (unit, *plurals)


def _smaller(unit: str) -> str | None:
    for family in FAMILIES:
        if unit in family:
            return max((u for u in family if family[u] < family[unit]), key=lambda u: family[u], default=None)
    return None


def _did_you_mean(word: str, known: dict[str, str] | dict[str, int]) -> str:
    """The nearest known word, as the end of a message; nothing when none is near."""
    if near := [k for k in known if k.lower() == word.lower()]:
        return f"; did you mean '{near[0]}'?"
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _shown(text: object) -> str:
    return text.strip() if isinstance(text, str) else str(text)


def _quoted(text: object) -> str:
    return f"'{_shown(text)}'"
