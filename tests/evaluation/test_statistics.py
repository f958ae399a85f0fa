"""How far a measured accuracy can be trusted."""

import math
import statistics

import pytest

from tersenet.evaluation import sampling_error, wilson_interval


def test_the_sampling_error_is_the_deviation_of_the_mean_of_single_throws():
    throws = [100.0] * 199 + [0.0]
    assert sampling_error(99.5, 200) == pytest.approx(statistics.pstdev(throws) / 200**0.5)


def test_a_perfect_score_has_no_sampling_error_to_show():
    assert sampling_error(100.0, 10_000) == 0


@pytest.mark.parametrize(("confidence", "z"), [(0.95, 1.959964), (0.995, 2.807034)])  # as in printed tables
@pytest.mark.parametrize(("right", "images"), [(3, 4), (50, 100), (9943, 10_000)])
def test_the_ends_of_wilsons_interval_are_z_of_their_own_standard_errors_away(right, images, confidence, z):
    for end in wilson_interval(right, images, confidence=confidence):
        distance = abs(right / images - end) / math.sqrt(end * (1 - end) / images)
        assert distance == pytest.approx(z, abs=1e-5)


def test_wilsons_interval_stays_between_none_and_all():
    assert wilson_interval(0, 5)[0] == 0
    assert wilson_interval(5, 5)[1] == 1
