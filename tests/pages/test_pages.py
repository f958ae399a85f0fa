"""Blocks as Markdown and as HTML: nothing that a text holds is read as markup."""

import struct

import pytest

from tersenet.figures.style import Drawing
from tersenet.pages.blocks import (
    Code,
    Heading,
    Item,
    Items,
    Notice,
    PageFigure,
    Paragraph,
    Table,
    Tile,
    Tiles,
    Title,
    spans,
)
from tersenet.pages.writers.html import to_html
from tersenet.pages.writers.markdown import to_markdown

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
    table = Table(head=("a", "b"), rows=[("x|y", "`p|q`")], right=("b",))
    assert to_markdown([table]).splitlines() == ["| a | b |", "| :-- | --: |", r"| x\|y | `p\|q` |"]


def test_figures_of_a_column_stand_to_the_right_and_a_folded_table_opens():
    table = Table(head=("a", "b"), rows=[("x", "1")], right=("b",), folded="All")
    html = body(table)
    assert '<td>x</td><td class="right">1</td>' in html
    assert html.startswith("<details><summary>All</summary>")
    assert to_markdown([table]).startswith("**All**\n\n| a | b |")


def test_a_verdict_has_words_and_a_colour():
    table = Table(head=("line", "verdict"), rows=[("met", "met"), ("b", "missed")], verdict="verdict")
    html = body(table)
    assert '<td>met</td><td class="met">met</td>' in html
    assert '<td>b</td><td class="missed">missed</td>' in html


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
