"""Working times that several networks draw alike, kept for the next of them.

Variants of a scenario mostly have the same activities. Under the same seed these take the same times, before factors.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from dcsim.content import content
from dcsim.engine.draws import WorkingTimes, room
from dcsim.network import Network


@dataclass
class Kept:
    """Working times before factors, the last that were asked for: networks that draw them alike share them."""

    room: int = 160_000_000
    """Bytes that they take at most."""
    times: OrderedDict[object, WorkingTimes] = field(default_factory=OrderedDict)
    size: int = 0
    lock: Lock = field(default_factory=Lock)

    def __reduce__(self) -> tuple[type["Kept"], tuple[int]]:
        return Kept, (0,)  # another process gets each network with its own, which none shares

    def has_room_for(self, count: int, network: Network) -> bool:
        """Whether the working times of so many replications of a network fit in, but for repairs."""
        return count * (8 * room(network) + 9 * network.instances) <= self.room

    def of(self, origin: object, make: Callable[[], WorkingTimes]) -> WorkingTimes:
        """The times that follow from this, which nobody changes; those asked for longest ago make room."""
        with self.lock:
            if (known := self.times.get(origin)) is not None:
                self.times.move_to_end(origin)
                return known
        made = make()  # without the lock: a second thread may make the same meanwhile
        with self.lock:
            if origin not in self.times:
                self.times[origin] = made
                self.size += _size(made)
            while self.size > self.room:
                self.size -= _size(self.times.popitem(last=False)[1])
        return made


def _size(times: WorkingTimes) -> int:
    return sum(part.nbytes for part in times)


@lru_cache(maxsize=8)
def drawn_from(network: Network) -> bytes:
    """All that decides about working times but the seed and factors."""
    parts = (network.activities, network.levels, network.first, network.place, network.mixtures, network.options)
    return content((network.work, network.more, network.places, *parts))
