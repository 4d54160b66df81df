"""Money: what builds cost, what they earn, when the cash runs out, and whether they pay back."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Event
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dcsim.analysis.frames import moments
from dcsim.analysis.result import EXPECTED
from dcsim.analysis.supplies import movements
from dcsim.engine import ENGINES, builds, choose
from dcsim.engine.draws import Expectation, draw
from dcsim.errors import RequestError
from dcsim.money.books import Books, Builds, keep_books
from dcsim.money.chosen import with_chosen
from dcsim.money.figures import (
    Figures,
    Forecast,
    figures_of,
    forecast_of,
)
from dcsim.money.months import Drawn, Floats, Ints, Months, expected, quantile, repeated, sampled
from dcsim.money.quantities import cost_quantity, rented_quantity, revenue_quantity
from dcsim.money.records import Record, Records, Watched
from dcsim.money.rented import own_or_rent
from dcsim.money.reported import simulated
from dcsim.network import Network
from dcsim.scenario.finance import TOGETHER, Finance
from dcsim.scenario.schema import Scenario
from dcsim.scenario.values import Uncertain
from dcsim.study.cash import network_of
from dcsim.study.finance_debt import leases, loans
from dcsim.study.finance_observed import OBSERVED, RENTED, observed, rented_table
from dcsim.study.finance_tables import (
    FIGURES,
    SOURCES,
    events_table,
    figures_table,
    monthly_table,
    outcomes_table,
    sources_table,
    statements_table,
)
from dcsim.study.finance_words import CHARTS, report
from dcsim.study.joint import Joint, Wanted, contours, joint_about, joint_table, wanted
from dcsim.study.manifest import Count, Fields, Number
from dcsim.study.result import Result, known
from dcsim.study.seen import about_seen, agreed, draws_of
from dcsim.study.threads import CHUNK, in_chunks, pool_for
from dcsim.trace import Trace
from dcsim.units import Money as Sum

MAIN = "figures"
FAN = 4096
"""The first replications give the quantiles by month, so that what is kept does not grow with their number."""
MOST_TOGETHER = 256
"""The books of so many replications are kept at once at most: the more, the less time each of them takes."""
SLIP = 30
"""Days of delay from which the cost of one of them follows, which alone would move few payments over a month end."""
MOST_WATCHED = 2**23
"""So many instances of activities are kept at once at most, those of each replication by themselves."""
TABLES = {
    "figures": FIGURES,
    "events": "party event expected:time p10:time p50:time p90:time happens:number",
    "monthly": "party month:time cash:number cash_p10:number cash_p50:number cash_p90:number dscr:number"
    " dscr_p10:number dscr_p50:number dscr_p90:number",
    "statements": "party statement line month:time amount:number",
    "sources": SOURCES,
    "loans": "loan party month:time rate:number drawn:number fee:number added:number unpaid:number interest:number"
    " repaid:number service:number to_reserve:number forgiven:number balance:number market_value:number"
    " forced_value:number forced_ltv:number ltv:number ltv_p10:number ltv_p50:number ltv_p90:number dscr:number"
    " dscr_p10:number dscr_p50:number dscr_p90:number llcr:number llcr_p10:number",
    "delays": "party month:time npv_lost:number gap_added:number",
    "leases": "lease month:time rent:number paid:number owed:number written_off:number agreed:number realised:number",
    "observed": OBSERVED,
    "own_or_rent": RENTED,
    "outcomes": "party replication:whole npv:number npv_with_residual:number funding_gap:number irr:number"
    " runs_out:time payback:time",
    "joint": "replication:whole milestone date:time cost:number",
    "contours": "confidence:number date:time cost:number",
}
ABOUT: Fields = {"party": str, "parties": list[str], "replications": Count, "currency": str, "price_year": str}
ABOUT |= {"until": str, "day_count": str, "discount_rate": Number, "valued": str, "never_ready": list[str]}
ABOUT |= {"joint": (dict[str, Any] | None, None)}
ABOUT |= {"compounding": str, "dscr": str, "covenants": dict[str, dict[str, Number]]}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "finance", "report"]


class Valued(NamedTuple):
    """What is kept of some replications of one party."""

    first: int
    figures: dict[str, Figures]
    """Of parties and of loans; by month only as far as fans need them."""
    cash: dict[str, Ints]
    observed: dict[str, Floats]
    """Of what was reported in the world."""
    rented: dict[str, dict[str, Floats]]
    """Owning against renting, by demand."""
    never: list[str]
    """Loans whose interest is added until a milestone that the first of these replications never reaches."""
    books: Books
    joint: Joint


class Money:
    """The finance of a scenario, and the money of its replications."""

    def __init__(self, scenario: Scenario, network: Network, finance: Finance) -> None:
        self.scenario, self.network, self.finance = scenario, network, with_chosen(scenario, finance)
        self.months = Months.of(scenario, finance)
        self.wanted = Wanted()
        self.watched = Watched.of(network, self.finance)
        self.forecast: Forecast | None = None
        """What lenders expect, where it is known; else each build is its own forecast."""

    @classmethod
    def of(cls, scenario: Scenario, network: Network) -> "Money":
        """That of a scenario; raises RequestError if it has no `finance`."""
        if scenario.finance is None:
            raise RequestError("the scenario has no `finance:` section; `dcsim guide finance` explains it")
        return cls(scenario, network, scenario.finance)

    @property
    def needs_attempts(self) -> bool:
        """Whether every attempt has to be recorded, to count working hours."""
        return any(cost.hours == "working" for cost in self.finance.costs.values())

    def chunk(self, count: int) -> int:
        """How many of so many replications are kept together."""
        return min(max(CHUNK, min(MOST_TOGETHER, count // 8)), 1 + MOST_WATCHED // (1 + len(self.watched.instances)))

    def builds(self, records: Sequence[Record]) -> Builds:
        """What is paid for in some builds, and what they earn with."""
        seen, finance, months = Records(self.watched, records), self.finance, self.months
        names = [milestone.name for milestone in self.network.milestones]
        months_reached = np.where(seen.reached >= 0, months.at(seen.reached), months.count)
        return Builds(
            seen.count,
            {name: cost_quantity(cost, seen, months) for name, cost in finance.costs.items()},
            {name: revenue_quantity(revenue, seen, months) for name, revenue in finance.revenue.items()},
            dict(zip(names, months_reached.T, strict=True)),
            {name: rented_quantity(demand, seen, months) for name, demand in finance.rent_instead.items()},
            dict(zip(names, seen.dated.T, strict=True)),
        )

    def books(self, builds: Builds, drawn: Drawn) -> Books:
        """The books of some builds."""
        return keep_books(self.finance, self.months, drawn, builds)

    def figures(self, books: Books) -> dict[str, Figures]:
        """The figures of parties and loans."""
        forecast = self.forecast or forecast_of(self.finance, books)
        return figures_of(self.scenario, self.finance, books, self.months, forecast)

    def foresee(self, engine: str) -> None:
        """From now on, what is valued on a forecast is valued on that of the expected build."""
        _, record = self._expected(engine)
        self.forecast = forecast_of(self.finance, self.books(self.builds([record]), expected))

    def keep(self, first: int, builds: Builds, drawn: Drawn) -> Valued:
        """The books of some replications, reduced."""
        books = self.books(builds, drawn)
        figures = self.figures(books)
        cash = {name: party.cash_flow["cash"] for name, party in books.parties.items()}
        if first >= FAN:
            figures = {name: values.without_months for name, values in figures.items()}
            cash = {name: flows[:0] for name, flows in cash.items()}
        waits = {name: loan.interest_until for name, loan in self.finance.funding.items() if loan.interest_until}
        never = [name for name, milestone in waits.items() if builds.reached[milestone][0] == self.months.count]
        reported = self.finance.observed.items()
        observed_ = {name: simulated(figure, books.parties, figures, self.months) for name, figure in reported}
        rented = own_or_rent(self.scenario, self.finance, books, builds.rented, self.months, drawn)
        return Valued(first, figures, cash, observed_, rented, never, books, self.wanted.of(builds, books))

    def delays(self, trace: Trace, record: Record, centre: Valued) -> pd.DataFrame:
        """What a day costs by which the expected build is late from the beginning of each of its months on: month,
        party, npv_lost, gap_added."""
        end = int(self.months.at(np.array([max(record.end, int(movements(trace)[1].max(initial=0)))]))[0])
        edges = self.months.edges[: min(end + 1, self.months.count)]
        held = [record.held(max(int(tick), 0), SLIP) for tick in edges]
        books = self.books(self.builds(held), repeated(len(held)))
        now = self.figures(books)
        months = moments(self.months.ends[: len(held)])
        frames = []
        for name in books.parties:
            was, after = centre.figures[name].values, now[name].values
            lost, gap = was["npv"] - after["npv"], after["funding_gap"] - was["funding_gap"]
            columns = {"npv_lost": lost / SLIP, "gap_added": gap / SLIP}
            frames.append(pd.DataFrame({"party": name, "month": months, **columns}))
        return pd.concat(frames, ignore_index=True)

    def uncertain(self, engine: str) -> dict[str, Callable[[Floats], Floats]]:
        """Prices, rates and all else of finance that is drawn: by name, what each is at uniform numbers."""
        uncertain: dict[str, Callable[[Floats], Floats]] = {}

        def noted(value: Uncertain, name: str) -> Floats:
            if value.kind != "fixed":
                uncertain[name] = quantile(value)
            return expected(value, name)

        _, record = self._expected(engine)
        self.books(self.builds([record]), noted)
        return uncertain

    def expected(self, engine: str) -> tuple[Valued, pd.DataFrame]:
        """The build with expected values, at expected prices, and what a day of its delay costs."""
        trace, record = self._expected(engine)
        centre = self.keep(0, self.builds([record]), expected)
        self.forecast = forecast_of(self.finance, centre.books)
        return centre, self.delays(trace, record, centre)

    def _expected(self, engine: str) -> tuple[Trace, Record]:
        draws = draw(self.network, Expectation())
        trace = ENGINES[engine]()(self.network, draws)
        return trace, self.watched.record(trace, draws)

    def dates(self, numbers: Floats) -> "pd.Series[pd.Timestamp]":
        """The last days of months, empty for never."""
        return moments([self.months.ends[int(k)] if np.isfinite(k) else None for k in numbers])

    def days(self, numbers: Floats) -> Floats:
        """Days from day zero to the last days of months; not a number for never."""
        zero = self.scenario.zero
        ends = np.array([(end - zero).total_seconds() / 86400 for end in self.months.ends])
        is_known = np.isfinite(numbers)
        return np.where(is_known, ends[np.where(is_known, numbers, 0).astype(int)], np.nan)


def finance(
    scenario: Scenario,
    *,
    n: int = 256,
    party: str | None = None,
    milestone: str | None = None,
    date: str | None = None,
    budget: str | float | Sum | None = None,
    expected: bool = False,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = "auto",
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Compute the money: statements by month, net present value, funding gap, payback, and debt cover.

    The build with expected values, at expected prices, is shown in full; the others in quantiles.

    Parameters
    ----------
    scenario
        From `load`, with a `finance:`.
    n, seed, workers, executor, engine, progress
        As in `replicate`. What was seen chooses the replications; the build with expected values does not know it.
    party
        Whose figures come first; all of them together, what they pay each other left out, if not given.
    milestone
        The milestone whose date and cost are told together; the last with a target or an observed date, else the last,
        if not given.
    date, budget
        The date to meet (its target if not given) and the most it may cost: the table `joint` and `about` give the
        chance of both. The cost is what was received by the end of its month, for running costs, rents and investment.
    expected
        One run with expected values.

    Raises
    ------
    RequestError
        The scenario has no `finance`, there is no such party or milestone, or date or budget cannot be read.
    """
    network = network_of(scenario)
    money = Money.of(scenario, network)
    if n < 1:
        raise RequestError(f"there must be at least one replication, got {n}")
    party_ = known(party, money.finance.parties, "party", "parties") if party is not None else TOGETHER
    money.wanted = wanted(scenario, network, milestone, date, budget, party_)
    chosen = choose(engine, network.instances * (1 if expected else draws_of(scenario, n) + 1))
    pool = pool_for(chosen, workers, executor)
    among = None if expected else agreed(scenario, network, seed, n, chosen, pool)
    numbers = range(0 if expected else n) if among is None else among.numbers.tolist()
    centre, delays = money.expected(chosen)
    work = _Parts(chosen, money, seed, numbers)
    parts = in_chunks(len(numbers), pool, work, progress, money.chunk(len(numbers)))
    about = {"seed": EXPECTED if expected else seed, "replications": 1 if expected else n, **about_seen(among)}
    return _result(money, party_, centre, parts, delays, numbers or [0], about)


@dataclass(frozen=True)
class _Parts:
    """The books of the replications with these numbers, reduced."""

    engine: str
    money: Money
    seed: int
    numbers: Sequence[int]

    def __call__(self, first: int, last: int, stopped: Event, /) -> Valued:
        money = self.money
        build = builds(self.engine, money.network, self.seed, money.needs_attempts)
        done = [money.watched.record(*build(k)) for k in self.numbers[first:last] if not stopped.is_set()]
        kept = money.keep(first, money.builds(done), sampled(self.seed, self.numbers[first : first + len(done)]))
        return kept._replace(books=Books({}, {}, {}, {}, {}, {}, {}))


def _result(
    money: Money,
    party: str,
    centre: Valued,
    parts: Sequence[Valued],
    delays: pd.DataFrame,
    numbers: Sequence[int],
    asked: dict[str, Any],
) -> Result:
    terms = money.finance
    about = {
        **asked,
        "party": party,
        "parties": list(terms.parties),
        "currency": terms.currency,
        "price_year": terms.price_year,
        "until": f"{terms.until:%Y-%m}",
        "day_count": terms.day_count,
        "discount_rate": float(terms.discount_rate),
        "valued": f"{terms.valuation_date or money.scenario.start:%Y-%m-%d}",
        "never_ready": centre.never,
        "compounding": terms.compounding,
        "dscr": f"{terms.dscr.window}, {terms.dscr.length}, {terms.dscr.cfads.replace('_', ' ')}",
        **joint_about(money, [part.joint for part in parts]),
        "covenants": {
            name: {key: float(value) for key in ("dscr", "ltv") if (value := getattr(loan.covenants, key)) is not None}
            for name, loan in terms.funding.items()
            if loan.loan is not None
        },
    }
    sampled_ = parts or [centre]
    tables = {
        "figures": figures_table(money, centre, sampled_),
        "events": events_table(money, centre, sampled_),
        "monthly": monthly_table(money, centre, sampled_),
        "statements": statements_table(money, centre),
        "sources": sources_table(centre),
        "loans": loans(money, centre, sampled_),
        "leases": leases(money, centre),
        "observed": observed(money, centre, sampled_),
        "own_or_rent": rented_table(centre, sampled_),
        "delays": delays,
        "outcomes": outcomes_table(money, sampled_, numbers),
        "joint": joint_table(money, [part.joint for part in sampled_], numbers),
        "contours": contours(money, [part.joint for part in parts]),
    }
    return Result("finance", money.scenario, about, tables)
