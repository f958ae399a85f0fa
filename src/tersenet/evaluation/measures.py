"""The measures of a classifier: accuracy, loss, per class, confusions, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.evaluation.calibration import Calibration, calibrate
from tersenet.evaluation.evaluate import NO_ANSWER, guesses


@dataclass(frozen=True, kw_only=True)
class ClassMeasures:
    """One class: precision, recall and F1 from 0 to 1 (NaN where undefined), and its number of pictures (support)."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, kw_only=True)
class ConfusedPair:
    """`count` pictures of class `label` that were read as class `guess`; both are class numbers."""

    label: int
    guess: int
    count: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """What `measure` found.

    `accuracy` is in percent, `loss` the mean cross-entropy in nats; `confusion` is int64 `[K, K]`, rows the truth,
    columns the guess; `confused_pairs` holds its entries off the diagonal, most frequent first. `unanswered` pictures
    got NaN for an answer: they count as wrong and appear in no column of `confusion` and no bin of `calibration`.
    """

    images: int
    correct: int
    unanswered: int
    accuracy: float
    loss: float
    classes: tuple[str, ...]
    per_class: tuple[ClassMeasures, ...]
    confusion: Tensor
    confused_pairs: tuple[ConfusedPair, ...]
    calibration: Calibration


def measure(logits: Tensor, labels: Tensor, classes: Sequence[str] | None = None) -> Measures:
    """All measures of logits (or log-probabilities) `[N, K]` against labels `[N]`.

    `classes` names the K classes; without it they are called by number. Precision of a class that was never guessed,
    and recall of a class without pictures, are NaN: undefined, not 0. Raises `TersenetError` where shapes, labels or
    names do not fit.

    >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.0, 2.0]])
    >>> measures = measure(logits, torch.tensor([0, 1, 1, 1]), ["cat", "dog"])
    >>> measures.accuracy, measures.confusion.tolist(), measures.confused_pairs
    (75.0, [[1, 0], [1, 2]], (ConfusedPair(label=1, guess=0, count=1),))
    >>> print([(row.name, round(row.precision, 3), round(row.recall, 3), row.support) for row in measures.per_class])
    [('cat', 0.5, 1.0, 1), ('dog', 1.0, 0.667, 3)]
    """
    names = _class_names(logits, labels, classes)
    guess_n = guesses(logits)
    right_n = guess_n == labels
    confusion = confusion_matrix(guess_n, labels, len(names))
    confidence_n = logits.softmax(dim=1).amax(dim=1)
    return Measures(
        images=len(labels),
        correct=int(right_n.sum()),
        unanswered=int((guess_n == NO_ANSWER).sum()),
        accuracy=100 * int(right_n.sum()) / len(labels),
        loss=float(F.cross_entropy(logits.double(), labels)),
        classes=names,
        per_class=_per_class(confusion, torch.bincount(labels, minlength=len(names)), names),
        confusion=confusion,
        confused_pairs=confused_pairs(confusion),
        calibration=calibrate(confidence_n, right_n),
    )


def confusion_matrix(guess_n: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How often each class was read as each: int64 `[K, K]`, rows the truth, columns the guess.

    A guess of `NO_ANSWER` has no column and is left out.

    >>> confusion_matrix(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    answered = guess_n != NO_ANSWER
    places = labels[answered] * classes + guess_n[answered]
    return torch.bincount(places, minlength=classes * classes).view(classes, classes)


def confused_pairs(confusion: Tensor) -> tuple[ConfusedPair, ...]:
    """The entries of a confusion matrix off its diagonal that are not 0, most frequent first, then by class.

    >>> [(pair.label, pair.guess, pair.count) for pair in confused_pairs(torch.tensor([[9, 1], [3, 7]]))]
    [(1, 0, 3), (0, 1, 1)]
    """
    pairs = [
        ConfusedPair(label=label, guess=guess, count=count)
        for label, row in enumerate(confusion.tolist())
        for guess, count in enumerate(row)
        if count and label != guess
    ]
    return tuple(sorted(pairs, key=lambda pair: -pair.count))


def _per_class(confusion: Tensor, support_k: Tensor, names: tuple[str, ...]) -> tuple[ClassMeasures, ...]:
    hits_k = confusion.diagonal().double()
    guessed_k = confusion.sum(dim=0)
    # 0/0 is NaN, which is what "undefined" is called here. F1 = 2·TP / (guessed + support).
    precision_k, recall_k = hits_k / guessed_k, hits_k / support_k
    f1_k = 2 * hits_k / (guessed_k + support_k)
    return tuple(
        ClassMeasures(
            name=name,
            precision=float(precision_k[k]),
            recall=float(recall_k[k]),
            f1=float(f1_k[k]),
            support=int(support_k[k]),
        )
        for k, name in enumerate(names)
    )


def _class_names(logits: Tensor, labels: Tensor, classes: Sequence[str] | None) -> tuple[str, ...]:
    if logits.dim() != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise TersenetError(
            "Logits and labels do not fit each other.",
            got=f"logits {list(logits.shape)}, labels {list(labels.shape)}",
            expected="logits [N, K] and labels [N], with N of 1 or more",
        )
    count = logits.shape[1]
    if not 0 <= int(labels.min()) <= int(labels.max()) < count:
        raise TersenetError(
            "The labels do not fit the logits.",
            got=f"labels from {int(labels.min())} to {int(labels.max())}",
            expected=f"0 to {count - 1}, as there are {count} logits per picture",
        )
    names = tuple(map(str, range(count) if classes is None else classes))
    if len(names) != count:
        raise TersenetError(
            "The number of class names is not the number of logits.",
            got=f"{len(names)} names",
            expected=f"{count}",
        )
    return names
