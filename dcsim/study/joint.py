"""Date and budget together: in how many replications a milestone is reached in time, and for no more than a sum.

Joint confidence level, with its contours, as in NASA Cost Estimating Handbook, version 4.0 (2015), appendix J.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.frames import dates
from dcsim.analysis.joint import contour
from dcsim.analysis.quantiles import share
from dcsim.dates import Limit, in_time, parse_limit, spelled
from dcsim.errors import RequestError
from dcsim.money.books import Books, Builds
from dcsim.network import Network
from dcsim.scenario.finance import TOGETHER
from dcsim.scenario.schema import Scenario
from dcsim.study.replications import dated_milestones, require_milestone
from dcsim.trace import NOT
from dcsim.units import Money, parse_money

if TYPE_CHECKING:
    from dcsim.study import finance

CONFIDENCES = (0.5, 0.7, 0.8)
"""Joint confidence levels whose contours are told."""
Ints = NDArray[np.int64]


class Joint(NamedTuple):
    """A milestone in some replications."""

    dated: Ints
    """The minute that dates it; `NOT` where it is not reached."""
    cost: Ints
    """What it has cost by the end of its month, in cents; by the last month where it is not reached."""


@dataclass(frozen=True)
class Wanted:
    """What is to be reached, until when, for how much, and who pays."""

    milestone: str = ""
    """Empty where the scenario has none."""
    date: Limit | None = None
    budget: float | None = None
    party: str = TOGETHER

    def of(self, builds: Builds, books: Books) -> Joint:
        """Date and cost in these replications."""
        spent = books.parties[self.party].spent
        if not self.milestone:
            return Joint(np.full(len(spent), NOT), spent[:, -1])
        month = np.minimum(builds.reached[self.milestone], spent.shape[1] - 1)
        return Joint(builds.dated[self.milestone], spent[np.arange(len(spent)), month])


def wanted(
    scenario: Scenario,
    network: Network,
    milestone: str | None,
    date: str | None,
    budget: str | float | Money | None,
    party: str,
) -> Wanted:
    """What is asked for; raises RequestError where it cannot be read."""
    names = [*scenario.milestones, *dated_milestones(scenario)]
    if not names and (milestone or date or budget):
        raise RequestError("date and budget are those of a milestone, and the scenario has none")
    name = require_milestone(network, milestone) if milestone else next(reversed(names), "")
    if not name:
        return Wanted()
    assert scenario.finance is not None
    try:
        limit = parse_limit(date) if date is not None else scenario.milestones[name].target
        money = None if budget is None else parse_money(budget, (scenario.finance.currency,))
    except ValueError as error:
        raise RequestError(f"date or budget: {error}") from None
    if money is not None and money.currency != scenario.finance.currency:
        raise RequestError(f"the budget is in {money.currency}, but the scenario counts in {scenario.finance.currency}")
    return Wanted(name, limit, None if money is None else float(money.amount), party)


def _all(parts: Sequence[Joint]) -> Joint:
    return Joint(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def joint_table(money: "finance.Money", parts: Sequence[Joint], numbers: Sequence[int]) -> pd.DataFrame:
    """One row per replication: replication, milestone, date (empty if it is not reached), cost (by the end of its
    month, or of the statements)."""
    joint, name = _all(parts), money.wanted.milestone
    frame = pd.DataFrame({"replication": numbers, "milestone": name, "date": dates(money.network, joint.dated)})
    return frame.assign(cost=joint.cost / 100).astype({"milestone": "str"}).iloc[: None if name else 0]


def contours(money: "finance.Money", parts: Sequence[Joint]) -> pd.DataFrame:
    """One row per joint confidence and date: confidence, date, cost (the least budget so that both are that likely)."""
    frames = []
    joint = _all(parts) if parts and money.wanted.milestone else Joint(np.zeros(0, np.int64), np.zeros(0, np.int64))
    for level in CONFIDENCES:
        minutes, costs = contour(np.where(joint.dated == NOT, np.inf, joint.dated), joint.cost / 100, level)
        on = dates(money.network, minutes.astype(np.int64))
        frames.append(pd.DataFrame({"confidence": level, "date": on, "cost": costs}))
    return pd.concat(frames, ignore_index=True)


def joint_about(money: "finance.Money", parts: Sequence[Joint]) -> dict[str, Any]:
    """What is wanted, and how likely date, budget, and both are, each with its 95 % interval."""
    want = money.wanted
    if not want.milestone:
        return {}
    asked: dict[str, Any] = {"milestone": want.milestone, "budget": want.budget}
    asked["date"] = None if want.date is None else spelled(want.date)
    if parts:
        joint, start = _all(parts), money.network.start
        in_date = np.full(len(joint.cost), True) if want.date is None else in_time(start, want.date, joint.dated)
        within = (joint.dated != NOT) & (joint.cost / 100 <= (np.inf if want.budget is None else want.budget))
        for key, met in (("by_date", in_date), ("within_budget", within), ("both", in_date & within)):
            asked[key] = list(share(int(met.sum()), len(met)))
    return {"joint": asked}
