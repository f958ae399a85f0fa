"""Claim: `sprint` reaches 99.4 % in at most ten seconds, 40 and 15 times sooner than two course networks.

`sprint-99` reaches 99.0 % in one epoch.

    python benchmarks/sprint.py              # ten seeds, two epochs of two course networks; 5 minutes, with MNIST
    python benchmarks/sprint.py --seeds 2    # a quick look, which claims nothing

Ten seeds of the experiment `sprint`, last epoch, mean and deviation of the test accuracy, then of `sprint-99`, one
epoch for 99.0 %; and, in the same run on the same cores, `gap-14320` and `optimized-18594` in the eager baseline
(`_eager_baseline.py`). Two epochs of theirs are timed and multiplied by the epoch in which the course reaches 99.4 %:
its 15th and its 7th.

Our clock starts with the set's bytes in memory and stops when the accuracy of the last epoch is known: building and
settling, compiling the engine (the first seed of `sprint` starts with an empty cache), the start of the workers,
shuffling, augmentation, training, averaging and the test set after each epoch. Theirs leaves out everything but the
epochs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch

from _eager_baseline import epoch_seconds
from tersenet.data import Dataset, load_data
from tersenet.evaluation import spread
from tersenet.networks import NETWORKS, build
from tersenet.runs import Experiment, Settings, load_experiment, settle
from tersenet.training import train

# name, the reported epoch of 99.4 %, its batch size, whether it augments, and how many times sooner we want to be
WRITE_UPS = (("gap-14320", 15, 128, False, 40), ("optimized-18594", 7, 64, True, 15))
WANTED, WANTED_99, MOST_SECONDS = 99.4, 99.0, 10.0


def sprint(experiment: Experiment, dataset: Dataset, seed: int) -> tuple[float, float, float]:
    """Seconds of one seed from nothing but the set, those of its epochs alone, and its test accuracy."""
    start = time.perf_counter()
    torch.manual_seed(seed)
    model = build(NETWORKS[experiment.network].notation)
    settings = settle(Settings(device="cpu"), model)
    torch.set_num_threads(1 if settings.engine == "compiled" else settings.threads)
    training = train(
        model,
        dataset,
        experiment.training,
        seed=seed,
        precision=settings.precision,
        engine=settings.engine,
        workers=settings.workers,
    )
    epochs = sum(row.seconds for row in training.metrics)
    return time.perf_counter() - start, epochs, training.test.accuracy


def all_seeds(name: str, dataset: Dataset, seeds: int) -> tuple[float, float, float]:
    """Seconds of the first seed, the median of the others, and the mean accuracy of a shipped experiment."""
    experiment = load_experiment(name)
    accuracies, seconds, epochs = [], [], []
    for seed in range(seeds):
        took, trained, accuracy = sprint(experiment, dataset, seed)
        accuracies.append(accuracy)
        seconds.append(took)
        epochs.append(trained)
        print(f"{name}, seed {seed}: {accuracy:.2f} %  {took:5.2f} s", flush=True)
    found, first, later = spread(accuracies), seconds[0], statistics.median(seconds[1:] or seconds)
    print(
        f"{name}: {found.mean:.3f} ± {found.deviation or 0:.3f} % over {seeds} seeds ({min(accuracies):.2f} to "
        f"{max(accuracies):.2f}), last epoch; {first:.2f} s for the first, median {later:.2f} s for the others, "
        f"{statistics.median(epochs):.2f} s of it in the epochs themselves"
    )
    return first, later, found.mean


def main() -> None:
    """Train, time, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs-timed", type=int, default=2, help="epochs of each course network that are timed")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    data_dir = os.environ.get("TERSENET_DATA")
    dataset = load_data("mnist", data_dir=Path(data_dir) if data_dir else None)
    threads = torch.get_num_threads()

    with tempfile.TemporaryDirectory() as cache:  # the first seed compiles the engine
        os.environ["XDG_CACHE_HOME"] = cache
        first, later, mean = all_seeds("sprint", dataset, arguments.seeds)
        _, _, mean_99 = all_seeds("sprint-99", dataset, arguments.seeds)

    misses = [] if mean >= WANTED else [f"sprint: {mean:.3f} % is below {WANTED} %"]
    misses += [f"sprint: {first:.1f} s is above {MOST_SECONDS:g} s"] if first > MOST_SECONDS else []
    misses += [] if mean_99 >= WANTED_99 else [f"sprint-99: {mean_99:.3f} % is below {WANTED_99} %"]
    torch.set_num_threads(threads)
    for name, epoch, batch_size, augmented, wanted in WRITE_UPS:
        timed = epoch_seconds(
            name,
            dataset.train,
            dataset.test,
            batch_size=batch_size,
            augmented=augmented,
            epochs=arguments.epochs_timed,
        )
        theirs = epoch * statistics.mean(timed)
        print(
            f"{name}: {', '.join(f'{one:.1f}' for one in timed)} s an epoch; to its 99.4 % in epoch {epoch}, "
            f"extrapolated, {theirs:.0f} s: {theirs / first:.0f} times as long as ours with compiling, "
            f"{theirs / later:.0f} times without (wanted: {wanted})",
            flush=True,
        )
        misses += [f"{name}: only {theirs / first:.1f} times sooner"] if theirs / first < wanted else []
    print(f"the whole command: {time.perf_counter() - begun:.0f} s")
    if misses:
        raise SystemExit("missed: " + "; ".join(misses))


if __name__ == "__main__":
    main()
