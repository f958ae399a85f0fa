"""Claim: one epoch of `optimized-18594` with augmentation A is at least 1.3 times as fast as in the eager baseline.

    python benchmarks/throughput.py                # three epochs a side, in turn; needs MNIST (TERSENET_DATA)
    python benchmarks/throughput.py --images 6000  # a part of an epoch, for a quick look

The eager baseline is that of `_eager_baseline.py`. Tersenet's way here: `tersenet.training.train_one_epoch` layer by
layer on batches augmented as a whole, float32, default threads; what the compiled engine adds is in `epoch.py`.
Measuring on test images is left out on both sides.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import torch
from torch import optim

from _eager_baseline import epoch_seconds
from tersenet.data import POLICY_A, Split, load_data
from tersenet.networks import NETWORKS, build
from tersenet.training import TrainingBatches, train_one_epoch

BATCH = 64
WANTED = 1.3


def eager_epoch(split: Split) -> float:
    """Seconds of one epoch in the eager baseline."""
    return epoch_seconds("optimized-18594", split, None, batch_size=BATCH, augmented=True)[0]


def tersenet_epoch(split: Split) -> float:
    """Seconds of one epoch in Tersenet's way."""
    torch.manual_seed(0)
    model = build(NETWORKS["optimized-18594"].notation).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    batches = TrainingBatches(split, batch_size=BATCH, augmentation=POLICY_A)
    start = time.perf_counter()
    train_one_epoch(model, batches.epoch(1), optimizer)
    return time.perf_counter() - start


def main() -> None:
    """Time the two in turn and print the medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    data_dir = os.environ.get("TERSENET_DATA")
    split = load_data("mnist", data_dir=Path(data_dir) if data_dir else None).train
    split = split.take(torch.arange(arguments.images))
    for side in (eager_epoch, tersenet_epoch):  # a warm-up that is not counted
        side(split.take(torch.arange(min(1_000, len(split)))))
    theirs, ours = [], []
    for _ in range(arguments.repeats):
        theirs.append(eager_epoch(split))
        ours.append(tersenet_epoch(split))
        print(f"eager baseline {theirs[-1]:6.1f} s   Tersenet {ours[-1]:6.1f} s   ratio {theirs[-1] / ours[-1]:.2f}")
    ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
    print(
        f"median of {arguments.repeats}, {len(split):,} images, {torch.get_num_threads()} threads: "
        f"{statistics.median(theirs):.1f} s against {statistics.median(ours):.1f} s, {ratio:.2f} times as fast"
    )
    if ratio < WANTED:
        raise SystemExit(f"less than {WANTED} times")


if __name__ == "__main__":
    main()
