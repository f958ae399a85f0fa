"""Claim: with Tersenet's recipe the course networks, layers unchanged, end above their reported best epochs.

    python benchmarks/improved.py                 # three seeds of six networks (under an hour), then the table
    python benchmarks/improved.py --table-only    # the table from the runs that are there

At most 19 epochs, no dropout (its rate belongs to the recipe), the mean of the last epochs of three seeds: an
indication. `model2-7524` and `model3-7524` are one network. Writes its part of `docs/results.md`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from _seeds import accuracies, found_runs, train_seeds
from course_networks import RESULTS, write_part
from tersenet.evaluation import spread
from tersenet.networks import NETWORKS
from tersenet.runs import load_experiment, results_of

SEEDS = 3
# network, and the other course networks that have the same layers
IMPROVED = {
    "model1-4312": (),
    "model2-7524": ("model3-7524",),
    "gap-14320": (),
    "optimized-18594": (),
    "funnel-18937": (),
    "network-19972": (),
}

# What was seen of the test set before these runs, and how the one recipe that differs was chosen.
CHOSEN = (
    "`gap-14320` is augmented more strongly than the others (rotation 12, scale and shear 0.12). This was chosen on "
    "held-out images, two seeds of 10,000, nine epochs: mean loss 0.0197 against 0.0212 (accuracy 99.38 and 99.39). "
    "The same was tried for `optimized-18594`, two seeds, 19 epochs, and rejected: 99.435 % against 99.505 with its "
    "recipe (loss 0.0157 and 0.0156). Some test figures of earlier recipes had been seen by then: `gap-14320` had "
    "ended at 99.52 after 15 epochs and at 99.47 after 19, one seed each. After that, the epochs of `gap-14320` and "
    "`optimized-18594` were raised from 15 to 19. On a processor that multiplies bfloat16, `optimized-18594` had "
    "ended at 99.63 and 99.61 with seeds 0 and 1. So these figures are not fully independent of the test set."
)


def main() -> None:
    """Train, tabulate, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/improved"))
    parser.add_argument("--jobs", type=int, default=2, help="seeds trained at a time")
    parser.add_argument("--table-only", action="store_true")
    arguments = parser.parse_args()
    experiments = tuple(f"{name}-improved" for name in IMPROVED)
    if not arguments.table_only:
        train_seeds(experiments, SEEDS, arguments.runs_dir, arguments.jobs)
    part, misses = table(arguments.runs_dir)
    write_part(RESULTS, "improved", part)
    print(part)
    if misses:
        raise SystemExit("missed: " + "; ".join(misses))


def table(runs_dir: Path) -> tuple[str, list[str]]:
    """The table, misses first, and what was missed."""
    rows, misses = [], []
    for name, twins in IMPROVED.items():
        experiment = load_experiment(f"{name}-improved")
        assert experiment.budget is not None
        assert experiment.budget.accuracy is not None
        runs = found_runs(experiment.name or name, SEEDS, runs_dir)
        found, wanted = spread(accuracies(runs)), experiment.budget.accuracy
        best = max((NETWORKS[each].reported.best_accuracy or 0 for each in (name, *twins)), default=0)  # type: ignore[union-attr]
        theirs = max((NETWORKS[each].reported.epochs for each in (name, *twins)), default=0)  # type: ignore[union-attr]
        missed = round(found.mean, 4) < max(wanted, best)
        if missed:
            misses.append(f"{name}: {found.mean:.2f} % against {max(wanted, best):.2f} %")
        assert found.deviation is not None
        rows.append(
            (
                not missed,
                f"| `{name}`{''.join(f', `{twin}`' for twin in twins)} | {results_of(runs)[0].parameters:,} "
                f"| {theirs} | {f'{best:.2f}' if best else '–'} | {experiment.training.epochs} "
                f"| {found.mean:.2f} ± {found.deviation:.2f} | {wanted:.2f} | {'**missed**' if missed else 'met'} |",
            )
        )
    first = found_runs("model1-4312-improved", SEEDS, runs_dir)[0]
    environment = first.environment
    lines = [
        "## The course networks with Tersenet's recipe",
        "",
        "Written by `python benchmarks/improved.py`. The layers are unchanged; the experiments `NAME-improved` "
        "train them with Tersenet's own recipe, without dropout. Last epoch, mean ± deviation of three seeds: an "
        "indication. The course's figure is its best epoch, picked on the test set.",
        "",
        "| network | parameters | course: epochs | best | Tersenet: epochs | last, three seeds | wanted | |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
        *[row for _, row in sorted(rows, key=lambda row: row[0])],
        "",
        CHOSEN,
        "",
        f"Trained on {environment.machine.processor}, torch {environment.versions['torch']}, "
        f"{first.experiment.settings.description}, two seeds at a time.",
    ]
    return "\n".join(lines), misses


if __name__ == "__main__":
    main()
