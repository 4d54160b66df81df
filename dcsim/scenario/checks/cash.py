"""Cash that holds the build back: what can wait for a payment, and what cannot."""

from dcsim.scenario.cash import cash_of, followed, holds, is_limited, is_ordered, payments
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.finance import Cost
from dcsim.scenario.schema import Scenario

HERE = ("finance", "cash")


def check_cash(scenario: Scenario, findings: Problems) -> None:
    """Whether what is due with orders and starts can be waited for."""
    finance = scenario.finance
    if finance is None or not is_limited(scenario):
        return
    message = "with `cash: limited` dcsim makes a supply of this name; call this something else"
    for name in {cash_of(finance, party) for party in finance.parties}:
        for section in ("supplies", "activities", "resources"):
            findings.require(name not in getattr(scenario, section), (section, name), message)
    findings.require(not scenario.sites, HERE, "cash of a portfolio cannot be limited; limit that of a site alone")
    clash = "cash cannot be limited where progress of activities is told in `seen`; leave out one of them"
    findings.require(not scenario.progress, HERE, clash)
    for name, cost in finance.costs.items():
        if any(holds(payment) for payment in payments(cost)):
            _check_held(scenario, ("finance", "costs", name), cost, findings)
    costs = [*followed(scenario, finance)]
    for name, cost in costs:
        months = cost.supply is not None and any(payment.after.months for payment in payments(cost))
        fixed = "with `cash: limited` `after` an order or a delivery is in days or weeks, not in months"
        findings.require(not months, ("finance", "costs", name, "paid"), fixed)
    if not any(holds(payment) for _, cost in costs for payment in payments(cost)):
        findings.warn(HERE, "nothing waits for cash: no cost is paid when it is `ordered`, or at a `start`")


def _check_held(scenario: Scenario, path: Key, cost: Cost, findings: Problems) -> None:
    known = cost.supply in scenario.supplies if cost.supply is not None else cost.activity in scenario.activities
    if not known or cost.price is None:
        return
    single = "with `cash: limited` what is paid when `ordered`, or at the `start`, has one price; write no path"
    findings.require(len(cost.price.steps) == 1, (*path, "price"), single)
    everywhere = "with `cash: limited` what is paid at the `start` is paid in all places; leave out `place`"
    findings.require(cost.place is None, (*path, "place"), everywhere)
    if cost.supply is not None:
        bought = (
            "with `cash: limited` only an order of the whole site can wait for cash: this supply is produced, or has "
            "no order, or differs by place or site; pay for it when `delivered`, or order it under another name"
        )
        findings.require(is_ordered(scenario, cost.supply), (*path, "supply"), bought)
