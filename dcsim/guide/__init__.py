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
    "expressions": "parameters, and values that are computed from them",
    "layers": "variants, options, single values, and files that extend others",
    "portfolio": "many sites in one scenario: what they share, and who gets what is scarce",
    "archetypes": "scenarios to begin with: ways of building, and `dcsim new`, which writes a site on top of one",
    "seen": "forecasts of a build under way, from what was seen of it",
    "backtest": "forecasts of real sites beside past builds, and what their dates say of a few quantities",
    "import": "schedules of planning tools and spreadsheets taken over by `dcsim import`",
    "finance": "what a build costs and earns, its parties, loans and statements, and how its figures are reckoned",
    "results": "what the tables of a result mean, and how they date things",
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
    return CHAPTERS | {LAW: "in which order things happen within a minute"} | sections


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
        written = [f"* `{kind}`: {how}" for kind, how in HOW_TO_WRITE.items()]
        text = files(__package__).joinpath(f"{topic}.md").read_text("utf-8")
        known = [f"* `{name}`: {about}" for name, about in described().items()]
        text = text.replace(DISTRIBUTIONS, "\n".join(written)).replace(ARCHETYPES, "\n".join(known))
        return text + section(topic) if topic in SECTIONS else text
    if topic == LAW:
        _, _, law = (getdoc(import_module("dcsim.engine.reference")) or "").partition("\n\n")
        return f"# The law of the instant\n\nThis is the text of `dcsim/engine/reference.py`. {law}\n"
    if topic in SECTIONS:
        return section(topic)
    raise RequestError(f"no topic '{topic}'{nearest(topic, list(topics()))}; `dcsim guide` lists them")
