"""What a page is made of: sections with sentences, figures and tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from dcsim.document.report import Cell, Report

Line = Sequence[str | Cell]
"""A row of a table."""


@dataclass(frozen=True)
class Rows:
    """Rows of a table under a common title, which may be empty."""

    title: str
    rows: Sequence[Line]


@dataclass(frozen=True)
class Table:
    """A table; headings that begin with '>' stand over numbers, aligned to the right."""

    caption: str
    headings: Sequence[str]
    groups: Sequence[Rows]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Every heading with how its column is set: `number` or `text`."""
        return [(one.removeprefix(">"), "number" if one.startswith(">") else "text") for one in self.headings]


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading: what is said, shown and listed, in this order."""

    name: str
    title: str
    said: Sequence[str] = ()
    tables: Sequence[Table] = ()
    points: Sequence[str] = ()
    """A list under the sentences."""
    report: Report | None = None
    """What a result has to say, in its own order."""


def table(caption: str, headings: Sequence[str], rows: Sequence[Line]) -> Table:
    """A table whose rows belong together."""
    return Table(caption, headings, (Rows("", rows),))
