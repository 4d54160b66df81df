"""What if: scenarios compared, what can be done for a price, what was swept, ordered and lost."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from dcsim.analysis.findings import Findings
from dcsim.report.page.parts import Cell, Chart, Section, Table, rows_height, rows_layout, table, text
from dcsim.report.page.results import Results
from dcsim.report.page.words import cell, date, days, known, money, share, shift

MOST_ROWS = 20


def sections(results: Results) -> Iterator[Section]:
    """A section for every question of the kind."""
    kinds = {
        "comparison": _comparison,
        "mitigations": _mitigations,
        "sweep": _sweep,
        "orders": _orders,
        "lost": _lost,
    }
    for kind, section in kinds.items():
        for number, found in enumerate(results.of(kind)):
            yield section(results, found, f"{kind}{number}")


# Scenarios compared


def _comparison(results: Results, found: Findings, name: str) -> Section:
    """How much later or earlier each scenario is than the base, replication by replication."""
    told = found.tables["differences"]
    base = str(found.about.get("base", "base"))
    there = list(dict.fromkeys(told["milestone"]))
    focus = results.milestone if results.milestone in there else there[-1] if there else ""
    charts = [_dots(told, there, focus, name)] if there else []
    said = f"Days later than {base}, each replication beside its twin with the same chance."
    return Section(name, "Compared", (said,), charts, (_compared(results, found, base, focus),))


def _dots(told: pd.DataFrame, milestones: list[str], focus: str, name: str) -> Chart:
    scenarios = list(dict.fromkeys(told["scenario"]))
    rows = {scenario: row for row, scenario in enumerate(scenarios)}
    traces = []
    for milestone in sorted(milestones, key=lambda one: one != focus):
        part = told[(told["milestone"] == milestone) & told["mean"].map(known)]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": text(milestone),
                "visible": True if milestone == focus else "legendonly",
                "y": [rows[one] for one in part["scenario"]],
                "x": part["mean"].round(2).tolist(),
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": _finite(part["high"] - part["mean"]),
                    "arrayminus": _finite(part["mean"] - part["low"]),
                    "thickness": 2,
                    "width": 0,
                },
                "text": [_difference(row) for row in part.to_dict("records")],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"size": 10},
            }
        )
    for colour, trace in zip(("blue", "orange", "green", "purple", "sky", "red", "grey") * 9, traces, strict=False):
        trace["marker"] |= {"color": f"@{colour}"}
        trace["error_x"] |= {"color": f"@{colour}"}
    axis = {"title": {"text": "days later (left: earlier)"}, "zeroline": True, "zerolinecolor": "@soft"}
    return Chart(
        f"{name}dots",
        f"Difference in {focus}",
        "Dot: mean difference. Line: its 95 % interval. Other milestones can be switched on in the legend.",
        "; ".join(f"{row['scenario']} {shift(row['mean'])} days" for row in _of(told, focus)) + ".",
        rows_height(len(rows)),
        traces,
        rows_layout(scenarios, xaxis=axis),
    )


def _finite(lengths: "pd.Series[float]") -> list[float]:
    return [round(float(one), 2) if known(one) else 0.0 for one in lengths]


def _difference(row: dict[Any, Any]) -> str:
    return f"{text(row['scenario'])}: {_with_interval(row)}, earlier in {share(row['earlier'])}"


def _with_interval(row: dict[Any, Any], name: str = "mean") -> str:
    between = f" ({shift(row['low'])} to {shift(row['high'])})" if known(row.get("low")) else ""
    return f"{shift(row[name])} d{between}" if known(row[name]) else days(row[name])


def _of(told: pd.DataFrame, milestone: str) -> list[dict[Any, Any]]:
    return list(told[told["milestone"] == milestone].to_dict("records"))


def _compared(results: Results, found: Findings, base: str, focus: str) -> Table:
    differences = {row["scenario"]: row for row in _of(found.tables["differences"], focus)}
    rows = []
    for row in _of(found.tables["milestones"], focus):
        other = differences.get(row["scenario"], {})
        moved = _with_interval(other) if other else ""
        rows.append(
            [
                Cell(str(row["scenario"]), mark="strong" if row["scenario"] == base else ""),
                *(_on(results, row[level]) for level in ("p50", "p80")),
                moved,
                share(other.get("earlier", float("nan"))),
                share(row["reached"]),
            ]
        )
    return table(f"{focus} in every scenario", ("Scenario", ">P50", ">P80", ">Later by", ">Earlier in", ">Reached"), rows)


def _on(results: Results, day: float) -> str:
    return date(results.clock.on(day)) if known(day) else days(day)


# What can be done for a price


def _mitigations(results: Results, found: Findings, name: str) -> Section:
    """What each option costs and brings, and which together are best."""
    currency = str(found.about.get("currency", ""))
    budget = found.about.get("budget")
    said = [f"Within a budget of {money(float(budget), currency)}."] if budget is not None else []
    options = [
        [
            str(row["option"]),
            str(row["kind"]),
            money(row["cost"], currency) if known(row["cost"]) else "",
            _with_interval(row, "days"),
            days(row["per_million"], " d") if known(row["per_million"]) else "",
        ]
        for row in found.tables["options"].head(MOST_ROWS).to_dict("records")
    ]
    sets = [
        [
            str(int(row["rank"])),
            Cell(str(row["members"]), mark="strong" if int(row["rank"]) == 1 else ""),
            money(row["cost"], currency) if known(row["cost"]) else "",
            _with_interval(row, "days"),
        ]
        for row in found.tables["sets"].head(10).to_dict("records")
    ]
    tables = [
        table("The best sets", (">Rank", "Done together", ">Cost", ">Days"), sets),
        table("Each option alone", ("Option", "Kind", ">Cost", ">Days", ">Days per million"), options),
    ]
    return Section(name, "What can be done", said, (), [one for one in tables if one.groups[0].rows])


def best_option(results: Results) -> str:
    """The best thing to do, in a sentence: of the sets weighed against each other, else of the scenarios compared."""
    for found in results.of("mitigations"):
        best = found.tables["sets"].sort_values("rank").head(1).to_dict("records")
        if best and str(best[0]["members"]):
            row, currency = best[0], str(found.about.get("currency", ""))
            price = f" for {money(row['cost'], currency)}" if known(row["cost"]) and row["cost"] else ""
            return f"Best option: {row['members']}{price}, {_earlier(abs(row['days']))}."
    for found in results.of("comparison"):
        told = [row for row in _of(found.tables["differences"], results.milestone) if known(row["mean"])]
        if told:
            row = min(told, key=lambda one: float(one["mean"]))
            if row["mean"] < 0 and not row["high"] >= 0:
                between = f" (95 %: {shift(row['low'])} to {shift(row['high'])} d)"
                return f"Best of those compared: {row['scenario']}, {_earlier(-row['mean'])}{between}."
            return f"None of the {len(told)} scenarios compared is surely earlier than {found.about.get('base', 'base')}."
    return ""


def _earlier(number: float) -> str:
    return f"{days(number, ' days')} earlier on average"


# What was swept, ordered, lost


def _sweep(results: Results, found: Findings, name: str) -> Section:
    """How a milestone moves with the values that were swept."""
    paths = [str(path) for path in found.about.get("over", ())]
    points = found.tables["points"]
    focus = results.milestone if (points["milestone"] == results.milestone).any() else points["milestone"].iloc[-1]
    here = points[points["milestone"] == focus]
    charts = [_curve(results, here, paths[0], focus, name)] if len(paths) == 1 else []
    rows = [
        [*(cell(row[path]) for path in paths), *(_on(results, row[level]) for level in ("p50", "p80")), share(row["reached"])]
        for row in here.sort_values("p50", kind="stable").head(MOST_ROWS).to_dict("records")
    ]
    more = f", the {MOST_ROWS} earliest of {len(here):,}" if len(here) > MOST_ROWS else ""
    listed = table(f"{focus} at every point{more}", (*(f">{path}" for path in paths), ">P50", ">P80", ">Reached"), rows)
    return Section(name, "Swept", (), charts, (listed,))


def _curve(results: Results, points: pd.DataFrame, path: str, focus: str, name: str) -> Chart:
    there = points[points["p80"].map(known)]
    values = there[path].tolist()
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": level.upper(),
            "x": [text(value) if isinstance(value, str) else value for value in values],
            "y": [f"{results.clock.on(day):%Y-%m-%d}" for day in there[level]],
            "line": {"color": f"@{colour}", "width": 2.4},
        }
        for level, colour in (("p50", "blue"), ("p80", "orange"))
    ]
    kind = {} if pd.api.types.is_numeric_dtype(there[path]) else {"type": "category"}
    layout = {
        "hovermode": "x unified",
        "xaxis": {"title": {"text": text(path, 60)}, **kind},
        "yaxis": {"type": "date", "automargin": True, "hoverformat": "%-d %b %Y"},
    }
    summary = f"{focus} against {path}, {len(there)} points."
    return Chart(f"{name}curve", f"{focus} against {path}", "Where a line ends, it is later.", summary, 340, traces, layout)


def _orders(results: Results, found: Findings, name: str) -> Section:
    """By when each order has to be placed."""
    about = found.about
    rows = [
        [
            f"{row['supply']} {row['order']}",
            cell(row["placed"]),
            Cell(cell(row["latest"]), mark="strong"),
            f"{shift(row['slack'])} d" if known(row["slack"]) else cell(row["slack"]),
            share(row["probability"]),
            str(row.get("note") or ""),
        ]
        for row in found.tables["orders"].to_dict("records")
    ]
    confidence = f" with {share(float(about['confidence']))}" if about.get("confidence") else ""
    said = f"So that {about.get('milestone', results.milestone)} is reached by {str(about.get('date', ''))[:10]}{confidence}."
    headings = ("Order", ">Placed", ">At the latest", ">Slack", ">Chance", "Note")
    return Section(name, "Orders", (said,), (), (table("By when to order", headings, rows),))


def _lost(results: Results, found: Findings, name: str) -> Section:
    """What being late costs, in units times days, and what is to blame."""
    unit, total = str(found.about.get("unit", "unit")), float(found.about.get("unit_days", 0))
    price = found.about.get("price")
    worth = f", worth {money(total * float(price), str(found.about.get('currency', '')))}" if price else ""
    rows = [
        [str(row["name"]), str(row["kind"]), f"{row['unit_days']:,.0f}", share(row["share"])]
        for row in found.tables["causes"].head(MOST_ROWS).to_dict("records")
    ]
    curves = found.tables["curves"]
    x = [f"{results.clock.on(day):%Y-%m-%d}" for day in curves["day"]]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": column,
            "x": x,
            "y": [value if known(value) else None for value in curves[column].tolist()],
            "line": {"color": f"@{colour}", "width": 2.4, "dash": dash, "shape": "hv"},
        }
        for column, colour, dash in (("target", "soft", "dot"), ("simulated", "blue", "solid"))
    ]
    layout = {
        "hovermode": "x unified",
        "xaxis": {"type": "date", "hoverformat": "%-d %b %Y"},
        "yaxis": {"title": {"text": text(unit)}, "tickformat": ",.0f", "rangemode": "tozero", "automargin": True},
    }
    chart = Chart(
        f"{name}curves", f"{unit}: wanted and there", "", f"{total:,.0f} {unit}-days are lost.", 340, traces, layout
    )
    said = f"{total:,.0f} {unit}-days are lost against the target{worth}."
    return Section(
        name, "What is lost", (said,), (chart,), (table("To blame", ("Cause", "Kind", f">{unit}-days", ">Share"), rows),)
    )
