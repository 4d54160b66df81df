"""What waiting costs, as it is printed."""

from rich.console import Group
from rich.text import Text

from dcsim.document.causes import CAUSES, spent_on
from dcsim.document.words import counted
from dcsim.report.layout import below, headline, table_of
from dcsim.study.lost import Lost

MOST_CAUSES = 15
"""Causes that are printed."""


def lost_report(result: Lost) -> Group:
    """Everything that `dcsim lost` tells."""
    about = result.findings.about
    unit = about["unit"] or "unit"
    chance = "expected values" if result.seed is None else f"{counted(result.n, 'replication')}, seed {result.seed}"
    against = "against a build in which nothing waits" if result.plan is None else "against the plan"
    title = headline(result.scenario, result.supply, chance, against)
    told = f"{result.unit_days:,.0f} {unit}-days lost {against}"
    if result.price is not None:
        told += f", worth {_money(about['price'], about['currency'])}"
    headings = ["lost to", f">{unit}-days", ">share"] + ([f">{about['currency']}"] if result.price is not None else [])
    table = table_of(*headings)
    for row in result.causes.head(MOST_CAUSES).to_dict("records"):
        what = spent_on(row["kind"], row["name"]) if row["kind"] in CAUSES else "not there at the horizon"
        cells = [what, f"{row['unit_days']:,.0f}", f"{row['share']:.1%}"]
        cells += [_money(row["price"])] if result.price is not None else []
        table.add_row(*map(Text, cells))
    more = len(result.causes) - MOST_CAUSES
    told_more = f"and {counted(more, 'more cause')}" if more > 0 else ""
    note = Text("Each unit's loss is shared among all that its driving chain waited for.", style="dim")
    return Group(title, Text(told), below("", table, told_more, note))


def _money(amount: float, currency: str = "") -> str:
    """A sum in millions where it is large."""
    told = f"{amount / 1e6:,.1f}M" if abs(amount) >= 1e6 else f"{amount:,.0f}"
    return f"{told} {currency}".rstrip()
