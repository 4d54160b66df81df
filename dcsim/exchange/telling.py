"""What a schedule taken over has to say: what came over, what did not, and where dates differ."""

from typing import TYPE_CHECKING

from dcsim.document.report import Column, Report, Section, Table
from dcsim.document.words import counted

if TYPE_CHECKING:
    import pandas as pd

    from dcsim.exchange import Imported

MOST = 40
"""Rows of a table that are shown."""
_HEADINGS = {
    **{"where": "of", "file_start": "in the file", "early_start": "early start", "simulated_start": "expected start"},
    **dict.fromkeys(("file_off", "simulated_off"), "days later"),
    **dict.fromkeys(("file_cause", "simulated_cause"), "cause"),
}


def report(imported: "Imported") -> Report:
    """The report of a schedule that was taken over."""
    table = imported.activities
    own = table[table["file_start"].notna() | table["file_finish"].notna()]
    differs, moved = own[own["file_off"] != 0], table[table["simulated_off"] != 0]
    critical = int(table["critical"].sum())
    sentences = [
        f"{counted(len(table), 'activity')}, {critical:,} of them critical if resources are unlimited",
        f"early dates are those of the file in {len(own) - len(differs):,} of {len(own):,} activities that have them"
        if len(own)
        else "the file has no early dates of its own",
        f"the expected case starts and finishes on the early dates in {len(table) - len(moved):,} of {len(table):,}",
    ]
    return Report.of(
        "Import",
        (imported.scenario.name, f"imported from {imported.source}"),
        (
            Section("", sentences),
            _section("imported with changes", imported.losses, "where", "what", "instead"),
            _section("early dates that differ from the file", differs, "id", "file_start", "early_start", "file_off",
                     "file_cause"),
            _section("expected dates that differ from the early dates", moved, "id", "early_start", "simulated_start",
                     "simulated_off", "simulated_cause"),
        ),
    )  # fmt: skip


def _section(title: str, rows: "pd.DataFrame", *names: str) -> Section:
    columns = [
        Column(_HEADINGS.get(column, column), "change" if column.endswith("off") else "text") for column in names
    ]
    cells = [[_cell(row[column]) for column in names] for row in rows.head(MOST).to_dict("records")]
    notes = [f"and {len(rows) - MOST:,} more: --json prints all"] if len(rows) > MOST else []
    return Section(title if cells else "", tables=[Table(columns, cells)] if cells else [], notes=notes)


def _cell(value: object) -> object:
    """Moments to the minute."""
    import pandas as pd

    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, pd.Timestamp) else "" if value is pd.NaT else value
