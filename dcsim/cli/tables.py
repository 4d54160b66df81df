"""The options that say how a file of a schedule is to be read."""

from typing import Annotated

import typer

Sheet = Annotated[str, typer.Option(metavar="NAME", help="The sheet of a workbook, or the project of several.")]
Start = Annotated[str, typer.Option(metavar="DATE", help="The start date of the schedule.")]
StatusDate = Annotated[
    str, typer.Option(metavar="DATE", help="The date up to which a table tells progress: the end of that day.")
]
Dates = Annotated[str, typer.Option(metavar="dmy|mdy", help="Whether the day or the month comes first in dates.")]
Decimal = Annotated[str, typer.Option(metavar="comma|point", help="The decimal separator.")]
Separator = Annotated[
    str, typer.Option(metavar="comma|semicolon|tab|bar", help="The separator between cells of a CSV file.")
]
Encoding = Annotated[
    str, typer.Option(metavar="NAME", help="The encoding of a CSV or .xer file that is not UTF-8: cp1252.")
]
WorkingHours = Annotated[
    list[str] | None,
    typer.Option(
        "--calendar", metavar="[NAME=]HOURS", help="Working hours: `Site=Mon-Sat 07:00-17:00`; may be repeated."
    ),
]


def hours_by_calendar(written: list[str] | None) -> dict[str, str]:
    """Working hours by the name of a calendar; hours alone are for activities without a calendar."""
    calendars: dict[str, str] = {}
    for text in written or []:
        name, equals, hours = text.partition("=")
        key, value = (name.strip(), hours.strip()) if equals else ("", text.strip())
        if key in calendars:
            raise typer.BadParameter(f"--calendar {key or value} is given twice, and only one can count")
        calendars[key] = value
    return calendars
