"""The command `dcsim` itself, and the options that several of its commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from dcsim.scenario.schema import Scenario


class Once(TyperCommand):
    """A command that refuses an option given twice, of which only the last would count."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = self.make_parser(ctx).parse_args(args=list(args))[2]
        for one in self.params:
            scalar = one.nargs == 1 and not getattr(one, "multiple", False) and not getattr(one, "is_flag", False)
            if scalar and (times := sum(other is one for other in given)) > 1:
                raise typer.BadParameter(f"given {times} times, and only one can count", ctx, one)  # type: ignore[arg-type]
        return super().parse_args(ctx, args)


Function = TypeVar("Function", bound=Callable[..., Any])


class App(typer.Typer):
    """Commands of which each refuses options that would be lost."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Function], Function]:
        return super().command(name, cls=Once, **settings)


app = App(
    name="dcsim",
    help="Simulate data-center buildouts: when the GPUs are online, and what held them back.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ScenarioFile = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="The scenario's YAML file; - for standard input.")
]
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
        metavar="auto|reference|compiled", help="Which engine runs it; all give the same result, auto picks the faster."
    ),
]
Sampling = Annotated[
    str,
    typer.Option(metavar="random|lhs|sobol", help="lhs and sobol spread factors, risks and the like evenly."),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME", help="An option of the scenario to take; may be repeated."),
]
Mitigations = Annotated[
    list[str] | None,
    typer.Option("--mitigate", metavar="RISK", help="A risk whose mitigation is switched on; may be repeated."),
]

Milestone = Annotated[str, typer.Option("--milestone", metavar="NAME", help="The milestone that it is about.")]
Milestones = Annotated[
    list[str] | None,
    typer.Option(
        "--milestone", metavar="NAME", help="A milestone to look at; may be repeated. Those with a date if not given."
    ),
]
Builds = Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue what was stopped, from --out.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same answer.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Threads; as many as there are cores if not given.", show_default=False),
]
Limit = Annotated[
    float,
    typer.Option(
        "--limit", min=0, metavar="GIB", help="Memory that it may take: what would take more is refused at once."
    ),
]
Seen = Annotated[
    Path | None,
    typer.Option("--seen", metavar="CSV", help="What was seen of the build so far (see `dcsim guide seen`)."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="What was seen later is left out; orders placed by then stay."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Delete the result that --out holds first.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="A folder for the tables.")]


def _say_version(asked: bool) -> None:
    if asked:
        from dcsim.version import __version__

        typer.echo(f"dcsim {__version__}")
        raise typer.Exit


@app.callback()
def _front(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version."),
    ] = False,
) -> None:
    """Simulate data-center buildouts: when the GPUs are online, and what held them back."""
    from dcsim.cli.terminal import listen

    listen()


def opened(
    scenario: Path,
    variant: list[str] | None,
    set_: list[str] | None,
    option: list[str] | None,
    mitigate: list[str] | None,
    limit: float,
    seen: Path | None = None,
    as_of: str | None = None,
) -> "Scenario":
    """The scenario with all that is laid over it, and what was seen of the build."""
    from dcsim import api
    from dcsim.scenario.sightings import with_seen

    found = api.load(
        scenario,
        variants=variant or (),
        overrides=settings(set_),
        options=option or (),
        mitigate=mitigate or (),
        limit=limit,
    )
    found = with_seen(found, seen, as_of)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    return found


def settings(
    written: list[str] | None, option: str = "--set", example: str = "resources.crews.count=12"
) -> dict[str, str]:
    """Values by path, from `path=value`."""
    settings = {}
    for setting in written or ():
        path, equals, value = setting.partition("=")
        if not equals or not path.strip():
            raise typer.BadParameter(f"{option} is written path=value, such as {example}; got '{setting}'")
        if path.strip() in settings:
            raise typer.BadParameter(f"{option} {path.strip()} is given twice, and only one can count")
        settings[path.strip()] = value
    return settings


def make_way(out: Path | None, overwrite: bool, resume: bool = False) -> None:
    """Delete the result that stands where this one is to be kept, if the user says so."""
    from dcsim.study.campaign import clear

    if resume and out is None:
        raise typer.BadParameter("--resume continues what a folder holds: say which with --out")
    if overwrite and (out is None or resume):
        raise typer.BadParameter("--overwrite replaces what the folder of --out holds; --resume continues it")
    if overwrite and out is not None:
        clear(out)
