"""How many seeds are needed, against scipy's noncentral t, Cohen's tables, and pure simulation."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from tersenet import TersenetError
from tersenet.evaluation import comparison_power, resolved_difference, seeds_needed


@given(seeds=st.integers(2, 400), effect=st.floats(0.01, 3), level=st.sampled_from([0.01, 0.05, 0.1]))
def test_the_power_is_that_of_the_noncentral_t(seeds, effect, level):
    degrees, shift = 2 * seeds - 2, effect * math.sqrt(seeds / 2)
    critical = stats.t.ppf(1 - level / 2, degrees)
    known = stats.nct.sf(critical, degrees, shift) + stats.nct.cdf(-critical, degrees, shift)
    if math.isfinite(known):  # scipy has no figure for some large shifts
        assert comparison_power(seeds, effect, 1.0, level=level) == pytest.approx(known, abs=1e-8)


@pytest.mark.parametrize(("effect", "printed"), [(0.2, 393), (0.5, 64), (0.8, 26)])
def test_seeds_needed_are_cohens(effect, printed):
    # J. Cohen, "A Power Primer", 1992, table 2: small, medium and large differences of means at 0.05, power 0.80.
    assert abs(seeds_needed(effect, 1.0) - printed) <= 1


@pytest.mark.parametrize(("deviation", "seeds"), [(0.05, 17), (0.047, 15), (0.028, 7)])
def test_seeds_that_resolve_a_twentieth_of_a_point(deviation, seeds):
    assert seeds_needed(0.05, deviation) == seeds
    assert comparison_power(seeds, 0.05, deviation) >= 0.8 > comparison_power(seeds - 1, 0.05, deviation)


def test_a_true_difference_is_found_as_often_as_promised():
    numbers = np.random.default_rng(0)
    seeds = seeds_needed(0.05, 0.05)
    a, b = numbers.normal(0, 0.05, (4_000, seeds)), numbers.normal(0.05, 0.05, (4_000, seeds))
    found = (stats.ttest_ind(a, b, axis=1).pvalue < 0.05).mean()
    assert found == pytest.approx(comparison_power(seeds, 0.05, 0.05), abs=0.03)


@pytest.mark.parametrize("seeds", [2, 5, 10, 40])
def test_what_seeds_resolve_needs_these_seeds(seeds):
    assert seeds_needed(resolved_difference(seeds, 0.05), 0.05) == seeds


def test_without_spread_two_seeds_do():
    assert seeds_needed(0.01, 0.0) == 2
    assert resolved_difference(3, 0.0) == 0


@pytest.mark.parametrize(
    ("difference", "deviation", "options"),
    [
        (0.0, 0.05, {}),
        (0.05, -1.0, {}),
        (0.05, 0.05, {"power": 1.0}),
        (1e-6, 1.0, {}),
        (math.nan, 1.0, {}),
        (0.05, math.nan, {}),
        (0.05, math.inf, {}),
        (1e-300, 1.0, {}),
        (1e-320, 1e300, {}),
        (0.05, 0.05, {"level": math.nan}),
    ],
)
def test_what_cannot_be_asked_is_an_error(difference, deviation, options):
    with pytest.raises(TersenetError):
        seeds_needed(difference, deviation, **options)


@pytest.mark.parametrize(
    ("seeds", "difference", "deviation"), [(1, 0.1, 0.1), (5, math.nan, 0.1), (5, 0.1, math.nan), (10**9, 0.1, 0.1)]
)
def test_a_power_that_cannot_be_asked_for_is_an_error(seeds, difference, deviation):
    with pytest.raises(TersenetError, match="cannot be used"):
        comparison_power(seeds, difference, deviation)


def test_the_table_of_the_page_is_reckoned():
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    head = re.search(r"\| deviation between seeds \|(.*)\|", page)[1]
    differences = [float(cell.split()[0]) for cell in head.split("|")]
    rows = re.findall(r"^\| (0\.\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert len(rows) == 3
    for deviation, *seeds in rows:
        assert [seeds_needed(difference, float(deviation)) for difference in differences] == list(map(int, seeds))
