"""What can be done for a better outcome, at what cost, and what each set of it comes to."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import days
from dcsim.analysis.gains import Gain, Values, gain
from dcsim.errors import RequestError, ScenarioError
from dcsim.network import Network
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.alike import Alike, Builds
from dcsim.study.campaign import Campaign
from dcsim.study.cash import network_of
from dcsim.study.outcome import Asking, Outcome
from dcsim.study.replicate import Progress
from dcsim.study.trials import Ends, Ints
from dcsim.units import Money

MITIGATION, OPTION = "mitigation", "option"

Set = frozenset[str]
"""Measures that are taken together, by name."""
MOST_BUILT = 2_000_000
"""Activities of all networks that are held at once."""


@dataclass(frozen=True)
class Measure:
    """A mitigation of a risk, or an option."""

    name: str
    kind: str
    cost: Money | None
    """None where the scenario does not say."""


def left_to_do(scenario: Scenario) -> list[Measure]:
    """What is not yet done: the options in the order of the file, then the mitigations."""
    document = scenario.document
    result = [
        Measure(name, OPTION, option.cost) for name, option in scenario.options.items() if name not in document.options
    ]
    for name, risk in scenario.risks.items():
        if risk.mitigation is not None and name not in document.mitigated:
            result.append(Measure(name, MITIGATION, risk.mitigation.cost))
    return result


def with_measures(scenario: Scenario, subset: Sequence[Measure]) -> Scenario:
    """The scenario with some of them; raises ScenarioError where it cannot have them together."""
    options = [measure.name for measure in subset if measure.kind == OPTION]
    return changed(
        scenario, options=options, mitigate=[measure.name for measure in subset if measure.kind == MITIGATION]
    )


def measures_of(scenario: Scenario) -> tuple[Measure, ...]:
    """What is left to do.

    Raises
    ------
    RequestError
        There is nothing, or the costs are in several currencies and cannot be added.
    """
    result = left_to_do(scenario)
    if not result:
        raise RequestError("nothing to rank: the scenario has no `options`, and no risk has a `mitigation`")
    first: dict[str, str] = {}
    for measure in result:
        if measure.cost is not None:
            first.setdefault(measure.cost.currency, measure.name)
    if len(first) > 1:
        named = " and ".join(f"{currency} ({name})" for currency, name in first.items())
        raise RequestError(f"costs in {named} cannot be added: write all of them in one currency")
    return tuple(result)


def currency_of(measures: Sequence[Measure]) -> str:
    """The currency of all costs; empty if nothing has any."""
    return next((measure.cost.currency for measure in measures if measure.cost is not None), "")


class _Built(NamedTuple):
    """A scenario with some measures, ready to run, and its builds that are known."""

    scenario: Scenario
    network: Network
    builds: Builds


@dataclass
class Weighing:
    """Sets of measures, each simulated with the same random numbers as the scenario without any."""

    scenario: Scenario
    measures: tuple[Measure, ...]
    asking: Asking
    n: int
    """Replications that give the answer; those by which sets are compared follow after them."""
    progress: Progress
    expected: int
    """How many replications there may be."""
    campaign: Campaign | None = None
    """Where what is simulated is kept."""
    parts: int = 0
    """How many times anything was simulated, or read again."""
    done: int = 0
    """How many were simulated."""
    known: dict[Set, tuple[Values, NDArray[np.bool_]] | None] = field(default_factory=dict)
    """The outcome of each set by replication, and for which it is known; none if the scenario cannot have it."""
    lacks: dict[Set, pd.DataFrame] = field(default_factory=dict)
    """What builds of the answer lack where they miss the milestone, by set."""
    built: dict[Set, _Built] = field(default_factory=dict)
    """Those asked for last."""

    def __post_init__(self) -> None:
        self.total = self.compared.stop
        self.alike = Alike(self.asking.trials, self.total)

    @property
    def outcome(self) -> Outcome:
        """What is to be better."""
        return self.asking.outcomes[0]

    def cost(self, subset: Set) -> Fraction:
        """What all of a set cost; those whose cost nobody says are not in sets."""
        return sum(
            (measure.cost.amount for measure in self.measures if measure.name in subset and measure.cost is not None),
            Fraction(0),
        )

    def in_order(self, subset: Collection[str]) -> list[str]:
        """A set as it is written."""
        return [measure.name for measure in self.measures if measure.name in subset]

    @property
    def answered(self) -> range:
        """The replications that tell the answer."""
        return range(self.n)

    @property
    def compared(self) -> range:
        """Others, fewer, by which sets are compared."""
        return range(self.n, self.n + max(1, self.n // 4))

    @property
    def fewer(self) -> range:
        """A quarter of those that tell the answer, if these are many."""
        return range(min(self.n, max(16, self.n // 4)))

    def values(self, subset: Set, which: range) -> Values | None:
        """The outcome with them, with a minus where more is better; none if the scenario cannot have them together."""
        if subset not in self.known:
            self.known[subset] = np.full(self.total, np.nan), np.zeros(self.total, np.bool_)
        if (known := self.known[subset]) is None:
            return None
        values, done = known
        places = np.array(which)[~done[which.start : which.stop]]
        if len(places):
            try:
                built = self._built(subset)
            except ScenarioError:
                if len(subset) < 2:
                    raise
                self.known[subset] = None
                return None
            values[places] = self._simulated(built, places)
            done[places] = True
            if which == self.answered and not self.outcome.is_figure:
                self.lacks[subset] = self.asking.trials.lacks(built.network, built.builds.ends(np.array(which)))
        return values[which.start : which.stop]

    def _built(self, subset: Set) -> _Built:
        """The scenario with them, ready to run; what was asked for last is kept, as far as there is room."""
        known = self.built.pop(subset, None)
        if known is None:
            scenario = with_measures(self.scenario, [measure for measure in self.measures if measure.name in subset])
            network = network_of(scenario)
            known = _Built(scenario, network, self.alike.of(network))
        self.built[subset] = known
        while len(self.built) > 2 and len(self.built) * known.network.instances > MOST_BUILT:
            del self.built[next(iter(self.built))]
        return known

    def _simulated(self, built: _Built, places: Ints) -> Values:
        """The outcome in replications that are not known yet."""
        if self.outcome.is_figure:
            missing = places
            values = self._figures(built, places)
        else:
            builds, network = built.builds, built.network
            if len(missing := builds.missing(places)):
                builds.take(missing, self._ends(network, missing))
            values = np.asarray(days(network, builds.ends(places).ticks), np.float64)
        self.done += len(missing)
        self.progress(self.done, max(self.done, self.expected))
        return -values if self.outcome.measure.more_is_better else values

    def _ends(self, network: Network, places: Ints) -> Ends:
        """How replications end; those that a folder holds are read, the others simulated and kept there."""

        def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
            ends = self.asking.trials.ends(network, places)
            return pd.DataFrame({"tick": ends.ticks, "dated": ends.dated, "left": ends.left}), _stuck_frame(ends.stuck)

        rows, stuck = self._kept(simulated)
        tick, dated, left = (rows[name].to_numpy(np.int64) for name in ("tick", "dated", "left"))
        return Ends(tick, dated, left, stuck.to_numpy(np.int64))

    def _figures(self, built: _Built, places: Ints) -> Values:
        """The figure in replications, alike."""

        def simulated() -> tuple[pd.DataFrame, pd.DataFrame]:
            values = self.asking.simulated(built.scenario, built.network, places).values[self.outcome]
            return pd.DataFrame({"value": values}), _stuck_frame(np.zeros((0, 4), np.int64))

        return np.asarray(self._kept(simulated)[0]["value"], np.float64)

    def _kept(self, simulated: Callable[[], tuple[pd.DataFrame, pd.DataFrame]]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What is simulated next, which is the same whenever the question is asked."""
        names = f"point-{self.parts:05d}", f"point-{self.parts:05d}-stuck"
        self.parts += 1
        if self.campaign is None:
            return simulated()
        first, second = (self.campaign.part(name) for name in names)
        if first is None or second is None:
            first, second = simulated()
            self.campaign.keep(names[0], first)
            self.campaign.keep(names[1], second)
        return first, second

    def gain(self, subset: Set, which: range, without: Set = frozenset()) -> Gain | None:
        """How much better it is with them than with those others."""
        before, after = self.values(without, which), self.values(subset, which)
        return None if before is None or after is None else gain(before, after)

    def bought(self, subset: Set, without: Set = frozenset()) -> Gain:
        """What a set that the scenario can have buys, by all replications."""
        result = self.gain(subset, self.answered, without)
        assert result is not None
        return result


def _stuck_frame(stuck: Ints) -> pd.DataFrame:
    return pd.DataFrame(stuck, columns=["build", "activity", "cause", "waiting"])


def within(measures: Sequence[Measure], budget: Fraction) -> Iterator[Set]:
    """Every set that the budget pays."""

    def further(subset: Set, first: int, left: Fraction) -> Iterator[Set]:
        for number in range(first, len(measures)):
            cost = measures[number].cost
            if cost is not None and cost.amount <= left:
                more = subset | {measures[number].name}
                yield more
                yield from further(more, number + 1, left - cost.amount)

    return further(frozenset(), 0, budget)
