"""Blocks as one HTML file with all in it: pictures, style and one script; nothing from the network.

The script lets tables sort and figures answer the pointer. The page's policy runs it by its hash and no other one.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import struct
from collections.abc import Sequence
from html import escape
from importlib import resources

from tersenet._look import css_variables, inline_svg, printable
from tersenet._table import Table
from tersenet.pages.blocks import (
    VERDICTS,
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

LONG = 40  # rows; a longer folded table stays folded in print
NO_BREAK = "\u00a0"
SORTED_FROM = 4  # rows; fewer are seen at a glance
UNIT = re.compile(r"(?<=\d) (?=(?:%|s|min|h|MB)(?!\w))|(?<=[<>≤≥−±]) (?=\d)")  # the blank in "99.46 %", "< 20,000"

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>{script}
</body>
</html>
"""


def to_html(blocks: Sequence[Block], *, title: str) -> str:
    """The blocks as one self-contained page; `title` is the browser's.

    Two figures that follow each other are side by side, more of them in two columns.

    >>> "<p>a &lt; b in <code>8C3</code></p>" in to_html([Paragraph("a < b in `8C3`")], title="A run")
    True
    """
    parts = []
    for is_picture, group in itertools.groupby(blocks, key=lambda block: isinstance(block, PageFigure)):
        shown = list(group)
        inside = "\n".join(map(_block, shown))
        # More than two, of any height, fill two columns from the top.
        kind = "figures packed" if len(shown) > 2 else "figures"
        parts.append(f'<div class="{kind}">\n{inside}\n</div>' if is_picture else inside)
    return whole_page("\n".join(parts), title=title, script=_read("page.js"))


def whole_page(body: str, *, title: str, style: str = "", images: str = "data:", script: str = "") -> str:
    """A page in the one style, and what `style` adds to it.

    It may load `images` (a source of CSP) and no more; it runs `script`, where there is one, and no other.
    """
    policy = f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'"
    if script:
        policy += f"; script-src {_source(script)}"
    return PAGE.format(
        title=escape(printable(title)),
        style=css_variables() + _read("page.css") + style,
        body=body,
        policy=policy,
        script=f"\n<script>{script}</script>" if script else "",
    )


def _read(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def script_source() -> str:
    """The source by which a policy lets the script of reports run, and no other.

    >>> script_source()[:8]
    "'sha256-"
    """
    return _source(_read("page.js"))


def _source(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _block(block: Block) -> str:
    match block:
        case Notice():
            return f'<p class="notice {block.kind}" role="alert">{_inline(block.text)}</p>'
        case Title(text):
            return f"<h1>{_inline(text)}</h1>"
        case Heading(text):
            return f"<h2>{_inline(text)}</h2>"
        case Paragraph(text):
            return f"<p>{_inline(text)}</p>"
        case Code(text):
            return f"<pre>{escape(printable(text))}</pre>"
        case Tiles(tiles):
            return f'<dl class="tiles">{"".join(map(_tile, tiles))}</dl>'
        case Table():
            return _table(block)
        case PageFigure():
            return _picture(block)
        case Items(items):
            points = (
                f"<li>{_inline(item.text)}"
                + (
                    f' <a href="#{item.picture.key}">{item.picture.label.replace(" ", NO_BREAK)}</a>'
                    if item.picture
                    else ""
                )
                + "</li>"
                for item in items
            )
            return "<ul>\n" + "\n".join(points) + "\n</ul>"


def _tile(tile: Tile) -> str:
    kind = f' class="{VERDICTS[tile.met]}"' if tile.limit else ""
    verdict = f'<dd class="verdict">{_inline(tile.verdict)}</dd>' if tile.verdict else ""
    figure, what = _inline(tile.figure), _inline(tile.what)
    return f'<div{kind}><dt>{what}</dt><dd class="figure">{figure}</dd>{verdict}</div>'


def _table(table: Table) -> str:
    sides = [' class="right"' if column.right else "" for column in table.columns]
    means = [f' title="{escape(printable(column.means))}"' if column.means else "" for column in table.columns]
    head = "".join(
        f"<th{side}{said}>{_inline(column.words)}</th>"
        for column, side, said in zip(table.columns, sides, means, strict=True)
    )
    rows = "\n".join(f"<tr>{_row(table, row, sides)}</tr>" for row in table.texts())
    sorts = ' class="sorts"' if any(sides) and len(table.rows) >= SORTED_FROM else ""
    inside = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
    if table.has_totals:
        totals = [
            f"<td{side}>{_inline(column.total)}</td>" for column, side in zip(table.columns, sides, strict=True)
        ]
        inside += f"\n<tfoot><tr>{''.join(totals)}</tr></tfoot>"
    whole = f'<div class="table"><table{sorts}>\n{inside}\n</table></div>'
    if table.folded is None:
        return whole
    long = ' class="long"' if len(table.rows) > LONG else ""
    return f"<details{long}><summary>{_inline(table.folded)}</summary>\n{whole}\n</details>"


def _row(table: Table, row: Sequence[str], sides: Sequence[str]) -> str:
    cells = []
    for column, cell, side in zip(table.columns, row, sides, strict=True):
        kind = f' class="{cell}"' if column.verdict and cell in VERDICTS.values() else side
        cells.append(f"<td{kind}>{_inline(cell)}</td>")
    return "".join(cells)


def _picture(picture: PageFigure) -> str:
    kind = ' class="wide" tabindex="0"' if picture.wide else ""  # on a phone it scrolls, with the keys too
    return (
        f'<figure id="{escape(picture.key)}"{kind}>{_drawn(picture)}'
        f"<figcaption><b>{picture.label}.</b> {_inline(picture.caption)}</figcaption>{_alive(picture)}</figure>"
    )


def _alive(picture: PageFigure) -> str:
    """What the script needs of a figure, as data that no browser runs."""
    if picture.alive is None or not picture.svg:
        return ""
    data = json.dumps(picture.alive, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" class="alive">{data}</script>'


def _drawn(picture: PageFigure) -> str:
    if picture.svg:
        return inline_svg(picture.svg, key=picture.key, label=printable(picture.caption))
    # Width and height of a PNG are in its first chunk; it has two dots per CSS pixel.
    width, height = (dots // 2 for dots in struct.unpack(">II", picture.png[16:24]))
    data = base64.b64encode(picture.png).decode()
    alt = escape(printable(picture.caption))
    return f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" alt="{alt}">'


def _inline(text: str) -> str:
    return "".join(
        f"<code>{escape(part)}</code>" if is_code else escape(UNIT.sub(NO_BREAK, part))
        for is_code, part in spans(text)
    )
