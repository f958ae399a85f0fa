"""Reports: blocks, their writers, and the pages of runs, groups and comparisons."""

from tersenet._table import Column, Table
from tersenet.pages.blocks import (
    Block,
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
)
from tersenet.pages.comparison_page import comparison_in_short, write_comparison
from tersenet.pages.experiment_sections import facts_table
from tersenet.pages.explanation_page import write_explanation
from tersenet.pages.ladder_page import ladder_in_short, ladder_pictures, records_table, write_ladder
from tersenet.pages.mistakes_page import write_mistakes
from tersenet.pages.page import write_page
from tersenet.pages.report import write_report
from tersenet.pages.writers.html import script_source
from tersenet.pages.writers.json import to_json
from tersenet.pages.writers.markdown import to_markdown
from tersenet.pages.writers.terminal import to_terminal

__all__ = [
    "Block",
    "Code",
    "Column",
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
    "comparison_in_short",
    "facts_table",
    "ladder_in_short",
    "ladder_pictures",
    "records_table",
    "script_source",
    "to_json",
    "to_markdown",
    "to_terminal",
    "write_comparison",
    "write_explanation",
    "write_ladder",
    "write_mistakes",
    "write_page",
    "write_report",
]
