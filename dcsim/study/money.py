"""Sums of money that are asked about: a plain number is in the currency of the scenario."""

from dcsim.errors import RequestError
from dcsim.scenario.schema import Scenario
from dcsim.units import Money, parse_money


def currencies_of(scenario: Scenario) -> tuple[str, ...]:
    """The currencies that a scenario is written in, in the order of the file."""
    sums = [option.cost for option in scenario.options.values()]
    sums += [risk.mitigation.cost for risk in scenario.risks.values() if risk.mitigation is not None]
    sums += [supply.hourly_value for supply in scenario.supplies.values()]
    return tuple(dict.fromkeys(sum.currency for sum in sums if sum is not None))


def money_of(scenario: Scenario, written: str | float | Money, what: str) -> Money:
    """A sum such as `50M USD`, or `50M` in the one currency of the scenario; `what` says what it is for.

    Raises
    ------
    RequestError
        It is no sum of money, or nobody says in which currency it is.
    """
    try:
        return parse_money(written, currencies_of(scenario))
    except ValueError as error:
        raise RequestError(f"{what}: {error}") from None
