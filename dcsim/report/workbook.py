"""Reports as an Excel workbook: a sheet for each, numbers and dates as such, charts as pictures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import BytesIO
from math import floor, isfinite
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from dcsim.document.chart import Chart
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import cell
from dcsim.errors import UnavailableError
from dcsim.visible import visible

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

FORMATS = {
    "count": "#,##0",
    "day": "#,##0",
    "days": "#,##0.0",
    "change": "+#,##0.0;-#,##0.0;0.0",
    "date": "yyyy-mm-dd",
    "share": "0.0%",
    "money": "#,##0.00",
    "number": "#,##0.00",
    "ratio": "0.00",
    "month": "yyyy-mm",
    "year": "0",
}
"""How Excel shows the cells of each kind of column."""
SIGNED = {"money": "+#,##0.00;-#,##0.00;0.00", "share": "+0.00%;-0.00%;0.00%", "number": "+0.000;-0.000;0.000"}
"""The same where they are differences."""
WIDEST = 60
"""Characters of a column."""
LONGEST_CELL = 32_767
"""Characters that Excel keeps in a cell."""
ROW_HEIGHT = 20
"""Pixels of a row."""
_EPOCH = (2000, 1, 1, 0, 0, 0)
"""The date of every part of the file, so that the same results give the same bytes."""
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:]+Z")
_RELATIVE = re.compile(r"\bR(?:\[(-?\d+)\])?C(?:\[(-?\d+)\])?")
_FORMULA = re.compile(rb'<c r="(\w+)"([^>]*)><f>([^<]*)</f><v\s*(?:/>|></v>)')


def workbook(reports: Sequence[Report]) -> bytes:
    """The content of an .xlsx file.

    Raises
    ------
    UnavailableError
        openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Font
    except ImportError:
        raise UnavailableError("an Excel file needs openpyxl: pip install 'dcsim[exchange]'") from None

    book = Workbook()
    book.properties.creator = "dcsim"
    del book[book.sheetnames[0]]
    sheets = []
    for report in reports:
        sheet = _Sheet(book.create_sheet(_sheet_name(report.title, book.sheetnames)))
        sheets.append(sheet)
        sheet.write(report.title, font=Font(bold=True, size=14))
        sheet.write(" · ".join(report.subject), font=Font(color="666666"))
        for section in report.sections:
            sheet.section(section)
    written = BytesIO()
    book.save(written)
    return _finished(written.getvalue(), [sheet.reckoned for sheet in sheets])


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    """A title as Excel allows it: 31 characters, none of them special, and none twice."""
    name = re.sub(r"[\[\]:*?/\\']", " ", visible(title)).strip()[:27] or "Report"
    return name if name not in taken else next(f"{name} {k}" for k in range(2, 999) if f"{name} {k}" not in taken)


class _Sheet:
    """A sheet that is written from top to bottom."""

    def __init__(self, sheet: "Worksheet") -> None:
        self.sheet, self.row = sheet, 1
        self.reckoned: dict[str, Any] = {}
        """The values of formulas, by cell."""

    def write(self, *values: Any, **look: Any) -> None:
        """A row of cells, each with the same look."""
        for column, value in enumerate(values, start=1):
            if value is not None:
                self._put(column, value, look)
        self.row += 1

    def _put(self, column: int, value: Any, look: dict[str, Any]) -> None:
        """A value in a cell; words are never a formula."""
        cell = self.sheet.cell(self.row, column)
        if isinstance(value, str):
            cell.value = visible(value)[:LONGEST_CELL]
            cell.data_type, cell.quotePrefix = "s", value.startswith(("=", "+", "-", "@"))
        else:
            cell.value = value
        for key, setting in look.items():
            setattr(cell, key, setting)

    def section(self, section: Section) -> None:
        """Title, sentences, tables, pictures and notes."""
        from openpyxl.styles import Font

        if section.title:
            self.row += 1
            self.write(section.title, font=Font(bold=True, size=12))
        for sentence in (*section.sentences, *section.points):
            self.write(sentence)
        for table in section.tables:
            self._table(table)
        for chart in section.charts:
            if not chart.empty:
                self._picture(chart)
        for note in section.notes:
            self.write(note, font=Font(italic=True, color="666666"))

    def _table(self, table: Table) -> None:
        from openpyxl.styles import Alignment, Border, Font, Side

        self.row += 1
        if table.title:
            self.write(table.title, font=Font(italic=True))
        below, right = Border(bottom=Side("thin")), Alignment(horizontal="right")
        for number, column in enumerate(table.columns, start=1):
            look = {"font": Font(bold=True), "border": below} | ({"alignment": right} if column.is_number else {})
            self._heading(number, column.title, look)
        self.row += 1
        for row in table.rows:
            for number, (value, column) in enumerate(zip(row, table.columns, strict=True), start=1):
                self._cell(number, Cell.of(value), column)
            self.row += 1
        self._widen(table)

    def _heading(self, number: int, title: str, look: dict[str, Any]) -> None:
        """The title of a column; a year is a number, a month a date."""
        value: Any = title
        if re.fullmatch(r"\d{4}", title):
            value, look = int(title), look | {"number_format": FORMATS["year"]}
        elif re.fullmatch(r"\d{4}-\d\d", title):
            value, look = datetime.strptime(title, "%Y-%m"), look | {"number_format": FORMATS["month"]}
        self._put(number, value, look)

    def _cell(self, number: int, value: Cell, column: Column) -> None:
        from openpyxl.styles import Alignment, Font

        column = replace(column, kind=value.kind) if value.kind else column
        plain = _plain(value.value, column)
        look: dict[str, Any] = {"number_format": _formats(column)[column.kind]} if not isinstance(plain, str) else {}
        look |= {"alignment": Alignment(horizontal="right")} if column.is_number else {}
        look |= {"font": Font(bold=True)} if value.emphasis == "strong" else {}
        look |= {"hyperlink": value.href} if value.href else {}
        if plain != "":
            self._put(number, plain, look)
        if value.formula:
            cell = self.sheet.cell(self.row, number)
            cell.value, self.reckoned[cell.coordinate] = f"={self._in_place(value.formula, number)}", plain

    def _in_place(self, formula: str, number: int) -> str:
        """A formula with the names of the cells that it means, seen from a column of this row."""
        from openpyxl.utils import get_column_letter

        def name(match: re.Match[str]) -> str:
            row, column = (int(part or 0) for part in match.groups())
            return f"{get_column_letter(number + column)}{self.row + row}"

        return _RELATIVE.sub(name, formula)

    def _widen(self, table: Table) -> None:
        """Columns as wide as what stands in tables."""
        from openpyxl.utils import get_column_letter

        for number, column in enumerate(table.columns):
            words = [column.title, *(cell(row[number], column) for row in table.rows)]
            size = self.sheet.column_dimensions[get_column_letter(number + 1)]
            size.width = max(size.width, min(WIDEST, 2 + max(map(len, words))))

    def _picture(self, chart: Chart) -> None:
        from openpyxl.drawing.image import Image

        from dcsim.charts.pictures import png

        image = Image(BytesIO(png(chart)))
        image.width, image.height = image.width // 2, image.height // 2
        self.row += 1
        self.sheet.add_image(image, f"A{self.row}")
        self.row += image.height // ROW_HEIGHT + 2


def _formats(column: Column) -> dict[str, str]:
    return FORMATS | (SIGNED if column.signed else {})


def _plain(value: Any, column: Column) -> Any:
    """A value as Excel knows it; words where it knows none."""
    if isinstance(value, datetime) and value == value:
        return value
    if column.kind in _formats(column) and isinstance(value, int | float) and isfinite(value):
        return floor(value) if column.kind == "day" else value
    return cell(value, column)


def _finished(book: bytes, reckoned: Sequence[Mapping[str, Any]]) -> bytes:
    """The same file without the time at which it was written, and with the values of the formulas of each sheet, for
    readers that do not calculate."""
    written = BytesIO()
    values = {f"xl/worksheets/sheet{number}.xml": cells for number, cells in enumerate(reckoned, start=1)}
    with ZipFile(BytesIO(book)) as source, ZipFile(written, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = _TIME.sub(b"2000-01-01T00:00:00Z", data)
            if cells := values.get(name):
                data = _FORMULA.sub(partial(_with_value, cells), data)
            target.writestr(ZipInfo(name, _EPOCH), data, ZIP_DEFLATED)
    return written.getvalue()


def _with_value(cells: Mapping[str, Any], match: re.Match[bytes]) -> bytes:
    """A cell with a formula, and the value of that."""
    name, look, formula = match.groups()
    return b'<c r="%s"%s><f>%s</f><v>%s</v>' % (name, look, formula, repr(float(cells[name.decode()])).encode())
