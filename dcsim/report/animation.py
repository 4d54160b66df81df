"""The site filling up, as the name of the file says: a page, a GIF or an MP4."""

from collections.abc import Callable
from pathlib import Path

from dcsim.analysis.scene import scene
from dcsim.analysis.supplies import counted
from dcsim.charts.dates import Clock
from dcsim.errors import ResultError
from dcsim.figures.animation import film
from dcsim.report.player import player
from dcsim.study.result import Result
from dcsim.writing import write_file

FORMATS = (".html", ".gif", ".mp4")


def animate(findings: Result, path: Path, progress: Callable[[int, int], None]) -> Path:
    """Show a build over time: the map beside what is counted and the stocks that the most waited for.

    Raises
    ------
    ResultError
        The result is not of one run, the suffix is none of these, or the file cannot be written.
    UnavailableError
        An MP4 is wanted and there is no ffmpeg.
    """
    if path.suffix.lower() not in FORMATS:
        raise ResultError(f"'{path}': the name of an animation must end in {', '.join(FORMATS)}")
    if findings.kind != "run":
        raise ResultError(f"an animation shows one run, not {findings.kind}: give a folder that `dcsim run` wrote")
    scenario, start, zero = findings.scenario, findings.scenario.start, findings.scenario.zero
    shown = scene(findings.tables, counted(scenario, findings.tables["supplies"]["supply"]))
    title = " · ".join(findings.subject())
    if path.suffix.lower() != ".html":
        return film(shown, title, Clock(start, zero), path, progress)
    return write_file(path, player(shown, title, start, zero))
