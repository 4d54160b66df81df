"""The result of many replications: their tables, and what was simulated."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.chain import codes_of
from dcsim.analysis.frames import dates, days, explained, moments
from dcsim.analysis.milestones import date_by, milestone_table
from dcsim.analysis.quantiles import (
    LEVELS,
    Days,
    Interval,
    bands,
    between_blocks,
    order_statistics,
    quantile,
    summary_table,
)
from dcsim.analysis.stuck import stuck_in_many
from dcsim.dates import in_time, last_tick
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.chunk import Chunk, Counter, drawn_names
from dcsim.study.design import BLOCK, RANDOM
from dcsim.study.forecast import TABLES
from dcsim.study.progress import progress_tables
from dcsim.study.result import Properties, Result, known
from dcsim.study.seen import Agreed, about_seen
from dcsim.trace import Ints, causes
from dcsim.units import DAY


@dataclass(frozen=True)
class Asked:
    """How many replications were asked for."""

    count: int
    """So many, or with `until_precise` so many at most."""
    until_precise: tuple[str, ...] = ()
    """To stop as soon as all of these are known that well."""
    at_least: int = 256
    """After how many replications that is asked, and after how many more again."""
    explain: tuple[str, ...] = ()
    """Milestones whose driving chains are followed."""
    among: Agreed | None = None
    """The replications that are run, where something chooses them."""
    is_settled: bool = False
    """Whether that is settled, by a scenario with which this one is compared; else what was seen of it chooses."""
    in_full: bool = True
    """Whether waits, what was drawn, and the amounts of supplies over time are kept, which only results of replications
    show."""


@dataclass(frozen=True, eq=False, repr=False)
class Replications(Result):
    """The same build many times. What was simulated stands beside the tables, which are made when they are read."""

    kind: str = field(init=False, default="replications")
    about: Mapping[str, Any] = field(init=False)
    tables: Mapping[str, pd.DataFrame] = field(init=False)
    network: Network
    engine: str
    seed: int
    sampling: str
    asked: Asked
    kept: Chunk
    counters: tuple[Counter, ...]
    agreed: Agreed | None = None
    """Which replications these are, where something was seen of the build."""

    def __post_init__(self) -> None:
        reached = {"simulated": self.n, "activities": len(self.network.built), "finished": self.finished}
        horizon = self.network.date(self.network.horizon).isoformat()
        about = (
            asked_for(self.seed, self.sampling, self.asked) | about_seen(self.agreed) | reached | {"horizon": horizon}
        )
        if self.network.history is not None:
            about["status"] = self.network.date(self.network.history.status).isoformat()
        object.__setattr__(self, "about", about)
        object.__setattr__(self, "tables", Properties(self, self._names()))

    def _names(self) -> Iterator[str]:
        """The tables that there are."""
        yield from TABLES
        if self.asked.explain:
            yield "chain"
        if self.agreed is not None:
            yield from ("seen", "before")
        if self.network.history is not None:
            yield from ("progress", "planned")

    def __repr__(self) -> str:
        return f"Replications('{self.scenario.name}', n={self.n}, seed={self.seed}, sampling='{self.sampling}')"

    @property
    def n(self) -> int:
        """How many replications there are."""
        return len(self.kept.left)

    @property
    def finished(self) -> float:
        """The share of replications in which every activity finished within the horizon."""
        return float((self.kept.left == 0).mean())

    @property
    def numbers(self) -> Ints:
        """The number of each replication, by which `simulate` tells it again."""
        return np.arange(self.n) if self.agreed is None else self.agreed.numbers[: self.n]

    @cached_property
    def milestones(self) -> pd.DataFrame:
        """One row per replication and milestone: replication, milestone, tick, day (from day zero), date."""
        table = milestone_table(self.network, self.kept.reached, self.kept.dated)
        table["replication"] = np.repeat(self.numbers, len(self.network.milestones))
        return table

    @property
    def seen(self) -> pd.DataFrame:
        """What was seen, the earliest first: milestone, seen (reached, reached by, not by), date, error (days), alone
        (the share of all builds drawn that agree with it)."""
        assert self.agreed is not None
        return self.agreed.sightings

    @property
    def before(self) -> pd.DataFrame:
        """The forecast as if nothing had been seen: milestone, p10_date, p50_date, ..."""
        assert self.agreed is not None
        return self.agreed.before

    @cached_property
    def _progress(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return progress_tables(self.scenario, self.network, self.engine)

    @property
    def progress(self) -> pd.DataFrame:
        """One row per activity and place: state, planned_start, planned_finish, start, finish (actual or expected)."""
        return self._progress[0]

    @property
    def planned(self) -> pd.DataFrame:
        """One row per milestone: milestone, planned_date, done_date, expected_date."""
        return self._progress[1]

    def days_of(self, milestone: str) -> Days:
        """The day of a milestone in every replication, not a number where it was not reached."""
        names = [milestone.name for milestone in self.network.milestones]
        zero = self.network.zero_of(milestone)
        return np.asarray(days(self.network, self.kept.reached[:, names.index(milestone)], zero), np.float64)

    def dated(self, milestone: str) -> Ints:
        """The minute that dates a milestone in every replication (see `dcsim.dates`)."""
        names = [milestone.name for milestone in self.network.milestones]
        return self.kept.dated[:, names.index(milestone)]

    def date_by(self, milestone: str, level: float) -> datetime | None:
        """The date of a quantile of a milestone's day; None beyond the horizon."""
        return date_by(self.network, self.dated(milestone), level)

    def interval(self, milestone: str, level: float) -> Interval:
        """A quantile of a milestone's day with its 95 % interval."""
        if self.sampling == RANDOM:
            return order_statistics(self.days_of(milestone), level)
        return between_blocks(self.days_of(milestone), level, BLOCK)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per milestone: quantiles of its day, mean, sd, share reached, probability of the wanted day.

        Wanted is the end of the milestone's target date, else of the first date observed. Days count from day zero.
        At the end stand the dates of the quantiles: p10_date, p50_date, ...
        """
        network, wanted = self.network, {}
        for name, milestone in self.scenario.milestones.items():
            limit = milestone.target or next((observation.date for observation in milestone.observed), None)
            if limit is not None:
                share = float(in_time(network.start, limit, self.dated(name)).mean())
                wanted[name] = (last_tick(self.scenario.zero_of(name), limit) / DAY, share)
        of = {milestone.name: self.days_of(milestone.name) for milestone in network.milestones}
        table = summary_table(of, wanted, None if self.sampling == RANDOM else BLOCK)
        for level in LEVELS:
            table[f"p{round(100 * level)}_date"] = moments([self.date_by(name, level) for name in of])
        return table

    @cached_property
    def waits(self) -> pd.DataFrame:
        """One row per cause, longest first: cause, days (mean, p10, p90, in which anything waited), waiting_days."""
        spells = self.kept.waits[:, :, 1] / DAY
        frame = pd.DataFrame(
            {
                "cause": pd.Series(causes(self.network), dtype="str"),
                "days": spells.mean(axis=0),
                "days_p10": [quantile(column, 0.1) for column in spells.T],
                "days_p90": [quantile(column, 0.9) for column in spells.T],
                "waiting_days": self.kept.waits[:, :, 0].mean(axis=0) / DAY,
            }
        )
        return frame[frame["days"] > 0].sort_values("days", ascending=False, kind="stable", ignore_index=True)

    @cached_property
    def stuck(self) -> pd.DataFrame:
        """What unfinished builds are stuck on, for each milestone that is missed and for the whole.

        Columns: milestone (empty for the whole build), activity, place (its level), waits_for, kind, unfinished (builds
        without the milestone), builds (those that lack this), mean, least, most (instances that wait in these builds).
        """
        return stuck_in_many(self.network, self.kept.reached, self.kept.left, self.kept.stuck)

    def chains(self, milestone: str) -> tuple[Ints, NDArray[np.bool_]]:
        """Of a milestone that was explained, the minutes since day zero by what its chain was spent on, and whether it
        led through it: replications by codes (see `dcsim.analysis.chain.codes_of`)."""
        number = self.asked.explain.index(require_name(milestone, self.asked.explain))
        return self.kept.spent[:, number], self.kept.touched[:, number]

    @cached_property
    def chain(self) -> pd.DataFrame:
        """What the days of the milestones explained were spent on: replication, milestone, kind, name, days.

        One row for each thing that a driving chain led through since day zero; the days of a milestone in a replication
        add up to its day.
        """
        names = codes_of(self.network)
        replication, number, code = np.nonzero(self.kept.spent)
        kinds, names_ = (np.array([spending[k] for spending in names], object)[code] for k in (0, 1))
        frame = pd.DataFrame(
            {
                "replication": self.numbers[replication],
                "milestone": pd.Series(np.array(self.asked.explain, object)[number], dtype="str"),
                "kind": pd.Series(kinds, dtype="str"),
                "name": pd.Series(names_, dtype="str"),
                "days": self.kept.spent[replication, number, code] / DAY,
            }
        )
        return frame.groupby(["replication", "milestone", "kind", "name"], sort=False, as_index=False).sum()

    @cached_property
    def draws(self) -> pd.DataFrame:
        """One row per replication and what is drawn once for the site: replication, name, value.

        Factors, risks (the tick at which it first begins; under `.adds` the minutes that it adds), branches (the
        number of the way taken, the first is 0), and where they are uncertain orders (the tick at which the first lot
        comes) and activities (minutes of work), without the factors that these vary with.
        """
        names = drawn_names(self.network)
        return pd.DataFrame(
            {
                "replication": np.repeat(self.numbers, len(names)),
                "name": pd.Series(np.tile(np.array(names, object), self.n), dtype="str"),
                "value": self.kept.draws.ravel(),
            }
        )

    @cached_property
    def supplies(self) -> pd.DataFrame:
        """Fans of the supplies that milestones count: supply, unit, day, date, p10, p50, p80, p90, step.

        One row per supply and day: what had ever been there at the end of that day. Amounts are exact where the step is
        1, else rounded down to a multiple of it; what milestones need, and all that can be there, is always exact.
        """
        units = {stock.name: stock.unit for stock in self.network.stocks}
        parts = []
        for counter, curve in zip(self.counters, self.kept.curves, strict=True):
            last = (np.arange(curve.rows[-1, 0] + 1) + 1) * DAY
            part: dict[str, Any] = {"supply": counter.supply, "unit": units[counter.supply]}
            part |= {"day": days(self.network, last), "date": dates(self.network, last - 1)}
            part |= {f"p{round(100 * k)}": values for k, values in bands(curve.rows, LEVELS).items()}
            part["step"] = curve.step
            parts.append(pd.DataFrame(part))
        columns = ["supply", "unit", "day", "date", *(f"p{round(100 * level)}" for level in LEVELS), "step"]
        return explained(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns), self.network)


def asked_for(seed: int, sampling: str, asked: Asked) -> dict[str, Any]:
    """What tells many replications of a scenario from others, and makes them again."""
    wishes = {"wishes": list(asked.until_precise), "at_least": asked.at_least} if asked.until_precise else None
    explained = {"explained": list(asked.explain)} if asked.explain else {}
    return {"seed": seed, "sampling": sampling, "replications": asked.count, "until_precise": wishes, **explained}


def dated_milestones(scenario: Scenario) -> list[str]:
    """The milestones with an observed date or a target."""
    return [name for name, milestone in scenario.milestones.items() if milestone.observed or milestone.target]


def require_milestone(network: Network, name: str) -> str:
    """The name of a milestone, if there is one; raises RequestError with what would be right."""
    return require_name(name, tuple(milestone.name for milestone in network.milestones))


def require_name(name: str, milestones: tuple[str, ...]) -> str:
    """A name that is one of these; raises RequestError with what would be right."""
    return known(name, milestones, "milestone", "milestones")
