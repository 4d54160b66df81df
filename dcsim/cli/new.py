"""The command that writes a scenario of a new site."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dcsim.cli.app import app
from dcsim.visible import behind

if TYPE_CHECKING:
    from dcsim.scenario.new import Question


@app.command()
def new(
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The name of the site.")] = None,
    country: Annotated[str | None, typer.Option("--country", metavar="CODE", help="Its country, such as US.")] = None,
    state: Annotated[str | None, typer.Option("--state", metavar="CODE", help="Its state, such as TX.")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", metavar="DATE", help="The date on which land clearing or conversion begins; default: today."
        ),
    ] = None,
    it_power: Annotated[
        str | None, typer.Option("--it-power", metavar="POWER", help="The IT load of one building, such as 60 MW.")
    ] = None,
    buildings: Annotated[str | None, typer.Option("--buildings", metavar="N", help="The number of buildings.")] = None,
    shell: Annotated[
        str | None, typer.Option("--shell", metavar="new|conversion|tent|leased", help="The kind of building shell.")
    ] = None,
    power: Annotated[
        str | None, typer.Option("--power", metavar="grid|existing|onsite|mixed", help="The source of power.")
    ] = None,
    gpu: Annotated[str | None, typer.Option("--gpu", metavar="NAME", help="The chips, such as gb200 or tpu.")] = None,
    buyer: Annotated[
        str | None, typer.Option("--buyer", metavar="hyperscaler|lab|neocloud|colocation", help="The kind of buyer.")
    ] = None,
    announced: Annotated[
        str | None, typer.Option("--announced", metavar="DATE", help="The announced date of the first building.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="The scenario file to write.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Write a scenario of a new site; on a terminal it asks for what is not given."""
    from dcsim.scenario.new import QUESTIONS, new_site
    from dcsim.writing import write_file

    if out is not None and out.exists() and not overwrite:
        raise typer.BadParameter(f"'{out}' exists already: name another file, or add --overwrite")
    given = (name, country, state, start, it_power, buildings, shell, power, gpu, buyer, announced)
    asking, answers = on_a_terminal(), {}
    for question, answer in zip(QUESTIONS, given, strict=True):
        answers[question.column] = answer if answer is not None else _asked(question) if asking else ""
    made = new_site(answers)
    if out is None:
        typer.echo(made.text, nl=False)
        return
    write_file(out, made.text)
    typer.echo(f"{out}: {made.scenario.name}, from archetype:{made.archetype}")
    last = list(made.scenario.milestones)[-1]
    file, runs = (shlex.quote(str(path)) for path in (out, out.with_name(f"{out.stem}-runs")))
    typer.echo(
        f"next: dcsim replicate {file} -n 1000 --out {runs}; dcsim plot {runs} --what milestones; "
        f"dcsim explain {file} --milestone {last}; dcsim assumptions {file}"
    )


def on_a_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and behind(sys.stderr).isatty()


def _asked(question: "Question") -> str:
    """What the user types, once it can be used."""
    from dcsim.scenario.new import choices

    known = choices(question.column)
    text = question.text + (f" ({', '.join(known)})" if 0 < len(known) <= 20 else "")
    while True:
        answer = str(typer.prompt(text, default=question.default, show_default=bool(question.default), err=True))
        try:
            return question.read(answer) if answer else ""
        except ValueError as error:
            typer.echo(str(error), err=True)
