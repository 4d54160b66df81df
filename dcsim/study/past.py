"""What past builds say of the next: the days of those of its class, of all of them, and the promise that was made.

The class of a step is made of the past builds with the same shell (new, conversion, ...): of the first step of a site
the first steps of the others, of a later step their later steps, in days from their starts. The site itself is left
out. Where there are none, the steps of all past builds in the same order stand in, and where there are none of these,
every step of any other site.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from dcsim.scenario.cases import Site, Step
from dcsim.study.scores import Days

CLASS, ALL, ANNOUNCED = "class", "past builds", "announced"
ROLLING: Literal["rolling"] = "rolling"

Moment = dt.date | Literal["", "rolling"]
"""Until when facts are known: nothing is said, at the start of each site, or until a date."""


class Past(NamedTuple):
    """A step of a past build."""

    site: str
    shell: str
    first: bool
    date: dt.date
    day: float


def past_of(site: Site) -> Iterator[Past]:
    """The dated steps of a site whose start is known."""
    for step in site.steps:
        if step.operational and step.date is not None and site.started is not None:
            first, day = is_first(site, step), float((step.date - site.started).days)
            yield Past(site.name, site.shell, first, step.date, day)


def is_first(site: Site, step: Step) -> bool:
    """Whether a step is the first of its site."""
    return step.buildings == min((step.buildings for step in site.steps), default=1)


class Forecast(NamedTuple):
    """A sample of days, and whose it is."""

    name: str
    days: Days
    stands_in: bool = False
    """Whether it is of other builds than it should be, because there are none of these."""


def references(site: Site, step: Step, past: Sequence[Past], moment: Moment, elapsed: float = 0) -> Iterator[Forecast]:
    """What the class of past builds, all past builds, and the promise would say of a step that was not operational so
    many days after the start: of past builds those count that took longer."""
    assert site.started is not None
    until = site.started + dt.timedelta(elapsed) if moment == ROLLING else moment
    other_events = [event for event in past if event.site != site.name]
    known = [event for event in other_events if not isinstance(until, dt.date) or event.date < until]
    alike = [event for event in known if event.first == is_first(site, step)]
    pools = [[event for event in alike if event.shell == site.shell], alike, other_events]
    longer = [[event.day for event in pool if event.day > elapsed] for pool in pools]
    for name, wanted in ((CLASS, longer), (ALL, longer[1:])):
        pool = next((days for days in wanted if days), [elapsed] if other_events else None)
        if pool is not None:
            yield Forecast(name, np.array(pool), pool is not wanted[0])
    if site.announced is not None and site.announced_for == step.buildings:
        yield Forecast(ANNOUNCED, np.array([max(float((site.announced - site.started).days), elapsed)]))
