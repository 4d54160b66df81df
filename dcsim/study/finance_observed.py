"""Simulated figures of money beside those that were reported in the world, and owning beside renting."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dcsim.analysis.frames import typed
from dcsim.document.report import Cell, Column, ColumnKind, Table
from dcsim.money.months import expected
from dcsim.money.rented import OWN_OR_RENT
from dcsim.scenario.prices import MONTH
from dcsim.study.finance_debt import levels

if TYPE_CHECKING:
    from dcsim.study.finance import Money, Valued

OBSERVED = (
    "observed party figure period basis unit reported:number expected:number p10:number p50:number p90:number"
    " difference:number meaning"
)
YEAR = "year"
"""The unit of a figure that is the year of an event."""


def observed(money: "Money", centre: "Valued", parts: "Sequence[Valued]") -> pd.DataFrame:
    """One row per reported figure: observed (its name), party, figure, period, basis, unit, reported, and the simulated
    one: expected, p10, p50, p90 (infinite for never), difference (of expected and reported), meaning."""
    rows = []
    for name, figure in money.finance.observed.items():
        values = np.concatenate([part.observed[name] for part in parts])
        middle = float(centre.observed[name][0])
        if figure.amount is None:
            unit, reported = YEAR, float(figure.when[:4])
        else:
            unit = f"{money.finance.currency} / month" if figure.amount.per == MONTH else money.finance.currency
            reported = float(expected(figure.amount.steps[0][1], name)[0])
        party = money.finance.party(figure.by)
        head = (name, party, figure.figure, figure.when, figure.basis, unit)
        rows.append((*head, reported, middle, *levels(values), middle - reported, figure.meaning))
    return typed(rows, OBSERVED)


def named(row: Mapping[Hashable, Any]) -> str:
    """A reported figure in words: whose, of when."""
    per = " a month" if "/" in row["unit"] else ""
    return f"{row['figure'].replace('_', ' ')} of {row['party']}{per}, {row['period']}"


def outside(rows: pd.DataFrame) -> str:
    """Which reported figures lie outside of what is simulated."""
    apart = rows[(rows["reported"] < rows["p10"]) | (rows["reported"] > rows["p90"])]
    names = "; ".join(named(row) for row in apart.to_dict("records"))
    return f"Reported, but outside P10 to P90 of the replications: {names or 'nothing'}."


def observed_table(rows: pd.DataFrame) -> Table:
    """Reported figures beside the simulated ones, as people read them."""
    lines = []
    for row in rows.to_dict("records"):
        unit = str(row["unit"])
        kind: ColumnKind = "year" if unit == YEAR else "money"
        cells = [Cell(float(row[key]), kind=kind) for key in ("reported", "expected", "p10", "p90")]
        lines.append([named(row), *cells, _change(float(row["difference"]), unit), row["basis"]])
    columns = (Column(title, "money") for title in ("reported", "expected", "P10", "P90"))
    difference = Column("difference", "money", signed=True)
    return Table((Column("figure"), *columns, difference, Column("simulated is")), lines)


def _change(value: float, unit: str) -> float | str:
    if unit == YEAR:
        return f"{value:+.0f} year{'s' * (abs(value) != 1)}" if np.isfinite(value) else ""
    return value


RENTED = "demand figure expected:number mean:number p10:number p50:number p90:number"


def rented_table(centre: "Valued", parts: "Sequence[Valued]") -> pd.DataFrame:
    """One row per demand and figure of owning against renting: demand, figure, expected, mean, p10, p50, p90."""
    rows = []
    for demand, figures in centre.rented.items():
        for name, values in figures.items():
            all_ = np.concatenate([part.rented[demand][name] for part in parts])
            here = all_[~np.isnan(all_)]
            mean = float(here.mean()) if len(here) else np.nan
            rows.append((demand, name, float(values[0]), mean, *levels(here)))
    return typed(rows, RENTED)


def own_or_rent_table(rows: pd.DataFrame) -> Table:
    """Owning beside renting, as people read it."""
    kinds: dict[str, ColumnKind] = {"utilisation": "share", "right": "share", "price": "ratio"}
    lines = []
    for row in rows.to_dict("records"):
        figure = row["figure"]
        keys = ("expected", "mean") if figure == "right" else ("expected", "mean", "p10", "p50", "p90")
        cells = [Cell(row[key], kind=kinds.get(figure, "money")) for key in keys]
        lines.append([f"{row['demand']}: {OWN_OR_RENT[figure]}", *cells, *[""] * (5 - len(cells))])
    titles = ("expected", "mean", "P10", "P50", "P90")
    return Table((Column("figure"), *(Column(title, "money") for title in titles)), lines)
