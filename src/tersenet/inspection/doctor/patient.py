"""What the doctor looks at: copies of a network, a sample of its batches, one traced pass. Nothing is changed."""

from __future__ import annotations

import copy
import math
import random
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.utils.data import IterableDataset

from tersenet._errors import TersenetError
from tersenet.evaluation import own_precision, undisturbed as nothing_changed
from tersenet.inspection.doctor.trace import Criterion, Trace, trace
from tersenet.networks import Summary, copied_tensors, is_dropout, summarize

Batch = tuple[Tensor, Tensor]
Loader = Iterable[Batch]

PICTURES = (
    2048  # nearest neighbours tell shuffled labels from others with a few hundred; more make the figures steady
)
VALUES = 2**24  # numbers that a sample may hold: large pictures are sampled more sparsely
TRACED = 256  # pictures of the traced pass, fewer where the network is large
FEWEST = 8  # pictures of any pass
VALUES_OF_A_PASS = 7 * 2**22  # outputs of all layers, 112 MB; two of three are kept for the way back
PRODUCTS_OF_A_PASS = 2**32  # multiply-adds of one pass forward: a fraction of a second
PATIENCE = 5.0  # seconds that the end of a loader is waited for
BATCH_NORMS = nn.modules.batchnorm._BatchNorm


@dataclass(frozen=True, eq=False)
class Sample:
    """The first pictures that a loader gave: its batches, `images` `[N, …]` and `labels` `[N]` of all of them.

    `last_batch` is the size of the loader's last batch, None where its end was not reached.
    """

    batches: list[Batch]
    last_batch: int | None

    @cached_property
    def images(self) -> Tensor:
        return torch.cat([images for images, _ in self.batches])

    @cached_property
    def labels(self) -> Tensor:
        return torch.cat([labels for _, labels in self.batches])


@dataclass(frozen=True, eq=False)
class Patient:
    """A network, a sample of what it learns from and is measured on, and how it learns.

    `warm_up` says that its learning rate starts low and rises, as many schedules have it.
    """

    model: nn.Module
    criterion: Criterion
    train: Sample
    test: Sample | None = None
    test_loader: Loader | None = None
    optimizer: optim.Optimizer | None = None
    warm_up: bool = False

    @property
    def device(self) -> torch.device:
        """Where the network's weights are."""
        weights = next(self.model.parameters(), None)
        return torch.device("cpu") if weights is None else weights.device

    @cached_property
    def summary(self) -> Summary | TersenetError:
        """The network's layer table for the pictures that it is tested on, or why there is none."""
        images = self.test.images if self.test is not None else self.train.images
        model, _ = copied(self.model)
        try:
            return summarize(model, tuple(images.shape[1:]))
        except TersenetError as error:
            return error

    def room(self, most: int, *, values: int = VALUES_OF_A_PASS, products: int = PRODUCTS_OF_A_PASS) -> int:
        """How many pictures a pass takes: `most`, fewer where they make more values or products than fit."""
        if isinstance(self.summary, TersenetError):
            return most
        made = sum(math.prod(row.output_shape) for row in self.summary.layers)
        fitting = min(values // max(1, made), products // max(1, self.summary.known_macs))
        return max(FEWEST, min(most, fitting))

    @cached_property
    def traced_batch(self) -> Batch:
        """The pictures and labels of the traced pass, on the network's device."""
        count = self.room(TRACED)
        return self.taken(self.train.images[:count], self.train.labels[:count])

    def taken(self, images: Tensor, labels: Tensor) -> Batch:
        """A batch on the network's device, its pictures in the network's own precision."""
        return images.to(self.device, own_precision(self.model)), labels.to(self.device)

    @cached_property
    def trace(self) -> Trace:
        """One pass forward and backward of a copy: batch normalisation as in training, dropout layers at rest."""
        images, labels = self.traced_batch
        model, _ = copied(self.model)
        at_rest(model)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a softmax without `dim` is found by its rule
                found = trace(model, images, labels, self.criterion)
        except TersenetError:
            raise
        except Exception as error:
            raise TersenetError(
                "The network cannot learn from these batches.",
                got=f"{type(error).__name__}: {error}",
                expected=f"answers and a loss for pictures {list(images.shape)} and labels {list(labels.shape)}",
                hint=f"let the network take pictures of {'×'.join(map(str, images.shape[1:]))}, "
                "and the criterion the network's answers",
            ) from error
        return found

    @property
    def classes(self) -> int:
        """How many figures the network answers with."""
        return self.trace.logits.shape[1]


def copied(model: nn.Module, optimizer: optim.Optimizer | None = None) -> tuple[nn.Module, optim.Optimizer | None]:
    """A copy of a network without its hooks and gradients, and of the optimiser that moves it, over the copy."""
    memory = copied_tensors(model)
    try:
        twin, twin_optimizer = copy.deepcopy((model, optimizer), memory)
        for name, value in vars(optimizer).items() if optimizer is not None else ():
            # What some optimisers keep beside the state that torch's own copy knows of, such as L-BFGS.
            if not hasattr(twin_optimizer, name):
                setattr(twin_optimizer, name, copy.deepcopy(value, memory))
    except Exception as error:
        raise TersenetError(
            "The network cannot be copied, and the doctor works on copies only.",
            got=f"{type(error).__name__}: {error}",
            hint="pass the network as it was built, not scripted or compiled",
        ) from error
    for module in twin.modules():
        # Whoever listens to the caller's own network did not ask to hear of the copy.
        module._forward_hooks = OrderedDict()
        module._backward_hooks = OrderedDict()
    for weight in twin.parameters():
        weight.grad = None
    return twin, twin_optimizer


def at_rest(model: nn.Module) -> None:
    """Training mode with the dropout layers off; batch normalisation that was frozen on purpose stays so."""
    frozen = [m for m in model.modules() if model.training and not m.training and isinstance(m, BATCH_NORMS)]
    model.train()
    for module in model.modules():
        if is_dropout(module):
            module.eval()
    for module in frozen:
        module.eval()


@contextmanager
def undisturbed(model: nn.Module, loaders: Iterable[Any]) -> Iterator[None]:
    """Random numbers seeded for a while; afterwards the network, they and the loaders' generators are as before."""
    parts = [part for loader in loaders for part in (loader, *_samplers(loader))]
    found = (getattr(part, "generator", None) for part in parts)
    generators = {id(g): (g, g.get_state()) for g in found if isinstance(g, torch.Generator)}
    try:
        with nothing_changed(model), torch.inference_mode(False), torch.enable_grad():
            torch.manual_seed(0)
            random.seed(0)
            np.random.seed(0)  # noqa: NPY002 - what transforms may draw from
            yield
    finally:
        for generator, state in generators.values():
            generator.set_state(state)


def _samplers(loader: Any) -> list[Any]:
    batch_sampler = getattr(loader, "batch_sampler", None)
    return [getattr(loader, "sampler", None), batch_sampler, getattr(batch_sampler, "sampler", None)]


def sampled(loader: Loader, what: str) -> Sample:
    """The first pictures of a loader; raises TersenetError where it gives no batches of (images, labels)."""
    if isinstance(loader, Iterator):
        raise TersenetError(
            "These batches can be iterated only once.",
            got=f"{what}: {type(loader).__name__}",
            expected="batches that can be iterated again: a DataLoader, a list",
            hint="pass list(batches)",
        )
    batches: list[Batch] = []
    taken, last, ended = 0, 0, True
    until = time.monotonic() + PATIENCE
    wanted: float = PICTURES
    elsewhere = _last_batch(loader)
    for batch in loader:
        images, labels = _checked(batch, what)
        if not batches:
            wanted = max(TRACED, min(PICTURES, VALUES // max(1, images[0].numel())))
        last = len(labels)
        if taken < wanted:
            batches.append((images, labels))
            taken += last
        elif elsewhere is not None or time.monotonic() > until:
            ended = False
            break
    if taken < 2:
        raise TersenetError(
            "There are too few pictures.", got=f"{what}: {taken}", expected="batches with two or more"
        )
    return Sample(batches, elsewhere if elsewhere is not None else last if ended else None)


def _last_batch(loader: Any) -> int | None:
    """The size of the last batch where it is known without making the pictures; None otherwise."""
    batch_sampler = getattr(loader, "batch_sampler", None)
    if batch_sampler is not None and not isinstance(loader.dataset, IterableDataset):
        size = 0
        until = time.monotonic() + PATIENCE
        for indices in batch_sampler:
            size = len(indices)
            if time.monotonic() > until:
                return None
        return size
    if isinstance(loader, Sequence) and len(loader):
        return len(_checked(loader[-1], "the last batch")[1])
    return None


def _checked(batch: Any, what: str) -> Batch:
    fits = isinstance(batch, (tuple, list)) and len(batch) == 2 and all(isinstance(part, Tensor) for part in batch)
    if not fits or batch[0].ndim < 2 or batch[1].shape != batch[0].shape[:1]:
        shapes = [list(p.shape) if isinstance(p, Tensor) else type(p).__name__ for p in _parts(batch)]
        raise TersenetError(
            "A batch is not a pair of images and labels.",
            got=f"{what}: {type(batch).__name__} of {shapes}",
            expected="images [B, C, H, W] and whole-number labels [B]",
        )
    return batch[0], batch[1]


def _parts(batch: Any) -> list[Any]:
    return list(batch) if isinstance(batch, (tuple, list)) else [batch]
