"""What one build came to, as it is printed: milestones, waiting, what was fitted, what is stuck."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.analysis.milestones import beside_observed
from dcsim.analysis.result import Run, chance
from dcsim.analysis.stuck import NOT_READY, WAITING, WORKING
from dcsim.analysis.supplies import counted as counted_supplies
from dcsim.analysis.supplies import total_over_time
from dcsim.dates import ended
from dcsim.document.causes import waited_for
from dcsim.document.words import counted, day, listed, span_of_places, written
from dcsim.report.layout import below, column, headline, indented, table_of
from dcsim.scenario.schema import Scenario

MOST_CAUSES = 8
"""Causes of waiting that are printed."""
BLOCKS = " ▁▂▃▄▅▆▇█"
ACROSS = 34
"""Blocks in the line of what is counted."""
MOST_STUCK = 12
"""Groups of stuck activities that are printed."""


def summary(run: Run, seconds: float) -> Group:
    """Everything that `dcsim run` tells about one build, which took so many seconds."""
    parts = [_headline(run, seconds), milestone_table(run)]
    parts += [
        part for part in (growth(run), waits_table(run), fitted_list(run.scenario), stuck_list(run)) if part is not None
    ]
    return Group(*parts)


def _headline(run: Run, seconds: float) -> RenderableType:
    """What was built, with which chances, and how it ended."""
    network = run.network
    ended = f"finished on {run.ended:%Y-%m-%d}, day {day(network.day(run.end))}"
    if not run.finished:
        left = int(run.activities["finish"].isna().sum())
        ended = f"unfinished on {run.ended:%Y-%m-%d} with {left:,} left"
    told = f"{counted(network.instances, 'activity')}, {ended} ({seconds:.1f} s, {run.engine} engine)"
    return Group(
        headline(run.scenario, chance(run)), Text(told), Text(f"day 0 is {network.zero:%Y-%m-%d}", style="dim")
    )


def milestone_table(run: Run) -> RenderableType:
    """Every milestone with its simulated date, beside each date that was observed or wanted."""
    observed = _compared(run)
    if observed.empty:
        return below("", Text("The scenario has no milestones."))
    table = table_of("milestone", ">day", "planned")
    compared = observed["observed"].notna().any()
    if compared:
        for heading in ("observed", ">days off", "what was observed"):
            column(table, heading)
    horizon = f"{run.network.date(run.network.horizon):%Y-%m-%d}"
    before = ""
    for row in observed.to_dict("records"):
        first, before = row["milestone"] != before, row["milestone"]
        cells = _milestone_cells(row, horizon) if first else ["", "", ""]
        if compared and not pd.isna(row["observed"]):
            cells += [_seen(row["observed"]), _difference(row["difference"]), row["meaning"]]
        table.add_row(*map(Text, cells))
    return below("", table)


def _compared(run: Run) -> pd.DataFrame:
    """Milestones beside the dates that were observed, and those that were wanted."""
    dates = {}
    for name, milestone in run.scenario.milestones.items():
        dates[name] = [(one.date, one.meaning) for one in milestone.observed]
        dates[name] += [(milestone.target, "target")] if milestone.target is not None else []
    return beside_observed(run.milestones, dates, run.network.zero)


def _milestone_cells(row: Mapping[Hashable, Any], horizon: str) -> list[str]:
    if pd.isna(row["day"]):
        return [row["milestone"], "not by", horizon]
    return [row["milestone"], day(row["day"]), f"{row['date']:%Y-%m-%d}"]


def _seen(moment: datetime) -> str:
    """A date that was observed or wanted, with its time if it has one."""
    return f"{moment:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _difference(days: float) -> str:
    """So many days later, or earlier."""
    if pd.isna(days):
        return ""
    return f"{days:+.0f}" if days else "0"


def growth(run: Run) -> RenderableType | None:
    """How what milestones count has grown, a line of blocks for each, from the first date to the last."""
    totals = {
        name: total_over_time(run.supplies, name) for name in counted_supplies(run.scenario, run.scenario.supplies)
    }
    last = max([int(total["tick"].iloc[-1]) for total in totals.values()], default=0)
    if not last:
        return None
    delivered = run.deliveries["tick"].eq(last).any()
    moment = run.network.date(last)
    first, end = (
        f"{run.network.start:%Y-%m-%d}",
        f"{moment if delivered else ended(run.network.start, moment):%Y-%m-%d}",
    )
    table = table_of("counted")
    table.add_column(f"{first}{end:>{ACROSS - len(first)}}", no_wrap=True)
    column(table, ">total")
    for name, total in totals.items():
        amount = int(total["total"].iloc[-1])
        unit = run.scenario.supplies[name].unit
        table.add_row(Text(name), Text(sparkline(total, last)), Text(f"{amount:,} {unit}".rstrip()))
    return below("", table)


def sparkline(total: pd.DataFrame, last: int) -> str:
    """What there was at the end of each of so many equal spans, as blocks; nothing where there was nothing."""
    ends = np.linspace(0, last, ACROSS + 1)[1:]
    known = np.append(0, total["total"].to_numpy(np.float64))
    there = known[np.searchsorted(total["tick"].to_numpy(np.float64), ends, side="right")]
    heights = np.ceil(there / max(1.0, known[-1]) * (len(BLOCKS) - 1)).astype(int)
    return "".join(BLOCKS[height] for height in heights)


def waits_table(run: Run) -> RenderableType | None:
    """What the build waited for longest, and which activities did."""
    waits = run.waits
    if waits.empty:
        return None
    table = table_of("waited for", ">days", ">activity-days", "by")
    for row in waits.head(MOST_CAUSES).to_dict("records"):
        days = (f"{row['days']:,.1f}", f"{row['waiting_days']:,.0f}")
        table.add_row(*map(Text, (waited_for(row["cause"]), *days, row["activities"])))
    more = len(waits) - MOST_CAUSES
    return below("Waited for longest", table, f"and {counted(more, 'more cause')}" if more > 0 else "")


def fitted_list(scenario: Scenario) -> RenderableType | None:
    """The parameters that were fitted, told apart from all that was measured."""
    if not scenario.fitted:
        return None
    lines = []
    for path, fitted in scenario.fitted.items():
        value = written(scenario.document.find(path)[1])
        said = [f"prior {fitted.prior}" + (f" from {fitted.source}" if fitted.source else "")]
        said += [f"fitted to {', '.join(fitted.to)}"] if fitted.to else []
        lines.append(f"{path} = {value} ({'; '.join(said)})")
    return below("Fitted, not measured", indented(lines))


def stuck_list(run: Run) -> RenderableType | None:
    """What an unfinished build is stuck on, alike things told together, and what waits behind them."""
    if run.finished:
        return None
    stuck = run.stuck
    lines = list(_stuck(run, stuck[stuck["state"] == WAITING]))
    working = stuck[stuck["state"] == WORKING]
    if len(working):
        lines.append(f"still being worked on: {_by_activity(working)}")
    unready = stuck[stuck["state"] == NOT_READY].drop_duplicates(["activity", "place"])
    if len(unready):
        lines.append(f"not ready because of these: {_by_activity(unready)}")
    return below("Stuck", indented(lines))


def _stuck(run: Run, waiting: pd.DataFrame) -> Iterator[str]:
    """Alike instances that wait for the same, in a line."""
    keys = ["activity", "waits_for", "there", "needed"]
    groups = waiting.groupby(keys, sort=False, dropna=False)["place"].agg(["size", "first", "last"])
    for row in groups.head(MOST_STUCK).reset_index().to_dict("records"):
        where, verb = span_of_places(row["first"], row["last"]), "waits" if row["size"] == 1 else "wait"
        said = f"{row['size']:,} x {row['activity']}{where} {verb} for {waited_for(row['waits_for'])}"
        known = not pd.isna(row["needed"])
        yield said + (f": {_amounts(run, row['waits_for'], row['there'], row['needed'])}" if known else "")
    if len(groups) > MOST_STUCK:
        yield f"and {counted(len(groups) - MOST_STUCK, 'more group')}: see `stuck` in the tables"


def _amounts(run: Run, cause: str, there: int, needed: int) -> str:
    if cause in run.scenario.supplies:
        unit = run.scenario.supplies[cause].unit
        unit = f" {unit}" if unit else ""
        return f"{there:,}{unit} there, {needed:,}{unit} needed"
    return f"{there:,} free, {needed:,} needed"


def _by_activity(rows: pd.DataFrame) -> str:
    counts = rows.groupby("activity", sort=False).size()
    return listed([f"{count:,} x {activity}" for activity, count in counts.items()])
