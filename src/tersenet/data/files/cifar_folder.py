"""CIFAR-10 and CIFAR-100 in their binary version: a byte or two for the class, then the picture, plane by plane.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; the layout is that of
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tersenet._errors import TersenetError
from tersenet.data.files.file_kind import FileKind, LabelledArrays

PICTURE = (3, 32, 32)
LARGEST = 200_000
"""Pictures of one file."""


def read_cifar(path: Path) -> LabelledArrays:
    """The batches of a folder: `data_batch_1.bin` … `test_batch.bin`, or `train.bin` and `test.bin` of CIFAR-100.

    Of CIFAR-100 the fine classes are read. Raises TersenetError where a file is missing, or is cut short.
    """
    if (path / "train.bin").is_file():
        parts, test, names, labels = [path / "train.bin"], path / "test.bin", "fine_label_names.txt", 2
    else:
        parts = [path / f"data_batch_{number}.bin" for number in range(1, 6)]
        test, names, labels = path / "test_batch.bin", "batches.meta.txt", 1
    train = [_read(part, labels) for part in parts]
    test_images, test_labels = _read(test, labels)
    return LabelledArrays(
        images=np.concatenate([images for images, _ in train]),
        labels=np.concatenate([numbers for _, numbers in train]),
        test_images=test_images,
        test_labels=test_labels,
        classes=_names(path / names),
    )


def _read(path: Path, labels: int) -> tuple[np.ndarray, np.ndarray]:
    size = labels + int(np.prod(PICTURE))
    try:
        length = path.stat().st_size
        if length == 0 or length % size or length // size > LARGEST:
            raise TersenetError(
                "This is not a batch of CIFAR pictures, or it is cut short.",
                got=f"{length:,} bytes",
                expected=f"a multiple of {size:,}: {labels} for the class and {size - labels:,} for the picture",
                where=path,
            )
        rows = np.fromfile(path, np.uint8).reshape(-1, size)
    except OSError as error:
        raise TersenetError("The file cannot be read.", got=error.strerror or error, where=path) from None
    return rows[:, labels:].reshape(-1, *PICTURE), rows[:, labels - 1].astype(np.int64)


def _names(path: Path) -> tuple[str, ...] | None:
    """The classes, one in a line; None where the file is not there."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return tuple(line.strip() for line in lines if line.strip()) or None


KIND = FileKind(
    word="cifar",
    pattern="FOLDER",
    about="CIFAR-10 or CIFAR-100, the binary version",
    takes=lambda path: (path / "data_batch_1.bin").is_file() or (path / "train.bin").is_file(),
    read=read_cifar,
)
