"""Student's t and the incomplete beta function against scipy and printed tables."""

import math

import pytest
from hypothesis import given, strategies as st
from scipy import special, stats

from tersenet.evaluation.student_t import incomplete_beta, t_cdf, t_quantile, t_two_sided


@pytest.mark.parametrize(
    ("degrees", "probability", "printed"),
    [  # NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2
        (1, 0.975, 12.706),
        (2, 0.975, 4.303),
        (4, 0.975, 2.776),
        (9, 0.975, 2.262),
        (9, 0.995, 3.250),
        (15, 0.95, 1.753),
        (30, 0.975, 2.042),
        (100, 0.999, 3.174),
    ],
)
def test_quantiles_are_those_of_printed_tables(degrees, probability, printed):
    assert round(t_quantile(probability, degrees), 3) == printed


@given(
    probability=st.floats(1e-6, 1 - 1e-6),
    degrees=st.one_of(st.integers(1, 2_000), st.floats(0.6, 500)),
)
def test_quantiles_are_scipys(probability, degrees):
    assert t_quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-9, abs=1e-9)


@given(t=st.floats(-60, 60), degrees=st.floats(0.6, 2_000))
def test_probabilities_are_scipys(t, degrees):
    assert t_cdf(t, degrees) == pytest.approx(stats.t.cdf(t, degrees), abs=1e-12)
    assert t_two_sided(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-9, abs=1e-300)


@given(x=st.floats(0, 1), a=st.floats(0.05, 500), b=st.floats(0.05, 500))
def test_the_incomplete_beta_function_is_scipys(x, a, b):
    assert incomplete_beta(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-9, abs=1e-12)


def test_one_degree_of_freedom_is_cauchys_distribution():
    for t in (-3.0, -0.5, 0.1, 7.0):
        assert t_cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-14)


def test_infinitely_far_out_lies_nothing():
    assert t_two_sided(math.inf, 3) == 0
    assert t_cdf(math.inf, 3) == 1
    assert t_cdf(-math.inf, 3) == 0
