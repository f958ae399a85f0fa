"""Blocks as a terminal shows them: rich renderables, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tersenet._look import printable
from tersenet._table import Column, Table
from tersenet.pages.blocks import Block, Code, Heading, Items, Notice, PageFigure, Paragraph, Tiles, Title

if TYPE_CHECKING:
    from rich.console import RenderableType

NOTICES = {"missed": "bold red", "warning": "yellow", "met": "green"}


def to_terminal(blocks: Sequence[Block]) -> list[RenderableType]:
    """What a console prints for the blocks, an empty line between two of them; figures are named, not drawn.

    >>> from rich.console import Console
    >>> for part in to_terminal([Heading("Result"), Paragraph("No budget was given.")]):
    ...     Console(width=40).print(part)
    Result
    <BLANKLINE>
    No budget was given.
    """
    parts: list[RenderableType] = []
    for block in blocks:
        if parts:
            parts.append("")
        parts.extend(_block(block))
    return parts


def _block(block: Block) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    match block:
        case Notice():
            yield Text(printable(block.text), style=NOTICES[block.kind])
        case Title(text) | Heading(text):
            yield Text(printable(text), style="bold")
        case Paragraph(text):
            yield Text(printable(text))
        case Code(text):
            yield Padding(Text(printable(text), no_wrap=True, overflow="ignore"), (0, 0, 0, 2))
        case Tiles(tiles):
            columns = (Column(title="", right=False, wraps=16), Column(title=""), Column(title="", right=False))
            yield Table(columns=columns, rows=[(t.what, t.figure, t.verdict) for t in tiles], header=False)
        case Table():
            if block.folded:
                yield Text(printable(block.folded))
            yield block
        case PageFigure():
            yield Text(printable(f"{block.label}. {block.caption}"), style="dim")
        case Items(items):
            for item in items:
                rests_on = f" ({item.picture.label})" if item.picture else ""
                yield _point(printable(item.text) + rests_on)


def _point(text: str) -> RenderableType:
    """A point of a list, its lines under each other."""
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid.grid(padding=(0, 1, 0, 0))
    grid.add_row("-", Text(text))
    return grid
