"""What carries the dates, as it is printed: how far each assumption moves each milestone, low and high."""

import math
from collections.abc import Sequence

from rich import box
from rich.console import Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dcsim.dates import days_between
from dcsim.document.words import written
from dcsim.report.layout import headline
from dcsim.study.assumptions import ASSUMED, DISTRIBUTED, FITTED, HIGH, LOW, Assumption, Assumptions
from dcsim.suggest import shorten

MOST_MILESTONES = 7
"""Milestones that fit beside each other in 80 columns."""
MOST_SHOWN = 12
"""Assumptions that are printed, unless all are asked for."""
NOTHING = 0.05
"""Days below which a shift is printed as none."""

_WIDTH, _ROOM = 7, 24
_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("", "right"),
    ("milestone", "left"),
    ("day", "right"),
    ("observed on day", "left"),
)


def assumptions_report(result: Assumptions, most: int | None = MOST_SHOWN) -> Group:
    """The milestones by number, then the assumptions that move them most, each with a row for low and high."""
    moving = [k for k in result.order if result.largest(k) >= NOTHING]
    shown = moving if most is None else moving[:most]
    parts: list[RenderableType] = [_headline(result), Text(""), _milestones(result), Text(""), _heading(result)]
    for number in shown:
        parts += _one(result, number)
    return Group(*parts, Text(""), *_rest(result, moving, len(shown)))


def _headline(result: Assumptions) -> RenderableType:
    told = "Each assumption alone at its low and its high value: how many days later the milestones are."
    return Group(headline(result.scenario, "expected values"), Text(told))


def _milestones(result: Assumptions) -> Table:
    """Which milestone has which number, its day, and the days on which it was observed."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for heading, justify in _COLUMNS:
        table.add_column(heading, justify=justify)
    zero = result.scenario.zero
    for number, name in enumerate(result.milestones[:MOST_MILESTONES], start=1):
        reached = result.days[name]
        dates = [one.date for one in result.scenario.milestones[name].observed]
        observed = ", ".join(dict.fromkeys(f"{days_between(zero, date):,}" for date in dates))
        table.add_row(str(number), name, "never" if math.isinf(reached) else f"{reached:,.1f}", observed)
    return table


def _heading(result: Assumptions) -> Text:
    count = min(len(result.milestones), MOST_MILESTONES)
    numbers = "".join(f"{number:>{_WIDTH}}" for number in range(1, count + 1))
    return Text(" " * (_ROOM + 6) + numbers, style="dim")


def _one(result: Assumptions, number: int) -> list[RenderableType]:
    """One assumption: where it stands with its value, why it is so, and both its rows."""
    one = result.assumptions[number]
    value = Text.assemble((one.path, "bold"), f" = {shorten(written(one.value), 60)}")
    parts: list[RenderableType] = [value, Padding(Text(_why(one), style="dim"), (0, 0, 0, 2), expand=False)]
    for side, (end, at) in enumerate(((LOW, one.low), (HIGH, one.high))):
        if at is not None:
            shifts = result.shifts[number, side].tolist()[:MOST_MILESTONES]
            parts.append(Text(f"  {end:<4} {shorten(written(at), _ROOM - 2):<{_ROOM - 1}}{_cells(shifts)}"))
    return parts


def _why(one: Assumption) -> str:
    said = {FITTED: "fitted", ASSUMED: "assumed", DISTRIBUTED: "P10 and P90"}.get(one.kind, one.source)
    if one.kind == DISTRIBUTED and one.source:
        said += f" of {one.source}"
    if one.kind == FITTED and one.source:
        said += f", prior range from {one.source}"
    return f"{said}: {one.reason}" if one.reason else said


def _cells(shifts: Sequence[float]) -> str:
    return "".join(f"{_shift(days):>{_WIDTH}}" for days in shifts)


def _shift(days: float) -> str:
    """So many days later: a dot for none, `never` where it is reached no more, `comes` where it is after all."""
    if math.isinf(days):
        return "never" if days > 0 else "comes"
    if abs(days) < NOTHING:
        return "."
    return f"{days:+.1f}" if abs(days) < 10 else f"{days:+.0f}"


def _rest(result: Assumptions, moving: Sequence[int], shown: int) -> list[RenderableType]:
    """What is not printed."""
    said = []
    if len(moving) > shown:
        said.append(f"{len(moving) - shown} more move them less: --all prints them.")
    still = len(result.assumptions) - len(moving)
    if still:
        said.append(f"{still} of {len(result.assumptions)} move none of these milestones.")
    beside = result.milestones[MOST_MILESTONES:]
    if beside:
        said.append(f"Not shown: {', '.join(beside)}; choose with --milestone.")
    return [Text(line) for line in said]
