"""What others write into the cells of a table of sites: dates of any precision, amounts, and words.

Each function takes a cell and gives back what it means, with a note where that is more, or less, than the cell says.
What cannot be read raises ValueError with what would be right.
"""

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from dcsim.suggest import shorten
from dcsim.units import parse_amount, parse_date, parse_number, plain

UNKNOWN = "unknown"
"""A word that may be one of those which a parameter can have, and else says nothing."""
NOTHING = ("", "-", "--", "?", "n/a", "na", "n.a.", "tbd", "tba", "none", "null", "nan", UNKNOWN)
"""What stands for an empty cell."""
LONGEST = 200
"""Characters of a cell that are looked at."""
_ABOUT = re.compile(r"(?:ca\.?|c\.|circa|approx\.?|about|around|up to|~|≈|±|\+/-|>=?|<=?)\s*", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:\bto\b|\bbis\b|[-\u2013\u2014/]|\.\.+)\s*", re.IGNORECASE)
_SPANS = re.compile(
    r"\s+(?:to|bis|and|-|\u2013|\u2014|/)\s+|\s*(?:\u2013|\u2014|/|-|\.\.)\s*(?=[12]\d{3})", re.IGNORECASE
)
_NUMBER = re.compile(r"([+-]?\d+(?:[ _'\u00a0]\d{3})*(?:[.,]\d+)*)\s*((?:[a-z(%+].*)?)", re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_MONTHS = [name.casefold() for name in calendar.month_abbr]
_SHORT = {"uae": "AE", "prc": "CN", "ksa": "SA", "america": "US", "unitedstatesofamerica": "US", "u.s.": "US"}
_PARTS = {"q": 3, "h": 6, "t": 4}
"""Months of a quarter, a half-year, and a third of a year."""
_THIRDS = {"early": "T1 ", "mid": "T2 ", "late": "T3 "}
_NO = re.compile(r"\b(?:no|not|non|off|without)\b", re.IGNORECASE)


class Assumed(NamedTuple):
    """What was taken in the place of what a cell says, and why."""

    site: str
    column: str
    found: str
    taken: str
    """`LEFT_OUT` where the row, or the site, was not used."""
    reason: str
    file: str
    line: int


LEFT_OUT = "left out"


class Dated(NamedTuple):
    """A date, and by how many days it may be wrong because it is told as a month, a quarter or a year."""

    date: dt.date
    error: float = 0.0


def is_nothing(cell: str) -> bool:
    """Whether a cell says nothing."""
    return cell.casefold() in NOTHING


def folded(text: str) -> str:
    """A word or a name without its case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_-]+", "", text).casefold()


# Dates


def dated(cell: str) -> tuple[Dated, str]:
    """A day; of a month, a quarter, a half-year, a year or a range of them the middle."""
    text = _ABOUT.sub("", cell[:LONGEST]).strip()
    try:
        first, last = _span(text)
    except ValueError as error:
        begin, *ends = _SPANS.split(text)
        try:
            first, last = _span(begin)[0], _span(*ends)[1]
        except (ValueError, TypeError):
            raise error from None
    if last < first:
        raise ValueError(f"'{shorten(cell)}' ends before it begins")
    days = (last - first).days
    if not days:
        return Dated(first), ""
    middle = first + dt.timedelta((days + 1) // 2)
    return Dated(middle, (days + 1) / 2), f"the middle of {shorten(cell)}"


def _span(text: str) -> tuple[dt.date, dt.date]:
    """The first and the last day that a date means."""
    text = re.sub(r"^(early|mid|late)[- ](?=\d)", lambda match: _THIRDS[match[1].lower()], text, flags=re.IGNORECASE)
    if match := re.fullmatch(r"([12]\d{3})[-/. ]?(?:([qht])([1-4])|(\d{1,2}))?", text, re.IGNORECASE):
        year, part, number, month = int(match[1]), match[2], match[3], match[4]
    elif match := re.fullmatch(r"(?:([qht])([1-4])|(\d{1,2}))[-/. ]([12]\d{3})", text, re.IGNORECASE):
        year, part, number, month = int(match[4]), match[1], match[2], match[3]
    elif (match := re.fullmatch(r"([a-z]{3,9})\.?[- ]([12]\d{3})", text, re.IGNORECASE)) and _month(match[1]):
        year, part, number, month = int(match[2]), "", "", f"{_month(match[1])}"
    else:
        day = _day(text)
        return day, day
    months = _PARTS[part.lower()] if part else 1 if month else 12
    first = (int(number or 1) - 1) * months + 1 if part else int(month or 1)
    last = first + months - 1
    if not 1 <= first <= last <= 12:
        raise ValueError(f"'{shorten(text)}' is not a part of a year")
    return parse_date(f"{year}-{first:02}-01").date(), dt.date(year, last, calendar.monthrange(year, last)[1])


def _day(text: str) -> dt.date:
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", text):
        return parse_date(f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}").date()
    if match := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2([12]\d{3})", text):
        first, second = int(match[1]), int(match[3])
        if match[2] == "." or first > 12:
            return parse_date(f"{match[4]}-{second:02}-{first:02}").date()
        if second > 12 or first == second:
            return parse_date(f"{match[4]}-{first:02}-{second:02}").date()
    if match := re.fullmatch(r"(\d{1,2})\.?[- ]([a-z]{3,9})\.?[- ]([12]\d{3})", text, re.IGNORECASE):
        return parse_date(f"{match[3]}-{_month(match[2]):02}-{match[1]:0>2}").date()
    if match := re.fullmatch(r"([a-z]{3,9})\.? (\d{1,2}),? ([12]\d{3})", text, re.IGNORECASE):
        return parse_date(f"{match[3]}-{_month(match[1]):02}-{match[2]:0>2}").date()
    return parse_date(text).date()


def _month(word: str) -> int:
    short = word.casefold()[:3]
    return _MONTHS.index(short) if short in _MONTHS else 0


# Amounts


def amount(cell: str, unit: str = "", comma: bool = False) -> tuple[Fraction, str]:
    """A number, in a unit if it has one; of a range the middle. `comma`: decimals have a comma in this table."""
    text = _ABOUT.sub("", cell[:LONGEST]).strip()
    ends = [part for part in _RANGE.split(text) if part]
    if len(ends) == 2 and all(part[0].isdigit() for part in ends):
        tail = re.sub(r"^[^a-z(%]*", "", ends[1], flags=re.IGNORECASE)
        low = ends[0] if re.search(r"[a-z]", ends[0], re.IGNORECASE) else f"{ends[0]} {tail}"
        return (_amount(low, unit, comma) + _amount(ends[1], unit, comma)) / 2, f"the middle of {shorten(cell)}"
    return _amount(text, unit, comma), "as if it were exact" if text != cell.strip() else ""


def _amount(text: str, unit: str, comma: bool) -> Fraction:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a number{f' of {unit}' if unit else ''}, got '{shorten(text)}'")
    digits, word = re.sub(r"[ _'\u00a0]", "", match[1]), match[2].strip().rstrip("+")
    if "," in digits and (comma or "." in digits[: digits.rindex(",")]):
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else digits.replace(",", ".")
    number = parse_number(digits)
    power = re.match(r"([kMG]?W)(?:\b|_|$)", word, re.IGNORECASE) if unit == "MW" else None
    if power:
        watts = {"w": "W", "kw": "kW", "mw": "MW", "gw": "GW"}[power[1].casefold()]
        return Fraction(parse_amount(f"{plain(number)} {watts}", "W"), 10**6)
    if word and (unit or re.search(r"\d", word)):
        raise ValueError(f"expected a number{f' of {unit}' if unit else ''}, got '{shorten(text)}'")
    return number


# Words


def word(cell: str, known: Sequence[str]) -> tuple[str, str]:
    """The word of these that a cell means, if one is known: as it stands there, or inside of it; of several `mixed`,
    where that is a word, else the first. Empty where it means none; a code of two letters stands alone."""
    for entry in known:
        if folded(entry) == folded(cell):
            return entry, ""
    if _NO.search(cell):
        return "", ""
    inside = {}
    for entry in known:
        suffix = r"(?:v?\d+\w?)?" if entry[-1:].isalpha() else ""
        pattern = rf"(?<![a-z0-9]){re.escape(entry)}{suffix}(?![a-z0-9])"
        if len(entry) > 2 and (match := re.search(pattern, cell[:LONGEST], re.IGNORECASE)):
            inside[entry] = match.start()
    first = sorted(inside, key=inside.__getitem__)
    if len(first) > 1 and "mixed" in known:
        return "mixed", f"{' and '.join(first)} together"
    reason = "the first of several words" if len(first) > 1 else "the word in it that is known"
    return (first[0], reason) if first else ("", "")


def country(cell: str) -> str:
    """The code of a country that is told by its name or by a code of three letters, or stands before its state."""
    from holidays.registry import COUNTRIES

    if match := re.fullmatch(r"([A-Z]{2})[-,/ (].*", cell[:LONGEST]):
        return match[1]
    names = {frozenset(name.split("_")): codes[1] for name, codes in COUNTRIES.items()}
    codes = {code.casefold(): codes[1] for codes in COUNTRIES.values() for code in codes[1:]}
    words = frozenset(re.findall(r"[^\W_]+", cell.casefold()[:LONGEST])) - {"the", "of"}
    return codes.get(folded(cell)) or names.get(words) or _SHORT.get(folded(cell)) or cell
