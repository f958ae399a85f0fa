"""How far a measured accuracy can be trusted."""

import statistics

import pytest

from tersenet.evaluation import sampling_error


def test_the_sampling_error_is_the_deviation_of_the_mean_of_single_throws():
    throws = [100.0] * 199 + [0.0]
    assert sampling_error(99.5, 200) == pytest.approx(statistics.pstdev(throws) / 200**0.5)


def test_a_perfect_score_has_no_sampling_error_to_show():
    assert sampling_error(100.0, 10_000) == 0
