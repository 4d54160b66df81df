"""Commands that look at a scenario: its errors, its contents and its format."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dcsim.budget import LIMIT
from dcsim.cli.app import (
    Limit,
    Mitigations,
    Options,
    ScenarioFile,
    Settings,
    Variants,
    app,
    opened,
)
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
from dcsim.cli.terminal import AsCsv, AsJson, Facts, answer, patience

if TYPE_CHECKING:
    from dcsim.errors import Problem
    from dcsim.scenario.schema import Scenario


@app.command()
def check(
    scenario: ScenarioFile,
    variant: Variants = None,
    schedule: Annotated[
        bool,
        typer.Option("--schedule", help="Make the 14 checks of a schedule's health, also of a file of P6 or Project."),
    ] = False,
    sheet: Sheet = "",
    start: Start = "",
    status_date: StatusDate = "",
    dates: Dates = "",
    decimal: Decimal = "",
    separator: Separator = "",
    encoding: Encoding = "",
    calendar: WorkingHours = None,
    limit: Limit = LIMIT,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Check a scenario, its variants and its options: list every error and its correction."""
    how: dict[str, Any] = {"sheet": sheet, "start": start, "status_date": status_date, "dates": dates}
    how |= {"decimal": decimal, "separator": separator, "encoding": encoding, "calendar": calendar}
    how = {option: value for option, value in how.items() if value}
    is_scenario = scenario.suffix.lower() in (".yaml", ".yml") or str(scenario) == "-"
    if how and (is_scenario or not schedule):
        option = next(iter(how)).replace("_", "-")
        raise typer.BadParameter(f"--{option} is for files that `dcsim import` reads, with --schedule")
    if schedule:
        how["calendars"] = hours_by_calendar(how.pop("calendar", None))
        read = opened(scenario, variant, None, None, None, limit) if is_scenario else scenario
        _check_schedule(scenario, read, how, as_json, as_csv)
        return
    from dcsim import api
    from dcsim.document.words import counted
    from dcsim.errors import ScenarioError, lines_of
    from dcsim.report.words import size
    from dcsim.study.cash import network_of

    with patience("checking"):
        try:
            checked = api.check(scenario, variants=variant or (), limit=limit)
        except ScenarioError as error:
            if as_json or as_csv:
                answer(_checked(error.name, error.problems, ()), "problems", "", as_json, as_csv)
                raise typer.Exit(2) from None
            raise
    if as_json or as_csv:
        answer(_checked(checked.document.name, (), checked.warnings), "problems", "", as_json, as_csv)
        return
    facts = [size(checked, network_of(checked))]
    facts += [counted(len(checked.variants), "variant")] if checked.variants else []
    facts += [counted(len(checked.options), "option")] if checked.options else []
    warned = f", {counted(len(checked.warnings), 'warning')}" if checked.warnings else ""
    name = checked.document.name
    typer.echo("\n".join([f"{name}: no problems{warned}; {', '.join(facts)}", *lines_of(checked.warnings, name)]))


def _check_schedule(file: Path, read: "Scenario | Path", how: dict[str, Any], as_json: bool, as_csv: bool) -> None:
    """The health of a schedule."""
    from dcsim.exchange.checking import check_schedule, health_report
    from dcsim.report.terminal import shown

    with patience("checking"):
        checks = check_schedule(read, **how)
    about = {"file": str(file), "passed": int(checks["passed"].sum()), "checks": len(checks)}
    answer(
        Facts("schedule", about, {"checks": checks}), "checks", shown(health_report(file.name, checks)), as_json, as_csv
    )


def _checked(name: str, problems: "Sequence[Problem]", warnings: "Sequence[Problem]") -> Facts:
    """One row per problem and warning: severity, file, line, path, message."""
    import pandas as pd

    rows = [
        (severity, schedule.file or name, schedule.line, schedule.path, schedule.message)
        for severity, problems_ in (("problem", problems), ("warning", warnings))
        for schedule in problems_
    ]
    table = pd.DataFrame(rows, columns=["severity", "file", "line", "path", "message"]).astype({"line": "Int64"})
    about = {"scenario": name, "problems": len(problems), "warnings": len(warnings)}
    return Facts("check", about, {"problems": table})


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write; default: print it.")] = None,
) -> None:
    """Print the scenario format as a JSON schema for completion and checks in an editor."""
    from dcsim import api
    from dcsim.writing import write_file

    text = api.json_schema()
    if out is None:
        typer.echo(text, nl=False)
        return
    write_file(out, text)
    typer.echo(f"schema saved in {out}")


@app.command()
def show(
    scenario: ScenarioFile,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    option: Options = None,
    mitigate: Mitigations = None,
    graph: Annotated[
        str | None, typer.Option(metavar="mermaid|dot", help="Print the network as a graph instead.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Describe a scenario: places, activities, resources, supplies, risks and milestones."""
    from dcsim.report.graph import LANGUAGES
    from dcsim.report.words import as_table, tell
    from dcsim.study.cash import network_of

    if graph is not None and graph not in LANGUAGES:
        raise typer.BadParameter(f"no graph '{graph}'; there are {' and '.join(LANGUAGES)}")
    if graph is not None and (as_json or as_csv):
        raise typer.BadParameter("--graph excludes --json and --csv")
    loaded = opened(scenario, variant, set_, option, mitigate, limit)
    network = network_of(loaded)
    if graph is not None:
        typer.echo(LANGUAGES[graph](loaded, network), nl=False)
        return
    about = {
        "name": loaded.name,
        "description": loaded.description,
        "variants": loaded.document.variants,
        "overrides": loaded.document.overrides,
        "options": loaded.document.options,
        "mitigated": loaded.document.mitigated,
        "start": network.start,
        "day_zero": network.zero,
        "horizon": network.date(network.horizon),
        "activities": len(network.built),
    }
    result_facts = Facts("scenario", about, {"says": as_table(loaded, network)})
    answer(result_facts, "says", tell(loaded, network), as_json, as_csv)
