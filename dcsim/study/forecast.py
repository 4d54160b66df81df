"""How likely each milestone is, by date: what many replications have to say, and their pictures."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.analysis.milestones import date_at
from dcsim.analysis.quantiles import LEVELS, SUMMARY, Days, quantile, ranks
from dcsim.analysis.stuck import STUCK
from dcsim.dates import spelled
from dcsim.document.bars import coloured
from dcsim.document.causes import kind_of_wait, waited_for
from dcsim.document.chart import Axis, Bars, Chart, Columns, Dots, Line, Mark, Rule
from dcsim.document.names import labelled
from dcsim.document.report import Column, Picture, Report, Section, Table
from dcsim.document.words import NEVER, UNKNOWN, change, counted, date_of, day, joined, share
from dcsim.study.curves import Curve, by_unit, chosen, observed_and_target_dates, over_time
from dcsim.study.design import RANDOM
from dcsim.study.manifest import Count, Fields, Wishes
from dcsim.study.progress import progress_section
from dcsim.study.result import Result, known
from dcsim.study.sections import MOST_CAUSES, day_zero, fitted, in_brief, waits_section
from dcsim.study.tables import MILESTONES
from dcsim.study.unfinished import never

MAIN = "summary"
TABLES = {
    "milestones": MILESTONES,
    "summary": f"{SUMMARY} p10_date:time p50_date:time p80_date:time p90_date:time",
    "waits": "cause days:number days_p10:number days_p90:number waiting_days:number",
    "draws": "replication:whole name value:number",
    "supplies": "supply unit day:number date:time p10:number p50:number p80:number p90:number step:number",
    "stuck": STUCK,
}
ABOUT: Fields = {"sampling": str, "replications": Count, "until_precise": Wishes | None, "simulated": Count}
ABOUT |= {"explained": (list[str], []), "status": (str, "")}

# What it has to say

ALL_OR_NONE = {0.0: "in none", 1.0: "in all"}
"""How it is said that a milestone is reached in none or all of the replications."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """By when each milestone is reached with which chance, what is missing, and what was waited for longest."""
    table, scenario = result.tables["summary"], result.scenario
    rows = sorted(table.to_dict("records"), key=lambda row: scenario.rank(row["milestone"], milestone))
    begun = Section("", tuple(_ended(result)), notes=(day_zero(result.scenario), *_rounded(result)))
    sections = [begun, _milestones(result, rows, milestone), _chances(result, rows)]
    sections += [progress_section(result)] if "progress" in result.tables else []
    sections += [_seen(result)] if "seen" in result.tables else []
    sections += [_waits(result), fitted(result.scenario)]
    return Report.of("Forecast", result.subject(), sections)


def _horizon(result: Result) -> str:
    return str(result.about.get("horizon", "the horizon"))[:10]


def _ended(result: Result) -> Iterator[str]:
    """How many activities there are, and in which share of the replications all of them finish."""
    if "activities" not in result.about:
        return
    finished, by = result.about["finished"], f"finished by {_horizon(result)}"
    ended = "all finished" if finished == 1 else f"{share(finished) if finished else 'none'} {by}"
    yield f"{counted(result.about['activities'], 'activity')} each, {ended}"


def _milestones(result: Result, rows: list[dict[Hashable, Any]], milestone: str) -> Section:
    """Every milestone with the days by which it is reached so likely, and how well the P80 is known."""
    lacks = list(never(result.tables["stuck"], result.simulated))
    charts = [_curves(result, names) for names in by_unit(result)]
    if not rows:
        return Section("", ("The scenario has no milestones.", *lacks))
    levels = ("p10", "p50", "p80", "p90")
    columns = (
        *(Column("milestone"), *(Column(level.upper(), "day") for level in levels)),
        *(Column("P80 date", "date"), Column("P80, 95 % interval", "range"), Column("reached", "share")),
    )
    cells = []
    for row in rows:
        reached = ALL_OR_NONE.get(row["reached"], row["reached"])
        cells.append(
            [row["milestone"], *(row[level] for level in levels), row["p80_date"], _interval(result, row), reached]
        )
    notes = []
    if any(row[level] == inf for row in rows for level in levels):
        notes.append(f"{NEVER}: not reached by the end of the simulation, {_horizon(result)}")
    if any(UNKNOWN in row[-2] for row in cells):
        notes.append(f"{UNKNOWN}: needs more replications")
    dates, names = {row["milestone"]: row["p80_date"] for row in rows}, [row["milestone"] for row in rows]
    shown = Table(columns, cells, brief=in_brief(result.scenario, dates, cells, names, milestone))
    return Section("", lacks, tables=(shown,), charts=(*charts, dates_chart(result)), notes=notes)


def _interval(result: Result, row: Row) -> str:
    """Between which days the P80 lies with 95 % confidence."""
    low, high = row["p80_low"], row["p80_high"]
    if low == inf:
        return NEVER
    is_random = result.about.get("sampling", RANDOM) == RANDOM
    too_few = low == -inf or (is_random and ranks(result.simulated, 0.8)[1] > result.simulated)
    return f"{UNKNOWN if low == -inf else day(low)} - {UNKNOWN if too_few else day(high)}"


def _chances(result: Result, rows: list[dict[Hashable, Any]]) -> Section:
    """How likely each milestone is late for the day that is wanted or was observed, and by how much."""
    cells = []
    for row in rows:
        milestone = result.scenario.milestones[row["milestone"]]
        dates = [(milestone.target, "target")] if milestone.target is not None else []
        for date, meaning in [*dates, *((seen.date, seen.meaning) for seen in milestone.observed)][:1]:
            behind = [row[level] - row["wanted"] for level in ("p50", "p80")]
            cells.append([row["milestone"], spelled(date), 1 - row["probability"], row["late"], *behind, meaning])
    chance = (Column("late", "share", result.simulated), Column("late by", "days"))
    off = (Column("P50 off", "change"), Column("P80 off", "change"))
    columns = (Column("milestone"), Column("by", "text"), *chance, *off, Column("what"))
    notes = ["late by: days, on average of those that are late; off: days behind the date"] if cells else []
    return Section("", tables=(Table(columns, cells),) if cells else (), notes=notes)


def _seen(result: Result) -> Section:
    """What was seen of the build, how likely that was, and the forecast before."""
    seen = result.tables["seen"].to_dict("records")
    cells = [[row["milestone"], row["seen"], row["date"], row["error"], row["alone"]] for row in seen]
    columns = (Column("milestone"), Column("seen"), Column("date", "date"), Column("within", "days"))
    alone = Column("replications that agree", "share", int(result.about["seen"]["drawn"]))
    names = [f"p{round(100 * level)}" for level in LEVELS]
    rows = result.tables["before"].to_dict("records")
    before = [[row["milestone"], *(row[f"{name}_date"] for name in names)] for row in rows]
    unseen = Table((Column("before"), *(Column(name.upper(), "date") for name in names)), before)
    title, tables = "Sightings, and the forecast before and after", (Table((*columns, alone), cells), unseen)
    return Section(title, tuple(_moved_by_sight(result)), tables=tables, charts=(before_and_after(result),))


def _moved_by_sight(result: Result) -> Iterator[str]:
    """What is done and what is not, and how far the dates of what is left move."""
    until, rows = result.about["seen"]["until"], result.tables["seen"].to_dict("records")
    done = dict.fromkeys(row["milestone"] for row in rows if row["seen"] != "not by")
    missing = [name for name in dict.fromkeys(row["milestone"] for row in rows) if name not in done]
    phrases = [f"{joined([*names])} {word}" for names, word in ((done, "done"), (missing, "not yet")) if names]
    yield f"Seen until {until}: {'; '.join(phrases)}."
    after = result.tables["summary"].set_index("milestone")
    moved = []
    for row in result.tables["before"].to_dict("records"):
        now = after.loc[row["milestone"]]
        if row["milestone"] not in done and row["p50_date"] == row["p50_date"] and now["p50_date"] == now["p50_date"]:
            days = (now["p50_date"] - row["p50_date"]) / np.timedelta64(1, "D")
            dates = f"from {date_of(row['p50_date'])} to {date_of(now['p50_date'])}"
            moved.append(f"{row['milestone']} {dates} ({change(days, 0)} d)")
    if moved:
        yield f"What was seen moves the P50 of {'; of '.join(moved[-MOST_MOVED:])}."


def _waits(result: Result) -> Section:
    """What was waited for longest, on average over the replications."""
    columns = [Column("waited for"), *(Column(name, "days") for name in ("days", "P10", "P90"))]
    columns.append(Column("total queue-days", "days", digits=0))
    names = ["days", "days_p10", "days_p90", "waiting_days"]
    table = result.tables["waits"]
    cells = [[waited_for(row["cause"]), *(row[name] for name in names)] for row in table.to_dict("records")]
    return waits_section("Longest waits, on average", columns, cells, Picture(lambda: waits_chart(result)))


MOST_MOVED = 3
"""Milestones for which the report says how far the sightings move them: the last ones."""

# Its pictures


def s_curve(result: Result, milestone: str = "", supply: str = "") -> Chart:
    """What is counted over time, each with its P50 and the middle 80 %; where nothing is, a histogram."""
    names = chosen(result, milestone, supply)
    return _curves(result, names) if names else histogram(result, milestone)


def _rounded(result: Result) -> Iterator[str]:
    """Which supplies have too many amounts in too many replications for all to be counted exactly."""
    table = result.tables["supplies"]
    for name, step in table[table["step"] > 1].groupby("supply", sort=False)["step"].first().items():
        unit = result.scenario.supplies[str(name)].unit
        yield f"amounts of {name} are rounded down to multiples of {step:,.0f} {unit}; goals and the whole are exact"


def _curves(result: Result, names: list[str]) -> Chart:
    table = result.tables["supplies"]
    curves = []
    for name in names:
        rows = table[table["supply"] == name]
        low, middle, high = (rows[level].to_numpy(np.float64) for level in ("p10", "p50", "p90"))
        moments = rows["date"].to_numpy("datetime64[s]")
        curves.append(Curve(name, result.scenario.supplies[name].unit, moments, middle, low, high))
    return over_time(result.scenario, curves, "Line: median of the replications. Band: the middle 80 %.")


QUANTILES: tuple[tuple[float, Any], ...] = ((0.5, "solid"), (0.8, "dash"), (0.9, "dot"))
"""Quantiles that a histogram shows, each with its dash."""
BINS = 28


def histogram(result: Result, milestone: str = "") -> Chart:
    """How the dates of a milestone are distributed; the last milestone if none is named."""
    labels = labelled(list(result.scenario.milestones), result.labels)
    name = known(milestone, labels, "milestone", "milestones") if milestone else (labels or [""])[-1]
    table = result.tables["milestones"]
    rows = table[table["milestone"] == name]
    days = rows["day"].to_numpy(np.float64)
    missing = float(np.isnan(days).mean()) if len(days) else 1.0
    title = f"{name}: when it is reached" + (f"; {share(missing)} not by the end" if 0 < missing < 1 else "")
    if missing == 1:
        return Chart(title, empty=f"{name} is reached in no replication" if name else "there are no milestones")
    zero = np.datetime64(result.scenario.zero_of(name), "s")
    edges = _edges(days[~np.isnan(days)], zero)
    heights = np.histogram(_at(zero, days[~np.isnan(days)]).astype(np.int64), edges.astype(np.int64))[0]
    marks: list[Mark] = [Columns(colour="sky", edges=edges, heights=heights.astype(np.float64))]
    for level, dash in QUANTILES:
        when, value = date_at(rows["date"], level), quantile(days, level)
        label = f"P{round(100 * level)}  " + (f"{date_of(when)}, day {day(value)}" if when else "not by the end")
        at = _at(zero, np.array([value] if when else []))
        marks.append(Rule(name=label, dash=dash, at=at[0].item()) if when else Line(name=label, dash=dash, x=at, y=at))
    for dots in observed_and_target_dates(result.scenario, [name], 0.03 * float(heights.max())):
        label = ", ".join(f"{str(label)[:10]}" for label in dots.x[:3])
        marks.append(replace(dots, name=f"{dots.name}  {label}"))
    y = Axis("count", f"replications of {len(days):,}")
    summary = "; ".join(mark.name for mark in marks[1:4])
    return Chart(title, Axis("date"), y, marks, "", summary, day_zero=result.scenario.zero_of(name))


def _at(zero: np.datetime64 | NDArray[np.datetime64], days: Days) -> NDArray[np.datetime64]:
    """The moments of days counted from day zero."""
    return np.asarray(zero + np.round(days * 86400).astype("timedelta64[s]"))


def _edges(days: Days, zero: np.datetime64) -> NDArray[np.datetime64]:
    """Edges of equal spans, of whole calendar days where they are long enough."""
    since = (zero - zero.astype("datetime64[D]")).astype(np.float64) / 86400
    low, high = float(days.min()) + since, float(days.max()) + since
    width = max((high - low) / BINS, 1 / 24)
    width = float(np.ceil(width)) if width > 1 else width
    low = float(np.floor(low)) if width >= 1 else low
    return _at(zero, low - since + width * np.arange(np.floor((high - low) / width) + 2))


def dates_chart(result: Result) -> Chart:
    """A row for every milestone: the middle 80 % of its dates, P50 and P80, and observed and target dates."""
    table = result.tables["summary"].sort_values("p50_date", kind="stable")
    names = list(table["milestone"])
    zeros = np.array([result.scenario.zero_of(name) for name in names], "datetime64[s]")
    marks: list[Mark] = []
    rows = np.flatnonzero(np.isfinite(table["p90"]))
    if len(rows):
        start, end = (_at(zeros[rows], table[level].to_numpy(np.float64)[rows]) for level in ("p10", "p90"))
        marks.append(Bars(name="P10 to P90", rows=rows.tolist(), start=start, end=end, height=0.34, opacity=0.28))
    for level, symbol in (("p50", "dot"), ("p80", "ring")):
        rows = np.flatnonzero(np.isfinite(table[level]))
        part = table.iloc[rows]
        notes = [
            f"{milestone} {level.upper()}: {date_of(when)} (day {day(value)})"
            for milestone, when, value in zip(part["milestone"], part[f"{level}_date"], part[level], strict=True)
        ]
        x = part[f"{level}_date"].to_numpy("datetime64[s]")
        marks.append(Dots(name=level.upper(), symbol=symbol, x=x, y=rows.astype(np.float64), notes=notes))  # type: ignore[arg-type]
    marks += observed_and_target_dates(result.scenario, names, 0.3)
    labels = [f"{row['milestone']} {date_of(row['p50_date'])}" for row in table.to_dict("records")]
    explanation, summary = "Bar: the middle 80 % of the replications.", f"P50: {', '.join(labels)}."
    x_axis, y_axis = Axis("date"), Axis("rows", names=names)
    empty = "" if names else "there are no milestones"
    return Chart("Milestones", x_axis, y_axis, marks, explanation, summary, result.scenario.zero, empty)


def before_and_after(result: Result) -> Chart:
    """A row for every milestone: what was seen, the middle 80 % of its dates before that, and after it."""
    title = "Done, and the forecast before and after"
    if "seen" not in result.tables:
        return Chart(title, empty="nothing was seen of this build")
    before = result.tables["before"].set_index("milestone")
    after = result.tables["summary"].set_index("milestone").loc[before.index]
    names, marks = list(before.index), list[Mark]()
    for when, table, colour, shift in (("before", before, "grey", -0.18), ("after", after, "blue", 0.18)):
        rows = np.flatnonzero(table["p90_date"].notna().to_numpy())
        start, middle, end = (table[f"{p}_date"].to_numpy("datetime64[s]")[rows] for p in ("p10", "p50", "p90"))
        at = (rows + shift).tolist()
        look: dict[str, Any] = {"height": 0.26, "opacity": 0.4, "colour": colour}
        marks.append(Bars(name=f"{when}: P10 to P90", rows=at, start=start, end=end, **look))
        marks.append(Dots(name=f"{when}: P50", colour=colour, x=middle, y=np.array(at)))
    seen, where = result.tables["seen"], {f"{name}": number for number, name in enumerate(names)}
    for when, colour, part in (
        ("seen", "ink", seen[seen["seen"] != "not by"]),
        ("not yet", "orange", seen[seen["seen"] == "not by"]),
    ):
        y = np.array([where[f"{name}"] for name in part["milestone"]], np.float64)
        x = part["date"].to_numpy("datetime64[s]")
        symbol: Any = "diamond" if when == "seen" else "triangle"
        marks += [Dots(name=when, colour=colour, symbol=symbol, x=x, y=y)] if len(y) else []
    until = datetime.fromisoformat(result.about["seen"]["until"])
    marks.append(Rule(name="last seen", colour="ink", dash="dot", at=until))
    summary = " ".join(_moved_by_sight(result))
    return Chart(title, Axis("date"), Axis("rows", names=names), marks, "", summary, result.scenario.zero)


def waits_chart(result: Result) -> Chart:
    """A bar for everything that was waited for."""
    rows = result.tables["waits"].head(MOST_CAUSES).to_dict("records")
    names = [waited_for(row["cause"]) for row in rows]
    kinds = [kind_of_wait(row["cause"], result.scenario.supplies) for row in rows]
    notes = [
        f"{name}: {row['days']:,.1f} d (middle 80 %: {row['days_p10']:,.1f} to {row['days_p90']:,.1f})"
        for name, row in zip(names, rows, strict=True)
    ]
    ends = np.array([row["days"] for row in rows])
    labels = [f"{value:,.0f} d" for value in ends.tolist()]
    marks = coloured(Bars, kinds, rows=range(len(rows)), start=0 * ends, end=ends, labels=labels, notes=notes)
    explanation = "Days on which anything waited for it, on average. Waiting is not delay: much of it does no harm."
    summary = "; ".join(f"{name} {row['days']:,.0f} days" for name, row in zip(names, rows, strict=True))
    axis, empty = Axis(title="days, on average"), "" if rows else "nothing was waited for"
    return Chart("Longest waits", axis, Axis("rows", names=names), marks, explanation, summary, empty=empty)


CHARTS = {
    "s-curve": s_curve,
    "histogram": histogram,
    "milestones": dates_chart,
    "waits": waits_chart,
    "seen": before_and_after,
}
