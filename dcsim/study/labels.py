"""Tables as reports and charts read them: every name that has a label knows it (see `dcsim.document.names`)."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from dcsim.document.names import Name, labelled

if TYPE_CHECKING:
    import pandas as pd

_NAMED = (
    *("milestone", "outcome", "activity", "activities", "resource", "supply", "option", "scenario"),
    *("cause", "waits_for", "used", "held_by", "name", "input", "members", "measures", "one", "other"),
)
"""Columns that hold names of things in the scenario."""


class Labelled(Mapping[str, "pd.DataFrame"]):
    """The tables of a result with labels, each made when it is first read."""

    def __init__(self, tables: Mapping[str, "pd.DataFrame"], labels: Mapping[str, str]) -> None:
        self.tables, self.labels = tables, labels
        self.made: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> "pd.DataFrame":
        if name not in self.made:
            levels = ("place",) if name == "stuck" else ()  # what many builds are stuck on tells levels, not places
            self.made[name] = with_labels(self.tables[name], self.labels, (*_NAMED, *levels))
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def with_labels(table: "pd.DataFrame", labels: Mapping[str, str], columns: Collection[str] = _NAMED) -> "pd.DataFrame":
    """A table in which the names in these columns know their labels."""
    import pandas as pd

    changed = {}
    for column in (column for column in table.columns if column in columns and labels):
        known = {name: labelled(name, labels) for name in table[column].unique().tolist()}
        if any(isinstance(name, Name) for name in known.values()):
            names = [known.get(name) for name in table[column].tolist()]
            changed[column] = pd.Series(names, table.index, dtype=object)
    return table.assign(**changed)
