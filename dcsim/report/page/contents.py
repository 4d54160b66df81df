"""What stands on the page, in which order, and how to make all of it again."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from dcsim import QUESTIONS
from dcsim.document.names import in_words
from dcsim.document.report import Report, Section
from dcsim.document.words import counted
from dcsim.errors import ResultError
from dcsim.report.limits import LIMITS
from dcsim.report.page import evidence, leans, words
from dcsim.report.page.again import command, verb
from dcsim.report.page.answer import answer, headline
from dcsim.report.page.results import Results
from dcsim.report.words import size
from dcsim.version import __version__


def reports(results: Results) -> list[Report]:
    """The reports after the answer; reports without content are left out."""
    answers = [finding.report(results.milestone) for kind in QUESTIONS for finding in results.of(kind)]
    if results.of_sites:
        return [in_words(report) for report in answers]
    limits = Report("What is not modelled", (), [Section("", tuple(_own(results)), LIMITS)])
    return [
        in_words(report)
        for report in (*answers, leans.leaning(results), limits, evidence.assumptions(results))
        if report.sections
    ]


def all_reports(results: Results, brief: bool = False) -> list[Report]:
    """The answer as a report, and unless it is brief what follows it."""
    opening = headline(results)
    facts = [f"{fact.label}: {fact.value}{f' ({fact.note})' if fact.note else ''}" for fact in opening.facts]
    table = answer(results)
    first = Section("", (opening.lead, *opening.sentences), facts, () if table is None else (table,))
    source = origin(results)
    again = Section(
        "How to reproduce this page", (f"dcsim {source.version}, {source.seeds}",), source.commands, notes=source.facts
    )
    about = [*subject(results), *filter(None, [dated(results)])]
    return [in_words(Report("Answer", about, (first, again))), *([] if brief else reports(results))]


def subject(results: Results) -> list[str]:
    """What was simulated, in a few words."""
    if results.of_sites:
        return [f"{counted(finding.simulated, 'replication')} of each site" for finding in results.findings[:1]]
    zero = f"day 0 is {words.date(results.scenario.zero)}"
    return [
        *(f"with {layer}" for layer in results.layers),
        size(results.scenario, results.network),
        *_builds(results),
        zero,
    ]


def dated(results: Results) -> str:
    """Of which date the scenario is, and who wrote it; nothing where it does not say."""
    if results.of_sites:
        return ""
    as_of, author = results.scenario.as_of, results.scenario.author
    phrases = [f"As of {words.date(as_of)}" if as_of else "", f"by {author}" if author else ""]
    line = ", ".join(filter(None, phrases))
    return line[:1].upper() + line[1:]


def _builds(results: Results) -> Iterator[str]:
    many = results.first("replications")
    if many is not None:
        yield counted(int(many.about.get("simulated", many.about.get("replications", 0))), "replication")


def _own(results: Results) -> Iterator[str]:
    if results.scenario.description:
        yield results.scenario.description
    yield "dcsim does not cover this in any scenario:"


@dataclass(frozen=True)
class Origin:
    """Where a page comes from: version, scenario, and the commands that make it again."""

    version: str
    sha256: str
    """Fingerprint of the scenario; empty for results of many sites, which show their own."""
    seeds: str
    commands: tuple[str, ...]
    facts: tuple[str, ...]
    """What is said of results that no command gives again from what is kept."""


def origin(results: Results) -> Origin:
    """Enough to make the page again from the scenario that is kept with each result."""
    drawn = dict.fromkeys(finding.about["seed"] for finding in results.findings if "seed" in finding.about)
    seeds = ("expected values" if seed == "expected" else f"seed {seed}" for seed in drawn)
    commands, other_facts = [], []
    for finding in (finding for finding in results.findings if "subject" not in finding.about):
        try:
            commands.append(shlex.join(command(finding)))
        except ResultError as error:
            other_facts.append(f"To reproduce the result of dcsim {verb(finding.kind)} you also need {error}.")
    sha256 = "" if results.of_sites else results.scenario.document.sha256
    return Origin(__version__, sha256, ", ".join(seeds), tuple(commands), tuple(other_facts))
