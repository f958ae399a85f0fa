"""Whether the labels belong to the pictures: neighbours of one picture mostly share its label, if they do.

Two independent readings must both be at chance before anything is said: the label of the nearest other picture, and
a linear classifier (ridge regression, in closed form) that learned from one half and reads the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tersenet.inspection.doctor.check_record import Check, DoctorFinding, unlooked
from tersenet.inspection.doctor.patient import Patient

FEWEST = 200  # pictures: with fewer, five deviations are more than half of what ten classes can show
DEVIATIONS = 5.0  # above chance; labels drawn at random pass this once in three million sets
SIDE = 32  # pictures larger than this are made smaller first
RIDGE = 0.1  # of the mean variance: pixels outnumber pictures


@dataclass(frozen=True)
class Agreement:
    """Shares from 0 to 1: of nearest neighbours with the same label, of pictures read by the linear classifier."""

    neighbours: float
    linear: float
    chance: float
    bound: float

    @property
    def at_chance(self) -> bool:
        return self.neighbours < self.bound and self.linear < self.bound

    def __str__(self) -> str:
        return (
            f"nearest neighbour {100 * self.neighbours:.0f} %, linear {100 * self.linear:.0f} %, chance "
            f"{100 * self.chance:.0f} %"
        )


def labels(patient: Patient) -> Check:
    """Labels that do not follow from the pictures, in the training and in the test batches."""
    rule = "labels"
    train = patient.train
    classes = len(set(train.labels.tolist()))
    if len(train.labels) < FEWEST or classes < 2:
        few = f"{len(train.labels)} pictures, classes: {classes}"
        return unlooked(rule, f"{few}: {FEWEST} of two classes are needed")
    seen = pixels(train.images)
    agreement = within(seen, train.labels.cpu())
    if agreement.at_chance:
        return Check(rule=rule, reading=str(agreement), findings=(_shuffled("training labels", agreement),))
    if (
        patient.test is None
        or len(patient.test.labels) < FEWEST
        or patient.test.images.shape[1:] != train.images.shape[1:]
    ):
        return Check(rule=rule, reading=str(agreement))
    across = between(seen, train.labels.cpu(), pixels(patient.test.images), patient.test.labels.cpu())
    if across.at_chance:
        return Check(rule=rule, reading=f"test: {across}", findings=(_shuffled("test labels", across),))
    return Check(rule=rule, reading=str(agreement))


def _shuffled(where: str, agreement: Agreement) -> DoctorFinding:
    return DoctorFinding(
        rule="labels",
        severity="fault",
        where=where,
        figure=str(agreement),
        value=max(agreement.neighbours, agreement.linear),
        bound=agreement.bound,
        why="Similar pictures do not share a label: pictures and labels are probably out of order.",
        hint="shuffle pictures and labels in the same order; look at a few with plot_samples",
    )


def pixels(images: Tensor) -> Tensor:
    """Pictures as rows of numbers, float32 `[N, D]` on the CPU; large ones made smaller."""
    images = images.detach().cpu().float()
    if images.ndim == 4 and max(images.shape[2:]) > SIDE:
        images = F.adaptive_avg_pool2d(images, SIDE)
    return images.flatten(1)


def within(rows: Tensor, labels: Tensor) -> Agreement:
    """Neighbours among the pictures themselves; the linear classifier learns from the even and reads the odd."""
    distances = torch.cdist(rows, rows)
    distances.fill_diagonal_(float("inf"))
    neighbours = float((labels[distances.argmin(dim=1)] == labels).float().mean())
    linear = _linear(rows[::2], labels[::2], rows[1::2], labels[1::2])
    return _agreement(neighbours, linear, labels, labels, len(labels) // 2)


def between(rows: Tensor, labels: Tensor, other_rows: Tensor, other_labels: Tensor) -> Agreement:
    """Neighbours of the other pictures among the first; the linear classifier learns from the first."""
    nearest = torch.cdist(other_rows, rows).argmin(dim=1)
    neighbours = float((labels[nearest] == other_labels).float().mean())
    linear = _linear(rows, labels, other_rows, other_labels)
    return _agreement(neighbours, linear, labels, other_labels, len(other_labels))


def _agreement(neighbours: float, linear: float, labels: Tensor, others: Tensor, count: int) -> Agreement:
    """Chance is Σ p·q over the classes, or the share of the most frequent class where that is more."""
    classes = int(max(labels.max(), others.max())) + 1
    share, other_share = (torch.bincount(x, minlength=classes).double() / len(x) for x in (labels, others))
    chance = max(float(share @ other_share), float(other_share.max()))
    bound = chance + DEVIATIONS * (chance * (1 - chance) / count) ** 0.5
    return Agreement(neighbours, linear, chance, bound)


def _linear(rows: Tensor, labels: Tensor, other_rows: Tensor, other_labels: Tensor) -> float:
    """The share of other pictures that ridge regression on one-hot labels classifies correctly."""
    middle = rows.mean(dim=0)
    x, z = (rows - middle).double(), (other_rows - middle).double()
    targets = F.one_hot(labels, int(max(labels.max(), other_labels.max())) + 1).double()
    means = targets.mean(dim=0)
    covariance = x.T @ x
    varying = covariance.diagonal() > 0
    mean_variance = covariance.diagonal()[varying].mean() if bool(varying.any()) else torch.tensor(1.0)
    covariance.diagonal().add_(RIDGE * mean_variance)
    guess = (z @ torch.linalg.solve(covariance, x.T @ (targets - means)) + means).argmax(dim=1)
    return float((guess == other_labels).float().mean())
