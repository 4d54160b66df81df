"""Reports as Markdown, for wikis, issues and notebooks."""

import re
from collections.abc import Iterator, Sequence

from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import cell
from dcsim.visible import visible

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")


def markdown(title: str, reports: Sequence[Report]) -> str:
    """Reports under one title, without their charts."""
    lines = [f"# {_escaped(title)}", ""]
    for report in reports:
        lines += [f"## {_escaped(report.title)}", ""]
        lines += [_escaped(" · ".join(report.subject)), ""] if report.subject else []
        for section in report.sections:
            lines += _section(section)
    return visible("\n".join(lines).rstrip() + "\n")


def _section(section: Section) -> Iterator[str]:
    if section.title:
        yield from (f"### {_escaped(section.title)}", "")
    for sentence in section.sentences:
        yield from (_escaped(sentence), "")
    if section.points:
        yield from (*(f"* {_escaped(point)}" for point in section.points), "")
    for table in section.tables:
        yield from ([f"**{_escaped(table.title)}**", ""] if table.title else [])
        yield from (*_table(table), "")
    for note in section.notes:
        yield from (f"*{_escaped(note)}*", "")


def _table(table: Table) -> Iterator[str]:
    yield _row(_escaped(column.title) for column in table.columns)
    yield _row("---:" if column.is_number else "---" for column in table.columns)
    for row in table.rows:
        yield _row(_cell(Cell.of(value), column) for value, column in zip(row, table.columns, strict=True))


def _row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Cell, column: Column) -> str:
    words = _escaped(cell(value, column))
    if value.href and words:
        words = f"[{words}]({re.sub(r'[^!#-;=?-Z_a-z~%]', '', value.href)})"
    return f"**{words}**" if value.emphasis == "strong" and words else words


def _escaped(text: str) -> str:
    """Words as they are, never as markup, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
