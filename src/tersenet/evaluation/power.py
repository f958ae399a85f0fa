"""How many seeds a comparison needs: the power of the t-test of two means."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from tersenet._errors import TersenetError, check_setting
from tersenet.evaluation.student_t import t_quantile

POWER, LEVEL = 0.8, 0.05
MOST_SEEDS = 1_000_000


def comparison_power(seeds: int, difference: float, deviation: float, *, level: float = LEVEL) -> float:
    """The probability that a t-test of `seeds` figures per side finds a true `difference` at this level, two-sided.

    `difference` and `deviation` (of one figure, the same on both sides) are in one unit. With
    δ = difference/(s·√(2/n)) and ν = 2n − 2 the test statistic is (Z + δ)/√(V/ν), Z normal and V χ² with ν degrees:
    its tails beyond ±t are integrated over √(V/ν).

    >>> round(comparison_power(16, 0.05, 0.05), 3), round(comparison_power(17, 0.05, 0.05), 3)
    (0.781, 0.807)
    """
    check_setting(2 <= seeds <= MOST_SEEDS, "seeds", seeds, f"2 to {MOST_SEEDS:,} per side")
    check_setting(math.isfinite(difference), "difference", difference, "finite")
    check_setting(0 < deviation < math.inf, "deviation", deviation, "above 0 and finite")
    check_setting(0 < level < 1, "level", level, "between 0 and 1")
    degrees = 2 * seeds - 2
    shift = abs(difference) / (deviation * math.sqrt(2 / seeds))
    critical = t_quantile(1 - level / 2, degrees)
    reach = 12 / math.sqrt(2 * degrees)  # twelve deviations of √(V/ν) either side
    low, high = max(0.0, 1 - reach), 1 + reach
    node_n, weight_n = np.polynomial.legendre.leggauss(200)
    root_n = low + (high - low) * (node_n + 1) / 2
    half = degrees / 2
    log_density_n = (
        math.log(2)
        + half * math.log(half)
        - math.lgamma(half)
        + (degrees - 1) * np.log(root_n)
        - half * np.square(root_n)
    )
    below = NormalDist().cdf
    tails = [below(shift - critical * root) + below(-shift - critical * root) for root in root_n.tolist()]
    return float((high - low) / 2 * weight_n @ (np.exp(log_density_n) * tails))


def seeds_needed(difference: float, deviation: float, *, power: float = POWER, level: float = LEVEL) -> int:
    """How many seeds per side find a true `difference` with this power, two-sided at this level; two at least.

    Raises TersenetError where the difference is 0, or a million seeds would not be enough.

    >>> seeds_needed(0.05, 0.05), seeds_needed(0.05, 0.047), seeds_needed(0.02, 0.05)
    (17, 15, 100)
    """
    check_setting(difference != 0 and math.isfinite(difference), "difference", difference, "other than 0, and finite")
    check_setting(0 <= deviation < math.inf, "deviation", deviation, "0 or above and finite")
    check_setting(0 < level < power < 1, "power", power, "between the level and 1")
    if deviation == 0:
        return 2
    normal = NormalDist()
    z = normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)
    ratio = deviation / abs(difference)
    if ratio > math.sqrt(MOST_SEEDS / 2) / z:
        raise TersenetError(
            "No practical number of seeds resolves this difference.",
            got=f"a difference of {difference:g} with a deviation of {deviation:g}",
            expected=f"{MOST_SEEDS:,} seeds per side at most",
        )
    estimate = 2 * (z * ratio) ** 2
    # The normal distribution's answer is a little short, as it takes the deviation for known.
    seeds = max(2, math.floor(estimate) - 1)
    while comparison_power(seeds, difference, deviation, level=level) < power:
        seeds += 1
    return seeds


def resolved_difference(seeds: int, deviation: float, *, power: float = POWER, level: float = LEVEL) -> float:
    """The smallest true difference that `seeds` per side find with this power, in the deviation's unit.

    >>> round(resolved_difference(16, 0.05), 3), round(resolved_difference(5, 0.05), 3)
    (0.051, 0.101)
    """
    check_setting(2 <= seeds <= MOST_SEEDS, "seeds", seeds, f"2 to {MOST_SEEDS:,} per side")
    check_setting(0 <= deviation < math.inf, "deviation", deviation, "0 or above and finite")
    check_setting(0 < level < power < 1, "power", power, "between the level and 1")
    if deviation == 0:
        return 0.0
    low, high = 0.0, deviation
    while comparison_power(seeds, high, deviation, level=level) < power:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        if comparison_power(seeds, middle, deviation, level=level) < power:
            low = middle
        else:
            high = middle
    return high
