"""Resources, supplies and factors: possible counts, orders and production; nothing used that never comes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dcsim.places import Places
from dcsim.scenario.checks.breakdown import check_pattern
from dcsim.scenario.checks.parts import activity_parts, resource_parts, supply_parts
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.quantities import (
    LARGEST_AMOUNT,
    check_amount,
    check_duration,
    check_factor,
    check_moment,
    check_span,
    tick,
)
from dcsim.scenario.checks.work import LARGEST_COUNT, check_factors
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Order, PlacedAfter, Production, Scenario
from dcsim.units import Rate, Span, parse_amount, parse_rate, plain

_MOST_LOTS = 100_000


def check_supplies(scenario: Scenario, findings: Problems) -> None:
    """Every resource, supply and factor makes sense in itself."""
    for name, factor in scenario.factors.items():
        check_factor(("factors", name), factor.value, findings)
    for path, _, part in resource_parts(scenario):
        if part.count is not None:
            _check_count((*path, "count"), part.count, scenario.start, findings)
        elif len(path) == 2:
            findings.add(path, "needs `count`, the number of units")
    for path, name, supply in supply_parts(scenario):
        unit = scenario.supplies[name].unit
        check_amount((*path, "initial"), supply.initial, unit, findings)
        for order_name, order in supply.orders.items():
            _check_order((*path, "orders", order_name), order, unit, scenario.start, findings)
        if supply.production is not None:
            _check_production((*path, "production"), supply.production, unit, scenario.start, findings)
    _check_supplied(scenario, findings)


def check_supplies_in_places(scenario: Scenario, places: Places, findings: Problems) -> None:
    """What differs in some places differs in places that exist."""
    for name, resource in scenario.resources.items():
        for pattern in resource.within:
            check_pattern(("resources", name, "within", pattern), pattern, resource.per, places, findings)
    for name, supply in scenario.supplies.items():
        for pattern in supply.within:
            check_pattern(("supplies", name, "within", pattern), pattern, supply.per, places, findings)
    for path, name, part in supply_parts(scenario):
        per = scenario.supplies[name].per
        if part.production is not None:
            below: Key = (*path, "production", "varies_with")
            check_factors(below, part.production.varies_with, per, scenario, places, findings)
        for order_name, order in part.orders.items():
            below = (*path, "orders", order_name, "varies_with")
            check_factors(below, order.varies_with, per, scenario, places, findings)


def _check_count(path: Key, count: Mapping[Any, int], start: datetime, findings: Problems) -> None:
    _check_steps(path, count, start, findings)
    if max(count.values()) > LARGEST_COUNT:
        findings.add(path, f"more than 10^9 units, got {max(count.values())}")


def _check_steps(path: Key, ramp: Mapping[Any, Any], start: datetime, findings: Problems) -> None:
    """The steps of a ramp fall on different moments."""
    seen: dict[object, object] = {}
    for when in ramp:
        moment = findings.read(path, tick, when, start)
        if moment is not None and moment in seen:
            findings.add(path, f"two steps at the same time: {_word(seen[moment])} and {_word(when)}")
        seen[moment] = when


def _check_order(path: Key, order: Order, unit: str, start: datetime, findings: Problems) -> None:
    amount = check_amount((*path, "amount"), order.amount, unit, findings)
    if not isinstance(order.placed, PlacedAfter):
        check_moment((*path, "placed"), order.placed, start, findings)
    check_duration((*path, "lead_time"), order.lead_time, findings)
    check_span((*path, "every"), order.every, findings)
    most = min(_MOST_LOTS, amount or _MOST_LOTS)
    if not 1 <= order.lots <= most:
        findings.add((*path, "lots"), f"expected 1 to {most:,} lots, at most one per unit; got {order.lots}")


def _check_production(path: Key, production: Production, unit: str, start: datetime, findings: Problems) -> None:
    _check_steps((*path, "rate"), production.rate, start, findings)
    for text in production.rate.values():
        findings.read((*path, "rate"), _rate, text, unit)
    if check_span((*path, "every"), production.every, findings):
        fine = production.every.about >= 1
        findings.require(
            fine, (*path, "every"), f"deliveries need an interval of at least a minute, got '{production.every}'"
        )
    begins = findings.read((*path, "from"), tick, production.begins, start)
    until = None
    if production.until is not None:
        until = findings.read((*path, "until"), tick, production.until, start)
    if begins is not None and until is not None and until <= begins:
        findings.add((*path, "until"), f"production must end after it begins, got {_word(production.until)}")
    for key, part in (("share", production.share), ("yield", production.production_yield)):
        findings.require(0 <= part <= 1, (*path, key), f"a fraction between 0 and 1, got {plain(part)}")


def _rate(text: str, unit: str) -> Rate:
    """A rate of so many units that they can be counted exactly."""
    rate = parse_rate(text, unit)
    if rate.per_minute > LARGEST_AMOUNT:
        raise ValueError(f"'{text}' is more than 10^15 a minute; choose a larger unit")
    return rate


def _check_supplied(scenario: Scenario, findings: Problems) -> None:
    """Whatever is consumed comes from somewhere."""
    supplied = {name for _, _, activity in activity_parts(scenario) for name in activity.produces}
    for _, name, supply in supply_parts(scenario):
        if supply.orders or supply.production is not None or _is_positive(supply.initial, scenario.supplies[name].unit):
            supplied.add(name)
    for path, _, activity in activity_parts(scenario):
        for name, amount in activity.consumes.items():
            needed = name in scenario.supplies and _is_positive(amount, scenario.supplies[name].unit)
            if needed and name not in supplied:
                message = f"'{name}' can never be available: it has no initial stock, order, production or producer"
                findings.add((*path, "consumes", name), message)


def _is_positive(amount: Any, unit: str) -> bool:
    """Whether this is more than nothing; another check reports what cannot be read."""
    try:
        return amount is not None and parse_amount(amount, unit) > 0
    except ValueError:
        return True


def _word(when: Any) -> str:
    return f"'{when}'" if isinstance(when, Span) else str(when.date())
