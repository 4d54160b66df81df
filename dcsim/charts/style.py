"""The house style of every picture: colours that everybody can distinguish, few lines, the same bytes every time."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, wraps
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager, get_font
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import ScaledTranslation

from dcsim.document.colours import LIGHT
from dcsim.errors import ResultError
from dcsim.visible import visible
from dcsim.writing import write_file

RED, INK, GREY, PALE = (LIGHT[name] for name in ("red", "ink", "grey", "line"))

FONT = "DejaVu Sans"
"""It comes with matplotlib; letters that it does not have are taken from what else is installed."""

BOXES = ("Last Resort", "Last Resort High-Efficiency", ".LastResort")
"""Fonts that have a box for every letter."""

THOUSANDS = FuncFormatter(lambda value, _: f"{round(value, 9):,.12g}")
"""Numbers at an axis, as they are: 200,000 and 0.5."""

RC: dict[Any, Any] = {
    "font.family": FONT,
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


def plain(name: str, most: int = 28) -> str:
    """A name as it is written, never as mathematics, and shortened where it does not fit."""
    text = " ".join(name.split())
    text = f"\N{HAIR SPACE}{text}" if text.startswith("_") else text  # matplotlib leaves such names out of legends
    return (text if len(text) <= most else text[: most - 1].rstrip() + "…").replace("$", r"\$")


def counts(axis: Axis, most: int | Literal["auto"] = "auto") -> None:
    """An axis of what is counted has whole numbers, also where there are few."""
    axis.set_major_locator(MaxNLocator(most, integer=True))
    axis.set_major_formatter(THOUSANDS)


def figure(width: float = SIZE[0], height: float = 5.0) -> tuple[Figure, Axes]:
    """An empty picture of so many inches."""
    with mpl.rc_context(RC):
        made = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        return made, made.subplots()


P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """A function that draws in the house style, whichever the caller has chosen."""

    @wraps(draw)
    def drawn(*arguments: P.args, **named: P.kwargs) -> R:
        with mpl.rc_context(RC):
            return draw(*arguments, **named)

    return drawn


def rows(ax: Axes, names: Sequence[str]) -> None:
    """A row for every name, the first on top."""
    ax.set_yticks(range(len(names)), list(names))
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    bare(ax)
    ax.grid(axis="x")


def legend_above(ax: Axes, *what: Any, lift: float = 2, columns: int = 4) -> Legend:
    """What the marks mean, above a picture on the left, so many points away."""
    assert ax.figure is not None
    away = ScaledTranslation(0, lift / 72, ax.figure.dpi_scale_trans)
    place: Any = {"bbox_to_anchor": (0, 1), "bbox_transform": ax.transAxes + away}
    return ax.legend(*what, loc="lower left", ncols=columns, handlelength=1.8, fontsize=9, borderaxespad=0, **place)


def blank(ax: Axes, why: str) -> Axes:
    """Where there is nothing to draw, the picture says why."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=GREY)
    return ax


def check_suffix(path: Path) -> None:
    """A picture is PNG, SVG or PDF, which its name says."""
    if path.suffix.lower() not in _METADATA:
        raise ResultError(f"'{path}': the name of a picture must end in {', '.join(_METADATA)}")


@contextmanager
def drawing() -> Iterator[None]:
    """In the house style, where a box stands for a letter that its font does not have."""
    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    with mpl.rc_context(RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        fonts.setLevel(logging.ERROR)  # a font without bold letters is drawn as it is
        try:
            yield
        finally:
            fonts.setLevel(level)


def cover(figure: Figure) -> None:
    """Letters that the font does not have come from installed fonts; a letter that no font has is reported once."""
    texts = [text for text in figure.findobj(Text) if not text.get_text().isascii()]
    missing = {letter for text in texts for letter in text.get_text() if letter.isprintable()} - _letters(FONT)
    fonts = [FONT]
    for name in sorted({font.name for font in fontManager.ttflist} - {FONT, *BOXES}) if missing else ():
        if has := missing & _letters(name):
            missing -= has
            fonts.append(name)
        if not missing:
            break
    for text in texts if len(fonts) > 1 else ():
        text.set_fontfamily(fonts)
    if missing:
        letters = "".join(sorted(missing)[:12])
        logging.getLogger("dcsim").warning("no installed font has %s: the picture shows boxes instead", letters)


@lru_cache(maxsize=1024)
def _letters(name: str) -> frozenset[str]:
    """The letters that can be drawn with a font; none of one whose letters are pictures of one size."""
    path = next(font.fname for font in fontManager.ttflist if font.name == name)
    font = get_font(path)
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as its name says; the same figure gives the same bytes."""
    check_suffix(path)
    return write_file(path, encoded(figure, path.suffix.lower()))


def encoded(figure: Figure, suffix: str) -> bytes:
    """The content of a .png, .svg or .pdf file."""
    cover(figure)
    picture = BytesIO()
    for words in figure.findobj(Text):
        if isinstance(words, Text) and (shown := visible(words.get_text())) != words.get_text():
            words.set_text(shown)
    with drawing():
        figure.savefig(picture, format=suffix[1:], dpi=DPI, metadata=_METADATA[suffix])
    return picture.getvalue()


def bare(ax: Axes) -> None:
    """A panel without a frame, whose rows speak for themselves."""
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(axis="y", length=0)
