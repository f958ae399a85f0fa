"""Drawn digits: the embedded data set, which needs no download.

70,000 pictures in MNIST's form are drawn with a pen from a seed, the same bytes on every machine. `docs/synthetic.md`
says how, and how well a network that was trained on nothing else classifies MNIST.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tersenet._errors import TersenetError, check_setting
from tersenet._files import write_whole
from tersenet.data.dataset import Split
from tersenet.data.drawn.handwriting import Hands, RandomNumbers, Variation, write
from tersenet.data.drawn.pen import SIDE, draw
from tersenet.data.form import MNIST_FORM

VERSION = 1
"""Raised whenever the pictures change, so that a cache of older ones is drawn again."""

SHA256 = "42bd8e2e5bc7687f9cbefcc7f888e27926ef08c7aadbfd257f94e80eba7d9b9d"
"""Of the default set: training images, training labels (a byte each), test images, test labels."""

_BLOCK = (
    1000  # pictures with a stream of random numbers of their own: a smaller draw is the beginning of a larger one
)
_PIECE = 250  # pictures drawn at a time: what is being worked on stays in the processor's cache

Bytes = NDArray[np.uint8]


def draw_synthetic(*, seed: int = 0, train: int = 60_000, test: int = 10_000) -> tuple[Split, Split]:
    """Draw `train` and `test` pictures of handwritten digits, each split from random numbers of its own.

    Images are uint8 `[N, 1, 28, 28]` and labels int64 `[N]`, in mixed order; of each full thousand pictures, every
    digit has a hundred. A smaller draw is the beginning of a larger one. The whole set takes some seconds. Raises
    TersenetError where a number is negative.

    >>> train, test = draw_synthetic(train=20, test=5)
    >>> train.images.shape, train.images.dtype, len(test)
    (torch.Size([20, 1, 28, 28]), torch.uint8, 5)
    """
    for name, number in (("seed", seed), ("train", train), ("test", test)):
        check_setting(number >= 0, f"draw_synthetic.{name}", number, "0 or above")
    return _split(*_draw_split(seed, 0, train)), _split(*_draw_split(seed, 1, test))


def load_synthetic(cache_dir: Path | None = None) -> tuple[Split, Split]:
    """The default set, drawn once and then read from `cache_dir`.

    Where the file there is damaged or holds other pictures, the set is drawn and written again; where nothing can be
    written, or `cache_dir` is None, it is drawn anew each time.
    """
    path = None if cache_dir is None else cache_dir / f"synthetic-{VERSION}.npz"
    kept = None if path is None else _read_cache(path)
    if kept is None:
        kept = (*_draw_split(0, 0, 60_000), *_draw_split(0, 1, 10_000))
        if path is not None:
            _write_cache(path, kept)
    train_images, train_labels, test_images, test_labels = kept
    return _split(train_images, train_labels), _split(test_images, test_labels)


def checksum(train: Split, test: Split) -> str:
    """SHA-256 of the images and labels of both splits, as `SHA256` counts it.

    >>> checksum(*draw_synthetic(train=3, test=2)) == checksum(*draw_synthetic(train=3, test=2))
    True
    """
    arrays = (train.images, train.labels, test.images, test.labels)
    return _digest(tuple(array.to(torch.uint8).numpy() for array in arrays))


def _draw_split(seed: int, which: int, count: int) -> tuple[Bytes, Bytes]:
    """Images `[count, 28, 28]` and labels `[count]` of one split, as bytes."""
    hands = Hands()
    images = np.empty((count, SIDE, SIDE), np.uint8)
    labels = np.empty(count, np.uint8)
    for first in range(0, count, _BLOCK):
        numbers = RandomNumbers(seed, which, first // _BLOCK)
        order = np.argsort(numbers.words(_BLOCK), kind="stable")
        digits = order % 10
        points, radii, down, sharpness = write(digits, numbers, hands, Variation())
        size = min(_BLOCK, count - first)
        labels[first : first + size] = digits[:size]
        for start in range(0, size, _PIECE):
            piece = slice(start, min(start + _PIECE, size))
            images[first + piece.start : first + piece.stop] = draw(
                points[piece], radii[piece], down[piece], sharpness[piece]
            )
    return images, labels


def _split(images: Bytes, labels: Bytes) -> Split:
    """In MNIST's form and with MNIST's mean and deviation: a network trained on one reads the other."""
    classes = torch.from_numpy(labels.astype(np.int64))
    return Split(images=torch.from_numpy(images).unsqueeze(1), labels=classes, form=MNIST_FORM)


def _digest(arrays: tuple[Bytes, ...]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


_NAMES = ("train_images", "train_labels", "test_images", "test_labels")


def _read_cache(path: Path) -> tuple[Bytes, ...] | None:
    """What the file holds, or None where there is no file or it does not hold this set."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = tuple(file[name] for name in _NAMES)
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    return arrays if _digest(arrays) == SHA256 else None


def _write_cache(path: Path, arrays: tuple[Bytes, ...]) -> None:
    """Write the file whole or not at all; a folder that cannot be written is no error."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **dict(zip(_NAMES, arrays, strict=True)))
    with contextlib.suppress(TersenetError):
        write_whole(path, archive.getvalue())
