"""What a data set is: two splits of pictures and labels, in memory."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tersenet._errors import TersenetError


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Pictures and their labels.

    `images` is uint8 `[N, H, W]` (28×28 for every named set), `labels` is int64 `[N]`.

    >>> import torch
    >>> split = Split(images=torch.zeros(5, 28, 28, dtype=torch.uint8), labels=torch.tensor([3, 1, 4, 1, 5]))
    >>> len(split), split.take(torch.tensor([0, 4])).labels.tolist()
    (5, [3, 5])
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} images, {_size(self)})"

    def take(self, indices: Tensor) -> Split:
        """The pictures at `indices` (int64 `[M]`), in that order."""
        return Split(images=self.images[indices], labels=self.labels[indices])


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A named data set: what to train on and what to measure on.

    `source` says where it came from; `notice`, where there is one, must be shown wherever a result is shown.
    `passed_over` counts the files of a folder that are not pictures of it; it is said once, when the data is read.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    notice: str | None = None
    passed_over: str | None = None

    def test_picture(self, index: int) -> tuple[Tensor, int]:
        """A picture of the test set, uint8 `[H, W]`, and its label; raises TersenetError where there is none."""
        if not 0 <= index < len(self.test):
            raise TersenetError(
                "The test set has no such picture.",
                got=index,
                expected=f"0 to {len(self.test) - 1}",
                where=f"the test set of {self.name}",
            )
        return self.test.images[index], int(self.test.labels[index])

    def __repr__(self) -> str:
        counts = f"{len(self.train):,} training and {len(self.test):,} test images"
        return f"Dataset({self.name!r}: {counts}, {_size(self.train)}, {len(self.classes)} classes)"


def _size(split: Split) -> str:
    return "×".join(map(str, split.images.shape[1:]))
