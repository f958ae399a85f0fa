"""The SHA-256 of files and data sets, as `sha256sum` prints it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tersenet.data import Dataset, Split


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, as `sha256sum` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def split_hash(split: Split) -> str:
    """The SHA-256 of a split: its images and then its labels, as they are in memory (uint8, int64).

    >>> import torch
    >>> split_hash(Split(images=torch.zeros(0, 28, 28, dtype=torch.uint8), labels=torch.zeros(0)))[:8]
    'e3b0c442'
    """
    digest = hashlib.sha256()
    for tensor in (split.images, split.labels):
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def dataset_hash(dataset: Dataset) -> str:
    """The SHA-256 of what a data set consists of: the names of its classes in their order, and its two splits.

    >>> import torch
    >>> empty = Split(images=torch.zeros(0, 28, 28, dtype=torch.uint8), labels=torch.zeros(0))
    >>> one, other = (Dataset(name="x", train=empty, test=empty, classes=classes, source="drawn")
    ...               for classes in (("bar", "ring"), ("ring", "bar")))
    >>> dataset_hash(one) == dataset_hash(other)
    False
    """
    parts = [*dataset.classes, split_hash(dataset.train), split_hash(dataset.test)]
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()
