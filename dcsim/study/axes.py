"""What is swept: the values that one path of a scenario takes in turn, and the points that several of them make.

`4..16` is every whole number (also `4..16..3`, and between two dates every day), `0.2:0.4:5` are five values evenly
spaced, `30 d, 45 d` is a list. With samples a range is sampled as a Latin hypercube: McKay, Beckman and Conover,
Technometrics 21 (1979) 239.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import product
from math import floor
from typing import Any

from dcsim.engine.philox import hash64
from dcsim.errors import RequestError
from dcsim.suggest import shorten
from dcsim.units import parse_date

Value = int | float | str
Point = Mapping[str, Value]
"""A value for every path that is swept."""

MOST_VALUES = 10_000
"""Values of one path, and points in all."""

_NUMBER = r"[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?"
_WHOLE = re.compile(r"[-+]?\d[\d_]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*([A-Za-z/][A-Za-z/ ]*)?\s*")
_HOW = "write 4..16, 4..16..3, 0.2:0.4:5 or a list such as 30 d,45 d"


@dataclass(frozen=True)
class Axis:
    """One path, and the values it takes."""

    path: str
    values: tuple[Value, ...]
    """In order; none for `0.2:0.4`, of which only samples are taken."""
    ends: tuple[Fraction, Fraction] | None = None
    """Between which samples are taken, where any number between two will do."""
    unit: str = ""
    """Of the numbers between the ends."""

    @property
    def span(self) -> tuple[Value, ...]:
        """Between what samples are taken, as it would be written; the values where only they will do."""
        return self.values if self.ends is None else tuple(_number(end, self.unit) for end in self.ends)

    def at(self, share: float) -> Value:
        """The value so far along the axis, from 0 to 1."""
        if self.ends is None:
            return self.values[min(floor(share * len(self.values)), len(self.values) - 1)]
        low, high = self.ends
        return _number(low + (high - low) * Fraction(share), self.unit, 6)


def axes_of(over: Mapping[str, str | Sequence[Any]]) -> tuple[Axis, ...]:
    """What is swept, from text such as `4..16`, or from the values themselves."""
    if not over:
        raise RequestError(f"nothing to sweep: give --over PATH=VALUES; {_HOW}")
    return tuple(_axis(path.strip(), values) for path, values in over.items())


def points_of(axes: Sequence[Axis], samples: int | None, seed: int) -> tuple[Point, ...]:
    """Every combination of the values, the last path changing fastest; or so many samples of the ranges."""
    if samples is not None:
        return tuple(_sampled(axes, samples, seed))
    for axis in axes:
        if not axis.values:
            raise RequestError(f"{axis.path}: give the number of values, such as 0.2:0.4:5, or --samples")
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST_VALUES:
        raise RequestError(
            f"these are {count:,} points, more than {MOST_VALUES:,}: draw a sample of them with --samples"
        )
    paths = [axis.path for axis in axes]
    return tuple(dict(zip(paths, values, strict=True)) for values in product(*(axis.values for axis in axes)))


def point_in_words(point: Point) -> str:
    """A point in words: `resources.rack_crews.count = 4, supplies.hbm_stacks.production.share = 0.2`."""
    return ", ".join(f"{path} = {value}" for path, value in point.items())


def _sampled(axes: Sequence[Axis], samples: int, seed: int) -> Iterator[Point]:
    from scipy.stats import qmc

    if not 1 <= samples <= MOST_VALUES:
        raise RequestError(f"--samples must be 1 to {MOST_VALUES:,}, got {samples:,}")
    for shares in qmc.LatinHypercube(len(axes), rng=hash64(f"{seed}/sweep")).random(samples).tolist():
        yield {axis.path: axis.at(share) for axis, share in zip(axes, shares, strict=True)}


def _axis(path: str, written: str | Sequence[Any]) -> Axis:
    try:
        if isinstance(written, int | float):
            raise ValueError(f"one value is no sweep; {_HOW}")
        if not isinstance(written, str):
            values = tuple(value if isinstance(value, int | float) else str(value) for value in written)
            axis = Axis(path, values)
        elif ".." in written:
            axis = Axis(path, tuple(_range_values(written)))
        elif ":" in written and not set(written) & set("{[,"):
            axis = _between(path, written)
        else:
            axis = Axis(path, tuple(_value(part) for part in _parts(written)))
    except ValueError as error:
        raise RequestError(f"{path}: {error}") from None
    if not axis.values and axis.ends is None:
        raise RequestError(f"{path}: no values; {_HOW}")
    if len(set(axis.values)) < len(axis.values):
        raise RequestError(f"{path}: a value is given twice in '{shorten(str(written))}'")
    return axis


def _range_values(written: str) -> Iterator[Value]:
    """`4..16` and `4..16..3`; the same with dates and a step in days."""
    ends = [part.strip() for part in written.split("..")]
    step = int(ends[2]) if len(ends) == 3 and _WHOLE.fullmatch(ends[2]) else 1
    if len(ends) > 3 or step < 1 or (len(ends) == 3 and not _WHOLE.fullmatch(ends[2])):
        raise ValueError(f"cannot read '{shorten(written)}'; {_HOW}")
    if all(_DATE.fullmatch(end) for end in ends[:2]):
        first, last = (parse_date(end) for end in ends[:2])
        days = range(0, _count((last - first).days, step, written) * step, step)
        yield from (_date(first + timedelta(days=day)) for day in days)
    elif all(_WHOLE.fullmatch(end) for end in ends[:2]):
        low, high = (int(end) for end in ends[:2])
        yield from range(low, low + _count(high - low, step, written) * step, step)
    else:
        raise ValueError(f"'{shorten(written)}' must go from one whole number to another, such as 4..16")


def _count(length: int, step: int, written: str) -> int:
    if length < 0:
        raise ValueError(f"'{shorten(written)}' ends before it begins")
    if length // step >= MOST_VALUES:
        raise ValueError(f"'{shorten(written)}' has more than {MOST_VALUES:,} values")
    return length // step + 1


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _between(path: str, written: str) -> Axis:
    """`0.2:0.4:5`, or `0.2:0.4` to take samples of; with a unit `30 d:60 d:4`."""
    parts = written.split(":")
    ends = [_QUANTITY.fullmatch(part) for part in parts[:2]]
    count = parts[2].strip() if len(parts) == 3 else "2"
    if len(parts) > 3 or None in ends or not count.isdecimal():
        raise ValueError(f"cannot read '{shorten(written)}'; {_HOW}")
    (low, first_unit), (high, unit) = (
        (Fraction(end[1].replace("_", "")), (end[2] or "").strip()) for end in ends if end
    )
    if first_unit not in ("", unit):
        raise ValueError(f"both ends of '{shorten(written)}' need the same unit")
    if low >= high or not 2 <= int(count) <= MOST_VALUES:
        raise ValueError(f"'{shorten(written)}' must go up, in 2 to {MOST_VALUES:,} values")
    spaced = (low + (high - low) * Fraction(k, int(count) - 1) for k in range(int(count)))
    values = tuple(_number(number, unit) for number in spaced) if len(parts) == 3 else ()
    return Axis(path, values, (low, high), unit)


def _number(number: Fraction, unit: str, digits: int = 12) -> Value:
    """A number as it would be written, to so many digits."""
    plain = float(f"{float(number):.{digits}g}")
    short = int(plain) if plain.is_integer() and number.denominator == 1 else plain
    return f"{short} {unit}" if unit else short


def _parts(written: str) -> Iterator[str]:
    """What stands between commas outside brackets."""
    depth, part = 0, ""
    for character in written:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    yield part


def _value(written: str) -> Value:
    text = written.strip()
    if not text:
        raise ValueError(f"a value is missing between two commas; {_HOW}")
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if re.fullmatch(_NUMBER, text) else text
