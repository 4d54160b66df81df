"""How things are said in words: counts, days, dates, shares, places, and written values."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dcsim.document.report import Cell, Column
from dcsim.places import SITE


def plural(word: str) -> str:
    """More than one of something: racks, activities, switches."""
    word = f"{word}"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def counted(number: int, word: str) -> str:
    """So many of something: 1 rack, 3,136 racks."""
    return f"{number:,} {word if number == 1 else plural(word)}"


def units(number: int, unit: str) -> str:
    """So many of a unit: 40 racks, but 4,000 kW and 64 GPU; symbols have no plural, and where there is none `units`."""
    if not unit:
        return counted(number, "unit")
    is_word = len(unit) > 2 and unit.isalpha() and unit.islower()
    return counted(number, unit) if is_word else f"{number:,} {unit}"


def listed(parts: Sequence[str], most: int = 12) -> str:
    """Several things in a row, not too many of them."""
    more = len(parts) - most
    return ", ".join(f"{part}" for part in parts[:most]) + (f", and {more} more" if more > 0 else "")


def joined(parts: Sequence[str]) -> str:
    """Several things in a sentence: crews, cranes and power."""
    words = [f"{part}" for part in parts]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


NEVER = "never"
"""The word for a day that is not reached by the end of the simulation."""
REACHED = "reached"
"""The word for a change that makes a day reached at all."""
UNKNOWN = "?"
"""The sign for the end of an interval that needs more replications."""


def day(number: float) -> str:
    """A day counted from day zero, of which the first 24 hours are day 0; nothing where there is none."""
    return "" if math.isnan(number) else NEVER if math.isinf(number) else f"{math.floor(number):,}"


def date_of(moment: datetime | None) -> str:
    """The date of a moment; there is none beyond the horizon."""
    return NEVER if moment is None or moment != moment else f"{moment:%Y-%m-%d}"


def share(number: float, n: int = 0, digits: int = 1) -> str:
    """A share in percent, never rounded to none or all.

    None or all of n builds says little where n is small: it is given as the bound that is right with 95 % confidence,
    <3 % for none of 100 (1 - 0.05^(1/n), about 3/n: Hanley and Lippman-Hand, JAMA 249, 1983).
    """
    if math.isnan(number):
        return ""
    if number in (0, 1):
        bound = float(f"{100 * (1 - 0.05 ** (1 / n)):.2g}") if n else 0.0
        return f"{'' if not n else '>' if number else '<'}{100 - bound if number else bound:g} %"
    least = 10.0**-digits
    if not least / 2 <= 100 * number <= 100 - least / 2:
        return f"<{least:g} %" if number < 0.5 else f">{100 - least:g} %"
    return f"{100 * number:.{digits}f} %"


def span_of_places(first: str, last: str) -> str:
    """Where alike things are, from the first to the last: ` in hall1...hall4`; nothing for the site."""
    if first == SITE:
        return ""
    if first == last:
        return f" in {first}"
    ends = first.split("/"), last.split("/")
    shared = next((k for k, (part, right) in enumerate(zip(*ends, strict=False)) if part != right), 0)
    return " in " + "...".join("/".join(path[: shared + 2]) for path in ends)


def written(value: Any) -> str:
    """A value as it would be written in a scenario."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return "" if value is None else str(value)


def change(days: float, digits: int = 1) -> str:
    """So many days later (with a plus), or earlier: +12.0, -1.5.

    It is `never` where only the other gets there, `reached` where the other does not.
    """
    if math.isnan(days):
        return UNKNOWN
    return _rounded(days, digits, "+") if math.isfinite(days) else NEVER if days > 0 else REACHED


def days(number: float, digits: int = 1) -> str:
    """A span of days: 159.0."""
    if math.isnan(number):
        return UNKNOWN
    return NEVER if math.isinf(number) else _rounded(number, digits)


def _rounded(number: float, digits: int, sign: str = "") -> str:
    rounded = round(number, digits)
    return f"{rounded:{sign if rounded else ''},.{digits}f}" if rounded else f"{0:.{digits}f}"


def interval(low: float, high: float, digits: int = 1, signed: bool = False, of: str = "days") -> str:
    """The ends of an interval; `?` where there are too few replications to tell."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    if of not in ("day", "days"):
        ends = (moved(end, of) for end in (low, high))
        return " to ".join(end if signed else end.removeprefix("+") for end in ends)
    number = change if signed else days
    return f"{number(low, digits)} to {number(high, digits)}"


def moved(amount: float, kind: str, digits: int = 1) -> str:
    """A difference of days, sums of money, shares (in percentage points) or plain numbers, with its sign."""
    if kind in ("day", "days") or not math.isfinite(amount):
        return change(amount, digits)
    amount_text = {"money": money(abs(amount)), "share": f"{100 * abs(amount):.2f} pp"}.get(kind, f"{abs(amount):,.3f}")
    return amount_text if not re.search("[1-9]", amount_text) else f"{'+' if amount > 0 else '-'}{amount_text}"


def money(amount: float, currency: str = "") -> str:
    """A sum of money to two digits after the point, as scenarios write it: 20M USD."""
    size, letter = next((pair for pair in _SIZES if abs(amount) >= pair[0]), (1, ""))
    digits = f"{amount / size:,.2f}".rstrip("0").rstrip(".") if letter else f"{amount:,.0f}"
    return f"{digits}{letter} {currency}".strip()


_SIZES = ((10**9, "B"), (10**6, "M"), (10**3, "k"))


def cell(value: Any, column: Column) -> str:
    """What stands in a cell of a table; words stay as they are."""
    typed = Cell.of(value)
    value, column = typed.value, replace(column, kind=typed.kind) if typed.kind else column
    if isinstance(value, str):
        return value
    if column.kind == "range":
        return "" if value is None else interval(value[0], value[1], column.digits, column.signed, column.of)
    if column.kind == "date":
        return date_of(value)
    if column.kind in ("month", "year") and (value is None or value != value or value == math.inf):
        return NEVER
    if value is None or value != value:
        return ""
    if column.signed:
        return moved(value, column.kind, column.digits)
    match column.kind:
        case "count":
            return f"{value:,}"
        case "day":
            return day(value)
        case "days":
            return days(value, column.digits)
        case "change":
            return change(value, column.digits)
        case "share":
            return share(value, column.n, column.digits) if value >= 0 else f"-{share(-value, 0, column.digits)}"
        case "money":
            return money(value)
        case "month":
            return f"{value:%Y-%m}"
        case "year":
            return f"{value:.0f}"
        case "ratio":
            return f"{value:,.2f}" if math.isfinite(value) else "no value"
        case _:
            return f"{value:,.4g}" if isinstance(value, float) else str(value)
