"""The site filling up, as a film: the map above what is counted and what is in stock."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from dcsim.analysis.scene import Line, Scene
from dcsim.analysis.site import laid_out
from dcsim.charts import style
from dcsim.charts.dates import Clock, date_axis, moment
from dcsim.charts.pictures import DASHES
from dcsim.charts.style import plain
from dcsim.document.colours import LIGHT, LINES
from dcsim.errors import ResultError, UnavailableError
from dcsim.figures.maps import cells, counted, draw_cells
from dcsim.units import DAY
from dcsim.writing import write_file, writing

MOST_FRAMES = 90
PER_SECOND = 10
STAND_STILL = 15
"""Frames for which the last picture stays."""
INCHES, DPI = (10.0, 6.4), 90
COLOURS = 96
"""Of a GIF."""

Image = NDArray[np.uint8]
Progress = Callable[[int, int], None]
"""Told how many frames of how many are drawn."""


def film(scene: Scene, title: str, clock: Clock, path: Path, progress: Progress) -> Path:
    """Write the film of a build: a GIF, or an MP4 where ffmpeg is installed.

    Raises
    ------
    UnavailableError
        There is no ffmpeg for an MP4.
    ResultError
        The file cannot be written.
    """
    made = _mp4 if path.suffix.lower() == ".mp4" else _gif
    return write_file(path, made(frames(scene, title, clock, progress)))


def frames(scene: Scene, title: str, clock: Clock, progress: Progress) -> Iterator[Image]:
    """The pictures of a film, at most so many, evenly spread; the last one is the end."""
    count = min(MOST_FRAMES, len(scene.ticks))
    shown = np.unique(np.linspace(0, len(scene.ticks) - 1, count).round().astype(int))
    with style.drawing():
        stage = _Stage(scene, title, clock)
    for done, frame in enumerate(shown.tolist()):
        with style.drawing():
            picture = stage.at(frame)
        yield picture
        progress(done + 1, len(shown))


class _Stage:
    """The picture of a film: drawn once, then only what changes."""

    def __init__(self, scene: Scene, title: str, clock: Clock) -> None:
        self.scene, self.layout, self.clock = scene, laid_out(scene.states.places), clock
        self.dates = clock.dates(scene.ticks)
        self.figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)
        panels = [*([scene.counted] if scene.counted else []), *((line,) for line in scene.levels)]
        tall = min(1.6, 2.2 * (self.layout.height / self.layout.width)) if self.layout.width else 0.2
        grid = self.figure.add_gridspec(2, max(1, len(panels)), height_ratios=[max(0.5, tall), 1])
        self.map = self.figure.add_subplot(grid[0, :])
        self.moving: list[Artist] = []
        if scene.states.places:
            last = scene.states.at(int(scene.ticks[-1]))
            self.image, self.legend = draw_cells(scene.states, last, self.layout, self.map)
            self.moving += [self.image, self.legend]
        else:
            style.blank(self.map, "no activity in any place")
        self.cursors: list[Line2D] = []
        self.growing: list[tuple[Line2D, Line]] = []
        for number, lines in enumerate(panels):
            self._panel(self.figure.add_subplot(grid[1, number]), lines)
        self.figure.suptitle(plain(title, 70), x=0.01, ha="left", fontweight="bold")
        self.date = self.figure.text(0.99, 0.985, " " * 24, ha="right", va="top", fontsize=13)
        self.moving += [*(line for line, _ in self.growing), *self.cursors, self.date]
        style.cover(self.figure)
        self.canvas.draw()  # type: ignore[no-untyped-call]
        self.figure.set_layout_engine("none")
        for artist in self.moving:
            artist.set_animated(True)
        self.canvas.draw()  # type: ignore[no-untyped-call]
        self.still = self.canvas.copy_from_bbox(self.figure.bbox)  # type: ignore[no-untyped-call]

    def _panel(self, ax: Axes, lines: tuple[Line, ...]) -> None:
        """What is counted, or one supply in stock with the times when something waited for it."""
        for line, (name, dash) in zip(lines, LINES, strict=False):
            colour = LIGHT[name]
            look: dict[str, Any] = {"linestyle": DASHES[dash], "linewidth": 2.4}
            ax.step(self.dates, line.values, where="post", color=style.PALE, **look)
            label = plain(f"{line.name} ({line.unit})" if line.unit else line.name, 26)
            grown = ax.step([], [], where="post", color=colour, label=label, **look)[0]
            self.growing.append((grown, line))
            if line.short is not None:
                edges = np.flatnonzero(np.diff(np.concatenate([[False], line.short, [False]]).astype(int)))
                for begin, end in zip(edges[::2], edges[1::2], strict=True):
                    span = float(self.dates[max(begin - 1, 0)]), float(self.dates[end - 1])
                    ax.axvspan(*span, color=style.RED, alpha=0.28, linewidth=0)
                ax.set_title(f"{label} in stock\nshaded: activities wait for it", fontsize=9, fontweight="normal")
        if lines[0].short is None:
            ax.legend(loc="upper left", fontsize=8, handlelength=1.8)
        ax.set_xlim(float(self.dates[0]), float(self.dates[-1]))
        ax.set_ylim(0, 1.06 * max(1, *(int(line.values.max()) for line in lines)))
        style.counts(ax.yaxis, most=4)
        date_axis(ax, fewest=2, most=5)
        ax.tick_params(labelsize=8)
        self.cursors.append(ax.axvline(float(self.dates[0]), color=style.INK, linewidth=1))

    def at(self, frame: int) -> Image:
        """The picture of one frame."""
        now = self.scene.states.at(int(self.scene.ticks[frame]))
        date = float(self.dates[frame])
        if len(now):
            self.image.set_data(cells(self.layout, now))
            for text, words in zip(self.legend.get_texts(), counted(now), strict=True):
                text.set_text(words)
        for cursor in self.cursors:
            cursor.set_xdata([date, date])
        for grown, line in self.growing:
            grown.set_data(self.dates[: frame + 1], line.values[: frame + 1].astype(np.float64))
        self.date.set_text(f"{moment(date):%Y-%m-%d}   day {round(self.clock.days(date) * DAY) // DAY:,}")
        self.canvas.restore_region(self.still)  # type: ignore[no-untyped-call]
        for artist in self.moving:
            self.figure.draw_artist(artist)
        return np.asarray(self.canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]


def _gif(pictures: Iterator[Image]) -> bytes:
    from PIL import Image as Pillow

    drawn = [Pillow.fromarray(picture) for picture in pictures]
    palette = drawn[-1].quantize(COLOURS, dither=Pillow.Dither.NONE)
    flat = [picture.quantize(palette=palette, dither=Pillow.Dither.NONE) for picture in drawn]
    pause = 1000 // PER_SECOND
    durations = [pause] * (len(flat) - 1) + [pause * STAND_STILL]
    film = BytesIO()
    flat[0].save(film, "GIF", save_all=True, append_images=flat[1:], duration=durations, loop=0)
    return film.getvalue()


def _mp4(pictures: Iterator[Image]) -> bytes:
    program = shutil.which("ffmpeg")
    if program is None:
        raise UnavailableError("an MP4 needs ffmpeg, which is not installed here: write a .gif or an .html instead")
    drawn = list(pictures)
    height, width = (size - size % 2 for size in drawn[0].shape[:2])
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(PER_SECOND), "-i", "-"]
    pixels = b"".join(image[:height, :width].tobytes() for image in [*drawn, *[drawn[-1]] * STAND_STILL])
    with writing("a film"), TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        command = [
            program,
            "-y",
            "-loglevel",
            "error",
            *source,
            "-pix_fmt",
            "yuv420p",
            "-fflags",
            "+bitexact",
            str(film),
        ]
        done = subprocess.run(command, input=pixels, capture_output=True)
        if done.returncode:
            raise ResultError(f"ffmpeg cannot write a film: {done.stderr.decode(errors='replace').strip()}")
        return film.read_bytes()
