"""The kinds of files that hold a data set. To add one: a file in this folder, and its `KIND` in this list."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tersenet._errors import TersenetError
from tersenet.data.cache import expand_home
from tersenet.data.dataset import Dataset
from tersenet.data.files.array_set import dataset_of
from tersenet.data.files.cifar_folder import KIND as CIFAR
from tersenet.data.files.csv_table import KIND as CSV
from tersenet.data.files.file_kind import FileKind
from tersenet.data.files.idx_folder import KIND as IDX
from tersenet.data.files.npz import KIND as NPZ

FILE_KINDS = {kind.word: kind for kind in (NPZ, CSV, IDX, CIFAR)}


def file_kind(name: str) -> tuple[FileKind, str] | None:
    """The kind of a data set's name and the path in it; of a bare path, the kind that takes what is there.

    >>> kind, path = file_kind("npz:signs.npz")
    >>> kind.word, path
    ('npz', 'signs.npz')
    >>> file_kind("mnist") is None
    True
    """
    word, colon, path = name.partition(":")
    if colon and word in FILE_KINDS:
        return FILE_KINDS[word], path
    if "\0" in name or not name:
        return None
    with suppress(OSError, RuntimeError):  # a name that no path can have, a folder that may not be read, a foreign ~
        there = Path(name).expanduser() if name.startswith("~") else Path(name)
        for kind in FILE_KINDS.values():
            if kind.takes(there) or (kind.ending and name.lower().endswith(kind.ending) and not there.exists()):
                return kind, name
    return None


def read_file_set(kind: FileKind, path: str) -> Dataset:
    """The data set in files of a kind. Raises TersenetError where the path is not there or does not hold one."""
    name = f"{kind.word}:{path}"
    if not path:
        raise TersenetError("The path of the data set is missing.", got=name, expected=kind.form)
    if "\0" in path:
        raise TersenetError("A path cannot hold a null byte.", got=repr(path), expected=kind.form)
    place = expand_home(path, name)
    if not place.exists() and not kind.takes(place):
        raise TersenetError("There is no such file or folder.", got=place, expected=kind.form)
    return dataset_of(kind.read(place), name=name, path=place)
