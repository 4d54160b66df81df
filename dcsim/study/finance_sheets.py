"""Sheets of a workbook about money: each statement of the expected build by party and month, and each loan."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dcsim.document.report import Column, Report, Section, Table
from dcsim.money.books import STATEMENTS
from dcsim.study.result import Result

RATIOS = ("rate", "forced_ltv", "ltv", "dscr", "llcr")
"""What is told of a loan beside amounts."""


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
    loans = [Section(str(name), tables=(_loan(part),)) for name, part in result.tables["loans"].groupby("loan")]
    if loans:
        yield Report("Loans by month", subject, loans)


def _by_month(first: str, months: Sequence[datetime], rows: list[list[Any]]) -> Table:
    return Table((Column(first), *(Column(f"{month:%Y-%m}", "money") for month in months)), rows)


def _statement(rows: pd.DataFrame) -> Table:
    lines = [[str(line), *part["amount"].tolist()] for line, part in rows.groupby("line", sort=False)]
    return _by_month("line", sorted(set(rows["month"])), lines)


def _loan(rows: pd.DataFrame) -> Table:
    amounts = [name for name in rows.columns[3:] if not name.startswith(RATIOS)]
    lines = [[name.replace("_", " "), *rows[name].tolist()] for name in (*amounts, *RATIOS)]
    return _by_month("", list(rows["month"]), lines)
