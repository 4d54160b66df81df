"""The time axis of every picture: dates below, days from day zero above. Positions are days since 1970."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from dcsim.units import DAY

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

EPOCH = datetime(1970, 1, 1)


class Clock:
    """Ticks and days of a result as dates of a picture, and back."""

    def __init__(self, start: datetime, zero: datetime) -> None:
        self.start = position(start)
        self.zero = position(zero)

    @classmethod
    def of(cls, table: "pd.DataFrame") -> "Clock":
        """As a table of a result says in its metadata."""
        return cls(datetime.fromisoformat(table.attrs["start"]), datetime.fromisoformat(table.attrs["day_zero"]))

    def date(self, tick: float) -> float:
        return self.start + tick / DAY

    def dates(self, ticks: Any) -> Floats:
        return self.start + np.asarray(ticks, np.float64) / DAY

    def tick(self, date: float) -> float:
        return (date - self.start) * DAY

    def days(self, dates: Any) -> Any:
        return dates - self.zero

    def after(self, days: Any) -> Any:
        return days + self.zero


def position(moment: datetime) -> float:
    """A moment as matplotlib counts it: days since 1970."""
    return (moment - EPOCH) / timedelta(days=1)


def positions(moments: "pd.Series[pd.Timestamp]") -> Floats:
    """Moments as matplotlib counts them; not a number where there is none."""
    since = (moments - EPOCH) / timedelta(days=1)
    return np.asarray(since.to_numpy(np.float64, na_value=np.nan))


def moment(at: float) -> datetime:
    """The moment at a position."""
    return EPOCH + timedelta(days=float(at))


def date_axis(ax: Axes, fewest: int = 4, most: int = 12) -> None:
    """Dates below a picture, so many."""
    ax.xaxis.set_major_locator(AutoDateLocator(minticks=fewest, maxticks=most))  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(FuncFormatter(_date_label))
    ax.tick_params(axis="x", labelsize=9)


def days_above(ax: Axes, clock: Clock) -> None:
    """Days from day zero above a picture."""
    days = ax.secondary_xaxis("top", functions=(clock.days, clock.after))
    days.set_xlabel(f"days from {moment(clock.zero):%Y-%m-%d}", loc="right", fontsize=9)
    days.spines["top"].set_visible(False)
    days.tick_params(labelsize=9)


def _date_label(date: float, tick: int | None) -> str:
    """A date on the axis: its month, with the day unless it is the first; its year under some; an hour if it is one."""
    when = moment(round(date * DAY) / DAY)
    if (when.hour, when.minute) != (0, 0):
        return f"{when:%H:%M}"
    label = f"{when:%b}" if when.day == 1 else f"{when.day} {when:%b}"
    year = tick == 0 or (when.month == 1 and when.day < 15)
    return f"{label}\n{when:%Y}" if year else label
