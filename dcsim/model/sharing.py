"""How a portfolio shares what several of its sites want: who is visited first, and who gets which part."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import NamedTuple

from dcsim.calendars import NEVER
from dcsim.model.time import Clock
from dcsim.model.variations import variations
from dcsim.network import Divided
from dcsim.places import SITE, Places, site_of
from dcsim.scenario.checks.parts import alternatives
from dcsim.scenario.schema import BY_DATE, BY_PRIORITY, PROPORTIONAL, ActivityPart, Scenario, Site, Supply
from dcsim.units import parse_amount

_DATES, _OWN = 2**63, 2**22
"""More than there are dates in ticks, and than there are priorities of activities."""


class Holder(NamedTuple):
    """Who has a part of a supply: a site by its level of places, or the portfolio itself."""

    level: str
    low: Fraction
    high: Fraction

    def of(self, amount: int) -> Divided:
        """Its part of an order of so many units."""
        return Divided(amount, self.low, self.high)


def turn(scenario: Scenario, clock: Clock, activity: str, part: ActivityPart) -> int:
    """What is added to the priority of an activity, by the resources and supplies that its work takes.

    A site's priority counts before a date, and both before the priority of the activity.
    """
    if not scenario.sites:
        return 0
    required = [part.requires, *(way.requires for way in part.ways.values() if way is not None)]
    names = [name for entry in required for written in entry for name in alternatives(written)]
    policy = {name: scenario.resources[name].allocation for name in names}
    policy |= {name: scenario.supplies[name].allocation for name, amount in part.consumes.items() if amount}  # type: ignore
    by_priority, by_date = (
        _sharing_site(scenario, activity, [name for name, rule in policy.items() if rule == turn_rule])
        for turn_rule in (BY_PRIORITY, BY_DATE)
    )
    first = by_priority.priority if by_priority else 0
    date = NEVER - clock.tick(by_date.needed_by) if by_date and by_date.needed_by is not None else 0
    return (first * _DATES + date) * _OWN


def _sharing_site(scenario: Scenario, activity: str, goods: list[str]) -> Site | None:
    """The site of the portfolio that shares these goods, the outermost of several, in which an activity is done."""
    if not goods:
        return None
    portfolio = min((site_of(name, scenario.sites) for name in goods), key=len)
    inside = [site for site in scenario.sites if activity.startswith(f"{site}.") and site.startswith(portfolio)]
    return scenario.sites.get(min((site for site in inside if site != portfolio), key=len, default=""))


def holders(scenario: Scenario, places: Places, name: str, supply: Supply) -> tuple[Holder, ...]:
    """Who has a part of a supply that is divided, the portfolio last; nobody where it is not."""
    if supply.allocation == PROPORTIONAL:
        shares = _proportional(scenario, places, name, supply)
    elif isinstance(supply.allocation, Mapping):
        shares = dict(supply.allocation)
    else:
        return ()
    ends = [Fraction(0), *accumulate(shares.values()), Fraction(1)]
    return tuple(Holder(level, *pair) for level, pair in zip([*shares, SITE], pairwise(ends), strict=True))


def holder_of(places: Places, level: str, held: tuple[Holder, ...]) -> int:
    """The number of the one whose part is used at a level of places."""
    around = places.chain(level)
    return max(
        (k for k, holder in enumerate(held) if holder.level in around), key=lambda k: around.index(held[k].level)
    )


def _proportional(scenario: Scenario, places: Places, name: str, supply: Supply) -> dict[str, Fraction]:
    """The parts of all sites, as what they need in all."""
    needs: dict[str, int] = {}
    for work in scenario.activities.values():
        site = site_of(f"{work.at}.", scenario.sites)
        for spec, where in variations(work, dict(work.within), places, work.at):
            if amount := spec.consumes.get(name):
                done = places.chosen(work.only, work.at)[where]
                needs[site] = needs.get(site, 0) + int(done.sum()) * parse_amount(amount, supply.unit)
    total = sum(needs.values())
    return {site: Fraction(need, total) for site, need in needs.items() if site and total}
