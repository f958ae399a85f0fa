"""The pen: curves in, pictures in MNIST's form out.

Every operation is an integer one, or a single sum, difference, product, quotient or square root of IEEE 754, element
by element in a fixed order: no BLAS, no sine, no floating-point sums. Each machine draws the same bytes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 28
"""Width and height of a picture."""

BOX = 20
"""Side of the box that the ink is fitted in, as in MNIST."""

_MARGIN = 8  # around the box on the canvas, so that a picture can be cut out wherever its centre of mass is
_CANVAS = BOX + 2 * _MARGIN
_REACH = 4  # pixels that a piece of stroke may colour on each side of its middle
_TINY = 1e-6  # keeps the length of a dot from being zero

Floats = NDArray[np.float64]


def fit_box(points: Floats, radii: Floats, sharpness: Floats) -> tuple[Floats, Floats]:
    """Scale and move each drawing so that its ink fills the 20×20 box, middle in the middle, aspect kept.

    `points` is `[N, M, 2]` (x, y), `radii` of the pen `[N, M]` in the same unit; both come back in pixels, with the
    origin in the upper left corner of the box.
    The softer the edge (`sharpness` `[N]`, as in `draw`), the more room is left for it.

    >>> points, radii = fit_box(np.array([[[3.0, 1.0], [3.0, 7.0]]]), np.array([[1.0, 1.0]]), np.array([1.0]))
    >>> points.tolist(), radii.tolist()
    ([[[10.0, 2.5], [10.0, 17.5]]], [[2.5, 2.5]])
    """
    low = (points - radii[:, :, None]).min(axis=1)
    high = (points + radii[:, :, None]).max(axis=1)
    scale = (BOX + 1.0 - 1.0 / sharpness) / (high - low).max(axis=1)
    middle = (low + high) / 2.0
    return (points - middle[:, None, :]) * scale[:, None, None] + BOX / 2.0, radii * scale[:, None]


def draw(points: Floats, radii: Floats, down: NDArray[np.bool_], sharpness: Floats) -> NDArray[np.uint8]:
    """Draw pen strokes antialiased and centre them by mass: uint8 `[N, 28, 28]`.

    `points` `[N, M, 2]` and `radii` `[N, M]` are in pixels of the 20×20 box. `down` `[N, M - 1]` says whether the pen
    draws from one point to the next. `sharpness` `[N]` is how much the grey rises in one pixel across the edge of a
    stroke (1: all of it).

    >>> stroke = np.array([[[10.0, 1.0], [10.0, 4.0], [10.0, 7.0]]])
    >>> picture = draw(stroke, np.full((1, 3), 1.0), np.ones((1, 2), bool), np.ones(1))[0]
    >>> picture[13, 11:17].tolist(), picture[13:18, 14].tolist()
    ([0, 0, 255, 255, 0, 0], [255, 255, 202, 0, 0])
    """
    depth = _trace(points.astype(np.float32), radii.astype(np.float32), down)
    level = depth * sharpness.astype(np.float32)[:, None, None] + np.float32(0.5)
    np.maximum(level, np.float32(0.0), out=level)
    np.minimum(level, np.float32(1.0), out=level)
    return _centre((level * np.float32(255.0) + np.float32(0.5)).astype(np.uint8))


def _trace(points: NDArray[np.float32], radii: NDArray[np.float32], down: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How deep each pixel's middle is inside the ink, in pixels, negative outside: float32 `[N, 36, 36]`."""
    count = len(points)
    depth = np.full(count * _CANVAS * _CANVAS, -1.0, np.float32)
    steps = np.arange(-_REACH, _REACH + 1)
    window = (steps[:, None] * _CANVAS + steps).ravel()
    offsets = steps.astype(np.float32)
    points = points + np.float32(_MARGIN - 0.5)  # from the box to the middles of the canvas' pixels
    for piece in range(points.shape[1] - 1):
        drawn = np.flatnonzero(down[:, piece])
        if not len(drawn):
            continue
        a, b = points[drawn, piece], points[drawn, piece + 1]
        from_radius, to_radius = radii[drawn, piece], radii[drawn, piece + 1]
        along = b - a
        squared = along[:, 0] * along[:, 0] + along[:, 1] * along[:, 1] + np.float32(_TINY)
        centre = np.floor((a + b) * np.float32(0.5) + np.float32(0.5))
        start = centre - a
        x, y = start[:, :1] + offsets, start[:, 1:] + offsets  # [n, 9]: from a to each column and row of the window
        part = (x * (along[:, 0] / squared)[:, None])[:, None, :] + (y * (along[:, 1] / squared)[:, None])[:, :, None]
        np.maximum(part, np.float32(0.0), out=part)
        np.minimum(part, np.float32(1.0), out=part)
        across = x[:, None, :] - part * along[:, 0, None, None]
        aside = y[:, :, None] - part * along[:, 1, None, None]
        inside = part * (to_radius - from_radius)[:, None, None] + from_radius[:, None, None]
        inside -= np.sqrt(across * across + aside * aside)
        place = centre.astype(np.int64)
        first = (drawn * _CANVAS + place[:, 1]) * _CANVAS + place[:, 0]
        where = first[:, None] + window
        depth[where] = np.maximum(depth[where], inside.reshape(len(drawn), -1))
    return depth.reshape(count, _CANVAS, _CANVAS)


def _centre(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut 28×28 out of each canvas, moved by whole pixels so that the centre of mass is in its middle."""
    count = len(canvas)
    weight = canvas.astype(np.int64)
    columns, rows = weight.sum(axis=1), weight.sum(axis=2)  # exact: integers
    total = np.maximum(rows.sum(axis=1), 1)
    places = np.arange(_CANVAS)
    left, top = (_corner((line * places).sum(axis=1), total) for line in (columns, rows))
    across = np.arange(SIDE)
    row, column = top[:, None] + across, left[:, None] + across
    cut: NDArray[np.uint8] = canvas[np.arange(count)[:, None, None], row[:, :, None], column[:, None, :]]
    return cut


def _corner(moment: NDArray[np.int64], total: NDArray[np.int64]) -> NDArray[np.int64]:
    """First row or column of the cut: the centre of mass minus 14, rounded; the box always stays inside."""
    rounded = (2 * moment + total) // (2 * total)
    corner: NDArray[np.int64] = np.clip(rounded - SIDE // 2, 0, _CANVAS - SIDE)
    return corner
