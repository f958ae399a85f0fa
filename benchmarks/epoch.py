"""Claim: an epoch of each course network is at least twice as fast as in a plain eager float32 loop.

    python benchmarks/epoch.py                # medians of three rounds per network; needs MNIST, and about 6 minutes
    python benchmarks/epoch.py --part 0.05    # a twentieth of an epoch each, for a quick look
    python benchmarks/epoch.py --layers --part 0.05    # eight networks with every kind of layer and block
    python benchmarks/epoch.py --size 3x32x32 --part 0.05    # random pictures of another form: MNIST is not needed

Both sides train on tensors that are already in memory, with the same batch size (128) and the same augmentation, the
dropout of the course networks, SGD with Nesterov momentum. The plain loop: torch's own layers, eager float32, as many
threads as cores, augmentation in whole batches by Tersenet's torch code. Tersenet: what `tersenet train` does. They
take turns; a part of an epoch is timed, and the ratio is that of the medians. The ceiling is the speed of one large
matrix product on this machine, with all cores, in the precision that Tersenet trains in. The fraction counts six
operations per multiply-add of the forward pass (two forward, four backward).
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import optim

from _eager_baseline import AsWritten
from tersenet.data import Split, load_data
from tersenet.networks import NETWORKS, build, infer_shapes
from tersenet.runs import Settings, settle
from tersenet.training import Recipe, TrainingBatches, compiled_or_error, fused_step, make_optimizer, train_one_epoch

SEVEN = (
    "model1-4312", "model2-7524", "model3-7524", "gap-14320", "optimized-18594", "funnel-18937", "network-19972",
)  # fmt: skip
EVERY_LAYER = (
    "8C3 BN SiLU DW3 16C1 BN SiLU MP2 DW3 24C1 BN SiLU MP2 DW3 24C1 BN SiLU GAP 10Nb",
    "12C3p1 BN R MP2 [12C3p1 BN R 12C3p1 BN] R MP2 [12C3p1 BN R 12C3p1 BN] R GAP 10Nb",
    "12C3p1 GN4 GELU MP2 (12C3p1 GN4 GELU)*3 MP2 (12C3p1 LN GELU)x2 GAP 10Nb",
    "16C3 BN HS MP2 24C3g4 BN HS 24C3g4 BN HS MP2 24C3 BN HS GMP 10Nb",
    "8C3 BN T AP2 [8C1 & 8C3p1 & DW3p1] BN T MP3p1s2 16C3 BN T 10Nb",
    "8C3 BN PR MP2 [16C3p1 + 16C1 BN] PR MP2 16C3 BN PR 32Nb ELU 10Nb",
    "6C5b S AP2 16C5b S AP2 120Nb S 84Nb S 10Nb",
    "8C3 BN LR.1 16C3s2 BN LR.1 16C3d2 BN LR.1 D.05 24C3 BN LR.1 DD.05 GAP 10Nb",
)  # with which every kind of layer and block of the notation is timed
OTHER_SIZES = (
    "12C3 BN R 12C3 BN R MP2 16C3 BN R 16C3 BN R MP2 20C3 BN R GAP 10C1b",
    "16C3p1 BN R MP2 32C3p1 BN R MP2 32C3p1 BN R GAP 10C1b",
    "24C5s2 BN R 32C3 BN R 48C3 BN R MP2 48C3 BN R GAP 10C1b",
)  # which fit pictures of 32×32 and more; like the course's, they end in maps of one pixel
IMAGES = 60_000
WANTED, WANTED_OF_LAYERS = 2.0, 3.0
BATCH = 128


def notation_of(name: str) -> str:
    """The line of a named network; any other word is one."""
    return NETWORKS[name].notation if name in NETWORKS else name


def noise(size: tuple[int, int, int]) -> Split:
    """As many pictures as MNIST has, of random bytes."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (IMAGES, *size), dtype=torch.uint8, generator=generator)
    return Split(images=images, labels=torch.arange(IMAGES) % 10)


def plain_epoch(name: str, split: Split, threads: int) -> Callable[[], float]:
    """Seconds of the plain loop over a split."""
    torch.manual_seed(0)
    model = AsWritten(name, split.form.size).train()
    recipe = Recipe()
    optimizer = optim.SGD(
        model.parameters(), lr=0.01, momentum=recipe.momentum, nesterov=recipe.nesterov, weight_decay=5e-4
    )
    batches = TrainingBatches(split, batch_size=BATCH, augmentation=recipe.augmentation)

    def once() -> float:
        torch.set_num_threads(threads)
        start = time.perf_counter()
        for images, labels in batches.epoch(1):
            optimizer.zero_grad()
            F.nll_loss(model(images), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return time.perf_counter() - start

    return once


def tersenet_epoch(name: str, split: Split) -> tuple[Callable[[], float], Settings]:
    """Seconds of Tersenet's way over a split, and how it was settled."""
    torch.manual_seed(0)
    model = build(notation_of(name), split.form.size)
    recipe = Recipe(learning_rate=0.01)
    settings = settle(Settings(device="cpu"), model)
    fast = settings.engine == "compiled"
    network = compiled_or_error(model, settings.precision, settings.workers) if fast else None
    optimizer = make_optimizer(model, recipe)
    step = fused_step(network, optimizer, None, 0.0) if network else None
    workers = settings.workers if fast else 0
    batches = TrainingBatches(split, batch_size=BATCH, augmentation=recipe.augmentation, workers=workers)

    def once() -> float:
        torch.set_num_threads(1 if fast else settings.threads)
        start = time.perf_counter()
        train_one_epoch(
            network or model,
            batches.epoch(1),
            optimizer,
            precision="float32" if fast else settings.precision,
            step=step,
        )
        return time.perf_counter() - start

    return once, settings


def ceiling(precision: str, threads: int) -> float:
    """Operations a second of one large matrix product, in thousands of millions: the best of several."""
    torch.set_num_threads(threads)
    size = 2048
    matrix = torch.ones(size, size, dtype=torch.bfloat16 if precision == "bfloat16" else torch.float32)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


def main() -> None:
    """Time both sides of each network in turn; print medians, ratios and the fraction of the ceiling."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", type=float, default=0.2, help="part of an epoch that is timed")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--networks", nargs="+")
    parser.add_argument("--layers", action="store_true", help="networks of every kind of layer, not the course's")
    parser.add_argument("--size", default="", help="CxHxW: random pictures of this form in place of MNIST")
    arguments = parser.parse_args()
    data_dir = os.environ.get("TERSENET_DATA")
    if arguments.size:
        channels, height, width = map(int, arguments.size.split("x"))
        split = noise((channels, height, width))
    else:
        split = load_data("mnist", data_dir=Path(data_dir) if data_dir else None).train
    names = arguments.networks or (OTHER_SIZES if arguments.size else EVERY_LAYER if arguments.layers else SEVEN)
    whole = len(split)
    split = split.take(torch.arange(int(whole * arguments.part) // BATCH * BATCH))
    threads, ratios = torch.get_num_threads(), []
    ceilings: dict[str, float] = {}
    print(f"{'network':18} {'plain':>9} {'Tersenet':>9} {'ratio':>6}  {'of the ceiling':>14}")
    for name in names:
        plain = plain_epoch(name, split, threads)
        ours, settings = tersenet_epoch(name, split)
        plain(), ours()  # a warm-up that is not counted
        times = [(plain(), ours()) for _ in range(arguments.turns)]
        theirs_s, ours_s = (statistics.median(side) * whole / len(split) for side in zip(*times, strict=True))
        precision: str = settings.precision
        ceilings.setdefault(precision, ceiling(precision, threads))
        macs = sum(step.macs for step in infer_shapes(notation_of(name), split.form.size))
        fraction = 6 * macs * whole / ours_s / 1e9 / ceilings[precision]
        ratios.append(theirs_s / ours_s)
        print(f"{name[:18]:18} {theirs_s:7.1f} s {ours_s:7.1f} s {ratios[-1]:6.2f}  {fraction:13.0%}", flush=True)
    for kind, speed in ceilings.items():
        print(f"ceiling: {speed:.0f} thousand million operations a second in {kind}, {threads} threads")
    median = statistics.median(ratios)
    print(f"median ratio {median:.2f}, least {min(ratios):.2f} ({settings.description})")
    wanted = WANTED_OF_LAYERS if arguments.layers else WANTED
    if not arguments.size and (median < wanted or min(ratios) < 1):
        raise SystemExit(f"less than {wanted:g} times at the median, or slower than the plain loop")


if __name__ == "__main__":
    main()
