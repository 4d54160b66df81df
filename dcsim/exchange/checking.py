"""The health of a schedule: the fourteen checks of a scenario, or of the file of a planning tool."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.schedule.health import LAST_COUNT, SOURCE, Check, health

if TYPE_CHECKING:
    import pandas as pd

    from dcsim.scenario.schema import Scenario


def check_schedule(schedule: "str | Path | Mapping[str, Any] | Scenario", **how: Any) -> "pd.DataFrame":
    """Make the fourteen checks of the Defense Contract Management Agency (DCMA-EA PAM 200.1, October 2012, section 4).

    Parameters
    ----------
    schedule
        A scenario, of which expected values count and no progress is known; or a file that `import_schedule` reads.
    how
        How to read such a file, as for `import_schedule`: `start="2026-01-05"`.

    Returns
    -------
    One row per check: number, check, found (how many fail; of 12 to 14 the value), of (how many there are), limit,
    passed (empty where the schedule does not say what it needs), where (the first that fail).

    Raises
    ------
    ScenarioError, ScheduleError, UnavailableError
        As `load` and `import_schedule`.
    """
    import pandas as pd

    from dcsim.exchange import TABLES, WORKBOOKS, read_schedule
    from dcsim.exchange.planning import SUFFIXES
    from dcsim.scenario.load import load
    from dcsim.scenario.schema import Scenario
    from dcsim.schedule.scenario import drawn_up
    from dcsim.study.cash import network_of
    from dcsim.study.progress import network_as_planned

    files = (*TABLES, *WORKBOOKS, *SUFFIXES)
    if isinstance(schedule, str | Path) and Path(schedule).suffix.lower() in files:
        checks = health(read_schedule(schedule, **how))
    else:
        scenario = schedule if isinstance(schedule, Scenario) else load(schedule)
        checks = health(drawn_up(scenario, network_of(scenario), planned=network_as_planned(scenario)))
    return pd.DataFrame(checks, columns=list(Check._fields)).astype({"passed": "boolean"})


def health_report(name: str, checks: "pd.DataFrame") -> Report:
    """The checks as a report."""
    rows = checks.to_dict("records")
    cells = [[row["number"], row["check"], _value_of(row), row["limit"], _word(row["passed"])] for row in rows]
    columns = (Column("", "count"), *map(Column, ("check", "found", "limit", "passed")))
    failed = [f"{row['check']}: {row['where']}" for row in rows if row["passed"] is False and row["where"]]
    passed, known = int(checks["passed"].sum()), int(checks["passed"].notna().sum())
    notes = (f"checks and thresholds: {SOURCE}",)
    sentences = (f"{passed} of {known} checks are passed",)
    sections = (
        Section("", sentences, tables=(Table(columns, cells),), notes=notes),
        Section("what fails" if failed else "", points=failed),
    )
    return Report.of("Schedule", (name,), sections)


def _value_of(row: Mapping[Hashable, Any]) -> str:
    value = f"{row['found']:,.4g}"
    return value if row["number"] > LAST_COUNT else f"{value} of {row['of']:,}"


def _word(passed: Any) -> Cell:
    return Cell("not known") if passed is None or passed != passed else Cell("yes" if passed else "no")
