"""What expressions compute with: exact numbers with units, dates, words and distributions.

Units multiply and divide as in physics: 300 MW / 132 kW is a number, 300 MW x 2 h an energy, 100 racks / 1 wk a rate.
Any other word is a unit of goods: GPUs are not racks. Months have no fixed length and stay apart from days.
"""

import operator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from dcsim.distributions import Discrete, Empirical
from dcsim.scenario.values import Bound, Uncertain
from dcsim.suggest import shorten
from dcsim.units import FAMILIES, MINUTES_PER, MONTHS_PER, SPAN_WORDS, Span, months_later, plain, round_half_up

Dimensions = tuple[tuple[str, int], ...]
"""What is counted, and to which power: power 1, time -1."""

TIME: Dimensions = (("time", 1),)
MONTHS: Dimensions = (("months", 1),)
_POWER, _WATT_HOUR = (("power", 1),), (("power", 1), ("time", 1))
_MOST_BITS, _MOST_DIMENSIONS = 600, 4
_DIGITS = Context(prec=15)


def _units() -> dict[str, tuple[Fraction, Dimensions]]:
    """Every known unit: how many of its smallest one it is, and what it measures."""
    kinds: list[tuple[Dimensions, int]] = [(_POWER, 1), (_WATT_HOUR, 60)]
    kinds += [(((kind, 1),), 1) for kind in ("mass", "length", "volume")]
    known = {
        word: (Fraction(size * factor), dimensions)
        for family, (dimensions, factor) in zip(FAMILIES, kinds, strict=True)
        for word, size in family.items()
    }
    known |= {word: (Fraction(size), TIME) for word, size in MINUTES_PER.items()}
    return known | {word: (Fraction(size), MONTHS) for word, size in MONTHS_PER.items()}


UNITS = _units()


@dataclass(frozen=True)
class Quantity:
    """An exact number of some unit; two are equal if they are the same amount."""

    amount: Fraction
    """In the smallest unit of its kind: W, minutes, months."""
    dimensions: Dimensions = ()
    unit: str = field(default="", compare=False)
    """The unit in which it was written; none of a plain number, and of what comes from several units."""

    def __post_init__(self) -> None:
        if max(abs(self.amount.numerator).bit_length(), self.amount.denominator.bit_length()) > _MOST_BITS:
            raise ValueError("an intermediate number is too large or has too many digits; round it")
        if len(self.dimensions) > _MOST_DIMENSIONS or any(
            abs(power) > _MOST_DIMENSIONS for _, power in self.dimensions
        ):
            raise ValueError("an intermediate number has too many units")

    @classmethod
    def of(cls, number: Fraction, word: str) -> "Quantity":
        """So many of a unit, a known one or one of goods."""
        unit = SPAN_WORDS.get(word, word)
        goods = word[:-1] if len(word) > 1 and word.endswith("s") else word
        size, dimensions = UNITS.get(unit, (Fraction(1), ((goods, 1),) if word else ()))
        return cls(number * size, dimensions, unit)

    @property
    def is_elapsed(self) -> bool:
        """Whether this is time by the clock alone: it comes from spans of several units, or from dates."""
        return self.dimensions == TIME and not self.unit

    @cached_property
    def shown_unit(self) -> str:
        """The unit it is written in: its own, else the largest of which it is at least one; none if it has no name."""
        if self.unit or not self.dimensions:
            return self.unit
        known = [word for word, (_, dimensions) in UNITS.items() if dimensions == self.dimensions]
        if self.dimensions == TIME:
            return next((word for word in ("d", "h") if (self.amount / UNITS[word][0]).denominator == 1), "min")
        if known:
            known.sort(key=lambda word: -UNITS[word][0])
            return next((word for word in known if abs(self.amount) >= UNITS[word][0]), known[-1])
        return self.dimensions[0][0] if len(self.dimensions) == 1 and self.dimensions[0][1] == 1 else ""

    @property
    def number(self) -> Fraction:
        """How many of the unit it is written in."""
        return self.amount / UNITS.get(self.shown_unit, (Fraction(1), ()))[0]

    def __str__(self) -> str:
        if not self.dimensions or self.shown_unit:
            plural = "s" if self.dimensions == MONTHS and self.number != 1 else ""
            return f"{decimal(self.number)} {self.shown_unit}{plural}".strip()
        *rest, (last, power) = sorted(self.dimensions, key=lambda dimension: (dimension[0] == "time", dimension[0]))
        if (last, power) == ("time", -1):
            per = Quantity(self.amount * MINUTES_PER["wk"], tuple(rest))
            return f"{per} / wk"
        above, below = (
            " ".join(f"{_BASES.get(kind, kind)}{abs(power) if abs(power) > 1 else ''}" for kind, power in side)
            for side in ([dimension for dimension in self.dimensions if dimension[1] * sign > 0] for sign in (1, -1))
        )
        return f"{decimal(self.amount)} {above}{' / ' if below else ''}{below}"


_BASES = {"power": "W", "time": "min", "months": "month", "mass": "g", "length": "m", "volume": "l"}


class Word(str):
    """One of several words; that of a parameter knows which it may be."""

    among: tuple[str, ...] = ()


Value = Quantity | bool | Word | datetime | Uncertain
"""What an expression may come to."""


class Operand(NamedTuple):
    """A value, and how the expression has it."""

    value: Value
    text: str

    def __str__(self) -> str:
        text = in_words(self.value)
        return text if text == self.text else f"{shorten(self.text, 40)} ({text})"


def decimal(number: Fraction) -> str:
    """A number as a file would write it: exactly, or to 15 digits where it never ends."""
    exact = plain(number)
    if "/" not in exact:
        return exact
    near = _DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator))
    return f"{near:f}" if abs(near.adjusted()) < 30 else f"{near:e}"


def in_words(value: Value) -> str:
    """A value in words, for messages and tables."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    if isinstance(value, Uncertain):
        return f"{value.kind} of {', '.join(in_words(of_bound(value)) for value in value.values[:4])}"
    return str(value)


def written(value: Value) -> Any:
    """A value as a scenario file would write it."""
    if isinstance(value, Quantity) and not value.dimensions:
        return int(value.amount) if value.amount.denominator == 1 else Decimal(decimal(value.amount))
    if isinstance(value, Quantity) and value.dimensions in (TIME, MONTHS) and value.amount < 0:
        raise ValueError(f"a span must not be negative, got {value}")
    if isinstance(value, Uncertain):
        return _written_spread(value)
    return value if isinstance(value, bool) else in_words(value)


def _written_spread(spread: Uncertain) -> Any:
    values, weights = ([written(of_bound(bound)) for bound in bounds] for bounds in (spread.values, spread.weights))
    if issubclass(spread.family, Empirical):
        return {spread.kind: {"values": values}}
    if issubclass(spread.family, Discrete):
        return {spread.kind: [list(pair) for pair in zip(values, weights, strict=True)]}
    return {spread.kind: [*weights, *values] if weights or len(values) > 1 else values[0]}


def of_bound(bound: Bound) -> Value:
    """A written value of a distribution, to compute with."""
    if isinstance(bound, Span):
        return Quantity.of(bound.amount, bound.unit)
    return bound if isinstance(bound, datetime) else Quantity(bound)


def _bound(value: Value, where: Operand) -> Bound:
    if isinstance(value, datetime):
        return value
    if isinstance(value, Quantity) and not value.dimensions:
        return value.amount
    if isinstance(value, Quantity) and value.dimensions in (TIME, MONTHS) and value.shown_unit:
        return Span(value.number, value.shown_unit)
    raise ValueError(f"only numbers, spans and dates may be uncertain; got {where}")


# Operations


def _numbers(does: str, *operands: Operand) -> list[Quantity]:
    """The operands of an operation that needs numbers, with or without units."""
    for operand in operands:
        if isinstance(operand.value, Uncertain):
            raise ValueError(
                f"{operand} is uncertain, and `{does}` needs one value; a distribution may be multiplied or divided by "
                "a positive number, and nothing else: give one value with `low` and `high`"
            )
        if not isinstance(operand.value, Quantity):
            raise ValueError(f"`{does}` needs numbers, got {operand}")
    return [operand.value for operand in operands if isinstance(operand.value, Quantity)]


def _alike(does: str, *operands: Operand) -> list[Quantity]:
    """The same, all of the same kind."""
    numbers = _numbers(does, *operands)
    for number, operand in zip(numbers, operands, strict=True):
        if number.dimensions != numbers[0].dimensions:
            raise ValueError(f"`{does}` needs two values of the same kind, got {operands[0]} and {operand}")
    return numbers


def add(a: Operand, b: Operand, does: str = "+") -> Value:
    """A sum or a difference; of a date and a span a date, of two dates a span."""
    sign = -1 if does == "-" else 1
    if isinstance(a.value, datetime) and isinstance(b.value, datetime) and does == "-":
        return Quantity(Fraction((a.value - b.value) // timedelta(minutes=1)), TIME)
    if isinstance(b.value, datetime) and does == "+":
        a, b = b, a
    if isinstance(a.value, datetime) and isinstance(b.value, Quantity):
        if b.value.dimensions not in (TIME, MONTHS):
            raise ValueError(f"`{does}` needs a date and a span of time, got {a} and {b}")
        return _moved(a.value, Quantity(sign * b.value.amount, b.value.dimensions, b.value.unit))
    first, second = _alike(does, a, b)
    unit = first.unit if first.unit == second.unit or first.dimensions != TIME else ""
    return Quantity(first.amount + sign * second.amount, first.dimensions, unit)


def _moved(date: datetime, by: Quantity) -> datetime:
    try:
        if by.dimensions == TIME:
            return date + timedelta(minutes=round_half_up(by.amount))
        if by.amount >= 0:
            return date + timedelta(minutes=round_half_up(Span(by.amount, "month").after(date)))
        if by.amount.denominator != 1:
            raise ValueError(f"subtract whole months from a date, not {Quantity(-by.amount, MONTHS, 'month')}")
        if by.amount <= -12 * (date.year - 1):
            raise OverflowError
        return months_later(date, int(by.amount))
    except OverflowError:
        raise ValueError(f"{in_words(date)} and {by} leave the calendar") from None


def multiply(a: Operand, b: Operand, does: str = "*") -> Value:
    """A product or a quotient; of a distribution the distribution of all its products."""
    if isinstance(b.value, Uncertain) and does == "*":
        a, b = b, a
    if isinstance(a.value, Uncertain):
        (by,) = _numbers(does, b)
        if by.amount <= 0:
            raise ValueError(f"{a} is uncertain and may be multiplied or divided by a positive number, got {b}")
        values = [multiply(Operand(of_bound(value), a.text), b, does) for value in a.value.values]
        return Uncertain(a.value.kind, tuple(_bound(value, a) for value in values), a.value.weights)
    first, second = _numbers(does, a, b)
    sign = -1 if does == "/" else 1
    if does == "/" and not second.amount:
        raise ValueError(f"`/` divides by zero: {b}")
    powers = dict(first.dimensions)
    for kind, power in second.dimensions:
        powers[kind] = powers.get(kind, 0) + sign * power
    dimensions = tuple(sorted((kind, power) for kind, power in powers.items() if power))
    unit = first.unit if not second.dimensions else second.unit if not first.dimensions and sign > 0 else ""
    return Quantity(first.amount * second.amount**sign, dimensions, unit if dimensions else "")


def power(a: Operand, b: Operand) -> Value:
    """A number to a whole power."""
    base, exponent = _numbers("**", a, b)
    if base.dimensions or exponent.dimensions or exponent.amount.denominator != 1 or abs(exponent.amount) > 100:
        raise ValueError(f"`**` takes a number to a whole power from -100 to 100, got {a} and {b}")
    if not base.amount and exponent.amount < 0:
        raise ValueError(f"{a} is zero, and has no power of {b}")
    return Quantity(base.amount ** int(exponent.amount))


def rounded(does: str, a: Operand, step: Operand | None = None) -> Value:
    """A number up (`ceil`), down (`floor`) or to the nearest (`round`): in whole ones, or in steps of another."""
    if step is None:
        (number,) = _numbers(does, a)
        if number.dimensions and not number.shown_unit:
            raise ValueError(f"`{does}` needs a number, got {a}, in which the units do not cancel")
        if number.dimensions:
            step_too = f"{does}({shorten(a.text, 40)}, 1 {number.shown_unit})"
            raise ValueError(f"`{does}` needs a plain number, or a step of the same unit as in {step_too}; got {a}")
        unity = Quantity(Fraction(1))
    else:
        number, unity = _alike(does, a, step)
        if unity.amount <= 0:
            raise ValueError(f"`{does}` needs a step above zero, got {step}")
    share = number.amount / unity.amount
    integer = {"ceil": -(-share // 1), "floor": share // 1, "round": round_half_up(share)}[does]
    return Quantity(integer * unity.amount, number.dimensions, number.unit)


COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(does: str, a: Operand, b: Operand) -> bool:
    """Whether a comparison holds, of two of a kind."""
    first, second = _comparable(does, a, b)
    return bool(COMPARISONS[does](first, second))


def extreme(does: str, *operands: Operand) -> Value:
    """The smallest or the largest of several of a kind, numbers or dates."""
    sizes = _comparable(does, *operands)
    return operands[sizes.index(min(sizes) if does == "min" else max(sizes))].value


def _comparable(does: str, *operands: Operand) -> list[Any]:
    """What is compared of several of a kind: amounts, dates; for equality alone words and truths too."""
    values = [operand.value for operand in operands]
    kinds = {type(value) for value in values}
    among = next((value.among for value in values if isinstance(value, Word) and value.among), ())
    for operand in operands if among else ():
        if operand.value not in among:
            raise ValueError(
                f"`{does}` compares what is one of {', '.join(among)} with {operand}, which is none of them"
            )
    if kinds == {datetime} or (does in ("==", "!=") and kinds in ({Word}, {bool})):
        return values
    return [number.amount for number in _alike(does, *operands)]


def between(a: Operand, b: Operand) -> Value:
    """`A to B`: a lognormal whose 5th and 95th percentiles are A and B; between two dates uniform."""
    low, high = a.value, b.value
    if isinstance(low, Quantity) and isinstance(high, Quantity) and not low.dimensions and high.unit:
        low = Quantity.of(low.amount, high.unit)  # "24 to 72 h": the unit stands once
    if type(low) is not type(high):
        raise ValueError(f"both ends of a range need the same kind, got {a} and {b}")
    return Uncertain("uniform" if isinstance(low, datetime) else "lognormal", (_bound(low, a), _bound(high, b)))


def truth(does: str, operand: Operand) -> bool:
    """A condition."""
    if not isinstance(operand.value, bool):
        raise ValueError(f"`{does}` needs a condition such as a > b, got {operand}")
    return operand.value
