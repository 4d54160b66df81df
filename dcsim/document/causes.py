"""The causes that days are spent on: the name of each kind, the words for a cause, and its colour."""

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple


class Cause(NamedTuple):
    """A kind of cause."""

    label: str
    """The kind in a legend."""
    sentence: str
    """One cause of this kind, with the name of what it is about."""
    colour: str


CAUSES = {
    "work": Cause("work", "working: {}", "green"),
    "activity": Cause("work", "working: {}", "green"),
    "rework": Cause("repair", "repairing and trying again: {}", "yellow"),
    "resource": Cause("waiting for a resource", "waiting for {}", "orange"),
    "supply": Cause("waiting for a supply", "waiting for {}", "blue"),
    "order": Cause("lead time of an order", "order {}: lead time", "blue"),
    "production": Cause("production", "production of {}", "sky"),
    "placed": Cause("order not yet placed", "order {}: not yet placed", "navy"),
    "calendar": Cause("nights and days off", "waiting for {} to open", "grey"),
    "risk": Cause("risk", "risk: {}", "red"),
    "lag": Cause("lag", "lag before {}", "line"),
    "date": Cause("fixed date", "{}: not before its date", "purple"),
    "start": Cause("before day zero", "before the first cause", "ink"),
}
"""By kind, as the tables call it, in the order of legends."""

OTHER = Cause("other", "{}", "line")


def cause(kind: str) -> Cause:
    """The words and the colour of a kind of cause."""
    return CAUSES.get(kind, OTHER)


def by_cause(kinds: Sequence[str]) -> Iterator[tuple[Cause, list[int]]]:
    """The kinds of causes in the order of legends, each with the positions at which it stands."""
    for cause_ in dict.fromkeys((*CAUSES.values(), OTHER)):
        if at := [number for number, kind in enumerate(kinds) if cause(kind) == cause_]:
            yield cause_, at


def spent_on(kind: str, name: str) -> str:
    """What days were spent on: `waiting for rack_crews`."""
    return cause(kind).sentence.format(name) if kind in CAUSES else name or kind


def waited_for(awaited: str) -> str:
    """What was waited for: `calendar:day_shift` is its opening, `risk:storms` the end of its stop of work."""
    kind, _, name = f"{awaited}".partition(":")
    if kind == "calendar" and name:
        return f"{name} to open"
    return f"{name} to end" if kind == "risk" and name else awaited


def kind_of_wait(awaited: str, supplies: Container[str]) -> str:
    """Which kind of thing was waited for."""
    kind, colon, _ = awaited.partition(":")
    return kind if colon and kind in ("calendar", "risk") else "supply" if awaited in supplies else "resource"
