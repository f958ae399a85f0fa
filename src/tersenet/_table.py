"""A table: composed once for terminal, page and notebook.

In a terminal it fits: columns give way and are named below it; figures and headers are never cut. Pages write it as
HTML, Markdown and JSON (`tersenet.pages.writers`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from tersenet._readable import readable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.table import Table as RichTable
    from rich.text import Text

GAP = 2  # blanks between two columns
LONGEST_WORD = 24  # a longer word may be broken
SHORTEST = 12  # characters of a shortened text, where no other column can go
LONGEST_TITLE = 16  # of a column that can be shortened; a longer title is shortened with it
COLOURS = {"met": "green", "missed": "red", "open": "dim"}  # of a row with this verdict


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    A column with `least` may be shortened to that many characters: its `keeps` is what tells its texts apart, the end
    of a path, the start of a sentence. A column with `wraps` may be broken between words into lines of that many
    characters or more. Where the terminal is too narrow even so, columns go by `leaves`, the highest first; one of 0
    stays. `means` explains the column while it is shown; `total` is its last row, in bold. A `verdict` says met,
    missed or open.
    """

    title: str
    right: bool = True
    leaves: int = 0
    least: int | None = None
    keeps: Literal["start", "end"] = "end"
    wraps: int | None = None
    total: str = ""
    means: str = ""
    verdict: bool = False

    @property
    def words(self) -> str:
        """The title on one line."""
        return " ".join(self.title.split())


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under their columns: as wide as the console that prints it, or a block of a page.

    `styles` has a rich style for each row, or none; a row with a verdict has its colour. Without `header` a terminal
    does not show the titles; on a page a `folded` table opens on a click. Below it a terminal has the meaning of the
    columns and the names of those left out. A table whose last columns do not fit either is wider than the console,
    never cut.

    >>> from rich.console import Console
    >>> columns = (Column(title="run", right=False, least=9), Column(title="test %"), Column(title="s", leaves=1))
    >>> Console(width=17).print(Table(columns=columns, rows=[["a-long-name-1", "99.41", "12"]]))
    run        test %
    …g-name-1   99.41
    Not shown at
    width 17: s. A
    wider terminal or
    --json has it.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Text]]
    styles: Sequence[str] = ()
    header: bool = True
    folded: str | None = None

    @property
    def has_totals(self) -> bool:
        """Whether a row of totals stands below the others."""
        return any(column.total for column in self.columns)

    def texts(self) -> list[list[str]]:
        """The cells of each row, as text."""
        return [[_text(cell) for cell in row] for row in self.rows]

    def __rich__(self) -> RenderableType:
        return _Fitted(self)


class _Fitted:
    """A table as a terminal shows it."""

    def __init__(self, table: Table) -> None:
        self.columns = tuple(replace(column, title=readable(column.title)) for column in table.columns)
        self.rows = [[_on_one_line(cell) for cell in row] for row in table.rows]
        self.styles = table.styles or [_colour(table.columns, row) for row in self.rows]
        self.header = table.header
        self.has_totals = table.has_totals

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType | Segment]:
        """The table, then what its columns mean, then which of them are left out."""
        from rich.text import Text

        widths = self._fit(options.max_width)
        needed = sum(widths.values()) + GAP * (len(widths) - 1)
        yield from console.render(self._table(widths), options.update(width=max(options.max_width, needed)))
        if means := " ".join(self.columns[place].means for place in widths if self.columns[place].means):
            yield Text(means)
        left_out = [column.words for i, column in enumerate(self.columns) if i not in widths]
        if left_out:
            them = "them" if len(left_out) > 1 else "it"
            said = f"Not shown at width {options.max_width}: {', '.join(left_out)}."
            yield Text(f"{said} A wider terminal or --json has {them}.")

    def _fit(self, width: int) -> dict[int, int]:
        """The columns that are shown, by number, with their widths."""
        columns, left = self.columns, list(range(len(self.columns)))
        texts = [[_text(row[i]) for row in self.rows] for i in left]
        titles = [max(map(_width, column.title.split("\n"))) if self.header else 0 for column in columns]
        widths = [max(titles[i], _width(columns[i].total), *map(_width, texts[i])) for i in left]
        titles = [min(titles[i], LONGEST_TITLE) if columns[i].least else titles[i] for i in left]
        least = [
            max(titles[i], min(widths[i], _least(columns[i], texts[i]) or widths[i])) for i in range(len(columns))
        ]

        def excess(wanted: Sequence[int]) -> int:
            return sum(wanted[i] for i in left) + GAP * (len(left) - 1) - width

        while excess(least) > 0 and columns[going := max(left, key=lambda i: columns[i].leaves)].leaves:
            left.remove(going)
        if excess(least) > 0:
            least = [
                max(titles[i], min(least[i], SHORTEST)) if columns[i].least else least[i] for i in range(len(columns))
            ]
        for i in sorted(left, key=lambda i: least[i] - widths[i]):
            widths[i] = max(least[i], widths[i] - max(0, excess(widths)))
        return {i: widths[i] for i in left}

    def _table(self, widths: dict[int, int]) -> RichTable:
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(box=None, pad_edge=False, header_style="bold", footer_style="bold")
        table.padding, table.collapse_padding = (0, GAP, 0, 0), True
        table.show_header, table.show_footer = self.header, self.has_totals
        for i, width in widths.items():
            column = self.columns[i]
            table.add_column(
                _shortened(column.title, width, column.keeps) if column.least else column.title,
                column.total,
                justify="right" if column.right else "left",
                no_wrap=column.wraps is None,
                overflow="fold",
                min_width=width,
                max_width=width,
                vertical="top",
            )
        for row, style in zip(self.rows, self.styles, strict=True):
            cells = []
            for i, width in widths.items():
                cell, column = row[i], self.columns[i]
                text = _text(cell) if column.wraps is not None else _shortened(_text(cell), width, column.keeps)
                cells.append(Text(text, style="" if isinstance(cell, str) else cell.style))
            table.add_row(*cells, style=style)
        return table


def _least(column: Column, texts: Sequence[str]) -> int | None:
    """How narrow the texts of a column may be made; none where they stay as they are."""
    if column.wraps is None:
        return column.least
    words = [_width(word) for text in texts for word in text.split()]
    return max(column.wraps, min(max(words, default=0), LONGEST_WORD))


def _colour(columns: Sequence[Column], row: Sequence[str | Text]) -> str:
    verdicts = [_text(cell) for column, cell in zip(columns, row, strict=True) if column.verdict]
    return COLOURS.get(verdicts[0], "") if verdicts else ""


def _on_one_line(cell: str | Text) -> str | Text:
    from rich.text import Text

    if isinstance(cell, str):
        return readable(cell).replace("\n", "\\n").replace("\t", "\\t")
    return Text(_text(_on_one_line(cell.plain)), style=cell.style)


def _text(cell: str | Text) -> str:
    return cell if isinstance(cell, str) else cell.plain


def _width(text: str) -> int:
    """Columns that a text takes: a Chinese character takes two."""
    from rich.cells import cell_len

    return cell_len(text)


def _shortened(text: str, width: int, keeps: Literal["start", "end"]) -> str:
    """A text in at most `width` columns.

    >>> _shortened("a-long-name-1", 9, "end"), _shortened("8C3 BN R GAP", 9, "start"), _shortened("猫猫猫", 5, "end")
    ('…g-name-1', '8C3 BN R…', '…猫猫')
    """
    if _width(text) <= width:
        return text
    letters = text if keeps == "start" else text[::-1]
    taken = sum(so_far < width for so_far in accumulate(map(_width, letters)))
    return f"{text[:taken]}…" if keeps == "start" else f"…{text[len(text) - taken :]}"
