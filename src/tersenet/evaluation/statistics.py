"""How far a measured accuracy can be trusted."""

from __future__ import annotations

import math


def sampling_error(accuracy: float, images: int) -> float:
    """The standard error of an accuracy in percent, measured on `images` pictures, in percentage points.

    Each picture is a throw of a coin that falls right with probability p: √(p·(1 − p)/N).

    >>> round(sampling_error(99.5, 10_000), 3)
    0.071
    """
    p = accuracy / 100
    return 100 * math.sqrt(p * (1 - p) / images)
