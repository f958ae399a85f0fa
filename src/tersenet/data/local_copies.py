"""What is on this machine: where a named set's files lie, whether they are complete, and their pictures."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from tersenet._errors import TersenetError
from tersenet.data.cache import expand_home
from tersenet.data.dataset import Dataset, Split
from tersenet.data.form import Form, form_of
from tersenet.data.formats.idx import Array, idx_header, read_idx
from tersenet.data.named_sets import Archive, NamedSet

SHA256, MD5, UNCHECKED = "SHA-256 of the payload", "MD5 of the archive", "unchecked"


@dataclass(frozen=True, kw_only=True)
class CopyPlace:
    """A folder in which data sets are looked for, and what names it."""

    label: str
    root: Path

    def __str__(self) -> str:
        absent = "" if self.root.is_dir() else ", no such folder"
        return f"{self.root} ({self.label}{absent})"


@dataclass(frozen=True, kw_only=True)
class LocalCopy:
    """The files of a named set found in one folder; `paths` has an entry for each archive that is there."""

    named: NamedSet
    place: CopyPlace
    folder: Path
    paths: dict[Archive, Path]

    @property
    def missing(self) -> tuple[Archive, ...]:
        """The archives that are not there."""
        return tuple(archive for archive in self.named.archives if archive not in self.paths)


def list_places(data_dir: str | Path | None, cache_dir: Path) -> tuple[CopyPlace, ...]:
    """Where a set is looked for, first to last: `data_dir`, $TERSENET_DATA, the cache.

    Raises TersenetError where a `data_dir` is given that is not a folder.
    """
    places = [CopyPlace(label="the cache", root=cache_dir)]
    if variable := os.environ.get("TERSENET_DATA"):
        places.insert(0, CopyPlace(label="$TERSENET_DATA", root=expand_home(variable, "TERSENET_DATA")))
    if data_dir is not None:
        root = expand_home(data_dir, "--data-dir")
        if not root.is_dir():
            raise TersenetError(
                "The data folder does not exist.", got=root, hint="name an existing folder: --data-dir"
            )
        places.insert(0, CopyPlace(label="--data-dir", root=root))
    return tuple(places)


def find_holding(named: NamedSet, places: tuple[CopyPlace, ...]) -> LocalCopy | None:
    """The first place that has any file of the set, in Tersenet's or in torchvision's layout; None where none has."""
    for place in places:
        layouts = (place.root / named.name, place.root / named.torchvision / "raw")
        found = [
            LocalCopy(named=named, place=place, folder=folder, paths=paths)
            for folder in layouts
            if (paths := _paths_in(folder, named))
        ]
        if found:
            return min(found, key=lambda holding: len(holding.missing))
    return None


def _paths_in(folder: Path, named: NamedSet) -> dict[Archive, Path]:
    """The archives in a folder. The compressed file comes before the plain one: only it has a published MD5."""
    paths = {}
    for archive in named.archives:
        for name in (archive.name, archive.plain_name):
            if (folder / name).exists():
                paths[archive] = folder / name
                break
    return paths


def read_archive(path: Path, archive: Archive) -> tuple[Array, str]:
    """The array in a file of a named set, and how the file was checked.

    A payload with a published SHA-256 is checked by it, whatever compressed it; another by the published MD5 of its
    archive; a decompressed file of the latter kind by its shape alone, which is called "unchecked".
    Raises TersenetError where anything differs.
    """
    array = read_idx(path)
    if archive.sha256 is not None:
        check, got, expected = SHA256, _payload_sha256(array), archive.sha256
    elif path.name.endswith(".gz"):
        with path.open("rb") as file:
            check, got, expected = MD5, hashlib.file_digest(file, "md5").hexdigest(), archive.md5
    else:
        check, got, expected = UNCHECKED, "", ""
    if array.shape != archive.shape:
        got, expected = _times(array.shape), f"{_times(archive.shape)} values"
        raise TersenetError("The file has the wrong number of values.", got=got, expected=expected, where=path)
    if got != expected:
        raise TersenetError(
            "The file is corrupt, or not the published one.", got=got, expected=f"{expected} ({check})", where=path
        )
    return array, check


def _payload_sha256(array: Array) -> str:
    """The SHA-256 of the decompressed file that `array` was read from: the reader accepts one form only."""
    digest = hashlib.sha256(idx_header(array))
    digest.update(array.astype(array.dtype.newbyteorder(">"), copy=False).tobytes())
    return digest.hexdigest()


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


@dataclass(frozen=True, kw_only=True)
class FileCheck:
    """What was found in one file: how it was checked, or the `problem` with it (None where it is whole)."""

    path: Path
    archive: Archive
    check: str
    problem: str | None = None


def check_holding(holding: LocalCopy) -> tuple[FileCheck, ...]:
    """Look at each file of a set, the missing ones included, and stop at none."""
    checks = []
    for archive in holding.named.archives:
        path = holding.paths.get(archive, holding.folder / archive.name)
        check, problem = UNCHECKED, None
        try:
            if archive in holding.paths:
                values, check = read_archive(path, archive)
                _check_labels(values, archive, holding.named, path)
            else:
                problem = "The file is missing."
        except TersenetError as error:
            problem = error.problem
        checks.append(FileCheck(path=path, archive=archive, check=check, problem=problem))
    return tuple(checks)


def load_holding(holding: LocalCopy, *, source: str | None = None) -> Dataset:
    """The data set in a folder that has all of its files.

    Raises TersenetError where a file is missing or corrupt: nothing else is used in its place.
    """
    named = holding.named
    if holding.missing:
        raise TersenetError(
            f"The data set {named.name} is not complete.",
            got=", ".join(path.name for path in holding.paths.values()),
            expected="also " + ", ".join(archive.name for archive in holding.missing),
            where=holding.folder,
            hint="add the missing files, or delete the folder and run: tersenet data fetch " + named.name,
        )
    try:
        read = {archive: read_archive(path, archive) for archive, path in holding.paths.items()}
        for archive, path in holding.paths.items():
            _check_labels(read[archive][0], archive, named, path)
    except TersenetError as error:
        error.hint = error.hint or (
            "nothing else is used in its place; delete the file, or replace it:\n"
            f"tersenet data fetch {named.name} --into {holding.place.root}"
        )
        raise
    checks = {check for _, check in read.values()}
    how = "not checked: no checksum of the decompressed files is published" if UNCHECKED in checks else min(checks)
    arrays = {archive: array for archive, (array, _) in read.items()}
    return Dataset(
        name=named.name,
        train=_split(arrays[named.train_images], arrays[named.train_labels], named.form),
        test=_split(arrays[named.test_images], arrays[named.test_labels], named.form),
        classes=named.classes,
        source=f"{source or holding.folder} ({how})",
    )


def _check_labels(values: Array, archive: Archive, named: NamedSet, path: Path) -> None:
    """Raise where a file of labels names a class that the data set does not have."""
    if archive not in (named.train_labels, named.test_labels):
        return
    classes = _classes_of(values)
    strange = (classes < 0) | (classes >= len(named.classes))
    if strange.any():
        raise TersenetError(
            "A label is not a class of the data set.",
            got=int(classes[strange][0]),
            expected=f"0 to {len(named.classes) - 1}",
            where=path,
        )


def _classes_of(labels: Array) -> Array:
    """The class of each picture; of a table of labels (QMNIST) the first column."""
    return labels if labels.ndim == 1 else labels[:, 0]


def _split(images: Array, labels: Array, form: Form | None) -> Split:
    classes = torch.from_numpy(_classes_of(labels).astype("int64"))
    pictures = torch.from_numpy(images).unsqueeze(1)
    return Split(images=pictures, labels=classes, form=form or form_of(pictures, "mnist"))
