"""Which runs and groups there are; which one a word means is said in `resolve`."""

from __future__ import annotations

from pathlib import Path

from tersenet.runs.folder import EXPERIMENT, Run
from tersenet.runs.group import Group, is_group


def list_runs(runs_dir: Path = Path("runs")) -> list[Run]:
    """All runs directly under a folder, oldest number first within a name; groups of seeds are not among them.

    >>> list_runs(Path("no/such/folder"))
    []
    """
    return [Run(path) for path in _folders(runs_dir) if not is_group(path)]


def list_groups(runs_dir: Path = Path("runs")) -> list[Group]:
    """All groups of seeds directly under a folder, oldest number first within a name.

    >>> list_groups(Path("no/such/folder"))
    []
    """
    return [Group(path) for path in _folders(runs_dir) if is_group(path)]


def _folders(runs_dir: Path) -> list[Path]:
    if not runs_dir.is_dir():
        return []
    folders = (path for path in runs_dir.iterdir() if (path / EXPERIMENT).is_file())
    return sorted(folders, key=lambda path: name_and_number(path.name))


def name_and_number(folder: str) -> tuple[str, int]:
    """What a run's folder is called, and its number; 0 where it has none.

    >>> name_and_number("net-178-2"), name_and_number("copy of mine")
    (('net-178', 2), ('copy of mine', 0))
    """
    name, _, number = folder.rpartition("-")
    return (name, int(number)) if name and number.isascii() and number.isdigit() else (folder, 0)
