"""Why it takes so long: what the days are made of, which chain of events drove them, and what was waited for."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dcsim.analysis.waits import end_of, waits_by_cause
from dcsim.charts.plotly import NUMBERS, rows_height, text
from dcsim.dates import ended
from dcsim.document.causes import cause, spent_on, waited_for
from dcsim.document.words import counted
from dcsim.report.page.parts import Chart, rows_layout
from dcsim.report.page.results import Results
from dcsim.report.page.words import days, known, share
from dcsim.scenario.schema import Scenario
from dcsim.study.result import Result
from dcsim.trace import NOT

MOST_ROWS = 12


def kind_of(scenario: Scenario, cause: str) -> str:
    """Which kind of thing a cause of waiting is."""
    prefix, colon, _ = cause.partition(":")
    if colon and prefix in ("calendar", "risk"):
        return prefix
    return "supply" if cause in scenario.supplies else "resource"


def waits(results: Results) -> pd.DataFrame:
    """What was waited for, longest first: cause, kind, days, and where there are many builds days_p10, days_p90."""
    many, run = results.first("replications"), results.first("run")
    if many is not None:
        found = many.tables["waits"]
    elif run is not None:
        finish = run.tables["activities"]["finish"].fillna(NOT).to_numpy(np.int64)
        found = waits_by_cause(run.tables["shortages"], end_of(results.network, finish))
    else:
        return pd.DataFrame({"cause": [], "kind": [], "days": []})
    return found.assign(kind=[kind_of(results.scenario, cause) for cause in found["cause"]])


def wait_bars(results: Results) -> Iterator[Chart]:
    """A bar for everything that was waited for."""
    found = waits(results).head(MOST_ROWS)
    if found.empty:
        return
    many = "days_p10" in found
    rows = found.to_dict("records")
    names = [waited_for(row["cause"]) for row in rows]
    spans = [{"p10": row.get("days_p10"), "p90": row.get("days_p90")} for row in rows]
    told = [f"{name}: {days(row['days'])}{_between(span)}" for name, row, span in zip(names, rows, spans, strict=True)]
    yield Chart(
        "waits",
        "Waited for longest",
        "Days in which anything waited for it"
        + (", on average over the replications." if many else ".")
        + " Waiting is not delay: much of it can be harmless.",
        "; ".join(f"{name} {row['days']:,.0f} days" for name, row in zip(names, rows, strict=True)) + ".",
        rows_height(len(rows)),
        list(_bars([row["kind"] for row in rows], found["days"].tolist(), told)),
        rows_layout(names, xaxis=_day_axis("days")),
    )


def _between(row: dict[Any, Any]) -> str:
    """The middle 80 % of a number of days, where it is known."""
    return f" (middle 80 %: {days(row['p10'])} to {days(row['p90'])})" if known(row["p10"]) else ""


def _bars(kinds: Sequence[str], lengths: Sequence[float], told: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bars in their rows, in a colour for each kind that the legend can switch off."""
    for name, colour in dict.fromkeys((cause(kind).label, cause(kind).colour) for kind in kinds):
        rows = [row for row, kind in enumerate(kinds) if cause(kind).label == name]
        yield {
            "type": "bar",
            "orientation": "h",
            "name": text(name),
            "y": rows,
            "x": [round(lengths[row], 2) for row in rows],
            "width": 0.62,
            "text": [text(told[row]) for row in rows],
            "textposition": "none",
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {"color": f"@{colour}"},
        }


def _day_axis(title: str) -> dict[str, Any]:
    return {"title": {"text": title}, "rangemode": "tozero", "tickformat": NUMBERS}


def day_bars(results: Results) -> Iterator[Chart]:
    """What the days of a milestone are made of, for every explanation."""
    for number, found in enumerate(results.of("explanation")):
        parts = largest(found.tables["days"])
        if parts.empty:
            continue
        milestone = str(found.about.get("milestone", results.milestone))
        rows = parts.to_dict("records")
        told = [f"{days(row['mean'])} on average{_between(row)}" for row in rows]
        names = [spent_on(row["kind"], str(row["name"])) for row in rows]
        yield Chart(
            f"days{number}",
            f"What the days to {milestone} are made of",
            "Mean over the replications of what stood on the chain of events that drove the date; all parts together "
            "are its mean day.",
            "; ".join(f"{name} {row['mean']:,.0f} days" for name, row in zip(names, rows, strict=True)) + ".",
            rows_height(len(rows)),
            list(_bars([row["kind"] for row in rows], parts["mean"].tolist(), told)),
            rows_layout([row["name"] or name for name, row in zip(names, rows, strict=True)], xaxis=_day_axis("days")),
        )


def largest(parts: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """The largest parts of the days, the rest as one; what lies before day zero is less than nothing."""
    ordered = parts[parts["mean"] != 0].sort_values("mean", ascending=False, key=abs, kind="stable")
    rest = ordered.iloc[most:]
    if rest.empty:
        return ordered.reset_index(drop=True)
    others = {"kind": "other", "name": counted(len(rest), "smaller part"), "mean": rest["mean"].sum()}
    return pd.concat([ordered.head(most), pd.DataFrame([others])], ignore_index=True)


def chains(results: Results) -> Iterator[Chart]:
    """The chain of events that drove a milestone in one build, in order of time."""
    for number, found in enumerate(results.of("explanation")):
        told, segments = found.about["told"], found.tables["segments"]
        if not segments.empty:
            which = "Expected values" if told is None else f"Replication {told}"
            yield _chain(results, segments, str(found.about["milestone"]), which, f"chain{number}")


def _chain(results: Results, segments: pd.DataFrame, milestone: str, which: str, name: str) -> Chart:
    keys = list(zip(segments["kind"], segments["name"], strict=True))
    lengths = segments.groupby(["kind", "name"], sort=False)["days"].sum().nlargest(2 * MOST_ROWS)
    rows = {key: row for row, key in enumerate(key for key in dict.fromkeys(keys) if key in lengths.index)}
    traces: dict[str, dict[str, Any]] = {}
    for key, one in zip(keys, segments.to_dict("records"), strict=True):
        if key not in rows:
            continue
        title, _, colour = cause(one["kind"])
        trace = traces.setdefault(
            title,
            {"type": "bar", "orientation": "h", "name": text(title), "marker": {"color": f"@{colour}"}}
            | {"y": [], "base": [], "x": [], "text": [], "width": 0.62, "textposition": "none"}
            | {"hovertemplate": "%{text}<extra></extra>"},
        )
        begin, end = results.clock.at(one["begins"]), results.clock.at(one["ends"])
        trace["y"].append(rows[key])
        trace["base"].append(f"{begin:%Y-%m-%d %H:%M}")
        trace["x"].append((end - begin).total_seconds() * 1000)
        place = f" ({text(one['place'])})" if one.get("place") else ""
        trace["text"].append(
            f"{text(spent_on(*key))}{place}<br>{begin:%-d %b %Y} to {ended(begin, end):%-d %b %Y}: {one['days']:,.1f} d"
        )
    names = [spent_on(*key) for key in rows]
    return Chart(
        name,
        f"One build: the chain that drove {milestone}",
        f"{which}. Each bar waited for the one before it; nothing else moved the date.",
        "In order of time: " + "; ".join(names) + ".",
        rows_height(len(rows), 24),
        list(traces.values()),
        rows_layout(
            [key[1] or spent_on(*key) for key in rows],
            barmode="overlay",
            xaxis={"type": "date", "hoverformat": "%-d %b %Y"},
        ),
    )


def criticality(results: Results) -> Iterator[Chart]:
    """How often each thing was on the driving chain."""
    for number, found in enumerate(results.of("explanation")):
        top = often_critical(found, MOST_ROWS)
        if top.empty:
            continue
        rows = top.to_dict("records")
        told = [_often(row) for row in rows]
        kinds = ["work" if row["kind"] == "activity" else row["kind"] for row in rows]
        axis = {"tickformat": ".0%", "range": [0, 1.02], "title": {"text": "share of replications"}}
        yield Chart(
            f"criticality{number}",
            "How often it drove the date",
            "Share of replications in which it stood on the driving chain.",
            "; ".join(f"{row['name']} {told[k]}" for k, row in enumerate(rows)) + ".",
            rows_height(len(rows)),
            list(_bars(kinds, [row["index"] for row in rows], told)),
            rows_layout([row["name"] for row in rows], xaxis=axis),
        )


def often_critical(found: Result, most: int) -> pd.DataFrame:
    """What stood on the driving chain most often; nothing where the milestone was never reached."""
    told = found.tables["criticality"].dropna(subset=["index"])
    return told.sort_values("index", ascending=False, kind="stable").head(most)


def _often(row: dict[Any, Any]) -> str:
    between = f" ({share(row['low'])} to {share(row['high'])})" if known(row.get("low")) else ""
    return f"{share(row['index'])} of replications{between}"


def main_causes(results: Results, most: int = 3) -> str:
    """The main causes with their days, in a sentence; nothing where nothing tells."""
    found = results.first("explanation", results.milestone)
    if found is not None and (found.tables["days"]["mean"] > 0).any():
        parts = found.tables["days"].sort_values("mean", ascending=False, kind="stable").head(most)
        parts = parts[parts["mean"] > 0]
        told = [
            f"{row['name'] or spent_on(row['kind'], '')} ({cause(row['kind']).label}, {days(row['mean'])})"
            for row in parts.to_dict("records")
        ]
        return f"Most of the days go into {_joined(told)}."
    rows = waits(results).head(most).to_dict("records")
    told = [f"{waited_for(row['cause'])} ({days(row['days'])})" for row in rows]
    return f"It waited longest for {_joined(told)}; waiting is not always delay." if told else ""


def _joined(told: Sequence[str]) -> str:
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
