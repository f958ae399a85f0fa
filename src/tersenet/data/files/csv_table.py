"""A table with one picture in a row: a label and one column per pixel, as Kaggle publishes MNIST."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import numpy as np

from tersenet._errors import TersenetError
from tersenet.data.files.file_kind import FileKind, LabelledArrays
from tersenet.data.form import LARGEST as LARGEST_SIDE, SMALLEST

LARGEST = 2 * 1024**3
"""Bytes of a file that is read."""
LABELS = ("label", "class", "target", "y", "digit")


def read_csv(path: Path) -> LabelledArrays:
    """A CSV file, or a folder with `train.csv` and `test.csv`.

    The label is the column that is called so, else the first; all others are the pixels of a square grey picture,
    row by row. Raises TersenetError with the line where one does not fit.
    """
    if path.is_dir():
        images, labels = _read(path / "train.csv")
        test_images, test_labels = _read(path / "test.csv")
        return LabelledArrays(images=images, labels=labels, test_images=test_images, test_labels=test_labels)
    images, labels = _read(path)
    return LabelledArrays(images=images, labels=labels)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures `[N, S, S]` and labels `[N]`."""
    try:
        if path.stat().st_size > LARGEST:
            got = f"{path.stat().st_size:,} bytes"
            raise TersenetError("The file is too large.", got=got, expected=f"at most {LARGEST:,}", where=path)
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next(csv.reader(file), [])
        header = not all(map(_is_number, first[1:]))
        place = _label_place(first) if header else 0
        side = _side(len(first) - 1, path)
        _require_one_length(path, len(first))
        labels = _columns(path, str, [place], header=header)[:, 0]
        pixels = _columns(path, np.float32, [each for each in range(len(first)) if each != place], header=header)
    except UnicodeDecodeError as error:
        raise TersenetError("This file is not text in UTF-8.", got=error, where=path) from None
    except ValueError as error:
        raise _misfit(str(error), path, header=header) from None
    except OSError as error:
        raise TersenetError("The file cannot be read.", got=error.strerror or error, where=path) from None
    if all(map(_is_number, labels.tolist())):
        labels = labels.astype(np.float64)
    return pixels.reshape(-1, side, side), labels


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\d+(\.\d*)?([eE][+-]?\d+)?\s*", text) is not None


def _label_place(head: list[str]) -> int:
    names = [name.strip().lower() for name in head]
    return next((names.index(name) for name in LABELS if name in names), 0)


def _side(pixels: int, path: Path) -> int:
    side = math.isqrt(max(0, pixels))
    if side * side != pixels or not SMALLEST <= side <= LARGEST_SIDE:
        raise TersenetError(
            "The columns of the table are not the pixels of a square picture.",
            got=f"{pixels:,} columns beside the label",
            expected=f"a square number, {SMALLEST}×{SMALLEST} to {LARGEST_SIDE}×{LARGEST_SIDE}, as 784 = 28×28",
            where=path,
        )
    return side


def _columns(path: Path, kind: type, columns: list[int], *, header: bool) -> np.ndarray:
    return np.loadtxt(
        path,
        dtype=kind,
        delimiter=",",
        skiprows=int(header),
        usecols=columns,
        encoding="utf-8-sig",
        quotechar='"',
        comments=None,
        ndmin=2,
    )


def _require_one_length(path: Path, columns: int) -> None:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.count(b",") + 1 != columns and b'"' not in line and line.strip():
                raise TersenetError(
                    "A row of the table has another length.",
                    got=f"{line.count(b',') + 1:,} columns",
                    expected=f"{columns:,}, as the first row",
                    where=f"{path}, line {number}",
                )


def _misfit(said: str, path: Path, *, header: bool) -> TersenetError:
    row = re.search(r"at row (\d+)", said)
    line = f", line {int(row[1]) + 1 + int(header)}" if row else ""
    return TersenetError(
        "A row of the table cannot be read.",
        got=said.partition(" at row")[0],
        expected="a label, and one number from 0 to 255 for every pixel",
        where=f"{path}{line}",
    )


KIND = FileKind(
    word="csv",
    pattern="FILE.csv",
    about="a table: a label and one column per pixel",
    ending=".csv",
    takes=lambda path: (
        (path.is_file() and path.suffix.lower() == ".csv")
        or ((path / "train.csv").is_file() and (path / "test.csv").is_file())
    ),
    read=read_csv,
)
