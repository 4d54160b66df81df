"""What real sites say about a few quantities of the templates: posteriors beside priors, and a layer to extend."""

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.frames import typed
from dcsim.distributions import Z95
from dcsim.document.chart import Axis, Bars, Chart, Dots
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import counted, listed
from dcsim.engine import AUTO
from dcsim.errors import RequestError
from dcsim.scenario.cases import Cases, read_cases
from dcsim.scenario.rules import PLACED, PROBABILITY
from dcsim.study.backtest_words import assumed
from dcsim.study.fitting import fit
from dcsim.study.manifest import Fields, Number
from dcsim.study.posterior import OFFSET, SPREAD, WHOLE, Evidence, Posterior, evidence_of, posterior_of, quantiles, sd
from dcsim.study.quantities import Drawn, drawn_of
from dcsim.study.replicate import Working
from dcsim.study.result import Result
from dcsim.study.sites import ABOUT as ABOUT_SITES
from dcsim.study.sites import Build, Simulating, about_of, builds_of, moment_of, rules_of
from dcsim.writing import write_file

MAIN = "posterior"
TABLES = {
    "posterior": "group quantity sites:whole prior_low:number prior_high:number low:number high:number"
    " median_p10:number median_p50:number median_p90:number median_width:number spread_width:number",
    "layers": "group quantity path value low:number high:number",
    "ridges": "one other correlation:number",
    "sites": "site archetype steps:whole widened:number replications:number draws_without:number",
}
ABOUT: Fields = ABOUT_SITES | {"calibrated": list[str], "effective": Number, "to": str}
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
    executor: Executor | None = None,
    engine: str = AUTO,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Estimate uncertain values from observed dates: for real sites the quantities under `calibrate` in the rules; for
    one scenario its `fitted` values.

    Parameters
    ----------
    cases, template
        As in `backtest`; the rules say `calibrate: [factors.pace, ...]`. Or, without a template, a scenario with
        `fitted` values and observed dates.
    n, seed, workers, executor, engine, progress
        As in `replicate`, for each site.
    as_of
        Only what was known before this date is used; all dates if not given.

    Raises
    ------
    ScenarioError
        A table, the rules, or the scenario of a site cannot be used.
    RequestError
        Nothing can be calibrated, or a number makes no sense.
    """
    working = Working(engine, workers, executor)
    if Path(cases).is_file():
        if template is not None or as_of is not None:
            raise RequestError(f"'{cases}' is one scenario, with its own observed dates: no --template, no --as-of")
        return fit(Path(cases), n, seed, working, progress)
    moment = moment_of(as_of)
    if isinstance(moment, str) and moment:
        raise RequestError("a calibration uses what was known at a single date: give --as-of a date, not `rolling`")
    known = _until(read_cases(Path(cases)), moment) if isinstance(moment, dt.date) else read_cases(Path(cases))
    rules = rules_of(template, known)
    made, lost = builds_of(known, rules, "")
    builds = [build for build in made if any(step.date is not None for step in build.steps)]
    if not builds or not rules.calibrate:
        reason = (
            "no step of any site is dated" if rules.calibrate else "no factor is named, `calibrate: [factors.pace]`"
        )
        raise RequestError(f"nothing to calibrate by '{rules.path}': {reason}")
    for build in builds:
        drawn_of(build.network, rules.calibrate)  # refused before anything runs
    about = about_of(known, rules, builds, lost, moment) | {"seed": seed, "replications": n}
    simulated = Simulating.of(builds, n, seed, working, progress).sites(builds, n)
    posterior = posterior_of([evidence_of(site, rules, seed) for site in simulated], rules.calibrate, seed)
    last = max(step.date for build in builds for step in build.steps if step.date is not None)
    names = [quantity.quantity for quantity in rules.calibrate]
    about |= {"calibrated": names, "effective": posterior.effective(), "to": last.isoformat()}
    groups = list(_groups(posterior))
    tables = {"posterior": typed([group.row() for group in groups], TABLES["posterior"])}
    tables["layers"] = typed([row for group in groups for row in group.settings()], TABLES["layers"])
    tables |= {"ridges": _ridges(posterior), "sites": _sites(posterior, builds)}
    return Result("calibration", builds[0].scenario, about, tables)


def _until(cases: Cases, date: dt.date) -> Cases:
    """What was known before a date."""
    sites = (
        replace(site, steps=tuple(step for step in site.steps if step.date is not None and step.date < date))
        for site in cases.sites
    )
    return replace(cases, sites=tuple(sites))


@dataclass(frozen=True, eq=False)
class _Group:
    """What is known of a quantity in a group of sites, or in all."""

    posterior: Posterior
    number: int
    name: str
    sites: tuple[Evidence, ...]

    @cached_property
    def weights(self) -> np.ndarray[Any, Any]:
        """How much each draw counts."""
        return self.posterior.weights()

    @property
    def drawn(self) -> list[Drawn]:
        """What the first site of the group draws of the quantity."""
        return [value for value in self.sites[0].drawn if value.quantity == self.number]

    @property
    def means(self) -> np.ndarray[Any, Any]:
        """The mean score, by draw."""
        groups = [""] * len(self.posterior.quantities)
        groups[self.number] = self.name
        return self.posterior.means(groups)[:, self.number]

    @property
    def half(self) -> float:
        """Half the width of the range in which the score of a site yet unseen lies in nine of ten cases: it holds the
        spread between sites, and what is not known of their median."""
        has_spread = self.drawn[0].prior is not None
        within = self.posterior.spreads[:, self.number] ** 2 * has_spread
        apart = OFFSET**2 if self.name == WHOLE and self.number in {k for _, k in self.posterior.room.offsets} else 0.0
        return float(Z95 * (sd(self.means, self.weights) ** 2 + self.weights @ within + apart) ** 0.5)

    def row(self) -> tuple[Any, ...]:
        """One row: how many sites, the range `A to B` of the prior and of a site yet unseen, the median of the sites
        (P10, P50, P90), and how wide the posteriors of the median and of the spread are, as shares of their priors.

        Dates are given as days after those of the template.
        """
        means, first, room = self.means, self.drawn[0], self.posterior.room
        middle = float(self.weights @ means)
        ends = (-Z95, Z95, middle - self.half, middle + self.half)
        scores = np.array([*ends, *quantiles(means, self.weights, 0.1, 0.5, 0.9)])
        values = first.value(scores) - (first.value(np.zeros(1)) if first.is_date else 0)
        narrow = sd(means, self.weights) / (1 + OFFSET**2 * ((self.name, self.number) in room.offsets)) ** 0.5
        spread = sd(room.logs(self.posterior.draws)[:, self.number], self.weights) / SPREAD
        spread = spread if first.prior is not None else np.nan
        name = self.posterior.quantities[self.number].quantity
        return (self.name, name, len(self.sites), *(float(value) for value in values), narrow, spread)

    def settings(self) -> Iterator[tuple[str, str, str, str, float, float]]:
        """One row for each value that a layer sets: path, value as a scenario writes it, and its ends. What differs
        between the templates of the sites is not set."""
        middle, name = float(self.weights @ self.means), self.posterior.quantities[self.number].quantity
        for drawn in (drawn for drawn in self.drawn if all(drawn in site.drawn for site in self.sites)):
            low, high = (float(end) for end in drawn.value(np.array([middle - self.half, middle + self.half])))
            if drawn.is_date:  # a range of dates is even: nine tenths of it lie between these two
                beyond = (high - low) / 18
                low, high = low - beyond, high + beyond
                ends = (f"start {'-' if end < 0 else '+'} {abs(end):.0f} d" for end in (low, high))
                value = f'"= {" to ".join(ends)}"'
            elif drawn.prior is None:
                outer = np.array(quantiles(self.means, self.weights, 0.05, 0.95))
                low, high = (float(end) for end in drawn.value(outer))
                value = f"{float(self.weights @ drawn.value(self.means)):.3g}"
            else:
                value = f"{low:.4g} to {high:.4g}"
            yield self.name, name, name if drawn.prior is None else drawn.name, value, low, high


def _groups(posterior: Posterior) -> Iterator[_Group]:
    """All sites, and each group, of every quantity."""
    for number in range(len(posterior.quantities)):
        evidence = [site for site in posterior.evidence if any(drawn.quantity == number for drawn in site.drawn)]
        for name in (WHOLE, *sorted({site.groups[number] for site in evidence} - {WHOLE})):
            sites = tuple(site for site in evidence if name in (WHOLE, site.groups[number]))
            if sites:
                yield _Group(posterior, number, name, sites)


def _ridges(posterior: Posterior) -> pd.DataFrame:
    """How medians and spreads go together in the posterior: one, other, correlation."""
    room, names = posterior.room, [quantity.quantity for quantity in posterior.quantities]
    labels = [f"median of {name}" for name in names] + [f"spread of {names[number]}" for number in room.spreads]
    draws, weights = posterior.draws[:, : len(labels)], posterior.weights()
    correlations = np.atleast_2d(np.corrcoef(((draws - weights @ draws) * np.sqrt(weights)[:, None]).T))
    pairs = [(labels[k], labels[j], correlations[k, j]) for k in range(len(labels)) for j in range(k)]
    return typed(pairs, TABLES["ridges"])


def _sites(posterior: Posterior, builds: Sequence[Build]) -> pd.DataFrame:
    """One row per site: archetype, steps, by how much the errors of its dates were widened, how many replications
    count, and how many draws do without the site."""
    rows = [
        (site.site, build.rule.archetype, site.steps, site.widened, site.effective, posterior.effective(site.site))
        for site, build in zip(posterior.evidence, builds, strict=True)
    ]
    return typed(rows, TABLES["sites"])


# The layer


def write_layers(result: Result, path: Path) -> list[Path]:
    """The calibrated values as files that scenarios extend: one for all sites, and beside it one for each group."""
    written = []
    for group, part in result.tables["layers"].groupby("group", sort=False):
        of = str(group).replace(" ", "-")
        name = path if group == WHOLE else path.with_name(f"{path.stem}-{of}{path.suffix}")
        written.append(write_file(name, _layer(result, str(group), part)))
    return written


def _layer(result: Result, group: str, part: pd.DataFrame) -> str:
    """A layer of a scenario: each quantity with its calibrated value and where it comes from."""
    about, of = result.about, f"calibrated on {counted(len(result.tables['sites']), 'site')} to {result.about['to']}"
    rows = result.tables["posterior"].query("group == @group").set_index("quantity")
    tree: dict[str, Any] = {}
    for leaf in part.to_dict("records"):
        row, inside = rows.loc[leaf["quantity"]], tree
        for key in leaf["path"].split("."):
            inside = inside.setdefault(key, {})
        hardly = "; the dates hardly say anything of its median" if row["median_width"] > HARDLY else ""
        what = "days later" if leaf["path"].endswith(PLACED) else ""
        prior = f"prior {row['prior_low']:.4g} to {row['prior_high']:.4g} {what}".strip()
        note = f'"{prior}; {counted(int(row["sites"]), "site")} of {group}{hardly}"'
        if leaf["path"].endswith(PROBABILITY):
            inside |= {"low": f"{leaf['low']:.3g}", "high": f"{leaf['high']:.3g}"}
        inside |= {"value": leaf["value"], "source": "CALIBRATION", "assumption": "null", "note": note}
    hashes = f"rules {about['rules'][:12]}, " + ", ".join(f"{name} {sha[:12]}" for name, sha in about["cases"].items())
    tree["sources"] = {"CALIBRATION": {"what": of, "as_of": about["to"], "note": f'"{hashes}"'}}
    return "\n".join([f"# {group}: {of}; write `extends: [TEMPLATE, THIS FILE]`.", *_lines(tree)]) + "\n"


def _lines(tree: Mapping[str, Any], deep: int = 0) -> Iterator[str]:
    """A mapping as lines of YAML."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield f"{'  ' * deep}{key}:"
            yield from _lines(value, deep + 1)
        else:
            yield f"{'  ' * deep}{key}: {value}"


# What it has to say

NOTES = (
    "A site yet unseen lies in this range with a probability of 90 %: the spread between sites and what is not known "
    "of their median are both in it. Of a group with few sites the range is drawn to that of all sites. Dates of "
    "orders are days after those of the template; a probability has no spread between sites.",
    "Width: of the posterior, as a share of the prior; near 100 % the dates say nothing.",
)


def report(result: Result, milestone: str = "") -> Report:
    """The calibrated ranges beside their priors, what the dates do not tell apart, and the sites."""
    about, tables = result.about, result.tables
    sites = tables["sites"]
    sentences = [
        f"Calibrated on {counted(len(sites), 'site')}, {counted(int(sites['steps'].sum()), 'step')}, to {about['to']}.",
        f"{about['effective']:.0f} draws count, {sites['draws_without'].min():.0f} without the site that says most.",
    ]
    ridges = [
        f"{row['one']} and {row['other']} stand for each other: correlation {row['correlation']:.2f}."
        for row in tables["ridges"].to_dict("records")
        if abs(row["correlation"]) >= RIDGE
    ]
    posterior = tables["posterior"][tables["posterior"]["group"] == WHOLE]
    vague = list(posterior["quantity"][posterior["median_width"] > HARDLY])
    if vague:
        ridges.insert(0, f"The dates hardly say anything of the median of {listed(vague)}.")
    widened = sites[sites["widened"] > 1]
    if len(widened):
        most = widened["widened"].max()
        ridges.append(
            f"The errors of the dates of {counted(len(widened), 'site')} are widened, at most {most:.1f} times, until "
            "enough replications fit."
        )
    sections = [
        Section("", sentences),
        Section("Quantities", tables=[*_tables(tables["posterior"])], charts=(ranges(result),)),
        assumed(result),
        Section("", notes=(*ridges, *NOTES)),
    ]
    return Report.of("Calibration", result.subject(), sections)


def _tables(posterior: pd.DataFrame) -> Iterator[Table]:
    """Each quantity in all sites and in each group."""
    columns = (
        *(Column("sites"), Column("n", "count"), Column("prior"), Column("calibrated"), Column("median")),
        *(Column("width", "share", digits=0), Column("of spread", "share", digits=0)),
    )
    for quantity, part in posterior.groupby("quantity", sort=False):
        rows = [
            [
                *(row["group"], row["sites"], _range(row, "prior_low", "prior_high"), _range(row, "low", "high")),
                *(_range(row, "median_p10", "median_p90"), min(row["median_width"], 0.99)),
                None if np.isnan(row["spread_width"]) else min(row["spread_width"], 0.99),
            ]
            for row in part.to_dict("records")
        ]
        yield Table(columns, rows, str(quantity))


def _range(row: Mapping[Hashable, Any], low: str, high: str) -> str:
    return f"{row[low]:.3g} to {row[high]:.3g}"


def ranges(result: Result) -> Chart:
    """Prior and calibrated range of each quantity, in all sites and in each group."""
    table = result.tables["posterior"]
    rows = np.arange(len(table), dtype=np.float64)
    column = {name: table[name].to_numpy(np.float64) for name in table.columns[3:]}
    names = [f"{row['quantity'].removeprefix('factors.')}: {row['group']}" for row in table.to_dict("records")]
    marks = [
        Bars(name="prior", colour="line", rows=rows.tolist(), start=column["prior_low"], end=column["prior_high"]),
        Dots(name="calibrated", x=column["median_p50"], y=rows, low=column["low"], high=column["high"]),
    ]
    axis = Axis(title="from the 5th to the 95th percentile of sites; the dot is their median")
    return Chart("What real sites say", axis, Axis("rows", names=names), marks)


CHARTS = {"ranges": ranges}
