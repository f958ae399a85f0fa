"""Labels of points that lie close together, placed so that none covers another or a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from tersenet._look import FAINT, INK
from tersenet.figures.style import SMALL

NEAR = 13.0  # points: from here on a line leads from the label to its point
REACH = (7.0, 10.0, 13.0, 18.0, 24.0, 31.0, 39.0, 48.0, 60.0, 75.0)  # distances tried, in points
DIRECTIONS = 16
POINT = 5.0  # half the width that a point's marker takes, in points


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text for a point of the data."""

    text: str
    at: tuple[float, float]
    colour: str = INK
    bold: bool = False


def place_labels(axes: Axes, labels: Sequence[Label], *, keep_clear: Sequence[tuple[float, float]] = ()) -> None:
    """Write each label as near to its point as leaves it free of the others, of all points and of the frame.

    To be called when the axes have their limits and scales. Points in `keep_clear` are covered by no label either.
    Where no place within reach is free, the one that covers least is taken.
    """
    canvas = axes.figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()  # type: ignore[no-untyped-call]  # settles the layout, which the sizes of labels depend on
    scale = axes.figure.dpi / 72
    half = POINT * scale
    points = [axes.transData.transform(place) for place in (*(label.at for label in labels), *keep_clear)]
    taken = [Bbox.from_extents(x - half, y - half, x + half, y + half) for x, y in points]
    inside = axes.get_window_extent()
    for label in labels:
        best: tuple[float, Annotation, Bbox] | None = None
        for distance in REACH:
            for turn in range(DIRECTIONS):
                written = _write(axes, label, distance, 2 * math.pi * turn / DIRECTIONS)
                written.update_positions(canvas.get_renderer())  # type: ignore[no-untyped-call]
                box = Text.get_window_extent(written)  # the letters alone, without the line
                covered = sum(_shared(box, other) for other in taken) + _outside(box, inside)
                if best is None or covered < best[0]:
                    if best:
                        best[1].remove()
                    best = (covered, written, box)
                else:
                    written.remove()
                if covered == 0:
                    break
            if best and best[0] == 0:
                break
        assert best is not None
        taken.append(best[2])


def spread_out(wanted: Sequence[float], gap: float) -> list[float]:
    """Positions at least `gap` apart, in the same order from low to high, as near to the wanted ones as can be.

    Neighbours that would touch are put side by side around the mean of what they wanted.

    >>> spread_out([1.0, 1.0, 5.0], 2.0)
    [0.0, 2.0, 5.0]
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    blocks: list[list[int]] = []

    def low(block: list[int]) -> float:
        middle = sum(wanted[each] for each in block) / len(block)
        return middle - gap * (len(block) - 1) / 2

    for index in order:
        blocks.append([index])
        while len(blocks) > 1 and low(blocks[-2]) + gap * len(blocks[-2]) > low(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    placed = {index: low(block) + gap * row for block in blocks for row, index in enumerate(block)}
    return [placed[index] for index in range(len(wanted))]


def _write(axes: Axes, label: Label, distance: float, angle: float) -> Annotation:
    right, up = math.cos(angle), math.sin(angle)
    written = axes.annotate(
        label.text,
        label.at,
        xytext=(distance * right, distance * up),
        textcoords="offset points",
        fontsize=SMALL,
        color=label.colour,
        fontweight="bold" if label.bold else "normal",
        ha="left" if right > 0.1 else "right" if right < -0.1 else "center",
        va="bottom" if up > 0.4 else "top" if up < -0.4 else "center",
        arrowprops={"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 4}
        if distance >= NEAR
        else None,
    )
    written.set_in_layout(False)
    return written


def _shared(a: Bbox, b: Bbox) -> float:
    """The area that two boxes have in common."""
    both = Bbox.intersection(a, b)
    return both.width * both.height if both is not None else 0.0


def _outside(box: Bbox, frame: Bbox) -> float:
    """The area of a box beyond a frame."""
    return float(box.width * box.height) - _shared(box, frame)
