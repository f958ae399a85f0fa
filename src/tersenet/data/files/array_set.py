"""Arrays made into a data set: pictures of bytes, labels from 0, a test split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.data.dataset import Dataset, Split
from tersenet.data.files.file_kind import LabelledArrays
from tersenet.data.form import LARGEST, MNIST_FORM, SMALLEST
from tersenet.data.formats.folder_files import natural
from tersenet.data.formats.mnist_form import is_in_form

TEST_EVERY = 6
"""Of a class's pictures the sixth, the twelfth … are for the test, where a file has one split."""
MOST_CLASSES = 1_000
SAMPLE, NEARLY_ALL = 500, 0.9


def dataset_of(arrays: LabelledArrays, *, name: str, path: Path) -> Dataset:
    """The data set called `name` that arrays hold.

    Raises TersenetError: pictures that are not of 8×8 to 96×96 in one or three channels, values that are not those of
    a picture, labels that do not fit, fewer than two classes or more than a thousand, a class that one split lacks.
    """
    images = _pictures(arrays.images, path)
    labels, classes = _labels(arrays, path)
    if len(images) != len(arrays.labels):
        raise _counts(len(images), len(arrays.labels), path)
    if arrays.test_images is None or arrays.test_labels is None:
        for_test = _every_sixth(labels)
        splits = [(images[~for_test], labels[~for_test]), (images[for_test], labels[for_test])]
    else:
        test_images = _pictures(arrays.test_images, path)
        if len(test_images) != len(arrays.test_labels):
            raise _counts(len(test_images), len(arrays.test_labels), path)
        if test_images.shape[1:] != images.shape[1:]:
            raise TersenetError(
                "The pictures for training and for the test differ.",
                got=f"{_times(images.shape[1:])} and {_times(test_images.shape[1:])}",
                expected="one size",
                where=path,
            )
        splits = [(images, labels[: len(images)]), (test_images, labels[len(images) :])]
    for (_, held), half in zip(splits, ("training", "test"), strict=True):
        _require_every_class(held, classes, half, path)
    made = [
        Split(images=torch.from_numpy(np.ascontiguousarray(pictures)), labels=torch.from_numpy(held))
        for pictures, held in splits
    ]
    if _are_digits(made[0].images):
        made = [Split(images=split.images, labels=split.labels, form=MNIST_FORM) for split in made]
    return Dataset(
        name=name,
        train=made[0],
        test=made[1],
        classes=classes,
        source=f"{path} ({len(made[0]):,} + {len(made[1]):,} pictures)",
    )


def _are_digits(images: Tensor) -> bool:
    """Whether nearly all of a sample are digits in MNIST's form; of MNIST's own it is 98 %."""
    sample = images[:: max(1, len(images) // SAMPLE)]
    if images.shape[1:] != MNIST_FORM.size:
        return False
    return sum(is_in_form(each[0].numpy()) for each in sample) >= NEARLY_ALL * len(sample)


def _pictures(values: np.ndarray, path: Path) -> np.ndarray:
    """Bytes `[N, C, H, W]`."""
    if values.ndim == 4 and values.shape[1] not in (1, 3) and values.shape[3] in (1, 3):
        values = values.transpose(0, 3, 1, 2)
    if values.ndim == 3:
        values = values[:, None]
    fits = values.ndim == 4 and values.shape[1] in (1, 3)
    if not fits or min(values.shape[2:]) < SMALLEST or max(values.shape[2:]) > LARGEST or len(values) < 1:
        raise TersenetError(
            "These are not pictures that networks are given.",
            got=f"{values.dtype} {_times(values.shape)}",
            expected=f"pictures × height × width, grey or with 1 or 3 channels, sides of {SMALLEST} to {LARGEST}",
            where=path,
        )
    return _bytes(values, path)


def _bytes(values: np.ndarray, path: Path) -> np.ndarray:
    """Values of 0 to 255 as bytes; fractions of 0 to 1 are taken as brightness."""
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "biuf":
        raise _not_brightness(values.dtype, path)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high) and low >= 0 and high <= 255):
        raise _not_brightness(f"values from {low:g} to {high:g}", path)
    if values.dtype.kind == "f" and high <= 1:
        return np.asarray(np.rint(values * 255).astype(np.uint8))
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    return np.asarray(np.rint(values).astype(np.uint8))


def _not_brightness(got: object, path: Path) -> TersenetError:
    return TersenetError(
        "The values of the pictures are not brightness.",
        got=got,
        expected="whole numbers from 0 to 255, or fractions from 0 to 1",
        where=path,
        hint="pictures are stored as they are; Tersenet normalises them by their own mean and deviation",
    )


def _labels(arrays: LabelledArrays, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The labels of all pictures, training first, as int64 from 0, and the names of the classes."""
    parts = [arrays.labels] + ([] if arrays.test_labels is None else [arrays.test_labels])
    flat = [part[:, 0] if part.ndim == 2 and part.shape[1] == 1 else part for part in parts]
    if any(part.ndim != 1 for part in flat):
        raise TersenetError(
            "The labels are not one per picture.",
            got=_times(parts[0].shape),
            expected="one number or text",
            where=path,
        )
    values = np.concatenate([part.astype(str) if part.dtype.kind in "OUS" else part for part in flat])
    if values.dtype.kind == "f" and bool((values == np.rint(values)).all()):
        values = values.astype(np.int64)
    if values.dtype.kind not in "biuU":
        raise TersenetError(
            "The labels are neither whole numbers nor texts.",
            got=values.dtype,
            expected="a class's number or name for each picture",
            where=path,
        )
    found = np.unique(values)
    if not 2 <= len(found) <= MOST_CLASSES:
        raise TersenetError("A data set has 2 to 1,000 classes.", got=f"{len(found):,} different labels", where=path)
    if arrays.classes is not None and values.dtype.kind != "U":
        if not (int(found[0]) >= 0 and int(found[-1]) < len(arrays.classes)):
            raise TersenetError(
                "A label has no name.",
                got=f"labels from {found[0]} to {found[-1]}, and {len(arrays.classes)} names",
                expected=f"labels from 0 to {len(arrays.classes) - 1}",
                where=path,
            )
        return values.astype(np.int64), arrays.classes
    names = sorted(map(str, found), key=natural) if values.dtype.kind == "U" else [str(int(each)) for each in found]
    number = {name: place for place, name in enumerate(names)}
    keys = values if values.dtype.kind == "U" else values.astype(np.int64)
    return np.array([number[str(key)] for key in keys.tolist()], dtype=np.int64), tuple(names)


def _every_sixth(labels: np.ndarray) -> np.ndarray:
    """Which pictures are for the test: of each class every sixth, of a smaller class the last."""
    for_test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        (places,) = np.nonzero(labels == label)
        chosen = places[TEST_EVERY - 1 :: TEST_EVERY]
        for_test[chosen if len(chosen) else places[-1:]] = True
    return for_test


def _require_every_class(labels: np.ndarray, classes: tuple[str, ...], half: str, path: Path) -> None:
    there = set(labels.tolist())
    empty = [name for number, name in enumerate(classes) if number not in there]
    if empty:
        raise TersenetError(
            f"A class has no {half} picture.",
            got=", ".join(empty[:5]) + (f", … ({len(empty)} classes)" if len(empty) > 5 else ""),
            expected="at least one picture of every class for training and one for the test",
            where=path,
        )


def _counts(images: int, labels: int, path: Path) -> TersenetError:
    return TersenetError(
        "There are not as many labels as pictures.", got=f"{images:,} pictures, {labels:,} labels", where=path
    )


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
