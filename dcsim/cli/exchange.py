"""The command that imports the schedule of a planning tool."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import app
from dcsim.cli.tables import (
    Dates,
    Decimal,
    Encoding,
    Separator,
    Sheet,
    Start,
    StatusDate,
    WorkingHours,
    hours_by_calendar,
)
from dcsim.cli.terminal import AsCsv, AsJson, answer, patience


@app.command("import")
def import_(
    schedule: Annotated[
        Path, typer.Argument(metavar="FILE", help="The schedule file: .xer, .xml, .mpp, .mpx, .csv or .xlsx.")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="The scenario file to write.")] = None,
    risks: Annotated[
        Path | None, typer.Option("--risks", metavar="SCENARIO", help="FILE is a risk register for this scenario.")
    ] = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="The name of the project; default: the name of the file.")
    ] = "",
    sheet: Sheet = "",
    start: Start = "",
    status_date: StatusDate = "",
    dates: Dates = "",
    decimal: Decimal = "",
    separator: Separator = "",
    encoding: Encoding = "",
    calendar: WorkingHours = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Turn a schedule from P6, Project, Excel or CSV into a scenario; list what was imported, changed and left out."""
    from dcsim.exchange import import_schedule
    from dcsim.exchange.telling import report
    from dcsim.report.terminal import shown
    from dcsim.writing import write_file

    if out is None and not (as_json or as_csv):
        raise typer.BadParameter("name the scenario file to write: -o scenario.yaml")
    if out is not None and out.exists() and not overwrite:
        raise typer.BadParameter(f"'{out}' exists already: name another file, or add --overwrite")
    table = {"sheet": sheet, "decimal": decimal, "separator": separator, "encoding": encoding}
    if risks is not None:
        _import_risks(schedule, risks, out, **table)
        return
    plan = {"name": name, "start": start, "status_date": status_date, "dates": dates}
    with patience("reading"):
        imported = import_schedule(schedule, **table, **plan, calendars=hours_by_calendar(calendar))
    if out is not None:
        write_file(out, imported.text)
    following = f"wrote {out}; next: dcsim check {out}; dcsim replicate {out} -n 1000"
    answer(imported, "activities", shown(report(imported)), as_json, as_csv, following)


def _import_risks(register: Path, scenario: Path, out: Path | None, **table: str) -> None:
    """The risks of a register, as a scenario that extends the given one."""
    from dcsim.document.words import counted
    from dcsim.exchange.register import import_risks
    from dcsim.writing import write_file

    imported = import_risks(register, scenario, out=out, **table)
    if out is not None:
        write_file(out, imported.text)
    lines = [f"{counted(len(imported.risks), 'risk')}{f' in {out}: dcsim check {out}' if out else ''}"]
    lines += [f"  {loss.where}: {loss.what}; instead: {loss.instead}" for loss in imported.losses]
    typer.echo("\n".join(lines))
