"""A folder of pictures as a data set: one sub-folder per class."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tersenet._errors import TersenetError
from tersenet.data.cache import expand_home
from tersenet.data.dataset import Dataset, Split
from tersenet.data.form import Form
from tersenet.data.formats.chosen_form import read_pictures
from tersenet.data.formats.folder_files import PassedOver, candidates, natural, printable, sub_folders
from tersenet.data.formats.folder_name import FOLDER, FolderName, with_skip_bad
from tersenet.data.formats.mnist_form import BLANK

_EVERY = 6  # of a class's pictures, the sixth, the twelfth … are for the test
_LISTED = 20  # damaged pictures that an error lists; the others are counted

Pictures = dict[str, list[Path]]


def read_folder(name: FolderName, *, form: Form | None = None) -> Dataset:
    """The pictures in a folder, each read in the form that the name says (`chosen_form`), or in `form`.

    Either `path/train/CLASS/PICTURES` and `path/test/CLASS/PICTURES`, or `path/CLASS/PICTURES`; then every sixth
    picture of a class (by its name, numbers counted as numbers; of a smaller class the last) is for the test, so that
    the split is always the same. Classes are numbered in that order too.

    Files that are not pictures (`notes.txt`, `Thumbs.db`, hidden files) are skipped; the data set's `passed_over`
    counts them. Pictures that cannot be read are one error that lists all of them; with `skip-bad` they are left out
    and counted in the notice. The split is made before they are left out, so that the other pictures keep their
    place in it.

    Raises TersenetError: no such folder, fewer than two classes, a class with too few pictures, classes that differ
    between train and test, pictures that cannot be read, or not in one form.
    """
    path, skip_bad = name.path, name.skip_bad
    root = expand_home(path, f"{FOLDER}{path}")
    if not root.is_dir():
        raise TersenetError(
            "The picture folder does not exist.",
            got=root,
            expected="folder:PATH, a folder with one sub-folder per class",
        )
    _require_text(root)
    passed_over = PassedOver()
    folders = {folder.name: folder for folder in sub_folders(root, passed_over)}
    split_by_hand = {"train", "test"} & set(folders)
    if split_by_hand == {"train", "test"}:
        classes, train, test = _split_by_hand(root, passed_over)
    elif split_by_hand:
        raise TersenetError(
            "One half of the data set is missing.",
            got=f"{split_by_hand.pop()}/ alone",
            expected="train/ and test/, or the classes themselves",
            where=root,
        )
    else:
        classes = _require_two(list(folders), root)
        pictures = {name: _pictures_in(root / name, passed_over, least=2) for name in classes}
        test = {name: files[_EVERY - 1 :: _EVERY] or files[-1:] for name, files in pictures.items()}
        train = {name: _without(files, set(test[name])) for name, files in pictures.items()}
    files = [file for half in (train, test) for files in half.values() for file in files]
    found = read_pictures(files, name.form, name=str(name), form=form)
    images = found.images
    bad = {file: error for file, error in images.items() if isinstance(error, TersenetError)}
    if bad and not skip_bad:
        raise _damaged(bad, len(images), root, name)
    passed_over.damaged = [str(file.relative_to(root)) for file in bad]
    good = {file: image for file, image in images.items() if not isinstance(image, TersenetError)}
    splits = [
        _split(classes, half, good, root, name, found.form) for half, name in ((train, "training"), (test, "test"))
    ]
    learned = splits[0] if form is not None else replace(splits[0], form=found.form.measured(splits[0].images))
    return Dataset(
        name=str(name),
        train=learned,
        test=splits[1],
        classes=tuple(map(printable, classes)),
        source=f"{root} ({len(splits[0])} + {len(splits[1])} pictures)",
        notice=passed_over.notice,
        passed_over=passed_over.remark,
        read_as=found.chosen,
    )


def _require_text(root: Path) -> None:
    """A run stores the folder's path: it must be text."""
    try:
        str(root.absolute()).encode()
    except UnicodeEncodeError:
        raise TersenetError(
            "The folder's path is not valid UTF-8, so it cannot be written into a run.",
            got=printable(str(root)),
            hint="rename the folder, or link to it",
        ) from None


def _split_by_hand(root: Path, passed_over: PassedOver) -> tuple[tuple[str, ...], Pictures, Pictures]:
    halves = [
        _require_two([folder.name for folder in sub_folders(root / half, passed_over)], root / half)
        for half in ("train", "test")
    ]
    classes, other = halves
    if classes != other:
        only = sorted(set(classes) ^ set(other), key=natural)
        raise TersenetError(
            "The classes of train/ and test/ differ.",
            got=", ".join(map(printable, only)) + " in one of them only",
            expected="the same sub-folders in both",
            where=root,
        )
    train, test = (
        {name: _pictures_in(root / half / name, passed_over) for name in classes} for half in ("train", "test")
    )
    return classes, train, test


def _require_two(classes: list[str], folder: Path) -> tuple[str, ...]:
    if len(classes) < 2:
        raise TersenetError(
            "A data set needs at least two classes.",
            got=f"only the sub-folder {printable(classes[0])}/" if classes else "no sub-folders",
            expected="one sub-folder per class, with its pictures",
            where=folder,
        )
    return tuple(classes)


def _pictures_in(folder: Path, passed_over: PassedOver, *, least: int = 1) -> list[Path]:
    files = candidates(folder, passed_over)
    if len(files) < least:
        raise TersenetError(
            "A class has too few pictures.",
            got=len(files),
            expected=f"{least} or more" + (", as one is kept for the test" if least > 1 else ""),
            where=folder,
        )
    return files


def _without(files: list[Path], others: set[Path]) -> list[Path]:
    return [file for file in files if file not in others]


def _damaged(bad: dict[Path, TersenetError], count: int, root: Path, name: FolderName) -> TersenetError:
    """One error for all pictures of the folder that cannot be read."""
    if len(bad) == 1:
        [(file, error)] = bad.items()
        problem, got, where = f"A picture cannot be read. {error.problem}", error.got, file
    else:
        rows = [f"{printable(str(file.relative_to(root)))}: {error.problem}" for file, error in bad.items()]
        more = [f"and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else []
        problem, got = f"{len(bad)} of {count} pictures cannot be read.", "\n".join(rows[:_LISTED] + more)
        where = root
    hint = "repair or remove these pictures, or leave them out: --skip-bad,\n"
    hint += f"or name the data '{with_skip_bad(str(name))}'"
    if any(error.problem == BLANK for error in bad.values()):
        hint += "\nwith form=mnist each picture must show one mark; take them as they are with a size, form=3x32x32"
    return TersenetError(problem, got=got, where=where, hint=hint)


def _split(
    classes: tuple[str, ...],
    pictures: Pictures,
    images: dict[Path, NDArray[np.uint8]],
    root: Path,
    half: str,
    form: Form,
) -> Split:
    kept = {name: [images[file] for file in pictures[name] if file in images] for name in classes}
    empty = [name for name in classes if not kept[name]]
    if empty:
        raise TersenetError(
            f"A class has no {half} picture that can be read.",
            got=", ".join(map(printable, empty)),
            expected="at least one for training and one for the test",
            where=root,
        )
    labels = [number for number, name in enumerate(classes) for _ in kept[name]]
    stacked = torch.from_numpy(np.stack([image for name in classes for image in kept[name]]))
    return Split(images=stacked, labels=torch.tensor(labels, dtype=torch.int64), form=form)
