"""What a data set is: two splits of pictures and labels, in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.data.form import Form, form_of

_TO_MEASURE = Form(channels=1, height=1, width=1, mean=(0.0,), deviation=(1.0,))  # stands for no form given


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Pictures and their labels.

    `images` is uint8 `[N, C, H, W]` (grey pictures may be given as `[N, H, W]`), `labels` is int64 `[N]`. `form` is
    that of the data set; where it is left out, mean and deviation are measured on these pictures. Raises
    TersenetError where the pictures do not fit the form.

    >>> split = Split(images=torch.zeros(5, 28, 28, dtype=torch.uint8), labels=torch.tensor([3, 1, 4, 1, 5]))
    >>> len(split), split.form.size, split.take(torch.tensor([0, 4])).labels.tolist()
    (5, (1, 28, 28), [3, 5])
    """

    images: Tensor
    labels: Tensor
    form: Form = _TO_MEASURE

    def __post_init__(self) -> None:
        if self.images.ndim == 3:
            object.__setattr__(self, "images", self.images.unsqueeze(1))
        if self.images.ndim != 4 or self.images.dtype != torch.uint8:
            raise TersenetError(
                "The pictures of a split are bytes.",
                got=f"{self.images.dtype} {list(self.images.shape)}",
                expected="torch.uint8 [N, C, H, W]",
            )
        if self.form is _TO_MEASURE:
            object.__setattr__(self, "form", form_of(self.images))
        if self.images.shape[1:] != self.form.size:
            raise TersenetError(
                "The pictures do not have the form of their data set.",
                got=list(self.images.shape[1:]),
                expected=list(self.form.size),
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} images, {self.form.spelled})"

    def take(self, indices: Tensor) -> Split:
        """The pictures at `indices` (int64 `[M]`), in that order."""
        return Split(images=self.images[indices], labels=self.labels[indices], form=self.form)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A named data set: what to train on and what to measure on.

    Both splits have the form of the training pictures. `source` says where the data came from; `notice`, where there
    is one, must be shown wherever a result is shown. `passed_over` counts the files of a folder that are not pictures
    of it, and `read_as` says which form was chosen for them; both are said once, when the data is read.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    notice: str | None = None
    passed_over: str | None = None
    read_as: str | None = None

    def __post_init__(self) -> None:
        if self.test.form != self.train.form:
            object.__setattr__(self, "test", replace(self.test, form=self.train.form))

    @property
    def form(self) -> Form:
        """What its pictures are like: channels, size, mean and deviation, and how a file becomes one of them."""
        return self.train.form

    def with_form(self, form: Form) -> Dataset:
        """The same pictures, normalised and read as `form` says; raises TersenetError where their size is another.

        So a network is given the pictures of any data set as it was given those that it was trained on.
        """
        if form.size != self.form.size:
            raise TersenetError(
                "The pictures of the data are not those the network takes.",
                got=f"{self.name}: {self.form.spelled}",
                expected=form.spelled,
            )
        return replace(self, train=replace(self.train, form=form), test=replace(self.test, form=form))

    def test_picture(self, index: int) -> tuple[Tensor, int]:
        """A picture of the test set, uint8 `[C, H, W]`, and its label; raises TersenetError where there is none."""
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
        return f"Dataset({self.name!r}: {counts}, {self.form.spelled}, {len(self.classes)} classes)"
