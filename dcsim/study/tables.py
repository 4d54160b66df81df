"""The tables of a result as Parquet: their bytes, how they are read, and columns that many results have."""

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from dcsim import QUESTIONS
from dcsim.errors import ResultError
from dcsim.scenario.files import Root, UnreadableFileError, read_bytes
from dcsim.study.result import question_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

LARGEST = 1_000_000_000
"""Bytes of one file."""

MOST_CELLS = 200_000_000
"""Cells of all tables of a result: more would not fit into the memory."""

_WORDS = {"text": "text", "whole": "whole numbers", "number": "numbers", "time": "dates"}
"""What a column holds, by the word behind its name."""

# Columns that several kinds of results have; a column of which nothing is said holds text
MILESTONES = "replication:whole milestone tick:whole day:number date:time"
CHAIN = "replication:whole milestone kind name days:number"
TAKEN = "site waits_for days:number by units:whole"
SITES = "site mean:number p10:number p90:number index:number"
SEEN = "milestone seen date:time error:number alone:number"
OPTIONAL = {
    "chain": CHAIN,
    "seen": SEEN,
    "progress": "activity place state planned_start:time planned_finish:time start:time finish:time",
    "planned": "milestone planned_date:time done_date:time expected_date:time",
    "taken": TAKEN,
    "sites": SITES,
    "before": "milestone p10_date:time p50_date:time p80_date:time p90_date:time",
}
"""What some results have beside the tables of their question."""


def columns_of(kind: str) -> dict[str, str]:
    """The tables that a result of this kind may have, each with the columns that it has at least."""
    return {**OPTIONAL, **question_of(kind).TABLES} if str(kind) in QUESTIONS else {}


def files_of(kind: str) -> list[str]:
    """The names of all files that may hold tables of a result of this kind."""
    return [f"{name}.parquet" for name in columns_of(kind)]


def as_bytes(table: "pd.DataFrame") -> bytes:
    """A table as a Parquet file; the same table gives the same bytes."""
    written = BytesIO()
    table.to_parquet(written, index=False)
    return written.getvalue()


def sha256(data: bytes) -> str:
    """By which a file is known again."""
    return hashlib.sha256(data).hexdigest()


def read_tables(
    folder: Path, kind: str, rows: Mapping[str, int], checksums: Mapping[str, str]
) -> dict[str, "pd.DataFrame"]:
    """The tables of a result, each as it was written and with the columns that its kind has.

    Raises
    ------
    ResultError
        Names the file, and the column, that is not what was written.
    """
    tables, room = {}, MOST_CELLS
    for name, count in rows.items():
        path = folder / f"{name}.parquet"
        data = read_kept(folder, path.name)
        if sha256(data) != checksums[name]:
            changed = f"'{path}' was changed after the result was written, or is damaged"
            raise ResultError(f"{changed}: run the command again")
        tables[name] = _table(path, data, count, columns_of(kind)[name], room)
        room -= tables[name].size
    return tables


def refused(kind: str, rows: Mapping[str, int], checksums: Mapping[str, str]) -> str:
    """The table that a result of this kind has to have and does not tell of, or cannot have; nothing where all fit."""
    names, known = dict.fromkeys((*question_of(kind).TABLES, *rows)), columns_of(kind)
    wrong = (name for name in names if name not in rows or name not in checksums or name not in known)
    return next(wrong, "")


def read_kept(folder: Path, name: str) -> bytes:
    """The bytes of a file that belongs to a result; raises ResultError."""
    path = folder / name
    try:
        return read_bytes(Root(folder, "result").inside(path, str(path)), str(path), LARGEST)
    except UnreadableFileError as error:
        raise ResultError(f"{error}: run the command again") from None


def _table(path: Path, data: bytes, count: int, columns: str, room: int) -> "pd.DataFrame":
    """A table that has so many rows, these columns at least, and no more cells than there is room for."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(BytesIO(data))
        rows, schema = file.metadata.num_rows, file.schema_arrow
        if rows != count:
            raise ResultError(f"'{path}' has {rows:,} rows, not {count:,} as it was written: run the command again")
        if count * len(schema) > room:
            raise ResultError(f"'{path}': {count:,} rows are more than can be read: keep fewer replications")
        for column in columns.split():
            name, _, kind = column.partition(":")
            wrong = _wrong(schema, name, kind or "text", count)
            if wrong:
                raise ResultError(f"'{path}': column '{name}' {wrong}: run the command again")
        return from_file(file)
    except (OSError, ValueError, LookupError, TypeError, NotImplementedError):
        raise ResultError(f"'{path}' is not a valid Parquet file: run the command again") from None


def from_file(file: "pq.ParquetFile") -> "pd.DataFrame":
    """The table of a file, read in this thread: threads of a library that still end would end the process with them."""
    table = file.read(use_threads=False)
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    frame.attrs = json.loads((table.schema.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
    return frame


def _wrong(schema: "pa.Schema", name: str, kind: str, count: int) -> str:
    """What is wrong with a column; nothing where it is as it should be, or nothing is in it."""
    import pyarrow.types as types

    number = schema.get_field_index(name)
    if number < 0:
        return "is missing"
    actual = schema.types[number]
    fits = {
        "text": (types.is_string, types.is_large_string),
        "whole": (types.is_integer,),
        "number": (types.is_integer, types.is_floating),
        "time": (types.is_timestamp,),
    }[kind]
    if any(is_a(actual) for is_a in fits) or (types.is_null(actual) and (count == 0 or kind in ("number", "time"))):
        return ""
    return f"holds {actual}, not {_WORDS[kind]}"
