"""Commands that forecast real sites from rules: how good would these forecasts have been?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dcsim.cli.question import Answer, question

if TYPE_CHECKING:
    from dcsim.study.result import Result

Cases = Annotated[
    Path, typer.Argument(metavar="CASES", help="A folder with sites.csv and, if dates are known, site_steps.csv.")
]
Template = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="RULES",
        help="A YAML file of rules that name the scenario of each site; default: dcsim's archetypes.",
    ),
]
Builds = Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many replications of each site.")]


@question("seed workers engine")
def backtest(
    cases: Cases,
    *,
    template: Template = None,
    n: Builds = 500,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE|rolling",
            help="Use only past builds known by a date, or by the start of each site; default: all other sites.",
        ),
    ] = None,
    leave_one_out: Annotated[
        bool,
        typer.Option("--leave-one-out", help="Forecast each site with factors calibrated on all other sites."),
    ] = False,
    under_way: Annotated[
        bool,
        typer.Option(
            "--under-way", help="Forecast again at each date on which a stage was seen, from all seen by then."
        ),
    ] = False,
    **shared: Any,
) -> "Result":
    """Forecast real sites from rules, and score the forecasts beside those from past builds."""
    from dcsim.study.backtest import backtest

    own: Any = {"as_of": as_of, "leave_one_out": leave_one_out, "under_way": under_way}
    return backtest(cases, template=template, n=n, **own, **shared)


@question("seed workers engine")
def calibrate(
    cases: Annotated[
        Path,
        typer.Argument(metavar="CASES|SCENARIO", help="A folder as for backtest, or a scenario with fitted values."),
    ],
    *,
    template: Template = None,
    layer: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--layer",
            metavar="FILE",
            help="The layer file to write, layer.yaml; files per archetype go beside it.",
        ),
    ] = None,
    n: Builds = 1000,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Use only what was known before this date.")
    ] = None,
    **shared: Any,
) -> Answer:
    """Learn a few quantities of the templates from the dates of real sites, or what is fitted from those of one."""
    from dcsim.study.calibrate import calibrate, write_layers

    if layer is not None and not layer.parent.is_dir():
        raise typer.BadParameter(f"there is no folder '{layer.parent}' for the layer")
    if layer is not None and cases.is_file():
        raise typer.BadParameter("a layer is made from many sites, not from one scenario")
    result = calibrate(cases, template=template, n=n, as_of=as_of, **shared)
    written = write_layers(result, layer) if layer is not None else []
    return Answer(result, notes=tuple(f"layer saved in {path}" for path in written))
