"""Welch's test, McNemar's test and the permutation over pictures, against scipy and published examples."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from tersenet import TersenetError
from tersenet.evaluation import holm, mcnemar_test, permutation_test, spread, welch_test
from tersenet.evaluation.significance import EXACT_PAIRS, _share_of_drawn

hundredths = st.integers(9_000, 10_000).map(lambda count: count / 100)
figures = st.lists(hundredths, min_size=2, max_size=12).filter(lambda side: len(set(side)) > 1)


@given(a=figures, b=figures)
def test_welchs_test_is_scipys(a, b):
    found, known = welch_test(a, b), stats.ttest_ind(b, a, equal_var=False)
    assert (found.t, found.p) == pytest.approx((known.statistic, known.pvalue), rel=1e-7, abs=1e-9)
    assert found.degrees == pytest.approx(known.df, rel=1e-7)
    assert found.interval == pytest.approx(tuple(known.confidence_interval()), rel=1e-7, abs=1e-9)


def test_welchs_test_on_students_sleep_is_what_r_prints():
    # R: t.test(extra ~ group, data = sleep) gives t = -1.8608, df = 17.776, p-value = 0.07939, -3.3654832 0.2054832
    drug_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    drug_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = welch_test(drug_2, drug_1)
    assert round(found.t, 4) == -1.8608
    assert round(found.degrees, 3) == 17.776
    assert round(found.p, 5) == 0.07939
    assert found.interval == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)


@given(a=figures, b=figures, exponent=st.sampled_from([-900, -600, -300, 300, 600, 900]))
def test_welchs_test_does_not_depend_on_the_unit(a, b, exponent):
    unit = 2.0**exponent
    known = welch_test(a, b)
    found = welch_test([figure * unit for figure in a], [figure * unit for figure in b])
    assert (found.t, found.degrees, found.p) == (known.t, known.degrees, known.p)
    assert found.difference == known.difference * unit


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_figure_is_an_error_in_every_test(wrong):
    with pytest.raises(TersenetError, match="finite figures"):
        welch_test([wrong, 1.0], [1.0, 2.0])
    with pytest.raises(TersenetError, match="from 0 to 1"):
        holm([0.1, wrong])
    with pytest.raises(TersenetError, match="must be True or False"):
        mcnemar_test(np.array([1.0, wrong]), np.array([True, False]))
    with pytest.raises(TersenetError, match="must be True or False"):
        permutation_test(np.array([[1.0, wrong]]), np.array([[True, False]]))


def test_figures_too_far_apart_for_a_float_are_an_error():
    with pytest.raises(TersenetError, match="too far apart"):
        welch_test([-1.7e308, -1.6e308], [1.7e308, 1.6e308])


def test_sides_of_very_different_size_are_compared():
    found = welch_test([1e300, 1.1e300], [1e-300, 2e-300])
    known = stats.ttest_ind([0.0, 0.0], [1.0, 1.1], equal_var=False)
    assert (found.t, found.p) == pytest.approx((known.statistic, known.pvalue))


def test_a_difference_of_accuracies_cannot_leave_100_points():
    assert welch_test([1.0, 99.0], [2.0, 100.0]).interval[1] > 100
    assert welch_test([1.0, 99.0], [2.0, 100.0], bounds=(-100, 100)).interval == (-100, 100)
    assert mcnemar_test(np.array([False]), np.array([True])).interval[1] == 100


def test_the_two_sides_of_welchs_test_may_be_exchanged():
    a, b = [99.1, 99.3, 99.2], [99.4, 99.2, 99.6, 99.5]
    forth, back = welch_test(a, b), welch_test(b, a)
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.p == pytest.approx(back.p)


def test_a_single_figure_is_compared_as_crawford_and_howell_do():
    # t = (x - mean) / (s √((n + 1)/n)) with n - 1 degrees of freedom
    norms, single = [98.0, 99.0, 98.5, 99.5, 98.2], 99.9
    known = spread(norms)
    t = (single - known.mean) / (known.deviation * math.sqrt(6 / 5))
    found = welch_test(norms, [single])
    assert found.t == pytest.approx(t)
    assert found.degrees == 4
    assert found.p == pytest.approx(2 * stats.t.sf(t, 4))


def test_figures_without_any_spread_are_equal_or_not():
    assert welch_test([1.0, 1.0], [1.0, 1.0]).p == 1
    different = welch_test([1.0, 1.0], [2.0, 2.0])
    assert (different.p, different.interval) == (0, (1, 1))


@pytest.mark.parametrize(("a", "b"), [([], [1.0, 2.0]), ([1.0], [2.0])])
def test_welchs_test_needs_a_spread(a, b):
    with pytest.raises(TersenetError, match="two seeds on one side"):
        welch_test(a, b)


def answers(both, only_a, only_b, none):
    """Two rows of right and wrong with these counts."""
    a = np.repeat([True, True, False, False], [both, only_a, only_b, none])
    b = np.repeat([True, False, True, False], [both, only_a, only_b, none])
    return a, b


def test_mcnemars_test_on_a_published_table():
    # M. Fagerland, S. Lydersen, P. Laake, "Recommended tests and confidence intervals for paired binomial
    # proportions", 2014: airway hyper-responsiveness before and after transplantation, 1, 1, 7 and 12 of 21 children.
    found = mcnemar_test(*answers(1, 1, 7, 12))
    assert round(found.p, 4) == 0.0703
    assert found.difference == pytest.approx(100 * 6 / 21)
    assert found.interval == pytest.approx((1.3, 50.8), abs=0.05)
    assert found.method == "exact binomial"


@given(only_a=st.integers(0, 60), only_b=st.integers(0, 60))
def test_the_exact_test_is_scipys_binomial(only_a, only_b):
    found = mcnemar_test(*answers(9_000, only_a, only_b, 10))
    known = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert found.p == pytest.approx(known, rel=1e-9)
    assert (found.broken, found.repaired) == (only_a, only_b)


def test_many_differing_pictures_take_the_chi_square():
    only_a, only_b = EXACT_PAIRS // 2, EXACT_PAIRS // 2 + 80
    found = mcnemar_test(*answers(5_000, only_a, only_b, 100))
    assert found.method == "χ² with continuity correction"
    assert found.p == pytest.approx(stats.chi2.sf((80 - 1) ** 2 / (only_a + only_b), 1))
    assert found.p == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, rel=0.01)


def test_networks_that_read_alike_do_not_differ():
    found = mcnemar_test(*answers(99, 0, 0, 1))
    assert (found.p, found.difference, found.repaired) == (1, 0, 0)
    assert found.interval[0] < 0 < found.interval[1]


@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=5, max_size=5))
def test_all_sign_patterns_are_counted_as_scipy_counts_them(rows):
    right = np.array(rows)
    a, b = right[:2], right[2:]
    found = permutation_test(a, b)
    difference = 3 * a.sum(axis=0) - 2 * b.sum(axis=0)
    known = stats.permutation_test(
        (difference,), np.sum, permutation_type="samples", vectorized=True, n_resamples=2**9
    ).pvalue
    assert found.drawn is None
    assert found.p == pytest.approx(known)
    assert found.difference == pytest.approx(100 * (b.mean() - a.mean()))


@given(only_a=st.integers(0, 200), only_b=st.integers(0, 200))
def test_with_one_network_a_side_it_is_mcnemars_exact_test(only_a, only_b):
    a, b = answers(500, only_a, only_b, 7)
    assert permutation_test(a[None], b[None]).p == pytest.approx(mcnemar_test(a, b).p, rel=1e-9)


def test_drawn_patterns_agree_with_all_of_them():
    numbers = np.random.default_rng(1)
    sizes = numbers.integers(1, 11, 300)
    seen = int(2.0 * math.sqrt(np.square(sizes).sum()))  # two deviations of the sum
    drawn = _share_of_drawn(sizes, seen, 200_000, numbers)
    from tersenet.evaluation.significance import _share_of_all

    assert drawn == pytest.approx(_share_of_all(sizes, seen), abs=4 * math.sqrt(0.05 / 200_000))


def test_where_there_are_too_many_patterns_they_are_drawn_by_seed():
    numbers = np.random.default_rng(0)
    a, b = numbers.random((10, 20_000)) < 0.5, numbers.random((10, 20_000)) < 0.5
    first, again, other = (permutation_test(a, b, seed=seed) for seed in (0, 0, 1))
    assert first.drawn == 100_000
    assert first.p == again.p
    assert first.p == pytest.approx(other.p, abs=0.01)


def test_pure_chance_is_called_a_difference_as_often_as_the_level_says():
    numbers = np.random.default_rng(0)
    found = []
    for _ in range(400):
        hard = numbers.random(400) * (numbers.random(400) < 0.3)  # how often each picture is misread, by any network
        a, b = (numbers.random((5, 400)) >= hard for _ in range(2))
        found.append(permutation_test(a, b).p < 0.05)
    assert 0.02 < np.mean(found) < 0.08


def test_ten_seeds_a_side_on_ten_thousand_pictures_take_a_moment():
    numbers = np.random.default_rng(0)
    a, b = (numbers.random((10, 10_000)) > 0.005 for _ in range(2))
    start = time.process_time()
    assert 0 < permutation_test(a, b).p <= 1
    assert time.process_time() - start < 2


@pytest.mark.parametrize("shape", [(10,), (2, 9), (0, 10)])
def test_other_pictures_cannot_be_compared(shape):
    with pytest.raises(TersenetError, match="same pictures"):
        permutation_test(np.zeros((2, 10), dtype=bool), np.zeros(shape, dtype=bool))


def test_holms_adjustment_is_that_of_his_definition():
    # Multiplied by 4, 3, 2, 1 in rising order, never falling, at most 1 (R: p.adjust(p, "holm")).
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []
