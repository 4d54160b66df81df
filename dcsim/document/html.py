"""A report as a notebook shows it: its sentences and tables as HTML, in which every name is text."""

from collections.abc import Iterator
from html import escape

from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import cell

MOST_ROWS = 30


def as_html(report: Report) -> str:
    """The whole report, without its charts; of long tables the beginning."""
    parts = [_words("b", " · ".join(report.subject))]
    return f"<div>{''.join([*parts, *(part for section in report.sections for part in _section(section))])}</div>"


def _words(tag: str, words: str) -> str:
    return f"<{tag}>{escape(words)}</{tag}>"


def _section(section: Section) -> Iterator[str]:
    if section.title and (section.sentences or section.points or section.tables or section.notes):
        yield f"<p>{_words('b', section.title)}</p>"
    yield from (_words("p", sentence) for sentence in section.sentences)
    if section.points:
        yield f"<ul>{''.join(_words('li', point) for point in section.points)}</ul>"
    yield from (_table(table) for table in section.tables)
    yield from (_words("p", note) for note in section.notes)


def _table(table: Table) -> str:
    head = "".join(_words("th", column.title) for column in table.columns)
    body = "".join(
        f"<tr>{''.join(_cell(value, column) for value, column in zip(row, table.columns, strict=True))}</tr>"
        for row in table.rows[:MOST_ROWS]
    )
    caption = _words("caption", table.title) if table.title else ""
    more = len(table.rows) - MOST_ROWS
    note = _words("p", f"and {more:,} more rows") if more > 0 else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _cell(value: object, column: Column) -> str:
    return _words("td", cell(value, column))
