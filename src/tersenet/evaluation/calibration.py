"""Whether a network is right as often as it says: reliability bins and the expected calibration error.

Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tersenet._errors import TersenetError


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The pictures whose confidence lies in (lower, upper]; confidence and accuracy are means from 0 to 1.

    Without a picture both means are NaN.
    """

    lower: float
    upper: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The bins in rising order, and the expected calibration error, 0 to 1."""

    bins: tuple[Bin, ...]
    expected_calibration_error: float


def calibrate(confidences: Tensor, right: Tensor, *, bins: int = 15) -> Calibration:
    """Sort pictures into bins of equal width by confidence, and compare confidence with accuracy in each.

    `confidences` `[N]` are the probabilities of the guesses, `right` `[N]` tells which guesses are right. With B_m
    the pictures in bin m (Guo et al. 2017, equation 3):

        ECE = Σ_m |B_m| / N · |accuracy(B_m) − confidence(B_m)|

    15 bins are that paper's number. Confidences that are not a number fall in no bin and are not counted.

    >>> calibration = calibrate(torch.tensor([0.9, 0.9, 0.6, 0.6]), torch.tensor([True, True, True, False]), bins=2)
    >>> round(calibration.expected_calibration_error, 4), calibration.bins[1].count
    (0.0, 4)
    >>> round(calibrate(torch.tensor([0.8, 0.8]), torch.tensor([True, False])).expected_calibration_error, 4)
    0.3
    """
    if bins < 1:
        raise TersenetError("Calibration needs at least one bin.", got=f"{bins} bins", expected="1 or more")
    known = ~confidences.isnan()
    confidence_n = confidences[known].double()
    right_n = right[known].double()
    # Bins are closed above, as in the paper: a confidence of exactly 1 belongs to the last.
    places = (confidence_n * bins).ceil().long().sub(1).clamp(0, bins - 1)
    counts = torch.bincount(places, minlength=bins)
    confidence_sums = torch.bincount(places, weights=confidence_n, minlength=bins)
    right_sums = torch.bincount(places, weights=right_n, minlength=bins)
    # |B_m|·|accuracy − confidence| is the difference of the two sums: an empty bin adds nothing.
    error = (right_sums - confidence_sums).abs().sum() / counts.sum()
    return Calibration(
        bins=tuple(
            Bin(
                lower=place / bins,
                upper=(place + 1) / bins,
                count=int(counts[place]),
                confidence=float(confidence_sums[place] / counts[place]),
                accuracy=float(right_sums[place] / counts[place]),
            )
            for place in range(bins)
        ),
        expected_calibration_error=float(error),
    )
