"""Which pictures a result has, and which of them is drawn where nothing more is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcsim.analysis.milestones import dated_in_the_world
from dcsim.analysis.result import EXPECTED, layers_of
from dcsim.analysis.states import NEVER, states_of
from dcsim.analysis.supplies import counted
from dcsim.analysis.waits import end_of, waits_by_cause
from dcsim.build import network_of
from dcsim.charts import style
from dcsim.charts.dates import Clock
from dcsim.charts.style import plain
from dcsim.errors import RequestError, ResultError
from dcsim.figures import figures
from dcsim.suggest import nearest
from dcsim.trace import NOT

if TYPE_CHECKING:
    from dcsim.study.result import Result


@dataclass(frozen=True)
class Wanted:
    """What of a result is to be drawn; what is not said is chosen."""

    milestone: str | None = None
    place: str | None = None
    resource: str | None = None
    supply: str | None = None
    day: float | None = None


NOTHING = Wanted()

Draw = Callable[["Result", Wanted, Axes], Axes]


def figure_of(findings: "Result", what: str | None = None, wanted: Wanted = NOTHING) -> Figure:
    """A picture of a result with its title; the first of its kind if none is named.

    Raises
    ------
    RequestError
        There is no such picture, milestone, place, resource or supply; the message says which there are.
    """
    figure, ax = style.figure()
    draw(findings, what, wanted, ax)
    figure.set_size_inches(style.SIZE[0], _height(what or chosen(findings), ax))
    figure.suptitle(title(findings), x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure


def _height(what: str, ax: Axes) -> float:
    """Inches that a picture needs: the more rows it has, the more; as much as its cells."""
    if what == "map" and not ax.axison:
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        return 1.1 + style.SIZE[0] * min(1.5, abs(top - bottom) / (right - left))
    return 1.5 + 0.36 * len(ax.get_yticks()) if what in ROWS else 5.0


def draw(findings: "Result", what: str | None = None, wanted: Wanted = NOTHING, ax: Axes | None = None) -> Axes:
    """A picture of a result on the given axes, or on new ones as notebooks show them."""
    what = chosen(findings) if what is None else what
    there = PICTURES.get(findings.kind, {})
    if isinstance(ax, str):
        raise RequestError(
            f"expected axes, got '{plain(ax)}': save the result, then `dcsim plot --what`; {_there(there)}"
        )
    if what not in there:
        raise RequestError(f"no picture '{plain(what)}' of a result of kind '{findings.kind}'; {_there(there)}")
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(style.SIZE[0], 5.0), layout="constrained")[1]
    return there[what](findings, wanted, ax)


def chosen(findings: "Result") -> str:
    """The picture that is drawn if none is named."""
    return next(iter(PICTURES.get(findings.kind, {})), "")


def _there(pictures: Mapping[str, Draw]) -> str:
    return f"there are {', '.join(pictures)}" if pictures else "there are none"


def title(findings: "Result") -> str:
    """What was simulated, with which chances."""
    about = findings.about
    parts = [findings.scenario.name, *layers_of(findings)]
    if findings.kind == "run":
        number = about["replications"][0]
        expected = about["seed"] == EXPECTED
        parts.append(
            "expected values" if expected else f"seed {about['seed']}" + f", replication {number}" * bool(number)
        )
    return plain(" · ".join(map(str, parts)), 90)


def _s_curve(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    supplies, dated = findings.tables["supplies"], dated_in_the_world(findings.scenario)
    names = _counted(findings, wanted)
    return figures.s_curve(supplies, ax, names, dated)


def _counted(findings: "Result", wanted: Wanted) -> list[str]:
    """The supply that is wanted or that the milestone counts; else all that milestones count."""
    known = list(dict.fromkeys(findings.tables["supplies"]["supply"]))
    if wanted.supply is not None:
        return [_known(wanted.supply, known, "supply", "supplies")]
    scenario = findings.scenario
    if wanted.milestone is None:
        return counted(scenario, known)
    return counted(scenario, known, [_known(wanted.milestone, list(scenario.milestones), "milestone", "milestones")])


def _known(name: str, known: list[str], what: str, several: str) -> str:
    if name not in known:
        raise RequestError(f"no {what} '{plain(name, 60)}'{nearest(name, known, several)}")
    return name


def _milestone(findings: "Result", wanted: Wanted, table: str) -> str:
    """The milestone that is wanted, or that the result is about, or else the last one."""
    known = list(dict.fromkeys(map(str, findings.tables[table]["milestone"])))
    asked = wanted.milestone or findings.about.get("milestone")
    if asked is not None:
        return _known(str(asked), known, "milestone", "milestones")
    return known[-1] if known else ""


def _gantt(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    return figures.gantt(findings.tables["activities"], ax, wanted.place)


def _use(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    usage = findings.tables["usage"]
    return figures.use(usage, ax, _longest(findings, wanted.resource, usage["resource"], "resource", "resources"))


def _level(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    tables = findings.tables
    supply = _longest(findings, wanted.supply, tables["supplies"]["supply"], "supply", "supplies")
    return figures.level(tables["supplies"], tables["deliveries"], tables["shortages"], ax, supply)


def _longest(findings: "Result", asked: str | None, column: Any, what: str, several: str) -> str:
    """The one that is asked for, or that was waited for longest."""
    known = list(dict.fromkeys(map(str, column)))
    if asked is not None:
        return _known(asked, known, what, several)
    return next((name for name in waited_for(findings) if name in known), known[0] if known else "")


def waited_for(findings: "Result") -> list[str]:
    """What a build waited for, longest first."""
    finish = findings.tables["activities"]["finish"].fillna(NOT).to_numpy(np.int64)
    end = end_of(network_of(findings.scenario), finish)
    return [str(cause) for cause in waits_by_cause(findings.tables["shortages"], end)["cause"]]


def _map(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    activities = findings.tables["activities"]
    day = wanted.day
    if day is None:
        day = _of_milestone(findings, wanted) if wanted.milestone else _half_done(findings)
    return figures.hall_map(activities, ax, day)


def _of_milestone(findings: "Result", wanted: Wanted) -> float:
    name = _milestone(findings, wanted, "milestones")
    table = findings.tables["milestones"]
    day = float(table.loc[table["milestone"] == name, "day"].iloc[0])
    if np.isnan(day):
        raise ResultError(f"'{plain(name)}' was not reached before the horizon: say which day with --day")
    return float(np.ceil(day))


def _half_done(findings: "Result") -> float:
    """The day on which half of the work in places of the lowest level is done."""
    finish = states_of(findings.tables["activities"]).finish
    done = finish[finish < NEVER]
    clock = Clock.of(findings.tables["activities"])
    return float(np.ceil(clock.days(clock.date(float(np.median(done)))))) if len(done) else 0.0


def _named(milestone: str, ax: Axes) -> Axes:
    """What is below a picture says of which milestone it is."""
    label = ax.get_xlabel()
    ax.set_xlabel(f"{plain(milestone, 40)}: {label}" if label else plain(milestone, 60))
    return ax


def _days_bought(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    return _named(str(findings.about["milestone"]), figures.days_bought(findings.tables["options"], ax))


PICTURES: Mapping[str, Mapping[str, Draw]] = {
    "run": {"s-curve": _s_curve, "gantt": _gantt, "map": _map, "level": _level, "use": _use},
    "mitigations": {"measures": _days_bought},
}
"""The pictures of each kind of result, the first drawn if none is named."""

ROWS = ("gantt", "measures")
"""Pictures that are the higher the more rows they have."""


def save(findings: "Result", what: str | None, wanted: Wanted, path: Path) -> Path:
    """Write a picture of a result into a PNG, SVG or PDF file, the same bytes every time."""
    style.check_suffix(path)
    return style.save(figure_of(findings, what, wanted), path)
