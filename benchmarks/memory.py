"""Claim: training any of the shipped networks takes less than 1.5 GiB of memory.

    python benchmarks/memory.py    # a tenth of an epoch of each network; needs MNIST, and about a minute

Each network trains in a process of its own on all of MNIST, batches of 128, as `tersenet train` does; after a tenth
of an epoch and one measurement on the test set the process reports the largest memory it ever held (resident set
size, the interpreter, torch and the set included).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import torch

from tersenet.data import load_data
from tersenet.evaluation import evaluate
from tersenet.networks import NETWORKS, build
from tersenet.runs import Settings, settle
from tersenet.training import (
    EvaluationBatches,
    Recipe,
    TrainingBatches,
    WeightAverage,
    compiled_or_error,
    fused_step,
    make_optimizer,
    train_one_epoch,
)

MOST = 1.5  # GiB
BATCHES = 47  # a tenth of an epoch


def train_a_little(name: str) -> None:
    """Train and measure one network, then print this process's largest memory in GiB."""
    data_dir = os.environ.get("TERSENET_DATA")
    dataset = load_data("mnist", data_dir=Path(data_dir) if data_dir else None)
    model, recipe = build(NETWORKS[name].notation), Recipe()
    settings = settle(Settings(device="cpu"), model)
    fast = settings.engine == "compiled"
    torch.set_num_threads(1 if fast else settings.threads)
    network = compiled_or_error(model, settings.precision, settings.workers) if fast else None
    optimizer, average = make_optimizer(model, recipe), WeightAverage(model, decay=recipe.averaging)
    step = fused_step(network, optimizer, average, 0.0) if network else None
    workers = settings.workers if fast else 0
    batches = TrainingBatches(dataset.train, batch_size=128, augmentation=recipe.augmentation, workers=workers)
    some = (batch for _, batch in zip(range(BATCHES), batches.epoch(1), strict=False))
    train_one_epoch(network or model, some, optimizer, step=step, after_step=None if step else average.update)
    evaluate(average.model, EvaluationBatches(dataset.test), workers=settings.workers)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def main() -> None:
    """Measure each network in a process of its own."""
    if len(sys.argv) == 2:
        train_a_little(sys.argv[1])
        return
    largest = 0.0
    for name in NETWORKS:
        done = subprocess.run([sys.executable, __file__, name], capture_output=True, text=True, check=True)
        gibibytes = float(done.stdout)
        largest = max(largest, gibibytes)
        print(f"{name:18} {gibibytes:5.2f} GiB", flush=True)
    if largest >= MOST:
        raise SystemExit(f"{largest:.2f} GiB is not below {MOST} GiB")


if __name__ == "__main__":
    main()
