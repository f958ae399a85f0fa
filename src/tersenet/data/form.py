"""What the pictures of a data set are like: channels, size, mean, deviation, and how a file becomes one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from tersenet._errors import TersenetError

Reading = Literal["mnist", "resize"]
Beyond = Literal["zeros", "border"]
"""What lies beyond the edges of a picture that is moved: black, or the nearest pixel (torch's names)."""

SMALLEST, LARGEST = 8, 96
"""Pixels of a side."""

_LEAST_DEVIATION = 1 / 255  # of pictures that are all alike: one step of a byte


@dataclass(frozen=True, kw_only=True)
class Form:
    """What every picture of a data set is like, and every picture that a network trained on it is given.

    `channels` is 1 (grey) or 3 (red, green, blue); `mean` and `deviation` are one figure per channel, of the training
    pictures scaled to 0..1. `reading` says how a picture file becomes such a picture: `mnist` cuts the digit out,
    fits and centres it as MNIST did, `resize` takes the picture as it is. Raises TersenetError where a field does not
    fit.

    >>> Form(channels=3, height=32, width=32, mean=(0.49, 0.48, 0.45), deviation=(0.25, 0.24, 0.26)).size
    (3, 32, 32)
    >>> Form(channels=1, height=28, width=28, mean=(0.1,), deviation=(0.0,))
    Traceback (most recent call last):
    tersenet._errors.TersenetError: A field of the pictures' form cannot be used.
      got:      deviation = (0.0,)
      expected: one number above 0 per channel
    """

    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    reading: Reading = "resize"

    def __post_init__(self) -> None:
        for name in ("channels", "height", "width"):
            if not getattr(self, name) >= 1:
                raise _misfit(name, getattr(self, name), "1 or more")
        for name, least in (("mean", 0.0), ("deviation", 1e-9)):
            figures = getattr(self, name)
            if len(figures) != self.channels or not all(least <= figure <= 1 for figure in figures):
                above = "from 0 to 1" if name == "mean" else "above 0"
                raise _misfit(name, figures, f"one number {above} per channel")
        if self.reading not in get_args(Reading):
            raise _misfit("reading", self.reading, "mnist or resize")
        if self.reading == "mnist" and self.size != MNIST_SIZE:
            raise _misfit("reading", self.reading, f"resize, as pictures in MNIST's form are {_times(MNIST_SIZE)}")

    @property
    def size(self) -> tuple[int, int, int]:
        """The shape of a picture, `(C, H, W)`."""
        return self.channels, self.height, self.width

    @property
    def beyond(self) -> Beyond:
        """What lies beyond the edges of a picture that is moved: black, MNIST's ground; else its edge goes on."""
        return "zeros" if self.reading == "mnist" else "border"

    @property
    def fill(self) -> tuple[float, ...]:
        """What a blanked part of a picture becomes, in 0..1: black, MNIST's ground; else the mean of each channel."""
        return (0.0,) * self.channels if self.reading == "mnist" else self.mean

    @property
    def spelled(self) -> str:
        """The size in words.

        >>> MNIST_FORM.spelled
        '1×28×28'
        """
        return _times(self.size)

    def normalize(self, images_nchw: Tensor) -> Tensor:
        """Float pictures in 0..1, `[N, C, H, W]`, as a network is given them: (x − mean) / deviation per channel.

        >>> MNIST_FORM.normalize(torch.tensor([0.1307, 0.1307 + 0.3081]).view(2, 1, 1, 1)).flatten().tolist()
        [0.0, 1.0]
        """
        if self.channels == 1:
            return images_nchw.sub(self.mean[0]).div_(self.deviation[0])
        return images_nchw.sub(self._column(self.mean, images_nchw)).div_(self._column(self.deviation, images_nchw))

    def network_input(self, images: Tensor) -> Tensor:
        """Bytes `[N, C, H, W]` as a network is given them: float32, normalised.

        >>> MNIST_FORM.network_input(torch.zeros(5, 1, 28, 28, dtype=torch.uint8)).shape
        torch.Size([5, 1, 28, 28])
        """
        return self.normalize(images.float().div_(255))

    def measured(self, images: Tensor) -> Form:
        """The same form with the mean and the deviation of these pictures, bytes `[N, C, H, W]`.

        >>> picture = torch.tensor([0, 255], dtype=torch.uint8).repeat(32).view(1, 1, 8, 8)
        >>> form = form_of(picture)
        >>> form.mean, form.deviation
        ((0.5,), (0.5,))
        """
        mean, deviation = measure_channels(images)
        return replace(self, mean=mean, deviation=deviation)

    def _column(self, figures: tuple[float, ...], like: Tensor) -> Tensor:
        return torch.tensor(figures, dtype=like.dtype, device=like.device).view(-1, 1, 1)


MNIST_SIZE = (1, 28, 28)

MNIST_FORM = Form(channels=1, height=28, width=28, mean=(0.1307,), deviation=(0.3081,), reading="mnist")
"""MNIST's: the figures are those of its 60,000 training pictures; the course networks use them too."""


def form_of_an_early_run(size: tuple[int, int, int]) -> Form:
    """The form of a run that recorded no more than the size of its pictures: its pictures were normalised as MNIST's.

    >>> form_of_an_early_run((1, 28, 28)) == MNIST_FORM
    True
    """
    if size == MNIST_SIZE:
        return MNIST_FORM
    channels, height, width = size
    mean, deviation = (figures * channels for figures in (MNIST_FORM.mean, MNIST_FORM.deviation))
    return Form(channels=channels, height=height, width=width, mean=mean, deviation=deviation)


def form_of(images: Tensor, reading: Reading = "resize") -> Form:
    """The form of pictures in memory, bytes `[N, C, H, W]`; mean and deviation are measured on them.

    >>> form_of(torch.zeros(2, 3, 16, 24, dtype=torch.uint8)).size
    (3, 16, 24)
    """
    mean, deviation = measure_channels(images)
    channels, height, width = images.shape[1:]
    return Form(channels=channels, height=height, width=width, mean=mean, deviation=deviation, reading=reading)


def measure_channels(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean and the deviation of each channel of bytes `[N, C, H, W]`, scaled to 0..1 and rounded to four digits.

    They are counted exactly, from how often each of the 256 values occurs. Of no pictures: 0 and 1.
    """
    means, deviations = [], []
    values = torch.arange(256, dtype=torch.float64) / 255
    for channel in range(images.shape[1]):
        counts = torch.bincount(images[:, channel].flatten().cpu(), minlength=256).double()
        share = counts / counts.sum().clamp(min=1)
        mean = float(share @ values)
        variance = float(share @ (values - mean) ** 2)
        means.append(round(mean, 4))
        deviations.append(round(max(variance**0.5, _LEAST_DEVIATION), 4) if counts.any() else 1.0)
    return tuple(means), tuple(deviations)


def _times(size: tuple[int, ...]) -> str:
    return "×".join(map(str, size))


def _misfit(name: str, got: object, expected: str) -> TersenetError:
    return TersenetError("A field of the pictures' form cannot be used.", got=f"{name} = {got}", expected=expected)
