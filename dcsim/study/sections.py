"""Sections that reports of one run and of many share: what was fitted, and what was waited for longest."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from dcsim.document.report import Brief, Column, Picture, Section, Table
from dcsim.document.words import counted, days, listed, units, written
from dcsim.scenario.schema import Scenario

MOST_CAUSES = 8
"""Causes of waiting that are shown."""
MOST_SITES = 5
"""Sites of a large portfolio of which a terminal shows the milestones."""
MOST_TAKERS = 5
"""Sites that are named of those that took what another waited for, the first ones of the table."""


def fitted(scenario: Scenario) -> Section:
    """The parameters that were fitted, apart from all that was measured."""
    points = []
    for path, value in scenario.fitted.items():
        phrases = [f"prior {value.prior}" + (f" from {value.source}" if value.source else "")]
        phrases += [f"fitted to {', '.join(value.to)}"] if value.to else []
        points.append(f"{path} = {written(scenario.document.find(path)[1])} ({'; '.join(phrases)})")
    return Section("Fitted values" if points else "", points=points)


def waits_section(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], chart: Picture) -> Section:
    """What was waited for longest."""
    if not rows:
        return Section("")
    more = len(rows) - MOST_CAUSES
    notes = (f"and {counted(more, 'more cause')}",) if more > 0 else ()
    return Section(title, tables=(Table(columns, rows[:MOST_CAUSES]),), charts=chart, notes=notes)


def day_zero(scenario: Scenario) -> str:
    """From which date days are counted, also where sites count from dates of their own."""
    zeros = {name: zero for name, zero in scenario.zeros.items() if zero != scenario.zero}
    sites = [f"for {name} {zero:%Y-%m-%d}" for name, zero in zeros.items()]
    return listed([f"day 0 is {scenario.zero:%Y-%m-%d}", *sites])


def in_brief(
    scenario: Scenario, dates: Mapping[str, Any], rows: Sequence[Sequence[Any]], names: Sequence[str], asked: str
) -> Brief | None:
    """What a terminal shows of rows about these milestones, each of which has a date: those of the portfolio itself,
    and those of the sites that are done last. None where there are few sites."""
    done: dict[str, Any] = {}
    for name, date in dates.items():
        if site := scenario.site_of(name):
            when = pd.isna(date), pd.Timestamp.min if pd.isna(date) else date  # what is never reached comes last
            done[site] = max(done.get(site, when), when)
    if len(done) <= 2 * MOST_SITES:
        return None
    last = sorted(done, key=lambda site: done[site], reverse=True)[:MOST_SITES]
    shown = [
        row for name, row in zip(names, rows, strict=True) if name == asked or scenario.site_of(name) in ("", *last)
    ]
    return Brief(
        shown, f"and {len(done) - len(last)} more sites, none of which is done later: --csv lists all milestones"
    )


def taken_section(rows: Sequence[Mapping[Hashable, Any]], scenario: Scenario) -> Section:
    """Which site took what another waited for; nothing where there are no sites."""
    parts: dict[str, list[str]] = {}
    for row in rows:
        unit = scenario.supplies[row["waits_for"]].unit if row["waits_for"] in scenario.supplies else ""
        begins = f"{_site(scenario, row['site'])} waits for {row['waits_for']}, up to {days(row['days'])} days"
        parts.setdefault(begins, []).append(f"{_site(scenario, row['by'])} took {units(row['units'], unit)}")
    points = []
    for begins, taken in parts.items():
        more = len(taken) - MOST_TAKERS
        rest = [f"{counted(more, 'more site')} took some"] if more > 0 else []
        points.append(f"{begins}; meanwhile {', '.join([*taken[:MOST_TAKERS], *rest])}")
    return Section("Who took what others waited for" if points else "", points=points)


def sites_section(table: pd.DataFrame | None, scenario: Scenario) -> Section:
    """In which sites of a portfolio days are spent, most first; nothing elsewhere."""
    if table is None or table.empty:
        return Section("")
    columns = (Column("site"), *(Column(name, "days") for name in ("mean", "P10", "P90")))
    rows = [
        [_site(scenario, site) if site else "shared by sites", *row] for site, *row in table.itertuples(index=False)
    ]
    shown = Table((*columns, Column("on chain", "share", digits=0)), rows)
    return Section("Days by site, on average", tables=(shown,))


def _site(scenario: Scenario, name: str) -> str:
    return scenario.sites[name].label or name
