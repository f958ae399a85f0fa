"""Claim: policy A, composed or exact, is at least five times as fast as per-image Pillow transforms.

    python benchmarks/augment.py [--data-dir DIR] [--rounds 5] [--images 60000]

One process, one thread, one run. In every round each method augments and normalises all the pictures. The eager
baseline is a Python loop over the pictures: Pillow's crop, resize and rotate as torchvision calls them, then
`ToTensor`, `Normalize`, stacked to batches of 128. torchvision's own layers and the worker process are left out,
which favours it. The other methods are `tersenet.data.augment` in batches of 128 and on the whole set. Printed: the
median over the rounds in seconds of processor time (which, on a busy machine, is fairer than elapsed time), pictures
per second, and the speed-up over the eager baseline. Exit status 1 if the claim does not hold.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from tersenet.data import MNIST_FORM, POLICY_A, Augmentation, augment, load_data

CLAIM = 5.0
BATCH = 128

POLICIES = {
    "policy A, composed": POLICY_A,
    "policy A, exact": Augmentation(crop_probability=0.1, rotation=15, exact=True),
    "affine (rotation, scale, shift, shear)": Augmentation(rotation=10, scale=0.1, shift=0.08, shear=0.1),
    "affine and elastic": Augmentation(rotation=10, scale=0.1, shift=0.08, shear=0.1, elastic=2),
}


def one_by_one(pictures: np.ndarray) -> None:
    """RandomApply(CenterCrop(22), 0.1), Resize(28), RandomRotation(15), ToTensor, Normalize, a picture at a time."""
    for first in range(0, len(pictures), BATCH):
        batch = []
        for picture in pictures[first : first + BATCH]:
            image = Image.fromarray(picture)
            if random.random() < 0.1:
                image = image.crop((3, 3, 25, 25))
            image = image.resize((28, 28), Image.Resampling.BILINEAR)
            image = image.rotate(random.uniform(-15.0, 15.0), Image.Resampling.NEAREST, fillcolor=0)
            tensor = torch.from_numpy(np.array(image, np.uint8)).view(1, 28, 28).to(torch.float32).div(255)
            batch.append(tensor.sub_(MNIST_FORM.mean[0]).div_(MNIST_FORM.deviation[0]))
        torch.stack(batch)


def in_batches(pictures: Tensor, policy: Augmentation, batch: int) -> Callable[[], None]:
    def go() -> None:
        generator = torch.Generator().manual_seed(0)
        for part in torch.split(pictures, batch):
            MNIST_FORM.normalize(augment(part, policy, generator))

    return go


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=60_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset = load_data("auto", data_dir=options.data_dir)
    pictures = dataset.train.images[: options.images]
    pictures_np = pictures.numpy()

    ways: dict[str, Callable[[], None]] = {"per-image Pillow": lambda: one_by_one(pictures_np)}
    for name, policy in POLICIES.items():
        ways[f"{name}, batches of {BATCH}"] = in_batches(pictures, policy, BATCH)
    ways["policy A, composed, whole set at once"] = in_batches(pictures, POLICY_A, len(pictures))
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, go in ways.items():
            start = time.process_time()
            go()
            seconds[name].append(time.process_time() - start)

    print(f"{len(pictures)} pictures of {dataset.name}, one thread, median of {options.rounds} rounds")
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    slow = medians["per-image Pillow"]
    for name, median in medians.items():
        print(f"{name:<56} {median:7.2f} s {len(pictures) / median:10,.0f} /s {slow / median:6.1f} ×")
    worst = min(slow / median for name, median in medians.items() if name.startswith("policy A"))
    print(f"claim: policy A at least {CLAIM:g} × as fast: {'holds' if worst >= CLAIM else 'missed'} ({worst:.1f} ×)")
    return 0 if worst >= CLAIM else 1


if __name__ == "__main__":
    sys.exit(main())
