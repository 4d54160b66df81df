"""Which pictures a result has, and which of them is drawn where nothing more is said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcsim.charts import style
from dcsim.charts.style import plain
from dcsim.errors import RequestError
from dcsim.figures import figures
from dcsim.suggest import nearest

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
    figure.suptitle(plain(" · ".join(findings.subject()), 90), x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure


def _height(what: str, ax: Axes) -> float:
    """Inches that a picture needs: the more rows it has, the more."""
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


def _named(milestone: str, ax: Axes) -> Axes:
    """What is below a picture says of which milestone it is."""
    label = ax.get_xlabel()
    ax.set_xlabel(f"{plain(milestone, 40)}: {label}" if label else plain(milestone, 60))
    return ax


def _days_bought(findings: "Result", wanted: Wanted, ax: Axes) -> Axes:
    return _named(str(findings.about["milestone"]), figures.days_bought(findings.tables["options"], ax))


PICTURES: Mapping[str, Mapping[str, Draw]] = {
    "mitigations": {"measures": _days_bought},
}
"""The pictures of each kind of result, the first drawn if none is named."""

ROWS = ("measures",)
"""Pictures that are the higher the more rows they have."""


def save(findings: "Result", what: str | None, wanted: Wanted, path: Path) -> Path:
    """Write a picture of a result into a PNG, SVG or PDF file, the same bytes every time."""
    style.check_suffix(path)
    return style.save(figure_of(findings, what, wanted), path)
