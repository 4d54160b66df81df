"""Why a milestone is when it is, as it is printed: its days by cause, what is critical, and the story of one build."""

from collections.abc import Hashable, Iterator
from itertools import zip_longest
from math import isfinite
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.document.causes import spent_on
from dcsim.document.words import NEVER, counted, date_of, day, listed
from dcsim.network import Network
from dcsim.report.layout import below, headline, table_of
from dcsim.study.explain import Explanation
from dcsim.study.unfinished import never

MOST_CAUSES = 12
"""Causes that are printed."""
MOST_CRITICAL = 4
"""Things of one kind of which it is printed how often they drive."""
MOST_LINES = 20
"""Lines of the story; the shortest parts are told together where there are more."""
MINOR = 0.001
"""Parts of the whole that are shorter are always told together."""


def explanation_report(result: Explanation) -> Group:
    """Everything that `dcsim explain` tells."""
    return Group(*_head(result), _days(result), _critical(result), _story(result))


def _head(result: Explanation) -> Iterator[RenderableType]:
    about = result.findings.about
    told = [result.milestone, counted(result.many.n, "replication"), f"seed {result.many.seed}"]
    yield headline(result.scenario, *told)
    p50, p80 = (_dated(result, level) for level in (0.5, 0.8))
    yield Text(f"P50 is {p50}, P80 {p80}")
    if isfinite(result.bias):
        yield Text(f"with expected values it is day {day(result.expected_day)}: {_beside_median(result)}")
    if about["reached"] < 1:
        stuck = result.many.stuck
        for line in never(stuck[stuck["milestone"] == result.milestone], result.many.n):
            yield Text(line + ("" if about["reached"] == 0 else " (these builds are left out)"))


def _beside_median(result: Explanation) -> str:
    """How the median lies beside the build with expected values, and what that comes from."""
    bias, parts = result.bias, result.biases
    said = "as the P50, within a day" if abs(bias) < 1 else f"the P50 is {abs(bias):.0f} days {_side(bias)}"
    told = []
    for name, days in sorted(parts.items(), key=lambda part: -abs(part[1])):
        if abs(days) >= max(0.5, result.noise if name == "merging" else 0):
            told.append(f"{days:+.0f} because {_because(result, name, days)}")
    if told and sum(abs(days) >= 0.5 for days in parts.values()) > len(told):
        told.append("the rest is chance")
    return said + (f": {'; '.join(told)}" if told else "")


def _side(days: float) -> str:
    return "later" if days > 0 else "earlier"


def _because(result: Explanation, part: str, days: float) -> str:
    """What a part of the bias comes from."""
    if part == "risks":
        what = "risks or branches" if result.network.branches else "risks"
        return f"{what} happen that expected values leave out" if days > 0 else f"{what} do not happen that they count"
    if part == "merging":
        return f"of several things the latest decides ({listed(_joins(result.network))})"
    return f"its days are skewed: the median is {_side(days)} than the mean"


def _joins(network: Network) -> list[str]:
    """Where in a network one thing waits for several."""
    takes = any(demand.requirements or demand.consumes for demand in network.demands)
    found = {
        "merging paths": bool((network.needed > 1).any()),
        "waiting for resources and supplies": takes,
        "closed calendars": len(network.working_times) > 1,
    }
    return [name for name, there in found.items() if there] or ["rounding to whole minutes"]


def _dated(result: Explanation, level: float) -> str:
    number = result.many.interval(result.milestone, level).estimate
    date = date_of(result.many.date_by(result.milestone, level))
    return f"day {day(number)} ({date})" if isfinite(number) else NEVER


def _days(result: Explanation) -> RenderableType:
    """What the days are made of, most first."""
    days = result.days
    if days.empty:
        return below("", Text("The milestone is not reached in any replication."))
    table = table_of("days are spent on", ">mean", ">P10", ">P90", ">on chain")
    rows = days[days["mean"].abs() >= 0.05].to_dict("records")
    for row in rows[:MOST_CAUSES]:
        numbers = [f"{row[name]:,.1f}" for name in ("mean", "p10", "p90")]
        table.add_row(*map(Text, (spent_on(row["kind"], row["name"]), *numbers, f"{row['index']:.0%}")))
    rest = days["mean"].sum() - sum(row["mean"] for row in rows[:MOST_CAUSES])
    if abs(rest) >= 0.05:
        table.add_row(Text("everything else"), Text(f"{rest:,.1f}"), Text(""), Text(""), Text(""))
    table.add_row(Text("mean day", style="bold"), Text(f"{days['mean'].sum():,.1f}", style="bold"))
    closed = "Nights and days off inside work count for the calendar that is closed."
    notes = [Text(closed, style="dim")] if (days["kind"] == "calendar").any() else []
    return below("What its days are made of, on average", table, *notes)


def _critical(result: Explanation) -> RenderableType:
    """What drives it most often."""
    table = table_of("what", "kind", ">on chain", ">95 %")
    for kind, part in result.criticality[result.criticality["index"] > 0].groupby("kind", sort=False):
        for row in part.head(MOST_CRITICAL).to_dict("records"):
            cells = (row["name"], str(kind), f"{row['index']:.0%}", f"{row['low']:.0%} - {row['high']:.0%}")
            table.add_row(*map(Text, cells))
    return below("Most often on the driving chain", table)


def _story(result: Explanation) -> RenderableType:
    """The driving chain of one build in order of time."""
    if result.segments.empty:
        return below(
            "", Text("There is no chain to tell: the milestone is reached at the start of this build, or never.")
        )
    table = table_of("from", ">days", "the chain", "where")
    for line in _lines(result.segments.to_dict("records")):
        table.add_row(*map(Text, line))
    which = "the build with expected values" if result.told is None else f"replication {result.told}"
    end = result.segments.iloc[-1]["to"]
    return below(f"The story of {which}: reached on {end:%Y-%m-%d %H:%M}", table)


def _lines(rows: list[dict[Hashable, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """One line for what follows each other about the same thing; the shortest are told with what is before them."""
    stretches = list(_stretches(rows))
    lengths = sorted((_days_of(part) for part in stretches), reverse=True)
    shortest = max(lengths[MOST_LINES] if len(lengths) > MOST_LINES else 0.0, MINOR * sum(lengths))
    minor: list[dict[Hashable, Any]] = []
    for part in stretches:
        days = _days_of(part)
        if 0 < days <= shortest:
            minor += part
            continue
        if minor:
            yield _minor(minor)
            minor = []
        first, closed = part[0], sum(row["days"] for row in part if row["kind"] == "calendar")
        told = spent_on(first["kind"], first["name"]) if days else f"{first['name']}: there at the start"
        if closed and first["kind"] != "calendar":
            told += f", {closed:,.1f} of it closed"
        yield f"{first['from']:%Y-%m-%d}", f"{days:,.1f}", told, _where(part)
    if minor:
        yield _minor(minor)


def _stretches(rows: list[dict[Hashable, Any]]) -> Iterator[list[dict[Hashable, Any]]]:
    """What follows each other about the same thing; a night stands with the work that it interrupts."""
    stretch: list[dict[Hashable, Any]] = []
    for row, following in zip_longest(rows, rows[1:]):
        what = (row["kind"], row["name"])
        resumed = row["kind"] == "calendar" and following is not None and _what(stretch) == _what([following])
        if stretch and _what(stretch) != what and not resumed:
            yield stretch
            stretch = []
        stretch.append(row)
    yield stretch


def _what(stretch: list[dict[Hashable, Any]]) -> tuple[Any, Any] | None:
    return (stretch[0]["kind"], stretch[0]["name"]) if stretch else None


def _days_of(part: list[dict[Hashable, Any]]) -> float:
    return float(sum(row["days"] for row in part))


def _minor(rows: list[dict[Hashable, Any]]) -> tuple[str, str, str, str]:
    kinds = list(dict.fromkeys(str(row["name"]) for row in rows))
    told = ", ".join(kinds[:3]) + (" ..." if len(kinds) > 3 else "")
    return f"{rows[0]['from']:%Y-%m-%d}", f"{sum(row['days'] for row in rows):,.1f}", f"in turns: {told}", _where(rows)


def _where(rows: list[dict[Hashable, Any]]) -> str:
    """Who worked or waited where; of several the first, and how many there were."""
    first = rows[0]
    own = first["activity"] if first["activity"] != first["name"] else ""
    place = first["place"] if first["place"] != "site" else ""
    told = " in ".join(part for part in (own, place) if part)
    places = len({(row["activity"], row["place"]) for row in rows})
    return f"{told} and {places - 1} more" if places > 1 else told
