"""The house style of every picture: colours told apart by everybody, few lines, the same bytes every time."""

from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcsim.errors import ResultError

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW = "#CC79A7", "#56B4E9", "#F0E442"
INK, GREY, PALE = "#222222", "#777777", "#DDDDDD"
"""The colours of Okabe and Ito (2008), which the colour-blind tell apart, and greys."""

LINES = ((BLUE, "-", 2.4), (ORANGE, "--", 2.2), (GREEN, "-.", 2.2), (PURPLE, ":", 2.4), (SKY, "-", 1.4))
"""Colour, dash and width of the first, second, ... line of a panel; they differ in grey as well."""

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "svg.hashsalt": "dcsim",
    "svg.fonttype": "path",
}

SIZE, DPI = (10.0, 6.8), 120
"""Inches and dots per inch: 1,200 by 816 points, readable in a README."""

_METADATA: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
"""What would differ from one day to the next is left out."""


def check_suffix(path: Path) -> None:
    """A picture is PNG, SVG or PDF, which its name says."""
    if path.suffix.lower() not in _METADATA:
        raise ResultError(f"'{path}': a picture's name ends in {', '.join(_METADATA)}")


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as its name says; the same figure gives the same bytes."""
    check_suffix(path)
    suffix = path.suffix.lower()
    picture = BytesIO()
    with mpl.rc_context(RC):
        figure.savefig(picture, format=suffix[1:], dpi=DPI, metadata=_METADATA[suffix])
    try:
        path.write_bytes(picture.getvalue())
    except OSError as error:
        raise ResultError(f"cannot write '{path}': {(error.strerror or str(error)).lower()}") from None
    return path


def bare(ax: Axes) -> None:
    """A panel without a frame, whose rows speak for themselves."""
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(axis="y", length=0)
