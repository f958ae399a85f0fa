"""A curve in one line of a terminal: a character for each value, as high as the value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-:=+*#"


def curve_line(values: Sequence[float], width: int, *, encoding: str = "utf-8") -> str:
    """Values from the lowest to the highest; where there are more than `width`, neighbours are averaged.

    >>> curve_line([91.2, 97.0, 98.5, 99.1], 20)
    '▁▆▇█'
    >>> curve_line([91.2, 97.0, 98.5, 99.1], 20, encoding="ascii")
    '_+*#'
    >>> len(curve_line(range(1000), 20))
    20
    """
    if len(values) > width:
        edges = [round(place * len(values) / width) for place in range(width + 1)]
        values = [fmean(values[a:b]) for a, b in pairwise(edges)]
    marks = BLOCKS if _can_say(BLOCKS, encoding) else PLAIN
    low, high = min(values), max(values)
    steps = [(value - low) / (high - low) if high > low else 1.0 for value in values]
    return "".join(marks[round(step * (len(marks) - 1))] for step in steps)


def _can_say(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
