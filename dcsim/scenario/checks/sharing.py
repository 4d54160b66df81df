"""What sites of a portfolio share: parts that add up, and goods that can be divided."""

from collections.abc import Mapping

from dcsim.places import SITE
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.schema import FIRST_COME, PROPORTIONAL, PlacedAfter, Scenario, Supply
from dcsim.units import plain


def check_sharing(scenario: Scenario, findings: Problems) -> None:
    """Every allocation is among sites that exist, of goods that they share."""
    for section in ("resources", "supplies"):
        for name, thing in getattr(scenario, section).items():
            path: Key = (section, name, "allocation")
            if thing.allocation == FIRST_COME:
                continue
            if not scenario.sites:
                findings.add(path, "only a portfolio, a scenario with `include`, has sites that share something")
            elif isinstance(thing, Supply) and (thing.allocation == PROPORTIONAL or isinstance(thing.allocation, dict)):
                _check_divided(name, thing, scenario, findings)
    for name, supply in scenario.supplies.items():
        if supply.total_of is not None and not scenario.sites:
            findings.add(("supplies", name, "total_of"), "only a portfolio, a scenario with `include`, has a total")


def _check_divided(name: str, supply: Supply, scenario: Scenario, findings: Problems) -> None:
    path: Key = ("supplies", name, "allocation")
    if supply.per != SITE or supply.within:
        findings.add(
            path, f"what is divided among sites is one supply for all: leave out `per` and `within` of '{name}'"
        )
    for order_name, order in supply.orders.items():
        if isinstance(order.placed, PlacedAfter) and order.lots > 1:
            message = "an order of a divided supply that is placed after something must come in one lot"
            findings.add(("supplies", name, "orders", order_name, "lots"), message)
    if not isinstance(supply.allocation, Mapping):
        return
    for site, share in supply.allocation.items():
        known = site in scenario.sites
        findings.require(known, (*path, site), f"no site '{site}'{findings.near(site, scenario.sites, 'sites')}")
        findings.require(0 <= share <= 1, (*path, site), f"a share is from 0 to 1, got {plain(share)}")
    total = sum(supply.allocation.values())
    findings.require(total <= 1, path, f"the shares add up to {plain(total)}; together they may be at most 1")
