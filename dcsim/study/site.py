"""Charts of one run by place: when every activity was at work where, and how far every rack is on a day."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcsim.analysis.site import laid_out
from dcsim.analysis.states import STATES, States
from dcsim.analysis.waits import binned
from dcsim.dates import ended
from dcsim.document.chart import Axis, Bars, Cells, Chart, Dots, Mark
from dcsim.document.colours import PROGRESS
from dcsim.document.names import labelled
from dcsim.document.words import counted, date_of, day
from dcsim.errors import RequestError
from dcsim.places import SITE
from dcsim.scenario.schema import Scenario
from dcsim.study.curves import moments
from dcsim.study.labels import with_labels
from dcsim.suggest import nearest, shorten

BINS = 360
"""Spans of time, for each of which the number of places at work is counted."""
MOST_LANES = 12
"""Places that a row shows apart."""
MOST_ROWS = 60
MOST_DELIVERED = 12
"""Supplies whose deliveries are shown."""
COLOURS = ("blue", "orange", "green", "red", "purple", "sky")
SHADES = ((0.5, 1.0), (0.15, 0.7), (0.0, 0.4))
"""Above which share of the places that are at work at most a lane has which opacity, the darkest first."""


class Lane(NamedTuple):
    """What happens of one activity in a place and all that is inside."""

    activity: str
    place: str
    row: float
    """The middle of the lane."""
    height: float
    rows: pd.DataFrame


def gantt(scenario: Scenario, activities: pd.DataFrame, deliveries: pd.DataFrame, place: str = "") -> Chart:
    """When activities were at work: a row each in the order of their first start, the darker the more places were.

    Each row has a lane for every place of the uppermost levels that can be shown apart: the phases and halls of the
    site, or what is inside `place`; all that happens deeper inside is a density. For a place with nothing inside it,
    such as a rack, bars show when its own activities and those of the places around it were waiting and at work. Below
    stand the deliveries of every supply.

    Raises
    ------
    RequestError
        There is no such place.
    """
    inside = _inside(activities, place)
    started = inside[inside["start"].notna()]
    title = f"Activities in {place}" if place not in ("", SITE) else "Activities, by place"
    if started.empty:
        return Chart(title, empty="no activity has started")
    last = int(max(started["start"].max(), inside["finish"].max() if inside["finish"].notna().any() else 0))
    started = started.assign(end=started["finish"].fillna(last).astype("int64"), begin=started["start"].astype("int64"))
    first = started.groupby("activity", sort=False)["begin"].min().sort_values(kind="stable")
    order = labelled(list(first.index[:MOST_ROWS]), scenario.labels)
    if place and place != SITE and not activities["place"].str.startswith(f"{place}/").any():
        marks = list(_bars(scenario, started, order))
    else:
        marks = list(_shaded(scenario, started, order, place))
    supplies, arrived = _arrived(scenario, deliveries, place, len(order), last)
    shown = labelled(supplies[:MOST_DELIVERED], scenario.labels)
    summary = f"When {counted(len(order), 'activity')} began and ended, by place."
    explanation = "Each row has a lane for each place; a darker lane means more work in progress there."
    left = started["activity"].nunique() - len(order)
    if left > 0:
        title += f": the first {len(order)} of {len(order) + left}"
    if len(supplies) > len(shown):
        explanation += f" Of deliveries, the {len(shown)} supplies of {len(supplies)} that come first are shown."
    rows = Axis("rows", names=[*order, *(f"{name}: deliveries" for name in shown)])
    return Chart(title, Axis("date"), rows, [*marks, *arrived], explanation, summary, scenario.zero)


def _inside(activities: pd.DataFrame, place: str) -> pd.DataFrame:
    """What happens in a place, or around it."""
    if place in ("", SITE):
        return activities
    places = activities["place"]
    within = (places == place) | places.str.startswith(f"{place}/")
    if not within.any():
        places_inside = sorted({part for path in places.unique() for part in _upwards(path)} - {SITE})
        raise RequestError(f"no place '{shorten(place)}'{nearest(place, places_inside, 'places')}")
    around = places.isin([SITE, *_upwards(place)[:-1]])
    shown: pd.Series[bool] = within | (around & (activities["start"] <= activities["finish"][within].max()))
    return activities[shown.fillna(False)]


def _upwards(path: str) -> list[str]:
    """A place and all around it, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[: k + 1]) for k in range(len(parts))]


def lane_depth(places: Sequence[str], place: str = "") -> int:
    """How many levels down the places can still be shown apart; at least to `place`.

    A level counts those of its places that have more inside them, where any has: phases, not generators.
    """
    depth = _depth(place)
    paths = [path.split("/") for path in places if path != SITE]
    for level in range(depth + 1, max([len(path) for path in paths], default=0) + 1):
        in_level = {tuple(path[:level]) for path in paths if len(path) >= level}
        deep = {tuple(path[:level]) for path in paths if len(path) > level}
        if len(deep or in_level) > MOST_LANES:
            break
        depth = level
    return depth


def _depth(place: str) -> int:
    return 0 if place in ("", SITE) else place.count("/") + 1


def _lanes(started: pd.DataFrame, order: Sequence[str], lane_of: Mapping[str, str]) -> Iterator[Lane]:
    """The lanes of all rows from top to bottom; a row with too many of them has a single one."""
    parts = dict(iter(started.groupby("activity", sort=False)))
    for row, activity in enumerate(order):
        part = parts[activity]
        spread = {str(lane): rows for lane, rows in part.groupby(part["place"].map(lane_of), sort=False)}
        if len(spread) > MOST_LANES:
            spread = {"": part}
        height = 0.8 / len(spread)
        for number, (lane, rows) in enumerate(spread.items()):
            yield Lane(activity, lane, row - 0.4 + (number + 0.5) * height, height, rows)


def _shaded(scenario: Scenario, started: pd.DataFrame, order: Sequence[str], place: str) -> Iterator[Bars]:
    """Densities: for every activity and lane when how many of its places were at work."""
    outer, depth = _depth(place), lane_depth(list(started["place"].unique()), place)
    lane_of = {path: "/".join(path.split("/")[:depth]) if path != SITE else "" for path in started["place"].unique()}
    branches: dict[str, list[str]] = {}
    for name in _told_apart(lane_of, depth) if depth > outer else ():
        branches.setdefault("/".join(name.split("/")[: outer + 1]), []).append(name)
    looks = _looks(branches, place)
    first, last = int(started["begin"].min()), int(started["end"].max())
    edges = np.linspace(first, last + max((last - first) / BINS, 1), BINS + 1)
    lanes: dict[str, list[tuple[Lane, NDArray[np.float64]]]] = {}
    for lane in _lanes(started, order, lane_of):
        branch = "/".join(lane.place.split("/")[: outer + 1])
        lanes.setdefault(branch if branch in looks else "", []).append((lane, _density(lane.rows, edges)))
    most: dict[str, float] = {}
    for lane, density in (cell for part in lanes.values() for cell in part):
        most[lane.activity] = max(most.get(lane.activity, 0), float(density.max()))
    for branch, look in looks.items():
        for (above, opacity), (under, _) in zip(SHADES, ((np.inf, 1.0), *SHADES[:-1]), strict=True):
            shares = [(lane, density / most[lane.activity]) for lane, density in lanes.get(branch, ())]
            stretches = [
                (lane, begin, end)
                for lane, share in shares
                for begin, end in _stretches((share > max(above, 1e-9)) & (share <= under))
            ]
            if stretches:
                yield _stretched(scenario, stretches, edges, look, opacity)


def _looks(branches: Mapping[str, list[str]], place: str) -> dict[str, tuple[str, str]]:
    """Name and colour of what happens in each branch of places, and last of what happens around them."""
    has_lanes = any(members != [branch] for branch, members in branches.items()) or len(branches) > 1
    looks = {
        branch: (_branch(branch, members) if has_lanes else "", COLOURS[number % len(COLOURS)])
        for number, (branch, members) in enumerate(branches.items())
    }
    if _depth(place):
        return looks | {place: ("here", "blue"), "": ("around this place", "grey")}
    return looks | {"": ("for the whole site", "grey") if has_lanes else ("", "blue")}


def _stretched(
    scenario: Scenario,
    stretches: Sequence[tuple[Lane, int, int]],
    edges: NDArray[np.float64],
    look: tuple[str, str],
    opacity: float,
) -> Bars:
    """Stretches of lanes between edges, in one look."""
    texts = {id(lane): _lane_text(scenario, lane) for lane, _, _ in stretches}
    at = np.array([(begin, end) for _, begin, end in stretches])
    start, end = (moments(scenario, edges[at[:, k]]) for k in (0, 1))
    return Bars(
        rows=[lane.row for lane, _, _ in stretches],
        start=start,
        end=end,
        height=[0.88 * lane.height for lane, _, _ in stretches],
        notes=[texts[id(lane)] for lane, _, _ in stretches],
        opacity=opacity,
        name=look[0],
        colour=look[1],
    )


def _stretches(present: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """From where until before where something holds."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    yield from zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)


def _lane_text(scenario: Scenario, lane: Lane) -> str:
    """What happens in a lane, in words."""
    begin = scenario.start + timedelta(minutes=int(lane.rows["begin"].min()))
    end = scenario.start + timedelta(minutes=int(lane.rows["end"].max()))
    until = date_of(ended(begin, end)) if lane.rows["finish"].notna().all() else "unfinished"
    many = f" ({len(lane.rows):,} x)" if len(lane.rows) > 1 else ""
    return f"{lane.activity}{f' in {lane.place}' if lane.place else ''}{many}: {date_of(begin)} to {until}"


def _told_apart(lane_of: Mapping[str, str], depth: int) -> list[str]:
    """The lanes of this level, or those of them that have more inside where any has."""
    lanes = [lane for lane in dict.fromkeys(lane_of.values()) if lane and lane.count("/") + 1 == depth]
    deep = {lane for path, lane in lane_of.items() if path != lane}
    return [lane for lane in lanes if lane in deep] or lanes


def _branch(name: str, members: list[str]) -> str:
    """A branch as the legend tells it: its name, and what its lanes are from top to bottom."""
    ends = [member.rpartition("/")[2] for member in members]
    if members == [name]:
        return name
    return f"{name}, {ends[0]} to {ends[-1]} downwards" if len(ends) > 1 else members[0]


def _density(part: pd.DataFrame, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many were at work in each span, the shortest work included."""
    begin = part["begin"].to_numpy(np.float64)
    end = np.maximum(part["end"].to_numpy(np.float64), begin + (edges[1] - edges[0]))
    return binned([(a, b, 1) for a, b in zip(begin.tolist(), end.tolist(), strict=True)], edges)


def _bars(scenario: Scenario, started: pd.DataFrame, order: Sequence[str]) -> Iterator[Bars]:
    """Bars of one place: thin while an activity was ready and waited, full while it was at work."""
    shown = started[started["activity"].isin(order)]
    deep = shown["place"].str.contains("/", regex=False)
    waiting = (shown[shown["ready"] < shown["begin"]], "ready", "begin", "ready, but waiting", "grey", 0.18)
    inside = (shown[deep], "begin", "end", "here", "blue", 0.62)
    around = (shown[~deep], "begin", "end", "for the whole site", "sky", 0.62)
    for part, begins, ends, name, colour, height in (inside, around, waiting):
        rows = [order.index(activity) for activity in part["activity"]]
        begin, end = moments(scenario, part[begins]), moments(scenario, part[ends])
        notes = [
            f"{activity}: {date_of(a)} to {date_of(b)}"
            for activity, a, b in zip(part["activity"], begin.astype(object), end.astype(object), strict=True)
        ]
        if rows:
            yield Bars(name=name, colour=colour, rows=rows, start=begin, end=end, height=height, notes=notes)


def _arrived(
    scenario: Scenario, deliveries: pd.DataFrame, place: str, row: int, last: int
) -> tuple[list[str], list[Mark]]:
    """The supplies that were delivered to a place, and when: those that come first, each in a row from this one on."""
    arrived = deliveries[deliveries["tick"] <= last]
    if place not in ("", SITE):
        places = arrived["place"]
        arrived = arrived[places.isin([SITE, *_upwards(place)]) | places.str.startswith(f"{place}/")]
    supplies = list(dict.fromkeys(arrived.sort_values("tick", kind="stable")["supply"]))
    arrived = arrived[arrived["supply"].isin(supplies[:MOST_DELIVERED])]
    arrived = arrived.assign(span=arrived["tick"] * BINS // max(last, 1))
    arrived = arrived.groupby(["supply", "span"], sort=False).agg({"tick": "min", "amount": "sum"}).reset_index()
    arrived = with_labels(arrived, scenario.labels)
    if arrived.empty:
        return [], []
    notes = [
        f"{amount:,} {scenario.supplies[supply].unit or 'units'} of {supply}"
        for supply, amount in zip(arrived["supply"], arrived["amount"], strict=True)
    ]
    y = np.array([row + supplies.index(supply) for supply in arrived["supply"]], np.float64)
    x = moments(scenario, arrived["tick"])
    return supplies, [Dots(name="delivery", symbol="up", colour="ink", size=5, x=x, y=y, notes=notes)]


def site_map(scenario: Scenario, states: States, on: float) -> Chart:
    """How far every place of the lowest level is when a day begins; days count from day zero. A block is a hall."""
    moment = scenario.zero + timedelta(days=on)
    title = f"State of the site on {moment:%Y-%m-%d}, day {day(on)}"
    if not states.places:
        return Chart(title, Axis("plan"), Axis("plan"), empty="no activity in any place")
    now = states.at(round((moment - scenario.start) / timedelta(minutes=1)))
    layout = laid_out(states.places)
    marks: list[Mark] = []
    for state, (name, colour) in enumerate(zip(STATES, PROGRESS, strict=True)):
        part = np.flatnonzero(now == state)
        marks.append(Cells(name=f"{name}: {len(part):,}", colour=colour, x=layout.x[part], y=layout.y[part]))
    labels = [name.replace("/", " / ") for name, _, _ in layout.blocks]
    x, y = (np.array([block[k] for block in layout.blocks]) for k in (1, 2))
    marks.append(
        Dots(colour="line", size=0, labels=labels, notes=labels, x=x + np.array(layout.wide) / 2, y=y + layout.head)
    )
    summary = ", ".join(mark.name for mark in marks[:-1])
    across, down = Axis("plan", low=0.0, high=layout.width), Axis("plan", low=0.0, high=layout.height)
    return Chart(title, across, down, marks, "Each square is a place of the lowest level.", summary)
