"""What real sites say about a few quantities of the templates: posteriors beside priors, and a layer to extend."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcsim.distributions import Z95, Lognormal
from dcsim.document.chart import Axis, Bars, Chart, Dots
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import counted
from dcsim.engine import AUTO
from dcsim.errors import RequestError
from dcsim.scenario.cases import Cases, read_cases
from dcsim.study.manifest import Fields, Number
from dcsim.study.posterior import OFFSET, SPREAD, Posterior, evidence_of, posterior_of, priors_of
from dcsim.study.replicate import Working
from dcsim.study.result import Result
from dcsim.study.sites import ABOUT as ABOUT_SITES
from dcsim.study.sites import about_of, builds_of, moment_of, rules_of, simulate_all
from dcsim.writing import write_file

MAIN = "posterior"
TABLES = {
    "posterior": "archetype quantity sites:whole prior_low:number prior_high:number low:number high:number"
    " median_p10:number median_p50:number median_p90:number median_width:number spread_width:number",
    "ridges": "one other correlation:number",
    "sites": "site archetype steps:whole widened:number replications:number draws_without:number",
}
ABOUT: Fields = ABOUT_SITES | {"calibrated": list[str], "effective": Number, "to": str}
WHOLE = "all sites"
RIDGE = 0.5
"""Correlations from which two quantities stand for each other."""
HARDLY = 0.8
"""How wide a posterior is, as a share of its prior, where the dates hardly say anything."""


def calibrate(
    cases: str | Path,
    *,
    template: str | Path | None = None,
    n: int = 1000,
    seed: int = 0,
    as_of: str | dt.date | None = None,
    workers: int | None = None,
    engine: str = AUTO,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Learn the quantities that the rules name under `calibrate` from sites whose dates are known.

    Parameters
    ----------
    cases, template
        As in `backtest`; the rules say `calibrate: [factors.pace, ...]`.
    n, seed, workers, engine, progress
        As in `replicate`, for each site.
    as_of
        A date before which everything is known that is; all dates if not given.

    Raises
    ------
    ScenarioError
        A table, the rules, or the scenario of a site cannot be used.
    RequestError
        Nothing can be calibrated, or a number makes no sense.
    """
    moment = moment_of(as_of)
    if isinstance(moment, str) and moment:
        raise RequestError("a calibration knows what there is at one date: as of which?")
    known = _until(read_cases(Path(cases)), moment) if isinstance(moment, dt.date) else read_cases(Path(cases))
    rules = rules_of(template, known)
    builds = [build for build in builds_of(known, rules, "") if any(step.date is not None for step in build.steps)]
    if not builds or not rules.calibrate:
        what = "no step of any site is dated" if rules.calibrate else "no factor is named, `calibrate: [factors.pace]`"
        raise RequestError(f"nothing to calibrate by '{rules.path}': {what}")
    priors: dict[str, list[Lognormal | None]] = {}
    for build in builds:
        found = priors_of(build.network, rules.calibrate)
        before = priors.setdefault(build.rule.archetype, found)
        priors[build.rule.archetype] = [old or new for old, new in zip(before, found, strict=True)]
    about = about_of(known, rules, builds, moment) | {"seed": seed, "replications": n}
    simulated = simulate_all(builds, n, seed, Working(engine, workers), progress)
    posterior = posterior_of([evidence_of(one, rules.calibrate) for one in simulated], rules.calibrate, seed)
    last = max(step.date for build in builds for step in build.steps if step.date is not None)
    about |= {"calibrated": list(rules.calibrate), "effective": posterior.effective(), "to": last.isoformat()}
    tables = {"posterior": _posterior(posterior, priors), "ridges": _ridges(posterior), "sites": _sites(posterior)}
    return Result("calibration", builds[0].scenario, about, tables)


def _until(cases: Cases, date: dt.date) -> Cases:
    """What was known before a date."""
    sites = (
        replace(site, steps=tuple(step for step in site.steps if step.date is not None and step.date < date))
        for site in cases.sites
    )
    return replace(cases, sites=tuple(sites))


def _posterior(posterior: Posterior, priors: dict[str, list[Lognormal | None]]) -> pd.DataFrame:
    """One row per archetype and quantity: how many sites it has, the range `A to B` of the prior and of a site yet
    unseen, the median of the sites (P10, P50, P90), and how wide the posteriors of the median and of the spread are, as
    shares of their priors."""
    sites = Counter(one.archetype for one in posterior.evidence)
    frequent = {archetype: priors[archetype] for archetype, _ in sites.most_common()}
    weights, rows = posterior.weights(), []
    for archetype in (WHOLE, *sorted(sites)):
        for number, quantity in enumerate(posterior.quantities):
            there = [some[number] for name, some in frequent.items() if archetype in (WHOLE, name)]
            prior = next((one for one in there if one is not None), None)
            if prior is None:
                continue
            means, spreads = posterior.means(archetype)[:, number], posterior.spreads[:, number]
            middle = float(weights @ means)
            between, within = float(weights @ (means - middle) ** 2), float(weights @ spreads**2)
            apart = OFFSET**2 if archetype == WHOLE else 0.0
            half = Z95 * (between + within + apart) ** 0.5
            scores = (middle - half, middle + half, *_quantiles(means, weights))
            values = [float(np.exp(prior.mu + prior.sigma * score)) for score in scores]
            logs = np.log(spreads)
            narrow = (between / (1 + OFFSET**2 * (archetype != WHOLE))) ** 0.5
            spread = float(weights @ (logs - weights @ logs) ** 2) ** 0.5 / SPREAD
            count = len(posterior.evidence) if archetype == WHOLE else sites[archetype]
            rows.append((archetype, quantity, count, float(prior.p05), float(prior.p95), *values, narrow, spread))
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = [
    *("archetype", "quantity", "sites", "prior_low", "prior_high", "low", "high"),
    *("median_p10", "median_p50", "median_p90", "median_width", "spread_width"),
]


def _quantiles(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> list[float]:
    """P10, P50 and P90 of weighted draws."""
    order = np.argsort(values)
    return [float(one) for one in np.interp((0.1, 0.5, 0.9), np.cumsum(weights[order]), values[order])]


def _ridges(posterior: Posterior) -> pd.DataFrame:
    """How medians and spreads go together in the posterior: one, other, correlation."""
    names = [f"{what} of {name}" for what in ("median", "spread") for name in posterior.quantities]
    draws = np.column_stack([posterior.means(), np.log(posterior.spreads)])
    found = np.atleast_2d(np.corrcoef(_weighted(draws, posterior.weights())))
    pairs = [(names[k], names[j], found[k, j]) for k in range(len(names)) for j in range(k)]
    return pd.DataFrame(pairs, columns=["one", "other", "correlation"])


def _weighted(draws: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Draws around their mean, each as far as its weight says: their correlations are the weighted ones."""
    return np.asarray(((draws - weights @ draws) * np.sqrt(weights)[:, None]).T)


def _sites(posterior: Posterior) -> pd.DataFrame:
    """One row per site: archetype, steps, by how much the errors of its dates were widened, how many replications
    count, and how many draws do without the site."""
    rows = [
        (one.site, one.archetype, one.steps, one.widened, one.effective, posterior.effective(one.site))
        for one in posterior.evidence
    ]
    return pd.DataFrame(rows, columns=["site", "archetype", "steps", "widened", "replications", "draws_without"])


# The layer


def write_layers(result: Result, path: Path) -> list[Path]:
    """The calibrated ranges as files that scenarios extend: one for all sites, and beside it one for each archetype."""
    written = []
    for archetype, part in result.tables["posterior"].groupby("archetype", sort=False):
        name = path if archetype == WHOLE else path.with_name(f"{path.stem}-{archetype}{path.suffix}")
        written.append(write_file(name, _layer(result, str(archetype), part)))
    return written


def _layer(result: Result, archetype: str, part: pd.DataFrame) -> str:
    """A layer of a scenario: each quantity with its calibrated range and where it comes from."""
    about, count = result.about, int(part["sites"].iloc[0])
    whole = len(result.tables["sites"])
    of = f"calibrated on {counted(whole, 'site')} to {about['to']}"
    lines = [f"# {archetype}: {of}; write `extends: [TEMPLATE, THIS FILE]`.", "factors:"]
    for row in part.to_dict("records"):
        hardly = "; the dates hardly say anything of its median" if row["median_width"] > HARDLY else ""
        prior = f"prior {row['prior_low']:.4g} to {row['prior_high']:.4g}"
        lines += [
            f"  {row['quantity'].removeprefix('factors.')}:",
            f"    value: {row['low']:.4g} to {row['high']:.4g}",
            "    source: CALIBRATION",
            "    assumption: null",
            f'    note: "{prior}; {counted(count, "site")} of {archetype}{hardly}"',
        ]
    told = f"rules {about['rules'][:12]}, " + ", ".join(f"{name} {sha[:12]}" for name, sha in about["cases"].items())
    lines += ["sources:", "  CALIBRATION:", f"    what: {of}", f"    as_of: {about['to']}", f'    note: "{told}"']
    return "\n".join(lines) + "\n"


# What it has to say

NOTES = (
    "A site yet unseen lies in this range with a probability of 90 %: the spread between sites and what is not known "
    "of their median are both in it. Of an archetype with few sites the range is drawn to that of all sites.",
    "Width: of the posterior, as a share of the prior; near 100 % the dates say nothing.",
)


def report(result: Result, milestone: str = "") -> Report:
    """The calibrated ranges beside their priors, what the dates do not tell apart, and the sites."""
    about, tables = result.about, result.tables
    sites = tables["sites"]
    told = [
        f"Calibrated on {counted(len(sites), 'site')}, {counted(int(sites['steps'].sum()), 'step')}, to {about['to']}.",
        f"{about['effective']:.0f} draws count, {sites['draws_without'].min():.0f} without the site that says most.",
    ]
    ridges = [
        f"{row['one']} and {row['other']} stand for each other: correlation {row['correlation']:.2f}."
        for row in tables["ridges"].to_dict("records")
        if abs(row["correlation"]) >= RIDGE
    ]
    widened = sites[sites["widened"] > 1]
    if len(widened):
        most = widened["widened"].max()
        ridges.append(
            f"The errors of the dates of {counted(len(widened), 'site')} are widened, at most {most:.1f} times, until "
            "enough replications fit."
        )
    sections = [
        Section("", told),
        Section("Quantities", tables=[*_tables(tables["posterior"])], charts=(ranges(result),)),
        Section("", notes=(*ridges, *NOTES)),
    ]
    return Report.of("Calibration", result.subject(), sections)


def _tables(posterior: pd.DataFrame) -> Iterator[Table]:
    """Each quantity in all sites and in each archetype."""
    columns = (
        *(Column("sites"), Column("n", "count"), Column("prior"), Column("calibrated"), Column("median")),
        *(Column("width", "share", digits=0), Column("of spread", "share", digits=0)),
    )
    for quantity, part in posterior.groupby("quantity", sort=False):
        rows = [
            [
                *(row["archetype"], row["sites"], _range(row, "prior_low", "prior_high"), _range(row, "low", "high")),
                *(_range(row, "median_p10", "median_p90"), min(row["median_width"], 0.99)),
                min(row["spread_width"], 0.99),
            ]
            for row in part.to_dict("records")
        ]
        yield Table(columns, rows, str(quantity))


def _range(row: Mapping[Hashable, Any], low: str, high: str) -> str:
    return f"{row[low]:.3g} to {row[high]:.3g}"


def ranges(result: Result) -> Chart:
    """Prior and calibrated range of each quantity, in all sites and in each archetype."""
    table = result.tables["posterior"]
    rows = np.arange(len(table), dtype=np.float64)
    column = {name: table[name].to_numpy(np.float64) for name in _COLUMNS[3:]}
    names = [
        f"{quantity.removeprefix('factors.')}: {archetype}"
        for archetype, quantity in zip(table["archetype"], table["quantity"], strict=True)
    ]
    marks = [
        Bars(name="prior", colour="line", rows=rows.tolist(), start=column["prior_low"], end=column["prior_high"]),
        Dots(name="calibrated", x=column["median_p50"], y=rows, low=column["low"], high=column["high"]),
    ]
    axis = Axis(title="from the 5th to the 95th percentile of sites; the dot is their median")
    return Chart("What real sites say", axis, Axis("rows", names=names), marks)


CHARTS = {"ranges": ranges}
