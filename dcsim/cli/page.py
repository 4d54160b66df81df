"""The command that writes the results of one scenario as one file to send."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import OutcomeName, Party, app
from dcsim.cli.terminal import AsCsv, AsJson, Facts, answer, patience, progress, showing


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
    outcome: OutcomeName = None,
    party: Party = None,
    brief: Annotated[bool, typer.Option("--brief", help="Only the answer and one chart, on one printed page.")] = False,
) -> None:
    """Write results as one file: a page that opens anywhere, Markdown or Excel, with the source of every number."""
    from dcsim.report.files import report
    from dcsim.study.store import read

    with patience("writing"), showing(*results):
        asked = {"milestone": milestone, "outcome": outcome, "party": party}
        page = report(*(read(folder) for folder in results), path=out, brief=brief, **asked)
    typer.echo(f"report saved in {page}")


@app.command()
def export(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Folders that were written with --out, of one scenario.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="A .xml, .xer, .xlsx, .csv or .ics file.")],
    milestone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose driving chain says what is critical; as in report if not given."),
    ] = None,
    tool: Annotated[
        str, typer.Option(metavar="p6|project", help="Whose .xml file; that of Project if not given.")
    ] = "",
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Write results for another tool: P6, Microsoft Project, Excel, a risk register, or a calendar."""
    from dcsim.report.export import export
    from dcsim.report.terminal import shown
    from dcsim.study.store import read

    with showing(*results), progress("simulating") as show:
        done = export(*(read(folder) for folder in results), path=out, milestone=milestone, tool=tool, progress=show)
    result_facts = Facts("export", {"file": str(done.path)}, {"losses": done.losses})
    answer(result_facts, "losses", shown(done.report()), as_json, as_csv)
