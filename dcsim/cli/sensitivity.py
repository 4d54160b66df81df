"""The command that tells what moves a date."""

from typing import Annotated

import typer

from dcsim.cli.app import (
    Engine,
    Mitigations,
    Options,
    Out,
    ScenarioFile,
    Seed,
    Settings,
    Variants,
    Workers,
    app,
    opened,
)
from dcsim.cli.terminal import AsCsv, AsJson, give, notice, progress


@app.command()
def drivers(
    scenario: ScenarioFile,
    milestone: Annotated[str, typer.Option(metavar="NAME", help="The milestone whose day is moved.")] = "",
    n: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Points for the indices, a power of two; more tell finer.")
    ] = 512,
    variant: Variants = None,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Tell which uncertain inputs move a milestone, by how many days, and what it is worth to know them."""
    from time import perf_counter

    from dcsim.build import network_of
    from dcsim.report.drivers import drivers_report
    from dcsim.study.drivers import drivers as study

    built = opened(scenario, variant, set_, option, mitigate)
    notice(engine, network_of(built).instances * n)
    begin = perf_counter()
    with progress("simulating") as show:
        result = study(
            built,
            milestone=milestone,
            n=n,
            seed=seed,
            workers=workers,
            engine=engine,
            progress=show,
        )
    give(result, "drivers", drivers_report(result, perf_counter() - begin), out, json, csv)
