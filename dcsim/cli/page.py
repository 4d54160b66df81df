"""The command that writes the results of one scenario as one file to send."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import app
from dcsim.cli.terminal import patience, showing


@app.command()
def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Result folders (written with --out) of one scenario.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The file to write: .html, .md or .xlsx.")],
    milestone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The milestone to report; default: the one that the results are about."),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Only the answer and one chart, on one printed page.")] = False,
) -> None:
    """Write results as one file: a page that opens anywhere, Markdown or Excel, with the source of every number."""
    from dcsim.report.files import report
    from dcsim.study.store import read

    with patience("writing"), showing(*results):
        page = report(*(read(folder) for folder in results), path=out, milestone=milestone, brief=brief)
    typer.echo(f"report in {page}")
