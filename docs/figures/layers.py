"""Draw the pictures of `docs/layers.md` and `docs/notation.md`.

    python docs/figures/layers.py            # into docs/figures/layers/
    python docs/figures/layers.py FOLDER

Everything shown is computed: the digit is one that Tersenet draws, the maps are torch's own convolution and pooling.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from numpy.typing import NDArray

from tersenet._look import BLUE, CARD, FAINT, FIGURE_STYLE, GREEN, INK, LINE, ORANGE, PAPER, VERMILION
from tersenet.data import draw_synthetic

HERE = Path(__file__).resolve().parent / "layers"
Array = NDArray[np.float64]

VERTICAL_EDGE = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
SHORTEST = "-|>,head_length=5,head_width=2.5"


def main(folder: Path) -> None:
    """Draw every picture into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    style: Any = FIGURE_STYLE | {"svg.hashsalt": "layers"}
    with mpl.rc_context(style):
        for name, draw in PICTURES.items():
            draw().savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def convolution() -> Figure:
    """One kernel over a digit: the window, the nine products, the map."""
    digit = a_digit()
    result = F.conv2d(digit[None, None], VERTICAL_EDGE[None, None])[0, 0]
    y, x = (int(place) for place in np.unravel_index(int(result.argmax()), result.shape))
    patch = digit[y : y + 3, x : x + 3]
    figure, axes = panels(4, width=9.2, height=2.9, ratios=(28, 11, 11, 26))
    image(axes[0], digit.numpy(), "picture, 28×28")
    axes[0].add_patch(Rectangle((x - 0.5, y - 0.5), 3, 3, fill=False, edgecolor=ORANGE, linewidth=2.2))
    numbers(axes[1], patch.numpy(), "window, 3×3", edge=ORANGE, digits=1)
    numbers(axes[2], VERTICAL_EDGE.numpy(), "kernel, 9 weights", edge=BLUE, digits=0)
    image(axes[3], result.numpy(), "map, 26×26", colours="signed")
    axes[3].add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2.2))
    between(axes[1], axes[2], "×")
    between(axes[2], axes[3], "=")
    products = float((patch * VERTICAL_EDGE).sum())
    figure.text(
        0.5,
        0.045,
        f"The sum of the nine products, {products:.1f}, is one value of the map. Blue: darker to the right; "
        "red: the other way.",
        ha="center",
        color=FAINT,
        fontsize=9,
    )
    return figure


def padding() -> Figure:
    """A 3×3 window on 5×5 without padding, and with a ring of zeros."""
    figure, axes = panels(2, width=6.4, height=3.3)
    for axis, pad in zip(axes, (0, 1), strict=True):
        size = 5 + 2 * pad
        grid(axis, 5, offset=pad)
        if pad:
            for row in range(size):
                for column in range(size):
                    if not (0 < row < size - 1 and 0 < column < size - 1):
                        cell(axis, column, row, face=CARD, text="0")
        axis.add_patch(Rectangle((0, 0), 3, 3, facecolor=(*mpl.colors.to_rgb(ORANGE), 0.22), edgecolor=ORANGE, lw=2))
        for row in range(1, size - 1):
            for column in range(1, size - 1):
                axis.plot(column + 0.5, row + 0.5, "o", color=BLUE, markersize=5)
        bare(axis, size, size)
    axes[0].set_title("8C3: 5×5 becomes 3×3")
    axes[1].set_title("8C3p1: 5×5 stays 5×5")
    caption(
        figure,
        "Orange: the window at its first place. Blue dots: the values of the map, each at its window's centre.",
    )
    return figure


def stride() -> Figure:
    """Where the window stops with stride 1 and with stride 2."""
    figure, axes = panels(2, width=6.4, height=3.3)
    for axis, step in zip(axes, (1, 2), strict=True):
        grid(axis, 7)
        places = range(0, 5, step)
        for row in places:
            for column in places:
                axis.plot(column + 1.5, row + 1.5, "o", color=BLUE, markersize=5)
        for column, colour in zip((0, step), (ORANGE, GREEN), strict=True):
            face = (*mpl.colors.to_rgb(colour), 0.18)
            axis.add_patch(Rectangle((column, 0), 3, 3, facecolor=face, edgecolor=colour, lw=2))
        bare(axis, 7, 7)
        axis.set_title(f"8C3{'' if step == 1 else 's2'}: 7×7 becomes {len(places)}×{len(places)}")
    caption(
        figure,
        "Orange: the first window. Green: the next. Stride 2 leaves a quarter of the values, and of the work behind.",
    )
    return figure


def dilation() -> Figure:
    """Nine weights, spread over 3×3, 5×5 and 7×7."""
    figure, axes = panels(3, width=7.6, height=3.0)
    for axis, gap in zip(axes, (1, 2, 3), strict=True):
        grid(axis, 7)
        reach = 2 * gap + 1
        first = (7 - reach) // 2
        for row in range(3):
            for column in range(3):
                cell(axis, first + gap * column, first + gap * row, face=ORANGE)
        axis.add_patch(Rectangle((first, first), reach, reach, fill=False, edgecolor=ORANGE, lw=2))
        bare(axis, 7, 7)
        axis.set_title(f"8C3{'' if gap == 1 else f'd{gap}'}: sees {reach}×{reach}")
    caption(figure, "Nine weights each time. With dilation they lie further apart and see further.")
    return figure


def pooling() -> Figure:
    """The same 4×4 map under max and average pooling."""
    values = torch.tensor([[1.0, 3, 2, 0], [5, 7, 1, 1], [0, 2, 8, 4], [2, 0, 6, 2]])
    figure, axes = panels(3, width=7.6, height=2.9, ratios=(4, 2.4, 2.4))
    colours = (BLUE, ORANGE, GREEN, VERMILION)
    squares(axes[0], values.numpy(), colours, block=2)
    axes[0].set_title("map, 4×4")
    for axis, name, pooled in (
        (axes[1], "MP2: the largest", F.max_pool2d(values[None], 2)[0]),
        (axes[2], "AP2: the mean", F.avg_pool2d(values[None], 2)[0]),
    ):
        squares(axis, pooled.numpy(), colours, block=1)
        axis.set_title(name)
    return figure


def receptive_field() -> Figure:
    """What one value behind 3×3, 3×3, pooling and 3×3 depends on, in one dimension."""
    rows = [("picture", 22, 1), ("8C3", 20, 1), ("8C3", 18, 1), ("MP2", 9, 2), ("16C3", 7, 2)]
    windows = (3, 3, 2, 3)
    fields, jump, field = [1], 1, 1
    for size, step in zip(windows, (1, 1, 2, 1), strict=True):
        field += (size - 1) * jump
        jump *= step
        fields.append(field)
    # The span in each row that the one value at the top depends on.
    spans = [(3, 3)]
    for (_, _, _), size, step in zip(reversed(rows[1:]), reversed(windows), (1, 2, 1, 1), strict=True):
        low, high = spans[-1]
        spans.append((low * step, high * step + size - 1))
    spans.reverse()
    figure = Figure(figsize=(7.6, 3.7))
    axis = figure.add_axes((0.17, 0.08, 0.67, 0.86))
    centres = row_positions()
    for height, ((name, count, _), (low, high), seen) in enumerate(zip(rows, spans, fields, strict=True)):
        for place in range(count):
            inside = low <= place <= high
            axis.add_patch(
                Rectangle(
                    (centres[height][place] - 0.42, height * 1.6),
                    0.84,
                    0.84,
                    facecolor=ORANGE if inside else PAPER,
                    edgecolor=ORANGE if inside else LINE,
                )
            )
        if height:
            below_low, below_high = spans[height - 1]
            axis.add_patch(
                Polygon(
                    [
                        (centres[height - 1][below_low] - 0.42, (height - 1) * 1.6 + 0.84),
                        (centres[height - 1][below_high] + 0.42, (height - 1) * 1.6 + 0.84),
                        (centres[height][high] + 0.42, height * 1.6),
                        (centres[height][low] - 0.42, height * 1.6),
                    ],
                    facecolor=(*mpl.colors.to_rgb(ORANGE), 0.15),
                    edgecolor="none",
                )
            )
        axis.text(-1.0, height * 1.6 + 0.42, name, ha="right", va="center", color=INK)
        axis.text(22.4, height * 1.6 + 0.42, f"sees {seen} pixel{'s' * (seen > 1)}", va="center", color=FAINT)
    axis.set_xlim(-0.8, 22)
    axis.set_ylim(-0.3, 7.6)
    axis.set_axis_off()
    return figure


def residual() -> Figure:
    """A residual block: what comes in is added to what the block makes of it."""
    figure, axis = sheet(7.6, 2.1)
    box(axis, 0.6, "x", width=0.8)
    for place, name in ((2.5, "8C3p1"), (4.3, "BN"), (5.9, "R"), (7.6, "8C3p1"), (9.4, "BN")):
        box(axis, place, name)
    box(axis, 11.2, "+", width=0.7, face=ORANGE)
    box(axis, 12.8, "R")
    for start, end in (
        (1.05, 1.85),
        (3.15, 3.65),
        (4.95, 5.25),
        (6.55, 6.95),
        (8.25, 8.75),
        (10.05, 10.8),
        (11.6, 12.15),
    ):
        arrow(axis, (start, 0), (end, 0))
    arrow(axis, (1.3, 0.0), (11.2, 0.45), colour=ORANGE, style="angle,angleA=90,angleB=180,rad=8", high=1.15)
    axis.text(6.2, 1.3, "x, as it came", ha="center", color=FAINT, fontsize=9)
    axis.text(
        6.2, -0.85, "[8C3p1 BN R 8C3p1 BN] R:  x + f(x), then ReLU", ha="center", color=INK, family="DejaVu Sans Mono"
    )
    axis.set_xlim(0, 13.6)
    axis.set_ylim(-1.15, 1.7)
    return figure


def repeated() -> Figure:
    """`x3` makes three blocks with weights of their own, `*3` applies one block three times."""
    figure, axes = panels(2, width=8.6, height=1.9)
    for axis, form, colours, said in (
        (axes[0], "(8C3p1 BN R)x3", (BLUE, ORANGE, GREEN), "three blocks, three sets of weights"),
        (axes[1], "(8C3p1 BN R)*3", (BLUE, BLUE, BLUE), "one block three times, one set of weights"),
    ):
        for place, colour in enumerate(colours):
            box(axis, 1 + 2.2 * place, "8C3p1 BN R", width=1.85, face=colour, size=8)
            if place:
                arrow(axis, (2.2 * place - 0.27, 0), (2.2 * place + 0.07, 0))
        axis.set_xlim(-0.1, 6.5)
        axis.set_ylim(-1.1, 0.9)
        axis.set_axis_off()
        axis.set_title(form, family="DejaVu Sans Mono", loc="center")
        axis.text(3.2, -0.95, said, ha="center", color=FAINT, fontsize=9)
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "convolution": convolution,
    "padding": padding,
    "stride": stride,
    "dilation": dilation,
    "pooling": pooling,
    "receptive-field": receptive_field,
    "residual": residual,
    "repeated": repeated,
}


def a_digit() -> torch.Tensor:
    """A drawn digit with strokes in several directions, from 0 to 1."""
    split, _ = draw_synthetic(train=40, test=1)
    first = int((split.labels == 5).nonzero()[0])
    return split.images[first].reshape(28, 28).float() / 255


def panels(
    count: int, *, width: float, height: float, ratios: tuple[float, ...] | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure with axes side by side and room for a caption."""
    figure = Figure(figsize=(width, height))
    grid_of = figure.add_gridspec(
        1, count, width_ratios=ratios, left=0.03, right=0.97, top=0.86, bottom=0.15, wspace=0.28
    )
    return figure, [figure.add_subplot(grid_of[0, place]) for place in range(count)]


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with one bare axis."""
    figure = Figure(figsize=(width, height))
    axis = figure.add_axes((0.01, 0.02, 0.98, 0.96))
    axis.set_axis_off()
    return figure, axis


def caption(figure: Figure, text: str) -> None:
    """One faint line under the panels."""
    figure.text(0.5, 0.045, text, ha="center", color=FAINT, fontsize=8.5)


def image(axis: Axes, values: Array, title: str, *, colours: str = "grey") -> None:
    """A picture or a map; signed maps are white at 0."""
    most = float(np.abs(values).max())
    if colours == "signed":
        axis.imshow(values, cmap="RdBu", vmin=-most, vmax=most)
    else:
        axis.imshow(values, cmap="gray_r", vmin=0, vmax=1)
    axis.set_title(title, fontsize=9.5, weight="normal")
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(True)


def numbers(axis: Axes, values: Array, title: str, *, edge: str, digits: int) -> None:
    """A small table of numbers, one cell each."""
    rows, columns = values.shape
    for row in range(rows):
        for column in range(columns):
            cell(axis, column, row, face=PAPER, text=f"{values[row, column]:.{digits}f}", size=9)
    axis.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor=edge, lw=2.2))
    bare(axis, columns, rows)
    axis.set_title(title, fontsize=9.5, weight="normal")


def squares(axis: Axes, values: Array, colours: tuple[str, ...], *, block: int) -> None:
    """A table whose quarters have colours."""
    size = len(values)
    for row in range(size):
        for column in range(size):
            colour = colours[2 * (row // block) + column // block]
            face = (*mpl.colors.to_rgb(colour), 0.25)
            cell(axis, column, row, face=face, text=f"{values[row, column]:g}", size=11)
    bare(axis, size, size)


def grid(axis: Axes, size: int, *, offset: int = 0) -> None:
    """Empty cells."""
    for row in range(size):
        for column in range(size):
            cell(axis, offset + column, offset + row, face=PAPER)


def cell(
    axis: Axes, column: int, row: int, *, face: str | tuple[float, ...], text: str = "", size: float = 9
) -> None:
    """One cell of a grid, with a text in it."""
    axis.add_patch(Rectangle((column, row), 1, 1, facecolor=face, edgecolor=LINE, lw=0.8))
    if text:
        axis.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=size, color=INK)


def bare(axis: Axes, columns: int, rows: int) -> None:
    """Cells of equal sides, the first row on top, no axes."""
    axis.set_xlim(-0.06, columns + 0.06)
    axis.set_ylim(rows + 0.06, -0.06)
    axis.set_aspect("equal")
    axis.set_axis_off()


def between(left: Axes, right: Axes, sign: str) -> None:
    """A sign between two panels."""
    middle = (left.get_position().x1 + right.get_position().x0) / 2
    figure = left.figure
    figure.text(middle, 0.5, sign, ha="center", va="center", fontsize=18, color=INK)


def box(axis: Axes, x: float, text: str, *, width: float = 1.2, face: str = CARD, size: float = 9.5) -> None:
    """A rounded box with a text, centred at x."""
    colour = CARD if face == CARD else (*mpl.colors.to_rgb(face), 0.3)
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, -0.35),
            width,
            0.7,
            boxstyle="round,pad=0.03,rounding_size=0.12",
            facecolor=colour,
            edgecolor=LINE if face == CARD else face,
            lw=1.2,
        )
    )
    axis.text(x, 0, text, ha="center", va="center", fontsize=size, color=INK, family="DejaVu Sans Mono")


def arrow(
    axis: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    colour: str = FAINT,
    style: str | None = None,
    high: float | None = None,
) -> None:
    """An arrow; with `high` it rises, goes over and comes down."""
    if high is not None and style:
        axis.plot([start[0], start[0], end[0]], [start[1], high, high], color=colour, lw=1.6)
        start, style = (end[0], high), None
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle=SHORTEST, color=colour, lw=1.4, shrinkA=0, shrinkB=0))


def row_positions() -> list[list[float]]:
    """Where the cells of each row of the receptive field lie: each over the middle of what it sees."""
    positions = [[float(place) + 0.5 for place in range(22)]]
    for size, step in ((3, 1), (3, 1), (2, 2), (3, 1)):
        below = positions[-1]
        count = (len(below) - size) // step + 1
        positions.append([sum(below[place * step : place * step + size]) / size for place in range(count)])
    return positions


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
