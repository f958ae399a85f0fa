"""Which runs and groups there are; which one a word means is said in `resolve`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tersenet.runs.family.group import Group, is_group
from tersenet.runs.folder import EXPERIMENT, GROUP, METRICS, MODEL, RESULT, Run
from tersenet.runs.record_file import is_file


@dataclass(frozen=True)
class Unreadable:
    """A folder that should hold a run and cannot be read, and why."""

    path: Path
    problem: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name


def list_all(runs_dir: Path = Path("runs")) -> list[Run | Group | Unreadable]:
    """All runs and groups directly under a folder, and the folders that cannot be read, in the order of their names.

    Nothing of a run is read but the names of its files: a record that does not fit is found by who asks for it.

    >>> list_all(Path("no/such/folder"))
    []
    """
    try:
        names = os.listdir(runs_dir)  # noqa: PTH208  # one call for all names
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = (_what_is_in(runs_dir / name) for name in sorted(names, key=name_and_number))
    return [each for each in found if each is not None]


def list_runs(runs_dir: Path = Path("runs")) -> list[Run]:
    """All runs directly under a folder, oldest number first within a name; groups of seeds are not among them.

    >>> list_runs(Path("no/such/folder"))
    []
    """
    return [each for each in list_all(runs_dir) if isinstance(each, Run)]


def list_groups(runs_dir: Path = Path("runs")) -> list[Group]:
    """All groups of seeds directly under a folder, oldest number first within a name.

    >>> list_groups(Path("no/such/folder"))
    []
    """
    return [each for each in list_all(runs_dir) if isinstance(each, Group)]


def _what_is_in(path: Path) -> Run | Group | Unreadable | None:
    """The run or group in a folder; None where it holds neither, or is not a folder."""
    try:
        names = set(os.listdir(path))  # noqa: PTH208  # one call for all names
    except (NotADirectoryError, FileNotFoundError):
        return None
    except OSError as error:
        return Unreadable(path, f"The folder cannot be read: {error.strerror or error}.")
    if EXPERIMENT in names:
        if not is_file(path / EXPERIMENT):
            return Unreadable(path, f"{EXPERIMENT} is not a file that can be read.")
        return Group(path) if GROUP in names and is_group(path) else Run(path)
    left = sorted(names & {RESULT, METRICS, MODEL})
    return Unreadable(path, f"It has {left[0]} and no {EXPERIMENT}.") if left else None


def name_and_number(folder: str) -> tuple[str, int]:
    """What a run's folder is called, and its number; 0 where it has none.

    >>> name_and_number("net-178-2"), name_and_number("copy of mine")
    (('net-178', 2), ('copy of mine', 0))
    """
    name, _, number = folder.rpartition("-")
    return (name, int(number)) if name and number.isascii() and number.isdecimal() else (folder, 0)
