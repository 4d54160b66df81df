"""Rows of a table that only sum up others, and which rows stand below them."""

from collections import Counter
from dataclasses import dataclass

_WORK = ("duration", "likely", "early_start", "early_finish", "predecessors", "resources", "type", "constraint")
"""What a row that is only a heading does not say."""
_YES = ("yes", "y", "true", "1", "x", "ja", "wahr")


@dataclass
class Row:
    """A row that is, or may be, an activity."""

    line: int
    cells: dict[str, str]
    id: str
    name: str

    def get(self, field_: str) -> str:
        return self.cells.get(field_, "")


def outline(rows: list[Row], named: set[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The ids above each row, and the names of the rows that only sum up others.

    Rows are told to do so by code of the work breakdown, outline level, or order; `named` has the ids that links name.
    """
    headings: dict[str, str] = {}
    codes = {row.get("wbs"): row.id for row in rows if row.get("wbs")}
    counts = Counter(row.get("wbs") for row in rows)
    above = {parent for code in codes for parent in _parents(code)}
    coded = any(counts[code] == 1 for code in above)
    stack: list[tuple[int, str]] = []
    groups: dict[str, list[str]] = {}
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        level, below = _level(row), _level(following) if following else 0
        code = row.get("wbs")
        stack = [row for row in stack if row[0] < level] if level else stack
        groups[row.id] = [codes[parent] for parent in _parents(code) if parent in codes and counts[parent] == 1]
        if not coded:
            groups[row.id] = [id_ for _, id_ in stack]
        sums = row.get("summary").casefold() in _YES or "summary" in row.get("type").casefold()
        bare = row.id not in named and not any(map(row.get, _WORK))
        if sums or (code in above and counts[code] == 1) or level < below * bool(level) or bare:
            headings[row.id] = row.name
            stack = [*stack, (level, row.id)] if level else [(0, row.id)]
    return groups, headings


def _parents(code: str) -> list[str]:
    """The codes above a code of the work breakdown: of 1.2.3 these are 1 and 1.2."""
    parts = code.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def _level(row: Row) -> int:
    text = row.get("level")
    return int(text) if text.isdecimal() else 0
