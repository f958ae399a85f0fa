"""Which runs and groups there are, and which one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tersenet._errors import TersenetError, did_you_mean
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


def find_run(spec: str | Path, runs_dir: Path = Path("runs")) -> Run:
    """The run that is meant: a folder, its name under `runs_dir`, or an experiment's name (its latest run).

    One seed of a group is named `sprint-3/seed-0`. Raises TersenetError where there is none, or a group is named.
    """
    found = _at(spec, runs_dir) or _latest(spec, list_runs(runs_dir)) or _latest(spec, list_groups(runs_dir))
    if isinstance(found, Group):
        first = found.seeds[0] if found.seeds else 0
        raise TersenetError(
            "This is a group of seeds, and one run is asked for.",
            got=found.path,
            expected="the run of one seed",
            hint=f"name it: {found.name}/seed-{first}",
        )
    return found or _nothing(spec, runs_dir)


def find_run_or_group(spec: str | Path, runs_dir: Path = Path("runs")) -> Run | Group:
    """The run or group that is meant: a folder, its name under `runs_dir`, or an experiment's name (its latest)."""
    both: list[Run | Group] = sorted(
        [*list_runs(runs_dir), *list_groups(runs_dir)], key=lambda found: _name_and_number(found.name)
    )
    return _at(spec, runs_dir) or _latest(spec, both) or _nothing(spec, runs_dir)


def _folders(runs_dir: Path) -> list[Path]:
    if not runs_dir.is_dir():
        return []
    folders = (path for path in runs_dir.iterdir() if (path / EXPERIMENT).is_file())
    return sorted(folders, key=lambda path: _name_and_number(path.name))


def _at(spec: str | Path, runs_dir: Path) -> Run | Group | None:
    """What stands at a path, as it is or under `runs_dir`; raises where a folder is of something else."""
    for path in (Path(spec), runs_dir / spec):
        if (path / EXPERIMENT).is_file():
            return Group(path) if is_group(path) else Run(path)
        if path.is_dir() and path.resolve() != runs_dir.resolve() and (path == Path(spec) or any(path.iterdir())):
            return Run(path)  # says that it is not a run folder
    return None


def _latest(spec: str | Path, found: Sequence[Run | Group]) -> Run | Group | None:
    named = [each for each in found if _name_and_number(each.name)[0] == str(spec)]
    return named[-1] if named else None


def _nothing(spec: str | Path, runs_dir: Path) -> Run:
    """Raise, and offer the nearest names."""
    names = {path.name for path in _folders(runs_dir)}
    names |= {_name_and_number(name)[0] for name in names}
    raise TersenetError(
        "There is no such run.",
        got=spec,
        expected=f"a run folder, its name under {runs_dir}, or an experiment that was run",
        hint=did_you_mean(str(spec), sorted(names)) or "tersenet runs lists the runs that are here",
    )


def _name_and_number(folder: str) -> tuple[str, int]:
    name, _, number = folder.rpartition("-")
    return (name, int(number)) if name and number.isdigit() else (folder, 0)
