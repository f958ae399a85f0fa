"""Where the time of a training step goes, and what each way of making it gives. It claims nothing.

    python benchmarks/step.py              # about a minute
    python benchmarks/step.py --compile    # with torch.compile, which takes half a minute to begin

The network of `sprint`, batches of 128. Every time is the median of several turns; the ways take turns, so that a
machine that slows down slows all of them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from tersenet.data import Split
from tersenet.evaluation import evaluate
from tersenet.networks import NETWORKS, build
from tersenet.training import (
    EvaluationBatches,
    Recipe,
    TrainingBatches,
    WeightAverage,
    compiled_or_error,
    fused_step,
    make_optimizer,
    multiplying_in,
)

NET = NETWORKS["stem-17150"].notation
BATCH = 128


def eager(
    threads: int, precision: str, images: torch.Tensor, labels: torch.Tensor, *, compiled: bool = False
) -> Callable[[], None]:
    """A step layer by layer in torch: forward, backward, SGD, averaging."""
    model = build(NET).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer, average = make_optimizer(model, Recipe()), WeightAverage(model, decay=0.999)
    run = torch.compile(model) if compiled else model

    def step() -> None:
        torch.set_num_threads(threads)
        with multiplying_in(precision, "cpu"):
            logits = run(images)
        optimizer.zero_grad()
        F.cross_entropy(logits.float(), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        average.update()

    return step


def engine(
    workers: int, precision: str, images: torch.Tensor, labels: torch.Tensor, *, fused: bool
) -> Callable[[], None]:
    """A step in the compiled engine: the passes alone with torch's optimiser, or all of it fused."""
    model = build(NET)
    optimizer, average = make_optimizer(model, Recipe()), WeightAverage(model, decay=0.999)
    network = compiled_or_error(model, precision, workers)
    whole = fused_step(network, optimizer, average, 0.0)
    assert whole is not None

    def step() -> None:
        torch.set_num_threads(1)
        if fused:
            whole(images, labels)
            return
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        average.update()

    return step


def main() -> None:
    """Time all ways in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    cores = torch.get_num_threads()
    images, labels = torch.randn(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
    ways: dict[str, Callable[[], object]] = {}
    for threads in sorted({1, cores}):
        for precision in ("float32", "bfloat16"):
            ways[f"torch, {threads} thread(s), {precision}"] = eager(threads, precision, images, labels)
    if arguments.compile:
        ways["torch.compile, 1 thread, bfloat16"] = eager(1, "bfloat16", images, labels, compiled=True)
    for workers in sorted({1, cores}):
        for precision in ("float32", "bfloat16"):
            ways[f"engine, {workers} worker(s), {precision}"] = engine(
                workers, precision, images, labels, fused=False
            )
    ways[f"engine, {cores} worker(s), bfloat16, fused"] = engine(cores, "bfloat16", images, labels, fused=True)

    some = Split(images=torch.randint(0, 256, (1024, 28, 28), dtype=torch.uint8), labels=torch.zeros(1024).long())
    policy = Recipe().augmentation
    for workers in (0, 1, cores):
        batches = TrainingBatches(some, batch_size=BATCH, augmentation=policy, workers=workers)
        where = f"engine, {workers} worker(s)" if workers else "torch, 1 thread"
        ways[f"augmentation of 1,024 pictures: {where}"] = lambda batches=batches: list(batches.epoch(1))  # type: ignore[misc]
    judged, model = EvaluationBatches(some), build(NET)
    ordered = build(NET).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ways["measuring 1,024 pictures: torch, 1 thread"] = lambda: evaluate(ordered, judged)
    ways[f"measuring 1,024 pictures: engine, {cores} worker(s)"] = lambda: evaluate(model, judged, workers=cores)

    times: dict[str, list[float]] = {name: [] for name in ways}
    for name, way in ways.items():
        begun = time.perf_counter()
        way()
        if "compile" in name:
            print(f"{name}: {time.perf_counter() - begun:.1f} s to begin")
    for _ in range(arguments.turns):
        for name, way in ways.items():
            way()
            begun = time.perf_counter()
            for _ in range(10):
                way()
            times[name].append((time.perf_counter() - begun) / 10)
    for name, seconds in times.items():
        print(f"{name:50} {1000 * statistics.median(seconds):7.2f} ms")


if __name__ == "__main__":
    main()
