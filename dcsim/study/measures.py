"""What can be done for a better outcome, at what cost, and what each set of it comes to."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from dcsim.study.trials import Ends, Ints, Point
from dcsim.trace import NOT
from dcsim.units import DAY, Money

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
    dated: dict[Set, Ints] = field(default_factory=dict)
    """The minute that dates the milestone in each build of the answer, by set."""
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
        self.weigh([subset], which)
        known = self.known[subset]
        return None if known is None else known[0][which.start : which.stop]

    def weigh(self, subsets: Iterable[Set], which: range) -> None:
        """Simulate what is not known yet of these sets in some replications, of one set after the other."""
        weighed = self._figures(subsets, which) if self.outcome.is_figure else self._dates(subsets, which)
        sign = -1 if self.outcome.measure.more_is_better else 1
        for subset, places, values in weighed:
            known = self.known[subset]
            assert known is not None
            known[0][places], known[1][places] = sign * values, True

    def _new(self, subsets: Iterable[Set], which: range) -> Iterator[tuple[Set, Ints, _Built]]:
        """The sets of which something is not known yet, with where that is; without those that cannot be had."""
        for subset in dict.fromkeys(subsets):
            if subset not in self.known:
                self.known[subset] = np.full(self.total, np.nan), np.zeros(self.total, np.bool_)
            if (known := self.known[subset]) is None:
                continue
            if len(places := np.array(which)[~known[1][which.start : which.stop]]):
                try:
                    yield subset, places, self._built(subset)
                except ScenarioError:
                    if len(subset) < 2:
                        raise
                    self.known[subset] = None

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

    def _dates(self, subsets: Iterable[Set], which: range) -> list[tuple[Set, Ints, Values]]:
        """The day of the milestone in replications that are not known yet: a network is built while others run."""
        asked: list[tuple[Set, Ints, Builds, int]] = []
        running: list[tuple[int, Builds, Ints]] = []

        def points() -> Iterator[Point]:
            for subset, places, built in self._new(subsets, which):
                asked.append((subset, places, built.builds, built.network.day_zero))
                if not len(missing := built.builds.missing(places)):
                    continue
                part = self._part()
                if (kept := self._kept(part)) is not None:
                    built.builds.take(missing, _ends_of(*kept))
                    self._show(len(missing))
                else:
                    running.append((part, built.builds, missing))
                    yield Point(built.network, missing)

        for number, ends in enumerate(self.asking.trials.ends_of(points())):
            part, builds, missing = running[number]
            rows = pd.DataFrame({"tick": ends.ticks, "dated": ends.dated, "left": ends.left})
            self._keep(part, rows, ends.stuck)
            builds.take(missing, ends)
            self._show(len(missing))
        days_ = [(subset, places, _days(builds.ends(places).ticks, zero)) for subset, places, builds, zero in asked]
        for subset, _, builds, _ in asked if which == self.answered else ():
            self.dated[subset] = (ends := builds.ends(np.array(which))).dated
            if (ends.ticks == NOT).any():
                self.lacks[subset] = self.asking.trials.lacks(self._built(subset).network, ends)
        return days_

    def _figures(self, subsets: Iterable[Set], which: range) -> Iterator[tuple[Set, Ints, Values]]:
        """The figure of finance in replications that are not known yet."""
        for subset, places, built in self._new(subsets, which):
            part = self._part()
            if (kept := self._kept(part)) is not None:
                values = kept[0]["value"].to_numpy(np.float64)
            else:
                values = self.asking.simulated(built.scenario, built.network, places).values[self.outcome]
                self._keep(part, pd.DataFrame({"value": values}), np.zeros((0, 4), np.int64))
            self._show(len(places))
            yield subset, places, values

    def _show(self, done: int) -> None:
        self.done += done
        self.progress(self.done, max(self.done, self.expected))

    def _part(self) -> int:
        """The number of what is simulated next, which is the same whenever the question is asked."""
        self.parts += 1
        return self.parts - 1

    def _kept(self, part: int) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """What a folder holds of it."""
        if self.campaign is None:
            return None
        rows, stuck = (self.campaign.part(name) for name in _names(part))
        return None if rows is None or stuck is None else (rows, stuck)

    def _keep(self, part: int, rows: pd.DataFrame, stuck: Ints) -> None:
        if self.campaign is not None:
            columns = ["build", "activity", "cause", "waiting"]
            for name, table in zip(_names(part), (rows, pd.DataFrame(stuck, columns=columns)), strict=True):
                self.campaign.keep(name, table)

    def gain(self, subset: Set, which: range, without: Set = frozenset()) -> Gain | None:
        """How much better it is with them than with those others."""
        before, after = self.values(without, which), self.values(subset, which)
        return None if before is None or after is None else gain(before, after)

    def bought(self, subset: Set, without: Set = frozenset()) -> Gain:
        """What a set that the scenario can have buys, by all replications."""
        result = self.gain(subset, self.answered, without)
        assert result is not None
        return result


def _names(part: int) -> tuple[str, str]:
    return f"point-{part:05d}", f"point-{part:05d}-stuck"


def _ends_of(rows: pd.DataFrame, stuck: pd.DataFrame) -> Ends:
    """Ends as they were kept."""
    tick, dated, left = (rows[name].to_numpy(np.int64) for name in ("tick", "dated", "left"))
    return Ends(tick, dated, left, stuck.to_numpy(np.int64))


def _days(ticks: Ints, zero: int) -> Values:
    return np.where(ticks == NOT, np.nan, (ticks - zero) / DAY)


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
