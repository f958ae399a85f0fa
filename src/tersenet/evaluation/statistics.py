"""How far a measured accuracy can be trusted: one reading, and the spread of several."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tersenet._errors import TersenetError
from tersenet.evaluation.student_t import t_quantile

ENOUGH_SEEDS = 5
"""A claim is a mean over at least so many seeds; fewer are labelled "indication"."""


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
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    p = right / images
    centre = (p + z**2 / (2 * images)) / (1 + z**2 / images)
    half = z * math.sqrt(p * (1 - p) / images + z**2 / (4 * images**2)) / (1 + z**2 / images)
    return 0.0 if right == 0 else centre - half, 1.0 if right == images else centre + half


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Several figures of one kind in few: one a seed.

    `deviation` is the sample standard deviation (n − 1 below the root), `interval` that of the mean by Student's t
    with `confidence`; both are None for a single figure, which says nothing of its spread.

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

    @property
    def is_indication(self) -> bool:
        """Whether these are too few seeds for a claim."""
        return self.count < ENOUGH_SEEDS

    def __str__(self) -> str:
        if self.deviation is None or self.interval is None:
            return f"{self.mean:.2f}"
        low, high = self.interval
        return (
            f"{self.mean:.2f} ± {self.deviation:.2f}, from {self.minimum:.2f} to {self.maximum:.2f}, "
            f"{100 * self.confidence:g} % interval of the mean {low:.2f} to {high:.2f}"
        )


def spread(figures: Sequence[float], *, confidence: float = 0.95) -> Spread:
    """Mean, deviation, minimum, maximum and the interval of the mean of some figures, in their own unit.

    The interval is mean ± t·s/√n, t the quantile of Student's distribution with n − 1 degrees of freedom (Student,
    "The probable error of a mean", 1908). It supposes figures that scatter about as a normal distribution does, and
    is one about these figures' source: for accuracies of seeds, about training again, not about other pictures.

    Raises TersenetError where there is no figure, or one is not finite.

    >>> found = spread([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> found.mean, round(found.deviation, 6), [round(end, 6) for end in found.interval]
    (3.0, 1.581139, [1.036757, 4.963243])
    """
    if not figures or not all(map(math.isfinite, figures)):
        raise TersenetError("A spread needs figures.", got=list(figures), expected="one finite figure or more")
    count, mean = len(figures), statistics.fmean(figures)
    deviation = statistics.stdev(figures) if count > 1 else None
    interval = None
    if deviation is not None:
        half = t_quantile((1 + confidence) / 2, count - 1) * deviation / math.sqrt(count)
        interval = (mean - half, mean + half)
    return Spread(
        count=count,
        mean=mean,
        deviation=deviation,
        minimum=min(figures),
        maximum=max(figures),
        interval=interval,
        confidence=confidence,
    )
