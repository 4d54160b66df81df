"""Commands that draw what a folder of results holds."""

import textwrap
from inspect import getdoc
from pathlib import Path
from typing import Annotated

import typer

from dcsim.cli.app import app
from dcsim.cli.terminal import patience, progress, showing

Result = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder (written with --out).")]


@app.command()
def plot(
    result: Result,
    what: Annotated[
        str | None,
        typer.Option(metavar="PICTURE", help="The picture: s-curve, gantt, histogram, ...; `list` prints the choices."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="The file to write: .png, .svg or .pdf.")
    ] = None,
    milestone: Annotated[str | None, typer.Option(metavar="NAME", help="The milestone to draw.")] = None,
    place: Annotated[str | None, typer.Option(metavar="PATH", help="The place to draw: phase1/hall2.")] = None,
    resource: Annotated[str | None, typer.Option(metavar="NAME", help="The resource to draw.")] = None,
    supply: Annotated[str | None, typer.Option(metavar="NAME", help="The supply to draw.")] = None,
    day: Annotated[float | None, typer.Option(metavar="DAY", help="The day of a map, counted from day zero.")] = None,
) -> None:
    """Draw a picture of a result as PNG, SVG or PDF; the file name decides which."""
    from dcsim.study.store import read

    with patience("drawing"), showing(result):
        kept = read(result)
        if what == LIST:
            width = max(map(len, kept.charts())) + 2
            for name, draw in kept.question.CHARTS.items():
                summary = " ".join((getdoc(draw) or "").partition("\n\n")[0].split())
                typer.echo(textwrap.fill(f"{name:<{width}}{summary}", 80, subsequent_indent=" " * width))
            return
        what = what or kept.charts()[0]
        asked = {"milestone": milestone, "place": place, "resource": resource, "supply": supply, "day": day}
        path = kept.picture(out or f"{what}.png", what, **asked)
    typer.echo(f"picture saved in {path}")


LIST = "list"
"""What asks which pictures there are."""


@app.command()
def animate(
    result: Result,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="The file to write: .html, .gif or .mp4.")
    ] = Path("site.html"),
) -> None:
    """Animate the site over time: a page that plays offline, or a film."""
    from dcsim.report.animation import animate
    from dcsim.study.store import read

    with progress("drawing") as show, showing(result):
        path = animate(read(result), out, show)
    typer.echo(f"animation saved in {path}")
