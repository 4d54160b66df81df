"""What every question returns, and what a kept folder holds: its tables, what was asked, and what both have to say."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from dcsim import QUESTIONS
from dcsim.analysis.result import EXPECTED, layers_of
from dcsim.document.chart import Chart
from dcsim.document.names import in_words, labelled
from dcsim.document.report import Report
from dcsim.document.words import counted
from dcsim.errors import RequestError, UnavailableError
from dcsim.scenario.cash import is_limited
from dcsim.scenario.schema import Scenario
from dcsim.study.labels import Labelled
from dcsim.suggest import nearest, shorten

if TYPE_CHECKING:
    import pandas as pd
    import xarray
    from matplotlib.axes import Axes

Draw = Callable[..., Chart]


class Question(Protocol):
    """What the module of a question offers beside the function that answers it."""

    MAIN: str
    """The table that answers it, where one is asked for."""
    TABLES: Mapping[str, str]
    """The tables that its result has, each with its columns: `name`, or `name:kind` (see `study.tables`)."""
    ABOUT: Mapping[str, Any]
    """What its manifest says beside what every manifest does (see `study.manifest`)."""
    CHARTS: Mapping[str, Draw]
    """Its pictures by name, the first drawn if none is named: each from a result and what else it can be asked for."""

    def report(self, result: "Result", milestone: str = "", **asked: Any) -> Report:
        """What a result has to say, of one milestone first."""
        ...


def question_of(kind: str) -> Question:
    """The module that knows what a result of this kind means."""
    return cast("Question", import_module(QUESTIONS[kind]))


class Properties(Mapping[str, "pd.DataFrame"]):
    """Tables that are properties of a result, each made when it is first read."""

    def __init__(self, result: "Result", names: Iterable[str]) -> None:
        self.result, self.names = result, tuple(names)

    def __getitem__(self, name: str) -> "pd.DataFrame":
        if name not in self.names:
            raise KeyError(name)
        return cast("pd.DataFrame", getattr(self.result, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """The answer to one question: `tables` by name (each an attribute, too), and in `about` what was asked.

    A result that was read from a folder can do all that the fresh one could. The tables of each kind, and what their
    columns mean, are defined by the module of its question.
    """

    kind: str
    """Which question: a key of `dcsim.QUESTIONS`."""
    scenario: Scenario
    """What was simulated; of several scenarios the first."""
    about: Mapping[str, Any]
    """The manifest: version, seed, replications, variants, fingerprint of the scenario, and the answer in numbers."""
    tables: Mapping[str, "pd.DataFrame"]
    """By name."""

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__.get("tables", {})  # of one that is being copied or unpickled there are none yet
        if name.startswith("_") or name not in tables:
            kind = self.__dict__.get("kind", getattr(type(self), "kind", ""))
            raise AttributeError(f"a result of kind '{kind}' has no '{name}'; its tables are {', '.join(tables)}")
        return tables[name]

    def __dir__(self) -> list[str]:
        return [*{*super().__dir__(), *self.tables}]

    def __repr__(self) -> str:
        return f"Result('{self.kind}', '{self.scenario.name}', tables: {', '.join(self.tables)})"

    @property
    def question(self) -> Question:
        """The module that knows what such a result means."""
        return question_of(self.kind)

    @property
    def summary(self) -> "pd.DataFrame":
        """The table that answers the question."""
        return self.tables[self.question.MAIN]

    @property
    def simulated(self) -> int:
        """How many replications it tells of."""
        return int(self.about.get("simulated") or self.about["replications"])

    @property
    def labels(self) -> Mapping[str, str]:
        """What reports and charts call things, by name."""
        return {**self.about.get("labels", {}), **self.scenario.labels}

    @cached_property
    def labelled(self) -> "Result":
        """The same result, of which every name that has a label knows it: what reports and charts are made of."""
        labels = self.labels
        if not labels:
            return self
        result = Result(self.kind, self.scenario, labelled(self.about, labels), Labelled(self.tables, labels))
        result.__dict__["labelled"] = result
        return result

    def subject(self) -> list[str]:
        """The scenario, its layers, and the number and seed of its simulations."""
        about = self.about
        parts = [
            f"{part}" for part in about.get("subject") or [self.scenario.name, *labelled(layers_of(self), self.labels)]
        ]
        seed, n = about.get("seed"), about.get("simulated", about.get("replications"))
        if seed == EXPECTED:
            return [*parts, "expected values"]
        parts += [counted(n, "replication")] if isinstance(n, int) else []
        run = f", replication {n[0]}" if isinstance(n, list) and n[0] else ""
        parts += [f"seed {seed}{run}"] if seed is not None else []
        parts += [_as_seen(about["seen"], n)] if about.get("seen") else []
        sampling = about.get("sampling", "random")
        return parts if sampling == "random" else [*parts, f"{sampling} sampling"]

    def report(self, milestone: str = "", **asked: Any) -> Report:
        """What it has to say: sections of sentences, tables and charts, of one milestone first if one is named."""
        report = self.question.report(self.labelled, labelled(milestone, self.labels), **asked)
        if is_limited(self.scenario):
            from dcsim.study.cash import about_cash

            report = Report.of(report.title, report.subject, [*report.sections, about_cash(self.scenario)])
        return in_words(report)

    def charts(self) -> tuple[str, ...]:
        """The names of its pictures, the first drawn if none is named."""
        return tuple(self.question.CHARTS)

    def chart(self, what: str | None = None, **asked: Any) -> Chart:
        """One of its pictures as data.

        Raises
        ------
        RequestError
            There is no such picture, or it cannot be asked for that; the message says what there is.
        """
        charts = self.question.CHARTS
        name = next(iter(charts)) if what is None else what
        if name not in charts:
            raise RequestError(
                f"no picture '{shorten(str(name))}' of a result of kind '{self.kind}'; there are {', '.join(charts)}"
            )
        given = {key: labelled(value, self.labels) for key, value in asked.items() if value is not None}
        known = list(signature(charts[name]).parameters)[1:]
        for key in given:
            if key not in known:
                raise RequestError(f"the picture '{name}' has no option '{key}'{nearest(key, known, 'choices')}")
        return in_words(charts[name](self.labelled, **given))

    def plot(self, what: str | None = None, ax: "Axes | None" = None, **asked: Any) -> "Axes":
        """Draw one of its pictures on the given axes, or on new ones as notebooks show them.

        Parameters
        ----------
        what
            Its name; the first of `charts()` if not given.
        ax
            Where to draw.
        asked
            What the picture is about: `milestone`, `place`, `resource`, `supply` or `day`.
        """
        from dcsim.charts.pictures import draw, new_axes

        if isinstance(ax, str):
            raise RequestError(f"expected axes, got '{shorten(ax)}': `picture` writes a file")
        chart = self.chart(what, **asked)
        return draw(chart, new_axes() if ax is None else ax)

    def picture(self, path: str | Path, what: str | None = None, **asked: Any) -> Path:
        """Write one of its pictures into a PNG, SVG or PDF file; the same result gives the same bytes.

        Raises
        ------
        ResultError
            The file cannot be written, or its suffix is none of these.
        """
        from dcsim.charts.pictures import save

        return save(self.chart(what, **asked), Path(path), " · ".join(self.subject()))

    def to_xarray(self, table: str | None = None) -> "xarray.Dataset":
        """A table as a dataset: the first columns that tell its rows apart are its dimensions.

        Parameters
        ----------
        table
            Its name; the table that answers the question if not given.

        Raises
        ------
        RequestError
            There is no such table, or two of its rows are the same.
        UnavailableError
            xarray is not installed.
        """
        try:
            import xarray  # noqa: F401
        except ImportError:
            raise UnavailableError("a dataset needs xarray: pip install xarray") from None

        name = self.question.MAIN if table is None else table
        if name not in self.tables:
            raise RequestError(f"no table '{shorten(name)}'{nearest(name, self.tables, 'tables')}")
        frame = self.tables[name]
        for count in range(1, len(frame.columns) + 1):
            keys = list(frame.columns[:count])
            if not frame.duplicated(keys).any():
                return frame.set_index(keys if count > 1 else keys[0]).to_xarray()
        raise RequestError(f"the rows of the table '{name}' cannot be told apart")

    def save(self, folder: str | Path) -> Path:
        """Write the tables, the scenario and a manifest into a folder.

        Raises
        ------
        ResultError
            The folder holds something else, or cannot be written.
        """
        from dcsim.study.store import keep

        return keep(self, folder)

    def _repr_html_(self) -> str:
        from dcsim.document.html import as_html

        return as_html(self.report())


def _as_seen(seen: Mapping[str, Any], count: Any) -> str:
    """How many replications agree with what was seen, or how near they are."""
    widened = f", and {count:,} within {seen['widened']:.1f} times the errors" if seen["widened"] > 1 else ""
    return f"as seen until {seen['until']}: {seen['agree']:,} of {seen['drawn']:,} replications agree{widened}"


def known(name: str, names: Iterable[str], what: str, plural: str) -> str:
    """A name that is one of these; raises RequestError with what would be right."""
    if name not in names:
        raise RequestError(f"no {what} '{shorten(name)}'{nearest(name, names, plural)}")
    return name
