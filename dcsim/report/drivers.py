"""What moves a date, as it is printed: the inputs in order of importance, with days, ranks, shares and intervals."""

from math import inf, isinf, isnan
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from dcsim.document.words import NEVER, UNKNOWN, date_of, day, listed
from dcsim.report.layout import below, headline, table_of
from dcsim.study.drivers import Drivers
from dcsim.study.inputs import ACTIVITY, BRANCH, FACTOR, ORDER, PLACES, RISK

NOTHING = 0.05
"""Days below which a swing is none."""
NO_SHARE = 0.005
"""A share of the variance below which it is none."""

_LEGEND = (
    "low, high: days by which the mean moves with the input at its P10, its P90;",
    "  with a risk that does not occur, that does; with a branch on its first, its last\n  way; all others at random",
    "ranks: correlation by ranks with the day (of a risk: whether it occurs)",
    "first, total: shares of the variance, alone and with all interactions",
    "known: days by which what has to be reckoned with narrows once the input is",
    "  known: the mean of the latest fifth of builds, beyond the P80; ±: 95 %",
)

MANY = 10
"""Days from which on they are told without a fraction."""

Row = dict[str, Any]


def drivers_report(result: Drivers, seconds: float) -> Group:
    """Everything that `dcsim drivers` tells, of builds that took so many seconds."""
    rows = [{str(key): value for key, value in row.items()} for row in result.drivers.to_dict("records")]
    moving = [row for row in rows if _moves(row)]
    parts = [_headline(result, seconds), below("", *map(Text, _in_words(result, moving)))]
    if moving:
        parts.append(below("", _table(moving), *(Text(line, style="dim") for line in _LEGEND)))
    still = [str(row["input"]) for row in rows if not _moves(row)]
    if still:
        parts.append(below("", Text(f"Not moving it: {listed(still, len(still))}")))
    return Group(*parts)


def _moves(row: Row) -> bool:
    return bool(not row["total"] < NO_SHARE or row["swing"] >= NOTHING)


def _headline(result: Drivers, seconds: float) -> RenderableType:
    title = headline(result.scenario, result.milestone, f"seed {result.seed}")
    about, network = result.about, result.network
    p80 = about["p80"]
    date = NEVER if isinf(p80) else f"on day {day(p80)}, {date_of(result.p80_date)}"
    spread = f"day {day(about['mean'])} on average, sd {about['sd']:.1f} d, P80 {date}"
    builds = f"{about['builds']:,} builds, {seconds:.1f} s, {result.engine} engine; day 0 is {network.zero:%Y-%m-%d}"
    return Group(title, Text(spread), Text(builds, style="dim"))


def _forward(row: Row) -> str:
    """By how many days the P80 would come earlier if an input were known, or that it cannot be told from nothing."""
    if row["p80_sooner_low"] <= 0 <= row["p80_sooner_high"]:
        return "where it was, as far as can be told"
    return f"{row['p80_sooner']:.1f} d sooner"


def _in_words(result: Drivers, moving: list[Row]) -> list[str]:
    """What moves it most, what the inputs explain alone, and what the numbers leave out."""
    about = result.about
    if not moving:
        return [f"Nothing uncertain moves {result.milestone}."]
    said = [f"What moves {result.milestone} most is {_named(moving[0])}{_by(moving[0])}."]
    alone = about["alone"]
    if isnan(alone):
        said.append(f"Not all shares of the variance are known from so few builds: ask for -n {2 * result.n} or more.")
    else:
        said.append(f"Alone, the inputs explain {alone:.0%} of the variance; {1 - alone:.0%} comes from interactions.")
    if result.network.mixtures:
        said.append(
            "Some inputs are correlated. Each is varied by what it has of its own: what it shares counts for the one "
            "that comes first, of coarser places or by name. All numbers below are meant so, and are no shares of what "
            "an input would explain by itself."
        )
    best = max(moving, key=lambda row: -inf if isnan(row["information"]) else row["information"])
    if best["information_low"] > 0:
        said.append(
            f"Worth finding out before a date is promised: {_named(best)}. The build is no shorter for it, but of "
            f"those that are alike in it the latest fifth lies {best['information']:.1f} d sooner on average, and the "
            f"P80 {_forward(best)}."
        )
    if about["reached"] < 1:
        date = result.network.date(result.network.horizon)
        said.append(
            f"{1 - about['reached']:.1%} of the builds do not reach it by {date:%Y-%m-%d}. They count as if they did "
            "on that day: the true mean, spread and days are larger."
        )
    return [line.replace("%", " %") for line in said]


def _named(row: Row) -> str:
    name = row["input"]
    names = {
        FACTOR: f"the factor {name}",
        RISK: f"the risk {name}",
        BRANCH: f"the branch {name}",
        ORDER: f"the order {name}",
        ACTIVITY: f"the duration of {name}",
        PLACES: "chance place by place",
    }
    return names[row["kind"]]


def _by(row: Row) -> str:
    """How far both ends of an input move the mean."""
    if isnan(row["low_day"]):
        return ""
    known = {RISK: ("without it", "with it"), BRANCH: ("on its first way", "on its last way")}
    ends = known.get(row["kind"], ("at its P10", "at its P90"))
    return ": " + ", ".join(
        f"{abs(days):.1f} d {'earlier' if days < 0 else 'later'} {end}"
        for days, end in zip((row["low_day"], row["high_day"]), ends, strict=True)
    )


def _table(rows: list[Row]) -> RenderableType:
    table = table_of("input", ">low", ">high", ">ranks", ">first", ">total", ">known")
    for row in rows:
        cells = [str(row["input"]), *(_days(row[end]) for end in ("low_day", "high_day"))]
        cells += [_with_interval(row, name, 2) for name in ("correlation", "first", "total")]
        cells.append(_with_interval(row, "information", 1 if abs(row["information"]) < MANY else 0))
        table.add_row(*map(Text, cells))
    return table


def _days(days: float) -> str:
    if isnan(days):
        return ""
    told = _rounded(days, 1 if abs(days) < MANY else 0)
    return f"+{told}" if days > 0 and float(told) else told


def _with_interval(row: Row, name: str, digits: int) -> str:
    """An estimate and half its interval; nothing for what has none, `?` for what so few builds do not tell."""
    if isnan(row[name]):
        return UNKNOWN if name in ("first", "total") else ""
    half = (row[f"{name}_high"] - row[f"{name}_low"]) / 2
    return f"{_rounded(row[name], digits)}±{half:.{digits}f}"


def _rounded(number: float, digits: int) -> str:
    """A number without the sign of a zero."""
    return f"{round(number, digits) + 0.0:.{digits}f}"
