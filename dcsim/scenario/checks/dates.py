"""Milestones that can be reached, and fitted parameters that lie in the range they were given."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import numpy as np

from dcsim.dates import first_minute, last_minute, spelled
from dcsim.places import SITE, Places
from dcsim.scenario.checks.breakdown import check_pattern
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.quantities import check_amount
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Milestone, Progress, Scenario
from dcsim.scenario.values import parse_uncertain, read_date, read_number, read_span
from dcsim.units import parse_number


@dataclass(frozen=True)
class Prior:
    """A range in which a parameter has to stay, and how a value is compared with its ends."""

    written: str
    measure: Callable[[Any], Fraction]
    low: Fraction
    high: Fraction

    def holds(self, value: object) -> bool:
        """Whether a value is of the kind that the range is of: numbers, spans or dates."""
        try:
            self.measure(value)
        except ValueError:
            return False
        return True


def check_milestones(scenario: Scenario, findings: Problems) -> None:
    """The number that a milestone counts up to can be counted."""
    for name, milestone in scenario.milestones.items():
        path: Key = ("milestones", name, "reaches")
        if milestone.supply in scenario.supplies:
            reaches = check_amount(path, milestone.reaches, scenario.supplies[milestone.supply].unit, findings)
        elif milestone.activity is not None and milestone.reaches is not None:
            reaches = findings.read(path, _whole_number, milestone.reaches)
        else:
            continue
        findings.require(reaches != 0, path, "`reaches` must be at least 1")


def check_seen(scenario: Scenario, findings: Problems) -> None:
    """What was seen was seen after the clock starts, with an error of a fixed length, and ends after it begins."""
    for number, sighting in enumerate(scenario.seen):
        path: Key = ("seen", number)
        if isinstance(sighting, Progress):
            _check_progress(path, sighting, scenario, findings)
            continue
        findings.read((*path, "error"), lambda error: error.minutes, sighting.error)
        before = f"the clock starts on {scenario.start:%Y-%m-%d}, after the sighting of {sighting.day}"
        findings.require(scenario.start.date() <= sighting.day, path, before)


def _check_progress(path: Key, progress: Progress, scenario: Scenario, findings: Problems) -> None:
    """Work starts after the clock does, and finishes after it starts."""
    start, started, finished = scenario.start, progress.started, progress.finished
    activity = scenario.activities.get(progress.activity)
    if started is None and activity is not None and not activity.is_nothing:
        findings.add(path, f"'{progress.activity}' takes time: say also when it `started`")
    before = f"the clock starts on {spelled(start)}, after this: set `start` to an earlier date"
    findings.require(start <= progress.begins, path, before)
    if started is not None and finished is not None:
        message = f"it finished on {spelled(finished)}, before it started on {spelled(started)}"
        findings.require(first_minute(started) <= last_minute(finished), path, message)


def check_seen_in_places(scenario: Scenario, places: Places, findings: Problems) -> None:
    """Progress is told of places in which the activity is done."""
    for number, sighting in enumerate(scenario.seen):
        if isinstance(sighting, Progress) and sighting.activity in scenario.activities and sighting.place != SITE:
            level = scenario.activities[sighting.activity].at
            if level in places.tiers:
                check_pattern(("seen", number, "place"), sighting.place, level, places, findings)


def check_milestones_in_places(scenario: Scenario, places: Places, findings: Problems) -> None:
    """What a milestone counts happens where it looks, and often enough."""
    for name, milestone in scenario.milestones.items():
        level = _level(scenario, milestone)
        if level not in places.tiers:
            continue
        if milestone.place is not None:
            check_pattern(("milestones", name, "in"), milestone.place, level, places, findings)
        if milestone.activity in scenario.activities and milestone.reaches is not None:
            count = _instances(scenario, milestone, level, places)
            reaches = _count(milestone)
            if 0 < count < reaches:
                done = f"'{milestone.activity}' is done {count:,} times there, not {reaches:,}"
                message = f"can never be reached: {done}"
                findings.add(("milestones", name, "reaches"), message)


def check_fitted(scenario: Scenario, findings: Problems) -> None:
    """Fitted parameters exist, and lie in their prior ranges."""
    for name, fitted in scenario.fitted.items():
        path: Key = ("fitted", name)
        node, value = findings.document.find(name)
        if not node:
            paths = (".".join(map(str, key)) for key in findings.document.positions if len(key) > 1)
            findings.add(path, f"this scenario has no '{name}'{findings.near(name, paths)}")
        prior = prior_of(fitted.prior)
        if prior is None:
            findings.add((*path, "prior"), f"expected a range such as '4 to 20' or '3 to 9 wk', got '{fitted.prior}'")
        elif node:
            _check_inside((*path, "prior"), name, value, prior, findings)


def _check_inside(path: Key, name: str, value: object, prior: Prior, findings: Problems) -> None:
    """A plain value lies in its prior range; what cannot be compared is left alone."""
    if prior.holds(value) and not prior.low <= prior.measure(value) <= prior.high:
        findings.add(path, f"{name} is {value}, outside its prior range of {prior.written}")


def prior_of(text: str) -> Prior | None:
    """A range of numbers, of spans or of dates; none where it is none of these."""
    for reader, measure in ((read_number, _number), (read_span, _minutes), (read_date, _seconds)):
        try:
            ends = parse_uncertain(text, reader).values
            if len(ends) == 2:
                return Prior(text, measure, measure(ends[0]), measure(ends[1]))
        except ValueError:
            continue
    return None


def _number(value: Any) -> Fraction:
    return read_number(value)


def _minutes(value: Any) -> Fraction:
    return read_span(value).about


def _seconds(value: Any) -> Fraction:
    return Fraction(int((read_date(value) - datetime.min).total_seconds()))


def _level(scenario: Scenario, milestone: Milestone) -> str:
    if milestone.supply is not None:
        supply = scenario.supplies.get(milestone.supply)
        return supply.per if supply is not None else ""
    activity = scenario.activities.get(str(milestone.activity))
    return activity.at if activity is not None else ""


def _instances(scenario: Scenario, milestone: Milestone, level: str, places: Places) -> int:
    """How often the activity of a milestone is done in the places it looks at."""
    done = np.ones(places.count(level), np.bool_)
    only = scenario.activities[str(milestone.activity)].only
    if only is not None:
        done = np.any([places.matches(pattern, level) for pattern in only], axis=0) if only else ~done
    if milestone.place is not None:
        done &= places.matches(milestone.place, level)
    return int(done.sum())


def _count(milestone: Milestone) -> int:
    try:
        return _whole_number(milestone.reaches)
    except ValueError:
        return 0


def _whole_number(written: object) -> int:
    number = parse_number(written)
    if number.denominator != 1 or number < 0:
        raise ValueError(f"activities are counted in whole numbers, got '{written}'")
    return int(number)
