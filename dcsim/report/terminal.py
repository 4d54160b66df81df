"""A report on a terminal or in a pipe: sections under bold titles, tables with few lines."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from dcsim.document.chart import Chart, Line
from dcsim.document.report import Column, Picture, Report, Section, Table
from dcsim.document.words import cell, counted, listed

STYLES = {"strong": "bold", "soft": "dim"}
WIDTH = 80
"""Characters in a line of a page or a pipe."""
GAP = 2
"""Characters between two columns."""
MOST_NAMES = 24
"""Names in a cell."""
MOST_LINES = 12
"""Counters whose growth is shown."""


def shown(report: Report) -> Group:
    """The whole report, without its charts."""
    parts: list[RenderableType] = [_subject(report)]
    for number, section in enumerate(report.sections):
        if body := list(_section(section)):
            parts += [Text("")] if number or section.title else []
            parts += [Text(section.title, style="bold"), *body] if section.title else body
    return Group(*parts)


def _subject(report: Report) -> Text:
    first, *rest = report.subject
    return Text(" · ").join([Text(first, style="bold"), *map(Text, rest)])


def _section(section: Section) -> Iterator[RenderableType]:
    yield from map(Text, section.sentences)
    for point in section.points:
        yield Padding(Text(point), (0, 0, 0, 2), expand=False)
    for number, table in enumerate(section.tables):
        yield from [Text("")] if number or section.sentences or section.points else []
        yield from [Text(table.title)] if table.title else []
        if (brief := table.brief) is None:
            yield _table(table)
        else:
            yield from (_table(replace(table, rows=brief.rows)), Text(brief.note, style="dim"))
    for chart in () if isinstance(section.charts, Picture) else section.charts:
        yield from _growth(chart)
    yield from (Text(note, style="dim") for note in section.notes)


def _table(table: Table) -> RenderableType:
    """A table; if it is wider than a page, headings of numbers are broken, and words wrap, but not inside a word."""
    rows = [[_cell(*pair) for pair in zip(row, table.columns, strict=True)] for row in table.rows]
    cells = [[row[number].plain for row in rows] for number in range(len(table.columns))]
    headings = [column.title for column in table.columns]
    if _width(headings, cells) > WIDTH:
        headings = [
            _broken(column.title, texts) if column.is_number else column.title
            for column, texts in zip(table.columns, cells, strict=True)
        ]
    words = [
        max(map(len, " ".join([heading, *texts]).split()), default=1)
        for column, heading, texts in zip(table.columns, headings, cells, strict=True)
        if not column.is_number
    ]
    numbers = [number for number, column in enumerate(table.columns) if column.is_number]
    room = WIDTH - _width([headings[k] for k in numbers], [cells[k] for k in numbers]) - GAP * len(words)
    made = _table_of(tight=sum(words) > room)
    most = room // max(1, len(words))
    for column, heading in zip(table.columns, headings, strict=True):
        _column(
            made, f">{heading}" if column.is_number else heading, 0 if column.is_number else min(most, words.pop(0))
        )
    for row in rows:
        made.add_row(*row)
    return made


def _width(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """How wide columns are, with the gaps between them, if nothing wraps."""
    lines = [[*heading.split("\n"), *texts] for heading, texts in zip(headings, cells, strict=True)]
    return sum(max(map(len, column)) + GAP for column in lines) - GAP


def _broken(heading: str, texts: Sequence[str]) -> str:
    """A heading in lines that are not much longer than the numbers below it."""
    return textwrap.fill(heading, max([8, *map(len, texts)]), break_long_words=False, break_on_hyphens=False)


def _cell(value: object, column: Column) -> Text:
    text = cell(value, column)
    text = text if column.is_number else listed(text.split(", "), MOST_NAMES)
    return Text(text, style=STYLES.get(getattr(value, "emphasis", ""), ""))


def _table_of(*headings: str, tight: bool = False) -> Grid:
    """A table without lines but the one under its head; '>' before a heading aligns numbers to the right."""
    table = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 0 if tight else GAP - 1, 0, 0))
    for heading in headings:
        _column(table, heading)
    return table


def _column(table: Grid, heading: str, least: int = 1) -> None:
    """One more column; one of words may wrap, down to a width."""
    if heading.startswith(">"):
        table.add_column(heading[1:], justify="right", no_wrap=True)
    else:
        table.add_column(heading, overflow="fold", min_width=max(1, least))


BLOCKS = " ▁▂▃▄▅▆▇█"
ACROSS = 34
"""Blocks in a line of what is counted."""


def _growth(chart: Chart) -> Iterator[RenderableType]:
    """How what is counted grows, a line of blocks for each, until the last of it changes no more."""
    lines = [mark for mark in chart.marks if isinstance(mark, Line) and mark.steps and np.any(np.diff(mark.y))]
    if not lines or chart.y.kind != "count" or not isinstance(chart.x.low, datetime):
        return
    first = np.datetime64(chart.x.low, "s")
    last = max(line.x[np.flatnonzero(np.diff(line.y))[-1] + 1] for line in lines)
    made = _table_of("counter")
    made.add_column(f"{str(first)[:10]}{str(last)[:10]:>{ACROSS - 10}}", no_wrap=True)
    _column(made, f">{chart.y.title}")
    ends = first + (last - first) * np.arange(1, ACROSS + 1) // ACROSS
    for line in lines[:MOST_LINES]:
        levels = np.append(0.0, line.y)[np.searchsorted(line.x, ends, side="right")]
        heights = np.ceil(levels / line.y.max() * (len(BLOCKS) - 1)).astype(int)
        made.add_row(Text(line.name), Text("".join(BLOCKS[height] for height in heights)), Text(f"{line.y[-1]:,.0f}"))
    yield from (Text(""), made)
    if (more := len(lines) - MOST_LINES) > 0:
        yield Text(f"and {counted(more, 'more counter')}", style="dim")
