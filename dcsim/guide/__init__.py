"""The guide that `dcsim guide` prints: chapters in Markdown, and the format as its schema documents it."""

from importlib import import_module
from importlib.resources import files
from inspect import getdoc

from dcsim.errors import RequestError
from dcsim.guide.reference import SECTIONS, section
from dcsim.scenario.files import described
from dcsim.scenario.values import HOW_TO_WRITE
from dcsim.suggest import nearest

CHAPTERS = {
    "values": "spans, amounts, dates, months, distributions, and where a value comes from",
    "expressions": "parameters, and formulas that compute values from them",
    "layers": "variants, options, single values, and files that extend others",
    "portfolio": "many sites in one scenario: what they share, and who gets what is scarce",
    "archetypes": "templates for common ways of building, and `dcsim new`, which writes a site from one",
    "seen": "a project under way: forecasts from sightings and from the progress of activities",
    "promise": "an announced date: how likely it is to be kept, and what would have to be true",
    "backtest": "forecasts of real sites scored against observed dates, and values calibrated on them",
    "import": "schedules, risk registers and checks of P6, Project, Excel and CSV; export into these tools",
    "finance": "costs, revenue, loans and statements, and how each figure is computed",
    "cluster": "replications on many machines: Dask, SLURM, Kubernetes",
    "results": "what the tables of a result mean, and how days and dates are counted",
}
"""What each Markdown file beside this one is about."""
DISTRIBUTIONS = "(distributions)"
"""Stands in a chapter for the list of all distributions."""
ARCHETYPES = "(archetypes)"
"""Stands in a chapter for the list of all archetypes."""
LAW = "law"
"""What happens at every minute: the text at the head of the engine that decides."""


def topics() -> dict[str, str]:
    """Every topic, with what it is about."""
    sections = {name: about for name, (about, _) in SECTIONS.items() if name not in CHAPTERS}
    return CHAPTERS | {LAW: "the order of events within a minute"} | sections


def guide(topic: str | None = None) -> str:
    """A topic as Markdown; the list of topics if none is named.

    Raises
    ------
    RequestError
        There is no such topic.
    """
    if topic is None:
        lines = [f"* `{name}`: {about}" for name, about in topics().items()]
        return "\n".join(["# The guide", "", "Print a topic with `dcsim guide TOPIC`.", "", *lines, ""])
    if topic in CHAPTERS:
        written = [f"* `{kind}`: {call}" for kind, call in HOW_TO_WRITE.items()]
        text = files(__package__).joinpath(f"{topic}.md").read_text("utf-8")
        known = [f"* `{name}`: {about}" for name, about in described().items()]
        text = text.replace(DISTRIBUTIONS, "\n".join(written)).replace(ARCHETYPES, "\n".join(known))
        return text + section(topic) if topic in SECTIONS else text
    if topic == LAW:
        _, _, law = (getdoc(import_module("dcsim.engine.reference")) or "").partition("\n\n")
        return f"# The law of the instant\n\nThis is the text of `dcsim/engine/reference.py`. {law}\n"
    if topic in SECTIONS:
        return section(topic)
    raise RequestError(f"no topic '{topic}' (`dcsim guide` lists them){nearest(topic, list(topics()))}")
