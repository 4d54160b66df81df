"""The command that explains the scenario format and the results."""

from typing import Annotated

import typer

from dcsim.cli.app import app
from dcsim.cli.terminal import say, stdout


@app.command()
def guide(
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="The topic to print; default: the list of topics.")
    ] = None,
) -> None:
    """Explain the scenario format and the results: `dcsim guide` lists the topics."""
    from rich.markdown import Markdown

    from dcsim.guide import guide

    text = guide(topic)
    if stdout().is_terminal:
        say(Markdown(text))
    else:
        typer.echo(text, nl=False)
