"""What changes buy: scenarios over the same replications, with paired differences and what accounts for them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import START, codes_of
from dcsim.analysis.differences import difference
from dcsim.analysis.frames import typed
from dcsim.analysis.result import layers
from dcsim.analysis.stuck import STUCK
from dcsim.engine import AUTO, choose
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.compare_words import BASE, CHARTS, report
from dcsim.study.design import BLOCK, RANDOM
from dcsim.study.manifest import Count, Fields, Sha256
from dcsim.study.outcome import Asking, Outcome, figure_of, in_manifest, refuse_both
from dcsim.study.replicate import Wanted, Working, refuse_nonsense, replicate_in_turn
from dcsim.study.replications import Asked, Replications, dated_milestones, require_name
from dcsim.study.result import Result
from dcsim.study.seen import Agreed, about_seen, agreed, draws_of
from dcsim.study.unfinished import in_front
from dcsim.suggest import nearest, shorten
from dcsim.trace import Ints
from dcsim.units import DAY

MAIN = "differences"
TABLES = {
    "scenarios": "scenario outcome party p10:number p50:number p80:number p90:number mean:number reached:number"
    " p50_date:time p80_date:time",
    "differences": "scenario outcome party mean:number low:number high:number median:number better:number same:number"
    " worse:number width_ratio:number",
    "causes": "scenario outcome party kind name base:number value:number change:number",
    "outcomes": "scenario replication:whole outcome party value:number",
    "stuck": f"scenario {STUCK}",
}
ABOUT: Fields = {"base": str, "scenarios": list[str], "fingerprints": dict[str, Sha256], "milestones": list[str]}
ABOUT |= {"sampling": str, "replications": Count, "outcome": (dict[str, Any] | None, None)}
LINE = "line"
"""The kind of a cause that is a line of the cash flow."""
Spent = Mapping[tuple[str, str], float]
"""Mean amounts by what they come from: kind and name."""
Values = Mapping[tuple[str, Outcome], NDArray[np.float64]]
"""Each outcome in every replication, by scenario; days count from day zero of the base."""
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "compare", "report"]


@dataclass
class Compared:
    """What is known of all scenarios, the first of which is the base."""

    outcomes: tuple[Outcome, ...]
    scenarios: Mapping[str, Scenario]
    networks: Mapping[str, Network]
    seed: int
    sampling: str
    count: int
    agreed: Agreed | None = None
    values: dict[tuple[str, Outcome], NDArray[np.float64]] = field(default_factory=dict)
    present: dict[tuple[str, Outcome], Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    """What each NPV is made of, by line of the cash flow."""
    results: dict[str, Replications] = field(default_factory=dict)
    """Where milestones are compared."""

    @property
    def numbers(self) -> Ints:
        """The numbers of the replications."""
        return np.arange(self.count) if self.agreed is None else self.agreed.numbers

    def told_by(self, scenario: Scenario) -> list[Outcome]:
        """The milestones to compare that a scenario has."""
        return [outcome for outcome in self.outcomes if outcome.name in scenario.milestones]

    def shift(self, label: str, name: str) -> float:
        """Days from day zero of something in the base to that in a scenario."""
        of_alternative, here = (self.scenarios[which].zero_of(name) for which in (label, BASE))
        return (of_alternative - here).total_seconds() / 86400


def compare(
    base: Scenario,
    *alternatives: Scenario | str,
    milestones: Sequence[str] = (),
    outcome: str | None = None,
    party: str | None = None,
    n: int = 256,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    sampling: str = RANDOM,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Simulate several scenarios with the same random numbers, and compare their milestones, or a figure of finance.

    Parameters
    ----------
    base
        What the others are compared with; from `load`.
    alternatives
        Variants and options of the base by name, risks to mitigate by name, single values such as
        `resources.crews.count=12`, or other scenarios; all variants of the base if none are given.
    milestones
        Those to compare; those with an observed date or a target, else all, if not given. The base must have them, and
        one alternative at least.
    outcome
        A figure of finance to compare instead, such as `npv` or `funding_gap`: of all parties together, and of each.
    party
        The party, or the loan, whose figure alone is compared.
    n, seed, workers, executor, engine, sampling, progress
        As in `replicate`; all scenarios have the same seed, so that equal quantities have equal draws. What was seen of
        the base chooses the replications of all.

    Raises
    ------
    RequestError
        A milestone or a figure is missing in a scenario, there is no such change, or there is nothing to compare.
    ScenarioError
        A variant cannot be simulated.
    """
    refuse_both(milestones, outcome, party)
    scenarios = _labelled(base, alternatives or tuple(base.variants))
    chosen = _chosen(scenarios, milestones) if outcome is None else ()
    networks = {label: network_of(scenario) for label, scenario in scenarios.items()}  # refused before anything runs
    if outcome is not None:
        for label, alternative in scenarios.items():
            try:
                figures = figure_of(alternative, networks[label], outcome, party)
            except RequestError as error:
                raise RequestError(f"{label}: {error}" if label != BASE else f"{error}") from None
            chosen = chosen or figures
    compared = Compared(chosen, scenarios, networks, seed, sampling, n)
    working = Working(
        choose(engine, n * sum(network.instances for network in networks.values())), workers, executor=executor
    )
    (_figures if outcome else _milestones)(compared, working, progress)
    return _result(compared)


def _milestones(compared: Compared, working: Working, progress: Callable[[int, int], None]) -> None:
    """Simulate all scenarios, and keep the days of milestones with their driving chains."""
    base, networks, seed, most = compared.scenarios[BASE], compared.networks, compared.seed, compared.count
    refuse_nonsense(Asked(most), compared.sampling, working)
    pool, done = working.pool(working.engine), 0
    compared.agreed = agreed(base, networks[BASE], seed, most, working.engine, pool, progress)
    count = len(compared.scenarios) * len(compared.numbers)

    def show(more: int) -> None:
        nonlocal done
        done += more
        progress(done, count)

    asked = Asked(most, in_full=False, among=compared.agreed, is_settled=True)
    wanted = (
        Wanted(scenario, networks[label], replace(asked, explain=tuple(o.name for o in compared.told_by(scenario))))
        for label, scenario in compared.scenarios.items()
    )
    results = replicate_in_turn(wanted, seed, compared.sampling, working, show)
    for (label, scenario), result in zip(compared.scenarios.items(), results, strict=True):
        compared.results[label] = result
        for outcome in compared.told_by(scenario):
            compared.values[label, outcome] = result.days_of(outcome.name) + compared.shift(label, outcome.name)


def _figures(compared: Compared, working: Working, progress: Callable[[int, int], None]) -> None:
    """Simulate all scenarios, and keep the figures."""
    if compared.sampling != RANDOM:
        raise RequestError(f"figures of finance need random sampling, not {compared.sampling}")
    engine, seed, n = working.engine, compared.seed, compared.count
    pool, base = working.pool(engine), compared.scenarios[BASE]
    if n < 1:
        raise RequestError(f"there must be at least one replication, got {n}")
    engine = choose(engine, compared.networks[BASE].instances * draws_of(base, n))
    compared.agreed = agreed(base, compared.networks[BASE], seed, n, engine, pool)
    asking = Asking(compared.outcomes, engine, seed, pool)
    for number, (label, scenario) in enumerate(compared.scenarios.items()):

        def show(done: int, count: int, number: int = number) -> None:
            progress(number * count + done, len(compared.scenarios) * count)

        figures = asking.simulated(scenario, compared.networks[label], compared.numbers, progress=show)
        for outcome, values in figures.values.items():
            compared.values[label, outcome] = values + (
                compared.shift(label, outcome.name) if outcome.measure.is_day else 0
            )
            if outcome in figures.present:
                compared.present[label, outcome] = figures.present[outcome]


def _labelled(base: Scenario, alternatives: Sequence[Scenario | str]) -> dict[str, Scenario]:
    """Every scenario under a name of its own."""
    if not alternatives:
        raise RequestError("nothing to compare: the scenario has no variants, and no other scenario or change is given")
    scenarios = {BASE: base}
    for alternative in alternatives:
        if not isinstance(alternative, str | Scenario):
            raise RequestError(f"expected the name of a change or a scenario, got {shorten(repr(alternative))}")
        scenario = _changed(base, alternative) if isinstance(alternative, str) else alternative
        label = alternative if isinstance(alternative, str) else _name(scenario)
        if label in scenarios:
            label = next(f"{label} ({k})" for k in range(2, len(alternatives) + 2) if f"{label} ({k})" not in scenarios)
        scenarios[label] = scenario
    return scenarios


def _changed(base: Scenario, change: str) -> Scenario:
    """The base with a variant, an option, the mitigation of a risk, or a single value: `resources.crews.count=12`."""
    path, equals, value = change.partition("=")
    if equals:
        return changed(base, overrides={path.strip(): value})
    variants = [*base.variants, *base.document.variants_of_sites]
    if change not in variants and change in base.options:
        return changed(base, options=[change])
    if change not in variants and change in base.risks:
        return changed(base, mitigate=[change])
    if change not in variants:
        where = ": load a file with `dcsim.load`" if change.endswith((".yaml", ".yml")) else ""
        names = [*variants, *base.options, *base.risks]
        raise RequestError(f"no variant, option or risk '{shorten(change)}'{where or nearest(change, names)}")
    return changed(base, [change])


def _name(scenario: Scenario) -> str:
    """The name of a scenario in a comparison: its layers, or its own name."""
    return ", ".join(layers(scenario)) or scenario.name


def _chosen(scenarios: Mapping[str, Scenario], names: Sequence[str]) -> tuple[Outcome, ...]:
    """The milestones to compare: the base has them, and an alternative at least."""
    base, *alternatives = scenarios.values()
    named = tuple(require_name(name, tuple(base.milestones)) for name in names)
    common = [name for name in base.milestones if any(name in scenario.milestones for scenario in alternatives)]
    for name in named:
        if name not in common:
            raise RequestError(f"no alternative has the milestone '{name}': choose another with --milestone")
    chosen = named or [name for name in dated_milestones(base) if name in common] or common
    if not chosen:
        raise RequestError("nothing to compare: no alternative has a milestone of the base")
    return tuple(map(Outcome, chosen))


def _result(compared: Compared) -> Result:
    """All tables of a comparison, whose first scenario is the base."""
    base = compared.scenarios[BASE]
    about = {
        "base": BASE,
        "scenarios": list(compared.scenarios),
        "fingerprints": {label: result.document.sha256 for label, result in compared.scenarios.items()},
        "milestones": [outcome.name for outcome in compared.outcomes if not outcome.is_figure],
        **in_manifest(compared.outcomes),
        "seed": compared.seed,
        "sampling": compared.sampling,
        "replications": compared.count,
        "paired": True,
        **about_seen(compared.agreed),
    }
    lacks = [result.stuck.assign(scenario=label) for label, result in compared.results.items()]
    tables = {
        "scenarios": _scenarios(compared),
        "differences": _differences(compared),
        "causes": _causes(compared),
        "outcomes": _outcomes(compared),
        "stuck": in_front(pd.concat(lacks, ignore_index=True), "scenario") if lacks else typed([], TABLES["stuck"]),
    }
    return Result("comparison", base, about, tables)


def _scenarios(compared: Compared) -> pd.DataFrame:
    """One row per scenario and outcome: scenario, outcome, party, p10, p50, p80, p90, mean, reached (the share of
    replications that have it), and the dates of days, p50_date and p80_date."""
    rows = []
    for (label, outcome), values in compared.values.items():
        levels = outcome.levels(values)
        on: list[Any] = [None, None]
        if not outcome.is_figure:
            on = [compared.results[label].date_by(outcome.name, level) for level in (0.5, 0.8)]
        elif outcome.measure.is_day:
            zero = compared.networks[BASE].zero
            on = [zero + timedelta(day) if np.isfinite(day) else None for day in levels[1:3]]
        rows.append((label, outcome.name, outcome.party, *levels, *on))
    return typed(rows, TABLES["scenarios"])


def _differences(compared: Compared) -> pd.DataFrame:
    """One row per change and outcome: scenario, outcome, party; mean, low, high and median of what is more with the
    change; the shares of replications in which it is better, the same and worse; width_ratio."""
    block, rows = None if compared.sampling == RANDOM else BLOCK, []
    for (label, outcome), here in compared.values.items():
        if label != BASE:
            change = difference(outcome.undefined(compared.values[BASE, outcome]), outcome.undefined(here), block)
            shares = [change.less, change.same, change.more]
            shares = shares[::-1] if outcome.measure.more_is_better else shares
            head, moved = (label, outcome.name, outcome.party), (change.mean, change.low, change.high, change.median)
            rows.append((*head, *moved, *shares, change.width_ratio))
    return typed(rows, TABLES["differences"])


def _causes(compared: Compared) -> pd.DataFrame:
    """What accounts for each change: scenario, outcome, party, kind, name, base, value, change; the largest first.

    Of a milestone the mean days of the driving chains since day zero of the base, over the replications in which both
    reach it; of an NPV what the lines of the cash flow are worth. The changes add up to the mean difference over these.
    """
    rows = []
    for (label, alternative), here in compared.values.items():
        paired = ~np.isnan(compared.values[BASE, alternative]) & ~np.isnan(here)
        known = (label, alternative) in compared.present or not alternative.is_figure
        if label != BASE and known and paired.any():
            before, after = (_spent(compared, name, alternative, paired) for name in (BASE, label))
            rows += [(label, alternative.name, alternative.party, *moved) for moved in _changes(before, after)]
    return typed(rows, TABLES["causes"])


def _spent(compared: Compared, label: str, outcome: Outcome, paired: NDArray[np.bool_]) -> Spent:
    """Mean amounts by cause over some replications; days from day zero of the base."""
    if outcome.is_figure:
        parts = compared.present[label, outcome].items()
        return {(LINE, line): float(values[paired].mean()) for line, values in parts if values.any()}
    result = compared.results[label]
    minutes = result.chains(outcome.name)[0][paired].mean(axis=0) / DAY
    spent: dict[tuple[str, str], float] = {}
    for spending, days in zip(codes_of(result.network), minutes.tolist(), strict=True):
        if days:
            spent[spending] = spent.get(spending, 0.0) + days
    if shift := compared.shift(label, outcome.name):
        spent[START, ""] = spent.get((START, ""), 0.0) + shift
    return spent


def _outcomes(compared: Compared) -> pd.DataFrame:
    """One row per scenario, replication and outcome: scenario, replication, outcome, party, value."""
    parts = [
        pd.DataFrame(
            {
                "scenario": label,
                "replication": compared.numbers[: len(here)],
                "outcome": outcome.name,
                "party": outcome.party,
            }
        ).assign(value=here)
        for (label, outcome), here in compared.values.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _changes(before: Spent, after: Spent) -> list[tuple[str, str, float, float, float]]:
    """Kind, name, amounts before and after, and the change, the largest first."""
    keys = dict.fromkeys([*before, *after])
    pairs = [(*key, before.get(key, 0.0), after.get(key, 0.0)) for key in keys]
    return sorted(((*pair, pair[3] - pair[2]) for pair in pairs), key=lambda change: -abs(change[4]))
