"""Which weakly sourced numbers the answer depends on most: what moves the date, beside how sure it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from dcsim.analysis.sensitivity import rank_correlation
from dcsim.document.chart import Axis, Bars, Chart
from dcsim.document.names import labelled
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import counted, joined
from dcsim.report.page.evidence import MARKS, UNSAID, confidence, mark, origin
from dcsim.report.page.results import Results
from dcsim.report.page.words import known, shift
from dcsim.scenario.document import Key
from dcsim.scenario.formulas import behind

TITLES = {
    "weak": ("orange", "assumed, fitted or weakly sourced"),
    "medium": ("sky", "source of medium confidence"),
    "high": ("blue", "well sourced"),
}
KINDS = {"factors": "factor", "risks": "risk", "branches": "branch", "orders": "order", "activities": "activity"}
MOST_SHOWN = 12
SITE_ONLY = " Only draws for the whole site are compared, not draws for single places."
NOTICED = 0.5
"""Days that an input must move the date by to be shown."""


@dataclass(frozen=True)
class Lean:
    """An input that moves the date: by how much, and how sure it is."""

    name: str
    kind: str
    low: float
    high: float
    """The ends of its bar."""
    text: str
    """How much, in words."""
    confidence: str
    origin: Cell

    @property
    def mark(self) -> str:
        return mark(self.confidence)


def leans(results: Results) -> tuple[str, list[Lean]]:
    """What moves the date, the most important first, and in which unit that is told."""
    of_dates = [result for result in results.of("drivers") if not result.about.get("outcome")]
    asked = (result for result in of_dates if result.about["milestone"] == results.milestone)
    drivers = next(asked, next(iter(of_dates), None))
    if drivers is None:
        return "rank correlation", _sorted(_by_correlation(results), 0)
    return "days", _sorted((_by_swing(results, row) for row in drivers.tables["drivers"].to_dict("records")), NOTICED)


def _sorted(inputs: Iterator[Lean], least: float) -> list[Lean]:
    moved = [input for input in inputs if abs(input.high - input.low) > least]
    return sorted(moved, key=lambda item: -abs(item.high - item.low))


def _by_swing(results: Results, row: Mapping[Any, Any]) -> Lean:
    low, high = (float(row[end]) if known(row[end]) else 0.0 for end in ("at_low", "at_high"))
    name, kind = row["input"], str(row["kind"])
    return Lean(name, kind, low, high, f"{shift(low)} to {shift(high)} d", *_source(results, name, kind))


def _by_correlation(results: Results) -> Iterator[Lean]:
    """How a milestone goes with what is drawn once for the site, as far as it differs from chance."""
    many = results.first("replications")
    if many is None or not results.milestone:
        return
    reached = many.tables["milestones"]
    day = reached[reached["milestone"] == results.milestone].sort_values("replication")["day"].to_numpy(np.float64)
    if len(day) <= 4:  # no correlation of so few stands out from chance
        return
    for name, rows in many.tables["draws"].groupby("name", sort=False):
        section, _, short = str(name).partition(".")
        drawn = rows.sort_values("replication")["value"].to_numpy(np.float64)
        is_risk = section == "risks" and short in results.scenario.risks
        size = (~np.isnan(drawn)).astype(np.float64) if is_risk else drawn
        rho = rank_correlation(size, np.nan_to_num(day, nan=np.inf)).estimate
        if abs(rho) > 2 / sqrt(len(day)):
            source = _source(results, short, KINDS[section])
            yield Lean(
                labelled(short, results.labels), KINDS[section], min(rho, 0.0), max(rho, 0.0), f"{rho:+.2f}", *source
            )


def _source(results: Results, name: str, kind: str) -> tuple[str, Cell]:
    """How sure the weakest of the numbers is that an input comes from, and where that comes from."""
    scenario = results.scenario
    citations, formulas = scenario.document.citations, scenario.document.formulas
    own = [path for path in (*citations, *formulas) if _comes_from(name, kind, path)]
    behind_it = dict.fromkeys(source for path in own for source in (path, *behind(path, formulas)))
    cited = [(confidence(scenario, path, citations[path]), citations[path]) for path in behind_it if path in citations]
    if not cited:
        return UNSAID, Cell("")
    order = list(MARKS)
    word, citation = min(cited, key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))
    return word, origin(scenario, citation)[0]


def _comes_from(name: str, kind: str, path: Key) -> bool:
    """Whether a number of the scenario is one that an input is drawn from."""
    if "mitigation" in path:
        return False
    if kind == "order":
        supply, _, order = name.partition(".")
        return path[:4] == ("supplies", supply, "orders", order) and path[4:5] in (("lead_time",), ("placed",))
    sections = {"factor": "factors", "risk": "risks", "branch": "branches", "activity": "activities"}
    sections |= {"resource": "resources", "supply": "supplies", "production": "supplies"}
    own = path[:2] in ((sections.get(kind, kind), name), (sections.get(kind, kind), name.partition(".")[0]))
    return own and (kind != "activity" or "duration" in path)


def leaning(results: Results) -> Report:
    """What moves the date most, beside how well it is known."""
    unit, ranked = leans(results)
    title, shown = "Confidence in the inputs", ranked[:MOST_SHOWN]
    if not shown:
        return Report(title, (), [Section("", (_no_inputs(results),))])
    columns = _columns("Input", "Days from P10 to P90" if unit == "days" else "Rank correlation")
    rows = [
        [Cell(lean.name, emphasis="strong" if lean.mark == "weak" else ""), lean.kind, lean.text, *_cells(lean)]
        for lean in shown
    ]
    tables = (
        Table(columns, rows, f"What moves {results.milestone}, and the confidence in it"),
        *_on_the_chain(results),
    )
    charts = (_bars(results, unit, shown),)
    return Report(title, (), [Section("", (weakest(results),), tables=tables, charts=charts)])


def _columns(name: str, number: str, kind: Any = "range") -> tuple[Column, ...]:
    return (
        Column(name),
        Column("Kind"),
        Column(number, kind, digits=0),
        Column("Confidence"),
        Column("Source or reason"),
    )


def _cells(lean: Lean) -> tuple[Cell, Cell]:
    return Cell(lean.confidence, emphasis=lean.mark), lean.origin


def _no_inputs(results: Results) -> str:
    if results.first("replications") is None:
        return "To see which inputs move the date, add the result of dcsim drivers or dcsim replicate."
    return (
        f"No factor, risk, order or activity of the whole site clearly moves {results.milestone or 'a milestone'}. "
        "Add the result of dcsim drivers to see draws for single places too."
    )


def weakest(results: Results) -> str:
    """The weakly sourced inputs that matter most, in a sentence."""
    unit, ranked = leans(results)
    shown = ranked[:MOST_SHOWN]
    weak = [lean for lean in shown if lean.mark == "weak"]
    if not shown:
        return ""
    if not weak:
        return f"The inputs that move {results.milestone} most are all sourced with medium or high confidence."
    named = joined(
        [f"{lean.name} ({lean.confidence}, {'' if unit == 'days' else f'{unit} '}{lean.text})" for lean in weak[:2]]
    )
    if len(ranked) == 1:
        return f"The input that moves {results.milestone} most is assumed, fitted or weakly sourced: {named}."
    return (
        f"Of the {counted(len(shown), 'input')} that move {results.milestone} most, {len(weak)} "
        f"{'is' if len(weak) == 1 else 'are'} assumed, fitted or weakly sourced; above all {named}."
    )


def _bars(results: Results, unit: str, shown: Sequence[Lean]) -> Chart:
    """How far each input moves the date, in the colour of how sure it is."""
    marks = []
    for word, (colour, name) in TITLES.items():
        rows = [row for row, lean in enumerate(shown) if lean.mark == word]
        ends = np.array([(shown[row].low, shown[row].high) for row in rows]).reshape(-1, 2)
        notes = [f"{shown[row].name}: {shown[row].text}" for row in rows]
        marks += [Bars(name=name, colour=colour, rows=rows, start=ends[:, 0], end=ends[:, 1], notes=notes)] * bool(rows)
    title = "days later, from its P10 to its P90" if unit == "days" else "rank correlation (right: later)"
    explanation = f"Long bars move the date most; orange ones rest on assumptions.{'' if unit == 'days' else SITE_ONLY}"
    summary = "; ".join(f"{lean.name} {lean.text}, {lean.confidence}" for lean in shown) + "."
    names = Axis("rows", names=[lean.name for lean in shown])
    return Chart(
        f"What moves {results.milestone}", Axis(title=title, line_at_zero=True), names, marks, explanation, summary
    )


def _on_the_chain(results: Results) -> Iterator[Table]:
    """What often stands on the driving chain, beside how well its numbers are known."""
    explanation = results.first("explanation", results.milestone) or results.first("explanation")
    often = (
        []
        if explanation is None
        else explanation.tables["criticality"].dropna(subset=["index"]).head(MOST_SHOWN).to_dict("records")
    )
    rows = []
    for row in often:
        word, where = _source(results, str(row["name"]), str(row["kind"]))
        rows.append([row["name"], row["kind"], row["index"], Cell(word, emphasis=mark(word)), where])
    if rows:
        yield Table(
            _columns("On the driving chain", "On chain", "share"),
            rows,
            "Items on the driving chain, and the confidence in their numbers",
        )
