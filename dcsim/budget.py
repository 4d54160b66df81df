"""How much memory a scenario may take, and what each of its parts takes: counted before anything is built."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil, floor
from typing import NamedTuple

SEARCHES = (50_000, 20, 20)
"""When Python searches for garbage: most objects of a scenario stay, and a search finds little."""

LIMIT = 4.0
"""GiB; the default memory limit."""

BYTES: Mapping[str, int] = {
    "places": 150,
    "activities in all places": 1500,
    "links between activities": 150,
    "queues in all places": 1000,
    "resources and supplies in all places": 300,
    "orders in all places": 1000,
    "deliveries": 400,
    "comparisons of patterns with places": 200,
    "intervals of calendars": 250,
    "values kept of all replications": 24,
    "rows of curves over time": 72,
}
"""What one of each takes while a build is simulated by the slower engine and told; measured, and rounded up. Where the
time that it takes is what hurts, that much more."""


PLACES_PER_GIB = 1_250_000
"""Places that are laid out before anything is counted: a slip of the pen may make any number of them."""


def most_places(limit: float) -> int:
    """Places that are laid out where a scenario may take so many GiB."""
    return floor(PLACES_PER_GIB * limit)


class Part(NamedTuple):
    """So many of one kind, where they stand, and what would make them fewer."""

    kind: str
    number: int
    path: tuple[str | int, ...] = ()
    remedy: str = ""


def excess(parts: Iterable[Part], limit: float) -> tuple[Part, str] | None:
    """What there is too much of where all takes more than so many GiB, and what to say; none where it has room."""
    total: Counter[str] = Counter()
    heaviest: dict[str, Part] = {}
    for part in parts:
        total[part.kind] += part.number
        if part.kind not in heaviest or part.number > heaviest[part.kind].number:
            heaviest[part.kind] = part
    taken, room = sum(BYTES[kind] * count for kind, count in total.items()), limit * 2**30
    if taken <= room:
        return None
    kind = max(total, key=lambda kind: BYTES[kind] * total[kind])
    most = max(0, floor((room - taken) / BYTES[kind]) + total[kind])
    beside = "" if len(total) == 1 else " together with the rest"
    enough = f"`--limit {ceil(taken / 2**30):,}` (GiB)"
    needs = f"{total[kind]:,} {kind}; at most {most:,}{beside} with `--limit {limit:g}`"
    return heaviest[kind], f"{needs}: {heaviest[kind].remedy}, or {enough}"
