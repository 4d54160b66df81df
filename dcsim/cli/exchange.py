"""The command that takes over a schedule of a planning tool."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import app
from dcsim.cli.terminal import AsCsv, AsJson, answer, patience


@app.command("import")
def import_(
    schedule: Annotated[
        Path, typer.Argument(metavar="FILE", help="The schedule: .xer, .xml, .mpp, .mpx, .csv, .xlsx.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to write the scenario.")
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What is built; the name of the file if not given.")] = "",
    sheet: Annotated[
        str, typer.Option(metavar="NAME", help="The sheet of a workbook, or the project of several.")
    ] = "",
    start: Annotated[str, typer.Option(metavar="DATE", help="When the schedule begins.")] = "",
    status_date: Annotated[str, typer.Option(metavar="DATE", help="The date up to which progress is told.")] = "",
    dates: Annotated[str, typer.Option(metavar="dmy|mdy", help="Whether day or month comes first.")] = "",
    decimal: Annotated[str, typer.Option(metavar="comma|point", help="The sign before decimals.")] = "",
    separator: Annotated[str, typer.Option(metavar="comma|semicolon|tab|bar", help="The sign between cells.")] = "",
    encoding: Annotated[str, typer.Option(metavar="NAME", help="Of a CSV file that is not UTF-8: cp1252.")] = "",
    calendar: Annotated[
        list[str] | None,
        typer.Option(metavar="[NAME=]HOURS", help="Hours of a calendar: `Site=Mon-Sat 07:00-17:00`; may be repeated."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Take over the schedule of a planning tool as a scenario: what comes over, what does not, and its dates."""
    from dcsim.exchange import import_schedule
    from dcsim.exchange.telling import report
    from dcsim.report.terminal import shown
    from dcsim.writing import write_file

    if out is None and not (as_json or as_csv):
        raise typer.BadParameter("say where to write the scenario: -o scenario.yaml")
    if out is not None and out.exists() and not overwrite:
        raise typer.BadParameter(f"'{out}' is there already: name another file, or add --overwrite")
    with patience("reading"):
        found = import_schedule(
            schedule,
            name=name,
            sheet=sheet,
            start=start,
            status_date=status_date,
            dates=dates,
            decimal=decimal,
            separator=separator,
            encoding=encoding,
            calendars=_calendars(calendar or []),
        )
    if out is not None:
        write_file(out, found.text)
    answer(
        found,
        "activities",
        shown(report(found)),
        as_json,
        as_csv,
        f"scenario in {out}: dcsim check {out}; dcsim replicate {out} -n 1000",
    )


def _calendars(written: list[str]) -> dict[str, str]:
    """Hours by the name of a calendar; hours alone are those of activities that have none."""
    found: dict[str, str] = {}
    for text in written:
        name, equals, hours = text.partition("=")
        key, value = (name.strip(), hours.strip()) if equals else ("", text.strip())
        if key in found:
            raise typer.BadParameter(f"--calendar {key or value} is given twice, and only one can count")
        found[key] = value
    return found
