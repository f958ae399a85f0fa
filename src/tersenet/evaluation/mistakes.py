"""The pictures that a network classifies incorrectly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from tersenet.evaluation.evaluate import guesses


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """Picture `index` of class `label` was read as class `guess` with this probability (0 to 1).

    Where the network answered NaN the guess is `NO_ANSWER` (−1) and the probability NaN.
    """

    index: int
    label: int
    guess: int
    probability: float


def find_mistakes(logits: Tensor, labels: Tensor) -> list[Mistake]:
    """The pictures whose guess is not their label, the most confident first; NaN answers come last.

    `logits` are logits or log-probabilities `[N, K]`, `labels` int64 `[N]`; `index` counts along N.

    >>> import torch
    >>> logits = torch.tensor([[0.0, 1.0], [0.0, 3.0], [5.0, 0.0]])
    >>> [(mistake.index, round(mistake.probability, 3)) for mistake in find_mistakes(logits, torch.tensor([0, 0, 0]))]
    [(1, 0.953), (0, 0.731)]
    """
    guess_n = guesses(logits)
    probability_n = logits.softmax(dim=1).amax(dim=1)
    mistakes = [
        Mistake(
            index=index, label=int(labels[index]), guess=int(guess_n[index]), probability=float(probability_n[index])
        )
        for index in (guess_n != labels).nonzero().flatten().tolist()
    ]
    # NaN compares as neither smaller nor larger, so it is sorted by a flag of its own.
    return sorted(mistakes, key=lambda mistake: (mistake.probability != mistake.probability, -mistake.probability))


@dataclass(frozen=True, kw_only=True)
class WrongLabel:
    """A label as the data set gives it, and the class that people read."""

    given: int
    read: int


KNOWN_WRONG_LABELS: Mapping[str, Mapping[int, WrongLabel]] = MappingProxyType(
    {
        # Ten labels of MNIST's test set are wrong by human consensus: C. Northcutt, A. Athalye, J. Mueller,
        # "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", 2021
        # (cleanlab's label-errors).
        "mnist": MappingProxyType(
            {
                947: WrongLabel(given=8, read=9),
                1621: WrongLabel(given=0, read=6),
                1901: WrongLabel(given=9, read=4),
                2462: WrongLabel(given=2, read=0),
                2597: WrongLabel(given=5, read=3),
                3558: WrongLabel(given=5, read=0),
                5937: WrongLabel(given=5, read=3),
                6651: WrongLabel(given=0, read=6),
                6783: WrongLabel(given=1, read=6),
                9729: WrongLabel(given=5, read=6),
            }
        )
    }
)
"""Test labels known to be wrong, by data set and index. They count as given in a headline; galleries mark them."""


def known_wrong_label(data: str, index: int, label: int) -> WrongLabel | None:
    """What is known against the label of test picture `index` of the data set called `data`.

    >>> known_wrong_label("mnist", 2597, 5)
    WrongLabel(given=5, read=3)
    >>> known_wrong_label("mnist", 0, 7) is None, known_wrong_label("synthetic", 2597, 5) is None
    (True, True)
    """
    wrong = KNOWN_WRONG_LABELS.get(data, {}).get(index)
    return wrong if wrong is not None and wrong.given == label else None


def corrected_labels(data: str, labels: Tensor) -> Tensor | None:
    """The test labels int64 `[N]` of the data set called `data` with those known to be wrong as people read them.

    None where nothing is known against any of them: other data, or a label that is not the one found wrong.

    >>> import torch
    >>> labels = torch.zeros(10_000, dtype=torch.int64)
    >>> corrected_labels("mnist", labels)[[1621, 6651, 9729]].tolist(), corrected_labels("kmnist", labels)
    ([6, 6, 0], None)
    """
    corrected = labels.clone()
    for index, wrong in KNOWN_WRONG_LABELS.get(data, {}).items():
        if index < len(labels) and int(labels[index]) == wrong.given:
            corrected[index] = wrong.read
    return None if bool((corrected == labels).all()) else corrected
