"""Which weakly sourced numbers the answer leans on most: what moves the date, beside how sure it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcsim.charts.plotly import rows_height, text
from dcsim.document.report import Cell
from dcsim.document.words import counted
from dcsim.report.page.evidence import MARKS, UNSAID, confidence, mark, origin
from dcsim.report.page.parts import Chart, Line, Section, Table, rows_layout, table
from dcsim.report.page.results import Results
from dcsim.report.page.words import known, share, shift
from dcsim.scenario.document import Key

COLOURS = {"weak": "orange", "medium": "sky", "high": "blue"}
TITLES = {"weak": "assumed, fitted or weakly sourced", "medium": "source of medium confidence", "high": "well sourced"}

KINDS = {"factors": "factor", "risks": "risk", "branches": "branch", "orders": "order", "activities": "activity"}
MOST_SHOWN = 12
LOOKED_AT = " Looked at is what is drawn once for the site, not place by place."
NOTICED = 0.5
"""Days that an input must move the date by to be shown."""


@dataclass(frozen=True)
class Lean:
    """An input that moves the date: by how much, and how sure it is."""

    name: str
    kind: str
    weight: float
    """How much it moves the date; the larger, the more."""
    low: float
    high: float
    """The ends of its bar."""
    told: str
    """How much, in words."""
    confidence: str
    origin: Cell

    @property
    def mark(self) -> str:
        return mark(self.confidence)


def leans(results: Results) -> tuple[str, list[Lean]]:
    """What the date leans on, the most important first, and in which unit that is told."""
    found = results.first("drivers", results.milestone) or results.first("drivers")
    if found is not None:
        swings = (_by_swing(results, row) for row in found.tables["drivers"].to_dict("records"))
        return "days", _sorted(one for one in swings if one.weight >= NOTICED)
    return "rank correlation", _sorted(_by_correlation(results))


def _sorted(leans: Iterator[Lean]) -> list[Lean]:
    return sorted((one for one in leans if one.weight > 0), key=lambda one: -one.weight)


def _by_swing(results: Results, row: Mapping[Any, Any]) -> Lean:
    low, high = (float(row[end]) if known(row[end]) else 0.0 for end in ("low_day", "high_day"))
    told = f"{shift(low)} to {shift(high)} d" if low or high else ""
    weight = float(row["swing"]) if known(row["swing"]) else 0.0
    return _lean(results, str(row["input"]), str(row["kind"]), weight, low, high, told)


def _by_correlation(results: Results) -> Iterator[Lean]:
    """How a milestone goes with what is drawn once for the site, as far as it can be told from chance."""
    many = results.first("replications")
    if many is None or not results.milestone:
        return
    reached = many.tables["milestones"]
    day = reached[reached["milestone"] == results.milestone].sort_values("replication")["day"].to_numpy(np.float64)
    for name, rows in many.tables["draws"].groupby("name", sort=False):
        kind, _, short = str(name).partition(".")
        drawn = rows.sort_values("replication")["value"].to_numpy(np.float64)
        size = (~np.isnan(drawn)).astype(np.float64) if kind == "risks" and "." not in short else drawn
        rho = rank_correlation(size, np.nan_to_num(day, nan=np.inf))
        if abs(rho) > 2 / sqrt(len(day)):
            yield _lean(results, short, KINDS[kind], abs(rho), min(rho, 0.0), max(rho, 0.0), f"{rho:+.2f}")


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Spearman's rank correlation; 0 where one of them never varies."""
    from scipy.stats import rankdata

    first, second = rankdata(one), rankdata(other)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _lean(results: Results, name: str, kind: str, weight: float, low: float, high: float, told: str) -> Lean:
    """With the weakest of the numbers that an input comes from."""
    scenario = results.scenario
    cited = [
        (confidence(scenario, path, one), one)
        for path, one in scenario.document.citations.items()
        if _comes_from(name, kind, path)
    ]
    if not cited:
        return Lean(name, kind, weight, low, high, told, UNSAID, Cell(""))
    order = list(MARKS)
    word, citation = min(cited, key=lambda one: order.index(one[0]) if one[0] in order else len(order))
    return Lean(name, kind, weight, low, high, told, word, origin(scenario, citation)[0])


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


def leaning(results: Results) -> Section:
    """What the date leans on, beside how well it is known."""
    unit, found = leans(results)
    if not found:
        return Section("leans", "What it leans on", (_nothing(results),))
    shown = found[:MOST_SHOWN]
    rows: list[Line] = [
        [
            Cell(one.name, emphasis="strong" if one.mark == "weak" else ""),
            one.kind,
            one.told,
            Cell(one.confidence, emphasis=one.mark),
            one.origin,
        ]
        for one in shown
    ]
    headings = (
        "Input",
        "Kind",
        ">Days from P10 to P90" if unit == "days" else ">Rank correlation",
        "Confidence",
        "Rests on",
    )
    tables = [
        table(f"What {results.milestone} leans on, and how sure that is", headings, rows),
        *_on_the_chain(results),
    ]
    return Section("leans", "What it leans on", (weakest(results),), (_lean_bars(results, unit, shown),), tables)


def _nothing(results: Results) -> str:
    if results.first("replications") is None:
        return "What the date leans on is told by the result of dcsim drivers, or of dcsim replicate: add one of them."
    return (
        f"Of factors, risks, and orders and activities of the whole site none moves {results.milestone or 'anything'} "
        "for certain. What is drawn place by place is looked at by dcsim drivers alone."
    )


def weakest(results: Results) -> str:
    """The weakly sourced inputs that matter most, in a sentence."""
    leaning, found = leans(results)
    weak = [one for one in found[:MOST_SHOWN] if one.mark == "weak"]
    if not found:
        return ""
    if not weak:
        return f"The inputs that move {results.milestone} most are all sourced with medium or high confidence."
    unit = "" if leaning == "days" else f"{leaning} "
    named = " and ".join(f"{one.name} ({one.confidence}, {unit}{one.told})" for one in weak[:2])
    if len(found) == 1:
        return f"What moves {results.milestone} most is assumed, fitted or weakly sourced: {named}."
    return (
        f"Of the {counted(len(found[:MOST_SHOWN]), 'input')} that move {results.milestone} most, {len(weak)} "
        f"{'is' if len(weak) == 1 else 'are'} assumed, fitted or weakly sourced; above all {named}."
    )


def _lean_bars(results: Results, unit: str, found: Sequence[Lean]) -> Chart:
    traces = []
    for sure, colour in COLOURS.items():
        rows = [row for row, one in enumerate(found) if one.mark == sure]
        if rows:
            traces.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "name": TITLES[sure],
                    "y": rows,
                    "base": [round(min(found[row].low, found[row].high), 3) for row in rows],
                    "x": [round(abs(found[row].high - found[row].low), 3) for row in rows],
                    "width": 0.62,
                    "text": [f"{text(found[row].name)}: {text(found[row].told)}" for row in rows],
                    "textposition": "none",
                    "hovertemplate": "%{text}<extra></extra>",
                    "marker": {"color": f"@{colour}"},
                }
            )
    title = "days later, from its P10 to its P90" if unit == "days" else "rank correlation (right: later)"
    axis = {"title": {"text": title}, "zeroline": True, "zerolinecolor": "@soft"}
    return Chart(
        "leanbars",
        f"What moves {results.milestone}",
        f"Long bars move the date most; orange ones rest on assumptions.{'' if unit == 'days' else LOOKED_AT}",
        "; ".join(f"{one.name} {one.told}, {one.confidence}" for one in found) + ".",
        rows_height(len(found)),
        traces,
        rows_layout([one.name for one in found], barmode="overlay", xaxis=axis),
    )


def _on_the_chain(results: Results) -> Iterator[Table]:
    """What often stands on the driving chain, beside how well its numbers are known."""
    found = results.first("explanation", results.milestone) or results.first("explanation")
    if found is None:
        return
    rows: list[Line] = []
    for row in found.tables["criticality"].dropna(subset=["index"]).head(MOST_SHOWN).to_dict("records"):
        one = _lean(results, str(row["name"]), str(row["kind"]), 1.0, 0.0, 0.0, share(row["index"]))
        rows.append([one.name, one.kind, one.told, Cell(one.confidence, emphasis=one.mark), one.origin])
    if rows:
        headings = ("On the driving chain", "Kind", ">In", "Confidence", "Rests on")
        yield table("How often it drives the date, and how sure its numbers are", headings, rows)
