"""The command line: each command reads its options, makes one call into `dcsim.api`, and prints.

Heavy libraries are imported by the command that needs them, so that help comes at once.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

app = typer.Typer(
    name="dcsim",
    help="Simulate data-center buildouts: when the GPUs are online, and what held them back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

PATIENCE = 2.0
"""Seconds after which a terminal is told that something is going on."""

ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="The scenario's YAML file.")]
Variants = Annotated[
    list[str] | None,
    typer.Option("--variant", metavar="NAME", help="A variant of the scenario to lay over it; may be repeated."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="A single value: `resources.crews.count=12`; may be repeated."),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="auto|reference|compiled", help="Which engine runs it; all give the same result, auto the sooner."
    ),
]
Sampling = Annotated[
    str,
    typer.Option(metavar="random|lhs|sobol", help="lhs and sobol spread factors, risks and the like evenly."),
]
Mitigations = Annotated[
    list[str] | None,
    typer.Option("--mitigate", metavar="RISK", help="A risk whose mitigation is switched on; may be repeated."),
]


def _say_version(asked: bool) -> None:
    if asked:
        from dcsim.version import __version__

        typer.echo(f"dcsim {__version__}")
        raise typer.Exit


@app.callback()
def _front(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Say which dcsim this is."),
    ] = False,
) -> None:
    """Simulate data-center buildouts: when the GPUs are online, and what held them back."""


@app.command()
def run(
    scenario: ScenarioFile,
    variant: Variants = None,
    set_: Settings = None,
    mitigate: Mitigations = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same build. 0 if not given.")] = None,
    replication: Annotated[
        int | None, typer.Option(min=0, help="Which of the builds of this seed. 0 if not given.")
    ] = None,
    expected: Annotated[
        bool,
        typer.Option("--expected", help="Every quantity at its mean, every risk at its likelier outcome."),
    ] = False,
    sampling: Sampling = "random",
    engine: Engine = "auto",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder for the tables.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="A picture: .png, .svg or .pdf.")] = None,
) -> None:
    """Simulate one build: its milestones, what it waited for, and what is stuck."""
    from time import perf_counter

    from dcsim import api
    from dcsim.report.summary import summary

    if expected and (seed is not None or replication is not None or sampling != "random"):
        raise typer.BadParameter("expected values are not drawn: leave out --seed, --replication and --sampling")
    overrides = _settings(set_)
    with _patience("simulating"):
        begin = perf_counter()
        built = api.load(scenario, variants=variant or (), overrides=overrides, mitigate=mitigate or ())
        _notice(engine, api.network_of(built).instances)
        done = api.simulate(
            built,
            seed=seed or 0,
            replication=replication or 0,
            engine=engine,
            sampling=sampling,
            expected=expected,
        )
        seconds = perf_counter() - begin
    _print(summary(done, seconds))
    if out is not None or plot is not None:
        typer.echo()
    if out is not None:
        typer.echo(f"tables in {done.save(out)}")
    if plot is not None:
        typer.echo(f"picture in {done.plot(plot)}")


@app.command()
def replicate(
    scenario: ScenarioFile,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds; at most, with --until-precise.")],
    variant: Variants = None,
    set_: Settings = None,
    mitigate: Mitigations = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same builds.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads; as many as there are cores if not given.", show_default=False)
    ] = None,
    engine: Engine = "auto",
    sampling: Sampling = "random",
    until_precise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WISH", help="Stop when this is known so well: `online_100k.p80 within 1 d`; may be repeated."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder for the tables.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what was stopped, from --out.")] = False,
) -> None:
    """Simulate many builds: by when each milestone is how likely, and what was waited for."""
    from time import perf_counter

    from dcsim import api
    from dcsim.report.forecast import forecast

    if resume and out is None:
        raise typer.BadParameter("--resume continues what a folder holds: say which with --out")
    built = api.load(scenario, variants=variant or (), overrides=_settings(set_), mitigate=mitigate or ())
    _notice(engine, api.network_of(built).instances * n)
    begin = perf_counter()
    try:
        with _progress("simulating") as progress:
            done = api.replicate(
                built,
                n,
                seed=seed,
                workers=workers,
                engine=engine,
                sampling=sampling,
                until_precise=until_precise or (),
                out=out,
                resume=resume,
                progress=progress or (lambda done, count: None),
            )
    except KeyboardInterrupt:
        if out is not None:
            typer.echo(f"what is done is kept in {out}: the same command with --resume continues it", err=True)
        raise
    _print(forecast(done, perf_counter() - begin))
    if out is not None:
        typer.echo(f"\ntables in {out}")


@app.command()
def check(scenario: ScenarioFile, variant: Variants = None) -> None:
    """Find everything that is wrong with a scenario, and with each of its variants."""
    from dcsim import api
    from dcsim.report.words import size

    with _patience("checking"):
        found = api.check(scenario, variants=variant or ())
    told = [size(api.network_of(found))]
    if found.variants:
        from dcsim.report.language import counted

        told.append(counted(len(found.variants), "variant"))
    typer.echo(f"{scenario}: no problems; {', '.join(told)}")


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it; printed if not given.")] = None,
) -> None:
    """Print the scenario format as a JSON schema, with which an editor completes and underlines."""
    from dcsim import api

    text = api.json_schema()
    if out is None:
        typer.echo(text, nl=False)
        return
    _write(out, text)
    typer.echo(f"schema in {out}")


@app.command()
def show(
    scenario: ScenarioFile,
    variant: Variants = None,
    set_: Settings = None,
    mitigate: Mitigations = None,
    graph: Annotated[
        str | None, typer.Option(metavar="mermaid|dot", help="Print the network as a graph instead.")
    ] = None,
) -> None:
    """Tell a scenario in words: places, activities, resources, supplies, risks and milestones."""
    from dcsim import api
    from dcsim.report.graph import LANGUAGES
    from dcsim.report.words import tell

    if graph is not None and graph not in LANGUAGES:
        raise typer.BadParameter(f"no graph '{graph}'; there are {' and '.join(LANGUAGES)}")
    found = api.load(scenario, variants=variant or (), overrides=_settings(set_), mitigate=mitigate or ())
    if graph is not None:
        typer.echo(LANGUAGES[graph](found, api.network_of(found)), nl=False)
    else:
        _print(tell(found, api.network_of(found)))


@app.command()
def assumptions(
    scenario: ScenarioFile,
    variant: Variants = None,
    set_: Settings = None,
    milestone: Annotated[
        list[str] | None,
        typer.Option(
            "--milestone", metavar="NAME", help="A milestone to look at; may be repeated. Those with an observed date."
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Print every assumption that moves a milestone.")] = False,
) -> None:
    """Show what carries the dates: each assumption at its low and its high value, one at a time."""
    from dcsim import api
    from dcsim.report.assumptions import MOST_SHOWN, assumptions_report

    found = api.load(scenario, variants=variant or (), overrides=_settings(set_))
    with _progress("trying") as progress:
        result = api.assumptions(found, milestones=milestone or (), progress=progress)
    _print(assumptions_report(result, None if all_ else MOST_SHOWN))


def _notice(engine: str, work: int) -> None:
    """The user is told where something would come much sooner with what is not installed."""
    from dcsim.engine import misses_numba

    if misses_numba(engine, work):
        typer.echo("numba is not installed, so the slower reference engine runs: pip install 'dcsim[fast]'", err=True)


def _settings(written: list[str] | None) -> dict[str, str]:
    """Values by path, from `path=value`."""
    settings = {}
    for setting in written or ():
        path, equals, value = setting.partition("=")
        if not equals or not path.strip():
            raise typer.BadParameter(f"--set is written path=value, such as resources.crews.count=12; got '{setting}'")
        settings[path.strip()] = value
    return settings


def _write(path: Path, text: str) -> None:
    from dcsim.errors import ResultError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultError(f"cannot write '{path}': {(error.strerror or str(error)).lower()}") from None


def _console() -> "Console":
    """The terminal, or a pipe as wide as COLUMNS says, else 80 characters."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    columns = os.environ.get("COLUMNS", "")
    width = max(40, int(columns)) if columns.isdecimal() else 80
    return Console(highlight=False, width=width, force_terminal=False)


def _print(text: "RenderableType") -> None:
    """Print without blanks at the ends of lines."""
    console = _console()
    with console.capture() as captured:
        console.print(text)
    typer.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


@contextmanager
def _patience(doing: str) -> Iterator[None]:
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
def _progress(doing: str) -> Iterator[Callable[[int, int], None] | None]:
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
