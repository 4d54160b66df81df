"""How good forecasts of real sites would have been: scores of every dated step, beside those of past builds."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.quantiles import quantile
from dcsim.engine import AUTO
from dcsim.errors import RequestError
from dcsim.scenario.cases import Step, read_cases
from dcsim.scenario.rules import Rules
from dcsim.study.backtest_words import AT_START, CHARTS, LEVELS, report
from dcsim.study.manifest import Fields
from dcsim.study.past import Forecast, Moment, Past, is_first, past_of, references
from dcsim.study.posterior import Posterior, evidence_of, posterior_of
from dcsim.study.quantities import drawn_of
from dcsim.study.replicate import Progress, Working
from dcsim.study.result import Result
from dcsim.study.scores import (
    DONE,
    NOT_YET,
    OURS,
    SCORES,
    SKILL,
    Days,
    Seen,
    crps,
    log_score,
    pit,
    refuse_missing,
    score_table,
    skill_table,
)
from dcsim.study.seen import ENOUGH
from dcsim.study.sites import ABOUT as ABOUT_SITES
from dcsim.study.sites import Build, Simulated, Simulating, about_of, at_random, builds_of, moment_of, rules_of, seen_of
from dcsim.study.trials import Designed
from dcsim.study.underway import POOL, Made, agreeing, made_of, open_steps, pools_of
from dcsim.units import DAY

MAIN = "steps"
TABLES = {
    "steps": "site archetype shell power buildings:whole first:number forecast made:time elapsed:number widened:number"
    " seen date:time members:whole stands_in:number never:number p10:number p50:number p90:number day:number"
    " day_error:number error:number inside:number pit:number crps:number log_score:number",
    "scores": SCORES,
    "skill": SKILL,
    "outcomes": "site buildings:whole replication:whole day:number",
}
ABOUT: Fields = {**ABOUT_SITES, "under_way": (bool, False)}
__all__ = ["ABOUT", "CHARTS", "MAIN", "TABLES", "backtest", "report"]

PRIOR = "template alone"
"""The forecast that was not calibrated."""


def backtest(
    cases: str | Path,
    *,
    template: str | Path | None = None,
    n: int = 500,
    seed: int = 0,
    as_of: str | dt.date | None = None,
    leave_one_out: bool = False,
    under_way: bool = False,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = AUTO,
    progress: Progress = lambda done, count: None,
) -> Result:
    """Forecast real sites from what was known at their start, and score the forecasts against the dates seen.

    Parameters
    ----------
    cases
        A folder with `sites.csv`, `site_steps.csv` where dates are known, and `site_stages.csv` where stages were seen.
    template
        A YAML file of rules: which scenario stands for which site, and which of its values the table sets. A milestone
        `operational` counts finishes at each building. The archetypes that come with dcsim if not given.
    n, seed, workers, executor, engine, progress
        As in `replicate`, for each site.
    as_of
        What past builds are known: all other sites if not given; `rolling`: what was operational before the forecast is
        made; a date: what was operational before it, and only sites that start later are forecast.
    leave_one_out
        Calibrate the quantities that the rules name, for each site on all others; the template alone is scored too.
    under_way
        Forecast again at every later date on which a stage of a site was seen, from all that was seen by then.

    Raises
    ------
    ScenarioError
        A table, the rules, or the scenario of a site cannot be used.
    RequestError
        No site is left to forecast, or a number makes no sense.
    UnavailableError
        Steps are to be scored, and scoringrules is not installed.
    """
    known, moment = read_cases(Path(cases)), moment_of(as_of)
    if known.dated:
        refuse_missing()
    rules, working = rules_of(template, known), Working(engine, workers, executor)
    builds, lost = builds_of(known, rules, moment)
    _refuse_odd(builds, rules, moment, leave_one_out, under_way)
    about = about_of(known, rules, builds, lost, moment) | {"seed": seed, "replications": n, "under_way": under_way}
    simulating = Simulating.of(builds, n, seed, working, progress)
    simulated = priors = simulating.sites(builds, n)
    designed: Callable[[str], Designed] = at_random
    if leave_one_out:
        posterior = posterior_of([evidence_of(site, rules, seed) for site in priors], rules.calibrate, seed)
        about |= _calibration(posterior)
        designed = partial(posterior.of, count=POOL * n)
        simulated = simulating.sites(builds, n, designed)
    past, enough = [event for site in known.sites for event in past_of(rules.settled(site)[0])], min(ENOUGH, n)
    if under_way:
        pools = pools_of(simulated, simulating, designed, enough)
        rows = chain.from_iterable(_under_way(pool, enough, past, moment) for pool in pools)
    else:
        pairs = zip(simulated, priors if leave_one_out else (None,) * len(priors), strict=True)
        rows = chain.from_iterable(_at_start(site, prior, past, moment) for site, prior in pairs)
    steps = pd.DataFrame(rows)
    tables = {"steps": steps, "scores": score_table(steps), "skill": skill_table(steps)}
    tables["outcomes"] = pd.concat([_outcomes(site) for site in priors], ignore_index=True)
    return Result("backtest", builds[0].scenario, about, tables)


def _refuse_odd(builds: Sequence[Build], rules: Rules, moment: Moment, leave_one_out: bool, under_way: bool) -> None:
    """What cannot be asked is refused before anything runs."""
    if leave_one_out and moment:
        raise RequestError("--leave-one-out uses all other sites: leave out --as-of")
    if leave_one_out and not rules.calibrate:
        raise RequestError(f"nothing to calibrate: name factors in '{rules.path}', such as `calibrate: [factors.pace]`")
    for build in builds if leave_one_out else ():
        drawn_of(build.network, rules.calibrate)
    if under_way and not any(made_of(build) for build in builds):
        raise RequestError("no stage of an unfinished site was seen after its start: --under-way needs site_stages.csv")


def _calibration(posterior: Posterior) -> dict[str, Any]:
    """What the manifest says of a calibration."""
    effective = min(posterior.effective(site.site) for site in posterior.evidence)
    return {"calibrated": [learned.quantity for learned in posterior.quantities], "effective": effective}


def _at_start(
    site: Simulated, prior: Simulated | None, past: Sequence[Past], moment: Moment
) -> Iterator[dict[str, Any]]:
    """Every step of a site, forecast from its start; beside it by the prior, if the forecast is calibrated."""
    build, made = site.build, Made.at_start(site.build)
    for step in build.steps:
        own = [Forecast(OURS, site.days[step.buildings])]
        own += [Forecast(PRIOR, prior.days[step.buildings])] if prior is not None else []
        for forecast in (*own, *references(build.site, step, past, moment)):
            yield _row(build, step, forecast, made)


def _under_way(site: Simulated, enough: int, past: Sequence[Past], moment: Moment) -> Iterator[dict[str, Any]]:
    """Every open step of a site, forecast at each date on which something of the site was seen."""
    build = site.build
    for date in made_of(build):
        right, made = agreeing(site, date, enough)
        for step in open_steps(build, date):
            days = site.days[step.buildings]
            own = Forecast(OURS, np.maximum(days[right], made.elapsed)), Forecast(AT_START, days)
            for forecast in (*own, *references(build.site, step, past, moment, made.elapsed)):
                yield _row(build, step, forecast, made)


def _outcomes(simulated: Simulated) -> pd.DataFrame:
    """Every replication of a site, as the template has it: site, buildings, replication, day."""
    parts = [
        pd.DataFrame({"buildings": count, "replication": np.arange(len(days)), "day": days})
        for count, days in simulated.days.items()
    ]
    outcomes = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return outcomes.assign(site=simulated.build.site.name)


def _row(build: Build, step: Step, forecast: Forecast, made: Made) -> dict[str, Any]:
    """One forecast of one step, and its scores where the step was seen."""
    sample, site = forecast.days, build.site
    row: dict[str, Any] = {
        "site": site.name,
        "archetype": build.rule.archetype,
        "shell": site.shell,
        "power": site.cells.get("power", ""),
        "buildings": step.buildings,
        "first": float(is_first(site, step)),
        "forecast": forecast.name,
        "made": pd.Timestamp(made.date),
        "elapsed": made.elapsed,
        "widened": made.widened,
        "seen": "" if step.date is None else DONE if step.operational else NOT_YET,
        "date": pd.NaT if step.date is None else pd.Timestamp(step.date),
        "members": len(sample),
        "stands_in": float(forecast.stands_in),
        "never": float(np.mean(np.isinf(sample))),
        **{f"p{level}": quantile(sample, level / 100) for level in LEVELS},
    }
    if step.date is None:
        return row | dict.fromkeys(SCORED, np.nan)
    return row | _scored(seen_of(site, step), sample, build.network.horizon / DAY)


SCORED = ("day", "day_error", "error", "inside", "pit", "crps", "log_score")


def _scored(seen: Seen, sample: Days, latest: float) -> dict[str, float]:
    """What stands in these columns: of what is censored neither an error of P50 nor whether it is inside."""
    low, median, high = (quantile(sample, level / 100) for level in LEVELS)
    inside = np.nan if seen.censored else float(low <= seen.day <= high)
    error = np.nan if seen.censored else median - seen.day
    scores = pit(sample, seen), crps(sample, seen, latest), log_score(sample, seen)
    return dict(zip(SCORED, (seen.day, seen.error, error, inside, *scores), strict=True))
