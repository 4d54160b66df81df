"""How a page says numbers: dates as people write them, days with their sign, shares that never round to certainty."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dcsim.dates import Limit
from dcsim.document import words as language
from dcsim.document.words import NEVER

PERCENT = "\N{NO-BREAK SPACE}%"


def date(moment: Limit) -> str:
    """A date as people write it: 8 Oct 2024."""
    return f"{moment.day} {moment:%b} {moment.year}"


def until(limit: Limit) -> str:
    """A date that limits something, with its time if it has one: 8 Oct 2024, 15:00."""
    return date(limit) + (f", {limit:%H:%M}" if isinstance(limit, datetime) else "")


def known(number: Any) -> bool:
    """Whether there is such a day: neither empty nor beyond the horizon."""
    return number is not None and not pd.isna(number) and math.isfinite(number)


def days(number: float, word: str = " d") -> str:
    """So many days: 159 d, 2.5 d."""
    return NEVER if not known(number) else f"{_rounded(number)}{word}"


def shift(number: float) -> str:
    """So many days later, or earlier: +12, \N{MINUS SIGN}17."""
    if not known(number):
        return "" if pd.isna(number) else NEVER
    number_ = _rounded(abs(number))
    return "0" if number_ == "0" else ("+" if number > 0 else "\N{MINUS SIGN}") + number_


def _rounded(number: float) -> str:
    text = f"{number:,.0f}" if abs(number) >= 10 else f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text.replace("-", "\N{MINUS SIGN}")


def share(number: float, n: int = 0) -> str:
    """A share in percent, never rounded to none or all (see `language.share`)."""
    return language.share(number, n, 0).replace(" %", PERCENT)


def between(row: Mapping[Any, Any], written: Callable[[float], str]) -> str:
    """The ends of an interval; `?` where there are too few replications to tell."""
    return f"{written(row['low'])} to {written(row['high'])}" if known(row["low"]) and known(row["high"]) else "?"


def cell(value: Any) -> str:
    """Whatever a table holds, in words."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, datetime):
        return date(value)
    if isinstance(value, float):
        return NEVER if math.isinf(value) else f"{value:,.4g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
