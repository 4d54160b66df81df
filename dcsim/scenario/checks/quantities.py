"""Single quantities: distributions that are possible, spans with a length, amounts that can be counted."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.values import Bound, Uncertain
from dcsim.units import DAY, Span, parse_amount, plain

LARGEST_AMOUNT = 10**15
"""Units; whole numbers beyond this are no longer exact everywhere."""
LONGEST = Fraction(1000 * 365 * DAY)
"""Minutes; longer spans are slips of the pen."""


def minutes(span: Any) -> Fraction:
    """Minutes of a span that has a fixed and sensible length."""
    length: Fraction = span.about
    if length > LONGEST:
        raise ValueError(f"{span} is longer than 1,000 years")
    return length


def _faults(quantity: Uncertain, number: Callable[[Any], Fraction], most: Fraction = LONGEST) -> tuple[str, ...]:
    """Why a quantity is not readable, its distribution impossible, or its mean not below the most."""
    try:
        for value in quantity.values:
            number(value)
    except ValueError as error:
        return (str(error),)
    try:
        mean = quantity.resolve(number).mean
    except (ValueError, OverflowError, ZeroDivisionError):
        return (f"{quantity.family.expected}, got {_written(quantity)}",)
    return () if 0 <= mean < float(most) else (f"this distribution is too wide: its mean is {mean:.3g}",)


@lru_cache(maxsize=4096)
def _faults_of_span(quantity: Uncertain) -> tuple[str, ...]:
    """Why this is no possible span. Variants of a scenario have most spans in common."""
    mixed = "months differ in length: write all parameters of a distribution in months and years, or none"
    return _faults(quantity, minutes) + ((mixed,) if quantity.is_mixed else ())


def check_uncertain(
    path: Key,
    quantity: Uncertain,
    number: Callable[[Any], Fraction],
    findings: Problems,
    most: Fraction = LONGEST,
) -> None:
    """A quantity is readable, its distribution possible, and its mean below the most."""
    for fault in _faults(quantity, number, most):
        findings.add(path, fault)


def check_span(path: Key, span: Span, findings: Problems) -> bool:
    """A span has a fixed and sensible length."""
    return findings.read(path, minutes, span) is not None


def check_fixed(path: Key, span: Span, findings: Problems) -> bool:
    """A span has a sensible length that does not depend on a date."""
    return findings.read(path, minutes, span) is not None and findings.read(path, lambda: span.minutes) is not None


def check_duration(path: Key, quantity: Uncertain, findings: Problems) -> None:
    """A span, known or not, is possible."""
    for fault in _faults_of_span(quantity):
        findings.add(path, fault)


def check_factor(path: Key, quantity: Uncertain, findings: Problems) -> None:
    """A factor, known or not, is possible, and never zero: production is divided by it."""
    before = len(findings.problems)
    check_uncertain(path, quantity, Fraction, findings)
    if len(findings.problems) > before:
        return
    ends = quantity.resolve(Fraction).ends
    if ends is not None and ends[0] == 0:
        findings.add(path, f"a factor must be above zero, got {_written(quantity)}")


def check_fixed_duration(path: Key, quantity: Uncertain, findings: Problems) -> None:
    """A span, known or not, is possible, and does not depend on a date."""
    if findings.read(path, lambda: [value.minutes for value in quantity.values if isinstance(value, Span)]) is not None:
        check_duration(path, quantity, findings)


def check_moment(path: Key, when: Uncertain, start: datetime, findings: Problems) -> None:
    """A date or a span after the start, known or not, is possible; only dates may lie before the start."""
    earliest = min((tick(value, start) for value in when.values if isinstance(value, datetime)), default=Fraction(0))
    check_uncertain(path, when, lambda value: tick(value, start) - min(earliest, Fraction(0)), findings)


def tick(when: Any, start: datetime) -> Fraction:
    """Minutes from the start to a date or a span after it."""
    if isinstance(when, datetime):
        return Fraction(int((when - start).total_seconds()), 60)
    minutes(when)
    return Fraction(when.after(start))


def check_amount(path: Key, amount: Any, unit: str, findings: Problems) -> int | None:
    """A whole number of a supply's unit, small enough to be counted exactly."""
    number = findings.read(path, parse_amount, amount, unit)
    if number is not None and number > LARGEST_AMOUNT:
        findings.add(path, f"{amount} is more than 10^15 {unit}".rstrip() + "; choose a larger unit")
        return None
    return number


def check_probability(path: Key, probability: Fraction, findings: Problems) -> None:
    """A chance lies between 0 and 1."""
    findings.require(0 <= probability <= 1, path, f"a probability must be between 0 and 1, got {plain(probability)}")


def _written(quantity: Uncertain) -> str:
    """The parameters of a distribution as they were written."""
    values = [_word(value) for value in quantity.values[:10]]
    weights = [plain(weight) for weight in quantity.weights[:10]]
    if quantity.kind == "discrete":
        return ", ".join(f"{value} (weight {weight})" for value, weight in zip(values, weights, strict=True))
    return ", ".join(weights + values)


def _word(value: Bound) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return plain(value) if isinstance(value, Fraction) else str(value)
