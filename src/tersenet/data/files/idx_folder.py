"""IDX files in a folder, under any of the names that MNIST's have been given."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tersenet._errors import TersenetError
from tersenet.data.files.emnist import CLASSES, FIRST_LABEL, upright, variant_of
from tersenet.data.files.file_kind import FileKind, LabelledArrays
from tersenet.data.formats.idx import read_idx

# train-images-idx3-ubyte, train-images.idx3-ubyte.gz, emnist-letters-test-labels-idx1-ubyte …
NAME = re.compile(
    r"(?:.*[-_.])?(train|t10k|test)[-_.](images|labels)(?:[-_.]idx\d[-_.]\w+)?(?:\.idx)?(?:\.gz)?", re.I
)


KINDS = {"images": 3, "labels": 1}  # and their dimensions
Files = dict[tuple[str, str], list[Path]]


def _found(path: Path) -> Files:
    """The IDX files of a folder or its `raw/`, by split and by what they hold; of a path that is the beginning of
    their names, as `EMNIST/raw/emnist-letters`, those that begin so."""
    folder, begin = (path, "") if path.is_dir() else (path.parent, path.name)
    found: Files = {}
    for place in (folder, folder / "raw"):
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            name = NAME.fullmatch(file.name)
            if name and file.name.startswith(begin) and file.is_file():
                split = "train" if name[1].lower() == "train" else "test"
                found.setdefault((split, name[2].lower()), []).append(file)
        if found:
            return found
    return found


def read_idx_folder(path: Path) -> LabelledArrays:
    """The four files of a folder. Raises TersenetError where one is missing, damaged, or there twice.

    EMNIST's are set upright, and their classes named.
    """
    found = _found(path)
    files = {(split, what): _only(found, split, what, path) for split in ("train", "test") for what in KINDS}
    arrays = {key: read_idx(file) for key, file in files.items()}
    variant = variant_of(files["train", "images"].name)
    if variant is not None:
        for split in ("train", "test"):
            if arrays[split, "images"].ndim == 3:
                arrays[split, "images"] = upright(arrays[split, "images"])
            arrays[split, "labels"] = arrays[split, "labels"].astype(np.int64) - FIRST_LABEL.get(variant, 0)
    return LabelledArrays(
        images=arrays["train", "images"],
        labels=arrays["train", "labels"],
        test_images=arrays["test", "images"],
        test_labels=arrays["test", "labels"],
        classes=None if variant is None else tuple(CLASSES[variant]),
    )


def _only(found: Files, split: str, what: str, path: Path) -> Path:
    """The one file of a split, packed or not."""
    files = {file.name.removesuffix(".gz"): file for file in reversed(found.get((split, what), []))}
    if len(files) == 1:
        return next(iter(files.values()))
    begins = sorted({variant for name in files if (variant := variant_of(name)) is not None})
    raise TersenetError(
        f"The folder has {'several IDX files' if files else 'no IDX file'} of the {split} {what}.",
        got=", ".join(sorted(files)) or "none",
        expected=f"one, called {'train' if split == 'train' else 't10k'}-{what}-idx{KINDS[what]}-ubyte, .gz or not",
        where=path,
        hint=f"name the part: idx:{path / begins[0]}" if begins else None,
    )


KIND = FileKind(
    word="idx",
    pattern="FOLDER",
    about="four IDX files, as MNIST's, under any usual name",
    takes=lambda path: {("train", "images"), ("train", "labels")} <= set(_found(path)),
    read=read_idx_folder,
)
