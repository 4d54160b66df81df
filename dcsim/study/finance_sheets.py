"""Sheets of a workbook about money: each statement of the expected build by party and month, and each loan."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dcsim.document.report import Cell, Column, ColumnKind, Report, Section, Table
from dcsim.money.books import ASSETS, CLAIMS, STATEMENTS, signed
from dcsim.study.result import Result

SHARES = {"rate": "rate", "forced_ltv": "LTV at forced-sale value", "ltv": "LTV"}
RATIOS = {"dscr": "DSCR", "llcr": "LLCR, cash as it came"}
"""What is told of a loan beside amounts: in per cent, and in times."""
OWED = {"drawn": "+", "added": "+", "unpaid": "+", "repaid": "-", "forgiven": "-"}
"""What changes the balance of a loan."""
SIGNS = ("Costs, payments and losses are below zero. Totals are formulas.",)


def sheets(result: Result) -> Iterator[Report]:
    """One for each statement and one for all loans, months from left to right."""
    subject = (*result.subject(), str(result.about["currency"]), "expected build")
    rows = result.tables["statements"]
    for statement in STATEMENTS:
        here = rows[rows["statement"] == statement]
        sections = [
            Section(str(party), tables=(_statement(statement, part),), notes=SIGNS)
            for party, part in here.groupby("party", sort=False)
        ]
        yield Report(statement.capitalize(), subject, sections)
    loans = [Section(str(name), tables=_loan(part)) for name, part in result.tables["loans"].groupby("loan")]
    if loans:
        yield Report("Loans by month", subject, loans)


def _by_month(first: str, months: Sequence[datetime], rows: list[list[Any]], kind: ColumnKind = "money") -> Table:
    return Table((Column(first), *(Column(f"{month:%Y-%m}", kind) for month in months)), rows)


def _statement(name: str, rows: pd.DataFrame) -> Table:
    lines = {
        str(line): [signed(str(line), amount) for amount in part["amount"]]
        for line, part in rows.groupby("line", sort=False)
    }
    cells: list[list[Any]] = []
    if name == "balance sheet":
        sums = []
        for total, parts in (("total assets", ASSETS), ("total liabilities and equity", CLAIMS)):
            cells += [[line, *lines[line]] for line in parts]
            sums.append([round(sum(amounts), 2) for amounts in zip(*(lines[line] for line in parts), strict=True)])
            cells.append(_total(total, sums[-1], f"SUM(R[{-len(parts)}]C:R[-1]C)"))
        apart = [round(owned - claimed, 2) for owned, claimed in zip(*sums, strict=True)]
        cells.append(_total("difference", apart, f"ROUND(R[{-len(CLAIMS) - 2}]C-R[-1]C,2)"))
    else:
        total = "net cash flow" if "cash" in lines else "net income"
        for line, amounts in lines.items():
            if line == total:
                cells.append(_total(line, amounts, f"SUM(R[{-len(cells)}]C:R[-1]C)"))
            elif line == "cash":
                cells.append(_total(line, amounts, "RC[-1]+R[-1]C", "R[-1]C"))
            else:
                cells.append([line, *amounts])
    return _by_month("line", sorted(set(rows["month"])), cells)


def _total(line: str, amounts: Sequence[float], formula: str, first: str = "") -> list[Any]:
    """A line that adds up others; in its first month perhaps in another way."""
    formulas = [first or formula, *[formula] * (len(amounts) - 1)]
    cells = [Cell(amount, emphasis="strong", formula=how) for amount, how in zip(amounts, formulas, strict=True)]
    return [Cell(line, emphasis="strong"), *cells]


def _loan(rows: pd.DataFrame) -> list[Table]:
    """A table of each kind of number."""
    amounts = [name for name in rows.columns[3:] if not name.startswith((*SHARES, *RATIOS))]
    months, table = list(rows["month"]), []
    for number, name in enumerate(amounts):
        label = name.replace("_", " ")
        if name == "balance":
            change = "".join(f"{sign}R[{amounts.index(part) - number}]C" for part, sign in OWED.items()).removeprefix(
                "+"
            )
            table.append(_total(label, rows[name].tolist(), f"RC[-1]+{change}", change))
        else:
            table.append([label, *rows[name].tolist()])
    ratios: tuple[tuple[str, ColumnKind, dict[str, str]], ...] = (
        ("share", "share", SHARES),
        ("ratio", "ratio", RATIOS),
    )
    return [
        _by_month("amount", months, table),
        *(
            _by_month(title, months, [[label, *rows[name].tolist()] for name, label in names.items()], kind)
            for title, kind, names in ratios
        ),
    ]
