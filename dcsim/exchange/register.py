"""Risk registers as tables: one row for each risk on each activity, before and after its mitigation."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dcsim.errors import Problem, ScenarioError
from dcsim.exchange.cells import Length, Style, decimal_style
from dcsim.exchange.columns import REGISTER, fields_of, unit_of
from dcsim.exchange.names import Names
from dcsim.exchange.opportunities import Gain, as_factors, is_opportunity
from dcsim.exchange.sheets import read_table
from dcsim.exchange.writer import one_line, scalar
from dcsim.schedule import Loss, ScheduleError
from dcsim.suggest import nearest, shorten
from dcsim.units import plain

if TYPE_CHECKING:
    from dcsim.scenario.schema import Scenario
    from dcsim.scenario.table import Table

POINTS = ("optimistic", "likely", "pessimistic")
AFTER = "_after"
NUMBERS = ("probability", *POINTS, "cost", f"probability{AFTER}", *(f"{point}{AFTER}" for point in POINTS))
Value = TypeVar("Value")


@dataclass(frozen=True)
class Register:
    """A risk register taken over: the text of a scenario that extends the given one, and that scenario."""

    text: str
    scenario: "Scenario"
    risks: tuple[str, ...]
    losses: tuple[Loss, ...]
    """What was changed or left out."""


def import_risks(
    path: str | Path,
    scenario: str | Path,
    *,
    sheet: str = "",
    decimal: str = "",
    separator: str = "",
    encoding: str = "",
    out: str | Path | None = None,
) -> Register:
    """Take over a risk register as the risks of a scenario: a new scenario that extends it.

    One risk may stand in several rows, one for each activity: it occurs in all of them or in none, and is drawn once.
    Impacts are time added to activities: with three points a PERT distribution. `dcsim guide import` lists the columns.

    Parameters
    ----------
    path
        A .csv or .xlsx file.
    scenario
        The file whose activities it names, by name, label or id.
    sheet, decimal, separator, encoding
        As in `import_schedule`.
    out
        Where the new scenario will stand: in the folder of the old one, or above it.

    Raises
    ------
    ScenarioError
        With every cell that cannot be read, and what would be right.
    ScheduleError
        The file cannot be read, or something in it can be read in two ways.
    """
    from dcsim.scenario.load import load

    path, old = Path(path), Path(scenario)
    beside = os.path.relpath(old, old.parent if out is None else Path(out).parent)
    if beside.startswith(os.pardir):
        raise ScheduleError(f"'{out}' extends '{old}', which has to stand in its folder or below: write it there")
    risks = _Reader(read_table(path, sheet, separator, encoding), load(old), decimal).risks()
    losses = as_factors(risks, old)
    merged = load({"extends": old.name, "risks": risks}, root=old.parent)
    lines = [
        f"# Risks taken over from {one_line(path.name)}.",
        f"extends: {scalar(beside)}",
        "risks:" if risks else "risks: {}",
    ]
    for name, risk in risks.items():
        lines += [f"  {name}:", *_entry(risk, "    ")]
    return Register("\n".join(lines) + "\n", merged, tuple(risks), tuple(losses))


def _entry(entry: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in entry.items():
        if isinstance(value, Mapping) and "pert" not in value:
            yield f"{indent}{key}:"
            yield from _entry(value, indent + "  ")
        elif isinstance(value, Mapping):
            yield f"{indent}{key}: {{pert: [{', '.join(value['pert'])}]}}"
        else:
            yield f"{indent}{key}: {scalar(value) if isinstance(value, str) else value}"


class _Reader:
    """Reads the rows of a register."""

    def __init__(self, table: "Table", scenario: "Scenario", decimal: str) -> None:
        self.table, self.scenario = table, scenario
        self.problems: list[Problem] = []
        self.fields = fields_of(table.columns, REGISTER)
        for needed, heading in (("risk", "Risk"), ("activities", "Activity"), ("probability", "Probability")):
            if needed not in self.fields:
                raise ScheduleError(f"{table.name}: no column '{heading}'{nearest(heading, table.columns, 'columns')}")
        columns = [self.fields[field] for field in NUMBERS if field in self.fields]
        try:
            self.style = Style(
                "", decimal or decimal_style(cell for number in columns for cell in table.placed(number))
            )
        except ValueError as error:
            raise ScheduleError(f"{table.name}: {error}") from None
        self.known: dict[str, str] = {}
        for name, activity in scenario.activities.items():
            self.known |= {text.casefold(): name for text in (activity.label, activity.id, name) if text}

    def risks(self) -> dict[str, dict[str, Any]]:
        """The risks as a scenario has them, by name."""
        names, entries, called = Names(), dict[str, dict[str, Any]](), dict[str, str]()
        for number, (line, cells) in enumerate(self.table.rows, start=1):
            row = {field: cells[i] for field, i in self.fields.items()}
            key = row.get("id") or row["risk"]
            if not key:
                continue
            if key not in called:
                called[key] = names.name(row["risk"] or key, str(number), what="risk")
                entries[called[key]] = self._risk(line, row)
            self._effects(line, row, entries[called[key]])
        if self.problems:
            raise ScenarioError(
                sorted(set(self.problems), key=lambda problem: (problem.line or 0, problem.path)), self.table.name
            )
        return entries

    def _risk(self, line: int, row: Mapping[str, str]) -> dict[str, Any]:
        """What its first row says of it."""
        made: dict[str, Any] = {"label": row["risk"][:80]} if row["risk"] else {}
        made |= {"description": row["description"]} if row.get("description") else {}
        made["probability"] = self._read(line, row, "probability", self._probability)
        mitigation: dict[str, Any] = {"description": row["mitigation"]} if row.get("mitigation") else {}
        for key, field, read in (("cost", "cost", self._cost), ("probability", "probability_after", self._probability)):
            value = self._read(line, row, field, read)
            mitigation |= {key: value} if value is not None else {}
        made["effects"] = {}
        return made | ({"mitigation": mitigation} if mitigation else {})

    def _effects(self, line: int, row: Mapping[str, str], risk: dict[str, Any]) -> None:
        """What a row says of activities."""
        before, after = self._impact(line, row, ""), self._impact(line, row, AFTER)
        for text in row["activities"].replace("\n", ";").split(";"):
            name = self.known.get(text.strip().casefold())
            if name is None:
                activity = nearest(text.strip(), self.scenario.activities, "activities")
                self._problem(line, "activities", f"no activity '{shorten(text.strip())}'{activity}")
            elif before is None:
                self._problem(line, "likely", "an impact needs a most likely duration, or two or three points")
            else:
                risk["effects"][f"activities.{name}"] = before
                if after is not None:
                    mitigation = risk.setdefault("mitigation", {})
                    mitigation.setdefault("effects", {})[f"activities.{name}"] = after

    def _impact(self, line: int, row: Mapping[str, str], which: str) -> Any:
        """A span, or a PERT distribution of three points; the middle of two where the likeliest is not given."""
        read = [self._read(line, row, f"{point}{which}", self._length(f"{point}{which}")) for point in POINTS]
        if any(point is not None and point.number < 0 for point in read) or is_opportunity(row.get("type", "")):
            return self._gain(row, [point for point in read if point is not None])
        low, likely, high = read
        if low is None or high is None:
            return None if likely is None else _span(likely)
        if likely is None:
            likely = Length((low.number + high.number) / 2, low.unit) if low.unit == high.unit else low
        return {"pert": [_span(low), _span(likely), _span(high)]}

    def _gain(self, row: Mapping[str, str], points: list[Length]) -> Gain | None:
        """The time that an opportunity saves, which is written below zero, or as it is where the type says so."""
        if not points:
            return None
        where, signs = row["risk"] or row.get("id", ""), {point.number > 0 for point in points if point.number}
        if len(signs) > 1:
            return Gain(None, where)
        spans = [replace(point, number=abs(point.number)) for point in points]
        if len({span.unit for span in spans}) == 1:
            spans.sort(key=lambda span: span.number)
        low, likely, high = spans[0], spans[len(spans) // 2], spans[-1]
        if len(spans) == 2:
            likely = replace(low, number=(low.number + high.number) / 2)
        return Gain({"pert": [_span(low), _span(likely), _span(high)]} if len(spans) > 1 else _span(low), where)

    def _length(self, field: str) -> Callable[[str], Length]:
        unit = unit_of(self.table.columns[self.fields[field]]) if field in self.fields else "d"
        return lambda cell: self.style.length(cell, unit)

    def _probability(self, cell: str) -> Any:
        percent = cell.endswith("%")
        number = self.style.number(cell.rstrip("% ")) / (100 if percent else 1)
        if not 0 <= number <= 1:
            raise ValueError(f"expected a probability such as 30 % or 0.3, got '{shorten(cell)}'")
        return float(number)

    def _cost(self, cell: str) -> str:
        heading = self.table.columns[self.fields["cost"]]
        currency = heading.partition("(")[2].strip(" )") if "(" in heading else ""
        number = cell.strip().rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ ") if cell.strip()[-3:].isupper() else cell
        currency = cell.strip()[-3:] if cell.strip()[-3:].isupper() else currency
        if not currency:
            raise ValueError("a cost needs a currency: '50000 USD', or a heading such as 'Mitigation cost (USD)'")
        return f"{plain(Fraction(self.style.number(number)))} {currency}"

    def _read(self, line: int, row: Mapping[str, str], field: str, read: Callable[[str], Value]) -> Value | None:
        cell = row.get(field, "").strip()
        if not cell:
            return None
        try:
            return read(cell)
        except ValueError as error:
            self._problem(line, field, str(error))
            return None

    def _problem(self, line: int, field: str, message: str) -> None:
        known, name = field in self.fields, self.table.name
        problem = Problem(f"column '{field}'", message, name, line)
        self.problems.append(self.table.problem(line, self.fields[field], message) if known else problem)


def _span(length: Length) -> str:
    return f"{plain(length.number)} {length.unit}"


# Out

HEADINGS = ("ID", "Risk", "Description", "Activity", "Probability", "Optimistic", "Most likely", "Pessimistic",
            "Mitigation", "Mitigation cost", "Probability after", "Optimistic after", "Most likely after",
            "Pessimistic after")  # fmt: skip


def register_rows(scenario: "Scenario") -> tuple[list[list[Any]], list[tuple[str, str, str]]]:
    """The risks of a scenario as rows under `HEADINGS`, one for each activity; and what they do not say."""
    rows: list[list[Any]] = []
    lost: list[tuple[str, str, str]] = []
    for number, (name, risk) in enumerate(scenario.risks.items(), start=1):
        less = risk.mitigation
        for path, effect in risk.effects.items():
            section, _, activity = path.partition(".")
            points = _points(effect) if section == "activities" else None
            if points is None:
                lost.append((name, f"its effect on {path}", "nothing: a register has time added to activities"))
                continue
            after = _points(less.effects.get(path)) if less is not None and "effects" in less.model_fields_set else None
            chance = less.probability if less is not None and "probability" in less.model_fields_set else None
            row = [
                f"R{number}",
                risk.label or name.replace("_", " "),
                risk.description,
                activity,
                float(risk.probability),
            ]
            row += [
                *points,
                less.description if less else "",
                f"{plain(less.cost.amount)} {less.cost.currency}" if less and less.cost else "",
            ]
            rows.append([*row, "" if chance is None else float(chance), *(after or ("", "", ""))])
        fields = [key for key in ("times", "begins", "lasts", "every", "delays", "stop_work") if getattr(risk, key)]
        lost += [(name, f"its {key}", "nothing: a register does not say it") for key in fields]
    return rows, lost


def _points(effect: Any) -> tuple[str, str, str] | None:
    """Optimistic, most likely and pessimistic, where an effect adds time with up to three points."""
    effect = getattr(effect, "each", effect)
    values = [str(value) for value in getattr(effect, "values", ())]
    kind = getattr(effect, "kind", "")
    if kind == "fixed":
        return "", values[0], ""
    if kind in ("pert", "triangular"):
        return values[0], values[1], values[2]
    return (values[0], "", values[1]) if kind == "uniform" else None
