"""How good forecasts of real sites would have been: scores of every dated step, beside those of past builds."""

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping
from math import inf, isfinite, isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.quantiles import quantile
from dcsim.document.chart import Axis, Bars, Chart, Columns, Dots, Line, Symbol
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import UNKNOWN, counted, day, days, listed, share
from dcsim.engine import AUTO
from dcsim.errors import RequestError
from dcsim.scenario.cases import Step, read_cases
from dcsim.study.manifest import Fields
from dcsim.study.past import ALL, ANNOUNCED, CLASS, Forecast, is_first, past_of, references
from dcsim.study.posterior import left_out, priors_of
from dcsim.study.replicate import Working
from dcsim.study.result import Result
from dcsim.study.scores import (
    DATED,
    DONE,
    EVERY,
    NOT_YET,
    OURS,
    WITH_CENSORED,
    Days,
    Seen,
    crps,
    histogram,
    log_score,
    pit,
    refuse_missing,
    score_table,
    skill_table,
)
from dcsim.study.sites import ABOUT as ABOUT_SITES
from dcsim.study.sites import Simulated, about_of, builds_of, moment_of, rules_of, seen_of, simulate_all
from dcsim.units import DAY

MAIN = "steps"
TABLES = {
    "steps": "site archetype shell power buildings:whole first:number forecast seen date:time members:whole"
    " stands_in:number never:number p10:number p50:number p90:number day:number day_error:number error:number"
    " inside:number pit:number crps:number log_score:number",
    "scores": "group forecast sites:number steps:number censored:number crps:number crps_all:number coverage:number"
    " coverage_error:number width:number error:number log_score:number log_score_all:number rank:number",
    "skill": "group against counted sites:number steps:number ours:number theirs:number skill:number"
    " skill_low:number skill_high:number difference:number difference_low:number difference_high:number",
    "outcomes": "site buildings:whole replication:whole day:number",
}
ABOUT: Fields = ABOUT_SITES
LEVELS = (10, 50, 90)
PRIOR = "template alone"
"""The forecast that was not calibrated."""
BINS = 10
"""Columns of the histogram of probabilities."""


def backtest(
    cases: str | Path,
    *,
    template: str | Path | None = None,
    n: int = 500,
    seed: int = 0,
    as_of: str | dt.date | None = None,
    leave_one_out: bool = False,
    workers: int | None = None,
    engine: str = AUTO,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Result:
    """Forecast real sites from what was known at their start, and score the forecasts against the dates seen.

    Parameters
    ----------
    cases
        A folder with `sites.csv`, and `site_steps.csv` where dates are known. Sites without `started` are left out.
    template
        A YAML file of rules: for which sites which scenario stands, and which of its values are set from the table. The
        milestone `operational` of these scenarios counts finishes of an activity at each building. The archetypes
        that come with dcsim if not given.
    n, seed, workers, engine, progress
        As in `replicate`, for each site.
    as_of
        What past builds are known: all other sites if not given; `rolling`: what was operational before the start of
        the site; a date: what was operational before it, and only sites that start later are forecast.
    leave_one_out
        Calibrate the quantities that the rules name, for each site on all others; the template alone stands beside.

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
    if leave_one_out and moment:
        raise RequestError("to leave one site out is to know all others: ask for it without --as-of")
    if known.dated:
        refuse_missing()
    rules = rules_of(template, known)
    if leave_one_out and not rules.calibrate:
        raise RequestError(f"nothing to calibrate: name factors in '{rules.path}', such as `calibrate: [factors.pace]`")
    builds = list(builds_of(known, rules, moment))  # refused before anything runs
    for build in builds if leave_one_out else ():
        priors_of(build.network, rules.calibrate)
    about = about_of(known, rules, builds, moment) | {"seed": seed, "replications": n}
    simulated = simulate_all(builds, n, seed, Working(engine, workers), progress)
    chosen, effective = left_out(simulated, rules.calibrate, seed) if leave_one_out else ({}, inf)
    about |= {"calibrated": list(rules.calibrate), "effective": effective} if leave_one_out else {}
    past = [one for site in known.sites for one in past_of(site)]
    steps = pd.DataFrame(
        _row(one, step, forecast)
        for one in simulated
        for step in one.build.steps
        for forecast in (
            *_own(one, step, chosen.get(one.build.site.name)),
            *references(one.build.site, step, past, moment),
        )
    )
    tables = {"steps": steps, "scores": score_table(steps), "skill": skill_table(steps)}
    tables["outcomes"] = pd.concat([_outcomes(one) for one in simulated], ignore_index=True)
    return Result("backtest", builds[0].scenario, about, tables)


def _own(simulated: Simulated, step: Step, chosen: NDArray[np.int64] | None) -> Iterator[Forecast]:
    """The forecast of a step: its replications, or those that were chosen, and then all of them as well."""
    days = simulated.days[step.buildings]
    yield Forecast(OURS, days if chosen is None else days[chosen])
    if chosen is not None:
        yield Forecast(PRIOR, days)


def _outcomes(simulated: Simulated) -> pd.DataFrame:
    """Every replication of a site, as the template has it: site, buildings, replication, day."""
    parts = [
        pd.DataFrame({"buildings": count, "replication": np.arange(len(days)), "day": days})
        for count, days in simulated.days.items()
    ]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return found.assign(site=simulated.build.site.name)


def _row(simulated: Simulated, step: Step, forecast: Forecast) -> dict[str, Any]:
    """One forecast of one step, and its scores where the step was seen."""
    build, sample = simulated.build, forecast.days
    site = build.site
    row: dict[str, Any] = {
        "site": site.name,
        "archetype": build.rule.archetype,
        "shell": site.shell,
        "power": site.cells.get("power", ""),
        "buildings": step.buildings,
        "first": float(is_first(site, step)),
        "forecast": forecast.name,
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


# What it has to say

MOST_ROWS = 80
"""Rows of a chart."""
NOTES = (
    "CRPS: the mean distance of the forecast to the day seen, less what its spread explains; in days, lower is better. "
    "95 % intervals by drawing sites anew, each with all its steps.",
    f"{CLASS}: past builds with the same shell, without the site itself; the first step of a site beside first steps, "
    f"later ones beside later ones. {ALL}: the same of every shell. {ANNOUNCED}: the promised date.",
    "PIT: the probability that the forecast gave to an earlier day; the error of the day is part of the forecast. "
    "A step seen not yet operational is scored up to the bound (>), its date less its error.",
    "rank: correlation between P50 and the first steps of the sites.",
)


def report(result: Result, milestone: str = "") -> Report:
    """The scores beside those of past builds, by archetype, and every step."""
    sections = [Section("", _verdict(result), notes=_left_out(result))]
    if len(result.tables["scores"]):
        sections.append(Section("Scores", tables=_forecasts(result), charts=(pits(result),)))
        sections.append(Section("Skill", tables=(_skills(result),), charts=(skills(result),)))
    steps = Section("Steps", tables=(_steps(result),), charts=(intervals(result),))
    hashes = ", ".join(f"{name} {value[:12]}" for name, value in result.about["cases"].items())
    told = f"Written down before the scores: rules {result.about['rules'][:12]}, {hashes}, and those of the scenarios."
    return Report.of("Backtest", result.subject(), [*sections, steps, Section("", notes=(*NOTES, told))])


def _records(table: pd.DataFrame, **wanted: str) -> list[Mapping[Hashable, Any]]:
    """The rows in which these columns have these words."""
    for column, word in wanted.items():
        table = table[table[column] == word]
    return list(table.to_dict("records"))


def _verdict(result: Result) -> list[str]:
    """The answer in sentences."""
    told = []
    for row in _records(result.tables["skill"], group=EVERY, against=CLASS):
        steps = counted(int(row["steps"]), "step") + (" with the censored" if row["counted"] == WITH_CENSORED else "")
        told.append(
            f"CRPS {days(row['ours'], 0)} d on {steps} of {counted(int(row['sites']), 'site')}; the class of past "
            f"builds {days(row['theirs'], 0)} d: skill {_percent(row['skill'])} "
            f"({_percent(row['skill_low'])} to {_percent(row['skill_high'])})."
        )
    for row in _records(result.tables["scores"], group=EVERY, forecast=OURS):
        told.append(
            f"{share(row['coverage'], digits=0)} inside P10-P90 ({share(row['coverage_error'], digits=0)} with the "
            f"errors of the dates); P50 is off by {days(row['error'], 0)} d, the median."
        )
    return told or ["No step of these sites is dated: forecasts without scores."]


def _percent(number: float) -> str:
    return f"{100 * number:.0f} %" if isfinite(number) else UNKNOWN


def _left_out(result: Result) -> list[str]:
    """What is not scored, and what past builds had to be replaced, counted."""
    about, steps = result.about, result.tables["steps"]
    ours = steps[steps["forecast"] == OURS]
    stand_in = int(steps[steps["forecast"] == CLASS]["stands_in"].sum())
    told = (
        (len(about["without_start"]), "site", "without a start left out"),
        (about["before_as_of"], "site", f"started before {about['as_of']} and left out"),
        (about["beyond_plan"], "step", "of more buildings than planned left out"),
        (int((ours["seen"] == NOT_YET).sum()), "step", "censored"),
        (stand_in, "step", "without a past build of the class, for which others stand in"),
        (int((ours["never"] > 0).sum()), "forecast", "not always reached before the horizon, which then counts"),
    )
    lines = [f"{counted(number, what)} {which}." for number, what, which in told if number]
    if names := about.get("calibrated"):
        draws = f"at least {about['effective']:.0f} draws count"
        lines.append(f"{listed([*names])} calibrated, for each site on all others: {draws}.")
    return lines


def _forecasts(result: Result) -> list[Table]:
    """Every forecast in every group."""
    columns = (
        *(Column("forecast"), Column("steps", "count"), Column("CRPS", "days", digits=0)),
        *(Column("P10-P90", "share", digits=0), Column("width", "days", digits=0), Column("P50 off", "days", digits=0)),
        *(Column("log score"), Column("rank")),
    )
    tables = []
    for group, part in result.tables["scores"].groupby("group", sort=False):
        rows = [
            [row["forecast"], int(row["steps"]), row["crps"], row["coverage"], row["width"], row["error"]]
            + [f"{row[name]:.2f}" if isfinite(row[name]) else "" for name in ("log_score", "rank")]
            for row in _records(part)
        ]
        tables.append(Table(columns, rows, str(group)))
    return tables


def _skills(result: Result) -> Table:
    """How much better than past builds, on the same steps."""
    columns = (
        *(Column("sites"), Column("against"), Column("steps", "count"), Column("skill"), Column("95 %")),
        *(Column("CRPS", "change", digits=0), Column("95 %", "range", signed=True, digits=0)),
    )
    rows = [
        [
            *(row["group"], row["against"], int(row["steps"]), _percent(row["skill"])),
            f"{_percent(row['skill_low'])} to {_percent(row['skill_high'])}",
            *(row["difference"], (row["difference_low"], row["difference_high"])),
        ]
        for row in _records(result.tables["skill"], counted=DATED)
    ]
    return Table(columns, rows)


def _steps(result: Result) -> Table:
    """Every step with its forecast, and the score of the class beside its own."""
    columns = (
        *(
            Column("site"),
            Column("buildings", "count"),
            Column("seen", "day"),
            *(Column(f"P{k}", "day") for k in LEVELS),
        ),
        *(Column("PIT"), Column("CRPS", "days", digits=0), Column("class", "days", digits=0)),
    )
    key = ["site", "buildings", "seen"]
    steps = result.tables["steps"]
    past = steps[steps["forecast"] == CLASS][[*key, "crps"]].rename(columns={"crps": "class"})
    rows = []
    for row in _records(steps[steps["forecast"] == OURS].merge(past, on=key, how="left")):
        later = ">" if row["seen"] == NOT_YET else ""
        seen = f"{later}{day(row['day'])}" if later else row["day"]
        chance = "" if isnan(row["pit"]) else f"{later}{row['pit']:.2f}"
        scored = [None if isnan(row[name]) else row[name] for name in ("crps", "class")]
        rows.append([row["site"], row["buildings"], seen, *(row[f"p{k}"] for k in LEVELS), chance, *scored])
    return Table(columns, rows)


# Charts


def intervals(result: Result) -> Chart:
    """The forecast of every step beside the day seen, the earliest on top; the class behind it in grey."""
    steps = result.tables["steps"]
    ours = steps[steps["forecast"] == OURS].sort_values(["day", "p50"], kind="stable").head(MOST_ROWS)
    most = float(ours[["p10", "p50", "p90", "day"]].replace(inf, np.nan).max().max()) if len(ours) else 0.0
    rows = {key: number for number, key in enumerate(zip(ours["site"], ours["buildings"], ours["seen"], strict=True))}
    past = steps[steps["forecast"] == CLASS]
    past = past.assign(
        row=[rows.get(key, -1) for key in zip(past["site"], past["buildings"], past["seen"], strict=True)]
    )
    past = past[past["row"] >= 0]
    low, middle, high = (ours[name].clip(upper=most).to_numpy(np.float64) for name in ("p10", "p50", "p90"))
    start, end = (past[name].to_numpy(np.float64) for name in ("p10", "p90"))
    marks: list[Any] = [
        Bars(name=f"{CLASS}, P10-P90", colour="line", rows=past["row"].to_list(), start=start, end=end),
        Dots(name="forecast, P10-P50-P90", x=middle, y=np.arange(len(ours), dtype=np.float64), low=low, high=high),
    ]
    looks: tuple[tuple[str, str, Symbol, str], ...]
    looks = (DONE, "seen", "diamond", "ink"), (NOT_YET, "not before", "triangle", "orange")
    for seen, name, symbol, colour in looks:
        at = (ours["seen"] == seen).to_numpy()
        if at.any():
            x, y = ours["day"].to_numpy(np.float64)[at], np.flatnonzero(at).astype(np.float64)
            marks.append(Dots(name=name, colour=colour, symbol=symbol, x=x, y=y))
    named = zip(ours["site"], ours["buildings"].tolist(), strict=True)
    names = [f"{site} ({count})" for site, count in named]
    dated = ours[ours["seen"] == DONE]
    inside = f"{int(dated['inside'].sum())} of {counted(len(dated), 'day')} seen lie inside P10-P90"
    title = inside if len(dated) else "forecasts"
    return Chart(
        title,
        Axis(title="days from the start of the site (so many buildings)"),
        Axis("rows", names=names),
        marks,
        summary=inside,
    )


def pits(result: Result) -> Chart:
    """How often the day seen had which probability to be earlier: flat if the forecasts are calibrated."""
    steps = result.tables["steps"]
    scored = steps[steps["seen"] != ""]
    edges, heights = np.linspace(0, 1, BINS + 1), {}
    for name in (OURS, CLASS):
        part = scored[scored["forecast"] == name]
        low = part["pit"].to_numpy(np.float64)
        heights[name] = histogram(low, np.where(part["seen"] == DONE, low, 1.0), BINS)
    even = np.full(2, heights[OURS].sum() / BINS)
    marks = [
        Columns(name=OURS, edges=edges, heights=heights[OURS]),
        Line(name=CLASS, colour="orange", x=edges, y=np.append(heights[CLASS], heights[CLASS][-1:]), steps=True),
        Line(name="calibrated", colour="ink", dash="dash", width=1.4, x=np.array([0.0, 1.0]), y=even),
    ]
    axis = Axis("share", title="probability that the forecast gave to an earlier day", low=0, high=1)
    empty = "" if len(scored) else "no step is dated"
    explanation = "A censored step counts in every column from its bound on, by its share."
    return Chart("Probability integral transform", axis, Axis(title="steps"), marks, explanation, empty=empty)


def skills(result: Result) -> Chart:
    """By how much the CRPS is lower than that of past builds, for all sites and by archetype."""
    table = result.tables["skill"]
    table = table[(table["counted"] == DATED) & table["against"].isin([CLASS, ALL])]
    groups, marks = list(dict.fromkeys(table["group"])), []
    for name, colour, shift in ((CLASS, "blue", -0.12), (ALL, "orange", 0.12)):
        part = table[table["against"] == name]
        x, low, high = (part[one].to_numpy(np.float64) for one in ("skill", "skill_low", "skill_high"))
        y = np.array([groups.index(group) + shift for group in part["group"]], np.float64)
        notes = [f"{group}: {_percent(value)}" for group, value in zip(part["group"], part["skill"], strict=True)]
        marks.append(Dots(name=f"against {name}", colour=colour, x=x, y=y, low=low, high=high, notes=notes))
    axis = Axis("share", title="share by which the CRPS is lower, with 95 % interval", line_at_zero=True)
    empty = "" if groups else "no step is dated"
    return Chart("Skill beside past builds", axis, Axis("rows", names=groups), marks, empty=empty)


CHARTS = {"intervals": intervals, "pit": pits, "skill": skills}
