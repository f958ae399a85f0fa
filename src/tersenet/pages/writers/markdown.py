"""Blocks as Markdown (CommonMark with tables), pictures beside it in `figures/`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tersenet._look import printable
from tersenet._table import Table
from tersenet.pages.blocks import (
    Block,
    Code,
    Heading,
    Items,
    Notice,
    PageFigure,
    Paragraph,
    Tile,
    Tiles,
    Title,
    spans,
)


def to_markdown(blocks: Sequence[Block]) -> str:
    r"""The blocks as one Markdown text.

    >>> print(to_markdown([Title("A run"), Paragraph("5 * 3 in `8C3*2`.")]))
    # A run
    <BLANKLINE>
    5 \* 3 in `8C3*2`.
    <BLANKLINE>
    """
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Notice():
            return f"**{_inline(block.text)}**"
        case Title(text):
            return f"# {_inline(text)}"
        case Heading(text):
            return f"## {_inline(text)}"
        case Paragraph(text):
            return _inline(text)
        case Code(text):
            text = printable(text)
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            return f"{fence}\n{text}\n{fence}"
        case Tiles(tiles):
            return "\n".join(map(_tile, tiles))
        case Table():
            return _table(block)
        case PageFigure():
            caption = f"{block.label}. {_inline(block.caption)}"
            return f"![{caption}](figures/{block.key}.png)\n\n*{caption}*"
        case Items(items):
            return "\n".join(
                f"- {_inline(item.text)}" + (f" ({item.picture.label})" if item.picture else "") for item in items
            )


def _tile(tile: Tile) -> str:
    verdict = f" ({_inline(tile.verdict)})" if tile.verdict else ""
    return f"- {_inline(tile.what)}: **{_inline(tile.figure)}**{verdict}"


def _table(table: Table) -> str:
    rule = ["--:" if column.right else ":--" for column in table.columns]
    rows = [[_cell(column.words) for column in table.columns], rule]
    rows += [[_cell(cell) for cell in row] for row in table.texts()]
    if table.has_totals:
        rows.append([f"**{_cell(column.total)}**" if column.total else "" for column in table.columns])
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"**{_inline(table.folded)}**\n\n{text}" if table.folded else text


def _cell(text: str) -> str:
    # A pipe ends a cell even inside code.
    return _inline(text).replace("|", "\\|").replace("\\\\|", "\\|").replace("\n", " ")


def _inline(text: str) -> str:
    """Letters that Markdown would read as markup are escaped, but in code."""
    return "".join(f"`{part}`" if is_code else _escape(part) for is_code, part in spans(text))


def _escape(text: str) -> str:
    text = re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text)
    text = re.sub(r"&(?=#?\w+;)", r"\\&", text)  # `&lt;` is five letters, not one
    # At the start of a line these would begin a heading, a list, a quotation or a rule.
    text = re.sub(r"^( *\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    return re.sub(r"^( *)(#+(?=\s|$)|[+](?=\s|$)|-(?=[\s-]|$)|=(?=[\s=]|$))", r"\1\\\2", text)
