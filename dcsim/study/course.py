"""One run: when it reaches its milestones, what it waited for, what it is stuck on, and how it grew."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil, inf
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from dcsim.analysis.contention import taken
from dcsim.analysis.frames import typed
from dcsim.analysis.milestones import beside_observed
from dcsim.analysis.states import NEVER as NOT_YET
from dcsim.analysis.states import states_of
from dcsim.analysis.stuck import NOT_READY, WAITING, WORKING
from dcsim.analysis.supplies import total_over_time
from dcsim.analysis.waits import binned, queue_lengths, waits_by_cause
from dcsim.dates import ended, spelled
from dcsim.document.causes import cause, kind_of_wait, waited_for
from dcsim.document.chart import Axis, Band, Bars, Chart, Dots, Mark
from dcsim.document.names import labelled
from dcsim.document.report import Column, Picture, Report, Section, Table
from dcsim.document.words import NEVER, change, counted, date_of, day, days, listed, span_of_places
from dcsim.errors import RequestError, ResultError
from dcsim.scenario.cash import Paying
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.study.curves import SHARE, Curve, by_unit, chosen, moments, observed_and_target_dates, over_time, window
from dcsim.study.labels import with_labels
from dcsim.study.manifest import Count, Fields, Moment
from dcsim.study.result import Result, known
from dcsim.study.sections import MOST_CAUSES, day_zero, fitted, in_brief, taken_section, waits_section
from dcsim.study.site import gantt, site_map
from dcsim.study.stocks import at_work, stock
from dcsim.study.tables import MILESTONES, TAKEN
from dcsim.units import DAY

MAIN = "milestones"
TABLES = {
    "activities": "activity place ready:whole start:whole finish:whole attempts:whole used held_by",
    "attempts": "activity place attempt:whole kind ready:whole start:whole finish:whole held_by",
    "shortages": "activity place kind from:whole to:whole cause waiting:whole",
    "deliveries": "tick:whole supply place amount:whole origin order",
    "milestones": MILESTONES,
    "supplies": "supply place unit tick:whole level:whole total:whole",
    "usage": "resource place tick:whole used:whole capacity:whole",
    "stuck": "activity place state waits_for there:whole needed:whole",
}
ABOUT: Fields = {"engine": str, "replications": Annotated[list[Count], Field(min_length=1, max_length=1)]}
ABOUT |= {"finished": bool, "horizon": Moment}


def end(result: Result) -> int:
    """The tick at which the tables of a run end: its last finish, or the horizon if it is unfinished."""
    finish = _built(result)["finish"]
    if finish.isna().any():
        return (_horizon(result) - result.scenario.start) // timedelta(minutes=1)
    return int(finish.max()) if len(finish) else 0


def _built(result: Result) -> pd.DataFrame:
    """The activities that are work of the build, and no bills."""
    activities = result.tables["activities"]
    bills = [name for name, activity in result.scenario.activities.items() if isinstance(activity, Paying)]
    return activities[~activities["activity"].isin(bills)]


def _horizon(result: Result) -> datetime:
    """When the simulation ends at the latest."""
    return datetime.fromisoformat(result.about["horizon"])


def waits(result: Result) -> pd.DataFrame:
    """What a build waited for, longest first: cause, days, waiting_days, activities."""
    return waits_by_cause(result.tables["shortages"], end(result))


def observed(result: Result, targets: bool = False) -> pd.DataFrame:
    """Milestones beside the dates observed in the world, perhaps those wanted too, with the difference in days."""
    dates = {}
    for name, milestone in result.scenario.milestones.items():
        dates[name] = [(observation.date, observation.meaning) for observation in milestone.observed]
        dates[name] += [(milestone.target, "target")] if targets and milestone.target is not None else []
    return beside_observed(result.tables["milestones"], dates, result.scenario.zero_of)


# What it has to say


def _waited(result: Result) -> pd.DataFrame:
    """What a build waited for, as people read it."""
    return with_labels(waits(result), result.labels)


def _compared(result: Result, targets: bool = False) -> pd.DataFrame:
    """Milestones beside the dates observed, as people read them."""
    return with_labels(observed(result, targets), result.labels)


MOST_STUCK = 12
"""Groups of stuck activities that a report lists."""

Row = Mapping[Hashable, Any]


def report(result: Result, milestone: str = "") -> Report:
    """When milestones are reached, beside observed dates; the longest waits; what is stuck."""
    begun = Section("", (_ended(result),), notes=(day_zero(result.scenario),))
    sections = (begun, _milestones(result, milestone), _waits(result), _taken(result))
    more = (fitted(result.scenario), _stuck(result))
    shown = Section("Activities by place", charts=Picture(lambda: gantt_chart(result)))
    return Report.of("One run", result.subject(), (*sections, *more, shown))


def _taken(result: Result) -> Section:
    """Which site of a portfolio took what another waited for."""
    if not (sites := list(result.scenario.sites)):
        return Section("")
    rows = typed(taken(network_of(result.scenario), sites, result.tables["activities"]), TAKEN)
    return taken_section(rows.to_dict("records"), result.scenario)


def _moment(result: Result, tick: float) -> datetime:
    return result.scenario.start + timedelta(minutes=int(tick))


def _ended(result: Result) -> str:
    """How many activities there are, and how the build ended."""
    activities = _built(result)
    last, left = _moment(result, end(result)), int(activities["finish"].isna().sum())
    ending = result.about.get("ended")
    on = datetime.fromisoformat(ending) if ending else ended(result.scenario.start, last)
    number = day((last - result.scenario.zero) / timedelta(days=1))
    state = f"unfinished on {date_of(on)} with {left:,} left" if left else f"finished on {date_of(on)}, day {number}"
    return f"{counted(len(activities), 'activity')}, {state}"


def _milestones(result: Result, milestone: str) -> Section:
    """Every milestone with its date, beside each date that was observed or is wanted."""
    table = _compared(result, targets=True)
    if table.empty:
        return Section("", ("The scenario has no milestones.",), charts=(s_curve(result),))
    compared = table["observed"].notna().any()
    columns = [Column("milestone"), Column("day", "day"), Column("date", "date")]
    if compared:
        columns += _beside(set(table["meaning"].dropna()))
    rows: list[list[Any]] = []
    names = [""]
    for row in sorted(table.to_dict("records"), key=lambda row: result.scenario.rank(row["milestone"], milestone)):
        first = row["milestone"] != names[-1]
        names.append(row["milestone"])
        reached = [inf if pd.isna(row["day"]) else row["day"], row["date"]]
        cells = [row["milestone"], *reached] if first else ["", "", ""]
        seen = [] if pd.isna(row["observed"]) else [_spelled(row["observed"]), row["difference"], row["meaning"]]
        rows.append([*cells, *(seen or ["", None, ""])][: len(columns)])
    late = table["day"].isna().any()
    notes = (f"{NEVER}: not reached by the end of the simulation, {result.about['horizon'][:10]}",) if late else ()
    charts = [_curves(result, names) for names in by_unit(result)] or [s_curve(result)]
    dates = dict(zip(table["milestone"], table["date"], strict=True))
    shown = Table(columns, rows, brief=in_brief(result.scenario, dates, rows, names[1:], milestone))
    return Section("", tables=(shown,), charts=(*charts, dates_chart(result)), notes=notes)


def _beside(meanings: set[str]) -> list[Column]:
    """The columns of dates beside those of milestones: targets, observed dates, or both."""
    off = Column("days off", "change", digits=0)
    if "target" not in meanings:
        return [Column("observed"), off, Column("what was observed")]
    return [Column("target"), off] if meanings == {"target"} else [Column("target or observed"), off, Column("what")]


def _spelled(moment: datetime) -> str:
    """A date that was observed or is wanted, with its time if it has one."""
    return spelled(moment).removesuffix(" 00:00")


def _waits(result: Result) -> Section:
    """What the build waited for longest, and which activities did."""
    columns = [Column("waited for"), Column("days", "days"), Column("total queue-days", "days", digits=0), Column("by")]
    table = _waited(result)
    cells = [
        [waited_for(row["cause"]), row["days"], row["waiting_days"], row["activities"]]
        for row in table.to_dict("records")
    ]
    return waits_section("Longest waits", columns, cells, Picture(lambda: waits_chart(result)))


def _stuck(result: Result) -> Section:
    """What an unfinished run is stuck on, equal reasons in one line, and what waits behind them."""
    stuck = result.tables["stuck"]
    if stuck.empty:
        return Section("")
    points = list(_waiting(result, stuck[stuck["state"] == WAITING]))
    working = stuck[stuck["state"] == WORKING]
    points += [f"in progress: {_by_activity(working)}"] if len(working) else []
    unready = stuck[stuck["state"] == NOT_READY].drop_duplicates(["activity", "place"])
    points += [f"never ready, because these did not finish: {_by_activity(unready)}"] if len(unready) else []
    return Section("Stuck", points=points)


def _waiting(result: Result, waiting: pd.DataFrame) -> Iterator[str]:
    """Alike instances that wait for the same, in a line."""
    keys = ["activity", "waits_for", "there", "needed"]
    groups = waiting.groupby(keys, sort=False, dropna=False)["place"].agg(["size", "first", "last"])
    for row in with_labels(groups.head(MOST_STUCK).reset_index(), result.labels).to_dict("records"):
        where, verb = span_of_places(row["first"], row["last"]), "waits" if row["size"] == 1 else "wait"
        text = f"{row['size']:,} x {row['activity']}{where} {verb} for {waited_for(row['waits_for'])}"
        yield text + ("" if pd.isna(row["needed"]) else f": {_amounts(result.scenario, row)}")
    if len(groups) > MOST_STUCK:
        yield f"and {counted(len(groups) - MOST_STUCK, 'more group')}: see the table `stuck`"


def _amounts(scenario: Scenario, row: Row) -> str:
    supply = scenario.supplies.get(row["waits_for"])
    if supply is None:
        return f"{row['there']:,} free, {row['needed']:,} needed"
    unit = f" {supply.unit}" if supply.unit else ""
    return f"{row['there']:,}{unit} there, {row['needed']:,}{unit} needed"


def _by_activity(rows: pd.DataFrame) -> str:
    parts = [part["activity"] for _, part in rows.groupby("activity", sort=False)]
    return listed([f"{len(part):,} x {part.iloc[0]}" for part in parts])


# Its pictures

BINS = 480
"""Time intervals of the chart of waits."""
MOST_COMPARED = 2
"""Observed dates of one milestone that are labelled with their days."""
MOST_SHOWN = 10
"""Milestones of the overview."""

Floats = NDArray[np.float64]


def overview(result: Result) -> Chart:
    """Counters, milestones and the longest waits, one above the other, over one axis of dates."""
    shown = [
        result.scenario.start,
        *(moment.to_pydatetime() for moment in result.tables["milestones"]["date"].dropna()),
    ]
    return replace(_growth(result, until=shown), below=(_dates(result, MOST_SHOWN), waits_chart(result)))


def s_curve(result: Result, milestone: str = "", supply: str = "") -> Chart:
    """What is counted over time: what milestones look at, else all counters, else the share of finished activities."""
    return _growth(result, milestone, supply)


def _growth(result: Result, milestone: str = "", supply: str = "", until: Sequence[datetime] = ()) -> Chart:
    names = chosen(result, milestone, supply) or labelled(_counters(result.scenario), result.labels)
    if names:
        return _curves(result, names, until)
    finish = _built(result)["finish"]
    ticks, counts = np.unique(np.append(0, np.sort(finish.dropna().to_numpy(np.int64))), return_counts=True)
    counts[0] -= 1
    share = np.cumsum(counts) / max(1, len(finish))
    return over_time(result.scenario, [Curve("finished", SHARE, moments(result.scenario, ticks), share)], "", until)


def _counters(scenario: Scenario) -> list[str]:
    """What is produced and nobody consumes, in its commonest unit."""
    specs = [part for activity in scenario.activities.values() for part in (activity, *activity.within.values())]
    consumed = {name for spec in specs for name in spec.consumes}
    names = [name for name in dict.fromkeys(name for spec in specs for name in spec.produces) if name not in consumed]
    units = [scenario.supplies[name].unit for name in names]
    common = max(units, key=units.count, default="")
    return [name for name, unit in zip(names, units, strict=True) if unit == common]


def _curves(result: Result, names: list[str], until: Sequence[datetime] = ()) -> Chart:
    curves = []
    for name in names:
        total = total_over_time(result.tables["supplies"], name)
        if len(total) > BINS:  # at the end of every day on which some came
            total = total.groupby(total["tick"] // DAY).last()
        x, y = moments(result.scenario, total["tick"].to_numpy()), total["total"].to_numpy(np.float64)
        curves.append(Curve(name, result.scenario.supplies[name].unit, x, y))
    return over_time(result.scenario, curves, "Cumulative units in this run.", until)


def dates_chart(result: Result) -> Chart:
    """A row for every milestone: when it is reached, when it was observed or is wanted, and the days between."""
    return _dates(result, len(result.scenario.milestones))


def _dates(result: Result, most: int) -> Chart:
    """The milestones in the order of their dates. Where there are too many, those observed and those with a target are
    shown before others, then those of all sites together, then the last."""
    table, scenario = _compared(result), result.scenario
    seen = set(table.dropna(subset=["observed"])["milestone"])
    seen |= {name for name, milestone in scenario.milestones.items() if milestone.target is not None}
    rows = table.drop_duplicates("milestone").to_dict("records")
    rows.sort(key=lambda row: pd.Timestamp.max if pd.isna(row["date"]) else row["date"])
    names = [row["milestone"] for row in reversed(rows)]
    kept = sorted(names, key=lambda name: (name not in seen, scenario.site_of(name) != ""))[:most]
    shown = [row for row in rows if row["milestone"] in kept]
    title = "Milestones" if len(shown) == len(rows) else f"Milestones: {len(shown)} of {len(rows)}"
    names = [row["milestone"] for row in shown]
    reached = [number for number, row in enumerate(shown) if not pd.isna(row["date"])]
    x = np.array([shown[number]["date"] for number in reached], "datetime64[s]")
    notes = [f"{names[k]}: {date_of(shown[k]['date'])} (day {day(shown[k]['day'])})" for k in reached]
    dots = Dots(name="simulated", colour="red", symbol="ring", x=x, y=np.array(reached, np.float64), notes=notes)
    marks: list[Mark] = [*_apart(table, names), *observed_and_target_dates(result.scenario, names), dots]
    axis = Axis("rows", names=[name if k in reached else f"{name}: not reached" for k, name in enumerate(names)])
    summary = "; ".join(notes)
    empty = "" if names else "there are no milestones"
    return Chart(title, Axis("date"), axis, marks, "", summary, result.scenario.zero, empty)


def _apart(table: pd.DataFrame, names: list[str]) -> Iterator[Bars]:
    """A thin bar between the dates of each milestone, with the days between them where they are few."""
    dated = table.dropna(subset=["date", "observed"])
    parts = [(names.index(str(name)), part) for name, part in dated.groupby("milestone") if name in names]
    if parts:
        ends = [(min(a, b), max(a, b)) for _, p in parts for a, b in [(p["date"].iloc[0], p["observed"].min())]]
        ends = [(low, max(high, p["observed"].max())) for (low, high), (_, p) in zip(ends, parts, strict=True)]
        start, end = (np.array([interval[k] for interval in ends], "datetime64[s]") for k in (0, 1))
        labels = [_difference(sorted(set(part["difference"].tolist()))) for _, part in parts]
        look = {"colour": "grey", "height": 0.06, "labels": labels, "notes": labels}
        yield Bars(rows=[row for row, _ in parts], start=start, end=end, **look)  # type: ignore[arg-type]


def _difference(apart: list[float]) -> str:
    """How many days later it is than it was observed; nothing where the observed dates are of many builds."""
    if len(apart) > MOST_COMPARED:
        return ""
    return "same day" if apart == [0] else " to ".join(change(number, 0) for number in apart) + " d"


def waits_chart(result: Result) -> Chart:
    """A row for every cause of waiting: when anything waited for it, the thicker the more did."""
    table, last = _waited(result).head(MOST_CAUSES), end(result)
    rows = table.to_dict("records")
    edges = np.linspace(0, max(last, 1), BINS + 1)
    lows, highs, waited = [], [], [0.0]
    for number, row in enumerate(rows):
        waiting = binned(queue_lengths(result.tables["shortages"], row["cause"], last), edges)
        half = np.where(waiting > 0, 0.08 + 0.34 * np.sqrt(waiting / max(waiting.max(), 1e-9)), 0)
        waited += edges[:-1][waiting > 0][:1].tolist() + edges[1:][waiting > 0][-1:].tolist()
        lows.append(number - np.append(half, 0))
        highs.append(number + np.append(half, 0))
    kinds = [kind_of_wait(row["cause"], result.scenario.supplies) for row in rows]
    x = moments(result.scenario, edges)
    marks = [
        Band(name=cause(kind).label, colour=cause(kind).colour, x=x, low=low, high=high, opacity=1, steps=True)
        for kind, low, high in zip(kinds, lows, highs, strict=True)
    ]
    names = [f"{waited_for(row['cause'])}  {days(row['days'], 0)} d" for row in rows]
    explanation = "A thicker bar means that more activities waited. Waiting is not delay: much of it does no harm."
    empty = "" if rows else "nothing was waited for"
    begin, until = window(result.scenario, [_moment(result, moment) for moment in waited])
    across, axis = Axis("date", low=begin, high=until), Axis("rows", names=names)
    return Chart("Longest waits", across, axis, marks, explanation, "; ".join(names), result.scenario.zero, empty)


def gantt_chart(result: Result, place: str = "") -> Chart:
    """When every activity was at work in which place, and when supplies were delivered."""
    return gantt(result.scenario, result.tables["activities"], result.tables["deliveries"], place)


def map_chart(result: Result, milestone: str = "", day: float | None = None) -> Chart:
    """How far every place is on a day, or when a milestone is reached; else when half of the work is done."""
    states, zero = states_of(result.tables["activities"]), result.scenario.zero
    if day is None and milestone:
        table = result.tables["milestones"]
        name = known(milestone, list(table["milestone"]), "milestone", "milestones")
        reached = float(table.loc[table["milestone"] == name, "day"].iloc[0])
        if np.isnan(reached):
            raise ResultError(f"'{name}' is not reached by the end of the simulation: choose a day with --day")
        day = ceil(reached)
    done = states.finish[states.finish < NOT_YET]
    half = _moment(result, float(np.median(done))) if len(done) else zero
    on = ceil((half - zero) / timedelta(days=1)) if day is None else day
    latest = _horizon(result) if "horizon" in result.about else datetime.max
    first, last = ((moment - zero) / timedelta(days=1) for moment in (result.scenario.start, latest))
    if not first <= on <= last:
        raise RequestError(f"the map shows a day from {first:.0f} to {last:.0f}, got {on:g}")
    return site_map(result.scenario, states, on)


def _longest(result: Result, asked: str, column: "pd.Series[str]", what: str, plural: str) -> str:
    """The one that is asked for, or that was waited for longest."""
    names = list(dict.fromkeys(column))
    if asked:
        return known(asked, names, what, plural)
    return next((name for name in _waited(result)["cause"] if name in names), names[0] if names else "")


def level(result: Result, supply: str = "") -> Chart:
    """How much of a supply was in stock over time, when it was delivered, and when something waited for it."""
    name = _longest(result, supply, result.tables["supplies"]["supply"], "supply", "supplies")
    return stock(result.scenario, result.tables, name, end(result))


def use(result: Result, resource: str = "") -> Chart:
    """How many units of a resource were at work over time, and how many there were."""
    name = _longest(result, resource, result.tables["usage"]["resource"], "resource", "resources")
    return at_work(result.scenario, result.tables["usage"], name)


CHARTS = {
    "overview": overview,
    "s-curve": s_curve,
    "milestones": dates_chart,
    "waits": waits_chart,
    "gantt": gantt_chart,
    "map": map_chart,
    "level": level,
    "use": use,
}
