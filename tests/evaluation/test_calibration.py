"""Calibration against hand-made confidences."""

import math

import pytest
import torch

from tersenet._errors import TersenetError
from tersenet.evaluation import calibrate


def test_the_error_is_the_weighted_gap_between_confidence_and_accuracy():
    # Two bins of four pictures: (0, 0.5] with mean 0.4 and accuracy 1/4, (0.5, 1] with mean 0.9 and accuracy 3/4.
    confidences = torch.tensor([0.3, 0.5, 0.4, 0.4, 0.8, 1.0, 0.9, 0.9])
    right = torch.tensor([1, 0, 0, 0, 1, 1, 1, 0]).bool()
    calibration = calibrate(confidences, right, bins=2)
    low, high = calibration.bins
    assert (low.count, high.count) == (4, 4)
    assert low.confidence == pytest.approx(0.4)
    assert low.accuracy == 0.25
    assert high.confidence == pytest.approx(0.9)
    assert high.accuracy == 0.75
    assert calibration.expected_calibration_error == pytest.approx(0.5 * 0.15 + 0.5 * 0.15)


def test_a_network_that_is_always_sure_and_always_right_has_no_error():
    assert calibrate(torch.ones(9), torch.ones(9).bool()).expected_calibration_error == 0


def test_the_ends_belong_to_the_outer_bins_and_a_bin_is_closed_above():
    bins = calibrate(torch.tensor([0.0, 0.25, 0.5, 1.0]), torch.ones(4).bool(), bins=4).bins
    assert [b.count for b in bins] == [2, 1, 0, 1]
    assert (bins[0].lower, bins[-1].upper) == (0.0, 1.0)
    assert math.isnan(bins[2].accuracy)


def test_a_confidence_that_is_not_a_number_is_left_out():
    calibration = calibrate(torch.tensor([math.nan, 1.0]), torch.tensor([False, True]))
    assert sum(b.count for b in calibration.bins) == 1
    assert calibration.expected_calibration_error == 0


def test_no_bin_is_an_error():
    with pytest.raises(TersenetError, match="needs at least one bin"):
        calibrate(torch.ones(1), torch.ones(1).bool(), bins=0)
