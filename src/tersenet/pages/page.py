"""A page on disk: one list of blocks as Markdown and HTML, its figures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tersenet._files import write_whole
from tersenet.pages.blocks import Block, PageFigure
from tersenet.pages.writers.html import to_html
from tersenet.pages.writers.markdown import to_markdown


def write_page(folder: Path, stem: str, blocks: Sequence[Block], *, title: str) -> Path:
    """Write `stem.md`, `stem.html` and `figures/*.png` into a folder, which is made; return the HTML's path.

    The HTML file holds its pictures and needs nothing else. Each file is written whole or not at all, and what was
    there before is replaced. Raises TersenetError where it cannot be written.
    """
    for block in blocks:
        if isinstance(block, PageFigure):
            write_whole(folder / "figures" / f"{block.key}.png", block.png)
    write_whole(folder / f"{stem}.md", to_markdown(blocks))
    return write_whole(folder / f"{stem}.html", to_html(blocks, title=title))
