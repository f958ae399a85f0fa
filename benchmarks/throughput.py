"""Claim: one epoch of `optimized-18594` with augmentation A is at least 1.3 times as fast as in the write-ups' way.

    python benchmarks/throughput.py                # three epochs a side, in turn; needs MNIST (TERSENET_DATA)
    python benchmarks/throughput.py --images 6000  # a part of an epoch, for a quick look

The write-ups' way: a `DataLoader` with one worker, Pillow transforms picture by picture (crop, resize, rotate, to
tensor, normalise), the module as anybody would write it, eager float32, torch's default threads, a progress figure
read after each batch. Tersenet's way: `tersenet.training.train_one_epoch` on batches augmented as a whole, float32,
default threads. Measuring on test images is left out on both sides.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Dataset

from tersenet.data import Split, load_data
from tersenet.data.augment import DEVIATION, MEAN, POLICY_A
from tersenet.networks import build
from tersenet.networks.zoo import NETWORKS
from tersenet.training import TrainingBatches, train_one_epoch

BATCH = 64
WANTED = 1.3


class PillowDigits(Dataset[tuple[Tensor, int]]):
    """Digits with augmentation A as torchvision's transforms do it, one picture at a time."""

    def __init__(self, split: Split) -> None:
        self.images, self.labels = split.images.numpy(), split.labels.tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index])
        if torch.rand(1) < 0.1:
            picture = picture.crop((3, 3, 25, 25))
        if picture.size != (28, 28):
            picture = picture.resize((28, 28), Image.Resampling.BILINEAR)
        angle = float(torch.empty(1).uniform_(-15.0, 15.0))
        picture = picture.rotate(angle, Image.Resampling.NEAREST, fillcolor=0)
        tensor = torch.from_numpy(np.array(picture, copy=True)).unsqueeze(0).float().div(255)
        return (tensor - MEAN) / DEVIATION, self.labels[index]


class OptimizedNet(nn.Module):
    """The write-up's network in plain torch, layer by layer."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for given, made, padding, pooled in (
            (1, 8, 1, False),
            (8, 8, 1, True),
            (8, 16, 1, False),
            (16, 16, 1, False),
            (16, 32, 0, True),
            (32, 32, 0, False),
        ):
            layers += [
                nn.Conv2d(given, made, 3, padding=padding),
                nn.ReLU(),
                nn.BatchNorm2d(made),
                nn.Dropout2d(0.05),
            ]
            layers += [nn.Dropout2d(0.05)] + [nn.MaxPool2d(2, 2)] * pooled
        self.layers = nn.Sequential(*layers, nn.Conv2d(32, 10, 1), nn.AdaptiveAvgPool2d(1))

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities `[N, 10]`."""
        return F.log_softmax(self.layers(x).view(-1, 10), dim=-1)


def write_ups_epoch(split: Split) -> float:
    """Seconds of one epoch in the write-ups' way."""
    torch.manual_seed(0)
    model = OptimizedNet()
    assert sum(weights.numel() for weights in model.parameters()) == 18_594
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loader = DataLoader(PillowDigits(split), batch_size=BATCH, shuffle=True, num_workers=1)
    start = time.perf_counter()
    model.train()
    correct = 0
    for images, labels in loader:
        optimizer.zero_grad()
        output = model(images)
        loss = F.nll_loss(output, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        correct += int(output.argmax(dim=1).eq(labels).sum().item())
    return time.perf_counter() - start


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
    for side in (write_ups_epoch, tersenet_epoch):  # a warm-up that is not counted
        side(split.take(torch.arange(min(1_000, len(split)))))
    theirs, ours = [], []
    for _ in range(arguments.repeats):
        theirs.append(write_ups_epoch(split))
        ours.append(tersenet_epoch(split))
        print(f"write-ups' way {theirs[-1]:6.1f} s   Tersenet {ours[-1]:6.1f} s   ratio {theirs[-1] / ours[-1]:.2f}")
    ratio = statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
    print(
        f"median of {arguments.repeats}, {len(split):,} images, {torch.get_num_threads()} threads: "
        f"{statistics.median(theirs):.1f} s against {statistics.median(ours):.1f} s, {ratio:.2f} times as fast"
    )
    if ratio < WANTED:
        raise SystemExit(f"less than {WANTED} times")


if __name__ == "__main__":
    main()
