"""How far a measured accuracy can be trusted."""

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from tersenet import TersenetError
from tersenet.evaluation import PERCENT, sampling_error, spread, wilson_interval
from tersenet.evaluation.student_t import t_quantile, t_two_sided


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


FIGURES = [99.41, 99.44, 99.40, 99.47, 99.43]


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_of_a_mean_is_scipys(confidence):
    found = spread(FIGURES, confidence=confidence)
    low, high = stats.t.interval(confidence, len(FIGURES) - 1, np.mean(FIGURES), stats.sem(FIGURES))
    assert found.interval == pytest.approx((low, high), rel=1e-12)


def test_a_spread_tells_mean_deviation_and_extremes():
    found = spread(FIGURES)
    assert (found.count, found.minimum, found.maximum) == (5, 99.40, 99.47)
    assert found.mean == pytest.approx(np.mean(FIGURES))
    assert found.deviation == pytest.approx(np.std(FIGURES, ddof=1))


def test_one_figure_says_nothing_of_its_spread():
    found = spread([99.4])
    assert (found.mean, found.deviation, found.interval) == (99.4, None, None)
    assert str(found) == "99.40"


def test_students_own_example_of_sleep():
    # The hours of sleep gained by ten patients (Student, 1908); the interval as R's t.test(sleep) prints it.
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    found = spread(gained)
    assert found.mean == pytest.approx(1.58)
    assert found.interval == pytest.approx((0.7001142, 2.4598858), abs=1e-7)


def test_fewer_than_five_seeds_are_an_indication():
    assert spread(FIGURES[:4]).is_indication
    assert not spread(FIGURES).is_indication


@pytest.mark.parametrize("figures", [[], [1.0, math.nan], [math.inf]])
def test_what_is_no_figure_is_an_error(figures):
    with pytest.raises(TersenetError, match="needs at least one figure"):
        spread(figures)


@pytest.mark.parametrize("figures", [[98.0, 100.0], [99.9, 100.0, 100.0], [0.0, 1.0]])
def test_the_interval_of_accuracies_stays_between_0_and_100(figures):
    free, bounded = spread(figures), spread(figures, bounds=PERCENT)
    assert free.interval[0] < 0 or free.interval[1] > 100
    assert bounded.interval == (max(0, free.interval[0]), min(100, free.interval[1]))
    assert (free.clipped, bounded.clipped) == (False, True)


def test_an_interval_inside_its_bounds_is_not_clipped():
    assert spread(FIGURES, bounds=PERCENT) == spread(FIGURES)


def test_figures_beyond_their_bounds_are_an_error():
    with pytest.raises(TersenetError, match="0 to 100"):
        spread([99.0, 101.0], bounds=PERCENT)


@pytest.mark.parametrize("exponent", [-600, -300, 300, 600])
def test_a_spread_does_not_depend_on_the_unit(exponent):
    unit = 2.0**exponent
    found, known = spread([figure * unit for figure in FIGURES]), spread(FIGURES)
    assert (found.mean, found.deviation) == (known.mean * unit, known.deviation * unit)
    assert found.interval == (known.interval[0] * unit, known.interval[1] * unit)


def test_the_largest_floats_have_a_mean_too():
    assert spread([1.7e308, 1.7e308, 1.7e308]).mean == pytest.approx(1.7e308)


@pytest.mark.parametrize(
    "asked",
    [
        lambda: sampling_error(math.nan, 10),
        lambda: sampling_error(99.0, 0),
        lambda: wilson_interval(3, 2),
        lambda: wilson_interval(0, 0),
        lambda: wilson_interval(1, 2, confidence=math.nan),
        lambda: spread([1.0, 2.0], confidence=1.0),
        lambda: t_two_sided(math.nan, 3),
        lambda: t_two_sided(1.0, 0),
        lambda: t_quantile(1.5, 3),
        lambda: t_quantile(0.9, math.nan),
    ],
)
def test_what_has_no_answer_is_one_clear_error(asked):
    with pytest.raises(TersenetError, match="cannot be used"):
        asked()
