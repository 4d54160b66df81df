"""How printed reports are laid out: tables with few lines, and parts under a title."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dcsim.analysis.result import layers
from dcsim.scenario.schema import Scenario


def table_of(*headings: str) -> Table:
    """A table without lines but the one under its head; '>' before a heading aligns numbers to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        column(table, heading)
    return table


def column(table: Table, heading: str) -> None:
    """One more column."""
    if heading.startswith(">"):
        table.add_column(heading[1:], justify="right", no_wrap=True)
    else:
        table.add_column(heading, overflow="fold")


def headline(scenario: Scenario, *told: str) -> Text:
    """The scenario with what was laid over it, and what was asked of it."""
    return Text(" · ").join([Text(scenario.name, style="bold"), *map(Text, (*layers(scenario), *told))])


def below(title: str, *parts: RenderableType) -> RenderableType:
    """Parts under a title, with an empty line above."""
    shown: list[RenderableType] = [Text("")]
    shown += [Text(title, style="bold")] if title else []
    return Group(*shown, *(part for part in parts if part != ""))
