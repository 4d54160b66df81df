"""Import of schedules and risk registers from P6, Project, Excel and CSV as scenarios, and export into these tools."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcsim.errors import RequestError
from dcsim.schedule import Schedule, ScheduleError
from dcsim.units import parse_date

if TYPE_CHECKING:
    import pandas as pd

    from dcsim.scenario.schema import Scenario
    from dcsim.study.run import Run

TABLES = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True, eq=False, repr=False)
class Imported:
    """A schedule taken over: the scenario, its expected case, and what differs from the file."""

    source: str
    text: str
    """The scenario as YAML."""
    scenario: "Scenario"
    run: "Run"
    """Its expected case."""
    activities: "pd.DataFrame"
    """One row per activity: early and late dates, total and free float in working days, critical; the file's own dates
    and how much later ours are; dates of the expected case, how much later these are than the early dates, and why.
    Early dates, floats and `critical` know no limits of resources."""
    losses: "pd.DataFrame"
    """What could not be taken over as it is: where, what, instead, cause."""
    kind: str = field(default="import")

    def __repr__(self) -> str:
        return f"Imported('{self.source}', {len(self.activities)} activities, {len(self.losses)} losses)"

    @property
    def tables(self) -> Mapping[str, "pd.DataFrame"]:
        """The tables by name."""
        return {"activities": self.activities, "losses": self.losses}

    @property
    def about(self) -> Mapping[str, Any]:
        """The file, and how many activities of it there are, are critical, and differ."""
        table = self.activities
        return {
            "source": self.source,
            "activities": len(table),
            "critical": int(table["critical"].sum()),
            "file_differs": int((table["file_off"] != 0).sum()),
            "simulated_differs": int((table["simulated_off"] != 0).sum()),
            "losses": len(self.losses),
        }


def import_schedule(
    path: str | Path,
    *,
    name: str = "",
    sheet: str = "",
    start: str | dt.date = "",
    status_date: str | dt.date = "",
    dates: str = "",
    decimal: str = "",
    separator: str = "",
    encoding: str = "",
    calendars: Mapping[str, str] | None = None,
) -> Imported:
    """Take over the schedule of a planning tool as a scenario, and run its expected case.

    Parameters
    ----------
    path
        A file of Primavera P6 (.xer, .xml) or Microsoft Project (.xml, .mpp, .mpx), which Java reads; or a table (.csv,
        .xlsx) with a row for each activity, whose columns `dcsim guide import` lists.
    name
        What is built; the name of the file if not given.
    sheet
        The sheet of a workbook, or the project of a file of several.
    start
        When the schedule begins; the first date of a table if not given.
    status_date
        The date up to which progress of a table is reported; the end of that day, where it has no time.
    dates
        `dmy` or `mdy`, where a table does not show whether day or month comes first.
    decimal
        `comma` or `point`, where a table does not show which one separates decimals.
    separator
        `comma`, `semicolon`, `tab` or `bar`, which is found out if not given.
    encoding
        Of a CSV or .xer file that is written in another than usual: `cp1252`.
    calendars
        Hours by the name of a calendar: `{"Site": "Mon-Sat 07:00-17:00"}`; under an empty name those of activities that
        have no calendar.

    Raises
    ------
    ScenarioError
        With every cell that cannot be read, and what would be right.
    ScheduleError
        The file cannot be read, or something in it can be read in two ways: the text names what decides.
    UnavailableError
        A library that reads such files, or Java, is missing.
    """
    how: dict[str, Any] = {
        "start": start,
        "status_date": status_date,
        "dates": dates,
        "decimal": decimal,
        "separator": separator,
    }
    return taken_over(read_schedule(path, name=name, sheet=sheet, encoding=encoding, calendars=calendars, **how))


def _check(what: str, word: str, known: tuple[str, ...]) -> None:
    if word not in ("", *known):
        raise RequestError(f"{what} is {' or '.join(known)}, got '{word}'")


def _moment(written: str | dt.date, is_end: bool = False) -> dt.datetime | None:
    """A moment; of a date without a time its first minute, or its end."""
    has_time = isinstance(written, dt.datetime) or ":" in str(written)
    try:
        return parse_date(written) + dt.timedelta(days=is_end and not has_time) if written else None
    except (ValueError, OverflowError) as error:
        raise RequestError(str(error)) from None


def read_schedule(
    path: str | Path,
    *,
    name: str = "",
    sheet: str = "",
    encoding: str = "",
    calendars: Mapping[str, str] | None = None,
    start: str | dt.date = "",
    status_date: str | dt.date = "",
    dates: str = "",
    decimal: str = "",
    separator: str = "",
) -> Schedule:
    """The schedule in a file (see `import_schedule`)."""
    from dcsim.exchange.hammocks import hang
    from dcsim.exchange.planning import SUFFIXES, planned
    from dcsim.exchange.sheets import read_table
    from dcsim.exchange.tabular import Answers, schedule_of

    path, suffix = Path(path), Path(path).suffix.lower()
    _check("dates", dates, ("dmy", "mdy"))
    _check("decimal", decimal, ("comma", "point"))
    answers = Answers(_moment(start), _moment(status_date, is_end=True), dates, decimal, calendars or {})
    if suffix not in (*TABLES, *WORKBOOKS, *SUFFIXES):
        raise ScheduleError(f"'{path}': schedules are read from {', '.join((*TABLES, *WORKBOOKS, *SUFFIXES))}")
    if suffix in SUFFIXES:
        if separator or answers != Answers():
            raise RequestError(
                f"'{path.name}' says dates and hours by itself: give it no more than name, sheet, encoding"
            )
        schedule = planned(path, name, sheet, encoding)
    else:
        schedule = schedule_of(read_table(path, sheet, separator, encoding), name or path.stem, answers)
    hang(schedule)
    return schedule


def taken_over(schedule: Schedule) -> Imported:
    """A schedule as a scenario, with its expected case."""
    import pandas as pd

    from dcsim.exchange.compare import Comparison
    from dcsim.exchange.writer import write
    from dcsim.scenario.files import LARGEST
    from dcsim.scenario.load import load
    from dcsim.scenario.parse import parse_yaml
    from dcsim.scenario.tree import Origin, plain
    from dcsim.schedule.cpm import Times, critical_path
    from dcsim.study.run import simulate

    times = Times(schedule)
    dates = critical_path(schedule, times)
    schedule.earliest = times.moment(min(date.early_start for date in dates.values()))
    written = write(schedule, times, dates)
    size = len(written.text.encode())
    if size > LARGEST:
        raise ScheduleError(
            f"'{schedule.source}' has {len(schedule.activities):,} activities, which make a scenario of "
            f"{size / 1e6:.1f} MB; dcsim reads at most {LARGEST // 10**6} MB: import a part of it"
        )
    tree, _ = parse_yaml(written.text, Origin(schedule.source, Path(schedule.source)))
    scenario = load(plain(tree))
    run = simulate(scenario, engine="auto", expected=True)
    activities = Comparison(schedule, times, dates, written.names, run).table()
    losses = pd.DataFrame(
        [(loss.where, loss.what, loss.instead, loss.cause) for loss in schedule.losses],
        columns=["where", "what", "instead", "cause"],
    )
    return Imported(schedule.source, written.text, scenario, run, activities, losses)
