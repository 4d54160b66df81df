"""Commands about sites that nobody has modelled: how good forecasts from rules would have been."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import Engine, Out, Overwrite, Seed, Workers, app, make_way
from dcsim.cli.terminal import AsCsv, AsJson, progress, tell

Template = Annotated[
    Path | None,
    typer.Option(
        "--template",
        metavar="RULES",
        help="Which scenario stands for which site: a YAML file; dcsim's archetypes if not given.",
    ),
]


@app.command()
def backtest(
    cases: Annotated[
        Path, typer.Argument(metavar="CASES", help="A folder with sites.csv, and site_steps.csv if dates are known.")
    ],
    template: Template = None,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds of each site.")] = 500,
    seed: Seed = 0,
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
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Forecast real sites from rules, and score the forecasts beside those from past builds."""
    from dcsim.study.backtest import backtest

    with progress("simulating") as show:
        result = backtest(
            cases,
            template=template,
            n=n,
            seed=seed,
            as_of=as_of,
            leave_one_out=leave_one_out,
            workers=workers,
            engine=engine,
            progress=show,
        )
    make_way(out, overwrite)
    tell(result, out, json, csv)


@app.command()
def calibrate(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="A folder with sites.csv and site_steps.csv.")],
    template: Template = None,
    layer: Annotated[
        Path | None,
        typer.Option(
            "-o", "--layer", metavar="FILE", help="A layer to extend, layer.yaml; one per archetype beside it."
        ),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds of each site.")] = 1000,
    seed: Seed = 0,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="What was known before a date.")] = None,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Learn a few quantities of the templates from the dates of real sites."""
    from dcsim.study.calibrate import calibrate, write_layers

    if layer is not None and not layer.parent.is_dir():
        raise typer.BadParameter(f"there is no folder '{layer.parent}' for the layer")
    with progress("simulating") as show:
        result = calibrate(
            cases, template=template, n=n, seed=seed, as_of=as_of, workers=workers, engine=engine, progress=show
        )
    make_way(out, overwrite)
    written = write_layers(result, layer) if layer is not None else []
    tell(result, out, json, csv, *(f"layer in {path}" for path in written))
