"""What has happened by the status date: the actual dates of activities, and what is left of those under way.

What is finished keeps its actual dates: it waits for nothing and takes nothing that others would miss, and no risk
makes it longer. Of what is under way, the rest is a piece of work like others: it is not before the status date, waits
for all that its start waits for (retained logic), and takes its crews, before all others that wait for them. What is
not told has not begun.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcsim.dates import last_tick, tick_of
from dcsim.places import Places
from dcsim.scenario.schema import Activity, ActivityPart, Progress, Scenario
from dcsim.scenario.values import Uncertain
from dcsim.trace import NOT
from dcsim.units import Span

Ints = NDArray[np.int64]


class Actual(NamedTuple):
    """When an instance really started, and finished; `NOT` while it is under way."""

    start: int
    finish: int
    progress: Progress


class Part(NamedTuple):
    """Some instances of an activity with what is left to do of them."""

    spec: Activity
    places: Ints
    instances: Ints
    whole: Activity
    """The work as it is written, of which this is what is left."""
    actual: Actual | None = None
    """None of what has not begun."""

    @property
    def is_done(self) -> bool:
        """Whether it has finished."""
        return self.actual is not None and self.actual.finish != NOT

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun and not finished."""
        return self.actual is not None and self.actual.finish == NOT


@dataclass
class Past:
    """The progress that a scenario tells, up to its status date."""

    scenario: Scenario
    places: Places
    status: int = NOT
    """The tick of the status date; none where no progress is told."""
    _progress: dict[str, list[Progress]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for progress in self.scenario.progress:
            self._progress.setdefault(progress.activity, []).append(progress)
        until = self.scenario.status
        if self._progress and until is not None:
            self.status = last_tick(self.scenario.start, until)
        activities = self.scenario.activities.values()
        parts = [part for activity in activities for part in (activity, *activity.within.values())]
        self.first = 1 + max((part.priority for part in parts), default=0)
        """The priority of what is under way."""

    def parts(self, name: str, spec: Activity, places: Ints, instances: Ints) -> Iterator[Part]:
        """The instances that have not begun, and then each that has."""
        actual = self._actual(name, spec, places)
        if not actual:
            yield Part(spec, places, instances, spec)
            return
        ahead = np.array([k not in actual for k in range(len(places))], np.bool_)
        if ahead.any():
            yield Part(spec, places[ahead], instances[ahead], spec)
        for k, dates in actual.items():
            rest = _done(spec, dates) if dates.finish != NOT else self._under_way(spec, dates)
            yield Part(rest, places[k : k + 1], instances[k : k + 1], spec, dates)

    def _actual(self, name: str, spec: Activity, places: Ints) -> dict[int, Actual]:
        """The progress at each of these places, by their position; the last that is told counts."""
        actual: dict[int, Actual] = {}
        for progress in self._progress.get(name, ()):
            start = tick_of(self.scenario.start, progress.begins)
            finish = NOT
            if progress.finished is not None:
                finish = start if progress.started is None else last_tick(self.scenario.start, progress.finished)
            for k in np.flatnonzero(self.places.matches(progress.place, spec.at)[places]).tolist():
                actual[k] = Actual(start, finish if finish <= self.status else NOT, progress)
        return dict(sorted(actual.items()))

    def _under_way(self, spec: Activity, actual: Actual) -> Activity:
        """What is left to do, as a piece of work."""
        changes: dict[str, object] = {"consumes": {}, "priority": self.first, "not_before": None}
        if spec.learning is not None:
            changes["learning"] = spec.learning.model_copy(update={"rate": Fraction(1)})
        if actual.progress.remaining is not None:
            changes["duration"] = actual.progress.remaining
            changes["ways"] = {k: way and way.model_copy(update={"duration": None}) for k, way in spec.ways.items()}
        return spec.model_copy(update=changes)


def _done(spec: Activity, actual: Actual) -> Activity:
    """What is finished, as work that takes its time and nothing else."""
    empty = ActivityPart()
    changes = {name: getattr(empty, name) for name in ActivityPart.model_fields if name != "produces"}
    changes["duration"] = Uncertain("fixed", (Span(Fraction(actual.finish - actual.start), "min"),))
    if spec.learning is not None:
        changes["learning"] = spec.learning.model_copy(update={"rate": Fraction(1)})
    return spec.model_copy(update=changes)
