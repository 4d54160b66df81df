"""What is owned for years: written off on the books, worth less each month in the market, leased by one to another."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from dcsim.money.months import HALF_A_CENT, YEAR, Drawn, Floats, Ints, Months, by_month, in_cents
from dcsim.money.returns import irr
from dcsim.scenario.checks.quantities import tick
from dcsim.scenario.finance import Asset, Finance
from dcsim.scenario.values import Uncertain


def depreciation(cost: Ints, life: int) -> Ints:
    """Straight-line: what was received in a month is written off in so many equal months from the next month on.

    The sum so far is the floor of the exact one, so that the last month takes the rest.
    """
    so_far = np.cumsum(cost, axis=1)
    before = np.pad(so_far, ((0, 0), (1, 0)))[:, :-1]
    ended = np.pad(so_far, ((0, 0), (life + 1, 0)))[:, : cost.shape[1]]
    total = np.cumsum(before - ended, axis=1) // life
    return np.diff(total, axis=1, prepend=0)


class Market:
    """What an asset could be sold for: of each part, what it cost times the value of its age in whole months.

    A new architecture multiplies the value of all that was delivered before its month, from that month on.
    """

    def __init__(self, name: str, asset: Asset, months: Months, drawn: Drawn) -> None:
        key, count = f"finance.assets.{name}", months.count
        self.asset, self.sale = asset, 1 - float(asset.sale_discount)
        ages = sorted((int(age.months), value) for age, value in asset.market_value.items())
        at = np.array([age for age, _ in ages])
        values = (
            np.stack([drawn(value, f"{key}.market_value") for _, value in ages], axis=1) if ages else np.ones((1, 0))
        )
        number = np.searchsorted(at, np.arange(count), "right") - 1
        self.by_age = values[:, number] if ages else values
        if asset.between == "linear" and len(at) > 1:
            self.by_age = np.stack([np.interp(np.arange(count), at, values) for values in values])
        self.fallen = np.ones((1, count))
        for new in asset.new_architecture:
            month = months.at(_moments(new.date, f"{key}.new_architecture.date", months, drawn).astype(np.int64))
            left = np.maximum(drawn(new.market_value, f"{key}.new_architecture.market_value"), 1e-9)
            self.fallen = self.fallen * np.where(np.arange(count) >= month[:, None], left[:, None], 1.0)

    def value(self, cost: Ints, books: Ints, rows: slice | Ints = slice(None)) -> Ints:
        """The market value at the end of each month of what was received, on the books where nothing else is known.

        `rows` are the replications of which this is asked.
        """
        if not self.asset.market_value:
            return books
        fallen, by_age = (values[rows] if len(values) > 1 else values for values in (self.fallen, self.by_age))
        worth, part = np.zeros(cost.shape), cost / fallen
        for month in np.flatnonzero(cost.any(axis=0)).tolist():
            worth[:, month:] += part[:, month, None] * by_age[:, : cost.shape[1] - month]
        return np.asarray(np.floor(worth * fallen + HALF_A_CENT), np.int64)

    def forced(self, value: Ints) -> Ints:
        """What is left of a market value where the asset must be sold at once."""
        return np.asarray(np.floor(value * self.sale + HALF_A_CENT), np.int64)


def _moments(when: Uncertain, name: str, months: Months, drawn: Drawn) -> Floats:
    """The tick of a date that may be uncertain."""
    ticks = [tick(value, months.start) for value in when.values]
    earliest = min(*ticks, Fraction(0))
    return drawn(Uncertain(when.kind, tuple(end - earliest for end in ticks), when.weights), name) + float(earliest)


@dataclass(eq=False)
class Rents:
    """What a lease costs by month, and what it brings the lessor, in cents; replications by months."""

    asset: str
    lessor: str
    lessee: str
    misses: bool
    """Whether a rent waits where the lessee has no cash for it."""
    term: int
    residual: float
    cost: Ints
    """What was delivered."""
    parts: Floats
    """What a month of the deliveries of each month costs, or their units."""
    price: Floats
    """What a unit costs in each month until the last delivery has been leased; 1 where `parts` are money. After the
    last month of the statements it is as in that month."""

    def __post_init__(self) -> None:
        self.leased = self.cost.copy()
        """What was delivered and is not sold at once."""
        self.due = self._due()
        """Rents of each month; those after the last month of the statements too."""
        self.sold = np.zeros_like(self.cost)
        """What forced sales brought."""
        self.agreed = irr(self._flows(self.due), self._years)[0]
        """The effective yearly rate that the lessor earns if all rents and the residual are paid."""

    @property
    def _years(self) -> Floats:
        """The end of each month, months of a twelfth."""
        return np.arange(self.price.shape[1]) / YEAR

    def _due(self, rows: slice | Ints = slice(None)) -> Ints:
        """Each delivery pays at the ends of so many months after it."""
        total = np.cumsum(np.pad(self.parts[rows], ((0, 0), (self.term + 1, self.term))), axis=1)
        return in_cents((total[:, self.term : -1] - total[:, : -self.term - 1]) * self.price[rows])

    def _flows(self, rents: Ints) -> Ints:
        """What the lessor pays for all deliveries and gets for them: rents, the residual after the term, and what
        forced sales brought."""
        flows, count = rents.copy(), self.cost.shape[1]
        flows[:, :count] += self.sold - self.cost
        flows[:, self.term :] += np.floor(self.leased * self.residual + HALF_A_CENT).astype(np.int64)
        return flows

    def realised(self, paid: Ints) -> tuple[Floats, list[str]]:
        """The rate that the lessor earns with the rents that were paid until the last month of the statements, and a
        word where there is none; what falls due later counts as agreed."""
        return irr(self._flows(np.concatenate([paid, self.due[:, paid.shape[1] :]], axis=1)), self._years)

    def end(self, month: int, rows: Ints, sold: Ints) -> None:
        """What was delivered until this month is leased no more in these replications: it was sold."""
        self.sold[rows, month] = sold
        self.leased[rows, : month + 1] = 0
        self.parts[rows, : month + 1] = 0
        self.due[rows, month + 1 :] = self._due(rows)[:, month + 1 :]


def rents(name: str, owner: str, finance: Finance, cost: Ints, units: Floats, months: Months, drawn: Drawn) -> Rents:
    """What a lease costs: each delivery pays so many rents, at the ends of the months after it.

    A rent that follows from its yield is C r (1 - s v) / (1 - v), where v = (1 + r)^-k: the annuity of k rents that,
    with the residual s C after the last of them, earns the rate r a month on the cost C.
    """
    lease = finance.leases[name]
    term, residual = int(lease.term.months), float(lease.residual)
    by_tick = np.broadcast_to(by_month(lease.rent, f"finance.leases.{name}.rent", months, drawn), cost.shape)
    if lease.rent.currency:
        parts, price = units.copy(), np.pad(by_tick, ((0, 0), (0, term)), "edge")
    else:
        rate = by_tick / 12 if finance.compounding == "nominal" else np.expm1(np.log1p(by_tick) / 12)
        safe = np.where(rate > 0, rate, 1.0)
        after = np.exp(-term * np.log1p(safe))
        factor = np.where(rate > 0, safe * (1 - residual * after) / (1 - after), (1 - residual) / term)
        parts, price = cost / 100 * factor, np.ones((len(cost), months.count + term))
    return Rents(lease.asset or name, owner, lease.to, lease.when_short == "miss", term, residual, cost, parts, price)
