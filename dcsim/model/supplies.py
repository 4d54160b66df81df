"""Resources and supplies of a scenario, one in every place of their level; orders, production and risks."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dcsim import network
from dcsim.model.sharing import Holder, holder_of, holders
from dcsim.model.time import Clock, WorkingTimes, elapsed
from dcsim.model.variations import variations
from dcsim.places import SITE, Places
from dcsim.scenario import schema
from dcsim.scenario.cash import Payable
from dcsim.scenario.schema import ALWAYS, Scenario
from dcsim.units import parse_amount, parse_rate, whole_units


@dataclass
class Supplies:
    """Resources and stocks numbered place by place, and everything that fills the stocks."""

    scenario: Scenario
    places: Places
    clock: Clock
    times: WorkingTimes
    resources: list[network.Resource] = field(default_factory=list)
    stocks: list[network.Stock] = field(default_factory=list)
    productions: list[network.Production] = field(default_factory=list)
    orders: list[network.Order] = field(default_factory=list)
    waiting_orders: list[tuple[int, schema.Lagged]] = field(default_factory=list)
    """Orders placed after something."""
    _first: dict[str, int] = field(default_factory=dict)
    _holders: dict[str, tuple[Holder, ...]] = field(default_factory=dict)
    """Of each supply that is divided among sites, who has a part; its stocks are theirs."""

    def __post_init__(self) -> None:
        self._factors = {name: number for number, name in enumerate(self.scenario.factors)}
        self._stopped_by: dict[str, list[int]] = {}
        for number, risk in enumerate(self.scenario.risks.values()):
            for name in risk.stop_work:
                self._stopped_by.setdefault(name, []).append(number)
        for name, resource in self.scenario.resources.items():
            self._add_resource(name, resource)
        for name, supply in self.scenario.supplies.items():
            self._add_supply(name, supply)

    def factors(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Factors by number."""
        return tuple(self._factors[name] for name in names)

    def _factors_at(self, names: tuple[str, ...], level: str, place: int) -> tuple[network.FactorUse, ...]:
        """Factors as they are for one place of a level."""
        uses = []
        for name in names:
            around = self.places.enclosing(level, self.scenario.factors[name].per)
            uses.append(network.FactorUse(self._factors[name], int(around[place])))
        return tuple(uses)

    def level(self, name: str) -> str:
        """The level of places that each have their own of this resource or supply."""
        return (self.scenario.resources.get(name) or self.scenario.supplies[name]).per

    def level_for(self, name: str, level: str) -> str:
        """The same as it is for what stands at a level of places: the site whose part of a divided supply it uses."""
        held = self._holders.get(name)
        return held[holder_of(self.places, level, held)].level if held else self.level(name)

    def numbers(self, name: str, level: str, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each of these places of a level, the number of this resource or stock there."""
        if held := self._holders.get(name):
            return np.full(len(places), self._first[name] + holder_of(self.places, level, held))
        return self._first[name] + self.places.enclosing(level, self.level(name))[places]

    def all(self, name: str) -> range:
        """The numbers of this resource or stock in all its places."""
        count = len(self._holders.get(name, ())) or self.places.count(self.level(name))
        return range(self._first[name], self._first[name] + count)

    def stopped_by(self, name: str) -> list[int]:
        """Risks that stop work of this resource or activity."""
        return self._stopped_by.get(name, [])

    def _add_resource(self, name: str, resource: schema.Resource) -> None:
        self._first[name], clock = len(self.resources), self.clock.of(name)
        paths = self.places.paths(resource.per)
        self.resources.extend(network.Resource(name, path, ((0, 0),), 0) for path in paths)
        for variant, where in variations(resource, dict(resource.within), self.places, resource.per):
            ramp = variant.count if variant.count is not None else {}
            steps = tuple(sorted((clock.tick(when), units) for when, units in ramp.items()))
            calendar = self.times.number([variant.calendar or ALWAYS], self.stopped_by(name))
            for k in where.tolist():
                self.resources[self._first[name] + k] = network.Resource(name, paths[k], steps, calendar)

    def _add_supply(self, name: str, supply: schema.Supply) -> None:
        self._first[name] = len(self.stocks)
        if held := holders(self.scenario, self.places, name, supply):
            self._holders[name] = held
            for holder in held:
                self._add_part(name, supply, holder)
            return
        paths = self.places.paths(supply.per)
        self.stocks.extend(network.Stock(name, path, supply.unit, 0, path) for path in paths)
        for variant, where in variations(supply, dict(supply.within), self.places, supply.per):
            for k in where.tolist():
                stock = self._first[name] + k
                initial = parse_amount(variant.initial, supply.unit)
                self.stocks[stock] = network.Stock(name, paths[k], supply.unit, initial, paths[k])
                for order_name, order in variant.orders.items():
                    self._add_order(stock, k, name, order_name, order)
                if variant.production is not None:
                    self.productions.append(self._production(stock, k, variant.production, supply))

    def _add_part(self, name: str, supply: schema.Supply, holder: Holder) -> None:
        """The part of a supply that one site has, or what is left for the portfolio itself."""
        stock, initial = len(self.stocks), parse_amount(supply.initial, supply.unit)
        path = self.places.path(holder.level, 0)
        self.stocks.append(network.Stock(name, path, supply.unit, holder.of(initial).part(initial), SITE))
        for order_name, order in supply.orders.items():
            self._add_order(stock, 0, name, order_name, order)
            divided = holder.of(self.orders[-1].amount)
            self.orders[-1] = replace(self.orders[-1], amount=divided.part(divided.whole), divided=divided)
        if supply.production is not None:
            made = self._production(stock, 0, supply.production, supply)
            self.productions.append(replace(made, divided=holder.of(0)))

    def _add_order(self, stock: int, place: int, supply: str, name: str, order: schema.Order) -> None:
        placed, paid = None, order if isinstance(order, Payable) else None
        if isinstance(order.placed, schema.Lagged):
            self.waiting_orders.append((len(self.orders), order.placed))
        else:
            placed = self.clock.of(supply).moment(order.placed)
        self.orders.append(
            network.Order(
                name=name,
                stock=stock,
                amount=whole_units(order.amount, self.stocks[stock].unit),
                lots=order.lots,
                every=0 if order.every.months else self.clock.tick(order.every),
                placed=placed,
                lead_time=elapsed(order.lead_time),
                factors=self._factors_at(order.varies_with, self.level(supply), place),
                path=f"supplies.{supply}.orders.{name}" if paid is None else paid.drawn_as,
                in_months=order.lead_time.in_months,
                every_months=float(order.every.months),
                follows=-1 if paid is None else self._first[paid.follows],
                after=0 if paid is None else self.clock.tick(paid.paid_after),
            )
        )

    def _production(
        self, stock: int, place: int, production: schema.Production, supply: schema.Supply
    ) -> network.Production:
        steps, clock = [], self.clock.of(self.stocks[stock].name)
        for when, text in production.rate.items():
            good = parse_rate(text, supply.unit).per_minute * production.share * production.production_yield
            steps.append((clock.tick(when), good))
        begins = clock.tick(production.begins)
        if len(production.rate) == 1 and steps[0][0] == clock.first:  # one rate without a date holds from the beginning
            steps = [(min(clock.first, begins), steps[0][1])]
        return network.Production(
            stock=stock,
            begins=begins,
            until=None if production.until is None else clock.tick(production.until),
            every=0 if production.every.months else self.clock.tick(production.every),
            rate=tuple(sorted(steps)),
            factors=self._factors_at(production.varies_with, supply.per, place),
            every_months=float(production.every.months),
        )
