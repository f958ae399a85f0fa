"""A page on disk: one list of blocks as HTML, Markdown and JSON, its figures beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tersenet._files import write_whole
from tersenet.pages.blocks import Block, PageFigure
from tersenet.pages.writers.html import to_html
from tersenet.pages.writers.json import to_json
from tersenet.pages.writers.markdown import to_markdown


def write_page(folder: Path, stem: str, blocks: Sequence[Block], *, title: str) -> Path:
    """Write `stem.html`, `stem.md`, `stem.json` and `figures/*.png` into a folder; return the HTML's path.

    The folder is made. The HTML file holds its pictures and needs nothing else. Each file is written whole or not at
    all, and what was there before is replaced. Raises TersenetError where it cannot be written.
    """
    for block in blocks:
        if isinstance(block, PageFigure):
            write_whole(folder / "figures" / f"{block.key}.png", block.png)
    write_whole(folder / f"{stem}.md", to_markdown(blocks))
    said = {"title": title, "blocks": to_json(blocks)}
    write_whole(folder / f"{stem}.json", json.dumps(said, ensure_ascii=False, indent=1) + "\n")
    return write_whole(folder / f"{stem}.html", to_html(blocks, title=title))
