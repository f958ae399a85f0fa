"""Trained networks that come with Tersenet: run folders inside the package, so that every command takes them.

`tersenet predict stem-17150 digit.png` works without a training. Each was trained on MNIST with a seed that took no
part in the choice of its recipe, the first of five such seeds, not the best of them; `claims/NAME.toml` in the
repository says what it reaches, and `tersenet verify` checks it. `benchmarks/package_weights.py` puts them here.
"""

from __future__ import annotations

from pathlib import Path

from tersenet.runs.folder import EXPERIMENT, Run

WEIGHTS = Path(__file__).parents[1] / "weights"


def packaged_names() -> tuple[str, ...]:
    """The names of the trained networks in the package.

    >>> "stem-17150" in packaged_names()
    True
    """
    return tuple(sorted(path.parent.name for path in WEIGHTS.glob(f"*/{EXPERIMENT}")))


def packaged_run(name: str) -> Run | None:
    """The trained network of this name as a run that must not be written to; None where the package has none.

    >>> run = packaged_run("stem-17150")
    >>> run.name, run.experiment.data, sum(weights.numel() for weights in run.model().parameters())
    ('stem-17150', 'mnist', 17150)
    >>> packaged_run("no-such-network") is None
    True
    """
    return Run(WEIGHTS / name) if name in packaged_names() else None


def is_packaged(run: Run) -> bool:
    """Whether a run is one of the package's own."""
    return run.path.parent == WEIGHTS


def output_folder(run: Run, what: str) -> Path:
    """Where to write `what` is made of a run later: a folder in the run's own, or of a packaged one, a folder here.

    >>> run = packaged_run("stem-17150")
    >>> output_folder(run, "explain").as_posix()
    'stem-17150-explain'
    """
    return Path(f"{run.name}-{what}") if is_packaged(run) else run.path / what
