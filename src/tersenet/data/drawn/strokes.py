"""Pen strokes as text, made ready for drawing.

Strokes are written in a box of 100 × 100 with y pointing down. A smooth curve runs through the points `x y` that
commas divide; `|` is a corner, where the next curve starts at the point just reached; `/` lifts the pen.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]
"""A place in the box of 100 × 100: x to the right, y down."""

SEGMENT_LENGTH = 7.5
"""About how long the straight pieces are that a curve is drawn with; a digit of 100 becomes 20 pixels."""


@dataclass(frozen=True, kw_only=True)
class StrokePath:
    """Strokes made ready for drawing: control points, and how each curve point follows from four of them.

    Curve point k is the sum over j of `weights[k][j] * points[sources[k][j]]`. `down[k]` says whether the pen draws
    from curve point k to curve point k + 1. `ends` holds, for both ends of each stroke, its control point and the
    neighbour.
    """

    points: tuple[Point, ...]
    sources: tuple[tuple[int, int, int, int], ...]
    weights: tuple[tuple[float, float, float, float], ...]
    down: tuple[bool, ...]
    ends: tuple[tuple[int, int], ...]


def read_path(strokes: str) -> StrokePath:
    """Turn the text of strokes into their path.

    The curves are Catmull-Rom splines, continued at both ends in a straight line. Only sums, products and quotients
    are used, so that every machine gets the same numbers.

    >>> path = read_path("0 0, 7 0 | 7 5 / 3 2, 5 2")
    >>> path.points
    ((0.0, 0.0), (7.0, 0.0), (7.0, 5.0), (3.0, 2.0), (5.0, 2.0))
    >>> path.ends
    ((0, 1), (2, 1), (3, 4), (4, 3))
    >>> path.down
    (True, True, False, True)
    """
    points: list[Point] = []
    sources: list[tuple[int, int, int, int]] = []
    weights: list[tuple[float, float, float, float]] = []
    down: list[bool] = []
    ends: list[tuple[int, int]] = []
    for stroke in strokes.split("/"):
        if sources:
            down.append(False)
        begin = len(points)
        for place, text in enumerate(stroke.split("|")):
            start = len(points) - (place > 0)
            points += [_read_point(point) for point in text.split(",")]
            piece = tuple(range(start, len(points)))
            if place == 0:
                sources.append((start, start, start, start))
                weights.append((1.0, 0.0, 0.0, 0.0))
            for span in range(len(piece) - 1):
                steps = _count_steps(points[piece[span]], points[piece[span + 1]])
                for step in range(1, steps + 1):
                    source, weight = _spline(piece, span, step / steps)
                    sources.append(source)
                    weights.append(weight)
                    down.append(True)
        ends += [(begin, begin + 1), (len(points) - 1, len(points) - 2)]
    return StrokePath(
        points=tuple(points),
        sources=tuple(sources),
        weights=tuple(weights),
        down=tuple(down),
        ends=tuple(ends),
    )


def _read_point(text: str) -> Point:
    x, y = text.split()
    return float(x), float(y)


def _count_steps(a: Point, b: Point) -> int:
    squared = (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
    steps = 1
    while steps * steps * SEGMENT_LENGTH * SEGMENT_LENGTH < squared:
        steps += 1
    return steps


def _spline(
    piece: tuple[int, ...], span: int, t: float
) -> tuple[tuple[int, int, int, int], tuple[float, float, float, float]]:
    """Sources and weights of the Catmull-Rom point at `t` (0 to 1) between two neighbours of a piece."""
    before, here = ((2.0 - t) * t - 1.0) * t / 2.0, ((3.0 * t - 5.0) * t * t + 2.0) / 2.0
    there, after = ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0, (t - 1.0) * t * t / 2.0
    a, b = piece[span], piece[span + 1]
    first, last = a, b
    if span > 0:
        first = piece[span - 1]
    else:  # the point before the first is its mirror image: 2a - b
        here, there, before = here + 2.0 * before, there - before, 0.0
    if span + 2 < len(piece):
        last = piece[span + 2]
    else:
        there, here, after = there + 2.0 * after, here - after, 0.0
    return (first, a, b, last), (before, here, there, after)
