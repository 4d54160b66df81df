"""The tables of a result as Parquet: their bytes, the columns that each kind of result has, and how they are read."""

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from dcsim.errors import ResultError
from dcsim.scenario.files import Root, UnreadableFileError, read_bytes

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

_MILESTONES = "replication:whole milestone tick:whole day:number date:time"
_CHAIN = "replication:whole milestone kind name days:number"

_STUCK = "milestone activity place waits_for kind unfinished:whole builds:whole mean:number least:whole most:whole"

_COLUMNS = {
    "run": {
        "activities": "activity place ready:whole start:whole finish:whole attempts:whole used held_by",
        "attempts": "activity place attempt:whole kind ready:whole start:whole finish:whole held_by",
        "shortages": "activity place kind from:whole to:whole cause waiting:whole",
        "deliveries": "tick:whole supply place amount:whole origin order",
        "milestones": _MILESTONES,
        "supplies": "supply place unit tick:whole level:whole total:whole",
        "usage": "resource place tick:whole used:whole capacity:whole",
        "stuck": "activity place state waits_for there:whole needed:whole",
    },
    "replications": {
        "milestones": _MILESTONES,
        "summary": "milestone p10:number p50:number p80:number p90:number p80_low:number p80_high:number mean:number"
        " sd:number reached:number wanted:number probability:number p10_date:time p50_date:time p80_date:time"
        " p90_date:time",
        "waits": "cause days:number days_p10:number days_p90:number waiting_days:number",
        "draws": "replication:whole name value:number",
        "supplies": "supply unit day:number date:time p10:number p50:number p80:number p90:number",
        "stuck": _STUCK,
    },
    "explanation": {
        "days": "kind name mean:number p10:number p90:number index:number",
        "criticality": "kind name index:number low:number high:number",
        "segments": "milestone kind name activity place begins:whole ends:whole days:number from:time to:time",
        "chain": _CHAIN,
        "stuck": _STUCK,
    },
    "delay_cost": {
        "causes": "kind name unit_days:number share:number price:number",
        "curves": "day:number date:time simulated:number target:number",
        "stuck": _STUCK,
    },
    "finance": {
        "figures": "party figure kind expected:number mean:number p10:number p50:number p90:number there:number note",
        "events": "party event expected:time p10:time p50:time p90:time happens:number",
        "monthly": "party month:time cash:number cash_p10:number cash_p50:number cash_p90:number dscr:number"
        " dscr_p10:number dscr_p50:number",
        "statements": "party statement line month:time amount:number",
        "sources": "party side line amount:number",
        "loans": "loan party month:time rate:number drawn:number fee:number added:number interest:number repaid:number"
        " balance:number market_value:number forced_value:number ltv:number ltv_p50:number ltv_p90:number",
        "leases": "lease month:time rent:number earned:number",
        "outcomes": "party replication:whole npv:number npv_with_residual:number funding_gap:number irr:number"
        " runs_out:time payback:time",
    },
    "comparison": {
        "milestones": "scenario milestone p50:number p80:number mean:number reached:number p50_date:time p80_date:time",
        "differences": "scenario milestone mean:number low:number high:number median:number earlier:number same:number"
        " later:number width_ratio:number",
        "causes": "scenario milestone kind name base:number days:number change:number",
        "outcomes": "scenario replication:whole milestone day:number",
        "stuck": f"scenario {_STUCK}",
    },
    "sweep": {
        "points": "point:whole milestone p50:number p80:number mean:number reached:number p50_date:time p80_date:time",
        "outcomes": "point:whole replication:whole milestone day:number date:time",
        "stuck": f"point:whole {_STUCK}",
    },
    "drivers": {
        "drivers": "input kind low_day:number high_day:number "
        + " ".join(
            f"{name}:number {name}_low:number {name}_high:number"
            for name in ("correlation", "first", "total", "swing", "information", "p80_sooner")
        )
    },
    "assumptions": {"assumptions": "path value low high kind source reason"},
    "orders": {
        "orders": "supply order placed:time latest:time slack:number probability:number confidence:number note",
        "stuck": _STUCK,
    },
    "mitigations": {
        "options": "option kind cost:number days:number low:number high:number per_million:number reached:number",
        "sets": "rank:whole members cost:number days:number low:number high:number reached:number",
        "members": "option alone:number marginal:number interaction:number",
        "pairs": "one other days:number low:number high:number",
        "stuck": f"measures {_STUCK}",
    },
    "backtest": {
        "steps": "site archetype shell power buildings:whole first:number forecast seen date:time members:whole"
        " stands_in:number never:number p10:number p50:number p90:number day:number day_error:number error:number"
        " inside:number pit:number crps:number log_score:number",
        "scores": "group forecast sites:number steps:number censored:number crps:number crps_all:number coverage:number"
        " coverage_error:number width:number error:number log_score:number log_score_all:number rank:number",
        "skill": "group against counted sites:number steps:number ours:number theirs:number skill:number"
        " skill_low:number skill_high:number difference:number difference_low:number difference_high:number",
        "outcomes": "site buildings:whole replication:whole day:number",
    },
    "calibration": {
        "posterior": "archetype quantity sites:whole prior_low:number prior_high:number low:number high:number"
        " median_p10:number median_p50:number median_p90:number median_width:number spread_width:number",
        "ridges": "one other correlation:number",
        "sites": "site archetype steps:whole widened:number replications:number draws_without:number",
    },
}
"""What each kind of result has at least: tables, and their columns; a column of which nothing is said holds text."""

_OPTIONAL = {
    "chain": _CHAIN,
    "seen": "milestone seen date:time error:number alone:number",
    "before": "milestone p10_date:time p50_date:time p80_date:time p90_date:time",
}
"""What some results have beside them."""

KEPT = frozenset(f"{name}.parquet" for tables in (*_COLUMNS.values(), _OPTIONAL) for name in tables)
"""The names of all files that hold tables."""


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
            raise ResultError(f"'{path}' was changed after the result was written, or is broken: make the result anew")
        tables[name] = _table(path, data, count, _COLUMNS[kind].get(name, _OPTIONAL.get(name, _CHAIN)), room)
        room -= tables[name].size
    return tables


def refused(kind: str, rows: Mapping[str, int], checksums: Mapping[str, str]) -> str:
    """The table that a result of this kind has to have and does not tell of, or cannot have; nothing where all fit."""
    names = dict.fromkeys((*_COLUMNS[kind], *rows))
    wrong = (name for name in names if name not in rows or name not in checksums or f"{name}.parquet" not in KEPT)
    return next(wrong, "")


def read_kept(folder: Path, name: str) -> bytes:
    """The bytes of a file that belongs to a result; raises ResultError."""
    path = folder / name
    try:
        return read_bytes(Root(folder, "result").inside(path, str(path)), str(path), LARGEST)
    except UnreadableFileError as error:
        raise ResultError(f"{error}: make the result anew") from None


def _table(path: Path, data: bytes, count: int, columns: str, room: int) -> "pd.DataFrame":
    """A table that has so many rows, these columns at least, and no more cells than there is room for."""
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(BytesIO(data))
        found, schema = file.metadata.num_rows, file.schema_arrow
        if found != count:
            raise ResultError(f"'{path}' has {found:,} rows, not {count:,} as it was written: make the result anew")
        if count * len(schema) > room:
            raise ResultError(f"'{path}': {count:,} rows are more than can be read: keep fewer replications")
        for column in columns.split():
            name, _, kind = column.partition(":")
            wrong = _wrong(schema, name, kind or "text", count)
            if wrong:
                raise ResultError(f"'{path}': column '{name}' {wrong}: make the result anew")
        return from_file(file)
    except (OSError, ValueError, LookupError, TypeError, NotImplementedError):
        raise ResultError(f"'{path}' is no Parquet file, or a broken one: make the result anew") from None


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
    found = schema.types[number]
    fits = {
        "text": (types.is_string, types.is_large_string),
        "whole": (types.is_integer,),
        "number": (types.is_integer, types.is_floating),
        "time": (types.is_timestamp,),
    }[kind]
    if any(is_a(found) for is_a in fits) or (types.is_null(found) and (count == 0 or kind in ("number", "time"))):
        return ""
    return f"holds {found}, not {_WORDS[kind]}"
