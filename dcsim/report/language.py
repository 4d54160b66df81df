"""How things are said in words: counts, days, causes, places, and written values."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dcsim.places import SITE


def plural(word: str) -> str:
    """More than one of something: racks, activities, switches."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def counted(number: int, word: str) -> str:
    """So many of something: 1 rack, 3,136 racks."""
    return f"{number:,} {word if number == 1 else plural(word)}"


def listed(parts: Sequence[str], most: int = 12) -> str:
    """Several things in a row, not too many of them."""
    more = len(parts) - most
    return ", ".join(parts[:most]) + (f", and {more} more" if more > 0 else "")


NEVER = "never"
"""What stands for a day that does not come before the horizon."""
UNKNOWN = "?"
"""What stands for the end of an interval for which there are too few replications."""


def day(number: float) -> str:
    """A day counted from day zero, of which the first 24 hours are day 0; nothing where there is none."""
    return "" if math.isnan(number) else NEVER if math.isinf(number) else f"{math.floor(number):,}"


def date_of(moment: datetime | None) -> str:
    """The date of a moment; there is none beyond the horizon."""
    return NEVER if moment is None or moment != moment else f"{moment:%Y-%m-%d}"


def share(number: float, n: int = 0, digits: int = 1) -> str:
    """A share in percent, never rounded to none or all.

    None or all of n builds says little where n is small: it is told as the bound that is right with 95 % confidence,
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


def cause_in_words(cause: str) -> str:
    """What was waited for: `calendar:day_shift` is its opening, `risk:storms` the end of its stop of work."""
    kind, _, name = cause.partition(":")
    if kind == "calendar" and name:
        return f"{name} to open"
    return f"{name} to end" if kind == "risk" and name else cause


SPENT = {
    "work": "working: {}",
    "rework": "repairing and trying again: {}",
    "resource": "waiting for {}",
    "supply": "waiting for {}",
    "calendar": "waiting for {} to open",
    "risk": "risk: {}",
    "lag": "lag before {}",
    "date": "{}: not before its date",
    "order": "order {}: lead time",
    "placed": "order {}: not yet placed",
    "production": "production of {}",
    "start": "before anything that counts",
}
"""What the days of a milestone were spent on, by kind."""


def spent_on(kind: str, name: str) -> str:
    """What days were spent on, in words."""
    return SPENT[kind].format(name)


def span_of_places(first: str, last: str) -> str:
    """Where alike things are, from the first to the last: ` in hall1...hall4`; nothing for the site."""
    if first == SITE:
        return ""
    if first == last:
        return f" in {first}"
    ends = first.split("/"), last.split("/")
    shared = next((k for k, (one, other) in enumerate(zip(*ends, strict=False)) if one != other), 0)
    return " in " + "...".join("/".join(path[: shared + 2]) for path in ends)


def written(value: Any) -> str:
    """A value as it would be written in a scenario."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return "" if value is None else str(value)
