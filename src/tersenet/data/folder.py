"""A folder of pictures as a data set: one sub-folder a class."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch

from tersenet._errors import TersenetError
from tersenet.data.dataset import Dataset, Split
from tersenet.data.pictures import read_picture

_EVERY = 6  # of a class's pictures, the sixth, the twelfth … are for the test


def read_folder(path: str | Path) -> Dataset:
    """The pictures in a folder, each brought into MNIST's form: light on dark, 20×20 in 28×28.

    Either `path/train/CLASS/PICTURES` and `path/test/CLASS/PICTURES`, or `path/CLASS/PICTURES`; then every sixth
    picture of a class (by its name, numbers counted as numbers; of a smaller class the last) is for the test, so that
    the split is always the same. Classes are numbered in that order too. Hidden files are passed over.

    Raises TersenetError: no such folder, fewer than two classes, an empty class, classes that differ between train
    and test, a file that is no picture.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise TersenetError(
            "The folder of pictures is not there.", got=root, expected="folder:PATH, one sub-folder a class"
        )
    folders = _sub_folders(root)
    split_by_hand = {"train", "test"} & set(folders)
    if split_by_hand == {"train", "test"}:
        classes, train, test = _split_by_hand(root)
    elif split_by_hand:
        raise TersenetError(
            "One half of the data set is missing.",
            got=f"{split_by_hand.pop()}/ alone",
            expected="train/ and test/, or the classes themselves",
            where=root,
        )
    else:
        classes = _classes_in(root)
        pictures = {name: _pictures_in(root / name, least=2) for name in classes}
        test = {name: files[_EVERY - 1 :: _EVERY] or files[-1:] for name, files in pictures.items()}
        train = {name: _without(files, set(test[name])) for name, files in pictures.items()}
    return Dataset(
        name=f"folder:{path}",
        train=_read(classes, train),
        test=_read(classes, test),
        classes=classes,
        source=f"{root} ({sum(map(len, train.values()))} + {sum(map(len, test.values()))} pictures)",
    )


Pictures = dict[str, list[Path]]


def _split_by_hand(root: Path) -> tuple[tuple[str, ...], Pictures, Pictures]:
    classes, other = _classes_in(root / "train"), _classes_in(root / "test")
    if classes != other:
        raise TersenetError(
            "The classes of train/ and test/ differ.",
            got=", ".join(sorted(set(classes) ^ set(other), key=_natural)) + " in one of them only",
            expected="the same sub-folders in both",
            where=root,
        )
    train, test = ({name: _pictures_in(root / half / name) for name in classes} for half in ("train", "test"))
    return classes, train, test


def _classes_in(folder: Path) -> tuple[str, ...]:
    classes = tuple(_sub_folders(folder))
    if len(classes) < 2:
        raise TersenetError(
            "A data set needs at least two classes.",
            got=f"the sub-folder {classes[0]}/ alone" if classes else "no sub-folders",
            expected="one sub-folder a class, with its pictures",
            where=folder,
        )
    return classes


def _sub_folders(folder: Path) -> list[str]:
    return sorted((child.name for child in _visible(folder) if child.is_dir()), key=_natural)


def _pictures_in(folder: Path, *, least: int = 1) -> list[Path]:
    files = sorted(_visible(folder), key=lambda file: _natural(file.name))
    if len(files) < least:
        raise TersenetError(
            "A class has too few pictures.",
            got=len(files),
            expected=f"{least} or more" + (", as one is kept for the test" if least > 1 else ""),
            where=folder,
        )
    return files


def _visible(folder: Path) -> list[Path]:
    return [child for child in folder.iterdir() if not child.name.startswith(".")]


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key that sorts picture2 before picture10.

    >>> sorted(["b10", "b2", "a"], key=_natural)
    ['a', 'b2', 'b10']
    """
    parts = [part for part in re.split(r"([0-9]+)", name) if part]  # equal but for case or zeros: by the name itself
    return [(int(part) if part[0] in "0123456789" else -1, part.lower()) for part in parts], name


def _without(files: list[Path], others: set[Path]) -> list[Path]:
    return [file for file in files if file not in others]


def _read(classes: tuple[str, ...], pictures: Pictures) -> Split:
    images = [read_picture(file) for name in classes for file in pictures[name]]
    labels = [number for number, name in enumerate(classes) for _ in pictures[name]]
    return Split(images=torch.from_numpy(np.stack(images)), labels=torch.tensor(labels, dtype=torch.int64))
