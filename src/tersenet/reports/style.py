"""How every figure of Tersenet looks: one width, one set of colours, letters that stay readable on a phone.

Colours are those of M. Okabe and K. Ito, "Color Universal Design" (2008), which colour-blind eyes tell apart; where
two lines meet, their dashes and markers differ as well.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tersenet._files import write_whole

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
INK, FAINT, GRID = "#222222", "#5f5f5f", "#dcdcdc"

WIDTH = 5.75  # inches: 552 CSS pixels, so that two stand side by side on a desktop and one shrinks little on a phone
LETTERS, SMALL = 11.0, 9.5  # points at 100 %
DOTS_PER_INCH = 192  # twice the 96 of a CSS pixel: sharp on dense screens and in print


class Drawing(Figure):
    """A matplotlib figure without pyplot: it needs no display, and shows itself in a notebook.

    >>> drawing = Drawing(height=1.0)
    >>> drawing.png()[:4]
    b'\\x89PNG'
    """

    def __init__(
        self,
        *,
        height: float,
        width: float = WIDTH,
        title: str = "",
        layout: Literal["constrained"] | None = "constrained",
    ) -> None:
        super().__init__(figsize=(width, height), dpi=DOTS_PER_INCH / 2, facecolor="white", layout=layout)
        FigureCanvasAgg(self)
        if title:
            above = {} if layout else {"y": 1 - 0.08 / height}
            self.suptitle(title, fontsize=LETTERS, color=INK, fontweight="bold", **above)

    def png(self) -> bytes:
        """The picture as PNG, at twice the size in CSS pixels, with nothing in it that changes from day to day."""
        held = io.BytesIO()
        self.savefig(held, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
        return held.getvalue()

    def save(self, path: Path | str) -> Path:
        """Write the PNG to a file, whole or not at all."""
        write_whole(Path(path), self.png())
        return Path(path)

    def _repr_png_(self) -> bytes:
        return self.png()


def data_title(name: str) -> str:
    """A data set's name as titles bear it: of `folder:PATH` the last folder, since a path would not fit.

    >>> data_title("folder:/home/me/digits"), data_title("mnist")
    ('folder:digits', 'mnist')
    """
    kind, colon, path = name.partition(":")
    return f"{kind}:{Path(path).name}" if colon else kind


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
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
        **more,
    )


def epoch_ticks(axes: Axes, epochs: Sequence[float]) -> None:
    """Whole epochs only, with a little air at both ends."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    first, last = min(epochs), max(epochs)
    air = 0.04 * (last - first) or 0.5
    axes.set_xlim(first - air, last + air)
