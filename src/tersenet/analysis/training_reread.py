"""What regularisation does: the training images measured again, with dropout and augmentation switched off and on.

The training accuracy of an epoch is counted while the weights change, on augmented images and with dropout active,
so that it cannot be compared with the test accuracy. Here the same images are read as test images are: with the saved
weights, in evaluation mode, without augmentation. On a sample of them dropout alone and augmentation alone are
switched on again, which tells what each of the two costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tersenet.analysis.figure_keys import REGULARISATION
from tersenet.analysis.history import History
from tersenet.analysis.noise import Finding
from tersenet.data import Augmentation, Split
from tersenet.evaluation import evaluate, guesses, predict_logits
from tersenet.networks import is_dropout
from tersenet.training import EvaluationBatches, TrainingBatches

SAMPLE = 10_000  # images on which dropout and augmentation are switched on again: the same ones each time


@dataclass(frozen=True, kw_only=True)
class TrainingReread:
    """The training images measured again with trained weights; accuracies in percent.

    `accuracy` and `loss` (nats) are of all `images`, without dropout and augmentation. Of the first `sample` of them
    `plain` is the accuracy read so, `with_dropout` and `with_augmentation` that with the one of them switched on;
    None where the network has no dropout, or the recipe no augmentation.
    """

    images: int
    accuracy: float
    loss: float
    sample: int
    plain: float
    with_dropout: float | None
    with_augmentation: float | None


def read_again(
    model: nn.Module,
    images: Split,
    augmentation: Augmentation | None = None,
    *,
    seed: int = 0,
    sample: int = SAMPLE,
) -> TrainingReread:
    """Read the images that a network was trained on, without and with what regularised its training.

    The model's modes and the caller's random numbers are as before afterwards.

    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(784, 2))
    >>> pictures = Split(images=torch.zeros(6, 28, 28, dtype=torch.uint8), labels=torch.zeros(6, dtype=torch.int64))
    >>> reading = read_again(network, pictures)
    >>> reading.images, reading.with_dropout, reading.with_augmentation
    (6, None, None)
    """
    logits, labels = predict_logits(model, EvaluationBatches(images))
    right = guesses(logits) == labels
    few = images.take(torch.arange(min(sample, len(images))))
    dropout, augmented = None, None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if any(is_dropout(module) and module.p > 0 for module in model.modules()):
            dropout = evaluate(_Dropping(model), EvaluationBatches(few)).accuracy
        if augmentation is not None and augmentation.active:
            batches = TrainingBatches(few, batch_size=500, augmentation=augmentation, seed=seed)
            augmented = evaluate(model, batches.epoch(1)).accuracy
    return TrainingReread(
        images=len(labels),
        accuracy=100 * int(right.sum()) / len(labels),
        loss=float(F.cross_entropy(logits.double(), labels)),
        sample=len(few),
        plain=100 * int(right[: len(few)].sum()) / len(few),
        with_dropout=dropout,
        with_augmentation=augmented,
    )


class _Dropping(nn.Module):
    """A network in evaluation mode with its dropout layers active: batch normalisation stays as it was trained."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x_nchw: Tensor) -> Tensor:
        for module in self.modules():
            if is_dropout(module):
                module.training = True
        logits: Tensor = self.model(x_nchw)
        return logits


def regularisation(history: History, reading: TrainingReread | None) -> Finding | None:
    """What dropout and augmentation cost in training accuracy, both figures measured on the training images."""
    if reading is None or history.train_accuracy is None:
        return None
    during = history.train_accuracy[-1]
    costs = _costs(reading)
    names = " and ".join(costs)
    said = (
        f"Over the last epoch the training accuracy was {during:.2f} %, measured while the weights changed"
        f"{f', with {names} active' if costs else ''}. The same {reading.images:,} images, measured again with the "
        f"saved weights{f', without {names}' if costs else ''}: {reading.accuracy:.2f} %, "
        f"{_change(reading.accuracy - during)}."
    )
    if costs:
        parts = " and ".join(f"{name} alone costs {points:.2f} points" for name, points in costs.items())
        said += f" On {reading.sample:,} of them, with these weights, {parts}."
    else:
        said += " Without dropout and augmentation, the difference comes from the changing weights alone."
    return Finding(rule="regularisation", text=said, figure=REGULARISATION)


def heaviest(reading: TrainingReread) -> tuple[str, float] | None:
    """Which of dropout and augmentation costs more training accuracy, and how many points; None without either."""
    return max(_costs(reading).items(), key=lambda pair: pair[1], default=None)


def _costs(reading: TrainingReread) -> dict[str, float]:
    read = {"dropout": reading.with_dropout, "augmentation": reading.with_augmentation}
    return {name: reading.plain - accuracy for name, accuracy in read.items() if accuracy is not None}


def _change(points: float) -> str:
    word = "higher" if points >= 0 else "lower"
    return f"{abs(points):.2f} points {word}"
