"""How far a measured accuracy can be trusted: one reading, and the spread of several."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tersenet._errors import TersenetError, check_setting
from tersenet.evaluation.student_t import t_quantile

ENOUGH_SEEDS = 5  # for a claim; fewer are an indication
SEED_NOISE = 0.05  # points between seeds at 99.5 %
RESOLUTION = 0.05  # points: what most changes to a recipe are worth there, and what a comparison should resolve
"""A claim is a mean over at least this many seeds; fewer are labelled "indication"."""

PERCENT = (0.0, 100.0)
"""What an accuracy can be."""

POINTS = (-100.0, 100.0)
"""What the difference of two accuracies can be."""


def sampling_error(accuracy: float, images: int) -> float:
    """The standard error of an accuracy in percent, measured on `images` pictures, in percentage points.

    Each picture is a coin that lands "correct" with probability p: √(p·(1 − p)/N). Raises TersenetError where the
    accuracy is not from 0 to 100, or there is no picture.

    >>> round(sampling_error(99.5, 10_000), 3)
    0.071
    """
    check_setting(0 <= accuracy <= 100, "accuracy", accuracy, "from 0 to 100 percent")
    check_setting(1 <= images < math.inf, "images", images, "one or more")
    p = accuracy / 100
    return 100 * math.sqrt(p * (1 - p) / images)


def wilson_interval(right: int, images: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a fraction counted as `right` of `images`; both ends lie between 0 and 1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927: all p that lie
    within z of their own standard errors of the counted fraction, z = 1.96 for 95 %. It stays within 0..1 and is
    valid for few pictures. Raises TersenetError where `right` is not from 0 to `images`.

    >>> [round(end, 4) for end in wilson_interval(9_943, 10_000)]
    [0.9926, 0.9956]
    """
    check_setting(1 <= images < math.inf, "images", images, "one or more")
    check_setting(0 <= right <= images, "right", right, f"from 0 to {images}")
    check_confidence(confidence)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    p = right / images
    centre = (p + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z * math.sqrt(p * (1 - p) / images + z**2 / (4 * images**2)) / (1 + z**2 / images)
    return 0.0 if right == 0 else centre - half, 1.0 if right == images else centre + half


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A summary of several figures of one kind: one figure per seed.

    `deviation` is the sample standard deviation (n − 1 under the root), `interval` that of the mean by Student's t
    with `confidence`; both are None for a single figure, which says nothing about its spread. `clipped` says that
    the interval was cut off at the largest or smallest value that a figure can have.

    >>> print(spread([99.41, 99.44, 99.40, 99.47]))
    99.43 ± 0.03, from 99.40 to 99.47, 95 % interval of the mean 99.38 to 99.48
    """

    count: int
    mean: float
    deviation: float | None
    minimum: float
    maximum: float
    interval: tuple[float, float] | None
    confidence: float
    clipped: bool = False

    @property
    def is_indication(self) -> bool:
        """Whether there are too few seeds for a claim."""
        return self.count < ENOUGH_SEEDS

    def __str__(self) -> str:
        if self.deviation is None or self.interval is None:
            return f"{self.mean:.2f}"
        low, high = self.interval
        return (
            f"{self.mean:.2f} ± {self.deviation:.2f}, from {self.minimum:.2f} to {self.maximum:.2f}, "
            f"{100 * self.confidence:g} % interval of the mean {low:.2f} to {high:.2f}"
        )


def spread(
    figures: Sequence[float], *, confidence: float = 0.95, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Spread:
    """Mean, deviation, minimum, maximum and the interval of the mean of some figures, in their own unit.

    The interval is mean ± t·s/√n, t the quantile of Student's distribution with n − 1 degrees of freedom (Student,
    "The probable error of a mean", 1908). It assumes figures that scatter roughly as a normal distribution does, and
    it is about the source of these figures: for accuracies of seeds, about training again, not about other pictures.
    Where figures cannot leave `bounds`, neither can their mean, and the interval is clipped to them: accuracies near
    100 % have `bounds=PERCENT`.

    Raises TersenetError where there is no figure, or one is not finite or outside the bounds.

    >>> found = spread([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> found.mean, round(found.deviation, 6), [round(end, 6) for end in found.interval]
    (3.0, 1.581139, [1.036757, 4.963243])
    >>> print(spread([98.0, 100.0], bounds=PERCENT))
    99.00 ± 1.41, from 98.00 to 100.00, 95 % interval of the mean 86.29 to 100.00
    """
    check_figures(figures, "A spread needs at least one figure.")
    check_confidence(confidence)
    lowest, highest = bounds
    check_setting(
        lowest <= min(figures) and max(figures) <= highest, "figures", list(figures), f"{lowest:g} to {highest:g}"
    )
    exponent, scaled = common_scale(figures)
    count, mean = len(figures), statistics.fmean(scaled)
    deviation = statistics.stdev(scaled) if count > 1 else None
    interval, clipped = None, False
    if deviation is not None:
        half = t_quantile((1 + confidence) / 2, count - 1) * deviation / math.sqrt(count)
        ends = unscaled(mean - half, exponent), unscaled(mean + half, exponent)
        interval = (max(lowest, ends[0]), min(highest, ends[1]))
        clipped = interval != ends
    return Spread(
        count=count,
        mean=unscaled(mean, exponent),
        deviation=None if deviation is None else unscaled(deviation, exponent),
        minimum=min(figures),
        maximum=max(figures),
        interval=interval,
        confidence=confidence,
        clipped=clipped,
    )


def check_figures(figures: Sequence[float], problem: str) -> None:
    """Raise TersenetError with this problem unless there is a figure and every one is a finite number."""
    if not len(figures) or not all(map(math.isfinite, figures)):
        raise TersenetError(problem, got=list(figures), expected="finite figures, one or more")


def check_confidence(confidence: float) -> None:
    """Raise TersenetError unless a confidence lies between 0 and 1."""
    check_setting(0 < confidence < 1, "confidence", confidence, "between 0 and 1, such as 0.95")


def common_scale(figures: Sequence[float]) -> tuple[int, list[float]]:
    """An exponent e and the figures divided by 2ᵉ, none beyond 1: their squares neither overflow nor vanish.

    >>> common_scale([3.0, -2.0**600, 2.0**599])
    (601, [3.6...e-181, -0.5, 0.25])
    """
    exponent = math.frexp(max(map(abs, figures)))[1]
    return exponent, [float(math.ldexp(figure, -exponent)) for figure in figures]


def unscaled(value: float, exponent: int) -> float:
    """`value`·2ᵉ; raises TersenetError where that is beyond what a float can hold."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        raise TersenetError(
            "These figures are too far apart for a float.",
            got=f"{value:g} times 2^{exponent}",
            expected="below 1.8e308",
        ) from None
