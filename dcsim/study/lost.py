"""What waiting costs: GPU-days lost against the build in which nothing waits, or a plan; by cause, and in money."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dcsim.analysis.chain import codes_of, with_risks
from dcsim.analysis.frames import dates, days, explained
from dcsim.analysis.lost import Floats, Growth, by_day, lateness, shared
from dcsim.analysis.notebook import as_html
from dcsim.build import network_of
from dcsim.calendars import always
from dcsim.engine import AUTO, ENGINES, choose
from dcsim.engine.chain import chains
from dcsim.engine.draws import Draws, Expectation, Sample, draw
from dcsim.engine.ways import ways
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.money import money_of
from dcsim.study.plan import plan_of
from dcsim.study.result import Result
from dcsim.study.store import keep
from dcsim.suggest import nearest
from dcsim.trace import NOT, Ints, Trace
from dcsim.units import DAY, Money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PLENTY = 10**12
"""Units of everything in the build in which nothing waits."""
UNFINISHED = ("unfinished", "")
"""What is lost to units that are not there at the horizon."""


@dataclass(frozen=True, eq=False, repr=False)
class Lost:
    """Unit-days of a supply that were lost by coming later than they should have."""

    scenario: Scenario
    network: Network
    supply: str
    seed: int | None
    """None for expected values."""
    n: int
    plan: str | None
    """The fingerprint of the plan that the loss is against; none if it is against the build in which nothing waits."""
    price: Money | None
    """Of one unit for an hour."""
    spent: Floats
    """Unit-minutes lost: replications by codes, and at the end those of units that never came."""
    grown: Ints
    """Mean units at the end of each day."""
    wanted: Ints

    def __repr__(self) -> str:
        return f"Lost('{self.scenario.name}', supply='{self.supply}', unit_days={self.unit_days:,.0f})"

    @property
    def unit_days(self) -> float:
        """Unit-days lost, on average over the replications."""
        return float(self.spent.sum(axis=1).mean()) / DAY

    @cached_property
    def causes(self) -> pd.DataFrame:
        """Who lost them, most first: kind, name, unit_days, share, price (empty where a unit has none)."""
        found: dict[tuple[str, str], float] = {}
        for key, minutes in zip([*codes_of(self.network), UNFINISHED], self.spent.mean(axis=0).tolist(), strict=True):
            if minutes:
                found[key] = found.get(key, 0.0) + minutes / DAY
        rows = [(*key, lost, lost / self.unit_days, self._priced(lost)) for key, lost in found.items()]
        frame = pd.DataFrame(rows, columns=["kind", "name", "unit_days", "share", "price"])
        numbers = dict.fromkeys(("unit_days", "share", "price"), "float64")
        frame = frame.astype({"kind": "str", "name": "str", **numbers})
        return frame.sort_values("unit_days", ascending=False, kind="stable", ignore_index=True)

    def _priced(self, unit_days: float) -> float:
        return float(self.price.amount) * 24 * unit_days if self.price is not None else np.nan

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Units at the end of each day, on average: day (from day zero), date, simulated, target."""
        ends = (np.arange(len(self.grown)) + 1) * DAY
        columns = {"day": days(self.network, ends), "date": dates(self.network, ends - 1)}
        return explained(pd.DataFrame(columns | {"simulated": self.grown, "target": self.wanted}), self.network)

    @cached_property
    def findings(self) -> Result:
        """All tables, with what was asked: what is kept, drawn and reported."""
        about = {
            "supply": self.supply,
            "unit": self.scenario.supplies[self.supply].unit,
            "seed": self.seed if self.seed is not None else "expected",
            "replications": self.n,
            "against": "nothing waits" if self.plan is None else "plan",
            "plan": self.plan,
            "hourly_value": None if self.price is None else f"{float(self.price.amount):g} {self.price.currency}",
            "unit_days": self.unit_days,
            "price": None if self.price is None else self._priced(self.unit_days),
            "currency": None if self.price is None else self.price.currency,
        }
        return Result("lost", self.scenario, about, {"causes": self.causes, "curves": self.curves})

    def _repr_html_(self) -> str:
        told = f"{self.scenario.name}: {self.unit_days:,.0f} unit-days of {self.supply} lost"
        return as_html(told, self.causes, "shared among all that their driving chains waited for")

    def save(self, folder: str | Path) -> Path:
        """Write the tables, the resolved scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        return keep(self.findings, folder)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw both curves, and the area between them."""
        from dcsim.figures.gallery import draw

        return draw(self.findings, ax=ax)


def lost(
    scenario: Scenario,
    *,
    supply: str,
    target: "pd.DataFrame | str | Path | None" = None,
    price: str | float | Money | None = None,
    n: int = 32,
    seed: int = 0,
    expected: bool = False,
    engine: str = AUTO,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Lost:
    """Tell how many unit-days of a supply are lost by waiting, to what, and what they would have been worth.

    Each unit is compared with the same unit in the build in which nothing waits: the same draws, with plenty of every
    resource and supply, always open calendars and no risks. What a unit loses is shared among all that its driving
    chain waited for, in proportion to the time.

    Parameters
    ----------
    scenario
        From `load`.
    supply
        A counter: activities produce it, and nobody consumes it.
    target
        A plan to compare with instead: a frame or CSV file of `date` and `amount` (units there from that date on).
    price
        What a unit is worth an hour: `4 USD`, or a plain number in the currency of the scenario; the supply's
        `hourly_value` if not given.
    n, seed, engine, progress
        As in `replicate`.
    expected
        Every quantity at its mean, in one build.

    Raises
    ------
    RequestError
        There is no such counter, or the plan cannot be read.
    """
    network = network_of(scenario)
    instances, amounts = _increments(scenario, network, supply)
    initial = sum(stock.initial for stock in network.stocks if stock.name == supply)
    unit = scenario.supplies[supply].unit
    plan, ideal = None if target is None else plan_of(target, unit, network, initial), _unhindered(network, supply)
    value = scenario.supplies[supply].hourly_value if price is None else money_of(scenario, price, "the price")
    count = 1 if expected else n
    compute = ENGINES[choose(engine, 2 * network.instances * count)]()
    spent, grown, wanted, days_told = [], [], [], network.horizon // DAY + 1
    for number in range(count):
        chance = Expectation() if expected else Sample(seed, number)
        draws = draw(network, chance)
        trace = compute(network, draws)
        simulated = _grown(trace, instances, amounts)
        aim = plan or _grown(compute(ideal, draw(ideal, chance)), instances, amounts)
        spent.append(_spent(trace, draws, instances, lateness(simulated, aim)))
        there = trace.done[instances] != NOT
        grown.append(initial + by_day(_worked(Growth(simulated.tick[there], simulated.amount[there])), days_told))
        wanted.append(initial + by_day(plan or _worked(aim), days_told))
        progress(number + 1, count)
    curves = [np.mean(each, axis=0).round().astype(np.int64) for each in (grown, wanted)]
    told = None if expected else seed
    fingerprint = None if plan is None else sha256(plan.tick.tobytes() + plan.amount.tobytes()).hexdigest()
    return Lost(scenario, network, supply, told, count, fingerprint, value, np.array(spent), *curves)


def _increments(scenario: Scenario, network: Network, supply: str) -> tuple[Ints, Ints]:
    """The instances that produce a counter, and how many units each."""
    if supply not in scenario.supplies:
        raise RequestError(f"no supply '{supply}'{nearest(supply, scenario.supplies, 'supplies')}")
    stocks = {number for number, stock in enumerate(network.stocks) if stock.name == supply}
    users = {d.activity for d in network.demands for take in d.consumes if take.stock in stocks}
    if users:
        names = ", ".join(network.activities[user] for user in sorted(users))
        raise RequestError(f"'{supply}' is used up by {names}: ask for a counter, which nobody consumes")
    brought = {order.stock for order in network.orders} | {one.stock for one in network.productions}
    if stocks & brought:
        raise RequestError(f"'{supply}' is delivered by orders or productions: ask for what activities produce")
    gain = np.array([sum(t.amount for t in bundle if t.stock in stocks) for bundle in network.bundles], np.int64)
    instances = np.flatnonzero(gain[network.bundle])
    if not len(instances):
        raise RequestError(f"no activity produces '{supply}'")
    return instances, gain[network.bundle[instances]]


def _unhindered(network: Network, supply: str) -> Network:
    """The network in which nothing waits: plenty of everything, no dates, always open, no risks."""
    open_always = always(network.horizon + 1)
    return replace(
        network,
        release=np.zeros_like(network.release),
        resources=tuple(replace(one, steps=((0, PLENTY),)) for one in network.resources),
        stocks=tuple(one if one.name == supply else replace(one, initial=PLENTY) for one in network.stocks),
        productions=(),
        risks=(),
        working_times=tuple(replace(one, open=open_always, stopped_by=()) for one in network.working_times),
    )


def _grown(trace: Trace, instances: Ints, amounts: Ints) -> Growth:
    """How a counter grew; units that never come are there at the horizon."""
    finish = trace.done[instances]
    return Growth(np.where(finish == NOT, trace.network.horizon, finish), amounts)


def _worked(growth: Growth) -> Growth:
    """The same by the last worked minute, whose day counts."""
    return Growth(np.maximum(0, growth.tick - 1), growth.amount)


def _spent(trace: Trace, draws: Draws, instances: Ints, minutes: Floats) -> Floats:
    """Unit-minutes lost by code, and at the end those of units that never came."""
    network, plan = trace.network, ways(trace.network)
    found = np.zeros(plan.codes.total + 1)
    there = trace.done[instances] != NOT
    found[-1] = minutes[~there].sum()
    late = np.flatnonzero(there & (minutes > 0))
    for unit_minutes, chain in zip(minutes[late], chains(trace, draws, instances[late].tolist()), strict=True):
        told = with_risks(network, draws, chain)
        spent = np.bincount(told["code"], weights=told["ends"] - told["begins"], minlength=plan.codes.total)
        found[:-1] += shared(float(unit_minutes), spent, plan.codes)
    return found
