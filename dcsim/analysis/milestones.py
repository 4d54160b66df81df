"""When milestones were reached, beside the dates that were observed in the world."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.frames import dates, days, explained
from dcsim.analysis.quantiles import quantile
from dcsim.dates import Limit, days_between, last_minute
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.trace import NOT, Ints, ticks
from dcsim.units import parse_amount

Observed = Mapping[str, Sequence[tuple[Limit, str]]]
"""For each milestone the dates observed, and what exactly was observed."""


def milestone_table(network: Network, reached: Ints, dated: Ints, first: int = 0) -> pd.DataFrame:
    """One row per replication and milestone: replication, milestone, tick, day (from day zero), date.

    `reached` holds ticks, of one replication or of several from the `first` on, and `dated` the minutes that date them;
    what was not reached is empty. Days have fractions, day 0.5 is noon of day zero; the date of what finished work
    reached at midnight is the last minute of the day before.
    """
    replications, flat = np.atleast_2d(reached), np.ravel(reached)
    names = np.array([milestone.name for milestone in network.milestones], object)
    zeros = np.array([network.zero_of(name) for name in names.tolist()], np.int64)
    frame = pd.DataFrame(
        {
            "replication": np.repeat(np.arange(first, first + len(replications)), len(names)),
            "milestone": pd.Series(np.tile(names, len(replications)), dtype="str"),
            "tick": ticks(flat),
            "day": days(network, flat, np.tile(zeros, len(replications))),
            "date": dates(network, np.ravel(dated)),
        }
    )
    return explained(frame, network)


def date_by(network: Network, dated: Ints, level: float) -> datetime | None:
    """The minute by which that share of replications had reached a milestone, from those that date it; None if none."""
    minute = quantile(np.where(dated == NOT, np.nan, dated), level)
    return network.date(int(minute)) if np.isfinite(minute) else None


def date_at(dates: "pd.Series[pd.Timestamp]", level: float) -> datetime | None:
    """The date by which that share of replications had reached a milestone, from the dates of all; None if none."""
    minutes = dates.astype("datetime64[s]").to_numpy().astype("datetime64[m]").astype(np.int64)
    minute = quantile(np.where(dates.isna(), np.nan, minutes), level)
    return pd.Timestamp(int(minute), unit="m").to_pydatetime() if np.isfinite(minute) else None


def dated_in_the_world(scenario: Scenario) -> pd.DataFrame:
    """One row per date that was observed or is wanted: milestone, supply, reaches, kind, date, meaning.

    `kind` is `observed` or `target`; supply and reaches are empty for a milestone of an activity.
    """
    rows: list[tuple[str, str, float, str, Limit, str]] = []
    for name, milestone in scenario.milestones.items():
        supply, reaches = milestone.supply or "", np.nan
        if milestone.supply is not None and milestone.reaches is not None:
            reaches = float(parse_amount(milestone.reaches, scenario.supplies[milestone.supply].unit))
        rows += [(name, supply, reaches, "observed", seen.date, seen.meaning) for seen in milestone.observed]
        rows += [(name, supply, reaches, "target", last_minute(milestone.target), "target")] if milestone.target else []
    frame = pd.DataFrame(rows, columns=["milestone", "supply", "reaches", "kind", "date", "meaning"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ms]")
    return frame.astype(dict.fromkeys(("milestone", "supply", "kind", "meaning"), "str") | {"reaches": "float64"})


def beside_observed(milestones: pd.DataFrame, observed: Observed, zero_of: Callable[[str], datetime]) -> pd.DataFrame:
    """One row per milestone and observed date, a single one with empty cells where none was observed.

    Columns: milestone, day, date (simulated), observed, observed_day, difference, meaning.

    The difference is in days between the two dates, positive where the simulated one is later.
    """
    rows = []
    for row in milestones.itertuples():
        actual: Any = row.date
        for date, meaning in observed.get(str(row.milestone), ()) or ((None, ""),):
            seen = None if date is None else pd.Timestamp(date)
            day = None if seen is None else (seen - zero_of(str(row.milestone))).total_seconds() / 86400
            off = None if date is None or actual is pd.NaT else days_between(date, actual)
            rows.append((row.milestone, row.day, row.date, seen, day, off, meaning))
    columns = ["milestone", "day", "date", "observed", "observed_day", "difference", "meaning"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["observed"] = pd.to_datetime(frame["observed"]).astype("datetime64[ms]")
    frame = frame.astype({"observed_day": "float64", "difference": "float64"})
    frame["milestone"] = frame["milestone"].astype("str")
    frame["meaning"] = frame["meaning"].astype("str")
    frame.attrs.update(milestones.attrs)
    return frame
