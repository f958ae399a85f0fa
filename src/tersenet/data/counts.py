"""What is in a data set, in numbers: pictures per class, means and deviations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tersenet.data.dataset import Dataset, Split
from tersenet.data.form import measure_channels


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """A class: its pictures for training and for the test, mean and deviation of its training pictures, in 0..1."""

    name: str
    train: int
    test: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def count_classes(dataset: Dataset) -> tuple[ClassCounts, ...]:
    """Every class of a data set, counted and measured; mean and deviation have one figure per channel.

    >>> from tersenet.data import load_data
    >>> zero = count_classes(load_data("synthetic"))[0]
    >>> zero.name, zero.train, zero.test
    ('0', 6000, 1000)
    """
    rows = []
    for number, name in enumerate(dataset.classes):
        pictures = dataset.train.images[dataset.train.labels == number]
        mean, deviation = measure_channels(pictures)
        tests = int((dataset.test.labels == number).sum())
        rows.append(ClassCounts(name=name, train=len(pictures), test=tests, mean=mean, deviation=deviation))
    return tuple(rows)


def some_of_each(split: Split, classes: int, count: int, *, seed: int = 0) -> Tensor:
    """The places of up to `count` pictures of each class, chosen by seed, class after class: int64 `[M]`.

    >>> split = Split(images=torch.zeros(6, 8, 8, dtype=torch.uint8), labels=torch.tensor([0, 1, 0, 1, 1, 1]))
    >>> split.labels[some_of_each(split, 2, 3)].tolist()
    [0, 0, 1, 1, 1]
    """
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed))
    labels = split.labels[order]
    return torch.cat([order[labels == number][:count] for number in range(classes)])
