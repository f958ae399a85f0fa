"""One side against another: the difference, the tests, the images that changed, and a verdict in plain words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from tersenet.analysis.contender import Contender
from tersenet.analysis.noise import signed_points, two_decimals
from tersenet.evaluation import (
    LEVEL,
    POINTS,
    POWER,
    SEED_NOISE,
    McNemarTest,
    PermutationTest,
    WelchTest,
    mcnemar_test,
    permutation_test,
    seeds_needed,
    welch_test,
)

MOST_SEEDS_TOLD = 10_000


@dataclass(frozen=True, kw_only=True)
class Change:
    """Image `index` of class `label`, classified correctly by `right_a` of A's seeds and by `right_b` of B's.

    `guess_a` and `guess_b` are the most frequent guesses of each (−1: no answer).
    """

    index: int
    label: int
    guess_a: int
    guess_b: int
    right_a: int
    right_b: int


@dataclass(frozen=True, kw_only=True, eq=False)
class PairComparison:
    """B against A. `difference` is B's mean accuracy less A's, in points; `interval` is its 95 % interval.

    `welch` asks whether other seeds would show it (None for two single runs), `mcnemar` (for two single runs) and
    `permutation` (where one side has several) whether other pictures would; with best epochs in place of the last
    there are no pictures to ask. `p` is that of the first test there is, adjusted (Holm) for the number of pairs.
    `repaired` and `broken` are images that B gets right more often, or less often, than A; largest change first.
    """

    a: Contender
    b: Contender
    difference: float
    interval: tuple[float, float] | None
    p: float | None
    welch: WelchTest | None
    mcnemar: McNemarTest | None
    permutation: PermutationTest | None
    deviation: float
    seeds_needed: int | None
    resolution: float
    repaired: list[Change]
    broken: list[Change]

    @property
    def told(self) -> bool:
        """Whether the difference is significant: its p is below 0.05."""
        return self.p is not None and self.p < LEVEL

    @property
    def verdict(self) -> str:
        """Which is better by how much, or that no difference was found; one sentence."""
        better, worse = (self.b, self.a) if self.difference >= 0 else (self.a, self.b)
        points = abs(self.difference)
        if self.told and self.interval is not None:
            ends = sorted(math.copysign(1, self.difference) * end for end in self.interval)
            return f"{better.name} is better than {worse.name} by {points:.2f} points; 95 % interval {_span(ends)}."
        said = f"No significant difference: {self.b.name} − {self.a.name} = {signed_points(self.difference)} points"
        if self.interval is not None:
            said += f", 95 % interval {_span(self.interval)}"
        return f"{said}."

    @property
    def reasons(self) -> list[str]:
        """The evidence for the verdict, one sentence each."""
        return [text for text in (self._seeds(), self._pictures(), self._agreement(), self._resolving()) if text]

    def _seeds(self) -> str:
        if self.welch is None:
            return ""
        test = self.welch
        return (
            f"With other seeds, on these images: Welch's test of {self.a.seeds} against {self.b.seeds} seeds, "
            f"t = {two_decimals(test.t)}, {test.degrees:.1f} degrees of freedom, {p_in_words(test.p)}."
        )

    def _pictures(self) -> str:
        if self.mcnemar is not None:
            test = self.mcnemar
            return (
                f"With other images, for these two networks: McNemar's test, {test.repaired:,} images repaired and "
                f"{test.broken:,} broken by {self.b.name} of {test.images:,}, {p_in_words(test.p)} ({test.method})."
            )
        if self.permutation is not None:
            found = self.permutation
            how = "all sign patterns" if found.drawn is None else f"{found.drawn:,} sign patterns"
            return (
                f"With other images, for these networks: paired permutation over {found.images:,} images, "
                f"{found.differing:,} of them classified correctly by a different share of seeds, "
                f"{p_in_words(found.p)} ({how})."
            )
        return ""

    def _agreement(self) -> str:
        """Where the two questions have different answers, or only one was asked."""
        if self.mcnemar is not None:
            return (
                f"This compares two trained networks, not two recipes: another seed moves each by about "
                f"{SEED_NOISE} points near 99.5 %."
            )
        if self.welch is None or self.permutation is None or not self.told or self.permutation.p < LEVEL:
            return ""
        return (
            "So the recipes differ on these test images; on other images of the same kind they may not, since few "
            "images make the difference."
        )

    def _resolving(self) -> str:
        if self.told:
            return ""
        if self.seeds_needed is None:
            return f"No realistic number of seeds resolves {self.resolution:g} points at this spread."
        usual = ", the usual one near 99.5 %" if self.welch is None else ""
        return (
            f"To resolve {self.resolution:g} points, {self.seeds_needed:,} seeds per side are needed "
            f"({100 * POWER:.0f} % power, {100 * LEVEL:.0f} % level, deviation {self.deviation:.3f}{usual})."
        )


def compare_two(a: Contender, b: Contender, *, best: bool, resolution: float) -> PairComparison:
    """B against A; p is not adjusted yet.

    A side of several seeds is judged by Welch's test and a permutation over pictures, two single runs by McNemar's.
    """
    figures_a, figures_b = ((side.best_accuracies if best else side.accuracies) for side in (a, b))
    single = a.seeds == b.seeds == 1
    welch = None if single else welch_test(figures_a, figures_b, bounds=POINTS)
    mcnemar = mcnemar_test(a.right[0], b.right[0]) if single and not best else None
    permutation = None if single or best else permutation_test(a.right, b.right)
    decisive: WelchTest | McNemarTest | None = welch or mcnemar
    deviation = _pooled([side.spread.deviation for side in (a, b)])
    repaired, broken = ([], []) if best else _changes(a, b)
    return PairComparison(
        a=a,
        b=b,
        difference=fmean(figures_b) - fmean(figures_a),
        interval=decisive.interval if decisive else None,
        p=decisive.p if decisive else None,
        welch=welch,
        mcnemar=mcnemar,
        permutation=permutation,
        deviation=deviation,
        seeds_needed=_seeds_needed(resolution, deviation),
        resolution=resolution,
        repaired=repaired,
        broken=broken,
    )


def _pooled(deviations: Sequence[float | None]) -> float:
    """The root of the mean variance of the sides that have one; the usual deviation where none has."""
    known = [deviation for deviation in deviations if deviation is not None]
    return math.sqrt(fmean(deviation**2 for deviation in known)) if known else SEED_NOISE


def _seeds_needed(resolution: float, deviation: float) -> int | None:
    if deviation > resolution * math.sqrt(MOST_SEEDS_TOLD / 16):
        return None
    return seeds_needed(resolution, deviation)


def _changes(a: Contender, b: Contender) -> tuple[list[Change], list[Change]]:
    """Images that B gets right more often, and less often; the largest changes first, then by number."""
    right_a, right_b = a.right.sum(axis=0), b.right.sum(axis=0)
    gain = right_b / b.seeds - right_a / a.seeds
    changes = [
        Change(
            index=index,
            label=int(a.labels[index]),
            guess_a=_most_frequent(a.guess[:, index]),
            guess_b=_most_frequent(b.guess[:, index]),
            right_a=int(right_a[index]),
            right_b=int(right_b[index]),
        )
        for index in np.argsort(-np.abs(gain), kind="stable").tolist()
        if gain[index]
    ]
    return [change for change in changes if gain[change.index] > 0], [
        change for change in changes if gain[change.index] < 0
    ]


def _most_frequent(guess_s: np.ndarray) -> int:
    return int(Counter(guess_s.tolist()).most_common(1)[0][0])


def p_in_words(p: float) -> str:
    """A p-value as it is printed.

    >>> p_in_words(0.0312), p_in_words(1e-7)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.0995 else f"p = {p:.2f}"


def _span(ends: Sequence[float]) -> str:
    low, high = ends
    return f"{two_decimals(low)} to {two_decimals(high)}"
