"""What a rule of the report says, and how large a difference must be before it is called one.

A difference counts as one where it is larger than the noise. Two sources of noise are known: the sampling error of an
accuracy measured on N pictures, √(p·(1 − p)/N) (0.07 points for 99.5 % of 10,000), and the spread between seeds,
about 0.05 points at 99.5 %. The larger of the two is the measure here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tersenet.evaluation import SEED_NOISE, sampling_error


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence or two, the name of the rule, and the figure that shows it (None where it concerns them all)."""

    rule: str
    text: str
    figure: str | None


def noise(accuracy: float, images: int) -> float:
    """How much two accuracies must differ, in points, before the difference is called one.

    >>> round(noise(99.5, 10_000), 2), round(noise(90, 1_000), 2)
    (0.07, 0.95)
    """
    return max(SEED_NOISE, sampling_error(min(max(accuracy, 0.0), 100.0), images))


def two_decimals(figure: float) -> str:
    """A figure with two decimals and a true minus sign.

    >>> two_decimals(0.071), two_decimals(-0.02), two_decimals(-0.001)
    ('0.07', '−0.02', '0.00')
    """
    text = f"{abs(figure):.2f}"
    return f"−{text}" if figure < 0 and float(text) else text


def signed_points(points: float) -> str:
    """A difference with its sign.

    >>> signed_points(0.071), signed_points(-0.02), signed_points(-0.001)
    ('+0.07', '−0.02', '±0.00')
    """
    text = f"{abs(points):.2f}"
    return ("±" if float(text) == 0 else "+" if points > 0 else "−") + text
