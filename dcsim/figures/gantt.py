"""When every activity was at work, and where: a row for each, and in it a lane for each place of an upper level."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from dcsim.charts import style
from dcsim.charts.dates import Clock, Floats, date_axis, days_above
from dcsim.charts.style import plain, styled
from dcsim.errors import RequestError
from dcsim.figures.panels import binned
from dcsim.places import SITE
from dcsim.suggest import nearest

if TYPE_CHECKING:
    import pandas as pd

BINS = 720
"""Spans of time for which it is told how many places are at work."""
MOST_LANES = 12
"""Places that are told apart in a row."""
MOST_ROWS = 60
COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.RED, style.PURPLE, style.SKY)
PALEST = 0.35
"""How much of its colour a lane shows while one of very many is at work."""


@styled
def gantt(activities: "pd.DataFrame", ax: Axes, place: str | None = None) -> Axes:
    """When activities were at work: a row each in the order of their first start, the darker the more places were.

    Each row has a lane for every place of the uppermost levels that can be told apart: the phases and halls of the
    site, or what is inside `place`; all that happens deeper inside is a density. For a place with nothing inside it,
    such as a rack, bars show when its own activities and those of the places around it were waiting and at work.

    `activities` is that of a run. Raises RequestError where there is no such place.
    """
    inside = _inside(activities, place)
    started = inside[inside["start"].notna()]
    if started.empty:
        return style.nothing(ax, "nothing has started")
    clock = Clock.of(activities)
    end = float(max(started["start"].max(), inside["finish"].max() if inside["finish"].notna().any() else 0))
    started = started.assign(end=started["finish"].fillna(end).astype("int64"), begin=started["start"].astype("int64"))
    order = started.groupby("activity", sort=False)["begin"].min().sort_values(kind="stable").index[:MOST_ROWS]
    if place is not None and not activities["place"].str.startswith(f"{place}/").any():
        _bars(started, list(order), clock, ax)
    else:
        _lanes(started, list(order), place, clock, ax)
    begin = clock.date(float(started["begin"].min()))
    last = clock.date(end)
    ax.set_xlim(begin - 0.01 * (last - begin), last + max(0.02 * (last - begin), 1 / 1440))
    style.rows(ax, [plain(str(name)) for name in order])
    date_axis(ax)
    days_above(ax, clock)
    return ax


def _inside(activities: "pd.DataFrame", place: str | None) -> "pd.DataFrame":
    """What happens in a place, or around it."""
    if place in (None, SITE):
        return activities
    places = activities["place"]
    within = (places == place) | places.str.startswith(f"{place}/")
    if not within.any():
        known = sorted({part for path in places.unique() for part in _upwards(path)} - {SITE})
        raise RequestError(f"no place '{plain(str(place), 60)}'{nearest(str(place), known, 'places')}")
    around = places.isin([SITE, *_upwards(str(place))[:-1]])
    here: pd.Series[bool] = within | (around & (activities["start"] <= activities["finish"][within].max()))
    return activities[here.fillna(False)]


def _upwards(path: str) -> list[str]:
    """A place and all around it, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[: k + 1]) for k in range(len(parts))]


def lane_depth(places: Sequence[str], place: str | None = None) -> int:
    """How many levels down the places can still be told apart; at least to `place`.

    A level counts those of its places that have more inside them, where any has: phases, not generators.
    """
    depth = _depth(place)
    paths = [path.split("/") for path in places if path != SITE]
    for level in range(depth + 1, max([len(path) for path in paths], default=0) + 1):
        here = {tuple(path[:level]) for path in paths if len(path) >= level}
        deep = {tuple(path[:level]) for path in paths if len(path) > level}
        if len(deep or here) > MOST_LANES:
            break
        depth = level
    return depth


def _depth(place: str | None) -> int:
    return 0 if place in (None, SITE) else str(place).count("/") + 1


def _lanes(started: "pd.DataFrame", order: list[str], place: str | None, clock: Clock, ax: Axes) -> None:
    """Densities: for every activity and lane how many of its places were at work when."""
    outer, depth = _depth(place), lane_depth(list(started["place"].unique()), place)
    lane_of = {path: "/".join(path.split("/")[:depth]) if path != SITE else "" for path in started["place"].unique()}
    branches: dict[str, list[str]] = {}
    for lane in _told_apart(lane_of, depth) if depth > outer else ():
        branches.setdefault("/".join(lane.split("/")[: outer + 1]), []).append(lane)
    colours = {branch: COLOURS[k % len(COLOURS)] for k, branch in enumerate(branches)}
    first, last = float(started["begin"].min()), float(started["end"].max())
    edges = np.linspace(first, last + max((last - first) / BINS, 1), BINS + 1)
    for row, activity in enumerate(order):
        part = started[started["activity"] == activity]
        spread = {str(lane): here for lane, here in part.groupby(part["place"].map(lane_of), sort=False)}
        if len(spread) > MOST_LANES:
            spread = {"": part}
        densities = {lane: _density(here, edges) for lane, here in spread.items()}
        most, height = max(float(density.max()) for density in densities.values()), 0.8 / len(densities)
        for number, (lane, density) in enumerate(densities.items()):
            branch = "/".join(lane.split("/")[: outer + 1])
            other = style.INK if place is None else style.BLUE if lane.count("/") + 1 >= outer and lane else style.GREY
            top = row - 0.4 + number * height
            _shade(density / most, colours.get(branch, other), clock.dates(edges), top, height, ax)
    if any(members != [branch] for branch, members in branches.items()) or len(branches) > 1:
        handles = [Patch(color=colour) for colour in colours.values()]
        style.legend_above(ax, handles, [_branch(*branch) for branch in branches.items()], lift=19)


def _told_apart(lane_of: Mapping[str, str], depth: int) -> list[str]:
    """The lanes of this level, or those of them that have more inside where any has."""
    here = [lane for lane in dict.fromkeys(lane_of.values()) if lane and lane.count("/") + 1 == depth]
    deep = {lane for path, lane in lane_of.items() if path != lane}
    return [lane for lane in here if lane in deep] or here


def _branch(name: str, members: list[str]) -> str:
    """A branch as the legend tells it: its name, and what its lanes are from top to bottom."""
    ends = [one.rpartition("/")[2] for one in members]
    if members == [name]:
        return plain(name)
    return plain(f"{name}, {ends[0]} to {ends[-1]} downwards" if len(ends) > 1 else members[0], 44)


def _density(part: "pd.DataFrame", edges: Floats) -> Floats:
    """How many were at work in each span, the shortest work included."""
    width = edges[1] - edges[0]
    begin = part["begin"].to_numpy(np.float64)
    end = np.maximum(part["end"].to_numpy(np.float64), begin + width)
    return binned([(a, b, 1) for a, b in zip(begin.tolist(), end.tolist(), strict=True)], edges)


def _shade(share: Floats, colour: str, dates: Floats, top: float, height: float, ax: Axes) -> None:
    """A lane, the darker the larger the share; nothing where nobody is at work."""
    strength = np.where(share > 1e-9, PALEST + (1 - PALEST) * np.sqrt(share), 0)
    image = np.ones((1, len(share), 4))
    image[0, :, :3] = np.array(to_rgb(colour))
    image[0, :, 3] = strength
    gap = min(0.12 * height, 0.03)
    extent = (float(dates[0]), float(dates[-1]), top + height - gap, top + gap)
    ax.imshow(image, extent=extent, aspect="auto", interpolation="nearest", zorder=2)


def _bars(started: "pd.DataFrame", order: list[str], clock: Clock, ax: Axes) -> None:
    """Bars: of one place, pale while an activity was ready and waited, full while it was at work."""
    for row, activity in enumerate(order):
        for one in started[started["activity"] == activity].to_dict("records"):
            ready, begin, end = (clock.date(float(one[name])) for name in ("ready", "begin", "end"))
            around = "/" in str(one["place"])
            ax.barh(row, begin - ready, left=ready, height=0.18, color=style.GREY)
            bar = ax.barh(row, max(end - begin, 1e-3), left=begin, height=0.62)
            bar[0].set_color(style.BLUE if around else style.SKY)
    handles = [Patch(color=style.BLUE), Patch(color=style.SKY), Patch(color=style.GREY)]
    style.legend_above(ax, handles, ["here", "for the whole site", "ready, but waiting"], lift=19)
