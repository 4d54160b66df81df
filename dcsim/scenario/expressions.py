"""Expressions: `ceil(it_power / 75 MW)`, `day_zero - 52 wk`, `if(source == grid, 70 wk, 20 wk)`.

A reader of its own, by Pratt's method (Top down operator precedence, 1973): it knows numbers with units, dates, names,
the operations below, and nothing else. Length, depth and the size of numbers are bounded.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

from dcsim.scenario import quantity
from dcsim.scenario.quantity import Operand, Quantity, Value
from dcsim.suggest import nearest
from dcsim.units import SPAN_WORDS, magnitude_of, parse_date, parse_number

LONGEST, MOST_TOKENS, DEEPEST = 1_000, 250, 30
"""Characters, words and signs of an expression, and brackets inside each other."""

FUNCTIONS = {"ceil": (1, 2), "floor": (1, 2), "round": (1, 2), "min": (1, 20), "max": (1, 20), "if": (3, 3)}
"""All that can be called, with the least and the most that stands between its brackets."""
_STRENGTH = {
    "to": 1,
    "or": 2,
    "and": 3,
    **dict.fromkeys(quantity.COMPARISONS, 5),
    **dict.fromkeys("+-", 6),
    **dict.fromkeys("*/", 7),
    "**": 9,
}
_BEFORE = {"not": 4, "-": 8, "+": 8}
"""How tightly operations bind, between two values and before one."""
_CONSTANTS = {"true": True, "false": False}
RESERVED = (*FUNCTIONS, *_CONSTANTS, "to", "and", "or", "not")
"""Words that cannot be names."""

_WORD = r"(?!(?:and|or|not|to)\b)[A-Za-z][A-Za-z0-9]*"
_TOKEN = re.compile(
    rf"""\s*(?:
    (?P<date>\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]\d{{1,2}}:\d{{2}})?(?!\d))
    |(?P<number>(?:\d[\d_]*(?:\.\d[\d_]*)?|\.\d+)(?:[eE][+-]?\d{{1,9}}(?!\w))?)
        (?:\s*(?P<unit>(?:k|M|B|bn)[ ]+{_WORD}|{_WORD}))?
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |'(?P<quoted>[^']*)'|"(?P<doubly>[^"]*)"
    |(?P<sign>\*\*|[<>=!]=|[-+*/(),<>])
    )""",
    re.VERBOSE | re.ASCII,
)
_SLIPS = {
    "=": "write a comparison as ==",
    "^": "write a power as **",
    "%": "write the fraction: 0.05 is 5 %",
    **dict.fromkeys("'\"", "the quote that opens here is not closed"),
}


class Token(NamedTuple):
    """A number, a date, a name or a sign, and where it stands."""

    kind: str
    text: str
    begin: int
    end: int
    value: Value | None = None


@dataclass(frozen=True)
class Term:
    """A part of an expression: a value, a name, or an operation on other parts; and how it is written."""

    does: str
    text: str
    parts: tuple["Term", ...] = ()
    value: Value | None = None

    def names(self) -> Iterator[str]:
        """Every name in it."""
        if self.does == "name":
            yield self.text
        for part in self.parts:
            yield from part.names()


@lru_cache(maxsize=512)
def parse(text: str) -> Term:
    """An expression taken apart, once for all that are written alike; raises ValueError with what is wrong where."""
    if len(text) > LONGEST:
        raise ValueError(f"an expression may have at most {LONGEST:,} characters, got {len(text):,}; split it up")
    tokens = [*_tokens(text), Token("end", "", len(text), len(text))]
    if len(tokens) > MOST_TOKENS:
        raise ValueError(f"an expression may have at most {MOST_TOKENS} numbers, names and signs; split it up")
    reader = _Reader(text, tokens)
    term = reader.expression()
    if reader.token.kind != "end":
        raise reader.unexpected("the end or an operation such as +")
    return term


def literal(text: str) -> Value:
    """A number with its unit, or a rate; raises ValueError for all that is to be computed."""
    term = parse(text)
    first, *rest = term.parts or (term,)
    is_rate = term.does == "/" and isinstance(per := rest[0].value, Quantity) and per.dimensions == quantity.TIME
    if first.value is None or not (term.does in ("value", "negative") or is_rate):
        raise ValueError("this is not a single value")
    return evaluate(term, {})


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            advice = _SLIPS.get(rest[0], "expressions consist of numbers with units, names, + - * / ** and comparisons")
            raise ValueError(f"cannot read '{rest[:20]}'; {advice}")
        kind = str(match.lastgroup)
        begin = match.start("number" if kind == "unit" else kind)
        at = match.end()
        match kind:
            case "date":
                yield Token("value", text[begin:at], begin, at, parse_date(match[kind]))
            case "number" | "unit":
                yield Token("value", text[begin:at], begin, at, _quantity(match))
            case "quoted" | "doubly":
                yield Token("name", match[kind], begin - 1, at)
            case _:
                word = match[kind]
                yield Token("sign" if word in (*_STRENGTH, "not") else kind, word, begin, at)


def _quantity(match: re.Match[str]) -> Quantity:
    number = parse_number(match["number"])
    size, word = magnitude_of(match["unit"] or "")
    return Quantity.of(number * size, word)


@dataclass
class _Reader:
    """Goes through the words and signs of an expression from left to right."""

    text: str
    tokens: list[Token]
    at: int = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def unexpected(self, wanted: str) -> ValueError:
        """What stands here is something else than was expected."""
        token = self.token
        last = self.tokens[self.at - 1].text if self.at else ""
        where = "at the end" if token.kind == "end" else f"before '{token.text}'"
        after = f" after '{last}'" if last else ""
        return ValueError(f"expected {wanted}{after} {where}")

    def expression(self, least: int = 0, depth: int = 0) -> Term:
        """What binds tighter than this."""
        if depth > DEEPEST:
            raise ValueError(f"brackets may nest at most {DEEPEST} deep; split the expression up")
        begin = self.token.begin
        left = self._first(depth)
        while self.token.kind == "sign" and (strength := _STRENGTH.get(self.token.text, 0)) > least:
            does = self.take().text
            if does == "/" and self._is_unit():
                word = self.take()
                right = Term("value", word.text, value=Quantity.of(parse_number(1), word.text))
            else:
                right = self.expression(strength - (does == "**"), depth + 1)
            left = Term(does, self._since(begin), (left, right))
        return left

    def _is_unit(self) -> bool:
        """Whether a unit of time stands here by itself: 60_000 / wk."""
        return self.token.kind == "name" and self.token.text in SPAN_WORDS and self.tokens[self.at + 1].text != "("

    def _since(self, begin: int) -> str:
        return self.text[begin : self.tokens[self.at - 1].end]

    def _first(self, depth: int) -> Term:
        """A value, a name, a call, something in brackets, or something with a sign before it."""
        token = self.token
        if token.kind == "value":
            return Term("value", self.take().text, value=token.value)
        if token.kind == "name":
            self.take()
            if token.text in _CONSTANTS:
                return Term("value", token.text, value=_CONSTANTS[token.text])
            return self._call(token, depth) if self.token.text == "(" else Term("name", token.text)
        if token.text in _BEFORE:
            self.take()
            inner = self.expression(_BEFORE[token.text], depth + 1)
            does = {"-": "negative", "+": "positive"}.get(token.text, token.text)
            return Term(does, self._since(token.begin), (inner,))
        if token.text == "(":
            self.take()
            inner = self.expression(0, depth + 1)
            self._close()
            return inner
        raise self.unexpected("a number, a name or a bracket")

    def _call(self, function: Token, depth: int) -> Term:
        if function.text not in FUNCTIONS:
            raise ValueError(f"no function '{function.text}'{nearest(function.text, FUNCTIONS)}")
        self.take()
        parts = [self.expression(0, depth + 1)]
        while self.token.text == ",":
            self.take()
            parts.append(self.expression(0, depth + 1))
        self._close()
        least, most = FUNCTIONS[function.text]
        if not least <= len(parts) <= most:
            wanted = least if least == most else f"{least} to {most}"
            raise ValueError(f"`{function.text}` takes {wanted} values between its brackets, got {len(parts)}")
        return Term(function.text, self._since(function.begin), tuple(parts))

    def _close(self) -> None:
        if self.token.text != ")":
            raise self.unexpected("a closing bracket")
        self.take()


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": quantity.add,
    "-": partial(quantity.add, does="-"),
    "*": quantity.multiply,
    "/": partial(quantity.multiply, does="/"),
    "**": quantity.power,
    "to": quantity.between,
    "not": lambda operand: not quantity.truth("not", operand),
    "positive": lambda operand: operand.value,
    "negative": lambda operand: quantity.multiply(operand, Operand(Quantity(parse_number(-1)), "-")),
    **{name: partial(quantity.rounded, name) for name in ("ceil", "floor", "round")},
    **{name: partial(quantity.extreme, name) for name in ("min", "max")},
    **{name: partial(quantity.compared, name) for name in quantity.COMPARISONS},
}


def evaluate(term: Term, names: Mapping[str, Value]) -> Value:
    """What an expression comes to; raises ValueError where it comes to nothing.

    Of `if`, `and` and `or` only what is needed is computed.
    """
    match term.does:
        case "value" if term.value is not None:
            return term.value
        case "name":
            return names[term.text]
        case "if":
            condition, then, otherwise = term.parts
            return evaluate(then if _holds("if", condition, names) else otherwise, names)
        case "and":
            return all(_holds("and", part, names) for part in term.parts)
        case "or":
            return any(_holds("or", part, names) for part in term.parts)
    return _OPERATIONS[term.does](*(Operand(evaluate(part, names), part.text) for part in term.parts))


def _holds(does: str, part: Term, names: Mapping[str, Value]) -> bool:
    return quantity.truth(does, Operand(evaluate(part, names), part.text))
