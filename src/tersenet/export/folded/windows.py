"""Windows that slide over padded maps: the size of the result, and what each position sees of the padding."""

from __future__ import annotations

import torch
from torch import Tensor

from tersenet.export.folded.graph import Borders


def slid_size(
    size: tuple[int, int], kernel: tuple[int, int], stride: int, padding: int, dilation: int
) -> tuple[int, int]:
    """The height and width that a window leaves of maps."""
    height, width = (
        (side + 2 * padding - dilation * (reach - 1) - 1) // stride + 1
        for side, reach in zip(size, kernel, strict=True)
    )
    return height, width


def no_borders(size: tuple[int, int]) -> Borders:
    """One class for all positions of maps `(height, width)`."""
    return Borders((0,) * size[0], (0,) * size[1])


def borders_of(
    size: tuple[int, int],
    out: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    padding: int,
    dilation: int,
) -> tuple[Borders, Tensor]:
    """The classes of the output's rows and columns, and what the kernel sees in each: float64 `[R, kh, S, kw]`.

    Positions whose kernels reach into the padding by the same rows (columns) are of one class.
    """
    classes, seen = [], []
    for side, made, reach in zip(size, out, kernel, strict=True):
        patterns: dict[tuple[bool, ...], int] = {}
        places = []
        for at in range(made):
            begin = at * stride - padding
            pattern = tuple(0 <= begin + tap * dilation < side for tap in range(reach))
            places.append(patterns.setdefault(pattern, len(patterns)))
        classes.append(tuple(places))
        seen.append(torch.tensor(list(patterns), dtype=torch.float64))
    return Borders(classes[0], classes[1]), torch.einsum("rh,sw->rhsw", seen[0], seen[1])
