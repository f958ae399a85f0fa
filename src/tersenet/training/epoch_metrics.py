"""What one epoch measured: a row of `metrics.csv`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """The figures of one epoch; accuracies in percent, times in seconds.

    The training pair is measured during the epoch, on augmented images and with dropout active, as the
    course networks do. Where images were held out, the validation pair replaces the test pair.
    `learning_rate` is that of the epoch's first step.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    test_loss: float | None = None
    test_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    seconds: float
    images_per_second: float

    @property
    def held_out_accuracy(self) -> float:
        """The epoch's accuracy on images it did not learn from: validation where there is one, else test."""
        accuracy = self.test_accuracy if self.validation_accuracy is None else self.validation_accuracy
        assert accuracy is not None
        return accuracy


def best_epoch(metrics: Sequence[EpochMetrics]) -> EpochMetrics:
    """The first of the epochs with the highest accuracy on test (or validation) images: shown, never claimed.

    >>> rows = [EpochMetrics(epoch=e, learning_rate=0.1, train_loss=0.1, train_accuracy=97.0, test_loss=0.1,
    ...                      test_accuracy=a, seconds=1.0, images_per_second=9.0) for e, a in ((1, 98.0), (2, 99.0))]
    >>> best_epoch(rows).epoch
    2
    """
    return max(metrics, key=lambda row: row.held_out_accuracy)
