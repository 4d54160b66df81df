"""A table that others wrote, as CSV: read whole, and as strictly as a scenario, every row with its line."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from dcsim.errors import Problem
from dcsim.suggest import nearest, shorten

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_BROKEN = {
    "field larger": f"a cell of more than {csv.field_size_limit():,} characters; is a quote not closed?",
    "unexpected end": "the quote that opens in this row is not closed",
    "expected after": "text follows a closing quote; write a quote inside a quoted cell twice",
}
"""What the library says of text that is no table, and the words of our message."""
TOO_MANY = "the row has more cells than there are columns; is a comma used for decimals or thousands?"


Row = tuple[int, tuple[str, ...]]
"""The line on which a row begins, and its cells."""
Rows = Sequence[Row]


class UnreadableTableError(Exception):
    """A file is no table, or not the one that is wanted; carries every problem that says why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


@dataclass(frozen=True)
class Table:
    """The cells of a file under the names of its columns, all as text."""

    name: str
    """The file as the user named it."""
    columns: tuple[str, ...]
    """Empty where a column has no name."""
    rows: tuple[Row, ...]
    """Each with the line on which it begins; those in which nothing stands are left out."""
    sheet: str = ""
    """The sheet of a workbook; lines are then its rows."""
    separator: str = ","

    @property
    def comma(self) -> bool:
        """Whether its decimals have a comma."""
        return self.separator == ";" and any(re.fullmatch(r"\d+,\d+", cell) for _, row in self.rows for cell in row)

    def column(self, name: str) -> list[tuple[int, str]]:
        """The cells of a column that is there, each with its line."""
        number = self.columns.index(name)
        return [(line, cells[number]) for line, cells in self.rows]

    def place(self, line: int, number: int) -> str:
        """Where the cell of a column stands, by the number of the column: `Sheet1!C14`, or its row in a text."""
        if not self.sheet:
            return f"row {line}"
        letters, left = "", number + 1
        while left:
            left, letter = divmod(left - 1, 26)
            letters = chr(ord("A") + letter) + letters
        return f"{quoted(self.sheet)}!{letters}{line}"

    def placed(self, number: int) -> list[tuple[str, str]]:
        """The cells of a column by its number, each with its place."""
        return [(self.place(line, number), cells[number]) for line, cells in self.rows]

    def problem(self, line: int, number: int, message: str) -> Problem:
        """What is wrong with the cell of a column."""
        cell = f", cell {self.place(line, number)}" if self.sheet else ""
        return Problem(f"column '{shorten(self.columns[number])}'{cell}", message, self.name, line)

    def missing(self, name: str) -> str:
        """What to say of a column that is not there."""
        known = nearest(name, filter(None, self.columns), "columns")
        return _separated(self.columns) or f"no column '{shorten(name)}' in '{self.name}'{known}"


def quoted(sheet: str) -> str:
    """The name of a sheet as Excel writes it before a cell."""
    return sheet if re.fullmatch(r"\w+", sheet) else f"'{sheet}'"


def read_table(text: str, name: str, separator: str = ",", least: int = 1, spare: list[Problem] | None = None) -> Table:
    """The table that a text stands for, of so many rows at least; raises UnreadableTableError with all that is wrong
    with its form.

    With a list `spare`, cells that are missing at the end of a row are empty, and rows with too many are left out and
    told there.
    """
    problems: list[Problem] = []
    rows = list(text_rows(text, name, problems, separator))
    if spare is not None and rows and not problems:
        rows = list(_fitting(rows, name, spare))
    return as_table(rows, name, problems, separator, least)


def separator_of(text: str) -> str:
    """The sign that stands most often between the names of the columns."""
    head = text.lstrip().partition("\n")[0]
    return max(",", *_SEPARATORS, key=head.count)


def _fitting(rows: Rows, name: str, spare: list[Problem]) -> Iterator[Row]:
    """Rows as long as the names of the columns."""
    width = len(rows[0][1])
    for line, cells in rows:
        if any(cells[width:]):
            spare.append(Problem("", TOO_MANY, name, line))
        else:
            yield line, (*cells, *[""] * (width - len(cells)))


def as_table(rows: Rows, name: str, problems: list[Problem], separator: str = ",", least: int = 1) -> Table:
    """Rows, of which the first has the names of the columns; raises UnreadableTableError as `read_table` does."""
    line, columns = rows[0] if rows else (1, ())
    while columns and not columns[-1]:
        columns = columns[:-1]
    headings = "" if separator in _SEPARATORS else _separated(columns)
    for message in _head(columns, headings) if rows or not problems else ():
        problems.append(Problem("", message, name, line))
    if len(rows) <= least and not problems:
        problems.append(Problem("", "there are no rows below the column names", name, line))
    for line, cells in rows[1:] if not headings else ():
        if len(cells) < len(columns):
            problems.append(Problem("", f"the row ends before column '{shorten(columns[len(cells)])}'", name, line))
        elif any(cells[len(columns) :]):
            problems.append(Problem("", TOO_MANY, name, line))
    if problems:
        raise UnreadableTableError(*problems)
    return Table(name, columns, tuple(rows[1:]), separator=separator)


def text_rows(text: str, name: str, problems: list[Problem], separator: str = ",") -> Iterator[Row]:
    """The rows in which something stands, up to what cannot be read."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        message = next((words for part, words in _BROKEN.items() if part in str(error)), str(error))
        problems.append(Problem("", message, name, line))


def _head(columns: tuple[str, ...], separated: str) -> Iterator[str]:
    """What is wrong with the names of the columns."""
    if not columns:
        yield "the file is empty; a table begins with its column names"
    elif len(columns) == 1 and separated:
        yield separated
    for name in dict.fromkeys(filter(None, columns)):
        if columns.count(name) > 1:
            yield f"two columns have the name '{shorten(name)}'; rename one"


def _separated(columns: tuple[str, ...]) -> str:
    """What to do with a table whose cells are separated by anything but commas; nothing where they are not."""
    for sign, word in _SEPARATORS.items():
        if any(sign in name for name in columns):
            return f"the table is separated by {word}; save it with commas between cells and points in decimals"
    return ""
