"""Sites under way: at each date on which a stage was seen, the replications that agree with all seen by then.

A site is simulated until at each date 100 replications agree with every stage seen until then, with the steps that were
operational, and with the others not being so. These stand for it; where they are still too few, the nearest (as in
`dcsim.study.seen`). No forecast is earlier than the day on which it is made.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from math import hypot
from typing import NamedTuple

import numpy as np

from dcsim.scenario.cases import Step
from dcsim.scenario.schema import Sighting
from dcsim.study.seen import away
from dcsim.study.sites import Build, Simulated, Simulating, milestone_of, sighting
from dcsim.study.trials import Designed
from dcsim.trace import Ints

POOL = 20
"""How many times as many replications are simulated at most where too few agree."""


class Made(NamedTuple):
    """When a forecast is made."""

    date: dt.date
    elapsed: float
    """Days since the start of the site."""
    widened: float = 1.0
    """By how much the errors of what was seen are widened."""

    @classmethod
    def at_start(cls, build: Build) -> "Made":
        """As the site starts."""
        assert build.site.started is not None
        return cls(build.site.started, 0.0)


def open_steps(build: Build, date: dt.date) -> list[Step]:
    """The steps that were not operational on a date, and of which something later is known."""
    steps = []
    for step in build.steps:
        later = step.date is not None and (step.date if step.operational else step.date - dt.timedelta(step.error))
        if later and later > date:
            steps.append(step)
    return steps


def made_of(build: Build) -> list[dt.date]:
    """The dates after the start on which something of an unfinished site was seen."""
    dates = sorted({stage.date for stage in build.site.stages})
    return [date for date in dates if build.site.started and date > build.site.started and open_steps(build, date)]


def sightings_at(build: Build, date: dt.date) -> list[Sighting]:
    """All that was seen of a site until a date."""
    site = build.site
    missing = dict.fromkeys(step.buildings for step in open_steps(build, date))
    sightings = [event for event in build.sightings if event.day <= date]
    for step in build.steps:
        if step.operational and step.date is not None and step.date <= date:
            error = hypot(step.error, site.error)
            sightings.append(sighting(milestone_of(step.buildings), "reached", step.date, error))
    return [*sightings, *(sighting(milestone_of(count), "not_by", date, site.error) for count in missing)]


def agreeing(simulated: Simulated, date: dt.date, enough: int) -> tuple[Ints, Made]:
    """The replications that agree with what was seen until a date, or the nearest to it where these are not enough."""
    build = simulated.build
    assert build.site.started is not None
    far = away(build.network, sightings_at(build, date), simulated.dated).max(axis=1)
    right, elapsed = np.flatnonzero(far <= 1), float((date - build.site.started).days)
    if len(right) >= enough:
        return right, Made(date, elapsed)
    near = np.argsort(far, kind="stable")[:enough]
    return near, Made(date, elapsed, float(max(1.0, far[near].max())))


def pools_of(
    simulated: Sequence[Simulated], simulating: Simulating, designed: Callable[[str], Designed], enough: int
) -> Iterator[Simulated]:
    """The sites of which something was seen on the way, each with more replications until enough agree at each date."""
    sites = [site for site in simulated if made_of(site.build)]
    for number, site in enumerate(sites):
        simulating.progress(number, len(sites))
        build, most = site.build, POOL * len(site)
        while len(site) < most and any(agreeing(site, date, enough)[1].widened > 1 for date in made_of(build)):
            numbers = range(len(site), min(2 * len(site), most))
            site += simulating.site(build, numbers, designed(build.site.name))
        yield site
    simulating.progress(len(sites), len(sites))
