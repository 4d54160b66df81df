"""Commands that ask what if: other values in turn, other dates of orders, what can be bought."""

from typing import Annotated

import typer

from dcsim.budget import LIMIT
from dcsim.cli.app import (
    Builds,
    Engine,
    Limit,
    Milestone,
    Milestones,
    Mitigations,
    Options,
    Out,
    Overwrite,
    Resume,
    ScenarioFile,
    Seed,
    Settings,
    Variants,
    Workers,
    app,
    make_way,
    opened,
    settings,
)
from dcsim.cli.terminal import AsCsv, AsJson, in_folder, notice, progress, tell


@app.command()
def sweep(
    scenario: ScenarioFile,
    over: Annotated[
        list[str],
        typer.Option(
            "--over", metavar="PATH=VALUES", help="`4..16`, `4..16..3`, `0.2:0.4:5` or `30 d,45 d`; may be repeated."
        ),
    ],
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    milestone: Milestones = None,
    n: Builds = 200,
    samples: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="K points of a Latin hypercube over the ranges, not all combinations."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Try many values of some inputs, with the same random numbers: how the milestones move."""
    from math import prod

    from dcsim.study.axes import axes_of
    from dcsim.study.sweep import sweep

    built = opened(scenario, variant, set_, option, mitigate, limit)
    wanted = settings(over, "--over", "resources.crews.count=4..16")
    make_way(out, overwrite, resume)
    notice(engine, built, n * (samples or prod(len(axis.values) for axis in axes_of(wanted))))
    try:
        with progress("simulating") as show:
            done = sweep(
                built,
                wanted,
                milestones=milestone or (),
                n=n,
                samples=samples,
                seed=seed,
                workers=workers,
                engine=engine,
                out=out,
                resume=resume,
                progress=show,
            )
    except KeyboardInterrupt:
        if out is not None:
            typer.echo(f"what is done is kept in {out}: the same command with --resume continues it", err=True)
        raise
    tell(done, None, as_json, as_csv, *in_folder(out))


@app.command(name="order-by")
def order_by(
    scenario: ScenarioFile,
    milestone: Milestone,
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="By the end of which day, or by which minute; its target if not given."),
    ] = None,
    confidence: Annotated[float, typer.Option(metavar="SHARE", help="With which probability.")] = 0.8,
    points: Annotated[
        float,
        typer.Option(metavar="N", help="Where that is out of reach: how many points of probability a date may cost."),
    ] = 5,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    n: Builds = 256,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Find the latest date of each order at which a milestone stays likely enough."""
    from dcsim.study.orders import order_by

    built = opened(scenario, variant, set_, option, mitigate, limit)
    notice(engine, built, 4 * n)
    with progress("moving orders") as show:
        done = order_by(
            built,
            milestone=milestone,
            date=date,
            confidence=confidence,
            points=points,
            n=n,
            seed=seed,
            workers=workers,
            engine=engine,
            progress=show,
        )
    make_way(out, overwrite)
    tell(done, out, as_json, as_csv)


@app.command()
def mitigate(
    scenario: ScenarioFile,
    milestone: Milestone,
    budget: Annotated[
        str | None, typer.Option(metavar="MONEY", help="`50M USD`: the best set of measures within it is sought.")
    ] = None,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigated: Mitigations = None,
    n: Builds = 256,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Rank mitigations and options by days for the money; find the best set within a budget."""
    from dcsim.study.measures import measures_of
    from dcsim.study.mitigate import mitigate

    built = opened(scenario, variant, set_, option, mitigated, limit)
    notice(engine, built, n * (1 + len(measures_of(built))))
    with progress("weighing") as show:
        done = mitigate(
            built,
            milestone=milestone,
            budget=budget,
            n=n,
            seed=seed,
            workers=workers,
            engine=engine,
            progress=show,
        )
    make_way(out, overwrite)
    tell(done, out, as_json, as_csv)
