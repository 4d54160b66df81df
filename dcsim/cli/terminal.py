"""How commands talk: tables on the terminal or in a pipe, progress for those who watch, files for the rest."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PATIENCE = 2.0
"""Seconds after which a terminal is told that something is going on."""


def notice(engine: str, work: int) -> None:
    """The user is told where something would come much sooner with what is not installed."""
    from dcsim.engine import misses_numba

    if misses_numba(engine, work):
        typer.echo("numba is not installed, so the slower reference engine runs: pip install 'dcsim[fast]'", err=True)


def write(path: Path, text: str) -> None:
    from dcsim.errors import ResultError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultError(f"cannot write '{path}': {(error.strerror or str(error)).lower()}") from None


def stdout() -> "Console":
    """The terminal, or a pipe as wide as COLUMNS says, else 80 characters."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    columns = os.environ.get("COLUMNS", "")
    width = max(40, int(columns)) if columns.isdecimal() else 80
    return Console(highlight=False, width=width, force_terminal=False)


def say(text: "RenderableType") -> None:
    """Print without blanks at the ends of lines."""
    console = stdout()
    with console.capture() as captured:
        console.print(text)
    typer.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


@contextmanager
def patience(doing: str) -> Iterator[None]:
    """What takes long is announced on a terminal; a pipe stays quiet."""
    if not sys.stderr.isatty():
        yield
        return
    from threading import Timer

    from rich.console import Console

    status = Console(stderr=True).status(f"{doing} ...")
    announcement = Timer(PATIENCE, status.start)
    announcement.daemon = True
    announcement.start()
    try:
        yield
    finally:
        announcement.cancel()
        announcement.join()
        status.stop()


@contextmanager
def progress(doing: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for what is done in many steps, with their rate and the time left, on a terminal; a pipe stays quiet."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn())
    rate, left = TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
    with Progress(*columns, rate, left, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None, rate="")

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if speed := bar.tasks[0].speed:
                bar.update(task, rate=f"{speed:,.3g}/s")

        yield show
