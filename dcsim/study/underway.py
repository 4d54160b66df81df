"""Sites under way: at each date on which a stage was seen, the replications that agree with all seen by then.

A site is simulated once. At each date those replications stand for it that agree with every stage seen until then, with
the steps that were operational, and with the others not being so; where fewer than 100 do, the nearest (as in
`dcsim.study.seen`). No forecast is earlier than the day on which it is made.
"""

import datetime as dt
from math import hypot
from typing import NamedTuple

import numpy as np

from dcsim.scenario.cases import Step
from dcsim.scenario.schema import Sighting
from dcsim.study.replicate import Working
from dcsim.study.seen import ENOUGH, away
from dcsim.study.sites import Build, Simulated, milestone_of, sighting, simulate_site
from dcsim.trace import Ints

POOL = 8
"""How many times as many replications are simulated where too few agree."""


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


def agreeing(simulated: Simulated, date: dt.date, among: Ints) -> tuple[Ints, Made]:
    """Those of some replications that agree with what was seen until a date, or are nearest to it."""
    build = simulated.build
    assert build.site.started is not None
    far = away(build.network, sightings_at(build, date), simulated.dated[among]).max(axis=1)
    enough, elapsed = min(ENOUGH, len(among)), float((date - build.site.started).days)
    if (far <= 1).sum() >= enough:
        return among[far <= 1], Made(date, elapsed)
    near = np.argsort(far, kind="stable")[:enough]
    return among[near], Made(date, elapsed, float(max(1.0, far[near].max())))


def pool_of(simulated: Simulated, n: int, seed: int, working: Working) -> Simulated:
    """More replications of a site, where these are too few to agree with what was seen at one of the dates."""
    build, everybody = simulated.build, np.arange(n)
    if all(agreeing(simulated, date, everybody)[1].widened == 1 for date in made_of(build)):
        return simulated
    return simulate_site(build, POOL * n, seed, working, lambda done, count: None)
