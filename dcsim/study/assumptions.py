"""How far each assumption moves the dates: every one at its low and at its high value, one at a time.

Each value that says `low` or `high` beside itself is set to it, everything else is left alone, and the build is
run with expected values. A fitted parameter goes to the ends of its prior range instead, and a distribution that says
neither to its P10 and its P90. What is said about mitigations and options that are not taken is left out.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.result import EXPECTED
from dcsim.dates import days_between
from dcsim.document.bars import tornado
from dcsim.document.chart import Chart
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import counted, listed, written
from dcsim.engine import AUTO, choose
from dcsim.errors import Problem, ScenarioError
from dcsim.model import build
from dcsim.network import Network
from dcsim.scenario.document import dotted
from dcsim.scenario.schema import Scenario
from dcsim.study.campaign import Campaign, Keeping, answered, part_name
from dcsim.study.ends import AtEnds, Days, expected_days
from dcsim.study.manifest import Fields
from dcsim.study.ranges import ASSUMED, DISTRIBUTED, FITTED, HIGH, LOW, Assumption, all_in
from dcsim.study.replications import dated_milestones, require_name
from dcsim.study.result import Result
from dcsim.study.seen import refuse_seen
from dcsim.study.threads import Pool, spread
from dcsim.suggest import shorten

MAIN = "assumptions"
TABLES = {"assumptions": "path value low high kind source reason"}
ABOUT: Fields = {"milestones": dict[str, float]}
Progress = Callable[[int, int], None]
"""Called with the number of runs done and their total."""

_HOW = "write {value: 4 d, assumption: why, low: 3 d, high: 6 d}"


def assumptions(
    scenario: Scenario,
    *,
    milestones: Sequence[str] = (),
    executor: Executor | None = None,
    engine: str = AUTO,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Move each assumption alone to its low and to its high value, and tell how far the milestones move.

    The table `assumptions` has one row for each, the most important first: path, value, low, high (as written; no low
    or high where there is no such end), kind, source, reason, and for each milestone its shift in days at the low and
    at the high value (`installed_100k_low`): positive is later, infinite means never, empty means no such end.

    Parameters
    ----------
    scenario
        From `load`; its values have `low` and `high`, and fitted values have their prior range.
    milestones
        Those to look at; those with an observed date or a target, else all, if not given.
    executor, engine, out, resume, overwrite, progress
        As in `sweep`. There are no threads, since most of the time goes into reading changed scenarios.

    Raises
    ------
    RequestError
        There is no such milestone, or something was seen: one value alone cannot move then. It is a ValueError too.
    ScenarioError
        No value has a range, or the scenario cannot be simulated with one of the values.
    ResultError
        The folder belongs to something else, is in use, or cannot be written.
    """
    refuse_seen(scenario, "assumptions")
    chosen, network = chosen_milestones(scenario, milestones), _as_written(scenario)
    inputs = _inputs(scenario, network)
    values = ((k, side, value) for k, a in enumerate(inputs) for side, value in enumerate((a.low, a.high)))
    ends = [end for end in values if end[-1] is not None]
    used = choose(engine, network.instances * len(ends))
    here = expected_days(network, chosen, used)
    about = {"seed": EXPECTED, "milestones": dict(zip(chosen, here.tolist(), strict=True))}
    work = AtEnds(used, scenario, chosen, tuple((inputs[k].path, value) for k, _, value in ends))

    def answer(campaign: Campaign | None) -> Result:
        shifts = np.full((len(inputs), len(chosen), 2), np.nan)
        problems: dict[int, list[Problem]] = {}
        for number, days in _all_ends(work, executor or 1, campaign, progress):
            k, side, _ = ends[number]
            if isinstance(days, tuple):
                problems[number] = [_at_the_end(scenario, inputs[k], side, problem) for problem in days]
            else:
                shifts[k, :, side] = _later(here, days)
        if problems:
            raise ScenarioError([p for number in sorted(problems) for p in problems[number]], scenario.document.name)
        return Result("assumptions", scenario, about, {"assumptions": _table(inputs, chosen, shifts)})

    return answered("assumptions", scenario, about, Keeping(out, resume, overwrite), answer)


@lru_cache(maxsize=1)
def _as_written(scenario: Scenario) -> Network:
    """The network without any change, built once."""
    return build(scenario)


def _inputs(scenario: Scenario, network: Network) -> Sequence[Assumption]:
    """All that can be moved; raises ScenarioError where there is nothing."""
    if not (inputs := all_in(scenario, network)):
        message = f"no value is uncertain or has a `low` or `high`; {_HOW}"
        raise ScenarioError([Problem("", message)], scenario.document.name)
    return inputs


MANY = 1_000_000
"""Activities of all runs from which processes pay, each of which takes a second or two to start."""


def are_many(scenario: Scenario) -> bool:
    """Whether the assumptions are so many, of so large a scenario, that it pays to try them in several processes."""
    return 2 * len(scenario.document.citations) * _as_written(scenario).instances >= MANY


SPAN = 8
"""Ends that are tried and kept together."""


def _all_ends(
    work: AtEnds, pool: Pool, campaign: Campaign | None, progress: Progress
) -> Iterator[tuple[int, Days | tuple[Problem, ...]]]:
    """What comes of each end, by its number; what a folder holds is read from it."""
    count, done, missing = len(work.ends), 0, []
    for span in ((first, min(first + SPAN, count)) for first in range(0, count, SPAN)):
        part = None if campaign is None else campaign.part(part_name(*span))
        if part is None:
            missing.append(span)
            continue
        yield from enumerate(part.to_numpy(np.float64), span[0])
        progress(done := done + len(part), count)
    for first, of_span in spread(missing, pool, work):
        days = [of_end for of_end in of_span if not isinstance(of_end, tuple)]
        if campaign is not None and len(days) == len(of_span):
            part = pd.DataFrame(np.array(days), columns=list(work.milestones))
            campaign.keep(part_name(first, first + len(part)), part)
        yield from enumerate(of_span, first)
        progress(done := done + len(of_span), count)


def _table(inputs: Sequence[Assumption], milestones: Sequence[str], shifts: Days) -> pd.DataFrame:
    """The assumptions by their largest shift, in the order of the file where it is the same."""
    words = {
        field.name: pd.Series([_as_text(getattr(assumption, field.name)) for assumption in inputs], dtype="str")
        for field in fields(Assumption)
    }
    days = dict(zip(_columns(milestones), shifts.reshape(len(inputs), -1).T, strict=True))
    frame = pd.DataFrame(words | days)
    return frame.loc[(-_largest(frame, milestones)).argsort(kind="stable")].reset_index(drop=True)


def _as_text(value: Any) -> str | None:
    return None if value is None else written(value)


def _columns(milestones: Iterable[str]) -> list[str]:
    return [name + f"_{end}" for name in milestones for end in (LOW, HIGH)]


def _largest(table: pd.DataFrame, milestones: Iterable[str]) -> Days:
    """The largest shift of any milestone at either end of each assumption, in days."""
    return table[_columns(milestones)].abs().max(axis=1).fillna(0.0).to_numpy(np.float64)


def chosen_milestones(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The milestones that were asked for, else those with an observed date or a target, else all; in their order.

    Raises
    ------
    RequestError
        There is no such milestone.
    """
    known = {require_name(name, tuple(scenario.milestones)) for name in names}
    wanted = known or set(dated_milestones(scenario))
    return tuple(name for name in scenario.milestones if name in wanted or not wanted)


def _later(here: Days, later: Days) -> Days:
    """So many days later; what is reached in neither has not moved."""
    unreached = np.isinf(here) & np.isinf(later)
    return np.where(unreached, 0.0, np.subtract(later, here, where=~unreached, out=np.zeros_like(here)))


def _at_the_end(scenario: Scenario, assumption: Assumption, side: int, problem: Problem) -> Problem:
    """What is wrong with a low or a high value, with the place where it stands."""
    where = f" ({problem.path})" if problem.path and problem.path != assumption.path else ""
    key = next((k for k in scenario.document.positions if dotted(k) == assumption.path), ())
    return scenario.document.problem(key, f"`{(LOW, HIGH)[side]}`: {problem.message}{where}")


# What it has to say

MOST_MILESTONES = 7
"""Milestones that fit beside each other in 80 columns."""
FEW_MILESTONES = 3
"""Number of milestones that leaves room for fractions of days."""
MOST_SHOWN = 12
"""Assumptions that a report shows unless all are asked for."""
NOTHING = 0.05
"""Days below which a shift is none."""
NOTE = (
    "Each assumption moves alone; all others have expected values. Empty: less than 0.05 days. never: not reached by "
    "the end of the simulation. reached: reached only then."
)

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "", most: int | None = MOST_SHOWN) -> Report:
    """The milestones by number, the assumptions that move them most, and what each of these rests on."""
    table, names = result.tables["assumptions"], list(result.about["milestones"])
    moving = table[_largest(table, names) >= NOTHING]
    shown = moving.head(len(moving) if most is None else most).to_dict("records")
    if not shown:
        return Report.of(
            "Assumptions", result.subject(), [_milestones(result, names), Section("", _rest(result, 0, 0))]
        )
    sections = (
        _milestones(result, names),
        Section(
            "Days by which each milestone is later at the low and at the high value",
            tables=(_shifts(shown, names[:MOST_MILESTONES]),),
            charts=(moved(result, milestone if milestone in names else ""),),
            notes=(NOTE,),
        ),
        Section("Sources and reasons", points=tuple(map(_reason, shown)), notes=_rest(result, len(moving), len(shown))),
    )
    return Report.of("How far each assumption moves the dates", result.subject(), sections)


def _milestones(result: Result, names: Sequence[str]) -> Section:
    """Which milestone has which number, its day, and the days on which it was observed."""
    columns = (Column("", "count"), Column("milestone"), Column("day", "days"), Column("observed on day"))
    rows = []
    for number, name in enumerate(names[:MOST_MILESTONES], start=1):
        dates = [observed.date for observed in result.scenario.milestones[name].observed]
        days = dict.fromkeys(f"{days_between(result.scenario.zero_of(name), date):,}" for date in dates)
        rows.append((number, name, result.about["milestones"][name], ", ".join(days)))
    beside = names[MOST_MILESTONES:]
    notes = (f"Not shown: {listed(beside)}; select with --milestone.",) if beside else ()
    return Section("", tables=(Table(columns, rows),), notes=notes)


def _shifts(rows: Sequence[Row], names: Sequence[str]) -> Table:
    """A row for each end of each assumption, a column for each milestone."""
    digits = int(len(names) <= FEW_MILESTONES)
    numbers = [Column(str(number), "change", digits=digits) for number in range(1, len(names) + 1)]
    lines = []
    for row in rows:
        ends = [end for end in (LOW, HIGH) if isinstance(row[end], str)]
        for end in ends:
            days = [row[name + f"_{end}"] for name in names]
            path = Cell(row["path"], emphasis="strong") if end == ends[0] else ""
            lines.append([path, end, *(shift if abs(shift) >= NOTHING else None for shift in days)])
    return Table((Column("assumption"), Column("at"), *numbers), lines)


def _reason(row: Row) -> str:
    """An assumption with its value, the range in which it is believable, and what it rests on."""
    low, high = (shorten(row[end], 30) if isinstance(row[end], str) else "…" for end in (LOW, HIGH))
    return f"{row['path']} = {shorten(row['value'], 60)} ({low} to {high}): {_why(row)}"


def _why(row: Row) -> str:
    kind, source, reason = row["kind"], row["source"], row["reason"]
    said = {FITTED: "fitted", ASSUMED: "assumed", DISTRIBUTED: "P10 and P90"}.get(kind, str(source))
    if kind == DISTRIBUTED and source:
        said += f" of {source}"
    if kind == FITTED and source:
        said += f", prior range from {source}"
    return f"{said}: {reason}" if reason else said


def _rest(result: Result, moving: int, shown: int) -> tuple[str, ...]:
    """What is not shown."""
    count = len(result.tables["assumptions"])
    more = (f"{moving - shown} more have smaller effects: --all prints them.",) if moving > shown else ()
    still = (
        (f"{count - moving} of {counted(count, 'assumption')} do not move these milestones.",) if moving < count else ()
    )
    return (*more, *still)


def moved(result: Result, milestone: str = "") -> Chart:
    """How far each assumption moves a milestone, the last one if none is named: the largest shift on top."""
    names = list(result.about["milestones"])
    name = require_name(milestone, tuple(names)) if milestone else names[-1]
    table = result.tables["assumptions"]
    size = _largest(table, [name])
    shown = table[size >= NOTHING].iloc[(-size[size >= NOTHING]).argsort(kind="stable")].head(MOST_SHOWN)
    low, high = (shown[column].to_numpy(np.float64) for column in _columns([name]))
    title, legend = f"{name}: how far each assumption moves it", ("at its low value", "at its high value")
    axis = "days later than the base case (left: earlier)"
    return tornado(title, axis, list(shown["path"]), low, high, legend, "no assumption moves this milestone")


CHARTS = {"shifts": moved}
