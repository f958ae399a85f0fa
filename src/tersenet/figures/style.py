"""The figures of a report: one width, the one palette, letters that stay readable on a phone."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet._look import (
    BLUE,
    FAINT,
    FIGURE_STYLE,
    GREEN,
    INK,
    LINE,
    ORANGE,
    PAPER,
    PURPLE,
    VERMILION,
    one_line,
    printable,
)

__all__ = [
    "BLUE",
    "DOTS_PER_INCH",
    "FAINT",
    "GREEN",
    "GRID",
    "INK",
    "LETTERS",
    "ORANGE",
    "PAPER",
    "PURPLE",
    "SMALL",
    "VERMILION",
    "WIDTH",
    "Drawing",
    "data_title",
    "draw_picture",
    "dress",
    "epoch_ticks",
    "note",
    "one_line",
]

GRID = LINE
WIDTH = 5.75  # inches: 552 CSS pixels, so that two fit side by side on a desktop and one shrinks little on a phone
LETTERS, SMALL = 11.0, 9.5  # points at 100 %
DOTS_PER_INCH = 192  # twice the 96 of a CSS pixel: sharp on dense screens and in print


class Drawing(Figure):
    """A matplotlib figure without pyplot: it needs no display, and shows itself in a notebook.

    All text is drawn as it is: `$` and `_` are letters, never mathematics.

    >>> drawing = Drawing(height=1.0)
    >>> drawing.png()[:4], drawing.svg()[:5]
    (b'\\x89PNG', '<?xml')
    """

    def __init__(
        self,
        *,
        height: float,
        width: float = WIDTH,
        title: str = "",
        layout: Literal["constrained"] | None = "constrained",
    ) -> None:
        with mpl.rc_context(FIGURE_STYLE):
            super().__init__(figsize=(width, height), dpi=DOTS_PER_INCH / 2, facecolor=PAPER, layout=layout)
        FigureCanvasAgg(self)
        if title:
            above = {} if layout else {"y": 1 - 0.08 / height}
            self.suptitle(_fitting(title, width), fontsize=LETTERS, color=INK, fontweight="bold", **above)

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:
        """A subplot in the one style."""
        with mpl.rc_context(FIGURE_STYLE):
            axes: Axes = super().add_subplot(*args, **kwargs)
        return axes

    def add_axes(self, *args: Any, **kwargs: Any) -> Axes:
        """Axes in the one style."""
        with mpl.rc_context(FIGURE_STYLE):
            return super().add_axes(*args, **kwargs)

    def draw(self, renderer: Any) -> None:
        """Draw on a renderer, all text as it is."""
        self._letters_only()
        with _boxes_for_unknown_letters():
            super().draw(renderer)

    def get_tightbbox(self, *args: Any, **kwargs: Any) -> Any:
        """The box around all that is drawn, in inches."""
        self._letters_only()
        with _boxes_for_unknown_letters():
            return super().get_tightbbox(*args, **kwargs)

    def png(self) -> bytes:
        """The picture as PNG, at twice the size in CSS pixels, with nothing in it that changes from day to day."""
        held = io.BytesIO()
        self.savefig(held, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return held.getvalue()

    def svg(self) -> str:
        """The picture as SVG, letters as shapes, with nothing in it that changes from day to day."""
        held = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "tersenet", "svg.image_inline": True}):
            self.savefig(held, format="svg", dpi=DOTS_PER_INCH, metadata={"Date": None})
        return held.getvalue()

    def png_and_svg(self) -> tuple[bytes, str]:
        """Both, laid out once: as `png` and `svg`, and faster.

        >>> drawing = Drawing(height=1.0)
        >>> drawing.png_and_svg() == (drawing.png(), drawing.svg())
        True
        """
        png, layout = self.png(), self.get_layout_engine()
        self.set_layout_engine("none")
        try:
            return png, self.svg()
        finally:
            self.set_layout_engine(layout)

    def save(self, path: Path | str) -> Path:
        """Write PNG or SVG, whichever the name says (PNG without an ending), whole or not at all.

        Raises TersenetError for the ending of another format.
        """
        if (ending := Path(path).suffix.lower()) not in ("", ".png", ".svg"):
            raise TersenetError(
                "A figure is written as PNG or SVG.", got=path, hint=f"call it {Path(path).stem}.png, not {ending}"
            )
        write_whole(Path(path), self.svg() if Path(path).suffix.lower() == ".svg" else self.png())
        return Path(path)

    def _repr_png_(self) -> bytes:
        return self.png()

    def _letters_only(self) -> None:
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            text.set_parse_math(False)
            if (shown := printable(text.get_text())) != text.get_text():
                text.set_text(shown)


def _fitting(title: str, width: float) -> str:
    """A title on one line that fits a drawing `width` inches wide."""
    letters = FontProperties(family=FIGURE_STYLE["font.family"], size=LETTERS, weight="bold")
    shown = one_line(title, int(12 * width))
    with _boxes_for_unknown_letters():
        while text_to_path.get_text_width_height_descent(shown, letters, ismath=False)[0] > 72 * (width - 0.15):
            shown = one_line(title, len(shown) - 3)
    return shown


@contextmanager
def _boxes_for_unknown_letters() -> Iterator[None]:
    """A letter that the font lacks is drawn as a box, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def data_title(name: str) -> str:
    """A data set's name for titles: of `folder:PATH` the last folder, since a path would not fit.

    >>> data_title("folder:/home/me/digits"), data_title("mnist")
    ('folder:digits', 'mnist')
    """
    kind, colon, path = name.partition(":")
    path = path.partition("?form=")[0].removesuffix("?skip-bad")
    return printable(f"{kind}:{Path(path).name}" if colon else kind)


def dress(axes: Axes, *, x: str = "", y: str = "", grid: str = "y") -> None:
    """Labels with units, faint grid lines, no box."""
    axes.set_xlabel(x, fontsize=LETTERS, color=INK)
    axes.set_ylabel(y, fontsize=LETTERS, color=INK)
    axes.tick_params(which="both", labelsize=SMALL, labelcolor=INK, color=GRID, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(GRID)
    if grid:
        axes.grid(visible=True, axis=grid, color=GRID, linewidth=0.7)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def note(axes: Axes, text: str, at: tuple[float, float], offset: tuple[float, float], **more: Any) -> None:
    """A short text beside a point of the data, `offset` in points."""
    axes.annotate(
        text,
        at,
        xytext=offset,
        textcoords="offset points",
        fontsize=SMALL,
        color=more.pop("color", INK),
        bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85},
        **more,
    )


def epoch_ticks(axes: Axes, epochs: Sequence[float]) -> None:
    """Whole epochs only, with a little air at both ends."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    first, last = min(epochs), max(epochs)
    air = 0.04 * (last - first) or 0.5
    axes.set_xlim(first - air, last + air)


def draw_picture(axes: Axes, picture: np.ndarray, low: float, high: float) -> None:
    """A picture `[C, H, W]`, grey or in colours, pixel by pixel; `low` is drawn dark and `high` light."""
    if len(picture) == 1:
        axes.imshow(picture[0], cmap="gray", vmin=low, vmax=max(high, low + 1e-6), interpolation="none")
    else:
        shown = (picture.transpose(1, 2, 0).astype(np.float64) - low) / max(high - low, 1e-6)
        axes.imshow(shown.clip(0, 1), interpolation="none")
