"""What the tables of a result have in common: ticks explained, dates and days beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from dcsim.network import Network
from dcsim.trace import NOT, Ints
from dcsim.units import DAY

_TYPES = {"text": "str", "whole": "int64", "number": "float64", "time": "datetime64[ms]"}


def typed(rows: Sequence[Any], columns: str) -> pd.DataFrame:
    """A table of these rows, mappings or tuples; each column is told as `name`, which holds text, or `name:kind`."""
    types = {name: _TYPES[kind or "text"] for name, _, kind in (column.partition(":") for column in columns.split())}
    return pd.DataFrame(list(rows), columns=list(types)).astype(types)


def explained(frame: pd.DataFrame, network: Network) -> pd.DataFrame:
    """The same table with what its ticks mean in its metadata."""
    frame.attrs.update(
        {
            "tick": f"minutes since {network.start:%Y-%m-%d %H:%M}",
            "start": network.start.isoformat(),
            "day_zero": network.zero.isoformat(),
        }
    )
    return frame


def days(network: Network, values: Ints, zero: Ints | int | None = None) -> "pd.Series[float]":
    """Days from day zero to ticks, empty where nothing happened; from other ticks if they are given."""
    since = values - (network.day_zero if zero is None else zero)
    return pd.Series(np.where(values == NOT, np.nan, since / DAY))


def moments(values: Sequence[datetime | None]) -> "pd.Series[pd.Timestamp]":
    """Moments as a column, empty where there is none."""
    return pd.to_datetime(pd.Series(list(values), dtype="object")).astype("datetime64[ms]")


def dates(network: Network, values: Ints) -> "pd.Series[pd.Timestamp]":
    """The moments of ticks, to the minute, empty where nothing happened."""
    moments = np.datetime64(network.start, "s") + np.maximum(values, 0).astype("timedelta64[m]")
    column = pd.Series(moments.astype("datetime64[ms]"))
    return column.mask(pd.Series(values) == NOT)
