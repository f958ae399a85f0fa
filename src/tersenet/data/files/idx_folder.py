"""IDX files in a folder, under any of the names that MNIST's have been given."""

from __future__ import annotations

import re
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data.files.file_kind import FileKind, LabelledArrays
from tersenet.data.formats.idx import read_idx

# train-images-idx3-ubyte, train-images.idx3-ubyte.gz, emnist-letters-test-labels-idx1-ubyte …
NAME = re.compile(
    r"(?:.*[-_.])?(train|t10k|test)[-_.](images|labels)(?:[-_.]idx\d[-_.]\w+)?(?:\.idx)?(?:\.gz)?", re.I
)


def _found(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """The IDX files of a folder or its `raw/`, by split and by what they hold."""
    found: dict[tuple[str, str], list[Path]] = {}
    for place in (folder, folder / "raw"):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            name = NAME.fullmatch(path.name)
            if name and path.is_file():
                split = "train" if name[1].lower() == "train" else "test"
                found.setdefault((split, name[2].lower()), []).append(path)
        if found:
            return found
    return found


def read_idx_folder(path: Path) -> LabelledArrays:
    """The four files of a folder. Raises TersenetError where one is missing, damaged, or there twice."""
    found = _found(path)
    arrays = {}
    for split in ("train", "test"):
        for what in ("images", "labels"):
            files = {file.name.removesuffix(".gz"): file for file in reversed(found.get((split, what), []))}
            if len(files) != 1:
                raise TersenetError(
                    f"The folder has no IDX file of the {split} {what}."
                    if not files
                    else f"The folder has several IDX files of the {split} {what}.",
                    got=", ".join(sorted(files)) or "none",
                    expected=f"one, called {'train' if split == 'train' else 't10k'}-{what}-idx"
                    f"{3 if what == 'images' else 1}-ubyte, .gz or not",
                    where=path,
                )
            arrays[split, what] = read_idx(next(iter(files.values())))
    return LabelledArrays(
        images=arrays["train", "images"],
        labels=arrays["train", "labels"],
        test_images=arrays["test", "images"],
        test_labels=arrays["test", "labels"],
    )


KIND = FileKind(
    word="idx",
    pattern="FOLDER",
    about="four IDX files, as MNIST's, under any usual name",
    takes=lambda path: path.is_dir() and {("train", "images"), ("train", "labels")} <= set(_found(path)),
    read=read_idx_folder,
)
