"""Results in the files of others: the schedule of a planning tool, an Excel workbook, a calendar of dates."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcsim.document.names import in_words
from dcsim.document.report import Column, Report, Section, Table
from dcsim.errors import RequestError, ResultError
from dcsim.exchange.register import HEADINGS, register_rows
from dcsim.study.dates import KINDS, LEVELS, activity_dates
from dcsim.study.result import Result
from dcsim.writing import write_file

if TYPE_CHECKING:
    import pandas as pd

    from dcsim.report.page.results import Results

TOOLS = ("p6", "project")
"""Planning tools whose files end in .xml."""
SUFFIXES = (".xml", ".xer", ".xlsx", ".csv", ".ics")


@dataclass(frozen=True, eq=False)
class Exported:
    """A file that was written, and what it cannot say."""

    path: Path
    losses: "pd.DataFrame"
    """Where, what, instead."""

    def report(self) -> Report:
        """What the file cannot say."""
        rows = [[row["where"], row["what"], row["instead"]] for row in self.losses.to_dict("records")]
        table = Table((Column("of"), Column("what"), Column("instead")), rows)
        section = Section("what the file cannot say" if rows else "", tables=(table,) if rows else ())
        return Report.of("Export", (str(self.path),), (section,))


def export(
    *results: Result,
    path: str | Path,
    milestone: str | None = None,
    tool: str = "",
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Exported:
    """Write results of one scenario as a file that other tools read.

    Parameters
    ----------
    results
        Of one scenario. All but a calendar and a register need that of `replicate` or `explain`: its replications are
        simulated again for the dates of all activities.
    path
        The file. A name that ends in .xer or .xml gives the schedule of a planning tool, .xlsx an Excel workbook, .csv
        the risk register, .ics a calendar of milestones and, with the result of `latest_orders`, of orders.
    milestone
        Whose driving chain tells which activities are critical; as in `report` if not given.
    tool
        Of an .xml file: `p6` for Primavera P6, `project` for Microsoft Project, which is meant if not given.
    workers
        Threads; the number of cores if not given.
    progress
        Told how many replications are done, and how many there are.

    Raises
    ------
    ResultError
        The results are not of one scenario, or the file cannot be written.
    RequestError
        The results have no replications, or there is no such milestone or tool.
    UnavailableError
        A library or Java is missing.
    """
    from dcsim.report.page.results import together

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ResultError(f"'{path}': the name of what is exported ends in {', '.join(SUFFIXES)}")
    if tool and (tool not in TOOLS or suffix != ".xml"):
        raise RequestError(f"a tool is {' or '.join(TOOLS)}, and stands beside a name that ends in .xml, got '{tool}'")
    joined_results = together(results, milestone)
    losses: list[tuple[str, str, str]] = []
    if suffix == ".ics":
        from dcsim.report.diary import diary

        content: bytes = diary(joined_results)
    elif suffix == ".csv":
        content = _register(joined_results, losses)
    else:
        many = _replications(results, suffix)
        named = milestone or many.about.get("milestone") or joined_results.milestone
        dates = activity_dates(many, str(named), workers=workers, progress=progress)
        content = (
            _book(joined_results, dates, str(named)) if suffix == ".xlsx" else _plan(many, dates, suffix, tool, losses)
        )
    return Exported(write_file(path, content), _frame(losses))


def _replications(results: Sequence[Result], suffix: str) -> Result:
    """The result whose replications date activities."""
    many = next((result for result in results if result.kind in KINDS), None)
    if many is None:
        raise RequestError(f"a {suffix} file needs the result of replicate or explain")
    return many


def _frame(losses: list[tuple[str, str, str]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(losses, columns=["where", "what", "instead"], dtype="str")


def _plan(many: Result, dates: "pd.DataFrame", suffix: str, tool: str, losses: list[tuple[str, str, str]]) -> bytes:
    from dcsim.exchange.writing import tool_file
    from dcsim.schedule.scenario import drawn_up
    from dcsim.study.cash import network_of
    from dcsim.study.progress import network_as_planned

    network, rows = network_of(many.scenario), dates.to_dict("records")
    table = many.tables["summary"] if many.kind == "replications" else None
    reached = {} if table is None else {row["milestone"]: row for row in table.to_dict("records")}
    known = {name: row["p50_date"] for name, row in reached.items() if row["p50_date"] == row["p50_date"]}
    plan = drawn_up(many.scenario, network, known, network_as_planned(many.scenario))
    dated: dict[str, dict[Any, Any]] = {
        name: {f"{event}_{level}": row[f"{level}_date"] for event in ("start", "finish") for level in LEVELS}
        for name, row in reached.items()
    }
    dated |= dict(zip(plan.activities, rows, strict=False))
    content = tool_file(plan, dated, "xer" if suffix == ".xer" else tool or "project")
    losses += [(loss.where, loss.what, loss.instead) for loss in plan.losses]
    return content


def _book(results: "Results", dates: "pd.DataFrame", milestone: str) -> bytes:
    from dcsim.report.page.evidence import assumptions
    from dcsim.report.workbook import workbook

    reports = [finding.report(results.milestone) for finding in results.findings]
    rows, _ = register_rows(results.scenario)
    columns = tuple(Column(name, "share" if name.startswith("Probability") else "text") for name in HEADINGS)
    risks = Report.of("Risks", (results.scenario.name,), (Section("", tables=[Table(columns, rows)] if rows else []),))
    reports += [activities(results, dates, milestone), *([risks] if rows else []), assumptions(results)]
    return workbook([in_words(report) for report in reports])


def _register(results: "Results", losses: list[tuple[str, str, str]]) -> bytes:
    rows, lost = register_rows(results.scenario)
    losses += lost
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADINGS, *rows])
    return text.getvalue().encode()


def activities(results: "Results", dates: "pd.DataFrame", milestone: str) -> Report:
    """The dates of all activities."""
    columns = (
        *(Column(name) for name in ("id", "wbs", "activity", "where")),
        *(Column(f"{event} {level.upper()}", "date") for event, level in _SHOWN),
        Column(f"on the chain of {milestone}", "share"),
        Column("held most often by"),
        Column("how often", "share"),
    )
    scenario, labels = results.scenario, results.labels
    rows = [
        [
            scenario.activities[row["activity"]].id,
            " / ".join(scenario.activities[row["activity"]].wbs),
            labels.get(row["activity"], row["activity"]),
            row["place"],
            *(row[f"{event}_{level}"] for event, level in _SHOWN),
            *(row[name] for name in ("criticality", "cause", "cause_share")),
        ]
        for row in dates.to_dict("records")
    ]
    return Report.of("Activities", (scenario.name,), (Section("", tables=[Table(columns, rows)]),))


_SHOWN = (("start", "p50"), *(("finish", level) for level in ("p10", "p50", "p80", "p90")))
