"""Small tables as notebooks show them: plain HTML that takes the notebook's own colours, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tersenet._look import printable
from tersenet._table import Table

MOST_ROWS = 60
_LINE = "border: 0; border-bottom: 1px solid #8886"
_CELL = f"padding: 2px 14px 2px 0; background: none; color: inherit; {_LINE}"


def small_table(table: Table | None = None, *, title: str = "", note: str = "") -> str:
    """A table with a title above and a note below, or these alone.

    Of more than 60 rows the first ones are shown, and how many there are.

    >>> "<b>A &amp; B</b>" in small_table(title="A & B")
    True
    """
    columns, rows = ((), []) if table is None else (table.columns, table.texts())
    sides = ["right" if column.right else "left" for column in columns]
    cells = [_row("th", [column.words for column in columns], sides, "font-weight: 600; opacity: .75; ")]
    cells += [_row("td", row, sides, "") for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        note = f"The first {MOST_ROWS} of {len(rows)} rows. {note}".strip()
    above = f"<div><b>{_text(title)}</b></div>" if title else ""
    below = f'<div style="opacity: .75">{_text(note)}</div>' if note else ""
    style = "border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 4px 0"
    shown = f'<table style="{style}">{"".join(cells)}</table>' if rows else ""
    return f'<div style="color: inherit">{above}{shown}{below}</div>'


def _row(kind: str, cells: Sequence[str], sides: Sequence[str], more: str) -> str:
    inside = "".join(
        f'<{kind} style="text-align: {side}; {more}{_CELL}">{_text(cell)}</{kind}>'
        for cell, side in zip(cells, sides, strict=True)
    )
    return f'<tr style="background: none">{inside}</tr>'


def _text(text: str) -> str:
    return escape(printable(text))
