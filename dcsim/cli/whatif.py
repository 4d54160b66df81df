"""Commands that ask what if: other values in turn, other dates of orders, what can be bought."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import Engine, Mitigations, Options, ScenarioFile, Settings, Variants, app, settings
from dcsim.cli.terminal import AsCsv, AsJson, answer, notice, progress

Many = Annotated[int, typer.Option("-n", min=1, metavar="N", help="Replications.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same answer.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Threads; as many as there are cores if not given.", show_default=False)
]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="A folder for the tables.")]


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
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    milestone: Annotated[
        list[str] | None,
        typer.Option("--milestone", metavar="NAME", help="A milestone to look at; may be repeated."),
    ] = None,
    n: Many = 200,
    samples: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="K points of a Latin hypercube over the ranges, not all combinations."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    engine: Engine = "auto",
    out: Out = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue what was stopped, from --out.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Simulate with many values of some paths: how the milestones move, with the same random numbers everywhere."""
    from dcsim import api
    from dcsim.build import network_of
    from dcsim.report.sweep import sweep_report
    from dcsim.study.sweep import sweep

    if resume and out is None:
        raise typer.BadParameter("--resume continues what a folder holds: say which with --out")
    built = api.load(
        scenario, variants=variant or (), overrides=settings(set_), options=option or (), mitigate=mitigate or ()
    )
    notice(engine, network_of(built).instances * n)
    try:
        with progress("simulating") as show:
            done = sweep(
                built,
                settings(over, "--over", "resources.crews.count=4..16"),
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
    answer(done.findings, "points", sweep_report(done), as_json, as_csv)
    _tables_in(out, as_json or as_csv)


def _tables_in(out: Path | None, quiet: bool) -> None:
    """Say where the tables are, unless only an answer is wanted."""
    if out is not None and not quiet:
        typer.echo(f"\ntables in {out}")
