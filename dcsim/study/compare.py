"""What changes buy: scenarios over the same replications, with paired differences and what accounts for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import START, codes_of
from dcsim.analysis.differences import Difference, difference
from dcsim.analysis.findings import Findings
from dcsim.analysis.frames import moments
from dcsim.analysis.notebook import as_html
from dcsim.build import network_of
from dcsim.engine import AUTO
from dcsim.errors import RequestError
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.design import BLOCK, RANDOM
from dcsim.study.replicate import Working, replicate
from dcsim.study.replications import Asked, Replications, known_name
from dcsim.study.store import keep
from dcsim.units import DAY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BASE = "base"
Spent = Mapping[tuple[str, str], float]
"""Mean days by what they were spent on: kind and name."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Several scenarios beside the first of them, replication by replication with the same random numbers."""

    milestones_compared: tuple[str, ...]
    results: Mapping[str, Replications]
    """By label, the base first."""

    def __repr__(self) -> str:
        return f"Comparison({', '.join(self.results)}; n={self.base.n})"

    @property
    def base(self) -> Replications:
        """The scenario that the others are compared with."""
        return self.results[BASE]

    @property
    def others(self) -> Mapping[str, Replications]:
        """All but the base, by label."""
        return {label: result for label, result in self.results.items() if label != BASE}

    def days_of(self, label: str, milestone: str) -> NDArray[np.float64]:
        """The day of a milestone in every replication, counted from day zero of the base."""
        result = self.results[label]
        return result.days_of(milestone) + (result.network.zero - self.base.network.zero).total_seconds() / 86400

    @cached_property
    def milestones(self) -> pd.DataFrame:
        """One row per scenario and milestone: scenario, milestone, p50, p80, mean (days), reached (share), and the
        dates of the quantiles, p50_date and p80_date."""
        rows = []
        for label, result in self.results.items():
            for milestone in self.milestones_compared:
                days = self.days_of(label, milestone)
                shift = float((result.network.zero - self.base.network.zero).total_seconds() / 86400)
                p50, p80 = (result.interval(milestone, level).estimate + shift for level in (0.5, 0.8))
                reached = float(np.mean(~np.isnan(days)))
                on = (result.date_by(milestone, level) for level in (0.5, 0.8))
                rows.append((label, milestone, p50, p80, float(days.mean()), reached, *on))
        dates = ["p50_date", "p80_date"]
        frame = pd.DataFrame(rows, columns=["scenario", "milestone", "p50", "p80", "mean", "reached", *dates])
        return frame.assign(**{name: moments(frame[name].to_list()) for name in dates})

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row per change and milestone: scenario, milestone, and the columns of `Difference` in days and shares."""
        block = None if self.base.sampling == RANDOM else BLOCK
        rows = [
            (label, milestone, *difference(self.days_of(BASE, milestone), self.days_of(label, milestone), block))
            for label in self.others
            for milestone in self.milestones_compared
        ]
        return pd.DataFrame(rows, columns=["scenario", "milestone", *Difference._fields])

    @cached_property
    def causes(self) -> pd.DataFrame:
        """What accounts for the change: scenario, milestone, kind, name, base, days, change; the largest change first.

        Mean days of the driving chains since day zero of the base, over the replications in which both reach the
        milestone: the changes add up to the mean difference over these.
        """
        rows = []
        for label in self.others:
            for milestone in self.milestones_compared:
                pair = [self.days_of(one, milestone) for one in (BASE, label)]
                both = ~np.isnan(pair[0]) & ~np.isnan(pair[1])
                if not both.any():
                    continue
                before, after = (self._spent(one, milestone, both) for one in (BASE, label))
                rows += [(label, milestone, *change) for change in _changes(before, after)]
        return pd.DataFrame(rows, columns=["scenario", "milestone", "kind", "name", "base", "days", "change"])

    def _spent(self, label: str, milestone: str, both: NDArray[np.bool_]) -> Spent:
        """Mean days by cause over some replications, from day zero of the base."""
        result = self.results[label]
        minutes = result.chains(milestone)[0][both].mean(axis=0) / DAY
        found: dict[tuple[str, str], float] = {}
        for spending, days in zip(codes_of(result.network), minutes.tolist(), strict=True):
            if days:
                found[spending] = found.get(spending, 0.0) + days
        shift = (result.network.zero - self.base.network.zero).total_seconds() / 86400
        if shift:
            found[START, ""] = found.get((START, ""), 0.0) + shift
        return found

    @cached_property
    def stuck(self) -> pd.DataFrame:
        """What unfinished builds of each scenario are stuck on: scenario, and the columns of `Replications.stuck`."""
        parts = [result.stuck.assign(scenario=label) for label, result in self.results.items()]
        table = pd.concat(parts, ignore_index=True)
        return table[["scenario", *table.columns.drop("scenario")]]

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row per scenario, replication and milestone: scenario, replication, milestone, day (of the base)."""
        parts = [
            pd.DataFrame(
                {
                    "scenario": label,
                    "replication": np.arange(result.n),
                    "milestone": milestone,
                    "day": self.days_of(label, milestone),
                }
            )
            for label, result in self.results.items()
            for milestone in self.milestones_compared
        ]
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def findings(self) -> Findings:
        """All tables, with what was asked: what is kept, drawn and reported."""
        about = {
            "base": BASE,
            "scenarios": list(self.results),
            "fingerprints": {label: result.scenario.document.sha256 for label, result in self.results.items()},
            "milestones": list(self.milestones_compared),
            "seed": self.base.seed,
            "sampling": self.base.sampling,
            "replications": self.base.n,
            "paired": True,
        }
        tables = {name: getattr(self, name) for name in ("milestones", "differences", "causes", "outcomes", "stuck")}
        return Findings("comparison", self.base.scenario, about, tables)

    def _repr_html_(self) -> str:
        note = f"paired over {self.base.n} replications, seed {self.base.seed}; negative is earlier"
        return as_html(f"{self.base.scenario.name}: days later than the base", self.differences, note)

    def save(self, folder: str | Path) -> Path:
        """Write the tables, the base scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        return keep(self.findings, folder)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the differences with their intervals."""
        from dcsim.figures.gallery import draw

        return draw(self.findings, ax=ax)


def _changes(before: Spent, after: Spent) -> list[tuple[str, str, float, float, float]]:
    """Kind, name, days before and after, and the change, the largest first."""
    keys = dict.fromkeys([*before, *after])
    pairs = [(*key, before.get(key, 0.0), after.get(key, 0.0)) for key in keys]
    return sorted(((*pair, pair[3] - pair[2]) for pair in pairs), key=lambda change: -abs(change[4]))


def compare(
    base: Scenario,
    *others: Scenario | str,
    milestones: Sequence[str] = (),
    n: int = 256,
    seed: int = 0,
    workers: int | None = None,
    engine: str = AUTO,
    sampling: str = RANDOM,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Comparison:
    """Simulate several scenarios with the same random numbers, and tell what the changes do to the milestones.

    Parameters
    ----------
    base
        What the others are compared with; from `load`.
    others
        Variants and options of the base by name, risks that something is done against, single values such as
        `resources.crews.count=12`, or other scenarios; all variants of the base if none are given.
    milestones
        Those to compare; those with an observed date or a target, else all, if not given. All scenarios must have them.
    n, seed, workers, engine, sampling, progress
        As in `replicate`; all scenarios have the same seed, so that equal quantities have equal draws.

    Raises
    ------
    RequestError
        A milestone is missing in a scenario, or there is nothing to compare.
    ScenarioError
        A variant cannot be simulated, or there is no such variant.
    """
    scenarios = _labelled(base, others or tuple(base.variants))
    chosen = _chosen(scenarios, milestones)
    asked, working = Asked(n, explain=chosen), Working(engine, workers)
    networks = {label: network_of(scenario) for label, scenario in scenarios.items()}  # refused before anything runs
    results = {}
    for number, (label, scenario) in enumerate(scenarios.items()):

        def show(done: int, _: int, number: int = number) -> None:
            progress(number * n + done, len(scenarios) * n)

        results[label] = replicate(scenario, networks[label], seed, sampling, asked, working, show)
    return Comparison(chosen, results)


def _labelled(base: Scenario, others: Sequence[Scenario | str]) -> dict[str, Scenario]:
    """Every scenario under a name of its own."""
    if not others:
        raise RequestError("there is nothing to compare: the scenario has no variants, and no other is given")
    found = {BASE: base}
    for other in others:
        scenario = _changed(base, other) if isinstance(other, str) else other
        label = other if isinstance(other, str) else _name(scenario)
        if label in found:
            label = next(f"{label} ({k})" for k in range(2, len(others) + 2) if f"{label} ({k})" not in found)
        found[label] = scenario
    return found


def _changed(base: Scenario, change: str) -> Scenario:
    """The base with a variant, an option, the mitigation of a risk, or a single value: `resources.crews.count=12`."""
    path, equals, value = change.partition("=")
    if equals:
        return changed(base, overrides={path.strip(): value})
    if change not in base.variants and change in base.options:
        return changed(base, options=[change])
    if change not in base.variants and change in base.risks:
        return changed(base, mitigate=[change])
    return changed(base, [change])


def _name(scenario: Scenario) -> str:
    """What a scenario is called beside others: what was laid over it, else its name."""
    document = scenario.document
    values = [f"{path}={value}" for path, value in document.overrides.items()]
    mitigated = [f"{risk} mitigated" for risk in document.mitigated]
    return ", ".join([*document.variants, *values, *document.options, *mitigated]) or scenario.name


def _chosen(scenarios: Mapping[str, Scenario], names: Sequence[str]) -> tuple[str, ...]:
    """The milestones to compare, which all scenarios have."""
    base = next(iter(scenarios.values()))
    dated = [name for name, one in base.milestones.items() if one.observed or one.target]
    chosen = tuple(known_name(name, tuple(base.milestones)) for name in names) or tuple(dated or base.milestones)
    for label, scenario in scenarios.items():
        for name in chosen:
            if name not in scenario.milestones:
                raise RequestError(f"'{label}' has no milestone '{name}' to compare: choose with --milestone")
    return chosen
