"""Reports: blocks, their writers, and the pages of runs, groups and comparisons."""

from tersenet.pages.blocks import (
    Block,
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
)
from tersenet.pages.comparison_page import pair_row, write_comparison
from tersenet.pages.explanation_page import write_explanation
from tersenet.pages.ladder_page import ladder_pictures, ladder_table, records_table, write_ladder
from tersenet.pages.mistakes_page import write_mistakes
from tersenet.pages.page import write_page
from tersenet.pages.report import write_report
from tersenet.pages.writers.html import script_source
from tersenet.pages.writers.markdown import to_markdown

__all__ = [
    "Block",
    "Code",
    "Heading",
    "Item",
    "Items",
    "Notice",
    "PageFigure",
    "Paragraph",
    "Table",
    "Tile",
    "Tiles",
    "Title",
    "ladder_pictures",
    "ladder_table",
    "pair_row",
    "records_table",
    "script_source",
    "to_markdown",
    "write_comparison",
    "write_explanation",
    "write_ladder",
    "write_mistakes",
    "write_page",
    "write_report",
]
