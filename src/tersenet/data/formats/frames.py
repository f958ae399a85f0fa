"""A frame drawn around a digit, and a card that it is drawn on: what is inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SPAN = 0.6  # of the picture's side that a frame is at least
_LINE = 0.9  # of each side of a frame is drawn; the rest may be a gap of the pen
_THICK = 0.12  # of the picture's side that a line of a frame is at most


def inside_of_frame(ink: Floats) -> tuple[slice, slice] | None:
    """Rows and columns within a frame, or within a card, of ink `[H, W]`; None where there is neither.

    A frame is four lines, along all sides of a box that spans most of the picture, with ground and then something
    else within. A card is such a box that is full, but for what is drawn on it.

    >>> ink = np.zeros((40, 40), np.float32)
    >>> ink[4:36, 4:36] = 1.0
    >>> ink[6:34, 6:34] = 0.0
    >>> ink[12:28, 18:22] = 1.0  # a stroke in a frame
    >>> inside_of_frame(ink)
    (slice(7, 33, None), slice(7, 33, None))
    >>> inside_of_frame(ink[8:32, 8:32]) is None
    True
    """
    strongest = float(ink.max())
    if strongest <= 0:
        return None
    mask = ink > 0.5 * strongest
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if min(box.shape) < 8 or any(side < _SPAN * whole for side, whole in zip(box.shape, mask.shape, strict=True)):
        return None
    depth = [max(2, round(_THICK * side)) for side in box.shape]
    sides = (box[: depth[0]], box[::-1][: depth[0]], box.T[: depth[1]], box.T[::-1][: depth[1]])
    if any(side[0].mean() < _LINE and side.any(axis=0).mean() < 0.98 for side in sides):
        return None
    if any(side.any(axis=0).mean() < _LINE for side in sides):
        return None
    thickness = [_thickness(side) for side in sides]
    if None in thickness:  # no ground behind a line: a card, whose edge is left out, unless it is full of ink
        drawn = float((~box[2:-2, 2:-2]).mean())
        if not 0.005 < drawn < 0.6 or any(side[0].mean() < _LINE for side in sides):
            return None
        thickness = [1, 1, 1, 1]
    top, bottom, left, right = (int(each or 1) + 1 for each in thickness)
    inner = box[top : box.shape[0] - bottom, left : box.shape[1] - right]
    if min(inner.shape) < 4 or inner.all() or not inner.any():
        return None
    first_row, first_column = int(rows[0]), int(columns[0])
    return (
        slice(first_row + top, first_row + box.shape[0] - bottom),
        slice(first_column + left, first_column + box.shape[1] - right),
    )


def _thickness(side: Mask) -> int | None:
    """How many rows of a side, from its outer one, hold its line; None where no row behind it is free of ink."""
    middle = side[:, side.shape[1] // 6 : side.shape[1] - side.shape[1] // 6]
    free = np.flatnonzero(middle.mean(axis=1) < 0.1)
    return int(free[0]) if len(free) else None
