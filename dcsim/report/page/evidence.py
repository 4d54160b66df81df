"""What the answer rests on: every number with its source, its date, and how sure it is."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import counted, listed, written
from dcsim.report.page.results import Results
from dcsim.scenario.document import Citation, Key, dotted
from dcsim.scenario.layers import SECTIONS
from dcsim.scenario.schema import Scenario

Row = list[str | Cell]

ASSUMED, FITTED, UNSAID = "assumption", "fitted", "not stated"
MARKS = {FITTED: "weak", ASSUMED: "weak", UNSAID: "weak", "low": "weak", "medium": "medium", "high": "high"}
"""How sure a number is, the weakest first, and how it is set off."""


def confidence(scenario: Scenario, path: Key, citation: Citation) -> str:
    """How sure a number is: fitted, assumed, or as sure as its source."""
    if dotted(path) in scenario.fitted:
        return FITTED
    if not citation.source:
        return ASSUMED
    confidence = scenario.sources[citation.source].confidence.strip().lower()
    return confidence if confidence in MARKS else confidence or UNSAID


def mark(word: str) -> str:
    return MARKS.get(word, "medium")


def origin(scenario: Scenario, citation: Citation) -> tuple[Cell, str]:
    """Where a number comes from, with a link, and the date of that."""
    if not citation.source:
        return Cell(citation.assumption or "", below=citation.note), ""
    source = scenario.sources[citation.source]
    return Cell(source.what or citation.source, source.url, below=citation.note), source.as_of


# Every number

NOT_COUNTED = ("milestones", "variants")
"""Sections whose numbers are no inputs of the simulation."""
MOST_EXAMPLES = 3
"""Numbers without a source that are named."""


def assumptions(results: Results) -> Report:
    """Every number of the scenario with its source, date and confidence."""
    scenario = results.scenario
    groups: dict[str, list[Row]] = {}
    for path, citation in scenario.document.citations.items():
        if path[0] in NOT_COUNTED:
            continue
        word = confidence(scenario, path, citation)
        cell, as_of = origin(scenario, citation)
        named = ".".join(map(str, path[1:])).removesuffix(".value")
        row: Row = [named, _value(citation), cell, as_of, Cell(word, emphasis=mark(word))]
        groups.setdefault(str(path[0]).replace("_", " ").capitalize(), []).append(row)
    bare = list(uncited(scenario))
    groups["Computed from parameters"] = [
        [dotted(path), in_words(scenario.document.find(dotted(path))[1]), formula, "", "computed"]
        for path, formula in scenario.document.formulas.items()
        if path not in scenario.document.citations
    ]
    columns = tuple(map(Column, ("Value of", "Value", "Source or reason", "Date", "Confidence")))
    tables = [Table(columns, rows, title) for title, rows in groups.items() if rows]
    sentences = tuple(filter(None, (_counted(scenario), _unsourced(bare))))
    return Report.of("Every number", (), [Section("", sentences, tables=tables)])


def sources(results: Results) -> str:
    """How well the numbers of the scenario are sourced, in a few words."""
    if results.of_sites:
        return ""
    scenario = results.scenario
    bare = len(list(uncited(scenario)))
    return " ".join(filter(None, (_counted(scenario), f"{counted(bare, 'number')} without a source." if bare else "")))


def _unsourced(bare: Sequence[tuple[str, str]]) -> str:
    """How many numbers are written without a source, with a few of them."""
    if not bare:
        return ""
    examples = listed([f"{path} = {value}" for path, value in bare[:MOST_EXAMPLES]])
    more = f", among them {examples}" if len(bare) > MOST_EXAMPLES else f": {examples}"
    return f"{counted(len(bare), 'number')} without a source{more}."


def _counted(scenario: Scenario) -> str:
    """How many numbers are how sure."""
    citations = scenario.document.citations
    counts = Counter(
        confidence(scenario, path, citation) for path, citation in citations.items() if path[0] not in NOT_COUNTED
    )
    order = list(MARKS)
    phrases = [
        f"{number} {'of ' + word + ' confidence' if word in ('low', 'medium', 'high') else word}"
        for word, number in sorted(
            counts.items(),
            key=lambda word_and_count: order.index(word_and_count[0]) if word_and_count[0] in order else 9,
        )
    ]
    text = f"{counted(sum(counts.values()), 'number')} with their origin: {', '.join(phrases)}." if counts else ""
    return text.replace("assumption,", "assumed,")


def _value(citation: Citation) -> Cell:
    """A value as written, and the range in which it is believable."""
    ends = [written(end) for end in (citation.low, citation.high)]
    range_ = f"{ends[0] or '…'} to {ends[1] or '…'}" if any(ends) else ""
    value = in_words(citation.value)
    return Cell(value, below="" if range_ == value else range_)


def in_words(value: Any) -> str:
    """A value as written; a distribution by its name and numbers."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, numbers),) = value.items()
        parts = numbers if isinstance(numbers, list) else [numbers]
        return f"{name} {', '.join(written(part).replace(' ', NO_BREAK) for part in parts)}"
    return written(value)


NO_BREAK = "\N{NO-BREAK SPACE}"
NOT_NUMBERS = ("correlations", "milestones", "fitted", "variants", "sources")
"""Sections whose numbers need no source of their own."""
_NUMBER = re.compile(r"-?\d")
_PLAIN = ("0", "1", "1.0")
"""What only says whether, or that it is one."""


def uncited(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Numbers that stand in the scenario without a source: path, value. Ones and priorities are left out."""
    document = scenario.document
    for section in SECTIONS:
        if section in NOT_NUMBERS:
            continue
        for path, value in _leaves(document.values.get(section), (section,), document.citations):
            value_ = in_words(value)
            if value_ not in _PLAIN and path[-1] != "priority" and path not in document.formulas:
                yield dotted(path), value_


def _leaves(value: Any, path: Key, cited: Mapping[Key, Citation]) -> Iterator[tuple[Key, Any]]:
    """Values that were written as one: a distribution is one, a number in a name is none."""
    if path in cited or path[-1] in ("description", "note", "after", "only", "varies_with"):
        return
    if isinstance(value, Mapping) and not (len(value) == 1 and isinstance(next(iter(value.values())), list)):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key), cited)
    elif isinstance(value, Mapping) or _NUMBER.match(written(value).lstrip("[")):
        yield path, value
