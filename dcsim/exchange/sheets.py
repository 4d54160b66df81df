"""Tables of strangers as they come: CSV in any dialect, and workbooks of Excel, of which no formula is computed."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from dcsim.errors import Problem, ScenarioError, UnavailableError
from dcsim.exchange import WORKBOOKS
from dcsim.exchange.cells import Exact
from dcsim.exchange.columns import is_heading
from dcsim.scenario.files import UnreadableFileError, read_bytes
from dcsim.scenario.table import Row, Table, UnreadableTableError, as_table, quoted, text_rows
from dcsim.schedule import ScheduleError
from dcsim.suggest import nearest

LARGEST = 50_000_000
"""Bytes of a file."""
LARGEST_UNPACKED = 300_000_000
"""Bytes of all parts of a workbook together."""
MOST_PARTS = 2_000
MOST_ROWS, MOST_COLUMNS = 50_000, 300
HEADING_WITHIN = 30
"""Rows among which the headings stand."""
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NO_VALUE = "#N/A"
_UNSAVED = re.compile(rb'<c r="([A-Z]+\d+)"(?![^>]*t="str")[^>]*>\s*<f[^>]*>[^<]*</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>')
"""A formula whose value was not saved with it."""


def read_file(path: Path, most: int = LARGEST) -> bytes:
    """The bytes of an ordinary file that is not too large."""
    try:
        return read_bytes(path, str(path), most)
    except UnreadableFileError as error:
        raise ScheduleError(str(error)) from None


def read_table(path: Path, sheet: str = "", separator: str = "", encoding: str = "") -> Table:
    """The table of a workbook or of a CSV file, as its name says."""
    return excel_table(path, sheet) if path.suffix.lower() in WORKBOOKS else csv_table(path, separator, encoding)


def csv_table(path: Path, separator: str = "", encoding: str = "") -> Table:
    """The table of a CSV file; separator and encoding are found out where they are not given."""
    name, text = str(path), _decoded(read_file(path), str(path), encoding)
    if separator and separator not in SEPARATORS:
        raise ScheduleError(f"no separator '{separator}'{nearest(separator, SEPARATORS)}")
    sign = SEPARATORS[separator] if separator else _separator(text)
    problems: list[Problem] = []
    rows = list(text_rows(text, name, problems, sign))
    return _checked(rows, name, problems, sign)


def _decoded(data: bytes, name: str, encoding: str) -> str:
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and not encoding:
        raise ScheduleError(f"'{name}' is not a text file")
    known = encoding or next((guess for mark, guess in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(known)
    except LookupError:
        raise ScheduleError(f"no encoding '{encoding}'; usual ones are utf-8, cp1252, utf-16, shift_jis") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        advice = "another --encoding" if encoding else "its --encoding, such as cp1252 for Windows in the west"
        raise ScheduleError(
            f"'{name}' is not {known} text: line {line} has the byte 0x{data[error.start]:02x}; say {advice}"
        ) from None


def _separator(text: str) -> str:
    """The sign that stands most often between headings, in the first lines in which any does."""
    lines = re.sub(r'"[^"]*"', "", text[:100_000]).splitlines()[:HEADING_WITHIN]
    counts = {sign: max((line.count(sign) for line in lines), default=0) for sign in SEPARATORS.values()}
    headings = {sign: max((_headings(line.split(sign)) for line in lines), default=0) for sign in counts}
    return max(counts, key=lambda sign: (headings[sign], counts[sign]))


def _headings(cells: Sequence[str]) -> int:
    return sum(map(is_heading, cells))


def _checked(rows: list[Row], name: str, problems: list[Problem], separator: str = ",") -> Table:
    """The table below its headings; what stands above them is no part of it."""
    if len(rows) > MOST_ROWS:
        raise ScheduleError(f"'{name}' has {len(rows):,} rows; dcsim reads at most {MOST_ROWS:,}: import a part of it")
    first = max(range(min(len(rows), HEADING_WITHIN)), key=lambda i: _headings(rows[i][1]), default=0)
    try:
        return as_table(rows[first:], name, problems, separator)
    except UnreadableTableError as error:
        raise ScenarioError(error.problems, name) from None


def excel_table(path: Path, sheet: str = "") -> Table:
    """The table of a sheet of a workbook: the one with the headings of a schedule if none is named."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UnavailableError("Excel files need openpyxl: pip install 'dcsim[exchange]'") from None
    name, data = str(path), read_file(path)
    unsaved = _refuse_bombs(data, name)
    try:
        book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = {
            str(worksheet.title): list(_sheet_rows(worksheet))
            for worksheet in book.worksheets
            if sheet in ("", worksheet.title)
        }
        titles = [str(worksheet.title) for worksheet in book.worksheets]
        parts = [str(getattr(worksheet, "_worksheet_path", "")).lstrip("/") for worksheet in book.worksheets]
    except ScheduleError:
        raise
    except Exception as error:  # whatever the library trips over in a broken file
        raise ScheduleError(
            f"'{name}' cannot be read as an Excel workbook ({type(error).__name__}): save it again"
        ) from error
    if sheet and sheet not in sheets:
        raise ScheduleError(f"'{name}' has no sheet '{sheet}'{nearest(sheet, titles)}")
    with_headings = [
        title
        for title, rows in sheets.items()
        if max((_headings(cells) for _, cells in rows[:HEADING_WITHIN]), default=0) > 1
    ]
    if len(with_headings) > 1:
        listed = ", ".join(f"'{title}'" for title in with_headings)
        raise ScheduleError(
            f"'{name}' has several sheets with the headings of a schedule: choose one with --sheet: {listed}"
        )
    chosen = with_headings[0] if with_headings else next(iter(sheets), "")
    for part, cell in unsaved.items():
        title = titles[parts.index(part)] if part in parts else ""
        if title in ("", chosen):
            place = f"{quoted(title)}!{cell}" if title else cell
            raise ScheduleError(
                f"'{name}': cell {place} has a formula without its value: open the workbook in Excel and save it"
            )
    return replace(_checked(sheets.get(chosen, []), name, []), sheet=chosen)


def _refuse_bombs(data: bytes, name: str) -> dict[str, str]:
    """A workbook is a small zip of XML that defines no entities; returns the first unsaved formula of its parts."""
    unsaved = {}
    try:
        with zipfile.ZipFile(BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                most = f"{LARGEST_UNPACKED // 10**6} MB in {MOST_PARTS:,} parts"
                raise ScheduleError(f"'{name}' unpacks to too much: dcsim reads at most {most}")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    content = packed.read(part)
                    _refuse_entities(content, name)
                    if part.filename.startswith("xl/worksheets/") and (cell := _UNSAVED.search(content)):
                        unsaved[part.filename] = cell[1].decode()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ScheduleError(f"'{name}' is not an Excel workbook ({error}); save an old .xls file as .xlsx") from None
    return unsaved


def _refuse_entities(data: bytes, name: str) -> None:
    """XML with definitions of its own, which might stand for anything, is not read."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        raise ScheduleError(f"'{name}' has XML with its own document type, which dcsim does not read")


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    """The rows in which something stands, all cells as text."""
    sheet.reset_dimensions()
    rows: list[Row] = []
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        if number > MOST_ROWS:
            raise ScheduleError(f"sheet '{sheet.title}' has more than {MOST_ROWS:,} rows")
        texts = tuple(_text(cell) for cell in cells)
        if any(texts):
            rows.append((number, texts))
    width = max((len(texts) for _, texts in rows), default=0)
    yield from ((number, texts + ("",) * (width - len(texts))) for number, texts in rows)


def _text(cell: Any) -> str:
    """A cell as text: dates as ISO 8601, shares as percentages, `#N/A` as nothing."""
    value = cell.value
    if value is None or value == _NO_VALUE:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        rounded = (value + timedelta(seconds=30)).replace(second=0, microsecond=0)
        return f"{rounded:%Y-%m-%d %H:%M}" if (rounded.hour, rounded.minute) != (0, 0) else f"{rounded:%Y-%m-%d}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return str(value)
    if isinstance(value, int | float):
        percent = str(getattr(cell, "number_format", "")).endswith("%")
        number = float(value) * 100 if percent else value
        plain = f"{number:.6f}".rstrip("0").rstrip(".") if isinstance(number, float) else str(number)
        return f"{plain}%" if percent else Exact(plain)
    return str(value).strip()
