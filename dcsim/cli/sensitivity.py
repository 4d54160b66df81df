"""The command that tells what moves a date."""

from typing import Annotated

import typer

from dcsim.budget import LIMIT
from dcsim.cli.app import (
    Engine,
    Limit,
    Milestone,
    Mitigations,
    Options,
    Out,
    Overwrite,
    ScenarioFile,
    Seed,
    Settings,
    Variants,
    Workers,
    app,
    make_way,
    opened,
)
from dcsim.cli.terminal import AsCsv, AsJson, notice, progress, tell


@app.command()
def drivers(
    scenario: ScenarioFile,
    milestone: Milestone,
    n: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Points for the indices, a power of two; more tell finer.")
    ] = 512,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Rank the uncertain inputs of a milestone by the days that they move it."""
    from dcsim.build import network_of
    from dcsim.study.drivers import drivers as study
    from dcsim.study.inputs import inputs_of

    built = opened(scenario, variant, set_, option, mitigate, limit)
    notice(engine, built, n * (2 + len(inputs_of(network_of(built)))))
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
    make_way(out, overwrite)
    tell(result, out, json, csv)
