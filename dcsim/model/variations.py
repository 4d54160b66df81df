"""A thing as it is in each place: what is written of it, with what differs there laid over it."""

from functools import lru_cache, reduce
from operator import itemgetter
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from dcsim.places import Places
from dcsim.scenario import schema
from dcsim.scenario.checks.parts import spaced

Part = TypeVar("Part", bound=BaseModel)
Thing = TypeVar("Thing")


class Same(Generic[Thing]):
    """A thing that nobody changes, told from others by its identity: to compare all of it would take long.

    Variants of a scenario have all things in common that they leave as they are.
    """

    __slots__ = ("thing",)

    def __init__(self, thing: Thing) -> None:
        self.thing = thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, second: object) -> bool:
        return isinstance(second, Same) and self.thing is second.thing


def overlay(full: Part, part: BaseModel) -> Part:
    """A spec with a partial spec applied: mappings merge, an empty entry deletes, the rest replaces."""
    laid: Part = _laid_over(Same(full), Same(part))
    return laid


@lru_cache(maxsize=1024)
def _laid_over(below: Same[Any], over: Same[Any]) -> Any:
    full, part = below.thing, over.thing
    changes = {}
    for name in part.model_fields_set:
        before, after = getattr(full, name), getattr(part, name)
        if name == "requires":  # however its alternatives are spaced
            before, after = ({spaced(key): value for key, value in part.items()} for part in (before, after))
        if isinstance(before, dict) and isinstance(after, dict) and name not in ("count", "rate"):
            laid = {
                k: overlay(before[k], v) if isinstance(v, schema.Way) and k in before else v for k, v in after.items()
            }
            after = {key: value for key, value in (before | laid).items() if value is not None}
        elif after is None:
            after = type(full).model_fields[name].get_default(call_default_factory=True)
        changes[name] = after
    return full.model_copy(update=changes)


def variations(
    spec: Part, within: dict[str, BaseModel], places: Places, level: str
) -> list[tuple[Part, NDArray[np.int64]]]:
    """The spec as it is in each group of places of its level that the same patterns name, with those places."""
    if not within:
        return [(spec, np.arange(places.count(level)))]
    parts, group = list(within.values()), np.zeros(places.count(level), np.int64)
    named: list[tuple[int, ...]] = [()]
    """Of each group, the patterns that name its places, the last first."""
    for k, pattern in enumerate(within):
        places_there = np.flatnonzero(places.matches(pattern, level))
        before, inverse = np.unique(group[places_there], return_inverse=True)
        group[places_there] = len(named) + inverse
        named += [(k, *named[old]) for old in before.tolist()]
    order = np.argsort(group, kind="stable")
    varied = []
    for where in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else ():
        patterns = named[group[where[0]]]
        varied.append((patterns, reduce(overlay, (parts[k] for k in reversed(patterns)), spec), where))
    return [(variant, where) for _, variant, where in sorted(varied, key=itemgetter(0))]
