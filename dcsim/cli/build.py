"""Commands that simulate: one build, many builds."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.budget import LIMIT
from dcsim.cli.app import (
    Engine,
    Limit,
    Mitigations,
    Options,
    Out,
    Overwrite,
    Resume,
    Sampling,
    ScenarioFile,
    Seed,
    Settings,
    Variants,
    Workers,
    app,
    make_way,
    opened,
)
from dcsim.cli.terminal import AsCsv, AsJson, in_folder, notice, patience, progress, tell


@app.command()
def run(
    scenario: ScenarioFile,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
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
    out: Out = None,
    overwrite: Overwrite = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="A picture: .png, .svg or .pdf.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Simulate once: the milestones, what the project waited for, and what is stuck."""
    from time import perf_counter

    from dcsim.study.run import simulate

    if expected and (seed is not None or replication is not None or sampling != "random"):
        raise typer.BadParameter("expected values are not drawn: leave out --seed, --replication and --sampling")
    with patience("simulating"):
        begin = perf_counter()
        built = opened(scenario, variant, set_, option, mitigate, limit)
        notice(engine, built, 1)
        done = simulate(
            built,
            seed=seed or 0,
            replication=replication or 0,
            engine=engine,
            sampling=sampling,
            expected=expected,
        )
        seconds = perf_counter() - begin
    make_way(out, overwrite)
    written = [f"{seconds:.1f} s, {done.engine} engine", *in_folder(out)]
    if out is not None:
        done.save(out)
    if plot is not None:
        written.append(f"picture in {done.picture(plot)}")
    tell(done, None, as_json, as_csv, *written)


@app.command()
def replicate(
    scenario: ScenarioFile,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds; at most, with --until-precise.")],
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    sampling: Sampling = "random",
    until_precise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WISH", help="Stop when this is known so well: `online_100k.p80 within 1 d`; may be repeated."
        ),
    ] = None,
    explain: Annotated[
        list[str] | None,
        typer.Option("--explain", metavar="NAME", help="A milestone whose driving chains are kept; may be repeated."),
    ] = None,
    out: Out = None,
    overwrite: Overwrite = False,
    resume: Resume = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Simulate many times: how likely each milestone is, by date, and what it waited for."""
    from time import perf_counter

    from dcsim import api

    built = opened(scenario, variant, set_, option, mitigate, limit)
    make_way(out, overwrite, resume)
    notice(engine, built, n)
    begin = perf_counter()
    try:
        with progress("simulating") as show:
            done = api.replicate(
                built,
                n,
                seed=seed,
                workers=workers,
                engine=engine,
                sampling=sampling,
                until_precise=until_precise or (),
                explain=explain or (),
                out=out,
                resume=resume,
                progress=show,
            )
    except KeyboardInterrupt:
        if out is not None:
            typer.echo(f"what is done is kept in {out}: the same command with --resume continues it", err=True)
        raise
    seconds = perf_counter() - begin
    speed = f"{seconds:.1f} s, {done.n / max(seconds, 1e-9):,.3g} replications per second, {done.engine} engine"
    tell(done, None, as_json, as_csv, speed, *in_folder(out))
