"""How far a measured accuracy can be trusted."""

from __future__ import annotations

import math
from statistics import NormalDist


def sampling_error(accuracy: float, images: int) -> float:
    """The standard error of an accuracy in percent, measured on `images` pictures, in percentage points.

    Each picture is a throw of a coin that falls right with probability p: √(p·(1 − p)/N).

    >>> round(sampling_error(99.5, 10_000), 3)
    0.071
    """
    p = accuracy / 100
    return 100 * math.sqrt(p * (1 - p) / images)


def wilson_interval(right: int, images: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a fraction counted as `right` of `images`, both ends from 0 to 1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927: all p that lie
    within z of their own standard errors of the counted fraction, z = 1.96 for 95 %. It stays inside 0..1 and holds
    for few pictures.

    >>> [round(end, 4) for end in wilson_interval(9_943, 10_000)]
    [0.9926, 0.9956]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = right / images
    centre = (p + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z * math.sqrt(p * (1 - p) / images + z**2 / (4 * images**2)) / (1 + z**2 / images)
    return 0.0 if right == 0 else centre - half, 1.0 if right == images else centre + half
