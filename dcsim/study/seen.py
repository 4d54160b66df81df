"""Builds that agree with what was seen so far: the replications that stand for a build under way.

A date that was seen lies within its error, and may be anywhere there. A replication that reaches the milestone within
that error agrees with it, and counts in full; one that contradicts any sighting does not count. Builds are drawn until
so many agree as are asked for: these are a sample of the build given what was seen (rejection sampling), and all
that is reported of them, with its intervals, is reported as for any other replications.

Where hardly any agree, errors are widened by one factor for all, and the builds nearest to what was seen stand for it
(Approximate Bayesian Computation: Beaumont, Annual Review of Statistics and Its Application 6 (2019) 379). A bound
without an error is never widened.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import moments, typed
from dcsim.analysis.milestones import date_by
from dcsim.analysis.quantiles import LEVELS
from dcsim.dates import day_of
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario, Sighting
from dcsim.study.tables import SEEN
from dcsim.study.threads import Pool
from dcsim.study.trials import reached
from dcsim.trace import NOT, Ints
from dcsim.units import DAY

ENOUGH = 100
"""Builds that are enough to stand for what was seen, if fewer agree than are asked for."""
TRIES, MOST = 100, 1_000_000
"""Builds that are drawn at most: for each that is asked for, and in all."""
EXACT = 0.5
"""Days that count as the error of a date without an error: the same day."""
STRETCH = 1024
"""Builds that are drawn at least before it is asked whether so many agree."""


@dataclass(frozen=True, eq=False)
class Agreed:
    """The replications that stand for a build of which something was seen."""

    numbers: Ints
    """Which these are, in ascending order."""
    drawn: int
    """How many were looked at."""
    agree: int
    """How many of these agree with all that was seen, within its errors."""
    widened: float
    """By how much the errors are widened; 1 where enough agree."""
    sightings: pd.DataFrame
    """One row per sighting: milestone, seen (reached, reached by, not by), date, error (days), alone (the share of all
    builds drawn that agree with it)."""
    before: pd.DataFrame
    """One row per milestone: milestone, p10_date, ..., as if nothing had been seen."""


def about_seen(agreement: Agreed | None) -> dict[str, Any]:
    """What a manifest says of it; nothing where nothing was seen."""
    if agreement is None:
        return {}
    until = max(agreement.sightings["date"]).date().isoformat()
    counts = {name: getattr(agreement, name) for name in ("drawn", "agree", "widened")}
    seen = {"until": until, "sightings": len(agreement.sightings), **counts}
    return {"seen": seen, "simulated": len(agreement.numbers)}


def known_until(scenario: Scenario) -> dt.date | None:
    """Until the end of which day it is known what happened; none if nothing was seen."""
    return None if scenario.status is None else day_of(scenario.status)


def sightings_of(scenario: Scenario) -> tuple[Sighting, ...]:
    """What was seen until the date that counts, in the order of dates."""
    until = known_until(scenario)
    sightings = [seen for seen in scenario.seen if isinstance(seen, Sighting) and until and seen.day <= until]
    return tuple(sorted(sightings, key=lambda sighting: sighting.day))


def draws_of(scenario: Scenario, count: int) -> int:
    """How many replications it may take until so many agree."""
    return max(count, min(TRIES * count, MOST)) if sightings_of(scenario) else count


def refuse_seen(scenario: Scenario, question: str) -> None:
    """Refuse sightings to a question that varies each input alone; raises RequestError."""
    if sightings_of(scenario):
        why = f"{question} varies each input on its own, and sightings make inputs depend on each other"
        raise RequestError(f"{why}: add --set seen=[], or use dcsim promise")


def away(network: Network, sightings: Sequence[Sighting], dated: Ints) -> NDArray[np.float64]:
    """How far builds are from each sighting, in its errors: builds by sightings. They agree where it is at most 1.

    `dated` holds the minutes that date the milestones, builds by milestones.
    """
    numbers = {milestone.name: number for number, milestone in enumerate(network.milestones)}
    days = np.zeros((len(dated), len(sightings)))
    for k, sighting in enumerate(sightings):
        minutes = dated[:, numbers[sighting.milestone]]
        midnight = network.start.replace(hour=0, minute=0)
        since = (network.start - midnight) // dt.timedelta(minutes=1)
        day = np.where(minutes == NOT, inf, (minutes + since) // DAY)
        later = day - (sighting.day - midnight.date()).days
        error = float(sighting.error.minutes) / DAY
        if sighting.reached is not None:
            days[:, k] = np.abs(later) / max(error, EXACT)
        else:
            wrong = np.maximum(0, 1 - later if sighting.not_by is not None else later)
            days[:, k] = np.where(wrong == 0, 0, wrong / error if error else inf)
    return days


def agreed(
    scenario: Scenario,
    network: Network,
    seed: int,
    count: int,
    engine: str,
    pool: Pool,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Agreed | None:
    """The replications that agree with what was seen, so many if there are; none where nothing was seen.

    Which these are does not depend on the engine or on the number of workers.

    Raises
    ------
    RequestError
        No build gets near what was seen.
    """
    sightings = sightings_of(scenario)
    if not sightings:
        return None
    most, drawn = draws_of(scenario, count), 0
    far, first = np.zeros((0, len(sightings))), np.zeros((0, len(network.milestones)), np.int64)
    while drawn < most and (far.max(axis=1) <= 1).sum() < count:
        last = min(drawn + max(STRETCH, drawn // 4), most)
        dated = reached(network, engine, seed, range(drawn, last), pool).dated
        first = np.concatenate([first, dated[: max(0, count - drawn)]])
        far = np.concatenate([far, away(network, sightings, dated)])
        drawn = last
        progress(min(count, int((far.max(axis=1) <= 1).sum())), count)
    numbers = np.flatnonzero(far.max(axis=1) <= 1)[:count]
    if len(numbers) == count:
        far = far[: numbers[-1] + 1]
    agree, widened = len(numbers), 1.0
    if agree < min(ENOUGH, count):
        numbers, widened = _nearest(sightings, far, min(ENOUGH, count))
    table = _table(sightings, (far <= 1).mean(axis=0))
    return Agreed(numbers, len(far), agree, widened, table, _before(network, first))


def _nearest(sightings: Sequence[Sighting], far: NDArray[np.float64], count: int) -> tuple[Ints, float]:
    """The builds that are nearest to all that was seen, and by how much the errors are widened for them."""
    worst = far.max(axis=1)
    near = np.flatnonzero(np.isfinite(worst))
    if not len(near):
        k = int(np.isfinite(far).mean(axis=0).argmin())
        milestone, day = sightings[k].milestone, sightings[k].day
        way = _way(sightings[k])
        often = f"this alone agrees with {int(np.isfinite(far[:, k]).sum()):,}"
        sighting = f"'{milestone}' {way} {day}"
        raise RequestError(f"none of {len(far):,} replications agrees with all sightings; {sighting}: {often}")
    chosen = near[np.argsort(worst[near], kind="stable")[:count]]
    return np.sort(chosen), float(max(1.0, worst[chosen].max()))


WAYS = ("reached", "reached_by", "not_by")
"""How a date bounds a milestone."""


def _way(sighting: Sighting) -> str:
    """How the date of a sighting bounds its milestone, in words."""
    return next(name.replace("_", " ") for name in WAYS if getattr(sighting, name) is not None)


def _table(sightings: Sequence[Sighting], alone: NDArray[np.float64]) -> pd.DataFrame:
    days = [dt.datetime.combine(sighting.day, dt.time()) for sighting in sightings]
    rows = [
        (sighting.milestone, _way(sighting), day, float(sighting.error.minutes) / DAY, often)
        for sighting, day, often in zip(sightings, days, alone.tolist(), strict=True)
    ]
    return typed(rows, SEEN)


def _before(network: Network, dated: Ints) -> pd.DataFrame:
    names = [milestone.name for milestone in network.milestones]
    frame = pd.DataFrame({"milestone": pd.Series(names, dtype="str")})
    for level in LEVELS:
        dates = moments([date_by(network, dated[:, k], level) for k in range(len(names))])
        frame[f"p{round(100 * level)}_date"] = dates
    return frame
