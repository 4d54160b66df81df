"""A report as data: sections of sentences, tables with typed columns, and charts.

Terminal, page, Markdown and spreadsheet show the same report.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from dcsim.document.chart import Chart

ColumnKind = Literal[
    "text", "count", "number", "ratio", "day", "days", "change", "date", "month", "year", "share", "money", "range"
]


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading and what its cells mean.

    A `day` is counted from day zero, `days` is a span, a `change` a span with its sign, a `range` the two ends of an
    interval; days, months and years that do not come are infinite. A `share` is between 0 and 1; `money` is in the
    currency of the title.
    """

    title: str
    kind: ColumnKind = "text"
    n: int = 0
    """The number of replications behind a share; shares of none or all of them are shown as bounds."""
    digits: int = 1
    """Digits after the point of days and shares."""
    signed: bool = False
    """Whether amounts, or the ends of a range, are shown with their signs: they are differences."""
    of: ColumnKind = "days"
    """What the ends of a range are."""

    @property
    def is_number(self) -> bool:
        """Whether its cells are aligned to the right."""
        return self.kind != "text"


@dataclass(frozen=True)
class Cell:
    """A cell that is more than its value."""

    value: Any
    link: str = ""
    """An address on the web; anything else is no link."""
    emphasis: str = ""
    """How it is set off: `strong`, `soft`; `weak`, `medium` or `high` for how sure a source is."""
    below: str = ""
    """A second, smaller line."""
    kind: ColumnKind | None = None
    """What its value means, where its column holds several kinds."""
    formula: str = ""
    """How a workbook reckons its value from other cells, such as `SUM(R[-3]C:R[-1]C)`."""

    @classmethod
    def of(cls, value: Any) -> "Cell":
        """A value as a cell."""
        return value if isinstance(value, cls) else cls(value)

    @property
    def href(self) -> str:
        """The address, if it leads to the web."""
        return self.link if self.link.lower().startswith(("https://", "http://")) else ""


@dataclass(frozen=True)
class Brief:
    """What a terminal shows of a long table."""

    rows: Sequence[Sequence[Any]]
    note: str
    """What it does not show, and how all is seen."""


@dataclass(frozen=True)
class Table:
    """Rows under typed columns; a cell is a value of the kind of its column, words, or a `Cell`."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    brief: Brief | None = None
    """What of it a terminal shows; all if not given. Files have all rows."""


@dataclass(frozen=True)
class Picture(Sequence[Chart]):
    """A chart that nothing but pictures can show, made when it is first looked at."""

    make: Callable[[], Chart]

    @cached_property
    def chart(self) -> Chart:
        """The chart."""
        return self.make()

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: Any) -> Any:
        return (self.chart,)[number]


@dataclass(frozen=True)
class Section:
    """A part of a report under its title: sentences, a list, tables, charts, and notes in small print."""

    title: str
    sentences: Sequence[str] = ()
    points: Sequence[str] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()
    notes: Sequence[str] = ()

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not (self.sentences or self.points or self.tables or self.charts or self.notes)


@dataclass(frozen=True)
class Report:
    """What a result has to say: what was simulated and asked, and its sections, the answer first."""

    title: str
    """What it stands under where several reports are on one page."""
    subject: Sequence[str]
    """The scenario, its layers, and the request."""
    sections: Sequence[Section]

    @classmethod
    def of(cls, title: str, subject: Iterable[str], sections: Iterable[Section]) -> "Report":
        """A report of the sections that say something."""
        return cls(title, tuple(subject), tuple(section for section in sections if not section.empty))

    @property
    def charts(self) -> list[Chart]:
        """Its charts in their order, those that have something to show."""
        return [chart for section in self.sections for chart in section.charts if not chart.empty]
