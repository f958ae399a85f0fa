"""A table that fits the terminal: columns give way, figures and headers are never cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tersenet.cli.streams import readable

GAP = 2  # blanks between two columns


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    A column with `least` may be shortened to that many characters: to the end of its texts, which is what tells two
    paths apart. Where the terminal is too narrow even so, columns go by `leaves`, the highest first; one of 0 stays.
    """

    title: str
    right: bool = True
    leaves: int = 0
    least: int | None = None


def fitted_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Any:
    """A rich table of `rows` that is at most `width` columns wide.

    >>> columns = (Column(title="run", right=False, least=9), Column(title="test %"), Column(title="s", leaves=1))
    >>> table = fitted_table(columns, [["a-long-name-1", "99.41", "12"]], width=17)
    >>> [column.header for column in table.columns], [str(cell) for cell in table.columns[0].cells]
    (['run', 'test %'], ['…g-name-1'])
    """
    from rich.table import Table
    from rich.text import Text

    rows = [[readable(cell) for cell in row] for row in rows]
    left = list(range(len(columns)))
    widths = [max(len(column.title), *(len(row[i]) for row in rows)) for i, column in enumerate(columns)]
    least = [min(widths[i], column.least or widths[i]) for i, column in enumerate(columns)]

    def excess(wanted: Sequence[int]) -> int:
        return sum(wanted[i] for i in left) + GAP * (len(left) - 1) - width

    while excess(least) > 0 and (going := max(left, key=lambda i: columns[i].leaves)) and columns[going].leaves:
        left.remove(going)
    for i in sorted(left, key=lambda i: least[i] - widths[i]):
        widths[i] = max(least[i], widths[i] - max(0, excess(widths)))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0), collapse_padding=True)
    for i in left:
        justify = "right" if columns[i].right else "left"
        table.add_column(columns[i].title, justify=justify, no_wrap=True, min_width=widths[i])  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(_end_of(row[i], widths[i])) for i in left))
    return table


def _end_of(text: str, width: int) -> str:
    return text if len(text) <= width else "…" + text[len(text) - width + 1 :]
