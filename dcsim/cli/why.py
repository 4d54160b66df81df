"""Commands that ask why: what drives a milestone, what waiting costs, what a change would do."""

from pathlib import Path
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
from dcsim.cli.terminal import AsCsv, AsJson, notice, progress, tell


@app.command()
def explain(
    scenario: ScenarioFile,
    milestone: Milestone,
    n: Builds = 256,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    seed: Seed = 0,
    replication: Annotated[
        int | None, typer.Option(min=0, help="Whose chain is told. That nearest to the median if not given.")
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="Tell the chain of the build with expected values.")
    ] = False,
    workers: Workers = None,
    engine: Engine = "auto",
    sampling: Sampling = "random",
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Explain the date of a milestone: its driving chain, and what is critical."""
    from dcsim.study.explain import TYPICAL, explain

    if expected and replication is not None:
        raise typer.BadParameter("tell one chain: that of --replication, or that with --expected values")
    built = opened(scenario, variant, set_, option, mitigate, limit)
    notice(engine, built, n)
    told = None if expected else (TYPICAL if replication is None else replication)
    with progress("simulating") as show:
        result = explain(
            built,
            milestone=milestone,
            n=n,
            seed=seed,
            replication=told,
            workers=workers,
            engine=engine,
            sampling=sampling,
            progress=show,
        )
    make_way(out, overwrite)
    tell(result, out, json, csv)


@app.command()
def compare(
    scenario: ScenarioFile,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CHANGE]...",
            help="Variants, options, risks to mitigate, PATH=VALUE, or files; all its variants if not given.",
        ),
    ] = None,
    milestone: Milestones = None,
    n: Builds = 256,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    sampling: Sampling = "random",
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Compare variants or scenarios, with the same random numbers: what changes, and why."""
    from dcsim import api
    from dcsim.study.compare import compare

    base = opened(scenario, variant, set_, option, mitigate, limit)
    others = [api.load(one, limit=limit) if Path(one).suffix in (".yaml", ".yml") else one for one in changes or ()]
    notice(engine, base, n * (1 + len(others or base.variants)))
    with progress("simulating") as show:
        result = compare(
            base,
            *others,
            milestones=milestone or (),
            n=n,
            seed=seed,
            workers=workers,
            engine=engine,
            sampling=sampling,
            progress=show,
        )
    make_way(out, overwrite)
    tell(result, out, json, csv)


@app.command()
def lost(
    scenario: ScenarioFile,
    supply: Annotated[str, typer.Option("--supply", metavar="NAME", help="The counter whose units come too late.")],
    target: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="A plan to compare with: `date,amount`. Else the build in which nothing waits."
        ),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(metavar="MONEY", help="What a unit is worth an hour: `4 USD`; else its `hourly_value`."),
    ] = None,
    n: Builds = 32,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    seed: Seed = 0,
    expected: Annotated[bool, typer.Option("--expected", help="One build, with expected values.")] = False,
    engine: Engine = "auto",
    out: Out = None,
    overwrite: Overwrite = False,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """Show what waiting costs: GPU-days lost, their causes and their price."""
    from dcsim.study.lost import lost

    built = opened(scenario, variant, set_, option, mitigate, limit)
    notice(engine, built, 2 if expected else 2 * n)
    with progress("simulating") as show:
        result = lost(
            built,
            supply=supply,
            target=target,
            price=price,
            n=n,
            seed=seed,
            expected=expected,
            engine=engine,
            progress=show,
        )
    make_way(out, overwrite)
    tell(result, out, json, csv)
