"""Blocks as data that JSON can hold: what a page says, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tersenet._table import Table
from tersenet.pages.blocks import Block, Items, PageFigure, Tiles


def to_json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """One object per block, its `kind` first. A figure is its file beside the page, and the text under it.

    >>> from tersenet.pages import Paragraph, Title
    >>> to_json([Title("A run"), Paragraph("5 epochs.")])
    [{'kind': 'title', 'text': 'A run'}, {'kind': 'paragraph', 'text': '5 epochs.'}]
    """
    return [_block(block) for block in blocks]


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Tiles(tiles):
            rows = [{"what": t.what, "figure": t.figure, "limit": t.limit, "met": t.met} for t in tiles]
            return {"kind": "tiles", "tiles": rows}
        case Table():
            head = [column.words for column in block.columns]
            total = [column.total for column in block.columns] if block.has_totals else None
            return {"kind": "table", "title": block.folded, "columns": head, "rows": block.texts(), "total": total}
        case PageFigure():
            file = f"figures/{block.key}.png"
            return {"kind": "figure", "number": block.number, "caption": block.caption, "file": file}
        case Items(items):
            points = [{"text": item.text, "figure": item.picture.number if item.picture else None} for item in items]
            return {"kind": "items", "items": points}
        case _:
            return {"kind": type(block).__name__.lower(), "text": block.text}
