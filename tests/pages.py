"""Results of every kind about one small scenario, some of them written by hand, for tests of the page."""

from functools import cache
from math import isinf
from typing import Any

import pandas as pd
import yaml
from builders import TINY

import dcsim
from dcsim.scenario.load import changed
from dcsim.scenario.schema import Scenario
from dcsim.study.result import Result

EVIL = "</script><script>alert(1)</script>"
TAG, SCRIPT = "<img src=x onerror=alert(1)>", "<script>alert(1)"


@cache
def tiny() -> Scenario:
    """A small scenario with a factor, a link to a source, a source without one, and numbers without any."""
    told = yaml.safe_load(TINY.replace("initial: 300", "initial: {value: 700, source: S2, low: 600}"))
    told["factors"] = {"mood": {"value": {"value": {"pert": [0.8, 1, 1.6]}, "assumption": "crews are good or tired"}}}
    told["activities"]["install"]["varies_with"] = ["mood"]
    told["risks"]["storm"]["probability"] = {"value": 0.5, "source": "S1"}
    told["sources"] = {
        "S1": {"what": "a page", "url": "https://example.org/a?b=1&c=2", "as_of": "2024-05", "confidence": "low"},
        "S2": {"what": "a bad link", "url": "javascript:alert(1)", "confidence": "high"},
    }
    return dcsim.load(told)


@cache
def more() -> Scenario:
    """A variant of the small scenario."""
    return changed(tiny(), overrides={"resources.crane.count": 2})


@cache
def evil() -> Scenario:
    """The same with names that a page must not take for its own."""
    told = yaml.safe_load(TINY.replace("install", TAG).replace("half", SCRIPT).replace("power: {", "'{{ 7 - 7 }}': {"))
    told["name"], told["description"] = EVIL, f"{EVIL} and {TAG}"
    told["activities"]["power_on"]["consumes"] = {"{{ 7 - 7 }}": 96}
    told["milestones"][SCRIPT]["observed"]["meaning"] = EVIL
    told["sources"]["S1"] = {"what": EVIL, "url": 'https://example.org/"><script>alert(1)</script>', "confidence": TAG}
    told.pop("variants")
    return dcsim.load(told)


def run(scenario: Scenario) -> Result:
    return dcsim.simulate(scenario, expected=True)


def many(scenario: Scenario, n: int = 40) -> Result:
    return dcsim.replicate(scenario, n, engine="reference")


def found(kind: str, about: dict[str, Any], scenario: Scenario | None = None, **tables: list[dict[str, Any]]) -> Result:
    """A result of which all builds are finished."""
    lacks = ["scenario", "point", "measures", "milestone", "activity", "place", "waits_for", "kind", "unfinished"]
    frames = {"stuck": pd.DataFrame(columns=[*lacks, "builds", "mean", "least", "most"])}
    frames |= {name: pd.DataFrame(rows) for name, rows in tables.items()}
    return Result(kind, scenario or tiny(), about, frames)


def dates(**days: float) -> dict[str, Any]:
    """The dates of some days."""
    zero = pd.Timestamp(tiny().zero)
    return {f"{name}_date": pd.NaT if isinf(day) else zero + pd.Timedelta(days=day) for name, day in days.items()}


def explanation(scenario: Scenario | None = None) -> Result:
    """What the days to `half` are made of, and one chain."""
    start = pd.Timestamp(tiny().start)
    segments = [
        {"milestone": "half", "kind": "work", "name": "install", "activity": "install", "place": "hall1/rack1"}
        | {"begins": 0, "ends": 4320, "days": 3.0, "from": start, "to": start + pd.Timedelta(days=3)},
        {"milestone": "half", "kind": "resource", "name": "crew", "activity": "install", "place": "hall1/rack2"}
        | {"begins": 4320, "ends": 5760, "days": 1.0}
        | {"from": start + pd.Timedelta(days=3), "to": start + pd.Timedelta(days=4)},
    ]
    days = [
        {"kind": "work", "name": "install", "mean": 9.0, "p10": 7.0, "p90": 11.0, "index": 1.0},
        {"kind": "resource", "name": "crew", "mean": 4.0, "p10": 1.0, "p90": 8.0, "index": 0.9},
        {"kind": "risk", "name": "storm", "mean": 2.0, "p10": 0.0, "p90": 5.0, "index": 0.5},
        {"kind": "calendar", "name": "always", "mean": 1.0, "p10": 0.0, "p90": 2.0, "index": 0.2},
    ]
    criticality = [
        {"kind": "activity", "name": "install", "index": 1.0, "low": 0.9, "high": 1.0},
        {"kind": "resource", "name": "crew", "index": 0.9, "low": 0.8, "high": 0.95},
    ]
    about = {
        "milestone": "half",
        "replications": 40,
        "seed": 0,
        "p50": 14.0,
        "p80": 17.0,
        "expected_day": 13.0,
        "told": 7,
        **{name: date.isoformat() for name, date in dates(p50=14.0, p80=17.0, expected=13.0).items()},
    }
    tables = {"segments": segments, "days": days, "criticality": criticality}
    return found("explanation", about, scenario, **tables)


def comparison(scenario: Scenario | None = None) -> Result:
    """The base, a variant that is earlier, and one that never gets there."""
    scenarios = [
        {"scenario": name, "outcome": "half", "party": "", "p50": p50, "p80": p80, "mean": p50, "reached": reached}
        | dates(p50=p50, p80=p80)
        for name, p50, p80, reached in (
            ("base", 14.0, 17.0, 1.0),
            ("more", 10.0, 12.5, 1.0),
            ("none", *[float("inf")] * 2, 0.0),
        )
    ]
    differences = [
        {"scenario": "more", "outcome": "half", "party": "", "mean": -4.0, "low": -5.0, "high": -3.0, "median": -4.0}
        | {"better": 1.0, "same": 0.0, "worse": 0.0, "width_ratio": 0.4},
        {
            "scenario": "none",
            "outcome": "half",
            "party": "",
            "mean": float("nan"),
            "low": float("nan"),
            "high": float("nan"),
        }
        | {"median": float("inf"), "better": 0.0, "same": 0.0, "worse": 1.0, "width_ratio": float("nan")},
    ]
    causes = [
        {
            "scenario": "more",
            "outcome": "half",
            "party": "",
            "kind": kind,
            "name": name,
            "base": 9.0,
            "value": 9 + by,
            "change": by,
        }
        for kind, name, by in (("work", "install", -3.5), ("resource", "crew", -0.5))
    ]
    return found(
        "comparison",
        {"base": "base", "scenarios": ["base", "more", "none"], "milestones": ["half"], "paired": True}
        | {"seed": 0, "replications": 40}
        | {"fingerprints": {"base": tiny().document.sha256, "more": more().document.sha256}},
        scenario,
        scenarios=scenarios,
        differences=differences,
        causes=causes,
        outcomes=[],
    )


ENDS = ("", "_low", "_high")


def drivers() -> Result:
    others = (f"{name}{end}" for name in ("correlation", "first", "total", "information", "p80_better") for end in ENDS)
    ends = dict.fromkeys((*others, "swing_low", "swing_high"), 0.5)
    rows = [
        ends | {"input": name, "kind": kind, "at_low": low, "at_high": high, "swing": high - low}
        for name, kind, low, high in (
            ("mood", "factor", -3.0, 4.0),
            ("storm", "risk", -1.0, 2.5),
            ("everything else", "places", 0, 0),
        )
    ]
    rows[2] |= {"at_low": float("nan"), "at_high": float("nan"), "swing": float("nan")}
    about = {"milestone": "half", "seed": 0, "points": 64, "builds": 512, "reached": 1.0, "mean": 14.5, "sd": 2.5}
    return found("drivers", about | {"p80": 17.0, "alone": 0.9, "horizon": "2034-01-01T00:00:00"}, drivers=rows)


def others() -> list[Result]:
    """What else can be asked: sweeps, orders, losses, mitigations."""
    nan = float("nan")
    sweep = [
        {
            "point": k,
            "resources.crew.count": k + 1,
            "outcome": "half",
            "party": "",
            "p50": 14.0 - k,
            "p80": day,
            "reached": 1.0,
        }
        | {"mean": 14.0 - k}
        | dates(p50=14.0 - k, p80=day)
        for k, day in enumerate((17.0, 15.0, float("inf")))
    ]
    order = {"supply": "power", "placed": pd.NaT, "latest": pd.NaT, "latest_low": pd.NaT, "latest_high": pd.NaT}
    early = {"placed": pd.Timestamp("2024-01-05"), "latest": pd.Timestamp("2024-01-02")}
    orders = [
        order | early | {"order": "first", "slack": -3.0, "probability": 0.4, "note": "too late"},
        order | {"order": "second", "slack": nan, "probability": nan, "note": ""},
    ]
    curves = [{"day": k, "date": pd.Timestamp("2024-01-03"), "simulated": k, "target": 2 * k} for k in range(4)]
    causes = [{"kind": "resource", "name": "crew", "unit_days": 12.0, "share": 0.75, "price": 24e6}]
    options = [
        {"option": "storm", "kind": "mitigation", "cost": 1e6, "gain": 2.0, "low": 1.0, "high": 3.0}
        | {"per_million": 2.0, "per_million_low": 1.0, "per_million_high": 3.0, "reached": 1.0},
        {"option": "wait", "kind": "option", "cost": nan, "gain": 0.0, "low": 0.0, "high": 0.0}
        | {"per_million": nan, "per_million_low": nan, "per_million_high": nan, "reached": 1.0},
    ]
    sets = [{"rank": 1, "members": "storm", "cost": 1e6, "gain": 2.0, "low": 1.0, "high": 3.0, "reached": 1.0}]
    sets[0] |= {"p80_date": pd.Timestamp("2024-01-19"), "probability": 0.9}
    members = [{"option": "storm", "alone": 2.0, "marginal": 2.0, "interaction": 0.0}]
    priced = {
        "replications": 32,
        "unit": "rack",
        "unit_days": 16.0,
        "price": 32e6,
        "currency": "USD",
        "supply": "done",
        "against": "plan",
    }
    asked = {"milestone": "half", "seed": 0, "replications": 40}
    swept = {"over": ["resources.crew.count"], "values": [[1, 2, 3]], "samples": None, "seed": 0, "replications": 40}
    return [
        found("sweep", swept, points=sweep),
        found("orders", asked | {"date": "2024-01-20", "confidence": 0.8, "probability": 0.6}, orders=orders),
        found("delay_cost", priced, curves=curves, causes=causes),
        found(
            "mitigations",
            asked
            | {"budget": 2e6, "currency": "USD", "reached": 1.0, "search": "all 1 that the budget pays"}
            | {"p80_date": "2024-01-21T12:00:00", "probability": 0.6},
            options=options,
            sets=sets,
            members=members,
        ),
    ]


def everything() -> list[Result]:
    """A result of every kind."""
    return [run(tiny()), many(tiny()), explanation(), comparison(), drivers(), *others()]
