"""Cash that holds the build back: what can wait for a payment, and what cannot."""

from dcsim.scenario.cash import followed, holds, is_limited, is_ordered, payments
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
        only = scenario.activities[cost.activity].only if cost.activity is not None else None
        apart = (
            "with `cash: limited` a cost of an activity that is done in some places `only` has one of these as its "
            "`place`, as it is written there; or leave out `place`"
        )
        where = only is None or cost.place is None or cost.place in only
        findings.require(where, ("finance", "costs", name, "place"), apart)
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
