"""Sheets of a workbook about money: each statement of the expected build by party and month, and each loan."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dcsim.document.report import Column, ColumnKind, Report, Section, Table
from dcsim.money.books import STATEMENTS
from dcsim.study.result import Result

SHARES, RATIOS = ("rate", "forced_ltv", "ltv"), ("dscr", "llcr")
"""What is told of a loan beside amounts: in per cent, and in times."""


def sheets(result: Result) -> Iterator[Report]:
    """One for each statement and one for all loans, months from left to right."""
    subject = (*result.subject(), str(result.about["currency"]), "expected build")
    rows = result.tables["statements"]
    for statement in STATEMENTS:
        here = rows[rows["statement"] == statement]
        sections = [
            Section(str(party), tables=(_statement(part),)) for party, part in here.groupby("party", sort=False)
        ]
        yield Report(statement.capitalize(), subject, sections)
    loans = [Section(str(name), tables=_loan(part)) for name, part in result.tables["loans"].groupby("loan")]
    if loans:
        yield Report("Loans by month", subject, loans)


def _by_month(first: str, months: Sequence[datetime], rows: list[list[Any]], kind: ColumnKind = "money") -> Table:
    return Table((Column(first), *(Column(f"{month:%Y-%m}", kind) for month in months)), rows)


def _statement(rows: pd.DataFrame) -> Table:
    lines = [[str(line), *part["amount"].tolist()] for line, part in rows.groupby("line", sort=False)]
    return _by_month("line", sorted(set(rows["month"])), lines)


def _loan(rows: pd.DataFrame) -> list[Table]:
    """A table of each kind of number."""
    amounts = tuple(name for name in rows.columns[3:] if not name.startswith((*SHARES, *RATIOS)))
    kinds: dict[str, tuple[ColumnKind, tuple[str, ...]]] = {
        "amount": ("money", amounts),
        "share": ("share", SHARES),
        "ratio": ("number", RATIOS),
    }
    tables = []
    for title, (kind, names) in kinds.items():
        lines = [[name.replace("_", " "), *rows[name].tolist()] for name in names]
        tables.append(_by_month(title, list(rows["month"]), lines, kind))
    return tables
