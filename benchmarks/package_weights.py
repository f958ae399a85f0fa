"""Put the trained weights of runs into the package, with the claim of each beside it.

    python benchmarks/package_weights.py RUNS_DIR

The network is named first, then the run whose weights are taken: the first seed of a group of fresh seeds, which took
no part in the choice of the recipe; not the best one. What is kept of the run's folder is what every command reads;
paths of the machine that it was trained on are left out.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from tersenet.evaluation import fit_familiarity
from tersenet.runs import (
    WEIGHTS,
    Run,
    file_hash,
    kept_in,
    make_claim,
    packaged_names,
    results_of,
    write_claim,
    write_familiarity,
    write_record,
)

CLAIMS = Path(__file__).parents[1] / "claims"
CHOSEN = {
    "stem-17150": "sprint-1/seed-10",
    "model1-4312": "model1-4312-improved-1/seed-10",
    "model2-7524": "model2-7524-improved-1/seed-10",
}


def main() -> None:
    """Package every run of `CHOSEN` that is in the folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs_dir", type=Path)
    runs_dir = parser.parse_args().runs_dir
    for name, place in CHOSEN.items():
        if (runs_dir / place / "result.json").is_file():
            package(Run(runs_dir / place), name)
    describe_pictures()


def package(run: Run, name: str) -> None:
    """Copy a run into the package as `name`, and write its claim."""
    folder = WEIGHTS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("experiment.toml", "metrics.csv", "model.safetensors", "summary.txt"):
        shutil.copyfile(run.path / file, folder / file)
    before = run.environment
    environment = replace(before, data_dir=None, data_source=before.data, command_line=("tersenet", "train"))
    (result,) = results_of([run])
    write_record(folder / "environment.json", environment)
    write_record(folder / "result.json", replace(result, run=name))
    claim = CLAIMS / f"{name}.toml"
    claim.unlink(missing_ok=True)
    write_claim(make_claim(Run(folder)), claim)
    print(f"{name}: {result.test_accuracy:.2f} % on {result.data}, from {run.name}")


def describe_pictures() -> None:
    """What the networks' training pictures are like, in one file for all that were trained on the same ones."""
    runs = [Run(WEIGHTS / name) for name in packaged_names()]
    for data in {run.experiment.data for run in runs}:
        same = [run for run in runs if run.experiment.data == data]
        train, classes = same[0].data().train, len(same[0].environment.classes)
        found = {
            file_hash(run.path / "model.safetensors"): fit_familiarity(
                run.model(), train.images, train.labels, classes
            )
            for run in same
        }
        write_familiarity(kept_in(same[0]), found)


if __name__ == "__main__":
    main()
