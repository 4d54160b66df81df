"""What a backtest has to say: scores beside those of past builds, skill, every step, and their pictures."""

from collections.abc import Hashable, Mapping
from math import inf, isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd

from dcsim.document.chart import Axis, Bars, Chart, Columns, Dots, Line, Symbol
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import UNKNOWN, change, counted, day, days, interval, listed, share
from dcsim.study.past import ALL, ANNOUNCED, CLASS
from dcsim.study.result import Result
from dcsim.study.scores import DATED, DONE, EVERY, NOT_YET, OURS, SOON, WITH_CENSORED, histogram
from dcsim.suggest import shorten

AT_START = "as at the start"
"""The forecast of a site under way that knows nothing of what was seen since its start."""
LEVELS = (10, 50, 90)
BINS = 10
"""Columns of the histogram of probabilities."""

MOST_ASSUMED = 40
"""Rows of the table of what was assumed."""
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
UNDER_WAY = (
    f"Forecasts are made anew at each date on which something of an unfinished site was seen, from all seen by then; "
    f"{AT_START}: without it. {CLASS} and {ALL} are of those that took longer than the site has so far.",
)


def report(result: Result, milestone: str = "") -> Report:
    """The scores beside those of past builds, by archetype, and every step."""
    sections = [Section("", _verdict(result), notes=_left_out(result))]
    if len(result.tables["scores"]):
        sections.append(Section("Scores", tables=_forecasts(result), charts=(pits(result),)))
        sections.append(Section("Skill", tables=(_skills(result),), charts=(skills(result),)))
    steps = Section("Steps", tables=(_steps(result),), charts=(intervals(result),))
    hashes = ", ".join(f"{name} {value[:12]}" for name, value in result.about["cases"].items())
    before = (
        f"Written down before the scores: rules {result.about['rules'][:12]}, {hashes}, and those of the scenarios."
    )
    notes = Section("", notes=(*NOTES, *(UNDER_WAY if result.about.get("under_way") else ()), before))
    return Report.of("Backtest", result.subject(), [*sections, steps, assumed(result), notes])


def _records(table: pd.DataFrame, **wanted: str) -> list[Mapping[Hashable, Any]]:
    """The rows in which these columns have these words."""
    for column, word in wanted.items():
        table = table[table[column] == word]
    return list(table.to_dict("records"))


def _verdict(result: Result) -> list[str]:
    """The answer in sentences."""
    sentences, references = [], {CLASS: "the class of past builds", AT_START: "the forecast as at the start"}
    for row in _records(result.tables["skill"], group=EVERY):
        if row["against"] not in references:
            continue
        steps = counted(int(row["steps"]), "forecast") + (" with the censored" * (row["counted"] == WITH_CENSORED))
        sentences.append(
            f"CRPS {days(row['ours'], 0)} d on {steps} of {counted(int(row['sites']), 'site')}; "
            f"{references[row['against']]} {days(row['theirs'], 0)} d: skill {_percent(row['skill'])} "
            f"({_percent(row['skill_low'])} to {_percent(row['skill_high'])}), difference "
            f"{change(row['difference'], 0)} d ({interval(row['difference_low'], row['difference_high'], 0, True)})."
        )
    for row in _records(result.tables["scores"], group=EVERY, forecast=OURS):
        sentences.append(
            f"{share(row['coverage'], digits=0)} inside P10-P90 ({share(row['coverage_error'], digits=0)} with the "
            f"errors of the dates); P50 is off by {days(row['error'], 0)} d, the median."
        )
    for row in _records(result.tables["scores"], group=SOON, forecast=OURS):
        forecasts = counted(int(row["steps"]), "forecast")
        sentences.append(
            f"Within a year of the first operation P50 is off by {days(row['error'], 0)} d on {forecasts}."
        )
    return sentences or ["No step of these sites is dated: forecasts without scores."]


def _percent(number: float) -> str:
    return f"{100 * number:.0f} %" if isfinite(number) else UNKNOWN


def _left_out(result: Result) -> list[str]:
    """What is not scored, and what past builds had to be replaced, counted."""
    about, steps = result.about, result.tables["steps"]
    rows = steps[steps["forecast"] == OURS]
    stand_in = int(steps[steps["forecast"] == CLASS]["stands_in"].sum())
    sentences = (
        (len(about["without_start"]), "site", "without a start left out"),
        (about["before_as_of"], "site", f"started before {about['as_of']} and left out"),
        (about["beyond_plan"], "step", "of more buildings than planned left out"),
        (int((rows["seen"] == NOT_YET).sum()), "step", "censored"),
        (stand_in, "step", "without a past build of the class, for which others stand in"),
        (about.get("unread", 0), "stage", "that the scenario does not have, or of more buildings, left out"),
        (int((rows["widened"] > 2).sum()), "forecast", "from the nearest replications, beyond twice the errors"),
        (int((rows["never"] > 0).sum()), "forecast", "not always reached before the horizon, which then counts"),
    )
    lines = [f"{counted(number, what)} {which}." for number, what, which in sentences if number]
    if names := about.get("calibrated"):
        draws = f"at least {about['effective']:.0f} draws count"
        lines.append(f"{listed([*names])} calibrated, for each site on all others: {draws}.")
    return lines


def assumed(result: Result) -> Section:
    """What was taken in the place of cells, and which rows and sites are left out."""
    entries = result.about.get("assumed", [])
    columns = Column("site"), Column("line", "count"), Column("column"), Column("found"), Column("taken")
    rows = [
        [entry["site"], entry["line"], entry["column"], shorten(entry["found"], 20), entry["taken"] or "nothing"]
        for entry in entries[:MOST_ASSUMED]
    ]
    reasons = dict.fromkeys(f"{entry['column']} {entry['taken']}: {entry['reason']}".strip() for entry in entries)
    more = len(entries) - len(rows)
    notes = (f"and {more} more in the manifest.",) if more > 0 else ()
    tables = [Table(columns, rows)] if rows else []
    return Section("What was assumed", points=[*reasons][:MOST_ASSUMED], tables=tables, notes=notes)


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
    under_way = result.about.get("under_way")
    columns = [Column("site"), Column("buildings", "count"), *([Column("on", "day")] if under_way else [])]
    columns += [Column("seen", "day"), *(Column(f"P{k}", "day") for k in LEVELS)]
    columns += [Column("PIT"), Column("CRPS", "days", digits=0), Column("class", "days", digits=0)]
    key = ["site", "buildings", "seen", "elapsed"]
    steps = result.tables["steps"]
    past = steps[steps["forecast"] == CLASS][[*key, "crps"]].rename(columns={"crps": "class"})
    rows = []
    for row in _records(steps[steps["forecast"] == OURS].merge(past, on=key, how="left")):
        later = ">" if row["seen"] == NOT_YET else ""
        seen = f"{later}{day(row['day'])}" if later else row["day"]
        chance = "" if isnan(row["pit"]) else f"{later}{row['pit']:.2f}"
        scored = [None if isnan(row[name]) else row[name] for name in ("crps", "class")]
        on = [row["elapsed"]] if under_way else []
        rows.append([row["site"], row["buildings"], *on, seen, *(row[f"p{k}"] for k in LEVELS), chance, *scored])
    return Table(columns, rows)


# Charts


def intervals(result: Result) -> Chart:
    """The forecast of every step beside the day seen, the earliest on top; the class behind it in grey."""
    steps = result.tables["steps"]
    scored = steps[steps["forecast"] == OURS]
    forecasts = scored.sort_values(["day", "site", "elapsed", "p50"], kind="stable").head(MOST_ROWS)
    most = float(forecasts[["p10", "p50", "p90", "day"]].replace(inf, np.nan).max().max()) if len(forecasts) else 0.0
    rows = {key: number for number, key in enumerate(_keys(forecasts))}
    past = steps[steps["forecast"] == CLASS]
    past = past.assign(row=[rows.get(key, -1) for key in _keys(past)])
    past = past[past["row"] >= 0]
    low, middle, high = (forecasts[name].clip(upper=most).to_numpy(np.float64) for name in ("p10", "p50", "p90"))
    start, end = (past[name].to_numpy(np.float64) for name in ("p10", "p90"))
    marks: list[Any] = [
        Bars(name=f"{CLASS}, P10-P90", colour="line", rows=past["row"].to_list(), start=start, end=end),
        Dots(name="forecast, P10-P50-P90", x=middle, y=np.arange(len(forecasts), dtype=np.float64), low=low, high=high),
    ]
    looks: tuple[tuple[str, str, Symbol, str], ...]
    looks = (DONE, "seen", "diamond", "ink"), (NOT_YET, "not before", "triangle", "orange")
    for seen, name, symbol, colour in looks:
        at = (forecasts["seen"] == seen).to_numpy()
        if at.any():
            x, y = forecasts["day"].to_numpy(np.float64)[at], np.flatnonzero(at).astype(np.float64)
            marks.append(Dots(name=name, colour=colour, symbol=symbol, x=x, y=y))
    if (elapsed := forecasts["elapsed"].to_numpy(np.float64)).any():
        y = np.arange(len(forecasts), dtype=np.float64)
        marks.append(Dots(name="forecast made", colour="grey", symbol="bar", x=elapsed, y=y))
    names = [f"{site} ({count})" for site, count, *_ in _keys(forecasts)]
    dated = forecasts[forecasts["seen"] == DONE]
    inside = f"{int(dated['inside'].sum())} of {counted(len(dated), 'day')} seen lie inside P10-P90"
    title, axis = inside if len(dated) else "forecasts", "days from the start of the site (so many buildings)"
    return Chart(title, Axis(title=axis), Axis("rows", names=names), marks, summary=inside)


def _keys(steps: pd.DataFrame) -> list[tuple[Any, ...]]:
    """What tells a forecast from another."""
    return list(zip(*(steps[name].tolist() for name in ("site", "buildings", "seen", "elapsed")), strict=True))


def pits(result: Result) -> Chart:
    """How often observed days fell at each probability of the forecast: flat if the forecasts are calibrated."""
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
        x, low, high = (part[column].to_numpy(np.float64) for column in ("skill", "skill_low", "skill_high"))
        y = np.array([groups.index(group) + shift for group in part["group"]], np.float64)
        notes = [f"{group}: {_percent(value)}" for group, value in zip(part["group"], part["skill"], strict=True)]
        marks.append(Dots(name=f"against {name}", colour=colour, x=x, y=y, low=low, high=high, notes=notes))
    axis = Axis("share", title="share by which the CRPS is lower, with 95 % interval", line_at_zero=True)
    empty = "" if groups else "no step is dated"
    return Chart("Skill beside past builds", axis, Axis("rows", names=groups), marks, empty=empty)


CHARTS = {"intervals": intervals, "pit": pits, "skill": skills}
