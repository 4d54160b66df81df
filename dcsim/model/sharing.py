"""How a portfolio shares what several of its sites want: who is visited first, and who gets which part."""

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import NamedTuple

from dcsim.calendars import NEVER
from dcsim.model.time import Clock
from dcsim.model.variations import variations
from dcsim.network import Divided
from dcsim.places import SITE, Places, site_of
from dcsim.scenario.schema import BY_DATE, BY_PRIORITY, PROPORTIONAL, Scenario, Site, Supply
from dcsim.units import parse_amount

_DATES, _OWN = 2**63, 2**22
"""More than there are dates in ticks, and than there are priorities of activities."""


class Holder(NamedTuple):
    """Who has a part of a supply: a site by its level of places, or the portfolio itself."""

    level: str
    before: tuple[Fraction, ...]
    own: Fraction

    def of(self, amount: int) -> Divided:
        """Its part of an order of so many units."""
        return Divided(amount, self.before, self.own)


def turn(scenario: Scenario, clock: Clock, activity: str, resources: Collection[str], supplies: Collection[str]) -> int:
    """What is added to the priority of an activity while it waits for these resources and supplies.

    A site's priority counts before a date, and both before the priority of the activity.
    """
    if not scenario.sites:
        return 0
    policy = [(name, str(scenario.resources[name].allocation)) for name in resources]
    policy += [(name, str(scenario.supplies[name].allocation)) for name in supplies]
    by_priority, by_date = (
        _sharing_site(scenario, activity, [name for name, rule in policy if rule == turn_rule])
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
    return scenario.sites.get(_included(scenario, portfolio, activity))


def _included(scenario: Scenario, portfolio: str, name: str) -> str:
    """The site that a portfolio includes itself, empty for the outermost, in which something is; empty for none."""
    inside = f"{portfolio}." if portfolio else ""
    around = (site for site in scenario.sites if site.startswith(inside) and name.startswith(f"{site}."))
    return min(around, key=len, default="")


def holders(scenario: Scenario, places: Places, name: str, supply: Supply) -> tuple[Holder, ...]:
    """Who has a part of a supply that is divided, the portfolio last; nobody where it is not."""
    if supply.allocation == PROPORTIONAL:
        shares = _proportional(scenario, places, name, supply)
    elif isinstance(supply.allocation, Mapping):
        shares = dict(supply.allocation)
    else:
        return ()
    left, taken = Fraction(1), []
    for share in shares.values():
        taken.append(share / left if left else Fraction(0))
        left -= share
    taken.append(Fraction(1))  # the portfolio has what is left
    return tuple(Holder(level, tuple(taken[:k]), taken[k]) for k, level in enumerate([*shares, SITE]))


def holder_of(places: Places, level: str, held: tuple[Holder, ...]) -> int:
    """The number of the one whose part is used at a level of places."""
    around = places.chain(level)
    return max(
        (k for k, holder in enumerate(held) if holder.level in around), key=lambda k: around.index(held[k].level)
    )


def _proportional(scenario: Scenario, places: Places, name: str, supply: Supply) -> dict[str, Fraction]:
    """The parts of all sites, as what they need in all."""
    portfolio, needs = site_of(name, scenario.sites), dict[str, int]()
    for work in scenario.activities.values():
        site = _included(scenario, portfolio, f"{work.at}.")
        for spec, where in variations(work, dict(work.within), places, work.at):
            if amount := spec.consumes.get(name):
                done = places.chosen(work.only, work.at)[where]
                needs[site] = needs.get(site, 0) + int(done.sum()) * parse_amount(amount, supply.unit)
    total = sum(needs.values())
    return {site: Fraction(need, total) for site, need in needs.items() if site and total}
