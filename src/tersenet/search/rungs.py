"""Which trial is promoted: rungs of ever longer trainings, without a barrier between them.

Source: L. Li and others, "A System for Massively Parallel Hyperparameter Tuning", 2020 (ASHA). Other than there, each
rung is a complete training with its own schedule, not the beginning of a longer one: a schedule that is cut short
ranks networks incorrectly.
"""

from __future__ import annotations

import bisect
import math

Score = tuple[float, ...]
"""What trials of a rung are ordered by, the lowest first."""


class Rungs:
    """The finished trials of each rung, and which of them have been promoted.

    A trial of rung k goes to rung k + 1 when it is among the best third of those that have finished rung k.

    >>> rungs = Rungs(3)
    >>> for trial, loss in enumerate([0.5, 0.3, 0.4]):
    ...     rungs.finished(trial, 0, loss)
    >>> rungs.promotion()
    (1, 1)
    >>> rungs.promotion() is None
    True
    """

    def __init__(self, count: int, *, keep_one_in: int = 3) -> None:
        self.count, self.keep_one_in = count, keep_one_in
        self._ranked: list[list[tuple[Score, int]]] = [[] for _ in range(count)]
        self._sizes: list[dict[int, tuple[float, float]]] = [{} for _ in range(count)]
        self._promoted: list[set[int]] = [set() for _ in range(count)]

    def finished(self, trial: int, rung: int, loss: float, size: float | None = None) -> None:
        """A trial has its value in a rung. With sizes, those come first that fewer others beat in both."""
        if size is None:
            bisect.insort(self._ranked[rung], ((loss,), trial))
            return
        sizes = self._sizes[rung]
        beaten_by = sum(other <= loss and small <= size for other, small in sizes.values())
        sizes[trial] = (loss, size)
        again = []
        for (dominated, value, measure), other in self._ranked[rung]:
            worse = loss <= value and size <= measure
            again.append(((dominated + worse, value, measure), other))
        self._ranked[rung] = sorted([*again, ((float(beaten_by), loss, size), trial)])

    def promotion(self, *, lowest: int = 0) -> tuple[int, int] | None:
        """A trial and the rung that it goes to next, the highest rung first; it counts as promoted from then on."""
        for rung in range(self.count - 2, lowest - 1, -1):
            ranked, promoted = self._ranked[rung], self._promoted[rung]
            for _, trial in ranked[: len(ranked) // self.keep_one_in]:
                if trial not in promoted:
                    promoted.add(trial)
                    return trial, rung + 1
        return None

    def promoted(self, trial: int, rung: int) -> None:
        """A trial has gone on from a rung already, as a search that is resumed knows."""
        self._promoted[rung].add(trial)

    def is_waiting(self, trial: int, rung: int) -> bool:
        """Whether a trial that finished a rung was not promoted from it."""
        return trial not in self._promoted[rung]

    def best_in(self, rung: int, many: int) -> list[int]:
        """The best trials of a rung."""
        return [trial for _, trial in self._ranked[rung][:many]]

    def finished_in(self, rung: int) -> int:
        """How many trials have finished a rung."""
        return len(self._ranked[rung])

    @property
    def promotions(self) -> int:
        """How many promotions there were."""
        return sum(map(len, self._promoted))


def seeds_of_leaders(losses: dict[int, list[float]], *, most_seeds: int) -> list[tuple[int, int]]:
    """Which seed is added next to which leader: trial and number of seeds that it then has, the most urgent first.

    `losses` has one figure per seed that each leader was trained with. The eight best get two seeds, the four best of
    those four, the two best of those eight: seeds are spent where the question is still open (successive halving,
    Z. Karnin and others, "Almost Optimal Exploration in Multi-Armed Bandits", 2013). Leaders share their seeds, and
    with these the held-out images.

    >>> seeds_of_leaders({3: [0.2], 5: [0.3]}, most_seeds=8)
    [(3, 2), (5, 2)]
    >>> seeds_of_leaders({3: [0.2, 0.3], 5: [0.3, 0.3]}, most_seeds=4)
    [(3, 3), (5, 3)]
    """
    wanted: list[tuple[int, int]] = []
    leaders, seeds = sorted(losses, key=lambda trial: mean_loss(losses[trial][:1])), 1
    many = min(8, len(leaders))
    while many >= 1 and seeds < most_seeds:
        leaders = sorted(leaders, key=lambda trial: mean_loss(losses[trial][:seeds]))[:many]
        seeds = min(2 * seeds, most_seeds)
        wanted = [(trial, len(losses[trial]) + 1) for trial in leaders if len(losses[trial]) < seeds]
        if wanted:
            return sorted(wanted, key=lambda each: each[1])
        many = max(min(2, len(leaders)), many // 2)
    return wanted


def mean_loss(losses: list[float]) -> float:
    """The mean of some losses; infinite where there is none."""
    return math.fsum(losses) / len(losses) if losses else math.inf
