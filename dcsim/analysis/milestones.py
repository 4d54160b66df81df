"""When milestones were reached, beside the dates that were observed in the world."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from dcsim.analysis.frames import dates, days, explained
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.trace import Ints, ticks
from dcsim.units import parse_amount

Observed = Mapping[str, Sequence[tuple[datetime, str]]]
"""For each milestone the dates observed, and what exactly was observed."""


def milestone_table(network: Network, reached: Ints, first: int = 0) -> pd.DataFrame:
    """One row per replication and milestone: replication, milestone, tick, day (from day zero), date.

    `reached` holds ticks, of one replication or of several from the `first` on; what was not reached is empty. Days
    have fractions: day 0.5 is noon of day zero.
    """
    replications, flat = np.atleast_2d(reached), np.ravel(reached)
    names = np.array([milestone.name for milestone in network.milestones], object)
    frame = pd.DataFrame(
        {
            "replication": np.repeat(np.arange(first, first + len(replications)), len(names)),
            "milestone": pd.Series(np.tile(names, len(replications)), dtype="str"),
            "tick": ticks(flat),
            "day": days(network, flat),
            "date": dates(network, flat),
        }
    )
    return explained(frame, network)


def dated_in_the_world(scenario: Scenario) -> pd.DataFrame:
    """One row per date that was observed or is wanted: milestone, supply, reaches, kind, date, meaning.

    `kind` is `observed` or `target`; supply and reaches are empty for a milestone of an activity.
    """
    rows: list[tuple[str, str, float, str, datetime, str]] = []
    for name, one in scenario.milestones.items():
        supply, reaches = one.supply or "", np.nan
        if one.supply is not None and one.reaches is not None:
            reaches = float(parse_amount(one.reaches, scenario.supplies[one.supply].unit))
        rows += [(name, supply, reaches, "observed", seen.date, seen.meaning) for seen in one.observed]
        rows += [(name, supply, reaches, "target", one.target, "target")] if one.target is not None else []
    frame = pd.DataFrame(rows, columns=["milestone", "supply", "reaches", "kind", "date", "meaning"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ms]")
    return frame.astype(dict.fromkeys(("milestone", "supply", "kind", "meaning"), "str") | {"reaches": "float64"})


def beside_observed(milestones: pd.DataFrame, observed: Observed, zero: datetime) -> pd.DataFrame:
    """One row per milestone and observed date, a single one with empty cells where none was observed.

    Columns: milestone, day, date (simulated), observed, observed_day, difference, meaning.

    The difference is in whole days between the two dates, positive where the simulated one is later.
    """
    rows = []
    for row in milestones.itertuples():
        for date, meaning in observed.get(str(row.milestone), ()) or ((None, ""),):
            day = None if date is None else (date - zero).total_seconds() / 86400
            rows.append((row.milestone, row.day, row.date, date, day, meaning))
    frame = pd.DataFrame(rows, columns=["milestone", "day", "date", "observed", "observed_day", "meaning"])
    frame["observed"] = pd.to_datetime(frame["observed"]).astype("datetime64[ms]")
    frame["observed_day"] = frame["observed_day"].astype("float64")
    frame.insert(5, "difference", np.floor(frame["day"]) - np.floor(frame["observed_day"]))
    frame["milestone"] = frame["milestone"].astype("str")
    frame["meaning"] = frame["meaning"].astype("str")
    frame.attrs.update(milestones.attrs)
    return frame
