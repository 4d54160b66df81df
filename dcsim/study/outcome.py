"""What is asked of each replication: the day of a milestone, or a figure of finance.

A question that compares, varies or ranks asks for the outcome in each replication, and does not know what it is.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.frames import days
from dcsim.analysis.quantiles import LEVELS, quantile
from dcsim.document.measure import Measure
from dcsim.document.report import Section
from dcsim.engine import builds
from dcsim.errors import RequestError
from dcsim.money.figures import CHANCES, COVER, EVENTS, FORECASTS, MONEY, MORE_IS_BETTER, RATIOS, Figures
from dcsim.money.months import sampled
from dcsim.network import Network
from dcsim.scenario.finance import TOGETHER
from dcsim.scenario.schema import Scenario
from dcsim.study.finance import Money
from dcsim.study.finance_terms import LABELS, figure_in_words
from dcsim.study.replications import require_milestone
from dcsim.study.result import Result, known
from dcsim.study.threads import Pool, in_chunks
from dcsim.study.trials import Designed, Ends, Progress, Trials, nothing_chosen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIGURES = (*MONEY, *RATIOS, *COVER, *EVENTS, *CHANCES)
"""The figures of finance that can be asked for, by name."""


@dataclass(frozen=True)
class Outcome:
    """The day of a milestone, or a figure of finance of a party, or of a loan."""

    name: str
    party: str = ""
    """Whose figure it is; empty for a milestone."""
    currency: str = ""
    alone: bool = False
    """Whether there is nobody else whose figure it could be."""

    @property
    def is_figure(self) -> bool:
        """Whether it is a figure of finance."""
        return bool(self.party)

    @property
    def measure(self) -> Measure:
        """In what it is measured."""
        if not self.is_figure:
            return Measure()
        kind = {
            **dict.fromkeys(MONEY, "money"),
            **dict.fromkeys({**RATIOS, **CHANCES}, "share"),
            **dict.fromkeys(COVER, "number"),
        }
        currency = self.currency if self.name in MONEY else ""
        return Measure(kind.get(self.name, "day"), currency, self.name in MORE_IS_BETTER)  # type: ignore[arg-type]

    @property
    def owner(self) -> str:
        """Whose figure it is, in words."""
        return "all parties" if self.party == TOGETHER else f"{self.party}"

    @property
    def label(self) -> str:
        """What it is called."""
        if not self.is_figure:
            return f"{self.name}"
        return LABELS[self.name] + ("" if self.alone else f", {self.owner}")

    def undefined(self, values: Floats) -> Floats:
        """Values to compare: a day that never comes is later than any; what has no other value is none."""
        if self.measure.is_day:
            return np.where(np.isnan(values), np.inf, values)
        return np.where(np.isfinite(values), values, np.nan)

    def levels(self, values: Floats) -> list[float]:
        """P10, P50, P80, P90, mean and the share of replications that have it; quantiles of days are infinite where
        it does not come, and the mean is empty unless all have it."""
        present_values = values[~np.isnan(values)]
        counted = values if self.measure.is_day else present_values
        quantiles = [quantile(counted, level) if len(counted) else np.nan for level in LEVELS]
        return [
            *quantiles,
            float(present_values.mean()) if len(present_values) == len(values) else np.nan,
            len(present_values) / len(values),
        ]


def figure_of(scenario: Scenario, network: Network, name: str, party: str | None = None) -> tuple[Outcome, ...]:
    """A figure of finance: of all parties together and of each, or of one of them or a loan.

    Raises
    ------
    RequestError
        There is no such figure or party, or the scenario has no `finance`.
    """
    known(name, FIGURES, "figure", "figures")
    finance = Money.of(scenario, network).finance
    loans = [loan for loan, terms in finance.funding.items() if terms.loan is not None]
    alone = len(finance.parties) == 1 and not party
    parties = (TOGETHER,) if alone else (TOGETHER, *finance.parties, *(loans if name == "npv" else ()))
    named = (*parties, *finance.parties, *loans, *finance.leases)
    chosen = parties if party is None else (known(party, named, "party", "parties"),)
    return tuple(Outcome(name, party_, finance.currency, alone) for party_ in chosen)


def outcome_of(
    scenario: Scenario, network: Network, milestone: str | None, figure: str | None, party: str | None
) -> Outcome:
    """The one outcome that is asked about: a milestone, or a figure of one party, or of all together.

    Raises
    ------
    RequestError
        There is none, or neither is named, or both are.
    """
    refuse_both([milestone or ""], figure, party)
    if figure is not None:
        return figure_of(scenario, network, figure, party)[0]
    if milestone is None:
        raise RequestError("name a milestone, or an outcome such as npv")
    return Outcome(require_milestone(network, milestone))


def refuse_both(milestones: Iterable[str], outcome: str | None, party: str | None) -> None:
    """A question is about milestones or about a figure, and a party is that of a figure; raises RequestError."""
    if outcome is not None and any(milestones):
        raise RequestError("name a milestone or an outcome, not both")
    if party is not None and outcome is None:
        raise RequestError("a party belongs to a figure of finance: name it with `outcome`, for example npv")


def in_manifest(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """What a manifest says of figures; nothing of milestones."""
    figures = [outcome for outcome in outcomes if outcome.is_figure]
    if not figures:
        return {}
    asked = {"figure": figures[0].name, "parties": [figure.party for figure in figures], "alone": figures[0].alone}
    return {"outcome": asked | {"currency": figures[0].currency}}


def defined(result: Result) -> tuple[Section, ...]:
    """How the figure that a result is about is defined, with the conventions of the scenario; nothing of milestones."""
    asked = result.about.get("outcome")
    return (Section("", notes=(figure_in_words(result.scenario, asked["figure"]),)),) if asked else ()


def asked_about(result: Result) -> tuple[Outcome, ...]:
    """The outcomes that a result is about."""
    about = result.about
    if asked := about.get("outcome"):
        parties = asked["parties"]
        return tuple(Outcome(asked["figure"], party, asked["currency"], bool(asked["alone"])) for party in parties)
    return tuple(map(Outcome, about["milestones"] if "milestones" in about else [about["milestone"]]))


@dataclass(frozen=True, eq=False)
class Simulated:
    """The outcomes in each replication."""

    values: Mapping[Outcome, Floats]
    """Days from day zero, sums of money, shares and numbers; not a number where there is none."""
    present: Mapping[Outcome, Mapping[str, Floats]] = field(default_factory=dict)
    """What an NPV is made of, by line of the cash flow."""
    ends: Ends | None = None
    """How the builds end, where a milestone is asked for."""


@dataclass(frozen=True)
class Asking:
    """Replications of one seed that are asked for outcomes: of one milestone, or of one figure of some parties."""

    outcomes: tuple[Outcome, ...]
    engine: str
    seed: int
    pool: Pool
    among: Ints | None = None
    """The numbers of the replications; their places if not given."""

    @cached_property
    def trials(self) -> Trials:
        """The same as asked for a milestone."""
        return Trials(self.engine, self.seed, self.outcomes[0].name, self.pool, self.among)

    def simulated(
        self,
        scenario: Scenario,
        network: Network,
        replications: Ints,
        designed: Designed = nothing_chosen,
        progress: Progress = lambda done, count: None,
    ) -> Simulated:
        """The outcomes of these replications; by their place, `designed` tells the uniform numbers that are chosen."""
        if self.outcomes[0].is_figure:
            numbers = replications if self.among is None else self.among[replications]
            return self._figures(Money.of(scenario, network), numbers, designed, progress)
        ends = self.trials.ends(network, replications, designed, progress)
        return Simulated({self.outcomes[0]: np.asarray(days(network, ends.ticks), np.float64)}, ends=ends)

    def _figures(self, money: Money, numbers: Ints, designed: Designed, progress: Progress) -> Simulated:
        if self.outcomes[0].name in FORECASTS:
            money.foresee(self.engine)
        work = _Figures(self.engine, money, self.seed, self.outcomes, numbers, designed)
        chunks = in_chunks(len(numbers), self.pool, work, progress, money.chunk(len(numbers)))
        values = {outcome: np.concatenate([chunk[k][0] for chunk in chunks]) for k, outcome in enumerate(self.outcomes)}
        present = {
            outcome: {line: np.concatenate([chunk[k][1][line] for chunk in chunks]) for line in chunks[0][k][1]}
            for k, outcome in enumerate(self.outcomes)
        }
        return Simulated(values, {outcome: parts for outcome, parts in present.items() if parts})


@dataclass(frozen=True)
class _Figures:
    """Figures of finance of the replications with these numbers, with what an NPV is made of, one for each outcome."""

    engine: str
    money: Money
    seed: int
    outcomes: tuple[Outcome, ...]
    numbers: Ints
    designed: Designed

    def __call__(self, first: int, last: int, stopped: Event, /) -> list[tuple[Floats, Mapping[str, Floats]]]:
        money, numbers = self.money, self.numbers[first:last].tolist()
        build = builds(self.engine, money.network, self.seed, money.needs_attempts)
        chosen, done = [self.designed(k) for k in range(first, last)], []
        for number, given in zip(numbers, chosen, strict=True):
            if stopped.is_set():
                raise CancelledError
            done.append(money.watched.record(*build(number, given)))
        figures = money.figures(money.books(money.builds(done), sampled(self.seed, numbers, chosen)))
        return [_figure(money, figures, outcome) for outcome in self.outcomes]


def _figure(money: Money, of_all: Mapping[str, Figures], outcome: Outcome) -> tuple[Floats, Mapping[str, Floats]]:
    figures = of_all.get(outcome.party)
    if figures is None or outcome.name not in figures.values:
        names = [name for name, known_figures in of_all.items() if outcome.name in known_figures.values]
        remedy = f"name one of them with --party: {', '.join(names)}" if names else "nothing in this scenario has it"
        raise RequestError(f"'{outcome.party}' of '{money.scenario.name}' has no {outcome.name}; {remedy}")
    values = figures.values[outcome.name]
    if outcome.name in EVENTS:
        values = money.days(values)
    return np.where(np.isfinite(values), values, np.nan), figures.present if outcome.name == "npv" else {}
