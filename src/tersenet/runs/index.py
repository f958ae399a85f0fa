"""Which runs there are, and which one is meant."""

from __future__ import annotations

from pathlib import Path

from tersenet._errors import TersenetError, did_you_mean
from tersenet.runs.folder import EXPERIMENT, Run


def list_runs(runs_dir: Path = Path("runs")) -> list[Run]:
    """All runs directly under a folder, oldest number first within a name.

    >>> list_runs(Path("no/such/folder"))
    []
    """
    if not runs_dir.is_dir():
        return []
    folders = (path for path in runs_dir.iterdir() if (path / EXPERIMENT).is_file())
    return [Run(path) for path in sorted(folders, key=lambda path: _name_and_number(path.name))]


def find_run(spec: str | Path, runs_dir: Path = Path("runs")) -> Run:
    """The run that is meant: a folder, its name under `runs_dir`, or an experiment's name (its latest run)."""
    for path in (Path(spec), runs_dir / spec):
        if (path / EXPERIMENT).is_file():
            return Run(path)
        if path.is_dir() and path.resolve() != runs_dir.resolve() and (path == Path(spec) or any(path.iterdir())):
            return Run(path)  # says that it is not a run folder
    runs = list_runs(runs_dir)
    named = [run for run in runs if _name_and_number(run.name)[0] == str(spec)]
    if named:
        return named[-1]
    names = {run.name for run in runs} | {_name_and_number(run.name)[0] for run in runs}
    raise TersenetError(
        "There is no such run.",
        got=spec,
        expected=f"a run folder, its name under {runs_dir}, or an experiment that was run",
        mend=did_you_mean(str(spec), sorted(names)) or "tersenet runs lists the runs that are here",
    )


def _name_and_number(folder: str) -> tuple[str, int]:
    name, _, number = folder.rpartition("-")
    return (name, int(number)) if name and number.isdigit() else (folder, 0)
