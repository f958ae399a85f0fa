"""Claim: `tersenet train --data FILE` alone learns small sets of pictures that are not digits.

    python benchmarks/small_sets.py [--only shapes colours] [--seeds 3] [--folder FOLDER]
    python benchmarks/small_sets.py --held-out [--only …]

Sets are drawn by code (`_made_sets.py`) and written as .npz files; network and recipe are Tersenet's choice. Required
on the test images, as the mean of the seeds: three classes that differ by colour alone 95 %, five shapes on cluttered
colour backgrounds 90 %, each with fewer than 8,000 parameters and less than a minute of training; 60 classes 95 %;
and on five plain shapes a higher accuracy after epoch 2 than with batches of 128. Exit status 1 where one is missed.

`--held-out` reads no test image: it compares batches and flips on a fifth of the training images, which is how the
table in `training/fitted_recipe.py` was chosen.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from _made_sets import MADE_SETS

REQUIRED = {"colours": 95.0, "shapes": 90.0, "symbols": 95.0}
SMALL = ("colours", "shapes")
MOST_PARAMETERS, MOST_SECONDS = 8_000, 60
PLAIN = "plain-shapes"
TRIED = {
    "chosen": (),
    "batches of 128, rate 0.2": ("batch_size=128", "learning_rate=0.2"),
    "batches of 64, rate 0.2": ("batch_size=64", "learning_rate=0.2"),
    "batches of 32, rate 0.1": ("batch_size=32", "learning_rate=0.1"),
    "batches of 16, rate 0.05": ("batch_size=16", "learning_rate=0.05"),
    "no flips": ("training.augmentation.flip_probability=0.0",),
    "flips": ("training.augmentation.flip_probability=0.5",),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One training: accuracies in percent of each epoch and at the end, parameters, seconds."""

    epochs: list[float]
    final: float
    parameters: int
    seconds: float


def train(data: Path, runs: Path, seed: int, settings: tuple[str, ...] = (), validation: int = 0) -> Outcome:
    """What the command line reaches on a file of pictures."""
    words = ["train", "--data", str(data), "--seed", str(seed), "--no-report", "--json", "--runs-dir", str(runs)]
    words += ["--set", "settings.workers=1", f"validation={validation}", *settings]
    done = subprocess.run(
        [sys.executable, "-m", "tersenet", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"tersenet {' '.join(words)} ended with status {done.returncode}")
    result = json.loads(done.stdout)
    with (runs / result["run"] / "metrics.csv").open(encoding="utf-8") as table:
        column = "validation_accuracy" if validation else "test_accuracy"
        epochs = [float(row[column]) for row in csv.DictReader(table)]
    final = epochs[-1] if validation else result["test_accuracy"]
    return Outcome(epochs=epochs, final=final, parameters=result["parameters"], seconds=result["seconds"])


def _columns(found: list[Outcome]) -> tuple[list[float], list[float]]:
    """The accuracies after epoch 2, and at the end."""
    return [outcome.epochs[1] for outcome in found], [outcome.final for outcome in found]


def measure(folder: Path, names: list[str], seeds: int) -> list[str]:
    """Print a table of the test images; what was missed."""
    missed = []
    print("| set | training + test | form | parameters | after 2 epochs | at the end | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        made = MADE_SETS[name]
        data = made.save(folder / f"{name}.npz")
        found = [train(data, folder / "runs", seed) for seed in range(seeds)]
        early, final = (statistics.fmean(values) for values in _columns(found))
        seconds, parameters = max(o.seconds for o in found), found[0].parameters
        spread = f" ± {statistics.stdev(o.final for o in found):.1f}" if seeds > 1 else ""
        size = made.size(data)
        print(
            f"| {made.about} | {size} | {parameters:,} | {early:.1f} % | {final:.1f}{spread} % | {seconds:.0f} |",
            flush=True,
        )
        if final < REQUIRED.get(name, 0):
            missed.append(f"{name}: {final:.2f} % of {REQUIRED[name]} %")
        if name in SMALL and (parameters >= MOST_PARAMETERS or seconds >= MOST_SECONDS):
            missed.append(f"{name}: {parameters:,} parameters, {seconds:.0f} s")
        if name == PLAIN:
            large = ("batch_size=128", "learning_rate=0.2")
            other = statistics.fmean(train(data, folder / "runs", seed, large).epochs[1] for seed in range(seeds))
            print(f"| the same in batches of 128 | | | | {other:.1f} % | | |", flush=True)
            if early <= other:
                missed.append(f"{name}: {early:.1f} % after epoch 2, {other:.1f} % in batches of 128")
    return missed


def compare(folder: Path, names: list[str], seeds: int) -> None:
    """Print a table of held-out images: what each set ends at with each change of the recipe."""
    print("| recipe | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    files = {name: MADE_SETS[name].save(folder / f"{name}.npz") for name in names}
    for tried, settings in TRIED.items():
        cells = []
        for name, data in files.items():
            held = MADE_SETS[name].count // 6
            found = [train(data, folder / "runs", seed, settings, held) for seed in range(seeds)]
            early, final = (statistics.fmean(values) for values in _columns(found))
            cells.append(f"{early:.1f}, {final:.1f}")
        print(f"| {tried} | " + " | ".join(cells) + " |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MADE_SETS, default=list(MADE_SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.held_out:
            compare(folder, arguments.only, arguments.seeds)
            return 0
        missed = measure(folder, arguments.only, arguments.seeds)
    print("\n".join(f"missed: {line}" for line in missed) or "all that is required holds")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
