"""Whether two networks, or two ways of training, differ: Welch's test, McNemar's test, a permutation over pictures.

The three ask different questions. Welch's test asks it of seeds: would other seeds show it too, on these pictures?
McNemar's test and the permutation ask it of pictures: would other pictures show it too, with these trained networks?
Differences are those of B from A: above 0 where B is better.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tersenet._errors import TersenetError, check_setting
from tersenet.evaluation.statistics import check_confidence, check_figures, common_scale, unscaled
from tersenet.evaluation.student_t import t_quantile, t_two_sided

EXACT_PAIRS = (
    1_000  # discordant pairs up to which McNemar's test counts all outcomes; integers of 1,000 bits are cheap
)
PERMUTATIONS = 100_000  # a p of 0.05 is then known to ± 0.0014
_MOST_COUNTED = 30_000_000  # pictures times sums: a tenth of a second


@dataclass(frozen=True, kw_only=True)
class WelchTest:
    """Mean of B minus mean of A in the figures' unit, its interval, and the two-sided p of no difference."""

    difference: float
    interval: tuple[float, float]
    t: float
    degrees: float
    p: float


def welch_test(
    a: Sequence[float],
    b: Sequence[float],
    *,
    confidence: float = 0.95,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> WelchTest:
    """Compare the means of two samples whose deviations may differ.

    Source: B. L. Welch, "The generalization of 'Student's' problem when several different population variances are
    involved", 1947. A side of a single figure has no deviation of its own and is given the other's: J. R. Crawford
    and D. C. Howell, "Comparing an individual's test score against norms derived from small samples", 1998.

    The interval is clipped to `bounds`: a difference of two accuracies cannot leave −100 to 100 points.

    Raises TersenetError where a side has no figure, both have only one, or a figure is not finite.

    >>> found = welch_test([99.40, 99.44, 99.42, 99.38], [99.47, 99.50, 99.46, 99.49])
    >>> round(found.difference, 4), [round(end, 4) for end in found.interval], round(found.p, 4)
    (0.07, [0.0302, 0.1098], 0.0057)
    """
    if not a or not b or len(a) + len(b) < 3:
        raise TersenetError(
            "Welch's test needs at least two seeds on one side.",
            got=f"{len(a)} and {len(b)} figures",
            hint="compare two single runs by their pictures: McNemar's test",
        )
    check_figures([*a, *b], "Welch's test needs finite figures.")
    check_confidence(confidence)
    exponent, scaled = common_scale([*a, *b])
    sides = scaled[: len(a)], scaled[len(a) :]
    difference = statistics.fmean(sides[1]) - statistics.fmean(sides[0])
    # The variance of each mean, and how well it is known.
    variances = [statistics.variance(side) if len(side) > 1 else None for side in sides]
    known = [variance for variance in variances if variance is not None]
    parts = [
        (known[0] if variance is None else variance) / len(side)
        for variance, side in zip(variances, sides, strict=True)
    ]
    total = sum(parts)
    if len(known) == 1:
        degrees = float(max(len(a), len(b)) - 1)
    elif total > 0:
        degrees = 1 / sum((part / total) ** 2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True))
    else:
        degrees = float(len(a) + len(b) - 2)
    error = math.sqrt(total)
    t = difference / error if error > 0 else math.copysign(math.inf, difference) if difference else 0.0
    half = t_quantile((1 + confidence) / 2, degrees) * error
    low, high = unscaled(difference - half, exponent), unscaled(difference + half, exponent)
    return WelchTest(
        difference=unscaled(difference, exponent),
        interval=(max(bounds[0], low), min(bounds[1], high)),
        t=t,
        degrees=degrees,
        p=t_two_sided(t, degrees),
    )


@dataclass(frozen=True, kw_only=True)
class McNemarTest:
    """Two networks on the same pictures: B `repaired` some of A's mistakes and has `broken` others.

    `difference` and `interval` are in percentage points, `p` is two-sided, `method` says how it was found.
    """

    images: int
    repaired: int
    broken: int
    difference: float
    interval: tuple[float, float]
    p: float
    method: str


def mcnemar_test(right_a: np.ndarray, right_b: np.ndarray, *, confidence: float = 0.95) -> McNemarTest:
    """Compare two networks on the same N pictures; both arrays are bool `[N]`, true where the network was right.

    Only pictures on which they differ count: without a difference each is a fair coin. Up to 1,000 of them
    the outcomes are counted exactly (binomial); beyond, χ² with continuity correction (A. L. Edwards, 1948).
    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions", 1947. The
    interval adds one to either count, within ±100 points: D. G. Bonett and R. M. Price, "Adjusted Wald confidence
    interval for a difference of binomial proportions based on paired data", 2012.

    >>> a, b = np.array([True] * 8 + [False] * 12), np.array([True] * 7 + [False] + [True] * 7 + [False] * 5)
    >>> found = mcnemar_test(a, b)
    >>> found.repaired, found.broken, round(found.difference, 1), round(found.p, 4)
    (7, 1, 30.0, 0.0703)
    """
    check_confidence(confidence)
    right_a, right_b = _same_pictures(right_a[None], right_b[None])
    repaired, broken = int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum())
    images, discordant = right_a.shape[1], repaired + broken
    if discordant <= EXACT_PAIRS:
        tail = sum(math.comb(discordant, count) for count in range(min(repaired, broken) + 1))
        p, method = min(1.0, 2 * tail / 2**discordant), "exact binomial"
    else:
        chi_square = (abs(repaired - broken) - 1) ** 2 / discordant if repaired != broken else 0.0
        p, method = math.erfc(math.sqrt(chi_square / 2)), "χ² with continuity correction"
    up, down = (repaired + 1) / (images + 2), (broken + 1) / (images + 2)
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    half = z * math.sqrt((up + down - (up - down) ** 2) / (images + 2))
    return McNemarTest(
        images=images,
        repaired=repaired,
        broken=broken,
        difference=100 * (repaired - broken) / images,
        interval=(max(-100.0, 100 * (up - down - half)), min(100.0, 100 * (up - down + half))),
        p=p,
        method=method,
    )


@dataclass(frozen=True, kw_only=True)
class PermutationTest:
    """Two groups on the same pictures: `difference` of their mean accuracies in points, and its two-sided p.

    `differing` of the `images` pictures are classified correctly more often by one group than by the other. `drawn`
    is the number of sign patterns that were drawn, None where all were counted.
    """

    images: int
    differing: int
    difference: float
    p: float
    drawn: int | None


def permutation_test(
    right_a: np.ndarray, right_b: np.ndarray, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> PermutationTest:
    """Compare two groups of networks picture by picture; bool `[seeds of A, N]` and `[seeds of B, N]`.

    Each picture gives the difference of its mean correctness across the seeds. Were there no difference between the
    groups, its sign would be a coin toss: p is the share of sign patterns whose sum is at least as far from 0 as
    the one seen (R. A. Fisher, "The Design of Experiments", 1935, section 21). With one network per side this is
    McNemar's exact test. All patterns are counted where that takes a moment, as it does for networks that agree on
    most pictures; else `permutations` are drawn by `seed`, and the one seen counts as one more (B. Phipson and
    G. Smyth, 2010).

    >>> a = np.zeros((2, 50), dtype=bool)
    >>> b = np.arange(50) < np.array([[6], [4]])
    >>> found = permutation_test(a, b)
    >>> found.differing, round(found.difference, 1), found.p, found.drawn
    (6, 10.0, 0.03125, None)
    """
    check_setting(permutations >= 1, "permutations", permutations, "one or more")
    right_a, right_b = _same_pictures(right_a, right_b)
    seeds_a, seeds_b = len(right_a), len(right_b)
    # In units of 1/(seeds_a·seeds_b) the differences are whole numbers, so that equal sums compare as equal.
    difference_n = right_b.sum(axis=0, dtype=np.int64) * seeds_a - right_a.sum(axis=0, dtype=np.int64) * seeds_b
    unit = max(1, int(np.gcd.reduce(difference_n)))
    size_n = np.abs(difference_n[difference_n != 0]) // unit
    seen = abs(int(difference_n.sum())) // unit
    drawn = None if len(size_n) * int(size_n.sum()) <= _MOST_COUNTED else permutations
    if drawn is None:
        p = _share_of_all(size_n, seen)
    else:
        p = _share_of_drawn(size_n, seen, drawn, np.random.default_rng(seed))
    return PermutationTest(
        images=right_a.shape[1],
        differing=len(size_n),
        difference=100 * float(difference_n.mean()) / (seeds_a * seeds_b),
        p=p,
        drawn=drawn,
    )


def _share_of_all(size_n: np.ndarray, seen: int) -> float:
    """The share of all 2ᴺ sign patterns whose sum is `seen` or more, either way: the sum's distribution, exactly.

    Picture by picture the distribution is moved up and down by the picture's size, each half the time.
    """
    reach = int(size_n.sum())
    share_s = np.zeros(2 * reach + 1)  # the share of the sum s is at s + reach
    share_s[reach] = 1.0
    done = 0
    for size in size_n.tolist():
        before = share_s[reach - done : reach + done + 1] / 2
        share_s[reach - done : reach + done + 1] = 0.0
        share_s[reach - done - size : reach + done - size + 1] += before
        share_s[reach - done + size : reach + done + size + 1] += before
        done += size
    if seen == 0:
        return 1.0
    return min(1.0, float(2 * share_s[reach + seen :].sum()))


def _share_of_drawn(size_n: np.ndarray, seen: int, permutations: int, numbers: np.random.Generator) -> float:
    """The same share of patterns drawn at random; of k pictures of one size, a binomial number point up."""
    sum_s = np.zeros(permutations, dtype=np.int64)
    for size, count in zip(*np.unique(size_n, return_counts=True), strict=True):
        sum_s += size * (2 * numbers.binomial(count, 0.5, size=permutations) - count)
    return (1 + int((np.abs(sum_s) >= seen).sum())) / (1 + permutations)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of several comparisons, adjusted so that one level holds for all of them together.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", 1979. Raises TersenetError
    where one is not from 0 to 1.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    check_setting(all(0 <= p <= 1 for p in p_values), "p_values", list(p_values), "from 0 to 1")
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def _same_pictures(right_a: np.ndarray, right_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as bool `[seeds, N]`; raises TersenetError where they are not about the same pictures."""
    fits = right_a.ndim == right_b.ndim == 2 and right_a.shape[1] == right_b.shape[1] > 0
    if not fits or not len(right_a) or not len(right_b):
        raise TersenetError(
            "Both sides must be measured on the same pictures.",
            got=f"shapes {list(right_a.shape)} and {list(right_b.shape)}",
            expected="[seeds, N] with the same N of 1 or more",
        )
    for right in (right_a, right_b):
        if not np.isin(right, (0, 1)).all():
            raise TersenetError(
                "Results per picture must be True or False.",
                got=f"values of {right.dtype}",
                expected="True or False",
            )
    return right_a.astype(bool), right_b.astype(bool)
