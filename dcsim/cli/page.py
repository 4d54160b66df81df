"""The command that writes the results of one scenario as one file to mail around."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import app
from dcsim.cli.terminal import patience, showing


@app.command()
def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Folders that were written with --out, of one scenario.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The file: .html, .md or .xlsx.")],
    milestone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The milestone it answers for; the one that was asked about if not given."),
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="Only the answer and one chart: one sheet when printed.")
    ] = False,
) -> None:
    """Write results as one file: a page that opens anywhere, Markdown or Excel, with the source of every number."""
    from dcsim.report.files import report
    from dcsim.study.store import read

    with patience("writing"), showing(*results):
        page = report(*(read(folder) for folder in results), path=out, milestone=milestone, brief=brief)
    typer.echo(f"report in {page}")
