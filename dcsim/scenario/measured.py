"""Measured data behind a distribution: `{empirical: {file: x.csv, column: y}}` filled with the values."""

import csv
import re
from dataclasses import dataclass, field
from typing import Any

from dcsim.errors import Problem
from dcsim.scenario.document import Key, dotted
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.layers import is_partial
from dcsim.scenario.parse import plain_scalar
from dcsim.scenario.tree import Node, Origin
from dcsim.suggest import nearest, shorten

_KEYS = ("file", "column", "unit")
_CELL = re.compile(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?( *[A-Za-z]+)?|\d{4}-\d{2}-\d{2}")


@dataclass
class Measured:
    """Reads data files beside the scenario files that name them."""

    root: Root
    home: Origin
    problems: list[tuple[Key, Problem]] = field(default_factory=list)

    def filled(self, node: Node, path: Key = ()) -> Node:
        """The tree with the values of every data file in the place of its name."""
        if is_partial(path):
            return node
        if isinstance(node.value, dict):
            data = node.get("empirical")
            if len(node.value) == 1 and data is not None and data.get("file") is not None:
                values = self._values(data, (*path, "empirical"))
                return node.replaced("empirical", Node({"values": Node(values, data.mark)}, data.mark))
            return Node({key: self.filled(child, (*path, key)) for key, child in node.value.items()}, node.mark)
        if isinstance(node.value, list):
            return Node([self.filled(child, (*path, i)) for i, child in enumerate(node.value)], node.mark)
        return node

    def _values(self, data: Node, path: Key) -> list[Node]:
        written = {key: child.value for key, child in data.value.items()}
        for key in written:
            if key not in _KEYS:
                self._say(data, (*path, key), f"unknown key '{key}'{nearest(key, _KEYS)}")
        origin = data.mark.origin if data.mark is not None else self.home
        try:
            text, found = self.root.beside(origin, str(written["file"]))
        except UnreadableFileError as error:
            self._say(data, (*path, "file"), str(error))
            return []
        rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
        columns = [name for name in rows.fieldnames or () if name]
        column = str(written.get("column", columns[0] if len(columns) == 1 else ""))
        if column not in columns:
            message = f"no column '{column}' in '{written['file']}'{nearest(column, columns, 'columns')}"
            self._say(data, (*path, "column"), message if column else f"needs `column`: one of {', '.join(columns)}")
            return []
        values = [self._cell(row, rows.line_num, column, written, found, path) for row in _read(rows)]
        if not values:
            self._say(data, path, f"'{written['file']}' has no rows")
        return [Node(value, data.mark) for value in values if value is not None]

    def _cell(
        self, row: dict[str, Any], line: int, column: str, written: dict[str, Any], found: Origin, path: Key
    ) -> Any:
        cell = str(row.get(column) or "").strip()
        if not _CELL.fullmatch(cell):
            message = f"expected a number or a span in column '{column}', got '{shorten(cell)}'"
            self.problems.append((path, Problem(dotted(path), message, found.name, line)))
            return None
        unit = written.get("unit")
        return f"{cell} {unit}" if unit is not None and cell[-1:].isdigit() else plain_scalar(cell)

    def _say(self, data: Node, path: Key, message: str) -> None:
        self.problems.append((path[:-1], data.problem(path, message)))


def _read(rows: Any) -> Any:
    """The rows of a table one by one; what its reader cannot take ends it."""
    try:
        yield from rows
    except csv.Error:
        return
