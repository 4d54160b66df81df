"""What many replications came to, as it is printed: quantiles of dates, chances, waiting, and what was fitted."""

from collections.abc import Hashable, Iterator, Mapping
from math import inf
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.analysis.quantiles import ranks
from dcsim.dates import spelled
from dcsim.document.causes import waited_for
from dcsim.document.words import NEVER, UNKNOWN, counted, date_of, day, share
from dcsim.report.layout import below, headline, table_of
from dcsim.report.summary import MOST_CAUSES, fitted_list
from dcsim.study.design import RANDOM
from dcsim.study.replications import Replications
from dcsim.study.unfinished import never

ALL_OR_NONE = {0.0: "in none", 1.0: "in all"}
"""How it is told that a milestone is reached in none or all of the builds."""


def forecast(result: Replications, seconds: float) -> Group:
    """Everything that `dcsim replicate` tells about many builds, which took so many seconds."""
    parts = [_headline(result, seconds), *_milestones(result)]
    parts += [part for part in (_chances(result), _waits(result), fitted_list(result.scenario)) if part is not None]
    return Group(*parts)


def _headline(result: Replications, seconds: float) -> RenderableType:
    """What was built how often, with which chances, how fast."""
    told = [counted(result.n, "replication"), f"seed {result.seed}"]
    told += [f"{result.sampling} sampling"] if result.sampling != RANDOM else []
    activities = counted(result.network.instances, "activity")
    if result.finished == 1:
        ended = "all finished"
    elif result.finished == 0:
        ended = f"none finished by {result.network.date(result.network.horizon):%Y-%m-%d}"
    else:
        ended = f"{share(result.finished)} finished by {result.network.date(result.network.horizon):%Y-%m-%d}"
    speed = f"{seconds:.1f} s, {result.n / max(seconds, 1e-9):,.3g} replications per second, {result.engine} engine"
    zero = f"day 0 is {result.network.zero:%Y-%m-%d}"
    return Group(
        headline(result.scenario, *told), Text(f"{activities} each, {ended}"), Text(f"{speed}; {zero}", style="dim")
    )


def _milestones(result: Replications) -> Iterator[RenderableType]:
    """Every milestone with the days by which it is reached so likely, and how well the P80 is known."""
    summary = result.summary
    if summary.empty:
        yield below("", Text("The scenario has no milestones."), *map(Text, never(result.stuck, result.n)))
        return
    table = table_of("day of milestone", ">P10", ">P50", ">P80", ">P90", ">P80 date", ">95 % of P80", ">reached")
    for row in summary.to_dict("records"):
        quantiles = [day(row[level]) for level in ("p10", "p50", "p80", "p90")]
        cells = [
            row["milestone"],
            *quantiles,
            date_of(row["p80_date"]),
            _interval(result, row),
            ALL_OR_NONE.get(row["reached"], share(row["reached"])),
        ]
        table.add_row(*map(Text, cells))
    said = []
    if any(NEVER in str(cell) for column in table.columns[1:] for cell in column.cells):
        said.append(f"{NEVER}: not by the horizon, {result.network.date(result.network.horizon):%Y-%m-%d}")
    if any(UNKNOWN in str(cell) for column in table.columns[6:7] for cell in column.cells):
        said.append(f"{UNKNOWN}: too few replications to tell")
    lacks = [Text(line) for line in never(result.stuck, result.n)]
    yield below("", table, *(Text(line, style="dim") for line in said), *lacks)


def _interval(result: Replications, row: Mapping[Hashable, Any]) -> str:
    low, high = row["p80_low"], row["p80_high"]
    if low == inf:
        return NEVER
    too_few = low == -inf or (result.sampling == RANDOM and ranks(result.n, 0.8)[1] > result.n)
    return f"{UNKNOWN if low == -inf else day(low)} - {UNKNOWN if too_few else day(high)}"


def _chances(result: Replications) -> RenderableType | None:
    """How likely each milestone is reached by the day that is wanted or was observed."""
    rows = result.summary[result.summary["probability"].notna()]
    if rows.empty:
        return None
    table = table_of("milestone", "by", ">chance", "what happened then")
    for row in rows.to_dict("records"):
        milestone = result.scenario.milestones[row["milestone"]]
        date, meaning = milestone.target, "target"
        if date is None:
            date, meaning = milestone.observed[0].date, milestone.observed[0].meaning
        chance = share(row["probability"], result.n)
        table.add_row(*map(Text, (row["milestone"], spelled(date), chance, meaning)))
    return below("", table)


def _waits(result: Replications) -> RenderableType | None:
    """What was waited for longest, on average over the replications."""
    waits = result.waits
    if waits.empty:
        return None
    table = table_of("waited for", ">days", ">P10", ">P90", ">activity-days")
    for row in waits.head(MOST_CAUSES).to_dict("records"):
        numbers = [f"{row[name]:,.1f}" for name in ("days", "days_p10", "days_p90")]
        table.add_row(*map(Text, (waited_for(row["cause"]), *numbers, f"{row['waiting_days']:,.0f}")))
    more = len(waits) - MOST_CAUSES
    return below("Waited for longest, on average", table, f"and {counted(more, 'more cause')}" if more > 0 else "")
