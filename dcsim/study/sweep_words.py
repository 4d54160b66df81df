"""What a sweep has to say: each outcome at every point, in lines, tables, and pictures."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from dcsim.document import chart
from dcsim.document.chart import Bars, Chart, Dash, Dots, Line, Mark, Rule
from dcsim.document.measure import Measure
from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.shades import SHADES, along, shaded, thinned
from dcsim.document.words import NEVER, counted, date_of
from dcsim.errors import RequestError
from dcsim.study.axes import point_in_words
from dcsim.study.outcome import Outcome, asked_about, defined
from dcsim.study.replications import require_name
from dcsim.study.result import Result
from dcsim.study.unfinished import missing
from dcsim.trace import Ints

MOST_ACROSS = 9
"""Values that fit side by side in 80 columns."""
MOST_POINTS = 100
"""Points that are listed."""


def report(result: Result, milestone: str = "") -> Report:
    """Each outcome at every point: a line for each, or a table of two paths; and its picture."""
    points, stuck, about = result.tables["points"], result.tables["stuck"], result.about
    called = {
        row["point"]: " and ".join(f"{path} = {row[path]}" for path in about["over"])
        for row in points.to_dict("records")
    }
    labels, outcomes = stuck["point"].map(called), _outcomes(result)
    days = any(outcome.measure.is_day for outcome in outcomes)
    sections = [Section("", notes=(f"days from {result.scenario.zero:%Y-%m-%d}",) if days else ())]
    for outcome in sorted(outcomes, key=lambda known: known.name != milestone):
        part = points[points["outcome"] == outcome.name]
        as_matrix = _as_table(result, part)
        table = _matrix(part, outcome, *about["over"]) if as_matrix else _list(part, outcome, about["over"])
        more = 0 if as_matrix else len(part) - MOST_POINTS
        notes = (f"and {counted(more, 'more point')}, in the table `points`",) if more > 0 else ()
        charts = (picture(result, outcome.name),) if len(about["over"]) <= 2 else ()
        lacks = missing(stuck, outcome.name, labels, result.simulated)
        sections.append(Section(outcome.label, lacks, tables=(table,), charts=charts, notes=notes))
    if np.isinf(points["p80"]).any() and "horizon" in about and not outcomes[0].is_figure:
        horizon = datetime.fromisoformat(str(about["horizon"]))
        sections.append(Section("", notes=(f"{NEVER}: not reached by the end of the simulation, {horizon:%Y-%m-%d}",)))
    subject = [*result.subject(), counted(points["point"].nunique(), "point"), "same random numbers"]
    return Report.of("Sweep", subject, [*sections, *defined(result)])


def _outcomes(result: Result) -> tuple[Outcome, ...]:
    """What was looked at, as far as the table has it."""
    reached = list(dict.fromkeys(result.tables["points"]["outcome"]))
    return asked_about(result) if result.about.get("outcome") else tuple(map(Outcome, reached))


def _as_table(result: Result, part: pd.DataFrame) -> bool:
    paths = result.about["over"]
    return result.about.get("samples") is None and len(paths) == 2 and part[paths[1]].nunique() <= MOST_ACROSS


def _list(part: pd.DataFrame, outcome: Outcome, paths: Sequence[str]) -> Table:
    """A line for every point."""
    measure = outcome.measure
    keys = ("p50", "p80", "p80_date", "mean") if measure.is_day else ("mean", "p10", "p50", "p90")
    titles = {"p80_date": Column("P80 date", "date"), "mean": measure.column("mean")}
    rows = [
        [*(str(row[path]) for path in paths), *(row.get(key) for key in (*keys, "reached"))]
        for row in part.head(MOST_POINTS).to_dict("records")
    ]
    reached = Column("exists in" if outcome.is_figure else "reached", "share", digits=0)
    columns = [*map(Column, paths), *(titles.get(key) or measure.column(key.upper()) for key in keys), reached]
    return Table(columns, rows, f"in {measure.currency}" if measure.kind == "money" else "")


def _level(outcome: Outcome) -> str:
    """What a map shows: of days the P80, of a figure the P50."""
    return "p80" if outcome.measure.is_day else "p50"


def _matrix(part: pd.DataFrame, outcome: Outcome, down: str, across: str) -> Table:
    """A line for every value of the first path, a column for every value of the second."""
    values, level, measure = list(dict.fromkeys(part[across])), _level(outcome), outcome.measure
    rows = [[str(value), *row[level]] for value, row in part.groupby(down, sort=False)]
    unit = "day" if measure.is_day else measure.unit
    title = f"{level.upper()}, {unit}; down: {down}; across: {across}"
    return Table([Column(""), *(measure.column(str(value)) for value in values)], rows, title)


DAYS: tuple[tuple[str, str, Dash], ...] = (("p50", "blue", "solid"), ("p80", "orange", "dash"))
FIGURE: tuple[tuple[str, str, Dash], ...] = (("p10", "sky", "dot"), ("p50", "blue", "solid"), ("p90", "sky", "dash"))
MOST_ROWS, MOST_WRITTEN = 48, 150
"""Rows of a map, and fields into which the amount is written."""


def picture(result: Result, milestone: str = "") -> Chart:
    """An outcome over one swept path, of days the P80 and of a figure the P50 over two.

    Raises
    ------
    RequestError
        More than two paths were swept, or there is no such outcome.
    """
    points, paths = result.tables["points"], [str(path) for path in result.about["over"]]
    if len(paths) > 2:
        raise RequestError(f"a picture of a sweep needs one path or two, not {len(paths)}")
    known = {outcome.name: outcome for outcome in _outcomes(result)}
    name = require_name(milestone, tuple(known)) if milestone else [*known, ""][-2 if known else 0]
    part = points[points["outcome"] == name]
    if part.empty:
        return Chart("Sweep", empty="no milestone to show")
    if len(paths) == 1:
        return _lines(part, paths[0], known[name])
    first, second = paths
    is_map = len(part) == part[first].nunique() * part[second].nunique() and part[first].nunique() <= MOST_ROWS
    return _map(part, first, second, known[name]) if is_map else _scattered(part, first, second, known[name])


def _lines(part: pd.DataFrame, path: str, outcome: Outcome) -> Chart:
    x, at = along(part, path)
    order, measure = np.argsort(at, kind="stable"), outcome.measure
    looks = DAYS if measure.is_day else FIGURE
    size, unit = measure.axis(part[[column for column, *_ in looks]].to_numpy(np.float64).ravel())
    marks: list[Mark] = []
    for column, colour, dash in looks:
        amounts = part[column].to_numpy(np.float64)
        chosen = order[np.isfinite(amounts[order])]
        name, notes = column.upper(), _notes(part, [path], column, chosen, measure)
        if x.kind == "names":
            marks.append(Dots(name=name, colour=colour, x=at[chosen], y=amounts[chosen] / size, notes=notes))
        else:
            y = amounts[chosen] / size
            marks.append(Line(name=name, colour=colour, x=at[chosen], y=y, notes=notes, dash=dash, dots=True))
    if measure.is_day:
        never = at[~np.isfinite(part["p80"].to_numpy(np.float64))]
        marks += [Rule(name="P80 never", colour="grey", at=value, dash="dot") for value in never.tolist()]
    summary = f"{outcome.label} at {counted(len(part), 'value')} of {path}."
    title = "days from day zero" if measure.is_day else f"{outcome.label}{f', {unit}' if unit else ''}"
    return Chart(f"{outcome.label} against {path}", x, chart.Axis(title=title), marks, "", summary)


def _map(part: pd.DataFrame, down: str, across: str, outcome: Outcome) -> Chart:
    """A field for every pair of values, the darker the later, or the more."""
    rows, columns = (list(dict.fromkeys(part[path])) for path in (down, across))
    row = np.array([rows.index(value) for value in part[down]])
    column = np.array([columns.index(value) for value in part[across]], np.float64)
    level, measure = _level(outcome), outcome.measure
    amounts = part[level].to_numpy(np.float64)
    texts = [measure.text(number) if len(part) <= MOST_WRITTEN else "" for number in amounts.tolist()]
    labels = np.array([text.removeprefix("day ").removesuffix(f" {measure.currency}") for text in texts])
    marks = [
        Bars(
            name=name,
            rows=row[chosen].tolist(),
            start=column[chosen] - 0.48,
            end=column[chosen] + 0.48,
            height=0.94,
            labels=labels[chosen].tolist(),
            inside=True,
            notes=_notes(part, [down, across], level, chosen, measure),
            **({"colour": "blue", "opacity": SHADES[shade][1]} if shade >= 0 else {"colour": "line"}),
        )
        for shade, name, chosen in shaded(amounts, measure)
    ]
    x, y = chart.Axis("names", across, names=thinned(columns)), chart.Axis("rows", down, names=[*map(str, rows)])
    summary = f"{outcome.label} at {len(rows)} x {len(columns)} values of {down} and {across}."
    title = f"{level.upper()} of {outcome.label}: {down} down, {across} across"
    return Chart(title, x, y, marks, "Days from day zero." if measure.is_day else "", summary)


def _scattered(part: pd.DataFrame, across: str, up: str, outcome: Outcome) -> Chart:
    """A dot for every point, the darker the later, or the more."""
    (x, right), (y, high) = along(part, across), along(part, up)
    level, measure = _level(outcome), outcome.measure
    marks = [
        Dots(
            name=name,
            colour=SHADES[shade][0] if shade >= 0 else "red",
            symbol="dot" if shade >= 0 else "cross",
            x=right[chosen],
            y=high[chosen],
            notes=_notes(part, [across, up], level, chosen, measure),
        )
        for shade, name, chosen in shaded(part[level].to_numpy(np.float64), measure)
    ]
    summary = f"{outcome.label} at {counted(len(part), 'point')} over {across} and {up}."
    title = f"{level.upper()} of {outcome.label} over {across} and {up}"
    return Chart(title, x, y, marks, "Days from day zero." if measure.is_day else "", summary)


def _notes(part: pd.DataFrame, paths: Sequence[str], column: str, chosen: Ints, measure: Measure) -> list[str]:
    """What the pointer tells of points: their values, the quantile, and its date."""
    return [
        f"{point_in_words({path: row[path] for path in paths})}: {column.upper()} {measure.text(row[column])}"
        + (f", {date_of(row[f'{column}_date'])}" if measure.is_day and f"{column}_date" in row else "")
        for row in part.iloc[chosen].to_dict("records")
    ]


CHARTS = {"sweep": picture}
