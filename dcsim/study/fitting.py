"""What the observed dates of one build say about its fitted values: a posterior in the place of a point.

Each fitted value is drawn from its prior, the range that it had to stay in, as a factor of the site on what it governs;
its ends are taken as 5th and 95th percentiles. Replications count as well as they fit the dates that the values were
fitted to (Approximate Bayesian Computation, as in `dcsim.study.posterior`), and what they draw and reach is moved by as
much as it depends on these dates, in a linear regression, to where they would be met (Beaumont, Zhang and Balding,
Genetics 162 (2002) 2025). All other dates are a check.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from dcsim.analysis.frames import typed
from dcsim.dates import day_of
from dcsim.distributions import Z95
from dcsim.document.chart import Axis, Bars, Chart, Dots
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import counted, listed
from dcsim.errors import RequestError
from dcsim.scenario.checks.dates import prior_of
from dcsim.scenario.load import changed, load
from dcsim.scenario.schema import Fitted, Scenario
from dcsim.scenario.values import Uncertain
from dcsim.study.cash import network_of
from dcsim.study.chunk import drawn_names
from dcsim.study.design import RANDOM
from dcsim.study.manifest import Count, Fields, Number
from dcsim.study.posterior import Floats, kernel, quantiles, sd
from dcsim.study.replicate import Working, replicate
from dcsim.study.replications import Asked, Replications
from dcsim.study.result import Result
from dcsim.study.scores import label_error
from dcsim.study.seen import sightings_of

MAIN = "fitted"
TABLES = {
    "fitted": "value to prior_low:number prior_high:number written:number p10:number p50:number p90:number"
    " width:number",
    "dates": "milestone fitted first:number last:number before_p10:number before_p50:number before_p90:number"
    " after_p10:number after_p50:number after_p90:number",
    "others": "value other correlation:number width:number",
}
ABOUT: Fields = {"replications": Count, "widened": Number, "effective": Number}
RIDGE, HARDLY = 0.3, 0.8
"""Correlations that are shown, if they are more than chance; the width of a posterior, as a share of its prior, above
which the dates hardly say anything."""


@dataclass(frozen=True)
class _Free:
    """A fitted value, and the factor that stands for it while it is uncertain."""

    path: tuple[str, ...]
    to: tuple[str, ...]
    low: float
    high: float
    written: float
    """What the scenario says; of a distribution its mean."""
    divides: bool
    """Whether it is larger where the factor is smaller."""
    varies_with: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the factor is called."""
        return "fitted_" + "_".join(self.path[1:])

    @property
    def factor(self) -> str:
        """Its range."""
        ends = sorted((end / self.written) ** (-1 if self.divides else 1) for end in (self.low, self.high))
        return f"{ends[0]:.6f} to {ends[1]:.6f}"

    @property
    def governs(self) -> str:
        """The path of what the factor acts on."""
        return ".".join((*self.path[:-1], "varies_with"))

    def values(self, factors: Floats) -> Floats:
        """What draws of the factor stand for."""
        return self.written / factors if self.divides else self.written * factors


def fit(path: Path, n: int, seed: int, working: Working, progress: Callable[[int, int], None]) -> Result:
    """The posterior of the fitted values of a scenario, given the observed dates that they were fitted to.

    Raises
    ------
    ScenarioError
        The scenario cannot be used.
    RequestError
        Nothing in it is fitted to a date that was observed, or it is a value of which no factor can be made.
    """
    scenario = load(path)
    if sightings_of(scenario):
        raise RequestError(f"'{path}' has `seen`: calibrate takes the observed dates of milestones; remove it")
    free = [_free(scenario, name, fitted) for name, fitted in scenario.fitted.items() if _dated(scenario, fitted.to)]
    if not free:
        raise RequestError(
            f"nothing in '{path}' is fitted to a milestone with an observed date: name it under `fitted`"
        )
    overrides: dict[str, Any] = {"factors": {quantity.name: quantity.factor for quantity in free}}
    overrides |= {quantity.governs: [*quantity.varies_with, quantity.name] for quantity in free}
    opened = changed(scenario, overrides=overrides)
    result = replicate(opened, network_of(opened), seed, RANDOM, Asked(n), working, progress)
    used = list(dict.fromkeys(chain.from_iterable(_dated(scenario, quantity.to) for quantity in free)))
    away = np.column_stack([_away(result, milestone) for milestone in used])
    logs, widened, effective = kernel([(column, False) for column in away.T], n)
    met = _Met(away, np.asarray(special.softmax(logs)))
    about = {"seed": seed, "replications": n, "widened": widened, "effective": effective}
    tables = {"fitted": _values(result, free, met), "dates": _checks(result, used, met)}
    return Result("fit", scenario, about, tables | {"others": _other_inputs(result, free, met)})


@dataclass(frozen=True, eq=False)
class _Met:
    """Replications as if they met the dates observed."""

    away: Floats
    """How many errors each is before each date."""
    weights: Floats

    def moved(self, values: Floats) -> Floats:
        """Values by replication, moved by as much as they depend on how far the dates are away."""
        near = self.weights > 0
        away = np.where(np.isfinite(self.away), self.away, 0.0)
        root = np.sqrt(self.weights[near])[:, None]
        slopes = np.linalg.lstsq(
            root * np.column_stack([np.ones(near.sum()), away[near]]), root[:, 0] * values[near], rcond=None
        )[0]
        return np.asarray(values - away @ slopes[1:])


def _dated(scenario: Scenario, milestones: tuple[str, ...]) -> list[str]:
    """Those of some milestones whose dates were observed."""
    return [name for name in milestones if scenario.milestones[name].observed]


def _free(scenario: Scenario, name: str, fitted: Fitted) -> _Free:
    """A fitted value that a factor can stand for: a duration, a lead time, or the share of a production."""
    prior, path = prior_of(fitted.prior), tuple(name.split("."))
    match path:
        case ("activities", activity, "duration"):
            part = scenario.activities[activity]
            written, varies, divides = _mean(part.duration), part.varies_with, False
        case ("supplies", supply, "orders", order, "lead_time"):
            spec = scenario.supplies[supply].orders[order]
            written, varies, divides = _mean(spec.lead_time), spec.varies_with, False
        case ("supplies", supply, "production", "share"):
            made = scenario.supplies[supply].production
            written, varies, divides = (float(made.share), made.varies_with, True) if made else (0.0, (), True)
        case _:
            written, varies, divides = 0.0, (), False
    if not written or prior is None or not prior.holds("0.5" if divides else "1 d") or prior.low <= 0:
        expected = "a duration, a lead time, or the share of a production, with a range above zero"
        raise RequestError(f"fitted '{name}' cannot be calibrated: expected {expected}")
    return _Free(path, tuple(fitted.to), float(prior.low), float(prior.high), written, divides, tuple(varies))


def _mean(span: Any) -> float:
    """The mean of a span in minutes; nothing where it is none of one length."""
    return float(span.resolve(lambda bound: bound.about).mean) if isinstance(span, Uncertain) else 0.0


def _readings(scenario: Scenario, milestone: str) -> tuple[float, float]:
    """The first and the last day on which it was observed, counted from day zero."""
    days = [
        (day_of(observation.date) - scenario.zero_of(milestone).date()).days
        for observation in scenario.milestones[milestone].observed
    ]
    return float(min(days)), float(max(days))


def _away(result: Replications, milestone: str) -> Floats:
    """How many errors each replication is before the day observed; several readings are its error, at least a day."""
    first, last = _readings(result.scenario, milestone)
    days = np.nan_to_num(np.floor(result.days_of(milestone)), nan=inf)
    return ((first + last) / 2 - days) / max(label_error((last - first) / 2), 1.0)


# Tables


def _logs(result: Replications, quantity: _Free) -> Floats:
    """The logarithm of a fitted value in each replication."""
    number = drawn_names(result.network).index(f"factors.{quantity.name}")
    return np.asarray(np.log(quantity.values(result.kept.draws[:, number])))


def _values(result: Replications, free: list[_Free], met: _Met) -> pd.DataFrame:
    """One row per fitted value: its prior, what the scenario says, P10, P50 and P90 of its posterior, and how wide the
    logarithm of this is, as a share of the prior. Durations in hours."""
    rows = []
    for quantity in free:
        logs = met.moved(_logs(result, quantity))
        values, unit = np.exp(logs), 1.0 if quantity.divides else 60.0
        width = sd(logs, met.weights) / (np.log(quantity.high / quantity.low) / (2 * Z95))
        numbers = [quantity.low, quantity.high, quantity.written, *quantiles(values, met.weights, 0.1, 0.5, 0.9)]
        rows.append((".".join(quantity.path), listed(quantity.to), *(number / unit for number in numbers), width))
    return typed(rows, TABLES["fitted"])


def _checks(result: Replications, used: list[str], met: _Met) -> pd.DataFrame:
    """One row per observed milestone: whether values are fitted to it, the first and last day observed, and P10, P50
    and P90 before (by the priors alone) and after. Days from day zero."""
    rows, alike = [], np.full(len(met.weights), 1 / len(met.weights))
    for name, milestone in result.scenario.milestones.items():
        if milestone.observed:
            days = np.nan_to_num(result.days_of(name), nan=float(result.network.horizon))
            columns = ((days, alike), (met.moved(days), met.weights))
            summaries = (quantiles(days_, weights, 0.1, 0.5, 0.9) for days_, weights in columns)
            fitted = "yes" if name in used else "no"
            rows.append((name, fitted, *_readings(result.scenario, name), *chain.from_iterable(summaries)))
    return typed(rows, TABLES["dates"])


def _other_inputs(result: Replications, free: list[_Free], met: _Met) -> pd.DataFrame:
    """One row per fitted value and all else that is drawn once: how they go together in the posterior, and how wide the
    posterior of the other is, as a share of its prior. A risk is whether it occurs."""
    rows, weights = [], met.weights
    fitted = {".".join(quantity.path): _logs(result, quantity) for quantity in free}
    drawn = [(name, values) for name, values in (*_site(result, free), *fitted.items()) if values.std() > 0]
    factors = {name: values if name.startswith("risks.") else met.moved(values) for name, values in drawn}
    wholes = {name: float(values.std()) for name, values in drawn}
    for path in fitted:
        values = met.moved(fitted[path])
        for name, values_ in factors.items():
            if name != path:
                width = sd(values_, weights)
                covariance = weights @ ((values - weights @ values) * (values_ - weights @ values_))
                strong = covariance / (sd(values, weights) * width) if width > 0 else 0.0
                rows.append((path, name, float(strong), width / wholes[name]))
    return typed(rows, TABLES["others"])


def _site(result: Replications, free: list[_Free]) -> Iterator[tuple[str, Floats]]:
    """All that is drawn once for the site, beside the fitted values."""
    factors = {f"factors.{quantity.name}" for quantity in free}
    for name, values in zip(drawn_names(result.network), result.kept.draws.T, strict=True):
        if name not in factors:
            is_risk = name.startswith("risks.")
            yield name, np.isfinite(values).astype(np.float64) if is_risk else np.nan_to_num(values)


# What it has to say

NOTES = (
    "Width: of the posterior, as a share of the prior; near 100 % the dates say nothing. Days are counted from day "
    "zero. A date that no value was fitted to is a check: there is no other build to learn from.",
)


def report(result: Result, milestone: str = "") -> Report:
    """The posteriors beside their priors, what stands for what, and every observed date before and after."""
    about, tables = result.about, result.tables
    sentences = [f"{about['effective']:.0f} of {counted(about['replications'], 'replication')} count."]
    if about["widened"] > 1:
        sentences.append(
            f"The errors of the dates are widened {about['widened']:.1f} times, until enough replications fit."
        )
    vague = list(tables["fitted"]["value"][tables["fitted"]["width"] > HARDLY])
    sentences += [f"The dates hardly say anything of {listed(vague)}."] if vague else []
    ridges = [
        f"{row['value']} and {row['other']} stand for each other: correlation {row['correlation']:.2f}."
        for row in tables["others"].to_dict("records")
        if abs(row["correlation"]) >= max(RIDGE, 3 / about["effective"] ** 0.5)
    ]
    table = tables["others"]
    quiet = table[~table["other"].isin(tables["fitted"]["value"])].drop_duplicates("other")
    unsaid = int((quiet["width"] > HARDLY).sum())
    ridges.append(f"Of {unsaid} of {counted(len(quiet), 'other draw')} of the site the dates hardly say anything.")
    sections = [
        Section("", sentences),
        Section("Fitted values", tables=(_fitted(tables["fitted"]),)),
        Section("", notes=ridges),
        Section("Dates", tables=(_dates(tables["dates"]),), charts=(dates(result),)),
        Section("", notes=NOTES),
    ]
    return Report.of("Fitted values", result.subject(), sections)


def _fitted(table: pd.DataFrame) -> Table:
    columns = (
        *(Column("value"), Column("prior"), Column("written"), Column("P10"), Column("P50"), Column("P90")),
        Column("width", "share", digits=0),
    )
    rows = [
        [
            *(row["value"], f"{row['prior_low']:.4g} to {row['prior_high']:.4g}"),
            *(f"{row[name]:.3g}" for name in ("written", "p10", "p50", "p90")),
            min(row["width"], 0.99),
        ]
        for row in table.to_dict("records")
    ]
    return Table(columns, rows)


def _dates(table: pd.DataFrame) -> Table:
    columns = (
        *(Column("milestone"), Column("fitted to it"), Column("observed")),
        *(Column("before, P10-P50-P90"), Column("after, P10-P50-P90")),
    )
    rows = []
    for row in table.to_dict("records"):
        seen = dict.fromkeys(f"{row[name]:.0f}" for name in ("first", "last"))
        forecasts = ([f"{row[f'{when}_p{k}']:.0f}" for k in (10, 50, 90)] for when in ("before", "after"))
        rows.append([row["milestone"], row["fitted"], *("-".join(days) for days in (seen, *forecasts))])
    return Table(columns, rows)


def dates(result: Result) -> Chart:
    """Every observed date, the forecast by the priors alone, and by the posterior."""
    table = result.tables["dates"]
    at = np.arange(len(table), dtype=np.float64)
    column = {name: table[name].to_numpy(np.float64) for name in table.columns[2:]}
    before, after = ({k: column[f"{when}_p{k}"] for k in (10, 50, 90)} for when in ("before", "after"))
    marks = [
        Bars(name="before, P10-P90", colour="line", rows=at.tolist(), start=before[10], end=before[90]),
        Dots(name="after, P10-P50-P90", x=after[50], y=at, low=after[10], high=after[90]),
        Dots(name="observed", colour="ink", symbol="diamond", x=(column["first"] + column["last"]) / 2, y=at),
    ]
    names = [f"{row['milestone']}{'' if row['fitted'] == 'no' else ' (fitted)'}" for row in table.to_dict("records")]
    title, axis = "Dates observed, and what the fitted values say", Axis(title="days from day zero")
    return Chart(title, axis, Axis("rows", names=names), marks)


CHARTS = {"dates": dates}
