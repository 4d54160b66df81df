"""Planned, done and forecast: the progress of a site beside the plan, and the dates that follow from it.

The plan is the expected case as if nothing had begun; what is expected is that from the status date on.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.frames import dates
from dcsim.analysis.overrun import overrun
from dcsim.document.report import Column, Section, Table
from dcsim.document.words import counted, date_of
from dcsim.engine import ENGINES
from dcsim.engine.draws import Expectation, draw
from dcsim.network import Network
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.result import Result
from dcsim.trace import NOT, Ints, Trace

FINISHED, UNDER_WAY, NOT_BEGUN = "finished", "under way", "not begun"
MOST_ROWS = 20
"""Activities under way of which a report tells; the table has all."""


def progress_tables(scenario: Scenario, network: Network, engine: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per activity and place, and one per milestone.

    Activities: activity, place, state, planned_start, planned_finish, start and finish (actual ones, else expected
    ones). Milestones: milestone, planned_date, done_date (if it was reached by the status date), expected_date.
    """
    history = network.history
    assert history is not None
    plan, now = (_expected(case, engine) for case in (network_as_planned(scenario), network))
    state = np.where(history.finish != NOT, FINISHED, np.where(history.start != NOT, UNDER_WAY, NOT_BEGUN))
    frame = now.activities()[["activity", "place"]].assign(state=pd.Series(state, dtype="str"))
    for name, trace in (("planned_", plan), ("", now)):
        frame[f"{name}start"] = _dates(network, trace.began)
        frame[f"{name}finish"] = _dates(network, np.where(trace.finish == NOT, NOT, trace.finish - trace.eve))
    milestones = pd.DataFrame(
        {"milestone": pd.Series([milestone.name for milestone in network.milestones], dtype="str")}
    )
    milestones["planned_date"] = _dates(network, plan.dated)
    milestones["done_date"] = _dates(network, np.where(now.reached <= history.status, now.dated, NOT))
    milestones["expected_date"] = _dates(network, now.dated)
    return frame, milestones


def network_as_planned(scenario: Scenario) -> Network:
    """The network without progress."""
    return network_of(changed(scenario, overrides={"seen": []}) if scenario.seen else scenario)


def _expected(network: Network, engine: str) -> Trace:
    return ENGINES[engine]()(network, draw(network, Expectation()))


def _dates(network: Network, ticks: Ints) -> "pd.Series[pd.Timestamp]":
    return dates(network, ticks).mask(pd.Series(ticks == NOT))


def progress_section(result: Result) -> Section:
    """What was planned, what is done, and what is expected now."""
    table, milestones = result.tables["progress"], result.tables["planned"]
    summary = result.tables["summary"].set_index("milestone")
    rows = []
    for row in milestones.to_dict("records"):
        now = summary.loc[row["milestone"]]
        is_done = not pd.isna(row["done_date"])
        ahead = ["" if is_done else date_of(now[f"{level}_date"]) for level in ("p10", "p50", "p80")]
        done = date_of(row["done_date"]) if is_done else ""
        rows.append([row["milestone"], date_of(row["planned_date"]), done, *ahead])
    columns = tuple(Column(name) for name in ("milestone", "planned", "done", "P10", "P50", "P80"))
    tables = [Table(columns, rows)]
    under_way = table[table["state"] == UNDER_WAY]
    if len(under_way):
        names = ("planned start", "started", "planned finish", "expected finish")
        fields = ("planned_start", "start", "planned_finish", "finish")
        cells = [[_named(row), *(row[name] for name in fields)] for row in under_way.head(MOST_ROWS).to_dict("records")]
        tables.append(Table((Column("under way"), *(Column(name, "date") for name in names)), cells))
    return Section("Planned, done and forecast", tuple(_said(result, table)), tables=tuple(tables))


def _named(row: Mapping[Hashable, Any]) -> str:
    return str(row["activity"]) if row["place"] == "site" else f"{row['activity']}, {row['place']}"


def _said(result: Result, table: pd.DataFrame) -> Iterator[str]:
    """How much is done, and how much of what was planned by now is not."""
    counts = table["state"].value_counts()
    states = [f"{counts.get(state, 0):,} {state}" for state in (FINISHED, UNDER_WAY, NOT_BEGUN)]
    until = pd.Timestamp(result.about["status"])
    last = until - pd.Timedelta(minutes=int(until == until.normalize()))
    yield f"On {date_of(last)}, of {counted(len(table), 'activity')}: {', '.join(states)}."
    due = table[(table["planned_finish"] < until) & (table["state"] != FINISHED)]
    if len(due):
        yield f"{counted(len(due), 'activity')} of the plan should have finished by then and did not."
    for path, message in overrun(result.scenario, network_of(result.scenario)):
        yield f"{result.scenario.document.problem(path, message)}."
