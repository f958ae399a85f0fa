"""Batches of a split held in memory: shuffled, augmented and normalised a whole batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tersenet._errors import check_setting
from tersenet.data import Augmentation, BatchTransform, Split, affine_maps, augment, mix, transformed
from tersenet.engine import check_engine, library, warp_and_normalize

Batch = tuple[Tensor, Tensor]

TOGETHER = 1024  # pictures augmented at a time

# What a stream of random numbers is for; part of its seed, so that no two streams are alike.
SHUFFLE, AUGMENT, DROPOUT, HOLD_OUT, MIX, TRANSFORM = range(6)


def derived_seed(*parts: int) -> int:
    """One 63-bit seed out of several whole numbers, well mixed (numpy's SeedSequence).

    >>> derived_seed(0, 1) != derived_seed(1, 0)
    True
    """
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator_for(*parts: int) -> torch.Generator:
    """A generator whose numbers are a function of `parts`, on the CPU whatever the device."""
    return torch.Generator().manual_seed(derived_seed(*parts))


class TrainingBatches:
    """The training batches of one epoch: images float32 `[B, C, H, W]`, normalised, and labels int64 `[B]`.

    The order is a function of seed and epoch, the augmentation of seed, epoch and batch; neither depends on the
    device. A last batch of a single picture is left out, since batch normalisation has nothing to normalise with.
    With `workers` above 0, that many threads of the compiled engine move the pictures, where it is available and
    knows the augmentation. `transform` changes whole batches after the augmentation (`transformed` says how); its
    random numbers too are a function of seed, epoch and batch. With mixup the labels are shares of `classes`
    (default: those of the labels), float32 `[B, K]`.

    >>> split = Split(images=torch.zeros(10, 28, 28, dtype=torch.uint8), labels=torch.arange(10))
    >>> [len(labels) for images, labels in TrainingBatches(split, batch_size=4).epoch(1)]
    [4, 4, 2]
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
        device: torch.device | str = "cpu",
        workers: int = 0,
        transform: BatchTransform | None = None,
        classes: int | None = None,
    ) -> None:
        check_setting(batch_size >= 1, "batch_size", batch_size, "one or more")
        if workers != 0:
            check_engine(workers=workers)
        self.form = split.form
        self.images = split.images.to(device)
        self.labels = split.labels.to(device)
        self.batch_size = batch_size
        self.augmentation = augmentation or Augmentation()
        self.transform = transform
        self.seed = seed
        self.classes = classes or (int(self.labels.max()) + 1 if len(self.labels) else 0)
        self.workers = workers if self.images.device.type == "cpu" and workers and library() else 0

    def __len__(self) -> int:
        full, rest = divmod(len(self.labels), self.batch_size)
        return full + (rest > 1 or (rest == 1 and full == 0))

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of epoch `epoch`, counted from 1."""
        order = torch.randperm(len(self.labels), generator=generator_for(self.seed, SHUFFLE, epoch))
        generator = generator_for(self.seed, AUGMENT, epoch)
        # Several batches are made at once: their pictures stay in the cache, and no call is made for a few of them.
        together = max(1, TOGETHER // self.batch_size)
        for first in range(0, len(self), together):
            batches = range(first, min(first + together, len(self)))
            chosen = order[first * self.batch_size : batches.stop * self.batch_size].to(self.images.device)
            images = self._made(chosen, generator, derived_seed(self.seed, TRANSFORM, epoch, first))
            labels = self.labels[chosen]
            sizes = [self.batch_size] * (len(chosen) // self.batch_size)
            sizes += [len(chosen) - sum(sizes)] * (len(chosen) > sum(sizes))
            made = zip(torch.split(images, sizes), torch.split(labels, sizes), strict=True)
            if not self.augmentation.mixup:
                yield from made
                continue
            for number, batch in enumerate(made, start=first):
                yield self._mixed(*batch, derived_seed(self.seed, MIX, epoch, number))

    def _mixed(self, images: Tensor, labels: Tensor, seed: int) -> Batch:
        shares = F.one_hot(labels, self.classes).float()
        return mix(images, shares, alpha=self.augmentation.mixup, seed=seed)

    def _made(self, chosen: Tensor, generator: torch.Generator, seed: int) -> Tensor:
        """The chosen pictures, each changed in its own way: float32 `[N, C, H, W]`."""
        images_nchw = self.images[chosen]
        form = self.form
        plain = self.workers and self.transform is None
        maps = affine_maps(images_nchw, self.augmentation, generator) if plain else None
        if maps is None:
            changed = augment(images_nchw, self.augmentation, generator, beyond=form.beyond, fill=form.fill)
            if self.transform is not None:
                changed = transformed(changed, self.transform, seed=seed)
            return form.normalize(changed)
        return warp_and_normalize(
            images_nchw,
            maps,
            mean=self.form.mean,
            deviation=self.form.deviation,
            beyond=self.form.beyond,
            workers=self.workers,
        )


def smallest_batch(count: int, batch_size: int) -> int:
    """The number of pictures in the smallest of the training batches of `count` pictures.

    >>> smallest_batch(10, 4), smallest_batch(9, 4), smallest_batch(1, 4)
    (2, 4, 1)
    """
    full, rest = divmod(count, batch_size)
    return rest if rest > 1 or not full else batch_size


class EvaluationBatches:
    """The batches for evaluation: in order, not augmented, normalised as in training.

    Batches are large: without gradients, only memory limits them.
    """

    def __init__(self, split: Split, *, batch_size: int = 500, device: torch.device | str = "cpu") -> None:
        self.form = split.form
        self.images = split.images.to(device)
        self.labels = split.labels.to(device)
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.labels), self.batch_size):
            chosen = slice(start, start + self.batch_size)
            yield self.form.network_input(self.images[chosen]), self.labels[chosen]


def hold_out(split: Split, count: int, *, seed: int) -> tuple[Split, Split]:
    """Split training pictures into those to train on and `count` held-out ones, chosen by seed.

    >>> split = Split(images=torch.zeros(10, 28, 28, dtype=torch.uint8), labels=torch.arange(10))
    >>> learned, held_out = hold_out(split, 3, seed=0)
    >>> len(learned), len(held_out), len(set(learned.labels.tolist()) & set(held_out.labels.tolist()))
    (7, 3, 0)
    """
    order = torch.randperm(len(split), generator=generator_for(seed, HOLD_OUT))
    return split.take(order[count:].sort().values), split.take(order[:count].sort().values)
