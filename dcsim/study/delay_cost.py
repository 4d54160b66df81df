"""What waiting costs: GPU-days lost against the build in which nothing waits, or a plan; by cause, and in money."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dcsim.analysis.chain import codes_of, with_risks
from dcsim.analysis.delay import Floats, Growth, by_day, lateness, shared
from dcsim.analysis.frames import dates, days, explained, typed
from dcsim.analysis.result import EXPECTED
from dcsim.analysis.stuck import STUCK, stuck_before
from dcsim.calendars import always
from dcsim.chain import chains
from dcsim.chain.ways import ways
from dcsim.document.bars import coloured, with_rest
from dcsim.document.causes import spent_on
from dcsim.document.chart import Axis, Band, Bars, Chart, Line
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import counted, money, share
from dcsim.engine import AUTO, ENGINES, choose
from dcsim.engine.draws import Draws, Expectation, Sample, draw
from dcsim.engine.outcome import left_of
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.manifest import Count, Fields, Number
from dcsim.study.money import money_of
from dcsim.study.plan import plan_of
from dcsim.study.result import Result
from dcsim.study.seen import about_seen, agreed, draws_of
from dcsim.study.threads import in_chunks, pool_for
from dcsim.study.trials import at_least_one
from dcsim.study.unfinished import never
from dcsim.suggest import nearest
from dcsim.trace import NOT, Ints, Trace
from dcsim.units import DAY, Money

MAIN = "causes"
TABLES = {
    "causes": "kind name unit_days:number share:number price:number",
    "curves": "day:number date:time simulated:number target:number",
    "stuck": STUCK,
}
ABOUT: Fields = {"supply": str, "unit": str, "replications": Count, "against": str, "unit_days": Number}
ABOUT |= {"price": Number | None, "currency": str | None}
FEW = 4
"""Runs that are made together: there are not many, and each is long."""
PLENTY = 10**12
"""Units of every resource and supply in the run in which nothing waits."""
UNFINISHED = ("unfinished", "")
"""The cause of loss for units that are not delivered by the end of the simulation."""


def delay_cost(
    scenario: Scenario,
    *,
    supply: str,
    target: "pd.DataFrame | str | Path | None" = None,
    price: str | float | Money | None = None,
    n: int = 32,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    expected: bool = False,
    engine: str = AUTO,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Count the unit-days of a supply that waiting costs, by cause, and their value.

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
    expected
        One run with every quantity at its mean.
    n, seed, workers, executor, engine, progress
        As in `replicate`.

    Raises
    ------
    RequestError
        There is no such counter, or the plan cannot be read.
    """
    network = network_of(scenario)
    counter = _counter(scenario, network, supply, target)
    value = scenario.supplies[supply].hourly_value if price is None else money_of(scenario, price, "the price")
    chosen = choose(engine, 2 * network.instances * (1 if expected else draws_of(scenario, at_least_one(n))))
    pool = pool_for(chosen, workers, executor)
    among = None if expected else agreed(scenario, network, seed, n, chosen, pool)
    numbers = range(n) if among is None else among.numbers.tolist()
    chances: list[Expectation | Sample] = [Expectation()] if expected else [Sample(seed, number) for number in numbers]
    parts = in_chunks(len(chances), pool, _Builds(chosen, counter, chances), progress, FEW)
    unit_days, tables = _tables(counter, [build for part in parts for build in part], value)
    about = {
        **{"supply": supply, "unit": scenario.supplies[supply].unit},
        "seed": EXPECTED if expected else seed,
        "replications": 1 if expected else n,
        **about_seen(among),
        **_against(counter.plan),
        **_priced(unit_days, value),
    }
    return Result("delay_cost", scenario, about, tables)


class _Build(NamedTuple):
    """What is kept of one run."""

    spent: Floats
    """Unit-minutes lost by code."""
    grown: Ints
    """Units at the end of each day."""
    wanted: Ints
    missed: bool
    """Whether units do not come by the horizon."""
    left: int
    """How many activity instances did not finish."""
    stuck: Ints
    """Rows of (activity, cause, how many wait for it when the run ends)."""


@dataclass(frozen=True)
class _Counter:
    """What produces the units of a supply, and what the simulated dates are compared with."""

    network: Network
    instances: Ints
    amounts: Ints
    """How many units each instance produces."""
    initial: int
    plan: Growth | None
    ideal: Network
    """The network in which nothing waits."""

    def build(self, compute: Callable[[Network, Draws], Trace], chance: Expectation | Sample) -> _Build:
        """One run beside what its dates are compared with."""
        draws = draw(self.network, chance)
        trace, days_told = compute(self.network, draws), self.network.horizon // DAY + 1
        simulated = _grown(trace, self.instances, self.amounts)
        aim = self.plan or _grown(compute(self.ideal, draw(self.ideal, chance)), self.instances, self.amounts)
        is_done = trace.done[self.instances] != NOT
        seen = _worked(Growth(simulated.tick[is_done], simulated.amount[is_done]))
        grown, wanted = (self.initial + by_day(growth, days_told) for growth in (seen, self.plan or _worked(aim)))
        spent = _spent(trace, draws, self.instances, lateness(simulated, aim))
        return _Build(spent, grown, wanted, not is_done.all(), *left_of(trace))


@dataclass(frozen=True)
class _Builds:
    """Runs with these chances."""

    engine: str
    counter: _Counter
    chances: Sequence[Expectation | Sample]

    def __call__(self, first: int, last: int, stopped: Event, /) -> list[_Build]:
        compute, done = ENGINES[self.engine](), []
        for chance in self.chances[first:last]:
            if stopped.is_set():
                raise CancelledError
            done.append(self.counter.build(compute, chance))
        return done


def _counter(scenario: Scenario, network: Network, supply: str, target: pd.DataFrame | str | Path | None) -> _Counter:
    instances, amounts = _increments(scenario, network, supply)
    initial = sum(stock.initial for stock in network.stocks if stock.name == supply)
    plan = None if target is None else plan_of(target, scenario.supplies[supply].unit, network, initial)
    return _Counter(network, instances, amounts, initial, plan, _unhindered(network, supply))


def _tables(counter: _Counter, builds: Sequence[_Build], value: Money | None) -> tuple[float, dict[str, pd.DataFrame]]:
    """Unit-days lost on average, and the tables of these builds."""
    network = counter.network
    spent, grown, wanted, missed, left = map(np.array, list(zip(*builds, strict=True))[:-1])
    rows = np.concatenate([np.insert(build.stuck, 0, number, axis=1) for number, build in enumerate(builds)])
    stuck = stuck_before(network, "", missed, left, rows, counter.instances, ())
    unit_days = float(spent.sum(axis=1).mean()) / DAY
    causes = _causes(network, spent.mean(axis=0), unit_days, value)
    return unit_days, {"causes": causes, "curves": _curves(network, grown, wanted), "stuck": stuck}


def _against(plan: Growth | None) -> dict[str, str | None]:
    """What the build is compared with, and by what a plan is known again."""
    if plan is None:
        return {"against": "nothing waits", "plan": None}
    return {"against": "plan", "plan": sha256(plan.tick.tobytes() + plan.amount.tobytes()).hexdigest()}


def _causes(network: Network, spent: Floats, unit_days: float, value: Money | None) -> pd.DataFrame:
    """What lost how many, most first: kind, name, unit_days, share, price (empty where a unit has none)."""
    by_cause: dict[tuple[str, str], float] = {}
    for key, minutes in zip([*codes_of(network), UNFINISHED], spent.tolist(), strict=True):
        if minutes:
            by_cause[key] = by_cause.get(key, 0.0) + minutes / DAY
    worth = {key: np.nan if value is None else _worth(lost, value) for key, lost in by_cause.items()}
    rows = [(*key, lost, lost / unit_days, worth[key]) for key, lost in by_cause.items()]
    return typed(rows, TABLES["causes"]).sort_values("unit_days", ascending=False, kind="stable", ignore_index=True)


def _priced(unit_days: float, value: Money | None) -> dict[str, Any]:
    """What the manifest says of what was lost and of its value."""
    hourly = None if value is None else f"{float(value.amount):g} {value.currency}"
    price, currency = (None, None) if value is None else (_worth(unit_days, value), value.currency)
    return {"hourly_value": hourly, "unit_days": unit_days, "price": price, "currency": currency}


def _worth(unit_days: float, value: Money) -> float:
    return float(value.amount) * 24 * unit_days


def _curves(network: Network, grown: Ints, wanted: Ints) -> pd.DataFrame:
    """Units at the end of each day, on average: day (from day zero), date, simulated, target."""
    ends = (np.arange(grown.shape[1]) + 1) * DAY
    columns = {"day": days(network, ends), "date": dates(network, ends - 1)}
    columns |= {"simulated": grown.mean(axis=0), "target": wanted.mean(axis=0)}
    return explained(pd.DataFrame(columns), network)


def _increments(scenario: Scenario, network: Network, supply: str) -> tuple[Ints, Ints]:
    """The instances that produce a counter, and how many units each."""
    if supply not in scenario.supplies:
        raise RequestError(f"no supply '{supply}'{nearest(supply, scenario.supplies, 'supplies')}")
    stocks = {number for number, stock in enumerate(network.stocks) if stock.name == supply}
    users = {d.activity for d in network.demands for take in d.consumes if take.stock in stocks}
    if users:
        names = ", ".join(network.activities[user] for user in sorted(users))
        raise RequestError(f"'{supply}' is consumed by {names}: choose a counter, which no activity consumes")
    brought = {order.stock for order in network.orders} | {production.stock for production in network.productions}
    if stocks & brought:
        raise RequestError(f"'{supply}' is delivered by orders or productions: choose a supply that activities produce")
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
        resources=tuple(replace(resource, steps=((0, PLENTY),)) for resource in network.resources),
        stocks=tuple(stock if stock.name == supply else replace(stock, initial=PLENTY) for stock in network.stocks),
        productions=(),
        risks=(),
        working_times=tuple(
            replace(working_time, open=open_always, stopped_by=()) for working_time in network.working_times
        ),
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
    by_code = np.zeros(plan.codes.total + 1)
    is_done = trace.done[instances] != NOT
    by_code[-1] = minutes[~is_done].sum()
    late = np.flatnonzero(is_done & (minutes > 0))
    for unit_minutes, chain in zip(minutes[late], chains(trace, draws, instances[late].tolist()), strict=True):
        chain_ = with_risks(network, draws, chain)
        spent = np.bincount(chain_["code"], weights=chain_["ends"] - chain_["begins"], minlength=plan.codes.total)
        by_code[:-1] += shared(float(unit_minutes), spent, plan.codes)
    return by_code


# What it has to say

MOST_CAUSES = 15
"""Causes that a report lists."""
MANY = 100
"""Unit-days from which on they are written as whole numbers."""
LATE = "not delivered by the end of the simulation"
SHARED = "The loss of each unit is shared among the causes on its driving chain."


def report(result: Result, milestone: str = "") -> Report:
    """How much is lost, to what, and the curves between which it lies."""
    about, causes = result.about, result.tables["causes"]
    unit, currency = _unit(result), str(about.get("currency") or "")
    against = f"compared with {'the plan' if about.get('against') == 'plan' else 'a run in which nothing waits'}"
    worth = f", worth {money(about['price'], currency)}" if about.get("price") is not None else ""
    digits = 0 if about["unit_days"] >= MANY else 1
    loss = f"{about['unit_days']:,.{digits}f} {unit}-days of {about['supply']} are lost {against}{worth}."
    columns = [Column("cause"), Column(f"{unit}-days", "days", digits=digits), Column("share", "share")]
    columns += [Column(currency, "money")] if worth else []
    rows = [[cause, *numbers[: len(columns) - 1]] for cause, numbers in _rows(causes)]
    charts = (shortfall(result), lost_to(result))
    sentences = (loss, *never(result.tables["stuck"], result.simulated))
    tables = [Table(columns, rows)] if rows else []
    section = Section("", sentences, tables=tables, charts=charts, notes=[SHARED])
    return Report.of("What waiting costs", [*result.subject(), about["supply"]], [section])


def _rows(causes: pd.DataFrame) -> Iterator[tuple[Cell | str, list[float]]]:
    """What the causes cost, those that are not listed as one, and all together: unit-days, share, price."""
    costs = causes[["unit_days", "share", "price"]]
    listed, rest = causes.head(MOST_CAUSES), costs.iloc[MOST_CAUSES:]
    for row, numbers in zip(listed.to_dict("records"), costs.to_numpy(np.float64).tolist(), strict=False):
        yield _row_in_words(row), numbers
    if len(rest):
        yield counted(len(rest), "more cause"), rest.sum().tolist()
    if len(causes) > 1:
        yield Cell("all causes", emphasis="strong"), [costs["unit_days"].sum(), 1.0, costs["price"].sum()]


def _unit(result: Result) -> str:
    return str(result.about.get("unit") or "unit")


def _row_in_words(row: Mapping[Any, Any]) -> str:
    return LATE if (row["kind"], row["name"]) == UNFINISHED else spent_on(row["kind"], row["name"])


def shortfall(result: Result) -> Chart:
    """How much there was at the end of each day beside how much there should have been; between them lies the loss."""
    supply, curves = result.about["supply"], result.tables["curves"]
    moves = np.flatnonzero(curves[["simulated", "target"]].diff().abs().sum(axis=1) > 0)
    if not len(moves):
        return Chart(f"{supply}: simulated and target", empty=f"no unit of {supply} was counted")
    shown = curves.iloc[max(0, int(moves[0]) - 7) : int(moves[-1]) + 15]
    at = shown["date"].to_numpy("datetime64[m]")
    simulated, target = (shown[name].to_numpy(np.float64) for name in ("simulated", "target"))
    marks = (
        Band(name="lost", colour="line", x=at, low=simulated, high=np.maximum(simulated, target), steps=True),
        Line(name="target", colour="green", x=at, y=target, dash="dash", width=2, steps=True),
        Line(name="simulated", x=at, y=simulated, steps=True),
    )
    summary = f"At the end: target {target[-1]:,.0f}, simulated {simulated[-1]:,.0f}."
    y = Axis("count", f"{supply} ({_unit(result)})")
    title = f"{supply}: simulated and target, on average"
    return Chart(title, Axis("date"), y, marks, "", summary, day_zero=result.scenario.zero)


def lost_to(result: Result) -> Chart:
    """How many unit-days each cause costs, with its share."""
    causes = result.tables["causes"]
    shown = with_rest(causes[causes["unit_days"] > 0][["kind", "name", "unit_days", "share"]])
    lost, total = shown["unit_days"].to_numpy(np.float64), float(shown["unit_days"].sum())
    names = [_row_in_words(row) for row in shown.to_dict("records")]
    labels = [f"{number:,.0f} ({share(part, digits=0)})" for number, part in zip(lost, shown["share"], strict=True)]
    axis = Axis(title=f"{_unit(result)}-days lost, on average; together {total:,.0f}")
    notes, zeros = [f"{name}: {label}" for name, label in zip(names, labels, strict=True)], np.zeros(len(lost))
    marks = coloured(Bars, shown["kind"], rows=range(len(lost)), start=zeros, end=lost, labels=labels, notes=notes)
    title, empty = f"{result.about['supply']}: lost days by cause", "" if names else "no loss"
    return Chart(title, axis, Axis("rows", names=names), marks, "", "; ".join(notes), empty=empty)


CHARTS = {"curves": shortfall, "causes": lost_to}
