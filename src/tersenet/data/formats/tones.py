"""Ink and ground where the border does not show the ground: by the two tones of the whole picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_BINS = 64


@dataclass(frozen=True, eq=False)
class Tones:
    """`ink` `[H, W]`: how far each pixel is from the ground; how far `apart` the tones are; the ground's `spread`.

    These are parts of the way from black to white; the spread is a standard deviation. `parted` is the part of the
    pixels' variance that lies between the two tones.
    """

    ink: Floats
    apart: float
    spread: float
    parted: float


def two_tones(picture: Floats) -> Tones:
    """Ground and ink of a picture `[H, W, 3]`.

    The pixels are parted in two along the line on which they differ most, where the parts are farthest from each
    other (N. Otsu, A Threshold Selection Method from Gray-Level Histograms, 1979). The ground is the part that has
    more of the border and of the area together: in a tight crop, a stroke touches the border here and there.

    >>> crop = np.zeros((20, 15, 3), np.float32)
    >>> crop[:, 6:9] = crop[:3] = 1.0  # a stroke that touches the border all along the top
    >>> tones = two_tones(crop)
    >>> float(tones.ink[10, 7]), float(tones.ink[10, 0]), tones.apart, tones.spread
    (1.0, 0.0, 1.0, 0.0)
    """
    along = _principal(picture)
    threshold = _otsu(along)
    upper = along > threshold
    border = np.concatenate([upper[0], upper[-1], upper[:, 0], upper[:, -1]])
    if border.mean() + upper.mean() > 1:
        along, upper = -along, ~upper
    if upper.all() or not upper.any():
        return Tones(np.zeros_like(along), 0.0, 0.0, 0.0)
    level = np.median(along[~upper])
    other = np.median(along[upper])
    spread = 1.4826 * float(np.median(np.abs(along[~upper] - level)))
    share = float(upper.mean())
    between = share * (1 - share) * float(along[upper].mean() - along[~upper].mean()) ** 2
    return Tones(
        np.clip(along - level, 0, None), float(other - level), spread, between / max(float(along.var()), 1e-12)
    )


def _principal(picture: Floats) -> Floats:
    """Each pixel's place on the line of the largest variance, in parts of the way from black to white."""
    centred = picture.reshape(-1, 3) - picture.reshape(-1, 3).mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    place = centred @ vectors[:, -1].astype(np.float32) / np.sqrt(3.0, dtype=np.float32)
    return np.asarray(place.reshape(picture.shape[:2]), np.float32)


def _otsu(values: Floats) -> float:
    counts, edges = np.histogram(values, _BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = counts.cumsum()
    above = below[-1] - below
    sums = (counts * middles).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nan_to_num(between).argmax())])
