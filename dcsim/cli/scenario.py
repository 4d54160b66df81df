"""Commands that look at a scenario: what is wrong with it, what it says, what carries its dates."""

from pathlib import Path
from typing import Annotated

import typer

from dcsim.budget import LIMIT
from dcsim.cli.app import Limit, Milestones, Mitigations, Options, ScenarioFile, Settings, Variants, app, opened
from dcsim.cli.terminal import patience, progress, say, write


@app.command()
def check(scenario: ScenarioFile, variant: Variants = None, limit: Limit = LIMIT) -> None:
    """Find everything that is wrong with a scenario, and with each of its variants and options."""
    from dcsim import api
    from dcsim.build import network_of
    from dcsim.errors import told as lines
    from dcsim.report.language import counted
    from dcsim.report.words import size

    with patience("checking"):
        found = api.check(scenario, variants=variant or (), limit=limit)
    told = [size(network_of(found))]
    told += [counted(len(found.variants), "variant")] if found.variants else []
    told += [counted(len(found.options), "option")] if found.options else []
    warned = f", {counted(len(found.warnings), 'warning')}" if found.warnings else ""
    typer.echo(
        "\n".join([f"{scenario}: no problems{warned}; {', '.join(told)}", *lines(found.warnings, str(scenario))])
    )


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it; printed if not given.")] = None,
) -> None:
    """Print the scenario format as a JSON schema, with which an editor completes and underlines."""
    from dcsim import api

    text = api.json_schema()
    if out is None:
        typer.echo(text, nl=False)
        return
    write(out, text)
    typer.echo(f"schema in {out}")


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
) -> None:
    """Tell a scenario in words: places, activities, resources, supplies, risks and milestones."""
    from dcsim.build import network_of
    from dcsim.report.graph import LANGUAGES
    from dcsim.report.words import tell

    if graph is not None and graph not in LANGUAGES:
        raise typer.BadParameter(f"no graph '{graph}'; there are {' and '.join(LANGUAGES)}")
    found = opened(scenario, variant, set_, option, mitigate, limit)
    if graph is not None:
        typer.echo(LANGUAGES[graph](found, network_of(found)), nl=False)
    else:
        say(tell(found, network_of(found)))


@app.command()
def assumptions(
    scenario: ScenarioFile,
    variant: Variants = None,
    limit: Limit = LIMIT,
    set_: Settings = None,
    milestone: Milestones = None,
    all_: Annotated[bool, typer.Option("--all", help="Print every assumption that moves a milestone.")] = False,
) -> None:
    """Show what carries the dates: each assumption at its low and its high value, one at a time."""
    from dcsim import api
    from dcsim.report.assumptions import MOST_SHOWN, assumptions_report

    found = opened(scenario, variant, set_, None, None, limit)
    with progress("trying") as show:
        result = api.assumptions(found, milestones=milestone or (), progress=show)
    say(assumptions_report(result, None if all_ else MOST_SHOWN))
