"""How commands print: tables on a terminal or in a pipe, progress, and files."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

import typer

from dcsim.errors import DcsimError
from dcsim.visible import behind, escaped, inert, visible

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, RenderableType

    from dcsim.document.report import Report
    from dcsim.study.result import Result

AsJson = Annotated[bool, typer.Option("--json", help="Print the tables as JSON, and nothing else.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print the main table as CSV, and nothing else.")]

PATIENCE = 2.0
"""Seconds after which a terminal shows what is going on."""


class _Once(logging.Handler):
    """Print each message once."""

    def __init__(self) -> None:
        super().__init__(logging.INFO if sys.stderr.isatty() else logging.WARNING)
        self.printed: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self.printed:
            self.printed.add(message)
            typer.echo(message, err=True)


def listen() -> None:
    """Print messages of the engine; on a terminal also why the first run starts late."""
    log = logging.getLogger("dcsim")
    log.handlers, log.propagate = [_Once()], False
    log.setLevel(logging.INFO)


def stdout() -> "Console":
    """The terminal, or a pipe as wide as COLUMNS says, else 80 characters."""
    from rich.console import Console

    stream = behind(sys.stdout)
    if stream.isatty():
        return Console(highlight=False, file=stream)
    columns = os.environ.get("COLUMNS", "")
    width = max(40, int(columns)) if columns.isdecimal() else 80
    return Console(highlight=False, width=width, force_terminal=False)


def say(text: "RenderableType") -> None:
    """Print without trailing blanks and without control sequences except our own colours."""
    from rich.segment import Segment, Segments

    console = stdout()
    words = [Segment(visible(part.text), part.style) for part in console.render(text) if not part.control]
    with console.capture() as captured:
        console.print(Segments(words))
    printed = "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))
    typer.echo(printed, file=behind(sys.stdout))


class Answer(Protocol):
    """The request, and the tables that answer it."""

    @property
    def kind(self) -> str: ...
    @property
    def about(self) -> Mapping[str, Any]: ...
    @property
    def tables(self) -> Mapping[str, "pd.DataFrame"]: ...


class Facts(NamedTuple):
    """An answer that comes from no study."""

    kind: str
    about: Mapping[str, Any]
    tables: Mapping[str, "pd.DataFrame"]


def answer(result: Answer, main: str, text: "RenderableType", as_json: bool, as_csv: bool, *written: str) -> None:
    """Print an answer: as text and what was written where, all its tables as JSON, or its main table as CSV."""
    if as_json and as_csv:
        raise typer.BadParameter("choose one of --json and --csv")
    if as_json:
        import json

        tables = {
            name: [{key: _plain(cell) for key, cell in row.items()} for row in table.to_dict("records")]
            for name, table in result.tables.items()
        }
        data = {"kind": result.kind, "about": _plain(result.about), "tables": tables}
        typer.echo(escaped(json.dumps(data, indent=1, ensure_ascii=_is_narrow())))
    elif as_csv:
        table = result.tables[main].map(lambda cell: str(_plain(cell)) if isinstance(cell, dict | list) else cell)
        words = {str(name): table[name].map(inert) for name in table if table[name].dtype.kind == "O"}
        table = table.assign(**words).rename(columns=inert)
        typer.echo(table.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        say(text)
        if written:
            typer.echo("\n" + "\n".join(written))


def _is_narrow() -> bool:
    """Whether the output lacks characters that the text needs."""
    return not (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")


def tell(
    result: "Result", out: Path | None, as_json: bool, as_csv: bool, *written: str, report: "Report | None" = None
) -> None:
    """Save a result, if a folder is given, and print its report or the one given."""
    from dcsim.report.terminal import shown

    refused = None
    if out is not None:
        try:
            result.save(out)
        except DcsimError as error:  # what was computed is printed all the same
            refused, out = error, None
    text = "" if as_json or as_csv else shown(report or result.report())
    answer(result, result.question.MAIN, text, as_json, as_csv, *written, *in_folder(out))
    if refused is not None:
        raise refused


def in_folder(out: Path | None) -> tuple[str, ...]:
    """Where the tables are, if they are kept."""
    return () if out is None else (f"tables saved in {out}",)


def _plain(cell: Any) -> Any:
    """A cell in JSON: null if missing, `never` for what does not happen, dates in ISO 8601."""
    import pandas as pd

    if isinstance(cell, Mapping):
        return {str(key): _plain(value) for key, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [_plain(value) for value in cell]
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return None
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Decimal | Fraction):
        return int(cell) if cell == int(cell) else float(cell)
    value = cell.item() if hasattr(cell, "item") else cell
    if isinstance(value, float) and not isfinite(value):
        return "never" if value == inf else None
    return value


@contextmanager
def showing(*folders: Path) -> Iterator[None]:
    """Tables of a result, which may come from strangers, can contradict each other: print an error then."""
    from dcsim.errors import DcsimError, ResultError

    try:
        yield
    except DcsimError:
        raise
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError) as error:
        names, reason = " or ".join(f"'{folder}'" for folder in folders), f"{type(error).__name__}: {error}"
        raise ResultError(
            f"the result in {names} cannot be shown ({reason[:200]}): run the command again; if that does not help, "
            "please report a bug of dcsim"
        ) from error


@contextmanager
def patience(doing: str) -> Iterator[None]:
    """A terminal shows what takes long; a pipe stays quiet."""
    if not behind(sys.stderr).isatty():
        yield
        return
    from threading import Timer

    from rich.console import Console

    status = Console(file=behind(sys.stderr)).status(f"{doing} ...")
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
def progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with rate and time left, on a terminal; a pipe stays quiet."""
    if not behind(sys.stderr).isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = ("[progress.description]{task.description}", BarColumn(), MofNCompleteColumn())
    rate, left = TextColumn("{task.fields[rate]}"), TimeRemainingColumn()
    with Progress(*columns, rate, left, console=Console(file=behind(sys.stderr)), transient=True) as bar:
        task = bar.add_task(doing, total=None, rate="")

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if speed := bar.tasks[0].speed:
                bar.update(task, rate=f"{speed:,.3g}/s")

        yield show
