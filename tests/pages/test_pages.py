"""Blocks as HTML, Markdown and JSON, and in a terminal: nothing that a text holds is read as markup."""

import io
import json
import struct

import pytest
from rich.console import Console

from tersenet._table import Column, Table
from tersenet.figures.style import Drawing
from tersenet.pages.blocks import (
    Code,
    Heading,
    Item,
    Items,
    Notice,
    PageFigure,
    Paragraph,
    Tile,
    Tiles,
    Title,
    spans,
)
from tersenet.pages.writers.html import to_html
from tersenet.pages.writers.json import to_json
from tersenet.pages.writers.markdown import to_markdown
from tersenet.pages.writers.terminal import to_terminal

TEXT, FIGURE = Column(title="a", right=False), Column(title="b")
PNG = Drawing(height=1.0).png()
PICTURE = PageFigure(key="curves", number=3, caption='Loss < 1 & "falling".', png=PNG)


def body(*blocks):
    page = to_html(blocks, title="T")
    return page[page.index("<main>") + 7 : page.index("</main>") - 1]


@pytest.mark.parametrize(
    ("block", "markdown", "html"),
    [
        (Title("a_b"), r"# a\_b", "<h1>a_b</h1>"),
        (Heading("Data"), "## Data", "<h2>Data</h2>"),
        (Paragraph("# no heading"), r"\# no heading", "<p># no heading</p>"),
        (Paragraph("1. no list"), r"1\. no list", "<p>1. no list</p>"),
        (Paragraph("5 - 3"), "5 - 3", "<p>5 - 3</p>"),
        (Paragraph("`a*b` * <c>"), r"`a*b` \* \<c\>", "<p><code>a*b</code> * &lt;c&gt;</p>"),
        (Code("8C3 | (BN R)*2"), "```\n8C3 | (BN R)*2\n```", "<pre>8C3 | (BN R)*2</pre>"),
        (Code("a ``` b"), "````\na ``` b\n````", "<pre>a ``` b</pre>"),
        (Notice(text="Missed.", kind="missed"), "**Missed.**", '<p class="notice missed" role="alert">Missed.</p>'),
        (Tiles([Tile("9 %", "test")]), "- test: **9 %**",
         '<dl class="tiles"><div><dt>test</dt><dd class="figure">9\u00a0%</dd></div></dl>'),
        (Tiles([Tile("9 %", "test", "≥ 8 %", True)]), "- test: **9 %** (≥ 8 %: met)",
         '<dl class="tiles"><div class="met"><dt>test</dt><dd class="figure">9\u00a0%</dd>'
         '<dd class="verdict">≥\u00a08\u00a0%: met</dd></div></dl>'),
        (Paragraph("`x\n\n<script>`"), "`x  <script>`", "<p><code>x  &lt;script&gt;</code></p>"),
        (Paragraph("a ` b\n\n<script>"), r"a \` b  \<script\>", "<p>a ` b  &lt;script&gt;</p>"),
        (Paragraph("---"), r"\---", "<p>---</p>"),
        (Paragraph("&lt;b&gt; & c"), r"\&lt;b\&gt; & c", "<p>&amp;lt;b&amp;gt; &amp; c</p>"),
        (Paragraph("bell \x07, \udcff"), "bell \ufffd, \ufffd", "<p>bell \ufffd, \ufffd</p>"),
        (Items([Item("Flat.", PICTURE)]), "- Flat. (Figure 3)",
         '<ul>\n<li>Flat. <a href="#curves">Figure\u00a03</a></li>\n</ul>'),
        (Paragraph("99.46 % < 20,000 in 2 s, 9 seeds"), r"99.46 % \< 20,000 in 2 s, 9 seeds",
         "<p>99.46\u00a0% &lt;\u00a020,000 in 2\u00a0s, 9 seeds</p>"),
    ],
)  # fmt: skip
def test_a_block_in_both(block, markdown, html):
    assert to_markdown([block]) == markdown + "\n"
    assert body(block) == html


def test_a_pipe_in_a_cell_does_not_end_it():
    table = Table(columns=(TEXT, FIGURE), rows=[("x|y", "`p|q`")])
    assert to_markdown([table]).splitlines() == ["| a | b |", "| :-- | --: |", r"| x\|y | `p\|q` |"]


def test_figures_of_a_column_stand_to_the_right_and_a_folded_table_opens():
    table = Table(columns=(TEXT, FIGURE), rows=[("x", "1")], folded="All")
    html = body(table)
    assert '<td>x</td><td class="right">1</td>' in html
    assert html.startswith("<details><summary>All</summary>")
    assert to_markdown([table]).startswith("**All**\n\n| a | b |")


def test_a_verdict_has_words_and_a_colour():
    table = Table(columns=(TEXT, Column(title="verdict", verdict=True)), rows=[("met", "met"), ("b", "missed")])
    html = body(table)
    assert '<td>met</td><td class="met">met</td>' in html
    assert '<td>b</td><td class="missed">missed</td>' in html


def test_totals_are_the_last_row_and_are_not_sorted_with_the_others():
    columns = (Column(title="seed", total="mean"), Column(title="test %", total="99.4"))
    table = Table(columns=columns, rows=[(str(seed), "99.4") for seed in range(5)])
    assert body(table).endswith(
        '</tbody>\n<tfoot><tr><td class="right">mean</td><td class="right">99.4</td></tr></tfoot>\n</table></div>'
    )
    assert to_markdown([table]).splitlines()[-1] == "| **mean** | **99.4** |"


BLOCKS = [
    Notice(text="Budget missed.", kind="missed"),
    Title("A run"),
    Tiles([Tile("17,150", "parameters", "< 20,000", True)]),
    Heading("Result"),
    Paragraph("Say `8C3`."),
    Table(columns=(TEXT, FIGURE), rows=[("x", "1")], folded="All"),
    Items([Item("A point that is long enough for two lines of the terminal.")]),
    Code("8C3 GAP"),
    PageFigure(key="curves", number=1, caption="Loss.", png=b""),
]


def test_a_terminal_shows_what_a_page_shows():
    text = io.StringIO()
    console = Console(file=text, width=40, color_system=None)
    for part in to_terminal(BLOCKS):
        console.print(part)
    assert [line.rstrip() for line in text.getvalue().splitlines() if line.strip()] == [
        "Budget missed.",
        "A run",
        "parameters  17,150  < 20,000: met",
        "Result",
        "Say `8C3`.",
        "All",
        "a  b",
        "x  1",
        "- A point that is long enough for two",
        "  lines of the terminal.",
        "  8C3 GAP",
        "Figure 1. Loss.",
    ]


def test_json_has_every_block_with_its_kind():
    found = json.loads(json.dumps(to_json(BLOCKS)))
    assert [each["kind"] for each in found] == [
        "notice",
        "title",
        "tiles",
        "heading",
        "paragraph",
        "table",
        "items",
        "code",
        "figure",
    ]
    assert found[2]["tiles"] == [{"what": "parameters", "figure": "17,150", "limit": "< 20,000", "met": True}]
    assert found[5] == {
        "kind": "table",
        "title": "All",
        "columns": ["a", "b"],
        "rows": [["x", "1"]],
        "total": None,
    }
    assert found[-1]["file"] == "figures/curves.png"


def test_a_drawing_in_a_page_follows_the_colours_of_the_page():
    drawing = PageFigure.of(Drawing(height=1.0, title="T"), "curves", 1, "Loss.")
    html = body(drawing)
    assert "<img" not in html
    assert "fill: var(--paper)" in html
    assert "fill: var(--ink)" in html
    assert "#1d2125" not in html
    assert 'role="img" aria-label="Loss."' in html


def test_a_picture_is_inside_the_page_at_half_its_dots():
    html = body(PICTURE)
    width, height = struct.unpack(">II", PNG[16:24])
    assert f'width="{width // 2}" height="{height // 2}"' in html
    assert 'alt="Loss &lt; 1 &amp; &quot;falling&quot;."' in html
    assert "figures/curves.png" in to_markdown([PICTURE])


def test_pictures_in_a_row_share_a_grid():
    assert body(PICTURE, PICTURE, Heading("x"), PICTURE).count('<div class="figures">') == 2


def test_a_lone_backtick_is_a_letter():
    assert spans("it`s") == [(False, "it`s")]
    assert to_markdown([Paragraph("it`s")]) == "it\\`s\n"


def test_a_title_cannot_leave_the_head():
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in to_html([], title="</title><script>")
