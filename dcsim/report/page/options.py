"""What else was asked: values that were swept, orders to place."""

from collections.abc import Iterator

from dcsim.dates import parse_limit, spelled
from dcsim.document.report import Cell
from dcsim.report.page.parts import Line, Section, table
from dcsim.report.page.results import Results
from dcsim.report.page.words import cell, known, share, shift
from dcsim.study.result import Result

MOST_ROWS = 20


def sections(results: Results) -> Iterator[Section]:
    """A section for every question of the kind."""
    kinds = {
        "orders": _orders,
    }
    for kind, section in kinds.items():
        for number, found in enumerate(results.of(kind)):
            yield section(results, found, f"{kind}{number}")


def _orders(results: Results, found: Result, name: str) -> Section:
    """By when each order has to be placed."""
    about = found.about
    rows: list[Line] = [
        [
            f"{row['supply']} {row['order']}",
            cell(row["placed"]),
            Cell(cell(row["latest"]), emphasis="strong"),
            f"{shift(row['slack'])} d" if known(row["slack"]) else "",
            share(row["probability"], int(about.get("replications", 0))),
            cell(row["note"]),
        ]
        for row in found.tables["orders"].to_dict("records")
    ]
    confidence = f" with {share(float(about['confidence']))}" if about.get("confidence") else ""
    by = spelled(parse_limit(about["date"]))
    said = f"So that {about.get('milestone', results.milestone)} is reached by {by}{confidence}."
    headings = ("Order", ">Placed", ">At the latest", ">Slack", ">Chance", "Note")
    return Section(name, "Orders", (said,), (), (table("By when to order", headings, rows),))


def losses(results: Results) -> str:
    """What being late costs, in a sentence."""
    return " ".join(found.report().sections[0].sentences[0] for found in results.of("lost"))
