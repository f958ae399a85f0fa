"""What a page is made of. It is composed once, as a list of these: HTML, Markdown, terminal and JSON are its writers.

In every text `code` between backticks is code; nothing else is markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tersenet._look import printable
from tersenet._table import Table
from tersenet.figures import Drawing


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A text in a prominent frame."""

    text: str
    kind: Literal["missed", "warning", "met"]


@dataclass(frozen=True)
class Title:
    """The page's one title."""

    text: str


@dataclass(frozen=True)
class Heading:
    """The start of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True)
class Code:
    """Lines to be kept as they are."""

    text: str


@dataclass(frozen=True)
class Tile:
    """A figure that matters and what it is; where a budget limits it, the limit and whether it is met."""

    figure: str
    what: str
    limit: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """Limit and verdict in words; empty where nothing limits the figure.

        >>> Tile("17,150", "parameters", "< 20,000", True).verdict
        '< 20,000: met'
        """
        if not self.limit:
            return ""
        return f"{self.limit}: {VERDICTS[self.met]}"


VERDICTS = {True: "met", False: "missed", None: "open"}


@dataclass(frozen=True)
class Tiles:
    """The few figures that matter, large."""

    tiles: Sequence[Tile]


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure of the page: `key` names its file, `number` is what texts call it by.

    `png` is the file beside the page; `svg`, where there is one, is what an HTML page shows, in its own colours. A
    `wide` one takes the width of the page, others half of it. `alive` is what an HTML page needs to answer the
    pointer in it (`tersenet.figures.readouts` and `cells`); None: it stands still.
    """

    key: str
    number: int
    caption: str
    png: bytes
    svg: str = ""
    wide: bool = False
    alive: dict[str, Any] | None = None

    @classmethod
    def of(
        cls,
        drawing: Drawing,
        key: str,
        number: int,
        caption: str,
        *,
        wide: bool = False,
        alive: Callable[[Drawing], dict[str, Any]] | None = None,
    ) -> PageFigure:
        """A drawing as figure `number` of a page; `alive` is asked for its places once it is drawn."""
        png, svg = drawing.png_and_svg()
        places = None if alive is None else alive(drawing)
        return cls(key=key, number=number, caption=caption, png=png, svg=svg, wide=wide, alive=places)

    @property
    def label(self) -> str:
        """What a text calls it.

        >>> PageFigure(key="curves", number=1, caption="Loss and accuracy.", png=b"").label
        'Figure 1'
        """
        return f"Figure {self.number}"


@dataclass(frozen=True)
class Item:
    """A point of a list, and the figure that it rests on."""

    text: str
    picture: PageFigure | None = None


@dataclass(frozen=True)
class Items:
    """A list of points."""

    items: Sequence[Item]


Block = Notice | Title | Heading | Paragraph | Code | Tiles | Table | PageFigure | Items


def spans(text: str) -> list[tuple[bool, str]]:
    """The parts of a text on one line: (is it code, what it says). A backtick without its fellow is a letter.

    Line breaks become blanks, since Markdown ends a code span at an empty line; control characters are replaced.

    >>> spans("a `b` c")
    [(False, 'a '), (True, 'b'), (False, ' c')]
    >>> spans("`x\\n\\n<b>`")
    [(True, 'x  <b>')]
    """
    parts = " ".join(re.split(r"[\t\n]", printable(text))).split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = ["`".join(parts[-2:])]
    return [(place % 2 == 1, part) for place, part in enumerate(parts) if part]
