"""The page as one HTML text: its sections put into the template, with style, script and figures inside."""

import json
import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from dcsim.charts.plotly import figure
from dcsim.document.colours import DARK, LIGHT
from dcsim.document.report import Cell
from dcsim.document.words import cell
from dcsim.report.page.answer import answer, headline
from dcsim.report.page.contents import dated, origin, reports, subject
from dcsim.report.page.evidence import sources
from dcsim.report.page.results import Results
from dcsim.report.policy import policy
from dcsim.visible import visible

LANGUAGE = "en"
BRIEF_HEIGHT = 300
"""Pixels of the chart of a brief page, so that all of it prints on one sheet."""
_PALETTES = {"light": LIGHT, "dark": DARK}
_STYLE = ":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def written(results: Results, brief: bool = False) -> str:
    """The page as HTML; if brief its first screen alone, with one chart, which prints on one sheet of A4."""
    environment = Environment(
        loader=PackageLoader("dcsim.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "coded": _coded,
        "repeats": _repeats,
        "said": cell,
        "wrapped": Cell.of,
    }
    contents = reports(results)
    drawn = [chart for report in contents for chart in report.charts][: 1 if brief else None]
    charts = {f"chart{number}": figure(chart) for number, chart in enumerate(drawn)}
    if brief:
        charts = {name: {**chart, "height": min(chart["height"], BRIEF_HEIGHT)} for name, chart in charts.items()}
    colours = {
        name: " ".join(f"--{key}: {colour};" for key, colour in palette.items()) for name, palette in _PALETTES.items()
    }
    style = _STYLE.format(**colours) + _asset("templates", "report.css")
    scripts = [_asset("plotly", "plotly-basic.min.js"), _asset("templates", "report.js")] if charts else []
    page = environment.get_template("report.html").render(
        language=LANGUAGE,
        name=results.name,
        subject=subject(results),
        headline=headline(results),
        answer=answer(results),
        brief=brief,
        dated=dated(results),
        picture=next(iter(drawn), None),
        sources=sources(results),
        reports=contents,
        origin=origin(results),
        policy=policy(scripts, [style, ""]),
        style=Markup(style),
        figures=_json(charts),
        palettes=_json(_PALETTES),
        scripts=scripts,
        license=_asset("plotly", "LICENSE"),
    )
    return visible(page)


def _asset(*path: str) -> Markup:
    """A file of this package, which stands in the page as it is."""
    return Markup(files(__package__).joinpath(*path).read_text(encoding="utf-8"))


def _json(value: object) -> Markup:
    """Data inside a page: no name in it can end the element it stands in."""
    plain = json.dumps(value, separators=(",", ":"), default=_number, allow_nan=False)
    for sign in "<>&":
        plain = plain.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(plain)


def _breakable(name: Markup) -> Markup:
    """A path that may break after its dots and dashes, not inside a word."""
    return Markup(re.sub(r"([._])(?![^<>]*>)", r"\1<wbr>", str(name)))


def _coded(sentence: str) -> Markup:
    """A sentence in which words between backticks are set as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))


def _repeats(title: str, heading: str) -> bool:
    """Whether the title of a chart, perhaps after the name of a milestone, adds nothing to the heading above it."""
    return {*re.findall(r"\w+", title.rpartition(": ")[2].lower())} <= {*re.findall(r"\w+", heading.lower())}


def _number(value: Any) -> Any:
    """A number of a table as a plain one."""
    return value.item()
