"""What changes buy: scenarios over the same replications, with paired differences and what accounts for them."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import START, codes_of
from dcsim.analysis.differences import difference
from dcsim.document.bars import stacked
from dcsim.document.causes import spent_on
from dcsim.document.chart import Axis, Chart, Dots
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import change, share
from dcsim.engine import AUTO, choose
from dcsim.errors import RequestError
from dcsim.model import network_of
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.design import BLOCK, RANDOM
from dcsim.study.manifest import Count, Fields, Sha256
from dcsim.study.replicate import Working, replicate
from dcsim.study.replications import Asked, Replications, require_name
from dcsim.study.result import Result
from dcsim.study.seen import told
from dcsim.study.tables import STUCK, typed
from dcsim.study.unfinished import in_front, missing
from dcsim.trace import Ints
from dcsim.units import DAY

BASE = "base"
MAIN = "differences"
TABLES = {
    "milestones": "scenario milestone p50:number p80:number mean:number reached:number p50_date:time p80_date:time",
    "differences": "scenario milestone mean:number low:number high:number median:number earlier:number same:number"
    " later:number width_ratio:number",
    "causes": "scenario milestone kind name base:number days:number change:number",
    "outcomes": "scenario replication:whole milestone day:number",
    "stuck": f"scenario {STUCK}",
}
ABOUT: Fields = {"base": str, "scenarios": list[str], "fingerprints": dict[str, Sha256], "milestones": list[str]}
ABOUT |= {"sampling": str, "replications": Count}
Spent = Mapping[tuple[str, str], float]
"""Mean days by what they were spent on: kind and name."""


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
) -> Result:
    """Simulate several scenarios with the same random numbers, and compare their milestones.

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
        As in `replicate`; all scenarios have the same seed, so that equal quantities have equal draws. What was seen of
        the base chooses the replications of all.

    Raises
    ------
    RequestError
        A milestone is missing in a scenario, or there is nothing to compare.
    ScenarioError
        A variant cannot be simulated, or there is no such variant.
    """
    scenarios = _labelled(base, others or tuple(base.variants))
    chosen = _chosen(scenarios, milestones)
    networks = {label: network_of(scenario) for label, scenario in scenarios.items()}  # refused before anything runs
    fastest = choose(engine, n * sum(network.instances for network in networks.values()))
    asked, working = Asked(n, explain=chosen), Working(fastest, workers)
    results = {}
    for number, (label, scenario) in enumerate(scenarios.items()):

        def show(done: int, _: int, number: int = number) -> None:
            progress(number * n + done, len(scenarios) * n)

        results[label] = replicate(scenario, networks[label], seed, sampling, asked, working, show)
        asked = replace(asked, among=results[BASE].agreed)
    return _result(chosen, results)


def _labelled(base: Scenario, others: Sequence[Scenario | str]) -> dict[str, Scenario]:
    """Every scenario under a name of its own."""
    if not others:
        raise RequestError("nothing to compare: the scenario has no variants, and no other scenario or change is given")
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
    """The name of a scenario in a comparison: its layers, or its own name."""
    document = scenario.document
    values = [f"{path}={value}" for path, value in document.overrides.items()]
    mitigated = [f"{risk} mitigated" for risk in document.mitigated]
    return ", ".join([*document.variants, *values, *document.options, *mitigated]) or scenario.name


def _chosen(scenarios: Mapping[str, Scenario], names: Sequence[str]) -> tuple[str, ...]:
    """The milestones to compare, which all scenarios have."""
    base = next(iter(scenarios.values()))
    dated = [name for name, one in base.milestones.items() if one.observed or one.target]
    chosen = tuple(require_name(name, tuple(base.milestones)) for name in names) or tuple(dated or base.milestones)
    for label, scenario in scenarios.items():
        for name in chosen:
            if name not in scenario.milestones:
                raise RequestError(f"'{label}' has no milestone '{name}': choose a common one with --milestone")
    return chosen


def _result(milestones: Sequence[str], results: Mapping[str, Replications]) -> Result:
    """All tables of a comparison, whose first scenario is the base.

    Days are counted from day zero of the base in all of them.
    """
    base = results[BASE]
    days = {(label, name): _days(result, name, base) for label, result in results.items() for name in milestones}
    about = {
        "base": BASE,
        "scenarios": list(results),
        "fingerprints": {label: result.scenario.document.sha256 for label, result in results.items()},
        "milestones": list(milestones),
        "seed": base.seed,
        "sampling": base.sampling,
        "replications": base.asked.count,
        "paired": True,
        **told(base.agreed),
    }
    stuck = pd.concat([one.stuck.assign(scenario=label) for label, one in results.items()], ignore_index=True)
    tables = {
        "milestones": _milestones(milestones, results, days),
        "differences": _differences(milestones, base, days),
        "causes": _causes(milestones, results, days),
        "outcomes": _outcomes(days, base.numbers),
        "stuck": in_front(stuck, "scenario"),
    }
    return Result("comparison", base.scenario, about, tables)


Days = Mapping[tuple[str, str], NDArray[np.float64]]
"""The day of each milestone in every replication, by scenario and milestone."""


def _shift(result: Replications, base: Replications) -> float:
    """Days from day zero of the base to that of a scenario."""
    return float((result.network.zero - base.network.zero).total_seconds() / 86400)


def _days(result: Replications, milestone: str, base: Replications) -> NDArray[np.float64]:
    return result.days_of(milestone) + _shift(result, base)


def _milestones(milestones: Sequence[str], results: Mapping[str, Replications], days: Days) -> pd.DataFrame:
    """One row per scenario and milestone: scenario, milestone, p50, p80, mean (days), reached (share), and the dates
    of the quantiles, p50_date and p80_date."""
    rows = []
    for label, result in results.items():
        for name in milestones:
            here, shift = days[label, name], _shift(result, results[BASE])
            p50, p80 = (result.interval(name, level).estimate + shift for level in (0.5, 0.8))
            on = (result.date_by(name, level) for level in (0.5, 0.8))
            rows.append((label, name, p50, p80, float(here.mean()), float(np.mean(~np.isnan(here))), *on))
    return typed(rows, TABLES["milestones"])


def _differences(milestones: Sequence[str], base: Replications, days: Days) -> pd.DataFrame:
    """One row per change and milestone: scenario, milestone, and the columns of `Difference` in days and shares."""
    block = None if base.sampling == RANDOM else BLOCK
    rows = [
        (label, name, *difference(days[BASE, name], here, block))
        for (label, name), here in days.items()
        if label != BASE
    ]
    return typed(rows, TABLES["differences"])


def _causes(milestones: Sequence[str], results: Mapping[str, Replications], days: Days) -> pd.DataFrame:
    """What accounts for each change: scenario, milestone, kind, name, base, days, change; the largest change first.

    Mean days of the driving chains since day zero of the base, over the replications in which both reach the
    milestone: the changes add up to the mean difference over these.
    """
    rows = []
    for (label, name), here in days.items():
        both = ~np.isnan(days[BASE, name]) & ~np.isnan(here)
        if label != BASE and both.any():
            before, after = (_spent(results, one, name, both) for one in (BASE, label))
            rows += [(label, name, *moved) for moved in _changes(before, after)]
    return typed(rows, TABLES["causes"])


def _spent(results: Mapping[str, Replications], label: str, milestone: str, both: NDArray[np.bool_]) -> Spent:
    """Mean days by cause over some replications, from day zero of the base."""
    result = results[label]
    minutes = result.chains(milestone)[0][both].mean(axis=0) / DAY
    spent: dict[tuple[str, str], float] = {}
    for spending, days in zip(codes_of(result.network), minutes.tolist(), strict=True):
        if days:
            spent[spending] = spent.get(spending, 0.0) + days
    if shift := _shift(result, results[BASE]):
        spent[START, ""] = spent.get((START, ""), 0.0) + shift
    return spent


def _outcomes(days: Days, numbers: Ints) -> pd.DataFrame:
    """One row per scenario, replication and milestone: scenario, replication, milestone, day."""
    parts = [
        pd.DataFrame({"scenario": label, "replication": numbers, "milestone": name, "day": here})
        for (label, name), here in days.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _changes(before: Spent, after: Spent) -> list[tuple[str, str, float, float, float]]:
    """Kind, name, days before and after, and the change, the largest first."""
    keys = dict.fromkeys([*before, *after])
    pairs = [(*key, before.get(key, 0.0), after.get(key, 0.0)) for key in keys]
    return sorted(((*pair, pair[3] - pair[2]) for pair in pairs), key=lambda change: -abs(change[4]))


# What it has to say

MOST_CAUSES = 3
"""Causes that stand beside a change."""
SMALL = 0.05
"""Days that are not worth telling."""
NOTE = (
    "Cause of the change: the difference in days on the driving chains. If a change moves the chain to another path, "
    "the items on the old path have fewer days."
)
LITTLE_HELP = 0.9
"""Ratio of paired to unpaired interval widths above which a note says that pairing does not help."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """Each milestone in every scenario beside the base, what accounts for the differences, and what is missing."""
    names = sorted(result.about["milestones"], key=lambda name: name != milestone)
    zero = f"days from {result.scenario.zero:%Y-%m-%d}; negative differences are earlier"
    subject = [*result.subject(), "same random numbers"]
    notes = Section("", notes=(NOTE, *_pairing(result)))
    return Report.of(
        "Scenarios compared", subject, [Section("", notes=(zero,)), *(_section(result, name) for name in names), notes]
    )


def _section(result: Result, milestone: str) -> Section:
    """One milestone in every scenario, and what accounts for the differences."""
    there = result.tables["milestones"]
    differences = _of(result, "differences", milestone).set_index("scenario").to_dict("index")
    rows = []
    for row in there[there["milestone"] == milestone].to_dict("records"):
        label, base = row["scenario"], row["scenario"] == result.about["base"]
        name = Cell(label, emphasis="strong") if base else label
        moved = [None, None, float("nan")] if base else _moved(differences[label])
        rows.append([name, row["p50"], row["p80"], row["p80_date"], *moved])
    n = result.simulated
    columns = (
        Column("scenario"),
        *(Column("P50", "day"), Column("P80", "day"), Column("P80 date", "date")),
        *(Column("days later", "change"), Column("95 %", "range", signed=True), Column("earlier", "share", n, 0)),
    )
    parts = [part for _, part in _of(result, "causes", milestone).groupby("scenario", sort=False)]
    causes = [(part["scenario"].iloc[0], told) for part in parts if (told := _accounted(part))]
    tables = [Table(columns, rows)]
    tables += [Table((Column("scenario"), Column("cause of the change")), causes)] if causes else []
    return Section(milestone, _missing(result, milestone), tables=tables, charts=(dots(result, milestone),))


def _of(result: Result, table: str, milestone: str) -> pd.DataFrame:
    rows = result.tables[table]
    return rows[rows["milestone"] == milestone]


def _moved(row: Row) -> list[Any]:
    """The mean difference with its interval; the median where one of both does not always get there."""
    if isnan(row["mean"]):
        median = row["median"]
        return [f"median {change(median)}" if isfinite(median) else change(median), None, row["earlier"]]
    same = row["mean"] == row["low"] == row["high"] == 0
    return ["0" if same else row["mean"], None if same else (row["low"], row["high"]), row["earlier"]]


def _missing(result: Result, milestone: str) -> tuple[str, ...]:
    """Which scenarios do not always get there, and what is missing."""
    stuck = result.tables["stuck"]
    return missing(stuck, milestone, stuck["scenario"], result.simulated)


def _accounted(part: pd.DataFrame) -> str:
    """The largest changes of what the days are spent on."""
    rows = [row for row in part.head(MOST_CAUSES).to_dict("records") if abs(row["change"]) >= SMALL]
    told = [f"{row['change']:+.1f} {spent_on(row['kind'], row['name'])}" for row in rows]
    rest = part["change"].sum() - sum(row["change"] for row in rows)
    return "; ".join(told) + (f"; {rest:+.1f} other causes" if rows and abs(rest) >= SMALL else "")


def _pairing(result: Result) -> Iterator[str]:
    """How much the same random numbers help, or that they do not."""
    ratios = result.tables["differences"].dropna(subset=["width_ratio"])
    rows = ratios[ratios["width_ratio"] > 0].sort_values("width_ratio", kind="stable").to_dict("records")
    if rows:
        yield (
            f"Common random numbers reduce the intervals to {rows[0]['width_ratio']:.2f} of the width for "
            f"independent samples ({rows[0]['scenario']}, {rows[0]['milestone']})."
        )
    for row in rows:
        if row["width_ratio"] > LITTLE_HELP:
            yield f"They do not help for {row['scenario']}, {row['milestone']}: {row['width_ratio']:.2f}."


MOST_ROWS = 48
"""Rows of a chart."""


def dots(result: Result, milestone: str = "") -> Chart:
    """By how many days each scenario is later than the base: the mean with its 95 % interval.

    A dot is blue where all of the interval is earlier, red where all of it is later.
    """
    table = result.tables["differences"]
    rows = (table[table["milestone"] == milestone] if milestone else table).head(MOST_ROWS).to_dict("records")
    several = len({row["milestone"] for row in rows}) > 1
    known = [(number, row) for number, row in enumerate(rows) if isfinite(row["mean"])]
    names = [f"{row['scenario']}, {row['milestone']}" if several else row["scenario"] for row in rows]
    names = [
        name if isfinite(row["mean"]) else f"{name}: not reached in every replication"
        for name, row in zip(names, rows, strict=True)
    ]
    marks = []
    for colour, name in (("blue", "earlier"), ("red", "later"), ("grey", "no clear difference")):
        part = [(number, row) for number, row in known if _side(row) == name]
        if part:
            columns = {key: np.array([row[key] for _, row in part]) for key in ("mean", "low", "high")}
            notes = [f"{names[number]}: {_told(row)}, earlier in {_chance(row, result)}" for number, row in part]
            labels, at = (
                [f"{change(row['mean'])} d" for _, row in part],
                np.array([number for number, _ in part], float),
            )
            ends: dict[str, Any] = {"low": columns["low"], "high": columns["high"]}
            marks.append(Dots(name=name, colour=colour, x=columns["mean"], y=at, labels=labels, notes=notes, **ends))
    of = milestone or (rows[0]["milestone"] if rows and not several else "each milestone")
    axis = Axis(title="days later than the base (left: earlier), mean with 95 % interval", line_at_zero=True)
    said = "; ".join(f"{names[number]} {change(row['mean'])} days" for number, row in known)
    empty = "" if rows else "there is nothing to compare"
    return Chart(
        f"{of}: days later than {result.about['base']}", axis, Axis("rows", names=names), marks, "", said, empty=empty
    )


def _side(row: Row) -> str:
    return "earlier" if row["high"] < 0 else "later" if row["low"] > 0 else "no clear difference"


def _told(row: Row) -> str:
    ends = isfinite(row["low"]) and isfinite(row["high"])
    return f"{change(row['mean'])} d" + (f" ({change(row['low'])} to {change(row['high'])})" if ends else "")


def _chance(row: Row, result: Result) -> str:
    return share(row["earlier"], result.simulated, 0)


def stacks(result: Result, milestone: str = "") -> Chart:
    """What the days of a milestone are made of in every scenario, the base first."""
    name = milestone or result.about["milestones"][-1]
    rows = _of(result, "causes", name)
    first = rows[rows["scenario"] == rows["scenario"].iloc[0]] if len(rows) else rows
    base = first.assign(scenario=result.about["base"], days=first["base"])
    return stacked(pd.concat([base, rows])[["scenario", "kind", "name", "days"]], name)


CHARTS = {"differences": dots, "days": stacks}
