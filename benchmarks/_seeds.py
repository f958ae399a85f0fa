"""Seeds of shipped experiments, trained or found: what the benchmarks of accuracy share."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tersenet import TersenetError
from tersenet.runs import Run, find_run, results_of


def finished_run(name: str, runs_dir: Path) -> Run | None:
    """The finished run of that name, if there is one."""
    try:
        run = find_run(name, runs_dir)
    except TersenetError:
        return None
    return run if isinstance(run, Run) and run.result else None


def run_name(experiment: str, seed: int) -> str:
    """What the run of a seed is called."""
    return f"{experiment}-seed{seed}"


def train_seeds(experiments: tuple[str, ...], seeds: int, runs_dir: Path, jobs: int) -> None:
    """Train each experiment with seeds 0, 1, … where that was not done, `jobs` at a time, one worker each.

    An interrupted call goes on where it was. A log of each run lies beside its folder.
    """
    runs_dir.mkdir(parents=True, exist_ok=True)
    waiting = [
        (experiment, seed)
        for seed in range(seeds)
        for experiment in experiments
        if not finished_run(run_name(experiment, seed), runs_dir)
    ]

    def train_one(job: tuple[str, int]) -> None:
        experiment, seed = job
        name = run_name(experiment, seed)
        try:
            words = ["--resume", find_run(name, runs_dir).name]
        except TersenetError:
            words = [experiment, "--name", name, "--seed", str(seed), "--set", "settings.workers=1"]
        command = [sys.executable, "-m", "tersenet", "train", *words, "--runs-dir", str(runs_dir), "--no-report"]
        with (runs_dir / f"{name}.log").open("a") as log:
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if status not in (0, 3):
            raise SystemExit(f"{name} ended with status {status}; see {runs_dir / name}.log")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(train_one, waiting))


def found_runs(experiment: str, seeds: int, runs_dir: Path) -> list[Run]:
    """The finished runs of an experiment's seeds; ends the program where one is missing."""
    runs = [finished_run(run_name(experiment, seed), runs_dir) for seed in range(seeds)]
    if None in runs:
        raise SystemExit(f"{experiment} is not yet trained with seed {runs.index(None)}")
    return [run for run in runs if run]


def accuracies(runs: list[Run]) -> list[float]:
    """Test accuracies after the last epoch, in percent."""
    return [result.test_accuracy for result in results_of(runs)]
