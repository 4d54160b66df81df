"""Why a milestone has its date: its driving chain in one run, and its days by cause over many."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from math import ceil, isfinite
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.chain import (
    CRITICALITY,
    DAYS,
    MINOR,
    codes_of,
    criticality,
    days_by,
    days_by_cause,
    segments,
    story,
)
from dcsim.analysis.contention import taken
from dcsim.analysis.frames import typed
from dcsim.analysis.stuck import STUCK
from dcsim.chain import chains
from dcsim.distributions import Fixed
from dcsim.document.bars import OTHER, coloured, with_rest
from dcsim.document.causes import spent_on
from dcsim.document.chart import Axis, Bars, Chart, Dots
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import NEVER, date_of, day, interval, joined, share
from dcsim.document.words import days as in_days
from dcsim.engine import AUTO, ENGINES
from dcsim.engine.draws import Expectation, Sample
from dcsim.engine.draws import draw as settle
from dcsim.errors import RequestError
from dcsim.network import Network, Risk
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.design import RANDOM, designed
from dcsim.study.manifest import Count, Fields, Share
from dcsim.study.replicate import Working, replicate
from dcsim.study.replications import Asked, Replications, require_milestone
from dcsim.study.result import Result
from dcsim.study.sections import sites_section, taken_section
from dcsim.study.seen import about_seen
from dcsim.study.tables import CHAIN, SITES, TAKEN
from dcsim.study.unfinished import never
from dcsim.trace import NOT, Trace
from dcsim.units import DAY

MAIN = "days"
TABLES = {
    "days": DAYS,
    "criticality": CRITICALITY,
    "segments": "milestone kind name activity place begins:whole ends:whole days:number from:time to:time",
    "chain": CHAIN,
    "stuck": STUCK,
}
ABOUT: Fields = {"milestone": str, "sampling": str, "replications": Count, "told": Count | None, "p50": float}
ABOUT |= {"p80": float, "mean_day": float | None, "reached": Share, "expected_day": float | None}
TYPICAL = -1
"""The replication whose day is nearest to the median."""
MOST_WITHOUT_RISKS = 128
"""Replications that are run again without risks; the difference is paired, so that few are enough."""


def explain(
    scenario: Scenario,
    *,
    milestone: str,
    n: int = 256,
    seed: int = 0,
    replication: int | None = TYPICAL,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    sampling: str = RANDOM,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Explain a milestone: the driving chain of one run, and days by cause over many.

    The chain runs backwards from what reached the milestone: to the predecessor that finished last, to the activity
    that gave back or delivered what was missing, and so on to the start. Tables: `days` and `criticality` (see
    `dcsim.analysis.chain`), `segments` (the chain of one run, which adds up to the milestone's tick), `chain` (days
    by replication), `stuck`, and of a portfolio `sites` (days by the site in which they were spent).

    Parameters
    ----------
    scenario
        From `load`.
    milestone, n
        The milestone to explain, and how many replications days and criticality are taken over.
    replication
        The replication whose chain is shown: a number, or None for expected values; default: nearest to the median.
    seed, workers, executor, engine, sampling, progress
        As in `replicate`.

    Raises
    ------
    RequestError
        There is no such milestone or replication.
    """
    network = network_of(scenario)
    require_milestone(network, milestone)
    if replication is not None and replication < TYPICAL:
        raise RequestError(f"replications are counted from 0, got {replication}")
    asked, working = Asked(n, explain=(milestone,)), Working(engine, workers, executor)
    many = replicate(scenario, network, seed, sampling, asked, working, progress)
    number = _typical(many, milestone) if replication == TYPICAL else replication
    spent, touched = many.chains(milestone)
    trace, parts = _run_and_parts(many, milestone, number)
    reached = ~np.isnan(many.days_of(milestone))
    tables = {
        "days": days_by_cause(network, spent[reached], touched[reached]),
        "criticality": criticality(network, touched[reached]),
        "segments": parts,
        "chain": many.chain,
        "stuck": many.stuck,
    }
    about = {
        **{"milestone": milestone, "seed": seed, "sampling": sampling, "replications": n, "told": number},
        **about_seen(many.agreed),
        "mean_day": float(tables["days"]["mean"].sum()) if reached.any() else None,
        "reached": float(reached.mean()),
    }
    tables |= _taken_meanwhile(scenario, network, milestone, trace)
    if scenario.sites:
        of = [(scenario.site_of(name),) for _, name in codes_of(network)]
        tables["sites"] = days_by(of, spent[reached], touched[reached], SITES)
    return Result("explanation", scenario, about | _beside_expected(many, milestone, working), tables)


def _taken_meanwhile(scenario: Scenario, network: Network, milestone: str, trace: Trace) -> dict[str, pd.DataFrame]:
    """In a portfolio, who took what the site of the milestone waited for; no table elsewhere."""
    site = scenario.site_of(milestone)
    if not site:
        return {}
    rows = taken(network, list(scenario.sites), trace.activities())
    return {"taken": typed([row for row in rows if row[0] == site], TAKEN)}


def _run_and_parts(many: Replications, milestone: str, replication: int | None) -> tuple[Trace, pd.DataFrame]:
    """One run, and the driving chain of one replication, or of the run with expected values, in order of time."""
    network = many.network
    if replication is None:
        draws = settle(network, Expectation())
    else:
        design = designed(network, many.sampling, many.seed, replication)
        draws = settle(network, Sample(many.seed, replication, design))
    gate = next(known.gate for known in network.milestones if known.name == milestone)
    trace = ENGINES[many.engine]()(network, draws)
    (chain,) = chains(trace, draws, [gate])
    return trace, segments(network, draws, milestone, chain)


def _typical(many: Replications, milestone: str) -> int:
    """The replication whose day is nearest to the median; the first if most do not reach the milestone."""
    days = many.days_of(milestone)
    median = many.interval(milestone, 0.5).estimate
    return int(many.numbers[np.nanargmin(np.abs(days - median)) if np.isfinite(median) else 0])


def _beside_expected(many: Replications, milestone: str, working: Working) -> dict[str, Any]:
    """P50 and P80, the day with expected values, and the `bias`: by how many days the P50 is later than that; none
    where something was seen of the build, which expected values do not know.

    Where every build reaches the milestone, `biases` says what the bias is made of. `skewness` is the median less the
    mean. `risks` is the mean less that of the same builds with every risk and branch at its likeliest outcome, as with
    expected values. `merging` is the rest: the latest of several means comes before the mean of the latest, where paths
    merge, and where work waits for resources, supplies or calendars. `noise` is within how many days that is known:
    twice the standard error of the mean.
    """
    network, days = many.network, many.days_of(milestone)
    trace = ENGINES[many.engine]()(network, settle(network, Expectation()))
    number = [known.name for known in network.milestones].index(milestone)
    reached = trace.reached[number] != NOT
    expected = (int(trace.reached[number]) - network.zero_of(milestone)) / DAY if reached else np.nan
    p50, p80 = (many.interval(milestone, level).estimate for level in (0.5, 0.8))
    dates = {f"p{level}_date": many.date_by(milestone, level / 100) for level in (50, 80)}
    dates["expected_date"] = network.date(trace.dated[number]) if reached else None
    bias, biases = p50 - expected if np.isfinite(p50) and many.agreed is None else np.nan, {}
    if not np.isnan(days).any() and not np.isnan(bias):
        mean = float(days.mean())
        risks = _moved_by_risks(many, milestone, working)
        biases = {"skewness": p50 - mean, "risks": risks, "merging": mean - expected - risks}
    return {
        "p50": p50,
        "p80": p80,
        **{name: None if date is None else date.isoformat() for name, date in dates.items()},
        "expected_day": expected,
        "bias": bias,
        "biases": biases,
        "noise": float(2 * np.nanstd(days) / np.sqrt(len(days))) if biases else None,
    }


def _moved_by_risks(many: Replications, milestone: str, working: Working) -> float:
    """Mean days by which risks and branches move a milestone, beside the same builds with the likeliest of each."""
    network = many.network
    if all(risk.probability in (0, 1) for risk in network.risks) and not network.branches:
        return 0.0
    risks = tuple(map(_likelier, network.risks))
    branches = tuple(replace(branch, way=Fixed(branch.way.mean)) for branch in network.branches)
    likelier = replace(network, risks=risks, branches=branches)
    asked = Asked(min(many.n, MOST_WITHOUT_RISKS))
    increments = replicate(many.scenario, likelier, many.seed, many.sampling, asked, working, lambda *_: None)
    return float(np.mean(many.days_of(milestone)[: increments.n] - increments.days_of(milestone)))


def _likelier(risk: Risk) -> Risk:
    """A risk that strikes as often as with expected values, and surely."""
    often = ceil(risk.probability * (1 if risk.every else risk.times) - 0.5)
    return replace(risk, probability=float(often > 0), times=risk.times if risk.every else max(1, often))


# What it has to say

MOST_CAUSES = 13
"""Causes that are shown; the last one sums up all smaller causes."""
MOST_CRITICAL = 4
"""Things of one kind of which a table shows how often they drive."""
CLOSED = "Nights and days off during an activity are counted under the calendar that is closed."

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """When the milestone is reached, its days by cause, what is critical, and the story of one run."""
    name = result.about["milestone"]
    summary, by_site = Section("", tuple(_summary(result))), sites_section(result.tables.get("sites"), result.scenario)
    rows = result.tables["taken"].to_dict("records") if "taken" in result.tables else []
    taken_meanwhile = taken_section(rows, result.scenario)
    sections = (summary, by_site, _days(result), _critical(result), _story(result), taken_meanwhile)
    return Report.of(f"What drives {name}", [*result.subject(), name], sections)


def _summary(result: Result) -> Iterator[str]:
    about, stuck = result.about, result.tables.get("stuck")
    yield f"P50 is {_dated(about, 'p50')}, P80 is {_dated(about, 'p80')}."
    if isfinite(about.get("bias", np.nan)):
        yield f"With expected values it is day {day(about['expected_day'])}; {_beside_median(result)}."
    if stuck is not None and about.get("reached", 1) < 1:
        for line in never(stuck[stuck["milestone"] == about["milestone"]], result.simulated):
            yield line + ("" if about["reached"] == 0 else " (these replications are left out)")


def _dated(about: Mapping[str, Any], level: str) -> str:
    return f"day {day(about[level])} ({about[f'{level}_date'][:10]})" if isfinite(about[level]) else NEVER


def _beside_median(result: Result) -> str:
    """How the median lies beside the run with expected values, and what that comes from."""
    bias, parts = result.about["bias"], result.about.get("biases", {})
    noise = result.about.get("noise") or 0.0
    causes = [
        f"{days:+.0f} because {_because(result, name, days)}"
        for name, days in sorted(parts.items(), key=lambda part: -abs(part[1]))
        if abs(days) >= max(0.5, noise if name == "merging" else 0)
    ]
    if causes and sum(abs(days) >= 0.5 for days in parts.values()) > len(causes):
        causes.append("the rest is within the sampling error")
    median = "the P50 is the same within a day" if abs(bias) < 1 else f"the P50 is {abs(bias):.0f} days {_side(bias)}"
    return median + (f" ({'; '.join(causes)})" if causes else "")


def _side(days: float) -> str:
    return "later" if days > 0 else "earlier"


def _because(result: Result, part: str, days: float) -> str:
    """What a part of the bias comes from."""
    network = network_of(result.scenario)
    if part == "risks":
        events = "risks or branches" if network.branches else "risks"
        return (
            f"expected values leave out {events} that occur" if days > 0 else f"they include {events} that do not occur"
        )
    if part == "merging":
        kinds = _kinds(network)
        return f"the latest of the {joined(kinds)} sets the date" if kinds else "times are rounded to minutes"
    return f"durations are skewed, so that the median is {_side(days)} than the mean"


def _kinds(network: Network) -> list[str]:
    """Of what in a network the latest can set a date."""
    merging = ["merging paths"] * bool((network.needed > 1).any())
    takes = any(demand.requirements or demand.consumes for demand in network.demands)
    return [*merging, *["resources", "supplies"] * takes, *["calendars"] * (len(network.working_times) > 1)]


def _days(result: Result) -> Section:
    """What the days are made of, most first."""
    days = result.tables["days"]
    title = "Days by cause, on average"
    if days.empty:
        return Section(title, ("The milestone is not reached in any replication.",))
    columns = (Column("cause"), *(Column(name, "days") for name in ("mean", "P10", "P90")))
    rows: list[list[Any]] = [
        [spent_on(row["kind"], row["name"]), *(row.get(key) for key in ("mean", "p10", "p90", "index"))]
        for row in _largest(days)
    ]
    rows.append([Cell("mean day", emphasis="strong"), Cell(days["mean"].sum(), emphasis="strong"), None, None, None])
    table = Table((*columns, Column("on chain", "share", digits=0)), rows)
    notes = (CLOSED,) if (days["kind"] == "calendar").any() else ()
    return Section(title, tables=(table,), charts=(made_of(result),), notes=notes)


def _largest(days: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """The largest parts of the days, the rest as one; what lies before day zero is less than nothing."""
    ordered = days[days["mean"] != 0].sort_values("mean", ascending=False, key=abs, kind="stable")
    rows = with_rest(ordered, MOST_CAUSES).to_dict("records")
    return [row if row["kind"] != OTHER else {key: row[key] for key in ("kind", "name", "mean")} for row in rows]


def _critical(result: Result) -> Section:
    """What drives it most often."""
    often = result.tables["criticality"]
    rows = [
        [row["name"], kind, row["index"], _between(row)]
        for kind, part in often[often["index"] > 0].groupby("kind", sort=False)
        for row in part.head(MOST_CRITICAL).to_dict("records")
    ]
    if not rows:
        return Section("")
    columns = (Column("what"), Column("kind"), Column("on chain", "share", digits=0), Column("95 % interval", "range"))
    return Section("Most often on the driving chain", tables=(Table(columns, rows),), charts=(critical(result),))


def _between(row: Row) -> str:
    return f"{share(row['low'], 0, 0)} to {share(row['high'], 0, 0)}"


def _story(result: Result) -> Section:
    """The driving chain of one run in order of time."""
    parts = result.tables["segments"]
    if parts.empty:
        why = "There is no driving chain: the milestone is reached at the start of this run, or never."
        return Section("The driving chain", (why,))
    columns = (Column("from", "date"), Column("days", "days"), Column("cause"), Column("where"))
    table = Table(columns, list(story(parts)))
    title = f"The driving chain of {_run_in_words(result)}, which reaches it on {parts['to'].iloc[-1]:%Y-%m-%d %H:%M}"
    return Section(title, tables=(table,), charts=(chain(result),))


def _run_in_words(result: Result) -> str:
    number = result.about["told"]
    return "the run with expected values" if number is None else f"replication {number}"


def made_of(result: Result) -> Chart:
    """What the days are made of: each cause begins where the one above it ends; together they are the mean day."""
    rows = _largest(result.tables["days"])
    names = [spent_on(row["kind"], row["name"]) for row in rows]
    ends = np.cumsum([row["mean"] for row in rows])
    labels = [_with_range(row) for row in rows]
    notes = [f"{name}: {label}" for name, label in zip(names, labels, strict=True)]
    kinds, starts = [row["kind"] for row in rows], ends - [row["mean"] for row in rows]
    marks = coloured(Bars, kinds, rows=range(len(rows)), start=starts, end=ends, labels=labels, notes=notes)
    title = f"{result.about['milestone']}: days by cause"
    explanation = (
        "Mean of the replications, with P10 and P90 in brackets. Each cause begins where the one above it ends."
    )
    axis = Axis(title="days, on average")
    empty = "" if rows else "no days to show"
    return Chart(title, axis, Axis("rows", names=names), marks, explanation, "; ".join(notes), empty=empty)


def _with_range(row: Row) -> str:
    mean, low, high = row["mean"], row.get("p10", np.nan), row.get("p90", np.nan)
    length = f"{in_days(mean, int(abs(mean) < 9.5))} d"
    return f"{length} ({interval(low, high, 0)})" if isfinite(low) and isfinite(high) else length


def critical(result: Result) -> Chart:
    """In which share of the replications each thing is on the driving chain, with its 95 % interval."""
    often = result.tables["criticality"]
    shown = often[often["index"] > 0].sort_values("index", ascending=False, kind="stable").head(MOST_CAUSES)
    labels = [share(index, 0, 0) for index in shown["index"]]
    notes = [
        f"{row['name']}: {label} of replications ({_between(row)})"
        for row, label in zip(shown.to_dict("records"), labels, strict=True)
    ]
    index, low, high = (shown[name].to_numpy(np.float64) for name in ("index", "low", "high"))
    rows = np.arange(len(shown), dtype=np.float64)
    marks = coloured(Dots, shown["kind"], x=index, y=rows, low=low, high=high, labels=labels, notes=notes)
    title = f"{result.about['milestone']}: most often on the driving chain"
    axis = Axis("share", "share of replications with 95 % interval", low=0, high=1.02)
    empty = "" if marks else "nothing is on the driving chain"
    return Chart(title, axis, Axis("rows", names=list(shown["name"])), marks, "", "; ".join(notes), empty=empty)


def chain(result: Result) -> Chart:
    """The chain of events that drove the milestone in one run: each bar waited for the one before it."""
    parts = result.tables["segments"]
    spent = [spent_on(kind, name) for kind, name in zip(parts["kind"], parts["name"], strict=True)]
    lengths = parts.groupby(spent)["days"].sum()
    longest = lengths[lengths > MINOR * lengths.sum()].nlargest(2 * MOST_CAUSES).index
    names = [name for name in dict.fromkeys(spent) if name in longest]
    shown = parts.assign(spent=spent)[[name in longest for name in spent]]
    notes = [
        f"{row['spent']}{' in ' * bool(row['place'])}{row['place']}: {date_of(row['from'])} to {date_of(row['to'])}, "
        f"{row['days']:,.1f} d"
        for row in shown.to_dict("records")
    ]
    rows = [names.index(name) for name in shown["spent"]]
    start = shown["from"].to_numpy("datetime64[m]")
    end = start + (shown["ends"] - shown["begins"]).to_numpy("timedelta64[m]")
    marks = coloured(Bars, shown["kind"], rows=rows, start=start, end=end, notes=notes)
    title = f"{result.about['milestone']}: driving chain in {_run_in_words(result)}"
    explanation = "Each bar waited for the one before it. The shortest bars are left out."
    summary = "In time order: " + "; ".join(names)
    empty = "" if marks else "there is no driving chain"
    return Chart(
        title, Axis("date"), Axis("rows", names=names), marks, explanation, summary, result.scenario.zero, empty
    )


CHARTS = {"days": made_of, "criticality": critical, "chain": chain}
