"""How a result looks in a notebook: a title and its main table; every name in it is text."""

from html import escape
from typing import Any

import pandas as pd

MOST_ROWS = 30


def as_html(title: str, table: pd.DataFrame, note: str = "") -> str:
    """A title, a note and a table as HTML; dates without hours, numbers short, 'later' beyond the horizon."""
    shown = table.head(MOST_ROWS)
    cells = pd.DataFrame({name: [_cell(value) for value in shown[name]] for name in shown.columns})
    parts = [f"<b>{escape(title)}</b>"]
    parts += [f"<p>{escape(note)}</p>"] if note else []
    parts.append(cells.to_html(index=False, border=0, escape=True))
    more = len(table) - len(shown)
    parts += [f"<p>and {more:,} more rows</p>"] if more else []
    return f"<div>{''.join(parts)}</div>"


def _cell(value: Any) -> str:
    if isinstance(value, str | list | dict | tuple):
        return str(value)
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, float):
        return "never" if value == float("inf") else f"{value:,.1f}" if abs(value) >= 1 or not value else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
