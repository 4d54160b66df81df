"""Tables of money: figures, events, statements, sources and uses, and the outcome of each replication."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dcsim.analysis.frames import moments, typed
from dcsim.money.books import STATEMENTS
from dcsim.money.figures import COVER, EVENTS, MONEY, RATIOS, sources_and_uses
from dcsim.money.months import Floats
from dcsim.study.finance_debt import fan, levels

if TYPE_CHECKING:
    from dcsim.study.finance import Money, Valued

FIGURES = "party figure kind expected:number mean:number p10:number p50:number p90:number there:number note"
SOURCES = "party side line amount:number"


def _all(parts: "Sequence[Valued]", party: str, name: str) -> Floats:
    return np.concatenate([part.figures[party].values[name] for part in parts])


def figures_table(money: "Money", centre: "Valued", parts: "Sequence[Valued]") -> pd.DataFrame:
    """One row per party (or loan) and figure: party, figure, kind (money or ratio), expected, mean, p10, p50, p90,
    there (in which share of the replications it exists), note (why the expected build has none)."""
    rows = []
    for party, figures in centre.figures.items():
        for name in (name for name in (*MONEY, *RATIOS, *COVER) if name in figures.values):
            values = _all(parts, party, name)
            here = values[~np.isnan(values)]
            finite = here[np.isfinite(here)]
            mean = float(finite.mean()) if len(finite) == len(here) and len(here) else np.nan
            note = figures.words.get(name, [""])[0]
            kind = "money" if name in MONEY else "share" if name in RATIOS else "ratio"
            share_there = len(here) / len(values)
            rows.append((party, name, kind, float(figures.values[name][0]), mean, *levels(here), share_there, note))
    return typed(rows, FIGURES)


def events_table(money: "Money", centre: "Valued", parts: "Sequence[Valued]") -> pd.DataFrame:
    """One row per party (or loan) and event, dated by the end of its month: party, event, expected, p10, p50, p90
    (empty for never), happens (in which share of the replications)."""
    names = [(party, name) for party, figures in centre.figures.items() for name in EVENTS if name in figures.values]
    values = [_all(parts, *name) for name in names]
    numbers = np.array([levels(value) for value in values]).T
    centres = np.array([centre.figures[party].values[name][0] for party, name in names])
    return pd.DataFrame(names, columns=["party", "event"]).assign(
        expected=money.dates(centres),
        p10=money.dates(numbers[0]),
        p50=money.dates(numbers[1]),
        p90=money.dates(numbers[2]),
        happens=[float(np.isfinite(value).mean()) for value in values],
    )


def monthly_table(money: "Money", centre: "Valued", parts: "Sequence[Valued]") -> pd.DataFrame:
    """One row per party and month, quantiles of the first 4,096 replications: party, month (its last day), cash
    (expected), cash_p10, cash_p50, cash_p90, dscr (expected), dscr_p10, dscr_p50, dscr_p90."""
    frames = []
    for party in centre.books.parties:
        figures = centre.figures[party]
        cash = np.concatenate([part.cash[party] for part in parts]) / 100
        low, middle, high = np.quantile(cash, (0.1, 0.5, 0.9), axis=0, method="inverted_cdf")
        columns = {"cash_p10": low, "cash_p50": middle, "cash_p90": high}
        columns |= fan("dscr", figures, [part.figures[party] for part in parts])
        ends = moments(list(money.months.ends))
        frame = pd.DataFrame({"party": party, "month": ends, "cash": centre.cash[party][0] / 100, **columns})
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def statements_table(money: "Money", centre: "Valued") -> pd.DataFrame:
    """The expected build, one row per party, statement, line and month: party, statement, line, month, amount."""
    frames = []
    for name, party in centre.books.parties.items():
        for statement in STATEMENTS:
            for line, amounts in party.statement(statement).items():
                head = {"party": name, "statement": statement, "line": line}
                month = moments(list(money.months.ends))
                frames.append(pd.DataFrame({**head, "month": month, "amount": amounts[0] / 100}))
    return pd.concat(frames, ignore_index=True)


def sources_table(centre: "Valued") -> pd.DataFrame:
    """Sources and uses of all money of the expected build: party, side, line, amount."""
    rows = []
    for name, party in centre.books.parties.items():
        for side, lines in zip(("source", "use"), sources_and_uses(party), strict=True):
            rows += [(name, side, line, float(amount[0]) / 100) for line, amount in lines.items()]
    return typed(rows, SOURCES)


def outcomes_table(money: "Money", parts: "Sequence[Valued]", numbers: Sequence[int]) -> pd.DataFrame:
    """One row per party (or loan) and replication: all figures, and the end of the month of each event."""
    frames = []
    for party, figures in parts[0].figures.items():
        columns = {name: _all(parts, party, name) for name in figures.values if name not in EVENTS}
        events = {name: money.dates(_all(parts, party, name)) for name in EVENTS if name in figures.values}
        frames.append(pd.DataFrame({"party": party, "replication": numbers, **columns, **events}))
    return pd.concat(frames, ignore_index=True)
