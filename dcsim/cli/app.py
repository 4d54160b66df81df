"""The command `dcsim` itself, and the options that several of its commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from dcsim.scenario.schema import Scenario


class Once(TyperCommand):
    """A command that refuses an option that is given twice, because only the last one would count."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = self.make_parser(ctx).parse_args(args=list(args))[2]
        for parameter in self.params:
            scalar = (
                parameter.nargs == 1
                and not getattr(parameter, "multiple", False)
                and not getattr(parameter, "is_flag", False)
            )
            if scalar and (times := sum(argument is parameter for argument in given)) > 1:
                raise typer.BadParameter(f"given {times} times; give it once", ctx, parameter)  # type: ignore[arg-type]
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if error.param is not None and not error.message:  # it is missing: say what it is
                error.message = getattr(error.param, "help", None) or ""
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The line of usage: arguments by their names, those that may be left out in brackets."""
        arguments = [parameter for parameter in self.get_params(ctx) if parameter.param_type_name == "argument"]
        return ["[OPTIONS]", *(_in_usage(argument) for argument in arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options with what they mean; the types of Python are left out."""
        records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                records[parameter.param_type_name].append((re.sub(r" <\S+>$", "", record[0]), record[1]))
        for kind, rows in records.items():
            if rows:
                with formatter.section(f"{kind.title()}s"):
                    formatter.write_dl(rows)


def _in_usage(argument: Any) -> str:
    name = (argument.metavar or argument.name).removesuffix("...") + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


GROUPS = {
    "Write a scenario": ("new", "import", "check", "show", "schema", "guide"),
    "Simulate": ("run", "replicate"),
    "Ask what sets the date": ("explain", "drivers", "assumptions", "delay-cost"),
    "Decide": ("compare", "sweep", "order-by", "mitigate", "promise", "finance"),
    "Show results": ("plot", "animate", "report", "export"),
    "Compare with real sites": ("backtest", "calibrate"),
}
"""The headings of `dcsim --help`, each with its commands; a command that is not listed comes last."""


IN_PYTHON = {"simulate": "run", "latest-orders": "order-by", "import-schedule": "import", "read": "report"}
"""Commands by the names of the functions that do the same in Python, where they differ."""


class Front(TyperGroup):
    """The command `dcsim`: its help lists the other commands by what they are for, each with its whole sentence."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of these words; for names of functions in Python, the command that does the same."""
        name = args[0].replace("_", "-")
        if args[0] not in self.commands and (name in self.commands or name in IN_PYTHON):
            ctx.fail(f"No such command '{args[0]}': write `dcsim {IN_PYTHON.get(name, name)}`.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        listed = {name for group in GROUPS.values() for name in group}
        unlisted = tuple(name for name in self.commands if name not in listed)
        for title, names in (GROUPS | {"More commands": unlisted}).items():
            if rows := [(name, (self.commands[name].help or "").partition("\n\n")[0]) for name in names]:
                with formatter.section(title):
                    formatter.write_dl(rows, col_max=13)


Function = TypeVar("Function", bound=Callable[..., Any])


class App(typer.Typer):
    """An application whose commands refuse options that would be lost."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Function], Function]:
        return super().command(name, cls=Once, **settings)


app = App(
    name="dcsim",
    cls=Front,
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
    typer.Option("--variant", metavar="NAME", help="Apply a variant of the scenario; may be repeated."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a single value: `resources.crews.count=12`; may be repeated."
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="auto|reference|compiled", help="The engine: all give the same result; auto picks the faster."
    ),
]
Sampling = Annotated[
    str,
    typer.Option(metavar="random|lhs|sobol", help="How to draw: lhs and sobol spread site-wide draws evenly."),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME", help="Take an option of the scenario; may be repeated."),
]
Mitigations = Annotated[
    list[str] | None,
    typer.Option("--mitigate", metavar="RISK", help="Switch on the mitigation of a risk; may be repeated."),
]

Milestone = Annotated[str, typer.Option("--milestone", metavar="NAME", help="A milestone of the scenario.")]
MaybeMilestone = Annotated[str | None, typer.Option("--milestone", metavar="NAME", help="A milestone of the scenario.")]
Milestones = Annotated[
    list[str] | None,
    typer.Option(
        "--milestone", metavar="NAME", help="A milestone to report; may be repeated. Default: those with a date."
    ),
]
OutcomeName = Annotated[
    str | None,
    typer.Option(
        "--outcome", metavar="FIGURE", help="A figure of finance, such as npv or funding_gap, in place of a milestone."
    ),
]
Party = Annotated[
    str | None,
    typer.Option("--party", metavar="NAME", help="The party, or the loan, whose figure it is; default: all together."),
]
Builds = Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many replications.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue a stopped run from the folder of --out.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Random seed: the same seed gives the same result.")]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Number of threads; default: one per core.", show_default=False),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Run on a Dask cluster, tcp://host:8786, or in processes, local:4 (see `dcsim guide cluster`).",
    ),
]
Site = Annotated[
    str | None,
    typer.Option("--site", metavar="NAME", help="Of a portfolio, this site alone (`dcsim guide portfolio`)."),
]
Limit = Annotated[
    float,
    typer.Option(
        "--limit", min=0, metavar="GIB", help="Memory limit; a scenario that needs more is refused at the start."
    ),
]
Seen = Annotated[
    Path | None,
    typer.Option("--seen", metavar="CSV", help="Events seen on site so far (see `dcsim guide seen`)."),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="The status date: ignore what was seen later; keep orders placed by then."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the result in the folder of --out.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Save the result in this folder.")]


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
    site: str | None = None,
) -> "Scenario":
    """The scenario, or one site of it, with its variants, values, options, mitigations and sightings."""
    from dcsim import api
    from dcsim.scenario.sightings import with_seen

    loaded = api.load(
        scenario,
        variants=variant or (),
        overrides=settings(set_),
        options=option or (),
        mitigate=mitigate or (),
        limit=limit,
        site=site,
    )
    loaded = with_seen(loaded, seen, as_of)
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    return loaded


def settings(
    written: list[str] | None, option: str = "--set", example: str = "resources.crews.count=12"
) -> dict[str, str]:
    """Values by path, from `path=value`."""
    settings = {}
    for setting in written or ():
        path, equals, value = setting.partition("=")
        if not equals or not path.strip():
            raise typer.BadParameter(f"{option} is written path=value, such as {example}, got '{setting}'")
        if path.strip() in settings:
            raise typer.BadParameter(f"{option} {path.strip()} is given twice; give it once")
        settings[path.strip()] = value
    return settings


def check_folder(out: Path | None, overwrite: bool, resume: bool) -> None:
    """Refuse what cannot be done with the output folder."""
    if resume and out is None:
        raise typer.BadParameter("--resume continues the run in a folder: name the folder with --out")
    if overwrite and (out is None or resume):
        raise typer.BadParameter("--overwrite needs --out, and excludes --resume")
