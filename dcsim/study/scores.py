"""How good forecasts of dates were: scores of a sample of days against the day seen, and intervals of their means.

A day is seen with an error, or only known to come after a bound (censored). Days that do not come are infinite.
"""

import sys
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.util import find_spec
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from dcsim.analysis.frames import typed
from dcsim.errors import UnavailableError

Days = NDArray[np.float64]

OURS = "dcsim"
"""The forecast that the others are compared with."""
EVERY, ORDINARY = "all sites", "ordinary new builds"
"""Groups of sites: all, and those of shell `new` and power `grid`."""
SOON = "within a year of the first operation"
"""Forecasts of sites under way that are made so late; of the censored those whose bound is so near."""
YEAR = 365
DONE, NOT_YET = "operational", "not yet"
"""How a step was seen."""
DATED, WITH_CENSORED = "dated", "with censored"
"""Which steps a score is of: those seen operational, and also those seen not yet operational."""

RESAMPLES = 2000
FEWEST_SITES = 4
"""Below so many sites no interval is given."""


class Seen(NamedTuple):
    """When something was seen, in days from the start of its site."""

    day: float
    """The day; or the bound before which it did not come."""
    error: float
    """Standard deviation of the error of that day."""
    censored: bool = False


def label_error(*halves: float) -> float:
    """The standard deviation of a day whose dates are each good to so many days, anywhere between: uniform errors."""
    return sqrt(sum(half * half for half in halves) / 3)


def crps(days: Days, seen: Seen, latest: float) -> float:
    """The continuous ranked probability score of a sample, in days; lower is better.

    The fair estimate, which does not depend on the size of the sample on average (Ferro, Quarterly Journal of the Royal
    Meteorological Society 140 (2014) 1917), in its form by probability-weighted moments. What does not come counts as
    `latest`, the last day of the simulation. Of what is censored, the squared difference to "not yet" is integrated up
    to the bound: the threshold-weighted score of Gneiting and Ranjan, Journal of Business & Economic Statistics 29
    (2011) 411, which is the score with all days beyond the bound moved to it. The error of the day does not enter.
    """
    crps_ensemble = _library()
    if seen.censored and seen.day <= 0:
        return 0.0
    sample = np.minimum(days, seen.day if seen.censored else max(latest, seen.day))
    if len(sample) < 2:
        return float(abs(sample - seen.day).mean())
    return float(crps_ensemble(seen.day, np.sort(sample)))


def refuse_missing() -> None:
    """Scores need a library that not everybody has; raises UnavailableError where it is not there."""
    if find_spec("scoringrules") is None:
        raise UnavailableError("scores need scoringrules: pip install 'dcsim[forecast]'")


@lru_cache(maxsize=1)
def _library() -> Callable[..., float]:
    """The score of a sample by scoringrules, imported without numba: it would compile itself for seconds each time."""
    modules = {"numba": sys.modules["numba"]} if "numba" in sys.modules else {}
    sys.modules["numba"] = None  # type: ignore[assignment]
    try:
        from scoringrules import crps_ensemble
    finally:
        del sys.modules["numba"]
        sys.modules.update(modules)
    return partial(crps_ensemble, estimator="pwm", sorted_ensemble=True, backend="numpy")


def log_score(days: Days, seen: Seen) -> float:
    """Minus the logarithm of the density per day at the day seen; of what is censored, of the probability to come
    later. Lower is better; nothing if fewer than two days of the sample come.

    The density is that of normal kernels on the logarithm of days, as wide as Silverman says (Density Estimation, 1986,
    section 3.4), and widened by the error of the day.
    """
    logs = np.log(np.maximum(days[np.isfinite(days)], 1))
    if len(logs) < 2 or (seen.censored and seen.day <= 0):
        return 0.0 if seen.censored and seen.day <= 0 else np.nan
    at = max(seen.day, 1.0)
    spreads = np.std(logs, ddof=1), np.subtract(*np.percentile(logs, [75, 25])) / 1.349
    kernel = 0.9 * float(min((spread for spread in spreads if spread > 0), default=0)) * len(logs) ** -0.2
    width = max(sqrt(kernel**2 + (seen.error / at) ** 2), 1 / at)
    away = (logs - log(at)) / width
    if seen.censored:
        later = np.append(special.log_ndtr(away), np.zeros(len(days) - len(logs)))
        return float(log(len(days)) - special.logsumexp(later))
    density = special.logsumexp(-(away**2) / 2) - log(len(days) * width * sqrt(2 * np.pi))
    return float(log(at) - density)


def pit(days: Days, seen: Seen) -> float:
    """The probability that the forecast gave to a day no later than the one seen (probability integral transform).

    The forecast is that of the day as it would be seen, with a normal error of the same standard deviation: then it is
    uniform for a calibrated forecast, however large the errors (Ferro, Quarterly Journal of the Royal Meteorological
    Society 143 (2017) 2665). Of what is censored it is a lower bound.
    """
    if seen.censored and seen.day <= 0:
        return 0.0
    if not seen.error:
        return float(np.mean((days < seen.day) + 0.5 * (days == seen.day)))
    return float(special.ndtr((seen.day - days) / seen.error).mean())


def histogram(low: Days, high: Days, bins: int = 10) -> Days:
    """How many values fall into each of equal bins of 0 to 1; one that is only known to lie between two ends counts in
    each by its share (Czado, Gneiting and Held, Biometrics 65 (2009) 1254)."""
    edges = np.linspace(0, 1, bins + 1)
    wide = np.maximum(high - low, 1e-9)[:, None]
    below = np.clip((edges - np.minimum(low[:, None], 1 - wide)) / wide, 0, 1)
    return np.asarray(np.diff(below, axis=1).sum(axis=0))


class Interval(NamedTuple):
    """A value with its 95 % interval, which is empty where there are too few sites."""

    value: float
    low: float
    high: float


def between_sites(statistic: Callable[..., Days], *sums: Days, seed: int = 0) -> Interval:
    """A statistic of sums over sites, with its interval by drawing sites anew with all their steps.

    The bias-corrected and accelerated bootstrap (Efron, Journal of the American Statistical Association 82 (1987) 171).
    """
    with np.errstate(all="ignore"):
        value = float(statistic(*sums, axis=-1))
    if len(sums[0]) < FEWEST_SITES or not np.isfinite(value):
        return Interval(value, np.nan, np.nan)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # where all sites are alike there is no interval
        options: dict[str, Any] = {"paired": True, "vectorized": True, "n_resamples": RESAMPLES, "method": "BCa"}
        ends = stats.bootstrap(sums, statistic, rng=np.random.default_rng(seed), **options).confidence_interval
    return Interval(value, float(ends.low), float(ends.high))


def skill(dcsim_scores: Days, reference_scores: Days, axis: int) -> Days:
    """By which share the mean score is lower than that of others, from sums over sites."""
    return np.asarray(1 - dcsim_scores.sum(axis) / reference_scores.sum(axis))


def gap(dcsim_scores: Days, reference_scores: Days, steps: Days, axis: int) -> Days:
    """By how much the mean score is higher than that of others, from sums over sites and how many steps each has."""
    return np.asarray((dcsim_scores - reference_scores).sum(axis) / steps.sum(axis))


def rank_correlation(forecast: Days, seen: Days) -> float:
    """Spearman's: 1 where the later forecast always came later; nothing where there are too few or all are alike."""
    if len(seen) < 3 or np.ptp(forecast[np.isfinite(forecast)]) == 0 or np.ptp(seen) == 0:
        return np.nan
    return float(stats.spearmanr(forecast, seen).statistic)


# Tables of scores

SCORES = (
    "group forecast sites:number steps:number censored:number crps:number crps_all:number coverage:number"
    " coverage_error:number width:number error:number log_score:number log_score_all:number rank:number"
)
SKILL = (
    "group against counted sites:number steps:number ours:number theirs:number skill:number skill_low:number"
    " skill_high:number difference:number difference_low:number difference_high:number"
)


def groups(steps: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The steps of all sites, of ordinary new builds, of forecasts that are made late, and of each archetype."""
    ordinary = steps[(steps["shell"] == "new") & (steps["power"] == "grid")]
    parts = {EVERY: steps} | ({ORDINARY: ordinary} if 0 < len(ordinary) < len(steps) else {})
    soon = steps[(steps["first"] == 1) & (steps["day"] - steps["elapsed"] <= YEAR) & (steps["elapsed"] > 0)]
    parts |= {SOON: soon} if len(soon) else {}
    archetypes = {str(name): part for name, part in steps.groupby("archetype", sort=True)}
    return parts | (archetypes if len(archetypes) > 1 else {})


def score_table(steps: pd.DataFrame) -> pd.DataFrame:
    """One row per group and forecast: how many sites and steps, and means over the steps.

    `crps` and `log_score` are of dated steps, `crps_all` and `log_score_all` with the censored; `coverage` is the share
    inside P10-P90, `coverage_error` the same of forecasts of the day as it is seen, with its error; `width` is that of
    P10-P90 in days; `error` the median of the absolute error of P50; `rank` the rank correlation between P50 and the
    day of the first steps.
    """
    scored = steps[steps["seen"] != ""]
    rows = [
        {"group": group, "forecast": name, **_means(part)}
        for group, subset in groups(scored).items()
        for name, part in subset.groupby("forecast", sort=False)
    ]
    return typed(rows, SCORES)


def _means(part: pd.DataFrame) -> dict[str, float]:
    dated = part[part["seen"] == DONE]
    first = dated[dated["first"] == 1]
    return {
        "sites": dated["site"].nunique(),
        "steps": len(dated),
        "censored": len(part) - len(dated),
        "crps": dated["crps"].mean(),
        "crps_all": part["crps"].mean(),
        "coverage": dated["inside"].mean(),
        "coverage_error": dated["pit"].between(0.1, 0.9).mean() if len(dated) else np.nan,
        "width": (dated["p90"] - dated["p10"]).mean(),
        "error": dated["error"].abs().median(),
        "log_score": dated["log_score"].mean(),
        "log_score_all": part["log_score"].mean(),
        "rank": rank_correlation(first["p50"].to_numpy(np.float64), first["day"].to_numpy(np.float64)),
    }


def skill_table(steps: pd.DataFrame) -> pd.DataFrame:
    """One row per group, other forecast and choice of steps (dated, with censored): sites, steps, our and their mean
    CRPS over the steps that both forecast, skill (1 - ours / theirs) and difference in days with 95 % intervals."""
    key, rows = ["site", "buildings", "seen", "elapsed"], []
    for group, subset in groups(steps[steps["seen"] != ""]).items():
        dcsim_scores = subset[subset["forecast"] == OURS].set_index(key)["crps"].rename("ours")
        for name, part in subset[subset["forecast"] != OURS].groupby("forecast", sort=False):
            pairs = part.set_index(key)["crps"].rename("theirs").to_frame().join(dcsim_scores).reset_index()
            for chosen, counted in ((DATED, pairs[pairs["seen"] == DONE]), (WITH_CENSORED, pairs)):
                if len(counted):
                    rows.append((group, str(name), chosen, *_paired(counted)))
    return typed(rows, SKILL)


def _paired(pairs: pd.DataFrame) -> tuple[float, ...]:
    by = pairs.groupby("site", sort=True)
    sums = by[["ours", "theirs"]].sum()
    dcsim_scores, reference_scores = (sums[name].to_numpy(np.float64) for name in ("ours", "theirs"))
    steps = np.asarray(by.size(), np.float64)
    return (
        *(float(len(sums)), float(len(pairs)), pairs["ours"].mean(), pairs["theirs"].mean()),
        *between_sites(skill, dcsim_scores, reference_scores),
        *between_sites(gap, dcsim_scores, reference_scores, steps),
    )
