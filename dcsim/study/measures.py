"""What can be done for a better outcome, at what cost, and what each set of it comes to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import pandas as pd

from dcsim.analysis.gains import Gain, Values, gain
from dcsim.errors import RequestError, ScenarioError
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.outcome import Asking, Outcome
from dcsim.study.replicate import Progress
from dcsim.units import Money

MITIGATION, OPTION = "mitigation", "option"

Set = frozenset[str]
"""Measures that are taken together, by name."""


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
    done: int = 0
    """How many were simulated."""
    known: dict[tuple[Set, range], Values | None] = field(default_factory=dict)
    lacks: dict[Set, pd.DataFrame] = field(default_factory=dict)
    """What builds of the answer lack where they miss the milestone, by set."""

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

    def in_order(self, subset: Set) -> list[str]:
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

    def values(self, subset: Set, which: range) -> Values | None:
        """The outcome with them, with a minus where more is better; none if the scenario cannot have them together."""
        key = (subset, which)
        if key not in self.known:
            try:
                scenario = with_measures(
                    self.scenario, [measure for measure in self.measures if measure.name in subset]
                )
                network = network_of(scenario)
            except ScenarioError:
                if len(subset) < 2:
                    raise
                self.known[key] = None
            else:
                result = self.asking.simulated(scenario, network, np.array(which))
                values = result.values[self.outcome]
                self.known[key] = -values if self.outcome.measure.more_is_better else values
                if which == self.answered and result.ends is not None:
                    self.lacks[subset] = self.asking.trials.lacks(network, result.ends)
                self.done += len(which)
                self.progress(self.done, max(self.done, self.expected))
        return self.known[key]

    def gain(self, subset: Set, which: range, without: Set = frozenset()) -> Gain | None:
        """How much better it is with them than with those others."""
        before, after = self.values(without, which), self.values(subset, which)
        return None if before is None or after is None else gain(before, after)

    def bought(self, subset: Set, without: Set = frozenset()) -> Gain:
        """What a set that the scenario can have buys, by all replications."""
        result = self.gain(subset, self.answered, without)
        assert result is not None
        return result


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
