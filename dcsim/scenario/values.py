"""How single values are written: spans, dates, amounts, numbers, and distributions of any of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, TypeVar

from pydantic import WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from dcsim.dates import parse_limit
from dcsim.distributions import KINDS, Continuous, Discrete, Distribution, Empirical, Fixed
from dcsim.suggest import nearest, shorten
from dcsim.units import Money, Span, parse_date, parse_money, parse_number, parse_span, plain

Read = TypeVar("Read")

_CALL = re.compile(r"\s*([A-Za-z]+)\s*\(.*", re.DOTALL)
_PERCENTAGE = re.compile(r"([-+]?)\s*(\d[\d_]*(?:\.\d+)?)\s*%")
BEGINS_LIKE_A_DATE = re.compile(r"\d{4}[-/]\d|\d{4}\.\d{1,2}\.\d|\d{1,2}([-/.])\d{1,2}\1\d")
"""What is meant as a date, also where it is written as no scenario may write it."""

_BEGINS_LIKE_A_NUMBER = re.compile(r"[-+.]?\d")

Bound = Fraction | Span | datetime
"""One written value: a number, a span or a date."""

Amount = int | Fraction | str
"""An amount as written; only its supply knows the unit it must be a whole number of."""


@dataclass(frozen=True)
class Uncertain:
    """A quantity that may be known or not: `fixed`, or a distribution with its written parameters."""

    kind: str
    values: tuple[Bound, ...]
    weights: tuple[Fraction, ...] = ()
    """Weights of a discrete distribution; parameters that are pure numbers."""

    @property
    def family(self) -> type[Continuous | Discrete | Empirical | Fixed]:
        """The class of its distribution."""
        return Fixed if self.kind == "fixed" else KINDS[self.kind]

    @cached_property
    def is_nothing(self) -> bool:
        """Whether this span is written as no time at all."""
        return all(isinstance(value, Span) and value.amount == 0 for value in self.values)

    @cached_property
    def in_months(self) -> bool:
        """Whether this span is written in months or years."""
        return any(isinstance(value, Span) and value.months for value in self.values)

    @property
    def is_mixed(self) -> bool:
        """Whether it is written in months and in weeks or shorter, which have no common measure."""
        return self.in_months and any(isinstance(v, Span) and v.amount and not v.months for v in self.values)

    def resolve(self, number: Callable[[Any], Fraction]) -> Distribution:
        """The distribution of this quantity; `number` turns each written value into a plain number."""
        return self.family.of([number(value) for value in self.values], self.weights)


HOW_TO_WRITE = {kind: distribution.written for kind, distribution in KINDS.items()}
"""How each distribution is written."""


def single(
    reader: Callable[[Any], Read], expected: str, instead: str = "this value must be fixed, not a range"
) -> Callable[[Any], Read]:
    """A reader of one written value that says what was expected when it meets something else altogether.

    `instead` says what to do where the value is written as an uncertain one.
    """

    def read(raw: Any) -> Read:
        if _is_range(raw) or (isinstance(raw, dict) and len(raw) == 1 and next(iter(raw)) in KINDS):
            raise ValueError(f"expected {expected}, got {describe(raw)}; {instead}")
        if raw is None or isinstance(raw, bool | dict | list | tuple):
            raise ValueError(f"expected {expected}, got {describe(raw)}")
        if isinstance(raw, str) and (match := _CALL.fullmatch(raw)) and match[1].lower() in HOW_TO_WRITE:
            raise ValueError(f"got '{shorten(raw)}'; write a distribution as {HOW_TO_WRITE[match[1].lower()]}")
        return reader(str(raw) if isinstance(raw, Decimal | Fraction) and reader in (parse_date, parse_limit) else raw)

    return read


def _is_range(raw: Any) -> bool:
    return isinstance(raw, str) and " to " in raw and bool(_BEGINS_LIKE_A_NUMBER.match(raw.strip()))


def parse_uncertain(raw: Any, reader: Callable[[Any], Bound]) -> Uncertain:
    """Read a value, `A to B`, or a mapping that names a distribution; `one` reads a single value."""
    if isinstance(raw, Uncertain):
        return raw
    if isinstance(raw, dict):
        return _parse_mapping(raw, reader)
    if isinstance(raw, str) and " to " in raw:
        return _parse_range(raw, reader)
    return Uncertain("fixed", (reader(raw),))


def _parse_range(raw: str, reader: Callable[[Any], Bound]) -> Uncertain:
    """`A to B`: a lognormal whose 5th and 95th percentiles are A and B; between two dates uniform."""
    low_text, high_text = (end.strip() for end in raw.split(" to ", 1))
    high = reader(high_text)
    if isinstance(high, Span) and low_text.replace("_", "").replace(".", "", 1).isdigit():
        low_text = f"{low_text} {high.unit}"  # "24 to 72 h": the unit stands once
    low = reader(low_text)
    if type(low) is not type(high):
        raise ValueError(f"got '{shorten(raw)}'; both ends of a range need the same kind")
    return Uncertain("uniform" if isinstance(low, datetime) else "lognormal", (low, high))


def _parse_mapping(raw: dict[Any, Any], reader: Callable[[Any], Bound]) -> Uncertain:
    kind = str(next(iter(raw), ""))
    if len(raw) != 1 or kind not in KINDS:
        advice = nearest(kind, KINDS) if len(raw) == 1 else ""
        raise ValueError(f"expected a value or one distribution of {', '.join(KINDS)}; got {describe(raw)}{advice}")
    written, family = raw[kind], KINDS[kind]
    if issubclass(family, Empirical):
        return _parse_empirical(written, reader)
    if issubclass(family, Discrete):
        return _parse_discrete(written, reader)
    values, pure = written if isinstance(written, list) else [written], family.pure
    if len(values) != len(fields(family)) or isinstance(written, dict):
        raise ValueError(f"write this distribution as {HOW_TO_WRITE[kind]}; got {describe(written)}")
    return Uncertain(kind, tuple(map(reader, values[pure:])), tuple(map(read_number, values[:pure])))


def _parse_empirical(written: Any, reader: Callable[[Any], Bound]) -> Uncertain:
    values = written.get("values") if isinstance(written, dict) and len(written) == 1 else None
    if not isinstance(values, list) or not values:
        raise ValueError(f"write an empirical distribution as {HOW_TO_WRITE['empirical']}; got {describe(written)}")
    return Uncertain("empirical", tuple(reader(value) for value in values))


def _parse_discrete(written: Any, reader: Callable[[Any], Bound]) -> Uncertain:
    pairs = written if isinstance(written, list) else []
    if not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"write a discrete distribution as {HOW_TO_WRITE['discrete']}; got {describe(written)}")
    return Uncertain("discrete", tuple(reader(v) for v, _ in pairs), tuple(read_number(w) for _, w in pairs))


def parse_when(raw: Any) -> Span | datetime:
    """A date, or a span counted from the start of the clock."""
    if isinstance(raw, Span | datetime):
        return raw
    if isinstance(raw, str) and BEGINS_LIKE_A_DATE.match(raw.strip()):
        return parse_date(raw)
    if isinstance(raw, date):
        return parse_date(raw)
    if isinstance(raw, str) and not _BEGINS_LIKE_A_NUMBER.match(raw.strip()):
        raise ValueError(f"expected a date such as 2024-05-02, or a span such as '30 d', got '{shorten(raw)}'")
    return parse_span(raw)


def parse_bound(raw: Any) -> Bound:
    """A number, a span or a date, in a distribution of which nothing more is known."""
    bare = not isinstance(raw, str) or not (BEGINS_LIKE_A_DATE.match(raw.strip()) or raw.strip()[-1:].isalpha())
    return parse_number(raw) if bare else parse_when(raw)


def parse_parameter(raw: Any) -> Any:
    """A parameter as it stands; a distribution as one."""
    return parse_uncertain(raw, parse_bound) if isinstance(raw, dict) or " to " in str(raw) else raw


def parse_amount_text(raw: Any) -> Amount:
    """An amount as it stands; checked against the unit of its supply later."""
    return raw if isinstance(raw, int | str) else parse_number(raw)


def describe(raw: Any) -> str:
    """What was found, in words for a message."""
    if raw is None:
        return "nothing"
    if isinstance(raw, dict):
        return (
            shorten("a mapping with the keys " + ", ".join(f"'{key}'" for key in raw), 120)
            if raw
            else "an empty mapping"
        )
    if isinstance(raw, list | tuple):
        return f"a list of {len(raw)}" if raw else "an empty list"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return f"'{shorten(str(raw))}'"


def parse_multiplier(raw: Any) -> Fraction:
    """A pure number that something is multiplied by; a percentage could mean several."""
    if isinstance(raw, str) and (match := _PERCENTAGE.fullmatch(raw.strip())):
        share = parse_number(match[2]) / 100
        more, less = plain(1 + share), f"{match[2]} % less is {plain(1 - share)}, " if share <= 1 else ""
        meanings = "" if match[1] == "-" else f"{match[2]} % longer (or more) is {more}, "
        meanings += f"{less}{'down' if share <= 1 else 'up'} to {match[2]} % is {plain(share)}"
        raise ValueError(f"{raw.strip()} is ambiguous: {meanings}")
    return parse_number(raw)


def parse_lag(raw: Any) -> Span:
    """Time between two activities: a span, less than none for a lead, or per cent of the predecessor's length."""
    text = raw.strip() if isinstance(raw, str) else ""
    if match := _PERCENTAGE.fullmatch(text.replace("\N{MINUS SIGN}", "-", 1)):
        share = parse_number(match[2])
        if share * 100 % 1 or share > MOST_OF_LENGTH:
            raise ValueError(f"per cent have at most two decimals and are at most {MOST_OF_LENGTH:,}, got '{text}'")
        return Span(-share if match[1] == "-" else share, "%")
    if text.startswith(("-", "\N{MINUS SIGN}")):
        lead = parse_span(text[1:].strip())
        if lead.months:
            raise ValueError(f"a month has no fixed length; write a lead in days or weeks, got '{shorten(text)}'")
        return Span(-lead.amount, lead.unit)
    number = None if isinstance(raw, Span) else _bare(raw)
    if number is not None and 0 < number < 1:
        part = f"{plain(100 * number)}%"
        raise ValueError(f"a lag is a span such as '2 d', or a part of the predecessor's length such as '{part}'")
    return parse_span(raw)


def _bare(raw: Any) -> Fraction | None:
    """A number without a unit; none if it is something else."""
    try:
        return parse_number(raw)
    except ValueError:
        return None


MOST_OF_LENGTH = 1000
"""Per cent of the predecessor's length that a lag may be."""

read_span = single(parse_span, "a span such as '18 weeks'")
read_date = single(parse_date, "a date such as 2024-05-02")
read_limit = single(parse_limit, "a date such as 2024-05-02 or 2024-05-02 07:30")
read_when = single(parse_when, "a date such as 2024-05-02, or a span such as '30 d'")
read_number = single(parse_number, "a number")
read_multiplier = single(parse_multiplier, "a number to multiply by, such as 1.2")
read_effect = single(
    parse_multiplier,
    "a number to multiply by, such as 1.5",
    "an uncertain one is a factor, with which things vary; time that is added has a unit, such as '1 to 4 d'",
)
read_lag = single(parse_lag, "a span such as '2 d'")
read_money = single(parse_money, "a sum of money such as '20M USD'")
read_amount = single(parse_amount_text, "an amount such as '40_000' or '8 MW'")


def as_written(kind: str) -> WithJsonSchema:
    """How a value is written, by name; `dcsim.scenario.editor` tells editors what the name means."""
    return WithJsonSchema({"written": kind})


@dataclass(frozen=True)
class Reads:
    """How a value of a scenario is read. What it becomes gets no schema: pydantic would take long to derive one."""

    read: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


SpanValue = Annotated[Span, Reads(read_span), as_written("span")]
DateValue = Annotated[datetime, Reads(read_date), as_written("date")]
LimitValue = Annotated[date, Reads(read_limit), as_written("date")]
WhenValue = Annotated[Span | datetime, Reads(read_when), as_written("when")]
NumberValue = Annotated[Fraction, Reads(read_number), as_written("number")]
MultiplierValue = Annotated[Fraction, Reads(read_multiplier), as_written("number")]
EffectMultiplier = Annotated[Fraction, Reads(read_effect), as_written("number")]
LagValue = Annotated[Span, Reads(read_lag), as_written("span")]
MoneyValue = Annotated[Money, Reads(read_money), as_written("money")]
AmountValue = Annotated[Amount, Reads(read_amount), as_written("amount")]
ParameterValue = Annotated[Any, Reads(parse_parameter), as_written("parameter")]
UncertainSpan = Annotated[Uncertain, Reads(lambda raw: parse_uncertain(raw, read_span)), as_written("uncertain span")]
UncertainWhen = Annotated[Uncertain, Reads(lambda raw: parse_uncertain(raw, read_when)), as_written("uncertain when")]
UncertainMultiplier = Annotated[
    Uncertain, Reads(lambda raw: parse_uncertain(raw, read_multiplier)), as_written("uncertain number")
]
