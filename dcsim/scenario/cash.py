"""Cash that may hold a build back, in terms that every engine knows: a supply, orders, and work that consumes it.

Equity is an order of the supply `cash`. What is due with an order, or at the start of work, is consumed there: the
order, or the work, waits for it. What is due later takes cash away when it is due, also where there is none: it then
comes before all that waits. What depends on a build as a whole, such as revenue, is added to the network later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from dcsim.errors import Problem, ScenarioError
from dcsim.scenario.checks.names import SHARED
from dcsim.scenario.document import Key, dotted
from dcsim.scenario.finance import Cost, Finance, Payment
from dcsim.scenario.prices import Path
from dcsim.scenario.schema import Activity, Lagged, Link, Order, PlacedAfter, Scenario, Supply
from dcsim.scenario.values import Uncertain
from dcsim.units import Span, parse_amount, parse_span, round_half_up

LIMITED = "limited"
ON_DELIVERY = (Payment(when="delivered"),)
ON_FINISH = (Payment(when="finish"),)
NO_TIME = parse_span("0 d")
AT_ONCE = Uncertain("fixed", (NO_TIME,))


class Payable(Order):
    """A payment that is due with the deliveries of an order: it takes cash away so long after each of them."""

    drawn_as: str
    """The name of the draws of that order."""
    follows: str
    """The supply that is paid for: what postpones its deliveries postpones the payment."""
    paid_after: Span


class Paying(Activity):
    """Work of no length that pays, or places an order once that can be paid: no part of the build itself."""


def is_limited(scenario: Scenario) -> bool:
    """Whether cash may hold the build back."""
    return scenario.finance is not None and scenario.finance.cash == LIMITED


def cash_of(finance: Finance, party: str | None) -> str:
    """The supply that is the cash of a party."""
    return "cash" if len(finance.parties) == 1 else f"cash_{finance.party(party)}"


def order_name(supply: str, order: str) -> str:
    """The activity that places an order, once there is cash for it."""
    return f"order_{supply}_{order}"


def payments(cost: Cost) -> tuple[Payment, ...]:
    """In which parts something is paid."""
    return cost.paid or (ON_FINISH if cost.activity is not None else ON_DELIVERY)


def holds(payment: Payment) -> bool:
    """Whether an order, or the start of work, waits for this payment."""
    return payment.when in ("ordered", "start") and not payment.after.amount


def followed(scenario: Scenario, finance: Finance) -> Iterator[tuple[str, Cost]]:
    """Costs whose payments are followed one by one: at one price, of work, or of what is only ordered for the site."""
    for name, cost in finance.costs.items():
        if cost.price is None or len(cost.price.steps) > 1 or cost.uses is not None:
            continue
        bought = cost.supply is not None and payments(cost)[0].when != "consumed"
        if cost.activity is not None or (bought and is_ordered(scenario, str(cost.supply))):
            yield name, cost


def is_ordered(scenario: Scenario, name: str) -> bool:
    """Whether a supply comes by orders of the site alone."""
    supply = scenario.supplies[name]
    parts = [part for activity in scenario.activities.values() for part in (activity, *activity.within.values())]
    plain = supply.per == "site" and not supply.within and isinstance(supply.allocation, str)
    made = supply.production is not None or any(name in part.produces for part in parts)
    return bool(supply.orders) and plain and not made and supply.allocation != "proportional"


def with_cash(scenario: Scenario) -> Scenario:
    """The same scenario with its cash as a supply, if that is limited."""
    finance = scenario.finance
    return scenario if finance is None or finance.cash != LIMITED else _Payments(scenario, finance).scenario()


def expected_price(path: Path) -> Fraction:
    """The mean of a price."""
    ((_, value),) = path.steps[:1]
    return Fraction(value.resolve(Fraction).mean)


class _Payments:
    """The supplies and activities of a scenario, with those that payments need."""

    def __init__(self, scenario: Scenario, finance: Finance) -> None:
        self.before, self.finance = scenario, finance
        self.supplies, self.activities = dict(scenario.supplies), dict(scenario.activities)
        self.branches = dict(scenario.branches)
        self.cash: dict[str, dict[str, Order]] = {cash_of(finance, party): {} for party in finance.parties}
        self.problems: list[Problem] = []
        self.taken: dict[Key, Key] = {
            (name,): (section, name) for section in SHARED for name in getattr(scenario, section)
        }
        """By name what has it: what is written, or that for which it is made."""

    def scenario(self) -> Scenario:
        """All of it.

        Raises
        ------
        ScenarioError
            A name that this makes is taken.
        """
        for name, funding in self.finance.funding.items():
            if funding.equity is not None:
                placed = Uncertain("fixed", (funding.date or NO_TIME,))
                units = round_half_up(expected_price(funding.equity))
                equity = Order(amount=units, placed=placed)
                cash = cash_of(self.finance, funding.by)
                self.put(self.cash[cash], name, equity, ("finance", "funding", name), cash)
        costs = [*followed(self.before, self.finance)]
        for name, cost in costs:
            if cost.activity is not None:
                self.work(name, cost)
        for supply in dict.fromkeys(cost.supply for _, cost in costs if cost.supply is not None):
            self.orders(supply, [(name, cost) for name, cost in costs if cost.supply == supply])
        for name, orders in self.cash.items():
            supply_ = Supply(unit=self.finance.currency, description="money that is there")
            self.put(self.supplies, name, supply_.model_copy(update={"orders": orders}), ("finance", "cash"))
        if self.problems:
            raise ScenarioError(self.problems, self.before.document.name)
        sections = {"supplies": self.supplies, "activities": self.activities, "branches": self.branches}
        return self.before.model_copy(update=sections)

    def put(self, into: dict[str, Any], name: str, made: Any, cause: Key, *inside: str) -> None:
        """Something new under a name that nothing else has, made for what is written at `cause`."""
        key = (*inside, name)
        if (owner := self.taken.get(key)) is not None:
            makes = f"with `cash: limited` dcsim makes '{name}'"
            message = f"{makes} for {dotted(cause)} and has one already for {dotted(owner)}; rename one of them"
            if owner == (owner[0], name):
                message = f"{makes} for {dotted(cause)}; call this something else"
            self.problems.append(self.before.document.problem(owner, message))
        self.taken[key], into[name] = cause, made

    def due(self, cost: Cost, payment: Payment, units: int) -> tuple[str, int]:
        """From which supply so much is paid."""
        assert cost.price is not None
        return cash_of(self.finance, cost.by), round_half_up(units * expected_price(cost.price) * payment.share)

    def work(self, name: str, cost: Cost) -> None:
        """What is due at the start is consumed, at the finish taken away; what is due later, by work of no length."""
        activity = str(cost.activity)
        for k, payment in enumerate(payments(cost)):
            cash, amount = self.due(cost, payment, 1)
            spec = self.activities[activity]
            if holds(payment):
                taken = spec.consumes | {cash: _units(spec.consumes.get(cash)) + amount}
                self.activities[activity] = spec.model_copy(update={"consumes": taken})
            elif not payment.after.amount and cost.place is None:
                given = spec.produces | {cash: _units(spec.produces.get(cash)) - amount}
                self.activities[activity] = spec.model_copy(update={"produces": given})
            else:
                self.later(name, f"pay_{name}_{k + 1}", cost, payment, {cash: -amount})

    def later(self, cost_name: str, name: str, cost: Cost, payment: Payment, paid: dict[str, int]) -> None:
        """A payment some time after the start or the finish of work, wherever that is done."""
        activity = str(cost.activity)
        spec = self.before.activities[activity]
        event = "start" if payment.when == "start" else "finish"
        link = Link.model_validate({"activity": activity, "from": event, "lag": payment.after})
        where = {"at": spec.at, "only": spec.only if cost.place is None else (cost.place,)}
        paying = Paying(description=f"payment for {activity}")
        update = {**where, "after": (link,), "produces": paid}
        self.put(self.activities, name, paying.model_copy(update=update), ("finance", "costs", cost_name))
        for branch, spec_ in self.branches.items():
            ways = {
                way: course.model_copy(update={"activities": (*course.activities, name)})
                for way, course in spec_.ways.items()
                if activity in course.activities
            }
            self.branches[branch] = spec_.model_copy(update={"ways": spec_.ways | ways})

    def orders(self, supply: str, costs: list[tuple[str, Cost]]) -> None:
        """Orders of a supply are placed when what is due with them is there; what is due later follows them."""
        spec = self.supplies[supply]
        placed = {name: self.placed(supply, name, order, costs) for name, order in spec.orders.items()}
        for name, order in placed.items():
            units, path = parse_amount(order.amount, spec.unit), f"supplies.{supply}.orders.{name}"
            for cost_name, cost in costs:
                for k, payment in enumerate(payments(cost)):
                    cash, amount = self.due(cost, payment, units)
                    if holds(payment) and order is not spec.orders[name]:
                        continue
                    with_order = {"lead_time": AT_ONCE, "lots": 1, "every": NO_TIME, "varies_with": ()}
                    changes = with_order if payment.when == "ordered" else {}
                    paying = Payable.model_construct(
                        **{**dict(order), **changes, "amount": -amount},
                        drawn_as=path,
                        follows=cash if changes else supply,
                        paid_after=payment.after,
                    )
                    cause = ("finance", "costs", cost_name)
                    self.put(self.cash[cash], f"{cost_name}_{name}_{k + 1}", paying, cause, cash)
        self.supplies[supply] = spec.model_copy(update={"orders": placed})

    def placed(self, supply: str, name: str, order: Order, costs: list[tuple[str, Cost]]) -> Order:
        """An order that waits for the cash that is due with it; as it is where nothing is, or before the start."""
        units, taken = parse_amount(order.amount, self.supplies[supply].unit), dict[str, int]()
        for _, cost in costs:
            for payment in filter(holds, payments(cost)):
                cash, amount = self.due(cost, payment, units)
                taken[cash] = taken.get(cash, 0) + amount
        if not any(taken.values()) or self.is_past(order):
            return order
        activity, cause = order_name(supply, name), ("supplies", supply, "orders", name)
        waits: dict[str, object] = {"consumes": taken}
        if isinstance(order.placed, Lagged):
            waits["after"] = (Link.model_construct(**dict(order.placed), to="start"),)
        elif order.placed.kind == "fixed":
            waits["not_before"] = order.placed.values[0]
        else:
            day, path = f"{activity}_date", f"supplies.{supply}.orders.{name}"
            date = Payable.model_construct(
                **dict(Order(amount=1, placed=order.placed)), drawn_as=path, follows=day, paid_after=NO_TIME
            )
            dates = Supply(description="the date of an order").model_copy(update={"orders": {name: date}})
            self.put(self.supplies, day, dates, cause)
            waits["consumes"] = {day: 1, **taken}
        ordering = Paying(description=f"order of {supply}").model_copy(update=waits)
        self.put(self.activities, activity, ordering, cause)
        return order.model_copy(update={"placed": PlacedAfter.model_validate({"after": activity})})

    def is_past(self, order: Order) -> bool:
        """Whether an order is placed before the start, for certain."""
        if isinstance(order.placed, Lagged):
            return False
        clock = self.before.start
        whens = (clock + timedelta(minutes=float(w.about)) if isinstance(w, Span) else w for w in order.placed.values)
        return all(isinstance(when, datetime) and when < clock for when in whens)


def _units(amount: object) -> int:
    return amount if isinstance(amount, int) else 0
