"""A report on a terminal or in a pipe: sections under bold titles, tables with few lines."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import cell
from dcsim.report.layout import column, table_of

STYLES = {"strong": "bold", "soft": "dim"}


def shown(report: Report) -> Group:
    """The whole report, without its charts."""
    parts: list[RenderableType] = [_subject(report)]
    for number, section in enumerate(report.sections):
        parts += [Text("")] if number or section.title else []
        parts += _section(section)
    return Group(*parts)


def _subject(report: Report) -> Text:
    first, *rest = report.subject
    return Text(" · ").join([Text(first, style="bold"), *map(Text, rest)])


def _section(section: Section) -> Iterator[RenderableType]:
    if section.title:
        yield Text(section.title, style="bold")
    yield from map(Text, section.sentences)
    for point in section.points:
        yield Padding(Text(point), (0, 0, 0, 2), expand=False)
    for number, table in enumerate(section.tables):
        yield from [Text("")] if number or section.sentences or section.points else []
        yield from [Text(table.title)] if table.title else []
        yield _table(table)
    yield from (Text(note, style="dim") for note in section.notes)


def _table(table: Table) -> RenderableType:
    made = table_of()
    for one in table.columns:
        column(made, f">{one.title}" if one.is_number else one.title)
    for row in table.rows:
        made.add_row(*(_cell(value, one) for value, one in zip(row, table.columns, strict=True)))
    return made


def _cell(value: object, one: Column) -> Text:
    return Text(cell(value, one), style=STYLES.get(getattr(value, "emphasis", ""), ""))
