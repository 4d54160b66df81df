"""Measured data behind a distribution: `{empirical: {file: x.csv, column: y}}` filled with the values."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from dcsim.errors import Problem
from dcsim.scenario.document import Key, dotted
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.layers import is_partial
from dcsim.scenario.parse import plain_scalar
from dcsim.scenario.table import Table, UnreadableTableError, read_table
from dcsim.scenario.tree import Node, Origin
from dcsim.scenario.values import BEGINS_LIKE_A_DATE
from dcsim.suggest import nearest, shorten
from dcsim.units import parse_date, parse_number, parse_span

_KEYS = ("file", "column", "unit")
_LIKE_A_NUMBER = re.compile(r"[-+]?[.,]?\d")


@dataclass
class Measured:
    """Reads data files beside the scenario files that name them."""

    root: Root
    home: Origin
    problems: list[tuple[Key, Problem]] = field(default_factory=list)

    def filled(self, node: Node, path: Key = ()) -> Node:
        """The tree with the values of every data file in the place of its name."""
        if not isinstance(node.value, dict | list) or is_partial(path):
            return node
        if isinstance(node.value, dict):
            data = node.get("empirical")
            if len(node.value) == 1 and data is not None and data.get("file") is not None:
                values = self._values(data, (*path, "empirical"))
                return node.replaced("empirical", Node({"values": Node(values, data.mark)}, data.mark))
            return Node({key: self.filled(child, (*path, key)) for key, child in node.value.items()}, node.mark)
        return Node([self.filled(child, (*path, i)) for i, child in enumerate(node.value)], node.mark)

    def _values(self, data: Node, path: Key) -> list[Node]:
        written = {key: child.value for key, child in data.value.items()}
        for key in written:
            if key not in _KEYS:
                self._say(data, (*path, key), f"unknown key '{key}'{nearest(key, _KEYS)}")
        unit = written.get("unit")
        try:
            parse_span(f"1 {unit}" if unit is not None else 0)
        except ValueError as error:
            self._say(data, (*path, "unit"), f"every number of the column is in it: {error}")
            return []
        table = self._table(data, str(written["file"]), path)
        if table is None:
            return []
        names = [name for name in table.columns if name]
        column = str(written.get("column", names[0] if len(names) == 1 else ""))
        if column not in names:
            message = table.missing(column) if column else f"needs `column`: one of {', '.join(names)}"
            self._say(data, (*path, "column"), message)
            return []
        nodes: list[Node] = []
        for line, cell in table.column(column):
            try:
                nodes.append(Node(_measured(cell, unit), data.mark))
            except ValueError as error:
                message = f"column '{shorten(column)}': {error}"
                self.problems.append((path, Problem(dotted(path), message, table.name, line)))
        return nodes

    def _table(self, data: Node, name: str, path: Key) -> Table | None:
        """The file that is named; none where it cannot be read."""
        try:
            text, file = self.root.beside(data.mark.origin if data.mark is not None else self.home, name)
            return read_table(text, file.name)
        except UnreadableFileError as error:
            self._say(data, (*path, "file"), str(error))
        except UnreadableTableError as error:
            self.problems += [(path, replace(problem, path=dotted(path))) for problem in error.problems]
        return None

    def _say(self, data: Node, path: Key, message: str) -> None:
        self.problems.append((path[:-1], data.problem(path, message)))


def _measured(cell: str, unit: Any) -> Any:
    """What a cell says, as a scenario would write it; raises ValueError where it could not stand in one."""
    if BEGINS_LIKE_A_DATE.match(cell):
        parse_date(cell)
        return cell
    if not _LIKE_A_NUMBER.match(cell):
        raise ValueError(f"expected a number, a span or a date, got '{shorten(cell)}'")
    if cell[-1].isalpha():
        parse_span(cell)
        return cell
    if parse_number(cell) < 0:
        raise ValueError(f"what was measured is never negative, got '{cell}'")
    return plain_scalar(cell) if unit is None else f"{cell} {unit}"
