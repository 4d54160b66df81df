"""Calendar months of the statements, paths of prices over them, and whole cents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.dates import tick_of
from dcsim.engine.philox import uniform_each
from dcsim.errors import RequestError
from dcsim.scenario.finance import Finance
from dcsim.scenario.prices import Path
from dcsim.scenario.schema import Scenario
from dcsim.scenario.values import Uncertain
from dcsim.units import months_later

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Drawn = Callable[[Uncertain, str], Floats]
"""The values of a quantity by its name, in each replication."""


@dataclass(frozen=True)
class Months:
    """The months from that of the start to the last of the statements."""

    start: datetime
    count: int

    @classmethod
    def of(cls, scenario: Scenario, finance: Finance) -> "Months":
        """Those of a scenario."""
        start, last = scenario.start, finance.until
        return cls(start, 12 * (last.year - start.year) + last.month - start.month + 1)

    @cached_property
    def begins(self) -> list[datetime]:
        """The first minute of each month, and of that after the last."""
        first = datetime(self.start.year, self.start.month, 1)
        return [months_later(first, number) for number in range(self.count + 1)]

    @cached_property
    def edges(self) -> Ints:
        """The ticks of these minutes."""
        return np.array([tick_of(self.start, moment) for moment in self.begins], np.int64)

    @cached_property
    def ends(self) -> list[datetime]:
        """The last day of each month, on which its balance is struck."""
        return [moment - timedelta(days=1) for moment in self.begins[1:]]

    @cached_property
    def days(self) -> Ints:
        """Days of each month."""
        return np.diff(self.edges) // 1440

    def at(self, ticks: Ints) -> Ints:
        """The month of each tick, the first for what lies before; their number for what lies behind."""
        month = np.searchsorted(self.edges[:-1], ticks, "right") - 1 + (ticks >= self.edges[-1])
        return np.asarray(np.maximum(month, 0))

    def tick(self, moment: datetime | None) -> int:
        """The tick of a date, that of the start if there is none."""
        return 0 if moment is None else tick_of(self.start, moment)

    def of_date(self, moment: datetime | None) -> int:
        """The month of a date, the first if there is none."""
        return 0 if moment is None else int(self.at(np.array([self.tick(moment)]))[0])


def step_ticks(path: Path, start: datetime) -> Ints:
    """The ticks at which a path changes."""
    return np.array([tick_of(start, when) for when, _, _ in path.holds[1:] if when is not None], np.int64)


def step_values(path: Path, name: str, drawn: Drawn) -> Floats:
    """What holds in each step, replications by steps; all steps are drawn as one quantity."""
    values = np.stack([drawn(value, name) for _, value in path.steps], axis=1)
    if not path.is_linear:
        return values
    number, part = np.array([step for _, step, _ in path.holds]), np.array([part for _, _, part in path.holds])
    further = np.minimum(number + 1, len(path.steps) - 1)
    return np.asarray(values[:, number] * (1 - part) + values[:, further] * part)


def by_month(path: Path, name: str, months: Months, drawn: Drawn) -> Floats:
    """What holds at the beginning of each month, replications by months."""
    step = np.searchsorted(step_ticks(path, months.start), months.edges[:-1], "right")
    return step_values(path, name, drawn)[:, step]


def quantile(value: Uncertain) -> Callable[[Floats], Floats]:
    """What a quantity is at uniform numbers."""
    return lambda shares: np.asarray(value.resolve(_number).quantile(shares), np.float64)


def expected(value: Uncertain, name: str) -> Floats:
    """The mean of a quantity."""
    return np.array([float(value.resolve(_number).mean)])


def repeated(n: int) -> Drawn:
    """The mean of a quantity, in each of n replications."""
    return lambda value, name: np.full(n, expected(value, name)[0])


def sampled(seed: int, replications: Sequence[int], designed: Sequence[Mapping[str, float]] = ()) -> Drawn:
    """The values of a quantity in these replications; `designed` holds, of each, uniform numbers that are chosen."""

    def drawn(value: Uncertain, name: str) -> Floats:
        if value.kind == "fixed":
            return np.full(len(replications), float(value.resolve(_number).mean))
        return np.asarray(value.resolve(_number).quantile(shares(name)), np.float64)

    @cache
    def shares(name: str) -> Floats:
        shares = uniform_each(seed, name, 0, np.array(replications, np.int64))
        for number, given in enumerate(designed):
            shares[number] = given.get(name, shares[number])
        return shares

    return drawn


def _number(value: Any) -> Fraction:
    return Fraction(value)


YEAR = 12
"""Months of a year."""


# Whole cents

HALF_A_CENT = 1e-3
"""Added before a floor is taken: what is a whole number of cents as written may be a hair less as a float."""
MOST_CENTS = 1e15
"""Above this, whole cents are no longer exact as floats."""


def in_cents(amounts: Floats) -> Ints:
    """Amounts by month in whole cents: the floor of their sum so far, less that of the month before."""
    total = np.floor(np.cumsum(amounts, axis=-1) * 100 + HALF_A_CENT)
    if not (total < MOST_CENTS).all():
        raise RequestError(
            "money adds up to more than 10^13, which is not counted to the cent: look at units and prices"
        )
    total = total.astype(np.int64)
    return np.diff(total, axis=-1, prepend=0)
