"""Quantities in words: what is known as it was written, what is uncertain with its percentiles."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from dcsim.distributions import Distribution
from dcsim.document.words import units
from dcsim.scenario.values import Uncertain
from dcsim.units import DAY, Money, Span, plain, whole_units

PERCENTILES = (10, 50, 90)


def uncertain(quantity: Uncertain) -> str:
    """A quantity in words, with its 10th, 50th and 90th percentiles if it is uncertain."""
    if quantity.kind == "fixed":
        return when(quantity.values[0])
    number, shown = _scale(quantity)
    distribution = quantity.resolve(number)
    return f"{distribution.in_words(shown)}; {percentiles(distribution, shown)}"


def percentiles(distribution: Distribution, shown: Callable[[Any], str]) -> str:
    """The percentiles of a distribution: P10 3 d, P50 5 d, P90 9 d."""
    values = distribution.quantile(np.array(PERCENTILES) / 100).tolist()
    return ", ".join(f"P{share} {shown(value)}" for share, value in zip(PERCENTILES, values, strict=True))


def when(value: object) -> str:
    """A date without its midnight; a span or a number as it was written."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    return str(value) if isinstance(value, Span) else number_in_words(value)


def money(sum_of_it: Money) -> str:
    """A sum of money in millions of its currency: `20M USD`."""
    return f"{plain(sum_of_it.amount / 10**6)}M {sum_of_it.currency}"


def number_in_words(value: Any) -> str:
    """A number to three digits, large ones in full."""
    number = float(value)
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def amount(written: Any, unit: str, supply: str = "") -> str:
    """So many of a supply: 25,000 GPU of gpus_usable, 40 racks, 2 x transformers."""
    number = whole_units(written, unit)
    if not unit:
        return f"{number:,} x {supply}" if supply else f"{number:,}"
    return units(number, unit) + (f" of {supply}" if supply else "")


def ramp(steps: Mapping[Any, Any], shown: Callable[[Any], str] = str) -> str:
    """A value, or its steps in time: 2 from 52 wk, 6 from 78 wk."""
    if len(steps) == 1 and next(iter(steps)) == Span(Fraction(0), "d"):
        return shown(next(iter(steps.values())))
    return ", ".join(f"{shown(value)} from {moment(key)}" for key, value in steps.items())


def moment(value: object) -> str:
    """A date, or so long after the start."""
    if not isinstance(value, Span):
        return when(value)
    return f"{value} after the start" if value.amount else "the start"


def _scale(quantity: Uncertain) -> tuple[Callable[[Any], Fraction], Callable[[Any], str]]:
    """How written values become numbers, and numbers words again: in the unit they were written in."""
    first = quantity.values[0]
    if isinstance(first, datetime):
        return (
            lambda date: Fraction(int((date - datetime.min).total_seconds()), 86400),
            lambda days: f"{datetime.min + timedelta(days=float(days)):%Y-%m-%d}",
        )
    if isinstance(first, Span):
        written = {value.unit for value in quantity.values if isinstance(value, Span)}
        if len(written) == 1:
            plural = "s" if first.months else ""
            return (lambda span: span.amount), lambda number: f"{number_in_words(number)} {first.unit}{plural}"
        return (lambda span: span.about / DAY), lambda number: f"{number_in_words(number)} d"
    return Fraction, number_in_words
