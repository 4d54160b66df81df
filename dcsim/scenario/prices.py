"""Prices, rates and shares as money is written: known or uncertain, the same all the time or on a path of dates."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any

from dcsim.scenario.values import Reads, Uncertain, as_written, describe, parse_uncertain, read_number, single
from dcsim.suggest import shorten
from dcsim.units import (
    FAMILIES,
    MINUTES_PER,
    MONTHS_PER,
    SPAN_WORDS,
    months_later,
    parse_date,
    parse_money,
    parse_number,
)

HOUR, MONTH, MWH = "h", "month", "MWh"
"""What a price may be for: an hour, a month, a megawatt-hour; nothing where it is for one unit."""
STEPS, LINEAR = "steps", "linear"
"""How a path goes from one date to the next."""
_MONTH_TEXT = re.compile(r"\d{4}-\d{2}")


@dataclass(frozen=True)
class Path:
    """A price, a rate or a share that may change: it holds from each date until the next.

    What holds first holds before it too. All steps of a path have the same share of chance. A linear path lies, from
    the first of each month on, where the line between the dates beside it is on that day.
    """

    steps: tuple[tuple[datetime | None, Uncertain], ...]
    currency: str = ""
    """Of a price."""
    per: str = ""
    """Of a price that is for an hour, a month or a megawatt-hour."""
    over: str = ""
    """The reference rate to which a rate is added."""
    floor: Fraction = Fraction(0)
    """The least that the reference rate counts."""
    is_linear: bool = False

    @cached_property
    def holds(self) -> tuple[tuple[datetime | None, int, float], ...]:
        """From when on what holds: a date, the number of the step before it, and how far it is towards the next."""
        dates = [when for when, _ in self.steps]
        parts: list[tuple[datetime | None, int, float]] = []
        for number, when in enumerate(dates):
            parts.append((when, number, 0.0))
            until = dates[number + 1] if self.is_linear and number + 1 < len(dates) else None
            if when is None or until is None:
                continue
            month = months_later(datetime(when.year, when.month, 1), 1)
            while month < until:
                parts.append((month, number, (month - when) / (until - when)))
                month = months_later(month, 1)
        return tuple(parts)


class _Unit:
    """Reads prices, and keeps in what they were written."""

    def __init__(self) -> None:
        self.units: dict[tuple[str, str], str] = {}

    def read(self, raw: Any) -> Fraction:
        """A price as a number; a bare one is the lower end of a range, whose unit stands once."""
        if isinstance(raw, str) and re.search(r"[A-Z]{3}", raw):
            money, _, per = (part.strip() for part in raw.partition("/"))
            sum_ = parse_money(money)
            unit, size = _per(per, raw) if per or "/" in raw else ("", Fraction(1))
            self.units[sum_.currency, unit] = raw
            return sum_.amount / size
        number = parse_number(raw)
        if number < 0:
            raise ValueError(f"a price must not be negative, got {describe(raw)}")
        return number


def _per(word: str, raw: str) -> tuple[str, Fraction]:
    """What a price is for, and how much of it."""
    span = SPAN_WORDS.get(word, "")
    if span in MONTHS_PER:
        return MONTH, Fraction(MONTHS_PER[span])
    if span in MINUTES_PER:
        return HOUR, Fraction(MINUTES_PER[span], 60)
    if word in FAMILIES[1]:
        return MWH, Fraction(FAMILIES[1][word], FAMILIES[1][MWH])
    raise ValueError(f"a price is for an hour, a month or a MWh, such as '64 USD / MWh', got '{shorten(raw)}'")


def parse_month(raw: Any) -> datetime:
    """The first minute of a month, `2031-12`, or a date."""
    if isinstance(raw, str) and _MONTH_TEXT.fullmatch(raw.strip()):
        raw = f"{raw.strip()}-01"
    return parse_date(raw)


def _path(raw: Any, reader: Callable[[Any], Fraction]) -> Path:
    """Steps from their dates: `{path: {2024-07: 4 USD, 2025-06: 2.3 USD}}`, or the same value all the time."""
    if not isinstance(raw, Mapping) or "path" not in raw:
        return Path(((None, parse_uncertain(raw, reader)),))
    written, between = raw["path"], raw.get("between", STEPS)
    if set(raw) - {"path", "between"} or not isinstance(written, Mapping) or not written:
        raise ValueError("write a path alone, as {path: {2024-07: 4 USD, 2025-06-15: 2.3 USD}}")
    if between not in (STEPS, LINEAR):
        raise ValueError(f"`between` the dates of a path lie `steps` or a `linear` change, got {describe(between)}")
    steps = sorted(((parse_month(when), parse_uncertain(value, reader)) for when, value in written.items()), key=_first)
    for (before, _), (after, _) in pairwise(steps):
        if before == after:
            raise ValueError(f"two steps of a path on {before:%Y-%m-%d}")
    return Path(tuple(steps), is_linear=between == LINEAR)


def _first(step: tuple[datetime, Uncertain]) -> datetime:
    return step[0]


def parse_price(raw: Any) -> Path:
    """A price in one currency: `30_000 USD`, `380 USD / h`, `2 to 3 USD`, or a path of such prices."""
    if isinstance(raw, Path):
        return raw
    unit = _Unit()
    path = _path(raw, unit.read)
    if not unit.units:
        raise ValueError(f"a price needs its currency, such as '30_000 USD' or '64 USD / MWh'; got {describe(raw)}")
    if len(unit.units) > 1:
        raise ValueError(f"expected one unit throughout, got {' and '.join(map(repr, unit.units.values()))}")
    ((currency, per),) = unit.units
    return replace(path, currency=currency, per=per)


def parse_share(raw: Any) -> Path:
    """A number of 0 or more that may change: `0.9`, `0.8 to 0.95`, or a path."""
    return raw if isinstance(raw, Path) else _path(raw, read_number)


def parse_rate_of(raw: Any) -> Path:
    """A yearly rate: `0.105`, a path, or `{over: sofr, margin: 0.06, floor: 0.02}`."""
    if not isinstance(raw, Mapping) or not ({"over", "margin", "floor"} & set(raw)):
        return parse_share(raw)
    if set(raw) - {"floor"} != {"over", "margin"}:
        raise ValueError("write a floating rate as {over: sofr, margin: 0.06}, with a `floor` of sofr if it has one")
    floor = read_number(raw.get("floor", 0))
    return replace(_path(raw["margin"], read_number), over=str(raw["over"]), floor=floor)


def parse_rent(raw: Any) -> Path:
    """A price of a unit and month, or the rate that the lessor earns: `{yield: 0.105}`."""
    if isinstance(raw, Mapping) and "yield" in raw:
        if len(raw) > 1:
            raise ValueError("a rent that follows from its yield is written {yield: 0.105}, and nothing else beside it")
        return parse_share(raw["yield"])
    return parse_price(raw)


PriceValue = Annotated[Path, Reads(parse_price), as_written("price")]
ShareValue = Annotated[Path, Reads(parse_share), as_written("number path")]
RateValue = Annotated[Path, Reads(parse_rate_of), as_written("rate")]
RentValue = Annotated[Path, Reads(parse_rent), as_written("rent")]
MonthValue = Annotated[datetime, Reads(single(parse_month, "a month such as 2031-12, or a date")), as_written("month")]
UncertainNumber = Annotated[
    Uncertain, Reads(lambda raw: parse_uncertain(raw, read_number)), as_written("uncertain number")
]
