"""In what an outcome is measured: how amounts of it and their changes are written, and which way is better."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dcsim.document.report import Column
from dcsim.document.words import NEVER, UNKNOWN, change, day, days, money, moved, share

MeasureKind = Literal["day", "money", "share", "number"]
_SIZES = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "))


def scaled(amounts: NDArray[np.float64], currency: str) -> tuple[float, str]:
    """By what sums of money are divided on an axis, and what is written there."""
    most = float(np.abs(amounts[np.isfinite(amounts)]).max(initial=0.0))
    size, word = next((pair for pair in _SIZES if most >= 2 * pair[0]), (1.0, ""))
    return size, f"{word}{currency}"


@dataclass(frozen=True)
class Measure:
    """The day of something, a sum of money, a share, or a plain number."""

    kind: MeasureKind = "day"
    currency: str = ""
    """That of a sum of money."""
    more_is_better: bool = False

    @property
    def is_day(self) -> bool:
        """Whether it is a day, which may never come."""
        return self.kind == "day"

    @property
    def better(self) -> str:
        """The word for a change that is welcome."""
        return "better" if not self.is_day else "later" if self.more_is_better else "earlier"

    @property
    def worse(self) -> str:
        """The word for one that is not."""
        return "worse" if not self.is_day else "earlier" if self.more_is_better else "later"

    @property
    def absent(self) -> str:
        """The word for a replication that has no such outcome."""
        return NEVER if self.is_day else "no value"

    @property
    def unit(self) -> str:
        """The unit of changes."""
        return {"day": "days", "money": self.currency, "share": "percentage points", "number": ""}[self.kind]

    def text(self, value: float) -> str:
        """An amount with its unit: day 41, 20M USD, 12.5 %."""
        if not math.isfinite(value):
            return self.absent if self.is_day or math.isnan(value) else UNKNOWN
        match self.kind:
            case "day":
                return f"day {day(value)}"
            case "money":
                return money(value, self.currency)
            case "share":
                return share(value) if value >= 0 else f"-{share(-value)}"
        return f"{value:,.2f}"

    def size(self, value: float, digits: int = 1) -> str:
        """A difference without its sign: 12.0, 20M, 1.5."""
        return days(value, digits) if self.is_day else moved(value, self.kind).lstrip("+")

    def change(self, value: float) -> str:
        """A difference with its sign and unit: +12.0 d, -20M USD, +1.5 points."""
        if self.is_day:
            return change(value) + (" d" if math.isfinite(value) else "")
        return f"{moved(value, self.kind)} {self.currency}".rstrip() if math.isfinite(value) else UNKNOWN

    def interval(self, low: float, high: float) -> str:
        """The ends of the interval of a difference; nothing where there are too few replications to tell."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return ""
        return f"{moved(low, self.kind)} to {moved(high, self.kind)}"

    def column(self, title: str) -> Column:
        """A column of amounts."""
        return Column(title, self.kind)

    def changes(self, title: str, digits: int = 1) -> Column:
        """A column of differences."""
        return Column(title, "change" if self.is_day else self.kind, digits=digits, signed=not self.is_day)

    def range(self, title: str, signed: bool = True) -> Column:
        """A column of intervals of differences."""
        return Column(title, "range", signed=signed, of="days" if self.is_day else self.kind)

    def axis(self, amounts: NDArray[np.float64]) -> tuple[float, str]:
        """By what amounts are divided on an axis, and their unit."""
        if self.kind == "money":
            return scaled(amounts, self.currency)
        return (0.01, "percentage points") if self.kind == "share" else (1.0, "days" if self.is_day else "")


DAYS = Measure()
"""Days of which fewer are better."""
