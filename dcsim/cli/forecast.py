"""Commands about sites that nobody has modelled: how good forecasts from rules would have been."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dcsim.cli.question import Answer, question

if TYPE_CHECKING:
    from dcsim.study.result import Result

Cases = Annotated[
    Path, typer.Argument(metavar="CASES", help="A folder with sites.csv, and site_steps.csv if dates are known.")
]
Template = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="RULES",
        help="Which scenario stands for which site: a YAML file; dcsim's archetypes if not given.",
    ),
]
Builds = Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds of each site.")]


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
            help="Until when past builds are known: a date, or the start of each site; all other sites if not given.",
        ),
    ] = None,
    leave_one_out: Annotated[
        bool,
        typer.Option("--leave-one-out", help="Calibrate what the rules name, for each site on all others."),
    ] = False,
    **shared: Any,
) -> "Result":
    """Forecast real sites from rules, and score the forecasts beside those from past builds."""
    from dcsim.study.backtest import backtest

    return backtest(cases, template=template, n=n, as_of=as_of, leave_one_out=leave_one_out, **shared)


@question("seed workers engine")
def calibrate(
    cases: Cases,
    *,
    template: Template = None,
    layer: Annotated[
        Path | None,
        typer.Option(
            "-o", "--layer", metavar="FILE", help="A layer to extend, layer.yaml; one per archetype beside it."
        ),
    ] = None,
    n: Builds = 1000,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="What was known before a date.")] = None,
    **shared: Any,
) -> Answer:
    """Learn a few quantities of the templates from the dates of real sites."""
    from dcsim.study.calibrate import calibrate, write_layers

    if layer is not None and not layer.parent.is_dir():
        raise typer.BadParameter(f"there is no folder '{layer.parent}' for the layer")
    result = calibrate(cases, template=template, n=n, as_of=as_of, **shared)
    written = write_layers(result, layer) if layer is not None else []
    return Answer(result, notes=tuple(f"layer in {path}" for path in written))
