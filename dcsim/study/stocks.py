"""Charts of one run by what it takes: the stock of a supply, and the units of a resource that are at work."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.waits import spells
from dcsim.document.chart import Axis, Band, Chart, Dots, Line, Mark, Spans
from dcsim.document.words import counted, date_of
from dcsim.scenario.schema import Scenario
from dcsim.study.curves import moments, window
from dcsim.units import DAY

Floats = NDArray[np.float64]


def stock(scenario: Scenario, tables: Mapping[str, pd.DataFrame], name: str, end: int) -> Chart:
    """How much of a supply was in stock over time, when it was delivered, and when something waited for it.

    The tables are those of a run up to a tick.
    """
    if not name:
        return Chart("In stock", empty="the scenario has no supplies")
    tick, level = _summed(tables["supplies"], "supply", name, "level")
    short = np.array(spells(tables["shortages"], name, end), np.float64).reshape(-1, 2)
    used = tick[1:][np.diff(level) < 0]
    last = max([float(used[-1] if len(used) else tick[-1]), *short[:, 1].tolist()])
    arrived = tables["deliveries"]
    arrived = arrived[(arrived["supply"] == name) & (arrived["tick"] <= last)]
    begin, until = window(scenario, [scenario.start, scenario.start + timedelta(minutes=last)])
    marks: list[Mark] = []
    if len(short):
        start, stop = (moments(scenario, short[:, k]) for k in (0, 1))
        marks.append(Spans(name="activities wait for it", colour="red", start=start, end=stop))
    x = np.append(moments(scenario, tick[tick <= last]), np.datetime64(until, "s"))
    y = level[tick <= last]
    marks.append(Line(name="in stock", x=x, y=np.append(y, y[-1]), steps=True))
    unit = scenario.supplies[name].unit
    if len(arrived):
        notes = [f"{amount:,} {unit}".rstrip() for amount in arrived["amount"]]
        x, y = moments(scenario, arrived["tick"].to_numpy()), np.zeros(len(arrived))
        marks.append(Dots(name="delivery", symbol="up", colour="ink", size=5, x=x, y=y, notes=notes))
    title = f"{name} in stock"
    across, up = Axis("date", low=begin, high=until), Axis("count", f"{title} ({unit})" if unit else title)
    summary, explanation = f"From {date_of(begin)} to {date_of(until)}, with {counted(len(arrived), 'delivery')}.", ""
    if not level.any():
        up, explanation = replace(up, low=0.0, high=1.0), "None is ever in stock: all that comes is taken at once."
    return Chart(title, across, up, marks, explanation, summary, scenario.zero)


def at_work(scenario: Scenario, usage: pd.DataFrame, name: str) -> Chart:
    """How many units of a resource were at work over time, and how many there were."""
    if not name:
        return Chart("At work", empty="the scenario has no resources")
    tick, used = _summed(usage, "resource", name, "used")
    capacity = _summed(usage, "resource", name, "capacity")[1]
    changed = np.flatnonzero(np.diff(used))
    last = float(tick[changed[-1] + 1]) if len(changed) else float(tick[-1]) + DAY
    begin, until = window(scenario, [scenario.start, scenario.start + timedelta(minutes=last)])
    x = np.append(moments(scenario, tick[tick <= last]), np.datetime64(until, "s"))
    used, capacity = (np.append(values[tick <= last], values[tick <= last][-1]) for values in (used, capacity))
    marks = [
        Band(name="at work", colour="sky", x=x, low=0 * used, high=used, opacity=1, steps=True),
        Line(name="capacity", colour="ink", width=1.6, x=x, y=capacity, steps=True),
    ]
    summary = f"At most {max(used):,.0f} of {max(capacity):,.0f} at work."
    across, up = Axis("date", low=begin, high=until), Axis("count", f"{name} (units)")
    return Chart(f"{name} at work", across, up, marks, "", summary, scenario.zero)


def _summed(table: pd.DataFrame, key: str, name: str, column: str) -> tuple[Floats, Floats]:
    """The sum over all places of an amount that is recorded where it changes: ticks, and the sum from each on."""
    rows = table[table[key] == name].sort_values("tick", kind="stable")
    moved = rows.groupby("place")[column].diff().fillna(rows[column])
    summed = moved.groupby(rows["tick"]).sum().cumsum()
    return summed.index.to_numpy(np.float64), summed.to_numpy(np.float64)
